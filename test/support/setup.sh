# What examples/run.sh and test/run.sh need before they can build. Sourced, not run.
# Looks first and installs only what is missing, so a machine that has it all needs no network.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# --- compiler -------------------------------------------------------------------------------------

# Whether program $1 is clang >= $2 or GCC >= $3. meson setup checks further, by running a program.
is_compiler() {
  local version wanted=$3
  version=$("$1" -dumpversion 2>/dev/null) || return 1
  if "$1" --version | grep -qi clang; then wanted=$2; fi
  [ "${version%%.*}" -ge "$wanted" ]
}

# Sets CXX: the caller's own, else clang 19, a newer clang, GCC 13 or newer, or clang 16 to 18.
pick_compiler() {
  [ -z "${CXX:-}" ] || return 0
  local name
  for name in clang++-19 clang++-{20..40} clang++; do
    if is_compiler "$name" 19 999; then CXX=$name && return 0; fi
  done
  for name in g++ g++-{13..30} clang++ clang++-{18,17,16}; do
    if is_compiler "$name" 16 13; then CXX=$name && return 0; fi
  done
  return 1
}

# --- packages -------------------------------------------------------------------------------------

# The Debian package for each need, of those that are not there. A need is a program's name, `<header>`,
# `compiler` or `sanitizers`.
missing_packages() {
  local need
  for need in "$@"; do
    case $need in
      compiler) pick_compiler || package_of "$need" ;;
      sanitizers)
        { pick_compiler && echo 'int main() {}' |
          $CXX -x c++ -fsanitize=address -o /dev/null - 2>/dev/null; } || package_of "$need" ;;
      "<"*) has_header "$need" || package_of "$need" ;;
      *) PATH=$PATH:/usr/sbin command -v "$need" >/dev/null || package_of "$need" ;;
    esac
  done
}

has_header() {
  if pick_compiler; then
    printf '#if !__has_include(%s)\n#error\n#endif\n' "$1" | $CXX -x c++ -E - >/dev/null 2>&1
  else
    local path=${1#<}
    [ -e "/usr/include/${path%>}" ]
  fi
}

package_of() {
  case $1 in
    meson | pkg-config | curl | cmake | clang-format-19 | nginx | haproxy | openssl | prometheus | chromium)
      echo "$1" ;;
    carbon-cache) echo graphite-carbon ;;
    influxd) echo influxdb ;;
    pminfo) echo pcp ;;
    ninja) echo ninja-build ;;
    compiler) echo clang-19 ;;
    run-clang-tidy-19) echo clang-tidy-19 ;;
    sanitizers) echo "libclang-rt-$(clang_version)-dev" ;;
    "<asio/version.hpp>") echo libasio-dev ;;
    "<simdjson.h>") echo libsimdjson-dev ;;
    "<spdlog/spdlog.h>") echo libspdlog-dev ;;
    "<tl/expected.hpp>") echo libexpected-dev ;;
    "<openssl/ssl.h>") echo libssl-dev ;;
    "<re2/re2.h>") echo libre2-dev ;;
    "<doctest/doctest.h>") echo doctest-dev ;;
    nghttpd) echo nghttp2-server ;;
    protoc) echo protobuf-compiler ;;
    "<curl/curl.h>") echo libcurl4-openssl-dev ;;
    "<zlib.h>") echo zlib1g-dev ;;
    "<brotli/encode.h>") echo libbrotli-dev ;;
    npm) echo npm ;;
    *) die "no package known for $1" ;;
  esac
}

# Of the compiler that will be used, or of the one that will be installed.
clang_version() {
  local version=19
  if pick_compiler && $CXX --version | grep -qi clang; then version=$($CXX -dumpversion); fi
  echo "${version%%.*}"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }
}

# Installs what is missing of the given needs; says what to install where it may not.
require() {
  local packages
  packages=$(missing_packages "$@" | sort -u | xargs)
  [ -n "$packages" ] || return 0
  if ! can_install; then
    die "missing: $packages (Debian's names). Install them: apt-get install $packages"
  fi
  echo "Installing: $packages"
  [ -n "${apt_updated:-}" ] || as_root apt-get update -qq || echo "apt-get update failed; going on" >&2
  apt_updated=yes
  local options=()
  if [ ! -d /run/systemd/system ]; then   # some packages insist on starting a service all the same
    local idle
    idle=$(mktemp -d)
    printf '#!/bin/sh\n' >"$idle/systemctl"
    chmod 755 "$idle" "$idle/systemctl"
    options=(-o "DPkg::Path=$idle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
  fi
  # shellcheck disable=SC2086  # one word per package
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${options[@]}" $packages >/dev/null ||
    die "could not install: $packages"
}

# The same for what only some checks need: those checks are skipped without it.
prefer() {
  (require "$@") || echo "going on without; the checks that need it are skipped" >&2
}

# Packages of npm that only some checks need, with their versions. They go into a folder of the user's, not
# into the tree; those checks are skipped without them.
export COKIT_NPM=${COKIT_NPM:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/cokit/npm}
prefer_npm() {
  local stamp=$COKIT_NPM/installed
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$*" ]; then return 0; fi
  prefer npm
  command -v npm >/dev/null || return 0
  echo "Installing with npm: $*"
  mkdir -p "$COKIT_NPM" &&
    npm install --prefix "$COKIT_NPM" --no-audit --no-fund --ignore-scripts --loglevel=error "$@" >/dev/null &&
    echo "$*" >"$stamp" || echo "could not install $*; the checks that need it are skipped" >&2
}

# What any build needs, and the needs given. Sets and exports CXX.
require_build_tools() {
  if [ -n "${CXX:-}" ] && ! $CXX --version >/dev/null 2>&1; then die "CXX='$CXX' cannot be run"; fi
  require compiler meson ninja pkg-config "<asio/version.hpp>" "<simdjson.h>" "<spdlog/spdlog.h>" \
    "<tl/expected.hpp>" "$@"
  pick_compiler || die "no right compiler found: install clang-19, or GCC 13 or later"
  if command -v ccache >/dev/null && [ "${CXX#ccache }" = "$CXX" ]; then CXX="ccache $CXX"; fi
  export CXX
  export CCACHE_SLOPPINESS=pch_defines,time_macros   # what uses precompiled headers is not cached otherwise
}

# --- build directories ----------------------------------------------------------------------------

# configure <directory> [option...]: sets it up with Meson, or reuses it. One that was set up here with
# another compiler or, when options are given, with other ones is made anew; one that somebody set up by
# hand is taken as it is.
configure() {
  local dir=$1 stamp compiler options log
  shift
  stamp=$dir/meson-private/run-sh
  if [ -f "$stamp" ]; then
    { read -r compiler && read -r options; } <"$stamp" || true
    if [ "$compiler" != "$CXX" ] || { [ $# -gt 0 ] && [ "$options" != "$*" ]; }; then rm -rf "$dir"; fi
  fi
  if [ -f "$dir/build.ninja" ]; then return 0; fi
  if ! log=$(meson setup "$dir" "$root" "$@" 2>&1); then
    echo "$log" >&2
    return 1
  fi
  printf '%s\n%s\n' "$CXX" "$*" >"$stamp"
}
