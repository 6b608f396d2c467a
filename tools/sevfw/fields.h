/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/sev-fw.h> as data; gen-fields makes it from the header. */
#ifndef SEVFW_FIELDS_H
#define SEVFW_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/sev-fw.h>

/* How the header says that a member is used. */
enum field_kind {
	FIELD_IN,
	FIELD_OUT,
	FIELD_INOUT,
	FIELD_DRIVER,
	FIELD_ZERO,
};

/**
 * struct field - a member of a block
 * @name: name of the member
 * @offset: in the block
 * @size: in bytes
 * @kind: enum field_kind
 * @text: description in the header
 */
struct field {
	const char *name;
	size_t offset;
	size_t size;
	enum field_kind kind;
	const char *text;
};

/**
 * struct command - a command of the firmware
 * @name: as the header has it, without SEV_FW_
 * @id: enum sev_fw_id
 * @size: of its block, 0 if it has none
 * @brief: effect of the command
 * @text: more of that; may be empty
 * @field: members of the block
 * @fields: their number
 */
struct command {
	const char *name;
	uint32_t id;
	size_t size;
	const char *brief;
	const char *text;
	const struct field *field;
	size_t fields;
};

/** struct errno_text - an errno, and what it means for all commands */
struct errno_text {
	const char *name;
	const char *text;
};

/** command_at() - number @n of all commands, NULL after the last one */
const struct command *command_at(size_t n);

/** command_find() - by name (any case, with SEV_FW_ or without) or number; NULL */
const struct command *command_find(const char *text);

/** command_named() - the same; ends the program, with a proposal, if there is none */
const struct command *command_named(const char *text);

/** field_find() - member @name of a block, NULL if it has none of that name */
const struct field *field_find(const struct command *command, const char *name);

/** field_at() - the member that has byte @offset of a block, NULL if there is none */
const struct field *field_at(const struct command *command, size_t offset);

/** field_kind_text() - "in", "out" and so on */
const char *field_kind_text(enum field_kind kind);

/** field_length() - the member with the length of the buffer at @address, or NULL */
const struct field *field_length(const struct command *command, const struct field *address);

/** errno_find() - by name, any case, NULL if the header does not speak of it */
const struct errno_text *errno_find(const char *name);

/** errno_at() - number @n of all of them, NULL after the last one */
const struct errno_text *errno_at(size_t n);

#endif /* SEVFW_FIELDS_H */
