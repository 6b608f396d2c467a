// SPDX-License-Identifier: GPL-2.0
/*
 * Finding out what this machine has, and saying it in sentences.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fields.h"
#include "host.h"

#define DRIVERS		"/sys/bus/pci/drivers/"
#define DEVICE		"/dev/sev"

const char *host_driver_name(enum driver driver)
{
	static const char * const name[] = {
		[DRIVER_NONE] = "none", [DRIVER_OURS] = "psp_sev", [DRIVER_STOCK] = "ccp",
	};

	return name[driver];
}

const char *host_path(const char *path)
{
	static char full[2][1024];
	static int turn;
	const char *root = getenv("SEVFW_ROOT");

	turn ^= 1;
	snprintf(full[turn], sizeof(full[turn]), "%s%s", root ? root : "", path);
	return full[turn];
}

/*
 * PSPs of a driver are links named by PCI address. The one that commands go to has ASIDs;
 * of ccp's devices it cannot be told which that is.
 */
static void find_devices(struct host *host, const char *driver)
{
	char path[300], dir_path[512];
	DIR *dir;

	snprintf(path, sizeof(path), DRIVERS "%s", driver);
	dir = opendir(host_path(path));
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir)); ) {
		const char *asids;

		if (!strchr(entry->d_name, ':'))
			continue;
		snprintf(dir_path, sizeof(dir_path), "%s/%.200s", path, entry->d_name);
		asids = host_read(dir_path, "asids");
		if (*host->device && (!asids || !strcmp(asids, "free 0 bound 0 dirty 0"))) {
			host->others++;
			continue;
		}
		host->others += *host->device ? 1 : 0;
		memcpy(host->device, dir_path, sizeof(dir_path));
	}
	closedir(dir);
}

bool host_module(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(host_path(path), F_OK);
}

void host_find(struct host *host)
{
	*host = (struct host){ .driver = DRIVER_NONE };
	if (host_module("psp_sev"))
		host->driver = DRIVER_OURS;
	else if (host_module("ccp"))
		host->driver = DRIVER_STOCK;
	if (host->driver != DRIVER_NONE)
		find_devices(host, host_driver_name(host->driver));
}

const char *host_read(const char *dir, const char *name)
{
	static char texts[4][8192];
	static int turn;
	char path[1024], *text = texts[turn++ % 4];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	file = fopen(host_path(path), "re");
	if (!file)
		return NULL;
	errno = 0;
	len = fread(text, 1, sizeof(texts[0]) - 1, file);
	fclose(file);
	if (!len && errno)
		return NULL;
	while (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return text;
}

static bool read_asids(const struct host *host, const char *name, struct asids *asids)
{
	const char *text = host_read(host->device, name);

	return text && sscanf(text, "free %u bound %u dirty %u", &asids->free, &asids->bound,
			      &asids->dirty) == 3;
}

static unsigned int without(unsigned int all, unsigned int part)
{
	return all > part ? all - part : 0;
}

/* The first file has all ASIDs, the second one those for SEV-ES guests. */
bool host_asids(const struct host *host, struct asids pools[POOLS])
{
	struct asids all, *es = &pools[POOL_ES];

	if (!read_asids(host, "asids", &all) || !read_asids(host, "asids_es", es))
		return false;
	pools[POOL_SEV] = (struct asids){
		without(all.free, es->free), without(all.bound, es->bound),
		without(all.dirty, es->dirty),
	};
	return true;
}

bool host_pool_is_used_up(const struct asids *pool)
{
	return pool->bound && !pool->free && !pool->dirty;
}

const char *host_pool_problem(const struct asids pools[POOLS], enum pool pool)
{
	static const char * const problem[] = {
		[POOL_SEV] = "all ASIDs of SEV guests are in use: end a guest before another one "
			"is launched, by ending the process that has its VM; \"sevfw guests\" lists "
			"guests and processes",
		[POOL_ES] = "all ASIDs of SEV-ES guests are in use: end a guest before another one "
			"is launched, by ending the process that has its VM; \"sevfw guests\" lists "
			"guests and processes",
	};

	return host_pool_is_used_up(&pools[pool]) ? problem[pool] : NULL;
}

/* ---- /dev/sev ---- */

/* Why there is no /dev/sev. */
static void no_device(void)
{
	struct host host;

	host_find(&host);
	if (host.driver == DRIVER_NONE)
		fail(EXIT_NO_ACCESS, "there is no " DEVICE ": no driver is loaded; \"modprobe "
		     "kvm_amd\" brings it, \"sevfw doctor\" tells what else may be wrong");
	fail(EXIT_NO_ACCESS, "there is no " DEVICE ", although %s is loaded; \"sevfw doctor\" "
	     "tells why", host_driver_name(host.driver));
}

int host_open(bool writable)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	/* a command that needs an initialised platform gets one from a writer only */
	if (fd < 0 && errno == EACCES && !writable)
		fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		no_device();
	if (errno == EACCES || errno == EPERM)
		fail(EXIT_NO_ACCESS, DEVICE " may not be opened for %s; be root, or let a udev "
			"rule "
		     "give it to your group", writable ? "writing" : "reading");
	fail(EXIT_NO_ACCESS, DEVICE ": %s", strerror(errno));
}

struct sev_fw_cmd_info *host_query(int fd, struct sev_fw_query *query)
{
	const struct sev_fw_door door = sev_fw_door_dev(fd, -1);
	struct sev_fw_cmd_info *infos = NULL;
	int ret = sev_fw_query(&door, query, NULL, 0);

	if (!ret) {
		infos = calloc(query->count, sizeof(*infos));
		if (!infos)
			fail(EXIT_NO, "out of memory");
		ret = sev_fw_query(&door, query, infos, query->count);
	}
	if (ret && ret != -ENOTTY && ret != -EINVAL)
		exit(host_refused("QUERY", ret, SEV_FW_NO_CALL));
	if (!ret)
		return infos;
	free(infos);
	return NULL;
}

const struct sev_fw_cmd_info *host_info(const struct sev_fw_cmd_info *infos, uint32_t count,
					uint32_t id)
{
	for (uint32_t i = 0; infos && i < count; i++)
		if (infos[i].id == SEV_FW_CMD(id))
			return &infos[i];
	return NULL;
}

/* ---- explanations of failures ---- */

const char *status_advice(uint32_t status)
{
	static const char * const advice[] = {
		[SEV_FW_STATUS_INVALID_PLATFORM_STATE] =
			"\"sevfw status\" tells the state; commands that change keys need a "
			"platform without guests",
		[SEV_FW_STATUS_INVALID_GUEST_STATE] =
			"commands of a launch have an order; GUEST_STATUS tells how far the "
			"guest has come",
		[SEV_FW_STATUS_INVALID_CONFIG] =
			"is SEV-ES on for this kind of command? \"sevfw status\" tells",
		[SEV_FW_STATUS_INVALID_LENGTH] =
			"the block tells on return which length is needed",
		[SEV_FW_STATUS_ALREADY_OWNED] =
			"the platform belongs to another owner; \"sevfw reset\" makes it its own "
			"again, and its keys new",
		[SEV_FW_STATUS_INVALID_CERTIFICATE] =
			"\"sevfw decode FILE\" shows a certificate; is it in the firmware's own "
			"format?",
		[SEV_FW_STATUS_POLICY_FAILURE] =
			"the guest's policy forbids it, or asks for a later firmware",
		[SEV_FW_STATUS_INACTIVE] = "start the guest first",
		[SEV_FW_STATUS_INVALID_ADDRESS] =
			"addresses of guest memory are aligned to 16 bytes, pages to 4096",
		[SEV_FW_STATUS_BAD_SIGNATURE] =
			"was the certificate request of this very platform signed, and by the "
			"owner's key that is imported with it?",
		[SEV_FW_STATUS_BAD_MEASUREMENT] =
			"the keys are not those of this guest's session, or the packet was "
			"changed; at LAUNCH_START: the VMM has another policy than the session, "
			"or that was made for keys that the platform no longer has, since it got "
			"an owner or was reset: \"sevfw export\", and a new session",
		[SEV_FW_STATUS_ASID_OWNED] = "another guest has the ASID: report this, it is a "
			"fault of the driver",
		[SEV_FW_STATUS_INVALID_ASID] =
			"SEV-ES guests and other guests have ASIDs of their own; \"sevfw "
			"status\" tells how many",
		[SEV_FW_STATUS_WBINVD_REQUIRED] = "set all CPUs online and repeat",
		[SEV_FW_STATUS_DF_FLUSH_REQUIRED] = "repeat; the driver flushes by itself",
		[SEV_FW_STATUS_INVALID_GUEST] = "the guest has ended",
		[SEV_FW_STATUS_INVALID_COMMAND] = "the firmware is too old for it, or not made "
			"for it",
		[SEV_FW_STATUS_HWERROR_PLATFORM] =
			"is memory encryption (SMEE) on in the BIOS? \"sevfw doctor\" looks",
		[SEV_FW_STATUS_HWERROR_UNSAFE] = "stop using the machine, and reset it",
		[SEV_FW_STATUS_UNSUPPORTED] = "this processor or this firmware does not have it",
		[SEV_FW_STATUS_RESOURCE_LIMIT] = "end a guest, and repeat",
		[SEV_FW_STATUS_SECURE_DATA_INVALID] =
			"\"sevfw reset\" makes new persistent data; certificates that were "
			"imported are lost",
		[SEV_FW_STATUS_SHUTDOWN_REQUIRED] = "end all guests and load the driver again",
		[SEV_FW_STATUS_RMP_INIT_REQUIRED] = "the BIOS has not set up the RMP; \"sevfw "
			"doctor\" looks",
		[SEV_FW_STATUS_SHUTDOWN_INCOMPLETE] = "repeat it",
	};

	return status < ARRAY_SIZE(advice) ? advice[status] : NULL;
}

static const char *errno_advice(int error)
{
	switch (error) {
	case ESHUTDOWN:
	case ETIMEDOUT:
		return "only a restart of the machine brings the PSP back; \"sevfw status\" tells "
			"which command it did not answer";
	case EBUSY:
		return "\"sevfw status\" counts guests and free ASIDs, \"sevfw guests\" lists "
			"the guests that hold them";
	case EOPNOTSUPP:
		return "\"sevfw commands\" lists those that there are";
	case EPERM:
	case EACCES:
		return "be root, and open /dev/sev for writing; \"sevfw commands\" tells what "
			"each command needs";
	case ENOTTY:
		return "the stock driver has no pass-through; \"sevfw status\" tells which "
			"driver is loaded";
	default:
		return NULL;
	}
}

void host_advise(int ret, uint32_t status)
{
	const char *advice = status == SEV_FW_NO_CALL ? errno_advice(-ret) :
			     status ? status_advice(status) : "do not repeat it";

	if (advice)
		warn("%s", advice);
}

/* A status of 0 with an errno: the kernel could not do what was to follow. */
int host_refused(const char *command, int ret, uint32_t status)
{
	const char *name = strerrorname_np(-ret) ?: "?";
	const struct errno_text *text = errno_find(name);
	const char *why = text ? text->text : strerror(-ret);

	if (status == SEV_FW_NO_CALL)
		warn("%s: %s (%s)", command, why, name);
	else if (status)
		warn("%s: the firmware says %s: %s", command, sev_status_text(status),
		     sev_status_meaning(status));
	else
		warn("%s: the firmware has done it, but then: %s (%s)", command, why, name);
	host_advise(ret, status);
	if (status == SEV_FW_NO_CALL)
		return EXIT_NO_ACCESS;
	return status ? EXIT_REFUSED : EXIT_UNSAVED;
}
