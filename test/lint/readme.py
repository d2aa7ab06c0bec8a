#!/usr/bin/env python3
"""Code in the documents is code that is built: the block after `<!-- examples/quickstart.cpp -->` is that
file, and after `<!-- examples/middleware.cpp: middleware -->` what stands in it between the lines
`// [middleware]` and `// [end]`.

usage: readme.py ROOT
Any file of the tree can be named so; README.md must name at least one.
"""

import pathlib
import re
import sys

DOCUMENTS = ("README.md", "CONTRIBUTING.md")
BLOCK = re.compile(r"<!-- ([\w./-]+)(?:: ([\w -]+))? -->\s*\n```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def check(root):
    """Complaints, one per block that differs."""
    for name in DOCUMENTS:
        text = (root / name).read_text(encoding="utf-8") if (root / name).exists() else ""
        blocks = BLOCK.findall(text)
        if not blocks and name == "README.md":
            yield f"{name}: no code block is marked with the example it comes from"
        for source, section, code in blocks:
            expected = read(root / source, section)
            if expected is None:
                yield f"{name}: there is no {source}" + (f" with a section {section}" if section else "")
            elif expected.strip() != code.strip():
                yield f"{name}: the block is not the text of {source} {section}"


def read(path, section):
    """The file's text, or that of one section; None when there is no such thing."""
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    if not section:
        return text
    inside = re.search(rf"^// \[{section}\]\n(.*?)^// \[end\]$", text, re.DOTALL | re.MULTILINE)
    return inside and inside.group(1)


def main(root):
    complaints = list(check(pathlib.Path(root)))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
