// SPDX-License-Identifier: GPL-2.0
/*
 * KCOV for a kernel that has none: the addresses that one task comes by in modules that are
 * built by "scripts/build-modules --cover", in memory that it shares with that task. The file in
 * debugfs has the name and the ioctls of the kernel's own, so that its user need not know which
 * one it is; but there can be one user at a time. A second file, sev_cover, has the addresses that
 * anybody has come by since the modules were loaded, interrupts and kernel threads among them.
 *
 * The compiler puts a call of __sanitizer_cov_trace_pc() wherever code can go another way. The
 * call must find out with few instructions that nobody wants to know, and must not lead into
 * anything that is itself built that way.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kcov.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "sev_cover.h"

#ifdef CONFIG_KCOV
#error "this kernel has KCOV"
#endif

#define MAX_WORDS	SZ_4M
#define SEEN		SZ_4M	/* bytes of code, of all modules together */
#define MAX_PLACES	16384

/*
 * The one user's; written with @lock held. The memory stays until the file is closed, which its
 * mappings prevent. A child has the file and the mappings, too, and may be the one that closes
 * the file, while the task still notes: preemption is off then, and whoever closes the file waits.
 * There is a reference to the task, since after its end there could be another one at its address.
 */
static struct {
	struct mutex lock;	/* protects all that follows from other files' operations */
	bool taken;
	unsigned long *area;
	unsigned long words;
	struct task_struct *task;
} cover = { .lock = __MUTEX_INITIALIZER(cover.lock) };

/*
 * Anybody's. Two places whose addresses differ by a multiple of @seen's size count as one; the
 * modules are loaded one after the other, and are smaller by far.
 */
static u8 seen[SEEN];
static unsigned long places[MAX_PLACES];
static atomic_t count;

static void notrace note_first(unsigned long place)
{
	int at;

	WRITE_ONCE(seen[place % SEEN], 1);
	at = atomic_fetch_inc(&count);
	if (at < MAX_PLACES)
		WRITE_ONCE(places[at], place);
}

/* The task itself, with preemption off. */
static void notrace note(unsigned long place)
{
	unsigned long *area = cover.area, at = READ_ONCE(area[0]) + 1;

	if (at >= cover.words)
		return;
	WRITE_ONCE(area[0], at);
	barrier();	/* an interrupt's own note must not come in between */
	area[at] = place;
}

void notrace __sanitizer_cov_trace_pc(void)
{
	if (unlikely(!READ_ONCE(seen[_RET_IP_ % SEEN])))
		note_first(_RET_IP_);
	if (current != READ_ONCE(cover.task) || !in_task())
		return;
	preempt_disable_notrace();
	if (current == READ_ONCE(cover.task))
		note(_RET_IP_);
	barrier();
	/* without a look for a task to switch to: user memory may be open here */
	__preempt_count_sub(PREEMPT_DISABLE_OFFSET);
}
EXPORT_SYMBOL(__sanitizer_cov_trace_pc);

static int cover_open(struct inode *inode, struct file *file)
{
	int ret = 0;

	mutex_lock(&cover.lock);
	if (cover.taken)
		ret = -EBUSY;
	cover.taken = true;
	mutex_unlock(&cover.lock);
	return ret ?: nonseekable_open(inode, file);
}

/* @lock held. */
static void forget_task(void)
{
	struct task_struct *task = cover.task;

	WRITE_ONCE(cover.task, NULL);
	if (task)
		put_task_struct(task);
}

static int cover_release(struct inode *inode, struct file *file)
{
	mutex_lock(&cover.lock);
	forget_task();
	synchronize_rcu();
	vfree(cover.area);
	cover.area = NULL;
	cover.taken = false;
	mutex_unlock(&cover.lock);
	return 0;
}

static int cover_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = -EINVAL;

	mutex_lock(&cover.lock);
	if (cover.area && !vma->vm_pgoff)
		ret = remap_vmalloc_range(vma, cover.area, 0);
	mutex_unlock(&cover.lock);
	return ret;
}

static int init_trace(unsigned long words)
{
	if (cover.area)
		return -EBUSY;
	if (words < 2 || words > MAX_WORDS)
		return -EINVAL;
	cover.area = vmalloc_user(words * sizeof(*cover.area));
	cover.words = words;
	return cover.area ? 0 : -ENOMEM;
}

static int switch_on(unsigned long mode)
{
	if (!cover.area || cover.task)
		return -EBUSY;
	if (mode != KCOV_TRACE_PC)
		return -EINVAL;
	WRITE_ONCE(cover.task, get_task_struct(current));
	return 0;
}

static int switch_off(void)
{
	if (cover.task != current)
		return -EINVAL;
	forget_task();
	return 0;
}

static long cover_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	long ret = -ENOTTY;

	mutex_lock(&cover.lock);
	switch (request) {
	case KCOV_INIT_TRACE:
		ret = init_trace(arg);
		break;
	case KCOV_ENABLE:
		ret = switch_on(arg);
		break;
	case KCOV_DISABLE:
		ret = switch_off();
		break;
	}
	mutex_unlock(&cover.lock);
	return ret;
}

static const struct file_operations cover_fops = {
	.owner = THIS_MODULE,
	.open = cover_open,
	.release = cover_release,
	.mmap = cover_mmap,
	.unlocked_ioctl = cover_ioctl,
	.compat_ioctl = cover_ioctl,
};

static int all_show(struct seq_file *m, void *unused)
{
	int n = min(atomic_read(&count), MAX_PLACES), i;

	for (i = 0; i < n; i++)
		seq_printf(m, "%#lx\n", READ_ONCE(places[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(all);

static struct dentry *files[2];

static int __init cover_init(void)
{
	/* debugfs's own operations have no mmap() */
	files[0] = debugfs_create_file_unsafe("kcov", 0600, NULL, NULL, &cover_fops);
	files[1] = debugfs_create_file("sev_cover", 0400, NULL, NULL, &all_fops);
	return PTR_ERR_OR_ZERO(files[0]);
}

static void __exit cover_exit(void)
{
	debugfs_remove(files[0]);
	debugfs_remove(files[1]);
}

module_init(cover_init);
module_exit(cover_exit);
MODULE_DESCRIPTION("Code that a task reaches in modules that are built for it");
MODULE_LICENSE("GPL");
