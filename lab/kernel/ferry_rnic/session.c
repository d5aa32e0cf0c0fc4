// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's lines, and the data session that carries its state: how one
 * begins and ends. What it gives is in save.c, what it takes in load.c.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "stream.h"

#define LINE_WORDS		(RNIC_LINE_BYTES / sizeof(u64))
#define MESSAGES_PER_LINE	64
#define PATTERN_FACTOR		0xd6e8feb86659fd93ULL

static u64 rnic_pattern(struct rnic *dev, u64 word)
{
	u64 mixed = (word + dev->seed) * PATTERN_FACTOR;

	mixed = (mixed ^ mixed >> 32) * PATTERN_FACTOR;
	return mixed ^ mixed >> 29;
}

void rnic_line_changed(struct rnic *dev, u64 byte)
{
	struct rnic_file *f = dev->file;

	if (f && f->saving && !test_bit(byte / PIECE_BYTES, f->unsent))
		__set_bit(byte / PIECE_BYTES, f->changed);
}

/* Makes every line new. */
void rnic_fill_lines(struct rnic *dev)
{
	u64 words = rnic_state_bytes(dev) / sizeof(u64), i;

	for (i = 0; i < words; i++)
		dev->lines[i] = rnic_pattern(dev, i);
	for (i = 0; i < rnic_state_bytes(dev); i += PIECE_BYTES)
		rnic_line_changed(dev, i);
}

/*
 * Message @sequence belongs to a line, whose first word is the last sequence
 * that it carried. Whether it holds what the messages before it left; if so
 * it now carried this one.
 */
bool rnic_carry(struct rnic *dev, u64 sequence)
{
	u64 count = rnic_state_bytes(dev) / RNIC_LINE_BYTES;
	u64 turn = (sequence - 1) % MESSAGES_PER_LINE;
	u64 line, expected;

	if (!count)
		return true;
	line = (sequence - 1) / MESSAGES_PER_LINE % count;
	if (turn)
		expected = sequence - 1;
	else if (sequence > count * MESSAGES_PER_LINE)
		expected = sequence - count * MESSAGES_PER_LINE +
			   MESSAGES_PER_LINE - 1;
	else
		expected = rnic_pattern(dev, line * LINE_WORDS);
	if (dev->lines[line * LINE_WORDS] != expected)
		return false;
	dev->lines[line * LINE_WORDS] = sequence;
	rnic_line_changed(dev, line * RNIC_LINE_BYTES);
	return true;
}

int rnic_file_release(struct inode *inode, struct file *filp)
{
	struct rnic_file *f = filp->private_data;

	vfio_put_device(&f->dev->vdev);
	kvfree(f);
	return 0;
}

/* The caller's reference is for user space; the device has one of its own. */
struct file *rnic_open_file(struct rnic *dev, bool saving)
{
	struct rnic_file *f = kvzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return ERR_PTR(-ENOMEM);
	f->dev = dev;
	f->saving = saving;
	f->initial = true;
	if (saving)
		bitmap_set(f->unsent, 0,
			   DIV_ROUND_UP(rnic_state_bytes(dev), PIECE_BYTES));
	f->filp = anon_inode_getfile("ferry_rnic", saving ? &rnic_save_fops :
				     &rnic_load_fops, f,
				     saving ? O_RDONLY : O_WRONLY);
	if (IS_ERR(f->filp)) {
		struct file *failed = f->filp;

		kvfree(f);
		return failed;
	}
	/* The session may be read after the device is gone, and then says so. */
	get_device(&dev->vdev.device);
	stream_open(f->filp->f_inode, f->filp);
	rnic_close_file(dev);
	dev->file = f;
	get_file(f->filp);
	return f->filp;
}

void rnic_close_file(struct rnic *dev)
{
	struct rnic_file *f = dev->file;

	if (!f)
		return;
	dev->file = NULL;
	f->closed = true;
	fput(f->filp);
}
