"""How good predictions are: intervals, confusions, mistakes. Numbers only; `utils.plots` draws."""

import numpy as np

from utils import gates


def wilson_interval(correct, total):
    """Say how far an accuracy that was measured on few pictures may be off.

    The score interval of E. B. Wilson (Journal of the American Statistical Association 22, 1927),
    as SciPy computes it: in 95 of 100 such measurements it contains the true accuracy.

    >>> low, high = wilson_interval(70, 100)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.604 to 0.781

    Args:
        correct: number of pictures recognised; a count, not a share.
        total: number of pictures tried.

    Returns:
        (low, high): bounds of the accuracy, between 0 and 1.

    Raises:
        ValueError: no pictures, more correct ones than tried, or a share instead of a count.
    """
    from scipy.stats import binomtest

    try:
        right, tried = gates.whole_number(correct, "correct"), gates.whole_number(total, "total", 1)
    except ValueError as error:
        raise ValueError(
            f"{correct} correct of {total} is impossible: count pictures, not shares."
        ) from error
    # 1.0 may be one picture or all of them.
    if right > tried or (right == 1 < tried and isinstance(np.asarray(correct).item(), float)):
        raise ValueError(
            f"{correct} correct of {total} is {'impossible' if right > tried else 'unclear'}: "
            "count pictures, not shares."
        )
    low, high = binomtest(right, tried).proportion_ci(0.95, method="wilson")
    return float(low), float(high)


def confusion_counts(labels, predictions, class_names):
    """Count how often each class was taken for which.

    >>> confusion_counts([0, 0, 1], [0, 1, 1], ["Cat", "Dog"])
    array([[1, 1],
           [0, 1]])

    Args:
        labels: true classes of n pictures; what `utils.gates.labels` takes.
        predictions: predicted classes or the model's answers; what `utils.gates.predictions` takes.
        class_names: names, in the order of the class numbers.

    Returns:
        int array (classes, classes); rows are true classes, columns predicted ones.

    Raises:
        TypeError, ValueError: an argument is something else, or the lengths differ.
    """
    names = gates.class_names(class_names)
    truth, said = gates.labels(labels, names), gates.predictions(predictions, names)
    if len(truth) != len(said):
        raise ValueError(f"{len(truth)} labels and {len(said)} predictions do not belong together.")
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (truth, said), 1)
    return counts


def surest_mistakes(labels, probabilities, class_names):
    """Find the wrong predictions, that which the model was surest of first.

    >>> surest_mistakes([0, 1, 0], [0.6, 0.7, 0.9], ["Cat", "Dog"])
    (array([2, 0]), array([1, 1]), array([0.9, 0.6]))

    Args:
        labels: true classes of n pictures; what `utils.gates.labels` takes.
        probabilities: the model's; what `utils.gates.probabilities` takes.
        class_names: names, in the order of the class numbers.

    Returns:
        Three arrays with an entry per mistake: which picture, int; the class that was predicted,
        int; and its probability, float64.

    Raises:
        TypeError, ValueError: an argument is something else, the lengths differ, or all
            probabilities are 0 or 1, so that no mistake is surer than another.
    """
    names = gates.class_names(class_names)
    shares = gates.probabilities(probabilities, len(names))
    truth = gates.labels(labels, names)
    if len(truth) != len(shares):
        raise ValueError(
            f"{len(truth)} labels and {len(shares)} predictions do not belong together."
        )
    gates.graded(shares)
    said, sureness = shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(said != truth)
    wrong = wrong[np.argsort(-sureness[wrong], kind="stable")]
    return wrong, said[wrong], sureness[wrong]
