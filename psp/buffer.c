// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that a block points to. A buffer's kind and direction decide, here and nowhere
 * else, how firmware gets to see it:
 *
 *   blob   host data: copied through a bounce buffer, before or after the command
 *   guest  guest memory: pinned and used in place, since its ciphertext depends
 *          on where it is; its cache lines are flushed, because firmware does not
 *          see dirty ones
 *
 *   VMSA   a vCPU's save area: supplied by the guest's owner, who puts the vCPU's
 *          state there first. The caller names the vCPU by its number
 *
 *   private  a page of an SNP guest's private memory, which has no user address: named
 *          by that of the same frame's shared memory. Content that stands there moves in,
 *          where the page becomes the guest's by the command and the firmware reads it. The
 *          owner keeps the page in place while the firmware is asked, psp_buffers_use()
 *
 *   metadata  an entry of the firmware's own about a page that is swapped out, which the
 *          caller names by its number: metadata.c
 *
 * A command that is issued once needs each buffer in one piece. A command that is issued
 * for each run proceeds in slices; a slice ends where a run of physically
 * contiguous pages or a bounce buffer does.
 *
 * Memory of a command that was never answered is lost, see fwmem.c: that of the slices that the
 * firmware may be at, and no more.
 */
#include <linux/cacheflush.h>
#include <linux/cpufeature.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "addr.h"
#include "psp.h"
#include "psp_guest.h"

#define WINDOW_PAGES	(0x4000000 >> PAGE_SHIFT)

#define for_each_mapping(map, bufs)	\
	for ((map) = (bufs)->map; (map) < (bufs)->map + (bufs)->nr; (map)++)

/* The one place that takes an address out of what a caller filled in. */
static void __user *user_address(const struct psp_buf *buf, const struct psp_user_block *user)
{
	u64 addr;

	memcpy(&addr, user->byte + buf->addr, sizeof(addr));
	return u64_to_user_ptr(addr);
}

static bool over_memlock_limit(const struct psp_buffers *bufs, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	return bufs->guest->pages_locked + bufs->pinned + pages > limit && !capable(CAP_IPC_LOCK);
}

static void flush_pages(struct page **pages, unsigned long nr)
{
	unsigned long i;

	if (boot_cpu_has(X86_FEATURE_SME_COHERENT))
		return;
	for (i = 0; i < nr; i++) {
		clflush_cache_range(page_address(pages[i]), PAGE_SIZE);
		cond_resched();
	}
}

/* An atomic access that changes nothing, but fails where a write would. */
static int touch_word(u32 __user *word)
{
	u32 old = 0;

	if (!user_access_begin(word, sizeof(*word)))
		return -EFAULT;
	unsafe_try_cmpxchg_user(word, &old, 0, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

/**
 * psp_user_writable() - can the caller's memory be written?
 * @to: memory
 * @len: length in bytes
 *
 * Nothing in it is changed, whatever other threads do to it meanwhile. Pages that were
 * not there are afterwards.
 *
 * Context: process context, sleeps.
 * Return: 0 or -EFAULT.
 */
int psp_user_writable(void __user *to, size_t len)
{
	unsigned long at = ALIGN_DOWN((unsigned long)to, sizeof(u32)), end;

	if (!len)
		return 0;
	if (check_add_overflow((unsigned long)to, len, &end))
		return -EFAULT;
	for (; at < end; at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE) {
		if (touch_word((u32 __user *)at))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/* Most guest memory is a page or two. */
static struct page **alloc_page_list(struct psp_mapping *map, unsigned long nr)
{
	if (nr <= ARRAY_SIZE(map->few))
		return map->few;
	return kvmalloc_array(nr, sizeof(*map->pages), GFP_KERNEL_ACCOUNT);
}

static void free_page_list(struct psp_mapping *map)
{
	if (map->pages != map->few)
		kvfree(map->pages);
}

static int pin(struct psp_buffers *bufs, struct psp_mapping *map)
{
	unsigned long start = (unsigned long)map->uaddr & PAGE_MASK, end, nr;
	unsigned int flags = map->buf->dir & SEV_FW_BUF_WRITE ? FOLL_WRITE : 0;
	long pinned;

	if (check_add_overflow((unsigned long)map->uaddr, (unsigned long)map->len, &end))
		return -EFAULT;
	map->offset = offset_in_page(map->uaddr);
	nr = (PAGE_ALIGN(end) - start) >> PAGE_SHIFT;
	if (end > TASK_SIZE_MAX)
		return -EFAULT;
	if (over_memlock_limit(bufs, nr))
		return -ENOMEM;
	bufs->pinned += nr;

	map->pages = alloc_page_list(map, nr);
	if (!map->pages)
		return -ENOMEM;

	while (map->nr_pages < nr) {
		pinned = pin_user_pages_fast(start + (map->nr_pages << PAGE_SHIFT),
					     min(nr - map->nr_pages, (unsigned long)INT_MAX),
					     flags, map->pages + map->nr_pages);
		if (pinned <= 0)
			return pinned ?: -EFAULT;
		map->nr_pages += pinned;
	}
	flush_pages(map->pages, map->nr_pages);
	return 0;
}

/* The caller names a save area by the number of its vCPU; length 0 means those of all vCPUs. */
static int name_vcpu(struct psp_buffers *bufs, struct psp_mapping *map)
{
	u64 number = (u64)(unsigned long)map->uaddr;

	if (!bufs->guest->es)
		return -ENOTTY;
	/* a vCPU that is being created would be left out */
	if (bufs->guest->more_vcpus)
		return -EBUSY;
	if (number >= bufs->guest->nr_vcpus)
		return -EINVAL;
	map->vcpu = number;
	if (!map->len)
		bufs->total = bufs->guest->nr_vcpus * SEV_FW_VMSA_SIZE;
	return 0;
}

/* The firmware is given the entry's address, and the caller keeps its number. */
static int check_entry(const struct psp_mapping *map)
{
	return (u64)(unsigned long)map->uaddr < SEV_FW_SNP_ENTRIES ? 0 : -EINVAL;
}

/* KVM has private memory in small pages only. */
static int check_private(const struct psp_mapping *map)
{
	return map->len == PAGE_SIZE && IS_ALIGNED((unsigned long)map->uaddr, PAGE_SIZE) ? 0 :
	       -EINVAL;
}

static struct psp_fwmem *spare_of(const struct psp_buffers *bufs, const struct psp_mapping *map)
{
	return bufs->spare ? bufs->spare + (map - bufs->map) : NULL;
}

static int bounce(struct psp_buffers *bufs, struct psp_mapping *map)
{
	int ret;

	/* address 0 asks for the length, as length 0 does */
	if (bufs->row->each == PSP_ONCE && psp_len_in_block(map->buf) &&
	    map->buf->dir == SEV_FW_BUF_WRITE)
		map->len = map->uaddr ? min(map->len, map->buf->max) : 0;
	if (!map->len)
		return 0;
	/*
	 * A command that cannot be taken back must not fail for want of a page. Nor
	 * must this leave a trace if the firmware says no.
	 */
	if (!bufs->kernel && map->buf->dir == SEV_FW_BUF_WRITE &&
	    psp_user_writable(map->uaddr, map->len))
		return -EFAULT;

	if (map->buf->kind == SEV_FW_BUF_IMAGE) {
		ret = security_kernel_load_data(LOADING_FIRMWARE, true);
		if (ret)
			return ret;
	}
	return psp_fwmem_borrow(&map->bounce, min(map->len, map->buf->max), spare_of(bufs, map));
}

/* Is there a copy of what the caller has, or will get? */
static bool takes_content(const struct psp_buf *buf)
{
	return buf->kind == SEV_FW_BUF_BLOB || buf->kind == SEV_FW_BUF_IMAGE ||
	       psp_brings_content(buf);
}

/**
 * psp_buffers_map() - make all that a block points to ready for firmware
 * @bufs: receives the buffers; only @absent, @kernel and @spare are looked at
 * @row: command
 * @user: checked block
 * @guest: guest that is meant; may be NULL if the row has no guest memory
 *
 * Return: 0, -EFAULT, -ENOMEM, -EBUSY (a vCPU is being made), -EINVAL (guest memory
 * that must be contiguous and is not, or a private page that KVM cannot have), or what
 * a security module has against firmware images. On failure too psp_buffers_unmap() is due.
 */
int psp_buffers_map(struct psp_buffers *bufs, const struct psp_row *row,
		    const struct psp_user_block *user, struct psp_guest *guest)
{
	struct psp_mapping *map;
	unsigned int i;
	int ret = 0;

	bufs->row = row;
	bufs->guest = guest;
	bufs->pinned = 0;
	bufs->total = 0;
	bufs->from = 0;
	bufs->to = 0;
	bufs->gpa = 0;
	for (bufs->nr = 0, i = 0; i < SEV_FW_BUFS; i++) {
		if (!psp_buf_there(row, i, user->byte))
			continue;
		map = &bufs->map[bufs->nr++];
		*map = (struct psp_mapping){ .buf = &row->buf[i] };
		if (bufs->absent)
			continue;
		map->uaddr = user_address(map->buf, user);
		map->len = psp_user_len(map->buf, user);
		if (row->each != PSP_ONCE)
			bufs->total = map->len;

		if (map->buf->kind == SEV_FW_BUF_GUEST)
			ret = pin(bufs, map);
		else if (map->buf->kind == SEV_FW_BUF_VMSA)
			ret = name_vcpu(bufs, map);
		else if (map->buf->kind == SEV_FW_BUF_PRIVATE)
			ret = check_private(map);
		else if (map->buf->kind == SEV_FW_BUF_METADATA)
			ret = check_entry(map);
		if (!ret && takes_content(map->buf))
			ret = bounce(bufs, map);
		if (ret)
			return ret;
	}
	if (row->each == PSP_ONCE && psp_buffers_slice(bufs, 0) != U32_MAX)
		return -EINVAL;
	return 0;
}

static void unpin(struct psp_mapping *map, unsigned long first, unsigned long end)
{
	if (first < end)
		unpin_user_pages_dirty_lock(map->pages + first, end - first,
					    map->buf->dir & SEV_FW_BUF_WRITE);
}

/*
 * Of a command that is stuck those pages are lost that the firmware may still have: it has done
 * with those before, and has not been told of those behind.
 */
static void release_pinned(const struct psp_buffers *bufs, struct psp_mapping *map, bool stuck)
{
	unsigned long first = map->nr_pages, end = map->nr_pages;

	if (stuck) {
		end = min_t(u64, end, PFN_UP((u64)map->offset + min(bufs->to, map->len)));
		first = min_t(u64, end, PFN_DOWN((u64)map->offset + bufs->from));
		psp_fwmem_lose_pinned(end - first);
	}
	unpin(map, 0, first);
	unpin(map, end, map->nr_pages);
}

/**
 * psp_buffers_unmap() - release what psp_buffers_map() took
 * @bufs: buffers
 * @stuck: firmware has not answered, it may still write
 */
void psp_buffers_unmap(struct psp_buffers *bufs, bool stuck)
{
	struct psp_mapping *map;

	for_each_mapping(map, bufs) {
		release_pinned(bufs, map, stuck);
		free_page_list(map);
		if (!stuck)
			psp_fwmem_take_back(&map->bounce);
		psp_fwmem_pass_on(&map->bounce, spare_of(bufs, map));
	}
}

/*
 * Bytes from @pos on that are physically contiguous. Some commands may not cross a
 * boundary of 64 MiB; none is hurt by one more run there.
 */
static u32 run_length(const struct psp_buffers *bufs, const struct psp_mapping *map, u32 pos)
{
	u64 at = (u64)map->offset + pos;
	unsigned long i = at >> PAGE_SHIFT;
	u64 run = PAGE_SIZE - offset_in_page(at);
	bool once = bufs->row->each == PSP_ONCE;

	for (; i + 1 < map->nr_pages; i++, run += PAGE_SIZE)
		if (page_to_pfn(map->pages[i + 1]) != page_to_pfn(map->pages[i]) + 1 ||
		    (!once && IS_ALIGNED(page_to_pfn(map->pages[i + 1]), WINDOW_PAGES)))
			break;
	return min_t(u64, run, map->len - pos);
}

/**
 * psp_buffers_slice() - how much one command can do
 * @bufs: buffers
 * @pos: bytes that are done
 *
 * Return: bytes, for a command that is issued for each run. For one that is issued
 * once, U32_MAX if each buffer is in one piece, else less.
 */
u32 psp_buffers_slice(struct psp_buffers *bufs, u32 pos)
{
	struct psp_mapping *map;
	u32 size = U32_MAX, run;

	for_each_mapping(map, bufs) {
		if (map->pages)
			run = run_length(bufs, map, pos);
		else if (map->bounce.virt)
			run = min(map->len - pos, map->buf->max);
		else if (bufs->row->each == PSP_EACH_VCPU)
			run = SEV_FW_VMSA_SIZE;
		else
			continue;
		if (bufs->row->each != PSP_ONCE || run < map->len)
			size = min(size, run);
	}
	return size;
}

static psp_addr_t guest_address(const struct psp_mapping *map, struct page *page,
				unsigned int offset)
{
	return map->buf->c_bit ? psp_addr_guest(page, offset) : psp_addr_page(page, offset);
}

static int begin_vmsa(struct psp_buffers *bufs, struct psp_mapping *map, u32 pos,
		      struct psp_fw_block *fw)
{
	struct psp_guest *guest = bufs->guest;
	int ret;

	ret = guest->ops->lend(guest, PSP_LENT_VMSA, map->vcpu + pos / SEV_FW_VMSA_SIZE,
			       map->buf->dir, &map->vmsa, &bufs->gpa);
	if (ret)
		return ret;
	flush_pages(&map->vmsa, 1);
	psp_fw_put_addr(fw, map->buf->addr, guest_address(map, map->vmsa, 0));
	if (psp_len_in_block(map->buf))
		psp_fw_put32(fw, map->buf->len, SEV_FW_VMSA_SIZE);
	return 0;
}

/*
 * An image decides which code the PSP executes. The kernel's security modules, which
 * may insist on images from a trusted file system or with a signature of their own, are
 * asked as for any firmware that is loaded from memory.
 */
static int fill_bounce(const struct psp_buffers *bufs, const struct psp_mapping *map, u32 pos,
		       u32 len)
{
	char origin[] = "/dev/sev";

	if (bufs->kernel)
		memcpy(map->bounce.virt, bufs->kernel + pos, len);
	else if (copy_from_user(map->bounce.virt, map->uaddr + pos, len))
		return -EFAULT;
	if (map->buf->kind != SEV_FW_BUF_IMAGE)
		return 0;
	return security_kernel_post_load_data(map->bounce.virt, len, LOADING_FIRMWARE, origin);
}

static int begin(struct psp_buffers *bufs, struct psp_mapping *map, u32 pos, u32 size,
		 struct psp_fw_block *fw)
{
	u64 at = (u64)map->offset + pos;
	u32 len = map->pages || map->bounce.virt ? min(map->len, size) : 0;
	int ret;

	if (map->buf->kind == SEV_FW_BUF_VMSA)
		return begin_vmsa(bufs, map, pos, fw);

	if (map->bounce.virt && map->buf->dir & SEV_FW_BUF_READ) {
		ret = fill_bounce(bufs, map, pos, len);
		if (ret)
			return ret;
	}
	if (map->buf->kind == SEV_FW_BUF_PRIVATE || map->buf->kind == SEV_FW_BUF_METADATA)
		return 0;

	/* a length of what is not there must not reach firmware */
	if (psp_len_in_block(map->buf))
		psp_fw_put32(fw, map->buf->len, len);
	psp_fwmem_hand_over(&map->bounce);
	if (map->bounce.virt)
		psp_fw_put_addr(fw, map->buf->addr, psp_addr_virt(map->bounce.virt));
	else if (map->pages)
		psp_fw_put_addr(fw, map->buf->addr,
				guest_address(map, map->pages[at >> PAGE_SHIFT],
					      offset_in_page(at)));
	return 0;
}

/**
 * psp_buffers_begin() - hand one slice to firmware
 * @bufs: buffers
 * @pos: bytes that are done
 * @size: bytes to be done now, from psp_buffers_slice()
 * @fw: receives addresses and lengths
 *
 * On failure too psp_buffers_end() is due.
 *
 * Return: 0, -EFAULT, what the guest's owner said of a vCPU, or what a security module
 * has against this firmware image.
 */
int psp_buffers_begin(struct psp_buffers *bufs, u32 pos, u32 size, struct psp_fw_block *fw)
{
	struct psp_mapping *map;
	int ret;

	bufs->from = pos;
	bufs->to = pos + size;
	for_each_mapping(map, bufs) {
		ret = begin(bufs, map, pos, size, fw);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * struct use - the firmware is asked once private pages are in place
 * @call: command
 * @in: buffer whose page becomes, or is, the guest's; NULL: there is none
 * @out: buffer whose page leaves the guest, likewise
 * @entry: buffer that is an entry about the page, likewise
 * @context: context page of the guest
 * @ask: asks the firmware
 * @arg: argument of @ask
 * @ret: result of @ask
 */
struct use {
	struct psp_call *call;
	struct psp_mapping *in;
	struct psp_mapping *out;
	struct psp_mapping *entry;
	const void *context;
	int (*ask)(void *arg);
	void *arg;
	int ret;
};

static void put_page_in(struct use *use, const struct psp_mapping *map, struct page *page)
{
	flush_pages(&page, 1);
	psp_fw_put_addr(&use->call->fw, map->buf->addr, psp_addr_page(page, 0));
}

/* A page for entries is made for what leaves the guest; what comes back has an entry. */
static int put_entry_in(struct use *use)
{
	struct psp_call *call = use->call;
	void *entry;

	if (!use->entry)
		return 0;
	entry = psp_metadata_entry(use->context, (unsigned long)use->entry->uaddr,
				   use->out ? &call->status : NULL);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	psp_fw_put_addr(&call->fw, use->entry->buf->addr, psp_addr_virt(entry));
	return 0;
}

/* The page has been looked at, so that nothing is made for a command that is refused. */
static void ask_about(struct use *use, const struct psp_mapping *map, struct page *page, u64 gpa)
{
	use->ret = put_entry_in(use);
	if (use->ret)
		return;
	put_page_in(use, map, page);
	use->call->gpa = gpa;
	use->ret = use->ask(use->arg);
}

/* Content that the firmware has corrected comes back in the bounce buffer. */
static void note_corrected(struct psp_mapping *map, const struct psp_call *call,
			   struct page *page)
{
	map->corrected = map->bounce.virt && call->status == SEV_FW_STATUS_INVALID_PARAM &&
			 memcmp(map->bounce.virt, page_address(page), PAGE_SIZE);
	if (map->corrected)
		memcpy(map->bounce.virt, page_address(page), PAGE_SIZE);
}

/*
 * Copies the content into a page that is not the guest's yet: a write to one that is would fault.
 * A page that the firmware keeps is reported as moved in: otherwise guest_memfd would clear it
 * before its next use, and that write would fault.
 */
static int use_new(struct page *page, u64 gpa, void *arg)
{
	struct use *use = arg;
	struct psp_mapping *map = use->in;
	struct psp_call *call = use->call;

	if (psp_fwmem_is_given(page))
		return -EEXIST;
	if (map->bounce.virt)
		memcpy(page_address(page), map->bounce.virt, PAGE_SIZE);
	ask_about(use, map, page, gpa);
	if (call->stuck) {
		psp_fwmem_lose_page(page);
		return 0;
	}
	/* it is the guest's, although the platform's keys, say, could not be saved */
	if (call->done)
		return 0;
	note_corrected(map, call, page);
	return use->ret;
}

/* A page that is the guest's, and stays so whatever the firmware says. */
static int use_present(struct page *page, u64 gpa, void *arg)
{
	struct use *use = arg;

	if (!psp_fwmem_is_given(page))
		return -ENOENT;
	ask_about(use, use->in, page, gpa);
	if (use->call->stuck && use->in->buf->dir & SEV_FW_BUF_WRITE)
		psp_fwmem_lose_page(page);
	return use->ret;
}

/*
 * A page that was the guest's, and that KVM takes for the host's already when it frees it: what
 * caches still hold of the guest must not be written over the next owner's data.
 */
static void flush_left(struct page *page)
{
	clflush_cache_range(page_address(page), PAGE_SIZE);
}

/* A page that is the guest's. If the firmware agrees it is the host's after that. */
static int use_leaving(struct page *page, u64 gpa, void *arg)
{
	struct use *use = arg;

	if (!psp_fwmem_is_given(page))
		return -ENOENT;
	ask_about(use, use->out, page, gpa);
	if (use->call->stuck)
		psp_fwmem_lose_page(page);
	if (!use->call->done)
		return use->ret;
	flush_left(page);
	return 0;
}

/* Both at once: the same page of the guest's, in another place. */
static int use_both(struct page *page, struct page *other, u64 gpa, void *arg)
{
	struct use *use = arg;

	if (!psp_fwmem_is_given(page))
		return -ENOENT;
	put_page_in(use, use->in, other);
	ask_about(use, use->out, page, gpa);
	if (use->call->stuck) {
		psp_fwmem_lose_page(page);
		psp_fwmem_lose_page(other);
	}
	if (!use->call->done)
		return use->ret;
	flush_left(page);
	return 0;
}

static int use_private(struct psp_guest *guest, struct use *use)
{
	const struct psp_guest_ops *ops = guest->ops;
	unsigned long in = use->in ? (unsigned long)use->in->uaddr : 0;
	unsigned long out = use->out ? (unsigned long)use->out->uaddr : 0;

	if (use->in && use->out)
		return in == out ? ops->replace(guest, out, use_both, use) : -EINVAL;
	if (use->out)
		return ops->move_out(guest, out, use_leaving, use);
	if (psp_moves_in(use->in->buf))
		return ops->move_in(guest, in, use_new, use);
	return ops->hold(guest, in, use_present, use);
}

/**
 * psp_buffers_use() - have the firmware asked, with private pages in place
 * @bufs: buffers, after psp_buffers_begin()
 * @call: command; receives the addresses of pages and entries
 * @ask: asks it
 * @arg: argument of @ask
 *
 * Context: process context. The host side holds what keeps private memory in place.
 * Return: as @ask, as what the host side has of private memory, or as psp_metadata_entry().
 */
int psp_buffers_use(struct psp_buffers *bufs, struct psp_call *call, int (*ask)(void *arg),
		    void *arg)
{
	struct use use = { .call = call, .ask = ask, .arg = arg };
	struct psp_mapping *map;
	int ret = 0;

	call->gpa = bufs->gpa;
	for_each_mapping(map, bufs) {
		if (psp_moves_out(map->buf))
			use.out = map;
		else if (map->buf->kind == SEV_FW_BUF_PRIVATE)
			use.in = map;
		else if (map->buf->kind == SEV_FW_BUF_METADATA)
			use.entry = map;
	}
	if (!use.in && !use.out)
		return ask(arg);
	use.context = bufs->guest->context;
	ret = use_private(bufs->guest, &use);
	return use.ret ?: ret;
}

static void end_vmsa(struct psp_buffers *bufs, struct psp_mapping *map, u32 pos,
		     const struct psp_call *call, int ret)
{
	struct psp_guest *guest = bufs->guest;

	if (!map->vmsa)
		return;
	if (call->stuck)
		psp_fwmem_lose_page(map->vmsa);
	/* a page that an SNP host has not got back must not be written to any more */
	guest->ops->give_back(guest, PSP_LENT_VMSA, map->vcpu + pos / SEV_FW_VMSA_SIZE,
			      (!ret || call->done || (call->stuck && guest->snp)) &&
			      map->buf->dir & SEV_FW_BUF_WRITE);
	map->vmsa = NULL;
}

static int copy_blob_out(const struct psp_buffers *bufs, const struct psp_mapping *map, u32 pos,
			 const struct psp_fw_block *fw)
{
	u32 len;

	if (!map->bounce.virt || !(map->buf->dir & SEV_FW_BUF_WRITE) ||
	    map->buf->kind == SEV_FW_BUF_PRIVATE)
		return 0;
	len = min(map->len - pos, map->buf->max);
	/* firmware may have written less */
	if (psp_len_in_block(map->buf))
		len = min(len, psp_fw_get32(fw, map->buf->len));
	if (bufs->kernel) {
		memcpy(bufs->kernel + pos, map->bounce.virt, len);
		return 0;
	}
	return copy_to_user(map->uaddr + pos, map->bounce.virt, len) ? -EFAULT : 0;
}

/*
 * The firmware corrects a table of CPUID that it does not accept. Its caller is told by the
 * status, so that a page that cannot be written any more is no other failure.
 */
static void copy_corrected_out(const struct psp_mapping *map)
{
	if (map->corrected && copy_to_user(map->uaddr, map->bounce.virt, PAGE_SIZE))
		return;
}

/**
 * psp_buffers_end() - one slice is over
 * @bufs: buffers
 * @pos: bytes that were done before
 * @call: command, as it came back
 * @ret: result of the command
 *
 * On success the caller gets what firmware has put out: nothing beyond the caller's
 * length, nor beyond what firmware says it wrote. Content that was to move into private
 * memory, and that the firmware has refused and corrected, comes back where it was.
 *
 * Return: @ret, or -EFAULT.
 */
int psp_buffers_end(struct psp_buffers *bufs, u32 pos, const struct psp_call *call, int ret)
{
	struct psp_mapping *map;

	for_each_mapping(map, bufs) {
		end_vmsa(bufs, map, pos, call, ret);
		if (!ret)
			ret = copy_blob_out(bufs, map, pos, &call->fw);
		else
			copy_corrected_out(map);
	}
	if (call->stuck && bufs->guest && bufs->guest->snp)
		bufs->guest->lost = true;
	return ret;
}
