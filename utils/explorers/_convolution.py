"""The learner's own network, alive in the page."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np
from matplotlib import colormaps
from PIL import Image

from utils import gates, inside
from utils.explorers._network import INSTEAD, describe
from utils.explorers._page import pack, page

SIDE = 184  # pixels of a map in the still picture
MOST_SHOWN = 5


def convolution(model, picture, class_names=None):
    """Explore how a small convolutional network arrives at its answer to one picture.

    The network itself travels in the page, its kernels rounded to half precision, and computes
    there: all maps of all layers; under each value the window, the weights and the sum that made
    it; and the part of the picture that it sees. Whoever paints over the picture or shifts it sees
    maps and answer follow. A kernel's rounding moves an answer by a few thousandths at most.

    Args:
        model: a built Keras model, a chain of layers (Sequential, also with models inside), with
            at most 2,000,000 weights; it ends with a sigmoid, a softmax, or the scores before one.
        picture: what `utils.inside.model_input` takes: an array (height, width, 1 or 3) of the
            model's input size, 0–255, or the path of a picture file.
        class_names: names, in the order of the class numbers; None numbers them.

    Returns:
        IPython.display.HTML: a page in a frame. It holds the picture and the weights.

    Raises:
        TypeError: `model` is no Keras model, or the names have no order.
        ValueError: the picture does not fit the model, a layer is not known to the explorer, the
            model is too large, or the number of names is not that of the classes.
    """
    if getattr(model, "built", False):
        if isinstance(model, keras.Model) and not hasattr(model, "input_shape"):  # subclassed
            raise ValueError(f"{model.name} is no Sequential and no functional model. {INSTEAD}")
        for ends in ("inputs", "outputs"):
            if len(getattr(model, ends, None) or ()) > 1:
                raise ValueError(f"{model.name} has several {ends}. {INSTEAD}")
    pixels = inside.model_input(model, picture)
    if pixels.shape[-1] not in (1, 3):
        raise ValueError(f"A picture has 1 or 3 channels, the model takes {pixels.shape[-1]}.")
    if pixels.min() < 0 or pixels.max() > 255:
        raise ValueError(
            f"The picture's values lie between {pixels.min():.3g} and {pixels.max():.3g}. The "
            "explorer takes raw pixels, 0–255, and a model that does its own preprocessing."
        )
    if 0 < pixels.max() <= 1.01 and np.any(pixels != np.rint(pixels)):
        raise ValueError(
            "The picture's values lie between 0 and 1. The explorer takes raw pixels, 0–255, and a "
            "model that scales them itself, such as by a first layer Rescaling(1 / 255)."
        )
    pixels = np.rint(pixels).astype(np.uint8)
    network, layers = describe(model)
    outputs = model.output_shape[-1]
    names = [f"class {i}" for i in range(max(2, outputs))]
    names = names if class_names is None else gates.class_names(class_names)
    if len(names) != max(2, outputs):
        raise ValueError(f"There are {len(names)} class names for {max(2, outputs)} classes.")

    maps, answer = _run(layers, pixels)
    expected = keras.ops.convert_to_numpy(model(pixels[np.newaxis].astype("float32")))[0]
    if not np.allclose(answer, expected, rtol=1e-3, atol=1e-4):
        raise ValueError(
            f"{model.name} is no chain of layers: one after another they give another answer. "
            f"{INSTEAD}"
        )
    data = {
        "network": network,
        "picture": pack(pixels, "u1"),
        "class_names": names,
        "final": _missing_activation(network["layers"]),
    }
    shares = _shares(answer, data["final"])
    alt = (
        f"The picture and the strongest map of each convolution. The network says "
        f"{names[shares.argmax()]}, {100 * shares.max():.1f} %."
    )
    return page(
        ("network.js", "convolution.js"),
        data,
        still=_strip(pixels, maps),
        alt=alt,
        title="Your network, value by value",
        height=900,
    )


def _run(layers, pixels):
    """Call layer by layer; return the convolutions' maps (rows, columns, maps) and the answer."""
    values, maps = keras.ops.convert_to_tensor(pixels[np.newaxis].astype("float32")), []
    for layer in layers:
        values = layer(values, training=False)
        if type(layer).__name__ == "Conv2D":
            maps.append(keras.ops.convert_to_numpy(values)[0])
    return maps, keras.ops.convert_to_numpy(values)[0]


def _missing_activation(layers):
    """Name what makes probabilities of the model's answers; None when the model does it."""
    last = layers[-1]
    if last.get("activation", "linear") in ("relu", "tanh") or last["kind"] == "ReLU":
        raise ValueError(
            f"The layer {last['name']} should end the model with a sigmoid, a softmax, or the "
            "scores before one: its activation gives neither."
        )
    if last.get("activation", "linear") in ("sigmoid", "softmax"):
        return None
    return "sigmoid" if last["shape"][-1] == 1 else "softmax"


def _shares(answer, final):
    if final == "softmax":
        answer = np.exp(answer - answer.max()) / np.exp(answer - answer.max()).sum()
    elif final == "sigmoid":
        answer = 1 / (1 + np.exp(-answer))
    return answer if len(answer) > 1 else np.array([1 - answer[0], answer[0]])


def _strip(pixels, maps):
    """The picture and the map with the largest sum of each of the first convolutions, in a row."""
    tiles = [np.broadcast_to(pixels, (*pixels.shape[:2], 3))]
    for values in maps[:MOST_SHOWN]:
        best = values[..., values.sum(axis=(0, 1)).argmax()]
        best = np.maximum(best, 0) / (best.max() if best.max() > 0 else 1)
        tiles.append(colormaps["viridis"](best, bytes=True)[..., :3])
    strip = Image.new("RGB", ((SIDE + 8) * len(tiles) - 8, SIDE), "white")
    for i, tile in enumerate(tiles):
        square = Image.fromarray(np.ascontiguousarray(tile)).resize((SIDE, SIDE), Image.NEAREST)
        strip.paste(square, ((SIDE + 8) * i, 0))
    return np.asarray(strip)
