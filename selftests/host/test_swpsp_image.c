// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware images: whose are accepted, whose are not, and that each byte counts. The
 * layout is typed from the description, and the vendor's key is used here without swpsp.
 */
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "snp_test.h"

#define SIZE		0x340u
#define SIGNATURE	0x200u
#define COVERED		(SIZE - SIGNATURE)
#define BODY_SIZE	0x14
#define SIGNED		0x30
#define KEY_ID		0x38
#define LEVEL		0x4c
#define VERSION		0x60
#define HEADER		0x100u
#define NEW		SWPSP_IMAGE_VERSION(1, 56, 30)
#define OLD		SWPSP_IMAGE_VERSION(1, 55, 25)

FIXTURE(image) {
	struct box b;
	uint8_t *image;
};

FIXTURE_VARIANT(image) {
	uint32_t id;
};

FIXTURE_VARIANT_ADD(image, download) { .id = DOWNLOAD_FIRMWARE };
FIXTURE_VARIANT_ADD(image, download_ex) { .id = SNP_DOWNLOAD_EX };

FIXTURE_SETUP(image)
{
	snp_box_config(&self->b);
	ASSERT_TRUE(box_start(&self->b));
	self->image = at(&self->b, BLOB);
	count_up(self->image, 3, SIZE);
	ASSERT_EQ(0, swpsp_sign_image(self->b.psp, self->image, SIZE, NEW, 0x18));
}

FIXTURE_TEARDOWN(image)
{
	snp_box_free(&self->b);
}

static uint16_t load(struct box *b, uint32_t id, uint32_t len)
{
	uint8_t *c = cmd_new(b);

	if (id == SNP_DOWNLOAD_EX) {
		put32(c, 0x18);
		put64(c + 8, BLOB);
		put32(c + 0x10, len);
	} else {
		put64(c, BLOB);
		put32(c + 8, len);
	}
	return run(b, id);
}

/* Version as PLATFORM_STATUS has it. */
static uint32_t version_of(struct box *b)
{
	uint8_t s[12];

	if (platform_status(b, s))
		return 0;
	return SWPSP_IMAGE_VERSION((uint32_t)s[0], s[1], s[7]);
}

TEST_F(image, of_the_vendor_is_accepted)
{
	struct box *b = &self->b;

	EXPECT_EQ(OLD, version_of(b));
	EXPECT_EQ(0, load(b, variant->id, SIZE));
	EXPECT_EQ(NEW, version_of(b));
	for (uint32_t i = HEADER; i < COVERED; i++)
		EXPECT_EQ((uint8_t)(3 + i), self->image[i]);
}

/* A length that is not the buffer's is the wrong length, whoever says it. */
TEST_F(image, counts_byte_by_byte)
{
	struct box *b = &self->b;

	for (uint32_t i = 0; i < SIZE; i++) {
		bool length = i >= BODY_SIZE && i < BODY_SIZE + 4;

		self->image[i] ^= 1 << i % 8;
		ASSERT_EQ(length ? SWPSP_INVALID_LENGTH : SWPSP_BAD_SIGNATURE,
			  load(b, variant->id, SIZE)) TH_LOG("byte 0x%x", i);
		self->image[i] ^= 1 << i % 8;
	}
	EXPECT_EQ(OLD, version_of(b));
	EXPECT_EQ(0, load(b, variant->id, SIZE)) TH_LOG("as it was");
}

TEST_F(image, has_one_length)
{
	static const uint32_t wrong[] = {
		0, 1, HEADER - 1, HEADER, HEADER + 1, SIGNATURE, HEADER + SIGNATURE - 1,
		HEADER + SIGNATURE, COVERED, SIZE - 1, SIZE + 1, SIZE + SIGNATURE,
		SWPSP_IMAGE_MAX, SWPSP_IMAGE_MAX + 1, UINT32_MAX,
	};
	struct box *b = &self->b;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(SWPSP_INVALID_LENGTH, load(b, variant->id, wrong[i]))
			TH_LOG("length 0x%x", wrong[i]);
	}
	EXPECT_EQ(OLD, version_of(b));
}

TEST_F(image, can_have_the_least_and_the_largest_size)
{
	static const uint32_t sizes[] = { HEADER + SIGNATURE, SWPSP_IMAGE_MAX };
	struct box *b = &self->b;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, swpsp_sign_image(b->psp, self->image, sizes[i], NEW + i, 0x18));
		EXPECT_EQ(0, load(b, variant->id, sizes[i]));
		EXPECT_EQ(NEW + i, version_of(b));
	}
	EXPECT_EQ(-1, swpsp_sign_image(b->psp, self->image, sizes[0] - 1, NEW, 0));
	EXPECT_EQ(-1, swpsp_sign_image(b->psp, self->image, sizes[1] + 1, NEW, 0));
}

/* The ARK comes first in the vendor's file, then the ASK. */
static EVP_PKEY *vendor_key(int which)
{
	FILE *f = fopen(TEST_CA_DIR "/vendor", "r");
	EVP_PKEY *key = NULL;

	for (int i = 0; f && i <= which; i++) {
		EVP_PKEY_free(key);
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	}
	if (f)
		fclose(f);
	return key;
}

static bool sign_with(uint8_t *image, int which, const EVP_MD *md, int padding)
{
	EVP_PKEY *key = vendor_key(which);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t be[SIGNATURE];
	size_t len = sizeof(be);
	EVP_PKEY_CTX *pctx;
	bool ok;

	ok = key && ctx && EVP_DigestSignInit(ctx, &pctx, md, NULL, key) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(pctx, padding) == 1 &&
	     (padding != RSA_PKCS1_PSS_PADDING ||
	      EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1) &&
	     EVP_DigestSign(ctx, be, &len, image, COVERED) == 1 && len == sizeof(be);
	for (size_t i = 0; ok && i < len; i++)
		image[COVERED + i] = be[len - 1 - i];
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}

TEST_F(image, is_signed_by_the_root_key_with_pss_and_sha384)
{
	struct box *b = &self->b;

	ASSERT_TRUE(sign_with(self->image, 1, EVP_sha384(), RSA_PKCS1_PSS_PADDING));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE)) TH_LOG("another key");
	ASSERT_TRUE(sign_with(self->image, 0, EVP_sha256(), RSA_PKCS1_PSS_PADDING));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE)) TH_LOG("another hash");
	ASSERT_TRUE(sign_with(self->image, 0, EVP_sha384(), RSA_PKCS1_PADDING));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE)) TH_LOG("another padding");
	EXPECT_EQ(OLD, version_of(b));
	ASSERT_TRUE(sign_with(self->image, 0, EVP_sha384(), RSA_PKCS1_PSS_PADDING));
	EXPECT_EQ(0, load(b, variant->id, SIZE));
}

/* No number is a signature of everything. */
TEST_F(image, with_a_number_as_signature_is_refused)
{
	static const uint8_t fill[] = { 0, 1, 0xff };
	struct box *b = &self->b;

	for (size_t i = 0; i < ARRAY_SIZE(fill); i++) {
		memset(self->image + COVERED, fill[i], SIGNATURE);
		EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE));
		memset(self->image + COVERED + 1, 0, SIGNATURE - 1);
		EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE));
	}
}

/* As far as a real vendor's are known: its key has another id. */
static void make_foreign(uint8_t *image)
{
	count_up(image + KEY_ID, 0x77, 16);
	count_up(image + COVERED, 0x31, SIGNATURE);
}

/* A vendor whose keys do not exist yet has signed nothing; they are not made for this. */
TEST_F(image, of_another_vendor_is_refused_at_once)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.ca_dir = "/dev/null/impossible";
	ASSERT_TRUE(box_start(b));
	EXPECT_EQ(SWPSP_HWERROR_PLATFORM, load(b, variant->id, SIZE)) TH_LOG("no vendor");
	make_foreign(self->image);
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE));
	EXPECT_EQ(OLD, version_of(b));
}

TEST_F(image, of_anybody_is_accepted_with_the_option)
{
	struct box *b = &self->b;

	swpsp_free(b->psp);
	b->config.any_image = true;
	ASSERT_TRUE(box_start(b));
	make_foreign(self->image);
	EXPECT_EQ(0, load(b, variant->id, SIZE));
	EXPECT_EQ(NEW, version_of(b));
	put32(self->image + VERSION, NEW + 1);
	EXPECT_EQ(0, load(b, variant->id, HEADER)) TH_LOG("the header is all there is");
	EXPECT_EQ(NEW + 1, version_of(b));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, load(b, variant->id, HEADER - 1));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, load(b, variant->id, SWPSP_IMAGE_MAX + 1));
	put32(self->image + VERSION, 0);
	EXPECT_EQ(SWPSP_INVALID_PARAM, load(b, variant->id, SIZE)) TH_LOG("no version");
	put32(self->image + VERSION, UINT32_MAX);
	EXPECT_EQ(SWPSP_INVALID_PARAM, load(b, variant->id, SIZE)) TH_LOG("no version");
	put32(self->image + VERSION, NEW + 1);
	put32(self->image + LEVEL, 0x16);
	EXPECT_EQ(variant->id == SNP_DOWNLOAD_EX ? SWPSP_BAD_SVN : SWPSP_INVALID_CONFIG,
		  load(b, variant->id, SIZE)) TH_LOG("a lower security level");
}

TEST_F(image, without_a_version_is_none)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, swpsp_sign_image(b->psp, self->image, SIZE, 0, 0x18));
	EXPECT_EQ(SWPSP_INVALID_PARAM, load(b, variant->id, SIZE));
	ASSERT_EQ(0, swpsp_sign_image(b->psp, self->image, SIZE, UINT32_MAX, 0x18));
	EXPECT_EQ(SWPSP_INVALID_PARAM, load(b, variant->id, SIZE));
}

TEST_F(image, must_say_that_it_is_signed)
{
	struct box *b = &self->b;

	put32(self->image + SIGNED, 0);
	ASSERT_TRUE(sign_with(self->image, 0, EVP_sha384(), RSA_PKCS1_PSS_PADDING));
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, load(b, variant->id, SIZE));
}

TEST_HARNESS_MAIN
