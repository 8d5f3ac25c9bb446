"""Pictures in a grid, and the sizes of a folder's pictures."""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from utils import gates
from utils.paths import folder
from utils.pictures import upright_size
from utils.plots._style import CLASSES, MARKERS, PALETTE, PICTURE_DPI, course_style

# ---------------------------------------------------------------- a grid


@course_style
def show_images(images, titles=None, *, columns=4, suptitle=None):
    """Show pictures in a grid, each in its own shape.

    Args:
        images: list of file paths, PIL images or arrays, of any sizes; or a batch of shape
            (n, height, width, channels). Array values run from 0 to 255 or from 0 to 1; what else
            is taken: `utils.gates.pictures`.
        titles: one text (or number) per picture, or None.
        columns: pictures per row.
        suptitle: text above the grid, or None.

    Returns:
        matplotlib Figure.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: `images` or `titles` is something else, such as a `tf.data.Dataset`.
        ValueError: no pictures, a picture that cannot be read, values that are not a picture's,
            or too few or many titles.
    """
    pictures = gates.pictures(images)
    return draw_grid(pictures, gates.titles(titles, len(pictures)), columns, suptitle)


def draw_grid(pictures, titles, columns, suptitle):
    """Draw uint8 arrays and their titles, a list of str or None."""
    columns = min(gates.whole_number(columns, "columns", 1), len(pictures))
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
    lines = 0 if titles is None else max(title.count("\n") + 1 for title in titles)
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
            axis.set_title(titles[index], fontsize=size, loc="center", pad=4)
    if suptitle:
        figure.suptitle(suptitle)
    return figure


# ---------------------------------------------------------------- sizes


@course_style
def show_image_sizes(directory):
    """Plot width against height of every picture, one colour and marker per class.

    Only file headers are read, so that thousands of pictures take a moment.

    Args:
        directory: folder with one folder per class.

    Returns:
        matplotlib Figure.

    Raises:
        TypeError: `directory` is not the path of a folder.
        ValueError: the folder holds no class folders with pictures.
    """
    directory = folder(directory)
    if not directory.is_dir():
        raise ValueError(f"There is no folder {directory}. Fetch the data set first.")
    folders = sorted(p for p in directory.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = {classes.name: _picture_sizes(classes) for classes in folders}
    sizes = {name: pair[0] for name, pair in found.items() if len(pair[0])}
    unreadable = sum(pair[1] for pair in found.values())
    if not sizes:
        raise ValueError(f"No pictures in {directory}: it should hold one folder per class.")
    every = np.concatenate(list(sizes.values()))
    top = every.max() * 1.12

    colours = CLASSES if len(sizes) <= len(CLASSES) else PALETTE
    figure, axis = plt.subplots(figsize=(9, 7.5), dpi=75)
    _draw_proportions(axis, top)
    for index, (name, pairs) in enumerate(sizes.items()):
        axis.scatter(
            *pairs.T,
            s=34,
            alpha=0.45 if len(pairs) > 40 else 0.8,
            color=colours[index % len(colours)],
            marker=MARKERS[index % len(MARKERS)],
            linewidths=0,
            label=f"{name} ({len(pairs):,})",
            zorder=2,
        )
    _draw_extremes(axis, every)
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


def _picture_sizes(class_folder):
    """Read (width, height) of a folder's pictures from their headers; also count other files."""
    from PIL import Image

    sizes, unreadable = [], 0
    for path in sorted(class_folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of oddities that do no harm
                with Image.open(path) as image:
                    sizes.append(upright_size(image))
        except Exception:  # Pillow raises nearly anything on damaged data
            unreadable += 1
    return np.array(sizes, dtype=int).reshape(-1, 2), unreadable


def _draw_proportions(axis, top):
    """Draw a line from the origin for each common ratio of width to height."""
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


def _draw_extremes(axis, sizes):
    """Point at the smallest and the largest picture."""
    area = sizes.prod(axis=1)
    extremes = {"smallest": sizes[area.argmin()], "largest": sizes[area.argmax()]}
    if area.min() == area.max():
        extremes = {"all": sizes[0]}
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
