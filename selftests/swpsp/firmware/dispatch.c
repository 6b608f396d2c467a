// SPDX-License-Identifier: GPL-2.0
/*
 * The front door: power on and off, the table of commands, and what all of them
 * have in common: state of the platform, the one copy of the command buffer in,
 * and the copy out that its class allows. Also the transcript.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/obj_mac.h>

#include "internal.h"
#include "transport.h"

/*
 * Use of the command buffer.
 * N: nothing; A: read; B: written on success; C: read, written on success;
 * D: read, written on success and on INVALID_LENGTH
 */
enum class {
	CLASS_N,
	CLASS_A,
	CLASS_B,
	CLASS_C,
	CLASS_D,
};

#define UNINIT	BIT(PLATFORM_UNINIT)
#define INIT	BIT(PLATFORM_INIT)
#define WORKING	BIT(PLATFORM_WORKING)
#define UP	(INIT | WORKING)
#define ANY	(UNINIT | UP)
/*
 * SNP's states share the mask. A mask that has no state of SNP allows all of them; the same
 * holds for the platform's states.
 */
#define SNP_STATE(s)	BIT(3 + (s))
#define SNP_DOWN	SNP_STATE(SNP_UNINIT)
#define SNP_UP		SNP_STATE(SNP_INIT)
#define SNP_ANY		(SNP_DOWN | SNP_UP)
#define FIRST_SNP	0x81

#define AT(offset)		((offset) + 1)
#define API(major, minor)	((major) << 8 | (minor))

/*
 * size: documented length of the buffer; firmware's own may be padded to 8, but
 *	the host need not have the padding. A wrong length in it is its command's to
 *	refuse [D-LENGTH], and so are reserved bits [D-RESERVED].
 * states: platform states in which the command is legal; of SNP [D-INIT-LEGACY],
 *	[D-FLUSH-STATE].
 * handle, gctx, page, asid, packet (its guest address): for the transcript; 0: none, else
 *	offset + 1.
 * since: first API version that has the command.
 */
struct command {
	const char *name;
	command_fn *handler;
	enum class class;
	uint8_t size;
	uint8_t states;
	uint8_t handle;
	uint8_t gctx;
	uint8_t page;
	uint8_t asid;
	uint8_t packet;
	uint16_t since;
};

static const struct command commands[] = {
#define COMMAND(id, name, handler, ...) \
	[id] = { name, handler, __VA_ARGS__ },
#include "commands.h"
#undef COMMAND
};

static const struct command *find(uint32_t id)
{
	return id < ARRAY_SIZE(commands) && commands[id].handler ? &commands[id] : NULL;
}

const char *swpsp_command_name(uint32_t id)
{
	const struct command *c = find(id);

	return c ? c->name : NULL;
}

#define STATUS_NAME(name, value, meaning)	\
	[value] = #name,

const char *swpsp_status_name(uint16_t status)
{
	static const char *const names[] = { SEV_FW_STATUSES(STATUS_NAME) };

	if (status < ARRAY_SIZE(names) && names[status])
		return names[status];
	return "(unknown)";
}

void swpsp_counts(const struct swpsp *p, struct swpsp_counts *counts)
{
	counts->guests = p->guest_count + p->snp.guest_count;
	counts->asids_bound = p->asids_bound;
	counts->asids_dirty = p->asids_dirty;
}

/* ---- transcript ---- */

/* The page that a command of SNP is about, and the state that it has now. */
static void transcribe_page(const struct swpsp *p, uint64_t addr)
{
	uint64_t page = mem_address(p, addr) & ~0xfffull;

	fprintf(p->config.transcript, " page=0x%llx:%s", (unsigned long long)addr,
		rmp_state_name(mem_state(p, page, NULL)));
}

/* Older firmware needs the C-bit in a packet's guest address; present firmware does not. */
static void transcribe_c_bit(const struct swpsp *p, uint64_t addr)
{
	if (addr)
		fprintf(p->config.transcript, " c-bit=%d", !!(addr & p->cbit));
}

static void transcribe(const struct swpsp *p, uint32_t id, const struct command *c,
		       const uint8_t *cmd, uint16_t status)
{
	FILE *f = p->config.transcript;

	if (!f)
		return;
	fprintf(f, "0x%03x %s", id, c ? c->name : "?");
	if (c && c->handle)
		fprintf(f, " handle=%u", get32(cmd + c->handle - 1));
	if (c && c->gctx)
		fprintf(f, " gctx=0x%llx", (unsigned long long)get64(cmd + c->gctx - 1));
	if (c && c->page)
		transcribe_page(p, get64(cmd + c->page - 1));
	if (c && c->asid)
		fprintf(f, " asid=%u", get32(cmd + c->asid - 1));
	if (c && c->packet)
		transcribe_c_bit(p, get64(cmd + c->packet - 1));
	fprintf(f, " %s (0x%02x)\n", swpsp_status_name(status), status);
}

/* ---- execution ---- */

static bool state_fits(const struct swpsp *p, const struct command *c)
{
	bool sev = !(c->states & ANY) || (c->states & BIT(p->state));
	bool snp = !(c->states & SNP_ANY) || (c->states & SNP_STATE(p->snp.state));

	return sev && snp;
}

/*
 * While SNP is up, a buffer that is written back must be the firmware's, or the
 * status of the check is answered plus 64, an oddity of real firmware. Another is that
 * ATTESTATION's is not checked until it is written.
 */
static uint16_t check_write_back(struct swpsp *p, const struct command *c, uint64_t addr)
{
	uint16_t status;

	if (c->class < CLASS_B || c->handler == cmd_attestation)
		return SWPSP_SUCCESS;
	status = mem_writable(p, SNP_PAGE_OUTPUT, addr, c->size);
	if (!status && (p->config.snp_options & SWPSP_SNP_RECLAIM_COMMAND))
		p->command = (struct written){ mem_address(p, addr), c->size };
	return status == SWPSP_INVALID_PAGE_STATE ? status + 64 : status;
}

void swpsp_longer(struct swpsp *p, uint32_t bytes)
{
	p->longer = bytes;
}

/* Outputs that tell their own length: address and length in the buffer. */
static const struct output {
	uint32_t id;
	uint32_t addr;
	uint32_t len;
} outputs[] = {
	{ 0x06, 0x00, 0x08 },
	{ 0x08, 0x00, 0x08 },
	{ 0x08, 0x10, 0x18 },
	{ 0x0c, 0x00, 0x08 },
	{ 0x36, 0x08, 0x20 },
};

/* The command is given less room than there is, and what it wrote is continued. */
static uint16_t handle_longer(struct swpsp *p, const struct command *c, uint8_t *cmd)
{
	const struct output *o, *end = outputs + ARRAY_SIZE(outputs);
	uint16_t status;

	for (o = outputs; o < end; o++) {
		uint32_t room = get32(cmd + o->len);

		if (find(o->id) == c)
			put32(cmd + o->len, room > p->longer ? room - p->longer : 0);
	}
	status = c->handler(p, cmd);
	for (o = outputs; o < end; o++) {
		uint32_t len = get32(cmd + o->len);

		if (find(o->id) != c)
			continue;
		for (uint32_t i = 0; !status && i < p->longer; i++)
			status = mem_write(p, get64(cmd + o->addr) + len + i,
					   &(uint8_t){ SWPSP_LONGER_BYTE }, 1);
		put32(cmd + o->len, len + p->longer);
	}
	return status;
}

static uint16_t execute(struct swpsp *p, const struct command *c, uint64_t addr, uint8_t *cmd)
{
	uint16_t status = SWPSP_SUCCESS, out;

	if (p->snp.state == SNP_INIT)
		status = check_write_back(p, c, addr);
	if (!status && c->class != CLASS_N && c->class != CLASS_B)
		status = mem_read(p, addr, cmd, c->size);
	if (status)
		return status;
	if (!state_fits(p, c))
		return SWPSP_INVALID_PLATFORM_STATE;
	status = p->longer ? handle_longer(p, c, cmd) : c->handler(p, cmd);
	if (c->class < CLASS_B)
		return status;
	if (status && !(c->class == CLASS_D && status == SWPSP_INVALID_LENGTH))
		return status;
	out = mem_write(p, addr, cmd, c->size);
	return status ? status : out;
}

/* In a ring, an entry may carry the errors of those before it. */
static uint16_t command_in_batch(struct swpsp *p, uint32_t id, uint64_t cmdbuf)
{
	const struct command *c = find(id);
	uint8_t cmd[CMD_SIZE_MAX] = { 0 };
	uint16_t api = API(p->config.api_major, p->config.api_minor);
	uint16_t status = SWPSP_INVALID_COMMAND;

	if (id >= FIRST_SNP && !p->snp.rmp.pages)
		c = NULL;
	if (c && api >= c->since)
		status = execute(p, c, cmdbuf, cmd);
	snp_legacy_end(p, status == SWPSP_SUCCESS);
	transcribe(p, id, c, cmd, status);
	selfcheck(p, id);
	return status;
}

uint16_t swpsp_command(struct swpsp *p, uint32_t id, uint64_t cmdbuf)
{
	p->error_info = 0;
	return command_in_batch(p, id, cmdbuf);
}

uint16_t swpsp_ring_command(struct swpsp *p, const struct swpsp_ring_io *io)
{
	return command_in_batch(p, io->id, io->cmdbuf);
}

/* ---- power ---- */

static const char *config_error(const struct swpsp_config *c)
{
	uint32_t threads = c->ccx_threads ? c->ccx_threads : c->cpus;

	if (!c->memory || !c->memory_size)
		return "no memory";
	if (c->mode != SWPSP_MEMORY_PLAIN && c->mode != SWPSP_MEMORY_CIPHER)
		return "memory mode is neither plain nor cipher";
	if (!c->max_asid || c->max_asid > ASID_MAX)
		return "max_asid is not in 1..1006";
	if (!c->min_sev_asid || c->min_sev_asid > c->max_asid + 1)
		return "min_sev_asid is not in 1..max_asid + 1";
	if (!c->cpus || c->cpus > SWPSP_CPUS_MAX)
		return "cpus is not in 1..256";
	if ((c->cpus + threads - 1) / threads > 64)
		return "more than 64 core complexes";
	if (c->cbit && (c->cbit < 32 || c->cbit > 63))
		return "C-bit is not in 32..63";
	if (c->sockets > 2)
		return "more than 2 sockets";
	if (c->hole_start > c->hole_end)
		return "memory hole ends before it starts";
	if (c->rmp && (!c->rmp_pages || c->rmp_pages % 512))
		return "the reverse map table covers no whole number of 2 MiB pages";
	if (c->product > SWPSP_TURIN)
		return "no such product";
	return NULL;
}

static bool copy_path(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

static const char *power_on(struct swpsp *p, const struct swpsp_config *c)
{
	uint32_t threads = c->ccx_threads ? c->ccx_threads : c->cpus;

	p->config = *c;
	p->memory = c->memory;
	p->cbit = 1ull << (c->cbit ? c->cbit : 51);
	p->all_ccx = UINT64_MAX >> (64 - (c->cpus + threads - 1) / threads);
	p->p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
	if (!p->p384 || !copy_path(&p->state_dir, c->state_dir) ||
	    !copy_path(&p->ca_dir, c->ca_dir ? c->ca_dir : c->state_dir))
		return "no memory for the platform";
	p->config.state_dir = NULL;	/* the caller's; ours are copies */
	p->config.ca_dir = NULL;
	if (!snp_tcb_valid(p, c->tcb))
		return "the TCB version has parts that the product does not have";
	snp_power_on(p);
	return identity_power_on(p) ? NULL : "state directory or its chip key is not usable";
}

struct swpsp *swpsp_new(const struct swpsp_config *config, const char **error)
{
	const char *wrong = config_error(config);
	struct swpsp *p = NULL;

	if (!wrong) {
		p = calloc(1, sizeof(*p));
		wrong = p ? power_on(p, config) : "no memory for the platform";
	}
	if (wrong) {
		swpsp_free(p);
		p = NULL;
	}
	if (error)
		*error = wrong;
	return p;
}

void swpsp_free(struct swpsp *p)
{
	if (!p)
		return;
	guest_destroy_all(p);
	snp_guests_destroy(p);
	mem_forget_keys(p);
	vendor_free(p);
	for (unsigned int i = 0; i < RANDOM_STREAMS; i++)
		EVP_CIPHER_CTX_free(p->drbg[i]);
	EC_GROUP_free(p->p384);
	free(p->pool);
	free(p->flash);
	free(p->state_dir);
	free(p->ca_dir);
	OPENSSL_cleanse(p, sizeof(*p));
	free(p);
}
