"""A small folder as people leave it: pictures of several kinds, and much that is none."""

import io
from pathlib import Path

WEB_PAGE = b"<!DOCTYPE html><html><body>404: the picture has moved</body></html>\n" * 20


def make(folder):
    """Fill a folder with 10 usable pictures, and with whatever else gathers in such a place.

    Args:
        folder: path of a folder; made if it is not there.

    Returns:
        list of Path: the usable pictures, sorted.
    """
    jpeg, png = _picture("JPEG"), _picture("PNG")
    usable = {
        "rock/hand07.jpg": jpeg,
        "rock/hand02.jpg": png,  # any viewer opens it, whatever its name says
        "rock/hand04.JPG": jpeg,
        "rock/hand01.jpeg": _picture("JPEG", "L"),
        "rock/hand09.tmp": png,  # a download that was never renamed
        "scissors/hand03.jpg": _picture("JPEG", "CMYK"),
        "scissors/hand10.jpg": jpeg,
        "scissors/from my phone/second try/hand05.jpg": jpeg,
        "scissors/from my phone/hand08.png": png,
        "scissors/album.jpg/hand06.jpg": jpeg,  # a folder may be called so
    }
    others = {
        "rock/empty.jpg": b"",
        "rock/cut.jpg": jpeg[: len(jpeg) // 2],
        "rock/page.jpg": WEB_PAGE,
        "rock/Thumbs.db": b"\xd0\xcf\x11\xe0" * 64,
        "rock/.before edit.jpg": jpeg,
        "scissors/cut.png": png[: len(png) // 2],
        "scissors/notes.txt": b"ten hands, some twice?\n",
        "scissors/.trash/hand00.jpg": jpeg,
    }
    for name, content in (others | usable).items():
        file = Path(folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return sorted(Path(folder) / name for name in usable)


def _picture(kind, mode="RGB"):
    """Return the bytes of a small picture with some detail: enough to be cut off in the middle."""
    from PIL import Image

    waves = Image.effect_mandelbrot((96, 72), (-2, -1.5, 1, 1.5), 40)
    stream = io.BytesIO()
    waves.convert("RGB").convert(mode).save(stream, kind)
    return stream.getvalue()
