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

# seconds <command>...: its wall-clock time.
seconds() {
  local TIMEFORMAT=%1R
  { time "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; } 2>&1
}

meson setup "$scratch/build" "$root" --buildtype=release -Dtests=disabled -Dexamples=disabled >/dev/null
echo "compiler: $($CXX --version | head -n 1), $(nproc) cores"
echo "clean release build of the libraries: $(seconds ninja -C "$scratch/build") s"

DESTDIR=$scratch/installed meson install -C "$scratch/build" --no-rebuild --quiet
prefix=$scratch/installed/usr/local
pc=$(dirname "$(find "$prefix" -name cokit-http.pc)")
flags=$(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" --cflags cokit-http)
for level in -O0 -O2; do
  # shellcheck disable=SC2086  # one word per flag
  echo "$(basename "$file") at $level: $(seconds $CXX -std=c++20 $level $flags -c "$file" -o "$scratch/o") s"
done
