// SPDX-License-Identifier: GPL-2.0
/*
 * The guest owner, who need not be near the host: session, secret, verify. Between calls
 * everything is in the owner's directory: "tik" and "tek", the keys, raw as other tools
 * want them; "policy"; "pek", the platform's key; "trust", how far that was verified; and for
 * the VMM dh.b64 and session.b64.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <sevfw/measure.h>
#include <sevfw/owner.h>
#include <sevfw/snp_owner.h>
#include <sevfw/snp_report.h>
#include <sevfw/snp_seal.h>
#include <sevfw/vendor.h>

#include "facts.h"
#include "files.h"

#define SECRET_MAX	0x4000	/* all firmware takes that much */

#define NO_PLATFORM	"nothing proves that this is a platform and no program"
#define NO_VENDOR	"nothing proves that this ARK is the vendor's"
#define ARK_UNKNOWN	"without --ark-digest " NO_VENDOR

/* How far the certificates of a platform have been followed. */
enum trust {
	TRUST_NONE,	/* they belong together; anyone can make such a chain */
	TRUST_CA,	/* up to an ARK, whoever made that */
	TRUST_PINNED,	/* up to the ARK that the owner named */
};

static void insist(enum owner_result result, const char *what)
{
	if (result)
		fail(EXIT_NO, "%s: %s", what, owner_strerror(result));
}

/* A file of exactly @len bytes in @dir. */
static void load(const char *dir, const char *name, void *data, size_t len)
{
	const char *path = blob_join(dir, name);
	struct blob blob = blob_read(path);

	if (blob.len != len)
		fail(EXIT_NO, "%s: %zu bytes, not %zu", path, blob.len, len);
	memcpy(data, blob.data, len);
	blob_free(&blob);
}

static void save(const char *dir, const char *name, const void *data, size_t len, bool secret)
{
	blob_write(blob_join(dir, name), data, len, secret);
}

/* The output of "sevfw export": a file with all, or a directory. */
static void load_platform(const char *path, struct sev_cert *pdh, struct sev_chain *chain)
{
	struct stat st;
	struct blob blob;

	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		load(path, "pdh.cert", pdh, sizeof(*pdh));
		load(path, "cert_chain.cert", chain, sizeof(*chain));
		return;
	}
	blob = blob_read(path);
	if (blob.len != sizeof(*pdh) + sizeof(*chain))
		fail(EXIT_NO, "%s: %zu bytes are not the certificates of a platform", path,
		     blob.len);
	memcpy(pdh, blob.data, sizeof(*pdh));
	memcpy(chain, blob.data + sizeof(*pdh), sizeof(*chain));
	blob_free(&blob);
}

/* As they are called in the file "trust". */
static const char * const trust_names[] = {
	[TRUST_NONE] = "none", [TRUST_CA] = "ca", [TRUST_PINNED] = "pinned",
};

/*
 * How far the platform was verified that the keys in @dir are for, which "session" has said
 * once. Without the file, or with one that says anything else, nothing is known.
 */
static enum trust load_trust(const char *dir)
{
	const char *path = blob_join(dir, "trust");
	enum trust trust = TRUST_PINNED;
	struct blob blob;

	if (access(path, F_OK)) {
		warn("%s: has no file \"trust\": " NO_PLATFORM, dir);
		return TRUST_NONE;
	}
	blob = blob_read(path);
	while (trust != TRUST_NONE && strcmp((char *)blob.data, trust_names[trust]))
		trust--;
	blob_free(&blob);
	if (trust == TRUST_NONE)
		warn("%s: the session was made without --ca: " NO_PLATFORM, dir);
	else if (trust == TRUST_CA)
		warn("%s: the session was made without --ark-digest: " NO_VENDOR, dir);
	return trust;
}

void warn_of_trust(const char *dir)
{
	load_trust(dir);
}

/* Return: how far its platform was verified; warns if that is not up to a known root. */
static enum trust load_session(const char *dir, struct owner_session *session)
{
	uint32_t policy;

	load(dir, "policy", &policy, sizeof(policy));
	owner_session_none(session, le32toh(policy));
	load(dir, "tik", session->tik, sizeof(session->tik));
	load(dir, "tek", session->tek, sizeof(session->tek));
	return load_trust(dir);
}

/*
 * Compare with a digest or the like that the owner has from elsewhere. Without the option,
 * nothing is compared; any difference ends the program.
 */
static void compare(const struct args *args, const char *of, const char *name, const void *is,
		    size_t len)
{
	const char *text = option(args, name);
	struct blob want;

	if (!text)
		return;
	want = blob_given(name, text, len);
	if (CRYPTO_memcmp(want.data, is, len))
		fail(EXIT_NO, "%s: its %s is another one", of, name);
	blob_free(&want);
}

/*
 * Ends the program if the platform is not one to trust. Return: how far that trust goes;
 * @ark receives the digest of the vendor's root.
 */
static enum trust verify_platform(const struct args *args, const struct sev_cert *pdh,
				  const struct sev_chain *chain, uint8_t *ark)
{
	const char *ca = option(args, "ca");
	struct vendor_files files;
	struct sev_vendor vendor;
	int ret = ca ? vendor_read(&files, ca) : 0;

	if (!ca && option(args, "ark-digest"))
		fail(EXIT_USAGE, "%s: --ark-digest needs --ca, where the ARK is", args->sub->name);
	if (ret)
		fail(EXIT_NO, "%s: cek.cert and ask_ark.cert: %s", ca, strerror(-ret));
	vendor = vendor_of(&files);
	insist(sev_chain_verify(pdh, chain, ca ? &vendor : NULL), "the platform's certificates");
	if (!ca)
		return TRUST_NONE;
	insist(sev_ark_digest(&vendor, ark), ca);
	compare(args, ca, "ark-digest", ark, SEV_ARK_DIGEST);
	return option(args, "ark-digest") ? TRUST_PINNED : TRUST_CA;
}

/* ---- session ---- */

/*
 * Commands that this policy allows, by which a host can read all memory of the guest. A policy
 * without ES, of which nothing is said, leaves the registers to the host.
 */
static void warn_of_policy(uint32_t policy)
{
	if (!(policy & OWNER_POLICY_NODBG))
		warn("policy %#x: without NODBG (1) the host can read and change the guest by "
		     "debugging commands", policy);
	if (!(policy & OWNER_POLICY_NOKS))
		warn("policy %#x: without NOKS (2) the host can launch a guest of its own with the "
		     "same memory key, and read this one by it", policy);
	if (!(policy & (OWNER_POLICY_NOSEND | OWNER_POLICY_SEV)))
		warn("policy %#x: without NOSEND (8) or SEV (0x20) the host can send the guest to "
		     "keys of its own, and read all of it", policy);
}

static int session_act(const struct args *args)
{
	uint32_t policy = htole32(option_number(args, "policy", UINT32_MAX, OWNER_POLICY_CLOSED));
	const char *dir = args->word[1], *text;
	uint8_t ark[SEV_ARK_DIGEST];
	struct owner_session session;
	enum trust trust;
	struct sev_chain chain;
	struct sev_cert pdh;

	load_platform(args->word[0], &pdh, &chain);
	trust = verify_platform(args, &pdh, &chain, ark);
	if (trust == TRUST_NONE)
		warn("without --ca " NO_PLATFORM);
	else if (trust == TRUST_CA)
		warn(ARK_UNKNOWN);
	warn_of_policy(le32toh(policy));
	insist(owner_session_make(&session, &pdh, le32toh(policy)), "session");
	if (mkdir(dir, 0700) && errno != EEXIST)
		fail(EXIT_NO, "%s: %s", dir, strerror(errno));
	if (!access(blob_join(dir, "tik"), F_OK) || !access(blob_join(dir, "tek"), F_OK))
		fail(EXIT_NO, "%s has the keys of another session, which would be lost: "
		     "name another directory, or remove it", dir);
	/* what is left there was said of another platform; the new one comes last */
	if (unlink(blob_join(dir, "trust")) && errno != ENOENT)
		fail(EXIT_NO, "%s: %s", blob_join(dir, "trust"), strerror(errno));
	save(dir, "policy", &policy, sizeof(policy), false);
	save(dir, "tik", session.tik, sizeof(session.tik), true);
	save(dir, "tek", session.tek, sizeof(session.tek), true);
	save(dir, "pek", &chain.pek, sizeof(chain.pek), false);
	text = base64(&session.dh_cert, sizeof(session.dh_cert));
	save(dir, "dh.b64", text, strlen(text), false);
	text = base64(session.blob, sizeof(session.blob));
	save(dir, "session.b64", text, strlen(text), false);
	save(dir, "trust", trust_names[trust], strlen(trust_names[trust]), false);
	owner_session_wipe(&session);
	if (!option(args, "policy"))
		warn("policy %#x: give the VMM the same", le32toh(policy));
	return 0;
}

static const struct option_row session_options[] = {
	{ "policy", "N", "policy of the guest (0x0b: neither debugging, nor a shared key, nor "
		"migration); with bit 2, 0x0f, a SEV-ES guest" },
	{ "ca", "DIR", "DIR/cek.cert and DIR/ask_ark.cert, from the vendor, must vouch for it" },
	{ "ark-digest", "HEX", "SHA-384 that the ARK in --ca must have" },
	{ NULL, NULL, NULL }
};

const struct subcommand session_sub = {
	.name = "session",
	.args = "PLATFORM DIR",
	.brief = "make the keys for a launch",
	.text = "Verifies the certificates in PLATFORM, which \"sevfw export\" has written, and "
		"makes a session for a launch there. dh.b64 and session.b64 in DIR are for the "
		"VMM (QEMU: dh-cert-file, session-file); tik and tek are secret; trust is how far "
		"the certificates were followed, of which \"verify\" and \"secret\" remind. The "
		"VMM must have the same policy: the firmware refuses another with "
		"BAD_MEASUREMENT.\n\n"
		"Without NOSEND (8) or SEV (0x20) in the policy the host can send the guest to "
		"keys of its own and read it, without NOKS (2) launch a guest with the same memory "
		"key; of these, and of a policy without NODBG (1), you are warned. Without ES (4), "
		"of which nothing warns, it can read and change the guest's registers.",
	.example = "  sevfw export platform.certs                   # on the host\n"
		   "  sevfw session --ca=vendor platform.certs owner  # at the owner's",
	.options = session_options,
	.least = 2,
	.most = 2,
	.act = session_act,
};

/* ---- secret ---- */

static int secret_act(const struct args *args)
{
	struct blob measure = blob_given("MEASUREMENT", args->word[1], OWNER_MEASURE_SIZE);
	struct blob secret = blob_read(args->word[2]);
	uint8_t payload[SECRET_MAX] = { 0 }, header[OWNER_HEADER_SIZE];
	struct json_object *facts = facts_new();
	struct owner_session session;
	size_t len = (secret.len + 15) & ~15ul;

	if (!secret.len || len > sizeof(payload))
		fail(EXIT_USAGE, "%s: %zu bytes; a secret has 1 to %d", args->word[2], secret.len,
		     SECRET_MAX);
	memcpy(payload, secret.data, secret.len);
	load_session(args->word[0], &session);
	insist(owner_secret_seal(&session, measure.data, payload, payload, len, header), "secret");
	facts_text(facts, "header", base64(header, sizeof(header)));
	facts_text(facts, "payload", base64(payload, len));
	owner_session_wipe(&session);
	blob_free(&secret);
	blob_free(&measure);
	facts_print(facts, args->json);
	return 0;
}

static const struct key_row secret_keys[] = {
	{ "header", "text", "packet header, in base64" },
	{ "payload", "text", "the sealed secret, in base64" },
	{ NULL, NULL, NULL }
};

const struct subcommand secret_sub = {
	.name = "secret",
	.args = "DIR MEASUREMENT FILE",
	.brief = "seal a secret for a guest",
	.text = "Seals what is in FILE (\"-\": standard input) for the guest whose session is in "
		"DIR and "
		"whose MEASUREMENT, in base64, hexadecimal digits or @FILE, was verified before. "
		"It is "
		"filled up with zeros to 16 bytes. Only that guest's firmware can open it.",
	.keys = secret_keys,
	.example = "  echo key | sevfw secret owner \"$measurement\" -",
	.least = 3,
	.most = 3,
	.act = secret_act,
};

/* ---- verify ---- */

enum kind { KIND_CHAIN, KIND_MEASUREMENT, KIND_SEV_REPORT, KIND_SNP_REPORT };

/* Options of each kind of "verify". */
static const struct {
	const char *name;
	const char *options[10];	/* ends with NULL */
} kinds[] = {
	[KIND_CHAIN] = { "the certificates of a platform", { "ca", "oca-digest", "ark-digest" } },
	[KIND_MEASUREMENT] = { "a measurement", { "owner", "digest", "firmware-version" } },
	[KIND_SEV_REPORT] = { "a report of SEV", { "owner", "digest", "nonce" } },
	[KIND_SNP_REPORT] = { "a report of SNP", { "digest", "nonce", "leaf", "chain",
		"ark-digest", "policy", "agent", "vmpl", "min-tcb" } },
};

/* An option of another kind would be a condition that nobody looks at. */
static void insist_on_options(const struct args *args, enum kind kind)
{
	for (const struct option_row *row = args->sub->options; row->name; row++) {
		const char * const *own = kinds[kind].options;

		if (!option(args, row->name))
			continue;
		while (*own && strcmp(*own, row->name))
			own++;
		if (!*own)
			fail(EXIT_USAGE, "%s %s: --%s says nothing of %s", args->sub->name,
			     args->word[0], row->name, kinds[kind].name);
	}
}

static const char *needed(const struct args *args, const char *name)
{
	const char *value = option(args, name);

	if (!value)
		fail(EXIT_USAGE, "%s %s: needs --%s", args->sub->name, args->word[0], name);
	return value;
}

/* Who owns the platform; somebody else's is as good to the firmware as the platform itself. */
static void add_owner(const struct args *args, const struct sev_cert *oca,
		      struct json_object *facts)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	if (EVP_Digest(oca, SEV_CERT_SIGNED, digest, NULL, EVP_sha256(), NULL) != 1)
		fail(EXIT_NO, "SHA-256 cannot be computed");
	compare(args, "platform", "oca-digest", digest, sizeof(digest));
	facts_hex(facts, "oca_sha256", digest, sizeof(digest));
}

static void verify_chain(const struct args *args, struct json_object *facts)
{
	static const char * const verified[] = {
		[TRUST_NONE] = "the certificates belong together; without --ca anyone can have "
			"made them",
		[TRUST_CA] = "the ARK in --ca vouches for this platform; is it the vendor's?",
		[TRUST_PINNED] = "the vendor vouches for this platform",
	};
	uint8_t ark[SEV_ARK_DIGEST];
	struct sev_chain chain;
	struct sev_cert pdh;
	enum trust trust;

	insist_on_options(args, KIND_CHAIN);
	load_platform(args->word[1], &pdh, &chain);
	trust = verify_platform(args, &pdh, &chain, ark);
	if (trust == TRUST_CA)
		warn(ARK_UNKNOWN);
	facts_text(facts, "verified", verified[trust]);
	add_owner(args, &chain.oca, facts);
	if (trust != TRUST_NONE)
		facts_hex(facts, "ark_sha384", ark, sizeof(ark));
}

static struct owner_platform parse_version(const struct args *args)
{
	const char *text = needed(args, "firmware-version");
	unsigned int major, minor, build;
	char rest;

	if (sscanf(text, "%u.%u.%u%c", &major, &minor, &build, &rest) != 3 || major > 255 ||
	    minor > 255 || build > 255)
		fail(EXIT_USAGE, "--firmware-version=%s: must be MAJOR.MINOR.BUILD", text);
	return (struct owner_platform){ major, minor, build };
}

static void verify_measurement(const struct args *args, struct json_object *facts)
{
	static const char * const verified[] = {
		[TRUST_NONE] = "the guest was loaded with that, says a platform which may be a "
			"program: the session was made without --ca",
		[TRUST_CA] = "the guest was loaded with that, under the owner's policy, if the ARK "
			"of the session is the vendor's",
		[TRUST_PINNED] = "the guest was loaded with that, under the owner's policy",
	};
	struct owner_session session;
	struct owner_platform platform;
	struct blob measure, digest;
	enum trust trust;

	insist_on_options(args, KIND_MEASUREMENT);
	measure = blob_given("MEASUREMENT", args->word[1], OWNER_MEASURE_SIZE);
	digest = blob_given("--digest", needed(args, "digest"), OWNER_HASH_SIZE);
	platform = parse_version(args);
	trust = load_session(needed(args, "owner"), &session);
	insist(owner_measure_check(&session, &platform, digest.data, measure.data), "measurement");
	owner_session_wipe(&session);
	facts_text(facts, "verified", verified[trust]);
}

static void verify_sev_report(const struct args *args, const struct blob *report,
			      struct json_object *facts)
{
	static const char * const verified[] = {
		[TRUST_NONE] = "the holder of the PEK says so of that guest, and may be a program: "
			"the session was made without --ca",
		[TRUST_CA] = "the platform's firmware has launched that guest, if the ARK of the "
			"session is the vendor's",
		[TRUST_PINNED] = "the platform's firmware has launched that guest",
	};
	struct owner_session session;
	struct blob nonce, digest;
	struct sev_cert pek;
	const char *owner;
	enum trust trust;

	insist_on_options(args, KIND_SEV_REPORT);
	owner = needed(args, "owner");
	nonce = blob_given("--nonce", needed(args, "nonce"), OWNER_NONCE_SIZE);
	digest = blob_given("--digest", needed(args, "digest"), OWNER_HASH_SIZE);
	trust = load_session(owner, &session);
	load(owner, "pek", &pek, sizeof(pek));
	insist(owner_report_check(&pek, report->data, nonce.data, session.policy, digest.data),
	       "report");
	owner_session_wipe(&session);
	facts_text(facts, "verified", verified[trust]);
}

/* Without --policy only what keeps the host out is taken. */
static void insist_on_policy(const struct args *args, const struct snp_report *report)
{
	const unsigned long long policy = le64toh(report->policy);

	if (option_number(args, "policy", UINT64_MAX, policy) != policy)
		fail(EXIT_NO, "report: the guest has another policy, %#llx", policy);
	if (option(args, "policy"))
		return;
	if (policy & SNP_POLICY_DEBUG)
		fail(EXIT_NO, "report: the policy %#llx lets the host read and change the guest; "
		     "if that is meant, give --policy", policy);
	if (policy & SNP_POLICY_AGENT && !option(args, "agent"))
		fail(EXIT_NO, "report: the policy %#llx allows a migration agent, which gets the "
		     "guest's keys in clear; if that is meant, give --policy, or --agent", policy);
}

/*
 * The agent is a guest that the host launches. It may export the keys of those guests that it
 * is the agent of, so that whoever wrote its program can read them.
 */
static void insist_on_agent(const struct args *args, const struct snp_report *report)
{
	uint8_t none[sizeof(report->report_id_ma)];
	char text[2 * sizeof(none) + 1];

	memset(none, 0xff, sizeof(none));
	if (option(args, "agent")) {
		compare(args, "report", "agent", report->report_id_ma, sizeof(none));
		return;
	}
	if (!memcmp(report->report_id_ma, none, sizeof(none)))
		return;
	for (size_t i = 0; i < sizeof(none); i++)
		sprintf(text + 2 * i, "%02x", report->report_id_ma[i]);
	fail(EXIT_NO, "report: the guest has a migration agent, which gets its keys in clear; if "
	     "that is meant, give --agent=%s", text);
}

/* Another level than 0 is a program that the one at level 0 has loaded, and is not measured. */
static void insist_on_vmpl(const struct args *args, const struct snp_report *report)
{
	const uint32_t vmpl = le32toh(report->vmpl);
	const uint32_t want = option_number(args, "vmpl", SNP_VMPL_MAX, 0);

	if (vmpl == SNP_VMPL_HOST)
		fail(EXIT_NO, "report: the host has asked for it, not the guest");
	if (vmpl != want)
		fail(EXIT_NO, "report: VMPL %u of the guest has asked for it, not %u", vmpl, want);
}

/*
 * The TCB of --min-tcb. No other form of it is taken: without 0x it would be a decimal number,
 * and with fewer digits the lower components would come first.
 */
static uint64_t least_tcb(const char *text)
{
	if (strncmp(text, "0x", 2) || strlen(text) != 18 ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != 16)
		fail(EXIT_USAGE, "--min-tcb=%s: must be 16 hexadecimal digits after 0x, as \"sevfw "
		     "decode\" prints the TCBs of a report", text);
	return strtoull(text, NULL, 16);
}

/* A signature tells nothing of known faults of the firmware that has made it. */
static void insist_on_tcb(const struct args *args, const struct snp_report *report)
{
	const struct {
		const char *name;
		uint64_t tcb;
	} rows[] = {
		{ "reported", le64toh(report->reported_tcb) },
		{ "committed", le64toh(report->committed_tcb) },
		{ "current", le64toh(report->current_tcb) },
		{ "launch", le64toh(report->launch_tcb) },
	};
	const char *text = option(args, "min-tcb");
	const uint64_t least = text ? least_tcb(text) : 0;

	if (!text)
		warn("without --min-tcb firmware with known faults is taken, too");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!snp_tcb_covers(rows[i].tcb, least))
			fail(EXIT_NO, "report: its %s TCB, 0x%016llx, is below --min-tcb in "
			     "one of its bytes", rows[i].name, (unsigned long long)rows[i].tcb);
}

/* Ends the program unless all but the REPORT_DATA is as it must be. @ark: as above */
static void insist_on_report(const struct args *args, const struct snp_report *report,
			     uint8_t *ark)
{
	struct blob leaf = blob_read(needed(args, "leaf")), ca = blob_read(needed(args, "chain"));

	insist(snp_leaf_verify(leaf.data, leaf.len, ca.data, ca.len, time(NULL), ark),
	       "certificates");
	insist(snp_report_verify(report, leaf.data, leaf.len), "report");
	insist_on_policy(args, report);
	insist_on_agent(args, report);
	insist_on_vmpl(args, report);
	insist_on_tcb(args, report);
	compare(args, "report", "digest", report->measurement, sizeof(report->measurement));
	compare(args, "report", "ark-digest", ark, SNP_DIGEST_BYTES);
	if (!option(args, "ark-digest"))
		warn(ARK_UNKNOWN);
	blob_free(&leaf);
	blob_free(&ca);
}

/* Claims go as far as what was compared. @facts receives the text. */
static void add_snp_verdict(const struct args *args, struct json_object *facts)
{
	const bool digest = option(args, "digest"), nonce = option(args, "nonce");
	const bool pinned = option(args, "ark-digest");
	char text[200];

	snprintf(text, sizeof(text), "the firmware of that chip says so%s%s%s%s",
		 digest ? " of a guest with that digest" : "", nonce ? "" : ", now or earlier",
		 pinned ? "" : ", if the ARK in --chain is the vendor's",
		 digest ? "" : "; give --digest to know of which guest");
	facts_text(facts, "verified", text);
}

static void verify_snp_report(const struct args *args, const struct blob *blob,
			      struct json_object *facts)
{
	uint8_t ark[SNP_DIGEST_BYTES];
	struct snp_report report;

	insist_on_options(args, KIND_SNP_REPORT);
	memcpy(&report, blob->data, sizeof(report));
	insist_on_report(args, &report, ark);
	if (!option(args, "nonce"))
		warn("without --nonce an old report is taken, too");
	compare(args, "report", "nonce", report.report_data, sizeof(report.report_data));
	add_snp_verdict(args, facts);
	facts_id(facts, "policy", le64toh(report.policy), 1);
	facts_number(facts, "vmpl", le32toh(report.vmpl));
	facts_id(facts, "reported_tcb", le64toh(report.reported_tcb), 16);
	facts_id(facts, "committed_tcb", le64toh(report.committed_tcb), 16);
	facts_id(facts, "current_tcb", le64toh(report.current_tcb), 16);
	facts_id(facts, "launch_tcb", le64toh(report.launch_tcb), 16);
	facts_hex(facts, "report_id_ma", report.report_id_ma, sizeof(report.report_id_ma));
	facts_hex(facts, "measurement", report.measurement, sizeof(report.measurement));
	facts_hex(facts, "ark_sha384", ark, sizeof(ark));
}

static void verify_report(const struct args *args, struct json_object *facts)
{
	struct blob report = blob_read(args->word[1]), decoded;

	if (report.len != OWNER_REPORT_SIZE && report.len != sizeof(struct snp_report) &&
	    (blob_try((char *)report.data, OWNER_REPORT_SIZE, &decoded) ||
	     blob_try((char *)report.data, sizeof(struct snp_report), &decoded)))
		report = decoded;
	if (report.len == OWNER_REPORT_SIZE)
		verify_sev_report(args, &report, facts);
	else if (report.len == sizeof(struct snp_report))
		verify_snp_report(args, &report, facts);
	else
		fail(EXIT_NO, "%s: %zu bytes; a report has %d (SEV) or %zu (SNP)", args->word[1],
		     report.len, OWNER_REPORT_SIZE, sizeof(struct snp_report));
}

static int verify_act(const struct args *args)
{
	static const struct {
		const char *name;
		void (*act)(const struct args *args, struct json_object *facts);
	} acts[] = {
		{ "chain", verify_chain }, { "measurement", verify_measurement },
		{ "report", verify_report },
	};
	struct json_object *facts = facts_new();

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(args->word[0], acts[i].name))
			continue;
		acts[i].act(args, facts);
		facts_print(facts, args->json);
		return 0;
	}
	fail(EXIT_USAGE, "verify %s: must be chain, measurement or report", args->word[0]);
}

static const struct option_row verify_options[] = {
	{ "owner", "DIR", "measurement, SEV: directory of \"sevfw session\"" },
	{ "digest", "HEX", "launch digest that is expected, as \"sevfw measure\" prints it" },
	{ "firmware-version", "V", "MAJOR.MINOR.BUILD of the platform, for a measurement" },
	{ "nonce", "HEX", "nonce (SEV) or report data (SNP) that the report must have" },
	{ "ca", "DIR", "chain: DIR/cek.cert and DIR/ask_ark.cert, from the vendor" },
	{ "oca-digest", "HEX", "chain: SHA-256 that the platform's owner must have, of what is "
		"signed in its OCA certificate, as \"sevfw decode\" prints it" },
	{ "leaf", "FILE", "SNP: VCEK or VLEK certificate, DER" },
	{ "chain", "FILE", "SNP: ASK (or ASVK) and ARK, PEM" },
	{ "ark-digest", "HEX", "SHA-384 that the ARK must have: SNP, of its DER; SEV, of what "
		"follows the ASK in ask_ark.cert" },
	{ "policy", "N", "SNP: policy that the guest must have; without it, any that allows "
		"neither debugging nor a migration agent" },
	{ "agent", "HEX", "SNP: report id of the migration agent that the guest must have; without "
		"it, the guest must have none" },
	{ "vmpl", "N", "SNP: privilege level of the guest that must have asked for it (0)" },
	{ "min-tcb", "N", "SNP: what each TCB of the report must have at least, byte by byte; as "
		"\"sevfw decode\" prints them" },
	{ NULL, NULL, NULL }
};

static const struct key_row verify_keys[] = {
	{ "verified", "text", "what is sure now" },
	{ "policy?", "text", "SNP: policy of the guest" },
	{ "vmpl?", "integer", "SNP: privilege level that has asked for the report" },
	{ "{reported_tcb,committed_tcb}?", "text", "SNP: 16 digits after 0x" },
	{ "{current_tcb,launch_tcb}?", "text", "SNP: 16 digits after 0x" },
	{ "report_id_ma?", "text", "SNP: report id of its migration agent; all ones: it has none" },
	{ "measurement?", "text", "SNP: its launch digest, in hexadecimal digits" },
	{ "oca_sha256?", "text", "chain: digest of the owner's certificate, without signatures" },
	{ "ark_sha384?", "text",
		"digest of the vendor's root certificate (chain with --ca, SNP report)" },
	{ NULL, NULL, NULL }
};

const struct subcommand verify_sub = {
	.name = "verify",
	.args = "chain PLATFORM | measurement MEASUREMENT | report FILE",
	.brief = "is that a platform, a launch, a report to trust?",
	.text = "chain: do the certificates that \"sevfw export\" has written into PLATFORM belong "
		"together, and does the vendor vouch for them?\n\n"
		"measurement: is MEASUREMENT (base64, hexadecimal digits, @FILE), which the VMM "
		"says "
		"that LAUNCH_MEASURE has delivered, that of a guest with this digest, launched "
		"with "
		"the owner's session?\n\n"
		"report: is FILE, an attestation report of SEV or of SNP, signed by the "
		"firmware "
		"of the platform, and about what is expected?\n\n"
		"A chain ends in the ARK, and says nothing unless that is the vendor's: "
		"--ark-digest is its digest, from a place that you trust. Firmware of SNP with known "
		"faults makes reports that are as well signed: --min-tcb refuses what is older.\n\n"
		"Each kind has options of its own, and takes no others. The exit status is 0 for "
		"yes and 1 for no, with the reason on standard error.",
	.keys = verify_keys,
	.example = "  sevfw verify chain platform.certs --ca=vendor\n"
		   "  sevfw verify measurement \"$measurement\" --owner=owner \\\n"
		   "      --firmware-version=1.55.21 --digest=$(sevfw measure OVMF_CODE.fd "
			"--json | jq -r .digest)\n"
		   "  sevfw verify report attestation.bin --leaf=vcek.der --chain=ask_ark.pem \\\n"
		   "      --ark-digest=$ark_digest --min-tcb=0x4818000000000004 --digest=$digest",
	.options = verify_options,
	.least = 2,
	.most = 2,
	.act = verify_act,
};

/* ---- seal ---- */

static int seal_act(const struct args *args)
{
	struct blob given = blob_read(args->word[0]), key = blob_read(args->word[1]);
	struct blob nonce = blob_given("--nonce", needed(args, "nonce"), SNP_NONCE_BYTES);
	struct blob secret = blob_read(args->word[2]);
	static uint8_t sealed[SNP_SEAL_MAX + SNP_SEAL_BYTES];
	uint8_t ark[SNP_DIGEST_BYTES];
	struct snp_report report;

	if (given.len != sizeof(report))
		fail(EXIT_NO, "%s: %zu bytes; a report of SNP has %zu", args->word[0], given.len,
		     sizeof(report));
	if (key.len != SNP_SEAL_KEY_BYTES)
		fail(EXIT_NO, "%s: %zu bytes; a guest's key has %d", args->word[1], key.len,
		     SNP_SEAL_KEY_BYTES);
	if (!secret.len || secret.len > SNP_SEAL_MAX)
		fail(EXIT_USAGE, "%s: %zu bytes; a secret has 1 to %d", args->word[2], secret.len,
		     SNP_SEAL_MAX);
	memcpy(&report, given.data, sizeof(report));
	needed(args, "digest");
	insist_on_report(args, &report, ark);
	insist(snp_seal(&report, nonce.data, key.data, secret.data, secret.len, sealed),
	       "nonce and key");
	blob_write("-", sealed, secret.len + SNP_SEAL_BYTES, false);
	return 0;
}

static const struct option_row seal_options[] = {
	{ "nonce", "HEX", "nonce of 64 bytes that the guest was sent, or @FILE" },
	{ "digest", "HEX", "launch digest that the guest must have" },
	{ "leaf", "FILE", "VCEK or VLEK certificate, DER" },
	{ "chain", "FILE", "ASK (or ASVK) and ARK, PEM" },
	{ "ark-digest", "HEX", "SHA-384 that the ARK must have, of its DER" },
	{ "policy", "N", "policy that the guest must have; without it, any that allows neither "
		"debugging nor a migration agent" },
	{ "agent", "HEX", "report id of the migration agent that the guest must have; without it, "
		"the guest must have none" },
	{ "vmpl", "N", "privilege level of the guest that must have asked for it (0)" },
	{ "min-tcb", "N", "what each TCB of the report must have at least, byte by byte; as "
		"\"sevfw decode\" prints them" },
	{ NULL, NULL, NULL }
};

const struct subcommand seal_sub = {
	.name = "seal",
	.args = "REPORT KEY FILE",
	.brief = "seal a secret for an SNP guest that runs",
	.text = "Seals what is in FILE (\"-\": standard input) for the guest that has told the "
		"attestation REPORT, and a public KEY of X25519, to standard output; if the report "
		"is good in every respect. Its REPORT_DATA must be the SHA-512 of the nonce and the "
		"key, one behind the other: otherwise somebody on the way has exchanged the key.\n\n"
		"The guest gets the secret by <sevfw/snp_seal.h>, which says what a sealed secret "
		"is; sev-init does so (\"sevfw launch --line\").",
	.example = "  head -c 64 /dev/urandom >nonce.bin\n"
		   "  sevfw seal --nonce=@nonce.bin --digest=$digest --leaf=vcek.der \\\n"
		   "      --chain=ask_ark.pem --ark-digest=$ark_digest --min-tcb=$min_tcb \\\n"
		   "      report.bin guest.key disk.key >sealed.bin",
	.options = seal_options,
	.least = 3,
	.most = 3,
	.act = seal_act,
};
