// SPDX-License-Identifier: GPL-2.0
/*
 * The side that takes a guest. Shows who it is, makes a VM for each attempt, lets
 * its own firmware decide what it takes, and runs the guest only when the source
 * has given it up.
 */
#include <errno.h>
#include <string.h>

#include "../sevfw/progress.h"
#include "moving.h"

#define AFTER		200	/* numbers that the guest prints here */
#define RAM_MAX		(1ull << 30)

struct receiving {
	struct launch l;
	const struct moving *guest;
	struct migrate_target shown;
	struct wire_stopped stopped;
	struct progress progress;	/* the guest's RAM; pages that come again are none */
	unsigned int pages;	/* that the firmware sends */
	unsigned int shared;	/* and those that it does not */
	double seconds;		/* which their RECEIVE_UPDATE_DATA took */
	uint32_t waiting;	/* pages that have come, and that the firmware has not had */
	uint64_t gpas[MIGRATE_MANY];
	struct migrate_packet packets[MIGRATE_MANY];
	bool has_state;		/* the vCPU, resp. the machine, has its state */
	bool has_vmsa;		/* and the vCPU its encrypted one */
	int refused;		/* why, as a negative errno */
	bool ready;		/* and READY has been said */
};

/*
 * Once something is wrong, the rest of the attempt is of no use. The other side hears of the
 * firmware's status only if that is why.
 */
static int refuse(struct receiving *r, const char *what, int ret)
{
	const uint32_t status = launch_status(&r->l, ret);

	if (r->refused)
		return 0;
	side_failed(&r->l, what, ret);
	r->refused = ret;
	return wire_send(WIRE_REFUSED, status ? status : SEV_FW_NO_CALL, NULL, 0);
}

/* The guest has asked once what its processor can do, and goes by that for good. */
static int check_cpuid(struct receiving *r, const struct live_cpuid *theirs)
{
	static struct live_cpuid ours;
	uint32_t leaf;
	int ret = live_get_cpuid(&r->l.vm, &ours);

	if (ret || !live_cpuid_differs(theirs, &ours, &leaf))
		return ret;
	side_say("target: the guest's CPUID differs from what its vCPU would have here, in leaf "
		 "0x%x", leaf);
	return -EOPNOTSUPP;
}

static int make_vm(struct receiving *r, const struct wire_start *start)
{
	struct launch *l = &r->l;
	int ret;

	if (!start->ram || start->ram % 4096 || start->ram > RAM_MAX ||
	    start->cpuid.count > LIVE_CPUID_MAX)
		return -EPROTO;
	l->policy = start->session.policy;
	ret = r->guest->make(l, start->ram);
	if (!ret)
		ret = check_cpuid(r, &start->cpuid);
	return ret ? ret : migrate_receive_start(l, &start->session);
}

/* The firmware gets what has come since the last time. */
static int take_waiting(struct receiving *r)
{
	double began = side_now();
	uint32_t done;
	int ret;

	if (!r->waiting)
		return 0;
	ret = migrate_receive_many(&r->l, r->gpas, r->waiting, r->packets, &done);
	r->seconds += side_now() - began;
	r->waiting = 0;
	return ret ? refuse(r, "RECEIVE_UPDATE_DATA", ret) : 0;
}

/* A page of a guest that is asked may have been a shared one before, and the other way round. */
static int set_shared(struct receiving *r, uint64_t gpa, bool shared)
{
	return r->l.vm.shared ? vm_set_shared(&r->l.vm, gpa, 1, shared) : 0;
}

static int take_shared(struct receiving *r, uint64_t gpa, const uint8_t *content)
{
	if (!r->l.vm.shared || set_shared(r, gpa, true))
		return -EPROTO;
	r->shared++;
	memcpy(r->l.vm.memory + gpa, content, WIRE_SHARED_SIZE);
	progress_add(&r->progress, WIRE_SHARED_SIZE);
	return 0;
}

static int take_page(struct receiving *r, uint64_t gpa, const struct migrate_packet *packet)
{
	if (set_shared(r, gpa, false))
		return -EPROTO;
	r->pages++;
	progress_add(&r->progress, packet->len);
	r->gpas[r->waiting] = gpa;
	r->packets[r->waiting++] = *packet;
	return r->waiting < MIGRATE_MANY ? 0 : take_waiting(r);
}

/* Only once: what KVM has of an encrypted state must be there before that. */
static int take_state(struct receiving *r, enum wire_kind kind, const union wire_body *body)
{
	int ret;

	if (kind != r->guest->state || r->has_state)
		return -EPROTO;
	r->has_state = true;
	ret = r->guest->take(&r->l, body);
	return ret ? refuse(r, "vCPU", ret) : 0;
}

/* State that KVM cannot see, of the one vCPU. */
static int take_encrypted(struct receiving *r, uint64_t vcpu, const struct migrate_packet *packet)
{
	int ret;

	if (!launch_es(&r->l) || !r->has_state || r->has_vmsa || vcpu)
		return -EPROTO;
	r->has_vmsa = true;
	ret = migrate_receive_vmsa(&r->l, 0, packet);
	if (ret)
		return refuse(r, "RECEIVE_UPDATE_VMSA", ret);
	side_say("target: the encrypted state of the vCPU is here");
	return 0;
}

/* All of it is there: is it the guest that the source has stopped? */
static int conclude(struct receiving *r)
{
	uint8_t digest[OWNER_HASH_SIZE];
	int ret;

	if (!r->has_state || launch_es(&r->l) != r->has_vmsa)
		return -EPROTO;
	ret = migrate_receive_finish(&r->l);
	if (ret)
		return refuse(r, "RECEIVE_FINISH", ret);
	if (r->stopped.has_digest) {
		ret = counter_digest(&r->l, digest);
		if (!ret && memcmp(digest, r->stopped.digest, sizeof(digest)))
			ret = -EILSEQ;
		if (ret)
			return refuse(r, "digest of RAM", ret);
		side_say("target: %u pages are here, RAM is the same to the last bit",
			 r->pages + r->shared);
	}
	side_say("target: %.1f MiB/s by RECEIVE_UPDATE_DATA", side_rate(r->pages, r->seconds));
	r->ready = true;
	return wire_send(WIRE_READY, 0, NULL, 0);
}

static int take(struct receiving *r, const struct wire_header *header,
		const union wire_body *body)
{
	int ret = header->kind == WIRE_PAGE ? 0 : take_waiting(r);

	if (ret || r->refused)
		return ret;
	switch (header->kind) {
	case WIRE_START:
	case WIRE_START_LINUX:
		r->guest = header->kind == WIRE_START ? &moving_small : &moving_linux;
		ret = make_vm(r, &body->start);
		progress_begin(&r->progress, "receive", body->start.ram);
		return ret ? refuse(r, "RECEIVE_START", ret) : 0;
	case WIRE_PAGE:
		return take_page(r, header->where, &body->page);
	case WIRE_CPU:
	case WIRE_MACHINE:
		return take_state(r, header->kind, body);
	case WIRE_SHARED:
		return take_shared(r, header->where, body->shared);
	case WIRE_VMSA:
		return take_encrypted(r, header->where, &body->page);
	case WIRE_STOPPED:
		progress_clear(&r->progress);
		r->stopped = body->stopped;
		return conclude(r);
	default:
		return -EPROTO;
	}
}

/*
 * Up to GO or CANCEL, which alone may come after READY: the guest is whole, and nobody would
 * notice if its RAM, or what KVM has of it, changed after the digest was compared.
 */
static int receive(struct receiving *r)
{
	static union wire_body body;
	struct wire_header header;
	bool start, started = false;
	int ret;

	for (;;) {
		ret = wire_receive(&header, &body);
		if (ret)
			return ret;
		if (header.kind == WIRE_CANCEL)
			return -ECANCELED;
		if (header.kind == WIRE_GO)
			return r->ready ? 0 : -EPROTO;
		start = header.kind == WIRE_START || header.kind == WIRE_START_LINUX;
		if (start == started || r->ready)
			return -EPROTO;
		started = true;
		if (!r->refused)
			ret = take(r, &header, &body);
		if (ret)
			return ret;
	}
}

static int run(struct receiving *r)
{
	uint32_t next = r->stopped.next;
	int ret = r->guest->run(&r->l, AFTER, &next);

	if (!ret)
		ret = r->guest->stop(&r->l, &next);
	if (ret)
		return side_failed(&r->l, "guest", ret);
	side_say("target: the guest has gone on from %u to %u", r->stopped.next, next);
	return wire_send(WIRE_DONE, 0, NULL, 0);
}

static int attempt(const struct migrate_options *opt, const struct vendor_files *vendor,
		   uint32_t *status)
{
	static struct receiving r;	/* too large for a stack */
	int ret;

	r = (struct receiving){ .pages = 0 };
	ret = launch_open(&r.l, &launch_fw, 0);
	r.l.by_dev = opt->by_dev;
	if (!ret)
		ret = migrate_target(&r.l, vendor, &r.shown);
	if (ret)
		side_failed(&r.l, "certificates", ret);
	else
		ret = wire_send(WIRE_HELLO, 0, &r.shown, sizeof(r.shown));
	if (!ret)
		ret = receive(&r);
	if (!ret)
		ret = run(&r);
	progress_clear(&r.progress);
	if (r.guest)
		r.guest->stop(&r.l, &r.stopped.next);
	*status = launch_status(&r.l, ret);
	if (ret == -ECANCELED)
		side_say("target: cancelled after %u pages", r.pages);
	launch_close(&r.l);
	return ret;
}

int side_receive(const struct migrate_options *opt, uint32_t *status)
{
	struct vendor_files vendor;
	int ret = opt->vendor ? vendor_read(&vendor, opt->vendor) : 0;

	if (ret)
		side_say("target: no cek.cert and ask_ark.cert in %s: %s", opt->vendor,
		    strerror(-ret));
	while (!ret) {
		ret = attempt(opt, opt->vendor ? &vendor : NULL, status);
		if (ret != -ECANCELED)
			break;
		ret = 0;
	}
	return ret;
}
