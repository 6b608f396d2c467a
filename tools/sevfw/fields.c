// SPDX-License-Identifier: GPL-2.0
/*
 * Looking up what the header says. Knows no command by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fields.h"
#include "tool.h"

#include "fields_of_header.h"

#define PREFIX	"SEV_FW_"

const struct command *command_at(size_t n)
{
	return n < ARRAY_SIZE(commands) ? &commands[n] : NULL;
}

const struct command *command_find(const char *text)
{
	uint64_t id;
	bool numeric = number_try(text, &id);

	if (!strncasecmp(text, PREFIX, strlen(PREFIX)))
		text += strlen(PREFIX);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (numeric ? commands[i].id == (id & 0xffff) : !strcasecmp(commands[i].name, text))
			return &commands[i];
	return NULL;
}

static const char *name_of_command(const void *list, size_t n)
{
	(void)list;
	return n < ARRAY_SIZE(commands) ? commands[n].name : NULL;
}

const struct command *command_named(const char *text)
{
	const struct command *command = command_find(text);
	const char *near;

	if (command)
		return command;
	near = nearest(text, name_of_command, NULL);
	if (near)
		fail(EXIT_USAGE, "no command %s; did you mean %s?", text, near);
	fail(EXIT_USAGE, "no command %s; \"sevfw explain commands\" lists them", text);
}

const struct field *field_find(const struct command *command, const char *name)
{
	for (size_t i = 0; i < command->fields; i++)
		if (!strcasecmp(command->field[i].name, name))
			return &command->field[i];
	return NULL;
}

const struct field *field_at(const struct command *command, size_t offset)
{
	for (size_t i = 0; i < command->fields; i++)
		if (offset - command->field[i].offset < command->field[i].size)
			return &command->field[i];
	return NULL;
}

const char *field_kind_text(enum field_kind kind)
{
	static const char * const text[] = {
		[FIELD_IN] = "in", [FIELD_OUT] = "out", [FIELD_INOUT] = "in,out",
		[FIELD_DRIVER] = "driver", [FIELD_ZERO] = "zero",
	};

	return text[kind];
}

/*
 * The header names them alike: pek_address and pek_len, address and len. Where there are
 * two addresses and one length, it is that of both.
 */
const struct field *field_length(const struct command *command, const struct field *address)
{
	const char *at = strstr(address->name, "address");
	const struct field *found;
	char name[64];

	if (!at)
		return NULL;
	snprintf(name, sizeof(name), "%.*slen", (int)(at - address->name), address->name);
	found = field_find(command, name);
	return found ? found : field_find(command, "len");
}

const struct errno_text *errno_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (!strcasecmp(errnos[i].name, name))
			return &errnos[i];
	return NULL;
}

const struct errno_text *errno_at(size_t n)
{
	return n < ARRAY_SIZE(errnos) ? &errnos[n] : NULL;
}
