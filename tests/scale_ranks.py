"""Real processes for test_scale.py, under JAX: ``python tests/scale_ranks.py OUT PICTURES``.

Python and its packages are started once; every process of every run below is a fork of that, before
JAX itself has started, which saves most of the time. What came of it goes to `OUT/report.json`.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
# Quick to compile; the few pictures do not notice.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from one_step import one_step  # noqa: E402

from scale import extract, models, processes, shards, train  # noqa: E402

# isort: split
import keras  # noqa: E402

OUT, PICTURES = map(Path, sys.argv[1:])
TOO_LONG = 200  # seconds


def little(*_):
    """A network that is compiled in a moment, with dropout: its random numbers count, too."""

    def build():
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                layers.Rescaling(1 / 255),
                layers.Flatten(),
                layers.Dropout(0.2),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    def frozen():
        # What it sees in a picture are its first four numbers.
        dense = keras.layers.Dense(4, kernel_initializer="identity")
        return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), dense])

    return models.Network((8, 8), 1e-2, build, frozen if "frozen" in _ else None)


def write_down(run, rank):
    """Let `train` tell which pictures it reads, and what the weights are after every epoch."""
    own_batches, batches, digest = shards.own_batches, shards.batches, train.digest

    def note(**what):
        with (run / f"rank-{rank}.jsonl").open("a") as file:
            file.write(json.dumps(what) + "\n")

    def noting_own(read, labels, *rest):
        held = []
        part = own_batches(lambda own: held.extend(own.tolist()) or read(own), labels, *rest)

        def noting(epoch, first=0):
            shards.batches = lambda take, labels, places: (
                note(
                    epoch=epoch,
                    read=[[held[p] for p in row if p >= 0] for row in places.T.tolist()],
                )
                or batches(take, labels, places)
            )
            return part(epoch, first)

        return noting

    def noting_digest(model):
        note(digest=digest(model))
        return digest(model)

    shards.own_batches, train.digest = noting_own, noting_digest


def die_within(epoch, step):
    """Let this process be killed, as by `kill -9`, after some steps of an epoch."""

    class Dying(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch + 1 == step:
                os.kill(os.getpid(), signal.SIGKILL)

    fit = keras.Model.fit

    def mortal_fit(self, *data, initial_epoch, callbacks, **more):
        callbacks = [*callbacks, Dying()] if initial_epoch == epoch else callbacks
        return fit(self, *data, initial_epoch=initial_epoch, callbacks=callbacks, **more)

    keras.Model.fit = mortal_fit


def fork(work):
    if pid := os.fork():
        return pid
    try:
        work()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def wait(pids):
    """Exit codes, minus the signal's number for those that were killed."""
    until, codes = time.monotonic() + TOO_LONG, {}
    while len(codes) < len(pids):
        for pid in set(pids) - set(codes):
            if (done := os.waitpid(pid, os.WNOHANG))[0]:
                codes[pid] = os.waitstatus_to_exitcode(done[1])
        if time.monotonic() > until:
            for pid in set(pids) - set(codes):
                os.kill(pid, signal.SIGKILL)
            until += TOO_LONG
        time.sleep(0.02)
    return [codes[pid] for pid in pids]


def in_processes(number, work):
    """Do `work(rank)` in so many processes that can find each other; return their exit codes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

    def one(rank):
        known = {processes.ADDRESS: address, processes.PROCESSES: number, processes.RANK: rank}
        if number > 1:
            os.environ.update({name: str(value) for name, value in known.items()})
        work(rank)

    return wait([fork(lambda rank=rank: one(rank)) for rank in range(number)])


def training(run, number, dying=None, seeds=(1, 1, 1, 1), epochs=3):
    run.mkdir(exist_ok=True)

    def work(rank):
        models.network = little
        write_down(run, rank)
        if rank == dying:
            die_within(epoch=1, step=3)
        options = {"epochs": epochs, "batch_size": 8, "save_every": 2, "seed": seeds[rank]}
        train.train("little", run, PICTURES, **options)

    return in_processes(number, work)


def extracting(features, number, dying=None):
    def work(rank):
        models.network, extract.PART = lambda *_: little("frozen"), 4
        write = extract._write

        def mortal_write(*what):
            if rank == dying and list(features.glob(f"train/*{rank}.npy")):
                os.kill(os.getpid(), signal.SIGKILL)
            write(*what)

        extract._write = mortal_write
        counts = extract.extract("little", features, PICTURES)
        (features / f"counts-{rank}.json").write_text(json.dumps(counts))

    return in_processes(number, work)


def main():
    steps = fork(lambda: (OUT / "jax.json").write_text(json.dumps(one_step())))  # meanwhile
    report = {
        "one": training(OUT / "one", 1),
        "two": training(OUT / "two", 2),
        "four": training(OUT / "four", 4),
        "killed": training(OUT / "killed", 2, dying=1, epochs=2),  # and later one more
        "left": sorted(file.name for file in (OUT / "killed").glob("*.keras")),
        "resumed": training(OUT / "killed", 2),
        "apart": training(OUT / "apart", 2, seeds=(1, 2)),
        "extracting killed": extracting(OUT / "features", 2, dying=1),
        "extracted": [
            file.relative_to(OUT / "features").as_posix()
            for file in sorted((OUT / "features").rglob("0*.npy"))
        ],
        "extracting resumed": extracting(OUT / "features", 1),
        "one step": wait([steps]),
    }
    (OUT / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main()
