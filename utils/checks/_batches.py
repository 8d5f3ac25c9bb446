"""Made-up pictures, and what becomes of them in a learner's data sets."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import numpy as np
import tensorflow as tf

from utils.checks._hands import SIDE
from utils.checks._judging import Mistake


def made_up_pictures(count):
    """Pictures, dark ones with label 0 and bright ones with label 1, each other than the rest."""
    draw = np.random.default_rng(count)
    labels = draw.permutation(np.arange(count) % 2).astype("int32")
    images = np.where(labels, 190, 40)[:, None, None, None] + np.zeros((count, SIDE, SIDE, 1))
    images[:, 7:21, 11:17] += draw.uniform(10, 50, (count, 1, 1, 1))
    images[:, 15:19, 7:11] += draw.uniform(10, 50, (count, 1, 1, 1))
    return images.round().astype("float32"), labels


def in_an_order(pictures):
    """The pictures in an order that depends on nothing but themselves."""
    return np.stack(sorted(pictures, key=lambda one: np.round(one).astype("int16").tobytes()))


def refuse_other_than_batches(*sets):
    """Refuse what is no data set of batches (images, labels) that ends."""
    for data in sets:
        if not isinstance(data, tf.data.Dataset):
            raise Mistake(
                "no-dataset",
                f"set_up returned {type(data).__name__} where a tf.data.Dataset should be.",
                "that arrays and data sets are the same.",
                "The function tf.data.Dataset.from_tensor_slices.",
            )
        if data.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise Mistake(
                "endless",
                "A data set never ends: an epoch would go on for ever.",
                "that repeat makes more pictures.",
                "The repeat, which fit does not need.",
            )
        spec = data.element_spec
        if not isinstance(spec, tuple) or len(spec) != 2 or spec[0].shape.rank != 4:
            raise Mistake(
                "no-batches",
                "A data set does not bring batches of (images, labels).",
                "that fit puts single pictures together by itself.",
                "Where batch stands, and what the map returns.",
            )


def batches_of(data):
    """One pass over a data set: list of (images, labels) for each batch."""
    return [(np.asarray(images), np.asarray(labels).reshape(-1)) for images, labels in data]


def joined(batches):
    """The images (n, 28, 28, 1) and labels (n,) of a list of batches."""
    return tuple(np.concatenate(part) for part in zip(*batches, strict=True))


def refuse_other_counts(training, validation, train, new):
    """Compare how many pictures the two data sets bring with how many set_up was given."""
    told = (
        f"set_up was given {train} training pictures and {new} new ones; its data sets bring "
        f"{training} and {validation}."
    )
    if (training, validation) == (new, train):
        raise Mistake(
            "sides-swapped",
            told,
            "that the order of data sets does not matter: the network would learn from new ones.",
            "What stands after return: training first.",
        )
    if training == train + new:
        raise Mistake(
            "sides-mixed",
            told,
            "that a network may as well learn from the new pictures: then they are not new.",
            "What the training data set is made of.",
        )
    for seen, given in ((training, train), (validation, new)):
        if seen > given and seen % given == 0:
            raise Mistake(
                "more-pictures",
                told,
                "that augmentation adds variants to the originals, so that an epoch grows.",
                "Question 1 of the lecture's section 3: each picture comes once, in one variant.",
            )
        if seen > given:
            raise Mistake(
                "other-pictures",
                told,
                "that a function may take its pictures from anywhere in the notebook.",
                "Its arguments: are train and new used, or arrays of other cells?",
            )
        if seen < given:
            raise Mistake(
                "fewer-pictures",
                told,
                "that a last batch that is not full does no good.",
                "Drop_remainder, take or a split: every picture counts.",
            )


def refuse_fixed_batches(batches, again):
    """Refuse batches that only change places. Their labels tell them apart, unless very small."""
    first, second = (sorted(labels.tobytes() for _, labels in one) for one in (batches, again))
    if len(batches[0][1]) >= 8 and first == second:
        raise Mistake(
            "batches-shuffled",
            "Two epochs bring the same batches, only in another order.",
            "that shuffling batches shuffles pictures.",
            "Which comes first, shuffle or batch? Each works on what the line before it gives.",
        )


def refuse_rescaled(pictures):
    """Refuse pictures that are no longer raw pixels."""
    if pictures.max() <= 2:
        raise Mistake(
            "rescaled",
            f"A data set brings pixels of {pictures.min():.1f} to {pictures.max():.1f}, instead of "
            "0–255.",
            "that pictures are rescaled wherever they come by; the network does that once more.",
            "The task: the network takes raw pixels, so rescaling stands in there, and only there.",
        )


def refuse_changed(first, second, originals):
    """Refuse new pictures that differ from the originals in one of two passes, order apart."""
    if not np.allclose(in_an_order(first), in_an_order(originals), atol=0.5) or not np.allclose(
        in_an_order(second), in_an_order(originals), atol=0.5
    ):
        raise Mistake(
            "new-pictures-changed",
            "New pictures do not come as they are.",
            "that validation pictures should be augmented, too, to be comparable.",
            "The map: which of the two data sets does it belong to?",
        )


def refuse_wrong_labels(pictures, labels):
    """Made-up pictures of label 1 are bright, those of label 0 dark."""
    bright = pictures.mean(axis=(1, 2, 3)) > 128
    if np.mean(bright != labels) > 0.1:
        raise Mistake(
            "labels-mixed-up",
            f"{np.mean(bright != labels):.0%} of the pictures have the label of another one.",
            "that images and labels stay together when each is shuffled.",
            "What is shuffled: pairs, or two things one by one.",
        )
