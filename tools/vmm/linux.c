// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux guest's memory as it is launched: loader, boot parameters, kernel, initrd. The
 * kernel is entered in long mode, as its boot protocol permits; nothing of a firmware's
 * is there. See ../guest/linux.h for the addresses.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <asm/bootparam.h>
#include <linux/kvm.h>

#include "../guest/digest.h"
#include "../guest/linux.h"
#include "../sevfw/files.h"
#include "../sevfw/tool.h"
#include "linux.h"

#define PAGE		4096ull
#define PAGE_UP(n)	(((n) + PAGE - 1) & ~(PAGE - 1))

#define SECTOR		512
#define HEADER		0x1f1		/* in the kernel's file, and in the zero page */
#define HEADER_JUMP	0x201		/* one byte that says how long the header is */
#define HEADER_MAGIC	0x53726448	/* "HdrS" */
#define HAS_ENTRY_64	1
#define LOADER_UNKNOWN	0xff

/* Of later headers: where ACPI's root pointer is. */
#define ZERO_PAGE_RSDP	0x70
#define SETUP_BLOB	7		/* type of setup_data: what follows is about an SNP guest */
#define BLOB_MAGIC	0x45444d41	/* "AMDE" */

#define RAM		1
#define RESERVED	2
#define ACPI		3

#define MSR_MTRR_DEFAULT	0x2ff
#define MTRR_ON_WRITE_BACK	(1 << 11 | 6)

#define APIC_BASE	0xfee00000ull
#define APIC_FIRST_CPU	(1 << 8)
#define APIC_X2		(1 << 10)
#define APIC_ON		(1 << 11)

struct snp_blob {
	struct {
		uint64_t next;
		uint32_t type, len;
		uint32_t address;
	} __attribute__((packed)) data;
	uint32_t unused[3];
	uint32_t magic;
	uint16_t version, zero;
	uint64_t secrets;
	uint32_t secrets_len, zero1;
	uint64_t cpuid;
	uint32_t cpuid_len, zero2;
};

/* @limit: end of the room that begins at @gpa */
static int load_file(struct linux_guest *guest, const char *path, uint64_t gpa, uint64_t limit,
		     size_t *len)
{
	return file_load(path, guest->vm->memory + gpa, limit - gpa, len);
}

static struct boot_params *zero_page(struct linux_guest *guest)
{
	return (struct boot_params *)(guest->vm->memory + LINUX_ZERO_PAGE);
}

static int no_kernel(const char *path, const char *why)
{
	warn("%s: %s", path, why);
	return -ENOEXEC;
}

/*
 * The memory that a kernel unpacks itself into must not reach the initrd. It begins where the
 * kernel is, or behind that, where the kernel was built for.
 */
static int check_memory(const struct setup_header *header, const char *path)
{
	const uint64_t built_for = header->pref_address;
	const uint64_t from = built_for > LINUX_KERNEL ? built_for : LINUX_KERNEL;

	if (from < LINUX_INITRD && header->init_size <= LINUX_INITRD - from)
		return 0;
	warn("%s: this kernel needs %u bytes of memory from 0x%llx on to begin with; the initrd is "
	     "at 0x%llx", path, header->init_size, (unsigned long long)from,
	     (unsigned long long)LINUX_INITRD);
	return -EFBIG;
}

/* The file begins with code for real mode, which is of no use, and with the header. */
static int load_kernel(struct linux_guest *guest, const char *path)
{
	uint8_t *file = guest->vm->memory + LINUX_KERNEL;
	struct setup_header *header = &zero_page(guest)->hdr;
	uint64_t code, header_len;
	size_t len;
	int ret = load_file(guest, path, LINUX_KERNEL, LINUX_INITRD, &len);

	if (ret)
		return ret;
	if (len < 2 * SECTOR)
		return no_kernel(path, "this is no bzImage");
	header_len = HEADER_JUMP + 1 + file[HEADER_JUMP] - HEADER;
	memcpy(header, file + HEADER, header_len < sizeof(*header) ? header_len : sizeof(*header));
	code = (header->setup_sects ? header->setup_sects + 1 : 5) * SECTOR;
	if (header->header != HEADER_MAGIC)
		return no_kernel(path, "this is no bzImage");
	if (!(header->xloadflags & HAS_ENTRY_64))
		return no_kernel(path, "this kernel cannot be entered in long mode");
	if (code >= len)
		return no_kernel(path, "the file has no code of the kernel's");
	ret = check_memory(header, path);
	if (ret)
		return ret;
	memmove(file, file + code, len - code);
	memset(file + len - code, 0, code);
	guest->launched[1] = (struct linux_range){ LINUX_KERNEL,
						   LINUX_KERNEL + PAGE_UP(len - code) };
	return 0;
}

/* The head of a file in an archive, in the kernel's format "newc", with a name of 6 letters. */
#define ARCHIVE_HEAD	120
#define FILE_MODE	0100400

/*
 * A second archive behind the initrd, with one empty file: the owner's secret will be injected
 * there, which has to be at a multiple of 16. @end: of the first one; moves on.
 */
static void add_secret_file(struct linux_guest *guest, uint64_t *end)
{
	uint8_t *memory = guest->vm->memory;
	const unsigned int size = LINUX_SECRET_BYTES;

	guest->secret = PAGE_UP(*end + ARCHIVE_HEAD);
	snprintf((char *)memory + guest->secret - ARCHIVE_HEAD, ARCHIVE_HEAD,
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08xsecret",
		 0, FILE_MODE, 0, 0, 1, 0, size, 0, 0, 0, 0, (unsigned int)sizeof("secret"), 0);
	*end = guest->secret + size;
}

bool linux_has_secret(const char *told, const char *secret)
{
	char digest[LINUX_DIGEST_CHARS + 1];

	return secret_digest(secret, strlen(secret), digest) && !strcmp(told, digest);
}

static int load_initrd(struct linux_guest *guest, const char *path)
{
	struct setup_header *header = &zero_page(guest)->hdr;
	uint64_t end;
	size_t len;
	int ret = load_file(guest, path, LINUX_INITRD, LINUX_RAM - 4 * PAGE, &len);

	if (ret)
		return ret;
	end = LINUX_INITRD + len;
	if (guest->kind != LINUX_SNP)
		add_secret_file(guest, &end);
	header->ramdisk_image = LINUX_INITRD;
	header->ramdisk_size = end - LINUX_INITRD;
	guest->launched[2] = (struct linux_range){ LINUX_INITRD, PAGE_UP(end) };
	return 0;
}

static void add_memory(struct boot_params *params, uint64_t begin, uint64_t end, uint32_t type)
{
	params->e820_table[params->e820_entries++] = (struct boot_e820_entry){
		.addr = begin, .size = end - begin, .type = type,
	};
}

static void set_memory_map(struct boot_params *params)
{
	add_memory(params, 0, LINUX_ACPI, RAM);
	add_memory(params, LINUX_ACPI, LINUX_ACPI + PAGE, ACPI);
	add_memory(params, LINUX_SECRETS, LINUX_CPUID + PAGE, RESERVED);
	add_memory(params, LINUX_LOW_FREE, LINUX_LOW_END, RAM);
	add_memory(params, LINUX_HIGH, LINUX_RAM, RAM);
}

/*
 * Without reboot=a Linux looks for EFI and a BIOS to restart this machine, which has neither. A
 * kernel would cut a line that is too long for it, and not say so.
 */
static int set_command_line(struct linux_guest *guest, const char *append)
{
	char *line = (char *)guest->vm->memory + LINUX_COMMAND_LINE;
	struct setup_header *header = &zero_page(guest)->hdr;
	const uint32_t most = header->cmdline_size < PAGE ? header->cmdline_size : PAGE - 1;
	uint32_t len = snprintf(line, PAGE, "console=ttyS0 panic=-1 reboot=a %s%s%s",
				guest->verbose ? "earlyprintk=serial" : "quiet",
				append ? " " : "", append ? append : "");

	header->cmd_line_ptr = LINUX_COMMAND_LINE;
	if (len <= most)
		return 0;
	warn("the kernel's command line has %u characters, and this kernel takes %u", len, most);
	return -E2BIG;
}

/* An SNP guest asks nobody where these pages are: what it is told here is measured. */
static void set_blob(struct linux_guest *guest)
{
	struct snp_blob *blob = (struct snp_blob *)(guest->vm->memory + LINUX_SETUP_DATA);

	*blob = (struct snp_blob){
		.data = {
			.type = SETUP_BLOB, .len = sizeof(uint32_t),
			.address = LINUX_SETUP_DATA + offsetof(struct snp_blob, magic),
		},
		.magic = BLOB_MAGIC, .secrets = LINUX_SECRETS, .secrets_len = PAGE,
		.cpuid = LINUX_CPUID, .cpuid_len = PAGE,
	};
	zero_page(guest)->hdr.setup_data = LINUX_SETUP_DATA;
}

static void set_handover(struct linux_guest *guest)
{
	const struct linux_handover handover = {
		.count = 4,
		.ranges = {
			{ 0, LINUX_LOADER },
			/* with the hole below 1 MiB: Linux looks for tables of a BIOS there */
			{ LINUX_LOW_FREE, LINUX_KERNEL },
			{ guest->launched[1].end, LINUX_INITRD },
			{ guest->launched[2].end, LINUX_RAM },
		},
	};

	memcpy(guest->vm->memory + LINUX_HANDOVER, &handover, sizeof(handover));
}

/* Interrupts come by the x2APIC, whose registers are MSRs: a device in memory is slower. */
static int set_apic(const struct vm *vm, uint64_t more)
{
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.apic_base = APIC_BASE | APIC_X2 | APIC_ON | more;
	return ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

/* As firmware leaves them. Without them Linux 6.1 does not set up PAT, which SEV needs there. */
static int set_mtrrs(const struct vm *vm)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1,
		.entry = { .index = MSR_MTRR_DEFAULT, .data = MTRR_ON_WRITE_BACK },
	};

	return ioctl(vm->vcpu_fd, KVM_SET_MSRS, &msrs) == 1 ? 0 : -EIO;
}

/* KVM looks at an SNP guest's request to create a vCPU only where one is halted. */
static int set_halted(const struct vm *vm)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };

	return ioctl(vm->vcpu_fd, KVM_SET_MP_STATE, &state) ? -errno : 0;
}

int linux_set_vcpus(struct linux_guest *guest)
{
	int ret = linux_cpuid(guest);

	if (!ret)
		ret = set_apic(guest->vm, APIC_FIRST_CPU);
	if (!ret)
		ret = set_mtrrs(guest->vm);
	for (unsigned int i = 0; i + 1 < guest->cpus && !ret; i++) {
		ret = set_apic(&guest->more[i], 0);
		if (!ret)
			ret = set_mtrrs(&guest->more[i]);
		if (!ret && guest->kind == LINUX_SNP)
			ret = set_halted(&guest->more[i]);
	}
	return ret;
}

int linux_add_cpus(struct linux_guest *guest, unsigned int cpus)
{
	int ret = 0;

	for (; guest->cpus < cpus && !ret; guest->cpus++)
		ret = vm_more_vcpu(guest->vm, guest->cpus, &guest->more[guest->cpus - 1]);
	return ret;
}

void linux_drop_cpus(struct linux_guest *guest)
{
	for (unsigned int i = 0; i + 1 < guest->cpus; i++)
		vm_drop_vcpu(&guest->more[i]);
}

int linux_load(struct linux_guest *guest, const struct linux_files *files)
{
	struct setup_header *header = &zero_page(guest)->hdr;
	size_t len;
	int ret;

	ret = load_file(guest, files->loader, LINUX_LOADER, LINUX_HANDOVER, &len);
	if (!ret)
		ret = load_kernel(guest, files->kernel);
	if (!ret)
		ret = load_initrd(guest, files->initrd);
	if (!ret)
		ret = set_command_line(guest, files->append);
	if (ret)
		return ret;
	header->type_of_loader = LOADER_UNKNOWN;
	header->loadflags |= LOADED_HIGH;
	set_memory_map(zero_page(guest));
	linux_acpi(guest->vm->memory + LINUX_ACPI, LINUX_ACPI, guest->cpus);
	memcpy(guest->vm->memory + LINUX_ZERO_PAGE + ZERO_PAGE_RSDP, &(uint64_t){ LINUX_ACPI },
	       sizeof(uint64_t));
	if (guest->kind == LINUX_SNP)
		set_blob(guest);
	guest->launched[0] = (struct linux_range){ LINUX_LOADER, LINUX_SECRETS };
	set_handover(guest);
	return 0;
}
