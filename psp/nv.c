// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's persistent data, where it is not kept in flash: with init_ex_path
 * set, the platform is initialised by INIT_EX, which is given a buffer. This file
 * fills the buffer from a file before each INIT_EX, and writes the file whenever
 * the firmware may have changed the buffer.
 *
 * The file is the identity of the platform, so that:
 *  - nothing is overwritten that has not been read before, and is still the same;
 *  - a file that cannot be used keeps the platform down. Only a file that does not
 *    exist, in a directory that does, is an empty store;
 *  - a crash leaves the old content or the new one: NAME.new is written in the same
 *    directory, synced, and renamed;
 *  - data that could not be saved are kept here, and tried again; sysfs shows that.
 *
 * All of it is done by kernel threads: whoever causes a change may be killed while it
 * is saved, may have no permission to write there, a limit on the size of files,
 * another root or other mounts.
 *
 * Vocabulary: @base is what the file held when it was last read or written, @want is
 * what it ought to hold.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "psp.h"

#define NV_RETRY	(10 * HZ)

static char *init_ex_path;
module_param(init_ex_path, charp, 0444);
MODULE_PARM_DESC(init_ex_path, "file for the firmware's persistent data; the platform is then initialised by INIT_EX");

/* One user of the file at a time. Taken by kernel threads only; outer to psp->lock. */
static DEFINE_MUTEX(nv_lock);

/* A fault of the file: an errno, 0 if there is none, and a sentence. */
struct nv_fault {
	int error;
	const char *why;
};

/**
 * struct psp_store - the file, and what is known of it
 * @psp: PSP that it is for
 * @retry: tries again to save
 * @want: content that the file ought to have; under psp->lock
 * @unsaved: the file may have another one; under psp->lock
 * @base: content when the file was last read or written; under nv_lock
 * @exists: the file was there then; written under nv_lock
 * @unsynced: its name may still be the old content's on the disk; under nv_lock
 * @read: the file has been read; written under nv_lock
 * @found: the file's content now; under nv_lock
 * @copy: @want, while it is being written; under nv_lock
 * @load: why the platform cannot be initialised; written under nv_lock
 * @save: why the file could not be written; written under nv_lock
 */
struct psp_store {
	struct psp *psp;
	struct delayed_work retry;

	u8 want[PSP_NV_SIZE];
	bool unsaved;

	u8 base[PSP_NV_SIZE];
	bool exists;
	bool unsynced;
	bool read;
	u8 found[PSP_NV_SIZE + 1];
	u8 copy[PSP_NV_SIZE];
	struct nv_fault load;
	struct nv_fault save;
};

static int nv_fail(struct nv_fault *fault, int error, const char *why)
{
	fault->error = error;
	fault->why = why;
	return error;
}

/* One line in the log when it goes wrong, or goes wrong differently, and one at the end. */
static void nv_tell(struct nv_fault *known, const struct nv_fault *now, const char *what)
{
	if (now->error && (now->error != known->error || now->why != known->why))
		pr_err("init_ex_path=%s: %s, %s (error %d)\n", init_ex_path, what, now->why,
		       now->error);
	else if (!now->error && known->error)
		pr_info("init_ex_path=%s: no longer true: %s\n", init_ex_path, what);
	if (now->error)
		WRITE_ONCE(known->why, now->why);
	/* a reader of the error finds its sentence, or a later one's */
	smp_store_release(&known->error, now->error);
}

/* The directory that the file is to be made in. */
static int nv_directory(struct path *dir, struct nv_fault *fault)
{
	const char *slash = strrchr(init_ex_path, '/');
	char *name;
	int ret;

	name = kstrndup(init_ex_path, max_t(size_t, slash - init_ex_path, 1), GFP_KERNEL);
	if (!name)
		return nv_fail(fault, -ENOMEM, "there is no memory");
	ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, dir);
	kfree(name);
	if (ret == -ENOENT)
		return nv_fail(fault, ret,
			       "its directory does not exist, perhaps a file system is not mounted yet");
	return ret ? nv_fail(fault, ret, "its directory cannot be reached") : 0;
}

/* Is a file that cannot be found one that may be made? */
static int nv_missing(struct nv_fault *fault)
{
	struct path path;
	int ret;

	if (!kern_path(init_ex_path, 0, &path)) {
		path_put(&path);
		return nv_fail(fault, -ENOENT, "it is a symbolic link that leads nowhere");
	}
	ret = nv_directory(&path, fault);
	if (!ret)
		path_put(&path);
	return ret;
}

static int nv_find(struct path *path, struct nv_fault *fault)
{
	int ret;

	if (*init_ex_path != '/')
		return nv_fail(fault, -EINVAL, "the path does not begin with a slash");
	ret = kern_path(init_ex_path, LOOKUP_FOLLOW, path);
	if (ret)
		return ret == -ENOENT ? ret : nv_fail(fault, ret, "it cannot be reached");
	/* opening a device or a pipe would do something, or wait for somebody */
	if (d_is_dir(path->dentry))
		ret = nv_fail(fault, -EISDIR, "it is a directory");
	else if (!d_is_reg(path->dentry))
		ret = nv_fail(fault, -EINVAL, "it is not a regular file");
	/* another file cannot take its place: the mount would go on to show the old keys */
	else if (path->dentry == path->mnt->mnt_root)
		ret = nv_fail(fault, -EBUSY, "it is a mount point, mount its directory instead");
	if (ret)
		path_put(path);
	return ret;
}

static int nv_read_file(struct psp_store *store, struct file *file, struct nv_fault *fault)
{
	loff_t pos = 0;
	ssize_t got;

	do {
		got = kernel_read(file, store->found + pos, sizeof(store->found) - pos, &pos);
	} while (got > 0 && pos < sizeof(store->found));
	if (got < 0)
		return nv_fail(fault, got, "it cannot be read");
	if (!pos)
		return nv_fail(fault, -ENODATA, "it is empty, which no file of keys is");
	if (pos < PSP_NV_SIZE)
		return nv_fail(fault, -ENODATA, "it is shorter than 32768 bytes");
	if (pos > PSP_NV_SIZE)
		return nv_fail(fault, -EFBIG, "it is longer than 32768 bytes");
	return 0;
}

/* Fill @found. A file that does not exist, but could, reads as all ones. */
static int nv_read(struct psp_store *store, bool *missing, struct nv_fault *fault)
{
	struct path path;
	struct file *file;
	int ret;

	ret = nv_find(&path, fault);
	*missing = ret == -ENOENT;
	if (*missing) {
		memset(store->found, 0xff, sizeof(store->found));
		return nv_missing(fault);
	}
	if (ret)
		return ret;
	file = dentry_open(&path, O_RDONLY | O_LARGEFILE, current_cred());
	path_put(&path);
	if (IS_ERR(file))
		return nv_fail(fault, PTR_ERR(file), "it cannot be opened");
	ret = nv_read_file(store, file, fault);
	fput(file);
	return ret;
}

/* The name of the file, and its directory: those of the file that a link leads to. */
static int nv_target(struct path *dir, char *name, struct path *old, struct nv_fault *fault)
{
	int ret = nv_find(old, fault);

	if (ret && ret != -ENOENT)
		return ret;
	if (ret) {
		*old = (struct path){};
		strscpy(name, strrchr(init_ex_path, '/') + 1, NAME_MAX + 1);
		return nv_directory(dir, fault);
	}
	dir->mnt = mntget(old->mnt);
	dir->dentry = dget_parent(old->dentry);
	spin_lock(&old->dentry->d_lock);
	strscpy(name, old->dentry->d_name.name, NAME_MAX + 1);
	spin_unlock(&old->dentry->d_lock);
	return 0;
}

/* A NAME.new that is somebody else's, or is another file, too, is not touched. */
static struct file *nv_open_new(const struct path *dir, const char *name, kuid_t owner,
				struct nv_fault *fault)
{
	struct inode *inode;
	struct file *file;

	file = file_open_root(dir, name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE,
			      0600);
	if (IS_ERR(file)) {
		nv_fail(fault, PTR_ERR(file), "no file can be made in its directory");
		return NULL;
	}
	inode = file_inode(file);
	if (S_ISREG(inode->i_mode) && inode->i_nlink == 1 &&
	    (uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || uid_eq(inode->i_uid, owner)))
		return file;
	nv_fail(fault, -EEXIST, "there is a file of its name and .new that is not the driver's");
	fput(file);
	return NULL;
}

/* Mode and owner stay what the administrator has made them. */
static int nv_inherit(struct file *file, const struct path *old)
{
	struct inode *from = old->dentry ? d_inode(old->dentry) : NULL;
	struct iattr attr = { .ia_valid = ATTR_MODE | ATTR_UID | ATTR_GID };
	int ret;

	if (!from)
		return 0;
	attr.ia_mode = from->i_mode;
	attr.ia_vfsuid = i_uid_into_vfsuid(psp_idmap(file), from);
	attr.ia_vfsgid = i_gid_into_vfsgid(psp_idmap(file), from);
	inode_lock(file_inode(file));
	ret = notify_change(psp_idmap(file), file->f_path.dentry, &attr, NULL);
	inode_unlock(file_inode(file));
	return ret;
}

static int nv_write_new(struct psp_store *store, struct file *file, const struct path *old)
{
	loff_t pos = 0;
	ssize_t put;
	int ret;

	ret = vfs_truncate(&file->f_path, 0);
	if (ret)
		return ret;
	put = kernel_write(file, store->copy, PSP_NV_SIZE, &pos);
	if (put != PSP_NV_SIZE)
		return put < 0 ? put : -ENOSPC;
	ret = nv_inherit(file, old);
	return ret ?: vfs_fsync(file, 0);
}

/* The rename is on the disk once the directory is, if its file system has a way to ask that. */
static int nv_sync_directory(const struct path *dir)
{
	struct file *file = dentry_open(dir, O_RDONLY | O_DIRECTORY, current_cred());
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = file->f_op->fsync ? vfs_fsync(file, 0) : 0;
	fput(file);
	return ret;
}

static int nv_put_in_place(struct psp_store *store, const struct path *dir, struct file *file,
			   const char *name, struct nv_fault *fault)
{
	int ret = mnt_want_write(dir->mnt);

	if (!ret) {
		ret = psp_rename(file, name);
		mnt_drop_write(dir->mnt);
	}
	if (ret)
		return nv_fail(fault, ret, "the new content cannot be renamed to it");
	/* that is what the file holds now, although a crash may still undo it */
	memcpy(store->base, store->copy, PSP_NV_SIZE);
	WRITE_ONCE(store->exists, true);
	ret = nv_sync_directory(dir);
	store->unsynced = ret;
	return ret ? nv_fail(fault, ret, "its directory cannot be synced") : 0;
}

static int nv_write(struct psp_store *store, struct nv_fault *fault)
{
	char name[NAME_MAX + 1], new_name[NAME_MAX + 8];
	kuid_t owner = GLOBAL_ROOT_UID;
	struct path dir, old;
	struct file *file;
	int ret;

	ret = nv_target(&dir, name, &old, fault);
	if (ret)
		return ret;
	if (old.dentry)
		owner = d_inode(old.dentry)->i_uid;
	snprintf(new_name, sizeof(new_name), "%s.new", name);
	file = nv_open_new(&dir, new_name, owner, fault);
	if (!file) {
		ret = fault->error;
		goto out;
	}
	ret = nv_write_new(store, file, &old);
	if (ret) {
		/* half a file is of no use, and takes the space that is missing */
		vfs_truncate(&file->f_path, 0);
		nv_fail(fault, ret, "it cannot be written");
	} else {
		ret = nv_put_in_place(store, &dir, file, name, fault);
	}
	fput(file);
out:
	path_put(&old);
	path_put(&dir);
	return ret;
}

/* Only a file that still is what it was may be overwritten. */
static int nv_verify(struct psp_store *store, struct nv_fault *fault)
{
	bool missing;
	int ret = nv_read(store, &missing, fault);

	if (ret)
		return ret;
	if (missing && !store->exists)
		return 0;
	if (!missing && store->exists && !memcmp(store->found, store->base, PSP_NV_SIZE))
		return 0;
	/* a rename that has failed may have been done all the same */
	if (!missing && !memcmp(store->found, store->copy, PSP_NV_SIZE))
		return 0;
	return nv_fail(fault, -ESTALE, missing ? "it has vanished since it was read" :
		       "somebody else has changed it since it was read");
}

static int nv_save(struct psp *psp)
{
	struct psp_store *store = psp->store;
	struct nv_fault fault = {};
	bool unsaved;
	int ret = 0;

	lockdep_assert_held(&nv_lock);
	mutex_lock(&psp->lock);
	unsaved = store->unsaved;
	memcpy(store->copy, store->want, PSP_NV_SIZE);
	mutex_unlock(&psp->lock);
	if (!unsaved)
		return 0;

	if (!store->exists || store->unsynced ||
	    memcmp(store->copy, store->base, PSP_NV_SIZE))
		ret = nv_verify(store, &fault) ?: nv_write(store, &fault);
	nv_tell(&store->save, &fault, "the platform's keys are not saved");
	if (ret) {
		queue_delayed_work(system_freezable_wq, &store->retry, NV_RETRY);
		return ret;
	}
	mutex_lock(&psp->lock);
	store->unsaved = memcmp(store->want, store->copy, PSP_NV_SIZE);
	mutex_unlock(&psp->lock);
	return 0;
}

static void nv_retry(struct work_struct *work)
{
	struct psp_store *store = container_of(to_delayed_work(work), struct psp_store, retry);

	mutex_lock(&nv_lock);
	nv_save(store->psp);
	mutex_unlock(&nv_lock);
}

/*
 * Data that could not be saved yet counts more than the file, which is older. But a file
 * that was replaced since counts more than such data: an administrator wants that one.
 */
static void nv_take(struct psp *psp)
{
	struct psp_store *store = psp->store;

	lockdep_assert_held(&psp->lock);
	if (!store->unsaved || memcmp(store->found, store->base, PSP_NV_SIZE)) {
		memcpy(store->want, store->found, PSP_NV_SIZE);
		store->unsaved = false;
	}
	memcpy(store->base, store->found, PSP_NV_SIZE);
	memcpy(psp->nv.virt, store->want, PSP_NV_SIZE);
	psp->nv_fresh = true;
}

static int nv_load(struct psp *psp)
{
	struct psp_store *store = psp->store;
	struct psp_fwmem fresh = {};
	struct nv_fault fault = {};
	bool missing;
	int ret;

	lockdep_assert_held(&nv_lock);
	ret = nv_read(store, &missing, &fault);
	if (!ret && missing && store->exists)
		ret = nv_fail(&fault, -ENOENT,
			      "it has vanished: mount its file system, or load psp_sev anew for new keys");
	nv_tell(&store->load, &fault, "the platform stays down");
	if (ret)
		return -ENODATA;
	/* may be wanted: which pages the firmware has is known only under the lock */
	if (psp->snp)
		psp_fwmem_alloc(&fresh, PSP_NV_SIZE, GFP_KERNEL | __GFP_NOWARN);
	mutex_lock(&psp->lock);
	/* with SNP nobody but the firmware can write to what it has not given back */
	if (!psp->up && psp_fwmem_in_rmp(&psp->nv)) {
		if (!fresh.virt)
			ret = -ENOMEM;
		else
			swap(psp->nv, fresh);
	}
	if (!psp->up && !ret) {
		nv_take(psp);
		WRITE_ONCE(store->exists, !missing);
		WRITE_ONCE(store->read, true);
	}
	mutex_unlock(&psp->lock);
	psp_fwmem_free(&fresh);
	return ret;
}

/* There may be a file system yet to be mounted, so nothing is made now that can wait. */
static int nv_load_early(struct psp *psp)
{
	struct nv_fault fault = {};
	bool missing;
	int ret = nv_read(psp->store, &missing, &fault);

	return !ret && missing ? -EAGAIN : nv_load(psp);
}

struct nv_job {
	struct work_struct work;
	int (*run)(struct psp *psp);
	struct psp *psp;
	int ret;
};

static void nv_work(struct work_struct *work)
{
	struct nv_job *job = container_of(work, struct nv_job, work);

	mutex_lock(&nv_lock);
	job->ret = job->run(job->psp);
	mutex_unlock(&nv_lock);
}

static int nv_run(struct psp *psp, int (*run)(struct psp *psp))
{
	struct nv_job job = { .run = run, .psp = psp };

	INIT_WORK_ONSTACK(&job.work, nv_work);
	schedule_work(&job.work);
	flush_work(&job.work);
	destroy_work_on_stack(&job.work);
	return job.ret;
}

/**
 * psp_nv_init() - get the buffer for INIT_EX, if init_ex_path is set
 * @psp: PSP
 *
 * The file is not looked at: it may be on a file system that is yet to be mounted.
 *
 * Context: process context.
 * Return: 0 or -ENOMEM.
 */
int psp_nv_init(struct psp *psp)
{
	struct psp_store *store;

	if (!init_ex_path || !*init_ex_path || psp->nv.virt)
		return 0;

	store = kvzalloc(sizeof(*store), GFP_KERNEL);
	if (!store)
		return -ENOMEM;
	store->psp = psp;
	INIT_DELAYED_WORK(&store->retry, nv_retry);
	if (psp_fwmem_alloc(&psp->nv, PSP_NV_SIZE, GFP_KERNEL)) {
		kvfree(store);
		return -ENOMEM;
	}
	/* sysfs may be looking */
	smp_store_release(&psp->store, store);
	return 0;
}

/**
 * psp_nv_load() - read the file, for the next INIT_EX or PLATFORM_RESET
 * @psp: PSP that has an NV buffer
 * @early: a file that does not exist is not to be made yet
 *
 * Sets psp->nv_fresh, unless the platform is initialised meanwhile.
 *
 * Context: process context, without psp->lock, sleeps.
 * Return: 0; -ENODATA (the file cannot be used, the log and sysfs say why); -EAGAIN
 * (@early, and there is no file).
 */
int psp_nv_load(struct psp *psp, bool early)
{
	return nv_run(psp, early ? nv_load_early : nv_load);
}

/**
 * psp_nv_collect() - the firmware has changed its persistent data
 * @psp: PSP that has an NV buffer
 *
 * Context: psp->lock held; psp_nv_save() must follow once it is not.
 */
void psp_nv_collect(struct psp *psp)
{
	lockdep_assert_held(&psp->lock);
	memcpy(psp->store->want, psp->nv.virt, PSP_NV_SIZE);
	psp->store->unsaved = true;
}

/**
 * psp_nv_save() - write the file, if it does not hold what it ought to
 * @psp: PSP
 *
 * A failure is logged, is shown in sysfs, and is retried every ten seconds.
 *
 * Context: process context, without psp->lock, sleeps until it is on the disk.
 * Return: 0; -ESTALE (it is not the file that was read); or what the file system said.
 */
int psp_nv_save(struct psp *psp)
{
	return psp->store ? nv_run(psp, nv_save) : 0;
}

/**
 * psp_nv_show() - is the file what it ought to be?
 * @psp: PSP
 * @buf: a page for the answer
 *
 * Return: its length.
 */
int psp_nv_show(struct psp *psp, char *buf)
{
	const struct psp_store *store = psp->store;
	const struct nv_fault *fault;
	int error;

	if (!store)
		return sysfs_emit(buf, "flash\n");
	fault = READ_ONCE(store->load.error) ? &store->load : &store->save;
	/* pairs with nv_tell() */
	error = smp_load_acquire(&fault->error);
	if (error)
		return sysfs_emit(buf, "%s %s: %s (error %d)\n", init_ex_path,
				  fault == &store->load ? "cannot be used" : "is not saved",
				  READ_ONCE(fault->why), error);
	if (!READ_ONCE(store->read))
		return sysfs_emit(buf, "%s has not been read yet\n", init_ex_path);
	return sysfs_emit(buf, "%s %s\n", init_ex_path,
			  READ_ONCE(store->exists) ? "is saved" : "does not exist yet");
}

/**
 * psp_nv_keeps_down() - is the file why the platform could not be initialised?
 * @psp: PSP
 *
 * Return: true if so; psp_nv_show() then has the reason.
 */
bool psp_nv_keeps_down(const struct psp *psp)
{
	const struct psp_store *store = psp->store;

	return store && (READ_ONCE(store->load.error) ||
			 (READ_ONCE(store->save.error) && !READ_ONCE(psp->up)));
}

/**
 * psp_nv_tell_lost() - the last chance to save what was left unsaved is over
 * @psp: PSP that is not used any more
 *
 * Context: process context, takes psp->lock.
 */
void psp_nv_tell_lost(struct psp *psp)
{
	bool unsaved;

	if (!psp->store)
		return;
	mutex_lock(&psp->lock);
	unsaved = psp->store->unsaved;
	mutex_unlock(&psp->lock);
	if (unsaved)
		pr_err("init_ex_path=%s: keys of the platform that could not be saved are lost\n",
		       init_ex_path);
}

/**
 * psp_nv_exit() - release what psp_nv_init() took
 * @psp: PSP; if the firmware still owns the buffer, it is leaked
 */
void psp_nv_exit(struct psp *psp)
{
	if (psp->store)
		cancel_delayed_work_sync(&psp->store->retry);
	psp_nv_tell_lost(psp);
	psp_fwmem_free(&psp->nv);
	kvfree(psp->store);
	psp->store = NULL;
}
