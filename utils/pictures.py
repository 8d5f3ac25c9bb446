"""What is a picture: by its name, by its content, and which way up it stands."""

import io
import os
import struct
import warnings
from posixpath import splitext

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})
MAX_PIXELS = 50_000_000  # of one picture
# What a photo may be. Pillow knows more, some of it programs, such as EPS, rather than pictures.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "ICO")


def named_as_picture(name):
    """Say whether a file counts as a picture: its suffix is known, and it is not hidden.

    >>> [named_as_picture(name) for name in ("cat.JPG", "Thumbs.db", ".hidden.jpg")]
    [True, False, False]
    """
    return not name.startswith(".") and splitext(name)[1].lower() in PICTURE_SUFFIXES


def defect(name, data):
    """Say what keeps TensorFlow from reading a picture; None when nothing does.

    Grey-scale and CMYK JPEGs pass. The rules come from a comparison with `tf.io.decode_image` and
    `tf.io.decode_jpeg` over some 8,000 damaged JPEG, PNG, BMP and GIF files.

    >>> defect("empty.jpg", b"")
    'empty file'

    Args:
        name: the file's name.
        data: the file's content, bytes.
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "empty file"
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind, (width, height) = image.format, image.size
            if kind not in ("JPEG", "MPO", "PNG", "BMP", "GIF"):
                return f"{kind} picture: only JPEG, PNG, BMP and GIF can be read"
            if width * height > MAX_PIXELS:
                return f"too large: {width} x {height} pixels"
            if kind == "JPEG":
                image.draft(image.mode, (1, 1))  # reads all the data, skips most of the arithmetic
            image.load()
        if kind == "PNG":  # Pillow shows those with wrong checksums, TensorFlow does not
            with Image.open(io.BytesIO(data)) as image:
                image.verify()
            if b"\0\0\0\0IEND\xaeB`\x82" not in data:
                return "cut off in the middle"
        elif kind in ("JPEG", "MPO") and b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]:
            return "cut off in the middle"  # Pillow does not miss an end that damage made useless
        elif kind == "GIF" and (reason := _gif_defect(data)):
            return reason
        elif kind == "BMP":
            start, bits = struct.unpack_from("<10xI14xH", data)
            if image.mode not in ("L", "RGB") or bits not in (8, 24, 32):
                return "BMP picture of a kind that TensorFlow does not read"
            if start + (width * bits + 31) // 32 * 4 * height != len(data):
                return "damaged: its size does not fit its header"
    except UnidentifiedImageError:
        known = data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8"))
        return "cut off or damaged at its start" if known else "not a picture"
    except Exception as error:  # Pillow raises nearly anything on damaged data
        cut = "truncated" in str(error).lower()
        return "cut off in the middle" if cut else f"damaged: {error}"
    return None if named_as_picture(name) else "its name does not end like a picture's"


def _gif_defect(data):
    """Walk through the blocks of a GIF: TensorFlow takes them as they stand, all frames at once."""

    def table(flags):  # bytes of a table of colours
        return 3 << 1 + (flags & 7) if flags & 0x80 else 0

    place, pixels = 13 + table(data[10]), 0
    try:
        while (kind := data[place]) != ord(";"):
            if kind == ord(","):  # a frame
                width, height = struct.unpack_from("<HH", data, place + 5)
                pixels += width * height
                place += 11 + table(data[place + 9])
            elif kind == ord("!"):  # an extension
                place += 2
            elif not pixels:
                return "damaged before its first frame"
            else:  # TensorFlow makes do with what came before
                break
            while length := data[place]:
                place += 1 + length
            place += 1
    except (IndexError, struct.error):
        return "cut off in the middle"
    return f"too large: {pixels:,} pixels in its frames" if pixels > MAX_PIXELS else None


def _orientation(image):
    """Return how a phone noted that the photo must be turned, from 1 (not at all) to 8."""
    from PIL.ExifTags import Base

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            noted = image.getexif().get(Base.Orientation, 1)
    except Exception:  # a damaged note is no note; Pillow raises nearly anything on one
        return 1
    return noted if isinstance(noted, int) and 1 <= noted <= 8 else 1


def upright_size(image):
    """Return (width, height) in pixels of a PIL image once it is turned the right way up.

    A phone stores a photo as the sensor saw it and notes in its EXIF data which way is up.
    Only the file's header is read.
    """
    if image.format == "TIFF":  # Pillow turns it by itself
        return image.size
    return image.size[::-1] if _orientation(image) >= 5 else image.size


def orientation(path):
    """Return how a photo on disk must be turned, from 1 (not at all) to 8, as EXIF numbers it.

    Only the file's start is read. What is no picture at all counts as upright.

    Raises:
        ValueError: it has more pixels than memory should be spent on.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(2**16)
        if start.startswith(b"\xff\xd8") and b"Exif\0" not in start:  # most: the quick way
            return 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do no harm
            with _opened(path) as image:
                _check_size(image)
                # To look for a note where there is none, Pillow would decode a whole PNG.
                return _orientation(image) if "exif" in image.info else 1
    except _TooLarge as error:
        raise ValueError(f"too large: {error}") from error
    except Exception:  # no picture; Pillow raises nearly anything
        return 1


def upright_pixels(source, at_least=None):
    """Read one picture, in any usual format, and turn it the right way up.

    16-bit grey values are brought to 8 bits by their high byte, as `tf.io.decode_image` does.
    A JPEG of more than 50 megapixels is read at a half, a quarter or an eighth of its size.

    Args:
        source: a path, the file's bytes, an open binary file, or a PIL image.
        at_least: (height, width) in pixels that are enough: a JPEG is then decoded straight to a
            half, a quarter or an eighth of its size where that is no smaller. None: as it is.

    Returns:
        uint8 array (height, width, 3) in 0–255, red, green, blue.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a picture, or a damaged or far too large one.
        TypeError: it is nothing that a picture can be read from.
    """
    from PIL import Image, UnidentifiedImageError

    name = "This file"
    if isinstance(source, (str, os.PathLike)):
        name, stream = f"{source}", os.path.expanduser(source)
        if os.path.isdir(stream):
            raise ValueError(f"{name} is a folder. Give the path of one picture in it.")
    elif isinstance(source, (bytes, bytearray, memoryview)):
        stream = io.BytesIO(source)
    elif isinstance(source, Image.Image) or hasattr(source, "read"):
        stream = source
    else:
        raise TypeError(
            "A picture is read from a path, the bytes of a file, an open file or a PIL image, "
            f"not from {type(source).__name__}."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do no harm
            if isinstance(source, Image.Image):
                return _as_rgb(source)
            with _opened(stream) as image:
                _reduce(image, at_least)
                return _as_rgb(image)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no file {name}. Check the path.") from error
    except _TooLarge as error:
        raise ValueError(f"{name} is too large: {error}. Save a smaller copy.") from error
    except Exception as error:  # Pillow raises nearly anything on damaged data
        unknown = isinstance(error, UnidentifiedImageError)
        reason = "it is in no picture format that is known" if unknown else error
        raise ValueError(
            f"{name} cannot be read as a picture ({reason}). Try another photo, or save this one "
            "as JPEG or PNG first."
        ) from error


class _TooLarge(Exception):
    """A picture with more pixels than memory should be spent on."""


def _opened(stream):
    from PIL import Image, JpegImagePlugin

    try:
        return Image.open(stream, formats=FORMATS)
    except Image.DecompressionBombError as error:
        if hasattr(stream, "seek"):
            stream.seek(0)
        try:  # a phone's 200 megapixels: `_reduce` has them read at a fraction of their size
            return JpegImagePlugin.JpegImageFile(stream)
        except SyntaxError:  # no JPEG
            limit = f"far more than the {MAX_PIXELS // 10**6} million pixels that can be read"
            raise _TooLarge(f"it has {limit}") from error


def _check_size(image):
    width, height = image.size
    if width * height > MAX_PIXELS * (8 * 8 if image.format in ("JPEG", "MPO") else 1):
        most = f"at most {MAX_PIXELS // 10**6} million pixels can be read"
        raise _TooLarge(f"it has {width:,} x {height:,}, and {most}")


def _reduce(image, at_least):
    """Have a JPEG decoded at a fraction of its size, where that is enough or has to be."""
    _check_size(image)
    width, height = image.size
    part = next(part for part in (1, 2, 4, 8) if width * height <= MAX_PIXELS * part**2)
    if image.format in ("JPEG", "MPO") and (at_least or part > 1):
        rows, columns = at_least or upright_size(image)[::-1]
        if _orientation(image) >= 5:  # it lies on its side in the file
            rows, columns = columns, rows
        image.draft("RGB", (min(columns, width // part), min(rows, height // part)))


def _as_rgb(image):
    """Turn a PIL image the right way up; uint8 (height, width, 3)."""
    import numpy as np
    from PIL import Image

    kind = image.format
    image.load()  # first: Pillow turns a TIFF by itself
    # As PIL.ImageOps.exif_transpose does, which stumbles over EXIF data of odd types.
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(_orientation(image))
    if turn is not None:
        image = image.transpose(turn)
    if image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM")):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        low, high = image.getextrema()
        if not 0 <= low <= high <= 255:
            raise ValueError(f"its values run from {low} to {high}, not from 0 to 255")
    if kind == "GIF" and "transparency" in image.info:  # TensorFlow lays it on black
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    return np.array(image.convert("RGB"))
