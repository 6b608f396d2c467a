/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between kernel versions, for psp_sev.ko. No other file of it
 * tests LINUX_VERSION_CODE.
 */
#ifndef PSP_COMPAT_H
#define PSP_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/psp.h>
#endif

/* The source of a string is noted by __string() since 6.10. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define psp_assign_str(dst, src)	__assign_str(dst)
#else
#define psp_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif /* PSP_COMPAT_H */
