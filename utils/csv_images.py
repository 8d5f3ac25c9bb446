"""Pictures that come as numbers: a CSV file with a label and 28 x 28 grey values a line."""

import os
import re
from pathlib import Path

SIDE = 28  # pixels
COLUMNS = ["label", *(f"pixel{number}" for number in range(1, SIDE * SIDE + 1))]


def read_label_csv(path):
    """Read a CSV file in the format of Sign Language MNIST.

    Its first line names the columns, `label,pixel1,…,pixel784`. Each line after it is one
    picture: the label, then the grey values row by row, from the top left, 0 (black) to 255.

    In Sign Language MNIST itself a label is the letter's place in the alphabet, from 0 (A). There
    are 24 of them in 0–24: no 9 (J) and no 25 (Z), which are signed with a movement. A network
    that takes these labels as they are needs 25 outputs, one of which is never right.

    Args:
        path: the CSV file.

    Returns:
        (images, labels): uint8 (n, 28, 28, 1), and int32 (n,).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not such a file; the message names the line.
        TypeError: if it is no path, but a whole data set for example.
    """
    import numpy as np

    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"Give the path of one CSV file, such as dataset.tables[0], not {type(path).__name__}."
        )
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. Check the path, or fetch the data set first."
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file. If it is a zip, unpack it.") from error
    if not lines:
        raise ValueError(f"{path} is empty. Get it again from where it comes from.")
    if lines[0].split(",") != COLUMNS:
        raise ValueError(
            f"{path}, line 1 should be label,pixel1,…,pixel{len(COLUMNS) - 1}, but begins with "
            f"{lines[0][:30]!r}."
        )
    if len(lines) == 1:
        raise ValueError(f"{path} holds no pictures: there is nothing after its first line.")
    try:
        table = np.loadtxt(lines[1:], np.uint8, comments=None, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path}, {_first_fault(lines) or error}") from error
    if table.shape != (len(lines) - 1, len(COLUMNS)):  # an empty line, or too few values in all
        raise ValueError(f"{path}, {_first_fault(lines)}")
    return table[:, 1:].reshape(-1, SIDE, SIDE, 1), table[:, 0].astype(np.int32)


def _first_fault(lines):
    """Say what is wrong with the first line that is not a picture; None when all look right."""
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            return f"line {number} is empty."
        values = line.split(",")
        if len(values) != len(COLUMNS):
            return f"line {number} has {len(values)} values, but should have {len(COLUMNS)}."
        for column, value in zip(COLUMNS, values, strict=True):
            digits = value.strip()
            if not (re.fullmatch(r"0*[0-9]{1,3}", digits) and int(digits[-3:]) <= 255):
                return (
                    f"line {number}: {column} is {value!r:.40}, but should be a whole number "
                    "from 0 to 255."
                )
    return None
