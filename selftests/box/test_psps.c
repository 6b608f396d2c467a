// SPDX-License-Identifier: GPL-2.0
/*
 * A host with two PSPs: which one commands go to, what becomes of that when one of
 * them is silent, goes away or comes back, and that the other one is left alone.
 *
 * Only for the simulated PSPs (scripts/box --psps=2); unloads and loads the drivers.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/platform.h>

#include "kselftest_harness.h"
#include "control.h"
#include "guest.h"
#include "host.h"

#define RAM		(2 << 20)
#define PCI_DEVICES	"/sys/bus/pci/devices/"
#define PCI_DRIVER	"/sys/bus/pci/drivers/psp_sev/"
#define DEBUGFS		"/sys/kernel/debug/psp_sev/"

#define IS_USED		"ok"
#define IS_NOT_USED	"another PSP is used"
#define IS_UNBOUND	"the device has been removed, or unbound from the driver"
#define IS_SILENT	"firmware does not answer"

static const char * const params[] = { "psp_timeout=2", "psp_probe_timeout=2", NULL };

FIXTURE(psps) {
	char low[256];		/* PCI address */
	char high[256];
	struct platform p;
};

/* In the order of their addresses. */
static int find_psps(char *low, char *high, size_t size)
{
	struct dirent **list;
	int n = scandir(PCI_DEVICES, &list, NULL, alphasort), found = 0;

	for (int i = 0; i < n; i++) {
		if (strchr(list[i]->d_name, ':') && found < 2 && host_swpsp_use(list[i]->d_name))
			snprintf(found++ ? high : low, size, "%s", list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return found;
}

static uint32_t count(const char *device, uint32_t offset)
{
	host_swpsp_use(device);
	return host_counter(offset);
}

static uint32_t asked(const char *device)
{
	return count(device, SWPSP_BAR_COMMANDS);
}

static uint32_t ends_of_guests(const char *device)
{
	return count(device, SWPSP_BAR_COUNT(SEV_FW_DEACTIVATE)) +
	       count(device, SWPSP_BAR_COUNT(SEV_FW_DECOMMISSION));
}

static int arm_on(const char *device, uint32_t kind)
{
	host_swpsp_use(device);
	return fault_arm(&(struct fault){ .kind = kind });
}

static int bind_device(const char *device)
{
	return control_write(PCI_DRIVER "bind", device);
}

static int unbind_device(const char *device)
{
	return control_write(PCI_DRIVER "unbind", device);
}

/* The device that was found last is probed last. */
static int find_again(const char *device)
{
	char path[320];
	int ret;

	snprintf(path, sizeof(path), PCI_DEVICES "%s/remove", device);
	ret = control_write(path, "1");
	return ret ? ret : control_write("/sys/bus/pci/rescan", "1");
}

static int open_platform(struct platform *p)
{
	p->fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	return p->fd < 0 ? -errno : 0;
}

static int status_now(struct platform *p)
{
	struct sev_fw_platform_status status;

	return platform_status(p, &status);
}

static int whole_launch(void)
{
	struct launch l;
	int ret = guest_running(&l, 0, false, RAM);

	launch_close(&l);
	return ret;
}

FIXTURE_SETUP(psps)
{
	if (drivers_missing())
		SKIP_SETUP("%s", drivers_missing());
	if (find_psps(self->low, self->high, sizeof(self->low)) != 2)
		SKIP_SETUP("needs two simulated PSPs, scripts/box --psps=2");
	ASSERT_EQ(0, arm_on(self->low, SWPSP_FAULT_NONE));
	ASSERT_EQ(0, arm_on(self->high, SWPSP_FAULT_NONE));
	ASSERT_EQ(0, drivers_unload());
	ASSERT_EQ(0, drivers_load(params));
	ASSERT_EQ(0, open_platform(&self->p));
}

FIXTURE_TEARDOWN(psps)
{
	close(self->p.fd);
}

TEST_F(psps, the_lowest_address_is_the_one_whatever_is_probed_first)
{
	static const char * const async[] = { "async_probe=1", "psp_timeout=2", NULL };
	uint32_t before = asked(self->high);

	EXPECT_STREQ(IS_USED, psp_reason(self->low));
	EXPECT_STREQ(IS_NOT_USED, psp_reason(self->high));
	EXPECT_EQ(0, whole_launch());

	for (int i = 0; i < 2; i++) {
		close(self->p.fd);
		self->p.fd = -1;
		ASSERT_EQ(0, drivers_unload());
		ASSERT_EQ(0, find_again(self->low));
		ASSERT_EQ(0, drivers_load(i ? async : params));
		EXPECT_STREQ(IS_USED, psp_reason(self->low));
		EXPECT_STREQ(IS_NOT_USED, psp_reason(self->high));
		ASSERT_EQ(0, open_platform(&self->p));
		EXPECT_EQ(0, status_now(&self->p));
		EXPECT_EQ(0, whole_launch());
	}
	EXPECT_EQ(before, asked(self->high));
}

TEST_F(psps, the_other_one_is_never_asked)
{
	uint32_t before = asked(self->high);
	char path[600], text[4096];
	struct dirent **list;
	int n, files = 0;

	/* not to answer would be the end of it, if it were asked */
	ASSERT_EQ(0, arm_on(self->high, SWPSP_FAULT_HANG));
	snprintf(path, sizeof(path), PCI_DEVICES "%s", self->high);
	n = scandir(path, &list, NULL, alphasort);
	ASSERT_LT(0, n);
	for (int i = 0; i < n; i++) {
		/* those of the PCI bus may be wide, or a way to registers */
		if (list[i]->d_type == DT_REG && !strstr(list[i]->d_name, "resource") &&
		    strcmp(list[i]->d_name, "config")) {
			snprintf(path, sizeof(path), PCI_DEVICES "%s/%s", self->high,
				 list[i]->d_name);
			files += control_read(path, text, sizeof(text)) >= 0;
		}
		free(list[i]);
	}
	free(list);
	EXPECT_LT(12, files);
	snprintf(path, sizeof(path), DEBUGFS "%s", self->high);
	EXPECT_NE(0, access(path, F_OK));

	/* nor by being unbound and bound while the first one has guests */
	EXPECT_EQ(0, unbind_device(self->high));
	EXPECT_STREQ(IS_UNBOUND, psp_reason(self->high));
	EXPECT_STREQ(IS_USED, psp_reason(self->low));
	EXPECT_EQ(0, whole_launch());
	EXPECT_EQ(0, bind_device(self->high));
	EXPECT_STREQ(IS_NOT_USED, psp_reason(self->high));
	EXPECT_STREQ(IS_USED, psp_reason(self->low));
	EXPECT_EQ(0, whole_launch());

	EXPECT_EQ(before, asked(self->high));
	EXPECT_EQ(0, status_now(&self->p));
}

/* Pages lost with the PSP that has gone have nothing to do with the new one. */
TEST_F(psps, the_next_one_takes_over)
{
	struct launch old, new;
	uint32_t ended;

	ASSERT_EQ(0, guest_started(&old, false, RAM));
	EXPECT_EQ(1, count(self->low, SWPSP_BAR_GUESTS));
	ASSERT_EQ(0, unbind_device(self->low));
	EXPECT_EQ(0, count(self->low, SWPSP_BAR_GUESTS));
	EXPECT_STREQ(IS_UNBOUND, psp_reason(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->high));
	EXPECT_EQ(0, access("/dev/sev", F_OK));
	EXPECT_EQ(0, status_now(&self->p));

	ASSERT_EQ(0, guest_started(&new, false, RAM));
	EXPECT_EQ(1, count(self->high, SWPSP_BAR_GUESTS));
	ended = ends_of_guests(self->high);
	old.ops = &launch_legacy;
	EXPECT_EQ(-ESHUTDOWN, launch_measure(&old));
	old.ops = &launch_fw;
	EXPECT_EQ(-ESHUTDOWN, launch_measure(&old));
	old.by_dev = true;
	EXPECT_EQ(-ESHUTDOWN, launch_measure(&old));
	launch_close(&old);
	EXPECT_EQ(ended, ends_of_guests(self->high));

	/* the PSP in use has guests, so it stays */
	ASSERT_EQ(0, bind_device(self->low));
	EXPECT_STREQ(IS_NOT_USED, psp_reason(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->high));
	EXPECT_EQ(0, launch_update(&new));
	EXPECT_EQ(0, launch_measure(&new));
	EXPECT_EQ(0, launch_finish(&new));
	launch_close(&new);
	EXPECT_EQ(ended + 2, ends_of_guests(self->high));
	EXPECT_EQ(0, count(self->high, SWPSP_BAR_GUESTS));

	/* and back */
	ASSERT_EQ(0, unbind_device(self->high));
	EXPECT_STREQ(IS_USED, psp_reason(self->low));
	EXPECT_EQ(0, whole_launch());
}

/* Silent from one command on; 0: whatever it is asked. */
static void passed_over(struct __test_metadata *_metadata, FIXTURE_DATA(psps) *self,
			uint32_t id)
{
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, drivers_unload());
	host_swpsp_use(self->low);
	ASSERT_EQ(0, fault_arm(&(struct fault){ .id = id, .kind = SWPSP_FAULT_HANG }));
	ASSERT_EQ(0, drivers_load(params));
	EXPECT_STREQ(IS_SILENT, psp_reason(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->high));
	ASSERT_EQ(0, open_platform(&self->p));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, whole_launch());

	/* a PSP that died is not used again before it has been bound anew */
	ASSERT_EQ(0, arm_on(self->low, SWPSP_FAULT_NONE));
	ASSERT_EQ(0, unbind_device(self->high));
	EXPECT_STREQ(IS_SILENT, psp_reason(self->low));
	EXPECT_NE(0, access("/dev/sev", F_OK));
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	ASSERT_EQ(0, unbind_device(self->low));
	ASSERT_EQ(0, bind_device(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->low));
	EXPECT_EQ(0, access("/dev/sev", F_OK));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, whole_launch());
}

TEST_F(psps, one_that_is_silent_is_passed_over)
{
	passed_over(_metadata, self, 0);
}

TEST_F(psps, one_that_is_silent_when_it_is_initialised_is_passed_over)
{
	passed_over(_metadata, self, SEV_FW_INIT);
}

/* A dead PSP keeps its reason, even if another PSP comes or goes meanwhile. */
TEST_F(psps, one_that_has_died_in_use_is_not_called_ok)
{
	ASSERT_EQ(0, arm_on(self->low, SWPSP_FAULT_HANG));
	EXPECT_EQ(-ETIMEDOUT, status_now(&self->p));
	EXPECT_STREQ(IS_SILENT, psp_reason(self->low));
	ASSERT_EQ(0, unbind_device(self->high));
	EXPECT_STREQ(IS_SILENT, psp_reason(self->low));
	ASSERT_EQ(0, bind_device(self->high));
	EXPECT_STREQ(IS_SILENT, psp_reason(self->low));

	/* the other one takes over once it is unbound */
	close(self->p.fd);
	self->p.fd = -1;
	ASSERT_EQ(0, unbind_device(self->low));
	EXPECT_STREQ(IS_UNBOUND, psp_reason(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->high));
	ASSERT_EQ(0, open_platform(&self->p));
	EXPECT_EQ(0, whole_launch());
}

TEST_F(psps, who_is_there_first_stays)
{
	ASSERT_EQ(0, unbind_device(self->high));
	ASSERT_EQ(0, unbind_device(self->low));
	EXPECT_NE(0, access("/dev/sev", F_OK));
	EXPECT_EQ(-ENODEV, status_now(&self->p));
	ASSERT_EQ(0, bind_device(self->high));
	ASSERT_EQ(0, bind_device(self->low));
	EXPECT_STREQ(IS_USED, psp_reason(self->high));
	EXPECT_STREQ(IS_NOT_USED, psp_reason(self->low));
	EXPECT_EQ(0, status_now(&self->p));
	EXPECT_EQ(0, whole_launch());
}

TEST_HARNESS_MAIN
