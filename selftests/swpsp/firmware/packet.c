// SPDX-License-Identifier: GPL-2.0
/*
 * The MACs under a guest's transport integrity key: of packets, and of the launch
 * measurement. The first byte says which, see enum mac_context.
 */
#include "internal.h"
#include "transport.h"

/* Packets are never compressed, so both lengths that the MAC covers are the same. */
bool packet_mac(const struct session_keys *keys, const struct packet *packet, uint8_t mac[32])
{
	uint8_t context = (uint8_t)packet->context, lengths[8];
	const struct piece pieces[] = {
		{ &context, 1 },
		{ packet->header, HEADER_MAC },
		{ lengths, sizeof(lengths) },
		{ packet->payload, packet->len },
		{ packet->trailer, packet->trailer ? 32 : 0 },
	};

	put32(lengths, packet->len);
	put32(lengths + 4, packet->len);
	return crypto_hmac(keys->tik, 16, pieces, ARRAY_SIZE(pieces), mac);
}

/* @version: API major, API minor, build. */
bool launch_measurement(const struct session_keys *keys, const uint8_t version[3],
			uint32_t policy, const uint8_t digest[32], const uint8_t nonce[16],
			uint8_t mac[32])
{
	static const uint8_t context = MAC_MEASURE;
	uint8_t policy_le[4];
	const struct piece pieces[] = {
		{ &context, 1 }, { version, 3 }, { policy_le, 4 }, { digest, 32 }, { nonce, 16 },
	};

	put32(policy_le, policy);
	return crypto_hmac(keys->tik, 16, pieces, ARRAY_SIZE(pieces), mac);
}
