"""What the tests of a patient show, drawn from its evidence in the course's style."""

from math import log

import matplotlib.pyplot as plt
import numpy as np

from utils.plots import (
    BLUE,
    CLASSES,
    NETWORKS,
    ORANGE,
    PALETTE,
    plot_confusion_matrix,
    plot_history,
)
from utils.plots._pictures import draw_grid
from utils.plots._style import course_style

GREY = "#404040"
KEYS = ("loss", "accuracy", "val_loss", "val_accuracy")


def _history(seen, prefix=""):
    return {key: seen[prefix + key] for key in KEYS}


def _as_pixels(pictures):
    """uint8 pictures of float ones, whose 1 is white."""
    return np.clip(np.round(np.asarray(pictures, np.float32) * 255), 0, 255).astype(np.uint8)


def _probabilities(values):
    """(n, k) of (n, k), or of (n, 1) that hold the probability of the second of two classes."""
    values = np.asarray(values, dtype=float)
    return np.hstack([1 - values, values]) if values.shape[1] == 1 else values


def curves(seen):
    """Accuracy and loss over the epochs."""
    return plot_history(_history(seen))


@course_style
def first_batch(seen):
    """Pictures as they reach the first convolution; 0 is drawn black and 1 white."""
    batch = seen["batch"].astype(np.float32)
    return draw_grid(
        list(_as_pixels(batch)),
        [str(name) for name in seen["batch_names"]],
        6,
        f"At the first convolution: pixel values from {batch.min():.2g} to {batch.max():.2g}",
    )


def confusion_matrix(seen):
    """Counts on the validation pictures, as the learner compared them."""
    return plot_confusion_matrix(
        seen["labels"].astype(int), _probabilities(seen["predictions"]), list(seen["class_names"])
    )


@course_style
def losses(seen):
    """Training loss before the first step, after the first and after the last epoch."""
    loss, guessing = seen["loss"], log(len(seen["class_names"]))
    values = [float(seen["loss_before"]), float(loss[0]), float(loss[-1])]
    figure, axis = plt.subplots(figsize=(9, 4.6))
    bars = axis.bar(["before training", "first epoch", "last epoch"], values, 0.55, color=BLUE)
    axis.bar_label(bars, fmt="%.3g", padding=3, fontsize=15)
    axis.axhline(guessing, color=GREY, ls=":", label=f"guessing: ln {len(seen['class_names'])}")
    axis.set(ylabel="training loss")
    axis.margins(y=0.15)
    axis.legend(loc="best")
    axis.grid(axis="x", visible=False)
    return figure


@course_style
def class_counts(seen):
    """Pictures of each class on either side."""
    places = np.arange(len(seen["class_names"]))
    figure, axis = plt.subplots(figsize=(9, 4.6))
    for shift, side, colour, counts in zip(
        (-0.2, 0.2), ("training", "validation"), (BLUE, ORANGE), seen["counts"], strict=True
    ):
        bars = axis.bar(places + shift, counts, 0.38, color=colour, label=side)
        axis.bar_label(bars, padding=3, fontsize=14)
    axis.set_xticks(places, [str(name) for name in seen["class_names"]])
    axis.set(ylabel="pictures")
    axis.margins(y=0.15)
    axis.grid(axis="x", visible=False)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@course_style
def nearest_pictures(seen):
    """Validation pictures above, the nearest training picture of each below."""
    twins = np.isin(seen["validation_ids"], seen["training_ids"])
    above, below = seen["pairs"]
    titles = ["validation"] * len(above) + [
        "training:\nthe same" if far == 0 else f"training:\n{far:.0f} grey values off"
        for far in seen["pair_distances"]
    ]
    figure = draw_grid(
        [np.squeeze(picture) for picture in (*above, *below)],
        titles,
        len(above),
        f"{twins.sum():,} of {len(twins):,} validation pictures stand in training, pixel by pixel",
    )
    return figure


@course_style
def predict_twice(seen):
    """The probability of one class for a few pictures, from two requests."""
    first, second = (_probabilities(answers)[:, -1] for answers in seen["twice"])
    places = np.arange(1, len(first) + 1)
    figure, axis = plt.subplots(figsize=(9, 4.6))
    axis.vlines(places, 100 * first, 100 * second, color=GREY, lw=1.5)
    axis.plot(places, 100 * first, "o", color=NETWORKS[0], ms=13, label="asked first")
    axis.plot(places, 100 * second, "^", color=NETWORKS[1], ms=8, label="asked again")
    axis.set(
        xlabel="picture",
        ylabel=f"probability of {seen['class_names'][-1]} (%)",
        ylim=(-5, 105),
        title=f"Answers differ by up to {100 * np.abs(first - second).max():.2g} points",
    )
    axis.set_xticks(places)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@course_style
def two_passes(seen):
    """The true classes of the first pictures, in two passes over the set that was predicted."""
    names, labels = seen["class_names"], seen["labels"]
    colours = CLASSES if len(names) <= len(CLASSES) else PALETTE
    passes = seen["passes"][:, :12]
    figure, axis = plt.subplots(figsize=(11, 3.2))
    for row, order in enumerate(passes):
        for place, picture in enumerate(order):
            label = labels[picture]
            colour = colours[label]
            axis.add_patch(
                plt.Rectangle((place + 0.03, -row - 0.85), 0.94, 0.8, color=colour, alpha=0.25)
            )
            axis.text(
                place + 0.5, -row - 0.33, f"no. {picture}", ha="center", va="center", fontsize=12
            )
            axis.text(
                place + 0.5, -row - 0.63, str(names[label]), ha="center", va="center", fontsize=12
            )
    axis.set(xlim=(-0.1, len(passes[0]) + 0.1), ylim=(-2, 0.05))
    axis.set_yticks([-0.45, -1.45], ["first pass", "second pass"])
    axis.set_xticks([])
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    axis.set_title("The first 12 pictures that come: number and true class")
    return figure


@course_style
def outputs(seen):
    """What the last layer gives for three pictures."""
    rows = seen["outputs"].astype(float)
    names = [str(name) for name in seen["class_names"]]
    one = rows.shape[1] == 1
    pictures = seen["asked"] / max(seen["asked"].max(), 1e-9)  # as bright as can be
    figure, axes = plt.subplots(2, len(rows), figsize=(11, 5.6), sharey="row")
    for (above, below), picture, row in zip(axes.T, pictures, rows, strict=True):
        above.imshow(np.squeeze(picture), cmap="gray", vmin=0, vmax=1)
        above.set_axis_off()
        bars = below.bar(names[-1:] if one else names, row, 0.7, color=BLUE)
        below.bar_label(bars, fmt="%.2f", padding=3, fontsize=13)
        below.axhline(0, color=GREY, lw=1)
        below.margins(y=0.22)
        below.grid(axis="x", visible=False)
        if one:
            below.set_xlim(-1, 1)
        else:
            below.set_title(f"sum {row.sum():.2f}", loc="center", fontsize=14)
    axes[1, 0].set_ylabel("output")
    figure.suptitle(f"Outputs for three pictures, loss={seen['compiled_loss']}", fontsize=15)
    return figure


@course_style
def layers(seen):
    """How far the weights of each layer have moved, as a share of their length."""
    change = 100 * seen["layer_change"].astype(float)
    names = [
        f"{name} (pretrained)" if pretrained else str(name)
        for name, pretrained in zip(seen["layer_names"], seen["layer_pretrained"], strict=True)
    ]
    figure, axis = plt.subplots(figsize=(9, 1.6 + 0.6 * len(names)))
    bars = axis.barh(names, change, 0.6, color=BLUE)
    axis.bar_label(bars, fmt="%.0f %%", padding=4, fontsize=14)
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.set(xlabel="how far the weights have moved, relative to their length (%)")
    axis.grid(axis="y", visible=False)
    return figure


def mended(seen):
    """The curves before and after the mend; where those are the same, the confusions after it."""
    before, after = _history(seen), _history(seen, "mended_")
    if all(np.array_equal(before[key], after[key]) for key in KEYS):
        return confusion_matrix({**seen, "predictions": seen["mended_predictions"]})
    return plot_history({"sick": before, "mended": after})
