// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: finds the subcommand, parses its options by its row, and makes help,
 * manual page and completion from the same rows. Does nothing with SEV itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tool.h"

#define TEXT_WIDTH	80
#define FAR		3	/* edits; names that differ by more are not alike */

static const char statuses[] =
"Exit status: 0 for done, or yes; 1 for failed, or no; 2 for a wrong argument; 3 if the\n"
"firmware refused; 4 if it could not be asked (no device, no permission, other driver);\n"
"5 if the firmware has done it, and only its answer, or the platform's keys, could not\n"
"be saved: do not repeat it.\n";

const struct subcommand * const subcommands[] = {
	&status_sub, &doctor_sub, &guests_sub, &log_sub, &top_sub, &commands_sub, &explain_sub,
	&decode_sub,
	&issue_sub, &export_sub, &csr_sub, &import_sub, &reset_sub, &firmware_sub,
	&config_sub, &commit_sub, &vlek_sub,
	&measure_sub, &session_sub, &secret_sub, &verify_sub, &seal_sub,
	&launch_sub, &migrate_sub,
	NULL
};

/* ---- messages ---- */

static void say(const char *format, va_list arg)
{
	fflush(stdout);
	fputs("sevfw: ", stderr);
	vfprintf(stderr, format, arg);
	fputc('\n', stderr);
}

void fail(int status, const char *format, ...)
{
	va_list arg;

	va_start(arg, format);
	say(format, arg);
	va_end(arg);
	exit(status);
}

void warn(const char *format, ...)
{
	va_list arg;

	va_start(arg, format);
	say(format, arg);
	va_end(arg);
}

static const char *answered_command;
static int answered_status;

void answered(const char *command, int status)
{
	answered_command = command;
	answered_status = status;
}

void fail_to_save(const char *path)
{
	const int status = answered_command ? answered_status : EXIT_NO;
	const int error = errno;

	if (answered_command)
		warn("the firmware has answered %s; only its answer is lost", answered_command);
	if (path)
		fail(status, "%s: %s", path, strerror(error));
	fail(status, "output cannot be written: %s", strerror(error));
}

/* Edits that lead from one name to the other, in any case: insert, remove, change. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= ARRAY_SIZE(row))
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t best = corner + ((a[i] ^ b[j]) & ~0x20 ? 1 : 0);

			corner = row[j + 1];
			best = best < corner + 1 ? best : corner + 1;
			row[j + 1] = best < row[j] + 1 ? best : row[j] + 1;
		}
	}
	return row[n];
}

const char *nearest(const char *wrong, const char *(*name)(const void *list, size_t n),
		    const void *list)
{
	const char *found = NULL, *candidate;
	size_t least = FAR + 1;

	for (size_t n = 0; (candidate = name(list, n)); n++) {
		size_t far = distance(wrong, candidate);

		if (far < least && far < strlen(candidate)) {
			least = far;
			found = candidate;
		}
	}
	return found;
}

void confirm(const struct args *args, const char *question)
{
	char answer[8];

	if (option(args, "yes"))
		return;
	if (!isatty(STDIN_FILENO))
		fail(EXIT_USAGE, "%s: give --yes if this is meant; there is no terminal to ask on",
		     args->sub->name);
	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		fail(EXIT_NO, "%s: nothing has been done", args->sub->name);
}

/* ---- options ---- */

static const struct option_row common[] = {
	{ "json", NULL, "print facts as JSON" },
	{ "help", NULL, "print this text" },
	{ NULL, NULL, NULL }
};

/* Options of a subcommand, then those of all: number @n, or NULL. */
static const struct option_row *option_at(const struct subcommand *sub, size_t n)
{
	size_t own = 0;

	while (sub->options && sub->options[own].name)
		own++;
	if (n < own)
		return &sub->options[n];
	n -= own;
	n += !sub->keys;
	return n < ARRAY_SIZE(common) - 1 ? &common[n] : NULL;
}

static const char *option_name(const void *sub, size_t n)
{
	const struct option_row *row = option_at(sub, n);

	return row ? row->name : NULL;
}

const char *option(const struct args *args, const char *name)
{
	const struct option_row *row;

	for (size_t n = 0; (row = option_at(args->sub, n)); n++)
		if (!strcmp(row->name, name))
			return args->value[n];
	return NULL;
}

/* Without a prefix a number is decimal, whatever its first digit is: 011 is no 9. */
bool number_try(const char *text, uint64_t *value)
{
	const bool hex = !strncasecmp(text, "0x", 2);
	const char *digits = text + (hex ? 2 : 0);
	const size_t len = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	errno = 0;
	*value = strtoull(digits, NULL, hex ? 16 : 10);
	return len && !digits[len] && !errno;
}

uint64_t number(const char *what, const char *text, uint64_t max)
{
	uint64_t value;

	if (!number_try(text, &value) || value > max)
		fail(EXIT_USAGE, "%s: \"%s\" is not a number from 0 to %#llx", what, text,
		     (unsigned long long)max);
	return value;
}

uint64_t option_number(const struct args *args, const char *name, uint64_t max, uint64_t otherwise)
{
	const char *text = option(args, name);

	return text ? number(name, text, max) : otherwise;
}

/* ---- help ---- */

static const char *sub_name(const void *list, size_t n)
{
	(void)list;
	return subcommands[n] ? subcommands[n]->name : NULL;
}

/* A paragraph, broken where it gets too long; "\n" in it is kept. */
static void fold(FILE *out, const char *text, int indent)
{
	int column = 0;

	while (*text) {
		size_t len = strcspn(text, "\n ");

		if (column && column + 1 + (int)len > TEXT_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (len)
			column += fprintf(out, "%*s%.*s", column ? 1 : indent, "", (int)len, text);
		text += len;
		if (*text == '\n') {
			fputc('\n', out);
			column = 0;
		}
		text += *text ? 1 : 0;
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option_row *row)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? "=" : "",
		 row->arg ? row->arg : "");
	fprintf(out, "  %-20s %s\n", left, row->help);
}

static void print_help(const struct subcommand *sub)
{
	const struct option_row *row;

	printf("Usage: sevfw %s%s%s%s\n\n", sub->name, sub->options || sub->keys ? " "
		"[OPTION]..." : "",
	       *sub->args ? " " : "", sub->args);
	fold(stdout, sub->text, 0);
	puts("");
	for (size_t n = 0; (row = option_at(sub, n)); n++)
		print_option(stdout, row);
	if (sub->keys)
		puts("\nKeys of --json (\"?\": may be missing):");
	for (const struct key_row *key = sub->keys; key && key->path; key++)
		printf("  %-32s %-8s %s\n", key->path, key->type, key->meaning);
	if (sub->example)
		printf("\nExamples:\n%s\n", sub->example);
	printf("\n%s", statuses);
}

static void print_overview(FILE *out)
{
	fputs("Usage: sevfw SUBCOMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "The SEV firmware, for people: look at it, speak to it, find out what is "
		"wrong.\n\n", out);
	for (size_t n = 0; subcommands[n]; n++)
		fprintf(out, "  %-10s %s\n", subcommands[n]->name, subcommands[n]->brief);
	fprintf(out, "\n\"sevfw SUBCOMMAND --help\" says more, with examples. \"sevfw manual\" "
		"prints the\n"
		"manual page, \"sevfw completion\" the completion for bash, \"sevfw schema\" the\n"
		"keys of all --json.\n\n%s", statuses);
}

/* ---- the manual page, and completion for bash ---- */

/* Lines that begin with a dot or a quote would be requests. */
static void troff(const char *text)
{
	bool begin = true;

	for (; *text; text++) {
		if (begin && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\' || *text == '-')
			putchar('\\');
		putchar(*text);
		begin = *text == '\n';
	}
}

static void manual_of(const struct subcommand *sub)
{
	const struct option_row *row;

	printf(".SS \"sevfw %s", sub->name);
	troff(*sub->args ? " " : "");
	troff(sub->args);
	puts("\"");
	troff(sub->text);
	putchar('\n');
	for (size_t n = 0; (row = option_at(sub, n)); n++) {
		printf(".TP\n.B \\-\\-%s%s%s\n", row->name, row->arg ? "=" : "",
		       row->arg ? row->arg : "");
		troff(row->help);
		putchar('\n');
	}
	if (sub->keys)
		puts(".PP\nKeys of \\-\\-json (\"?\": may be missing):");
	for (const struct key_row *key = sub->keys; key && key->path; key++) {
		fputs(".TP\n.B ", stdout);
		troff(key->path);
		printf("\n(%s) ", key->type);
		troff(key->meaning);
		putchar('\n');
	}
	if (sub->example) {
		puts(".PP\nExamples:\n.PP\n.nf");
		troff(sub->example);
		puts("\n.fi");
	}
}

static void print_manual(void)
{
	puts(".TH SEVFW 1 \"\" \"SEV firmware pass-through\"\n.SH NAME\n"
	     "sevfw \\- the SEV firmware, for people\n.SH SYNOPSIS\n.B sevfw\n"
	     "SUBCOMMAND [OPTION]... [ARGUMENT]...\n.SH SUBCOMMANDS");
	for (size_t n = 0; subcommands[n]; n++)
		manual_of(subcommands[n]);
	puts(".SH EXIT STATUS");
	troff(statuses);
}

/* Documentation/sevfw-json.md. */
static void print_schema(void)
{
	puts("# Facts in JSON\n\n"
	     "All that `--json` prints, by subcommand; made by `sevfw schema`. Tests hold each\n"
	     "subcommand to it. Keys keep their meaning and their type; new ones may be added.\n\n"
	     "`[]` follows the key of a list, `?` one that may be missing; `{a,b}` stands for each of\n"
	     "these keys. `log` and `top` print such an object on each line.");
	for (size_t n = 0; subcommands[n]; n++) {
		if (!subcommands[n]->keys)
			continue;
		printf("\n## sevfw %s\n\n| key | type | meaning |\n|---|---|---|\n",
		       subcommands[n]->name);
		for (const struct key_row *key = subcommands[n]->keys; key->path; key++)
			printf("| `%s` | %s | %s |\n", key->path, key->type, key->meaning);
	}
}

static void print_completion(void)
{
	const struct option_row *row;

	puts("# bash completion for sevfw; made by \"sevfw completion\"\n_sevfw()\n{\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} options\n\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\toptions=\"", stdout);
	for (size_t n = 0; subcommands[n]; n++)
		printf("%s%s", n ? " " : "", subcommands[n]->name);
	puts("\"\n\telse\n\t\tcase ${COMP_WORDS[1]} in");
	for (size_t n = 0; subcommands[n]; n++) {
		printf("\t\t%s) options=\"", subcommands[n]->name);
		for (size_t i = 0; (row = option_at(subcommands[n], i)); i++)
			printf("%s--%s%s", i ? " " : "", row->name, row->arg ? "=" : "");
		puts("\" ;;");
	}
	puts("\t\t*) options= ;;\n\t\tesac\n\t\t[[ $word == -* ]] || options=\n\tfi\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
	     "\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace\n}\n"
	     "complete -o bashdefault -o default -F _sevfw sevfw");
}

static const struct {
	const char *name;
	void (*print)(void);
} papers[] = {
	{ "manual", print_manual },
	{ "completion", print_completion },
	{ "schema", print_schema },
};

/* ---- parsing ---- */

static void parse_option(struct args *args, const char *text)
{
	const char *equal = strchr(text, '=');
	size_t len = equal ? (size_t)(equal - text) : strlen(text);
	const struct option_row *row;
	const char *near;

	for (size_t n = 0; (row = option_at(args->sub, n)); n++) {
		if (strlen(row->name) != len || strncmp(row->name, text, len))
			continue;
		if (!row->arg != !equal)
			fail(EXIT_USAGE, row->arg ? "%s: --%s needs a value, --%s=%s" :
			     "%s: --%s has no value", args->sub->name, row->name, row->name,
			     row->arg);
		args->value[n] = equal ? equal + 1 : "";
		return;
	}
	near = nearest(text, option_name, args->sub);
	if (near)
		fail(EXIT_USAGE, "%s has no option --%.*s; did you mean --%s?", args->sub->name,
		     (int)len, text, near);
	fail(EXIT_USAGE, "%s has no option --%.*s; see \"sevfw %s --help\"", args->sub->name,
	     (int)len, text, args->sub->name);
}

/* Words stay in place, in front of those that were options. */
static void parse(struct args *args, int argc, char **argv)
{
	bool options = true;

	args->word = argv;
	for (int i = 0; i < argc; i++) {
		if (options && !strcmp(argv[i], "--"))
			options = false;
		else if (options && !strncmp(argv[i], "--", 2))
			parse_option(args, argv[i] + 2);
		else if (options && !strcmp(argv[i], "-h"))
			parse_option(args, "help");
		else
			argv[args->count++] = argv[i];
	}
	args->json = option(args, "json");
	if (option(args, "help")) {
		print_help(args->sub);
		exit(0);
	}
	if (args->count < args->sub->least)
		fail(EXIT_USAGE, "%s: arguments are missing; usage: sevfw %s %s", args->sub->name,
		     args->sub->name, args->sub->args);
	if (args->sub->most >= 0 && args->count > args->sub->most)
		fail(EXIT_USAGE, "%s: \"%s\" is too much; usage: sevfw %s %s", args->sub->name,
		     args->word[args->sub->most], args->sub->name, args->sub->args);
}

static int run(const struct subcommand *sub, int argc, char **argv)
{
	struct args args = { .sub = sub };
	size_t options = 0;
	int status;

	while (option_at(sub, options))
		options++;
	args.value = calloc(options, sizeof(*args.value));
	if (!args.value)
		fail(EXIT_NO, "out of memory");
	parse(&args, argc, argv);
	status = sub->act(&args);
	free(args.value);
	if (fflush(stdout))
		fail_to_save(NULL);
	return status;
}

/*
 * Descriptors that the caller has closed would be given to the next files that are opened,
 * and what is meant for people would go there. Writing to these fails, as it should.
 */
static void keep_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	const char *near;

	keep_standard_files();
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_overview(argc > 1 ? stdout : stderr);
		return argc > 1 ? 0 : EXIT_USAGE;
	}
	for (size_t n = 0; n < ARRAY_SIZE(papers); n++)
		if (!strcmp(papers[n].name, name)) {
			papers[n].print();
			return fflush(stdout) ? EXIT_NO : 0;
		}
	for (size_t n = 0; subcommands[n]; n++)
		if (!strcmp(subcommands[n]->name, name))
			return run(subcommands[n], argc - 2, argv + 2);
	near = nearest(name, sub_name, NULL);
	if (near)
		fail(EXIT_USAGE, "no subcommand %s; did you mean %s?", name, near);
	fail(EXIT_USAGE, "no subcommand %s; see \"sevfw --help\"", name);
}
