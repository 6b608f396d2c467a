/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the engine (psp_sev.ko), which owns commands, and the host side, which lends
 * it guests (kvm_sev_glue.ko). The engine never sees a struct kvm; the host side never
 * sees a command.
 */
#ifndef PSP_GUEST_H
#define PSP_GUEST_H

#include <linux/fs.h>
#include <linux/types.h>

struct page;
struct sev_fw_cmd;

/**
 * struct psp_guest - what the engine must know of one guest
 * @handle: handle, 0 while there is none. The engine sets it when START succeeds;
 *	the host side stores it afterwards. The number is the driver's, not the
 *	firmware's: it stays this guest's also when the platform has been initialised
 *	anew, see psp/handle.c
 * @asid: the ASID that is reserved for this guest
 * @sev_fd: number of the /dev/sev fd that was used for START, -1 if it has none
 *	in the calling process. Set by the engine together with @handle
 * @es: SEV-ES guest
 * @mirror: shares another guest's context; may issue only what a row allows
 * @pages_locked: pages that already count against RLIMIT_MEMLOCK
 * @nr_vcpus: vCPUs that the guest has
 * @more_vcpus: another one is just being made
 * @ops: how to reach more of it
 *
 * All of it is valid, and does not change under the engine, from the host side's
 * get() until put(): the host side must hold its own lock over that time.
 */
struct psp_guest {
	u32 handle;
	u32 asid;
	int sev_fd;
	bool es;
	bool mirror;
	unsigned long pages_locked;
	u32 nr_vcpus;
	bool more_vcpus;
	const struct psp_guest_ops *ops;
};

/**
 * struct psp_guest_ops - how psp_sev reaches the guest behind a VM fd
 * @owner: module of these functions
 * @get: find and lock the guest behind @file. Returns 0 and sets *@guest, or
 *	-EBADF (not a VM), -EIO (a VM that is another process's, or dead), -ENOTTY (a
 *	VM, but not a SEV guest), -ENOMEM, -EINTR
 * @put: take over @guest->handle and @guest->sev_fd if the handle has changed,
 *	unlock
 * @vmsa_get: lock vCPU number @vcpu (in the order of their creation) and hand out
 *	its save area, a whole page. With @dir both SEV_FW_BUF_READ and _WRITE, its
 *	state is put there first, since firmware is about to measure and encrypt it.
 *	Returns 0, -EINVAL (no such vCPU, its state is encrypted already, or cannot be),
 *	-EINTR
 * @vmsa_put: unlock; if @encrypted, firmware has encrypted the state, and the
 *	hypervisor has lost it
 *
 * Context: process context, may sleep. The lock taken by @get is outer to the
 * PSP lock.
 */
struct psp_guest_ops {
	struct module *owner;
	int (*get)(struct file *file, struct psp_guest **guest);
	void (*put)(struct psp_guest *guest);
	int (*vmsa_get)(struct psp_guest *guest, u32 vcpu, unsigned int dir,
			struct page **page);
	void (*vmsa_put)(struct psp_guest *guest, u32 vcpu, bool encrypted);
};

int psp_guest_ops_register(const struct psp_guest_ops *ops);
void psp_guest_ops_unregister(const struct psp_guest_ops *ops);

int psp_guest_issue(struct psp_guest *guest, int sev_fd, struct sev_fw_cmd *cmd);
int psp_query(void __user *uquery);

#endif /* PSP_GUEST_H */
