"""Behaviour of utils.gates: what is taken, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from utils import gates

CATS_DOGS, GAME = ["Cat", "Dog"], ["paper", "rock", "scissors"]


class Dataset:
    """What marks a `tf.data.Dataset`."""

    element_spec = None

    def __iter__(self):
        return iter([(np.zeros((2, 4, 4, 3)), np.zeros(2))])


# ---------------------------------------------------------------- numbers


def test_whole_numbers_may_come_from_numpy_and_tensorflow():
    tf = pytest.importorskip("tensorflow")
    for value in (3, 3.0, np.int64(3), np.array(3), tf.constant(3)):
        number = gates.whole_number(value, "count", 1)
        assert (number, type(number)) == (3, int)
    for value in (0, 2.5, "3", True, None, float("nan"), float("inf"), [3], np.array(True)):
        with pytest.raises(ValueError, match="count"):
            gates.whole_number(value, "count", 1)


def test_seeds_fractions_and_sizes():
    assert gates.seed(np.int32(7)) == 7
    with pytest.raises(ValueError, match="seed=0"):
        gates.seed(None)
    assert gates.fraction(0, "zoom") == 0.0
    for value in (1, -0.1, "half", True):
        with pytest.raises(ValueError, match="zoom"):
            gates.fraction(value, "zoom")
    assert gates.image_size(96) == gates.image_size([96, 96]) == (96, 96)
    for value in ((96, 96, 3), "96", (0, 9), (5000, 96), (9.5, 9), None):
        with pytest.raises(ValueError, match=r"\(96, 96\)|4,096"):
            gates.image_size(value)


def test_a_text_is_no_yes():
    assert gates.yes_or_no(np.bool_(True), "training") is True
    for value in ("False", 1, None):
        with pytest.raises(ValueError, match="training=.* should be True or False"):
            gates.yes_or_no(value, "training")


def test_a_week_may_be_written_in_several_ways():
    for value in (2, 2.0, np.int64(2), "2", "week2", "week 2"):
        number = gates.week(value, [1, 2])
        assert (number, type(number)) == (2, int)
    assert gates.week(9) == 9
    for value in (0, 3, "two", "12", None, True, [2], 1.5):
        with pytest.raises(ValueError, match=r"no week .* There are: 1, 2"):
            gates.week(value, [1, 2])
    with pytest.raises(ValueError, match="no week first"):
        gates.week("first")


def test_numbers_are_finite_and_have_the_dimensions_asked_for():
    tf = pytest.importorskip("tensorflow")
    for values in ([1, 2], (1.0, 2.0), np.array([1, 2]), [tf.constant(1), tf.constant(2)]):
        assert gates.numbers(values, "margins").tolist() == [1, 2]
    assert gates.numbers(tf.cast([1, 2], tf.bfloat16), "margins").tolist() == [1, 2]
    assert gates.numbers(3, "bias", 0) == 3
    for values in ([1, np.nan], [[1, 2]], [[1], [2, 3]], 3, None, "12", ["1"], {"a": 1}, {1, 2}):
        with pytest.raises(ValueError, match="margins=.* should be a list of numbers"):
            gates.numbers(values, "margins")


def test_shares_are_no_per_cent():
    assert gates.shares(0.5, "guess").tolist() == [0.5]
    assert gates.shares([], "runs").tolist() == []
    assert np.isnan(gates.shares([0.2, np.nan], "runs")[1]), "a run that found none"
    for values in (50, [0.2, 60], -0.1, "0.5", ["x"], [{}], [[1], [1, 0]]):
        with pytest.raises(ValueError, match="runs should be shares between 0 and 1"):
            gates.shares(values, "runs")


def test_what_has_names_is_a_dict():
    assert gates.by_name({"a": 1}, "models", "networks") == {"a": 1}
    for value in (None, [1], "a", np.zeros(2)):
        with pytest.raises(TypeError, match="models should be a dict from names to networks"):
            gates.by_name(value, "models", "networks")
    with pytest.raises(ValueError, match="empty"):
        gates.by_name({}, "models", "networks")


# ---------------------------------------------------------------- classes


def test_class_names_need_an_order():
    for value in (CATS_DOGS, tuple(CATS_DOGS), np.array(CATS_DOGS)):
        assert gates.class_names(value) == CATS_DOGS
    assert gates.class_names([0, 1, 2]) == gates.class_names(range(3)) == ["0", "1", "2"]
    for value in ([1, 2, 3], np.array([0, 1, 3])):  # would name the classes 0, 1 and 2
        with pytest.raises(ValueError, match="are numbers, but not 0, 1, 2"):
            gates.class_names(value)
    for value in (set(CATS_DOGS), {"Cat": 0, "Dog": 1}, "Cat", None, ["Cat", None], [[1], [2]]):
        with pytest.raises(TypeError, match="in the order of the class numbers"):
            gates.class_names(value)
    with pytest.raises(ValueError, match="twice"):
        gates.class_names(["Cat", "Dog", "Cat"])
    with pytest.raises(ValueError, match="empty"):
        gates.class_names([])


@pytest.mark.parametrize(
    "values",
    [
        [2, 0, 1],
        (2.0, 0.0, 1.0),
        np.array([2, 0, 1], np.uint8),
        np.array([[2], [0], [1]]),
        np.eye(3)[[2, 0, 1]],
        np.eye(3, dtype=bool)[[2, 0, 1]],
        ["scissors", "paper", "rock"],
        np.array([b"scissors", b"paper", b"rock"]),
    ],
)
def test_labels_in_every_form_are_class_numbers(values):
    labels = gates.labels(values, GAME)
    assert labels.dtype == int and labels.tolist() == [2, 0, 1]
    assert gates.predictions(values, GAME).tolist() == [2, 0, 1]


def test_labels_of_tensorflow_and_of_two_classes():
    tf = pytest.importorskip("tensorflow")
    assert gates.labels(tf.constant([1, 0]), CATS_DOGS).tolist() == [1, 0]
    assert gates.labels([tf.constant(1), tf.constant(0)], CATS_DOGS).tolist() == [1, 0]
    assert gates.labels(tf.constant(["Dog", "Cat"]), CATS_DOGS).tolist() == [1, 0]
    assert gates.labels([True, False], CATS_DOGS).tolist() == [1, 0]
    assert gates.class_names(tf.constant(CATS_DOGS)) == CATS_DOGS
    assert gates.labels([], CATS_DOGS).tolist() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 3], "a 3"),
        ([0, -1], "a -1"),
        ([0, 0.5], "whole"),
        ([0, float("nan")], "whole"),
        ([0, None], "list or an array"),
        (["rock", "cat"], "'cat'"),
        ([True, False], "3 classes"),
        ([[1, 1, 0]], "one-hot"),
        ([[0, 0, 0]], "one-hot"),
        ([[0.2, 0.8, 0.0]], "one-hot"),
        ([[0, 1], [0, 1]], "concatenate"),
        ([[0, 1], [0]], "concatenate"),
        (5, "list or an array"),
        ({0, 1}, "list or an array"),
    ],
)
def test_labels_that_are_none_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        gates.labels(values, GAME)


def test_data_sets_are_no_labels():
    with pytest.raises(TypeError, match="for _, labels in dataset"):
        gates.labels(Dataset(), GAME)


def test_probabilities_have_a_column_per_class():
    for values in ([0.25, 0.5], [[0.25], [0.5]], [[0.75, 0.25], [0.5, 0.5]]):
        shares = gates.probabilities(np.array(values, np.float32), 2)
        assert shares.dtype == np.float64
        np.testing.assert_array_equal(shares, [[0.75, 0.25], [0.5, 0.5]])
    halves = np.array([[0.1, 0.2, 0.7]], np.float16)
    np.testing.assert_array_equal(gates.probabilities(halves, 3), halves.astype(float))


@pytest.mark.parametrize(
    ("values", "count", "message"),
    [
        ([0.2, 0.8], 3, r"\(n, 3\)"),
        ([[0.2], [0.8]], 3, r"\(n, 3\)"),
        ([[0.2, 0.3, 0.5]], 2, "2 class names"),
        ([0.2, float("nan")], 2, "NaN"),
        ([-3.0, 0.4], 2, "keras.ops.sigmoid"),
        ([20, 80], 2, "per cent by 100"),
        ([[0.2, 0.2, 0.2]], 3, "add up to 1"),
        (["a", "b"], 2, "numbers"),
        ([0, 1, 1], 2, "class numbers, which do not say how sure"),
        ([[0], [1]], 2, "class numbers, which do not say how sure"),
    ],
)
def test_what_is_no_probability_is_refused(values, count, message):
    with pytest.raises(ValueError, match=message):
        gates.probabilities(values, count)


def test_predictions_may_be_the_models_answers():
    assert gates.predictions([0.2, 0.51], CATS_DOGS).tolist() == [0, 1]
    assert gates.predictions([[0.2], [0.51]], CATS_DOGS).tolist() == [0, 1]
    assert gates.predictions([[0.0], [1.0]], CATS_DOGS).tolist() == [0, 1]
    assert gates.predictions([[0.3, 0.1, 0.6], [1, 0, 0]], GAME).tolist() == [2, 0]
    assert gates.predictions([[-7.5, 3.1, 0.2]], GAME).tolist() == [1], "the largest logit"


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        ([-2.5, 3.1], CATS_DOGS, "keras.ops.sigmoid"),
        ([[-2.0], [3.0]], CATS_DOGS, "number the classes|sigmoid"),
        ([12.5, 80.0], CATS_DOGS, "per cent"),
        ([0.2, float("nan")], CATS_DOGS, "NaN"),
        ([[0.2, float("nan")]], CATS_DOGS, "NaN"),
        ([[0.2], [0.7]], GAME, r"\(n, 3\)"),
        ([[0.0], [1.0]], GAME, r"\(n, 3\)"),
        ([[0.2, 0.3, 0.5]], CATS_DOGS, "2 class names"),
        ([[0, 0, 0]], GAME, "one-hot"),
    ],
)
def test_predictions_that_are_none_are_refused(values, names, message):
    with pytest.raises(ValueError, match=message):
        gates.predictions(values, names)


def test_titles_may_be_labels():
    tf = pytest.importorskip("tensorflow")
    assert gates.titles(None, 2) is None
    for values in ([0, 1], np.array([0, 1]), tf.constant([0, 1]), tf.constant(["0", "1"])):
        assert gates.titles(values, 2) == ["0", "1"]
    assert gates.titles("one", 1) == ["one"]
    with pytest.raises(ValueError, match="2 pictures need 2 titles, but there are 3"):
        gates.titles(["a", "b", "c"], 2)
    for values in (np.eye(2), np.array([[0], [1]]), [tf.constant([1, 0]), tf.constant([0, 1])]):
        with pytest.raises(TypeError, match="argmax"):
            gates.titles(values, 2)
    for values in ("ab", {"a", "b"}, 5):
        with pytest.raises(TypeError, match="one text per picture"):
            gates.titles(values, 2)


# ---------------------------------------------------------------- pictures


def sizes(images):
    return [picture.shape for picture in gates.pictures(images)]


def test_one_picture_is_not_taken_for_a_batch():
    for shape in ((28, 20), (28, 20, 1)):
        assert sizes(np.zeros(shape)) == [(28, 20)]
    assert sizes(np.zeros((28, 20, 3))) == sizes(np.zeros((28, 20, 4))) == [(28, 20, 3)]
    assert sizes(np.zeros((28, 20, 3)).tolist()) == [(28, 20, 3)]
    assert sizes(Image.new("L", (20, 28))) == [(28, 20, 3)]


def test_batches_and_lists_give_a_picture_each():
    assert sizes(np.zeros((5, 28, 20))) == sizes(np.zeros((5, 28, 20, 1))) == [(28, 20)] * 5
    mixed = [np.zeros((4, 5, 3)), np.zeros((6, 7), np.uint8), np.zeros((1, 8, 9, 3))]
    assert sizes(mixed) == [(4, 5, 3), (6, 7), (8, 9, 3)]
    assert sizes(picture for picture in mixed) == [(4, 5, 3), (6, 7), (8, 9, 3)]


def test_three_grey_pictures_are_not_told_from_one_with_its_channels_first():
    assert sizes(np.zeros((4, 28, 20))) == [(28, 20)] * 4
    assert sizes(list(np.zeros((3, 28, 20)))) == [(28, 20)] * 3
    assert sizes(np.zeros((3, 2, 2))) == [(2, 2)] * 3
    with pytest.raises(ValueError, match="three grey pictures, or one with its channels first"):
        gates.pictures(np.zeros((3, 28, 20)))


def test_paths_come_as_text_path_or_tensor(tmp_path):
    tf = pytest.importorskip("tensorflow")
    file = tmp_path / "red.png"
    Image.new("RGB", (3, 2), "red").save(file)
    for images in (file, str(file), [file], np.array([str(file)]), tf.constant([str(file)])):
        (picture,) = gates.pictures(images)
        assert picture.tolist() == [[[255, 0, 0]] * 3] * 2
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        gates.pictures([tmp_path / "missing.png"])


ROW = [0, 51, 255]


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (np.array([ROW], np.uint8), ROW),
        (np.array([ROW], np.int64), ROW),
        (np.array([ROW], np.float64), ROW),
        (np.array([[0, 0.5, 1]], np.float16), [0, 127, 255]),
        (np.array([[-0.004, 0.2, 1.004]]), ROW),
        (np.array([[-1.5, 51, 256.5]]), ROW),
        (np.array([ROW], np.uint16) * 257, ROW),
        (np.array([[False, True]]), [0, 255]),
        (np.array([[0, 1]], np.int32), [0, 255]),
        (np.array([[0, 1]], np.uint8), [0, 255]),
        (np.zeros((1, 2), np.float32), [0, 0]),
        (np.zeros((1, 2), np.uint8), [0, 0]),
    ],
)
def test_every_range_that_pictures_have_becomes_bytes(array, shown):
    (picture,) = gates.pictures(array)
    assert picture.dtype == np.uint8 and picture.tolist() == [shown]


def test_bfloat16_is_a_float():
    tf = pytest.importorskip("tensorflow")
    (picture,) = gates.pictures(tf.constant([[0.0, 0.5, 1.0]], tf.bfloat16))
    assert picture.tolist() == [[0, 127, 255]]


def test_the_range_is_that_of_all_arrays_together():
    dark, light = np.full((2, 2), 1.0, np.float32), np.full((2, 2), 200.0, np.float32)
    assert [p.max() for p in gates.pictures([dark, light])] == [1, 200]
    assert [p.max() for p in gates.pictures(np.stack([dark, light]))] == [1, 200]
    assert [p.max() for p in gates.pictures([dark, light.astype(np.uint8)])] == [255, 200]


@pytest.mark.parametrize(
    "array",
    [
        np.array([[-1.0, 0.3, 1.0]]),
        np.array([[-2.1, 0.3, 2.6]]),
        np.array([[0.0, 1.5]]),
        np.array([[0.0, 300.0]]),
        np.array([[0.0, np.nan]]),
        np.array([[np.inf, 0.0]]),
        np.array([[-5, 200]]),
        np.array([[0, 70000]]),
    ],
)
def test_values_that_are_not_a_pictures_are_refused(array):
    with pytest.raises(ValueError, match="before they are preprocessed"):
        gates.pictures(array)
    with pytest.raises(ValueError, match="before they are preprocessed"):
        gates.pictures([np.zeros((1, 2), array.dtype), array, np.zeros((1, 2), array.dtype)])


def test_transparent_pixels_are_laid_on_white():
    clear, half = [10, 20, 30, 0], [0, 100, 200, 51]
    (picture,) = gates.pictures(np.array([[clear, half]], np.uint8))
    assert picture.tolist() == [[[255, 255, 255], [204, 224, 244]]]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (Dataset(), "next"),
        (frozenset({"a.jpg"}), "without training=True"),
        ({"a.jpg": 1}, "no order"),
        (None, "list"),
        (5, "list"),
        ([1, 2], "paths, PIL images or arrays"),
        (np.arange(3), "paths, PIL images or arrays"),
        ([None], "paths, PIL images or arrays"),
    ],
)
def test_what_is_no_picture_is_refused(images, message):
    with pytest.raises(TypeError, match=message):
        gates.pictures(images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "empty"),
        (np.zeros((0, 4, 4, 3)), "empty"),
        ([np.zeros((4, 4, 4, 3)), np.zeros((2, 4, 4, 3))], "concatenate"),
        ((np.zeros((2, 4, 4, 3)), np.zeros(2)), "images, labels = batch"),
        ((np.zeros((2, 4, 4, 3)), np.eye(2)), "images, labels = batch"),
        ([np.zeros((4, 4, 7))], "height, width"),
        ([np.zeros((4, 0, 3))], "height, width"),
        ([np.zeros((3, 40, 50))], "channels last"),
        ([np.zeros((4, 4), complex)], "numbers"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        gates.pictures(images)


def test_no_file_is_opened_before_it_is_needed():
    assert gates.picture_list(["nowhere.jpg", "nor_here.jpg"]) == ["nowhere.jpg", "nor_here.jpg"]


# ---------------------------------------------------------------- input of a network


@pytest.fixture(scope="module")
def networks():
    """One that scales 0–255 down itself, alone and inside another, and one that does not."""
    keras = pytest.importorskip("keras")
    scaling = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Rescaling(1 / 255)])
    flip = keras.layers.RandomFlip()
    around = keras.Sequential([keras.Input((4, 4, 3)), flip, scaling, keras.layers.Flatten()])
    pixels = keras.Input((4, 4, 3), name="raw_pixels")
    named = keras.Model(pixels, keras.layers.Flatten()(pixels))
    late = [keras.layers.Conv2D(1, 3), keras.layers.Rescaling(1 / 255)]
    plain = keras.Sequential([keras.Input((4, 4, 3)), *late])
    x = keras.Input((4, 4, 3))
    divided = keras.Model(x, keras.layers.Flatten()(x / 255))
    return [scaling, around, named, divided], plain


def test_preprocessed_pixels_do_not_go_into_a_network_that_preprocesses(networks):
    preprocessing, plain = networks
    scaled = np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 4, 4, 3)
    for model in preprocessing:
        for pixels in (scaled, 2 * scaled - 1, 100 * scaled - 50, 25500 * scaled):
            with pytest.raises(ValueError, match="raw pixels, 0–255"):
                gates.raw_pixels(pixels, model)
        gates.raw_pixels(255 * scaled, model)
        gates.raw_pixels(0 * scaled, model)  # a black picture
        gates.raw_pixels((255 * scaled).astype(np.uint8) // 255, model)
    gates.raw_pixels(scaled, plain)
    gates.raw_pixels(25500 * scaled, plain)
    gates.raw_pixels(2 * scaled - 1, plain)
