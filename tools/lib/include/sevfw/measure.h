/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The expected content of a guest: launch digests, computed from the files that a
 * VMM is given. SEV and SEV-ES: all bytes, one after the other. SNP: page after page, with
 * its kind and its address, as the firmware's image tells the VMM in a table at its end.
 *
 * Needs libcrypto of OpenSSL 3 and nothing of Linux. All sizes are in bytes.
 */
#ifndef SEVFW_MEASURE_H
#define SEVFW_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cert.h"

#define MEASURE_SHA256		32
#define MEASURE_SHA384		48
#define MEASURE_FIRMWARE_MAX	(64u << 20)
#define MEASURE_VCPUS_MAX	512

/* VMMs set up vCPUs each in their own way. */
enum measure_vmm {
	MEASURE_QEMU,
	MEASURE_EC2,
	MEASURE_GCE,
};

/**
 * struct measure - a guest that is going to be launched
 * @firmware: image of the guest's firmware, which ends at 4 GiB
 * @firmware_len: its length
 * @kernel: the VMM loads a kernel itself, and has the firmware told its hash
 * @kernel_hash: SHA-256 of the kernel
 * @initrd_hash: of the initrd; of nothing, if there is none
 * @line_hash: of the command line with the zero at its end
 * @vcpus: number of vCPUs; 0 measures the firmware only. SEV does not measure vCPUs
 * @cpu_signature: family, model and stepping, as CPUID tells them
 * @features: SEV features in the save area; 1 for SNP alone, 0 for SEV-ES
 * @init2: SEV-ES: the VM is made as one, by KVM_SEV_INIT2 with the type KVM_X86_SEV_ES_VM, and not
 *	by KVM_SEV_ES_INIT; KVM puts the FPU's state into its save areas, then
 * @vmm: VMM
 */
struct measure {
	const uint8_t *firmware;
	size_t firmware_len;
	bool kernel;
	uint8_t kernel_hash[MEASURE_SHA256];
	uint8_t initrd_hash[MEASURE_SHA256];
	uint8_t line_hash[MEASURE_SHA256];
	uint32_t vcpus;
	uint32_t cpu_signature;
	uint64_t features;
	bool init2;
	enum measure_vmm vmm;
};

/**
 * measure_sev() - launch digest of a SEV or SEV-ES guest
 * @m: guest
 * @es: SEV-ES: @m->vcpus save areas are measured after memory
 * @ld: receives the digest
 *
 * Return: OWNER_OK; OWNER_FORMAT: the firmware's image has not what is needed;
 * OWNER_LENGTH: too long, or too many vCPUs; OWNER_CRYPTO.
 */
enum owner_result measure_sev(const struct measure *m, bool es, uint8_t ld[MEASURE_SHA256]);

/** measure_snp() - likewise of an SNP guest */
enum owner_result measure_snp(const struct measure *m, uint8_t ld[MEASURE_SHA384]);

#endif /* SEVFW_MEASURE_H */
