"""The course's figures: pictures, learning curves, filters and feature maps, mistakes.

Every function returns its Figure. The figure is already closed for pyplot, so a notebook cell that
ends with the call shows it exactly once; `figure.savefig("name.png")` keeps it.
"""

from utils.plots._curves import plot_data_size, plot_history
from utils.plots._network import show_feature_maps, show_filters, show_grad_cam
from utils.plots._pictures import show_image_sizes, show_images
from utils.plots._results import plot_confusion_matrix, show_worst_mistakes
from utils.plots._style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PALETTE,
    PINK,
    SKY,
    STYLE,
    VERMILION,
)

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PALETTE",
    "PINK",
    "SKY",
    "STYLE",
    "VERMILION",
    "plot_confusion_matrix",
    "plot_data_size",
    "plot_history",
    "show_feature_maps",
    "show_filters",
    "show_grad_cam",
    "show_image_sizes",
    "show_images",
    "show_worst_mistakes",
]
