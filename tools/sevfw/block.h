/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks for people, and lines of a log of commands. */
#ifndef SEVFW_BLOCK_H
#define SEVFW_BLOCK_H

#include "facts.h"
#include "fields.h"

/** block_get() - number in a field of 1, 2, 4 or 8 bytes, little-endian */
uint64_t block_get(const uint8_t *block, const struct field *field);

/** block_put() - the way back */
void block_put(uint8_t *block, const struct field *field, uint64_t value);

/** block_is_number() - is a field a number, and no array of bytes? */
bool block_is_number(const struct field *field);

/**
 * block_facts() - each byte of a block, and its meaning
 * @list: receives a row for each field: offset, bytes, field, value, use, meaning
 * @command: command
 * @block: its block
 * @len: bytes of it that there are; fields behind them are left out
 */
void block_facts(struct json_object *list, const struct command *command, const uint8_t *block,
		 size_t len);

/**
 * struct traced - a command as the tracepoint or a transcript has it
 * @id: command
 * @name: name of the command
 * @about: handle, ASID and the like, as they stand there
 * @status: answer of the firmware
 * @queue_ns: time that it waited, in nanoseconds; 0 if the line does not say
 * @firmware_ns: time that the firmware took
 */
struct traced {
	uint32_t id;
	char name[32];
	char about[160];
	uint32_t status;
	unsigned long long queue_ns;
	unsigned long long firmware_ns;
};

/** traced_parse() - a line of the tracepoint psp_command, or of swpsp's transcript */
bool traced_parse(const char *line, struct traced *traced);

/** traced_facts() - the same for people, into @row */
void traced_facts(struct json_object *row, const struct traced *traced);

#endif /* SEVFW_BLOCK_H */
