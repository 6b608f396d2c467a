// SPDX-License-Identifier: GPL-2.0
/*
 * "sevfw launch --snp": launch an SNP guest, by pass-through or by the ioctls that KVM has of
 * its own, run it, and let its owner judge the report that it hands out (snp_judge.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/kvm.h>
#include <openssl/rand.h>

#include <sevfw/sevfw.h>

#include "../guest/guest.h"
#include "../sevfw/files.h"
#include "../sevfw/tool.h"
#include "line.h"
#include "snp.h"

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
	int ret = file_load(r->opt->guest, r->l.vm.memory + GUEST_ENTRY,
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
	const uint8_t *report = r->l.vm.memory + MAILBOX_PAGE + MAILBOX_REPORT;
	int ret = vm_run(&r->l.vm, r->output, sizeof(r->output));

	memcpy(&r->told.report, report, sizeof(r->told.report));
	return ret;
}

/* ---- steps of the host, for a Linux guest ---- */

static void begin_linux(struct snp_run *r)
{
	r->linux_guest = (struct linux_guest){
		.vm = &r->l.vm, .kind = LINUX_SNP, .cpus = 1, .verbose = r->opt->console,
		.limit = r->opt->limit,
		.inbox = r->nonce, .inbox_len = sizeof(r->nonce), .ask = snp_ask_owner,
		.outbox = (uint8_t *)&r->told, .outbox_room = TOLD_BYTES,
	};
	r->l.more_vcpus = r->opt->cpus - 1;
}

static int create_linux_vm(struct snp_run *r)
{
	int ret = snp_launch_create(&r->l, LINUX_RAM);

	choose_ioctls(r);
	begin_linux(r);
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

static int set_vcpus(struct snp_run *r)
{
	return linux_set_vcpus(&r->linux_guest);
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
	if (r->opt->line)
		return line_receive_nonce(r->opt->line, r->nonce, sizeof(r->nonce));
	return RAND_bytes(r->nonce, sizeof(r->nonce)) == 1 ? 0 : -ENOMEM;
}

static int run_linux(struct snp_run *r)
{
	return linux_run(&r->linux_guest);
}

/* So that others can judge once more. */
static int write_results(struct snp_run *r)
{
	const char *dir = r->opt->results;

	if (!dir)
		return 0;
	blob_write(blob_join(dir, "report.bin"), &r->told.report, sizeof(r->told.report), false);
	blob_write(blob_join(dir, "nonce.bin"), r->nonce, sizeof(r->nonce), false);
	return 0;
}

static const struct snp_step small_steps[] = {
	{ "host: create the VM",		create_vm },
	{ "host: load the guest",		load_guest },
	{ "guest: SNP_LAUNCH_START",		start },
	{ "guest: SNP_LAUNCH_UPDATE program",	update_program },
	{ "guest: SNP_LAUNCH_UPDATE secrets",	update_secrets },
	{ "guest: SNP_LAUNCH_UPDATE CPUID",	update_cpuid },
	{ "guest: SNP_LAUNCH_FINISH",		finish },
	{ "owner: send a nonce",		send_nonce },
	{ "guest: run",				run },
	{ "owner: verify the signature",	snp_verify_signature },
	{ "owner: verify what the report says",	snp_verify_content },
	{ "host: write the results",		write_results },
	{ NULL, NULL }
};

static const struct snp_step linux_steps[] = {
	{ "host: create the VM",		create_linux_vm },
	{ "host: load Linux",			load_linux },
	{ "host: set up the vCPUs",		set_vcpus },
	{ "guest: SNP_LAUNCH_START",		start },
	{ "guest: SNP_LAUNCH_UPDATE Linux",	update_linux },
	{ "guest: SNP_LAUNCH_UPDATE secrets",	update_linux_secrets },
	{ "guest: SNP_LAUNCH_UPDATE CPUID",	update_linux_cpuid },
	{ "guest: SNP_LAUNCH_FINISH",		finish },
	{ "owner: send a nonce",		make_nonce },
	{ "guest: run",				run_linux },
	{ "owner: what the guest has told",	snp_check_told },
	{ "host: write the results",		write_results },
	{ NULL, NULL }
};

int vmm_launch_snp(const struct vmm_options *opt, struct vmm_failure *failure)
{
	static struct snp_run r;
	int ret;

	*failure = (struct vmm_failure){ 0 };
	r.opt = opt;
	r.failure = failure;
	if (!opt->quiet)
		printf("SNP guest, launched by %s\n",
		       opt->legacy ? "KVM's own ioctls" : "pass-through");
	ret = snp_go(&r, opt->kernel ? linux_steps : small_steps);
	if (!ret && !opt->quiet && !opt->kernel)
		puts("the guest has printed:");
	print_harmless(r.output, 0);
	if (!ret && opt->certificates && !opt->kernel)
		snp_tell_certificates(&r);
	if (!ret && !opt->line)
		puts("owner: the report is good");
	if (!ret && opt->kernel && !opt->line)
		puts("owner: the guest has got the secret");
	linux_drop_cpus(&r.linux_guest);
	snp_launch_close(&r.l);
	return ret;
}

/* ---- the digest alone ---- */

static int measure_start(struct snp_launch *l, uint64_t policy)
{
	l->policy = policy;
	memset(l->digest, 0, sizeof(l->digest));
	return 0;
}

static int measure_update(struct snp_launch *l, enum snp_page_kind kind, uint64_t gpa, size_t pages)
{
	for (; pages--; gpa += SNP_PAGE_BYTES)
		if (snp_digest_page(l->digest, kind, gpa, l->vm.memory + gpa))
			return -ENOMEM;
	return 0;
}

static const struct snp_launch_ops measuring = {
	.start = measure_start,
	.update = measure_update,
};

/* Memory, and no machine. */
static int create_memory(struct snp_run *r)
{
	void *memory = mmap(NULL, LINUX_RAM, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	r->l = (struct snp_launch){
		.vm = VM_NONE, .ops = &measuring, .sev_fd = -1,
	};
	r->l.vm.memory = memory;
	r->l.vm.size = LINUX_RAM;
	begin_linux(r);
	r->linux_guest.cpus = r->opt->cpus;
	return 0;
}

static int measure_vcpus(struct snp_run *r)
{
	return snp_launch_expect_vcpu(&r->l);
}

/* In the order of a launch */
static const struct snp_step measure_steps[] = {
	{ "make memory",			create_memory },
	{ "load Linux",				load_linux },
	{ "begin",				start },
	{ "measure Linux",			update_linux },
	{ "measure the secrets page",		update_linux_secrets },
	{ "measure the CPUID page",		update_linux_cpuid },
	{ "measure the vCPUs",			measure_vcpus },
	{ NULL, NULL }
};

int vmm_measure_snp(const struct vmm_options *opt, uint8_t *digest, struct vmm_failure *failure)
{
	struct vmm_options quiet = *opt;
	static struct snp_run r;
	int ret;

	*failure = (struct vmm_failure){ 0 };
	quiet.quiet = true;
	r.opt = &quiet;
	r.failure = failure;
	ret = snp_go(&r, measure_steps);
	memcpy(digest, r.l.digest, sizeof(r.l.digest));
	if (r.l.vm.memory)
		munmap(r.l.vm.memory, LINUX_RAM);
	return ret;
}
