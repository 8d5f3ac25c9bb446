"""Checkpoints that are complete or not there at all, and how a training begins or goes on.

A checkpoint is an ordinary `.keras` file, network and optimizer, whose name says how far training
had come. It was written in full before it got that name. Only process 0 reads and writes them.
"""

import json
import os
import re
import sys
import zipfile
import zlib
from contextlib import contextmanager
from uuid import uuid4

import keras
import numpy as np

from scale import cluster

KEPT = 2  # the newest ones
NAME = re.compile(r"epoch-(\d+)-step-(\d+)\.keras")
SETTINGS = "settings.json"
# What a damaged file makes Keras raise. Not RuntimeError: a card that has no memory left raises it.
DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def found(run):
    """List the checkpoints of a run.

    Args:
        run: its folder, a Path.

    Returns:
        dict from (epoch, step) to the file, the newest first: so many epochs, and so many steps
        of the next one, were done.
    """
    names = {file: NAME.fullmatch(file.name) for file in run.glob("epoch-*.keras")}
    places = {(int(m[1]), int(m[2])): file for file, m in names.items() if m}
    return dict(sorted(places.items(), reverse=True))


def save(run, model, epoch, step):
    """Write a checkpoint, and remove those before the last two.

    Args:
        run: folder, a Path.
        model: compiled keras.Model.
        epoch: epochs that are done.
        step: steps of the next epoch that are done.

    Raises:
        OSError: the disk is full, or not to be written to; the checkpoints before stay.
    """
    complete = run / f"epoch-{epoch:04}-step-{step:07}.keras"
    unfinished = run / f"unfinished-{complete.name}"
    with _by_itself():
        model.save(unfinished)
    # On the disk before the name says so; Windows wants the file open for writing for that.
    with unfinished.open("r+b") as stream:
        os.fsync(stream.fileno())
    os.replace(unfinished, complete)
    for file in list(found(run).values())[KEPT:]:
        file.unlink()


def begin(run, settings):
    """Write down what a run trains, or check that it is what it was.

    Args:
        run: folder, a Path; it is made.
        settings: dict that JSON can hold.

    Raises:
        ValueError: the folder holds a run with other settings.
    """
    run.mkdir(parents=True, exist_ok=True)
    for left in run.glob("unfinished-epoch-*"):  # by a process that was killed
        left.unlink()
    file = run / SETTINGS
    if not file.exists():
        unfinished = run / f"unfinished-{uuid4()}.json"  # others may do the same right now
        unfinished.write_text(json.dumps(settings, indent=1), encoding="utf-8")
        os.replace(unfinished, file)
    compare(run, settings)


def compare(run, settings):
    """Check that a run is what it was; this only reads.

    Args:
        run: folder, a Path.
        settings: dict that JSON can hold.

    Raises:
        FileNotFoundError: nobody has written down what the folder holds.
        ValueError: it holds a run with other settings.
    """
    before = json.loads((run / SETTINGS).read_text(encoding="utf-8"))
    if other := [name for name in settings | before if settings.get(name) != before.get(name)]:
        told = ", ".join(f"{n}: {before.get(n)} there, {settings.get(n)} now" for n in other)
        raise ValueError(f"{run} holds a run with other settings ({told}). Choose another folder.")


def restore(run, model, rank):
    """Bring a network and its optimizer to where the newest checkpoint was, in every process.

    Without one, all get the first weights of process 0.

    Args:
        run: folder, a Path.
        model: compiled keras.Model, the same in every process.
        rank: number of this process.

    Returns:
        (epochs that are done, steps of the next one that are done).
    """
    model.optimizer.build(model.trainable_variables)
    variables = _written(model)
    values = [np.asarray(variable) for variable in variables]
    at = (0, 0)
    if rank == 0:
        at, values = _newest(run, values)
    *values, at = cluster.shared([*values, np.array(at)])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return int(at[0]), int(at[1])


def _written(model):
    """Variables that a file holds: not how far random numbers have come, which Keras leaves out."""
    random = seeds(model)
    return [
        v
        for v in model.variables + model.optimizer.variables
        if all(v is not one for one in random)
    ]


def seeds(model):
    """States of the random numbers of a network's layers: uint32 variables (2,), seed and count."""
    return [v for v in model.variables if v.path.endswith("seed_generator_state")]


def _newest(run, first):
    """Position and values of the newest checkpoint that can be read, else ((0, 0), first)."""
    for at, file in found(run).items():
        try:
            with _by_itself():
                model = keras.models.load_model(file)
        except DAMAGED as error:
            print(f"{file} cannot be read, so the one before it counts: {error}", file=sys.stderr)
            continue
        return at, [np.asarray(variable) for variable in _written(model)]
    return (0, 0), first


@contextmanager
def _by_itself():
    """Let this process make variables of its own: otherwise it would wait for all to do the same.

    Keras makes some both when it loads a network and, for comparison, when it saves one.
    """
    everywhere = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(everywhere)
