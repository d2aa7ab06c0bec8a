#!/usr/bin/env python3
"""What exporting_program sends, as others read it: OpenTelemetry's and Zipkin's libraries, protoc.

usage: decoders_test.py PROGRAM TESTDATA
"""

import base64
import copy
import functools
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import npm  # noqa: E402
from npm import PATIENCE  # noqa: E402

HERE = pathlib.Path(__file__).parent
NANO = 1_700_000_000_123_456_789
TRACE = "0af7651916cd43dd8448eb211c80319c"
program = testdata = ""


class Collector(http.server.ThreadingHTTPServer):
    """Keeps what it is sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.received[self.path] = (self.headers["Content-Type"], content)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.received = {}


@functools.cache
def exported(form):
    """{path: (content type, content)} of what the program sends in that form."""
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            done = subprocess.run(
                [program, form, f"http://127.0.0.1:{collector.server_port}"],
                capture_output=True, text=True, timeout=PATIENCE,
            )
        finally:
            collector.shutdown()
            thread.join()
    assert (done.returncode, done.stdout, done.stderr) == (0, "6 0\n", ""), done
    return collector.received


def values(attributes):
    """{key: (type, value)}"""
    return {a["key"]: next(iter(a["value"].items())) for a in attributes}


def without_defaults(value):
    """Without what JSON writes and protobuf does not, as it is the default."""
    if isinstance(value, list):
        return [without_defaults(v) for v in value]
    if isinstance(value, dict):
        kept = ((k, without_defaults(v)) for k, v in value.items() if (k, v) != ("isMonotonic", False))
        return {k: v for k, v in kept if v != {}}
    return value


class Otlp(unittest.TestCase):
    """Of one encoding; the other one is checked to be the same."""

    @classmethod
    def setUpClass(cls):
        cls.protobuf, cls.json = exported("otlp-protobuf"), exported("otlp-json")

    def decoded(self, kind, encoding):
        path = "/v1/traces" if kind == "trace" else "/v1/metrics"
        content_type, content = getattr(self, encoding)[path]
        self.assertEqual(content_type, {"protobuf": "application/x-protobuf", "json": "application/json"}[encoding])
        result = npm.run(HERE / "decode_otlp.mjs", {
            "kind": kind, "encoding": encoding, "content": base64.b64encode(content).decode(),
        })
        self.assertIsNone(result["problem"])
        return result["message"]

    def spans(self):
        (group,) = self.decoded("trace", "protobuf")["resourceSpans"]
        (scope,) = group["scopeSpans"]
        return group["resource"], {s["name"]: s for s in scope["spans"]}


@npm.needs("@opentelemetry/otlp-transformer")
class OtlpTraces(Otlp):
    def test_json_and_protobuf_are_the_same(self):
        for kind in ("trace", "metrics"):
            with self.subTest(kind):
                as_json, as_protobuf = (without_defaults(self.decoded(kind, e)) for e in ("json", "protobuf"))
                self.assertEqual(as_json, as_protobuf)

    def test_nothing_in_json_is_unknown(self):
        """What its decoder doesn't know it would leave out."""
        def names(value):
            if isinstance(value, list):
                return set().union(*map(names, value))
            return set(value).union(*map(names, value.values())) if isinstance(value, dict) else set()

        for kind, path in {"trace": "/v1/traces", "metrics": "/v1/metrics"}.items():
            sent = names(json.loads(self.json[path][1]))
            self.assertEqual(sent - names(self.decoded(kind, "json")), set())

    def test_the_resource(self):
        resource, _ = self.spans()
        self.assertEqual(values(resource["attributes"]), {
            "service.name": ("stringValue", "Käse-Shop"), "service.instance.id": ("intValue", "7"),
        })

    def test_kinds_ids_and_times(self):
        _, spans = self.spans()
        self.assertEqual(len(spans), 6)
        served, called = spans["GET /käse/{id}"], spans["GET"]
        self.assertEqual((served["traceId"], served["parentSpanId"]), (TRACE, "b7ad6b7169203331"))
        self.assertEqual(served["traceState"], "vendor=value,other=x")
        self.assertEqual((called["traceId"], called["parentSpanId"]), (TRACE, served["spanId"]))
        self.assertRegex(served["spanId"], "^[0-9a-f]{16}$")
        kinds = {name: s["kind"] for name, s in spans.items()}
        self.assertEqual(kinds, {
            "attributes": 1, "crowded": 1, "GET /käse/{id}": 2, "GET": 3, "orders send": 4, "orders process": 5,
        })
        self.assertEqual(served["startTimeUnixNano"], str(NANO))
        self.assertEqual(served["endTimeUnixNano"], str(NANO + 3_500_000))
        self.assertEqual(served["flags"], 0x301)  # sampled, and the parent is remote
        self.assertEqual(called["flags"], 0x101)
        consumed = spans["orders process"]
        self.assertNotIn("parentSpanId", {k for k, v in consumed.items() if v})
        self.assertNotEqual(consumed["traceId"], TRACE)
        self.assertEqual(consumed["flags"], 0x103)  # its trace id is random

    def test_status_events_and_links(self):
        _, spans = self.spans()
        self.assertEqual(spans["GET /käse/{id}"]["status"], {"code": 1})
        self.assertEqual(spans["GET"]["status"], {"code": 2, "message": "no käse 7"})
        self.assertEqual(values(spans["GET"]["attributes"])["error.type"], ("stringValue", "not_found"))
        (event,) = spans["GET /käse/{id}"]["events"]
        self.assertEqual((event["name"], event["timeUnixNano"]), ("cache miss", str(NANO + 3_500_000)))
        self.assertEqual(values(event["attributes"]), {"key": ("stringValue", "k"), "tries": ("intValue", "2")})
        (link,) = spans["orders process"]["links"]
        self.assertEqual((link["traceId"], link["spanId"]), (TRACE, spans["orders send"]["spanId"]))
        self.assertEqual(values(link["attributes"]), {"position": ("intValue", "1")})

    def test_attributes(self):
        _, spans = self.spans()
        got = values(spans["attributes"]["attributes"])
        self.assertEqual(got.pop("list"), ("arrayValue", {"values": [
            {"stringValue": "a"}, {"stringValue": ""}, {"stringValue": "ü"},
        ]}))
        self.assertEqual(got, {
            "text": ("stringValue", 'grüß 🧀 "quoted"\n\\'), "empty": ("stringValue", ""),
            "yes": ("boolValue", True), "no": ("boolValue", False),
            "least": ("intValue", str(-(2**63))), "most": ("intValue", str(2**63 - 1)), "zero": ("intValue", "0"),
            "fraction": ("doubleValue", 0.1), "infinity": ("doubleValue", "Infinity"),
            "long": ("stringValue", "x" * 4096), "broken": ("stringValue", "a\ufffdb"),
        })

    def test_what_was_too_much(self):
        _, spans = self.spans()
        crowded = spans["crowded"]
        self.assertEqual((len(crowded["attributes"]), crowded["droppedAttributesCount"]), (128, 72))
        self.assertEqual((len(crowded["events"]), crowded["droppedEventsCount"]), (128, 72))


@npm.needs("@opentelemetry/otlp-transformer")
class OtlpMetrics(Otlp):
    def metrics(self):
        (group,) = self.decoded("metrics", "protobuf")["resourceMetrics"]
        self.assertEqual(values(group["resource"]["attributes"])["service.name"], ("stringValue", "Käse-Shop"))
        (scope,) = group["scopeMetrics"]
        self.assertEqual(scope["scope"]["name"], "cokit")
        return {m["name"]: m for m in scope["metrics"]}

    def test_numbers(self):
        metrics = self.metrics()
        calls = metrics["calls_total"]
        self.assertEqual((calls["description"], calls["unit"]), ("Käse calls.", "By"))
        self.assertEqual((calls["sum"]["aggregationTemporality"], calls["sum"]["isMonotonic"]), (2, True))
        (point,) = calls["sum"]["dataPoints"]
        self.assertEqual(point["asDouble"], 15)
        self.assertEqual(point["startTimeUnixNano"], "1700000000000000000")
        self.assertEqual(values(point["attributes"]),
                         {"error": ("stringValue", "false"), "kind": ("stringValue", "ü")})
        self.assertEqual(metrics["running"]["sum"]["dataPoints"][0]["asDouble"], -2)
        self.assertFalse(metrics["running"]["sum"].get("isMonotonic"))
        self.assertEqual(metrics["nothing"]["gauge"]["dataPoints"][0]["asDouble"], "NaN")
        self.assertEqual(metrics["warmth"]["gauge"]["dataPoints"][0]["asDouble"], -0.5)
        self.assertEqual(metrics["warmth"]["unit"], "Cel")

    def test_histogram(self):
        (point,) = self.metrics()["chosen"]["histogram"]["dataPoints"]
        self.assertEqual((point["count"], point["sum"], point["min"], point["max"]), ("5", 14.25, 0.25, 8))
        self.assertEqual(point["explicitBounds"], [0.5, 1, 2])
        self.assertEqual(point["bucketCounts"], ["2", "0", "1", "2"])
        (exemplar,) = point["exemplars"]
        self.assertEqual((exemplar["traceId"], exemplar["spanId"], exemplar["asDouble"]),
                         (TRACE, "b7ad6b7169203331", 8))

    def test_exponential_histogram(self):
        (point,) = self.metrics()["grown"]["exponentialHistogram"]["dataPoints"]
        seen = [0.0, 1e6]
        value = 0.001
        while value < 1000:
            seen.append(value)
            value *= 1.1
        self.assertEqual(point["count"], str(len(seen)))
        self.assertAlmostEqual(point["sum"] / sum(seen), 1)
        self.assertEqual((point.get("zeroCount"), point["max"]), ("1", 1e6))
        counts = [int(n) for n in point["positive"]["bucketCounts"]]
        self.assertLessEqual(len(counts), 160)
        self.assertEqual(sum(counts) + 1, len(seen))
        base = 2 ** (2 ** -point["scale"])
        offset = point["positive"]["offset"]
        want = [0] * len(counts)
        for v in seen[1:]:
            index = next(i for i in range(len(counts)) if i + 1 == len(counts) or v <= base ** (offset + i + 1))
            want[index] += 1
        self.assertEqual(counts, want)


@unittest.skipUnless(shutil.which("protoc"), "needs protoc")
@npm.needs("otlp-protos")
class Protoc(Otlp):
    """The definitions are of version 0.19, which lacks a few fields."""

    def text(self, kind, path):
        folder = npm.package("otlp-protos") / "build" / "protos"
        package = f"opentelemetry/proto/collector/{kind}/v1/{kind}_service.proto"
        message = f"opentelemetry.proto.collector.{kind}.v1.Export{kind.capitalize()}ServiceRequest"
        done = subprocess.run(
            ["protoc", f"--proto_path={folder}", f"--decode={message}", package],
            input=self.protobuf[path][1], capture_output=True, timeout=PATIENCE,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def unknown(self, text):
        return set(re.findall(r"^ *(\d+)(?::| \{)", text, re.MULTILINE))

    def test_traces(self):
        text = self.text("trace", "/v1/traces")
        self.assertEqual(self.unknown(text), {"16", "6"})  # flags of spans and links
        self.assertEqual(text.count("  spans {"), 6)
        for piece in ("kind: SPAN_KIND_CONSUMER", "code: STATUS_CODE_ERROR", "double_value: inf",
                      "int_value: -9223372036854775808", f"start_time_unix_nano: {NANO}",
                      'trace_state: "vendor=value,other=x"', "dropped_attributes_count: 72"):
            self.assertIn(piece, text)

    def test_metrics(self):
        text = self.text("metrics", "/v1/metrics")
        self.assertEqual(self.unknown(text), {"14"})  # the zero threshold
        for piece in ("aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE", "is_monotonic: true",
                      "as_double: nan", "as_double: -0.5", "explicit_bounds: 0.5", "zero_count: 1",
                      "scale: 3", "exponential_histogram {"):
            self.assertIn(piece, text)


@npm.needs("ajv", "yaml", "zipkin")
class Zipkin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ((cls.path, (cls.content_type, content)),) = exported("zipkin").items()
        cls.list = json.loads(content)
        cls.spans = {s["name"]: s for s in cls.list}

    def look(self, *lists):
        api = pathlib.Path(testdata, "zipkin", "zipkin2-api.yaml").read_text()
        return npm.run(HERE / "validate_zipkin.mjs", {"api": api, "lists": lists})

    def test_it_is_what_the_api_says(self):
        self.assertEqual((self.path, self.content_type), ("/api/v2/spans", "application/json"))
        self.assertEqual(self.look(self.list)[0]["valid"], True)

    def test_what_is_not_is_found(self):
        wrong = {"traceId": "0AF7", "id": 7, "kind": "INTERNAL", "timestamp": 1.5, "tags": {"a": 1},
                 "annotations": [{"value": "x"}], "remoteEndpoint": {"ipv4": "users"}, "parentId": "1"}
        lists = [[copy.deepcopy(self.list[0]) | {key: value}] for key, value in wrong.items()]
        for key, result in zip(wrong, self.look(*lists)):
            with self.subTest(key):
                self.assertNotEqual(result["valid"], True)

    def test_zipkins_library_would_write_the_same(self):
        self.assertEqual(self.look(self.list)[0]["rewritten"], self.list)

    def test_spans(self):
        self.assertEqual(len(self.list), 6)
        served, called = self.spans["get /käse/{id}"], self.spans["get"]
        self.assertEqual((served["traceId"], served["parentId"]), (TRACE, "b7ad6b7169203331"))
        self.assertEqual(called["parentId"], served["id"])
        self.assertEqual((served["timestamp"], served["duration"]), (NANO // 1000, 3500))
        self.assertEqual(served["localEndpoint"], {"serviceName": "käse-shop"})
        self.assertEqual(served["remoteEndpoint"], {"ipv4": "192.168.1.2", "port": 50412})
        self.assertEqual(called["remoteEndpoint"], {"serviceName": "users.local", "port": 8080})
        self.assertEqual(called["tags"]["error"], "no käse 7")
        (annotation,) = served["annotations"]
        self.assertEqual(json.loads(annotation["value"]), {"cache miss": {"key": "k", "tries": "2"}})
        kinds = {name: s.get("kind") for name, s in self.spans.items()}
        self.assertEqual(kinds, {
            "attributes": None, "crowded": None, "get /käse/{id}": "SERVER", "get": "CLIENT",
            "orders send": "PRODUCER", "orders process": "CONSUMER",
        })

    def test_tags(self):
        tags = self.spans["attributes"]["tags"]
        self.assertEqual(tags["text"], 'grüß 🧀 "quoted"\n\\')
        self.assertEqual((tags["yes"], tags["least"], tags["fraction"]), ("true", str(-(2**63)), "0.1"))
        self.assertEqual(json.loads(tags["list"]), ["a", "", "ü"])
        self.assertEqual(len(tags["long"]), 4096)


if __name__ == "__main__":
    program, testdata = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
