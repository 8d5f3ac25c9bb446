"""Behaviour of utils.plots."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from utils import plots


class FakeHistory:
    def __init__(self, history, epoch=None):
        self.history = history
        self.epoch = epoch or list(range(len(history["accuracy"])))


def curves(train=0.9, validation=0.7, epochs=3):
    return {
        "accuracy": list(np.linspace(0.5, train, epochs)),
        "val_accuracy": list(np.linspace(0.5, validation, epochs)),
        "loss": list(np.linspace(0.7, 0.1, epochs)),
        "val_loss": list(np.linspace(0.7, 0.6, epochs)),
    }


def texts(figure):
    """Every visible text of a figure."""
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in found if artist.get_text())


@pytest.fixture(autouse=True)
def nothing_left_open():
    size, font = plt.rcParams["figure.figsize"], plt.rcParams["font.size"]
    yield
    assert plt.get_fignums() == [], "an open figure is shown twice by a notebook"
    assert plt.rcParams["figure.figsize"] == size and plt.rcParams["font.size"] == font


@pytest.fixture
def picture_folder(tmp_path):
    for name, sizes in {"Cat": [(30, 20), (60, 90)], "Dog": [(40, 40)]}.items():
        (tmp_path / name).mkdir()
        for index, size in enumerate(sizes):
            Image.new("RGB", size, "red").save(tmp_path / name / f"{index}.jpg")
    return tmp_path


# ---------------------------------------------------------------- learning curves


def test_training_and_validation_differ_by_colour_and_line_style():
    figure = plots.plot_history(FakeHistory(curves()))
    assert isinstance(figure, Figure)
    for axis in figure.axes:
        train, validation = axis.lines
        assert (to_hex(train.get_color()), train.get_linestyle()) == ("#0072b2", "-")
        assert (to_hex(validation.get_color()), validation.get_linestyle()) == ("#e69f00", "--")
        assert validation.get_marker() == "o"
        assert list(train.get_xdata()) == [1, 2, 3]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata()[-1], 90)
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata()[-1], 0.1)
    assert "final gap: 20 points" in texts(figure)
    assert "final gap: 0.50" in texts(figure)
    assert "accuracy (%)" in texts(figure)


def test_history_may_be_a_dict_without_validation():
    figure = plots.plot_history({"accuracy": [0.5]}, metrics=("accuracy",))
    (line,) = figure.axes[0].lines
    assert line.get_marker() == "o", "one epoch without a marker is invisible"
    assert "gap" not in texts(figure)


def test_several_histories_have_a_colour_each_and_a_style_per_part():
    runs = {"plain": curves(), "augmented": FakeHistory(curves(0.8, 0.78))}
    figure = plots.plot_history(runs)
    lines = figure.axes[0].lines
    assert len(lines) == 4
    assert lines[0].get_color() == lines[1].get_color() == plots.NETWORKS[0]
    assert lines[2].get_color() == plots.NETWORKS[1]
    assert lines[0].get_linestyle() == "-" and lines[1].get_linestyle() == "--"
    assert lines[0].get_linewidth() < lines[1].get_linewidth()
    for word in ("plain", "augmented", "training", "validation"):
        assert word in texts(figure)


def test_epochs_of_a_continued_training_go_on_counting():
    figure = plots.plot_history(FakeHistory(curves(), epoch=[10, 11, 12]), fine_tuning_starts=12)
    assert list(figure.axes[0].lines[0].get_xdata()) == [11, 12, 13]
    assert list(figure.axes[0].lines[-1].get_xdata()) == [11.5, 11.5]
    assert "fine-tuning" in texts(figure)


def test_unknown_metric_and_unusable_history_are_explained():
    with pytest.raises(ValueError, match="accuracy, loss"):
        plots.plot_history(curves(), metrics=("precision",))
    with pytest.raises(ValueError, match=r"model\.fit"):
        plots.plot_history(None)
    with pytest.raises(ValueError, match="two figures"):
        plots.plot_history({str(number): curves() for number in range(8)})
    with pytest.raises(ValueError, match="'accuracy' as the metric"):
        plots.plot_history(curves(), metrics="val_accuracy")
    with pytest.raises(ValueError, match="empty"):
        plots.plot_history(curves(), metrics=())
    with pytest.raises(ValueError, match="after the last epoch, 3"):
        plots.plot_history(curves(), fine_tuning_starts=4)
    with pytest.raises(ValueError, match="each epoch"):
        plots.plot_history({**curves(epochs=4), "loss": [0.1, 0.2]})


def test_accuracies_in_per_cent_are_refused():
    for key in ("accuracy", "val_accuracy"):
        with pytest.raises(ValueError, match="divide per cent by 100"):
            plots.plot_history({**curves(), key: [50.0, 60.0, 70.0]})
    plots.plot_history({**curves(), "loss": [5.0, 2.0, float("nan")]})  # losses have no limit


def test_metrics_are_names_in_an_order():
    for metrics in ({"loss", "accuracy"}, None, 5, [0], b"loss", ["loss", None], ()):
        with pytest.raises(ValueError, match="metrics=.* in the order of the panels"):
            plots.plot_history(curves(), metrics=metrics)


def test_what_was_recorded_is_one_number_an_epoch():
    for values in ([[0.5, 0.4]], 0.5, ["a"]):
        with pytest.raises(ValueError, match="'loss'.* one number for each epoch"):
            plots.plot_history({"loss": values}, metrics="loss")
    with pytest.raises(ValueError, match="between 0 and 1"):
        plots.plot_history({"accuracy": [0.5, np.nan]}, metrics="accuracy")


def test_a_loss_that_is_no_number_is_said_instead_of_a_gap():
    values = [0.5, np.nan, np.nan]
    figure = plots.plot_history({"loss": values, "val_loss": values}, metrics="loss")
    assert figure.axes[0].get_title(loc="right") == "not a number in epoch 2"


def validated(epochs, validations):
    values = curves(epochs=epochs)
    short = {key: values[key][:validations] for key in ("val_accuracy", "val_loss")}
    return FakeHistory(values | short, epoch=list(range(epochs)))


def test_rare_validations_stand_at_their_epochs():
    figure = plots.plot_history(validated(7, 3))  # validation_freq=2
    train, validation = figure.axes[0].lines
    assert list(validation.get_xdata()) == [2, 4, 6]
    last = train.get_ydata()[5] - validation.get_ydata()[2]
    assert f"final gap: {last:.0f} points" in texts(figure), "both after epoch 6"
    by_dict = plots.plot_history(validated(10, 2).history)
    assert list(by_dict.axes[0].lines[1].get_xdata()) == [5, 10]
    continued = FakeHistory(
        {**curves(epochs=5), "val_accuracy": [0.5, 0.6, 0.7]}, list(range(5, 10))
    )
    figure = plots.plot_history(continued, metrics="accuracy")
    assert list(figure.axes[0].lines[1].get_xdata()) == [6, 8, 10]


def test_validations_at_unknown_epochs_are_refused():
    for history in (validated(7, 3).history, validated(11, 2), validated(4, 3)):
        with pytest.raises(ValueError, match="not known after which"):
            plots.plot_history(history)


# ---------------------------------------------------------------- pictures


def test_show_images_takes_paths_arrays_and_pil_images_of_any_shape(picture_folder):
    images = [
        picture_folder / "Cat" / "0.jpg",
        str(picture_folder / "Cat" / "1.jpg"),
        Image.new("L", (5, 7)),
        np.full((8, 4, 3), 200.0, np.float32),
        np.zeros((6, 6, 1), np.uint8),
    ]
    figure = plots.show_images(images, titles=list("abcde"), columns=3, suptitle="five")
    shown = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    shapes = [array.shape[:2] for array in shown]
    assert shapes == [(20, 30), (90, 60), (7, 5), (8, 4), (6, 6)]
    assert shown[3].max() == 200, "values from 0 to 255 are kept"
    assert "five" in texts(figure) and "e" in texts(figure)
    assert sum(not axis.axison for axis in figure.axes) == 6


def test_show_images_understands_batches_and_single_pictures():
    assert sum(len(a.images) for a in plots.show_images(np.zeros((5, 4, 4, 3))).axes) == 5
    assert sum(len(a.images) for a in plots.show_images(np.zeros((5, 28, 28))).axes) == 5
    assert sum(len(a.images) for a in plots.show_images(np.zeros((9, 9, 3))).axes) == 1
    scaled = plots.show_images([np.ones((2, 2, 3))]).axes[0].images[0].get_array()
    assert scaled.min() == 255, "floats up to 1 are shown bright, not black"


def test_show_images_turns_photos_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "edge.jpg", exif=exif)
    figure = plots.show_images([tmp_path / "edge.jpg"])
    assert figure.axes[0].images[0].get_array().shape[:2] == (30, 20)


def test_show_images_explains_what_it_cannot_show(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"broken\.jpg"):
        plots.show_images([tmp_path / "broken.jpg"])
    with pytest.raises(ValueError, match="empty"):
        plots.show_images([])
    with pytest.raises(ValueError, match="2 pictures need 2 titles"):
        plots.show_images(np.zeros((2, 3, 3, 3)), titles=["one"])
    with pytest.raises(ValueError, match="height, width"):
        plots.show_images([np.zeros((4, 4, 7))])
    with pytest.raises(ValueError, match="columns"):
        plots.show_images(np.zeros((2, 3, 3, 3)), columns=0)


def test_labels_may_be_titles():
    for labels in (np.array([3, 0]), [3, 0]):
        figure = plots.show_images(np.zeros((2, 4, 4, 3)), labels)
        assert [axis.get_title() for axis in figure.axes] == ["3", "0"]


def test_one_grey_picture_is_one_picture():
    (axis,) = plots.show_images(np.zeros((28, 28, 1))).axes
    assert axis.images[0].get_array().shape == (28, 28)


def test_image_sizes_are_plotted_per_class(picture_folder):
    (picture_folder / "Dog" / "Thumbs.db").write_bytes(b"not a picture")
    figure = plots.show_image_sizes(picture_folder)
    cats, dogs = figure.axes[0].collections
    assert sorted(map(tuple, cats.get_offsets())) == [(30, 20), (60, 90)]
    assert list(map(tuple, dogs.get_offsets())) == [(40, 40)]
    shown = texts(figure)
    assert "smallest: 30 × 20" in shown and "largest: 60 × 90" in shown
    assert "Cat (2)" in shown and "Dog (1)" in shown
    assert "1 file is not shown" in shown


def test_image_sizes_are_those_of_upright_photos(tmp_path):
    (tmp_path / "Cat").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "Cat" / "edge.jpg", exif=exif)
    (cats,) = plots.show_image_sizes(tmp_path).axes[0].collections
    assert list(map(tuple, cats.get_offsets())) == [(20, 30)]


def test_image_sizes_need_class_folders(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="one folder per class"):
        plots.show_image_sizes(tmp_path / "empty")
    with pytest.raises(ValueError, match="no folder"):
        plots.show_image_sizes(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="path of a folder"):
        plots.show_image_sizes(["Cat", "Dog"])


# ---------------------------------------------------------------- inside a network


def test_colour_filters_are_scaled_each_by_its_own_range():
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[0, 0, 0, 0] = 100
    kernel[0, 0, 0, 1] = -0.001
    figure = plots.show_filters(kernel)
    tiles = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert [tile.shape for tile in tiles] == [(3, 3, 3)] * 3
    assert tiles[0][0, 0, 0] == 1 and tiles[1][0, 0, 0] == 0
    assert np.all(tiles[0][1:] == 0.5), "a weight of zero is mid-grey"
    assert np.all(tiles[2] == 0.5), "a filter of zeros does not divide by zero"


def test_deeper_filters_show_their_first_channel():
    kernel = np.zeros((3, 3, 16, 70), np.float32)
    kernel[1, 1, 0, :] = 2
    kernel[1, 1, 0, 1] = -2
    figure = plots.show_filters(kernel)
    tiles = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(tiles) == 64 and tiles[0].shape == (3, 3)
    assert [tile[1, 1] for tile in tiles[:3]] == [1, 0, 1]
    assert "64 of 70" in texts(figure) and "channel 0 of 16" in texts(figure)
    with pytest.raises(ValueError, match="Conv2D"):
        plots.show_filters(np.zeros((10, 2)))


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def sequential(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 12, 3)),
            layers.Conv2D(4, 3, activation="relu", name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(1),
        ]
    )
    kernel, bias = model.get_layer("first").get_weights()
    kernel[..., 1], bias[1] = 0, -1  # a dead filter
    kernel[..., 0], bias[0] = 1, 0
    kernel[..., 2:] = np.abs(kernel[..., 2:])  # alive, whatever the random weights
    model.get_layer("first").set_weights([kernel, bias])
    return model


def journey(figure):
    """{row label: its maps as arrays}."""
    return {axis.get_ylabel(): [image.get_array() for image in axis.images] for axis in figure.axes}


def test_feature_maps_follow_the_picture_and_name_dead_maps(sequential):
    image = np.random.default_rng(0).uniform(0, 255, (16, 12, 3)).astype("float32")
    figure = plots.show_feature_maps(sequential, image)
    rows = journey(figure)
    names = ["picture\n16 × 12 × 3", "first\n14 × 10 × 4\n1 silent", "pool\n7 × 5 × 4\n1 silent"]
    assert list(rows) == names
    first = rows[names[1]]
    expected = sum(image[i : i + 14, j : j + 10].sum(-1) for i in range(3) for j in range(3))
    expected = (expected - expected.min()) / np.ptp(expected)
    np.testing.assert_allclose(first[0], expected, atol=1e-4)
    assert np.shape(first[-1]) == np.shape(rows[names[2]][-1]) == (1, 1), "the dead filter's, last"
    assert "call" not in vars(sequential.get_layer("first")), "the model is left as it was"


def test_feature_maps_of_a_deep_model_show_the_last_layer_of_each_size(keras):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8, 8, 1))]
        + [layers.Conv2D(1, 3, padding="same", name=f"c{i}") for i in range(9)]
        + [layers.MaxPooling2D(name="half")]
        + [layers.Conv2D(1, 3, padding="same", name=f"d{i}") for i in range(4)]
    )
    rows = journey(plots.show_feature_maps(model, np.ones((8, 8, 1))))
    assert [label.split("\n")[0] for label in rows] == ["picture", "c8", "d3"]


def test_feature_maps_show_eight_of_each_layer(keras):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(9, 3, name="nine")])
    rows = journey(plots.show_feature_maps(model, np.ones((8, 8, 1))))
    assert [len(maps) for maps in rows.values()] == [1, 8]


def test_feature_maps_explain_a_wrong_picture(sequential):
    with pytest.raises(ValueError, match="16 × 12 × 3"):
        plots.show_feature_maps(sequential, np.zeros((12, 16, 3)))


# ---------------------------------------------------------------- a convolution at work


def test_a_step_of_a_convolution_shows_its_arithmetic():
    picture, weights = np.arange(20.0).reshape(4, 5), np.array([[-1.0, 0, 1]] * 3)
    feature_map = np.full((2, 3), 4.0)
    figure = plots.show_convolution(picture, weights, feature_map, at=(1, 2), bias=-2)
    shown = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    np.testing.assert_array_equal(shown[1], picture[1:4, 2:5])
    np.testing.assert_array_equal(shown[2], weights)
    assert "sum 6.00\n+ bias −2.00\nReLU: 4.00" in texts(figure)
    for wrong in ({"at": (2, 0)}, {"at": (0, 0), "weights": weights[:2]}, {"weights": [1, 2]}):
        step = {"weights": weights, "at": (0, 0)} | wrong
        with pytest.raises(ValueError, match="map|rows and columns"):
            plots.show_convolution(picture, feature_map=feature_map, **step)


def step(**changed):
    """One filter, and the map that it makes."""
    picture = np.arange(16.0).reshape(4, 4) / 16
    made = np.array([[picture[i : i + 2, j : j + 2].sum() for j in range(3)] for i in range(3)])
    given = {"picture": picture, "weights": np.ones((2, 2)), "feature_map": made, "at": (1, 1)}
    return given | changed


def test_a_map_that_another_filter_made_is_refused():
    made = step()["feature_map"]
    assert plots.show_convolution(**step()).axes
    assert plots.show_convolution(**step(bias=0.5, feature_map=made + 0.5)).axes
    for changed in ({"bias": 0.5}, {"weights": np.eye(2)}, {"picture": 255 * step()["picture"]}):
        with pytest.raises(ValueError, match="it was made by others"):
            plots.show_convolution(**step(**changed))
    with pytest.raises(ValueError, match="after the ReLU"):
        plots.show_convolution(**step(weights=-np.ones((2, 2)), feature_map=-made))


def test_a_step_needs_numbers_and_a_place():
    nan = np.full((4, 4), np.nan)
    for changed in ({"picture": nan}, {"picture": "cat.png"}, {"bias": np.zeros(4)}, {"bias": "0"}):
        with pytest.raises(ValueError, match=f"(?s){next(iter(changed))}=.* should be"):
            plots.show_convolution(**step(**changed))
    for place in (5, None, (1, 2, 3), "11"):
        with pytest.raises(ValueError, match="at="):
            plots.show_convolution(**step(at=place))


def test_filters_and_maps_are_finite_and_titled_in_order():
    ones, map_ = np.ones((3, 3, 3)), np.ones((4, 4))
    for filters, maps in (([ones], [map_ * np.nan]), ([ones * np.nan], [map_]), ([ones], [ones])):
        with pytest.raises(ValueError, match="none of them NaN"):
            plots.show_filters_at_work(filters, maps, ["a"])
    for titles in ("ab", {"a", "b"}, None):
        with pytest.raises((TypeError, ValueError), match="one text per picture|one title"):
            plots.show_filters_at_work([ones] * 2, [map_] * 2, titles)
    with pytest.raises(ValueError, match="list of filters"):
        plots.show_filters_at_work(5, 5, ["a"])


def test_filters_stand_above_their_maps():
    filters, maps = [np.ones((3, 3, 3)), np.zeros((3, 3, 3))], [np.eye(4), np.zeros((4, 4))]
    figure = plots.show_filters_at_work(filters, maps, ["ones", "nothing"])
    assert [len(axis.images) for axis in figure.axes] == [3, 3, 1, 1]
    np.testing.assert_array_equal(figure.axes[2].images[0].get_array(), np.eye(4))
    assert "ones" in texts(figure) and "green" in texts(figure)
    for wrong in ([], filters[:1], [np.ones((3, 3))] * 2):
        with pytest.raises(ValueError, match="one map|3 dimensions"):
            plots.show_filters_at_work(wrong, maps, ["ones", "nothing"])


# ---------------------------------------------------------------- results


def bars(axis):
    return [
        [tuple(np.round(segment[:, 1], 6)) for segment in container[2][0].get_segments()]
        for container in axis.containers
    ]


def test_data_size_shows_sizes_and_intervals():
    figure = plots.plot_data_size([100, 400], [0.6, 0.75], intervals=[(0.55, 0.65), (0.7, 0.79)])
    axis = figure.axes[0]
    assert axis.get_xscale() == "log"
    assert list(axis.get_xticks()) == [100, 400]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["100", "400"]
    assert bars(axis) == [[(55, 65), (70, 79)]]


def test_data_size_averages_runs_and_compares_curves():
    scratch, transfer = [[0.5, 0.6], [0.7, 0.7]], [[0.9, 0.9], [0.95, 0.97]]
    figure = plots.plot_data_size([20, 80], {"from scratch": scratch, "transferred": transfer})
    axis = figure.axes[0]
    means = [container[0].get_ydata() for container in axis.containers]
    np.testing.assert_allclose(means, [[55, 70], [90, 96]])
    low, high = bars(axis)[0][0]
    np.testing.assert_allclose(high - low, 2 * np.std([50, 60], ddof=1), rtol=1e-5)
    assert "transferred" in texts(figure) and "2 runs" in texts(figure)
    with pytest.raises(ValueError, match="2 sizes"):
        plots.plot_data_size([20, 80], [0.5])


def test_data_size_draws_training_and_validation_as_everywhere():
    both = {"validation": [0.7, 0.8], "training": [1.0, 1.0]}
    axis = plots.plot_data_size([20, 80], both).axes[0]
    (validation, *_), (training, *_) = axis.containers
    assert (validation.get_color(), validation.get_linestyle()) == (plots.VALIDATION, "--")
    assert (training.get_color(), training.get_linestyle()) == (plots.TRAINING, "-")
    assert axis.get_ylabel() == "accuracy (%)"


def test_data_sizes_may_come_in_any_order():
    intervals = [(0.7, 0.79), (0.55, 0.65)]
    figure = plots.plot_data_size([400, 100], [0.75, 0.6], intervals=intervals)
    (line, *_) = figure.axes[0].containers[0]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([100, 400], [60, 75])
    assert bars(figure.axes[0]) == [[(55, 65), (70, 79)]]


@pytest.mark.parametrize(
    "given",
    [
        ({10: 0.6, 20: 0.7}, [0.6, 0.7]),
        ({10, 20}, [0.6, 0.7]),
        (10, 0.6),
        (None, [0.6]),
        ([10, 20], [[], [0.7]]),
        ([10, 20], [0.6, np.nan]),
        ([10, 20], {}),
        ([10, 20], 0.7),
        ([10, 20], {"a": 0.7}),
        ([10, 20], None),
        ([10, 20], ["a", "b"]),
        ([10, 20], [{}, {}]),
    ],
)
def test_data_size_takes_lists_of_numbers(given):
    with pytest.raises(ValueError, match="^(sizes|accuracies|Accuracies|Some accuracies)"):
        plots.plot_data_size(*given)


def test_data_size_explains_what_it_cannot_plot():
    sizes, accuracies = [100, 400], [0.6, 0.75]
    bad_intervals = (
        ([0.55, 0.7], [0.65, 0.79]),  # all lows, all highs
        [(0.55, 0.74), (0.65, 0.79)][::-1],
        [(55, 65), (70, 79)],
        [(0.55, 0.65), None],
        [(0.55, 0.65)],
        [0.05, 0.04],
    )
    for intervals in bad_intervals:
        with pytest.raises(ValueError, match=r"zip\(lows, highs\)"):
            plots.plot_data_size(sizes, accuracies, intervals=intervals)
    for values in ([60, 75], [0.6, float("nan")], [-0.1, 0.5], [[0.6], [[0.7]]]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            plots.plot_data_size(sizes, values)
    for wrong in ([100, 100], [0, 100], [0.5, 1], []):
        with pytest.raises(ValueError, match="size"):
            plots.plot_data_size(wrong, accuracies[: len(wrong)])
    for intervals in ([(0.5, 0.7), (0.7, 0.8)], {"b": [(0.5, 0.7), (0.7, 0.8)]}):
        with pytest.raises(ValueError, match="same names: a"):
            plots.plot_data_size(sizes, {"a": accuracies}, intervals=intervals)


def test_worst_mistakes_come_in_the_order_of_sureness():
    labels = [0, 1, 0, 1, 0]
    probabilities = np.array([[0.9], [0.8], [0.97], [0.3], [0.1]])
    images = [np.full((4, 4, 3), 10 * i, np.uint8) for i in range(5)]
    figure = plots.show_worst_mistakes(images, labels, probabilities, ["Cat", "Dog"], count=2)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.images[0].get_array().max() for axis in shown] == [20, 0]
    titles = [axis.get_title().replace("\n", " ") for axis in shown]
    assert titles == ["said Dog 97 %, is Cat", "said Dog 90 %, is Cat"]
    assert "3 mistakes" in texts(figure)


def test_worst_mistakes_of_many_classes():
    one_hot = np.eye(3)[[2, 1]]
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    figure = plots.show_worst_mistakes(np.zeros((2, 4, 4, 3)), one_hot, probabilities, list("abc"))
    assert [a.get_title().replace("\n", " ") for a in figure.axes] == ["said a 70 %, is c"]


def test_worst_mistakes_explain_no_mistakes_logits_and_mismatches():
    images = np.zeros((2, 4, 4, 3))
    figure = plots.show_worst_mistakes(images, [0, 1], [0.1, 0.9], ["Cat", "Dog"])
    assert "No mistakes on 2 pictures" in texts(figure)
    with pytest.raises(ValueError, match="sigmoid"):
        plots.show_worst_mistakes(images, [0, 1], [-3.0, 4.0], ["Cat", "Dog"])
    with pytest.raises(ValueError, match="do not belong together"):
        plots.show_worst_mistakes(images, [0, 1, 1], [0.1, 0.9, 0.2], ["Cat", "Dog"])
    with pytest.raises(ValueError, match="do not belong together"):
        plots.show_worst_mistakes(images[:1], [0, 1], [0.1, 0.9], ["Cat", "Dog"])
    with pytest.raises(ValueError, match="class names"):
        plots.show_worst_mistakes(images, [0, 1], np.full((2, 3), 1 / 3), ["Cat", "Dog"])
    with pytest.raises(TypeError, match="order of the class numbers"):
        plots.show_worst_mistakes(images, [0, 1], [0.1, 0.9], {"Cat", "Dog"})


def test_only_the_pictures_shown_are_opened(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "wrong.png")
    files = ["nowhere.png", str(tmp_path / "wrong.png"), "nor_here.png"]
    figure = plots.show_worst_mistakes(files, [0, 0, 1], [0.1, 0.9, 0.4], ["Cat", "Dog"], count=1)
    assert [axis.get_title() for axis in figure.axes] == ["said Dog 90 %,\nis Cat"]


def test_files_of_a_shuffled_training_set_have_no_order(picture_folder):
    pipelines = pytest.importorskip("utils.pipelines")
    data = pipelines.image_dataset(picture_folder, (8, 8), training=True)
    with pytest.raises(TypeError, match="without training=True"):
        plots.show_worst_mistakes(data.file_paths, [0, 0, 1], [0.1, 0.9, 0.4], ["Cat", "Dog"])


def test_confusion_matrix_counts_rows_as_truth():
    labels, predictions = [0, 0, 0, 1], [0, 1, 1, 1]
    figure = plots.plot_confusion_matrix(labels, predictions, ["Cat", "Dog", "Fox"])
    axis = figure.axes[0]
    cells = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axis.texts}
    assert (cells[0, 0], cells[0, 1], cells[1, 0], cells[1, 1]) == ("1", "2", "0", "1")
    assert [cells[row, 3] for row in range(3)] == ["33 %\n1 of 3", "100 %\n1 of 1", "–\n0 of 0"]
    assert [cells[3, column] for column in range(3)] == [
        "100 %\n1 of 1",
        "33 %\n1 of 3",
        "–\n0 of 0",
    ]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["Cat", "Dog", "Fox", "recall"]
    colours = axis.images[0].get_array()
    assert colours[0, 1, 0] - colours[0, 1, 2] > 0.5, "the largest error stands out"
    assert "2 of 4 right (50.0 %)" in texts(figure)
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")


def test_confusion_matrix_takes_probabilities_and_refuses_nonsense():
    by_probability = plots.plot_confusion_matrix([0, 1], [[0.2], [0.7]], ["Cat", "Dog"])
    assert "2 of 2 right" in texts(by_probability)
    by_row = plots.plot_confusion_matrix([0, 1], [[0.2, 0.8], [0.7, 0.3]], ["Cat", "Dog"])
    assert "0 of 2 right" in texts(by_row)
    for answers in ([-2.5, 3.1], [12.5, 80.0], [0.2, float("nan")]):
        with pytest.raises(ValueError, match="sigmoid|NaN"):
            plots.plot_confusion_matrix([0, 1], answers, ["Cat", "Dog"])
    with pytest.raises(ValueError, match="0 to 1"):
        plots.plot_confusion_matrix([0, 2], [0, 1], ["Cat", "Dog"])
    with pytest.raises(ValueError, match="do not belong together"):
        plots.plot_confusion_matrix([0, 1, 1], [0, 1], ["Cat", "Dog"])


# ---------------------------------------------------------------- answers among several classes


def test_outputs_stand_side_by_side_with_their_sums():
    figure = plots.plot_outputs({"logits": [2, 1, -1], "softmax": [0.7, 0.26, 0.04]}, list("abc"))
    assert [axis.get_title(loc="left") for axis in figure.axes] == [
        "logits: sum 2.00",
        "softmax: sum 1.00",
    ]
    assert [bar.get_height() for bar in figure.axes[0].patches] == [2, 1, -1]
    with pytest.raises(ValueError, match="3 numbers"):
        plots.plot_outputs({"logits": [2, 1]}, ["a", "b", "c"])


def test_prices_are_curves_over_the_margin():
    figure = plots.plot_prices([0, 30, 60], {"clipped": [0, 16, 16], "logits": [0, 30, 60]})
    assert [line.get_label() for line in figure.axes[0].lines] == ["clipped", "logits"]
    assert figure.axes[0].lines[0].get_linestyle() != figure.axes[0].lines[1].get_linestyle()
    with pytest.raises(ValueError, match="as many prices"):
        plots.plot_prices([0, 30], {"logits": [0]})


def test_outputs_and_prices_that_are_none_are_refused():
    for outputs in ([0.2, 0.8], [[0.2, 0.8]], None, {}):
        with pytest.raises((TypeError, ValueError), match="outputs"):
            plots.plot_outputs(outputs, ["a", "b"])
    for values in ([np.nan, 1], [[0.2, 0.8]], "ab", ["x", "y"]):
        with pytest.raises(ValueError, match="softmax=.* should be a list of numbers"):
            plots.plot_outputs({"softmax": values}, ["a", "b"])
    for margins, prices in (
        ([0, np.nan], {"a": [1, 2]}),
        ([0, 1], {"a": [1, np.nan]}),
        (5, {"a": 5}),
    ):
        with pytest.raises(ValueError, match="should be a list of numbers"):
            plots.plot_prices(margins, prices)
    for prices in ([1, 2], None, {}):
        with pytest.raises((TypeError, ValueError), match="prices"):
            plots.plot_prices([0, 1], prices)
    with pytest.raises(ValueError, match="too many to tell apart"):
        plots.plot_prices([0, 1], dict.fromkeys("abcd", [1, 2]))


def test_margins_may_come_in_any_order():
    (line,) = plots.plot_prices([1, -1, 0], {"price": [3, 1, 2]}).axes[0].lines
    assert list(line.get_xdata()) == [-1, 0, 1] and list(line.get_ydata()) == [1, 2, 3]


def test_answers_stand_below_their_pictures():
    pictures = [np.full((8, 8, 3), 90, np.uint8)] * 2
    figure = plots.show_answers(
        pictures, [[0.8, 0.2], [0.4, 0.6]], ["Cat", "Dog"], titles=["a", "b"]
    )
    assert "80 %" in texts(figure) and "60 %" in texts(figure)
    assert [axis.get_title(loc="left") for axis in figure.axes[:2]] == ["a", "b"]
    with pytest.raises(ValueError, match="one for each"):
        plots.show_answers(pictures, [[0.8, 0.2]], ["Cat", "Dog"])


def test_shares_carry_their_intervals_and_other_runs():
    counts = {
        "plain": {"here": (9, 10), "there": (5, 10)},
        "features": {"here": (10, 10), "there": (9, 10)},
    }
    figure = plots.plot_shares(counts, recorded={"plain": {"there": np.array([0.4, 0.6])}})
    axis = figure.axes[0]
    assert "90.0" in texts(figure) and "50.0" in texts(figure)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["here", "there"]
    assert any(list(line.get_xdata()) == [40, 60] for line in axis.lines)
    assert isinstance(plots.plot_shares(counts), Figure), "no recorded runs yet"
    with pytest.raises(ValueError, match="same groups"):
        plots.plot_shares({"plain": {"here": (1, 2)}, "features": {"there": (1, 2)}})
    with pytest.raises(ValueError, match="count pictures"):
        plots.plot_shares({"plain": {"here": (3, 2)}})


@pytest.mark.parametrize(
    "pair", [(0.7, 1), (7.9, 10), (True, 10), ("7", "10"), (float("nan"), 10), 0.7, (7, 10, 3)]
)
def test_shares_are_drawn_of_counts_alone(pair):
    with pytest.raises(ValueError, match="count pictures|pairs"):
        plots.plot_shares({"plain": {"here": pair}})


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        ({"plain": {"here": [60, 70]}}, "per cent"),
        ({"plain": {"here": [-0.6]}}, "between 0 and 1"),
        ({"other": {"here": [0.6]}}, "'other', but the networks are plain"),
        ({"plain": {"there": [0.6]}}, "'there', but .* groups here"),
        ({"here": {"plain": [0.6]}}, "'here', but the networks are plain"),
        ({"plain": [0.6]}, "dict"),
        ([0.6], "dict"),
    ],
)
def test_what_other_runs_saw_is_shares_of_the_same_networks(recorded, message):
    counts = {"plain": {"here": (7, 10)}}
    with pytest.raises((TypeError, ValueError), match=message):
        plots.plot_shares(counts, recorded=recorded)
    assert plots.plot_shares(counts, recorded={"plain": {"here": 0.6}}).axes
    for wrong in (None, [(7, 10)], {"here": (7, 10)}, {"plain": {}}):
        with pytest.raises((TypeError, ValueError), match="counts"):
            plots.plot_shares(wrong)


# ---------------------------------------------------------------- transfer


def test_transfer_shows_which_parts_are_trained():
    figure = plots.show_transfer(features=1280, classes=1000)
    shown = texts(figure)
    for words in ("as it is", "new head", "fine-tuned", "1,000 classes", "1,280 features"):
        assert words in shown
    faces = [to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches]
    trained = [index for index, face in enumerate(faces) if face == to_hex(plots.NETWORKS[1])]
    assert len(faces) == 12 and trained == [7, 9, 11]
    for wrong in ({"features": "1280"}, {"features": 1.5}, {"classes": 0}, {"classes": None}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            plots.show_transfer(**wrong)
