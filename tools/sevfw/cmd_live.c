// SPDX-License-Identifier: GPL-2.0
/*
 * log and top: commands while they are issued. Both read the tracepoint only, and ask the
 * firmware nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "files.h"
#include "host.h"

#define NAP_NS		50000000	/* between two looks for events */
#define COUNT_MAX	1000000000u
#define INTERVAL_MAX	3600u
#define COMMANDS_MAX	128		/* more than the firmware has */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
}

static void print_line(struct json_object *row)
{
	puts(json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(row);
}

/* Return: 0 if output goes on, an errno otherwise. */
static int flush(void)
{
	return fflush(stdout) && errno != EINTR ? errno : 0;
}

/* ---- log ---- */

static void log_command(const struct traced *traced, bool json)
{
	struct json_object *row;

	if (json) {
		row = facts_new();
		traced_facts(row, traced);
		print_line(row);
		return;
	}
	printf("%-22s %-20s %-30s queue %llu us, firmware %llu us%s%s\n", traced->name,
	       traced->about, sev_status_text(traced->status), traced->queue_ns / 1000,
	       traced->firmware_ns / 1000, traced->status ? ": " : "",
	       traced->status ? sev_status_meaning(traced->status) : "");
}

static int log_act(const struct args *args)
{
	uint64_t left = option_number(args, "count", COUNT_MAX, UINT64_MAX);
	bool failed = option(args, "failed");
	static struct events events;
	struct traced traced;
	int error = 0;

	events_open(&events);
	if (isatty(STDERR_FILENO))
		warn("following; Ctrl-C ends it");
	while (left && !error && !events_stopped()) {
		if (!events_next(&events, &traced)) {
			nap();
			continue;
		}
		if (failed && !traced.status)
			continue;
		log_command(&traced, args->json);
		error = flush();
		left--;
	}
	events_close(&events);
	return events_end(error);
}

static const struct option_row log_options[] = {
	{ "failed", NULL, "only commands that the firmware has refused" },
	{ "count", "N", "end after N of them" },
	{ NULL, NULL, NULL }
};

static const struct key_row log_keys[] = {
	{ "command", "text", "its name" },
	{ "about", "text", "handle and ASID of the guest" },
	{ "status", "text", "name and number" },
	{ "queue_us?", "integer", "time that the command waited for others, in microseconds" },
	{ "firmware_us?", "integer", "time that the firmware took" },
	{ "meaning", "text", "of the command, or of the refusal" },
	{ NULL, NULL, NULL }
};

const struct subcommand log_sub = {
	.name = "log",
	.args = "",
	.brief = "follow the commands, decoded, as they are answered",
	.text = "Follows the tracepoint of psp_sev, and prints a line for each command: name, "
		"handle and ASID of the guest, status, how long it waited and how long the "
		"firmware took, and the meaning of a refusal. Needs root and tracefs. Ends at "
		"Ctrl-C, with status 0.\n\n"
		"With --json each line is an object of its own.",
	.keys = log_keys,
	.example = "  sevfw log --failed\n  sevfw log --json --count=100 | jq -r .firmware_us",
	.options = log_options,
	.act = log_act,
};

/* ---- top ---- */

/**
 * struct tally - commands of an interval
 * @name: "" for the sum of all
 * @count: number of them
 * @refused: by the firmware
 * @queue_ns: time that they waited
 * @firmware_ns: time that the firmware took
 */
struct tally {
	char name[32];
	unsigned long long count;
	unsigned long long refused;
	unsigned long long queue_ns;
	unsigned long long firmware_ns;
};

/**
 * struct top - the live view
 * @host: this machine
 * @events: source
 * @begin: when it began, in seconds
 * @since: when the interval began
 * @interval: length of the last interval
 * @sum: of all commands
 * @each: of each command
 * @commands: number of these
 * @pools: ASIDs
 * @record: file of data, NULL
 * @record_path: its name without the suffix
 */
struct top {
	struct host host;
	struct events events;
	double begin;
	double since;
	double interval;
	struct tally sum;
	struct tally each[COMMANDS_MAX];
	size_t commands;
	struct asids pools[POOLS];
	FILE *record;
	const char *record_path;
};

static void count_command(struct tally *tally, const struct traced *traced)
{
	tally->count++;
	tally->refused += traced->status != 0;
	tally->queue_ns += traced->queue_ns;
	tally->firmware_ns += traced->firmware_ns;
}

static void take(struct top *top, const struct traced *traced)
{
	size_t i = 0;

	count_command(&top->sum, traced);
	while (i < top->commands && strcmp(top->each[i].name, traced->name))
		i++;
	if (i == COMMANDS_MAX)
		return;
	if (i == top->commands) {
		top->commands++;
		memcpy(top->each[i].name, traced->name, sizeof(traced->name));
	}
	count_command(&top->each[i], traced);
}

static void read_asids(struct top *top)
{
	if (!host_asids(&top->host, top->pools))
		memset(top->pools, 0, sizeof(top->pools));
}

static unsigned int bound(const struct top *top)
{
	return top->pools[POOL_SEV].bound + top->pools[POOL_ES].bound;
}

/* All that happens until @end, in seconds. */
static void watch(struct top *top, double end)
{
	struct traced traced;

	top->sum = (struct tally){ 0 };
	top->commands = 0;
	memset(top->each, 0, sizeof(top->each));
	while (now() < end && !events_stopped()) {
		while (now() < end && events_next(&top->events, &traced))
			take(top, &traced);
		nap();
	}
	top->interval = now() - top->since;
	top->since += top->interval;
	read_asids(top);
}

static double per_second(const struct top *top, unsigned long long n)
{
	return n / top->interval;
}

static double mean_us(unsigned long long ns, unsigned long long count)
{
	return count ? ns / 1e3 / count : 0;
}

static double busy_percent(const struct top *top, const struct tally *tally)
{
	double share = tally->firmware_ns / top->interval / 1e7;

	return share < 100 ? share : 100;	/* a command may have begun before */
}

static int by_time(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return (x->firmware_ns < y->firmware_ns) - (x->firmware_ns > y->firmware_ns);
}

static const char batch_head[] =
"#  time_s commands/s  refused/s   queue_us firmware_us   busy_%    asids asids_es\n";

static void print_batch(FILE *out, const struct top *top)
{
	const struct tally *sum = &top->sum;

	fprintf(out, "%9.1f %10.1f %10.1f %10.1f %11.1f %8.2f %8u %8u\n", top->since - top->begin,
		per_second(top, sum->count), per_second(top, sum->refused),
		mean_us(sum->queue_ns, sum->count), mean_us(sum->firmware_ns, sum->count),
		busy_percent(top, sum), bound(top), top->pools[POOL_ES].bound);
}

static void add_tally(struct json_object *row, const struct top *top, const struct tally *tally)
{
	struct {
		const char *key;
		double value;
	} values[] = {
		{ "commands_per_s", per_second(top, tally->count) },
		{ "refused_per_s", per_second(top, tally->refused) },
		{ "queue_us", mean_us(tally->queue_ns, tally->count) },
		{ "firmware_us", mean_us(tally->firmware_ns, tally->count) },
		{ "busy_percent", busy_percent(top, tally) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		json_object_object_add(row, values[i].key, json_object_new_double(values[i].value));
}

static void print_json(const struct top *top)
{
	struct json_object *facts = facts_new(), *list;

	json_object_object_add(facts, "time_s", json_object_new_double(top->since - top->begin));
	add_tally(facts, top, &top->sum);
	facts_number(facts, "asids_bound", bound(top));
	facts_number(facts, "asids_es_bound", top->pools[POOL_ES].bound);
	list = facts_list(facts, "commands");
	for (size_t i = 0; i < top->commands; i++) {
		struct json_object *row = facts_row(list);

		facts_text(row, "command", top->each[i].name);
		add_tally(row, top, &top->each[i]);
	}
	print_line(facts);
}

static void print_asids(FILE *out, const struct top *top)
{
	const struct asids *sev = &top->pools[POOL_SEV], *es = &top->pools[POOL_ES];

	fprintf(out, "ASIDs: SEV %u bound, %u free, %u dirty; SEV-ES %u bound, %u free, %u dirty\n",
		sev->bound, sev->free, sev->dirty, es->bound, es->free, es->dirty);
}

/* The view as text; the caller puts it on the screen. */
static void print_view(FILE *out, const struct top *top)
{
	const struct tally *sum = &top->sum;

	fprintf(out, "sevfw top: %.1f commands/s, %.1f refused/s, firmware busy %.1f %%\n",
		per_second(top, sum->count), per_second(top, sum->refused), busy_percent(top, sum));
	fprintf(out, "now: %s; waited %.1f us, answered in %.1f us (mean)\n",
		host_read(top->host.device, "busy") ?: "unknown",
		mean_us(sum->queue_ns, sum->count), mean_us(sum->firmware_ns, sum->count));
	print_asids(out, top);
	fprintf(out, "\n%-24s %10s %10s %11s %11s %7s\n", "command", "per second", "refused/s",
		"queue us", "firmware us", "busy %");
	for (size_t i = 0; i < top->commands; i++) {
		const struct tally *each = &top->each[i];

		fprintf(out, "%-24s %10.1f %10.1f %11.1f %11.1f %7.2f\n", each->name,
			per_second(top, each->count), per_second(top, each->refused),
			mean_us(each->queue_ns, each->count),
			mean_us(each->firmware_ns, each->count), busy_percent(top, each));
	}
}

/*
 * Overwrites the screen in one go, cut to its size: clearing it first would flicker, and a
 * line that wraps would scroll the first one away.
 */
static void draw(const struct top *top)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char *text = NULL, *line, *next;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fail(EXIT_NO, "out of memory");
	print_view(out, top);
	fclose(out);
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	fputs("\033[H", stdout);
	for (line = text; *line && size.ws_row > 1; line = next, size.ws_row--) {
		int columns = (int)strcspn(line, "\n");

		next = line + columns + (line[columns] == '\n');
		if (size.ws_col && columns > size.ws_col)
			columns = size.ws_col;
		printf("%.*s\033[K\n", columns, line);
	}
	fputs("\033[J", stdout);
	free(text);
}

/* ---- records ---- */

static char *record_name(const struct top *top, const char *suffix)
{
	char *name;

	if (asprintf(&name, "%s.%s", top->record_path, suffix) < 0)
		fail(EXIT_NO, "out of memory");
	return name;
}

/* The tracepoint is followed already, and must not be left so. */
static void record_open(struct top *top)
{
	char *name;
	int error;

	if (!top->record_path)
		return;
	name = record_name(top, "dat");
	top->record = fopen(name, "we");
	if (!top->record) {
		error = errno;
		events_close(&top->events);
		errno = error;
		fail_to_save(name);
	}
	fputs(batch_head, top->record);
	free(name);
}

/* gnuplot's script, which stays, so that people can change the picture. */
static char *record_script(const struct top *top)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fail(EXIT_NO, "out of memory");
	fprintf(out, "set terminal svg size 900,700\nset output '%s.svg'\n", top->record_path);
	fputs("set multiplot layout 3,1\nset grid\nset key left top\nset yrange [0:*]\n", out);
	fprintf(out, "set ylabel 'commands/s'\nplot '%s.dat' using 1:2 with steps title "
		"'commands', '' using 1:3 with steps title 'refused'\n", top->record_path);
	fputs("set ylabel 'us (mean)'\nplot '' using 1:4 with steps title 'queue', "
	      "'' using 1:5 with steps title 'firmware'\n", out);
	fputs("set ylabel 'busy %, ASIDs'\nset xlabel 'seconds'\nplot '' using 1:6 with steps "
	      "title 'busy %', '' using 1:7 with steps title 'ASIDs bound'\n", out);
	fclose(out);
	return text;
}

static void draw_record(const char *script)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		execlp("gnuplot", "gnuplot", script, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		warn("no picture: gnuplot %s; \"gnuplot %s\" makes it later",
		     WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "is not installed" :
		     "failed", script);
}

static void record_close(struct top *top)
{
	char *script, *name;

	if (!top->record)
		return;
	name = record_name(top, "dat");
	if (fclose(top->record))
		fail_to_save(name);
	free(name);
	name = record_name(top, "gnuplot");
	script = record_script(top);
	blob_write(name, script, strlen(script), false);
	draw_record(name);
	free(script);
	free(name);
}

static void show_interval(struct top *top, const struct args *args, bool batch)
{
	qsort(top->each, top->commands, sizeof(top->each[0]), by_time);
	if (top->record)
		print_batch(top->record, top);
	if (args->json)
		print_json(top);
	else if (batch)
		print_batch(stdout, top);
	else
		draw(top);
}

static int top_act(const struct args *args)
{
	uint64_t left = option_number(args, "count", COUNT_MAX, UINT64_MAX);
	double interval = option_number(args, "interval", INTERVAL_MAX, 1);
	bool batch = option(args, "batch") || !isatty(STDOUT_FILENO);
	static struct top top;
	int error = 0;

	if (interval < 1)
		fail(EXIT_USAGE, "top: --interval must be 1 to %u seconds", INTERVAL_MAX);
	top.record_path = option(args, "record");
	if (top.record_path && strpbrk(top.record_path, "'\n"))
		fail(EXIT_USAGE, "top: gnuplot takes no name with a quote or a line break in it");
	host_find(&top.host);
	events_open(&top.events);
	record_open(&top);
	if (!args->json)
		fputs(batch ? batch_head : "\033[H\033[2J", stdout);
	top.begin = now();
	top.since = top.begin;
	while (left-- && !error && !events_stopped()) {
		watch(&top, top.since + interval);
		show_interval(&top, args, batch);
		error = flush();
	}
	events_close(&top.events);
	record_close(&top);
	return events_end(error);
}

static const struct option_row top_options[] = {
	{ "batch", NULL, "a line for each interval, as without a terminal" },
	{ "interval", "SECONDS", "length of an interval (1)" },
	{ "count", "N", "end after N intervals" },
	{ "record", "NAME", "write NAME.dat, NAME.gnuplot, and NAME.svg if there is gnuplot" },
	{ NULL, NULL, NULL }
};

static const struct key_row top_keys[] = {
	{ "time_s", "number", "seconds since the beginning" },
	{ "commands_per_s", "number", "how many were answered" },
	{ "refused_per_s", "number", "how many of them were refused" },
	{ "queue_us", "number", "mean time that they waited, in microseconds" },
	{ "firmware_us", "number", "mean time that the firmware took" },
	{ "busy_percent", "number", "share of the time in which the firmware was busy" },
	{ "asids_bound", "integer", "ASIDs that guests hold, of both kinds" },
	{ "asids_es_bound", "integer", "those of SEV-ES guests" },
	{ "commands[].command", "text", "the same of each command" },
	{ "commands[].commands_per_s", "number", "how many were answered" },
	{ "commands[].refused_per_s", "number", "how many of them were refused" },
	{ "commands[].queue_us", "number", "mean time that they waited, in microseconds" },
	{ "commands[].firmware_us", "number", "mean time that the firmware took" },
	{ "commands[].busy_percent", "number",
		"share of the time in which the firmware was busy" },
	{ NULL, NULL, NULL }
};

const struct subcommand top_sub = {
	.name = "top",
	.args = "",
	.brief = "live: commands per second, their times, the firmware's load, ASIDs",
	.text = "Shows once a second how many commands are issued, how long they wait for each "
		"other and how long the firmware takes, which share of the time it is busy, and "
		"how many ASIDs are bound; and the same of each command, the most expensive "
		"first. Needs psp_sev, root and tracefs. Ends at Ctrl-C, with status 0.\n\n"
		"With --json each interval is a line, and an object of its own.",
	.keys = top_keys,
	.example = "  sevfw top\n  sevfw top --batch --count=60 --record=minute",
	.options = top_options,
	.act = top_act,
};
