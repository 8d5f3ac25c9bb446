"""What a network sees in pictures: computed once, kept on disk.

A cache that cannot know must not guess: in doubt the features are computed, and a line says so.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import hashlib
import json
import os
import tempfile
import time
import warnings
import zipfile
from types import FunctionType

import keras
import numpy as np
import tensorflow as tf

from utils import gates
from utils.paths import DATA

FEATURES = DATA / "features"
# Layers of Keras that run code which their settings do not hold.
OPAQUE = ("Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper", "__lambda__")
NO_EFFECT = ("trainable", "shared_object_id", "compile_config")  # settings, on features


def extract_features(dataset, model):
    """Let a network look at each picture once, and keep what it sees on disk.

    The same pictures (their pixels, in the same order) and the same network (its layers and
    weights, with the same versions of Keras and TensorFlow) give the features of the first time,
    from a file. Nothing is kept where a change could not be noticed: for a network with code that
    is not part of Keras (a `Lambda`, a class or a function of your own), and for a data set that
    brings its pictures differently each time. Prints one line that says what happened.

    Features and labels always come from the same pass over the data set, so they belong together
    in whatever order it brings its pictures.

    Args:
        dataset: a `tf.data.Dataset` of batches (images, labels), such as `image_dataset` gives.
        model: a keras.Model with one output for such images, such as `backbone(pooling="avg")`.

    Returns:
        (features, labels): float32 (n, …), what the model gives for each picture, and n labels,
        int32 or, where they are not whole numbers, as they come.

    Raises:
        TypeError: `dataset` or `model` is something else.
        ValueError: the data set is empty, has no end, no batches or no labels; its pixels are
            not the 0–255 that the model expects; the model has several outputs; or features are
            not finite.
    """
    _check(dataset, model)
    structure, unknown = _structure(model)
    pictures, file, kept = None, None, None
    if structure is not None:
        pictures, labels, _ = _look_through(dataset)
        file = FEATURES / f"{_key(pictures, structure, model)}.npz"
        kept = _read_features(file)
    if kept is not None:
        features, seconds = kept
        _check_finite(features)
        told = f"reused from {_short(file)} (computing them took {seconds:.1f} s)"
    else:
        start = time.perf_counter()
        _trace_anew_if_changed(model, structure)
        looked_at, labels, features = _look_through(dataset, model.predict_on_batch)
        _check_finite(features)
        seconds = time.perf_counter() - start
        told = f"computed in {seconds:.1f} s"
        if file is None:
            told += f", not kept: {unknown}, and a change of it could not be noticed"
        elif looked_at != pictures:
            told += ", not kept: the data set brings its pictures differently each time"
        else:
            told += _keep(file, features, seconds)
    number, *shape = features.shape
    print(f"Features of {number:,} pictures, {' × '.join(map(str, shape))} each: {told}.")
    return features, labels


# ---------------------------------------------------------------- pictures


def _check(dataset, model):
    """Refuse what cannot give features; build a `Sequential` that has not seen pictures yet."""
    if not isinstance(dataset, tf.data.Dataset) or not isinstance(model, keras.Model):
        raise TypeError(
            "extract_features takes a data set and a network, in this order. From arrays, a data "
            "set is made by tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)."
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("This data set never ends: leave repeat() out, or add take(…).")
    spec = dataset.element_spec
    pairs = isinstance(spec, tuple) and len(spec) == 2
    if not pairs or not all(isinstance(part, tf.TensorSpec) for part in spec):
        raise ValueError("This data set should bring pairs: a batch of images and their labels.")
    if spec[1].shape.rank == 0:
        raise ValueError("This data set brings single pictures: add batch(32) to it.")
    images = next((np.asarray(images) for images, _ in dataset.take(1)), None)
    if images is None:
        raise ValueError("There are no pictures in this data set.")
    if not images.ndim or images.dtype.kind not in "biufV":
        raise ValueError("This data set should bring pictures as numbers, in batches.")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *images.shape[1:]))
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and not (
        len(shape) == images.ndim and shape[-1] in (None, images.shape[-1])
    ):  # height and width may be others than those of an Input: a network may take any
        raise ValueError(
            f"{model.name} takes batches of shape {shape}, this data set brings {images.shape}."
        )
    gates.raw_pixels(images, model)


def _look_through(dataset, look=None):
    """Go through the data set once.

    Returns:
        Digest of the pixels in their order, labels, and what `look` gives for the images (None
        without it): all of the same pass.
    """
    digest, labels, features, kind = hashlib.sha256(), [], [], None
    for images, batch_labels in dataset:
        pixels = np.ascontiguousarray(images)
        if kind != (kind := f"{pixels.dtype}{pixels.shape[1:]}"):
            digest.update(kind.encode())
        digest.update(pixels.view(np.uint8))
        labels.append(np.asarray(batch_labels))
        if look:
            seen = look(images)
            if isinstance(seen, (list, tuple, dict)):
                raise ValueError("This model has several outputs: make one with a single output.")
            features.append(np.asarray(seen, np.float32))
    return digest.hexdigest(), _labels(labels), np.concatenate(features) if look else None


def _check_finite(features):
    if not np.all(np.isfinite(features)):
        raise ValueError(
            "Some features are NaN or infinite: look for such pixels in the data set, and for such "
            "weights in the model, whose training may have failed."
        )


def _labels(batches):
    labels = np.concatenate(batches)
    if labels.dtype.kind in "biuf":
        with np.errstate(invalid="ignore"):  # NaN is no whole number either
            whole = labels.astype(np.int32)
        labels = whole if np.array_equal(whole, labels) else labels
    return labels


# ---------------------------------------------------------------- the network


def _key(pictures, structure, model):
    """Name for the file with the features of these pictures from this network."""
    versions = f"keras {keras.__version__} {keras.backend.backend()} {tf.__version__}"
    digest = hashlib.sha256(f"{versions} {pictures} {structure}".encode())
    for weights in model.get_weights():
        digest.update(f"{weights.dtype}{weights.shape}".encode())
        digest.update(np.ascontiguousarray(weights).view(np.uint8))
    return digest.hexdigest()[:16]


class _CannotKnow(Exception):
    """What the network does is not all written in its settings."""


def _structure(model):
    """Write down what the network does, all but its weights.

    Returns:
        (str, None); or (None, reason) where there is more to it than can be written down.
    """
    try:
        for layer in model._flatten_layers():
            _check_no_own_code(layer)
        with warnings.catch_warnings():  # of functions that could not be loaded again
            warnings.simplefilter("ignore")
            return json.dumps(_plain(keras.saving.serialize_keras_object(model))), None
    except _CannotKnow as error:
        return None, str(error)
    except (NotImplementedError, TypeError, ValueError):
        return None, f"{model.name} cannot be written down"


def _check_no_own_code(layer):
    """Settings may name a function, or not mention it at all: ask the layer itself."""
    attributes = {"call": vars(layer).get("call")}
    if not isinstance(layer, keras.Model):  # whose loss, for example, is of no interest here
        attributes |= vars(layer)
    for name, value in attributes.items():
        package = str(getattr(value, "__module__", None)).partition(".")[0]
        if isinstance(value, FunctionType) and package not in ("keras", "tensorflow"):
            raise _CannotKnow(f"{layer.name} has its own function as {name}")
        if name == "call" and value is not None:
            raise _CannotKnow(f"{layer.name} has another call than its class")


def _plain(part, numbers=None):
    """Copy a network's settings without those that have no effect on the features.

    Layers' names become numbers, because they are others when a cell is run again ("dense_1" for
    "dense"). They are found by where they stand: another setting may read the same.
    """
    if isinstance(part, (list, tuple)):
        return [_plain(item, numbers) for item in part]
    if not isinstance(part, dict):
        return part
    kind, settings = part.get("class_name"), part.get("config")
    if kind is not None:
        package = str(part.get("module")).partition(".")[0]
        if kind in OPAQUE or not (package == "keras" or kind.startswith("__")):
            name = settings.get("name") if isinstance(settings, dict) else settings
            raise _CannotKnow(f"{name or kind} runs code that is not part of Keras")
        if isinstance(settings, dict) and "DTypePolicy" not in kind:  # "float16" does matter
            part = {key: value for key, value in part.items() if key != "name"}
            part["config"] = {key: value for key, value in settings.items() if key != "name"}
    if isinstance(part.get("layers"), list):  # the settings of a model: its layers know each other
        names = (layer["config"].get("name") for layer in part["layers"])
        numbers = {name: number for number, name in enumerate(names)}
    plain = {}
    for key, value in part.items():
        if key in ("keras_history", "input_layers", "output_layers"):
            plain[key] = _numbered(value, numbers)
        elif key not in NO_EFFECT:
            plain[key] = _plain(value, numbers)
    return plain


def _numbered(place, numbers):
    """Replace the name in ["dense", 0, 0] by its number, in a list or dict of such places too."""
    if isinstance(place, dict):
        return {key: _numbered(value, numbers) for key, value in place.items()}
    if isinstance(place[0], str):
        return [numbers[place[0]], *place[1:]]
    return [_numbered(value, numbers) for value in place]


def _trace_anew_if_changed(model, structure):
    """Keep Keras from predicting with the network as it was before, say, `model.pop()`."""
    state = structure, [id(variable) for variable in model.variables]
    traced = getattr(model.predict_function, "traced_for", None)
    if structure is None or traced != state:
        model.make_predict_function(force=True)
        model.predict_function.traced_for = state


# ---------------------------------------------------------------- files


def _read_features(file):
    """(features, seconds that they took), or None if there are none, or none that can be read."""
    try:
        with file.open("rb") as stream, np.load(stream) as kept:
            return kept["features"], float(kept["seconds"])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def _keep(file, features, seconds):
    """Write the features if that is possible; return what is to be told about it."""
    try:
        _write_features(file, features, seconds)
    except OSError as error:
        return f", but could not be kept ({error.strerror or error})"
    return f", kept in {_short(file)}"


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
