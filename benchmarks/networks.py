"""The small network of weeks 1 and 2, for what the experiments measure beside the lectures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from utils import quiet  # noqa: E402, F401

# isort: split
import keras  # noqa: E402


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
