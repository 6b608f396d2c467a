// SPDX-License-Identifier: GPL-2.0
/*
 * An SNP guest that runs, and callers of /dev/sev who would shut SNP down under it. psp_sev has
 * no door for that. ccp has one, a fault of its own: after a reset of SEV's half of the platform,
 * a command that needs INIT ends by SHUTDOWN, and SNP is shut down along with SEV. The kernel
 * complains when such a guest is destroyed, for which reason the stock driver's part of this test
 * is run where nobody reads complaints.
 *
 * On stock drivers each test ends with drivers that are loaded anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/platform.h>
#include <sevfw/sevfw.h>
#include <sevfw/snp_launch.h>

#include "kselftest_harness.h"
#include "../../tools/guest/guest.h"
#include "control.h"
#include "host.h"
#include "snp/rmp.h"
#include "snp.h"
#include "snp_steps.h"

#define TMR_PAGES		512
#define DEV_SNP_STATUS		9	/* of ccp's ioctls, from Linux 6.11 on */
#define SNP_SHUTDOWN_IOMMU	1

FIXTURE(alive) {
	struct snp_use before;
	struct snp_launch l;
	uint32_t shutdowns;
	int fd, log;
	char out[4096];
};

static uint32_t count_shutdowns(void)
{
	return host_counter(SWPSP_BAR_COUNT(SEV_FW_SNP_SHUTDOWN_EX)) +
	       host_counter(SWPSP_BAR_COUNT(SEV_FW_SNP_SHUTDOWN));
}

static int launch(struct snp_launch *l)
{
	int ret = snp_launch_open(l, GUEST_RAM);
	size_t pages = ret ? 0 : snp_load_guest(l->vm.memory + GUEST_ENTRY);

	if (!ret)
		ret = pages ? snp_launch_start(l, SNP_POLICY_PLAIN) : -ENOENT;
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_NORMAL, GUEST_ENTRY, pages);
	if (!ret)
		ret = snp_launch_update(l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
	return ret ? ret : snp_launch_finish(l, NULL);
}

/* The guest lives: it has begun to print, and waits for the host to take that. */
FIXTURE_SETUP(alive)
{
	HOST_NEEDS(HOST_SNP | HOST_SWPSP);
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	self->log = klog_open();
	self->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, snp_use(&self->before));
	GOES(&self->l, launch(&self->l));
	ASSERT_EQ(0, vm_enter(&self->l.vm));
	ASSERT_EQ(KVM_EXIT_IO, self->l.vm.run->exit_reason);
	self->shutdowns = count_shutdowns();
}

FIXTURE_TEARDOWN(alive)
{
	snp_launch_close(&self->l);
	close(self->fd);
	close(self->log);
}

/* As SNP_PLATFORM_STATUS says it, or a negative errno. */
static int snp_platform_state(int fd)
{
	uint8_t status[0x20] = { 0 };
	uint32_t fw;
	int ret = sev_dev_op(fd, DEV_SNP_STATUS, status, &fw);

	return ret ? ret : status[2];
}

static bool goes_on(struct snp_launch *l, char out[4096])
{
	return !vm_run(&l->vm, out, 4096) && strstr(out, "handed out its attestation report");
}

/* ---- no door ---- */

static const uint32_t ending_ids[] = {
	SEV_FW_SNP_SHUTDOWN_EX, SEV_FW_SNP_SHUTDOWN, SEV_FW_SHUTDOWN, SEV_FW_SNP_INIT_EX,
	SEV_FW_SNP_INIT, SEV_FW_SNP_DECOMMISSION,
};

/* With a block that the firmware would take, where that is a shutdown. */
static int issue_ending(const struct sev_fw_door *door, uint32_t id, uint32_t *fw)
{
	struct sev_fw_snp_shutdown_ex ex = { .length = sizeof(ex), .flags = SNP_SHUTDOWN_IOMMU };
	uint8_t block[64] = { 0 };

	if (id == SEV_FW_SNP_SHUTDOWN_EX)
		return sev_fw_issue(door, id, &ex, sizeof(ex), fw);
	return sev_fw_issue(door, id, block, sizeof(block), fw);
}

/* ccp does not know the ioctls, and its errno for that depends on the file. */
TEST_F(alive, nobody_ends_snp_by_pass_through)
{
	bool ours = !host_missing(HOST_FW);
	const struct sev_fw_door doors[] = {
		sev_fw_door_dev(self->fd, -1),
		sev_fw_door_dev(self->fd, self->l.vm.vm_fd),
		sev_fw_door_vm(self->l.vm.vm_fd, self->fd),
	};
	struct sev_fw_download_firmware image = {
		.address = (uintptr_t)self->out, .len = sizeof(self->out),
	};
	uint32_t fw = 0;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(ending_ids); i++) {
		for (size_t door = 0; door < ARRAY_SIZE(doors); door++) {
			ret = issue_ending(&doors[door], ending_ids[i], &fw);
			EXPECT_TRUE(ours ? ret == -EPERM && fw == SEV_FW_NO_CALL : ret < 0)
				TH_LOG("command 0x%03x, door %zu: %s, status 0x%02x",
				       ending_ids[i], door, strerror(-ret), fw);
		}
	}
	/* the firmware would want SNP to be down for a new image */
	ret = sev_fw_issue(&doors[0], SEV_FW_DOWNLOAD_FIRMWARE, &image, sizeof(image), &fw);
	EXPECT_TRUE(ours ? ret == -EBUSY : ret < 0) TH_LOG("%s", strerror(-ret));
	EXPECT_EQ(self->shutdowns, count_shutdowns());
	EXPECT_EQ(1, snp_platform_state(self->fd));
	EXPECT_TRUE(goes_on(&self->l, self->out)) TH_LOG("%s", self->out);
	snp_launch_close(&self->l);
	SAME_PAGES(&self->before);
}

/* ---- the door of stock drivers ---- */

/*
 * The guest's context and the page for its answers stay the firmware's, which is not up to give
 * them back. KVM keeps the one for ever, and its ASID; the other one goes back to the kernel's
 * allocator, and the next one who writes to it dies of that. Therefore the test keeps both.
 */
static void expect_two_pages_kept(struct __test_metadata *_metadata, struct snp_launch *l, int log)
{
	uint64_t addr = 0, kept[2];
	int count = 0, freed = 0;

	while ((addr = snp_find(RMP_FIRMWARE, addr))) {
		ASSERT_LT(count, 2);
		EXPECT_LT(1, snp_page_refs(addr, true));
		kept[count++] = addr;
	}
	ASSERT_EQ(2, count);
	snp_launch_close(l);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(RMP_FIRMWARE, snp_state(kept[i]));
		freed += snp_page_refs(kept[i], false) == 1;
	}
	EXPECT_EQ(1, freed) TH_LOG("the test alone holds it");
	EXPECT_EQ(1, klog_count(log, "Failed to release guest context"));
}

TEST_F(alive, only_stock_ends_snp_by_a_reset_of_sev)
{
	const char *box = getenv("SEV_BOX");
	bool stock = !box || !strcmp(box, "stock");
	uint32_t fw;

	EXPECT_EQ(0, sev_dev_op(self->fd, SEV_FACTORY_RESET, NULL, &fw));
	EXPECT_EQ(0, sev_dev_op(self->fd, SEV_PDH_GEN, NULL, &fw));
	EXPECT_EQ(stock ? 0 : 1, snp_platform_state(self->fd));
	EXPECT_EQ(stock, count_shutdowns() != self->shutdowns);
	EXPECT_EQ(!stock, goes_on(&self->l, self->out)) TH_LOG("%s", self->out);
	if (stock) {
		expect_two_pages_kept(_metadata, &self->l, self->log);
		close(self->fd);
		self->fd = -1;
		EXPECT_EQ(0, stock_unload());
		ASSERT_EQ(0, stock_load(NULL));
		EXPECT_EQ(TMR_PAGES, snp_assigned()) TH_LOG("SNP_INIT_EX takes the two back");
	} else {
		snp_launch_close(&self->l);
		SAME_PAGES(&self->before);
	}
	GOES(&self->l, launch(&self->l));
	EXPECT_TRUE(goes_on(&self->l, self->out)) TH_LOG("%s", self->out);
}

/* ---- an image for the firmware ---- */

#define IMAGE_SIZE	0x400
#define LAZY		"/sys/module/kvm/parameters/enable_virt_at_load"

/* KVM makes the processors ready when there is a VM, and not when kvm_amd is loaded. */
FIXTURE(lazy) {
	struct snp_launch l;
	struct platform p;
	uint8_t image[IMAGE_SIZE];
	char out[4096];
};

FIXTURE_SETUP(lazy)
{
	static const char * const lazily[] = { "enable_virt_at_load=0", NULL };

	HOST_NEEDS(HOST_SNP | HOST_SWPSP | HOST_FW);
	if (drivers_missing() || image_missing())
		SKIP_SETUP("%s", drivers_missing() ? drivers_missing() : image_missing());
	if (access(LAZY, F_OK) || access("/sys/module/kvm/initstate", F_OK))
		SKIP_SETUP("this kernel's KVM is built in, or makes the processors ready at load");
	self->l = (struct snp_launch){ .vm = VM_NONE, .sev_fd = -1 };
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, kvm_load(lazily));
	ASSERT_EQ(0, drivers_load(NULL));
	self->p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->p.fd);
}

FIXTURE_TEARDOWN(lazy)
{
	snp_launch_close(&self->l);
	close(self->p.fd);
	EXPECT_EQ(0, drivers_unload());
	EXPECT_EQ(0, kvm_load(NULL));
	EXPECT_EQ(0, drivers_load(NULL));
}

static int download(struct platform *p, const uint8_t *image)
{
	const struct sev_fw_door door = sev_fw_door_dev(p->fd, -1);
	struct sev_fw_download_firmware block = { (uintptr_t)image, IMAGE_SIZE };

	return sev_fw_issue(&door, SEV_FW_DOWNLOAD_FIRMWARE, &block, sizeof(block), &p->status);
}

/* A VM is in the way of SNP that is down, also the one that needs SNP. */
TEST_F(lazy, an_image_leaves_snp_up_for_the_first_vm)
{
	struct sev_fw_platform_status status;
	struct image says = { 0 };

	ASSERT_EQ(0, platform_status(&self->p, &status));
	says.api_major = status.api_major;
	says.api_minor = status.api_minor;
	says.build = status.build;
	ASSERT_EQ(0, image_sign(&says, self->image, IMAGE_SIZE));
	ASSERT_EQ(1, snp_platform_state(self->p.fd));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, download(&self->p, self->image));
		EXPECT_EQ(1, snp_platform_state(self->p.fd));
		GOES(&self->l, launch(&self->l));
		EXPECT_TRUE(goes_on(&self->l, self->out)) TH_LOG("%s", self->out);
		EXPECT_EQ(-EBUSY, download(&self->p, self->image));
		snp_launch_close(&self->l);
	}
	self->image[IMAGE_SIZE / 2] ^= 1;
	EXPECT_EQ(-EIO, download(&self->p, self->image));
	EXPECT_EQ(SEV_FW_STATUS_BAD_SIGNATURE, self->p.status);
	EXPECT_EQ(1, snp_platform_state(self->p.fd));
	GOES(&self->l, launch(&self->l));
}

/* HOST_TESTS_MAIN would keep kvm_amd in use */
TEST_HARNESS_MAIN
