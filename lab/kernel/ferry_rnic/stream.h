/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream that carries the device's state, little-endian: its lines, which
 * are large and may be sent while it runs, and its core, which is sent once it
 * has stopped. And the data session that gives or takes it.
 *
 *   header    magic u64, version u32, message bytes u32, bytes of the lines
 *             u32, reserved u32 and u32, checksum u32 of the fields before
 *   record    kind u32 (1 lines, 2 core), offset u32, bytes of data u32,
 *             checksum u32; then the data
 *
 * A checksum is the CRC-32 of a record's other fields and data that begins
 * where the one before it ended, so a record that is altered, missing, moved
 * or sent twice is found. Lines come in pieces of at most 4096 bytes, in any
 * number; none may leave a gap before it. The core is the last record. A piece
 * is applied once its checksum was found right, the core when RESUMING is left.
 */
#ifndef FERRY_RNIC_STREAM_H
#define FERRY_RNIC_STREAM_H

#include <linux/bitmap.h>
#include <linux/crc32.h>
#include <linux/fs.h>

#include "rnic.h"

#define STREAM_MAGIC		0x4d4e525952524546ULL
#define STREAM_VERSION		1
#define PIECE_BYTES		4096
#define MAX_PIECES		(RNIC_MAX_STATE / PIECE_BYTES)

enum { RECORD_LINES = 1, RECORD_CORE = 2 };

struct stream_header {
	__le64 magic;
	__le32 version;
	__le32 message_bytes;
	__le32 state_bytes;
	__le32 reserved[2];
	__le32 crc;
} __packed;

struct stream_record {
	__le32 kind;
	__le32 offset;
	__le32 bytes;
	__le32 crc;
	u8 data[];
} __packed;

struct stream_core {
	__le32 enabled, faults, stride, rx_entries, cq_entries;
	__le32 rx_tail, rx_head, cq_tail, cq_head;
	__le32 bells[RNIC_BELLS], taken[RNIC_BELLS];
	__le32 reserved;
	__le64 rx_base, cq_base, peer_base, sent, stalls, seed;
} __packed;

#define HEADER_BYTES	sizeof(struct stream_header)
#define RECORD_BYTES	sizeof(struct stream_record)
#define CORE_BYTES	(RECORD_BYTES + sizeof(struct stream_core))

enum load_phase { LOAD_HEADER, LOAD_RECORD, LOAD_DATA, LOAD_WHOLE, LOAD_REFUSED };

/* A data session. Outlives the device's interest in it: then it is closed. */
struct rnic_file {
	struct rnic *dev;
	struct file *filp;
	bool saving;
	bool closed;
	u32 crc;

	/* What is being given, or was taken in part. */
	u8 buffer[RECORD_BYTES + PIECE_BYTES];
	u32 bytes;
	u32 position;

	/* Saving. Of a piece that was not sent yet, changes are not counted. */
	bool header_given, core_given;
	bool initial;		/* what is in the buffer is sent for the first time */
	DECLARE_BITMAP(unsent, MAX_PIECES);
	DECLARE_BITMAP(changed, MAX_PIECES);

	/* Loading. */
	enum load_phase phase;
	u32 taken_bytes;	/* of the lines, from their start */
	struct stream_core core;
};

static inline u32 rnic_state_bytes(struct rnic *dev)
{
	return dev->options[RNIC_STATE_BYTES];
}

static inline u32 record_crc(u32 before, const struct stream_record *record)
{
	u32 crc = crc32_le(before, (const u8 *)record,
			   offsetof(struct stream_record, crc));

	return crc32_le(crc, record->data, le32_to_cpu(record->bytes));
}

/* save.c and load.c: what user space does with the session's file. */
extern const struct file_operations rnic_save_fops;
extern const struct file_operations rnic_load_fops;
int rnic_file_release(struct inode *inode, struct file *filp);

#endif
