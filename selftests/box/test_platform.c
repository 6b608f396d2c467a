// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/sev: each command on the platform by both of its ioctls, in each state of
 * the platform, with wrong input of each kind; who owns the platform, and how that
 * changes; what the driver shows of itself beside it.
 *
 * Commands that change the platform's keys run on a simulated platform only, or where
 * SEV_TEST_DESTRUCTIVE=1 says that a real one may be used up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/psp-sev.h>

#include <sevfw/launch.h>
#include <sevfw/oca.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "common.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "status.h"

#define RAM		(2 << 20)
#define FILL		0xa5

#define CERT		((uint32_t)SEV_FW_CERT_SIZE)
#define CHAIN		((uint32_t)SEV_FW_CHAIN_SIZE)
#define ID_SIZE		0x40u
#define API(major, minor)	((unsigned int)(major) << 8 | (minor))

/* Platform states, as PLATFORM_STATUS tells them */
#define UNINIT		0
#define INIT		1
#define WORKING		2

#define ANY_REFUSAL		0xfffeu	/* EIO with any status of the firmware */

FIXTURE(dev) {
	struct platform p;	/* a fd for reading and writing */
	struct platform reader;
	unsigned int api;
	struct {
		struct sev_cert pdh;
		struct sev_chain chain;
	} keys;			/* last answer to export() */
	uint8_t *pages;		/* writable, read-only, then no page at all */
};

FIXTURE_VARIANT(dev) {
	bool legacy;
};

FIXTURE_VARIANT_ADD(dev, fw) {
	.legacy = false,
};

FIXTURE_VARIANT_ADD(dev, legacy) {
	.legacy = true,
};

FIXTURE_SETUP(dev)
{
	struct sev_fw_platform_status status;

	HOST_NEEDS(HOST_SEV | HOST_FW);
	self->p = (struct platform){ .legacy = variant->legacy };
	self->reader = self->p;
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	self->reader.fd = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->p.fd);
	ASSERT_LE(0, self->reader.fd);
	ASSERT_EQ(0, platform_status(&self->reader, &status));
	self->api = API(status.api_major, status.api_minor);

	self->pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->pages);
	ASSERT_EQ(0, mprotect(self->pages + 2 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, munmap(self->pages + 3 * PAGE, PAGE));
}

FIXTURE_TEARDOWN(dev)
{
	close(self->p.fd);
	close(self->reader.fd);
}

#define REFUSED(expected, call, p)						\
	do {									\
		EXPECT_EQ(-EIO, call);						\
		EXPECT_EQ(expected, (p)->status);				\
	} while (0)

#define NOT_ASKED_FOR(err, call, p, fmt, ...)					\
	do {									\
		EXPECT_EQ(-(err), call)						\
			TH_LOG(fmt, ##__VA_ARGS__);				\
		EXPECT_EQ(SEV_FW_NO_CALL, (p)->status)				\
			TH_LOG(fmt, ##__VA_ARGS__);				\
	} while (0)

#define NOT_ASKED(err, call, p)	NOT_ASKED_FOR(err, call, p, "%s", #call)

/* The certificates as they are now, into @self->keys. */
static int export(FIXTURE_DATA(dev) *self, struct platform *p)
{
	uint32_t pdh_len = CERT, chain_len = CHAIN;

	memset(&self->keys, 0, sizeof(self->keys));
	return platform_pdh_cert_export(p, &self->keys.pdh, &pdh_len, &self->keys.chain,
					&chain_len);
}

static int state_of(struct platform *p)
{
	struct sev_fw_platform_status status;

	return platform_status(p, &status) ? -1 : status.state;
}

static int owner_of(struct platform *p)
{
	struct sev_fw_platform_status status;

	return platform_status(p, &status) ? -1 : status.owner & 1;
}

static bool is_filled(const uint8_t *bytes, size_t len)
{
	while (len && bytes[len - 1] == FILL)
		len--;
	return !len;
}

/* Outputs: lengths, what is written and what is not */

TEST_F(dev, status)
{
	struct sev_fw_platform_status a, b;

	ASSERT_EQ(0, platform_status(&self->reader, &a));
	EXPECT_EQ(0, self->reader.status);
	EXPECT_GE(WORKING, a.state);
	EXPECT_EQ(0, a.owner & ~1);
	EXPECT_EQ(0, a.reserved);
	self->reader.legacy = !self->reader.legacy;
	ASSERT_EQ(0, platform_status(&self->reader, &b));
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
}

TEST_F(dev, csr_lengths)
{
	uint8_t *out = self->pages;
	uint32_t len;

	for (uint32_t room = 0; room < CERT; room += CERT - 1) {
		memset(out, FILL, PAGE);
		len = room;
		REFUSED(INVALID_LENGTH, platform_pek_csr(&self->p, out, &len), &self->p);
		EXPECT_EQ(CERT, len);
		EXPECT_TRUE(is_filled(out, PAGE));
	}
	/* a length query need not have an address */
	len = 0;
	REFUSED(INVALID_LENGTH, platform_pek_csr(&self->p, NULL, &len), &self->p);
	EXPECT_EQ(CERT, len);

	for (uint32_t room = CERT; room < PAGE; room += 200) {
		memset(out, FILL, PAGE);
		len = room;
		EXPECT_EQ(0, platform_pek_csr(&self->p, out, &len));
		EXPECT_EQ(CERT, len);
		EXPECT_FALSE(is_filled(out, CERT));
		EXPECT_TRUE(is_filled(out + CERT, PAGE - CERT));
	}
}

TEST_F(dev, export_lengths)
{
	static const uint32_t rooms[][2] = {
		{ 0, 0 }, { 0, CHAIN }, { CERT, 0 }, { CERT - 1, CHAIN }, { CERT, CHAIN - 1 },
	};
	uint8_t pdh[PAGE], chain[2 * PAGE];
	uint32_t pdh_len, chain_len;

	memset(pdh, FILL, sizeof(pdh));
	memset(chain, FILL, sizeof(chain));
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		pdh_len = rooms[i][0];
		chain_len = rooms[i][1];
		REFUSED(INVALID_LENGTH, platform_pdh_cert_export(&self->p, pdh, &pdh_len, chain,
								 &chain_len), &self->p);
		EXPECT_EQ(CERT, pdh_len);
		EXPECT_EQ(CHAIN, chain_len);
		EXPECT_TRUE(is_filled(pdh, sizeof(pdh)));
		EXPECT_TRUE(is_filled(chain, sizeof(chain)));
	}
	pdh_len = sizeof(pdh);
	chain_len = sizeof(chain);
	EXPECT_EQ(0, platform_pdh_cert_export(&self->p, pdh, &pdh_len, chain, &chain_len));
	EXPECT_EQ(CERT, pdh_len);
	EXPECT_EQ(CHAIN, chain_len);
	EXPECT_TRUE(is_filled(pdh + CERT, sizeof(pdh) - CERT));
	EXPECT_TRUE(is_filled(chain + CHAIN, sizeof(chain) - CHAIN));
}

TEST_F(dev, id)
{
	uint8_t old[2 * ID_SIZE], id[4 * ID_SIZE];
	uint32_t len = 0;

	if (self->api < API(0, 16)) {
		NOT_ASKED(EOPNOTSUPP, platform_get_id(&self->p, id, &len), &self->p);
		return;
	}
	REFUSED(INVALID_LENGTH, platform_get_id(&self->reader, NULL, &len), &self->reader);
	EXPECT_EQ(ID_SIZE, len);

	memset(id, FILL, sizeof(id));
	len = ID_SIZE;
	EXPECT_EQ(0, platform_get_id(&self->reader, id, &len));
	EXPECT_EQ(ID_SIZE, len);
	EXPECT_TRUE(is_filled(id + ID_SIZE, sizeof(id) - ID_SIZE));

	/* the older one has room for two, whoever knows how many there are */
	memset(old, FILL, sizeof(old));
	EXPECT_EQ(0, sev_dev_op(self->reader.fd, SEV_GET_ID, old, NULL));
	EXPECT_EQ(0, memcmp(old, id, ID_SIZE));
}

TEST_F(dev, chain)
{
	struct sev_cert csr;
	uint32_t len = CERT;

	ASSERT_EQ(0, export(self, &self->p));
	EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->keys.pdh, &self->keys.chain, NULL));
	ASSERT_EQ(0, platform_pek_csr(&self->p, &csr, &len));
	EXPECT_EQ(0, memcmp(&csr, &self->keys.chain.pek, SEV_CERT_SIGNED));
	EXPECT_EQ(SEV_USAGE_NONE, csr.sig[0].usage);
	EXPECT_EQ(SEV_USAGE_NONE, csr.sig[1].usage);
}

/* Wrong addresses: firmware is not asked, nothing is written */

struct place {
	const char *name;
	uintptr_t addr;
};

TEST_F(dev, bad_output)
{
	uintptr_t pages = (uintptr_t)self->pages;
	const struct place places[] = {
		{ "unmapped", pages + 3 * PAGE },
		{ "ends unmapped", pages + 3 * PAGE - 1 },
		{ "read-only", pages + 2 * PAGE },
		{ "ends read-only", pages + 2 * PAGE - 1 },
		{ "kernel's", 0xffff888000000000 },
		{ "not canonical", 0x0123456789abcdef },
		{ "wraps", UINTPTR_MAX - 15 },
		{ "ends at the limit", 0x00007ffffffff000 - 8 },
	};
	uint32_t len, pdh_len, chain_len;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		void *bad = (void *)places[i].addr;

		len = CERT;
		NOT_ASKED_FOR(EFAULT, platform_pek_csr(&self->p, bad, &len), &self->p,
			      "%s", places[i].name);
		pdh_len = CERT;
		chain_len = CHAIN;
		NOT_ASKED_FOR(EFAULT, platform_pdh_cert_export(&self->p, bad, &pdh_len, self->pages,
							       &chain_len), &self->p,
			      "%s", places[i].name);
		NOT_ASKED_FOR(EFAULT, platform_pdh_cert_export(&self->p, self->pages, &pdh_len, bad,
							       &chain_len), &self->p,
			      "%s", places[i].name);
		if (self->api < API(0, 16))
			continue;
		len = ID_SIZE;
		NOT_ASKED_FOR(EFAULT, platform_get_id(&self->p, bad, &len), &self->p,
			      "%s", places[i].name);
	}
}

TEST_F(dev, bad_import)
{
	uint8_t *good = self->pages;
	struct sev_fw_platform_status status;
	const uintptr_t bad[] = {
		0, (uintptr_t)self->pages + 3 * PAGE, (uintptr_t)self->pages + 3 * PAGE - 1,
		0xffff888000000000, 0x0123456789abcdef, UINTPTR_MAX - 15,
	};
	static const uint32_t lengths[] = { 0, 0x5001, 0x10000000, UINT32_MAX };

	ASSERT_EQ(0, platform_status(&self->p, &status));
	if (status.guest_count)
		SKIP(return, "there are guests");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		NOT_ASKED(EFAULT, platform_pek_cert_import(&self->p, (void *)bad[i], CERT, good,
							   CERT), &self->p);
		NOT_ASKED(EFAULT, platform_pek_cert_import(&self->p, good, CERT, (void *)bad[i],
							   CERT), &self->p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		NOT_ASKED(EINVAL, platform_pek_cert_import(&self->p, good, lengths[i], good, CERT),
			  &self->p);
		NOT_ASKED(EINVAL, platform_pek_cert_import(&self->p, good, CERT, good, lengths[i]),
			  &self->p);
	}
}

/* Blobs go where they are told to, wherever that is. */
TEST_F(dev, odd_places)
{
	uint32_t pdh_len = CERT, chain_len = CHAIN, huge = UINT32_MAX;
	uint8_t *at = self->pages + PAGE - 3;	/* misaligned, across pages */
	uint8_t *room;

	ASSERT_EQ(0, export(self, &self->p));
	memset(self->pages, FILL, 2 * PAGE);
	EXPECT_EQ(0, platform_pek_csr(&self->p, at, &(uint32_t){ CERT }));
	EXPECT_EQ(0, memcmp(at, &self->keys.chain.pek, SEV_CERT_SIGNED));
	EXPECT_TRUE(is_filled(self->pages, PAGE - 3));
	EXPECT_TRUE(is_filled(at + CERT, PAGE + 3 - CERT));

	/* two outputs in one place: the later one stays */
	EXPECT_EQ(0, platform_pdh_cert_export(&self->p, self->pages, &pdh_len, self->pages,
					      &chain_len));
	EXPECT_EQ(0, memcmp(self->pages, &self->keys.chain, CHAIN));

	/* there is more room than the kernel asks firmware to fill; the rest need not exist */
	room = mmap(NULL, SEV_FW_PACKET_MAX + PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)room);
	ASSERT_EQ(0, munmap(room + SEV_FW_PACKET_MAX, PAGE));
	memset(room, FILL, SEV_FW_PACKET_MAX);
	EXPECT_EQ(0, platform_pek_csr(&self->p, room, &huge));
	EXPECT_EQ(CERT, huge);
	EXPECT_TRUE(is_filled(room + CERT, SEV_FW_PACKET_MAX - CERT));

	/* but bytes that are claimed up to there must exist */
	huge = UINT32_MAX;
	NOT_ASKED(EFAULT, platform_pek_csr(&self->p, room + PAGE, &huge), &self->p);
	munmap(room, SEV_FW_PACKET_MAX);
}

/* Outputs over the block and the envelope themselves: those come back last. */
TEST_F(dev, output_over_input)
{
	struct {
		uint8_t before[16];
		struct sev_fw_cmd cmd;
		struct sev_fw_get_id block;
		struct sev_issue_cmd legacy;
		uint8_t after[64];
	} all = {
		.cmd = {
			.id = SEV_FW_CMD(SEV_FW_GET_ID), .len = sizeof(all.block),
			.data = (uintptr_t)&all.block, .error = UNWRITTEN, .fd = -1,
		},
		.block = { .address = (uintptr_t)&all.cmd, .len = ID_SIZE },
	};

	if (self->api < API(0, 16))
		SKIP(return, "needs GET_ID");
	EXPECT_EQ(0, ioctl(self->reader.fd, SEV_FW_ISSUE, &all.cmd));
	EXPECT_EQ(0, all.cmd.error);
	EXPECT_EQ((uintptr_t)&all.cmd, all.block.address);
	EXPECT_EQ(ID_SIZE, all.block.len);

	all.block = (struct sev_fw_get_id){ (uintptr_t)&all.block, ID_SIZE };
	all.legacy = (struct sev_issue_cmd){ SEV_GET_ID2, (uintptr_t)&all.block, UNWRITTEN };
	EXPECT_EQ(0, ioctl(self->reader.fd, SEV_ISSUE_CMD, &all.legacy));
	EXPECT_EQ(SEV_GET_ID2, all.legacy.cmd);
	EXPECT_EQ(0, all.legacy.error);
	EXPECT_EQ((uintptr_t)&all.block, all.block.address);
	EXPECT_EQ(ID_SIZE, all.block.len);
}

/* The ioctl itself */

TEST_F(dev, ioctls)
{
	struct sev_issue_cmd cmd = { .error = UNWRITTEN };
	/* with SNP there are four more */
	const uint32_t first = host_snp() ? SEV_GET_ID2 + 5 : SEV_MAX;
	const uint32_t unknown[] = { first, first + 1, 0x80000000, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		cmd.cmd = unknown[i];
		EXPECT_EQ(-1, ioctl(self->p.fd, SEV_ISSUE_CMD, &cmd));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, ioctl(self->p.fd, SEV_ISSUE_CMD, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->p.fd, SEV_FW_ISSUE, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->p.fd, _IO(SEV_FW_IOC_TYPE, 0x7f), NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->p.fd, _IO(0, 0), NULL));
	EXPECT_EQ(ENOTTY, errno);

	/* structs that do not exist: no command has been issued */
	for (int i = SEV_PLATFORM_STATUS; i <= SEV_GET_ID2; i++) {
		if (i == SEV_PEK_GEN || i == SEV_PDH_GEN || i == SEV_PLATFORM_STATUS ||
		    (i >= SEV_GET_ID && self->api < API(0, 16)))
			continue;
		self->p.status = 0;
		NOT_ASKED_FOR(EFAULT, sev_dev_op(self->p.fd, i, self->pages + 3 * PAGE,
						 &self->p.status), &self->p,
			      "command %d", i);
	}
}

/* Which commands need a fd that is open for writing */

static const struct {
	uint32_t id;
	bool write;
} modes[] = {
	{ SEV_FW_PLATFORM_RESET, true }, { SEV_FW_PLATFORM_STATUS, false },
	{ SEV_FW_PEK_GEN, true }, { SEV_FW_PEK_CSR, true },
	{ SEV_FW_PEK_CERT_IMPORT, true }, { SEV_FW_PDH_CERT_EXPORT, false },
	{ SEV_FW_PDH_GEN, true }, { SEV_FW_DOWNLOAD_FIRMWARE, true },
	{ SEV_FW_GET_ID, false }, { SEV_FW_NOP, false },
};

/* Any of these commands on @p, the way a caller would who may. */
static int try(FIXTURE_DATA(dev) *self, struct platform *p, uint32_t id)
{
	const struct sev_fw_door door = sev_fw_door_dev(p->fd, -1);
	struct sev_fw_download_firmware image = { (uintptr_t)self->pages, 0x100 };
	struct sev_fw_platform_status status;
	uint32_t len = CERT;

	switch (id) {
	case SEV_FW_PLATFORM_RESET:
		return platform_reset(p);
	case SEV_FW_PLATFORM_STATUS:
		return platform_status(p, &status);
	case SEV_FW_PEK_GEN:
		return platform_pek_gen(p);
	case SEV_FW_PEK_CSR:
		return platform_pek_csr(p, self->pages, &len);
	case SEV_FW_PEK_CERT_IMPORT:	/* no certificates: refused for another reason */
		return platform_pek_cert_import(p, self->pages, CERT, self->pages, CERT);
	case SEV_FW_PDH_CERT_EXPORT:
		return export(self, p);
	case SEV_FW_PDH_GEN:
		return platform_pdh_gen(p);
	case SEV_FW_GET_ID:
		len = ID_SIZE;
		return platform_get_id(p, self->pages, &len);
	case SEV_FW_DOWNLOAD_FIRMWARE:	/* no image: refused for another reason */
		memset(self->pages, 0, PAGE);
		return sev_fw_issue(&door, id, &image, sizeof(image), &p->status);
	default:
		return sev_fw_issue(&door, id, NULL, 0, &p->status);
	}
}

static bool by_older_ioctl(uint32_t id)
{
	return id != SEV_FW_NOP && id != SEV_FW_DOWNLOAD_FIRMWARE;
}

static bool exists(const FIXTURE_DATA(dev) *self, uint32_t id)
{
	return self->api >= (id == SEV_FW_GET_ID ? API(0, 16) :
			     id == SEV_FW_DOWNLOAD_FIRMWARE ? API(0, 15) : 0);
}

TEST_F(dev, open_mode)
{
	struct sev_fw_cmd_info infos[INFOS_MAX];
	const struct sev_fw_door door = sev_fw_door_dev(self->reader.fd, -1);
	struct sev_fw_query query;
	unsigned int found = 0, wrong = 0;

	ASSERT_EQ(0, export(self, &self->p));	/* now the platform is up */
	ASSERT_EQ(0, sev_fw_query(&door, &query, infos, INFOS_MAX));
	for (uint32_t i = 0; i < query.count; i++)
		found += (infos[i].flags & (SEV_FW_INFO_PLATFORM | SEV_FW_INFO_SNP)) ==
			 SEV_FW_INFO_PLATFORM;
	EXPECT_EQ(ARRAY_SIZE(modes), found);

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		for (uint32_t n = 0; n < query.count; n++)
			wrong += infos[n].id == SEV_FW_CMD(modes[i].id) &&
				 modes[i].write != !!(infos[n].flags & SEV_FW_INFO_WRITE);
		EXPECT_EQ(0, wrong)
			TH_LOG("command 0x%x", modes[i].id);
		if (!exists(self, modes[i].id))
			continue;
		if (modes[i].write) {
			NOT_ASKED_FOR(EPERM, try(self, &self->reader, modes[i].id), &self->reader,
				      "command 0x%x", modes[i].id);
		} else {
			EXPECT_EQ(0, try(self, &self->reader, modes[i].id))
				TH_LOG("command 0x%x", modes[i].id);
		}
	}
}

/* Root but for CAP_SYS_ADMIN, which is set or cleared; 0 or a negative errno. */
static int set_admin(bool admin)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	if (admin)
		data[0].effective |= 1u << CAP_SYS_ADMIN;
	else
		data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/*
 * A VMM is handed a writable /dev/sev, and no capability. Which firmware is executed
 * is none of its business.
 */
TEST_F(dev, open_by_an_administrator)
{
	struct sev_fw_cmd_info infos[INFOS_MAX];
	const struct sev_fw_door door = sev_fw_door_dev(self->p.fd, -1);
	unsigned int found = 0, asked;
	struct sev_fw_query query;
	uint8_t block[SEV_FW_BLOCK_MAX];

	CONTROL_NEEDS_IDENTITY();
	ASSERT_EQ(0, sev_fw_query(&door, &query, infos, INFOS_MAX));
	for (uint32_t i = 0; i < query.count; i++) {
		uint32_t id = infos[i].id & ~SEV_FW_PASSTHROUGH;

		if (!(infos[i].flags & SEV_FW_INFO_ADMIN) ||
		    !(infos[i].flags & SEV_FW_INFO_AVAILABLE) ||
		    infos[i].flags & SEV_FW_INFO_SNP)
			continue;
		EXPECT_TRUE(infos[i].flags & SEV_FW_INFO_WRITE);
		memset(block, 0, sizeof(block));
		ASSERT_EQ(0, set_admin(false));
		asked = host_counter(SWPSP_BAR_COMMANDS);
		NOT_ASKED_FOR(EPERM, try(self, &self->p, id), &self->p, "%s", infos[i].name);
		NOT_ASKED_FOR(EPERM, sev_fw_issue(&door, id, block, infos[i].size,
						  &self->p.status), &self->p, "%s", infos[i].name);
		EXPECT_EQ(asked, host_counter(SWPSP_BAR_COMMANDS));
		ASSERT_EQ(0, set_admin(true));
		EXPECT_NE(-EPERM, try(self, &self->p, id)) TH_LOG("%s", infos[i].name);
		if (!host_snp())
			EXPECT_NE(SEV_FW_NO_CALL, self->p.status) TH_LOG("%s", infos[i].name);
		if (!host_snp())
			EXPECT_LT(asked, host_counter(SWPSP_BAR_COMMANDS));
		NOT_ASKED_FOR(EPERM, try(self, &self->reader, id), &self->reader, "%s",
			      infos[i].name);
		found++;
	}
	EXPECT_EQ(exists(self, SEV_FW_DOWNLOAD_FIRMWARE), found);

	/* commands that legacy ioctls give to any writer need no capability here either */
	ASSERT_EQ(0, set_admin(false));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i].id == SEV_FW_DOWNLOAD_FIRMWARE || !exists(self, modes[i].id))
			continue;
		EXPECT_NE(-EPERM, try(self, &self->p, modes[i].id))
			TH_LOG("command 0x%x", modes[i].id);
	}
	ASSERT_EQ(0, set_admin(true));
}

/* Firmware of tomorrow may have longer ids, certificates and chains: all of it arrives. */
#define LONGER	64u

static void expect_longer(struct __test_metadata *_metadata, const uint8_t *out, uint32_t today,
			  uint32_t len)
{
	EXPECT_EQ(today + LONGER, len);
	for (uint32_t i = 0; i < PAGE; i++)
		if (i >= today)
			ASSERT_EQ(i < today + LONGER ? SWPSP_FAULT_LONGER_BYTE : FILL, out[i]);
}

TEST_F(dev, longer_answers_arrive)
{
	static uint8_t pdh[PAGE], chain[2 * PAGE];
	uint32_t len = 0, chain_len = sizeof(chain);

	HOST_NEEDS(HOST_SWPSP);
	ASSERT_EQ(0, export(self, &self->p));
	memset(self->pages, FILL, PAGE);
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.kind = SWPSP_FAULT_LONGER, .value = LONGER }));

	/* the length can be asked for, and what was asked for is enough */
	if (exists(self, SEV_FW_GET_ID)) {
		REFUSED(INVALID_LENGTH, platform_get_id(&self->p, NULL, &len), &self->p);
		EXPECT_EQ(0, platform_get_id(&self->p, self->pages, &len));
		expect_longer(_metadata, self->pages, ID_SIZE, len);
	}
	memset(self->pages, FILL, PAGE);
	len = 0;
	REFUSED(INVALID_LENGTH, platform_pek_csr(&self->p, NULL, &len), &self->p);
	EXPECT_EQ(0, platform_pek_csr(&self->p, self->pages, &len));
	expect_longer(_metadata, self->pages, CERT, len);

	memset(pdh, FILL, sizeof(pdh));
	memset(chain, FILL, sizeof(chain));
	len = CERT + LONGER;
	chain_len = CHAIN + LONGER;
	EXPECT_EQ(0, platform_pdh_cert_export(&self->p, pdh, &len, chain, &chain_len));
	expect_longer(_metadata, pdh, CERT, len);
	EXPECT_EQ(CHAIN + LONGER, chain_len);
	EXPECT_EQ(0, memcmp(&self->keys.chain, chain, CHAIN));
	for (uint32_t i = CHAIN; i < sizeof(chain); i++)
		ASSERT_EQ(i < CHAIN + LONGER ? SWPSP_FAULT_LONGER_BYTE : FILL, chain[i]);
	ASSERT_EQ(0, fault_clear());
}

/* A reader does not initialise the platform, a writer does without being asked. */
TEST_F(dev, reader_initialises_nothing)
{
	CONTROL_NEEDS_IDENTITY();
	ASSERT_EQ(0, platform_reset(&self->p));
	ASSERT_EQ(UNINIT, state_of(&self->reader));
	NOT_ASKED(EPERM, export(self, &self->reader), &self->reader);
	EXPECT_EQ(UNINIT, state_of(&self->reader));
	EXPECT_EQ(0, export(self, &self->p));
	EXPECT_EQ(INIT, state_of(&self->reader));
	EXPECT_EQ(0, export(self, &self->reader));
}

/* Nor does one whose command waits while the platform is shut down. */
TEST_F(dev, reader_that_waits_initialises_nothing)
{
	pid_t pid;
	int status;

	HOST_NEEDS(HOST_SWPSP);
	ASSERT_EQ(0, export(self, &self->p));
	ASSERT_EQ(0, fault_arm(&(struct fault){
		.id = SEV_FW_SHUTDOWN, .kind = SWPSP_FAULT_DELAY, .value = 1000000, .count = 1 }));
	pid = fork();
	if (!pid)
		_exit(!!platform_reset(&self->p));
	for (int i = 0; i < 10000 && !fault_hits(); i++)
		usleep(1000);
	NOT_ASKED(EPERM, export(self, &self->reader), &self->reader);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(UNINIT, state_of(&self->reader));
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(0, export(self, &self->p));
}

/* Commands by state of the platform */

struct expected {
	int ret;
	uint32_t status;
	int state;		/* afterwards */
};

static const struct {
	uint32_t id;
	struct expected in[3];	/* in state UNINIT, INIT, WORKING */
} by_state[] = {
	{ SEV_FW_PLATFORM_STATUS, { { 0, 0, UNINIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
	{ SEV_FW_PLATFORM_RESET, {
		{ 0, 0, UNINIT }, { 0, 0, UNINIT }, { -EBUSY, SEV_FW_NO_CALL, WORKING } } },
	{ SEV_FW_PEK_GEN, {
		{ 0, 0, INIT }, { 0, 0, INIT }, { -EIO, INVALID_PLATFORM_STATE, WORKING } } },
	{ SEV_FW_PEK_CSR, { { 0, 0, INIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
	{ SEV_FW_PEK_CERT_IMPORT, {
		{ -EIO, ANY_REFUSAL, INIT }, { -EIO, ANY_REFUSAL, INIT },
		{ -EIO, INVALID_PLATFORM_STATE, WORKING } } },
	{ SEV_FW_PDH_CERT_EXPORT, { { 0, 0, INIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
	{ SEV_FW_PDH_GEN, { { 0, 0, INIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
	{ SEV_FW_DOWNLOAD_FIRMWARE, {
		{ -EIO, ANY_REFUSAL, UNINIT }, { -EIO, ANY_REFUSAL, UNINIT },
		{ -EBUSY, SEV_FW_NO_CALL, WORKING } } },
	{ SEV_FW_GET_ID, { { 0, 0, UNINIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
	{ SEV_FW_NOP, { { 0, 0, UNINIT }, { 0, 0, INIT }, { 0, 0, WORKING } } },
};

/* With SNP an image is refused: SNP would go down, and would not come up under kvm_amd. */
static const struct expected *expected_of(size_t i, int state)
{
	static struct expected snp_stays = { .ret = -EBUSY, .status = SEV_FW_NO_CALL };

	if (!host_snp() || by_state[i].id != SEV_FW_DOWNLOAD_FIRMWARE)
		return &by_state[i].in[state];
	snp_stays.state = state;
	return &snp_stays;
}

TEST_F(dev, by_state)
{
	struct sev_fw_platform_status status;

	CONTROL_NEEDS_IDENTITY();
	ASSERT_EQ(0, platform_status(&self->p, &status));
	if (status.guest_count)
		SKIP(return, "there are guests already");

	for (size_t i = 0; i < ARRAY_SIZE(by_state); i++) {
		uint32_t id = by_state[i].id;

		if (!exists(self, id) || (self->p.legacy && !by_older_ioctl(id)))
			continue;
		for (int state = UNINIT; state <= WORKING; state++) {
			const struct expected *e = expected_of(i, state);
			struct launch l = { .sev_fd = -1 };

			ASSERT_EQ(0, state == UNINIT ? platform_reset(&self->p) :
						       export(self, &self->p));
			ASSERT_EQ(0, state == WORKING ? guest_started(&l, false, RAM) : 0);
			ASSERT_EQ(state, state_of(&self->p));

			EXPECT_EQ(e->ret, try(self, &self->p, id))
				TH_LOG("command 0x%x in state %d", id, state);
			if (e->status == ANY_REFUSAL) {
				EXPECT_NE(0, self->p.status);
				EXPECT_NE(SEV_FW_NO_CALL, self->p.status);
			} else {
				EXPECT_EQ(e->status, self->p.status)
					TH_LOG("command 0x%x in state %d", id, state);
			}
			EXPECT_EQ(e->state, state_of(&self->p))
				TH_LOG("command 0x%x in state %d", id, state);

			/* no outcome may do harm to the guest */
			if (state == WORKING) {
				EXPECT_EQ(0, launch_update(&l));
				EXPECT_EQ(0, launch_measure(&l));
				launch_close(&l);
			}
		}
	}
}

/* Owners of the platform */

/* The certificates, verified, into @self->keys; are they the same as before? */
static bool same_keys(struct __test_metadata *_metadata, FIXTURE_DATA(dev) *self)
{
	struct sev_cert pek = self->keys.chain.pek;

	ASSERT_EQ(0, export(self, &self->p));
	EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->keys.pdh, &self->keys.chain, NULL));
	return !memcmp(&pek, &self->keys.chain.pek, SEV_CERT_SIGNED);
}

static int take(FIXTURE_DATA(dev) *self, const struct oca *oca)
{
	struct sev_cert pek;
	uint32_t len = CERT;
	int ret = platform_pek_csr(&self->p, &pek, &len);

	if (!ret && oca_sign(oca, &pek))
		ret = -EKEYREJECTED;
	return ret ? ret : platform_pek_cert_import(&self->p, &pek, CERT, &oca->cert, CERT);
}

/* Call this before PLATFORM_STATUS is issued: sysfs must know the owner without it. */
static bool sysfs_owner_is(long owner)
{
	return !*psp_dir() || psp_attr_number("owner") == owner;
}

TEST_F(dev, ownership)
{
	struct sev_cert pdh;
	struct oca oca = {};

	CONTROL_NEEDS_IDENTITY();
	ASSERT_EQ(OWNER_OK, oca_make(&oca));
	ASSERT_EQ(0, platform_pek_gen(&self->p));
	EXPECT_TRUE(sysfs_owner_is(0));
	EXPECT_EQ(0, owner_of(&self->p));
	same_keys(_metadata, self);
	pdh = self->keys.pdh;

	/* taken: the same PEK, endorsed by us, with a new PDH below */
	ASSERT_EQ(0, take(self, &oca));
	EXPECT_TRUE(sysfs_owner_is(1));
	EXPECT_EQ(1, owner_of(&self->p));
	EXPECT_TRUE(same_keys(_metadata, self));
	EXPECT_EQ(0, memcmp(&self->keys.chain.oca, &oca.cert, sizeof(oca.cert)));
	EXPECT_NE(0, memcmp(&self->keys.pdh, &pdh, sizeof(pdh)));

	/* and cannot be taken again, not even by its owner */
	REFUSED(ALREADY_OWNED, take(self, &oca), &self->p);
	EXPECT_TRUE(same_keys(_metadata, self));

	/* a new PDH does not change who owns it */
	EXPECT_EQ(0, platform_pdh_gen(&self->p));
	EXPECT_TRUE(same_keys(_metadata, self));
	EXPECT_TRUE(sysfs_owner_is(1));
	EXPECT_EQ(1, owner_of(&self->p));

	/* a new PEK does */
	EXPECT_EQ(0, platform_pek_gen(&self->p));
	EXPECT_TRUE(sysfs_owner_is(0));
	EXPECT_EQ(0, owner_of(&self->p));
	EXPECT_FALSE(same_keys(_metadata, self));
	EXPECT_NE(0, memcmp(&self->keys.chain.oca, &oca.cert, SEV_CERT_SIGNED));

	/* so does a reset */
	ASSERT_EQ(0, take(self, &oca));
	EXPECT_TRUE(sysfs_owner_is(1));
	EXPECT_EQ(1, owner_of(&self->p));
	EXPECT_TRUE(same_keys(_metadata, self));
	EXPECT_EQ(0, platform_reset(&self->p));
	EXPECT_FALSE(same_keys(_metadata, self));
	EXPECT_TRUE(sysfs_owner_is(0));
	EXPECT_EQ(0, owner_of(&self->p));
	oca_free(&oca);
}

TEST_F(dev, bad_certificates)
{
	struct oca oca = {}, other = {};
	struct sev_cert good, pek;
	uint32_t len = CERT;

	CONTROL_NEEDS_IDENTITY();
	ASSERT_EQ(OWNER_OK, oca_make(&oca));
	ASSERT_EQ(OWNER_OK, oca_make(&other));
	ASSERT_EQ(0, platform_pek_gen(&self->p));
	same_keys(_metadata, self);
	ASSERT_EQ(0, platform_pek_csr(&self->p, &good, &len));
	ASSERT_EQ(OWNER_OK, oca_sign(&oca, &good));

	/* signed by somebody else */
	REFUSED(BAD_SIGNATURE,
		platform_pek_cert_import(&self->p, &good, CERT, &other.cert, CERT), &self->p);
	/* signature damaged, in the certificate and in its signer's */
	pek = good;
	pek.sig[0].data[0] ^= 1;
	REFUSED(BAD_SIGNATURE,
		platform_pek_cert_import(&self->p, &pek, CERT, &oca.cert, CERT), &self->p);
	other.cert.sig[0].data[0] ^= 1;
	REFUSED(BAD_SIGNATURE,
		platform_pek_cert_import(&self->p, &good, CERT, &other.cert, CERT), &self->p);
	/* well signed, for a key that is not this platform's */
	pek = self->keys.chain.pek;
	memset(pek.sig, 0, sizeof(pek.sig));
	pek.sig[0].usage = SEV_USAGE_NONE;
	pek.sig[1].usage = SEV_USAGE_NONE;
	memcpy(&pek.ec, &oca.cert.ec, sizeof(pek.ec));
	ASSERT_EQ(OWNER_OK, oca_sign(&oca, &pek));
	REFUSED(INVALID_CERTIFICATE,
		platform_pek_cert_import(&self->p, &pek, CERT, &oca.cert, CERT), &self->p);
	/* of a length that is not a certificate's */
	REFUSED(INVALID_LENGTH,
		platform_pek_cert_import(&self->p, &good, CERT - 1, &oca.cert, CERT), &self->p);
	REFUSED(INVALID_LENGTH,
		platform_pek_cert_import(&self->p, &good, CERT, &oca.cert, CERT - 1), &self->p);

	/* nothing of that has changed anything */
	EXPECT_TRUE(same_keys(_metadata, self));
	EXPECT_EQ(0, owner_of(&self->p));
	EXPECT_EQ(0, platform_pek_cert_import(&self->p, &good, CERT, &oca.cert, CERT));
	EXPECT_EQ(1, owner_of(&self->p));
	EXPECT_EQ(0, platform_pek_gen(&self->p));
	oca_free(&oca);
	oca_free(&other);
}

/* Some programs open the device for each command, and never close it. */
TEST_F(dev, never_closed)
{
	struct platform p = self->p;

	for (int i = 0; i < 32; i++) {
		p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, p.fd);
		EXPECT_EQ(0, export(self, &p));
		EXPECT_EQ(OWNER_OK, sev_chain_verify(&self->keys.pdh, &self->keys.chain, NULL));
	}
}

/* Firmware images */

#define IMAGE_SIZE	0x400

static int make_image(uint8_t *image, unsigned int api, unsigned int build, uint32_t level)
{
	const struct image says = { (uint8_t)(api >> 8), (uint8_t)api, (uint8_t)build, level };

	return image_sign(&says, image, IMAGE_SIZE);
}

static int download(struct platform *p, const void *image, uint32_t len)
{
	const struct sev_fw_door door = sev_fw_door_dev(p->fd, -1);
	struct sev_fw_download_firmware block = { (uintptr_t)image, len };

	return sev_fw_issue(&door, SEV_FW_DOWNLOAD_FIRMWARE, &block, sizeof(block), &p->status);
}

TEST_F(dev, firmware)
{
	struct platform *p = &self->p;
	uint8_t *image = self->pages + 1;	/* where it lies is nobody's business */
	struct sev_fw_platform_status status, now;
	struct sev_fw_query query;
	const struct sev_fw_door door = sev_fw_door_dev(p->fd, -1);
	uint8_t *large;

	if (p->legacy)
		return;		/* there is no such ioctl */
	HOST_NEEDS(HOST_SWPSP);
	if (!exists(self, SEV_FW_DOWNLOAD_FIRMWARE)) {
		NOT_ASKED(EOPNOTSUPP, download(p, image, 0x100), p);
		return;
	}
	if (host_snp())
		SKIP(return, "SNP would have to go down, and would not come up under kvm_amd");
	IMAGE_NEEDS();
	ASSERT_EQ(0, export(self, p));
	ASSERT_EQ(0, platform_status(p, &status));

	ASSERT_EQ(0, make_image(image, API(1, 99), 7, 0));
	ASSERT_EQ(0, download(p, image, IMAGE_SIZE));
	EXPECT_EQ(UNINIT, state_of(p));
	ASSERT_EQ(0, platform_status(p, &now));
	EXPECT_EQ(1, now.api_major);
	EXPECT_EQ(99, now.api_minor);
	EXPECT_EQ(7, now.build);
	EXPECT_STREQ("1.99", psp_attr("api_version"));
	EXPECT_STREQ("7", psp_attr("build"));
	ASSERT_EQ(0, sev_fw_query(&door, &query, NULL, 0));
	EXPECT_EQ(1, query.api_major);
	EXPECT_EQ(99, query.api_minor);
	EXPECT_EQ(7, query.build);
	EXPECT_TRUE(same_keys(_metadata, self));

	/* refused, each time with the reason */
	image[IMAGE_SIZE / 2] ^= 1;
	REFUSED(BAD_SIGNATURE, download(p, image, IMAGE_SIZE), p);
	image[IMAGE_SIZE / 2] ^= 1;
	REFUSED(INVALID_LENGTH, download(p, image, IMAGE_SIZE - 1), p);
	REFUSED(INVALID_LENGTH, download(p, image, 0xff), p);
	large = mmap(NULL, 0x100001, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)large);
	REFUSED(INVALID_LENGTH, download(p, large, 0x100000), p);
	NOT_ASKED(EINVAL, download(p, large, 0x100001), p);
	NOT_ASKED(EINVAL, download(p, image, 0), p);
	NOT_ASKED(EFAULT, download(p, self->pages + 3 * PAGE - 0x80, 0x100), p);
	NOT_ASKED(EFAULT, download(p, NULL, 0x100), p);
	EXPECT_TRUE(same_keys(_metadata, self));

	/* back to what it was; a later security level first forbids that, then permits */
	ASSERT_EQ(0, make_image(image, API(status.api_major, status.api_minor), status.build, 1));
	ASSERT_EQ(0, download(p, image, IMAGE_SIZE));
	ASSERT_EQ(0, make_image(image, API(1, 99), 7, 0));
	REFUSED(INVALID_CONFIG, download(p, image, IMAGE_SIZE), p);
	ASSERT_EQ(0, platform_status(p, &now));
	EXPECT_EQ(status.api_minor, now.api_minor);
	EXPECT_TRUE(same_keys(_metadata, self));
}

TEST_F(dev, with_snp_an_image_is_refused)
{
	struct platform *p = &self->p;

	if (p->legacy)
		return;		/* there is no such ioctl */
	HOST_NEEDS(HOST_SNP);
	IMAGE_NEEDS();
	ASSERT_EQ(0, make_image(self->pages, API(1, 99), 7, 0));
	NOT_ASKED(EBUSY, download(p, self->pages, IMAGE_SIZE), p);
}

/* The driver, as sysfs and debugfs show it */

FIXTURE(observe) {
	struct platform p;
	struct sev_fw_platform_status status;
};

FIXTURE_SETUP(observe)
{
	uint8_t cert[SEV_FW_CERT_SIZE];

	HOST_NEEDS(HOST_SEV | HOST_FW);
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->p.fd);
	ASSERT_EQ(0, platform_pek_csr(&self->p, cert, &(uint32_t){ CERT }));
	ASSERT_EQ(0, platform_status(&self->p, &self->status));
}

FIXTURE_TEARDOWN(observe)
{
	close(self->p.fd);
}

#define CPU1	"/sys/devices/system/cpu/cpu1/online"

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Guests one after another, each of which leaves its ASID dirty; how many went well. */
static unsigned int guests_in_turn(unsigned int count)
{
	unsigned int done;
	int ret = 0;

	for (done = 0; done < count; done += !ret) {
		struct launch l;

		ret = guest_running(&l, OWNER_POLICY_NODBG, false, RAM);
		launch_close(&l);
		if (ret)
			break;
	}
	return done;
}

/* On a host for SNP the flush is a command of SNP's, which has four letters more. */
static bool flush_is_snp(void)
{
	return getenv("SEV_BOX_SNP");
}

static const char *without_snp(const char *text)
{
	return strncmp(text, "SNP_", 4) ? text : text + 4;
}

/* How many lines of /proc/cpuinfo have this text. */
static unsigned int cpuinfo_lines(const char *text)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	unsigned int lines = 0;
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0)
		lines += !!strstr(line, text);
	free(line);
	if (file)
		fclose(file);
	return lines;
}

/*
 * A CPU that goes offline flushes its cache on the way, so guests of before are in
 * nobody's way. After the end of a further guest the firmware insists on another WBINVD,
 * which that CPU does not execute: ASIDs run out, and the reason is told.
 */
TEST_F(observe, an_offline_cpu_lets_asids_run_out_and_is_blamed)
{
	static const char why[] =
		"DF_FLUSH WBINVD_REQUIRED (0x0e): CPUs are offline and cannot flush their caches";
	unsigned int asids = host_asids(false);
	struct sev_chain chain;
	struct sev_cert pdh;
	int log;

	HOST_NEEDS(HOST_SWPSP);
	CONTROL_NEEDS_IDENTITY();
	if (access(CPU1, W_OK))
		SKIP(return, "there is no second CPU that can be set offline");
	log = klog_open();
	ASSERT_LE(0, log);

	EXPECT_EQ(asids, guests_in_turn(asids));
	ASSERT_EQ(0, control_write(CPU1, "0"));
	EXPECT_EQ(1, guests_in_turn(1));
	EXPECT_GT(asids, guests_in_turn(asids));
	EXPECT_TRUE(begins(without_snp(psp_attr("last_failure")), why)) {
		TH_LOG("%s", psp_attr("last_failure"));
	}
	EXPECT_LE(1, klog_count(log, "CPUs are offline and cannot flush their caches"));

	/* no ASID is clean after INIT either */
	ASSERT_EQ(0, platform_reset(&self->p));
	EXPECT_EQ(-EIO, platform_pdh_cert_export(&self->p, &pdh, &(uint32_t){ CERT }, &chain,
						 &(uint32_t){ CHAIN }));
	EXPECT_EQ(WBINVD_REQUIRED, self->p.status);
	EXPECT_TRUE(begins(without_snp(psp_attr("init_failure")), why)) {
		TH_LOG("%s", psp_attr("init_failure"));
	}

	/* the way out is the one that was told */
	ASSERT_EQ(0, control_write(CPU1, "1"));
	EXPECT_LT(0, cpuinfo_lines("processor\t"));
	EXPECT_EQ(cpuinfo_lines("processor\t"), cpuinfo_lines(" sev "));
	EXPECT_EQ(1, guests_in_turn(1));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	close(log);
}

TEST_F(observe, query_availability)
{
	const bool snp = !host_missing(HOST_SNP);
	const struct sev_fw_door door = sev_fw_door_dev(self->p.fd, -1);
	unsigned int api = API(self->status.api_major, self->status.api_minor);
	struct sev_fw_cmd_info infos[INFOS_MAX];
	unsigned int missing = 0;
	struct sev_fw_query query;
	uint32_t status;

	ASSERT_EQ(0, sev_fw_query(&door, &query, infos, INFOS_MAX));
	EXPECT_EQ(api, API(query.api_major, query.api_minor));
	for (uint32_t i = 0; i < query.count; i++) {
		const struct sev_fw_cmd_info *info = &infos[i];
		bool has = api >= API(info->api_major, info->api_minor) &&
			   (snp || !(info->flags & SEV_FW_INFO_SNP));

		EXPECT_EQ(has, !!(info->flags & SEV_FW_INFO_AVAILABLE))
			TH_LOG("%s", info->name);
		missing += !has;
		if (has)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, sev_fw_issue(&door, info->id & ~SEV_FW_PASSTHROUGH, NULL,
						    0, &status));
		EXPECT_EQ(SEV_FW_NO_CALL, status);
	}
	printf("| SEV API %u.%u: %u commands, %u of them not in this firmware\n",
	       query.api_major, query.api_minor, query.count, missing);
}

TEST_F(observe, sysfs)
{
	unsigned int free, bound, dirty;
	int fields;
	struct launch l;
	uint32_t len = 1;
	char text[32], csr[1];

	ASSERT_STRNE("", psp_dir());
	snprintf(text, sizeof(text), "%u.%u", self->status.api_major, self->status.api_minor);
	EXPECT_STREQ(text, psp_attr("api_version"));
	EXPECT_EQ(self->status.build, psp_attr_number("build"));
	EXPECT_EQ(self->status.state, psp_attr_number("state"));
	EXPECT_EQ(self->status.owner, psp_attr_number("owner"));
	EXPECT_EQ(self->status.guest_count, psp_attr_number("guests"));
	EXPECT_EQ(0, psp_attr_number("dead"));
	EXPECT_LE(0, psp_attr_number("quarantined_pages"));

	EXPECT_EQ(-EIO, platform_pek_csr(&self->p, csr, &len));
	EXPECT_STREQ("PEK_CSR INVALID_LENGTH (0x04)", psp_attr("last_failure"));

	fields = sscanf(psp_attr("asids"), "free %u bound %u dirty %u", &free, &bound, &dirty);
	ASSERT_EQ(3, fields);
	EXPECT_LT(0, free + dirty);
	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(WORKING, psp_attr_number("state"));
	EXPECT_EQ(self->status.guest_count + 1, psp_attr_number("guests"));
	snprintf(text, sizeof(text), "bound %u ", bound + 1);
	EXPECT_NE(NULL, strstr(psp_attr("asids"), text));
	launch_close(&l);
	EXPECT_EQ(self->status.guest_count, psp_attr_number("guests"));
	snprintf(text, sizeof(text), "bound %u ", bound);
	EXPECT_NE(NULL, strstr(psp_attr("asids"), text));
}

/* A guest's whole way, by each kind of ioctl, on whatever firmware there is. */
TEST_F(observe, launch)
{
	static const struct launch_ops * const ops[] = { &launch_fw, &launch_legacy };
	char out[64];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		struct launch l;

		ASSERT_EQ(0, launch_open(&l, ops[i], OWNER_POLICY_NODBG));
		EXPECT_EQ(0, launch_version(&l));
		EXPECT_EQ(0, launch_certs(&l));
		EXPECT_EQ(0, launch_trust(&l, NULL));
		EXPECT_EQ(0, launch_session(&l));
		ASSERT_EQ(0, launch_vm(&l, RAM));
		ASSERT_EQ(0, launch_init(&l));
		EXPECT_EQ(0, launch_load(&l));
		EXPECT_EQ(0, launch_start(&l));
		EXPECT_EQ(0, launch_update(&l));
		EXPECT_EQ(0, launch_measure(&l));
		EXPECT_EQ(0, launch_check(&l));
		EXPECT_EQ(0, launch_secret(&l, "told by its owner"));
		EXPECT_EQ(0, launch_finish(&l));
		EXPECT_EQ(0, launch_run(&l, out, sizeof(out)));
		EXPECT_STREQ("told by its owner", out);
		launch_close(&l);
	}
}

static const char *debugfs(const char *name)
{
	static char text[16384];
	char path[600];

	snprintf(path, sizeof(path), "/sys/kernel/debug/psp_sev/%s/%s",
		 strrchr(psp_dir(), '/') + 1, name);
	control_read(path, text, sizeof(text));
	return text;
}

static unsigned long count_of(const char *command, unsigned long *refused)
{
	const char *line = strstr(debugfs("commands"), command);
	unsigned long count = 0;

	*refused = 0;
	if (!line || sscanf(line + strlen(command), "%lu %lu", &count, refused) != 2)
		return 0;
	return count;
}

TEST_F(observe, debugfs)
{
	unsigned long count, refused, refused_then;
	struct launch l;
	uint32_t len = 1;
	char csr[1];

	if (!psp_dir()[0] || !debugfs("commands")[0])
		SKIP(return, "debugfs is not mounted, or not for us");
	count = count_of("\nPEK_CSR ", &refused);
	EXPECT_LT(0, count);
	EXPECT_EQ(-EIO, platform_pek_csr(&self->p, csr, &len));
	EXPECT_EQ(count + 1, count_of("\nPEK_CSR ", &refused_then));
	EXPECT_EQ(refused + 1, refused_then);

	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_NE(NULL, strstr(debugfs("asids"), " bound "));
	launch_close(&l);
}

/* INVALID_LENGTH is the answer to a question for the length, and no failure. */
TEST_F(observe, a_length_query_that_got_its_answer_is_no_failure)
{
	uint32_t len = 1, chain_len = 0, pdh_len = 0;
	unsigned long refused, then;
	char csr[1];

	EXPECT_EQ(-EIO, platform_pek_csr(&self->p, csr, &len));
	EXPECT_STREQ("PEK_CSR INVALID_LENGTH (0x04)", psp_attr("last_failure"));
	count_of("\nPDH_CERT_EXPORT ", &refused);
	for (int legacy = 0; legacy < 2; legacy++) {
		self->p.legacy = legacy;
		EXPECT_EQ(-EIO, platform_pdh_cert_export(&self->p, NULL, &pdh_len, NULL,
							 &chain_len));
		EXPECT_EQ(SEV_FW_CERT_SIZE, pdh_len);
		pdh_len = 0;
		chain_len = 0;
	}
	count_of("\nPDH_CERT_EXPORT ", &then);
	EXPECT_EQ(refused, then);
	EXPECT_STREQ("PEK_CSR INVALID_LENGTH (0x04)", psp_attr("last_failure"));
}

/* DF_FLUSH is asked before it is known that it needs a WBINVD. */
TEST_F(observe, a_flush_that_needs_a_wbinvd_first_is_no_failure)
{
	const char *flush = flush_is_snp() ? "\nSNP_DF_FLUSH " : "\nDF_FLUSH ";
	unsigned long count, refused, then;
	struct launch l;

	count = count_of(flush, &refused);
	EXPECT_LT(0, count);
	for (unsigned int i = 0; i <= host_asids(false); i++) {
		ASSERT_EQ(0, guest_started(&l, false, RAM));
		launch_close(&l);
	}
	EXPECT_LT(count, count_of(flush, &then));
	EXPECT_EQ(refused, then);
}

#define EVENTS	"/sys/kernel/tracing/events/psp_sev/psp_command/enable"
#define TRACE	"/sys/kernel/tracing/trace"

TEST_F(observe, tracepoint)
{
	char text[8192];
	uint32_t len = 0;
	const char *line;

	if (control_write(TRACE, "") || control_write(EVENTS, "1"))
		SKIP(return, "tracefs is not mounted, or not for us");
	EXPECT_EQ(-EIO, platform_pek_csr(&self->p, NULL, &len));
	EXPECT_EQ(0, control_write(EVENTS, "0"));
	ASSERT_LT(0, control_read(TRACE, text, sizeof(text)));
	line = strstr(text, "psp_command: ");
	ASSERT_NE(NULL, line);
	EXPECT_NE(NULL, strstr(line, "id=0x006 PEK_CSR "));
	EXPECT_NE(NULL, strstr(line, "status=0x04 INVALID_LENGTH"));
	EXPECT_NE(NULL, strstr(line, "firmware_ns="));
}

HOST_TESTS_MAIN
