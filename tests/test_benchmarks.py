"""The script that measures a lecture over seeds and roundings, on tiny lectures of its own."""

import json

import nbformat
import pytest
from little_sets import benchmark
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from utils.paths import ROOT


@pytest.fixture
def lecture_seeds():
    return benchmark("lecture_seeds")


START = f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\nfrom utils.results import *\n"
RESULTS = """results(
    source="sample", train_accuracy=SEED / 10, validation_accuracy=0.5,
    instructions=os.environ.get("ONEDNN_MAX_CPU_ISA", "all"),
)"""
CLAIMS = "judge(99, 'sample', claim('small', SEED, at_most=4), claim('so it is', True))"


def write_lecture(path, *sources, tags=("results", "claims")):
    cells = [new_code_cell(START), *map(new_code_cell, sources)]
    for cell, tag in zip(cells[-len(tags) :], tags, strict=True):
        cell.metadata["tags"] = [tag]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def lecture(tmp_path):
    return write_lecture(tmp_path / "week1_lecture.ipynb", "SEED = 1", RESULTS, CLAIMS)


# ---------------------------------------------------------------- one run


def test_the_seed_is_changed_and_a_claim_that_fails_is_recorded(lecture_seeds, lecture):
    before = lecture.read_bytes()
    good, bad = (lecture_seeds.run_lecture(lecture, seed) for seed in (3, 5))
    assert (good["seed"], good["train_accuracy"]) == (3, 0.3)
    assert (bad["seed"], bad["train_accuracy"]) == (5, 0.5)
    assert [claim["seen"] for claim in good["claims"]] == [3, True]
    assert [claim["holds"] for claim in good["claims"]] == [True, True]
    assert [claim["holds"] for claim in bad["claims"]] == [False, True]
    assert lecture.read_bytes() == before


def test_a_rounding_reaches_the_lecture(lecture_seeds, lecture, monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    found = {name: lecture_seeds.run_lecture(lecture, 3, name) for name in ("own", "sse41")}
    assert {name: run["instructions"] for name, run in found.items()} == {
        "own": "all",
        "sse41": "SSE41",
    }
    assert found["sse41"]["rounding"] == "sse41"


@pytest.mark.parametrize("source", ["print('no seed')", "SEED = 1\nSEED = 2"])
def test_a_lecture_without_one_seed_is_refused(lecture_seeds, tmp_path, source):
    path = write_lecture(tmp_path / "lecture.ipynb", source, RESULTS, CLAIMS)
    with pytest.raises(ValueError, match="lecture.ipynb should have one line 'SEED = …', and has"):
        lecture_seeds.run_lecture(path, 3)


def test_roundings_that_train_the_same_network_are_refused(lecture_seeds, monkeypatch):
    monkeypatch.setattr(lecture_seeds, "ROUNDINGS", {"own": {}, "again": {}})
    monkeypatch.setattr(lecture_seeds, "TRAIN_A_LITTLE", "print('0x1')")
    with pytest.raises(ValueError, match="Of own, again, only own round"):
        lecture_seeds.distinct(["own", "again"], 2)


def test_the_first_roundings_that_differ_are_told_with_their_losses(lecture_seeds, monkeypatch):
    losses = {"a": "0x1", "twin of a": "0x1", "b": "0x2", "c": "0x3"}
    roundings = {name: {"LOSS": loss} for name, loss in losses.items()}
    monkeypatch.setattr(lecture_seeds, "ROUNDINGS", roundings)
    monkeypatch.setattr(lecture_seeds, "TRAIN_A_LITTLE", "import os; print(os.environ['LOSS'])")
    assert lecture_seeds.distinct(roundings, 2) == {"a": "0x1", "b": "0x2"}


# ---------------------------------------------------------------- many runs


def test_summary_gives_mean_spread_and_range(lecture_seeds):
    runs = [{"seed": s, "accuracy": a} for s, a in enumerate((0.7, 0.8, 0.9))]
    found = lecture_seeds.summary([*runs])
    assert found == {"accuracy": {"mean": 0.8, "spread": 0.1, "least": 0.7, "greatest": 0.9}}


def runs_of(sentence, seen, at_least=None, at_most=None, holds=None):
    holds = [True] * len(seen) if holds is None else holds
    band = {"sentence": sentence, "at_least": at_least, "at_most": at_most}
    return [{"claims": [band | {"seen": s, "holds": h}]} for s, h in zip(seen, holds, strict=True)]


def test_claims_are_told_with_their_distance_from_the_band_in_spreads(lecture_seeds):
    runs = runs_of("gap", (10.0, 12.0, 14.0), 7, 25)
    runs += runs_of("sure", (5, 5), at_least=4)
    runs += runs_of("error", (1.0, 2.0, 3.0), at_most=2.5, holds=(True, True, False))
    runs += runs_of("order", (True, False), holds=(True, False))
    found = lecture_seeds.claims(runs)
    assert (found["gap"]["mean"], found["gap"]["spread"], found["gap"]["margin"]) == (12, 2, 2.5)
    assert (found["gap"]["held"], found["gap"]["runs"]) == (3, 3)
    assert (found["error"]["margin"], found["error"]["held"]) == (0.5, 2)
    assert found["sure"]["margin"] is None, "without spread there is nothing to measure it in"
    assert found["order"] == {"held": 1, "runs": 2}
    lines = lecture_seeds.table(found).splitlines()
    assert lines[0] == "held 3 of 3   12 ± 2   band ≥ 7, ≤ 25   2.5 spreads inside   gap"
    assert lines[3] == "held 1 of 2   order"


def test_recorded_runs_are_kept_until_the_code_changes(
    lecture_seeds, tmp_path, monkeypatch, capsys
):
    folder, results = tmp_path / "week1_topic", tmp_path / "benchmarks" / "results"
    folder.mkdir()
    results.mkdir(parents=True)
    (tmp_path / "benchmarks" / "yardstick.py").write_text("print('0.50')")
    (tmp_path / "pyproject.toml").write_text("[tool.course.weeks.1]\nfolder = 'week1_topic'\n")
    path = write_lecture(folder / "week1_lecture.ipynb", "SEED = 1", RESULTS, CLAIMS)
    monkeypatch.setattr(lecture_seeds, "ROOT", tmp_path)
    monkeypatch.setattr(lecture_seeds, "RESULTS", results)
    monkeypatch.setattr(lecture_seeds, "TRAIN_A_LITTLE", "print('0x1')")
    monkeypatch.delenv("COURSE_DATA", raising=False)

    def measure(*seeds):
        command = ["lecture_seeds.py", "1", "--roundings", "own", "--seeds", *map(str, seeds)]
        monkeypatch.setattr("sys.argv", command)
        lecture_seeds.main()
        return json.loads((results / "week1_sample.json").read_text())

    record = measure(3)
    (run,) = record["runs"]
    assert run["yardstick"] == 0.5 and run["yardsticks"] == round(run["seconds"] / 0.5, 1)
    assert record["claims"]["small"]["held"] == 1

    run["seconds"] = 1234.0
    (results / "week1_sample.json").write_text(json.dumps(record))
    record = measure(3, 5)
    assert [run["seed"] for run in record["runs"]] == [3, 5]
    assert record["runs"][0]["seconds"] == 1234.0, "measured anew"
    assert (
        record["claims"]["small"] | {"held": 1, "runs": 2, "mean": 4, "at_most": 4}
        == (record["claims"]["small"])
    )
    capsys.readouterr()
    assert measure(3, 5) == record
    assert "held 1 of 2" in capsys.readouterr().out

    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_markdown_cell("Texts may change."))
    nbformat.write(notebook, path)
    assert measure(3) == record
    notebook.cells.append(new_code_cell("'Code may not.'"))
    nbformat.write(notebook, path)
    assert [run["seed"] for run in measure(4)["runs"]] == [4]


def test_runs_stay_valid_while_only_words_and_asides_change(lecture_seeds, tmp_path):
    def digest(*sources, tags=("results", "claims")):
        return lecture_seeds.code_digest(write_lecture(tmp_path / "l.ipynb", *sources, tags=tags))

    first = digest("%matplotlib inline\nSEED = 1", RESULTS, CLAIMS)
    assert digest("%matplotlib inline\nSEED  =  1  # chance", RESULTS, CLAIMS) == first
    with_quiz = digest("SEED = 1", "ask(1)", RESULTS, CLAIMS, tags=("aside", "results", "claims"))
    assert with_quiz == first
    assert digest("SEED = 2", RESULTS, CLAIMS) != first
    assert digest("SEED = 1", "more = 1", RESULTS, CLAIMS) != first
