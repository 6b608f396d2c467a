// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: goes through what a SEV host needs, from the processor up, by reading files
 * only. Each check has a verdict, and says what to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "facts.h"
#include "host.h"

#define MEMLOCK_LEAST	(256ul << 20)	/* a small guest; all its memory is pinned */

enum verdict { GOOD, NOTE, BAD };

static const char * const verdicts[] = { [GOOD] = "ok", [NOTE] = "note", [BAD] = "wrong" };

struct checkup {
	struct host host;
	struct json_object *list;
	unsigned int wrong;
};

static void add(struct checkup *c, const char *check, enum verdict verdict, const char *found,
		const char *advice)
{
	struct json_object *row = facts_row(c->list);

	facts_text(row, "check", check);
	facts_text(row, "verdict", verdicts[verdict]);
	facts_text(row, "found", found);
	facts_text(row, "advice", verdict == GOOD ? "" : advice);
	c->wrong += verdict == BAD;
}

/* Is @flag among the flags of the first processor? */
static bool cpu_flag(const char *flag)
{
	FILE *file = fopen(host_path("/proc/cpuinfo"), "re");
	bool found = false, flags = false;
	char word[64];

	while (file && !found && fscanf(file, "%63s", word) == 1) {
		if (flags && !strcmp(word, "processor"))
			break;
		flags |= !strcmp(word, "flags");
		found = flags && !strcmp(word, flag);
	}
	if (file)
		fclose(file);
	return found;
}

static void check_cpu(struct checkup *c)
{
	bool sev = cpu_flag("sev"), es = cpu_flag("sev_es");

	add(c, "processor: SEV", sev ? GOOD : BAD, sev ? "yes" : "no",
	    "the CPU has none, or it is off in the BIOS: look for SMEE, SEV and their ASIDs there");
	add(c, "processor: SEV-ES", es ? GOOD : NOTE, es ? "yes" : "no",
	    "the CPU has none, or the BIOS gives SEV-ES no ASIDs (minimum SEV ASID)");
	add(c, "processor: SVM", cpu_flag("svm") ? GOOD : BAD, cpu_flag("svm") ? "yes" : "no",
	    "switch virtualisation (SVM) on in the BIOS");
}

static void check_modules(struct checkup *c)
{
	const char *sev;
	bool kvm = host_module("kvm_amd");

	add(c, "driver", c->host.driver == DRIVER_NONE ? BAD : GOOD,
	    host_driver_name(c->host.driver), "\"modprobe kvm_amd\" brings it");
	add(c, "module kvm_amd", kvm ? GOOD : BAD, kvm ? "loaded" : "not loaded",
	    "\"modprobe kvm_amd\"; the kernel's log says why if that fails");
	sev = host_read("/sys/module/kvm_amd/parameters", "sev");
	if (kvm)
		add(c, "kvm_amd: SEV", sev && (*sev == 'Y' || *sev == '1') ? GOOD : BAD,
		    sev ? sev : "unknown", "the driver found no usable PSP before kvm_amd was "
			"loaded, "
		    "or kvm_amd.sev=0 is set: load kvm_amd again after mending that");
	if (c->host.driver == DRIVER_OURS)
		add(c, "module kvm_sev_glue", host_module("kvm_sev_glue") ? GOOD : NOTE,
		    host_module("kvm_sev_glue") ? "loaded" : "not loaded",
		    "\"modprobe kvm_sev_glue\", for pass-through of commands on guests");
	else if (c->host.driver == DRIVER_STOCK)
		add(c, "pass-through", NOTE, "the stock driver has none",
		    "\"sev-fw-switch ours\" changes to psp_sev, if it is installed");
}

static void check_device(struct checkup *c)
{
	int fd;

	if (getenv("SEVFW_ROOT"))
		return;
	fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		add(c, "/dev/sev", GOOD, "may be opened", "");
	else
		add(c, "/dev/sev", BAD, strerror(errno), errno == EACCES || errno == EPERM ?
		    "be root, or let a udev rule give it to your group" :
		    "the driver has found no PSP; the kernel's log says why (dmesg | grep -i -e "
			"sev -e psp)");
	if (fd >= 0)
		close(fd);
}

/* Has a process the device open? */
static bool holds_device(const char *pid)
{
	char path[300], target[64];
	bool holds = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(host_path(path));
	for (struct dirent *entry; dir && !holds && (entry = readdir(dir)); ) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		holds = !strcmp(target, "/dev/sev");
	}
	if (dir)
		closedir(dir);
	return holds;
}

/* Only root sees the files of all processes. */
static void check_holders(struct checkup *c)
{
	DIR *dir = opendir(host_path("/proc"));
	char found[512] = "";
	size_t len = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir)); ) {
		char path[300];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (!holds_device(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
		if (len < sizeof(found))
			len += snprintf(found + len, sizeof(found) - len, "%s%s (%s)",
					len ? ", " : "", entry->d_name,
					host_read(path, "comm") ?: "?");
	}
	if (dir)
		closedir(dir);
	add(c, "processes that hold /dev/sev", len ? NOTE : GOOD, len ? found : "none",
	    "VMMs do so for each guest; the driver cannot be changed or unloaded meanwhile");
}

/* Options that switch SEV off, as words of the kernel's command line. */
static void check_options(struct checkup *c)
{
	static const char * const off[] = {
		"kvm_amd.sev=0", "kvm_amd.sev=N", "kvm_amd.sev=n", "kvm-amd.sev=0",
		"modprobe.blacklist=ccp", "modprobe.blacklist=psp_sev",
		"modprobe.blacklist=kvm_amd", "initcall_blacklist=sp_mod_init",
	};
	const char *line = host_read("/proc", "cmdline");
	char words[4096], *save, *word, found[256] = "";

	if (!line)
		return;
	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		for (size_t i = 0; i < ARRAY_SIZE(off); i++)
			if (!strcmp(word, off[i]))
				snprintf(found, sizeof(found), "%s", word);
	add(c, "kernel options", *found ? BAD : GOOD, *found ? found : "nothing against SEV",
	    "take it off the kernel's command line, and boot again");
}

/* When @path was changed; 0 if it is not there. */
static time_t changed(const char *path)
{
	struct stat st;

	return stat(host_path(path), &st) ? 0 : st.st_mtime;
}

/*
 * What an initramfs has of modules and their options decides which driver comes first. One
 * that is older than these brings up the former driver at the next boot.
 */
static void check_initramfs(struct checkup *c)
{
	static const char * const images[] = {
		"/boot/initrd.img-%s", "/boot/initramfs-%s.img", "/boot/initrd-%s",
	};
	static const char * const inputs[] = {
		"/usr/lib/modprobe.d/sev-fw.conf", "/etc/modprobe.d/sev-fw-options.conf",
		"/lib/modules/%s/updates/sev-fw/psp_sev.ko",
		"/lib/modules/%s/updates/dkms/psp_sev.ko",
		"/lib/modules/%s/updates/dkms/psp_sev.ko.xz",
	};
	const char *release = host_read("/proc/sys/kernel", "osrelease");
	char image[256] = "", input[256], found[600];
	time_t made = 0;
	bool old = false;

	for (size_t i = 0; release && !made && i < ARRAY_SIZE(images); i++) {
		snprintf(image, sizeof(image), images[i], release);
		made = changed(image);
	}
	if (!made)
		return;
	snprintf(found, sizeof(found), "%s", image);
	for (size_t i = 0; !old && i < ARRAY_SIZE(inputs); i++) {
		snprintf(input, sizeof(input), inputs[i], release);
		old = changed(input) > made;
		if (old)
			snprintf(found, sizeof(found), "%s is older than %s", image, input);
	}
	add(c, "initramfs", old ? NOTE : GOOD, found,
	    "make it anew, or the next boot may come up with the other driver: \"sev-fw-switch "
	    "refresh\"");
}

/* The firmware's persistent data, where that is a file. */
static void check_init_ex(struct checkup *c)
{
	const char *module = host_driver_name(c->host.driver), *path, *real;
	char dir[128];
	struct stat st;

	snprintf(dir, sizeof(dir), "/sys/module/%s/parameters", module);
	path = host_read(dir, "init_ex_path");
	if (!path || !*path || !strcmp(path, "(null)"))
		return;
	real = host_path(path);
	if (stat(real, &st))
		add(c, "file of INIT_EX", NOTE, path, "it is not there (yet): it is made with new "
		    "keys when the platform is initialised, if its directory exists by then");
	else if (!S_ISREG(st.st_mode))
		add(c, "file of INIT_EX", BAD, path, "it is no file: name another one by the "
		    "parameter init_ex_path");
	else
		add(c, "file of INIT_EX", st.st_mode & 077 ? NOTE : GOOD, path,
		    "others than its owner may read the platform's keys, or replace them: chmod 600");
}

/* SNP needs an IOMMU, and a BIOS that has set up the RMP. */
static void check_snp(struct checkup *c)
{
	const char *snp = c->host.driver == DRIVER_OURS && *c->host.device ?
		host_read(c->host.device, "snp") : NULL;
	DIR *dir = opendir(host_path("/sys/class/iommu"));
	bool iommu = false;

	for (struct dirent *entry; dir && (entry = readdir(dir)); )
		iommu |= entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	if (!cpu_flag("sev_snp"))
		return;
	add(c, "SNP: IOMMU", iommu ? GOOD : NOTE, iommu ? "there is one" : "none",
	    "switch it on in the BIOS, and take iommu=off and amd_iommu=off off the kernel's command "
	    "line");
	if (snp)
		add(c, "SNP: RMP and firmware", !strncmp(snp, "on", 2) ? GOOD : NOTE, snp,
		    "the BIOS sets up the RMP (SNP memory coverage); the kernel's log has more: "
		    "dmesg | grep -i -e rmp -e snp");
}

static void check_psp(struct checkup *c)
{
	const char *text;

	if (c->host.driver != DRIVER_OURS)
		return;
	if (!*c->host.device) {
		add(c, "PSP", BAD, "psp_sev drives none",
		    "the kernel's log says why: dmesg | grep psp_sev");
		return;
	}
	text = host_read(c->host.device, "dead") ?: "0";
	add(c, "PSP answers", strcmp(text, "0") ? BAD : GOOD, strcmp(text, "0") ?
	    host_read(c->host.device, "last_failure") ?: "no" : "yes",
	    "restart the machine; \"sevfw reset\" is about keys, and no help");
	text = host_read(c->host.device, "init_failure") ?: "none";
	add(c, "firmware initialised", strcmp(text, "none") ? BAD : GOOD,
	    strcmp(text, "none") ? text : "no failure",
	    "mend the cause; the next command or guest tries again");
	text = host_read(c->host.device, "owner") ?: "0";
	add(c, "platform owner", strcmp(text, "0") ? NOTE : GOOD,
	    strcmp(text, "0") ? "external" : "self",
	    "its keys were endorsed by somebody else, and are new since then: sessions that guest "
	    "owners made before are refused (BAD_MEASUREMENT), so give them the output of \"sevfw "
	    "export\" again; \"sevfw reset\" gives the platform back to itself, and makes its keys new "
	    "once more");
}

static void check_pool(struct checkup *c, const char *check, const struct asids *pool,
		       enum verdict if_none)
{
	char found[64];

	snprintf(found, sizeof(found), "free %u bound %u dirty %u", pool->free, pool->bound,
		 pool->dirty);
	if (pool->free + pool->bound + pool->dirty)
		add(c, check, host_pool_is_used_up(pool) ? BAD : GOOD, found,
		    "all are in use: end a guest; \"sevfw guests\" lists them");
	else
		add(c, check, if_none, found, "the BIOS gives this kind of guest none");
}

static void check_asids(struct checkup *c)
{
	struct asids pools[POOLS];

	if (c->host.driver != DRIVER_OURS || !*c->host.device || !host_asids(&c->host, pools))
		return;
	check_pool(c, "ASIDs of SEV guests", &pools[POOL_SEV], BAD);
	check_pool(c, "ASIDs of SEV-ES guests", &pools[POOL_ES], NOTE);
}

static void check_limits(struct checkup *c)
{
	char found[48] = "unlimited";
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (limit.rlim_cur != RLIM_INFINITY)
		snprintf(found, sizeof(found), "%llu KiB",
			 (unsigned long long)limit.rlim_cur >> 10);
	add(c, "memory that may be locked",
	    limit.rlim_cur >= MEMLOCK_LEAST || !geteuid() ? GOOD : NOTE, found,
	    "all memory of a guest is pinned: raise \"ulimit -l\" for whoever launches guests");
}

static int doctor_act(const struct args *args)
{
	struct json_object *facts = facts_new();
	struct checkup c = { .list = facts_list(facts, "checks") };

	host_find(&c.host);
	check_cpu(&c);
	check_modules(&c);
	check_device(&c);
	check_holders(&c);
	check_options(&c);
	check_initramfs(&c);
	check_init_ex(&c);
	check_psp(&c);
	check_asids(&c);
	check_snp(&c);
	check_limits(&c);
	facts_number(facts, "wrong", c.wrong);
	facts_print(facts, args->json);
	return c.wrong ? EXIT_NO : 0;
}

static const struct key_row doctor_keys[] = {
	{ "checks[].check", "text", "what was looked at" },
	{ "checks[].verdict", "text", "ok, note or wrong" },
	{ "checks[].found", "text", "what there is" },
	{ "checks[].advice", "text", "what to do; \"\" if nothing has to be done" },
	{ "wrong", "integer", "number of checks with the verdict wrong" },
	{ NULL, NULL, NULL }
};

const struct subcommand doctor_sub = {
	.name = "doctor",
	.args = "",
	.brief = "what keeps this machine from running SEV guests",
	.text = "Goes through what a SEV host needs, from the processor up: each check with a "
		"verdict "
		"(ok, note, wrong) and what to do. Asks the firmware nothing. The first thing "
		"that is "
		"wrong is usually the cause of those below it.\n\n"
		"The exit status is 0 if nothing is wrong, 1 if something is.",
	.keys = doctor_keys,
	.example = "  sevfw doctor",
	.act = doctor_act,
};
