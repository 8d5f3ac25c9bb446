"""The confusion matrix, the pictures behind its numbers, and a threshold."""

import numpy as np

from utils import gates, plots
from utils.explorers._page import jpeg, pack, page, sheet, thumbnail

MOST_PICTURES = 600
MOST_CLASSES = 10
SIDE = 56  # pixels of a thumbnail
COLUMNS = 20


def confusion(images, labels, probabilities, class_names):
    """Explore which class was taken for which, and what a threshold trades.

    A click on a cell of the confusion matrix shows its pictures. Below, one class stands against
    all others: it is named when its probability is above a threshold (as in
    `keras.metrics.Precision` and `Recall`); precision and recall follow a slider, on the curve of
    all thresholds.

    Args:
        images: n pictures, at most 600, as `utils.gates.picture_list` takes them, such as the
            `file_paths` of a data set that is not shuffled.
        labels: true classes; what `utils.gates.labels` takes.
        probabilities: the model's; what `utils.gates.probabilities` takes.
        class_names: at most 10 names, in the order of the class numbers.

    Returns:
        IPython.display.HTML: a page in a frame. It holds the pictures, 56 pixels wide.

    Raises:
        TypeError, ValueError: an argument is something else, the numbers of pictures, labels and
            probabilities differ, all probabilities are 0 or 1, or there are too many pictures or
            classes.
    """
    names = gates.class_names(class_names)
    shares = gates.probabilities(probabilities, len(names))
    truth = gates.labels(labels, names)
    items = gates.picture_list(images)
    gates.graded(shares)
    if not len(items) == len(truth) == len(shares):
        raise ValueError(
            f"{len(items)} pictures, {len(truth)} labels and {len(shares)} predictions do not "
            "belong together."
        )
    if len(items) > MOST_PICTURES or len(names) > MOST_CLASSES:
        raise ValueError(
            f"{len(items)} pictures of {len(names)} classes: this explorer shows at most "
            f"{MOST_PICTURES} pictures of {MOST_CLASSES} classes. Give a part of them, such as "
            "each second: files[::2], labels[::2], probabilities[::2]."
        )
    pictures = np.stack([thumbnail(picture, SIDE) for picture in gates.pictures(items)])
    right = int(np.sum(shares.argmax(axis=1) == truth))
    data = {
        "class_names": names,
        "labels": truth.tolist(),
        "probabilities": pack(shares, "<f4"),
        "sheet": jpeg(sheet(pictures, COLUMNS), quality=75),
        "columns": COLUMNS,
    }
    return page(
        ("confusion.js",),
        data,
        still=plots.plot_confusion_matrix(truth, shares.argmax(axis=1), names),
        alt=f"The confusion matrix of {', '.join(names)}: {right} of {len(truth)} right.",
        title="Which class was taken for which?",
        height=880,
    )
