#!/usr/bin/env python3
"""Puts nginx and HAProxy in front of proxied_server, and has its client call through them.

usage: proxies_test.py PROGRAM
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck
CLIENT = "127.0.0.5"  # trusted by nobody, as the proxies' own 127.0.0.1 is
os.environ["PATH"] += os.pathsep + "/usr/sbin"
program = ""
folder = pathlib.Path()
processes = []
port = {}  # by what listens there


def free_ports(count):
    """Below the range that is handed to outgoing connections."""
    found = []
    for number in range(21000 + os.getpid() % 5000, 32000):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", number))
            except OSError:
                continue
        found.append(number)
        if len(found) == count:
            return found
    raise AssertionError("no free port")


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream app {{ server 127.0.0.1:{fields}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{nginx}; listen 127.0.0.1:{nginx_tls} ssl http2;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    location /at_once {{ return 200 "without reading the content"; }}
    location / {{ proxy_pass http://app; proxy_request_buffering off; }}
  }}
}}
"""

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend fields
  bind 127.0.0.1:{haproxy}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  use_backend fields
backend fields
  server app 127.0.0.1:{fields}
frontend v1
  bind 127.0.0.1:{haproxy_v1}
  use_backend v1
backend v1
  server app 127.0.0.1:{proxy} send-proxy
frontend v2
  bind 127.0.0.1:{haproxy_v2}
  mode tcp
  use_backend v2
backend v2
  mode tcp
  server app 127.0.0.1:{proxy} send-proxy-v2
"""


def start(*command, **options):
    process = subprocess.Popen([str(c) for c in command], **options)
    processes.append(process)
    return process


def await_listener(process, number):
    for _ in range(PATIENCE * 20):
        assert process.poll() is None, f"{process.args} ended"
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", number)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {number}")


def setUpModule():
    global folder
    for needed in ("nginx", "haproxy", "openssl"):
        if not shutil.which(needed):
            raise unittest.SkipTest(f"needs {needed}, which test/run.sh installs")
    folder = pathlib.Path(tempfile.mkdtemp())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )
    app = start(program, folder / "cert.pem", stdout=subprocess.PIPE, text=True)
    for name, address in zip(("fields", "proxy"), app.stdout.readline().split()):
        port[name] = int(address.rpartition(":")[2])
    names = ("nginx", "nginx_tls", "haproxy", "haproxy_v1", "haproxy_v2")
    port.update(zip(names, free_ports(len(names))))
    for name, text in (("nginx", NGINX), ("haproxy", HAPROXY)):
        (folder / f"{name}.conf").write_text(text.format(folder=folder, **port))
    nginx = start("nginx", "-p", folder, "-c", folder / "nginx.conf", stderr=subprocess.DEVNULL)
    haproxy = start("haproxy", "-db", "-f", folder / "haproxy.conf", stderr=subprocess.DEVNULL)
    for name in names:
        await_listener(nginx if name.startswith("nginx") else haproxy, port[name])


def tearDownModule():
    for process in processes:
        process.kill()
        process.communicate()
    shutil.rmtree(folder)


class Connection(http.client.HTTPConnection):
    def __init__(self, name):
        super().__init__("127.0.0.1", port[name], timeout=PATIENCE, source_address=(CLIENT, 0))

    def ask(self, method, target, body=None, headers=None):
        self.request(method, target, body, headers or {})
        answer = self.getresponse()
        return answer.status, answer.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


FIELDS = ("nginx", "haproxy")  # that tell by fields
ALL = (*FIELDS, "haproxy_v1", "haproxy_v2")


class Callers(unittest.TestCase):
    def test_the_client_is_known_behind_each_proxy(self):
        for name in ALL:
            with self.subTest(name), Connection(name) as c:
                for _ in range(3):
                    status, content = c.ask("GET", "/who", headers={"X-Forwarded-For": "9.9.9.9", "Host": "shop"})
                    self.assertEqual(status, 200)
                    told = json.loads(content)
                    host = "shop" if name in FIELDS else ""
                    self.assertEqual(told, {"address": CLIENT, "by": "127.0.0.1", "scheme": "http", "host": host})

    def test_without_the_proxy_protocol_nobody_is_served(self):
        with socket.create_connection(("127.0.0.1", port["proxy"]), PATIENCE) as s:
            s.sendall(b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(s.recv(1), b"")

    def test_a_client_that_is_no_proxy_is_not_believed(self):
        with Connection("fields") as c:
            told = json.loads(c.ask("GET", "/who", headers={"X-Forwarded-For": "9.9.9.9"})[1])
            self.assertEqual(told, {"address": CLIENT, "by": "", "scheme": "http", "host": ""})


class Content(unittest.TestCase):
    def test_uploads(self):
        piece = bytes(range(256)) * 4096
        for name in ALL:
            for chunked in (False, True):
                with self.subTest(name, chunked=chunked), Connection(name) as c:
                    headers = {} if chunked else {"Content-Length": str(20 * len(piece))}
                    status, content = c.ask("PUT", "/upload", iter([piece] * 20), headers)
                    self.assertEqual(status, 200)
                    self.assertEqual(content.split(), [b"%d" % (20 * len(piece)), b"%d" % (20 * sum(piece))])

    def test_downloads(self):
        for name in ALL:
            with self.subTest(name), Connection(name) as c:
                status, content = c.ask("GET", "/large")
                self.assertEqual((status, len(content)), (200, 8 * 1024 * 1024))

    def test_many_requests_on_each_of_many_connections(self):
        for name in ALL:
            with self.subTest(name):
                connections = [Connection(name) for _ in range(20)]
                for _ in range(10):
                    for c in connections:
                        c.request("GET", "/who")
                    for c in connections:
                        answer = c.getresponse()
                        self.assertEqual((answer.status, json.loads(answer.read())["address"]), (200, CLIENT))
                for c in connections:
                    c.close()

    def test_events_come_one_by_one(self):
        for name in ALL:
            with self.subTest(name), Connection(name) as c:
                c.request("GET", "/events")
                answer = c.getresponse()
                self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
                seen = [answer.readline() for _ in range(6)]
                self.assertEqual([line for line in seen if line.startswith(b"id")], [b"id: 1\n", b"id: 2\n"])


class Client(unittest.TestCase):
    def calls(self, url, count=1000, content=""):
        with Connection("fields") as c:
            status, outcome = c.ask("GET", f"/call?count={count}&content={content}&url={url}")
            self.assertEqual(status, 200)
            return json.loads(outcome)

    def test_calls_through_each_proxy(self):
        urls = [f"http://127.0.0.1:{port[name]}/who" for name in ALL]
        urls.append(f"https://localhost:{port['nginx_tls']}/who")  # nginx offers HTTP/2 there
        for url in urls:
            with self.subTest(url):
                done = self.calls(url)
                self.assertEqual((done["succeeded"], done["failure"]), (1000, ""))

    def test_answers_before_the_content_and_connections_that_end_by_http_2(self):
        done = self.calls(f"https://localhost:{port['nginx_tls']}/at_once", 5000, "abc")
        self.assertEqual((done["succeeded"], done["failure"]), (5000, ""))

    def test_large_answers_by_http_2(self):
        done = self.calls(f"https://localhost:{port['nginx_tls']}/large", 20)
        self.assertEqual((done["succeeded"], done["bytes"]), (20, 20 * 8 * 1024 * 1024))


class Ends(unittest.TestCase):
    """The last class by name: it stops the server."""

    def test_a_stopped_server_ends_its_streams_and_itself(self):
        app = processes[0]
        with Connection("nginx") as c:
            c.request("GET", "/events")
            answer = c.getresponse()
            answer.readline()
            app.send_signal(signal.SIGTERM)
            while answer.readline():
                pass
        self.assertEqual(app.wait(PATIENCE), 0)
        with Connection("haproxy") as c:
            self.assertEqual(c.ask("GET", "/who")[0], 503)


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main(verbosity=2)
