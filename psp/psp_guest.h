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
 * struct psp_guest - a guest, as far as the engine must know it
 * @handle: handle, 0 while there is none. The engine sets it when START succeeds;
 *	the host side stores it afterwards. The number is the driver's, not the
 *	firmware's: it stays this guest's also when the platform has been initialised
 *	anew, see psp/handle.c
 * @snp: SNP guest, which has a context instead of a handle
 * @context: context page, from the engine; NULL while there is none. The engine sets it
 *	when SNP_LAUNCH_START succeeds; the host side keeps it afterwards, and destroys it
 *	by SNP_DECOMMISSION and snp_free_firmware_page()
 * @launched: the launch is over; set by the engine
 * @lost: the firmware keeps a page of an SNP guest's memory in a state in which neither guest
 *	nor host can use it; set by the engine, and the guest must not run any more
 * @asid: the ASID that is reserved for this guest
 * @sev_fd: number of the /dev/sev fd that was used for START, -1 if it has none
 *	in the calling process. Set by the engine together with @handle or @context
 * @policy: of the guest; set by the engine together with @handle or @context, and not known
 *	before
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
	bool snp;
	bool launched;
	bool lost;
	void *context;
	u32 asid;
	int sev_fd;
	u64 policy;
	bool es;
	bool mirror;
	unsigned long pages_locked;
	u32 nr_vcpus;
	bool more_vcpus;
	const struct psp_guest_ops *ops;
};

/**
 * enum psp_lent - pages of a guest that have no user address, so that the host side lends them
 * @PSP_LENT_VMSA: a vCPU's save area; the index is the vCPU's in the order of creation
 */
enum psp_lent {
	PSP_LENT_VMSA,
};

/**
 * typedef psp_use_private_t - use a page of an SNP guest's private memory
 * @page: page
 * @gpa: address that it has, or will have, in the guest
 * @arg: argument of the caller that asked for the page
 *
 * Return: 0 if the page is the guest's now, or an errno, and it stays as it was.
 */
typedef int (*psp_use_private_t)(struct page *page, u64 gpa, void *arg);

/**
 * typedef psp_use_pair_t - use a page of private memory, and one that may take its place
 * @page: page
 * @other: page of the host's
 * @gpa: address that the page has in the guest
 * @arg: argument of the caller that asked for the page
 *
 * Return: 0 if @other is the guest's now, and @page the host's; or an errno, and both stayed
 * as they were.
 */
typedef int (*psp_use_pair_t)(struct page *page, struct page *other, u64 gpa, void *arg);

/**
 * struct psp_guest_ops - how psp_sev reaches the guest behind a VM fd
 * @owner: module of these functions
 * @get: find and lock the guest behind @file. Returns 0 and sets *@guest, or
 *	-EBADF (not a VM), -EIO (a VM that is another process's, or dead), -ENOTTY (a
 *	VM, but not a SEV guest), -ENOMEM, -EINTR
 * @put: take over @guest->handle, or @guest->context, with ->sev_fd and ->policy if it has
 *	changed, ->launched and ->lost; unlock
 * @lend: lock page @index of @kind, see enum psp_lent, and hand it out. @dir is what the
 *	firmware does to it. With both SEV_FW_BUF_READ and _WRITE the state of a vCPU is
 *	put into its save area first, since the firmware is about to measure and encrypt
 *	it. *@gpa is what an SNP guest's RMP entry says of it. Returns 0, -EINVAL (no such
 *	page, its content is encrypted already, or cannot be), -EOPNOTSUPP (this host side
 *	has no pages of this kind), -EINTR
 * @give_back: unlock it; if @encrypted, the firmware has encrypted the content, and the
 *	hypervisor has lost it
 * @hold: find the page of private memory for the frame whose shared memory is at a user address,
 *	which must be there already, and call @use with it; nobody can take it away meanwhile.
 *	Returns what @use does, -EINVAL (as @move_in), -ENOENT (there is no page yet), -EBUSY
 *	(a vCPU has it for a save area, or is just getting one), -EFAULT (broken memory),
 *	-EOPNOTSUPP (this kernel has none)
 * @move_in: find the page of private memory for the frame whose shared memory is at a user
 *	address, and call @use with it; nobody can have it meanwhile, or take it away. The
 *	page is the guest's if that returns 0. Returns what @use does, -EINVAL (no slot with
 *	private memory has that address, or the frame is not private), -EEXIST (it is the guest's
 *	already), -ENOMEM, -EINTR (any signal; to be tried again), -EOPNOTSUPP (this
 *	kernel has none, or keeps it from us)
 * @move_out: as @hold, of a frame that is shared, so that the guest cannot reach the page, nor
 *	any vCPU has it for a save area; else it returns -EBUSY. The page has no content
 *	any more if @use returns 0. -EOPNOTSUPP also where pages could not come back
 * @replace: as @move_out, with another page that takes the place of this one if @use returns 0;
 *	-ENOMEM if there is none
 *
 * Context: process context, may sleep. The lock taken by @get is outer to the
 * PSP lock.
 */
struct psp_guest_ops {
	struct module *owner;
	int (*get)(struct file *file, struct psp_guest **guest);
	void (*put)(struct psp_guest *guest);
	int (*lend)(struct psp_guest *guest, enum psp_lent kind, u64 index, unsigned int dir,
		    struct page **page, u64 *gpa);
	void (*give_back)(struct psp_guest *guest, enum psp_lent kind, u64 index, bool encrypted);
	int (*hold)(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use, void *arg);
	int (*move_in)(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
		       void *arg);
	int (*move_out)(struct psp_guest *guest, unsigned long uaddr, psp_use_private_t use,
			void *arg);
	int (*replace)(struct psp_guest *guest, unsigned long uaddr, psp_use_pair_t use,
		       void *arg);
};

int psp_guest_ops_register(const struct psp_guest_ops *ops);
void psp_guest_ops_unregister(const struct psp_guest_ops *ops);

int psp_guest_issue(struct psp_guest *guest, int sev_fd, struct sev_fw_cmd *cmd);
bool psp_guest_legacy_knows(u32 id);
int psp_guest_legacy(struct psp_guest *guest, struct sev_fw_cmd *cmd);
void psp_guest_close(u32 handle);
int psp_query(void __user *uquery);

#endif /* PSP_GUEST_H */
