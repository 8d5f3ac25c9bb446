"""Make the sick networks of the clinic: ``python -m maintain.patients [week1_1 ...]``.

Each patient is trained twice from one seed: sick, and as its mend would have it. What the tests of
`utils.clinic` show is measured here and written to ``utils/clinic/patients/<name>.npz``, arrays
only. Pictures come from the samples that are shipped. A patient takes some seconds.
"""

import argparse
import functools
import io
import zipfile
from dataclasses import dataclass, field, replace

from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np
from PIL import Image

from utils.csv_images import read_label_csv
from utils.paths import SAMPLES

SIDE = 32  # pixels; small networks on small pictures, so that a patient takes seconds
SHOWN = 12  # pictures of the first batch
PAIRS = 4  # validation pictures beside their nearest training picture
FOLDER = SAMPLES.parents[1] / "utils" / "clinic" / "patients"

# ---------------------------------------------------------------- pictures


@functools.cache
def pets(per_class):
    """Read the first cats and dogs of the sample.

    Returns:
        (pictures, labels): uint8 (2 per_class, 32, 32, 3), cats and dogs by turns, and int32.
    """
    pictures = []
    with zipfile.ZipFile(SAMPLES / "cats_vs_dogs.zip") as archive:
        for number in range(per_class):
            for kind in ("Cat", "Dog"):
                pictures.append(_small(archive, f"PetImages/{kind}/{number}.jpg", "RGB"))
    return np.stack(pictures), np.arange(2 * per_class, dtype=np.int32) % 2


@functools.cache
def hands(part, per_class, mode="RGB", side=SIDE):
    """Read hands that play rock, paper, scissors: the sample's part "rps" or "rps-test-set".

    Returns:
        (pictures, labels): uint8 (3 per_class, side, side, channels), and int32 in the sorted order
        of the names: paper, rock, scissors. They come by turns.
    """
    with zipfile.ZipFile(SAMPLES / "rock_paper_scissors.zip") as archive:
        files = sorted(name for name in archive.namelist() if name.startswith(f"{part}/"))
        kinds = [[f for f in files if f"/{kind}/" in f] for kind in ("paper", "rock", "scissors")]
        # Pictures are numbered person by person; even steps take some of everyone.
        kinds = [np.array(k)[np.linspace(0, len(k) - 1, per_class).astype(int)] for k in kinds]
        pictures = [_small(archive, name, mode, side) for turn in zip(*kinds) for name in turn]
    return np.stack(pictures), np.arange(3 * per_class, dtype=np.int32) % 3


@functools.cache
def fingers(file):
    """Read "train.csv" or "test.csv" of hands that count; as `utils.csv_images` gives them."""
    import tempfile

    with zipfile.ZipFile(SAMPLES / "finger_counting.zip") as archive:
        with tempfile.TemporaryDirectory() as folder:
            return read_label_csv(archive.extract(file, folder))


def _small(archive, name, mode, side=SIDE):
    with Image.open(io.BytesIO(archive.read(name))) as picture:
        pixels = np.asarray(picture.convert(mode).resize((side, side), Image.Resampling.BOX))
    return pixels if pixels.ndim == 3 else pixels[..., None]


# ---------------------------------------------------------------- networks


def small_network(shape, classes, *, rate=2e-3, dropout=0.0, activation="default", rescale=True):
    """Build and compile a network of two convolutions for pictures of 0-255.

    Args:
        shape: (height, width, channels).
        classes: their number; two give one sigmoid unit.
        rate: Adam's learning rate.
        dropout: rate of the dropout before the last layer.
        activation: of the last layer of several classes; "default" is none. The loss of several
            classes is always told from_logits=True.
        rescale: whether the network divides by 255 itself.

    Returns:
        keras.Model.
    """
    layers, two = keras.layers, classes == 2
    network = keras.Sequential(
        [
            keras.Input(shape),
            *([layers.Rescaling(1 / 255, name="rescaling")] if rescale else []),
            layers.Conv2D(12, 3, activation="relu", name="conv_1"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(24, 3, activation="relu", name="conv_2"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(32, activation="relu", name="dense"),
            *([layers.Dropout(dropout, name="dropout")] if dropout else []),
            layers.Dense(1, activation="sigmoid", name="answer")
            if two
            else layers.Dense(
                classes, None if activation == "default" else activation, name="answer"
            ),
        ]
    )
    loss = (
        keras.losses.BinaryCrossentropy()
        if two
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    network.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"], steps_per_execution=8)
    return network


# ---------------------------------------------------------------- an examination


@dataclass(frozen=True)
class Case:
    """All that decides what becomes of a network; a patient and its mended twin differ in little.

    Attributes:
        names: the classes, in the order of the labels.
        training, validation: (uint8 pictures, int32 labels).
        build: function without arguments that gives the compiled network.
        epochs: how long it is trained.
        prepare: what the learner does to pictures before they are given to the network.
        names_as_written: the classes in the order in which the learner lists them.
        asks_in_training_mode: whether predictions come from ``network(x, training=True)``.
        shuffles_predictions: whether the set that is predicted is shuffled.
        pretrained: names of layers that come trained.
    """

    names: tuple
    training: tuple
    validation: tuple
    build: object
    epochs: int = 10
    prepare: object = field(default=np.float32)
    names_as_written: tuple = ()
    asks_in_training_mode: bool = False
    shuffles_predictions: bool = False
    pretrained: tuple = ()


def examine(case, seed=0):
    """Train a network and measure all that the clinic's tests show.

    Returns:
        dict of arrays, as `utils.clinic` reads them.
    """
    keras.utils.set_random_seed(seed)
    network = case.build()
    (pictures, labels), (new, new_labels) = case.training, case.validation
    x, new_x = case.prepare(pictures), case.prepare(new)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    loss_before = network.evaluate(x, labels, verbose=0)[0]
    history = network.fit(
        x, labels, validation_data=(new_x, new_labels), epochs=case.epochs, verbose=0
    ).history

    rng = np.random.default_rng(seed)
    passes = np.stack([np.arange(len(new))] * 2)
    if case.shuffles_predictions:
        passes = np.stack([rng.permutation(len(new)) for _ in range(2)])
    written = case.names_as_written or case.names
    columns = [written.index(name) for name in case.names] if len(case.names) > 2 else [0]
    first = rng.permutation(len(x))[:SHOWN]

    def answer(some):
        """Answers (n, k), in the columns where the learner looks for them."""
        given = network(some, training=True) if case.asks_in_training_mode else network(some)
        return np.asarray(given)[:, columns]

    ids, new_ids = _ids(pictures), _ids(new)
    return {
        "class_names": np.array(case.names),
        **{key: np.array(values, np.float32) for key, values in history.items()},
        "loss_before": np.float32(loss_before),
        "batch": _at_first_convolution(network, x[first]),
        "batch_names": np.array(written)[labels[first]],
        "batch_truth": np.array(case.names)[labels[first]],
        "labels": new_labels.astype(np.int8),
        "predictions": _probabilities(answer(new_x[passes[0]])),
        "twice": np.stack([_probabilities(answer(new_x[:SHOWN])) for _ in range(2)]),
        "passes": passes.astype(np.int16),
        "counts": np.stack(
            [np.bincount(y, minlength=len(case.names)) for y in (labels, new_labels)]
        ),
        "training_ids": ids,
        "validation_ids": new_ids,
        **_nearest(pictures, new, np.isin(new_ids, ids)),
        "outputs": np.asarray(network(new_x[:3]))[:, columns],
        "compiled_loss": np.array(_loss_in_words(network)),
        **_movements(network, before, case.pretrained),
        "architecture": np.array(network.to_json()),
        **{f"weight_{i:02}": w.astype(np.float16) for i, w in enumerate(network.get_weights())},
    }


def _ids(pictures):
    """A number for each picture, the same for the same pixels: uint64 (n,)."""
    import hashlib

    digests = [hashlib.sha256(picture.tobytes()).digest()[:8] for picture in pictures]
    return np.frombuffer(b"".join(digests), np.uint64)


def _at_first_convolution(network, x):
    """What the first convolution gets: float16 (n, height, width, channels)."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            return np.asarray(x, np.float16)
        x = layer(x)
    raise ValueError("The network has no convolution.")


def _probabilities(outputs):
    """Answers as probabilities; those of a last layer without activation go through softmax."""
    one = outputs.shape[1] == 1 or np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    return outputs if one else np.asarray(keras.ops.softmax(outputs))


def _nearest(pictures, new, is_twin):
    """The nearest training picture of a few validation pictures, twins among them as their share is."""
    twins = round(PAIRS * is_twin.mean())
    chosen = [*np.flatnonzero(is_twin)[:twins], *np.flatnonzero(~is_twin)[: PAIRS - twins]]
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    far = [np.abs(flat - new[i].reshape(-1)).mean(axis=1) for i in chosen]  # grey values
    return {
        "pairs": np.stack([new[chosen], pictures[[d.argmin() for d in far]]]),
        "pair_distances": np.array([d.min() for d in far], np.float32),
    }


def _loss_in_words(network):
    loss = network.loss
    told = "" if isinstance(loss, keras.losses.BinaryCrossentropy) else "from_logits=True"
    return f"{type(loss).__name__}({told})"


def _movements(network, before, pretrained):
    """How far the weights of each layer that has some have moved, relative to their length."""
    layers = [layer for layer in network.layers if layer.get_weights()]
    flat = [np.concatenate([w.ravel() for w in layer.get_weights()]) for layer in layers]
    start = [np.concatenate([w.ravel() for w in before[layer.name]]) for layer in layers]
    change = [np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in zip(start, flat, strict=True)]
    return {
        "layer_names": np.array([layer.name for layer in layers]),
        "layer_pretrained": np.array([layer.name in pretrained for layer in layers]),
        "layer_change": np.array(change, np.float32),
    }


# ---------------------------------------------------------------- the patients

PETS = ("cat", "dog")


def leak():
    """Validation pictures are drawn from all pictures, those for training among them."""
    pictures, labels = pets(260)
    training, rest = slice(0, 320), slice(320, 520)
    chosen = np.random.default_rng(0).permutation(len(pictures))[:200]
    mended = Case(
        PETS,
        (pictures[training], labels[training]),
        (pictures[rest], labels[rest]),
        lambda: small_network((SIDE, SIDE, 3), 2),
        epochs=15,
    )
    return replace(mended, validation=(pictures[chosen], labels[chosen])), mended


# name: (illness, what it was trained for, function that gives (patient, mended twin))
PATIENTS = {
    "week1_1": ("training pictures in validation", "cats and dogs", leak),
}


def make(name):
    """Train a patient and its mended twin.

    Returns:
        (dict of arrays, dict of arrays): the evidence of the patient as it is shipped, and that of
        its twin, of which the patient keeps the history and the accuracy.
    """
    illness, about, cases = PATIENTS[name]
    sick, mended = (examine(case) for case in cases())
    sick |= {"illness": np.array(illness), "about": np.array(about)}
    kept = ("loss", "accuracy", "val_loss", "val_accuracy", "predictions", "labels")
    return sick | {f"mended_{key}": mended[key] for key in kept}, mended


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
