#!/bin/sh
# Configures and builds one of CMake's presets, quietly unless something goes wrong: tools/build.sh PRESET [TARGET...]
set -eu
cd "$(dirname "$0")/.."
preset="$1"
shift

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
  exec ninja -C "build/$preset" "$@"
fi
failed="$(mktemp)"
trap 'rm -f "$log" "$failed"' EXIT
{ NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" "$@" 2>&1 || echo "$?" >"$failed"; } |
  tee "$log" | awk -F '[][/]' '/^\[[0-9]+\/[0-9]+\]/ && $2 % 50 == 0 { print; fflush() }'
if [ -s "$failed" ]; then
  grep -v '^\[[0-9]*/[0-9]*\] \(Building\|Linking\)' "$log" || cat "$log"
  exit "$(cat "$failed")"
fi
tail -n 1 "$log"
