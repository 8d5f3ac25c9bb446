"""Pictures as points: a map of their features, and the nearest in all of them."""

import matplotlib.pyplot as plt
import numpy as np

from utils import gates
from utils.explorers._page import jpeg, pack, page, sheet, thumbnail
from utils.plots._style import CLASSES, MARKERS, STYLE

MOST_PICTURES = 600
MOST_FEATURES = 4096
MOST_CLASSES = 7
NEAR = 8
SIDE = 48  # pixels of a thumbnail
COLUMNS = 20


def features(images, features, labels, class_names):
    """Explore what a network's features make of pictures: which are neighbours, what lights up.

    The pictures lie on a map of the two directions in which their features spread most (principal
    components). A click on one shows its eight nearest neighbours by distance in all features,
    and the features that lie furthest above their mean there, in standard deviations; a slider
    shows for each feature the eight pictures with the largest values.

    Args:
        images: n pictures, 9 to 600, as `utils.gates.picture_list` takes them, such as the
            `file_paths` of a data set that is not shuffled.
        features: numbers, (n, features), in the same order, at most 4,096 of each picture.
        labels: true classes; what `utils.gates.labels` takes.
        class_names: at most 7 names, in the order of the class numbers.

    Returns:
        IPython.display.HTML: a page in a frame. It holds the pictures, 48 pixels wide.

    Raises:
        TypeError, ValueError: an argument is something else, the numbers of pictures, features and
            labels differ, or there are too many or too few.
    """
    names = gates.class_names(class_names)
    truth = gates.labels(labels, names)
    items = gates.picture_list(images)
    try:
        points = np.asarray(features)
    except ValueError:  # a list of unequal parts, such as what extract_features returns
        points = np.zeros(0)
    if points.ndim != 2 or points.dtype.kind not in "fiu" or not np.all(np.isfinite(points)):
        raise ValueError(
            f"features of shape {points.shape} should be finite numbers (pictures, features), such "
            "as extract_features gives with a backbone that ends with an average."
        )
    if not len(items) == len(points) == len(truth):
        raise ValueError(
            f"{len(items)} pictures, {len(points)} rows of features and {len(truth)} labels do not "
            "belong together."
        )
    if not NEAR < len(items) <= MOST_PICTURES or len(names) > MOST_CLASSES:
        raise ValueError(
            f"{len(items)} pictures of {len(names)} classes: this explorer shows {NEAR + 1} to "
            f"{MOST_PICTURES} pictures of at most {MOST_CLASSES} classes. Give a part of them, "
            "such as each second: files[::2], features[::2], labels[::2]."
        )
    if not 2 <= points.shape[1] <= MOST_FEATURES:
        raise ValueError(f"{points.shape[1]} features; this explorer takes 2 to {MOST_FEATURES:,}.")
    points = points.astype(np.float64)
    places = _map(points)
    nearest, distances = _neighbours(points)
    spread = points.std(axis=0)
    above = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1)
    count = min(NEAR, points.shape[1])
    strongest = np.argsort(-above, axis=1, kind="stable")[:, :count]
    strongest = np.pad(strongest, ((0, 0), (0, NEAR - count)), mode="edge")
    brightest = np.argsort(-points, axis=0, kind="stable")[:NEAR].T
    same = (truth[nearest] == truth[:, np.newaxis]).mean()
    pictures = np.stack([thumbnail(picture, SIDE) for picture in gates.pictures(items)])
    data = {
        "class_names": names,
        "labels": truth.tolist(),
        "features": points.shape[1],
        "near": NEAR,
        "start": int(np.abs(places - np.median(places, axis=0)).sum(axis=1).argmin()),
        "places": pack(places, "<f4"),
        "neighbours": pack(nearest, "<u2"),
        "distances": pack(distances, "<f4"),
        "strongest": pack(strongest, "<u2"),
        "strengths": pack(np.take_along_axis(above, strongest, axis=1), "<f4"),
        "brightest": pack(brightest, "<u2"),
        "values": pack(np.take_along_axis(points.T, brightest, axis=1), "<f4"),
        "sheet": jpeg(sheet(pictures, COLUMNS), quality=70),
        "columns": COLUMNS,
        "side": SIDE,
    }
    return page(
        ("features.js",),
        data,
        still=_scatter(places, truth, names),
        alt=(
            f"Map of {len(points)} pictures by their features. Of the {NEAR} nearest neighbours of "
            f"a picture, {100 * same:.0f} % are of its own class, on average."
        ),
        title="A map of the pictures, by their features",
        height=780,
    )


def _map(points):
    """Coordinates (n, 2) in the two directions in which the points spread most."""
    centred = points - points.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


def _neighbours(points):
    """The nearest other points of each, (n, NEAR), and their Euclidean distances."""
    squares = (points**2).sum(axis=1)
    table = squares[:, np.newaxis] + squares - 2 * points @ points.T
    np.fill_diagonal(table, np.inf)
    nearest = np.argsort(table, axis=1, kind="stable")[:, :NEAR]
    return nearest, np.sqrt(np.maximum(np.take_along_axis(table, nearest, axis=1), 0))


def _scatter(places, truth, names):
    with plt.style.context(STYLE):
        figure, axis = plt.subplots(figsize=(9, 6))
        for label, name in enumerate(names):
            chosen = places[truth == label]
            style = {"color": CLASSES[label % len(CLASSES)], "marker": MARKERS[label]}
            axis.scatter(*chosen.T, s=24, label=name.replace("$", r"\$"), alpha=0.7, **style)
        axis.set(xlabel="first direction", ylabel="second direction")
        axis.legend()
    plt.close(figure)
    return figure
