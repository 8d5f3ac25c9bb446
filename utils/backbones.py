"""Networks that have learnt from ImageNet, and the features that they see in pictures.

EfficientNet-Lite0 is shipped with the course (``data/pretrained``); the networks of
``keras.applications`` are downloaded by Keras. All take raw pixels, 0–255.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import difflib
import hashlib
import inspect
import json
import os
import re
import socket
import sys
import tempfile
import time
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from utils.datasets import DATA

PRETRAINED = DATA / "pretrained"
FEATURES = DATA / "features"
SHIPPED = "efficientnet_lite0"
PATIENCE = 20  # seconds without an answer after which a download counts as failed


# ---------------------------------------------------------------- networks


def imagenet_classifier():
    """Load EfficientNet-Lite0 with the 1,000 classes that it learnt to tell apart.

    Returns:
        keras.Model from raw pixels, float32 (batch, height, width, 3) in 0–255, of any size from
        about 96 (it was trained at 224), to probabilities (batch, 1000). Class i is
        ``imagenet_class_names()[i]``. Where it comes from: ``data/pretrained/README.md``.

    Raises:
        FileNotFoundError: the file is not there.
    """
    return keras.models.load_model(_shipped_file(f"{SHIPPED}.keras"))


def imagenet_class_names():
    """The 1,000 names of ImageNet's classes, in the order of their numbers: a list of str."""
    return _shipped_file("imagenet_classes.txt").read_text(encoding="utf-8").splitlines()


def backbone(name=SHIPPED, *, image_size=(None, None), cut=None, pooling=None):
    """Load a network that has learnt from ImageNet, without its classifier, and frozen.

    It is an ordinary functional model: `get_layer`, `layers` and `summary` show all of it. Frozen
    means ``trainable = False``: its weights stay as they are, and its BatchNormalization layers
    normalise with the means and variances learnt from ImageNet, in `fit` as well.

    Args:
        name: "efficientnet_lite0", which comes with the course; or a network of
            keras.applications by its name there ("InceptionV3", "MobileNetV2", …), which Keras
            downloads once and keeps.
        image_size: height and width of the pictures, in pixels; the default takes any size from
            about 96.
        cut: name of the layer to stop at; None for the last feature maps.
        pooling: None for feature maps; "avg" for their averages, one feature a channel.

    Returns:
        keras.Model from raw pixels, float32 (batch, height, width, 3) in 0–255 (preprocessing is
        inside), to float32 feature maps (batch, rows, columns, channels) or, with pooling,
        features (batch, channels).

    Raises:
        ValueError: there is no such network or layer, or an argument makes no sense.
        ConnectionError: a network cannot be downloaded.
    """
    if pooling not in (None, "avg"):
        raise ValueError(f'pooling={pooling!r} should be None (feature maps) or "avg".')
    pixels = keras.Input((*image_size, 3), name="pixels")
    if name == SHIPPED:
        network = imagenet_classifier()
        if tuple(image_size) != (None, None):  # the same layers again, for one size
            learnt = network.get_weights()
            network = keras.models.clone_model(network, input_tensors=pixels)
            network.set_weights(learnt)
        pixels, cut = network.input, cut or "top_activation"
    else:
        network = _keras_application(name, pixels)
    maps = _feature_maps(network, cut) if cut else network.output
    if pooling:
        maps = keras.layers.GlobalAveragePooling2D(name="pooled")(maps)
    network = keras.Model(pixels, maps, name=name.lower())
    network.trainable = False
    return network


def _shipped_file(name):
    file = PRETRAINED / name
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is missing, although it comes with the course. Get the course's folder "
            "data/pretrained again."
        )
    return file


def _keras_application(name, pixels):
    """A network of keras.applications on top of its own preprocessing."""
    build = getattr(keras.applications, name, None)
    if not inspect.isfunction(build):
        known = {n.lower(): n for n in dir(keras.applications) if n[0].isupper()}
        similar = difflib.get_close_matches(name.lower(), known, n=3) or ["inceptionv3"]
        raise ValueError(
            f"There is no network {name!r}. The course comes with {SHIPPED!r}; keras.applications "
            f"has {', '.join(known[n] for n in similar)} and others."
        )
    preprocess = sys.modules[build.__module__].preprocess_input
    try:
        with warnings.catch_warnings(), _patience(PATIENCE):
            # Some networks have weights for several sizes and take those for 224 otherwise.
            warnings.filterwarnings("ignore", "`input_shape` is undefined")
            network = build(include_top=False, input_tensor=preprocess(pixels))
    except Exception as error:
        if not isinstance(error, OSError) and "URL fetch failure" not in str(error):
            raise
        raise ConnectionError(
            f"The weights of {name} cannot be downloaded: is there a network? "
            f'backbone("{SHIPPED}") comes with the course and needs none.'
        ) from error
    return network


@contextmanager
def _patience(seconds):
    """Let network connections fail that get no answer; by default they wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _feature_maps(network, cut):
    maps = {layer.name: layer.output for layer in network.layers if len(layer.output.shape) == 4}
    if cut not in maps:
        similar = difflib.get_close_matches(cut, maps, n=3) or list(maps)[-3:]
        raise ValueError(
            f"{network.name} has no feature maps {cut!r} to stop at, but for example "
            f"{', '.join(similar)}; summary() of a backbone lists all its layers."
        )
    return maps[cut]


# ---------------------------------------------------------------- features


def extract_features(dataset, model, *, cache=FEATURES):
    """Let a network look at each picture once, and keep what it sees on disk.

    The same pictures (their pixels, in the same order) and the same network (its layers and
    weights) give the features of the first time, from a file. Prints one line that says which of
    the two happened.

    Args:
        dataset: batches of (images, labels) in an order that stays the same, as
            ``image_dataset(directory, image_size)`` gives without ``training=True``.
        model: a keras.Model for such images, for example ``backbone(pooling="avg")``.
        cache: folder for the files; None to compute each time.

    Returns:
        (features, labels): float32 (n, …), what the model gives for each picture, and int32 (n,).

    Raises:
        ValueError: the data set is empty, or brings its pictures in a new order each time.
    """
    pictures, labels = _digest_pictures(dataset)
    file, kept = None, None
    if cache is not None:
        key = hashlib.sha256(f"{pictures} {_digest_network(model)}".encode()).hexdigest()
        file = Path(cache) / f"{key[:16]}.npz"
        kept = _read_features(file)
    if kept is not None:
        features, seconds = kept
        told = f"reused from {_short(file)} (computing them took {seconds:.1f} s)"
    else:
        start = time.perf_counter()
        features = np.asarray(model.predict(dataset, verbose=0), np.float32)
        seconds = time.perf_counter() - start
        told = f"computed in {seconds:.1f} s"
        if file is not None:
            _write_features(file, features, seconds)
            told += f", kept in {_short(file)}"
    number, *shape = features.shape
    print(f"Features of {number:,} pictures, {' × '.join(map(str, shape))} each: {told}.")
    return features, labels


def _digest_pictures(dataset):
    """Digest of the pixels in their order, and the labels, in one pass over the data set."""
    digest, labels, first = hashlib.sha256(), [], None
    for images, batch_labels in dataset:
        images = np.ascontiguousarray(images)
        digest.update(f"{images.dtype}{images.shape[1:]}".encode() if first is None else b"")
        digest.update(images)
        labels.append(np.asarray(batch_labels, np.int32))
        first = images if first is None else first
    if first is None:
        raise ValueError("There are no pictures in this data set.")
    if not np.array_equal(first, next(iter(dataset))[0]):
        raise ValueError(
            "This data set brings other pictures each time it is read, so features and labels "
            "would not fit together. Make it without training=True and without augment."
        )
    return digest.hexdigest(), np.concatenate(labels)


def _digest_network(model):
    """Digest of a model's layers and weights."""
    text = json.dumps(keras.saving.serialize_keras_object(model)["config"])
    # Left out: what has no effect on the features. A layer's name may be another one when a cell
    # is run again ("dense_1" for "dense"), so names become numbers.
    text = re.sub(r'"trainable": (true|false)|"shared_object_id": \d+', "", text)
    names = dict.fromkeys(re.findall(r'"name": ("[^"]*"),', text))
    numbers = {name: f"#{number}" for number, name in enumerate(names)}
    text = re.sub(r'"[^"]*"', lambda found: numbers.get(found[0], found[0]), text)
    digest = hashlib.sha256(text.encode())
    for weights in model.get_weights():
        digest.update(f"{weights.dtype}{weights.shape}".encode())
        digest.update(np.ascontiguousarray(weights))
    return digest.hexdigest()


def _read_features(file):
    """(features, seconds that they took), or None if there are none, or none that can be read."""
    try:
        with file.open("rb") as stream, np.load(stream) as kept:
            return kept["features"], float(kept["seconds"])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def _write_features(file, features, seconds):
    """Write a complete file or none: another notebook may read it at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, features=features, seconds=seconds)
        os.replace(unfinished, file)
    except BaseException:
        os.unlink(unfinished)
        raise


def _short(file):
    """The file's path as seen from the course's folder, where it lies in there."""
    root = DATA.parent
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file
