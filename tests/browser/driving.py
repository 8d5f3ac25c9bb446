"""One explorer of each kind, how to drive one, and whether it says what Keras says."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import functools
import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from utils import explorers as explore

L = keras.layers
NAMES = ["Cat", "Dog"]
SIGNS = ["paper", "rock", "scissors"]


class Explorer:
    """An explorer in a page of a browser; `element` is its iframe."""

    def __init__(self, page, element):
        self.page, self.element, self.frame = page, element, element.content_frame()
        self.frame.wait_for_selector("#status:not(:empty)")

    def state(self, name="state"):
        """What the explorer notes of its state, once it has drawn a frame."""
        return self.frame.evaluate(
            """(name) => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
              () => done(document.documentElement.dataset[name]))))""",
            name,
        )

    def numbers(self, name):
        return [float(part) for part in self.state(name).replace(",", " ").split()]

    def hover(self, selector, x=0.5, y=0.5):
        """Move the pointer to a place of an element; x and y from 0 to 1."""
        self._there("hover", selector, x, y)

    def click(self, selector, x=0.5, y=0.5):
        self._there("click", selector, x, y)

    def tap(self, selector, x=0.5, y=0.5):
        self._there("tap", selector, x, y)

    def _there(self, act, selector, x, y):
        locator = self.frame.locator(selector)
        box = locator.bounding_box()
        getattr(locator, act)(position={"x": x * box["width"], "y": y * box["height"]})

    def press(self, selector, *keys):
        """Press keys in an element."""
        self.frame.locator(selector).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def slide(self, selector, value):
        """Move a slider to a value, as a pointer does: with an input event."""
        self.frame.locator(selector).evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })) }",
            value,
        )

    def too_wide(self):
        """Pixels that do not fit across."""
        return self.frame.evaluate("document.documentElement.scrollWidth - innerWidth")

    def too_high(self):
        """Pixels that do not fit from top to bottom."""
        return self.frame.evaluate("document.documentElement.scrollHeight - innerHeight")


# ---------------------------------------------------------------- convolution


@functools.cache
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


def agrees(shown, picture):
    """Say whether the chosen value, and the answer, are those of Keras for this picture."""
    (model, _), values = network(), picture[np.newaxis]
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


# ---------------------------------------------------------------- confusion

RANDOM = np.random.default_rng(5)
TRUTH = RANDOM.integers(0, 3, 60)
SHARES = np.asarray(keras.ops.softmax(RANDOM.normal(size=(60, 3)) + 2 * np.eye(3)[TRUTH]))
PICTURES = RANDOM.integers(0, 256, (60, 12, 12, 3)).astype("uint8")


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


# ---------------------------------------------------------------- features

POINTS = RANDOM.normal(size=(60, 10)) + 2 * np.eye(10)[TRUTH]
APART = np.linalg.norm(POINTS[:, None] - POINTS[None], axis=-1)


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


# ---------------------------------------------------------------- every explorer


@functools.cache
def explorers():
    """One of each."""
    return {
        "augmentation": explore.augmentation(GRADIENT),
        "confusion": explore.confusion(PICTURES, TRUTH, SHARES, SIGNS),
        "convolution": explore.convolution(*network(), NAMES),
        "features": explore.features(PICTURES, POINTS, TRUTH, SIGNS),
        "softmax": explore.softmax(SIGNS),
        "training": explore.training(RUNS),
    }
