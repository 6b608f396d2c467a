/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between kernel versions, for psp_sev.ko. No other file of it
 * tests LINUX_VERSION_CODE.
 */
#ifndef PSP_COMPAT_H
#define PSP_COMPAT_H

#include <linux/file.h>
#include <linux/version.h>

/*
 * What kvm_amd asks for initialisation with, where in there it looks for firmware's
 * status, and whether it only wants to be ready for guests; the functions that it
 * needs in addition; and the headers without which modversions would differ, see
 * export.c.
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
#include <asm/cpuid/api.h>
#define PSP_EXPORTS_OF_7_2
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

#endif /* PSP_COMPAT_H */
