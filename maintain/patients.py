"""Make the sick networks of the clinic: ``python -m maintain.patients [week1_1 ...]``.

Each patient has a healthy twin: the same network, pictures and seed, with the mend applied. What
the tests of `utils.clinic` show is measured here and written to
``utils/clinic/patients/<name>.npz``, arrays only. Pictures come from the samples that are shipped.
All of it takes a minute.
"""

import argparse
import functools
import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass, replace

from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np
from PIL import Image

from utils.csv_images import read_label_csv
from utils.paths import ROOT, SAMPLES

FOLDER = ROOT / "utils" / "clinic" / "patients"
SIDE = 32  # pixels of a cat or dog; small networks on small pictures train in seconds
SHOWN = 12  # pictures of the first batch
PAIRS = 4  # validation pictures beside their nearest training picture

# ---------------------------------------------------------------- pictures


@functools.cache
def pets():
    """Read the first cats and dogs of the sample.

    Returns:
        (pictures, labels): uint8 (520, 32, 32, 3), cats and dogs by turns, and int32 (520,).
    """
    with zipfile.ZipFile(SAMPLES / "cats_vs_dogs.zip") as archive:
        files = [f"PetImages/{kind}/{n}.jpg" for n in range(260) for kind in ("Cat", "Dog")]
        pictures = [_small(archive.read(file)) for file in files]
    return np.stack(pictures), np.arange(len(files), dtype=np.int32) % 2


def _small(content):
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))


@functools.cache
def fingers(file):
    """Read "train.csv" or "test.csv" of the hands that count, as `utils.csv_images` gives them."""
    archive = zipfile.ZipFile(SAMPLES / "finger_counting.zip")
    with archive, tempfile.TemporaryDirectory() as folder:
        return read_label_csv(archive.extract(file, folder))


def signs(pictures, labels):
    """Keep hands that show five, no or two fingers, as paper (0), rock (1), scissors (2)."""
    sign = np.full(6, -1, np.int32)
    sign[[5, 0, 2]] = 0, 1, 2
    kept = sign[labels] >= 0
    return pictures[kept], sign[labels][kept]


PETS, SIGNS, FINGERS = ("cat", "dog"), ("paper", "rock", "scissors"), tuple("012345")


def pictures_for(task):
    """Return the pictures of a task.

    Returns:
        (class names, (training pictures, labels), (validation pictures, labels))
    """
    if task.startswith("pets"):
        pictures, labels = pets()
        # A leak: "validation" is drawn from a folder that holds the training pictures, too.
        drawn = np.random.default_rng(0).permutation(360)[:200]
        held_out = drawn if task == "pets, leaking" else slice(320, 520)
        return PETS, (pictures[:320], labels[:320]), (pictures[held_out], labels[held_out])
    train, test = fingers("train.csv"), fingers("test.csv")  # hands of other people
    train = tuple(part[:1080] for part in train)
    if task == "signs":
        return SIGNS, signs(*train), signs(*test)
    if task == "signs, few labels":  # of people whom the base has not seen
        pictures, labels = signs(*test)
        few = np.concatenate([np.flatnonzero(labels == sign)[:8] for sign in range(3)])
        rest = np.setdiff1d(np.arange(len(labels)), few)
        return SIGNS, (pictures[few], labels[few]), (pictures[rest], labels[rest])
    pictures, labels = train
    kept = labels != 3 if task == "fingers, without threes" else labels >= 0
    return FINGERS, (pictures[kept], labels[kept]), test


# ---------------------------------------------------------------- training


@dataclass(frozen=True)
class Recipe:
    """All that decides what becomes of a network.

    Attributes:
        task: as `pictures_for` takes it.
        epochs, batch_size, rate: of the training with Adam.
        divides: by what the learner divides the pixels, before the network does so by 255.
        dropout: rate of the two dropouts.
        softmaxes: how many follow the last dense layer; with none, the loss takes logits.
        base: None; or what becomes of the layers below the answer, which come from a network that
            has learnt to count fingers: "frozen" or "trained".
    """

    task: str
    epochs: int = 12
    batch_size: int = 32
    rate: float = 3e-3
    divides: float = 1.0
    dropout: float = 0.0
    softmaxes: int = 0
    base: str | None = None


def network_for(recipe):
    """Build and compile the network of a recipe: two convolutions, one dense layer, the answer."""
    layers = keras.layers
    names, (pictures, _), _ = pictures_for(recipe.task)
    two = len(names) == 2
    dropout = [[layers.Dropout(recipe.dropout)] if recipe.dropout else [] for _ in range(2)]
    network = keras.Sequential(
        [
            keras.Input(pictures.shape[1:]),
            layers.Rescaling(1 / 255, name="rescaling"),
            layers.Conv2D(8, 3, activation="relu", name="conv_1"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(16, 3, activation="relu", name="conv_2"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Flatten(name="flatten"),
            *dropout[0],
            layers.Dense(32, activation="relu", name="dense"),
            *dropout[1],
            layers.Dense(1, "sigmoid", name="answer")
            if two
            else layers.Dense(len(names), name="answer"),
            *(layers.Softmax(name=f"softmax_{n + 1}") for n in range(recipe.softmaxes)),
        ]
    )
    if recipe.base:
        for layer, taught in zip(network.layers[:-1], counting().layers[:-1], strict=True):
            layer.set_weights(taught.get_weights())
            layer.trainable = recipe.base == "trained"
    loss = (
        keras.losses.BinaryCrossentropy()
        if two
        else keras.losses.SparseCategoricalCrossentropy(from_logits=not recipe.softmaxes)
    )
    network.compile(keras.optimizers.Adam(recipe.rate), loss, metrics=["accuracy"])
    return network


def counting():
    """The network that has learnt to count fingers."""
    return trained(Recipe("fingers")).network


@dataclass(frozen=True)
class Trained:
    """A network, its history (a dict of lists), and what it was before the first step."""

    network: keras.Model
    history: dict
    loss_before: float
    weights_before: dict  # by the layers' names


@functools.cache
def trained(recipe, seed=0):
    """Train the network of a recipe.

    Returns:
        Trained.
    """
    _, (pictures, labels), (new, new_labels) = pictures_for(recipe.task)
    keras.utils.set_random_seed(seed)
    network = network_for(recipe)
    x, new_x = prepared(recipe, pictures), prepared(recipe, new)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    loss_before = network.evaluate(x, labels, batch_size=512, verbose=0)[0]
    history = network.fit(
        x,
        labels,
        recipe.batch_size,
        recipe.epochs,
        verbose=0,
        validation_data=(new_x, new_labels),
        validation_batch_size=512,
    ).history
    return Trained(network, history, loss_before, before)


def prepared(recipe, pictures):
    """The pictures as they are given to the network, float32."""
    return pictures.astype(np.float32) / np.float32(recipe.divides)


# ---------------------------------------------------------------- an examination


@dataclass(frozen=True)
class Case:
    """A network and how it is asked.

    Attributes:
        recipe: of its training.
        names_as_written: the classes as the learner lists them; empty: in the labels' order.
        in_training_mode: whether predictions come from ``network(x, training=True)``.
        shuffled: whether the set that is predicted is shuffled.
    """

    recipe: Recipe
    names_as_written: tuple = ()
    in_training_mode: bool = False
    shuffled: bool = False


def examine(case):
    """Measure all that the clinic's tests show.

    Returns:
        dict of arrays, as `utils.clinic` reads them.
    """
    recipe, rng = case.recipe, np.random.default_rng(0)
    names, (pictures, labels), (new, new_labels) = pictures_for(recipe.task)
    done = trained(recipe)
    network, new_x = done.network, prepared(recipe, new)
    keras.utils.set_random_seed(0)  # for dropout at prediction

    def answers(x):
        """Shares (n, k), in the columns where the learner looks for them."""
        outputs = np.asarray(network(x, training=case.in_training_mode))
        if len(names) > 2 and not recipe.softmaxes:
            outputs = np.asarray(keras.ops.softmax(outputs))
        return outputs[:, columns]

    written = case.names_as_written or names
    columns = [written.index(name) for name in names] if len(names) > 2 else [0]
    passes = [rng.permutation(len(new)) if case.shuffled else np.arange(len(new)) for _ in "12"]
    first = rng.permutation(len(pictures))[:SHOWN]
    ids, new_ids = _ids(pictures), _ids(new)
    return {
        "class_names": np.array(names),
        **{key: np.array(values, np.float32) for key, values in done.history.items()},
        "loss_before": np.float32(done.loss_before),
        "batch": _at_first_convolution(network, prepared(recipe, pictures[first])),
        "batch_names": np.array(written)[labels[first]],
        "batch_truth": np.array(names)[labels[first]],
        "labels": new_labels.astype(np.int8),
        "predictions": answers(new_x[passes[0]]),
        "twice": np.stack([answers(new_x[:SHOWN]) for _ in range(2)]),
        "passes": np.array(passes, np.int16),
        "counts": np.stack([np.bincount(y, minlength=len(names)) for y in (labels, new_labels)]),
        "training_ids": ids,
        "validation_ids": new_ids,
        **_nearest(pictures, new, np.isin(new_ids, ids)),
        "asked": new_x[:3],
        "outputs": np.asarray(network(new_x[:3])),
        "compiled_loss": np.array(_loss_in_words(network)),
        **_movements(done, bool(recipe.base)),
        "architecture": np.array(network.to_json()),
        **{f"weight_{i:02}": w.astype(np.float16) for i, w in enumerate(network.get_weights())},
    }


def _ids(pictures):
    """A number for each picture, the same for the same pixels: uint64 (n,)."""
    digests = [hashlib.sha256(picture.tobytes()).digest()[:8] for picture in pictures]
    return np.frombuffer(b"".join(digests), np.uint64)


def _at_first_convolution(network, x):
    """What the first convolution gets: float16 (n, height, width, channels)."""
    before = network.layers[: network.layers.index(network.get_layer("conv_1"))]
    return np.asarray(functools.reduce(lambda values, layer: layer(values), before, x), np.float16)


def _nearest(pictures, new, is_twin):
    """A few validation pictures, twins by their share, and the training picture nearest to each."""
    twins = round(PAIRS * is_twin.mean())
    chosen = [*np.flatnonzero(is_twin)[:twins], *np.flatnonzero(~is_twin)[: PAIRS - twins]]
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    far = [np.abs(flat - new[i].reshape(-1)).mean(axis=1) for i in chosen]  # grey values
    return {
        "pairs": np.stack([new[chosen], pictures[[d.argmin() for d in far]]]),
        "pair_distances": np.array([d.min() for d in far], np.float32),
    }


def _loss_in_words(network):
    told = {"from_logits": True} if network.loss.get_config().get("from_logits") else {}
    arguments = ", ".join(f"{name}={value}" for name, value in told.items())
    return f"{type(network.loss).__name__}({arguments})"


def _movements(done, pretrained):
    """How far the weights of each layer that has some have moved, relative to their length."""
    layers = [layer for layer in done.network.layers if layer.get_weights()]
    start = [_flat(done.weights_before[layer.name]) for layer in layers]
    ways = [_flat(layer.get_weights()) - old for layer, old in zip(layers, start, strict=True)]
    lengths = [
        np.linalg.norm(way) / np.linalg.norm(old) for way, old in zip(ways, start, strict=True)
    ]
    return {
        "layer_names": np.array([layer.name for layer in layers]),
        "layer_pretrained": np.array([pretrained and name.name != "answer" for name in layers]),
        "layer_change": np.array(lengths, np.float32),
    }


def _flat(weights):
    return np.concatenate([weight.ravel() for weight in weights])


# ---------------------------------------------------------------- the patients

_PETS, _SIGNS, _FINGERS = Case(Recipe("pets")), Case(Recipe("signs")), Case(Recipe("fingers"))
_TRANSFER = Recipe("signs, few labels", epochs=15, batch_size=8, rate=0.02)


def _trained_otherwise(case, **how):
    return replace(case, recipe=replace(case.recipe, **how))


_DROPOUT = _trained_otherwise(_SIGNS, dropout=0.5)

# name: (illness, what the network was trained for, patient, healthy twin)
PATIENTS = {
    "week1_1": (
        "training pictures in validation",
        "cats and dogs",
        _trained_otherwise(_PETS, task="pets, leaking"),
        _PETS,
    ),
    "week1_2": (
        "learning rate too large",
        "cats and dogs",
        _trained_otherwise(_PETS, rate=0.1),
        _PETS,
    ),
    "week2_1": (
        "dropout at prediction",
        "paper, rock, scissors",
        replace(_DROPOUT, in_training_mode=True),
        _DROPOUT,
    ),
    "week2_2": ("rescaled twice", "cats and dogs", _trained_otherwise(_PETS, divides=255.0), _PETS),
    "week3_1": (
        "unfrozen too early",
        "paper, rock, scissors, on a base that can count fingers",
        Case(replace(_TRANSFER, base="trained")),
        Case(replace(_TRANSFER, base="frozen")),
    ),
    "week3_2": (
        "shuffled predictions",
        "paper, rock, scissors",
        replace(_SIGNS, shuffled=True),
        _SIGNS,
    ),
    "week4_1": (
        "softmax twice",
        "fingers, 0 to 5",
        _trained_otherwise(_FINGERS, softmaxes=2),
        _FINGERS,
    ),
    "week4_2": (
        "wrong label order",
        "paper, rock, scissors",
        replace(_SIGNS, names_as_written=("rock", "paper", "scissors")),
        _SIGNS,
    ),
    "week4_3": (
        "one class missing",
        "fingers, 0 to 5",
        _trained_otherwise(_FINGERS, task="fingers, without threes"),
        _FINGERS,
    ),
}
KEPT = ("loss", "accuracy", "val_loss", "val_accuracy", "predictions")  # of the twin


def make(name):
    """Examine a patient and its healthy twin.

    Returns:
        (dict, dict) of arrays: the evidence of the patient as it is shipped, and that of its twin.
    """
    illness, about, *cases = PATIENTS[name]
    sick, twin = map(examine, cases)
    sick |= {f"mended_{key}": twin[key] for key in KEPT}
    return sick | {"illness": np.array(illness), "about": np.array(about)}, twin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PATIENTS), metavar="NAME")
    FOLDER.mkdir(exist_ok=True)
    for name in parser.parse_args().names:
        path = FOLDER / f"{name}.npz"
        np.savez_compressed(path, **make(name)[0])
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
