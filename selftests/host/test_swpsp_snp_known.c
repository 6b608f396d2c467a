// SPDX-License-Identifier: GPL-2.0
/*
 * Known answers of public tools: launch digests of whole guests, as QEMU and two
 * clouds make them, an ID authentication page that a real tool has signed, and a message
 * of a guest. The data is in vectors/, the reading of it is this file's own.
 */
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "kselftest_harness.h"
#include "internal.h"

#define IMAGE_SIZE	4096u
#define AMDSEV		"ovmf_AmdSev_suffix.bin"
#define OVMFX64		"ovmf_OvmfX64_suffix.bin"
#define VMSA_GPA	0xfffffffff000ull
#define CPU_SIGNATURE	0x800f12u
#define RESET_VECTOR	0xfffffff0u

enum vmm {
	QEMU,
	EC2,
	GCE,
};

static bool vector_read(const char *name, uint8_t *out, size_t len)
{
	char path[4096];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	f = fopen(path, "rb");
	ok = f && fread(out, len, 1, f) == 1;
	if (f)
		fclose(f);
	return ok;
}

static void to_hex(const uint8_t *data, size_t len, char *hex)
{
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
}

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], 0 };

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

/* ---- an image of OVMF: a table of GUIDs at its end ---- */

/* As they are stored: the first three parts little-endian. */
static const uint8_t footer_guid[16] = {
	0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
};

static const uint8_t reset_guid[16] = {
	0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
	0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e,
};

static const uint8_t sections_guid[16] = {
	0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
	0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc,
};

static const uint8_t hashes_guid[16] = {
	0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
	0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54,
};

/* First word of the table's entry @guid; 0: there is none. */
static uint32_t table_word(const uint8_t image[IMAGE_SIZE], const uint8_t guid[16])
{
	const uint8_t *end = image + IMAGE_SIZE - 32, *at = end - 18, *stop;

	if (memcmp(end - 16, footer_guid, 16))
		return 0;
	stop = at - get16(end - 18) + 18;
	while (at > stop && at - 18 > image) {
		uint16_t len = get16(at - 18);

		if (!memcmp(at - 16, guid, 16))
			return get32(at - len);
		if (!len)
			return 0;
		at -= len;
	}
	return 0;
}

/* ---- pages of the hypervisor's, in addition to the image ---- */

/* QEMU's table of hashes: command line, initrd, kernel, each in an entry of 50 bytes. */
static void hashes_page(const char *line, uint32_t offset, uint8_t page[SNP_PAGE_4K])
{
	static const uint8_t table[16] = {
		0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
		0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21,
	};
	static const uint8_t guid[3][16] = {
		{ 0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
		  0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a },
		{ 0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
		  0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d },
		{ 0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
		  0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b },
	};
	uint8_t *at = page + offset;

	memset(page, 0, SNP_PAGE_4K);
	memcpy(at, table, 16);
	at[16] = 18 + 3 * 50;
	at += 18;
	for (int i = 0; i < 3; i++, at += 50) {
		memcpy(at, guid[i], 16);
		at[16] = 50;
		/* the command line with its end; kernel and initrd are empty files */
		crypto_sha256(line, i ? 0 : strlen(line) + 1, at + 18);
	}
}

static void put_segment(uint8_t *at, uint16_t selector, uint16_t attributes, uint32_t limit,
			uint64_t base)
{
	put32(at, (uint32_t)attributes << 16 | selector);
	put32(at + 4, limit);
	put64(at + 8, base);
}

static void save_area(uint32_t eip, uint32_t features, enum vmm vmm, uint8_t page[SNP_PAGE_4K])
{
	uint16_t code = vmm == EC2 && eip == RESET_VECTOR ? 0x9a : 0x9b;
	bool qemu = vmm == QEMU;

	memset(page, 0, SNP_PAGE_4K);
	put_segment(page + 0x00, 0, 0x93, 0xffff, 0);
	put_segment(page + 0x10, 0xf000, code, 0xffff, eip & 0xffff0000);
	put_segment(page + 0x20, 0, vmm == EC2 ? 0x92 : 0x93, 0xffff, 0);
	for (int i = 0x30; i <= 0x50; i += 0x10)
		put_segment(page + i, 0, 0x93, 0xffff, 0);
	put_segment(page + 0x60, 0, 0, 0xffff, 0);
	put_segment(page + 0x70, 0, 0x82, 0xffff, 0);
	put_segment(page + 0x80, 0, 0, 0xffff, 0);
	put_segment(page + 0x90, 0, vmm == EC2 ? 0x83 : 0x8b, 0xffff, 0);
	put64(page + 0xd0, 0x1000);
	put64(page + 0x148, 0x40);
	put64(page + 0x158, 0x10);
	put64(page + 0x160, 0x400);
	put64(page + 0x168, 0xffff0ff0);
	put64(page + 0x170, 2);
	put64(page + 0x178, eip & 0xffff);
	put64(page + 0x268, vmm == GCE ? 0x00070106 : 0x0007040600070406);
	put64(page + 0x310, qemu ? CPU_SIGNATURE : 0x600);
	put64(page + 0x3b0, features);
	put64(page + 0x3e8, 1);
	put32(page + 0x408, qemu ? 0x1f80 : 0);
	put32(page + 0x410, qemu ? 0x37f : 0);
}

/* ---- a launch ---- */

struct guest_kind {
	const char *image;
	uint32_t vcpus;
	uint32_t features;
	bool kernel;
	const char *line;
	enum vmm vmm;
	const char *ld[2];
};

static bool add(uint8_t *ld, enum snp_page_type type, uint64_t gpa, const uint8_t *page)
{
	static const uint8_t nothing[SNP_PAGE_4K];
	const struct snp_measured m = { .type = type, .gpa = gpa };

	return snp_measure(ld, &m, page ? page : nothing);
}

static bool add_span(uint8_t *ld, enum snp_page_type type, uint64_t gpa, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += SNP_PAGE_4K)
		if (!add(ld, type, gpa + at, NULL))
			return false;
	return true;
}

/* One of the sections that the image describes: kind 3 is the CPUID page. */
static bool add_section(uint8_t *ld, const struct guest_kind *k, const uint8_t *image,
			uint32_t gpa, uint32_t size, uint32_t kind)
{
	uint8_t page[SNP_PAGE_4K];

	switch (kind) {
	case 1:
		return add_span(ld, k->vmm == GCE ? SNP_TYPE_UNMEASURED : SNP_TYPE_ZERO, gpa, size);
	case 2:
		return add(ld, SNP_TYPE_SECRETS, gpa, NULL);
	case 3:
		return k->vmm == EC2 || add(ld, SNP_TYPE_CPUID, gpa, NULL);
	case 4:
		return add_span(ld, SNP_TYPE_ZERO, gpa, size);
	case 0x10:
		if (!k->kernel)
			return add_span(ld, SNP_TYPE_ZERO, gpa, size);
		hashes_page(k->line, table_word(image, hashes_guid) & 0xfff, page);
		return add(ld, SNP_TYPE_NORMAL, gpa, page);
	default:
		return true;
	}
}

static bool add_sections(uint8_t *ld, const struct guest_kind *k, const uint8_t *image)
{
	const uint8_t *at = image + IMAGE_SIZE - table_word(image, sections_guid);
	uint32_t count = get32(at + 12), cpuid = 0;

	if (memcmp(at, "ASEV", 4) || get32(at + 8) != 1)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *s = at + 16 + 12 * i;

		if (!add_section(ld, k, image, get32(s), get32(s + 4), get32(s + 8)))
			return false;
		if (get32(s + 8) == 3)
			cpuid = get32(s);
	}
	return k->vmm != EC2 || add(ld, SNP_TYPE_CPUID, cpuid, NULL);
}

static bool launch_digest(const struct guest_kind *k, uint8_t ld[SNP_DIGEST_SIZE])
{
	uint8_t image[IMAGE_SIZE], page[SNP_PAGE_4K];

	memset(ld, 0, SNP_DIGEST_SIZE);
	if (!vector_read(k->image, image, sizeof(image)) ||
	    !add(ld, SNP_TYPE_NORMAL, (1ull << 32) - IMAGE_SIZE, image))
		return false;
	if (!k->vcpus)
		return true;
	if (!add_sections(ld, k, image))
		return false;
	for (uint32_t i = 0; i < k->vcpus; i++) {
		save_area(i ? table_word(image, reset_guid) : RESET_VECTOR, k->features, k->vmm,
			  page);
		if (!add(ld, SNP_TYPE_VMSA, VMSA_GPA, page))
			return false;
	}
	return true;
}

static const struct guest_kind kinds[] = {
	{ AMDSEV, 0, 0, false, "", QEMU,
	  { "086e2e9149ebf45abdc3445fba5b2da8270bdbb04094d7a2",
	    "c37faaa4b24af3aa16aff8c374c2a55c467a50da6d466b74" } },
	{ AMDSEV, 1, 0x21, true, "", QEMU,
	  { "329c8ce0972ae52343b64d34a434a86f245dfd74f5ed7aae",
	    "15d22efc78fb9683632b9b50e4e1d7fa41179ef98a7ef198" } },
	{ AMDSEV, 1, 1, true, "", QEMU,
	  { "ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3",
	    "ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5" } },
	{ AMDSEV, 1, 0x21, true, "console=ttyS0 loglevel=7", QEMU,
	  { "803f691094946e42068aaa3a8f9e26a5c89f36f7b73ecfb2",
	    "8c653360fe4b3aba7e534442e7e1e17895dfe778d0228977" } },
	{ AMDSEV, 1, 1, true, "console=ttyS0 loglevel=7", QEMU,
	  { "6d287813eb5222d770f75005c664e34c204f385ce832cc2c",
	    "e7d0d6f354454362f390ef83a92046c042e706363b4b08fa" } },
	{ AMDSEV, 1, 0x21, true, "", EC2,
	  { "0ce9ccc06bab55eebe8abc234f3df6514883977a68a591b7",
	    "1052498ab52b2f1aa415db338033946ef93aa8278c0d67fb" } },
	{ AMDSEV, 1, 1, true, "", EC2,
	  { "0883bd0eeb716e65b7b977a321c278d1e51b33b5c655fab9",
	    "85443bbcc65c086b9c15e8a0bd8811050dec7e24964e5056" } },
	{ AMDSEV, 1, 1, true, "", GCE,
	  { "5da7106cf14cf46b1725ebab123eb9e53bd46a1e9f400cd0",
	    "c08e7827b04b688ea8b4e403c8404efed4397ea5d5d0722e" } },
	{ AMDSEV, 4, 1, true, "", GCE,
	  { "5c5debf100fc339f90276e761ee1f1658d08922c3b20e2a2",
	    "e6c7a6c3370b2452a15a00eae11886a93d6fd1e7ab81e29d" } },
	{ AMDSEV, 1, 0x21, false, "", QEMU,
	  { "e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af",
	    "9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0e2b" } },
	{ AMDSEV, 1, 1, false, "", QEMU,
	  { "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6",
	    "013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d" } },
	{ AMDSEV, 4, 0x21, true, "", QEMU,
	  { "4953b1fb416fa874980e8442b3706d345926d5f38879134e",
	    "00813c5d7abcbe78eafe7b422907be0b4698e2414a631942" } },
	{ AMDSEV, 4, 1, true, "", QEMU,
	  { "5061fffb019493a903613d56d54b94912a1a2f9e4502385f",
	    "5c194616753720a92441310ba6c4933de877c36e23046ad5" } },
	{ OVMFX64, 1, 0x21, false, "", QEMU,
	  { "28797ae0afaba4005a81e629acebfb59e6687949d6be4400",
	    "7cd5506823b0dd66f146aaae26ff291eed7b493d8a64c385" } },
	{ OVMFX64, 1, 1, false, "", QEMU,
	  { "da0296de8193586a5512078dcd719eccecbd87e2b825ad41",
	    "48c44f665dc87df21e5b49e21523a9ad993afdb6a30b4005" } },
};

TEST(launch_digests_of_public_tools)
{
	char want[97], got[97];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint8_t ld[SNP_DIGEST_SIZE];

		ASSERT_TRUE(launch_digest(&kinds[i], ld));
		to_hex(ld, sizeof(ld), got);
		snprintf(want, sizeof(want), "%s%s", kinds[i].ld[0], kinds[i].ld[1]);
		EXPECT_STREQ(want, got) TH_LOG("%zu: %s", i, kinds[i].image);
	}
	EXPECT_EQ(15, ARRAY_SIZE(kinds));
}

/* ---- an ID authentication page, and keys, of a public tool ---- */

#define BLOCK	0x1000
#define AUTH	0x2000

static bool ident_platform(struct swpsp **p, uint8_t *memory, size_t size)
{
	const struct swpsp_config config = {
		.memory = memory, .memory_size = size, .api_major = 1, .api_minor = 55,
		.max_asid = 1, .min_sev_asid = 1, .cpus = 1,
	};

	*p = swpsp_new(&config, NULL);
	return *p;
}

static const char * const known_ld[2] = {
	"a14d638341e5674628fe1e02fbedebe5e5ab4faf1dd72d89",
	"66068e615bb99efd13d214b35c231715b38e263dc6059745",
};

TEST(id_block_of_a_public_tool)
{
	struct snp_guest g = { .policy = 0x30000 };
	struct snp_identity id = { .present = true, .author = true };
	static uint8_t memory[0x4000];
	struct swpsp *p;
	char hex[97];

	ASSERT_TRUE(ident_platform(&p, memory, sizeof(memory)));
	ASSERT_TRUE(vector_read("test_auth_block.bin", memory + AUTH, 0x1000));
	from_hex(known_ld[0], g.ld, 24);
	from_hex(known_ld[1], g.ld + 24, 24);
	memcpy(memory + BLOCK, g.ld, 48);
	put32(memory + BLOCK + 0x50, 1);
	put64(memory + BLOCK + 0x58, 0x30000);
	EXPECT_EQ(0, snp_identity_check(p, &g, BLOCK, AUTH, &id));
	to_hex(id.key_digest, 48, hex);
	EXPECT_EQ(0, strncmp("59fb2c686dfa4fef49f38339aa775c90051c28d57383ddc3", hex, 48));
	EXPECT_STREQ("baf3b5eb4b1496df3b0dbbdcbae5fe27677a644820773fe2", hex + 48);
	to_hex(id.author_digest, 48, hex);
	EXPECT_EQ(0, strncmp("eed81169fb0cb5e0ec34794f128fd4e0c4a46f67c65a1adf", hex, 48));
	EXPECT_STREQ("a81fcb24bcc088c272369b7ffc3eb2b6af6a4284a1b36c5f", hex + 48);
	memory[BLOCK + 0x54] = 1;
	EXPECT_EQ(SWPSP_BAD_SIGNATURE, snp_identity_check(p, &g, BLOCK, AUTH, &id));
	memory[BLOCK + 0x54] = 0;
	g.ld[0] ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, snp_identity_check(p, &g, BLOCK, AUTH, &id));
	swpsp_free(p);
}

/* Keys as the tools keep them, and the digests that they print (in base64). */
static const struct known_key {
	const char *file;
	uint32_t in_auth_page;		/* where test_auth_block.bin has it, or 0 */
	const char *digest;
} known_keys[] = {
	{ "test_id_key.pem", 0x240,
	  "WfssaG36T+9J84M5qndckAUcKNVzg93DuvO160sUlt87DbvcuuX+J2d6ZEggdz/i" },
	{ "test_auth_key.pem", 0x880,
	  "7tgRafsMteDsNHlPEo/U4MSkb2fGWhrfqB/LJLzAiMJyNpt//D6ytq9qQoShs2xf" },
	{ "id_key_test.pem", 0,
	  "hwt+NcU/inLQ0yL3WrKvgmJ5Kq9leWIs5BMcPyHyied8sFYKXjuQs5MuZ07HCcsU" },
	{ "author_key_test.pem", 0,
	  "YxEcNLv8Ckk4+aAJvQdJgNgXIyPmFZnJ/TNtqGcySOHcqY0L6PdjdqEGuK/UwKBX" },
};

/* A key of a PEM file in the firmware's form. */
static bool key_read(const char *name, uint8_t key[PUBKEY_SIZE])
{
	BIGNUM *x = NULL, *y = NULL;
	EVP_PKEY *pkey = NULL;
	char path[4096];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	f = fopen(path, "r");
	if (f) {
		pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		fclose(f);
	}
	memset(key, 0, PUBKEY_SIZE);
	put32(key, 2);
	ok = pkey && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
	     EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) &&
	     BN_bn2lebinpad(x, key + 4, 72) == 72 && BN_bn2lebinpad(y, key + 76, 72) == 72;
	BN_free(x);
	BN_free(y);
	EVP_PKEY_free(pkey);
	return ok;
}

TEST(keys_of_public_tools)
{
	uint8_t auth[0x1000], key[PUBKEY_SIZE], digest[48], text[65];

	ASSERT_TRUE(vector_read("test_auth_block.bin", auth, sizeof(auth)));
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++) {
		const struct known_key *k = &known_keys[i];

		ASSERT_TRUE(key_read(k->file, key));
		ASSERT_TRUE(crypto_sha384(key, sizeof(key), digest));
		EVP_EncodeBlock(text, digest, sizeof(digest));
		EXPECT_STREQ(k->digest, (char *)text);
		if (k->in_auth_page)
			EXPECT_EQ(0, memcmp(auth + k->in_auth_page, key, sizeof(key)));
	}
	EXPECT_TRUE(all_zero(auth + 8, 0x38) && all_zero(auth + 0x644, 0x3c) &&
		    all_zero(auth + 0xc84, 0x37c));
}

/* ---- a message, sealed by another program ---- */

#define TABLE_PAGES	512
#define CONTEXT		0x3000
#define ASK		0x4000
#define RESPONSE	0x5000

static const char known_tag[] = "0f354f26b13f7433d3674d8eebcaf847";

static const char * const known_payload[3] = {
	"e22d803ca0aaea00420d0fc830cc86c4dc70dd3d68bd7d05560647e5013b996f",
	"ccddd2ea048788e8f0f437f862242ea7c0e4fcb7d1456ca0bbb1da492b891678",
	"bcafa49213c0f2445044cd48be94fd5eb5f3e8b761e80896f353185b4abd740d",
};

/* Key 00..1f, number 1, report data 00..3f, level 0. */
static void known_request(uint8_t *page)
{
	from_hex(known_tag, page, 16);
	page[0x20] = 1;
	page[0x30] = 1;
	page[0x31] = 1;
	page[0x32] = 0x60;
	page[0x34] = 5;
	page[0x35] = 1;
	page[0x36] = 0x60;
	for (int i = 0; i < 3; i++)
		from_hex(known_payload[i], page + 0x60 + 32 * i, 32);
}

static uint16_t command(struct swpsp *p, uint8_t *memory, uint32_t id, uint64_t a, uint64_t b,
			uint64_t c)
{
	memset(memory + 0x100, 0, 0x80);
	put64(memory + 0x100, a);
	put64(memory + 0x108, b);
	put64(memory + 0x110, c);
	return swpsp_command(p, id, 0x100);
}

static bool running_guest(struct swpsp *p, uint8_t *memory, struct rmp *rmp)
{
	const struct rmp_request firmware = { .assigned = true, .immutable = true };

	return !command(p, memory, 0x81, 0, 0, 0) &&
	       !rmp_update(rmp, CONTEXT, &firmware) && !rmp_update(rmp, RESPONSE, &firmware) &&
	       !command(p, memory, 0x93, CONTEXT, 0, 0) &&
	       !command(p, memory, 0xa0, CONTEXT, 0x30000, 0) &&
	       !command(p, memory, 0xa2, CONTEXT, 0, 0);
}

TEST(message_of_another_program)
{
	static uint8_t memory[0x6000], table[0x4000 + 16 * TABLE_PAGES];
	const struct swpsp_config config = {
		.memory = memory, .memory_size = sizeof(memory), .api_major = 1, .api_minor = 55,
		.max_asid = 1, .min_sev_asid = 1, .cpus = 1, .rmp = table,
		.rmp_pages = TABLE_PAGES,
	};
	struct swpsp *p = swpsp_new(&config, NULL);
	struct rmp rmp;

	ASSERT_NE(NULL, p);
	rmp_init(&rmp, table, TABLE_PAGES);
	ASSERT_TRUE(running_guest(p, memory, &rmp));
	for (int i = 0; i < 32; i++)
		p->snp.guests->vmpck[0][i] = (uint8_t)i;
	known_request(memory + ASK);
	memory[ASK + 0x60] ^= 1;
	EXPECT_EQ(SWPSP_BAD_MEASUREMENT, command(p, memory, 0x94, CONTEXT, ASK, RESPONSE));
	memory[ASK + 0x60] ^= 1;
	EXPECT_EQ(0, command(p, memory, 0x94, CONTEXT, ASK, RESPONSE));
	EXPECT_EQ(2, p->snp.guests->messages[0]);
	EXPECT_EQ(6, memory[RESPONSE + 0x34]);
	swpsp_free(p);
}

/* The report that answers known_request(). */
static bool known_answer(struct swpsp *p, uint8_t *memory, uint8_t answer[0x4c0])
{
	static const uint8_t nonce[12] = { 2 };
	uint8_t *page = memory + RESPONSE;
	const struct piece covered = { page + 0x30, 0x30 };

	for (int i = 0; i < 32; i++)
		p->snp.guests->vmpck[0][i] = (uint8_t)i;
	known_request(memory + ASK);
	return !command(p, memory, 0x94, CONTEXT, ASK, RESPONSE) &&
	       crypto_gcm(false, p->snp.guests->vmpck[0], nonce, &covered, page + 0x60, answer,
			  0x4c0, page);
}

/* Launched with the public tool's ID block, as if it had been measured like that. */
static bool finish_with_block(struct swpsp *p, uint8_t *memory)
{
	struct snp_guest *g = p->snp.guests;

	g->state = SNP_GUEST_LAUNCH;
	from_hex(known_ld[0], g->ld, 24);
	from_hex(known_ld[1], g->ld + 24, 24);
	memset(memory + BLOCK, 0, 0x1000);
	memcpy(memory + BLOCK, g->ld, 48);
	put32(memory + BLOCK + 0x50, 1);
	put64(memory + BLOCK + 0x58, 0x30000);
	memset(memory + 0x100, 0, 0x80);
	put64(memory + 0x100, CONTEXT);
	put64(memory + 0x108, BLOCK);
	put64(memory + 0x110, AUTH);
	put64(memory + 0x118, 3);
	return vector_read("test_auth_block.bin", memory + AUTH, 0x1000) &&
	       !swpsp_command(p, 0xa2, 0x100);
}

TEST(report_of_a_guest_with_an_id_block)
{
	static uint8_t memory[0x6000], table[0x4000 + 16 * TABLE_PAGES];
	const struct swpsp_config config = {
		.memory = memory, .memory_size = sizeof(memory), .api_major = 1, .api_minor = 55,
		.max_asid = 1, .min_sev_asid = 1, .cpus = 1, .rmp = table,
		.rmp_pages = TABLE_PAGES,
	};
	struct swpsp *p = swpsp_new(&config, NULL);
	uint8_t answer[0x4c0], *r = answer + 0x20;
	unsigned char text[65];
	struct rmp rmp;

	ASSERT_NE(NULL, p);
	rmp_init(&rmp, table, TABLE_PAGES);
	ASSERT_TRUE(running_guest(p, memory, &rmp));
	ASSERT_TRUE(finish_with_block(p, memory));
	ASSERT_TRUE(known_answer(p, memory, answer));
	EXPECT_EQ(0, get32(answer));
	EXPECT_EQ(0, memcmp(memory + BLOCK, r + 0x90, 48));
	EVP_EncodeBlock(text, r + 0xe0, 48);
	EXPECT_STREQ(known_keys[0].digest, (char *)text);
	EVP_EncodeBlock(text, r + 0x110, 48);
	EXPECT_STREQ(known_keys[1].digest, (char *)text);
	EXPECT_EQ(1, get32(r + 0x48));		/* with an author */
	swpsp_free(p);
}

TEST_HARNESS_MAIN
