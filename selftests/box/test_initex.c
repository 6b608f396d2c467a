// SPDX-License-Identifier: GPL-2.0
/*
 * psp_sev's module parameters for who keeps the platform's keys (init_ex_path) and
 * when firmware is initialised (psp_init_on_probe): files that are missing, spoilt,
 * or somebody else's, and what survives that the drivers are loaded anew.
 *
 * Only for the simulated PSP; unloads and loads the drivers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "../lib/launch.h"
#include "../lib/oca.h"
#include "../lib/platform.h"
#include "control.h"
#include "guest.h"
#include "host.h"

#define NV_SIZE		0x8000
#define NV_FILE		"/run/psp-sev-test.nv"
#define RAM		(2 << 20)

#define CERT		((uint32_t)SEV_FW_CERT_SIZE)
#define CHAIN		((uint32_t)SEV_FW_CHAIN_SIZE)

static const char * const by_file[] = { "init_ex_path=" NV_FILE, NULL };
static const char * const by_flash[] = { NULL };

struct keys {
	struct sev_cert pdh;
	struct sev_chain chain;
};

FIXTURE(initex) {
	struct platform p;
	struct keys keys;	/* of the platform that uses the file, at first */
	int klog;
};

static int open_dev(struct platform *p)
{
	p->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	return p->fd < 0 ? -errno : 0;
}

/* The drivers once more; /dev/sev is opened again. */
static int reload(struct platform *p, const char * const *params)
{
	int ret;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	ret = drivers_unload();
	if (!ret)
		ret = drivers_load(params);
	return ret ? ret : open_dev(p);
}

static int get_keys(struct platform *p, struct keys *keys)
{
	uint32_t pdh_len = CERT, chain_len = CHAIN;
	int ret = platform_pdh_cert_export(p, &keys->pdh, &pdh_len, &keys->chain, &chain_len);

	if (ret)
		return ret;
	return sev_chain_verify(&keys->pdh, &keys->chain, NULL) ? -EKEYREJECTED : 0;
}

static bool same(const void *a, const void *b)
{
	return !memcmp(a, b, SEV_CERT_SIGNED);
}

static long nv_read(uint8_t *nv)
{
	int fd = open(NV_FILE, O_RDONLY | O_CLOEXEC);
	long len = fd < 0 ? -errno : read(fd, nv, NV_SIZE + 1);

	close(fd);
	return len;
}

static int nv_write(const uint8_t *nv, size_t len)
{
	int fd = open(NV_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, nv, len) == (ssize_t)len;

	close(fd);
	return ok ? 0 : -EIO;
}

/* A file with a platform's keys in it, and the drivers loaded with it. */
FIXTURE_SETUP(initex)
{
	if (drivers_missing())
		SKIP(_exit(255), "%s", drivers_missing());
	self->p.fd = -1;
	unlink(NV_FILE);
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &self->keys));
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

FIXTURE_TEARDOWN(initex)
{
	unlink(NV_FILE);
	rmdir(NV_FILE);
	reload(&self->p, by_flash);
	close(self->p.fd);
	close(self->klog);
}

TEST_F(initex, missing_file)
{
	uint8_t nv[NV_SIZE + 1], later[NV_SIZE + 1];
	struct keys keys;
	struct stat st;

	ASSERT_EQ(0, stat(NV_FILE, &st));
	EXPECT_EQ(NV_SIZE, st.st_size);
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(NV_SIZE, nv_read(nv));

	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
	EXPECT_EQ(NV_SIZE, nv_read(later));
	EXPECT_EQ(0, memcmp(nv, later, NV_SIZE));

	/* what is in flash is another platform's */
	ASSERT_EQ(0, reload(&self->p, by_flash));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
	EXPECT_EQ(0, klog_count(self->klog, "cannot be used"));
}

TEST_F(initex, changes_are_kept)
{
	struct oca oca = {};
	struct sev_fw_platform_status status;
	struct sev_cert pek;
	struct keys keys, later;
	uint32_t len = CERT;

	/* a new PDH, saved before the call returns */
	ASSERT_EQ(0, platform_pdh_gen(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.pdh, &self->keys.pdh));
	EXPECT_TRUE(same(&keys.chain.pek, &self->keys.chain.pek));
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));

	/* a new PEK */
	ASSERT_EQ(0, platform_pek_gen(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));

	/* an owner */
	ASSERT_EQ(OWNER_OK, oca_make(&oca));
	ASSERT_EQ(0, platform_pek_csr(&self->p, &pek, &len));
	ASSERT_EQ(OWNER_OK, oca_sign(&oca, &pek));
	ASSERT_EQ(0, platform_pek_cert_import(&self->p, &pek, CERT, &oca.cert, CERT));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	EXPECT_EQ(0, memcmp(&later.chain.oca, &oca.cert, sizeof(oca.cert)));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(1, status.owner);
	oca_free(&oca);
}

/* Damage of each kind: firmware says so once, and goes on with new keys. */
TEST_F(initex, spoilt_file)
{
	uint8_t nv[NV_SIZE + 1], bad[NV_SIZE];
	struct keys keys, later;
	uint32_t asked;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	for (int kind = 0; kind < 3; kind++) {
		memcpy(bad, nv, NV_SIZE);
		if (kind == 0)
			bad[100] ^= 1;
		else if (kind == 1)
			bad[0] ^= 0x80;
		else
			memset(bad, 0, NV_SIZE);
		if (self->p.fd >= 0)
			close(self->p.fd);
		self->p.fd = -1;
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, nv_write(bad, NV_SIZE));
		asked = host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX));
		ASSERT_EQ(0, reload(&self->p, by_file));
		EXPECT_EQ(asked + 2, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX)));
		EXPECT_STREQ("INIT_EX SECURE_DATA_INVALID (0x18)", psp_attr("last_failure"));
		ASSERT_EQ(0, get_keys(&self->p, &keys));
		EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));

		/* and these are kept */
		ASSERT_EQ(0, reload(&self->p, by_file));
		EXPECT_STREQ("none", psp_attr("last_failure"));
		ASSERT_EQ(0, get_keys(&self->p, &later));
		EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	}
}

/* All ones is how an empty store looks. */
TEST_F(initex, empty_store)
{
	uint8_t nv[NV_SIZE];
	struct keys keys;
	uint32_t asked;

	memset(nv, 0xff, sizeof(nv));
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, nv_write(nv, NV_SIZE));
	asked = host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX));
	ASSERT_EQ(0, reload(&self->p, by_file));
	EXPECT_EQ(asked + 1, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX)));
	EXPECT_STREQ("none", psp_attr("last_failure"));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
}

/* A file of another size is not ours: refused, and left alone. */
TEST_F(initex, wrong_size)
{
	static const size_t sizes[] = { 0, 1, NV_SIZE - 1, NV_SIZE + 1 };
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];

	memset(nv, 0x5a, sizeof(nv));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		close(self->p.fd);
		self->p.fd = -1;
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, nv_write(nv, sizes[i]));
		klog_count(self->klog, "");
		EXPECT_EQ(0, drivers_load_psp(by_file));
		EXPECT_STREQ("", psp_dir())
			TH_LOG("a file of %zu bytes has been accepted", sizes[i]);
		EXPECT_EQ(1, klog_count(self->klog, NV_FILE));
		EXPECT_NE(0, access("/dev/sev", F_OK));
		EXPECT_EQ(sizes[i], nv_read(found));
		EXPECT_EQ(0, memcmp(nv, found, sizes[i]));
	}
}

TEST_F(initex, not_a_file)
{
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, unlink(NV_FILE));
	ASSERT_EQ(0, mkdir(NV_FILE, 0700));
	EXPECT_EQ(0, drivers_load_psp(by_file));
	EXPECT_STREQ("", psp_dir());
	EXPECT_STREQ("the file that init_ex_path names cannot be used", psp_reason());
	EXPECT_EQ(1, klog_count(self->klog, NV_FILE));
}

/* Where there is no place for the file the platform works, and the log says it. */
TEST_F(initex, nowhere)
{
	static const char * const params[] = { "init_ex_path=/nowhere/nv", NULL };
	struct keys keys;

	ASSERT_EQ(0, reload(&self->p, params));
	EXPECT_EQ(1, klog_count(self->klog, "/nowhere/nv"));
	EXPECT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
}

/* Whoever causes a change need not be able to write the file. */
TEST_F(initex, changed_by_somebody)
{
	static const struct rlimit nothing = { 0, 0 };
	struct keys keys, later;
	struct stat st;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		_exit(setrlimit(RLIMIT_FSIZE, &nothing) || setuid(65534) ||
		      platform_pdh_gen(&self->p));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.pdh, &self->keys.pdh));
	ASSERT_EQ(0, stat(NV_FILE, &st));
	EXPECT_EQ(0, st.st_uid);
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	EXPECT_EQ(0, klog_count(self->klog, "could not be saved"));
}

/* A place for the file that appears in time is good enough. */
TEST_F(initex, saved_at_last)
{
	static const char * const params[] = { "init_ex_path=/run/sev-later/nv", NULL };
	struct keys keys, later;

	ASSERT_EQ(0, reload(&self->p, params));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(1, klog_count(self->klog, "could not be saved to /run/sev-later/nv"));
	ASSERT_EQ(0, mkdir("/run/sev-later", 0700));
	ASSERT_EQ(0, reload(&self->p, params));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	unlink("/run/sev-later/nv");
	rmdir("/run/sev-later");
}

/* When firmware is initialised */

TEST_F(initex, on_demand)
{
	static const char * const params[] = { "psp_init_on_probe=0", NULL };
	struct sev_fw_platform_status status;
	struct launch l;
	struct keys keys;
	uint32_t asked;

	/* by a command on the platform */
	asked = host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT));
	ASSERT_EQ(0, reload(&self->p, params));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(0, status.state);
	EXPECT_EQ(asked, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT)));
	EXPECT_EQ(0, get_keys(&self->p, &keys));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(1, status.state);
	EXPECT_EQ(asked + 1, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT)));

	/* by the first guest */
	ASSERT_EQ(0, reload(&self->p, params));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(0, status.state);
	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(asked + 2, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT)));
	launch_close(&l);

	/* and by default at once */
	ASSERT_EQ(0, reload(&self->p, by_flash));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(1, status.state);
	EXPECT_EQ(asked + 3, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT)));
}

TEST_HARNESS_MAIN
