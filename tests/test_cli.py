"""Behaviour of ``python -m utils``."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from utils import __main__ as cli

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def module(monkeypatch):
    """Replace a function of a module that a command imports."""

    def replace(name, **functions):
        stand_in = SimpleNamespace(**functions)
        monkeypatch.setitem(sys.modules, f"utils.{name}", stand_in)
        monkeypatch.setattr(sys.modules["utils"], name, stand_in, raising=False)

    return replace


def test_fetch_passes_name_and_source_and_prints_the_folder(module, capsys):
    calls = []

    def fetch(name, source=None):
        calls.append((name, source))
        return SimpleNamespace(directory=Path("somewhere") / name)

    module("datasets", fetch=fetch)
    assert cli.main(["fetch", "cats_vs_dogs"]) == 0
    assert cli.main(["fetch", "cats_vs_dogs", "--source", "real"]) == 0
    assert calls == [("cats_vs_dogs", None), ("cats_vs_dogs", "real")]
    assert str(Path("somewhere") / "cats_vs_dogs") in capsys.readouterr().out


def test_split_passes_its_options(module, capsys):
    calls = []

    def split_directory(source, target, **options):
        calls.append((source, target, options))
        counts = {"train": {"Cat": 1200, "Dog": 3}}
        return SimpleNamespace(counts=counts, manifest=Path("to/manifest.csv"))

    module("splits", split_directory=split_directory)
    assert cli.main(["split", "a", "b"]) == 0
    options = ["--ratio", "8", "1.5", "0", "--per-class", "50", "--seed", "7"]
    assert cli.main(["split", "a", "b", *options]) == 0
    assert calls == [
        ("a", "b", {"ratio": (4, 2, 1), "per_class": None, "seed": 0}),
        ("a", "b", {"ratio": (8, 1.5, 0), "per_class": 50, "seed": 7}),
    ]
    assert "train: 1,200 Cat, 3 Dog" in capsys.readouterr().out


def test_split_works_with_the_real_splitter(tmp_path, capsys):
    pytest.importorskip("utils.splits")
    from PIL import Image

    for index in range(7):
        for name in ("Cat", "Dog"):
            folder = tmp_path / "all" / name
            folder.mkdir(parents=True, exist_ok=True)
            colour = (index * 30, 0 if name == "Cat" else 255, 9)
            Image.new("RGB", (8, 8), colour).save(folder / f"{index}.png")
    source, target = str(tmp_path / "all"), str(tmp_path / "parts")
    assert cli.main(["split", source, target]) == 0
    assert "train: 4 Cat, 4 Dog" in capsys.readouterr().out
    assert len(list((tmp_path / "parts").rglob("*.png"))) == 14


def test_course_fails_when_a_lecture_fails(module):
    calls = []

    def run(weeks, in_place):
        calls.append((weeks, in_place))
        return {"week1": {"seconds": 1}} | ({"week2": {"error": "cell 1"}} if "2" in weeks else {})

    module("course", run=run)
    assert cli.main(["course", "1"]) == 0
    assert cli.main(["course", "1", "2", "--in-place"]) == 1
    assert calls == [(["1"], False), (["1", "2"], True)]


def test_doctor_returns_its_verdict(module):
    for verdict in (0, 1):
        module("doctor", check=lambda: ["finding"], report=lambda findings, v=verdict: v)
        assert cli.main(["doctor"]) == verdict


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
def test_an_error_is_one_line_and_exit_status_1(module, capsys, error, text):
    def fetch(name, source=None):
        raise error

    module("datasets", fetch=fetch)
    assert cli.main(["fetch", "cats"]) == 1
    shown = capsys.readouterr().err
    assert text in shown and shown.count("\n") == 1 and "Traceback" not in shown


def test_ctrl_c_is_exit_status_130(module):
    def fetch(name, source=None):
        raise KeyboardInterrupt

    module("datasets", fetch=fetch)
    assert cli.main(["fetch", "cats"]) == 130


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
