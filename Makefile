# SPDX-License-Identifier: GPL-2.0
#
# For people; kbuild reads Kbuild. Every goal does what it needs first: packages
# (asked for by name if they cannot be installed), kernel, modules, programs.

# Kernel to build for and to boot; default: the newest whose headers are installed, but for
# "make install" the running one, if its headers are
KVER ?=
# The shell must not see what is in it, so recipes name it only.
export KVER INSTALL_PATH KIND SOAK_MINUTES FUZZ_MINUTES COVER_MINUTES
VERSION = $${KVER:+"$$KVER"}
KERNEL = $${KVER:+--kernel="$$KVER"}
# Kind of guest for "make demo-linux": snp, sev-es or sev
KIND ?= snp
demo-linux-snp: override KIND := snp
# Minutes that "make soak" takes, and "make fuzz" for each target; default: their own
SOAK_MINUTES ?=
FUZZ_MINUTES ?=
# and "make cover"
COVER_MINUTES ?=
# Options of scripts/box for "make shell"
BOX ?=
# Options of selftests/run_kselftest.sh, and tests, for "make kselftest"
KSELFTEST ?=

help:
	@echo 'SEV firmware pass-through: kernel modules, software PSP, and a SEV host in a box.'
	@echo
	@echo '  make run        launch a SEV guest in the box, and see it attested'
	@echo '  make run-snp    launch an SNP guest by pass-through and on stock drivers, and compare'
	@echo '  make demo-linux  boot Linux as an SNP guest, by pass-through and on stock drivers,'
	@echo '                  verify its reports, and compare; KIND=sev-es or sev: as a SEV-ES or'
	@echo '                  plain SEV guest, to which a secret is sent'
	@echo '  make shell      a prompt on a virtual SEV host'
	@echo '  make demo-migrate  move a running guest between two virtual SEV hosts'
	@echo '  make check      all tests'
	@echo '  make check-long  tests that take too long for that: a thousand SNP guests, stock'
	@echo '                  drivers held against themselves, 6.1 with all that make check'
	@echo '                  runs on the second kernel only, more versions of the firmware'
	@echo '  make prove      by model checkers: the life of ASIDs in every order of events, and the'
	@echo '                  checks of blocks for every block; takes 10 minutes of a processor'
	@echo '  make check-clients  programs of others for SEV: snphost administers the platform, and the sev'
	@echo '                  crate judges the reports of guests launched by pass-through'
	@echo '  make check-tree  the same in kernels that look for bugs; takes 40 to 45 minutes'
	@echo '  make check-kernels  the same on the newest kernel that Debian has'
	@echo '  make soak       guests of each kind, faults of the firmware and kills, and then nothing may'
	@echo '                  be left; SOAK_MINUTES=N (10, at most 60); runs add up'
	@echo '  make fuzz       AFL++ on what user space reads from others; FUZZ_MINUTES=N for each of'
	@echo '                  five targets (5)'
	@echo '  make cover      programs of calls, led by the code of the drivers that they reach;'
	@echo '                  COVER_MINUTES=N (10); runs add up'
	@echo '  make kselftest  those tests that also run on real SEV hosts: here, if this is'
	@echo '                  one, otherwise in the box; KSELFTEST="--destructive" permits'
	@echo '                  to change the keys of the platform'
	@echo
	@echo '  make hardware-report  compare what is taken for granted of SEV hosts with this one, or'
	@echo '                  with the box; changes nothing, writes an archive without secrets'
	@echo '  make bench      our driver against the stock one, within one boot; BENCH=side: whole pieces'
	@echo '                  of work for SNP, with what each costs'
	@echo '  make install    install modules, rules for modprobe and udev, UAPI header, sevfw'
	@echo '  make install-lib  libsevfw with its headers and libsevfw.pc, and the UAPI header'
	@echo '  make install-box  sev-box, which runs a command in the box from any directory'
	@echo '  make kselftest-install  the tests in a directory, to copy to a SEV host'
	@echo '  make uninstall  remove them'
	@echo '  make deb        Debian packages of the same, in build/deb'
	@echo '  make dist       an archive of the sources, in build/dist'
	@echo
	@echo '  make setup      install the Debian packages, get the kernel for the box'
	@echo '  make modules    build psp_sev.ko, kvm_sev_glue.ko, sev_cpu_sim.ko'
	@echo '  make programs   build the software PSP and the tools'
	@echo '  make docs       write the documented table of commands from the driver'
	@echo '  make lint       sparse, checkpatch, shellcheck, kernel-doc and the like'
	@echo '  make clean      remove all that was built; kernels stay'
	@echo '  make distclean  remove build/'
	@echo
	@echo '  KVER=VERSION    the kernel to build for and to boot ("uname -r")'
	@echo '  BOX="OPTIONS"   for make shell, see scripts/box --help'

setup:
	@scripts/setup
	@scripts/fetch-kernel $(VERSION) >/dev/null

# Where the modules are is of interest only if they were asked for.
modules: setup
	@scripts/build-modules --progress $(VERSION) $(if $(filter modules,$(MAKECMDGOALS)),,>/dev/null)

programs: setup
	@$(MAKE) --no-print-directory -j"$$(nproc)" -C selftests/swpsp
	@$(MAKE) --no-print-directory -j"$$(nproc)" -C tools/sevfw
	@$(MAKE) --no-print-directory -j"$$(nproc)" -C tools/guest

# The status of the last command in a shell is no error of make's.
shell: modules programs
	@scripts/box $(KERNEL) $(BOX); case $$? in 124 | 125) exit 1 ;; esac

run: modules programs
	@scripts/run $(KERNEL)

# A kernel that can be a host for SNP: the last series of the list, unless told otherwise.
run-snp: programs
	@$(MAKE) --no-print-directory -C selftests/box counter
	@scripts/build-modules --progress $${KVER:-$$(basename "$$(scripts/fetch-kernel "$$(tail -n 1 scripts/kernels)")")} >/dev/null
	@scripts/run-snp $(KERNEL)

demo-linux demo-linux-snp: programs
	@$(MAKE) --no-print-directory -C selftests/box counter
	@scripts/build-modules --progress $${KVER:-$$(basename "$$(scripts/fetch-kernel "$$(tail -n 1 scripts/kernels)")")} >/dev/null
	@scripts/demo-linux --kind="$$KIND" $(KERNEL)

demo-migrate: modules programs
	@scripts/demo-migrate $(KERNEL)

check: modules programs
	@scripts/check $(KERNEL)

# On a SEV host nothing of the box is needed.
kselftest:
	@test -c /dev/sev || $(MAKE) --no-print-directory modules programs
	@scripts/setup tests
	@scripts/kselftest $(KERNEL) $(KSELFTEST)

# On a SEV host nothing of the box is needed.
hardware-report:
	@test -c /dev/sev || $(MAKE) --no-print-directory modules programs
	@scripts/setup tests
	@$(MAKE) --no-print-directory -s -C tools/sevfw
	@$(MAKE) --no-print-directory -s -C tools/guest
	@scripts/hardware-report

bench: modules programs
	@$(MAKE) --no-print-directory -s -C selftests/bench
	@scripts/bench $(KERNEL)

check-long: programs
	@scripts/check-long

# On the kernel that can be a host for SNP, the last series of the list, unless told otherwise
check-clients: programs
	@scripts/check --kernel="$${KVER:-$$(tail -n 1 scripts/kernels)}" snphost sev-crate

prove: setup
	@scripts/prove
	@scripts/prove-core

soak: programs
	@scripts/soak $(KERNEL)

fuzz: setup
	@scripts/fuzz

cover: programs
	@scripts/cover $(KERNEL)

check-tree: programs
	@scripts/check-tree

check-kernels: programs
	@scripts/check-kernels

# Neither is it where modules are only built.
install:
	@scripts/setup tool
	@scripts/install --build $(VERSION)

install-lib:
	@scripts/setup tests
	@scripts/install --part=lib --part=dev

install-box:
	@scripts/setup
	@scripts/install --part=box

kselftest-install:
	@scripts/setup tests
	@scripts/kselftest-install $${INSTALL_PATH:+"$$INSTALL_PATH"}

uninstall:
	@scripts/install --uninstall

deb: modules
	@scripts/deb $(VERSION)

dist:
	@scripts/dist

docs:
	@scripts/docs

lint: setup
	@scripts/lint

clean:
	$(RM) -r $(filter-out build/apt build/kernel build/root build/tree,$(wildcard build/*))

distclean:
	$(RM) -r build

.PHONY: help setup modules programs shell run run-snp demo-linux demo-linux-snp demo-migrate \
	check check-long check-clients prove soak fuzz cover check-tree check-kernels kselftest \
	hardware-report bench kselftest-install install install-lib install-box uninstall deb dist docs \
	lint clean distclean
