#!/usr/bin/env python3
"""Metrics pushed by push_client to the servers that people use: Node's statsd, Graphite's carbon.

usage: push_test.py PROGRAM
"""

import re
import shutil
import sys
import time
import unittest

from programs import Client  # first: it adds the folder of the others
import npm
from backends import CarbonServer, StatsdServer, until


@npm.needs("statsd")
class Statsd(unittest.TestCase):
    def setUp(self):
        self.server = StatsdServer()
        self.addCleanup(self.server.close)

    def client(self, backend="statsd"):
        client = Client(backend, f"127.0.0.1:{self.server.port}")
        self.addCleanup(client.kill)
        return client

    def received(self, what, name, value):
        until(lambda: self.server.ask(what).get(name) == value)

    def test_counters_gauges_and_timings(self):
        self.server.run()
        client = self.client()
        client.tell("count calls 5", "set level 7", "observe took 0.0125", "observe took 2")
        self.received("counters", "cokit.calls", 5)
        client.tell("count calls 0.5", "set level -3")
        self.received("counters", "cokit.calls", 5.5)
        self.received("gauges", "cokit.level", -3)
        client.tell("set level -4")  # not subtracted
        self.received("gauges", "cokit.level", -4)
        client.tell("count calls 2")
        (sent, lost, failures), errors = client.end()  # sends a last time
        self.received("counters", "cokit.calls", 7.5)
        self.received("timers", "cokit.took", [12.5, 2000])
        self.assertEqual((lost, failures, errors), (0, 0, ""))
        self.assertEqual(self.server.ask("counters")["statsd.bad_lines_seen"], 0)
        self.assertGreaterEqual(sent, 8)

    def test_many_values_in_full_datagrams(self):
        self.server.run()
        client = self.client()
        client.tell(*(f"observe took {i}" for i in range(1000)))
        self.received("counters", "statsd.metrics_received", 1000)
        counters = self.server.ask("counters")
        self.assertEqual(counters["statsd.bad_lines_seen"], 0)
        self.assertLess(counters["statsd.packets_received"], 100)
        got = re.findall(r"cokit\.took:(\d+)\.000000\|ms", (self.server.folder / "output").read_text())
        self.assertEqual(list(map(int, got)), [i * 1000 for i in range(1000)])
        self.assertEqual(client.end()[0], (1000, 0, 0))

    def lose(self, client):
        """Sends, while nobody listens, until a single value is known to be lost."""
        before = client.stats()[1]

        def lost():
            client.tell("count calls 1", "set level 9", "observe took 1")
            return client.stats()[1] > before

        until(lost)

    def test_late_killed_and_restarted(self):
        client = self.client()
        client.tell("count calls 1")
        until(lambda: client.stats()[0] == 1)  # to nobody, who cannot say so in advance
        self.lose(client)
        self.server.run()
        client.tell("set level 2")
        self.received("gauges", "cokit.level", 2)
        self.server.stop()
        self.lose(client)
        self.server.run()
        client.tell("count later 3", "set level 5")
        self.received("counters", "cokit.later", 3)
        self.received("gauges", "cokit.level", 5)
        (_, lost, failures), errors = client.end()
        self.assertGreaterEqual(lost, 2)
        self.assertGreaterEqual(failures, 2)
        self.assertIn(f"metrics to 127.0.0.1:{self.server.port}: Connection refused", errors)


@unittest.skipUnless(shutil.which("carbon-cache") and shutil.which("whisper-fetch"), "needs graphite-carbon")
class Carbon(unittest.TestCase):
    INTERVAL = 1300  # carbon keeps one value a second

    def setUp(self):
        self.server = CarbonServer()
        self.addCleanup(self.server.close)

    def client(self, backend="graphite"):
        client = Client(backend, f"127.0.0.1:{self.server.port}", milliseconds=self.INTERVAL)
        self.addCleanup(client.kill)
        return client

    def counted(self, total):
        until(lambda: sum(self.server.values("cokit.calls")) == total)

    def check_values(self, backend):
        self.server.run()
        client = self.client(backend)
        client.tell("count calls 5", "set level -3", *(f"observe took {i / 1000}" for i in range(1, 101)))
        self.counted(5)
        client.tell("count calls 2.5")
        self.counted(7.5)
        self.assertEqual(set(self.server.values("cokit.level")), {-3})
        for name, value in (("p50", 0.05), ("p90", 0.09), ("p95", 0.095), ("p99", 0.099)):
            stored = until(lambda: self.server.values(f"cokit.took.{name}"))
            self.assertAlmostEqual(stored[-1] / value, 1, delta=0.02)
        (_, lost, failures), errors = client.end()
        self.assertEqual((lost, failures, errors), (0, 0, ""))

    def test_values_by_tcp(self):
        self.check_values("graphite")

    def test_values_by_udp(self):
        self.check_values("graphite-udp")

    def test_late_killed_and_restarted(self):
        client = self.client()
        client.tell("count calls 1", "set level 1")
        until(lambda: client.stats()[2] >= 1)
        client.tell("count calls 1")
        self.server.run()
        self.counted(2)  # nothing was lost
        self.server.stop()
        client.tell("count calls 10", "set level 2")
        until(lambda: client.stats()[2] >= 3)
        self.server.run()
        self.counted(12)
        until(lambda: self.server.values("cokit.level")[-1] == 2)
        time.sleep(1.1)  # for the last time to have a second of its own
        client.tell("count calls 4")
        (_, lost, _), errors = client.end()
        self.counted(16)
        self.assertEqual(lost, 0)
        self.assertIn(f"metrics to 127.0.0.1:{self.server.port}: ", errors)


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
