// SPDX-License-Identifier: GPL-2.0
/*
 * A long random walk over the ioctls that kernels have had before pass-through: on
 * /dev/sev and on VMs, in good and bad order, with good and bad arguments. This program
 * judges nothing, and prints each call and its result, one line a step, so
 * that two drivers can be compared; see scripts/diff-drivers.
 *
 *   step <tab> call <tab> arguments <tab> result <tab> commands <tab> output
 *
 * Everything is derived from the seed: which calls, and what is in memory, and
 * where that is. The software PSP has a seed of its own. Commands are those that
 * firmware has received meanwhile, by its own count, without the ones that a
 * driver issues on its own account (PLATFORM_STATUS, DF_FLUSH; with SNP SNP_DF_FLUSH and
 * SNP_PAGE_RECLAIM). How many commands
 * an update of guest memory takes depends on where the pages are; an update counts as one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/cert.h>
#include <sevfw/sevfw.h>
#include <sevfw/vm.h>

#include "common.h"
#include "host.h"

#define FILL		0xa5
#define VMS		3
#define RAM		0x10000
#define IDS		0x80
/* First numbers that the ioctls of 6.1 lack; <linux/...> of a later machine has later ones. */
#define LATER_CMD	9
#define LATER_KVM_CMD	22

#define CERT		SEV_CERT_SIZE
#define CHAIN		(3 * SEV_CERT_SIZE)

/*
 * Memory for arguments, at fixed addresses: two areas of the same kind for buffers,
 * one for the ioctl's struct.
 */
#define AREA		0x40000000ul
#define AREA_DISTANCE	0x100000ul
#define AREA_GOOD	0x8000ul	/* then a read-only page, then nothing */

enum area { FIRST, SECOND, STRUCT, AREAS };

enum place { GOOD, ODD, NIL, UNMAPPED, EDGE, READONLY, KERNEL, WRAPPING, PLACES };

static const char * const place_name[] = {
	[GOOD] = "good", [ODD] = "odd", [NIL] = "null", [UNMAPPED] = "unmapped",
	[EDGE] = "edge", [READONLY] = "readonly", [KERNEL] = "kernel", [WRAPPING] = "wrapping",
};

static uint64_t place(enum area area, enum place where)
{
	uint64_t base = AREA + area * AREA_DISTANCE;

	switch (where) {
	case GOOD:
		return base;
	case ODD:
		return base + 13;
	case NIL:
		return 0;
	case UNMAPPED:
		return base + AREA_GOOD + PAGE;
	case EDGE:
		return base + AREA_GOOD + PAGE - 8;
	case READONLY:
		return base + AREA_GOOD;
	case KERNEL:
		return 0xffff888000000000ull;
	default:
		return UINT64_MAX - 31;
	}
}

enum length { EXACT, ZERO, SHORT, LONG, ABOVE_CAP, HUGE, LENGTHS };

static const char * const length_name[] = {
	[EXACT] = "exact", [ZERO] = "zero", [SHORT] = "short", [LONG] = "long",
	[ABOVE_CAP] = "above-16k", [HUGE] = "huge",
};

static uint32_t length(enum length which, uint32_t exact)
{
	switch (which) {
	case EXACT:
		return exact;
	case ZERO:
		return 0;
	case SHORT:
		return exact - 1;
	case LONG:
		return exact + 100;
	case ABOVE_CAP:
		return 0x4001;
	default:
		return UINT32_MAX;
	}
}

/* Chance */

static uint64_t chance;

static uint32_t roll(uint32_t sides)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (chance >> 33) % sides;
}

/*
 * After FACTORY_RESET, until a command initialises the platform again. Meanwhile
 * arguments are good: whether a bad one is noticed before or after that is not to
 * decide which keys the platform has from then on.
 */
static bool down;

/*
 * A host for SNP. Arguments are good there as well: the kernel dies of some bad ones on stock
 * drivers, such as room for an answer that takes more than two pages.
 */
static bool snp;

/* The good case more often than all others together. */
static uint32_t mostly_first(uint32_t sides)
{
	return down || snp || roll(5) < 3 ? 0 : roll(sides);
}

static void fill_random(uint8_t *to, size_t len)
{
	while (len--)
		*to++ = roll(256);
}

/* A step and its result */

struct step {
	char call[64];
	char class[128];
	int ret;
	uint32_t status;
	uint64_t digest;
};

static void note(struct step *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct step *s, const char *fmt, ...)
{
	size_t len = strlen(s->class);
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->class + len, sizeof(s->class) - len, fmt, args);
	va_end(args);
}

/* Which buffer: notes the choice, too. */
static uint64_t some_place(struct step *s, const char *name, enum area area)
{
	enum place where = mostly_first(PLACES);

	note(s, " %s=%s", name, place_name[where]);
	return place(area, where);
}

static uint32_t some_length(struct step *s, const char *name, uint32_t exact)
{
	enum length which = mostly_first(LENGTHS);

	note(s, " %s=%s", name, length_name[which]);
	return length(which, exact);
}

static void mix(struct step *s, const void *data, size_t len)
{
	for (const uint8_t *byte = data; len; byte++, len--)
		s->digest = (s->digest ^ *byte) * 0x100000001b3ull;
}

static struct {
	int rw, ro, null;
	struct vm vm[VMS];
	bool made[VMS];
	bool es[VMS];
	unsigned int stage[VMS];	/* the next one of the steps of a launch */
} host;

/* /dev/sev */

/* The struct is at a place that may be bad; what is to be in it, padding too, is *@data. */
static void dev_call(struct step *s, uint32_t cmd, const void *data, size_t size)
{
	uint64_t where = size ? some_place(s, "struct", STRUCT) : 0;
	bool reader = !roll(8);
	struct sev_issue_cmd issue = { .cmd = cmd, .data = where, .error = UNWRITTEN };

	note(s, reader ? " reader" : " writer");
	if (where - place(STRUCT, GOOD) < AREA_GOOD)
		memcpy((void *)where, data, size);
	s->ret = ioctl(reader ? host.ro : host.rw, SEV_ISSUE_CMD, &issue) ? errno : 0;
	s->status = issue.error;
	if (cmd == SEV_FACTORY_RESET)
		down |= !s->ret;
	else if (cmd != SEV_PLATFORM_STATUS && cmd < SEV_GET_ID)
		down &= s->ret == EPERM;
}

static void dev_plain(struct step *s, const char *name, uint32_t cmd)
{
	snprintf(s->call, sizeof(s->call), "dev %s", name);
	dev_call(s, cmd, NULL, 0);
}

static void dev_status(struct step *s)
{
	struct sev_user_data_status status;

	memset(&status, FILL, sizeof(status));
	snprintf(s->call, sizeof(s->call), "dev PLATFORM_STATUS");
	dev_call(s, SEV_PLATFORM_STATUS, &status, sizeof(status));
}

static void dev_csr(struct step *s)
{
	struct sev_user_data_pek_csr csr = {
		.address = some_place(s, "addr", FIRST),
		.length = some_length(s, "len", CERT),
	};

	snprintf(s->call, sizeof(s->call), "dev PEK_CSR");
	dev_call(s, SEV_PEK_CSR, &csr, sizeof(csr));
}

static void dev_export(struct step *s)
{
	struct sev_user_data_pdh_cert_export export = {
		.pdh_cert_address = some_place(s, "pdh", FIRST),
		.pdh_cert_len = some_length(s, "pdh-len", CERT),
		.cert_chain_address = some_place(s, "chain", SECOND),
		.cert_chain_len = some_length(s, "chain-len", CHAIN),
	};

	snprintf(s->call, sizeof(s->call), "dev PDH_CERT_EXPORT");
	dev_call(s, SEV_PDH_CERT_EXPORT, &export, sizeof(export));
}

/*
 * Half of the time certificates that firmware accepts: the platform's own owner
 * takes it, with a PEK certificate from which the chip's signature is removed.
 */
static void dev_import(struct step *s)
{
	struct sev_cert *pek = (void *)place(FIRST, GOOD), *oca = (void *)place(SECOND, GOOD);
	struct sev_user_data_pek_cert_import import = {
		.pek_cert_address = some_place(s, "pek", FIRST),
		.pek_cert_len = some_length(s, "pek-len", CERT),
		.oca_cert_address = some_place(s, "oca", SECOND),
		.oca_cert_len = some_length(s, "oca-len", CERT),
	};
	static struct sev_cert pdh;
	static struct sev_chain chain;
	struct sev_user_data_pdh_cert_export export = {
		(uintptr_t)&pdh, CERT, (uintptr_t)&chain, CHAIN,
	};
	struct sev_issue_cmd issue = { SEV_PDH_CERT_EXPORT, (uintptr_t)&export, 0 };

	if (roll(2) && !ioctl(host.rw, SEV_ISSUE_CMD, &issue)) {
		note(s, " valid");
		chain.pek.sig[1] = (struct sev_cert_sig){ .usage = SEV_USAGE_NONE };
		*pek = chain.pek;
		*oca = chain.oca;
	}
	snprintf(s->call, sizeof(s->call), "dev PEK_CERT_IMPORT");
	dev_call(s, SEV_PEK_CERT_IMPORT, &import, sizeof(import));
}

static void dev_get_id(struct step *s)
{
	struct sev_user_data_get_id id;

	memset(&id, FILL, sizeof(id));
	snprintf(s->call, sizeof(s->call), "dev GET_ID");
	dev_call(s, SEV_GET_ID, &id, sizeof(id));
}

static void dev_get_id2(struct step *s)
{
	struct sev_user_data_get_id2 id = {
		.address = some_place(s, "addr", FIRST),
		.length = some_length(s, "len", IDS / 2),
	};

	snprintf(s->call, sizeof(s->call), "dev GET_ID2");
	dev_call(s, SEV_GET_ID2, &id, sizeof(id));
}

static void dev_unknown(struct step *s)
{
	static const uint32_t cmd[] = { LATER_CMD, LATER_CMD + 1, 0x80000004, UINT32_MAX };
	uint32_t i = roll(4);

	note(s, " cmd=0x%x", cmd[i]);
	snprintf(s->call, sizeof(s->call), "dev unknown");
	dev_call(s, cmd[i], NULL, 0);
}

/* Numbers and structs that later headers have. */
static void dev_snp(struct step *s)
{
	static const struct {
		const char *name;
		uint32_t cmd, size;
	} calls[] = {
		{ "SNP_PLATFORM_STATUS", 9, 0x20 },
		{ "SNP_COMMIT", 10, 0 },
		{ "SNP_SET_CONFIG", 11, 0x40 },
	};
	static const uint8_t zero[0x40];
	uint32_t i = roll(ARRAY_SIZE(calls));

	snprintf(s->call, sizeof(s->call), "dev %s", calls[i].name);
	dev_call(s, calls[i].cmd, zero, calls[i].size);
}

static void dev_ioctl(struct step *s)
{
	static const unsigned long request[] = { _IO('S', 1), _IO(0, 0), _IOWR('S', 0, char[8]) };
	uint32_t i = roll(3);

	note(s, " request=0x%lx", request[i]);
	snprintf(s->call, sizeof(s->call), "dev ioctl");
	s->ret = ioctl(host.rw, request[i], place(STRUCT, GOOD)) ? errno : 0;
}

static void step_dev(struct step *s)
{
	switch (roll(14)) {
	case 0:
		return dev_plain(s, "FACTORY_RESET", SEV_FACTORY_RESET);
	case 1:
		return dev_plain(s, "PEK_GEN", SEV_PEK_GEN);
	case 2:
		return dev_plain(s, "PDH_GEN", SEV_PDH_GEN);
	case 3:
		return dev_status(s);
	case 4 ... 5:
		return dev_csr(s);
	case 6 ... 7:
		return dev_export(s);
	case 8 ... 9:
		return dev_import(s);
	case 10:
		return dev_get_id(s);
	case 11:
		return dev_get_id2(s);
	case 12:
		return snp ? dev_snp(s) : dev_unknown(s);
	default:
		return dev_ioctl(s);
	}
}

/* VMs */

static void kvm_call(struct step *s, int i, uint32_t id, const void *data, size_t size)
{
	static const char * const name[] = { "writer", "reader", "null", "none" };
	const int fds[] = { host.rw, host.ro, host.null, -1 };
	uint32_t fd = roll(6) ? 0 : roll(4);
	uint64_t where = size ? some_place(s, "struct", STRUCT) : 0;
	struct kvm_sev_cmd cmd = {
		.id = id, .data = where, .error = UNWRITTEN, .sev_fd = fds[fd],
	};

	note(s, " %s", name[fd]);
	if (where - place(STRUCT, GOOD) < AREA_GOOD)
		memcpy((void *)where, data, size);
	s->ret = ioctl(host.vm[i].vm_fd, KVM_MEMORY_ENCRYPT_OP, &cmd) ? errno : 0;
	s->status = cmd.error;
}

static void kvm_create(struct step *s, int i)
{
	snprintf(s->call, sizeof(s->call), "kvm create");
	s->ret = -vm_create(&host.vm[i], VM_TYPE_DEFAULT, RAM);
	host.made[i] = !s->ret;
	host.stage[i] = 0;
	host.es[i] = !roll(3);
	note(s, host.es[i] ? " es" : " sev");
	if (host.made[i])
		fill_random(host.vm[i].memory, RAM);
}

static void kvm_destroy(struct step *s, int i)
{
	snprintf(s->call, sizeof(s->call), "kvm destroy");
	vm_destroy(&host.vm[i]);
	host.made[i] = false;
}

static void kvm_init(struct step *s, int i)
{
	snprintf(s->call, sizeof(s->call), "kvm INIT");
	note(s, host.es[i] ? " es" : " sev");
	kvm_call(s, i, host.es[i] ? KVM_SEV_ES_INIT : KVM_SEV_INIT, NULL, 0);
	if (s->ret)
		return;
	s->ret = -vm_register(&host.vm[i]);
	if (!s->ret)
		s->ret = -vm_add_vcpu(&host.vm[i]);
}

static void kvm_start(struct step *s, int i)
{
	struct kvm_sev_launch_start start;

	memset(&start, 0, sizeof(start));
	start.policy = host.es[i] ? 4 : 0;
	if (!roll(4)) {
		start.dh_uaddr = some_place(s, "dh", FIRST);
		start.dh_len = some_length(s, "dh-len", CERT);
		start.session_uaddr = some_place(s, "session", SECOND);
		start.session_len = some_length(s, "session-len", 0x80);
	}
	if (!roll(5))
		start.handle = roll(3);
	if (!roll(5))
		start.policy ^= 1 << roll(6);
	note(s, " policy=%x handle=%u", start.policy, start.handle);
	snprintf(s->call, sizeof(s->call), "kvm LAUNCH_START");
	kvm_call(s, i, KVM_SEV_LAUNCH_START, &start, sizeof(start));
}

static uint64_t some_memory(struct step *s, const char *name, int i)
{
	uint32_t offset = roll(RAM / PAGE) * PAGE + (roll(3) ? 0 : roll(PAGE / 8) * 8);
	enum place where = mostly_first(PLACES);

	note(s, " %s=%s", name, where == GOOD ? "" : place_name[where]);
	if (where != GOOD)
		return place(FIRST, where);
	note(s, "%s", offset % 16 ? "misaligned" : "aligned");
	return (uintptr_t)host.vm[i].memory + offset;
}

static void kvm_update(struct step *s, int i)
{
	static const uint32_t len[] = { 16, PAGE, 2 * PAGE, 0, 15, RAM, UINT32_MAX };
	uint32_t l = mostly_first(7);
	struct kvm_sev_launch_update_data update;

	memset(&update, 0, sizeof(update));
	update.uaddr = some_memory(s, "memory", i);
	update.len = len[l];
	note(s, " len=0x%x", len[l]);
	snprintf(s->call, sizeof(s->call), "kvm LAUNCH_UPDATE_DATA");
	kvm_call(s, i, KVM_SEV_LAUNCH_UPDATE_DATA, &update, sizeof(update));
}

static void kvm_measure(struct step *s, int i)
{
	struct kvm_sev_launch_measure measure;

	memset(&measure, 0, sizeof(measure));
	measure.uaddr = some_place(s, "addr", FIRST);
	measure.len = some_length(s, "len", 0x30);
	snprintf(s->call, sizeof(s->call), "kvm LAUNCH_MEASURE");
	kvm_call(s, i, KVM_SEV_LAUNCH_MEASURE, &measure, sizeof(measure));
}

static void kvm_secret(struct step *s, int i)
{
	struct kvm_sev_launch_secret secret;

	memset(&secret, 0, sizeof(secret));
	secret.hdr_uaddr = some_place(s, "hdr", FIRST);
	secret.hdr_len = some_length(s, "hdr-len", 0x34);
	secret.guest_uaddr = some_memory(s, "memory", i);
	secret.guest_len = 64;
	secret.trans_uaddr = some_place(s, "trans", SECOND);
	secret.trans_len = some_length(s, "trans-len", 64);
	snprintf(s->call, sizeof(s->call), "kvm LAUNCH_SECRET");
	kvm_call(s, i, KVM_SEV_LAUNCH_SECRET, &secret, sizeof(secret));
}

static void kvm_status(struct step *s, int i)
{
	struct kvm_sev_guest_status status;

	memset(&status, FILL, sizeof(status));
	snprintf(s->call, sizeof(s->call), "kvm GUEST_STATUS");
	kvm_call(s, i, KVM_SEV_GUEST_STATUS, &status, sizeof(status));
}

static void kvm_report(struct step *s, int i)
{
	struct kvm_sev_attestation_report report;

	memset(&report, 0, sizeof(report));
	report.uaddr = some_place(s, "addr", FIRST);
	report.len = some_length(s, "len", 0xd0);
	snprintf(s->call, sizeof(s->call), "kvm GET_ATTESTATION_REPORT");
	kvm_call(s, i, KVM_SEV_GET_ATTESTATION_REPORT, &report, sizeof(report));
}

static void kvm_debug(struct step *s, int i)
{
	bool decrypt = roll(2);
	uint64_t guest = some_memory(s, "memory", i), other = some_place(s, "host", SECOND);
	struct kvm_sev_dbg debug;

	memset(&debug, 0, sizeof(debug));
	debug.src_uaddr = decrypt ? guest : other;
	debug.dst_uaddr = decrypt ? other : guest;
	debug.len = 16 << roll(6);
	note(s, " len=%u", debug.len);
	snprintf(s->call, sizeof(s->call), "kvm DBG_%sCRYPT", decrypt ? "DE" : "EN");
	kvm_call(s, i, decrypt ? KVM_SEV_DBG_DECRYPT : KVM_SEV_DBG_ENCRYPT, &debug,
		 sizeof(debug));
}

static void kvm_send_start(struct step *s, int i)
{
	struct kvm_sev_send_start send;

	memset(&send, 0, sizeof(send));
	send.pdh_cert_uaddr = some_place(s, "pdh", FIRST);
	send.pdh_cert_len = some_length(s, "pdh-len", CERT);
	send.plat_certs_uaddr = place(SECOND, GOOD);
	send.plat_certs_len = CHAIN & 0x3fff;
	send.amd_certs_uaddr = place(SECOND, GOOD);
	send.amd_certs_len = 0xc80;
	send.session_uaddr = some_place(s, "session", SECOND);
	send.session_len = some_length(s, "session-len", 0x80);
	snprintf(s->call, sizeof(s->call), "kvm SEND_START");
	kvm_call(s, i, KVM_SEV_SEND_START, &send, sizeof(send));
}

/* Those without arguments, those that are not there, and KVM's probe. */
static void kvm_plain(struct step *s, int i)
{
	static const struct {
		const char *name;
		uint32_t id;
	} plain[] = {
		{ "LAUNCH_UPDATE_VMSA", KVM_SEV_LAUNCH_UPDATE_VMSA },
		{ "LAUNCH_FINISH", KVM_SEV_LAUNCH_FINISH },
		{ "LAUNCH_FINISH", KVM_SEV_LAUNCH_FINISH },
		{ "SEND_FINISH", KVM_SEV_SEND_FINISH },
		{ "SEND_CANCEL", KVM_SEV_SEND_CANCEL },
		{ "RECEIVE_FINISH", KVM_SEV_RECEIVE_FINISH },
		{ "CERT_EXPORT", KVM_SEV_CERT_EXPORT },
		{ "unknown", LATER_KVM_CMD },
		{ "unknown", 0x7fffffff },
	};
	uint32_t which = roll(ARRAY_SIZE(plain) + 1);

	if (which == ARRAY_SIZE(plain)) {
		snprintf(s->call, sizeof(s->call), "kvm probe");
		s->ret = ioctl(host.vm[i].vm_fd, KVM_MEMORY_ENCRYPT_OP, NULL) ? errno : 0;
		return;
	}
	snprintf(s->call, sizeof(s->call), "kvm %s", plain[which].name);
	kvm_call(s, i, plain[which].id, NULL, 0);
}

/* The step that would come next. */
static void kvm_proper(struct step *s, int i)
{
	switch (host.stage[i]) {
	case 0:
		return kvm_init(s, i);
	case 1:
		return kvm_start(s, i);
	case 2 ... 6:
		return kvm_update(s, i);
	case 7:
		return kvm_measure(s, i);
	case 8 ... 9:
		return kvm_secret(s, i);
	case 10:
		return kvm_report(s, i);
	case 11:
		return kvm_debug(s, i);
	default:
		return kvm_plain(s, i);
	}
}

/* On to the next one after success, or impatience. */
static void kvm_next(struct step *s, int i)
{
	kvm_proper(s, i);
	if (!s->ret || !roll(3))
		host.stage[i]++;
}

static void step_kvm(struct step *s)
{
	int i = roll(VMS);

	if (!host.made[i])
		return kvm_create(s, i);
	if (roll(2))
		return kvm_next(s, i);
	switch (roll(18)) {
	case 0:
		return kvm_destroy(s, i);
	case 1 ... 2:
		return kvm_init(s, i);
	case 3 ... 5:
		return kvm_start(s, i);
	case 6 ... 9:
		return kvm_update(s, i);
	case 10:
		return kvm_measure(s, i);
	case 11:
		return kvm_secret(s, i);
	case 12:
		return kvm_status(s, i);
	case 13:
		return kvm_report(s, i);
	case 14:
		return kvm_debug(s, i);
	case 15:
		return kvm_send_start(s, i);
	default:
		return kvm_plain(s, i);
	}
}

/* A step from outside */

static uint32_t counts[256];

static bool of_the_drivers_own(uint32_t id)
{
	return id == 0x04 || id == 0x0a || id == 0x84 || id == 0xc7;
}

static void print_commands(void)
{
	const char *separator = "";

	for (uint32_t id = 0; id < ARRAY_SIZE(counts); id++) {
		uint32_t now = host_counter(SWPSP_BAR_COUNT(id)), count = now - counts[id];

		counts[id] = now;
		if (!count || of_the_drivers_own(id))
			continue;
		printf("%s%02x", separator, id);
		if (count > 1 && id != 0x31)
			printf("x%u", count);
		separator = ",";
	}
	if (!*separator)
		putchar('-');
}

static void print_step(unsigned int n, const struct step *s)
{
	const char *class = *s->class ? s->class + 1 : "-";

	printf("%u\t%s\t%s\t%s ", n, s->call, class, s->ret ? strerrorname_np(s->ret) : "0");
	if (s->status == UNWRITTEN)
		printf("unwritten\t");
	else if (s->status == UINT32_MAX)
		printf("not-asked\t");
	else
		printf("0x%x\t", s->status);
	print_commands();
	printf("\t%016llx\n", (unsigned long long)s->digest);
}

static void one_step(unsigned int n)
{
	struct step s = { .status = UNWRITTEN, .digest = 0xcbf29ce484222325ull };

	for (enum area area = FIRST; area < AREAS; area++)
		memset((void *)place(area, GOOD), FILL, AREA_GOOD);
	if (down || roll(2))
		step_dev(&s);
	else
		step_kvm(&s);
	for (enum area area = FIRST; area < AREAS; area++)
		mix(&s, (void *)place(area, GOOD), AREA_GOOD);
	print_step(n, &s);
}

/*
 * Later stock drivers shut firmware down again after a command of /dev/sev's that had
 * it initialised. Where that is so, a walk of two drivers in step is one on which KVM
 * initialises the platform whenever it is down.
 */
static void bring_up(void)
{
	struct kvm_sev_cmd cmd = { .id = KVM_SEV_INIT };
	struct sev_user_data_status status = { 0 };
	struct vm vm;

	if (sev_dev_op(host.rw, SEV_PLATFORM_STATUS, &status, NULL) || status.state)
		return;
	if (!vm_create(&vm, VM_TYPE_DEFAULT, RAM))
		ioctl(vm.vm_fd, KVM_MEMORY_ENCRYPT_OP, &cmd);
	vm_destroy(&vm);
	down = false;
	for (unsigned int n = 0; n < ARRAY_SIZE(counts); n++)
		counts[n] = host_counter(SWPSP_BAR_COUNT(n));
}

static int set_up(void)
{
	for (enum area area = FIRST; area < AREAS; area++) {
		uint8_t *at = (void *)place(area, GOOD);

		if (mmap(at, AREA_GOOD + PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
			return -errno;
		memset(at, FILL, AREA_GOOD + PAGE);
		if (mprotect(at + AREA_GOOD, PAGE, PROT_READ))
			return -errno;
	}
	for (int i = 0; i < VMS; i++)
		host.vm[i] = (struct vm)VM_NONE;
	host.rw = open("/dev/sev", O_RDWR | O_CLOEXEC);
	host.ro = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	host.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return host.rw < 0 || host.ro < 0 || host.null < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	bool keep_up = argc >= 4 && !strcmp(argv[3], "keep-up");
	unsigned int steps, n;
	int ret;

	chance = argc >= 3 ? strtoull(argv[1], NULL, 0) : 0;
	steps = argc >= 3 ? strtoul(argv[2], NULL, 0) : 0;
	snp = keep_up && argc == 5 && !strcmp(argv[4], "snp");
	if (!chance || !steps || argc > 3 + keep_up + snp) {
		fprintf(stderr, "Usage: sev_diff SEED STEPS [keep-up [snp]]\n");
		return 2;
	}
	/* Addresses are in what is printed digests of. */
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE) &&
	    personality(ADDR_NO_RANDOMIZE) != -1)
		execv("/proc/self/exe", argv);
	if (!host_swpsp()) {
		fprintf(stderr, "sev_diff: only for the simulated PSP\n");
		return 2;
	}
	ret = set_up();
	if (ret) {
		fprintf(stderr, "sev_diff: %s\n", strerror(-ret));
		return 1;
	}
	host_keep_kvm_up();
	for (n = 0; n < ARRAY_SIZE(counts); n++)
		counts[n] = host_counter(SWPSP_BAR_COUNT(n));
	for (n = 1; n <= steps; n++) {
		if (keep_up)
			bring_up();
		one_step(n);
	}
	return 0;
}
