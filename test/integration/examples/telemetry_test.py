#!/usr/bin/env python3
"""stringsvc2 under load beside the real servers that its metrics and traces go to, which come and go.

usage: telemetry_test.py FOLDER_OF_THE_PROGRAMS SANITIZER
"""

import http.client
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import unittest

from program import PATIENCE, Program

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import npm  # noqa: E402
from backends import (  # noqa: E402
    PCP_AGENT, CarbonServer, InfluxServer, PcpTools, PrometheusServer, Server, StatsdServer, free_port, until,
)

SANITIZED = "none" not in sys.argv  # so slow that on a busy machine its loop is late, and it says so
INTERVAL = "1300ms"  # carbon keeps one value a second
COUNTER = "my_group_string_service_request_count"
BUSINESS_ERROR = "gokit.business.error"
CALLS = {  # what to send, and what comes back
    ("uppercase", "false"): ({"s": "hello"}, {"v": "HELLO"}),
    ("uppercase", "true"): ({"s": ""}, {"v": "", "err": "empty string"}),
    ("count", "false"): ({"s": "hello"}, {"v": 5}),
}


class Load:
    """Calls without end, on connections that stay; each answer is looked at."""

    def __init__(self, port, threads=2):
        self.port, self.stopped, self.failures, self.refused = port, False, [], 0
        self.counts = [dict.fromkeys(CALLS, 0) for _ in range(threads)]
        self.threads = [threading.Thread(target=self.work, args=(counts,)) for counts in self.counts]
        for t in self.threads:
            t.start()

    def work(self, counts):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            while not self.stopped:
                for (method, error), (request, response) in CALLS.items():
                    while True:
                        connection.request("POST", "/" + method, json.dumps(request))
                        answer = connection.getresponse()
                        content = answer.read()
                        if not (SANITIZED and answer.status == 503):
                            break
                        self.refused += 1
                    if answer.status != 200 or json.loads(content) != response:
                        self.failures.append((answer.status, answer.getheaders(), content))
                    counts[method, error] += 1
        except Exception as e:  # a request was lost
            self.failures.append(e)
        finally:
            connection.close()

    def total(self):
        return {call: sum(counts[call] for counts in self.counts) for call in CALLS}

    def go_on_for(self, calls):
        end = sum(self.total().values()) + calls
        until(lambda: self.failures or sum(self.total().values()) >= end)
        assert not self.failures, self.failures[:3]

    def stop(self):
        self.stopped = True
        for t in self.threads:
            t.join()
        assert not self.failures, self.failures[:3]
        total = self.total()
        assert self.refused <= sum(total.values()) / 20, self.refused
        return total


class Collector(Server):
    """Counts the spans that come, in Zipkin's JSON."""

    def __init__(self):
        super().__init__()
        self.port, self.spans, self.server = free_port(), [], None

    def run(self):
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                collector.spans += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None


def resident(process):
    """kB"""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1])


def descriptors(process):
    return len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))


@npm.needs("statsd")
@unittest.skipUnless(all(map(shutil.which, ("prometheus", "carbon-cache", "whisper-fetch", "pminfo"))) and PCP_AGENT,
                     "needs prometheus, graphite-carbon and pcp")
@unittest.skipUnless(shutil.which("influxd"), "needs influxdb")
class Telemetry(unittest.TestCase):
    def setUp(self):
        self.statsd, self.carbon, self.influx = StatsdServer(), CarbonServer(), InfluxServer()
        self.pcp, self.collector = PcpTools(), Collector()
        for server in (self.statsd, self.carbon, self.influx, self.pcp, self.collector):
            self.addCleanup(server.close)
        for server in (self.statsd, self.carbon, self.influx, self.collector):
            server.run()
        self.influx.query("CREATE DATABASE cokit")
        self.program = Program(
            "stringsvc2", "--rate", "1000000", "--push-interval", INTERVAL,
            "--statsd", f"127.0.0.1:{self.statsd.port}", "--graphite", f"127.0.0.1:{self.carbon.port}",
            "--influx", self.influx.url, "--pcp", str(self.pcp.files),
            "--zipkin", f"http://127.0.0.1:{self.collector.port}/api/v2/spans", stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.program.__exit__)
        self.prometheus = PrometheusServer(f"127.0.0.1:{self.program.port}")
        self.addCleanup(self.prometheus.close)
        self.prometheus.run()

    # Each gives what a backend says the totals are.

    def in_prometheus(self):
        series = self.prometheus.query(COUNTER + "_total")
        return {(labels["method"], labels["error"]): value for labels, value in series}

    def in_influx(self):
        series = self.influx.query(f"SELECT sum(count) FROM {COUNTER} GROUP BY method, error")
        return {(s["tags"]["method"], s["tags"]["error"]): s["values"][0][1] for s in series}

    def in_carbon(self):
        return {
            (method, error): sum(self.carbon.values(f"stringsvc2.{COUNTER}.error.{error}.method.{method}"))
            for method, error in CALLS
        }

    def in_statsd(self):
        counters = self.statsd.ask("counters")
        return {
            (method, error): counters.get(f"stringsvc2.{COUNTER}.error.{error}.method.{method}", 0)
            for method, error in CALLS
        }

    def in_pcp(self):
        values = self.pcp.values(f"stringsvc2.{COUNTER}")
        return {(method, error): values.get(f"error={error},method={method}") for method, error in CALLS}

    def in_collector(self):
        count = dict.fromkeys(CALLS, 0)
        for span in list(self.collector.spans):
            if span.get("kind") is None:  # the endpoint's, within the server's
                failed = BUSINESS_ERROR in span.get("tags", {})
                count[span["name"], "true" if failed else "false"] += 1
        return count

    def await_push(self):
        """Until metrics of now have been sent: each push gives carbon a value of this."""
        values = f"stringsvc2.{COUNTER}.error.true.method.count"
        before = len(self.carbon.values(values))
        until(lambda: len(self.carbon.values(values)) >= before + 2)

    def check(self, totals, backends):
        for backend in backends:
            with self.subTest(backend.__name__):
                def agrees(backend=backend):
                    said = backend()
                    return all(said.get(call) == total for call, total in totals.items())

                try:
                    until(agrees)
                except AssertionError:
                    self.fail(f"{backend()}, not {totals}")

    def test_the_numbers_are_right(self):
        load = Load(self.program.port)
        load.go_on_for(3000)
        totals = load.stop()
        self.check(totals, (self.in_prometheus, self.in_influx, self.in_carbon, self.in_statsd, self.in_pcp,
                            self.in_collector))
        self.program.send_signal()
        self.assertEqual(self.program.end(), 0)

    def test_each_goes_away_while_load_runs(self):
        load = Load(self.program.port)
        try:
            load.go_on_for(1000)
            for server in (self.statsd, self.carbon, self.influx, self.prometheus, self.collector):
                server.stop()
                load.go_on_for(2000)
                server.run()
        finally:
            totals = load.stop()
        # Those that say what was added have it all, as none of it was lost, or counted twice.
        self.check(totals, (self.in_prometheus, self.in_influx, self.in_pcp))
        # What StatsD and carbon had not written is gone with them; what is new arrives.
        self.await_push()
        before = {backend: backend() for backend in (self.in_statsd, self.in_carbon)}
        load = Load(self.program.port)
        load.go_on_for(300)
        totals = load.stop()
        for backend, said in before.items():
            self.check({call: said[call] + n for call, n in totals.items()}, (backend,))

    @unittest.skipIf(SANITIZED, "sanitizers keep memory")
    def test_no_memory_goes_while_all_are_away(self):
        load = Load(self.program.port)
        try:
            load.go_on_for(5000)
            for server in (self.statsd, self.carbon, self.influx, self.prometheus, self.collector):
                server.stop()
            load.go_on_for(15000)  # what is kept for later is full
            memory, files = resident(self.program.process), descriptors(self.program.process)
            load.go_on_for(30000)
            grown = resident(self.program.process) - memory
            self.assertLessEqual(descriptors(self.program.process), files + 3)
        finally:
            load.stop()
        self.assertLess(grown, 2000)


if __name__ == "__main__":
    Program.folder = pathlib.Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1], verbosity=2)
