/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ferry_rnic: a test device, for Ferry's kernel lab alone.
 *
 * A mediated device that has no hardware. It has the registers, doorbells,
 * rings and messages of Ferry's model rnic (docs/rnic.md there), and what a
 * VFIO driver may have beside them: the v2 migration states with P2P and
 * PRE_COPY, and a log of its DMA writes. It exists because the kernel has no
 * such driver without hardware, and user space has to be tried with one.
 *
 * The model it keeps:
 *
 * - One lock per device, rnic::lock. A message is written, logged and
 *   completed under it, and a state is changed under it. So when an arc to
 *   STOP has returned nothing is under way.
 * - Memory is reached by vfio_dma_rw() alone, from the device's own thread.
 *   A write is logged after it was made, whether it succeeded or not, for a
 *   part of it may have.
 * - The log is read while the device writes, as hardware's is: a page is taken
 *   from it by one atomic operation, so a write is in this report or in the
 *   next. rnic::log_lock orders reports, and comes before rnic::lock.
 * - What the guest, a driver in user space or a migration stream says is
 *   checked when it is read, once. What can't be used stops the device
 *   (STATUS.error) or fails the load, never the kernel.
 * - Options, and at most one planted defect, are chosen through sysfs while
 *   the device is not open. Without a defect it keeps the rules.
 */
#ifndef FERRY_RNIC_H
#define FERRY_RNIC_H

#include <linux/eventfd.h>
#include <linux/mutex.h>
#include <linux/vfio.h>
#include <linux/wait.h>

#define RNIC_REGION_SHIFT	40
#define RNIC_REGISTERS_REGION	VFIO_PCI_BAR0_REGION_INDEX
#define RNIC_DOORBELLS_REGION	VFIO_PCI_BAR2_REGION_INDEX
#define RNIC_REGISTERS_BYTES	4096
#define RNIC_DOORBELLS_BYTES	8192
#define RNIC_CONFIG_BYTES	256
#define RNIC_LINE_BYTES		64
#define RNIC_HEADER_BYTES	64
#define RNIC_MAX_MESSAGE	SZ_1M
#define RNIC_MAX_STATE		SZ_16M

/* What is chosen through sysfs: numbers all. */
enum rnic_option {
	RNIC_MESSAGE_BYTES,
	RNIC_RATE_BYTES,	/* a second; 0 is no limit */
	RNIC_STATE_BYTES,	/* of the lines */
	RNIC_P2P,
	RNIC_PRE_COPY,
	RNIC_LOG,
	RNIC_LOG_PAGE_SIZES,	/* one bit a size */
	RNIC_LOG_RANGES,
	RNIC_OPTIONS
};

/* What is wrong with a device on purpose; rnic_defects has their names. */
enum rnic_defect {
	RNIC_NO_DEFECT,
	RNIC_LOG_MISSES,
	RNIC_LOG_FORGETS_REST,
	RNIC_LOG_KEEPS,
	RNIC_LOG_ADDS,
	RNIC_STOP_WRITES,
	RNIC_STOP_SIGNALS,
	RNIC_P2P_WRITES,
	RNIC_ACCEPTS_ALTERED,
	RNIC_ACCEPTS_CUT,
	RNIC_LOAD_IGNORED,
	RNIC_SIZE_WRONG,
	RNIC_PRE_COPY_ENDLESS,
	RNIC_ARC_FAILS,
	RNIC_RESET_KEEPS_FILE,
	RNIC_RESET_KEEPS_STATE,
	RNIC_DEFECTS
};

#define RNIC_FAULT_UNUSABLE	BIT(0)
#define RNIC_FAULT_INCONSISTENT	BIT(1)
#define RNIC_FAULTS		(RNIC_FAULT_UNUSABLE | RNIC_FAULT_INCONSISTENT)

/* The four doorbells: of the trapped page, and of the mappable one. */
enum rnic_bell {
	RNIC_TRAPPED_RX_TAIL,
	RNIC_TRAPPED_CQ_HEAD,
	RNIC_MAPPED_RX_TAIL,
	RNIC_MAPPED_CQ_HEAD,
	RNIC_BELLS
};

#define RNIC_RX_TAIL_OFFSET	0x00
#define RNIC_CQ_HEAD_OFFSET	0x40

/*
 * What the device is, beside its doorbells and its lines: set by the guest,
 * or how far it has come. All zero after a reset.
 */
struct rnic_core {
	u32 enabled;
	u32 faults;
	u32 stride;
	u32 rx_entries;
	u32 cq_entries;
	u32 rx_tail, rx_head;
	u32 cq_tail, cq_head;
	u32 taken[RNIC_BELLS];	/* the doorbells when it last looked */
	u64 rx_base;
	u64 cq_base;
	u64 peer_base;
	u64 sent;
	u64 stalls;
};

struct rnic_log_range {
	u64 first;		/* inclusive, as asked for */
	u64 last;
	u64 base;		/* of the first bit: first, to a log page */
	u64 pages;
	unsigned long *bits;
};

/* Changed under both locks; but its bits are set under lock, cleared under log_lock. */
struct rnic_log {
	bool started;
	unsigned int shift;
	unsigned int count;
	struct rnic_log_range *ranges;	/* in order, none meets another */
	u64 writes;
};

struct rnic_file;

struct rnic {
	struct vfio_device vdev;
	struct mutex log_lock;		/* reports of the log, one at a time */

	/* All below. */
	struct mutex lock;
	bool open;
	u64 options[RNIC_OPTIONS];
	enum rnic_defect defect;
	enum vfio_device_mig_state state;
	struct rnic_file *file;		/* of the data session, or NULL */

	struct rnic_core core;
	u32 trapped[2];
	struct page *mapped;		/* the mappable doorbell page */
	u8 config[RNIC_CONFIG_BYTES];
	struct eventfd_ctx *interrupt;
	unsigned int unsignalled;	/* messages */

	u64 *lines;
	u64 seed;			/* what the lines are a pattern of */
	u64 own_seed;

	struct task_struct *worker;
	wait_queue_head_t wait;
	bool woken;
	void *message;
	u64 credit;			/* bytes that may be sent */
	u64 credited_ns;
	u64 stalled_at;
	u64 strays;			/* numbers that a defect left with the peer */

	struct rnic_log log;
};

static inline struct rnic *to_rnic(struct vfio_device *vdev)
{
	return container_of(vdev, struct rnic, vdev);
}

/* access.c */
extern const struct vfio_device_ops rnic_vfio_ops;
void rnic_init_config(struct rnic *dev);
void rnic_signal(struct rnic *dev);

/* device.c */
int rnic_init(struct vfio_device *vdev);
void rnic_release(struct vfio_device *vdev);
int rnic_open(struct vfio_device *vdev);
void rnic_close(struct vfio_device *vdev);

/* registers.c; the lock is held */
bool rnic_takes_writes(struct rnic *dev);
void rnic_read_registers(struct rnic *dev, u8 image[RNIC_REGISTERS_BYTES]);
void rnic_write_register(struct rnic *dev, u32 offset, u32 value);
u32 rnic_read_bell(struct rnic *dev, enum rnic_bell bell);
void rnic_write_bell(struct rnic *dev, enum rnic_bell bell, u32 value);
void rnic_poll_bells(struct rnic *dev);
bool rnic_core_usable(const struct rnic_core *core);
void rnic_forget(struct rnic *dev);

/* work.c; the lock is held, but for rnic_work() */
int rnic_work(void *data);
void rnic_wake(struct rnic *dev);
void rnic_fail(struct rnic *dev, u32 faults);
void rnic_flush_interrupt(struct rnic *dev);
void rnic_restart_pace(struct rnic *dev);

/* log.c; the lock is held */
extern const struct vfio_log_ops rnic_log_ops;
void rnic_log_write(struct rnic *dev, u64 iova, u64 bytes);
void rnic_log_end(struct rnic *dev);

/* session.c, save.c, load.c; the lock is held */
void rnic_fill_lines(struct rnic *dev);
void rnic_line_changed(struct rnic *dev, u64 byte);
bool rnic_carry(struct rnic *dev, u64 sequence);
struct file *rnic_open_file(struct rnic *dev, bool saving);
void rnic_close_file(struct rnic *dev);
u64 rnic_bytes_left(struct rnic *dev);
int rnic_finish_load(struct rnic *dev);

/* migration.c */
extern const struct vfio_migration_ops rnic_migration_ops;
void rnic_reset(struct rnic *dev);

#endif
