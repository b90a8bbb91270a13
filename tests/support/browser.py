"""Headless Chromium, from Debian's package `chromium`: reads what is on a page."""

import shutil
import subprocess

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
