"""Headless Chromium, from Debian's package `chromium`: reads what is on a page."""

import base64
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `apt-get install chromium`.")

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--no-first-run",
)

PATIENCE = 60
"""The number of seconds in which Chromium must answer."""


def dom_of(page, profile):
    """The HTML of a page after it has been loaded and its scripts, if any, have run."""
    return _run(page, profile, "--dump-dom").stdout.decode()


def screenshot(page, profile, picture, width, *, is_dark=False):
    """Write a picture of the page at this width."""
    dark = ("--blink-settings=preferredColorScheme=0",) if is_dark else ("--blink-settings=preferredColorScheme=1",)
    _run(page, profile, f"--screenshot={picture}", f"--window-size={width},1600", *dark)


def _run(page, profile, *options):
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, timeout=300)


class Tab:
    """A page that a test types into, over the pipes of Chromium's DevTools protocol."""

    def __init__(self, to, back):
        self._to, self._back, self._number, self._rest, self._session = to, back, 0, b"", {}
        self._events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        self.call("Page.enable")

    def call(self, method, **parameters):
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self._events.append(answer.get("method"))
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url, width=1200, *, is_dark=False):
        """Open an address in a window of this width."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events:
            self._events.append(self._read().get("method"))

    def run(self, script):
        """Run a script, wait for its promise, and return its value."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path):
        """Write a picture of the whole page."""
        made = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(made["data"]))

    def _read(self):
        while b"\0" not in self._rest:
            assert select.select([self._back], [], [], PATIENCE)[0], "Chromium does not answer."
            more = os.read(self._back, 2**16)
            assert more, "Chromium has ended."
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def tab(profile):
    """Open a tab of a new Chromium."""
    theirs, to = os.pipe()
    back, answers = os.pipe()
    # Chromium reads from descriptor 3, and writes to 4.
    words = " ".join([CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-pipe"])
    command = ["bash", "-c", f"exec {words} 3<&{theirs} 4>&{answers}"]
    with subprocess.Popen(command, pass_fds=(theirs, answers), stdout=-3, stderr=-3) as browser:
        os.close(theirs), os.close(answers)
        try:
            yield Tab(to, back)
        finally:
            os.close(to), os.close(back)
            browser.kill()
