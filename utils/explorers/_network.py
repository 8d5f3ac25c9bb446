"""A trained network as the forward pass of network.js takes it."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np

from utils.explorers._page import pack

LARGEST = 2_000_000  # numbers in all kernels; half precision in base64 makes 5 MB of them
ACTIVATIONS = ("linear", "relu", "sigmoid", "softmax", "tanh")
INSTEAD = (
    "The explorer takes a chain of Rescaling, Conv2D, BatchNormalization, ReLU, pooling, Flatten, "
    "Dropout and Dense; plots.show_feature_maps(model, picture) shows the maps of any network."
)
IDLE = ("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise")  # when a network answers


def describe(model):
    """Describe a network for network.js.

    Args:
        model: a built Keras model, a chain of layers: Sequential, functional without branches, or
            one with such models inside.

    Returns:
        dict with ``shape``, the picture's (height, width, channels); ``layers``, a list of dicts,
        without layers that do nothing when a network answers; ``kernels`` and ``vectors``, all
        kernels in half precision and all other numbers in single precision, as base64; and the
        list of the layers themselves.

    Raises:
        ValueError: a layer, or a setting of it, is not known to network.js; or the network is too
            large, or gives something else than a vector.
    """
    shape = tuple(model.input_shape[1:])
    specs, kernels, vectors, kept = [], [], [], []
    below = (None, *shape)
    for layer in _chain(model):
        kind = type(layer).__name__
        if kind in IDLE or kind.startswith("Random"):
            continue
        specs.append(_describe_layer(layer, below, kernels, vectors))
        kept.append(layer)
        below = layer.compute_output_shape(below)
    numbers = sum(array.size for array in kernels)
    if numbers > LARGEST:
        raise ValueError(
            f"{model.name} has {numbers:,} weights, too many for a page; at most {LARGEST:,} fit. "
            "plots.show_feature_maps(model, picture) shows the maps of a network of any size."
        )
    if not specs or len(model.output_shape) != 2:
        raise ValueError(
            f"{model.name} should end with a vector of answers, one per class: close it with "
            "Flatten or GlobalAveragePooling2D, and Dense."
        )
    kernels = np.concatenate([np.ravel(array) for array in kernels or [np.zeros(0)]])
    if not np.all(np.abs(kernels) < 65504):
        raise ValueError(f"{model.name} has weights that are no numbers, or too large.")
    vectors = np.concatenate([np.ravel(array) for array in vectors or [np.zeros(0)]])
    described = {
        "shape": shape,
        "layers": specs,
        "kernels": pack(kernels, "<f2"),
        "vectors": pack(vectors, "<f4"),
    }
    return described, kept


def _chain(model):
    """List the layers of a model in order, those of models inside it in their place."""
    layers = []
    for layer in model.layers:
        layers += _chain(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def _describe_layer(layer, below, kernels, vectors):
    """Describe one layer that takes batches of the shape `below`; append its weights."""
    kind = type(layer).__name__
    if not hasattr(layer, "compute_output_shape") or isinstance(
        getattr(layer, "input", None), list
    ):
        raise _unknown(layer, f"is a {kind}, where branches meet")
    shape = tuple(layer.compute_output_shape(below)[1:])
    spec = {"kind": kind, "name": layer.name, "shape": shape if len(shape) == 3 else (1, 1, *shape)}
    if len(shape) not in (1, 3) or None in shape:
        raise _unknown(layer, f"gives the shape {shape}")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _unknown(layer, f"has data_format={layer.data_format!r}")
    below = below[1:]
    if kind in ("Conv2D", "MaxPooling2D", "AveragePooling2D"):
        size = layer.kernel_size if kind == "Conv2D" else layer.pool_size
        spec |= {"size": size, "stride": layer.strides}
        if layer.padding == "same":
            spec["padding"] = [
                max((out - 1) * step + window - into, 0) // 2
                for out, step, window, into in zip(shape, layer.strides, size, below, strict=False)
            ]
    elif kind.startswith("Global"):
        spec["size"] = tuple(below[:2])
        if len(shape) != 1:
            raise _unknown(layer, "has keepdims=True")
    if kind in ("Conv2D", "Dense"):
        if kind == "Conv2D" and (tuple(layer.dilation_rate) != (1, 1) or layer.groups != 1):
            raise _unknown(layer, "has a dilation or groups")
        kernel, *bias = layer.get_weights()
        kernels.append(kernel)
        vectors.append(bias[0] if bias else np.zeros(shape[-1]))
    elif kind == "Rescaling":
        scale, shift = np.broadcast_arrays(*map(np.ravel, (layer.scale, layer.offset)))
        spec["numbers"] = scale.size
        vectors += [scale, shift]
    elif kind == "BatchNormalization":
        if layer.axis not in (-1, len(shape)):
            raise _unknown(layer, f"has axis={layer.axis}")
        mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
        scale = 1 / np.sqrt(variance + layer.epsilon)
        scale = scale * layer.gamma.numpy() if layer.scale else scale
        spec["numbers"] = scale.size
        vectors += [scale, (layer.beta.numpy() if layer.center else 0) - mean * scale]
    elif kind in ("ReLU", "LeakyReLU"):
        if getattr(layer, "threshold", 0):
            raise _unknown(layer, f"has threshold={layer.threshold}")
        most = getattr(layer, "max_value", None)
        spec |= {"kind": "ReLU", "slope": float(layer.negative_slope)}
        spec |= {} if most is None else {"most": float(most)}
    elif kind == "Softmax":
        spec |= {"kind": "Activation", "activation": "softmax"}
        if layer.axis not in (-1, len(shape)):
            raise _unknown(layer, f"has axis={layer.axis}")
    elif kind not in (
        *("MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D"),
        *("Flatten", "Activation"),
    ):
        raise _unknown(layer, f"is a {kind}")
    if hasattr(layer, "activation"):
        spec["activation"] = getattr(layer.activation, "__name__", "of your own")
        if spec["activation"] not in ACTIVATIONS:
            raise _unknown(layer, f"has the activation {spec['activation']}")
    return spec


def _unknown(layer, what):
    return ValueError(
        f"The layer {layer.name} {what}, which this explorer does not know. {INSTEAD}"
    )
