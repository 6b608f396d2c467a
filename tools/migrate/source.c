// SPDX-License-Identifier: GPL-2.0
/*
 * The side that has a guest and wants to be rid of it.
 *
 * RAM is sent while the guest runs, so that pages are written again after they
 * have been sent. KVM notes which; those are sent again, round after round, until
 * few are left. Only then the guest stops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../sevfw/progress.h"
#include "moving.h"

#define PAGE		4096
#define FEW		16	/* pages that may be left when the guest stops */
#define ROUNDS		8
#define RUN_EVERY	64	/* pages between two slices of the guest's time */
#define BEFORE		100	/* and before all this */

/* Attempt to send: what it has to remember. */
struct sending {
	const struct migrate_options *opt;
	const struct moving *guest;
	struct launch l;
	struct live_cpuid cpuid;	/* of the vCPU */
	struct progress progress;	/* of this round */
	uint64_t *written;	/* one bit for each page that is yet to be sent */
	uint64_t *more;		/* and for those that come to these */
	uint32_t next;		/* number that the guest will print next */
	unsigned int attempt;
	unsigned int sent;	/* pages, in this attempt */
	unsigned int shared;	/* and of those that the guest shares with the host */
	double seconds;		/* which their SEND_UPDATE_DATA took */
	bool sending;		/* SEND_START is done, and neither FINISH nor CANCEL */
	bool given;		/* GO may have been sent: the guest is the target's */
	bool again;		/* another attempt may go better */
	uint32_t status;	/* the firmware's, of what has failed */
};

/* Pages that are sent by one call. */
struct batch {
	uint32_t count;
	uint64_t gpas[MIGRATE_MANY];
	struct migrate_packet packets[MIGRATE_MANY];
};

static size_t pages(const struct sending *s)
{
	return s->l.vm.size / PAGE;
}

static size_t count(const struct sending *s)
{
	size_t n = 0;

	for (size_t i = 0; i < (pages(s) + 63) / 64; i++)
		n += __builtin_popcountll(s->written[i]);
	return n;
}

/* As side_failed(). What comes after a failure must not change its status. */
static int failed(struct sending *s, const char *what, int ret)
{
	s->status = launch_status(&s->l, ret);
	return side_failed(&s->l, what, ret);
}

static void spoil(struct sending *s, struct migrate_packet *packet)
{
	if (s->opt->spoil && s->sent == s->opt->spoil && s->attempt == 1 + !!s->opt->cancel) {
		packet->data[PAGE / 2] ^= 1;
		side_say("source: packet %u spoilt on its way", s->sent);
	}
}

static int send_batch(struct sending *s, struct batch *batch)
{
	double began = side_now();
	uint32_t done, i;
	int ret;

	if (!batch->count)
		return 0;
	ret = migrate_send_many(&s->l, batch->gpas, batch->count, PAGE, batch->packets, &done);
	s->seconds += side_now() - began;
	progress_add(&s->progress, batch->count * PAGE);
	if (ret)
		return failed(s, "SEND_UPDATE_DATA", ret);
	for (i = 0; i < batch->count && !ret; i++) {
		s->sent++;
		spoil(s, &batch->packets[i]);
		ret = wire_send_packet(WIRE_PAGE, batch->gpas[i], &batch->packets[i]);
	}
	batch->count = 0;
	return ret;
}

/* How many pages to give up after, on purpose; 0: do not */
static unsigned int enough(const struct sending *s)
{
	return s->attempt == 1 ? s->opt->cancel : 0;
}

/* Is there something to do before another page is sent? */
static bool is_full(const struct sending *s, const struct batch *batch)
{
	unsigned int sent = s->sent + batch->count;

	return batch->count == MIGRATE_MANY || !(sent % RUN_EVERY) || sent == enough(s);
}

/* The firmware has no key for it: as the host sees it, so does the guest. */
static int send_shared(struct sending *s, uint64_t gpa)
{
	s->shared++;
	progress_add(&s->progress, PAGE);
	return wire_send(WIRE_SHARED, gpa, s->l.vm.memory + gpa, PAGE);
}

/* All pages that are yet to be sent; the guest runs meanwhile, or does not. */
static int send_round(struct sending *s, bool running)
{
	static struct batch batch;
	int ret = 0;

	batch.count = 0;
	progress_begin(&s->progress, "send", count(s) * PAGE);
	for (size_t page = 0; page < pages(s) && !ret; page++) {
		if (!(s->written[page / 64] >> page % 64 & 1))
			continue;
		if (vm_is_shared(&s->l.vm, page * PAGE)) {
			ret = send_shared(s, page * PAGE);
			continue;
		}
		if (enough(s) && s->sent == enough(s)) {
			ret = -ECANCELED;
			break;
		}
		batch.gpas[batch.count++] = page * PAGE;
		if (!is_full(s, &batch))
			continue;
		ret = send_batch(s, &batch);
		if (!ret && running && !(s->sent % RUN_EVERY))
			ret = s->guest->run(&s->l, s->guest->slice, &s->next);
	}
	if (!ret)
		ret = send_batch(s, &batch);
	progress_clear(&s->progress);
	return ret;
}

/* Pages that the guest has written since the last question have to go, too. */
static int stop(struct sending *s)
{
	int ret = s->guest->stop(&s->l, &s->next);

	if (!ret)
		ret = live_written(&s->l.vm, s->more);
	for (size_t i = 0; i < (pages(s) + 63) / 64 && !ret; i++)
		s->written[i] |= s->more[i];
	return ret;
}

static int send_memory(struct sending *s)
{
	struct launch *l = &s->l;
	int ret = live_log(&l->vm, true);

	memset(s->written, 0xff, pages(s) / 8);
	for (int round = 0; round < ROUNDS && !ret; round++) {
		side_say("source: round %d: %zu pages, the guest is at %u", round, count(s),
			 s->next);
		ret = send_round(s, true);
		if (!ret)
			ret = s->guest->run(l, 1, &s->next);
		if (!ret)
			ret = live_written(&l->vm, s->written);
		if (count(s) <= FEW)
			break;
	}
	if (!ret)
		ret = stop(s);
	if (ret)
		return ret;
	side_say("source: the guest stops at %u, %zu pages are left", s->next, count(s));
	return send_round(s, false);
}

/* State that KVM cannot see. The other side must have its machine first. */
static int send_encrypted(struct sending *s)
{
	static struct migrate_packet packet;
	int ret = launch_es(&s->l) ? migrate_send_vmsa(&s->l, 0, &packet) : 0;

	if (ret)
		return failed(s, "SEND_UPDATE_VMSA", ret);
	return launch_es(&s->l) ? wire_send_packet(WIRE_VMSA, 0, &packet) : 0;
}

/* The guest has stopped: its vCPU, and what the other side should find. */
static int send_state(struct sending *s)
{
	struct wire_stopped stopped = { .next = s->next };
	int ret = s->guest->send(&s->l, s->opt->pause);

	if (!ret)
		ret = send_encrypted(s);
	if (!ret && !(s->opt->policy & OWNER_POLICY_NODBG)) {
		stopped.has_digest = 1;
		ret = counter_digest(&s->l, stopped.digest);
		if (ret)
			return failed(s, "digest of RAM", ret);
	}
	return ret ? ret : wire_send(WIRE_STOPPED, 0, &stopped, sizeof(stopped));
}

static int start(struct sending *s)
{
	struct wire_start start = { .ram = s->l.vm.size, .cpuid = s->cpuid };
	union wire_body body;
	int ret = wire_expect(WIRE_HELLO, &body);

	s->attempt++;
	s->again = true;
	s->sent = 0;
	s->shared = 0;
	s->seconds = 0;
	if (ret)
		return ret;
	ret = migrate_send_start(&s->l, &body.hello, &start.session);
	s->sending = !ret || launch_status(&s->l, ret) == SEV_FW_STATUS_SUCCESS;
	if (ret)
		return failed(s, "SEND_START", ret);
	return wire_send(s->guest->start, 0, &start, sizeof(start));
}

/*
 * The firmware's status is why, or it is something that only the other side knows. A packet that
 * somebody has changed is the one thing that need not come again.
 */
static int is_refused(struct sending *s, uint64_t status)
{
	s->again = status == SEV_FW_STATUS_BAD_MEASUREMENT;
	if (status && status < SEV_FW_NO_CALL)
		side_say("source: the target refuses: %s", sev_status_text(status));
	else
		side_say("source: the target refuses: see its own messages");
	return -ECANCELED;
}

/* READY, or what the other side did not like. */
static int wait_ready(struct sending *s)
{
	struct wire_header header;
	union wire_body body;
	int ret = wire_receive(&header, &body);

	if (ret || header.kind == WIRE_READY)
		return ret;
	return header.kind == WIRE_REFUSED ? is_refused(s, header.where) : -EPROTO;
}

/* -ECANCELED: not this time; the guest can go on here. */
static int attempt(struct sending *s)
{
	int ret = send_memory(s);

	if (!ret)
		ret = send_state(s);
	if (!ret)
		ret = wait_ready(s);
	live_log(&s->l.vm, false);
	if (ret)
		return ret;
	side_say("source: %u pages sent, %.1f MiB/s by SEND_UPDATE_DATA", s->sent,
		 side_rate(s->sent, s->seconds));
	if (s->shared)
		side_say("source: %u pages that the guest shares with the host went as they are",
			 s->shared);
	ret = migrate_send_finish(&s->l);
	if (ret)
		return failed(s, "SEND_FINISH", ret);
	s->sending = false;
	s->given = true;
	return wire_send(WIRE_GO, 0, NULL, 0);
}

/*
 * Without GO the guest is this side's, whatever has failed, and goes on here. It could do so
 * without SEND_CANCEL, too, but not be sent again. Return: @why, or what has failed here if
 * nothing had before.
 */
static int keep(struct sending *s, int why)
{
	const bool sending = s->sending;
	int ret = sending ? migrate_send_cancel(&s->l) : 0, ran;
	const bool cancelled = sending && !ret;

	s->sending = false;
	if (ret && why == -ECANCELED)
		s->status = launch_status(&s->l, ret);
	if (ret)
		side_failed(&s->l, "SEND_CANCEL", ret);
	else if (cancelled)
		ret = wire_send(WIRE_CANCEL, 0, NULL, 0);
	ran = s->guest->run(&s->l, BEFORE, &s->next);
	if (ran)
		side_failed(&s->l, "guest", ran);
	else
		side_say("source: %sthe guest goes on here and is at %u",
			 cancelled ? "cancelled, " : "", s->next);
	return why == -ECANCELED ? ret ?: ran ?: why : why;
}

static int send_guest(struct sending *s)
{
	union wire_body body;
	int ret;

	do {
		ret = start(s);
		if (!ret)
			ret = attempt(s);
		if (ret && !s->given)
			ret = keep(s, ret);
	} while (ret == -ECANCELED && s->again && s->attempt < 4);
	return ret ? ret : wire_expect(WIRE_DONE, &body);
}

static int send_away(struct sending *s)
{
	int ret = s->written && s->more ? s->guest->launch(&s->l, s->opt) : -ENOMEM;

	if (!ret)
		ret = live_get_cpuid(&s->l.vm, &s->cpuid);
	if (ret)
		return failed(s, "launch", ret);
	ret = s->guest->run(&s->l, BEFORE, &s->next);
	if (ret)
		return failed(s, "guest", ret);
	side_say("source: a guest is launched, attested, and at %u", s->next);
	ret = send_guest(s);
	if (!ret)
		side_say("source: the guest is gone");
	return ret;
}

int side_send(const struct migrate_options *opt, uint32_t *status)
{
	const size_t words = opt->memory / PAGE / 64 + 1;
	struct sending s = {
		.opt = opt, .guest = opt->kernel ? &moving_linux : &moving_small,
		.written = calloc(words, 8), .more = calloc(words, 8),
		.status = SEV_FW_NO_CALL,
	};
	int ret = launch_open(&s.l, &launch_fw, opt->policy);

	s.l.by_dev = opt->by_dev;
	ret = ret ? failed(&s, "launch", ret) : send_away(&s);
	*status = s.status;
	s.guest->stop(&s.l, &s.next);
	launch_close(&s.l);
	free(s.written);
	free(s.more);
	return ret;
}
