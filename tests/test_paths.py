"""`utils.paths`: the mirror, the source, and the folders that learners name."""

from pathlib import Path

import numpy as np
import pytest

from utils import paths
from utils.datasets import Dataset
from utils.splits import Split


def look(place):
    return paths.mirror({"COURSE_MIRROR": place})


def test_forms_of_a_mirror(tmp_path, monkeypatch):
    for place in (str(tmp_path), f" {tmp_path} ", tmp_path.as_uri(), f"file:{tmp_path.as_posix()}"):
        assert look(place) == tmp_path
    assert look(tmp_path.as_uri().replace("file:///", "FILE://localhost/")) == tmp_path
    assert look((tmp_path / "my mirror").as_uri()) == tmp_path / "my mirror"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert look("~/mirror") == tmp_path / "mirror"
    for place in ("http://mirror.example/a", "HTTPS://mirror.example/a/"):
        assert look(place) == place.rstrip("/")
    assert look("") is look("  ") is paths.mirror({}) is None


def test_relative_mirror_starts_at_the_course_wherever_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert look("../mirror") == paths.ROOT / "../mirror"
    assert look("file:mirror") == paths.ROOT / "mirror"


@pytest.mark.parametrize(
    "place",
    ["http://", "https:///a", "ftp://mirror.example/a", "s3://bucket", "file://server/share"],
)
def test_addresses_of_other_kinds(place):
    with pytest.raises(ValueError, match="COURSE_MIRROR='"):
        look(place)


def test_source():
    assert paths.source(environ={"COURSE_DATA": ""}) == "sample"
    assert paths.source("real", environ={"COURSE_DATA": "sample"}) == "real"
    for value, environ in (("Real", {}), (None, {"COURSE_DATA": "reel"})):
        with pytest.raises(ValueError, match='must be "sample" or "real"'):
            paths.source(value, environ)


def test_data_folder(tmp_path, monkeypatch):
    assert paths.data(environ={}) == paths.data(environ={"COURSE_DATA_DIR": " "}) == paths.DATA
    assert paths.data(environ={"COURSE_DATA_DIR": str(tmp_path)}) == tmp_path
    assert paths.data(environ={"COURSE_DATA_DIR": "../share"}) == paths.ROOT / "../share"
    assert paths.data("mine", environ={"COURSE_DATA_DIR": str(tmp_path)}) == Path("mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert paths.data(environ={"COURSE_DATA_DIR": "~/share"}) == tmp_path / "share"


def dataset(**changes):
    values = dict.fromkeys(Dataset.__dataclass_fields__)
    return Dataset(**values | {"directory": Path("pets"), "tables": ()} | changes)


def test_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert paths.folder("~/photos") == tmp_path / "photos"
    assert paths.folder(Path("~/photos")) == tmp_path / "photos"
    assert paths.folder("a/b") == Path("a/b")
    assert paths.folder(dataset()) == Path("pets")


def test_what_is_no_folder():
    split = Split(*map(Path, ("train", "validation", "test", "manifest.csv")), {})
    with pytest.raises(TypeError, match="source is a Split.*choose one, as split.train"):
        paths.folder(split, "source")
    with pytest.raises(TypeError, match="CSV files.*read_label_csv"):
        paths.folder(dataset(tables=(Path("train.csv"),)))
    for value in (None, 3, ["a"], b"a", np.zeros(3), {"directory": 1}):
        with pytest.raises(TypeError, match='directory should be the path of a folder, such as "'):
            paths.folder(value)
    for value in ("", "  "):
        with pytest.raises(ValueError, match="target is empty"):
            paths.folder(value, "target")
    with pytest.raises(ValueError, match="Write the whole path"):
        paths.folder("~nobody-of-this-name/photos")


def test_room_on_the_disk(tmp_path):
    paths.need_space(tmp_path, 1)
    with pytest.raises(OSError, match="1000000000.00 GB are needed, .* GB are free"):
        paths.need_space(tmp_path, 10**18)
