// SPDX-License-Identifier: GPL-2.0
/*
 * Taking the drivers away while a guest lives. Those that the guest needs stay,
 * whoever asks; pass-through may go, and the guest does not suffer: the older
 * ioctls carry on where it was, and so does pass-through when it is back.
 *
 * PSP_MODULES_DIR in the environment says where kvm_sev_glue.ko is; without it the
 * glue stays where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sevfw/launch.h>

#include "kselftest_harness.h"
#include "host.h"

#define RAM	0x100000
#define GLUE	"kvm_sev_glue"

FIXTURE(unload) {
	struct launch l;
	bool passthrough;
	struct host_use before;
};

FIXTURE_SETUP(unload)
{
	struct launch *l = &self->l;

	HOST_NEEDS(HOST_SEV);
	if (geteuid())
		SKIP_SETUP("only root may unload modules");
	self->passthrough = !host_missing(HOST_FW);
	ASSERT_EQ(0, launch_open(l, self->passthrough ? &launch_fw : &launch_legacy, 0));
	ASSERT_EQ(0, launch_version(l));
	ASSERT_EQ(0, launch_certs(l));
	ASSERT_EQ(0, launch_session(l));
	ASSERT_EQ(0, host_use(&self->before));
	ASSERT_EQ(0, launch_vm(l, RAM));
	ASSERT_EQ(0, launch_init(l));
	ASSERT_EQ(0, launch_load(l));
	ASSERT_EQ(0, launch_start(l));
}

FIXTURE_TEARDOWN(unload)
{
	launch_close(&self->l);
}

static bool is_module(const char *name)
{
	char path[PATH_MAX];

	/* a driver that is built in has no such file */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static int load_glue(void)
{
	const char *dir = getenv("PSP_MODULES_DIR");
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/" GLUE ".ko", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* From where the fixture has left it to the end. */
static void complete(struct __test_metadata *_metadata, FIXTURE_DATA(unload) *self)
{
	struct launch *l = &self->l;
	struct host_use after;

	ASSERT_EQ(0, launch_update(l));
	ASSERT_EQ(0, launch_measure(l));
	ASSERT_EQ(0, launch_check(l));
	ASSERT_EQ(0, launch_secret(l, "still here"));
	ASSERT_EQ(0, launch_finish(l));
	launch_close(l);
	ASSERT_EQ(0, host_use(&after));
	EXPECT_EQ(NULL, host_use_differs(&self->before, &after))
		TH_LOG("%s", host_use_differs(&self->before, &after));
}

TEST_F(unload, what_a_guest_needs)
{
	static const char * const names[] = { "psp_sev", "ccp", "kvm_amd", "kvm" };
	unsigned int found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int ret;

		if (!is_module(names[i]))
			continue;
		ret = unload(names[i]);
		EXPECT_TRUE(ret == -EWOULDBLOCK || ret == -EBUSY)
			TH_LOG("%s: %s", names[i], strerror(-ret));
		EXPECT_TRUE(is_module(names[i]));
		found++;
	}
	if (!found)
		SKIP(return, "the drivers are built in");
	complete(_metadata, self);
}

/* Without a VM, an open /dev/sev alone keeps its driver. */
TEST_F(unload, what_an_open_file_needs)
{
	const char *name = is_module("psp_sev") ? "psp_sev" : "ccp";
	uint32_t policy, state;
	int ret;

	if (!is_module(name))
		SKIP(return, "the driver is built in");
	vm_destroy(&self->l.vm);
	ret = unload(name);
	EXPECT_TRUE(ret == -EWOULDBLOCK || ret == -EBUSY)
		TH_LOG("%s: %s", name, strerror(-ret));
	EXPECT_EQ(0, launch_version(&self->l));
	EXPECT_NE(0, self->l.ops->state(&self->l, &policy, &state));
}

TEST_F(unload, passthrough)
{
	struct launch *l = &self->l;
	uint32_t policy, state;
	int ret;

	if (!is_module(GLUE))
		SKIP(return, GLUE " is not a module here");
	if (!getenv("PSP_MODULES_DIR"))
		SKIP(return, "PSP_MODULES_DIR does not say where " GLUE ".ko is");
	ret = unload(GLUE);
	if (ret) {
		/* refused is safe, too */
		EXPECT_TRUE(ret == -EWOULDBLOCK || ret == -EBUSY)
			TH_LOG("%s", strerror(-ret));
		complete(_metadata, self);
		return;
	}
	for (int by_dev = 0; by_dev < 2; by_dev++) {
		l->by_dev = by_dev;
		EXPECT_GT(0, launch_fw.state(l, &policy, &state));
		EXPECT_EQ(SEV_FW_NO_CALL, l->status);
	}
	EXPECT_EQ(0, launch_legacy.state(l, &policy, &state));
	EXPECT_EQ(GUEST_LUPDATE, state);
	l->ops = &launch_legacy;
	EXPECT_EQ(0, launch_update(l));

	ASSERT_EQ(0, load_glue());
	l->ops = &launch_fw;
	EXPECT_EQ(0, launch_fw.state(l, &policy, &state));
	EXPECT_EQ(GUEST_LUPDATE, state);
	complete(_metadata, self);
}

TEST_HARNESS_MAIN
