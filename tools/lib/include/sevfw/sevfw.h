/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Issuing firmware commands, by pass-through and by the legacy ioctls.
 *
 * Functions return 0 or a negative errno; @status, which may be NULL, tells the
 * firmware's answer, or SEV_FW_NO_CALL if the firmware was not asked. A command that
 * the firmware refuses is -EIO with the reason in @status.
 */
#ifndef SEVFW_SEVFW_H
#define SEVFW_SEVFW_H

#include <stdint.h>

#include <linux/sev-fw.h>

/**
 * struct sev_fw_door - where commands go in
 * @request: the ioctl
 * @fd: the file it is for
 * @other: the other file, which the envelope names
 *
 * Commands on a guest can go through the VM, or through /dev/sev, with the same
 * two files and the same effect; commands on the platform only through /dev/sev.
 */
struct sev_fw_door {
	unsigned long request;
	int fd;
	int other;
};

/** sev_fw_door_vm() - the guest of @vm_fd, by way of the VM */
struct sev_fw_door sev_fw_door_vm(int vm_fd, int sev_fd);

/** sev_fw_door_dev() - by way of /dev/sev; @vm_fd is -1 for the platform */
struct sev_fw_door sev_fw_door_dev(int sev_fd, int vm_fd);

/**
 * sev_fw_issue() - issue a command as the block that firmware defines
 * @door: where
 * @id: one of enum sev_fw_id
 * @block: the block, NULL if the command has none
 * @len: the block's size in bytes
 * @status: receives firmware's status
 *
 * Return: 0 or a negative errno as <linux/sev-fw.h> documents them.
 */
int sev_fw_issue(const struct sev_fw_door *door, uint32_t id, void *block, uint32_t len,
		 uint32_t *status);

/**
 * sev_fw_issue_many() - issue many commands at once, in order, up to the first failure
 * @door: where
 * @cmds: their envelopes, without @fd; receives the firmware's statuses
 * @count: how many, at most SEV_FW_ARRAY_MAX
 * @flags: SEV_FW_ARRAY_GO_ON to go on after failures, or 0
 * @done: receives how many were dealt with, see struct sev_fw_array
 *
 * Return: 0, or a negative errno: that of the first command that has failed.
 */
int sev_fw_issue_many(const struct sev_fw_door *door, struct sev_fw_cmd *cmds, uint32_t count,
		      uint32_t flags, uint32_t *done);

/**
 * sev_fw_query() - which commands there are
 * @door: where; any door has the same answer
 * @query: receives firmware's version, and in @count the number of commands
 * @infos: receives one element for each command
 * @count: room in @infos, in elements
 *
 * Return: 0 or a negative errno.
 */
int sev_fw_query(const struct sev_fw_door *door, struct sev_fw_query *query,
		 struct sev_fw_cmd_info *infos, uint32_t count);

/** sev_kvm_op() - one of enum sev_cmd_id of <linux/kvm.h> on a VM */
int sev_kvm_op(int vm_fd, int sev_fd, uint32_t id, void *data, uint32_t *status);

/**
 * sev_dev_op() - one of the commands of <linux/psp-sev.h> on /dev/sev
 * @sev_fd: /dev/sev
 * @cmd: number of the command
 * @data: struct of that command, or NULL
 * @status: receives the firmware's status; NULL if it is of no interest. The stock driver leaves
 *	a status of 0 with EBUSY and ETIMEDOUT, although the command was not done, or not
 *	answered: then it is SEV_FW_NO_CALL
 *
 * Return: 0 or a negative errno.
 */
int sev_dev_op(int sev_fd, uint32_t cmd, void *data, uint32_t *status);

/**
 * sev_status_text() - "INVALID_GUEST (0x10)" and so on
 * @status: status, or SEV_FW_NO_CALL
 *
 * Return: name, or class in parentheses, and number; never NULL. The text stays valid
 * until this thread's next call.
 */
const char *sev_status_text(uint32_t status);

/** sev_status_meaning() - a clause that says what the status means, never NULL */
const char *sev_status_meaning(uint32_t status);

/**
 * sev_failure_text() - why a command has failed, as a clause
 * @ret: the command's return value, a negative errno
 * @status: the firmware's status that came with it, or SEV_FW_NO_CALL
 *
 * Return: text; never NULL. The text stays valid until this thread's next call.
 */
const char *sev_failure_text(int ret, uint32_t status);

#endif /* SEVFW_SEVFW_H */
