"""Inside a network: filters, feature maps, and where it looks."""

import math

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from utils import gates, inside
from utils.plots._style import PICTURE_DPI, course_style

MOST_ROWS = 12  # of feature maps
MOST_MAPS = 8  # in a row
MOST_FILTERS = 64

# ---------------------------------------------------------------- filters


@course_style
def show_filters(layer):
    """Show a convolution's filters, as small pictures.

    Filters that see three channels are drawn in colour, others as the grey picture of their first
    input channel. Each is scaled by its own largest weight, so that mid-grey is always a weight of
    zero.

    Args:
        layer: a Conv2D layer of a built model, or its kernel of shape
            (height, width, channels in, filters).

    Returns:
        matplotlib Figure with at most 64 filters.

    Raises:
        ValueError: the layer has no filters.
    """
    kernels = inside.kernels(layer)
    inputs, filters = kernels.shape[2:]
    tiles = kernels if inputs == 3 else kernels[:, :, :1]
    largest = np.abs(tiles).max(axis=(0, 1, 2), keepdims=True)
    scaled = 0.5 + 0.5 * tiles / np.where(largest > 0, largest, 1)

    shown = min(filters, MOST_FILTERS)
    columns = min(shown, 8 if shown <= 32 else 16)
    rows = math.ceil(shown / columns)
    tile = 11 / max(columns, 6)
    figure, axes = plt.subplots(
        rows, columns, figsize=(tile * columns, tile * rows + 0.7), squeeze=False
    )
    figure.get_layout_engine().set(h_pad=0.03, w_pad=0.03, hspace=0, wspace=0)
    for axis in axes.flat[shown:]:
        axis.set_axis_off()
    for index, axis in enumerate(axes.flat[:shown]):
        axis.imshow(
            scaled[..., index] if inputs == 3 else scaled[:, :, 0, index],
            cmap="gray",
            vmin=0,
            vmax=1,
        )
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="#B0B0B0", linewidth=1)
        axis.grid(False)
    count = f"{shown} of {filters}" if shown < filters else f"{filters}"
    size = " × ".join(str(n) for n in kernels.shape[:2])
    name = getattr(layer, "name", "")
    seen = "the three colour channels" if inputs == 3 else f"channel 0 of {inputs}"
    figure.suptitle(
        f"{name + ': ' if name else ''}{count} filters of {size} weights\n"
        f"on {seen}; mid-grey is zero",
        fontsize=16,
    )
    return figure


# ---------------------------------------------------------------- feature maps


@course_style
def show_feature_maps(model, image):
    """Show what becomes of a picture on its way through a network: one row per layer.

    There is a row for each convolution and pooling, with the first eight of its maps that show
    something. When these are more than twelve rows, only the last one of each map size is shown.
    Each map is scaled on its own from its smallest value (dark) to its largest (bright). A map that
    is the same everywhere is "silent": the row's label counts them, and where there are too few
    others they are drawn grey.

    Args:
        model: a built Keras model: Sequential, functional, or with models inside.
        image: one picture in the model's input size, shape (height, width, channels), 0–255; or
            the path of a picture file.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: the picture does not fit the model, or no layer gives feature maps.
    """
    pixels = inside.model_input(model, image)
    rows = inside.layer_outputs(model, pixels)
    if len(rows) > MOST_ROWS:
        rows = list({maps.shape[:2]: (name, maps) for name, maps in rows}.values())

    columns = min(MOST_MAPS, max(maps.shape[-1] for _, maps in rows))
    tile, label = 1.25, 2.9  # inches
    heights = [tile * maps.shape[0] / maps.shape[1] for _, maps in rows]
    top = 1.5 * tile * pixels.shape[0] / pixels.shape[1]
    figure, axes = plt.subplots(
        len(rows) + 1,
        1,
        figsize=(label + tile * 1.06 * columns, top + sum(heights) + 0.16 * len(rows)),
        dpi=PICTURE_DPI,
        height_ratios=[top, *heights],
    )
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.02)
    for axis in axes:
        axis.set(xticks=[], yticks=[], xlim=(0, columns * 1.06), aspect="equal", anchor="W")
        axis.grid(False)
        axis.spines[:].set_visible(False)

    height = 1.5 * pixels.shape[0] / pixels.shape[1]
    (picture,) = _as_seen([pixels])
    axes[0].imshow(picture, extent=(0, 1.5, 0, height), cmap="gray", vmin=0, vmax=255)
    axes[0].set(xlim=(0, columns * 1.06), ylim=(0, height))
    _name_row(axes[0], "picture", pixels)
    for axis, (name, maps) in zip(axes[1:], rows, strict=True):
        height = maps.shape[0] / maps.shape[1]
        silent = _are_silent(maps)
        _draw_maps(axis, maps[..., np.argsort(silent, kind="stable")[:columns]], height)
        axis.set(xlim=(0, columns * 1.06), ylim=(0, height))
        _name_row(axis, name, maps, f"{silent.sum()} silent" if silent.any() else "")
    return figure


def _as_seen(inputs):
    """Return what a network took, arrays (height, width, channels), as pictures to show."""
    low, high = min(map(np.min, inputs)), max(map(np.max, inputs))
    if low < 0 or 1 < high < 10 or high > 255:  # preprocessed: shown from darkest to brightest
        inputs = [(pixels - low) / max(high - low, 1e-6) for pixels in inputs]
    return gates.pictures(inputs)


def _name_row(axis, name, array, note=""):
    size = " × ".join(str(n) for n in array.shape)
    label = f"{name}\n{size}\n{note}".strip()
    axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=16)


def _are_silent(maps):
    """Say of each of some maps (rows, columns, channels) whether it is the same everywhere."""
    span = np.ptp(maps, axis=(0, 1))
    return ~(np.isfinite(span) & (span > 1e-6 * np.abs(maps).max(axis=(0, 1))))


def _draw_maps(axis, maps, height):
    """Draw maps (rows, columns, channels) side by side, each 1 wide and `height` high."""
    silent = _are_silent(maps)
    for index in range(maps.shape[-1]):
        extent = (index * 1.06, index * 1.06 + 1, 0, height)
        values = maps[..., index].astype(np.float64)
        if not silent[index]:
            scaled = (values - values.min()) / np.ptp(values)
            axis.imshow(scaled, extent=extent, vmin=0, vmax=1, interpolation="nearest")
        else:
            axis.imshow([[0.85]], extent=extent, cmap="gray", vmin=0, vmax=1)
            middle = (index * 1.06 + 0.5, height / 2)
            axis.text(*middle, "silent", ha="center", va="center", fontsize=16)


# ---------------------------------------------------------------- Grad-CAM


@course_style
def show_grad_cam(model, images, *, class_names=None, titles=None, columns=4):
    """Show which parts of pictures speak for the predicted class: Grad-CAM, below each picture.

    The heat (see `utils.inside.grad_cam`) is laid over the picture, scaled to its own maximum.
    R. R. Selvaraju et al., "Grad-CAM" (ICCV 2017).

    Args:
        model: a built Keras model: Sequential, functional, or with models inside; it gives one
            score (sigmoid) or one per class (softmax), with or without that last activation.
        images: pictures in the model's input size, values 0–255, shape
            (n, height, width, channels) or a list; or a list of paths.
        class_names: names, in the order of the class numbers, for the titles; or None.
        titles: one text per picture instead of the class and its probability, or None.
        columns: pictures per row.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: an argument is something else, such as a `tf.data.Dataset`.
        ValueError: a picture does not fit the model, the model gives no probabilities, or the
            numbers of pictures and titles, or of classes and names, differ.
    """
    inputs = [inside.model_input(model, image) for image in gates.picture_list(images)]
    titles = gates.titles(titles, len(inputs))
    names = None if class_names is None else gates.class_names(class_names)
    columns = min(gates.whole_number(columns, "columns", 1), len(inputs))
    found = [inside.grad_cam(model, pixels) for pixels in inputs]
    if titles is None:
        titles = [_class_title(model, evidence, names) for evidence in found]

    groups = math.ceil(len(inputs) / columns)
    shape = max(pixels.shape[0] / pixels.shape[1] for pixels in inputs)
    tile = 11 / max(columns, 3)  # inches
    figure, axes = plt.subplots(
        2 * groups,
        columns,
        figsize=(tile * columns, groups * (2 * tile * shape + 0.4) + 0.4),
        dpi=PICTURE_DPI,
        squeeze=False,
    )
    figure.get_layout_engine().set(h_pad=0.03, w_pad=0.03, hspace=0, wspace=0)
    for axis in axes.flat:
        axis.set_axis_off()
        axis.set_anchor("N")
    size = min(15, 4.6 * tile + 2)
    for index, (picture, evidence) in enumerate(zip(_as_seen(inputs), found, strict=True)):
        row, column = 2 * (index // columns), index % columns
        axes[row, column].imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes[row, column].set_title(titles[index], fontsize=size, loc="center", pad=4)
        _draw_heat(axes[row + 1, column], picture, evidence.heat)
    figure.suptitle(f"Bright: what speaks for the class, at {found[0].layer}", fontsize=15)
    return figure


def _class_title(model, evidence, names):
    """Return the predicted class and its probability as a title."""
    shape = getattr(model, "output_shape", None)
    if names is not None:
        classes = max(shape[-1], 2) if shape else max(len(names), evidence.label + 1)
        if len(names) != classes:
            raise ValueError(f"There are {len(names)} class names for {classes} classes.")
    name = f"class {evidence.label}:" if names is None else names[evidence.label]
    return f"{name} {100 * evidence.probability:.0f} %"


def _draw_heat(axis, picture, heat):
    """Draw heat (rows, columns) over the picture in grey."""
    largest = heat.max()
    if largest > 0:
        heat = heat / largest
    else:
        middle = {"ha": "center", "va": "center", "transform": axis.transAxes}
        axis.text(0.5, 0.5, "nothing speaks\nfor this class", color="white", **middle)
    size = picture.shape[1::-1]
    heat = np.array(Image.fromarray(heat.astype(np.float32)).resize(size, Image.BILINEAR))
    grey = picture if picture.ndim == 2 else picture.mean(axis=-1)
    axis.imshow(grey, cmap="gray", vmin=0, vmax=400)  # darker, so that bright means heat
    axis.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * heat)
