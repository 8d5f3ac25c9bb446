"""Behaviour of ``python -m utils``; `course` is tested in test_course.py."""

import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from PIL import Image

from utils import __main__ as cli
from utils import datasets, doctor, paths
from utils.paths import ROOT


@pytest.fixture
def fetch_raises(monkeypatch):
    def fetch_raises(error):
        stand_in = create_autospec(datasets.fetch, side_effect=error)
        monkeypatch.setattr(datasets, "fetch", stand_in)

    return fetch_raises


def test_fetch_prints_the_folder_of_the_source_it_is_given(sample, tmp_path, monkeypatch, capsys):
    sample()
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    for options, source in (((), "sample"), (("--source", "real"), "real")):
        assert cli.main(["fetch", "pets", *options]) == 0
        folder = Path(capsys.readouterr().out.splitlines()[-1])
        assert folder.is_relative_to(tmp_path / "data") and f"pets-{source}" in str(folder)
        assert len(list((folder / "Cat").iterdir())) == 4


@pytest.fixture
def pictures(tmp_path):
    """Folder with 14 pictures of each of two classes."""
    for name, blue in (("Cat", 0), ("Dog", 255)):
        (tmp_path / "all" / name).mkdir(parents=True)
        for index in range(14):
            picture = Image.new("RGB", (8, 8), (index * 15, blue, 9))
            picture.save(tmp_path / "all" / name / f"{index}.png")
    return tmp_path / "all"


def test_split_says_what_it_made(pictures, tmp_path, capsys):
    assert cli.main(["split", str(pictures), str(tmp_path / "parts")]) == 0
    *counts, manifest = capsys.readouterr().out.splitlines()[-4:]
    assert counts == [
        "train: 8 Cat, 8 Dog",
        "validation: 4 Cat, 4 Dog",
        "test: 2 Cat, 2 Dog",
    ]
    assert Path(manifest).is_relative_to(tmp_path / "parts") and Path(manifest).is_file()
    assert len(list((tmp_path / "parts").rglob("*.png"))) == 28


def test_split_obeys_its_options(pictures, tmp_path, capsys):
    def training_files(target, seed):
        options = ["--ratio", "2", "1.5", "0.5", "--per-class", "8", "--seed", seed]
        assert cli.main(["split", str(pictures), str(tmp_path / target), *options]) == 0
        shown = capsys.readouterr().out
        for counts in ("train: 4 Cat, 4 Dog", "validation: 3 Cat, 3 Dog", "test: 1 Cat, 1 Dog"):
            assert counts in shown
        manifest = Path(shown.splitlines()[-1]).read_text()
        return {line for line in manifest.splitlines() if "train" in line}

    first, again, other = (training_files(*run) for run in (("a", "7"), ("b", "7"), ("c", "8")))
    assert first == again != other


@pytest.mark.parametrize(
    ("level", "verdict"), [(doctor.OK, 0), (doctor.NOTE, 0), (doctor.PROBLEM, 1)]
)
def test_doctor_returns_its_verdict(monkeypatch, capsys, level, verdict):
    findings = [doctor.Finding(level, "disk", "3 GB are free", "Free some.")]
    monkeypatch.setattr(doctor, "check", create_autospec(doctor.check, return_value=findings))
    assert cli.main(["doctor"]) == verdict
    assert "3 GB are free" in capsys.readouterr().out
    assert cli.main(["doctor", "--json"]) == verdict
    assert json.loads(capsys.readouterr().out)[0]["text"] == "3 GB are free"


def test_doctor_measures_the_pace_where_tensorflow_works(monkeypatch, capsys):
    works = [doctor.Finding(doctor.OK, "TensorFlow", "computes")]
    minutes = [doctor.Finding(doctor.OK, "week 1", "about 2 minutes")]
    monkeypatch.setattr(doctor, "check", create_autospec(doctor.check, return_value=works))
    monkeypatch.setattr(doctor, "pace", create_autospec(doctor.pace, return_value=minutes))
    for options, shown in (([], True), (["--quick"], False)):
        assert cli.main(["doctor", *options]) == 0
        assert ("about 2 minutes" in capsys.readouterr().out) == shown


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ValueError("No data set 'cats'.\nThere are: dogs."),
            "No data set 'cats'. There are: dogs",
        ),
        (KeyError("No such thing."), "Error: No such thing."),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_an_error_is_one_line_and_exit_status_1(fetch_raises, capsys, error, text):
    fetch_raises(error)
    assert cli.main(["fetch", "cats"]) == 1
    shown = capsys.readouterr().err
    assert text in shown and shown.count("\n") == 1 and "Traceback" not in shown


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["fetch", "cats"], "There is no data set 'cats'. Choose one of: cats_vs_dogs"),
        (["split", "no_such_folder", "parts"], "no_such_folder"),
        (["course", "9"], "There is no week 9. There are: 1, 2"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, monkeypatch, capsys, command, text):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Error: ") and text in shown and shown.count("\n") == 1


def test_ctrl_c_is_exit_status_130(fetch_raises, capsys):
    fetch_raises(KeyboardInterrupt)
    assert cli.main(["fetch", "cats"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_the_command_line_starts_fast_and_helps():
    program = (
        "import sys, utils.__main__ as cli\n"
        "heavy = {'tensorflow', 'matplotlib', 'numpy', 'PIL', 'nbclient'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "cli.main(['--help'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("doctor", "fetch", "split", "course"):
        assert command in done.stdout
    with pytest.raises(SystemExit) as refused:
        cli.main(["nonsense"])
    assert refused.value.code == 2
