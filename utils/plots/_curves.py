"""Curves: over the epochs of a training, and over the number of training pictures."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from utils import gates
from utils.plots._style import BLUE, MARKERS, NETWORKS, ORANGE, PALETTE, course_style

# ---------------------------------------------------------------- over epochs


@course_style
def plot_history(history, *, metrics=("accuracy", "loss"), fine_tuning_starts=None):
    """Plot learning curves, one panel per metric.

    One history: training (solid, blue) and validation (dashed, orange, with markers), and the gap
    between them after the last validation. Several: one colour per name, training thin and solid,
    validation thick and dashed.

    Args:
        history: a Keras History or its `.history` dict; or a dict from names to these.
        metrics: names as given to `model.compile`; accuracies, between 0 and 1, are drawn in per
            cent.
        fine_tuning_starts: first epoch (counted from 1) of fine-tuning, marked by a line; or None.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: a metric was not recorded, an accuracy is not between 0 and 1, there are more
            names than colours, or it is not known at which epochs the values were recorded.
    """
    several = (
        isinstance(history, Mapping)
        and bool(history)
        and all(isinstance(h, Mapping) or hasattr(h, "history") for h in history.values())
    )
    histories = history if several else {"": history}
    metrics = (metrics,) if isinstance(metrics, str) else metrics
    listed = isinstance(metrics, (list, tuple)) and all(isinstance(m, str) for m in metrics)
    if not listed or not metrics:
        raise ValueError(
            f"metrics={metrics!r:.60} should be a list of names, not an empty one, in the order of "
            'the panels, such as metrics=("accuracy",).'
        )
    if len(histories) > len(PALETTE):
        raise ValueError(
            f"{len(histories)} runs are more than {len(PALETTE)} colours: plot them in two figures."
        )
    colours = NETWORKS if len(histories) <= len(NETWORKS) else PALETTE
    runs = [
        {metric: _curves(one, metric, f" for {name}" if name else "") for metric in metrics}
        for name, one in histories.items()
    ]
    last = max(run[metrics[0]][0][0][-1] for run in runs)  # epoch
    if fine_tuning_starts is not None:
        fine_tuning_starts = gates.whole_number(fine_tuning_starts, "fine_tuning_starts", 1)
        if fine_tuning_starts > last:
            raise ValueError(
                f"fine_tuning_starts={fine_tuning_starts} is after the last epoch, {last}."
            )

    figure, axes = plt.subplots(
        1, len(metrics), figsize=(6 * max(len(metrics), 1.5), 5.2), squeeze=False
    )
    for axis, metric in zip(axes.flat, metrics, strict=True):
        per_cent = _is_accuracy(metric)
        for index, run in enumerate(runs):
            train, validation = run[metric]
            if several:
                _draw_curve(axis, train, color=colours[index], lw=1.5, alpha=0.8)
                _draw_curve(axis, validation, color=colours[index], lw=3.2, ls="--")
            else:
                style = {"marker": "o", "markevery": max(1, len(validation[1]) // 12)}
                _draw_curve(axis, train, color=BLUE)
                _draw_curve(axis, validation, color=ORANGE, ls="--", **style)
                _draw_gap(axis, train, validation, per_cent)
        words = metric.replace("_", " ")
        axis.set_title(words.capitalize())
        axis.set(xlabel="epoch", ylabel=f"{words} (%)" if per_cent else words)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axis.margins(x=0.04)
        if fine_tuning_starts is not None and fine_tuning_starts > 1:
            _draw_fine_tuning(axis, fine_tuning_starts, at_bottom=per_cent)
    if several:
        handles = [
            Line2D([], [], color=colours[i], lw=6, label=name) for i, name in enumerate(histories)
        ]
        handles.append(Line2D([], [], color="#404040", lw=1.5, label="training"))
        handles.append(Line2D([], [], color="#404040", lw=3.2, ls="--", label="validation"))
    else:
        handles = [
            Line2D([], [], color=BLUE, label="training"),
            Line2D([], [], color=ORANGE, ls="--", marker="o", label="validation"),
        ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(5, len(handles)), handlelength=2.6
    )
    return figure


def _curves(history, metric, whose):
    """Find one metric in a Keras History or its dict.

    Returns:
        ((epoch numbers from 1, values), the same of the validation): arrays, accuracies in per
        cent; the second pair is empty if there was no validation.
    """
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping) or not values:
        raise ValueError(
            "plot_history takes what model.fit returned, or a dict of names and such histories."
        )
    if metric.startswith("val_"):
        raise ValueError(
            f"Instead of {metric!r} give {metric.removeprefix('val_')!r} as the metric: its "
            "validation curve is drawn with it."
        )
    if metric not in values:
        recorded = ", ".join(k for k in values if not k.startswith("val_"))
        raise ValueError(
            f"No {metric!r} was recorded{whose}, only: {recorded}. Name it in "
            "model.compile(metrics=[...]) or in metrics=(...)."
        )
    train, validation = (_values(values, key, whose) for key in (metric, f"val_{metric}"))
    noted = getattr(history, "epoch", None)
    is_noted = noted is not None and len(noted) == len(train)
    epochs = np.asarray(noted if is_noted else range(len(train))) + 1
    most = max(len(recorded) for recorded in values.values() if hasattr(recorded, "__len__"))
    if not len(train) or len(train) != most:
        raise ValueError(
            f"{metric!r} has {len(train)} values{whose}, and another metric {most}: each epoch "
            "should have one of each."
        )
    if _is_accuracy(metric):
        both = np.concatenate([train, validation])
        if not np.all((both >= 0) & (both <= 1 + 1e-6)):  # NaN neither
            raise ValueError(
                f"{metric!r} should lie between 0 and 1{whose}, as Keras records it; divide per "
                "cent by 100."
            )
        train, validation = 100 * train, 100 * validation
    return (epochs, train), (_validation_epochs(epochs, len(validation), is_noted), validation)


def _values(history, key, whose):
    """Return what was recorded under a key as a float array, one number for each epoch."""
    try:
        array = np.asarray(history.get(key, ()), dtype=float)
    except (TypeError, ValueError):
        array = np.zeros((0, 0))
    if array.ndim != 1:
        raise ValueError(
            f"{key!r}{whose} should be a list with one number for each epoch, as Keras records it."
        )
    return array


def _validation_epochs(epochs, count, is_noted):
    """Say after which of the epochs `count` validations took place.

    With `validation_freq=f`, Keras validates after the epochs f, 2·f and so on.
    """
    if count in (0, len(epochs)):
        return epochs[:count]
    fitting = [f for f in range(1, epochs[-1] + 1) if np.sum(epochs % f == 0) == count]
    even = len(epochs) / count
    if even in fitting:
        fitting = [int(even)]
    if len(fitting) != 1 or not (is_noted or even == fitting[0]):
        raise ValueError(
            f"{len(epochs)} epochs were recorded, but {count} validations, and it is not known "
            "after which. Give what model.fit returned, from a fit that validates every epoch."
        )
    return epochs[epochs % fitting[0] == 0]


def _is_accuracy(metric):
    return metric == "acc" or "accuracy" in metric


def _draw_curve(axis, curve, **style):
    epochs, values = curve
    if not len(values):
        return
    # A curve of one epoch is a point: it needs a marker to be seen.
    style.setdefault("marker", "o" if len(values) == 1 else None)
    axis.plot(epochs, values, **style)


def _draw_gap(axis, train, validation, per_cent):
    """Mark the distance between the two curves after the last validation."""
    if not len(validation[1]):
        return
    epoch, below = validation[0][-1], validation[1][-1]
    above = train[1][train[0] == epoch][-1]
    gap = abs(above - below)
    if not np.isfinite(gap):
        values = np.concatenate([train[1], validation[1]])
        epochs = np.concatenate([train[0], validation[0]])
        first = epochs[~np.isfinite(values)].min()
        axis.set_title(f"not a number in epoch {first}", loc="right", fontsize=14, color="#404040")
        return
    text = f"{gap:.0f} points" if per_cent else f"{gap:.2f}"
    axis.set_title(f"final gap: {text}", loc="right", fontsize=14, color="#404040")
    low, high = axis.get_ylim()
    if gap > 0.06 * (high - low):
        arrow = {"arrowstyle": "<->", "color": "#404040", "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
        axis.annotate("", (epoch, above), xytext=(epoch, below), arrowprops=arrow)


def _draw_fine_tuning(axis, epoch, at_bottom):
    """Draw a line before the first epoch of fine-tuning, labelled where the curves are not."""
    axis.axvline(epoch - 0.5, color="#606060", lw=1.8, ls=":")
    # Accuracies end near the top, losses near the bottom.
    height, side = (0.02, "bottom") if at_bottom else (0.98, "top")
    axis.annotate(
        "fine-tuning\nstarts",
        (epoch - 0.5, height),
        xycoords=("data", "axes fraction"),
        xytext=(6, 0),
        textcoords="offset points",
        va=side,
        fontsize=13,
        color="#404040",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1},
    )


# ---------------------------------------------------------------- over data sizes


@course_style
def plot_data_size(sizes, accuracies, *, intervals=None):
    """Plot validation accuracy against the number of training pictures.

    Args:
        sizes: numbers of training pictures, in any order.
        accuracies: for each size an accuracy between 0 and 1, or a list of those of several runs
            (drawn as mean ± standard deviation, with a dot per run). A dict of such lists draws
            one curve per name; those named "training" and "validation" look as everywhere.
        intervals: (low, high) for each size, as `utils.measures.wilson_interval` gives; a dict
            when accuracies is one; or None.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: the lists differ in length, a size stands twice, an accuracy is not between 0
            and 1, or an interval does not contain its accuracy.
    """
    sizes = gates.numbers(list(sizes) if isinstance(sizes, range) else sizes, "sizes")
    sizes = np.array([gates.whole_number(size, "size", 1) for size in sizes])
    if not len(sizes) or len(set(sizes.tolist())) < len(sizes):
        raise ValueError(
            f"sizes={sizes.tolist()} should be different numbers; several runs with one size stand "
            "in one list, as in plot_data_size([100], [[0.7, 0.8]])."
        )
    named = isinstance(accuracies, Mapping)
    curves = gates.by_name(accuracies, "accuracies", "accuracies") if named else {"": accuracies}
    if not named:
        bounds = {"": intervals}
    else:
        bounds = dict.fromkeys(curves) if intervals is None else intervals
    if not isinstance(bounds, Mapping) or set(bounds) != set(curves):
        raise ValueError(f"intervals should be a dict with the same names: {', '.join(curves)}.")
    if len(curves) > len(PALETTE):
        raise ValueError(
            f"{len(curves)} curves are more than {len(PALETTE)} colours: plot them in two figures."
        )
    series = {name: _size_series(sizes, curves[name], bounds[name]) for name in curves}
    sizes = np.sort(sizes)

    figure, axis = plt.subplots(figsize=(9, 5.6))
    for index, (name, (mean, low, high, runs)) in enumerate(series.items()):
        colour = _size_colour(name, index) if named else ORANGE
        # Bars of several curves stand side by side.
        x = sizes * (1 + 0.025 * (index - (len(series) - 1) / 2))
        axis.errorbar(
            x,
            mean,
            yerr=(np.maximum(mean - low, 0), np.maximum(high - mean, 0)),
            color=colour,
            marker=MARKERS[index],
            ls="-" if name == "training" else "--",
            markersize=9,
            capsize=6,
            elinewidth=2,
            label=name or None,
        )
        for size, values in zip(x, runs, strict=True):
            if len(values) > 1:
                axis.plot([size] * len(values), values, ".", color=colour, alpha=0.5, ms=9)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(FixedLocator(sizes))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    whose = "" if {"training", "validation"} <= set(curves) else "validation "
    axis.set(xlabel="training pictures (logarithmic scale)", ylabel=f"{whose}accuracy (%)")
    axis.margins(x=0.08, y=0.12)
    counts = {len(values) for *_, runs in series.values() for values in runs}
    if intervals is not None:
        axis.set_title("Bars: 95 % confidence intervals", fontsize=15)
    elif max(counts) > 1:
        number = f"{max(counts)} runs" if len(counts) == 1 else "several runs"
        axis.set_title(f"Mean ± standard deviation of {number}; dots: the runs", fontsize=15)
    if named:
        axis.legend(loc="best")
    return figure


def _size_colour(name, index):
    """Training and validation have a colour of their own, other curves the next of the palette."""
    return {"training": BLUE, "validation": ORANGE}.get(name, PALETTE[index])


def _size_series(sizes, accuracies, intervals):
    """Return (mean, low, high, runs) in per cent for one curve, by increasing size."""
    if isinstance(accuracies, str) or not hasattr(accuracies, "__len__"):
        raise ValueError("accuracies should be a list with one accuracy, or several, per size.")
    if len(accuracies) != len(sizes):
        raise ValueError(f"{len(sizes)} sizes need as many accuracies, not {len(accuracies)}.")
    runs = [gates.shares(value, "Accuracies") for value in accuracies]
    single = all(np.ndim(value) < 2 for value in accuracies)
    if not single or any(not len(values) or np.isnan(values).any() for values in runs):
        raise ValueError(
            "Some accuracies are missing or NaN: each size needs one number between 0 and 1, or a "
            "list of them."
        )
    mean = np.array([values.mean() for values in runs])
    if intervals is None:
        spread = np.array([values.std(ddof=1) if len(values) > 1 else 0 for values in runs])
        low, high = mean - spread, mean + spread
    else:
        low, high = _bounds(intervals, mean)
    order = np.argsort(sizes)
    mean, low, high = (100 * values[order] for values in (mean, low, high))
    return mean, low, high, [100 * runs[index] for index in order]


def _bounds(intervals, mean):
    """Return the lower and upper bounds of intervals that each contain their mean."""
    try:
        bounds = np.array(intervals, dtype=float)
    except (TypeError, ValueError):
        bounds = np.zeros(0)
    # A tuple of two, for two sizes, may as well hold the lower and the upper bounds.
    if bounds.shape == (len(mean), 2) and not (len(mean) == 2 and isinstance(intervals, tuple)):
        low, high = bounds.T
        if np.all((low <= mean + 1e-6) & (mean <= high + 1e-6)):
            return low, high
    raise ValueError(
        "intervals should be a list of (low, high) for each size, around its accuracy and between "
        "0 and 1; list(zip(lows, highs)) makes one of two lists."
    )
