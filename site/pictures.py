"""Make the picture of each week, for the site's first page and the README, out of its lecture.

.venv/bin/python site/pictures.py
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from PIL import Image

FOLDER = Path(__file__).resolve().parent / "pictures"
sys.path.insert(0, str(FOLDER.parents[1]))

from utils import course  # noqa: E402

SIZE = (720, 330)  # pixels
MARGIN = 12
# The cell that shows the picture, and which part of its height: the second rows repeat the first.
CELLS = {
    1: ("5017ba6a", 1.0),
    2: ("week2-017", 0.66),
    3: ("week3-058", 1.0),
    4: ("week4-005", 1.0),
}


def output(notebook, name):
    """The picture that a cell of an executed notebook shows."""
    (cell,) = (cell for cell in notebook.cells if cell.id == name)
    (data,) = (out.data["image/png"] for out in cell.outputs if "image/png" in out.get("data", {}))
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def on_white(picture, upper):
    """The upper part of a picture, as large as it goes in the middle of a white sheet."""
    picture = picture.crop((0, 0, picture.width, round(upper * picture.height)))
    wide, high = (side - 2 * MARGIN for side in SIZE)
    scale = min(wide / picture.width, high / picture.height)
    picture = picture.resize([round(scale * side) for side in picture.size], Image.LANCZOS)
    sheet = Image.new("RGB", SIZE, "white")
    sheet.paste(
        picture, [(whole - side) // 2 for whole, side in zip(SIZE, picture.size, strict=True)]
    )
    return sheet


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for week, lecture in course.find_lectures().items():
        picture = on_white(
            output(nbformat.read(lecture, as_version=4), CELLS[week][0]), CELLS[week][1]
        )
        picture.save(FOLDER / f"week{week}.jpg", quality=82, optimize=True)
