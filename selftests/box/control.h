/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disturbances of the host, and the places where the driver shows their effect: faults
 * of the simulated PSP, drivers that go and come, sysfs, the kernel's log.
 *
 * Everything that disturbs the host needs the simulated PSP, but for changes of the
 * platform's identity, for which a real host may be volunteered.
 */
#ifndef SELFTESTS_CONTROL_H
#define SELFTESTS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"

/**
 * control_identity() - may tests change the platform's keys and owner?
 *
 * Return: true if it is a simulated one, or SEV_TEST_DESTRUCTIVE is 1.
 */
bool control_identity(void);

/* A test that changes the platform's identity begins with this. */
#define CONTROL_NEEDS_IDENTITY()						\
	do {									\
		if (!control_identity())					\
			SKIP(return, "changes this platform's keys: "		\
			     "SEV_TEST_DESTRUCTIVE=1 permits it");		\
	} while (0)

/* The driver's PCI device in sysfs */

/** psp_dir() - its directory, in a static buffer; "" if there is none */
const char *psp_dir(void);

/** psp_attr() - one of its attributes, in a static buffer; "" if it cannot be read */
const char *psp_attr(const char *name);

/** psp_attr_number() - the same, as a number; -1 if it cannot be read */
long psp_attr_number(const char *name);

/**
 * psp_reason() - why a device is not the PSP that commands go to
 * @device: PCI address; NULL: the driver's device, or the only one that it has had
 *
 * Return: the driver's reason, "ok" if the device is used; "" if it is not known.
 */
const char *psp_reason(const char *device);

/** psp_is_used() - do commands go to this PSP? */
bool psp_is_used(const char *device);

/** control_read() - a whole small file, zero-terminated; its length, or -errno */
long control_read(const char *path, char *text, size_t size);

/** control_write() - write a small file; 0 or a negative errno */
int control_write(const char *path, const char *text);

/**
 * psp_waiting() - how the driver waits for the firmware, as debugfs shows it
 * @name: of a line
 *
 * Return: what follows its name, in a static buffer; "" if there is none, or no debugfs.
 */
const char *psp_waiting(const char *name);

/** psp_waits() - the same, as a number */
long psp_waits(const char *name);

/*
 * How many interrupts may be found lost in a test whose PSP loses none. On a machine that
 * others load QEMU can be late with one, by more than the 100 to 200 ms that the driver waits.
 */
#define LATE_INTERRUPTS 2

/** psp_ring_use() - set the module parameter psp_ring; 0 or a negative errno */
int psp_ring_use(const char *use);

/* Faults */

/**
 * struct fault - one rule for the simulated PSP, see swpsp/device/bar.h
 * @id: command, 0: any
 * @kind: SWPSP_FAULT_*
 * @value: status, microseconds or bytes, by @kind
 * @after: how many to let pass
 * @count: how often it strikes, 0: always
 */
struct fault {
	uint32_t id;
	uint32_t kind;
	uint32_t value;
	uint32_t after;
	uint32_t count;
};

/** fault_arm() - from now on; 0, or -ETIMEDOUT if the simulated PSP is not there */
int fault_arm(const struct fault *fault);

/** fault_refuse() - let @after commands @id pass, refuse the next one with @status */
int fault_refuse(uint32_t id, uint32_t after, uint32_t status);

/** fault_clear() - no faults, and a PSP that was dead lives again; as fault_arm() */
int fault_clear(void);

/** fault_hits() - how often the rule has struck */
uint32_t fault_hits(void);

/* Firmware images, signed by the simulated vendor: scripts/box says where it is */

/** image_missing() - why no images can be signed here, or NULL */
const char *image_missing(void);

/* A test that wants images begins with this. */
#define IMAGE_NEEDS()						\
	do {							\
		const char *why = image_missing();		\
								\
		if (why)					\
			SKIP(return, "%s", why);		\
	} while (0)

/**
 * struct image - header of a firmware image
 * @api_major: version of the firmware
 * @api_minor: likewise
 * @build: likewise
 * @security_level: a platform does not go back to a lower one
 */
struct image {
	uint8_t api_major;
	uint8_t api_minor;
	uint8_t build;
	uint32_t security_level;
};

/**
 * image_sign() - make an image that the simulated PSP accepts
 * @image: content of the image
 * @file: receives @size bytes
 * @size: 0x300 to 0x20000
 *
 * Return: 0, or -EIO.
 */
int image_sign(const struct image *image, void *file, size_t size);

/* Drivers: kvm_sev_glue, kvm_amd, psp_sev, from where PSP_MODULES_DIR says */

/** drivers_missing() - why drivers cannot be loaded here, or NULL */
const char *drivers_missing(void);

/** drivers_unload() - all three; 0, or the exit status of what has failed */
int drivers_unload(void);

/** drivers_load() - all three, psp_sev with @params, a list ended by NULL */
int drivers_load(const char * const *params);

/** drivers_load_psp() - psp_sev alone */
int drivers_load_psp(const char * const *params);

/** drivers_load_kvm() - the others, on the psp_sev that is loaded */
int drivers_load_kvm(void);

/** kvm_load() - kvm anew, with @params, a list ended by NULL; kvm_amd must not be loaded */
int kvm_load(const char * const *params);

/* The kernel's own: kvm_amd and ccp, as the kernel finds them */

/** stock_unload_kvm() - kvm_amd; 0, or the exit status of what has failed */
int stock_unload_kvm(void);

/** stock_unload() - both */
int stock_unload(void);

/** stock_load() - both, ccp with @params, a list ended by NULL, if it is not there yet */
int stock_load(const char * const *params);

/* The kernel's log */

/** klog_open() - begin to listen; a file descriptor, or a negative errno */
int klog_open(void);

/** klog_count() - messages with @what in them since the last call */
unsigned int klog_count(int fd, const char *what);

#endif /* SELFTESTS_CONTROL_H */
