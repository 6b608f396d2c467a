// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI tables of a machine that has interrupt controllers and nothing else. Without them
 * Linux would not find its x2APIC, and an encrypted guest has none but that.
 */
#include <endian.h>
#include <string.h>

#include "linux.h"

#define IO_APIC		0xfec00000
#define LOCAL_APIC	0xfee00000

/* Where the tables are in the page. */
#define AT_RSDP		0x000
#define AT_XSDT		0x040
#define AT_FADT		0x100
#define AT_DSDT		0x300
#define AT_MADT		0x400

#define FADT_RESET_REG	(1u << 10)
#define FADT_HARDWARE_REDUCED	(1u << 20)
#define SPACE_IO		1
#define NO_VGA		(1 << 2)
#define NO_CMOS_CLOCK	(1 << 5)

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all;
	uint8_t reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header head;
	uint64_t tables[2];
} __attribute__((packed));

struct fadt {
	struct header head;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t unused0[65];
	uint16_t boot_flags;
	uint8_t unused1;
	uint32_t flags;
	struct { uint8_t space, bits, offset, access; uint64_t address; } __attribute__((packed))
		reset;
	uint8_t reset_value;
	uint8_t unused2[2];
	uint8_t minor;
	uint64_t facs_64;
	uint64_t dsdt_64;
	uint8_t unused3[120];
} __attribute__((packed));

struct madt {
	struct header head;
	uint32_t local_apic;
	uint32_t flags;
	struct { uint8_t type, length, id, zero; uint32_t address, first; } io_apic;
	struct { uint8_t type, length, processor, apic; uint32_t flags; } cpus[LINUX_CPUS_MAX];
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 268, "FADT, revision 5");

static uint8_t complement(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	while (len--)
		sum += bytes[len];
	return -sum;
}

/* To be called last: the checksum is over all of it. */
static void put(uint8_t *at, const void *table, size_t len, const char *signature,
		uint8_t revision)
{
	struct header *head = (struct header *)at;

	memcpy(at, table, len);
	memcpy(head->signature, signature, sizeof(head->signature));
	head->length = len;
	head->revision = revision;
	memcpy(head->oem, "SEVFW ", sizeof(head->oem));
	memcpy(head->oem_table, "EXAMPLE ", sizeof(head->oem_table));
	memcpy(head->creator, "SEVF", sizeof(head->creator));
	head->checksum = complement(at, len);
}

void linux_acpi(uint8_t *page, uint32_t gpa, unsigned int cpus)
{
	const struct xsdt xsdt = { .tables = { gpa + AT_FADT, gpa + AT_MADT } };
	const struct header dsdt = { .revision = 2 };
	const struct fadt fadt = {
		.dsdt = gpa + AT_DSDT, .dsdt_64 = gpa + AT_DSDT, .minor = 1,
		.flags = FADT_HARDWARE_REDUCED | FADT_RESET_REG,
		.boot_flags = NO_VGA | NO_CMOS_CLOCK,
		.reset = { .space = SPACE_IO, .bits = 8, .address = LINUX_RESET_PORT },
		.reset_value = LINUX_RESET,
	};
	struct madt madt = {
		.local_apic = LOCAL_APIC, .flags = 1,
		.io_apic = { .type = 1, .length = 12, .address = IO_APIC },
	};
	struct rsdp rsdp = {
		.signature = "RSD PTR ", .oem = "SEVFW ", .revision = 2,
		.length = sizeof(rsdp), .xsdt = gpa + AT_XSDT,
	};

	rsdp.checksum = complement(&rsdp, offsetof(struct rsdp, length));
	rsdp.checksum_all = complement(&rsdp, sizeof(rsdp));
	memcpy(page + AT_RSDP, &rsdp, sizeof(rsdp));
	put(page + AT_XSDT, &xsdt, sizeof(xsdt), "XSDT", 1);
	put(page + AT_FADT, &fadt, sizeof(fadt), "FACP", 5);
	put(page + AT_DSDT, &dsdt, sizeof(dsdt), "DSDT", 2);
	for (uint8_t i = 0; i < cpus; i++) {
		madt.cpus[i].length = sizeof(madt.cpus[i]);
		madt.cpus[i].processor = i;
		madt.cpus[i].apic = i;
		madt.cpus[i].flags = 1;
	}
	put(page + AT_MADT, &madt, offsetof(struct madt, cpus[cpus]), "APIC", 3);
}
