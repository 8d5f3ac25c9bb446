"""Results: confusions and mistakes."""

import matplotlib.pyplot as plt
import numpy as np

from utils import gates, measures
from utils.plots._pictures import draw_grid
from utils.plots._style import course_style


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
    """Plot how often each class was taken for which: counts, and per cent of each row.

    Args:
        labels: true classes: integers of shape (n,), one-hot (n, k), or names. Collect them from
            the same pass over the data as the predictions: a shuffled set has another order each
            time.
        predictions: predicted classes of shape (n,), integers or names; or the model's answers:
            for each class, shape (n, k), or probabilities of class 1, shape (n, 1) or (n,).
        class_names: names, in the order of the class numbers.

    Returns:
        matplotlib Figure; rows are true classes, columns predicted ones.

    Raises:
        TypeError: an argument is something else, such as a set of class names.
        ValueError: lengths differ, a class has no name, or the numbers are no predictions.
    """
    names = gates.class_names(class_names)
    counts = measures.confusion_counts(labels, predictions, names)
    total, right = counts.sum(), np.trace(counts)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(100 * counts, rows, out=np.zeros(counts.shape), where=rows > 0)

    size = min(14, 3.6 + 1.3 * len(names))
    figure, axis = plt.subplots(figsize=(size + 1.2, size))
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    many = len(names) > 8
    for row, column in np.ndindex(*counts.shape):
        if many and not counts[row, column]:
            continue  # 24 classes: an empty cell says zero
        share = f"{shares[row, column]:.0f} %" if rows[row, 0] else "–"
        axis.text(
            column,
            row,
            f"{counts[row, column]}" if many else f"{counts[row, column]:,}\n{share}",
            ha="center",
            va="center",
            fontsize=12 if many else 16,
            color="white" if shares[row, column] > 55 else "#202020",
        )
    ticks = range(len(names))
    tilt = {"rotation": 45, "ha": "right"} if sum(map(len, names)) > 40 else {}
    axis.set_xticks(ticks, names, **tilt)
    axis.set_yticks(ticks, names)
    axis.set(xlabel="predicted class", ylabel="true class")
    if total:
        axis.set_title(f"{right:,} of {total:,} right ({100 * right / total:.1f} %)")
    bar = figure.colorbar(image, ax=axis, shrink=0.8)
    bar.set_label("share of the true class (%)")
    bar.outline.set_visible(False)
    return figure
