#!/usr/bin/env python3
"""Starts each example program as a user would, and talks to it.

usage: examples_test.py FOLDER_OF_THE_PROGRAMS
"""

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from program import PATIENCE, Program

PROGRAMS = ("quickstart", "stringsvc1", "stringsvc2", "middleware", "streams", "embed")


def run(name, *arguments):
    return subprocess.run([Program.folder / name, *arguments], capture_output=True, text=True, timeout=PATIENCE)


class Readme(unittest.TestCase):
    def test_calls_answer_as_shown(self):
        text = (pathlib.Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
        shown = re.search(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
        calls = re.findall(r"^\$ (curl .*)\n(.*)$", shown, re.MULTILINE)
        self.assertGreaterEqual(len(calls), 2)
        with Program("quickstart") as program:
            for command, answer in calls:
                with self.subTest(command):
                    command = command.replace(":8080", f":{program.port}")
                    printed = subprocess.run(["sh", "-c", f"{command} -s"], capture_output=True, text=True,
                                             timeout=PATIENCE)
                    self.assertEqual(printed.stdout.rstrip("\n"), answer)


class Streams(unittest.TestCase):
    def curl(self, *arguments, **more):
        command = ["curl", "-sS", "--max-time", str(PATIENCE), *arguments]
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, **more)

    def test_uploads(self):
        with Program("streams") as program, tempfile.NamedTemporaryFile() as file:
            target = f"http://127.0.0.1:{program.port}/upload"
            content = bytes(3_000_000)
            file.write(content)
            file.flush()
            for source in (file.name, "-"):  # with its length, and in chunks
                for fields in ([], ["-H", "Expect: 100-continue"], ["-H", "Expect:"]):
                    with self.subTest(source, fields=fields):
                        done = self.curl("-v", "-T", source, *fields, target, input=content)
                        self.assertEqual(done.stdout, b"3000000 bytes\n")
                        if "Expect: 100-continue" in fields:
                            self.assertIn(b"100 Continue", done.stderr)

    def test_events(self):
        with Program("streams") as program:
            target = f"http://127.0.0.1:{program.port}/ticks"
            with subprocess.Popen(["curl", "-sSN", "-H", "Last-Event-ID: 6", target],
                                  stdout=subprocess.PIPE, text=True) as curl:
                for line in ("id: 7", "data: tick", "", "id: 8"):
                    self.assertEqual(curl.stdout.readline(), line + "\n")
                program.send_signal()  # the drain ends the stream in order
                self.assertEqual(program.end(), 0)
                self.assertEqual(curl.wait(PATIENCE), 0)


class EachProgram(unittest.TestCase):
    def test_help(self):
        for name in PROGRAMS:
            with self.subTest(name):
                answer = run(name, "--help")
                self.assertEqual((answer.returncode, answer.stderr), (0, ""))
                for option in ("--listen", "--threads", "--help"):
                    self.assertIn(option, answer.stdout)

    def test_bad_options(self):
        cases = {
            ("--nonsense",): "--nonsense",
            ("--listen",): "--listen",
            ("--listen", "127.0.0.1"): "--listen",
            ("--listen", ":8080"): "--listen",
            ("--listen", "127.0.0.1:65536"): "--listen",
            ("--threads", "two"): "two",
            ("--threads", "-1"): "-1",
            ("--threads", "1025"): "1025",
        }
        for name in PROGRAMS:
            for arguments, complaint in cases.items():
                with self.subTest(name, arguments=arguments):
                    answer = run(name, *arguments)
                    self.assertEqual((answer.returncode, answer.stdout), (2, ""))
                    self.assertIn(complaint, answer.stderr)

    def test_port_in_use(self):
        for name in PROGRAMS:
            with self.subTest(name), Program("quickstart") as other:
                answer = run(name, "--listen", f"127.0.0.1:{other.port}")
                self.assertEqual((answer.returncode, answer.stdout), (1, ""))
                self.assertIn("in use", answer.stderr)
                self.assertIn(f"127.0.0.1', port {other.port}", answer.stderr)

    def test_signals_end_it(self):
        for name in PROGRAMS:
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(name, signal=number), Program(name) as program:
                    program.send_signal(number)
                    self.assertEqual(program.end(), 0)

    def test_several_threads(self):
        for name in PROGRAMS:
            with self.subTest(name), Program(name, "--threads", "2") as program:
                for _ in range(8):
                    self.assertEqual(program.ask("GET", "/no-such-path")[0], 404)
                program.send_signal()
                self.assertEqual(program.end(), 0)

    def test_second_signal_cuts_short(self):
        for name in PROGRAMS:
            with self.subTest(name), Program(name) as program:
                with socket.create_connection(("127.0.0.1", program.port), PATIENCE) as half:
                    # An answer shows that the server has read so far; the rest of the body never comes.
                    half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertTrue(half.recv(4096).startswith(b"HTTP/1.1 404 "))
                    half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
                    program.send_signal()
                    with self.assertRaises(subprocess.TimeoutExpired):
                        program.process.wait(1)
                    program.send_signal()
                    self.assertIn(program.end(), (0, 128 + signal.SIGTERM))


class Drain(unittest.TestCase):
    def test_a_running_request_is_answered(self):
        with Program("middleware") as program, program.connect() as connection:
            connection.request("POST", "/nap", '{"ms": 400}')
            # The other connection is answered after the request above was sent.
            self.assertEqual(program.ask("GET", "/no-such-path")[0], 404)
            program.send_signal()
            answer = connection.getresponse()
            self.assertEqual((answer.status, json.load(answer)), (200, {"slept_ms": 400}))
            self.assertEqual(answer.getheader("Connection"), "close")
            self.assertEqual(program.end(), 0)


class Quickstart(unittest.TestCase):
    def test_sum(self):
        with Program("quickstart") as program:
            self.assertEqual(program.post("/sum", {"a": 1, "b": 2}), (200, {"v": 3}))
            status, complaint = program.post("/sum", {"a": 1, "b": "2"})
            self.assertEqual(status, 400)
            self.assertIn("$.b", complaint)


class Stringsvc1(unittest.TestCase):
    """Routes and shapes of Go kit's program."""

    def test_calls(self):
        cases = [
            ("/uppercase", {"s": "hello, world"}, {"v": "HELLO, WORLD"}),
            ("/uppercase", {"s": ""}, {"v": "", "err": "empty string"}),
            ("/count", {"s": "hello, world"}, {"v": 12}),
            ("/count", {"s": "\u00e4"}, {"v": 2}),
            ("/count", {}, {"v": 0}),
        ]
        with Program("stringsvc1") as program:
            for target, request, response in cases:
                with self.subTest(target, request=request):
                    self.assertEqual(program.post(target, request), (200, response))

    def test_refusals(self):
        with Program("stringsvc1") as program:
            self.assertEqual(program.ask("POST", "/count", '{"s": 12')[0], 400)
            self.assertEqual(program.ask("POST", "/count", '{"s": 12}')[0], 400)
            self.assertEqual(program.ask("GET", "/count")[0], 405)
            self.assertEqual(program.ask("POST", "/no-such-path", "{}")[0], 404)

    def test_healthz(self):
        with Program("stringsvc1") as program:
            self.assertEqual(program.ask("GET", "/healthz"), (200, ""))


class StringService2(unittest.TestCase):
    """What Go kit's program logs and counts."""

    def test_calls_are_logged_and_counted(self):
        trace = "0af7651916cd43dd8448eb211c80319c"
        with Program("stringsvc2") as program:
            self.assertEqual(program.post("/uppercase", {"s": "a b"}), (200, {"v": "A B"}))
            self.assertEqual(program.post("/uppercase", {"s": ""})[1]["err"], "empty string")
            with program.connect() as connection:
                headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
                connection.request("POST", "/count", '{"s": "abcde"}', headers)
                self.assertEqual(json.loads(connection.getresponse().read()), {"v": 5})
            status, page = program.ask("GET", "/metrics")
            self.assertEqual(status, 200)
            for line in (
                'my_group_string_service_request_count_total{error="false",method="uppercase"} 1',
                'my_group_string_service_request_count_total{error="true",method="uppercase"} 1',
                'my_group_string_service_request_count_total{error="false",method="count"} 1',
                "my_group_string_service_count_result_sum 5",
                "my_group_string_service_count_result_count 1",
                'my_group_string_service_request_latency_microseconds_count{error="false",method="count"} 1',
            ):
                with self.subTest(line):
                    self.assertIn(line + "\n", page)
            program.send_signal()
            _, log = program.process.communicate(timeout=PATIENCE)
            for line in (
                r"^ts=\S+Z caller=stringsvc2\.cpp:\d+ msg=HTTP addr=127\.0\.0\.1:\d+$",
                r' method=uppercase input="a b" output="A B" err=null took=\S+$',
                r' method=uppercase input= output= err="empty string" took=\S+$',
                rf" trace_id={trace} span_id=[0-9a-f]{{16}} method=count input=abcde n=5 took=\S+$",
            ):
                with self.subTest(line):
                    self.assertRegex(log, re.compile(line, re.MULTILINE))


class Middleware(unittest.TestCase):
    def test_log_and_time_limit(self):
        with Program("middleware") as program:
            self.assertEqual(program.post("/nap", {"ms": 1}), (200, {"slept_ms": 1}))
            self.assertEqual(program.post("/nap", {"ms": 60000})[0], 504)
            program.send_signal()
            _, log = program.process.communicate(timeout=PATIENCE)
            self.assertRegex(log, r"level=info method=nap code=ok took=[\d.]+m?s\n"
                r"level=info method=nap code=deadline_exceeded took=[\d.]+m?s\n")


class Embed(unittest.TestCase):
    def test_echo_and_stats(self):
        for threads in ("1", "2"):
            with self.subTest(threads=threads), Program("embed", "--threads", threads) as program:
                line = program.process.stdout.readline()
                host, port = re.fullmatch(r"echoing on ([\d.]+):(\d+)\n", line).groups()
                with socket.create_connection((host, int(port)), PATIENCE) as peer:
                    peer.sendall(b"hello")
                    self.assertEqual(peer.recv(5, socket.MSG_WAITALL), b"hello")
                    status, content = program.ask("GET", "/stats")
                    self.assertEqual((status, json.loads(content)), (200, {"sessions": 1, "bytes": 5}))
                    program.send_signal()  # the echo session doesn't hold it
                    self.assertEqual(program.end(), 0)

    def test_total(self):
        with Program("embed") as other:
            other.process.stdout.readline()
            nobody = "http://127.0.0.1:1"
            with Program("embed", "--threads", "2", f"http://127.0.0.1:{other.port}", nobody) as program:
                host, port = program.process.stdout.readline().split()[-1].split(":")
                with socket.create_connection((host, int(port)), PATIENCE) as peer:
                    peer.sendall(b"hello")
                    self.assertEqual(peer.recv(5, socket.MSG_WAITALL), b"hello")
                    status, content = program.ask("GET", "/total")
                    self.assertEqual((status, json.loads(content)), (200, {"sessions": 1, "bytes": 5}))
                    status, content = other.ask("GET", "/total")
                    self.assertEqual((status, json.loads(content)), (200, {"sessions": 0, "bytes": 0}))


if __name__ == "__main__":
    Program.folder = pathlib.Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1])
