// SPDX-License-Identifier: GPL-2.0
/*
 * Launch: from an empty context to a measured, encrypted, running guest; and the
 * attestation report, which says what was measured.
 */
#include <stdio.h>

#include <openssl/crypto.h>

#include "internal.h"
#include "transport.h"

#define START_HANDLE	0x00
#define START_POLICY	0x04
#define START_CERT	0x08

#define UPDATE_HANDLE	0x00
#define UPDATE_ADDR	0x08
#define UPDATE_LEN	0x10

#define MEASURE_ADDR	0x08
#define MEASURE_LEN	0x10
#define MEASURE_NONCE	0x20	/* in the output */

#define REPORT_ADDR	0x08
#define REPORT_NONCE	0x10
#define REPORT_LEN	0x20

static bool digest_so_far(const struct guest *g, uint8_t digest[32])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, g->digest) &&
		  EVP_DigestFinal_ex(copy, digest, NULL);

	EVP_MD_CTX_free(copy);
	return ok;
}

/*
 * The launch log: one line for each step of a launch, with the digest after it,
 * so that the first step that differs from what an owner expects can be found.
 */
static void launch_log(struct swpsp *p, struct guest *g, const char *step, uint64_t addr,
		       uint64_t len)
{
	FILE *f = p->config.transcript;
	uint8_t digest[32];

	g->log_step++;
	if (!f)
		return;
	if (g->state != GUEST_LUPDATE)
		memcpy(digest, g->launch_digest, sizeof(digest));
	else if (!digest_so_far(g, digest))
		return;
	fprintf(f, "launch handle=%u step=%u %s addr=0x%llx len=0x%llx digest=",
		guest_handle(p, g), g->log_step, step, (unsigned long long)addr,
		(unsigned long long)len);
	for (size_t i = 0; i < sizeof(digest); i++)
		fprintf(f, "%02x", digest[i]);
	fputc('\n', f);
}

uint16_t cmd_launch_start(struct swpsp *p, uint8_t *cmd)
{
	uint32_t share = get32(cmd + START_HANDLE), policy = get32(cmd + START_POLICY);
	struct session_keys keys = { 0 };	/* no session: zero keys, no policy check */
	uint16_t status = SWPSP_SUCCESS;
	uint32_t handle;

	if (get64(cmd + START_CERT))
		status = session_open(p, cmd, policy, &keys);
	if (!status)
		status = guest_create(p, share, policy, &keys, GUEST_LUPDATE, &handle);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (status)
		return status;
	put32(cmd + START_HANDLE, handle);
	launch_log(p, &p->guests[handle], "LAUNCH_START", 0, 0);
	return SWPSP_SUCCESS;
}

/* Return: the guest in the one state that the command needs, or NULL and @status. */
static struct guest *guest_in(struct swpsp *p, uint32_t handle, enum guest_state state,
			      uint16_t *status)
{
	struct guest *g = guest_get(p, handle);

	*status = SWPSP_SUCCESS;
	if (!g)
		*status = SWPSP_INVALID_GUEST;
	else if (g->state != state)
		*status = SWPSP_INVALID_GUEST_STATE;
	return *status ? NULL : g;
}

/* Measure and encrypt, in place, what is at most one chunk. */
static uint16_t update_chunk(struct swpsp *p, struct guest *g, uint64_t addr, uint32_t len)
{
	uint16_t status = mem_read(p, addr, p->chunk, len);

	if (status)
		return status;
	if (!EVP_DigestUpdate(g->digest, p->chunk, len))
		return hardware_error(p, ERROR_CRYPTO);
	return mem_guest_write(p, g->asid, addr, p->chunk, len);
}

/*
 * In plain mode nothing is written, so a range that is valid as a whole is hashed
 * where it lies. A range that is not takes the slow path, for the sake of its
 * valid beginning.
 */
static uint16_t update_data(struct swpsp *p, struct guest *g, uint64_t addr, uint32_t len,
			    uint32_t *done)
{
	uint16_t status = SWPSP_SUCCESS;

	if (p->config.mode == SWPSP_MEMORY_PLAIN &&
	    !mem_writable(p, SNP_PAGE_OUTPUT, addr, len)) {
		if (!EVP_DigestUpdate(g->digest, mem_at(p, addr), len))
			return hardware_error(p, ERROR_CRYPTO);
		mem_wrote(p, addr, len);
		*done = len;
		return SWPSP_SUCCESS;
	}
	while (*done < len) {
		uint32_t n = len - *done < CHUNK_SIZE ? len - *done : CHUNK_SIZE;

		status = update_chunk(p, g, addr + *done, n);
		if (status)
			break;
		*done += n;
	}
	return status;
}

uint16_t cmd_launch_update_data(struct swpsp *p, uint8_t *cmd)
{
	uint64_t addr = get64(cmd + UPDATE_ADDR);
	uint32_t len = get32(cmd + UPDATE_LEN), done = 0;
	uint16_t status;
	struct guest *g = guest_in(p, get32(cmd + UPDATE_HANDLE), GUEST_LUPDATE, &status);

	if (!g)
		return status;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (addr % 16)
		return SWPSP_INVALID_ADDRESS;
	if (!len || len % 16)
		return SWPSP_INVALID_LENGTH;
	status = mem_lent(p, addr, len);
	if (!status)
		status = update_data(p, g, addr, len, &done);
	if (done)
		launch_log(p, g, "LAUNCH_UPDATE_DATA", addr, done);
	return status;
}

/* The digest covers the page as the caller gave it, before firmware patches it. */
static uint16_t update_vmsa(struct swpsp *p, struct guest *g, uint64_t addr)
{
	uint16_t status = mem_read(p, addr, p->chunk, PAGE_SIZE);

	if (status)
		return status;
	if (!vmsa_available(p))
		return SWPSP_RESOURCE_LIMIT;
	if (!EVP_DigestUpdate(g->digest, p->chunk, PAGE_SIZE))
		return hardware_error(p, ERROR_CRYPTO);
	status = vmsa_import(p, guest_handle(p, g), p->chunk);
	return status ? status : mem_guest_write(p, g->asid, addr, p->chunk, PAGE_SIZE);
}

/* The only command whose length comes before even the platform's state. */
uint16_t cmd_launch_update_vmsa(struct swpsp *p, uint8_t *cmd)
{
	uint64_t addr = get64(cmd + UPDATE_ADDR);
	struct guest *g;
	uint16_t status;

	if (get32(cmd + UPDATE_LEN) != PAGE_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (p->state != PLATFORM_WORKING)
		return SWPSP_INVALID_PLATFORM_STATE;
	g = guest_in(p, get32(cmd + UPDATE_HANDLE), GUEST_LUPDATE, &status);
	if (!g)
		return status;
	if (!(g->policy & POLICY_ES))
		return SWPSP_UNSUPPORTED;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (addr % 16)
		return SWPSP_INVALID_ADDRESS;
	status = mem_lent(p, addr, PAGE_SIZE);
	if (!status)
		status = update_vmsa(p, g, addr);
	if (!status)
		launch_log(p, g, "LAUNCH_UPDATE_VMSA", addr, PAGE_SIZE);
	return status;
}

/*
 * Finalising ends the hash. Should the copy-out fail, a retry sees a hash that
 * starts from the digest: it gives something else, as on hardware.
 */
static bool finalise(struct guest *g)
{
	return EVP_DigestFinal_ex(g->digest, g->launch_digest, NULL) &&
	       EVP_DigestInit_ex2(g->digest, EVP_sha256(), NULL) &&
	       EVP_DigestUpdate(g->digest, g->launch_digest, sizeof(g->launch_digest));
}

uint16_t cmd_launch_measure(struct swpsp *p, uint8_t *cmd)
{
	const uint8_t version[3] = {
		p->config.api_major, p->config.api_minor, p->config.build,
	};
	uint8_t out[MEASURE_SIZE];
	uint16_t status;
	struct guest *g = guest_in(p, get32(cmd), GUEST_LUPDATE, &status);

	if (!g)
		return status;
	if (get32(cmd + MEASURE_LEN) < MEASURE_SIZE) {
		put32(cmd + MEASURE_LEN, MEASURE_SIZE);
		return SWPSP_INVALID_LENGTH;
	}
	if (!finalise(g) || !crypto_random(p, out + MEASURE_NONCE, 16) ||
	    !launch_measurement(&g->keys, version, g->policy, g->launch_digest,
				out + MEASURE_NONCE, out))
		return hardware_error(p, ERROR_CRYPTO);
	status = mem_write(p, get64(cmd + MEASURE_ADDR), out, sizeof(out));
	if (status)
		return status;
	memcpy(g->measurement, out, sizeof(g->measurement));
	g->state = GUEST_LSECRET;
	launch_log(p, g, "LAUNCH_MEASURE", 0, 0);
	return SWPSP_SUCCESS;
}

/* Check the packet in p->chunk against its header, and decrypt it in place. */
static uint16_t secret_open(struct swpsp *p, const struct guest *g, const uint8_t *header,
			    uint32_t len)
{
	const struct packet packet = {
		.context = MAC_SECRET, .header = header, .payload = p->chunk, .len = len,
		.trailer = g->measurement,
	};
	uint8_t mac[32];

	if (!packet_mac(&g->keys, &packet, mac))
		return hardware_error(p, ERROR_CRYPTO);
	if (!crypto_equal(mac, header + HEADER_MAC, sizeof(mac)))
		return SWPSP_BAD_MEASUREMENT;
	if (get32(header + HEADER_FLAGS) & HEADER_COMPRESSED)
		return SWPSP_UNSUPPORTED;
	if (!crypto_ctr(g->keys.tek, header + HEADER_IV, p->chunk, p->chunk, len))
		return hardware_error(p, ERROR_CRYPTO);
	return SWPSP_SUCCESS;
}

static uint16_t secret_inject(struct swpsp *p, struct guest *g, const uint8_t *cmd)
{
	uint64_t addr = get64(cmd + TRANSPORT_GUEST);
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint8_t header[HEADER_SIZE];
	uint16_t status;

	status = mem_lent(p, addr, len);
	if (!status)
		status = mem_read(p, get64(cmd + TRANSPORT_HDR), header, sizeof(header));
	if (!status)
		status = mem_range(p, addr, len);
	if (!status)
		status = mem_read(p, get64(cmd + TRANSPORT_TRANS), p->chunk, len);
	if (!status)
		status = secret_open(p, g, header, len);
	if (!status)
		status = mem_guest_write(p, g->asid, addr, p->chunk, len);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	return status;
}

uint16_t cmd_launch_update_secret(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd + TRANSPORT_HANDLE));
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint16_t status;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (get64(cmd + TRANSPORT_GUEST) % 16)
		return SWPSP_INVALID_ADDRESS;
	if (get32(cmd + TRANSPORT_HDR_LEN) != HEADER_SIZE || !len || len % 16 ||
	    len > CHUNK_SIZE || len != get32(cmd + TRANSPORT_TRANS_LEN))
		return SWPSP_INVALID_LENGTH;
	if (g->state != GUEST_LSECRET)
		return SWPSP_INVALID_GUEST_STATE;
	if (!g->asid)
		return SWPSP_INACTIVE;
	status = secret_inject(p, g, cmd);
	if (!status)
		launch_log(p, g, "LAUNCH_UPDATE_SECRET", get64(cmd + TRANSPORT_GUEST), len);
	return status;
}

uint16_t cmd_launch_finish(struct swpsp *p, uint8_t *cmd)
{
	uint16_t status;
	struct guest *g = guest_in(p, get32(cmd), GUEST_LSECRET, &status);

	if (!g)
		return status;
	asid_complete_activation(p, g);
	guest_wipe_session(g);
	g->state = GUEST_RUNNING;
	launch_log(p, g, "LAUNCH_FINISH", 0, 0);
	return SWPSP_SUCCESS;
}

/* Signed by the PEK: nonce, digest, policy. */
static bool report_make(struct swpsp *p, const struct guest *g, const uint8_t *nonce,
			uint8_t report[REPORT_SIZE])
{
	memset(report, 0, REPORT_SIZE);
	memcpy(report, nonce, 16);
	memcpy(report + 0x10, g->launch_digest, 32);
	put32(report + 0x30, g->policy);
	put32(report + 0x34, USAGE_PEK);
	put32(report + 0x38, ALGO_ECDSA_SHA256);
	return pubkey_sign(p, &p->identity.pek, ALGO_ECDSA_SHA256, report, 0x34, report + 0x40);
}

uint16_t cmd_attestation(struct swpsp *p, uint8_t *cmd)
{
	const struct guest *g = guest_get(p, get32(cmd));
	uint8_t report[REPORT_SIZE];
	uint16_t status;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->state == GUEST_LUPDATE || g->state == GUEST_RUPDATE)
		return SWPSP_INVALID_GUEST_STATE;
	if (get32(cmd + REPORT_LEN) < REPORT_SIZE) {
		put32(cmd + REPORT_LEN, REPORT_SIZE);
		return SWPSP_INVALID_LENGTH;
	}
	if (!report_make(p, g, cmd + REPORT_NONCE, report))
		return hardware_error(p, ERROR_CRYPTO);
	status = mem_write(p, get64(cmd + REPORT_ADDR), report, sizeof(report));
	if (!status)
		put32(cmd + REPORT_LEN, REPORT_SIZE);
	return status;
}
