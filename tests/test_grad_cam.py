"""Behaviour of utils.inside.grad_cam, and of utils.plots.show_grad_cam that draws it."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from PIL import Image

from utils import inside, plots

# isort: split
import keras
import tensorflow as tf
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


def scaled(heat):
    """Heat from 0 to 1."""
    return heat / heat.max()


def red_green(heat):
    return float(heat[:4, :4].mean()), float(heat[-4:, -4:].mean())


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "logit"])
def test_the_heat_lies_where_the_class_is(kind, activation, picture):
    model = kind(activation)
    # For averaged maps the answer is known: the positive part of (green - red).
    for label, channel in ((1, 1), (0, 0)):
        evidence = inside.grad_cam(model, picture, label)
        assert (evidence.label, evidence.layer) == (label, "colours")
        assert evidence.heat.dtype == np.float32 and evidence.heat.shape == (SIZE, SIZE)
        np.testing.assert_allclose(scaled(evidence.heat), picture[..., channel] / 250, atol=1e-5)


@pytest.fixture(scope="module")
def greener(picture):
    pixels = picture.copy()
    pixels[8:, 8:, 1] = 250
    return pixels


def ending_in(step, strength, classes=2):
    """A network whose scores go through one more step, which makes probabilities of them."""
    pixels = keras.Input((SIZE, SIZE, 3))
    activation = "logit" if classes == 1 else None
    scores = functional(activation, strength)(pixels)
    return keras.Model(pixels, step(scores))


class Subclassed(keras.Model):
    """A network that ends in TensorFlow's own softmax."""

    def __init__(self, strength):
        super().__init__()
        self.maps, self.average = colour_maps(), layers.GlobalAveragePooling2D()
        self.scores = head(None, strength)

    def call(self, pixels):
        return tf.nn.softmax(self.scores(self.average(self.maps(pixels))))


LAST_STEPS = {
    "layer": lambda: layers.Softmax(),
    "activation layer": lambda: layers.Activation("softmax"),
    "dense activation": lambda: head("softmax", 1.0),
    "operation": lambda: keras.ops.softmax,
    "function": lambda: keras.activations.softmax,
    "softmax twice": lambda: keras.Sequential([layers.Softmax(), layers.Softmax()]),
}


@pytest.mark.parametrize("name", LAST_STEPS)
@pytest.mark.parametrize("strength", [1.0, 1e5])
def test_every_last_step_of_keras_is_looked_behind(name, strength, greener):
    model = ending_in(LAST_STEPS[name](), strength)
    label, probability, _, heat = inside.grad_cam(model, greener)
    assert label == 1
    assert probability == pytest.approx(model.predict(greener[None], verbose=0)[0, 1])
    assert red_green(scaled(heat)) == (0, 1)


@pytest.mark.parametrize("step", [layers.Activation("sigmoid"), keras.ops.sigmoid])
def test_a_single_sigmoid_is_looked_behind(step, greener):
    for strength in (1.0, 1e5):
        label, probability, _, heat = inside.grad_cam(ending_in(step, strength, 1), greener)
        assert label == 1 and 0.5 < probability <= 1
        assert red_green(scaled(heat)) == (0, 1)


def by_tensorflow(strength):
    softmax = layers.Lambda(lambda scores: tf.nn.softmax(scores), output_shape=(2,))
    subclassed = Subclassed(strength)
    subclassed(np.zeros((1, SIZE, SIZE, 3), np.float32))
    return [
        ending_in(softmax, strength),
        subclassed,
        functional(tf.nn.softmax, strength),
    ]


def test_behind_tensorflows_own_softmax_the_odds_speak(greener, picture):
    for model in by_tensorflow(50.0):  # p = 1 - 1e-9, which rounds to 1
        label, probability, _, heat = inside.grad_cam(model, greener)
        assert (label, probability) == (1, 1)
        assert red_green(scaled(heat)) == (0, 1)
        np.testing.assert_allclose(
            scaled(inside.grad_cam(model, picture, 0).heat), picture[..., 0] / 250, atol=1e-5
        )
    for model in by_tensorflow(1e5):  # nothing is left of the other class
        with pytest.raises(ValueError, match="so sure"):
            inside.grad_cam(model, greener)


def test_behind_tensorflows_own_sigmoid_the_odds_speak(greener):
    model = sequential("logit", 5.0)
    model.layers[-1].activation = tf.nn.sigmoid
    label, probability, _, heat = inside.grad_cam(model, greener)
    assert label == 1 and 0.6 < probability < 0.99
    assert red_green(scaled(heat)) == (0, 1)


def test_probabilities_are_the_models_own(greener):
    for activation in ("sigmoid", "softmax", "logit"):
        evidence = inside.grad_cam(functional(activation, 5.0), greener)
        model = functional("softmax" if activation == "softmax" else "sigmoid", 5.0)
        expected = model.predict(greener[None], verbose=0)[0, -1]
        assert 0.6 < expected < 0.99
        assert evidence.probability == pytest.approx(expected, rel=1e-6)


def test_scores_left_to_the_loss_may_look_like_a_probability(picture):
    model = sequential("logit")
    model.layers[-1].set_weights([np.array([[0], [1]], np.float32), np.array([-0.02], np.float32)])
    score = model.predict(picture[None], verbose=0)[0, 0]
    assert 0 < score < 1
    evidence = inside.grad_cam(model, picture)
    assert evidence.probability == pytest.approx(1 / (1 + np.exp(-score)))


def test_features_are_no_probabilities(picture):
    pixels = keras.Input((SIZE, SIZE, 3))
    maps = colour_maps()(pixels)
    features = layers.GlobalAveragePooling2D()(maps)
    ends = [features, layers.Dense(9, "relu")(features), layers.Dense(1, "tanh")(features)]
    for end in (*ends, layers.GlobalAveragePooling2D()(maps[..., :1])):
        with pytest.raises(ValueError, match="neither probabilities"):
            inside.grad_cam(keras.Model(pixels, end), picture)
    with pytest.raises(ValueError, match="one probability for each picture"):
        inside.grad_cam(keras.Model(pixels, maps), picture)


def test_the_last_feature_maps_of_more_than_one_point_count(picture):
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
    evidence = inside.grad_cam(model, picture)
    assert (evidence.layer, evidence.heat.shape) == ("pool", (4, 4))
    dense = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match="feature maps"):
        inside.grad_cam(dense, picture)


def test_the_model_is_left_as_it_was(picture):
    model = nested("softmax")
    before = model.predict(picture[None], verbose=0)
    inside.grad_cam(model, picture)
    with pytest.raises(ValueError, match="from 0 to 1"):
        inside.grad_cam(model, picture, 2)
    with pytest.raises(ValueError, match="class_index"):
        inside.grad_cam(model, picture, -1)
    np.testing.assert_array_equal(model(picture[None]), before)
    every = [layer for part in (model, model.layers[0]) for layer in part.layers]
    assert model.layers[-1].activation is keras.activations.softmax
    assert not any("call" in vars(layer) for layer in every)


# ---------------------------------------------------------------- figures


def heat_maps(figure):
    """The heat maps in a figure, in reading order."""
    return [np.asarray(axis.images[1].get_array()) for axis in figure.axes if len(axis.images) == 2]


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "logit"])
def test_the_predicted_class_is_explained_and_named(activation, picture, greener):
    redder = greener[::-1, ::-1, [1, 0, 2]]
    model = functional(activation, strength=10.0)
    figure = plots.show_grad_cam(model, np.stack([redder, greener]), class_names=("red", "green"))
    red, green = heat_maps(figure)
    assert red_green(red) == (1, 0) and red_green(green) == (0, 1)
    shares = [100 * inside.grad_cam(model, pixels).probability for pixels in (redder, greener)]
    assert titles(figure) == [f"red {shares[0]:.0f} %", f"green {shares[1]:.0f} %"]
    assert figure.get_suptitle().endswith("at colours")
    assert titles(plots.show_grad_cam(model, greener)) == [f"class 1: {shares[1]:.0f} %"]


def test_a_smaller_heat_map_is_stretched_over_the_picture(picture):
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.AveragePooling2D(4)(colour_maps()(inputs))
    model = keras.Model(inputs, head("sigmoid", 1.0)(layers.GlobalAveragePooling2D()(x)))
    assert inside.grad_cam(model, picture).heat.shape == (4, 4)
    assert heat_maps(plots.show_grad_cam(model, picture))[0].shape == (SIZE, SIZE)


def test_own_titles_take_the_place_of_classes(picture):
    figure = plots.show_grad_cam(nested(), [picture] * 3, titles=np.array([5, 7, 5]), columns=2)
    assert titles(figure) == ["5", "7", "5"]


def test_a_picture_without_evidence_says_so():
    black = np.zeros((SIZE, SIZE, 3), np.float32)
    assert inside.grad_cam(sequential(), black, 1).heat.max() == 0
    figure = plots.show_grad_cam(sequential(), [black])
    assert "nothing speaks" in "".join(text.get_text() for text in figure.axes[1].texts)
    assert heat_maps(figure)[0].max() == 0


def test_pictures_come_from_files_too(tmp_path, greener):
    Image.fromarray(greener.astype(np.uint8)).save(tmp_path / "greener.png")
    figure = plots.show_grad_cam(nested(), [tmp_path / "greener.png"])
    assert red_green(heat_maps(figure)[0]) == (0, 1)


def test_pictures_preprocessed_outside_the_network_are_shown_all_the_same(picture):
    figure = plots.show_grad_cam(sequential(), picture / 127.5 - 1)
    shown = figure.axes[0].images[0].get_array()
    assert np.abs(shown.astype(int) - picture * 255 / 250).max() <= 1
    scaling = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 255)])
    model = keras.Sequential([scaling, sequential()])
    for pixels in (picture / 255, picture / 127.5 - 1):
        with pytest.raises(ValueError, match="raw pixels"):
            plots.show_grad_cam(model, pixels)


def test_what_cannot_be_explained_is_refused(picture):
    with pytest.raises(ValueError, match="takes one picture of 16 × 16 × 3"):
        plots.show_grad_cam(sequential(), [np.zeros((9, 9, 3))])
    with pytest.raises(ValueError, match="no pictures"):
        plots.show_grad_cam(sequential(), [])
    with pytest.raises(ValueError, match="there are 2"):
        plots.show_grad_cam(sequential(), [picture], titles=["a", "b"])
    for names in (["a"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match="for 2 classes"):
            plots.show_grad_cam(sequential(), [picture], class_names=names)
    data = tf.data.Dataset.from_tensors((picture[None], [0]))
    with pytest.raises(TypeError, match="Take one batch first"):
        plots.show_grad_cam(sequential(), data)
    with pytest.raises(TypeError, match="not a Keras model"):
        plots.show_grad_cam("model.keras", picture)
    with pytest.raises(ValueError, match="no weights yet"):
        plots.show_grad_cam(keras.Sequential([layers.Dense(1)]), picture)
