"""A convolution at work: one step of it, and filters beside the maps they make."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from utils import gates
from utils.plots._style import PICTURE_DPI, VERMILION, course_style

DPI = 80  # text among small pictures


@course_style
def show_convolution(picture, weights, feature_map, *, at, bias=0.0):
    """Show one step of a convolution: patch, weights, sum, ReLU, and the pixel that comes out.

    Args:
        picture: float array (height, width), grey.
        weights: float array (rows, columns) of the filter.
        feature_map: float array (height - rows + 1, width - columns + 1): what the filter made of
            the picture, without padding, after the ReLU.
        at: (row, column) of the pixel of the map.
        bias: the filter's bias.

    Returns:
        matplotlib Figure: the picture with the patch framed, both patches of numbers, the sum in
        words, and the map with its pixel framed.

    Raises:
        ValueError: the shapes do not belong together, the map has no such pixel, or another value
            there than the step gives.
    """
    picture = gates.numbers(picture, "picture", 2)
    weights = gates.numbers(weights, "weights", 2)
    feature_map = gates.numbers(feature_map, "feature_map", 2)
    bias = float(gates.numbers(bias, "bias", 0))
    expected = tuple(p - w + 1 for p, w in zip(picture.shape, weights.shape, strict=True))
    if feature_map.shape != expected:
        raise ValueError(f"The map should have shape {expected}, not {feature_map.shape}.")
    if np.shape(at) != (2,):
        raise ValueError(f"at={at!r:.60} should be a row and a column, such as (2, 3).")
    row, column = (gates.whole_number(place, "at") for place in at)
    if row >= expected[0] or column >= expected[1]:
        raise ValueError(f"The map has no pixel {(row, column)}: its shape is {expected}.")
    high, wide = weights.shape
    patch = picture[row : row + high, column : column + wide]
    total = float(np.sum(patch * weights) + bias)
    scale = float(np.sum(np.abs(patch * weights))) + abs(bias)
    if abs(max(total, 0.0) - feature_map[row, column]) > 0.01 * scale + 1e-6:
        raise ValueError(
            f"The map has {feature_map[row, column]:.4g} at {(row, column)}, but these weights and "
            f"this bias make {max(total, 0.0):.4g} there, after the ReLU: it was made by others."
        )

    figure, axes = plt.subplots(
        1, 5, figsize=(13.5, 3.9), dpi=DPI, width_ratios=[3.2, 1.9, 1.9, 2.3, 3.2]
    )
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
    frame = {"fill": False, "edgecolor": VERMILION, "linewidth": 3}
    axes[0].imshow(picture, cmap="gray")
    axes[0].add_patch(Rectangle((column - 0.5, row - 0.5), wide, high, **frame))
    axes[0].set_title("picture", loc="center")
    scale = np.abs(weights).max() or 1.0
    _draw_numbers(axes[1], patch, picture.min(), picture.max(), "{:.2f}")
    axes[1].set_title("patch", loc="center")
    _draw_numbers(axes[2], weights, -1.5 * scale, 1.5 * scale, "{:g}")
    axes[2].set_title("weights", loc="center")
    axes[1].text(1.09, 0.5, "×", transform=axes[1].transAxes, ha="center", va="center", size=26)
    shown = [f"{value:.2f}".replace("-", "−") for value in (total - bias, bias, max(total, 0.0))]
    words = "sum {}\n+ bias {}\nReLU: {}".format(*shown)
    axes[3].text(0.5, 0.5, words, ha="center", va="center", size=18, linespacing=2)
    axes[3].text(-0.04, 0.5, "=", ha="center", va="center", size=26)
    axes[3].text(1.03, 0.5, "→", ha="center", va="center", size=26, color=VERMILION)
    axes[4].imshow(feature_map, cmap="gray")
    axes[4].add_patch(Rectangle((column - 1.5, row - 1.5), 3, 3, **frame))
    axes[4].set_title("feature map", loc="center")
    return figure


def _draw_numbers(axis, values, low, high, form):
    """Draw a small array as grey squares with its numbers in them."""
    axis.imshow(values, cmap="gray", vmin=low, vmax=high)
    for (row, column), value in np.ndenumerate(values):
        dark = (value - low) / max(high - low, 1e-12) < 0.5
        colour = "white" if dark else "black"
        text = form.format(value).replace("-", "−")
        axis.text(column, row, text, ha="center", va="center", size=17, color=colour)


@course_style
def show_filters_at_work(filters, maps, titles):
    """Show filters as their weights on each colour, and below each the map that it makes.

    Weights of one filter share a scale: mid-grey is zero, white the most positive, black the most
    negative. Each map runs from 0 (dark) to its own largest value (bright).

    Args:
        filters: list of float arrays (rows, columns, 3): weights on red, green and blue.
        maps: list of float arrays (height, width), as many.
        titles: a text for each.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: the lists differ in length or are empty, or an array has another shape.
    """
    if any(np.ndim(some) < 1 for some in (filters, maps)):
        raise ValueError("Give a list of filters, and a list of as many maps.")
    filters = [gates.numbers(weights, "A filter", 3) for weights in filters]
    maps = [gates.numbers(values, "A map", 2) for values in maps]
    if not filters or len(filters) != len(maps) or titles is None:
        raise ValueError("Give one map and one title for each filter, and at least one filter.")
    titles = gates.titles(titles, len(filters))
    if any(weights.shape[2] != 3 for weights in filters):
        raise ValueError("Filters have rows, columns and three colours; maps rows and columns.")
    columns = len(filters)
    figure, axes = plt.subplots(
        2,
        columns,
        figsize=(3.1 * columns, 4.7),
        dpi=PICTURE_DPI,
        squeeze=False,
        height_ratios=[1.15, 3],
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
    for index, (weights, values, title) in enumerate(zip(filters, maps, titles, strict=True)):
        upper, lower = axes[:, index]
        scale = np.abs(weights).max() or 1.0
        high, wide = weights.shape[:2]
        step = wide * 1.15
        for colour, name in enumerate(("red", "green", "blue")):
            extent = (colour * step, colour * step + wide, 0, high)
            upper.imshow(weights[..., colour], extent=extent, cmap="gray", vmin=-scale, vmax=scale)
            frame = {"fill": False, "edgecolor": "#808080", "linewidth": 1}
            upper.add_patch(Rectangle((colour * step, 0), wide, high, **frame))
            upper.text(colour * step + wide / 2, -0.25, name, ha="center", va="top", size=15)
        upper.set(xlim=(-0.1, 2 * step + wide + 0.1), ylim=(-1.1, high + 0.1))
        upper.set_title(title, loc="center", fontsize=17)
        lower.imshow(values, vmin=0, vmax=values.max() or 1.0)
    return figure
