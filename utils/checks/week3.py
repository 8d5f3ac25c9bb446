"""Checks of week 3's exercise: paper or rock, from twenty labels."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
from unittest import mock

import keras
import numpy as np

from utils.checks._judging import Mistake, a_function, check, result_of
from utils.checks._networks import (
    a_number,
    answers,
    batch_norms,
    have_changed,
    network_from,
    refuse_if_huge,
    refuse_unless_compiled,
    refuse_unless_loss_fits,
    refuse_unless_one_probability,
    shipped_backbone,
    values_of,
)

LEAST_ACCURACY = 0.75  # of new pictures
SIDE = 96  # pixels, as in the exercise
LONGEST_STEP = 1.01e-4  # learning rate of Adam for layers that have learnt already
BLOCKS = ("stem", "expand", "project", "join")  # of the little base, from below
FIRST = "project_conv"  # from here upwards it may learn
ADAPTIVE = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion")


# ---------------------------------------------------------------- twenty labels


@check(3, "Task 1 · Choose pictures")
def choose(function):
    """A function (labels, per_class, seed) that gives the indices of pictures to be labelled."""
    a_function(function, "choose")
    in_order = np.repeat([0, 1], [30, 50])
    mixed = np.random.default_rng(5).permutation(in_order)
    handed = in_order.copy()
    chosen = _indices(result_of(function, handed, 10, 1), in_order)
    if not np.array_equal(handed, in_order):
        raise Mistake(
            "mixes-labels",
            "After the call, the array labels has another order than before.",
            "that shuffle hands back a mixed copy; it mixes what it is given, and the labels no "
            "longer belong to their pictures.",
            "What shuffle and permutation do to their argument: try both on np.arange(5).",
        )
    if len(chosen) == 10:
        raise Mistake(
            "in-all",
            "10 a class were asked for, and 10 came in all.",
            "that per_class counts all pictures.",
            "The number of classes, and what you take of each.",
        )
    if len(chosen) != 20:
        raise Mistake(
            "other-count",
            f"10 of each of two classes were asked for; {len(chosen)} came.",
            "that a share of the pictures and a number of pictures are the same.",
            "How many places you keep of each class.",
        )
    first, second = chosen[:10], chosen[10:]
    if first.max() < 30 and second.max() < 50 and second.min() < 30 <= second.max():
        raise Mistake(
            "within-class",
            "The second class has 50 pictures, at places 30 to 79; your second ten are all below "
            "50.",
            "that the third picture of a class is the third picture of all.",
            "Places within a class, and places among all pictures: which ones do you draw?",
        )
    if len(np.unique(chosen)) < len(chosen):
        raise Mistake(
            "repeats",
            f"Among 20 indices, only {len(np.unique(chosen))} are different.",
            "that random choices never meet twice.",
            "Drawing with and without replacement; permutation never repeats.",
        )
    _refuse_unequal(np.bincount(in_order[chosen], minlength=2))
    other = _indices(result_of(function, in_order, 10, 2), in_order)
    in_a_row = np.ptp(np.sort(chosen)[:10]) == np.ptp(np.sort(chosen)[10:]) == 9
    if set(other) == set(chosen) and not in_a_row:
        raise Mistake(
            "fixed-seed",
            "The pictures are drawn, but seeds 1 and 2 draw the same.",
            "that the generator knows the argument seed by itself, or that SEED is the argument.",
            "What stands in the brackets of default_rng: SEED of the notebook, or seed?",
        )
    if set(other) == set(chosen):
        raise Mistake(
            "ignores-seed",
            "Two seeds gave the same pictures.",
            "that the first ones are as good as any: they may all show one person.",
            "What the seed is used for.",
        )
    if in_a_row:
        raise Mistake(
            "in-a-row",
            "The ten of each class stand side by side.",
            "that a random start is a random choice; neighbours may all show one person.",
            "Each picture of a class should have the same chance, whatever else is drawn.",
        )
    if set(_indices(result_of(function, in_order, 10, 1), in_order)) != set(chosen):
        raise Mistake(
            "not-repeatable",
            "The same seed gave other pictures the second time.",
            "that random means that nobody can repeat it.",
            "The generator np.random.default_rng(seed), made inside the function.",
        )
    if len(few := _indices(result_of(function, in_order, 4, 1), in_order)) != 8:
        raise Mistake(
            "always-ten",
            f"4 of each of two classes were asked for; {len(few)} came. With 10, it was 20.",
            "that a number that fits the exercise can stand for the argument.",
            "Where per_class stands inside your function.",
        )
    from_mixed = _indices(result_of(function, mixed, 10, 1), mixed)
    counts = np.bincount(mixed[from_mixed], minlength=2)
    if len(from_mixed) != 20 or counts.min() != counts.max():
        raise Mistake(
            "by-position",
            f"With labels in another order, the classes get {counts[0]} and {counts[1]} pictures.",
            "that the first half of a list is the first class.",
            "Where a class stands: compare the labels, not the places.",
        )
    return "as many of each class, none twice, and the same again for the same seed."


def _indices(given, labels):
    """The learner's indices as a whole-number array, or a Mistake."""
    array = np.asarray(given)
    if array.dtype == bool:
        raise Mistake(
            "mask",
            "choose returned True and False for each picture.",
            "that a mask and indices are the same.",
            "The function np.flatnonzero makes indices of a mask.",
        )
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise Mistake(
            "no-indices",
            f"choose returned {type(given).__name__}, not one row of whole numbers.",
            "that a function hands back what its last line makes, in whatever form.",
            "The word return, and np.concatenate to put the classes together.",
        )
    if len(array) and (array.max() >= len(labels) or array.min() < 0):
        raise Mistake(
            "out-of-range",
            f"Index {array.max()} of {len(labels)} pictures: they are counted from 0.",
            "that any whole number is a place.",
            "From what you draw: the places, or a number of places.",
        )
    if len(array) > 2 and set(array.tolist()) <= {0, 1}:
        raise Mistake(
            "labels-not-places",
            "choose returned zeros and ones: labels, not places.",
            "that labels are enough to find pictures.",
            "The function np.flatnonzero gives the places.",
        )
    return array


def _refuse_unequal(counts):
    if counts.min() == 0:
        raise Mistake(
            "one-class",
            f"All {counts.sum()} pictures are of one class.",
            "that the first pictures of a set are a fair choice; folders are read class by class.",
            "The order of the labels.",
        )
    if counts.min() != counts.max():
        raise Mistake(
            "unequal",
            f"The classes get {counts[0]} and {counts[1]} pictures, instead of 10 and 10.",
            "that drawing at random keeps the classes equal by itself.",
            "Draw within each class.",
        )


# ---------------------------------------------------------------- the dummy


@check(3, "Task 2 · Accuracy of a dummy")
def dummy(dummy_accuracy):
    """A function (known labels, true labels) that gives the accuracy of always the same answer."""
    a_function(dummy_accuracy, "dummy_accuracy")
    known, true = np.repeat([0, 1, 2], [2, 7, 3]), np.repeat([0, 1, 2], [10, 6, 24])
    found = a_number(result_of(dummy_accuracy, known, true), "dummy_accuracy")
    told = (
        "The dummy knows 12 labels: seven 1, three 2, two 0. Of the 40 that it is judged on, six "
        f"are 1, 24 are 2, ten are 0. You say {found:g}."
    )
    if np.isclose(found, 0.6):
        raise Mistake(
            "peeks",
            told,
            "that the labels on which one is judged may be looked at.",
            "Which of the two arrays decides the dummy's answer?",
        )
    if np.isclose(found, 15):
        raise Mistake(
            "per-cent",
            told,
            "that a share and a percentage are the same.",
            "The task: from 0 to 1.",
        )
    if np.isclose(found, 7 / 12):
        raise Mistake(
            "known-share",
            told,
            "that the known labels tell about the others.",
            "On which labels do you count?",
        )
    if np.isclose(found, 0.5):
        raise Mistake(
            "a-half",
            told,
            "that a dummy is right half of the time, whatever the classes are.",
            "Classes that are not equally frequent: what does the one answer get?",
        )
    if found == 0:
        raise Mistake(
            "number-not-class",
            told,
            "that max gives the class; it gives how often the class comes (seven).",
            "Of an array of counts: its largest value, or the place of that value?",
        )
    if np.isclose(found, 2 / 12) or np.isclose(found, 2 / 40):
        raise Mistake(
            "side-by-side",
            told,
            "that the known labels are the dummy's answers, one for each picture; they belong to "
            "other pictures.",
            "The dummy has one answer for all pictures.",
        )
    if np.isclose(found, 1 / 3):
        raise Mistake(
            "one-in-classes",
            told,
            "that a dummy is right once in as many times as there are classes.",
            "Classes that are not equally frequent: what does the one answer get?",
        )
    if np.isclose(found, 0.25):
        raise Mistake(
            "other-class",
            told,
            "that the dummy's answer is class 0, or the rarest.",
            "Which class is the most frequent among the known labels?",
        )
    if np.isclose(found, 6):
        raise Mistake("count", told, "that a count is a share.", "The number of true labels.")
    if not np.isclose(found, 0.15):
        raise Mistake(
            "other-number",
            told,
            "that a dummy guesses at random; this one always gives the same answer.",
            "The two steps of hint 2.",
        )
    other = a_number(
        result_of(dummy_accuracy, np.repeat([0, 1], [7, 3]), np.repeat([0, 1], [12, 28])),
        "dummy_accuracy",
    )
    if not np.isclose(other, 0.3):
        raise Mistake(
            "always-one",
            f"The dummy knows ten labels: seven 0, three 1. Of the 40 that it is judged on, twelve "
            f"are 0. You say {other:g}.",
            "that the most frequent class is always 1.",
            "Which class is the most frequent among the known labels?",
        )
    return "it knows what it may know, and nothing else."


# ---------------------------------------------------------------- the backbone


@check(3, "Task 3 · Cut a backbone", seconds=60)
def backbone(cut_backbone):
    """A function that gives the shipped network without its answers, frozen."""
    a_function(cut_backbone, "cut_backbone")
    base = network_from(result_of(cut_backbone), "cut_backbone")
    if isinstance(base, keras.Sequential) and any("add" in one.name for one in base.layers):
        raise Mistake(
            "in-one-row",
            "The network is a Sequential of the layers, one after the other; some of these layers "
            "add what comes by two ways.",
            "that a network is the list of its layers. The list does not say what goes where.",
            "Of a network with branches, keras.Model(inputs, outputs) keeps the branches.",
        )
    pictures = _made_up_pictures(3, 96)
    given = answers(base, pictures)
    if given.shape == (3, 1000):
        raise Mistake(
            "old-answers",
            "Each picture gives 1,000 numbers: ImageNet's answers.",
            "that to change the classes, keep the old last layer and ignore what is not needed.",
            "The picture of the last layers in section 3 of the lecture: where are the features?",
        )
    if given.ndim == 4:
        raise Mistake(
            "maps-not-features",
            f"Each picture gives maps of shape {given.shape[1:]}, not a row of features.",
            "that features and feature maps are the same.",
            "What section 3 of the lecture says of each feature: it is the average of one map.",
        )
    if given.shape != (3, 1280):
        raise Mistake(
            "wrong-cut",
            f"Three pictures give an array of shape {given.shape}, instead of (3, 1280).",
            "that wherever one cuts, there are features.",
            "The names and shapes of the last layers: print them, as section 3 does.",
        )
    _refuse_other_features(given, pictures)
    norms = {id(weights) for layer in batch_norms(base) for weights in layer.trainable_weights}
    free = base.trainable_weights
    if free and all(id(weights) in norms for weights in free):
        raise Mistake(
            "batchnorm-not-frozen",
            "Everything is frozen but the BatchNormalization layers.",
            "that a frozen BatchNormalization goes on updating anyway, so freezing it is no use.",
            "Section 9 of the lecture: what trainable = False does to it in Keras.",
        )
    if free:
        raise Mistake(
            "not-frozen",
            f"{len(free)} weight arrays of the base may still learn.",
            "that a network that was loaded, or cut, is frozen; or that training=False freezes it.",
            "Section 3 of the lecture: the line that freezes.",
        )
    if not any(isinstance(layer, keras.layers.Conv2D) for layer in base.layers):
        raise Mistake(
            "nested",
            f"The base has {len(base.layers)} layers, one of them a whole network: "
            f"{', '.join(layer.name for layer in base.layers)}.",
            "that base.layers shows the layers of a network inside a network. Task 5 would not "
            "find any by its name.",
            "A cut, or an average, from the tensors of the network itself: its input, and a "
            "layer's output.",
        )
    return "raw pixels to 1,280 features, with ImageNet's weights, all of them frozen."


def _refuse_other_features(given, pictures):
    """Compare with the features that the shipped network sees in these pictures."""

    def are(expected):
        return np.allclose(given, expected, atol=0.02 * np.abs(expected).max())

    def are_of(pixels):
        return are(answers(shipped_backbone(), pixels))

    if are_of(pictures):
        return
    if (
        are_of(pictures / 255)
        or are_of(pictures / 127.5 - 1)
        or are_of((pictures / 127.5 - 1) / 255)
    ):
        raise Mistake(
            "rescaled",
            "The features are those of nearly black pictures: something rescales the pixels.",
            "that Rescaling(1 / 255) suits every pretrained network.",
            "What this network takes: section 3 of the lecture, or the docstring of "
            "imagenet_classifier.",
        )
    maps = {name: _maps(name, pictures) for name in ("top_activation", "top_bn")}
    if are(maps["top_activation"].max((1, 2))):
        raise Mistake(
            "largest-not-average",
            "The features are the largest value of each map, not its average.",
            "that any pooling gives the same features.",
            "What section 3 of the lecture says of each feature, and the name of the layer.",
        )
    if are(maps["top_bn"].mean((1, 2))):
        raise Mistake(
            "before-activation",
            f"{(given < 0).mean():.0%} of the features are negative: the last ReLU is missing.",
            "that an activation is no layer of its own, and may be left out.",
            "The names of the last layers: which of them come before the average?",
        )
    raise Mistake(
        "other-weights",
        "The features are not those of the network that learnt from ImageNet.",
        "that layers made anew, or cloned, bring their weights along.",
        "What keras.Model(inputs, outputs) is made from; and no preparation before it.",
    )


def _maps(name, pictures):
    base = shipped_backbone()
    return answers(keras.Model(base.input, base.get_layer(name).output), pictures)


def _made_up_pictures(count, side):
    """Coloured gradients with noise: float32 (count, side, side, 3), 0–255."""
    draw = np.random.default_rng(count)
    corners = draw.uniform(0, 255, (count, 2, 2, 3)).astype("float32")
    smooth = keras.ops.image.resize(corners, (side, side), interpolation="bilinear")
    noise = draw.normal(0, 15, (count, side, side, 3))
    return np.clip(np.asarray(smooth) + noise, 0, 255).astype("float32")


# ---------------------------------------------------------------- the head


@check(3, "Task 4 · Add a head", seconds=60)
def head(add_head):
    """A function that puts a head on a base and compiles; here on a little base."""
    a_function(add_head, "add_head")
    base = _little_base()
    model = network_from(result_of(add_head, base), "add_head")
    pictures, labels = _made_up_pictures(16, SIDE), np.arange(16) % 2
    _refuse_if_it_takes_features(model)
    answers(model, pictures[:2])
    refuse_if_huge(model)
    given = refuse_unless_one_probability(model, pictures)
    if not np.allclose(given, answers(model, pictures), atol=1e-5):
        raise Mistake(
            "changes-in-use",
            "In use, the same pictures get other answers the second time.",
            "that dropout should go on in use, as in training.",
            "Inside the network, training=True: leave it out; fit and predict each set it right.",
        )
    refuse_unless_compiled(model, "add_head")
    refuse_unless_loss_fits(model)
    _refuse_if_base_is_not_in(model, base, pictures)
    _refuse_changed_pixels(model, base, pictures)
    head_weights = [w for w in model.weights if id(w) not in {id(b) for b in base.weights}]
    before, head_before = values_of(base.weights), values_of(head_weights)
    model.run_eagerly = True  # two steps are over before a graph would be drawn
    model.fit(pictures, labels, batch_size=8, epochs=1, verbose=0)
    _refuse_if_base_learnt(base, before)
    if not have_changed(head_weights, head_before):
        raise Mistake(
            "head-frozen",
            "One epoch changed nothing at all, the head included.",
            "that to freeze the base, freeze the network.",
            "Which of the two gets trainable = False.",
        )
    measured = model.evaluate(pictures, labels, verbose=0, return_dict=True)
    if not any("acc" in name for name in measured):
        raise Mistake(
            "no-accuracy",
            f"The network reports {', '.join(measured)}, no accuracy.",
            "that the loss says how many are right.",
            "The metrics that compile is told.",
        )
    return "an epoch changed the head, and nothing of the base."


def _refuse_if_it_takes_features(model):
    taken = getattr(model, "inputs", None)  # a class of the learner's own may have none yet
    if taken and len(taken[0].shape) != 4:
        raise Mistake(
            "takes-features",
            f"The network takes rows of {taken[0].shape[-1]} numbers, not pictures.",
            "that the head alone is the network, as where features were kept on disk.",
            "The task: from what base takes. Where does base stand in your network?",
        )


def _refuse_changed_pixels(model, base, pictures):
    """Refuse a network that hands its base anything but raw pixels."""
    first, reached = base.get_layer("rescale"), []
    call = keras.layers.Rescaling.call

    def noted(layer, inputs):
        if layer is first:
            reached.append(np.asarray(inputs))
        return call(layer, inputs)

    with mock.patch.object(keras.layers.Rescaling, "call", noted):
        answers(model, pictures)
    if abs(reached[0].mean() - pictures.mean()) > 20:
        raise Mistake(
            "rescaled",
            f"Pixels reach the base as {reached[0].min():.1f} to {reached[0].max():.1f}.",
            "that pixels must be rescaled before any network.",
            "What this base takes, and the first remark of section 14's list.",
        )


def _refuse_if_base_is_not_in(model, base, pictures):
    targets = base.trainable_variables or base.weights
    bases = {id(weights) for weights in base.weights}
    heads = [weights for weights in model.trainable_variables if id(weights) not in bases]
    kept, draw = values_of([*targets, *heads]), np.random.default_rng(3)
    try:
        for weights in heads:  # a head that begins with zeros passes nothing on yet
            weights.assign_add(draw.normal(0, 0.05, weights.shape))
        before = answers(model, pictures)
        for weights in targets:
            weights.assign(0.5 + weights)
        after = answers(model, pictures)
    finally:
        for weights, values in zip([*targets, *heads], kept, strict=True):
            weights.assign(values)
    if np.allclose(before, after, atol=1e-7):
        raise Mistake(
            "other-base",
            "The network's answers do not depend on the base that add_head was given.",
            "that a network of the same kind, made anew, is the same network.",
            "Where base is called inside the function.",
        )


def _refuse_if_base_learnt(base, before):
    if have_changed(_learnt(base), _matching(base, before, _learnt(base))):
        raise Mistake(
            "base-learns",
            "One epoch with the new head changed the base.",
            "that a pretrained base stays as it is; or that training=False freezes its weights.",
            "Section 14 of the lecture, its list: mode and weights are two things.",
        )
    if have_changed(base.weights, before):
        raise Mistake(
            "batchnorm-moves",
            "The base's kernels stayed, but the running averages of its BatchNormalization moved.",
            "that freezing the convolutions freezes a base.",
            "Section 9 of the lecture: which layers must be frozen, too.",
        )


def _learnt(base):
    """The weights that gradients change when nothing is frozen, running averages left out."""
    return [weights for weights in base.weights if "moving" not in weights.path]


def _matching(base, before, some):
    values = {id(weights): old for weights, old in zip(base.weights, before, strict=True)}
    return [values[id(weights)] for weights in some]


def _little_base():
    """A small base as a learner gets it, not frozen: raw pixels of any size to 6 features.

    Its layers stand in another order than their names in the alphabet, as in the shipped one.
    """
    pixels = keras.Input((None, None, 3))
    values = keras.layers.Rescaling(1 / 127.5, -1, name="rescale")(pixels)
    for name, filters, step in zip(BLOCKS, (4, 4, 6, 6), (4, 2, 1, 1), strict=True):
        conv = keras.layers.Conv2D(filters, 3, step, padding="same", name=f"{name}_conv")
        values = keras.layers.BatchNormalization(name=f"{name}_norm")(conv(values))
        values = keras.layers.Activation("relu", name=f"{name}_relu")(values)
    features = keras.layers.GlobalAveragePooling2D(name="average")(values)
    base = keras.Model(pixels, features, name="little_base")
    draw = np.random.default_rng(1)
    for layer in batch_norms(base):  # averages as of other pictures
        layer.moving_mean.assign(draw.uniform(-0.2, 0.2, layer.moving_mean.shape))
        layer.moving_variance.assign(draw.uniform(0.5, 1.5, layer.moving_variance.shape))
    return base


# ---------------------------------------------------------------- fine-tuning


@check(3, "Task 5 · Unfreeze", seconds=60)
def unfreeze(function):
    """A function (model, base, first) that gets a trained model ready for fine-tuning."""
    a_function(function, "unfreeze")
    base, model = _trained_on_little_base()
    pictures, labels = _made_up_pictures(16, SIDE), np.arange(16) % 2
    inside = {id(weights) for weights in base.weights}
    head_weights = [weights for weights in model.weights if id(weights) not in inside]
    before, head_before = values_of(base.weights), values_of(head_weights)
    optimizer = model.optimizer
    tuned = network_from(result_of(function, model, base, FIRST), "unfreeze")
    if have_changed(head_weights, head_before) or not _contains(tuned, head_weights):
        raise Mistake(
            "head-lost",
            "What the head had learnt is gone before the first step.",
            "that fine-tuning begins with a new head; a random one spoils the base at once.",
            "Section 8 of the lecture: what becomes of the trained head.",
        )
    if have_changed(base.weights, before):
        raise Mistake(
            "trained-already",
            "The base changed before the next fit.",
            "that unfreezing and training are one step.",
            "The task: get the model ready, no more.",
        )
    refuse_unless_compiled(tuned, "unfreeze")
    _refuse_long_steps(tuned.optimizer, is_old=tuned.optimizer is optimizer)
    refuse_unless_loss_fits(tuned)
    tuned.run_eagerly = True
    tuned.fit(pictures, labels, batch_size=8, epochs=1, verbose=0)
    head_moved = have_changed(head_weights, head_before)
    _refuse_wrong_layers(base, before, head_moved)
    if not head_moved:
        raise Mistake(
            "head-frozen",
            "Fine-tuning leaves the head as it is.",
            "that in fine-tuning, only the base learns.",
            "The task: which layers stay frozen? The head is none of them.",
        )
    return "an epoch changed the upper layers and the head, in small steps, and no averages."


def _refuse_long_steps(optimizer, is_old):
    if is_old:
        raise Mistake(
            "not-compiled-again",
            "After unfreezing, fit goes on with the optimizer and the weights of before.",
            "that a change of trainable takes effect at once.",
            "Section 14 of the lecture, its list: what to do after such a change.",
        )
    rate = float(np.asarray(optimizer.learning_rate))
    longest = LONGEST_STEP if type(optimizer).__name__ in ADAPTIVE else 1.01e-2
    if rate > longest:
        raise Mistake(
            "long-steps",
            f"The next fit takes steps of {rate:g}.",
            "that what suits a new head suits layers that have learnt for days.",
            "The figure of section 8 in the lecture: long steps and small ones.",
        )
    if rate <= 0:
        raise Mistake(
            "no-steps",
            f"The next fit takes steps of {rate:g}: nothing would change.",
            "that the smaller the step the safer, down to none.",
            "The learning rate.",
        )


def _refuse_wrong_layers(base, before, head_moved):
    averages = [w for w in base.weights if "moving" in w.path]
    if have_changed(averages, _matching(base, before, averages)):
        raise Mistake(
            "batchnorm-moves",
            "Running averages of BatchNormalization moved while fine-tuning.",
            "that unfrozen layers are unfrozen, BatchNormalization like the others.",
            "Section 9 of the lecture, and the loop of section 8.",
        )
    names = [f"{block}_conv" for block in BLOCKS]
    kernels = [base.get_layer(name).weights for name in names]
    free = [
        name
        for name, weights in zip(names, kernels, strict=True)
        if have_changed(weights, _matching(base, before, weights))
    ]
    if not free and not head_moved:
        raise Mistake(
            "other-layers",
            "Nothing learns in the next fit, neither in the base nor in the head.",
            "that model.layers are the layers of the base; to the model, the base is one layer.",
            "Whose layers does your loop go through? Print their names.",
        )
    if not free:
        raise Mistake(
            "nothing-unfrozen",
            "The base stays as it was: none of its layers learns.",
            "that layers which were unfrozen stay so; base.trainable sets all of them anew.",
            "The last line that sets trainable, of a layer or of the whole base: it decides.",
        )
    if free == names:
        raise Mistake(
            "all-unfrozen",
            f"All layers of the base learn, those below {FIRST} as well.",
            "that unfreezing is for the whole base at once.",
            "Which layers find edges and colours, that any picture needs?",
        )
    told = f"From {FIRST} upwards was asked for; what learns is {', '.join(free)}."
    if free == [name for name in names if name >= FIRST]:
        raise Mistake(
            "by-alphabet",
            told,
            "that > compares places in the network; of names, it compares the alphabet.",
            "The order of base.layers, and where in it the layer named first stands.",
        )
    if free != names[names.index(FIRST) :]:
        raise Mistake(
            "wrong-layers",
            f"{told} Their order, from below: {', '.join(names)}.",
            "that one layer more or less makes no difference, or that the first are on top.",
            "Where the loop begins: the layer named first belongs to those that learn.",
        )


def _trained_on_little_base():
    """A base and a model on it, as task 4 makes them, after a step of training."""
    base = _little_base()
    base.trainable = False
    inputs = keras.Input(base.input_shape[1:])
    features = keras.layers.Dropout(0.2)(base(inputs, training=False))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(features))
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        run_eagerly=True,
    )
    model.fit(_made_up_pictures(8, SIDE), np.arange(8) % 2, verbose=0)
    return base, model


def _contains(model, weights):
    inside = {id(one) for one in model.weights}
    return all(id(one) in inside for one in weights)


# ---------------------------------------------------------------- the bar


@check(3, "Task 6 · Meet the bar")
def bar(model, pictures, labels):
    """A fine-tuned network, the held-out pictures and their labels: is it good enough?"""
    model = network_from(model, "your training")
    pictures, labels = np.asarray(pictures, np.float32), np.asarray(labels).reshape(-1)
    if pictures.max() <= 2:
        raise Mistake(
            "rescaled",
            f"The pictures have pixels of {pictures.min():.1f} to {pictures.max():.1f}.",
            "that a network takes pixels from 0 to 1.",
            "What the base takes: section 3.",
        )
    if len(labels) < 50:
        raise Mistake(
            "few-pictures",
            f"{len(labels)} pictures are too few to tell, and perhaps those it has learnt from.",
            "that a network which knows its training pictures knows others.",
            "Which pictures has nobody seen yet? They are loaded in section 2.",
        )
    given = answers(model, pictures)
    if given.shape != (len(labels), 1) or not np.isfinite(given).all():
        raise Mistake(
            "no-probability",
            f"The network's answers have the shape {given.shape}, or some are not numbers.",
            "that any output can be compared with labels; or a loss that became nan mends itself.",
            "The check of task 4, once more; and whether the loss was a number after fine-tuning.",
        )
    says = given[:, 0] > 0.5
    right = float(np.mean(says == labels))
    seen = f"{right:.1%} of {len(labels)} new pictures are right."
    if says.all() or not says.any():
        raise Mistake(
            "one-answer",
            f"{seen} All get the same answer.",
            "that an accuracy near 50 % is a beginning; this one is the dummy's.",
            "Has the head been trained? Did fine-tuning ruin it by long steps?",
        )
    if right < 0.4:
        raise Mistake(
            "upside-down",
            seen,
            "that below chance nothing was learnt; it was learnt well, the wrong way round.",
            "The order of the classes: which label is paper?",
        )
    if right < LEAST_ACCURACY:
        raise Mistake(
            "too-few-right",
            f"{seen} The goal is {LEAST_ACCURACY:.0%}.",
            "that being above guessing is being good.",
            "The loss after training the head: is it near 0? Twenty pictures take some 40 steps.",
        )
    return seen
