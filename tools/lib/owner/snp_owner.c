// SPDX-License-Identifier: GPL-2.0
/*
 * The SNP guest owner's computations: launch digest, state of a vCPU, ID block.
 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <sevfw/snp_owner.h>

/* ---- digest ---- */

/* The record that is hashed for each page. */
struct page_record {
	uint8_t digest[SNP_DIGEST_BYTES];
	uint8_t content[SNP_DIGEST_BYTES];
	uint16_t length;
	uint8_t kind;
	uint8_t imi;
	uint8_t reserved;
	uint8_t permissions[3];
	uint64_t gpa;
} __attribute__((packed));

static_assert(sizeof(struct page_record) == 0x70, "record of a page");

static bool sha384(const void *data, size_t len, uint8_t digest[SNP_DIGEST_BYTES])
{
	return EVP_Digest(data, len, digest, NULL, EVP_sha384(), NULL) == 1;
}

enum owner_result snp_digest_page(uint8_t digest[SNP_DIGEST_BYTES], enum snp_page_kind kind,
				  uint64_t gpa, const void *page)
{
	struct page_record record = {
		.length = htole16(sizeof(record)), .kind = kind, .gpa = htole64(gpa),
	};

	memcpy(record.digest, digest, sizeof(record.digest));
	if ((kind == SNP_PAGE_NORMAL || kind == SNP_PAGE_VMSA) &&
	    !sha384(page, SNP_PAGE_BYTES, record.content))
		return OWNER_CRYPTO;
	return sha384(&record, sizeof(record), digest) ? OWNER_OK : OWNER_CRYPTO;
}

/* ---- state of a vCPU ---- */

struct segment {
	uint16_t selector;
	uint16_t attributes;
	uint32_t limit;
	uint64_t base;
} __attribute__((packed));

/* The parts of a save area that are not zero after a reset. */
struct save_area {
	struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved0[0x0d0 - 0x0a0];
	uint64_t efer;
	uint8_t reserved1[0x148 - 0x0d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved2[0x268 - 0x180];
	uint64_t pat;
	uint8_t reserved3[0x3b0 - 0x270];
	uint64_t features;
	uint8_t reserved4[0x3e8 - 0x3b8];
	uint64_t xcr0;
	uint8_t reserved5[0x408 - 0x3f0];
	uint32_t mxcsr;
	uint8_t reserved6[0x410 - 0x40c];
	uint16_t fcw;
} __attribute__((packed));

static_assert(offsetof(struct save_area, efer) == 0x0d0, "EFER");
static_assert(offsetof(struct save_area, rip) == 0x178, "RIP");
static_assert(offsetof(struct save_area, pat) == 0x268, "PAT");
static_assert(offsetof(struct save_area, features) == 0x3b0, "SEV_FEATURES");
static_assert(offsetof(struct save_area, fcw) == 0x410, "x87 control word");

#define FEATURE_SNP	1
#define EFER_SVME	0x1000
#define CR4_MCE		0x40
#define CR0_ET		0x10

static struct segment real_mode_segment(uint16_t attributes)
{
	return (struct segment){ .attributes = htole16(attributes), .limit = htole32(0xffff) };
}

void snp_vmsa_real_mode(void *vmsa, uint16_t ip)
{
	const struct segment data = real_mode_segment(0x93), table = real_mode_segment(0);
	const struct save_area area = {
		.es = data, .ds = data, .fs = data, .gs = data,
		.cs = real_mode_segment(0x9a), .ss = real_mode_segment(0x92),
		.gdtr = table, .idtr = table,
		.ldtr = real_mode_segment(0x82), .tr = real_mode_segment(0x83),
		.efer = htole64(EFER_SVME), .cr4 = htole64(CR4_MCE), .cr0 = htole64(CR0_ET),
		.dr7 = htole64(0x400), .dr6 = htole64(0xffff0ff0), .rflags = htole64(2),
		.rip = htole64(ip), .pat = htole64(0x0007040600070406),
		.features = htole64(FEATURE_SNP), .xcr0 = htole64(1), .mxcsr = htole32(0x1f80),
		.fcw = htole16(0x37f),
	};

	memset(vmsa, 0, SNP_PAGE_BYTES);
	memcpy(vmsa, &area, sizeof(area));
}

/* ---- ID block ---- */

#define NUMBER_BYTES	72	/* of each half of a signature, and of each coordinate */
#define ALGO_P384	1

struct id_block {
	uint8_t digest[SNP_DIGEST_BYTES];
	uint8_t family[16];
	uint8_t image[16];
	uint32_t version;
	uint32_t svn;
	uint64_t policy;
} __attribute__((packed));

static_assert(sizeof(struct id_block) == SNP_ID_BLOCK_BYTES, "ID block");

struct id_key {
	uint32_t curve;
	uint8_t x[NUMBER_BYTES];
	uint8_t y[NUMBER_BYTES];
	uint8_t zero[0x404 - 4 - 2 * NUMBER_BYTES];
} __attribute__((packed));

struct id_signature {
	uint8_t r[NUMBER_BYTES];
	uint8_t s[NUMBER_BYTES];
	uint8_t zero[0x200 - 2 * NUMBER_BYTES];
} __attribute__((packed));

struct id_auth {
	uint32_t id_algo;
	uint32_t author_algo;
	uint8_t zero0[0x38];
	struct id_signature block_signature;
	struct id_key id_key;
	uint8_t zero1[0x680 - 0x644];
	struct id_signature key_signature;
	struct id_key author_key;
	uint8_t zero2[SNP_ID_AUTH_BYTES - 0xc84];
} __attribute__((packed));

static_assert(sizeof(struct id_auth) == SNP_ID_AUTH_BYTES, "ID authentication page");
static_assert(offsetof(struct id_auth, author_key) == 0x880, "author's key");

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t bytes[NUMBER_BYTES])
{
	BIGNUM *number = NULL;
	bool done = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
		    BN_bn2lebinpad(number, bytes, NUMBER_BYTES) == NUMBER_BYTES;

	BN_free(number);
	return done;
}

static bool public_key(const EVP_PKEY *key, struct id_key *out)
{
	out->curve = htole32(SEV_CURVE_P384);
	return coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, out->x) &&
	       coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, out->y);
}

static bool take_signature(const uint8_t *der, size_t len, struct id_signature *out)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool done = pair &&
		    BN_bn2lebinpad(ECDSA_SIG_get0_r(pair), out->r, NUMBER_BYTES) == NUMBER_BYTES &&
		    BN_bn2lebinpad(ECDSA_SIG_get0_s(pair), out->s, NUMBER_BYTES) == NUMBER_BYTES;

	ECDSA_SIG_free(pair);
	return done;
}

static bool sign(EVP_PKEY *key, const void *data, size_t len, struct id_signature *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[160];
	size_t der_len = sizeof(der);
	bool done = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, der, &der_len, data, len) == 1 &&
		    take_signature(der, der_len, out);

	EVP_MD_CTX_free(ctx);
	return done;
}

enum owner_result snp_identity_sign(const struct snp_identity_request *request, EVP_PKEY *id_key,
				    EVP_PKEY *author_key, void *block, void *auth)
{
	struct id_block *b = block;
	struct id_auth *a = auth;

	*b = (struct id_block){
		.version = htole32(1), .svn = htole32(request->svn),
		.policy = htole64(request->policy),
	};
	memcpy(b->digest, request->digest, sizeof(b->digest));
	memcpy(b->family, request->family, sizeof(b->family));
	memcpy(b->image, request->image, sizeof(b->image));
	memset(a, 0, sizeof(*a));
	a->id_algo = htole32(ALGO_P384);
	if (!public_key(id_key, &a->id_key) || !sign(id_key, b, sizeof(*b), &a->block_signature))
		return OWNER_CRYPTO;
	if (!author_key)
		return OWNER_OK;
	a->author_algo = htole32(ALGO_P384);
	if (!public_key(author_key, &a->author_key) ||
	    !sign(author_key, &a->id_key, sizeof(a->id_key), &a->key_signature))
		return OWNER_CRYPTO;
	return OWNER_OK;
}
