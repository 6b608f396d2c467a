// SPDX-License-Identifier: GPL-2.0
/*
 * The older ioctl of /dev/sev, SEV_ISSUE_CMD, as data: each of its structs is the
 * firmware's block with some reserved words left out, so a few moves make the one
 * out of the other. What happens in between is the engine's business.
 */
#include <linux/fs.h>
#include <linux/psp-sev.h>
#include <linux/uaccess.h>

#include "psp.h"

/* The largest of the older structs. */
#define LEGACY_MAX	64

struct move {
	u8 legacy;	/* offset in the older struct */
	u8 block;	/* offset in the block */
	u8 size;
};

struct legacy {
	u16 id;		/* the firmware command */
	u8 size;	/* of the older struct */
	struct move move[2];
};

static const struct legacy legacy_cmds[] = {
	[SEV_PLATFORM_STATUS] = {
		SEV_FW_PLATFORM_STATUS, sizeof(struct sev_user_data_status),
		{ { 0, 0, sizeof(struct sev_fw_platform_status) } },
	},
	[SEV_PDH_CERT_EXPORT] = {
		SEV_FW_PDH_CERT_EXPORT, sizeof(struct sev_user_data_pdh_cert_export),
		{ { 0x00, 0x00, 12 }, { 0x0c, 0x10, 12 } },
	},
	[SEV_GET_ID2] = {
		SEV_FW_GET_ID, sizeof(struct sev_user_data_get_id2),
		{ { 0, 0, sizeof(struct sev_fw_get_id) } },
	},
};

static const struct legacy *legacy_find(u32 cmd)
{
	if (cmd >= ARRAY_SIZE(legacy_cmds) || !legacy_cmds[cmd].id)
		return NULL;
	return &legacy_cmds[cmd];
}

static int legacy_issue(const struct legacy *legacy, struct psp_issue *issue, void __user *udata)
{
	struct psp_user_block block = {};
	const struct move *move;
	u8 data[LEGACY_MAX];
	int ret;

	if (copy_from_user(data, udata, legacy->size))
		return -EFAULT;

	/* what the older structs only put out may hold anything on the way in */
	if (!psp_row_find(legacy->id)->buf[0].kind)
		memset(data, 0, legacy->size);

	for (move = legacy->move; move < legacy->move + ARRAY_SIZE(legacy->move); move++)
		memcpy(block.byte + move->block, data + move->legacy, move->size);

	ret = psp_issue_kernel(issue, &block);
	if (issue->cmd.error == SEV_FW_NO_CALL)
		return ret;

	for (move = legacy->move; move < legacy->move + ARRAY_SIZE(legacy->move); move++)
		memcpy(data + move->legacy, block.byte + move->block, move->size);
	if (copy_to_user(udata, data, legacy->size))
		return -EFAULT;
	return ret;
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
	const struct legacy *legacy;
	struct sev_issue_cmd input;
	int ret;

	if (copy_from_user(&input, uarg, sizeof(input)))
		return -EFAULT;
	legacy = legacy_find(input.cmd);
	if (!legacy)
		return -EINVAL;

	issue.cmd.id = SEV_FW_CMD(legacy->id);
	issue.cmd.error = SEV_FW_NO_CALL;
	ret = legacy_issue(legacy, &issue, u64_to_user_ptr(input.data));

	input.error = issue.cmd.error;
	if (copy_to_user(uarg, &input, sizeof(input)))
		ret = -EFAULT;
	return ret;
}
