#!/usr/bin/env python3
"""Compiles each public header alone, twice in one file: it includes what it uses, and guards itself.

usage: headers.py ROOT SCRATCH_DIR COMPILER [ARGUMENT...]
Most of the time goes into other people's headers. A header that includes all of one of PRELUDES, itself
or through ours, is compiled behind that prelude, precompiled: it gets nothing that it would not get anyway.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import tree

PRELUDES = (  # the largest first
    ("asio/awaitable.hpp",),
    ("asio/any_io_executor.hpp",),
    ("chrono", "memory", "string", "system_error"),
    ("string",),
)
INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)


def included(root, header, seen=None):
    """Every name that the header includes, itself or through headers of ours."""
    seen = set() if seen is None else seen
    path = root / header
    if path.exists():
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if name not in seen:
                seen.add(name)
                included(root, name, seen)
    return seen


def run(command, source, *more):
    # A precompiled header out of ccache would be older than what it was made of.
    return subprocess.run([*command, *more, str(source)], capture_output=True, text=True, check=False,
                          env={**os.environ, "CCACHE_DISABLE": "1"})


def precompile(prelude, scratch, command):
    """The file to pass with -include: GCC and clang then take the precompiled one beside it."""
    header = scratch / ("-".join(prelude).replace("/", "__") + ".prelude.hpp")
    header.write_text("#pragma once\n" + "".join(f"#include <{name}>\n" for name in prelude))
    answer = run(command, header, "-x", "c++-header", "-o", f"{header}.gch")
    if answer.returncode != 0:
        raise SystemExit(answer.stderr)
    return header


def compile_alone(header, scratch, command, prelude=None):
    """What the compiler said, or None when it was content."""
    source = scratch / (header.as_posix().replace("/", "__") + ".cpp")
    source.write_text(f"#include <{header.as_posix()}>\n" * 2)
    before = ["-include", str(prelude)] if prelude else []
    answer = run(command, source, *before, "-fsyntax-only")
    return None if answer.returncode == 0 else answer.stderr


def prelude_of(root, header):
    names = included(root, header.as_posix())
    return next((p for p in PRELUDES if names.issuperset(p)), None)


def main(root, scratch, *command):
    headers = [h for h in tree.files(root, tree.LIBRARY_FOLDERS, {".hpp"}) if "detail" not in h.parts]
    if not headers:
        print("found no public header")
        return 1
    root, scratch = pathlib.Path(root), pathlib.Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = {h: prelude_of(root, h) for h in headers}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = {p: pool.submit(precompile, p, scratch, command) for p in set(wanted.values()) if p}
        # Those without a prelude first: the pool is then never waiting for itself.
        order = sorted(headers, key=lambda h: wanted[h] is not None)

        def check(header):
            prelude = wanted[header]
            return compile_alone(header, scratch, command, compiled[prelude].result() if prelude else None)

        answers = list(pool.map(check, order))
    failed = [(h, answer) for h, answer in zip(order, answers) if answer is not None]
    for header, answer in failed:
        print(f"--- {header} does not compile alone\n{answer}")
    print(f"{len(headers) - len(failed)} of {len(headers)} public headers compile alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
