/* SPDX-License-Identifier: GPL-2.0 */
/* The example VMM: launches one guest. "sevfw launch" is its command line. */
#ifndef SEV_VMM_H
#define SEV_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owner_session;

/**
 * struct vmm_options - one launch
 * @secret: text that the owner gives the guest; less than VM_DATA_SIZE bytes
 * @ca: directory with the vendor's files, or NULL: cek.cert and ask_ark.cert; with @snp
 *	vcek.der, ask.pem and ark.pem
 * @owner: session that the owner has made before, with its policy; NULL: make one
 * @policy: guest policy
 * @memory: RAM in bytes
 * @guest: file of the SNP guest's program, or with @kernel of the loader
 * @kernel: file of a Linux kernel, which a guest of any kind boots, or NULL
 * @initrd: and of its initrd
 * @append: and more of its command line, or NULL
 * @cpus: vCPUs of that guest
 * @certificates: SNP: the small guest asks for certificates along with its report
 * @limit: seconds that a Linux guest has to come to its end, with its owner's answer; 0: any number
 * @results: SNP: directory for report.bin and nonce.bin, or NULL
 * @line: SNP, with @kernel: directory for what goes to the owner, who is elsewhere, and comes
 *	from there, see line.h; NULL: this program is the owner
 * @legacy: by the ioctls that came before pass-through
 * @typed: make the VM as a SEV guest
 * @by_dev: pass-through commands go through /dev/sev
 * @session: the owner has a session with the firmware
 * @run: run the guest
 * @all: encrypt all RAM, not only the payload's page
 * @console: print what the kernel writes to its console
 * @quiet: print no steps: only the guest's output, and of an SNP or Linux guest whether its owner
 *	is content
 */
struct vmm_options {
	const char *secret;
	const char *ca;
	const struct owner_session *owner;
	uint32_t policy;
	size_t memory;
	const char *guest;
	const char *kernel;
	const char *initrd;
	const char *append;
	unsigned int cpus;
	unsigned int limit;
	const char *results;
	const char *line;
	bool legacy;
	bool typed;
	bool by_dev;
	bool session;
	bool run;
	bool all;
	bool certificates;
	bool console;
	bool quiet;
};

/**
 * struct vmm_failure - why a launch has failed
 * @step: name of the step
 * @why: text
 * @error: positive errno
 * @status: the firmware's status, if a command is why; SEV_FW_NO_CALL otherwise
 */
struct vmm_failure {
	const char *step;
	char why[256];
	int error;
	uint32_t status;
};

/**
 * vmm_launch() - launch a SEV or SEV-ES guest, give it a secret, let it print that
 * @opt: options of the launch
 * @failure: is filled in if that fails
 *
 * Return: 0 or a negative errno.
 */
int vmm_launch(const struct vmm_options *opt, struct vmm_failure *failure);

/** vmm_launch_snp() - launch an SNP guest, let it run, verify its report; as vmm_launch() */
int vmm_launch_snp(const struct vmm_options *opt, struct vmm_failure *failure);

/**
 * vmm_measure_snp() - the digest that the report of an SNP guest with @opt->kernel must have
 * @opt: launch that is measured; nothing is launched, and no host is needed. Measured are the
 *	files, @opt->cpus, @opt->append, and @opt->console, which is in the kernel's command line
 * @digest: receives it, 48 bytes
 * @failure: is filled in if that fails
 *
 * Return: 0 or a negative errno.
 */
int vmm_measure_snp(const struct vmm_options *opt, uint8_t *digest, struct vmm_failure *failure);

/** vmm_time_us() - monotonic time, in microseconds */
double vmm_time_us(void);

#endif /* SEV_VMM_H */
