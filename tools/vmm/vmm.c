// SPDX-License-Identifier: GPL-2.0
/*
 * Launch a SEV guest, give it a secret, let it print the secret ("sevfw launch").
 *
 * The smallest VMM that does all of a launch, guest owner included; for reading
 * as much as for running. The steps are the table below, what they do is in
 * lib/host: launch.c, and launch_fw.c for the firmware's blocks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sevfw/launch.h>
#include <sevfw/vendor.h>

#include "../sevfw/progress.h"
#include "../guest/linux.h"
#include "../sevfw/tool.h"
#include "linux.h"
#include "vmm.h"

#define SLICE	(1u << 20)	/* bytes of RAM for one LAUNCH_UPDATE_DATA */

static const struct vmm_options *opt;
static char output[VM_DATA_SIZE];	/* the guest's output */
static struct linux_guest linux_guest;

/* Steps that need an option; all others are the library's. */

static int trust(struct launch *l)
{
	struct vendor_files files;
	struct sev_vendor vendor;
	int ret;

	if (!opt->ca)
		return launch_trust(l, NULL);
	ret = vendor_read(&files, opt->ca);
	vendor = vendor_of(&files);
	return ret ? ret : launch_trust(l, &vendor);
}

static int create(struct launch *l)
{
	return launch_vm(l, opt->memory);
}

static int update_range(struct launch *l, uint64_t begin, uint64_t end)
{
	struct progress progress;
	int ret = 0;

	progress_begin(&progress, "encrypt RAM", end - begin);
	for (uint64_t at = begin, len; at < end && !ret; at += len) {
		len = end - at < SLICE ? end - at : SLICE;
		ret = launch_update_at(l, at, len);
		progress_add(&progress, len);
	}
	progress_clear(&progress);
	return ret;
}

/* A session that was made elsewhere is for the keys that the platform had then. */
static int session(struct launch *l)
{
	if (!opt->owner)
		return launch_session(l);
	l->with_session = true;
	l->session = *opt->owner;
	return 0;
}

/* A VMM encrypts at least what the guest begins with; the guest can clear the rest. */
static int update(struct launch *l)
{
	return opt->all ? update_range(l, 0, l->vm.size) : launch_update(l);
}

/* vCPU state is KVM's own matter; where it keeps that to itself, ask KVM. */
static int update_vmsa(struct launch *l)
{
	int ret = launch_update_vmsa(l);

	return ret == -EPERM ? launch_legacy.update_vmsa(l) : ret;
}

static int check(struct launch *l)
{
	int ret = launch_check(l);

	if (!ret && !opt->quiet)
		puts("measurement verified");
	return ret;
}

static int secret(struct launch *l)
{
	return launch_secret(l, opt->secret);
}

static int run(struct launch *l)
{
	int ret = launch_run(l, output, sizeof(output));

	if (ret)
		return ret;
	if (!opt->quiet)
		fputs("the guest has printed: ", stdout);
	print_harmless(output, 0);
	putchar('\n');
	return strcmp(output, opt->secret) ? -EBADMSG : 0;
}

/* ---- the same for a Linux guest ---- */

static int create_linux(struct launch *l)
{
	int ret = launch_vm(l, LINUX_RAM);

	return ret ? ret : vm_add_interrupts(&l->vm);
}

static int load_linux(struct launch *l)
{
	const struct linux_files files = {
		.loader = opt->guest, .kernel = opt->kernel, .initrd = opt->initrd,
		.append = opt->append,
	};
	int ret;

	linux_guest = (struct linux_guest){
		.vm = &l->vm, .kind = launch_es(l) ? LINUX_ES : LINUX_SEV, .cpus = 1,
		.verbose = opt->console, .limit = opt->limit,
		.outbox = (uint8_t *)output, .outbox_room = sizeof(output) - 1,
	};
	ret = linux_load(&linux_guest, &files);
	if (!ret)
		ret = linux_set_vcpus(&linux_guest);
	return ret ? ret : vm_register(&l->vm);
}

static int update_linux(struct launch *l)
{
	int ret = 0;

	for (size_t i = 0; i < LINUX_LAUNCHED && !ret; i++)
		ret = update_range(l, linux_guest.launched[i].begin, linux_guest.launched[i].end);
	return ret;
}

static int secret_linux(struct launch *l)
{
	return launch_secret_at(l, linux_guest.secret, opt->secret);
}

static int run_linux(struct launch *l)
{
	int ret = linux_run(&linux_guest);

	(void)l;
	if (ret)
		return ret;
	if (!linux_has_secret(output, opt->secret))
		return -EBADMSG;
	puts("owner: the guest has got the secret");
	return 0;
}

static bool always(void)
{
	return true;
}

static bool with_session(void)
{
	return opt->session;
}

static bool es(void)
{
	return opt->policy & OWNER_POLICY_ES;
}

static bool is_linux(void)
{
	return opt->kernel;
}

static bool is_small(void)
{
	return !is_linux();
}

static bool small_may_run(void)
{
	return opt->run && is_small() && !es();
}

static bool linux_may_run(void)
{
	return opt->run && is_linux();
}

/* The launch */
static const struct step {
	const char *name;
	int (*act)(struct launch *l);
	bool (*when)(void);
} steps[] = {
	{ "platform: PLATFORM_STATUS",		launch_version,		always },
	{ "platform: PDH_CERT_EXPORT",		launch_certs,		always },
	{ "owner: verify the chain",		trust,			always },
	{ "owner: the session",			session,		with_session },
	{ "host: create the VM",		create,			is_small },
	{ "host: create the VM",		create_linux,		is_linux },
	{ "host: make it a SEV guest",		launch_init,		always },
	{ "host: load and pin RAM",		launch_load,		is_small },
	{ "host: load Linux, pin RAM",		load_linux,		is_linux },
	{ "guest: LAUNCH_START",		launch_start,		always },
	{ "guest: LAUNCH_UPDATE_DATA",		update,			is_small },
	{ "guest: LAUNCH_UPDATE_DATA",		update_linux,		is_linux },
	{ "guest: LAUNCH_UPDATE_VMSA",		update_vmsa,		es },
	{ "guest: LAUNCH_MEASURE",		launch_measure,		always },
	{ "owner: verify the measurement",	check,			always },
	{ "guest: LAUNCH_UPDATE_SECRET",	secret,			is_small },
	{ "guest: LAUNCH_UPDATE_SECRET",	secret_linux,		is_linux },
	{ "guest: LAUNCH_FINISH",		launch_finish,		always },
	{ "guest: run",				run,			small_may_run },
	{ "guest: run",				run_linux,		linux_may_run },
};

double vmm_time_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void take_failure(struct vmm_failure *failure, const struct step *step,
			 const struct launch *l, int ret)
{
	*failure = (struct vmm_failure){
		.step = step->name, .error = -ret, .status = launch_status(l, ret),
	};
	snprintf(failure->why, sizeof(failure->why), "%s", ret == -EBADMSG ?
		 "what the guest has told is not of the secret" :
		 linux_error(ret) ?: launch_error(l, ret));
}

static int go(struct launch *l, struct vmm_failure *failure)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];
		double begin = vmm_time_us();
		int ret;

		if (!step->when())
			continue;
		ret = step->act(l);
		if (ret) {
			take_failure(failure, step, l, ret);
			return ret;
		}
		if (!opt->quiet)
			printf("%-32s %10.1f us\n", step->name, vmm_time_us() - begin);
	}
	if (!small_may_run() && !linux_may_run() && !opt->quiet)
		puts("launched, not run");
	return 0;
}

int vmm_launch(const struct vmm_options *options, struct vmm_failure *failure)
{
	static const struct step open_device = { .name = "host: open /dev/sev" };
	struct launch l;
	int ret;

	opt = options;
	ret = launch_open(&l, opt->legacy ? &launch_legacy : &launch_fw, opt->policy);
	l.by_dev = opt->by_dev;
	l.typed = opt->typed;
	if (ret)
		take_failure(failure, &open_device, &l, ret);
	else
		ret = go(&l, failure);
	launch_close(&l);
	return ret;
}
