"""The browser that the tests of this folder drive; without one, they are skipped in one line.

They need `pip install -r requirements-browser.txt` and Chromium (Debian:
`apt-get install chromium`).
"""

import shutil

import pytest

from utils.paths import ROOT

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install -r requirements-browser.txt"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


def watch(page):
    """List what a page asks of the network, and what goes wrong in it, from now on."""
    complaints = []

    def request(request):
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            complaints.append(f"asks the network for {request.url}")

    page.on("request", request)
    page.on("requestfailed", lambda request: complaints.append(f"not found: {request.url[:200]}"))
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
