// SPDX-License-Identifier: GPL-2.0
/*
 * Brings trouble on the host in the box, and runs a command meanwhile: what does a program
 * say, and what can a person find out, when a launch must fail?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sevfw/launch.h>
#include <sevfw/oca.h>
#include <sevfw/platform.h>

#include "common.h"
#include "control.h"
#include "guest.h"

#define TIMEOUT_FILE	"/sys/module/psp_sev/parameters/psp_timeout"
#define GUESTS_MAX	1024		/* more than there are ASIDs */
#define RAM		(2 << 20)

static int open_platform(struct platform *p)
{
	*p = (struct platform){ .fd = open("/dev/sev", O_RDWR | O_CLOEXEC) };
	return p->fd < 0 ? -errno : 0;
}

/* Guests, one after the other, until KVM has no ASID for one more. They live on. */
static int fill_pool(uint32_t policy)
{
	static struct launch guests[GUESTS_MAX];
	static int n;
	int ret = 0;

	while (!ret && n < GUESTS_MAX) {
		ret = guest_new(&guests[n], policy, false, RAM);
		if (!ret)
			ret = launch_start(&guests[n]);
		n++;
	}
	return ret == -EBUSY ? 0 : ret;
}

static int use_up_asids(void)
{
	return fill_pool(0);
}

static int use_up_es_asids(void)
{
	return fill_pool(OWNER_POLICY_ES);
}

/* Somebody takes the platform, in the time between the export of its keys and a launch. */
static int give_away(void)
{
	struct sev_cert pek;
	uint32_t len = sizeof(pek);
	struct platform p;
	struct oca oca;
	int ret = open_platform(&p);

	if (ret)
		return ret;
	if (oca_make(&oca))
		return -EIO;
	ret = platform_pek_csr(&p, &pek, &len);
	if (!ret && oca_sign(&oca, &pek))
		ret = -EIO;
	if (!ret)
		ret = platform_pek_cert_import(&p, &pek, sizeof(pek), &oca.cert, sizeof(oca.cert));
	oca_free(&oca);
	close(p.fd);
	return ret;
}

/* The firmware never answers again, and the driver has found that out. */
static int kill_psp(void)
{
	struct sev_fw_platform_status status;
	struct platform p;
	int ret = open_platform(&p);

	if (!ret)
		ret = control_write(TIMEOUT_FILE, "1");
	if (!ret)
		ret = fault_arm(&(struct fault){ .kind = SWPSP_FAULT_HANG });
	if (ret)
		return ret;
	ret = platform_status(&p, &status);
	close(p.fd);
	return ret == -ETIMEDOUT ? 0 : -EIO;
}

/* The next LAUNCH_START is refused. */
static int refuse_start(void)
{
	return fault_refuse(SEV_FW_LAUNCH_START, 0, SEV_FW_STATUS_RESOURCE_LIMIT);
}

static const struct {
	const char *name;
	int (*bring)(void);
} troubles[] = {
	{ "asids", use_up_asids },
	{ "es-asids", use_up_es_asids },
	{ "owner", give_away },
	{ "dead", kill_psp },
	{ "refused", refuse_start },
};

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		fprintf(stderr, "sev_trouble: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < ARRAY_SIZE(troubles); i++) {
		int ret;

		if (strcmp(troubles[i].name, argv[1]))
			continue;
		ret = troubles[i].bring();
		if (!ret)
			return run(argv + 2);
		fprintf(stderr, "sev_trouble: %s: %s\n", argv[1], strerror(-ret));
		return 126;
	}
	fprintf(stderr,
		"Usage: sev_trouble asids|es-asids|owner|dead|refused COMMAND [ARGUMENT...]\n\n"
		"Runs COMMAND on a host in the box whose ASIDs are in use until it has ended, whose\n"
		"platform has got another owner, whose firmware never answers again, or whose\n"
		"firmware refuses the next LAUNCH_START. Exit code: that of COMMAND; 126 if the\n"
		"trouble could not be made.\n");
	return 2;
}
