// SPDX-License-Identifier: GPL-2.0
/*
 * psp_sev on a host for SNP: platform commands by the pass-through, and what becomes of
 * pages that the firmware does not give back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/sevfw.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"
#include "memory.h"
#include "snp.h"
#include "status.h"
#include "steps.h"

#define RAM		(1 << 20)
#define TMR_PAGES	512
#define NO_PAGE_FOR	"/sys/module/sev_cpu_sim/parameters/no_page_for"

static int status_of(const struct sev_fw_door *door, struct sev_fw_snp_platform_info *info,
		     uint32_t *fw)
{
	struct sev_fw_snp_platform_status block = { .address = (uintptr_t)info };

	memset(info, 0, sizeof(*info));
	return sev_fw_issue(door, SEV_FW_SNP_PLATFORM_STATUS, &block, sizeof(block), fw);
}

/* A short life by KVM's own ioctls. */
static int live(void)
{
	struct snp_launch l;
	int ret = snp_launch_open(&l, RAM);

	if (!ret)
		ret = snp_launch_start(&l, SNP_POLICY_PLAIN);
	if (!ret)
		ret = snp_launch_update(&l, SNP_PAGE_ZERO, 0x1000, 4);
	if (!ret)
		ret = snp_launch_finish(&l, NULL);
	snp_launch_close(&l);
	return ret;
}

/*
 * Drivers that go and come. Each test ends with some that are loaded anew. No page has been
 * lost before.
 */
FIXTURE(reloaded) {
	struct snp_use use;
};

FIXTURE_SETUP(reloaded)
{
	const char *why = drivers_missing();

	HOST_NEEDS(HOST_SNP | HOST_FW | HOST_SWPSP);
	if (why)
		SKIP_SETUP("%s", why);
	ASSERT_EQ(0, drivers_unload());
}

FIXTURE_TEARDOWN(reloaded)
{
	if (access("/dev/sev", F_OK))
		EXPECT_EQ(0, drivers_load(NULL));
}

TEST_F(reloaded, no_page_stays_assigned)
{
	EXPECT_EQ(0, snp_assigned());
	ASSERT_EQ(0, drivers_load(NULL));
	EXPECT_EQ(TMR_PAGES, snp_assigned());
	EXPECT_EQ(0, live());
	EXPECT_EQ(TMR_PAGES, snp_assigned());
	EXPECT_EQ(0, psp_attr_number("quarantined_pages"));
}

TEST_F(reloaded, without_init_at_probe_kvm_has_snp_all_the_same)
{
	static const char * const params[] = { "psp_init_on_probe=0", NULL };
	struct sev_fw_door door;
	struct sev_fw_snp_platform_info info;
	struct sev_fw_pdh_cert_export export = { 0 };
	uint32_t fw;

	ASSERT_EQ(0, drivers_load(params));
	EXPECT_EQ(0, snp_assigned()) TH_LOG("INIT waits");
	door = sev_fw_door_dev(open("/dev/sev", O_RDWR | O_CLOEXEC), -1);
	ASSERT_LE(0, door.fd);
	ASSERT_EQ(0, status_of(&door, &info, &fw));
	EXPECT_EQ(1, info.state);
	/* stock takes SNP down along with SEV after this one */
	EXPECT_EQ(-EIO, sev_fw_issue(&door, SEV_FW_PDH_CERT_EXPORT, &export, sizeof(export), &fw));
	EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, fw);
	ASSERT_EQ(0, status_of(&door, &info, &fw));
	EXPECT_EQ(1, info.state);
	close(door.fd);
	EXPECT_EQ(0, live());
	ASSERT_EQ(0, drivers_unload());
	EXPECT_EQ(0, snp_assigned());
}

/* ---- drivers that stay ---- */

FIXTURE(ours) {
	struct sev_fw_door door, reader;
	struct snp_use before;
	long lost;
};

FIXTURE_SETUP(ours)
{
	HOST_NEEDS(HOST_SNP | HOST_FW | HOST_SWPSP);
	self->door = sev_fw_door_dev(open("/dev/sev", O_RDWR | O_CLOEXEC), -1);
	self->reader = sev_fw_door_dev(open("/dev/sev", O_RDONLY | O_CLOEXEC), -1);
	ASSERT_LE(0, self->door.fd);
	ASSERT_LE(0, self->reader.fd);
	ASSERT_EQ(0, fault_clear());
	ASSERT_EQ(0, snp_use(&self->before));
	self->lost = psp_attr_number("quarantined_pages");
}

FIXTURE_TEARDOWN(ours)
{
	control_write(NO_PAGE_FOR, "0");
	fault_clear();
	close(self->door.fd);
	close(self->reader.fd);
}

static int legacy_status(const struct sev_fw_door *door, uint32_t *fw)
{
	struct sev_fw_platform_status block = { 0 };

	return sev_fw_issue(door, SEV_FW_PLATFORM_STATUS, &block, sizeof(block), fw);
}

TEST_F(ours, a_reader_sees_the_platforms_status)
{
	struct sev_fw_snp_platform_info info;
	uint32_t fw;

	ASSERT_EQ(0, status_of(&self->reader, &info, &fw));
	EXPECT_EQ(1, info.api_major);
	EXPECT_EQ(1, info.state);
	EXPECT_EQ(1, info.rmp & 1);
	EXPECT_EQ(info.current_tcb, info.reported_tcb);
	EXPECT_EQ(self->before.firmware, snp_pages("Firmware"));
	EXPECT_EQ(self->before.reclaim, snp_pages("Reclaim"));
}

TEST_F(ours, only_a_writer_configures_it)
{
	struct sev_fw_snp_config config = { 0 };
	uint32_t fw;

	EXPECT_EQ(-EPERM, sev_fw_issue(&self->reader, SEV_FW_SNP_CONFIG, &config,
				       sizeof(config), &fw));
	EXPECT_EQ(SEV_FW_NO_CALL, fw);
	EXPECT_EQ(0, sev_fw_issue(&self->door, SEV_FW_SNP_CONFIG, &config, sizeof(config), &fw));
	memset(&config.reported_tcb, 100, sizeof(config.reported_tcb));
	config.flags = 31;
	EXPECT_EQ(-EIO, sev_fw_issue(&self->door, SEV_FW_SNP_CONFIG, &config, sizeof(config),
				     &fw));
	EXPECT_EQ(SEV_FW_STATUS_INVALID_PARAM, fw);
	config.reserved[51] = 1;
	EXPECT_EQ(-EINVAL, sev_fw_issue(&self->door, SEV_FW_SNP_CONFIG, &config, sizeof(config),
					&fw));
	EXPECT_EQ(SEV_FW_NO_CALL, fw);
}

TEST_F(ours, the_driver_fills_in_lengths)
{
	uint32_t regs[4] = { 0 }, fw;
	struct sev_fw_snp_feature_info info = { .address = (uintptr_t)regs };
	struct sev_fw_snp_commit commit = { 0 };

	EXPECT_EQ(0, sev_fw_issue(&self->reader, SEV_FW_SNP_FEATURE_INFO, &info, sizeof(info),
				  &fw)) TH_LOG("status 0x%02x", fw);
	EXPECT_EQ(0, info.length);
	EXPECT_NE(0, regs[2]);
	info.length = sizeof(info);
	EXPECT_EQ(-EINVAL, sev_fw_issue(&self->reader, SEV_FW_SNP_FEATURE_INFO, &info,
					sizeof(info), &fw));
	EXPECT_EQ(0, sev_fw_issue(&self->door, SEV_FW_SNP_COMMIT, &commit, sizeof(commit), &fw));
}

/* A command of 1.58, for which the driver has no line of code but its row. */
TEST_F(ours, a_mitigation_is_verified_where_the_firmware_can)
{
	struct { uint64_t verified, supported; uint32_t status; } answer = { 0 };
	struct sev_fw_snp_verify_mitigation block = { .dst_address = (uintptr_t)&answer };
	struct sev_fw_snp_platform_info info;
	uint32_t fw;
	bool has;

	ASSERT_EQ(0, status_of(&self->reader, &info, &fw));
	has = info.api_minor >= 58;
	EXPECT_EQ(has ? 0 : -EOPNOTSUPP, sev_fw_issue(&self->door, SEV_FW_SNP_VERIFY_MITIGATION,
						      &block, sizeof(block), &fw)) {
		TH_LOG("status 0x%02x", fw);
	}
	EXPECT_EQ(has, !!answer.supported);
	block.subcommand = 1;
	block.vector = 1;
	EXPECT_EQ(has ? 0 : -EOPNOTSUPP, sev_fw_issue(&self->door, SEV_FW_SNP_VERIFY_MITIGATION,
						      &block, sizeof(block), &fw)) {
		TH_LOG("status 0x%02x", fw);
	}
	EXPECT_EQ(has, answer.verified & 1);
	block.flags = 1;
	EXPECT_EQ(has ? -EINVAL : -EOPNOTSUPP,
		  sev_fw_issue(&self->door, SEV_FW_SNP_VERIFY_MITIGATION, &block, sizeof(block),
			       &fw));
}

TEST_F(ours, what_belongs_to_the_driver_or_to_kvm_does_not_come_in)
{
	static const uint32_t ids[] = {
		SEV_FW_SNP_INIT_EX, SEV_FW_SNP_SHUTDOWN_EX, SEV_FW_SNP_GCTX_CREATE,
		SEV_FW_SNP_DECOMMISSION, SEV_FW_SNP_PAGE_RECLAIM, SEV_FW_SNP_DF_FLUSH,
	};
	uint8_t block[SEV_FW_BLOCK_MAX] = { 0 };
	uint32_t fw;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_EQ(-EPERM, sev_fw_issue(&self->door, ids[i], block, 64, &fw)) {
			TH_LOG("command 0x%03x", ids[i]);
		}
	}
}

/*
 * The page of a block is not given back, and is counted; no later command suffers. (Stock ccp
 * does not survive the first.)
 */
TEST_F(ours, a_page_that_is_not_given_back_is_lost_and_no_command_suffers)
{
	struct sev_fw_snp_platform_info info;
	uint32_t fw;
	uint8_t id[0x40];
	struct sev_fw_get_id get = { .address = (uintptr_t)id, .len = sizeof(id) };

	ASSERT_EQ(0, sev_fw_issue(&self->door, SEV_FW_GET_ID, &get, sizeof(get), &fw));
	ASSERT_EQ(0, snp_use(&self->before));
	/* a refused command leaves the page of its block to be reclaimed */
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	get.len = 1;
	EXPECT_EQ(-EIO, sev_fw_issue(&self->door, SEV_FW_GET_ID, &get, sizeof(get), &fw));
	EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, fw);
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(self->lost + 1, psp_attr_number("quarantined_pages"));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, legacy_status(&self->door, &fw));
		EXPECT_EQ(0, status_of(&self->door, &info, &fw));
	}
	/* and that of its answer to be the next one's */
	get.len = sizeof(id);
	EXPECT_EQ(0, sev_fw_issue(&self->door, SEV_FW_GET_ID, &get, sizeof(get), &fw));
	EXPECT_EQ(self->before.firmware + 1, snp_pages("Firmware")) TH_LOG("the lost one");
	EXPECT_EQ(0, live());
}

/*
 * A page that is lost stays where it is in its owner's memory. A command on all of the
 * huge page around it is refused; the kernel would try for ever to give that away.
 */
TEST_F(ours, a_huge_page_with_a_lost_page_in_it_is_refused)
{
	struct launch launch, *l = &launch;
	uint64_t huge;

	ASSERT_EQ(0, launch_open(l, &launch_fw, 0));
	ASSERT_EQ(0, launch_vm(l, 2 * HUGE_PAGE));
	huge = -(uintptr_t)l->vm.memory % HUGE_PAGE;
	ASSERT_EQ(0, madvise(l->vm.memory + huge, HUGE_PAGE, MADV_HUGEPAGE));
	ASSERT_EQ(0, launch_init(l));
	ASSERT_EQ(0, launch_load(l));
	ASSERT_EQ(0, launch_start(l)) TH_LOG("%s", launch_error(l, -EIO));
	ASSERT_EQ(0, launch_update_at(l, huge, HUGE_PAGE)) {
		TH_LOG("%s", launch_error(l, -EIO));
	}
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	EXPECT_EQ(-EIO, launch_update_at(l, huge + 0x4008, 0x20));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	EXPECT_EQ(self->lost + 1, psp_attr_number("quarantined_pages"));
	EXPECT_EQ(-EFAULT, launch_update_at(l, huge, HUGE_PAGE));
	EXPECT_EQ(0, launch_update_at(l, huge + 0x5000, 0x1000)) {
		TH_LOG("%s", launch_error(l, -EIO));
	}
	launch_close(l);
}

#define PAGES	4096

/*
 * A run of pages is given and taken back by itself: those before it are the host's again. The last
 * run is refused for its length, so that its page is not the host's by itself.
 */
TEST_F(ours, one_page_that_is_not_given_back_costs_its_run_alone)
{
	struct sev_fw_launch_update_data block = { .len = (PAGES - 1) * PAGE + 8 };
	uint8_t *memory = memory_scattered(PAGES);
	const uint32_t len = block.len;
	struct launch l;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, guest_started(&l, false, RAM));
	block.address = addr_of(memory);
	ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
	EXPECT_EQ(-EIO, ISSUE(&l, LAUNCH_UPDATE_DATA, block));
	EXPECT_EQ(1, fault_hits());
	ASSERT_EQ(0, fault_clear());
	EXPECT_LT(len / 2, block.len);
	ASSERT_GT(len, block.len);
	EXPECT_EQ(self->lost + (long)((len - block.len + PAGE - 1) / PAGE),
		  psp_attr_number("quarantined_pages"));
	launch_close(&l);
	munmap(memory, PAGES * PAGE);
}

/*
 * The page for the firmware's block is lost, the spare one, too, and there is no memory for
 * another. Commands whose block the firmware only reads need none of these.
 */
TEST_F(ours, a_guest_is_destroyed_although_there_is_no_page_for_a_block)
{
	uint32_t guests = host_counter(SWPSP_BAR_GUESTS), fw;
	uint8_t id[0x40];
	struct sev_fw_get_id get = { .address = (uintptr_t)id, .len = sizeof(id) };
	long counted = psp_attr_number("guests");
	struct launch l;
	char pid[16];

	ASSERT_EQ(0, guest_started(&l, false, RAM));
	EXPECT_EQ(guests + 1, host_counter(SWPSP_BAR_GUESTS));
	EXPECT_EQ(0, sev_fw_issue(&self->door, SEV_FW_GET_ID, &get, sizeof(get), &fw));
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, control_write(NO_PAGE_FOR, pid));
	for (int i = 0; i < 2; i++) {
		get.len = 1;
		ASSERT_EQ(0, fault_refuse(SEV_FW_SNP_PAGE_RECLAIM, 0, HWERROR_PLATFORM));
		EXPECT_EQ(-EIO, sev_fw_issue(&self->door, SEV_FW_GET_ID, &get, sizeof(get), &fw));
		EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, fw);
		EXPECT_EQ(1, fault_hits());
	}
	EXPECT_EQ(-ENOMEM, legacy_status(&self->door, &fw));
	EXPECT_EQ(SEV_FW_NO_CALL, fw);
	launch_close(&l);
	EXPECT_EQ(guests, host_counter(SWPSP_BAR_GUESTS));
	EXPECT_EQ(counted, psp_attr_number("guests"));
	EXPECT_EQ(self->lost + 2, psp_attr_number("quarantined_pages"));

	/* the next command that is over gets one */
	ASSERT_EQ(0, control_write(NO_PAGE_FOR, "0"));
	ASSERT_EQ(0, fault_clear());
	legacy_status(&self->door, &fw);
	EXPECT_EQ(0, legacy_status(&self->door, &fw));
	EXPECT_EQ(0, live());
}

TEST_F(ours, legacy_commands_leave_snp_up)
{
	struct sev_fw_pdh_cert_export export = { 0 };
	struct sev_fw_snp_platform_info info;
	uint32_t fw;

	EXPECT_EQ(-EIO, sev_fw_issue(&self->door, SEV_FW_PDH_CERT_EXPORT, &export,
				     sizeof(export), &fw));
	EXPECT_EQ(SEV_FW_STATUS_INVALID_LENGTH, fw);
	EXPECT_EQ(0, sev_fw_issue(&self->door, SEV_FW_PLATFORM_RESET, NULL, 0, &fw));
	ASSERT_EQ(0, status_of(&self->door, &info, &fw));
	EXPECT_EQ(1, info.state);
	EXPECT_EQ(self->before.firmware - TMR_PAGES, snp_pages("Firmware")) {
		TH_LOG("SHUTDOWN came first");
	}
	EXPECT_EQ(0, live());
	EXPECT_EQ(-EIO, sev_fw_issue(&self->door, SEV_FW_PDH_CERT_EXPORT, &export,
				     sizeof(export), &fw)) TH_LOG("INIT comes first");
	EXPECT_EQ(self->before.firmware, snp_pages("Firmware"));
}

/* HOST_TESTS_MAIN would keep kvm_amd in use */
TEST_HARNESS_MAIN
