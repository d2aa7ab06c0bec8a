#!/usr/bin/env python3
"""Metrics pushed by http_push_client to a collector of OTLP that comes, goes, and is moody.

usage: otlp_test.py PROGRAM
"""

import contextlib
import http.server
import json
import socket
import sys
import threading
import time
import unittest

from programs import Client  # first: it adds the folder of the others
from backends import PATIENCE, free_port, until


class Collector:
    """Adds up what it is sent. Its port stays the same when it stops and runs again."""

    def __init__(self):
        self.port = free_port()
        self.server = None
        self.status = 200
        self.lock = threading.Lock()
        self.connections = None  # those open; none when it has stopped
        self.counted, self.values, self.times = {}, {}, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1/metrics"

    def run(self):
        self.connections = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.collector = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        """At once, but what it has taken it has answered: what it hasn't comes again."""
        if not self.server:
            return
        with self.lock:
            open_ones, self.connections = self.connections, None
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server.shutdown()
        self.thread.join(PATIENCE)
        self.server.server_close()
        self.server = None

    def take(self, message):
        for group in message["resourceMetrics"]:
            for metric in group["scopeMetrics"][0]["metrics"]:
                (data,) = (metric[kind] for kind in ("sum", "gauge", "exponentialHistogram") if kind in metric)
                for point in data["dataPoints"]:
                    self.take_point(metric["name"], data.get("aggregationTemporality"), point)

    def take_point(self, name, temporality, point):
        labels = tuple(a["value"]["stringValue"] for a in point.get("attributes", []))
        value = point["asDouble"] if "asDouble" in point else int(point["count"])
        key = (name, *labels)
        if temporality == 1:
            self.counted[key] = self.counted.get(key, 0) + value
            self.times.append((key, point["startTimeUnixNano"], point["timeUnixNano"]))
        else:
            self.values[key] = value

    def total(self, name):
        with self.lock:
            return {key[1:]: v for key, v in {**self.values, **self.counted}.items() if key[0] == name}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.collector.lock:
            if self.server.collector.connections is not None:
                self.server.collector.connections.append(self.connection)

    def do_POST(self):
        collector = self.server.collector
        content = self.rfile.read(int(self.headers["Content-Length"]))
        with collector.lock:
            if collector.connections is None:
                self.close_connection = True
                return
            if collector.status == 200:
                collector.take(json.loads(content))
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass


def each_form(test):
    """Calls the test with each form that the program knows, and a collector."""
    def tests(self):
        for form in ("otlp", "otlp-delta"):
            with self.subTest(form), Collector() as collector:
                test(self, form, collector)

    return tests


class Otlp(unittest.TestCase):
    def client(self, form, collector):
        client = Client(form, collector.url)
        self.addCleanup(client.kill)
        return client

    @each_form
    def test_values(self, form, collector):
        collector.run()
        client = self.client(form, collector)
        client.tell("count calls 5 x", "count calls 2 y", "set level 7", "observe took 0.5", "observe took 2")
        until(lambda: collector.total("calls") == {("x",): 5, ("y",): 2})
        client.tell("count calls 0.5 x", "set level -1")
        until(lambda: collector.total("calls") == {("x",): 5.5, ("y",): 2})
        client.tell("count calls 1 z")
        (_, lost, failures), errors = client.end()  # sends a last time
        self.assertEqual(collector.total("calls"), {("x",): 5.5, ("y",): 2, ("z",): 1})
        self.assertEqual(collector.total("level"), {(): -1})
        self.assertEqual(collector.total("took"), {(): 2})
        self.assertEqual((lost, failures, errors), (0, 0, ""))

    @each_form
    def test_late_killed_and_restarted(self, form, collector):
        client = self.client(form, collector)
        total = 1
        client.tell("count calls 1 x")
        until(lambda: client.stats()[2] >= 2)
        collector.run()
        until(lambda: collector.total("calls") == {("x",): total})
        for _ in range(3):
            collector.stop()
            failures = client.stats()[2]
            for _ in range(20):
                client.tell("count calls 1 x")
                total += 1
                time.sleep(0.01)
            until(lambda: client.stats()[2] > failures + 1)
            collector.run()
            client.tell("count calls 10 x")
            total += 10
            until(lambda: collector.total("calls") == {("x",): total})
        (_, lost, _), _ = client.end()
        self.assertEqual(collector.total("calls"), {("x",): total})  # none lost, none twice
        self.assertEqual(lost, 0)

    @each_form
    def test_busy_or_refusing(self, form, collector):
        collector.status = 503
        collector.run()
        client = self.client(form, collector)
        client.tell("count calls 1 x")
        until(lambda: client.stats()[2] >= 2)
        collector.status = 200
        until(lambda: collector.total("calls") == {("x",): 1})
        collector.status = 400
        client.tell("count calls 2 x")
        until(lambda: client.stats()[1] >= 1)
        collector.status = 200
        client.tell("count calls 4 x")
        want = 7 if form == "otlp" else 5  # what was refused of changes has gone
        until(lambda: collector.total("calls") == {("x",): want})
        (_, lost, _), errors = client.end()
        self.assertGreaterEqual(lost, 1)
        self.assertIn("503", errors)
        self.assertIn("400", errors)

    def test_changes_follow_one_another(self):
        with Collector() as collector:
            collector.run()
            client = self.client("otlp-delta", collector)
            for i in range(1, 6):
                client.tell("count calls 1 x")
                until(lambda: collector.total("calls") == {("x",): i})
            client.end()
        for (_, _, end), (_, start, _) in zip(collector.times, collector.times[1:]):
            self.assertLessEqual(int(end), int(start))


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
