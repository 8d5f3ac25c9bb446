"""What the checks of several weeks ask of a network: its answers, its loss, what a step changes."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
from functools import lru_cache

import keras
import numpy as np

from utils import backbones
from utils.checks._guard import MOST_WEIGHTS
from utils.checks._judging import Mistake
from utils.checks._learning import price


def network_from(built, function):
    """Refuse what is no network of a size that can be trained here.

    Args:
        built: what the learner's function returned.
        function: its name.

    Returns:
        keras.Model: `built`.
    """
    if built is None:
        raise Mistake(
            "returns-nothing",
            f"{function} returned None.",
            "that a function hands back what its last line makes.",
            "The word return, in front of the network.",
        )
    if not isinstance(built, keras.Model):
        raise Mistake(
            "not-a-network",
            f"{function} returned {type(built).__name__}, not a Keras network.",
            "that a list of layers, or their output, is a network already.",
            "At the end of the function: keras.Sequential([...]) or keras.Model(inputs, outputs).",
        )
    return built


def answers(model, pictures, training=False):
    """Ask a network, as it is in use or in training, all pictures at once: a NumPy array."""
    return np.asarray(model(np.asarray(pictures, np.float32), training=training))


def refuse_if_huge(model):
    """Stop a network that would keep a laptop busy for minutes; call it once built."""
    if (count := model.count_params()) > MOST_WEIGHTS:
        raise Mistake(
            "too-large",
            f"The network has {count:,} weights: training it would take this computer very long.",
            "that a larger network is a better one.",
            "In model.summary(): which layer has nearly all of them? A Flatten after "
            "large maps is the usual one; another pooling layer before it helps.",
        )


def refuse_unless_one_probability(model, pictures):
    """Refuse a network whose output is not one probability for each picture."""
    given = answers(model, pictures)
    count = len(pictures)
    if given.shape == (count, 2):
        raise Mistake(
            "two-outputs",
            f"{count} pictures give answers of shape {given.shape}: two numbers a picture.",
            "that two classes take two outputs; then the usual loss for two classes does not fit.",
            "The last layer: one number a picture is enough, the other is what is left to 1.",
        )
    if given.shape != (count, 1):
        raise Mistake(
            "wrong-output-shape",
            f"{count} pictures give answers of shape {given.shape}, instead of ({count}, 1).",
            "that a network's last layer follows from the classes by itself.",
            "The last layer, and what turns maps into a row of numbers before it.",
        )
    extreme = extreme_answers(model, pictures)  # a probability stays one whatever the weights are
    if np.allclose(given, 1, atol=1e-6) and np.allclose(extreme, 1, atol=1e-6):
        raise Mistake(
            "softmax-of-one",
            "Every answer is exactly 1, whatever the picture.",
            "that softmax makes a probability of any output; a single one just gets all of it.",
            "The activation of the last layer: which one makes a probability of one number alone?",
        )
    if extreme.min() < 0 or extreme.max() > 1:
        raise Mistake(
            "no-probability",
            "The answers leave 0 to 1 as the weights grow: they are not probabilities.",
            "that a last layer gives probabilities by itself, or the loss will see to it.",
            "The activation of the last layer.",
        )
    return given


def extreme_answers(model, pictures):
    """What a network would answer with weights ten times as large, of either sign.

    Args:
        model: keras.Model; it stays as it is.
        pictures: array (n, ...).

    Returns:
        NumPy array (4 n, ...): all pictures with four sets of weights.
    """
    scaled = model.trainable_weights or [w for w in model.weights if w.name in ("kernel", "bias")]
    before = values_of(scaled)
    draw = np.random.default_rng(0)
    factors = [lambda: 10, lambda: -10] + [lambda: draw.choice([10, -10])] * 2  # for each layer
    found = []
    try:
        for factor in factors:
            for weights, values in zip(scaled, before, strict=True):
                weights.assign(factor() * values)
            found.append(answers(model, pictures))
    finally:
        for weights, values in zip(scaled, before, strict=True):
            weights.assign(values)
    return np.concatenate(found)


def refuse_unless_loss_fits(model):
    """Refuse a loss that does not tell good probabilities of label 1 from bad ones.

    A sure and right answer should cost next to nothing, a sure and wrong one much more.
    """
    right = [_price_of_one(model, 1, 0.9999), _price_of_one(model, 0, 0.0001)]
    wrong = [_price_of_one(model, 1, 0.0001), _price_of_one(model, 0, 0.9999)]
    if max(abs(price) for price in right + wrong) < 1e-4:
        raise Mistake(
            "loss-always-zero",
            "The loss is 0 for every answer, right or wrong.",
            "that categorical cross-entropy is the loss for classes, two of them included; of one "
            "output it makes a certainty first.",
            "The loss for one probability, as in week 1.",
        )
    if abs(right[0] - 0.3133) < 0.01:  # -ln sigmoid(1)
        raise Mistake(
            "squeezed-twice",
            f"A sure and right answer costs {right[0]:.2f}, although it could hardly be better.",
            "that from_logits=True does no harm after an activation: the answer is squeezed twice.",
            "Either the activation of the last layer or from_logits=True, not both.",
        )
    if max(right) > 0.1 or min(wrong) < max(right) + 0.2:
        raise Mistake(
            "loss-does-not-fit",
            f"By this loss, sure answers cost {max(right):.2f} when right, {min(wrong):.2f} when "
            "wrong.",
            "that any loss fits any output.",
            "The loss for one probability and labels 0 and 1.",
        )


def _price_of_one(model, label, probability):
    return price(model, np.full((4, 1), label), np.full((4, 1), probability, "float32"))


def refuse_unless_compiled(model, function):
    """Refuse a network that `fit` would refuse."""
    if getattr(model, "optimizer", None) is None or not model.compiled:
        raise Mistake(
            "not-compiled",
            f"The network that {function} returned is not compiled: fit would stop at once.",
            "that building a network is all there is to do before fit.",
            "A line before return: model.compile(optimizer, loss=..., metrics=[...]).",
        )


def values_of(weights):
    """Copy the values of a list of weights, to compare with later."""
    return [one.numpy().copy() for one in weights]


def have_changed(weights, before):
    """True if any of the weights has another value than in `before`."""
    return any(
        not np.array_equal(one.numpy(), old) for one, old in zip(weights, before, strict=True)
    )


@lru_cache(maxsize=1)
def shipped_backbone():
    """The network that comes with the course, from raw pixels to 1,280 features a picture."""
    return backbones.backbone(pooling="avg")


def batch_norms(model):
    """All BatchNormalization layers of a network, however deep."""
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def a_number(value, function):
    """Return what the learner's function gave as a float.

    Raises:
        Mistake: "no-number", if it is not one finite number.
    """
    try:
        number = float(np.asarray(value, dtype=float))
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise Mistake(
            "no-number",
            f"{function} returned {value!r:.60}, not a number.",
            "that a function hands back what it prints.",
            "The word return, and one number after it.",
        )
    return number
