// SPDX-License-Identifier: GPL-2.0
/*
 * Counts of commands, by what they are and by how far they came: those by pass-through by the low
 * byte of their id, behind these legacy ones of /dev/sev, then KVM's.
 */
#include "acts_internal.h"

static struct acts_count total, by_row[KVM_ROWS + KEYS];

static void count_one(struct acts_count *c, bool reached, bool changed)
{
	c->executed++;
	c->reached += reached;
	c->changed += changed;
}

void count_row(unsigned int row, int ret, uint32_t status, bool reads)
{
	bool reached = status != SEV_FW_NO_CALL;
	bool changed = reached && !ret && !status && !reads;

	count_one(&total, reached, changed);
	count_one(&by_row[row], reached, changed);
	/* KVM has commands of its own */
	if (!ret && row < KVM_ROWS)
		faults_note_success();
}

/* Does the command leave the firmware, and the guest's memory, as they were? */
bool command_only_reads(uint32_t id)
{
	static const uint32_t ids[] = {
		SEV_FW_NOP, SEV_FW_PLATFORM_STATUS, SEV_FW_GET_ID, SEV_FW_GUEST_STATUS,
		SEV_FW_PDH_CERT_EXPORT, SEV_FW_PEK_CSR, SEV_FW_ATTESTATION, SEV_FW_DBG_DECRYPT,
		SEV_FW_SNP_PLATFORM_STATUS, SEV_FW_SNP_GUEST_STATUS, SEV_FW_SNP_FEATURE_INFO,
		SEV_FW_SNP_HV_REPORT_REQ, SEV_FW_SNP_DBG_DECRYPT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (SEV_FW_CMD(ids[i]) == SEV_FW_CMD(id))
			return true;
	return false;
}

void count_command(uint32_t id, int ret, uint32_t status)
{
	count_row(id % KEYS, ret, status, command_only_reads(id));
}

struct acts_count acts_total(void)
{
	return total;
}

static void table_row(FILE *file, const char *way, const char *name, unsigned int row)
{
	const struct acts_count *c = &by_row[row];

	if (c->executed)
		fprintf(file, "%s %s %lu %lu %lu\n", way, name, c->executed, c->reached,
			c->changed);
}

void count_table(FILE *file)
{
	char number[16];

	for (uint32_t i = 0; i < world.count; i++)
		table_row(file, "fw", world.infos[i].name, world.infos[i].id % KEYS);
	for (unsigned int i = DEV_ROWS; i < KVM_ROWS + KEYS; i++) {
		snprintf(number, sizeof(number), "%u", i % KEYS);
		table_row(file, i < KVM_ROWS ? "dev" : "kvm", number, i);
	}
}
