/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SNP's attestation report, as a guest owner sees it: who has signed it, and that the
 * certificate is about the same chip and the same firmware.
 *
 *   report <- VCEK <- ASK <- ARK (self-signed: the vendor)
 *   report <- VLEK <- ASVK <- ARK
 *
 * Certificates are X.509 as the vendor's server gives them: the leaf in DER, the other
 * two in one PEM file. The caller judges what the report says of the guest:
 * measurement, policy, report_data, report_id_ma, vmpl, the TCBs. Needs libcrypto of
 * OpenSSL 3 and nothing of Linux. All sizes are in bytes.
 */
#ifndef SEVFW_SNP_REPORT_H
#define SEVFW_SNP_REPORT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cert.h"

#define SNP_DIGEST_BYTES	48

/* The signer: struct snp_report, key. */
#define SNP_SIGNER(key)		((key) >> 2 & 7)
#define SNP_SIGNER_VCEK		0
#define SNP_SIGNER_VLEK		1
#define SNP_SIGNER_NONE		7

/* Privilege levels of a guest; the firmware also makes reports when the host asks. */
#define SNP_VMPL_MAX		3
#define SNP_VMPL_HOST		UINT32_MAX

/**
 * struct snp_report - the report; numbers are little-endian
 * @version: 2, 3, 5; later ones fill in what is reserved in earlier ones
 * @guest_svn: of the ID block
 * @policy: guest policy
 * @family_id: of the ID block
 * @image_id: of the ID block
 * @vmpl: privilege level that asked; SNP_VMPL_HOST: the hypervisor did
 * @signature_algo: 1: ECDSA on P-384 with SHA-384
 * @current_tcb: security versions of the firmware that runs
 * @platform_info: bit 0: SMT is on, and others
 * @key: bit 0: an author has signed the ID key; bit 1: the VCEK is masked; bits 4:2:
 *	SNP_SIGNER_*
 * @reserved0: zero
 * @report_data: data from the guest
 * @measurement: launch digest
 * @host_data: data from the host, given at launch
 * @id_key_digest: SHA-384 of the key that signed the ID block
 * @author_key_digest: SHA-384 of the key that signed that one
 * @report_id: random, one for each launch
 * @report_id_ma: @report_id of the migration agent, which gets the guest's keys in clear; all
 *	ones: there is none
 * @reported_tcb: security versions for which the signing key was derived
 * @cpuid: family, model, stepping; from version 3 on
 * @reserved1: zero
 * @chip_id: zero if it is masked
 * @committed_tcb: lower security versions cannot come back
 * @current: build, minor, major version of the firmware, 0
 * @committed: likewise
 * @launch_tcb: @current_tcb at the time of the launch
 * @launch_mitigations: from version 5 on
 * @current_mitigations: likewise
 * @reserved2: zero
 * @signature: two numbers of 72 bytes, zeros
 */
struct snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl;
	uint32_t signature_algo;
	uint64_t current_tcb;
	uint64_t platform_info;
	uint32_t key;
	uint32_t reserved0;
	uint8_t report_data[64];
	uint8_t measurement[SNP_DIGEST_BYTES];
	uint8_t host_data[32];
	uint8_t id_key_digest[SNP_DIGEST_BYTES];
	uint8_t author_key_digest[SNP_DIGEST_BYTES];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint64_t reported_tcb;
	uint8_t cpuid[3];
	uint8_t reserved1[21];
	uint8_t chip_id[64];
	uint64_t committed_tcb;
	uint8_t current[4];
	uint8_t committed[4];
	uint64_t launch_tcb;
	uint64_t launch_mitigations;
	uint64_t current_mitigations;
	uint8_t reserved2[0x98];
	uint8_t signature[0x200];
};

static_assert(offsetof(struct snp_report, measurement) == 0x090, "measurement");
static_assert(offsetof(struct snp_report, reported_tcb) == 0x180, "reported_tcb");
static_assert(offsetof(struct snp_report, committed_tcb) == 0x1e0, "committed_tcb");
static_assert(offsetof(struct snp_report, signature) == 0x2a0, "signature");
static_assert(sizeof(struct snp_report) == 0x4a0, "struct snp_report");

/**
 * snp_leaf_verify() - has the vendor signed this VCEK or VLEK?
 * @leaf: VCEK or VLEK certificate, DER
 * @leaf_len: its length
 * @chain: ASK (or ASVK) and ARK, in this order, PEM
 * @chain_len: its length
 * @when: time at which all three must be valid
 * @ark_digest: receives the SHA-384 of the ARK's DER: the caller decides whether this is
 *	the vendor to trust; valid only with OWNER_OK
 *
 * Return: OWNER_OK; OWNER_FORMAT: not such certificates; OWNER_EXPIRED; OWNER_SIGNER: names
 * do not make a chain; OWNER_SIGNATURE; OWNER_CRYPTO.
 */
enum owner_result snp_leaf_verify(const void *leaf, size_t leaf_len, const void *chain,
				  size_t chain_len, time_t when,
				  uint8_t ark_digest[SNP_DIGEST_BYTES]);

/**
 * snp_report_verify() - has the firmware that this certificate is about signed this report?
 * @report: report
 * @leaf: VCEK or VLEK certificate, DER; verify it first
 * @leaf_len: its length
 *
 * The certificate must be for the reported TCB, and a VCEK for the report's chip. A report
 * with a masked chip id is taken from any chip.
 *
 * Return: OWNER_OK; OWNER_FORMAT: not a report, or not a certificate; OWNER_SIGNER: not
 * signed, or by the other kind of key; OWNER_SIGNATURE; OWNER_MISMATCH: other chip or TCB.
 */
enum owner_result snp_report_verify(const struct snp_report *report, const void *leaf,
				    size_t leaf_len);

/**
 * snp_tcb_covers() - is this firmware at least as new?
 * @tcb: a TCB of a report, in the byte order of the processor
 * @least: what it must have at least
 *
 * A TCB has eight components of a byte: microcode, SNP firmware, boot loader and others, in
 * an order that depends on the product. Unused ones are zero. A higher one does not make up
 * for a lower one. Each TCB of a report has to be compared: firmware may be exchanged for one
 * down to @committed_tcb, and that of @launch_tcb has launched the guest.
 *
 * Return: 1 if no component is below that of @least, 0 otherwise.
 */
int snp_tcb_covers(uint64_t tcb, uint64_t least);

#endif /* SEVFW_SNP_REPORT_H */
