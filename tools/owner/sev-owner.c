// SPDX-License-Identifier: GPL-2.0
/*
 * sev-owner: the guest owner at the command line, for VMMs that take and give
 * files and base64, as QEMU does.
 *
 * Everything between two calls is in a directory: "tik" and "tek", the keys, raw
 * as other tools want them; "policy"; and for the VMM "dh.b64" and "session.b64".
 * Beside these "pdh.b64", the platform's key, for comparing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include <sevfw/launch.h>
#include <sevfw/vendor.h>

static const char usage[] =
"Usage: sev-owner make DIR POLICY [VENDOR-DIR]\n"
"       sev-owner measure DIR FIRMWARE API-MAJOR API-MINOR BUILD MEASUREMENT\n"
"       sev-owner secret DIR MEASUREMENT TEXT\n"
"       sev-owner nonce\n"
"       sev-owner report DIR FIRMWARE NONCE REPORT\n"
"The owner of a SEV guest.\n"
"\n"
"make verifies the platform's certificates (up to the vendor's, if that is given\n"
"in VENDOR-DIR/cek.cert and ask_ark.cert), and makes a session for it: dh.b64 and\n"
"session.b64 in DIR are for the VMM, tik and tek are secret.\n"
"measure tells whether MEASUREMENT is that of a guest that begins with FIRMWARE.\n"
"secret seals TEXT for that guest, and prints two lines: header, payload.\n"
"nonce prints one; report tells whether REPORT is about that guest and that NONCE.\n"
"MEASUREMENT, NONCE, REPORT and what is printed are base64.\n"
"\n"
"Exit code: 0 for yes or done; 1 for no or failed; 2 for a wrong argument.\n";

#define TEXT_MAX	4096

static void die(const char *what, const char *why)
{
	fprintf(stderr, "sev-owner: %s: %s\n", what, why);
	exit(1);
}

static void insist(enum owner_result result, const char *what)
{
	if (result)
		die(what, owner_strerror(result));
}

/* Files and base64 */

static FILE *open_file(const char *dir, const char *name, const char *mode)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
	file = fopen(path, mode);
	if (!file)
		die(path, strerror(errno));
	return file;
}

static void save(const char *dir, const char *name, const void *data, size_t len)
{
	FILE *file = open_file(dir, name, "we");

	if (fwrite(data, 1, len, file) != len || fclose(file))
		die(name, strerror(errno));
}

static void load(const char *dir, const char *name, void *data, size_t len)
{
	FILE *file = open_file(dir, name, "re");

	if (fread(data, 1, len, file) != len)
		die(name, "too short");
	fclose(file);
}

static const char *encode(const void *data, size_t len)
{
	static char text[2 * TEXT_MAX + 4];

	EVP_EncodeBlock((unsigned char *)text, data, len);
	return text;
}

static void save_encoded(const char *dir, const char *name, const void *data, size_t len)
{
	const char *text = encode(data, len);

	save(dir, name, text, strlen(text));
}

/* Exactly @len bytes, or it is the end. */
static void decode(const char *text, void *data, size_t len)
{
	static uint8_t bytes[TEXT_MAX];
	size_t chars = strlen(text), pad = 0;
	int got = -1;

	while (pad < chars && text[chars - 1 - pad] == '=')
		pad++;
	if (chars <= sizeof(bytes))
		got = EVP_DecodeBlock(bytes, (const unsigned char *)text, chars);
	if (got < 0 || got - pad != len)
		die(text, "not base64 of that length");
	memcpy(data, bytes, len);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (!*text || *end || value > UINT32_MAX)
		die(text, "not a number");
	return value;
}

static void load_session(const char *dir, struct owner_session *session)
{
	owner_session_none(session, 0);
	load(dir, "policy", &session->policy, sizeof(session->policy));
	load(dir, "tik", session->tik, sizeof(session->tik));
	load(dir, "tek", session->tek, sizeof(session->tek));
}

/* The expected content of the guest before it begins. */
static void digest_of(const char *firmware, uint8_t *ld)
{
	struct owner_digest *digest = owner_digest_new();
	FILE *file = open_file("", firmware, "re");
	char chunk[65536];
	size_t len;

	while (digest && (len = fread(chunk, 1, sizeof(chunk), file)))
		insist(owner_digest_update(digest, chunk, len), firmware);
	fclose(file);
	if (!digest)
		die(firmware, "out of memory");
	insist(owner_digest_final(digest, ld), firmware);
}

/* The calls */

static void make(char **arg)
{
	struct vendor_files files;
	struct sev_vendor vendor;
	struct launch l;
	int ret = launch_open(&l, &launch_fw, number(arg[1]));

	if (!ret)
		ret = launch_certs(&l);
	if (!ret && arg[2]) {
		ret = vendor_read(&files, arg[2]);
		vendor = vendor_of(&files);
	}
	if (!ret)
		ret = launch_trust(&l, arg[2] ? &vendor : NULL);
	if (!ret)
		ret = launch_session(&l);
	if (ret)
		die("platform", launch_error(&l, ret));
	mkdir(arg[0], 0700);
	save(arg[0], "policy", &l.session.policy, sizeof(l.session.policy));
	save(arg[0], "tik", l.session.tik, sizeof(l.session.tik));
	save(arg[0], "tek", l.session.tek, sizeof(l.session.tek));
	save(arg[0], "pek", &l.chain.pek, sizeof(l.chain.pek));
	save_encoded(arg[0], "pdh.b64", &l.pdh, sizeof(l.pdh));
	save_encoded(arg[0], "dh.b64", &l.session.dh_cert, sizeof(l.session.dh_cert));
	save_encoded(arg[0], "session.b64", l.session.blob, sizeof(l.session.blob));
	launch_close(&l);
}

static void measure(char **arg)
{
	uint8_t ld[OWNER_HASH_SIZE], measurement[OWNER_MEASURE_SIZE];
	struct owner_platform platform = { number(arg[2]), number(arg[3]), number(arg[4]) };
	struct owner_session session;

	load_session(arg[0], &session);
	digest_of(arg[1], ld);
	decode(arg[5], measurement, sizeof(measurement));
	insist(owner_measure_check(&session, &platform, ld, measurement), "measurement");
}

static void secret(char **arg)
{
	uint8_t measurement[OWNER_MEASURE_SIZE], header[OWNER_HEADER_SIZE];
	uint8_t payload[TEXT_MAX] = { 0 };
	struct owner_session session;
	size_t len = (strlen(arg[2]) + 16) & ~15ul;

	if (len > sizeof(payload))
		die("secret", "too long");
	memcpy(payload, arg[2], strlen(arg[2]));
	load_session(arg[0], &session);
	decode(arg[1], measurement, sizeof(measurement));
	insist(owner_secret_seal(&session, measurement, payload, payload, len, header), "secret");
	puts(encode(header, sizeof(header)));
	puts(encode(payload, len));
}

static void nonce(char **arg)
{
	uint8_t bytes[OWNER_NONCE_SIZE];

	(void)arg;
	insist(owner_random(bytes, sizeof(bytes)), "nonce");
	puts(encode(bytes, sizeof(bytes)));
}

static void report(char **arg)
{
	uint8_t ld[OWNER_HASH_SIZE], mnonce[OWNER_NONCE_SIZE], data[OWNER_REPORT_SIZE];
	struct owner_session session;
	struct sev_cert pek;

	load_session(arg[0], &session);
	load(arg[0], "pek", &pek, sizeof(pek));
	digest_of(arg[1], ld);
	decode(arg[2], mnonce, sizeof(mnonce));
	decode(arg[3], data, sizeof(data));
	insist(owner_report_check(&pek, data, mnonce, session.policy, ld), "report");
}

static const struct call {
	const char *name;
	void (*act)(char **arg);
	int least, most;	/* arguments */
} calls[] = {
	{ "make", make, 2, 3 },
	{ "measure", measure, 6, 6 },
	{ "secret", secret, 3, 3 },
	{ "nonce", nonce, 0, 0 },
	{ "report", report, 4, 4 },
};

int main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct call *call = &calls[i];

		if (strcmp(argv[1], call->name) || argc - 2 < call->least ||
		    argc - 2 > call->most)
			continue;
		call->act(argv + 2);
		return 0;
	}
	fputs("sev-owner: try --help\n", stderr);
	return 2;
}
