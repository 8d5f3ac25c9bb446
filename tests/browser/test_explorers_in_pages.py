"""Every explorer, driven by pointer, keyboard and touch in an exported page, against Keras.

Needs `pip install -r requirements-browser.txt` and Chromium (Debian: `apt-get install chromium`).
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import json

import keras
import nbformat
import numpy as np
import pytest
from chromium import browser  # noqa: F401  (a fixture)
from driving import (
    FILLS,
    GRADIENT,
    POINTS,
    RUNS,
    SHARES,
    SIGNS,
    TRUTH,
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
from nbconvert import HTMLExporter

from utils import explorers as explore
from utils import measures


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The pages that nbconvert makes of notebooks with one explorer each."""
    folder, paths = tmp_path_factory.mktemp("exported"), {}
    for name, explorer in {**explorers(), "one run": explore.training(RUNS["plain"])}.items():
        notebook = nbformat.v4.new_notebook()
        output = nbformat.v4.new_output("execute_result", {"text/html": explorer.data})
        notebook.cells = [nbformat.v4.new_code_cell("explore", outputs=[output])]
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def tabs(browser):  # noqa: F811
    """tab(width, **settings): a page of a browser without a network; it stays open for the next."""
    opened = {}

    def tab(width, **settings):
        key = (width, *sorted(settings.items()))
        if key not in opened:
            context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
            context.route("http*://**", lambda route: route.abort())
            opened[key] = context.new_page()
        return opened[key]

    yield tab
    for page in opened.values():
        page.context.close()


@pytest.fixture
def show(tabs, exported):
    """show(name, width, **settings) opens an explorer; an error in its script fails the test."""
    errors, watched = [], []

    def note(error):
        errors.append(error)

    def open_one(name, width=1280, **settings):
        page = tabs(width, **settings)
        page.on("pageerror", note)
        watched.append(page)
        page.mouse.move(0, 0)  # where the last test's pointer is nothing should happen
        page.goto(exported[name].as_uri())
        if not settings.get("java_script_enabled", True):
            return page
        return Explorer(page, page.query_selector("iframe"))

    yield open_one
    for page in watched:
        page.remove_listener("pageerror", note)
    assert not errors


# ---------------------------------------------------------------- convolution


def test_convolution_by_pointer(show):
    shown, picture = show("convolution"), network()[1]
    seen = set()
    for layer in (1, 2, 3):
        shown.frame.locator(f"input[name=layer][value='{layer}']").check(force=True)
        for x, y in [(0.1, 0.2), (0.45, 0.4), (0.9, 0.3)]:
            shown.hover("#maps", x, y)
            assert agrees(shown, picture)
            seen.add(shown.state("at"))
    assert len(seen) > 6
    shown.frame.locator("input[name=layer][value='1']").check(force=True)
    # Six maps of 30 x 22 in two rows of four places, one pixel apart: the fifth, row 10, column 7.
    shown.hover("#maps", 7.5 / (4 * 23 - 1), (31 + 10.5) / (2 * 31 - 1))
    assert shown.numbers("at") == [1, 10, 7, 4] and agrees(shown, picture)
    shown.frame.locator("input[name=layer][value='3']").check(force=True)
    shown.hover("#map", 0.5, 0.5)  # 15 x 11 values
    assert shown.numbers("at")[:3] == [3, 7, 5] and shown.state("field") == "8x8"


def test_convolution_holds_a_value(show):
    shown, picture = show("convolution"), network()[1]
    shown.click("#map", 0.3, 0.3)
    at = shown.state("at")
    assert shown.state("held") == "true" and shown.frame.locator("#letGo").is_visible()
    shown.hover("#map", 0.5, 0.5)
    assert shown.state("at") == at
    shown.page.keyboard.press("ArrowRight")  # the keys go on from the map that was clicked
    assert shown.state("at") != at and agrees(shown, picture)
    shown.frame.locator("#letGo").click()
    shown.hover("#map", 0.7, 0.7)
    assert shown.state("at") != at and agrees(shown, picture)


def test_convolution_follows_what_is_painted(show):
    shown, picture = show("convolution"), network()[1]
    shown.slide("#brush", 8)
    shown.hover("#picture", 12 / 24, 16 / 32)
    shown.page.mouse.down()
    shown.page.mouse.up()
    painted = picture.copy()
    painted[12:20, 8:16] = 127
    assert agrees(shown, painted)
    shown.frame.get_by_text("Restore").click()
    assert agrees(shown, picture)
    shown.frame.get_by_label("Shift the picture right").click()  # a 24th of the width: 1 pixel
    shifted = np.concatenate([picture[:, :1], picture[:, :-1]], axis=1)
    assert agrees(shown, shifted)


def test_convolution_by_keyboard(show):
    shown, picture = show("convolution"), network()[1]
    _, y, x, at = shown.numbers("at")
    shown.press("#maps", "ArrowRight", "ArrowDown", "PageDown" if at < 5 else "PageUp")
    after = shown.numbers("at")
    assert after[1:3] == [min(y + 1, 29), min(x + 1, 21)] and abs(after[3] - at) == 1
    assert agrees(shown, picture)
    shown.page.keyboard.press("Enter")
    assert shown.state("held") == "true"
    shown.page.keyboard.press("Escape")
    assert shown.state("held") == "false"

    shown.slide("#brush", 8)
    shown.press("#picture", "ArrowRight")
    shown.page.keyboard.press("Space")
    painted = picture.copy()
    painted[12:20, 12:20] = 127
    assert agrees(shown, painted)
    shown.page.keyboard.press("Delete")
    assert agrees(shown, picture)


def test_convolution_by_touch(show):
    shown, picture = show("convolution", width=390, has_touch=True), network()[1]
    before = shown.state("at")
    shown.tap("#maps", 0.3, 0.6)
    assert shown.state("at") != before and shown.state("held") == "false"
    assert agrees(shown, picture)
    untouched = shown.numbers("answer")
    shown.tap("#picture", 0.5, 0.5)
    assert shown.numbers("answer") != untouched


# ---------------------------------------------------------------- softmax


def test_softmax_by_pointer(show):
    shown = show("softmax")
    assert agrees_with_losses(shown, [2, 1, -1], 0)
    shown.click("#logit1", 0.9, 0.5)
    moved = shown.numbers("logits")
    assert 11 < moved[1] < 13 and agrees_with_losses(shown, moved, 0)
    shown.frame.get_by_label("The truth is scissors").check()
    assert agrees_with_losses(shown, moved, 2)
    before = shown.frame.locator("#softmaxes").inner_text(), shown.numbers("softmax")
    shown.slide("#add", 3)
    assert agrees_with_losses(shown, [z + 3 for z in moved], 2)
    assert shown.numbers("softmax") == pytest.approx(before[1], abs=1e-9)
    shown.frame.get_by_text("Sure, and wrong").click()
    assert agrees_with_losses(shown, [15, 0, -15], 2)
    shown.slide("#temperature", 1)  # 2 ** 1
    assert agrees_with_losses(shown, [7.5, 0, -7.5], 2)


def test_softmax_by_keyboard(show):
    shown = show("softmax")
    shown.press("#logit2", *["ArrowRight"] * 5)
    assert agrees_with_losses(shown, [2, 1, -0.5], 0)
    shown.frame.get_by_label("The truth is paper").focus()
    shown.page.keyboard.press("ArrowDown")
    assert agrees_with_losses(shown, [2, 1, -0.5], 1)
    assert "The truth is rock" in shown.state()


def test_softmax_by_touch(show):
    shown = show("softmax", width=390, has_touch=True)
    shown.tap("#logit0", 0.2, 0.5)
    moved = shown.numbers("logits")
    assert -11 < moved[0] < -7 and agrees_with_losses(shown, moved, 0)


# ---------------------------------------------------------------- training


def test_training_by_pointer(show):
    shown = show("training")
    seen = set()
    for name in ("augmented", "plain"):
        shown.frame.get_by_label(name, exact=True).check()
        legend = shown.frame.locator("#legend").inner_text()
        assert [other for other in RUNS if f"{other}: validation" in legend] == [
            other for other in RUNS if other != name
        ]
        for patience in (1, 2, 3, 5, 20):
            shown.slide("#patience", patience)
            expected = stopped_by_keras(RUNS[name]["val_loss"], patience)
            assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected
            cells = shown.frame.locator("#kept td").all_inner_texts()
            assert int(cells[1]) == expected[1]
            assert float(cells[3]) == pytest.approx(
                RUNS[name]["val_loss"][expected[1] - 1], abs=1e-3
            )
            seen.add(tuple(expected))
    assert len(seen) >= 4
    before = shown.frame.locator("#curves").inner_html()
    shown.slide("#smoothing", 0.6)
    assert shown.frame.locator("#curves").inner_html() != before
    shown.frame.get_by_label("accuracy", exact=True).check()
    assert shown.state("metric") == "accuracy"
    shown.click("#patience", 0.5, 0.5)
    assert shown.frame.locator("#patience").input_value() in ("10", "11")


def test_training_by_keyboard(show):
    shown = show("one run")
    shown.press("#patience", *["ArrowRight"] * 3)
    expected = stopped_by_keras(RUNS["plain"]["val_loss"], 6)
    assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected
    assert f"patience 6 training stops after epoch {expected[0]} of 20" in shown.state()


def test_training_by_touch(show):
    shown = show("training", width=390, has_touch=True)
    shown.tap("#patience", 0.02, 0.5)
    expected = stopped_by_keras(RUNS["plain"]["val_loss"], 1)
    assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected


# ---------------------------------------------------------------- augmentation


@pytest.mark.parametrize("fill", FILLS)
def test_augmentation_by_pointer(show, fill):
    shown = show("augmentation")
    shown.frame.get_by_label(fill).check()
    shown.slide("#contrast", 0.3)
    shown.slide("#rotation", 0.2)
    assert shown.state("fill") == fill
    difference = np.abs(variants(shown) - by_keras(shown, fill)).max(axis=-1)
    # Where the picture repeats, TensorFlow mixes the pixels at its seams in another way.
    assert (difference <= 1.5).mean() > (0.95 if fill == "wrap" else 0.99)
    assert difference.max(axis=(1, 2)).min() <= 1.5 or fill != "reflect"


def test_augmentation_makes_what_its_code_makes(show):
    shown = show("augmentation")
    shown.slide("#rotation", 0.1)
    shown.slide("#translation", 0.2)
    shown.slide("#zoom", 0.3)
    shown.slide("#contrast", 0.4)
    shown.frame.get_by_label("nearest").check()
    shown.state()
    recipe = eval(shown.frame.locator("#code").inner_text(), {"keras": keras})
    flip, rotation, translation, zoom, contrast = recipe.layers
    assert flip.mode == "horizontal" and tuple(rotation.factor) == (-0.1, 0.1)
    assert translation.get_config()["height_factor"] == 0.2
    assert translation.get_config()["width_factor"] == 0.2
    assert zoom.get_config()["height_factor"] == 0.3 and tuple(contrast.factor) == (0.4, 0.4)
    assert {rotation.fill_mode, translation.fill_mode, zoom.fill_mode} == {"nearest"}
    # The middle of the picture moves and grows no further than the ranges say.
    for matrix, strength in json.loads(shown.state("changes")):
        linear = np.reshape(matrix, (2, 3))[:, :2]  # mirrored or not, turned, scaled
        scale = np.sqrt(abs(np.linalg.det(linear)))
        assert linear @ linear.T == pytest.approx(scale**2 * np.eye(2), abs=1e-9)
        assert abs(linear[1, 0]) <= scale * np.sin(0.1 * 2 * np.pi)
        assert 0.7 <= scale <= 1.3 and 0.6 <= strength <= 1.4
        middle = np.reshape(matrix, (2, 3)) @ [19.5, 23.5, 1]
        assert np.hypot(*(middle - [19.5, 23.5])) <= np.hypot(0.2 * 48, 0.2 * 40)


def test_augmentation_rolls_and_counts_by_keyboard(show):
    shown = show("augmentation")
    before = variants(shown)
    shown.frame.locator(".tile").nth(4).focus()
    shown.page.keyboard.press("Space")
    assert shown.state("untrue") == "4" and "11 of 12" in shown.state()
    shown.press("#roll", "Enter")
    assert shown.state("untrue") == "" and "12 of 12" in shown.state()
    assert np.abs(variants(shown) - before).mean() > 1
    shown.press("#rotation", "Home")
    assert "turned" not in shown.state()
    assert "Rotation" not in shown.frame.locator("#code").inner_text()


def test_augmentation_by_touch(show):
    shown = show("augmentation", width=390, has_touch=True)
    shown.tap(".tile:nth-child(3)", 0.5, 0.5)
    assert shown.state("untrue") == "2"
    shown.tap("#flip", 0.5, 0.5)
    assert shown.state("untrue") == "", "other pictures: the cross was for the old one"
    for selector in ("#rotation", "#translation", "#zoom"):
        shown.tap(selector, 0.01, 0.5)
        shown.slide(selector, 0)
    assert np.array_equal(variants(shown), np.repeat(GRADIENT[np.newaxis], 12, axis=0))


# ---------------------------------------------------------------- confusion


def test_confusion_by_pointer(show):
    shown = show("confusion")
    counts = measures.confusion_counts(TRUTH, SHARES, SIGNS)
    cells = shown.frame.locator("#matrix button")
    assert cells.all_inner_texts() == [str(count) for count in counts.ravel()]
    for row, column in [(0, 1), (2, 2), (1, 0)]:
        cells.nth(3 * row + column).click()
        assert shows_cell(shown, row, column)
    for label, threshold in [(0, 0.5), (2, 0.25), (1, 0.9)]:
        shown.frame.get_by_label(SIGNS[label], exact=True).check()
        shown.slide("#threshold", threshold)
        assert agrees_with_metrics(shown, label, threshold)
    shown.frame.locator("#missed").click()
    missed = np.flatnonzero((TRUTH == 1) & (SHARES[:, 1] <= 0.9))
    assert sorted(shown.numbers("shown")) == missed.tolist()


def test_confusion_by_keyboard(show):
    shown = show("confusion")
    row, column = map(int, shown.numbers("cell"))
    shown.frame.locator(f"[data-row='{row}'][data-column='{column}']").focus()
    shown.page.keyboard.press("ArrowUp" if row else "ArrowDown")
    shown.page.keyboard.press("ArrowLeft" if column else "ArrowRight")
    assert shows_cell(shown, row - 1 if row else 1, column - 1 if column else 1)
    shown.press("#threshold", *["ArrowRight"] * 3)
    assert agrees_with_metrics(shown, 0, 0.53)


def test_confusion_by_touch(show):
    shown = show("confusion", width=390, has_touch=True)
    shown.tap("[data-row='2'][data-column='0']", 0.5, 0.5)
    assert shows_cell(shown, 2, 0)
    shown.tap("#threshold", 0.9, 0.5)
    assert agrees_with_metrics(shown, 0, shown.numbers("threshold")[0])
    assert shown.numbers("threshold")[0] > 0.8


# ---------------------------------------------------------------- features


def test_features_by_pointer(show):
    shown, seen = show("features"), set()
    for x, y in [(0.1, 0.5), (0.5, 0.5), (0.9, 0.4)]:
        shown.click("#map", x, y)
        assert shows_picture(shown)
        seen.add(shown.state("picture"))
    assert len(seen) == 3
    near = int(shown.numbers("near")[2])
    shown.frame.locator("#near .pick").nth(2).click()
    assert int(shown.state("picture")) == near and shows_picture(shown)
    shown.slide("#feature", 7)
    assert shown.state("feature") == "7" and shows_picture(shown)
    shown.frame.locator("#own button").nth(1).click()
    assert int(shown.state("feature")) == shown.numbers("own")[1] and shows_picture(shown)


def test_a_click_on_the_map_finds_the_picture_that_lies_there(show):
    shown = show("features")
    centred = POINTS - POINTS.mean(axis=0)
    places = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    for x in (0.01, 0.99):  # the outermost, from far outside
        extreme = places[:, 0].argmin() if x < 0.5 else places[:, 0].argmax()
        ends = np.ptp(places, axis=0)
        height = (places[:, 1].max() - places[extreme, 1]) / ends[1]
        box = shown.frame.locator("#map").bounding_box()
        edge = 27 / box["height"]  # half a picture lies outside the map
        shown.click("#map", x, edge + height * (1 - 2 * edge))
        assert int(shown.state("picture")) == extreme


def test_features_by_keyboard(show):
    shown = show("features")
    shown.frame.locator("#map").focus()
    seen = {shown.state("picture")}
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        shown.page.keyboard.press(key)
        assert shows_picture(shown)
        seen.add(shown.state("picture"))
    assert len(seen) >= 4
    shown.press("#feature", "Home")
    assert shown.state("feature") == "0" and shows_picture(shown)


def test_features_by_touch(show):
    shown = show("features", width=390, has_touch=True)
    before = shown.state("picture")
    shown.tap("#map", 0.1, 0.5)
    assert shown.state("picture") != before and shows_picture(shown)


# ---------------------------------------------------------------- every explorer


EACH = pytest.mark.parametrize("name", explore.__all__)


@EACH
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_its_place(show, name, width):
    shown = show(name, width=width, has_touch=width == 390)
    assert shown.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert shown.too_wide() <= 0
    assert shown.too_high() <= 0, "the frame is as high as its content"
    still = shown.page.locator("img")
    assert still.evaluate("e => getComputedStyle(e.parentElement).visibility") == "hidden"
    assert len(shown.frame.locator("#status").inner_text()) > 30


@EACH
def test_it_grows_with_the_readers_text_and_turns_dark(show, name):
    shown = show(name, width=390, color_scheme="dark")
    style = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }"
    assert shown.frame.locator("body").evaluate(style) == ["rgb(24, 26, 28)", "rgb(236, 236, 236)"]
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    before = shown.frame.locator("#status").evaluate(size)
    shown.frame.evaluate("document.documentElement.style.fontSize = '200%'")
    assert shown.frame.locator("#status").evaluate(size) == 2 * before
    assert shown.too_wide() <= 0


@EACH
def test_a_still_picture_stands_there_without_scripts(show, name):
    image = show(name, java_script_enabled=False).locator("img")
    assert image.is_visible() and image.bounding_box()["width"] > 200


@EACH
def test_each_control_has_a_name(show, name):
    shown = show(name)
    nameless = shown.frame.evaluate(
        """() => [...document.querySelectorAll("button, input, canvas[tabindex], svg[role]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label")
          || document.querySelector(`label[for="${e.id}"]`))).map((e) => e.outerHTML)"""
    )
    assert nameless == []
