"""Behaviour of utils.course, on tiny notebooks of its own."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from utils import course
from utils.paths import ROOT

START = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom utils.results import *\n"
RESULTS = "results(source='sample', train_accuracy=0.99, validation_accuracy=0.75, pictures=100)"
CLAIMS = (
    "judge(9, 'sample', claim('it learns (%)', 99, at_least=95), claim('the gap closes', False))"
)


def write_course(root, lectures):
    """Write lectures, lists of cells by week, and the table of weeks; return their paths."""
    table, paths = [], {}
    for week, cells in lectures.items():
        table.append(f'[tool.course.weeks.{week}]\nfolder = "week{week}_topic"\n')
        (root / f"week{week}_topic").mkdir()
        paths[week] = root / f"week{week}_topic" / f"week{week}_lecture.ipynb"
        nbformat.write(new_notebook(cells=cells), paths[week])
    (root / "pyproject.toml").write_text("\n".join(table))
    return paths


def tagged(tag, source):
    return new_code_cell(START + source, metadata={"tags": [tag]})


# ---------------------------------------------------------------- finding lectures


def test_lectures_are_found_in_the_order_of_the_table(tmp_path):
    paths = write_course(tmp_path, {1: [], 2: [], 10: []})
    (tmp_path / "week1_topic" / "week1_solution.ipynb").touch()
    assert course.find_lectures(tmp_path) == paths
    assert list(course.find_lectures(tmp_path)) == [1, 2, 10]
    assert list(course.find_lectures(tmp_path, ["10", 1])) == [1, 10]
    with pytest.raises(ValueError, match=r"no week 3\. There are: 1, 2, 10"):
        course.find_lectures(tmp_path, [3])
    for one in (2, "2", "week2", (2.0,), np.array([2])):
        assert list(course.find_lectures(tmp_path, one)) == [2]
    with pytest.raises(ValueError, match="no week one"):
        course.find_lectures(tmp_path, [1, "one"])
    for chosen in ("12", 12, True, [[1]], [None]):  # "12" is not 1 and 2
        with pytest.raises(ValueError, match="no week"):
            course.find_lectures(tmp_path, chosen)


def test_a_missing_lecture_is_named_before_anything_runs(tmp_path):
    paths = write_course(tmp_path, {1: [], 2: []})
    paths[2].unlink()
    with pytest.raises(ValueError, match="week2_lecture.ipynb is missing.*git checkout"):
        course.run(root=tmp_path)
    assert not (tmp_path / "build").exists()
    assert list(course.find_lectures(tmp_path, [1])) == [1]


def test_the_table_of_weeks_holds_what_others_read():
    facts = course.weeks()
    assert list(facts) == sorted(facts) and facts
    for week, path in course.find_lectures().items():
        assert path.parent.name == facts[week]["folder"]
        assert {"title", "learn", "data", "minutes"} < set(facts[week])


# ---------------------------------------------------------------- running


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over a lecture that works, one that fails, one whose claim fails, and one after it."""
    root = tmp_path_factory.mktemp("course")
    skipped = new_code_cell("print('never runs')")
    skipped.outputs = [nbformat.v4.new_output("stream", text="from last year")]
    lectures = {
        1: [
            new_markdown_cell("# Week 1"),
            new_code_cell("import time; time.sleep(0.2)\nopen('here.txt', 'w').write('x')"),
            tagged("results", RESULTS),
        ],
        2: [
            new_code_cell("print('ran before')"),
            new_code_cell("# divide\nratio = 1 / 0"),
            skipped,
        ],
        3: [tagged("claims", CLAIMS), new_code_cell("print('goes on')")],
        4: [new_code_cell("6 * 7")],
    }
    before = {path: path.read_bytes() for path in write_course(root, lectures).values()}
    printed, stdout = io.StringIO(), sys.stdout
    sys.stdout = printed
    try:
        outcomes = course.run(root=root)
    finally:
        sys.stdout = stdout
    return root, before, outcomes, printed.getvalue()


def test_results_are_collected_and_written(finished):
    root, _, outcomes, _ = finished
    assert json.loads((root / "build" / "results.json").read_text()) == outcomes
    entry = outcomes["week1"]
    assert entry["source"] == "sample" and entry["validation_accuracy"] == 0.75
    assert entry["pictures"] == 100 and 0.2 <= entry["longest_cell_seconds"] <= entry["seconds"]
    assert "error" not in entry and "error" not in outcomes["week4"]


def test_lectures_run_in_their_own_folder_and_stay_as_they_are(finished):
    root, before, _, _ = finished
    assert (root / "week1_topic" / "here.txt").exists()
    assert {path: path.read_bytes() for path in before} == before


def test_a_failing_cell_is_named_and_does_not_stop_the_course(finished):
    root, _, outcomes, printed = finished
    error = outcomes["week2"]["error"]
    assert "cell 2" in error and "ratio = 1 / 0" in error
    assert error.endswith("ZeroDivisionError: division by zero")
    assert "week2_lecture.ipynb" in printed
    partial = nbformat.read(root / "build" / "week2_lecture.ipynb", as_version=4)
    assert partial.cells[0].outputs[0].text == "ran before\n"
    assert partial.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert partial.cells[2].outputs == []
    executed = nbformat.read(root / "build" / "week4_lecture.ipynb", as_version=4)
    assert [output.data["text/plain"] for output in executed.cells[0].outputs] == ["42"]


def test_a_claim_that_does_not_hold_is_listed_and_stops_nothing(finished):
    root, _, outcomes, printed = finished
    lecture = nbformat.read(root / "build" / "week3_lecture.ipynb", as_version=4)
    assert "1 of 2 claims do not hold" in lecture.cells[0].outputs[0].data["text/plain"]
    assert lecture.cells[1].outputs[0].text == "goes on\n"
    entry = outcomes["week3"]
    assert "error" not in entry and [claim["holds"] for claim in entry["claims"]] == [True, False]
    listed = printed.partition("What did not hold")[2].splitlines()[1:]
    assert [line.partition(" (")[0] for line in listed] == [
        "- week2 failed: cell 2",
        "- week3: the gap closes: not so here",
    ]


def test_a_run_in_which_all_holds_has_no_complaints(finished):
    outcomes = dict(finished[2])
    assert len(course.complaints(outcomes)) == 2
    assert course.complaints({week: outcomes[week] for week in ("week1", "week4")}) == []


def test_pages_and_a_table_for_people(finished):
    root, _, _, printed = finished
    page = (root / "build" / "week1_lecture.html").read_text()
    assert "75.0 %" in page and "<table>" in page
    assert (root / "build" / "week2_lecture.html").exists()
    assert "week 1: running 3 cells" in printed and "\r" not in printed
    rows = {line.split()[0]: line for line in printed.splitlines() if line.split()}
    assert "99.0 %" in rows["1"] and "75.0 %" in rows["1"] and "failed" in rows["2"]


def test_in_place_replaces_outputs_of_sample_runs_in_which_all_holds(tmp_path, monkeypatch):
    new = new_code_cell("print('new')")
    lectures = {
        1: [new],
        2: [new, new_code_cell("1 / 0")],
        3: [new, tagged("results", RESULTS.replace("'sample'", "'real'"))],
        4: [new, tagged("claims", CLAIMS)],
        5: [new, tagged("claims", CLAIMS.replace("False", "True"))],
    }
    paths = write_course(tmp_path, lectures)
    unchanged = {paths[week]: paths[week].read_bytes() for week in (2, 3, 4)}
    monkeypatch.setenv("COURSE_DATA", "real")
    with pytest.raises(ValueError, match="sample data only"):
        course.run(root=tmp_path, in_place=True)
    assert not (tmp_path / "build").exists()
    monkeypatch.delenv("COURSE_DATA")
    course.run(root=tmp_path, in_place=True)
    for week in (1, 5):
        assert nbformat.read(paths[week], as_version=4).cells[0].outputs[0].text == "new\n"
    assert {path: path.read_bytes() for path in unchanged} == unchanged


def start_course(root, lectures, *options):
    """Run ``python -m utils course`` in a checkout that holds these lectures only."""
    paths = write_course(root, lectures)
    shutil.copytree(ROOT / "utils", root / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    process = subprocess.Popen(
        [sys.executable, "-m", "utils", "course", *options],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return paths, process


def test_the_command_finishes_all_weeks_and_fails_when_a_claim_does_not_hold(tmp_path):
    lectures = {1: [tagged("claims", CLAIMS)], 2: [tagged("results", RESULTS)]}
    _, process = start_course(tmp_path, lectures)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "- week1: the gap closes: not so here" in printed
    outcomes = json.loads((tmp_path / "build" / "results.json").read_text())
    assert outcomes["week2"]["validation_accuracy"] == 0.75


def test_the_command_runs_the_weeks_it_is_given(tmp_path):
    lectures = {1: [tagged("claims", CLAIMS)], 2: [tagged("results", RESULTS)]}
    _, process = start_course(tmp_path, lectures, "2")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "did not hold" not in printed
    assert list(json.loads((tmp_path / "build" / "results.json").read_text())) == ["week2"]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way")
def test_interrupt_ends_kernel_and_run_tidily(tmp_path):
    mark = tmp_path / "kernel.pid"
    code = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    paths, process = start_course(tmp_path, {1: [new_code_cell(code)]})
    before = paths[1].read_bytes()
    try:
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "week 1: interrupted" in out and "Traceback" not in out + err
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert paths[1].read_bytes() == before


# ---------------------------------------------------------------- figures in a real notebook


def test_a_figure_is_shown_exactly_once(tmp_path):
    pytest.importorskip("tensorflow")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from utils.plots import show_images\n"
        "import numpy as np\n"
        "show_images(np.zeros((2, 4, 4, 3)))"
    )
    cells = [new_code_cell(code), new_code_cell("figure = show_images([])")]
    write_course(tmp_path, {1: cells})
    course.run(root=tmp_path)
    notebook = nbformat.read(tmp_path / "build" / "week1_lecture.ipynb", as_version=4)
    pictures = [o for o in notebook.cells[0].outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
    kinds = [output.output_type for output in notebook.cells[1].outputs]
    assert kinds == ["error"], "a refused call shows no empty figure"
