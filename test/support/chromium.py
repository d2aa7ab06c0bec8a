"""A headless Chromium, driven by the DevTools protocol over two pipes: no port, no driver, no package.

    with chromium.Browser() as browser:
        page = browser.page(width=360, dark=True)
        page.open("http://127.0.0.1:8080/")
        page.press("Tab")
        page.until("document.activeElement.textContent === 'Overview'")

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds until a browser that should have answered counts as stuck
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
KEYS = {  # name: virtual key code, text
    "Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "Escape": (27, ""), "ArrowDown": (40, ""),
    "ArrowUp": (38, ""), "ArrowLeft": (37, ""), "ArrowRight": (39, ""), "Home": (36, ""), "End": (35, ""),
}


def find():
    """The path of the program, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_it, self._out = os.pipe()
        self._in, from_it = os.pipe()
        # It reads from descriptor 3 and writes to 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{to_it} 4>&{from_it}', find(), "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             f"--user-data-dir={self._folder.name}", "--remote-debugging-pipe"],
            pass_fds=(to_it, from_it), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": self._folder.name, "TMPDIR": self._folder.name},
        )
        os.close(to_it)
        os.close(from_it)
        self._buffer = b""
        self._id = 0
        self.events = []  # as they came, of all pages

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._folder.cleanup()

    def page(self, **appearance):
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        return Page(self, session, target, **appearance)

    def call(self, method, parameters=None, session=None):
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._read(deadline)
            assert answer is not None, f"the browser does not answer to {method}"
            if answer.get("id") == self._id:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def read_events(self, seconds):
        """Collects what comes within that time, or at once."""
        message = self._read(time.monotonic() + seconds)
        while message is not None:
            self.events.append(message)
            message = self._read(time.monotonic())

    def _read(self, deadline):
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser has ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    def __init__(self, browser, session, target, width=1280, height=900, dark=False):
        self._browser, self._session, self._target = browser, session, target
        for domain in ("Page", "Runtime", "Log", "Audits", "Accessibility"):
            self.call(f"{domain}.enable")
        self.look(width, height, dark)

    def call(self, method, parameters=None):
        return self._browser.call(method, parameters, self._session)

    def close(self):
        self._browser.call("Target.closeTarget", {"targetId": self._target})

    def look(self, width, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                  {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.call("Emulation.setEmulatedMedia", {"features": scheme})

    def events(self, *methods):
        """What of these has happened on this page so far."""
        self._browser.read_events(0)
        return [e for e in self._browser.events if e.get("sessionId") == self._session and e["method"] in methods]

    def open(self, url):
        loaded = len(self.events("Page.loadEventFired"))
        answer = self.call("Page.navigate", {"url": url})
        assert "errorText" not in answer, answer
        self._await_load(loaded, url)

    def follow(self, expression):
        """Runs what leads to another page, such as a click, and waits until that is there."""
        loaded = len(self.events("Page.loadEventFired"))
        self.run(expression)
        self._await_load(loaded, expression)

    def _await_load(self, before, what):
        deadline = time.monotonic() + PATIENCE
        while len(self.events("Page.loadEventFired")) == before:
            assert time.monotonic() < deadline, f"not loaded: {what}"
            self._browser.read_events(0.05)

    def run(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        answer = self.call("Runtime.evaluate", {
            "expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True})
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def until(self, expression):
        """Waits until the expression has a true value, which it returns."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.run(expression)):
            assert time.monotonic() < deadline, f"never came true: {expression}\n{self.text()}"
            self._browser.read_events(0.05)
        return value

    def text(self):
        return self.run("document.body.innerText")

    def press(self, key):
        code, text = KEYS[key]
        event = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **event})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def write(self, text):
        self.call("Input.insertText", {"text": text})

    def accessibility(self):
        """The nodes that an assistive program sees: role, name, and other properties by name."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            {"role": n["role"]["value"], "name": n.get("name", {}).get("value", ""),
             **{p["name"]: p["value"].get("value") for p in n.get("properties", [])}}
            for n in nodes if not n.get("ignored") and "role" in n
        ]

    def screenshot(self, path, whole=True):
        answer = self.call("Page.captureScreenshot", {"captureBeyondViewport": whole})
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))
