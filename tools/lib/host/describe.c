// SPDX-License-Identifier: GPL-2.0
/*
 * The table of commands, out of SEV_FW_QUERY alone: it cannot say what the kernel
 * does not do.
 */
#include <stdbool.h>

#include <linux/sev-fw.h>

#include <sevfw/describe.h>

void describe_title(FILE *out)
{
	fputs("| command | id | block | door | /dev/sev | since | buffers |\n", out);
	fputs("|---|---|---|---|---|---|---|\n", out);
}

const char *describe_door(const struct sev_fw_cmd_info *info)
{
	if (info->flags & SEV_FW_INFO_GUEST)
		return "VM fd, or /dev/sev with it";
	return info->flags & SEV_FW_INFO_PLATFORM ? "/dev/sev" : "the driver's";
}

const char *describe_mode(const struct sev_fw_cmd_info *info)
{
	if (!(info->flags & (SEV_FW_INFO_GUEST | SEV_FW_INFO_PLATFORM)))
		return "";
	if (info->flags & SEV_FW_INFO_ADMIN)
		return "writable, CAP_SYS_ADMIN";
	return info->flags & SEV_FW_INFO_WRITE ? "writable" : "any";
}

static void describe_buf(FILE *out, const struct sev_fw_buf_info *buf, bool repeat)
{
	static const char * const kinds[] = {
		[SEV_FW_BUF_BLOB] = "data", [SEV_FW_BUF_GUEST] = "memory in place",
		[SEV_FW_BUF_IMAGE] = "image", [SEV_FW_BUF_VMSA] = "vCPU state",
#ifdef SEV_FW_BUF_PRIVATE	/* not in 0.1 */
		[SEV_FW_BUF_PRIVATE] = "private memory",
		[SEV_FW_BUF_METADATA] = "number of an entry",
#endif
	};
	static const char * const dirs[] = {
		[SEV_FW_BUF_READ] = "in", [SEV_FW_BUF_WRITE] = "out",
		[SEV_FW_BUF_READ | SEV_FW_BUF_WRITE] = "in and out",
	};
	const char *kind = buf->kind < sizeof(kinds) / sizeof(*kinds) ? kinds[buf->kind] : NULL;
	const char *dir = buf->dir < sizeof(dirs) / sizeof(*dirs) ? dirs[buf->dir] : NULL;

	/* a driver may be newer than this program */
	fprintf(out, "%s %s", kind ? kind : "(unknown)", dir ? dir : "(unknown)");
	if (buf->len == SEV_FW_BUF_PAGE)
		fputs(", a page", out);
	else if (buf->len == SEV_FW_BUF_FIXED || buf->kind == SEV_FW_BUF_VMSA)
		fprintf(out, ", %u", buf->max);
	else if (buf->max && !repeat)	/* otherwise it is the size of a step */
		fprintf(out, ", up to %u", buf->max);
}

void describe_buffers(FILE *out, const struct sev_fw_cmd_info *info)
{
	for (int i = 0; i < SEV_FW_BUFS && info->buf[i].kind; i++) {
		fputs(i ? "; " : "", out);
		describe_buf(out, &info->buf[i], info->flags & SEV_FW_INFO_REPEAT);
	}
	fputs(info->flags & SEV_FW_INFO_REPEAT ? "; in several steps" : "", out);
}

void describe_command(FILE *out, const struct sev_fw_cmd_info *info)
{
	fprintf(out, "| %s | 0x%03x | %u | %s | %s | ", info->name,
		info->id & ~SEV_FW_PASSTHROUGH, info->size, describe_door(info),
		describe_mode(info));
	if (info->api_major || info->api_minor)
		fprintf(out, "%u.%u", info->api_major, info->api_minor);
	fputs(" | ", out);
	describe_buffers(out, info);
	fputs(" |\n", out);
}
