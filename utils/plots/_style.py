"""The look that all figures share: style, colours, markers."""

import functools
from pathlib import Path

import matplotlib.pyplot as plt

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
# One meaning for each colour, in every figure of the course.
TRAINING, VALIDATION = BLUE, ORANGE
CLASSES = (PINK, GREEN, SKY)  # in the order of the class names
NETWORKS = ("#707070", VERMILION, BLACK)  # compared recipes: the plain one, the remedy, a third

PICTURE_DPI = 60  # small pictures hold no more detail, and notebooks stay light
LINES = ("--", "-", ":")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")


def course_style(draw):
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
