"""What is inside a network: kernels, what its layers give, and where it sees evidence for a class.

Numbers only; `utils.plots` draws them.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import functools
import os
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from utils import gates
from utils.pipelines import load_image


def kernels(layer):
    """Return a convolution's kernels.

    Args:
        layer: a convolution layer of a built model, or its kernel.

    Returns:
        float32 array (height, width, channels in, filters). A depthwise convolution's filters each
        see one channel: (height, width, 1, filters).

    Raises:
        ValueError: the layer has no such kernels.
    """
    weights = getattr(layer, "depthwise_kernel", None)  # SeparableConv2D
    if weights is None:
        weights = getattr(layer, "kernel", layer)
    try:
        array = np.asarray(weights, dtype=np.float32)
    except (TypeError, ValueError):
        array = np.zeros(0, np.float32)
    if array.ndim != 4:
        raise ValueError(
            f"{getattr(layer, 'name', 'This')} has no filters to show: give a Conv2D layer of a "
            "built model, for example model.layers[0]."
        )
    _check_numbers(getattr(layer, "name", "This"), array)
    if type(layer).__name__ == "Conv2DTranspose":  # it keeps them the other way round
        array = array.swapaxes(2, 3)
    if type(layer).__name__ in ("DepthwiseConv2D", "SeparableConv2D"):
        array = array.reshape(*array.shape[:2], 1, -1)  # one filter for each channel
    return array


def _check_numbers(name, array):
    """Refuse what a network holds or gives where its training has failed."""
    if not np.all(np.isfinite(array)):
        raise ValueError(
            f"{name} has values that are NaN or infinite: the training failed. Build the model "
            "anew and train it with a smaller learning rate."
        )


def model_input(model, picture):
    """Return one picture as the model takes it.

    Args:
        model: a built Keras model.
        picture: array in the model's input size, shape (height, width, channels) or a batch of
            one, values as the model expects them (0–255 where preprocessing is inside); or the
            path of a picture file, which is read in that size.

    Returns:
        float32 array (height, width, channels).

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: the model is not built, or the picture's size or values do not fit it.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"{model!r:.60} is not a Keras model: give the model itself.")
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet: train it, or load one that is trained.")
    shape = tuple((getattr(model, "input_shape", None) or (None,) * 4)[1:])
    if isinstance(picture, (str, os.PathLike)):
        if None in shape[:2]:
            raise ValueError(
                "This model takes any size, so choose one: load_image(path, (height, width)) of "
                "utils.pipelines gives the picture as an array."
            )
        picture = load_image(picture, shape[:2])
    if hasattr(picture, "element_spec"):
        raise TypeError(
            "This is a data set. Take one batch first: images, labels = next(iter(dataset))."
        )
    try:
        array = np.asarray(picture)
    except ValueError:  # a list of unequal parts
        array = np.zeros(0, str)
    numeric = array.dtype.kind in "biufV"  # V: bfloat16
    array = array.astype(np.float32) if array.dtype.kind == "V" else array
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2 and shape[2:] == (1,):
        array = array[..., np.newaxis]
    fits = (
        numeric
        and array.ndim == len(shape) == 3
        and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    )
    if not fits:
        told = f"has shape {array.shape}" if numeric else f"is {picture!r:.60}"
        wanted = " × ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"The model takes one picture of {wanted}, this {told}. "
            "utils.pipelines.load_image(path, (height, width)) reads one in the right size."
        )
    if not np.all(np.isfinite(array.astype(np.float32))):
        raise ValueError("The picture contains NaN or infinity.")
    gates.raw_pixels(array, model)
    return array.astype(np.float32)


def layer_outputs(model, picture):
    """Run a picture through a network and collect what its convolutions and poolings give.

    Args:
        model: a built Keras model: Sequential, functional, subclassed, or with models inside.
        picture: what `model_input` takes.

    Returns:
        List of (layer name, feature maps), in the order of the layers; the maps are a float32
        array (rows, columns, channels).

    Raises:
        TypeError, ValueError: as `model_input`; or no layer gives feature maps.
    """
    batch = model_input(model, picture)[np.newaxis]
    chosen = [
        layer
        for layer in _layers(model)
        if any(kind in type(layer).__name__ for kind in ("Conv", "Pool"))
        and not type(layer).__name__.startswith("Global")
    ]
    outputs = {}
    with _watching(chosen, outputs.setdefault):
        model(batch, training=False)
    maps = [
        (layer.name, np.asarray(outputs[layer][0], dtype=np.float32))
        for layer in chosen
        if layer in outputs and len(outputs[layer].shape) == 4
    ]
    for name, values in maps:
        _check_numbers(name, values)
    if not maps:
        raise ValueError(
            f"No layer of {model.name} gives feature maps (height × width × channels)."
        )
    return maps


class Evidence(NamedTuple):
    """What speaks for one class in one picture; see `grad_cam`."""

    label: int
    probability: float
    layer: str
    heat: np.ndarray


def grad_cam(model, picture, class_index=None):
    """Find which parts of a picture speak for a class: Grad-CAM.

    The last feature maps are added up, each weighted by how much the class' score would grow with
    it on average; what is positive in the sum is the heat. R. R. Selvaraju et al., "Grad-CAM"
    (ICCV 2017).

    The score is taken in front of the final sigmoid or softmax: these are flat where a model is
    sure, and nothing could be traced back. Where Keras cannot tell what was in front of it, as for
    TensorFlow's own softmax, the score is the logarithm of the odds, log(p / (1 - p)).

    Args:
        model: a built Keras model: Sequential, functional, subclassed, or with models inside; it
            gives one probability (of class 1) or one per class, or ends in the `Dense` layer
            before the sigmoid or softmax.
        picture: what `model_input` takes.
        class_index: number of the class; None for the one that the model predicts. A model with a
            single probability has the classes 0 and 1.

    Returns:
        `Evidence`: the class number, its probability, the name of the layer that gave the maps,
        and the heat, float32 (rows, columns) of that layer, 0 and up; all 0 where nothing speaks
        for the class.

    Raises:
        TypeError, ValueError: as `model_input`; or there is no such class; the model has no
            feature maps, or gives something else than probabilities; or it is so sure that
            nothing can be traced back.
    """
    batch = model_input(model, picture)[np.newaxis]
    results = []
    with tf.GradientTape() as tape:

        def see(layer, result):
            if tf.is_tensor(result):
                results.append((layer, result))
                if _are_maps(result):
                    tape.watch(result)

        with _watching(_layers(model), see):
            answer = model(batch, training=False)
        shares, logits = _shares_and_logits(answer, results)
        classes = shares.shape[1]
        if class_index is None:
            label = int(np.argmax(shares[0]))
        else:
            label = gates.whole_number(class_index, "class_index")
        if label >= classes:
            raise ValueError(
                f"class_index runs from 0 to {classes - 1} in this model, not {label}."
            )
        score = _log_odds(shares[0], label) if logits is None else logits[0, label]
    found = [(layer, result) for layer, result in results if _are_maps(result)]
    if not found:
        raise ValueError(
            f"No layer of {model.name} gives feature maps (height × width × channels)."
        )
    layer, maps = found[-1]
    gradient = tape.gradient(score, maps)
    if gradient is None:
        raise ValueError(f"The model's answer does not depend on layer {layer.name!r}.")
    maps, gradient = (np.asarray(values[0], dtype=np.float32) for values in (maps, gradient))
    if not np.isfinite(score) or not np.all(np.isfinite(gradient)):
        raise ValueError(
            f"{model.name} is so sure of this picture that nothing can be traced back. Let it end "
            "with a softmax or sigmoid of Keras, such as keras.layers.Softmax()."
        )
    heat = np.maximum((maps * gradient.mean(axis=(0, 1))).sum(axis=-1), 0)
    return Evidence(label, float(shares[0, label]), layer.name, heat)


def occlusion(model, picture, *, patch=0.35, steps=9):
    """Find which parts of a picture a network's answer hangs on, by covering them one by one.

    A square in the picture's mean colour is moved over the picture; where the answer becomes less
    sure, something that spoke for it was covered. M. D. Zeiler and R. Fergus, "Visualizing and
    understanding convolutional networks" (ECCV 2014).

    Args:
        model: a built Keras model that gives one probability (of class 1) or one per class, or
            ends in the `Dense` layer before the sigmoid or softmax.
        picture: what `model_input` takes.
        patch: side of the square, as a fraction of the shorter side.
        steps: positions of its centre along each side, from edge to edge.

    Returns:
        float32 array (steps, steps), 0 and up: how far the log-odds of the predicted class fall.

    Raises:
        TypeError, ValueError: as `model_input`; the model gives something else than
            probabilities; patch is no fraction, or steps no number above 1.
    """
    pixels = model_input(model, picture)
    patch, steps = gates.fraction(patch, "patch"), gates.whole_number(steps, "steps", 2)
    height, width = pixels.shape[:2]
    half = max(1, round(patch * min(height, width) / 2))
    shown = [pixels]
    for down in np.linspace(0, height - 1, steps).round().astype(int):
        for right in np.linspace(0, width - 1, steps).round().astype(int):
            covered = pixels.copy()
            place = np.s_[max(0, down - half) : down + half, max(0, right - half) : right + half]
            covered[place] = pixels.mean(axis=(0, 1))
            shown.append(covered)
    results = []
    with _watching(_layers(model), lambda layer, result: results.append((layer, result))):
        shares, _ = _shares_and_logits(model(np.stack(shown), training=False), results)
    answers = np.asarray(shares, dtype=np.float64)
    chosen = np.clip(answers[:, answers[0].argmax()], 1e-7, 1 - 1e-7)
    odds = np.log(chosen / (1 - chosen))
    return np.maximum(odds[0] - odds[1:], 0).reshape(steps, steps).astype(np.float32)


def _layers(model):
    """List a model's layers in order, each once, those of models within it too."""
    found = {}
    for layer in model.layers:
        found |= dict.fromkeys(_layers(layer) if hasattr(layer, "layers") else [layer])
    return list(found)


@contextmanager
def _watching(layers, see):
    """While this lasts, call `see(layer, result)` each time that a layer has been called.

    The layers' `call` is wrapped for an eager run. Unlike building a second model out of
    `layer.output`, that reaches the layers of a model inside a model and of subclassed models.
    """

    def watched(layer, call):
        @functools.wraps(call)
        def wrapped(*args, **kwargs):
            result = call(*args, **kwargs)
            see(layer, result)
            return result

        return wrapped

    changed = []
    try:
        for layer in layers:
            layer.call = watched(layer, layer.call)
            changed.append(layer)
        yield
    finally:
        for layer in changed:
            del layer.call


def _are_maps(result):
    """Say whether a layer's result is feature maps of more than one point."""
    return result.shape.rank == 4 and max(result.shape[1:3]) > 1


def _shares_and_logits(answer, results):
    """Say what a model's answer means.

    Args:
        answer: tensor (n, classes), or (n, 1) for two classes.
        results: list of (layer, its result).

    Returns:
        Two tensors (n, classes): probabilities, and the scores in front of the sigmoid or softmax,
        or None if they are not known.
    """
    if not tf.is_tensor(answer) or answer.shape.rank != 2:
        raise ValueError(
            "This takes a model that gives one probability for each picture, or one for each class."
        )
    single = answer.shape[1] == 1
    ends = [
        layer.activation for layer, x in results if x is answer and hasattr(layer, "activation")
    ]
    activation = ends[-1] if ends else None
    shares, logits = answer, getattr(answer, "_keras_logits", None)  # Keras notes them there
    while hasattr(logits, "_keras_logits"):  # a softmax of a softmax
        logits = logits._keras_logits
    if logits is None and activation is keras.activations.linear:  # left to the loss
        logits = answer
        shares = tf.sigmoid(logits) if single else tf.nn.softmax(logits)
    _check_numbers("The model's answer", shares)
    if logits is None and not _are_probabilities(answer, activation):
        raise ValueError(
            "The model's answers are neither probabilities nor the scores of a Dense layer. Add "
            "the classifier, or put keras.layers.Activation('sigmoid' or 'softmax') at the end."
        )
    if single:
        shares = tf.concat([1 - shares, shares], axis=1)
        logits = None if logits is None else tf.concat([-logits, logits], axis=1)
    return shares, logits


def _are_probabilities(answer, activation):
    values = np.asarray(answer, dtype=np.float64)
    if values.min() < 0 or values.max() > 1:
        return False
    if values.shape[1] == 1:  # one score may lie there by chance, all of many do not
        named = "sigmoid" in getattr(activation, "__name__", "")
        return named or (activation is None and len(values) > 1)
    return bool(np.all(np.abs(values.sum(axis=1) - 1) < 1e-3))


def _log_odds(shares, label):
    # The others are added up, since 1 - p would round to 0 where the model is sure.
    others = tf.concat([shares[:label], shares[label + 1 :]], axis=0)
    return tf.math.log(shares[label]) - tf.math.log(tf.reduce_sum(others))
