// SPDX-License-Identifier: GPL-2.0
/*
 * The legacy commands of /dev/sev and of KVM, and how a form is applied. Pure functions on
 * buffers: they must not allocate, lock or access user memory.
 *
 * Both offsets of each move are named by the members of both structs. A move of an address
 * together with its length, or of a field whose size differs, does not compile.
 *
 * KVM_SEV_INIT, ES_INIT and INIT2 are not here: they make a VM a guest, which is KVM's
 * to do.
 */
#include <linux/kvm.h>
#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <uapi/linux/psp-sev.h>
#else
#include <linux/psp-sev.h>
#define sizeof_field(type, member)	sizeof(((type) { }).member)
#define BUILD_BUG_ON_ZERO(e)	(sizeof(char[1 - 2 * !!(e)]) - 1)
#endif

#include "form.h"

/* One field, of the same size on both sides. */
#define MOVE(to_type, to_member, from_type, from_member) { \
	.to = offsetof(struct to_type, to_member), \
	.from = offsetof(struct from_type, from_member), \
	.len = sizeof_field(struct from_type, from_member) + \
	       BUILD_BUG_ON_ZERO(sizeof_field(struct to_type, to_member) != \
				 sizeof_field(struct from_type, from_member)) }

/* An address with the length that follows it, from the legacy struct to the block. */
#define MOVE_BUF(to_type, to_addr, to_len, from_type, from_addr, from_len) { \
	.to = offsetof(struct to_type, to_addr), \
	.from = offsetof(struct from_type, from_addr), \
	.len = sizeof(u64) + sizeof(u32) + \
	       BUILD_BUG_ON_ZERO(sizeof_field(struct to_type, to_addr) != sizeof(u64)) + \
	       BUILD_BUG_ON_ZERO(sizeof_field(struct from_type, from_addr) != sizeof(u64)) + \
	       BUILD_BUG_ON_ZERO(sizeof_field(struct to_type, to_len) != sizeof(u32)) + \
	       BUILD_BUG_ON_ZERO(sizeof_field(struct from_type, from_len) != sizeof(u32)) + \
	       BUILD_BUG_ON_ZERO(offsetof(struct to_type, to_len) != \
				 offsetof(struct to_type, to_addr) + sizeof(u64)) + \
	       BUILD_BUG_ON_ZERO(offsetof(struct from_type, from_len) != \
				 offsetof(struct from_type, from_addr) + sizeof(u64)) }

#define STRUCT(type) \
	.size = sizeof(struct type) + BUILD_BUG_ON_ZERO(sizeof(struct type) > PSP_FORM_MAX)
#define HANDLE_OUT(type, member) \
	.handle = true, .handle_at = offsetof(struct type, member)

/*
 * Numbers that older kernels' headers lack. The structs of SNP's ioctls are the firmware's
 * blocks.
 */
#define DEV_SNP_PLATFORM_STATUS	9
#define DEV_SNP_COMMIT		10
#define DEV_SNP_SET_CONFIG	11
#define DEV_SNP_VLEK_LOAD	12

/* Of SEV_ISSUE_CMD, by its number. */
const struct psp_form psp_dev_forms[] = {
	[SEV_FACTORY_RESET] = { .id = SEV_FW_PLATFORM_RESET },
	[SEV_PLATFORM_STATUS] = {
		.id = SEV_FW_PLATFORM_STATUS, STRUCT(sev_user_data_status),
		.out = { { 0, 0, sizeof(struct sev_fw_platform_status) +
			   BUILD_BUG_ON_ZERO(sizeof(struct sev_user_data_status) !=
					     sizeof(struct sev_fw_platform_status)) } },
	},
	[SEV_PEK_GEN] = { .id = SEV_FW_PEK_GEN },
	[SEV_PEK_CSR] = {
		.id = SEV_FW_PEK_CSR, STRUCT(sev_user_data_pek_csr),
		.in = { MOVE_BUF(sev_fw_pek_csr, address, len,
				 sev_user_data_pek_csr, address, length) },
		.out = { MOVE(sev_user_data_pek_csr, length, sev_fw_pek_csr, len) },
	},
	[SEV_PDH_GEN] = { .id = SEV_FW_PDH_GEN },
	[SEV_PDH_CERT_EXPORT] = {
		.id = SEV_FW_PDH_CERT_EXPORT, STRUCT(sev_user_data_pdh_cert_export),
		.in = {
			MOVE_BUF(sev_fw_pdh_cert_export, pdh_address, pdh_len,
				 sev_user_data_pdh_cert_export, pdh_cert_address, pdh_cert_len),
			MOVE_BUF(sev_fw_pdh_cert_export, chain_address, chain_len,
				 sev_user_data_pdh_cert_export, cert_chain_address, cert_chain_len),
		},
		.out = {
			MOVE(sev_user_data_pdh_cert_export, pdh_cert_len,
			     sev_fw_pdh_cert_export, pdh_len),
			MOVE(sev_user_data_pdh_cert_export, cert_chain_len,
			     sev_fw_pdh_cert_export, chain_len),
		},
	},
	[SEV_PEK_CERT_IMPORT] = {
		.id = SEV_FW_PEK_CERT_IMPORT, STRUCT(sev_user_data_pek_cert_import),
		.in = {
			MOVE_BUF(sev_fw_pek_cert_import, pek_address, pek_len,
				 sev_user_data_pek_cert_import, pek_cert_address, pek_cert_len),
			MOVE_BUF(sev_fw_pek_cert_import, oca_address, oca_len,
				 sev_user_data_pek_cert_import, oca_cert_address, oca_cert_len),
		},
	},
	[SEV_GET_ID] = {
		.id = SEV_FW_GET_ID, .size = sizeof(struct sev_user_data_get_id), .here = true,
	},
	[SEV_GET_ID2] = {
		.id = SEV_FW_GET_ID, STRUCT(sev_user_data_get_id2),
		.in = { MOVE_BUF(sev_fw_get_id, address, len,
				 sev_user_data_get_id2, address, length) },
		.out = { MOVE(sev_user_data_get_id2, length, sev_fw_get_id, len) },
	},
	[DEV_SNP_PLATFORM_STATUS] = {
		.id = SEV_FW_SNP_PLATFORM_STATUS,
		.size = sizeof(struct sev_fw_snp_platform_info), .here = true,
	},
	[DEV_SNP_COMMIT] = { .id = SEV_FW_SNP_COMMIT },
	[DEV_SNP_SET_CONFIG] = {
		.id = SEV_FW_SNP_CONFIG, STRUCT(sev_fw_snp_config),
		.in = { { 0, 0, sizeof(struct sev_fw_snp_config) } },
	},
	[DEV_SNP_VLEK_LOAD] = {
		.id = SEV_FW_SNP_VLEK_LOAD, STRUCT(sev_fw_snp_vlek_load), .sized = true,
		.in = {
			MOVE(sev_fw_snp_vlek_load, wrapped_version,
			     sev_fw_snp_vlek_load, wrapped_version),
			MOVE(sev_fw_snp_vlek_load, address, sev_fw_snp_vlek_load, address),
		},
	},
};

const unsigned int psp_nr_dev_forms = ARRAY_SIZE(psp_dev_forms);

/* The three buffers of a packet: header, guest memory, data. */
#define PACKET(fw, kvm)										\
	.in = {											\
		MOVE_BUF(fw, hdr_address, hdr_len, kvm, hdr_uaddr, hdr_len),			\
		MOVE_BUF(fw, guest_address, guest_len, kvm, guest_uaddr, guest_len),		\
		MOVE_BUF(fw, trans_address, trans_len, kvm, trans_uaddr, trans_len),		\
	}

/* Of KVM_MEMORY_ENCRYPT_OP, by KVM's number. */
const struct psp_form psp_kvm_forms[] = {
	[KVM_SEV_LAUNCH_START] = {
		.id = SEV_FW_LAUNCH_START, STRUCT(kvm_sev_launch_start),
		.share = true, HANDLE_OUT(kvm_sev_launch_start, handle), .absent = true,
		.in = {
			MOVE(sev_fw_launch_start, policy, kvm_sev_launch_start, policy),
			MOVE_BUF(sev_fw_launch_start, dh_address, dh_len,
				 kvm_sev_launch_start, dh_uaddr, dh_len),
			MOVE_BUF(sev_fw_launch_start, session_address, session_len,
				 kvm_sev_launch_start, session_uaddr, session_len),
		},
	},
	[KVM_SEV_LAUNCH_UPDATE_DATA] = {
		.id = SEV_FW_LAUNCH_UPDATE_DATA, STRUCT(kvm_sev_launch_update_data),
		.in = { MOVE_BUF(sev_fw_launch_update_data, address, len,
				 kvm_sev_launch_update_data, uaddr, len) },
	},
	[KVM_SEV_LAUNCH_UPDATE_VMSA] = { .id = SEV_FW_LAUNCH_UPDATE_VMSA },
	[KVM_SEV_LAUNCH_SECRET] = {
		.id = SEV_FW_LAUNCH_UPDATE_SECRET, STRUCT(kvm_sev_launch_secret),
		PACKET(sev_fw_launch_update_secret, kvm_sev_launch_secret),
	},
	[KVM_SEV_LAUNCH_MEASURE] = {
		.id = SEV_FW_LAUNCH_MEASURE, STRUCT(kvm_sev_launch_measure),
		.in = { MOVE_BUF(sev_fw_launch_measure, address, len,
				 kvm_sev_launch_measure, uaddr, len) },
		.out = { MOVE(kvm_sev_launch_measure, len, sev_fw_launch_measure, len) },
	},
	[KVM_SEV_LAUNCH_FINISH] = { .id = SEV_FW_LAUNCH_FINISH },
	[KVM_SEV_SEND_START] = {
		.id = SEV_FW_SEND_START, STRUCT(kvm_sev_send_start),
		.query = BIT(3),
		.in = {
			MOVE_BUF(sev_fw_send_start, pdh_address, pdh_len,
				 kvm_sev_send_start, pdh_cert_uaddr, pdh_cert_len),
			MOVE_BUF(sev_fw_send_start, plat_address, plat_len,
				 kvm_sev_send_start, plat_certs_uaddr, plat_certs_len),
			MOVE_BUF(sev_fw_send_start, amd_address, amd_len,
				 kvm_sev_send_start, amd_certs_uaddr, amd_certs_len),
			MOVE_BUF(sev_fw_send_start, session_address, session_len,
				 kvm_sev_send_start, session_uaddr, session_len),
		},
		.out = {
			MOVE(kvm_sev_send_start, policy, sev_fw_send_start, policy),
			MOVE(kvm_sev_send_start, session_len, sev_fw_send_start, session_len),
		},
	},
	[KVM_SEV_SEND_UPDATE_DATA] = {
		.id = SEV_FW_SEND_UPDATE_DATA, STRUCT(kvm_sev_send_update_data),
		.query = BIT(0) | BIT(2),
		PACKET(sev_fw_send_update_data, kvm_sev_send_update_data),
		.out = {
			MOVE(kvm_sev_send_update_data, hdr_len, sev_fw_send_update_data, hdr_len),
			MOVE(kvm_sev_send_update_data, trans_len,
			     sev_fw_send_update_data, trans_len),
		},
	},
	[KVM_SEV_SEND_FINISH] = { .id = SEV_FW_SEND_FINISH },
	[KVM_SEV_SEND_CANCEL] = { .id = SEV_FW_SEND_CANCEL },
	[KVM_SEV_RECEIVE_START] = {
		.id = SEV_FW_RECEIVE_START, STRUCT(kvm_sev_receive_start),
		.share = true, HANDLE_OUT(kvm_sev_receive_start, handle),
		.in = {
			MOVE(sev_fw_receive_start, policy, kvm_sev_receive_start, policy),
			MOVE_BUF(sev_fw_receive_start, pdh_address, pdh_len,
				 kvm_sev_receive_start, pdh_uaddr, pdh_len),
			MOVE_BUF(sev_fw_receive_start, session_address, session_len,
				 kvm_sev_receive_start, session_uaddr, session_len),
		},
	},
	[KVM_SEV_RECEIVE_UPDATE_DATA] = {
		.id = SEV_FW_RECEIVE_UPDATE_DATA, STRUCT(kvm_sev_receive_update_data),
		PACKET(sev_fw_receive_update_data, kvm_sev_receive_update_data),
	},
	[KVM_SEV_RECEIVE_FINISH] = { .id = SEV_FW_RECEIVE_FINISH },
	/* the state is one byte to the firmware, and the first of four to KVM's callers */
	[KVM_SEV_GUEST_STATUS] = {
		.id = SEV_FW_GUEST_STATUS, STRUCT(kvm_sev_guest_status),
		HANDLE_OUT(kvm_sev_guest_status, handle),
		.out = {
			MOVE(kvm_sev_guest_status, policy, sev_fw_guest_status, policy),
			{ offsetof(struct kvm_sev_guest_status, state),
			  offsetof(struct sev_fw_guest_status, state), 1 },
		},
	},
	[KVM_SEV_DBG_DECRYPT] = {
		.id = SEV_FW_DBG_DECRYPT, STRUCT(kvm_sev_dbg),
		.grain = 16, .peek = SEV_FW_DBG_DECRYPT,
		.in = {
			MOVE(sev_fw_dbg_decrypt, src_address, kvm_sev_dbg, src_uaddr),
			MOVE_BUF(sev_fw_dbg_decrypt, dst_address, len, kvm_sev_dbg, dst_uaddr, len),
		},
	},
	[KVM_SEV_DBG_ENCRYPT] = {
		.id = SEV_FW_DBG_ENCRYPT, STRUCT(kvm_sev_dbg),
		.grain = 16, .peek = SEV_FW_DBG_DECRYPT,
		.in = {
			MOVE(sev_fw_dbg_encrypt, src_address, kvm_sev_dbg, src_uaddr),
			MOVE_BUF(sev_fw_dbg_encrypt, dst_address, len, kvm_sev_dbg, dst_uaddr, len),
		},
	},
	[KVM_SEV_GET_ATTESTATION_REPORT] = {
		.id = SEV_FW_ATTESTATION, STRUCT(kvm_sev_attestation_report),
		.in = {
			MOVE(sev_fw_attestation, mnonce, kvm_sev_attestation_report, mnonce),
			MOVE(sev_fw_attestation, address, kvm_sev_attestation_report, uaddr),
			MOVE(sev_fw_attestation, len, kvm_sev_attestation_report, len),
		},
		.out = { MOVE(kvm_sev_attestation_report, len, sev_fw_attestation, len) },
	},
};

const unsigned int psp_nr_kvm_forms = ARRAY_SIZE(psp_kvm_forms);

/**
 * psp_form_reads() - does the caller put something into the struct?
 * @form: legacy command
 *
 * Return: false if the struct may contain anything on the way in.
 */
bool psp_form_reads(const struct psp_form *form)
{
	return form->in[0].len;
}

/**
 * psp_form_writes() - does something go back into the struct?
 * @form: legacy command
 *
 * Return: false if the struct may be in memory that is read-only.
 */
bool psp_form_writes(const struct psp_form *form)
{
	return form->out[0].len || form->handle;
}

/**
 * psp_form_share() - with which guest is a key to be shared?
 * @form: legacy command
 * @legacy: the kernel's copy of the caller's struct
 *
 * Return: its handle, or 0.
 */
u32 psp_form_share(const struct psp_form *form, const struct psp_legacy *legacy)
{
	return form->share ? psp_get32(legacy->byte, form->handle_at) : 0;
}

static bool asks_for_lengths(const struct psp_form *form, const struct psp_row *row,
			     const struct psp_user_block *block)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (form->query >> i & 1 && !psp_user_len(&row->buf[i], block))
			return true;
	return false;
}

static void drop_absent(const struct psp_row *row, struct psp_user_block *block)
{
	static const u8 null[sizeof(u64)];
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].optional &&
		    !memcmp(block->byte + row->buf[i].addr, null, sizeof(null)))
			psp_put32(block->byte, row->buf[i].len, 0);
}

/**
 * psp_form_in() - make a block out of a legacy struct
 * @form: legacy command
 * @row: firmware command of the form
 * @legacy: the kernel's copy of the caller's struct
 * @data: address of the caller's struct
 * @block: receives the block
 *
 * Return: true if the caller only asks for lengths; then the block is empty.
 */
bool psp_form_in(const struct psp_form *form, const struct psp_row *row,
		 const struct psp_legacy *legacy, u64 data, struct psp_user_block *block)
{
	const struct psp_move *move;

	memset(block, 0, sizeof(*block));
	for (move = form->in; move < form->in + PSP_FORM_INS; move++)
		memcpy(block->byte + move->to, legacy->byte + move->from, move->len);
	if (form->here) {
		memcpy(block->byte + row->buf[0].addr, &data, sizeof(data));
		if (psp_len_in_block(&row->buf[0]))
			psp_put32(block->byte, row->buf[0].len, form->size);
	}
	if (form->absent)
		drop_absent(row, block);
	if (!asks_for_lengths(form, row, block))
		return false;
	memset(block, 0, sizeof(*block));
	return true;
}

static bool is_length(const struct psp_row *row, u8 at)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE && row->buf[i].len == at)
			return true;
	return false;
}

/**
 * psp_form_out() - put outputs back into the legacy struct, but for a handle
 * @form: legacy command
 * @row: firmware command of the form
 * @lengths: the caller has only asked for lengths
 * @block: the caller's block, as the firmware left it
 * @legacy: struct to be changed
 */
void psp_form_out(const struct psp_form *form, const struct psp_row *row, bool lengths,
		  const struct psp_user_block *block, struct psp_legacy *legacy)
{
	const struct psp_move *move;

	for (move = form->out; move < form->out + PSP_FORM_OUTS; move++)
		if (!lengths || is_length(row, move->from))
			memcpy(legacy->byte + move->to, block->byte + move->from, move->len);
}
