"""Before a network trains: would it hang a laptop?"""

import math
from unittest import mock

from utils.checks._judging import Mistake, result_of

MOST_WEIGHTS = 5_000_000  # with the optimizer's two memories per weight, 60 MB
MOST_OPERATIONS = 60_000_000  # multiplications per picture; week 1's network needs about 40 million


def affordable(build, *arguments, operations=MOST_OPERATIONS):
    """Build the learner's network, unless it would cost too much.

    A layer that asks for too many weights is stopped before it gets memory for them.

    Args:
        build: the learner's function that returns a network with a known input shape.
        *arguments: what it takes.
        operations: the most multiplications a picture may cost.

    Returns:
        keras.Model.

    Raises:
        Mistake: "too-large", "nothing-left", "not-a-network" or "no-input-shape".
    """
    from utils import quiet  # noqa: F401

    # isort: split
    import keras

    asked = 0
    add_weight = keras.layers.Layer.add_weight

    def counting(layer, shape=None, *others, **options):
        nonlocal asked
        asked += math.prod(shape or ())
        if asked > MOST_WEIGHTS:
            raise _too_large(f"has at least {asked:,} weights; {MOST_WEIGHTS:,} are the most")
        return add_weight(layer, shape, *others, **options)

    with mock.patch.object(keras.layers.Layer, "add_weight", counting):
        network = _built(build, arguments)
    if not isinstance(network, keras.Model):
        raise Mistake(
            "not-a-network",
            f"The function gave back something of type {type(network).__name__}, but a Keras "
            "network is asked for.",
            "that compile or fit gives the network back.",
            "Build the network, give it a name, and return that name at the end.",
        )
    if not network.built:
        raise Mistake(
            "no-input-shape",
            "The network does not know the shape of its input, so it has no weights yet.",
            "that a network's first layer knows the pictures before it has seen one.",
            "keras.Input, in the network of the week 1 lecture.",
        )
    if (cost := multiplications(network)) > operations:
        raise _too_large(f"costs {cost:,} multiplications a picture; {operations:,} are the most")
    return network


def _built(build, arguments):
    try:
        return result_of(build, *arguments)
    except ValueError as error:
        if "output size would be" in str(error):
            raise Mistake(
                "nothing-left",
                "Keras refuses a layer: its maps would have no pixel left.",
                "that what fits larger pictures fits these, too. Each pooling halves the maps, and "
                "a convolution without padding takes its border off.",
                "Follow the size of the maps from layer to layer with a pencil, as in section 7 of "
                "the week 1 lecture. How many halvings does this picture bear?",
            ) from error
        raise


def _too_large(what):
    return Mistake(
        "too-large",
        f"This network {what} for a laptop here. It was not trained.",
        "that a larger network is the safer choice.",
        "network.summary(): which layer costs most? How many numbers reach the first dense layer, "
        "and what makes them fewer?",
    )


def multiplications(network):
    """Count the multiplications that one picture costs in convolutions and dense layers.

    Args:
        network: a built keras.Model; layers whose output has no known shape count as nothing.

    Returns:
        int.
    """
    total = 0
    for layer in network.layers:
        if hasattr(layer, "layers"):
            total += multiplications(layer)
            continue
        shape = tuple(getattr(getattr(layer, "output", None), "shape", ()))[1:-1]
        if None not in shape:  # a kernel is applied once at every place of the output
            kernels = [w for w in layer.weights if "kernel" in w.name]
            total += math.prod(shape) * sum(math.prod(w.shape) for w in kernels)
    return total
