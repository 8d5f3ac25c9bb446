"""Figures of week 2: dropout, and runs under several conditions."""

import keras
import numpy as np
import pytest

from utils import inside, plots


def test_dropped_units_get_a_cross_and_silent_ones_do_not():
    figure = plots.show_dropout([0, 2, 1, 3, 0], [0, 0, 1.5, 0, 0], columns=3)
    (crosses,) = figure.axes[1].lines
    assert list(zip(*crosses.get_data(), strict=True)) == [(1, 0), (0, 1)]
    first, second = (axis.images[0] for axis in figure.axes)
    assert first.get_clim() == second.get_clim()
    assert first.get_array().shape == (2, 3)


@pytest.mark.parametrize("pair", [([], []), ([1, 2], [1]), ([-1.0], [0.0])])
def test_dropout_needs_outputs_before_and_after(pair):
    with pytest.raises(ValueError, match="as many outputs"):
        plots.show_dropout(*pair)


def test_outputs_around_dropout_are_numbers_of_one_picture():
    assert plots.show_dropout(np.ones((1, 20)), np.ones((1, 20))).axes
    for pair in (
        ([1, np.nan], [1, 1]),
        ([1, 1], [1, np.inf]),
        (None, None),
        (np.ones((2, 5)),) * 2,
        ([[1], [2, 3]],) * 2,
    ):
        with pytest.raises(ValueError, match="should be a list of numbers"):
            plots.show_dropout(*pair)
    for columns in (0, 2.5, "a"):
        with pytest.raises(ValueError, match="columns"):
            plots.show_dropout([1], [1], columns=columns)


def test_conditions_show_each_run_the_mean_and_this_run():
    runs = {"plain": [[0.7, 0.8], [0.9]], "both": [[], [0.8, np.nan]]}
    figure = plots.plot_conditions(["a", "b"], runs, here={"plain": [0.75, None]}, guess=0.5)
    (axis,) = figure.axes
    means, first, second, own, means_both, *_ = axis.lines
    assert np.allclose(means.get_ydata(), [75, 90])
    assert np.allclose(first.get_ydata(), [70, 80]) and np.allclose(second.get_ydata(), [90])
    assert np.allclose(own.get_ydata(), [75])
    assert np.isnan(means_both.get_ydata()[0]) and means_both.get_ydata()[1] == 80
    assert means.get_color() == plots.NETWORKS[0] != means_both.get_color()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["plain", "both", "this run"]


def test_nothing_recorded_is_no_error():
    figure = plots.plot_conditions(["a", "b"], {"plain": [[], []]})
    assert not figure.legends


def test_conditions_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="2 conditions"):
        plots.plot_conditions(["a", "b"], {"plain": [[0.5]]})
    with pytest.raises(ValueError, match="2 conditions"):
        plots.plot_conditions(["a", "b"], {"plain": [[], []]}, here={"plain": [0.5]})
    with pytest.raises(ValueError, match="colours"):
        plots.plot_conditions(["a"], dict.fromkeys("wxyz", [[]]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((["a", "b"], {"r": [60, 70]}), "divide per cent"),
        ((["a", "b"], {"r": [-0.1, 0.7]}), "between 0 and 1"),
        ((["a", "b"], {"r": "xy"}), "2 conditions"),
        ((["a", "b"], {"r": {"a": 0.6, "b": 0.7}}), "2 conditions"),
        ((["a", "b"], [0.6, 0.7]), "dict"),
        ((["a", "b"], {}), "empty"),
        (("ab", {"r": [0.6, 0.7]}), "list of names"),
        (({"a", "b"}, {"r": [0.6, 0.7]}), "list of names"),
        (([], {"r": []}), "list of names"),
    ],
)
def test_conditions_take_shares_in_order(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plots.plot_conditions(*given)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"guess": 50}, "divide per cent"),
        ({"guess": "half"}, "guess"),
        ({"here": {"r": [60, 70]}}, "divide per cent"),
        ({"here": {"other": [0.6, 0.7]}}, "'other', but the recipes are r"),
        ({"here": [0.6, 0.7]}, "dict"),
    ],
)
def test_this_runs_shares_belong_to_a_recipe(more, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plots.plot_conditions(["a", "b"], {"r": [0.6, 0.7]}, **more)


class CornerModel(keras.Sequential):
    """Says dog (class 1) when the upper left corner is bright."""

    def call(self, pictures, **_):
        bright = keras.ops.mean(pictures[:, :4, :4], axis=(1, 2, 3)) / 255
        return 0.02 + 0.96 * bright[:, None]


def corner():
    model = CornerModel([keras.Input((12, 12, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    picture = np.zeros((12, 12, 3), np.float32)
    picture[:4, :4] = 250
    return model, picture


def test_occlusion_finds_the_part_that_the_answer_hangs_on():
    model, picture = corner()
    heat = inside.occlusion(model, picture, steps=4)
    assert heat.shape == (4, 4) and heat.dtype == np.float32
    assert heat[0, 0] == heat.max() > 0
    assert not heat[2:, 2:].any()
    with pytest.raises(ValueError, match="patch"):
        inside.occlusion(model, picture, patch=3)


def test_pictures_above_the_heat_are_shown_as_what_they_are():
    inputs = [keras.Input((12, 12, 1)), keras.layers.Flatten()]
    model = keras.Sequential([*inputs, keras.layers.Dense(1, activation="sigmoid")])
    ramp = np.linspace(0, 1, 144, dtype=np.float32).reshape(12, 12, 1)
    for picture in (ramp, 2 * ramp - 1, 255 * ramp):  # as networks without preprocessing take them
        figure = plots.show_occlusion({"grey": model}, picture[np.newaxis])
        shown = np.asarray(figure.axes[0].images[0].get_array(), dtype=int)
        assert np.abs(shown - 255 * ramp[..., 0]).max() <= 1
    for models in (model, [model], {}, None):
        with pytest.raises((TypeError, ValueError), match="models"):
            plots.show_occlusion(models, ramp[np.newaxis])


def test_each_network_gets_a_row_below_the_pictures():
    model, picture = corner()
    figure = plots.show_occlusion(
        {"biased": model, "mended": model}, [picture] * 3, titles=list("abc")
    )
    assert len(figure.axes) == 9
    assert [axis.get_title(loc="left") for axis in figure.axes[:3]] == list("abc")
    assert figure.axes[3].get_ylabel() == "biased"
