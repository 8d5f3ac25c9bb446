"""Train a lecture's network in one process or many, and go on after any of them was lost."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import atexit
import hashlib
import json
import time
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from filelock import FileLock, Timeout

from scale import checkpoints, cluster, extract, models, shards
from utils.hashes import sha256
from utils.pipelines import decode_files


def train(
    name,
    run,
    pictures=None,
    *,
    features=None,
    head=None,
    epochs=15,
    batch_size=32,
    seed=1,
    save_every=200,
    precision=None,
):
    """Train, from the newest checkpoint in `run` on; every process calls this alike.

    Process 0 prints a line for each epoch, adds it to `log.jsonl`, and writes a checkpoint. With
    the same seed and batch size any number of processes trains on the same batches.

    Args:
        name: a network; see `scale.models.network`.
        run: folder for checkpoints; process 0 alone needs it.
        pictures: folder with `train` and `validation`, each with the same two class folders; None
            for all cats and dogs, see `scale.shards.prepare`.
        features: folder that `scale.extract` filled, for a network on frozen features.
        head: file of the trained network of "week3" that "week3-tuned" begins with; for no other.
        epochs: to train in all.
        batch_size: pictures in a batch, those of all processes together.
        seed: decides the split of the cats and dogs, first weights, orders and dropout.
        save_every: steps between checkpoints within an epoch.
        precision: "float32" or "mixed_bfloat16"; None decides by the devices.

    Returns:
        dict with the numbers of the last epoch: `loss`, `accuracy`, `val_loss`,
        `val_accuracy`, `seconds` and others; empty if all epochs were done before.

    Raises:
        ValueError: an argument makes no sense, a head is missing or not wanted, a picture cannot be
            decoded, the run has other settings, or the processes do not have the same arguments,
            pictures or weights.
        FileNotFoundError: there are no such pictures or no such head, or parts of the features are
            missing.
        OSError: a disk is full, or not to be written to.
        RuntimeError: another training writes to `run`, or the other processes do not come.
    """
    if name == "week3-tuned" and not head:
        raise ValueError(
            "week3-tuned begins with a trained head: train week3 first, then give its last "
            "checkpoint as --head FILE."
        )
    if name != "week3-tuned" and head is not None:
        raise ValueError(f"{name} begins without a head: leave out --head, or train week3-tuned.")
    rank, processes = cluster.join()
    precision = precision or usual_precision(keras.distribution.list_devices())
    folder = Path(pictures) if pictures else shards.prepare(seed).train.parent
    sides = shards.sides(folder)
    settings = {
        "network": name,
        "seed": seed,
        "batch_size": batch_size,
        "precision": precision,
        "pictures": shards.digest(sides["train"][0]),
    }
    same = settings | {  # for all processes; another start of this run may have others
        "epochs": epochs,
        "save_every": save_every,
        "head": head and sha256(head),
        "validation": shards.digest(sides["validation"][0]),
    }
    cluster.agree(json.dumps(same), "settings and pictures")

    keras.utils.set_random_seed(seed)
    network = models.network(name, head and keras.models.load_model(head, compile=False))
    model = models.in_precision(network.build(), precision)
    models.compiled(model, network.learning_rate)
    training, validation = (
        shards.own_batches(
            reader(network, name, features, side, files), labels, batch_size, seed, rank, processes
        )
        for side, (files, labels) in sides.items()
    )
    steps = -(-len(sides["train"][1]) // batch_size)

    run, seen = Path(run), {}
    with alone(run, rank):
        if rank == 0:
            checkpoints.begin(run, settings)
        done, step = checkpoints.restore(run, model, rank)
        for epoch in range(done, epochs):
            start, worked = time.perf_counter(), time.process_time()
            draw_on(model, epoch * steps + step)
            callbacks = [Saving(run, epoch, step, steps, save_every)] if rank == 0 else []
            learnt = model.fit(
                training(epoch, first=step),
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=callbacks,
                verbose=0,
            ).history
            measured = model.evaluate(validation(None), return_dict=True, verbose=0)
            cluster.agree(digest(model), "weights")
            seen = {
                "epoch": epoch + 1,
                "loss": learnt["cross_entropy"][0],
                "accuracy": learnt["accuracy"][0],
                "val_loss": measured["cross_entropy"],
                "val_accuracy": measured["accuracy"],
                "seconds": round(time.perf_counter() - start, 2),
                "processor_seconds": round(time.process_time() - worked, 2),  # of this process
                "processes": processes,
            }
            if rank == 0:
                with (run / "log.jsonl").open("a", encoding="utf-8") as log:
                    log.write(json.dumps(seen) + "\n")
                checkpoints.save(run, model, epoch + 1, 0)
                print(in_words(seen), flush=True)
            step = 0
    return seen


def usual_precision(devices):
    """Say in which precision to compute: bfloat16 where there is hardware for it.

    >>> usual_precision(["cpu:0", "cpu:1"]), usual_precision(["gpu:0"])
    ('float32', 'mixed_bfloat16')
    """
    return "float32" if any(device.startswith("cpu") for device in devices) else "mixed_bfloat16"


def reader(network, name, features, side, files):
    """Say how a process comes by its own part: by decoding it, or from extracted features.

    Returns:
        A function from int64 numbers of pictures (n,) to a `take`; see `scale.shards.batches`.

    Raises:
        ValueError: the network needs features and there are none, or not those of these pictures.
        FileNotFoundError: parts of the features are missing.
    """

    def decoded(own):
        take, give_back = decode_files([files[number] for number in own], network.size)
        atexit.register(give_back)  # which keeps it, too: see `decode_files`
        return take

    if network.frozen is None:
        return decoded
    if features is None:
        raise ValueError(
            f"{name} learns from features: python -m scale extract {name} --features FOLDER first, "
            "then train with the same --features FOLDER."
        )
    return extract.reader(Path(features), side, name, files)


@contextmanager
def alone(run, rank):
    """Keep a second training out of the folder, for process 0."""
    if rank:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run / "run.lock", blocking=False):
            yield
    except Timeout as error:
        raise RuntimeError(
            f"Another training writes to {run}. Wait for its end, or choose another folder."
        ) from error


class Saving(keras.callbacks.Callback):
    """Write a checkpoint every so many steps within an epoch; its end has one in any case."""

    def __init__(self, run, epoch, first, steps, every):
        super().__init__()
        self.run, self.epoch, self.first, self.steps, self.every = run, epoch, first, steps, every

    def on_train_batch_end(self, batch, logs=None):
        done = self.first + batch + 1
        if done % self.every == 0 and done < self.steps:
            self.model.jax_state_sync()  # during `fit` the weights are elsewhere
            checkpoints.save(self.run, self.model, self.epoch, done)


def draw_on(model, step):
    """Let dropout draw as it does after so many steps, wherever this process began.

    A layer draws once a step and counts that, but Keras writes no count into its files.
    """
    for state in checkpoints.seeds(model):
        seed, _ = np.asarray(state)
        state.assign(np.array([seed, step], np.uint32))


def digest(model):
    """Digest of all weights: hexadecimal text."""
    found = hashlib.sha256()
    for variable in model.variables:
        found.update(np.ascontiguousarray(variable).tobytes())
    return found.hexdigest()


def in_words(seen):
    return (
        f"epoch {seen['epoch']}: loss {seen['loss']:.3f}, accuracy {seen['accuracy']:.1%}; "
        f"validation loss {seen['val_loss']:.3f}, accuracy {seen['val_accuracy']:.1%}; "
        f"{seen['seconds']:.1f} s"
    )
