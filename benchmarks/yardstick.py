"""How fast is this machine? ``python benchmarks/yardstick.py`` prints seconds, one number.

The unit in which the course states times: one epoch of the textbook network of week 1 (150 pixels,
convolutions of 16, 32 and 64 filters, Dense(512), 2,000 training and 1,000 validation pictures in
batches of 20; F. Chollet, "Deep Learning with Python", 2017, section 5.2), on noise. A clock says
more about what else a machine is doing than about a lesson, and machines differ by a factor of
three; a time divided by the yardstick measured beside it carries over.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from utils import quiet  # noqa: E402, F401

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402

BATCH, TRAINING_STEPS, VALIDATION_STEPS = 20, 2000 // 20, 1000 // 20


def yardstick(steps=12, repeats=4):
    """Measure the yardstick from ``steps * repeats`` training steps and as many validation steps.

    Args:
        steps: steps that are timed together.
        repeats: how often; the median counts, so that a moment's disturbance does not.

    Returns:
        float, seconds of one epoch.
    """
    layers = keras.layers
    model = keras.Sequential([keras.Input((150, 150, 3)), layers.Rescaling(1 / 255)])
    for filters in (16, 32, 64):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(512, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.RMSprop(1e-3), loss="binary_crossentropy")
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (BATCH * steps, 150, 150, 3)).astype(np.float32)
    labels = rng.integers(0, 2, BATCH * steps)

    def seconds(work):
        work()  # builds the graph
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
        return statistics.median(taken) / steps

    options = {"batch_size": BATCH, "verbose": 0}
    training = seconds(lambda: model.fit(images, labels, **options))
    validation = seconds(lambda: model.evaluate(images, labels, **options))
    return TRAINING_STEPS * training + VALIDATION_STEPS * validation


if __name__ == "__main__":
    print(f"{yardstick():.2f}")
