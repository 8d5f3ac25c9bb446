"""Right and wrong answers to week 1's tasks, which the checks are tested with."""

import os
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

from utils import quiet  # noqa: F401

# isort: split
import keras
from keras import layers

from utils.checks.answers import right, wrong

# ---------------------------------------------------------------- usable


def _decodes(file):
    try:
        with Image.open(file) as picture:
            picture.load()
    except OSError:
        return False
    return True


def _hidden(file, folder):
    return any(part.startswith(".") for part in Path(file).relative_to(folder).parts)


@right("usable")
def with_rglob(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and not _hidden(file, folder))
    return sorted(file for file in files if _decodes(file))


@right("usable")
def with_walk_and_text(folder):
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "."]
        for name in names:
            if not name.startswith(".") and _decodes(os.path.join(place, name)):
                found.append(os.path.join(place, name))
    return sorted(found)


@right("usable")
def by_converting(folder):
    found = []
    for file in sorted(Path(folder).glob("**/*")):
        if file.is_dir() or _hidden(file, folder):
            continue
        try:
            Image.open(file).convert("RGB")
            found.append(file)
        except Exception:
            print("skipped", file.name)
    return found


@wrong("usable", "trusts-names")
def by_the_end_of_the_name(folder):
    """A name that ends in .jpg promises a picture."""
    files = [file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png")]
    return sorted(file for file in files if file.is_file() and not _hidden(file, folder))


@wrong("usable", "kinds-missed")
def decoded_if_the_name_ends_well(folder):
    """Only what is called a picture can be one."""
    return [file for file in by_the_end_of_the_name(folder) if _decodes(file)]


@wrong("usable", "trusts-size")
def whatever_is_not_empty(folder):
    """A file with something in it holds a picture."""
    return [file for file in by_the_end_of_the_name(folder) if file.stat().st_size > 0]


@wrong("usable", "trusts-header")
def opened_only(folder):
    """Opening a picture reads all of it."""
    found = []
    for file in by_the_end_of_the_name(folder):
        try:
            with Image.open(file):
                found.append(file)
        except OSError:
            pass
    return found


@wrong("usable", "trusts-header")
def verified_only(folder):
    """Image.verify decodes a picture."""
    found = []
    for file in by_the_end_of_the_name(folder):
        try:
            with Image.open(file) as picture:
                picture.verify()
            found.append(file)
        except (OSError, SyntaxError):
            pass
    return found


@wrong("usable", "kinds-missed")
def small_jpg_only(folder):
    return [file for file in with_rglob(folder) if file.suffix == ".jpg"]


@wrong("usable", "kinds-missed")
def jpeg_inside_only(folder):
    return [file for file in with_rglob(folder) if Image.open(file).format == "JPEG"]


@wrong("usable", "nested-missed")
def one_level_deep(folder):
    files = [file for file in folder.glob("*/*") if file.is_file() and file.name[0] != "."]
    return sorted(file for file in files if _decodes(file))


@wrong("usable", "hidden-listed")
def hidden_ones_too(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file() and _decodes(file))


@wrong("usable", "hidden-listed")
def hidden_by_own_name_only(folder):
    return [file for file in hidden_ones_too(folder) if not file.name.startswith(".")]


@wrong("usable", "folder-listed")
def folders_by_name(folder):
    pictures = [file for file in folder.rglob("*.jpg") if not _hidden(file, folder)]
    return sorted(file for file in pictures if file.is_dir() or _decodes(file))


@wrong("usable", "folder-changed")
def deletes_the_rest(folder):
    """To clean is to delete."""
    good = with_rglob(folder)
    for file in list(folder.rglob("*")):
        if file.is_file() and file not in good:
            file.unlink()
    return good


@wrong("usable", "names-alone")
def names_alone(folder):
    return [file.name for file in with_rglob(folder)]


@wrong("usable", "stops-at-broken")
def without_a_net(folder):
    found = []
    for file in sorted(folder.rglob("*.jpg")):
        if file.is_file():
            with Image.open(file) as picture:
                picture.load()
            found.append(file)
    return found


@wrong("usable", "hidden-above")
def hidden_by_any_part(folder):
    """The names above the folder count, too."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    shown = [file for file in files if not any(part[0] == "." for part in file.parts)]
    return sorted(file for file in shown if _decodes(file))


@wrong("usable", "nothing-found")
def a_pattern_that_fits_nothing(folder):
    return sorted(file for file in folder.glob("*.jpg") if file.is_file() and _decodes(file))


@wrong("usable", "filled-up")
def filled_up(folder):
    """A picture that no longer raises an error is whole."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    return with_rglob(folder)


@wrong("usable", "sorted-by-name")
def sorted_by_name(folder):
    return sorted(with_rglob(folder), key=lambda file: file.name)


@wrong("usable", "unsorted")
def as_they_come(folder):
    return with_rglob(folder)[::-1]


@wrong("usable", "not-a-list")
def a_set(folder):
    return set(with_rglob(folder))


@wrong("usable", "twice")
def by_two_patterns(folder):
    return sorted(with_rglob(folder) + small_jpg_only(folder))


@wrong("usable", "returns-nothing")
def prints_them(folder):
    for file in with_rglob(folder):
        print(file)


# ---------------------------------------------------------------- split


def _cut(files):
    first, second = round(0.7 * len(files)), round(0.85 * len(files))
    return files[:first], files[first:second], files[second:]


def _by_class(files):
    kinds = {}
    for file in files:
        kinds.setdefault(file.parent.name, []).append(file)
    return kinds.values()


@right("split")
def class_by_class(files, seed):
    chance = random.Random(seed)
    parts = [], [], []
    for one_class in _by_class(files):
        mixed = chance.sample(one_class, len(one_class))
        for part, cut in zip(parts, _cut(mixed), strict=True):
            part += cut
    return parts


@right("split")
def with_numpy_permutation(files, seed):
    chance = np.random.default_rng(seed)
    train, validation, test = [], [], []
    for name in sorted({file.parent.name for file in files}):
        one_class = np.array([str(file) for file in files if file.parent.name == name])
        order = chance.permutation(len(one_class))
        first = int(0.7 * len(order))
        second = first + int(0.15 * len(order))
        train += list(one_class[order[:first]])
        validation += list(one_class[order[first:second]])
        test += list(one_class[order[second:]])
    return train, validation, test


@right("split")
def every_nth_of_a_shuffle(files, seed):
    files = sorted(files)
    random.seed(seed)
    random.shuffle(files)
    files.sort(key=lambda file: file.parent.name)  # stable: mixed within a class
    test, validation, train = [], [], []
    for one_class in _by_class(files):
        share = round(0.15 * len(one_class))
        test += one_class[:share]
        validation += one_class[share : 2 * share]
        train += one_class[2 * share :]
    return [train, validation, test]


@wrong("split", "overlap")
def test_taken_from_training(files, seed):
    """Test pictures may come from the training pictures."""
    train, validation, test = class_by_class(files, seed)
    return train + test, validation, test


@wrong("split", "overlap")
def drawn_independently(files, seed):
    chance = random.Random(seed)
    return [chance.sample(files, round(share * len(files))) for share in (0.7, 0.15, 0.15)]


@wrong("split", "drawn-twice")
def drawn_with_replacement(files, seed):
    """What is drawn is gone."""
    chance = random.Random(seed)
    parts = [], [], []
    for one_class in _by_class(files):
        for part, cut in zip(parts, _cut(one_class), strict=True):
            part += chance.choices(one_class, k=len(cut))
    return parts


@wrong("split", "piece-lost")
def a_gap_between_two_cuts(files, seed):
    train, validation, test = class_by_class(files, seed)
    return train, validation[: len(validation) // 2], test


@wrong("split", "class-not-mixed")
def only_the_first_class_mixed(files, seed):
    parts = [], [], []
    for place, one_class in enumerate(_by_class(files)):
        if place == 0:
            one_class = random.Random(seed).sample(one_class, len(one_class))
        for part, cut in zip(parts, _cut(one_class), strict=True):
            part += cut
    return parts


@wrong("split", "part-not-mixed")
def test_cut_off_first(files, seed):
    """Only what is trained with has to be mixed."""
    parts = [], [], []
    for one_class in _by_class(files):
        first, second = round(0.7 * len(one_class)), round(0.85 * len(one_class))
        mixed = random.Random(seed).sample(one_class[:second], second)
        parts[0].extend(mixed[:first])
        parts[1].extend(mixed[first:])
        parts[2].extend(one_class[second:])
    return parts


@wrong("split", "known-names")
def rock_and_scissors_alone(files, seed):
    """The classes one knows are the only ones."""
    parts = [], [], []
    for kind in ("rock", "scissors"):
        these = [file for file in files if file.parent.name == kind]
        for part, cut in zip(parts, class_by_class(these, seed), strict=True):
            part += cut
    return parts


@wrong("split", "known-names")
def rock_and_scissors_in_a_dict(files, seed):
    kinds = {"rock": [], "scissors": []}
    for file in files:
        kinds[file.parent.name].append(file)
    return class_by_class(kinds["rock"] + kinds["scissors"], seed)


@wrong("split", "order-of-a-set")
def classes_from_a_set(files, seed):
    """A set keeps its order."""
    chance = random.Random(seed)
    parts = [], [], []
    for kind in {file.parent.name for file in files}:
        these = [file for file in files if file.parent.name == kind]
        for part, cut in zip(parts, _cut(chance.sample(these, len(these))), strict=True):
            part += cut
    return parts


@wrong("split", "order-of-a-set")
def files_from_a_set(files, seed):
    return class_by_class(list(set(files)), seed)


@right("split")
def a_chance_for_each_name(files, seed):
    parts = [], [], []
    for kind in {file.parent.name for file in files}:  # in any order: a name decides its chance
        these = [file for file in files if file.parent.name == kind]
        mixed = random.Random(f"{seed} {kind}").sample(these, len(these))
        for part, cut in zip(parts, _cut(mixed), strict=True):
            part += cut
    return parts


@right("split")
def with_text_and_slashes(files, seed):
    """Works with text, not with paths."""
    kinds = {}
    for file in sorted(map(str, files)):
        kinds.setdefault(file.replace("\\", "/").split("/")[-2], []).append(file)
    chance = np.random.default_rng(seed)
    parts = [], [], []
    for these in kinds.values():
        chance.shuffle(these)
        for part, cut in zip(parts, _cut(these), strict=True):
            part += cut
    return parts


@wrong("split", "lost")
def every_share_rounded_down(files, seed):
    chance = random.Random(seed)
    mixed = chance.sample(files, len(files))
    a, b = int(0.7 * len(files)), int(0.15 * len(files))
    return mixed[:a], mixed[a : a + b], mixed[a + b : a + 2 * b - 1]


@wrong("split", "lost")
def shares_of_a_class_rounded_down(files, seed):
    """They come to the whole for 100 files, and for no 101."""
    parts = [], [], []
    for kind in sorted({file.parent.name for file in files}):
        these = [file for file in files if file.parent.name == kind]
        random.Random(seed).shuffle(these)
        a, b = int(0.7 * len(these)), int(0.15 * len(these))
        for part, piece in zip(
            parts, (these[:a], these[a : a + b], these[a + b : a + 2 * b]), strict=True
        ):
            part += piece
    return parts


@wrong("split", "class-missing")
def cut_as_they_come(files, seed):
    """Files come in a mixed order."""
    return _cut(files)


@wrong("split", "not-shuffled")
def cut_each_class_in_order(files, seed):
    """The order of files means nothing."""
    parts = [], [], []
    for one_class in _by_class(files):
        for part, cut in zip(parts, _cut(one_class), strict=True):
            part += cut
    return parts


@wrong("split", "one-seed")
def always_42(files, seed):
    return class_by_class(files, 42)


@wrong("split", "seed-ignored")
def another_one_each_time(files, seed):
    return class_by_class(files, random.random())


@wrong("split", "not-per-class")
def all_in_one_heap(files, seed):
    """Shuffling keeps the shares of each class."""
    return _cut(random.Random(seed).sample(files, len(files)))


@wrong("split", "other-shares")
def eighty_ten_ten(files, seed):
    parts = [], [], []
    for one_class in _by_class(files):
        mixed = random.Random(seed).sample(one_class, len(one_class))
        first, second = round(0.8 * len(mixed)), round(0.9 * len(mixed))
        for part, cut in zip(
            parts, (mixed[:first], mixed[first:second], mixed[second:]), strict=True
        ):
            part += cut
    return parts


@wrong("split", "other-shares")
def test_before_training(files, seed):
    return class_by_class(files, seed)[::-1]


@wrong("split", "not-three-parts")
def validation_is_the_test(files, seed):
    """Tuning on the test set is fine."""
    train, validation, test = class_by_class(files, seed)
    return train, validation + test


@wrong("split", "input-changed")
def shuffled_in_place(files, seed):
    random.Random(seed).shuffle(files)
    return class_by_class(files, seed)


# ---------------------------------------------------------------- network


def _layers(last=None, first=None, middle=None):
    return [
        keras.Input((64, 64, 3)),
        *([layers.Rescaling(1 / 255)] if first is None else first),
        *(
            [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(4)]
            if middle is None
            else middle
        ),
        layers.Conv2D(8, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        last or layers.Dense(1, activation="sigmoid"),
    ]


def _compiled(layers, loss="binary_crossentropy", optimizer="adam", metrics=("accuracy",)):
    network = keras.Sequential(layers)
    network.compile(optimizer=optimizer, loss=loss, metrics=list(metrics))
    return network


@right("network")
def one_sigmoid():
    return _compiled(_layers())


@right("network")
def one_logit():
    return _compiled(
        _layers(layers.Dense(1)),
        keras.losses.BinaryCrossentropy(from_logits=True),
        keras.optimizers.SGD(0.01, momentum=0.9),
        [keras.metrics.BinaryAccuracy(name="accuracy", threshold=0)],
    )


class _OwnClass(keras.Model):
    """A class of one's own; Keras gives it no input_shape."""

    def __init__(self):
        super().__init__()
        self.parts = [
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]

    def call(self, pictures):
        for part in self.parts:
            pictures = part(pictures)
        return pictures


@right("network")
def class_of_ones_own():
    network = _OwnClass()
    network(np.zeros((1, 64, 64, 3), "float32"))  # makes the weights
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network


@right("network")
def functional_with_batch_norm_and_flatten():
    inputs = keras.Input((64, 64, 3))
    x = layers.Lambda(lambda pixels: pixels / 127.5 - 1)(inputs)
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D(4)(x)
    x = layers.Dropout(0.3)(layers.Dense(32, activation="relu")(layers.Flatten()(x)))
    network = keras.Model(inputs, layers.Activation("sigmoid")(layers.Dense(1)(x)))
    network.compile("rmsprop", keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    return network


@right("network")
def normalised_by_batch_norm():
    return _compiled(_layers(first=[layers.BatchNormalization()]))


@right("network")
def batch_norm_after_each_convolution():
    """In use, it does worse after a dozen steps than before: its running averages lag behind."""
    blocks = [layers.Rescaling(1 / 255)]
    for filters in (16, 32):
        blocks += [layers.Conv2D(filters, 3, use_bias=False), layers.BatchNormalization()]
        blocks += [layers.ReLU(), layers.MaxPooling2D(4)]
    return _compiled(_layers(first=blocks, middle=[]), optimizer=keras.optimizers.SGD(1e-3))


@right("network")
def with_a_price_for_large_weights():
    network = _layers()
    network[2].kernel_regularizer = keras.regularizers.L2(0.02)
    return _compiled(network)


@wrong("network", "accuracy-does-not-fit")
def logits_counted_as_probabilities():
    """Whatever is called accuracy sees by itself what it counts."""
    return _compiled(_layers(layers.Dense(1)), keras.losses.BinaryCrossentropy(from_logits=True))


@wrong("network", "accuracy-does-not-fit")
def accuracy_of_equal_numbers():
    return _compiled(_layers(), metrics=[keras.metrics.Accuracy()])


@wrong("network", "squeezed-logits")
def relu_at_the_end():
    """Every layer is better with an activation."""
    return _compiled(_layers(layers.Dense(1, activation="relu")))


@wrong("network", "same-network")
def made_once():
    """A function that hands back a network makes one."""
    if not MADE_ONCE:
        MADE_ONCE.append(one_sigmoid())
    return MADE_ONCE[0]


MADE_ONCE = []


@wrong("network", "rescaled-up")
def rescaling_by_127_5():
    """Rescaling divides by its number."""
    return _compiled(_layers(first=[layers.Rescaling(127.5, offset=-1)]))


@wrong("network", "nothing-left")
def six_blocks():
    blocks = [layers.Rescaling(1 / 255)]
    for _ in range(6):
        blocks += [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
    return _compiled(_layers(first=blocks))


@wrong("network", "hardly-learns")
def tiny_steps():
    """A small learning rate is the careful choice."""
    return _compiled(_layers(), optimizer=keras.optimizers.Adam(1e-7))


@wrong("network", "not-rescaled")
def raw_pixels():
    return _compiled(_layers(first=[]))


@wrong("network", "rescaled-twice")
def rescaled_twice():
    return _compiled(_layers(first=[layers.Rescaling(1 / 255), layers.Rescaling(1 / 255)]))


@wrong("network", "softmax-of-one")
def softmax_with_one_output():
    return _compiled(_layers(layers.Dense(1, activation="softmax")))


@wrong("network", "two-outputs")
def an_output_for_each_class():
    return _compiled(_layers(layers.Dense(2, activation="softmax")), "categorical_crossentropy")


@wrong("network", "categorical-with-one")
def categorical_with_one_output():
    return _compiled(_layers(), "categorical_crossentropy")


@wrong("network", "squeezed-twice")
def sigmoid_and_from_logits():
    return _compiled(_layers(), keras.losses.BinaryCrossentropy(from_logits=True))


@wrong("network", "logits-in-default-loss")
def logits_in_the_default_loss():
    return _compiled(_layers(layers.Dense(1)))


@wrong("network", "price-with-a-ceiling")
def squared_distance():
    return _compiled(_layers(), "mse")


@wrong("network", "loss-does-not-fit")
def sparse_with_one_output():
    """Sparse means one label a picture."""
    return _compiled(_layers(), "sparse_categorical_crossentropy")


@wrong("network", "no-convolution")
def dense_only():
    return _compiled(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@wrong("network", "output-shape")
def forgets_flatten():
    return _compiled(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(8),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@wrong("network", "input-shape")
def size_of_the_lecture():
    return _compiled([keras.Input((96, 96, 3)), *_layers()[1:]])


@wrong("network", "no-input-shape")
def without_input():
    return _compiled(_layers()[1:])


@wrong("network", "too-large")
def dense_after_large_maps():
    """A larger network is the safer choice."""
    return _compiled(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@wrong("network", "not-compiled")
def not_compiled():
    return keras.Sequential(_layers())


@wrong("network", "not-a-network")
def what_compile_gives():
    return [keras.Sequential(_layers()).compile("adam", "binary_crossentropy")]


@wrong("network", "no-accuracy")
def without_metrics():
    return _compiled(_layers(), metrics=())


@wrong("network", "learns-nothing")
def learning_rate_of_10():
    return _compiled(_layers(), optimizer=keras.optimizers.SGD(1e4))


@wrong("network", "frozen")
def all_frozen():
    network = keras.Sequential(_layers())
    network.trainable = False
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network


@wrong("network", "returns-nothing")
def forgets_return():
    _compiled(_layers())


# ---------------------------------------------------------------- stopping


class _WithTarget(keras.callbacks.Callback):
    def __init__(self, target):
        super().__init__()
        self.target = target


@right("stopping")
class AtEpochEnd(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if (logs or {}).get("val_accuracy", 0) >= self.target:
            self.model.stop_training = True


@right("stopping")
class AtTestEnd(_WithTarget):
    def on_test_end(self, logs=None):
        self.model.stop_training = logs["accuracy"] >= self.target


@right("stopping")
def from_a_lambda(target):
    callback = keras.callbacks.LambdaCallback()

    def on_epoch_end(epoch, logs):
        if "val_accuracy" in logs and logs["val_accuracy"] >= target:
            callback.model.stop_training = True

    callback.on_epoch_end = on_epoch_end
    return callback


@wrong("stopping", "watches-training")
class WatchesTraining(_WithTarget):
    """Accuracy on training pictures says what a network does with new ones."""

    def on_epoch_end(self, epoch, logs=None):
        if logs["accuracy"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "watches-training")
class WithinTheEpoch(_WithTarget):
    def on_train_batch_end(self, batch, logs=None):
        if logs["accuracy"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "own-variable")
class SetsItsOwn(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            self.stop_training = True


@wrong("stopping", "own-variable")
class SetsAnotherOfTheNetwork(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            self.model.stopped = True


@wrong("stopping", "never-stops")
class ComparesInsteadOfSetting(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            self.model.stop_training == True  # noqa: B015, E712


@wrong("stopping", "other-key")
class AsksForAnotherKey(_WithTarget):
    """A key that means the same will do."""

    def on_epoch_end(self, epoch, logs=None):
        if logs.get("validation_accuracy", 0) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-key")
class LooksForAnotherKey(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if "val_acc" in logs and logs["val_acc"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-key")
class BreaksOffForAnotherKey(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs["val_acc"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-method")
class AtTheEndOfTraining(_WithTarget):
    def on_train_end(self, logs=None):
        if (logs or {}).get("val_accuracy", 0) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-method")
class AMethodThatKerasDoesNotKnow(_WithTarget):
    """Keras calls any method with a fitting name."""

    def on_epochs_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-method")
class AtTheBeginningOfTheNext(_WithTarget):
    def on_epoch_begin(self, epoch, logs=None):
        if logs["val_accuracy"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "takes-no-target")
class TakesNoTarget(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= 0.8:
            self.model.stop_training = True


@wrong("stopping", "per-cent")
class AccuracyInPerCent(_WithTarget):
    """Accuracies count from 0 to 100."""

    def on_epoch_end(self, epoch, logs=None):
        if 100 * logs.get("val_accuracy", 0) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-way-round")
class BelowTheTarget(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 1) <= self.target:
            self.model.stop_training = True


@wrong("stopping", "returns-it")
class ReturnsTrue(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        return logs.get("val_accuracy", 0) >= self.target


@wrong("stopping", "per-cent")
class InPerCent(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= 100 * self.target:
            self.model.stop_training = True


@wrong("stopping", "loss-for-accuracy")
class LossIsTheRest(_WithTarget):
    """A loss of 0.1 is 90 % accuracy."""

    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_loss", 1) <= 1 - self.target:
            self.model.stop_training = True


@wrong("stopping", "stops-at-once")
class StopsAtOnce(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


@wrong("stopping", "fixed-target")
class FixedTarget(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= 0.9:
            self.model.stop_training = True


@wrong("stopping", "not-reached-at-target")
class StrictlyAbove(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) > self.target:
            self.model.stop_training = True


@wrong("stopping", "stops-below")
class AsPrinted(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if round(logs.get("val_accuracy", 0), 2) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "other-epoch")
class TwiceInARow(_WithTarget):
    count = 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += logs.get("val_accuracy", 0) >= self.target
        if self.count == 2:
            self.model.stop_training = True


@wrong("stopping", "needs-validation")
class NeedsValidation(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] >= self.target:
            self.model.stop_training = True


@wrong("stopping", "training-instead")
class TrainingWillDo(_WithTarget):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", logs["accuracy"]) >= self.target:
            self.model.stop_training = True


@wrong("stopping", "ends-by-error")
class EndsByError(_WithTarget):
    """Only an error can end a loop from within."""

    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            raise StopIteration


@wrong("stopping", "not-a-callback")
class NoCallback:
    def __init__(self, target):
        self.target = target

    def on_epoch_end(self, epoch, logs=None):
        if logs.get("val_accuracy", 0) >= self.target:
            self.model.stop_training = True
