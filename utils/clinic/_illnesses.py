"""What a network can suffer from: the sign of each illness, and what helps.

A sign is looked for in the evidence of one test. An illness whose sign is missing there is ruled
out, so each test that was ordered speaks for or against some of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import e, log

import numpy as np

from utils.measures import confusion_counts


@dataclass(frozen=True)
class Sign:
    """What the evidence of one test must show if the network has an illness.

    Attributes:
        test: name of the test.
        shows: function of the evidence; False rules the illness out.
        otherwise: function of the evidence that says in a sentence why it is ruled out.
    """

    test: str
    shows: Callable
    otherwise: Callable


@dataclass(frozen=True)
class Illness:
    """An illness: its name in words, its signs (the decisive one first), and what an expert does.

    Attributes:
        what: what is wrong, in words.
        mend: what helps, a key of `MENDS`.
        signs: tuple of Sign.
        expert: which test an expert orders first, and why.
    """

    what: str
    mend: str
    signs: tuple
    expert: str


MENDS = {
    "split by picture, before anything else": "each picture stands on one side only; what "
    "validation says now is less, and true",
    "train with a smaller learning rate": "steps that do not jump over the valley",
    "rescale in one place only": "either in the data or in the network",
    "predict with training=False": "what model.predict does by itself",
    "freeze the base while the head is new": "then fine-tune it with a small rate",
    "predict from a set that is not shuffled": "pictures and labels keep one order",
    "apply softmax once": "in the last layer, or in the loss by from_logits=True, not twice",
    "take the class names from the data": "data.class_names, in the order of the labels",
    "put pictures of every class into training": "a split class by class does so",
}


# ---------------------------------------------------------------- what the tests measured


def twin_share(seen):
    """Share of the validation pictures that stand in training as well, byte for byte."""
    return float(np.isin(seen["validation_ids"], seen["training_ids"]).mean())


def highest_loss(seen):
    """Largest training loss of an epoch, relative to guessing and to that before training."""
    return float(seen["loss"].max() / max(seen["loss_before"], log(len(seen["class_names"]))))


def floor_of_the_loss(seen):
    """Smallest cross-entropy that probabilities can reach when softmax is applied to them again.

    The best they can be is 1 for the true class and 0 for the others.
    """
    return log(e + len(seen["class_names"]) - 1) - 1


def confusion(seen):
    """Counts (k, k), rows true, columns predicted."""
    return confusion_counts(seen["labels"], seen["predictions"], list(seen["class_names"]))


def swapped_rows(seen):
    """How many classes are taken, in more than half of their pictures, for one certain other."""
    counts = confusion(seen)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    return int((shares.max(axis=1) > 0.5).sum())


def accuracy_of_the_predictions(seen):
    """Accuracy of the predictions that the learner compared with the labels."""
    counts = confusion(seen)
    return float(np.trace(counts) / counts.sum())


def apart(seen):
    """Largest difference between two answers to the same picture."""
    return float(np.abs(np.diff(seen["twice"].astype(float), axis=0)).max())


def missing(seen):
    """Numbers of the classes of which training has no picture."""
    return np.flatnonzero(seen["counts"][0] == 0)


def never_said(seen):
    """Numbers of the classes that were never predicted."""
    return np.flatnonzero(confusion(seen).sum(axis=0) == 0)


def moved(seen):
    """Whether layers that came pretrained were changed."""
    return bool(np.any(seen["layer_change"][seen["layer_pretrained"]] > 0))


def gives_probabilities(seen):
    """Whether the outputs are one share for each class, which sum to 1 for each picture."""
    outputs = seen["outputs"].astype(float)
    sums = outputs.sum(axis=1)
    return bool(outputs.shape[1] > 1 and outputs.min() >= 0 and np.allclose(sums, 1, atol=0.01))


def highest_share(seen):
    """Largest probability that softmax can give to one of k probabilities: 1 beside k - 1 zeros."""
    return e / (e + len(seen["class_names"]) - 1)


def stuck_above_the_floor(seen):
    """Whether most training pictures are right, and the loss is still that of softmax twice."""
    learnt = seen["accuracy"].max() > 1.5 / len(seen["class_names"])
    return bool(learnt and seen["loss"].min() > 0.99 * floor_of_the_loss(seen))


# ---------------------------------------------------------------- the illnesses

ILLNESSES = {
    "training pictures in validation": Illness(
        what="pictures that the network was trained on stand among the validation pictures",
        mend="split by picture, before anything else",
        signs=(
            Sign(
                "nearest_pictures",
                lambda seen: twin_share(seen) > 0.02,
                lambda seen: "none of the validation pictures stands among the training pictures",
            ),
        ),
        expert="The curves are too good: so few pictures, and hardly a gap. That is a reason to "
        "doubt the split, not to celebrate. nearest_pictures() settles it. first_batch() and "
        "class_counts() look at one side at a time and cannot see it.",
    ),
    "learning rate too large": Illness(
        what="each step is so long that it jumps over what it should walk down to",
        mend="train with a smaller learning rate",
        signs=(
            Sign(
                "curves",
                lambda seen: highest_loss(seen) > 1.25,
                lambda seen: (
                    "the training loss was never much above that of guessing "
                    f"({log(len(seen['class_names'])):.2f}): no step has thrown the network back"
                ),
            ),
        ),
        expert="The curves come first. A training loss that is far above that of guessing cannot "
        "come from learning too little: the steps themselves have made it worse. "
        "loss_before_training() is the control: the network began at the loss of guessing, so "
        "it was built well. A look at first_batch() rules out the input.",
    ),
    "rescaled twice": Illness(
        what="the pixels are divided by 255 in the data and once more in the network",
        mend="rescale in one place only",
        signs=(
            Sign(
                "first_batch",
                lambda seen: float(seen["batch"].max()) < 0.02,
                lambda seen: (
                    "the pixels that reach the first convolution go up to "
                    f"{float(seen['batch'].max()):.2f}"
                ),
            ),
        ),
        expert="first_batch() comes first, always: it costs a second and shows what the network "
        "really gets. Here that is black. The curves alone only say that nothing is learnt, "
        "which has many causes.",
    ),
    "dropout at prediction": Illness(
        what="the network was asked in training mode, so dropout still switched units off",
        mend="predict with training=False",
        signs=(
            Sign(
                "predict_twice",
                lambda seen: apart(seen) > 0.01,
                lambda seen: "asked twice, the network gave the same answers to the last digit",
            ),
        ),
        expert="confusion() gives fewer right answers than the last validation in curves(): the "
        "network is better than its predictions. So look at the predicting. predict_twice() is "
        "decisive: a finished network has one answer to a picture.",
    ),
    "unfrozen too early": Illness(
        what="the pretrained layers were trained along with a head that knew nothing yet",
        mend="freeze the base while the head is new",
        signs=(
            Sign(
                "layers",
                moved,
                lambda seen: (
                    "the pretrained layers are as they were before training"
                    if seen["layer_pretrained"].any()
                    else "no layer came pretrained, so there was nothing to freeze"
                ),
            ),
        ),
        expert="curves() shows a network that learns its few pictures by heart although it came "
        "with good features. The question is whether it still has them: layers() shows how far "
        "each layer has moved. In a frozen base that is zero.",
    ),
    "shuffled predictions": Illness(
        what="the pictures were predicted in one order and compared with labels in another",
        mend="predict from a set that is not shuffled",
        signs=(
            Sign(
                "two_passes",
                lambda seen: bool(np.any(seen["passes"][0] != seen["passes"][1])),
                lambda seen: "two passes over the pictures came in the same order",
            ),
            Sign(
                "confusion",
                lambda seen: (
                    accuracy_of_the_predictions(seen) < 1.4 / len(seen["class_names"])
                    and not swapped_rows(seen)
                ),
                lambda seen: (
                    "the predictions depend on the true class: in a mixed-up order, "
                    "every row would look alike"
                ),
            ),
        ),
        expert="curves() and confusion() contradict each other: validation went well, yet the "
        "matrix looks like guessing, every row alike. The network cannot be both. What lies "
        "between them is the order, and two_passes() shows it.",
    ),
    "softmax twice": Illness(
        what="probabilities go through softmax once more, which makes them nearly equal",
        mend="apply softmax once",
        signs=(
            Sign(
                "outputs",
                lambda seen: (
                    gives_probabilities(seen)
                    and float(seen["outputs"].max()) < highest_share(seen) + 0.001
                ),
                lambda seen: (
                    f"an output of {seen['outputs'].max():.2f} is more than softmax could "
                    f"make of probabilities ({highest_share(seen):.2f})"
                    if gives_probabilities(seen)
                    else "the outputs are not shares of 1: not even one softmax made them"
                ),
            ),
            Sign(
                "curves",
                stuck_above_the_floor,
                lambda seen: (
                    f"the training loss went down to {seen['loss'].min():.2f}; with softmax twice "
                    f"it cannot fall below {floor_of_the_loss(seen):.2f}"
                    if seen["loss"].min() < floor_of_the_loss(seen)
                    else "accuracy does not rise, either; with softmax twice, it would"
                ),
            ),
        ),
        expert="curves() shows accuracy that rises and a loss that stops far above zero: the "
        "prices are wrong, not the answers. outputs() shows why: the network is never sure. "
        "Softmax of probabilities gives one of k classes at most e / (e + k - 1), and the loss "
        "stops at ln(e + k - 1) - 1. Keras notices one form of this, a softmax layer under "
        "from_logits=True, and warns; not this one.",
    ),
    "wrong label order": Illness(
        what="the class names are listed in another order than the labels count them",
        mend="take the class names from the data",
        signs=(
            Sign(
                "confusion",
                lambda seen: swapped_rows(seen) >= 2,
                lambda seen: "no two classes are taken for one another throughout",
            ),
            Sign(
                "first_batch",
                lambda seen: bool(np.any(seen["batch_names"] != seen["batch_truth"])),
                lambda seen: "each picture of the first batch carries the name of what it shows",
            ),
        ),
        expert="first_batch() is enough, if one reads the names above the pictures. confusion() "
        "says the same in numbers: whole rows stand in the wrong column. A network that cannot "
        "tell classes apart errs in both directions; one that errs so regularly knows them well.",
    ),
    "one class missing": Illness(
        what="training has no picture of one of the classes",
        mend="put pictures of every class into training",
        signs=(
            Sign(
                "class_counts",
                lambda seen: len(missing(seen)) > 0,
                lambda seen: "training has pictures of every class",
            ),
            Sign(
                "confusion",
                lambda seen: len(never_said(seen)) > 0,
                lambda seen: "every class was predicted at least once",
            ),
        ),
        expert="class_counts() comes before any training; it would have saved it. Later, "
        "confusion() shows an empty column: a class that the network never names, because "
        "nobody ever showed it.",
    ),
}


def against(illness, seen, ordered):
    """List what the ordered tests hold against an illness.

    Args:
        illness: a key of `ILLNESSES`.
        seen: the patient's evidence.
        ordered: names of the tests that were ordered.

    Returns:
        list of (test, sentence) in the order of the illness's signs.
    """
    return [
        (sign.test, sign.otherwise(seen))
        for sign in ILLNESSES[illness].signs
        if sign.test in ordered and not sign.shows(seen)
    ]


def decisive(illness):
    """Return the name of the test that decides whether a network has this illness."""
    return ILLNESSES[illness].signs[0].test
