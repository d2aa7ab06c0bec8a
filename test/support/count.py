#!/usr/bin/env python3
"""Adds up the tests of one or more builds; the last line is `N passed, N failed`.

An argument is `<build>:<status>:<log>`: the exit status of `meson test`, or `build` when the build
failed; and Meson's testlog.json, one JSON object a line. Without a log the status is the result.
A doctest program and a script of Python's unittest count as many times as they have test cases; any
other test counts once. A program that crashed, ran out of time, or ended without doctest's closing line
counts as one failure. The end of what a failed test printed comes before the sums, because in the log of
a long run it would stand far from the end.
"""

import json
import pathlib
import re
import sys

CLOSING_LINE = re.compile(
    r"\[doctest\] test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed(?: \| +(\d+) skipped)?"
)
DOCTEST = "[doctest] doctest version is"
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?$", re.MULTILINE)


LINES_SHOWN = 60   # of each stream of a failed test


def count_test(record):
    """(passed, failed, skipped, complaint) of one test's record."""
    output = record.get("stdout", "")
    result = record["result"]
    closing = CLOSING_LINE.findall(output)
    if DOCTEST in output or "unit" in suites(record):
        if not closing:
            return 0, 1, 0, f"{result}, no closing line of doctest"
        total, passed, failed, skipped = (int(n or 0) for n in closing[-1])
        if total == 0:
            return 0, 1, 0, "ran no test case"
        if result != "OK" and failed == 0:
            return passed, 1, skipped, result
        return passed, failed, skipped, f"{failed} failed" if failed else None
    if script := UNITTEST.search(record.get("stderr", "")):
        return count_unittest(int(script[1]), script[2] or "", result)
    if result in ("OK", "EXPECTEDFAIL"):
        return 1, 0, 0, None
    if result == "SKIP":
        return 0, 0, 1, None
    return 0, 1, 0, result


def count_unittest(total, details, result):
    """`details` is e.g. "failures=2, errors=1, skipped=3"; a test can have several failures in its parts."""
    numbers = dict(re.findall(r"(\w+)=(\d+)", details))
    skipped = int(numbers.get("skipped", 0))
    failed = min(total - skipped, sum(int(numbers.get(kind, 0)) for kind in ("failures", "errors")))
    if result != "OK":
        failed = max(failed, 1)
    return max(total - skipped - failed, 0), failed, skipped, f"{failed} failed" if failed else None


def suites(record):
    # "cokit:unit / kit/codec": project:suite / name
    head, _, _ = record["name"].rpartition(" / ")
    return re.split(r"[:+ ]+", head)


def show_end(build, record):
    for stream in ("stdout", "stderr"):
        lines = record.get(stream, "").splitlines()[-LINES_SHOWN:]
        if lines:
            print(f"--- {build}, {record['name']}: the end of {stream}")
            print(*(text[:200] for text in lines), sep="\n")


def count_build(build, status, log):
    """(passed, failed, skipped, complaints) of one build."""
    if status == "build":
        return 0, 1, 0, ["the build failed"]
    if not log:
        return (1, 0, 0, []) if status == "0" else (0, 1, 0, [f"ended with status {status}"])
    sums, complaints = [0, 0, 0], []
    path = pathlib.Path(log)
    records = []
    if path.exists():
        records = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    for record in records:
        *counts, complaint = count_test(record)
        sums = [a + b for a, b in zip(sums, counts)]
        if complaint:
            complaints.append(f"{record['name']}: {complaint}")
            show_end(build, record)
    if not records or (status != "0" and sums[1] == 0):
        sums[1] += 1
        complaints.append(f"{len(records)} tests in the log, meson test ended with status {status}")
    return *sums, complaints


def line(passed, failed):
    return f"{passed} passed, {failed} failed"


def main(arguments):
    total = [0, 0, 0]
    counted = []
    for argument in arguments:
        build, status, log = argument.split(":", 2)
        counted.append((build, *count_build(build, status, log)))
    for build, *counts, complaints in counted:
        total = [a + b for a, b in zip(total, counts)]
        skipped = f", {counts[2]} skipped" if counts[2] else ""
        print(f"{build + ':':9} {line(*counts[:2])}{skipped}")
        for complaint in complaints:
            print(f"          {complaint}")
    print(line(*total[:2]))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
