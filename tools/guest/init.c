// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the Linux guest: say what the kernel has found; then, in an SNP guest, get a key
 * and the attestation report from /dev/sev-guest, hand the report out, and open the secret that
 * the owner has sealed for that; in others read the secret that the owner has injected. Of the
 * secret the digest is told, so that the owner sees that it has come, and the host not which.
 * All of it goes by ports of the VMM's (linux.h); a user process in a guest with
 * encrypted state raises #VC by these, too.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <linux/sev-guest.h>
#include <openssl/evp.h>

#include <sevfw/snp_report.h>
#include <sevfw/snp_seal.h>

#include "digest.h"
#include "guest.h"
#include "linux.h"

#define TSM_REPORTS	"/config/tsm/report"
#define TSM_REPORT	TSM_REPORTS "/mine"
#define CERTS_BYTES	0x4000
#define CERT_ENTRY	24	/* GUID, offset, length */
#define REPORT_OFFSET	0x20	/* in the firmware's answer, behind its status and the size */
#define CPUID_ES	(1 << 3)
#define CPUID_SNP	(1 << 4)

static unsigned int sev_features(void)
{
	unsigned int eax = 0, ebx, ecx, edx;

	__cpuid(0x8000001f, eax, ebx, ecx, edx);
	return eax;
}

/*
 * A string goes in one exit, or few. Of a plain SEV guest KVM cannot serve it: it would have to
 * read the instruction and the string, which are encrypted, and raises #UD instead.
 */
static void send(uint16_t port, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	if (sev_features() & CPUID_ES)
		asm volatile("rep outsb" : "+S" (data), "+c" (len) : "d" (port) : "memory");
	else
		while (len--)
			outb(*bytes++, port);
}

/*
 * Only SNP guests are sent anything. Their kernel reads the port first, and then writes to memory;
 * a page that is not there yet would make it begin anew, and what it has read would be lost.
 */
static void receive(uint16_t port, void *data, size_t len)
{
	memset(data, 0, len);
	asm volatile("rep insb" : "+D" (data), "+c" (len) : "d" (port) : "memory");
}

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send(TEXT_PORT, text, len < (int)sizeof(text) ? len : (int)sizeof(text) - 1);
}

/* ---- steps; each says why it has failed ---- */

static bool failed(const char *what)
{
	say("init: %s: %s\n", what, strerror(errno));
	return false;
}

static void load_modules(void)
{
	char line[128], path[160];
	FILE *order = fopen("/modules/order", "r");
	int fd;

	while (order && fgets(line, sizeof(line), order)) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", line);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if ((fd < 0 || syscall(SYS_finit_module, fd, "", 0)) && errno != EEXIST)
			failed(line);
		close(fd);
	}
	if (order)
		fclose(order);
}

/* A record of the kernel's log: numbers, a semicolon, the text; one for each read. */
static void say_kernel_lines(const char *word)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[1024], *text;
	ssize_t len;

	while (fd >= 0 && ((len = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		if (len <= 0)
			continue;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text || !strstr(text, word))
			continue;
		text[1 + strcspn(text + 1, "\n")] = '\0';
		say("kernel: %s\n", text + 1);
	}
	close(fd);
}

static void say_system(void)
{
	unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
	struct utsname name;

	uname(&name);
	__cpuid(0x8000001f, eax, ebx, ecx, edx);
	say("init: a process on Linux %s, %ld processors, CPUID 0x8000001f 0x%x, C-bit %u\n",
	    name.release, sysconf(_SC_NPROCESSORS_ONLN), eax, ebx & 0x3f);
}

static bool request(int fd, unsigned long cmd, const char *name, void *req, void *resp)
{
	struct snp_guest_request_ioctl arg = {
		.msg_version = 1, .req_data = (uintptr_t)req, .resp_data = (uintptr_t)resp,
	};

	if (!ioctl(fd, cmd, &arg))
		return true;
	say("init: %s: %s, the answer is 0x%llx\n", name, strerror(errno),
	    (unsigned long long)arg.exitinfo2);
	return false;
}

static bool derive(int fd, uint64_t fields, struct snp_derived_key_resp *key)
{
	struct snp_derived_key_req req = { .guest_field_select = fields };

	return request(fd, SNP_GET_DERIVED_KEY, "SNP_GET_DERIVED_KEY", &req, key);
}

/* The key is the same each time, and another one if more is mixed in; it stays here. */
static bool derive_key(int fd)
{
	static struct snp_derived_key_resp key, again, other;

	if (!derive(fd, 0, &key) || !derive(fd, 0, &again) || !derive(fd, 1, &other))
		return false;
	if (memcmp(&key, &again, sizeof(key)) || !memcmp(&key, &other, sizeof(key))) {
		say("init: the derived key is not what it was\n");
		return false;
	}
	say("init: has a key derived from the chip's\n");
	return true;
}

/* All guests do it: the owner compares. */
static bool tell_of(const char *secret, size_t len)
{
	char digest[LINUX_DIGEST_CHARS + 1];

	if (!secret_digest(secret, len, digest)) {
		say("init: libcrypto makes no digest\n");
		return false;
	}
	say("init: the SHA-256 of my owner's secret is %s\n", digest);
	send(OWNER_PORT, digest, LINUX_DIGEST_CHARS);
	return true;
}

/* ---- the report by the kernel's other doors: the signature, at its end, is another one ---- */

static bool same(const char *door, const void *report, const void *other)
{
	if (!memcmp(report, other, offsetof(struct snp_report, signature)))
		return true;
	say("init: the report by %s is not that by SNP_GET_REPORT\n", door);
	return false;
}

/* Ends with an entry of zeros. */
static unsigned int certificates(const uint8_t *table)
{
	static const uint8_t end[CERT_ENTRY];
	unsigned int n = 0;

	while ((n + 1) * CERT_ENTRY <= CERTS_BYTES &&
	       memcmp(table + n * CERT_ENTRY, end, CERT_ENTRY))
		n++;
	return n;
}

static bool ask_for_certificates(int fd, const struct snp_report_req *req, const void *report)
{
	static uint8_t table[CERTS_BYTES] __attribute__((aligned(4096)));
	static struct snp_report_resp resp;
	struct snp_ext_report_req ext = {
		.data = *req, .certs_address = (uintptr_t)table, .certs_len = sizeof(table),
	};
	unsigned int n;

	if (!request(fd, SNP_GET_EXT_REPORT, "SNP_GET_EXT_REPORT", &ext, &resp) ||
	    !same("SNP_GET_EXT_REPORT", report, resp.data + REPORT_OFFSET))
		return false;
	n = certificates(table);
	say("init: has the report with certificates, too, of which this host has %u\n", n);
	return true;
}

/* Return: bytes that were read; 0: it failed. */
static size_t report_by_file(const uint8_t *data, void *report, size_t size)
{
	int in = open(TSM_REPORT "/inblob", O_WRONLY | O_CLOEXEC), out;
	ssize_t len = 0, part;

	if (in < 0 || write(in, data, SNP_NONCE_BYTES) != SNP_NONCE_BYTES)
		return 0;
	close(in);
	out = open(TSM_REPORT "/outblob", O_RDONLY | O_CLOEXEC);
	while (out >= 0 && (part = read(out, (uint8_t *)report + len, size - len)) > 0)
		len += part;
	close(out);
	return len;
}

/* Kernels from 6.7 on, for guests of all vendors */
static bool ask_by_configfs(const uint8_t *data, const void *report)
{
	static struct snp_report other;

	mkdir("/config", 0700);
	if (mount("config", "/config", "configfs", 0, NULL) || access(TSM_REPORTS, F_OK)) {
		say("init: this kernel has no reports in configfs\n");
		return true;
	}
	if (mkdir(TSM_REPORT, 0700) ||
	    report_by_file(data, &other, sizeof(other)) != sizeof(other))
		return failed("the report in configfs");
	say("init: has the report from configfs, too\n");
	return same("configfs", report, &other);
}

/* @data: receives REPORT_DATA, which binds the nonce to the key */
static bool hand_out_report(int fd, const uint8_t *key, uint8_t *data)
{
	static struct snp_report_resp resp;
	static struct snp_report_req req;
	uint8_t nonce[SNP_NONCE_BYTES];

	receive(OWNER_PORT, nonce, sizeof(nonce));
	if (snp_seal_report_data(nonce, key, req.user_data)) {
		say("init: libcrypto has failed\n");
		return false;
	}
	memcpy(data, req.user_data, sizeof(req.user_data));
	if (!request(fd, SNP_GET_REPORT, "SNP_GET_REPORT", &req, &resp) ||
	    !ask_for_certificates(fd, &req, resp.data + REPORT_OFFSET) ||
	    !ask_by_configfs(data, resp.data + REPORT_OFFSET))
		return false;
	send(OWNER_PORT, resp.data + REPORT_OFFSET, sizeof(struct snp_report));
	send(OWNER_PORT, key, SNP_SEAL_KEY_BYTES);
	say("init: has handed out its attestation report, and a key for a secret\n");
	return true;
}

static bool open_secret(EVP_PKEY *pair, const uint8_t *data)
{
	static char secret[LINUX_SECRET_BYTES];
	static uint8_t sealed[LINUX_SECRET_BYTES + SNP_SEAL_BYTES];
	enum owner_result ret = OWNER_LENGTH;
	uint32_t len;

	receive(OWNER_PORT, &len, sizeof(len));
	if (len < LINUX_SECRET_BYTES + SNP_SEAL_BYTES) {
		receive(OWNER_PORT, sealed, len);
		ret = snp_seal_open(pair, data, sealed, len, secret);
	}
	if (ret) {
		say("init: the sealed secret cannot be opened, result %d\n", ret);
		return false;
	}
	return tell_of(secret, len - SNP_SEAL_BYTES);
}

static bool get_secret(int fd)
{
	uint8_t key[SNP_SEAL_KEY_BYTES], data[SNP_NONCE_BYTES];
	EVP_PKEY *pair = snp_seal_key(key);
	bool done;

	if (!pair) {
		say("init: libcrypto makes no key\n");
		return false;
	}
	done = hand_out_report(fd, key, data) && open_secret(pair, data);
	EVP_PKEY_free(pair);
	return done;
}

static bool attest(void)
{
	int fd = open("/dev/sev-guest", O_RDWR | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return failed("/dev/sev-guest");
	done = derive_key(fd) && get_secret(fd);
	close(fd);
	return done;
}

/* ---- a guest that has no /dev/sev-guest: the owner has injected a secret ---- */

static bool read_secret(void)
{
	static char secret[LINUX_SECRET_BYTES];
	int fd = open("/secret", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, secret, sizeof(secret) - 1);

	if (len < 0)
		return failed("/secret");
	close(fd);
	return tell_of(secret, strlen(secret));
}

/* ---- a guest that is moved while it runs ---- */

#define COUNT_PAGES	256
#define PAGE_WORDS	512

/* Is there still what was left in the page the last time that it had its turn? */
static bool page_count(uint64_t *page, uint32_t number)
{
	for (int i = 0; i < PAGE_WORDS; i++) {
		if (number >= COUNT_PAGES && page[i] != number - COUNT_PAGES)
			return false;
		page[i] = number;
	}
	return true;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Never ends if all is well. */
static bool count(void)
{
	static uint64_t pages[COUNT_PAGES][PAGE_WORDS];
	const struct timespec pause = { .tv_nsec = COUNT_EVERY_MS * 1000000 };

	for (uint32_t number = 0; page_count(pages[number % COUNT_PAGES], number); number++) {
		const struct linux_count told = {
			.number = number, .monotonic = clock_ns(CLOCK_MONOTONIC),
			.realtime = clock_ns(CLOCK_REALTIME),
		};

		send(OWNER_PORT, &told, sizeof(told));
		nanosleep(&pause, NULL);
	}
	say("init: memory is not what it was\n");
	return false;
}

int main(int argc, char **argv)
{
	bool done;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (ioperm(TEXT_PORT, 2, 1) || ioperm(END_PORT, 1, 1))
		return 1;
	say_system();
	say_kernel_lines("Memory Encryption Features");
	say_kernel_lines("SEV: ");
	if (argc > 1 && !strcmp(argv[1], COUNT_WORD)) {
		done = count();
	} else if (sev_features() & CPUID_SNP) {
		load_modules();
		done = attest();
	} else {
		done = read_secret();
	}
	outb(!done, END_PORT);
	for (;;)
		pause();
}
