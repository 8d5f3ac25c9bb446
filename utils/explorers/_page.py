"""One self-contained page out of a script, its data and a still picture."""

import base64
import html
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from utils.plots._style import CLASSES, NETWORKS, TRAINING, VALIDATION

FOLDER = Path(__file__).parent
STILL_WIDTH = 720  # pixels


def page(scripts, data, *, still, alt, title, height):
    """Make an explorer: a page in a frame, with a still picture where scripts do not run.

    The page needs no network and no kernel: style, scripts, data and pictures travel inside, in
    the frame's `srcdoc`. The still picture lies behind the frame; the script hides it. A notebook
    that is not trusted drops the frame, and so shows the picture.

    Args:
        scripts: names of JavaScript files of this folder, in order; ``page.js`` comes before them.
            The last one defines ``explore(data)``.
        data: what `json.dumps` takes, for that function.
        still: the still picture: a matplotlib Figure, or a uint8 array (height, width, 3).
        alt: what the still picture shows, in a sentence or two.
        title: what the frame is called, for screen readers.
        height: of the frame in pixels until the script fits it to its content.

    Returns:
        IPython.display.HTML.
    """
    from IPython.display import HTML

    code = "\n".join(_read(name) for name in ("page.js", *scripts))
    packed = json.dumps(data, separators=(",", ":"), allow_nan=False)
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_colours()}\n{_read('page.css')}</style></head>"
        f'<body><script type="application/json" id="data">{_in_script(packed)}</script>'
        f"<script>{_in_script(code, code=True)}\nbegin(explore);</script></body></html>"
    )
    return HTML(
        '<div style="display:grid;grid-template-columns:minmax(0,1fr)"><div style="grid-area:1/1">'
        f'<img style="max-width:100%" alt="{html.escape(alt)}" '
        f'src="data:image/jpeg;base64,{_still(still)}">'
        "<p>This is a still picture. Run the cell, and it comes alive.</p></div>"
        f'<iframe title="{html.escape(title)}" srcdoc="{html.escape(document)}" '
        f'style="grid-area:1/1;width:100%;height:{height}px;border:0"></iframe></div>'
    )


def pack(array, dtype):
    """Return an array's values as text: base64 of little-endian `dtype`, such as "<f2"."""
    return base64.b64encode(np.ascontiguousarray(array).astype(dtype).tobytes()).decode("ascii")


def jpeg(pixels, quality=85):
    """Return a uint8 picture, (height, width) or (height, width, 3), as text: base64 of a JPEG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=quality, optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def thumbnail(pixels, side):
    """Return a uint8 picture as RGB, cut to its middle square and scaled to `side` pixels."""
    image = Image.fromarray(pixels).convert("RGB")
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    square = image.crop((left, top, left + short, top + short))
    return np.asarray(square.resize((side, side), Image.Resampling.LANCZOS))


def sheet(thumbnails, columns):
    """Lay n thumbnails (n, side, side, 3) out on one picture, row by row."""
    number, side = thumbnails.shape[:2]
    rows = -(-number // columns)
    grid = np.full((rows * columns, side, side, 3), 255, np.uint8)
    grid[:number] = thumbnails
    grid = grid.reshape(rows, columns, side, side, 3).swapaxes(1, 2)
    return grid.reshape(rows * side, columns * side, 3)


def _still(still):
    if not isinstance(still, np.ndarray):  # a figure
        stream = io.BytesIO()
        still.savefig(stream, dpi=STILL_WIDTH / still.get_size_inches()[0])
        still = np.asarray(Image.open(stream).convert("RGB"))
    return jpeg(still, quality=75)


def _read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def _colours():
    """The course's colours as properties that style and scripts can name."""
    named = {"training": TRAINING, "validation": VALIDATION}
    named |= {f"class{i}": colour for i, colour in enumerate(CLASSES)}
    named |= {f"network{i}": colour for i, colour in enumerate(NETWORKS)}
    return ":root{" + ";".join(f"--{name}:{colour}" for name, colour in named.items()) + "}"


def _in_script(text, code=False):
    """Write text so that it cannot end the <script> that it stands in, or begin another."""
    if code:  # inside strings and regular expressions a backslash changes nothing
        return text.replace("</", "<\\/").replace("<!--", "<\\!--")
    return text.replace("<", "\\u003c")
