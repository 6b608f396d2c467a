# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that need attestation reports: these are made here, and signed by a key whose
# certificate is valid until 2125. To be sourced, with $work and $vectors set.

: "${work:?}" "${vectors:?}"

# Perl writes bytes here; by this variable, which users may have, it would encode them.
unset PERL_UNICODE

# bytes HEX: as they are
bytes()
{
	perl -e 'print pack("H*", $ARGV[0])' "$1"
}

# signature HASH FILE: by the test's key, as the firmware writes it: two numbers of 72 bytes
signature()
{
	openssl dgst "-$1" -sign "$vectors/test_vcek_key.pem" -out "$work/der" "$2" &&
		perl - "$work/der" <<-'END'
		local $/;
		open(my $in, "<", $ARGV[0]) or die;
		my ($r, $s) = unpack("x3 C/a x C/a", <$in>);
		print pack("a72 a72", map { scalar reverse } map { s/^\0+//r } $r, $s);
	END
}

ones=$(printf 'f%.0s' {1..64})
tcb=4818000000000203	# that the test's VCEK is for: microcode 72, SNP 24, TEE 2, boot loader 3

# report NAME [FIELD=VALUE]...: a report with a good signature in $work/NAME. Fields are policy and
# vmpl, the four TCBs, in hexadecimal digits the migration agent and the data.
report()
{
	local name=$1

	shift
	perl - "$work/$name" "agent=$ones" "tcb=$tcb" data=00 "$@" <<-'END' || return
		my ($file, %is) = shift;
		/(.*?)=(.*)/ and $is{$1} = $2 for @ARGV;
		my $tcb = sub { pack("Q<", hex($is{$_[0]} // $is{tcb})) };
		my ($policy, $vmpl) = (hex($is{policy} // "30000"), hex($is{vmpl} // 0));
		my $r = pack("V V Q< x32 V V", 2, 0, $policy, $vmpl, 1);
		$r .= $tcb->("current") . pack("x16 a64", pack("H*", $is{data})) . "\x11" x 48;
		$r .= pack("x128") . "\x77" x 32 . pack("H64", $is{agent});
		$r .= $tcb->("reported") . pack("x24");
		$r .= pack("C64", 0 .. 63) . $tcb->("committed") . pack("x8") . $tcb->("launch");
		open(my $out, ">", $file) or die;
		print $out pack("a672", $r) and close($out) or die;
	END
	signature sha384 "$work/$name" >"$work/numbers" &&
		bytes "$(printf '0%.0s' {1..736})" >>"$work/numbers" &&
		cat "$work/numbers" >>"$work/$name" &&
		[ "$(stat -c %s "$work/$name")" -eq 1184 ]
}
