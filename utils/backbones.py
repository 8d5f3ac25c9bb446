"""Networks that have learnt from ImageNet, and the features that they see in pictures.

EfficientNet-Lite0 is shipped with the course (`data/pretrained`); the networks of
`keras.applications` are downloaded by Keras. All take raw pixels, 0–255.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import difflib
import inspect
import socket
import sys
import warnings
from contextlib import contextmanager

import keras

from utils import gates
from utils.paths import DATA

PRETRAINED = DATA / "pretrained"
SHIPPED = "efficientnet_lite0"
PATIENCE = 20  # seconds without an answer after which a download counts as failed


def imagenet_classifier():
    """Load EfficientNet-Lite0 with the 1,000 classes that it learnt to tell apart.

    Returns:
        keras.Model from raw pixels, float32 (batch, height, width, 3) in 0–255, of any size from
        about 96 (it was trained at 224), to probabilities (batch, 1000). Class i is
        `imagenet_class_names()[i]`. Where it comes from: `data/pretrained/README.md`.

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
    means `trainable = False`: its weights stay as they are, and its BatchNormalization layers
    normalise with the means and variances learnt from ImageNet, in `fit` as well.

    Args:
        name: "efficientnet_lite0", which comes with the course; or a network of
            keras.applications by its name there ("InceptionV3", "MobileNetV2", …), which Keras
            downloads once and keeps.
        image_size: height and width of the pictures, in pixels, or one number for a square; the
            default takes any size from about 96.
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
    any_size = image_size == (None, None)
    size = image_size if any_size else gates.image_size(image_size)
    pixels = keras.Input((*size, 3), name="raw_pixels")
    if name == SHIPPED:
        network = imagenet_classifier()
        if not any_size:  # the same layers again, for one size
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
    name = str(name)
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
        similar = difflib.get_close_matches(str(cut), maps, n=3) or list(maps)[-3:]
        raise ValueError(
            f"{network.name} has no feature maps {cut!r} to stop at, but for example "
            f"{', '.join(similar)}; summary() of a backbone lists all its layers."
        )
    return maps[cut]
