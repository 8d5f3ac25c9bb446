"""Logits, softmax, and what a belief costs."""

import matplotlib.pyplot as plt
import numpy as np

from utils import gates
from utils.explorers._page import page
from utils.plots._style import CLASSES, STYLE

MOST = 6  # classes
START = (2.0, 1.0, -1.0)


def softmax(class_names):
    """Explore how softmax makes probabilities of logits, and what the price of a belief is.

    A slider moves each class' logit; softmax stands beside sigmoids. Whichever class is chosen as
    the truth, its price and the slope, p − one-hot, follow; so they do when a constant is added to
    all logits, or when all are divided by a temperature. A curve compares the price from logits
    with that from probabilities which Keras clips at 1e-7.

    Args:
        class_names: 2 to 6 names, in the order of the class numbers.

    Returns:
        IPython.display.HTML: a page in a frame.

    Raises:
        TypeError: the names have no order.
        ValueError: there are fewer or more, or one stands twice.
    """
    names = gates.class_names(class_names)
    if not 2 <= len(names) <= MOST:
        raise ValueError(f"{len(names)} class names: this explorer shows 2 to {MOST} classes.")
    logits = [START[i] if i < len(START) else 0.0 for i in range(len(names))]
    shares = np.exp(logits) / np.exp(logits).sum()
    listed = ", ".join(f"{n} {100 * p:.1f} %" for n, p in zip(names, shares, strict=True))
    return page(
        ("softmax.js",),
        {"class_names": names, "logits": logits},
        still=_bars(names, logits, shares),
        alt=f"Softmax makes probabilities of logits that start at 2, 1 and −1: {listed}.",
        title="Softmax: from logits to probabilities",
        height=620,
    )


def _bars(names, logits, shares):
    with plt.style.context(STYLE):
        figure, axis = plt.subplots(figsize=(9, 3.4))
        rows = np.arange(len(names))[::-1]
        axis.barh(rows, 100 * shares, color=[CLASSES[i % len(CLASSES)] for i in range(len(names))])
        for row, logit, share in zip(rows, logits, shares, strict=True):
            axis.text(100 * share + 1, row, f"{100 * share:.1f} %  (logit {logit:g})", va="center")
        axis.set(xlim=(0, 100), xlabel="softmax (%)")
        axis.set_yticks(rows, [name.replace("$", r"\$") for name in names])
    plt.close(figure)
    return figure
