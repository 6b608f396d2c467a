/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SEV-SNP in swpsp: state of the platform and of its guests, and what the files in
 * this directory offer each other. Included by ../internal.h, whose conventions hold.
 *
 * A guest is named by the physical address of its context page. The page itself
 * holds noise: what the firmware knows of the guest is in struct snp_guest, out of
 * the host's reach. The page's entry in the reverse map table is what makes it a
 * context, and no host can forge that state.
 *
 * Rules that no public source settles are marked [D-NAME] in comments, and are
 * lines of doubts.txt. The order of checks is one of them for most commands
 * [D-ORDER]; tests violate one rule at a time.
 */
#ifndef SWPSP_SNP_H
#define SWPSP_SNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmp.h"
#include "swpsp.h"

struct ec_key;

#define SNP_GUESTS_MAX		1024
#define SNP_VMPCKS		4
#define SNP_DIGEST_SIZE		48
#define SNP_ID_BLOCK_SIZE	0x60
#define SNP_ENTRY_SIZE		0x40		/* of swapped-out pages' metadata */
#define SNP_VLEK_SIZE		384		/* hash stick, unwrapped */
#define SNP_RANGES_MAX		255		/* as many as fit into a page */
#define SNP_PAGE_4K		0x1000u
#define SNP_PAGE_2M		0x200000u

enum snp_state {
	SNP_UNINIT,
	SNP_INIT,
};

enum snp_guest_state {
	SNP_GUEST_INIT,
	SNP_GUEST_LAUNCH,
	SNP_GUEST_RUNNING,
};

/* Masks of guest states, for snp_guest_get(). */
#define SNP_IN_INIT		(1u << SNP_GUEST_INIT)
#define SNP_IN_LAUNCH		(1u << SNP_GUEST_LAUNCH)
#define SNP_IN_RUNNING		(1u << SNP_GUEST_RUNNING)
#define SNP_IN_ANY		(SNP_IN_INIT | SNP_IN_LAUNCH | SNP_IN_RUNNING)

/* Features of this firmware, by its API version: ECX of SNP_FEATURE_INFO. */
#define SNP_FEATURE_VLEK	(1u << 0)
#define SNP_FEATURE_X86_SHUTDOWN (1u << 1)
#define SNP_FEATURE_RAPL_OFF	(1u << 2)
#define SNP_FEATURE_HIDING	(1u << 3)
#define SNP_FEATURE_XTS		(1u << 4)
#define SNP_FEATURE_CXL		(1u << 5)
#define SNP_FEATURE_MITIGATION	(1u << 13)

#define SNP_POLICY_MINOR(p)	((uint8_t)(p))
#define SNP_POLICY_MAJOR(p)	((uint8_t)((p) >> 8))
#define SNP_POLICY_SMT		(1ull << 16)
#define SNP_POLICY_ONE		(1ull << 17)	/* must be set */
#define SNP_POLICY_MIGRATE	(1ull << 18)
#define SNP_POLICY_DEBUG	(1ull << 19)
#define SNP_POLICY_ONE_SOCKET	(1ull << 20)
#define SNP_POLICY_CXL		(1ull << 21)
#define SNP_POLICY_XTS		(1ull << 22)
#define SNP_POLICY_RAPL_OFF	(1ull << 23)
#define SNP_POLICY_HIDING	(1ull << 24)
#define SNP_POLICY_NO_SWAP	(1ull << 25)

/* Masks of page states, for snp_page_check() and mem_write_in(). */
#define SNP_PAGE_IN(state)	(1u << (state))
/* Pages that the firmware may write for the host. */
#define SNP_PAGE_OUTPUT		(SNP_PAGE_IN(RMP_FIRMWARE) | SNP_PAGE_IN(RMP_DEFAULT))

/**
 * struct snp_version - a version of the firmware
 * @tcb: security versions of its parts, see tcb.c
 * @major: version of the API
 * @minor: likewise
 * @build: build of the firmware
 */
struct snp_version {
	uint64_t tcb;
	uint8_t major;
	uint8_t minor;
	uint8_t build;
};

/**
 * struct snp_guest - a guest context
 * @next: list of all
 * @page: address of its context page, without C-bit
 * @state: see enum snp_guest_state
 * @policy: as in LAUNCH_START, or imported
 * @asid: 0: not active
 * @vek: seed of the memory encryption key
 * @ld: launch digest
 * @imd: digest of the pages that belong to the incoming migration image
 * @oek: offline encryption key, of swapped-out pages
 * @oek_iv: next IV for @oek
 * @vmpck: keys of the guest's messages, one for each VMPL
 * @messages: sequence number of the last message in either direction, for each key
 * @vmrk: root key that a migration agent has set
 * @vmrk_set: the guest has set one
 * @host_data: of LAUNCH_FINISH
 * @id_block: of LAUNCH_FINISH, all zero without one
 * @id_block_en: there was one
 * @author_key_en: the ID key was signed by an author's
 * @id_key_digest: SHA-384 of the ID key; zero without one
 * @author_key_digest: SHA-384 of the author's key; zero without one
 * @report_id: random
 * @report_id_ma: of the migration agent; all ones without one
 * @ma: context page of the migration agent; 0 once that is gone
 * @ma_en: there is one
 * @imi_en: launched as an incoming migration image
 * @root_entry: metadata entry of the last page that is swapped out
 * @gosvw: OS visible workarounds
 * @launch_tcb: current TCB when it was launched or imported
 * @launch_mitigations: verified mitigations at that time
 * @vcek_disabled: no report and no key of this guest may use the VCEK
 * @tsc_khz: desired TSC frequency; 0: the host's
 * @steps: number of steps in the launch log
 */
struct snp_guest {
	struct snp_guest *next;
	uint64_t page;
	enum snp_guest_state state;
	uint64_t policy;
	uint32_t asid;
	uint8_t vek[32];
	uint8_t ld[SNP_DIGEST_SIZE];
	uint8_t imd[SNP_DIGEST_SIZE];
	uint8_t oek[32];
	uint64_t oek_iv;
	uint8_t vmpck[SNP_VMPCKS][32];
	uint64_t messages[SNP_VMPCKS];
	uint8_t vmrk[32];
	bool vmrk_set;
	uint8_t host_data[32];
	uint8_t id_block[SNP_ID_BLOCK_SIZE];
	bool id_block_en;
	bool author_key_en;
	uint8_t id_key_digest[SNP_DIGEST_SIZE];
	uint8_t author_key_digest[SNP_DIGEST_SIZE];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint64_t ma;
	bool ma_en;
	bool imi_en;
	uint8_t root_entry[SNP_ENTRY_SIZE];
	uint8_t gosvw[16];
	uint64_t launch_tcb;
	uint64_t launch_mitigations;
	bool vcek_disabled;
	uint32_t tsc_khz;
	uint32_t steps;
};

/**
 * struct snp - the platform
 * @rmp: the table; @rmp.pages is 0 on a platform without SNP
 * @state: see enum snp_state
 * @rmp_ready: the table has been initialised since power-on
 * @current: version of the firmware that runs
 * @committed: no older one can be installed any more
 * @reported_tcb: TCB that the VCEK is derived for, and that reports name
 * @mask_chip_id: reports do not tell which chip made them
 * @mask_chip_key: the VCEK is not used
 * @vlek_loaded: @vlek is valid, and made for @reported_tcb
 * @vlek: root of the VLEK
 * @max_asid: highest ASID of an SNP guest, with ciphertext hiding; 0: no limit
 * @rapl_off: RAPL is disabled
 * @hiding: ciphertext hiding is enabled
 * @mitigations: verified ones
 * @used_since_flush: a guest has been activated since the last DF_FLUSH of written back caches
 * @written_back: by thread: it has executed WBINVD since a guest was activated
 * @cores: how the processor's threads are set up
 * @guest_count: contexts that exist
 * @guests: list of them
 */
struct snp {
	struct rmp rmp;
	enum snp_state state;
	bool rmp_ready;
	struct snp_version current;
	struct snp_version committed;
	uint64_t reported_tcb;
	bool mask_chip_id;
	bool mask_chip_key;
	bool vlek_loaded;
	uint8_t vlek[SNP_VLEK_SIZE];
	uint32_t max_asid;
	bool rapl_off;
	bool hiding;
	uint64_t mitigations;
	bool used_since_flush;
	bool written_back[SWPSP_CPUS_MAX];
	struct swpsp_core cores[SWPSP_CPUS_MAX];
	uint32_t guest_count;
	struct snp_guest *guests;
};

/* ---- tcb.c: versions ---- */

/** snp_tcb_valid() - are the bytes zero that no component uses? */
bool snp_tcb_valid(const struct swpsp *p, uint64_t tcb);

/** snp_tcb_within() - is each component of @tcb at most that of @limit? */
bool snp_tcb_within(uint64_t tcb, uint64_t limit);

/** snp_tcb_lower() - of each component the lower version */
uint64_t snp_tcb_lower(uint64_t a, uint64_t b);

/** snp_tcb_snp() - security version of the SNP firmware itself */
uint8_t snp_tcb_snp(const struct swpsp *p, uint64_t tcb);

/** snp_tcb_with_snp() - @tcb with another one */
uint64_t snp_tcb_with_snp(const struct swpsp *p, uint64_t tcb, uint8_t svn);

/** snp_api_is() - does the firmware have API version @major.@minor or a newer one? */
bool snp_api_is(const struct swpsp *p, unsigned int major, unsigned int minor);

/** snp_tcb_configured() - the TCB version that a platform of this kind comes with */
uint64_t snp_tcb_configured(const struct swpsp_config *config);

/* ---- platform.c ---- */

/** snp_power_on() - versions, table and cores, as configured */
void snp_power_on(struct swpsp *p);

/** snp_enabled() - do the cores enforce the reverse map table? */
bool snp_enabled(const struct swpsp *p);

/* ---- update.c: what a version of the firmware can ---- */

/** snp_features() - mask of SNP_FEATURE_* */
uint32_t snp_features(const struct swpsp *p);

/** snp_set_version() - another firmware runs from now on */
void snp_set_version(struct swpsp *p, const struct snp_version *v, bool commit);

/** snp_set_reported() - the VCEK is derived for @tcb, and reports say so */
void snp_set_reported(struct snp *s, uint64_t tcb);

/** snp_commit() - the current version is committed */
void snp_commit(struct snp *s);

/** snp_commit_update() - the same; if it is an update, there is no way back below its SVN */
void snp_commit_update(struct swpsp *p);

/** snp_drop_vlek() - there is no VLEK any more */
void snp_drop_vlek(struct snp *s);

/* ---- ranges.c: lists of pages that become HV-Fixed ---- */

struct snp_range {
	uint64_t base;
	uint64_t pages;
};

struct snp_ranges {
	uint32_t count;
	struct snp_range range[SNP_RANGES_MAX];
};

/** snp_ranges_read() - read a list at @addr; 0, INVALID_ADDRESS or INVALID_PARAM */
uint16_t snp_ranges_read(struct swpsp *p, uint64_t addr, struct snp_ranges *ranges);

/** snp_ranges_check() - INVALID_PAGE_STATE unless all pages are in one of @states */
uint16_t snp_ranges_check(const struct swpsp *p, const struct snp_ranges *ranges,
			  unsigned int states);

/** snp_ranges_fix() - all pages are HV-Fixed */
void snp_ranges_fix(struct swpsp *p, const struct snp_ranges *ranges);

/* ---- keys.c: secrets of the chip ---- */

/**
 * enum snp_root - where a key comes from
 * @SNP_ROOT_VCEK: secret of the chip
 * @SNP_ROOT_VLEK: the loaded hash stick
 *
 * Reports tell the signing key by these numbers.
 */
enum snp_root {
	SNP_ROOT_VCEK = 0,
	SNP_ROOT_VLEK = 1,
};

/**
 * snp_root_secret() - the secret that keys of a root and a TCB are derived from
 * @p: platform
 * @root: root; SNP_ROOT_VLEK only while one is loaded
 * @tcb: TCB version
 * @secret: receives it
 */
bool snp_root_secret(const struct swpsp *p, enum snp_root root, uint64_t tcb,
		     uint8_t secret[32]);

/** snp_endorsement_key() - the VCEK or VLEK, a P-384 key pair, for @tcb */
bool snp_endorsement_key(struct swpsp *p, enum snp_root root, uint64_t tcb,
			 struct ec_key *key);

/** snp_vendor_key() - the same as the vendor has it: with a VLEK that need not be loaded */
bool snp_vendor_key(struct swpsp *p, enum snp_root root, uint64_t tcb, struct ec_key *key);

/** snp_wrapping_key() - key under which the vendor gives this chip a VLEK */
bool snp_wrapping_key(const struct swpsp *p, uint8_t key[32]);

/* ---- message.c: what guests ask the firmware ---- */

#define SNP_MESSAGE_MAX		0xfa0
#define SNP_REPORT_ANSWER	0x4c0

/**
 * struct snp_message - a request, decrypted; its handler fills in an answer of zeros
 * @request: payload
 * @size: of @request; one that the message's type and version can have
 * @version: of the message
 * @vmpck: which of the guest's keys it came under
 *
 * Handlers return false if the machine is broken. A request that is refused has a
 * status as its answer.
 */
struct snp_message {
	const uint8_t *request;
	uint16_t size;
	uint8_t version;
	uint8_t vmpck;
};

/** snp_vmpl_allowed() - does the key of a message speak for this privilege level? */
static inline bool snp_vmpl_allowed(const struct snp_message *m, uint32_t vmpl)
{
	return vmpl >= m->vmpck && vmpl < SNP_VMPCKS;
}

bool snp_message_key(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
		     uint8_t *answer);
bool snp_message_report(struct swpsp *p, struct snp_guest *g, const struct snp_message *m,
			uint8_t *answer);
bool snp_message_export(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer);
bool snp_message_import(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer);
bool snp_message_absorb(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
			uint8_t *answer);
bool snp_message_vmrk(struct swpsp *p, struct snp_guest *agent, const struct snp_message *m,
		      uint8_t *answer);

/* ---- report.c ---- */

/**
 * snp_root_select() - the root that a guest may use
 * @p: platform
 * @g: guest
 * @select: 0: VLEK if one is loaded, or else VCEK; 1: VCEK; 2: VLEK
 * @root: receives it
 *
 * Return: status of the answer: INVALID_PARAM, INVALID_KEY (absent or forbidden).
 */
uint32_t snp_root_select(const struct swpsp *p, const struct snp_guest *g, uint32_t select,
			 enum snp_root *root);

/** snp_chip_id() - chip id as in reports; Return: how much of it is not padding, 0: error */
size_t snp_chip_id(struct swpsp *p, uint8_t id[64]);

/* ---- pages.c: states of pages, and what commands may do to them ---- */

/**
 * snp_page_check() - may a command work on this page?
 * @p: platform
 * @addr: address of the page; the C-bit does not matter
 * @size: SNP_PAGE_4K or SNP_PAGE_2M
 * @states: mask of SNP_PAGE_IN()
 * @asid: owner, or 0: any
 * @entry: receives the entry of the table; may be NULL
 *
 * Return: INVALID_ADDRESS, INVALID_PAGE_SIZE, INVALID_PAGE_STATE,
 * INVALID_PAGE_OWNER, in this order.
 */
uint16_t snp_page_check(const struct swpsp *p, uint64_t addr, uint32_t size,
			unsigned int states, uint32_t asid, struct rmp_page *entry);

/** snp_output_check() - @len bytes at @addr in one page, for a command's result? */
uint16_t snp_output_check(const struct swpsp *p, uint64_t addr, uint32_t len);

/** snp_output_write() - write a result; its page is in Reclaim then, if it was Firmware */
uint16_t snp_output_write(struct swpsp *p, uint64_t addr, const void *data, uint32_t len);

/** snp_page_set() - replace the entry of a page that the firmware holds */
void snp_page_set(struct swpsp *p, uint64_t addr, const struct rmp_page *entry);

/** snp_page_give_back() - an output page that was Firmware is in Reclaim now */
void snp_page_give_back(struct swpsp *p, uint64_t addr);

/** snp_legacy_end() - the command is over; @success: give its pages back */
void snp_legacy_end(struct swpsp *p, bool success);

/** snp_page_firmware(), snp_page_reclaim(), snp_page_context() - these entries */
struct rmp_page snp_page_firmware(void);
struct rmp_page snp_page_reclaim(void);
struct rmp_page snp_page_context(void);

/* ---- guest.c: contexts ---- */

/**
 * snp_guest_get() - the guest that a command names
 * @p: platform
 * @gctx: address of its context page
 * @states: mask of the guest states in which the command is legal
 * @status: receives INVALID_ADDRESS, INVALID_GUEST or INVALID_GUEST_STATE, or success
 *
 * Return: the guest, or NULL.
 */
struct snp_guest *snp_guest_get(struct swpsp *p, uint64_t gctx, unsigned int states,
				uint16_t *status);

/** snp_guests_destroy() - all of them, with their keys */
void snp_guests_destroy(struct swpsp *p);

/* ---- measure.c: the launch digest ---- */

enum snp_page_type {
	SNP_TYPE_NORMAL		= 1,
	SNP_TYPE_VMSA		= 2,
	SNP_TYPE_ZERO		= 3,
	SNP_TYPE_UNMEASURED	= 4,
	SNP_TYPE_SECRETS	= 5,
	SNP_TYPE_CPUID		= 6,
};

/**
 * struct snp_measured - a page in the digest, besides its content
 * @type: see enum snp_page_type
 * @imi: the page belongs to an incoming migration image
 * @perms: permissions of VMPL 1, 2, 3
 * @gpa: guest physical address
 */
struct snp_measured {
	enum snp_page_type type;
	bool imi;
	uint8_t perms[3];
	uint64_t gpa;
};

/** snp_measure() - extend @digest by a page; its content does not count for all types */
bool snp_measure(uint8_t digest[SNP_DIGEST_SIZE], const struct snp_measured *m,
		 const uint8_t page[SNP_PAGE_4K]);

/* ---- launch.c ---- */

/** snp_policy_met() - does this platform give what the policy of a guest asks for? */
bool snp_policy_met(const struct swpsp *p, uint64_t policy);

/** snp_guest_new_keys() - random keys and report id */
bool snp_guest_new_keys(struct swpsp *p, struct snp_guest *g);

/* ---- cpuid.c ---- */

/** snp_product_fms() - CPUID 1.EAX of the product */
uint32_t snp_product_fms(const struct swpsp *p);

enum snp_cpuid {
	SNP_CPUID_RIGHT,
	SNP_CPUID_CORRECTED,
	SNP_CPUID_MALFORMED,
};

/**
 * snp_cpuid_correct() - judge a CPUID table as a guest page or a message has it
 * @p: platform
 * @table: count, 12 reserved bytes, functions; receives what would be acceptable
 * @len: bytes that there are
 */
enum snp_cpuid snp_cpuid_correct(const struct swpsp *p, uint8_t *table, size_t len);

/* ---- idblock.c: identity of a guest ---- */

struct snp_identity {
	bool present;
	bool author;
	uint8_t block[SNP_ID_BLOCK_SIZE];
	uint8_t key_digest[SNP_DIGEST_SIZE];
	uint8_t author_digest[SNP_DIGEST_SIZE];
};

/** snp_identity_check() - read and judge ID block and authentication page */
uint16_t snp_identity_check(struct swpsp *p, const struct snp_guest *g, uint64_t block_addr,
			    uint64_t auth_addr, struct snp_identity *id);

/** snp_identity_store() - it is the guest's now */
void snp_identity_store(struct snp_guest *g, const struct snp_identity *id);

#endif /* SWPSP_SNP_H */
