"""Answers among several classes: outputs, prices, shares of right answers with their intervals."""

from itertools import chain

import matplotlib.pyplot as plt
import numpy as np

from utils import gates, measures
from utils.plots._style import (
    CLASSES,
    LINES,
    MARKERS,
    NETWORKS,
    PALETTE,
    PICTURE_DPI,
    course_style,
)

GREY = "#404040"


def _class_colours(count):
    """One colour a class; beyond three, those of the palette in turn."""
    return CLASSES if count <= len(CLASSES) else [PALETTE[i % len(PALETTE)] for i in range(count)]


@course_style
def plot_outputs(outputs, class_names):
    """Draw what the last layer gives for one picture, read in several ways, side by side.

    Args:
        outputs: dict from the name of a reading, such as "softmax", to its k numbers.
        class_names: k names, in the order of the class numbers.

    Returns:
        matplotlib Figure, a panel of bars per reading, with each bar's number and their sum.

    Raises:
        ValueError: no readings, or one that has not one number per class.
    """
    names = gates.class_names(class_names)
    outputs = gates.by_name(outputs, "outputs", "numbers, one per class")
    rows = {title: gates.numbers(values, title) for title, values in outputs.items()}
    if any(len(values) != len(names) for values in rows.values()):
        raise ValueError(f"Each reading should have {len(names)} numbers: {', '.join(names)}.")
    figure, axes = plt.subplots(1, len(rows), figsize=(3.8 * len(rows), 3.6), squeeze=False)
    for axis, (title, values) in zip(axes.flat, rows.items(), strict=True):
        bars = axis.bar(names, values, color=_class_colours(len(names)))
        axis.bar_label(bars, fmt="%.2f", padding=3, fontsize=14)
        axis.axhline(0, color=GREY, lw=1)
        axis.set_title(f"{title}: sum {values.sum():.2f}")
        axis.grid(False)
        axis.margins(y=0.18)
        if values.min() >= 0 and values.max() <= 1:
            axis.set_ylim(0, 1.15)
    return figure


@course_style
def plot_prices(margins, prices):
    """Draw the price of a picture against how far a wrong class is ahead of the true one.

    Args:
        margins: m numbers in any order, the largest logit minus that of the true class.
        prices: dict from at most three names to m losses.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: prices is no dict.
        ValueError: the numbers of margins and losses differ, some are not finite, or there are too
            many names.
    """
    margins, prices = gates.numbers(margins, "margins"), gates.by_name(prices, "prices", "losses")
    prices = {name: gates.numbers(values, name) for name, values in prices.items()}
    if not len(margins) or any(len(values) != len(margins) for values in prices.values()):
        raise ValueError(f"{len(margins)} margins need as many prices, and at least one.")
    if len(prices) > len(LINES):
        raise ValueError(f"{len(prices)} curves are too many to tell apart: give {len(LINES)}.")
    order = np.argsort(margins, kind="stable")
    figure, axis = plt.subplots(figsize=(8, 4.2))
    for index, (name, values) in enumerate(prices.items()):
        style = {"color": NETWORKS[index], "ls": LINES[index], "label": name}
        axis.plot(margins[order], values[order], **style)
    axis.set(xlabel="how far the wrong class is ahead (logits)", ylabel="price of the picture")
    axis.legend(loc="upper left")
    return figure


@course_style
def show_answers(images, probabilities, class_names, *, titles=None):
    """Show pictures in a row, each above the probabilities that a network gives it.

    Args:
        images: n pictures, as `show_images` takes them.
        probabilities: (n, k), what softmax gave.
        class_names: k names, in the order of the class numbers.
        titles: n texts, or None.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: an argument is something else.
        ValueError: lengths differ, or the numbers are no probabilities.
    """
    names, pictures = gates.class_names(class_names), gates.pictures(images)
    shares = gates.probabilities(probabilities, len(names))
    if len(shares) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures and {len(shares)} answers: one for each.")
    titles = gates.titles(titles, len(pictures))
    columns = max(len(pictures), 2)
    figure, axes = plt.subplots(
        2,
        columns,
        figsize=(3.3 * columns, 3.3 + 0.45 * len(names)),
        height_ratios=(3.0, 0.45 * len(names)),
        dpi=PICTURE_DPI,
        squeeze=False,
    )
    for axis in axes[:, len(pictures) :].flat:
        axis.set_axis_off()
    for index, picture in enumerate(pictures):
        above, below = axes[:, index]
        above.imshow(picture, cmap="gray", vmin=0, vmax=255)
        above.set_axis_off()
        if titles is not None:
            above.set_title(titles[index], fontsize=15)
        bars = below.barh(names, 100 * shares[index], color=_class_colours(len(names)))
        below.bar_label(bars, fmt="%.0f %%", padding=4, fontsize=14)
        below.set_xlim(0, 135)
        below.invert_yaxis()
        below.grid(False)
        below.spines[:].set_visible(False)
        below.tick_params(length=0)
        below.set_xticks([])
        if index:
            below.set_yticks([])
    return figure


@course_style
def plot_shares(counts, *, recorded=None, label="right answers (%)"):
    """Draw shares of right answers as dots with their 95 % intervals, one row per group.

    Args:
        counts: dict from a network's name to a dict from a group's name to (right, total); every
            network has the same groups.
        recorded: the same dicts with arrays of shares, between 0 and 1, that other runs saw; drawn
            as thin strokes. May be empty.
        label: text of the axis.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: networks with different groups, more networks than colours, or counts that are
            none (`utils.measures.wilson_interval`).
    """
    counts = gates.by_name(counts, "counts", "dicts of groups")
    counts = {n: gates.by_name(of, f"counts of {n}", "(right, total)") for n, of in counts.items()}
    recorded = gates.by_name(recorded, "recorded", "dicts of groups") if recorded else {}
    groups = list(next(iter(counts.values())))
    if any(list(of) != groups for of in counts.values()):
        raise ValueError("Every network should have the same groups, in the same order.")
    recorded = {n: gates.by_name(of, f"recorded of {n}", "shares") for n, of in recorded.items()}
    others = [n for n in recorded if n not in counts]
    if unknown := others + [n for n in chain(*recorded.values()) if n not in groups]:
        raise ValueError(
            f"recorded has {unknown[0]!r}, but the networks are {', '.join(counts)}, and their "
            f"groups {', '.join(groups)}."
        )
    if len(counts) > len(NETWORKS):
        raise ValueError(f"{len(counts)} networks are more than {len(NETWORKS)} colours.")
    figure, axis = plt.subplots(figsize=(10, 1.4 + (0.4 + 0.34 * len(counts)) * len(groups)))
    for index, (network, of) in enumerate(counts.items()):
        heights = np.arange(len(groups)) + 0.28 * (index - (len(counts) - 1) / 2)
        pairs = [of[group] for group in groups]
        if any(np.shape(pair) != (2,) for pair in pairs):
            raise ValueError(f"The counts of {network} should be pairs, (right, total).")
        ends = [measures.wilson_interval(*pair) for pair in pairs]
        right, total = np.array(pairs, dtype=int).T
        share = right / total
        low, high = np.array(ends).T
        whiskers = (np.maximum(share - low, 0), np.maximum(high - share, 0))
        axis.errorbar(
            100 * share,
            heights,
            xerr=100 * np.array(whiskers),
            fmt=MARKERS[index],
            color=NETWORKS[index],
            ms=10,
            capsize=5,
            lw=2.2,
            label=network,
        )
        for x, y in zip(100 * share, heights, strict=True):
            axis.annotate(
                f"{x:.1f}",
                (x, y),
                xytext=(0, -9 if index else 9),
                textcoords="offset points",
                ha="center",
                va="top" if index else "bottom",
                fontsize=12,
                color=NETWORKS[index],
            )
        for y, group in zip(heights, groups, strict=True):
            runs = 100 * gates.shares(recorded.get(network, {}).get(group, ()), "recorded")
            axis.plot(runs, [y] * len(runs), "|", color=NETWORKS[index], alpha=0.5, ms=14, mew=1.5)
    axis.set_yticks(range(len(groups)), groups)
    axis.set_ylim(len(groups) - 0.4, -0.6)
    axis.set_xlabel(label)
    axis.grid(False, axis="y")
    figure.legend(loc="outside lower center", ncols=len(counts))
    return figure
