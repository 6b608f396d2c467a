/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host that the tests run on: its abilities, and the things that are held there on
 * behalf of somebody. Nothing in here changes the host.
 */
#ifndef SELFTESTS_HOST_H
#define SELFTESTS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "bar.h"

/* Features of the host that a test may need. */
#define HOST_SEV	0x01	/* /dev/sev, and a KVM that makes SEV guests */
#define HOST_ES		0x02	/* SEV-ES guests, too */
#define HOST_FW		0x04	/* pass-through */
#define HOST_SWPSP	0x08	/* the firmware is the software PSP */
#define HOST_SNP	0x10	/* a KVM that makes SNP guests */

/**
 * host_missing() - why this host is not one for this test
 * @needs: HOST_*
 *
 * In the box it is known what there must be, so that a driver that has failed to
 * load makes tests fail, and not skip.
 *
 * Return: NULL if there is nothing missing, or a reason to skip the test.
 */
const char *host_missing(unsigned int needs);

/*
 * SKIP() for the setup of a fixture, whose test would be run if that only returned. The harness
 * of Linux 6.10 has another exit code for tests that are skipped than older ones.
 */
#ifdef FIXTURE_TEARDOWN_PARENT
#define SETUP_SKIPPED	KSFT_SKIP
#else
#define SETUP_SKIPPED	255
#endif
#define SKIP_SETUP(fmt, ...)	SKIP(_exit(SETUP_SKIPPED), fmt, ##__VA_ARGS__)

/* First statement of a test or of a fixture's setup. */
#define HOST_NEEDS(needs)						\
	do {								\
		const char *why = host_missing(needs);			\
									\
		if (why)						\
			SKIP_SETUP("%s", why);			\
	} while (0)

/** host_swpsp() - the spare part of the simulated PSP's BAR, NULL if it is not one */
uint32_t *host_swpsp(void);

/**
 * host_swpsp_use() - which one host_swpsp(), counters and faults are about
 * @device: PCI address; NULL: any, to be looked for anew, which is due when the device
 *	has been removed and found again
 *
 * Return: false if it is not one.
 */
bool host_swpsp_use(const char *device);

/** host_cipher() - a box that really encrypts memory, and thus cannot run guests */
bool host_cipher(void);

/** host_counter() - one word of it, SWPSP_BAR_*; 0 without a simulated PSP */
uint32_t host_counter(uint32_t offset);

/**
 * struct host_use - things that are held on behalf of somebody
 * @guests: guest contexts in firmware, as PLATFORM_STATUS says
 * @asids: ASIDs that are bound; 0 where only firmware knows
 * @pins: pages pinned in the whole system; 0 where the kernel does not count
 * @pinned_kib: pinned, as counted for this process
 * @locked_kib: locked, as counted for this process
 */
struct host_use {
	uint64_t guests;
	uint64_t asids;
	uint64_t pins;
	uint64_t pinned_kib;
	uint64_t locked_kib;
};

/** host_use() - count the things that are held just now; 0 or a negative errno */
int host_use(struct host_use *use);

/** host_use_differs() - the name of the first member in which they differ, or NULL */
const char *host_use_differs(const struct host_use *a, const struct host_use *b);

/**
 * host_asids() - how many guests can exist at the same time
 * @es: SEV-ES guests, or guests without
 *
 * Return: a number that is safe to use, also where the true one is not known.
 */
unsigned int host_asids(bool es);

/*
 * With SNP the firmware has another command for a flush, and the driver gives it larger
 * memory.
 */

/** host_snp() - is this a host for SNP? */
bool host_snp(void);

/** host_flush_id() - the firmware's command by which ASIDs are flushed */
uint32_t host_flush_id(void);

/** host_tmr_pages() - pages of the trusted memory region for SEV-ES */
long host_tmr_pages(void);

/* Pages of the driver's for the block of a command. */
#define HOST_BLOCK_PAGES	1

/**
 * host_keep_kvm_up() - hold a VM with a vCPU, until the program ends
 *
 * The kernel patches its code when the first VM comes and when the last one goes,
 * and so on for vCPUs. QEMU 7.2, when it emulates several CPUs, sometimes goes on
 * to execute what has been replaced, for ever. A test that makes VM after VM
 * calls this once, and so does it twice, not a hundred times. No SEV is involved.
 */
void host_keep_kvm_up(void);

/*
 * How long a test may take: kernels that look for bugs are slow, and slow is not
 * wrong. A test that takes long by its nature says so itself.
 */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300
#endif

/* At the end of a test program, in place of its main(). */
#define HOST_TESTS_MAIN							\
	static void __attribute__((constructor(201))) host_begin(void)	\
	{								\
		host_keep_kvm_up();					\
	}								\
	TEST_HARNESS_MAIN

#endif /* SELFTESTS_HOST_H */
