"""Two controls that week 4's lecture has no time for: ``python benchmarks/week4_experiments.py``.

What does BatchNormalization do for the lecture's network? The same network, trained in the same way
without it. And is it the sharper pictures that the features win by? A head on the features of
pictures that were first shrunk to the size which the lecture's own network sees. Recorded per seed
in ``benchmarks/results/week4_experiments.json``; runs that are recorded are kept, so it can be
interrupted.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from lecture_seeds import summary  # noqa: E402

from utils import backbones, datasets, pipelines, splits  # noqa: E402
from utils.features import extract_features  # noqa: E402

# isort: split
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "week4_experiments.json"
SIZE, LARGER, EPOCHS = (64, 64), (160, 160), 28  # as in the lecture


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def without_normalization(split, seed):
    """Train the lecture's network without its BatchNormalization.

    Returns:
        (training accuracy, validation accuracy) after the last epoch.
    """
    augment = pipelines.random_affine(rotation=0.05, translation=0.1, zoom=0.2)
    train = pipelines.image_dataset(
        split.train, SIZE, batch_size=16, training=True, augment=augment, seed=seed
    )
    layers = [keras.Input((*SIZE, 3)), keras.layers.Rescaling(1 / 255)]
    for filters in (16, 32, 64, 128, 128):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
        ]
    layers += [
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential(layers)
    steps = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * len(train))
    model.compile(
        optimizer=keras.optimizers.Adam(steps),
        loss=loss(),
        metrics=["accuracy"],
        steps_per_execution=9,
    )
    history = model.fit(
        train,
        epochs=EPOCHS,
        validation_data=pipelines.image_dataset(split.validation, SIZE),
        validation_freq=EPOCHS,
        verbose=0,
    ).history
    return history["accuracy"][-1], history["val_accuracy"][-1]


def shrunk_head(split, held_out):
    """Train a head on the features of pictures that were shrunk first.

    Returns:
        (validation accuracy, accuracy on the held-out pictures).
    """
    backbone = backbones.backbone(image_size=LARGER, pooling="avg")

    def features(folder):
        small = pipelines.image_dataset(folder, SIZE)
        large = small.map(lambda images, labels: (tf.image.resize(images, LARGER), labels))
        return extract_features(large, backbone)

    head = keras.Sequential([keras.Input((1280,)), keras.layers.Dense(3)])
    head.compile(optimizer=keras.optimizers.Adam(3e-3), loss=loss(), metrics=["accuracy"])
    head.fit(*features(split.train), batch_size=64, epochs=40, verbose=0)
    parts = (features(folder) for folder in (split.validation, held_out))
    return [head.evaluate(*part, verbose=0)[1] for part in parts]


def one_run(seed):
    """Measure both with one seed.

    Returns:
        dict with `seed` and four accuracies.
    """
    keras.utils.set_random_seed(seed)
    game = datasets.fetch("rock_paper_scissors", source="sample")
    with tempfile.TemporaryDirectory() as folder:
        split = splits.split_directory(
            game.directory, Path(folder) / "split", ratio=(4, 1, 0), seed=seed
        )
        shrunk_validation, shrunk_test = shrunk_head(split, game.held_out)
        training, validation = without_normalization(split, seed)
    return {
        "seed": seed,
        "shrunk_head_validation_accuracy": round(shrunk_validation, 4),
        "shrunk_head_test_accuracy": round(shrunk_test, 4),
        "without_normalization_train_accuracy": round(training, 4),
        "without_normalization_validation_accuracy": round(validation, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    args = parser.parse_args()
    record = json.loads(OUT.read_text()) if OUT.exists() else {"runs": []}
    record["machine"] = f"{os.cpu_count()} cores, {platform.machine()}"
    record["python"] = platform.python_version()
    for seed in args.seeds:
        if seed in {run["seed"] for run in record["runs"]}:
            continue
        run = one_run(seed)
        print(run, flush=True)
        record["runs"].append(run)
        record["summary"] = summary(record["runs"])
        part = OUT.with_suffix(".part")
        part.write_text(json.dumps(record, indent=1) + "\n")
        part.replace(OUT)


if __name__ == "__main__":
    main()
