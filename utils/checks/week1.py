"""Checks of week 1's exercise: rock or scissors?"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import tempfile
from collections import Counter
from pathlib import Path

import keras
import numpy as np
from PIL import ImageFile

from utils.checks import dirty
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

SIDE = 64  # pixels
SHARES = (0.70, 0.15, 0.15)  # training, validation, test
OTHER_NAMES = ("wolf", "bear", "lynx", "hare", "newt", "crow", "toad", "mole")


# ---------------------------------------------------------------- usable pictures


@check(1, "Task 1 · Usable pictures")
def usable(usable_pictures):
    """A function (folder) that lists the paths of the pictures which can be decoded."""
    a_function(usable_pictures, "usable_pictures")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve() / ".home" / "hands"  # dots above it hide nothing within
        wanted = dirty.make(folder)
        before = {file: file.stat().st_size for file in _files(folder)}
        set_before = ImageFile.LOAD_TRUNCATED_IMAGES
        try:
            listed = _listed(usable_pictures, folder)
            fills_up = ImageFile.LOAD_TRUNCATED_IMAGES
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = set_before
        after = {file: file.stat().st_size for file in _files(folder)}
        if after != before:
            raise Mistake(
                "folder-changed",
                f"{len(before)} files were in the folder before, {len(after)} are now, or some are "
                "not what they were.",
                "that to clean is to delete. Files that are gone cannot be looked at again.",
                "The task asks for a list. What does your code do to a file that it does not want?",
            )
        if not listed:
            _refuse_nothing(usable_pictures, Path(place).resolve() / "hands")
        _refuse_unlike(listed, wanted, folder, fills_up)
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


def _refuse_nothing(usable_pictures, elsewhere):
    """Refuse an empty list; say whether it would be one in a folder without dots above it."""
    dirty.make(elsewhere)
    if result_of(usable_pictures, elsewhere):
        raise Mistake(
            "hidden-above",
            "Nothing is listed of the folder .home/hands. Of the same files in a folder hands, "
            "under no name with a dot, something is.",
            "that a path begins where one looks. The names above the folder are part of it, and a "
            "whole course may lie under a name with a dot.",
            "Path.relative_to in Python's documentation, and the task: whose names count?",
        )
    raise Mistake(
        "nothing-found",
        f"The list is empty, for a folder with {len(_files(elsewhere))} files.",
        "that a search which finds nothing would say so.",
        "Print what your search gives before anything is left out. Is it the folder you were "
        "given, and do the files lie in it or deeper?",
    )


def _refuse_unlike(listed, wanted, folder, fills_up):
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
    if extra and fills_up:
        raise Mistake(
            "filled-up",
            f"In the list: {', '.join(sorted(extra))}. They break off in the middle, and Pillow "
            "was told to fill up what is missing.",
            "that a picture which no longer raises an error is whole. Its lower part is grey.",
            "ImageFile.LOAD_TRUNCATED_IMAGES in Pillow's documentation. Start the kernel anew "
            "without it.",
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
    if listed == sorted(listed, key=lambda path: path.name) != sorted(listed):
        raise Mistake(
            "sorted-by-name",
            "The right pictures, in the order of their names alone: those of both folders mixed.",
            "that a file's name is unique. Two folders may hold the same name, and whichever the "
            "search meets first comes first.",
            "What do you sort, and by what? Path objects have an order of their own.",
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
    counts = {"rock": 101, "scissors": 43}  # shares rounded down, all three, leave one over
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
    _refuse_half_mixed(seeds)
    _refuse_known_names(split_files)
    _refuse_order_of_sets(split_files)
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
    drawn_twice = [len(part) - len(set(part)) for part in parts]
    if any(drawn_twice):
        raise Mistake(
            "drawn-twice",
            f"Within one part, files stand there again: {drawn_twice} in the three parts.",
            "that what is drawn is gone. Some ways to draw put it back each time.",
            "choice, choices and sample, in the documentation of what you draw with: which of them "
            "can give the same thing twice?",
        )
    times = Counter(file for part in parts for file in part)
    twice = [file for file, count in times.items() if count > 1]
    if twice:
        raise Mistake(
            "overlap",
            f"{len(twice)} files are in two parts, such as {twice[0].as_posix()}.",
            "that test pictures may be taken from the training pictures, as they all come from one "
            "folder. A network that has seen a picture is no longer tested by it.",
            "Where does each cut begin, and where did the one before end?",
        )
    lost = set(files) - set(times)
    if len(lost) > 4:
        raise Mistake(
            "piece-lost",
            f"Of {len(files)} files, {len(lost)} are in no part.",
            "that pieces which are cut one by one meet by themselves: one ends where the next one "
            "begins, and the last one ends at the end.",
            "Write down where each of your pieces begins and ends, for a class of 101.",
        )
    if set(times) != set(files):
        raise Mistake(
            "lost",
            f"Of {len(files)} files, {len(lost)} are in no part.",
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


def _refuse_half_mixed(seeds):
    """Refuse splits whose chance leaves out one class, or one part."""
    fixed = {
        (kind, name)
        for kind in ("rock", "scissors")
        for place, name in enumerate(("training", "validation", "test"))
        if len({frozenset(f for f in parts[place] if f.parent.name == kind) for parts in seeds})
        == 1
    }
    if not fixed:
        return
    kinds, names = ({one[place] for one in fixed} for place in (0, 1))
    if len(kinds) == 1:
        raise Mistake(
            "class-not-mixed",
            f"With four seeds, all the same pictures of {kinds.pop()} were in {' and '.join(names)}"
            "; those of the other class changed.",
            "that to mix one class is to mix all, or that a source of chance stays as it is.",
            "What is done once in your function, and what for each class?",
        )
    raise Mistake(
        "part-not-mixed",
        f"With four seeds, {' and '.join(names)} always had the same pictures.",
        "that only what is trained with has to be mixed. The last files of a class come from one "
        "day, or from one person, and are no fair test.",
        "What is cut off before anything is mixed?",
    )


def _refuse_known_names(split_files):
    """Refuse a function that knows the names of its classes beforehand."""
    files = [Path("zoo") / kind / f"{n:03}.jpg" for kind in OTHER_NAMES for n in range(20)]
    try:
        parts = _three_parts(result_of(split_files, list(files), 1))
        split = {file for part in parts for file in part}
    except (LookupError, ValueError):  # of a name that is not there, or of a class without files
        split = set()
    if split != set(files):
        raise Mistake(
            "known-names",
            f"Rock and scissors are split as they should be. Of {len(files)} files in the folders "
            f"{', '.join(OTHER_NAMES[:3])} …, {len(set(files) - split)} are in no part.",
            "that the classes one knows are the only ones, or that there are always two.",
            "The task: what is the class of a picture? Which names stand in your code?",
        )


def _refuse_order_of_sets(split_files):
    """Refuse parts that change when Python lists a set in another order, as each start does."""
    found = []
    for salt in range(3):
        kind_of_path = _path_with_hash(salt)
        files = [kind_of_path(f"zoo/{kind}/{n:03}.jpg") for kind in OTHER_NAMES for n in range(20)]
        try:
            parts = _three_parts(split_files(files, 1))
        except Exception:  # of code that needs real paths, which is no mistake
            return
        found.append([frozenset(part) for part in parts])
    if any(parts != found[0] for parts in found):
        raise Mistake(
            "order-of-a-set",
            "The parts depend on the order in which Python lists a set. It changes when the kernel "
            "starts anew, and the same seed then gives other parts.",
            "that a set has an order, or keeps the one in which things came.",
            "The word set in Python's documentation; sorted, or a dict, in place of it.",
        )


def _path_with_hash(salt):
    """Return a kind of path whose hash, and that of its names, depends on the salt.

    A set lists its members in an order that follows their hashes, which Python chooses anew at
    each start; other salts show what another start would do.
    """

    class Name(str):
        def __hash__(self):
            return hash((salt, str(self)))

    class Salted(type(Path())):
        name = property(lambda self: Name(super().name))
        parts = property(lambda self: tuple(map(Name, super().parts)))

        def __hash__(self):
            return hash((salt, str(self)))

    return Salted


# ---------------------------------------------------------------- network


@check(1, "Task 3 · Network", seconds=60)
def network(build_network):
    """A function () that gives a compiled network for 64 x 64 pictures of two classes."""
    a_function(build_network, "build_network")
    built = affordable(build_network)
    takes = getattr(built, "input_shape", None)  # a class of one's own has none
    if takes and tuple(takes) != (None, SIDE, SIDE, 3):
        raise Mistake(
            "input-shape",
            f"The network takes {tuple(takes)}, the pictures are {(SIDE, SIDE, 3)}.",
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
    refuse_same_network(built, affordable(build_network))
    extreme = extreme_answers(built, pictures)
    probabilities = extreme.min() >= 0 and extreme.max() <= 1
    if not probabilities:
        refuse_squeezed_logits(extreme, "section 8 of the lecture")
    _refuse_loss(built, probabilities)
    _refuse_accuracy(built, probabilities)
    labels = (np.arange(16) % 2).astype("float32")[:, None]
    _, after = learnt(built, _pictures(16), labels, "Dark against bright pictures")
    return f"one answer a picture, a loss that fits; it learnt dark from bright ({after:.2f})."


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


def _refuse_loss(built, probabilities):
    """Refuse a loss that does not fit the last layer: sure answers show it."""
    sure = 0.9999 if probabilities else 9.2  # the logit of 0.9999
    unsure = 1 - sure if probabilities else -sure
    right, wrong = (price(built, *_alike(1, answer)) for answer in (sure, unsure))
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


def _alike(label, answer):
    return np.full((4, 1), label, "float32"), np.full((4, 1), answer, "float32")


def _refuse_accuracy(built, probabilities):
    """Refuse a metric that takes logits for probabilities, or anything for classes."""
    kind = "probabilities" if probabilities else "logits"
    sure, unsure = (0.9, 0.25) if probabilities else (3.0, -3.0)
    cases = [
        (f"The {kind} {sure} of four scissors", *_alike(1, sure), 1),
        (f"The {kind} {sure} of four rocks", *_alike(0, sure), 0),
        (f"The {kind} {unsure} of four scissors", *_alike(1, unsure), 0),
    ]
    if not probabilities:
        cases.append(("The logits 0.25 of four scissors", *_alike(1, 0.25), 1))
    refuse_other_accuracy(built, cases)


# ---------------------------------------------------------------- callback

RISING = [0.5, 0.7, 0.85, 0.92, 0.95, 0.97]
FLAT = [0.5] * 6


@check(1, "Task 4 · Stop at a target")
def stopping(callback_class):
    """A subclass of keras.callbacks.Callback, made with a target between 0 and 1."""
    a_function(callback_class, "StopAtTarget")
    if not isinstance(_made(callback_class, 0.9), keras.callbacks.Callback):
        raise Mistake(
            "not-a-callback",
            f"What {callback_class.__name__}(0.9) gives is no Keras callback: fit would refuse it.",
            "that any class or function with the right method names will be called.",
            "keras.callbacks.Callback: what has to stand in brackets after the class's name?",
        )
    at = _epochs_with_known_keys(callback_class)
    early = _epochs_until_stop(callback_class, 0.9, validation=FLAT, training=RISING)
    falling = _epochs_until_stop(
        callback_class, 0.9, FLAT, FLAT, losses=[2.5, 0.95, 0.5, 0.1, 0, 0]
    )
    if at == early == falling == 1:
        _refuse_stopping_at_once(callback_class)
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
        _refuse_never_stopping(callback_class)
    _refuse_other_target(callback_class, at)
    _refuse_without_validation(callback_class)
    return "it ends in the epoch that reaches the target, whatever the target is."


def _made(callback_class, target):
    """Return StopAtTarget(target); refuse a class that cannot be made so."""
    try:
        return callback_class(target)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise Mistake(
            "takes-no-target",
            f"{callback_class.__name__}({target}) cannot be made: {str(error)[-70:]}.",
            "that what stands in brackets after a class's name reaches its methods by itself.",
            "Greet, in the cell above the task: what becomes of its word?",
        ) from error


def _epochs_with_known_keys(callback_class):
    """Play a training that reaches 0.9 in epoch 4; refuse a callback that stumbles over a key."""
    try:
        return _epochs_until_stop(callback_class, 0.9, validation=RISING, training=FLAT)
    except KeyError as error:
        key = error.args[0]
        if key in _logs(0, 0, 0):  # it is there, but not in every method
            raise _other_method(_own_methods(_made(callback_class, 0.9))) from error
        raise _other_key({key}) from error


def _other_method(own):
    return Mistake(
        "other-method",
        f"Your callback has {', '.join(sorted(own)) or 'no method that Keras calls'}. At that "
        "time, Keras does not hand over the validation accuracy of an epoch that has just ended.",
        "that Keras calls any method with a fitting name, or that each of them learns how the "
        "epoch went.",
        "keras.callbacks.Callback: the list of methods, and when each is called.",
    )


def _other_key(asked):
    return Mistake(
        "other-key",
        f"Your method asks for {', '.join(sorted(map(repr, asked)))}. At the end of an epoch, "
        f"logs has {', '.join(map(repr, _logs(0, 0, 0)))}.",
        "that a key which means the same will do. (dict.get gives its default for any other.)",
        "print(logs), as the first line of your method.",
    )


def _refuse_stopping_at_once(callback_class):
    """Say why training ends after its first epoch, with a validation accuracy of 0.50."""
    slightly = [
        _epochs_until_stop(callback_class, 0.9, [value] * 6, FLAT) for value in (0.0085, 0.0095)
    ]
    if slightly == [None, 1]:
        raise Mistake(
            "per-cent",
            "With a target of 0.90, training goes on at a validation accuracy of 0.0085 and ends "
            "at 0.0095.",
            "that one of the two is in per cent. Both are shares, from 0 to 1.",
            "Print both numbers in your method, right before they are compared.",
        )
    if _epochs_until_stop(callback_class, 0.9, [0.95] * 6, FLAT) is None:
        raise Mistake(
            "other-way-round",
            "Training ended with a validation accuracy of 0.50, and went on with one of 0.95.",
            "that the target is something to fall short of, as with a loss.",
            "Read your comparison aloud: training ends if what is how large?",
        )
    raise Mistake(
        "stops-at-once",
        "Training ended after its first epoch, with a validation accuracy of 0.50.",
        "that a callback is asked only when the target is reached. It is asked every time.",
        "What does your method compare before it stops?",
    )


def _refuse_never_stopping(callback_class):
    """Say why training goes on, although validation accuracy went up to 0.97 and the target is 0.9.

    What can be seen: which methods there are, which keys they ask for, what they leave behind.
    """
    callback, model = _made(callback_class, 0.9), _small_network()
    named = set(vars(model))
    callback.set_model(model)
    own = _own_methods(callback)
    if not own & {"on_epoch_end", "on_test_end"}:
        raise _other_method(own)
    logs = _Asked(_logs(0.5, 0.97, 0.69))
    returned = [
        callback.on_test_end(_logs(0.97, None, 0.69)),
        callback.on_epoch_end(0, logs),
    ]
    if logs.asked and not logs.asked & {"val_accuracy", "accuracy"}:
        raise _other_key(logs.asked)
    if any(value is not None for value in returned):
        raise Mistake(
            "returns-it",
            f"Your method gave back {next(v for v in returned if v is not None)!r:.40}; Keras does "
            "not look at that.",
            "that a callback ends training by returning something.",
            "keras.callbacks.Callback: who holds stop_training?",
        )
    left = set(vars(model)) - named
    if getattr(callback, "stop_training", False) or left:
        raise Mistake(
            "own-variable",
            f"Your callback sets {'self.model.' + left.pop() if left else 'self.stop_training'}; "
            "fit looks at something else.",
            "that a variable with a fitting name will be noticed, whatever it belongs to.",
            "keras.callbacks.Callback: who holds stop_training?",
        )
    hundredfold = [100 * accuracy for accuracy in RISING]
    if _epochs_until_stop(callback_class, 0.9, hundredfold, FLAT) is not None:
        raise Mistake(
            "per-cent",
            "Validation accuracy went up to 0.97, with a target of 0.90, and training went on. It "
            "would have ended at 97.",
            "that one of the two is in per cent. Both are shares, from 0 to 1.",
            "Print both numbers in your method, right before they are compared.",
        )
    raise Mistake(
        "never-stops",
        "Validation accuracy went up to 0.97, with a target of 0.90, and training went on.",
        "that to compare two things, or to say what should be, makes it so.",
        "Print something where your method should end the training. Does it get there? And what "
        "does the line there change?",
    )


class _Asked(dict):
    """A dict that notes which keys were asked for."""

    def __init__(self, *content):
        super().__init__(*content)
        self.asked = set()

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


def _own_methods(callback):
    """Name the methods on_... of a callback that are not those which every callback has."""
    found = set()
    for name in dir(callback):
        method = getattr(callback, name)
        usual = getattr(keras.callbacks.Callback, name, None)
        if name.startswith("on_") and getattr(method, "__func__", method) is not usual:
            found.add(name)
    return found


def _refuse_other_target(callback_class, at):
    low = _epochs_until_stop(callback_class, 0.6, RISING, FLAT)
    exact = _epochs_until_stop(callback_class, 0.75, [0.5, 0.7, 0.75, 0.8, 0.9, 0.9], FLAT)
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
    if _epochs_until_stop(callback_class, 0.9, [0.896] * 6, FLAT) is not None:
        raise Mistake(
            "stops-below",
            "With a target of 0.900, training ended at a validation accuracy of 0.896.",
            "that a number which is printed as 90 % is 90 %. Rounded, it has another value.",
            "Compare the number itself, and round only what you print.",
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
    model = _small_network()
    callbacks = keras.callbacks.CallbackList([_made(callback_class, target)], model=model)
    losses = losses or [0.69] * len(training)
    try:
        callbacks.on_train_begin({})
        for epoch, accuracy in enumerate(training):
            callbacks.on_epoch_begin(epoch, {})
            callbacks.on_train_batch_begin(0, {})
            callbacks.on_train_batch_end(0, _logs(accuracy, None, losses[epoch]))
            if validation is not None:
                callbacks.on_test_begin({})
                callbacks.on_test_end(_logs(validation[epoch], None, losses[epoch]))
            tested = None if validation is None else validation[epoch]
            callbacks.on_epoch_end(epoch, _logs(accuracy, tested, losses[epoch]))
            if model.stop_training:
                return epoch + 1
        callbacks.on_train_end({})
        return None
    except (StopIteration, KeyboardInterrupt, SystemExit) as error:
        raise Mistake(
            "ends-by-error",
            f"Training broke off with {type(error).__name__}; fit would give no history back.",
            "that only an error can end a loop from within.",
            "keras.callbacks.Callback: who holds stop_training?",
        ) from error


def _small_network():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    return model


def _logs(accuracy, tested, loss):
    """What Keras reports: accuracy and loss, and with `tested` those of validation, too."""
    logs = {"accuracy": accuracy, "loss": loss}
    return logs if tested is None else logs | {"val_accuracy": tested, "val_loss": loss}
