// SPDX-License-Identifier: GPL-2.0
/*
 * Guest contexts: handles, creation, end, status, and copying within a guest.
 * The platform is WORKING exactly while one exists.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define STATUS_POLICY	0x04
#define STATUS_ASID	0x08
#define STATUS_STATE	0x0c

#define COPY_LENGTH	0x04
#define COPY_SRC	0x08
#define COPY_DST	0x10

struct guest *guest_get(struct swpsp *p, uint32_t handle)
{
	if (!handle || handle > GUESTS_MAX || p->guests[handle].state == GUEST_FREE)
		return NULL;
	return &p->guests[handle];
}

uint32_t guest_handle(const struct swpsp *p, const struct guest *g)
{
	return (uint32_t)(g - p->guests);
}

static struct guest *lowest_free(struct swpsp *p)
{
	for (uint32_t i = 1; i <= GUESTS_MAX; i++)
		if (p->guests[i].state == GUEST_FREE)
			return &p->guests[i];
	return NULL;
}

static bool guest_fill(struct swpsp *p, struct guest *g, const struct guest *shared)
{
	g->digest = EVP_MD_CTX_new();
	if (!g->digest || !EVP_DigestInit_ex2(g->digest, EVP_sha256(), NULL))
		return false;
	if (!crypto_random(p, g->offline_key, sizeof(g->offline_key)))
		return false;
	if (!shared)
		return crypto_random(p, g->seed, sizeof(g->seed));
	memcpy(g->seed, shared->seed, sizeof(g->seed));
	return true;
}

static void guest_clear(struct guest *g)
{
	EVP_MD_CTX_free(g->digest);
	OPENSSL_cleanse(g, sizeof(*g));
}

/* The common end of LAUNCH_START and RECEIVE_START. @share: 0 or a handle. */
uint16_t guest_create(struct swpsp *p, uint32_t share, uint32_t policy,
		      const struct session_keys *keys, enum guest_state state,
		      uint32_t *handle)
{
	struct guest *shared = NULL, *g;

	if (share) {
		shared = guest_get(p, share);
		if (!shared)
			return SWPSP_INVALID_GUEST;
		if (shared->policy != policy || (policy & POLICY_NOKS))
			return SWPSP_POLICY_FAILURE;
	}
	g = lowest_free(p);
	if (!g)
		return SWPSP_RESOURCE_LIMIT;
	if ((policy & POLICY_ES) && !p->es)
		return SWPSP_UNSUPPORTED;
	if (!guest_fill(p, g, shared)) {
		guest_clear(g);
		return hardware_error(p, ERROR_CRYPTO);
	}
	g->policy = policy;
	g->keys = *keys;
	g->state = state;
	p->guest_count++;
	p->state = PLATFORM_WORKING;
	*handle = guest_handle(p, g);
	return SWPSP_SUCCESS;
}

void guest_wipe_session(struct guest *g)
{
	OPENSSL_cleanse(&g->keys, sizeof(g->keys));
}

void guest_destroy_all(struct swpsp *p)
{
	for (uint32_t i = 1; i <= GUESTS_MAX; i++)
		guest_clear(&p->guests[i]);
	p->guest_count = 0;
}

uint16_t cmd_decommission(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->asid)
		return SWPSP_ACTIVE;
	vmsa_release(p, guest_handle(p, g));
	guest_clear(g);
	if (!--p->guest_count)
		p->state = PLATFORM_INIT;
	return SWPSP_SUCCESS;
}

/* A handle that is not in use is no error: its state is "free". */
uint16_t cmd_guest_status(struct swpsp *p, uint8_t *cmd)
{
	const struct guest *g = guest_get(p, get32(cmd));

	cmd[STATUS_STATE] = GUEST_FREE;
	if (g) {
		put32(cmd + STATUS_POLICY, g->policy);
		put32(cmd + STATUS_ASID, g->asid);
		cmd[STATUS_STATE] = (uint8_t)g->state;
	}
	return SWPSP_SUCCESS;
}

/* Begin at the end at which no page is overwritten before it is read. */
static uint16_t copy_pages(struct swpsp *p, uint32_t asid, uint64_t dst, uint64_t src,
			   uint32_t len)
{
	bool down = mem_address(p, dst) > mem_address(p, src);
	uint16_t status = SWPSP_SUCCESS;

	for (uint32_t done = 0; !status && done < len; done += PAGE_SIZE) {
		uint32_t at = down ? len - PAGE_SIZE - done : done;

		status = mem_guest_read(p, asid, src + at, p->chunk, PAGE_SIZE);
		if (!status)
			status = mem_guest_write(p, asid, dst + at, p->chunk, PAGE_SIZE);
	}
	return status;
}

uint16_t cmd_copy(struct swpsp *p, uint8_t *cmd)
{
	const struct guest *g = guest_get(p, get32(cmd));
	uint64_t src = get64(cmd + COPY_SRC), dst = get64(cmd + COPY_DST);
	uint32_t len = get32(cmd + COPY_LENGTH);
	uint16_t status;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (!len || len % PAGE_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (src % PAGE_SIZE || dst % PAGE_SIZE)
		return SWPSP_INVALID_ADDRESS;
	status = mem_lent(p, dst, len);
	if (status)
		return status;
	if (mem_address(p, src) == mem_address(p, dst))
		return SWPSP_SUCCESS;
	if (!mem_in_window(p, src, len) || !mem_in_window(p, dst, len))
		return SWPSP_INVALID_PARAM;
	status = mem_range(p, src, len);
	if (!status)
		status = mem_range(p, dst, len);
	return status ? status : copy_pages(p, g->asid, dst, src, len);
}
