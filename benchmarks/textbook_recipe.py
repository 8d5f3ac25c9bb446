"""How does the course compare with the well-known recipe? ``python benchmarks/textbook_recipe.py``.

Trains the two networks that many courses and books train on 2,000 + 1,000 photos of cats and dogs
(``cats_vs_dogs_filtered``), 150 pixels a side, at their published settings, and after them this
course's way of week 3 (frozen ImageNet features, a dense layer) on the same photos: validation
accuracy and seconds, epoch by epoch. COURSE_MIRROR applies. Writes
``benchmarks/results/textbook_recipe.json`` after each part; parts recorded already are kept.

One run each, for their accuracies over the epochs; `bench.py` measures times side by side.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import datasets  # noqa: E402

# isort: split
import keras  # noqa: E402
import lectures_on_photos  # noqa: E402
import recipe  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "textbook_recipe.json"


class Clock(keras.callbacks.Callback):
    """Seconds since the training began, at the end of each epoch; and seconds of the processors.

    Another program on the same machine stretches the former and hardly the latter.
    """

    def on_train_begin(self, logs=None):
        self.start, self.cpu_start = time.perf_counter(), time.process_time()
        self.seconds, self.cpu_seconds = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(round(time.perf_counter() - self.start, 1))
        self.cpu_seconds.append(round(time.process_time() - self.cpu_start, 1))


def train(model, training, validation, epochs):
    """Returns the accuracies and seconds of the epochs."""
    clock = Clock()
    curves = model.fit(
        training, validation_data=validation, epochs=epochs, callbacks=[clock], verbose=2
    ).history
    return {
        "validation_accuracy": [round(value, 4) for value in curves["val_accuracy"]],
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
    }


def week1(photos):
    return train(*recipe.week1(photos.directory, photos.held_out))


def week2(photos):
    return train(*recipe.week2(photos.directory, photos.held_out))


def ours_week3(photos):
    """The course's week 3; the seconds begin before its features are extracted."""
    start, cpu_start = time.perf_counter(), time.process_time()
    found = train(*lectures_on_photos.week3(photos.directory, photos.held_out))
    return {
        "validation_accuracy": found["validation_accuracy"][-1:],
        "seconds": [round(time.perf_counter() - start, 1)],
        "cpu_seconds": [round(time.process_time() - cpu_start, 1)],
    }


PARTS = {"textbook week 1": week1, "our week 3": ours_week3, "textbook week 2": week2}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="forget what is recorded")
    args = parser.parse_args()
    photos = datasets.fetch("cats_vs_dogs_filtered", source="real")
    record = {"machine": f"{os.cpu_count()} cores", "parts": {}}
    if OUT.exists() and not args.again:
        record = json.loads(OUT.read_text(encoding="utf-8"))
    for name, part in PARTS.items():
        if name not in record["parts"]:
            print(name, flush=True)
            keras.utils.set_random_seed(1)
            record["parts"][name] = part(photos)
            OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for name, part in record["parts"].items():
        accuracy, seconds, cpu = (
            part[key][-1] for key in ("validation_accuracy", "seconds", "cpu_seconds")
        )
        print(f"{name}: {accuracy:.1%} in {seconds:.0f} s, {cpu:.0f} s of processor time")


if __name__ == "__main__":
    main()
