#!/usr/bin/env python3
"""Compiles programs that must not compile, and looks whether the compiler says why.

usage: run.py PROGRAM... -- COMPILER [FLAG]...
Each line `// error: <text>` of a program is looked for among the compiler's errors; one without such
a line must compile. Each program is a test case.
"""

import pathlib
import subprocess
import sys
import unittest
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


def test_of(findings):
    def test(self):
        if findings:
            self.fail("\n".join(findings))

    return test


def main():
    split = sys.argv.index("--")
    programs = [pathlib.Path(path) for path in sys.argv[1:split]]
    command = sys.argv[split + 1 :]
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings = pool.map(lambda path: check(path, command), programs)
        tests = {f"test_{path.stem}": test_of(found) for path, found in zip(programs, findings)}
    case = type("Messages", (unittest.TestCase,), tests)
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())


if __name__ == "__main__":
    main()
