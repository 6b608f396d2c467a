// SPDX-License-Identifier: GPL-2.0
/*
 * sev-migrate: move a running SEV guest from one host to another.
 *
 * The smallest VMM that does that, for reading as much as for running. The calls
 * are in tools/lib/host/migrate.c, the messages in wire.h, the sides in source.c
 * and target.c.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sides.h"

static const char usage[] =
"Usage: sev-migrate send|receive [OPTION]...\n"
"Move a SEV guest, while it runs, from one host to another.\n"
"\n"
"The two talk by standard input and output; connect the one's output to the\n"
"other's input, both ways. What they tell people is on standard error. The guest\n"
"counts, and notices if anything gets lost.\n"
"\n"
"  --vendor=DIR     receive: show the certificates in DIR, cek.cert and\n"
"                   ask_ark.cert, which come from the platform's vendor\n"
"  --policy=N       send: guest policy (default 0x20: only to platforms of the\n"
"                   vendor). Without bit 0 the RAM of both sides is compared\n"
"  --memory=MIB     send: RAM of the guest (default 2)\n"
"  --cancel=PAGES   send: give up after so many pages, let the guest go on, and\n"
"                   begin again\n"
"  --spoil=PACKET   send: change one bit of that packet on its way; firmware of\n"
"                   the target refuses it, and the next attempt does without\n"
"  --door=vm|sev    where pass-through commands go in: the VM's fd (default) or\n"
"                   /dev/sev\n"
"  --help           this text\n"
"\n"
"Exit code: 0 if the guest runs on the target and is what it was, 1 if not, 2 for\n"
"a wrong option.\n";

static unsigned long parse(const char *text, unsigned long max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || !*text || *end || *text == '-' || value > max) {
		say("sev-migrate: %s: not a number up to %#lx", text, max);
		exit(2);
	}
	return value;
}

static void usage_error(void)
{
	fputs("sev-migrate: try --help\n", stderr);
	exit(2);
}

static const struct option long_options[] = {
	{ "vendor", required_argument, NULL, 'v' },
	{ "policy", required_argument, NULL, 'p' },
	{ "memory", required_argument, NULL, 'm' },
	{ "cancel", required_argument, NULL, 'c' },
	{ "spoil", required_argument, NULL, 's' },
	{ "door", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static void set_option(struct options *opt, int c)
{
	switch (c) {
	case 'v':
		opt->vendor = optarg;
		break;
	case 'p':
		opt->policy = parse(optarg, UINT32_MAX);
		break;
	case 'm':
		opt->memory = parse(optarg, 1024) << 20;
		break;
	case 'c':
		opt->cancel = parse(optarg, UINT32_MAX);
		break;
	case 's':
		opt->spoil = parse(optarg, UINT32_MAX);
		break;
	case 'd':
		if (strcmp(optarg, "sev") && strcmp(optarg, "vm"))
			usage_error();
		opt->by_dev = !strcmp(optarg, "sev");
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		usage_error();
	}
}

int main(int argc, char **argv)
{
	struct options opt = { .policy = OWNER_POLICY_SEV, .memory = 2 << 20 };
	bool send;
	int c, ret;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(&opt, c);
	if (optind + 1 != argc || !opt.memory || opt.policy & OWNER_POLICY_ES)
		usage_error();
	send = !strcmp(argv[optind], "send");
	if (!send && strcmp(argv[optind], "receive"))
		usage_error();

	/* a line that is gone is an error like others */
	signal(SIGPIPE, SIG_IGN);
	ret = send ? source(&opt) : target(&opt);
	if (ret)
		say("sev-migrate: %s: %s", argv[optind], strerror(-ret));
	return ret ? 1 : 0;
}
