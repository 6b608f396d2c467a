// SPDX-License-Identifier: GPL-2.0
/*
 * Migration: a running guest leaves in packets that only the receiver, whose
 * certificates the guest's policy may judge, can open; and the way in.
 */
#include <openssl/crypto.h>

#include "internal.h"
#include "transport.h"

#define START_POLICY		0x04
#define START_PDH		0x08
#define START_PDH_LEN		0x10
#define START_CHAIN		0x18
#define START_CHAIN_LEN		0x20
#define START_VENDOR		0x28
#define START_VENDOR_LEN	0x30
#define START_SESSION		0x38
#define START_SESSION_LEN	0x40

#define CERT_API_MAJOR		0x04
#define CERT_API_MINOR		0x05

#define VENDOR_CHAIN_MAX	0xc80
#define PACKET_MIN		35	/* firmware's MAC engine refuses less payload */

/* Private copies of the receiver's certificates; each is read once. */
struct receiver {
	uint8_t pdh[CERT_SIZE];
	uint8_t chain[CHAIN_SIZE];
	uint8_t vendor[VENDOR_CHAIN_MAX];
	uint32_t vendor_len;
};

static const uint8_t *receiver_pek(const struct receiver *r)
{
	return r->chain;
}

static const uint8_t *receiver_oca(const struct receiver *r)
{
	return r->chain + CERT_SIZE;
}

static const uint8_t *receiver_cek(const struct receiver *r)
{
	return r->chain + 2 * CERT_SIZE;
}

static bool vendor_len_ok(uint32_t len)
{
	return len == 0x680 || len == 0x880 || len == 0xa80 || len == 0xc80;
}

/* Certificates that the policy does not need are not even read. */
static uint16_t receiver_read(struct swpsp *p, const uint8_t *cmd, uint32_t policy,
			      struct receiver *r)
{
	bool chain = policy & (POLICY_SEV | POLICY_DOMAIN), vendor = policy & POLICY_SEV;
	uint16_t status = SWPSP_SUCCESS;

	r->vendor_len = get32(cmd + START_VENDOR_LEN);
	if ((chain && get32(cmd + START_CHAIN_LEN) != CHAIN_SIZE) ||
	    get32(cmd + START_PDH_LEN) != CERT_SIZE || (vendor && !vendor_len_ok(r->vendor_len)))
		return SWPSP_INVALID_LENGTH;
	if (chain)
		status = mem_read(p, get64(cmd + START_CHAIN), r->chain, CHAIN_SIZE);
	if (!status)
		status = mem_read(p, get64(cmd + START_PDH), r->pdh, CERT_SIZE);
	if (!status && vendor)
		status = mem_read(p, get64(cmd + START_VENDOR), r->vendor, r->vendor_len);
	return status;
}

static uint16_t validate_by(struct swpsp *p, const uint8_t *cert, const uint8_t *signer)
{
	struct cert_key key;

	cert_get_key(signer, &key);
	return cert_validate(p, cert, &key);
}

/* Policy SEV: the receiver is the vendor's, and its firmware is new enough. */
static uint16_t receiver_genuine(struct swpsp *p, const struct receiver *r, uint32_t policy)
{
	const uint8_t *pek = receiver_pek(r);
	struct cert_key ask;
	uint16_t status;

	status = vendor_check_chain(p, r->vendor, r->vendor_len, &ask);
	if (!status)
		status = cert_validate(p, receiver_cek(r), &ask);
	if (!status)
		status = validate_by(p, pek, receiver_cek(r));
	if (!status)
		status = validate_by(p, r->pdh, pek);
	if (status)
		return status;
	if (pek[CERT_API_MAJOR] < POLICY_API_MAJOR(policy) ||
	    (pek[CERT_API_MAJOR] == POLICY_API_MAJOR(policy) &&
	     pek[CERT_API_MINOR] < POLICY_API_MINOR(policy)))
		return SWPSP_POLICY_FAILURE;
	return SWPSP_SUCCESS;
}

/* Policy DOMAIN: the receiver has the same owner. */
static uint16_t receiver_domain(struct swpsp *p, const struct receiver *r)
{
	const uint8_t *oca = receiver_oca(r);
	uint16_t status;

	status = validate_by(p, oca, oca);
	if (!status)
		status = validate_by(p, receiver_pek(r), oca);
	if (!status)
		status = validate_by(p, r->pdh, receiver_pek(r));
	if (!status && memcmp(oca, p->identity.oca_cert, CERT_SIZE))
		status = SWPSP_POLICY_FAILURE;
	return status;
}

static uint16_t receiver_check(struct swpsp *p, const uint8_t *cmd, uint32_t policy,
			       struct ec_key *peer)
{
	struct receiver r;
	uint16_t status = receiver_read(p, cmd, policy, &r);

	if (!status && (policy & POLICY_SEV))
		status = receiver_genuine(p, &r, policy);
	if (!status)
		status = mem_lent(p, get64(cmd + START_SESSION), SESSION_SIZE);
	if (!status && (policy & POLICY_DOMAIN))
		status = receiver_domain(p, &r);
	return status ? status : cert_check_pdh(p, r.pdh, peer);
}

uint16_t cmd_send_start(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));
	uint64_t session = get64(cmd + START_SESSION);
	uint8_t blob[SESSION_SIZE];
	struct session_keys keys;
	struct ec_key peer;
	uint16_t status;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (get32(cmd + START_SESSION_LEN) != SESSION_SIZE) {
		put32(cmd + START_SESSION_LEN, SESSION_SIZE);
		return SWPSP_INVALID_LENGTH;
	}
	if (g->state != GUEST_RUNNING)
		return SWPSP_INVALID_GUEST_STATE;
	if (g->policy & POLICY_NOSEND)
		return SWPSP_POLICY_FAILURE;
	status = receiver_check(p, cmd, g->policy, &peer);
	if (!status)
		status = mem_range(p, session, sizeof(blob));
	if (!status)
		status = session_create(p, &peer, g->policy, &keys, blob);
	if (!status)
		status = mem_write(p, session, blob, sizeof(blob));
	if (!status) {
		g->keys = keys;
		g->state = GUEST_SUPDATE;
		put32(cmd + START_POLICY, g->policy);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	return status;
}

/* Encrypt p->chunk in place, and make its header. */
static uint16_t packet_seal(struct swpsp *p, const struct guest *g, uint32_t len,
			    uint8_t header[HEADER_SIZE])
{
	const struct packet packet = {
		.context = MAC_DATA, .header = header, .payload = p->chunk, .len = len,
	};

	put32(header + HEADER_FLAGS, 0);
	if (crypto_random(p, header + HEADER_IV, 16) &&
	    crypto_ctr(g->keys.tek, header + HEADER_IV, p->chunk, p->chunk, len) &&
	    packet_mac(&g->keys, &packet, header + HEADER_MAC))
		return SWPSP_SUCCESS;
	return hardware_error(p, ERROR_CRYPTO);
}

static uint16_t send_packet(struct swpsp *p, const struct guest *g, uint8_t *cmd, bool vmsa)
{
	uint64_t trans = get64(cmd + TRANSPORT_TRANS), hdr = get64(cmd + TRANSPORT_HDR);
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint8_t header[HEADER_SIZE];
	uint16_t status;

	status = mem_lent(p, hdr, sizeof(header));
	if (!status)
		status = mem_lent(p, trans, len);
	if (!status)
		status = mem_guest_read(p, g->asid, get64(cmd + TRANSPORT_GUEST), p->chunk, len);
	if (status)
		return status;
	if (vmsa && (len < PAGE_SIZE || !vmsa_is_valid(p, guest_handle(p, g), p->chunk)))
		return SWPSP_INVALID_PARAM;
	if (len < PACKET_MIN)
		return SWPSP_INVALID_PARAM;
	status = mem_range(p, trans, len);
	if (!status)
		status = mem_range(p, hdr, sizeof(header));
	if (!status)
		status = packet_seal(p, g, len, header);
	if (!status)
		status = mem_write(p, trans, p->chunk, len);
	if (!status)
		status = mem_write(p, hdr, header, sizeof(header));
	if (!status)
		put32(cmd + TRANSPORT_HDR_LEN, HEADER_SIZE);
	return status;
}

static uint16_t send_update(struct swpsp *p, uint8_t *cmd, bool vmsa)
{
	const struct guest *g = guest_get(p, get32(cmd + TRANSPORT_HANDLE));
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint32_t trans_len = get32(cmd + TRANSPORT_TRANS_LEN);
	uint16_t status;

	if (get32(cmd + TRANSPORT_HDR_LEN) < HEADER_SIZE) {
		put32(cmd + TRANSPORT_HDR_LEN, HEADER_SIZE);
		return SWPSP_INVALID_LENGTH;
	}
	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->state != GUEST_SUPDATE)
		return SWPSP_INVALID_GUEST_STATE;
	if (vmsa && !(g->policy & POLICY_ES))
		return SWPSP_UNSUPPORTED;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (!len || len > CHUNK_SIZE || len % 16 || trans_len < len)
		return SWPSP_INVALID_LENGTH;
	if (get64(cmd + TRANSPORT_GUEST) % 16)
		return SWPSP_INVALID_ADDRESS;
	status = send_packet(p, g, cmd, vmsa);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	return status;
}

uint16_t cmd_send_update_data(struct swpsp *p, uint8_t *cmd)
{
	return send_update(p, cmd, false);
}

uint16_t cmd_send_update_vmsa(struct swpsp *p, uint8_t *cmd)
{
	return send_update(p, cmd, true);
}

static uint16_t send_end(struct swpsp *p, uint8_t *cmd, enum guest_state next)
{
	struct guest *g = guest_get(p, get32(cmd));

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->state != GUEST_SUPDATE)
		return SWPSP_INVALID_GUEST_STATE;
	guest_wipe_session(g);
	g->state = next;
	return SWPSP_SUCCESS;
}

uint16_t cmd_send_finish(struct swpsp *p, uint8_t *cmd)
{
	return send_end(p, cmd, GUEST_SENT);
}

uint16_t cmd_send_cancel(struct swpsp *p, uint8_t *cmd)
{
	return send_end(p, cmd, GUEST_RUNNING);
}

/* Laid out as LAUNCH_START, but there is no coming in without a session. */
uint16_t cmd_receive_start(struct swpsp *p, uint8_t *cmd)
{
	uint32_t policy = get32(cmd + START_POLICY), handle;
	struct session_keys keys = { 0 };
	uint16_t status = session_open(p, cmd, policy, &keys);

	if (!status)
		status = guest_create(p, get32(cmd), policy, &keys, GUEST_RUPDATE, &handle);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (!status)
		put32(cmd, handle);
	return status;
}

static uint16_t packet_open(struct swpsp *p, const struct guest *g, const uint8_t *header,
			    uint32_t len)
{
	const struct packet packet = {
		.context = MAC_DATA, .header = header, .payload = p->chunk, .len = len,
	};
	uint8_t mac[32];

	if (!packet_mac(&g->keys, &packet, mac))
		return hardware_error(p, ERROR_CRYPTO);
	if (!crypto_equal(mac, header + HEADER_MAC, sizeof(mac)))
		return SWPSP_BAD_MEASUREMENT;
	if (!crypto_ctr(g->keys.tek, header + HEADER_IV, p->chunk, p->chunk, len))
		return hardware_error(p, ERROR_CRYPTO);
	return SWPSP_SUCCESS;
}

static uint16_t receive_packet(struct swpsp *p, struct guest *g, const uint8_t *cmd, bool vmsa)
{
	uint64_t addr = get64(cmd + TRANSPORT_GUEST);
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint8_t header[HEADER_SIZE];
	uint16_t status;

	status = mem_lent(p, addr, len);
	if (!status)
		status = mem_read(p, get64(cmd + TRANSPORT_HDR), header, sizeof(header));
	if (status)
		return status;
	if (get32(header + HEADER_FLAGS) & HEADER_COMPRESSED)
		return SWPSP_UNSUPPORTED;
	status = mem_range(p, addr, len);
	if (!status)
		status = mem_read(p, get64(cmd + TRANSPORT_TRANS), p->chunk, len);
	if (!status && len < PACKET_MIN)
		status = SWPSP_INVALID_PARAM;
	if (!status)
		status = packet_open(p, g, header, len);
	if (status)
		return status;
	if (vmsa && len < PAGE_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (vmsa)
		status = vmsa_import(p, guest_handle(p, g), p->chunk);
	return status ? status : mem_guest_write(p, g->asid, addr, p->chunk, len);
}

static uint16_t receive_update(struct swpsp *p, uint8_t *cmd, bool vmsa)
{
	struct guest *g = guest_get(p, get32(cmd + TRANSPORT_HANDLE));
	uint32_t len = get32(cmd + TRANSPORT_GUEST_LEN);
	uint32_t trans_len = get32(cmd + TRANSPORT_TRANS_LEN);
	uint16_t status;

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->state != GUEST_RUPDATE)
		return SWPSP_INVALID_GUEST_STATE;
	if (vmsa && !(g->policy & POLICY_ES))
		return SWPSP_UNSUPPORTED;
	if (!g->asid)
		return SWPSP_INACTIVE;
	if (!trans_len || trans_len > CHUNK_SIZE || len != trans_len || len % 16 ||
	    get32(cmd + TRANSPORT_HDR_LEN) < HEADER_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (get64(cmd + TRANSPORT_GUEST) % 16)
		return SWPSP_INVALID_ADDRESS;
	status = receive_packet(p, g, cmd, vmsa);
	OPENSSL_cleanse(p->chunk, sizeof(p->chunk));
	return status;
}

uint16_t cmd_receive_update_data(struct swpsp *p, uint8_t *cmd)
{
	return receive_update(p, cmd, false);
}

uint16_t cmd_receive_update_vmsa(struct swpsp *p, uint8_t *cmd)
{
	return receive_update(p, cmd, true);
}

uint16_t cmd_receive_finish(struct swpsp *p, uint8_t *cmd)
{
	struct guest *g = guest_get(p, get32(cmd));

	if (!g)
		return SWPSP_INVALID_GUEST;
	if (g->state != GUEST_RUPDATE)
		return SWPSP_INVALID_GUEST_STATE;
	asid_complete_activation(p, g);
	guest_wipe_session(g);
	g->state = GUEST_RUNNING;
	return SWPSP_SUCCESS;
}
