/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands on the platform, each by two ways: as the block that firmware defines,
 * and by the legacy ioctl of /dev/sev. A caller sees the same.
 *
 * Functions return 0 or a negative errno; @status of struct platform tells what
 * firmware said, or SEV_FW_NO_CALL. Lengths are room on the way in and what
 * firmware has written, or needs, on the way out.
 */
#ifndef SEVFW_PLATFORM_H
#define SEVFW_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "sevfw.h"

/**
 * struct platform - how the platform is spoken to
 * @fd: /dev/sev
 * @legacy: by the legacy ioctls
 * @status: firmware's answer to the last command
 */
struct platform {
	int fd;
	bool legacy;
	uint32_t status;
};

/** platform_reset() - FACTORY_RESET, which firmware calls PLATFORM_RESET */
int platform_reset(struct platform *p);

int platform_pek_gen(struct platform *p);
int platform_pdh_gen(struct platform *p);
int platform_status(struct platform *p, struct sev_fw_platform_status *status);
int platform_pek_csr(struct platform *p, void *csr, uint32_t *len);
int platform_pdh_cert_export(struct platform *p, void *pdh, uint32_t *pdh_len, void *chain,
			     uint32_t *chain_len);
int platform_pek_cert_import(struct platform *p, const void *pek, uint32_t pek_len,
			     const void *oca, uint32_t oca_len);
int platform_get_id(struct platform *p, void *ids, uint32_t *len);

/* SNP; its legacy ioctls are those of Linux 6.11 and later. */
int platform_snp_status(struct platform *p, struct sev_fw_snp_platform_info *info);
int platform_snp_config(struct platform *p, uint64_t reported_tcb, uint32_t flags);

/** platform_snp_commit() - older firmware is refused from now on, for ever */
int platform_snp_commit(struct platform *p);

/** platform_snp_vlek_load() - @vlek: wrapped hashstick, SEV_FW_SNP_VLEK_SIZE bytes */
int platform_snp_vlek_load(struct platform *p, const void *vlek);

#endif /* SEVFW_PLATFORM_H */
