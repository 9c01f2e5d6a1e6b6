# The commands of this repository. `make run` and `make test` are all that a user needs: README.md.

SHELL := /bin/sh
SWIFT ?= swift
# One of debug, release: what `make nightly` tests.
CONFIGURATION ?= debug
HISTORIES ?= 100000

VERSION := $(shell sed -n 's/.*static let version = "\(.*\)"$$/\1/p' Sources/Faces/CommandLine/Slipway.swift)
ARCH := $(shell uname -m)
BENCHMARKS := $(notdir $(patsubst %/,%,$(wildcard Benchmarks/*/)))
SOURCES := Package.swift Sources Tests Benchmarks

.PHONY: run test nightly check bench format dist clean help

help:
	@echo 'make run      build, and play the whole story on this machine; stays up, Ctrl-C ends it'
	@echo 'make test     all tests'
	@echo 'make nightly  all tests at full length, and $(HISTORIES) random histories'
	@echo 'make check    formatting and imports'
	@echo 'make bench    benchmarks; each fails below its bounds'
	@echo 'make format   formats all sources'
	@echo 'make dist     dist/slipway-$(VERSION)-linux-$(ARCH).tar.gz, runs without a toolchain'

.DEFAULT_GOAL := help

run:
	@Scripts/need.sh build run
	$(SWIFT) build -c release --product slipway
	@exec "$$($(SWIFT) build -c release --show-bin-path)/slipway" demo

test:
	@Scripts/need.sh build run
	$(SWIFT) test

nightly:
	@Scripts/need.sh build run
	SLIPWAY_NIGHTLY=1 $(SWIFT) test -c $(CONFIGURATION)
	$(SWIFT) build -c release --product slipway
	"$$($(SWIFT) build -c release --show-bin-path)/slipway" lab --histories $(HISTORIES)

check:
	@Scripts/need.sh build
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)
	$(SWIFT) build --explicit-target-dependency-import-check error

bench:
	@Scripts/need.sh build
	@set -e; for name in $(BENCHMARKS); do \
		echo "$$name"; \
		$(SWIFT) run -c release "$$name"; \
	done

format:
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

dist:
	@Scripts/need.sh build
	@SWIFT='$(SWIFT)' Scripts/dist.sh '$(VERSION)' '$(ARCH)'

clean:
	rm -rf .build dist
