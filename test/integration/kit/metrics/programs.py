"""What the tests of metrics that are pushed have in common: the program under test, and servers."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck


def free_port():
    """Where nobody listens with TCP or UDP, below the ports that outgoing connections get."""
    for number in range(12000 + os.getpid() % 15000, 32768):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", number))
                udp.bind(("127.0.0.1", number))
            except OSError:
                continue
            if number not in free_port.given:
                free_port.given.add(number)
                return number
    raise AssertionError("no free port")


free_port.given = set()


def until(check):
    """What `check` gives once that is something."""
    end = time.monotonic() + PATIENCE
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


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


class Server:
    """A program that listens on a port, in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.process = None
        self.log = open(self.folder / "output", "w")

    def start(self, command, port):
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=self.log, stderr=subprocess.STDOUT
        )
        until(lambda: self.listens(port))

    def listens(self, port):
        assert self.process.poll() is None, (self.folder / "output").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self, how=signal.SIGKILL):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
        self.process = None

    def close(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder)
