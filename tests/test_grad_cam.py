"""Behaviour of utils.plots.show_grad_cam."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from PIL import Image

from utils import plots, quiet  # noqa: F401  so that TensorFlow starts without its messages

# isort: split
import keras
from keras import layers

SIZE = 16


@pytest.fixture(scope="module")
def picture():
    """Red in the upper left corner, green in the lower right one, black elsewhere."""
    pixels = np.zeros((SIZE, SIZE, 3), np.float32)
    pixels[:4, :4, 0] = 250
    pixels[-4:, -4:, 1] = 250
    return pixels


def colour_maps():
    """Feature maps that are the red and the green channel, from a convolution called "colours"."""
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[0, 0, 0, 0] = kernel[0, 0, 1, 1] = 1 / 255
    return layers.Conv2D(
        2, 1, use_bias=False, name="colours", kernel_initializer=lambda shape, dtype: kernel
    )


def head(activation, strength):
    """Class 1 is green, class 0 red: as one probability or as two."""
    one = np.array([[-strength], [strength]], np.float32)
    weights = one if activation in ("sigmoid", "logit") else np.hstack([-one, one])
    return layers.Dense(
        weights.shape[1],
        activation=None if activation == "logit" else activation,
        kernel_initializer=lambda shape, dtype: weights,
    )


def sequential(activation="sigmoid", strength=1.0):
    pixels = keras.Input((SIZE, SIZE, 3))
    tail = [layers.GlobalAveragePooling2D(), head(activation, strength)]
    return keras.Sequential([pixels, colour_maps(), *tail])


def functional(activation="sigmoid", strength=1.0):
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(colour_maps()(pixels))
    return keras.Model(pixels, head(activation, strength)(x))


def nested(activation="sigmoid", strength=1.0):
    pixels = keras.Input((None, None, 3))
    network = keras.Model(pixels, colour_maps()(pixels))
    network.trainable = False
    tail = [layers.GlobalAveragePooling2D(), head(activation, strength)]
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), network, *tail])


def nested_twice(activation="sigmoid", strength=1.0):
    pixels = keras.Input((SIZE, SIZE, 3))
    return keras.Model(pixels, nested(activation, strength)(pixels))


KINDS = [sequential, functional, nested, nested_twice]


def heat_maps(figure):
    """The heat maps in a figure, in reading order."""
    return [np.asarray(axis.images[1].get_array()) for axis in figure.axes if len(axis.images) == 2]


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def red_green(heat):
    return float(heat[:4, :4].mean()), float(heat[-4:, -4:].mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "logit"])
def test_the_heat_lies_where_the_class_is(kind, activation, picture):
    model = kind(activation)
    (heat,) = heat_maps(plots.show_grad_cam(model, [picture], class_index=1))
    # For averaged maps the answer is known: the positive part of (green - red), scaled to 1.
    np.testing.assert_allclose(heat, picture[..., 1] / 250, atol=1e-5)
    (heat,) = heat_maps(plots.show_grad_cam(model, [picture], class_index=0))
    np.testing.assert_allclose(heat, picture[..., 0] / 250, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_a_model_that_is_quite_sure_is_explained_as_well(activation, picture):
    greener = picture.copy()
    greener[8:, 8:, 1] = 250
    figure = plots.show_grad_cam(sequential(activation, strength=1e5), [greener])
    (heat,) = heat_maps(figure)
    assert titles(figure) == ["class 1: 100 %"]
    assert red_green(heat) == (0, 1)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "logit"])
def test_the_predicted_class_is_explained_and_named(activation, picture):
    redder, greener = picture.copy(), picture.copy()
    redder[:8, :8, 0], greener[8:, 8:, 1] = 250, 250
    model = functional(activation, strength=10.0)
    figure = plots.show_grad_cam(model, np.stack([redder, greener]), class_names=("red", "green"))
    red, green = heat_maps(figure)
    assert red_green(red) == (1, 0) and red_green(green) == (0, 1)
    values = model.predict(np.stack([redder, greener]), verbose=0)
    if activation == "logit":
        values = 1 / (1 + np.exp(-values))
    shares = [1 - values[0, 0], values[1, 0]] if values.shape[1] == 1 else values.max(axis=1)
    assert min(shares) > 0.6
    assert titles(figure) == [f"red {100 * shares[0]:.0f} %", f"green {100 * shares[1]:.0f} %"]


def test_one_class_number_per_picture_and_own_titles(picture):
    figure = plots.show_grad_cam(
        nested(), [picture, picture, picture], class_index=[1, 0, 1], titles=list("abc"), columns=2
    )
    assert titles(figure) == ["a", "b", "c"]
    assert [red_green(heat) for heat in heat_maps(figure)] == [(0, 1), (1, 0), (0, 1)]


def test_last_feature_maps_are_the_default_and_others_can_be_asked_for(picture):
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            colour_maps(),
            layers.MaxPooling2D(4, name="pool"),
            layers.GlobalAveragePooling2D(keepdims=True, name="one_point"),
            layers.Flatten(),
            head("sigmoid", 1.0),
        ]
    )

    def used(**kwargs):
        return plots.show_grad_cam(model, [picture], **kwargs).get_suptitle().split()[-1]

    assert used() == "pool"
    assert used(layer="colours") == "colours"
    assert used(layer=model.get_layer("colours")) == "colours"
    with pytest.raises(ValueError, match="no layer 'color'.*colours, pool"):
        used(layer="color")
    with pytest.raises(ValueError, match="feature maps"):
        used(layer="one_point")


def test_a_picture_without_evidence_says_so():
    black = np.zeros((SIZE, SIZE, 3), np.float32)
    figure = plots.show_grad_cam(sequential(), [black], class_index=1)
    assert "nothing speaks" in "".join(text.get_text() for text in figure.axes[1].texts)
    assert heat_maps(figure)[0].max() == 0


def test_pictures_come_from_files_too(tmp_path, picture):
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "red_green.png")
    figure = plots.show_grad_cam(nested(), [tmp_path / "red_green.png"], class_index=1)
    assert red_green(heat_maps(figure)[0]) == (0, 1)


def test_the_model_is_left_as_it_was(picture):
    model = nested("softmax")
    before = model.predict(picture[None], verbose=0)
    plots.show_grad_cam(model, [picture])
    with pytest.raises(ValueError, match="from 0 to 1"):
        plots.show_grad_cam(model, [picture], class_index=2)
    np.testing.assert_array_equal(model(picture[None]), before)
    every = [layer for part in (model, model.layers[0]) for layer in part.layers]
    assert model.layers[-1].activation is keras.activations.softmax
    assert not any("call" in vars(layer) for layer in every)


def test_what_cannot_be_explained_is_refused(picture):
    with pytest.raises(ValueError, match="takes one picture of 16 × 16 × 3"):
        plots.show_grad_cam(sequential(), [np.zeros((9, 9, 3))])
    with pytest.raises(ValueError, match="no pictures"):
        plots.show_grad_cam(sequential(), [])
    with pytest.raises(ValueError, match="there are 2"):
        plots.show_grad_cam(sequential(), [picture], titles=["a", "b"])
    with pytest.raises(ValueError, match="2 class numbers"):
        plots.show_grad_cam(sequential(), [picture], class_index=[0, 1])
    pixels = keras.Input((SIZE, SIZE, 3))
    with pytest.raises(ValueError, match="one probability for each picture"):
        plots.show_grad_cam(keras.Model(pixels, colour_maps()(pixels)), [picture])
    dense = keras.Sequential([pixels, layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match="feature maps"):
        plots.show_grad_cam(dense, [picture])
