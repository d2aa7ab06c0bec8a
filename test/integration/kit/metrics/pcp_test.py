#!/usr/bin/env python3
"""Metrics of pcp_program read by the tools of Performance Co-Pilot, whose own agent maps the file.

No daemon: the tools load the agent into themselves. usage: pcp_test.py PROGRAM
"""

import os
import shutil
import subprocess
import sys
import threading
import unittest

from programs import Client  # first: it adds the folder of the others
from backends import MMVDUMP, PATIENCE, PCP_AGENT, PcpTools, until


@unittest.skipUnless(shutil.which("pminfo") and PCP_AGENT and MMVDUMP, "needs pcp")
class Pcp(unittest.TestCase):
    def setUp(self):
        self.tools = PcpTools()
        self.addCleanup(self.tools.close)
        self.file = self.tools.files / "shop"
        self.client = Client("shop", str(self.tools.files))
        self.addCleanup(self.client.kill)
        until(self.file.exists)

    def values(self, metric):
        return self.tools.values(f"shop.{metric}")

    def dump(self):
        done = subprocess.run([MMVDUMP, self.file], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_counters_gauges_and_histograms(self):
        self.client.tell("count calls 5.5 x", "count calls 3 y", "set level 2.5", "count plain 7")
        self.client.tell(*(f"observe took {i / 1000}" for i in range(1, 101)))
        until(lambda: self.values("took").get("max") == 0.1)
        self.assertEqual(self.values("plain"), {"": 7})
        self.assertEqual(self.values("level"), {"": 2.5})
        self.assertEqual(self.values("calls"), {"kind=x": 5, "kind=y": 3})
        took = self.values("took")
        self.assertEqual(set(took), {"min", "max", "mean", "variance", "standard_deviation"})
        self.assertEqual(took["min"], 0.001)
        self.assertAlmostEqual(took["mean"], 0.0505)
        self.assertAlmostEqual(took["variance"], 0.00083325, delta=0.00002)
        self.assertAlmostEqual(took["standard_deviation"], 0.0288661, delta=0.0003)

        plain = self.tools.info("-d", "mmv.shop.plain")
        self.assertIn("Data Type: 64-bit int  InDom: PM_INDOM_NULL", plain)
        self.assertIn("Semantics: counter  Units: count", plain)
        took = self.tools.info("-d", "mmv.shop.took")
        self.assertIn("Data Type: double", took)
        self.assertIn("Semantics: instant  Units: sec", took)

    def test_values_change_and_metrics_come_while_a_tool_looks(self):
        self.client.tell("count plain 1")
        until(lambda: self.values("plain") == {"": 1})
        watch = self.tools.start("pmval", "-r", "-t", "50msec", "mmv.shop.plain")
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        seen = []
        threading.Thread(target=lambda: seen.extend(map(str.strip, watch.stdout)), daemon=True).start()
        until(lambda: "1" in seen)
        self.client.tell("count plain 1")
        until(lambda: "2" in seen)
        self.client.tell("count another 5", "count plain 1")  # a new file
        until(lambda: "3" in seen)
        self.assertEqual(self.values("another"), {"": 5})

    def test_both_layouts(self):
        self.client.tell("count plain 1")
        until(lambda: self.values("plain") == {"": 1})
        self.assertIn("Version    = 1", self.dump())
        name = "n" * 100
        self.client.tell(f"count {name} 4 {'v' * 100}", "count plain 1")
        until(lambda: self.values("plain") == {"": 2})
        self.assertEqual(self.values(name), {"kind=" + "v" * 100: 4})
        self.assertIn("Version    = 2", self.dump())
        self.assertEqual(sorted(os.listdir(self.tools.files)), ["shop"])

    def test_the_file_goes_with_the_process(self):
        self.client.tell("count plain 1")
        until(lambda: self.values("plain") == {"": 1})
        _, errors = self.client.end()
        self.assertEqual(errors, "")
        self.assertEqual(os.listdir(self.tools.files), [])


if __name__ == "__main__":
    Client.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
