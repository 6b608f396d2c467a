// SPDX-License-Identifier: GPL-2.0
/*
 * decode: files and bytes that have to do with SEV, for people. The kind of a file can
 * be told from its length or its beginning. Nothing that is decoded here is believed:
 * checking signatures is the matter of "verify".
 */
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <sevfw/cert.h>
#include <sevfw/owner.h>
#include <sevfw/snp_report.h>

#include "block.h"
#include "files.h"
#include "host.h"

/* ---- SEV certificates ---- */

static const char *usage_name(uint32_t usage)
{
	static const struct {
		uint32_t usage;
		const char *name;
	} names[] = {
		{ SEV_USAGE_ARK, "ARK" }, { SEV_USAGE_ASK, "ASK" }, { SEV_USAGE_NONE, "none" },
		{ SEV_USAGE_OCA, "OCA" }, { SEV_USAGE_PEK, "PEK" }, { SEV_USAGE_PDH, "PDH" },
		{ SEV_USAGE_CEK, "CEK" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].usage == usage)
			return names[i].name;
	return "unknown";
}

static const char *algo_name(uint32_t algo)
{
	static const struct {
		uint32_t algo;
		const char *name;
	} names[] = {
		{ SEV_ALGO_NONE, "none" }, { SEV_ALGO_RSA_SHA256, "RSA, SHA-256" },
		{ SEV_ALGO_ECDSA_SHA256, "ECDSA, SHA-256" },
		{ SEV_ALGO_ECDH_SHA256, "ECDH, SHA-256" },
		{ SEV_ALGO_RSA_SHA384, "RSA, SHA-384" },
		{ SEV_ALGO_ECDSA_SHA384, "ECDSA, SHA-384" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].algo == algo)
			return names[i].name;
	return "unknown";
}

static void add_digest(struct json_object *facts, const char *key, const void *data, size_t len)
{
	uint8_t digest[32];

	if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
		fail(EXIT_NO, "libcrypto failed");
	facts_hex(facts, key, digest, sizeof(digest));
}

static void add_sev_cert(struct json_object *facts, const struct sev_cert *cert)
{
	struct json_object *list;
	EVP_PKEY *key = NULL;
	char text[48];

	facts_text(facts, "kind", "SEV certificate");
	facts_text(facts, "usage", usage_name(le32toh(cert->usage)));
	facts_text(facts, "algorithm", algo_name(le32toh(cert->algo)));
	snprintf(text, sizeof(text), "%u.%u", cert->api_major, cert->api_minor);
	facts_text(facts, "api_version", text);
	facts_text(facts, "key_is", owner_strerror(sev_cert_key(cert, &key)));
	EVP_PKEY_free(key);
	add_digest(facts, "sha256_of_body", cert, SEV_CERT_SIGNED);
	list = facts_list(facts, "signatures");
	for (int i = 0; i < 2; i++) {
		struct json_object *row = facts_row(list);

		facts_text(row, "by", usage_name(le32toh(cert->sig[i].usage)));
		facts_text(row, "algorithm", algo_name(le32toh(cert->sig[i].algo)));
	}
}

static bool decode_sev_cert(struct json_object *facts, const struct blob *blob)
{
	const struct sev_cert *cert = (const struct sev_cert *)blob->data;

	if (blob->len != SEV_CERT_SIZE || le32toh(cert->version) != 1)
		return false;
	add_sev_cert(facts, cert);
	return true;
}

static bool decode_chain(struct json_object *facts, const struct blob *blob)
{
	const struct sev_chain *chain = (const struct sev_chain *)blob->data;

	if (blob->len != sizeof(*chain) || le32toh(chain->pek.version) != 1)
		return false;
	facts_text(facts, "kind", "chain of a SEV platform");
	add_sev_cert(facts_object(facts, "pek"), &chain->pek);
	add_sev_cert(facts_object(facts, "oca"), &chain->oca);
	add_sev_cert(facts_object(facts, "cek"), &chain->cek);
	return true;
}

/* ---- reports ---- */

static bool decode_sev_report(struct json_object *facts, const struct blob *blob)
{
	uint32_t policy;

	if (blob->len != OWNER_REPORT_SIZE)
		return false;
	memcpy(&policy, blob->data + OWNER_NONCE_SIZE + OWNER_HASH_SIZE, sizeof(policy));
	facts_text(facts, "kind", "SEV attestation report");
	facts_hex(facts, "nonce", blob->data, OWNER_NONCE_SIZE);
	facts_hex(facts, "launch_digest", owner_report_digest(blob->data), OWNER_HASH_SIZE);
	facts_id(facts, "policy", le32toh(policy), 1);
	return true;
}

static void add_version(struct json_object *facts, const char *key, const uint8_t version[4])
{
	char text[32];

	snprintf(text, sizeof(text), "%u.%u build %u", version[2], version[1], version[0]);
	facts_text(facts, key, text);
}

static void add_snp_identities(struct json_object *facts, const struct snp_report *r)
{
	facts_hex(facts, "family_id", r->family_id, sizeof(r->family_id));
	facts_hex(facts, "image_id", r->image_id, sizeof(r->image_id));
	facts_hex(facts, "report_data", r->report_data, sizeof(r->report_data));
	facts_hex(facts, "measurement", r->measurement, sizeof(r->measurement));
	facts_hex(facts, "host_data", r->host_data, sizeof(r->host_data));
	facts_hex(facts, "id_key_digest", r->id_key_digest, sizeof(r->id_key_digest));
	facts_hex(facts, "author_key_digest", r->author_key_digest, sizeof(r->author_key_digest));
	facts_hex(facts, "report_id", r->report_id, sizeof(r->report_id));
	facts_hex(facts, "report_id_ma", r->report_id_ma, sizeof(r->report_id_ma));
	facts_hex(facts, "chip_id", r->chip_id, sizeof(r->chip_id));
}

static bool decode_snp_report(struct json_object *facts, const struct blob *blob)
{
	static const char * const signer[8] = {
		[SNP_SIGNER_VCEK] = "VCEK", [SNP_SIGNER_VLEK] = "VLEK", [SNP_SIGNER_NONE] = "none",
	};
	struct snp_report r;

	if (blob->len != sizeof(r))
		return false;
	memcpy(&r, blob->data, sizeof(r));
	facts_text(facts, "kind", "SNP attestation report");
	facts_number(facts, "version", le32toh(r.version));
	facts_number(facts, "guest_svn", le32toh(r.guest_svn));
	facts_id(facts, "policy", le64toh(r.policy), 1);
	facts_bool(facts, "debugging", le64toh(r.policy) >> 19 & 1);
	facts_signed(facts, "vmpl", (int32_t)le32toh(r.vmpl));
	facts_text(facts, "signed_by", signer[SNP_SIGNER(le32toh(r.key))] ?: "unknown");
	facts_id(facts, "platform_info", le64toh(r.platform_info), 1);
	facts_id(facts, "current_tcb", le64toh(r.current_tcb), 16);
	facts_id(facts, "reported_tcb", le64toh(r.reported_tcb), 16);
	facts_id(facts, "committed_tcb", le64toh(r.committed_tcb), 16);
	facts_id(facts, "launch_tcb", le64toh(r.launch_tcb), 16);
	add_version(facts, "firmware", r.current);
	add_version(facts, "committed_firmware", r.committed);
	add_snp_identities(facts, &r);
	return true;
}

/* ---- X.509 ---- */

static void add_name(struct json_object *facts, const char *key, const X509_NAME *name)
{
	char text[512] = "";
	BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(bio, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
	facts_text(facts, key, text);
}

static void add_time(struct json_object *facts, const char *key, const ASN1_TIME *time)
{
	struct tm tm;
	char text[32] = "?";

	if (ASN1_TIME_to_tm(time, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	facts_text(facts, key, text);
}

static void add_x509(struct json_object *row, X509 *x)
{
	uint8_t *der = NULL;
	int len = i2d_X509(x, &der);

	add_name(row, "subject", X509_get_subject_name(x));
	add_name(row, "issuer", X509_get_issuer_name(x));
	add_time(row, "from", X509_get0_notBefore(x));
	add_time(row, "to", X509_get0_notAfter(x));
	if (len > 0)
		add_digest(row, "sha256", der, len);
	OPENSSL_free(der);
}

static bool decode_x509(struct json_object *facts, const struct blob *blob)
{
	BIO *bio = BIO_new_mem_buf(blob->data, (int)blob->len);
	struct json_object *list = json_object_new_array();
	const unsigned char *at = blob->data;
	X509 *x = d2i_X509(NULL, &at, (long)blob->len);

	if (!x && bio)
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	while (x) {
		add_x509(facts_row(list), x);
		X509_free(x);
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	}
	BIO_free(bio);
	if (!json_object_array_length(list)) {
		json_object_put(list);
		return false;
	}
	facts_text(facts, "kind", "X.509 certificates");
	json_object_object_add(facts, "certificates", list);
	return true;
}

/* ---- logs of commands ---- */

/* A terminal must not obey what a log says. */
static void defuse(char *line)
{
	for (; *line; line++)
		if (*line != '\t' && !isprint((unsigned char)*line))
			*line = '?';
}

static bool decode_log(struct json_object *facts, const struct blob *blob)
{
	struct json_object *list = json_object_new_array();
	unsigned int line = 0, refused = 0;
	struct traced traced;
	char *save, *text = strdup((char *)blob->data);

	for (char *at = text ? strtok_r(text, "\n", &save) : NULL; at;
	     at = strtok_r(NULL, "\n", &save)) {
		struct json_object *row;

		line++;
		defuse(at);
		if (!traced_parse(at, &traced))
			continue;
		row = facts_row(list);
		facts_number(row, "line", line);
		traced_facts(row, &traced);
		refused += traced.status != 0;
	}
	free(text);
	if (!json_object_array_length(list)) {
		json_object_put(list);
		return false;
	}
	facts_text(facts, "kind", "log of commands");
	facts_number(facts, "lines", line);
	facts_number(facts, "refused", refused);
	json_object_object_add(facts, "log", list);
	return true;
}

/* ---- blocks ---- */

static void decode_block(struct json_object *facts, const char *name, const struct blob *blob)
{
	const struct command *command = command_named(name);

	if (blob->len > command->size)
		fail(EXIT_USAGE, "decode: %zu bytes are more than the %zu of a block of %s",
		     blob->len, command->size, command->name);
	facts_text(facts, "kind", "block");
	facts_text(facts, "command", command->name);
	facts_number(facts, "size", command->size);
	block_facts(facts_list(facts, "fields"), command, blob->data, blob->len);
}

static bool decode_any(struct json_object *facts, const struct blob *blob)
{
	return decode_sev_cert(facts, blob) || decode_chain(facts, blob) ||
	       decode_sev_report(facts, blob) || decode_snp_report(facts, blob) ||
	       decode_x509(facts, blob) || decode_log(facts, blob);
}

/* As it is, or as what its hexadecimal digits or base64 say. */
static bool decode_encoded(struct json_object *facts, const struct blob *blob)
{
	static const size_t sizes[] = {
		SEV_CERT_SIZE, sizeof(struct sev_chain), OWNER_REPORT_SIZE,
		sizeof(struct snp_report),
	};
	struct blob decoded;
	bool found = false;

	for (size_t i = 0; !found && i < ARRAY_SIZE(sizes); i++) {
		if (!blob_try((char *)blob->data, sizes[i], &decoded))
			continue;
		found = decode_any(facts, &decoded);
		blob_free(&decoded);
	}
	return found;
}

static int decode_act(const struct args *args)
{
	const char *command = option(args, "command");
	struct json_object *facts = facts_new();
	struct blob blob = { NULL, 0 };

	if (command) {
		/* digits are bytes, anything else is a file */
		if (*args->word[0] == '@' || !blob_try(args->word[0], 0, &blob))
			blob = blob_read(args->word[0] + (*args->word[0] == '@'));
		decode_block(facts, command, &blob);
	} else {
		blob = blob_read(args->word[0]);
		if (!decode_any(facts, &blob) && !decode_encoded(facts, &blob))
			fail(EXIT_NO, "%s: neither a certificate, a report nor a log of commands, "
			     "as far as its %zu bytes tell; a block needs --command",
			     args->word[0], blob.len);
	}
	blob_free(&blob);
	facts_print(facts, args->json);
	return 0;
}

static const struct option_row decode_options[] = {
	{ "command", "COMMAND", "it is a block of that command; FILE may be hexadecimal digits" },
	{ NULL, NULL, NULL }
};

static const struct key_row decode_keys[] = {
	{ "kind", "text", "what it is; the other keys depend on it" },
	{ "usage?", "text", "ARK, ASK, OCA, PEK, PDH, CEK, none or unknown" },
	{ "algorithm?", "text", "of its key" },
	{ "api_version?", "text", "\"1.55\"" },
	{ "key_is?", "text", "\"no error\", or what is wrong with the key" },
	{ "sha256_of_body?", "text", "hexadecimal digits" },
	{ "signatures?[].by", "text", "usage of the key that has signed" },
	{ "signatures?[].algorithm", "text", "of the signature" },
	{ "{pek,oca,cek}?.kind", "text", "SEV certificate" },
	{ "{pek,oca,cek}?.usage", "text", "ARK, ASK, OCA, PEK, PDH, CEK, none or unknown" },
	{ "{pek,oca,cek}?.algorithm", "text", "of its key" },
	{ "{pek,oca,cek}?.api_version", "text", "\"1.55\"" },
	{ "{pek,oca,cek}?.key_is", "text", "\"no error\", or what is wrong with the key" },
	{ "{pek,oca,cek}?.sha256_of_body", "text", "hexadecimal digits" },
	{ "{pek,oca,cek}?.signatures[].by", "text", "usage of the key that has signed" },
	{ "{pek,oca,cek}?.signatures[].algorithm", "text", "of the signature" },
	{ "nonce?", "text", "SEV report: hexadecimal digits" },
	{ "launch_digest?", "text", "hexadecimal digits" },
	{ "policy?", "text", "\"0x1\", of a report of SEV or SNP" },
	{ "version?", "integer", "SNP report: of its form" },
	{ "guest_svn?", "integer", "security version that the guest's owner has given it" },
	{ "debugging?", "boolean", "does the policy let the host read the guest?" },
	{ "vmpl?", "integer", "privilege level of who has asked; -1 for the hypervisor" },
	{ "signed_by?", "text", "VCEK, VLEK, none or unknown" },
	{ "platform_info?", "text", "\"0x1\"" },
	{ "{current_tcb,reported_tcb}?", "text", "16 digits after 0x" },
	{ "{committed_tcb,launch_tcb}?", "text", "16 digits after 0x" },
	{ "{firmware,committed_firmware}?", "text", "\"1.55 build 21\"" },
	{ "{family_id,image_id,report_data}?", "text", "hexadecimal digits" },
	{ "{measurement,host_data,id_key_digest}?", "text", "hexadecimal digits" },
	{ "{author_key_digest,report_id,chip_id}?", "text", "hexadecimal digits" },
	{ "report_id_ma?", "text",
		"report id of the guest's migration agent; all ones: it has none" },
	{ "certificates?[].subject", "text", "X.509" },
	{ "certificates?[].issuer", "text", "X.509" },
	{ "certificates?[].from", "text", "first day, \"2025-01-31\"" },
	{ "certificates?[].to", "text", "last day" },
	{ "certificates?[].sha256?", "text", "of the certificate" },
	{ "lines?", "integer", "log: number of its lines" },
	{ "refused?", "integer", "commands that the firmware has refused" },
	{ "log?[].line", "integer", "number of the line" },
	{ "log?[].command", "text", "its name" },
	{ "log?[].about", "text", "handle and ASID of the guest" },
	{ "log?[].status", "text", "name and number" },
	{ "log?[].queue_us?", "integer",
		"time that the command waited for others, in microseconds" },
	{ "log?[].firmware_us?", "integer", "time that the firmware took" },
	{ "log?[].meaning", "text", "of the command, or of the refusal" },
	{ "command?", "text", "block: its command" },
	{ "size?", "integer", "bytes of a whole block" },
	{ "fields?[].offset", "text", "\"0x08\": where the field is in the block" },
	{ "fields?[].bytes", "text", "hexadecimal digits" },
	{ "fields?[].field", "text", "its name in the header" },
	{ "fields?[].value", "text", "as a number; \"\" if it is an array" },
	{ "fields?[].use", "text", "in, out, in,out, driver or zero" },
	{ "fields?[].meaning", "text", "of the field" },
	{ NULL, NULL, NULL }
};

const struct subcommand decode_sub = {
	.name = "decode",
	.args = "FILE | -",
	.brief = "what is in a certificate, a report, a log, a block",
	.text = "Prints what is in FILE: a SEV certificate or the chain of a platform, in the "
		"firmware's own "
		"form; an attestation report of SEV or of SNP; X.509 certificates, PEM or DER; a "
		"log of "
		"commands, of the tracepoint psp_command or of the software PSP (--transcript). "
		"Binary, "
		"hexadecimal or base64. With --command the bytes are a block of that command.\n\n"
		"Nothing is verified: that is what \"sevfw verify\" does.",
	.keys = decode_keys,
	.example = "  sevfw decode ask_ark.pem\n  sevfw decode report.bin --json | jq -r "
		".measurement\n"
		   "  sevfw decode --command=LAUNCH_MEASURE 00000000000000000010000000000000\n"
		   "  scripts/box --transcript=/tmp/t ...; sevfw decode /tmp/t",
	.options = decode_options,
	.least = 1,
	.most = 1,
	.act = decode_act,
};
