"""Every explorer, driven by pointer, keyboard and touch in an exported page, against Keras.

Needs `pip install -r requirements-browser.txt` and Chromium (Debian: `apt-get install chromium`).
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import json
import re
import shutil

import keras
import nbformat
import numpy as np
import pytest
import tensorflow as tf
from nbconvert import HTMLExporter

from utils import explorers as explore
from utils import measures

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install -r requirements-browser.txt"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium: apt-get install chromium", allow_module_level=True)

L = keras.layers
NAMES = ["Cat", "Dog"]
SIGNS = ["paper", "rock", "scissors"]


class Explorer:
    """One explorer in a page that nbconvert has exported."""

    def __init__(self, page):
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path):
        self.page.goto(path.as_uri())
        self.frame = self.page.query_selector("iframe").content_frame()
        self.frame.wait_for_selector("#status:not(:empty)")

    def state(self, name="state"):
        """What the explorer notes of its state, once it has drawn a frame."""
        self.frame.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return self.frame.evaluate("name => document.documentElement.dataset[name]", name)

    def numbers(self, name):
        return [float(part) for part in self.state(name).replace(",", " ").split()]

    def point(self, selector, x, y):
        """Where a place of an element lies on the page; x and y from 0 to 1."""
        element = self.frame.locator(selector)
        box = element.bounding_box()
        self.page.evaluate("y => scrollBy(0, y - innerHeight / 2)", box["y"] + y * box["height"])
        box = element.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def slide(self, selector, value):
        """Move a slider to a value, as a pointer does: with an input event."""
        self.frame.locator(selector).evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })) }",
            value,
        )


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """show(explorer, width, **context) opens it; a script's error fails the test at its end."""
    opened = []

    def open_one(explorer, width=1280, **settings):
        notebook = nbformat.v4.new_notebook()
        output = nbformat.v4.new_output("execute_result", {"text/html": explorer.data})
        notebook.cells = [nbformat.v4.new_code_cell("explore", outputs=[output])]
        path = tmp_path / "exported.html"
        path.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        context.route("http*://**", lambda route: route.abort())  # no network
        shown = Explorer(context.new_page())
        opened.append((context, shown))
        shown.path = path
        if settings.get("java_script_enabled", True):
            shown.open(path)
        else:
            shown.page.goto(path.as_uri())
        return shown

    yield open_one
    errors = [error for _, shown in opened for error in shown.errors]
    for context, _ in opened:
        context.close()
    assert not errors


# ---------------------------------------------------------------- convolution


@pytest.fixture(scope="module")
def network():
    """A small network with kernels that half precision holds exactly, and a picture."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((32, 24, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(6, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(5, 3, padding="same", activation="relu"),
            L.Flatten(),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.set_weights([weights.astype("float16") for weights in model.get_weights()])
    picture = np.random.default_rng(0).integers(0, 256, (32, 24, 3)).astype("float32")
    return model, picture


@pytest.fixture(scope="module")
def convolution(network):
    return explore.convolution(*network, NAMES)


def agrees(shown, model, picture):
    """Say whether the chosen value, and the answer, are those of Keras for this picture."""
    values = picture[np.newaxis]
    layer, y, x, at = map(int, shown.numbers("at"))
    for index, each in enumerate(model.layers):
        values = np.asarray(each(values))
        if index == layer:
            expected = values[0, y, x, at] if values.ndim == 4 else values[0, at]
            assert shown.numbers("value")[0] == pytest.approx(expected, abs=1e-4)
            if getattr(each, "activation", None) is keras.activations.relu:
                assert max(0, shown.numbers("sum")[0]) == pytest.approx(expected, abs=1e-4)
    assert shown.numbers("answer") == pytest.approx([1 - values[0, 0], values[0, 0]], abs=1e-4)
    return True


def test_convolution_by_pointer(show, network, convolution):
    shown, (model, picture) = show(convolution), network
    seen = set()
    for layer in (1, 2, 3):
        shown.frame.locator(f"input[name=layer][value='{layer}']").check(force=True)
        for x, y in [(0.1, 0.2), (0.45, 0.4), (0.9, 0.3)]:
            shown.page.mouse.move(*shown.point("#maps", x, y))
            assert agrees(shown, model, picture)
            seen.add(shown.state("at"))
    assert len(seen) > 6
    shown.frame.locator("input[name=layer][value='1']").check(force=True)
    # Six maps of 30 x 22 in two rows of four places, one pixel apart: the fifth, row 10, column 7.
    shown.page.mouse.move(*shown.point("#maps", 7.5 / (4 * 23 - 1), (31 + 10.5) / (2 * 31 - 1)))
    assert shown.numbers("at") == [1, 10, 7, 4] and agrees(shown, model, picture)
    shown.frame.locator("input[name=layer][value='3']").check(force=True)
    shown.page.mouse.move(*shown.point("#map", 0.5, 0.5))  # 15 x 11 values
    assert shown.numbers("at")[:3] == [3, 7, 5] and shown.state("field") == "8x8"


def test_convolution_holds_a_value(show, network, convolution):
    shown, (model, picture) = show(convolution), network
    x, y = shown.point("#map", 0.3, 0.3)
    shown.page.mouse.click(x, y)
    at = shown.state("at")
    assert shown.state("held") == "true" and shown.frame.locator("#letGo").is_visible()
    shown.page.mouse.move(x + 30, y + 30)
    assert shown.state("at") == at
    shown.frame.locator("#letGo").click()
    shown.page.mouse.move(*shown.point("#map", 0.7, 0.7))
    assert shown.state("at") != at and agrees(shown, model, picture)


def test_convolution_follows_what_is_painted(show, network, convolution):
    shown, (model, picture) = show(convolution), network
    shown.slide("#brush", 8)
    shown.page.mouse.move(*shown.point("#picture", 12 / 24, 16 / 32))
    shown.page.mouse.down()
    shown.page.mouse.up()
    painted = picture.copy()
    painted[12:20, 8:16] = 127
    assert agrees(shown, model, painted)
    shown.frame.get_by_text("Restore").click()
    assert agrees(shown, model, picture)
    shown.frame.get_by_label("Shift the picture right").click()  # a 24th of the width: 1 pixel
    shifted = np.concatenate([picture[:, :1], picture[:, :-1]], axis=1)
    assert agrees(shown, model, shifted)


def test_convolution_by_keyboard(show, network, convolution):
    shown, (model, picture) = show(convolution), network
    shown.frame.locator("#maps").focus()
    _, y, x, at = shown.numbers("at")
    for key in ("ArrowRight", "ArrowDown", "PageDown" if at < 5 else "PageUp"):
        shown.page.keyboard.press(key)
    after = shown.numbers("at")
    assert after[1:3] == [min(y + 1, 29), min(x + 1, 21)] and abs(after[3] - at) == 1
    assert agrees(shown, model, picture)
    shown.page.keyboard.press("Enter")
    assert shown.state("held") == "true"
    shown.page.keyboard.press("Escape")
    assert shown.state("held") == "false"

    shown.slide("#brush", 8)
    shown.frame.locator("#picture").focus()
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("Space")
    painted = picture.copy()
    painted[12:20, 12:20] = 127
    assert agrees(shown, model, painted)
    shown.page.keyboard.press("Delete")
    assert agrees(shown, model, picture)


def test_convolution_by_touch(show, network, convolution):
    shown, (model, picture) = show(convolution, width=390, has_touch=True), network
    before = shown.state("at")
    shown.page.touchscreen.tap(*shown.point("#maps", 0.3, 0.6))
    assert shown.state("at") != before and shown.state("held") == "false"
    assert agrees(shown, model, picture)
    untouched = shown.numbers("answer")
    shown.page.touchscreen.tap(*shown.point("#picture", 0.5, 0.5))
    assert shown.numbers("answer") != untouched


# ---------------------------------------------------------------- softmax


def agrees_with_losses(shown, logits, truth):
    """Say whether shares, prices and slopes are those of Keras for these logits."""
    assert shown.numbers("logits") == pytest.approx(logits)
    scores = tf.Variable([logits], dtype="float64")
    with tf.GradientTape(persistent=True) as tape:
        label = tf.constant([truth])
        straight = keras.losses.sparse_categorical_crossentropy(label, scores, from_logits=True)
        shares = tf.identity(tf.nn.softmax(scores))
        clipped = keras.losses.sparse_categorical_crossentropy(label, shares)
    assert shown.numbers("softmax") == pytest.approx(shares.numpy()[0], abs=1e-6)
    assert shown.numbers("sigmoid") == pytest.approx(tf.sigmoid(scores).numpy()[0], abs=1e-6)
    assert shown.numbers("price") == pytest.approx(straight.numpy(), abs=1e-4)
    assert shown.numbers("clipped") == pytest.approx(clipped.numpy(), abs=1e-4)
    slopes = tape.gradient(straight, scores).numpy()[0]
    assert shown.numbers("slopes") == pytest.approx(slopes, abs=1e-4)
    text = shown.frame.locator("#fromClipped").inner_text()
    if np.abs(tape.gradient(clipped, scores).numpy()).max() < 1e-5:
        assert "nothing is learnt" in text
    else:
        assert "nothing is learnt" not in text
    return True


def test_softmax_by_pointer(show):
    shown = show(explore.softmax(SIGNS))
    assert agrees_with_losses(shown, [2, 1, -1], 0)
    shown.page.mouse.click(*shown.point("#logit1", 0.9, 0.5))
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
    shown = show(explore.softmax(SIGNS))
    shown.frame.locator("#logit2").focus()
    for _ in range(5):
        shown.page.keyboard.press("ArrowRight")
    assert agrees_with_losses(shown, [2, 1, -0.5], 0)
    shown.frame.get_by_label("The truth is paper").focus()
    shown.page.keyboard.press("ArrowDown")
    assert agrees_with_losses(shown, [2, 1, -0.5], 1)
    assert "The truth is rock" in shown.state()


def test_softmax_by_touch(show):
    shown = show(explore.softmax(SIGNS), width=390, has_touch=True)
    shown.page.touchscreen.tap(*shown.point("#logit0", 0.2, 0.5))
    moved = shown.numbers("logits")
    assert -11 < moved[0] < -7 and agrees_with_losses(shown, moved, 0)


# ---------------------------------------------------------------- training


def losses(seed, rise):
    random, epoch = np.random.default_rng(seed), np.arange(20)
    return (0.7 * np.exp(-epoch / 4) + rise * epoch + 0.05 * random.random(20)).round(4).tolist()


RUNS = {
    name: {"loss": losses(seed, 0), "val_loss": losses(seed + 1, rise)}
    | {"accuracy": np.linspace(0.5, 1, 20).tolist()}
    | {"val_accuracy": np.linspace(0.5, 0.8, 20).tolist()}
    for name, seed, rise in [("plain", 0, 0.03), ("augmented", 2, 0.005)]
}


def stopped_by_keras(values, patience):
    """Epochs, from 1: where Keras' EarlyStopping stops, and which it keeps."""
    model = keras.Sequential([keras.Input((1,)), L.Dense(1)])
    model.stop_training = False
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience)
    stop.set_model(model)
    stop.on_train_begin()
    for epoch, value in enumerate(values):
        stop.on_epoch_end(epoch, {"val_loss": value})
        if model.stop_training:
            break
    return [epoch + 1, stop.best_epoch + 1]


def test_training_by_pointer(show):
    shown = show(explore.training(RUNS))
    seen = set()
    for name in ("augmented", "plain"):
        shown.frame.get_by_label(name, exact=True).check()
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
    shown.page.mouse.click(*shown.point("#patience", 0.5, 0.5))
    assert shown.frame.locator("#patience").input_value() in ("10", "11")


def test_training_by_keyboard(show):
    shown = show(explore.training(RUNS["plain"]))
    shown.frame.locator("#patience").focus()
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    expected = stopped_by_keras(RUNS["plain"]["val_loss"], 6)
    assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected
    assert f"patience 6 training stops after epoch {expected[0]} of 20" in shown.state()


def test_training_by_touch(show):
    shown = show(explore.training(RUNS), width=390, has_touch=True)
    shown.page.touchscreen.tap(*shown.point("#patience", 0.02, 0.5))
    expected = stopped_by_keras(RUNS["plain"]["val_loss"], 1)
    assert [*shown.numbers("stop"), *shown.numbers("kept")] == expected


# ---------------------------------------------------------------- augmentation

SIDES = np.mgrid[0:48, 0:40]
GRADIENT = np.stack([SIDES[0] * 5, SIDES[1] * 6, 120 + 100 * np.sin(SIDES.sum(0) / 4)], -1).astype(
    "uint8"
)
# TensorFlow's names for what fills the edge are Keras' own.
FILLS = ["reflect", "constant", "nearest", "wrap"]


def variants(shown):
    """The twelve variants as they are on the screen, (12, height, width, 3), in 0-255."""
    return np.array(
        shown.frame.evaluate(
            """([h, w]) => [...document.querySelectorAll(".tile canvas")].map((canvas) => {
              const small = document.createElement("canvas"); small.width = w; small.height = h;
              const context = small.getContext("2d"); context.imageSmoothingEnabled = false;
              context.drawImage(canvas, 0, 0, w, h);
              return [...context.getImageData(0, 0, w, h).data].filter((_, i) => i % 4 < 3) })""",
            list(GRADIENT.shape[:2]),
        )
    ).reshape(12, *GRADIENT.shape)


def by_keras(shown, fill):
    """The same by Keras, from the matrices that the explorer notes."""
    changes = json.loads(shown.state("changes"))
    matrices = np.array([[*matrix, 0, 0] for matrix, _ in changes], "float32")
    batch = np.repeat(GRADIENT[np.newaxis], 12, axis=0).astype("float32")
    moved = np.asarray(keras.ops.image.affine_transform(batch, matrices, fill_mode=fill))
    mean = moved.mean(axis=(1, 2), keepdims=True)
    strength = np.array([strength for _, strength in changes])[:, None, None, None]
    return np.clip(mean + (moved - mean) * strength, 0, 255)


@pytest.mark.parametrize("fill", FILLS)
def test_augmentation_by_pointer(show, fill):
    shown = show(explore.augmentation(GRADIENT))
    shown.frame.get_by_label(fill).check()
    shown.slide("#contrast", 0.3)
    shown.slide("#rotation", 0.2)
    assert shown.state("fill") == fill
    difference = np.abs(variants(shown) - by_keras(shown, fill)).max(axis=-1)
    # Where the picture repeats, TensorFlow mixes the pixels at its seams in another way.
    assert (difference <= 1.5).mean() > (0.95 if fill == "wrap" else 0.99)
    assert difference.max(axis=(1, 2)).min() <= 1.5 or fill != "reflect"


def test_augmentation_makes_what_its_code_makes(show):
    shown = show(explore.augmentation(GRADIENT))
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
    shown = show(explore.augmentation(GRADIENT))
    before = variants(shown)
    shown.frame.locator(".tile").nth(4).focus()
    shown.page.keyboard.press("Space")
    assert shown.state("untrue") == "4" and "11 of 12" in shown.state()
    shown.frame.locator("#roll").focus()
    shown.page.keyboard.press("Enter")
    assert shown.state("untrue") == "" and "12 of 12" in shown.state()
    assert np.abs(variants(shown) - before).mean() > 1
    shown.frame.locator("#rotation").focus()
    shown.page.keyboard.press("Home")
    assert "turned" not in shown.state()
    assert "Rotation" not in shown.frame.locator("#code").inner_text()


def test_augmentation_by_touch(show):
    shown = show(explore.augmentation(GRADIENT), width=390, has_touch=True)
    for selector in (".tile:nth-child(3)", "#flip"):
        shown.page.touchscreen.tap(*shown.point(selector, 0.5, 0.5))
    for selector in ("#rotation", "#translation", "#zoom"):
        shown.page.touchscreen.tap(*shown.point(selector, 0.01, 0.5))
        shown.slide(selector, 0)
    assert shown.state("untrue") == "2"
    assert np.array_equal(variants(shown), np.repeat(GRADIENT[np.newaxis], 12, axis=0))


# ---------------------------------------------------------------- confusion

RANDOM = np.random.default_rng(5)
TRUTH = RANDOM.integers(0, 3, 60)
SHARES = np.asarray(keras.ops.softmax(RANDOM.normal(size=(60, 3)) + 2 * np.eye(3)[TRUTH]))
PICTURES = RANDOM.integers(0, 256, (60, 12, 12, 3)).astype("uint8")


def confusion():
    return explore.confusion(PICTURES, TRUTH, SHARES, SIGNS)


def shows_cell(shown, row, column):
    """Say whether the pictures of a cell are shown, the surest first."""
    there = np.flatnonzero((row == TRUTH) & (SHARES.argmax(axis=1) == column))
    expected = there[np.argsort(-SHARES[there, column])]
    assert shown.numbers("shown") == expected.tolist()
    names = shown.frame.locator("#shown .thumb").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert names == [f"Picture {i + 1}, {SIGNS[row]}" for i in expected]
    return True


def agrees_with_metrics(shown, label, threshold):
    """Say whether precision and recall are those of Keras."""
    assert shown.numbers("threshold") == [threshold]
    for metric in (keras.metrics.Precision, keras.metrics.Recall):
        measure = metric(thresholds=threshold)
        measure.update_state(label == TRUTH, SHARES[:, label])
        text = shown.frame.locator(f"#{metric.__name__.lower()}").inner_text()
        right, all_ = map(int, re.match(r"(\d+) of (\d+)", text).groups())
        assert right / max(all_, 1) == pytest.approx(float(measure.result()), abs=1e-6)
    return True


def test_confusion_by_pointer(show):
    shown = show(confusion())
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
    shown = show(confusion())
    row, column = map(int, shown.numbers("cell"))
    shown.frame.locator(f"[data-row='{row}'][data-column='{column}']").focus()
    shown.page.keyboard.press("ArrowUp" if row else "ArrowDown")
    shown.page.keyboard.press("ArrowLeft" if column else "ArrowRight")
    assert shows_cell(shown, row - 1 if row else 1, column - 1 if column else 1)
    shown.frame.locator("#threshold").focus()
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    assert agrees_with_metrics(shown, 0, 0.53)


def test_confusion_by_touch(show):
    shown = show(confusion(), width=390, has_touch=True)
    shown.page.touchscreen.tap(*shown.point("[data-row='2'][data-column='0']", 0.5, 0.5))
    assert shows_cell(shown, 2, 0)
    shown.page.touchscreen.tap(*shown.point("#threshold", 0.9, 0.5))
    assert agrees_with_metrics(shown, 0, shown.numbers("threshold")[0])
    assert shown.numbers("threshold")[0] > 0.8


# ---------------------------------------------------------------- features

POINTS = RANDOM.normal(size=(60, 10)) + 2 * np.eye(10)[TRUTH]
APART = np.linalg.norm(POINTS[:, None] - POINTS[None], axis=-1)


def features():
    return explore.features(PICTURES, POINTS, TRUTH, SIGNS)


def shows_picture(shown):
    """Say whether neighbours and features are those of the chosen picture."""
    picture, feature = int(shown.state("picture")), int(shown.state("feature"))
    assert shown.numbers("near") == np.argsort(APART[picture])[1:9].tolist()
    assert shown.numbers("lit") == np.argsort(-POINTS[:, feature])[:8].tolist()
    above = (POINTS - POINTS.mean(axis=0)) / POINTS.std(axis=0)
    assert shown.numbers("own") == np.argsort(-above[picture])[:8].tolist()
    first = shown.frame.locator("#near .pick").first.inner_text()
    assert float(first) == pytest.approx(np.sort(APART[picture])[1], abs=0.051)
    labels = shown.frame.locator("#lit .thumb").evaluate_all("all => all.map(e => e.ariaLabel)")
    bright = map(int, shown.numbers("lit"))
    assert labels == [f"Picture {i + 1}, {SIGNS[TRUTH[i]]}" for i in bright]
    return True


def test_features_by_pointer(show):
    shown, seen = show(features()), set()
    for x, y in [(0.1, 0.5), (0.5, 0.5), (0.9, 0.4)]:
        shown.page.mouse.click(*shown.point("#map", x, y))
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
    shown = show(features())
    centred = POINTS - POINTS.mean(axis=0)
    places = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    for x in (0.001, 0.999):  # the outermost, from far outside
        extreme = places[:, 0].argmin() if x < 0.5 else places[:, 0].argmax()
        ends = np.ptp(places, axis=0)
        height = (places[:, 1].max() - places[extreme, 1]) / ends[1]
        box = shown.frame.locator("#map").bounding_box()
        edge = 27 / box["height"]  # half a picture lies outside the map
        shown.page.mouse.click(*shown.point("#map", x, edge + height * (1 - 2 * edge)))
        assert int(shown.state("picture")) == extreme


def test_features_by_keyboard(show):
    shown = show(features())
    shown.frame.locator("#map").focus()
    seen = {shown.state("picture")}
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        shown.page.keyboard.press(key)
        assert shows_picture(shown)
        seen.add(shown.state("picture"))
    assert len(seen) >= 4
    shown.frame.locator("#feature").focus()
    shown.page.keyboard.press("Home")
    assert shown.state("feature") == "0" and shows_picture(shown)


def test_features_by_touch(show):
    shown = show(features(), width=390, has_touch=True)
    before = shown.state("picture")
    shown.page.touchscreen.tap(*shown.point("#map", 0.1, 0.5))
    assert shown.state("picture") != before and shows_picture(shown)


# ---------------------------------------------------------------- every explorer


@pytest.fixture(scope="module")
def all_explorers(convolution):
    return {
        "augmentation": explore.augmentation(GRADIENT),
        "confusion": confusion(),
        "convolution": convolution,
        "features": features(),
        "softmax": explore.softmax(SIGNS),
        "training": explore.training(RUNS),
    }


EACH = pytest.mark.parametrize("name", explore.__all__)


@EACH
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_its_place(show, all_explorers, name, width):
    shown = show(all_explorers[name], width=width)
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert shown.page.evaluate(wide) <= 0 and shown.frame.evaluate(wide) <= 0
    high = "document.documentElement.scrollHeight - innerHeight"
    assert shown.frame.evaluate(high) <= 0, "the frame is as high as its content"
    assert (
        shown.page.locator("img").evaluate("e => getComputedStyle(e.parentElement).visibility")
        == "hidden"
    )
    assert len(shown.frame.locator("#status").inner_text()) > 30


@EACH
def test_it_grows_with_the_readers_text_and_turns_dark(show, all_explorers, name):
    shown = show(all_explorers[name], width=390, color_scheme="dark")
    style = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color] }"
    assert shown.frame.locator("body").evaluate(style) == ["rgb(24, 26, 28)", "rgb(236, 236, 236)"]
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    before = shown.frame.locator("#status").evaluate(size)
    shown.frame.evaluate("document.documentElement.style.fontSize = '200%'")
    assert shown.frame.locator("#status").evaluate(size) == 2 * before
    assert shown.frame.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@EACH
def test_a_still_picture_stands_there_without_scripts(show, all_explorers, name):
    shown = show(all_explorers[name], java_script_enabled=False)
    image = shown.page.locator("img")
    assert image.is_visible() and image.bounding_box()["width"] > 200


@EACH
def test_each_control_has_a_name(show, all_explorers, name):
    shown = show(all_explorers[name])
    nameless = shown.frame.evaluate(
        """() => [...document.querySelectorAll("button, input, canvas[tabindex], svg[role]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label")
          || document.querySelector(`label[for="${e.id}"]`))).map((e) => e.outerHTML)"""
    )
    assert nameless == []
