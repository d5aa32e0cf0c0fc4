// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's thread: takes posted buffers, writes a message into each, and
 * completes it. One message at a time is written under the lock, so whoever
 * has the lock knows that none is under way.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/unaligned.h>

#include "rnic.h"

#define MESSAGE_MAGIC		0x4d53475959524546ULL
#define SEQUENCE_FACTOR		0x9e3779b97f4a7c15ULL
#define PLACE_FACTOR		0xbf58476d1ce4e5b9ULL
#define CHECKSUM_FACTOR		0x94d049bb133111ebULL
#define DESCRIPTOR_BYTES	16
#define COMPLETION_BYTES	32
#define GENERATION_OFFSET	28
#define MAILBOX_SLOTS		8192
#define MESSAGES_PER_SIGNAL	64
#define SHORT_WAIT_NS		NSEC_PER_MSEC
#define LONG_WAIT_NS		(100 * NSEC_PER_MSEC)
#define BURST_NS		(4 * NSEC_PER_MSEC)

enum rnic_sent {
	RNIC_SENT,
	RNIC_STALLED,
	RNIC_UNUSABLE,
	RNIC_INCONSISTENT,
};

void rnic_wake(struct rnic *dev)
{
	WRITE_ONCE(dev->woken, true);
	wake_up(&dev->wait);
}

/* Messages that were completed without a signal get theirs. */
void rnic_flush_interrupt(struct rnic *dev)
{
	if (dev->unsignalled)
		rnic_signal(dev);
	dev->unsignalled = 0;
}

void rnic_fail(struct rnic *dev, u32 faults)
{
	dev->core.faults |= faults;
	dev->unsignalled = 0;
	rnic_signal(dev);
}

/* Time that passes before the device begins brings nothing. */
void rnic_restart_pace(struct rnic *dev)
{
	dev->credit = 0;
	dev->credited_ns = ktime_get_ns();
}

/* 0 where a message is due, else how long until it is. */
static u64 rnic_due_in_ns(struct rnic *dev)
{
	u64 rate = dev->options[RNIC_RATE_BYTES];
	u64 bytes = dev->options[RNIC_MESSAGE_BYTES];
	u64 now, burst, gained, wait;

	if (!rate || dev->credit >= bytes)
		return 0;
	now = ktime_get_ns();
	burst = bytes + mul_u64_u64_div_u64(rate, BURST_NS, NSEC_PER_SEC);
	gained = mul_u64_u64_div_u64(rate, min_t(u64, now - dev->credited_ns,
						 NSEC_PER_SEC), NSEC_PER_SEC);
	if (gained) {
		dev->credit = min(burst, dev->credit + gained);
		dev->credited_ns = now;
	}
	if (dev->credit >= bytes)
		return 0;
	wait = mul_u64_u64_div_u64(bytes - dev->credit, NSEC_PER_SEC, rate);
	return clamp_t(u64, wait, SHORT_WAIT_NS, LONG_WAIT_NS);
}

static bool rnic_dma_read(struct rnic *dev, u64 iova, void *data, size_t bytes)
{
	return iova <= U64_MAX - (bytes - 1) &&
	       !vfio_dma_rw(&dev->vdev, iova, data, bytes, false);
}

/*
 * Logged after it was made: a report between the two is followed by one that
 * has it. Where it failed a part may have been written.
 */
static bool rnic_dma_write(struct rnic *dev, u64 iova, void *data, size_t bytes)
{
	bool done;

	if (iova > U64_MAX - (bytes - 1))
		return false;
	done = !vfio_dma_rw(&dev->vdev, iova, data, bytes, true);
	rnic_log_write(dev, iova, bytes);
	return done;
}

/* The covered words are an arithmetic series, so it needs none of them. */
static u64 rnic_checksum(u64 sequence, u32 payload_bytes, u32 stride)
{
	u64 count = DIV_ROUND_UP_ULL((u64)payload_bytes, stride);
	u64 pairs = count & 1 ? count * ((count - 1) / 2) :
				count / 2 * (count - 1);

	return count * sequence * SEQUENCE_FACTOR +
	       pairs * (stride / 8) * PLACE_FACTOR +
	       sequence * CHECKSUM_FACTOR;
}

static void rnic_make_message(struct rnic *dev, u64 sequence)
{
	u32 bytes = dev->options[RNIC_MESSAGE_BYTES];
	u32 words = (bytes - RNIC_HEADER_BYTES) / sizeof(u64);
	u64 word = sequence * SEQUENCE_FACTOR;
	u8 *message = dev->message;
	__le64 *payload = dev->message + RNIC_HEADER_BYTES;
	u32 i;

	memset(message, 0, RNIC_HEADER_BYTES);
	put_unaligned_le64(MESSAGE_MAGIC, message);
	put_unaligned_le64(sequence, message + 8);
	put_unaligned_le64(rnic_checksum(sequence, bytes - RNIC_HEADER_BYTES,
					 dev->core.stride), message + 16);
	put_unaligned_le32(bytes, message + 24);
	put_unaligned_le32(dev->core.stride, message + 28);
	for (i = 0; i < words; i++, word += PLACE_FACTOR)
		payload[i] = cpu_to_le64(word);
}

/* The generation makes an entry valid, so it is written last. */
static bool rnic_complete(struct rnic *dev, u64 sequence, u64 buffer, u32 cookie)
{
	struct rnic_core *core = &dev->core;
	u64 at = core->cq_base + (u64)(core->cq_tail & (core->cq_entries - 1)) *
		 COMPLETION_BYTES;
	u8 entry[COMPLETION_BYTES] = {};

	put_unaligned_le64(sequence, entry);
	put_unaligned_le64(buffer, entry + 8);
	put_unaligned_le32(dev->options[RNIC_MESSAGE_BYTES], entry + 16);
	put_unaligned_le32(cookie, entry + 20);
	put_unaligned_le32(core->cq_tail / core->cq_entries + 1,
			   entry + GENERATION_OFFSET);
	if (!rnic_dma_write(dev, at, entry, GENERATION_OFFSET))
		return false;
	smp_wmb(); /* The guest reads the fields after the generation. */
	return rnic_dma_write(dev, at + GENERATION_OFFSET,
			      entry + GENERATION_OFFSET, sizeof(u32));
}

static bool rnic_mail(struct rnic *dev, u64 sequence)
{
	__le64 mail = cpu_to_le64(sequence);

	return !dev->core.peer_base ||
	       rnic_dma_write(dev, dev->core.peer_base +
			      sequence % MAILBOX_SLOTS * sizeof(mail),
			      &mail, sizeof(mail));
}

static bool rnic_has_room(const struct rnic_core *core)
{
	return core->rx_head != core->rx_tail &&
	       core->cq_tail - core->cq_head < core->cq_entries;
}

static enum rnic_sent rnic_send(struct rnic *dev)
{
	struct rnic_core *core = &dev->core;
	u64 sequence = core->sent + 1;
	u8 descriptor[DESCRIPTOR_BYTES];
	u32 cookie;
	u64 buffer;

	rnic_poll_bells(dev);
	if (!rnic_core_usable(core))
		return RNIC_UNUSABLE;
	if (!rnic_has_room(core)) {
		if (dev->stalled_at != sequence) {
			dev->stalled_at = sequence;
			core->stalls++;
		}
		return RNIC_STALLED;
	}
	if (!rnic_dma_read(dev, core->rx_base +
			   (u64)(core->rx_head & (core->rx_entries - 1)) *
			   DESCRIPTOR_BYTES, descriptor, sizeof(descriptor)))
		return RNIC_UNUSABLE;
	buffer = get_unaligned_le64(descriptor);
	cookie = get_unaligned_le32(descriptor + 12);
	if (get_unaligned_le32(descriptor + 8) <
	    dev->options[RNIC_MESSAGE_BYTES])
		return RNIC_UNUSABLE;

	rnic_make_message(dev, sequence);
	if (!rnic_dma_write(dev, buffer, dev->message,
			    dev->options[RNIC_MESSAGE_BYTES]))
		return RNIC_UNUSABLE;
	if (!rnic_carry(dev, sequence))
		return RNIC_INCONSISTENT;
	if (!rnic_mail(dev, sequence) ||
	    !rnic_complete(dev, sequence, buffer, cookie))
		return RNIC_UNUSABLE;
	core->rx_head++;
	core->cq_tail++;
	core->sent = sequence;
	return RNIC_SENT;
}

static bool rnic_stopped(struct rnic *dev)
{
	return dev->state == VFIO_DEVICE_STATE_STOP ||
	       dev->state == VFIO_DEVICE_STATE_STOP_COPY;
}

/*
 * In the P2P states other devices must not be reached, and each message has a
 * number to leave with the peer, if there is one.
 */
static bool rnic_may_send(struct rnic *dev)
{
	if (!dev->core.enabled || dev->core.faults)
		return false;
	switch (dev->state) {
	case VFIO_DEVICE_STATE_RUNNING:
	case VFIO_DEVICE_STATE_PRE_COPY:
		return true;
	case VFIO_DEVICE_STATE_RUNNING_P2P:
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return !dev->core.peer_base;
	default:
		return rnic_stopped(dev) && dev->defect == RNIC_STOP_WRITES;
	}
}

/* What a device of such a defect does, as long as it is in that state. */
static bool rnic_misbehave(struct rnic *dev)
{
	bool p2p = dev->state == VFIO_DEVICE_STATE_RUNNING_P2P ||
		   dev->state == VFIO_DEVICE_STATE_PRE_COPY_P2P;

	if (dev->defect == RNIC_STOP_SIGNALS && rnic_stopped(dev)) {
		rnic_signal(dev);
		return true;
	}
	return dev->defect == RNIC_P2P_WRITES && p2p && dev->core.enabled &&
	       dev->core.peer_base &&
	       rnic_mail(dev, dev->core.sent + ++dev->strays);
}

/* Does what is due, at most one message; says how long it may be left alone. */
static u64 rnic_step(struct rnic *dev)
{
	u64 wait_ns;

	if (rnic_misbehave(dev))
		return SHORT_WAIT_NS;
	if (!rnic_may_send(dev))
		return LONG_WAIT_NS;
	wait_ns = rnic_due_in_ns(dev);
	if (!wait_ns) {
		switch (rnic_send(dev)) {
		case RNIC_SENT:
			if (dev->options[RNIC_RATE_BYTES])
				dev->credit -= dev->options[RNIC_MESSAGE_BYTES];
			if (++dev->unsignalled == MESSAGES_PER_SIGNAL)
				rnic_flush_interrupt(dev);
			return 0;
		case RNIC_STALLED:
			wait_ns = SHORT_WAIT_NS;
			break;
		case RNIC_UNUSABLE:
			rnic_fail(dev, RNIC_FAULT_UNUSABLE);
			return LONG_WAIT_NS;
		case RNIC_INCONSISTENT:
			rnic_fail(dev, RNIC_FAULTS);
			return LONG_WAIT_NS;
		}
	}
	rnic_flush_interrupt(dev);
	return wait_ns;
}

int rnic_work(void *data)
{
	struct rnic *dev = data;

	while (!kthread_should_stop()) {
		u64 wait_ns;

		mutex_lock(&dev->lock);
		WRITE_ONCE(dev->woken, false);
		wait_ns = rnic_step(dev);
		mutex_unlock(&dev->lock);
		if (wait_ns)
			wait_event_interruptible_hrtimeout(dev->wait,
				READ_ONCE(dev->woken) || kthread_should_stop(),
				ns_to_ktime(wait_ns));
		else
			cond_resched();
	}
	return 0;
}
