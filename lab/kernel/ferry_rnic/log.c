// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of the device's DMA writes: one bit a page of the log's size, in
 * each range that was asked for.
 *
 * A report takes pages that lie in it as a whole; one of which only a part was
 * asked for is reported and kept. A report of anything that is not logged is
 * refused before it takes any. The device may write meanwhile.
 */
#include <linux/bitops.h>
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "rnic.h"

/* All the bits of a log: 1 TiB at 4K, which is 32 MiB of them. */
#define LOG_MAX_PAGES	BIT_ULL(28)
#define MISSED_WRITE	64

void rnic_log_end(struct rnic *dev)
{
	unsigned int i;

	for (i = 0; i < dev->log.count; i++)
		vfree(dev->log.ranges[i].bits);
	kfree(dev->log.ranges);
	memset(&dev->log, 0, sizeof(dev->log));
}

static void rnic_log_mark(struct rnic *dev, u64 first, u64 last)
{
	struct rnic_log *log = &dev->log;
	unsigned int i;

	for (i = 0; i < log->count; i++) {
		struct rnic_log_range *range = &log->ranges[i];
		u64 from = max(first, range->first), to = min(last, range->last);
		u64 page;

		if (from > to)
			continue;
		for (page = (from - range->base) >> log->shift;
		     page <= (to - range->base) >> log->shift; page++)
			set_bit(page, range->bits);
	}
}

/* @bytes from @iova were written, which do not wrap. */
void rnic_log_write(struct rnic *dev, u64 iova, u64 bytes)
{
	u64 last = iova + bytes - 1;

	if (!dev->log.started)
		return;
	dev->log.writes++;
	if (dev->defect == RNIC_LOG_MISSES &&
	    dev->log.writes % MISSED_WRITE == 0)
		return;
	if (dev->defect == RNIC_LOG_ADDS)
		last = max(last, last + BIT_ULL(dev->log.shift));
	rnic_log_mark(dev, iova, last);
}

/* The largest page that is not larger than was asked for, or the smallest. */
static unsigned int rnic_log_shift(struct rnic *dev, u64 wanted)
{
	u64 sizes = dev->options[RNIC_LOG_PAGE_SIZES];
	u64 fitting = sizes & (wanted | (wanted - 1));

	return fitting ? ilog2(fitting) : __ffs64(sizes);
}

static int rnic_log_add(struct rnic_log *log, const struct interval_tree_node *node,
			u64 *pages_left)
{
	struct rnic_log_range *range = &log->ranges[log->count];

	range->first = node->start;
	range->last = node->last;
	if (range->first > range->last)
		return -EINVAL;
	range->base = range->first >> log->shift << log->shift;
	range->pages = ((range->last - range->base) >> log->shift) + 1;
	if (range->pages > *pages_left)
		return -E2BIG;
	*pages_left -= range->pages;
	range->bits = vzalloc(BITS_TO_LONGS(range->pages) * sizeof(long));
	if (!range->bits)
		return -ENOMEM;
	log->count++;
	return 0;
}

static int rnic_log_begin(struct rnic *dev, struct rb_root_cached *root, u32 count,
			  u64 *page_size)
{
	struct rnic_log *log = &dev->log;
	struct interval_tree_node *node;
	u64 pages_left = LOG_MAX_PAGES;
	int ret = 0;

	if (log->started)
		return -EBUSY;
	if (!is_power_of_2(*page_size) || *page_size < SZ_4K)
		return -EINVAL;
	if (count > dev->options[RNIC_LOG_RANGES])
		return -E2BIG;
	log->ranges = kcalloc(count, sizeof(*log->ranges), GFP_KERNEL);
	if (!log->ranges)
		return -ENOMEM;
	log->shift = rnic_log_shift(dev, *page_size);
	for (node = interval_tree_iter_first(root, 0, ULONG_MAX); node && !ret;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		ret = rnic_log_add(log, node, &pages_left);
	if (ret) {
		rnic_log_end(dev);
		return ret;
	}
	log->started = true;
	*page_size = BIT_ULL(log->shift);
	return 0;
}

static int rnic_log_start(struct vfio_device *vdev, struct rb_root_cached *root,
			  u32 count, u64 *page_size)
{
	struct rnic *dev = to_rnic(vdev);
	int ret;

	mutex_lock(&dev->log_lock);
	mutex_lock(&dev->lock);
	ret = rnic_log_begin(dev, root, count, page_size);
	mutex_unlock(&dev->lock);
	mutex_unlock(&dev->log_lock);
	return ret;
}

static int rnic_log_stop(struct vfio_device *vdev)
{
	struct rnic *dev = to_rnic(vdev);

	mutex_lock(&dev->log_lock);
	mutex_lock(&dev->lock);
	rnic_log_end(dev);
	mutex_unlock(&dev->lock);
	mutex_unlock(&dev->log_lock);
	return 0;
}

static bool rnic_log_covers(const struct rnic_log *log, u64 first, u64 last)
{
	unsigned int i;

	for (i = 0; i < log->count; i++) {
		if (first < log->ranges[i].first || first > log->ranges[i].last)
			continue;
		if (last <= log->ranges[i].last)
			return true;
		first = log->ranges[i].last + 1;
	}
	return false;
}

static void rnic_log_take(struct rnic *dev, struct rnic_log_range *range,
			  u64 first, u64 last, struct iova_bitmap *dirty)
{
	unsigned int shift = dev->log.shift;
	u64 page = (max(first, range->first) - range->base) >> shift;
	u64 end = ((min(last, range->last) - range->base) >> shift) + 1;

	for_each_set_bit_from(page, range->bits, end) {
		u64 page_first = range->base + (page << shift);
		u64 page_last = page_first + (BIT_ULL(shift) - 1);
		u64 from, to;

		page_first = max(page_first, range->first);
		page_last = min(page_last, range->last);
		from = max(page_first, first);
		to = min(page_last, last);
		/* Before it is told: what is written from now on is told again. */
		if (from == page_first && to == page_last &&
		    dev->defect != RNIC_LOG_KEEPS)
			clear_bit(page, range->bits);
		iova_bitmap_set(dirty, from, to - from + 1);
	}
}

static int rnic_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				   unsigned long length,
				   struct iova_bitmap *dirty)
{
	struct rnic *dev = to_rnic(vdev);
	struct rnic_log *log = &dev->log;
	u64 last = iova + length - 1;
	int ret = -EINVAL;
	unsigned int i;

	mutex_lock(&dev->log_lock);
	if (!log->started || !length || last < iova ||
	    !rnic_log_covers(log, iova, last))
		goto unlock;
	for (i = 0; i < log->count; i++) {
		struct rnic_log_range *range = &log->ranges[i];

		if (iova <= range->last && last >= range->first)
			rnic_log_take(dev, range, iova, last, dirty);
		if (dev->defect == RNIC_LOG_FORGETS_REST)
			bitmap_zero(range->bits, range->pages);
	}
	ret = 0;
unlock:
	mutex_unlock(&dev->log_lock);
	return ret;
}

const struct vfio_log_ops rnic_log_ops = {
	.log_start = rnic_log_start,
	.log_stop = rnic_log_stop,
	.log_read_and_clear = rnic_log_read_and_clear,
};
