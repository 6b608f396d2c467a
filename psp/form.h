/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Forms: legacy commands as data. A legacy command has a struct of its own, which is the
 * firmware's block with some words left out or in another place. A form says which
 * firmware command is meant and which bytes move where; there is no code per command.
 *
 * Bytes that no move names are padding, which callers leave uninitialised: they must not
 * be looked at, and go back as they came.
 *
 * This file and form.c compile in user space as they are, like row.h and check.c.
 */
#ifndef PSP_FORM_H
#define PSP_FORM_H

#include "row.h"

#define PSP_FORM_MAX	72	/* the largest of the legacy structs */
#define PSP_FORM_INS	4
#define PSP_FORM_OUTS	2

struct psp_move {
	u8 to;
	u8 from;
	u8 len;
};

/**
 * struct psp_form - a legacy command
 * @id: the firmware command; 0: there is no such legacy command
 * @size: of the legacy struct; 0: there is none, and the caller's pointer is not looked at
 * @share: a handle may come in at the place of the one that goes out: that of a guest whose
 *	key the new one is to share
 * @handle: the guest's handle goes out, after success
 * @handle_at: to this place
 * @here: the struct itself is the buffer that the block points to
 * @sized: the struct begins with its own length, which must be right
 * @absent: an optional buffer at address 0 is absent, whatever its length says
 * @query: a bit for each buffer: if one of these has no length, the caller asks for
 *	lengths only, and nothing else in the struct is looked at
 * @grain: guest memory is in units of so many bytes for the firmware, but not for the caller;
 *	0: for both
 * @peek: the firmware command that reads guest memory, if there is a @grain
 * @in: from the struct to the block
 * @out: from the block to the struct, after the firmware was asked, whatever it said
 */
struct psp_form {
	u16 id;
	u8 size;
	bool share;
	bool handle;
	u8 handle_at;
	bool here;
	bool sized;
	bool absent;
	u8 query;
	u8 grain;
	u16 peek;
	struct psp_move in[PSP_FORM_INS];
	struct psp_move out[PSP_FORM_OUTS];
};

/* A legacy struct in kernel memory; whatever its fields are, they are moved as bytes. */
struct psp_legacy {
	u8 byte[PSP_FORM_MAX];
};

extern const struct psp_form psp_dev_forms[];
extern const unsigned int psp_nr_dev_forms;
extern const struct psp_form psp_kvm_forms[];
extern const unsigned int psp_nr_kvm_forms;

bool psp_form_reads(const struct psp_form *form);
bool psp_form_writes(const struct psp_form *form);
u32 psp_form_share(const struct psp_form *form, const struct psp_legacy *legacy);
bool psp_form_in(const struct psp_form *form, const struct psp_row *row,
		 const struct psp_legacy *legacy, u64 data, struct psp_user_block *block);
void psp_form_out(const struct psp_form *form, const struct psp_row *row, bool lengths,
		  const struct psp_user_block *block, struct psp_legacy *legacy);

#endif /* PSP_FORM_H */
