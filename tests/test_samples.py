"""The shipped sample archives, and the packing that makes them."""

import csv
import io
import random
import zipfile
from collections import Counter

import pytest
from PIL import Image

from maintain import pack
from utils import datasets


@pytest.fixture(scope="module")
def shipped():
    with zipfile.ZipFile(datasets.SAMPLES / "cats_vs_dogs.zip") as archive:
        yield archive


@pytest.fixture(scope="module")
def rows(shipped):
    return list(csv.DictReader(io.StringIO(shipped.read("metadata.csv").decode())))


def test_shipped_files_stay_light():
    shipped = [datasets.SAMPLES, datasets.DATA / "pretrained"]
    total = sum(file.stat().st_size for folder in shipped for file in folder.glob("*"))
    assert total < 45e6


def test_metadata_names_every_sound_picture_once(shipped, rows):
    listed = [row["file"] for row in rows]
    in_archive = {name for name in shipped.namelist() if name.endswith(".jpg")}
    assert len(listed) == len(set(listed))
    assert len(in_archive - set(listed)) == 4, "besides the sound pictures, four defective files"
    assert set(listed) <= in_archive
    assert all(count >= 1000 for count in Counter(row["kind"] for row in rows).values())


def test_metadata_tells_size_and_mode_of_the_file(shipped, rows):
    modes = {"RGB": "RGB", "L": "L", "CMYK": "CMYK"}
    special = [row for row in rows if row["mode"] != "RGB"]
    assert {row["mode"] for row in special} == {"L", "CMYK"}
    for row in special + random.Random(0).sample(rows, 50):
        with Image.open(io.BytesIO(shipped.read(row["file"]))) as picture:
            assert picture.size == (int(row["width"]), int(row["height"]))
            assert picture.mode == modes[row["mode"]]


@pytest.mark.parametrize("column", ["surroundings", "ground", "framing", "pose", "coat", "collar"])
def test_nothing_but_the_animal_tells_the_class(rows, column):
    """What both kinds draw alike is about as frequent in both (five standard errors)."""
    kinds = {kind: [row[column] for row in rows if row["kind"] == kind] for kind in ("cat", "dog")}
    for value in set(kinds["cat"] + kinds["dog"]):
        cat, dog = (values.count(value) / len(values) for values in kinds.values())
        error = (2 * cat * (1 - cat) / len(kinds["cat"])) ** 0.5
        assert abs(cat - dog) < 5 * error + 0.01, value


def test_packing_the_same_pictures_gives_the_same_bytes(tmp_path):
    files = {"b/1.jpg": b"one", "a/2.jpg": b"two"}
    pack.write_archive(tmp_path / "first.zip", files)
    pack.write_archive(tmp_path / "second.zip", dict(reversed(files.items())))
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_trimming_depends_on_the_seed_alone_and_cuts_at_most_a_tenth():
    picture = Image.new("RGB", (300, 200))
    sizes = {pack.trimmed(picture, seed).size for seed in range(40)}
    assert pack.trimmed(picture, 7).size == pack.trimmed(picture, 7).size
    assert len(sizes) > 30
    assert all(270 <= width <= 300 and 180 <= height <= 200 for width, height in sizes)


def test_a_new_digest_replaces_the_old_line_and_keeps_the_others(tmp_path):
    archive = tmp_path / "one.zip"
    (tmp_path / "SHA256SUMS").write_text("0" * 64 + "  other.zip\n" + "1" * 64 + "  one.zip\n")
    archive.write_bytes(b"")
    pack.record_digest(archive)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert lines == ["0" * 64 + "  other.zip", f"{empty}  one.zip"]
