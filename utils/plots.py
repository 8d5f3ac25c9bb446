"""The course's figures: pictures, learning curves, filters and feature maps, mistakes.

Every function returns its Figure. The figure is already closed for pyplot, so a notebook cell that
ends with the call shows it exactly once; ``figure.savefig("name.png")`` keeps it.
"""

import functools
import math
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

STYLE = Path(__file__).with_name("course.mplstyle")

# Okabe & Ito, "Color Universal Design" (2008): told apart with any kind of colour vision.
BLUE, ORANGE, GREEN, PINK, VERMILION, SKY, BLACK = PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#000000",
)
PICTURE_DPI = 60  # small pictures hold no more detail, and notebooks stay light
MARKERS = ("o", "^", "s", "D", "v", "P", "X")


def _course_style(draw):
    """Run a plotting function in the course's style; hand out its figure finished and closed.

    Ticks and labels read the style when they are first drawn, so drawing happens here. An open
    figure would be shown by the notebook a second time, after the cell's own value.
    """

    @functools.wraps(draw)
    def styled(*args, **kwargs):
        before = set(plt.get_fignums())
        with plt.style.context(STYLE):
            try:
                figure = draw(*args, **kwargs)
                figure.draw_without_rendering()
            finally:
                for number in set(plt.get_fignums()) - before:
                    plt.close(number)
        return figure

    return styled


# ---------------------------------------------------------------- pictures


def _picture(source):
    """Turn a path, a PIL image or an array (0–255; floats up to 1 count as 0–1) into uint8."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if isinstance(source, (str, Path)):
        try:
            with Image.open(source) as image:
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        except (UnidentifiedImageError, OSError) as error:
            message = f"{source} cannot be shown: it is missing, damaged or not a picture."
            raise ValueError(message) from error
    if isinstance(source, Image.Image):
        return np.asarray(ImageOps.exif_transpose(source).convert("RGB"))
    array = np.asarray(source)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (3, 4)):
        raise ValueError(
            f"A picture has shape (height, width) or (height, width, 3), not {array.shape}."
        )
    if array.dtype == bool or (array.dtype.kind == "f" and array.size and array.max() <= 1):
        array = array * 255.0
    return np.clip(np.nan_to_num(array), 0, 255).astype(np.uint8)


def _picture_list(images):
    """Make a list of pictures from a list, a batch, or one picture alone."""
    from PIL import Image

    if isinstance(images, (str, Path, Image.Image)):
        return [images]
    if hasattr(images, "shape") and len(images.shape) == 3 and images.shape[-1] in (3, 4):
        return [images]
    return list(images)


@_course_style
def show_images(images, titles=None, *, columns=4, suptitle=None):
    """Show pictures in a grid, each in its own shape.

    Args:
        images: list of file paths, PIL images or arrays, of any sizes; or a batch of shape
            (n, height, width, channels). Array values run from 0 to 255.
        titles: one text per picture, or None.
        columns: pictures per row.
        suptitle: text above the grid, or None.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: no pictures, a picture that cannot be read, or too few or many titles.
    """
    pictures = [_picture(image) for image in _picture_list(images)]
    if not pictures:
        raise ValueError("There are no pictures to show: the list is empty.")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"{len(pictures)} pictures need {len(pictures)} titles, but there are {len(titles)}."
        )
    columns = max(1, min(columns, len(pictures)))
    rows = [
        range(start, min(start + columns, len(pictures)))
        for start in range(0, len(pictures), columns)
    ]
    tile = 11 / max(columns, 3)  # inches
    # A row is as high as its highest picture needs, within reason.
    heights = [
        tile * min(1.4, max(pictures[i].shape[0] / pictures[i].shape[1] for i in row))
        for row in rows
    ]
    lines = max((str(title).count("\n") + 1 for title in titles), default=0) if titles else 0
    figure, axes = plt.subplots(
        len(rows),
        columns,
        figsize=(tile * columns, sum(heights) + len(rows) * (0.1 + 0.25 * lines)),
        dpi=PICTURE_DPI,
        squeeze=False,
        height_ratios=heights,
    )
    for axis in axes.flat:
        axis.set_axis_off()
    size = min(15, 4.6 * tile + 2)
    for index, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axis.set_anchor("N")  # titles of a row stand at one height
        if titles is not None:
            axis.set_title(str(titles[index]), fontsize=size, loc="center", pad=4)
    if suptitle:
        figure.suptitle(suptitle)
    return figure


def _picture_sizes(folder, limit):
    """Read (width, height) of a folder's pictures from their headers; also count the others."""
    from PIL import Image, UnidentifiedImageError

    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if limit is not None and len(files) > limit:
        # Evenly spread over the folder, because neighbours often come from one source.
        files = [files[i] for i in np.linspace(0, len(files) - 1, limit).astype(int)]
    sizes, unreadable = [], 0
    for path in files:
        try:
            with Image.open(path) as image:
                turned = image.getexif().get(0x0112, 1) >= 5  # photos taken on edge
                sizes.append(image.size[::-1] if turned else image.size)
        except (UnidentifiedImageError, OSError):
            unreadable += 1
    return np.array(sizes, dtype=int).reshape(-1, 2), unreadable


@_course_style
def show_image_sizes(directory, *, limit=None):
    """Plot width against height of every picture, one colour and marker per class.

    Only file headers are read, so that thousands of pictures take a moment.

    Args:
        directory: folder with one folder per class.
        limit: look at no more than this many pictures per class, spread evenly; None for all.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: the folder holds no class folders with pictures.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise ValueError(f"There is no folder {directory}. Fetch the data set first.")
    folders = sorted(p for p in directory.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = {folder.name: _picture_sizes(folder, limit) for folder in folders}
    sizes = {name: pair[0] for name, pair in found.items() if len(pair[0])}
    unreadable = sum(pair[1] for pair in found.values())
    if not sizes:
        raise ValueError(f"No pictures in {directory}: it should hold one folder per class.")
    every = np.concatenate(list(sizes.values()))
    top = every.max() * 1.12

    figure, axis = plt.subplots(figsize=(9, 7.5))
    for width, height in ((1, 1), (3, 2), (2, 3), (2, 1), (1, 2)):
        end = top / max(width, height)
        axis.plot((0, end * width), (0, end * height), color="#999999", lw=1.2, ls=":", zorder=1)
        axis.annotate(
            f"{width}:{height}",
            (end * width, end * height),
            xytext=(4, 2),
            textcoords="offset points",
            ha="left" if width >= height else "center",
            va="center" if width > height else "bottom",
            color="#666666",
            fontsize=13,
            annotation_clip=False,
        )
    for index, (name, pairs) in enumerate(sizes.items()):
        axis.scatter(
            *pairs.T,
            s=34,
            alpha=0.45 if len(pairs) > 40 else 0.8,
            color=PALETTE[index % len(PALETTE)],
            marker=MARKERS[index % len(MARKERS)],
            linewidths=0,
            label=f"{name} ({len(pairs):,})",
            zorder=2,
        )
    area = every.prod(axis=1)
    extremes = {"smallest": every[area.argmin()], "largest": every[area.argmax()]}
    if area.min() == area.max():
        extremes = {"all": every[0]}
    for word, (width, height) in extremes.items():
        low = word == "smallest"
        axis.annotate(
            f"{word}: {width} × {height}",
            (width, height),
            # Few pictures are very flat or very slim: these two corners are free.
            xytext=(0.98, 0.05) if low else (0.02, 0.93),
            textcoords="axes fraction",
            ha="right" if low else "left",
            arrowprops={"arrowstyle": "->", "color": "#202020", "lw": 1.5, "shrinkB": 5},
            zorder=4,
        )
    axis.set(
        xlim=(0, top),
        ylim=(0, top),
        aspect="equal",
        xlabel="width (pixels)",
        ylabel="height (pixels)",
    )
    axis.set_title(f"{len(every):,} pictures and their sizes", pad=28)
    if unreadable:
        word = "file is" if unreadable == 1 else "files are"
        axis.set_xlabel(f"width (pixels)\n{unreadable} {word} not shown: no readable picture")
    figure.legend(loc="outside lower center", ncols=min(4, len(sizes)), markerscale=1.6)
    return figure


# ---------------------------------------------------------------- learning curves


def _curves(history):
    """Return (epoch numbers from 1, {metric: values}) of a Keras History or its dict."""
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping) or not values:
        raise ValueError(
            "plot_history takes what model.fit returned, or a dict of names and such histories."
        )
    length = max(len(series) for series in values.values())
    epochs = getattr(history, "epoch", None)
    if epochs is None or len(epochs) != length:
        epochs = range(length)
    return np.asarray(epochs) + 1, values


def _is_accuracy(metric):
    return metric == "acc" or "accuracy" in metric


def _draw_curve(axis, epochs, values, **style):
    # A curve of one epoch is a point: it needs a marker to be seen.
    style.setdefault("marker", "o" if len(values) == 1 else None)
    axis.plot(epochs[-len(values) :], values, **style)


def _draw_gap(axis, epoch, train, validation, unit):
    """Mark the distance between the two final values."""
    gap = abs(train - validation)
    text = f"{gap:.0f} points" if unit else f"{gap:.2f}"
    axis.set_title(f"final gap: {text}", loc="right", fontsize=14, color="#404040")
    low, high = axis.get_ylim()
    if gap > 0.06 * (high - low):
        axis.annotate(
            "",
            (epoch, train),
            xytext=(epoch, validation),
            arrowprops={
                "arrowstyle": "<->",
                "color": "#404040",
                "lw": 1.8,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


@_course_style
def plot_history(history, *, metrics=("accuracy", "loss"), fine_tuning_starts=None):
    """Plot learning curves, one panel per metric.

    One history: training (solid, blue) and validation (dashed, orange, with markers), and the gap
    between them after the last epoch. Several: one colour per name, training thin and solid,
    validation thick and dashed.

    Args:
        history: a Keras History or its ``.history`` dict; or a dict from names to these.
        metrics: names as given to ``model.compile``; accuracies are drawn in per cent.
        fine_tuning_starts: first epoch (counted from 1) of fine-tuning, marked by a line; or None.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: a metric was not recorded, or there are more names than colours.
    """
    several = (
        isinstance(history, Mapping)
        and bool(history)
        and all(isinstance(h, Mapping) or hasattr(h, "history") for h in history.values())
    )
    runs = {name: _curves(h) for name, h in history.items()} if several else {"": _curves(history)}
    metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    if len(runs) > len(PALETTE):
        raise ValueError(
            f"{len(runs)} runs are more than {len(PALETTE)} colours: plot them in two figures."
        )
    for metric in metrics:
        for name, (_, values) in runs.items():
            if metric not in values:
                recorded = ", ".join(k for k in values if not k.startswith("val_"))
                raise ValueError(
                    f"No {metric!r} was recorded{' for ' + name if name else ''}, only: "
                    f"{recorded}. Name it in model.compile(metrics=[...]) or in metrics=(...)."
                )

    figure, axes = plt.subplots(
        1, len(metrics), figsize=(6 * max(len(metrics), 1.5), 5.2), squeeze=False
    )
    last = max(epochs[-1] for epochs, _ in runs.values())
    for axis, metric in zip(axes.flat, metrics, strict=True):
        scale = 100 if _is_accuracy(metric) else 1
        for index, (epochs, values) in enumerate(runs.values()):
            train = np.multiply(values[metric], scale)
            validation = np.multiply(values.get(f"val_{metric}", ()), scale)
            if several:
                colour = PALETTE[index]
                _draw_curve(axis, epochs, train, color=colour, lw=1.5, alpha=0.8)
                if len(validation):
                    _draw_curve(axis, epochs, validation, color=colour, lw=3.2, ls="--")
            else:
                _draw_curve(axis, epochs, train, color=BLUE)
                if len(validation):
                    style = {"marker": "o", "markevery": max(1, len(validation) // 12)}
                    _draw_curve(axis, epochs, validation, color=ORANGE, ls="--", **style)
                    _draw_gap(axis, epochs[-1], train[-1], validation[-1], scale == 100)
        words = metric.replace("_", " ")
        axis.set_title(words.capitalize())
        axis.set(xlabel="epoch", ylabel=f"{words} (%)" if scale == 100 else words)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axis.margins(x=0.04)
        if fine_tuning_starts is not None and 1 < fine_tuning_starts <= last:
            axis.axvline(fine_tuning_starts - 0.5, color="#606060", lw=1.8, ls=":")
            # Where the curves are not: accuracies end near the top, losses near the bottom.
            height, side = (0.02, "bottom") if _is_accuracy(metric) else (0.98, "top")
            axis.annotate(
                "fine-tuning\nstarts",
                (fine_tuning_starts - 0.5, height),
                xycoords=("data", "axes fraction"),
                xytext=(6, 0),
                textcoords="offset points",
                va=side,
                fontsize=13,
                color="#404040",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1},
            )
    if several:
        handles = [
            Line2D([], [], color=PALETTE[i], lw=6, label=name) for i, name in enumerate(runs)
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


# ---------------------------------------------------------------- inside a network


def _kernels(layer):
    """Return a layer's kernels as an array (height, width, channels in, filters)."""
    weights = getattr(layer, "depthwise_kernel", None)  # SeparableConv2D
    if weights is None:
        weights = getattr(layer, "kernel", layer)
    try:
        array = np.asarray(weights, dtype=np.float32)
    except (TypeError, ValueError):
        array = np.zeros(0, np.float32)
    if array.ndim != 4:
        raise ValueError(
            f"{getattr(layer, 'name', 'This')} has no filters to show: give a Conv2D layer of a "
            "built model, for example model.layers[0]."
        )
    if type(layer).__name__ in ("DepthwiseConv2D", "SeparableConv2D"):
        array = array.reshape(*array.shape[:2], 1, -1)  # one filter for each channel
    return array


@_course_style
def show_filters(layer, *, channel=0):
    """Show a convolution's filters, as small pictures.

    Filters that see three channels are drawn in colour, others as the grey picture of one input
    channel. Each is scaled by its own largest weight, so that mid-grey is always a weight of zero.

    Args:
        layer: a Conv2D layer of a built model, or its kernel of shape
            (height, width, channels in, filters).
        channel: which input channel a grey picture shows.

    Returns:
        matplotlib Figure with at most 64 filters.

    Raises:
        ValueError: the layer has no filters, or not that channel.
    """
    kernels = _kernels(layer)
    inputs, filters = kernels.shape[2:]
    if inputs != 3 and not 0 <= channel < inputs:
        raise ValueError(f"channel runs from 0 to {inputs - 1} in this layer, not {channel}.")
    tiles = kernels if inputs == 3 else kernels[:, :, channel : channel + 1]
    largest = np.abs(tiles).max(axis=(0, 1, 2), keepdims=True)
    scaled = 0.5 + 0.5 * tiles / np.where(largest > 0, largest, 1)

    shown = min(filters, 64)
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
            scaled[:, :, :, index].squeeze(axis=2) if inputs != 3 else scaled[..., index],
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
    seen = "the three colour channels" if inputs == 3 else f"channel {channel} of {inputs}"
    figure.suptitle(
        f"{name + ': ' if name else ''}{count} filters of {size} weights\n"
        f"on {seen}; mid-grey is zero",
        fontsize=16,
    )
    return figure


def _all_layers(model):
    """List a model's layers in order, those of models within it too."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)
        else:
            yield layer


def _record_outputs(model, layers, batch):
    """Run the model on a batch and return {layer: its output}.

    The layers' ``call`` is wrapped for one eager run. Unlike building a second model out of
    ``layer.output``, that reaches the layers of a model inside a model and of subclassed models.
    """
    outputs = {}

    def recording(layer, call):
        @functools.wraps(call)
        def wrapped(*args, **kwargs):
            result = call(*args, **kwargs)
            outputs.setdefault(layer, np.asarray(result))
            return result

        return wrapped

    wrapped = []
    try:
        for layer in layers:
            original = layer.call
            layer.call = recording(layer, original)
            wrapped.append(layer)
        model(batch, training=False)
    finally:
        for layer in wrapped:
            del layer.call
    return outputs


def _single_picture(model, image):
    """Return one picture as a float32 batch of one, in the size that the model takes."""
    try:
        shape = tuple(model.input_shape[1:])
    except (AttributeError, ValueError):
        shape = (None, None, None)
    if isinstance(image, (str, Path)):
        if None in shape[:2]:
            raise ValueError("This model takes any size: give the picture as an array.")
        from utils.pipelines import load_image

        image = load_image(image, shape[:2])
    array = np.asarray(image, dtype=np.float32)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    fits = array.ndim == len(shape) == 3 and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = " × ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"The model takes one picture of {wanted}, this has shape {array.shape}. "
            "utils.pipelines.load_image(path, (height, width)) reads one in the right size."
        )
    return array[np.newaxis]


def _journey_layers(model, layers):
    """Choose the layers to show: those asked for, or every convolution and pooling."""
    candidates = list(dict.fromkeys(_all_layers(model)))
    if layers is None:
        kinds = ("Conv", "Pool")
        return [
            layer
            for layer in candidates
            if any(kind in type(layer).__name__ for kind in kinds)
            and not type(layer).__name__.startswith("Global")
        ]
    by_name = {layer.name: layer for layer in candidates}
    chosen = []
    for layer in layers:
        name = layer if isinstance(layer, str) else layer.name
        if name not in by_name:
            raise ValueError(f"The model has no layer {name!r}. It has: {', '.join(by_name)}.")
        chosen.append(by_name[name])
    return chosen


MOST_ROWS = 12


@_course_style
def show_feature_maps(model, image, *, layers=None, maps_per_layer=8):
    """Show what becomes of a picture on its way through a network: one row per layer.

    Each map is scaled on its own from its smallest value (dark) to its largest (bright); a map
    that is the same everywhere is drawn grey and labelled "silent".

    Args:
        model: a built Keras model: Sequential, functional, or with models inside.
        image: one picture in the model's input size, shape (height, width, channels), 0–255; or
            the path of a picture file.
        layers: names of layers or layers; None for every convolution and pooling. When these are
            more than twelve, only the last one of each output size is shown.
        maps_per_layer: show this many of a layer's maps, the first ones.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: the picture does not fit the model, or there is no such layer.
    """
    batch = _single_picture(model, image)
    chosen = _journey_layers(model, layers)
    outputs = _record_outputs(model, chosen, batch)
    rows = [
        (layer.name, outputs[layer][0])
        for layer in chosen
        if layer in outputs and outputs[layer].ndim == 4
    ]
    if not rows:
        raise ValueError("None of these layers gives feature maps (height × width × channels).")
    if layers is None and len(rows) > MOST_ROWS:
        rows = list({maps.shape[:2]: (name, maps) for name, maps in rows}.values())

    columns = min(maps_per_layer, max(maps.shape[-1] for _, maps in rows))
    tile, label = 1.25, 2.9  # inches
    heights = [tile * maps.shape[0] / maps.shape[1] for _, maps in rows]
    top = 1.5 * tile * batch.shape[1] / batch.shape[2]
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

    def name_row(axis, name, array):
        size = " × ".join(str(n) for n in array.shape)
        axis.set_ylabel(f"{name}\n{size}", rotation=0, ha="right", va="center", fontsize=16)

    height = 1.5 * batch.shape[1] / batch.shape[2]
    picture = _picture(batch[0])
    axes[0].imshow(picture, extent=(0, 1.5, 0, height), cmap="gray", vmin=0, vmax=255)
    axes[0].set(xlim=(0, columns * 1.06), ylim=(0, height))
    name_row(axes[0], "picture", batch[0])
    for axis, (name, maps) in zip(axes[1:], rows, strict=True):
        height = maps.shape[0] / maps.shape[1]
        for index in range(min(columns, maps.shape[-1])):
            extent = (index * 1.06, index * 1.06 + 1, 0, height)
            values = maps[..., index].astype(np.float64)
            span = np.ptp(values)
            if np.isfinite(span) and span > 1e-6 * np.abs(values).max():
                scaled = (values - values.min()) / span
                axis.imshow(scaled, extent=extent, vmin=0, vmax=1, interpolation="nearest")
            else:
                axis.imshow([[0.85]], extent=extent, cmap="gray", vmin=0, vmax=1)
                middle = (index * 1.06 + 0.5, height / 2)
                axis.text(*middle, "silent", ha="center", va="center", fontsize=16)
        axis.set(xlim=(0, columns * 1.06), ylim=(0, height))
        name_row(axis, name, maps)
    return figure


def _class_score(model, batch, label, layers):
    """Run the model on a batch of one and trace the score of one class back to feature maps.

    The score is the one before the final sigmoid or softmax: those are flat where the model is
    sure, and nothing could be traced back. Layers' ``call`` is wrapped as in _record_outputs.

    Returns:
        (class, its probability, layer, its maps (rows, columns, channels), the score's gradient
        by them); the layer is the last one of ``layers`` that gave maps of more than one point.
    """
    import tensorflow as tf
    from keras import activations

    def recording(layer, call):
        @functools.wraps(call)
        def wrapped(*args, **kwargs):
            result = call(*args, **kwargs)
            if tf.is_tensor(result) and result.shape.rank == 4 and max(result.shape[1:3]) > 1:
                tape.watch(result)
                outputs.append((layer, result))
            return result

        return wrapped

    outputs, wrapped = [], []
    last = list(_all_layers(model))[-1]
    final = getattr(last, "activation", None)
    with tf.GradientTape() as tape:
        try:
            for layer in layers:
                layer.call = recording(layer, layer.call)
                wrapped.append(layer)
            if final is not None:
                last.activation = activations.linear
            scores = model(batch, training=False)
        finally:
            for layer in wrapped:
                del layer.call
            if final is not None:
                last.activation = final
        if not tf.is_tensor(scores) or scores.shape.rank != 2:
            raise ValueError(
                "show_grad_cam takes a model that gives one probability for each picture, or one "
                "for each class."
            )
        if not outputs:
            raise ValueError("None of these layers gives feature maps (height × width × channels).")
        binary = scores.shape[1] == 1
        if final is activations.linear:  # the model leaves this step to its loss
            final = activations.sigmoid if binary else activations.softmax
        shares = scores if final is None else final(scores)
        if binary:
            shares = tf.concat([1 - shares, shares], axis=1)
            scores = tf.concat([-scores, scores], axis=1)
        if label is None:
            label = int(tf.argmax(shares[0]))
        if not 0 <= label < scores.shape[1]:
            raise ValueError(
                f"class_index runs from 0 to {scores.shape[1] - 1} in this model, not {label}."
            )
        score = scores[0, label]
    layer, maps = outputs[-1]
    gradient = tape.gradient(score, maps)
    if gradient is None:
        raise ValueError(f"The model's answer does not depend on layer {layer.name!r}.")
    return label, float(shares[0, label]), layer, maps[0].numpy(), gradient[0].numpy()


@_course_style
def show_grad_cam(
    model, images, *, class_index=None, layer=None, class_names=None, titles=None, columns=4
):
    """Show which parts of pictures speak for a class: Grad-CAM, below each picture.

    A layer's feature maps are added up, each weighted by how much the class' score would grow with
    it on average; what is positive in the sum is laid over the picture, scaled to its own maximum.
    R. R. Selvaraju et al., "Grad-CAM" (ICCV 2017).

    Args:
        model: a built Keras model: Sequential, functional, or with models inside; it gives one
            score (sigmoid) or one per class (softmax), with or without that last activation.
        images: pictures in the model's input size, values 0–255, shape
            (n, height, width, channels) or a list; or a list of paths.
        class_index: number of the class to explain, or one number per picture; None for the class
            that the model predicts. A single sigmoid has the classes 0 and 1.
        layer: layer with feature maps, or its name; None for the last one.
        class_names: names, in the order of the class numbers, for the titles; or None.
        titles: one text per picture instead of the class and its probability, or None.
        columns: pictures per row.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: a picture does not fit the model, there is no such layer or class, or the
            numbers of pictures and titles differ.
    """
    from PIL import Image

    batches = [_single_picture(model, image) for image in _picture_list(images)]
    if not batches:
        raise ValueError("There are no pictures to show: the list is empty.")
    if titles is not None and len(titles) != len(batches):
        raise ValueError(
            f"{len(batches)} pictures need {len(batches)} titles, but there are {len(titles)}."
        )
    labels = class_index if np.ndim(class_index) else [class_index] * len(batches)
    if len(labels) != len(batches):
        raise ValueError(f"{len(batches)} pictures, but {len(labels)} class numbers.")
    asked = None if layer is None else [layer]
    candidates = list(dict.fromkeys(_all_layers(model)))
    candidates = candidates if asked is None else _journey_layers(model, asked)

    columns = max(1, min(columns, len(batches)))
    groups = math.ceil(len(batches) / columns)
    shape = max(batch.shape[1] / batch.shape[2] for batch in batches)
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
    for index, (batch, label) in enumerate(zip(batches, labels, strict=True)):
        label, share, used, maps, gradient = _class_score(model, batch, label, candidates)
        heat = np.maximum((maps * gradient.mean(axis=(0, 1))).sum(axis=-1), 0)
        largest = heat.max()
        if largest > 0:
            heat = heat / largest
        size = batch.shape[2], batch.shape[1]
        heat = np.array(Image.fromarray(heat.astype(np.float32)).resize(size, Image.BILINEAR))

        row, column = 2 * (index // columns), index % columns
        picture = _picture(batch[0])
        axes[row, column].imshow(picture, cmap="gray", vmin=0, vmax=255)
        below = axes[row + 1, column]
        grey = picture if picture.ndim == 2 else picture[..., :3].mean(axis=-1)
        below.imshow(grey, cmap="gray", vmin=0, vmax=400)  # darker, so that bright means heat
        below.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * heat)
        if not largest > 0:
            middle = {"ha": "center", "va": "center", "transform": below.transAxes}
            below.text(0.5, 0.5, "nothing speaks\nfor this class", color="white", **middle)
        name = f"class {label}:" if class_names is None else class_names[label]
        title = f"{name} {100 * share:.0f} %" if titles is None else str(titles[index])
        axes[row, column].set_title(title, fontsize=min(15, 4.6 * tile + 2), loc="center", pad=4)
    figure.suptitle(f"Bright: what speaks for the class, at {used.name}", fontsize=15)
    return figure


# ---------------------------------------------------------------- results


def wilson_interval(correct, total, confidence=0.95):
    """Say how far an accuracy that was measured on few pictures may be off.

    Args:
        correct: number of pictures recognised.
        total: number of pictures tried.
        confidence: how sure to be, between 0 and 1.

    Returns:
        (low, high): bounds of the accuracy, between 0 and 1.

    Raises:
        ValueError: no pictures, or more correct ones than tried.

    The score interval of E. B. Wilson (Journal of the American Statistical Association 22, 1927),
    as SciPy computes it.
    """
    from scipy.stats import binomtest

    correct, total = int(correct), int(total)
    if not 0 <= correct <= total or total == 0:
        raise ValueError(f"{correct} correct of {total} is impossible: count pictures, not shares.")
    low, high = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def _size_series(sizes, accuracies, intervals):
    """Return (mean, low, high, runs) in per cent for one curve of plot_data_size."""
    if len(accuracies) != len(sizes):
        raise ValueError(f"{len(sizes)} sizes need as many accuracies, not {len(accuracies)}.")
    runs = [100 * np.atleast_1d(np.asarray(value, dtype=float)) for value in accuracies]
    mean = np.array([values.mean() for values in runs])
    if intervals is not None:
        low, high = 100 * np.asarray(intervals, dtype=float).reshape(len(sizes), 2).T
    else:
        spread = np.array([values.std(ddof=1) if len(values) > 1 else 0 for values in runs])
        low, high = mean - spread, mean + spread
    return mean, low, high, runs


@_course_style
def plot_data_size(sizes, accuracies, *, intervals=None):
    """Plot validation accuracy against the number of training pictures.

    Args:
        sizes: numbers of training pictures.
        accuracies: for each size an accuracy between 0 and 1, or a list of those of several runs
            (drawn as mean ± standard deviation, with a dot per run). A dict of such lists draws
            one curve per name.
        intervals: (low, high) for each size, as wilson_interval gives; a dict when accuracies is
            one; or None.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: the lists differ in length.
    """
    named = isinstance(accuracies, Mapping)
    curves = accuracies if named else {"": accuracies}
    bounds = intervals if named and intervals is not None else dict.fromkeys(curves, intervals)
    series = {name: _size_series(sizes, curves[name], bounds.get(name)) for name in curves}

    figure, axis = plt.subplots(figsize=(9, 5.6))
    for index, (name, (mean, low, high, runs)) in enumerate(series.items()):
        colour = PALETTE[index] if named else ORANGE
        # Bars of several curves stand side by side.
        x = np.asarray(sizes) * (1 + 0.025 * (index - (len(series) - 1) / 2))
        axis.errorbar(
            x,
            mean,
            yerr=(np.maximum(mean - low, 0), np.maximum(high - mean, 0)),
            color=colour,
            marker=MARKERS[index],
            ls="--",
            markersize=9,
            capsize=6,
            elinewidth=2,
            label=name or None,
        )
        for size, values in zip(x, runs, strict=True):
            if len(values) > 1:
                axis.plot([size] * len(values), values, ".", color=colour, alpha=0.5, ms=9)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(FixedLocator(list(sizes)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.set(xlabel="training pictures (logarithmic scale)", ylabel="validation accuracy (%)")
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


def _class_indices(values, classes):
    """Return class indices (n,) from indices, one-hot rows or probabilities."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = array.argmax(axis=1)
    elif array.ndim == 1 and array.dtype.kind == "f" and not np.all(array == np.rint(array)):
        array = array > 0.5  # the probability of class 1
    if array.ndim != 1:
        raise ValueError(f"Labels or predictions of shape {array.shape} are not a list.")
    array = array.astype(int)
    if array.size and not 0 <= array.min() <= array.max() < classes:
        raise ValueError(
            f"{classes} class names number the classes 0 to {classes - 1}, but there is a "
            f"{array.max() if array.max() >= classes else array.min()}."
        )
    return array


@_course_style
def show_worst_mistakes(images, labels, probabilities, class_names, *, count=8):
    """Show the wrong predictions that the model was surest of.

    Args:
        images: pictures (list of paths or arrays, or a batch), in the order of the labels.
        labels: true classes, integers of shape (n,) or one-hot (n, k).
        probabilities: the model's, between 0 and 1: of class 1, shape (n,) or (n, 1); or of each
            class, shape (n, k).
        class_names: names, in the order of the class numbers.
        count: show at most this many.

    Returns:
        matplotlib Figure; with a sentence in it when there is no mistake.

    Raises:
        ValueError: lengths differ, or the probabilities are none.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    if probabilities.ndim == 1 or probabilities.shape[1] == 1:
        probabilities = probabilities.reshape(-1)
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    if np.any(probabilities < -1e-6) or np.any(probabilities > 1 + 1e-6):
        raise ValueError(
            "Probabilities lie between 0 and 1. If the model ends without an activation, apply "
            "keras.ops.sigmoid or keras.ops.softmax to its predictions first."
        )
    names = list(class_names)
    if probabilities.shape[1] != len(names):
        raise ValueError(
            f"There are {len(names)} class names for {probabilities.shape[1]} probabilities."
        )
    truth = _class_indices(labels, len(names))
    images = _picture_list(images)
    if not len(images) == len(truth) == len(probabilities):
        raise ValueError(
            f"{len(images)} pictures, {len(truth)} labels and {len(probabilities)} predictions do "
            "not belong together."
        )
    said = probabilities.argmax(axis=1)
    sureness = probabilities.max(axis=1)
    wrong = np.flatnonzero(said != truth)
    if not len(wrong):
        figure = plt.figure(figsize=(8, 1.5))
        figure.text(0.5, 0.5, f"No mistakes on {len(truth):,} pictures.", ha="center", fontsize=18)
        return figure
    worst = wrong[np.argsort(-sureness[wrong], kind="stable")][:count]
    return show_images.__wrapped__(
        [images[i] for i in worst],
        [f"said {names[said[i]]} {100 * sureness[i]:.0f} %,\nis {names[truth[i]]}" for i in worst],
        suptitle=f"The surest of {len(wrong):,} mistakes on {len(truth):,} pictures",
    )


@_course_style
def plot_confusion_matrix(labels, predictions, class_names):
    """Plot how often each class was taken for which: counts, and per cent of each row.

    Args:
        labels: true classes, integers of shape (n,) or one-hot (n, k). Collect them from the same
            pass over the data as the predictions: a shuffled set has another order each time.
        predictions: predicted classes of shape (n,), or the model's probabilities, shape (n, 1)
            or (n, k).
        class_names: names, in the order of the class numbers.

    Returns:
        matplotlib Figure; rows are true classes, columns predicted ones.

    Raises:
        ValueError: lengths differ, or a class has no name.
    """
    names = list(class_names)
    truth, said = (_class_indices(values, len(names)) for values in (labels, predictions))
    if len(truth) != len(said):
        raise ValueError(f"{len(truth)} labels and {len(said)} predictions do not belong together.")
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (truth, said), 1)
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
    right = np.trace(counts)
    if len(truth):
        axis.set_title(f"{right:,} of {len(truth):,} right ({100 * right / len(truth):.1f} %)")
    bar = figure.colorbar(image, ax=axis, shrink=0.8)
    bar.set_label("share of the true class (%)")
    bar.outline.set_visible(False)
    return figure
