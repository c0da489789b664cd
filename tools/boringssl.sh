#!/usr/bin/env bash
# boringssl.sh where|build [SOURCE]: BoringSSL for src/stack/boringssl.
#   where  prints the folder that holds it, or will
#   build  fetches (unless SOURCE, a folder, is given), patches and builds it, unless it is there already
# It is kept outside of build/, under the hash of all that it is made from.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

pin=$PWD/third_party/boringssl
prefix=seatls_bssl
flags='-O2 -DNDEBUG -g0'
verb=${1:-} source=${2:-}
die() { printf 'boringssl: %s\n' "$*" >&2; exit 1; }
[ -z "$source" ] || [ -f "$source/include/openssl/is_boringssl.h" ] || die "$source holds no BoringSSL"

made_from() {
  cat "$pin/Cargo.lock" "$pin/seatls.patch"
  printf '%s %s %s\n' "$prefix" "$flags" "$("${CC:-cc}" -dumpfullversion -dumpmachine)"
  [ -z "$source" ] || (cd "$source" && find CMakeLists.txt cmake gen include ssl crypto third_party -type f | LC_ALL=C sort | xargs sha256sum)
}
cache=${SEATLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/seatls}
home=$cache/boringssl-$(made_from | sha256sum | cut -c1-16)

fetch() {  # fetch INTO: exactly what Cargo.lock pins; cargo compares the checksum
  command -v cargo >/dev/null || die "cargo is missing: ./run setup --dtls installs Debian's"
  cargo vendor --locked --quiet --manifest-path "$pin/Cargo.toml" "$1/vendor" >/dev/null ||
    die "cargo could not fetch boring-sys: is the crate registry reachable? -DSEATLS_BORINGSSL_SOURCE=DIR takes a copy of yours"
  mv "$1/vendor/boring-sys/deps/boringssl" "$1/source"
}

build() {
  local work
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9  # two builds of one thing: the second finds it there
  [ ! -e "$home/lib/libssl.a" ] || return 0
  work=$(mktemp -d "$cache/work-XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  if [ -n "$source" ]; then mkdir "$work/source"; cp -r "$source/." "$work/source/"; rm -rf "$work/source/.git"; else fetch "$work"; fi
  # Strict: a hunk that lies elsewhere, or fits only roughly, is an error.
  (cd "$work/source" && GIT_CEILING_DIRECTORIES=$work git apply --whitespace=nowarn "$pin/seatls.patch") ||
    die "third_party/boringssl/seatls.patch does not apply to this BoringSSL (above): nothing is built"
  [ -f "$work/source/ssl/seatls_hooks.cc" ] || die "third_party/boringssl/seatls.patch was not applied: nothing is built"
  cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    -DCMAKE_C_FLAGS_RELEASE="$flags" -DCMAKE_CXX_FLAGS_RELEASE="$flags" -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DBORINGSSL_PREFIX="$prefix" >"$work/log" 2>&1 || { tail -30 "$work/log" >&2; die "cmake failed (above)"; }
  printf 'boringssl: building, once, about ten minutes on two cores\n' >&2
  ninja -C "$work/build" -j "${SEATLS_JOBS:-$(nproc)}" ssl crypto >>"$work/log" 2>&1 || { tail -30 "$work/log" >&2; die "the build failed (above)"; }
  mkdir -p "$work/home/lib"
  cp "$work/build/libssl.a" "$work/build/libcrypto.a" "$work/home/lib/"
  cp -r "$work/source/include" "$work/source/LICENSE" "$work/home/"
  rm -rf "$home"
  mv "$work/home" "$home"
}

case $verb in
  where) printf '%s\n' "$home" ;;
  build) build ;;
  *) die "boringssl.sh where|build [SOURCE]" ;;
esac
