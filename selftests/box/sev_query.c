// SPDX-License-Identifier: GPL-2.0
/*
 * sev_query: which commands there are, and which of them tests have seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/describe.h>
#include <sevfw/sevfw.h>

#include "common.h"

static struct sev_fw_cmd_info infos[INFOS_MAX];
static uint32_t count;

/* Numbers of the firmware's commands among the legacy ioctls. */
static const struct {
	const char *way;
	uint32_t id, fw;
} legacy[] = {
	{ "kvm", KVM_SEV_LAUNCH_START, SEV_FW_LAUNCH_START },
	{ "kvm", KVM_SEV_LAUNCH_UPDATE_DATA, SEV_FW_LAUNCH_UPDATE_DATA },
	{ "kvm", KVM_SEV_LAUNCH_UPDATE_VMSA, SEV_FW_LAUNCH_UPDATE_VMSA },
	{ "kvm", KVM_SEV_LAUNCH_SECRET, SEV_FW_LAUNCH_UPDATE_SECRET },
	{ "kvm", KVM_SEV_LAUNCH_MEASURE, SEV_FW_LAUNCH_MEASURE },
	{ "kvm", KVM_SEV_LAUNCH_FINISH, SEV_FW_LAUNCH_FINISH },
	{ "kvm", KVM_SEV_SEND_START, SEV_FW_SEND_START },
	{ "kvm", KVM_SEV_SEND_UPDATE_DATA, SEV_FW_SEND_UPDATE_DATA },
	{ "kvm", KVM_SEV_SEND_FINISH, SEV_FW_SEND_FINISH },
	{ "kvm", KVM_SEV_SEND_CANCEL, SEV_FW_SEND_CANCEL },
	{ "kvm", KVM_SEV_RECEIVE_START, SEV_FW_RECEIVE_START },
	{ "kvm", KVM_SEV_RECEIVE_UPDATE_DATA, SEV_FW_RECEIVE_UPDATE_DATA },
	{ "kvm", KVM_SEV_RECEIVE_FINISH, SEV_FW_RECEIVE_FINISH },
	{ "kvm", KVM_SEV_GUEST_STATUS, SEV_FW_GUEST_STATUS },
	{ "kvm", KVM_SEV_DBG_DECRYPT, SEV_FW_DBG_DECRYPT },
	{ "kvm", KVM_SEV_DBG_ENCRYPT, SEV_FW_DBG_ENCRYPT },
	{ "kvm", KVM_SEV_GET_ATTESTATION_REPORT, SEV_FW_ATTESTATION },
	{ "dev", SEV_FACTORY_RESET, SEV_FW_PLATFORM_RESET },
	{ "dev", SEV_PLATFORM_STATUS, SEV_FW_PLATFORM_STATUS },
	{ "dev", SEV_PEK_GEN, SEV_FW_PEK_GEN },
	{ "dev", SEV_PEK_CSR, SEV_FW_PEK_CSR },
	{ "dev", SEV_PDH_GEN, SEV_FW_PDH_GEN },
	{ "dev", SEV_PDH_CERT_EXPORT, SEV_FW_PDH_CERT_EXPORT },
	{ "dev", SEV_PEK_CERT_IMPORT, SEV_FW_PEK_CERT_IMPORT },
	{ "dev", SEV_GET_ID, SEV_FW_GET_ID },
	{ "dev", SEV_GET_ID2, SEV_FW_GET_ID },
};

/* Classes of outcomes; "refused" is what firmware said. */
static const struct {
	const char *name;
	int error;
} classes[] = {
	{ "ok", 0 }, { "refused", EIO }, { "EINVAL", EINVAL }, { "E2BIG", E2BIG },
	{ "EFAULT", EFAULT }, { "EPERM", EPERM }, { "EBADF", EBADF }, { "ENOTTY", ENOTTY },
	{ "ENOENT", ENOENT }, { "EBUSY", EBUSY }, { "ENOMEM", ENOMEM },
	{ "ESHUTDOWN", ESHUTDOWN }, { "other", -1 },
};

enum way { FW, LEGACY, WAYS };

static unsigned long seen[INFOS_MAX][WAYS][ARRAY_SIZE(classes)];

static bool query(void)
{
	int fd = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	struct sev_fw_door door = sev_fw_door_dev(fd, -1);
	struct sev_fw_query answer;

	if (fd < 0 || sev_fw_query(&door, &answer, infos, INFOS_MAX)) {
		fprintf(stderr, "sev_query: /dev/sev: %s\n", strerror(errno));
		return false;
	}
	count = answer.count < INFOS_MAX ? answer.count : INFOS_MAX;
	return true;
}

static void count_outcome(const char *way, uint32_t id, int error)
{
	bool fw = !strcmp(way, "fw");
	size_t class = 0;

	for (size_t i = 0; !fw && i < ARRAY_SIZE(legacy); i++) {
		if (!strcmp(way, legacy[i].way) && legacy[i].id == id) {
			id = legacy[i].fw;
			fw = true;
			way = "";
		}
	}
	while (class < ARRAY_SIZE(classes) - 1 && classes[class].error != error)
		class++;
	for (uint32_t i = 0; fw && i < count; i++)
		if (infos[i].id == SEV_FW_CMD(id))
			seen[i][strcmp(way, "fw") ? LEGACY : FW][class]++;
}

static void print_counts(uint32_t command, enum way way, const char *name)
{
	printf("| %-20s | %-12s |", infos[command].name, name);
	for (size_t class = 0; class < ARRAY_SIZE(classes); class++)
		printf(" %*lu |", (int)strlen(classes[class].name), seen[command][way][class]);
	putchar('\n');
}

/* Every command must have been seen to succeed, and to refuse bad blocks. */
static bool covered(uint32_t command)
{
	const unsigned long *fw = seen[command][FW];

	if (!(infos[command].flags & SEV_FW_INFO_AVAILABLE) ||
	    !(infos[command].flags & (SEV_FW_INFO_GUEST | SEV_FW_INFO_PLATFORM)))
		return true;
	if (fw[0] && (fw[2] || !infos[command].size))
		return true;
	printf("not ok coverage: %s never %s\n", infos[command].name,
	       fw[0] ? "had a bad block" : "succeeded");
	return false;
}

static int coverage(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int id, status;
	bool ok = file;
	char line[128], way[8];
	int error;

	/* a line that crosses a page may be in pieces, if its writer was killed */
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%7s %u %d %u", way, &id, &error, &status) == 4)
			count_outcome(way, id, error);
	if (file)
		fclose(file);

	printf("| %-20s | %-12s |", "command", "way");
	for (size_t class = 0; class < ARRAY_SIZE(classes); class++)
		printf(" %s |", classes[class].name);
	putchar('\n');
	for (uint32_t i = 0; i < count; i++) {
		print_counts(i, FW, "pass-through");
		for (size_t j = 0; j < ARRAY_SIZE(legacy); j++) {
			if (SEV_FW_CMD(legacy[j].fw) == infos[i].id) {
				print_counts(i, LEGACY, "legacy ioctl");
				break;
			}
		}
	}
	for (uint32_t i = 0; i < count; i++)
		ok &= covered(i);
	if (ok)
		puts("ok coverage");
	return !ok;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !(argc == 3 && !strcmp(argv[1], "--coverage"))) {
		puts("Usage: sev_query [--coverage FILE]\n"
		     "Prints the table of commands that this kernel and firmware have; or which of them\n"
		     "the tests that wrote FILE (environment variable SEV_COVER) have issued, with which\n"
		     "outcome, and fails if one never succeeded or was never refused.");
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	if (!query())
		return 1;
	if (argc == 3)
		return coverage(argv[2]);
	describe_title(stdout);
	for (uint32_t i = 0; i < count; i++)
		describe_command(stdout, &infos[i]);
	return 0;
}
