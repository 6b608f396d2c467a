// SPDX-License-Identifier: GPL-2.0
/*
 * The simulated vendor's X.509 certificates for SNP, as clients of the real vendor expect
 * them: ARK, ASK and ASVK, the VCEK of a chip and the VLEK of a provider, a list of what
 * has been revoked (nothing). Names are the real ones, since clients compare them, but
 * for a last part which says that they are simulated; and no real key has signed them.
 *
 * All are valid as long as the real roots: a leaf that ends after seven years, as real
 * ones do, would end in the middle of somebody's test.
 */
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "internal.h"
#include "der.h"

#define NOT_BEFORE	"200101000000Z"
#define NOT_AFTER	"450101000000Z"
#define SIMULATED	"SIMULATED"
#define PROVIDER	"simulated"	/* the cloud provider that has the VLEK */
#define KEY_ID_SIZE	20
#define PSS_SALT_SIZE	48
#define KEY_CERT_SIGN	0x04		/* bits of keyUsage, the first one highest */
#define KEY_CRL_SIGN	0x02

static const char * const products[] = {
	[SWPSP_MILAN] = "Milan", [SWPSP_GENOA] = "Genoa", [SWPSP_TURIN] = "Turin",
};

/* Names of steppings in certificates: the letter B and the number of CPUID. */
static const char * const steppings[] = {
	[SWPSP_MILAN] = "Milan-B1", [SWPSP_GENOA] = "Genoa-B1", [SWPSP_TURIN] = "Turin",
};

const char *swpsp_product_name(enum swpsp_product product)
{
	return products[product];
}

/* The first number of each stands for the first two of its dotted form. */
#define OID(...)	((const uint32_t[]){ __VA_ARGS__, OID_END })
#define OID_ATTRIBUTE(n)	OID(85, 4, n)
#define OID_EXTENSION(n)	OID(85, 29, n)
#define OID_PSS		OID(42, 840, 113549, 1, 1, 10)
#define OID_MGF1	OID(42, 840, 113549, 1, 1, 8)
#define OID_RSA		OID(42, 840, 113549, 1, 1, 1)
#define OID_SHA384	OID(96, 840, 1, 101, 3, 4, 2, 2)
#define OID_EC_KEY	OID(42, 840, 10045, 2, 1)
#define OID_P384	OID(43, 132, 0, 34)
#define OID_SNP(...)	OID(43, 6, 1, 4, 1, 3704, 1, __VA_ARGS__)

enum attribute {
	COMMON_NAME	= 3,
	SERIAL_NUMBER	= 5,
	COUNTRY		= 6,
	LOCALITY	= 7,
	STATE		= 8,
	ORGANIZATION	= 10,
	UNIT		= 11,
};

enum extension {
	SUBJECT_KEY_ID		= 14,
	KEY_USAGE		= 15,
	BASIC_CONSTRAINTS	= 19,
	CRL_POINTS		= 31,
	AUTHORITY_KEY_ID	= 35,
};

/* ---- parts that all of them have ---- */

static void put_hash_algorithm(struct der *d)
{
	size_t seq = der_open(d, DER_SEQUENCE);

	der_oid(d, OID_SHA384);
	der_put(d, DER_NULL, "", 0);
	der_close(d, seq);
}

/* RSA-PSS: SHA-384 for data and mask, 48 bytes of salt, and a number that could be left out. */
static void put_algorithm(struct der *d)
{
	size_t seq = der_open(d, DER_SEQUENCE), params, part, mgf;

	der_oid(d, OID_PSS);
	params = der_open(d, DER_SEQUENCE);
	part = der_open(d, DER_CONTEXT(0));
	put_hash_algorithm(d);
	der_close(d, part);
	part = der_open(d, DER_CONTEXT(1));
	mgf = der_open(d, DER_SEQUENCE);
	der_oid(d, OID_MGF1);
	put_hash_algorithm(d);
	der_close(d, mgf);
	der_close(d, part);
	part = der_open(d, DER_CONTEXT(2));
	der_number(d, PSS_SALT_SIZE);
	der_close(d, part);
	part = der_open(d, DER_CONTEXT(3));
	der_number(d, 1);
	der_close(d, part);
	der_close(d, params);
	der_close(d, seq);
}

static void put_attribute(struct der *d, enum attribute type, const char *value)
{
	bool printable = type == COUNTRY || type == SERIAL_NUMBER;
	size_t set = der_open(d, DER_SET), seq = der_open(d, DER_SEQUENCE);

	der_oid(d, OID_ATTRIBUTE(type));
	der_text(d, printable ? DER_PRINTABLE : DER_UTF8, value);
	der_close(d, seq);
	der_close(d, set);
}

static void put_name(struct der *d, const char *common)
{
	size_t seq = der_open(d, DER_SEQUENCE);

	put_attribute(d, UNIT, "Engineering");
	put_attribute(d, COUNTRY, "US");
	put_attribute(d, LOCALITY, "Santa Clara");
	put_attribute(d, STATE, "CA");
	put_attribute(d, ORGANIZATION, "Advanced Micro Devices");
	put_attribute(d, COMMON_NAME, common);
	put_attribute(d, SERIAL_NUMBER, SIMULATED);
	der_close(d, seq);
}

static void put_validity(struct der *d)
{
	size_t seq = der_open(d, DER_SEQUENCE);

	der_text(d, DER_UTC_TIME, NOT_BEFORE);
	der_text(d, DER_UTC_TIME, NOT_AFTER);
	der_close(d, seq);
}

/* Signs the body in @d, and makes it the first of the certificate's three parts. */
static bool sign(struct swpsp *p, EVP_PKEY *signer, struct der *d)
{
	uint8_t le[RSA_BYTES], be[RSA_BYTES];
	struct der body;
	size_t seq;

	if (d->full || !rsa_sign(p, RANDOM_X509, signer, d->data, d->len, le))
		return false;
	pubkey_reverse(be, le, sizeof(be));
	body = *d;
	der_init(d);
	seq = der_open(d, DER_SEQUENCE);
	der_raw(d, body.data, body.len);
	put_algorithm(d);
	der_bits(d, be, sizeof(be));
	der_close(d, seq);
	return !d->full;
}

/* ---- extensions ---- */

/* Return: for end_extension(), with the content in between. */
struct open_extension {
	size_t seq;
	size_t string;
};

static struct open_extension begin_extension(struct der *d, const uint32_t *oid, bool critical)
{
	static const uint8_t yes = 0xff;
	struct open_extension e = { .seq = der_open(d, DER_SEQUENCE) };

	der_oid(d, oid);
	if (critical)
		der_put(d, DER_BOOLEAN, &yes, 1);
	e.string = der_open(d, DER_OCTET_STRING);
	return e;
}

static void end_extension(struct der *d, struct open_extension e)
{
	der_close(d, e.string);
	der_close(d, e.seq);
}

/* By convention the SHA-1 of the key, as it stands in the certificate. */
static bool key_id(EVP_PKEY *key, uint8_t id[KEY_ID_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(key, &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, id, NULL, EVP_sha1(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

static bool put_key_ids(struct der *d, EVP_PKEY *key, EVP_PKEY *signer)
{
	struct open_extension e;
	uint8_t id[KEY_ID_SIZE];
	size_t seq;

	if (!key_id(key, id))
		return false;
	e = begin_extension(d, OID_EXTENSION(SUBJECT_KEY_ID), false);
	der_put(d, DER_OCTET_STRING, id, sizeof(id));
	end_extension(d, e);
	if (key == signer)
		return true;
	if (!key_id(signer, id))
		return false;
	e = begin_extension(d, OID_EXTENSION(AUTHORITY_KEY_ID), false);
	seq = der_open(d, DER_SEQUENCE);
	der_put(d, DER_IMPLICIT(0), id, sizeof(id));
	der_close(d, seq);
	end_extension(d, e);
	return true;
}

/* An authority: the root may sign others and lists, the others leaves only. */
static void put_authority(struct der *d, bool root)
{
	uint8_t usage[2] = { root ? 1 : 2, root ? KEY_CERT_SIGN | KEY_CRL_SIGN : KEY_CERT_SIGN };
	static const uint8_t yes = 0xff;
	struct open_extension e = begin_extension(d, OID_EXTENSION(BASIC_CONSTRAINTS), true);
	size_t seq = der_open(d, DER_SEQUENCE);

	der_put(d, DER_BOOLEAN, &yes, 1);
	if (!root)
		der_number(d, 0);
	der_close(d, seq);
	end_extension(d, e);
	e = begin_extension(d, OID_EXTENSION(KEY_USAGE), true);
	der_put(d, DER_BIT_STRING, usage, sizeof(usage));
	end_extension(d, e);
}

/* A sequence of one point, whose name is one URL. */
static void put_crl_point(struct der *d, const char *url)
{
	struct open_extension e = begin_extension(d, OID_EXTENSION(CRL_POINTS), false);
	size_t all = der_open(d, DER_SEQUENCE), point = der_open(d, DER_SEQUENCE);
	size_t name = der_open(d, DER_CONTEXT(0)), full = der_open(d, DER_CONTEXT(0));

	der_text(d, DER_IMPLICIT(6), url);
	der_close(d, full);
	der_close(d, name);
	der_close(d, point);
	der_close(d, all);
	end_extension(d, e);
}

static void put_number_extension(struct der *d, const uint32_t *oid, uint8_t value)
{
	struct open_extension e = begin_extension(d, oid, false);

	der_number(d, value);
	end_extension(d, e);
}

static void put_text_extension(struct der *d, const uint32_t *oid, const char *text)
{
	struct open_extension e = begin_extension(d, oid, false);

	der_text(d, DER_IA5, text);
	end_extension(d, e);
}

/* Which byte of a TCB version is in the extension 3.n; -1: there is no such extension. */
static const int8_t tcb_bytes[][10] = {
	[SWPSP_MILAN] = { -1, 0, 1, 6, 2, 3, 4, 5, 7, -1 },
	[SWPSP_GENOA] = { -1, 0, 1, 6, 2, 3, 4, 5, 7, -1 },
	[SWPSP_TURIN] = { -1, 1, 2, 3, -1, 4, 5, 6, 7, 0 },
};

static void put_tcb(struct der *d, enum swpsp_product product, uint64_t tcb)
{
	for (uint32_t n = 1; n < ARRAY_SIZE(tcb_bytes[0]); n++) {
		int8_t byte = tcb_bytes[product][n];

		if (byte >= 0)
			put_number_extension(d, OID_SNP(3, n), (uint8_t)(tcb >> 8 * byte));
	}
}

/* The chip's id is not wrapped in a string of its own. */
static bool put_leaf_extensions(struct swpsp *p, struct der *d, enum snp_root root, uint64_t tcb)
{
	enum swpsp_product product = p->config.product;
	struct open_extension e;
	uint8_t id[ID_SIZE];
	size_t len = snp_chip_id(p, id);

	if (!len)
		return false;
	put_number_extension(d, OID_SNP(1), product == SWPSP_TURIN);
	put_text_extension(d, OID_SNP(2), steppings[product]);
	put_tcb(d, product, tcb);
	if (root == SNP_ROOT_VLEK) {
		put_text_extension(d, OID_SNP(5), PROVIDER);
		return true;
	}
	e = begin_extension(d, OID_SNP(4), false);
	der_raw(d, id, len);
	end_extension(d, e);
	return true;
}

/* ---- public keys ---- */

static bool put_rsa_key(struct der *d, EVP_PKEY *key)
{
	size_t seq = der_open(d, DER_SEQUENCE), algorithm = der_open(d, DER_SEQUENCE);
	unsigned char *der = NULL;
	int len = i2d_PublicKey(key, &der);

	der_oid(d, OID_RSA);
	der_put(d, DER_NULL, "", 0);
	der_close(d, algorithm);
	if (len > 0)
		der_bits(d, der, (size_t)len);
	der_close(d, seq);
	OPENSSL_free(der);
	return len > 0;
}

static void put_ec_key(struct der *d, const struct ec_key *key)
{
	size_t seq = der_open(d, DER_SEQUENCE), algorithm = der_open(d, DER_SEQUENCE);
	uint8_t point[97] = { POINT_CONVERSION_UNCOMPRESSED };

	memcpy(point + 1, key->x, 48);
	memcpy(point + 49, key->y, 48);
	der_oid(d, OID_EC_KEY);
	der_oid(d, OID_P384);
	der_close(d, algorithm);
	der_bits(d, point, sizeof(point));
	der_close(d, seq);
}

/* ---- certificates ---- */

/* Which key may be asked for by which certificate; both chains have one root. */
static const struct kind {
	const char *name;		/* %s: product */
	enum swpsp_x509 issuer;
	uint32_t serial;		/* without the product's part */
	const char *crl;		/* %s: product */
} kinds[] = {
	[SWPSP_X509_ARK] = { "ARK-%s", SWPSP_X509_ARK, 0x00000,
			     "https://kdsintf.amd.com/vcek/v1/%s/crl" },
	[SWPSP_X509_ASK] = { "SEV-%s", SWPSP_X509_ARK, 0x00001,
			     "https://kdsintf.amd.com/vcek/v1/%s/crl" },
	[SWPSP_X509_ASVK] = { "SEV-VLEK-%s", SWPSP_X509_ARK, 0x00101,
			      "https://kdsintf.amd.com/vlek/v1/%s/crl" },
	[SWPSP_X509_VCEK] = { "SEV-VCEK", SWPSP_X509_ASK, 0, NULL },
	[SWPSP_X509_VLEK] = { "SEV-VLEK", SWPSP_X509_ASVK, 0, NULL },
	[SWPSP_X509_CRL] = { NULL, SWPSP_X509_ARK, 0, NULL },
};

static EVP_PKEY *authority_key(const struct swpsp *p, enum swpsp_x509 which)
{
	if (which == SWPSP_X509_ARK)
		return p->vendor.ark;
	return which == SWPSP_X509_ASK ? p->vendor.ask : p->vendor.asvk;
}

static void put_kind_name(struct der *d, const struct swpsp *p, enum swpsp_x509 which)
{
	char name[64];

	snprintf(name, sizeof(name), kinds[which].name, products[p->config.product]);
	put_name(d, name);
}

/* Serials of authorities tell the product in their upper half. */
static void put_head(struct der *d, const struct swpsp *p, enum swpsp_x509 which)
{
	size_t version = der_open(d, DER_CONTEXT(0));
	uint32_t serial = kinds[which].serial;

	der_number(d, 2);
	der_close(d, version);
	if (kinds[which].crl)
		serial += 0x10000 * ((uint32_t)p->config.product + 1);
	der_number(d, serial);
	put_algorithm(d);
	put_kind_name(d, p, kinds[which].issuer);
	put_validity(d);
	put_kind_name(d, p, which);
}

static bool put_authority_rest(struct der *d, const struct swpsp *p, enum swpsp_x509 which)
{
	EVP_PKEY *key = authority_key(p, which);
	size_t context, seq;
	char url[80];

	snprintf(url, sizeof(url), kinds[which].crl, products[p->config.product]);
	if (!put_rsa_key(d, key))
		return false;
	context = der_open(d, DER_CONTEXT(3));
	seq = der_open(d, DER_SEQUENCE);
	if (!put_key_ids(d, key, p->vendor.ark))
		return false;
	put_authority(d, which == SWPSP_X509_ARK);
	put_crl_point(d, url);
	der_close(d, seq);
	der_close(d, context);
	return true;
}

static bool put_leaf_rest(struct der *d, struct swpsp *p, enum snp_root root, uint64_t tcb)
{
	size_t context, seq;
	struct ec_key key;
	bool ok;

	if (!snp_vendor_key(p, root, tcb, &key))
		return false;
	put_ec_key(d, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	context = der_open(d, DER_CONTEXT(3));
	seq = der_open(d, DER_SEQUENCE);
	ok = put_leaf_extensions(p, d, root, tcb);
	der_close(d, seq);
	der_close(d, context);
	return ok;
}

/* Nothing is ever revoked, and the list is as long valid as what it does not list. */
static void put_crl(struct der *d, const struct swpsp *p)
{
	size_t seq = der_open(d, DER_SEQUENCE);

	der_number(d, 1);
	put_algorithm(d);
	put_kind_name(d, p, SWPSP_X509_ARK);
	der_text(d, DER_UTC_TIME, NOT_BEFORE);
	der_text(d, DER_UTC_TIME, NOT_AFTER);
	der_close(d, seq);
}

static bool put_certificate(struct der *d, struct swpsp *p, enum swpsp_x509 which, uint64_t tcb)
{
	size_t seq = der_open(d, DER_SEQUENCE);
	bool ok;

	put_head(d, p, which);
	if (which == SWPSP_X509_VCEK || which == SWPSP_X509_VLEK)
		ok = put_leaf_rest(d, p, which == SWPSP_X509_VLEK ? SNP_ROOT_VLEK :
				   SNP_ROOT_VCEK, tcb);
	else
		ok = put_authority_rest(d, p, which);
	der_close(d, seq);
	return ok;
}

size_t swpsp_export_x509(struct swpsp *p, enum swpsp_x509 which, uint64_t tcb, void *der,
			 size_t size)
{
	struct der d;

	if (which > SWPSP_X509_CRL || !vendor_load(p) ||
	    ((which == SWPSP_X509_ASVK || which == SWPSP_X509_VLEK) && !vendor_load_asvk(p)))
		return 0;
	if (!tcb)
		tcb = p->snp.reported_tcb;
	if (!snp_tcb_valid(p, tcb))
		return 0;
	der_init(&d);
	if (which == SWPSP_X509_CRL)
		put_crl(&d, p);
	else if (!put_certificate(&d, p, which, tcb))
		return 0;
	if (!sign(p, authority_key(p, kinds[which].issuer), &d) || d.len > size)
		return 0;
	memcpy(der, d.data, d.len);
	return d.len;
}
