"""An example program, as the tests run it."""

import contextlib
import http.client
import json
import pathlib
import re
import signal
import subprocess

PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck


class Program:
    """An example that is running, on a port that the kernel chose."""

    folder = pathlib.Path()

    def __init__(self, name, *arguments, stderr=subprocess.PIPE):
        self.process = subprocess.Popen(
            [Program.folder / name, "--listen", "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE, stderr=stderr, text=True,
        )
        self.first_line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", self.first_line)
        assert found, self.first_line
        self.port = int(found[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        return contextlib.closing(connection)

    def ask(self, method, target, body=None):
        """(status, content) of one request on a connection of its own."""
        with self.connect() as connection:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def post(self, target, value):
        status, content = self.ask("POST", target, json.dumps(value))
        return status, json.loads(content) if status == 200 else content

    def send_signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self):
        """The exit status, once it has ended by itself."""
        return self.process.wait(PATIENCE)
