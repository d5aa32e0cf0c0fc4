// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data session that gives the device's state: first the header, then each
 * piece of the lines once, then those that changed since, and when the device
 * has stopped the core. stream.h has the format.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "stream.h"

static u32 rnic_piece_bytes(struct rnic *dev, unsigned int piece)
{
	return min_t(u32, rnic_state_bytes(dev) - piece * PIECE_BYTES,
		     PIECE_BYTES);
}

static unsigned int rnic_pieces(struct rnic *dev)
{
	return DIV_ROUND_UP(rnic_state_bytes(dev), PIECE_BYTES);
}

/* Of records for the pieces in @map. */
static u64 rnic_map_bytes(struct rnic *dev, const unsigned long *map)
{
	unsigned int piece;
	u64 bytes = 0;

	for_each_set_bit(piece, map, rnic_pieces(dev))
		bytes += RECORD_BYTES + rnic_piece_bytes(dev, piece);
	return bytes;
}

static u64 rnic_initial_bytes(struct rnic_file *f)
{
	return (f->header_given ? 0 : HEADER_BYTES) +
	       (f->initial ? f->bytes - f->position : 0) +
	       rnic_map_bytes(f->dev, f->unsent);
}

static u64 rnic_changed_bytes(struct rnic_file *f)
{
	return (f->initial ? 0 : f->bytes - f->position) +
	       rnic_map_bytes(f->dev, f->changed);
}

/* What would be read until the end, if the device stopped now. */
u64 rnic_bytes_left(struct rnic *dev)
{
	struct rnic_file *f = dev->file;
	u64 bytes;

	if (!f || !f->saving)
		bytes = HEADER_BYTES + rnic_state_bytes(dev) +
			rnic_pieces(dev) * RECORD_BYTES + CORE_BYTES;
	else
		bytes = rnic_initial_bytes(f) + rnic_changed_bytes(f) +
			(f->core_given ? 0 : CORE_BYTES);
	return dev->defect == RNIC_SIZE_WRONG ? bytes * 16 + SZ_1M : bytes;
}

static void rnic_give_header(struct rnic_file *f)
{
	struct stream_header *header = (void *)f->buffer;

	memset(header, 0, sizeof(*header));
	header->magic = cpu_to_le64(STREAM_MAGIC);
	header->version = cpu_to_le32(STREAM_VERSION);
	header->message_bytes = cpu_to_le32(f->dev->options[RNIC_MESSAGE_BYTES]);
	header->state_bytes = cpu_to_le32(rnic_state_bytes(f->dev));
	f->crc = crc32_le(~0, f->buffer, offsetof(struct stream_header, crc));
	header->crc = cpu_to_le32(f->crc);
	f->bytes = HEADER_BYTES;
	f->header_given = true;
}

static void rnic_give_record(struct rnic_file *f, u32 kind, u32 offset,
			     const void *data, u32 bytes)
{
	struct stream_record *record = (void *)f->buffer;

	record->kind = cpu_to_le32(kind);
	record->offset = cpu_to_le32(offset);
	record->bytes = cpu_to_le32(bytes);
	memcpy(record->data, data, bytes);
	f->crc = record_crc(f->crc, record);
	record->crc = cpu_to_le32(f->crc);
	f->bytes = RECORD_BYTES + bytes;
}

static void rnic_give_core(struct rnic_file *f)
{
	struct rnic *dev = f->dev;
	const struct rnic_core *core = &dev->core;
	struct stream_core image = {
		.enabled = cpu_to_le32(core->enabled),
		.faults = cpu_to_le32(core->faults),
		.stride = cpu_to_le32(core->stride),
		.rx_entries = cpu_to_le32(core->rx_entries),
		.cq_entries = cpu_to_le32(core->cq_entries),
		.rx_tail = cpu_to_le32(core->rx_tail),
		.rx_head = cpu_to_le32(core->rx_head),
		.cq_tail = cpu_to_le32(core->cq_tail),
		.cq_head = cpu_to_le32(core->cq_head),
		.rx_base = cpu_to_le64(core->rx_base),
		.cq_base = cpu_to_le64(core->cq_base),
		.peer_base = cpu_to_le64(core->peer_base),
		.sent = cpu_to_le64(core->sent),
		.stalls = cpu_to_le64(core->stalls),
		.seed = cpu_to_le64(dev->seed),
	};
	int i;

	for (i = 0; i < RNIC_BELLS; i++) {
		image.bells[i] = cpu_to_le32(rnic_read_bell(dev, i));
		image.taken[i] = cpu_to_le32(core->taken[i]);
	}
	rnic_give_record(f, RECORD_CORE, 0, &image, sizeof(image));
	f->core_given = true;
}

static void rnic_give_lines(struct rnic_file *f, unsigned int piece, bool initial)
{
	struct rnic *dev = f->dev;

	__clear_bit(piece, initial ? f->unsent : f->changed);
	rnic_give_record(f, RECORD_LINES, piece * PIECE_BYTES,
			 (u8 *)dev->lines + piece * PIECE_BYTES,
			 rnic_piece_bytes(dev, piece));
	f->initial = initial;
	if (dev->defect == RNIC_PRE_COPY_ENDLESS &&
	    dev->state != VFIO_DEVICE_STATE_STOP_COPY)
		rnic_line_changed(dev, 0);
}

/* Puts the next record in the buffer; false where there is none now. */
static bool rnic_give_next(struct rnic_file *f)
{
	unsigned int pieces = rnic_pieces(f->dev);
	unsigned int unsent = find_first_bit(f->unsent, pieces);
	unsigned int changed = find_first_bit(f->changed, pieces);

	f->position = 0;
	f->bytes = 0;
	if (!f->header_given)
		rnic_give_header(f);
	else if (unsent < pieces)
		rnic_give_lines(f, unsent, true);
	else if (changed < pieces)
		rnic_give_lines(f, changed, false);
	else if (f->dev->state == VFIO_DEVICE_STATE_STOP_COPY && !f->core_given)
		rnic_give_core(f);
	return f->bytes > 0;
}

static ssize_t rnic_save_read(struct file *filp, char __user *data, size_t count,
			      loff_t *unused)
{
	struct rnic_file *f = filp->private_data;
	struct rnic *dev = f->dev;
	ssize_t done = 0;

	mutex_lock(&dev->lock);
	if (f->closed) {
		done = -ENODEV;
		goto unlock;
	}
	while (done < count) {
		size_t part;

		if (f->position == f->bytes && !rnic_give_next(f))
			break;
		part = min_t(size_t, count - done, f->bytes - f->position);
		if (copy_to_user(data + done, f->buffer + f->position, part)) {
			done = done ?: -EFAULT;
			break;
		}
		f->position += part;
		done += part;
	}
	/* The temporary end, in pre-copy, is told apart from the end. */
	if (!done && count && dev->state != VFIO_DEVICE_STATE_STOP_COPY)
		done = -ENOMSG;
unlock:
	mutex_unlock(&dev->lock);
	return done;
}

static long rnic_save_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct rnic_file *f = filp->private_data;
	struct rnic *dev = f->dev;
	size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info;
	int ret = 0;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (f->closed) {
		ret = -ENODEV;
	} else if (dev->state != VFIO_DEVICE_STATE_PRE_COPY &&
		   dev->state != VFIO_DEVICE_STATE_PRE_COPY_P2P) {
		ret = -EINVAL;
	} else {
		info.flags = 0;
		info.initial_bytes = rnic_initial_bytes(f);
		info.dirty_bytes = rnic_changed_bytes(f);
	}
	mutex_unlock(&dev->lock);
	if (!ret && copy_to_user((void __user *)arg, &info, minsz))
		ret = -EFAULT;
	return ret;
}

const struct file_operations rnic_save_fops = {
	.owner = THIS_MODULE,
	.read = rnic_save_read,
	.unlocked_ioctl = rnic_save_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = rnic_file_release,
};
