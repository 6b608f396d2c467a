// SPDX-License-Identifier: GPL-2.0
/*
 * issue: any command, with its block given field by field, by the names of the header.
 * Buffers are files; a length that is not given is the file's, or is asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "files.h"
#include "host.h"

#define BUFFERS_MAX	SEV_FW_BUFS

/**
 * struct buffer - a file that a block points to
 * @address: field that points to it
 * @len: field with its length; NULL if that is fixed
 * @path: file
 * @out: the firmware writes it
 * @blob: its content
 */
struct buffer {
	const struct field *address;
	const struct field *len;
	const char *path;
	bool out;
	struct blob blob;
};

/**
 * struct issue - a command that is put together
 * @command: command
 * @block: its block
 * @given: which fields the user has given, a bit for each
 * @buffer: files
 * @buffers: their number
 */
struct issue {
	const struct command *command;
	uint8_t block[SEV_FW_BLOCK_MAX];
	uint64_t given;
	struct buffer buffer[BUFFERS_MAX];
	size_t buffers;
};

static const char *field_name_at(const void *list, size_t n)
{
	const struct command *command = list;

	return n < command->fields ? command->field[n].name : NULL;
}

static const struct field *field_named(const struct command *command, const char *name)
{
	const struct field *field = field_find(command, name);
	const char *near;

	if (field)
		return field;
	near = nearest(name, field_name_at, command);
	if (near)
		fail(EXIT_USAGE, "%s has no field %s; did you mean %s?", command->name, name, near);
	fail(EXIT_USAGE, "%s has no field %s; \"sevfw explain %s\" lists them", command->name, name,
	     command->name);
}

static void add_buffer(struct issue *issue, const struct field *address, const char *path)
{
	struct buffer *buffer = &issue->buffer[issue->buffers];

	if (issue->buffers++ == BUFFERS_MAX)
		fail(EXIT_USAGE, "%s has no more than %d buffers", issue->command->name,
		     BUFFERS_MAX);
	buffer->address = address;
	buffer->len = field_length(issue->command, address);
	buffer->path = path;
	/* the header's word for what the firmware writes */
	buffer->out = !strncmp(address->text, "receives ", strlen("receives "));
	if (!buffer->out)
		buffer->blob = blob_read(path);
}

static void set_field(struct issue *issue, const char *text)
{
	const char *equal = strchr(text, '=');
	const struct field *field;
	uint64_t address;
	char name[64];

	if (!equal)
		fail(EXIT_USAGE, "\"%s\" is no FIELD=VALUE", text);
	snprintf(name, sizeof(name), "%.*s", (int)(equal - text), text);
	field = field_named(issue->command, name);
	issue->given |= 1ull << (field - issue->command->field);
	if (!block_is_number(field)) {
		struct blob blob = blob_given(name, equal + 1, field->size);

		memcpy(issue->block + field->offset, blob.data, field->size);
		blob_free(&blob);
	} else if (strstr(field->name, "address") && !number_try(equal + 1, &address)) {
		add_buffer(issue, field, equal + 1);
	} else {
		block_put(issue->block, field,
			  number(name, equal + 1, UINT64_MAX >> (64 - 8 * field->size)));
	}
}

static bool is_given(const struct issue *issue, const struct field *field)
{
	return issue->given >> (field - issue->command->field) & 1;
}

/* Addresses of what is read, and lengths unless the user says otherwise. */
static void set_inputs(struct issue *issue)
{
	for (size_t i = 0; i < issue->buffers; i++) {
		struct buffer *buffer = &issue->buffer[i];

		if (buffer->out)
			continue;
		block_put(issue->block, buffer->address, (uintptr_t)buffer->blob.data);
		if (!buffer->len || is_given(issue, buffer->len))
			continue;
		if (buffer->blob.len > UINT32_MAX)
			fail(EXIT_USAGE, "%s: longer than a length can say", buffer->path);
		block_put(issue->block, buffer->len, buffer->blob.len);
	}
}

/* Room for what is written, as much as the block says, or @fixed. */
static void set_outputs(struct issue *issue, const struct sev_fw_cmd_info *info)
{
	for (size_t i = 0; i < issue->buffers; i++) {
		struct buffer *buffer = &issue->buffer[i];
		size_t size = buffer->len ? block_get(issue->block, buffer->len) : 0;

		for (int j = 0; j < SEV_FW_BUFS && info && !buffer->len; j++)
			if (info->buf[j].kind && info->buf[j].addr == buffer->address->offset)
				size = info->buf[j].max;
		if (!buffer->out || !size)
			continue;
		/* The largest output of a command has 20 KiB; far more is a mistake. */
		if (size > 1 << 20)
			fail(EXIT_USAGE, "%s: %zu bytes are more than any command writes",
			     buffer->path, size);
		buffer->blob.data = calloc(1, size);
		buffer->blob.len = size;
		if (!buffer->blob.data)
			fail(EXIT_NO, "out of memory");
		block_put(issue->block, buffer->address, (uintptr_t)buffer->blob.data);
	}
}

static bool must_ask(const struct issue *issue)
{
	for (size_t i = 0; i < issue->buffers; i++)
		if (issue->buffer[i].out && issue->buffer[i].len &&
		    !is_given(issue, issue->buffer[i].len))
			return true;
	return false;
}

/* Lengths of outputs that the user has not given: length 0 asks for them. */
static void ask_lengths(struct issue *issue, const struct sev_fw_door *door)
{
	uint8_t block[SEV_FW_BLOCK_MAX];
	uint32_t status;
	int ret;

	memcpy(block, issue->block, sizeof(block));
	ret = sev_fw_issue(door, issue->command->id, block, issue->command->size, &status);
	if (status != SEV_FW_STATUS_INVALID_LENGTH)
		exit(host_refused(issue->command->name, ret ? ret : -EIO, status));
	for (size_t i = 0; i < issue->buffers; i++) {
		const struct buffer *buffer = &issue->buffer[i];

		if (buffer->out && buffer->len && !is_given(issue, buffer->len))
			block_put(issue->block, buffer->len, block_get(block, buffer->len));
	}
}

static void save_outputs(struct issue *issue, struct json_object *facts)
{
	struct json_object *list = facts_list(facts, "buffers");

	for (size_t i = 0; i < issue->buffers; i++) {
		struct buffer *buffer = &issue->buffer[i];
		size_t len = buffer->blob.len, got;
		struct json_object *row;

		if (!buffer->out || !len)
			continue;
		got = buffer->len ? block_get(issue->block, buffer->len) : len;
		len = got < len ? got : len;
		row = facts_row(list);
		facts_text(row, "field", buffer->address->name);
		facts_number(row, "length", len);
		facts_text(row, "file", buffer->path);
		if (strcmp(buffer->path, "-"))
			blob_write(buffer->path, buffer->blob.data, len, false);
		else
			facts_hex(row, "bytes", buffer->blob.data, len);
	}
}

static int show(const struct issue *issue, struct json_object *facts, const struct args *args,
		int status)
{
	block_facts(facts_list(facts, "fields"), issue->command, issue->block,
		    issue->command->size);
	facts_print(facts, args->json);
	return status;
}

static int issue_it(struct issue *issue, const struct args *args, struct json_object *facts)
{
	const struct sev_fw_cmd_info *info;
	struct sev_fw_cmd_info *infos;
	struct sev_fw_query query;
	struct sev_fw_door door;
	uint32_t status;
	int fd, ret;

	fd = host_open(false);
	infos = host_query(fd, &query);
	if (!infos)
		fail(EXIT_NO_ACCESS, "the stock driver has no pass-through; only psp_sev issues "
		     "commands by their blocks");
	info = host_info(infos, query.count, issue->command->id);
	if (info && info->flags & SEV_FW_INFO_FINAL)
		confirm(args, "This replaces keys, owner or firmware of the platform. Go on?");
	door = sev_fw_door_dev(fd, -1);
	if (must_ask(issue))
		ask_lengths(issue, &door);
	set_outputs(issue, info);
	ret = sev_fw_issue(&door, issue->command->id, issue->command->size ? issue->block : NULL,
			   issue->command->size, &status);
	free(infos);
	if (ret) {
		ret = host_refused(issue->command->name, ret, status);
		answered(issue->command->name, ret);
		if (ret != EXIT_NO_ACCESS)
			show(issue, facts, args, 0);
		return ret;
	}
	answered(issue->command->name, EXIT_UNSAVED);
	facts_text(facts, "status", sev_status_text(status));
	save_outputs(issue, facts);
	return show(issue, facts, args, 0);
}

static int issue_act(const struct args *args)
{
	struct issue issue = { .command = command_named(args->word[0]) };
	struct json_object *facts = facts_new();

	for (int i = 1; i < args->count; i++)
		set_field(&issue, args->word[i]);
	set_inputs(&issue);
	facts_text(facts, "command", issue.command->name);
	if (!option(args, "dry-run"))
		return issue_it(&issue, args, facts);
	set_outputs(&issue, NULL);
	facts_hex(facts, "block", issue.block, issue.command->size);
	return show(&issue, facts, args, 0);
}

static const struct option_row issue_options[] = {
	{ "dry-run", NULL, "issue nothing; print the block, and what each byte means" },
	{ "yes", NULL, "do not ask before keys, owner or firmware of the platform are replaced" },
	{ NULL, NULL, NULL }
};

static const struct key_row issue_keys[] = {
	{ "command", "text", "its name" },
	{ "status?", "text", "the firmware's status; with --dry-run there is none" },
	{ "buffers?[].field", "text",
		"list of what the firmware wrote: the field with the address" },
	{ "buffers?[].length", "integer", "bytes" },
	{ "buffers?[].file", "text", "where they are" },
	{ "buffers?[].bytes?", "text", "in hexadecimal digits, if the file is \"-\"" },
	{ "block?", "text", "with --dry-run: the block in hexadecimal digits" },
	{ "fields[].offset", "text",
		"the block on return: \"0x08\": where the field is in the block" },
	{ "fields[].bytes", "text", "hexadecimal digits" },
	{ "fields[].field", "text", "its name in the header" },
	{ "fields[].value", "text", "as a number; \"\" if it is an array" },
	{ "fields[].use", "text", "in, out, in,out, driver or zero" },
	{ "fields[].meaning", "text", "of the field" },
	{ NULL, NULL, NULL }
};

const struct subcommand issue_sub = {
	.name = "issue",
	.args = "COMMAND [FIELD=VALUE]...",
	.brief = "issue any command, its block given field by field",
	.text = "Issues COMMAND by pass-through. Fields have the names of <linux/sev-fw.h>; "
		"\"sevfw "
		"explain COMMAND\" lists them. Those that are not given are zero. A field that "
		"is an "
		"array of bytes takes hexadecimal digits, base64 or @FILE.\n\n"
		"A field that is an address takes a file: it is read, or written if the firmware "
		"writes to it (\"-\": its bytes are printed). Its length is set to that of the "
		"file; "
		"for what is written the firmware is asked first, unless the length is given.\n\n"
		"Commands on a guest can only be shown by --dry-run: the kernel lets no other "
		"process use a VM than the one that made it.",
	.keys = issue_keys,
	.example = "  sevfw issue PLATFORM_STATUS\n"
		   "  sevfw issue GET_ID address=id.bin\n"
		   "  sevfw issue PDH_CERT_EXPORT pdh_address=pdh.cert chain_address=chain.cert\n"
		   "  sevfw issue LAUNCH_START policy=0x0f --dry-run",
	.options = issue_options,
	.least = 1,
	.most = -1,
	.act = issue_act,
};
