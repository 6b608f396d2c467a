// SPDX-License-Identifier: GPL-2.0
/*
 * Things that survive a reboot: the identity in flash, in a directory or in the NV area that the
 * host provides, what happens when someone has been at it, and firmware images.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "swpsp_test.h"
#include "swpsp_owner.h"

#define NV	0x300000u
#define NV_LEN	0x8000u

FIXTURE(nv) {
	struct box b;
	char dir[32], path[64];
};

FIXTURE_SETUP(nv)
{
	strcpy(self->dir, "/tmp/swpsp-test-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	box_config(&self->b);
	self->b.config.state_dir = self->dir;
	ASSERT_TRUE(box_start(&self->b));
}

static void remove_file(const char *dir, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove(path);
}

FIXTURE_TEARDOWN(nv)
{
	box_free(&self->b);
	remove_file(self->dir, "flash");
	remove_file(self->dir, "chip-key");
	remove_file(self->dir, "vendor");
	remove_file(self->dir, "vendor.lock");
	EXPECT_EQ(0, rmdir(self->dir)) TH_LOG("nothing else is left behind");
}

/* Power the same machine off and on again. */
static bool reboot_box(struct box *b)
{
	swpsp_free(b->psp);
	return box_start(b);
}

/* PDH, PEK, OCA and CEK in one piece. */
static bool certs(struct box *b, uint8_t out[CERT + CHAIN])
{
	if (export_certs(b))
		return false;
	memcpy(out, at(b, BLOB), CERT);
	memcpy(out + CERT, at(b, BLOB2), CHAIN);
	return true;
}

static bool spoil(const char *dir, off_t offset)
{
	char path[64];
	uint8_t byte;
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/flash", dir);
	fd = open(path, O_RDWR);
	ok = pread(fd, &byte, 1, offset) == 1;
	byte ^= 1;
	ok = ok && pwrite(fd, &byte, 1, offset) == 1;
	close(fd);
	return ok;
}

TEST_F(nv, survives_power_off)
{
	uint8_t before[CERT + CHAIN], after[CERT + CHAIN];
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, before));
	ASSERT_TRUE(reboot_box(b));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before))) TH_LOG("the PDH, too");
}

TEST_F(nv, pdh_gen_survives)
{
	uint8_t before[CERT + CHAIN], after[CERT + CHAIN];
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, false));
	ASSERT_EQ(0, run(b, PDH_GEN));
	ASSERT_TRUE(certs(b, before));
	ASSERT_TRUE(reboot_box(b));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
}

TEST_F(nv, reset_makes_a_new_identity_of_the_same_chip)
{
	uint8_t before[CERT + CHAIN], after[CERT + CHAIN];
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, before));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, run(b, PLATFORM_RESET));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, after));
	for (int i = 0; i < 3; i++)
		EXPECT_NE(0, memcmp(before + i * CERT, after + i * CERT, CERT));
	EXPECT_EQ(0, memcmp(before + 3 * CERT, after + 3 * CERT, CERT)) TH_LOG("CEK");
}

TEST_F(nv, spoilt_flash_is_told_once)
{
	static const off_t places[] = { 0, 5, 20, 60, 5000 };
	uint8_t before[CERT + CHAIN], after[CERT + CHAIN];
	struct box *b = &self->b;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		ASSERT_EQ(0, init(b, false));
		ASSERT_TRUE(certs(b, before));
		ASSERT_EQ(0, run(b, SHUTDOWN));
		ASSERT_TRUE(spoil(self->dir, places[i]));
		EXPECT_EQ(SWPSP_SECURE_DATA_INVALID, init(b, false));
		EXPECT_EQ(0, platform_state(b));
		EXPECT_EQ(0, init(b, false));
		ASSERT_TRUE(certs(b, after));
		EXPECT_NE(0, memcmp(before, after, CERT));
		ASSERT_EQ(0, run(b, SHUTDOWN));
	}
}

TEST_F(nv, spoilt_unused_part_does_not_matter)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, false));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_TRUE(spoil(self->dir, 0x7fff));
	EXPECT_EQ(0, init(b, false));
}

TEST_F(nv, flash_that_cannot_be_read_is_a_hardware_error)
{
	struct box *b = &self->b;
	char path[64];

	snprintf(path, sizeof(path), "%s/flash", self->dir);
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(SWPSP_HWERROR_PLATFORM, init(b, false));
	EXPECT_NE(0, swpsp_error_info(b->psp));
	EXPECT_EQ(0, platform_state(b));
	EXPECT_EQ(0, swpsp_error_info(b->psp)) TH_LOG("told with one command only");
	ASSERT_EQ(0, rmdir(path));
	EXPECT_EQ(0, init(b, false));
}

TEST_F(nv, another_chip_cannot_read_it)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, false));
	remove_file(self->dir, "chip-key");
	ASSERT_TRUE(reboot_box(b));
	EXPECT_EQ(SWPSP_SECURE_DATA_INVALID, init(b, false));
	EXPECT_EQ(0, init(b, false));
}

/* Failing at the TMR comes after the keys are stored: they stay. */
TEST_F(nv, failed_init_keeps_the_keys)
{
	uint8_t after[CERT + CHAIN], again[CERT + CHAIN], *c = cmd_new(&self->b);
	struct box *b = &self->b;
	struct stat st;
	char path[64];

	c[0] = 1;
	put64(c + 8, TMR + 0x1000);
	put32(c + 0x10, 0x100000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT));
	snprintf(path, sizeof(path), "%s/flash", self->dir);
	EXPECT_EQ(0, stat(path, &st));
	EXPECT_EQ(NV_LEN, st.st_size);
	ASSERT_EQ(0, init(b, true));
	ASSERT_TRUE(certs(b, after));
	ASSERT_TRUE(reboot_box(b));
	ASSERT_EQ(0, init(b, false));
	ASSERT_TRUE(certs(b, again));
	EXPECT_EQ(0, memcmp(after, again, sizeof(after)));
}

/* ---- INIT_EX ---- */

TEST_F(nv, area_of_the_host)
{
	uint8_t before[CERT + CHAIN], after[CERT + CHAIN], saved[NV_LEN];
	struct box *b = &self->b;

	memset(at(b, NV), 0xff, NV_LEN);
	ASSERT_EQ(0, init_ex(b, true, NV, NV_LEN));
	ASSERT_TRUE(certs(b, before));
	memcpy(saved, at(b, NV), NV_LEN);
	ASSERT_EQ(0, run(b, PDH_GEN));
	EXPECT_NE(0, memcmp(saved, at(b, NV), NV_LEN)) TH_LOG("written again");
	ASSERT_EQ(0, run(b, SHUTDOWN));
	memcpy(at(b, NV), saved, NV_LEN);
	ASSERT_TRUE(reboot_box(b));
	ASSERT_EQ(0, init_ex(b, false, NV, NV_LEN));
	ASSERT_TRUE(certs(b, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	memcpy(saved, at(b, NV), NV_LEN);
	ASSERT_EQ(0, run(b, PLATFORM_RESET));
	EXPECT_EQ(0, memcmp(saved, at(b, NV), NV_LEN)) TH_LOG("not RESET's business");
	ASSERT_EQ(0, init_ex(b, false, 0, 0));
	ASSERT_TRUE(certs(b, after));
	EXPECT_NE(0, memcmp(before, after, CERT)) TH_LOG("0: the flash, as INIT");
}

TEST_F(nv, garbage_in_the_area)
{
	struct box *b = &self->b;

	memset(at(b, NV), 0, NV_LEN);
	EXPECT_EQ(SWPSP_SECURE_DATA_INVALID, init_ex(b, false, NV, NV_LEN));
	for (uint32_t i = 0; i < NV_LEN; i++)
		ASSERT_EQ(0xff, *at(b, NV + i));
	EXPECT_EQ(0, init_ex(b, false, NV, NV_LEN));
}

TEST_F(nv, init_ex_order_of_checks)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	memset(at(b, NV), 0xff, NV_LEN);
	put32(c, 0x23);
	c[4] = 3;
	put64(c + 8, TMR + 1);
	put32(c + 0x10, 1);
	put64(c + 0x18, OUTSIDE + 1);
	put32(c + 0x20, 1);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT_EX)) TH_LOG("flags");
	c[4] = 1;
	c[6] = 1;
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT_EX)) TH_LOG("reserved");
	c[6] = 0;
	c[0x14] = 1;
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT_EX)) TH_LOG("reserved");
	c[0x14] = 0;
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, INIT_EX)) TH_LOG("its own length");
	put32(c, 0x24);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT_EX)) TH_LOG("NV's alignment");
	put64(c + 0x18, OUTSIDE);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT_EX)) TH_LOG("NV's range");
	put64(c + 0x18, NV);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, INIT_EX)) TH_LOG("NV's length");
	put32(c + 0x20, NV_LEN);
	put64(c + 8, OUTSIDE + 1);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT_EX)) TH_LOG("TMR's range");
	put64(c + 8, NV + 0x10);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT_EX)) TH_LOG("TMR in the NV area");
	put64(c + 8, TMR + 0x1000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT_EX)) TH_LOG("TMR's alignment");
	put64(c + 8, TMR);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, INIT_EX)) TH_LOG("TMR's length");
	put32(c + 0x10, 0x100000);
	put64(c + 8, TMR | 1ull << 51);
	EXPECT_EQ(0, run(b, INIT_EX)) TH_LOG("the C-bit is ignored");
}

TEST_F(nv, init_order_of_checks)
{
	struct box *b = &self->b;
	uint8_t *c = cmd_new(b);

	c[0] = 3;
	put64(c + 8, TMR + 1);
	put32(c + 0x10, 1);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT));
	c[0] = 1;
	c[7] = 1;
	EXPECT_EQ(SWPSP_INVALID_CONFIG, run(b, INIT));
	c[7] = 0;
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT));
	put64(c + 8, 0x900000);
	EXPECT_EQ(SWPSP_INVALID_LENGTH, run(b, INIT)) TH_LOG("length before range");
	put32(c + 0x10, 0x100000);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, INIT));
	c[0] = 0;
	EXPECT_EQ(0, run(b, INIT)) TH_LOG("without SEV-ES the TMR is not looked at");
	c[0] = 0xff;
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, run(b, INIT)) TH_LOG("state first");
}

/* ---- the TMR belongs to firmware ---- */

TEST_F(nv, tmr_is_out_of_bounds)
{
	struct box *b = &self->b;

	ASSERT_EQ(0, init(b, true));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, PLATFORM_STATUS, TMR));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, PLATFORM_STATUS, TMR - 4));
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, swpsp_command(b->psp, PLATFORM_STATUS, TMR + 0xffff8));
	EXPECT_EQ(0, swpsp_command(b->psp, PLATFORM_STATUS, TMR + 0x100000));
	EXPECT_EQ(0, swpsp_command(b->psp, PLATFORM_STATUS, TMR - 0xc));
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_EQ(0, swpsp_command(b->psp, PLATFORM_STATUS, TMR));
}

/* The sanitizer makes a loop over so much memory slow; two calls do the same. */
static bool is_all(struct box *b, uint64_t addr, uint8_t value, size_t len)
{
	return *at(b, addr) == value && !memcmp(at(b, addr), at(b, addr + 1), len - 1);
}

/* Whoever gives the memory to another use before SHUTDOWN sees it change. */
TEST_F(nv, firmware_uses_the_tmr_and_clears_it)
{
	struct box *b = &self->b;

	memset(at(b, TMR), 0xaa, 0x100000);
	ASSERT_EQ(0, init(b, true));
	EXPECT_TRUE(is_all(b, TMR, 0xaa, 0x100000)) TH_LOG("not enabled yet");
	ASSERT_EQ(0, flush(b));
	EXPECT_FALSE(is_all(b, TMR, 0xaa, 0x1000)) TH_LOG("the list of free slots");
	EXPECT_FALSE(is_all(b, TMR + 0x7f000, 0xaa, 0x1000)) TH_LOG("its end");
	EXPECT_TRUE(is_all(b, TMR - 0x1000, 0, 0x1000));
	*at(b, TMR - 1) = 0x55;
	*at(b, TMR + 0x100000) = 0x55;
	ASSERT_EQ(0, run(b, SHUTDOWN));
	EXPECT_TRUE(is_all(b, TMR, 0, 0x100000));
	EXPECT_EQ(0x55, *at(b, TMR - 1));
	EXPECT_EQ(0x55, *at(b, TMR + 0x100000));
	memset(at(b, TMR), 0xaa, 0x100000);
	ASSERT_EQ(0, run(b, SHUTDOWN));
	ASSERT_EQ(0, init(b, false) | run(b, SHUTDOWN));
	EXPECT_TRUE(is_all(b, TMR, 0xaa, 0x100000)) TH_LOG("released, and not used without SEV-ES");
}

/* ---- firmware images ---- */

static uint16_t download(struct box *b, uint32_t version, uint32_t level, uint32_t len)
{
	uint8_t *c = cmd_new(b);

	if (swpsp_sign_image(b->psp, at(b, BLOB), 0x10000, version, level))
		return UINT16_MAX;
	put64(c, BLOB);
	put32(c + 8, len);
	return run(b, DOWNLOAD_FIRMWARE);
}

TEST_F(nv, download)
{
	struct box *b = &self->b;
	uint8_t s[12], *c;

	c = cmd_new(b);
	put64(c, OUTSIDE + 1);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, DOWNLOAD_FIRMWARE));
	put64(c, MEMORY - 0xe0);
	put32(c + 8, 0x100);
	EXPECT_EQ(SWPSP_INVALID_ADDRESS, run(b, DOWNLOAD_FIRMWARE)) TH_LOG("header's end");
	EXPECT_EQ(SWPSP_INVALID_LENGTH, download(b, 0x013719, 0, 0xff));
	EXPECT_EQ(SWPSP_INVALID_LENGTH, download(b, 0x013719, 0, 0x20001));
	EXPECT_EQ(SWPSP_INVALID_PARAM, download(b, 0, 0, 0x10000));
	EXPECT_EQ(0, download(b, 0x013819, 2, 0x10000));
	ASSERT_EQ(0, platform_status(b, s));
	EXPECT_EQ(1, s[0]);
	EXPECT_EQ(0x38, s[1]);
	EXPECT_EQ(0x19, s[7]);
	EXPECT_EQ(SWPSP_INVALID_CONFIG, download(b, 0x013819, 1, 0x10000)) TH_LOG("rollback");
	ASSERT_EQ(0, init(b, false));
	EXPECT_EQ(SWPSP_INVALID_PLATFORM_STATE, download(b, 0x013819, 2, 0x10000));
	ASSERT_EQ(0, export_certs(b));
	EXPECT_EQ(0x38, *at(b, BLOB + 5)) TH_LOG("certificates carry the version");
}

/* ---- configurations ---- */

TEST(bad_configurations)
{
	const char *error;
	struct box b;

	box_config(&b);
	b.config.max_asid = 1007;
	EXPECT_EQ(NULL, swpsp_new(&b.config, &error));
	EXPECT_NE(NULL, error);
	b.config.max_asid = MAX_ASID;
	b.config.min_sev_asid = MAX_ASID + 2;
	EXPECT_EQ(NULL, swpsp_new(&b.config, NULL));
	b.config.min_sev_asid = 0;
	EXPECT_EQ(NULL, swpsp_new(&b.config, NULL));
	b.config.min_sev_asid = 1;
	b.config.cpus = SWPSP_CPUS_MAX + 1;
	EXPECT_EQ(NULL, swpsp_new(&b.config, NULL));
	b.config.cpus = 1;
	b.config.memory = NULL;
	EXPECT_EQ(NULL, swpsp_new(&b.config, NULL));
	b.config.memory = b.mem;
	b.config.state_dir = "/dev/null/impossible";
	EXPECT_EQ(NULL, swpsp_new(&b.config, &error));
	EXPECT_NE(NULL, error);
	free(b.mem);
}

/* The vendor's keys: made once, then the same for all who share the directory. */
TEST(vendor_directory)
{
	uint8_t first[0xc80], second[0xc80];
	struct box a, b;

	ASSERT_TRUE(box_new(&a));
	ASSERT_TRUE(box_new(&b));
	ASSERT_EQ(0, swpsp_export_ca(a.psp, NULL, first));
	ASSERT_EQ(0, swpsp_export_ca(b.psp, NULL, second));
	EXPECT_EQ(0, memcmp(first, second, sizeof(first)));
	box_free(&a);
	box_free(&b);
}

TEST_HARNESS_MAIN
