// SPDX-License-Identifier: GPL-2.0
/*
 * One tree of facts, two ways to print it. Nothing is said to people that --json does
 * not say, too, because both come from here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"

struct json_object *facts_new(void)
{
	struct json_object *facts = json_object_new_object();

	if (!facts)
		fail(EXIT_NO, "out of memory");
	return facts;
}

static struct json_object *add(struct json_object *facts, const char *key,
			       struct json_object *value)
{
	if (!value || json_object_object_add(facts, key, value))
		fail(EXIT_NO, "out of memory");
	return value;
}

struct json_object *facts_list(struct json_object *facts, const char *key)
{
	return add(facts, key, json_object_new_array());
}

struct json_object *facts_object(struct json_object *facts, const char *key)
{
	return add(facts, key, json_object_new_object());
}

struct json_object *facts_row(struct json_object *list)
{
	struct json_object *row = facts_new();

	json_object_array_add(list, row);
	return row;
}

/* JSON is UTF-8, and json-c copies any bytes: those that are no character are replaced. */
static struct json_object *new_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";	/* U+FFFD */
	const size_t longest = sizeof(replacement) - 1;
	char *clean = malloc(strlen(text) * longest + 1), *end = clean;
	struct json_object *value;

	if (!clean)
		fail(EXIT_NO, "out of memory");
	while (*text) {
		const size_t len = text_char(text);

		end = mempcpy(end, len ? text : replacement, len ?: longest);
		text += len ?: 1;
	}
	*end = '\0';
	value = json_object_new_string(clean);
	free(clean);
	return value;
}

void facts_text(struct json_object *facts, const char *key, const char *text)
{
	add(facts, key, new_text(text));
}

void facts_item(struct json_object *list, const char *text)
{
	json_object_array_add(list, new_text(text));
}

void facts_number(struct json_object *facts, const char *key, uint64_t value)
{
	add(facts, key, json_object_new_uint64(value));
}

void facts_signed(struct json_object *facts, const char *key, int64_t value)
{
	add(facts, key, json_object_new_int64(value));
}

void facts_bool(struct json_object *facts, const char *key, bool value)
{
	add(facts, key, json_object_new_boolean(value));
}

void facts_hex(struct json_object *facts, const char *key, const void *data, size_t len)
{
	char *text = malloc(2 * len + 1);

	if (!text)
		fail(EXIT_NO, "out of memory");
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", ((const uint8_t *)data)[i]);
	text[2 * len] = '\0';
	facts_text(facts, key, text);
	free(text);
}

void facts_id(struct json_object *facts, const char *key, uint64_t value, int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%0*llx", digits, (unsigned long long)value);
	facts_text(facts, key, text);
}

/* ---- for people ---- */

#define INDENT		2
#define COLUMNS_MAX	24	/* no table has as many */

static const char *label(const char *key)
{
	static char text[64];
	char *at;

	snprintf(text, sizeof(text), "%s", key);
	for (at = text; *at; at++)
		if (*at == '_')
			*at = ' ';
	return text;
}

static const char *plain(struct json_object *value)
{
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value) ? "yes" : "no";
	return value ? json_object_get_string(value) : "";
}

static bool is_tree(struct json_object *value)
{
	return json_object_is_type(value, json_type_object) ||
	       json_object_is_type(value, json_type_array);
}

static size_t longest(struct json_object *table, const char *key)
{
	size_t width = strlen(key);

	for (size_t i = 0; i < json_object_array_length(table); i++) {
		struct json_object *row = json_object_array_get_idx(table, i), *cell;
		size_t len;

		if (!json_object_object_get_ex(row, key, &cell))
			continue;
		len = strlen(plain(cell));
		width = len > width ? len : width;
	}
	return width;
}

/* Colours are for people: on a terminal that has them, unless NO_COLOR is set. */
static bool coloured(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") && (!no || !*no);
}

/* The colour in which a value is printed, NULL for none: only what is wrong, or not, has one. */
static const char *colour(const char *key, const char *text)
{
	static const struct {
		const char *key, *text, *colour;
	} colours[] = {
		{ "verdict", "ok", "\033[32m" },
		{ "verdict", "note", "\033[33m" },
		{ "verdict", "wrong", "\033[1;31m" },
		{ "problems", NULL, "\033[31m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (!strcmp(colours[i].key, key) &&
		    (!colours[i].text || !strcmp(colours[i].text, text)))
			return coloured() ? colours[i].colour : NULL;
	return NULL;
}

static void print_value(const char *key, const char *text, int width)
{
	const char *begin = colour(key, text);

	fputs(begin ?: "", stdout);
	print_harmless(text, width);
	fputs(begin ? "\033[0m" : "", stdout);
}

/* One line of a table, its heads if there is no row. The last column is not filled up. */
static void print_cells(struct json_object *first, struct json_object *row, const int *width,
			int indent)
{
	int left = json_object_object_length(first);

	printf("%*s", indent, "");
	json_object_object_foreach(first, key, unused) {
		struct json_object *cell = NULL;

		(void)unused;
		if (row)
			json_object_object_get_ex(row, key, &cell);
		left--;
		if (row)
			print_value(key, plain(cell), left ? *width++ : 0);
		else
			print_harmless(label(key), left ? *width++ : 0);
		fputs(left ? "  " : "\n", stdout);
	}
}

/* The row that has all columns: some keys are not in every row. */
static struct json_object *fullest(struct json_object *table)
{
	struct json_object *found = json_object_array_get_idx(table, 0);

	for (size_t i = 1; i < json_object_array_length(table); i++) {
		struct json_object *row = json_object_array_get_idx(table, i);

		if (json_object_object_length(row) > json_object_object_length(found))
			found = row;
	}
	return found;
}

/* Widths are computed once: a log may have a million rows. */
static void print_table(struct json_object *table, int indent)
{
	struct json_object *first = fullest(table);
	int width[COLUMNS_MAX], columns = 0;

	json_object_object_foreach(first, key, unused) {
		(void)unused;
		if (columns < COLUMNS_MAX)
			width[columns++] = (int)longest(table, key);
	}
	print_cells(first, NULL, width, indent);
	for (size_t i = 0; i < json_object_array_length(table); i++)
		print_cells(first, json_object_array_get_idx(table, i), width, indent);
}

static void print_line(int indent, const char *key, int width, const char *text)
{
	printf("%*s", indent, "");
	print_harmless(key, width);
	print_harmless(text, 0);
	putchar('\n');
}

static void print_item(int indent, const char *key, const char *text)
{
	printf("%*s", indent, "");
	print_value(key, text, 0);
	putchar('\n');
}

static void print_object(struct json_object *object, int indent);

static void print_array(const char *key, struct json_object *array, int indent)
{
	struct json_object *first = json_object_array_get_idx(array, 0);

	if (!first)
		printf("%*snone\n", indent, "");
	else if (json_object_is_type(first, json_type_object))
		print_table(array, indent);
	else
		for (size_t i = 0; i < json_object_array_length(array); i++)
			print_item(indent, key, plain(json_object_array_get_idx(array, i)));
}

static size_t widest_key(struct json_object *object)
{
	size_t width = 0;

	json_object_object_foreach(object, key, value)
		if (!is_tree(value) && strlen(key) > width)
			width = strlen(key);
	return width;
}

static void print_object(struct json_object *object, int indent)
{
	const int width = (int)widest_key(object);

	json_object_object_foreach(object, key, value) {
		if (!is_tree(value)) {
			print_line(indent, label(key), width + INDENT, plain(value));
			continue;
		}
		printf("%*s%s:\n", indent, "", label(key));
		if (json_object_is_type(value, json_type_object))
			print_object(value, indent + INDENT);
		else
			print_array(key, value, indent + INDENT);
	}
}

void facts_print(struct json_object *facts, bool json)
{
	if (json)
		puts(json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_object(facts, 0);
	json_object_put(facts);
	if (fflush(stdout))
		fail_to_save(NULL);
}
