#!/usr/bin/env python3
"""metrics_server as the programs see it that people use: promtool, a real Prometheus, what reads JSON.

usage: metrics_test.py PROGRAM
"""

import json
import math
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
from backends import PATIENCE, PrometheusServer, until  # noqa: E402

NORMAL = statistics.NormalDist(500, 25)  # what the histograms are filled with
COUNT = 12345
program = ""
server = port = None


def setUpModule():
    global server, port
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rpartition(":")[2])


def tearDownModule():
    server.send_signal(signal.SIGTERM)
    try:
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.communicate()


def get(url, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=PATIENCE) as answer:
        return answer, answer.read().decode()


def page(accept):
    answer, text = get(f"http://127.0.0.1:{port}/metrics", {"Accept": accept})
    return answer.headers["Content-Type"], text


def needs(name):
    return unittest.skipUnless(shutil.which(name), f"needs {name}")


@needs("promtool")
class Promtool(unittest.TestCase):
    def check(self, text):
        run = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=PATIENCE
        )
        return run.returncode, run.stderr

    def test_the_text_format(self):
        content_type, text = page("text/plain")
        self.assertEqual(content_type, "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(self.check(text), (0, ""))

    def test_a_broken_page_is_found(self):
        _, text = page("text/plain")
        self.assertNotEqual(self.check(text.replace("} 15\n", "} 15 apples\n"))[0], 0)
        self.assertNotEqual(self.check(text.replace('error="true"', 'error=true'))[0], 0)

    def blocks(self, text):
        """Has the parser of OpenMetrics read it: what that makes blocks of wants times."""
        sample = re.compile(r"^([^#\n]\S*(?:\{.*?\})?) (\S+)(?= # |$)", re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "metrics")
            file.write_text(sample.sub(r"\1 \2 1700000000", text), encoding="utf-8")
            run = subprocess.run(
                ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(file), str(folder)],
                capture_output=True, text=True, timeout=PATIENCE,
            )
            return run.returncode, run.stderr

    def test_openmetrics(self):
        content_type, text = page("application/openmetrics-text;version=1.0.0")
        self.assertEqual(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.assertIn('# {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 500 ', text)
        code, complaint = self.blocks(text)
        self.assertEqual(code, 0, complaint)
        # Without exemplars and escaped quotes in help it is, to promtool, text like the other format.
        plain = re.sub(r" # \{.*", "", text).replace('\\"sent\\"', '"sent"')
        code, complaint = self.check(plain)
        self.assertEqual(code, 3, complaint)  # 3: read, but the names of families are others there

    def test_broken_openmetrics_is_found(self):
        _, text = page("application/openmetrics-text;version=1.0.0")
        for broken in (text.replace("# EOF\n", ""), text.replace("# UNIT heap_bytes bytes", "# UNIT heap_bytes feet"),
                       text.replace('span_id="', "span_id=")):
            self.assertNotEqual(broken, text)
            self.assertNotEqual(self.blocks(broken)[0], 0)


@needs("prometheus")
class Prometheus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prometheus = PrometheusServer(f"127.0.0.1:{port}")
        cls.addClassCleanup(cls.prometheus.close)
        cls.prometheus.run()

    def value(self, expression):
        return self.prometheus.value(expression)

    def test_counters_and_gauges(self):
        self.assertEqual(self.value('requests_total{method="sum",error="false"}'), 15)
        self.assertEqual(self.value("sum(requests_total)"), 18)
        self.assertEqual(self.value("bytes_sent_total"), 1e15)
        self.assertEqual(self.value("heap_bytes"), -0.5)
        self.assertEqual(self.value("running"), 7)

    def test_a_label_value_of_anything(self):
        (labels, _), = self.prometheus.query("bytes_sent_total")
        self.assertEqual(labels["path"], 'C:\\a\n"b" ä')

    def test_what_it_is_told_of_the_metrics(self):
        told = self.prometheus.ask("targets/metadata", match_target='{job="cokit"}')
        about = {m["metric"]: (m["type"], m["help"], m["unit"]) for m in told}
        self.assertEqual(about["requests"], ("counter", "Requests answered.", ""))
        self.assertEqual(about["bytes_sent"], ("counter", 'Bytes "sent"\nto \\ clients.', ""))
        self.assertEqual(about["heap_bytes"], ("gauge", "Memory in use.", "bytes"))
        self.assertEqual(about["running"][0], "gauge")
        self.assertEqual(about["plain_size_bytes"][0], "histogram")
        self.assertEqual(about["summary_seconds"][0], "summary")

    def test_histogram_in_chosen_buckets(self):
        self.assertEqual(self.value("plain_size_bytes_count"), COUNT + 1)
        self.assertEqual(self.value('plain_size_bytes_bucket{le="+Inf"}'), COUNT + 1)
        for bound in range(425, 600, 25):
            have = self.value(f'plain_size_bytes_bucket{{le=~"{bound}(\\\\.0)?"}}')
            self.assertAlmostEqual(have / COUNT, NORMAL.cdf(bound), delta=0.02)

    def test_quantiles(self):
        for q in (0.5, 0.9, 0.95, 0.99):
            with self.subTest(q):
                want = NORMAL.inv_cdf(q)
                shown = self.value(f'summary_seconds{{quantile="{q}"}}')
                self.assertAlmostEqual(shown / want, 1, delta=0.01)
                of_buckets = self.value(f"histogram_quantile({q}, exponential_seconds_bucket)")
                self.assertAlmostEqual(of_buckets / want, 1, delta=0.03)
        self.assertEqual(self.value("summary_seconds_count"), COUNT)
        self.assertAlmostEqual(self.value("summary_seconds_sum / summary_seconds_count"), 500, delta=1)

    def test_exemplars(self):
        now = time.time()
        (series,) = self.prometheus.ask("query_exemplars", query="plain_size_bytes_bucket", start=now - 600, end=now + 600)
        self.assertIn(series["seriesLabels"]["le"], ("500.0", "500"))
        self.assertEqual(series["exemplars"][0]["value"], "500")
        self.assertEqual(series["exemplars"][0]["labels"],
                         {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"})

    def test_overflow(self):
        series = {labels["user"]: value for labels, value in self.prometheus.query("limited_total")}
        self.assertEqual(series, {"0": 1, "1": 1, "other": 3})
        self.assertEqual(self.value('cokit_metrics_overflow_total{metric="limited_total"}'), 3)

    def test_the_process(self):
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        self.assertEqual(self.value("process_threads"), int(re.search(r"Threads:\s+(\d+)", status)[1]))
        resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024
        self.assertAlmostEqual(self.value("process_resident_memory_bytes") / resident, 1, delta=0.5)
        self.assertAlmostEqual(self.value("process_start_time_seconds"), time.time(), delta=600)
        self.assertGreater(self.value("process_open_fds"), 3)
        self.assertLess(self.value("process_open_fds"), self.value("process_max_fds"))

    def test_each_loop_is_measured(self):
        def measured():
            counts = {labels["loop"]: value for labels, value in self.prometheus.query("loop_lag_seconds_count")}
            return len(counts) == 2 and min(counts.values()) > 0

        until(measured)


class Expvar(unittest.TestCase):
    def test_it_is_json(self):
        answer, text = get(f"http://127.0.0.1:{port}/debug/vars")
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
        values = json.loads(text)
        self.assertEqual(list(values), sorted(values))
        self.assertEqual(values['requests_total{error="false",method="sum"}'], 15)
        for q in (50, 90, 95, 99):
            want = NORMAL.inv_cdf(q / 100)
            self.assertTrue(math.isclose(values[f"exponential_seconds.p{q}"], want, rel_tol=0.01))


if __name__ == "__main__":
    program = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
