"""The shipped sample archives, and the packing that makes them."""

import csv
import io
import random
import sys
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from maintain import pack
from maintain.render import SETS
from utils import datasets, paths
from utils.csv_images import read_label_csv


@pytest.fixture(scope="module")
def shipped():
    with zipfile.ZipFile(paths.SAMPLES / "cats_vs_dogs.zip") as archive:
        yield archive


@pytest.fixture(scope="module")
def rows(shipped):
    return list(csv.DictReader(io.StringIO(shipped.read("metadata.csv").decode())))


def test_shipped_files_stay_light():
    shipped = [paths.SAMPLES, paths.DATA / "pretrained"]
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


def assert_alike(rows, column):
    """What all kinds draw alike is about as frequent in each (five standard errors)."""
    kinds = {}
    for row in rows:
        kinds.setdefault(row["kind"], []).append(row[column])
    for value in {row[column] for row in rows}:
        shares = [values.count(value) / len(values) for values in kinds.values()]
        mean = sum(shares) / len(shares)
        error = (2 * mean * (1 - mean) / min(map(len, kinds.values()))) ** 0.5
        assert max(shares) - min(shares) < 5 * error + 0.01, value


@pytest.mark.parametrize("column", ["surroundings", "ground", "framing", "pose", "coat", "collar"])
def test_nothing_but_the_animal_tells_the_class(rows, column):
    assert_alike(rows, column)


# The hands


def fetched(name, folder):
    """The shipped sample, extracted, and its metadata."""
    if not any(file.endswith(f"{name}.zip") for file in sums()):
        pytest.skip(f"{name} has not been packed yet")
    dataset = datasets.fetch(name, "sample", folder)
    return dataset, datasets.read_metadata(dataset)


def sums():
    return (paths.SAMPLES / "SHA256SUMS").read_text().splitlines()


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return fetched("rock_paper_scissors", tmp_path_factory.mktemp("game"))


@pytest.fixture(scope="module")
def fingers(tmp_path_factory):
    return fetched("finger_counting", tmp_path_factory.mktemp("fingers"))


@pytest.fixture(params=["rock_paper_scissors", "finger_counting"])
def hands(request):
    """Metadata of either set."""
    name = {"rock_paper_scissors": "game", "finger_counting": "fingers"}[request.param]
    return request.getfixturevalue(name)[1]


def of_part(rows, part, *columns):
    return {tuple(row[c] for c in columns) for row in rows if row["part"] == part}


def test_game_has_every_picture_that_its_metadata_names(game):
    dataset, rows = game
    root = dataset.directory.parent
    found = {str(file.relative_to(root).as_posix()) for file in root.glob("rps*/*/*")}
    assert found == {row["file"] for row in rows} and len(found) == len(rows)
    assert datasets.read_quarantine(dataset) == []
    assert all(count >= 300 for count in dataset.counts.values())
    assert len(set(dataset.counts.values())) == 1
    for row in random.Random(0).sample(rows, 50):
        folder = dataset.directory if row["part"] == "train" else dataset.held_out
        file = root / row["file"]
        assert file.parent == folder / row["kind"]
        with Image.open(file) as picture:
            assert picture.size == (int(row["width"]), int(row["height"]))


def test_fingers_are_in_the_order_of_their_metadata(fingers):
    dataset, rows = fingers
    for file in dataset.tables:
        images, labels = read_label_csv(file)
        own = [row for row in rows if row["file"] == file.name]
        assert [int(row["row"]) for row in own] == list(range(len(images)))
        assert [row["kind"] for row in own] == [dataset.class_names[label] for label in labels]
        assert {row["part"] for row in own} == {file.stem}
        assert set(np.bincount(labels)) == {len(labels) // len(dataset.class_names)}
        assert images.std(axis=(1, 2, 3)).min() > 5, "every picture shows something"


def test_people_and_places_of_the_test_pictures_are_new(hands):
    for columns in (("skin", "finger_length", "thickness", "palm_width"), ("surroundings",)):
        both = of_part(hands, "train", *columns) & of_part(hands, "test", *columns)
        assert both <= {("plain",)}


def test_everybody_shows_every_sign(hands):
    for part in ("train", "test"):
        people, kinds = of_part(hands, part, "person"), of_part(hands, part, "kind")
        assert len(of_part(hands, part, "person", "kind")) == len(people) * len(kinds)


@pytest.mark.parametrize("column", ["hand", "facing", "sleeve", "surroundings", "person"])
def test_nothing_but_the_fingers_tells_the_sign(hands, column):
    assert_alike(hands, column)


# Packing


def test_packed_tables_come_back_pixel_by_pixel(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    pictures = [
        ("", {"kind": kind, "part": part, "seed": seed}, Image.fromarray(grey).resize((84, 84), 0))
        for seed, (grey, kind, part) in enumerate(
            zip(pixels, "3052", ("train", "train", "test", "train"), strict=True)
        )
    ]
    files, rows = pack.csv_files((path, spec, grey.convert("RGB")) for path, spec, grey in pictures)
    assert [(row["file"], row["row"], row["seed"]) for row in rows] == [
        ("train.csv", 0, 0),
        ("train.csv", 1, 1),
        ("test.csv", 0, 2),
        ("train.csv", 2, 3),
    ]
    for name, numbers, kinds in (("train.csv", [0, 1, 3], [3, 0, 2]), ("test.csv", [2], [5])):
        (tmp_path / name).write_bytes(files[name])
        images, labels = read_label_csv(tmp_path / name)
        assert np.array_equal(images[..., 0], pixels[numbers])
        assert list(labels) == kinds


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


@pytest.mark.parametrize("name", sorted(SETS))
def test_the_recipes_are_those_of_the_shipped_pictures(name):
    """Whoever renders the pictures again gets these, and packing them needs no Blender."""
    with zipfile.ZipFile(paths.SAMPLES / f"{name}.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("metadata.csv").decode())))
    recipes, _, _ = SETS[name]
    # Packing cuts the pets' edges and makes the counted fingers smaller.
    differing = {"width", "height"}
    made = {}
    for number in range(1 + max(int(row["number"]) for row in rows)):
        for spec in recipes(number):
            made[spec["kind"], spec.get("part"), number_of(spec)] = spec
    for row in rows:
        spec = made[row["kind"], row.get("part"), number_of(row)]
        assert {k: str(v) for k, v in spec.items() if k not in differing} == {
            k: v for k, v in row.items() if k in spec and k not in differing
        }
    assert "bpy" not in sys.modules


def number_of(row):
    return int(row["number"])
