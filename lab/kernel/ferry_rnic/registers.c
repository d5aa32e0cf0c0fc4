// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of region 0 and the doorbells of region 2.
 *
 * A register is a word of 4 bytes; a write of any other shape, to one that is
 * read-only, or to one that is set before enable while the device is enabled
 * is ignored. See docs/rnic.md of Ferry for what each means.
 */
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/unaligned.h>

#include "rnic.h"

#define RNIC_ID			0x43494e52
#define RNIC_VERSION		1
#define RNIC_MIN_ENTRIES	2
#define RNIC_MAX_ENTRIES	65536
#define RNIC_RX_ENTRY_BYTES	16
#define RNIC_CQ_ENTRY_BYTES	32
#define RNIC_MAILBOX_BYTES	65536

enum rnic_register {
	REG_ID = 0x00,
	REG_VERSION = 0x04,
	REG_MESSAGE_BYTES = 0x08,
	REG_STATUS = 0x0c,
	REG_CONTROL = 0x10,
	REG_STRIDE_BYTES = 0x14,
	REG_RX_BASE = 0x18,
	REG_RX_ENTRIES = 0x20,
	REG_CQ_BASE = 0x28,
	REG_CQ_ENTRIES = 0x30,
	REG_SENT_MESSAGES = 0x40,
	REG_SENT_BYTES = 0x48,
	REG_STALLS = 0x50,
	REG_PEER_BASE = 0x58,
};

#define CONTROL_ENABLE	BIT(0)
#define CONTROL_RESET	BIT(1)

/* What comes in RESUMING is overwritten by the state, and ERROR has none. */
bool rnic_takes_writes(struct rnic *dev)
{
	return dev->state != VFIO_DEVICE_STATE_RESUMING &&
	       dev->state != VFIO_DEVICE_STATE_ERROR;
}

void rnic_read_registers(struct rnic *dev, u8 image[RNIC_REGISTERS_BYTES])
{
	const struct rnic_core *core = &dev->core;
	u64 message_bytes = dev->options[RNIC_MESSAGE_BYTES];

	memset(image, 0, RNIC_REGISTERS_BYTES);
	put_unaligned_le32(RNIC_ID, image + REG_ID);
	put_unaligned_le32(RNIC_VERSION, image + REG_VERSION);
	put_unaligned_le32(message_bytes, image + REG_MESSAGE_BYTES);
	put_unaligned_le32(core->enabled | core->faults << 1,
			   image + REG_STATUS);
	put_unaligned_le32(core->enabled, image + REG_CONTROL);
	put_unaligned_le32(core->stride, image + REG_STRIDE_BYTES);
	put_unaligned_le64(core->rx_base, image + REG_RX_BASE);
	put_unaligned_le32(core->rx_entries, image + REG_RX_ENTRIES);
	put_unaligned_le64(core->cq_base, image + REG_CQ_BASE);
	put_unaligned_le32(core->cq_entries, image + REG_CQ_ENTRIES);
	put_unaligned_le64(core->sent, image + REG_SENT_MESSAGES);
	put_unaligned_le64(core->sent * message_bytes, image + REG_SENT_BYTES);
	put_unaligned_le64(core->stalls, image + REG_STALLS);
	put_unaligned_le64(core->peer_base, image + REG_PEER_BASE);
	/* LAST_MAIL stays 0: there is no mailbox. */
}

static bool rnic_ring_usable(u64 base, u32 entries, u32 entry_bytes)
{
	return IS_ALIGNED(base, 64) && is_power_of_2(entries) &&
	       entries >= RNIC_MIN_ENTRIES && entries <= RNIC_MAX_ENTRIES &&
	       base <= U64_MAX - ((u64)entries * entry_bytes - 1);
}

/* Whether the device can run with it. Whether rings are mapped, DMA tells. */
bool rnic_core_usable(const struct rnic_core *core)
{
	return core->stride >= 8 && core->stride % 8 == 0 &&
	       IS_ALIGNED(core->peer_base, 8) &&
	       core->peer_base <= U64_MAX - RNIC_MAILBOX_BYTES &&
	       rnic_ring_usable(core->rx_base, core->rx_entries,
				RNIC_RX_ENTRY_BYTES) &&
	       rnic_ring_usable(core->cq_base, core->cq_entries,
				RNIC_CQ_ENTRY_BYTES) &&
	       core->rx_tail - core->rx_head <= core->rx_entries &&
	       core->cq_tail - core->cq_head <= core->cq_entries;
}

/* As the guest's own reset does: no register, index, doorbell or counter. */
void rnic_forget(struct rnic *dev)
{
	memset(&dev->core, 0, sizeof(dev->core));
	memset(dev->trapped, 0, sizeof(dev->trapped));
	clear_highpage(dev->mapped);
	dev->unsignalled = 0;
	dev->stalled_at = 0;
	rnic_fill_lines(dev);
}

static void rnic_control(struct rnic *dev, u32 value)
{
	struct rnic_core *core = &dev->core;
	bool enable = (value & (CONTROL_ENABLE | CONTROL_RESET)) ==
		      CONTROL_ENABLE;

	rnic_flush_interrupt(dev);
	if (value & CONTROL_RESET)
		rnic_forget(dev);
	if (enable && !core->enabled) {
		rnic_restart_pace(dev);
		if (!rnic_core_usable(core))
			rnic_fail(dev, RNIC_FAULT_UNUSABLE);
	}
	core->enabled = enable && !core->faults;
	rnic_wake(dev);
}

static u64 with_half(u64 whole, bool high, u32 half)
{
	return high ? (u32)whole | (u64)half << 32 :
		      (whole & ~(u64)U32_MAX) | half;
}

void rnic_write_register(struct rnic *dev, u32 offset, u32 value)
{
	struct rnic_core *core = &dev->core;

	if (offset == REG_CONTROL) {
		rnic_control(dev, value);
		return;
	}
	if (core->enabled)
		return;
	switch (offset) {
	case REG_STRIDE_BYTES:
		core->stride = value;
		break;
	case REG_RX_BASE:
	case REG_RX_BASE + 4:
		core->rx_base = with_half(core->rx_base, offset & 4, value);
		break;
	case REG_RX_ENTRIES:
		core->rx_entries = value;
		break;
	case REG_CQ_BASE:
	case REG_CQ_BASE + 4:
		core->cq_base = with_half(core->cq_base, offset & 4, value);
		break;
	case REG_CQ_ENTRIES:
		core->cq_entries = value;
		break;
	case REG_PEER_BASE:
	case REG_PEER_BASE + 4:
		core->peer_base = with_half(core->peer_base, offset & 4, value);
		break;
	}
}

static u32 *rnic_mapped_bell(struct rnic *dev, enum rnic_bell bell)
{
	return page_address(dev->mapped) + (bell == RNIC_MAPPED_RX_TAIL ?
		RNIC_RX_TAIL_OFFSET : RNIC_CQ_HEAD_OFFSET);
}

u32 rnic_read_bell(struct rnic *dev, enum rnic_bell bell)
{
	/* The guest writes its page when it likes. */
	return bell < RNIC_MAPPED_RX_TAIL ? dev->trapped[bell] :
	       READ_ONCE(*rnic_mapped_bell(dev, bell));
}

void rnic_write_bell(struct rnic *dev, enum rnic_bell bell, u32 value)
{
	if (bell < RNIC_MAPPED_RX_TAIL)
		dev->trapped[bell] = value;
	else
		WRITE_ONCE(*rnic_mapped_bell(dev, bell), value);
}

/*
 * Moves the indices on to what the guest said since the last look. A page
 * whose value did not change says nothing, so the one that is left alone may
 * keep an old value for ever.
 */
void rnic_poll_bells(struct rnic *dev)
{
	struct rnic_core *core = &dev->core;
	int i;

	for (i = 0; i < RNIC_BELLS; i++) {
		u32 *index = i % 2 ? &core->cq_head : &core->rx_tail;
		u32 now = rnic_read_bell(dev, i);

		if (now != core->taken[i] && (s32)(now - *index) > 0)
			*index = now;
		core->taken[i] = now;
	}
}
