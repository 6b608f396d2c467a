/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swpsp's inside: the platform's state, and what its files offer each other.
 *
 * Offsets and sizes in here and in the .c files are read off the description of
 * the firmware interface and typed in independently of the driver's own header;
 * two readings that agree are worth more than one that is shared.
 *
 * Conventions: a function that can fail for a reason the caller of the command
 * sees returns a status (uint16_t, SWPSP_*); one that can only fail because the
 * machine is broken (no memory, libcrypto refuses) returns bool, true for success.
 * Big-endian key material is named "be", all else in buffers is little-endian.
 */
#ifndef SWPSP_INTERNAL_H
#define SWPSP_INTERNAL_H

#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "swpsp.h"
#include "snp/snp.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#endif
#define BIT(n)			(1u << (n))

#define CERT_SIZE		0x824
#define CERT_BODY		0x414		/* length that the signatures cover */
#define CHAIN_SIZE		0x186c		/* PEK, OCA, CEK */
#define PUBKEY_SIZE		0x404
#define VENDOR_CERT_SIZE	0x640		/* ARK or ASK with a 4096-bit key */
#define RSA_BITS		4096
#define RSA_BYTES		(RSA_BITS / 8)
#define SESSION_SIZE		0x80
#define MEASURE_SIZE		0x30
#define HEADER_SIZE		0x34
#define REPORT_SIZE		0xd0
#define ID_SIZE			0x40
#define CHUNK_SIZE		0x5000		/* firmware's scratch buffer */
#define PAGE_SIZE		0x1000
#define TMR_SIZE		0x100000
#define TMR_SIZE_SNP		0x200000	/* once SNP is initialised */
#define NV_SIZE			0x8000
#define GUESTS_MAX		1024
#define ASID_MAX		1006
#define CMD_SIZE_MAX		0x48
#define VMSA_SLOTS		0x10000		/* slot 0 is never given away */

enum platform_state {
	PLATFORM_UNINIT,
	PLATFORM_INIT,
	PLATFORM_WORKING,
};

enum guest_state {
	GUEST_FREE,
	GUEST_LUPDATE,
	GUEST_LSECRET,
	GUEST_RUNNING,
	GUEST_SUPDATE,
	GUEST_RUPDATE,
	GUEST_SENT,
};

#define POLICY_NODBG		BIT(0)
#define POLICY_NOKS		BIT(1)
#define POLICY_ES		BIT(2)
#define POLICY_NOSEND		BIT(3)
#define POLICY_DOMAIN		BIT(4)
#define POLICY_SEV		BIT(5)
#define POLICY_RESERVED		0xffc0u
#define POLICY_API_MAJOR(p)	((uint8_t)((p) >> 16))
#define POLICY_API_MINOR(p)	((uint8_t)((p) >> 24))

enum cert_usage {
	USAGE_ARK	= 0x0000,
	USAGE_ASK	= 0x0013,
	USAGE_EMPTY	= 0x1000,
	USAGE_OCA	= 0x1001,
	USAGE_PEK	= 0x1002,
	USAGE_PDH	= 0x1003,
	USAGE_CEK	= 0x1004,
};

enum cert_algo {
	ALGO_EMPTY		= 0x000,
	ALGO_RSA_SHA256		= 0x001,
	ALGO_ECDSA_SHA256	= 0x002,
	ALGO_ECDH_SHA256	= 0x003,
	ALGO_RSA_SHA384		= 0x101,
	ALGO_ECDSA_SHA384	= 0x102,
	ALGO_ECDH_SHA384	= 0x103,
};

/* First byte of what a MAC covers: no MAC can be taken for one of another kind. */
enum mac_context {
	MAC_SECRET	= 0x01,
	MAC_DATA	= 0x02,
	MAC_MEASURE	= 0x04,
};

/* Extended error information: who recorded it. */
enum error_id {
	ERROR_CRYPTO	= 1,
	ERROR_FLASH	= 2,
	ERROR_NV_AREA	= 3,
	ERROR_VENDOR	= 4,
};

/* A P-384 key pair, each number big-endian. A peer's key has no @d. */
struct ec_key {
	uint8_t d[48];
	uint8_t x[48];
	uint8_t y[48];
};

/* A public key that signs: the union of a certificate with its two labels. */
struct cert_key {
	uint32_t usage;
	uint32_t algo;
	uint8_t key[PUBKEY_SIZE];
};

/*
 * Data that survive a reboot. Bytes only, so that its layout has no padding and the
 * sealed form is the same everywhere.
 */
struct identity {
	uint8_t valid;
	uint8_t external;		/* owner: OCA's private key is elsewhere */
	uint8_t pdh_cert[CERT_SIZE];
	uint8_t pek_cert[CERT_SIZE];
	uint8_t oca_cert[CERT_SIZE];
	struct ec_key pdh;
	struct ec_key pek;
	struct ec_key oca;
};

struct session_keys {
	uint8_t tek[16];
	uint8_t tik[16];
};

struct guest {
	enum guest_state state;
	uint32_t policy;
	uint32_t asid;			/* 0: not bound */
	uint8_t seed[32];		/* of the memory key */
	uint8_t offline_key[32];	/* of swapped pages */
	uint64_t swap_iv;
	struct session_keys keys;
	EVP_MD_CTX *digest;
	uint8_t launch_digest[32];
	uint8_t measurement[32];
	uint32_t vmsas;			/* checksum slots it owns */
	uint32_t log_step;
};

/*
 * The states of one ASID, as masks of core complexes. While the platform is not UNINIT
 * every complex is in exactly one of the four masks. The key stays in the memory
 * controller after DEACTIVATE, until another one replaces it.
 */
struct asid {
	uint64_t dirty;
	uint64_t clean;
	uint64_t allocated;
	uint64_t used;
	bool keyed;
	EVP_CIPHER_CTX *encrypt;	/* the three only in cipher mode */
	EVP_CIPHER_CTX *decrypt;
	EVP_CIPHER_CTX *tweak;
};

/* Checksums of the VMSAs. Real firmware keeps them in the TMR. */
struct vmsa_pool {
	uint16_t owner[VMSA_SLOTS];	/* guest handle, 0: free */
	uint64_t checksum[VMSA_SLOTS];
	uint32_t next;			/* where to look for a free slot first */
	uint32_t count;
};

/*
 * The vendor draws from streams of its own: a platform that finds the vendor's keys
 * made must get the same numbers as one that has to make them.
 */
enum random_stream {
	RANDOM_PLATFORM,
	RANDOM_VENDOR,
	RANDOM_ASVK,		/* the key that is made when it is first asked for */
	RANDOM_X509,		/* signatures of certificates for SNP */
	RANDOM_STREAMS
};

struct vendor {
	bool ready;
	EVP_PKEY *ark;
	EVP_PKEY *ask;
	EVP_PKEY *asvk;			/* signs VLEKs; NULL until it is asked for */
	uint8_t ark_cert[VENDOR_CERT_SIZE];
	uint8_t ask_cert[VENDOR_CERT_SIZE];
};

/* Memory that the legacy command in progress has written. */
struct written {
	uint64_t addr;
	uint64_t len;
};

#define RING_QUEUES	2

/* A queue of commands in ring-buffer mode, with addresses without C-bit. */
struct ring_queue {
	bool exists;
	bool running;
	uint64_t commands;
	uint64_t statuses;
	uint16_t threshold;		/* "nearly empty" below it; 0: never */
	uint8_t head;			/* next command */
};

struct ring {
	bool on;
	bool int_on_empty;
	uint32_t status;		/* interrupt status bits of RBHead */
	struct ring_queue queue[RING_QUEUES];	/* of low and of high priority */
};

struct swpsp {
	struct swpsp_config config;
	char *state_dir;
	char *ca_dir;
	uint8_t *memory;
	uint64_t cbit;
	uint64_t all_ccx;
	uint64_t error_info;
	uint32_t security_level;
	uint32_t longer;		/* see swpsp_longer() */

	EC_GROUP *p384;
	EVP_CIPHER_CTX *drbg[RANDOM_STREAMS];	/* only with a seed */
	uint8_t *flash;			/* only without a state directory */
	uint8_t chip_key[32];
	uint8_t chip_id[2][ID_SIZE];	/* of each socket, once it was asked for */
	bool chip_id_known[2];
	struct ec_key cek;
	struct vendor vendor;

	enum platform_state state;
	bool es;
	uint64_t tmr;			/* valid if es */
	uint32_t tmr_size;
	struct vmsa_pool *pool;		/* exists once DF_FLUSH has enabled the TMR */
	uint64_t nv_area;		/* of INIT_EX; 0: flash */
	struct identity identity;
	uint32_t guest_count;
	uint32_t asids_bound;
	uint32_t asids_dirty;
	bool wbinvd_done[SWPSP_CPUS_MAX];
	struct guest guests[GUESTS_MAX + 1];
	struct asid asids[ASID_MAX + 1];
	struct snp snp;
	struct ring ring;
	struct written written[8];
	struct written command;		/* its own buffer, with SWPSP_SNP_RECLAIM_COMMAND */
	uint8_t chunk[CHUNK_SIZE];	/* private copy of data that is worked on */
};

/* ---- little-endian fields of buffers ---- */

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, (uint32_t)(v >> 32));
}

static inline bool all_zero(const uint8_t *p, size_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

/* ---- crypto.c ---- */

struct piece {
	const void *data;
	size_t len;
};

bool crypto_random(struct swpsp *p, void *out, size_t len);
bool crypto_random_from(struct swpsp *p, enum random_stream stream, void *out, size_t len);
bool crypto_sha256(const void *data, size_t len, uint8_t out[32]);
bool crypto_sha384(const void *data, size_t len, uint8_t out[48]);
bool crypto_hmac(const void *key, size_t key_len, const struct piece *pieces, size_t n,
		 uint8_t out[32]);
bool crypto_kdf(uint8_t *out, size_t out_len, const void *key, size_t key_len,
		const void *label, size_t label_len, const void *context, size_t context_len);
bool crypto_ctr(const uint8_t key[16], const uint8_t iv[16], const void *in, void *out,
		size_t len);
bool crypto_gcm(bool seal, const uint8_t key[32], const uint8_t nonce[12],
		const struct piece *aad, const uint8_t *in, uint8_t *out, size_t len,
		uint8_t tag[16]);
bool crypto_equal(const void *a, const void *b, size_t len);

/* ---- pubkey.c ---- */

bool pubkey_from_scalar(struct swpsp *p, struct ec_key *key, const BIGNUM *d);
bool pubkey_generate(struct swpsp *p, struct ec_key *key);
bool pubkey_derive_cek(struct swpsp *p, const uint8_t material[56], struct ec_key *key);
bool pubkey_chip_id(const uint8_t chip_key[32], uint8_t id[ID_SIZE]);
bool pubkey_on_curve(struct swpsp *p, const uint8_t x_le[72], const uint8_t y_le[72]);
bool pubkey_ecdh(const struct ec_key *own, const struct ec_key *peer, uint8_t z_be[48]);
bool pubkey_sign(struct swpsp *p, const struct ec_key *key, enum cert_algo algo,
		 const void *data, size_t len, uint8_t sig[144]);
bool pubkey_verify(const struct cert_key *key, const void *data, size_t len,
		   const uint8_t *sig);
void pubkey_reverse(uint8_t *out, const uint8_t *in, size_t len);

/* ---- rsa.c ---- */

EVP_PKEY *rsa_generate(struct swpsp *p, enum random_stream stream);
bool rsa_sign(struct swpsp *p, enum random_stream stream, EVP_PKEY *key, const void *data,
	      size_t len, uint8_t sig_le[RSA_BYTES]);

/* ---- cert.c ---- */

void cert_init(struct swpsp *p, uint8_t *cert, enum cert_usage usage, enum cert_algo algo,
	       const struct ec_key *key);
bool cert_sign(struct swpsp *p, uint8_t *cert, enum cert_usage usage,
	       const struct ec_key *signer);
void cert_clear_signatures(uint8_t *cert);
int cert_free_slot(const uint8_t *cert);
void cert_put_signature(uint8_t *cert, int slot, enum cert_usage usage, enum cert_algo algo,
			const uint8_t *sig, size_t len);
void cert_get_key(const uint8_t *cert, struct cert_key *key);
uint16_t cert_validate(struct swpsp *p, const uint8_t *cert, const struct cert_key *signer);
uint16_t cert_check_pdh(struct swpsp *p, const uint8_t *cert, struct ec_key *key);

/* ---- vendor.c ---- */

bool vendor_load(struct swpsp *p);
bool vendor_load_asvk(struct swpsp *p);
void vendor_free(struct swpsp *p);
bool vendor_is_root(const uint8_t id[16]);
void vendor_put_root(uint8_t id[16]);
bool vendor_sign(struct swpsp *p, const void *data, size_t len, uint8_t sig_le[RSA_BYTES]);
uint16_t vendor_verify(struct swpsp *p, const void *data, size_t len,
		       const uint8_t sig_le[RSA_BYTES]);
uint16_t vendor_check_chain(struct swpsp *p, const uint8_t *chain, size_t len,
			    struct cert_key *ask);

/* ---- identity.c ---- */

bool identity_power_on(struct swpsp *p);
uint16_t identity_load(struct swpsp *p);
uint16_t identity_save(struct swpsp *p, const struct identity *id);
uint16_t identity_erase_flash(struct swpsp *p);
uint16_t identity_complete(struct swpsp *p);
bool identity_new_pek(struct swpsp *p, struct identity *id);
bool identity_new_pdh(struct swpsp *p, struct identity *id);
bool identity_chip_id(struct swpsp *p, unsigned int socket, uint8_t id[ID_SIZE]);

/* ---- error.c ---- */

void error_record(struct swpsp *p, enum error_id id);
uint16_t hardware_error(struct swpsp *p, enum error_id id);

/* ---- memory.c ---- */

/**
 * mem_disturb() - a host may change memory and table at this moment
 *
 * It may at any other one, too, but here a test can do it.
 */
void mem_disturb(const struct swpsp *p);

uint64_t mem_address(const struct swpsp *p, uint64_t addr);
bool mem_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len);
bool mem_taken(const struct swpsp *p, uint64_t addr, uint64_t len);
uint16_t mem_range(const struct swpsp *p, uint64_t addr, uint64_t len);
bool mem_in_window(const struct swpsp *p, uint64_t addr, uint64_t len);
uint8_t *mem_at(const struct swpsp *p, uint64_t addr);
uint16_t mem_read(struct swpsp *p, uint64_t addr, void *out, size_t len);
uint16_t mem_lent(const struct swpsp *p, uint64_t addr, uint64_t len);
uint16_t mem_writable(const struct swpsp *p, unsigned int states, uint64_t addr, size_t len);
uint16_t mem_write_in(struct swpsp *p, unsigned int states, uint64_t addr, const void *in,
		      size_t len);
uint16_t mem_write(struct swpsp *p, uint64_t addr, const void *in, size_t len);
void mem_wrote(struct swpsp *p, uint64_t addr, uint64_t len);
enum rmp_state mem_state(const struct swpsp *p, uint64_t addr, struct rmp_page *entry);
bool mem_set_key(struct swpsp *p, uint32_t asid, const uint8_t seed[32]);
void mem_forget_key(struct swpsp *p, uint32_t asid);
void mem_forget_keys(struct swpsp *p);
uint16_t mem_guest_read(struct swpsp *p, uint32_t asid, uint64_t addr, uint8_t *out,
			size_t len);
uint16_t mem_guest_write_in(struct swpsp *p, unsigned int states, uint32_t asid, uint64_t addr,
			    const uint8_t *in, size_t len);
uint16_t mem_guest_write(struct swpsp *p, uint32_t asid, uint64_t addr, const uint8_t *in,
			 size_t len);

/* ---- image.c ---- */

struct image {
	uint32_t version;		/* SWPSP_IMAGE_VERSION() */
	uint32_t security_level;
};

uint16_t image_read(struct swpsp *p, uint64_t addr, uint32_t len, struct image *image);

/* ---- vmsa.c ---- */

bool vmsa_pool_build(struct swpsp *p);
void vmsa_pool_free(struct swpsp *p);	/* clears the TMR, which still is the firmware's */
uint16_t vmsa_import(struct swpsp *p, uint32_t handle, uint8_t *page);
bool vmsa_available(const struct swpsp *p);
bool vmsa_is_valid(const struct swpsp *p, uint32_t handle, const uint8_t *page);
void vmsa_release(struct swpsp *p, uint32_t handle);
uint64_t vmsa_checksum(const uint8_t *data, size_t len);

/* ---- asid.c ---- */

void asid_reset_all(struct swpsp *p);
void asid_forget_all(struct swpsp *p);
void asid_forget_legacy(struct swpsp *p);
void asid_use(struct swpsp *p, uint32_t asid, uint64_t ccx);
void asid_release(struct swpsp *p, uint32_t asid);
bool asid_one_socket(const struct swpsp *p, uint64_t ccx);
uint16_t asid_read_apic_ids(struct swpsp *p, uint64_t addr, uint32_t count, uint64_t *ccx);
void asid_complete_activation(struct swpsp *p, struct guest *g);

/* ---- guest.c ---- */

struct guest *guest_get(struct swpsp *p, uint32_t handle);
uint32_t guest_handle(const struct swpsp *p, const struct guest *g);
uint16_t guest_create(struct swpsp *p, uint32_t share, uint32_t policy,
		      const struct session_keys *keys, enum guest_state state,
		      uint32_t *handle);
void guest_wipe_session(struct guest *g);
void guest_destroy_all(struct swpsp *p);

/* ---- session.c ---- */

struct session_derived {
	uint8_t kek[16];
	uint8_t kik[16];
};

bool session_derive(const uint8_t z_be[48], const uint8_t nonce[16],
		    struct session_derived *keys);
bool session_policy_mac(const uint8_t tik[16], uint32_t policy, uint8_t mac[32]);
uint16_t session_open(struct swpsp *p, const uint8_t *cmd, uint32_t policy,
		      struct session_keys *keys);
uint16_t session_create(struct swpsp *p, const struct ec_key *peer, uint32_t policy,
			struct session_keys *keys, uint8_t blob[SESSION_SIZE]);

/* ---- launch.c, packet.c ---- */

struct packet {
	enum mac_context context;
	const uint8_t *header;		/* flags and IV are covered */
	const uint8_t *payload;		/* ciphertext */
	uint32_t len;
	const uint8_t *trailer;		/* 32 bytes, only MAC_SECRET */
};

bool packet_mac(const struct session_keys *keys, const struct packet *packet,
		uint8_t mac[32]);
bool launch_measurement(const struct session_keys *keys, const uint8_t version[3],
			uint32_t policy, const uint8_t digest[32], const uint8_t nonce[16],
			uint8_t mac[32]);

/* ---- selfcheck.c ---- */

void selfcheck(struct swpsp *p, uint32_t id);

/* ---- command handlers: they get, and may change, the private command buffer ---- */

typedef uint16_t command_fn(struct swpsp *p, uint8_t *cmd);

extern command_fn
#define COMMAND(id, name, handler, ...) handler,
#include "commands.h"
#undef COMMAND
	cmd_nop;	/* once more, since the list ends in a comma */

#endif /* SWPSP_INTERNAL_H */
