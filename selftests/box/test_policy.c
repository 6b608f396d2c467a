// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own policy on firmware: an image that comes in by /dev/sev is not
 * exempt from it.
 *
 * An IMA policy that wants firmware to be signed cannot be taken back before the next
 * boot, so this runs on simulated hosts only, in a box of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "host.h"
#include "status.h"

#define SECURITYFS	"/sys/kernel/security"
#define IMA_POLICY	SECURITYFS "/ima/policy"
#define RULE		"appraise func=FIRMWARE_CHECK appraise_type=imasig\n"

#define IMAGE_VERSION	0x60

static int download(int sev_fd, uint32_t version, uint32_t *status)
{
	static uint8_t image[0x100];
	const struct sev_fw_door door = sev_fw_door_dev(sev_fd, -1);
	struct sev_fw_download_firmware block = { (uintptr_t)image, sizeof(image) };

	memcpy(image + IMAGE_VERSION, &version, sizeof(version));
	return sev_fw_issue(&door, SEV_FW_DOWNLOAD_FIRMWARE, &block, sizeof(block), status);
}

/* API 1.57, build 9 is an image of no vendor's making: scripts/box --any-image. */
TEST(an_image_that_nobody_has_signed_is_accepted_on_request)
{
	struct platform p = { 0 };
	struct sev_fw_platform_status now;
	uint32_t status;

	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, p.fd);
	if (!getenv("SEV_BOX_ANY_IMAGE")) {
		EXPECT_EQ(-EIO, download(p.fd, 0x013909, &status));
		EXPECT_EQ(BAD_SIGNATURE, status);
	} else {
		ASSERT_EQ(0, download(p.fd, 0x013909, &status));
		ASSERT_EQ(0, platform_status(&p, &now));
		EXPECT_EQ(57, now.api_minor);
		EXPECT_EQ(9, now.build);
	}
	close(p.fd);
}

TEST(an_image_is_subject_to_the_policy_on_firmware)
{
	struct platform p = { 0 };
	struct sev_fw_platform_status before, after;
	uint32_t status, asked;

	HOST_NEEDS(HOST_SEV | HOST_FW | HOST_SWPSP);
	if (access(IMA_POLICY, F_OK))
		mount("securityfs", SECURITYFS, "securityfs", 0, NULL);
	if (access(IMA_POLICY, W_OK))
		SKIP(return, "this kernel has no IMA, or it has a policy already");
	p.fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, p.fd);

	/* without a policy it is the firmware that says what it thinks of zeros */
	EXPECT_EQ(-EIO, download(p.fd, 0, &status));
	EXPECT_NE(SEV_FW_NO_CALL, status);

	ASSERT_EQ(0, control_write(IMA_POLICY, RULE));
	EXPECT_EQ(0, platform_pdh_gen(&p));
	EXPECT_EQ(0, platform_status(&p, &before));
	asked = host_counter(SWPSP_BAR_COUNT(SEV_FW_DOWNLOAD_FIRMWARE));
	EXPECT_EQ(-EACCES, download(p.fd, 0, &status));
	EXPECT_EQ(SEV_FW_NO_CALL, status);
	EXPECT_EQ(asked, host_counter(SWPSP_BAR_COUNT(SEV_FW_DOWNLOAD_FIRMWARE)));
	/* nor has the platform been shut down for it */
	EXPECT_EQ(0, platform_status(&p, &after));
	EXPECT_EQ(before.state, after.state);
	close(p.fd);
}

HOST_TESTS_MAIN
