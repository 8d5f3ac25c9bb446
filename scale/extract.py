"""What a frozen network sees in the pictures, computed once, by any number of processes.

The pictures are cut into parts, each with a file of its own; process r of n computes the parts
r, r + n, r + 2n, … that are not there yet. Processes need not know of each other: whichever is
lost, the same command computes what is missing, with any number of processes.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import os
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from scale import checkpoints, cluster, models, shards
from scale.processes import place
from utils.backbones import PRETRAINED, SHIPPED
from utils.hashes import sha256
from utils.pipelines import decode_files

PART = 512  # pictures in a file
BATCH = 32


def extract(name, features, pictures=None, seed=1):
    """Compute this process's share of the features that are missing.

    Args:
        name: a network that learns from features; see `scale.models.network`.
        features: folder to fill: `settings.json`, and in `train` and `validation` a file for each
            part, float32 (pictures, …) in the order of `scale.shards.listed`.
        pictures: folder with `train` and `validation`, each with the same two class folders; None
            for all cats and dogs.
        seed: decides the split of the cats and dogs.

    Returns:
        (parts computed now, parts of this process that were there).

    Raises:
        ValueError: the network does not learn from features, the two sides do not hold the same two
            classes, a picture cannot be decoded, or the folder holds features of other pictures or
            of another network.
        FileNotFoundError: there are no such pictures.
        OSError: the disk is full, or not to be written to.
    """
    rank, processes = place()
    cluster.leave_cards_to_jax()
    network = models.network(name)
    if network.frozen is None:
        raise ValueError(f"{name} learns from pictures: there are no features to extract for it.")
    folder = Path(pictures) if pictures else shards.prepare(seed).train.parent
    sides = shards.sides(folder)
    features, frozen = Path(features), network.frozen()
    computed = there = 0
    for side, (files, _) in sides.items():
        checkpoints.begin(features / side, _settings(name, files))
        for part in range(rank, -(-len(files) // PART), processes):
            file = features / side / f"{part:06}.npy"
            if file.exists():
                there += 1
                continue
            _write(file, _seen(files[part * PART :][:PART], network.size, frozen))
            computed += 1
    return computed, there


def reader(features, side, name, files):
    """Say how to get features of some of the pictures; nothing is written.

    Args:
        features: folder that `extract` filled, a Path.
        side: "train" or "validation".
        name: the network that learns from them.
        files: list of str, all pictures of this side.

    Returns:
        A function from int64 numbers of pictures (n,), sorted, to a `take`; see
        `scale.shards.batches`.

    Raises:
        FileNotFoundError: parts are missing.
        ValueError: these are features of other pictures or for another network.
    """
    parts = [features / side / f"{part:06}.npy" for part in range(-(-len(files) // PART))]
    if missing := [part for part in parts if not part.exists()]:
        raise FileNotFoundError(
            f"{len(missing)} of {len(parts)} parts are missing in {features / side}. This computes "
            f"them: python -m scale extract {name} --features {features}"
        )
    checkpoints.compare(features / side, _settings(name, files))

    def read(own):
        rows = [
            np.load(parts[part], mmap_mode="r", allow_pickle=False)[own[own // PART == part] % PART]
            for part in np.unique(own // PART)
        ]
        with tf.device("CPU"):
            rows = tf.constant(np.concatenate(rows))
        return lambda chosen: tf.gather(rows, chosen)

    return read


def _settings(name, files):
    return {
        "network": name,
        "pictures": shards.digest(files),
        "weights": sha256(PRETRAINED / f"{SHIPPED}.keras")[:16],
        "part": PART,
        "keras": keras.__version__,
    }


def _seen(files, size, frozen):
    take, give_back = decode_files(files, size)
    try:
        batches = np.array_split(np.arange(len(files)), range(BATCH, len(files), BATCH))
        rows = [frozen.predict_on_batch(np.asarray(take(some), np.float32)) for some in batches]
    finally:
        give_back()
    return np.concatenate(rows).astype(np.float32)


def _write(file, rows):
    unfinished = file.with_name(f"unfinished-{file.name}")
    with unfinished.open("wb") as stream:
        np.save(stream, rows)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, file)
