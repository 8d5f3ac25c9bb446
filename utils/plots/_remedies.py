"""Remedies compared: what dropout does to a layer, and several runs under several conditions."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from utils import gates, inside
from utils.plots._network import _as_seen, _draw_heat
from utils.plots._style import LINES, MARKERS, NETWORKS, PICTURE_DPI, course_style


@course_style
def show_dropout(before, after, *, columns=16):
    """Show a layer's outputs as squares, before and after dropout, with a cross on dropped units.

    Args:
        before: n outputs of the layer, 0 and up.
        after: the same after dropout in training; a unit that gave something and now gives 0 was
            dropped. One that gave 0 already shows no difference and gets no cross.
        columns: squares in a row.

    Returns:
        matplotlib Figure, two panels on one scale of grey; the brighter, the more.

    Raises:
        ValueError: no outputs, different numbers of them, or negative ones.
    """
    before, after = (_outputs(values) for values in (before, after))
    columns = gates.whole_number(columns, "columns", 1)
    if not len(before) or before.shape != after.shape or min(before.min(), after.min()) < 0:
        raise ValueError("Give as many outputs after dropout as before, none of them negative.")
    rows = -(-len(before) // columns)
    empty = np.full(rows * columns - len(before), np.nan)
    figure, axes = plt.subplots(1, 2, figsize=(12, 0.8 + 5.4 * rows / columns), dpi=80)
    titles = ("before dropout", "in one training step")
    top = max(after.max(), before.max()) or 1
    for axis, values, title in zip(axes, (before, after), titles, strict=True):
        grid = np.concatenate([values, empty]).reshape(rows, columns)
        axis.imshow(grid, cmap="gray", vmin=-0.25 * top, vmax=top)
        axis.set(title=title, xticks=[], yticks=[])
        axis.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axis.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axis.grid(False)
        axis.grid(True, which="minor", color="white", lw=2)
        axis.tick_params(which="both", length=0)
        axis.spines[:].set_visible(False)
    y, x = np.divmod(np.flatnonzero((before > 0) & (after == 0)), columns)
    axes[1].plot(x, y, "x", color=NETWORKS[1], ms=12, mew=3.5)
    return figure


def _outputs(values):
    """Return a layer's outputs for one picture as a list of numbers, without the batch of one."""
    batch = getattr(values, "ndim", 1) == 2 and len(values) == 1
    return gates.numbers(values[0] if batch else values, "A layer's outputs")


@course_style
def plot_conditions(conditions, runs, *, here=None, label="validation accuracy (%)", guess=None):
    """Plot shares of runs under several conditions: a dot per run, a line through the means.

    Args:
        conditions: names of the k conditions, in order.
        runs: dict from a recipe's name to k arrays of shares, between 0 and 1; an array may be
            empty, or hold NaN. The lines have the colours of compared networks.
        here: dict from some of these names to k shares that the reader's own run found, None where
            it found none; drawn as a large open marker.
        label: text of the axis of shares.
        guess: share that guessing would give, drawn as a dotted line; or None.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: runs or here is no dict, or conditions no list.
        ValueError: a recipe has not k arrays, a share is not between 0 and 1, or there are more
            recipes than colours.
    """
    runs = gates.by_name(runs, "runs", "shares, for each condition")
    here = gates.by_name(here, "here", "shares, one per condition") if here else {}
    if not isinstance(conditions, (list, tuple, np.ndarray)) or not len(conditions):
        raise TypeError(f"conditions={conditions!r:.60} should be a list of names, in order.")
    if len(runs) > len(NETWORKS):
        raise ValueError(f"{len(runs)} recipes are more than {len(NETWORKS)} colours.")
    if unknown := [name for name in here if name not in runs]:
        raise ValueError(f"here has {unknown[0]!r}, but the recipes are {', '.join(runs)}.")
    for values in (*runs.values(), *here.values()):
        if not isinstance(values, (list, tuple, np.ndarray)) or len(values) != len(conditions):
            raise ValueError(f"{len(conditions)} conditions need as many values: {values!r:.60}.")
    runs = {n: [gates.shares(values, "runs") for values in found] for n, found in runs.items()}
    here = {
        n: [None if share is None else gates.shares(share, "here").item() for share in own]
        for n, own in here.items()
    }
    guess = None if guess is None else gates.shares([gates.numbers(guess, "guess", 0)], "guess")[0]
    figure, axis = plt.subplots(figsize=(9.5, 4.8))
    for index, (name, found) in enumerate(runs.items()):
        style = {"color": NETWORKS[index], "marker": MARKERS[index]}
        x = np.arange(len(conditions)) + 0.09 * (index - (len(runs) - 1) / 2)
        found = [100 * values[np.isfinite(values)] for values in found]
        means = [values.mean() if len(values) else np.nan for values in found]
        axis.plot(x, means, color=NETWORKS[index], ls=LINES[index])
        for place, values in zip(x, found, strict=True):
            axis.plot([place] * len(values), values, ls="", ms=7, alpha=0.45, mew=0, **style)
        own = [(a, 100 * b) for a, b in zip(x, here.get(name, ()), strict=False) if b is not None]
        if own:
            axis.plot(*zip(*own, strict=True), ls="", ms=15, mfc="none", mew=2.5, **style)
    if guess is not None:
        axis.axhline(100 * guess, color="#909090", lw=1.5, ls=":")
        axis.annotate(
            "guessing",
            (0.995, 100 * guess),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            color="#707070",
            fontsize=13,
        )
    axis.set_xticks(range(len(conditions)), conditions)
    axis.set_xlim(-0.4, len(conditions) - 0.6)
    axis.set_ylabel(label)
    axis.margins(y=0.12)
    handles = [
        Line2D([], [], color=NETWORKS[i], ls=LINES[i], marker=MARKERS[i], label=name)
        for i, name in enumerate(runs)
        if len(runs) > 1
    ]
    if any(value is not None for values in here.values() for value in values):
        open_marker = {"marker": "o", "ms": 13, "mfc": "none", "mew": 2.5, "ls": ""}
        handles.append(Line2D([], [], color="#404040", label="this run", **open_marker))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=4, handlelength=2.6)
    return figure


@course_style
def show_occlusion(models, images, *, titles=None):
    """Show pictures in a row, and below them, a row per network, what its answer hangs on.

    Bright is where covering the picture makes the network less sure of its answer
    (`utils.inside.occlusion`), scaled to the largest value of each picture.

    Args:
        models: dict from a name to a built Keras model.
        images: n pictures in the models' input size, values 0–255; or their paths.
        titles: n texts, or None.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError, ValueError: as `utils.inside.occlusion`, or the number of titles differs.
    """
    models, images = gates.by_name(models, "models", "networks"), gates.picture_list(images)
    titles = gates.titles(titles, len(images))
    side = 9.5 / max(len(images), 3)  # inches
    figure, axes = plt.subplots(
        1 + len(models),
        len(images),
        figsize=(side * len(images), side * (1 + len(models)) + 0.4),
        dpi=PICTURE_DPI,
        squeeze=False,
    )
    figure.get_layout_engine().set(h_pad=0.03, w_pad=0.03, hspace=0, wspace=0)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
    for row, (name, model) in enumerate(models.items(), 1):
        axes[row, 0].set_ylabel(name, fontsize=16)
        inputs = [inside.model_input(model, image) for image in images]
        seen = zip(axes[0], axes[row], inputs, _as_seen(inputs), strict=True)
        for above, axis, pixels, picture in seen:
            above.imshow(picture, cmap="gray", vmin=0, vmax=255)
            _draw_heat(axis, picture, inside.occlusion(model, pixels))
    if titles is not None:
        for axis, title in zip(axes[0], titles, strict=True):
            axis.set_title(title, fontsize=15)
    return figure
