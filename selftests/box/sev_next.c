// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the kernel that another one in the box has started by kexec, or that is
 * started when the other one crashes: loads the driver, tells on the console in which
 * state it finds the platform and what it may do there, and switches the machine off. A
 * crash kernel crashes instead.
 *
 * The initramfs has nothing else but a few modules, so the program is statically linked.
 * Each line begins with "next: ", and selftests/suites/end compares them. The kernel's own ccp
 * does not understand the commands: there, what kvm_amd has told the firmware is all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sevfw/platform.h>

#define DRIVER_DIR	"/sys/bus/pci/drivers/psp_sev"

/* In the order in which they need each other; those that are in the initramfs. */
static const char * const drivers[] = {
	"/psp_sev.ko", "/ccp.ko", "/irqbypass.ko", "/kvm.ko", "/kvm-amd.ko",
};

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		printf("next: cannot load %s: %s\n", path, strerror(errno));
	close(fd);
}

static void tell_file(const char *name, const char *pattern)
{
	char text[128] = "";
	glob_t found;
	FILE *file;

	if (!glob(pattern, 0, NULL, &found)) {
		file = fopen(found.gl_pathv[0], "re");
		if (file && fgets(text, sizeof(text), file))
			text[strcspn(text, "\n")] = '\0';
		if (file)
			fclose(file);
		globfree(&found);
	}
	printf("next: %s %s\n", name, text);
}

static void tell(const char *name, int ret)
{
	printf("next: %s %s\n", name, ret ? strerrorname_np(-ret) : "ok");
}

static void try_commands(struct platform *p)
{
	static uint8_t pdh[SEV_FW_CERT_SIZE], chain[SEV_FW_CHAIN_SIZE];
	uint32_t pdh_len = sizeof(pdh), chain_len = sizeof(chain);
	struct sev_fw_platform_status status;

	p->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	if (p->fd < 0)
		printf("next: no /dev/sev: %s\n", strerror(errno));
	tell("PLATFORM_STATUS", platform_status(p, &status));
	tell("PDH_CERT_EXPORT", platform_pdh_cert_export(p, pdh, &pdh_len, chain, &chain_len));
	tell("PDH_GEN", platform_pdh_gen(p));
	tell("PLATFORM_RESET", platform_reset(p));
	close(p->fd);
}

static void crash_again(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (write(fd, "c", 1) != 1)
		printf("next: cannot crash: %s\n", strerror(errno));
	close(fd);
}

int main(void)
{
	struct platform p = { 0 };
	bool crash;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	if (!freopen("/dev/console", "w", stdout))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);

	crash = !access("/proc/vmcore", F_OK);
	printf("next: crash kernel %s\n", crash ? "yes" : "no");
	load("/sev_cpu_sim.ko");
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (!access(drivers[i], F_OK))
			load(drivers[i]);
	tell_file("state", DRIVER_DIR "/*:*/state");
	tell_file("guests", DRIVER_DIR "/*:*/guests");
	try_commands(&p);
	printf("next: done\n");
	/* the console is slow */
	sleep(1);
	/* a crash kernel that crashes must leave the firmware alone, too */
	if (crash)
		crash_again();
	reboot(RB_POWER_OFF);
	return 1;
}
