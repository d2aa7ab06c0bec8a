"""What the tests of metrics that are pushed have in common: the program under test."""

import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
from backends import PATIENCE  # noqa: E402


class Client:
    """A program with metrics, see push_program.hpp."""

    program = ""

    def __init__(self, *arguments, milliseconds=50):
        self.process = subprocess.Popen(
            [Client.program, *arguments, str(milliseconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def tell(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def stats(self):
        self.tell("stats")
        return tuple(map(int, self.process.stdout.readline().split()))

    def end(self):
        """(sent, lost, failures), and what it complained about."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, errors
        return tuple(map(int, out.splitlines()[-1].split())), errors

    def kill(self):
        self.process.kill()
        self.process.communicate()
