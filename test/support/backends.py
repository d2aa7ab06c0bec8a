"""The servers and tools that metrics go to, as tests run them: each in a folder of its own."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

import npm

os.environ["PATH"] += os.pathsep + "/usr/sbin"
PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck


def free_port():
    """Where nobody listens with TCP or UDP, below the ports that outgoing connections get."""
    for number in range(12000 + os.getpid() % 15000, 32768):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", number))
                udp.bind(("127.0.0.1", number))
            except OSError:
                continue
            if number not in free_port.given:
                free_port.given.add(number)
                return number
    raise AssertionError("no free port")


free_port.given = set()


def until(check):
    """What `check` gives once that is something."""
    end = time.monotonic() + PATIENCE
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


class Server:
    """A program that listens on a port, in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.process = None
        self.log = open(self.folder / "output", "w")

    def start(self, command, port):
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=self.log, stderr=subprocess.STDOUT
        )
        until(lambda: self.listens(port))

    def listens(self, port):
        assert self.process.poll() is None, (self.folder / "output").read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self, how=signal.SIGKILL):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
        self.process = None

    def close(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder)


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


class InfluxServer(Server):
    def __init__(self):
        super().__init__()
        self.port, self.backup = free_port(), free_port()
        (self.folder / "influxdb.conf").write_text(f"""
reporting-disabled = true
bind-address = "127.0.0.1:{self.backup}"
[meta]
dir = "{self.folder}/meta"
[data]
dir = "{self.folder}/data"
wal-dir = "{self.folder}/wal"
[http]
bind-address = "127.0.0.1:{self.port}"
""")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def run(self):
        self.start(["influxd", "run", "-config", "influxdb.conf"], self.port)

    def query(self, text):
        """The series of the answer: their columns and rows."""
        form = urllib.parse.urlencode({"db": "cokit", "q": text}).encode()
        with urllib.request.urlopen(f"{self.url}/query", form, timeout=PATIENCE) as r:
            result = json.load(r)["results"][0]
        assert "error" not in result, result
        return result.get("series", [])

    def value(self, what):
        """The one value that is selected; nothing when there is none."""
        series = self.query(f"SELECT {what}")
        return series[0]["values"][0][1] if series else None


class PrometheusServer(Server):
    """Scrapes that address."""

    def __init__(self, target):
        super().__init__()
        self.target, self.port = target, free_port()
        (self.folder / "prometheus.yml").write_text(json.dumps({  # which is YAML, too
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
            "scrape_configs": [{"job_name": "cokit", "static_configs": [{"targets": [target]}]}],
        }))

    def run(self):
        self.start(
            ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--enable-feature=exemplar-storage"],
            self.port,
        )
        until(lambda: self.ready() and self.query("up") == [({"instance": self.target, "job": "cokit"}, 1)])

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=PATIENCE).status == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=PATIENCE) as r:
            answer = json.load(r)
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        """(labels, value) of each series, by labels."""
        def plain(metric):
            return {name: value for name, value in metric.items() if name != "__name__"}

        result = self.ask("query", query=expression)["result"]
        return sorted(((plain(r["metric"]), float(r["value"][1])) for r in result), key=lambda r: sorted(r[0].items()))

    def value(self, expression):
        """The one value that is selected."""
        ((_, value),) = self.query(expression)
        return value


PCP_AGENTS = [pathlib.Path(p) / "mmv" for p in ("/usr/lib/pcp/pmdas", "/usr/libexec/pcp/pmdas", "/var/lib/pcp/pmdas")]
PCP_AGENT = next((p / "pmda_mmv.so" for p in PCP_AGENTS if (p / "pmda_mmv.so").exists()), None)
MMVDUMP = next((p / "mmvdump" for p in PCP_AGENTS if (p / "mmvdump").exists()), None)


class PcpTools:
    """The tools of Performance Co-Pilot. No daemon: they load the agent that maps files into themselves."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.files = self.folder / "mmv"
        (self.folder / "names").write_text("root {\n\tmmv\t70:*:*\n}\n")

    def start(self, name, *arguments):
        command = [name, "-n", self.folder / "names", "-L", "-K", "clear",
                   "-K", f"add,70,{PCP_AGENT},mmv_init", *arguments]
        return subprocess.Popen(
            command, env=os.environ | {"PCP_TMP_DIR": str(self.folder)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def info(self, *arguments):
        return self.start("pminfo", *arguments).communicate(timeout=PATIENCE)[0]

    def values(self, metric):
        """By instance, "" for a metric that has none."""
        found = re.findall(r'(?:inst \[\d+ or "(.*)"\] )?value (\S+)', self.info("-f", f"mmv.{metric}"))
        return {instance: float(value) for instance, value in found}

    def close(self):
        shutil.rmtree(self.folder)
