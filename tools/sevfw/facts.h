/* SPDX-License-Identifier: GPL-2.0 */
/* Facts: a tree of json-c, printed as JSON or as text for people. */
#ifndef SEVFW_FACTS_H
#define SEVFW_FACTS_H

#include <json-c/json.h>

#include "tool.h"

/** facts_new() - an empty object */
struct json_object *facts_new(void);

/** facts_list() - a new empty array, as @key of @facts */
struct json_object *facts_list(struct json_object *facts, const char *key);

/** facts_object() - a new empty object, as @key of @facts */
struct json_object *facts_object(struct json_object *facts, const char *key);

/** facts_row() - a new object at the end of @list */
struct json_object *facts_row(struct json_object *list);

/** facts_text() - text; bytes that are no UTF-8 become U+FFFD, which parsers take */
void facts_text(struct json_object *facts, const char *key, const char *text);

/** facts_item() - the same, at the end of @list */
void facts_item(struct json_object *list, const char *text);

void facts_number(struct json_object *facts, const char *key, uint64_t number);
void facts_signed(struct json_object *facts, const char *key, int64_t number);
void facts_bool(struct json_object *facts, const char *key, bool value);

/** facts_hex() - bytes as hexadecimal digits */
void facts_hex(struct json_object *facts, const char *key, const void *data, size_t len);

/** facts_id() - a number as "0x1a", with at least @digits digits */
void facts_id(struct json_object *facts, const char *key, uint64_t number, int digits);

/**
 * facts_print() - print @facts, and release them
 *
 * For people, an object is lines of "key  value", and an array of objects is a table.
 * Output that cannot be written (a full disk; not a closed pipe) ends the program.
 */
void facts_print(struct json_object *facts, bool json);

#endif /* SEVFW_FACTS_H */
