"""Twelve variants of a picture, and the Keras layers that make such."""

import numpy as np
from PIL import Image

from utils import gates
from utils.explorers._page import pack, page

MOST_SIDE = 128  # pixels: twelve variants follow a slider at once


def augmentation(picture):
    """Explore augmentation: twelve random variants of a picture, and how far is too far.

    Sliders set the ranges for rotation, translation, zoom and contrast; a box switches mirroring,
    and buttons choose what fills the edge. The same random numbers are stretched while a slider
    moves, until they are rolled again. A click marks a variant whose label is no longer true. The
    Keras layers with these ranges stand below, to copy. All geometry is done in one step, as in
    `utils.pipelines.random_affine`.

    Args:
        picture: one picture: a path, a PIL image, or an array (height, width) or
            (height, width, 3). Large ones are scaled down to 128 pixels.

    Returns:
        IPython.display.HTML: a page in a frame. It holds the picture.

    Raises:
        TypeError, ValueError: it is no picture, or there are several.
    """
    found = gates.pictures(picture, "picture")
    if len(found) != 1:
        raise ValueError(f"There are {len(found)} pictures: give one of them.")
    image = Image.fromarray(found[0]).convert("RGB")
    image.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return page(
        ("augmentation.js",),
        {"picture": pack(pixels, "u1"), "shape": pixels.shape},
        still=_four(image),
        alt="The picture as it is, mirrored, turned by 18 degrees, and shifted.",
        title="Augmentation: twelve variants of a picture",
        height=760,
    )


def _four(image):
    """The picture and three variants side by side."""
    variants = [
        image,
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        image.rotate(18, Image.Resampling.BILINEAR),
        image.transform(image.size, Image.Transform.AFFINE, (1, 0, image.width / 8, 0, 1, 0)),
    ]
    scale = 172 / image.width
    tiles = [np.asarray(v.resize((172, max(1, round(image.height * scale))))) for v in variants]
    gap = np.full((tiles[0].shape[0], 8, 3), 255, np.uint8)
    return np.concatenate([part for tile in tiles for part in (tile, gap)][:-1], axis=1)
