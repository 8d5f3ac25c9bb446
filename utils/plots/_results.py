"""Results: confusions and mistakes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from utils import gates, measures
from utils.plots._pictures import draw_grid
from utils.plots._style import BLUE, VERMILION, course_style


@course_style
def show_worst_mistakes(images, labels, probabilities, class_names, *, count=8):
    """Show the wrong predictions that the model was surest of.

    Args:
        images: pictures (list of paths or arrays, or a batch), in the order of the labels. The
            `file_paths` of a data set made with `training=True` have no such order.
        labels: true classes: integers of shape (n,), one-hot (n, k), or names.
        probabilities: the model's, between 0 and 1: of class 1, shape (n,) or (n, 1); or of each
            class, shape (n, k).
        class_names: names, in the order of the class numbers.
        count: show at most this many.

    Returns:
        matplotlib Figure; with a sentence in it when there is no mistake.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: an argument is something else, such as a set of class names.
        ValueError: lengths differ, or the numbers are no labels or no probabilities.
    """
    names, images = gates.class_names(class_names), gates.picture_list(images)
    count, truth = gates.whole_number(count, "count", 1), gates.labels(labels, names)
    wrong, said, sureness = measures.surest_mistakes(truth, probabilities, names)
    if len(images) != len(truth):
        raise ValueError(f"{len(images)} pictures and {len(truth)} labels do not belong together.")
    if not len(wrong):
        figure = plt.figure(figsize=(8, 1.5))
        figure.text(0.5, 0.5, f"No mistakes on {len(truth):,} pictures.", ha="center", fontsize=18)
        return figure
    worst = list(zip(wrong, said, sureness, strict=True))[:count]
    return draw_grid(
        gates.pictures([images[i] for i, _, _ in worst]),
        [f"said {names[k]} {100 * p:.0f} %,\nis {names[truth[i]]}" for i, k, p in worst],
        columns=4,
        suptitle=f"The surest of {len(wrong):,} mistakes on {len(truth):,} pictures",
    )


@course_style
def plot_confusion_matrix(labels, predictions, class_names):
    """Plot how often each class was taken for which: counts, with recall and precision as margins.

    Args:
        labels: true classes: integers of shape (n,), one-hot (n, k), or names. Collect them from
            the same pass over the data as the predictions: a shuffled set has another order each
            time.
        predictions: predicted classes of shape (n,), integers or names; or the model's answers:
            for each class, shape (n, k), or probabilities of class 1, shape (n, 1) or (n,).
        class_names: names, in the order of the class numbers.

    Returns:
        matplotlib Figure; rows are true classes, with the share that was found (recall) at their
        right; columns are predicted ones, with the share that was right (precision) below.

    Raises:
        TypeError: an argument is something else, such as a set of class names.
        ValueError: lengths differ, a class has no name, or the numbers are no predictions.
    """
    names = gates.class_names(class_names)
    counts = measures.confusion_counts(labels, predictions, names)
    total, right = counts.sum(), np.trace(counts)
    size = min(14, 4.6 + 1.3 * len(names))
    figure, axis = plt.subplots(figsize=(size + 0.6, size))
    axis.imshow(_cell_colours(counts))
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    many = len(names) > 8
    for row, column in np.ndindex(*counts.shape):
        if many and not counts[row, column]:
            continue  # 24 classes: an empty cell says zero
        axis.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=12 if many else 20,
            color="#202020",
        )
    _write_margins(axis, counts, many)
    tilt = {"rotation": 45, "ha": "left"} if sum(map(len, names)) > 40 else {}
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.set_xticks(range(len(names) + 1), [*names, "recall"], **tilt)
    axis.set_yticks(range(len(names) + 1), [*names, "precision"])
    for label in (axis.get_xticklabels()[-1], axis.get_yticklabels()[-1]):
        label.set_fontstyle("italic")
    axis.set(xlabel="predicted class", ylabel="true class")
    if total:
        axis.set_title(f"{right:,} of {total:,} right ({100 * right / total:.1f} %)")
    return figure


def _cell_colours(counts):
    """Colours (classes + 1, classes + 1, 3): errors in vermilion, by their share of the row.

    The darkest error is the largest of this matrix, so that few errors are seen, too. The diagonal
    is pale blue, the margins are white.
    """
    errors = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(errors, 0)
    depth = errors / max(errors.max(), 1e-9) * 0.85
    colours = np.ones((len(counts) + 1, len(counts) + 1, 3))
    vermilion = np.array(to_rgb(VERMILION))
    colours[:-1, :-1] = 0.965 - depth[..., np.newaxis] * (0.965 - vermilion)
    index = np.arange(len(counts))
    colours[index, index] = 0.7 + 0.3 * np.array(to_rgb(BLUE))
    return colours


def _write_margins(axis, counts, many):
    """Write each class's recall right of its row, its precision below its column."""
    last, font = len(counts), 11 if many else 15
    style = {"ha": "center", "va": "center", "fontsize": font, "color": "#202020"}
    for index in range(last):
        right, said, true = counts[index, index], counts[:, index].sum(), counts[index].sum()
        for x, y, total in ((last, index, true), (index, last, said)):
            share = f"{100 * right / total:.0f} %" if total else "–"
            axis.text(x, y, share if many else f"{share}\n{right:,} of {total:,}", **style)
