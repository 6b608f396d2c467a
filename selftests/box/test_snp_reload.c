// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own ccp and kvm_amd on a host for SNP, when they go and come: with them SNP
 * is initialised and shut down. Among it are faults of theirs that the check of pages
 * shows. These tests say how stock behaves, so that the day is seen on which it does not.
 *
 * Each test ends with drivers that are loaded anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/psp-sev.h>

#include <sevfw/sevfw.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "snp/rmp.h"
#include "control.h"
#include "host.h"
#include "snp.h"
#include "status.h"

#define RAM		(1 << 20)
#define NV		"/tmp/snp-nv"
#define NV_SIZE		0x8000
#define TMR_PAGES	512
#define NV_PAGES	8

#define DEV_STATUS		1
#define DEV_PDH_CERT_EXPORT	5
#define DEV_SNP_STATUS		9
#define DEV_SNP_CONFIG		11
#define ID_INIT_EX		0x0d
#define ID_SNP_INIT_EX		0x85
#define ID_RECLAIM		0xc7

/* A short life. Return: 0, or what the step that failed returned. */
static int live(uint64_t *page)
{
	struct snp_launch l;
	int ret = snp_launch_open(&l, RAM);

	if (!ret)
		ret = snp_launch_start(&l, SNP_POLICY_PLAIN);
	if (!ret)
		ret = snp_launch_update(&l, SNP_PAGE_ZERO, 0x1000, 4);
	if (page)
		*page = snp_find(RMP_GUEST_VALID, 0);
	if (!ret)
		ret = snp_launch_finish(&l, NULL);
	snp_launch_close(&l);
	return ret;
}

static int on_dev(uint32_t cmd, void *data, uint32_t *status)
{
	int fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	int ret = fd < 0 ? -errno : sev_dev_op(fd, cmd, data, status);

	if (fd >= 0)
		close(fd);
	return ret;
}

/* SNP's state as the platform says it, or a negative errno. */
static int snp_platform_state(void)
{
	uint8_t status[0x20] = { 0 };
	uint32_t fw;
	int ret = on_dev(DEV_SNP_STATUS, status, &fw);

	return ret ? ret : status[2];
}

FIXTURE(reload) {
	int log;
};

FIXTURE_SETUP(reload)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	self->log = klog_open();
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, fault_clear());
}

FIXTURE_TEARDOWN(reload)
{
	fault_clear();
	close(self->log);
	EXPECT_EQ(0, stock_unload());
	EXPECT_EQ(0, stock_load(NULL));
	EXPECT_EQ(TMR_PAGES, snp_assigned());
}

TEST_F(reload, no_page_stays_assigned)
{
	uint64_t page;

	ASSERT_EQ(0, live(&page));
	ASSERT_NE(0, page);
	ASSERT_EQ(0, stock_unload_kvm());
	EXPECT_EQ(0, snp_assigned()) TH_LOG("kvm_amd is gone, so SNP is shut down");
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		EXPECT_EQ(0, snp_store(cpu, page));
	ASSERT_EQ(0, stock_load(NULL));
	EXPECT_EQ(TMR_PAGES, snp_assigned());
	ASSERT_EQ(0, live(NULL));
	ASSERT_EQ(0, stock_unload());
	EXPECT_EQ(0, snp_assigned());
	ASSERT_EQ(0, stock_load(NULL));
	EXPECT_EQ(0, live(NULL));
}

TEST_F(reload, the_identity_can_be_in_a_file)
{
	static const char * const params[] = { "init_ex_path=" NV, NULL };
	uint32_t before = host_counter(SWPSP_BAR_COUNT(ID_INIT_EX));
	uint8_t empty[NV_SIZE];
	int fd = open(NV, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(empty, 0xff, sizeof(empty));
	ASSERT_EQ(NV_SIZE, write(fd, empty, sizeof(empty)));
	close(fd);
	ASSERT_EQ(0, stock_unload());
	ASSERT_EQ(0, stock_load(params));
	EXPECT_EQ(before + 1, host_counter(SWPSP_BAR_COUNT(ID_INIT_EX)));
	EXPECT_EQ(TMR_PAGES + NV_PAGES, snp_assigned());
	EXPECT_EQ(0, live(NULL));
	ASSERT_EQ(0, stock_unload());
	EXPECT_EQ(0, snp_assigned());
	unlink(NV);
}

/*
 * A fault of ccp: with psp_init_on_probe=0 a command on /dev/sev that needs INIT brings the
 * platform up and down again, and takes SNP down along with it. KVM still offers SNP.
 */
TEST_F(reload, stock_takes_snp_down_for_a_certificate)
{
	static const char * const params[] = { "psp_init_on_probe=0", NULL };
	struct sev_user_data_pdh_cert_export export = { 0 };
	uint8_t config[0x40] = { 0 };
	uint32_t status;

	ASSERT_EQ(0, stock_unload());
	ASSERT_EQ(0, stock_load(params));
	ASSERT_EQ(1, snp_platform_state());
	EXPECT_EQ(-EIO, on_dev(DEV_PDH_CERT_EXPORT, &export, &status));
	EXPECT_EQ(INVALID_LENGTH, status) TH_LOG("lengths are asked for");
	EXPECT_EQ(0, snp_platform_state());
	EXPECT_EQ(-ENODEV, on_dev(DEV_SNP_CONFIG, config, &status));
	EXPECT_EQ(0, live(NULL)) TH_LOG("the next guest brings it up again");
	EXPECT_EQ(1, snp_platform_state());
}

FIXTURE(broken) {
};

FIXTURE_SETUP(broken)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
}

FIXTURE_TEARDOWN(broken)
{
	fault_clear();
}

/*
 * A fault of ccp: once the firmware refuses to give back the page of a command, ccp leaves
 * that page to it, takes its spare one for the next command, and has none after that. Nothing
 * works from then on. Loading ccp again is no remedy, but worse: it frees the page, which is
 * the firmware's, and who gets it dies of a write to it. Therefore this test is the last.
 */
TEST_F(broken, stock_does_not_survive_a_refused_reclaim)
{
	struct sev_user_data_status data;
	uint32_t status;

	ASSERT_EQ(0, on_dev(DEV_STATUS, &data, &status));
	ASSERT_EQ(0, fault_refuse(ID_RECLAIM, 0, HWERROR_PLATFORM));
	EXPECT_NE(0, on_dev(DEV_STATUS, &data, &status));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	EXPECT_NE(0, on_dev(DEV_STATUS, &data, &status)) TH_LOG("its page cannot be given back");
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-EBUSY, on_dev(DEV_STATUS, &data, &status));
	EXPECT_LT(TMR_PAGES, snp_assigned());
}

TEST_HARNESS_MAIN
