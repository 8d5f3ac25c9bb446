"""Curves that grow while a network trains."""

import keras
import numpy as np
import pytest

from utils import plots
from utils.plots import _live


class Handle:
    def __init__(self):
        self.figures = []

    def update(self, figure):
        self.figures.append(figure)


@pytest.fixture
def notebook(monkeypatch):
    """Pretend to be in a notebook; returns what was displayed."""
    handle = Handle()

    def display(figure, display_id):
        handle.update(figure)
        return handle

    monkeypatch.setattr(_live, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    return handle.figures


def train(epochs=5, after=None, **options):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", loss="binary_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(1)
    data = rng.random((40, 3), np.float32), rng.integers(0, 2, 40)
    return model.fit(
        *data, epochs=epochs, callbacks=[plots.LiveCurves(after)], verbose=0, **options
    )


def lines(axis):
    """y values of the curves that have as many points as there are epochs."""
    return [line.get_ydata() for line in axis.get_lines()]


def test_the_last_state_shows_all_epochs(notebook):
    history = train(validation_split=0.25).history
    accuracy, loss = notebook[-1].axes[:2]
    assert np.allclose(lines(loss)[0], history["loss"])
    assert np.allclose(lines(loss)[1], history["val_loss"])
    assert np.allclose(lines(accuracy)[0], 100 * np.array(history["accuracy"]))
    assert notebook[-1].get_suptitle().startswith("5 epochs in ")


def test_it_grows_and_says_how_much_is_left(notebook, monkeypatch):
    monkeypatch.setattr(_live, "SHARE", 1e9)  # draw after every epoch
    train()
    titles = [figure.get_suptitle() for figure in notebook]
    assert [title.rpartition(",")[0] for title in titles[:5]] == [
        f"epoch {epoch} of 5" for epoch in range(1, 6)
    ]
    assert titles[4] == "epoch 5 of 5, 0 s left"
    assert [len(lines(figure.axes[0])[0]) for figure in notebook] == [1, 2, 3, 4, 5, 5]
    assert {figure.axes[0].get_xlim() for figure in notebook} == {(0.6, 5.4)}


def test_drawing_takes_a_small_share_of_the_time(notebook, monkeypatch):
    moments = iter(np.arange(0, 1000, 0.5))  # every look at the clock is half a second later
    monkeypatch.setattr(_live.time, "monotonic", lambda: next(moments))
    train(epochs=30)
    assert 2 <= len(notebook) <= 8


def test_training_that_goes_on_counts_on(notebook):
    train(epochs=6, initial_epoch=4)
    assert len(lines(notebook[-1].axes[0])[0]) == 2
    assert notebook[-1].get_suptitle().startswith("2 epochs in ")


def test_curves_of_an_earlier_fit_are_drawn_first(notebook):
    first = train(epochs=2)
    second = train(epochs=5, initial_epoch=2, after=first)
    axis = notebook[-1].axes[1]
    assert np.allclose(lines(axis)[0], first.history["loss"] + second.history["loss"])
    assert axis.get_xlim() == (0.6, 5.4)
    assert notebook[-1].get_suptitle().startswith("3 more epochs in ")


def test_an_earlier_fit_may_be_its_dict(notebook):
    earlier = train(epochs=2)
    assert plots.LiveCurves(earlier.history)._before == plots.LiveCurves(earlier)._before
    for other in (5, "fit", [earlier], ("accuracy",)):
        with pytest.raises(TypeError, match="after=.* earlier model.fit"):
            plots.LiveCurves(other)


def test_outside_a_notebook_nothing_is_drawn(monkeypatch):
    monkeypatch.setattr(_live, "plot_history", None)
    assert len(train().history["loss"]) == 5


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (150, "2 min")])
def test_durations(seconds, text):
    assert _live._duration(seconds) == text
