"""Right and wrong answers to week 4's tasks, which the checks are tested with."""

import csv

import numpy as np

from utils import quiet  # noqa: F401

# isort: split
import keras
import tensorflow as tf
from keras import layers

from utils.checks.answers import right, wrong
from utils.csv_images import read_label_csv

# ---------------------------------------------------------------- table


def _rows(path):
    return np.loadtxt(path, delimiter=",", skiprows=1, dtype=int)


@right("table")
def with_loadtxt(path):
    rows = _rows(path)
    return rows[:, 1:].reshape(-1, 28, 28, 1).astype("uint8"), rows[:, 0]


@right("table")
def with_csv_reader(path):
    images, labels = [], []
    with open(path) as file:
        for row in csv.DictReader(file):
            labels.append(int(row["label"]))
            images.append([float(row[f"pixel{i + 1}"]) for i in range(784)])
    return np.array(images, "float32").reshape((len(labels), 28, 28))[..., None], np.array(labels)


@right("table")
def with_the_courses_reader(path):
    return read_label_csv(path)


@wrong("table", "header-as-number")
def without_skipping(path):
    """A table begins with its first row of numbers."""
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, 1:].reshape(-1, 28, 28, 1), rows[:, 0]


@wrong("table", "header-as-picture")
def header_as_nothing(path):
    rows = np.nan_to_num(np.genfromtxt(path, delimiter=",")).astype(int)
    return rows[:, 1:].reshape(-1, 28, 28, 1), rows[:, 0]


@wrong("table", "first-lost")
def skipped_twice(path):
    rows = _rows(path)[1:]
    return rows[:, 1:].reshape(-1, 28, 28, 1), rows[:, 0]


@wrong("table", "labels-as-text")
def labels_as_text(path):
    with open(path) as file:
        rows = list(csv.reader(file))[1:]
    images = np.array([row[1:] for row in rows]).astype(int).reshape(-1, 28, 28, 1)
    return images, np.array([row[0] for row in rows])


@wrong("table", "one-hot")
def one_hot(path):
    images, labels = read_label_csv(path)
    return images, keras.utils.to_categorical(labels, 25)


@wrong("table", "labels-shape")
def labels_as_a_column(path):
    rows = _rows(path)
    return rows[:, 1:].reshape(-1, 28, 28, 1), rows[:, :1]


@wrong("table", "other-labels")
def label_from_the_last_column(path):
    rows = _rows(path)
    return rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1]


@wrong("table", "not-square")
def left_in_rows(path):
    rows = _rows(path)
    return rows[:, 1:], rows[:, 0]


@wrong("table", "no-channel")
def without_channel(path):
    rows = _rows(path)
    return rows[:, 1:].reshape(-1, 28, 28), rows[:, 0]


@wrong("table", "images-shape")
def channel_first(path):
    rows = _rows(path)
    return rows[:, 1:].reshape(-1, 1, 28, 28), rows[:, 0]


@wrong("table", "transposed")
def columns_first(path):
    images, labels = read_label_csv(path)
    return images.transpose(0, 2, 1, 3), labels


@wrong("table", "rescaled")
def rescaled(path):
    images, labels = read_label_csv(path)
    return images / 255, labels


@wrong("table", "overflow")
def signed_bytes(path):
    images, labels = read_label_csv(path)
    return images.astype("int8"), labels


@wrong("table", "label-as-pixel")
def pixels_from_the_first_column(path):
    rows = _rows(path)
    return rows[:, :784].reshape(-1, 28, 28, 1), rows[:, 0]


@wrong("table", "other-pixels")
def pictures_last(path):
    rows = _rows(path)
    return rows[:, 1:].reshape(28, 28, 1, -1).transpose(3, 0, 1, 2), rows[:, 0]


@wrong("table", "not-two-arrays")
def one_table(path):
    return _rows(path)


# ---------------------------------------------------------------- numbers


@right("numbers")
def by_searching(labels, classes):
    return np.searchsorted(classes, labels)


@right("numbers")
def by_a_dict(labels, classes):
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in labels])


@right("numbers")
def by_comparing(labels, classes):
    return (np.asarray(labels)[:, None] == np.asarray(classes)[None]).argmax(axis=1)


@wrong("numbers", "gap-left")
def labels_as_they_are(labels, classes):
    """The label is the class number."""
    return labels


@wrong("numbers", "own-numbering")
def each_file_by_itself(labels, classes):
    return np.unique(labels, return_inverse=True)[1]


@wrong("numbers", "as-they-appear")
def first_come_first_numbered(labels, classes):
    met = list(dict.fromkeys(labels.tolist()))
    return np.array([met.index(label) for label in labels])


@wrong("numbers", "from-one")
def from_one(labels, classes):
    return np.searchsorted(classes, labels) + 1


@wrong("numbers", "only-j")
def one_less_after_j(labels, classes):
    return labels - (labels > 9)


@wrong("numbers", "one-hot")
def rows_of_zeros_and_ones(labels, classes):
    return keras.utils.to_categorical(np.searchsorted(classes, labels), len(classes))


@wrong("numbers", "not-whole")
def halves_allowed(labels, classes):
    return np.searchsorted(classes, labels).astype("float32")


@wrong("numbers", "labels-changed")
def in_place(labels, classes):
    labels[:] = np.searchsorted(classes, labels)
    return labels


@wrong("numbers", "other-numbers")
def from_the_end(labels, classes):
    return len(classes) - 1 - np.searchsorted(classes, labels)


# ---------------------------------------------------------------- network


def _layers(count, activation=None, first=None):
    return [
        keras.Input((28, 28, 1)),
        *([layers.Rescaling(1 / 255)] if first is None else first),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(count, activation=activation),
    ]


def _compiled(layers, loss, optimizer="adam", metrics=("accuracy",)):
    network = keras.Sequential(layers)
    network.compile(optimizer=optimizer, loss=loss, metrics=list(metrics))
    return network


SPARSE = "sparse_categorical_crossentropy"


def _from_logits():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@right("network")
def logits(class_count):
    return _compiled(_layers(class_count), _from_logits())


@right("network")
def softmax(class_count):
    return _compiled(_layers(class_count, "softmax"), SPARSE)


@right("network")
def functional_with_softmax_layer(class_count):
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.SeparableConv2D(8, 3, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.2)(layers.Flatten()(layers.AveragePooling2D(4)(x)))
    network = keras.Model(inputs, layers.Softmax()(layers.Dense(class_count)(x)))
    network.compile(
        keras.optimizers.RMSprop(1e-3),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return network


@right("network")
def with_a_price_for_large_weights(class_count):
    network = _layers(class_count)
    network[2].kernel_regularizer = keras.regularizers.L2(0.02)
    return _compiled(network, _from_logits())


@right("network")
def with_batch_norm_and_short_steps(class_count):
    """In use, it does worse after a dozen steps than before: its running averages lag behind."""
    block = [layers.Conv2D(16, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    block += [layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(class_count)]
    head = [keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)]
    return _compiled(head + block, _from_logits(), keras.optimizers.Adam(1e-4))


@wrong("network", "one-output")
def one_sigmoid(class_count):
    return _compiled(_layers(1, "sigmoid"), "binary_crossentropy")


@wrong("network", "sigmoids")
def binary_for_many(class_count):
    """High accuracy with binary cross-entropy on many classes is real."""
    return _compiled(_layers(class_count, "sigmoid"), "binary_crossentropy")


@wrong("network", "one-hot-loss")
def without_sparse(class_count):
    """Sparse means one label a picture."""
    return _compiled(_layers(class_count, "softmax"), "categorical_crossentropy")


@wrong("network", "softmax-twice")
def softmax_and_from_logits(class_count):
    return _compiled(_layers(class_count, "softmax"), _from_logits())


@wrong("network", "logits-in-default-loss")
def logits_in_the_default_loss(class_count):
    return _compiled(_layers(class_count), SPARSE)


@wrong("network", "loss-does-not-fit")
def squared_distance(class_count):
    return _compiled(_layers(class_count, "softmax"), "mse")


@wrong("network", "fixed-outputs")
def always_six(class_count):
    return _compiled(_layers(6), _from_logits())


@wrong("network", "fixed-outputs")
def one_spare_output(class_count):
    """The number of outputs is the largest label plus one."""
    return _compiled(_layers(class_count + 1), _from_logits())


@wrong("network", "not-rescaled")
def raw_pixels(class_count):
    return _compiled(_layers(class_count, first=[]), _from_logits())


@wrong("network", "rescaled-twice")
def rescaled_twice(class_count):
    twice = [layers.Rescaling(1 / 255), layers.Rescaling(1 / 255)]
    return _compiled(_layers(class_count, first=twice), _from_logits())


@wrong("network", "no-convolution")
def dense_only(class_count):
    return _compiled(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(class_count),
        ],
        _from_logits(),
    )


@wrong("network", "input-shape")
def three_colours(class_count):
    return _compiled([keras.Input((28, 28, 3)), *_layers(class_count)[1:]], _from_logits())


@wrong("network", "not-compiled")
def not_compiled(class_count):
    return keras.Sequential(_layers(class_count))


@wrong("network", "no-accuracy")
def without_metrics(class_count):
    return _compiled(_layers(class_count), _from_logits(), metrics=())


@wrong("network", "accuracy-does-not-fit")
def accuracy_of_two_classes(class_count):
    return _compiled(_layers(class_count), _from_logits(), metrics=["binary_accuracy"])


@wrong("network", "accuracy-does-not-fit")
def accuracy_of_equal_numbers(class_count):
    """Keras's Accuracy is what the word "accuracy" stands for."""
    return _compiled(_layers(class_count), _from_logits(), metrics=[keras.metrics.Accuracy()])


@wrong("network", "softmax-of-softmax")
def softmax_as_activation_and_as_layer(class_count):
    return _compiled([*_layers(class_count, "softmax"), layers.Softmax()], SPARSE)


@wrong("network", "squeezed-logits")
def relu_on_the_logits(class_count):
    """Every layer is better with an activation."""
    return _compiled(_layers(class_count, "relu"), _from_logits())


@wrong("network", "squeezed-logits")
def tanh_on_the_logits(class_count):
    return _compiled(_layers(class_count, "tanh"), _from_logits())


@wrong("network", "answers-dropped")
def dropout_after_the_logits(class_count):
    """Dropout helps wherever it stands."""
    return _compiled([*_layers(class_count), layers.Dropout(0.4)], _from_logits())


@wrong("network", "answers-dropped")
def dropout_after_softmax(class_count):
    return _compiled([*_layers(class_count, "softmax"), layers.Dropout(0.4)], SPARSE)


@wrong("network", "frozen")
def convolution_frozen(class_count):
    network = _compiled(_layers(class_count), _from_logits())
    network.layers[1].trainable = False
    return network


@wrong("network", "hardly-learns")
def tiny_steps(class_count):
    """A small learning rate is the careful choice."""
    return _compiled(_layers(class_count), _from_logits(), keras.optimizers.Adam(1e-7))


@wrong("network", "nothing-left")
def four_blocks_of_week_1(class_count):
    """What fits 96 pixels fits 28."""
    blocks = [layers.Rescaling(1 / 255)]
    for filters in (16, 32, 64, 64):
        blocks += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]
    return _compiled(_layers(class_count, first=blocks), _from_logits())


@wrong("network", "rescaled-up")
def multiplied_by_the_largest(class_count):
    """Rescaling divides by its number."""
    return _compiled(_layers(class_count, first=[layers.Rescaling(255)]), _from_logits())


MADE_ONCE = {}


@wrong("network", "same-network")
def one_network_a_count(class_count):
    if class_count not in MADE_ONCE:
        MADE_ONCE[class_count] = logits(class_count)
    return MADE_ONCE[class_count]


@wrong("network", "frozen")
def all_frozen(class_count):
    network = keras.Sequential(_layers(class_count))
    network.trainable = False
    network.compile("adam", _from_logits(), metrics=["accuracy"])
    return network


@wrong("network", "too-large")
def wide_dense_layer(class_count):
    wide = [layers.Rescaling(1 / 255), layers.Conv2D(64, 3), layers.Flatten(), layers.Dense(512)]
    return _compiled([keras.Input((28, 28, 1)), *wide, layers.Dense(class_count)], _from_logits())


# ---------------------------------------------------------------- answers


@right("answers")
def batch_by_batch(network, data):
    truth, said = [], []
    for images, labels in data:
        truth.extend(labels.numpy())
        said.extend(network(images, training=False).numpy().argmax(axis=1))
    return np.array(truth), np.array(said)


@right("answers")
def kept_in_arrays(network, data):
    images, labels = (np.concatenate(part) for part in zip(*data.as_numpy_iterator(), strict=True))
    return labels, network.predict(images, verbose=0).argmax(axis=-1)


@right("answers")
def in_the_pipeline(network, data):
    both = data.map(lambda images, labels: (labels, tf.argmax(network(images), axis=1)))
    truth, said = zip(*both.unbatch(), strict=True)
    return tf.stack(truth), tf.stack(said)


@wrong("answers", "two-passes")
def labels_first_answers_later(network, data):
    """Two passes over a shuffled set come in the same order."""
    truth = np.concatenate([labels for _, labels in data])
    return truth, network.predict(data, verbose=0).argmax(axis=1)


@wrong("answers", "not-classes")
def logits_as_answers(network, data):
    images, labels = (np.concatenate(part) for part in zip(*data.as_numpy_iterator(), strict=True))
    return labels, network.predict(images, verbose=0)


@wrong("answers", "not-classes")
def largest_logit(network, data):
    images, labels = (np.concatenate(part) for part in zip(*data.as_numpy_iterator(), strict=True))
    return labels, network.predict(images, verbose=0).max(axis=1)


@wrong("answers", "wrong-axis")
def along_the_pictures(network, data):
    images, labels = (np.concatenate(part) for part in zip(*data.as_numpy_iterator(), strict=True))
    return labels, network.predict(images, verbose=0).argmax(axis=0)


@wrong("answers", "not-all")
def first_batch_only(network, data):
    images, labels = next(iter(data))
    return labels, network.predict(images, verbose=0).argmax(axis=1)


@wrong("answers", "truth-twice")
def never_asks(network, data):
    truth = np.concatenate([labels for _, labels in data])
    return truth, truth


@wrong("answers", "exchanged")
def answers_first(network, data):
    return batch_by_batch(network, data)[::-1]


@wrong("answers", "not-two-arrays")
def accuracy_only(network, data):
    truth, said = batch_by_batch(network, data)
    return np.mean(truth == said)


@wrong("answers", "in-training")
def asked_as_in_training(network, data):
    """training=True asks a trained network."""
    truth, said = [], []
    for images, labels in data:
        truth.extend(labels.numpy())
        said.extend(network(images, training=True).numpy().argmax(axis=1))
    return np.array(truth), np.array(said)


@wrong("answers", "other-answers")
def the_smallest_wins(network, data):
    images, labels = (np.concatenate(part) for part in zip(*data.as_numpy_iterator(), strict=True))
    return labels, network.predict(images, verbose=0).argmin(axis=1)


@wrong("answers", "other-truth")
def truth_as_if_counted_through(network, data):
    truth, said = batch_by_batch(network, data)
    return np.arange(len(truth)) % 6, said


# ---------------------------------------------------------------- recall


@right("recall")
def by_rows(counts):
    return np.diag(counts) / counts.sum(axis=1)


@right("recall")
def in_a_loop(counts):
    return [counts[k][k] / sum(counts[k]) for k in range(len(counts))]


@wrong("recall", "precision")
def by_columns(counts):
    """Precision and recall are the same."""
    return np.diag(counts) / counts.sum(axis=0)


@wrong("recall", "share-of-all")
def of_all_pictures(counts):
    return np.diag(counts) / counts.sum()


@wrong("recall", "one-number")
def accuracy(counts):
    return np.trace(counts) / counts.sum()


@wrong("recall", "counts")
def hits(counts):
    return np.diag(counts)


@wrong("recall", "per-cent")
def in_per_cent(counts):
    return 100 * np.diag(counts) / counts.sum(axis=1)


@wrong("recall", "whole-numbers")
def whole_division(counts):
    return np.diag(counts) // counts.sum(axis=1)


@wrong("recall", "by-the-largest")
def by_the_largest_of_the_row(counts):
    return np.diag(counts) / counts.max(axis=1)


@wrong("recall", "rounded")
def to_two_digits(counts):
    return (np.diag(counts) / counts.sum(axis=1)).round(2)


@wrong("recall", "missed-not-found")
def what_is_missed(counts):
    return 1 - np.diag(counts) / counts.sum(axis=1)


@wrong("recall", "matrix-changed")
def sums_before_hits_in_place(counts):
    shares = np.diag(counts) / counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    return shares


@wrong("recall", "other-shape")
def every_cell(counts):
    return counts / counts.sum(axis=1, keepdims=True)


@wrong("recall", "other-shares")
def f1(counts):
    return 2 * np.diag(counts) / (counts.sum(axis=0) + counts.sum(axis=1))


# ---------------------------------------------------------------- confusion


@right("confusion")
def without_the_diagonal(counts):
    errors = counts - np.diag(np.diag(counts))
    return np.unravel_index(errors.argmax(), errors.shape)


@right("confusion")
def in_two_loops(counts):
    cells = [(counts[t][s], t, s) for t in range(len(counts)) for s in range(len(counts)) if t != s]
    return max(cells)[1:]


@wrong("confusion", "diagonal")
def the_largest_number(counts):
    return np.unravel_index(counts.argmax(), counts.shape)


@wrong("confusion", "exchanged")
def said_and_true(counts):
    return without_the_diagonal(counts)[::-1]


@wrong("confusion", "matrix-changed")
def emptied_in_place(counts):
    np.fill_diagonal(counts, 0)
    return np.unravel_index(counts.argmax(), counts.shape)


@wrong("confusion", "one-number")
def place_as_one_number(counts):
    return (counts - np.diag(np.diag(counts))).argmax()


@wrong("confusion", "one-number")
def its_size(counts):
    return (counts - np.diag(np.diag(counts))).max()


@wrong("confusion", "other-measure")
def both_directions(counts):
    both = counts + counts.T
    np.fill_diagonal(both, 0)
    return np.unravel_index(both.argmax(), both.shape)


@wrong("confusion", "other-measure")
def as_a_share(counts):
    return without_the_diagonal(counts / counts.sum(axis=1, keepdims=True))


@wrong("confusion", "other-cell")
def counted_from_one(counts):
    return [place + 1 for place in without_the_diagonal(counts)]


@wrong("confusion", "right-by-luck")
def above_the_diagonal_only(counts):
    return np.unravel_index(np.triu(counts, 1).argmax(), counts.shape)


@wrong("confusion", "right-by-luck")
def row_and_column_with_the_most_mistakes(counts):
    errors = counts - np.diag(np.diag(counts))
    return errors.sum(axis=1).argmax(), errors.sum(axis=0).argmax()


@wrong("confusion", "right-by-luck")
def worst_row_first(counts):
    errors = counts - np.diag(np.diag(counts))
    row = errors.sum(axis=1).argmax()
    return row, errors[row].argmax()


@wrong("confusion", "right-by-luck")
def six_columns_whatever_comes(counts):
    return divmod((counts - np.diag(np.diag(counts))).argmax(), 6)
