// SPDX-License-Identifier: GPL-2.0
/*
 * Commands on a VM fd, and kvm_sev_glue.ko in and out.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "glue.h"

struct outcome encrypt_op(int vm, struct sev_fw_cmd cmd)
{
	struct outcome o = { .cmd = cmd };

	o.cmd.error = MARK;
	errno = 0;
	o.ret = ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &o.cmd);
	o.err = errno;
	return o;
}

struct outcome encrypt_op_at(int vm, const void *arg)
{
	struct outcome o = {};

	errno = 0;
	o.ret = ioctl(vm, KVM_MEMORY_ENCRYPT_OP, arg);
	o.err = errno;
	return o;
}

struct outcome passthrough(int vm, __u32 id, void *block, __u32 len, int sev)
{
	return encrypt_op(vm, (struct sev_fw_cmd) {
		.id = SEV_FW_CMD(id), .len = len, .data = (uintptr_t)block, .fd = sev,
	});
}

/* The stock envelope has nothing in ->len. */
struct outcome legacy(int vm, __u32 id, void *data, int sev)
{
	return encrypt_op(vm, (struct sev_fw_cmd) {
		.id = id, .data = (uintptr_t)data, .fd = sev,
	});
}

struct outcome guest_status(int vm, int sev, struct sev_fw_guest_status *status)
{
	memset(status, 0, sizeof(*status));
	return passthrough(vm, SEV_FW_GUEST_STATUS, status, sizeof(*status), sev);
}

int create_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	close(kvm);
	return vm;
}

static const char *module_path(const char *name)
{
	static char path[PATH_MAX];
	const char *dir = getenv("PSP_MODULES_DIR");

	if (!dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	return path;
}

int load_module(const char *name)
{
	int fd = open(module_path(name), O_RDONLY | O_CLOEXEC);
	int ret = syscall(SYS_finit_module, fd, "", 0);

	close(fd);
	return ret;
}

bool serve_legacy(bool on)
{
	int fd = open("/sys/module/" GLUE "/parameters/legacy", O_WRONLY | O_CLOEXEC);
	bool done = write(fd, on ? "1" : "0", 1) == 1;

	close(fd);
	return done;
}

int try_unload_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

/* A command through /dev/sev holds the module for a moment. */
int unload_module(const char *name)
{
	int ret;

	do {
		ret = try_unload_module(name);
	} while (ret && errno == EWOULDBLOCK);
	return ret;
}

bool module_is_loaded(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

const char *glue_stays(void)
{
	if (!module_is_loaded(GLUE))
		return "the glue is a part of kvm_amd";
	return module_path(GLUE) ? NULL : "PSP_MODULES_DIR is not set";
}

bool glue_is_there(int vm)
{
	struct sev_fw_query query = { .info_size = sizeof(struct sev_fw_cmd_info) };

	return module_is_loaded(GLUE) ||
	       !passthrough(vm, SEV_FW_QUERY_ID, &query, sizeof(query), -1).ret;
}

bool can_patch_code_in_use(void)
{
	unsigned int eax, signature[3];

	if (sysconf(_SC_NPROCESSORS_ONLN) == 1)
		return true;
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	return memcmp(signature, "TCGTCGTCGTCG", sizeof(signature));
}
