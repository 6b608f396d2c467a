// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a profile. Lines that begin with # are remarks, the others are:
 *
 *   time COMMAND MICROSECONDS
 *   answer COMMAND STATUS	always
 *   short COMMAND STATUS	to a buffer that is too short
 *   interrupts unmasked
 *   interrupts lost N		one of so many
 *
 * COMMAND is a name as in commands.h, STATUS a number.
 */
#include <stdio.h>
#include <string.h>

#include "profile.h"
#include "swpsp.h"

#define MICROSECONDS_MAX	10000000u

static int command_id(const char *name)
{
	for (int id = 0; id < PROFILE_IDS; id++) {
		const char *known = swpsp_command_name((uint32_t)id);

		if (known && !strcmp(known, name))
			return id;
	}
	return -1;
}

static bool parse_command(struct profile *p, const char *what, const char *name, uint32_t value)
{
	int id = command_id(name);

	if (id < 0)
		return false;
	if (!strcmp(what, "time") && value <= MICROSECONDS_MAX) {
		p->service_us[id] = value;
		return true;
	}
	if (value > UINT16_MAX)
		return false;
	if (!strcmp(what, "answer")) {
		p->answers[id] = true;
		p->status[id] = (uint16_t)value;
		return true;
	}
	if (!strcmp(what, "short"))
		p->short_status[id] = (uint16_t)value;
	return !strcmp(what, "short");
}

static bool parse(struct profile *p, const char *line)
{
	char what[16], name[32], rest;
	unsigned int value;
	int words = sscanf(line, "%15s %31s %i %c", what, name, (int *)&value, &rest);

	if (words <= 0 || *what == '#')
		return true;
	if (words == 2 && !strcmp(what, "interrupts") && !strcmp(name, "unmasked")) {
		p->unmasked = true;
		return true;
	}
	if (words != 3)
		return false;
	if (strcmp(what, "interrupts") || strcmp(name, "lost"))
		return parse_command(p, what, name, value);
	p->lost_every = value;
	return value > 0;
}

int profile_read(struct profile *profile, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	int number = 0;

	memset(profile, 0, sizeof(*profile));
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!parse(profile, line)) {
			fclose(file);
			return number;
		}
	}
	fclose(file);
	return 0;
}
