// SPDX-License-Identifier: GPL-2.0
/*
 * launch, migrate: the command lines of two examples, which are in tools/vmm and in
 * tools/migrate.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/owner.h>
#include <sevfw/snp_report.h>

#include "../guest/linux.h"
#include "../migrate/sides.h"
#include "../vmm/linux.h"
#include "../vmm/vmm.h"
#include "files.h"
#include "host.h"

#define MIB_MAX		(1u << 20)
#define MIB_MOVED	1024	/* the target makes no VM that is larger */

static bool by_dev(const struct args *args)
{
	const char *door = option(args, "door") ?: "vm";

	if (strcmp(door, "vm") && strcmp(door, "sev"))
		fail(EXIT_USAGE, "%s: --door must be vm or sev", args->sub->name);
	return !strcmp(door, "sev");
}

static size_t memory(const struct args *args, uint64_t max)
{
	const size_t bytes = option_number(args, "memory", max, 2) << 20;

	if (!bytes)
		fail(EXIT_USAGE, "%s: --memory must be 1 to %llu MiB", args->sub->name,
		     (unsigned long long)max);
	return bytes;
}

/* A launch that cannot begin ends here, and says why. Return: on the stock driver? */
static bool need_host(const struct args *args, bool pass_through)
{
	struct host host;

	close(host_open(true));
	host_find(&host);
	if (pass_through && host.driver == DRIVER_STOCK)
		fail(EXIT_NO_ACCESS, "%s: the stock driver has no pass-through%s", args->sub->name,
		     args->sub == &launch_sub ? "; --legacy launches by its own ioctls" : "");
	return host.driver == DRIVER_STOCK;
}

/* The exit status of a step that failed. */
static int exit_status(int error, uint32_t status)
{
	if (status != SEV_FW_NO_CALL)
		return status ? EXIT_REFUSED : EXIT_UNSAVED;
	switch (error) {
	case ESHUTDOWN:
	case ETIMEDOUT:
	case ENOTTY:
	case EPERM:
	case EACCES:
		return EXIT_NO_ACCESS;
	default:
		return EXIT_NO;
	}
}

/* ---- launch ---- */

/*
 * The program of the SNP guest, resp. what loads Linux: beside this one in a tree where both
 * have been built, in ../lib/sevfw where they are installed.
 */
static const char *guest_file(const struct args *args)
{
	static const char * const places[][2] = {
		{ "sev-guest.bin", "../lib/sevfw/sev-guest.bin" },
		{ "linux-loader.bin", "../lib/sevfw/linux-loader.bin" },
	};
	const bool is_linux = option(args, "kernel");
	static char path[PATH_MAX + 32];
	const char *given = option(args, "guest");
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	char *name;

	if (given)
		return given;
	path[len > 0 ? len : 0] = '\0';
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	for (size_t i = 0; i < ARRAY_SIZE(places[0]); i++) {
		strcpy(name, places[is_linux][i]);
		if (!access(path, R_OK))
			return path;
	}
	return path;
}

static void load(const char *dir, const char *name, void *data, size_t len)
{
	char path[PATH_MAX + 16];
	struct blob blob;

	snprintf(path, sizeof(path), "@%s/%s", dir, name);
	blob = blob_given(name, path, len);
	memcpy(data, blob.data, len);
	blob_free(&blob);
}

/* The files that "sevfw session" has written into @dir. */
static void load_session(const struct args *args, const char *dir, struct owner_session *session)
{
	uint32_t policy;

	if (option(args, "snp") || option(args, "no-session") || option(args, "policy"))
		fail(EXIT_USAGE, "launch: --owner has session and policy; it goes with none of "
			"--snp, --no-session and --policy");
	load(dir, "policy", &policy, sizeof(policy));
	session->policy = le32toh(policy);
	load(dir, "tik", session->tik, sizeof(session->tik));
	load(dir, "tek", session->tek, sizeof(session->tek));
	load(dir, "dh.b64", &session->dh_cert, sizeof(session->dh_cert));
	load(dir, "session.b64", session->blob, sizeof(session->blob));
	warn_of_trust(dir);
}

/* KVM has no ASID for another guest, and says so by EBUSY only. */
static void advise_asid(enum pool pool)
{
	struct asids pools[POOLS];
	struct host host;
	const char *problem;

	host_find(&host);
	if (host.driver == DRIVER_OURS && host_asids(&host, pools)) {
		problem = host_pool_problem(pools, pool);
		warn("%s", problem ?: "\"sevfw status\" counts guests and free ASIDs");
		return;
	}
	warn("probably no ASID is free for a %s guest: end one; \"sevfw guests\" lists the "
	     "processes that have VMs", pool == POOL_ES ? "SEV-ES" : "SEV");
}

/* Options that do not go together end the program. */
static void check_options(const struct args *args, const struct vmm_options *opt)
{
	const bool snp = option(args, "snp"), linux_snp = snp && opt->kernel;

	if (strlen(opt->secret) >= VM_DATA_SIZE)
		fail(EXIT_USAGE, "launch: the secret may have %u characters", VM_DATA_SIZE - 1);
	if ((opt->line || option(args, "measure")) && !linux_snp)
		fail(EXIT_USAGE, "launch: --line and --measure go with --snp and --kernel");
	if (snp && !opt->ca && !opt->line && !option(args, "measure"))
		fail(EXIT_USAGE, "launch: --snp needs --ca, a directory with vcek.der, ask.pem and "
			"ark.pem");
	if (!opt->kernel != !opt->initrd)
		fail(EXIT_USAGE, "launch: --kernel and --initrd go together");
	if (!opt->cpus || (opt->cpus > 1 && !linux_snp))
		fail(EXIT_USAGE, "launch: --cpus is from 1 to 8, and more than 1 only with --snp "
			"and --kernel");
	if ((snp || opt->kernel) && access(opt->guest, R_OK))
		fail(EXIT_NO, "launch: the guest's program, %s: %s", opt->guest, strerror(errno));
}

/* The digest that the owner of a guest has to expect, on any machine. */
static int measure_launch(const struct vmm_options *opt)
{
	uint8_t digest[SNP_DIGEST_BYTES];
	struct vmm_failure failure;

	if (vmm_measure_snp(opt, digest, &failure))
		fail(EXIT_NO, "launch: %s: %s", failure.step, failure.why);
	for (size_t i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	putchar('\n');
	return 0;
}

/* The exit status, and why. */
static int launch_failed(const struct vmm_failure *failure, enum pool pool)
{
	warn("launch: %s: %s", failure->step, failure->why);
	if (failure->error == EBUSY && failure->status == SEV_FW_NO_CALL)
		advise_asid(pool);
	else
		host_advise(-failure->error, failure->status);
	return exit_status(failure->error, failure->status);
}

static int launch_act(const struct args *args)
{
	struct vmm_options opt = {
		.secret = option(args, "secret") ?: "a secret of the guest's owner",
		.ca = option(args, "ca"),
		.policy = option_number(args, "policy", UINT32_MAX, OWNER_POLICY_CLOSED),
		.memory = memory(args, MIB_MAX),
		.guest = guest_file(args),
		.kernel = option(args, "kernel"),
		.initrd = option(args, "initrd"),
		.append = option(args, "append"),
		.cpus = option_number(args, "cpus", LINUX_CPUS_MAX, 1),
		.limit = option_number(args, "limit", UINT32_MAX / 2, 0),
		.certificates = option(args, "certificates"),
		.results = option(args, "results"),
		.line = option(args, "line"),
		.legacy = option(args, "legacy"),
		.typed = option(args, "typed"),
		.by_dev = by_dev(args),
		.session = !option(args, "no-session"),
		.run = !option(args, "no-run"),
		.all = option(args, "all"),
		.console = option(args, "console"),
		.quiet = option(args, "quiet"),
	};
	const bool snp = option(args, "snp");
	const char *dir = option(args, "owner");
	struct owner_session session;
	struct vmm_failure failure;

	check_options(args, &opt);
	if (dir) {
		load_session(args, dir, &session);
		opt.owner = &session;
		opt.policy = session.policy;
	}
	if (option(args, "measure"))
		return measure_launch(&opt);
	if (need_host(args, !snp && !opt.legacy))
		opt.legacy = true;
	if (!(snp ? vmm_launch_snp : vmm_launch)(&opt, &failure))
		return 0;
	return launch_failed(&failure, snp || opt.policy & OWNER_POLICY_ES ? POOL_ES : POOL_SEV);
}

static const struct option_row launch_options[] = {
	{ "secret", "TEXT", "the secret, up to 4095 characters" },
	{ "policy", "N", "guest policy (0x0b: neither debugging, nor a shared key, nor migration); "
		"with bit 2 a SEV-ES guest" },
	{ "owner", "DIR", "with the session that \"sevfw session\" has made in DIR" },
	{ "no-session", NULL, "no session between owner and firmware" },
	{ "ca", "DIR", "trust the platform only if its vendor's files in DIR say so" },
	{ "memory", "MIB", "RAM of the guest (2)" },
	{ "all", NULL, "encrypt all of it, not only the page with the program" },
	{ "typed", NULL, "make the VM as a SEV guest (KVM_SEV_INIT2, Linux 6.10)" },
	{ "legacy", NULL, "use the ioctls that came before pass-through" },
	{ "door", "vm|sev", "where commands go in: the VM's fd (vm), or /dev/sev" },
	{ "no-run", NULL, "stop after LAUNCH_FINISH" },
	{ "snp", NULL, "an SNP guest (Linux 6.11)" },
	{ "guest", "FILE", "program of that guest (the one that comes with sevfw)" },
	{ "kernel", "FILE", "the guest is this Linux kernel, a bzImage" },
	{ "initrd", "FILE", "and its initrd, with sev-init as /init" },
	{ "append", "TEXT", "and more of its command line" },
	{ "cpus", "N", "and with --snp, how many vCPUs it has, up to 8 (1)" },
	{ "console", NULL, "and print what the kernel writes to its console" },
	{ "limit", "SECONDS", "and the guest must have ended by then, also if its owner has not "
		"answered; if not, it fails, and the end of its console is printed (0: no limit)" },
	{ "certificates", NULL, "the guest asks for certificates with its report" },
	{ "line", "DIR", "and the owner is elsewhere: what they tell each other are files in DIR" },
	{ "measure", NULL, "launch nothing, print the digest that its report must have" },
	{ "results", "DIR", "write its report.bin and nonce.bin to DIR" },
	{ "quiet", NULL, "print no steps: only the guest's output, and of an SNP or Linux guest "
		"the owner's verdict" },
	{ NULL, NULL, NULL }
};

const struct subcommand launch_sub = {
	.name = "launch",
	.args = "",
	.brief = "launch a small guest, verify it, give it a secret: does SEV work here?",
	.text = "Launches a guest of its own, as a VMM and as the guest's owner: verifies the "
		"platform's certificates and the measurement, gives the guest a secret, and the "
		"guest prints it. Each step is printed with its time; a step that fails is named, "
		"with the reason. Nothing stays behind.\n\n"
		"Without a session the measurement and the secret protect nothing. --ca needs "
		"cek.cert and ask_ark.cert, which the vendor publishes. A SEV-ES guest is launched "
		"and not run: this guest has no handler for the exception that port I/O causes.\n\n"
		"With --snp the guest prints what it is, gets a key and an attestation report, and "
		"the report is verified. That needs --ca, with vcek.der, ask.pem and ark.pem; of "
		"the other options those from --guest on, --legacy and --door count then. "
		"--legacy means KVM's own ioctls for SNP; the stock driver has no others.\n\n"
		"--kernel makes Linux the guest, SNP, SEV-ES or SEV: without "
		"guest firmware, with 192 MiB of RAM, a serial port, and the secret as /secret. "
		"The program in its initrd is to be sev-init, which is beside sevfw. To an SNP "
		"guest the secret is sealed while it runs, when its report is good.\n\n"
		"--line is for an owner who does not trust this host: DIR has the owner's nonce.bin, of "
		"64 bytes, before the launch; it receives report.bin and guest.key; then the "
		"host waits for sealed.bin, which \"sevfw seal\" writes at the owner's, or for a file "
		"named refused, for up to 5 minutes. In told.bin the guest says of which secret it has got the SHA-256. \"sevfw launch "
		"--measure\", with the guest's files and with --cpus, --append and --console as in the "
		"launch, works at the owner's, too: the digest depends on these, and on no other.",
	.example = "  sevfw launch\n"
		   "  sevfw launch --legacy --quiet\n"
		   "  sevfw launch --owner=owner\n"
		   "  sevfw launch --snp --ca=/etc/sev/this-chip",
	.options = launch_options,
	.act = launch_act,
};

/* ---- migrate ---- */

static int migrate_act(const struct args *args)
{
	const struct migrate_options opt = {
		.vendor = option(args, "vendor"),
		.policy = option_number(args, "policy", UINT32_MAX, OWNER_POLICY_SEV),
		.memory = option(args, "kernel") ? LINUX_RAM : memory(args, MIB_MOVED),
		.kernel = option(args, "kernel"),
		.initrd = option(args, "initrd"),
		.loader = guest_file(args),
		.pause = option_number(args, "pause", 3600, 0),
		.cancel = option_number(args, "cancel", UINT32_MAX, 0),
		.spoil = option_number(args, "spoil", UINT32_MAX, 0),
		.by_dev = by_dev(args),
	};
	const bool send = !strcmp(args->word[0], "send");
	uint32_t status = SEV_FW_NO_CALL;
	int ret;

	if (!send && strcmp(args->word[0], "receive"))
		fail(EXIT_USAGE, "migrate: \"%s\" is neither send nor receive", args->word[0]);
	if (!opt.kernel != !opt.initrd)
		fail(EXIT_USAGE, "migrate: --kernel and --initrd go together");
	if (opt.policy & OWNER_POLICY_ES && !opt.kernel)
		fail(EXIT_USAGE, "migrate: the small guest cannot run as a SEV-ES guest; that of "
			"--kernel can");
	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))
		fail(EXIT_USAGE, "migrate: standard input and output must be the line to the other "
			"side, no terminal");
	need_host(args, true);
	/* a line that is gone is an error like others */
	signal(SIGPIPE, SIG_IGN);
	wire_open();
	ret = (send ? side_send : side_receive)(&opt, &status);
	if (!ret)
		return 0;
	warn("migrate: %s: %s", args->word[0], strerror(-ret));
	host_advise(ret, status);
	return exit_status(-ret, status);
}

static const struct option_row migrate_options[] = {
	{ "vendor", "DIR", "receive: show the certificates in DIR, cek.cert and ask_ark.cert" },
	{ "policy", "N", "send: guest policy (0x20: only to platforms of the vendor)" },
	{ "memory", "MIB", "send: RAM of the guest (2)" },
	{ "kernel", "FILE", "send: the guest is this Linux kernel, a bzImage" },
	{ "initrd", "FILE", "send: and its initrd, with sev-init as /init" },
	{ "pause", "SECONDS", "send: the guest stands still for so long on its way" },
	{ "cancel", "PAGES", "send: give up after so many pages, go on here, begin again" },
	{ "spoil", "PACKET", "send: change one bit of that packet on its way" },
	{ "door", "vm|sev", "where commands go in: the VM's fd (vm), or /dev/sev" },
	{ NULL, NULL, NULL }
};

const struct subcommand migrate_sub = {
	.name = "migrate",
	.args = "send|receive",
	.brief = "move a small guest, while it runs, from one host to another",
	.text = "The sending side launches a guest that counts, and moves it while it runs; the "
		"receiving side takes it and lets it go on. The guest notices if anything gets "
		"lost. The two talk by standard input and output: connect the one's output to the "
		"other's input, both ways. What they tell people is on standard error.\n\n"
		"With --kernel the guest is Linux, with 192 MiB of RAM. A program there counts, and "
		"tells what time it is, by which the target sees that its clock knows how long it has "
		"stood still. With bit 2 of the policy it is a SEV-ES guest, whose vCPU is sent by "
		"the firmware, too.\n\n"
		"If bit 0 of the policy is not set, the RAM of both sides is compared: the host may "
		"read such a guest. A guest with secrets that shall move needs 0x23, or 0x27 as a "
		"SEV-ES guest. A changed "
		"packet is refused by the target's firmware, and the next attempt does without "
		"the change.",
	.example = "  sevfw migrate send <back | ssh target sevfw migrate receive >back",
	.options = migrate_options,
	.least = 1,
	.most = 1,
	.act = migrate_act,
};
