// SPDX-License-Identifier: GPL-2.0
/*
 * The platform of SNP: config, commit, vlek. All work on the stock driver, too, since Linux
 * 6.11.
 */
#include <errno.h>
#include <unistd.h>

#include <sevfw/platform.h>

#include "files.h"
#include "host.h"

#define MASK_CHIP_ID	0x1
#define MASK_CHIP_KEY	0x2

static struct platform snp_open(void)
{
	struct host host;

	host_find(&host);
	return (struct platform){
		.fd = host_open(true), .legacy = host.driver != DRIVER_OURS,
	};
}

/* End the program if a command has failed; the stock driver says EINVAL if it is too old. */
static int snp_end(const struct platform *p, const char *command, int ret)
{
	close(p->fd);
	if (!ret)
		return 0;
	if (p->legacy && ret == -EINVAL && p->status == SEV_FW_NO_CALL)
		warn("is this a host for SNP, and has its kernel that ioctl? Linux 6.11 has");
	return host_refused(command, ret, p->status);
}

/* ---- config ---- */

static int config_act(const struct args *args)
{
	uint64_t tcb = option_number(args, "reported-tcb", UINT64_MAX, 0);
	uint32_t flags = (option(args, "mask-chip-id") ? MASK_CHIP_ID : 0) |
			 (option(args, "mask-chip-key") ? MASK_CHIP_KEY : 0);
	struct platform p = snp_open();

	return snp_end(&p, "SNP_CONFIG", platform_snp_config(&p, tcb, flags));
}

static const struct option_row config_options[] = {
	{ "reported-tcb", "N", "security versions that reports are signed for (0: the committed)" },
	{ "mask-chip-id", NULL, "reports do not name the chip" },
	{ "mask-chip-key", NULL, "the chip's own key, VCEK, signs no reports" },
	{ NULL, NULL, NULL }
};

const struct subcommand config_sub = {
	.name = "config",
	.args = "",
	.brief = "SNP: what reports say of the platform",
	.text = "Issues SNP_CONFIG. It sets everything at once: what is not given is reset to its "
		"default. The reported TCB must not be above the committed one. Guests that run "
		"see it in their next report. \"sevfw status --snp\" shows the result.",
	.example = "  sevfw config --mask-chip-id\n  sevfw config    # the defaults",
	.options = config_options,
	.act = config_act,
};

/* ---- commit ---- */

static int commit_act(const struct args *args)
{
	struct platform p = snp_open();

	confirm(args, "Older firmware will never run on this machine again. Go on?");
	return snp_end(&p, "SNP_COMMIT", platform_snp_commit(&p));
}

static const struct option_row commit_options[] = {
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

const struct subcommand commit_sub = {
	.name = "commit",
	.args = "",
	.brief = "SNP: never go back behind the firmware that runs",
	.text = "Issues SNP_COMMIT: the firmware that runs becomes the oldest one that this "
		"machine accepts, for ever. Asks first. Needs CAP_SYS_ADMIN.",
	.example = "  sevfw commit --yes",
	.options = commit_options,
	.act = commit_act,
};

/* ---- vlek ---- */

static int vlek_act(const struct args *args)
{
	struct blob blob = blob_read(args->word[0]);
	struct platform p;

	if (blob.len != SEV_FW_SNP_VLEK_SIZE)
		fail(EXIT_USAGE, "%s: %zu bytes; a wrapped VLEK has %d", args->word[0], blob.len,
		     SEV_FW_SNP_VLEK_SIZE);
	p = snp_open();
	return snp_end(&p, "SNP_VLEK_LOAD", platform_snp_vlek_load(&p, blob.data));
}

const struct subcommand vlek_sub = {
	.name = "vlek",
	.args = "FILE",
	.brief = "SNP: load the key that the vendor gave to this cloud",
	.text = "Issues SNP_VLEK_LOAD with the wrapped VLEK hashstick in FILE, 432 bytes, which "
		"comes from the vendor and is for this chip. It is gone at the next reset.",
	.example = "  sevfw vlek vlek-hashstick.bin",
	.least = 1,
	.most = 1,
	.act = vlek_act,
};
