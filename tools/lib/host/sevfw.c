// SPDX-License-Identifier: GPL-2.0
/*
 * Envelopes: puts a command's block into one, hands it to the kernel, takes the
 * firmware's status out of it. Knows no command.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/sevfw.h>

struct sev_fw_door sev_fw_door_vm(int vm_fd, int sev_fd)
{
	return (struct sev_fw_door){ KVM_MEMORY_ENCRYPT_OP, vm_fd, sev_fd };
}

struct sev_fw_door sev_fw_door_dev(int sev_fd, int vm_fd)
{
	return (struct sev_fw_door){ SEV_FW_ISSUE, sev_fd, vm_fd };
}

/* A kernel that does not know the ioctl leaves the status as it is given. */
static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

int sev_fw_issue(const struct sev_fw_door *door, uint32_t id, void *block, uint32_t len,
		 uint32_t *status)
{
	struct sev_fw_cmd cmd = {
		.id = SEV_FW_CMD(id),
		.len = len,
		.data = (uintptr_t)block,
		.error = SEV_FW_NO_CALL,
		.fd = door->other,
	};
	int ret = call(door->fd, door->request, &cmd);

	if (status)
		*status = cmd.error;
	return ret;
}

int sev_fw_query(const struct sev_fw_door *door, struct sev_fw_query *query,
		 struct sev_fw_cmd_info *infos, uint32_t count)
{
	*query = (struct sev_fw_query){
		.infos = (uintptr_t)infos,
		.count = count,
		.info_size = sizeof(*infos),
	};
	if (door->request == SEV_FW_ISSUE)
		return call(door->fd, SEV_FW_QUERY, query);
	return sev_fw_issue(door, SEV_FW_QUERY_ID, query, sizeof(*query), NULL);
}

int sev_kvm_op(int vm_fd, int sev_fd, uint32_t id, void *data, uint32_t *status)
{
	struct kvm_sev_cmd cmd = {
		.id = id,
		.data = (uintptr_t)data,
		.error = SEV_FW_NO_CALL,
		.sev_fd = sev_fd,
	};
	int ret = call(vm_fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (status)
		*status = cmd.error;
	return ret;
}

/* Pass-through is psp_sev's alone, which keeps its word about a status of 0 in older ioctls too. */
static bool has_pass_through(int sev_fd)
{
	const struct sev_fw_door door = sev_fw_door_dev(sev_fd, -1);
	struct sev_fw_query query;

	return !sev_fw_query(&door, &query, NULL, 0);
}

/*
 * Errnos of ccp that come before the command, or instead of its answer, with a status of 0 all
 * the same: that of a PLATFORM_STATUS or an INIT before (EBUSY: there are guests, or the PSP is
 * dead), or one that nobody gave (ETIMEDOUT). Other errnos mean that the command was done: EFAULT
 * from copying the answer, EIO and the file system's from writing the file of init_ex_path.
 */
static bool is_left_over(int sev_fd, int ret, uint32_t status)
{
	return !status && (ret == -EBUSY || ret == -ETIMEDOUT) && !has_pass_through(sev_fd);
}

int sev_dev_op(int sev_fd, uint32_t id, void *data, uint32_t *status)
{
	struct sev_issue_cmd cmd = {
		.cmd = id,
		.data = (uintptr_t)data,
		.error = SEV_FW_NO_CALL,
	};
	int ret = call(sev_fd, SEV_ISSUE_CMD, &cmd);

	if (status)
		*status = is_left_over(sev_fd, ret, cmd.error) ? SEV_FW_NO_CALL : cmd.error;
	return ret;
}

#define STATUS_NAME(name, value, meaning)	\
	[value] = #name,
#define STATUS_MEANING(name, value, meaning)	\
	[value] = meaning,

static const char *status_name(uint32_t status)
{
	static const char * const name[] = { SEV_FW_STATUSES(STATUS_NAME) };
	const uint32_t page = status - SEV_FW_STATUS_BLOCK_PAGE;

	if (status == SEV_FW_NO_CALL)
		return "(no answer)";
	if (status < sizeof(name) / sizeof(name[0]) && name[status])
		return name[status];
	if (page == SEV_FW_STATUS_INVALID_PAGE_SIZE ||
	    page == SEV_FW_STATUS_INVALID_PAGE_STATE ||
	    page == SEV_FW_STATUS_INVALID_PAGE_OWNER)
		return "(RMP state of the command buffer)";
	return status & SEV_FW_STATUS_INTERNAL ? "(internal to the PSP)" : "(unknown)";
}

const char *sev_status_text(uint32_t status)
{
	static _Thread_local char text[64];

	snprintf(text, sizeof(text), "%s (0x%02x)", status_name(status), status);
	return text;
}

const char *sev_status_meaning(uint32_t status)
{
	static const char * const text[] = { SEV_FW_STATUSES(STATUS_MEANING) };

	if (status < sizeof(text) / sizeof(text[0]) && text[status])
		return text[status];
	return "not a status that the SEV API names";
}

const char *sev_failure_text(int ret, uint32_t status)
{
	static _Thread_local char text[192];

	if (status == SEV_FW_NO_CALL)
		return strerror(-ret);
	if (status)
		snprintf(text, sizeof(text), "firmware: %s, %s", sev_status_text(status),
			 sev_status_meaning(status));
	else
		snprintf(text, sizeof(text), "the firmware has done it, but then: %s",
			 strerror(-ret));
	return text;
}
