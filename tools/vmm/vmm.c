// SPDX-License-Identifier: GPL-2.0
/*
 * sev-vmm: launch a SEV guest, give it a secret, let it print the secret.
 *
 * The smallest VMM that does all of a launch, guest owner included; for reading
 * as much as for running. The steps are the table below, what they do is in
 * lib/host: launch.c, and launch_fw.c for the firmware's blocks.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sevfw/launch.h>
#include <sevfw/vendor.h>

#include "snp.h"

static const char usage[] =
"Usage: sev-vmm [OPTION]...\n"
"Launch a SEV guest that prints a secret of its owner.\n"
"\n"
"  --secret=TEXT    the secret, up to 4095 characters\n"
"  --policy=N       guest policy (default 1: no debugging). With bit 2 a SEV-ES\n"
"                   guest, which is launched but not run: this payload has no\n"
"                   handler for the exception that port I/O would cause\n"
"  --no-session     no session between owner and firmware: the measurement and\n"
"                   the secret then protect nothing\n"
"  --ca=DIR         trust the platform only if DIR/cek.cert and DIR/ask_ark.cert,\n"
"                   which come from its vendor, say so\n"
"  --memory=MIB     RAM of the guest (default 2)\n"
"  --typed          make the VM as a SEV guest (KVM_SEV_INIT2, Linux 6.10)\n"
"  --legacy         use the ioctls that came before pass-through\n"
"  --door=vm|sev    where pass-through commands on the guest go in: the VM's fd\n"
"                   (default) or /dev/sev\n"
"  --no-run         stop after LAUNCH_FINISH\n"
"  --snp            an SNP guest instead, by KVM's own ioctls (Linux 6.11): it prints\n"
"                   what it is, gets a key and an attestation report, and this\n"
"                   program verifies the report. Needs --ca, with vcek.der, ask.pem\n"
"                   and ark.pem; of the other options it knows --quiet\n"
"  --guest=FILE     program of that guest (default: sev-guest.bin beside sev-vmm)\n"
"  --results=DIR    write its report.bin and nonce.bin to DIR\n"
"  --quiet          print the secret only\n"
"  --help           this text\n"
"\n"
"Exit code: 0, or 1 if a step failed, 2 for a wrong option.\n";

static struct options {
	const char *secret;
	const char *ca;
	uint32_t policy;
	size_t memory;
	const char *guest;
	const char *results;
	bool legacy, typed, by_dev, session, run, quiet, snp;
} opt = {
	.secret = "a secret of the guest's owner",
	.policy = OWNER_POLICY_NODBG,
	.memory = 2 << 20,
	.session = true,
	.run = true,
};

static char output[VM_DATA_SIZE];	/* the guest's output */

/* Steps that need an option; all others are the library's. */

static int trust(struct launch *l)
{
	struct vendor_files files;
	struct sev_vendor vendor;
	int ret;

	if (!opt.ca)
		return launch_trust(l, NULL);
	ret = vendor_read(&files, opt.ca);
	vendor = vendor_of(&files);
	return ret ? ret : launch_trust(l, &vendor);
}

static int create(struct launch *l)
{
	return launch_vm(l, opt.memory);
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

	if (!ret && !opt.quiet)
		puts("measurement verified");
	return ret;
}

static int secret(struct launch *l)
{
	return launch_secret(l, opt.secret);
}

static int run(struct launch *l)
{
	return launch_run(l, output, sizeof(output));
}

static bool always(void)
{
	return true;
}

static bool with_session(void)
{
	return opt.session;
}

static bool es(void)
{
	return opt.policy & OWNER_POLICY_ES;
}

static bool may_run(void)
{
	return opt.run && !es();
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
	{ "owner: make a session",		launch_session,		with_session },
	{ "host: create the VM",		create,			always },
	{ "host: make it a SEV guest",		launch_init,		always },
	{ "host: load and pin RAM",		launch_load,		always },
	{ "guest: LAUNCH_START",		launch_start,		always },
	{ "guest: LAUNCH_UPDATE_DATA",		launch_update,		always },
	{ "guest: LAUNCH_UPDATE_VMSA",		update_vmsa,		es },
	{ "guest: LAUNCH_MEASURE",		launch_measure,		always },
	{ "owner: verify the measurement",	check,			always },
	{ "guest: LAUNCH_UPDATE_SECRET",	secret,			always },
	{ "guest: LAUNCH_FINISH",		launch_finish,		always },
	{ "guest: run",				run,			may_run },
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int launch(struct launch *l)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];
		double begin = now_us();
		int ret;

		if (!step->when())
			continue;
		ret = step->act(l);
		if (ret) {
			fprintf(stderr, "sev-vmm: %s: %s\n", step->name, launch_error(l, ret));
			return 1;
		}
		if (!opt.quiet)
			printf("%-32s %10.1f us\n", step->name, now_us() - begin);
	}
	return 0;
}

/* @text as a number; anything else ends the program. */
static unsigned long parse(const char *option, const char *text, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || !*text || *end || *text == '-' || value > max) {
		fprintf(stderr, "sev-vmm: --%s=%s: not a number up to %#lx\n", option, text, max);
		exit(2);
	}
	return value;
}

static void usage_error(void)
{
	fputs("sev-vmm: try --help\n", stderr);
	exit(2);
}

static const struct option long_options[] = {
	{ "secret", required_argument, NULL, 's' },
	{ "policy", required_argument, NULL, 'p' },
	{ "no-session", no_argument, NULL, 'n' },
	{ "ca", required_argument, NULL, 'c' },
	{ "memory", required_argument, NULL, 'm' },
	{ "typed", no_argument, NULL, 't' },
	{ "legacy", no_argument, NULL, 'l' },
	{ "door", required_argument, NULL, 'd' },
	{ "no-run", no_argument, NULL, 'r' },
	{ "snp", no_argument, NULL, 'S' },
	{ "guest", required_argument, NULL, 'g' },
	{ "results", required_argument, NULL, 'R' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void set_option(int c)
{
	switch (c) {
	case 's':
		opt.secret = optarg;
		break;
	case 'p':
		opt.policy = parse("policy", optarg, UINT32_MAX);
		break;
	case 'n':
		opt.session = false;
		break;
	case 'c':
		opt.ca = optarg;
		break;
	case 'm':
		opt.memory = parse("memory", optarg, 1 << 20) << 20;
		break;
	case 't':
		opt.typed = true;
		break;
	case 'l':
		opt.legacy = true;
		break;
	case 'd':
		if (strcmp(optarg, "sev") && strcmp(optarg, "vm"))
			usage_error();
		opt.by_dev = !strcmp(optarg, "sev");
		break;
	case 'r':
		opt.run = false;
		break;
	case 'S':
		opt.snp = true;
		break;
	case 'g':
		opt.guest = optarg;
		break;
	case 'R':
		opt.results = optarg;
		break;
	case 'q':
		opt.quiet = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		usage_error();
	}
}

static int result(void)
{
	if (!may_run()) {
		if (!opt.quiet)
			puts("launched, not run");
		return 0;
	}
	printf(opt.quiet ? "%s\n" : "the guest has printed: %s\n", output);
	if (strcmp(output, opt.secret)) {
		fputs("sev-vmm: that is not the secret\n", stderr);
		return 1;
	}
	return 0;
}

/* The guest's program is where this one is. */
static const char *guest_file(const char *self)
{
	static char path[4096];
	const char *slash = strrchr(self, '/');

	if (opt.guest)
		return opt.guest;
	snprintf(path, sizeof(path), "%.*ssev-guest.bin", slash ? (int)(slash + 1 - self) : 0,
		 self);
	return path;
}

static int launch_snp(const char *self)
{
	const struct snp_options snp = {
		.guest = guest_file(self), .ca = opt.ca, .results = opt.results,
		.quiet = opt.quiet,
	};

	return snp_main(&snp);
}

int main(int argc, char **argv)
{
	struct launch l;
	int c, ret;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(c);
	if (optind < argc || !opt.memory || strlen(opt.secret) >= VM_DATA_SIZE)
		usage_error();
	if (opt.snp && !opt.ca)
		usage_error();
	if (opt.snp)
		return launch_snp(argv[0]);

	ret = launch_open(&l, opt.legacy ? &launch_legacy : &launch_fw, opt.policy);
	l.by_dev = opt.by_dev;
	l.typed = opt.typed;
	if (ret)
		fprintf(stderr, "sev-vmm: /dev/sev: %s\n", strerror(-ret));
	else
		ret = launch(&l);
	launch_close(&l);
	return ret ? 1 : result();
}
