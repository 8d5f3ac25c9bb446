"""`utils.pictures`: what is a picture, and which way up it stands."""

import io
import os
import struct

import numpy as np
import pytest
from little_sets import pets, picture, real, zip_of
from PIL import ExifTags, Image, ImageOps

from utils import pictures
from utils.datasets import read_quarantine
from utils.pictures import defect, upright_pixels, upright_size

pytestmark = pytest.mark.usefixtures("clean_environment")


# Pictures


CMYK = picture(mode="CMYK")
BMP = picture(kind="BMP")
PNG = picture(kind="PNG")
SOUND = {
    "grey.jpg": picture(mode="L"),
    "cmyk.JPG": CMYK,
    "progressive.jpeg": picture(1),
    "a.png": PNG,
    "alpha.png": picture(mode="RGBA", kind="PNG"),
    "a.bmp": BMP,
    "a.gif": picture(kind="GIF"),
    "really a png.jpg": PNG,
}
UNSOUND = {
    "empty.jpg": (b"", "empty file"),
    "half.jpg": (picture()[: len(picture()) // 2], "cut off in the middle"),
    "nearly.jpg": (picture()[:-2], "cut off in the middle"),
    "start.jpg": (picture()[:20], "cut off or damaged at its start"),
    "half.png": (PNG[: len(PNG) // 2], "cut off in the middle"),
    "nearly.png": (PNG[:-4], "cut off in the middle"),
    "checksum.png": (PNG[:-13] + bytes([PNG[-13] ^ 1]) + PNG[-12:], "damaged"),
    "nearly.gif": (picture(kind="GIF")[:-2], "cut off in the middle"),
    "page.jpg": (b"<html>Not found</html>", "not a picture"),
    "Thumbs.db": (b"\xd0\xcf\x11\xe0" + bytes(500), "not a picture"),
    "a.tiff": (picture(kind="TIFF"), "TIFF picture: only JPEG, PNG, BMP and GIF can be read"),
    "webp.jpg": (picture(kind="WEBP"), "WEBP picture: only JPEG, PNG, BMP and GIF can be read"),
    "palette.bmp": (picture(mode="P", kind="BMP"), "BMP picture of a kind"),
    "long.bmp": (BMP + b"12", "damaged: its size"),
    "photo": (picture(), "its name does not end like a picture's"),
}


def test_quarantine(register, tmp_path):
    files = {f"Pets/Cat/{name}": data for name, data in SOUND.items()}
    files |= {f"Pets/Cat/{name}": data for name, (data, _) in UNSOUND.items()}
    register(zip_of(pets() | files))
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 4 + len(SOUND), "Puppy": 4}
    assert set(SOUND) <= set(os.listdir(dataset.directory / "Cat"))
    rows = {row["file"]: row for row in read_quarantine(dataset)}
    assert sorted(rows) == sorted(f"Cat/{name}" for name in UNSOUND)
    for name, (data, reason) in UNSOUND.items():
        row = rows[f"Cat/{name}"]
        assert row["reason"].startswith(reason), name
        assert row["bytes"] == str(len(data))
        assert (dataset.quarantine / row["file"]).read_bytes() == data
        assert not (dataset.directory / "Cat" / name).exists()


def test_tensorflow_reads_what_is_kept():
    pytest.importorskip("tensorflow")
    from utils import quiet  # noqa: F401, I001  (silences the next import)
    import tensorflow as tf

    for name, data in SOUND.items():
        assert defect(name, data) is None
        image = tf.io.decode_image(data, channels=3, expand_animations=False)
        assert image.shape == (48, 64, 3), name


def test_far_too_large_picture(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 64 * 48 - 1)
    assert defect("a.jpg", picture()) == "too large: 64 x 48 pixels"


# Which way up


def save(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noted(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def test_every_kind_of_source_gives_the_same_pixels(tmp_path):
    data = picture()
    (tmp_path / "a.jpg").write_bytes(data)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    sources = (tmp_path / "a.jpg", str(tmp_path / "a.jpg"), data, memoryview(data))
    for source in (*sources, io.BytesIO(data), Image.open(io.BytesIO(data))):
        pixels = upright_pixels(source)
        assert pixels.dtype == np.uint8 and np.array_equal(pixels, expected)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation, kind):
    image = Image.effect_noise((30, 20), 80)
    data = save(image, kind, exif=noted(orientation))
    with Image.open(io.BytesIO(data)) as photo:
        expected = np.asarray(ImageOps.exif_transpose(photo).convert("RGB"))
        assert upright_size(photo) == expected.shape[1::-1]
    assert np.array_equal(upright_pixels(data), expected)


SHORT, TEXT, RATIONAL, UNKNOWN = 3, 2, 5, 99


@pytest.mark.parametrize(
    ("kind", "count", "value"),
    [
        (SHORT, 1, b"\0\0"),
        (SHORT, 1, b"\x09\0"),
        (SHORT, 2**31, b"\x06\0"),
        (TEXT, 2, b"6\0"),
        (RATIONAL, 1, b"\x08\0"),
        (UNKNOWN, 1, b"\x06\0"),
    ],
)
def test_note_that_makes_no_sense_turns_nothing(kind, count, value):
    tag = ExifTags.Base.Orientation
    exif = struct.pack("<2sHIHHHI4sI", b"II", 42, 8, 1, tag, kind, count, value, 0)
    image = Image.effect_noise((30, 20), 80)
    data = save(image, exif=exif)
    assert upright_size(Image.open(io.BytesIO(data))) == image.size
    assert np.array_equal(upright_pixels(data)[..., 0], np.asarray(image))


def test_damaged_exif_turns_nothing():
    data = save(Image.effect_noise((30, 20), 80), "JPEG", exif=noted(6))
    start = data.index(b"Exif\0\0") + 6
    spoilt = data[:start] + b"\xff" * 20 + data[start + 20 :]
    assert upright_pixels(spoilt).shape == (20, 30, 3)


def test_16_bit_grey_keeps_its_high_byte():
    pytest.importorskip("tensorflow")
    from utils import quiet  # noqa: F401, I001  (silences the next import)
    import tensorflow as tf

    values = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    data = save(Image.fromarray(values))
    assert np.array_equal(upright_pixels(data), tf.io.decode_image(data, channels=3))
    assert np.array_equal(
        upright_pixels(save(Image.fromarray(values), "TIFF"))[..., 0], values >> 8
    )
    with pytest.raises(ValueError, match="values run from -5"):
        upright_pixels(Image.fromarray(np.float32([[-5, 300]])))


def test_enough_is_decoded_of_a_large_jpeg():
    data = save(Image.effect_noise((800, 400), 50), "JPEG", exif=noted(6))
    assert upright_pixels(data).shape == (800, 400, 3)
    assert upright_pixels(data, at_least=(200, 100)).shape == (200, 100, 3)
    assert upright_pixels(data, at_least=(100, 200)).shape == (800 // 2, 400 // 2, 3)
    assert upright_pixels(save(Image.new("L", (80, 40))), at_least=(1, 1)).shape == (40, 80, 3)


def test_photo_of_200_megapixels_is_read_at_a_fraction():
    data = save(Image.new("L", (16_320, 12_240), 90), "JPEG")
    pixels = upright_pixels(data, at_least=(96, 96))
    assert pixels.shape == (1530, 2040, 3) and np.all(pixels == 90)
    assert pictures.MAX_PIXELS / 4 < np.prod(upright_pixels(data).shape[:2]) <= pictures.MAX_PIXELS


@pytest.mark.parametrize("size", [(8_000, 7_000), (16_320, 12_240)])
def test_far_too_many_pixels_are_refused(size):
    with pytest.raises(ValueError, match="too large: .*million pixels.*smaller copy"):
        upright_pixels(save(Image.new("1", size)))


def test_what_is_no_picture(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*a.jpg"):
        upright_pixels(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="is a folder"):
        upright_pixels(str(tmp_path))
    (tmp_path / "a.jpg").write_text("<html>")
    for source in (tmp_path / "a.jpg", b"", picture()[:2000]):
        with pytest.raises(ValueError, match="cannot be read as a picture .*Try another photo"):
            upright_pixels(source)
    for source in (None, 3, np.zeros((2, 2, 3)), [picture()]):
        with pytest.raises(TypeError, match="a path, the bytes of a file, an open file"):
            upright_pixels(source)
