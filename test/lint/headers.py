#!/usr/bin/env python3
"""Compiles each public header alone, twice in one file: it includes what it uses, and guards itself.

usage: headers.py ROOT SCRATCH_DIR COMPILER [ARGUMENT...]
Compiles to an object file, so that a compiler cache makes the second run cheap.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import tree


def compile_alone(header, scratch, command):
    """What the compiler said, or None when it was content."""
    source = scratch / (header.as_posix().replace("/", "__") + ".cpp")
    text = f"#include <{header.as_posix()}>\n" * 2
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    run = subprocess.run(
        [*command, "-c", str(source), "-o", str(source.with_suffix(".o"))],
        capture_output=True, text=True, check=False,
    )
    return None if run.returncode == 0 else run.stderr


def main(root, scratch, *command):
    headers = [h for h in tree.files(root, tree.LIBRARY_FOLDERS, {".hpp"}) if "detail" not in h.parts]
    if not headers:
        print("found no public header")
        return 1
    scratch = pathlib.Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda h: compile_alone(h, scratch, command), headers))
    failed = [(h, answer) for h, answer in zip(headers, answers) if answer is not None]
    for header, answer in failed:
        print(f"--- {header} does not compile alone\n{answer}")
    print(f"{len(headers) - len(failed)} of {len(headers)} public headers compile alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
