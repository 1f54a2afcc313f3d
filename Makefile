# The short way in. `make` alone prints what there is.
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
CTEST = ctest --output-on-failure --no-tests=error -j $(JOBS)
# The laws of the house (tidy, headers, package) need checking once, not under every sanitizer; fuzzers
# that libFuzzer drives have a command of their own. Tests over a real Kafka are left out for now: ThreadSanitizer sees
# nothing of the atomics in librdkafka, which is built without it, and calls races what they order.
SANITIZED = $(CTEST) -LE 'house|libfuzzer|kafka'
# Findings name functions and lines, and how it came there.
SYMBOLIZER = /usr/lib/llvm-19/bin/llvm-symbolizer
asan tsan fuzz: export ASAN_SYMBOLIZER_PATH = $(SYMBOLIZER)
asan tsan fuzz: export UBSAN_OPTIONS = print_stacktrace=1
asan tsan fuzz: export TSAN_SYMBOLIZER_PATH = $(SYMBOLIZER)
# ThreadSanitizer cannot always live with the address-space shuffling of newer kernels.
UNSHUFFLED = $(shell setarch -R true 2>/dev/null && echo setarch -R)

.DEFAULT_GOAL := help
.PHONY: help setup build demo test bench asan tsan fuzz fmt install clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what is missing of compilers and libraries (Debian packages)
	@tools/setup

build: setup ## set-up and the release build: build/release/velo
	cmake --preset release --log-level=WARNING
	cmake --build --preset release -j $(JOBS)

demo: build ## real events through windows, on this terminal
	@examples/demo

test: build ## set-up, release build and every test
	@tools/setup --oracle --kafka
	@$(CTEST) --test-dir build/release --output-junit tests.xml; status=$$?; \
	  tools/skipped build/release/tests.xml && exit $$status

bench: build ## measure, answers checked first; writes docs/benchmarks.md
	@tools/setup --bench --kafka
	@status=0; for part in bench/run bench/nexmark/run bench/peers/run; do \
	  $$part || status=$$?; done; exit $$status

asan: setup ## a clang build: the tests under AddressSanitizer and UBSan
	cmake --preset asan --log-level=WARNING
	cmake --build --preset asan -j $(JOBS)
	$(SANITIZED) --test-dir build/asan

tsan: setup ## the tests under ThreadSanitizer
	cmake --preset tsan --log-level=WARNING
	cmake --build --preset tsan -j $(JOBS)
	$(UNSHUFFLED) $(SANITIZED) --test-dir build/tsan

fuzz: setup ## the same build: FUZZ_SECONDS (60) of libFuzzer for each target
	cmake --preset fuzz --log-level=WARNING -DVELO_FUZZ_SECONDS=$(FUZZ_SECONDS)
	cmake --build --preset fuzz -j $(JOBS) -t fuzzers
	$(CTEST) --test-dir build/asan -L libfuzzer

fmt: ## lay out the lines changed since main with clang-format
	@tools/setup --format
	git clang-format-19 --binary clang-format-19 main -- '*.h' '*.cc'

install: build ## the library, its headers and velo, into PREFIX (/usr/local)
	cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

clean: ## forget every build
	rm -rf build
