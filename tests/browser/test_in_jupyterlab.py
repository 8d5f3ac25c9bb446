"""An explorer in JupyterLab: keys stay in it, it fits, and an untrusted notebook shows a picture.

Needs the same as test_explorers_in_pages.py.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from utils import explorers as explore

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install -r requirements-browser.txt"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab with a trusted notebook and one that is not."""
    folder = tmp_path_factory.mktemp("lab")
    output = nbformat.v4.new_output(
        "execute_result", {"text/html": explore.softmax(["paper", "rock", "scissors"]).data}
    )
    for name in ("trusted", "untrusted"):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell("explore", outputs=[output])]
        nbformat.write(notebook, folder / f"{name}.ipynb")
    environment = {
        **os.environ,
        **{f"JUPYTER_{part}_DIR": str(folder / part.lower()) for part in ("DATA", "CONFIG")},
    }
    jupyter = [sys.executable, "-m", "jupyter"]
    subprocess.run([*jupyter, "trust", folder / "trusted.ipynb"], env=environment, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(1)
        yield address
    finally:
        server.terminate()
        server.wait(120)


@pytest.fixture(scope="module")
def page(lab):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def test_an_explorer_lives_in_jupyterlab(lab, page):
    page.goto(f"{lab}/doc/tree/trusted.ipynb")
    page.wait_for_selector(".jp-OutputArea iframe[srcdoc]")
    element = page.query_selector(".jp-OutputArea iframe[srcdoc]")
    frame = element.content_frame()
    frame.wait_for_selector("#status:not(:empty)")
    assert frame.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    frame.locator("#logit0").focus()
    cells = page.locator(".jp-Cell").count()
    for key in ("ArrowRight", "b", "a"):  # in the notebook, b and a would make new cells
        page.keyboard.press(key)
    assert frame.evaluate("document.documentElement.dataset.logits") == "2.1 1 -1"
    assert page.locator(".jp-Cell").count() == cells


def test_an_untrusted_notebook_shows_the_still_picture(lab, page):
    page.goto(f"{lab}/doc/tree/untrusted.ipynb")
    page.wait_for_selector(".jp-OutputArea img")
    assert page.locator(".jp-OutputArea img").is_visible()
    assert page.locator(".jp-OutputArea iframe").count() == 0
    assert "Run the cell" in page.locator(".jp-OutputArea").inner_text()
