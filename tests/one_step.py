"""One step of training of every lecture's network, whatever Keras runs on; see test_scale.py."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np

from scale import models


def networks():
    """Name and keras.Model of each network, built by the lecture's own lines."""
    yield "week 1", models.network("week1").build()
    known = {"SIZE": (64, 64), "FILTERS": [16, 32, 64, 64], "SEED": 1}  # as for the sample
    yield "week 2", models.lecture_code(2, "build_model", **known)["build_model"]()
    yield "week 3, head", models.network("week3").build()
    yield "week 3, fine-tuned", models.network("week3-tuned").build()
    known = {"SIZE": (64, 64), "names": ["paper", "rock", "scissors"]}
    yield "week 4", models.lecture_code(4, "block", "model", **known)["model"]


def one_step():
    """Train one step with made-up weights and pictures.

    Dropout is off: each engine draws random numbers of its own.

    Returns:
        dict from the network to [loss of the step, loss after it].
    """
    losses = {}
    for name, model in networks():
        rng = np.random.default_rng(0)
        model.set_weights(
            [rng.normal(size=w.shape) * 0.05 if w.ndim > 1 else w for w in model.get_weights()]
        )
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        shape, classes = model.input_shape[1:], model.output_shape[-1]
        highest = 255 if shape[-1] == 3 else 1  # pictures, else features
        inputs = rng.uniform(0, highest, (4, *shape)).astype(np.float32)
        labels = np.arange(4) % max(classes, 2)
        loss = (
            keras.losses.BinaryCrossentropy()
            if classes == 1
            else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )
        model.compile(keras.optimizers.SGD(0.01), loss=loss)
        if classes == 1:
            labels = labels[:, None]
        before = model.train_on_batch(inputs, labels, return_dict=True)["loss"]
        after = model.test_on_batch(inputs, labels, return_dict=True)["loss"]
        losses[name] = [float(before), float(after)]
    return losses
