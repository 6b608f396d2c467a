/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moving a guest from one platform to another. In order:
 *
 *   target                                  source
 *   migrate_target()    -- certificates -->
 *                                           migrate_send_start()
 *   migrate_receive_start() <-- session --
 *                                           migrate_send_data(), as often as it takes,
 *   migrate_receive_data()  <-- packets --  while the guest runs; then it is stopped,
 *   migrate_receive_vmsa()                  the rest sent, migrate_send_vmsa() if ES
 *   migrate_receive_finish()                migrate_send_finish(), or _cancel()
 *
 * Firmware of both sides protects each packet, and nothing more: a packet does not
 * say to which address it belongs, nor when it was made. The host of the source can
 * put pages in another order or an older state, which the MAC does not show. A guest
 * has to check by itself whatever it must be sure of.
 *
 * @l of the target is a guest before LAUNCH_START: launch_open(), launch_vm(),
 * launch_init(). Functions return what the steps of launch.h return.
 */
#ifndef SEVFW_MIGRATE_H
#define SEVFW_MIGRATE_H

#include "launch.h"
#include "vendor.h"

/**
 * struct migrate_target - proofs of a target, by which a source judges it
 * @pdh: the target's PDH certificate
 * @chain: PEK, OCA, and the CEK that the vendor has signed
 * @ca: the vendor's certificates
 * @ca_len: their length
 *
 * The source's firmware looks at @chain and @ca if the guest's policy has
 * OWNER_POLICY_SEV or OWNER_POLICY_DOMAIN.
 */
struct migrate_target {
	struct sev_cert pdh;
	struct sev_chain chain;
	uint8_t ca[VENDOR_CA_MAX];
	uint32_t ca_len;
};

/**
 * struct migrate_session - the first message of a source
 * @policy: policy of the guest
 * @pdh: the source's PDH certificate
 * @blob: the packets' keys, sealed for the target's firmware
 */
struct migrate_session {
	uint32_t policy;
	struct sev_cert pdh;
	uint8_t blob[SEV_FW_SESSION_SIZE];
};

/**
 * struct migrate_packet - a piece of the guest on its way
 * @len: length of @data
 * @header: packet header, from firmware for firmware
 * @data: ciphertext
 */
struct migrate_packet {
	uint32_t len;
	uint8_t header[SEV_FW_HEADER_SIZE];
	uint8_t data[SEV_FW_PACKET_MAX];
};

/** migrate_target() - the proofs of this platform; @vendor: files about it, or NULL */
int migrate_target(struct launch *l, const struct vendor_files *vendor,
		   struct migrate_target *target);

int migrate_send_start(struct launch *l, const struct migrate_target *target,
		       struct migrate_session *session);

/** migrate_send_data() - @len bytes of RAM at @gpa, physically contiguous */
int migrate_send_data(struct launch *l, uint64_t gpa, uint32_t len,
		      struct migrate_packet *packet);

/* Pieces that one call of the following two can send or receive */
#define MIGRATE_MANY	64

/**
 * migrate_send_many() - many pieces of RAM by one call, up to the first that fails
 * @l: source
 * @gpas: guest address of each
 * @count: how many, at most MIGRATE_MANY
 * @len: of each, in bytes
 * @packets: receives the packets
 * @done: receives how many there are
 *
 * The driver overlaps its work on one with the firmware's on the next. A driver that has
 * no arrays yet gets one command for each.
 */
int migrate_send_many(struct launch *l, const uint64_t *gpas, uint32_t count, uint32_t len,
		      struct migrate_packet *packets, uint32_t *done);

/** migrate_send_vmsa() - the state of vCPU number @vcpu */
int migrate_send_vmsa(struct launch *l, uint32_t vcpu, struct migrate_packet *packet);

/** migrate_send_finish() - the guest may not run here any more */
int migrate_send_finish(struct launch *l);

/** migrate_send_cancel() - the guest goes on here; the packets are of no use */
int migrate_send_cancel(struct launch *l);

int migrate_receive_start(struct launch *l, const struct migrate_session *session);
int migrate_receive_data(struct launch *l, uint64_t gpa, const struct migrate_packet *packet);

/** migrate_receive_many() - the other side of migrate_send_many() */
int migrate_receive_many(struct launch *l, const uint64_t *gpas, uint32_t count,
			 const struct migrate_packet *packets, uint32_t *done);

int migrate_receive_vmsa(struct launch *l, uint32_t vcpu, const struct migrate_packet *packet);
int migrate_receive_finish(struct launch *l);

#endif /* SEVFW_MIGRATE_H */
