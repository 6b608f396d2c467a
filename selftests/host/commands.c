// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the driver's table of commands in Markdown, for scripts/docs: what SEV_FW_QUERY
 * would say of each row, with firmware that has the command.
 */
#include <sevfw/describe.h>

#include "psp/row.h"

int main(void)
{
	struct sev_fw_cmd_info info;
	unsigned int i;

	describe_title(stdout);
	for (i = 0; i < psp_nr_rows; i++) {
		psp_row_info(&psp_rows[i], psp_rows[i].since, &info);
		describe_command(stdout, &info);
	}
	return !!fflush(stdout);
}
