#!/usr/bin/env python3
"""Plays documented_server with the programs people use: curl, and Node's validator of OpenAPI documents.

usage: documents_test.py PROGRAM compression|none
"""

import copy
import gzip
import http.client
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import zlib

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import npm  # noqa: E402

PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck
BROTLI_HELLO = b"\x0b\x02\x80hello\x03"
program, have_compression = "", False
server = port = None


def setUpModule():
    global server, port
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rpartition(":")[2])


def tearDownModule():
    server.kill()
    server.communicate()


def ask(method, target, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


VALIDATE_DOCUMENT = """
import { Validator } from '@seriousme/openapi-schema-validator';
import { readFileSync } from 'node:fs';
const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(0, 'utf8')));
console.log(JSON.stringify({ valid: result.valid, version: validator.version, errors: result.errors ?? [] }));
"""
# Whether each value is one of the named schema of the document.
VALIDATE_VALUES = """
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
const { document, name, values } = JSON.parse(readFileSync(0, 'utf8'));
const ajv = new Ajv.default({ strict: false });
formats.default(ajv);
for (const f of ['int8', 'uint8', 'uint32', 'uint64']) ajv.addFormat(f, true);
ajv.addSchema(document, 'doc');
const validate = ajv.compile({ $ref: 'doc#/components/schemas/' + name });
console.log(JSON.stringify(values.map((v) => validate(v) ? true : validate.errors)));
"""


# Whether each schema of the document is one; the validator above does not look into them.
VALIDATE_SCHEMAS = """
import Ajv from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
const ajv = new Ajv.default({ strict: false, logger: false });
const { schemas } = JSON.parse(readFileSync(0, 'utf8')).components;
console.log(JSON.stringify(Object.values(schemas).map((s) => ajv.validateSchema(s))));
"""


needs_node = npm.needs("@seriousme/openapi-schema-validator")


class OpenApi(unittest.TestCase):
    def document(self):
        answer, text = ask("GET", "/openapi.json")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/json"))
        return json.loads(text)

    @needs_node
    def test_the_document_is_valid(self):
        result = npm.run(VALIDATE_DOCUMENT, self.document())
        self.assertEqual(result, {"valid": True, "version": "3.1", "errors": []})

    @needs_node
    def test_a_broken_document_is_not(self):
        def unfinished_parameter(d):
            d["paths"]["/shop/mirror"]["post"]["parameters"] = [{"name": "x"}]

        def undescribed_response(d):
            del d["paths"]["/shop/mirror"]["post"]["responses"]["default"]["description"]

        def without_title(d):
            del d["info"]["title"]

        def wrong_path(d):
            d["paths"]["shop"] = d["paths"].pop("/shop/mirror")

        for breaks in (unfinished_parameter, undescribed_response, without_title, wrong_path):
            broken = copy.deepcopy(self.document())
            breaks(broken)
            with self.subTest(breaks.__name__):
                self.assertFalse(npm.run(VALIDATE_DOCUMENT, broken)["valid"])

    @needs_node
    def test_the_schemas_are_valid(self):
        document = self.document()
        self.assertEqual(set(npm.run(VALIDATE_SCHEMAS, document)), {True})
        document["components"]["schemas"]["item"]["properties"]["id"]["type"] = "text"
        self.assertIn(False, npm.run(VALIDATE_SCHEMAS, document))

    @needs_node
    def test_values_are_what_the_schemas_say(self):
        answer, text = ask("POST", "/shop/example")
        self.assertEqual(answer.status, 200)
        good = json.loads(text)
        wrong = {
            "tiny": 128, "small": -1, "number": 1.5, "natural": -1, "hue": "pink", "some": "1", "list": [1],
            "three": [1, 2], "two": [1, 2], "by_number": {"x": True}, "by_color": {"pink": ""}, "one_of": True,
            "span": "soon", "when": "yesterday", "fixed": "AA", "unique": [1, 1], "tree": {"leaves": [{"name": 1}]},
        }
        broken = [good | {name: value} for name, value in wrong.items()]
        results = npm.run(
            VALIDATE_VALUES, {"document": self.document(), "name": "everything", "values": [good, *broken]}
        )
        self.assertEqual(results[0], True)
        for (name, value), result in zip(wrong.items(), results[1:]):
            with self.subTest(name):
                self.assertNotEqual(result, True)
        # The server thinks the same of nearly all of them.
        for name, value in wrong.items():
            if name != "unique":
                with self.subTest(name):
                    self.assertEqual(ask("POST", "/shop/mirror", json.dumps({name: value}))[0].status, 400)
        answer, again = ask("POST", "/shop/mirror", text)
        self.assertEqual(json.loads(again), good)

    def test_what_it_says(self):
        d = self.document()
        self.assertEqual(d["openapi"], "3.1.0")
        self.assertEqual(d["paths"]["/items/{id}"]["get"]["summary"], "Finds one.")
        self.assertEqual(d["paths"]["/shop/mirror"]["post"]["summary"], "Gives back what it gets.")
        self.assertEqual(d["components"]["schemas"]["item"]["required"], ["id"])
        self.assertNotIn("/echo", d["paths"])


class Compression(unittest.TestCase):
    def setUp(self):
        if not have_compression:
            self.skipTest("built without cokit-http-compression")

    def curl(self, *arguments):
        url = f"http://127.0.0.1:{port}{arguments[-1]}"
        command = ["curl", "-sS", "--max-time", str(PATIENCE), *arguments[:-1], url]
        return subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout

    def test_curl_unpacks_each_coding(self):
        plain = self.curl("/openapi.json")
        for coding in ("gzip", "deflate", "br", "gzip, deflate, br"):
            with self.subTest(coding):
                packed = self.curl("-H", f"Accept-Encoding: {coding}", "/openapi.json")
                self.assertLess(len(packed), len(plain) / 3)
                self.assertEqual(self.curl("--compressed", "-H", f"Accept-Encoding: {coding}", "/openapi.json"), plain)
        self.assertEqual(gzip.decompress(self.curl("-H", "Accept-Encoding: gzip", "/openapi.json")), plain)
        self.assertEqual(zlib.decompress(self.curl("-H", "Accept-Encoding: deflate", "/openapi.json")), plain)

    def test_head_has_the_fields_of_get(self):
        headers = {"Accept-Encoding": "gzip"}
        get, _ = ask("GET", "/openapi.json", headers=headers)
        head, content = ask("HEAD", "/openapi.json", headers=headers)
        self.assertEqual((head.status, content), (200, b""))
        self.assertIsNone(head.headers["Content-Length"])
        for name in ("Content-Type", "Content-Encoding", "Vary"):
            self.assertEqual(head.headers.get_all(name), get.headers.get_all(name))

    def test_events_arrive_when_they_happen(self):
        for coding in ("gzip", "deflate"):
            with self.subTest(coding):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                connection.request("GET", "/events", headers={"Accept-Encoding": coding})
                answer = connection.getresponse()
                self.assertEqual(answer.headers["Content-Encoding"], coding)
                unpack = zlib.decompressobj(wbits=31 if coding == "gzip" else 15)
                seen, times = [], []
                while piece := answer.read1():
                    if text := unpack.decompress(piece):
                        seen.append(text)
                        times.append(time.monotonic())
                connection.close()
                self.assertEqual(seen, [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"])
                self.assertTrue(unpack.eof)
                self.assertGreater(times[2] - times[0], 0.15)
        self.assertEqual(self.curl("--compressed", "/events"), b"data: 1\n\ndata: 2\n\ndata: 3\n\n")

    def send(self, content, coding):
        answer, text = ask("POST", "/echo", content, {"Content-Encoding": coding, "Accept-Encoding": "identity"})
        return answer, text

    def test_packed_requests(self):
        text = b"some text " * 1000
        raw = zlib.compressobj(wbits=-15)
        for coding, content in {
            "gzip": gzip.compress(text),
            "deflate": zlib.compress(text),
            "Deflate": raw.compress(text) + raw.flush(),
            "deflate, gzip": gzip.compress(zlib.compress(text)),
        }.items():
            with self.subTest(coding):
                answer, got = self.send(content, coding)
                self.assertEqual((answer.status, got), (200, text))
        self.assertEqual(self.send(BROTLI_HELLO, "br")[1], b"hello")

    def test_requests_that_are_refused(self):
        whole = gzip.compress(b"some text")
        for content in (whole[:-1], b"text", whole + b"x", whole[:-3] + b"xxx"):
            self.assertEqual(self.send(content, "gzip")[0].status, 400)
        answer, _ = self.send(b"x", "zstd")
        self.assertEqual((answer.status, answer.headers["Accept-Encoding"]), (415, "br, gzip, deflate"))
        for bomb in (gzip.compress(bytes(50_000_000)), gzip.compress(gzip.compress(bytes(50_000_000)))):
            coding = "gzip, gzip" if len(bomb) < 10_000 else "gzip"
            self.assertEqual(self.send(bomb, coding)[0].status, 413)


class Others(unittest.TestCase):
    def test_preflight_and_security(self):
        origin = {"Origin": "https://app.example"}
        answer, _ = ask("OPTIONS", "/items/1", headers=origin | {"Access-Control-Request-Method": "PUT"})
        self.assertEqual((answer.status, answer.headers["Access-Control-Allow-Origin"]), (204, origin["Origin"]))
        for target, status in {"/items/1": 200, "/nowhere": 404, "/items/1?page=x": 400}.items():
            answer, _ = ask("GET", target, headers=origin)
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin["Origin"])
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")


class ZzDrain(unittest.TestCase):  # last: the server ends
    def test_readiness_goes_off_first(self):
        self.assertEqual(ask("GET", "/readyz")[1], b"ok")
        server.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while (status := ask("GET", "/readyz")[0].status) == 200:
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(status, 503)
        self.assertEqual(ask("GET", "/livez")[0].status, 200)  # served as before
        self.assertEqual(server.wait(PATIENCE), 0)


if __name__ == "__main__":
    program, have_compression = sys.argv[1], sys.argv[2] == "compression"
    unittest.main(argv=sys.argv[:1])
