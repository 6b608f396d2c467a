// SPDX-License-Identifier: GPL-2.0
/*
 * Attestation reports and the certificates behind them: each version on each product,
 * who signs when, what changes with the TCB. They are verified by the guest owner's
 * library, which verifies the real vendor's as well (test_snp_report), and by libcrypto's
 * own path validation; their form is held against that of real certificates.
 */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <sevfw/snp_report.h>

#include "export.h"
#include "message_test.h"

#define NOW		1767225600	/* 1 January 2026 */
#define X509_MAX	4096
#define LOWER		0x01ull		/* below the default TCB of each product */
#define IMAGE		0x280000u
#define NO_KEY		0x27

struct der_file {
	uint8_t data[X509_MAX];
	size_t len;
};

/* ---- certificates of the vendor ---- */

static bool cert_get(struct box *b, enum swpsp_x509 which, uint64_t tcb, struct der_file *file)
{
	file->len = swpsp_export_x509(b->psp, which, tcb, file->data, sizeof(file->data));
	return file->len;
}

static X509 *cert_parse(const struct der_file *file)
{
	const unsigned char *at = file->data;

	return d2i_X509(NULL, &at, (long)file->len);
}

static X509 *cert_new(struct box *b, enum swpsp_x509 which)
{
	struct der_file file;

	return cert_get(b, which, 0, &file) ? cert_parse(&file) : NULL;
}

/* @ask and the root, as one PEM file. */
static size_t chain_get(struct box *b, enum swpsp_x509 ask, char *pem, size_t size)
{
	X509 *certs[] = { cert_new(b, ask), cert_new(b, SWPSP_X509_ARK) };
	BIO *bio = BIO_new(BIO_s_mem());
	int len;

	for (int i = 0; i < 2; i++) {
		PEM_write_bio_X509(bio, certs[i]);
		X509_free(certs[i]);
	}
	len = BIO_read(bio, pem, (int)size);
	BIO_free(bio);
	return len > 0 ? (size_t)len : 0;
}

/* Leaf by chain, report by leaf. */
static enum owner_result verify(struct box *b, bool vlek, uint64_t tcb,
				const struct snp_report *report)
{
	enum owner_result result;
	struct der_file leaf;
	char chain[8192];
	uint8_t ark[48];
	size_t len = chain_get(b, vlek ? SWPSP_X509_ASVK : SWPSP_X509_ASK, chain, sizeof(chain));

	if (!cert_get(b, vlek ? SWPSP_X509_VLEK : SWPSP_X509_VCEK, tcb, &leaf))
		return OWNER_CRYPTO;
	result = snp_leaf_verify(leaf.data, leaf.len, chain, len, NOW, ark);
	return result ? result : snp_report_verify(report, leaf.data, leaf.len);
}

static struct snp_report *report_of(uint8_t *answer)
{
	return (struct snp_report *)(answer + ANSWER_REPORT);
}

/* ---- each version on each product ---- */

FIXTURE(report) {
	struct box b;
	struct talker t;
	uint8_t answer[0x1000];
};

FIXTURE_VARIANT(report) {
	enum swpsp_product product;
	uint8_t api_minor;
	uint32_t version;
	uint64_t tcb;
	uint8_t cpuid[3];
};

FIXTURE_VARIANT_ADD(report, milan_2) {
	.product = SWPSP_MILAN, .api_minor = 51, .version = 2, .tcb = 0x7318000000000004,
};

FIXTURE_VARIANT_ADD(report, genoa_3) {
	.product = SWPSP_GENOA, .api_minor = 55, .version = 3, .tcb = 0x4817000000000009,
	.cpuid = { 0x19, 0x11, 1 },
};

FIXTURE_VARIANT_ADD(report, turin_5) {
	.product = SWPSP_TURIN, .api_minor = 58, .version = 5, .tcb = 0x4800000004010100,
	.cpuid = { 0x1a, 0x02, 1 },
};

static bool report_box(struct box *b, struct talker *t, enum swpsp_product product,
		       uint8_t api_minor)
{
	snp_box_config(b);
	b->config.product = product;
	b->config.api_minor = api_minor;
	return box_start(b) && !snp_init_flags(b, 1, 0) && !snp_flush(b) &&
	       talker_new(b, t, 0, POLICY);
}

FIXTURE_SETUP(report)
{
	ASSERT_TRUE(report_box(&self->b, &self->t, variant->product, variant->api_minor));
}

FIXTURE_TEARDOWN(report)
{
	snp_box_free(&self->b);
}

static bool all_are(const void *data, uint8_t value, size_t len)
{
	for (const uint8_t *p = data; len; p++, len--)
		if (*p != value)
			return false;
	return true;
}

TEST_F(report, says_what_was_launched_and_verifies)
{
	const uint8_t version[4] = { self->b.config.build, variant->api_minor, 1, 0 };
	struct snp_report *r = report_of(self->answer);
	uint8_t id[SWPSP_CHIP_ID_SIZE], data[64], host[32];
	size_t id_len = variant->product == SWPSP_TURIN ? 8 : 64;
	bool later = variant->api_minor >= 55;

	ASSERT_EQ(0, ask_report(&self->b, &self->t, 1, 0, self->answer));
	EXPECT_EQ(OWNER_OK, verify(&self->b, false, 0, r));
	count_up(data, 0, 64);
	count_up(host, 0x80, 32);
	ASSERT_EQ(0, swpsp_chip_id(self->b.psp, id));
	EXPECT_EQ(variant->version, r->version);
	EXPECT_EQ(POLICY, r->policy);
	EXPECT_EQ(1, r->vmpl);
	EXPECT_EQ(1, r->signature_algo);
	EXPECT_EQ(later ? 0x21 : 1, r->platform_info);
	EXPECT_EQ(0, r->key);
	EXPECT_EQ(0, memcmp(data, r->report_data, 64));
	EXPECT_FALSE(all_are(r->measurement, 0, 48));
	EXPECT_EQ(0, memcmp(host, r->host_data, 32));
	EXPECT_FALSE(all_are(r->report_id, 0, 32));
	EXPECT_TRUE(all_are(r->report_id_ma, 0xff, 32));
	EXPECT_EQ(variant->tcb, r->reported_tcb);
	EXPECT_EQ(variant->tcb, r->current_tcb);
	EXPECT_EQ(variant->tcb, r->committed_tcb);
	EXPECT_EQ(variant->tcb, r->launch_tcb);
	EXPECT_EQ(0, memcmp(variant->cpuid, r->cpuid, 3));
	EXPECT_EQ(0, memcmp(id, r->chip_id, id_len));
	EXPECT_TRUE(all_are(r->chip_id + id_len, 0, 64 - id_len));
	EXPECT_EQ(0, memcmp(version, r->current, 4));
	EXPECT_EQ(0, memcmp(version, r->committed, 4));
	/* No ID block, and nothing where nothing should be. */
	EXPECT_EQ(0, r->guest_svn);
	EXPECT_TRUE(all_are(r->family_id, 0, 32));
	EXPECT_TRUE(all_are(r->id_key_digest, 0, 96));
	EXPECT_EQ(0, r->reserved0);
	EXPECT_TRUE(all_are(r->reserved1, 0, sizeof(r->reserved1)));
	EXPECT_TRUE(all_are(&r->launch_mitigations, 0, 16));
	EXPECT_TRUE(all_are(r->reserved2, 0, sizeof(r->reserved2)));
}

/* ---- bytes changed ---- */

FIXTURE(attest) {
	struct box b;
	struct talker t;
	uint8_t answer[0x1000];
};

FIXTURE_SETUP(attest)
{
	ASSERT_TRUE(report_box(&self->b, &self->t, SWPSP_GENOA, 58));
}

FIXTURE_TEARDOWN(attest)
{
	snp_box_free(&self->b);
}

TEST_F(attest, each_byte_of_a_report_counts)
{
	struct snp_report *r = report_of(self->answer);
	uint8_t *bytes = (uint8_t *)r;
	struct der_file leaf;

	ASSERT_EQ(0, ask_report(&self->b, &self->t, 0, 0, self->answer));
	ASSERT_TRUE(cert_get(&self->b, SWPSP_X509_VCEK, 0, &leaf));
	ASSERT_EQ(OWNER_OK, snp_report_verify(r, leaf.data, leaf.len));
	for (size_t i = 0; i < sizeof(*r); i++) {
		bytes[i] ^= (uint8_t)(1u << i % 8);
		EXPECT_NE(OWNER_OK, snp_report_verify(r, leaf.data, leaf.len)) TH_LOG("%zx", i);
		bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	EXPECT_EQ(OWNER_OK, snp_report_verify(r, leaf.data, leaf.len));
}

TEST_F(attest, bytes_of_a_certificate_count)
{
	struct der_file leaf;
	char chain[8192];
	uint8_t ark[48];
	size_t len = chain_get(&self->b, SWPSP_X509_ASK, chain, sizeof(chain));

	ASSERT_TRUE(cert_get(&self->b, SWPSP_X509_VCEK, 0, &leaf));
	ASSERT_EQ(OWNER_OK, snp_leaf_verify(leaf.data, leaf.len, chain, len, NOW, ark));
	/* Not each one: three signatures each time take a while. */
	for (size_t i = 0; i < leaf.len; i += 7) {
		leaf.data[i] ^= (uint8_t)(1u << i % 8);
		EXPECT_NE(OWNER_OK, snp_leaf_verify(leaf.data, leaf.len, chain, len, NOW, ark))
			TH_LOG("%zx", i);
		leaf.data[i] ^= (uint8_t)(1u << i % 8);
	}
}

/* ---- the TCB ---- */

/* An image of version 1.@minor.@build whose SNP part has @svn; not committed. */
static uint16_t download(struct box *b, uint8_t minor, uint8_t build, uint32_t svn)
{
	const uint32_t version = SWPSP_IMAGE_VERSION(1u, minor, build);
	uint8_t *c = cmd_new(b);

	if (swpsp_sign_image(b->psp, at(b, IMAGE), 0x400, version, svn))
		return UINT16_MAX;
	put32(c, 0x18);
	put64(c + 8, IMAGE);
	put32(c + 0x10, 0x400);
	return run(b, SNP_DOWNLOAD_EX);
}

TEST_F(attest, each_tcb_has_a_key_of_its_own)
{
	struct snp_report *r = report_of(self->answer);
	struct box *b = &self->b;

	ASSERT_EQ(0, snp_config(b, LOWER, 0));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(LOWER, r->reported_tcb);
	EXPECT_EQ(0x4817000000000009, r->current_tcb);
	EXPECT_EQ(OWNER_OK, verify(b, false, LOWER, r));
	EXPECT_EQ(OWNER_MISMATCH, verify(b, false, 0x4817000000000009, r));
	/* The certificate of another TCB does not verify it even if the report lies. */
	r->reported_tcb = 0x4817000000000009;
	EXPECT_EQ(OWNER_SIGNATURE, verify(b, false, 0x4817000000000009, r));
	ASSERT_EQ(0, snp_config(b, 0, 0));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(OWNER_OK, verify(b, false, 0, r));
}

TEST(a_tcb_with_parts_that_the_product_does_not_have_is_none)
{
	static const uint64_t unused[] = {
		[SWPSP_MILAN] = 1ull << 24, [SWPSP_GENOA] = 1ull << 40, [SWPSP_TURIN] = 1ull << 48,
	};
	const char *error = NULL;

	for (int product = SWPSP_MILAN; product <= SWPSP_TURIN; product++) {
		struct der_file file;
		struct box b;

		box_config(&b);
		b.config.product = (enum swpsp_product)product;
		b.config.tcb = unused[product];
		EXPECT_EQ(NULL, swpsp_new(&b.config, &error));
		EXPECT_NE(NULL, error);
		b.config.tcb = 0x0900000000000001;
		ASSERT_TRUE(box_start(&b));
		EXPECT_TRUE(cert_get(&b, SWPSP_X509_VCEK, 0, &file));
		EXPECT_FALSE(cert_get(&b, SWPSP_X509_VCEK, unused[product], &file));
		box_free(&b);
	}
}

TEST_F(attest, a_committed_update_is_reported)
{
	const uint64_t old = 0x4817000000000009, new = 0x4820000000000009;
	struct snp_report *r = report_of(self->answer);
	struct box *b = &self->b;

	ASSERT_EQ(0, download(b, 59, 7, 0x20));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(new, r->current_tcb);
	EXPECT_EQ(old, r->committed_tcb);
	EXPECT_EQ(old, r->reported_tcb);
	EXPECT_EQ(old, r->launch_tcb);
	EXPECT_EQ(7, r->current[0]);
	EXPECT_EQ(59, r->current[1]);
	EXPECT_EQ(25, r->committed[0]);
	EXPECT_EQ(58, r->committed[1]);
	EXPECT_EQ(OWNER_OK, verify(b, false, old, r));
	EXPECT_EQ(0, snp_commit_cmd(b));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(new, r->committed_tcb);
	EXPECT_EQ(new, r->reported_tcb);
	EXPECT_EQ(old, r->launch_tcb);
	EXPECT_EQ(59, r->committed[1]);
	EXPECT_EQ(OWNER_OK, verify(b, false, new, r));
}

TEST_F(attest, verified_mitigations_are_reported)
{
	struct snp_report *r = report_of(self->answer);
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);
	struct talker later;

	put32(c, 0x40);
	c[4] = 1;
	put64(c + 8, 2);
	ASSERT_EQ(0, run(b, SNP_VERIFY_MITIGATION));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(0, r->launch_mitigations);
	EXPECT_EQ(2, r->current_mitigations);
	ASSERT_TRUE(talker_new(b, &later, 1, POLICY));
	ASSERT_EQ(0, ask_report(b, &later, 0, 0, self->answer));
	EXPECT_EQ(2, r->launch_mitigations);
}

/* ---- who signs ---- */

/* As a host would with what the vendor has given to it. */
static uint16_t vlek_load(struct box *b)
{
	uint8_t stick[SWPSP_VLEK_STICK_SIZE], *c;

	if (swpsp_vlek_stick(b->psp, 0, stick) ||
	    swpsp_wrap_vlek(b->psp, stick, 0, at(b, BLOB)))
		return 0xffff;
	c = cmd_new(b);
	put32(c, 0x10);
	put64(c + 8, BLOB);
	return run(b, SNP_VLEK_LOAD);
}

TEST_F(attest, the_key_that_signs_is_the_one_that_was_asked_for)
{
	static const struct {
		uint32_t select;
		int status[2];		/* without, with a VLEK */
		uint32_t signer[2];
	} rows[] = {
		{ 0, { 0, 0 }, { SNP_SIGNER_VCEK, SNP_SIGNER_VLEK } },
		{ 1, { 0, 0 }, { SNP_SIGNER_VCEK, SNP_SIGNER_VCEK } },
		{ 2, { NO_KEY, 0 }, { 0, SNP_SIGNER_VLEK } },
		{ 3, { 0x16, 0x16 }, { 0, 0 } },
		{ 4, { 0x16, 0x16 }, { 0, 0 } },
	};
	struct snp_report *r = report_of(self->answer);
	struct box *b = &self->b;

	for (int vlek = 0; vlek < 2; vlek++) {
		if (vlek)
			ASSERT_EQ(0, vlek_load(b));
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			int status = ask_report(b, &self->t, 0, rows[i].select, self->answer);
			uint32_t signer = rows[i].signer[vlek];

			EXPECT_EQ(rows[i].status[vlek], status) TH_LOG("%zu %d", i, vlek);
			if (status)
				continue;
			EXPECT_EQ(signer, SNP_SIGNER(r->key));
			EXPECT_EQ(OWNER_OK, verify(b, signer == SNP_SIGNER_VLEK, 0, r));
			EXPECT_EQ(OWNER_SIGNER, verify(b, signer != SNP_SIGNER_VLEK, 0, r));
		}
	}
	/* Made for another TCB, it is gone. */
	ASSERT_EQ(0, snp_config(b, LOWER, 0));
	EXPECT_EQ(NO_KEY, ask_report(b, &self->t, 0, 2, self->answer));
	EXPECT_EQ(0, vlek_load(b));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 2, self->answer));
	EXPECT_EQ(OWNER_OK, verify(b, true, LOWER, r));
}

TEST_F(attest, a_masked_chip_is_not_told)
{
	struct snp_report *r = report_of(self->answer);
	struct box *b = &self->b;

	ASSERT_EQ(0, snp_config(b, 0, 1));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_TRUE(all_are(r->chip_id, 0, 64));
	EXPECT_EQ(OWNER_OK, verify(b, false, 0, r));
	ASSERT_EQ(0, snp_config(b, 0, 2));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_FALSE(all_are(r->chip_id, 0, 64));
	EXPECT_EQ(2 | SNP_SIGNER_NONE << 2, r->key);
	EXPECT_TRUE(all_are(r->signature, 0, sizeof(r->signature)));
	EXPECT_EQ(OWNER_SIGNER, verify(b, false, 0, r));
	/* The VLEK signs all the same. */
	ASSERT_EQ(0, vlek_load(b));
	ASSERT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(2 | SNP_SIGNER_VLEK << 2, r->key);
	EXPECT_EQ(OWNER_OK, verify(b, true, 0, r));
}

TEST_F(attest, a_hypervisor_gets_a_report_that_says_so)
{
	struct box *b = &self->b;
	struct snp_report *r = report_of(self->answer);
	uint8_t *c = cmd_new(b);

	put32(c, 0x18);
	put64(c + 8, self->t.gctx);
	put64(c + 0x10, RESULT);
	EXPECT_EQ(SWPSP_INVALID_PAGE_STATE, run(b, SNP_HV_REPORT_REQ));
	ASSERT_EQ(0, hv_firmware(b, RESULT));
	put64(c + 0x10, RESULT + 0xb41);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, SNP_HV_REPORT_REQ));
	put64(c + 0x10, RESULT);
	put32(c + 4, 4);
	EXPECT_EQ(SWPSP_INVALID_PARAM, run(b, SNP_HV_REPORT_REQ));
	put32(c + 4, 0);
	put32(c, 0x14);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, SNP_HV_REPORT_REQ));
	put32(c, 0x18);
	EXPECT_EQ(0, run(b, SNP_HV_REPORT_REQ));
	EXPECT_EQ(RMP_RECLAIM, state_of(b, RESULT));
	memcpy(self->answer, at(b, RESULT), sizeof(self->answer));
	EXPECT_EQ(0, get32(self->answer));
	EXPECT_EQ(REPORT, get32(self->answer + 4));
	EXPECT_EQ(UINT32_MAX, r->vmpl);
	EXPECT_TRUE(all_are(r->report_data, 0, 64));
	EXPECT_EQ(OWNER_OK, verify(b, false, 0, r));
	/* A report to the hypervisor does not count as a message. */
	EXPECT_EQ(0, ask_report(b, &self->t, 0, 0, self->answer));
}

/* ---- certificates ---- */

static X509 *real_cert(const char *name, bool pem, int number)
{
	char path[4096];
	X509 *x = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	f = fopen(path, "r");
	do {
		X509_free(x);
		x = !f ? NULL : pem ? PEM_read_X509(f, NULL, NULL, NULL) : d2i_X509_fp(f, NULL);
	} while (number--);
	if (f)
		fclose(f);
	return x;
}

/* Each extension of @a is in @b, as critical, and with a content of the same kind. */
static bool extensions_alike(X509 *a, X509 *b)
{
	for (int i = 0; i < X509_get_ext_count(a); i++) {
		X509_EXTENSION *ea = X509_get_ext(a, i), *eb;
		int at = X509_get_ext_by_OBJ(b, X509_EXTENSION_get_object(ea), -1);
		const ASN1_OCTET_STRING *ca, *cb;
		char oid[32];

		if (at < 0 || X509_get_ext_by_OBJ(b, X509_EXTENSION_get_object(ea), at) >= 0)
			return false;
		eb = X509_get_ext(b, at);
		ca = X509_EXTENSION_get_data(ea);
		cb = X509_EXTENSION_get_data(eb);
		OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(ea), 1);
		/* The chip's id is bytes of no kind. */
		if (X509_EXTENSION_get_critical(ea) != X509_EXTENSION_get_critical(eb) ||
		    (strcmp(oid, "1.3.6.1.4.1.3704.1.4") &&
		     *ASN1_STRING_get0_data(ca) != *ASN1_STRING_get0_data(cb)))
			return false;
	}
	return X509_get_ext_count(a) == X509_get_ext_count(b);
}

/* The real name, type by type, and one part more that says what this is. */
static bool name_alike(X509_NAME *ours, X509_NAME *real)
{
	int n = X509_NAME_entry_count(real);
	X509_NAME_ENTRY *last = X509_NAME_get_entry(ours, n);

	if (X509_NAME_entry_count(ours) != n + 1)
		return false;
	for (int i = 0; i < n; i++) {
		ASN1_STRING *a = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(ours, i));
		ASN1_STRING *b = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(real, i));

		if (OBJ_cmp(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(ours, i)),
			    X509_NAME_ENTRY_get_object(X509_NAME_get_entry(real, i))) ||
		    ASN1_STRING_type(a) != ASN1_STRING_type(b) || ASN1_STRING_cmp(a, b))
			return false;
	}
	return OBJ_obj2nid(X509_NAME_ENTRY_get_object(last)) == NID_serialNumber &&
	       !strcmp((const char *)ASN1_STRING_get0_data(X509_NAME_ENTRY_get_data(last)),
		       "SIMULATED");
}

/* Later real ones leave the last of the algorithm's parameters to its default. */
static bool algorithms_alike(X509 *ours, X509 *real)
{
	int md[2], pk[2], bits[2];

	return X509_get_signature_info(ours, &md[0], &pk[0], &bits[0], NULL) &&
	       X509_get_signature_info(real, &md[1], &pk[1], &bits[1], NULL) &&
	       md[0] == md[1] && pk[0] == pk[1] && bits[0] == bits[1];
}

static bool certs_alike(X509 *ours, X509 *real)
{
	return X509_get_version(ours) == X509_get_version(real) &&
	       algorithms_alike(ours, real) &&
	       name_alike(X509_get_subject_name(ours), X509_get_subject_name(real)) &&
	       name_alike(X509_get_issuer_name(ours), X509_get_issuer_name(real)) &&
	       extensions_alike(ours, real);
}

TEST(certificates_have_the_form_of_real_ones)
{
	static const struct {
		enum swpsp_product product;
		enum swpsp_x509 which;
		const char *name;
		bool pem;
		int number;
	} rows[] = {
		{ SWPSP_MILAN, SWPSP_X509_ASK, "ask_ark_milan.pem", true, 0 },
		{ SWPSP_MILAN, SWPSP_X509_ARK, "ask_ark_milan.pem", true, 1 },
		{ SWPSP_MILAN, SWPSP_X509_ASVK, "ask_ark_milan_vlek.pem", true, 0 },
		{ SWPSP_MILAN, SWPSP_X509_VCEK, "vcek_milan.der", false, 0 },
		{ SWPSP_GENOA, SWPSP_X509_ASK, "ask_ark_genoa.pem", true, 0 },
		{ SWPSP_GENOA, SWPSP_X509_ARK, "ask_ark_genoa.pem", true, 1 },
		{ SWPSP_GENOA, SWPSP_X509_ASVK, "ask_ark_genoa_vlek.pem", true, 0 },
		{ SWPSP_TURIN, SWPSP_X509_ASK, "ask_ark_turin_vcek.pem", true, 0 },
		{ SWPSP_TURIN, SWPSP_X509_ARK, "ask_ark_turin_vcek.pem", true, 1 },
		{ SWPSP_TURIN, SWPSP_X509_ASVK, "ask_ark_turin_vlek.pem", true, 0 },
		{ SWPSP_TURIN, SWPSP_X509_VCEK, "vcek_turin.der", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		X509 *ours, *real = real_cert(rows[i].name, rows[i].pem, rows[i].number);
		struct box b;

		/* The factory needs no table of pages. */
		box_config(&b);
		b.config.product = rows[i].product;
		ASSERT_TRUE(box_start(&b));
		ours = cert_new(&b, rows[i].which);
		ASSERT_NE(NULL, ours);
		ASSERT_NE(NULL, real);
		EXPECT_TRUE(certs_alike(ours, real)) TH_LOG("%s %d", rows[i].name, rows[i].which);
		/* The stored Genoa ASK is a second issue of it. */
		if (rows[i].which != SWPSP_X509_ASK || rows[i].product != SWPSP_GENOA)
			EXPECT_EQ(0, ASN1_INTEGER_cmp(X509_get0_serialNumber(ours),
						      X509_get0_serialNumber(real)));
		X509_free(ours);
		X509_free(real);
		box_free(&b);
	}
}

/* Path validation of libcrypto, with the list of revoked certificates. */
static int path_valid(X509 *leaf, X509 *ask, X509 *ark, X509_CRL *crl)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	struct stack_st_X509 *between = sk_X509_new_null();
	int ok;

	sk_X509_push(between, ask);
	X509_STORE_add_cert(store, ark);
	X509_STORE_add_crl(store, crl);
	ok = X509_STORE_CTX_init(ctx, store, leaf, between);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
	ok = ok && X509_verify_cert(ctx) == 1;
	if (!ok)
		printf("# %s\n", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

TEST_F(attest, paths_are_valid_and_the_list_is_signed)
{
	X509 *ark = cert_new(&self->b, SWPSP_X509_ARK), *other;
	struct der_file file;
	const unsigned char *at = file.data;
	struct talker t;
	struct box b;
	X509_CRL *crl;

	ASSERT_NE(NULL, ark);
	ASSERT_TRUE(cert_get(&self->b, SWPSP_X509_CRL, 0, &file));
	crl = d2i_X509_CRL(NULL, &at, (long)file.len);
	ASSERT_NE(NULL, crl);
	EXPECT_EQ(1, X509_CRL_get_version(crl));
	EXPECT_EQ(1, X509_CRL_verify(crl, X509_get0_pubkey(ark)));
	for (int vlek = 0; vlek < 2; vlek++) {
		X509 *leaf = cert_new(&self->b, vlek ? SWPSP_X509_VLEK : SWPSP_X509_VCEK);
		X509 *ask = cert_new(&self->b, vlek ? SWPSP_X509_ASVK : SWPSP_X509_ASK);

		EXPECT_TRUE(path_valid(leaf, ask, ark, crl));
		X509_free(leaf);
		X509_free(ask);
	}
	/* Another chip of the same vendor: the same root, another key. */
	ASSERT_TRUE(report_box(&b, &t, SWPSP_GENOA, 58));
	other = cert_new(&b, SWPSP_X509_ARK);
	EXPECT_EQ(1, EVP_PKEY_eq(X509_get0_pubkey(ark), X509_get0_pubkey(other)));
	ASSERT_EQ(0, ask_report(&self->b, &self->t, 0, 0, self->answer));
	EXPECT_EQ(OWNER_MISMATCH, verify(&b, false, 0, report_of(self->answer)));
	X509_free(other);
	X509_free(ark);
	X509_CRL_free(crl);
	snp_box_free(&b);
}

/* ---- files ---- */

static bool file_get(const char *dir, const char *name, struct der_file *file)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	file->len = f ? fread(file->data, 1, sizeof(file->data), f) : 0;
	if (f)
		fclose(f);
	return file->len;
}

/* Chains are longer than a certificate. */
static enum owner_result verify_files(const char *dir, const char *leaf_name,
				      const char *chain_name, const struct snp_report *report)
{
	enum owner_result result;
	struct der_file leaf;
	char path[4096], chain[8192];
	uint8_t ark[48];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, chain_name);
	f = fopen(path, "r");
	if (!f || !file_get(dir, leaf_name, &leaf))
		return OWNER_LENGTH;
	len = fread(chain, 1, sizeof(chain), f);
	fclose(f);
	result = snp_leaf_verify(leaf.data, leaf.len, chain, len, NOW, ark);
	return result ? result : snp_report_verify(report, leaf.data, leaf.len);
}

static void remove_all(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		abort();
}

TEST(files_are_where_clients_look_for_them)
{
	static const char * const flat[] = {
		"cek.cert", "ask_ark.cert", "ark.pem", "ask.pem", "asvk.pem", "vcek.der",
		"vlek.der", "crl.der", "vcek/v1/Turin/crl", "vlek/v1/Turin/crl",
	};
	char dir[] = "/tmp/swpsp-files.XXXXXX";
	char name[256] = "vcek/v1/Turin/", shorter[64] = "vcek/v1/Turin/";
	uint8_t id[SWPSP_CHIP_ID_SIZE], answer[0x1000], *c;
	struct der_file file;
	struct talker t;
	struct box b;

	ASSERT_TRUE(report_box(&b, &t, SWPSP_TURIN, 55));
	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, swpsp_chip_id(b.psp, id));
	for (int i = 0; i < SWPSP_CHIP_ID_SIZE; i++)
		sprintf(name + strlen(name), "%02x", id[i]);
	for (int i = 0; i < 8; i++)
		sprintf(shorter + strlen(shorter), "%02x", id[i]);
	ASSERT_TRUE(export_files(b.psp, dir, SWPSP_TURIN, true));
	for (size_t i = 0; i < ARRAY_SIZE(flat); i++) {
		EXPECT_TRUE(file_get(dir, flat[i], &file))
			TH_LOG("%s", flat[i]);
	}
	ASSERT_EQ(0, ask_report(&b, &t, 0, 0, answer));
	EXPECT_EQ(OWNER_OK, verify_files(dir, name, "vcek/v1/Turin/cert_chain",
					 report_of(answer)));
	EXPECT_EQ(OWNER_OK, verify_files(dir, shorter, "vcek/v1/Turin/cert_chain",
					 report_of(answer)));
	EXPECT_EQ(OWNER_OK, verify_files(dir, "vcek.der", "vcek/v1/Turin/cert_chain",
					 report_of(answer)));
	/* The host loads the file as it is. */
	ASSERT_TRUE(file_get(dir, "vlek-hashstick.bin", &file));
	ASSERT_EQ(0x1b0, file.len);
	memcpy(at(&b, BLOB), file.data, file.len);
	c = cmd_new(&b);
	put32(c, 0x10);
	put64(c + 8, BLOB);
	ASSERT_EQ(0, run(&b, SNP_VLEK_LOAD));
	ASSERT_EQ(0, ask_report(&b, &t, 0, 0, answer));
	EXPECT_EQ(OWNER_OK, verify_files(dir, "vlek/v1/Turin/cert", "vlek/v1/Turin/cert_chain",
					 report_of(answer)));
	EXPECT_FALSE(export_files(b.psp, "/nonexistent/there", SWPSP_TURIN, true));
	snp_box_free(&b);
	remove_all(dir);
}

TEST(a_seed_makes_the_same_certificates)
{
	struct der_file files[2][SWPSP_X509_COUNT];

	for (int i = 0; i < 2; i++) {
		struct box b;

		box_config(&b);
		b.config.seed = 5;
		ASSERT_TRUE(box_start(&b));
		for (int which = 0; which < SWPSP_X509_COUNT; which++)
			ASSERT_TRUE(cert_get(&b, which, 0, &files[i][which]));
		box_free(&b);
	}
	for (int which = 0; which < SWPSP_X509_COUNT; which++) {
		ASSERT_EQ(files[0][which].len, files[1][which].len);
		EXPECT_EQ(0, memcmp(files[0][which].data, files[1][which].data,
				    files[0][which].len));
	}
}

TEST_HARNESS_MAIN
