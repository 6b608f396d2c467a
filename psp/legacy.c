// SPDX-License-Identifier: GPL-2.0
/*
 * The legacy ioctl of /dev/sev, SEV_ISSUE_CMD, as data: each of its structs is the
 * firmware's block with some reserved words left out, so a few moves make the one
 * out of the other. The engine does everything in between.
 */
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/psp-sev.h>
#include <linux/uaccess.h>

#include "psp.h"

/* The largest of the legacy structs that are moved. */
#define LEGACY_MAX	24

struct move {
	u8 legacy;	/* offset in the legacy struct */
	u8 block;	/* offset in the block */
	u8 size;
};

struct legacy {
	u16 id;		/* the firmware command */
	u8 size;	/* of the legacy struct */
	bool in;	/* the struct is read; otherwise it may hold anything on the way in */
	bool out;	/* the struct is written */
	bool here;	/* the struct itself is the buffer that the block points to */
	struct move move[2];
};

static const struct legacy legacy_cmds[] = {
	[SEV_FACTORY_RESET] = { .id = SEV_FW_PLATFORM_RESET },
	[SEV_PLATFORM_STATUS] = {
		.id = SEV_FW_PLATFORM_STATUS, .size = sizeof(struct sev_user_data_status),
		.out = true,
		.move = { { 0, 0, sizeof(struct sev_fw_platform_status) } },
	},
	[SEV_PEK_GEN] = { .id = SEV_FW_PEK_GEN },
	[SEV_PEK_CSR] = {
		.id = SEV_FW_PEK_CSR, .size = sizeof(struct sev_user_data_pek_csr),
		.in = true, .out = true,
		.move = { { 0, 0, sizeof(struct sev_fw_pek_csr) } },
	},
	[SEV_PDH_GEN] = { .id = SEV_FW_PDH_GEN },
	[SEV_PDH_CERT_EXPORT] = {
		.id = SEV_FW_PDH_CERT_EXPORT, .size = sizeof(struct sev_user_data_pdh_cert_export),
		.in = true, .out = true,
		.move = { { 0x00, 0x00, 12 }, { 0x0c, 0x10, 12 } },
	},
	[SEV_PEK_CERT_IMPORT] = {
		.id = SEV_FW_PEK_CERT_IMPORT, .size = sizeof(struct sev_user_data_pek_cert_import),
		.in = true,
		.move = { { 0x00, 0x00, 12 }, { 0x0c, 0x10, 12 } },
	},
	[SEV_GET_ID] = {
		.id = SEV_FW_GET_ID, .size = sizeof(struct sev_user_data_get_id), .here = true,
	},
	[SEV_GET_ID2] = {
		.id = SEV_FW_GET_ID, .size = sizeof(struct sev_user_data_get_id2),
		.in = true, .out = true,
		.move = { { 0, 0, sizeof(struct sev_fw_get_id) } },
	},
};

/* Make a block out of the caller's struct. */
static int legacy_in(const struct legacy *legacy, u64 udata, u8 *data,
		     struct psp_user_block *block)
{
	const struct psp_buf *buf = psp_row_find(legacy->id)->buf;
	const struct move *move;

	/* the caller cannot ask for a length by this, so a NULL is no query */
	if (legacy->here && !udata)
		return -EFAULT;
	if (legacy->here) {
		memcpy(block->byte + buf->addr, &udata, sizeof(udata));
		psp_put32(block->byte, buf->len, legacy->size);
	}
	if (!legacy->in)
		return 0;
	if (copy_from_user(data, u64_to_user_ptr(udata), legacy->size))
		return -EFAULT;
	for (move = legacy->move; move < legacy->move + ARRAY_SIZE(legacy->move); move++)
		memcpy(block->byte + move->block, data + move->legacy, move->size);
	return 0;
}

static int legacy_out(const struct legacy *legacy, u64 udata, u8 *data,
		      const struct psp_user_block *block)
{
	const struct move *move;

	if (!legacy->out)
		return 0;
	for (move = legacy->move; move < legacy->move + ARRAY_SIZE(legacy->move); move++)
		memcpy(data + move->legacy, block->byte + move->block, move->size);
	return copy_to_user(u64_to_user_ptr(udata), data, legacy->size) ? -EFAULT : 0;
}

/**
 * psp_legacy_ioctl() - SEV_ISSUE_CMD
 * @file: an open /dev/sev
 * @uarg: struct sev_issue_cmd
 *
 * Return: 0 or an errno.
 */
int psp_legacy_ioctl(struct file *file, void __user *uarg)
{
	struct psp_issue issue = { .writable = file->f_mode & FMODE_WRITE };
	struct psp_user_block block = {};
	const struct legacy *legacy;
	struct sev_issue_cmd input;
	u8 data[LEGACY_MAX] = {};
	int ret;

	if (copy_from_user(&input, uarg, sizeof(input)))
		return -EFAULT;
	if (input.cmd >= ARRAY_SIZE(legacy_cmds))
		return -EINVAL;
	legacy = &legacy_cmds[array_index_nospec(input.cmd, ARRAY_SIZE(legacy_cmds))];

	issue.cmd.id = SEV_FW_CMD(legacy->id);
	issue.cmd.error = SEV_FW_NO_CALL;
	ret = legacy_in(legacy, input.data, data, &block);
	if (!ret)
		ret = psp_issue(&issue, &block);
	if (issue.cmd.error != SEV_FW_NO_CALL && legacy_out(legacy, input.data, data, &block))
		ret = -EFAULT;

	input.error = issue.cmd.error;
	if (copy_to_user(uarg, &input, sizeof(input)))
		ret = -EFAULT;
	return ret;
}
