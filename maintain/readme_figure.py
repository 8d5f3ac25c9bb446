"""Make the README's figure: ``python -m maintain.readme_figure``.

Above, a sheet of sample pictures; below, the learning curves as the committed week-1 lecture shows
them. Writes ``week1_cats_vs_dogs/week1.jpg``.
"""

import base64
import io
import zipfile
from pathlib import Path

import nbformat
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
WEEK1 = ROOT / "week1_cats_vs_dogs"
TILE, COLUMNS, ROWS, MARGIN = 120, 9, 2, 4


def sheet(archive, numbers):
    """A sheet of square pictures, cats and dogs in turn, from the sample archive."""
    step = TILE + MARGIN
    page = Image.new("RGB", (COLUMNS * step - MARGIN, ROWS * step - MARGIN), "white")
    with zipfile.ZipFile(archive) as pictures:
        names = [f"PetImages/{kind}/{n}.jpg" for n in numbers for kind in ("Cat", "Dog")]
        for place, name in enumerate(names[: COLUMNS * ROWS]):
            picture = Image.open(io.BytesIO(pictures.read(name))).convert("RGB")
            tile = ImageOps.fit(picture, (TILE, TILE))
            page.paste(tile, (place % COLUMNS * step, place // COLUMNS * step))
    return page


def curves(notebook):
    """The figure that the lecture's main training run leaves."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "plots.LiveCurves()" in cell.source:
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    return Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    raise SystemExit(f"{notebook} has no learning curves: run `make notebooks WEEKS=1` first.")


def main():
    top = sheet(ROOT / "data" / "samples" / "cats_vs_dogs.zip", range(2, 30))
    below = curves(WEEK1 / "week1_lecture.ipynb")
    below = below.resize((top.width, round(below.height * top.width / below.width)))
    page = Image.new("RGB", (top.width, top.height + 16 + below.height), "white")
    page.paste(top, (0, 0))
    page.paste(below, (0, top.height + 16))
    page.save(WEEK1 / "week1.jpg", quality=88)


if __name__ == "__main__":
    main()
