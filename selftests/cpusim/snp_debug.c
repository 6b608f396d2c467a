// SPDX-License-Identifier: GPL-2.0
/*
 * SNP for tests, in debugfs, directory sev_cpu_sim:
 *
 *  pages	how many pages are in which state, a line each; none is listed as 0
 *  stats	struct sim_snp_stats, a line for each member
 *  execute	a test writes one of these lines, and reads the result, in decimal, from
 *		the same open file:
 *		  rmpupdate ADDRESS GPA ASID ASSIGNED PAGESIZE IMMUTABLE
 *		  psmash ADDRESS
 *		  store ADDRESS		writes back the byte that is there; 0 or -EFAULT
 *		  refs ADDRESS		references to the page; 0 if it is free
 *		  hold ADDRESS		the same, after one more that is never dropped
 *		  lock ADDRESS		as while a guest's instruction changes the entry of the
 *					page; 0, or -ENOENT: it is nobody's
 *		  unlock ADDRESS	as after that
 *		Numbers are as C has them. They are executed by the CPU that writes, as a
 *		hostile or faulty host would; results of the first two are RMP_*. "refs" and
 *		"hold" are about the kernel's own knowledge.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "sim.h"

static struct dentry *directory;

static int pages_show(struct seq_file *seq, void *unused)
{
	const struct rmp *table = sim_snp_table();
	unsigned long counts[RMP_STATES] = { 0 };
	struct rmp_page page;
	unsigned int state;
	u64 pfn;

	for (pfn = 0; table && pfn < table->pages; pfn++) {
		if (!(pfn % RMP_PAGES_2M))
			cond_resched();
		/* Most are so. The rest of a large page has entries, too. */
		if (!table->entries[2 * pfn] && !table->entries[2 * pfn + 1])
			counts[RMP_HYPERVISOR]++;
		else if (rmp_lookup(table, pfn * RMP_4K, &page))
			counts[rmp_state(&page)]++;
	}
	for (state = RMP_HYPERVISOR; state < RMP_STATES; state++)
		seq_printf(seq, "%s %lu\n", rmp_state_name(state), counts[state]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pages);

static int stats_show(struct seq_file *seq, void *unused)
{
	struct sim_snp_stats *s = &sim_snp_stats;

	seq_printf(seq, "updates %ld\nsmashes %ld\nrefused %ld\n", atomic_long_read(&s->updates),
		   atomic_long_read(&s->smashes), atomic_long_read(&s->refused));
	seq_printf(seq, "user_mapped %ld\nhuge_mapped %ld\nunmapped %ld\n",
		   atomic_long_read(&s->user_mapped), atomic_long_read(&s->huge_mapped),
		   atomic_long_read(&s->unmapped));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* As the kernel's assembler may not know them. */
static int rmpupdate(u64 addr, const void *operand)
{
	int result;

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfe"
		     : "=a" (result) : "a" (addr), "c" (operand) : "memory", "cc");
	return result;
}

static int psmash(u64 addr)
{
	int result;

	asm volatile(".byte 0xf3, 0x0f, 0x01, 0xff"
		     : "=a" (result) : "a" (addr) : "memory", "cc");
	return result;
}

static int store(u64 addr)
{
	u8 *at = __va(addr), byte;

	if (!pfn_valid(addr / PAGE_SIZE))
		return -EINVAL;
	__get_kernel_nofault(&byte, at, u8, fault);
	__put_kernel_nofault(at, &byte, u8, fault);
	return 0;

fault:
	return -EFAULT;
}

static int refs(u64 addr, bool hold)
{
	struct page *page;

	if (!pfn_valid(addr / PAGE_SIZE))
		return -EINVAL;
	page = pfn_to_page(addr / PAGE_SIZE);
	if (hold && !get_page_unless_zero(page))
		return 0;
	return page_ref_count(page);
}

/* Return: whether the line was understood. */
static bool execute_line(const char *line, int *result)
{
	struct {
		u64 gpa;
		u8 assigned, pagesize, immutable, reserved;
		u32 asid;
	} operand = { 0 };
	u64 addr;

	if (sscanf(line, "rmpupdate %lli %lli %i %hhi %hhi %hhi", &addr, &operand.gpa,
		   &operand.asid, &operand.assigned, &operand.pagesize, &operand.immutable) == 6)
		*result = rmpupdate(addr, &operand);
	else if (sscanf(line, "psmash %lli", &addr) == 1)
		*result = psmash(addr);
	else if (sscanf(line, "store %lli", &addr) == 1)
		*result = store(addr);
	else if (sscanf(line, "refs %lli", &addr) == 1)
		*result = refs(addr, false);
	else if (sscanf(line, "hold %lli", &addr) == 1)
		*result = refs(addr, true);
	else if (sscanf(line, "lock %lli", &addr) == 1)
		*result = sim_snp_set_locked(addr, true);
	else if (sscanf(line, "unlock %lli", &addr) == 1)
		*result = sim_snp_set_locked(addr, false);
	else
		return false;
	return true;
}

static ssize_t execute_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	char line[160];
	int result;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, size))
		return -EFAULT;
	line[size] = '\0';
	if (!execute_line(line, &result))
		return -EINVAL;
	file->private_data = (void *)(long)result;
	*pos = 0;
	return size;
}

static ssize_t execute_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	char text[16];
	int length = scnprintf(text, sizeof(text), "%ld\n", (long)file->private_data);

	return simple_read_from_buffer(user, size, pos, text, length);
}

static int execute_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static const struct file_operations execute_fops = {
	.owner = THIS_MODULE,
	.open = execute_open,
	.read = execute_read,
	.write = execute_write,
};

void sim_snp_debug_start(void)
{
	directory = debugfs_create_dir("sev_cpu_sim", NULL);
	debugfs_create_file("pages", 0400, directory, NULL, &pages_fops);
	debugfs_create_file("stats", 0400, directory, NULL, &stats_fops);
	debugfs_create_file("execute", 0600, directory, NULL, &execute_fops);
}

void sim_snp_debug_stop(void)
{
	debugfs_remove_recursive(directory);
}
