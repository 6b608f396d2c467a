// SPDX-License-Identifier: GPL-2.0
/*
 * Properties of the pure core, for a bounded model checker: psp/check.c and the table are
 * compiled as they are, ROW is the place of one row in it, and a block is *every* block.
 * Loops are unwound to their ends, or that is an error.
 *
 * What belongs to whom is read here from the columns once more, byte by byte, and not from
 * the masks that check.c makes of them. Addresses and values of the driver are arbitrary,
 * so that none of them can be told from a caller's byte but by its place.
 */
#include "psp/row.h"

#ifdef LIST	/* of rows and forms, for scripts/prove-core, by an ordinary compiler */
#include <stdio.h>
#include "psp/form.h"

static void list(const char *name, const struct psp_form *forms, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (forms[i].id)
			printf("%s:%u %s_form_%u\n", name, i, name, i);
}

int main(void)
{
	for (unsigned int i = 0; i < psp_nr_rows; i++)
		printf("%u %s\n", i, psp_rows[i].name);
	list("dev", psp_dev_forms, psp_nr_dev_forms);
	list("kvm", psp_kvm_forms, psp_nr_kvm_forms);
	return 0;
}
#else
#include "any.h"

/* The C library's, for names of commands. */
size_t strnlen(const char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n])
		n++;
	return n;
}

#define CLAIM(condition, what)	__CPROVER_assert(condition, what)

static const struct psp_row *const row = &psp_rows[ROW];

static bool within(unsigned int byte, unsigned int off, unsigned int size)
{
	return byte >= off && byte < off + size;
}

/* Of two buffers with one address the first that the flags ask for is there. */
static bool there(unsigned int i, const u8 *block)
{
	unsigned int j;
	bool first = true;

	for (j = 0; j <= i; j++) {
		const struct psp_buf *buf = &row->buf[j];
		bool asked = buf->kind != SEV_FW_BUF_NONE &&
			     (block[buf->flags] & buf->if_mask) == buf->if_value;

		if (j == i)
			return asked && first;
		if (asked && buf->addr == row->buf[i].addr)
			first = false;
	}
	return false;
}

static bool is_address(unsigned int byte)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE && within(byte, row->buf[i].addr, 8))
			return true;
	return false;
}

static bool is_callers(unsigned int byte, const u8 *block)
{
	unsigned int i;

	for (i = 0; i < PSP_RANGES; i++)
		if (within(byte, row->user[i].off, row->user[i].size))
			return true;
	for (i = 0; i < SEV_FW_BUFS; i++)
		if (there(i, block) && (within(byte, row->buf[i].addr, 8) ||
					(row->buf[i].len < SEV_FW_BLOCK_MAX &&
					 within(byte, row->buf[i].len, 4))))
			return true;
	return false;
}

/* The driver's field that the byte is in, or NULL. */
static const struct psp_own *own_of(unsigned int byte)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS; i++)
		if (row->own[i].kind != PSP_OWN_NONE &&
		    within(byte, row->own[i].off, row->own[i].kind == PSP_OWN_CONTEXT ? 8 : 4))
			return &row->own[i];
	return NULL;
}

static u8 byte_of(u32 value, unsigned int n)
{
	return n < 4 ? value >> 8 * n : 0;
}

/* A context page's address is filled in later, by who knows physical ones. */
static u32 value_of(u8 kind, const struct psp_fill *fill)
{
	switch (kind) {
	case PSP_OWN_HANDLE:
		return fill->handle;
	case PSP_OWN_NEW_HANDLE:
		return fill->share;
	case PSP_OWN_ASID:
		return fill->asid;
	case PSP_OWN_LENGTH:
		return row->size;
	case PSP_OWN_ONE:
		return 1;
	default:
		return 0;
	}
}

static bool columns_are_inside(void)
{
	unsigned int i;

	for (i = 0; i < PSP_RANGES; i++)
		if (row->user[i].off + row->user[i].size > row->size)
			return false;
	for (i = 0; i < PSP_OWNS; i++)
		if (row->own[i].kind != PSP_OWN_NONE &&
		    row->own[i].off + (row->own[i].kind == PSP_OWN_CONTEXT ? 8 : 4) > row->size)
			return false;
	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE &&
		    (row->buf[i].addr + 8 > row->size || row->buf[i].flags >= SEV_FW_BLOCK_MAX ||
		     (row->buf[i].len < SEV_FW_BLOCK_MAX && row->buf[i].len + 4 > row->size)))
			return false;
	return row->size <= SEV_FW_BLOCK_MAX && row->first <= row->size;
}

/* Of a block that is accepted, what the engine will allocate and pin for it */
static void lengths(const struct psp_user_block *user)
{
	unsigned int i, given = 0, left_out = 0;

	for (i = 0; i < SEV_FW_BUFS; i++) {
		const struct psp_buf *buf = &row->buf[i];
		u32 len = buf->len < SEV_FW_BLOCK_MAX ? psp_get32(user->byte, buf->len) : buf->max;

		if (!there(i, user->byte))
			continue;
		if (buf->optional && !len)
			left_out++;
		else if (buf->optional)
			given++;
		if (buf->kind == SEV_FW_BUF_BLOB && buf->dir == SEV_FW_BUF_WRITE &&
		    row->each == PSP_ONCE)
			continue;	/* room: the engine clamps it */
		CLAIM(len || buf->optional || row->each == PSP_EACH_VCPU,
		      "a buffer without a length is accepted only where it may be absent");
		CLAIM(row->each == PSP_EACH_RUN || !buf->max || len <= buf->max,
		      "a length never exceeds its cap");
	}
	CLAIM(!given || !left_out, "half a session is no launch");
}

/* One byte, which may be any. */
static void filled(unsigned int at, const struct psp_user_block *user, const struct psp_fill *fill)
{
	struct psp_fw_block fw = nondet_fw_block(), before = fw;
	const struct psp_own *own = own_of(at);

	psp_fill(row, user, fill, &fw);
	if (at >= row->size)
		CLAIM(fw.byte[at] == before.byte[at], "nothing is written behind the block");
	else if (own)
		CLAIM(fw.byte[at] == byte_of(value_of(own->kind, fill), at - own->off),
		      "the driver's fields have the driver's values");
	else if (is_address(at))
		CLAIM(!fw.byte[at], "no address of the caller's gets to the firmware");
	else
		CLAIM(fw.byte[at] == user->byte[at], "the caller's bytes get there as they are");
}

static void scrubbed(unsigned int at, const struct psp_user_block *user)
{
	struct psp_fw_block fw = nondet_fw_block();
	struct psp_user_block back = *user;
	const struct psp_own *own = own_of(at);

	psp_scrub(row, &fw, &back);
	if (at >= row->size || is_address(at))
		CLAIM(back.byte[at] == user->byte[at], "no physical address goes back");
	else if (own && own->kind != PSP_OWN_NEW_HANDLE)
		CLAIM(!back.byte[at], "no identity goes back");
	else
		CLAIM(back.byte[at] == fw.byte[at], "the answer goes back as it is");
}

void prove_row(void)
{
	struct psp_user_block user = nondet_user_block();
	struct psp_fill fill = nondet_fill();
	unsigned int at = nondet_index();
	struct sev_fw_cmd_info info;
	u32 len = nondet_u32();

	__CPROVER_assume(at < SEV_FW_BLOCK_MAX);
	CLAIM(psp_nr_rows > ROW, "there is this row");
	CLAIM(columns_are_inside(), "the columns are inside of the block");
	CLAIM(psp_row_find(row->id) == row, "a row is found by its number");
	CLAIM(psp_back_len(row, len) <= len && psp_back_len(row, len) <= row->size &&
	      (row->back || !psp_back_len(row, len)), "no more goes back than the caller has");
	CLAIM(!psp_takes_len(row, len) || len >= row->first, "no block is too short");
	psp_row_info(row, nondet_u32(), &info);
	CLAIM((info.user[at / 64] >> at % 64 & 1) <= (at < row->size && !own_of(at)),
	      "QUERY gives no byte of the driver's away");

	if (!psp_check(row, &user)) {
		CLAIM(at >= row->size || is_callers(at, user.byte) || !user.byte[at],
		      "a byte that is not the caller's is zero");
		CLAIM(!own_of(at) || !user.byte[at], "so is each byte of the driver's");
		lengths(&user);
		filled(at, &user, &fill);
#ifdef REACHED
		CLAIM(0, "REACHED: some block is accepted");
#endif
	}
	scrubbed(at, &user);
}
#endif
