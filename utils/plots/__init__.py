"""The course's figures: pictures, learning curves, filters and feature maps, mistakes.

Every function returns its Figure. The figure is already closed for pyplot, so a notebook cell that
ends with the call shows it exactly once; `figure.savefig("name.png")` keeps it.
"""

from utils.plots._answers import plot_outputs, plot_prices, plot_shares, show_answers
from utils.plots._convolution import show_convolution, show_filters_at_work
from utils.plots._curves import plot_data_size, plot_history
from utils.plots._live import LiveCurves
from utils.plots._network import show_feature_maps, show_filters, show_grad_cam
from utils.plots._pictures import show_image_sizes, show_images
from utils.plots._remedies import plot_conditions, show_dropout, show_occlusion
from utils.plots._results import plot_confusion_matrix, show_worst_mistakes
from utils.plots._style import (
    BLACK,
    BLUE,
    CLASSES,
    GREEN,
    NETWORKS,
    ORANGE,
    PALETTE,
    PINK,
    SKY,
    STYLE,
    TRAINING,
    VALIDATION,
    VERMILION,
)
from utils.plots._transfer import show_transfer

__all__ = [
    "BLACK",
    "BLUE",
    "CLASSES",
    "GREEN",
    "LiveCurves",
    "NETWORKS",
    "ORANGE",
    "PALETTE",
    "PINK",
    "SKY",
    "STYLE",
    "TRAINING",
    "VALIDATION",
    "VERMILION",
    "plot_conditions",
    "plot_confusion_matrix",
    "plot_data_size",
    "plot_history",
    "plot_outputs",
    "plot_prices",
    "plot_shares",
    "show_convolution",
    "show_answers",
    "show_dropout",
    "show_feature_maps",
    "show_filters",
    "show_filters_at_work",
    "show_grad_cam",
    "show_image_sizes",
    "show_images",
    "show_occlusion",
    "show_transfer",
    "show_worst_mistakes",
]
