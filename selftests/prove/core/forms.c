// SPDX-License-Identifier: GPL-2.0
/*
 * Properties of the legacy commands, for a bounded model checker: psp/form.c and its two
 * tables are compiled as they are, FORMS is one of the tables, and a caller's struct is
 * *every* struct. What a form moves is read here once more, byte by byte.
 */
#include "psp/form.h"
#include "any.h"

#ifndef FORM
#define FORMS		psp_kvm_forms
#define NR_FORMS	psp_nr_kvm_forms
#define FORM		2
#endif

#define CLAIM(condition, what)	__CPROVER_assert(condition, what)

static const struct psp_form *const form = &FORMS[FORM];

static bool within(unsigned int byte, unsigned int off, unsigned int size)
{
	return byte >= off && byte < off + size;
}

/* Of an address, or of a length */
static bool in_buffer(const struct psp_row *row, unsigned int byte, bool address)
{
	unsigned int i;

	for (i = 0; i < SEV_FW_BUFS; i++)
		if (row->buf[i].kind != SEV_FW_BUF_NONE &&
		    (address ? within(byte, row->buf[i].addr, 8) :
		     row->buf[i].len < SEV_FW_BLOCK_MAX && within(byte, row->buf[i].len, 4)))
			return true;
	return false;
}

static bool in_own(const struct psp_row *row, unsigned int byte)
{
	unsigned int i;

	for (i = 0; i < PSP_OWNS; i++)
		if (row->own[i].kind != PSP_OWN_NONE &&
		    within(byte, row->own[i].off, row->own[i].kind == PSP_OWN_CONTEXT ? 8 : 4))
			return true;
	return false;
}

/* Is it the target of a move, and which byte comes there? */
static bool moved(const struct psp_move *moves, unsigned int n, unsigned int byte,
		  unsigned int *from)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (within(byte, moves[i].to, moves[i].len)) {
			*from = moves[i].from + byte - moves[i].to;
			return true;
		}
	return false;
}

static void going_in(const struct psp_row *row, const struct psp_legacy *legacy)
{
	struct psp_user_block block;
	unsigned int at = nondet_index(), from = 0;
	bool asks;

	__CPROVER_assume(at < SEV_FW_BLOCK_MAX);
	asks = psp_form_in(form, row, legacy, nondet_u64(), &block);
	CLAIM(!asks || (form->query && !block.byte[at]), "a query passes nothing on");
	CLAIM(at < row->size || !block.byte[at], "nothing is written behind the block");
	CLAIM(!in_own(row, at) || !block.byte[at], "no byte of the driver's comes in");
	if (asks || form->here)
		return;
	if (!moved(form->in, PSP_FORM_INS, at, &from))
		CLAIM(!block.byte[at], "padding, and what is no move's, does not come in");
	else if (!form->absent || !in_buffer(row, at, false))
		CLAIM(from < form->size && block.byte[at] == legacy->byte[from],
		      "the caller's bytes come in as they are");
	else
		CLAIM(!block.byte[at] || block.byte[at] == legacy->byte[from],
		      "a length is the caller's, or that of an absent buffer");
}

static void going_out(const struct psp_row *row, const struct psp_legacy *legacy)
{
	struct psp_user_block block = nondet_user_block();
	struct psp_legacy back = *legacy;
	unsigned int at = nondet_index(), from = 0;
	bool lengths = nondet_u32() & 1;

	__CPROVER_assume(at < PSP_FORM_MAX);
	psp_form_out(form, row, lengths, &block, &back);
	if (!moved(form->out, PSP_FORM_OUTS, at, &from)) {
		CLAIM(back.byte[at] == legacy->byte[at], "what is no move's stays as it was");
		return;
	}
	CLAIM(at < form->size && from < row->size, "answers have a place");
	CLAIM(!in_buffer(row, from, true), "no address goes out");
	CLAIM(back.byte[at] == block.byte[from] ||
	      (lengths && back.byte[at] == legacy->byte[at]), "the answer goes out as it is");
	CLAIM(!lengths || back.byte[at] == legacy->byte[at] || in_buffer(row, from, false),
	      "who asks for lengths gets no more");
}

void prove_form(void)
{
	const struct psp_row *row = psp_row_find(form->id);
	struct psp_legacy legacy = nondet_legacy();

	CLAIM(NR_FORMS > FORM, "there is this form");
	CLAIM(row, "a form is of a row");
	CLAIM(form->size <= PSP_FORM_MAX || (!psp_form_reads(form) && !psp_form_writes(form)),
	      "what is copied has room");
	CLAIM(!form->handle || form->handle_at + 4u <= form->size, "a handle has a place");
	CLAIM(form->share || !psp_form_share(form, &legacy),
	      "only who may share a key names a guest");
	going_in(row, &legacy);
	going_out(row, &legacy);
#ifdef REACHED
	CLAIM(0, "REACHED: a form was looked at");
#endif
}
