/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's description of its commands, for people. */
#ifndef SEVFW_DESCRIBE_H
#define SEVFW_DESCRIBE_H

#include <stdio.h>

#include <linux/sev-fw.h>

/**
 * describe_title() - head of the table, in Markdown, two lines
 * @out: where to
 */
void describe_title(FILE *out);

/**
 * describe_command() - one row of the table
 * @out: where to
 * @info: the command's description by SEV_FW_QUERY
 *
 * Name, id, size of the block in bytes, where the command may be issued, what
 * /dev/sev must be open for, since which version of the SEV API it exists, and its
 * buffers in the order of the block.
 */
void describe_command(FILE *out, const struct sev_fw_cmd_info *info);

/** describe_door() - where the command may be issued */
const char *describe_door(const struct sev_fw_cmd_info *info);

/** describe_mode() - how /dev/sev must be open; "" for commands of the driver's */
const char *describe_mode(const struct sev_fw_cmd_info *info);

/** describe_buffers() - its buffers in the order of the block, on one line */
void describe_buffers(FILE *out, const struct sev_fw_cmd_info *info);

#endif /* SEVFW_DESCRIBE_H */
