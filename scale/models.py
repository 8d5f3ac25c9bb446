"""The lectures' networks, taken from the lectures' own cells, and how they are trained here."""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import keras
import nbformat

from utils import backbones, course


def lecture_code(week, *names, **given):
    """Run those lines of a lecture that define some names.

    >>> lecture_code(3, "CUT")
    {'CUT': 'block6d_add'}

    Args:
        week: number of the week.
        names: functions, or variables, that a code cell of the lecture defines at its top level.
        given: what these lines know besides `keras` and `backbones`.

    Returns:
        dict from each name to what it stands for.

    Raises:
        ValueError: the lecture does not define a name exactly once.
    """
    notebook = nbformat.read(course.find_lectures()[week], as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lines = [line for cell in cells for line in ast.parse(re.sub("^%.*", "", cell)).body]
    found = {name: [line for line in lines if name in _defined(line)] for name in names}
    for name, places in found.items():
        if len(places) != 1:
            raise ValueError(
                f"The lecture of week {week} defines {name} {len(places)} times, not once: "
                "scale/models.py, which takes it from there, has to follow the lecture."
            )
    known = {"keras": keras, "backbones": backbones} | given
    chosen = [line for line in lines if any(line in places for places in found.values())]
    exec(compile(ast.Module(chosen, []), f"week {week}'s lecture", "exec"), known)
    return {name: known[name] for name in names}


def _defined(line):
    if isinstance(line, ast.FunctionDef):
        return {line.name}
    targets = line.targets if isinstance(line, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


# ---------------------------------------------------------------- networks to train


@dataclass(frozen=True)
class Network:
    """A network of a lecture, from pictures or from what a frozen network sees in them."""

    size: tuple[int, int]  # height and width of the pictures, in pixels
    learning_rate: float
    build: Callable  # () -> keras.Model that is trained, with one probability as its output
    frozen: Callable | None = None  # () -> keras.Model from pictures to what `build()` takes


def network(name, head=None):
    """Look up a network.

    Args:
        name: "week1"; "week3", the new last layer on frozen features; or "week3-tuned", the part
            of the pretrained network that week 3 fine-tunes, on frozen feature maps.
        head: for "week3-tuned", the trained keras.Model of "week3" that it begins with; None for a
            random one, which does where only what is frozen matters.

    Returns:
        A `Network`.

    Raises:
        ValueError: there is no such network.
    """
    if name not in NAMES:
        raise ValueError(f"There is no network {name!r}. Choose one of: {', '.join(NAMES)}.")
    if name == "week1":
        code = lecture_code(1, "build_model", "SIZE")
        return Network(code["SIZE"], 1e-3, code["build_model"])
    code = lecture_code(3, "build_head", "build_tunable", "CUT", "SIZE")
    size, cut = code["SIZE"], code["CUT"]
    if name == "week3":
        return Network(
            size,
            1e-3,
            code["build_head"],
            lambda: backbones.backbone(image_size=size, pooling="avg"),
        )
    return Network(
        size,
        1e-4,
        lambda: code["build_tunable"](head),
        lambda: backbones.backbone(image_size=size, cut=cut),
    )


NAMES = ("week1", "week3", "week3-tuned")


def compiled(model, learning_rate):
    """Compile a network with one probability as its output, for batches with weights.

    The lectures' loss and accuracy, but with means over the pictures that are there, the weights
    of 1, and not over the places of the last batch that are empty.

    Args:
        model: keras.Model.
        learning_rate: of Adam.

    Returns:
        The model.
    """
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.BinaryCrossentropy(reduction="mean_with_sample_weight"),
        weighted_metrics=[
            keras.metrics.BinaryAccuracy(name="accuracy"),
            keras.metrics.BinaryCrossentropy(name="cross_entropy"),
        ],
    )
    return model


def in_precision(model, policy):
    """Let all layers but the last compute in a precision; weights stay float32.

    In bfloat16 the numbers next to 1 are 0.996 and 1.008: a probability there, and a loss made of
    it, would come in steps, so the last layer stays as it is.

    Args:
        model: keras.Model, not compiled yet.
        policy: "float32" or "mixed_bfloat16".

    Returns:
        The model.
    """
    for layer in model.layers[:-1]:
        layer.dtype_policy = policy
    return model
