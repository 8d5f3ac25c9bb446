"""The small network of weeks 1 and 2, for what is measured beside the lectures."""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from utils import quiet  # noqa: E402, F401

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402


def convolutional(size, dropout=0.0):
    """Build the network of week 1 (without dropout) or week 2 (with it).

    Args:
        size: height and width of the pictures, in pixels.
        dropout: rate, in the two places of week 2.

    Returns:
        keras.Sequential from raw pixels (size, size, 3) to one probability, not compiled.
    """
    layers = keras.layers
    model = keras.Sequential([keras.Input((size, size, 3)), layers.Rescaling(1 / 127.5, -1)])
    for filters in (16, 32, 64, 64):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def seconds_of_a_step(steps=8, repeats=5):
    """Measure a training step of week 1's network: 32 pictures of 96 x 96 pixels, of noise.

    Args:
        steps: steps that are timed together.
        repeats: how often; the median counts, so that a moment's disturbance does not.

    Returns:
        float, seconds.
    """
    model = convolutional(96)
    model.compile("adam", "binary_crossentropy")
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (32 * steps, 96, 96, 3)).astype(np.float32)
    labels = rng.integers(0, 2, 32 * steps)
    taken = []
    for _ in range(1 + repeats):  # the first one builds the graph
        start = time.perf_counter()
        model.fit(images, labels, batch_size=32, verbose=0)
        taken.append((time.perf_counter() - start) / steps)
    return statistics.median(taken[1:])
