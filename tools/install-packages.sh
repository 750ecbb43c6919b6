#!/bin/sh
# Installs Debian packages that are missing, by purpose: tools/install-packages.sh [build] [run] [test] [wasm]
set -eu

build="clang-19 lld-19 llvm-19 libc6-dev libstdc++-12-dev libclang-rt-19-dev ninja-build
  ccache cmake pkg-config git make python3
  libssl-dev libicu-dev libsqlite3-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev
  libgtest-dev libbenchmark-dev libexpat1-dev libsystemd-dev libunbound-dev"
run="ca-certificates openssl dns-root-data"
test="prosody lua-unbound ejabberd python3-slixmpp profanity finch tmux libstrophe-dev clang-format-19
  gajim xvfb dbus imagemagick tesseract-ocr unbound ldnsutils biboumi ngircd"
wasm="wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32"

wanted=""
for purpose in "$@"; do
  case "$purpose" in
    build) wanted="$wanted $build" ;;
    run) wanted="$wanted $run" ;;
    test) wanted="$wanted $test" ;;
    wasm) wanted="$wanted $wasm" ;;
    *) echo "unknown purpose: $purpose (build, run, test or wasm)" >&2; exit 2 ;;
  esac
done

missing=""
for package in $wanted; do
  state="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "== packages: nothing missing"
  exit 0
fi

echo "== packages: installing$missing (this takes minutes on a bare machine)"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Not root, and sudo is not installed. As root: apt-get install$missing" >&2
    exit 1
  fi
  as_root="sudo"
fi
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
quietly() {
  if ! $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "failed: $*" >&2
    exit 1
  fi
}

# Installing a server starts it; the tests run their own, so none is to start by itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$log"
  $as_root install -m 755 "$log" "$policy"
  trap '$as_root rm -f "$policy"; rm -f "$log"' EXIT
fi
quietly apt-get update
# shellcheck disable=SC2086  # a list of words
quietly apt-get install -y --no-install-recommends $missing
