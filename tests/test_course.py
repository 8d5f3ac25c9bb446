"""Behaviour of utils.course, on tiny notebooks of its own."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from utils import course

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from course_numbers import LEAST_VALIDATION_ACCURACY, complaints  # noqa: E402

RESULTS = """\
import sys; sys.path.insert(0, {root!r})
from utils.course import results
results(source="sample", train_accuracy=0.99, validation_accuracy=0.75, pictures=100)
"""


def write_lecture(root, week, *cells):
    folder = root / f"week{week}_topic"
    folder.mkdir(exist_ok=True)
    path = folder / f"week{week}_lecture.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def results_cell(source=RESULTS):
    return new_code_cell(source.format(root=str(ROOT)), metadata={"tags": ["results"]})


# ---------------------------------------------------------------- results


def test_results_are_a_table_and_numbers(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    found = course.results(
        source="sample",
        train_accuracy=np.float32(0.5),
        validation_accuracy=0.756,
        pictures=2000,
        fit_seconds=12.4,
        best_run="<plain>",
    )
    found._ipython_display_()
    bundle, numbers = shown
    numbers = json.loads(json.dumps(numbers["application/json"]))
    assert numbers["train_accuracy"] == 0.5 and numbers["pictures"] == 2000
    for text in ("75.6 %", "50.0 %", "2,000", "12 s", "validation accuracy"):
        assert text in bundle["text/html"] and text in bundle["text/plain"]
    assert "&lt;plain&gt;" in bundle["text/html"]
    assert "application/json" not in bundle, "JupyterLab would show a tree, not the table"


@pytest.mark.parametrize("wrong", [75.6, -0.1, float("nan")])
def test_results_refuse_an_accuracy_in_per_cent(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        course.results(source="sample", train_accuracy=0.9, validation_accuracy=wrong)


# ---------------------------------------------------------------- finding lectures


def test_lectures_are_found_in_the_order_of_weeks(tmp_path):
    for week in (10, 2, 1):
        write_lecture(tmp_path, week)
    (tmp_path / "week1_topic" / "week1_solution.ipynb").touch()
    assert list(course.find_lectures(tmp_path)) == [1, 2, 10]
    assert list(course.find_lectures(tmp_path, ["10", 1])) == [1, 10]
    with pytest.raises(ValueError, match=r"week 3\. There are: 1, 2, 10"):
        course.find_lectures(tmp_path, [3])
    with pytest.raises(ValueError, match="week one"):
        course.find_lectures(tmp_path, ["one"])


def test_no_lectures_at_all(tmp_path):
    with pytest.raises(ValueError, match="no lectures"):
        course.run(root=tmp_path)


# ---------------------------------------------------------------- running


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run over a lecture that works, one that fails, and one after it."""
    root = tmp_path_factory.mktemp("course")
    cells = (
        new_markdown_cell("# Week 1"),
        new_code_cell("import time; time.sleep(0.2)\nopen('here.txt', 'w').write('x')"),
    )
    write_lecture(root, 1, *cells, results_cell())
    skipped = new_code_cell("print('never runs')")
    skipped.outputs = [nbformat.v4.new_output("stream", text="from last year")]
    write_lecture(
        root,
        2,
        new_code_cell("print('ran before')"),
        new_code_cell("# divide\nratio = 1 / 0"),
        skipped,
    )
    write_lecture(root, 3, new_code_cell("6 * 7"))
    before = {path: path.read_bytes() for path in root.glob("week*/*.ipynb")}
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
    assert "error" not in entry and "error" not in outcomes["week3"]


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
    executed = nbformat.read(root / "build" / "week3_lecture.ipynb", as_version=4)
    assert [output.data["text/plain"] for output in executed.cells[0].outputs] == ["42"]


def test_pages_and_a_table_for_people(finished):
    root, _, _, printed = finished
    page = (root / "build" / "week1_lecture.html").read_text()
    assert "75.0 %" in page and "<table>" in page
    assert (root / "build" / "week2_lecture.html").exists()
    assert "week 1: running 3 cells" in printed and "\r" not in printed
    rows = {line.split()[0]: line for line in printed.splitlines() if line.split()}
    assert "99.0 %" in rows["1"] and "75.0 %" in rows["1"] and "failed" in rows["2"]


def test_in_place_replaces_outputs_of_sample_runs_only(tmp_path, monkeypatch):
    good = write_lecture(tmp_path, 1, new_code_cell("print('new')"))
    bad = write_lecture(tmp_path, 2, new_code_cell("print('new'); 1 / 0"))
    real = write_lecture(tmp_path, 3, results_cell(RESULTS.replace('"sample"', '"real"')))
    unchanged = {path: path.read_bytes() for path in (bad, real)}
    monkeypatch.setenv("COURSE_DATA", "real")
    with pytest.raises(ValueError, match="sample data only"):
        course.run(root=tmp_path, in_place=True)
    assert not (tmp_path / "build").exists()
    monkeypatch.delenv("COURSE_DATA")
    course.run(root=tmp_path, in_place=True)
    assert nbformat.read(good, as_version=4).cells[0].outputs[0].text == "new\n"
    assert {path: path.read_bytes() for path in unchanged} == unchanged


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way")
def test_interrupt_ends_kernel_and_run_tidily(tmp_path):
    mark = tmp_path / "kernel.pid"
    code = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    path = write_lecture(tmp_path, 1, new_code_cell(code))
    before = path.read_bytes()
    program = (
        "import sys; from utils import __main__, course; "
        f"course.run.__kwdefaults__['root'] = {str(tmp_path)!r}; "
        "sys.exit(__main__.main(['course']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
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
    assert path.read_bytes() == before


# ---------------------------------------------------------------- figures in a real notebook


def test_a_figure_is_shown_exactly_once(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from utils.plots import show_images\n"
        "import numpy as np\n"
        "show_images(np.zeros((2, 4, 4, 3)))"
    )
    write_lecture(tmp_path, 1, new_code_cell(code), new_code_cell("figure = show_images([])"))
    course.run(root=tmp_path)
    notebook = nbformat.read(tmp_path / "build" / "week1_lecture.ipynb", as_version=4)
    pictures = [o for o in notebook.cells[0].outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
    kinds = [output.output_type for output in notebook.cells[1].outputs]
    assert kinds == ["error"], "a refused call shows no empty figure"


# ---------------------------------------------------------------- promises


def test_promises_are_compared_with_results():
    least = LEAST_VALIDATION_ACCURACY["real"]
    kept = {
        week: {"seconds": 100, "source": "real", "validation_accuracy": accuracy}
        for week, accuracy in least.items()
    }
    assert complaints(kept, "real") == []

    def changed(**entry):
        return complaints(kept | {"week1": kept["week1"] | entry}, "real")

    assert f"below {least['week1']}" in changed(validation_accuracy=least["week1"] - 0.01)[0]
    assert "not on 'real'" in changed(source="sample")[0]
    assert "failed" in changed(error="cell 3")[0]
    assert any("week1 is not among" in line for line in complaints({}, "real"))
    assert complaints({}, "sample")


def test_a_slow_lecture_is_named_unless_the_machine_is_slow():
    slow = {"week9": {"seconds": 400, "source": "sample"}}
    assert any("week9 took 400 s" in line for line in complaints(slow, "sample", time_factor=2))
    assert not any("400 s" in line for line in complaints(slow, "sample", time_factor=3))
    slower = {"week9": {"seconds": 600, "source": "sample"}}
    assert any("week9 took 600 s" in line for line in complaints(slower, "sample"))
