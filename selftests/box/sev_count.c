// SPDX-License-Identifier: GPL-2.0
/*
 * sev_count FILE COMMAND...: runs a command in the box, and writes to FILE what that has
 * cost, on whatever driver: firmware commands, as the software PSP counts them, and changes
 * of the reverse map table, as the simulated processor does. A line is a name and a number.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sevfw/sevfw.h>

#include "bar.h"
#include "common.h"
#include "host.h"
#include "snp.h"

#define IDS	256

struct counts {
	uint32_t command[IDS];
	long updates;		/* RMPUPDATE */
	long smashes;		/* PSMASH */
};

static void count(struct counts *counts)
{
	for (uint32_t id = 0; id < IDS; id++)
		counts->command[id] = host_counter(SWPSP_BAR_COUNT(id));
	counts->updates = snp_stat("updates");
	counts->smashes = snp_stat("smashes");
}

#define COMMAND(id, name, ...)	\
	[id] = name,

static const char * const names[IDS] = {
#include "commands.h"
};

static int write_counts(const char *path, const struct counts *before, const struct counts *after)
{
	FILE *out = fopen(path, "w");
	uint32_t total = 0;

	if (!out)
		return -errno;
	for (uint32_t id = 0; id < IDS; id++)
		total += after->command[id] - before->command[id];
	fprintf(out, "commands %u\nRMPUPDATE %ld\nPSMASH %ld\n", total,
		after->updates - before->updates, after->smashes - before->smashes);
	for (uint32_t id = 0; id < IDS; id++) {
		uint32_t n = after->command[id] - before->command[id];

		if (n && names[id])
			fprintf(out, "%s %u\n", names[id], n);
		else if (n)
			fprintf(out, "command_0x%02x %u\n", id, n);
	}
	return fclose(out) ? -EIO : 0;
}

/* The exit status that a shell would have. */
static int run(char **argv)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(*argv, argv);
		fprintf(stderr, "sev_count: %s: %s\n", *argv, strerror(errno));
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("sev_count");
		return 126;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static struct counts before, after;
	int status, ret;

	if (argc < 3 || !host_swpsp()) {
		fprintf(stderr, argc < 3 ? "Usage: sev_count FILE COMMAND [ARGUMENT]...\n" :
			"sev_count: this is no box, so that nothing is counted\n");
		return 125;
	}
	count(&before);
	status = run(argv + 2);
	count(&after);
	ret = write_counts(argv[1], &before, &after);
	if (!ret)
		return status;
	fprintf(stderr, "sev_count: %s: %s\n", argv[1], strerror(-ret));
	return 125;
}
