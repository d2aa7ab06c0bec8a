#!/usr/bin/env python3
"""Traces that go through traced_server and the libraries of others, both ways: OpenTelemetry's and Zipkin's.

usage: peers_test.py PROGRAM
"""

import signal
import subprocess
import sys
import pathlib
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import npm  # noqa: E402
from npm import PATIENCE  # noqa: E402

HERE = pathlib.Path(__file__).parent
TRACE, FAR = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
BAGGAGE = {"tenant": "käse & co, 7", "plain": "x"}
program = ""


class Peers(unittest.TestCase):
    def play(self, speaks, **asked):
        """The span that called, the server's, and the one that the server called."""
        server = subprocess.Popen([program, speaks], stdout=subprocess.PIPE, text=True)
        try:
            url = "http://" + server.stdout.readline().strip()
            result = npm.run(HERE / "peer.mjs", {"url": url, **asked})
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(PATIENCE), 0)
        finally:
            server.kill()
            server.communicate()
        return result["span"], result["answer"], result["served"]

    def check_one_trace(self, span, answer, served, sampled):
        self.assertEqual((answer["trace_id"], served["trace_id"]), (span["trace_id"], span["trace_id"]))
        self.assertEqual(answer["parent_id"], span["span_id"])
        self.assertEqual(len({span["span_id"], answer["span_id"], served["span_id"]}), 3)
        self.assertEqual((span["sampled"], answer["sampled"], served["sampled"]), (sampled,) * 3)
        self.assertEqual(answer["recorded"], sampled)


@npm.needs("@opentelemetry/sdk-trace-node", "@opentelemetry/propagator-b3")
class OpenTelemetry(Peers):
    def test_each_format_both_ways(self):
        for library in ("w3c", "b3", "b3multi"):
            for sampled in (True, False):
                with self.subTest(library, sampled=sampled):
                    span, answer, served = self.play(library, library=library, sampled=sampled)
                    self.assertEqual(span["trace_id"], TRACE)
                    self.check_one_trace(span, answer, served, sampled)
                    self.assertNotIn(served["caller_id"], (span["span_id"], answer["span_id"], FAR))
                    self.assertEqual((answer["baggage"], served["baggage"]), (BAGGAGE, BAGGAGE))
                    state = "vendor=a,other=b" if library == "w3c" else ""
                    self.assertEqual((answer["trace_state"], served["trace_state"]), (state, state))

    def test_formats_that_are_only_read(self):
        """By default B3 is read, too, but W3C is what goes out."""
        span, answer, served = self.play("w3c", library="b3multi", sampled=True)
        self.assertEqual(answer["trace_id"], span["trace_id"])
        self.assertNotEqual(served["trace_id"], span["trace_id"])


@npm.needs("zipkin")
class Zipkin(Peers):
    def test_both_ways(self):
        for long in (True, False):
            for sampled in (True, False):
                with self.subTest(long=long, sampled=sampled):
                    span, answer, served = self.play("b3multi", library="zipkin", long=long, sampled=sampled)
                    self.assertEqual(span["trace_id"].startswith("0" * 16), not long)
                    self.check_one_trace(span, answer, served, sampled)

    def test_debug(self):
        span, answer, served = self.play("b3multi", library="zipkin", long=True, debug=True, sampled=False)
        self.check_one_trace(span, answer, served, True)
        self.assertEqual((span["debug"], answer["debug"], served["debug"]), (True, True, True))


if __name__ == "__main__":
    program = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
