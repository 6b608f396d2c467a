// SPDX-License-Identifier: GPL-2.0
/*
 * The launch digest: a chain of SHA-384 over one record for each page of 4 KiB.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define INFO_DIGEST		0x00
#define INFO_CONTENTS		0x30
#define INFO_LENGTH		0x60
#define INFO_TYPE		0x62
#define INFO_IMI		0x63
#define INFO_PERMS		0x65	/* of VMPL 1, 2, 3 [D-PERMS-ORDER] */
#define INFO_GPA		0x68
#define INFO_SIZE		0x70

/* Is the page's content part of the digest, or its type and address only? */
static bool content_counts(enum snp_page_type type)
{
	return type == SNP_TYPE_NORMAL || type == SNP_TYPE_VMSA;
}

bool snp_measure(uint8_t digest[SNP_DIGEST_SIZE], const struct snp_measured *m,
		 const uint8_t page[SNP_PAGE_4K])
{
	uint8_t info[INFO_SIZE] = { 0 };

	memcpy(info + INFO_DIGEST, digest, SNP_DIGEST_SIZE);
	if (content_counts(m->type) && !crypto_sha384(page, SNP_PAGE_4K, info + INFO_CONTENTS))
		return false;
	info[INFO_LENGTH] = INFO_SIZE;
	info[INFO_TYPE] = (uint8_t)m->type;
	info[INFO_IMI] = m->imi;
	memcpy(info + INFO_PERMS, m->perms, sizeof(m->perms));
	put64(info + INFO_GPA, m->gpa);
	return crypto_sha384(info, sizeof(info), digest);
}
