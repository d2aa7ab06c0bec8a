#!/usr/bin/env python3
"""Every source file is as clang-format leaves it.

usage: format.py ROOT CLANG_FORMAT
"""

import subprocess
import sys

import tree


def main(root, clang_format):
    sources = tree.files(root, tree.CODE_FOLDERS, {".hpp", ".cpp"})
    run = subprocess.run(
        [clang_format, "--dry-run", "-Werror", "--ferror-limit=1", *map(str, sources)], cwd=root, check=False
    )
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
