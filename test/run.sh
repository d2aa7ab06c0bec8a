#!/usr/bin/env bash
# Builds Cokit and runs its tests. The last line is the sum over all builds: N passed, N failed.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"

usage() {
  cat <<'END'
usage: bash test/run.sh [option]...
Without an option: the release build in build/, and every test. Each of these picks a build instead:
  --release           build/           release with debug info: unit, compiler, integration, lint, install tests
  --debug             build-debug/     no optimisation, library assertions, every optional feature off:
                                       unit tests
  --sanitize LIST     build-asan/, build-tsan/: LIST is address,undefined or thread
  --tidy              build-tidy/      clang-tidy over the libraries and examples, without precompiled headers
  --fuzz              build-fuzz/      each fuzzer for 10 seconds, with address,undefined
  --all               all of them, the fuzzers in build-asan/
and with any of them:
  --werror            warnings are errors
The compiler is $CXX, else clang 19, a newer clang, or GCC 13 or newer. Missing Debian packages are
installed when run as root or with sudo.
END
}

builds=()
options=()
asan_options=()
while [ $# -gt 0 ]; do
  case $1 in
    --release | --debug | --tidy | --fuzz) builds+=("${1#--}") ;;
    --sanitize)
      case ${2:-} in
        address,undefined) builds+=(asan) ;;
        thread) builds+=(tsan) ;;
        *) usage >&2 && exit 2 ;;
      esac
      shift ;;
    --all)
      builds=(release tidy debug asan tsan)
      asan_options=(-Dfuzz=enabled) ;;
    --werror) options+=(--werror) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
[ ${#builds[@]} -gt 0 ] || builds=(release)

# Line numbers in reports are enough there; full debug information and optimisation double the time that
# building takes, and unoptimised code hides no undefined behaviour.
unoptimised=(-Doptimization=0 -Ddebug=false -Dcpp_args=-g1)
sanitized=("${unoptimised[@]}" -Db_lundef=false)
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

results=()   # what support/count.py adds up: <build>:<status>:<Meson's test log>

# build <directory> <suite, or all>: where no other tests are run, no others' programs are built.
build() {
  local dir=$1 suite=$2 programs=()
  if [ "$suite" != all ]; then
    ninja -C "$dir" build.ninja >/dev/null || return   # an older one knows no new tests
    mapfile -t programs < <(meson introspect --tests "$dir" | python3 -c '
import json, os, sys
suite, build = sys.argv[1:]
for test in json.load(sys.stdin):
    if any(name.endswith(":" + suite) for name in test["suite"]):
        print(os.path.relpath(test["cmd"][0], build))' "$suite" "$dir")
  fi
  ninja -C "$dir" ${programs[@]+"${programs[@]}"}
}

# run_build <name> <directory> <suite, or all> <meson test options> -- <meson setup options>
run_build() {
  local name=$1 dir=$root/$2 suite=$3 test_options=() status=0 started=$SECONDS log
  shift 3
  while [ "$1" != -- ]; do test_options+=("$1") && shift; done
  shift
  log=$dir/meson-logs/testlog.json
  printf '\n=== %s: %s\n' "$name" "${dir#"$root"/}"
  rm -f "$log"
  [ "$suite" = all ] || test_options+=(--suite "$suite")
  if configure "$dir" "$@" ${options[@]+"${options[@]}"} && build "$dir" "$suite"; then
    meson test -C "$dir" --no-rebuild --print-errorlogs ${test_options[@]+"${test_options[@]}"} || status=$?
  else
    status=build
  fi
  results+=("$name:$status:$log")
  echo "=== $name: $((SECONDS - started)) s"
}

# In a directory of its own, and without precompiled headers, so that nothing has to be built first.
run_tidy() {
  local status=0 started=$SECONDS
  printf '\n=== tidy: build-tidy\n'
  if CXX=$(tidy_compiler) configure "$root/build-tidy" -Db_pch=false -Dtests=disabled &&
    ninja -C "$root/build-tidy" kit/debug/debug_page_text.cpp >/dev/null; then   # is made, not written
    run-clang-tidy-19 -quiet -p "$root/build-tidy" -j "$(nproc)" \
      '/(kit|middleware|transports|examples)/[^ ]*\.cpp$' >"$root/build-tidy/tidy.log" 2>&1 || status=$?
    grep -E 'warning:|error:' "$root/build-tidy/tidy.log" | sort -u
  else
    status=build
  fi
  results+=("tidy:$status:")
  echo "=== tidy: $((SECONDS - started)) s"
}

# clang-tidy needs the flags of a clang.
tidy_compiler() {
  if $CXX --version | grep -qi clang; then echo "$CXX"; else echo clang++-19; fi
}

needs=("<doctest/doctest.h>" "<openssl/ssl.h>" "<re2/re2.h>" "<curl/curl.h>" curl nghttpd openssl
       nginx haproxy prometheus protoc carbon-cache influxd)
for build in "${builds[@]}"; do
  case $build in
    asan | tsan | fuzz) needs+=(sanitizers) ;;
    tidy) needs+=(run-clang-tidy-19) ;;
  esac
done
require_build_tools "${needs[@]}"
prefer "<zlib.h>" "<brotli/encode.h>"   # else cokit-http-compression is left out
prefer pminfo
case " ${builds[*]} " in
  *" release "*)
    prefer cmake clang-format-19
    prefer chromium
    prefer_npm @seriousme/openapi-schema-validator@2.11.0 statsd@0.9.0 zipkin@0.22.0 \
      @opentelemetry/{api@1.9.0,sdk-trace-node@2.2.0,propagator-b3@2.2.0,otlp-transformer@0.208.0} \
      otlp-protos@npm:@opentelemetry/otlp-grpc-exporter-base@0.38.0 ;;   # has the .proto files
esac

only_code=(--no-suite compiler --no-suite lint --no-suite install)
for build in "${builds[@]}"; do
  case $build in
    release) run_build release build all -- ;;
    debug)
      run_build debug build-debug unit -- "${unoptimised[@]}" --auto-features=disabled \
        -Dtests=enabled ;;
    asan)
      run_build asan build-asan all "${only_code[@]}" --timeout-multiplier 2 -- \
        "${sanitized[@]}" -Db_sanitize=address,undefined \
        ${asan_options[@]+"${asan_options[@]}"} ;;
    tsan)
      run_build tsan build-tsan all "${only_code[@]}" --timeout-multiplier 3 -- \
        "${sanitized[@]}" -Db_sanitize=thread ;;
    fuzz)
      run_build fuzz build-fuzz fuzz -- "${sanitized[@]}" -Db_sanitize=address,undefined \
        -Doptimization=1 -Dfuzz=enabled -Dtests=disabled -Dexamples=disabled ;;
    tidy) run_tidy ;;
  esac
done

echo
exec python3 "$root/test/support/count.py" "${results[@]}"
