"""Every explorer in JupyterLab, by pointer, keyboard and touch, against Keras; keys stay in it, it
fits, and an untrusted notebook shows a picture.

Needs the same as test_explorers_in_pages.py.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import os

import nbformat
import numpy as np
import pytest
from chromium import browser, jupyterlab  # noqa: F401  (a fixture)
from driving import (
    GRADIENT,
    RUNS,
    Explorer,
    agrees,
    agrees_with_losses,
    agrees_with_metrics,
    by_keras,
    explorers,
    network,
    shows_cell,
    shows_picture,
    stopped_by_keras,
    variants,
)
from nbformat.sign import NotebookNotary

from utils import explorers as explore


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):  # noqa: F811
    """The address of a JupyterLab with a trusted notebook and one that is not."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "data").mkdir()
    notebook = nbformat.v4.new_notebook()
    for name in explore.__all__:
        html = {"text/html": explorers()[name].data}
        output = nbformat.v4.new_output("execute_result", html)
        notebook.cells.append(nbformat.v4.new_code_cell(f"explore.{name}", outputs=[output]))
    nbformat.write(notebook, folder / "trusted.ipynb")
    notary = NotebookNotary(data_dir=str(folder / "data"))
    notary.sign(notebook)
    notary.store.close()
    notebook.cells = notebook.cells[-1:]
    nbformat.write(notebook, folder / "untrusted.ipynb")
    environment = {
        **os.environ,
        **{f"JUPYTER_{part}_DIR": str(folder / part.lower()) for part in ("DATA", "CONFIG")},
    }
    with jupyterlab(folder, environment, folder / "log") as address:
        yield address


@pytest.fixture(scope="module")
def tab(lab, browser):  # noqa: F811
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, has_touch=True)
    page.set_default_timeout(30_000)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def notebook(lab, tab):
    """The trusted notebook in JupyterLab, and the errors of its scripts."""
    errors = []
    tab.on("pageerror", lambda error: errors.append(error))
    tab.goto(f"{lab}/doc/tree/trusted.ipynb")
    tab.get_by_role("dialog").get_by_role("button", name="No Kernel").click()
    tab.wait_for_selector(".jp-OutputArea iframe[srcdoc]")
    yield tab
    assert not errors


@pytest.fixture
def show(notebook):
    """show(name) gives an explorer of the notebook; its keys may do nothing to the notebook."""
    used = []

    def find_one(name):
        cell = notebook.locator(".jp-CodeCell").nth(explore.__all__.index(name))
        cell.scroll_into_view_if_needed()
        used.append(Explorer(notebook, cell.locator("iframe[srcdoc]").element_handle()))
        return used[-1]

    yield find_one
    (shown,) = used
    before = shown.state()
    for key in ("b", "a"):  # in the notebook, they would make new cells
        notebook.keyboard.press(key)
    assert shown.state() == before
    assert notebook.locator(".jp-Cell").count() == len(explore.__all__)
    assert shown.too_wide() <= 0 and shown.too_high() <= 0


def test_augmentation_in_jupyterlab(show):
    shown = show("augmentation")
    shown.frame.get_by_label("nearest").check()
    shown.click("#zoom", 0.9)
    shown.press("#rotation", "End")
    assert "turned by up to 180°" in shown.state() and shown.state("fill") == "nearest"
    difference = np.abs(variants(shown) - by_keras(shown, "nearest")).max(axis=-1)
    assert (difference <= 1.5).mean() > 0.99
    assert np.abs(variants(shown) - GRADIENT).mean() > 10
    shown.tap(".tile:nth-child(3)")
    assert shown.state("untrue") == "2"


def test_confusion_in_jupyterlab(show):
    shown = show("confusion")
    shown.click("[data-row='0'][data-column='1']")
    assert shows_cell(shown, 0, 1)
    shown.tap("[data-row='2'][data-column='0']")
    assert shows_cell(shown, 2, 0)
    shown.press("[data-row='2'][data-column='0']", "ArrowRight", "ArrowRight")
    assert shows_cell(shown, 2, 2)
    shown.press("#threshold", *["ArrowRight"] * 3)
    assert agrees_with_metrics(shown, 0, 0.53)


def test_convolution_in_jupyterlab(show):
    shown, picture = show("convolution"), network()[1]
    shown.hover("#maps", 0.1, 0.2)
    first = shown.numbers("at")
    assert first[3] == 0 and agrees(shown, picture)
    shown.press("#maps", "ArrowRight", "ArrowDown")
    assert shown.numbers("at") == [first[0], first[1] + 1, first[2] + 1, first[3]]
    assert agrees(shown, picture)
    shown.tap("#maps", 0.1, 0.9)
    assert shown.numbers("at")[3] != first[3] and agrees(shown, picture)
    shown.frame.get_by_label("Shift the picture right").click()
    assert agrees(shown, np.concatenate([picture[:, :1], picture[:, :-1]], axis=1))


def test_features_in_jupyterlab(show):
    shown, seen = show("features"), []
    for act in (
        lambda: shown.click("#map", 0.1, 0.5),
        lambda: shown.tap("#map", 0.9, 0.4),
        lambda: shown.press("#map", "ArrowLeft"),
        lambda: shown.click("#near .pick >> nth=2"),
    ):
        act()
        assert shows_picture(shown)
        seen.append(shown.state("picture"))
    assert len(set(seen)) >= 3
    shown.press("#feature", "Home", "ArrowRight")
    assert shown.state("feature") == "1" and shows_picture(shown)


def test_softmax_in_jupyterlab(show):
    shown = show("softmax")
    shown.press("#logit0", "ArrowRight")
    assert agrees_with_losses(shown, [2.1, 1, -1], 0)
    shown.frame.get_by_label("The truth is rock").check()
    shown.click("#logit1", 0.9)
    moved = shown.numbers("logits")
    assert 11 < moved[1] < 13 and agrees_with_losses(shown, moved, 1)
    shown.tap("#logit2", 0.9)
    assert agrees_with_losses(shown, [*moved[:2], shown.numbers("logits")[2]], 1)
    assert 11 < shown.numbers("logits")[2] < 13


def test_training_in_jupyterlab(show):
    shown, seen = show("training"), set()
    for name, act in [
        ("plain", lambda: shown.click("#patience", 0.02)),
        ("plain", lambda: shown.press("#patience", "ArrowRight")),
        ("augmented", lambda: shown.frame.get_by_label("augmented", exact=True).check()),
        ("augmented", lambda: shown.tap("#patience", 0.98)),
    ]:
        act()
        shown.state()
        patience = int(shown.frame.locator("#patience").input_value())
        expected = stopped_by_keras(RUNS[name]["val_loss"], patience)
        assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected
        seen.add((patience, *expected))
    assert len(seen) >= 3


def test_an_untrusted_notebook_shows_the_still_picture(lab, tab):
    tab.goto(f"{lab}/doc/tree/untrusted.ipynb")
    tab.wait_for_selector(".jp-OutputArea img")
    assert tab.locator(".jp-OutputArea img").is_visible()
    assert tab.locator(".jp-OutputArea iframe").count() == 0
    assert "Run the cell" in tab.locator(".jp-OutputArea").inner_text()
