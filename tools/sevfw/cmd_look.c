// SPDX-License-Identifier: GPL-2.0
/*
 * status, guests, commands: what the drivers know. Only "commands" opens /dev/sev on
 * psp_sev, and that asks the kernel, not the firmware; on the stock driver, which shows
 * nothing, "status" has to ask.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sevfw/describe.h>
#include <sevfw/platform.h>

#include "facts.h"
#include "host.h"

/* ---- status ---- */

static const char *state_name(unsigned int state)
{
	static const char * const name[] = { "uninitialised", "initialised", "working" };

	return state < ARRAY_SIZE(name) ? name[state] : "unknown";
}

static const char *owner_name(unsigned int owner)
{
	return owner & 1 ? "external" : "self";
}

static void add_pool(struct json_object *list, const char *name, const struct asids *pool)
{
	struct json_object *row = facts_row(list);

	facts_text(row, "pool", name);
	facts_number(row, "free", pool->free);
	facts_number(row, "bound", pool->bound);
	facts_number(row, "dirty", pool->dirty);
}

static void add_asids(const struct host *host, struct json_object *facts,
		      struct json_object *problems)
{
	struct json_object *list = facts_list(facts, "asids");
	struct asids pools[POOLS];

	if (!host_asids(host, pools))
		return;
	add_pool(list, "SEV", &pools[POOL_SEV]);
	add_pool(list, "SEV-ES", &pools[POOL_ES]);
	for (enum pool pool = POOL_SEV; pool < POOLS; pool++) {
		const char *problem = host_pool_problem(pools, pool);

		if (problem)
			facts_item(problems, problem);
	}
}

/* Add all attributes that psp_sev has in sysfs, under their names there. */
static void add_texts(const struct host *host, struct json_object *facts)
{
	static const char * const names[] = {
		"sev_es", "snp", "busy", "last_failure", "init_failure", "persistent_data",
		"quarantined_pages",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *text = host_read(host->device, names[i]);

		if (text)
			facts_text(facts, names[i], text);
	}
}

static void find_problems(const struct host *host, struct json_object *problems)
{
	const char *dead = host_read(host->device, "dead");
	const char *init = host_read(host->device, "init_failure");
	const char *data = host_read(host->device, "persistent_data");
	char text[9000];

	if (dead && strcmp(dead, "0")) {
		snprintf(text, sizeof(text), "the PSP is dead (%s): restart the machine",
			 host_read(host->device, "last_failure") ?: "no answer");
		facts_item(problems, text);
	}
	if (init && strcmp(init, "none")) {
		snprintf(text, sizeof(text), "the platform could not be initialised: %s", init);
		facts_item(problems, text);
	}
	if (data && strstr(data, "fail")) {
		snprintf(text, sizeof(text), "the platform's keys: %s", data);
		facts_item(problems, text);
	}
}

static void status_ours(const struct host *host, struct json_object *facts,
			struct json_object *problems)
{
	const char *text;

	facts_text(facts, "api_version", host_read(host->device, "api_version") ?: "unknown");
	facts_text(facts, "build", host_read(host->device, "build") ?: "unknown");
	text = host_read(host->device, "state");
	facts_text(facts, "state", text ? state_name(atoi(text)) : "unknown");
	text = host_read(host->device, "owner");
	facts_text(facts, "owner", text ? owner_name(atoi(text)) : "unknown");
	text = host_read(host->device, "guests");
	facts_number(facts, "guests", text ? strtoul(text, NULL, 10) : 0);
	add_texts(host, facts);
	add_asids(host, facts, problems);
	find_problems(host, problems);
}

/* ccp shows nothing; PLATFORM_STATUS has to be issued. */
static void status_stock(struct json_object *facts, struct json_object *problems)
{
	struct platform platform = { .fd = host_open(false), .legacy = true };
	struct sev_fw_platform_status status;
	char text[32];
	int ret = platform_status(&platform, &status);

	if (ret)
		exit(host_refused("PLATFORM_STATUS", ret, platform.status));
	snprintf(text, sizeof(text), "%u.%u", status.api_major, status.api_minor);
	facts_text(facts, "api_version", text);
	snprintf(text, sizeof(text), "%u", status.build);
	facts_text(facts, "build", text);
	facts_text(facts, "state", state_name(status.state));
	facts_text(facts, "owner", owner_name(status.owner));
	facts_number(facts, "guests", status.guest_count);
	facts_text(facts, "sev_es", status.config & 1 ? "on" : "off");
	facts_text(facts, "not_known", "ASIDs, failures, what the firmware is doing: only "
		"psp_sev shows them");
	(void)problems;
	close(platform.fd);
}

/* SNP has a status of its own, for which the firmware has to be asked. */
static void status_snp(const struct host *host, struct json_object *facts)
{
	struct platform p = {
		.fd = host_open(false), .legacy = host->driver != DRIVER_OURS,
	};
	struct sev_fw_snp_platform_info info;
	int ret = platform_snp_status(&p, &info);
	struct json_object *snp;

	if (ret)
		exit(host_refused("SNP_PLATFORM_STATUS", ret, p.status));
	close(p.fd);
	snp = facts_object(facts, "snp_platform");
	facts_text(snp, "state", state_name(info.state));
	facts_bool(snp, "rmp_initialised", info.rmp & 1);
	facts_number(snp, "guests", info.guest_count);
	facts_bool(snp, "chip_id_masked", info.flags & 1);
	facts_bool(snp, "chip_key_masked", info.flags & 2);
	facts_bool(snp, "vlek_loaded", info.flags & 4);
	facts_id(snp, "current_tcb", info.current_tcb, 16);
	facts_id(snp, "reported_tcb", info.reported_tcb, 16);
}

static int status_act(const struct args *args)
{
	struct json_object *facts = facts_new(), *problems = json_object_new_array();
	struct host host;
	size_t count;

	host_find(&host);
	facts_text(facts, "driver", host_driver_name(host.driver));
	if (host.driver == DRIVER_OURS && *host.device)
		facts_text(facts, "device", strrchr(host.device, '/') + 1);
	if (host.driver == DRIVER_NONE)
		facts_item(problems, "no driver is loaded: \"sevfw doctor\" tells what is "
			"missing");
	else if (host.driver == DRIVER_STOCK)
		status_stock(facts, problems);
	else if (!*host.device)
		facts_item(problems, "psp_sev has no PSP: the kernel's log has the reason, "
			"\"sevfw doctor\" looks for it");
	else
		status_ours(&host, facts, problems);
	if (option(args, "snp"))
		status_snp(&host, facts);
	count = json_object_array_length(problems);
	json_object_object_add(facts, "problems", problems);
	facts_print(facts, args->json);
	return count ? EXIT_NO : 0;
}

static const struct option_row status_options[] = {
	{ "snp", NULL, "ask the firmware for the state of SNP, too" },
	{ NULL, NULL, NULL }
};

static const struct key_row status_keys[] = {
	{ "driver", "text", "psp_sev, ccp or none" },
	{ "device?", "text", "PCI address of the PSP" },
	{ "api_version?", "text", "\"1.55\"" },
	{ "build?", "text", "build of the firmware" },
	{ "state?", "text", "uninitialised, initialised, working (there are guests) or unknown" },
	{ "owner?", "text", "self, external (certificates were imported) or unknown" },
	{ "guests?", "integer", "number of guests" },
	{ "sev_es?", "text", "on, or why not" },
	{ "snp?", "text", "on, or why not" },
	{ "busy?", "text", "what the firmware is doing, and for how long" },
	{ "last_failure?", "text", "the last command that the firmware refused" },
	{ "init_failure?", "text", "why the platform could not be initialised" },
	{ "persistent_data?", "text",
		"where the platform's keys are, and what is wrong with that" },
	{ "quarantined_pages?", "text",
		"memory that is lost to a firmware that did not give it back" },
	{ "asids?[].pool", "text", "SEV or SEV-ES" },
	{ "asids?[].free", "integer", "may be taken" },
	{ "asids?[].bound", "integer", "guests have them" },
	{ "asids?[].dirty", "integer", "free after a flush" },
	{ "not_known?", "text", "what this driver does not show" },
	{ "snp_platform?.state", "text", "with --snp: as above" },
	{ "snp_platform?.rmp_initialised", "boolean", "is the RMP set up?" },
	{ "snp_platform?.guests", "integer", "number of SNP guests" },
	{ "snp_platform?.chip_id_masked", "boolean", "do reports hide the chip?" },
	{ "snp_platform?.chip_key_masked", "boolean",
		"are reports not signed by the chip's key?" },
	{ "snp_platform?.vlek_loaded", "boolean", "is a VLEK loaded?" },
	{ "snp_platform?.current_tcb", "text", "16 digits after 0x" },
	{ "snp_platform?.reported_tcb", "text", "16 digits after 0x" },
	{ "problems[]", "text", "sentences: what is wrong" },
	{ NULL, NULL, NULL }
};

const struct subcommand status_sub = {
	.name = "status",
	.args = "",
	.brief = "the platform, its firmware, and what is wrong",
	.text = "Prints the driver, the firmware's version, state and owner of the platform, how "
		"many "
		"guests and free ASIDs there are, and what is wrong. With psp_sev nothing of it "
		"asks the "
		"firmware, so that it works, and for all users, when that hangs. With the stock "
		"driver "
		"PLATFORM_STATUS is issued, and what only psp_sev shows is missing.\n\n"
		"The exit status is 0 if there are no problems, 1 if there are.",
	.keys = status_keys,
	.example = "  sevfw status\n  sevfw status --json | jq -r .owner",
	.options = status_options,
	.act = status_act,
};

/* ---- guests ---- */

/* ASIDs below that of the first SEV guest are those of SEV-ES guests. */
static unsigned int es_asids(const struct host *host)
{
	struct asids pools[POOLS], *es = &pools[POOL_ES];

	return host_asids(host, pools) ? es->free + es->bound + es->dirty : 0;
}

/* A guest of SNP has a context in place of a handle, and the driver says so by a word. */
static void add_guest(struct json_object *guests, unsigned int asid, const char *handle,
		      unsigned int es)
{
	struct json_object *row = facts_row(guests);
	uint64_t number;

	facts_number(row, "asid", asid);
	if (number_try(handle, &number)) {
		facts_number(row, "handle", number);
		facts_text(row, "kind", asid <= es ? "SEV-ES" : "SEV");
		return;
	}
	facts_text(row, "kind", strcmp(handle, "snp") ? "unknown" : "SNP");
}

/* Lines of "asid state handle", behind a head that begins with "#". */
static void add_bound(const struct host *host, struct json_object *guests)
{
	char path[600], *line = NULL, state[16], handle[32];
	unsigned int asid, es = es_asids(host);
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/psp_sev/%s/asids",
		 strrchr(host->device, '/') + 1);
	file = fopen(host_path(path), "re");
	if (!file)
		fail(EXIT_NO_ACCESS, "%s: %s; be root, and mount debugfs", path, strerror(errno));
	while (getline(&line, &size, file) > 0) {
		if (*line == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%u %15s %31s", &asid, state, handle) != 3)
			warn("%s: \"%s\" tells of no ASID that is known here", path, line);
		else if (!strcmp(state, "bound"))
			add_guest(guests, asid, handle, es);
	}
	free(line);
	fclose(file);
}

/* How many files of a process are VMs. */
static unsigned int vms_of(const char *pid)
{
	char path[300], target[64];
	unsigned int vms = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(host_path(path));
	for (struct dirent *entry; dir && (entry = readdir(dir)); ) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		vms += !strcmp(target, "anon_inode:kvm-vm");
	}
	if (dir)
		closedir(dir);
	return vms;
}

static void add_processes(struct json_object *processes)
{
	DIR *dir = opendir(host_path("/proc"));

	for (struct dirent *entry; dir && (entry = readdir(dir)); ) {
		char path[300];
		unsigned int vms;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		vms = vms_of(entry->d_name);
		if (vms) {
			struct json_object *row = facts_row(processes);

			snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
			facts_number(row, "pid", strtoul(entry->d_name, NULL, 10));
			facts_text(row, "command", host_read(path, "comm") ?: "?");
			facts_number(row, "vms", vms);
		}
	}
	if (dir)
		closedir(dir);
}

static int guests_act(const struct args *args)
{
	struct json_object *facts = facts_new();
	struct host host;

	host_find(&host);
	if (host.driver == DRIVER_OURS && *host.device)
		add_bound(&host, facts_list(facts, "guests"));
	else if (host.driver == DRIVER_STOCK)
		facts_text(facts, "not_known", "ASIDs and handles of guests: only psp_sev shows "
			"them");
	else
		fail(EXIT_NO_ACCESS, "no driver has a PSP; \"sevfw doctor\" tells why");
	add_processes(facts_list(facts, "processes"));
	facts_print(facts, args->json);
	return 0;
}

static const struct key_row guests_keys[] = {
	{ "guests?[].asid", "integer", "the guest's ASID" },
	{ "guests?[].handle?", "integer", "the firmware's handle of it; an SNP guest has none" },
	{ "guests?[].kind", "text", "SEV, SEV-ES, SNP or unknown" },
	{ "not_known?", "text", "what this driver does not show" },
	{ "processes[].pid", "integer", "a process that has VMs, encrypted or not" },
	{ "processes[].command", "text", "its name" },
	{ "processes[].vms", "integer", "how many VMs it has" },
	{ NULL, NULL, NULL }
};

const struct subcommand guests_sub = {
	.name = "guests",
	.args = "",
	.brief = "the guests that hold ASIDs, and the processes with VMs",
	.text = "Prints each ASID that is bound, the firmware's handle of its guest (SNP guests "
		"have none), and its kind; and the processes that have VMs, encrypted or not. The "
		"former is in debugfs, for root. Which process a guest belongs to the drivers do "
		"not tell.",
	.keys = guests_keys,
	.example = "  sevfw guests",
	.act = guests_act,
};

/* ---- commands ---- */

static void add_command(struct json_object *list, const struct sev_fw_cmd_info *info)
{
	struct json_object *row = facts_row(list);
	char since[16] = "", *buffers = NULL;
	size_t size;
	FILE *out;

	facts_text(row, "name", info->name);
	facts_id(row, "id", info->id & 0xffff, 3);
	facts_number(row, "size", info->size);
	facts_bool(row, "available", info->flags & SEV_FW_INFO_AVAILABLE);
	facts_text(row, "door", describe_door(info));
	facts_text(row, "mode", describe_mode(info));
	facts_bool(row, "final", info->flags & SEV_FW_INFO_FINAL);
	if (info->api_major || info->api_minor)
		snprintf(since, sizeof(since), "%u.%u", info->api_major, info->api_minor);
	facts_text(row, "since", since);
	out = open_memstream(&buffers, &size);
	if (out) {
		describe_buffers(out, info);
		fclose(out);
	}
	facts_text(row, "buffers", buffers ? buffers : "");
	free(buffers);
}

static int commands_act(const struct args *args)
{
	struct json_object *facts, *list;
	struct sev_fw_cmd_info *infos;
	struct sev_fw_query query;
	int fd = host_open(false);
	char text[32];

	infos = host_query(fd, &query);
	if (!infos)
		fail(EXIT_NO_ACCESS, "the stock driver cannot say which commands there are; "
		     "\"sevfw explain commands\" lists those that the header has");
	close(fd);
	facts = facts_new();
	snprintf(text, sizeof(text), "%u.%u", query.api_major, query.api_minor);
	facts_text(facts, "api_version", text);
	facts_number(facts, "build", query.build);
	list = facts_list(facts, "commands");
	for (uint32_t i = 0; i < query.count; i++)
		add_command(list, &infos[i]);
	free(infos);
	facts_print(facts, args->json);
	return 0;
}

static const struct key_row commands_keys[] = {
	{ "api_version", "text", "version of the SEV API that the firmware has" },
	{ "build", "integer", "build of the firmware" },
	{ "commands[].name", "text", "of the command" },
	{ "commands[].id", "text", "\"0x030\"" },
	{ "commands[].size", "integer", "bytes of the block" },
	{ "commands[].available", "boolean", "has the firmware got it?" },
	{ "commands[].door", "text", "where it may be issued" },
	{ "commands[].mode", "text", "what /dev/sev must be open for" },
	{ "commands[].final", "boolean", "does it replace keys, owner or firmware for good?" },
	{ "commands[].since", "text", "version of the SEV API; \"\" for the first one" },
	{ "commands[].buffers", "text", "what its addresses point to" },
	{ NULL, NULL, NULL }
};

const struct subcommand commands_sub = {
	.name = "commands",
	.args = "",
	.brief = "the commands that this kernel and this firmware have",
	.text = "Prints what SEV_FW_QUERY tells: each command, its id, the size of its block in "
		"bytes, "
		"whether the firmware has it, where it may be issued (on /dev/sev, on a VM, or "
		"by the driver "
		"only), what /dev/sev must be open for, whether it replaces keys, owner or firmware for "
		"good, since which version of the SEV API it exists, and its "
		"buffers. Needs psp_sev, and /dev/sev for reading.",
	.keys = commands_keys,
	.example = "  sevfw commands\n"
		   "  sevfw commands --json | jq -r '.commands[] | select(.available | not).name'",
	.act = commands_act,
};
