#!/usr/bin/env python3
"""README code equals the examples: the block after `<!-- examples/quickstart.cpp -->` is that file.

usage: readme.py ROOT
Any file of the tree can be named so; README.md must name at least one.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"<!-- ([\w./-]+) -->\s*\n```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def check(root):
    """Complaints, one per block that differs."""
    readme = root / "README.md"
    blocks = BLOCK.findall(readme.read_text(encoding="utf-8")) if readme.exists() else []
    if not blocks:
        yield "README.md: no code block is marked with the example it comes from"
    for name, code in blocks:
        if not (root / name).exists():
            yield f"README.md: there is no {name}"
        elif (root / name).read_text(encoding="utf-8").strip() != code.strip():
            yield f"README.md: the block is not the text of {name}"


def main(root):
    complaints = list(check(pathlib.Path(root)))
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
