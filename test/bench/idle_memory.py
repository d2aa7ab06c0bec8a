#!/usr/bin/env python3
"""Measures what an idle keep-alive connection of an HTTP server costs in resident memory.

usage: idle_memory.py [--connections N] [--target PATH] COMMAND...

COMMAND starts the server, `{port}` in it stands for the port to listen on, e.g.
    test/bench/idle_memory.py build/test/bench/http_server_bench --port {port}
It opens the connections one after the other, has one GET answered on each, leaves them open and
compares the server's resident memory before and after. The kernel's own memory is not in it.
"""

import argparse
import pathlib
import resource
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connect(port, deadline):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def ask(connection, target):
    """One request; returns when all of the answer has come."""
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError(f"the server closed after {answer!r}")
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += connection.recv(65536)


def resident(pid):
    """In bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--target", default="/healthz")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("which server?")
    count = arguments.connections

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < count + 100:
        sys.exit(f"only {most} file descriptors are allowed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, most))  # the server inherits it

    port = free_port()
    command = [part.replace("{port}", str(port)) for part in arguments.command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        for _ in range(100):  # what is made once
            with connect(port, deadline) as warm:
                ask(warm, arguments.target)
        before = resident(server.pid)
        connections = []
        for _ in range(count):
            connections.append(connect(port, deadline))
            ask(connections[-1], arguments.target)
        after = resident(server.pid)
        print(f"{count} idle connections: {(after - before) / count:.0f} bytes each "
              f"({before / 1024:.0f} -> {after / 1024:.0f} KiB)")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
