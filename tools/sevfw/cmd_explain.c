// SPDX-License-Identifier: GPL-2.0
/*
 * explain: a status, a command, a member of a block, an errno, which are in
 * <linux/sev-fw.h>; and words. No device is needed.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "facts.h"
#include "fields.h"
#include "host.h"

#define STATUS_ROW(name, value, meaning)	\
	{ #name, value },

static const struct status {
	const char *name;
	uint32_t value;
} statuses[] = { SEV_FW_STATUSES(STATUS_ROW) };

static const char * const lists[] = { "commands", "statuses", "errnos", "words" };

/* Words of these programs, their documents and the SEV API that are none of the above. */
static const struct word {
	const char *name;
	const char *text;
} words[] = {
	{ "ARK", "the vendor's root certificate" },
	{ "ASID", "number of a guest's key in the memory controller; each guest needs one. SEV-ES "
		"and SNP guests have the lower ones, plain SEV guests the others; a guest's is "
		"free again when the process that has its VM ends" },
	{ "ASK", "the vendor's certificate that signs those of chips; the ARK signs it" },
	{ "bound", "of an ASID: a guest has it" },
	{ "CEK", "certificate of this chip, which the vendor signs; it signs the PEK" },
	{ "dead", "of a PSP: it has not answered a command in time, or its registers cannot be "
		"read. No command is sent until the machine is restarted" },
	{ "dirty", "of an ASID: its guest is gone, and caches may still hold the guest's "
		"memory. It becomes free by a flush, which the driver does when it needs the "
		"ASID" },
	{ "EBUSY", "from KVM, when a VM is made a guest: all ASIDs of its kind are in use" },
	{ "external", "of the platform's owner: somebody has endorsed its keys, by the OCA. "
		"Compare the OCA's digest, which \"sevfw verify chain\" prints, with the owner's" },
	{ "free", "of an ASID: the next guest can have it" },
	{ "OCA", "certificate of the platform's owner; it signs the PEK, too" },
	{ "owner", "of a platform: who has signed its keys as OCA (\"sevfw import\"); of a "
		"guest: who verifies it, and has its secrets" },
	{ "PDH", "the platform's key for sessions with guest owners; the PEK signs it" },
	{ "PEK", "the platform's key that says who owns it; CEK and OCA sign it" },
	{ "PSP", "the secure processor that runs the SEV firmware" },
	{ "quarantined", "of pages: a dead PSP may still write to them, so that nobody else gets "
		"them" },
	{ "RMP", "table of SNP: whose each page of memory is" },
	{ "self", "of the platform's owner: nobody has endorsed its keys, its OCA is of its own "
		"making" },
	{ "session", "keys that a guest's owner and the firmware share for one launch, sealed to "
		"the PDH (\"sevfw session\")" },
	{ "TCB", "versions of all the firmware that a report vouches for" },
	{ "VCEK", "SNP: certificate of this chip and its TCB; signs reports" },
	{ "VLEK", "SNP: the same, of a cloud in place of a chip" },
};

static const struct word *word_find(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(words[i].name, text))
			return &words[i];
	return NULL;
}

/* By name, with the prefixes that it has in headers or without, or by number. */
static const struct status *status_find(const char *text)
{
	static const char * const prefixes[] = { "SEV_FW_STATUS_", "SEV_RET_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncasecmp(text, prefixes[i], strlen(prefixes[i])))
			text += strlen(prefixes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (!strcasecmp(statuses[i].name, text))
			return &statuses[i];
	return NULL;
}

static void add_status(struct json_object *facts, uint32_t value)
{
	facts_text(facts, "status", sev_status_text(value));
	facts_text(facts, "meaning", sev_status_meaning(value));
	if (status_advice(value))
		facts_text(facts, "advice", status_advice(value));
}

static void add_field(struct json_object *list, const struct command *command,
		      const struct field *field, bool with_command)
{
	struct json_object *row = facts_row(list);

	if (with_command)
		facts_text(row, "command", command->name);
	facts_id(row, "offset", field->offset, 2);
	facts_number(row, "size", field->size);
	facts_text(row, "field", field->name);
	facts_text(row, "use", field_kind_text(field->kind));
	facts_text(row, "meaning", field->text);
}

static void add_command(struct json_object *facts, const struct command *command)
{
	struct json_object *list;

	facts_text(facts, "command", command->name);
	facts_id(facts, "id", command->id, 3);
	facts_text(facts, "meaning", command->brief);
	facts_number(facts, "size", command->size);
	if (*command->text)
		facts_text(facts, "note", command->text);
	list = facts_list(facts, "fields");
	for (size_t i = 0; i < command->fields; i++)
		add_field(list, command, &command->field[i], false);
}

/* Each command that has a field of that name, or only the one that is named before a dot. */
static bool add_fields(struct json_object *facts, const char *text)
{
	const char *dot = strchr(text, '.'), *name = dot ? dot + 1 : text;
	struct json_object *list = json_object_new_array();
	const struct command *command;
	char only[64] = "";

	if (dot)
		snprintf(only, sizeof(only), "%.*s", (int)(dot - text), text);
	for (size_t n = 0; (command = command_at(n)); n++) {
		const struct field *field = field_find(command, name);

		if (field && (!dot || command == command_named(only)))
			add_field(list, command, field, true);
	}
	if (json_object_array_length(list)) {
		json_object_object_add(facts, "fields", list);
		return true;
	}
	json_object_put(list);
	return false;
}

static bool add_list(struct json_object *facts, const char *name)
{
	struct json_object *list = NULL, *row;
	const struct command *command;
	const struct errno_text *error;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!strcasecmp(lists[i], name))
			list = facts_list(facts, lists[i]);
	if (!list)
		return false;
	for (size_t n = 0; !strcasecmp(name, "commands") && (command = command_at(n)); n++) {
		row = facts_row(list);
		facts_text(row, "name", command->name);
		facts_id(row, "id", command->id, 3);
		facts_number(row, "size", command->size);
		facts_text(row, "meaning", command->brief);
	}
	for (size_t i = 0; !strcasecmp(name, "statuses") && i < ARRAY_SIZE(statuses); i++) {
		row = facts_row(list);
		facts_id(row, "value", statuses[i].value, 2);
		facts_text(row, "name", statuses[i].name);
		facts_text(row, "meaning", sev_status_meaning(statuses[i].value));
	}
	for (size_t n = 0; !strcasecmp(name, "words") && n < ARRAY_SIZE(words); n++) {
		row = facts_row(list);
		facts_text(row, "name", words[n].name);
		facts_text(row, "meaning", words[n].text);
	}
	for (size_t n = 0; !strcasecmp(name, "errnos") && (error = errno_at(n)); n++) {
		row = facts_row(list);
		facts_text(row, "name", error->name);
		facts_text(row, "meaning", error->text);
	}
	return true;
}

/* All names that may be explained: commands, statuses, errnos, lists, words, fields. */
static const char *name_at(const void *list, size_t n)
{
	const struct command *command;
	const struct errno_text *error;

	(void)list;
	if (n < ARRAY_SIZE(statuses))
		return statuses[n].name;
	n -= ARRAY_SIZE(statuses);
	if (n < ARRAY_SIZE(lists))
		return lists[n];
	n -= ARRAY_SIZE(lists);
	if (n < ARRAY_SIZE(words))
		return words[n].name;
	n -= ARRAY_SIZE(words);
	for (size_t i = 0; (error = errno_at(i)); i++, n--)
		if (!n)
			return error->name;
	for (size_t i = 0; (command = command_at(i)); i++, n--)
		if (!n)
			return command->name;
	for (size_t i = 0; (command = command_at(i)); n -= command->fields, i++)
		if (n < command->fields)
			return command->field[n].name;
	return NULL;
}

/* A number may be a status, a command, or both. */
static void add_number(struct json_object *facts, const char *text)
{
	uint64_t value = number("explain", text, UINT32_MAX);
	const struct command *command = command_find(text);

	if (value == SEV_FW_NO_CALL || value > SEV_FW_STATUS_INTERNAL * 2 || value < 0x100)
		add_status(facts_object(facts, "as_status"), value);
	if (command && value <= 0xffff)
		add_command(facts_object(facts, "as_command"), command);
	if (!json_object_object_length(facts))
		add_status(facts_object(facts, "as_status"), value);
}

static bool add_name(struct json_object *facts, const char *text)
{
	const struct status *status = status_find(text);
	const struct command *command = command_find(text);
	const struct errno_text *error = errno_find(text);
	const struct word *word = word_find(text);

	if (status)
		add_status(facts, status->value);
	if (command)
		add_command(facts, command);
	if (error) {
		facts_text(facts, "errno", error->name);
		facts_text(facts, "meaning", error->text);
	}
	if (word) {
		facts_text(facts, "word", word->name);
		facts_text(facts, "word_meaning", word->text);
	}
	if (status || command || error)
		return true;
	return add_list(facts, text) || add_fields(facts, text) || word;
}

static int explain_act(const struct args *args)
{
	const char *text = args->word[0];
	struct json_object *facts = facts_new();
	const char *near;

	if (isdigit((unsigned char)*text)) {
		add_number(facts, text);
	} else if (!add_name(facts, text)) {
		near = nearest(text, name_at, NULL);
		if (near)
			fail(EXIT_USAGE, "nothing is called %s; did you mean %s?", text, near);
		fail(EXIT_USAGE, "nothing is called %s; \"sevfw explain commands\", statuses, "
			"errnos or words lists names",
		     text);
	}
	facts_print(facts, args->json);
	return 0;
}

static const struct key_row explain_keys[] = {
	{ "status?", "text", "name and number" },
	{ "meaning?", "text", "of what was asked for" },
	{ "advice?", "text", "what to do about a status" },
	{ "command?", "text", "name" },
	{ "id?", "text", "\"0x030\"" },
	{ "size?", "integer", "bytes of the block" },
	{ "note?", "text", "more about the command" },
	{ "fields?[].command?", "text", "if a field was asked for" },
	{ "fields?[].offset", "text", "\"0x08\"" },
	{ "fields?[].size", "integer", "bytes" },
	{ "fields?[].field", "text", "its name" },
	{ "fields?[].use", "text", "in, out, in,out, driver or zero" },
	{ "fields?[].meaning", "text", "of the field" },
	{ "errno?", "text", "name" },
	{ "word?", "text", "of these programs or the SEV API" },
	{ "word_meaning?", "text", "of that word" },
	{ "as_status?.status", "text", "of a number: what it means as a status" },
	{ "as_status?.meaning", "text", "of that status" },
	{ "as_status?.advice?", "text", "what to do about it" },
	{ "as_command?.command", "text", "of a number: the command with that id" },
	{ "as_command?.id", "text", "\"0x030\"" },
	{ "as_command?.meaning", "text", "of the command" },
	{ "as_command?.size", "integer", "bytes of the block" },
	{ "as_command?.note?", "text", "more about it" },
	{ "as_command?.fields[].offset", "text", "\"0x08\"" },
	{ "as_command?.fields[].size", "integer", "bytes" },
	{ "as_command?.fields[].field", "text", "its name" },
	{ "as_command?.fields[].use", "text", "in, out, in,out, driver or zero" },
	{ "as_command?.fields[].meaning", "text", "of the field" },
	{ "commands?[].name", "text", "list of commands" },
	{ "commands?[].id", "text", "\"0x030\"" },
	{ "commands?[].size", "integer", "bytes of the block" },
	{ "commands?[].meaning", "text", "of the command" },
	{ "statuses?[].value", "text", "list of statuses: \"0x0e\"" },
	{ "statuses?[].name", "text", "of the status" },
	{ "statuses?[].meaning", "text", "of the status" },
	{ "errnos?[].name", "text", "list of errnos" },
	{ "errnos?[].meaning", "text", "of the errno" },
	{ "words?[].name", "text", "list of words" },
	{ "words?[].meaning", "text", "of the word" },
	{ NULL, NULL, NULL }
};

const struct subcommand explain_sub = {
	.name = "explain",
	.args = "STATUS | COMMAND | FIELD | COMMAND.FIELD | ERRNO | WORD | commands | statuses | "
		"errnos | words",
	.brief = "what a status, a command, a field, an errno or a word means",
	.text = "Prints what <linux/sev-fw.h> says of it, and what to do about a status. Names "
		"may be in any "
		"case, and with or without the prefix that they have in headers; statuses and "
		"commands may be "
		"numbers, too. \"commands\", \"statuses\", \"errnos\" and \"words\" list all "
		"that there are. Needs no device.",
	.keys = explain_keys,
	.example = "  sevfw explain 0x0e\n  sevfw explain INVALID_GUEST_STATE\n"
		   "  sevfw explain launch_start\n  sevfw explain LAUNCH_START.policy\n"
		   "  sevfw explain EBUSY",
	.least = 1,
	.most = 1,
	.act = explain_act,
};
