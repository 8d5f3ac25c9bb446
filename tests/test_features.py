"""Behaviour of utils.features."""

import errno
import os

import numpy as np
import pytest
from PIL import Image

from utils import backbones, features
from utils.features import extract_features
from utils.pipelines import image_dataset, random_affine

# isort: split
import keras
import tensorflow as tf
from keras import layers


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where features are kept: never the course's own folder."""
    monkeypatch.setattr(features, "FEATURES", tmp_path / "features")
    return tmp_path / "features"


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("Cat", "Dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(3):
            pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{index}.png")
    return tmp_path / "pets"


@pytest.fixture
def told(capsys):
    """Look at features of `dataset` and return them with the labels and the line printed."""

    def extract(dataset, model):
        capsys.readouterr()
        found, labels = extract_features(dataset, model)
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith(f"Features of {len(found)} pictures")
        return found, labels, line

    return extract


RNG = np.random.default_rng(1)
PIXELS = RNG.uniform(0, 255, (12, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(12)


def batches(pixels=PIXELS, labels=LABELS, size=5):
    return tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(size)


def small_network(pooled=True, factor=1 / 255):
    pixels = keras.Input((None, None, 3))
    x = layers.Rescaling(factor)(pixels)
    x = layers.Conv2D(4, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=1))(x)
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(x) if pooled else x)


def sequence(*own):
    return keras.Sequential([keras.Input((8, 8, 3)), *own, layers.GlobalAveragePooling2D()])


def test_features_are_computed_once(pictures, tmp_path, told):
    model, dataset = small_network(), image_dataset(pictures, (16, 16), batch_size=4)
    found, labels, line = told(dataset, model)
    assert found.shape == (6, 4) and found.dtype == np.float32
    assert labels.tolist() == [0, 0, 0, 1, 1, 1] and labels.dtype == np.int32
    expected = np.concatenate([model(images) for images, _ in dataset])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert "4 each: computed in" in line and "kept in" in line

    again = small_network()  # the same, with other automatic names for its layers
    assert again.layers[2].name != model.layers[2].name
    again.trainable = False  # which has no effect on features
    moved = pictures.rename(tmp_path / "moved")
    reused, labels, line = told(image_dataset(moved, (16, 16), batch_size=5), again)
    np.testing.assert_array_equal(reused, found)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert "reused" in line


@pytest.mark.parametrize(
    "change", ["a picture", "size", "weights", "output", "preprocessing", "order", "damage"]
)
def test_whatever_matters_makes_features_new(change, pictures, folder, told):
    told(image_dataset(pictures, (16, 16)), small_network())
    model, size = small_network(), (16, 16)
    if change == "a picture":
        Image.new("RGB", (20, 20), "red").save(pictures / "Cat" / "1.png")
    elif change == "size":
        size = (18, 16)
    elif change == "weights":
        model.set_weights([weights + 0.01 for weights in model.get_weights()])
    elif change == "output":
        model = small_network(pooled=False)
    elif change == "preprocessing":
        model = small_network(factor=1 / 128)
    elif change == "order":
        (pictures / "Cat" / "0.png").rename(pictures / "Cat" / "9.png")
    elif change == "damage":
        (file,) = folder.iterdir()
        file.write_bytes(file.read_bytes()[:200])
    dataset = image_dataset(pictures, size)
    found, _, line = told(dataset, model)
    assert "computed in" in line
    np.testing.assert_allclose(found, model.predict(dataset, verbose=0), atol=1e-5)
    assert len(list(folder.iterdir())) == (1 if change == "damage" else 2)


@pytest.mark.parametrize("package", ["keras", "tf"])
def test_another_version_makes_features_new(package, told, monkeypatch):
    told(batches(), small_network())
    monkeypatch.setattr(getattr(features, package), "__version__", "0.0")
    assert "computed in" in told(batches(), small_network())[2]


def valid_or_same(padding):
    kernel = keras.initializers.GlorotUniform(seed=1)
    return sequence(layers.Conv2D(2, 3, padding=padding, name=padding, kernel_initializer=kernel))


def in_float16_or_32(policy):
    return sequence(layers.Activation("relu", dtype=policy))


def joined_to(place):
    pixels = keras.Input((8, 8, 3))
    half = layers.Rescaling(0.5)(pixels)
    tenth = layers.Rescaling(0.2)(half)
    both = layers.Add()([{"start": pixels, "middle": half}[place], tenth])
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(both))


@pytest.mark.parametrize(
    "build, one, other",
    [
        (lambda name: sequence(layers.Activation(name, name=name)), "relu", "tanh"),
        (valid_or_same, "valid", "same"),
        (in_float16_or_32, "float16", "float32"),
        (joined_to, "start", "middle"),
    ],
)
def test_networks_that_differ_are_told_apart(build, one, other, told):
    for value in (one, other):
        model = build(value)
        found, _, line = told(batches(), model)
        assert "computed in" in line
        np.testing.assert_allclose(found, model.predict(PIXELS, verbose=0), rtol=1e-5, atol=1e-5)
        assert "reused" in told(batches(), build(value))[2]


def test_a_network_of_keras_applications_is_known_again(told):
    def build():
        # Its layers and the operations of its preprocessing are named by counting.
        pixels = keras.Input((8, 8, 3))
        x = keras.applications.imagenet_utils.preprocess_input(pixels, mode="tf")
        inner = keras.Sequential([layers.ReLU(), layers.MaxPooling2D()])
        return keras.Model(pixels, layers.Add()([inner(x), layers.MaxPooling2D()(x)]))

    found, _, line = told(batches(), build())
    assert "kept in" in line
    reused, _, line = told(batches(), build())
    assert "reused" in line
    np.testing.assert_array_equal(reused, found)


@keras.saving.register_keras_serializable()
class Times(layers.Layer):
    factor = 2

    def call(self, x):
        return x * self.factor


class Twice(keras.Model):
    def call(self, x):
        return tf.reduce_mean(x, (1, 2)) * Times.factor


def multiplied(x):
    return x * Times.factor


multiplied.__name__ = "relu"  # Keras notes a function by its name


def with_call_of_its_own():
    layer = layers.ReLU()
    layer.call = lambda x: x * Times.factor
    return layer


@pytest.mark.parametrize(
    "build",
    [
        lambda: sequence(layers.Lambda(lambda x: x * Times.factor)),
        lambda: sequence(Times()),
        lambda: sequence(keras.Sequential([Times()])),
        lambda: sequence(layers.TimeDistributed(Times())),
        lambda: sequence(layers.Activation(multiplied)),
        lambda: sequence(with_call_of_its_own()),
        lambda: Twice(),
    ],
    ids=["Lambda", "layer", "nested", "wrapped", "function", "call", "model"],
)
def test_code_of_ones_own_is_asked_each_time(build, told, monkeypatch, folder):
    model = build()
    for _ in range(2):  # the second time: the same network, which behaves differently
        found, labels, line = told(batches(), model)
        expected = PIXELS.mean(axis=(1, 2)) * Times.factor
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert labels.tolist() == LABELS.tolist()
        assert "computed in" in line and "not kept:" in line and "could not be noticed" in line
        monkeypatch.setattr(Times, "factor", 5)
    assert not folder.exists()


def test_a_loss_of_ones_own_does_no_harm(told):
    model = small_network()
    model.compile("adam", lambda truth, guess: guess)
    assert "kept in" in told(batches(), model)[2]
    assert "reused" in told(batches(), small_network())[2]


def test_a_network_without_weights_so_far(told):
    def build():
        return keras.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])

    one, other = build(), build()
    for model in (one, other):
        found, _, line = told(batches(), model)
        assert "computed in" in line
        np.testing.assert_allclose(found, model.predict(PIXELS, verbose=0), rtol=1e-5, atol=1e-5)
        assert "reused" in told(batches(), model)[2]


def test_a_network_that_was_changed(told):
    model = sequence(layers.Conv2D(7, 3))
    model.add(layers.Dense(4))
    assert told(batches(), model)[0].shape == (12, 4)
    model.pop()
    found, _, line = told(batches(), model)
    assert found.shape == (12, 7) and "computed in" in line
    model.layers[0].strides = (2, 2)
    strided, _, line = told(batches(), model)
    assert "computed in" in line and np.abs(strided - found).max() > 0.1
    assert "reused" in told(batches(), model)[2]


@pytest.mark.parametrize("augment", [None, random_affine()])
def test_a_training_set_brings_features_and_labels_that_fit(augment, pictures, folder, told):
    for label, name in enumerate(("Cat", "Dog")):  # even greys, which no augmentation changes
        for number, file in enumerate((pictures / name).iterdir()):
            Image.new("L", (16, 16), 100 * label + 10 * number).save(file)
    dataset = image_dataset(pictures, (16, 16), 2, training=True, augment=augment)
    for _ in range(3):
        found, labels, line = told(dataset, sequence())
        assert sorted(labels) == [0, 0, 0, 1, 1, 1]
        assert (labels == (found[:, 0] > 60)).all()
        assert "not kept: the data set brings its pictures differently each time" in line
    assert not folder.exists()


def test_shuffled_in_part(told, folder):
    pixels = np.zeros((100, 8, 8, 3), np.float32) + np.arange(100)[:, None, None, None] % 256
    rest = tf.data.Dataset.from_tensor_slices((pixels[10:], np.arange(10, 100)))
    start = tf.data.Dataset.from_tensor_slices((pixels[:10], np.arange(10)))
    dataset = start.concatenate(rest.shuffle(100)).batch(10)
    found, labels, line = told(dataset, sequence())
    np.testing.assert_allclose(found[:, 0], labels, rtol=1e-5)
    assert "not kept: the data set brings its pictures differently each time" in line
    assert not folder.exists()


def test_labels_stay_as_they_are(told):
    for labels, kind in [
        (np.arange(12) / 4, np.float64),  # ages, say
        (np.where(LABELS < 6, np.nan, 1.0), np.float64),
        (np.arange(12.0), np.int32),
        (LABELS.astype(np.uint8), np.int32),
        (LABELS + 2**40, np.int64),
        (np.eye(12, dtype=np.float32), np.int32),
        (np.array([b"cat"] * 12), object),
    ]:
        _, found, _ = told(batches(labels=labels), small_network())
        np.testing.assert_array_equal(found, labels)
        assert found.dtype == kind


def test_features_that_cannot_be_kept_are_returned(folder, told, monkeypatch):
    folder.write_text("a file where the folder should be")
    found, _, line = told(batches(), small_network())
    assert found.shape == (12, 4)
    assert "computed in" in line and "could not be kept (File exists)" in line
    folder.unlink()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    assert "could not be kept (No space left on device)" in told(batches(), small_network())[2]
    assert not list(folder.iterdir())


def small_application(include_top, input_tensor):
    """In place of a network of keras.applications, which would have to be downloaded."""
    maps = layers.Conv2D(4, 3)(input_tensor)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), maps)


small_application.__module__ = keras.applications.MobileNetV2.__module__  # has its preprocessing


@pytest.mark.parametrize("pixels", [PIXELS / 255, PIXELS / 127.5 - 1])
def test_preprocessed_pixels_are_refused_by_what_preprocesses(pixels, monkeypatch):
    monkeypatch.setattr(keras.applications, "MobileNetV2", small_application)
    downloaded = backbones.backbone("MobileNetV2", image_size=(32, 32))
    shipped = backbones.backbone(cut="block1a_project_bn")
    pixels = np.repeat(np.repeat(pixels, 4, axis=1), 4, axis=2)
    for model in (small_network(), shipped, keras.Sequential([shipped]), downloaded):
        with pytest.raises(ValueError, match="does its own preprocessing and takes raw pixels"):
            extract_features(batches(pixels), model)


def test_pixels_of_any_kind_are_taken_where_that_is_right(told):
    own = keras.Sequential([layers.Rescaling(255), backbones.backbone(pooling="avg")])
    told(batches(np.repeat(np.repeat(PIXELS / 255, 4, axis=1), 4, axis=2)), own)
    told(batches(PIXELS / 255), sequence())
    told(batches(PIXELS.astype(np.uint8)), small_network())
    told(batches(PIXELS * 0), small_network())


def test_what_gives_no_features_is_refused():
    model, single = small_network(), batches().unbatch()
    for dataset, network in [
        ([(PIXELS, LABELS)], model),
        ((PIXELS, LABELS), model),
        (model, batches()),
        (batches(), lambda images: images),
    ]:
        with pytest.raises(TypeError, match="a data set and a network"):
            extract_features(dataset, network)
    several = keras.Model(model.input, {"one": model.output, "other": model.layers[1].output})
    for dataset, network, sentence in [
        (batches().repeat(), model, "never ends"),
        (single, model, "single pictures"),
        (batches().take(0), model, "no pictures"),
        (batches().map(lambda images, _: images), model, "pairs"),
        (batches().map(lambda images, labels: (images, labels, labels)), model, "pairs"),
        (batches(), several, "several outputs"),
        (batches().map(lambda images, labels: ({"image": images}, labels)), model, "pairs"),
        (batches().map(lambda images, labels: (images, {"label": labels})), model, "pairs"),
        (batches().map(lambda images, labels: (labels, images)), model, "as numbers|of shape"),
        (batches().map(lambda *_: (["a.png"], [0])), model, "as numbers"),
        (batches().map(lambda images, labels: (images[..., :1], labels)), model, "of shape"),
        (batches().batch(2), model, "of shape"),
        (batches().map(lambda images, labels: (images * np.nan, labels)), model, "NaN"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            extract_features(dataset, network)
