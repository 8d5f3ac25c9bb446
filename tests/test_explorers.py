"""Explorers: the pages as Python makes them, and the forward pass in node against Keras.

tests/browser/test_explorers_in_pages.py drives the pages in a browser.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import html
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from utils import explorers as explore
from utils.explorers import _confusion, _features, _network, _page

L = keras.layers
FOLDER = Path(_page.__file__).parent
NASTY = '</script><b>"&<!--<script>'


class Structure(HTMLParser):
    """The tags of a page, with their attributes, and which of them stay open."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "meta", "br", "input", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parts(explorer):
    """The still picture's attributes, the frame's attributes, the page in it, and its data."""
    outer = Structure(explorer.data)
    assert not outer.open
    tags = [tag for tag, _ in outer.tags]
    assert tags == ["div", "div", "img", "p", "iframe"]
    image, frame = outer.tags[2][1], outer.tags[4][1]
    inner = frame["srcdoc"]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', inner, re.S)[1]
    return image, frame, inner, json.loads(data)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (20, 24, 20, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(4, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(1, activation="sigmoid"),
        ]
    )


@pytest.fixture(scope="module")
def all_explorers(model, pictures):
    """One of each, with names that would break a page which does not escape them."""
    names = [NASTY, "Dog's"]
    return {
        "augmentation": explore.augmentation(pictures[0]),
        "confusion": explore.confusion(pictures, [0, 1] * 10, np.linspace(0, 1, 20), names),
        "convolution": explore.convolution(model, pictures[0], names),
        "features": explore.features(pictures, points(), [0, 1] * 10, names),
        "softmax": explore.softmax([*names, "rock"]),
        "training": explore.training({NASTY: curves(), "other": curves(9)}),
    }


def curves(epochs=6, **changed):
    falling = [1 / (1 + epoch) for epoch in range(epochs)]
    rising = [1 - 0.5 * value for value in falling]
    named = {"accuracy": rising, "loss": falling, "val_accuracy": rising, "val_loss": falling}
    return named | changed


def points(number=20, features=12):
    return np.random.default_rng(4).normal(size=(number, features)).astype("float32")


# ---------------------------------------------------------------- every page


def test_each_is_tested(all_explorers):
    assert set(all_explorers) == set(explore.__all__)


def test_a_page_is_whole_and_holds_all_that_it_needs(all_explorers):
    for name, explorer in all_explorers.items():
        image, frame, inner, _ = parts(explorer)
        assert image["src"].startswith("data:image/jpeg;base64,/9j/"), name
        assert len(image["alt"]) > 40 and len(frame["title"]) > 10, name
        page = Structure(inner)
        assert page.tags[0] == ("html", {"lang": "en"}), name
        assert sum(tag == "script" for tag, _ in page.tags) == 2, name
        assert "sandbox" not in frame, "a frame in a sandbox could not fit its height"
        written = re.sub(r'"http://www.w3.org/2000/svg"', "", inner)
        assert not re.search(r"https?://|@import|\bfetch\(|XMLHttpRequest|\bimport\(", written), (
            name
        )


def test_names_cannot_break_a_page(all_explorers):
    for name, explorer in all_explorers.items():
        _, _, inner, data = parts(explorer)
        if "class_names" in data:
            assert data["class_names"][0] == NASTY, name
        assert NASTY not in inner and "<!--" not in inner, name
        assert inner.count("</script>") == 2, name


def test_pages_are_light(all_explorers):
    for name, explorer in all_explorers.items():
        image, frame, inner, data = parts(explorer)
        own = len(html.escape(inner)) - len(html.escape(json.dumps(data, separators=(",", ":"))))
        assert own < 100_000, f"{name} weighs {own} bytes without its data"
        assert len(image["src"]) < 80_000, name


def test_scripts_say_what_they_are_and_use_the_courses_colours():
    for path in FOLDER.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("// ") and '"use strict";' in text, path.name
        assert "innerHTML" not in text and "eval(" not in text, path.name
    assert "#CC79A7" in _page._colours() and "--validation:#E69F00" in _page._colours()


def test_a_script_cannot_end_its_element():
    assert _page._in_script('["</script>"]') == '["\\u003c/script>"]'
    assert _page._in_script('"</p>"; "<!-- "', code=True) == '"<\\/p>"; "<\\!-- "'


# ---------------------------------------------------------------- convolution


def test_a_network_travels_with_its_numbers(model, pictures):
    _, _, _, data = parts(explore.convolution(model, pictures[0], ["Cat", "Dog"]))
    kinds = [layer["kind"] for layer in data["network"]["layers"]]
    assert kinds == ["Rescaling", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    kernels = np.frombuffer(_decode(data["network"]["kernels"]), "<f2")
    assert kernels.size == 3 * 3 * 3 * 4 + 11 * 9 * 4
    first = model.layers[1].get_weights()[0].ravel()
    assert np.array_equal(kernels[: first.size], first.astype("<f2"))
    assert np.array_equal(np.frombuffer(_decode(data["picture"]), "u1"), pictures[0].ravel())


def _decode(text):
    import base64

    return base64.b64decode(text)


def test_the_still_picture_says_the_answer(model, pictures):
    image, *_ = parts(explore.convolution(model, pictures[0], ["Cat", "Dog"]))
    dog = float(model(pictures[:1].astype("float32"))[0, 0])
    expected = f"Dog, {100 * dog:.1f} %" if dog > 0.5 else f"Cat, {100 - 100 * dog:.1f} %"
    assert expected in image["alt"]


def test_names_are_numbered_when_there_are_none(model, pictures):
    *_, data = parts(explore.convolution(model, pictures[0]))
    assert data["class_names"] == ["class 0", "class 1"] and data["final"] is None


@pytest.mark.parametrize(
    "layers, message",
    [
        (
            [L.DepthwiseConv2D(3), L.Flatten(), L.Dense(2)],
            "is a DepthwiseConv2D.*show_feature_maps",
        ),
        ([L.Conv2D(4, 3, dilation_rate=2), L.Flatten(), L.Dense(2)], "has a dilation or groups"),
        ([L.Conv2D(4, 3, activation="gelu"), L.Flatten(), L.Dense(2)], "has the activation gelu"),
        ([L.Conv2D(4, 3)], "should end with a vector of answers.*Flatten"),
        ([L.Flatten(), L.Dense(2000)], "has 2,880,000 weights, too many"),
    ],
)
def test_networks_that_it_cannot_show_are_refused(layers, message, pictures):
    with pytest.raises(ValueError, match=message):
        explore.convolution(keras.Sequential([keras.Input((24, 20, 3)), *layers]), pictures[0])


def test_branches_are_refused(pictures):
    start = keras.Input((24, 20, 3))
    once = L.Conv2D(3, 3, padding="same")(start)
    answer = L.Dense(2)(L.Flatten()(L.Add()([start, once])))
    with pytest.raises(ValueError, match="where branches meet.*takes a chain.*show_feature_maps"):
        explore.convolution(keras.Model(start, answer), pictures[0])
    shared = L.Conv2D(3, 3, padding="same", kernel_initializer="ones")
    twice = keras.Model(start, L.Dense(2)(L.Flatten()(shared(shared(start)))))
    with pytest.raises(ValueError, match="no chain of layers.*takes a chain.*show_feature_maps"):
        explore.convolution(twice, pictures[0])
    other = keras.Input((24, 20, 3))
    two = keras.Model([start, other], L.Dense(2)(L.Flatten()(L.Add()([start, other]))))
    with pytest.raises(ValueError, match="has several inputs.*takes a chain.*show_feature_maps"):
        explore.convolution(two, pictures[0])
    with pytest.raises(ValueError, match="has several outputs"):
        explore.convolution(keras.Model(start, [answer, once]), pictures[0])


def test_bad_input_to_convolution_is_refused(model, pictures):
    with pytest.raises(TypeError, match="not a Keras model"):
        explore.convolution("model", pictures[0])
    with pytest.raises(ValueError, match="takes one picture of 24 × 20 × 3"):
        explore.convolution(model, pictures[0, :9])
    with pytest.raises(ValueError, match="raw pixels, 0–255"):
        explore.convolution(model, pictures[0] / 255)
    with pytest.raises(ValueError, match="3 class names for 2 classes"):
        explore.convolution(model, pictures[0], ["a", "b", "c"])
    with pytest.raises(TypeError, match="list of names"):
        explore.convolution(model, pictures[0], {"a", "b"})
    shape = pictures[0].shape
    plain = [keras.Input(shape), L.Conv2D(2, 3), L.Flatten()]
    unscaled = keras.Sequential([*plain, L.Dense(1, activation="sigmoid")])
    with pytest.raises(ValueError, match="between 0 and 1. The explorer takes raw pixels"):
        explore.convolution(unscaled, pictures[0] / 255)  # rounded, it would be black and white

    class Own(keras.Model):
        def call(self, inputs):
            return unscaled(inputs)

    own = Own()
    own(pictures[:1].astype("float32"))
    with pytest.raises(ValueError, match="no Sequential and no functional model"):
        explore.convolution(own, pictures[0])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_network_that_ends_with_neither_scores_nor_probabilities_is_refused(activation, pictures):
    inputs = [keras.Input(pictures[0].shape), L.Rescaling(1 / 255), L.Conv2D(2, 3), L.Flatten()]
    with pytest.raises(ValueError, match="end the model with a sigmoid"):
        network = keras.Sequential([*inputs, L.Dense(2, activation=activation)])
        explore.convolution(network, pictures[0])


# ---------------------------------------------------------------- softmax


def test_softmax_begins_with_the_lectures_logits():
    image, *_, data = parts(explore.softmax(["paper", "rock", "scissors", "none"]))
    assert data["logits"] == [2, 1, -1, 0]
    first = keras.ops.softmax(np.array([[2.0, 1, -1, 0]]))[0, 0]
    assert f"paper {100 * float(first):.1f} %" in image["alt"]


def test_bad_input_to_softmax_is_refused():
    for names in (["one"], list("abcdefg")):
        with pytest.raises(ValueError, match="2 to 6 classes"):
            explore.softmax(names)
    with pytest.raises(ValueError, match="a name twice"):
        explore.softmax(["a", "a"])
    with pytest.raises(TypeError, match="list of names"):
        explore.softmax("paper")


# ---------------------------------------------------------------- training


class FakeHistory:
    def __init__(self, values):
        self.history = values


def test_histories_travel_whole():
    for given in (curves(), FakeHistory(curves()), {"plain": FakeHistory(curves())}):
        image, *_, data = parts(explore.training(given))
        (run,) = data["runs"]
        assert run["val_loss"] == [1, 0.5, 0.333333, 0.25, 0.2, 0.166667]
        assert data["metrics"] == ["loss", "accuracy"] and data["most_epochs"] == 6
        assert "lowest after epoch 6 of 6: 0.167" in image["alt"]
    losses = {"loss": [2, 1], "val_loss": [2, 1]}
    assert parts(explore.training(losses))[3]["metrics"] == ["loss"]


@pytest.mark.parametrize(
    "given, message",
    [
        ([0.1, 0.2], "what model.fit returned"),
        ({}, "what model.fit returned"),
        ({"a": [1.0]}, "what model.fit returned"),
        ({str(i): curves() for i in range(5)}, "5 runs are too many"),
        ({"loss": [1.0], "accuracy": [0.5]}, "No 'val_loss' was recorded.*validation_data"),
        (curves(val_loss=[0.5, 0.4]), "one loss and one val_loss for each epoch"),
        (curves(loss=[1, 2, float("nan"), 1, 1, 1]), "no number after epoch 3"),
        (curves(501), "501 epochs; at most 500"),
        (curves(loss=list("abcdef")), "a number for each epoch"),
        (curves(accuracy=[50] * 6), "between 0 and 1"),
    ],
)
def test_bad_histories_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        explore.training(given)


# ---------------------------------------------------------------- augmentation


def test_a_picture_travels_as_it_is_or_smaller(pictures):
    *_, data = parts(explore.augmentation(pictures[0]))
    assert data["shape"] == [24, 20, 3]
    assert np.array_equal(np.frombuffer(_decode(data["picture"]), "u1"), pictures[0].ravel())
    large = np.zeros((300, 600), np.uint8)
    *_, data = parts(explore.augmentation(large))
    assert data["shape"] == [64, 128, 3]


def test_bad_input_to_augmentation_is_refused(pictures):
    with pytest.raises(ValueError, match="There are 20 pictures: give one"):
        explore.augmentation(pictures)
    with pytest.raises(FileNotFoundError):
        explore.augmentation("missing.jpg")
    with pytest.raises(TypeError):
        explore.augmentation(3)


# ---------------------------------------------------------------- confusion


def test_probabilities_and_labels_travel_in_order(pictures):
    shares = np.array([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])
    given = list(pictures[:3]), ["Dog", "Cat", "Cat"], shares, ["Cat", "Dog"]
    image, *_, data = parts(explore.confusion(*given))
    assert data["labels"] == [1, 0, 0]
    assert np.allclose(np.frombuffer(_decode(data["probabilities"]), "<f4"), shares.ravel())
    assert "2 of 3 right" in image["alt"]
    sent = np.asarray(Image.open(io.BytesIO(_decode(data["sheet"]))))
    assert sent.shape == (_confusion.SIDE, _confusion.SIDE * data["columns"], 3)
    for i in range(3):  # each thumbnail in its place, up to what JPEG changes
        there = sent[:, i * _confusion.SIDE :][:, : _confusion.SIDE].mean(axis=(0, 1))
        assert np.abs(there - pictures[i, 2:22].mean(axis=(0, 1))).max() < 6


def test_bad_input_to_confusion_is_refused(pictures):
    names, shares = ["Cat", "Dog"], np.full((20, 2), 0.5)
    with pytest.raises(ValueError, match="20 pictures, 19 labels and 20 predictions"):
        explore.confusion(pictures, [0] * 19, shares, names)
    with pytest.raises(ValueError, match="add up to 1|keras.ops.sigmoid"):
        explore.confusion(pictures, [0] * 20, shares * 6, names)
    with pytest.raises(ValueError, match=r"601 pictures.*each second: files\[::2\]"):
        explore.confusion(["x.jpg"] * 601, [0] * 601, np.full((601, 2), 0.5), names)
    with pytest.raises(TypeError, match="data set"):
        explore.confusion(tf.data.Dataset.range(3), [0] * 20, shares, names)
    with pytest.raises(ValueError, match="All of these probabilities are 0 or 1"):
        explore.confusion(pictures, [0] * 20, np.eye(2)[[0, 1] * 10], names)  # predicted classes


# ---------------------------------------------------------------- features


def test_neighbours_and_bright_pictures_are_those_of_numpy(pictures):
    given, labels = points(), [0, 1] * 10
    image, *_, data = parts(explore.features(pictures, given, labels, ["Cat", "Dog"]))
    apart = np.linalg.norm(given[:, None] - given[None], axis=-1)
    nearest = np.argsort(apart, axis=1)[:, 1:9]
    assert np.array_equal(np.frombuffer(_decode(data["neighbours"]), "<u2"), nearest.ravel())
    distances = np.frombuffer(_decode(data["distances"]), "<f4")
    assert np.allclose(distances, np.take_along_axis(apart, nearest, axis=1).ravel(), atol=1e-3)
    brightest = np.argsort(-given, axis=0)[:8].T
    assert np.array_equal(np.frombuffer(_decode(data["brightest"]), "<u2"), brightest.ravel())
    above = (given - given.mean(axis=0)) / given.std(axis=0)
    strongest = np.argsort(-above, axis=1)[:, :8]
    assert np.array_equal(np.frombuffer(_decode(data["strongest"]), "<u2"), strongest.ravel())
    same = (np.take(labels, nearest) == np.array(labels)[:, None]).mean()
    assert f"{100 * same:.0f} % are of its own class" in image["alt"]


def test_the_map_keeps_the_two_largest_spreads():
    flat = np.zeros((30, 5))
    flat[:, 3], flat[:, 1] = np.linspace(0, 9, 30), np.tile([0, 2, 0], 10)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    places = _features._map(flat)
    assert np.allclose(np.linalg.norm(places[:, None] - places[None], axis=-1), apart)


def test_bad_input_to_features_is_refused(pictures):
    labels, names = [0, 1] * 10, ["Cat", "Dog"]
    for wrong in (points()[0], np.full((20, 5), np.nan), np.zeros((20, 4, 4))):
        with pytest.raises(ValueError, match="finite numbers"):
            explore.features(pictures, wrong, labels, names)
    with pytest.raises(ValueError, match="20 pictures, 19 rows of features and 20 labels"):
        explore.features(pictures, points(19), labels, names)
    with pytest.raises(ValueError, match="8 pictures of 2 classes"):
        explore.features(pictures[:8], points(8), labels[:8], names)
    with pytest.raises(ValueError, match="1 features; this explorer takes 2 to 4,096"):
        explore.features(pictures, points(20, 1), labels, names)


# ---------------------------------------------------------------- forward pass


def week_1():
    return [
        L.Rescaling(1 / 255),
        *(
            layer
            for filters in (16, 32)
            for layer in (L.Conv2D(filters, 3, activation="relu"), L.MaxPooling2D())
        ),
        L.Flatten(),
        L.Dense(32, activation="relu"),
        L.Dropout(0.5),
        L.Dense(1, activation="sigmoid"),
    ]


def week_4():
    return [
        L.RandomFlip(),
        L.Rescaling(1 / 127.5, offset=-1),
        L.Conv2D(6, 3, padding="same", use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(),
        L.Conv2D(8, 3, strides=2, padding="same"),
        L.BatchNormalization(scale=False, center=False),
        L.ReLU(max_value=0.7, negative_slope=0.1),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
    ]


def all_the_rest():
    return [
        L.Conv2D(5, (4, 2), strides=(2, 3), padding="same", activation="tanh"),
        L.AveragePooling2D(3, strides=2, padding="same"),
        L.LeakyReLU(0.2),
        L.Conv2D(7, 2, activation="softmax"),
        L.MaxPooling2D(3, strides=1, padding="same"),
        L.AveragePooling2D((2, 1)),
        L.Activation("sigmoid"),
        L.GlobalMaxPooling2D(),
        L.Dense(4, activation="softmax"),
    ]


def nested():
    inner = keras.Sequential([keras.Input((24, 20, 3)), *week_4()])
    return [inner, L.Softmax()]


@pytest.mark.parametrize("build", [week_1, week_4, all_the_rest, nested])
def test_the_forward_pass_in_node_is_that_of_keras(build, pictures, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: https://nodejs.org, or apt-get install nodejs")
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((24, 20, 3)), *build()])
    batch = pictures.astype("float32")
    if build is all_the_rest:
        batch = batch / 255
    random = np.random.default_rng(2)
    network, layers = _network.describe(model)
    for layer in layers:  # as after a training; kernels rounded as they travel
        if isinstance(layer, L.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        elif layer.get_weights():
            kernel, *bias = layer.get_weights()
            layer.set_weights(
                [kernel.astype("float16"), *(random.normal(0, 0.1, b.shape) for b in bias)]
            )
    network, _ = _network.describe(model)

    sent = {"network": network, "pictures": _page.pack(batch, "<f4"), "number": len(batch)}
    (tmp_path / "in.json").write_text(json.dumps(sent))
    script = Path(__file__).with_name("forward_in_node.js")
    command = [node, script, tmp_path / "in.json", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    got = np.fromfile(tmp_path / "out", "<f4").reshape(len(batch), -1)

    values, at = batch, 0
    for layer in layers:
        values = np.asarray(layer(values, training=False))
        flat = values.reshape(len(batch), -1)
        here = got[:, at : at + flat.shape[1]]
        np.testing.assert_allclose(here, flat, rtol=0, atol=1e-4, err_msg=layer.name)
        at += flat.shape[1]
    assert at == got.shape[1]
