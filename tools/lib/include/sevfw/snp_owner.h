/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SNP's launch, as a guest owner computes it: the digest of what is loaded, the state of a
 * vCPU that is part of it, and the ID block by which the owner tells the firmware what it
 * must be.
 *
 * The digest depends on the order of pages. It begins as zeros; each page of 4 KiB adds a
 * record of its type, its address and, for some types, the digest of its content; vCPUs
 * come last. Needs libcrypto of OpenSSL 3 and nothing of Linux. All sizes are in bytes.
 */
#ifndef SEVFW_SNP_OWNER_H
#define SEVFW_SNP_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "cert.h"
#include "snp_report.h"

#define SNP_PAGE_BYTES		0x1000
#define SNP_ID_BLOCK_BYTES	0x60
#define SNP_ID_AUTH_BYTES	0x1000

/* Policy of a guest. */
#define SNP_POLICY_SMT		(1ull << 16)	/* may run on a processor with SMT */
#define SNP_POLICY_ALWAYS	(1ull << 17)	/* must be set */
#define SNP_POLICY_AGENT	(1ull << 18)	/* may have a migration agent */
#define SNP_POLICY_DEBUG	(1ull << 19)	/* the host may read and write it */
/* Policy of an ordinary guest: the bit that must be set, and SMT, since a host may have it on. */
#define SNP_POLICY_PLAIN	(SNP_POLICY_ALWAYS | SNP_POLICY_SMT)

/**
 * enum snp_page_kind - types of pages, as the firmware numbers them
 * @SNP_PAGE_NORMAL: content as given
 * @SNP_PAGE_VMSA: state of a vCPU; KVM adds these by itself
 * @SNP_PAGE_ZERO: zeros
 * @SNP_PAGE_UNMEASURED: content as given, of which the digest says nothing
 * @SNP_PAGE_SECRETS: filled in by the firmware
 * @SNP_PAGE_CPUID: table of CPUID functions, which the firmware checks
 */
enum snp_page_kind {
	SNP_PAGE_NORMAL = 1,
	SNP_PAGE_VMSA,
	SNP_PAGE_ZERO,
	SNP_PAGE_UNMEASURED,
	SNP_PAGE_SECRETS,
	SNP_PAGE_CPUID,
};

/* Guest address under which the states of all vCPUs are measured. */
#define SNP_VMSA_GPA	0xfffffffff000ull

/**
 * snp_digest_page() - add a page
 * @digest: launch digest so far, SNP_DIGEST_BYTES; zeros to begin with
 * @kind: type
 * @gpa: guest physical address
 * @page: content, SNP_PAGE_BYTES; only looked at where it counts, may be NULL otherwise
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result snp_digest_page(uint8_t digest[SNP_DIGEST_BYTES], enum snp_page_kind kind,
				  uint64_t gpa, const void *page);

/**
 * snp_vmsa_real_mode() - the state of a vCPU that begins in real mode, as KVM measures it
 * @vmsa: receives SNP_PAGE_BYTES; all general registers are 0
 * @ip: instruction pointer, in a code segment of base 0
 */
void snp_vmsa_real_mode(void *vmsa, uint16_t ip);

/**
 * struct snp_identity_request - content of an ID block
 * @digest: launch digest that the guest must have
 * @policy: policy that it must have
 * @family: FAMILY_ID, appears in reports
 * @image: IMAGE_ID, likewise
 * @svn: GUEST_SVN, likewise
 */
struct snp_identity_request {
	uint8_t digest[SNP_DIGEST_BYTES];
	uint64_t policy;
	uint8_t family[16];
	uint8_t image[16];
	uint32_t svn;
};

/**
 * snp_identity_sign() - make an ID block and the page that authenticates it
 * @request: the content that the block is to have
 * @id_key: key pair on P-384 that signs the block
 * @author_key: another one, that signs the first one's public key; NULL: no author
 * @block: receives SNP_ID_BLOCK_BYTES
 * @auth: receives SNP_ID_AUTH_BYTES
 *
 * Return: OWNER_OK or OWNER_CRYPTO.
 */
enum owner_result snp_identity_sign(const struct snp_identity_request *request, EVP_PKEY *id_key,
				    EVP_PKEY *author_key, void *block, void *auth);

#endif /* SEVFW_SNP_OWNER_H */
