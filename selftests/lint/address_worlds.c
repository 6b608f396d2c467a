// SPDX-License-Identifier: GPL-2.0
/*
 * Everything here is wrong, and sparse must say so: user addresses, physical
 * addresses and plain numbers are three worlds. scripts/lint counts the lines that
 * end in MUST_WARN and fails if sparse is silent about one of them.
 */
#include <linux/module.h>
#include <linux/uaccess.h>

#include "addr.h"

#define MUST_WARN

void address_worlds(struct psp_fw_block *fw, void __user *user, u64 number);

void address_worlds(struct psp_fw_block *fw, void __user *user, u64 number)
{
	void *kernel;
	psp_addr_t addr;
	u64 raw;

	psp_fw_put_addr(fw, 0, number);			MUST_WARN
	psp_fw_put_addr(fw, 0, (psp_addr_t)number);	MUST_WARN
	addr = psp_addr_virt(user);			MUST_WARN
	raw = addr;					MUST_WARN
	kernel = user;					MUST_WARN
	psp_fw_put_addr(fw, raw, addr + 1);		MUST_WARN
	psp_fw_put_addr(fw, 0, psp_addr_virt(kernel));
}

MODULE_LICENSE("GPL");
