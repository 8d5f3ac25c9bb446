"""Checks of week 2's exercise: left hand or right hand?"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from utils.checks._batches import (
    batches_of,
    in_an_order,
    joined,
    made_up_pictures,
    refuse_changed,
    refuse_fixed_batches,
    refuse_other_counts,
    refuse_other_than_batches,
    refuse_rescaled,
    refuse_wrong_labels,
)
from utils.checks._guard import affordable
from utils.checks._hands import (
    SIDE,
    made_up_hand,
    refuse_mirrors,
    refuse_other_range,
    refuse_too_strong,
    refuse_too_weak,
)
from utils.checks._judging import Mistake, a_function, check, result_of
from utils.checks._networks import (
    a_number,
    answers,
    have_changed,
    network_from,
    refuse_if_huge,
    refuse_unless_one_probability,
    values_of,
)

MOST_GAP = 10  # percentage points
LEAST_ACCURACY = 0.78  # of new pictures
COPIES = 256  # of a picture, so that what is usual among its variants hardly depends on chance
PLAIN = (  # layers that keep no network from learning by heart
    keras.Sequential,
    keras.layers.InputLayer,
    keras.layers.Rescaling,
    keras.layers.Conv2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
    keras.layers.Dense,
)
DROPOUTS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)


# ---------------------------------------------------------------- which recipe?


@check(2, "recipes")
def recipes(name_recipes):
    """A function that gives two letters: what breaks labels, and what hardly occurs."""
    a_function(name_recipes, "name_recipes")
    given = result_of(name_recipes)
    if isinstance(given, str) and len(letters := given.replace(",", " ").split()) == 1:
        letters = list(letters[0])  # "CB" is as clear as "C, B"
    given = letters if isinstance(given, str) and len(letters) == 2 else given
    if isinstance(given, str) and len(letters) == 1:
        raise Mistake(
            "one-letter",
            f"name_recipes gave {given!r:.40}, one letter.",
            "that one recipe is to blame for everything.",
            "The task asks two questions: whose labels are wrong, whose pictures are out of place?",
        )
    given = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise Mistake(
            "not-two",
            f"name_recipes gave {given!r:.40}, not two letters.",
            "that whoever calls a function understands any form of its answer.",
            'Two letters with a comma after return, such as "A", "D".',
        )
    breaks, occurs = map(_letter, given)
    if breaks is None:
        raise Mistake(
            "no-flip-harms",
            "You say that no recipe breaks the labels.",
            "that a mirror image keeps the label, as it does with cats.",
            "The thumb, in the rows of six: one recipe changes its side.",
        )
    if (breaks, occurs) == ("B", "C"):
        raise Mistake(
            "wild-breaks",
            "You say that B makes labels wrong, and C pictures that hardly occur.",
            "that the wilder a picture looks, the more likely its label is wrong.",
            "Your own right hand: turn it upside down. Is it a left hand now?",
        )
    if breaks == "B":
        raise Mistake(
            "wild-breaks",
            "You say that B makes labels wrong.",
            "that what looks wrong to us has a wrong label.",
            "Your own right hand: turn it upside down. Is it a left hand now?",
        )
    if breaks == "A":
        raise Mistake(
            "shift-breaks",
            "You say that A makes labels wrong.",
            "that a hand that is shifted or nearer is another thing.",
            "The six hands of row A: what tells left from right, and has it changed?",
        )
    if breaks == "D":
        raise Mistake(
            "light-breaks",
            "You say that D makes labels wrong.",
            "that a change of every pixel is a large change.",
            "The six hands of row D: what tells left from right, and has it changed?",
        )
    if occurs == "C":
        raise Mistake(
            "broken-is-rare",
            "You name C twice: as what breaks the labels, and as what hardly occurs.",
            "that a wrong label makes a picture unusual; it is a usual one of the other class.",
            "The printed range in which hands lean, and which row leaves it.",
        )
    if occurs == "A":
        raise Mistake(
            "nearer-is-rare",
            "The labels are right. But hands as A shows them do occur.",
            "that all hands stand in the middle and have one size.",
            "The twelve hands of section 1: do they? And the printed range in which hands lean.",
        )
    if occurs == "D":
        raise Mistake(
            "light-is-rare",
            "The labels are right. But a little more or less light does occur.",
            "that a change of every pixel makes an unusual picture.",
            "The printed range in which hands lean, and which row leaves it.",
        )
    if occurs is None:
        raise Mistake(
            "all-in-place",
            "The labels are right. But one of the other recipes makes pictures that hardly occur.",
            "that whatever keeps the label is useful.",
            "The printed range in which hands lean, and which row leaves it.",
        )
    return f"{breaks} makes left hands of right ones; {occurs} turns hands as nobody holds them."


def _letter(given):
    """A, B, C or D; None for "none of them"."""
    letter = str(given).strip().strip("\"'").upper()
    if letter in ("NONE", "NO", "-", ""):
        return None
    if letter not in ("A", "B", "C", "D"):
        raise Mistake(
            "no-letter",
            f"{given!r:.40} is not the name of one recipe.",
            "that several may be named at once, or the layers themselves.",
            'One letter each, such as "A".',
        )
    return letter


# ---------------------------------------------------------------- your own recipe


@check(2, "augmentation")
def augmentation(build_augmentation):
    """A function that makes a recipe, to be called as recipe(images, training=...)."""
    a_function(build_augmentation, "build_augmentation")
    recipe = _recipe_from(build_augmentation)
    if not callable(recipe):
        raise Mistake(
            "not-callable",
            f"build_augmentation returned {type(recipe).__name__}, which cannot be called.",
            "that a list of layers is a recipe already, or a function hands back its last line.",
            "The word return, and keras.Sequential around the layers.",
        )
    pictures = np.repeat(made_up_hand()[None], COPIES, axis=0)
    first, second = (_apply(recipe, pictures, training=True) for _ in range(2))
    if len(first) != len(pictures):
        raise Mistake(
            "more-pictures",
            f"{len(pictures)} pictures went in, {len(first)} came out.",
            "that augmentation gives the originals and variants besides, so that an epoch grows.",
            "Question 1 of the lecture's section 3: how many pictures does an epoch have?",
        )
    if first.shape != pictures.shape:
        raise Mistake(
            "other-shape",
            f"Pictures of shape {pictures.shape[1:]} came out as {first.shape[1:]}.",
            "that a network takes any size and any number of channels.",
            "The layer that crops, resizes or adds channels.",
        )
    refuse_other_range(first)
    if np.allclose(first, pictures, atol=0.5) and np.allclose(second, pictures, atol=0.5):
        raise Mistake(
            "no-change",
            "With training=True the pictures came out as they went in.",
            "that a recipe acts as soon as it is there, whatever its strength.",
            "The ranges that you gave to the layers, and what the function returns.",
        )
    if np.allclose(first, first[:1], atol=0.5):
        raise Mistake(
            "same-for-batch",
            f"{COPIES} copies of one picture came out as {COPIES} equal variants.",
            "that one draw for each batch is variety enough.",
            "Where the random number is drawn: Keras' layers draw one for each picture.",
        )
    if np.allclose(first, second, atol=0.5):
        raise Mistake(
            "same-each-call",
            "Two calls gave the same variants.",
            "that a few variants, made once, are enough; the network then learns those by heart.",
            "The seed: does each call start from the same one again?",
        )
    in_use = _apply(recipe, pictures, training=False)
    if in_use.shape != pictures.shape or not np.allclose(in_use, pictures, atol=0.5):
        raise Mistake(
            "changes-in-use",
            "With training=False the pictures are changed as well.",
            "that new pictures should be altered like those of training, to be comparable.",
            "Section 3 of the lecture: in use, a recipe does nothing.",
        )
    refuse_mirrors(first)
    refuse_too_strong(first)
    refuse_too_weak(first)
    return "each picture changes in its own way, in training alone, and stays a right hand."


def _recipe_from(build_augmentation):
    try:
        return result_of(build_augmentation)
    except ValueError as error:
        if "in the range" not in str(error):
            raise
        raise Mistake(
            "strength-refused",
            f"Keras refuses the strength of a layer: {error}"[:200],
            "that strengths are degrees or per cent; they are shares: of a full turn, of a side.",
            "Your largest numbers. What share of a full turn are 36 degrees?",
        ) from error


def _apply(recipe, pictures, training):
    try:
        changed = recipe(tf.constant(pictures), training=training)
    except TypeError as error:
        if "training" not in str(error):
            raise
        raise Mistake(
            "no-training-argument",
            "Your recipe cannot be called with training=True.",
            "that a recipe need not know whether it is in training or in use.",
            "A Keras layer knows; a function of your own takes training as its second argument.",
        ) from error
    if changed is None:
        raise Mistake(
            "recipe-returns-nothing",
            "Your recipe gave None back.",
            "that a function hands back what its last line makes.",
            "The word return.",
        )
    return np.asarray(changed, np.float32)


# ---------------------------------------------------------------- network and data


@check(2, "network")
def network(build_network):
    """A function that makes a network from raw pixels to one probability, with dropout."""
    a_function(build_network, "build_network")
    model = _built(build_network)
    _refuse_other_input(model)
    pictures = np.random.default_rng(0).uniform(0, 255, (16, SIDE, SIDE, 1)).astype("float32")
    answers(model, pictures[:2])
    refuse_if_huge(model)
    _refuse_unscaled(model, pictures)
    given = refuse_unless_one_probability(model, pictures)
    _refuse_if_restless(model, pictures, given)
    layers = model._flatten_layers()
    rates = [layer.rate for layer in layers if isinstance(layer, DROPOUTS)]
    if not any(rates) and any(isinstance(layer, keras.layers.GaussianNoise) for layer in layers):
        raise Mistake(
            "noise-not-dropout",
            "In training, noise is added, but no unit is ever left out.",
            "that whatever disturbs a network in training is dropout.",
            "Section 4 of the lecture: what dropout does to a unit.",
        )
    if not any(rates) and not _drops_by_itself(model):
        raise Mistake(
            "no-dropout",
            "In training, no unit is ever left out." + (" A rate is 0." if rates else ""),
            "that augmentation is dropout enough, or a layer drops by itself.",
            "Section 4 of the lecture: a layer of its own, with the share that it drops.",
        )
    if any(rate >= 0.9 for rate in rates):
        raise Mistake(
            "rate-too-high",
            f"A dropout layer has a rate of {max(rates)}.",
            "that the rate is the share that is kept.",
            "Section 4 of the lecture: the rate is the share that is set to zero.",
        )
    if np.any(answers(model, np.repeat(pictures, 4, axis=0), training=True) == 0):
        raise Mistake(
            "answers-dropped",
            "In training, some of the answers themselves are set to zero.",
            "that dropout may stand anywhere, after the last layer as well.",
            "What stands after the layer that gives the probability.",
        )
    return (
        f"{model.count_params():,} weights, one probability, and units left out in training alone."
    )


def _built(build_network):
    try:
        try:
            affordable(build_network)
        except Mistake as mistake:  # a class of one's own learns its shapes only from pictures
            if mistake.name != "no-input-shape":
                raise
        return network_from(result_of(build_network), "build_network")
    except ValueError as error:
        if "argument `rate`" not in str(error):
            raise
        raise Mistake(
            "rate-refused",
            f"Keras refuses the rate of a dropout layer: {error}"[:160],
            "that Dropout(20) means 20 %.",
            "Section 4 of the lecture: a rate is a share between 0 and 1.",
        ) from error


def _refuse_if_restless(model, pictures, given):
    if not np.allclose(answers(model, pictures), given, atol=1e-5):
        raise Mistake(
            "changes-in-use",
            "In use, the same pictures get other answers the second time.",
            "that dropout and augmentation should go on in use, as in training.",
            "Inside the network, training=True: leave it out; fit and predict each set it right.",
        )


def _refuse_other_input(model):
    """Refuse another input shape, where the network has settled it."""
    shape = tuple((getattr(model, "input_shape", None) or (None,))[1:])
    if shape and any(
        size not in (None, wanted) for size, wanted in zip(shape, (SIDE, SIDE, 1), strict=True)
    ):
        raise Mistake(
            "other-input",
            f"The network takes pictures of shape {shape}, yours have ({SIDE}, {SIDE}, 1).",
            "that every picture has three channels, or the size of the lecture's.",
            "The shape in keras.Input. A grey picture has how many channels?",
        )


def _refuse_unscaled(model, pictures):
    """Refuse a network whose first layer with weights gets pixels of an unusual range."""
    reached = _at_first_weights(model, pictures)
    if reached is None:  # a layer of one's own, or one that normalizes by itself
        return
    low, high = reached
    seen = f"Pixels of 0–255 reach the first layer with weights as {low:.3g} to {high:.3g}."
    if high > 300:
        raise Mistake(
            "multiplied",
            seen,
            "that Rescaling(255) divides: it multiplies.",
            "Rescaling takes a factor: which one makes 1 of 255?",
        )
    if max(abs(low), abs(high)) > 20:
        raise Mistake(
            "not-rescaled",
            seen,
            "that a network copes with any range of pixels: steps that suit weights for inputs "
            "near 1 are far too long here.",
            "The layer with which the lecture's network begins.",
        )
    if high - low < 0.1:
        raise Mistake(
            "rescaled-twice",
            seen,
            "that rescaling once more does no harm; the network then sees black.",
            "Where pixels are divided: count the places, in your recipe too.",
        )


def _at_first_weights(model, pictures):
    """(least, largest) value that reaches the first convolution or dense layer, else None."""
    reached = []
    call = keras.layers.Layer.__call__

    def noting(layer, *inputs, **options):
        if isinstance(layer, (keras.layers.BatchNormalization, keras.layers.Normalization)):
            reached.append(None)
        elif any(weight.name == "kernel" for weight in layer._trainable_variables):
            values = np.asarray(inputs[0])
            reached.append((float(values.min()), float(values.max())))
        return call(layer, *inputs, **options)

    with mock.patch.object(keras.layers.Layer, "__call__", noting):
        answers(model, pictures)
    return reached[0] if reached else None


def _drops_by_itself(model):
    """Whether a network without Keras' dropout layers, or layers that augment, leaves units out.

    Copies of a black picture then get different answers.
    """
    if any(type(layer).__name__.startswith("Random") for layer in model._flatten_layers()):
        return False
    black = np.zeros((16, SIDE, SIDE, 1), np.float32)
    return np.ptp(answers(model, black, training=True)) > 1e-6


@check(2, "place")
def place(set_up):
    """A function that makes two data sets and a network: which of them changes which pictures?"""
    a_function(set_up, "set_up")
    train, new = made_up_pictures(243), made_up_pictures(100)  # no multiple of a batch
    made = _set_up(set_up, train, new)
    _refuse_other_than_three(made)
    training, validation, model = made
    refuse_other_than_batches(training, validation)
    batches, batches_again = batches_of(training), batches_of(training)
    (first, labels), (again, labels_again) = map(joined, (batches, batches_again))
    fixed, fixed_labels = joined(batches_of(validation))
    fixed_again, _ = joined(batches_of(validation))
    refuse_other_counts(len(first), len(fixed), len(train[1]), len(new[1]))
    for pictures in (first, fixed):
        refuse_rescaled(pictures)
    refuse_changed(fixed, fixed_again, new[0])
    for pictures, given in ((first, labels), (fixed, fixed_labels)):
        refuse_wrong_labels(pictures, given)
    in_data = not np.allclose(in_an_order(first), in_an_order(train[0]), atol=0.5)
    if in_data and np.allclose(in_an_order(first), in_an_order(again), atol=0.5):
        raise Mistake(
            "augmented-once",
            "The pictures are changed once, and every epoch brings the same variants.",
            "that one variant of each picture is enough, or map runs only once.",
            "A cache after the map, or a recipe that ran before the data set was made.",
        )
    if np.array_equal(labels, labels_again):
        raise Mistake(
            "same-order",
            "Two epochs bring the training pictures in the same order.",
            "that the order of the pictures does not matter, or one shuffle is enough.",
            "The shuffle, its reshuffle_each_iteration, and a cache after it.",
        )
    refuse_fixed_batches(batches, batches_again)
    _refuse_unscaled(model, train[0])
    in_network = _augments(model)
    if in_data and in_network:
        raise Mistake(
            "changed-twice",
            "Training pictures are changed twice: by the data set, and by the network.",
            "that both places are needed, or twice is better.",
            "Section 3 of the lecture: two places, of which you choose one.",
        )
    if not in_data and not in_network:
        raise Mistake(
            "never-changed",
            "Nothing changes the training pictures: neither the data set nor the network.",
            "that a recipe that has been written is at work.",
            "Who calls build_augmentation? In a map, pass training=True.",
        )
    where = "data set" if in_data else "network"
    return f"the {where} changes training pictures, and nothing changes new ones."


def _set_up(set_up, train, new):
    try:
        return result_of(set_up, train, new)
    except ValueError as error:
        if "tf.function only supports singleton tf.Variables" not in str(error):
            raise
        raise Mistake(
            "made-in-the-map",
            "The map makes new layers each time it is called, and TensorFlow refuses that.",
            "that what stands in a lambda happens once.",
            "Where build_augmentation() is called: once, before the map; the map only uses it.",
        ) from error


def _refuse_other_than_three(made):
    if not isinstance(made, (tuple, list)) or len(made) != 3:
        raise Mistake(
            "not-three",
            f"set_up returned {type(made).__name__}, not two data sets and a network.",
            "that a function hands back what its last lines make.",
            "What stands after return: training, new, network.",
        )
    if any(isinstance(part, keras.Model) for part in made[:2]):
        raise Mistake(
            "other-order",
            "set_up returned the network before a data set.",
            "that who calls a function sees by itself which of its results is which.",
            "The order that the task gives: training, new, network.",
        )
    network_from(made[2], "set_up")


def _augments(model):
    """True if a network changes pictures in training, dropout apart.

    Copies of a picture then get different answers in one batch: with no unit left out, nothing but
    a change of the pictures can tell them apart.
    """
    copies = np.repeat(made_up_hand()[None], 32, axis=0)
    dropouts = [layer for layer in model._flatten_layers() if isinstance(layer, DROPOUTS)]
    rates = [layer.rate for layer in dropouts]
    if np.ptp(answers(model, copies)) > 1e-5:
        raise Mistake(
            "changes-in-use",
            "In use, the network gives copies of one picture different answers.",
            "that new pictures should be augmented, too, to be comparable.",
            "Inside the network, training=True: leave it out; fit and predict each set it right.",
        )
    try:
        for layer in dropouts:
            layer.rate = 0
        return np.ptp(answers(model, copies, training=True)) > 1e-5
    finally:
        for layer, rate in zip(dropouts, rates, strict=True):
            layer.rate = rate


# ---------------------------------------------------------------- the gap


@check(2, "gap")
def gap(gap_points):
    """A function that measures a network's gap; here for one whose gap is known."""
    a_function(gap_points, "gap_points")
    model = _network_of_known_gap()
    train, new = _pictures_right(200, 0.95, 0), _pictures_right(120, 0.70, 1)
    weights = values_of(model.weights)
    # Three times, as two that leave units out agree by chance once in a hundred tries.
    tries = [a_number(_gap(gap_points, model, train, new), "gap_points") for _ in range(3)]
    found, again = tries[0], max(tries, key=lambda one: abs(one - tries[0]))
    if have_changed(model.weights, weights):
        raise Mistake(
            "trains",
            "gap_points trained the network.",
            "that to measure a network, one has to fit it.",
            "Evaluate or predict, which leave a network as it is.",
        )
    if abs(found - again) > 0.01:
        raise Mistake(
            "dropout-while-measuring",
            f"The same network and pictures gave {found:.2f} and then {again:.2f}.",
            "that a network answers in the same way in training and in use.",
            "What switches dropout on; or pictures that are still augmented or drawn.",
        )
    _refuse_other_gap(found, *(_measures_of(model, *side) for side in (train, new)))
    if (other_way := a_number(_gap(gap_points, model, new, train), "gap_points")) > 0:
        raise Mistake(
            "no-sign",
            f"70 % against 95 % of the new pictures gave {other_way:.1f}, as does 95 % against 70.",
            "that a gap has no sign: a network that does better on new pictures has none.",
            "What abs does to a negative number.",
        )
    return f"{found:.1f} points for 95 % against 70 %."


def _gap(gap_points, model, train, new):
    try:
        return result_of(gap_points, model, train, new)
    except ValueError as error:
        if "None values not supported" not in str(error):
            raise
        raise Mistake(
            "labels-not-given",
            "The network was asked to measure, and given no labels.",
            "that a pair (images, labels) is taken apart by itself.",
            "What evaluate takes: two arguments, images and labels. A star, or two names?",
        ) from error


# Of a training in which dropout was on: less than the network gets right in use.
HISTORY = {
    "accuracy": (0.61, 0.83),
    "val_accuracy": (0.58, 0.70),
    "loss": (0.66, 0.41),
    "val_loss": (0.67, 0.55),
}


def _refuse_other_gap(found, train, new):
    true = 100 * (train["accuracy"] - new["accuracy"])

    def is_near(value):
        return abs(found - value) <= max(0.02 * abs(value), 0.004)

    told = f"95 % of the training pictures are right and 70 % of the new ones; you say {found:.2f}."
    if abs(found - true) <= 0.6:
        return
    for factor in (1, 100):
        if is_near(factor * (HISTORY["accuracy"][-1] - HISTORY["val_accuracy"][-1])):
            raise Mistake(
                "from-the-history",
                told,
                "that the history's training accuracy is that of the network as it is in use.",
                "The first hint: what was on during training that is off in use?",
            )
    if is_near(true / 100):
        raise Mistake(
            "share-not-points",
            told,
            "that a share of 0.25 is a gap of 0.25 points.",
            "The task: points, per cent.",
        )
    if is_near(-true) or is_near(-true / 100):
        raise Mistake(
            "wrong-way-round",
            told,
            "that a gap is what validation has more than training.",
            "The task: how much more of the training pictures than of the new ones?",
        )
    for factor in (1, 100):
        difference = factor * (train["loss"] - new["loss"])
        if is_near(difference) or is_near(-difference):
            raise Mistake(
                "loss-not-accuracy",
                told,
                "that a loss of 0.88 is an accuracy of 88 %.",
                "What evaluate returns, and in which order.",
            )
    for factor in (1, 100):
        if is_near(factor * (train["argmax"] - new["argmax"])):
            raise Mistake(
                "argmax-of-one-column",
                told,
                "that argmax gives the class of any output; of a single column it is always 0.",
                "How many columns the answers have; from which probability on is a hand *right*?",
            )
        if is_near(factor * (train["crossed"] - new["crossed"])):
            raise Mistake(
                "shapes-crossed",
                told,
                "that answers of shape (n, 1) and labels of shape (n,) compare one by one; each is "
                "compared with all.",
                "The shapes of both sides of the comparison.",
            )
        if is_near(factor * train["accuracy"]) or is_near(factor * new["accuracy"]):
            raise Mistake(
                "one-accuracy",
                told,
                "that one accuracy says how much is learnt by heart.",
                "The task: a difference of two.",
            )
    raise Mistake(
        "other-number",
        told,
        "that any two numbers of a training run make a gap.",
        "Accuracy of the one, accuracy of the other, both as in use.",
    )


def _network_of_known_gap():
    """Says *right* where the first pixel is bright; in training, dropout makes it forget that."""
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    kernel = np.zeros((SIDE * SIDE, 1), np.float32)
    kernel[0] = 6
    model.layers[-1].set_weights([kernel, np.array([-3], np.float32)])
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.history = keras.callbacks.History()  # as fit leaves it
    model.history.history = {name: list(values) for name, values in HISTORY.items()}
    return model


def _pictures_right(count, share, seed):
    """(images, labels), of which the network of known gap gets that share right."""
    draw = np.random.default_rng(seed)
    labels = (draw.permutation(count) < count * (0.4 + 0.15 * seed)).astype("int32")
    is_right = draw.permutation(count) < round(count * share)
    images = draw.uniform(0, 255, (count, SIDE, SIDE, 1)).astype("float32")
    images[:, 0, 0, 0] = 255 * np.where(is_right, labels, 1 - labels)
    return images, labels


def _measures_of(model, images, labels):
    """What one could take for an accuracy, by name."""
    given = model.predict(images, verbose=0)
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    return {
        "accuracy": accuracy,
        "loss": loss,
        "argmax": np.mean(given.argmax(axis=1) == labels),
        "crossed": np.mean((given > 0.5) == labels),
    }


# ---------------------------------------------------------------- the bar


@check(2, "bar")
def bar(model, train, new):
    """A trained network and both pairs of (images, labels): small gap, and right often enough."""
    model = network_from(model, "your training")
    _refuse_shared_pictures(train[0], new[0])
    if len(train[1]) > len(new[1]):
        raise Mistake(
            "sides-swapped",
            f"You hand over {len(train[1])} training pictures and {len(new[1])} new ones.",
            "that the order of the sides does not matter.",
            "Section 1 has fewer pictures to learn from than new ones; the order is train, new.",
        )
    of_train, of_new = (_accuracy(model, *side) for side in (train, new))
    points = 100 * (of_train - of_new)
    seen = f"{of_new:.1%} of the new pictures are right, {of_train:.1%} of those from training."
    if of_new < 0.4:
        raise Mistake(
            "upside-down",
            seen,
            "that below chance nothing was learnt; it was learnt well, the wrong way round.",
            "The labels: which hand is 1, and does the recipe change hands?",
        )
    if of_new < 0.6:
        raise Mistake(
            "knows-nothing",
            seen + " Guessing gives 50 %.",
            "that a small gap is a good network: one that has learnt nothing has none at all.",
            "Has this network been trained? If so, does a layer mirror its pictures?",
        )
    if points < -10:
        raise Mistake(
            "negative-gap",
            seen,
            "that a negative gap is the best of all.",
            "The training pictures: are these the untouched ones, with their own labels?",
        )
    layers = model._flatten_layers()
    if points > MOST_GAP and all(type(layer) in PLAIN for layer in layers):
        raise Mistake(
            "no-remedy",
            f"{seen} That is a gap of {points:.1f} points, {MOST_GAP} are allowed.",
            "that a smaller gap comes with training alone: this network has no dropout.",
            "Which network is handed over, the one to beat or yours?",
        )
    if points > MOST_GAP:
        raise Mistake(
            "gap-too-wide",
            f"{seen} That is a gap of {points:.1f} points, {MOST_GAP} are allowed.",
            "that having augmentation and dropout is enough, whatever their strength.",
            "The strength of your recipe, the rate of your dropout; are both at work?",
        )
    if of_new < LEAST_ACCURACY:
        raise Mistake(
            "too-few-right",
            f"{seen} The gap is small enough, but {LEAST_ACCURACY:.0%} should be right.",
            "that the narrower the gap the better, whatever the accuracy.",
            "Too strong a recipe, too much dropout, or too few epochs.",
        )
    return f"{seen} A gap of {points:.1f} points."


def _refuse_shared_pictures(train, new):
    known = {np.asarray(picture).tobytes() for picture in train}
    shared = sum(np.asarray(picture).tobytes() in known for picture in new)
    if shared:
        raise Mistake(
            "shared-pictures",
            f"{shared} of the {len(new)} new pictures are training pictures.",
            "that pictures that were augmented may be measured with, as they look new.",
            "How train and new were made: by person, in section 1.",
        )


def _accuracy(model, images, labels):
    given = answers(model, images)
    if given.shape != (len(labels), 1) or not np.isfinite(given).all():
        raise Mistake(
            "no-probability",
            f"The network's answers have the shape {given.shape}, or some are not numbers.",
            "that any output can be compared with labels.",
            "The check of task 3, once more.",
        )
    return float(np.mean((given[:, 0] > 0.5) == np.asarray(labels).reshape(-1)))
