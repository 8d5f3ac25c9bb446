"""Does a network learn: what its loss charges, its metrics count, a dozen steps change."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import numpy as np

from utils.checks._judging import Mistake

LEAST_CHANGE = 3e-4  # of the weights in 12 steps; Adam(1e-4) makes some 1e-2, Adam(1e-6) 1e-4


def refuse_same_network(first, second):
    """Refuse two networks, of two calls of the learner's function, that share weights.

    Raises:
        Mistake: "same-network".
    """
    if {id(one) for one in first.weights} & {id(one) for one in second.weights}:
        raise Mistake(
            "same-network",
            "Two calls gave networks with the same weights: whoever trains one trains both.",
            "that a function which hands back a network makes one. It only does if the layers are "
            "made inside; what stands outside is made once.",
            "What is made anew when your function is called, and what stands before its def?",
        )


def refuse_squeezed_logits(extreme, section):
    """Refuse answers that are no probabilities, and still cannot take any value.

    Args:
        extreme: answers of the network with large weights of either sign, of any shape.
        section: where the course says what such an answer is.

    Raises:
        Mistake: "squeezed-logits".
    """
    low, high = extreme.min(), extreme.max()
    if low >= 0 or np.abs(extreme).max() <= 1 + 1e-5:
        raise Mistake(
            "squeezed-logits",
            "The answers are no probabilities. But whatever the weights are, they lie between "
            f"{low:.3g} and {high:.3g}.",
            "that every layer is better with an activation. At the end it takes something away: an "
            "answer that stands for a number from minus to plus infinity has to get there.",
            f"The activation of your last layer, and {section}.",
        )


def price(network, labels, answers):
    """What a network's loss charges for answers, whatever it charges for large weights besides.

    Args:
        network: compiled keras.Model.
        labels, answers: arrays with one row for each picture.

    Returns:
        float; NaN if the loss cannot be computed of such shapes.
    """
    try:
        whole = float(network.compute_loss(x=None, y=labels, y_pred=answers))
    except Exception:  # each backend words it in its own way
        return float("nan")
    return whole - sum(float(np.sum(of_weights)) for of_weights in network.losses)


def refuse_other_accuracy(network, cases):
    """Refuse a network whose metric `accuracy` is missing, or counts something else.

    Args:
        network: compiled keras.Model.
        cases: list of (what they are, in a sentence's beginning, labels, answers, share that is
            right).

    Raises:
        Mistake: "no-accuracy" or "accuracy-does-not-fit".
    """
    for told, labels, answers, wanted in cases:
        found = _metrics(network, labels, answers)
        if found is not None and "accuracy" not in found:
            raise Mistake(
                "no-accuracy",
                f"While it trains, the network reports {', '.join(found) or 'nothing'}.",
                "that accuracy is always reported, or can be read off the loss: 0.12 is not 88 %.",
                "metrics, where the lecture compiles its network.",
            )
        if found is None or abs(found["accuracy"] - wanted) > 1e-6:
            says = "stops with an error" if found is None else f"says {found['accuracy']:.0%}"
            raise Mistake(
                "accuracy-does-not-fit",
                f"{told}: {wanted:.0%} of them are right, but the network's metric {says}.",
                "that whatever is called accuracy sees by itself how labels and answers are "
                "written: as 0 and 1, whole numbers, probabilities, or logits.",
                "The accuracy metrics in Keras's documentation: what does each compare, from which "
                "threshold on?",
            )


def _metrics(network, labels, answers):
    """Return what the metrics count, by name; None if they cannot."""
    network.reset_metrics()
    try:
        return {
            name: float(value)
            for name, value in network.compute_metrics(None, labels, answers).items()
        }
    except Exception:  # of a metric for other shapes
        return None
    finally:
        network.reset_metrics()


def learnt(network, pictures, labels, told):
    """Train a network for 12 steps; refuse it if it does not learn.

    Args:
        network: compiled keras.Model.
        pictures, labels: one batch.
        told: what the pictures show, in a few words.

    Returns:
        (float, float): the loss before and after, with nothing dropped out.

    Raises:
        Mistake: "frozen", "hardly-learns" or "learns-nothing".
    """
    kernels = [one for one in network.weights if one.name.endswith("kernel")]
    were = [np.asarray(one).copy() for one in kernels]
    before = _loss(network, pictures, labels)
    network.run_eagerly = True  # quicker for so few steps than to make a graph
    for _ in range(12):
        network.train_on_batch(pictures, labels)
    after = _loss(network, pictures, labels)
    moved = [_relative_change(was, np.asarray(k)) for was, k in zip(were, kernels, strict=True)]
    still = [one.path for one, change in zip(kernels, moved, strict=True) if change == 0]
    if still:
        raise Mistake(
            "frozen",
            f"After 12 steps, the weights of {len(still)} of {len(kernels)} layers are exactly "
            f"what they were before: {', '.join(still)[:60]}.",
            "that a layer which takes no part in training does no harm. It keeps what chance gave "
            "it.",
            "trainable, in Keras's documentation of layers.",
        )
    if max(moved) < LEAST_CHANGE:
        raise Mistake(
            "hardly-learns",
            f"After 12 steps, the weights have changed by {max(moved):.4%} of their size.",
            "that small steps are the careful choice. With such steps, no patience is enough.",
            "learning_rate in the documentation of your optimizer: what is its default?",
        )
    if not after < before - 1e-5:
        raise Mistake(
            "learns-nothing",
            f"{told}: the loss was {before:.3f}, after 12 steps {after:.3g}.",
            "that a larger learning rate only makes learning quicker. Steps that are too large "
            "land farther away.",
            "learning_rate in the documentation of your optimizer: what is its default?",
        )
    return before, after


def _relative_change(before, after):
    before, after = before.astype(float), after.astype(float)
    return float(np.linalg.norm(after - before) / max(np.linalg.norm(before), 1e-9))


def _loss(network, pictures, labels):
    """The loss as training sees it, but for dropout.

    Not as it is in use: there, the running averages of BatchNormalization lag behind for hundreds
    of steps, and a network that learns well may do worse and worse.
    """
    dropouts = [layer for layer in network._flatten_layers() if hasattr(layer, "rate")]
    rates = [layer.rate for layer in dropouts]
    try:
        for layer in dropouts:
            layer.rate = 0
        answers = network(pictures, training=True)
        return float(network.compute_loss(x=None, y=labels, y_pred=answers))
    finally:
        for layer, rate in zip(dropouts, rates, strict=True):
            layer.rate = rate
