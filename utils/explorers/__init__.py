"""What one moves: self-contained pages, made from the learner's own networks and pictures.

Each function returns HTML that a notebook cell shows when it ends with the call. It works in
JupyterLab, in an exported page, on a slide and from a file, without a kernel and without a network;
where scripts do not run, a still picture stands in its place.

    from utils import explorers as explore

    explore.convolution(model, picture, class_names)

The pages are plain JavaScript, one file for each explorer: ``page.js`` holds what they share,
``network.js`` a network's forward pass.
"""

from utils.explorers._augmentation import augmentation
from utils.explorers._confusion import confusion
from utils.explorers._convolution import convolution
from utils.explorers._features import features
from utils.explorers._softmax import softmax
from utils.explorers._training import training

__all__ = ["augmentation", "confusion", "convolution", "features", "softmax", "training"]
