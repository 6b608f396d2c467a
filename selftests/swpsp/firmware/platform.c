// SPDX-License-Identifier: GPL-2.0
/*
 * Platform commands: bringing firmware up and down, its identity, its version.
 */
#include <openssl/crypto.h>

#include "internal.h"

#define INIT_FLAGS		0x00
#define INIT_TMR		0x08
#define INIT_TMR_LEN		0x10
#define INIT_FLAG_ES		1u

#define EX_LENGTH		0x00
#define EX_FLAGS		0x04
#define EX_TMR			0x08
#define EX_TMR_LEN		0x10
#define EX_RESERVED		0x14
#define EX_NV			0x18
#define EX_NV_LEN		0x20
#define EX_SIZE			0x24

#define STATUS_API_MAJOR	0x00
#define STATUS_API_MINOR	0x01
#define STATUS_STATE		0x02
#define STATUS_OWNER		0x03
#define STATUS_CONFIG		0x04
#define STATUS_BUILD		0x07
#define STATUS_GUESTS		0x08

#define BLOB_ADDR		0x00	/* PEK_CSR, GET_ID, DOWNLOAD_FIRMWARE */
#define BLOB_LEN		0x08

#define PAIR_ADDR		0x00	/* PDH_CERT_EXPORT, PEK_CERT_IMPORT */
#define PAIR_LEN		0x08
#define PAIR_ADDR2		0x10
#define PAIR_LEN2		0x18

/* Arguments that INIT and INIT_EX have in common, out of their buffers. */
struct init_request {
	bool es;
	uint64_t tmr;
	uint32_t tmr_len;
	uint64_t nv;
};

/* ASIDs are one space: while SNP is up, its guests keep theirs. */
static void wipe_volatile(struct swpsp *p)
{
	guest_destroy_all(p);
	if (p->snp.state == SNP_INIT) {
		asid_forget_legacy(p);
	} else {
		asid_forget_all(p);
		mem_forget_keys(p);
	}
	vmsa_pool_free(p);
	p->es = false;
	p->tmr = 0;
	p->tmr_size = 0;
	p->nv_area = 0;
	OPENSSL_cleanse(&p->identity, sizeof(p->identity));
	p->state = PLATFORM_UNINIT;
}

static uint32_t tmr_size(const struct swpsp *p)
{
	return p->snp.state == SNP_INIT ? TMR_SIZE_SNP : TMR_SIZE;
}

static uint16_t check_tmr(struct swpsp *p, const struct init_request *r)
{
	uint64_t tmr = mem_address(p, r->tmr);
	uint16_t status;

	if (r->nv) {
		status = mem_range(p, r->tmr, r->tmr_len);
		if (status)
			return status;
		if (mem_overlap(tmr, r->tmr_len, mem_address(p, r->nv), NV_SIZE))
			return SWPSP_INVALID_ADDRESS;
	}
	if (tmr % tmr_size(p))
		return SWPSP_INVALID_ADDRESS;
	if (r->tmr_len != tmr_size(p))
		return SWPSP_INVALID_LENGTH;
	return mem_writable(p, SNP_PAGE_OUTPUT, r->tmr, r->tmr_len);	/* [D-TMR-STATE] */
}

/* The cores ask the table, so there has to be one. */
static bool snp_first(const struct swpsp *p)
{
	return snp_enabled(p) && p->snp.state != SNP_INIT;
}

static uint16_t init_platform(struct swpsp *p, const struct init_request *r)
{
	uint16_t status;

	p->nv_area = r->nv;
	status = identity_load(p);
	if (!status)
		status = identity_complete(p);
	if (!status && r->es)
		status = check_tmr(p, r);
	if (status) {
		wipe_volatile(p);
		return status;
	}
	p->es = r->es;
	p->tmr = r->es ? mem_address(p, r->tmr) : 0;
	p->tmr_size = r->es ? tmr_size(p) : 0;
	if (p->snp.state != SNP_INIT)
		asid_reset_all(p);
	p->state = PLATFORM_INIT;
	return SWPSP_SUCCESS;
}

uint16_t cmd_init(struct swpsp *p, uint8_t *cmd)
{
	const struct init_request r = {
		.es = get16(cmd + INIT_FLAGS) & INIT_FLAG_ES,
		.tmr = get64(cmd + INIT_TMR), .tmr_len = get32(cmd + INIT_TMR_LEN),
	};

	if ((get16(cmd + INIT_FLAGS) & ~INIT_FLAG_ES) || !all_zero(cmd + INIT_FLAGS + 2, 6))
		return SWPSP_INVALID_CONFIG;
	if (snp_first(p))
		return SWPSP_INVALID_PLATFORM_STATE;
	return init_platform(p, &r);
}

uint16_t cmd_init_ex(struct swpsp *p, uint8_t *cmd)
{
	const struct init_request r = {
		.es = get16(cmd + EX_FLAGS) & INIT_FLAG_ES,
		.tmr = get64(cmd + EX_TMR), .tmr_len = get32(cmd + EX_TMR_LEN),
		.nv = get64(cmd + EX_NV),
	};
	uint32_t nv_len = get32(cmd + EX_NV_LEN);
	uint16_t status;

	if ((get16(cmd + EX_FLAGS) & ~INIT_FLAG_ES) || !all_zero(cmd + EX_FLAGS + 2, 2) ||
	    get32(cmd + EX_RESERVED))
		return SWPSP_INVALID_CONFIG;
	if (snp_first(p))
		return SWPSP_INVALID_PLATFORM_STATE;
	if (get32(cmd + EX_LENGTH) != EX_SIZE)
		return SWPSP_INVALID_LENGTH;
	if (r.nv) {
		if (r.nv % PAGE_SIZE)
			return SWPSP_INVALID_ADDRESS;
		status = mem_range(p, r.nv, nv_len);
		if (status)
			return status;
		if (nv_len != NV_SIZE)
			return SWPSP_INVALID_LENGTH;
	}
	return init_platform(p, &r);
}

uint16_t cmd_shutdown(struct swpsp *p, uint8_t *cmd)
{
	(void)cmd;
	wipe_volatile(p);
	return SWPSP_SUCCESS;
}

uint16_t cmd_platform_reset(struct swpsp *p, uint8_t *cmd)
{
	(void)cmd;
	return identity_erase_flash(p);
}

uint16_t cmd_platform_status(struct swpsp *p, uint8_t *cmd)
{
	cmd[STATUS_API_MAJOR] = p->config.api_major;
	cmd[STATUS_API_MINOR] = p->config.api_minor;
	cmd[STATUS_STATE] = (uint8_t)p->state;
	cmd[STATUS_OWNER] = p->identity.external;
	cmd[STATUS_CONFIG] = p->es;
	cmd[STATUS_BUILD] = p->config.build;
	put32(cmd + STATUS_GUESTS, p->guest_count);
	return SWPSP_SUCCESS;
}

uint16_t cmd_nop(struct swpsp *p, uint8_t *cmd)
{
	(void)p;
	(void)cmd;
	return SWPSP_SUCCESS;
}

/* A change of identity counts once it is saved; until then the old one holds. */
static uint16_t commit(struct swpsp *p, struct identity *id, bool ok)
{
	uint16_t status = ok ? identity_save(p, id) : hardware_error(p, ERROR_CRYPTO);

	if (!status)
		p->identity = *id;
	OPENSSL_cleanse(id, sizeof(*id));
	return status;
}

uint16_t cmd_pek_gen(struct swpsp *p, uint8_t *cmd)
{
	struct identity id = p->identity;

	(void)cmd;
	return commit(p, &id, identity_new_pek(p, &id));
}

uint16_t cmd_pdh_gen(struct swpsp *p, uint8_t *cmd)
{
	struct identity id = p->identity;

	(void)cmd;
	return commit(p, &id, identity_new_pdh(p, &id));
}

uint16_t cmd_pek_csr(struct swpsp *p, uint8_t *cmd)
{
	uint32_t len = get32(cmd + BLOB_LEN);
	uint8_t csr[CERT_SIZE];

	put32(cmd + BLOB_LEN, CERT_SIZE);
	if (len < CERT_SIZE)
		return SWPSP_INVALID_LENGTH;
	memcpy(csr, p->identity.pek_cert, sizeof(csr));
	cert_clear_signatures(csr);
	return mem_write(p, get64(cmd + BLOB_ADDR), csr, sizeof(csr));
}

static uint16_t check_import(struct swpsp *p, const uint8_t *pek, const uint8_t *oca)
{
	struct cert_key key;
	uint16_t status;

	cert_get_key(oca, &key);
	status = cert_validate(p, oca, &key);
	if (!status)
		status = cert_validate(p, pek, &key);
	if (status)
		return status;
	if (memcmp(pek, p->identity.pek_cert, CERT_BODY) || cert_free_slot(pek) < 0)
		return SWPSP_INVALID_CERTIFICATE;
	return SWPSP_SUCCESS;
}

uint16_t cmd_pek_cert_import(struct swpsp *p, uint8_t *cmd)
{
	struct identity id = p->identity;
	uint16_t status;

	if (p->identity.external)
		return SWPSP_ALREADY_OWNED;
	if (get32(cmd + PAIR_LEN) != CERT_SIZE || get32(cmd + PAIR_LEN2) != CERT_SIZE)
		return SWPSP_INVALID_LENGTH;
	status = mem_read(p, get64(cmd + PAIR_ADDR), id.pek_cert, CERT_SIZE);
	if (!status)
		status = mem_read(p, get64(cmd + PAIR_ADDR2), id.oca_cert, CERT_SIZE);
	if (!status)
		status = check_import(p, id.pek_cert, id.oca_cert);
	if (status) {
		OPENSSL_cleanse(&id, sizeof(id));
		return status;
	}
	id.external = 1;
	memset(&id.oca, 0, sizeof(id.oca));	/* the owner's key is not here */
	return commit(p, &id, cert_sign(p, id.pek_cert, USAGE_CEK, &p->cek) &&
		      identity_new_pdh(p, &id));
}

uint16_t cmd_pdh_cert_export(struct swpsp *p, uint8_t *cmd)
{
	uint32_t len = get32(cmd + PAIR_LEN), chain_len = get32(cmd + PAIR_LEN2);
	const struct identity *id = &p->identity;
	uint8_t chain[CHAIN_SIZE];
	uint16_t status;

	put32(cmd + PAIR_LEN, CERT_SIZE);
	put32(cmd + PAIR_LEN2, CHAIN_SIZE);
	if (len < CERT_SIZE || chain_len < CHAIN_SIZE)
		return SWPSP_INVALID_LENGTH;
	memcpy(chain, id->pek_cert, CERT_SIZE);
	memcpy(chain + CERT_SIZE, id->oca_cert, CERT_SIZE);
	cert_init(p, chain + 2 * CERT_SIZE, USAGE_CEK, ALGO_ECDSA_SHA256, &p->cek);
	status = mem_lent(p, get64(cmd + PAIR_ADDR), CERT_SIZE);
	if (!status)
		status = mem_lent(p, get64(cmd + PAIR_ADDR2), CHAIN_SIZE);
	if (!status)
		status = mem_write(p, get64(cmd + PAIR_ADDR), id->pdh_cert, CERT_SIZE);
	return status ? status : mem_write(p, get64(cmd + PAIR_ADDR2), chain, CHAIN_SIZE);
}

uint16_t cmd_get_id(struct swpsp *p, uint8_t *cmd)
{
	uint32_t len = get32(cmd + BLOB_LEN), size = ID_SIZE;
	uint8_t id[2 * ID_SIZE];
	uint16_t status;

	if (len < ID_SIZE) {
		put32(cmd + BLOB_LEN, ID_SIZE);
		return SWPSP_INVALID_LENGTH;
	}
	if (len == sizeof(id) && p->config.sockets == 2)
		size = sizeof(id);
	for (uint32_t i = 0; i < size / ID_SIZE; i++)
		if (!identity_chip_id(p, i, id + i * ID_SIZE))
			return hardware_error(p, ERROR_CRYPTO);
	status = mem_write(p, get64(cmd + BLOB_ADDR), id, size);
	if (!status)
		put32(cmd + BLOB_LEN, size);
	return status;
}

/*
 * SNP's version follows, and is committed. Its SVN does not become lower than the one that was
 * committed before; that of an update which was not is forgotten.
 */
static void take_version(struct swpsp *p, const struct image *image)
{
	struct snp_version v = {
		.build = (uint8_t)image->version, .minor = (uint8_t)(image->version >> 8),
		.major = (uint8_t)(image->version >> 16), .tcb = p->snp.committed.tcb,
	};

	if (image->security_level <= UINT8_MAX && image->security_level > snp_tcb_snp(p, v.tcb))
		v.tcb = snp_tcb_with_snp(p, v.tcb, (uint8_t)image->security_level);
	snp_set_version(p, &v, true);
}

uint16_t cmd_download_firmware(struct swpsp *p, uint8_t *cmd)
{
	struct image image;
	uint16_t status;

	status = image_read(p, get64(cmd + BLOB_ADDR), get32(cmd + BLOB_LEN), &image);
	if (status)
		return status;
	if (image.security_level < p->security_level)
		return SWPSP_INVALID_CONFIG;
	p->security_level = image.security_level;
	take_version(p, &image);
	wipe_volatile(p);
	return SWPSP_SUCCESS;
}
