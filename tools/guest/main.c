// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's program: say what kind of guest runs, accept its memory, and, as an SNP
 * guest, get a key that only this guest on this chip can get, and a report with its owner's
 * nonce, which it hands out, and start another vCPU. A SEV-ES guest prints the secret that
 * its owner has injected.
 */
#include "guest.h"

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t middle;
	uint32_t high, reserved;
} __attribute__((packed));

static struct gate idt[32];

extern char vc_entry[], other_entry[], secret[];
extern uint32_t c_bit;
void guest_main(void);

static void idt_load(void)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) pointer = {
		sizeof(idt) - 1, (uint64_t)idt
	};

	for (int i = 0; i < 32; i++) {
		uint64_t at = (uint64_t)(i == 29 ? vc_entry : other_entry);

		idt[i] = (struct gate){ .low = (uint16_t)at, .selector = CODE64, .type = 0x8e,
					.middle = (uint16_t)(at >> 16) };
	}
	asm volatile("lidt %0" : : "m" (pointer));
}

/* ---- the console: each OUT raises #VC ---- */

static void out(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a" (value), "d" (port));
}

static void print(const char *text)
{
	while (*text)
		out(CONSOLE_PORT, (uint8_t)*text++);
}

static void print_hex(uint64_t value, int digits)
{
	while (digits--)
		out(CONSOLE_PORT, "0123456789abcdef"[value >> 4 * digits & 15]);
}

static void print_number(const char *before, uint64_t value, int digits, const char *after)
{
	print(before);
	print_hex(value, digits);
	print(after);
}

/* ---- steps ---- */

static uint32_t sev_status(void)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (MSR_SEV_STATUS));
	return low;
}

static void print_hypervisor(void)
{
	uint32_t eax = 0x40000000, ebx, ecx, edx;
	char name[13] = { 0 };

	asm volatile("cpuid" : "+a" (eax), "=b" (ebx), "=c" (ecx), "=d" (edx) : "2" (0));
	*(uint32_t *)name = ebx;
	*(uint32_t *)(name + 4) = ecx;
	*(uint32_t *)(name + 8) = edx;
	print("guest: the hypervisor calls itself ");
	print(name);
	print("\n");
}

/* Private memory that was not launched: it must be accepted once, and only once. */
static void validate_memory(void)
{
	for (uint64_t gpa = VALIDATE_FIRST; gpa < VALIDATE_FIRST + VALIDATE_PAGES * 0x1000;
	     gpa += 0x1000) {
		if (pvalidate(gpa, true) || pvalidate(gpa, true) != -1)
			terminate(TERMINATE_VALIDATE);
		*(volatile uint64_t *)gpa = gpa;
	}
	for (uint64_t gpa = VALIDATE_FIRST; gpa < VALIDATE_FIRST + VALIDATE_PAGES * 0x1000;
	     gpa += 0x1000)
		if (*(volatile uint64_t *)gpa != gpa)
			terminate(TERMINATE_VALIDATE);
	print_number("guest: validated 0x", VALIDATE_PAGES, 2, " pages of memory\n");
}

/* The key itself stays here; what it makes of a known text tells whether it is the same. */
static void derive_key(void)
{
	uint8_t key[32], block[16] = "derived key";

	if (!message_key(key))
		terminate(TERMINATE_MESSAGE);
	aes256_block(key, block);
	for (int i = 0; i < 16; i++)
		((volatile uint8_t *)MAILBOX_PAGE)[MAILBOX_KEY_DIGEST + i] = block[i];
	print("guest: has a key derived from the chip's\n");
}

static volatile uint64_t *mailbox_word(unsigned int at)
{
	return (volatile uint64_t *)((uintptr_t)MAILBOX_PAGE + at);
}

/* A host that measures how long requests take. It could as well not run the guest. */
static void make_requests(void)
{
	uint8_t key[32];

	for (uint64_t n = *mailbox_word(MAILBOX_REQUESTS); n; n--)
		if (!message_key(key))
			terminate(TERMINATE_MESSAGE);
}

/* The host chooses where its certificates go, since it can write to all shared memory anyway. */
static bool get_report(const uint8_t *nonce, uint8_t *report)
{
	struct certs certs = {
		.gpa = *mailbox_word(MAILBOX_CERTS_AT), .pages = *mailbox_word(MAILBOX_CERTS_ROOM),
	};
	bool good;

	if (*mailbox_word(MAILBOX_CERTS_WANTED) != 1)
		return message_report(nonce, report, NULL);
	for (uint64_t gpa = CERTS_FIRST; gpa < CERTS_FIRST + CERTS_PAGES * 0x1000; gpa += 0x1000)
		page_share(gpa);
	good = message_report(nonce, report, &certs);
	*mailbox_word(MAILBOX_CERTS_NEEDED) = certs.pages;
	*mailbox_word(MAILBOX_CERTS_REFUSED) = certs.refused;
	*mailbox_word(MAILBOX_CERTS_ERROR) = certs.error;
	print("guest: has asked for certificates, too\n");
	return good;
}

static void hand_out_report(void)
{
	volatile uint8_t *mailbox = (volatile uint8_t *)MAILBOX_PAGE;
	static uint8_t report[0x4a0];
	uint8_t nonce[64];

	for (int i = 0; i < 64; i++)
		nonce[i] = mailbox[MAILBOX_NONCE + i];
	if (!get_report(nonce, report))
		terminate(TERMINATE_MESSAGE);
	for (size_t i = 0; i < sizeof(report); i++)
		mailbox[MAILBOX_REPORT + i] = report[i];
	print("guest: has handed out its attestation report\n");
}

/* Only a VMM that has a vCPU left for it wants this. */
static void start_cpu(void)
{
	if (*mailbox_word(MAILBOX_CPU_WANTED) != 1)
		return;
	if (!cpu_start(1))
		terminate(TERMINATE_CPU);
	print("guest: has started a second vCPU\n");
}

void guest_main(void)
{
	uint32_t status = sev_status();
	bool snp = status & STATUS_SNP;

	idt_load();
	ghcb_start(snp);
	print(snp ? "guest: I am an SNP guest" : "guest: I am a SEV-ES guest");
	print_number(", SEV_STATUS 0x", status, 2, "");
	print_number(", C-bit 0x", c_bit, 2, "\n");
	print_hypervisor();
	if (snp) {
		validate_memory();
		derive_key();
		make_requests();
		hand_out_report();
		start_cpu();
	} else {
		print("guest: my owner's secret is: ");
		print(secret);
		print("\n");
	}
	out(END_PORT, 0);
	terminate(0);
}
