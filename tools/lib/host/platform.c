// SPDX-License-Identifier: GPL-2.0
/*
 * The platform's commands: one function for each, which knows both layouts.
 */
#include <stddef.h>

#include <linux/psp-sev.h>

#include <sevfw/platform.h>

static int by_fw(struct platform *p, uint32_t id, void *block, uint32_t len)
{
	const struct sev_fw_door door = sev_fw_door_dev(p->fd, -1);

	return sev_fw_issue(&door, id, block, len, &p->status);
}

static int by_legacy(struct platform *p, uint32_t cmd, void *data)
{
	return sev_dev_op(p->fd, cmd, data, &p->status);
}

static uint64_t addr_of(const void *pointer)
{
	return (uintptr_t)pointer;
}

int platform_reset(struct platform *p)
{
	return p->legacy ? by_legacy(p, SEV_FACTORY_RESET, NULL) :
			   by_fw(p, SEV_FW_PLATFORM_RESET, NULL, 0);
}

int platform_pek_gen(struct platform *p)
{
	return p->legacy ? by_legacy(p, SEV_PEK_GEN, NULL) : by_fw(p, SEV_FW_PEK_GEN, NULL, 0);
}

int platform_pdh_gen(struct platform *p)
{
	return p->legacy ? by_legacy(p, SEV_PDH_GEN, NULL) : by_fw(p, SEV_FW_PDH_GEN, NULL, 0);
}

/* The older struct is laid out as the block is. */
int platform_status(struct platform *p, struct sev_fw_platform_status *status)
{
	_Static_assert(sizeof(*status) == sizeof(struct sev_user_data_status), "status");

	*status = (struct sev_fw_platform_status){ 0 };
	return p->legacy ? by_legacy(p, SEV_PLATFORM_STATUS, status) :
			   by_fw(p, SEV_FW_PLATFORM_STATUS, status, sizeof(*status));
}

int platform_pek_csr(struct platform *p, void *csr, uint32_t *len)
{
	struct sev_user_data_pek_csr legacy = { .address = addr_of(csr), .length = *len };
	struct sev_fw_pek_csr block = { .address = addr_of(csr), .len = *len };
	int ret;

	if (p->legacy)
		ret = by_legacy(p, SEV_PEK_CSR, &legacy);
	else
		ret = by_fw(p, SEV_FW_PEK_CSR, &block, sizeof(block));
	*len = p->legacy ? legacy.length : block.len;
	return ret;
}

int platform_pdh_cert_export(struct platform *p, void *pdh, uint32_t *pdh_len, void *chain,
			     uint32_t *chain_len)
{
	struct sev_user_data_pdh_cert_export legacy = {
		.pdh_cert_address = addr_of(pdh), .pdh_cert_len = *pdh_len,
		.cert_chain_address = addr_of(chain), .cert_chain_len = *chain_len,
	};
	struct sev_fw_pdh_cert_export block = {
		.pdh_address = addr_of(pdh), .pdh_len = *pdh_len,
		.chain_address = addr_of(chain), .chain_len = *chain_len,
	};
	int ret;

	if (p->legacy)
		ret = by_legacy(p, SEV_PDH_CERT_EXPORT, &legacy);
	else
		ret = by_fw(p, SEV_FW_PDH_CERT_EXPORT, &block, sizeof(block));
	*pdh_len = p->legacy ? legacy.pdh_cert_len : block.pdh_len;
	*chain_len = p->legacy ? legacy.cert_chain_len : block.chain_len;
	return ret;
}

int platform_pek_cert_import(struct platform *p, const void *pek, uint32_t pek_len,
			     const void *oca, uint32_t oca_len)
{
	struct sev_user_data_pek_cert_import legacy = {
		.pek_cert_address = addr_of(pek), .pek_cert_len = pek_len,
		.oca_cert_address = addr_of(oca), .oca_cert_len = oca_len,
	};
	struct sev_fw_pek_cert_import block = {
		.pek_address = addr_of(pek), .pek_len = pek_len,
		.oca_address = addr_of(oca), .oca_len = oca_len,
	};

	return p->legacy ? by_legacy(p, SEV_PEK_CERT_IMPORT, &legacy) :
			   by_fw(p, SEV_FW_PEK_CERT_IMPORT, &block, sizeof(block));
}

int platform_get_id(struct platform *p, void *ids, uint32_t *len)
{
	struct sev_user_data_get_id2 legacy = { .address = addr_of(ids), .length = *len };
	struct sev_fw_get_id block = { .address = addr_of(ids), .len = *len };
	int ret;

	if (p->legacy)
		ret = by_legacy(p, SEV_GET_ID2, &legacy);
	else
		ret = by_fw(p, SEV_FW_GET_ID, &block, sizeof(block));
	*len = p->legacy ? legacy.length : block.len;
	return ret;
}

/* The legacy ioctls' numbers, which headers before Linux 6.11 lack. */
enum {
	LEGACY_SNP_STATUS = 9,
	LEGACY_SNP_COMMIT = 10,
	LEGACY_SNP_CONFIG = 11,
	LEGACY_SNP_VLEK_LOAD = 12,
};

/* The older struct is what the firmware answers; the block only points to that. */
int platform_snp_status(struct platform *p, struct sev_fw_snp_platform_info *info)
{
	struct sev_fw_snp_platform_status block = { .address = addr_of(info) };

	*info = (struct sev_fw_snp_platform_info){ 0 };
	return p->legacy ? by_legacy(p, LEGACY_SNP_STATUS, info) :
			   by_fw(p, SEV_FW_SNP_PLATFORM_STATUS, &block, sizeof(block));
}

/* The older struct is laid out as the block is; so is that for the VLEK. */
int platform_snp_config(struct platform *p, uint64_t reported_tcb, uint32_t flags)
{
	struct sev_fw_snp_config block = { .reported_tcb = reported_tcb, .flags = flags };

	return p->legacy ? by_legacy(p, LEGACY_SNP_CONFIG, &block) :
			   by_fw(p, SEV_FW_SNP_CONFIG, &block, sizeof(block));
}

int platform_snp_commit(struct platform *p)
{
	struct sev_fw_snp_commit block = { 0 };

	return p->legacy ? by_legacy(p, LEGACY_SNP_COMMIT, NULL) :
			   by_fw(p, SEV_FW_SNP_COMMIT, &block, sizeof(block));
}

/* The legacy ioctl takes the length from the caller, where the driver fills in the block's. */
int platform_snp_vlek_load(struct platform *p, const void *vlek)
{
	struct sev_fw_snp_vlek_load block = { .address = addr_of(vlek) };

	block.length = p->legacy ? sizeof(block) : 0;
	return p->legacy ? by_legacy(p, LEGACY_SNP_VLEK_LOAD, &block) :
			   by_fw(p, SEV_FW_SNP_VLEK_LOAD, &block, sizeof(block));
}
