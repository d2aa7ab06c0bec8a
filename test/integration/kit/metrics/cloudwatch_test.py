#!/usr/bin/env python3
"""Metrics put by http_push_client to a stand-in for CloudWatch, which checks signatures by itself.

usage: cloudwatch_test.py PROGRAM
"""

import collections
import hashlib
import hmac
import http.server
import re
import sys
import threading
import unittest
import urllib.parse

from programs import Client  # first: it adds the folder of the others
from backends import until

TOKEN = "to/ken=="
ANSWER = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>as told</Message></Error></ErrorResponse>"


def wrong_signature(handler, body):
    """What AWS would say against the request; nothing when all is right."""
    names = [n.lower() for n in handler.headers.keys()]
    if names.count("host") != 1 or handler.headers["X-Amz-Security-Token"] != TOKEN:
        return "no host or token"
    form = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=id/(\d{8})/eu-central-1/monitoring/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        handler.headers["Authorization"],
    )
    if not form:
        return "malformed: " + handler.headers["Authorization"]
    day, signed, signature = form.groups()
    if not {"content-type", "host", "x-amz-date", "x-amz-security-token"} <= set(signed.split(";")):
        return "signs too little: " + signed
    fields = "".join(f"{n}:{' '.join(handler.headers[n].split())}\n" for n in signed.split(";"))
    text = f"POST\n{handler.path}\n\n{fields}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/eu-central-1/monitoring/aws4_request"
    date = handler.headers["X-Amz-Date"]
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
    key = b"AWS4key"
    for part in (day, "eu-central-1", "monitoring", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    wanted = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return None if wanted == signature and date.startswith(day) else "wrong"


class CloudWatch(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.data = []  # the MetricData that was taken
        self.complaints = []
        self.errors = collections.deque()  # (status, code) of the next answers
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        assert form.pop("Action") == "PutMetricData"
        assert form.pop("Version") == "2010-08-01"
        assert form.pop("Namespace") == "Cokit"
        data = collections.defaultdict(dict)
        for name, value in form.items():
            _, _, number, rest = name.split(".", 3)
            data[int(number)][rest] = value
        assert 1 <= len(data) <= 20
        self.data += [data[i + 1] for i in range(len(data))]

    def of(self, name, kind=None):
        with self.lock:
            return [
                d for d in self.data
                if d["MetricName"] == name and d.get("Dimensions.member.1.Value") == kind
            ]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, text = 200, "<PutMetricDataResponse/>"
        with self.server.lock:
            wrong = wrong_signature(self, body)
            if wrong:
                self.server.complaints.append(wrong)
                status, text = 403, ANSWER.format("SignatureDoesNotMatch")
            elif self.server.errors:
                status, code = self.server.errors.popleft()
                text = ANSWER.format(code)
            else:
                self.server.take(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Exporter(unittest.TestCase):
    def setUp(self):
        self.server = CloudWatch()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def client(self, backend="cloudwatch"):
        client = Client(backend, f"http://127.0.0.1:{self.server.server_port}/")
        self.addCleanup(client.kill)
        return client

    def total(self, name, kind=None, key="Value"):
        return sum(float(d[key]) for d in self.server.of(name, kind))

    def ended(self, client):
        stats, errors = client.end()
        self.assertEqual(self.server.complaints, [])
        return stats, errors

    def test_values(self):
        client = self.client()
        client.tell("count calls 5 x", "count calls 2 y", "set level 7", "set level 8", "set level 7")
        client.tell(*(f"observe took {i / 1000}" for i in range(1, 101)))
        until(lambda: self.total("calls", "x") == 5 and self.total("calls", "y") == 2)
        client.tell("count calls 0.5 x")
        until(lambda: self.total("calls", "x") == 5.5)
        values = collections.Counter()
        for d in self.server.of("level"):
            for i in range(1, 4):
                if f"Values.member.{i}" in d:
                    values[float(d[f"Values.member.{i}"])] += int(d[f"Counts.member.{i}"])
        self.assertEqual(values, {7: 2, 8: 1})
        for p in (50, 90, 95, 99):
            highest = max(float(d["Value"]) for d in self.server.of(f"took_{p}"))
            self.assertAlmostEqual(highest, p / 1000, delta=p / 1000 * 0.02)
        client.tell("count calls 3 y")
        (sent, lost, failures), errors = self.ended(client)
        self.assertEqual(self.total("calls", "y"), 5)
        self.assertEqual((lost, failures, errors), (0, 0, ""))
        self.assertEqual(sent, len(self.server.data))

    def test_statistic_sets(self):
        client = self.client("cloudwatch-statistics")
        client.tell("set level 4", "set level 5", "set level 6", "count calls 3 x", "observe took 0.25")
        until(lambda: self.total("took", None, "StatisticValues.SampleCount") == 1)
        self.assertEqual(self.total("level", None, "StatisticValues.Sum"), 15)
        self.assertEqual(self.total("level", None, "StatisticValues.SampleCount"), 3)
        self.assertEqual(self.total("calls", "x", "StatisticValues.Sum"), 3)
        self.assertEqual(self.total("took", None, "StatisticValues.Minimum"), 0.25)
        self.assertEqual(self.total("took", None, "StatisticValues.Maximum"), 0.25)
        _, errors = self.ended(client)
        self.assertEqual(errors, "")

    def test_throttled_away_and_refused(self):
        self.server.errors.extend([(400, "Throttling"), (503, "ServiceUnavailable")])
        client = self.client()
        client.tell("count calls 5 x")
        until(lambda: self.total("calls", "x") == 5)  # at the third attempt
        self.server.errors.extend([(503, "ServiceUnavailable")] * 7)
        client.tell("count calls 4 x")
        until(lambda: self.total("calls", "x") == 9)
        self.server.errors.append((400, "InvalidParameterValue"))
        client.tell("count others 1")
        until(lambda: client.stats()[1] == 1)
        client.tell("count others 2")
        (_, lost, _), errors = self.ended(client)
        self.assertEqual(self.total("others"), 2)
        self.assertEqual(lost, 1)
        self.assertIn("ServiceUnavailable: as told", errors)
        self.assertIn("InvalidParameterValue: as told", errors)

    def test_many_at_once(self):
        client = self.client()
        client.tell(*(f"count calls 1 k{i}" for i in range(995)))
        until(lambda: len({d.get("Dimensions.member.1.Value") for d in list(self.server.data)}) == 995)
        (sent, lost, failures), errors = self.ended(client)
        self.assertEqual((sent, lost, failures, errors), (995, 0, 0, ""))


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
