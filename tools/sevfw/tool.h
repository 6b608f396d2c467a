/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sevfw: what its files share. A subcommand is a row: --help, the manual page and the
 * completion of shells are made from it, and the same parser reads the options of all.
 *
 *   main.c      the rows; parsing; help
 *   facts.c     facts as JSON, or as text for people: one tree, two ways to print it
 *   fields.c    <linux/sev-fw.h> as data: commands, members of blocks, errnos
 *   host.c      /dev/sev, sysfs, debugfs, the drivers
 *   block.c     blocks and logged commands, field by field
 *   events.c    the tracepoint of psp_sev, followed
 *   text.c      text from outside, which may be no text
 *   files.c     reading and writing whole files
 *   progress.c  a bar for what takes long
 *   cmd_*.c     the subcommands
 *
 * Everything that has to do with the firmware or with cryptography is in tools/lib; the
 * example VMM of "launch" is in tools/vmm, the two sides of "migrate" in tools/migrate.
 */
#ifndef SEVFW_TOOL_H
#define SEVFW_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Exit statuses, for scripts.
 */
#define EXIT_NO		1	/* the answer is no, or it failed */
#define EXIT_USAGE	2	/* a wrong argument; nothing has been done */
#define EXIT_REFUSED	3	/* the firmware refused */
#define EXIT_NO_ACCESS	4	/* the firmware could not be asked: device, permission, driver */
#define EXIT_UNSAVED	5	/* the command was done, but not what was to follow */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct option_row - an option of a subcommand
 * @name: without the two dashes
 * @arg: name of its value, NULL if it takes none
 * @help: effect of the option; a clause
 */
struct option_row {
	const char *name;
	const char *arg;
	const char *help;
};

/**
 * struct key_row - a key of the output of --json
 * @path: keys from the outermost object on, with dots between them. "[]" follows the key of
 *	a list, "?" one that may be missing; "{a,b}" stands for each of these keys
 * @type: text, integer, number or boolean
 * @meaning: a clause
 *
 * Keys keep their meaning and their type. New ones may be added.
 */
struct key_row {
	const char *path;
	const char *type;
	const char *meaning;
};

struct args;

/**
 * struct subcommand - a row of the command line
 * @name: first word
 * @args: the other words, as a synopsis
 * @brief: one line for the list of subcommands
 * @text: paragraphs for --help and the manual page
 * @keys: all that --json prints; ends with an element without path; NULL if there is no
 *	--json
 * @example: command lines
 * @options: ends with an element without name; may be NULL
 * @least: words that there must be
 * @most: words that there may be, -1 for any number
 * @act: does it; returns the exit status
 */
struct subcommand {
	const char *name;
	const char *args;
	const char *brief;
	const char *text;
	const struct key_row *keys;
	const char *example;
	const struct option_row *options;
	int least;
	int most;
	int (*act)(const struct args *args);
};

/**
 * struct args - a command line, parsed
 * @sub: subcommand
 * @count: number of words
 * @word: the words that are no options
 * @value: of each option of @sub and of all: NULL if it is not given, "" if it has no value
 * @json: --json is given
 */
struct args {
	const struct subcommand *sub;
	int count;
	char **word;
	const char **value;
	bool json;
};

/** option() - value of option @name, NULL if it is not given */
const char *option(const struct args *args, const char *name);

/**
 * number_try() - a number, if @text is one
 * @text: decimal, leading zeros or not, or hexadecimal with 0x
 * @value: receives it
 */
bool number_try(const char *text, uint64_t *value);

/**
 * number() - text as a number
 * @what: meaning of the number, for the message
 * @text: as above
 * @max: largest value
 *
 * Anything that is not a number up to @max ends the program.
 */
uint64_t number(const char *what, const char *text, uint64_t max);

/** option_number() - value of an option, @otherwise if it is not given */
uint64_t option_number(const struct args *args, const char *name, uint64_t max,
		       uint64_t otherwise);

/** fail() - say why, and end the program with @status */
void fail(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/**
 * answered() - the firmware has answered @command: if output cannot be saved from now on,
 * the program ends with @status, so that no script repeats what has been done
 */
void answered(const char *command, int status);

/** fail_to_save() - end the program because @path, or standard output if NULL, cannot be
 * written; errno says why
 */
void fail_to_save(const char *path) __attribute__((noreturn));

/**
 * text_char() - bytes of the character that @text begins with, in well-formed UTF-8
 * @text: not empty
 *
 * Return: 1 to 4; 0 if the first byte belongs to no character.
 */
size_t text_char(const char *text);

/**
 * print_harmless() - text on standard output, with nothing in it that commands a terminal
 * @text: may come from a guest, a log, a certificate
 * @width: columns to fill with blanks, 0 for none
 *
 * Control characters, and bytes that are no UTF-8, become question marks; line breaks and
 * tabs stay.
 */
void print_harmless(const char *text, int width);

/** warn() - say something on standard error */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** warn_of_trust() - repeat what "sevfw session" has warned of as it made the keys in @dir */
void warn_of_trust(const char *dir);

/**
 * nearest() - the name that was meant, probably
 * @wrong: name as it was given
 * @name: element @n of the list, NULL at its end
 * @list: the list
 *
 * Return: a name of the list, NULL if none is near.
 */
const char *nearest(const char *wrong, const char *(*name)(const void *list, size_t n),
		    const void *list);

/** confirm() - ask @question on the terminal; --yes answers it; ends the program at a no */
void confirm(const struct args *args, const char *question);

extern const struct subcommand commands_sub, explain_sub, decode_sub, status_sub, guests_sub;
extern const struct subcommand doctor_sub, log_sub, top_sub;
extern const struct subcommand issue_sub, export_sub, csr_sub, import_sub, reset_sub, firmware_sub;
extern const struct subcommand config_sub, commit_sub, vlek_sub;
extern const struct subcommand launch_sub, migrate_sub;
extern const struct subcommand measure_sub, session_sub, secret_sub, verify_sub, seal_sub;
extern const struct subcommand * const subcommands[];

#endif /* SEVFW_TOOL_H */
