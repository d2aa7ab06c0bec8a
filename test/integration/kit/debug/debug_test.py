#!/usr/bin/env python3
"""Looks at debug_server's page in a headless Chromium, as people do; and asks for its JSON, as programs do.

usage: debug_test.py PROGRAM [FOLDER]
With a folder, pictures of the pages are put there.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "support"))
import chromium  # noqa: E402

PATIENCE = 60  # seconds until a program that should have answered or ended counts as stuck
program, pictures = "", None
server = site = None
ODD = "endpoints/GET%20~2Fa~2F~7Eb~2F%7Bid%7D"
PAGES = tuple("/debug/" + path for path in ("", "requests", "traces", "levels", "build", "endpoints/shop.buy"))
PAGES += tuple("/ops/debug/" + path for path in ("", "levels", "build", ODD))


def setUpModule():
    global server, site
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    site = f"http://{server.stdout.readline().strip()}"
    deadline = time.monotonic() + PATIENCE
    while not ask("traces")["failed"]:  # by then there is something of everything
        assert time.monotonic() < deadline
        time.sleep(0.05)


def tearDownModule():
    server.send_signal(signal.SIGCONT)
    server.send_signal(signal.SIGTERM)
    try:
        assert server.wait(PATIENCE) == 0
    finally:
        server.kill()
        server.communicate()


def ask(path, **more):
    request = urllib.request.Request(urllib.parse.urljoin(f"{site}/debug/", path), **{"headers": {"Accept": "application/json"}, **more})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def status(path, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{site}{path}", **more), timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


class Json(unittest.TestCase):
    def test_endpoints(self):
        endpoints = {e["name"]: e for e in ask("")["endpoints"]}
        self.assertEqual(set(endpoints), {"shop.buy", "shop.find", "shop.report"})
        find = endpoints["shop.find"]
        self.assertGreater(find["calls"], 0)
        self.assertLess(0, find["latency"]["p50"])
        self.assertLessEqual(find["latency"]["p50"], find["latency"]["p99"])
        self.assertEqual(len(find["minute"]), 60)

    def test_what_is_in_flight_and_what_it_waits_for(self):
        (report,) = [r for r in ask("requests")["requests"] if r["endpoint"] == "shop.report"]
        self.assertEqual(report["waits_for"], "warehouse.scan")
        self.assertLess(report["deadline_left"], 120)
        self.assertEqual(ask(f"traces/{report['trace_id']}")["complete"], False)

    def test_layers(self):
        self.assertEqual(ask("endpoints/shop.buy")["layers"], ["logging", "instrumenting", "tracing"])

    def test_methods(self):
        self.assertEqual(status("/debug/", method="HEAD"), 200)
        self.assertEqual(status("/debug/", method="POST", data=b"{}"), 405)
        self.assertEqual(status("/debug/nowhere"), 404)

    def test_levels_are_changed_where_that_is_allowed(self):
        change = {"method": "POST", "data": b'{"name": "json", "level": "error"}',
                  "headers": {"Content-Type": "application/json", "X-Requested-With": "python",
                              "Accept": "application/json"}}
        self.assertEqual(status("/debug/levels", **change), 403)
        self.assertIn({"name": "json", "level": "error"}, ask("../ops/debug/levels", **change)["levels"])


@unittest.skipUnless(chromium.find(), "needs Chromium")
class InBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = chromium.Browser()
        cls.addClassCleanup(cls.browser.close)

    def page(self, path="/debug/", **appearance):
        page = self.browser.page(**appearance)
        self.addCleanup(page.close)
        page.open(site + path)
        # Nothing has been let in that the policy forbids, nothing has failed, and nobody got a script in.
        self.addCleanup(lambda: self.assertEqual(page.events(
            "Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Audits.issueAdded"), []))
        self.addCleanup(lambda: self.assertEqual(
            [e for e in page.events("Log.entryAdded") if e["params"]["entry"]["source"] == "security"], []))
        return page

    def picture(self, page, name):
        if pictures:
            page.screenshot(pathlib.Path(pictures, name + ".png"))

    def a_trace(self, of="POST /buy"):
        """The path of one with all its spans."""
        traces = ask("traces?endpoint=" + urllib.parse.quote(of))
        return "/debug/traces/" + max(traces["slowest"] + traces["recent"], key=lambda t: t["spans"])["trace_id"]

    def focused(self, page):
        return page.run("document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''")

    def tab_to(self, page, text):
        for _ in range(100):
            page.press("Tab")
            if text in self.focused(page):
                return
        self.fail(f"no way by Tab to: {text}")

    def test_the_overview(self):
        page = self.page()
        self.assertEqual(page.run("document.title"), "Overview \u00b7 shop")
        text = page.text()
        for what in ("shop.find", "shop.buy", "shop.report", "warehouse.scan", "Calls per second"):
            self.assertIn(what, text)
        self.assertEqual(page.run("document.querySelectorAll('svg.chart').length"), 6)

    def test_it_renders_without_asking_again(self):
        page = self.page("/debug/requests")
        self.assertIn("shop.report", page.run("document.getElementById('main').innerText"))

    def test_numbers_change_without_a_reload(self):
        page = self.page("/debug/endpoints/shop.find")
        page.run("document.mark = 'the same document'")
        calls = "parseInt(document.querySelector('.head p').innerText.replaceAll(',', ''))"
        before = page.run(calls)
        page.until(f"{calls} > {before}")
        after = page.run(calls)
        page.until(f"{calls} > {after}")
        self.assertEqual(page.run("document.mark"), "the same document")

    def test_focus_stays_while_it_changes(self):
        page = self.page()
        self.tab_to(page, "shop.find")
        page.run("document.mark = document.activeElement")
        rate = "document.querySelector('.tiles').innerText"
        before = page.run(rate)
        page.until(f"{rate} !== {json.dumps(before)}")
        self.assertTrue(page.run("document.activeElement === document.mark"))

    def test_pause_and_resume(self):
        page = self.page("/debug/endpoints/shop.find")
        self.tab_to(page, "Pause")
        page.press("Enter")
        page.until("document.getElementById('state').innerText === 'Paused'")
        before = page.run("document.getElementById('main').innerText")
        page.run("new Promise(done => setTimeout(done, 3000))")  # longer than from one update to the next
        self.assertEqual(page.run("document.getElementById('main').innerText"), before)
        self.assertEqual(self.focused(page), "Resume")
        page.press("Enter")
        page.until(f"document.getElementById('main').innerText !== {json.dumps(before)}")

    def test_it_asks_nobody_while_it_is_hidden(self):
        page = self.page("/debug/endpoints/shop.find")

        def hide(hidden):
            page.run(f"Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}), "
                     "document.dispatchEvent(new Event('visibilitychange'))")

        hide("true")
        before = page.run("document.getElementById('main').innerText")
        page.run("new Promise(done => setTimeout(done, 3000))")
        self.assertEqual(page.run("document.getElementById('main').innerText"), before)
        hide("false")
        page.until(f"document.getElementById('main').innerText !== {json.dumps(before)}")

    def test_it_shows_that_the_server_is_gone_and_recovers(self):
        page = self.page()
        page.call("Network.enable")
        offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.call("Network.emulateNetworkConditions", {"offline": True, **offline})
        page.until("document.getElementById('state').innerText === 'No answer'")
        self.assertIn("has not answered since", page.text())
        self.assertIn("shop.find", page.text())
        self.assertEqual(page.run("document.getElementById('said').innerText"), "The server does not answer.")
        page.call("Network.emulateNetworkConditions", {"offline": False, **offline})
        page.until("document.getElementById('state').innerText === 'Live'")
        self.assertNotIn("has not answered", page.text())

    def test_a_waterfall_opens_by_keyboard(self):
        page = self.page(self.a_trace())
        rows = page.run("document.querySelectorAll('.row').length")
        self.assertGreaterEqual(rows, 5)
        self.tab_to(page, "POST /buy")
        expanded = "document.activeElement.getAttribute('aria-expanded')"
        self.assertEqual(page.run(expanded), "false")
        page.press("Enter")
        self.assertEqual(page.run(expanded), "true")
        self.assertIn("url.path", page.text())
        page.press(" ")
        self.assertEqual(page.run(expanded), "false")
        page.press("ArrowDown")
        page.press("ArrowDown")
        self.assertIn("reserve", self.focused(page))
        page.press("ArrowRight")
        self.assertEqual(page.run(expanded), "true")
        self.assertIn("lock taken", page.text())
        page.press("End")
        self.assertIn("POST /pay", self.focused(page))
        page.press("Enter")
        self.assertIn("/pay/<script>alert('path')</script>", page.text())
        self.assertIn("\"quoted\" \ufffd</script>", page.text())
        self.picture(page, "trace-open")

    def test_open_spans_stay_open_while_the_trace_goes_on(self):
        (report,) = [r for r in ask("requests")["requests"] if r["endpoint"] == "shop.report"]
        page = self.page("/debug/traces/" + report["trace_id"])
        self.tab_to(page, "warehouse.scan")
        page.press("Enter")
        length = "document.activeElement.querySelector('.row-time').innerText"
        before = page.run(length)
        page.until(f"{length} !== {json.dumps(before)}")
        self.assertEqual(page.run("document.activeElement.getAttribute('aria-expanded')"), "true")
        self.assertIn("db.query.text", page.text())

    def test_names_that_look_like_elements_are_text(self):
        hostile = "</script><script>alert('span')</script>\"'&<img src=x>"
        failed = next(t for t in ask("traces")["failed"] if t["message"] == hostile)
        for path in ("traces", "traces/" + failed["trace_id"], "endpoints/shop.buy", ""):
            page = self.page("/debug/" + path)
            self.assertEqual(page.run("document.querySelectorAll('#main script, #main img').length"), 0)
            if path.startswith("traces"):
                self.assertIn(hostile, page.text())

    def test_links_lead_on(self):
        self.assertEqual(self.page("/debug").run("location.pathname"), "/debug/")

        def follow(page, text, path):
            link = f"[...document.querySelectorAll('a')].find(a => a.innerText.startsWith({json.dumps(text)}))"
            page.follow(f"{link}.click()")
            self.assertEqual(page.run("location.pathname"), path)

        page = self.page("/ops/debug/")
        follow(page, "GET /a/~b/{id}", "/ops/debug/" + ODD)
        self.assertEqual(page.run("document.querySelector('h1').innerText"), "GET /a/~b/{id}")
        follow(page, "Overview", "/ops/debug/")
        page = self.page()
        for text, path in (("shop.buy", "endpoints/shop.buy"), ("Traces", "traces"), ("Build", "build"),
                           ("Requests", "requests")):
            follow(page, text, "/debug/" + path)
        page.follow("document.querySelector('td a[href*=traces]').click()")
        self.assertIn("going on", page.text())

    def test_nothing_is_wider_than_the_screen(self):
        for path in (*PAGES, self.a_trace(), "/debug/nowhere"):
            for width in (320, 400, 768, 1280):
                with self.subTest(path=path, width=width):
                    page = self.page(path, width=width)
                    page.run("document.querySelectorAll('.row').forEach(r => r.click())")
                    self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)

    def test_light_and_dark(self):
        def colours(page):
            return page.run("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")

        def brightness(colour):
            return sum(int(n) for n in re.findall(r"\d+", colour)[:3])

        page = self.page()
        ground, text = map(brightness, colours(page))
        self.assertGreater(ground - text, 500)
        page.look(1280, dark=True)
        ground, text = map(brightness, colours(page))
        self.assertGreater(text - ground, 500)

    def test_contrast(self):
        for dark in (False, True):
            for path in (*PAGES, self.a_trace()):
                page = self.page(path, dark=dark)
                page.run("document.querySelectorAll('.row').forEach(r => r.click())")
                self.assertEqual(page.run(TOO_FAINT), [], (path, dark))
        page.run("document.querySelector('h1').style.color = 'var(--ground)'")
        self.assertEqual(len(page.run(TOO_FAINT)), 1)

    def test_everything_can_be_reached_and_has_a_name(self):
        for path in (*PAGES, self.a_trace()):
            with self.subTest(path):
                page = self.page(path)
                page.run("document.getElementById('pause').click()")  # so that nothing is added meanwhile
                wanted = page.run("[...document.querySelectorAll('a[href], button, select, input')]"
                                  ".filter(e => e.checkVisibility()).length")
                self.assertGreater(wanted, 5)
                page.run("document.activeElement.blur(); window.seen = new Set(), 0")
                for _ in range(wanted + 2):
                    page.press("Tab")
                    page.run("seen.add(document.activeElement), 0")
                self.assertGreaterEqual(page.run("[...seen].filter(e => e !== document.body).length"), wanted)
                roles = ("link", "button", "combobox", "textbox", "image", "table", "navigation", "columnheader")
                nodes = [n for n in page.accessibility() if n["role"] in roles]
                self.assertEqual([n for n in nodes if not n["name"].strip()], [])

    def test_what_a_screen_reader_is_told(self):
        page = self.page(width=320)  # tables that look like lists are tables all the same
        nodes = page.accessibility()
        roles = {n["role"] for n in nodes}
        self.assertLessEqual({"banner", "main", "navigation", "table", "row", "rowheader", "columnheader", "cell",
                              "status", "heading", "image", "link", "button"}, roles)
        self.assertEqual([n["level"] for n in nodes if n["role"] == "heading"][:2], [1, 2])
        images = [n["name"] for n in nodes if n["role"] == "image"]
        self.assertTrue(any(re.match(r"Last minute: up to \d+ calls? a second, \d+ errors?", i) for i in images), images)
        page = self.page(self.a_trace())
        (row, *_) = [n for n in page.accessibility() if n["role"] == "button" and "POST /buy" in n["name"]]
        self.assertRegex(row["name"], r"POST /buy.*level 1, server, starts at .*, takes")
        self.assertEqual(row["expanded"], False)

    def test_levels_change_only_where_allowed(self):
        page = self.page("/debug/levels")
        self.assertIn("http.client", page.text())
        self.assertEqual(page.run("document.querySelectorAll('main select, main input, main button').length"), 0)
        page = self.page("/ops/debug/levels")
        row = "document.querySelector('form[data-logger=\"http.client\"]')"
        page.run(f"{row}.elements.level.value = 'debug'")
        page.run(f"{row}.querySelector('button').click()")
        page.until("document.getElementById('said').innerText === 'http.client: debug'")
        self.assertIn({"name": "http.client", "level": "debug"}, ask("levels")["levels"])
        page.run("document.getElementById('new-name').focus()")
        page.write("a<b>.c")
        page.press("Enter")
        page.until("document.getElementById('said').innerText === 'a<b>.c: debug'")
        page.until("document.querySelector('form[data-logger=\"a<b>.c\"]')")
        self.assertEqual(page.run("document.getElementById('new-name').value"), "")
        self.picture(page, "levels")

    def test_pictures(self):
        if not pictures:
            self.skipTest("no folder for them was given")
        time.sleep(8)
        names = dict(zip(PAGES, (re.sub(r"\W+", "-", path).strip("-") for path in PAGES)))
        for path, name in {**names, self.a_trace(): "trace"}.items():
            for dark in (False, True):
                for width in (1280, 360):
                    page = self.page(path, width=width, dark=dark, height=800)
                    self.picture(page, f"{name}-{'dark' if dark else 'light'}-{width}")


# Texts whose contrast is below what WCAG's AA asks for, 4.5.
TOO_FAINT = r"""
(() => {
  const rgb = (c) => c.match(/[\d.]+/g).map(Number);
  const luminance = (c) => rgb(c).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c.startsWith('rgb(') || (rgb(c)[3] ?? 1) === 1) return c;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!text || !e.checkVisibility() || e.closest('.unseen, .skip, script')) continue;
    const [a, b] = [luminance(getComputedStyle(e).color), luminance(ground(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.add(`${e.className || e.nodeName}: ${e.innerText.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return [...faint];
})()
"""


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[1])
    pictures = sys.argv[2] if len(sys.argv) > 2 else None
    unittest.main(argv=sys.argv[:1])
