#!/usr/bin/env bash
# Builds the example service stringsvc2, starts it, shows real calls and their answers, sends it some
# traffic, says where its metrics and its debug page are, and leaves it running until Ctrl-C.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../test/support/setup.sh"

usage() {
  cat <<'END'
usage: bash examples/run.sh [--once] [--listen HOST:PORT]
  --once               stop the service after the calls
  --listen HOST:PORT   where it listens; the default is a free port: 127.0.0.1:0
END
}

once=no
listen=127.0.0.1:0
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=yes ;;
    --listen)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      listen=$2
      shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

require_build_tools curl "<curl/curl.h>"
configure "$root/build"
ninja -C "$root/build" examples/stringsvc2

# --- start ----------------------------------------------------------------------------------------

log=$(mktemp)
service=
stop() {
  if [ -n "$service" ] && kill -TERM "$service" 2>/dev/null; then
    wait "$service" || true
  fi
  rm -f "$log"
}
trap stop EXIT
trap 'exit 143' TERM
trap 'exit 0' INT   # Ctrl-C is how one leaves

"$root/build/examples/stringsvc2" --listen "$listen" >"$log" 2>&1 &
service=$!

# The first line it prints is the address, with the port that the kernel chose.
for _ in {1..200}; do
  url=$(sed -n '1s/.*\(http:\/\/[^ ]*\).*/\1/p' "$log")
  if [ -n "$url" ] || ! kill -0 "$service" 2>/dev/null; then break; fi
  sleep 0.05
done
if [ -z "$url" ]; then
  cat "$log" >&2
  die "stringsvc2 did not start"
fi
echo
cat "$log"

# --- calls ----------------------------------------------------------------------------------------

# call <expected status> <path> [body]: shows the command as one would type it, and the answer.
call() {
  local expected=$1 target=$url$2 data=() shown= answer status
  if [ $# -gt 2 ]; then
    data=(-d "$3")
    shown=" -d '$3'"
  fi
  echo
  echo "\$ curl -i$shown $target"
  answer=$(curl -sS -i -m 10 ${data[@]+"${data[@]}"} "$target" | tr -d '\r')
  echo "$answer"
  status=$(awk 'NR == 1 { print $2 }' <<<"$answer")
  case $status in
    $expected) ;;
    *) die "expected status $expected" ;;
  esac
}

call 200 /uppercase '{"s": "hello, world"}'
call 200 /uppercase '{"s": ""}'
call 200 /count '{"s": "hello, world"}'
call '4??' /count '{"s": 12'
call 404 /no-such-path

# --- traffic --------------------------------------------------------------------------------------

# So that there is something to see: short texts and long ones, and now and then an empty one.
for i in {1..20}; do
  text=$(printf 'x%.0s' $(seq 0 $((i % 5 * 7)))) path=/uppercase
  [ $((i % 2)) = 0 ] || path=/count
  [ $((i % 7)) != 0 ] || text=
  curl -sS -m 10 -o /dev/null -d "{\"s\": \"$text\"}" "$url$path"
done
echo
echo "Sent 20 more requests. What the service counts:"
echo
echo "\$ curl $url/metrics | grep request_count"
curl -sS -m 10 "$url/metrics" | grep '^my_group_string_service_request_count' ||
  die "no metrics at $url/metrics"
echo
curl -sS -m 10 -H 'Accept: application/json' "$url/debug/" | grep -q uppercase || die "no debug page"
echo "Its metrics are at $url/metrics, its debug page at $url/debug/"

# --- stay -----------------------------------------------------------------------------------------

if [ "$once" = no ]; then
  echo
  echo "The service is running at $url; Ctrl-C stops it."
  tail -n +2 -f --pid="$service" "$log" &   # not in the foreground, or the traps would wait for it
  wait "$service" || die "stringsvc2 ended with status $?"
fi
