// SPDX-License-Identifier: GPL-2.0
/*
 * One life of an SNP guest by KVM's own ioctls, with all that an SNP guest makes a kernel
 * tell the firmware: pages of each type, a CPUID page that is refused and comes back
 * corrected, a guest that runs and has two requests of its own, its end. In another life the
 * host ends before its guest does: it panics, with a crash kernel or without, is replaced by
 * another kernel, or its driver loses the PSP.
 *
 * The suites compare the transcript of the firmware's commands; this program only fails if a
 * step does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kexec.h>
#include <linux/psp-sev.h>
#include <linux/reboot.h>

#include <sevfw/snp_launch.h>

#include "../../tools/guest/guest.h"
#include "control.h"
#include "snp.h"

#define GPA_ZERO	0x100000
#define GPA_UNMEASURED	0x104000
#define GPA_LATE	0x108000	/* never launched */

/* In a CPUID page: the first function, and its ECX. */
#define CPUID_FUNCTION	0x10
#define CPUID_ECX	0x30
#define TSC_DEADLINE	0x01000000	/* no SNP guest has it */

/* What went wrong, for main() to tell. */
static const char *step;
static char out[4096];

/* The firmware refuses the page and writes down what it would take. Return: 0 if it did. */
static int launch_cpuid(struct snp_launch *l)
{
	uint8_t *page = l->vm.memory + CPUID_PAGE;
	uint32_t ecx = TSC_DEADLINE;

	page[0] = 1;
	page[CPUID_FUNCTION] = 1;
	memcpy(page + CPUID_ECX, &ecx, sizeof(ecx));
	step = "a CPUID page that is not refused";
	if (snp_launch_update(l, SNP_PAGE_CPUID, CPUID_PAGE, 1) != -EIO ||
	    l->status != SEV_RET_INVALID_PARAM)
		return -EINVAL;
	step = "the CPUID page that came back";
	return snp_launch_update(l, SNP_PAGE_CPUID, CPUID_PAGE, 1);
}

static int launch(struct snp_launch *l)
{
	size_t pages;
	int ret;

	step = "the VM";
	ret = snp_launch_open(l, GUEST_RAM);
	if (ret)
		return ret;
	step = "the guest's program, sev-guest.bin";
	pages = snp_load_guest(l->vm.memory + GUEST_ENTRY);
	if (!pages)
		return -ENOENT;
	step = "LAUNCH_START";
	ret = snp_launch_start(l, SNP_POLICY_PLAIN);
	step = ret ? step : "LAUNCH_UPDATE";
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_NORMAL, GUEST_ENTRY, pages);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_ZERO, GPA_ZERO, 2);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_UNMEASURED, GPA_UNMEASURED, 2);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
	if (!ret)
		ret = launch_cpuid(l);
	step = ret ? step : "LAUNCH_FINISH";
	return ret ? ret : snp_launch_finish(l, NULL);
}

static int live(struct snp_launch *l)
{
	int ret = launch(l);

	if (ret)
		return ret;
	step = "private memory that was not launched";
	ret = snp_launch_prefault(l, GPA_LATE, 4);
	if (ret)
		return ret;
	step = "the guest's own program";
	ret = vm_run(&l->vm, out, sizeof(out));
	return !ret && !strstr(out, "handed out its attestation report") ? -EIO : ret;
}

static int load_kernel(char **argv, bool crash)
{
	int kernel = open(argv[0], O_RDONLY | O_CLOEXEC);
	int initrd = open(argv[1], O_RDONLY | O_CLOEXEC);
	int ret;

	step = "the other kernel";
	ret = syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[2]) + 1, argv[2],
		      crash ? KEXEC_FILE_ON_CRASH : 0UL);
	ret = ret ? -errno : 0;
	close(kernel);
	close(initrd);
	return ret;
}

static int usage(void)
{
	fprintf(stderr, "Usage: sev_snp_life whole | panic | unbind DRIVER\n"
		"       sev_snp_life kexec | kdump KERNEL INITRAMFS CMDLINE\n");
	return 2;
}

/* The driver loses its device while a guest lives. */
static int lose_psp(const char *driver)
{
	char path[128];
	glob_t found;
	int ret;

	step = "a device to be unbound";
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/0000:*", driver);
	if (glob(path, 0, NULL, &found))
		return -ENODEV;
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/unbind", driver);
	ret = control_write(path, strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return ret;
}

/* While @l lives. Return: a negative errno if this kernel goes on, and should not. */
static int end_host(char **argv)
{
	step = "the end of this kernel";
	if (!strcmp(argv[1], "kexec"))
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
	else
		control_write("/proc/sysrq-trigger", "c");
	return -EINVAL;
}

int main(int argc, char **argv)
{
	bool kdump = argc == 5 && !strcmp(argv[1], "kdump");
	bool kexec = argc == 5 && !strcmp(argv[1], "kexec");
	bool whole = argc == 2 && !strcmp(argv[1], "whole");
	bool unbound = argc == 3 && !strcmp(argv[1], "unbind");
	struct snp_launch l = { .vm = VM_NONE, .sev_fd = -1 };
	int ret;

	if (!kexec && !kdump && !whole && !unbound && (argc != 2 || strcmp(argv[1], "panic")))
		return usage();
	ret = kexec || kdump ? load_kernel(argv + 2, kdump) : 0;
	if (!ret)
		ret = live(&l);
	if (!ret && unbound)
		ret = lose_psp(argv[2]);
	else if (!ret && !whole)
		ret = end_host(argv);
	snp_launch_close(&l);
	if (!ret && unbound)
		printf("pages that are not the hypervisor's: %ld\n", snp_assigned());
	if (ret)
		fprintf(stderr, "sev_snp_life: %s: %s\n%s", step, strerror(-ret), out);
	return ret != 0;
}
