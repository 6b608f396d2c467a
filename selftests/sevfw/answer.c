// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into sevfw: /dev/sev is there, and each command is answered with the errno
 * SEVFW_ERRNO, 0 for none, and a status of 0. Commands that the driver knows are not refused;
 * with SEVFW_STOCK it is the stock driver, which has no pass-through to ask for.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/psp-sev.h>
#include <linux/sev-fw.h>

int open(const char *path, int flags, ...)
{
	typeof(open) *real = dlsym(RTLD_NEXT, "open");
	va_list arg;
	mode_t mode;

	va_start(arg, flags);
	mode = flags & O_CREAT ? va_arg(arg, mode_t) : 0;
	va_end(arg);
	return real(strcmp(path, "/dev/sev") ? path : "/dev/null", flags, mode);
}

static int answer(int error)
{
	errno = error;
	return error ? -1 : 0;
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
	else
		return real(fd, request, data);
	return answer(error);
}
