"""What reaches the layers of a learner's network, whatever it is built of."""

from contextlib import contextmanager
from unittest import mock

import numpy as np

from utils.checks._judging import Mistake


def refuse_unlike_convolution(network, pictures):
    """Refuse a network without convolution, or with pixels that are not rescaled once.

    Args:
        network: keras.Model.
        pictures: raw pixels, float32 (n, height, width, channels).

    Returns:
        What the network answers in training, a NumPy array.

    Raises:
        Mistake: "no-convolution", "rescaled-up", "not-rescaled" or "rescaled-twice".
    """
    with _reaching_layers() as seen:
        answers = np.asarray(network(pictures, training=True))
    if not any("Conv" in kind for kind, _ in seen):
        raise Mistake(
            "no-convolution",
            f"What the picture meets: {', '.join(kind for kind, _ in seen) or 'no layer at all'}.",
            "that dense layers see pictures as well as any. They learn a shape at each place anew.",
            "Sections 6 and 7 of the week 1 lecture.",
        )
    largest = seen[0][1]
    if largest > 2 * pictures.max():
        raise Mistake(
            "rescaled-up",
            f"Pixels go in as large as {pictures.max():.0f}, and reach the first layer with "
            f"weights as large as {largest:,.0f}.",
            "that rescaling divides by the number that it is given.",
            "Rescaling, in Keras's documentation: what does it do with its number?",
        )
    if largest > 10:
        raise Mistake(
            "not-rescaled",
            f"Pixels reach the first layer with weights as large as {largest:.0f}.",
            "that the first layer's weights will adapt to the size of the numbers. They begin as "
            "if numbers were about 1, and the first steps are far too large.",
            "The first layer of the network in the week 1 lecture.",
        )
    if largest < 0.1:
        raise Mistake(
            "rescaled-twice",
            f"The largest pixel reaches the first layer with weights as {largest:.4f}.",
            "that rescaling once more does no harm. To the network, all pictures are black.",
            "How often is a pixel divided on its way?",
        )
    return answers


@contextmanager
def _reaching_layers():
    """Note for each layer with weights what reaches it: (name of its class, largest number)."""
    from utils import quiet  # noqa: F401

    # isort: split
    import keras

    seen = []
    kinds = [keras.layers.Conv2D, keras.layers.SeparableConv2D, keras.layers.Dense]

    def noting(kind):
        call = kind.call

        def noted(layer, inputs, *others, **options):
            seen.append((kind.__name__, float(np.abs(np.asarray(inputs)).max())))
            return call(layer, inputs, *others, **options)

        return mock.patch.object(kind, "call", noted)

    patches = [noting(kind) for kind in kinds]
    for patch in patches:
        patch.start()
    try:
        yield seen
    finally:
        for patch in patches:
            patch.stop()
