"""`utils.splits`: who goes where, the second call, and what is never deleted."""

import csv
import errno
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from utils import splits
from utils.splits import split_directory

SIDES = ("train", "validation", "test")


def make_source(folder, **classes):
    """Class folders with so many small files of distinct content each."""
    for name, number in classes.items():
        (folder / name).mkdir(parents=True)
        for i in range(number):
            (folder / name / f"{i}.jpg").write_bytes(f"{name} {i}".encode())
    return folder


def where(split):
    """{(class, file): side}, read from the folders themselves."""
    return {
        (file.parent.name, file.name): side
        for side in SIDES
        for file in getattr(split, side).glob("*/*")
    }


def digests(folder):
    return {hashlib.sha256(f.read_bytes()).digest() for f in folder.glob("*/*")}


def test_nice_numbers_come_out_exactly(tmp_path):
    source = make_source(tmp_path / "s", Cat=1750, Dog=1750)
    split = split_directory(source, tmp_path / "t")
    expected = dict(zip(SIDES, (1000, 500, 250), strict=True))
    assert split.counts == {s: {"Cat": n, "Dog": n} for s, n in expected.items()}
    for side, number in expected.items():
        for name in ("Cat", "Dog"):
            assert len(list((getattr(split, side) / name).iterdir())) == number


@pytest.mark.parametrize(
    ("number", "ratio", "expected"),
    [
        (3000, (2, 1, 0), (2000, 1000, 0)),
        (10, (1, 0, 0), (10, 0, 0)),
        (10, (8, 0, 2), (8, 0, 2)),
        (100, (0.7, 0.2, 0.1), (70, 20, 10)),
        (10, (4, 2, 1), (6, 3, 1)),
        (3, (4, 2, 1), (1, 1, 1)),
    ],
)
def test_ratio(tmp_path, number, ratio, expected):
    split = split_directory(make_source(tmp_path / "s", a=number), tmp_path / "t", ratio=ratio)
    assert tuple(split.counts[side]["a"] for side in SIDES) == expected
    assert [getattr(split, side).exists() for side in SIDES] == [n > 0 for n in expected]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0.7, 0.2, 0.1), (7, 2, 1)),
        ((0.6, 0.2, 0.2), (3, 1, 1)),
        ((400, 200, 100), (4, 2, 1)),
        ((np.float32(0.7), np.float64(0.2), 0.1), (7, 2, 1)),
        ((2 / 3, 1 / 3, 0), (2, 1, 0)),
    ],
)
def test_ratios_that_mean_the_same(tmp_path, one, other):
    for number in (*range(4, 40), 1991):
        parts = [splits._whole_parts(ratio) for ratio in (one, other)]
        assert splits._quotas(number, parts[0]) == splits._quotas(number, parts[1])
    source = make_source(tmp_path / "s", a=22)
    first = where(split_directory(source, tmp_path / "t", ratio=one))
    before = snapshot(tmp_path / "t")
    assert where(split_directory(source, tmp_path / "t", ratio=other)) == first
    assert snapshot(tmp_path / "t") == before, "nothing to rebuild"


# Digests of manifests from before a change of the code must stay: results rest on these splits.
RECORDED = {
    ((4, 2, 1), None, 0): "a127a1307ddfc395",
    ((4, 2, 1), 14, 0): "18e2de0438be730e",
    ((2, 1, 0), None, 42): "04807c66d7d30b89",
    ((7, 2, 1), None, 1): "abe8f382618daf2b",
    ((5, 3, 2), 14, 1): "1c7bd076f2bc2b91",
}


@pytest.mark.parametrize("arguments", RECORDED, ids=str)
def test_splits_are_those_of_recorded_runs(tmp_path, arguments):
    source = make_source(tmp_path / "s", cats=35, dogs=28, emus=17)
    for i in range(4):
        shutil.copy(source / "cats" / f"{i}.jpg", source / "cats" / f"again{i}.jpg")
        shutil.copy(source / "cats" / f"{10 + i}.jpg", source / "dogs" / f"other{i}.jpg")
    ratio, per_class, seed = arguments
    split = split_directory(source, tmp_path / "t", ratio=ratio, per_class=per_class, seed=seed)
    digest = hashlib.sha256(split.manifest.read_bytes()).hexdigest()
    assert digest.startswith(RECORDED[arguments])


def test_sides_are_disjoint_and_complete_with_unequal_classes(tmp_path):
    source = make_source(tmp_path / "s", a=70, b=7, c=29)
    split = split_directory(source, tmp_path / "t")
    sides = [digests(getattr(split, side)) for side in SIDES]
    assert sum(map(len, sides)) == 106 == len(set.union(*sides))
    assert set.union(*sides) == digests(source)
    assert [split.counts[side]["b"] for side in SIDES] == [4, 2, 1]
    assert [split.counts[side]["a"] for side in SIDES] == [40, 20, 10]


def test_it_really_shuffles(tmp_path):
    split = split_directory(make_source(tmp_path / "s", a=70), tmp_path / "t", ratio=(1, 1, 0))
    numbers = [int(f.stem) for f in split.train.glob("a/*")]
    assert 8 < sum(n < 35 for n in numbers) < 27


def test_seed_decides_and_nothing_else(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=40, b=40)
    one = where(split_directory(source, tmp_path / "t1", seed=3))
    assert where(split_directory(source, tmp_path / "t2", seed=4)) != one
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)  # other times of change, another place
    scandir = os.scandir

    class Backwards(list):
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731

    def scan_backwards(path):
        return Backwards(sorted(scandir(path), key=lambda entry: entry.name, reverse=True))

    monkeypatch.setattr(os, "scandir", scan_backwards)
    assert where(split_directory(copy, tmp_path / "t3", seed=3)) == one
    assert list(splits.pictures_by_class(copy)) == ["a", "b"]


def test_the_division_of_a_class_does_not_depend_on_the_others(tmp_path):
    alone = where(split_directory(make_source(tmp_path / "s1", b=30), tmp_path / "t1"))
    both = where(split_directory(make_source(tmp_path / "s2", a=10, b=30), tmp_path / "t2"))
    assert alone.items() <= both.items()


def test_known_division_is_the_same_on_every_machine(tmp_path):
    split = split_directory(make_source(tmp_path / "s", a=21), tmp_path / "t")
    assert sorted(f.name for f in split.test.glob("a/*")) == ["0.jpg", "15.jpg", "19.jpg"]


def test_duplicates_never_straddle(tmp_path):
    source = make_source(tmp_path / "s", a=60, b=60)
    for i in range(20):  # inside a class, across classes, and both
        shutil.copy(source / "a" / f"{i}.jpg", source / "a" / f"again{i}.jpg")
        shutil.copy(source / "a" / f"{i + 10}.jpg", source / "b" / f"other{i}.jpg")
    split = split_directory(source, tmp_path / "t", ratio=(1, 1, 1))
    train, validation, test = (digests(getattr(split, side)) for side in SIDES)
    assert not (train & validation or train & test or validation & test)
    # 80 pictures a class in thirds: the copies cost nothing in exactness
    assert sorted(split.counts[side]["a"] for side in SIDES) == [26, 27, 27]
    assert sorted(split.counts[side]["b"] for side in SIDES) == [26, 27, 27]


def test_duplicates_that_fit_nowhere_stay_together(tmp_path):
    source = make_source(tmp_path / "s", a=6)
    for i in range(12):
        (source / "a" / f"same{i}.jpg").write_bytes(b"the same picture")
    split = split_directory(source, tmp_path / "t", ratio=(1, 1, 1))
    sides = [digests(getattr(split, side)) for side in SIDES]
    assert sum(map(len, sides)) == 7
    assert sum(sum(c.values()) for c in split.counts.values()) == 18


@pytest.mark.parametrize(
    ("numbers", "copies"), [((5, 0), 2), ((5, 0), 3), ((8, 4), 2), ((3, 9), 4)]
)
def test_every_side_gets_some_of_few_pictures_with_copies(tmp_path, numbers, copies):
    source = make_source(tmp_path / "s", a=numbers[0], b=numbers[1] or 7)
    for name, number in zip("ab", numbers, strict=True):
        for i in range(number):
            for copy in range(1, copies):
                shutil.copy(source / name / f"{i}.jpg", source / name / f"{i} copy {copy}.jpg")
    split = split_directory(source, tmp_path / "t")
    assert all(split.counts[side][name] for side in SIDES for name in "ab")
    train, validation, test = (digests(getattr(split, side)) for side in SIDES)
    assert not (train & validation or train & test or validation & test)
    assert len(where(split)) == sum(1 for _ in source.glob("*/*"))


def test_only_files_that_share_their_size_are_read(tmp_path, monkeypatch):
    source = tmp_path / "s"
    (source / "a").mkdir(parents=True)
    for i in range(10):
        (source / "a" / f"{i}.png").write_bytes(b"x" * (i + 1))
    (source / "a" / "same.png").write_bytes(b"y" * 5)
    read = []
    monkeypatch.setattr(splits, "sha256", lambda file: (read.append(file.name), file.name)[1])
    split_directory(source, tmp_path / "t")
    assert sorted(read) == ["4.png", "same.png"]


def test_per_class_is_a_seeded_and_nested_choice(tmp_path):
    source = make_source(tmp_path / "s", a=90, b=50)
    few = split_directory(source, tmp_path / "few", per_class=14)
    more = split_directory(source, tmp_path / "more", per_class=35)
    other = split_directory(source, tmp_path / "other", per_class=14, seed=1)
    assert few.counts == {
        "train": {"a": 8, "b": 8},
        "validation": {"a": 4, "b": 4},
        "test": {"a": 2, "b": 2},
    }
    assert where(few).keys() < where(more).keys()
    assert where(few).keys() != where(other).keys()


def test_manifest(tmp_path):
    split = split_directory(make_source(tmp_path / "s", a=7, b=7), tmp_path / "t")
    with open(split.manifest, newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["split", "class", "file", "bytes"]
    assert {(r["class"], r["file"]): r["split"] for r in rows} == where(split)
    for r in rows:
        file = tmp_path / "t" / r["split"] / r["class"] / r["file"]
        assert file.stat().st_size == int(r["bytes"])


def test_only_pictures_are_taken(tmp_path):
    source = make_source(tmp_path / "s", a=7)
    for name in ("Thumbs.db", "notes.txt", ".hidden.jpg"):
        (source / "a" / name).write_bytes(b"no picture")
    (source / "a" / "8.PNG").write_bytes(b"picture")
    (source / "a" / "folder.jpg").mkdir()
    (source / ".ipynb_checkpoints").mkdir()
    (source / "readme.txt").write_text("hello")
    names = {name for _, name in where(split_directory(source, tmp_path / "t"))}
    assert names == {f"{i}.jpg" for i in range(7)} | {"8.PNG"}


def test_hard_links_or_copies(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=7)
    (source / "a" / "link.jpg").symlink_to("0.jpg")
    (source / "a" / "0.jpg").rename(tmp_path / "elsewhere.jpg")
    (source / "a" / "link.jpg").unlink()
    (source / "a" / "link.jpg").symlink_to("../../elsewhere.jpg")
    split = split_directory(source, tmp_path / "linked")
    for (name, file), side in where(split).items():
        assert os.path.samefile(getattr(split, side) / name / file, source / name / file)
        assert not (getattr(split, side) / name / file).is_symlink()

    def no_link(*args):
        raise OSError("not on this file system")

    monkeypatch.setattr(os, "link", no_link)
    copied = split_directory(source, tmp_path / "copied")
    assert where(copied) == where(split)
    for (name, file), side in where(copied).items():
        made = getattr(copied, side) / name / file
        assert made.read_bytes() == (source / name / file).read_bytes()
        assert not os.path.samefile(made, source / name / file)


def snapshot(folder):
    return {f: (f.stat().st_ino, f.stat().st_mtime_ns) for f in [folder, *folder.rglob("*")]}


def test_second_call_touches_nothing(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=21, b=14)
    first = split_directory(source, tmp_path / "t", per_class=14)
    before = snapshot(tmp_path)
    monkeypatch.setattr(splits, "_build", None)
    assert split_directory(source, tmp_path / "t", per_class=14) == first
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("change", ["seed", "ratio", "per_class"])
def test_changed_arguments_rebuild(tmp_path, change):
    source = make_source(tmp_path / "s", a=40)
    arguments = {"seed": 1, "ratio": (1, 1, 0), "per_class": 20}
    old = where(split_directory(source, tmp_path / "t"))
    new = split_directory(source, tmp_path / "t", **{change: arguments[change]})
    assert where(new) != old
    afresh = split_directory(source, tmp_path / "u", **{change: arguments[change]})
    assert where(new) == where(afresh)
    assert new.counts == afresh.counts


def test_changed_source_rebuilds(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    split_directory(source, tmp_path / "t")
    (source / "a" / "new.jpg").write_bytes(b"new")
    assert ("a", "new.jpg") in where(split_directory(source, tmp_path / "t"))
    (source / "a" / "0.jpg").unlink()
    assert ("a", "0.jpg") not in where(split_directory(source, tmp_path / "t"))
    (source / "a" / "1.jpg").unlink()
    (source / "a" / "1.jpg").write_bytes(b"A 1")  # the same size as before
    split = split_directory(source, tmp_path / "t")
    side = where(split)["a", "1.jpg"]
    assert (getattr(split, side) / "a" / "1.jpg").read_bytes() == b"A 1"


def test_a_damaged_split_is_rebuilt(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    split = split_directory(source, tmp_path / "t")
    before = where(split)
    next(split.test.glob("a/*")).unlink()
    assert where(split_directory(source, tmp_path / "t")) == before
    shutil.rmtree(split.train)
    assert where(split_directory(source, tmp_path / "t")) == before


def without_pictures(manifest):
    manifest.write_text(manifest.read_text().splitlines()[0] + "\n")


def shortened(manifest):
    manifest.write_text("\n".join(manifest.read_text().splitlines()[:-3]) + "\n")


def with_a_short_row(manifest):
    manifest.write_text(manifest.read_text() + "train,a\n")


def with_a_long_row(manifest):
    manifest.write_text(manifest.read_text() + "train,a,0.jpg,3,4\n")


def odd(manifest):
    manifest.write_bytes(b'\xff\xfe\0,\0\n"')


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize(
    "damage", [without_pictures, shortened, with_a_short_row, with_a_long_row, odd, Path.unlink]
)
def test_a_damaged_manifest_is_not_believed(tmp_path, monkeypatch, damage, link):
    source = make_source(tmp_path / "s", a=20, b=10)
    if not link:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("not here")))
    split = split_directory(source, tmp_path / "t")
    before = where(split)
    damage(split.manifest)
    again = split_directory(source, tmp_path / "t")
    assert again == split and where(again) == before


def test_a_manifest_that_fits_the_files_but_not_the_settings_is_not_believed(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    split = split_directory(source, tmp_path / "t")
    for file in split.test.glob("*/*"):
        file.unlink()
    split.test.joinpath("a").rmdir()
    split.test.rmdir()
    lines = [line for line in split.manifest.read_text().splitlines() if line[:4] != "test"]
    split.manifest.write_text("\n".join(lines) + "\n")
    assert split_directory(source, tmp_path / "t") == split


@pytest.mark.parametrize("rebuild", [False, True])
def test_an_interruption_leaves_no_half_split(tmp_path, monkeypatch, rebuild):
    source = make_source(tmp_path / "s", a=20)
    target = tmp_path / "t"
    before = where(split_directory(source, target)) if rebuild else None
    link, calls = splits._link, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 5:
            raise KeyboardInterrupt
        link(*args)

    with monkeypatch.context() as patch:
        patch.setattr(splits, "_link", interrupted)
        with pytest.raises(KeyboardInterrupt):
            split_directory(source, target, seed=1)
    left = {f.name for f in tmp_path.iterdir() if not f.name.endswith("lock")}
    assert left == ({"s", "t"} if rebuild else {"s"})
    if rebuild:
        assert where(split_directory(source, target)) == before
    assert len(where(split_directory(source, target, seed=1))) == 20


def test_remains_of_a_killed_call_are_swept_up(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    remains = tmp_path / ".t.split-partial" / "train" / "a"
    remains.mkdir(parents=True)
    (remains / "stale.jpg").write_bytes(b"stale")
    split = split_directory(source, tmp_path / "t")
    assert ("a", "stale.jpg") not in where(split)
    assert not (tmp_path / ".t.split-partial").exists()


def test_two_calls_at_once(tmp_path):
    source = make_source(tmp_path / "s", a=300)
    results, errors = [], []

    def call():
        try:
            results.append(split_directory(source, tmp_path / "t"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert all(r == results[0] for r in results) and len(where(results[0])) == 300


def test_a_call_returns_its_own_numbers_whoever_comes_next(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=30)
    leave = FileLock.__exit__

    def leave_and_let_another_in(lock, *error):
        leave(lock, *error)
        with monkeypatch.context() as patch:
            patch.setattr(FileLock, "__exit__", leave)
            split_directory(source, tmp_path / "t", ratio=(1, 1, 1))

    monkeypatch.setattr(FileLock, "__exit__", leave_and_let_another_in)
    counts = split_directory(source, tmp_path / "t", ratio=(4, 1, 1)).counts
    assert [counts[side]["a"] for side in SIDES] == [20, 5, 5]


def test_a_rename_that_fails_leaves_the_old_split(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=20)
    split = split_directory(source, tmp_path / "t")
    before = where(split)
    rename = Path.rename

    def fail(path, target):
        if path.name.endswith("-partial"):
            raise PermissionError("in use")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with pytest.raises(PermissionError):
            split_directory(source, tmp_path / "t", seed=1)
    assert where(split) == before and len(before) == 20


def test_a_call_killed_between_the_renames_leaves_the_old_split(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=20)
    before = where(split_directory(source, tmp_path / "t"))
    (tmp_path / "t").rename(tmp_path / ".t.split-old")
    monkeypatch.setattr(splits, "_build", None)
    assert where(split_directory(source, tmp_path / "t")) == before


@pytest.mark.parametrize("link", [True, False])
def test_a_changed_picture_in_a_split_is_not_replaced(tmp_path, monkeypatch, link):
    source = make_source(tmp_path / "s", a=20)
    if not link:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("not here")))
    split = split_directory(source, tmp_path / "t")
    mine = sorted(split.train.glob("a/*"))[0]
    mine.unlink()
    mine.write_bytes(b"drawn on")
    with pytest.raises(FileExistsError, match=f"changed since: .*{mine.name}"):
        split_directory(source, tmp_path / "t", seed=1)
    assert mine.read_bytes() == b"drawn on"


@pytest.mark.parametrize("kind", ["file", "folder", "nowhere"])
def test_links_in_a_target_are_not_deleted(tmp_path, kind):
    source = make_source(tmp_path / "s", a=20)
    split = split_directory(source, tmp_path / "t")
    place = {"file": source / "a/0.jpg", "folder": source / "a", "nowhere": tmp_path / "x"}[kind]
    (split.train / "link").symlink_to(place)
    with pytest.raises(FileExistsError, match="train/link"):
        split_directory(source, tmp_path / "t", seed=1)
    assert (split.train / "link").is_symlink()


def test_the_folder_one_is_in_is_not_replaced(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=20)
    (tmp_path / "t/inside").mkdir(parents=True)
    for here, target in (("t", "."), ("t", tmp_path / "t"), ("t/inside", "..")):
        monkeypatch.chdir(tmp_path / here)
        with pytest.raises(ValueError, match="You are inside the target"):
            split_directory(source, target)
    monkeypatch.chdir(tmp_path)
    assert len(where(split_directory("s", "t"))) == 20


def test_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    make_source(tmp_path / "s", a=20)
    assert split_directory("~/s", "~/t").train == tmp_path / "t/train"
    assert not (tmp_path / "~").exists()


def test_refuses_to_delete_what_it_did_not_make(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    target = tmp_path / "t"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="no split put there"):
        split_directory(source, target)
    (target / "split.json").write_text(json.dumps(["someone else's"]))
    with pytest.raises(FileExistsError, match="no split put there"):
        split_directory(source, target)
    assert (target / "thesis.txt").read_text() == "years of work"
    with pytest.raises(FileExistsError, match="is a file"):
        split_directory(source, target / "thesis.txt")


def test_refuses_to_delete_files_that_were_added_to_a_split(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    split_directory(source, tmp_path / "t")
    mine = tmp_path / "t" / "train" / "best.keras"
    mine.write_bytes(b"weights")
    split_directory(source, tmp_path / "t")  # nothing to rebuild: no complaint
    with pytest.raises(FileExistsError, match="best.keras"):
        split_directory(source, tmp_path / "t", seed=1)
    assert mine.read_bytes() == b"weights"


def test_an_empty_target_folder_is_fine(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / ".DS_Store").write_bytes(b"litter")
    assert len(where(split_directory(make_source(tmp_path / "s", a=20), tmp_path / "t"))) == 20


def test_errors(tmp_path):
    source, target = make_source(tmp_path / "s", a=20, b=9), tmp_path / "t"
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        split_directory(tmp_path / "nowhere", target)
    with pytest.raises(ValueError, match="no class folders"):
        split_directory(source / "a", target)
    with pytest.raises(TypeError, match="source should be the path of a folder"):
        split_directory(None, target)
    with pytest.raises(TypeError, match="target should be the path of a folder"):
        split_directory(source, ["t"])
    with pytest.raises(ValueError, match="'b' has: 9 pictures"):
        split_directory(source, target, per_class=10)
    for per_class in (0, -1, 2.5, "3", True, [3], float("nan"), float("inf")):
        with pytest.raises(ValueError, match="per_class=.*should be"):
            split_directory(source, target, per_class=per_class)
    for seed in (None, "0", 0.5, [1]):
        with pytest.raises(ValueError, match="seed=.*(whole number|another result)"):
            split_directory(source, target, seed=seed)
    nan = float("nan")
    for ratio in [
        (1, 1),
        (0, 1, 1),
        (1, -1, 0),
        "abc",
        0.8,
        (nan, 1, 1),
        (4, "2", 1),
        (True, 1, 0),
    ]:
        with pytest.raises(ValueError, match="three numbers"):
            split_directory(source, target, ratio=ratio)
    for inside in (source, source / "split", source / "a" / "split", tmp_path):
        with pytest.raises(ValueError, match="inside one another"):
            split_directory(source, inside)
    (source / "c").mkdir()
    with pytest.raises(ValueError, match="c holds no pictures"):
        split_directory(source, target)
    with pytest.raises(ValueError, match="c holds no pictures"):  # or it would shift d's label
        splits.pictures_by_class(source)
    assert not target.exists()


def test_a_class_too_small_for_its_share(tmp_path):
    source = make_source(tmp_path / "s", a=20, b=2)
    with pytest.raises(ValueError, match="'b' has too few different pictures"):
        split_directory(source, tmp_path / "t")
    assert not (tmp_path / "t").exists()


# ---------------------------------------------------------------- odd folders


def bytes_named(folder, name):
    """Make a file whose name is bytes that are no Unicode, where the disk takes it."""
    try:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"odd")
    except OSError:
        pytest.skip("this disk takes Unicode names only")


@pytest.mark.parametrize("kind", ["itself", "nowhere", "the source"])
def test_links_in_a_source_that_lead_nowhere_are_passed_over(tmp_path, kind):
    source = make_source(tmp_path / "s", a=7)
    place = {"itself": "link.jpg", "nowhere": "gone.jpg", "the source": source}[kind]
    (source / "a/link.jpg").symlink_to(place)
    (source / "link").symlink_to("link")
    assert len(where(split_directory(source, tmp_path / "t"))) == 7


def test_names_that_are_no_unicode_are_told(tmp_path):
    source = make_source(tmp_path / "s", a=7)
    bytes_named(source / "a", b"\xff\xfe.jpg")
    with pytest.raises(ValueError, match=r"'\\udcff\\udcfe.jpg' is no Unicode text: rename it"):
        split_directory(source, tmp_path / "t")


def test_class_whose_name_is_no_unicode_is_told(tmp_path):
    source = make_source(tmp_path / "s", a=7)
    try:
        os.rename(source / "a", os.path.join(os.fsencode(source), b"\xff"))
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    with pytest.raises(ValueError, match="'.udcff' is no Unicode text"):
        split_directory(source, tmp_path / "t")


ODD_NAMES = {
    "accents": "\u00e9 e\u0301.jpg",
    "another alphabet": "\u732b.jpg",
    "emoji": "\U0001f408.jpg",
    "a line break": "a\nb.jpg",
    "a return": "a\rb.jpg",
    "a comma and quotes": 'a,"b".jpg',
    "blanks": " a  .jpg",
    "255 bytes": "n" * 251 + ".jpg",
    "a leading dash": "-rf.jpg",
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
def test_odd_names_come_through_and_are_found_again(tmp_path, monkeypatch, name):
    source = make_source(tmp_path / "s", a=6)
    (source / "a" / name).write_bytes(b"odd")
    split = split_directory(source, tmp_path / "t")
    assert ("a", name) in where(split)
    monkeypatch.setattr(splits, "_build", None)
    assert split_directory(source, tmp_path / "t") == split


def test_hidden_and_nested_folders(tmp_path):
    source = make_source(tmp_path / "s", a=7)
    (source / "a/nested").mkdir()
    (source / "a/nested/8.jpg").write_bytes(b"8")
    (source / "a/._0.jpg").write_bytes(b"of a Mac")
    (source / ".git").mkdir()
    assert len(where(split_directory(source, tmp_path / "t"))) == 7
    (source / "__MACOSX").mkdir()
    with pytest.raises(ValueError, match="__MACOSX holds no pictures. Add some, or remove it"):
        split_directory(source, tmp_path / "t")


def test_class_with_nested_folders_only(tmp_path):
    source = make_source(tmp_path / "s/a", nested=3)
    with pytest.raises(ValueError, match="The class folder .*a holds no pictures"):
        split_directory(source.parent, tmp_path / "t")


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        ((0.5, 0.2, 0.1), (6, 3, 1)),
        ((0.9, 0.9, 0.9), (4, 3, 3)),
        ((70, 20, 10), (7, 2, 1)),
        ((10**400, 1, 1), (8, 1, 1)),
        ((1, 1e-300, 0), (9, 1, 0)),
    ],
)
def test_fractions_that_do_not_add_up_are_parts_all_the_same(tmp_path, ratio, expected):
    split = split_directory(make_source(tmp_path / "s", a=10), tmp_path / "t", ratio=ratio)
    assert tuple(split.counts[side]["a"] for side in SIDES) == expected


@pytest.mark.parametrize("numbers", [{"a": 1}, {"a": 2}, {"a": 20, "b": 1}])
def test_class_of_one_picture(tmp_path, numbers):
    source = make_source(tmp_path / "s", **numbers)
    with pytest.raises(ValueError, match="too few different pictures.*Take more pictures, or a r"):
        split_directory(source, tmp_path / "t")
    assert not (tmp_path / "t").exists()
    counts = split_directory(source, tmp_path / "t", ratio=(1, 0, 0)).counts
    assert counts["train"] == numbers


def test_pictures_that_are_all_the_same(tmp_path):
    source = make_source(tmp_path / "s", a=1)
    for i in range(8):
        shutil.copy(source / "a/0.jpg", source / "a" / f"copy{i}.jpg")
    with pytest.raises(ValueError, match="too few different pictures"):
        split_directory(source, tmp_path / "t")


@pytest.mark.parametrize("change", ["gone", "longer"])
def test_source_that_changes_meanwhile(tmp_path, monkeypatch, change):
    source = make_source(tmp_path / "s", a=20)
    assign, file = splits._assign, source / "a/3.jpg"

    def assign_meanwhile(*arguments):
        sides = assign(*arguments)
        file.unlink()
        if change == "longer":
            file.write_bytes(b"longer than it was")
        return sides

    with monkeypatch.context() as patch:
        patch.setattr(splits, "_assign", assign_meanwhile)
        if change == "gone":
            with pytest.raises(FileNotFoundError, match="3.jpg"):
                split_directory(source, tmp_path / "t")
            assert not (tmp_path / "t").exists()
        else:
            split_directory(source, tmp_path / "t")
    again = where(split_directory(source, tmp_path / "t"))
    assert (("a", "3.jpg") in again) == (change == "longer")
    if change == "longer":
        made = tmp_path / "t" / again["a", "3.jpg"] / "a/3.jpg"
        assert made.read_bytes() == b"longer than it was"


# ---------------------------------------------------------------- what a disk refuses


@pytest.mark.parametrize("rebuild", [False, True])
def test_folder_that_cannot_be_written(tmp_path, read_only, rebuild):
    source = make_source(tmp_path / "s", a=20)
    if rebuild:
        before = where(split_directory(source, tmp_path / "share/t"))
    with read_only(tmp_path / "share"):
        if rebuild:  # one that is there can be used
            assert where(split_directory(source, tmp_path / "share/t")) == before
        with pytest.raises(PermissionError, match="Cannot write the split to .*share.*another ta"):
            split_directory(source, tmp_path / "share/t", seed=1)


def test_full_disk(tmp_path, monkeypatch):
    source = make_source(tmp_path / "s", a=20)
    before = where(split_directory(source, tmp_path / "t"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(splits, "_link", full)
        with pytest.raises(OSError, match="No space for the split in .*Free some and try again"):
            split_directory(source, tmp_path / "t", seed=1)
    assert where(split_directory(source, tmp_path / "t")) == before
    assert not (tmp_path / ".t.split-partial").exists()


@pytest.mark.parametrize("length", [250, 300])
def test_target_whose_name_is_too_long(tmp_path, length):
    source = make_source(tmp_path / "s", a=20)
    with pytest.raises(PermissionError, match="Cannot write the split.*too long.*another target"):
        split_directory(source, tmp_path / ("t" * length))


def test_target_below_a_file(tmp_path):
    source = make_source(tmp_path / "s", a=20)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PermissionError, match="Cannot write the split.*another target"):
        split_directory(source, tmp_path / "file/t")
    assert (tmp_path / "file").read_text() == "mine"
