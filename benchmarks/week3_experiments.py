"""What week 3 has no time for: ``python benchmarks/week3_experiments.py --seeds 1 2 3 4 5``.

Two experiments on the sample, with a new split, new draws and new random numbers for each seed.

- *From scratch*: week 1's small network, at 64 pixels, on 5, 20, 100 and 300 pictures a class of
  the training part; accuracy on the validation part.
- *BatchNormalization*: the whole pretrained network is fine-tuned with the head on top, once with
  its BatchNormalization layers frozen and once unfrozen, on the same few pictures in the same small
  batches; accuracy on a part of the validation pictures.

Writes ``benchmarks/results/week3_experiments.json`` after each; what is recorded already is kept.
"""

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import backbones, datasets, pipelines, splits  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402
from lecture_seeds import statistic  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "week3_experiments.json"
PER_CLASS = {
    5: 100,
    20: 60,
    100: 40,
    300: 20,
}  # pictures of each class: epochs, enough to learn by heart


def split_of(seed):
    """The lecture's split with this seed."""
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    folder = ROOT / "data" / "splits" / f"cats_vs_dogs-{pets.source}-{seed}"
    return splits.split_directory(pets.directory, folder, ratio=(4, 2, 1), seed=seed)


def from_scratch(split, seed):
    """Accuracies of the small network by the number of pictures it was trained on."""
    validation = pipelines.image_dataset(split.validation, (64, 64))
    found = {}
    for count in PER_CLASS:
        part = pipelines.image_dataset(
            split.train, (64, 64), training=True, limit_per_class=count, seed=seed
        )
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Rescaling(1 / 255)])
        for filters in (16, 32, 64, 64):
            model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
            model.add(keras.layers.MaxPooling2D())
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(128, activation="relu"))
        model.add(keras.layers.Dense(1, activation="sigmoid"))
        model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
        curves = model.fit(part, epochs=PER_CLASS[count], verbose=0).history
        accuracy = model.evaluate(validation, verbose=0)[1]
        found |= {f"scratch_{count}_train_accuracy": curves["accuracy"][-1]}
        found |= {f"scratch_{count}_accuracy": accuracy}
    return found


def batch_normalization(split, seed):
    """Accuracies after fine-tuning all of the network, its BatchNormalization frozen or not."""
    size = (224, 224)
    few = pipelines.image_dataset(split.train, size, limit_per_class=100, seed=seed)
    held_out = pipelines.image_dataset(split.validation, size, limit_per_class=100, seed=seed)
    network = backbones.backbone(image_size=size, pooling="avg")
    labels = np.concatenate([kinds for _, kinds in few])
    keras.utils.set_random_seed(seed)
    head = keras.Sequential(
        [keras.Input((1280,)), keras.layers.Dense(1, activation="sigmoid", name="answer")]
    )
    head.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    head.fit(network.predict(few, verbose=0), labels, epochs=40, verbose=0)
    found = {}
    for name in ("frozen", "unfrozen"):
        keras.utils.set_random_seed(seed)
        network = backbones.backbone(image_size=size, pooling="avg")
        network.trainable = True
        if name == "frozen":
            for layer in network.layers:
                layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        trained_head = keras.models.clone_model(head)
        trained_head.set_weights(head.get_weights())
        model = keras.Sequential([network, trained_head])
        model.compile(keras.optimizers.Adam(1e-4), loss="binary_crossentropy", metrics=["accuracy"])
        if not found:
            found["before_accuracy"] = model.evaluate(held_out, verbose=0)[1]
        data = pipelines.image_dataset(
            split.train, size, 8, training=True, limit_per_class=100, seed=seed
        )
        curves = model.fit(data, epochs=2, verbose=0).history
        found[f"{name}_train_accuracy"] = curves["accuracy"][-1]
        found[f"{name}_accuracy"] = model.evaluate(held_out, verbose=0)[1]
    found["frozen_gain_points"] = 100 * (found["frozen_accuracy"] - found["unfrozen_accuracy"])
    return found


PARTS = {"scratch_300_accuracy": from_scratch, "frozen_gain_points": batch_normalization}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    seeds = parser.parse_args().seeds
    record = {"machine": f"{os.cpu_count()} cores", "runs": []}
    if OUT.exists():
        record["runs"] = json.loads(OUT.read_text(encoding="utf-8"))["runs"]
    runs = {run["seed"]: run for run in record["runs"]}
    for mark, part in PARTS.items():  # what the part leaves behind
        for seed in seeds:
            run = runs.setdefault(seed, {"seed": seed})
            if mark in run:
                continue
            found = part(split_of(seed), seed)
            run |= {name: round(float(value), 4) for name, value in found.items()}
            print(run, flush=True)
            record["runs"] = [runs[seed] for seed in sorted(runs) if len(runs[seed]) > 1]
            every = record["runs"]
            names = dict.fromkeys(n for one in every for n in one if n != "seed")
            record["summary"] = {n: statistic([one[n] for one in every if n in one]) for n in names}
            OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
