// SPDX-License-Identifier: GPL-2.0
/*
 * A launch of an SNP guest by pass-through: fill in firmware's own block, hand it over.
 * Compare with snp_launch.c, which does the same by KVM's own ioctls.
 */
#include <errno.h>
#include <string.h>

#include <sevfw/snp_launch.h>

static uint64_t addr_of(const void *p)
{
	return (uintptr_t)p;
}

int snp_pass_issue(struct snp_launch *l, uint32_t id, void *block, uint32_t len)
{
	struct sev_fw_door door = l->by_dev ? sev_fw_door_dev(l->sev_fd, l->vm.vm_fd) :
					      sev_fw_door_vm(l->vm.vm_fd, l->sev_fd);

	l->returned = sev_fw_issue(&door, id, block, len, &l->status);
	return l->returned;
}

static int pass_start(struct snp_launch *l, uint64_t policy)
{
	struct sev_fw_snp_launch_start block = { .policy = policy };

	l->policy = policy;
	memset(l->digest, 0, sizeof(l->digest));
	return snp_pass_issue(l, SEV_FW_SNP_LAUNCH_START, &block, sizeof(block));
}

static int update(struct snp_launch *l, enum snp_page_kind kind, uint64_t address)
{
	struct sev_fw_snp_launch_update block = { .flags = kind << 1, .address = address };

	return snp_pass_issue(l, SEV_FW_SNP_LAUNCH_UPDATE, &block, sizeof(block));
}

static int pass_update(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages)
{
	int ret = 0;

	for (; pages && !ret; pages--, gpa += SNP_PAGE_BYTES) {
		uint8_t *page = l->vm.memory + gpa;

		ret = update(l, kind, addr_of(page));
		if (!ret && snp_digest_page(l->digest, kind, gpa, page))
			ret = -ENOMEM;
	}
	return ret;
}

int snp_pass_vcpu(struct snp_launch *l, unsigned int number)
{
	return update(l, SNP_PAGE_VMSA, number);
}

int snp_pass_end(struct snp_launch *l, const struct snp_finish *finish)
{
	struct sev_fw_snp_launch_finish block = { 0 };

	if (finish) {
		block.id_block_address = addr_of(finish->block);
		block.id_auth_address = addr_of(finish->auth);
		block.flags = (finish->block ? 1 : 0) | finish->author << 1 | finish->no_vcek << 2;
		memcpy(block.host_data, finish->host_data, sizeof(block.host_data));
	}
	return snp_pass_issue(l, SEV_FW_SNP_LAUNCH_FINISH, &block, sizeof(block));
}

static int pass_finish(struct snp_launch *l, const struct snp_finish *finish)
{
	int ret = 0;

	for (unsigned int i = 0; i <= l->more_vcpus && !ret; i++)
		ret = snp_pass_vcpu(l, i);
	return ret ? ret : snp_pass_end(l, finish);
}

const struct snp_launch_ops snp_launch_pass = {
	.start = pass_start,
	.update = pass_update,
	.finish = pass_finish,
};
