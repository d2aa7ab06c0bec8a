#!/usr/bin/env python3
"""stringsvc2 with more to do than it can, and with the program that it needs away and back.

usage: overload_test.py FOLDER_OF_PROGRAMS
"""

import asyncio
import json
import pathlib
import subprocess
import sys
import time
import unittest

from program import Program

BUSY_US = 4000  # of work for each call: 250 calls a second are what one thread can do
BODY = b'{"s": "hello"}'


class Load:
    """Calls that come at a steady rate, whatever happens to those before."""

    def __init__(self, port):
        self.port = port
        self.answers = []  # (status, seconds, critical)
        self.retry_after = 0

    async def call(self, critical):
        began = time.monotonic()
        fields = "Grpc-Metadata-Criticality: critical\r\n" if critical else ""
        request = (
            f"POST /count HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nGrpc-Timeout: 500m\r\n{fields}"
            f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
        ).encode() + BODY
        status = 0
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            answer = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            await writer.wait_closed()
            if answer:
                status = int(answer.split(b" ", 2)[1])
                self.retry_after += b"\r\nRetry-After: " in answer
        except (OSError, asyncio.TimeoutError):
            pass
        self.answers.append((status, time.monotonic() - began, critical))

    async def run(self, rate, seconds):
        calls = []
        began = time.monotonic()
        for n in range(int(rate * seconds)):
            wait = began + n / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            calls.append(asyncio.create_task(self.call(n % 50 == 0)))
        await asyncio.gather(*calls)
        self.took = time.monotonic() - began
        return self

    def good(self):
        """Of a second: answered with 200 within the callers' half a second."""
        return sum(1 for status, took, _ in self.answers if status == 200 and took < 0.5) / self.took

    def share(self, status):
        return sum(1 for answer in self.answers if answer[0] == status) / len(self.answers)

    def critical(self):
        """(the share that succeeded, their 99 %)"""
        all_of = [answer for answer in self.answers if answer[2]]
        took = sorted(answer[1] for answer in all_of if answer[0] == 200)
        return len(took) / len(all_of), took[int(len(took) * 0.99)] if took else float("inf")


def stringsvc2(*arguments):
    return Program("stringsvc2", *arguments, stderr=subprocess.DEVNULL)  # it logs each call


def load(port, rate, seconds):
    return asyncio.run(Load(port).run(rate, seconds))


def decisions(program):
    """{(layer, decision): how often}, by the debug page."""
    status, page = program.ask("GET", "/debug/decisions?format=json")
    assert status == 200, page
    totals = {}
    for one in json.loads(page)["totals"]:
        key = one["layer"], one["decision"]
        totals[key] = totals.get(key, 0) + one["count"]
    return totals


class Overload(unittest.TestCase):
    def test_more_than_it_can_do(self):
        with stringsvc2("--busy", str(BUSY_US), "--rate", "1000000") as program:
            normal = load(program.port, 100, 3)
            peak = load(program.port, 240, 4)
            over = load(program.port, 1500, 4)
            print(
                f"good answers a second: {normal.good():.0f} of 100 asked, {peak.good():.0f} of 240, "
                f"{over.good():.0f} of 1500; refused {over.share(503):.0%}; critical: {over.critical()[0]:.0%} "
                f"answered, p99 {over.critical()[1] * 1000:.0f} ms, {normal.critical()[1] * 1000:.0f} ms usually"
            )
            self.assertGreater(normal.share(200), 0.98)
            # The callers' machine is the same, and they take a good part of it.
            self.assertGreater(over.good(), 0.7 * peak.good())
            self.assertGreater(over.share(503), 0.3)
            self.assertGreater(over.retry_after, 0)
            # In the order they come they'd wait behind those of an interval, 100 ms.
            self.assertGreater(over.critical()[0], 0.98)
            self.assertLess(over.critical()[1], 0.05)
            made = decisions(program)
            self.assertGreater(made.get(("concurrency_limit", "refused"), 0) + made.get(("load_shed", "shed"), 0), 0)
            # Afterwards all is as before.
            again = load(program.port, 100, 3)
            self.assertGreater(again.share(200), 0.98)

    def test_one_client_asks_too_much(self):
        with stringsvc2("--rate", "50") as program:
            answers = load(program.port, 400, 2)
            self.assertGreater(answers.share(429), 0.5)
            self.assertGreater(answers.share(200), 0.05)
            self.assertGreater(answers.retry_after, 0)
            self.assertGreater(decisions(program)[("rate_limit", "refused")], 100)

    def test_who_it_needs_goes_and_comes_back(self):
        with Program("stringsvc1") as needed:
            port = needed.port
            with stringsvc2("--uppercase-at", f"http://127.0.0.1:{port}") as program:
                self.assertEqual(program.post("/uppercase", {"s": "a"}), (200, {"v": "A"}))
                needed.process.kill()
                needed.process.wait()
                took = []
                for _ in range(30):
                    began = time.monotonic()
                    status, _ = program.ask("POST", "/uppercase", '{"s": "a"}')
                    took.append(time.monotonic() - began)
                    self.assertIn(status, (502, 503))
                self.assertLess(max(took[-10:]), 0.5)  # by now it isn't tried any more
                self.assertEqual(program.post("/count", {"s": "abc"}), (200, {"v": 3}))
                made = decisions(program)
                self.assertGreaterEqual(made[("circuit_breaker", "opened")], 1)
                self.assertGreater(made[("circuit_breaker", "refused")], 5)
                self.assertGreaterEqual(made[("retry", "retried")], 1)

                with Program("stringsvc1", "--listen", f"127.0.0.1:{port}"):
                    deadline = time.monotonic() + 30
                    status = 0
                    while status != 200 and time.monotonic() < deadline:
                        status, _ = program.ask("POST", "/uppercase", '{"s": "a"}')
                    self.assertEqual(status, 200)
                    self.assertGreaterEqual(decisions(program)[("circuit_breaker", "closed")], 1)


if __name__ == "__main__":
    Program.folder = pathlib.Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1], verbosity=2)
