# SPDX-License-Identifier: GPL-2.0
#
# What the makefiles of the tests and tools have in common: where results go, and what
# is said meanwhile. To be included when OUTPUT has its default.

# Absolute, except where the repository's own path has a space in it, since abspath
# takes that for the end of a path. All makefiles are as deep in the tree, so that the
# same relative path is right for each of them.
ifeq ($(word 2,$(CURDIR)),)
override OUTPUT := $(abspath $(OUTPUT))
endif

MAKEFLAGS += --no-print-directory

# One line for a file; the commands themselves with V=1; nothing with -s.
quiet := $(if $(findstring s,$(firstword -$(MAKEFLAGS))),y)
Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(quiet)$(filter 1,$(V)),:,printf '  %-7s %s\n' $(1) '$(patsubst $(abspath ../..)/%,%,$(2:../../%=%))')
