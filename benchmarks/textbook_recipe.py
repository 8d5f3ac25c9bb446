"""How does the course compare with the well-known recipe? ``python benchmarks/textbook_recipe.py``.

Trains the two networks that many courses and books train on 2,000 + 1,000 photos of cats and dogs
(``cats_vs_dogs_filtered``), 150 pixels a side, at their published settings, and after them this
course's way of week 3 (frozen ImageNet features, a dense layer) on the same photos: validation
accuracy and seconds, epoch by epoch. COURSE_MIRROR applies. Writes
``benchmarks/results/textbook_recipe.json`` after each part; parts recorded already are kept.

The recipe: F. Chollet, "Deep Learning with Python" (2017), section 5.2, and the labs of
"Convolutional Neural Networks in TensorFlow" by DeepLearning.AI, which share its settings.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import backbones, datasets, pipelines  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402

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


def convolutional(filters, augmentation=(), dropout=0.0):
    """The recipe's network: pairs of convolution and pooling, a dense layer of 512."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((150, 150, 3)), *augmentation, layers.Rescaling(1 / 255)])
    for number in filters:
        model.add(layers.Conv2D(number, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(512, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def train(model, photos, learning_rate, epochs):
    """Train with Keras' own pipeline; returns the accuracies and seconds of the epochs."""
    read = {"image_size": (150, 150), "batch_size": 20, "verbose": False}
    training, validation = (
        keras.utils.image_dataset_from_directory(folder, **read).cache().prefetch(2)
        for folder in (photos.directory, photos.held_out)
    )
    optimizer = keras.optimizers.RMSprop(learning_rate)
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    clock = Clock()
    curves = model.fit(
        training, validation_data=validation, epochs=epochs, callbacks=[clock], verbose=2
    ).history
    accuracies = [round(value, 4) for value in curves["val_accuracy"]]
    return {
        "validation_accuracy": accuracies,
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
    }


def week1(photos):
    """Sixteen, 32 and 64 filters, 15 epochs."""
    return train(convolutional((16, 32, 64)), photos, 1e-3, 15)


def week2(photos):
    """Up to 128 filters, augmentation by Keras layers, dropout, small steps, 80 epochs."""
    augmentation = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.11),
        keras.layers.RandomTranslation(0.2, 0.2),
        keras.layers.RandomZoom(0.2),
    ]
    model = convolutional((32, 64, 128, 128), augmentation, dropout=0.5)
    return train(model, photos, 1e-4, 80)


def ours_week3(photos):
    """The course's week 3: features of the shipped network at 224 pixels, one dense layer.

    The seconds include loading the network, decoding the photos and extracting their features.
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    network = backbones.backbone(pooling="avg")
    parts = []
    for folder in (photos.directory, photos.held_out):
        data = pipelines.image_dataset(folder, (224, 224))
        labels = np.concatenate([labels for _, labels in data])
        parts.append((network.predict(data, verbose=0), labels))
    (features, labels), (held_out, truth) = parts
    head = keras.Sequential(
        [
            keras.Input(features.shape[1:]),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    head.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    head.fit(features, labels, epochs=20, verbose=0)
    accuracy = head.evaluate(held_out, truth, verbose=0)[1]
    return {
        "validation_accuracy": [round(accuracy, 4)],
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
