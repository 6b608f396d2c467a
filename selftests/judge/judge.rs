// SPDX-License-Identifier: GPL-2.0
//! Judges an SNP guest's attestation report by the sev crate, which shares no code with the
//! project: the vendor's chain, the report's signature, the data in it. Then the crate must
//! refuse what was changed on its way, or its approval means nothing.
use std::{env, fs, io, process};

use sev::certs::snp::{ca, Certificate, Chain, Verifiable};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser;

const USAGE: &str = "\
Usage: judge VENDOR OTHER REPORT DATA

VENDOR is a directory with the ark.pem, ask.pem and vcek.der of the platform that has signed the
file REPORT, OTHER one with those of a platform of another vendor. DATA is a file with the
64 bytes that the owner and the guest have agreed on. Prints TAP; exit code 0 if no test fails.
";

/// What the signature covers, and then its two numbers, of 72 bytes each. The rest is reserved.
const SIGNED: usize = 0x2a0;
const JUDGED: usize = SIGNED + 2 * 72;

/// Where a report has versions of the TCB. Of each the crate forgets four bytes, which are
/// reserved, and judges the report as if they were zero.
const TCBS: [usize; 4] = [0x38, 0x180, 0x1e0, 0x1f0];

fn is_judged(at: usize) -> bool {
    !TCBS.iter().any(|tcb| (tcb + 2..tcb + 6).contains(&at))
}

fn chain(dir: &str, vek: &[u8]) -> io::Result<Chain> {
    let ark = fs::read(format!("{dir}/ark.pem"))?;
    let ask = fs::read(format!("{dir}/ask.pem"))?;

    Ok(Chain { ca: ca::Chain::from_pem(&ark, &ask)?, vek: Certificate::from_der(vek)? })
}

fn read_chain(dir: &str) -> io::Result<Chain> {
    chain(dir, &fs::read(format!("{dir}/vcek.der"))?)
}

/// The crate's verdict on the chain, and on the report by the key at its end
fn judge(chain: &Chain, report: &[u8]) -> io::Result<AttestationReport> {
    let report = AttestationReport::from_bytes(report)?;

    (chain, &report).verify()?;
    Ok(report)
}

/// Runs `accepts` with one bit changed in each of these `bytes` of `good` in turn. Fails if one
/// of them is accepted.
fn each_flip(
    good: &[u8],
    bytes: impl Iterator<Item = usize>,
    accepts: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    let mut bad = good.to_vec();
    let mut count = 0;

    for at in bytes {
        let bit = 1 << (at % 8);

        bad[at] ^= bit;
        if accepts(&bad) {
            return Err(io::Error::other(format!("{bit:#x} of byte {at:#x} may change")));
        }
        bad[at] ^= bit;
        count += 1;
    }
    println!("# {count} times one bit was changed, and each time it was refused");
    Ok(())
}

fn refused<T>(verdict: io::Result<T>) -> io::Result<()> {
    match verdict {
        Ok(_) => Err(io::Error::other("is accepted")),
        Err(why) => {
            println!("# the crate says: {why}");
            Ok(())
        }
    }
}

struct Tap {
    passed: u32,
    failed: u32,
}

impl Tap {
    fn verdict(&mut self, name: &str, outcome: io::Result<()>) {
        let number = self.passed + self.failed + 1;

        match outcome {
            Ok(()) => {
                println!("ok {number} {name}");
                self.passed += 1;
            }
            Err(why) => {
                println!("not ok {number} {name}\n#  {why}");
                self.failed += 1;
            }
        }
    }

    fn totals(&self) -> i32 {
        println!("1..{}", self.passed + self.failed);
        print!("# Totals: pass:{} fail:{}", self.passed, self.failed);
        println!(" xfail:0 xpass:0 skip:0 error:0");
        (self.failed != 0).into()
    }
}

fn has_data(report: &AttestationReport, data: &[u8]) -> io::Result<()> {
    if report.report_data[..] == *data {
        return Ok(());
    }
    Err(io::Error::other("the report has other data"))
}

/// What is accepted, and then what must not be
fn run(vendor: &str, other: &str, report: &[u8], data: &[u8]) -> io::Result<i32> {
    let mut tap = Tap { passed: 0, failed: 0 };
    let (ours, theirs) = (read_chain(vendor)?, read_chain(other)?);
    let mixed = Chain { ca: theirs.ca.clone(), vek: ours.vek.clone() };
    let vek = fs::read(format!("{vendor}/vcek.der"))?;
    let accepts_report = |bad: &[u8]| judge(&ours, bad).is_ok();
    let accepts_vek = |bad: &[u8]| {
        chain(vendor, bad).and_then(|chain| chain.verify().map(drop)).is_ok()
    };

    println!("TAP version 13");
    if report.len() < JUDGED {
        return Err(io::Error::other("the report is too short"));
    }
    tap.verdict("the vendor's chain, to the chip's key", ours.verify().map(drop));
    tap.verdict("the other vendor's is one, too", theirs.verify().map(drop));
    tap.verdict("the report is signed by that key", judge(&ours, report).map(drop));
    tap.verdict(
        "it has what the owner expects in it",
        judge(&ours, report).and_then(|report| has_data(&report, data)),
    );
    tap.verdict(
        "no report in which one bit is changed",
        each_flip(report, (0..JUDGED).filter(|&at| is_judged(at)), accepts_report),
    );
    tap.verdict(
        "no certificate of the chip in which one bit is changed",
        each_flip(&vek, 0..vek.len(), accepts_vek),
    );
    tap.verdict("no report by another vendor's chip", refused(judge(&theirs, report)));
    tap.verdict("no other vendor above this chip's key", refused(judge(&mixed, report)));
    Ok(tap.totals())
}

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let read = |path: &str| {
        fs::read(path).unwrap_or_else(|why| {
            println!("Bail out! {path}: {why}");
            process::exit(1)
        })
    };

    if args.len() != 4 {
        print!("{USAGE}");
        process::exit(if args == ["--help"] { 0 } else { 2 });
    }
    match run(&args[0], &args[1], &read(&args[2]), &read(&args[3])) {
        Ok(status) => process::exit(status),
        Err(why) => println!("Bail out! {why}"),
    }
    process::exit(1)
}
