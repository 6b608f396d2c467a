// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of the platform at work: export, csr, import, reset, firmware. All but the
 * last work on the stock driver, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sevfw/cert.h>
#include <sevfw/platform.h>

#include "files.h"
#include "host.h"

#define CSR_MAX		0x4000	/* the stock driver takes no more */
#define IMAGE_MAX	(1u << 20)

static struct platform platform_open(bool writable)
{
	struct host host;

	host_find(&host);
	return (struct platform){
		.fd = host_open(writable), .legacy = host.driver != DRIVER_OURS,
	};
}

/* End the program if a command has failed. */
static void insist(const struct platform *p, const char *command, int ret)
{
	if (ret)
		exit(host_refused(command, ret, p->status));
	answered(command, EXIT_UNSAVED);
}

/* ---- export ---- */

static void save(const char *dir, const char *name, const void *data, size_t len)
{
	blob_write(blob_join(dir, name), data, len, false);
}

static int export_act(const struct args *args)
{
	struct platform p = platform_open(false);
	struct {
		struct sev_cert pdh;
		struct sev_chain chain;
	} all;
	uint32_t pdh_len = sizeof(all.pdh), chain_len = sizeof(all.chain);
	const char *dir = option(args, "dir");

	if (!dir == !args->count)
		fail(EXIT_USAGE, "export: give FILE, or --dir=DIR");
	insist(&p, "PDH_CERT_EXPORT",
	       platform_pdh_cert_export(&p, &all.pdh, &pdh_len, &all.chain, &chain_len));
	if (pdh_len != sizeof(all.pdh) || chain_len != sizeof(all.chain))
		fail(EXIT_NO, "PDH_CERT_EXPORT: certificates of %u and %u bytes, not the %zu and "
		     "%zu that the SEV API has", pdh_len, chain_len, sizeof(all.pdh),
		     sizeof(all.chain));
	if (!dir) {
		blob_write(args->word[0], &all, sizeof(all), false);
		return 0;
	}
	if (mkdir(dir, 0777) && errno != EEXIST)
		fail(EXIT_NO, "%s: %s", dir, strerror(errno));
	save(dir, "pdh.cert", &all.pdh, sizeof(all.pdh));
	save(dir, "cert_chain.cert", &all.chain, sizeof(all.chain));
	save(dir, "pek.cert", &all.chain.pek, sizeof(all.chain.pek));
	save(dir, "oca.cert", &all.chain.oca, sizeof(all.chain.oca));
	save(dir, "cek.cert", &all.chain.cek, sizeof(all.chain.cek));
	return 0;
}

static const struct option_row export_options[] = {
	{ "dir", "DIR", "one file for each certificate, in DIR" },
	{ NULL, NULL, NULL }
};

const struct subcommand export_sub = {
	.name = "export",
	.args = "FILE | --dir=DIR",
	.brief = "save the platform's certificates",
	.text = "Writes the certificates of the platform: into FILE (\"-\": standard output) PDH, "
		"PEK, OCA and CEK one after the other, as sevctl does; or into DIR pdh.cert and "
		"cert_chain.cert (PEK, OCA, CEK), as AMD's sev-tool does, and each of them alone. "
		"The CEK's certificate is that of the chip: the vendor's signature on it comes "
		"from "
		"the vendor.",
	.example = "  sevfw export platform.certs\n  sevfw export --dir=platform",
	.options = export_options,
	.most = 1,
	.act = export_act,
};

/* ---- csr, import ---- */

static int csr_act(const struct args *args)
{
	struct platform p = platform_open(true);
	uint8_t csr[CSR_MAX];
	uint32_t len = sizeof(csr);

	insist(&p, "PEK_CSR", platform_pek_csr(&p, csr, &len));
	blob_write(args->word[0], csr, len < sizeof(csr) ? len : sizeof(csr), false);
	return 0;
}

const struct subcommand csr_sub = {
	.name = "csr",
	.args = "FILE",
	.brief = "save the request to sign the platform's PEK",
	.text = "Writes the certificate signing request of the PEK, in the firmware's own form, to "
		"FILE (\"-\": standard output). An owner signs it; \"sevfw import\" takes the "
		"result.",
	.example = "  sevfw csr pek.csr",
	.least = 1,
	.most = 1,
	.act = csr_act,
};

static int import_act(const struct args *args)
{
	struct blob pek = blob_read(args->word[0]), oca = blob_read(args->word[1]);
	struct platform p;

	if (pek.len != SEV_CERT_SIZE || oca.len != SEV_CERT_SIZE)
		fail(EXIT_USAGE, "import: a certificate in the firmware's form has %d bytes; "
			"\"sevfw "
		     "decode\" tells what the files are", SEV_CERT_SIZE);
	p = platform_open(true);
	confirm(args, "The platform will belong to this owner. Go on?");
	insist(&p, "PEK_CERT_IMPORT",
	       platform_pek_cert_import(&p, pek.data, pek.len, oca.data, oca.len));
	return 0;
}

static const struct option_row yes_options[] = {
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

const struct subcommand import_sub = {
	.name = "import",
	.args = "PEK OCA",
	.brief = "give the platform an owner",
	.text = "Imports the PEK's certificate, signed by an owner, and that owner's certificate "
		"OCA. "
		"Asks first. The platform must own itself and have no guests; \"sevfw reset\" "
		"takes "
		"it back.",
	.example = "  sevfw import pek.cert oca.cert --yes",
	.options = yes_options,
	.least = 2,
	.most = 2,
	.act = import_act,
};

/* ---- reset, firmware ---- */

static int reset_act(const struct args *args)
{
	struct platform p = platform_open(true);

	confirm(args, "The platform's keys and its owner will be gone for good. Go on?");
	insist(&p, "PLATFORM_RESET", platform_reset(&p));
	return 0;
}

const struct subcommand reset_sub = {
	.name = "reset",
	.args = "",
	.brief = "make all keys of the platform new",
	.text = "Factory reset: the platform owns itself again, and has new keys. Asks first. What "
		"was sealed to the old keys is lost. There must be no guests.",
	.example = "  sevfw reset --yes",
	.options = yes_options,
	.act = reset_act,
};

static int firmware_act(const struct args *args)
{
	struct blob image = blob_read(args->word[0]);
	struct sev_fw_download_firmware block = {
		.address = (uintptr_t)image.data, .len = (uint32_t)image.len,
	};
	struct sev_fw_door door;
	uint32_t status;
	int ret;

	if (!image.len || image.len > IMAGE_MAX)
		fail(EXIT_USAGE, "%s: %zu bytes; an image has 1 to %u", args->word[0], image.len,
		     IMAGE_MAX);
	door = sev_fw_door_dev(host_open(true), -1);
	confirm(args, "The firmware will be replaced. Go on?");
	ret = sev_fw_issue(&door, SEV_FW_DOWNLOAD_FIRMWARE, &block, sizeof(block), &status);
	return ret ? host_refused("DOWNLOAD_FIRMWARE", ret, status) : 0;
}

const struct subcommand firmware_sub = {
	.name = "firmware",
	.args = "FILE",
	.brief = "load another firmware",
	.text = "Gives the image in FILE to the PSP, until the next reset of the machine. Asks "
		"first. "
		"Needs psp_sev, CAP_SYS_ADMIN, and a platform without guests. Older images are "
		"accepted, too.",
	.example = "  sevfw firmware amd_sev_fam19h_model0xh.sbin",
	.options = yes_options,
	.least = 1,
	.most = 1,
	.act = firmware_act,
};
