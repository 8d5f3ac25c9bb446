"""The processes of one training find each other, share, and agree.

Under JAX one process uses all graphics cards of its machine, so there is one for each machine.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import hashlib
import os

import keras
import numpy as np
import tensorflow as tf

from scale.processes import ADDRESS, place

MISSING = 300  # seconds to wait for the others at the start
SILENCE = 60  # seconds without a sign of life after which a process counts as lost


def join():
    """Find the other processes, and let Keras divide every batch among all devices of all.

    A process that is lost ends the others, after `SILENCE` at the latest: a step needs them all.

    Returns:
        (rank, processes): from 0, and how many there are.

    Raises:
        ValueError: Keras does not run on JAX, or `place` finds that the variables make no sense.
        RuntimeError: the others do not come.
    """
    rank, processes = place()
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()}, and several machines need JAX: set "
            "KERAS_BACKEND=jax before Python starts, or use python -m scale, which does."
        )
    import jax

    leave_cards_to_jax()
    if processes > 1:
        # keras.distribution.initialize does the same, but would wait for minutes for a process
        # that is lost, at its end once more.
        jax.distributed.initialize(
            os.environ[ADDRESS],
            processes,
            rank,
            cluster_detection_method="deactivate",  # under Slurm it would take one card of many
            initialization_timeout=MISSING,
            heartbeat_timeout_seconds=SILENCE,
            shutdown_timeout_seconds=SILENCE,
        )
    # Each process brings its own part of a batch, so Keras must not divide that again.
    parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(parallel)
    return rank, processes


def leave_cards_to_jax():
    """Keep TensorFlow, which reads the pictures, from taking the memory of graphics cards."""
    if keras.backend.backend() == "jax":
        tf.config.set_visible_devices([], "GPU")


def shared(arrays):
    """Give every process the arrays of process 0.

    Args:
        arrays: list of NumPy arrays; those of other processes only say shapes and types.

    Returns:
        list of NumPy arrays, the same in every process.
    """
    from jax.experimental import multihost_utils

    return [np.asarray(one) for one in multihost_utils.broadcast_one_to_all(arrays)]


def agree(text, what):
    """Check that every process has the same text.

    Args:
        text: str.
        what: what the message calls it.

    Raises:
        ValueError: another process has another one.
    """
    from jax.experimental import multihost_utils

    own = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
    everybodys = multihost_utils.process_allgather(own).reshape(-1, len(own))
    if not (everybodys == own).all():
        raise ValueError(f"The processes do not have the same {what}. Start them all alike.")
