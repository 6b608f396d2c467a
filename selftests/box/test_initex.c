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
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/oca.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "patience.h"
#include "status.h"

#define NV_SIZE		0x8000
#define NV_FILE		"/run/psp-sev-test.nv"
#define NV_LINK		NV_FILE ".link"
#define NV_OTHER	NV_FILE ".other"
#define NV_DIR		"/run/psp-sev-test"	/* where something is mounted */
#define NV_MOUNTED	NV_DIR "/nv"
#define RAM		(2 << 20)
#define RETRIED_S	30			/* a save that failed is retried by then */

#define CERT		((uint32_t)SEV_FW_CERT_SIZE)
#define CHAIN		((uint32_t)SEV_FW_CHAIN_SIZE)

static const char * const by_file[] = { "init_ex_path=" NV_FILE, NULL };
static const char * const by_mount[] = { "init_ex_path=" NV_MOUNTED, NULL };
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

/*
 * Most of this is about the driver of the PSP alone, and to load KVM takes longer than the
 * tests. A failing test leaves the other drivers loaded, for the next program.
 */
static pid_t harness;

__attribute__((constructor)) static void note_harness(void)
{
	harness = getpid();
}

__attribute__((destructor)) static void load_the_others(void)
{
	if (getpid() != harness || drivers_missing() || !access("/sys/module/kvm_amd", F_OK))
		return;
	drivers_unload();
	if (drivers_load(by_flash))
		fprintf(stderr, "the drivers cannot be loaded again\n");
}

/* The driver of the PSP once more; /dev/sev is opened again. */
static int reload(struct platform *p, const char * const *params)
{
	int ret;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	ret = drivers_unload();
	if (!ret)
		ret = drivers_load_psp(params);
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

static long read_from(const char *path, uint8_t *nv)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long len = fd < 0 ? -errno : read(fd, nv, NV_SIZE + 1);

	close(fd);
	return len;
}

static long nv_read(uint8_t *nv)
{
	return read_from(NV_FILE, nv);
}

static int write_to(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, data, len) == (ssize_t)len;

	close(fd);
	return ok ? 0 : -EIO;
}

static int nv_write(const uint8_t *nv, size_t len)
{
	return write_to(NV_FILE, nv, len);
}

static int unload(struct platform *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	return drivers_unload();
}

/* The drivers once more, with another content of the file. */
static int reload_with(struct platform *p, const uint8_t *nv, size_t len)
{
	int ret = unload(p);

	if (!ret)
		ret = nv_write(nv, len);
	return ret ? ret : reload(p, by_file);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool says(const char *attr, const char *what)
{
	return strstr(psp_attr(attr), what);
}

/* A file system of its own for the file. */
static int mount_dir(const char *options)
{
	mkdir(NV_DIR, 0700);
	return mount("none", NV_DIR, "tmpfs", 0, options) ? -errno : 0;
}

static bool saved_in_time(void)
{
	for (int i = 0; i < RETRIED_S * 10 * (int)patience(); i++, usleep(100000))
		if (says("persistent_data", "is saved"))
			return true;
	return false;
}

/* A file with a platform's keys in it, and the drivers loaded with it. */
FIXTURE_SETUP(initex)
{
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	self->p.fd = -1;
	unlink(NV_FILE);
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &self->keys));
	self->klog = klog_open();
	ASSERT_LE(0, self->klog);
}

static void serve_in_us(uint32_t us)
{
	__atomic_store_n(&host_swpsp()[SWPSP_BAR_SERVICE_US / 4], us, __ATOMIC_SEQ_CST);
}

FIXTURE_TEARDOWN(initex)
{
	if (!host_missing(HOST_SWPSP))
		serve_in_us(0);
	unload(&self->p);
	while (!umount2(NV_FILE, MNT_DETACH))
		;
	while (!umount2(NV_DIR, MNT_DETACH))
		;
	unlink(NV_MOUNTED);
	unlink(NV_MOUNTED ".new");
	rmdir(NV_DIR);
	unlink(NV_FILE);
	unlink(NV_FILE ".new");
	rmdir(NV_FILE);
	unlink(NV_LINK);
	unlink(NV_OTHER);
	unlink(NV_OTHER ".new");
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

	/* the flash has another platform's data */
	ASSERT_EQ(0, reload(&self->p, by_flash));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
	EXPECT_EQ(0, klog_count(self->klog, "init_ex_path="));
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

/* Guests will be possible once the file can be used, if kvm_amd offers them. */
static void expect_offered(struct __test_metadata *_metadata)
{
	char sev[8];

	EXPECT_EQ(0, drivers_load_kvm());
	EXPECT_LT(0, control_read("/sys/module/kvm_amd/parameters/sev", sev, sizeof(sev)));
	EXPECT_EQ('Y', sev[0]);
}

/*
 * Damage of each kind, and half of a file: the firmware would make new keys, but the
 * file may be restored, or may be another machine's. Only PLATFORM_RESET overwrites
 * the file.
 */
TEST_F(initex, a_spoilt_file_keeps_the_platform_down_and_is_left_alone)
{
	uint8_t nv[NV_SIZE + 1], bad[NV_SIZE], found[NV_SIZE + 1];
	struct sev_fw_platform_status status;
	struct keys keys;
	uint32_t asked;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	for (int kind = 0; kind < 4; kind++) {
		memcpy(bad, nv, NV_SIZE);
		if (kind == 0)
			bad[100] ^= 1;
		else if (kind == 1)
			bad[0] ^= 0x80;
		else if (kind == 2)
			memset(bad, 0, NV_SIZE);
		else
			memset(bad + 512, 0, NV_SIZE - 512);
		ASSERT_EQ(0, unload(&self->p));
		ASSERT_EQ(0, nv_write(bad, NV_SIZE));
		asked = host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX));
		klog_count(self->klog, "");
		ASSERT_EQ(0, reload(&self->p, by_file));
		/* at probe; later kernels' kvm_amd asks for it as well */
		EXPECT_LE(asked + 1, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX)));
		EXPECT_GE(asked + 2, host_counter(SWPSP_BAR_COUNT(SEV_FW_INIT_EX)));
		EXPECT_LE(1, klog_count(self->klog, "INIT_EX, SECURE_DATA_INVALID (0x18)"));
		EXPECT_TRUE(begins(psp_attr("init_failure"), "INIT_EX SECURE_DATA_INVALID (0x18)"));
		expect_offered(_metadata);
		EXPECT_EQ(0, platform_status(&self->p, &status));
		EXPECT_EQ(0, status.state);
		EXPECT_EQ(-EIO, get_keys(&self->p, &keys));
		EXPECT_EQ(SECURE_DATA_INVALID, self->p.status);
		EXPECT_EQ(NV_SIZE, nv_read(found));
		EXPECT_EQ(0, memcmp(bad, found, NV_SIZE));
	}

	/* restored, it is read without any more ado */
	ASSERT_EQ(0, nv_write(nv, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
	EXPECT_STREQ("none", psp_attr("init_failure"));

	/* an administrator who wants new keys has to ask for them */
	ASSERT_EQ(0, reload_with(&self->p, bad, NV_SIZE));
	EXPECT_EQ(-EIO, get_keys(&self->p, &keys));
	EXPECT_EQ(0, platform_reset(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
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

/* The state, and the messages, because of a file that cannot be used. */
static void expect_down(struct __test_metadata *_metadata, FIXTURE_DATA(initex) *self,
			const char *path, const char *why)
{
	struct sev_fw_platform_status status;
	struct keys keys;

	EXPECT_EQ(0, access("/dev/sev", F_OK));
	expect_offered(_metadata);
	EXPECT_STREQ("ok", psp_reason(NULL));
	EXPECT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(0, status.state);
	EXPECT_EQ(-ENODATA, get_keys(&self->p, &keys));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	self->p.legacy = true;
	EXPECT_EQ(-ENODATA, get_keys(&self->p, &keys));
	self->p.legacy = false;
	/* a file that cannot be read is not reset, either */
	EXPECT_EQ(-ENODATA, platform_reset(&self->p));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	EXPECT_EQ(1, klog_count(self->klog, why))
		TH_LOG("the log does not say once: %s", why);
	EXPECT_TRUE(says("init_failure", why))
		TH_LOG("init_failure: %s", psp_attr("init_failure"));
	EXPECT_TRUE(begins(psp_attr("persistent_data"), path));
	EXPECT_TRUE(says("persistent_data", "cannot be used"));
}

TEST_F(initex, a_file_of_a_wrong_size_keeps_the_platform_down_and_is_left_alone)
{
	static const struct {
		size_t size;
		const char *why;
	} sizes[] = {
		{ 0, "it is empty" },
		{ 1, "it is shorter than 32768 bytes" },
		{ NV_SIZE - 1, "it is shorter than 32768 bytes" },
		{ NV_SIZE + 1, "it is longer than 32768 bytes" },
	};
	uint8_t nv[NV_SIZE + 1], bad[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	memset(bad, 0x5a, sizeof(bad));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		klog_count(self->klog, "");
		ASSERT_EQ(0, reload_with(&self->p, bad, sizes[i].size));
		expect_down(_metadata, self, NV_FILE, sizes[i].why);
		EXPECT_EQ(sizes[i].size, nv_read(found));
		EXPECT_EQ(0, memcmp(bad, found, sizes[i].size));
	}
	ASSERT_EQ(0, nv_write(nv, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	EXPECT_STREQ(NV_FILE " is saved", psp_attr("persistent_data"));
}

TEST_F(initex, a_directory_keeps_the_platform_down)
{
	ASSERT_EQ(0, unload(&self->p));
	ASSERT_EQ(0, unlink(NV_FILE));
	ASSERT_EQ(0, mkdir(NV_FILE, 0700));
	ASSERT_EQ(0, reload(&self->p, by_file));
	expect_down(_metadata, self, NV_FILE, "it is a directory");
}

/* Links to a device, a pipe, nothing, themselves, and to a file that cannot be read. */
TEST_F(initex, what_is_no_file_that_can_be_read_keeps_the_platform_down)
{
	static char registers[PATH_MAX];
	const struct {
		const char *target;
		const char *why;
	} links[] = {
		{ "/dev/null", "it is not a regular file" },
		{ "/run/psp-sev-test.fifo", "it is not a regular file" },
		{ "/run/psp-sev-test.none", "it is a symbolic link that leads nowhere" },
		{ NV_FILE, "it cannot be reached" },
		{ "/proc/version/nv", "it cannot be reached" },
		{ registers, "it cannot be read" },
	};

	snprintf(registers, sizeof(registers), "%s/resource2", psp_dir());
	ASSERT_EQ(0, mkfifo("/run/psp-sev-test.fifo", 0600));
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		ASSERT_EQ(0, unload(&self->p));
		unlink(NV_FILE);
		ASSERT_EQ(0, symlink(links[i].target, NV_FILE));
		klog_count(self->klog, "");
		ASSERT_EQ(0, reload(&self->p, by_file));
		expect_down(_metadata, self, NV_FILE, links[i].why);
	}
	EXPECT_NE(0, access("/run/psp-sev-test.none", F_OK));
	unlink("/run/psp-sev-test.fifo");
}

/*
 * As container tools bind single files: a file that took its place would be another
 * one, behind the mount, and the mount would bring the old keys back.
 */
TEST_F(initex, a_file_that_is_a_mount_point_keeps_the_platform_down_and_loses_nothing)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys, later;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, unload(&self->p));
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, mount(NV_MOUNTED, NV_FILE, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, reload(&self->p, by_file));
	expect_down(_metadata, self, NV_FILE, "it is a mount point");
	ASSERT_EQ(0, umount(NV_FILE));
	EXPECT_EQ(NV_SIZE, nv_read(found));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));

	/* mounted while in use: what could not be saved is, once that is undone */
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
	ASSERT_EQ(0, mount(NV_MOUNTED, NV_FILE, NULL, MS_BIND, NULL));
	EXPECT_EQ(-EBUSY, platform_pdh_gen(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.pdh, &self->keys.pdh));
	ASSERT_EQ(0, umount(NV_FILE));
	EXPECT_TRUE(saved_in_time());
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
}

TEST_F(initex, a_path_that_does_not_begin_at_the_root_keeps_the_platform_down)
{
	static const char * const relative[] = { "init_ex_path=nv", NULL };

	ASSERT_EQ(0, reload(&self->p, relative));
	expect_down(_metadata, self, "nv", "does not begin with a slash");
}

/* The file may be on a file system that is yet to be mounted: none must be made up. */
TEST_F(initex, a_missing_directory_keeps_the_platform_down_until_it_is_there)
{
	struct keys keys, later;
	struct launch l;

	ASSERT_EQ(0, reload(&self->p, by_mount));
	expect_down(_metadata, self, NV_MOUNTED, "its directory does not exist");
	EXPECT_EQ(-ENODATA, guest_loaded(&l, false, RAM));
	launch_close(&l);
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	EXPECT_EQ(0, guest_loaded(&l, false, RAM));
	launch_close(&l);
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
}

TEST_F(initex, a_missing_file_is_not_made_before_the_platform_is_needed)
{
	struct sev_fw_platform_status status;
	struct keys keys;

	ASSERT_EQ(0, unload(&self->p));
	ASSERT_EQ(0, unlink(NV_FILE));
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, platform_status(&self->p, &status));
	EXPECT_EQ(0, status.state);
	EXPECT_NE(0, access(NV_FILE, F_OK));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	EXPECT_STREQ(NV_FILE " has not been read yet", psp_attr("persistent_data"));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, access(NV_FILE, F_OK));
}

/* As where the driver is loaded from an initramfs. */
TEST_F(initex, a_file_system_that_is_mounted_after_probe_has_the_file)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, mount_dir("size=1m"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
	EXPECT_EQ(NV_SIZE, read_from(NV_MOUNTED, found));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));
}

/* The same, but somebody was faster: the real file is not overwritten by new keys. */
TEST_F(initex, a_file_that_was_not_read_is_not_overwritten)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
	ASSERT_EQ(0, mount_dir("size=1m"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	EXPECT_EQ(-ESTALE, platform_pdh_gen(&self->p));
	EXPECT_EQ(0, self->p.status);
	EXPECT_EQ(1, klog_count(self->klog, "somebody else has changed it"));
	EXPECT_TRUE(says("persistent_data", "is not saved: somebody else has changed it"));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	EXPECT_EQ(NV_SIZE, read_from(NV_MOUNTED, found));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &self->keys, sizeof(keys)));
}

TEST_F(initex, a_file_that_vanishes_is_not_made_anew)
{
	struct keys keys;
	uint8_t nv[NV_SIZE + 1];

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, unlink(NV_FILE));
	EXPECT_EQ(-ESTALE, platform_pdh_gen(&self->p));
	EXPECT_EQ(1, klog_count(self->klog, "it has vanished since it was read"));
	EXPECT_NE(0, access(NV_FILE, F_OK));
	EXPECT_EQ(-ENODATA, platform_reset(&self->p));
	EXPECT_EQ(1, klog_count(self->klog, "it has vanished: mount its file system"));
	EXPECT_EQ(-ENODATA, get_keys(&self->p, &keys));
	/* back again: what had not been saved yet is, by and by */
	ASSERT_EQ(0, nv_write(nv, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_FALSE(same(&keys.pdh, &self->keys.pdh));
	EXPECT_TRUE(same(&keys.chain.pek, &self->keys.chain.pek));
}

/* The caller of a change learns that it is not saved; later it is saved. */
static void saved_later(struct __test_metadata *_metadata, FIXTURE_DATA(initex) *self,
			int error)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys, later;

	ASSERT_EQ(NV_SIZE, read_from(NV_MOUNTED, nv));
	klog_count(self->klog, "");
	EXPECT_EQ(error, platform_pdh_gen(&self->p));
	EXPECT_EQ(0, self->p.status);
	self->p.legacy = true;
	EXPECT_EQ(error, platform_pdh_gen(&self->p));
	EXPECT_EQ(0, self->p.status);
	self->p.legacy = false;
	EXPECT_EQ(1, klog_count(self->klog, "the platform's keys are not saved"));
	EXPECT_TRUE(begins(psp_attr("persistent_data"), NV_MOUNTED " is not saved: "));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	EXPECT_EQ(NV_SIZE, read_from(NV_MOUNTED, found));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));

	/* PLATFORM_RESET must not say that it has happened, either */
	EXPECT_EQ(error, platform_reset(&self->p));
	EXPECT_EQ(NV_SIZE, read_from(NV_MOUNTED, found));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));
	EXPECT_EQ(error, get_keys(&self->p, &later));
	EXPECT_EQ(SEV_FW_NO_CALL, self->p.status);
	EXPECT_TRUE(says("init_failure", " is not saved: "));
	EXPECT_EQ(0, psp_attr_number("state"));
}

static void expect_saved(struct __test_metadata *_metadata, FIXTURE_DATA(initex) *self)
{
	struct keys keys, later;

	EXPECT_TRUE(saved_in_time());
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_STREQ("none", psp_attr("init_failure"));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	EXPECT_FALSE(same(&keys.chain.pek, &self->keys.chain.pek));
}

TEST_F(initex, a_full_disk_loses_nothing)
{
	static uint8_t filler[40 << 10];
	uint8_t nv[NV_SIZE + 1];

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mount_dir("size=80k"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, write_to(NV_DIR "/filler", filler, sizeof(filler)));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	saved_later(_metadata, self, -ENOSPC);
	ASSERT_EQ(0, unlink(NV_DIR "/filler"));
	expect_saved(_metadata, self);
}

TEST_F(initex, a_read_only_remount_loses_nothing)
{
	uint8_t nv[NV_SIZE + 1];

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mount_dir("size=1m"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, mount("none", NV_DIR, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"));
	/* unchanged data need not be written */
	ASSERT_EQ(0, reload(&self->p, by_mount));
	EXPECT_EQ(1, psp_attr_number("state"));
	saved_later(_metadata, self, -EROFS);
	ASSERT_EQ(0, mount("none", NV_DIR, "tmpfs", MS_REMOUNT, "size=1m"));
	expect_saved(_metadata, self);
}

/* New keys that cannot be saved, of a platform that nobody needs yet. */
TEST_F(initex, a_disk_that_is_read_only_at_probe_keeps_no_later_guest_from_launch)
{
	uint8_t nv[NV_SIZE];
	struct launch l;

	memset(nv, 0xff, sizeof(nv));
	ASSERT_EQ(0, mount_dir("size=1m"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, mount("none", NV_DIR, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	expect_offered(_metadata);
	EXPECT_EQ(0, psp_attr_number("state"));
	EXPECT_EQ(-EROFS, guest_loaded(&l, false, RAM));
	launch_close(&l);
	ASSERT_EQ(0, mount("none", NV_DIR, "tmpfs", MS_REMOUNT, "size=1m"));
	EXPECT_EQ(0, guest_loaded(&l, false, RAM));
	launch_close(&l);
}

/* A reader, or a crash, finds the old content or the new one, whole. */
TEST_F(initex, keys_that_cannot_be_saved_are_lost_with_a_sentence)
{
	struct keys keys, later;
	uint8_t nv[NV_SIZE + 1];

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mount_dir("size=1m"));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	ASSERT_EQ(0, mount("none", NV_DIR, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"));
	EXPECT_EQ(-EROFS, platform_pdh_gen(&self->p));
	klog_count(self->klog, "");
	ASSERT_EQ(0, reload(&self->p, by_mount));
	EXPECT_EQ(1, klog_count(self->klog, "that could not be saved are lost"));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	/* and nothing is said if there is nothing to lose */
	klog_count(self->klog, "");
	ASSERT_EQ(0, reload(&self->p, by_mount));
	EXPECT_EQ(0, klog_count(self->klog, "are lost"));
}

TEST_F(initex, a_file_is_replaced_and_never_half_written)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct stat st, later;
	int fd;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, chmod(NV_FILE, 0640));
	ASSERT_EQ(0, chown(NV_FILE, 65534, 12));
	ASSERT_EQ(0, stat(NV_FILE, &st));
	fd = open(NV_FILE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, platform_pdh_gen(&self->p));
	EXPECT_EQ(NV_SIZE, read(fd, found, sizeof(found)));
	EXPECT_EQ(0, memcmp(nv, found, NV_SIZE));
	close(fd);
	ASSERT_EQ(0, stat(NV_FILE, &later));
	EXPECT_NE(st.st_ino, later.st_ino);
	EXPECT_EQ(NV_SIZE, nv_read(found));
	EXPECT_NE(0, memcmp(nv, found, NV_SIZE));

	/* another owner's it was, and stays */
	EXPECT_EQ(st.st_mode, later.st_mode);
	EXPECT_EQ(st.st_uid, later.st_uid);
	EXPECT_EQ(st.st_gid, later.st_gid);
	EXPECT_EQ(1, later.st_nlink);
	EXPECT_NE(0, access(NV_FILE ".new", F_OK));
}

/* A leftover of a crash is replaced; a file of somebody else's is not touched. */
TEST_F(initex, a_file_of_the_name_for_new_content_may_be_there)
{
	static uint8_t rest[NV_SIZE + 100];
	uint8_t found[NV_SIZE + 1];
	struct stat st;

	ASSERT_EQ(0, write_to(NV_FILE ".new", rest, sizeof(rest)));
	ASSERT_EQ(0, platform_pdh_gen(&self->p));
	EXPECT_EQ(NV_SIZE, nv_read(found));
	ASSERT_EQ(0, stat(NV_FILE, &st));
	EXPECT_EQ(NV_SIZE, st.st_size);

	ASSERT_EQ(0, write_to(NV_FILE ".other", "mine", 4));
	ASSERT_EQ(0, link(NV_FILE ".other", NV_FILE ".new"));
	EXPECT_EQ(-EEXIST, platform_pdh_gen(&self->p));
	ASSERT_EQ(0, unlink(NV_FILE ".new"));
	ASSERT_EQ(0, symlink(NV_FILE ".other", NV_FILE ".new"));
	EXPECT_EQ(-ELOOP, platform_pdh_gen(&self->p));
	ASSERT_EQ(0, unlink(NV_FILE ".new"));
	EXPECT_EQ(4, read_from(NV_FILE ".other", found));
	EXPECT_EQ(0, memcmp("mine", found, 4));
	EXPECT_EQ(0, unlink(NV_FILE ".other"));
	EXPECT_EQ(0, platform_pdh_gen(&self->p));
	EXPECT_STREQ(NV_FILE " is saved", psp_attr("persistent_data"));
}

TEST_F(initex, a_link_stays_a_link)
{
	struct keys keys, later;
	struct stat st;

	ASSERT_EQ(0, unload(&self->p));
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	ASSERT_EQ(0, rename(NV_FILE, NV_MOUNTED));
	ASSERT_EQ(0, symlink(NV_MOUNTED, NV_FILE));
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, platform_pdh_gen(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	ASSERT_EQ(0, lstat(NV_FILE, &st));
	EXPECT_TRUE(S_ISLNK(st.st_mode));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
}

TEST_F(initex, a_reset_makes_keys_owner_and_file_new)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1], empty[NV_SIZE];
	struct sev_fw_platform_status status;
	struct oca oca = {};
	struct sev_cert pek;
	struct keys keys, later;
	uint32_t len = CERT;

	ASSERT_EQ(OWNER_OK, oca_make(&oca));
	ASSERT_EQ(0, platform_pek_csr(&self->p, &pek, &len));
	ASSERT_EQ(OWNER_OK, oca_sign(&oca, &pek));
	ASSERT_EQ(0, platform_pek_cert_import(&self->p, &pek, CERT, &oca.cert, CERT));
	oca_free(&oca);
	ASSERT_EQ(NV_SIZE, nv_read(nv));

	for (int legacy = 0; legacy < 2; legacy++) {
		self->p.legacy = legacy;
		ASSERT_EQ(0, get_keys(&self->p, &keys));
		ASSERT_EQ(0, platform_reset(&self->p));
		memset(empty, 0xff, sizeof(empty));
		EXPECT_EQ(NV_SIZE, nv_read(found));
		EXPECT_EQ(0, memcmp(empty, found, NV_SIZE));
		ASSERT_EQ(0, get_keys(&self->p, &later));
		EXPECT_FALSE(same(&keys.chain.pek, &later.chain.pek));
		EXPECT_FALSE(same(&keys.chain.oca, &later.chain.oca));
		EXPECT_FALSE(same(&keys.pdh, &later.pdh));
		ASSERT_EQ(0, platform_status(&self->p, &status));
		EXPECT_EQ(0, status.owner);
		EXPECT_EQ(NV_SIZE, nv_read(found));
		EXPECT_NE(0, memcmp(nv, found, NV_SIZE));
		EXPECT_NE(0, memcmp(empty, found, NV_SIZE));
	}
	ASSERT_EQ(0, reload(&self->p, by_file));
	ASSERT_EQ(0, get_keys(&self->p, &keys));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
}

/* Of two files, or roots, the one that process 1 sees is meant. */
static int elsewhere(int (*what)(struct platform *p), struct platform *p)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		      mount("none", NV_DIR, "tmpfs", 0, "size=1m") ||
		      write_to(NV_MOUNTED, "another", 7) || what(p) ||
		      access(NV_MOUNTED ".new", F_OK) == 0);
	return waitpid(pid, &status, 0) == pid ? status : -errno;
}

static int pdh_gen_in_chroot(struct platform *p)
{
	return chroot(NV_DIR) ? -errno : platform_pdh_gen(p);
}

static int load_psp(struct platform *p)
{
	(void)p;
	return drivers_load_psp(by_mount);
}

TEST_F(initex, a_chroot_and_a_mount_namespace_see_no_other_file)
{
	uint8_t nv[NV_SIZE + 1], found[NV_SIZE + 1];
	struct keys keys, later;

	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, mkdir(NV_DIR, 0700));
	ASSERT_EQ(0, write_to(NV_MOUNTED, nv, NV_SIZE));
	ASSERT_EQ(0, reload(&self->p, by_mount));
	EXPECT_EQ(0, elsewhere(platform_pdh_gen, &self->p));
	ASSERT_EQ(NV_SIZE, read_from(NV_MOUNTED, found));
	EXPECT_NE(0, memcmp(nv, found, NV_SIZE));
	EXPECT_EQ(0, elsewhere(pdh_gen_in_chroot, &self->p));
	ASSERT_EQ(NV_SIZE, read_from(NV_MOUNTED, nv));
	EXPECT_NE(0, memcmp(nv, found, NV_SIZE));
	ASSERT_EQ(0, get_keys(&self->p, &keys));

	/* loaded there it is the same file as well */
	ASSERT_EQ(0, unload(&self->p));
	EXPECT_EQ(0, elsewhere(load_psp, &self->p));
	ASSERT_EQ(0, open_dev(&self->p));
	ASSERT_EQ(0, get_keys(&self->p, &later));
	EXPECT_EQ(0, memcmp(&keys, &later, sizeof(keys)));
	EXPECT_EQ(0, klog_count(self->klog, "init_ex_path="));
}

/* The caller of a change need not be able to write the file. */
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
	EXPECT_EQ(0, klog_count(self->klog, "not saved"));
}

/*
 * Two callers want the platform up, and the firmware keeps the area for persistent data: that
 * lies in the RMP, so that a write by the host would be the host's end.
 */

/* Until the lease is given up, a caller that opens the file waits. */
static int hold_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* Children have the descriptor, too, so that to close it would not do. */
static void let_go(int fd)
{
	fcntl(fd, F_SETLEASE, F_UNLCK);
	close(fd);
}

static bool in_time(bool (*done)(int arg), int arg)
{
	for (int i = 0; i < RETRIED_S * 100 * (int)patience(); i++, usleep(10000))
		if (done(arg))
			return true;
	return false;
}

static bool is_wanted(int fd)
{
	return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

static bool is_up(int fd)
{
	struct platform p = { .fd = fd };
	struct sev_fw_platform_status status;

	return !platform_status(&p, &status) && status.state == 1;
}

static bool is_in_shutdown(int ignored)
{
	(void)ignored;
	return begins(psp_attr("busy"), "SHUTDOWN ");
}

static int wants_keys(struct platform *p)
{
	struct keys keys;

	return get_keys(p, &keys);
}

static pid_t in_child(int (*what)(struct platform *p), struct platform *p)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!!what(p));
	return pid;
}

/* The link leads to @path from now on. */
static int lead_to(const char *path)
{
	unlink(NV_LINK ".new");
	return symlink(path, NV_LINK ".new") || rename(NV_LINK ".new", NV_LINK) ? -errno : 0;
}

TEST_F(initex, an_area_that_the_firmware_keeps_meanwhile_is_not_written_to)
{
	static const char * const by_link[] = {
		"init_ex_path=" NV_LINK, "psp_init_on_probe=0", NULL
	};
	uint8_t nv[NV_SIZE + 1];
	pid_t pid[3];
	int first, second, status;

	if (host_missing(HOST_SNP))
		SKIP(return, "%s", host_missing(HOST_SNP));
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(NV_SIZE, nv_read(nv));
	ASSERT_EQ(0, write_to(NV_OTHER, nv, NV_SIZE));
	ASSERT_EQ(0, lead_to(NV_FILE));
	ASSERT_EQ(0, reload(&self->p, by_link));
	first = hold_file(NV_FILE);
	second = hold_file(NV_OTHER);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);

	/* both find the platform down, and one of them has it initialised */
	pid[0] = in_child(wants_keys, &self->p);
	ASSERT_TRUE(in_time(is_wanted, first));
	ASSERT_EQ(0, lead_to(NV_OTHER));
	pid[1] = in_child(wants_keys, &self->p);
	usleep(200000 * patience());
	let_go(first);
	ASSERT_TRUE(in_time(is_wanted, second));
	ASSERT_TRUE(in_time(is_up, self->p.fd));

	/* while it is being shut down, and its pages come back but for one, the other reads on */
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 1, SEV_FW_STATUS_HWERROR_PLATFORM));
	serve_in_us(1000000);
	pid[2] = in_child(platform_reset, &self->p);
	EXPECT_TRUE(in_time(is_in_shutdown, 0));
	let_go(second);
	usleep(500000);
	serve_in_us(0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("caller %d", i);
	}
	EXPECT_EQ(1, fault_hits());
	EXPECT_EQ(0, fault_clear());
	EXPECT_EQ(0, wants_keys(&self->p));
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
	ASSERT_EQ(0, unload(&self->p));
	ASSERT_EQ(0, drivers_load(params));
	ASSERT_EQ(0, open_dev(&self->p));
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
