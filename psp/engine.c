// SPDX-License-Identifier: GPL-2.0
/*
 * A command from a door: may it come in, and what becomes of the guest that it starts.
 * Blocks go their way (block.c) as they are; a legacy struct is made a block before and
 * a struct again after that.
 */
#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "psp.h"
#include "psp_guest.h"

/**
 * psp_form_find() - find a legacy command by its number
 * @forms: psp_dev_forms or psp_kvm_forms
 * @count: how many of them
 * @id: number, from user space
 *
 * Return: the form, or NULL if the number is none of a firmware command.
 */
const struct psp_form *psp_form_find(const struct psp_form *forms, unsigned int count,
				     u32 id)
{
	if (id >= count)
		return NULL;
	forms += array_index_nospec(id, count);
	return forms->id ? forms : NULL;
}

/**
 * psp_offered_row() - find a command by the id in an envelope
 * @psp: PSP
 * @id: SEV_FW_CMD() of it
 *
 * Return: the row, or NULL if there is no such command, or this firmware does not have it.
 */
const struct psp_row *psp_offered_row(const struct psp *psp, u32 id)
{
	const struct psp_row *row = NULL;

	if (id & SEV_FW_PASSTHROUGH)
		row = psp_row_find(id & ~SEV_FW_PASSTHROUGH);
	return row && psp_offers(psp, row) ? row : NULL;
}

static bool meets_demand(const struct psp *psp, const struct psp_row *row, bool writable)
{
	/* nor does a reader initialise the platform */
	if (!writable && (row->demand >= PSP_DEMAND_WRITE ||
			  (row->platform == PSP_PLATFORM_UP && !READ_ONCE(psp->up))))
		return false;
	return row->demand < PSP_DEMAND_ADMIN || capable(CAP_SYS_ADMIN);
}

/* May this command come in by this door, and does it fit this guest? */
static int admit(const struct psp *psp, const struct psp_row *row,
		 const struct psp_issue *issue)
{
	const struct psp_guest *guest = issue->guest;
	bool started;
	u32 ignored;

	if (!guest && row->door == PSP_DOOR_GUEST)
		return -EBADF;
	if (!(row->door & (guest ? PSP_DOOR_GUEST : PSP_DOOR_PLATFORM)))
		return -EPERM;
	if (!meets_demand(psp, row, issue->writable))
		return -EPERM;
	if (!guest)
		return 0;
	/* the firmware has guests of two kinds, and commands of its own for each */
	if (guest->snp != row->snp)
		return -ENOTTY;
	if (guest->mirror && !row->mirror)
		return -EPERM;
	if (psp_handle_find(READ_ONCE(psp->generation), guest->handle, &ignored))
		return -ESHUTDOWN;
	started = guest->snp ? !!guest->context : !!guest->handle;
	if (row->guest == PSP_GUEST_NONE && started)
		return -EBUSY;
	if (row->guest == PSP_GUEST_STARTED && !started)
		return -ENOENT;
	return 0;
}

/**
 * psp_admit() - find the command that is meant, and whether the caller may issue it
 * @psp: PSP
 * @issue: command and where it comes from
 * @row: receives the command
 *
 * Return: 0, -EOPNOTSUPP, or what is documented of doors, privilege and state.
 */
int psp_admit(const struct psp *psp, const struct psp_issue *issue, const struct psp_row **row)
{
	*row = psp_offered_row(psp, issue->cmd.id);
	return *row ? admit(psp, *row, issue) : -EOPNOTSUPP;
}

static int copy_in_form(struct psp_issue *issue, const struct psp_form *form,
			const struct psp_row *row, struct psp_legacy *legacy,
			struct psp_user_block *block)
{
	void __user *from = u64_to_user_ptr(issue->cmd.data);

	/* the caller cannot ask for a length by this, so a NULL is no query */
	if (form->here && !issue->cmd.data)
		return -EFAULT;
	memset(legacy, 0, sizeof(*legacy));
	if (psp_form_reads(form) && copy_from_user(legacy->byte, from, form->size))
		return -EFAULT;
	if (form->sized && psp_get32(legacy->byte, 0) != form->size)
		return -EINVAL;
	if (psp_form_writes(form) && psp_user_writable(from, form->size))
		return -EFAULT;
	issue->share = psp_form_share(form, legacy);
	issue->lengths = psp_form_in(form, row, legacy, issue->cmd.data, block);
	return issue->lengths ? 0 : psp_check(row, block);
}

static int same_file(const void *wanted, struct file *file, unsigned int fd)
{
	return file == wanted ? fd + 1 : 0;
}

/*
 * The caller's number of an open /dev/sev, -1 if it has none; @hint if that still is the
 * file. KVM's own code needs the number for later commands of a VM.
 */
static int number_of(const struct file *file, int hint)
{
	int next = iterate_fd(current->files, hint, same_file, file);

	return (next ?: iterate_fd(current->files, 0, same_file, file)) - 1;
}

/* The guest exists, but its owner will not hear of it, or will. */
static void conclude_start(struct psp *psp, struct psp_issue *issue, u32 handle, u64 policy,
			   int ret)
{
	if (ret) {
		psp_submit_end(psp, handle);
		return;
	}
	issue->guest->handle = handle;
	issue->guest->policy = policy;
	issue->guest->sev_fd = number_of(issue->sev_file, issue->sev_fd);
}

/* Nothing of an SNP guest goes back to its caller, so that nothing can be lost. */
static void conclude_launch(struct psp_issue *issue, u64 policy)
{
	issue->guest->policy = policy;
	issue->guest->sev_fd = number_of(issue->sev_file, issue->sev_fd);
}

/**
 * psp_tell_dead() - a dead PSP has an errno of its own
 * @psp: PSP
 * @issue: command, as it came back
 * @ret: result of the command
 *
 * Legacy commands keep stock's.
 *
 * Return: @ret, or -ESHUTDOWN.
 */
int psp_tell_dead(const struct psp *psp, const struct psp_issue *issue, int ret)
{
	if (ret == -EIO && issue->cmd.error == SEV_FW_NO_CALL && READ_ONCE(psp->end) == PSP_DEAD)
		return -ESHUTDOWN;
	return ret;
}

/* The handle that a successful command tells its caller. */
static u32 handle_of(const struct psp_issue *issue, const struct psp_row *row,
		     const struct psp_user_block *block)
{
	if (row->then == PSP_THEN_OPEN)
		return psp_get32(block->byte, row->own[0].off);
	return issue->guest->handle;
}

/*
 * A policy is the first of what the caller of a START may set; the tables have it so, and
 * test_table. That of an SNP guest is twice as long.
 */
static u64 policy_of(const struct psp_row *row, const struct psp_user_block *block)
{
	const u8 off = row->user[0].off;
	u64 policy = psp_get32(block->byte, off);

	if (row->snp)
		policy |= (u64)psp_get32(block->byte, off + sizeof(u32)) << 32;
	return policy;
}

/* A guest that was started is the caller's only if the caller has its handle. */
static int conclude(struct psp *psp, struct psp_issue *issue, const struct psp_row *row,
		    const struct psp_user_block *block, int ret, bool delivered)
{
	if (!ret && row->then == PSP_THEN_OPEN)
		conclude_start(psp, issue, handle_of(issue, row, block), policy_of(row, block),
			       delivered ? 0 : -EFAULT);
	else if (!ret && row->then == PSP_THEN_LAUNCH)
		conclude_launch(issue, policy_of(row, block));
	return delivered ? ret : -EFAULT;
}

static int issue_row(struct psp *psp, struct psp_issue *issue, const struct psp_row *row)
{
	void __user *to = u64_to_user_ptr(issue->cmd.data);
	struct psp_user_block block;
	bool delivered;
	int ret;

	ret = psp_block_in(row, &issue->cmd, &block);
	if (ret)
		return ret;
	ret = psp_issue_block(psp, issue, row, &block);
	delivered = !issue->seen ||
		    !copy_to_user(to, block.byte, psp_back_len(row, issue->cmd.len));
	return conclude(psp, issue, row, &block, ret, delivered);
}

/* All vCPUs of a guest that has none: KVM's callers are used to success. */
static bool means_no_vcpu(const struct psp_issue *issue, const struct psp_row *row)
{
	const struct psp_guest *guest = issue->guest;

	return row->each == PSP_EACH_VCPU && guest->es && !guest->nr_vcpus && !guest->more_vcpus;
}

static int issue_form(struct psp *psp, struct psp_issue *issue, const struct psp_form *form,
		      const struct psp_row *row)
{
	void __user *to = u64_to_user_ptr(issue->cmd.data);
	struct psp_user_block block;
	struct psp_legacy legacy;
	bool delivered;
	int ret;

	ret = copy_in_form(issue, form, row, &legacy, &block);
	if (ret)
		return ret;
	if (form->grain)
		ret = psp_issue_grains(psp, issue, form, row, &block);
	else if (!means_no_vcpu(issue, row))
		ret = psp_issue_block(psp, issue, row, &block);
	if (!ret)
		issue->cmd.error = 0;
	if (issue->seen)
		psp_form_out(form, row, issue->lengths, &block, &legacy);
	if (!ret && form->handle)
		psp_put32(legacy.byte, form->handle_at, handle_of(issue, row, &block));
	delivered = !issue->seen || !psp_form_writes(form) ||
		    !copy_to_user(to, legacy.byte, form->size);
	return conclude(psp, issue, row, &block, ret, delivered);
}

/**
 * psp_issue() - execute a command
 * @issue: command; its @cmd.error is set in any case
 * @form: description of a legacy command, whose struct @issue->cmd points to and whose
 *	firmware command is @issue->cmd.id; NULL: @issue->cmd points to the block itself
 *
 * Context: process context, with the guest's lock held if there is a guest.
 * Return: 0 or an errno as documented in <linux/sev-fw.h>; of legacy commands, -EIO instead
 * of -ESHUTDOWN if the PSP is dead.
 */
int psp_issue(struct psp_issue *issue, const struct psp_form *form)
{
	const struct psp_row *row;
	struct psp *psp;
	int ret;

	issue->cmd.error = SEV_FW_NO_CALL;
	psp = psp_get();
	if (!psp)
		return -ENODEV;

	ret = psp_admit(psp, issue, &row);
	if (!ret && form)
		ret = issue_form(psp, issue, form, row);
	else if (!ret)
		ret = psp_tell_dead(psp, issue, issue_row(psp, issue, row));
	psp_put(psp);
	return ret;
}

static int query_rows(const struct psp *psp, const struct sev_fw_query *query)
{
	size_t known = min_t(size_t, query->info_size, sizeof(struct sev_fw_cmd_info));
	u8 __user *to = u64_to_user_ptr(query->infos);
	struct sev_fw_cmd_info info;
	unsigned int i;

	for (i = 0; i < min(query->count, psp_nr_rows); i++, to += query->info_size) {
		psp_row_info(&psp_rows[i], psp->api, &info);
		if (!psp_offers(psp, &psp_rows[i]))
			info.flags &= ~SEV_FW_INFO_AVAILABLE;
		if (copy_to_user(to, &info, known) ||
		    clear_user(to + known, query->info_size - known))
			return -EFAULT;
	}
	return 0;
}

/**
 * psp_query() - tell user space which commands there are
 * @uquery: struct sev_fw_query
 *
 * Context: process context.
 * Return: 0, -EINVAL, -EFAULT or -ENODEV.
 */
int psp_query(void __user *uquery)
{
	struct sev_fw_query query;
	struct psp *psp;
	int ret;

	if (copy_from_user(&query, uquery, sizeof(query)))
		return -EFAULT;
	if (query.flags || query.reserved || query.info_size < sizeof(u64) ||
	    query.info_size > PAGE_SIZE)
		return -EINVAL;

	psp = psp_get();
	if (!psp)
		return -ENODEV;
	ret = query_rows(psp, &query);
	query.count = psp_nr_rows;
	query.api_major = psp->api >> 8;
	query.api_minor = psp->api & 0xff;
	query.build = psp->build;
	psp_put(psp);

	if (!ret && copy_to_user(uquery, &query, sizeof(query)))
		ret = -EFAULT;
	return ret;
}
EXPORT_SYMBOL_GPL(psp_query);
