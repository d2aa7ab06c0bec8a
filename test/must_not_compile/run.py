#!/usr/bin/env python3
"""Compiles programs that must not compile, and looks whether the compiler says why.

usage: run.py PROGRAM... -- COMPILER [FLAG]...
Each line `// error: <text>` of a program is looked for among the compiler's errors; one without such
a line must compile. The exit status tells whether all was as expected.
"""

import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def check(path, command):
    """What is wrong with a program; nothing where all is as expected."""
    expected = [
        line.split("// error:", 1)[1].strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if "// error:" in line
    ]
    done = subprocess.run(
        [*command, "-fsyntax-only", "-x", "c++", str(path)], capture_output=True, text=True, check=False
    )
    if not expected:
        return [] if done.returncode == 0 else ["doesn't compile:\n" + done.stderr]
    if done.returncode == 0:
        return ["compiles"]
    said = " ".join(line for line in done.stderr.splitlines() if "error:" in line)
    return [f"the compiler doesn't say: {text}\n{done.stderr[:3000]}" for text in expected if text not in said]


def main():
    split = sys.argv.index("--")
    programs = [pathlib.Path(path) for path in sys.argv[1:split]]
    command = sys.argv[split + 1 :]
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings = list(pool.map(lambda path: check(path, command), programs))
    failed = 0
    for path, complaints in zip(programs, findings):
        for complaint in complaints:
            print(f"{path.name}: {complaint}")
        failed += bool(complaints)
    print(f"{len(programs) - failed} as expected, {failed} not")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
