/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the tests of swpsp: a machine with a software PSP, and one function
 * for each command that tests use often. Offsets are typed from the description
 * of the firmware interface; neither swpsp's nor the driver's are used.
 *
 * The machine's memory, 8 MiB: command buffer at 4 KiB, TMR at 1 MiB, blobs for
 * firmware at 2 MiB, guest pages at 4 MiB. The memory is one allocation of exactly
 * this size, so that the sanitizer sees a step beyond its end.
 */
#ifndef SWPSP_TEST_H
#define SWPSP_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "swpsp.h"

#define MEMORY		0x800000u
#define CMD		0x1000u
#define TMR		0x100000u
#define BLOB		0x200000u
#define BLOB2		0x210000u
#define BLOB3		0x220000u
#define BLOB4		0x230000u
#define PAGES		0x400000u
#define OUTSIDE		0x900000u	/* beyond the end of memory */
#define ASEG		0xa0000u
#define CERT		0x824u
#define CHAIN		0x186cu
#define MAX_ASID	15u
#define MIN_SEV		6u
#define CPUS		4u

enum {
	INIT = 1, SHUTDOWN, PLATFORM_RESET, PLATFORM_STATUS, PEK_GEN, PEK_CSR,
	PEK_CERT_IMPORT, PDH_CERT_EXPORT, PDH_GEN, DF_FLUSH, DOWNLOAD_FIRMWARE, GET_ID,
	INIT_EX, NOP, RING_BUFFER,
	DECOMMISSION = 0x20, ACTIVATE, DEACTIVATE, GUEST_STATUS, COPY, ACTIVATE_EX,
	LAUNCH_START = 0x30, LAUNCH_UPDATE_DATA, LAUNCH_UPDATE_VMSA, LAUNCH_MEASURE,
	LAUNCH_UPDATE_SECRET, LAUNCH_FINISH, ATTESTATION,
	SEND_START = 0x40, SEND_UPDATE_DATA, SEND_UPDATE_VMSA, SEND_FINISH, SEND_CANCEL,
	RECEIVE_START = 0x50, RECEIVE_UPDATE_DATA, RECEIVE_UPDATE_VMSA, RECEIVE_FINISH,
	DBG_DECRYPT = 0x60, DBG_ENCRYPT,
	SWAP_OUT = 0x70, SWAP_IN,
};

enum { NODBG = 1, NOKS = 2, ES = 4, NOSEND = 8, DOMAIN = 16, SEV = 32 };
enum { FREE, LUPDATE, LSECRET, RUNNING, SUPDATE, RUPDATE, SENT };

struct box {
	struct swpsp_config config;
	struct swpsp *psp;
	uint8_t *mem;
};

static inline uint32_t get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline uint64_t get64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline void put32(void *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static inline void put64(void *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static inline uint8_t *at(struct box *b, uint64_t addr)
{
	return b->mem + addr;
}

/* Numbers counting up from @first. */
static inline void count_up(uint8_t *p, uint8_t first, size_t len)
{
	while (len--)
		*p++ = first++;
}

/* ---- a machine ---- */

static inline void box_config(struct box *b)
{
	memset(b, 0, sizeof(*b));
	b->mem = calloc(1, MEMORY);
	b->config = (struct swpsp_config) {
		.memory = b->mem, .memory_size = MEMORY, .mode = SWPSP_MEMORY_CIPHER,
		.api_major = 1, .api_minor = 55, .build = 25, .max_asid = MAX_ASID,
		.min_sev_asid = MIN_SEV, .cpus = CPUS, .ca_dir = TEST_CA_DIR,
	};
}

static inline bool box_start(struct box *b)
{
	b->psp = swpsp_new(&b->config, NULL);
	return b->psp;
}

static inline bool box_new(struct box *b)
{
	box_config(b);
	return box_start(b);
}

static inline void box_free(struct box *b)
{
	swpsp_free(b->psp);
	free(b->mem);
	memset(b, 0, sizeof(*b));
}

/* An empty command buffer to fill in. */
static inline uint8_t *cmd_new(struct box *b)
{
	return memset(at(b, CMD), 0, 0x100);
}

static inline uint16_t run(struct box *b, uint32_t id)
{
	return swpsp_command(b->psp, id, CMD);
}

/* ---- platform commands ---- */

static inline uint16_t init(struct box *b, bool es)
{
	uint8_t *c = cmd_new(b);

	c[0] = es;
	put64(c + 8, es ? TMR : 0);
	put32(c + 0x10, es ? 0x100000 : 0);
	return run(b, INIT);
}

static inline uint16_t init_ex(struct box *b, bool es, uint64_t nv, uint32_t nv_len)
{
	uint8_t *c = cmd_new(b);

	put32(c, 0x24);
	c[4] = es;
	put64(c + 8, es ? TMR : 0);
	put32(c + 0x10, es ? 0x100000 : 0);
	put64(c + 0x18, nv);
	put32(c + 0x20, nv_len);
	return run(b, INIT_EX);
}

static inline void wbinvd_all(struct box *b)
{
	for (uint32_t i = 0; i < b->config.cpus; i++)
		swpsp_wbinvd(b->psp, i);
}

static inline uint16_t flush(struct box *b)
{
	wbinvd_all(b);
	return run(b, DF_FLUSH);
}

static inline uint16_t platform_status(struct box *b, uint8_t out[12])
{
	uint16_t status;

	cmd_new(b);
	status = run(b, PLATFORM_STATUS);
	memcpy(out, at(b, CMD), 12);
	return status;
}

static inline int platform_state(struct box *b)
{
	uint8_t s[12];

	return platform_status(b, s) ? -1 : s[2];
}

/* PDH at BLOB, chain (PEK, OCA, CEK) at BLOB2. */
static inline uint16_t export_certs(struct box *b)
{
	uint8_t *c = cmd_new(b);

	put64(c, BLOB);
	put32(c + 8, CERT);
	put64(c + 0x10, BLOB2);
	put32(c + 0x18, CHAIN);
	return run(b, PDH_CERT_EXPORT);
}

/* ---- guest commands ---- */

static inline uint16_t by_handle(struct box *b, uint32_t id, uint32_t handle)
{
	put32(cmd_new(b), handle);
	return run(b, id);
}

static inline uint16_t activate(struct box *b, uint32_t handle, uint32_t asid)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put32(c + 4, asid);
	return run(b, ACTIVATE);
}

/* On the complexes of threads @first..@last. */
static inline uint16_t activate_ex(struct box *b, uint32_t handle, uint32_t asid, uint32_t first,
				   uint32_t last)
{
	uint8_t *c = cmd_new(b);

	put32(c, 0x18);
	put32(c + 4, handle);
	put32(c + 8, asid);
	put32(c + 0xc, last - first + 1);
	put64(c + 0x10, BLOB4);
	for (uint32_t i = first; i <= last; i++)
		put32(at(b, BLOB4) + 4 * (i - first), i);
	return run(b, ACTIVATE_EX);
}

static inline uint16_t guest_status(struct box *b, uint32_t handle, uint32_t *asid, int *state)
{
	uint16_t status = by_handle(b, GUEST_STATUS, handle);

	if (asid)
		*asid = get32(at(b, CMD + 8));
	*state = *at(b, CMD + 0xc);
	return status;
}

static inline int guest_state(struct box *b, uint32_t handle)
{
	int state;

	return guest_status(b, handle, NULL, &state) ? -1 : state;
}

/* Without a session. Return: status; the handle is left at CMD. */
static inline uint16_t launch_start(struct box *b, uint32_t share, uint32_t policy,
				    uint32_t *handle)
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	put32(c, share);
	put32(c + 4, policy);
	status = run(b, LAUNCH_START);
	*handle = status ? 0 : get32(c);
	return status;
}

static inline uint16_t launch_update(struct box *b, uint32_t id, uint32_t handle, uint64_t addr,
				     uint32_t len)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put64(c + 8, addr);
	put32(c + 0x10, len);
	return run(b, id);
}

/* Measurement at BLOB. */
static inline uint16_t measure(struct box *b, uint32_t handle)
{
	return launch_update(b, LAUNCH_MEASURE, handle, BLOB, 0x30);
}

static inline uint16_t attestation(struct box *b, uint32_t handle)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put64(c + 8, BLOB);
	count_up(c + 0x10, 0x40, 16);
	put32(c + 0x20, 0xd0);
	return run(b, ATTESTATION);
}

/* LAUNCH_UPDATE_SECRET, SEND_UPDATE_*, RECEIVE_UPDATE_*: header at BLOB, transport at BLOB2 */
static inline uint16_t transport(struct box *b, uint32_t id, uint32_t handle, uint64_t guest,
				 uint32_t len)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put64(c + 8, BLOB);
	put32(c + 0x10, 0x34);
	put64(c + 0x18, guest);
	put32(c + 0x20, len);
	put64(c + 0x28, BLOB2);
	put32(c + 0x30, len);
	return run(b, id);
}

static inline uint16_t dbg(struct box *b, uint32_t id, uint32_t handle, uint64_t src,
			   uint64_t dst, uint32_t len)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put64(c + 8, src);
	put64(c + 0x10, dst);
	put32(c + 0x18, len);
	return run(b, id);
}

/* Pages of a guest to another place of it */
static inline uint16_t copy(struct box *b, uint32_t handle, uint64_t src, uint64_t dst,
			    uint32_t len)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put32(c + 4, len);
	put64(c + 8, src);
	put64(c + 0x10, dst);
	return run(b, COPY);
}

/* A guest from LAUNCH_START to @state (LUPDATE, LSECRET, RUNNING); @asid 0: unbound. */
static inline uint32_t launch_to(struct box *b, uint32_t policy, uint32_t asid, int state)
{
	uint32_t handle;

	if (launch_start(b, 0, policy, &handle) || (asid && activate(b, handle, asid)))
		return 0;
	if (state != LUPDATE && measure(b, handle))
		return 0;
	if (state == RUNNING && by_handle(b, LAUNCH_FINISH, handle))
		return 0;
	return handle;
}

/* SEND_START to a platform whose PDH is at BLOB3; its session blob goes to BLOB4. */
static inline uint16_t send_start(struct box *b, uint32_t handle)
{
	uint8_t *c = cmd_new(b);

	put32(c, handle);
	put64(c + 8, BLOB3);
	put32(c + 0x10, CERT);
	put64(c + 0x18, BLOB3 + 0x1000);
	put32(c + 0x20, CHAIN);
	put64(c + 0x28, BLOB3 + 0x4000);
	put32(c + 0x30, 0xc80);
	put64(c + 0x38, BLOB4);
	put32(c + 0x40, 0x80);
	return run(b, SEND_START);
}

/* With the sender's PDH at BLOB3 and the session at BLOB4. */
static inline uint16_t receive_start(struct box *b, uint32_t policy, uint32_t *handle)
{
	uint8_t *c = cmd_new(b);
	uint16_t status;

	put32(c + 4, policy);
	put64(c + 8, BLOB3);
	put32(c + 0x10, CERT);
	put64(c + 0x18, BLOB4);
	put32(c + 0x20, 0x80);
	status = run(b, RECEIVE_START);
	*handle = status ? 0 : get32(c);
	return status;
}

/* The certificates of @from (with its CEK signed, and the vendor's) to BLOB3 of @to. */
static inline bool give_certs(struct box *from, struct box *to)
{
	uint8_t cek[CERT], vendor[0xc80];

	if (export_certs(from) || swpsp_export_ca(from->psp, cek, vendor))
		return false;
	memmove(at(to, BLOB3), at(from, BLOB), CERT);
	memmove(at(to, BLOB3 + 0x1000), at(from, BLOB2), CHAIN);
	memcpy(at(to, BLOB3 + 0x1000 + 2 * CERT), cek, CERT);
	memcpy(at(to, BLOB3 + 0x4000), vendor, sizeof(vendor));
	return true;
}

/* A guest in any of its states on @b, sent to or received from @b itself. */
static inline uint32_t guest_in_state(struct box *b, uint32_t policy, uint32_t asid, int state)
{
	uint32_t sender, handle;

	if (state <= RUNNING)
		return launch_to(b, policy, asid, state);
	handle = launch_to(b, policy, asid, RUNNING);
	if (!handle || !give_certs(b, b) || send_start(b, handle))
		return 0;
	if (state == SUPDATE)
		return handle;
	if (state == SENT)
		return by_handle(b, SEND_FINISH, handle) ? 0 : handle;
	sender = handle;
	if (receive_start(b, policy, &handle) || by_handle(b, DEACTIVATE, sender))
		return 0;
	if (by_handle(b, DECOMMISSION, sender) || flush(b))
		return 0;
	return asid && activate(b, handle, asid) ? 0 : handle;
}

#endif /* SWPSP_TEST_H */
