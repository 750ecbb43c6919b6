# Two commands for newcomers: `make run` and `make test`, from a bare clone on Debian 12.
#
# Underneath are CMake's presets (CMakePresets.json); the other targets are shorthands for them.
.PHONY: run build test asan tsan fuzz wasm fault-long screenshot clean help

help:
	@echo "make run    install what is missing, build, start the server on this machine"
	@echo "make test   install what tests need, build, run every test"
	@echo "make asan | tsan | fuzz | wasm   build (and test) with that preset"
	@echo "make fault-long   1,000 cycles of kill -9 instead of 200"

run: build
	@echo "== herold serve"
	@exec build/release/bin/herold serve

build:
	@tools/install-packages.sh build run
	@tools/build.sh release herold

test:
	@tools/install-packages.sh build run test wasm
	@tools/build.sh release
	@echo "== tests"
	@ctest --preset release -j "$$(nproc)"

asan tsan:
	@tools/install-packages.sh build run test
	@tools/build.sh $@
	@echo "== tests ($@)"
	@ctest --preset $@ -j "$$(nproc)"

fuzz:
	@tools/install-packages.sh build
	@tools/build.sh fuzz
	@echo "== a short search with each target; tests/fuzz/run --seconds N searches for longer"
	@ctest --preset fuzz

wasm:
	@tools/install-packages.sh build wasm
	@tools/build.sh wasm

fault-long: build
	tests/fault/kill9 --bin build/release/bin/herold --cycles 1000

screenshot: build
	tools/screenshot docs/herold.svg

clean:
	rm -rf build
