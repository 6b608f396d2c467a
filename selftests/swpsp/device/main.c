// SPDX-License-Identifier: GPL-2.0
/*
 * swpsp: a software PSP, as a program.
 *
 * "swpsp run" is a machine with a PSP: it starts QEMU as a child, serves its
 * ivshmem device as the PSP's BAR, and is the firmware behind it. "swpsp
 * manufacture" makes a platform's identity without a machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bar.h"
#include "export.h"
#include "ivshmem.h"
#include "machine.h"
#include "mailbox.h"
#include "profile.h"
#include "swpsp.h"

#define MEMORY_MIB_MIN	128
#define MEMORY_MIB_MAX	2048	/* above, RAM is split by the PCI hole */
#define ASID_MAX	1006

static const char usage[] =
"Usage: swpsp run --memory-size=MIB [OPTION]... -- QEMU [ARGUMENT]...\n"
"       swpsp manufacture --state-dir=DIR [OPTION]...\n"
"       swpsp image --ca-dir=DIR [--size=BYTES] [OPTION]... >FILE\n"
"\n"
"A software PSP: the SEV firmware as a process, with real cryptography.\n"
"\n"
"\"run\" starts QEMU with shared memory and a PCI device that is the PSP, runs\n"
"one job in it and exits with the job's code. scripts/box does all the work\n"
"around it; use that one.\n"
"\n"
"\"manufacture\" makes the persistent identity of a platform (chip key, chip id,\n"
"certificates of the simulated vendor) in a state directory, if it has none\n"
"yet, and writes what clients of a real platform download from the vendor,\n"
"cek.cert and ask_ark.cert. With --snp also ark.pem, ask.pem, asvk.pem, vcek.der,\n"
"vlek.der and crl.der, the same under their paths on the vendor's server (vcek/v1,\n"
"vlek/v1), and vlek-hashstick.bin for SNP_VLEK_LOAD. A platform without state\n"
"directory is made anew, with other keys, each time.\n"
"\n"
"\"image\" writes a firmware image to standard output: a header, zeros, and the\n"
"signature of the simulated vendor in DIR, who is made if missing. Platforms of\n"
"that vendor accept it, and report its --api and --build from then on; all others\n"
"answer BAD_SIGNATURE. image.c says what is where.\n"
"\n"
"The image:\n"
"  --size=BYTES         of the whole file, 768 to 131072 (131072)\n"
"  --security-level=N   once a platform has had an image of level N, it refuses\n"
"                       those below (0)\n"
"\n"
"The platform (run and manufacture; the first four options for image, too):\n"
"  --ca-dir=DIR         the simulated vendor's keys; platforms that share it trust\n"
"                       each other (default: each has its own)\n"
"  --seed=N             derive everything random from N, so that two runs are\n"
"                       the same; 0 (default): be random\n"
"  --api=MAJOR.MINOR    SEV API version to report and behave as (1.55)\n"
"  --build=N            firmware build to report (21)\n"
"  --state-dir=DIR      keep the identity in DIR, made if missing\n"
"  --export-ca=DIR      write the vendor's files to DIR, made if missing (manufacture:\n"
"                       default is the state directory)\n"
"  --any-image          accept firmware images that another vendor has signed, or\n"
"                       nobody, if there is a version at 0x60\n"
"  --snp                the platform has SEV-SNP\n"
"  --snp-keep-output    pages that SEV's commands write stay the firmware's; without\n"
"                       this they are in the state Reclaim after that\n"
"  --snp-reclaim-command  the page of such a command is in that state also if the\n"
"                       command was refused for another reason than that page\n"
"  --any-cbit           accept a CPUID table wherever it says that the C-bit is\n"
"  --product=NAME       milan, genoa (default) or turin: what SNP's reports and\n"
"                       certificates say of the processor\n"
"  --tcb=N              TCB version of the firmware, 64 bits, for which VCEK and VLEK\n"
"                       are made (default: one of the product)\n"
"\n"
"The machine (run):\n"
"  --memory-size=MIB    RAM, 128 to 2048\n"
"  --memory=plain|cipher  plain (default): memory stays readable, so that guests\n"
"                       can run; cipher: it is really encrypted\n"
"  --cpus=N             processors, each of which must execute WBINVD (2)\n"
"  --max-asid=N         highest ASID, 1 to 1006 (16)\n"
"  --min-sev-asid=N     lowest ASID of a guest without SEV-ES (6)\n"
"  --psps=N             PSPs, each a firmware of its own, 1 or 2 (1). What the second\n"
"                       one writes goes to DIR.2 and FILE.2\n"
"  --pin                a processor of this machine's for each PSP, all others for QEMU;\n"
"                       for measurements\n"
"  --pci-id=ID          PCI device id, which selects the register map (14ca):\n";

static const char usage_rest[] =
"  --profile=FILE       behave as a real platform has, in time and where documents leave\n"
"                       a choice; scripts/hardware-profile writes FILE from a report\n"
"  --transcript=FILE    log each command to FILE, one line each\n"
"  --job=TEXT           handed to the init program in the machine\n"
"  --tty                the job runs on our terminal; Ctrl-] ends the machine\n"
"  --timeout=SECONDS    kill the machine after that time, exit with 124\n"
"  --log=FILE           file for all that kernel and QEMU print\n"
"  --verbose            print it to standard error, too\n"
"  --help               this text\n"
"\n"
"Exit code: the job's; 124 after a timeout; 125 if the machine failed (panic,\n"
"did not boot) or could not be made; 128 + N after signal N.\n"
"\n"
"Faults can be injected and counters read in a spare part of BAR 2: bar.h.\n";

struct options {
	struct swpsp_config psp;
	struct machine_config machine;
	const struct psp_generation *generation;
	const char *export_dir;
	const char *transcript;
	struct profile profile;
	unsigned long memory_mib;
	size_t image_size;
	uint32_t security_level;
	bool snp;
	bool keep_output;
	bool reclaim_command;
	bool pin;
	int cpu;
};

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
	va_list args;

	fputs("swpsp: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(MACHINE_EXIT_FAILED);
}

static void help(void)
{
	const struct psp_generation *generation;
	unsigned int i;

	fputs(usage, stdout);
	for (i = 0; (generation = psp_generation_get(i)); i++)
		printf("                         %04x  %s\n", generation->pci_id, generation->name);
	fputs(usage_rest, stdout);
}

static unsigned long number(const char *option, const char *text, int base,
			    unsigned long min, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		fail("--%s wants a number from %lu to %lu, not \"%s\".", option, min, max, text);
	return value;
}

static void parse_api(struct options *options, const char *text)
{
	unsigned int major, minor;
	char rest;

	if (sscanf(text, "%u.%u%c", &major, &minor, &rest) != 2 || major > 255 || minor > 255)
		fail("--api wants a version like 1.55, not \"%s\".", text);
	options->psp.api_major = (uint8_t)major;
	options->psp.api_minor = (uint8_t)minor;
}

static void parse_memory(struct options *options, const char *text)
{
	if (!strcmp(text, "plain"))
		options->psp.mode = SWPSP_MEMORY_PLAIN;
	else if (!strcmp(text, "cipher"))
		options->psp.mode = SWPSP_MEMORY_CIPHER;
	else
		fail("--memory is plain or cipher, not \"%s\".", text);
}

static void parse_product(struct options *options, const char *text)
{
	if (!strcmp(text, "milan"))
		options->psp.product = SWPSP_MILAN;
	else if (!strcmp(text, "genoa"))
		options->psp.product = SWPSP_GENOA;
	else if (!strcmp(text, "turin"))
		options->psp.product = SWPSP_TURIN;
	else
		fail("--product is milan, genoa or turin, not \"%s\".", text);
}

static void parse_pci_id(struct options *options, const char *text)
{
	options->generation =
		psp_generation_find((unsigned int)number("pci-id", text, 16, 0, 0xffff));
	if (!options->generation)
		fail("%s is no PSP with SEV; --help lists them.", text);
}

static void parse_profile(struct options *options, const char *text)
{
	int line = profile_read(&options->profile, text);

	if (line < 0)
		fail("cannot read %s: %s.", text, strerror(errno));
	if (line)
		fail("line %d of %s is none of a profile.", line, text);
}

static void parse_help(struct options *options, const char *text)
{
	(void)options;
	(void)text;
	help();
	exit(0);
}

/**
 * struct option_row - an option, and the member of struct options that it sets
 * @name: after "--"
 * @at: offset of the member
 * @size: size of the member: 0 for a text, which is not copied
 * @base: of the number that the option takes; 0: any; -1: there is none, the member is a bool
 * @min: smallest number
 * @max: largest number
 * @parse: for all others, in place of the above; @base tells whether there is a text
 */
struct option_row {
	const char *name;
	size_t at;
	size_t size;
	int base;
	unsigned long min;
	unsigned long max;
	void (*parse)(struct options *options, const char *text);
};

#define NO_TEXT			(-1)
#define TEXT(name, member)	{ name, offsetof(struct options, member), 0, 0, 0, 0, NULL }
#define FLAG(name, member)	{ name, offsetof(struct options, member), 0, NO_TEXT, 0, 0, NULL }
#define NUMBER(name, member, base, min, max)						\
	{ name, offsetof(struct options, member), sizeof(((struct options *)0)->member),	\
	  base, min, max, NULL }
#define PARSED(name, parse)	{ name, 0, 0, 0, 0, 0, parse }

static const struct option_row rows[] = {
	TEXT("state-dir", psp.state_dir),
	TEXT("ca-dir", psp.ca_dir),
	TEXT("export-ca", export_dir),
	NUMBER("seed", psp.seed, 0, 0, UINT64_MAX),
	PARSED("api", parse_api),
	NUMBER("build", psp.build, 0, 0, 255),
	FLAG("any-image", psp.any_image),
	FLAG("any-cbit", psp.any_cbit),
	NUMBER("size", image_size, 0, SWPSP_IMAGE_MIN, SWPSP_IMAGE_MAX),
	NUMBER("security-level", security_level, 0, 0, UINT32_MAX),
	FLAG("snp", snp),
	FLAG("snp-keep-output", keep_output),
	FLAG("snp-reclaim-command", reclaim_command),
	PARSED("product", parse_product),
	NUMBER("tcb", psp.tcb, 0, 1, UINT64_MAX),
	NUMBER("memory-size", memory_mib, 10, MEMORY_MIB_MIN, MEMORY_MIB_MAX),
	PARSED("memory", parse_memory),
	NUMBER("cpus", psp.cpus, 10, 1, SWPSP_CPUS_MAX),
	NUMBER("max-asid", psp.max_asid, 10, 1, ASID_MAX),
	NUMBER("min-sev-asid", psp.min_sev_asid, 10, 1, ASID_MAX + 1),
	NUMBER("psps", machine.psps, 10, 1, MACHINE_PSPS),
	FLAG("pin", pin),
	PARSED("pci-id", parse_pci_id),
	TEXT("transcript", transcript),
	PARSED("profile", parse_profile),
	TEXT("job", machine.job),
	FLAG("tty", machine.tty),
	NUMBER("timeout", machine.timeout, 10, 0, 1000000),
	TEXT("log", machine.log_path),
	FLAG("verbose", machine.verbose),
	{ "help", 0, 0, NO_TEXT, 0, 0, parse_help },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static void put_option(struct options *options, const struct option_row *row, const char *text)
{
	void *member = (char *)options + row->at;
	unsigned long value;

	if (row->parse) {
		row->parse(options, text);
	} else if (row->base == NO_TEXT) {
		*(bool *)member = true;
	} else if (!row->size) {
		*(const char **)member = text;
	} else {
		value = number(row->name, text, row->base, row->min, row->max);
		memcpy(member, &value, row->size);	/* little-endian, as x86 is */
	}
}

static void parse(struct options *options, int argc, char **argv)
{
	struct option known[ROWS + 1] = { { NULL, 0, NULL, 0 } };
	int option;

	for (size_t i = 0; i < ROWS; i++)
		known[i] = (struct option){
			rows[i].name, rows[i].base == NO_TEXT ? no_argument : required_argument,
			NULL, (int)i + 0x100,
		};
	while ((option = getopt_long(argc, argv, "+h", known, NULL)) != -1) {
		if (option == 'h')
			parse_help(options, NULL);
		if (option < 0x100)
			fail("see swpsp --help.");
		put_option(options, &rows[option - 0x100], optarg);
	}
}

static int make_memory(struct options *options)
{
	struct swpsp_config *psp = &options->psp;
	int fd = memfd_create("swpsp-ram", MFD_CLOEXEC);

	psp->memory_size = options->memory_mib << 20;
	if (fd < 0 || ftruncate(fd, (off_t)psp->memory_size))
		fail("cannot make %lu MiB of memory: %s.", options->memory_mib, strerror(errno));
	psp->memory = mmap(NULL, psp->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (psp->memory == MAP_FAILED)
		fail("cannot map %lu MiB of memory: %s.", options->memory_mib, strerror(errno));
	return fd;
}

static struct swpsp *make_psp(struct options *options)
{
	const char *error = "unknown error";
	struct swpsp *psp;

	if (options->transcript) {
		FILE *file = fopen(options->transcript, "we");

		if (!file)
			fail("cannot write to %s: %s.", options->transcript, strerror(errno));
		setvbuf(file, NULL, _IOLBF, 0);
		options->psp.transcript = file;
	}
	psp = swpsp_new(&options->psp, &error);
	if (!psp)
		fail("no platform: %s.", error);
	if (options->export_dir &&
	    !export_files(psp, options->export_dir, options->psp.product, options->snp))
		exit(MACHINE_EXIT_FAILED);
	return psp;
}

static void free_psp(struct options *options, struct swpsp *psp)
{
	swpsp_free(psp);
	if (options->transcript)
		fclose(options->psp.transcript);
}

static int manufacture(struct options *options)
{
	struct swpsp *psp;

	if (!options->psp.state_dir)
		fail("manufacture wants --state-dir=DIR.");
	if (!options->export_dir)
		options->export_dir = options->psp.state_dir;
	options->memory_mib = 1;
	close(make_memory(options));
	psp = make_psp(options);
	free_psp(options, psp);
	return 0;
}

/* The platform that signs is nobody's, and gone at the end; its vendor stays. */
static int image(struct options *options)
{
	const struct swpsp_config *config = &options->psp;
	static unsigned char file[SWPSP_IMAGE_MAX];
	struct swpsp *psp;

	if (!config->ca_dir)
		fail("image wants --ca-dir=DIR.");
	if (isatty(STDOUT_FILENO))
		fail("image writes to standard output, which is a terminal; redirect it.");
	options->psp.state_dir = NULL;
	options->memory_mib = 1;
	close(make_memory(options));
	psp = make_psp(options);
	if (swpsp_sign_image(psp, file, options->image_size,
			     SWPSP_IMAGE_VERSION(config->api_major, config->api_minor,
						 config->build), options->security_level))
		fail("the image could not be signed by the vendor in %s.", config->ca_dir);
	if (fwrite(file, options->image_size, 1, stdout) != 1 || fflush(stdout))
		fail("the image could not be written: %s.", strerror(errno));
	free_psp(options, psp);
	return 0;
}

/* A PSP of the machine. */
struct unit {
	struct options options;
	struct swpsp *psp;
	struct mailbox *mailbox;
};

/* A second one is another one, and nothing of what it keeps is the first one's. */
static void be_another(struct options *options, unsigned int number)
{
	const char **paths[] = {
		&options->psp.state_dir, &options->transcript, &options->export_dir,
	};
	char *path;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!*paths[i])
			continue;
		if (asprintf(&path, "%s.%u", *paths[i], number) < 0)
			fail("out of memory.");
		*paths[i] = path;
	}
	if (options->psp.seed)
		options->psp.seed += number;
	/* The processor has one reverse map table, and the first PSP serves it. */
	options->snp = false;
}

/* Return: QEMU's end of the socket pair by which it learns of the PSP. */
static int unit_start(struct unit *unit)
{
	const struct mailbox_config config = {
		.generation = unit->options.generation,
		.max_asid = unit->options.psp.max_asid,
		.min_sev_asid = unit->options.psp.min_sev_asid,
		.cpus = unit->options.psp.cpus,
		.snp = unit->options.snp,
		.cpu = unit->options.cpu,
		.profile = &unit->options.profile,
	};
	int server[2], irq[IVSHMEM_VECTORS], error;

	unit->mailbox = mailbox_new(&config);
	if (!unit->mailbox || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, server))
		fail("cannot make the PSP's registers: %s.", strerror(errno));
	/* The PSP has vector 0; the coprocessor beside it, vector 1, is silent. */
	irq[0] = mailbox_irq_fd(unit->mailbox);
	irq[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (irq[1] < 0 || ivshmem_greet(server[0], mailbox_memory_fd(unit->mailbox), irq))
		fail("cannot talk to QEMU: %s.", strerror(errno));
	if (unit->options.snp) {
		unit->options.psp.rmp = mailbox_rmp(unit->mailbox);
		unit->options.psp.rmp_pages = SWPSP_RMP_PAGES;
		if (unit->options.keep_output)
			unit->options.psp.snp_options |= SWPSP_SNP_KEEP_OUTPUT;
		if (unit->options.reclaim_command)
			unit->options.psp.snp_options |= SWPSP_SNP_RECLAIM_COMMAND;
	}
	unit->psp = make_psp(&unit->options);
	/* The job may sign images; it sees the directory as it is now. */
	if (unit->options.psp.ca_dir && swpsp_export_ca(unit->psp, NULL, NULL))
		fail("no vendor in %s.", unit->options.psp.ca_dir);
	error = mailbox_start(unit->mailbox, unit->psp);
	if (error)
		fail("cannot start a thread: %s.", strerror(error));
	return server[1];
}

/*
 * Take a processor of those that are left to this process, and so to QEMU. A PSP that
 * polls would otherwise take time from the processor that it is to answer.
 */
static int take_cpu(void)
{
	cpu_set_t cpus;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) || CPU_COUNT(&cpus) < 2)
		fail("--pin wants a processor for each PSP, and one for QEMU.");
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	CPU_CLR(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("cannot leave processor %d to the PSP: %s.", cpu, strerror(errno));
	return cpu;
}

static int run(struct options *options, char **argv)
{
	struct machine_config *machine = &options->machine;
	struct unit units[MACHINE_PSPS] = {};
	unsigned int i;
	int code;

	if (!*argv)
		fail("run wants QEMU's command line after \"--\".");
	if (!options->memory_mib)
		fail("run wants --memory-size=MIB.");
	if (options->psp.min_sev_asid > options->psp.max_asid + 1)
		fail("--min-sev-asid may be at most one above --max-asid.");
	machine->memory_fd = make_memory(options);
	machine->memory_size = options->psp.memory_size;
	machine->argv = argv;
	for (i = 0; i < machine->psps; i++) {
		units[i].options = *options;
		units[i].options.cpu = options->pin ? take_cpu() : -1;
		if (i)
			be_another(&units[i].options, i + 1);
		machine->psp_fd[i] = unit_start(&units[i]);
	}
	code = machine_run(machine);

	for (i = 0; i < machine->psps; i++) {
		/* The platform's end may still look at the table in the BAR. */
		mailbox_stop(units[i].mailbox);
		free_psp(&units[i].options, units[i].psp);
		mailbox_free(units[i].mailbox);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct options options = {
		.psp = {
			.mode = SWPSP_MEMORY_PLAIN,
			.api_major = 1,
			.api_minor = 55,
			.build = 21,
			.max_asid = 16,
			.min_sev_asid = 6,
			.cbit = SWPSP_BAR_CBIT_POSITION,
			.cpus = 2,
			.product = SWPSP_GENOA,
		},
		.machine.job = "",
		.machine.psps = 1,
		.generation = psp_generation_find(0x14ca),
		.image_size = SWPSP_IMAGE_MAX,
	};

	if (argc < 2)
		fail("run, manufacture or image? See swpsp --help.");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help();
		return 0;
	}
	parse(&options, argc - 1, argv + 1);
	if (!strcmp(argv[1], "manufacture"))
		return manufacture(&options);
	if (!strcmp(argv[1], "image"))
		return image(&options);
	if (!strcmp(argv[1], "run"))
		return run(&options, argv + 1 + optind);
	fail("\"%s\" is neither run, manufacture nor image.", argv[1]);
}
