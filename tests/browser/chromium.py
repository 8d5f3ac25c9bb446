"""The browser that the tests of this folder drive; without one, they are skipped in one line.

They need `pip install -r requirements-browser.txt` and Chromium (Debian:
`apt-get install chromium`).
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

from utils.paths import ROOT

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install -r requirements-browser.txt"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

SCREENSHOTS = ROOT / "build" / "screenshots"
STARTED = 300  # seconds that JupyterLab may take on a busy computer


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@contextmanager
def jupyterlab(folder, environment, log):
    """Run JupyterLab on a folder, without a token; give its address. `log`: its output."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with log.open("w") as output:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + STARTED
    try:
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=10).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.2)
        yield address
    finally:
        # Asked to stop, it can wait for ever for a thread of its own; it has nothing to save.
        server.kill()
        server.wait()


def watch(page):
    """List what a page asks of the network, and what goes wrong in it, from now on."""
    complaints = []

    def request(request):
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            complaints.append(f"asks the network for {request.url}")

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # a page that is left does not wait for its files
            complaints.append(f"not found: {request.url[:200]}")

    page.on("request", request)
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    return complaints


def photograph(page, name):
    """Keep what the page shows, for a person to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.jpg", type="jpeg", quality=80)


def answer(page, quiz, answer):
    """Click an answer of a quiz; return the feedback, once it is there."""
    choice = quiz.locator(".MCButton").nth(answer)
    choice.scroll_into_view_if_needed()
    choice.click()
    feedback = quiz.locator(".Feedback")
    page.wait_for_function("e => e.innerText.trim().length > 0", arg=feedback.element_handle())
    return feedback.inner_text()
