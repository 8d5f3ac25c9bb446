"""Which process reads which pictures, and when.

The pictures are dealt, once, like cards on as many piles as a batch has places. In each epoch
every pile is shuffled by itself, and batch *t* takes the *t*-th picture of every pile. A process
owns some of the piles: it reads its own files and no others, in all epochs. The batches as a whole
are the same for one process as for four, because nothing here but `own_rows` knows how many there
are: a training that four processes began can go on with two.
"""

import hashlib
from pathlib import Path

import numpy as np
from filelock import FileLock

from utils import datasets, splits
from utils.paths import DATA
from utils.splits import pictures_by_class

NOBODY = -1  # a place in the last batch for which no picture is left


# ---------------------------------------------------------------- orders: numbers only


def deal(number, batch_size, seed):
    """Deal pictures on piles, one for each place in a batch.

    >>> deal(5, 2, seed=1).shape, int((deal(5, 2, seed=1) == NOBODY).sum())
    ((2, 3), 1)

    Args:
        number: how many pictures there are.
        batch_size: pictures in a batch, those of all processes together.
        seed: decides which picture lies on which pile.

    Returns:
        int64 (batch_size, batches): a pile in each row, each picture's number once, and `NOBODY`
        at the end of some rows where the last batch is not full.

    Raises:
        ValueError: there are fewer pictures than places.
    """
    if number < batch_size:
        raise ValueError(
            f"{number} pictures do not fill one batch of {batch_size}: take a smaller batch size."
        )
    batches = -(-number // batch_size)
    cards = np.full(batches * batch_size, NOBODY)
    cards[:number] = np.random.default_rng(seed).permutation(number)
    return cards.reshape(batches, batch_size).T


def shuffled(piles, seed, epoch):
    """Shuffle every pile by itself.

    Args:
        piles: what `deal` returns, or some of its rows with `NOBODY` at their ends.
        seed: decides the orders, with `epoch` and the pictures on a pile, and nothing else does.
        epoch: number of the epoch, from 0.

    Returns:
        The piles in a new order, int64 of the same shape; `NOBODY` stays at the end.
    """
    piles = piles.copy()
    for pile in piles:
        cards = pile[pile != NOBODY]
        pile[: len(cards)] = np.random.default_rng([seed, epoch, cards.min()]).permutation(cards)
    return piles


def own_rows(rank, processes, batch_size):
    """Say which piles, rows of what `deal` returns, belong to a process.

    >>> own_rows(1, 4, 32)
    slice(8, 16, None)

    Raises:
        ValueError: the places of a batch cannot be divided evenly.
    """
    if batch_size % processes:
        raise ValueError(
            f"A batch of {batch_size} cannot be divided among {processes} processes: take a "
            "multiple of their number."
        )
    share = batch_size // processes
    return slice(rank * share, (rank + 1) * share)


# ---------------------------------------------------------------- pictures


def prepare(seed=1):
    """Get the cats and dogs ready: fetched, verified, split 4 : 2 : 1, all of them.

    COURSE_DATA, COURSE_MIRROR and COURSE_DATA_DIR apply as in the lectures. Processes on one disk
    wait for each other here; the split is the same on every machine.

    Args:
        seed: decides the split.

    Returns:
        `utils.splits.Split`.
    """
    DATA.mkdir(exist_ok=True)
    with FileLock(DATA / "scale.lock"):
        pets = datasets.fetch("cats_vs_dogs")
        return splits.split_directory(
            pets.directory, DATA / "splits" / f"cats_vs_dogs-{pets.source}-all-{seed}", seed=seed
        )


def listed(folder):
    """List the pictures of a folder of class folders.

    Returns:
        (files, labels): a list of str, class by class in sorted order, and int32 (n,).
    """
    classes = pictures_by_class(folder)
    files = [str(file) for files in classes.values() for file in files]
    counts = [len(files) for files in classes.values()]
    return files, np.repeat(np.arange(len(classes), dtype=np.int32), counts)


def sides(folder):
    """List the pictures to learn from and those to measure with.

    Args:
        folder: a Path, with `train` and `validation`.

    Returns:
        dict from "train" and "validation" to what `listed` returns.

    Raises:
        FileNotFoundError: one of the folders is missing.
        ValueError: they do not hold the same two classes.
    """
    found = {side: listed(folder / side) for side in ("train", "validation")}
    train, validation = (
        sorted({Path(file).parent.name for file in files}) for files, _ in found.values()
    )
    if len(train) != 2 or train != validation:  # one probability says which of two it is
        raise ValueError(
            f"{folder} should hold the same two class folders in train and in validation, not "
            f"{', '.join(train)} in train and {', '.join(validation)} in validation."
        )
    return found


def digest(files):
    """Digest of the pictures' names and classes, in their order: the same on every machine."""
    names = "\n".join("/".join(file.replace("\\", "/").split("/")[-2:]) for file in files)
    return hashlib.sha256(names.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- batches


def batches(take, labels, places):
    """Make the batches of one epoch, or of the rest of one.

    Args:
        take: function from int64 places (n,) to pictures (n, height, width, 3) or features
            (n, channels), such as `utils.pipelines.decode_files` returns.
        labels: int32, in the order of what `take` takes.
        places: int64 (places in a batch, batches): what to take, `NOBODY` for nothing.

    Returns:
        `tf.data.Dataset` of (x, label, weight): float32 (places, …), int32 (places, 1) and float32
        (places,).
        Every batch has the same shape. Where there is no picture the weight is 0, otherwise 1.
    """
    import tensorflow as tf

    def finish(chosen):
        weight = tf.cast(chosen != NOBODY, tf.float32)
        chosen = tf.maximum(chosen, 0)
        return tf.cast(take(chosen), tf.float32), tf.gather(labels, chosen)[:, None], weight

    return (
        tf.data.Dataset.from_tensor_slices(places.T)
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def own_batches(read, labels, batch_size, seed, rank, processes):
    """Read what lies on a process's piles, and make its part of every batch.

    Args:
        read: function from int64 numbers of pictures (n,), sorted, to a `take` for these; see
            `batches`. It is called once.
        labels: int32 (number of all pictures,).
        batch_size: pictures in a batch, those of all processes together.
        seed: decides the piles and the orders.
        rank: number of this process, from 0.
        processes: how many there are.

    Returns:
        A function `(epoch, first=0)` to the process's part of the batches, as `batches` makes
        them, from number `first` on; epoch None is for measuring: always the same order.

    Raises:
        ValueError: the batch size does not fit; see `deal` and `own_rows`.
    """
    piles = deal(len(labels), batch_size, seed)[own_rows(rank, processes, batch_size)]
    own = np.sort(piles[piles != NOBODY])
    take, own_labels = read(own), labels[own]

    def part(epoch, first=0):
        numbers = piles if epoch is None else shuffled(piles, seed, epoch)
        places = np.where(numbers == NOBODY, NOBODY, np.searchsorted(own, numbers))
        return batches(take, own_labels, places[:, first:])

    return part
