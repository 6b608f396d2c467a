// SPDX-License-Identifier: GPL-2.0
/*
 * SNP's attestation report and its X.509 certificates.
 *
 * libcrypto parses and verifies each certificate; who may sign whom is decided here,
 * since the leaf has none of the extensions by which libcrypto would decide.
 */
#include <endian.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <sevfw/snp_report.h>

#define SIGNED_BYTES	offsetof(struct snp_report, signature)
#define NUMBERS_BYTES	144		/* of the signature; the rest is zero */
#define ALGO_P384	1

#define OID_SPL(n)	"1.3.6.1.4.1.3704.1.3." #n
#define OID_FMC		OID_SPL(9)
#define OID_HWID	"1.3.6.1.4.1.3704.1.4"
#define OID_CSP_ID	"1.3.6.1.4.1.3704.1.5"

struct chain {
	X509 *leaf;
	X509 *ask;
	X509 *ark;
};

/* ---- parsing ---- */

/* All of @der must be the certificate. */
static X509 *leaf_parse(const void *der, size_t len)
{
	const unsigned char *at = der;
	X509 *x = len <= 0x10000 ? d2i_X509(NULL, &at, (long)len) : NULL;

	if (x && at != (const unsigned char *)der + len) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

static enum owner_result chain_parse(struct chain *c, const void *leaf, size_t leaf_len,
				     const void *pem, size_t pem_len)
{
	BIO *bio = pem_len <= 0x10000 ? BIO_new_mem_buf(pem, (int)pem_len) : NULL;

	c->leaf = leaf_parse(leaf, leaf_len);
	c->ask = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	c->ark = c->ask ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return c->leaf && c->ark ? OWNER_OK : OWNER_FORMAT;
}

static void chain_free(struct chain *c)
{
	X509_free(c->leaf);
	X509_free(c->ask);
	X509_free(c->ark);
}

/* ---- signatures of the chain ---- */

/* RSA-PSS with SHA-384, nothing less. */
static enum owner_result cert_signed_by(X509 *cert, X509 *signer)
{
	EVP_PKEY *key = X509_get0_pubkey(signer);
	int md, pk;

	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 4096 ||
	    !X509_get_signature_info(cert, &md, &pk, NULL, NULL) || md != NID_sha384 ||
	    X509_get_signature_nid(cert) != NID_rsassaPss)
		return OWNER_FORMAT;
	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(signer)))
		return OWNER_SIGNER;
	return X509_verify(cert, key) == 1 ? OWNER_OK : OWNER_SIGNATURE;
}

static int cert_valid_at(X509 *cert, time_t when)
{
	return X509_cmp_time(X509_get0_notBefore(cert), &when) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(cert), &when) > 0;
}

static enum owner_result chain_verify(const struct chain *c, time_t when)
{
	enum owner_result result;

	if (X509_check_ca(c->ark) != 1 || X509_check_ca(c->ask) != 1 || X509_check_ca(c->leaf))
		return OWNER_FORMAT;
	result = cert_signed_by(c->ark, c->ark);
	if (!result)
		result = cert_signed_by(c->ask, c->ark);
	if (!result)
		result = cert_signed_by(c->leaf, c->ask);
	if (!result && !(cert_valid_at(c->ark, when) && cert_valid_at(c->ask, when) &&
			 cert_valid_at(c->leaf, when)))
		result = OWNER_EXPIRED;
	return result;
}

enum owner_result snp_leaf_verify(const void *leaf, size_t leaf_len, const void *chain,
				  size_t chain_len, time_t when,
				  uint8_t ark_digest[SNP_DIGEST_BYTES])
{
	struct chain c = { NULL };
	enum owner_result result = chain_parse(&c, leaf, leaf_len, chain, chain_len);

	if (!result)
		result = chain_verify(&c, when);
	if (!result && !X509_digest(c.ark, EVP_sha384(), ark_digest, NULL))
		result = OWNER_CRYPTO;
	chain_free(&c);
	return result;
}

/* ---- extensions of a leaf ---- */

/* Content of the extension @oid. Return: its length, or -1 if it is not there. */
static int extension_get(X509 *leaf, const char *oid, const uint8_t **content)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = object ? X509_get_ext_by_OBJ(leaf, object, -1) : -1;
	const ASN1_OCTET_STRING *string;

	ASN1_OBJECT_free(object);
	if (at < 0)
		return -1;
	string = X509_EXTENSION_get_data(X509_get_ext(leaf, at));
	*content = ASN1_STRING_get0_data(string);
	return ASN1_STRING_length(string);
}

/* A number from 0 to 255, in DER. Return: -1 if it is not there, or is no such number. */
static int spl_get(X509 *leaf, const char *oid)
{
	const uint8_t *c = NULL;
	int len = extension_get(leaf, oid, &c);

	if (len == 3 && c[0] == 2 && c[1] == 1 && c[2] < 0x80)
		return c[2];
	if (len == 4 && c[0] == 2 && c[1] == 2 && !c[2])
		return c[3];
	return -1;
}

/*
 * The TCB that a leaf is for, byte by byte from the lowest. Products whose TCB starts with
 * the version of the FMC have a certificate that says so.
 */
static int leaf_tcb(X509 *leaf, uint64_t *tcb)
{
	static const char * const earlier[8] = {
		OID_SPL(1), OID_SPL(2), OID_SPL(4), OID_SPL(5), OID_SPL(6), OID_SPL(7),
		OID_SPL(3), OID_SPL(8),
	};
	static const char * const with_fmc[8] = {
		OID_FMC, OID_SPL(1), OID_SPL(2), OID_SPL(3), NULL, NULL, NULL, OID_SPL(8),
	};
	const char * const *oids = spl_get(leaf, OID_FMC) < 0 ? earlier : with_fmc;

	*tcb = 0;
	for (int i = 0; i < 8; i++) {
		int spl = oids[i] ? spl_get(leaf, oids[i]) : 0;

		if (spl < 0)
			return 0;
		*tcb |= (uint64_t)spl << 8 * i;
	}
	return 1;
}

static int is_zero(const uint8_t *p, size_t len)
{
	while (len--)
		if (*p++)
			return 0;
	return 1;
}

/* A VCEK names its chip; shorter ids are padded in the report. */
static enum owner_result chip_compare(const struct snp_report *report, X509 *leaf)
{
	const uint8_t *id = NULL;
	int len = extension_get(leaf, OID_HWID, &id);

	if (len != 8 && len != (int)sizeof(report->chip_id))
		return OWNER_FORMAT;
	if (is_zero(report->chip_id, sizeof(report->chip_id)))
		return OWNER_OK;
	if (memcmp(report->chip_id, id, (size_t)len) ||
	    !is_zero(report->chip_id + len, sizeof(report->chip_id) - (size_t)len))
		return OWNER_MISMATCH;
	return OWNER_OK;
}

static enum owner_result leaf_compare(const struct snp_report *report, X509 *leaf)
{
	uint32_t signer = SNP_SIGNER(le32toh(report->key));
	const uint8_t *csp;
	int vlek = extension_get(leaf, OID_CSP_ID, &csp) >= 0;
	uint64_t tcb;

	if (signer != (vlek ? SNP_SIGNER_VLEK : SNP_SIGNER_VCEK))
		return OWNER_SIGNER;
	if (!leaf_tcb(leaf, &tcb))
		return OWNER_FORMAT;
	if (tcb != le64toh(report->reported_tcb))
		return OWNER_MISMATCH;
	return vlek ? OWNER_OK : chip_compare(report, leaf);
}

/* ---- reports ---- */

static int report_valid(const struct snp_report *report)
{
	uint32_t version = le32toh(report->version);

	return version >= 2 && version <= 5 && le32toh(report->signature_algo) == ALGO_P384 &&
	       is_zero(report->signature + NUMBERS_BYTES,
		       sizeof(report->signature) - NUMBERS_BYTES);
}

enum owner_result snp_report_verify(const struct snp_report *report, const void *leaf,
				    size_t leaf_len)
{
	X509 *x = leaf_parse(leaf, leaf_len);
	EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
	enum owner_result result = OWNER_FORMAT;

	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 384 &&
	    report_valid(report))
		result = leaf_compare(report, x);
	if (!result)
		result = sev_verify(key, SEV_ALGO_ECDSA_SHA384, report, SIGNED_BYTES,
				    report->signature);
	X509_free(x);
	return result;
}

int snp_tcb_covers(uint64_t tcb, uint64_t least)
{
	for (int i = 0; i < 64; i += 8)
		if ((tcb >> i & 0xff) < (least >> i & 0xff))
			return 0;
	return 1;
}
