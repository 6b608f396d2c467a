// SPDX-License-Identifier: GPL-2.0
/*
 * A seed makes two runs the same, bit by bit: what is manufactured, and all that
 * firmware writes while it executes the same commands.
 */
#include <limits.h>

#include "swpsp_test.h"

enum { VENDOR, CHIP_KEY, FLASH };

/* The vendor's keys and certificates, and what the platform keeps for itself. */
static const char * const files[] = {
	[VENDOR] = "vendor", [CHIP_KEY] = "chip-key", [FLASH] = "flash",
};

struct seeded {
	struct box b;
	char dir[32];
	uint8_t cek[CERT];
	uint8_t chain[0xc80];
	uint8_t file[ARRAY_SIZE(files)][0x10000];
	size_t len[ARRAY_SIZE(files)];
};

static bool seeded_start(struct seeded *s, uint64_t seed, const char *ca_dir)
{
	strcpy(s->dir, "/tmp/swpsp-seed.XXXXXX");
	if (!mkdtemp(s->dir))
		return false;
	box_config(&s->b);
	s->b.config.seed = seed;
	s->b.config.state_dir = s->dir;
	s->b.config.ca_dir = ca_dir;
	return box_start(&s->b);
}

static void read_files(struct seeded *s)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
		file = fopen(path, "r");
		s->len[i] = file ? fread(s->file[i], 1, sizeof(s->file[i]), file) : 0;
		if (file)
			fclose(file);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/vendor.lock", s->dir);
	unlink(path);
	rmdir(s->dir);
}

/* Commands of all kinds that draw random numbers; false if one of them fails. */
static bool script(struct seeded *s)
{
	struct box *b = &s->b;
	uint32_t sender, receiver, policy = ES;

	if (swpsp_export_ca(b->psp, s->cek, s->chain))
		return false;
	if (init(b, true) || flush(b) || run(b, PEK_GEN) || run(b, PDH_GEN))
		return false;
	sender = launch_to(b, policy, 3, LUPDATE);
	if (!sender || launch_update(b, LAUNCH_UPDATE_DATA, sender, PAGES, 0x4000) ||
	    launch_update(b, LAUNCH_UPDATE_VMSA, sender, PAGES + 0x8000, 0x1000) ||
	    measure(b, sender) || by_handle(b, LAUNCH_FINISH, sender) ||
	    attestation(b, sender))
		return false;
	if (!give_certs(b, b) || send_start(b, sender) ||
	    transport(b, SEND_UPDATE_DATA, sender, PAGES, 0x4000) ||
	    receive_start(b, policy, &receiver) || activate(b, receiver, 2))
		return false;
	return !transport(b, RECEIVE_UPDATE_DATA, receiver, PAGES + 0x10000, 0x4000);
}

static bool seeded_run(struct seeded *s, uint64_t seed, const char *ca_dir)
{
	bool ok;

	memset(s, 0, sizeof(*s));
	ok = seeded_start(s, seed, ca_dir) && script(s);
	read_files(s);
	return ok;
}

static void seeded_free(struct seeded *s)
{
	box_free(&s->b);
}

static struct seeded one, other;

TEST(two_runs_with_one_seed_are_equal_bit_by_bit)
{
	ASSERT_TRUE(seeded_run(&one, 7, NULL));
	ASSERT_TRUE(seeded_run(&other, 7, NULL));
	EXPECT_EQ(0, memcmp(one.b.mem, other.b.mem, MEMORY));
	EXPECT_EQ(0, memcmp(one.cek, other.cek, sizeof(one.cek)));
	EXPECT_EQ(0, memcmp(one.chain, other.chain, sizeof(one.chain)));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_LT(0, one.len[i]) TH_LOG("%s", files[i]);
		EXPECT_EQ(one.len[i], other.len[i]) TH_LOG("%s", files[i]);
		EXPECT_EQ(0, memcmp(one.file[i], other.file[i], one.len[i]))
			TH_LOG("%s", files[i]);
	}
	seeded_free(&one);
	seeded_free(&other);
}

/* Any of several platforms may make the vendor's keys: the result must be the same. */
TEST(a_vendor_that_is_there_already_changes_nothing)
{
	char dir[] = "/tmp/swpsp-vendor.XXXXXX", path[PATH_MAX];

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_TRUE(seeded_run(&one, 7, dir));
	ASSERT_TRUE(seeded_run(&other, 7, dir));
	EXPECT_EQ(0, memcmp(one.b.mem, other.b.mem, MEMORY));
	EXPECT_EQ(0, memcmp(one.cek, other.cek, sizeof(one.cek)));
	EXPECT_EQ(0, memcmp(one.chain, other.chain, sizeof(one.chain)));
	for (size_t i = CHIP_KEY; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(0, memcmp(one.file[i], other.file[i], one.len[i]))
			TH_LOG("%s", files[i]);
	}
	seeded_free(&one);
	seeded_free(&other);
	snprintf(path, sizeof(path), "%s/vendor", dir);
	EXPECT_EQ(0, unlink(path));
	snprintf(path, sizeof(path), "%s/vendor.lock", dir);
	EXPECT_EQ(0, unlink(path));
	EXPECT_EQ(0, rmdir(dir));
}

TEST(two_seeds_have_nothing_in_common)
{
	ASSERT_TRUE(seeded_run(&one, 7, NULL));
	ASSERT_TRUE(seeded_run(&other, 8, NULL));
	EXPECT_NE(0, memcmp(one.chain, other.chain, sizeof(one.chain)));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_NE(0, memcmp(one.file[i], other.file[i], one.len[i]))
			TH_LOG("%s", files[i]);
	}
	seeded_free(&one);
	seeded_free(&other);
}

TEST_HARNESS_MAIN
