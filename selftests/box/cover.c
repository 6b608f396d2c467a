// SPDX-License-Identifier: GPL-2.0
/*
 * A record of the commands that have been tested, and of the test that is running.
 *
 * Notes the outcome of each ioctl that carries a command, if
 * SEV_COVER names a file. Test programs are linked so that their ioctl() is this
 * one; they know nothing of it. sev_query --coverage makes a table of the file.
 *
 * A line is "fw ID ERRNO STATUS" for a pass-through command, or "kvm", "dev" for
 * the legacy ones, all in decimal.
 *
 * If SEV_MARKS is set, the kernel's log has a line "sev-test: PROGRAM NUMBER" before each
 * test, so that whoever reads it knows which test a complaint belongs to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>
#include <linux/sev-fw.h>

static int cover_fd = -1;

static void __attribute__((constructor)) cover_open(void)
{
	const char *path = getenv("SEV_COVER");

	if (path)
		cover_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int mark_fd = -1;
static pid_t harness;

/* The harness forks once for each test; what tests themselves fork for has no mark. */
static void mark_test(void)
{
	static unsigned int number;
	char line[80];
	int len;

	if (getpid() != harness)
		return;
	/* not by dprintf(): it seeks first, which /dev/kmsg refuses if it cannot be read */
	len = snprintf(line, sizeof(line), "sev-test: %.40s %u\n", program_invocation_short_name,
		       ++number);
	if (write(mark_fd, line, len) != len)
		harness = 0;	/* numbers would be wrong; better have none */
}

static void __attribute__((constructor)) mark_open(void)
{
	if (!getenv("SEV_MARKS"))
		return;
	mark_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	harness = getpid();
	if (mark_fd >= 0)
		pthread_atfork(mark_test, NULL, NULL);
}

/* Tests pass addresses that nobody can read, so nobody must try. */
static int peek(const void *from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static void note(unsigned long request, const void *arg, int error)
{
	struct sev_issue_cmd issue;
	struct sev_fw_cmd cmd;
	char line[64];
	int len;

	if (request == SEV_ISSUE_CMD) {
		if (!peek(arg, &issue, sizeof(issue)))
			return;
		len = snprintf(line, sizeof(line), "dev %u %d %u\n", issue.cmd, error, issue.error);
	} else {
		if (!peek(arg, &cmd, sizeof(cmd)))
			return;
		len = snprintf(line, sizeof(line), "%s %u %d %u\n",
			       cmd.id & SEV_FW_PASSTHROUGH ? "fw" : "kvm",
			       cmd.id & ~SEV_FW_PASSTHROUGH, error, cmd.error);
	}
	if (write(cover_fd, line, len) != len)
		cover_fd = -1;	/* the table would be wrong; better have none */
}

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	int ret, error;
	va_list list;
	void *arg;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);

	ret = __real_ioctl(fd, request, arg);
	error = errno;
	if (cover_fd >= 0 && arg && (request == KVM_MEMORY_ENCRYPT_OP ||
				     request == SEV_FW_ISSUE || request == SEV_ISSUE_CMD))
		note(request, arg, ret ? error : 0);
	errno = error;
	return ret;
}
