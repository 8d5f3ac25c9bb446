"""The lectures' trainings on real photos, for `bench.py` to compare with `recipe.py`.

Each week takes two folders of class folders, to train on and to validate on, and returns a compiled
keras.Model, what it learns from, what it is validated on, and the number of epochs: the lecture's
network, taken from its cells, and its settings, copied.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scale.models import lecture_code  # noqa: E402
from utils import backbones, pipelines  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

SEED = 1


def week1(training, validation):
    """96 pixels, as they are."""
    code = lecture_code(1, "build_model", "SIZE")
    model = code["build_model"]()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    data = pipelines.image_dataset(training, code["SIZE"], training=True, seed=SEED)
    return model, data, pipelines.image_dataset(validation, code["SIZE"]), 15


def week2(training, validation):
    """112 pixels, augmentation, dropout, smaller steps at the end."""
    known = {"SIZE": (112, 112), "FILTERS": [16, 32, 64, 128], "SEED": SEED}
    code = lecture_code(2, "build_model", **known)
    augment = pipelines.random_affine(rotation=0.05, translation=0.1, zoom=0.15)
    data = pipelines.image_dataset(
        training, known["SIZE"], training=True, augment=augment, seed=SEED
    )
    model, epochs = code["build_model"](dropout=0.3), 50
    rate = keras.optimizers.schedules.PiecewiseConstantDecay(
        [epochs * len(data) * 3 // 4], [1e-3, 1e-4]
    )
    model.compile(
        keras.optimizers.Adam(rate),
        "binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=19,
    )
    return model, data, pipelines.image_dataset(validation, known["SIZE"]), epochs


def week3(training, validation):
    """The shipped network's features at 224 pixels, computed once, and one dense layer."""
    network = backbones.backbone(pooling="avg")
    seen = []
    for folder in (training, validation):
        data = pipelines.image_dataset(folder, (224, 224))
        labels = np.concatenate([labels for _, labels in data])
        seen.append((network.predict(data, verbose=0), labels))
    training, validation = (tf.data.Dataset.from_tensor_slices(side) for side in seen)
    training = training.shuffle(len(training), seed=SEED).batch(32)
    return lecture_code(3, "build_head")["build_head"](), training, validation.batch(1000), 20


def week4(training, validation):
    """64 pixels, BatchNormalization, augmentation, cosine decay."""
    size, epochs = (64, 64), 28
    augment = pipelines.random_affine(rotation=0.05, translation=0.1, zoom=0.2)
    data = pipelines.image_dataset(training, size, 16, training=True, augment=augment, seed=SEED)
    model = lecture_code(4, "block", "model", SIZE=size, names=data.class_names)["model"]
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * len(data))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"], steps_per_execution=9)
    return model, data, pipelines.image_dataset(validation, size), epochs
