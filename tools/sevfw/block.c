// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks and logged commands, field by field. The fields are those of the UAPI
 * header; this file must not know any command by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sevfw/sevfw.h>

#include "block.h"

bool block_is_number(const struct field *field)
{
	return field->size <= 8 && !(field->size & (field->size - 1));
}

uint64_t block_get(const uint8_t *block, const struct field *field)
{
	uint64_t value = 0;

	for (size_t i = field->size; i--; )
		value = value << 8 | block[field->offset + i];
	return value;
}

void block_put(uint8_t *block, const struct field *field, uint64_t value)
{
	for (size_t i = 0; i < field->size; i++, value >>= 8)
		block[field->offset + i] = (uint8_t)value;
}

void block_facts(struct json_object *list, const struct command *command, const uint8_t *block,
		 size_t len)
{
	for (size_t i = 0; i < command->fields; i++) {
		const struct field *field = &command->field[i];
		struct json_object *row;
		char value[32] = "";

		if (field->offset + field->size > len)
			return;
		row = facts_row(list);
		if (block_is_number(field))
			snprintf(value, sizeof(value), field->size == 8 ? "0x%llx" : "%llu",
				 (unsigned long long)block_get(block, field));
		facts_id(row, "offset", field->offset, 2);
		facts_hex(row, "bytes", block + field->offset, field->size);
		facts_text(row, "field", field->name);
		facts_text(row, "value", value);
		facts_text(row, "use", field_kind_text(field->kind));
		facts_text(row, "meaning", field->text);
	}
}

/* ---- logs ---- */

static unsigned long long value_of(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoull(at + strlen(key), NULL, 0) : 0;
}

/* "... psp_command: id=0x030 LAUNCH_START handle=1 asid=2 status=0x00 SUCCESS queue_ns=..." */
static bool parse_event(const char *at, struct traced *traced)
{
	const char *status = strstr(at, " status=");
	int begin = 0;

	if (!status || sscanf(at, "id=%x %31s %n", &traced->id, traced->name, &begin) != 2)
		return false;
	snprintf(traced->about, sizeof(traced->about), "%.*s", (int)(status - at - begin),
		 at + begin);
	traced->status = (uint32_t)value_of(status, " status=");
	traced->queue_ns = value_of(status, "queue_ns=");
	traced->firmware_ns = value_of(status, "firmware_ns=");
	return true;
}

/* "0x030 LAUNCH_START handle=1 asid=2 SUCCESS (0x00)" */
static bool parse_transcript(const char *line, struct traced *traced)
{
	const char *status = strrchr(line, '('), *end;
	int begin = 0;

	if (!status || sscanf(line, "0x%x %31s%n", &traced->id, traced->name, &begin) != 2 ||
	    sscanf(status, "(0x%x)", &traced->status) != 1)
		return false;
	/* the status has a name in front of the number */
	end = status - 1;
	while (end > line + begin && end[-1] != ' ')
		end--;
	while (line[begin] == ' ')
		begin++;
	snprintf(traced->about, sizeof(traced->about), "%.*s",
		 end > line + begin ? (int)(end - line - begin - 1) : 0, line + begin);
	return true;
}

bool traced_parse(const char *line, struct traced *traced)
{
	const char *at = strstr(line, "psp_command: ");

	*traced = (struct traced){ 0 };
	if (at)
		return parse_event(at + strlen("psp_command: "), traced);
	return parse_transcript(line, traced);
}

void traced_facts(struct json_object *row, const struct traced *traced)
{
	const struct command *command;
	char id[16];

	snprintf(id, sizeof(id), "0x%x", traced->id);
	command = command_find(id);
	facts_text(row, "command", traced->name);
	facts_text(row, "about", traced->about);
	facts_text(row, "status", sev_status_text(traced->status));
	if (traced->firmware_ns) {
		facts_number(row, "queue_us", traced->queue_ns / 1000);
		facts_number(row, "firmware_us", traced->firmware_ns / 1000);
	}
	facts_text(row, "meaning", traced->status ? sev_status_meaning(traced->status) :
		   command ? command->brief : "");
}
