"""Checks of week 1's exercise: rock or scissors?"""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from utils.checks import dirty
from utils.checks._guard import affordable
from utils.checks._inputs import refuse_unlike_convolution
from utils.checks._judging import Mistake, a_function, check, result_of

SIDE = 64  # pixels
SHARES = (0.70, 0.15, 0.15)  # training, validation, test


# ---------------------------------------------------------------- usable pictures


@check(1, "Task 1 · Usable pictures")
def usable(usable_pictures):
    """A function (folder) that lists the paths of the pictures which can be decoded."""
    a_function(usable_pictures, "usable_pictures")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        wanted = dirty.make(folder)
        before = {file: file.stat().st_size for file in _files(folder)}
        listed = _listed(usable_pictures, folder)
        after = {file: file.stat().st_size for file in _files(folder)}
        if after != before:
            raise Mistake(
                "folder-changed",
                f"{len(before)} files were in the folder before, {len(after)} are now, or some are "
                "not what they were.",
                "that to clean is to delete. Files that are gone cannot be looked at again.",
                "The task asks for a list. What does your code do to a file that it does not want?",
            )
        _refuse_unlike(listed, wanted, folder)
        return f"the {len(wanted)} usable pictures of {len(before)} files, and nothing else."


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def _listed(usable_pictures, folder):
    """Return what the learner's function lists for a folder, as a list of paths."""
    try:
        listed = result_of(usable_pictures, folder)
    except OSError as error:
        raise Mistake(
            "stops-at-broken",
            f"One file ended the whole search: {type(error).__name__}, {str(error)[-60:]}.",
            "that an error in one file must end the program.",
            "Section 3 of the lecture: what stands around the opening of a file there?",
        ) from error
    if not isinstance(listed, (list, tuple)):
        raise Mistake(
            "not-a-list",
            f"The function gave back something of type {type(listed).__name__}, not a list.",
            "that whatever can be looped over is as good as a list. A set has no order, and a "
            "generator or map can be used only once.",
            "The words list and sorted in Python's documentation.",
        )
    paths = [Path(item) for item in listed]
    if not all(path.is_absolute() and path.exists() for path in paths):
        raise Mistake(
            "names-alone",
            f"{str(listed[0])[-40:]!r} does not lead to a file from here.",
            "that a file's name is enough to find it again.",
            "os.listdir gives names; pathlib's glob, rglob and iterdir give paths.",
        )
    return [path.resolve() for path in paths]


def _refuse_unlike(listed, wanted, folder):
    """Refuse a list of paths that is not the wanted one; say what is too many or too few."""
    extra = {str(path.relative_to(folder).as_posix()) for path in set(listed) - set(wanted)}
    missed = sorted(path.relative_to(folder).as_posix() for path in set(wanted) - set(listed))
    if any(name.rpartition("/")[2] in ("album.jpg", "rock", "scissors") for name in extra):
        raise Mistake(
            "folder-listed",
            "A folder stands in the list, as if it were a picture.",
            "that what is called .jpg is a file, or that all which a folder holds are files.",
            "Path.is_file in Python's documentation.",
        )
    if any("/." in name for name in extra):
        hidden = ", ".join(sorted(name for name in extra if "/." in name))
        raise Mistake(
            "hidden-listed",
            f"In the list is what should stay hidden: {hidden}.",
            "that a search leaves out names with a dot in front by itself; or that only the file's "
            "own name counts, not the folders above it.",
            "Path.parts in Python's documentation. Which parts of a path may begin with a dot?",
        )
    if "rock/empty.jpg" in extra:
        raise Mistake(
            "trusts-names",
            f"In the list is a file of 0 bytes: {len(extra)} files too many.",
            "that a name which ends in .jpg promises a picture.",
            "Section 3 of the lecture: what has to succeed before a file counts as a picture?",
        )
    if "rock/page.jpg" in extra:
        raise Mistake(
            "trusts-size",
            "The empty file is left out, but in the list is a web page called page.jpg.",
            "that a file with something in it holds a picture.",
            "Section 3 of the lecture: what has to succeed before a file counts as a picture?",
        )
    if extra:
        raise Mistake(
            "trusts-header",
            f"In the list: {', '.join(sorted(extra))}. It begins as a picture, and breaks off.",
            "that a picture which can be opened, or verified, can be decoded to its end.",
            "Image.open and Image.load in Pillow's documentation: which of them reads the pixels?",
        )
    deep = [name for name in missed if name.count("/") > 1]
    if deep and len(deep) == len(missed):
        raise Mistake(
            "nested-missed",
            f"Missing: {', '.join(deep)}.",
            "that a search of a folder looks into the folders within by itself, or that pictures "
            "lie at one depth.",
            "Path.glob and Path.rglob: what do their patterns reach?",
        )
    if missed:
        raise Mistake(
            "kinds-missed",
            f"Missing, though any viewer opens them: {', '.join(missed)}.",
            "that a picture's file is called .jpg, in small letters, and holds what its name says.",
            "Try every file and let Pillow decide; its name is only a hint.",
        )
    if len(listed) > len(wanted):
        raise Mistake(
            "twice",
            f"{len(wanted)} pictures are listed as {len(listed)}: some stand there twice.",
            "that several searches of one folder never find the same file.",
            "If you search by several patterns, which files fit two of them?",
        )
    if listed not in (sorted(listed), sorted(listed, key=str), sorted(listed, key=Path.as_posix)):
        raise Mistake(
            "unsorted",
            "The right pictures, in no particular order.",
            "that folders list their files in alphabetical order; on another computer it may be "
            "another one, and the same seed gives another split.",
            "The word sorted in Python's documentation.",
        )


# ---------------------------------------------------------------- split


@check(1, "Task 2 · Split")
def split(split_files):
    """A function (files, seed) that gives three lists: training, validation and test files."""
    a_function(split_files, "split_files")
    counts = {"rock": 100, "scissors": 40}
    files = [Path("hands") / kind / f"{n:03}.jpg" for kind in counts for n in range(counts[kind])]
    given = list(files)
    parts = _three_parts(result_of(split_files, given, 1))
    if given != files:
        raise Mistake(
            "input-changed",
            "The list that your function was given is another one afterwards.",
            "that shuffling makes a new list. In place, it changes the caller's.",
            "random.shuffle against random.sample, or a permutation of the places.",
        )
    seeds = [parts] + [
        _three_parts(result_of(split_files, list(files), seed)) for seed in (2, 3, 4)
    ]
    again = _three_parts(result_of(split_files, list(files), 1))
    for tried in seeds:
        _refuse_overlap(tried, files)
    _refuse_order(seeds, again, files)
    for tried in seeds:
        _refuse_shares(tried, counts)
    sizes = ", ".join(str(len(part)) for part in parts)
    return f"{sizes} of {len(files)} files; apart, complete, mixed, and the same for the same seed."


def _three_parts(parts):
    """Return the parts as three lists of paths."""
    if not isinstance(parts, (list, tuple)) or len(parts) != 3:
        raise Mistake(
            "not-three-parts",
            f"Three lists were asked for, and {_size_of(parts)} came back.",
            "that validation and test pictures are the same thing under two names.",
            "Section 4 of the lecture: which of the parts may decisions look at?",
        )
    return [[Path(str(file)) for file in part] for part in parts]


def _size_of(parts):
    kind = type(parts).__name__
    return f"a {kind} of {len(parts)}" if hasattr(parts, "__len__") else f"something like {kind}"


def _refuse_overlap(parts, files):
    """Refuse parts that share files, or do not hold all of them once."""
    times = Counter(file for part in parts for file in part)
    twice = [file for file, count in times.items() if count > 1]
    if twice:
        raise Mistake(
            "overlap",
            f"{len(twice)} files are in two parts, or twice in one, such as {twice[0].as_posix()}.",
            "that test pictures may be taken from the training pictures, as they all come from one "
            "folder. A network that has seen a picture is no longer tested by it.",
            "Where does each cut begin, and where did the one before end?",
        )
    if set(times) != set(files):
        raise Mistake(
            "lost",
            f"Of {len(files)} files, {len(set(files) - set(times))} are in no part.",
            "that rounding each share by itself adds up to the whole.",
            "Which part could take whatever the others leave over?",
        )


def _refuse_order(seeds, again, files):
    """Refuse parts that follow the order of the files, or do not follow the seed."""
    parts = [sorted(part) for part in seeds[0]]
    if [sorted(part) for part in again] != parts:
        raise Mistake(
            "seed-ignored",
            "Two calls with the same seed put different files into training.",
            "that the seed is set once and for all at the top of the notebook.",
            "What in your function is left to chance, and what does it know of the seed?",
        )
    if any({file.parent.name for file in part} != {"rock", "scissors"} for part in parts):
        raise Mistake(
            "class-missing",
            "In one of the parts, all pictures are of one class.",
            "that files come in a mixed order. Here they come folder by folder, as everywhere.",
            "What has to happen before a cut?",
        )
    if all([sorted(part) for part in other] == parts for other in seeds[1:]):
        in_order = all(
            {f for f in files if f.parent.name == kind} & set(parts[0])
            == set([f for f in files if f.parent.name == kind][: _count(parts[0], kind)])
            for kind in ("rock", "scissors")
        )
        if in_order:
            raise Mistake(
                "not-shuffled",
                "Training has the first files of each class, validation and test the last ones.",
                "that the order of files means nothing. Cameras number them: the last ones come "
                "from another day, or another person.",
                "What has to happen before a cut?",
            )
        raise Mistake(
            "one-seed",
            "Four seeds gave the same split.",
            "that a seed must be a fixed number to make a split repeatable.",
            "Your function's second argument: where is it used?",
        )


def _count(part, kind):
    return sum(file.parent.name == kind for file in part)


def _refuse_shares(parts, counts):
    """Refuse parts that have other shares of each class than asked for."""
    total = sum(counts.values())
    sizes = [len(part) for part in parts]
    if any(abs(size - share * total) > 3 for size, share in zip(sizes, SHARES, strict=True)):
        raise Mistake(
            "other-shares",
            f"Of {total} files, the parts have {sizes[0]}, {sizes[1]} and {sizes[2]}.",
            "that any three parts will do, or that a share of what is left is a share of all.",
            "The shares in the task, and their order.",
        )
    for kind, count in counts.items():
        found = [_count(part, kind) for part in parts]
        if any(abs(n - share * count) > 1 for n, share in zip(found, SHARES, strict=True)):
            raise Mistake(
                "not-per-class",
                f"Of {count} times {kind}, the parts have {found[0]}, {found[1]} and {found[2]}.",
                "that shuffling everything together keeps the shares of each class. It does so on "
                "average, not in one split.",
                "The lecture cuts the files of one class. And with two classes?",
            )


# ---------------------------------------------------------------- network


@check(1, "Task 3 · Network", seconds=60)
def network(build_network):
    """A function () that gives a compiled network for 64 x 64 pictures of two classes."""
    a_function(build_network, "build_network")
    built = affordable(build_network)
    if tuple(built.input_shape) != (None, SIDE, SIDE, 3):
        raise Mistake(
            "input-shape",
            f"The network takes {tuple(built.input_shape)}, the pictures are {(SIDE, SIDE, 3)}.",
            "that a network takes pictures of any size, or only one colour.",
            "keras.Input in section 8 of the lecture.",
        )
    pictures = _pictures(8)
    answers = refuse_unlike_convolution(built, pictures)
    _refuse_answers(answers, pictures)
    if not built.compiled:
        raise Mistake(
            "not-compiled",
            "The network has no loss and no optimizer yet: fit would stop at once.",
            "that layers are all a network needs to learn.",
            "compile, in section 8 of the lecture.",
        )
    _refuse_loss(built, _are_probabilities(built, pictures))
    return _refuse_standing_still(built)


def _pictures(count):
    """Make pictures (count, 64, 64, 3), float32: dark and bright ones in turn, with some noise."""
    noise = np.random.default_rng(0).uniform(0, 100, (count, SIDE, SIDE, 3))
    return (noise + 155 * (np.arange(count) % 2)[:, None, None, None]).astype("float32")


def _refuse_answers(answers, pictures):
    """Refuse a network that does not give one useful number a picture."""
    if answers.shape == (len(pictures), 2):
        raise Mistake(
            "two-outputs",
            "The network gives two numbers a picture.",
            "that two classes need two outputs. One is enough: the other is what is left to 1.",
            "The last layer in section 8 of the lecture.",
        )
    if answers.shape != (len(pictures), 1):
        raise Mistake(
            "output-shape",
            f"{len(pictures)} pictures get an answer of shape {answers.shape}.",
            "that maps turn into one answer by themselves.",
            "What stands between the last maps and the dense layers in section 8?",
        )
    if np.allclose(answers, 1, atol=1e-5):
        raise Mistake(
            "softmax-of-one",
            "Every picture gets exactly 1.",
            "that softmax turns any output into a probability. It shares out 1 among the outputs, "
            "and a single one gets all of it.",
            "Which activation does the last layer have in section 8?",
        )


def _are_probabilities(built, pictures):
    """Say whether the answers stay between 0 and 1, whatever the weights are."""
    weights = built.get_weights()
    try:
        for factor in (10, -10):
            built.set_weights([factor * array for array in weights])
            answers = np.asarray(built(pictures, training=True))
            if answers.min() < 0 or answers.max() > 1:
                return False
        return True
    finally:
        built.set_weights(weights)


def _refuse_loss(built, probabilities):
    """Refuse a loss that does not fit the last layer: sure answers show it."""
    sure = 0.9999 if probabilities else 9.2  # the logit of 0.9999
    unsure = 1 - sure if probabilities else -sure
    right, wrong = _price(built, 1, sure), _price(built, 1, unsure)
    told = f"A sure answer costs {right:.2f} when it is right, and {wrong:.2f} when it is wrong."
    if max(abs(right), abs(wrong)) < 1e-3:
        raise Mistake(
            "categorical-with-one",
            told,
            "that categorical cross-entropy is the loss for classes, be they two. With one output "
            "it has nothing to compare, and is always 0.",
            "The loss in section 8 of the lecture.",
        )
    if probabilities and right > 0.2 and wrong > right:
        raise Mistake(
            "squeezed-twice",
            told,
            "that from_logits=True does no harm after a sigmoid. The loss takes these "
            "probabilities for logits and squeezes them once more. Keras mends the plainest form "
            "of this, with a warning; do not count on it.",
            "from_logits in the documentation of the loss. What does your last layer give?",
        )
    if not probabilities and wrong > 12:
        raise Mistake(
            "logits-in-default-loss",
            f"{told} That is a limit of the loss, not the price of this answer.",
            "that a loss sees by itself whether it gets probabilities or logits.",
            "from_logits in the documentation of the loss. What does your last layer give?",
        )
    if right < 0.1 and wrong < 2:
        raise Mistake(
            "price-with-a-ceiling",
            told,
            "that any distance between answer and label is a good loss. Here a network that is "
            "sure and wrong hardly pays, and hardly learns.",
            "The table of prices in section 8 of the lecture: what does a sure, wrong answer cost?",
        )
    if not (right < 0.1 and wrong > 5):
        raise Mistake(
            "loss-does-not-fit",
            told,
            "that any loss fits any last layer.",
            "The loss in section 8 of the lecture.",
        )


def _price(built, label, answer):
    """Return what the network's loss charges for an answer; NaN if it cannot be computed."""
    labels, answers = np.full((4, 1), label, "float32"), np.full((4, 1), answer, "float32")
    try:
        return float(built.compute_loss(x=None, y=labels, y_pred=answers))
    except Exception:  # of a loss for other shapes, which each backend words in its own way
        return float("nan")


def _refuse_standing_still(built):
    """Refuse a network that does not learn dark from bright; return what speaks for it."""
    pictures = _pictures(16)
    labels = (np.arange(16) % 2).astype("float32")
    before = _loss(built, pictures, labels)
    built.run_eagerly = True  # quicker for so few steps than to make a graph
    history = built.fit(pictures, labels, epochs=12, batch_size=16, verbose=0).history
    after = _loss(built, pictures, labels)
    if "accuracy" not in history:
        raise Mistake(
            "no-accuracy",
            f"While it trains, the network reports {', '.join(history)}.",
            "that accuracy is always reported, or can be read off the loss: 0.12 is not 88 %.",
            "metrics, where the lecture compiles its network.",
        )
    if not after < before - 1e-5:
        raise Mistake(
            "learns-nothing",
            f"Dark against bright pictures: the loss was {before:.3f}, after 12 steps {after:.3g}.",
            "that a larger learning rate only makes learning quicker. Steps that are too large "
            "land farther away; and what is frozen makes none.",
            "learning_rate in the documentation of your optimizer: what is its default?",
        )
    return f"one answer a picture, a loss that fits; it learnt dark from bright ({after:.2f})."


def _loss(built, pictures, labels):
    return float(built.compute_loss(x=None, y=labels[:, None], y_pred=built(pictures)))


# ---------------------------------------------------------------- callback


@check(1, "Task 4 · Stop at a target")
def stopping(callback_class):
    """A subclass of keras.callbacks.Callback, made with a target between 0 and 1."""
    from utils import quiet  # noqa: F401

    # isort: split
    import keras

    a_function(callback_class, "StopAtTarget")
    if not isinstance(callback_class(0.9), keras.callbacks.Callback):
        raise Mistake(
            "not-a-callback",
            f"What {callback_class.__name__}(0.9) gives is no Keras callback: fit would refuse it.",
            "that any class or function with the right method names will be called.",
            "keras.callbacks.Callback: what has to stand in brackets after the class's name?",
        )
    rising = [0.5, 0.7, 0.85, 0.92, 0.95, 0.97]
    flat = [0.5] * 6
    at = _epochs_until_stop(callback_class, 0.9, validation=rising, training=flat)
    early = _epochs_until_stop(callback_class, 0.9, validation=flat, training=rising)
    falling = _epochs_until_stop(
        callback_class, 0.9, flat, flat, losses=[2.5, 0.95, 0.5, 0.1, 0, 0]
    )
    if at == early == falling == 1:
        raise Mistake(
            "stops-at-once",
            "Training ended after its first epoch, with a validation accuracy of 0.50.",
            "that a callback is asked only when the target is reached. It is asked every time.",
            "What does your method compare before it stops?",
        )
    if falling is not None:
        raise Mistake(
            "loss-for-accuracy",
            f"Accuracy stayed at 0.50, yet training ended in epoch {falling}, when the loss moved.",
            "that loss and accuracy are two names for one thing: a loss of 0.1 for 90 %, or 0.9.",
            "The curves of the lecture, section 10: how do the two move?",
        )
    if early is not None:
        raise Mistake(
            "watches-training",
            f"Validation accuracy stayed at 0.50, yet training ended in epoch {early}.",
            "that the accuracy on training pictures says what a network does with new ones.",
            "Which names does the history of the lecture have, and what does val_ stand for?",
        )
    if at is None:
        raise Mistake(
            "never-stops",
            "Validation accuracy went up to 0.97, with a target of 0.90, and training went on.",
            "that a callback ends training by returning something, by a variable of its own, or "
            "that accuracies count from 0 to 100.",
            "keras.callbacks.Callback: who holds stop_training?",
        )
    _refuse_other_target(callback_class, at)
    _refuse_without_validation(callback_class)
    return "it ends in the epoch that reaches the target, whatever the target is."


def _refuse_other_target(callback_class, at):
    low = _epochs_until_stop(callback_class, 0.6, [0.5, 0.7, 0.85, 0.92, 0.95, 0.97], [0.5] * 6)
    exact = _epochs_until_stop(callback_class, 0.75, [0.5, 0.7, 0.75, 0.8, 0.9, 0.9], [0.5] * 6)
    if low == at:
        raise Mistake(
            "fixed-target",
            f"With a target of 0.60 it ends in epoch {low}, and with 0.90, too.",
            "that a number which is right today can stand in the code.",
            "What becomes of the target that the callback is made with?",
        )
    if (low, at) != (2, 4):
        raise Mistake(
            "other-epoch",
            f"The target of 0.90 was reached in epoch 4, and training ended in epoch {at}.",
            "that an epoch's numbers are known only in the next one, or that one success is not "
            "enough.",
            "Which method does Keras call at the end of an epoch, and with what?",
        )
    if exact != 3:
        raise Mistake(
            "not-reached-at-target",
            f"Target 0.75, validation accuracy 0.75 in epoch 3: training ended in epoch {exact}.",
            "that to reach a target is to be above it.",
            "How do you compare the two numbers?",
        )


def _refuse_without_validation(callback_class):
    try:
        alone = _epochs_until_stop(callback_class, 0.9, None, [0.5, 0.7, 0.92, 0.95, 0.97, 0.99])
    except (KeyError, TypeError, AttributeError) as error:
        raise Mistake(
            "needs-validation",
            f"Without validation data, your callback breaks training off: {type(error).__name__}.",
            "that val_accuracy is always there. It is only where fit got validation data.",
            "dict.get in Python's documentation: what does it give for a key that is not there?",
        ) from error
    if alone is not None:
        raise Mistake(
            "training-instead",
            f"Without validation data, training ended in epoch {alone}, by training accuracy.",
            "that the accuracy on training pictures will do where there is no other.",
            "The task: what should happen without validation data?",
        )


def _epochs_until_stop(callback_class, target, validation, training, losses=None):
    """Play a training to a new callback; return the epoch, from 1, in which it stops, or None."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    callbacks = keras.callbacks.CallbackList([callback_class(target)], model=model)
    losses = losses or [0.69] * len(training)
    try:
        callbacks.on_train_begin({})
        for epoch, accuracy in enumerate(training):
            logs = {"accuracy": accuracy, "loss": losses[epoch]}
            callbacks.on_epoch_begin(epoch, {})
            callbacks.on_train_batch_begin(0, {})
            callbacks.on_train_batch_end(0, dict(logs))
            if validation is not None:
                tested = {"accuracy": validation[epoch], "loss": losses[epoch]}
                callbacks.on_test_begin({})
                callbacks.on_test_end(tested)
                logs |= {f"val_{name}": value for name, value in tested.items()}
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                return epoch + 1
        return None
    except (StopIteration, KeyboardInterrupt, SystemExit) as error:
        raise Mistake(
            "ends-by-error",
            f"Training broke off with {type(error).__name__}; fit would give no history back.",
            "that only an error can end a loop from within.",
            "keras.callbacks.Callback: who holds stop_training?",
        ) from error
