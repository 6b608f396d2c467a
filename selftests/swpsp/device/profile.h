/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a real platform has behaved where the documents leave a choice: the times that its
 * commands take, and its answers to doubts. scripts/hardware-profile writes such a file from
 * an archive of scripts/hardware-report.
 */
#ifndef SWPSP_PROFILE_H
#define SWPSP_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define PROFILE_IDS	256

/**
 * struct profile - a platform's behaviour; all zero: that of the software PSP
 * @service_us: microseconds that each command takes at least
 * @answers: whether the command is never executed, but answered with @status
 * @status: that answer
 * @short_status: answer to a buffer that is too short, in place of INVALID_LENGTH; 0: none
 * @unmasked: interrupts come although the host has masked them
 * @lost_every: of so many interrupts one is lost; 0: none
 */
struct profile {
	uint32_t service_us[PROFILE_IDS];
	bool answers[PROFILE_IDS];
	uint16_t status[PROFILE_IDS];
	uint16_t short_status[PROFILE_IDS];
	bool unmasked;
	uint32_t lost_every;
};

/**
 * profile_read() - read it from a file
 * @profile: receives it
 * @path: name of the file
 *
 * Return: 0, -1 if the file cannot be read, or the number of the first line that is wrong.
 */
int profile_read(struct profile *profile, const char *path);

#endif /* SWPSP_PROFILE_H */
