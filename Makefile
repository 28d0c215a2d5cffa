# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0

# `make test` and `make demo` need a Swift 6.3 toolchain on Debian 12 and nothing else: what is missing, they install.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := build

CONFIGURATION ?= debug
SWIFT ?= swift
N ?= 200
SEED ?=
CASE ?=
KEEP ?=
WORK ?=
MINUTES ?= 10
FLIPS ?= 600
SEEDS ?= 100000
ONLY ?=
CASES ?=
LETTERS ?=
JSON ?=

# What the program links, and the commands that tests and demo check it with.
PACKAGES := libssl-dev libsqlite3-dev zlib1g-dev libqrencode-dev pkg-config openssl sqlite3 jq curl git python3 python3-jsonschema ca-certificates \
  libimage-exiftool-perl netpbm zbar-tools

# What the tests of the page need besides.
BROWSER_PACKAGES := chromium chromium-driver python3-selenium python3-pip fonts-noto-core

.PHONY: build test browser api demo bench crash soak simulate flips check format deps install-deps clean help

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

deps: install-deps

install-deps:  ## Install the Debian packages that are missing
	@missing=()
	for package in $(PACKAGES); do
	  dpkg-query -W -f='$${db:Status-Status}' "$$package" 2>/dev/null | grep -qx installed || missing+=("$$package")
	done
	if [ $${#missing[@]} -gt 0 ]; then
	  echo "Installing: $${missing[*]}" >&2
	  as_root=(); [ "$$(id -u)" = 0 ] || as_root=(sudo)
	  "$${as_root[@]}" apt-get update -q >&2
	  "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$${missing[@]}" >&2
	fi
	command -v $(firstword $(SWIFT)) >/dev/null || { echo "No Swift toolchain: install Swift 6.3 (https://www.swift.org/install)." >&2; exit 69; }

build: install-deps  ## Build the command `kheya`
	$(SWIFT) build -c $(CONFIGURATION) --product kheya

test: install-deps browser  ## Run all tests, those in a browser first; the last line is the runner's own count
	@# One after the other: many tests run real processes and sockets, and two cores are few.
	SWIFT_BACKTRACE=enable=no $(SWIFT) test --no-parallel --disable-xctest

browser: build  ## The page of two nodes in a real browser, ONLY=… some; screenshots in .build/screenshots
	@$(MAKE) --no-print-directory install-deps PACKAGES="$(PACKAGES) $(BROWSER_PACKAGES)"
	# axe-core comes in a package for Python; its code is read from there and never kept here.
	[ -n "$$(ls .build/axe/*.whl 2>/dev/null)" ] || python3 -m pip download -q --no-deps --dest .build/axe axe-playwright-python
	KHEYA="$$($(SWIFT) build -c $(CONFIGURATION) --show-bin-path)/kheya" KHEYA_AXE="$$(ls $(CURDIR)/.build/axe/*.whl)" \
	  /usr/bin/python3 -m unittest discover -v -s Tests/Browser $(if $(ONLY),-k $(ONLY))

api: build  ## The HTTP API of a real node against its OpenAPI document, N=200 requests an operation
	@$(MAKE) --no-print-directory install-deps PACKAGES="$(PACKAGES) python3-venv"
	[ -x .build/schemathesis/bin/schemathesis ] || { python3 -m venv .build/schemathesis && .build/schemathesis/bin/pip install -q schemathesis; }
	KHEYA="$$($(SWIFT) build -c $(CONFIGURATION) --show-bin-path)/kheya" SCHEMATHESIS=$(CURDIR)/.build/schemathesis/bin/schemathesis \
	  python3 Tests/API/test_api.py $(N)

demo: build  ## A whole case over five processes; CASE=child or unsafe-home for another, KEEP=1 makes a dozen more and leaves their pages open
	@KHEYA="$$($(SWIFT) build -c $(CONFIGURATION) --show-bin-path)/kheya" CASE="$(CASE)" KEEP="$(KEEP)" WORK="$(WORK)" Tests/Demo/demo

crash: install-deps  ## Kill processes N times (N=200) while letters flow, and count; SEED=… repeats a run
	@KHEYA_CRASH_KILLS=$(N) KHEYA_CRASH_SEED="$(SEED)" SWIFT_BACKTRACE=enable=no \
	  $(SWIFT) test --disable-xctest --filter CrashTests

soak: install-deps  ## The same for MINUTES=10 minutes
	@KHEYA_CRASH_MINUTES=$(MINUTES) KHEYA_CRASH_SEED="$(SEED)" SWIFT_BACKTRACE=enable=no \
	  $(SWIFT) test --disable-xctest --filter CrashTests

simulate: install-deps  ## Ends and brokers that hear of each other late, SEEDS=100000 of them, SEED=… goes on from there; every clause of the profile left out once
	@KHEYA_SEEDS=$(SEEDS) KHEYA_SEED="$(SEED)" SWIFT_BACKTRACE=enable=no \
	  $(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build/simulate --disable-xctest --filter 'SimulationTests|ClauseTests'

flips: install-deps  ## Flip a bit in every leaf and opening of a log of 1,000, and in FLIPS=600 places of a bundle's files; SEED=… repeats a run
	@KHEYA_FLIPS=$(FLIPS) KHEYA_SEED="$(SEED)" SWIFT_BACKTRACE=enable=no \
	  $(SWIFT) test --disable-xctest --filter FlipTests

bench: install-deps  ## Measure against the floor of the same machine; ONLY=crypto,procedure,audit,log,acceptance,depth,cases,cycle,attachment,pages CASES=200000 LETTERS=100000 JSON=FILE
	@$(SWIFT) build -c release --package-path Tests/Benchmarks --product kheya
	$(SWIFT) build -c release --package-path Tests/Benchmarks --product SyncCounter
	$(SWIFT) run -c release --package-path Tests/Benchmarks Benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(CASES),--cases $(CASES)) $(if $(LETTERS),--letters $(LETTERS)) $(if $(JSON),--json $(JSON))

format:  ## Rewrite the sources in the house style
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

check: install-deps  ## Format, import check, warnings as errors, the release build, all tests
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift
	$(SWIFT) build --build-tests --explicit-target-dependency-import-check error
	$(SWIFT) build -c release --product kheya
	SWIFT_BACKTRACE=enable=no $(SWIFT) test --disable-xctest

clean:  ## Remove what was built
	rm -rf .build .demo
