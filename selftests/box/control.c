// SPDX-License-Identifier: GPL-2.0
/*
 * Words into the simulated PSP's BAR, lines into sysfs, modules in and out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "patience.h"

#define DRIVER_DIR	"/sys/bus/pci/drivers/psp_sev"
#define ARM_TRIES	2000		/* of a millisecond */
#define PARAMS_MAX	8

bool control_identity(void)
{
	const char *permit = getenv("SEV_TEST_DESTRUCTIVE");

	return host_swpsp() || (permit && !strcmp(permit, "1"));
}

/* Files */

long control_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + len, size - 1 - len);
		if (got > 0)
			len += got;
	} while (got > 0 && len < size - 1);
	got = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	text[len] = '\0';
	return got;
}

int control_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The driver's reason for a device; NULL: for the first one that the driver knows. */
static const char *reason_of(const char *device)
{
	static char text[4096];
	char *line, *next = text;

	if (control_read(DRIVER_DIR "/reason", text, sizeof(text)) < 0)
		return "";
	while ((line = strsep(&next, "\n")) && *line) {
		char *reason = strstr(line, ": ");

		if (!reason)
			return line;
		*reason = '\0';
		if (!device || !strcmp(line, device))
			return reason + 2;
	}
	return "";
}

bool psp_is_used(const char *device)
{
	return !strcmp(reason_of(device), "ok");
}

/* The one that commands go to, or else the lowest PCI address. */
const char *psp_dir(void)
{
	static char path[512];
	char best[256] = "";
	struct dirent *entry;
	DIR *dir = opendir(DRIVER_DIR);
	bool used = false;

	while (dir && !used && (entry = readdir(dir))) {
		if (!strchr(entry->d_name, ':'))
			continue;
		used = psp_is_used(entry->d_name);
		if (used || !*best || strcmp(entry->d_name, best) < 0)
			snprintf(best, sizeof(best), "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	path[0] = '\0';
	if (*best)
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", best);
	return path;
}

static const char *one_line(const char *path)
{
	static char text[256];

	if (control_read(path, text, sizeof(text)) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

const char *psp_attr(const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", psp_dir(), name);
	return one_line(path);
}

const char *psp_reason(const char *device)
{
	const char *dir = psp_dir();

	if (!device && *dir)
		device = strrchr(dir, '/') + 1;
	return reason_of(device);
}

long psp_attr_number(const char *name)
{
	const char *text = psp_attr(name);
	char *end;
	long value = strtol(text, &end, 10);

	return *text && !*end ? value : -1;
}

const char *psp_waiting(const char *name)
{
	static char text[512];
	const char *dir = strrchr(psp_dir(), '/');
	size_t len = strlen(name);
	char path[256], *next = text, *line;

	if (!dir)
		return "";
	snprintf(path, sizeof(path), "/sys/kernel/debug/psp_sev%s/waiting", dir);
	if (control_read(path, text, sizeof(text)) < 0)
		return "";
	while ((line = strsep(&next, "\n")))
		if (!strncmp(line, name, len) && line[len] == ' ')
			return line + len + 1;
	return "";
}

long psp_waits(const char *name)
{
	return strtol(psp_waiting(name), NULL, 10);
}

int psp_ring_use(const char *use)
{
	return control_write("/sys/module/psp_sev/parameters/psp_ring", use);
}

/* Faults */

static void put(uint32_t *bar, uint32_t offset, uint32_t value)
{
	__atomic_store_n(&bar[offset / 4], value, __ATOMIC_SEQ_CST);
}

int fault_arm(const struct fault *fault)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	uint32_t *bar = host_swpsp();

	if (!bar)
		return -ENODEV;
	put(bar, SWPSP_BAR_FAULT_ID, fault->id);
	put(bar, SWPSP_BAR_FAULT_KIND, fault->kind);
	put(bar, SWPSP_BAR_FAULT_VALUE, fault->value);
	put(bar, SWPSP_BAR_FAULT_AFTER, fault->after);
	put(bar, SWPSP_BAR_FAULT_COUNT, fault->count);
	put(bar, SWPSP_BAR_FAULT_ARM, 1);
	for (unsigned int i = 0; i < ARM_TRIES * patience(); i++) {
		if (!host_counter(SWPSP_BAR_FAULT_ARM))
			return 0;
		nanosleep(&ms, NULL);
	}
	return -ETIMEDOUT;
}

int fault_refuse(uint32_t id, uint32_t after, uint32_t status)
{
	return fault_arm(&(struct fault){
		.id = id, .kind = SWPSP_FAULT_STATUS, .value = status, .after = after, .count = 1,
	});
}

int fault_clear(void)
{
	return fault_arm(&(struct fault){ .kind = SWPSP_FAULT_NONE });
}

uint32_t fault_hits(void)
{
	return host_counter(SWPSP_BAR_FAULT_HITS);
}

/* Drivers */

static int run(const char * const *argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execv(argv[0], (char * const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static const char *module_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.ko", getenv("PSP_MODULES_DIR"), name);
	return path;
}

/* In a kernel tree the glue is a part of kvm_amd, and no module. */
static bool has_module(const char *name)
{
	return !access(module_path(name), F_OK);
}

static int insmod(const char *name, const char * const *params)
{
	const char *argv[PARAMS_MAX + 3] = { "/sbin/insmod", module_path(name) };
	int n = 2;

	while (params && *params && n < PARAMS_MAX + 2)
		argv[n++] = *params++;
	return run(argv);
}

static int rmmod(const char *name)
{
	const char *argv[] = { "/sbin/rmmod", name, NULL };
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return access(path, F_OK) ? 0 : run(argv);
}

const char *drivers_missing(void)
{
	if (!host_swpsp())
		return "needs the simulated PSP";
	if (!getenv("PSP_MODULES_DIR"))
		return "PSP_MODULES_DIR does not say where the modules are";
	return NULL;
}

int drivers_unload(void)
{
	int ret = rmmod("kvm_sev_glue");

	if (!ret)
		ret = rmmod("kvm_amd");
	return ret ? ret : rmmod("psp_sev");
}

int drivers_load_psp(const char * const *params)
{
	return insmod("psp_sev", params);
}

static int modprobe(const char *name, const char * const *params)
{
	const char *argv[PARAMS_MAX + 3] = { "/sbin/modprobe", name };
	int n = 2;

	while (params && *params && n < PARAMS_MAX + 2)
		argv[n++] = *params++;
	return run(argv);
}

int drivers_load_kvm(void)
{
	int ret = modprobe("kvm_amd", NULL);

	if (ret || !has_module("kvm_sev_glue"))
		return ret;
	return insmod("kvm_sev_glue", NULL);
}

int drivers_load(const char * const *params)
{
	int ret = drivers_load_psp(params);

	return ret ? ret : drivers_load_kvm();
}

int kvm_load(const char * const *params)
{
	int ret = rmmod("kvm");

	return ret ? ret : modprobe("kvm", params);
}

int stock_unload_kvm(void)
{
	return rmmod("kvm_amd");
}

int stock_unload(void)
{
	int ret = stock_unload_kvm();

	return ret ? ret : rmmod("ccp");
}

int stock_load(const char * const *params)
{
	int ret = modprobe("ccp", params);

	return ret ? ret : modprobe("kvm_amd", NULL);
}

/* Firmware images */

const char *image_missing(void)
{
	if (!host_swpsp())
		return "needs the simulated PSP";
	if (!getenv("SEV_BOX_CA") || !getenv("SEV_BOX_SWPSP"))
		return "SEV_BOX_CA does not say where the vendor is: scripts/box --ca-dir";
	return NULL;
}

int image_sign(const struct image *image, void *file, size_t size)
{
	char command[256];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "exec \"$SEV_BOX_SWPSP\" image --ca-dir=\"$SEV_BOX_CA\" --api=%u.%u "
		 "--build=%u --security-level=%u --size=%zu", image->api_major,
		 image->api_minor, image->build, image->security_level, size);
	pipe = popen(command, "re");
	if (!pipe)
		return -EIO;
	len = fread(file, 1, size, pipe);
	return pclose(pipe) || len != size ? -EIO : 0;
}

/* The kernel's log */

int klog_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

unsigned int klog_count(int fd, const char *what)
{
	char record[8192];
	unsigned int count = 0;
	ssize_t len;

	/* EPIPE: records were lost, go on with what there is */
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		record[len > 0 ? len : 0] = '\0';
		record[strcspn(record, "\n")] = '\0';
		count += !!strstr(record, what);
	}
	return count;
}
