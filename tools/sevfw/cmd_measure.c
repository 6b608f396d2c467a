// SPDX-License-Identifier: GPL-2.0
/*
 * measure: the launch digest that a guest must have, from the files that its VMM is given.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include <sevfw/measure.h>

#include "facts.h"
#include "files.h"

#define CPU_SIGNATURE	0x800f12	/* QEMU's model EPYC */

enum mode { MODE_SEV, MODE_ES, MODE_SNP, MODES };

static const char * const modes[] = { "sev", "es", "snp", NULL };
static const char * const vmms[] = { "qemu", "ec2", "gce", NULL };

/* Index of an option's value in a list of names. */
static int choice(const struct args *args, const char *name, const char * const *names)
{
	const char *text = option(args, name);
	char all[64] = "";

	for (int i = 0; names[i]; i++) {
		if (!text || !strcmp(names[i], text))
			return i;
		strcat(strcat(all, i ? ", " : ""), names[i]);
	}
	fail(EXIT_USAGE, "--%s=%s: must be one of %s", name, text, all);
}

static void hash(const void *data, size_t len, uint8_t *out)
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
		fail(EXIT_NO, "libcrypto failed");
}

/* The file is optional: without a @path, the hash is that of an empty file. */
static void hash_file(const char *path, uint8_t *out)
{
	struct blob blob = { NULL, 0 };

	if (path)
		blob = blob_read(path);
	hash(blob.data ? (void *)blob.data : "", blob.len, out);
	blob_free(&blob);
}

static int measure_act(const struct args *args)
{
	enum mode mode = choice(args, "mode", modes);
	const char *line = option(args, "append");
	struct blob firmware = blob_read(args->word[0]);
	struct json_object *facts = facts_new();
	uint8_t ld[MEASURE_SHA384];
	struct measure m = {
		.firmware = firmware.data, .firmware_len = firmware.len,
		.kernel = option(args, "kernel"),
		.vcpus = option_number(args, "vcpus", MEASURE_VCPUS_MAX, 1),
		.cpu_signature = option_number(args, "cpu-signature", UINT32_MAX, CPU_SIGNATURE),
		.features = option_number(args, "features", UINT64_MAX, mode == MODE_SNP),
		.init2 = option(args, "init2"),
		.vmm = choice(args, "vmm", vmms),
	};
	enum owner_result ret;

	if (m.init2 && mode != MODE_ES)
		fail(EXIT_USAGE, "measure: --init2 goes with --mode=es only");
	if (!m.kernel && (line || option(args, "initrd")))
		fail(EXIT_USAGE, "measure: --initrd and --append need --kernel");
	hash_file(option(args, "kernel"), m.kernel_hash);
	hash_file(option(args, "initrd"), m.initrd_hash);
	hash(line ? line : "", line ? strlen(line) + 1 : 1, m.line_hash);
	ret = mode == MODE_SNP ? measure_snp(&m, ld) : measure_sev(&m, mode == MODE_ES, ld);
	if (ret == OWNER_FORMAT)
		fail(EXIT_NO, "%s: its table of GUIDs does not say what this kind of launch "
			"needs; is "
		     "it an OVMF with support for it?", args->word[0]);
	if (ret)
		fail(EXIT_NO, "%s: %s", args->word[0], owner_strerror(ret));
	facts_text(facts, "mode", modes[mode]);
	facts_hex(facts, "digest", ld, mode == MODE_SNP ? MEASURE_SHA384 : MEASURE_SHA256);
	facts_print(facts, args->json);
	return 0;
}

static const struct option_row measure_options[] = {
	{ "mode", "MODE", "sev (default), es or snp" },
	{ "kernel", "FILE", "the VMM loads this kernel (kernel-hashes=on)" },
	{ "initrd", "FILE", "and this initrd" },
	{ "append", "TEXT", "with this command line" },
	{ "vcpus", "N", "number of vCPUs (1); not measured for sev" },
	{ "cpu-signature", "N", "family, model, stepping as CPUID has them (0x800f12)" },
	{ "features", "N", "SEV features in the save area (snp: 1, es: 0)" },
	{ "init2", NULL, "es: the VM is made by KVM_SEV_INIT2 (QEMU: legacy-vm-type=off)" },
	{ "vmm", "VMM", "qemu (default), ec2 or gce: each sets up vCPUs in its own way" },
	{ NULL, NULL, NULL }
};

static const struct key_row measure_keys[] = {
	{ "mode", "text", "sev, es or snp" },
	{ "digest", "text", "in hexadecimal digits: SHA-256; for snp SHA-384" },
	{ NULL, NULL, NULL }
};

const struct subcommand measure_sub = {
	.name = "measure",
	.args = "FIRMWARE",
	.brief = "the launch digest that a guest must have",
	.text = "Computes the launch digest of a guest whose firmware is the image FIRMWARE, "
		"from the "
		"same files that the VMM is given. For SNP, it is the measurement in the guest's "
		"report; for SEV and SEV-ES \"sevfw verify measurement\" compares it with what "
		"LAUNCH_MEASURE has delivered. --vcpus=0 measures the firmware alone.\n\n"
		"KVM leaves the FPU out of the save areas of a SEV-ES guest that is made by "
		"KVM_SEV_ES_INIT, and puts it in if KVM_SEV_INIT2 makes it, with the type "
		"KVM_X86_SEV_ES_VM (Linux 6.10; QEMU 9.1 with legacy-vm-type=off). The digests "
		"differ: --init2 is for the latter.",
	.keys = measure_keys,
	.example = "  sevfw measure OVMF_CODE.fd\n"
		   "  sevfw measure --mode=snp --vcpus=4 --kernel=vmlinuz --initrd=initrd.img \\\n"
		   "      --append='console=ttyS0' OVMF.amdsev.fd\n"
		   "  sevfw measure --mode=es --vcpus=2 OVMF.fd",
	.options = measure_options,
	.least = 1,
	.most = 1,
	.act = measure_act,
};
