# What can be done here. `make run` and `make test` install the system packages that they need (Scripts/need.sh says which).

.PHONY: run test nightly check bench format dist

RELEASE = .build/release
VERSION = $(shell sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/Faces/CommandLine/Slipway.swift)

## The whole story on this machine: builds Slipway, then real software from commits to production under real traffic.
run:
	@Scripts/need.sh build run
	swift build -c release --product slipway
	$(RELEASE)/slipway demo

## Everything, real components included.
test:
	@Scripts/need.sh build run tests provider
	Scripts/test.sh

## The long figures: 1,000,000 requests over 100 switches, 25 crashes, 100,000 histories.
nightly:
	@Scripts/need.sh build run tests provider
	SLIPWAY_NIGHTLY=1 Scripts/test.sh
	swift build -c release --product slipway
	$(RELEASE)/slipway lab --histories 100000 --seed 1

## Style, and imports that no target declares.
check:
	swift format lint --recursive --strict Package.swift Sources Tests Benchmarks
	swift build --build-tests --explicit-target-dependency-import-check error

## Figures, as ratios to what we build on, in the same run.
bench:
	@Scripts/need.sh build
	swift build -c release --product LedgerBenchmark
	$(RELEASE)/LedgerBenchmark
	swift build -c release --product JudgeBenchmark
	$(RELEASE)/JudgeBenchmark
	swift build -c release --product JudgeSimulation
	$(RELEASE)/JudgeSimulation
	swift build -c release --product ResumeBenchmark
	$(RELEASE)/ResumeBenchmark 1000
	swift build -c release --product slipway
	$(RELEASE)/slipway lab --histories 20000 --seed 1

format:
	swift format --recursive --in-place Package.swift Sources Tests Benchmarks

## One stripped archive that runs without a toolchain.
dist:
	@Scripts/need.sh build
	Scripts/dist.sh $(VERSION) $(shell uname -m)
