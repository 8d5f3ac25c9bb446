"""The textbook recipe, for `bench.py` to compare with: written from its description.

Pictures of 150 pixels, batches of 20, cached as batches of float32 by Keras' own pipeline; four
augmentation layers one after another; files copied one by one into the split; features of a frozen
network computed anew in every epoch; pairs of convolution and pooling, a dense layer of 512,
RMSprop. F. Chollet, "Deep Learning with Python" (2017), section 5.2, and the labs of "Convolutional
Neural Networks in TensorFlow" by DeepLearning.AI, which share its settings.

Each week takes two folders of class folders, to train on and to validate on, and returns a compiled
keras.Model, the two data sets, and the number of epochs.
"""

import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from utils import quiet  # noqa: E402, F401

# isort: split
import keras  # noqa: E402

SIZE, BATCH = 150, 20
PARTS = ("train", "validation", "test")


def copy_one_by_one(folder, target):
    """Shuffle the files of each class folder, and copy each to its part: 4/7, 2/7, 1/7."""
    for source in sorted(Path(folder).iterdir()):
        files = sorted(source.iterdir())
        random.Random(0).shuffle(files)
        ends = 0, len(files) * 4 // 7, len(files) * 6 // 7, len(files)
        for part, first, last in zip(PARTS, ends[:-1], ends[1:], strict=True):
            place = Path(target, part, source.name)
            place.mkdir(parents=True)
            for file in files[first:last]:
                shutil.copyfile(file, place / file.name)


def dataset(folder, label_mode="binary"):
    """Batches of the pictures in class folders, kept as they are after the first epoch."""
    return keras.utils.image_dataset_from_directory(
        folder, label_mode=label_mode, image_size=(SIZE, SIZE), batch_size=BATCH, verbose=False
    ).cache()


def augmentation():
    """Four layers, each of which resamples the pictures."""
    return [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.11),
        keras.layers.RandomTranslation(0.2, 0.2),
        keras.layers.RandomZoom(0.2),
    ]


def network(filters, augmentation=(), dropout=0.0, classes=1):
    """Build a network from raw pixels to probabilities, not compiled."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *augmentation])
    model.add(layers.Rescaling(1 / 255))
    for number in filters:
        model.add(layers.Conv2D(number, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dropout(dropout))
    model.add(layers.Dense(512, activation="relu"))
    model.add(layers.Dense(classes, activation="sigmoid" if classes == 1 else "softmax"))
    return model


def week1(training, validation):
    """16, 32 and 64 filters."""
    model = network((16, 32, 64))
    model.compile(keras.optimizers.RMSprop(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, dataset(training), dataset(validation), 15


def week2(training, validation):
    """Up to 128 filters, augmentation, dropout, small steps."""
    model = network((32, 64, 128, 128), augmentation(), dropout=0.5)
    model.compile(keras.optimizers.RMSprop(1e-4), "binary_crossentropy", metrics=["accuracy"])
    return model, dataset(training), dataset(validation), 80


def week3(training, validation):
    """InceptionV3, frozen, cut at "mixed7", and a dense layer of 1,024.

    Its weights are random, which takes as long as with those from ImageNet: its accuracy means
    nothing.
    """
    layers = keras.layers
    base = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(SIZE, SIZE, 3)
    )
    base.trainable = False
    features = keras.Model(base.input, base.get_layer("mixed7").output)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            features,
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(1e-4), "binary_crossentropy", metrics=["accuracy"])
    return model, dataset(training), dataset(validation), 20


def week4(training, validation):
    """64 and 128 filters, augmentation, dropout, three classes."""
    model = network((64, 64, 128, 128), augmentation(), dropout=0.5, classes=3)
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    data = [dataset(folder, "categorical") for folder in (training, validation)]
    return model, *data, 25
