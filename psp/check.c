// SPDX-License-Identifier: GPL-2.0
/*
 * Applies a row to a block, and does nothing else: find the row, check the caller's
 * bytes, fill the driver's fields, scrub the answer. Pure functions on buffers: they
 * must not allocate, lock or access user memory, so that they can be tested in user
 * space.
 */
#include "row.h"

/**
 * psp_row_find() - the row of a firmware command
 * @id: command id as the SEV API numbers it
 *
 * Return: the row, or NULL if there is no such command.
 */
const struct psp_row *psp_row_find(u32 id)
{
	unsigned int first = 0, end = psp_nr_rows, middle;

	while (first < end) {
		middle = (first + end) / 2;
		if (psp_rows[middle].id == id)
			return &psp_rows[middle];
		if (psp_rows[middle].id < id)
			first = middle + 1;
		else
			end = middle;
	}
	return NULL;
}

static void claim(u64 mask[2], unsigned int off, unsigned int size)
{
	unsigned int bits;

	for (; size; off += bits, size -= bits) {
		bits = 64 - off % 64;
		if (bits > size)
			bits = size;
		mask[off / 64] |= ~0ull >> (64 - bits) << off % 64;
	}
}

/* Of any block, or of this one, in which a buffer may not be there. */
static void user_mask(const struct psp_row *row, const u8 *block, u64 mask[2])
{
	unsigned int i;

	mask[0] = 0;
	mask[1] = 0;
	for (i = 0; i < PSP_RANGES; i++)
		claim(mask, row->user[i].off, row->user[i].size);
	for (i = 0; i < SEV_FW_BUFS; i++) {
		if (row->buf[i].kind == SEV_FW_BUF_NONE ||
		    (block && !psp_buf_there(row, i, block)))
			continue;
		claim(mask, row->buf[i].addr, sizeof(u64));
		if (psp_len_in_block(&row->buf[i]))
			claim(mask, row->buf[i].len, sizeof(u32));
	}
}

/**
 * psp_row_user_mask() - which bytes of the block the caller may set
 * @row: command
 * @mask: receives one bit for each byte, byte n in bit n % 64 of word n / 64
 */
void psp_row_user_mask(const struct psp_row *row, u64 mask[2])
{
	user_mask(row, NULL, mask);
}

/**
 * psp_row_in_array() - may it be one of many in an array?
 * @row: command
 *
 * An array is to do the same thing to many pages. A command that starts or ends a guest, or changes
 * the platform, comes alone, so that an array that fails half-way leaves nothing to be undone.
 *
 * Return: true if so.
 */
bool psp_row_in_array(const struct psp_row *row)
{
	return row->door && row->then == PSP_THEN_NOTHING && row->demand < PSP_DEMAND_ADMIN &&
	       row->platform != PSP_PLATFORM_DOWN;
}

/**
 * psp_takes_len() - is this a block that the row knows, old or new?
 * @row: command
 * @len: length of the caller's block
 *
 * A shorter block than today's is one of an earlier header; what it lacks is zero. A
 * longer one is one of a later header, all of whose tail must be zero: that is for the
 * copy to check.
 *
 * Return: true if it is not too short.
 */
bool psp_takes_len(const struct psp_row *row, u32 len)
{
	return len >= row->first;
}

/**
 * psp_back_len() - how much of the block goes back
 * @row: command
 * @len: length of the caller's block
 *
 * Return: bytes, never more than the caller has.
 */
u32 psp_back_len(const struct psp_row *row, u32 len)
{
	if (!row->back)
		return 0;
	return len < row->size ? len : row->size;
}

static u64 user_addr(const struct psp_buf *buf, const struct psp_user_block *block)
{
	u64 addr;

	memcpy(&addr, block->byte + buf->addr, sizeof(addr));
	return addr;
}

static int check_buf(const struct psp_buf *buf, enum psp_each each,
		     const struct psp_user_block *block)
{
	u32 len = psp_user_len(buf, block);
	u64 addr = user_addr(buf, block);

	/* room for output: zero asks for the length, too much does no harm */
	if (buf->dir == SEV_FW_BUF_WRITE && buf->kind == SEV_FW_BUF_BLOB && each == PSP_ONCE)
		return 0;
	if (!len && !addr && (buf->optional || each == PSP_EACH_VCPU))
		return 0;
	if (buf->kind == SEV_FW_BUF_VMSA)
		return len == buf->max ? 0 : -EINVAL;
	if (!len)
		return -EINVAL;
	/* a command that is issued slice by slice takes any length */
	if (each == PSP_EACH_RUN || !buf->max || !psp_len_in_block(buf))
		return 0;
	return len > buf->max ? -EINVAL : 0;
}

/*
 * A command that is done run by run goes forward. Where it reads what it has
 * written before, the result would depend on where the runs happen to end.
 */
static int check_overlap(const struct psp_row *row, const struct psp_user_block *block)
{
	u64 a = user_addr(&row->buf[0], block), b = user_addr(&row->buf[1], block);
	u32 len = psp_user_len(&row->buf[0], block);

	if (row->each != PSP_EACH_RUN || row->buf[1].kind != SEV_FW_BUF_GUEST ||
	    row->buf[0].kind != SEV_FW_BUF_GUEST)
		return 0;
	return a < b + len && b < a + len ? -EINVAL : 0;
}

/**
 * psp_check() - is this block as the row allows it?
 * @row: command
 * @block: the kernel's copy of what the caller gave
 *
 * Return: 0, or -EINVAL: a byte, or bit, that is not the caller's is not zero, or a
 * length is wrong on its face.
 */
int psp_check(const struct psp_row *row, const struct psp_user_block *block)
{
	unsigned int i, optional = 0, absent = 0;
	u64 mask[2];
	int ret;

	user_mask(row, block->byte, mask);
	for (i = 0; i < row->size; i++)
		if (block->byte[i] && !(mask[i / 64] >> i % 64 & 1))
			return -EINVAL;
	if (block->byte[row->never.off] & row->never.mask)
		return -EINVAL;

	for (i = 0; i < SEV_FW_BUFS; i++) {
		if (!psp_buf_there(row, i, block->byte))
			continue;
		ret = check_buf(&row->buf[i], row->each, block);
		if (ret)
			return ret;
		optional += row->buf[i].optional;
		absent += row->buf[i].optional && !psp_user_len(&row->buf[i], block);
	}

	/* half a session must not quietly become a launch without one */
	if (absent && absent != optional)
		return -EINVAL;
	return check_overlap(row, block);
}

/**
 * psp_fill() - make the firmware's block out of the caller's
 * @row: command
 * @user: checked block
 * @fill: values of the driver's fields
 * @fw: receives the block; the addresses in it are zero, for the buffers to set, and
 *	what is beyond the row's block is left as it was
 */
void psp_fill(const struct psp_row *row, const struct psp_user_block *user,
	      const struct psp_fill *fill, struct psp_fw_block *fw)
{
	unsigned int i;

	memcpy(fw->byte, user->byte, row->size);

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE)
			memset(fw->byte + row->buf[i].addr, 0, sizeof(u64));

	for (i = 0; i < PSP_OWNS && row->own[i].kind != PSP_OWN_NONE; i++) {
		if (row->own[i].kind == PSP_OWN_HANDLE)
			psp_fw_put32(fw, row->own[i].off, fill->handle);
		else if (row->own[i].kind == PSP_OWN_ASID)
			psp_fw_put32(fw, row->own[i].off, fill->asid);
		else if (row->own[i].kind == PSP_OWN_NEW_HANDLE)
			psp_fw_put32(fw, row->own[i].off, fill->share);
		else if (row->own[i].kind == PSP_OWN_LENGTH)
			psp_fw_put32(fw, row->own[i].off, row->size);
		else if (row->own[i].kind == PSP_OWN_ONE)
			psp_fw_put32(fw, row->own[i].off, 1);
	}
}

/**
 * psp_scrub() - make the caller's block out of firmware's
 * @row: command
 * @fw: block as firmware left it
 * @user: the caller's block; everything but addresses is replaced
 *
 * No physical address, and no identity that the driver owns, gets across.
 */
void psp_scrub(const struct psp_row *row, const struct psp_fw_block *fw,
	       struct psp_user_block *user)
{
	struct psp_user_block given = *user;
	unsigned int i;

	memcpy(user->byte, fw->byte, row->size);

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE)
			memcpy(user->byte + row->buf[i].addr,
			       given.byte + row->buf[i].addr, sizeof(u64));

	for (i = 0; i < PSP_OWNS && row->own[i].kind != PSP_OWN_NONE; i++)
		if (row->own[i].kind != PSP_OWN_NEW_HANDLE)
			memset(user->byte + row->own[i].off, 0, psp_own_size(row->own[i].kind));
}

/**
 * psp_row_info() - describe a row to user space
 * @row: command
 * @api: API version of the firmware, major << 8 | minor
 * @info: receives the description
 */
void psp_row_info(const struct psp_row *row, u16 api, struct sev_fw_cmd_info *info)
{
	unsigned int i;
	u64 mask[2];

	memset(info, 0, sizeof(*info));
	info->id = SEV_FW_CMD(row->id);
	info->size = row->size;
	info->min_size = row->first;
	info->api_major = row->since >> 8;
	info->api_minor = row->since & 0xff;
	memcpy(info->name, row->name, strnlen(row->name, sizeof(info->name) - 1));

	if (api >= row->since)
		info->flags |= SEV_FW_INFO_AVAILABLE;
	if (row->door & PSP_DOOR_PLATFORM)
		info->flags |= SEV_FW_INFO_PLATFORM;
	if (row->door & PSP_DOOR_GUEST)
		info->flags |= SEV_FW_INFO_GUEST;
	if (row->demand >= PSP_DEMAND_WRITE)
		info->flags |= SEV_FW_INFO_WRITE;
	if (row->demand >= PSP_DEMAND_ADMIN)
		info->flags |= SEV_FW_INFO_ADMIN;
	if (row->then == PSP_THEN_OPEN || row->then == PSP_THEN_LAUNCH)
		info->flags |= SEV_FW_INFO_START;
	if (row->each != PSP_ONCE)
		info->flags |= SEV_FW_INFO_REPEAT;
	if (psp_row_in_array(row))
		info->flags |= SEV_FW_INFO_ARRAY;
	if (row->snp)
		info->flags |= SEV_FW_INFO_SNP;
	if (row->final)
		info->flags |= SEV_FW_INFO_FINAL;

	psp_row_user_mask(row, mask);
	info->user[0] = mask[0];
	info->user[1] = mask[1];
	for (i = 0; i < SEV_FW_BUFS; i++) {
		info->buf[i].addr = row->buf[i].addr;
		info->buf[i].len = row->buf[i].len;
		info->buf[i].dir = row->buf[i].dir;
		info->buf[i].kind = row->buf[i].kind;
		info->buf[i].max = row->buf[i].max;
		info->page_before[i] = row->buf[i].before;
		info->page_after[i] = row->buf[i].after;
	}
}

#define STATUS_NAME(name, value, meaning)	\
	[value] = #name,

static const char * const status_names[] = {
	SEV_FW_STATUSES(STATUS_NAME)
};

/**
 * psp_status_name() - name of a firmware status
 * @status: status, or SEV_FW_NO_CALL
 *
 * The number belongs beside the name, because most of what people report from the
 * field has no name: print both.
 *
 * Return: the SEV API's name for it, or a class in parentheses; never NULL.
 */
const char *psp_status_name(u32 status)
{
	if (status == SEV_FW_NO_CALL)
		return "(no answer)";
	if (status < ARRAY_SIZE(status_names) && status_names[status])
		return status_names[status];
	if (status == SEV_FW_STATUS_BLOCK_PAGE + SEV_FW_STATUS_INVALID_PAGE_SIZE ||
	    status == SEV_FW_STATUS_BLOCK_PAGE + SEV_FW_STATUS_INVALID_PAGE_STATE ||
	    status == SEV_FW_STATUS_BLOCK_PAGE + SEV_FW_STATUS_INVALID_PAGE_OWNER)
		return "(RMP state of the command buffer)";
	return status & SEV_FW_STATUS_INTERNAL ? "(internal to the PSP)" : "(unknown)";
}
