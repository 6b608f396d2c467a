/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SEV_VMM_SNP_H
#define SEV_VMM_SNP_H

#include <stdbool.h>

/**
 * struct snp_options - options of sev-vmm --snp
 * @guest: file of the guest's program
 * @ca: directory with vcek.der, ask.pem, ark.pem
 * @results: directory for report.bin and nonce.bin, or NULL
 * @quiet: print what the guest prints, and the verdict
 */
struct snp_options {
	const char *guest;
	const char *ca;
	const char *results;
	bool quiet;
};

/** snp_main() - launch, run, verify; returns the program's exit code */
int snp_main(const struct snp_options *opt);

#endif /* SEV_VMM_SNP_H */
