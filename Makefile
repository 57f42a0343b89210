# A thin façade: each task is a script in tools/, or cmake. See CONTRIBUTING.md.
PREFIX ?= /usr/local

.PHONY: help demo build test test-full bench install wheels format lint clean

help:
	@echo "make demo             install what is needed, build, and run a data job on real data"
	@echo "make test             build and run the tests (about two minutes)"
	@echo "make test-full        everything: slow tests, sanitizers, long fuzzing"
	@echo "make bench            run every benchmark"
	@echo "make install PREFIX=  install the program, plugins, headers and Python package"
	@echo "make wheels           the Python distribution, one wheel for each kind of interpreter, in build/wheels"
	@echo "make format           format all sources;   make lint  check them"

demo:
	@tools/demo

build:
	@tools/bootstrap --no-dev
	@tools/build release

test:
	@tools/test

test-full:
	@tools/test --full

bench:
	@tools/bench

install:
	@tools/bootstrap --no-dev
	@tools/build release product service
	@cmake --install build/release --prefix "$(abspath $(PREFIX))" >build/release/install.log
	@echo "installed in $(abspath $(PREFIX)); run $(abspath $(PREFIX))/bin/vdk"

wheels:
	@tools/wheels

format:
	@tools/bootstrap
	@tools/format

lint:
	@tools/lint

clean:
	rm -rf build
