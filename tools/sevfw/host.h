/* SPDX-License-Identifier: GPL-2.0 */
/*
 * This machine: /dev/sev, the drivers, what they show in sysfs and debugfs. Reading files
 * here never asks the firmware anything.
 *
 * The environment variable SEVFW_ROOT, if set, is put in front of all paths but that of
 * /dev/sev, so that tests can show other machines.
 */
#ifndef SEVFW_HOST_H
#define SEVFW_HOST_H

#include <sevfw/sevfw.h>

#include "tool.h"

enum driver {
	DRIVER_NONE,
	DRIVER_OURS,	/* psp_sev */
	DRIVER_STOCK,	/* ccp */
};

/**
 * struct host - devices and modules of this host
 * @driver: which driver is loaded
 * @device: sysfs directory of the PSP that commands go to; "" if there is none
 * @others: PSPs that psp_sev has, and does not use
 */
struct host {
	enum driver driver;
	char device[512];
	unsigned int others;
};

/** host_find() - look at sysfs */
void host_find(struct host *host);

/** host_driver_name() - "psp_sev" and so on */
const char *host_driver_name(enum driver driver);

/** host_path() - a path of this machine, in a static buffer */
const char *host_path(const char *path);

/**
 * host_read() - content of a small file without its last newline
 * @dir: directory, "" for none
 * @name: file in it
 *
 * Return: text in a static buffer, one of four; NULL if it cannot be read, errno says why.
 */
const char *host_read(const char *dir, const char *name);

/** enum pool - ASIDs by the kind of guest that may have them */
enum pool {
	POOL_SEV,
	POOL_ES,
	POOLS
};

/**
 * struct asids - how many of a pool are in which state
 * @free: may be taken
 * @bound: a guest has them
 * @dirty: free after the next flush
 */
struct asids {
	unsigned int free;
	unsigned int bound;
	unsigned int dirty;
};

/** host_asids() - read psp_sev's counts of both pools; false if it does not tell them */
bool host_asids(const struct host *host, struct asids pools[POOLS]);

/** host_pool_is_used_up() - has it ASIDs, and all of them are held by guests? */
bool host_pool_is_used_up(const struct asids *pool);

/** host_pool_problem() - the same as a sentence that says what to do; NULL if it is not */
const char *host_pool_problem(const struct asids pools[POOLS], enum pool pool);

/** host_module() - is that module loaded, or built in? */
bool host_module(const char *name);

/**
 * host_open() - open /dev/sev; ends the program, with the reason, if that fails
 * @writable: reading does not suffice; where it does, writing is tried nevertheless
 */
int host_open(bool writable);

/**
 * host_query() - which commands there are
 * @fd: /dev/sev
 * @query: receives firmware's version and the number of commands
 *
 * Return: an array to be freed; NULL if the driver has no SEV_FW_QUERY. Ends the program
 * at any other failure.
 */
struct sev_fw_cmd_info *host_query(int fd, struct sev_fw_query *query);

/** host_info() - element of that array for command @id; NULL */
const struct sev_fw_cmd_info *host_info(const struct sev_fw_cmd_info *infos, uint32_t count,
					uint32_t id);

/**
 * host_refused() - say why a command failed, and what to do; returns the exit status
 * @command: its name
 * @ret: negative errno; with a @status of 0 the firmware has done the command
 * @status: firmware's status, or SEV_FW_NO_CALL
 */
int host_refused(const char *command, int ret, uint32_t status);

/**
 * host_advise() - say what to do about a failure, if there is advice; arguments as above
 */
void host_advise(int ret, uint32_t status);

/** status_advice() - advice about a status of the firmware; NULL if there is no advice */
const char *status_advice(uint32_t status);

#endif /* SEVFW_HOST_H */
