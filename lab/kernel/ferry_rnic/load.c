// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data session that takes a device's state, cut anywhere. Nothing of it is
 * trusted: a record is looked at when it is whole, its lengths before its
 * data, its data when its checksum was found right. stream.h has the format.
 */
#include <linux/uaccess.h>

#include "stream.h"

/* How many bytes the buffer needs before they can be looked at. */
static u32 rnic_load_wanted(struct rnic_file *f)
{
	const struct stream_record *record = (void *)f->buffer;

	switch (f->phase) {
	case LOAD_HEADER:
		return HEADER_BYTES;
	case LOAD_RECORD:
		return RECORD_BYTES;
	case LOAD_DATA:
		return RECORD_BYTES + le32_to_cpu(record->bytes);
	default:
		return 0;
	}
}

static bool rnic_crc_right(struct rnic_file *f, u32 crc, __le32 told)
{
	f->crc = f->dev->defect == RNIC_ACCEPTS_ALTERED ? le32_to_cpu(told) : crc;
	return f->crc == le32_to_cpu(told);
}

static bool rnic_take_header(struct rnic_file *f)
{
	const struct stream_header *header = (void *)f->buffer;
	u32 crc = crc32_le(~0, f->buffer, offsetof(struct stream_header, crc));

	f->phase = LOAD_RECORD;
	f->bytes = 0;
	return le64_to_cpu(header->magic) == STREAM_MAGIC &&
	       le32_to_cpu(header->version) == STREAM_VERSION &&
	       le32_to_cpu(header->message_bytes) ==
			f->dev->options[RNIC_MESSAGE_BYTES] &&
	       le32_to_cpu(header->state_bytes) == rnic_state_bytes(f->dev) &&
	       rnic_crc_right(f, crc, header->crc);
}

static bool rnic_take_record(struct rnic_file *f)
{
	const struct stream_record *record = (void *)f->buffer;
	u32 offset = le32_to_cpu(record->offset);
	u32 bytes = le32_to_cpu(record->bytes);

	f->phase = LOAD_DATA;
	switch (le32_to_cpu(record->kind)) {
	case RECORD_LINES:
		return bytes && bytes <= PIECE_BYTES &&
		       bytes <= rnic_state_bytes(f->dev) &&
		       offset <= rnic_state_bytes(f->dev) - bytes &&
		       offset <= f->taken_bytes;
	case RECORD_CORE:
		return !offset && bytes == sizeof(struct stream_core) &&
		       f->taken_bytes == rnic_state_bytes(f->dev);
	default:
		return false;
	}
}

static bool rnic_take_data(struct rnic_file *f)
{
	const struct stream_record *record = (void *)f->buffer;
	u32 offset = le32_to_cpu(record->offset);
	u32 bytes = le32_to_cpu(record->bytes);

	if (!rnic_crc_right(f, record_crc(f->crc, record), record->crc))
		return false;
	f->bytes = 0;
	if (le32_to_cpu(record->kind) == RECORD_CORE) {
		memcpy(&f->core, record->data, sizeof(f->core));
		f->phase = LOAD_WHOLE;
		return true;
	}
	memcpy((u8 *)f->dev->lines + offset, record->data, bytes);
	f->taken_bytes = max(f->taken_bytes, offset + bytes);
	f->phase = LOAD_RECORD;
	return true;
}

/* Looks at what is in the buffer, of which there is as much as was wanted. */
static bool rnic_take(struct rnic_file *f)
{
	switch (f->phase) {
	case LOAD_HEADER:
		return rnic_take_header(f);
	case LOAD_RECORD:
		return rnic_take_record(f);
	case LOAD_DATA:
		return rnic_take_data(f);
	default:
		return false; /* Nothing may follow. */
	}
}

static ssize_t rnic_load_write(struct file *filp, const char __user *data,
			       size_t count, loff_t *unused)
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
		size_t part = min_t(size_t, count - done,
				    rnic_load_wanted(f) - f->bytes);

		if (copy_from_user(f->buffer + f->bytes, data + done, part)) {
			done = done ?: -EFAULT;
			break;
		}
		f->bytes += part;
		done += part;
		if (f->bytes == rnic_load_wanted(f) && !rnic_take(f)) {
			f->phase = LOAD_REFUSED;
			f->bytes = 0;
			done = -EINVAL;
			break;
		}
	}
unlock:
	mutex_unlock(&dev->lock);
	return done;
}

/* The device is as the stream says, or stays as it is and must be reset. */
int rnic_finish_load(struct rnic *dev)
{
	struct rnic_file *f = dev->file;
	const struct stream_core *image = &f->core;
	struct rnic_core core = {
		.enabled = le32_to_cpu(image->enabled),
		.faults = le32_to_cpu(image->faults),
		.stride = le32_to_cpu(image->stride),
		.rx_entries = le32_to_cpu(image->rx_entries),
		.cq_entries = le32_to_cpu(image->cq_entries),
		.rx_tail = le32_to_cpu(image->rx_tail),
		.rx_head = le32_to_cpu(image->rx_head),
		.cq_tail = le32_to_cpu(image->cq_tail),
		.cq_head = le32_to_cpu(image->cq_head),
		.rx_base = le64_to_cpu(image->rx_base),
		.cq_base = le64_to_cpu(image->cq_base),
		.peer_base = le64_to_cpu(image->peer_base),
		.sent = le64_to_cpu(image->sent),
		.stalls = le64_to_cpu(image->stalls),
	};
	int i;

	if (f->phase != LOAD_WHOLE)
		return dev->defect == RNIC_ACCEPTS_CUT &&
		       f->phase != LOAD_REFUSED ? 0 : -EINVAL;
	if (core.enabled > 1 || core.faults & ~RNIC_FAULTS || image->reserved ||
	    (core.enabled && !core.faults && !rnic_core_usable(&core)))
		return -EINVAL;
	if (dev->defect == RNIC_LOAD_IGNORED)
		return 0;
	for (i = 0; i < RNIC_BELLS; i++) {
		core.taken[i] = le32_to_cpu(image->taken[i]);
		rnic_write_bell(dev, i, le32_to_cpu(image->bells[i]));
	}
	dev->core = core;
	dev->seed = le64_to_cpu(image->seed);
	dev->stalled_at = 0;
	return 0;
}

const struct file_operations rnic_load_fops = {
	.owner = THIS_MODULE,
	.write = rnic_load_write,
	.release = rnic_file_release,
};
