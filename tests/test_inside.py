"""Behaviour of utils.inside: kernels, layer outputs, input; for Grad-CAM see test_grad_cam."""

import numpy as np
import pytest
from PIL import Image

from utils import inside

# isort: split
import keras
import tensorflow as tf
from keras import layers


@pytest.fixture(scope="module")
def model():
    """One convolution to ones and one to zeros, then pooling."""
    model = keras.Sequential(
        [
            keras.Input((16, 12, 3)),
            layers.Conv2D(2, 3, name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(1),
        ]
    )
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[..., 0] = 1
    model.get_layer("first").set_weights([kernel, np.zeros(2)])
    return model


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).uniform(0, 255, (16, 12, 3)).astype("float32")


def test_kernels_have_height_width_channels_and_filters(model):
    kernels = inside.kernels(model.get_layer("first"))
    assert kernels.shape == (3, 3, 3, 2) and kernels.dtype == np.float32
    assert kernels[..., 0].min() == 1 and kernels[..., 1].max() == 0
    np.testing.assert_array_equal(inside.kernels(kernels), kernels)
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=2)
    depthwise.build((None, 8, 8, 5))
    assert inside.kernels(depthwise).shape == (3, 3, 1, 10)
    for other in (model, model.get_layer("pool"), layers.Conv2D(1, 3), np.zeros((10, 2)), None):
        with pytest.raises(ValueError, match="Conv2D"):
            inside.kernels(other)


def test_kernels_of_a_transposed_convolution_have_their_inputs_third():
    layer = layers.Conv2DTranspose(5, 3)
    layer.build((None, 8, 8, 2))
    kernels = inside.kernels(layer)
    assert kernels.shape == (3, 3, 2, 5)
    np.testing.assert_array_equal(kernels[..., 1, 4], layer.kernel[..., 4, 1])


def answering(outputs, activation=None, weight=0.01):
    """A small network, always with the same weights."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((16, 12, 3)), layers.Rescaling(1 / 255)])
    network.add(layers.Conv2D(4, 3, activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dense(outputs, activation=activation))
    network.set_weights([values + weight for values in network.get_weights()])
    return network


def test_a_network_whose_training_failed_is_not_called_silent(image):
    failed = answering(3, "softmax", weight=np.nan)
    for look in (inside.layer_outputs, inside.grad_cam, inside.occlusion):
        with pytest.raises(ValueError, match="the training failed"):
            look(failed, image)
    with pytest.raises(ValueError, match="the training failed"):
        inside.kernels(failed.layers[1])


@pytest.mark.parametrize(("outputs", "activation"), [(1, "sigmoid"), (3, "softmax")])
def test_occlusion_reads_scores_as_it_reads_probabilities(outputs, activation, image):
    with_activation = inside.occlusion(answering(outputs, activation), image)
    without = inside.occlusion(answering(outputs), image)
    assert with_activation.max() > 0
    np.testing.assert_allclose(without, with_activation, atol=1e-3)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_occlusion_needs_probabilities(activation, image):
    with pytest.raises(ValueError, match="neither probabilities nor"):
        inside.occlusion(answering(2, activation), image)
    maps = keras.Sequential([keras.Input((16, 12, 3)), layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="one probability for each picture"):
        inside.occlusion(maps, image)


def test_layer_outputs_are_what_the_layers_give(model, image):
    (first, maps), (second, pooled) = inside.layer_outputs(model, image)
    assert (first, second) == ("first", "pool")
    assert maps.shape == (14, 10, 2) and maps.dtype == np.float32
    expected = sum(image[i : i + 14, j : j + 10].sum(-1) for i in range(3) for j in range(3))
    np.testing.assert_allclose(maps[..., 0], expected, rtol=1e-5)
    assert not maps[..., 1].any()
    np.testing.assert_array_equal(pooled, maps.reshape(7, 2, 5, 2, 2).max(axis=(1, 3)))
    assert not any("call" in vars(layer) for layer in model.layers), "the model is as it was"


def test_layers_of_models_inside_models_are_reached(image):
    inner = keras.Sequential([layers.Conv2D(2, 3, name="inside")])
    inputs = keras.Input((16, 12, 3))
    values = layers.Conv2D(5, 1, name="outside")(inner(inputs))
    outputs = inside.layer_outputs(keras.Model(inputs, layers.Flatten()(values)), image[None])
    assert [(name, maps.shape) for name, maps in outputs] == [
        ("inside", (14, 10, 2)),
        ("outside", (14, 10, 5)),
    ]
    flat = keras.Sequential([keras.Input((16, 12, 3)), layers.Flatten()])
    with pytest.raises(ValueError, match="feature maps"):
        inside.layer_outputs(flat, image)


def test_a_failing_run_leaves_the_model_as_it_was(image):
    def fail(values):
        if tf.executing_eagerly() and not isinstance(values, keras.KerasTensor):
            raise RuntimeError("broken")
        return values

    model = keras.Sequential([keras.Input((16, 12, 3)), layers.Conv2D(1, 3), layers.Lambda(fail)])
    with pytest.raises(RuntimeError, match="broken"):
        inside.layer_outputs(model, image)
    assert not any("call" in vars(layer) for layer in model.layers)


def test_input_is_one_picture_in_the_models_size(model, image, tmp_path):
    for picture in (image, image[None], tf.constant(image)):
        pixels = inside.model_input(model, picture)
        assert pixels.dtype == np.float32
        np.testing.assert_array_equal(pixels, image)
    Image.new("RGB", (50, 40), (10, 20, 30)).save(tmp_path / "photo.png")
    pixels = inside.model_input(model, tmp_path / "photo.png")
    assert pixels.shape == (16, 12, 3) and pixels[0, 0].tolist() == [10, 20, 30]
    grey = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    assert inside.model_input(grey, np.zeros((8, 8))).shape == (8, 8, 1)


def test_input_that_does_not_fit_is_refused(model, image):
    batch, words = (np.stack([image, image]), np.zeros(2)), image.astype(str)
    for picture in (image.swapaxes(0, 1), batch[0], 5, None, batch, words, image + 1j, ["a.png"]):
        with pytest.raises(ValueError, match="one picture of 16 × 12 × 3"):
            inside.model_input(model, picture)
    with pytest.raises(ValueError, match="NaN"):
        inside.model_input(model, np.where(image > 100, np.nan, image))
    with pytest.raises(TypeError, match="Take one batch first"):
        inside.model_input(model, tf.data.Dataset.from_tensors(image))
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(1, 3)])
    with pytest.raises(ValueError, match="load_image"):
        inside.model_input(any_size, "photo.png")
    with pytest.raises(ValueError, match="no weights yet"):
        inside.model_input(keras.Sequential([layers.Conv2D(1, 3)]), image)
    with pytest.raises(TypeError, match="not a Keras model"):
        inside.model_input(layers.Conv2D(1, 3), image)
