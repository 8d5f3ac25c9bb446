"""Checks of week 4's exercise: counting fingers from a table of numbers."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from utils.checks._guard import affordable
from utils.checks._inputs import refuse_unlike_convolution
from utils.checks._judging import Mistake, a_function, check, result_of
from utils.checks._learning import (
    learnt,
    price,
    refuse_other_accuracy,
    refuse_same_network,
    refuse_squeezed_logits,
)
from utils.checks._networks import extreme_answers
from utils.csv_images import COLUMNS, SIDE

SIGN_LETTERS = [*range(9), *range(10, 25)]  # labels of Sign Language MNIST: no 9, no 25


# ---------------------------------------------------------------- table


@check(4, "Task 1 · Read the table")
def table(read_table):
    """A function (path) that gives pictures (n, 28, 28, 1) with values 0–255, and labels (n,)."""
    a_function(read_table, "read_table")
    pixels = np.random.default_rng(4).integers(0, 256, (7, SIDE * SIDE))
    pixels[:, :2] = 255, 0
    truth = np.array([24, 3, 0, 10, 3, 8, 5])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        file = Path(place) / "made_up.csv"
        lines = [COLUMNS, *np.column_stack([truth, pixels]).tolist()]
        file.write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n", "utf-8")
        images, labels = _two_arrays(_as_numbers(read_table, file))
    _refuse_labels(labels, truth)
    _refuse_images(images, pixels.reshape(-1, SIDE, SIDE))
    return f"{len(truth)} pictures of a made-up table, each as it was, with its label."


def _as_numbers(read_table, file):
    try:
        return result_of(read_table, file)
    except ValueError as error:
        if "label" in str(error) or "pixel" in str(error):
            raise Mistake(
                "header-as-number",
                f"The first line could not be read as numbers: {str(error)[:80]}.",
                "that a table begins with its first row of numbers.",
                "The first line of the file, shown above. What do readers of tables offer to skip?",
            ) from error
        raise


def _two_arrays(found):
    if not isinstance(found, (list, tuple)) or len(found) != 2:
        raise Mistake(
            "not-two-arrays",
            f"Two arrays were asked for; something of type {type(found).__name__} came back.",
            "that pictures and labels stay together in one table.",
            "Which columns are pixels, which is the label? Return them one after the other.",
        )
    return np.asarray(found[0]), np.asarray(found[1])


def _refuse_labels(labels, truth):
    if labels.dtype.kind not in "iuf":
        raise Mistake(
            "labels-as-text",
            f"The first label is {labels.ravel()[:1].tolist()}, of type {labels.dtype}.",
            "that digits read from a file are numbers.",
            "int, or NumPy's astype: what turns text into numbers?",
        )
    if labels.shape == (len(truth) + 1,):
        raise Mistake(
            "header-as-picture",
            f"The table holds {len(truth)} pictures, and {len(labels)} labels came back.",
            "that every line of a table is a picture.",
            "The first line of the file, shown above.",
        )
    if labels.shape == (len(truth) - 1,):
        raise Mistake(
            "first-lost",
            f"The table holds {len(truth)} pictures, and {len(labels)} labels came back.",
            "that the first line has to be skipped, when the reader has done so already.",
            "Count the lines that your reader takes away, and those that you do.",
        )
    if labels.ndim == 2 and labels.shape[-1] > 1:
        raise Mistake(
            "one-hot",
            f"The labels have the shape {labels.shape}.",
            "that a class has to be a row with a single 1. It is one of two ways to write it; here "
            "a whole number is asked for.",
            "Section 1 of the lecture: label_mode.",
        )
    if labels.shape != truth.shape:
        raise Mistake(
            "labels-shape",
            f"The labels of {len(truth)} pictures have the shape {labels.shape}.",
            "that a column of a table is a list. It is a table of one column, if cut out as one.",
            "NumPy: what is the difference between table[:, 0] and table[:, :1]?",
        )
    if not np.array_equal(labels, truth):
        raise Mistake(
            "other-labels",
            f"The labels should begin with {truth[:3].tolist()}, yours with {labels[:3].tolist()}.",
            "that labels stand in the last column, or have to be counted anew while reading.",
            "The first line of the file, shown above: which column is the label?",
        )


def _refuse_images(images, wanted):
    if images.shape == (len(wanted), SIDE * SIDE):
        raise Mistake(
            "not-square",
            f"The pictures have the shape {images.shape}: rows of numbers.",
            "that a network sees by itself which numbers lie below each other.",
            "NumPy's reshape.",
        )
    if images.shape == wanted.shape:
        raise Mistake(
            "no-channel",
            f"The pictures have the shape {images.shape}.",
            "that a grey picture needs no axis for its colours. A convolution wants one, be it of "
            "length 1.",
            "The shape in the task. What does reshape do with one more 1?",
        )
    if images.shape != (*wanted.shape, 1) or images.dtype.kind not in "iuf":
        raise Mistake(
            "images-shape",
            f"The pictures have the shape {images.shape} and the type {images.dtype}.",
            "that the order of the axes is a matter of taste. Keras counts pictures first, colours "
            "last.",
            "The shape in the task: pictures, rows, columns, colours.",
        )
    found = images[..., 0].astype(float)
    if np.array_equal(found, wanted.swapaxes(1, 2)):
        raise Mistake(
            "transposed",
            "Rows and columns are exchanged: every picture lies on its side, mirrored.",
            "that the order in which a table lists pixels does not matter.",
            "Which pixel is number 2 in the table: the one to the right of the first, or below it?",
        )
    if np.allclose(found, wanted / 255, atol=1e-3):
        raise Mistake(
            "rescaled",
            f"The largest value is {found.max():.2f}.",
            "that rescaling belongs to reading. The network does it once more, and sees black.",
            "The task: raw values. Who rescales in this course?",
        )
    if found.min() < 0:
        raise Mistake(
            "overflow",
            f"There are negative pixels, down to {found.min():.0f}.",
            "that eight bits hold 0 to 255 in any case. With a sign, they hold -128 to 127.",
            "NumPy's int8 and uint8.",
        )
    if np.array_equal(
        found.reshape(len(wanted), -1)[:, 1:], wanted.reshape(len(wanted), -1)[:, :-1]
    ):
        raise Mistake(
            "label-as-pixel",
            "Every pixel stands one place too late: the first one is the label.",
            "that all numbers of a line are pixels, or that 784 columns count from the first.",
            "The first line of the file, shown above. Where do the pixels begin?",
        )
    if not np.array_equal(found, wanted):
        raise Mistake(
            "other-pixels",
            "The shape is right, the pixels are not those of the table.",
            "that reshape puts numbers where they belong. It only counts them off.",
            "Show the first picture. In which direction do the numbers run?",
        )


# ---------------------------------------------------------------- class numbers


@check(4, "Task 2 · Class numbers")
def numbers(class_numbers):
    """A function (labels, classes) that gives each label's place in the sorted list of classes."""
    a_function(class_numbers, "class_numbers")
    letters = np.array(SIGN_LETTERS)
    labels = np.array([10, 0, 24, 8, 10])
    given = labels.copy()
    found = _whole(result_of(class_numbers, given, letters), len(labels))
    if not np.array_equal(given, labels):
        raise Mistake(
            "labels-changed",
            "The array of labels that was handed in is another one afterwards.",
            "that an array is copied when it is handed to a function.",
            "NumPy's copy; or make a new array instead of writing into the old one.",
        )
    told = f"Of the letters' labels {labels.tolist()} it makes {found.tolist()}."
    if np.array_equal(found, labels):
        raise Mistake(
            "gap-left",
            f"{told} There are 24 classes, and one gets the number 24.",
            "that a label is a class number. Here 9 is missing: all after it have to move up.",
            "How many outputs does the network get, and how are they counted?",
        )
    if np.array_equal(found, np.unique(labels, return_inverse=True)[1]):
        raise Mistake(
            "own-numbering",
            f"{told} The other 20 classes are there, too; they only have no picture in this list.",
            "that every file may number its own labels. A test file without an A would call B what "
            "training calls A.",
            "The second argument, classes: where do you use it?",
        )
    places = {label: place for place, label in enumerate(dict.fromkeys(labels.tolist()))}
    if np.array_equal(found, [places[label] for label in labels.tolist()]):
        raise Mistake(
            "as-they-appear",
            told,
            "that the first class one meets is class 0. In another file it is another one.",
            "The second argument, classes: where do you use it?",
        )
    right = np.searchsorted(letters, labels)
    if np.array_equal(found, right + 1):
        raise Mistake(
            "from-one",
            told,
            "that counting begins with 1. The network's outputs are counted from 0.",
            "The place of the first class in a Python list.",
        )
    others = np.array([7, 2, 3, 7])
    elsewhere = _whole(result_of(class_numbers, others, np.array([2, 3, 7])), len(others))
    if np.array_equal(found, right) and not np.array_equal(elsewhere, [2, 0, 1, 2]):
        raise Mistake(
            "only-j",
            "It closes the gap of the missing J. With the classes 2, 3 and 7, it makes "
            f"{elsewhere.tolist()} of {others.tolist()}.",
            "that the gap one knows is the only one there is.",
            "The second argument, classes: can it tell where the gaps are?",
        )
    if not np.array_equal(found, right):
        raise Mistake(
            "other-numbers",
            told,
            "that any numbers will do, as long as they differ.",
            "A class's number is its place in classes, from 0.",
        )
    return f"{told} Gaps are closed, whatever is in the file."


def _whole(found, count):
    """Return the learner's class numbers as whole numbers (count,)."""
    found = np.asarray(found)
    if found.ndim == 2 and found.shape[-1] > 1:
        raise Mistake(
            "one-hot",
            f"{count} labels became an array of the shape {found.shape}.",
            "that a class has to be a row with a single 1. Here a whole number is asked for.",
            "Section 1 of the lecture: label_mode.",
        )
    if found.shape != (count,) or found.dtype.kind not in "iu":
        raise Mistake(
            "not-whole",
            f"{count} labels became an array of shape {found.shape} and type {found.dtype}.",
            "that any sequence of numbers will do as labels.",
            "An array of whole numbers, one for each label.",
        )
    return found


# ---------------------------------------------------------------- network


@check(4, "Task 3 · Network", seconds=60)
def network(build_network):
    """A function (class_count) that gives a compiled network for integer labels."""
    a_function(build_network, "build_network")
    built = affordable(build_network, 6)
    takes = getattr(built, "input_shape", None)  # a class of one's own has none
    if takes and tuple(takes) != (None, SIDE, SIDE, 1):
        raise Mistake(
            "input-shape",
            f"The network takes {tuple(takes)}, the pictures are {(SIDE, SIDE, 1)}.",
            "that a network takes pictures of any size and any number of colours.",
            "keras.Input, and the shape that your reader gives.",
        )
    pictures, labels = _bars(12)
    answers = refuse_unlike_convolution(built, pictures)
    if answers.shape == (12, 1):
        raise Mistake(
            "one-output",
            "The network gives one number a picture, for six classes.",
            "that one output can hold a class number, as it held cat or dog.",
            "Section 2 of the lecture: how many numbers does softmax share 1 among?",
        )
    count = affordable(build_network, 24).output_shape[-1]
    if answers.shape != (12, 6) or count != 24:
        raise Mistake(
            "fixed-outputs",
            f"For 6 classes it gives answers of shape {answers.shape}; for 24, {count} numbers.",
            "that the number of classes is known when the network is written, or is the largest "
            "label.",
            "The argument class_count: where do you use it?",
        )
    if not built.compiled:
        raise Mistake(
            "not-compiled",
            "The network has no loss and no optimizer yet: fit would stop at once.",
            "that layers are all a network needs to learn.",
            "compile, in section 8 of the lecture.",
        )
    refuse_same_network(built, affordable(build_network, 6))
    kind = _kind_of_output(built, pictures)
    _refuse_dropped_answers(built, pictures)
    _refuse_loss(built, kind)
    whole, sure = np.tile(np.arange(6), 2), np.tile(_sure_answers(kind), (2, 1))
    refuse_other_accuracy(
        built,
        [
            ("Answers that are sure of the true class", whole, sure, 1),
            ("Answers that are sure of another class", np.roll(whole, 1), sure, 0),
        ],
    )
    before, after = learnt(built, *_bars(24), "Bars in six places")
    return f"as many answers as classes, a loss that fits; it learnt ({before:.2f} → {after:.2f})."


def _bars(count):
    """Make pictures (count, 28, 28, 1), float32, whose class is the place of a bright bar."""
    labels = np.arange(count) % 6
    pictures = np.random.default_rng(0).uniform(0, 80, (count, SIDE, SIDE, 1)).astype("float32")
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 + 4 * label : 5 + 4 * label] = 255
    return pictures, labels


def _kind_of_output(built, pictures):
    """Say what the answers are, whatever the weights: "softmax", "sigmoids" or "logits"."""
    extreme = extreme_answers(built, pictures)
    if extreme.min() < 0 or extreme.max() > 1 + 1e-5:
        refuse_squeezed_logits(extreme, "section 4 of the lecture")
        return "logits"
    if not np.allclose(extreme.sum(axis=1), 1, atol=1e-3):
        return "sigmoids"
    highest = np.e / (np.e + 5)  # what softmax makes of 1, 0, 0, 0, 0 and 0
    if extreme.max() < highest + 1e-3 and np.ptp(extreme) > 0.1:
        raise Mistake(
            "softmax-of-softmax",
            "The answers to a picture add up to 1. But whatever the weights are, none is larger "
            f"than {extreme.max():.2f}.",
            "that softmax does no harm to what is a probability already. It takes these "
            "probabilities for logits, and logits from 0 to 1 are nearly equal.",
            "How often does your network apply softmax: as an activation, and as a layer?",
        )
    return "softmax"


def _refuse_dropped_answers(built, pictures):
    """Refuse a network that drops out answers themselves."""
    trained, used = (np.asarray(built(pictures, training=mode)) for mode in (True, False))
    one_by_one = (trained != 0).any(axis=1, keepdims=True)  # a whole row may be a bias of 0
    gone = np.mean((trained == 0) & (used != 0) & one_by_one)
    if gone:
        raise Mistake(
            "answers-dropped",
            f"In training, {gone:.0%} of the answers are replaced by 0.",
            "that dropout helps wherever it stands. At the end it takes away what the network "
            "says, and the loss punishes answers that were never given.",
            "Dropout in the lecture of week 2: which numbers does it set to 0, and who reads them?",
        )


def _sure_answers(kind):
    """Return answers (6, 6), of which number k is sure of class k."""
    sure = np.full((6, 6), 2e-5 if kind == "softmax" else 2.0, "float32")
    np.fill_diagonal(sure, 0.9999 if kind == "softmax" else 14.0)
    return sure


def _refuse_loss(built, kind):
    """Refuse a loss that does not fit integer labels and this kind of output."""
    if kind == "sigmoids":
        raise Mistake(
            "sigmoids",
            "The six answers to a picture lie between 0 and 1 each, and do not add up to 1.",
            "that what was right for two classes is right for each of many. Such answers do not "
            "compete: several classes, or none, may be sure. And a high accuracy of the single "
            "answers means little, when five of six are always no.",
            "Section 2 of the lecture: softmax beside sigmoids.",
        )
    sure = _sure_answers(kind)
    whole, rows = np.arange(6), np.eye(6, dtype="float32")
    right, wrong = price(built, whole, sure), price(built, (whole + 1) % 6, sure)
    told = f"A sure answer costs {right:.2f} when it is right, and {wrong:.2f} when it is wrong."
    if np.isnan(right) and price(built, rows[[1, 2, 3, 4, 5, 0]], sure) > 8:
        raise Mistake(
            "one-hot-loss",
            "The loss refuses whole numbers as labels. It would take rows with a single 1.",
            'that "sparse" means something else than whole numbers as labels.',
            "Section 3 of the lecture: the two losses, and the labels that they take.",
        )
    if kind == "softmax" and 0.3 < right < wrong:
        raise Mistake(
            "softmax-twice",
            told,
            "that from_logits=True does no harm after a softmax. The loss takes these "
            "probabilities for logits, which look nearly equal to it. Keras mends the plainest "
            "form of this, with a warning; do not count on it.",
            "from_logits in section 4 of the lecture. What does your last layer give?",
        )
    if kind == "logits" and right > 0.3:
        raise Mistake(
            "logits-in-default-loss",
            f"{told} Right or wrong makes little difference to it.",
            "that a loss sees by itself whether it gets probabilities or logits.",
            "Section 6 of the lecture: silent mistakes.",
        )
    if not (right < 0.3 and wrong > 8):
        raise Mistake(
            "loss-does-not-fit",
            told,
            "that any loss fits any labels and any last layer.",
            "The loss in section 3 of the lecture.",
        )


# ---------------------------------------------------------------- answers


@check(4, "Task 4 · Answers beside the truth")
def answers(truth_and_answers):
    """A function (network, data) that gives true and predicted classes in the same order."""
    a_function(truth_and_answers, "truth_and_answers")
    labels = np.repeat(np.arange(6), [5, 9, 7, 6, 8, 5]).astype("int32")
    greys = _as_it_errs(labels)[:, None, None, None]  # a 2 looks like a 5
    pictures = np.ones((1, SIDE, SIDE, 1), "float32") * greys
    data = tf.data.Dataset.from_tensor_slices((pictures, labels)).shuffle(100).batch(16)
    reader = _reader_of_greys()
    found = result_of(truth_and_answers, reader, data)
    if not isinstance(found, (list, tuple)) or len(found) != 2:
        raise Mistake(
            "not-two-arrays",
            f"Two arrays were asked for; something of type {type(found).__name__} came back.",
            "that one number says which class is taken for which.",
            "The task: the true classes and the predicted ones, both.",
        )
    truth, said = (np.asarray(part) for part in found)
    if said.ndim == 2 or said.dtype.kind == "f":
        raise Mistake(
            "not-classes",
            f"The answers have the shape {said.shape} and the type {said.dtype}.",
            "that what a network gives is a class. It gives a number for every class; the largest "
            "one wins.",
            "argmax, in section 9 of the lecture.",
        )
    if truth.shape == labels.shape and len(said) == 6:
        raise Mistake(
            "wrong-axis",
            f"For {len(truth)} pictures there are {len(said)} answers, as many as classes.",
            "that argmax finds the class by itself. Along the other axis it finds a picture.",
            "NumPy's argmax: the axis.",
        )
    if truth.shape != labels.shape or said.shape != labels.shape:
        raise Mistake(
            "not-all",
            f"There are {len(labels)} pictures; you have {len(truth)} and {len(said)}.",
            "that a data set is its first batch, or that every batch is of the same size.",
            "A loop over the data set: what does it give, and how often?",
        )
    if reader.get_layer("dropout").was_at_work:
        raise Mistake(
            "in-training",
            "The network was asked as in training: by chance, some of its numbers became 0.",
            "that training=True asks a trained network. It says that this call is training.",
            "Dropout in the lecture of week 2: when is it on? What is the default of training?",
        )
    if np.array_equal(truth, said):
        raise Mistake(
            "truth-twice",
            "Both arrays are the same, for a network that makes mistakes.",
            "that the labels in a data set are what the network said.",
            "Which line of yours asks the network?",
        )
    if np.array_equal(_as_it_errs(said), truth):
        raise Mistake(
            "exchanged",
            "The two arrays stand in the other order.",
            "that truth and answer may change places. In the matrix, rows would become columns.",
            "The task: the true classes come first.",
        )
    if not np.array_equal(np.sort(truth), labels):
        raise Mistake(
            "other-truth",
            f"Of the six classes, the data hold {np.bincount(labels).tolist()} pictures. Your true "
            f"classes begin with {truth[:6].tolist()}, and are others.",
            "that the classes come in order, or that the network knows the truth.",
            "What does a batch of the data hold besides its pictures?",
        )
    if not np.array_equal(np.sort(said), np.sort(_as_it_errs(labels))):
        raise Mistake(
            "other-answers",
            f"Your answers begin with {said[:6].tolist()}; the network gives others.",
            "that any number that stands out is the answer. A network gives one number for each "
            "class, and the largest wins.",
            "argmax, in section 9 of the lecture.",
        )
    if not np.array_equal(_as_it_errs(truth), said):
        raise Mistake(
            "two-passes",
            f"The network errs for one class alone, always in the same way; by your arrays it is "
            f"right {np.mean(_as_it_errs(truth) == said):.0%} of the time.",
            "that two passes over a shuffled set come in the same order: labels from one pass, "
            "answers from another.",
            "Section 9 of the lecture: as if guessed. What keeps a picture and its label together?",
        )
    return f"{len(truth)} true classes and answers from a shuffled set, side by side."


def _as_it_errs(truth):
    """Return what the network says for true classes: it takes every 2 for a 5."""
    return np.where(truth == 2, 5, truth)


def _reader_of_greys():
    """Return a network (28, 28, 1) → 6 logits that reads the class off the pictures' grey."""
    last = keras.layers.Dense(6)
    pooling = keras.layers.GlobalAveragePooling2D()
    dropout = _NotedDropout(0.5, name="dropout")
    model = keras.Sequential([keras.Input((SIDE, SIDE, 1)), pooling, dropout, last])
    k = np.arange(6.0)  # of 2kx - k², the one whose k is nearest to x is the largest
    last.set_weights([2 * k[None], -(k**2)])
    return model


class _NotedDropout(keras.layers.Dropout):
    """Notes whether it was ever at work."""

    was_at_work = False

    def call(self, inputs, training=False):
        self.was_at_work |= bool(training)
        return super().call(inputs, training=training)


# ---------------------------------------------------------------- recall


@check(4, "Task 5 · Recall")
def recall(recall_of_each):
    """A function (counts) that gives the recall of each class, from 0 to 1."""
    a_function(recall_of_each, "recall_of_each")
    counts = np.array([[8, 1, 1], [9, 5, 7], [0, 1, 4]])
    given = counts.copy()
    found = np.asarray(result_of(recall_of_each, given), dtype=float)
    _refuse_changed(given, counts)
    hits = np.diag(counts)
    right = hits / counts.sum(axis=1)
    told = f"For {counts.tolist()} it gives {np.round(found, 3).tolist()}."
    if found.ndim == 0:
        raise Mistake(
            "one-number",
            told,
            "that accuracy says how a network does on each class.",
            "Section 9 of the lecture: how many recalls does a matrix of three classes have?",
        )
    if found.shape != (3,):
        raise Mistake(
            "other-shape",
            f"For three classes, an array of the shape {found.shape} came back.",
            "that each cell of the matrix is a share of its own. A class has one recall.",
            "Section 9 of the lecture: at the end of each row.",
        )
    if np.allclose(found, hits):
        raise Mistake(
            "counts",
            told,
            "that the number of hits tells how well a class is found. Classes differ in size.",
            "Of how many true pictures were these found?",
        )
    if np.allclose(found, hits / counts.sum(axis=0)):
        raise Mistake(
            "precision",
            told,
            "that the share of right answers among all that were called so is the same thing.",
            "Section 9 of the lecture: which of the two reads along rows?",
        )
    if np.allclose(found, hits / counts.sum()):
        raise Mistake(
            "share-of-all",
            told,
            "that a class is measured against all pictures. Then a rare one is always bad.",
            "Of how many true pictures of this class were these found?",
        )
    if np.allclose(found, hits / counts.max(axis=1)):
        raise Mistake(
            "by-the-largest",
            told,
            "that the largest number of a row stands for all of it. Here class 1 was taken for "
            "class 0 more often than it was found.",
            "Of how many true pictures of this class were these found?",
        )
    if np.allclose(found, 100 * right):
        raise Mistake(
            "per-cent",
            told,
            "that a share and a percentage are the same number.",
            "The task: from 0 to 1.",
        )
    if np.allclose(found, hits // counts.sum(axis=1)):
        raise Mistake(
            "whole-numbers",
            told,
            "that dividing two whole numbers always gives a share.",
            "Python's / and //; the type of your array.",
        )
    if np.allclose(found, 1 - right):
        raise Mistake(
            "missed-not-found",
            told,
            "that recall counts what goes wrong. It counts what is found.",
            "Section 9 of the lecture: of the true scissors, what share was found?",
        )
    if not np.allclose(found, right) and any(
        np.allclose(found, right.round(digits)) for digits in range(5)
    ):
        raise Mistake(
            "rounded",
            f"It gives {found.tolist()}: nearly right, but rounded.",
            "that a number is rounded where it is computed. What is rounded there is lost to "
            "whoever goes on with it; whoever prints it can still round.",
            "The line below the next check, which prints your recalls: what does :.0% do?",
        )
    if not np.allclose(found, right):
        raise Mistake(
            "other-shares",
            told,
            "that recall is any share of right answers.",
            "Section 9 of the lecture: of the true scissors, what share was found?",
        )
    return f"{told} Of each true class, the share that was found."


def _refuse_changed(given, counts):
    if not np.array_equal(given, counts):
        raise Mistake(
            "matrix-changed",
            "The matrix that was handed in is another one afterwards.",
            "that an array is copied when it is handed to a function.",
            "NumPy's copy, before anything is written.",
        )


# ---------------------------------------------------------------- confusion


@check(4, "Task 6 · The largest confusion")
def confusion(largest_confusion):
    """A function (counts) that gives (true, said), two class numbers."""
    a_function(largest_confusion, "largest_confusion")
    counts = np.array([[50, 9, 3, 0], [2, 30, 0, 2], [4, 0, 40, 7], [0, 1, 7, 5]])
    given = counts.copy()
    found = result_of(largest_confusion, given)
    _refuse_changed(given, counts)
    if np.ndim(found) == 0 and found in (1, 9):
        raise Mistake(
            "one-number",
            f"One number came back, {found}.",
            "that argmax gives row and column, or that max gives a place. argmax counts through "
            "the whole matrix, row after row.",
            "NumPy's unravel_index.",
        )
    place = tuple(np.asarray(found).ravel().tolist())
    told = f"For {counts.tolist()} it gives {place}."
    if place == (0, 0):
        raise Mistake(
            "diagonal",
            told,
            "that the largest number of the matrix is the largest confusion. It counts right "
            "answers.",
            "Which cells are no mistakes?",
        )
    if place == (1, 0):
        raise Mistake(
            "exchanged",
            told,
            "that a confusion has no direction, or that columns are the truth.",
            "Section 9 of the lecture: a row for each what?",
        )
    if place in ((2, 3), (3, 2)):
        which = "both directions together" if place == (2, 3) else "shares of a class, not pictures"
        raise Mistake(
            "other-measure",
            f"{told} That cell is largest by another measure: {which}.",
            "that a confusion counts the same in both directions, or against its class.",
            "The task: how many pictures?",
        )
    if place != (0, 1):
        raise Mistake(
            "other-cell",
            told,
            "that rows and columns are counted from 1, or that the least is the worst.",
            "Show the matrix with plots.plot_confusion_matrix and look for its darkest orange.",
        )
    other = np.array(
        [[20, 0, 5, 0, 7], [0, 30, 5, 0, 0], [6, 0, 25, 5, 4], [0, 9, 0, 40, 0], [0, 0, 5, 0, 15]]
    )
    again = tuple(np.asarray(result_of(largest_confusion, other.copy())).ravel().tolist())
    if again != (3, 1):
        raise Mistake(
            "right-by-luck",
            f"{told} That is right. For {other.tolist()} it gives {again}, and there a cell with "
            "more mistakes stands somewhere else.",
            "that it stands above the diagonal, or in the row with the most mistakes, or that "
            "every matrix has the size of this one.",
            "Compare all cells off the diagonal, one by one.",
        )
    return f"{told} Nine pictures of class 0 were taken for class 1."
