// SPDX-License-Identifier: GPL-2.0
/*
 * Leaves this kernel for another one, in the box: by kexec or by a crash, with the
 * platform initialised, and with or without a guest that lives until then. sev_next.c
 * is what the other kernel runs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/reboot.h>

#include <sevfw/launch.h>
#include <sevfw/platform.h>

#include "control.h"
#include "guest.h"

#define RAM	(2 << 20)

static int die(const char *what)
{
	fprintf(stderr, "sev_kexec: %s: %s\n", what, strerror(errno));
	return 1;
}

static int load_kernel(const char *image, const char *initramfs, const char *cmdline, bool crash)
{
	int kernel = open(image, O_RDONLY | O_CLOEXEC);
	int initrd = open(initramfs, O_RDONLY | O_CLOEXEC);
	int ret;

	if (kernel < 0 || initrd < 0)
		return -1;
	ret = syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1, cmdline,
		      crash ? KEXEC_FILE_ON_CRASH : 0UL);
	close(kernel);
	close(initrd);
	return ret;
}

static int bring_platform_up(void)
{
	struct platform p = { .fd = open("/dev/sev", O_RDWR | O_CLOEXEC) };
	int ret = platform_pdh_gen(&p);

	close(p.fd);
	errno = -ret;
	return ret;
}

int main(int argc, char **argv)
{
	struct launch l;
	bool crash, guest;

	if (argc != 6) {
		fprintf(stderr,
			"Usage: sev_kexec kexec|crash guest|idle KERNEL INITRAMFS CMDLINE\n");
		return 2;
	}
	crash = !strcmp(argv[1], "crash");
	guest = !strcmp(argv[2], "guest");
	if (load_kernel(argv[3], argv[4], argv[5], crash))
		return die("cannot load the other kernel");
	if (bring_platform_up())
		return die("the platform does not come up");
	if (guest) {
		errno = -guest_started(&l, false, RAM);
		if (errno)
			return die("cannot start a guest");
	}
	if (crash)
		control_write("/proc/sysrq-trigger", "c");
	else
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
	return die("this kernel goes on");
}
