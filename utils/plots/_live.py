"""Curves that grow while a network trains."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import time
from collections.abc import Mapping

import keras

from utils.plots._curves import plot_history

SHARE = 0.04  # of the training time, at most, goes into drawing


class LiveCurves(keras.callbacks.Callback):
    """Draw the learning curves in the notebook while a network trains, with the time left.

    A callback for ``model.fit(..., callbacks=[LiveCurves()], verbose=0)``. The figure is that of
    `plot_history`, and takes the place of the lines that Keras prints. In a saved notebook its last
    state stands. Outside a notebook it draws nothing.

    Args:
        after: the History of a fit that this one goes on from (`initial_epoch`); its curves are
            drawn first. Or its dict; or None.

    Raises:
        TypeError: `after` is something else.
    """

    def __init__(self, after=None):
        super().__init__()
        before = {} if after is None else getattr(after, "history", after)
        if not isinstance(before, Mapping):
            raise TypeError(f"after={after!r:.60} should be what an earlier model.fit returned.")
        self._before = before

    def on_train_begin(self, logs=None):
        self._shown = in_notebook()
        self._start = self._wait_until = time.monotonic()
        self._curves, self._handle, self._first = {}, None, None

    def on_epoch_end(self, epoch, logs=None):
        self._first = epoch if self._first is None else self._first
        for name, value in (logs or {}).items():
            self._curves.setdefault(name, []).append(float(value))
        now, last = time.monotonic(), self.params["epochs"]
        if not self._shown or now < self._wait_until:
            return  # what is left out now, on_train_end draws
        left = (now - self._start) / (epoch + 1 - self._first) * (last - epoch - 1)
        self._draw(f"epoch {epoch + 1} of {last}, {_duration(left)} left")
        self._wait_until = time.monotonic() + (time.monotonic() - now) / SHARE

    def on_train_end(self, logs=None):
        if not self._shown or not self._curves:
            return
        epochs = len(next(iter(self._curves.values())))
        seconds = time.monotonic() - self._start
        more = "more " if self._before else ""
        self._draw(f"{epochs} {more}epoch{'s' if epochs > 1 else ''} in {_duration(seconds)}")

    def _draw(self, title):
        from IPython.display import display

        every = {
            name: [*self._before.get(name, ()), *values]
            for name, values in self._curves.items()
            if name.removeprefix("val_") in self._curves
        }
        drawn_before = len(next(iter(self._before.values()), ()))
        names = [name for name in ("accuracy", "loss") if name in every]
        figure = plot_history(every, metrics=names or [n for n in every if n[:4] != "val_"])
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, color="#404040")
        for axis in figure.axes:
            axis.set_xlim(0.6, self.params["epochs"] - (self._first or 0) + drawn_before + 0.4)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)


def in_notebook():
    """Whether there is a place to show a figure: IPython runs."""
    from IPython import get_ipython

    return get_ipython() is not None


def _duration(seconds):
    """Write a duration as one reads it on a clock: 42 s, 3 min."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
