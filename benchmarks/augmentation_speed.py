"""What does augmentation cost? ``python benchmarks/augmentation_speed.py``.

Trains week 2's network on the sample's training pictures, turn and turn about without augmentation,
with ``pipelines.random_affine`` and with four Keras layers of the same factors, and compares the
seconds of an epoch, on the clock and of the processor. Writes
``benchmarks/results/augmentation_speed.json``.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import datasets, pipelines, splits  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402
from networks import convolutional  # noqa: E402

SIZE, BATCH = (72, 72), 16
FACTORS = {"rotation": 0.05, "translation": 0.1, "zoom": 0.15}


def keras_layers():
    """The same changes as `random_affine`, as four layers one after another."""
    layers = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(FACTORS["rotation"], fill_mode="reflect"),
            keras.layers.RandomTranslation(
                FACTORS["translation"], FACTORS["translation"], fill_mode="reflect"
            ),
            keras.layers.RandomZoom(FACTORS["zoom"], fill_mode="reflect"),
        ]
    )
    return lambda images, seed: layers(images, training=True)


def network():
    """Week 2's network for the sample, without dropout."""
    model = convolutional(SIZE[0])
    model.compile("adam", "binary_crossentropy")
    return model


def seconds(model, data):
    """Seconds of one epoch: on the clock, and of the processor, all cores together."""
    start = np.array([time.perf_counter(), time.process_time()])
    model.fit(data, verbose=0)
    return np.array([time.perf_counter(), time.process_time()]) - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    folder = ROOT / "data" / "splits" / "cats_vs_dogs-sample-1"
    split = splits.split_directory(pets.directory, folder, ratio=(4, 2, 1), seed=1)
    ways = {
        "none": None,
        "random_affine": pipelines.random_affine(**FACTORS),
        "keras_layers": keras_layers(),
    }
    runs = {
        name: (
            network(),
            pipelines.image_dataset(split.train, SIZE, BATCH, training=True, augment=augment),
        )
        for name, augment in ways.items()
    }
    for run in runs.values():  # the first epoch builds the graphs
        seconds(*run)
    rounds = [[seconds(*run) for run in runs.values()] for _ in range(args.rounds)]
    # The quickest epoch is the one that other programs disturbed least.
    clock, processor = np.min(rounds, axis=0).T
    record = {
        "machine": f"{os.cpu_count()} cores",
        "size": SIZE[0],
        "batch": BATCH,
        "rounds": args.rounds,
        "ways": list(ways),
        "least_seconds_an_epoch": clock.round(3).tolist(),
        "ratio_to_none": (clock / clock[0]).round(3).tolist(),
        "least_processor_seconds_an_epoch": processor.round(3).tolist(),
        "ratio_to_none_of_processor_seconds": (processor / processor[0]).round(3).tolist(),
        "seconds_of_each_round": np.round(rounds, 2)[:, :, 0].tolist(),
    }
    print(json.dumps(record, indent=1))
    out = ROOT / "benchmarks" / "results" / "augmentation_speed.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
