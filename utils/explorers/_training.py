"""Recorded learning curves, and where early stopping would have stopped them."""

from collections.abc import Mapping

import numpy as np

from utils import plots
from utils.explorers._page import page

MOST_RUNS = 4
MOST_EPOCHS = 500


def training(histories):
    """Explore recorded trainings: when would early stopping have stopped, and what would it keep?

    A slider sets the patience of Keras' ``EarlyStopping("val_loss", patience)``; the stop and the
    epoch with the lowest validation loss move on the curves, and a table says what was measured
    there. Another slider smooths the curves. With several runs, one is chosen and the validation
    curves of the others lie behind it.

    Args:
        histories: what `model.fit` returned, with validation after each epoch, or its `.history`
            dict; or a dict from at most 4 names to these. Each has ``loss``; an ``accuracy`` is
            shown, too.

    Returns:
        IPython.display.HTML: a page in a frame.

    Raises:
        ValueError: there is no such history, a loss or validation is missing or not a finite
            number, or there are too many runs or epochs.
    """
    runs = _runs(histories)
    has_accuracy = all("accuracy" in run and "val_accuracy" in run for run in runs.values())
    metrics = ["loss", "accuracy"] if has_accuracy else ["loss"]
    rows = [{"name": name, **_numbers(name, run, metrics)} for name, run in runs.items()]
    lengths = [len(row["loss"]) for row in rows]
    first = rows[0]
    best = int(np.argmin(first["val_loss"]))
    alt = (
        f"Learning curves of {', '.join(runs) if len(runs) > 1 else 'a training'}. The validation "
        f"loss is lowest after epoch {best + 1} of {lengths[0]}: {first['val_loss'][best]:.3f}."
    )
    still = plots.plot_history(
        {metric: first[metric] for metric in first if metric != "name"}, metrics=metrics[::-1]
    )
    return page(
        ("training.js",),
        {"runs": rows, "metrics": metrics, "most_epochs": max(lengths)},
        still=still,
        alt=alt,
        title="When would early stopping have stopped?",
        height=720,
    )


def _runs(histories):
    """Return a dict from names to dicts of lists."""
    values = getattr(histories, "history", histories)
    if isinstance(values, Mapping) and "loss" in values and not _is_history(values["loss"]):
        values = {"the training": values}
    if not isinstance(values, Mapping) or not values or not all(map(_is_history, values.values())):
        raise ValueError(
            "explore.training takes what model.fit returned, or a dict of names and such histories."
        )
    if len(values) > MOST_RUNS:
        raise ValueError(
            f"{len(values)} runs are too many to tell apart; give at most {MOST_RUNS}."
        )
    return {str(name): getattr(one, "history", one) for name, one in values.items()}


def _is_history(one):
    return isinstance(getattr(one, "history", one), Mapping)


def _numbers(name, run, metrics):
    """Return a run's losses and accuracies as lists of float, one number for each epoch."""
    needed = [key for metric in metrics for key in (metric, f"val_{metric}")]
    if missing := [key for key in needed if key not in run]:
        raise ValueError(
            f"No {missing[0]!r} was recorded for {name}. Train with "
            "model.fit(..., validation_data=...)."
        )
    try:
        numbers = {key: np.asarray(run[key], dtype=float) for key in needed}
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} should have a number for each epoch, as Keras records."
        ) from error
    epochs = numbers["loss"].size
    if any(array.shape != (epochs,) for array in numbers.values()) or not epochs:
        raise ValueError(f"{name} should have one loss and one val_loss for each epoch.")
    if epochs > MOST_EPOCHS:
        raise ValueError(f"{name} has {epochs} epochs; at most {MOST_EPOCHS} can be shown.")
    for key, array in numbers.items():
        if not np.all(np.isfinite(array)):
            raise ValueError(
                f"{key!r} of {name} is no number after epoch {np.isfinite(array).argmin() + 1}: "
                "the training failed there. A smaller learning rate may help."
            )
        if "accuracy" in key and (array.min() < 0 or array.max() > 1 + 1e-6):
            raise ValueError(f"{key!r} of {name} should lie between 0 and 1, as Keras records it.")
    return {key: [round(float(value), 6) for value in array] for key, array in numbers.items()}
