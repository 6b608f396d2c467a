// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into sevfw: /dev/sev is there, and each command is answered with the errno
 * SEVFW_ERRNO, 0 for none, and a status of 0. Commands that the driver knows are not refused;
 * with SEVFW_STOCK it is the stock driver, which has no pass-through to ask for. KVM, if
 * SEVFW_KVM is set, does nothing and succeeds; commands that pass through it fail as those on
 * /dev/sev do, with SEVFW_KVM for a status.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include <linux/sev-fw.h>

#define PASSED		(1u << 31)	/* in the number of a command on a VM */
#define CREATE_MEMORY	0xd4		/* KVM_CREATE_GUEST_MEMFD, of later headers */

int open(const char *path, int flags, ...)
{
	typeof(open) *real = dlsym(RTLD_NEXT, "open");
	va_list arg;
	mode_t mode;

	va_start(arg, flags);
	mode = flags & O_CREAT ? va_arg(arg, mode_t) : 0;
	va_end(arg);
	if (!strcmp(path, "/dev/kvm") && getenv("SEVFW_KVM"))
		path = "/dev/zero";
	return real(strcmp(path, "/dev/sev") ? path : "/dev/null", flags, mode);
}

static int answer(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static int by_kvm(unsigned long request, void *data, int error)
{
	struct sev_fw_cmd *cmd = data;

	switch (_IOC_NR(request)) {
	case _IOC_NR(KVM_CREATE_VM):
	case _IOC_NR(KVM_CREATE_VCPU):
	case CREATE_MEMORY:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case _IOC_NR(KVM_GET_VCPU_MMAP_SIZE):
		return 4096;
	case _IOC_NR(KVM_MEMORY_ENCRYPT_OP):
		if (!(cmd->id & PASSED))
			return 0;
		cmd->error = atoi(getenv("SEVFW_KVM"));
		return answer(error);
	default:
		return 0;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	typeof(ioctl) *real = dlsym(RTLD_NEXT, "ioctl");
	const int error = atoi(getenv("SEVFW_ERRNO"));
	va_list arg;
	void *data;

	va_start(arg, request);
	data = va_arg(arg, void *);
	va_end(arg);
	if ((request == SEV_FW_QUERY || request == SEV_FW_ISSUE) && getenv("SEVFW_STOCK"))
		return answer(EINVAL);
	if (request == SEV_FW_QUERY)
		return 0;
	if (request == SEV_FW_ISSUE)
		((struct sev_fw_cmd *)data)->error = 0;
	else if (request == SEV_ISSUE_CMD)
		((struct sev_issue_cmd *)data)->error = 0;
	else if (_IOC_TYPE(request) == KVMIO && getenv("SEVFW_KVM"))
		return by_kvm(request, data, error);
	else
		return real(fd, request, data);
	return answer(error);
}
