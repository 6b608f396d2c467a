// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's legacy commands on SEV guests, each in every form: every field of every struct
 * at values from nothing to all ones, every command in every state of a guest, by every
 * kind of file, on mirrors and on guests that have moved. Like sev_diff it judges
 * nothing and prints one line a step, in the same format; see scripts/diff-drivers.
 *
 * No step depends on chance or on what another driver might answer: a guest is made
 * anew where success changes its state. Guest RAM and buffers are at fixed addresses.
 * The digest is over all of that and the envelope. How many commands a range
 * of guest memory takes depends on where its pages are; they count as one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>
#include <linux/psp-sev.h>

#include <sevfw/cert.h>
#include <sevfw/sevfw.h>

#include "common.h"
#include "host.h"

#define FILL		0xa5
#define CERT		SEV_CERT_SIZE
#define CHAIN		(3 * SEV_CERT_SIZE)
#define VENDOR_CERTS	0xc80
#define SESSION		0x80
#define HEADER		0x34
#define IDS		24		/* KVM_SEV_NR_MAX and one beyond, with INIT2 */

/* Guest RAM, and areas for arguments: what can be used, a read-only page, nothing. */
#define RAM		0x50000000ul
#define AREA(n)		(0x40000000ul + (n) * 0x200000ul)
#define USABLE		0x10000ul
#define HUGE_PAGE	0x200000ul

enum { FIRST, SECOND, THIRD, FOURTH, STRUCT, ENVELOPE, AREAS };

static uint8_t *at(unsigned long address)
{
	return (uint8_t *)address;
}

/* Guests */

enum stage { PLAIN, INITED, LAUNCHING, MEASURED, RUNNING, SENDING, RECEIVING, STATES };

static const char * const state_name[] = {
	[PLAIN] = "plain", [INITED] = "inited", [LAUNCHING] = "launching",
	[MEASURED] = "measured", [RUNNING] = "running", [SENDING] = "sending",
	[RECEIVING] = "receiving",
};

struct guest {
	int vm;
	int vcpu[2];
	unsigned int vcpus;
	bool es;
	uint32_t handle;
};

static struct {
	int kvm, writer, reader, null;
	struct guest source;	/* lives on, sends, and shares its keys */
	struct sev_cert pdh, sender;
	struct sev_chain chain;
	uint8_t session[SESSION];
	uint8_t header[HEADER], packet[PAGE];
} host;

static int guest_call(struct guest *g, uint32_t id, void *data)
{
	struct kvm_sev_cmd cmd = { .id = id, .data = (uintptr_t)data, .sev_fd = host.writer };

	return ioctl(g->vm, KVM_MEMORY_ENCRYPT_OP, &cmd) ? -errno : 0;
}

/* A step on the way to where a test begins; without it nothing can be compared. */
static void must(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "sev_forms: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static void guest_plain(struct guest *g)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = USABLE, .userspace_addr = RAM,
	};

	*g = (struct guest){ .vcpu = { -1, -1 } };
	g->vm = ioctl(host.kvm, KVM_CREATE_VM, 0);
	must(g->vm < 0 ? -errno : 0, "KVM_CREATE_VM");
	must(ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0, "memory");
}

static void guest_end(struct guest *g)
{
	for (unsigned int i = 0; i < g->vcpus; i++)
		close(g->vcpu[i]);
	close(g->vm);
}

static void guest_init(struct guest *g, bool es)
{
	struct kvm_enc_region region = { .addr = RAM, .size = USABLE };

	g->es = es;
	must(guest_call(g, es ? KVM_SEV_ES_INIT : KVM_SEV_INIT, NULL), "INIT");
	must(ioctl(g->vm, KVM_MEMORY_ENCRYPT_REG_REGION, &region) ? -errno : 0, "region");
}

static void guest_vcpus(struct guest *g, unsigned int count)
{
	for (; g->vcpus < count; g->vcpus++) {
		g->vcpu[g->vcpus] = ioctl(g->vm, KVM_CREATE_VCPU, g->vcpus);
		must(g->vcpu[g->vcpus] < 0 ? -errno : 0, "vCPU");
	}
}

static struct kvm_sev_send_start good_send_start(void)
{
	return (struct kvm_sev_send_start){
		.pdh_cert_uaddr = AREA(FIRST), .pdh_cert_len = CERT,
		.plat_certs_uaddr = AREA(SECOND), .plat_certs_len = CHAIN,
		.amd_certs_uaddr = AREA(THIRD), .amd_certs_len = VENDOR_CERTS,
		.session_uaddr = AREA(FOURTH), .session_len = SESSION,
	};
}

static struct kvm_sev_receive_start good_receive_start(void)
{
	return (struct kvm_sev_receive_start){
		.pdh_uaddr = AREA(FIRST), .pdh_len = CERT,
		.session_uaddr = AREA(SECOND), .session_len = SESSION,
	};
}

static struct kvm_sev_send_update_data good_packet(void)
{
	return (struct kvm_sev_send_update_data){
		.hdr_uaddr = AREA(FIRST), .hdr_len = HEADER,
		.guest_uaddr = RAM, .guest_len = PAGE,
		.trans_uaddr = AREA(SECOND), .trans_len = PAGE,
	};
}

static void put_send_certs(void)
{
	memcpy(at(AREA(FIRST)), &host.pdh, CERT);
	memcpy(at(AREA(SECOND)), &host.chain, CHAIN);
}

static void put_receive_certs(void)
{
	memcpy(at(AREA(FIRST)), &host.sender, CERT);
	memcpy(at(AREA(SECOND)), host.session, SESSION);
}

static void guest_receive(struct guest *g)
{
	struct kvm_sev_receive_start start = good_receive_start();

	put_receive_certs();
	must(guest_call(g, KVM_SEV_RECEIVE_START, &start), "RECEIVE_START");
	g->handle = start.handle;
}

static void guest_launch(struct guest *g, enum stage state)
{
	struct kvm_sev_launch_start start = { .policy = g->es ? 4 : 0 };
	struct kvm_sev_launch_update_data update = { .uaddr = RAM, .len = PAGE };
	struct kvm_sev_launch_measure measure = { .uaddr = AREA(FIRST), .len = 0x30 };
	struct kvm_sev_send_start send = good_send_start();

	must(guest_call(g, KVM_SEV_LAUNCH_START, &start), "LAUNCH_START");
	g->handle = start.handle;
	if (state < MEASURED)
		return;
	must(guest_call(g, KVM_SEV_LAUNCH_UPDATE_DATA, &update), "LAUNCH_UPDATE_DATA");
	if (g->es)
		must(guest_call(g, KVM_SEV_LAUNCH_UPDATE_VMSA, NULL), "LAUNCH_UPDATE_VMSA");
	must(guest_call(g, KVM_SEV_LAUNCH_MEASURE, &measure), "LAUNCH_MEASURE");
	if (state < RUNNING)
		return;
	must(guest_call(g, KVM_SEV_LAUNCH_FINISH, NULL), "LAUNCH_FINISH");
	if (state < SENDING)
		return;
	put_send_certs();
	must(guest_call(g, KVM_SEV_SEND_START, &send), "SEND_START");
}

static void guest_make(struct guest *g, enum stage state, bool es)
{
	guest_plain(g);
	if (state == PLAIN)
		return;
	guest_init(g, es);
	guest_vcpus(g, es ? 2 : 1);
	if (state == RECEIVING)
		guest_receive(g);
	else if (state >= LAUNCHING)
		guest_launch(g, state);
}

/* Steps */

static unsigned int steps;
static uint32_t counts[256];

static void count_anew(void)
{
	for (uint32_t id = 0; id < ARRAY_SIZE(counts); id++)
		counts[id] = host_counter(SWPSP_BAR_COUNT(id));
}

static bool by_the_range(uint32_t id)
{
	return id == 0x31 || id == 0x60 || id == 0x61;
}

/* Without PLATFORM_STATUS and DF_FLUSH, which a driver issues on its own account. */
static void print_commands(void)
{
	const char *separator = "";

	for (uint32_t id = 0; id < ARRAY_SIZE(counts); id++) {
		uint32_t count = host_counter(SWPSP_BAR_COUNT(id)) - counts[id];

		if (!count || id == 0x04 || id == 0x0a)
			continue;
		printf("%s%02x", separator, id);
		if (count > 1 && !by_the_range(id))
			printf("x%u", count);
		separator = ",";
	}
	if (!*separator)
		putchar('-');
}

static uint64_t digest(void)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	for (unsigned int n = 0; n <= AREAS; n++) {
		const uint64_t *word = (void *)(n < AREAS ? AREA(n) : RAM);

		for (size_t i = 0; i < USABLE / sizeof(*word); i++)
			sum = (sum ^ word[i]) * 0x100000001b3ull;
	}
	return sum;
}

static void areas_fill(void)
{
	for (unsigned int n = FIRST; n < AREAS; n++)
		memset(at(AREA(n)), FILL, USABLE);
	for (size_t i = 0; i < USABLE; i++)
		at(RAM)[i] = i * 7 + i / 251;
}

static void print_step(const char *call, const char *class, int err, uint32_t status)
{
	printf("%u\t%s\t%s\t%s ", ++steps, call, class, err ? strerrorname_np(err) : "0");
	if (status == UNWRITTEN)
		printf("unwritten\t");
	else if (status == UINT32_MAX)
		printf("not-asked\t");
	else
		printf("0x%x\t", status);
	print_commands();
	printf("\t%016llx\n", (unsigned long long)digest());
}

static void step(const struct guest *g, const char *call, const char *class, uint32_t id,
		unsigned long data, int fd)
{
	struct kvm_sev_cmd *cmd = (void *)AREA(ENVELOPE);
	int err;

	*cmd = (struct kvm_sev_cmd){
		.id = id, .data = data, .error = UNWRITTEN, .sev_fd = fd,
	};
	count_anew();
	err = ioctl(g->vm, KVM_MEMORY_ENCRYPT_OP, cmd) ? errno : 0;
	print_step(call, class, err, cmd->error);
}

/* Forms */

/* In a read-only page and before it: as much of *@from as there is memory for. */
static void put_at(unsigned long where, unsigned long border, const void *from, size_t len)
{
	if (where > border + PAGE - len)
		len = where < border + PAGE ? border + PAGE - where : 0;
	must(mprotect(at(border), PAGE, PROT_READ | PROT_WRITE) ? -errno : 0, "mprotect");
	memcpy(at(where), from, len);
	must(mprotect(at(border), PAGE, PROT_READ) ? -errno : 0, "mprotect");
}

enum kind { ADDRESS, GUEST, LENGTH, POLICY, HANDLE, BYTES, KINDS };

struct field {
	const char *name;
	enum kind kind;
	uint8_t offset, size;
};

#define FIELD(type, member, kind) \
	{ #member, kind, offsetof(type, member), sizeof(((type *)0)->member) }

/**
 * struct form - one command
 * @name: its name
 * @id: KVM's number
 * @state: where it is in order
 * @es: of a guest with encrypted state
 * @once: success changes the guest's state
 * @size: size of the struct
 * @good: fills the struct, and the buffers, with what firmware accepts
 * @fields: all of the struct's
 */
struct form {
	const char *name;
	uint32_t id;
	enum stage state;
	bool es;
	bool once;
	size_t size;
	void (*good)(void *to);
	struct field fields[10];
};

static void good_launch_start(void *to)
{
	struct kvm_sev_launch_start *start = to;

	*start = (struct kvm_sev_launch_start){ 0 };
}

static void good_update(void *to)
{
	struct kvm_sev_launch_update_data *update = to;

	*update = (struct kvm_sev_launch_update_data){ .uaddr = RAM, .len = PAGE };
}

static void good_secret(void *to)
{
	struct kvm_sev_launch_secret *secret = to;

	*secret = (struct kvm_sev_launch_secret){
		.hdr_uaddr = AREA(FIRST), .hdr_len = HEADER, .guest_uaddr = RAM,
		.guest_len = 64, .trans_uaddr = AREA(SECOND), .trans_len = 64,
	};
}

static void good_measure(void *to)
{
	struct kvm_sev_launch_measure *measure = to;

	*measure = (struct kvm_sev_launch_measure){ .uaddr = AREA(FIRST), .len = 0x30 };
}

static void good_report(void *to)
{
	struct kvm_sev_attestation_report *report = to;

	*report = (struct kvm_sev_attestation_report){ .uaddr = AREA(FIRST), .len = 0xd0 };
}

static void good_status(void *to)
{
	memset(to, FILL, sizeof(struct kvm_sev_guest_status));
}

static void good_decrypt(void *to)
{
	struct kvm_sev_dbg *debug = to;

	*debug = (struct kvm_sev_dbg){ .src_uaddr = RAM, .dst_uaddr = AREA(FIRST), .len = 64 };
}

static void good_encrypt(void *to)
{
	struct kvm_sev_dbg *debug = to;

	*debug = (struct kvm_sev_dbg){ .src_uaddr = AREA(FIRST), .dst_uaddr = RAM, .len = 64 };
}

static void good_send(void *to)
{
	put_send_certs();
	*(struct kvm_sev_send_start *)to = good_send_start();
}

static void good_send_update(void *to)
{
	*(struct kvm_sev_send_update_data *)to = good_packet();
}

static void good_receive(void *to)
{
	put_receive_certs();
	*(struct kvm_sev_receive_start *)to = good_receive_start();
}

static void good_receive_update(void *to)
{
	memcpy(at(AREA(FIRST)), host.header, HEADER);
	memcpy(at(AREA(SECOND)), host.packet, PAGE);
	/* The two structs have the same fields. */
	*(struct kvm_sev_send_update_data *)to = good_packet();
}

static const struct form forms[] = {
	{ "LAUNCH_START", KVM_SEV_LAUNCH_START, INITED, false, true,
	  sizeof(struct kvm_sev_launch_start), good_launch_start, {
		FIELD(struct kvm_sev_launch_start, handle, HANDLE),
		FIELD(struct kvm_sev_launch_start, policy, POLICY),
		FIELD(struct kvm_sev_launch_start, dh_uaddr, ADDRESS),
		FIELD(struct kvm_sev_launch_start, dh_len, LENGTH),
		FIELD(struct kvm_sev_launch_start, session_uaddr, ADDRESS),
		FIELD(struct kvm_sev_launch_start, session_len, LENGTH) } },
	{ "LAUNCH_UPDATE_DATA", KVM_SEV_LAUNCH_UPDATE_DATA, LAUNCHING, false, false,
	  sizeof(struct kvm_sev_launch_update_data), good_update, {
		FIELD(struct kvm_sev_launch_update_data, uaddr, GUEST),
		FIELD(struct kvm_sev_launch_update_data, len, LENGTH) } },
	{ "LAUNCH_UPDATE_VMSA", KVM_SEV_LAUNCH_UPDATE_VMSA, LAUNCHING, true, true, 0, NULL, { } },
	{ "LAUNCH_SECRET", KVM_SEV_LAUNCH_SECRET, MEASURED, false, false,
	  sizeof(struct kvm_sev_launch_secret), good_secret, {
		FIELD(struct kvm_sev_launch_secret, hdr_uaddr, ADDRESS),
		FIELD(struct kvm_sev_launch_secret, hdr_len, LENGTH),
		FIELD(struct kvm_sev_launch_secret, guest_uaddr, GUEST),
		FIELD(struct kvm_sev_launch_secret, guest_len, LENGTH),
		FIELD(struct kvm_sev_launch_secret, trans_uaddr, ADDRESS),
		FIELD(struct kvm_sev_launch_secret, trans_len, LENGTH) } },
	{ "LAUNCH_MEASURE", KVM_SEV_LAUNCH_MEASURE, LAUNCHING, false, true,
	  sizeof(struct kvm_sev_launch_measure), good_measure, {
		FIELD(struct kvm_sev_launch_measure, uaddr, ADDRESS),
		FIELD(struct kvm_sev_launch_measure, len, LENGTH) } },
	{ "LAUNCH_FINISH", KVM_SEV_LAUNCH_FINISH, MEASURED, false, true, 0, NULL, { } },
	{ "SEND_START", KVM_SEV_SEND_START, RUNNING, false, true,
	  sizeof(struct kvm_sev_send_start), good_send, {
		FIELD(struct kvm_sev_send_start, policy, POLICY),
		FIELD(struct kvm_sev_send_start, pdh_cert_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_start, pdh_cert_len, LENGTH),
		FIELD(struct kvm_sev_send_start, plat_certs_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_start, plat_certs_len, LENGTH),
		FIELD(struct kvm_sev_send_start, amd_certs_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_start, amd_certs_len, LENGTH),
		FIELD(struct kvm_sev_send_start, session_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_start, session_len, LENGTH) } },
	{ "SEND_UPDATE_DATA", KVM_SEV_SEND_UPDATE_DATA, SENDING, false, false,
	  sizeof(struct kvm_sev_send_update_data), good_send_update, {
		FIELD(struct kvm_sev_send_update_data, hdr_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_update_data, hdr_len, LENGTH),
		FIELD(struct kvm_sev_send_update_data, guest_uaddr, GUEST),
		FIELD(struct kvm_sev_send_update_data, guest_len, LENGTH),
		FIELD(struct kvm_sev_send_update_data, trans_uaddr, ADDRESS),
		FIELD(struct kvm_sev_send_update_data, trans_len, LENGTH) } },
	{ "SEND_FINISH", KVM_SEV_SEND_FINISH, SENDING, false, true, 0, NULL, { } },
	{ "SEND_CANCEL", KVM_SEV_SEND_CANCEL, SENDING, false, true, 0, NULL, { } },
	{ "RECEIVE_START", KVM_SEV_RECEIVE_START, INITED, false, true,
	  sizeof(struct kvm_sev_receive_start), good_receive, {
		FIELD(struct kvm_sev_receive_start, handle, HANDLE),
		FIELD(struct kvm_sev_receive_start, policy, POLICY),
		FIELD(struct kvm_sev_receive_start, pdh_uaddr, ADDRESS),
		FIELD(struct kvm_sev_receive_start, pdh_len, LENGTH),
		FIELD(struct kvm_sev_receive_start, session_uaddr, ADDRESS),
		FIELD(struct kvm_sev_receive_start, session_len, LENGTH) } },
	{ "RECEIVE_UPDATE_DATA", KVM_SEV_RECEIVE_UPDATE_DATA, RECEIVING, false, false,
	  sizeof(struct kvm_sev_receive_update_data), good_receive_update, {
		FIELD(struct kvm_sev_receive_update_data, hdr_uaddr, ADDRESS),
		FIELD(struct kvm_sev_receive_update_data, hdr_len, LENGTH),
		FIELD(struct kvm_sev_receive_update_data, guest_uaddr, GUEST),
		FIELD(struct kvm_sev_receive_update_data, guest_len, LENGTH),
		FIELD(struct kvm_sev_receive_update_data, trans_uaddr, ADDRESS),
		FIELD(struct kvm_sev_receive_update_data, trans_len, LENGTH) } },
	{ "RECEIVE_FINISH", KVM_SEV_RECEIVE_FINISH, RECEIVING, false, true, 0, NULL, { } },
	{ "GUEST_STATUS", KVM_SEV_GUEST_STATUS, LAUNCHING, false, false,
	  sizeof(struct kvm_sev_guest_status), good_status, {
		FIELD(struct kvm_sev_guest_status, handle, HANDLE),
		FIELD(struct kvm_sev_guest_status, policy, POLICY),
		FIELD(struct kvm_sev_guest_status, state, POLICY) } },
	{ "DBG_DECRYPT", KVM_SEV_DBG_DECRYPT, RUNNING, false, false,
	  sizeof(struct kvm_sev_dbg), good_decrypt, {
		FIELD(struct kvm_sev_dbg, src_uaddr, GUEST),
		FIELD(struct kvm_sev_dbg, dst_uaddr, ADDRESS),
		FIELD(struct kvm_sev_dbg, len, LENGTH) } },
	{ "DBG_ENCRYPT", KVM_SEV_DBG_ENCRYPT, RUNNING, false, false,
	  sizeof(struct kvm_sev_dbg), good_encrypt, {
		FIELD(struct kvm_sev_dbg, src_uaddr, ADDRESS),
		FIELD(struct kvm_sev_dbg, dst_uaddr, GUEST),
		FIELD(struct kvm_sev_dbg, len, LENGTH) } },
	{ "GET_ATTESTATION_REPORT", KVM_SEV_GET_ATTESTATION_REPORT, LAUNCHING, false, false,
	  sizeof(struct kvm_sev_attestation_report), good_report, {
		FIELD(struct kvm_sev_attestation_report, mnonce, BYTES),
		FIELD(struct kvm_sev_attestation_report, uaddr, ADDRESS),
		FIELD(struct kvm_sev_attestation_report, len, LENGTH) } },
};

/*
 * A form's fields one after the other at values that may be wrong. An address moves
 * from where it is good, a length grows from what is exact.
 */
static uint64_t value_of(const struct field *field, uint64_t good, unsigned int n)
{
	const uint64_t base = field->kind == GUEST ? RAM : good ? good : AREA(FIRST);
	const uint64_t address[] = {
		0, 1, base + 8, base + 13, base + PAGE - 8, base + USABLE - 8, base + USABLE,
		base + USABLE + PAGE - 8, base + USABLE + PAGE, 0xffff888000000000ull,
		0x800000000000ull - 16, UINT64_MAX - 31, UINT64_MAX, base + 4, base + 16,
	};
	const uint64_t length[] = {
		0, 1, good - 1, good + 1, good + 8, PAGE, PAGE + 1, 0x4000, 0x4001, USABLE,
		USABLE + PAGE, 0x7fffffff, UINT32_MAX, 0x5000, 0x5001,
	};
	const uint64_t number[] = {
		0, 1, 2, 4, 8, 0x20, 0x40, 0x10000, 0x01000000, 0x7fffffff, 0x80000000,
		host.source.handle, UINT32_MAX, 0x10, 0xffff,
	};

	switch (field->kind) {
	case ADDRESS:
	case GUEST:
		return address[n];
	case LENGTH:
		return length[n];
	default:
		return number[n];
	}
}

#define VALUES	15

static void set_field(const struct field *field, uint64_t value)
{
	memset(at(AREA(STRUCT)) + field->offset, value ? 0xff : 0, field->size);
	memcpy(at(AREA(STRUCT)) + field->offset, &value, field->size < 8 ? field->size : 8);
}

static uint64_t get_field(const struct field *field)
{
	uint64_t value = 0;

	memcpy(&value, at(AREA(STRUCT)) + field->offset, field->size < 8 ? field->size : 8);
	return value;
}

/* All arguments as firmware accepts them; what callers leave between fields is FILL. */
static void put_good(const struct form *form)
{
	uint8_t good[128];

	areas_fill();
	if (!form->size)
		return;
	form->good(good);
	for (const struct field *field = form->fields; field->name; field++)
		memcpy(at(AREA(STRUCT)) + field->offset, good + field->offset, field->size);
}

static void step_form(const struct form *form, const struct guest *g, const char *class)
{
	step(g, form->name, class, form->id, AREA(STRUCT), host.writer);
}

/* One guest for many steps, or one for each. */
static void each_field(const struct form *form, const struct field *field, struct guest *g)
{
	for (unsigned int n = 0; n < VALUES; n++) {
		char class[64];

		if (form->once)
			guest_make(g, form->state, form->es);
		put_good(form);
		set_field(field, value_of(field, get_field(field), n));
		snprintf(class, sizeof(class), "%s=%u", field->name, n);
		step_form(form, g, class);
		if (form->once)
			guest_end(g);
	}
}

/* Pairs are as good as single ones where a length asks what is needed. */
static void all_empty(const struct form *form, struct guest *g)
{
	for (unsigned int keep = 0; keep < 2; keep++) {
		if (form->once)
			guest_make(g, form->state, form->es);
		put_good(form);
		for (const struct field *field = form->fields; field->name; field++)
			if (!keep || field->kind == LENGTH)
				set_field(field, 0);
		step_form(form, g, keep ? "lengths=0" : "all=0");
		if (form->once)
			guest_end(g);
	}
}

static void every_value(const struct form *form)
{
	struct guest g;

	if (!form->size)
		return;
	if (!form->once)
		guest_make(&g, form->state, form->es);
	for (const struct field *field = form->fields; field->name; field++)
		each_field(form, field, &g);
	all_empty(form, &g);
	if (!form->once)
		guest_end(&g);
}

static void every_struct(const struct form *form)
{
	const unsigned long border = AREA(STRUCT) + USABLE;
	const unsigned long where[] = {
		border - 8, border, border + PAGE - 8, border + PAGE, 0, 0xffff888000000000ul,
		UINT64_MAX - 7,
	};

	for (unsigned int n = 0; n < ARRAY_SIZE(where); n++) {
		uint8_t good[128];
		struct guest g;
		char class[64];

		guest_make(&g, form->state, form->es);
		put_good(form);
		if (n < 4) {
			memcpy(good, at(AREA(STRUCT)), sizeof(good));
			put_at(where[n], border, good, form->size);
		}
		snprintf(class, sizeof(class), "struct=%u", n);
		step(&g, form->name, class, form->id, where[n], host.writer);
		guest_end(&g);
	}
}

/* START takes the file that it is called with, later ones that of START's number. */
static void every_file(const struct form *form)
{
	const int fds[] = { host.writer, host.reader, host.null, -1, 0, 9999 };

	for (unsigned int n = 0; n < ARRAY_SIZE(fds); n++) {
		struct guest g;
		char class[64];

		guest_make(&g, form->state, form->es);
		put_good(form);
		snprintf(class, sizeof(class), "file=%u", n);
		step(&g, form->name, class, form->id, AREA(STRUCT), fds[n]);
		guest_end(&g);
	}
}

/* The envelope in memory that is writable in part, read-only, in part not there */
static void every_envelope(const struct form *form)
{
	const unsigned long border = AREA(ENVELOPE) + USABLE;
	const unsigned long where[] = { border - 8, border, border + PAGE - 8, border + PAGE };
	const struct kvm_sev_cmd cmd = {
		.id = form->id, .data = AREA(STRUCT), .error = UNWRITTEN, .sev_fd = host.writer,
	};

	for (unsigned int n = 0; n < ARRAY_SIZE(where); n++) {
		struct guest g;
		char class[64];
		int err;

		guest_make(&g, form->state, form->es);
		put_good(form);
		put_at(where[n], border, &cmd, sizeof(cmd));
		count_anew();
		err = ioctl(g.vm, KVM_MEMORY_ENCRYPT_OP, where[n]) ? errno : 0;
		snprintf(class, sizeof(class), "envelope=%u", n);
		print_step(form->name, class, err, UNWRITTEN);
		guest_end(&g);
	}
}

static void every_state(const struct form *form)
{
	for (enum stage state = PLAIN; state < STATES; state++) {
		struct guest g;
		char class[64];

		guest_make(&g, state, form->es && state != RECEIVING);
		put_good(form);
		snprintf(class, sizeof(class), "state=%s", state_name[state]);
		step_form(form, &g, class);
		put_good(form);
		strcat(class, " again");
		step_form(form, &g, class);
		guest_end(&g);
	}
}

/* Debugging by odd addresses and lengths, within a page and over its end */
static void odd_debug(const struct form *form)
{
	static const uint16_t offset[] = { 0, 1, 8, 15, 16, 23, PAGE - 16, PAGE - 1 };
	static const uint16_t len[] = { 1, 15, 16, 17, 31, 64, PAGE, PAGE + 1, 2 * PAGE - 1 };
	struct guest g;

	guest_make(&g, RUNNING, false);
	for (unsigned int n = 0; n < ARRAY_SIZE(offset) * ARRAY_SIZE(len); n++) {
		unsigned int o = n / ARRAY_SIZE(len), l = n % ARRAY_SIZE(len);
		char class[64];

		put_good(form);
		set_field(&form->fields[0], get_field(&form->fields[0]) + offset[o]);
		set_field(&form->fields[1], get_field(&form->fields[1]) + offset[(o + l) % 8]);
		set_field(&form->fields[2], len[l]);
		snprintf(class, sizeof(class), "odd src=%u dst=%u len=%u", offset[o],
			 offset[(o + l) % 8], len[l]);
		step_form(form, &g, class);
	}
	guest_end(&g);
}

/* VMs that are made of others */

static void join(struct guest *g, const struct guest *of, uint32_t cap, const char *class)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { of->vm } };
	int err;

	count_anew();
	err = ioctl(g->vm, KVM_ENABLE_CAP, &enable) ? errno : 0;
	print_step("ENABLE_CAP", class, err, UNWRITTEN);
}

static void on_a_mirror(uint32_t id, bool es)
{
	struct guest owner, mirror;
	char class[64];

	guest_make(&owner, LAUNCHING, es);
	guest_plain(&mirror);
	areas_fill();
	snprintf(class, sizeof(class), "mirror %s", es ? "es" : "sev");
	join(&mirror, &owner, KVM_CAP_VM_COPY_ENC_CONTEXT_FROM, class);
	guest_vcpus(&mirror, 1);
	snprintf(class, sizeof(class), "mirror %s id=%u", es ? "es" : "sev", id);
	step(&mirror, "id", class, id, AREA(STRUCT), -1);
	guest_end(&mirror);
	guest_end(&owner);
}

static void after_a_move(const struct form *form, bool es)
{
	struct guest from, to;

	guest_make(&from, form->state, es);
	guest_plain(&to);
	guest_vcpus(&to, from.vcpus);
	put_good(form);
	join(&to, &from, KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM, es ? "move es" : "move");
	step_form(form, &to, es ? "moved es" : "moved");
	step_form(form, &from, es ? "moved away es" : "moved away");
	guest_end(&to);
	guest_end(&from);
}

/* A process may use only VMs of its own, whoever has given it the file. */
static void by_another_process(const struct form *form)
{
	struct kvm_sev_cmd cmd = { .id = form->id, .error = UNWRITTEN, .sev_fd = host.writer };
	struct guest g;
	int status;
	pid_t pid;

	guest_make(&g, form->state, form->es);
	put_good(form);
	fflush(stdout);
	count_anew();
	pid = fork();
	if (!pid) {
		/* RAM and the areas stay behind. */
		cmd.data = (uintptr_t)&cmd;
		status = ioctl(g.vm, KVM_MEMORY_ENCRYPT_OP, &cmd) ? errno : 0;
		_exit(cmd.error == UNWRITTEN ? status : ENOTRECOVERABLE);
	}
	must(pid < 0 || waitpid(pid, &status, 0) != pid ? -errno : 0, "another process");
	must(WIFEXITED(status) ? 0 : -EINTR, "another process");
	print_step(form->name, "another process", WEXITSTATUS(status), UNWRITTEN);
	guest_end(&g);
}

/* Two of the addresses are one, or one is that of what is being read. */
static void overlapping(const struct form *form)
{
	static const unsigned int other[] = { STRUCT, ENVELOPE };

	for (const struct field *one = form->fields; one->name; one++) {
		if (one->kind != ADDRESS && one->kind != GUEST)
			continue;
		for (unsigned int n = 0; n < 2 + (unsigned int)(one - form->fields); n++) {
			const struct field *two = &form->fields[n - 2];
			struct guest g;
			char class[64];

			if (n >= 2 && two->kind != ADDRESS && two->kind != GUEST)
				continue;
			guest_make(&g, form->state, form->es);
			put_good(form);
			set_field(one, n < 2 ? AREA(other[n]) : get_field(two));
			snprintf(class, sizeof(class), "overlap %s %s", one->name,
				 n >= 2 ? two->name : n ? "envelope" : "struct");
			step_form(form, &g, class);
			guest_end(&g);
		}
	}
}

/* vCPUs: none, two, and the second time */
static void vcpus(bool es)
{
	for (unsigned int count = 0; count <= 2; count++) {
		struct guest g;
		char class[64];

		guest_plain(&g);
		guest_init(&g, es);
		guest_vcpus(&g, count);
		guest_launch(&g, LAUNCHING);
		areas_fill();
		good_measure(at(AREA(STRUCT)));
		snprintf(class, sizeof(class), "%s vcpus=%u", es ? "es" : "sev", count);
		step(&g, "LAUNCH_UPDATE_VMSA", class, KVM_SEV_LAUNCH_UPDATE_VMSA, 0, host.writer);
		step(&g, "LAUNCH_MEASURE", class, KVM_SEV_LAUNCH_MEASURE, AREA(STRUCT), -1);
		guest_end(&g);
	}
}

/* Set-up */

static int map_area(unsigned long address)
{
	uint8_t *where = at(address);

	/* A huge page keeps its place in memory when it is mapped in small pieces. */
	if (mmap(where, HUGE_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != where)
		return -errno;
	/* A page that a child had, too, would move when it is written to. */
	if (madvise(where, HUGE_PAGE, MADV_DONTFORK))
		return -errno;
	if (address == RAM && madvise(where, HUGE_PAGE, MADV_HUGEPAGE))
		return -errno;
	memset(where, FILL, USABLE + PAGE);
	if (munmap(where + USABLE + PAGE, HUGE_PAGE - USABLE - PAGE))
		return -errno;
	return mprotect(where + USABLE, PAGE, PROT_READ) ? -errno : 0;
}

/* The number of firmware commands for a range of pages depends on where these are. */
static int ram_contiguous(void)
{
	uint64_t page[USABLE / PAGE];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t got = pread(fd, page, sizeof(page), RAM / PAGE * sizeof(*page));

	close(fd);
	if (got != sizeof(page))
		return -EIO;
	for (unsigned int i = 1; i < ARRAY_SIZE(page); i++)
		if (page[i] != page[0] + i)
			return -ENOMEM;
	return 0;
}

/* A guest that is being sent: the session of SEND_START and the packet of one page are kept. */
static void make_source(void)
{
	struct sev_user_data_pdh_cert_export export = {
		(uintptr_t)&host.pdh, CERT, (uintptr_t)&host.chain, CHAIN,
	};
	struct kvm_sev_send_update_data update = good_packet();

	areas_fill();
	guest_make(&host.source, INITED, false);
	must(sev_dev_op(host.writer, SEV_PDH_CERT_EXPORT, &export, NULL), "PDH_CERT_EXPORT");
	guest_launch(&host.source, SENDING);
	host.sender = host.pdh;
	memcpy(host.session, at(AREA(FOURTH)), SESSION);
	must(guest_call(&host.source, KVM_SEV_SEND_UPDATE_DATA, &update), "SEND_UPDATE_DATA");
	memcpy(host.header, at(AREA(FIRST)), HEADER);
	memcpy(host.packet, at(AREA(SECOND)), PAGE);
}

static void set_up(void)
{
	for (unsigned int n = FIRST; n < AREAS; n++)
		must(map_area(AREA(n)), "memory");
	must(map_area(RAM), "guest RAM");
	must(ram_contiguous(), "guest RAM in one piece");
	host.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	must(host.kvm < 0 ? -errno : 0, "/dev/kvm");
	host.writer = open("/dev/sev", O_RDWR | O_CLOEXEC);
	must(host.writer < 0 ? -errno : 0, "/dev/sev");
	host.reader = open("/dev/sev", O_RDONLY | O_CLOEXEC);
	host.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(host.reader < 0 || host.null < 0 ? -errno : 0, "files");
	host_keep_kvm_up();
	make_source();
}

static void every_form(const struct form *form)
{
	every_value(form);
	every_struct(form);
	every_file(form);
	every_envelope(form);
	every_state(form);
	after_a_move(form, form->es);
	/* what is received is not of a guest with encrypted state */
	if (!form->es && form->state != RECEIVING)
		after_a_move(form, true);
	by_another_process(form);
	overlapping(form);
	if (form->id == KVM_SEV_DBG_DECRYPT || form->id == KVM_SEV_DBG_ENCRYPT)
		odd_debug(form);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "%s: takes no arguments\n", argv[0]);
		return 2;
	}
	if (!host_swpsp()) {
		fprintf(stderr, "sev_forms: only for the simulated PSP\n");
		return 2;
	}
	set_up();
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++)
		every_form(&forms[i]);
	for (uint32_t id = 0; id < 2 * IDS; id++)
		on_a_mirror(id % IDS, id >= IDS);
	vcpus(false);
	vcpus(true);
	return 0;
}
