/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between kernel versions, for psp_sev.ko. No other file of it
 * tests LINUX_VERSION_CODE.
 */
#ifndef PSP_COMPAT_H
#define PSP_COMPAT_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/version.h>

/*
 * The argument with which kvm_amd asks for initialisation, the place in there of the
 * firmware's status, and whether kvm_amd only prepares for guests; the functions that
 * kvm_amd needs in addition; and the headers without which modversions would differ,
 * see export.c.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/amd-iommu.h>
#include <linux/bitfield.h>
#include <linux/crash_dump.h>
#include <linux/panic_notifier.h>
#include <linux/psp-platform-access.h>
#include <linux/psp.h>
#include <asm/e820/types.h>
#include <asm/sev.h>
#define PSP_INIT_ARGS		struct sev_platform_init_args
#define psp_init_status(args)	(&(args)->error)
#define psp_init_may_wait(args)	((args)->probe)
#define PSP_EXPORTS_OF_6_9
/* Not every kernel of this age has the declaration. */
void sev_platform_shutdown(void);
#else
#define PSP_INIT_ARGS		int
#define psp_init_status(args)	(args)
#define psp_init_may_wait(args)	false
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/kprobes.h>
#include <asm/cpuid/api.h>
#define PSP_EXPORTS_OF_7_2
#endif

/*
 * SNP. A kernel is a host for it from 6.11 on; older ones know nothing of it, but may run
 * where a newer one has switched it on.
 *
 * Whether a page is in the RMP, how it is given to the firmware, and how it is taken back
 * once it is in Reclaim: 0, or a positive result of RMPUPDATE. That one is asked without
 * the kernel's function for it, which is loud if the page is still the firmware's; here
 * this is only a question.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/cc_platform.h>
#define psp_kernel_has_snp()	cc_platform_has(CC_ATTR_HOST_SEV_SNP)
#else
#define psp_kernel_has_snp()	false
#endif

/* What must come before SNP_INIT_EX: 0 or a negative errno. May be repeated. */
typedef int psp_snp_prepare_t(void);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
struct psp_rmpupdate {
	u64 gpa;
	u8 assigned;
	u8 large;
	u8 immutable;
	u8 reserved;
	u32 asid;
};

static inline bool psp_rmp_assigned(u64 pfn)
{
	bool assigned;
	int level;

	return !snp_lookup_rmpentry(pfn, &assigned, &level) && assigned;
}

static inline int psp_rmp_give(u64 pfn, bool large)
{
	return rmp_make_private(pfn, 0, large ? PG_LEVEL_2M : PG_LEVEL_4K, 0, true);
}

static inline int psp_rmp_give_guest(u64 pfn, u64 gpa, u32 asid)
{
	return rmp_make_private(pfn, gpa, PG_LEVEL_4K, asid, true);
}

/* RMPUPDATE, which assemblers do not know. The kernel's own dumps its stack where it fails. */
static inline int psp_rmp_update(u64 pfn, const struct psp_rmpupdate *update)
{
	u64 result;

	asm volatile(".byte 0xf2, 0x0f, 0x01, 0xfe" : "=a" (result)
		     : "a" (pfn << PAGE_SHIFT), "c" (update) : "memory", "cc");
	return result;
}

static inline int psp_rmp_take(u64 pfn, bool large)
{
	const struct psp_rmpupdate update = { .large = large };

	return psp_rmp_update(pfn, &update);
}

/*
 * A page that is the guest's already becomes immutable, so that the direct map is as it must be.
 * The guest can make this fail, while it changes the entry itself.
 */
static inline int psp_rmp_hold_guest(u64 pfn, u64 gpa, u32 asid)
{
	const struct psp_rmpupdate update = {
		.gpa = gpa, .assigned = 1, .immutable = 1, .asid = asid,
	};

	return psp_rmp_update(pfn, &update);
}

#define psp_iommu_snp_disable()	amd_iommu_snp_disable()

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#ifdef MODULE
/*
 * Since 7.2 SNP is switched on by a function that the kernel gives to a module of ccp's name
 * alone. A kprobe tells where a function is, or is behind its ENDBR, which no processor that
 * has a PSP looks for; but a caller that checks types of functions (CFI) finds none there.
 * Return: the function, or NULL.
 */
static inline psp_snp_prepare_t *psp_find_snp_prepare(void)
{
	struct kprobe probe = { .symbol_name = "snp_prepare" };

	if (IS_ENABLED(CONFIG_CFI) || IS_ENABLED(CONFIG_CFI_CLANG) || register_kprobe(&probe))
		return NULL;
	unregister_kprobe(&probe);
	return (void *)probe.addr;
}
#else
static inline psp_snp_prepare_t *psp_find_snp_prepare(void)
{
	return snp_prepare;
}
#endif
#else
/* The kernel has done it at boot. */
static inline int psp_snp_is_prepared(void)
{
	return 0;
}

static inline psp_snp_prepare_t *psp_find_snp_prepare(void)
{
	return psp_snp_is_prepared;
}
#endif
#else
static inline psp_snp_prepare_t *psp_find_snp_prepare(void)
{
	return NULL;
}

static inline bool psp_rmp_assigned(u64 pfn) { return false; }
static inline int psp_rmp_give(u64 pfn, bool large) { return -EOPNOTSUPP; }
static inline int psp_rmp_give_guest(u64 pfn, u64 gpa, u32 asid) { return -EOPNOTSUPP; }
static inline int psp_rmp_hold_guest(u64 pfn, u64 gpa, u32 asid) { return -EOPNOTSUPP; }
static inline int psp_rmp_take(u64 pfn, bool large) { return -EOPNOTSUPP; }
static inline int psp_iommu_snp_disable(void) { return 0; }
#endif

/* A built-in kvm_amd calls this function since 6.12; the kernel declares it for ccp only. */
#ifndef MODULE
int sev_module_init(void);
#endif

/* struct fd has no members for others to look at since 6.12. */
#ifndef fd_file
#define fd_file(fd)	((fd).file)
#endif

/* The source of a string is noted by __string() since 6.10. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define psp_assign_str(dst, src)	__assign_str(dst)
#else
#define psp_assign_str(dst, src)	__assign_str(dst, src)
#endif

/* How the ids of a mount are mapped is a type of its own since 6.3. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define psp_idmap(file)		file_mnt_idmap(file)
#else
#define psp_idmap(file)		file_mnt_user_ns(file)
#endif

/*
 * psp_rename(): give an open file another name in its directory, in place of what has
 * that name. The caller has the right to write to the mount.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline int psp_rename(struct file *file, const char *name)
{
	struct dentry *dir = dget_parent(file->f_path.dentry);
	struct renamedata rename = {
		.mnt_idmap = psp_idmap(file), .old_parent = dir, .new_parent = dir,
	};
	struct qstr to = QSTR(name);
	int ret = start_renaming_dentry(&rename, 0, file->f_path.dentry, &to);

	if (!ret) {
		ret = vfs_rename(&rename);
		end_renaming(&rename);
	}
	dput(dir);
	return ret;
}
#else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define PSP_RENAME_IDMAPS(idmap)	.old_mnt_idmap = (idmap), .new_mnt_idmap = (idmap)
#else
#define PSP_RENAME_IDMAPS(idmap)	.old_mnt_userns = (idmap), .new_mnt_userns = (idmap)
#endif
static inline int psp_rename(struct file *file, const char *name)
{
	struct dentry *from = file->f_path.dentry, *dir = dget_parent(from), *to;
	struct renamedata rename = {
		PSP_RENAME_IDMAPS(psp_idmap(file)),
		.old_dir = d_inode(dir), .old_dentry = from, .new_dir = d_inode(dir),
	};
	int ret = -ENOENT;

	lock_rename(dir, dir);
	/* the file may have been moved or deleted before the lock was taken */
	if (from->d_parent == dir && !d_unhashed(from)) {
		to = lookup_one_len(name, dir, strlen(name));
		ret = PTR_ERR_OR_ZERO(to);
		if (!ret) {
			rename.new_dentry = to;
			ret = vfs_rename(&rename);
			dput(to);
		}
	}
	unlock_rename(dir, dir);
	dput(dir);
	return ret;
}
#endif

#endif /* PSP_COMPAT_H */
