#!/bin/sh
# Configures and builds one of CMake's presets, quietly unless something goes wrong: tools/build.sh PRESET
set -eu
cd "$(dirname "$0")/.."
preset="$1"

echo "== configure ($preset)"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log"
  exit 1
fi

echo "== build ($preset)"
# On a terminal ninja rewrites one line; elsewhere a line every fiftieth step is enough.
if [ -t 1 ]; then
  exec ninja -C "build/$preset"
fi
NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" >"$log" 2>&1 && status=0 || status=$?
if [ "$status" -ne 0 ]; then
  grep -v '^\[[0-9]*/[0-9]*\] \(Building\|Linking\)' "$log" || cat "$log"
  exit "$status"
fi
tail -n 1 "$log"
