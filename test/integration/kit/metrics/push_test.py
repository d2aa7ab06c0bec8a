#!/usr/bin/env python3
"""Metrics pushed by push_client to the servers that people use: Node's statsd, Graphite's carbon.

usage: push_test.py PROGRAM
"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from programs import PATIENCE, Client, Server, free_port, until

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import npm  # noqa: E402


class StatsdServer(Server):
    def __init__(self):
        super().__init__()
        self.port, self.management = free_port(), free_port()
        # It forgets nothing while a test runs.
        (self.folder / "config.js").write_text(f"""{{
            address: "127.0.0.1", port: {self.port}, mgmt_address: "127.0.0.1", mgmt_port: {self.management},
            backends: ["./backends/console"], flushInterval: 3600000, dumpMessages: true }}""")

    def run(self):
        self.start(["node", npm.package("statsd") / "stats.js", "config.js"], self.management)

    def ask(self, what):
        with socket.create_connection(("127.0.0.1", self.management), PATIENCE) as s:
            s.sendall(f"{what}\n".encode())
            text = b""
            while b"END" not in text:
                text += s.recv(65536)
        found = json.loads(
            subprocess.run(
                ["node", "-p", f"JSON.stringify({text.decode().partition('END')[0]})"],
                capture_output=True, text=True, timeout=PATIENCE, check=True,
            ).stdout
        )
        return found


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


class CarbonServer(Server):
    def __init__(self):
        super().__init__()
        self.port = free_port()
        pickles, queries = free_port(), free_port()
        (self.folder / "carbon.conf").write_text(f"""[cache]
STORAGE_DIR = {self.folder}
LOCAL_DATA_DIR = {self.folder}/whisper
CONF_DIR = {self.folder}
LOG_DIR = {self.folder}
PID_DIR = {self.folder}
USER =
ENABLE_TAGS = False
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {self.port}
ENABLE_UDP_LISTENER = True
UDP_RECEIVER_INTERFACE = 127.0.0.1
UDP_RECEIVER_PORT = {self.port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickles}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {queries}
""")
        (self.folder / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 1s:1h\n")

    def run(self):
        # It keeps a file of its own process id, also when it was killed.
        (self.folder / "pid").unlink(missing_ok=True)
        self.start(
            ["carbon-cache", "--config=carbon.conf", "--pidfile=pid", "--nodaemon", "start"], self.port
        )

    def values(self, metric):
        """All values that were stored, in order."""
        path = self.folder / "whisper" / (metric.replace(".", "/") + ".wsp")
        fetched = subprocess.run(
            ["whisper-fetch", "--json", "--drop=nulls", path], capture_output=True, text=True, timeout=PATIENCE
        )
        return json.loads(fetched.stdout)["values"] if fetched.returncode == 0 else []


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
