#!/usr/bin/env python3
"""No file of the repository names a path of one machine, or the host of a package registry.

usage: paths.py ROOT
"""

import pathlib
import re
import sys

import tree

# Written so that this file does not match itself.
RULED_OUT = re.compile(
    r"(?<![\w.$}-])/(work|root|home/\w+)/\w|/tmp/(bash|b-|clone)"
    r"|deb\.debian\.org|security\.debian\.org|registry\.npmjs\.org|pypi\.org|crates\.io"
)


def check(root):
    """(path, line number, what was found)"""
    for path in tree.files(root):
        data = (root / path).read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if match := RULED_OUT.search(line):
                yield path, number, match.group()


def main(root):
    findings = list(check(pathlib.Path(root)))
    for path, number, what in findings:
        print(f"{path}:{number}: names {what}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
