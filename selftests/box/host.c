// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at /dev, /proc and /sys to find out what kind of host this is, and how
 * much it holds for guests.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/psp-sev.h>

#include <sevfw/sevfw.h>
#include <sevfw/vm.h>

#include "host.h"

#define ASIDS_EVERYWHERE	4	/* as many as any host will have, of each kind */

/* First bytes of a small file, without the newline; "" if there is none. */
static const char *read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (file) {
		if (fgets(line, size, file))
			line[strcspn(line, "\n")] = '\0';
		fclose(file);
	}
	return line;
}

static bool is_on(const char *parameter)
{
	char path[128], line[8];

	snprintf(path, sizeof(path), "/sys/module/kvm_amd/parameters/%s", parameter);
	read_line(path, line, sizeof(line));
	return line[0] == 'Y' || line[0] == '1';
}

static bool has_passthrough(void)
{
	int fd = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	struct sev_fw_door door = sev_fw_door_dev(fd, -1);
	struct sev_fw_query query;
	bool has = fd >= 0 && !sev_fw_query(&door, &query, NULL, 0);

	if (fd >= 0)
		close(fd);
	return has;
}

const char *host_missing(unsigned int needs)
{
	const char *box = getenv("SEV_BOX");
	bool stock = box && !strcmp(box, "stock");

	/* A box with --snp must be a host for SNP, so there is nothing to ask. */
	if (needs & HOST_SNP && !getenv("SEV_BOX_SNP") && !vm_has_type(VM_TYPE_SNP))
		return "KVM makes no SNP guests here";
	if (box && !stock)
		return NULL;
	if (needs & HOST_FW && !has_passthrough())
		return "this driver has no pass-through";
	if (stock)
		return NULL;
	if (needs & HOST_SEV &&
	    (access("/dev/sev", R_OK | W_OK) || access("/dev/kvm", R_OK | W_OK)))
		return "no access to /dev/sev and /dev/kvm";
	if (needs & HOST_SEV && !is_on("sev"))
		return "KVM makes no SEV guests here";
	if (needs & HOST_ES && !is_on("sev_es"))
		return "KVM makes no SEV-ES guests here";
	if (needs & HOST_SWPSP && !host_swpsp())
		return "needs the simulated PSP";
	return NULL;
}

/* BAR 2 of a device that QEMU makes; a real PSP's is not touched. */
static uint32_t *map_bar(const char *device)
{
	char path[512], line[16];
	uint32_t *bar;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", device);
	if (strcmp(read_line(path, line, sizeof(line)), "0x1022"))
		return NULL;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/subsystem_vendor", device);
	if (strcmp(read_line(path, line, sizeof(line)), "0x1af4"))
		return NULL;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	bar = mmap(NULL, SWPSP_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (bar == MAP_FAILED) {
		/* The kernel lets nobody near what a driver has claimed. */
		fprintf(stderr, "# no access to BAR 2 of %s, boot with iomem=relaxed\n", device);
		return NULL;
	}
	if (__atomic_load_n(&bar[SWPSP_BAR_MAGIC / 4], __ATOMIC_RELAXED) == SWPSP_MAGIC)
		return bar;
	munmap(bar, SWPSP_BAR_SIZE);
	return NULL;
}

static uint32_t *swpsp_bar;

bool host_swpsp_use(const char *device)
{
	if (swpsp_bar)
		munmap(swpsp_bar, SWPSP_BAR_SIZE);
	swpsp_bar = device ? map_bar(device) : NULL;
	return device ? !!swpsp_bar : !!host_swpsp();
}

uint32_t *host_swpsp(void)
{
	struct dirent *entry;
	DIR *dir;

	dir = swpsp_bar ? NULL : opendir("/sys/bus/pci/devices");
	while (dir && !swpsp_bar && (entry = readdir(dir)))
		swpsp_bar = map_bar(entry->d_name);
	if (dir)
		closedir(dir);
	return swpsp_bar;
}

bool host_cipher(void)
{
	const char *memory = getenv("SEV_BOX_MEMORY");

	return memory && !strcmp(memory, "cipher");
}

uint32_t host_counter(uint32_t offset)
{
	uint32_t *bar = host_swpsp();

	return bar ? __atomic_load_n(&bar[offset / 4], __ATOMIC_RELAXED) : 0;
}

/* The number behind @key in a file of "key number" lines; 0 if there is none. */
static uint64_t number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256];
	uint64_t value = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			value = strtoull(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static int guests_in_firmware(uint64_t *guests)
{
	struct sev_user_data_status status = { 0 };
	int fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = sev_dev_op(fd, SEV_PLATFORM_STATUS, &status, NULL);
	close(fd);
	*guests = status.guest_count;
	return ret;
}

/* The kernel counts in each CPU first; this makes it sum up. */
static void refresh_vmstat(void)
{
	char line[8];

	read_line("/proc/sys/vm/stat_refresh", line, sizeof(line));
}

int host_use(struct host_use *use)
{
	refresh_vmstat();
	*use = (struct host_use){
		.asids = host_counter(SWPSP_BAR_ASIDS_BOUND),
		.pins = number_in("/proc/vmstat", "nr_foll_pin_acquired ") -
			number_in("/proc/vmstat", "nr_foll_pin_released "),
		.pinned_kib = number_in("/proc/self/status", "VmPin:"),
		.locked_kib = number_in("/proc/self/status", "VmLck:"),
	};
	return guests_in_firmware(&use->guests);
}

const char *host_use_differs(const struct host_use *a, const struct host_use *b)
{
	if (a->guests != b->guests)
		return "guests in firmware";
	if (a->asids != b->asids)
		return "bound ASIDs";
	if (a->pins != b->pins)
		return "pinned pages";
	if (a->pinned_kib != b->pinned_kib)
		return "VmPin";
	if (a->locked_kib != b->locked_kib)
		return "VmLck";
	return NULL;
}

unsigned int host_asids(bool es)
{
	uint32_t max = host_counter(SWPSP_BAR_MAX_ASID);
	uint32_t min = host_counter(SWPSP_BAR_MIN_SEV_ASID);

	if (!is_on(es ? "sev_es" : "sev"))
		return 0;
	if (!max)
		return ASIDS_EVERYWHERE;
	return es ? min - 1 : max - min + 1;
}

bool host_snp(void)
{
	return !host_missing(HOST_SNP);
}

uint32_t host_flush_id(void)
{
	return host_snp() ? SEV_FW_SNP_DF_FLUSH : SEV_FW_DF_FLUSH;
}

long host_tmr_pages(void)
{
	return host_snp() ? 512 : 256;
}

/* If it cannot be had, the tests will find out themselves. */
void host_keep_kvm_up(void)
{
	static struct vm keeper;

	if (!vm_create(&keeper, VM_TYPE_DEFAULT, 64 << 10))
		vm_add_vcpu(&keeper);
}
