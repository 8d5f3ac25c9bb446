"""Three ways to use a network that has learnt already, side by side."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from utils import gates
from utils.plots._style import NETWORKS, course_style

WIDTHS = (3.4, 1.9, 2.1, 2.1)  # of a network's parts, in units of the drawing
GAP = 0.35


@course_style
def show_transfer(*, features=1280, classes=1000):
    """Draw a pretrained network as it is, with a new last layer, and fine-tuned.

    Grey parts keep what they have learnt, those in vermilion with a thick edge are trained.

    Args:
        features: how many numbers the network's last layer weighs.
        classes: how many classes it was trained on.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: one of them is no whole number above 0.
    """
    features = gates.whole_number(features, "features", 1)
    classes = gates.whole_number(classes, "classes", 1)
    old, new = f"last layer\n{classes:,} classes", "new last layer\ncat or dog"
    parts = ("lower layers", "upper layers", f"average\n{features:,} features")
    rows = {
        "as it is": ((*parts, old), ()),
        "new head": ((*parts, new), (3,)),
        "fine-tuned": ((*parts, new), (1, 3)),
    }
    width = sum(WIDTHS) + GAP * (len(WIDTHS) - 1)
    figure, axis = plt.subplots(figsize=(11, 4.4))
    axis.set(xlim=(-2.1, width + 0.1), ylim=(-0.55, 3.0))
    axis.set_axis_off()
    for row, (name, (texts, trained)) in enumerate(rows.items()):
        y, x = 2 - row, 0.0
        axis.text(-0.3, y + 0.36, name, ha="right", va="center", fontsize=16)
        for index, (text, wide) in enumerate(zip(texts, WIDTHS, strict=True)):
            learns = index in trained
            colour = NETWORKS[learns]
            axis.add_patch(
                FancyBboxPatch(
                    (x, y),
                    wide,
                    0.72,
                    boxstyle="round,pad=0,rounding_size=0.08",
                    facecolor=colour if learns else "#E4E4E4",
                    edgecolor=colour,
                    linewidth=3 if learns else 1.2,
                )
            )
            ink = "white" if learns else "#202020"
            axis.text(x + wide / 2, y + 0.36, text, ha="center", va="center", color=ink)
            if index:
                arrow = {"arrowstyle": "->", "color": "#404040", "lw": 1.5}
                axis.annotate(
                    "", (x - 0.03, y + 0.36), (x - GAP + 0.03, y + 0.36), arrowprops=arrow
                )
            x += wide + GAP
    axis.text(0, -0.4, "grey: as learnt from ImageNet", color="#404040")
    axis.text(width, -0.4, "vermilion: trained by us", color=NETWORKS[1], ha="right")
    return figure
