#!/usr/bin/env bash
# Shows what building costs: a clean release build of the libraries (aim: under 3 minutes on 2 cores),
# and one file that holds a small HTTP service (aim: 3 seconds, limit 8). Without a compiler cache.
#   bash test/bench/build_times.sh [file]        the file is examples/quickstart.cpp unless named
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../support/setup.sh"

file=$(realpath "${1:-$root/examples/quickstart.cpp}")
require_build_tools
CXX=${CXX#ccache }
export CCACHE_DISABLE=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# report <what> <command>...: the command's wall-clock time, or what it says when it fails.
report() {
  local what=$1 TIMEFORMAT="$1: %1R s"
  shift
  if ! { time "$@" >"$scratch/log" 2>&1; } 2>"$scratch/time"; then
    cat "$scratch/log" >&2
    die "$what: failed"
  fi
  cat "$scratch/time"
}

meson setup "$scratch/build" "$root" --buildtype=release -Dtests=disabled -Dexamples=disabled >/dev/null
echo "compiler: $($CXX --version | head -n 1), $(nproc) cores"
report "clean release build of the libraries" ninja -C "$scratch/build"

DESTDIR=$scratch/installed meson install -C "$scratch/build" --no-rebuild --quiet
prefix=$scratch/installed/usr/local
pc=$(dirname "$(find "$prefix" -name cokit-http.pc)")
flags=$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" --cflags cokit-http)
for level in -O0 -O2; do
  # The tree comes last, for examples/program.hpp. One word per flag:
  # shellcheck disable=SC2086
  report "$(basename "$file") at $level" \
    $CXX -std=c++20 $level $flags -idirafter "$root" -c "$file" -o "$scratch/o"
done
