// SPDX-License-Identifier: GPL-2.0
/*
 * "sevfw launch --snp": launch an SNP guest, by pass-through or by the ioctls that KVM has of
 * its own, run it, and judge as its owner the attestation report that it hands out.
 *
 * The owner trusts the vendor's root key (ARK), and what the files of the guest say it must
 * measure. Everything else is shown: the chain to the chip's key, the signature of the report,
 * its TCB, and in it the owner's nonce, the measurement, and the policy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kvm.h>
#include <openssl/rand.h>

#include <sevfw/snp_launch.h>
#include <sevfw/sevfw.h>
#include <sevfw/snp_report.h>

#include "../guest/guest.h"
#include "../guest/linux.h"
#include "../sevfw/files.h"
#include "linux.h"
#include "vmm.h"

#define FILE_MAX	0x10000

/* An entry of a table of certificates; one of zeros is behind the last. */
#define CERTS_ENTRY	24

/* Of later headers: KVM_RUN fails with EFAULT; flags, then the address. */
#define EXIT_MEMORY_FAULT	39
#define MEMORY_FAULT_PRIVATE	(1 << 3)

struct snp_run {
	const struct vmm_options *opt;
	struct snp_launch l;
	size_t pages;			/* of the guest's program */
	struct linux_guest linux_guest;
	uint8_t nonce[64];
	struct snp_report report;
	char output[4096];
	const char *refused;		/* by the owner */
};

static int read_file(const char *dir, const char *name, uint8_t *data, size_t room, size_t *len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	f = fopen(path, "rb");
	if (!f)
		return -errno;
	*len = fread(data, 1, room, f);
	fclose(f);
	return *len && *len < room ? 0 : -EFBIG;
}

/* ---- steps of the host ---- */

/* Opening a launch chooses KVM's own ioctls. */
static void choose_ioctls(struct snp_run *r)
{
	if (!r->opt->legacy)
		r->l.ops = &snp_launch_pass;
	r->l.by_dev = r->opt->by_dev;
}

static int create_vm(struct snp_run *r)
{
	int ret = snp_launch_open(&r->l, GUEST_RAM);

	choose_ioctls(r);
	return ret;
}

/* CPUID of the vCPU, and the start of the table that the guest may trust. */
static int set_cpuid(struct snp_run *r)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[100];
	} cpuid = { .head.nent = 100 };
	uint32_t *table = (uint32_t *)(r->l.vm.memory + CPUID_PAGE);

	if (ioctl(r->l.vm.kvm_fd, KVM_GET_SUPPORTED_CPUID, &cpuid) ||
	    ioctl(r->l.vm.vcpu_fd, KVM_SET_CPUID2, &cpuid))
		return -errno;
	table[0] = 1;		/* one function: leaf 0x80000000, empty */
	table[4] = 0x80000000;
	return 0;
}

static int load_guest(struct snp_run *r)
{
	size_t len;
	int ret = read_file("", r->opt->guest, r->l.vm.memory + GUEST_ENTRY,
			    GUEST_IMAGE_END - GUEST_ENTRY, &len);

	r->pages = (len + SNP_PAGE_BYTES - 1) / SNP_PAGE_BYTES;
	return ret ? ret : set_cpuid(r);
}

static int start(struct snp_run *r)
{
	return snp_launch_start(&r->l, SNP_POLICY_PLAIN);
}

static int update_program(struct snp_run *r)
{
	return snp_launch_update(&r->l, SNP_PAGE_NORMAL, GUEST_ENTRY, r->pages);
}

static int update_secrets(struct snp_run *r)
{
	return snp_launch_update(&r->l, SNP_PAGE_SECRETS, SECRETS_PAGE, 1);
}

static int update_cpuid(struct snp_run *r)
{
	return snp_launch_update(&r->l, SNP_PAGE_CPUID, CPUID_PAGE, 1);
}

static int finish(struct snp_run *r)
{
	return snp_launch_finish(&r->l, NULL);
}

static uint64_t *mailbox_word(struct snp_run *r, unsigned int at)
{
	return (uint64_t *)(r->l.vm.memory + MAILBOX_PAGE + at);
}

/* The owner's nonce travels by the host, which can only spoil it. */
static int send_nonce(struct snp_run *r)
{
	if (RAND_bytes(r->nonce, sizeof(r->nonce)) != 1)
		return -ENOMEM;
	memcpy(r->l.vm.memory + MAILBOX_PAGE + MAILBOX_NONCE, r->nonce, sizeof(r->nonce));
	*mailbox_word(r, MAILBOX_CERTS_WANTED) = r->opt->certificates;
	*mailbox_word(r, MAILBOX_CERTS_AT) = CERTS_FIRST;
	*mailbox_word(r, MAILBOX_CERTS_ROOM) = CERTS_PAGES;
	/* an empty table must be somebody's answer */
	memset(r->l.vm.memory + CERTS_FIRST, 0xff, CERTS_ENTRY);
	return 0;
}

static int run(struct snp_run *r)
{
	int ret = vm_run(&r->l.vm, r->output, sizeof(r->output));

	memcpy(&r->report, r->l.vm.memory + MAILBOX_PAGE + MAILBOX_REPORT, sizeof(r->report));
	return ret;
}

/* ---- steps of the host, for a Linux guest ---- */

static int create_linux_vm(struct snp_run *r)
{
	int ret = snp_launch_create(&r->l, LINUX_RAM);

	choose_ioctls(r);
	r->linux_guest = (struct linux_guest){
		.vm = &r->l.vm, .kind = LINUX_SNP, .cpus = 1, .verbose = r->opt->console,
		.inbox = r->nonce, .inbox_len = sizeof(r->nonce),
		.outbox = (uint8_t *)&r->report, .outbox_room = sizeof(r->report),
	};
	r->l.more_vcpus = r->opt->cpus - 1;
	if (!ret)
		ret = vm_add_interrupts(&r->l.vm);
	if (!ret)
		ret = vm_add_vcpu(&r->l.vm);
	return ret ? ret : linux_add_cpus(&r->linux_guest, r->opt->cpus);
}

static int load_linux(struct snp_run *r)
{
	const struct linux_files files = {
		.loader = r->opt->guest, .kernel = r->opt->kernel, .initrd = r->opt->initrd,
		.append = r->opt->append,
	};

	return linux_load(&r->linux_guest, &files);
}

static int update_linux(struct snp_run *r)
{
	int ret = 0;

	for (size_t i = 0; i < LINUX_LAUNCHED && !ret; i++) {
		const struct linux_range *range = &r->linux_guest.launched[i];

		ret = snp_launch_update(&r->l, SNP_PAGE_NORMAL, range->begin,
					(range->end - range->begin) / SNP_PAGE_BYTES);
	}
	return ret;
}

static int update_linux_secrets(struct snp_run *r)
{
	return snp_launch_update(&r->l, SNP_PAGE_SECRETS, LINUX_SECRETS, 1);
}

/* The firmware knows the processor better than KVM does, and its corrections are taken. */
static int update_linux_cpuid(struct snp_run *r)
{
	uint8_t *table = r->l.vm.memory + LINUX_CPUID, before[SNP_PAGE_BYTES];
	int ret;

	memcpy(before, table, sizeof(before));
	ret = snp_launch_update(&r->l, SNP_PAGE_CPUID, LINUX_CPUID, 1);
	if (ret == -EIO && linux_cpuid_corrected(before, table))
		ret = snp_launch_update(&r->l, SNP_PAGE_CPUID, LINUX_CPUID, 1);
	return ret;
}

static int make_nonce(struct snp_run *r)
{
	return RAND_bytes(r->nonce, sizeof(r->nonce)) == 1 ? 0 : -ENOMEM;
}

static int run_linux(struct snp_run *r)
{
	return linux_run(&r->linux_guest);
}

/* ---- the owner ---- */

static int refuse(struct snp_run *r, const char *why)
{
	r->refused = why;
	return -EKEYREJECTED;
}

/* Certificates that the vendor's server offers for this chip; the ARK is the owner's own. */
static int verify_signature(struct snp_run *r)
{
	static uint8_t leaf[FILE_MAX], chain[2 * FILE_MAX];
	uint8_t ark[SNP_DIGEST_BYTES];
	size_t leaf_len, ask_len, ark_len;
	int ret;

	ret = read_file(r->opt->ca, "vcek.der", leaf, sizeof(leaf), &leaf_len);
	if (!ret)
		ret = read_file(r->opt->ca, "ask.pem", chain, FILE_MAX, &ask_len);
	if (!ret)
		ret = read_file(r->opt->ca, "ark.pem", chain + ask_len, FILE_MAX, &ark_len);
	if (ret)
		return ret;
	if (snp_leaf_verify(leaf, leaf_len, chain, ask_len + ark_len, time(NULL), ark))
		return refuse(r, "the vendor's certificates do not make a chain");
	if (snp_report_verify(&r->report, leaf, leaf_len))
		return refuse(r, "this chip's key, at this TCB, has not signed the report");
	return 0;
}

static int verify_content(struct snp_run *r)
{
	const struct snp_report *report = &r->report;
	int ret = snp_launch_expect_vcpu(&r->l);

	if (ret)
		return ret;
	if (memcmp(report->report_data, r->nonce, sizeof(r->nonce)))
		return refuse(r, "the report is not an answer to this nonce");
	if (memcmp(report->measurement, r->l.digest, sizeof(r->l.digest)))
		return refuse(r, "the guest is another one than was to be launched");
	if (report->policy != SNP_POLICY_PLAIN || report->vmpl)
		return refuse(r, "the guest has another policy, or the report another VMPL");
	if (report->reported_tcb != report->launch_tcb ||
	    report->committed_tcb != report->current_tcb)
		return refuse(r, "the firmware can be rolled back behind what is reported");
	return 0;
}

/* Certificates are a convenience: an owner who has none of the host's has the vendor's own. */
static void tell_certificates(struct snp_run *r)
{
	static const uint8_t none[CERTS_ENTRY];
	const uint64_t error = *mailbox_word(r, MAILBOX_CERTS_ERROR);

	if (*mailbox_word(r, MAILBOX_CERTS_REFUSED))
		printf("the host does not hand out certificates, error %#llx\n",
		       (unsigned long long)error);
	else if (error)
		printf("the host's certificates need %llu pages, or it has failed: %#llx\n",
		       (unsigned long long)*mailbox_word(r, MAILBOX_CERTS_NEEDED),
		       (unsigned long long)error);
	else if (!memcmp(r->l.vm.memory + CERTS_FIRST, none, sizeof(none)))
		puts("the host has no certificates for the guest");
	else
		puts("the host has handed out certificates to the guest");
}

/* For whoever wants to judge once more. */
static int write_results(struct snp_run *r)
{
	const char *dir = r->opt->results;

	if (!dir)
		return 0;
	blob_write(blob_join(dir, "report.bin"), &r->report, sizeof(r->report), false);
	blob_write(blob_join(dir, "nonce.bin"), r->nonce, sizeof(r->nonce), false);
	return 0;
}

struct step {
	const char *name;
	int (*act)(struct snp_run *r);
};

static const struct step small_steps[] = {
	{ "host: create the VM",		create_vm },
	{ "host: load the guest",		load_guest },
	{ "guest: SNP_LAUNCH_START",		start },
	{ "guest: SNP_LAUNCH_UPDATE program",	update_program },
	{ "guest: SNP_LAUNCH_UPDATE secrets",	update_secrets },
	{ "guest: SNP_LAUNCH_UPDATE CPUID",	update_cpuid },
	{ "guest: SNP_LAUNCH_FINISH",		finish },
	{ "owner: send a nonce",		send_nonce },
	{ "guest: run",				run },
	{ "owner: verify the signature",	verify_signature },
	{ "owner: verify what the report says",	verify_content },
	{ "host: write the results",		write_results },
	{ NULL, NULL }
};

static const struct step linux_steps[] = {
	{ "host: create the VM",		create_linux_vm },
	{ "host: load Linux",			load_linux },
	{ "guest: SNP_LAUNCH_START",		start },
	{ "guest: SNP_LAUNCH_UPDATE Linux",	update_linux },
	{ "guest: SNP_LAUNCH_UPDATE secrets",	update_linux_secrets },
	{ "guest: SNP_LAUNCH_UPDATE CPUID",	update_linux_cpuid },
	{ "guest: SNP_LAUNCH_FINISH",		finish },
	{ "owner: send a nonce",		make_nonce },
	{ "guest: run",				run_linux },
	{ "owner: verify the signature",	verify_signature },
	{ "owner: verify what the report says",	verify_content },
	{ "host: write the results",		write_results },
	{ NULL, NULL }
};

static void take_failure(struct vmm_failure *failure, const struct snp_run *r,
			 const struct step *step, int ret)
{
	const struct kvm_run *run = r->l.vm.run;
	const size_t size = sizeof(failure->why);

	*failure = (struct vmm_failure){
		.step = step->name, .error = -ret,
		.status = ret == -EIO ? r->l.status : SEV_FW_NO_CALL,
	};
	if (r->refused)
		snprintf(failure->why, size, "%s", r->refused);
	else if (linux_error(ret))
		snprintf(failure->why, size, "%s", linux_error(ret));
	else if (ret == -ENOEXEC && run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
		snprintf(failure->why, size, "the guest has ended itself: %#llx",
			 (unsigned long long)run->system_event.data[0]);
	else if (ret == -ENOEXEC)
		snprintf(failure->why, size, "KVM exit %u", run->exit_reason);
	else if (ret == -EFAULT && run && run->exit_reason == EXIT_MEMORY_FAULT)
		snprintf(failure->why, size, "the guest accesses %#llx as %s memory",
			 (unsigned long long)((const uint64_t *)run->padding)[1],
			 ((const uint64_t *)run->padding)[0] & MEMORY_FAULT_PRIVATE ?
				"private" : "shared");
	else if (ret == -EOPNOTSUPP && !r->opt->legacy)
		snprintf(failure->why, size,
			 "this kernel keeps private memory from pass-through; try --legacy");
	else if (ret == -EIO)
		snprintf(failure->why, size, "firmware: %s, %s", sev_status_text(r->l.status),
			 sev_status_meaning(r->l.status));
	else
		snprintf(failure->why, size, "%s", strerror(-ret));
}

int vmm_launch_snp(const struct vmm_options *opt, struct vmm_failure *failure)
{
	const struct step *step = opt->kernel ? linux_steps : small_steps;
	static struct snp_run r;
	int ret = 0;

	r.opt = opt;
	if (!opt->quiet)
		printf("SNP guest, launched by %s\n",
		       opt->legacy ? "KVM's own ioctls" : "pass-through");
	for (; step->name && !ret; step++) {
		double begin = vmm_time_us();

		ret = step->act(&r);
		if (ret)
			take_failure(failure, &r, step, ret);
		else if (!opt->quiet)
			printf("%-36s %10.1f us\n", step->name, vmm_time_us() - begin);
		fflush(stdout);
	}
	if (!ret && !opt->quiet && !opt->kernel)
		puts("the guest has printed:");
	print_harmless(r.output, 0);
	if (!ret && opt->certificates && !opt->kernel)
		tell_certificates(&r);
	if (!ret)
		puts("owner: the report is good");
	linux_drop_cpus(&r.linux_guest);
	snp_launch_close(&r.l);
	return ret;
}
