// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays of envelopes. Apart from sevfw.c, which compiles with the UAPI header of each
 * published version: the first one has no arrays.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include <linux/psp-sev.h>

#include <sevfw/sevfw.h>

int sev_fw_issue_many(const struct sev_fw_door *door, struct sev_fw_cmd *cmds, uint32_t count,
		      uint32_t flags, uint32_t *done)
{
	struct sev_fw_array array = { .cmds = (uintptr_t)cmds, .count = count, .flags = flags };
	int ret;

	for (uint32_t i = 0; i < count; i++)
		cmds[i].fd = door->other;
	if (door->request == SEV_FW_ISSUE)
		ret = ioctl(door->fd, SEV_FW_ISSUE_MANY, &array) ? -errno : 0;
	else
		ret = sev_fw_issue(door, SEV_FW_ARRAY_ID, &array, sizeof(array), NULL);
	*done = array.done;
	return ret;
}
