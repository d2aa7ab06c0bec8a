#!/usr/bin/env python3
"""Metrics pushed by http_push_client to a collector of OTLP that comes, goes, and is moody.

usage: otlp_test.py PROGRAM
"""

import http.server
import json
import sys
import threading
import time
import unittest

from programs import PATIENCE, Client, free_port, until


class Collector:
    """Adds up what it is sent. Its port stays the same when it stops and runs again."""

    def __init__(self):
        self.port = free_port()
        self.server = None
        self.status = 200
        self.lock = threading.Lock()
        self.counted, self.values, self.times = {}, {}, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1/metrics"

    def run(self):
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    collector.take(json.loads(content))
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.thread.join(PATIENCE)
            self.server.server_close()
        self.server = None

    def take(self, message):
        with self.lock:
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


class Otlp(unittest.TestCase):
    def setUp(self):
        self.collector = Collector()
        self.addCleanup(self.collector.stop)

    def client(self, form):
        client = Client(form, self.collector.url)
        self.addCleanup(client.kill)
        return client

    def both(self):
        for form in ("otlp", "otlp-delta"):
            with self.subTest(form):
                yield form
            self.collector.stop()
            self.collector = Collector()
            self.addCleanup(self.collector.stop)

    def test_values(self):
        for form in self.both():
            self.collector.run()
            client = self.client(form)
            client.tell("count calls 5 x", "count calls 2 y", "set level 7", "observe took 0.5", "observe took 2")
            until(lambda: self.collector.total("calls") == {("x",): 5, ("y",): 2})
            client.tell("count calls 0.5 x", "set level -1")
            until(lambda: self.collector.total("calls") == {("x",): 5.5, ("y",): 2})
            client.tell("count calls 1 z")
            (_, lost, failures), errors = client.end()  # sends a last time
            self.assertEqual(self.collector.total("calls"), {("x",): 5.5, ("y",): 2, ("z",): 1})
            self.assertEqual(self.collector.total("level"), {(): -1})
            self.assertEqual(self.collector.total("took"), {(): 2})
            self.assertEqual((lost, failures, errors), (0, 0, ""))

    def test_late_killed_and_restarted(self):
        for form in self.both():
            client = self.client(form)
            total = 1
            client.tell("count calls 1 x")
            until(lambda: client.stats()[2] >= 2)
            self.collector.run()
            until(lambda: self.collector.total("calls") == {("x",): total})
            for _ in range(3):
                self.collector.stop()
                failures = client.stats()[2]
                for _ in range(20):
                    client.tell("count calls 1 x")
                    total += 1
                    time.sleep(0.01)
                until(lambda: client.stats()[2] > failures + 1)
                self.collector.run()
                client.tell("count calls 10 x")
                total += 10
                until(lambda: self.collector.total("calls") == {("x",): total})
            (_, lost, _), _ = client.end()
            self.assertEqual(self.collector.total("calls"), {("x",): total})  # none lost, none twice
            self.assertEqual(lost, 0)

    def test_busy_or_refusing(self):
        for form in self.both():
            self.collector.status = 503
            self.collector.run()
            client = self.client(form)
            client.tell("count calls 1 x")
            until(lambda: client.stats()[2] >= 2)
            self.collector.status = 200
            until(lambda: self.collector.total("calls") == {("x",): 1})
            self.collector.status = 400
            client.tell("count calls 2 x")
            until(lambda: client.stats()[1] >= 1)
            self.collector.status = 200
            client.tell("count calls 4 x")
            want = 7 if form == "otlp" else 5  # what was refused of changes has gone
            until(lambda: self.collector.total("calls") == {("x",): want})
            (_, lost, _), errors = client.end()
            self.assertGreaterEqual(lost, 1)
            self.assertIn("503", errors)
            self.assertIn("400", errors)

    def test_changes_follow_one_another(self):
        self.collector.run()
        client = self.client("otlp-delta")
        for i in range(1, 6):
            client.tell("count calls 1 x")
            until(lambda: self.collector.total("calls") == {("x",): i})
        client.end()
        for (_, _, end), (_, start, _) in zip(self.collector.times, self.collector.times[1:]):
            self.assertLessEqual(int(end), int(start))


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
