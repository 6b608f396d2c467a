// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware's persistent data, where it is not kept in flash: with init_ex_path set,
 * firmware is initialised by INIT_EX and handed a buffer, which this file fills
 * from a file before, and writes back to it whenever firmware may have changed it.
 *
 * A missing file is an empty store. A file of another size is somebody else's, and
 * is neither used nor overwritten.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "psp.h"

static char *init_ex_path;
module_param(init_ex_path, charp, 0444);
MODULE_PARM_DESC(init_ex_path, "file for firmware's persistent data; firmware is then initialised by INIT_EX");

/* One writer of the file at a time. Inner to guests' locks, outer to psp->lock. */
static DEFINE_MUTEX(nv_lock);

/* The path is the administrator's: it means the same at any time. */
static struct file *nv_open(int flags)
{
	struct path root;
	struct file *file;

	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	file = file_open_root(&root, init_ex_path, flags, 0600);
	path_put(&root);
	return file;
}

static int nv_read(struct psp *psp)
{
	struct file *file = nv_open(O_RDONLY);
	loff_t pos = 0;
	ssize_t got;

	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOENT ? 0 : PTR_ERR(file);
	got = i_size_read(file_inode(file)) == PSP_NV_SIZE ?
	      kernel_read(file, psp->nv, PSP_NV_SIZE, &pos) : -EFBIG;
	fput(file);
	if (got == PSP_NV_SIZE)
		return 0;
	return got < 0 ? got : -EIO;
}

static int nv_write(struct psp *psp)
{
	struct file *file = nv_open(O_CREAT | O_WRONLY | O_DSYNC);
	loff_t pos = 0;
	ssize_t put;

	if (IS_ERR(file))
		return PTR_ERR(file);
	put = kernel_write(file, psp->nv_copy, PSP_NV_SIZE, &pos);
	fput(file);
	if (put == PSP_NV_SIZE)
		return 0;
	return put < 0 ? put : -EIO;
}

static void nv_work(struct work_struct *work)
{
	struct psp *psp = container_of(work, struct psp, nv_work);
	int ret;

	mutex_lock(&nv_lock);
	mutex_lock(&psp->lock);
	memcpy(psp->nv_copy, psp->nv, PSP_NV_SIZE);
	mutex_unlock(&psp->lock);
	ret = nv_write(psp);
	if (ret)
		pr_err("the platform's keys could not be saved to %s, error %d\n", init_ex_path,
		       ret);
	mutex_lock(&psp->lock);
	WRITE_ONCE(psp->nv_unsaved, ret);
	mutex_unlock(&psp->lock);
	mutex_unlock(&nv_lock);
}

/**
 * psp_nv_init() - get the buffer for INIT_EX, if that is wanted
 * @psp: PSP
 *
 * Context: process context.
 * Return: 0, -ENOMEM, -EFBIG (file of a wrong size), or what reading the file said.
 */
int psp_nv_init(struct psp *psp)
{
	int ret;

	if (!init_ex_path || !*init_ex_path || psp->nv)
		return 0;

	INIT_WORK(&psp->nv_work, nv_work);
	psp->nv = alloc_pages_exact(PSP_NV_SIZE, GFP_KERNEL);
	psp->nv_copy = kvmalloc(PSP_NV_SIZE, GFP_KERNEL);
	if (!psp->nv || !psp->nv_copy) {
		psp_nv_exit(psp);
		return -ENOMEM;
	}

	memset(psp->nv, 0xff, PSP_NV_SIZE);
	ret = nv_read(psp);
	if (ret) {
		pr_err("init_ex_path=%s cannot be used, error %d: it must be a file of %d bytes, or not exist\n",
		       init_ex_path, ret, PSP_NV_SIZE);
		psp_nv_exit(psp);
	}
	return ret;
}

/**
 * psp_nv_save() - write firmware's persistent data to the file
 * @psp: PSP that has an NV buffer
 *
 * Whoever caused the change may be killed while this goes on, may not be permitted to
 * write there, or may have a limit on the size of files: the file is none of that
 * task's business, so a kernel thread writes it.
 *
 * Context: process context, without psp->lock, sleeps until it has been written.
 */
void psp_nv_save(struct psp *psp)
{
	schedule_work(&psp->nv_work);
	flush_work(&psp->nv_work);
}

/**
 * psp_nv_save_at_last() - try once more what could not be written
 * @psp: PSP that will not be used any more
 *
 * Not for one that sleeps, or is shut down with the machine: there may be no disk any
 * more that would answer.
 *
 * Context: process context, without psp->lock, sleeps.
 */
void psp_nv_save_at_last(struct psp *psp)
{
	if (psp->nv && READ_ONCE(psp->nv_unsaved) && psp->end != PSP_DEAD)
		psp_nv_save(psp);
}

/**
 * psp_nv_exit() - release what psp_nv_init() took
 * @psp: PSP; if it has not let go of it, it keeps the buffer
 */
void psp_nv_exit(struct psp *psp)
{
	if (psp->nv && !psp_keeps_memory(psp))
		free_pages_exact(psp->nv, PSP_NV_SIZE);
	psp->nv = NULL;
	kvfree(psp->nv_copy);
	psp->nv_copy = NULL;
}
