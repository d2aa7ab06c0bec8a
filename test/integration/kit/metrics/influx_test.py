#!/usr/bin/env python3
"""Metrics written by http_push_client to a real InfluxDB, and read back by its query language.

usage: influx_test.py PROGRAM
"""

import shutil
import sys
import time
import unittest
import urllib.request

from programs import Client  # first: it adds the folder of the others
from backends import PATIENCE, InfluxServer, until

HOST = "a b,c=d"  # a tag of every line


@unittest.skipUnless(shutil.which("influxd"), "needs influxdb")
class Influx(unittest.TestCase):
    def setUp(self):
        self.server = InfluxServer()
        self.addCleanup(self.server.close)

    def client(self):
        client = Client("influx", self.server.url)
        self.addCleanup(client.kill)
        return client

    def counted(self, total):
        until(lambda: self.server.value("sum(count) FROM calls") == total)

    def test_counters_gauges_and_histograms(self):
        self.server.run()
        self.server.query("CREATE DATABASE cokit")
        client = self.client()
        client.tell("count calls 5 x", "count calls 2 y", "set level 7", "set level 8.5")
        client.tell(*(f"observe took {i / 1000}" for i in range(1, 101)))
        self.counted(7)
        client.tell("count calls 0.5 x", "set level -1")
        self.counted(7.5)
        until(lambda: self.server.value("last(value) FROM level") == -1)
        for p in (50, 90, 95, 99):
            got = until(lambda: self.server.value(f"max(p{p}) FROM took"))
            self.assertAlmostEqual(got, p / 1000, delta=p / 1000 * 0.02)
        by_kind = {
            s["tags"]["kind"]: s["values"][0][1]
            for s in self.server.query("SELECT sum(count) FROM calls GROUP BY kind")
        }
        self.assertEqual(by_kind, {"x": 5.5, "y": 2})
        hosts = self.server.query('SHOW TAG VALUES WITH KEY = "host"')
        self.assertEqual({row[1] for s in hosts for row in s["values"]}, {HOST})
        client.tell("count calls 2 x")
        (sent, lost, failures), errors = client.end()  # sends a last time
        self.counted(9.5)
        self.assertEqual((lost, failures, errors), (0, 0, ""))
        self.assertGreaterEqual(sent, 7)

    def test_labels_come_back_as_they_were(self):
        self.server.run()
        self.server.query("CREATE DATABASE cokit")
        client = self.client()
        kinds = ['"q"', "a,b=c", "ü", "C:\\dir"]
        client.tell(*(f"count calls 1 {k}" for k in kinds))
        self.counted(len(kinds))
        found = self.server.query('SHOW TAG VALUES FROM calls WITH KEY = "kind"')[0]["values"]
        self.assertEqual(sorted(v for _, v in found), sorted(kinds))
        client.end()

    def test_late_killed_and_restarted(self):
        client = self.client()
        client.tell("count calls 1 x", "set level 1")
        until(lambda: client.stats()[2] >= 2)
        client.tell("count calls 2 y")
        self.server.run()
        failures = client.stats()[2]
        until(lambda: client.stats()[2] > failures)  # there is no database yet: 404
        self.server.query("CREATE DATABASE cokit")
        self.counted(3)
        total = 3
        for _ in range(3):
            self.server.stop()
            failures = client.stats()[2]
            for i in range(50):
                client.tell("count calls 1 x", "count calls 3 z", f"set level {i}")
                total += 4
                if client.stats()[2] > failures:
                    break
                time.sleep(0.02)
            until(lambda: client.stats()[2] > failures + 1)
            self.server.run()
            client.tell("count calls 10 y")
            total += 10
            self.counted(total)
        client.tell("count calls 4 x", "set level 99")
        (_, lost, _), errors = client.end()
        self.counted(total + 4)  # none lost, none twice
        self.assertEqual(self.server.value("last(value) FROM level"), 99)
        self.assertEqual(lost, 0)
        self.assertIn("404", errors)

    def test_what_is_refused_is_counted(self):
        self.server.run()
        self.server.query("CREATE DATABASE cokit")
        self.server.query("CREATE RETENTION POLICY short ON cokit DURATION 1h REPLICATION 1 DEFAULT")
        form = "calls count=\"text\""  # of another type than what comes
        urllib.request.urlopen(f"{self.server.url}/write?db=cokit", form.encode(), timeout=PATIENCE)
        client = self.client()
        client.tell("count calls 1")
        until(lambda: client.stats()[1] == 1)
        client.tell("count others 2")
        until(lambda: self.server.value("sum(count) FROM others") == 2)
        (_, lost, failures), errors = client.end()
        self.assertEqual((lost, failures), (1, 1))
        self.assertIn("field type conflict", errors)


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
