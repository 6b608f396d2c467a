// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of an SNP guest: judges the report, and seals a secret for a Linux guest. The
 * owner trusts the vendor's root key (ARK), and what the files of the guest say it must
 * measure. Everything else is shown: the chain to the chip's key, the signature of the report,
 * its TCB, and in it the owner's nonce (of a Linux guest with its key), the measurement,
 * and the policy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../guest/guest.h"
#include "../sevfw/files.h"
#include "line.h"
#include "snp.h"

#define FILE_MAX	0x10000

static int refuse(struct snp_run *r, const char *why)
{
	r->refused = why;
	return -EKEYREJECTED;
}

/* Certificates that the vendor's server offers for this chip; the ARK is the owner's own. */
int snp_verify_signature(struct snp_run *r)
{
	static uint8_t leaf[FILE_MAX], chain[2 * FILE_MAX];
	uint8_t ark[SNP_DIGEST_BYTES];
	size_t leaf_len, ask_len, ark_len;
	int ret;

	ret = file_load(blob_join(r->opt->ca, "vcek.der"), leaf, sizeof(leaf), &leaf_len);
	if (!ret)
		ret = file_load(blob_join(r->opt->ca, "ask.pem"), chain, FILE_MAX, &ask_len);
	if (!ret)
		ret = file_load(blob_join(r->opt->ca, "ark.pem"), chain + ask_len, FILE_MAX,
				&ark_len);
	if (ret)
		return ret;
	if (snp_leaf_verify(leaf, leaf_len, chain, ask_len + ark_len, time(NULL), ark))
		return refuse(r, "the vendor's certificates do not make a chain");
	if (snp_report_verify(&r->told.report, leaf, leaf_len))
		return refuse(r, "this chip's key, at this TCB, has not signed the report");
	return 0;
}

int snp_verify_content(struct snp_run *r)
{
	const struct snp_report *report = &r->told.report;
	int ret = snp_launch_expect_vcpu(&r->l);

	if (ret)
		return ret;
	if (!r->opt->kernel && memcmp(report->report_data, r->nonce, sizeof(r->nonce)))
		return refuse(r, "the report is not an answer to this nonce");
	if (memcmp(report->measurement, r->l.digest, sizeof(r->l.digest)))
		return refuse(r, "the guest is another one than was to be launched");
	if (report->policy != SNP_POLICY_PLAIN || report->vmpl)
		return refuse(r, "the guest has another policy, or the report another VMPL");
	if (report->reported_tcb != report->launch_tcb ||
	    report->committed_tcb != report->current_tcb)
		return refuse(r, "the firmware can be rolled back behind what is reported");
	return 0;
}

static int seal_secret(struct snp_run *r)
{
	const size_t len = strlen(r->opt->secret);

	r->answer.len = (uint32_t)(len + SNP_SEAL_BYTES);
	switch (snp_seal(&r->told.report, r->nonce, r->told.key, r->opt->secret, len,
			 r->answer.sealed)) {
	case OWNER_OK:
		return 0;
	case OWNER_REPORT:
		return refuse(r, "the report is not an answer to this nonce, with this key");
	case OWNER_KEY:
		return refuse(r, "the guest's key is none");
	default:
		return -EINVAL;
	}
}

static int hand_over_report(struct snp_run *r)
{
	line_send(r->opt->line, "report.bin", &r->told.report, sizeof(r->told.report));
	line_send(r->opt->line, "guest.key", r->told.key, sizeof(r->told.key));
	return 0;
}

/* The guest has room for a byte less. */
static int receive_sealed(struct snp_run *r)
{
	size_t len = 0;
	int ret = line_receive_sealed(r->opt->line, r->answer.sealed,
				      sizeof(r->answer.sealed) - 1, &len, linux_over);

	r->answer.len = (uint32_t)len;
	return ret == -EKEYREJECTED ? refuse(r, "the owner does not trust this guest") : ret;
}

int snp_check_told(struct snp_run *r)
{
	if (r->opt->line)
		line_send(r->opt->line, "told.bin", r->told.digest, strlen(r->told.digest));
	else if (!linux_has_secret(r->told.digest, r->opt->secret))
		return refuse(r, "the guest has not got the secret");
	return 0;
}

/* ---- a Linux guest waits ---- */

static const struct snp_step owner_steps[] = {
	{ "owner: verify the signature",	snp_verify_signature },
	{ "owner: verify what the report says",	snp_verify_content },
	{ "owner: seal a secret",		seal_secret },
	{ NULL, NULL }
};

static const struct snp_step line_steps[] = {
	{ "host: hand the report over",		hand_over_report },
	{ "host: wait for the owner",		receive_sealed },
	{ NULL, NULL }
};

/* The guest waits for an answer to its report. There is no second one. */
int snp_ask_owner(struct linux_guest *guest)
{
	struct snp_run *r = (void *)((char *)guest - offsetof(struct snp_run, linux_guest));
	int ret;

	if (guest->inbox != r->nonce || guest->outbox_len != offsetof(struct told, digest))
		return refuse(r, "the guest asks for what it must not get");
	ret = snp_go(r, r->opt->line ? line_steps : owner_steps);
	/* a guest that has ended meanwhile has a reason of its own, which is to be told */
	if (ret && linux_over())
		*r->failure = (struct vmm_failure){ 0 };
	guest->inbox = (const uint8_t *)&r->answer;
	guest->inbox_len = offsetof(struct answer, sealed) + r->answer.len;
	guest->inbox_read = 0;
	return ret;
}

/* ---- certificates ---- */

static uint64_t mailbox_word(const struct snp_run *r, unsigned int at)
{
	uint64_t word;

	memcpy(&word, r->l.vm.memory + MAILBOX_PAGE + at, sizeof(word));
	return word;
}

/* Certificates are a convenience: an owner who has none of the host's has the vendor's own. */
void snp_tell_certificates(const struct snp_run *r)
{
	static const uint8_t none[CERTS_ENTRY];
	const uint64_t error = mailbox_word(r, MAILBOX_CERTS_ERROR);

	if (mailbox_word(r, MAILBOX_CERTS_REFUSED))
		printf("the host does not hand out certificates, error %#llx\n",
		       (unsigned long long)error);
	else if (error)
		printf("the host's certificates need %llu pages, or it has failed: %#llx\n",
		       (unsigned long long)mailbox_word(r, MAILBOX_CERTS_NEEDED),
		       (unsigned long long)error);
	else if (!memcmp(r->l.vm.memory + CERTS_FIRST, none, sizeof(none)))
		puts("the host has no certificates for the guest");
	else
		puts("the host has handed out certificates to the guest");
}
