/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine around the PSP: a QEMU process, its memory and its lines to the
 * outside.
 */
#ifndef SWPSP_MACHINE_H
#define SWPSP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes that are not the command's own, in the way of timeout(1). */
#define MACHINE_EXIT_TIMEOUT	124
#define MACHINE_EXIT_FAILED	125
#define MACHINE_EXIT_SIGNAL	128	/* + signal number */

#define MACHINE_PSPS	2

/**
 * struct machine_config - a machine to run
 * @argv: QEMU's command line, without memory, PSP and ports; NULL-terminated
 * @job: text handed to the init program in the machine, which runs it
 * @log_path: file that gets all that kernel and QEMU print; or NULL
 * @memory_fd: file that is the machine's RAM
 * @memory_size: size of the memory
 * @psp_fd: QEMU's ends of the socket pairs to the ivshmem servers, one for each PSP, the
 *	one with the lowest PCI address first
 * @psps: how many PSPs there are
 * @timeout: seconds until the machine is killed, 0: never
 * @tty: the job runs on a terminal, which is ours
 * @verbose: show what kernel and QEMU print
 */
struct machine_config {
	char *const *argv;
	const char *job;
	const char *log_path;
	int memory_fd;
	size_t memory_size;
	int psp_fd[MACHINE_PSPS];
	unsigned int psps;
	unsigned int timeout;
	bool tty;
	bool verbose;
};

/**
 * machine_run() - run a machine to its end
 * @config: which
 *
 * Relays standard input, output and error. No process is left when it returns,
 * nor when this process is killed.
 *
 * Return: the job's exit code, or one of MACHINE_EXIT_*.
 */
int machine_run(const struct machine_config *config);

#endif /* SWPSP_MACHINE_H */
