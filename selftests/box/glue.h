/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the tests of kvm_sev_glue: commands on a VM fd, told apart by the module that
 * answers them, and the glue itself, which comes and goes.
 */
#ifndef SELFTESTS_GLUE_H
#define SELFTESTS_GLUE_H

#include <stdbool.h>
#include <string.h>

#include <linux/kvm.h>
#include <linux/sev-fw.h>

#define GLUE		"kvm_sev_glue"
#define MARK		0x5a5a5a5a	/* in ->error: it has not been written */

/**
 * struct outcome - an ioctl as its caller sees it
 * @ret: result of the ioctl
 * @err: errno, 0 if it succeeded
 * @cmd: the envelope afterwards
 */
struct outcome {
	int ret;
	int err;
	struct sev_fw_cmd cmd;
};

#define EXPECT_OUTCOME(o, want_errno, want_error) do {			\
	const struct outcome _o = (o);					\
	const int _errno = (want_errno);				\
									\
	EXPECT_EQ(_errno ? -1 : 0, _o.ret);				\
	EXPECT_EQ(_errno, _o.err);					\
	EXPECT_EQ((__u32)(want_error), _o.cmd.error);			\
} while (0)

#define EXPECT_SAME(a, b) do {						\
	const struct outcome _a = (a), _b = (b);			\
	EXPECT_EQ(_a.ret, _b.ret);					\
	EXPECT_EQ(_a.err, _b.err);					\
	EXPECT_EQ(0, memcmp(&_a.cmd, &_b.cmd, sizeof(_a.cmd)));		\
} while (0)

/** encrypt_op() - KVM_MEMORY_ENCRYPT_OP, with MARK in ->error */
struct outcome encrypt_op(int vm, struct sev_fw_cmd cmd);

/** encrypt_op_at() - the same, with any pointer as the argument */
struct outcome encrypt_op_at(int vm, const void *arg);

/** passthrough() - a command of the glue's; @block of @len bytes, @sev: /dev/sev or -1 */
struct outcome passthrough(int vm, __u32 id, void *block, __u32 len, int sev);

/** legacy() - one of KVM's own commands */
struct outcome legacy(int vm, __u32 id, void *data, int sev);

/** guest_status() - a pass-through command that works on any started guest */
struct outcome guest_status(int vm, int sev, struct sev_fw_guest_status *status);

/** create_vm() - a VM that is not a SEV guest: its fd, or -1 */
int create_vm(void);

/** load_module() - from PSP_MODULES_DIR; 0, or -1 and errno */
int load_module(const char *name);

/** try_unload_module() - one attempt; 0, or -1 and errno, EWOULDBLOCK if it is in use */
int try_unload_module(const char *name);

/** unload_module() - the same, as often as it takes until it is not in use any more */
int unload_module(const char *name);

/** module_is_loaded() - true if it is there, and not built in */
bool module_is_loaded(const char *name);

/** serve_legacy() - by the driver, or by the stock kvm_amd; false: there is no such choice */
bool serve_legacy(bool on);

/** glue_stays() - why the module cannot come and go, or NULL */
const char *glue_stays(void);

/** glue_is_there() - is there a glue, be it a module or a part of kvm_amd? */
bool glue_is_there(int vm);

/**
 * can_patch_code_in_use() - may tracers be set on a function that is being called?
 *
 * QEMU's emulation, version 7.2 at least, may go on running what it translated while
 * another processor was patching it. There any probe that is set or removed on a
 * function in use, the kernel's own tracers too, ends in an oops.
 *
 * Return: false on that emulation with more than one processor.
 */
bool can_patch_code_in_use(void);

#endif /* SELFTESTS_GLUE_H */
