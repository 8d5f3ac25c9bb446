"""Damage drawn at random: what reads files must read them or say why not, whatever is in them.

A short, repeatable run. ``COURSE_FUZZ=20000 pytest tests/test_fuzz.py`` looks further, each time
elsewhere; what it found stands in `FOUND` and in the tables of the other tests.
"""

import io
import os
import warnings

import numpy as np
import pytest
from little_sets import grey, label_csv, pets, zip_of
from PIL import Image

from utils import archives, pictures
from utils.csv_images import read_label_csv
from utils.hashes import parse_list
from utils.pictures import defect, orientation, upright_pixels
from utils.registry import Archive, Entry

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
LONG = "COURSE_FUZZ" in os.environ
fuzz = hypothesis.settings(
    max_examples=int(os.environ.get("COURSE_FUZZ", 60)),
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


COLOUR = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8))
NOTED = Image.Exif()
NOTED[0x0112] = 6
SEEDS = [
    saved(COLOUR, "JPEG", exif=NOTED),
    saved(COLOUR.convert("CMYK"), "JPEG"),
    saved(COLOUR, "JPEG", progressive=True),
    saved(COLOUR, "PNG", exif=NOTED),
    saved(COLOUR.quantize(8), "PNG", transparency=1),
    saved(COLOUR.quantize(8), "GIF", save_all=True, append_images=[COLOUR.quantize(8).rotate(9)]),
    saved(COLOUR, "BMP"),
    saved(COLOUR, "TIFF", exif=NOTED),
    saved(COLOUR, "WEBP"),
    saved(COLOUR, "PPM"),
    saved(COLOUR, "ICO"),
]
TABLE = label_csv(grey(2), [3, 0]).encode()
LIST = b"".join(b"%064x  %d.zip\n" % (n, n) for n in range(3))
ARCHIVE = zip_of(pets(1, size=(8, 6)))


@st.composite
def damaged(draw, seeds):
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


def check_picture(data, file):
    """Read it in all ways; a defect is told of what TensorFlow cannot read."""
    from utils import quiet

    assert defect("a.jpg", data) is None or len(defect("a.jpg", data)) > 5
    file.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert orientation(file) in range(1, 9)
        except ValueError as error:
            assert "too large" in str(error)
        try:
            pixels = upright_pixels(data, at_least=(4, 4))
            assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
        except ValueError as error:
            assert str(error).startswith(("This file cannot be read", "This file is too large"))
    if defect("a.jpg", data) is None:
        quiet.tf.io.decode_image(data, channels=3, expand_animations=False)


FOUND = [
    # Where no frame begins, Pillow looks for one and TensorFlow does not.
    SEEDS[5][:6] + b"\0" + SEEDS[5][6:],
    # Codes that are shifted by a byte use up less data than there is; then the end is missing.
    SEEDS[0].replace(b"\xff\xc4\x00\xb5\x10", b"\x00\xff\xc4\x00\xb5\x10", 1)[:-2],
]


@fuzz
@hypothesis.given(data=damaged(SEEDS) | st.binary(max_size=200))
def test_damaged_pictures(tmp_path_factory, data):
    check_picture(data, tmp_path_factory.getbasetemp() / "fuzzed.jpg")


def test_damaged_pictures_that_were_found(tmp_path):
    for data in FOUND:
        check_picture(data, tmp_path / "found.jpg")


def check_table(data, file):
    file.write_bytes(data)
    try:
        images, labels = read_label_csv(file)
    except ValueError as error:
        assert str(error).startswith(f"{file}") and "None" not in str(error)
        assert len(str(error)) < len(str(file)) + 200
        return
    assert images.dtype == np.uint8 and images.shape == (len(labels), 28, 28, 1)
    assert labels.dtype == np.int32 and labels.min() >= 0 and labels.max() <= 255


VALUES = st.sampled_from(
    [b"", b" ", b"0", b"255", b"256", b"-1", b"+1", b"1.", b"1e2", b"0x1", b"1_0", b"nan", b'"1"']
    + [b"\xef\xbc\x91", b"\xd9\xa1", b"9" * 5000, b"\0", b"\x1c", b"\xc2\x85", b"\r", b"\n", b"#"]
)


@st.composite
def edited_tables(draw):
    """A table with some of its values replaced."""
    values = TABLE.split(b",")
    for _ in range(draw(st.integers(1, 3))):
        values[draw(st.integers(0, len(values) - 1))] = draw(VALUES)
    return b",".join(values)


@fuzz
@hypothesis.given(data=damaged([TABLE]) | edited_tables() | st.binary(max_size=200))
@hypothesis.example(data=TABLE.replace(b"\n3,", b"\n" + b"9" * 5000 + b","))
def test_damaged_tables(tmp_path_factory, data):
    check_table(data, tmp_path_factory.getbasetemp() / "fuzzed.csv")


@fuzz
@hypothesis.given(data=damaged([LIST, LIST.decode().encode("utf-16")]) | st.binary(max_size=200))
def test_damaged_lists_of_digests(data):
    try:
        digests = parse_list(data, "SHA256SUMS")
    except ValueError as error:
        assert str(error).startswith("SHA256SUMS") and "sha256sum *.zip" in str(error)
    else:
        assert all(len(digest) == 64 and name for name, digest in digests.items())


PETS = Entry((), "Pets", None, ("Cat", "Puppy"), "", "")


@fuzz
@hypothesis.given(data=damaged([ARCHIVE]))
def test_damaged_archives(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzzed")
    (folder / "pets.zip").write_bytes(data)
    archive = Archive(str(folder / "pets.zip"), None, None)
    try:
        archives.extract([archive], PETS, folder / "pets")
    except ValueError as error:
        assert "cannot be unpacked" in str(error) or "no readable pictures" in str(error)
        assert [file.name for file in folder.iterdir()] == ["pets.zip"]
    else:
        assert archives.read_record(PETS, folder / "pets").counts == {
            "Pets/Cat": 1,
            "Pets/Puppy": 1,
        }


def test_the_limit_of_pixels_is_what_keeps_memory_bounded():
    assert pictures.MAX_PIXELS * 3 < 2**28
