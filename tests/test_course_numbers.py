"""What a run of the lectures costs and gives, and whether that is what the course promises."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest
from course_numbers import SLACK, results_complaints, times_complaints
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils import course
from utils.paths import ROOT

# ---------------------------------------------------------------- lectures as tests


def run_as_tests(folder, cells):
    """Run a notebook of these cells as `make test` runs the lectures."""
    path = folder / "week7_lecture.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    command = [sys.executable, "-m", "pytest", "-p", "tests.lecture_times", "--nbval-lax"]
    command += ["--nbval-current-env", f"--rootdir={folder}", "-p", "no:cacheprovider", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_costs_of_a_lecture_are_told(tmp_path):
    cells = [
        new_markdown_cell("# Week 7"),
        new_code_cell("import time"),
        new_code_cell("# A nap\ntime.sleep(1.5)"),
        new_code_cell("zeros = b'x' * 400_000_000; del zeros"),
    ]
    done = run_as_tests(tmp_path, cells)
    assert done.returncode == 0, done.stdout
    (entry,) = json.loads((tmp_path / "build" / "lecture_times.json").read_text()).values()
    assert entry["slowest_cell"] == "cell 3: time.sleep(1.5)"
    assert 1.5 <= entry["slowest_cell_seconds"] < entry["seconds"]
    assert 0.4 < entry["memory_gb"] < 0.8 or not sys.platform.startswith("linux")
    told = done.stdout.partition("What the lectures cost")[2]
    assert "week7: " in told and "slowest is cell 3: time.sleep(1.5)" in told


def test_a_failing_lecture_has_its_costs_told_too(tmp_path):
    done = run_as_tests(tmp_path, [new_code_cell("1 / 0"), new_code_cell("2")])
    assert done.returncode == 1 and "ZeroDivisionError" in done.stdout
    assert "week7" in json.loads((tmp_path / "build" / "lecture_times.json").read_text())


def checked(source, text, metadata):
    """A cell whose output is compared with the recorded one."""
    data = {"text/plain": text, "image/png": "AAAA"}
    output = new_output("execute_result", data, metadata=metadata, execution_count=1)
    tags = {"tags": ["nbval-check-output"]}
    return new_code_cell(source, metadata=tags, outputs=[output], execution_count=1)


def test_the_text_of_checked_cells_is_compared_and_nothing_else(tmp_path):
    show = (
        "class Seen:\n"
        "    def _repr_mimebundle_(self, **_):\n"
        "        data = {'text/plain': 'All hold.', 'image/png': 'BBBB'}\n"
        "        return data, {'claims': [{'seen': 0.25}]}\n"
        "Seen()"
    )
    same = checked(show, "All hold.", {"claims": [{"seen": 0.75}]})
    done = run_as_tests(tmp_path, [same])
    assert done.returncode == 0, done.stdout
    done = run_as_tests(tmp_path, [checked(show, "One does not hold.", {})])
    assert done.returncode == 1 and "One does not hold." in done.stdout


# ---------------------------------------------------------------- promises

WEEKS = {week: {"least_validation_accuracy": {"sample": 0.75, "real": 0.7}} for week in (1, 2)}
MOST = {"lecture": 9, "cell": 3, "all": 16}


def results(**changed):
    kept = {"seconds": 100, "source": "real", "validation_accuracy": 0.7}
    return {"week1": kept | changed, "week2": kept}


def test_numbers_are_compared_with_what_is_promised():
    assert results_complaints(results(), "real", WEEKS) == []
    assert results_complaints(results(validation_accuracy=0.69), "real", WEEKS) == [
        "week1: validation accuracy 0.690 is below 0.7"
    ]
    (nan,) = results_complaints(results(validation_accuracy=float("nan")), "real", WEEKS)
    assert "nan is below" in nan
    assert results_complaints(results(source="sample"), "real", WEEKS) == [
        "week1 ran with 'sample' data, not with 'real'"
    ]
    failed = {"week1": {"seconds": 1, "error": "cell 3"}, "week2": results()["week2"]}
    assert results_complaints(failed, "real", WEEKS) == ["week1 failed: cell 3"]
    claim = {"sentence": "it learns", "seen": 0.5, "at_least": 0.6, "at_most": None, "holds": False}
    (unkept,) = results_complaints(results(claims=[claim]), "real", WEEKS)
    assert "week1: it learns" in unkept


def test_weeks_that_were_not_run_are_named():
    only = {"week2": results()["week2"]}
    assert results_complaints(only, "real", WEEKS) == ["week1 was not run"]
    assert results_complaints(only, "real", {2: WEEKS[2]}) == []


@pytest.mark.parametrize("yardstick", [7.0, 21.0])
def test_times_are_compared_in_yardsticks(monkeypatch, yardstick):
    monkeypatch.setitem(SLACK, "lecture", 1.5)
    monkeypatch.setitem(SLACK, "cell", 2.0)
    monkeypatch.setitem(SLACK, "all", 1.25)

    def judge(lecture, cell):
        """Complaints when week 1 takes so many yardsticks, and week 2 8 of them."""
        entry = {"seconds": 8 * yardstick, "slowest_cell_seconds": 2 * yardstick}
        first = {"seconds": lecture * yardstick, "slowest_cell_seconds": cell * yardstick}
        cells = {"slowest_cell": "cell 3: fit()"}
        return times_complaints(
            {"week1": first | cells, "week2": entry | cells}, yardstick, WEEKS, MOST
        )

    assert judge(8, 2) == judge(11.9, 5.9) == []
    assert judge(8, 6.1) == [
        "week1, cell 3: fit() took 6.1 yardsticks; 3 are promised, 6.0 are let pass"
    ]
    assert judge(12.1, 2) == [
        "The whole course took 20.1 yardsticks; 16 are promised, 20.0 are let pass"
    ]
    lecture, _ = judge(13.6, 2)
    assert lecture == "week1 took 13.6 yardsticks; 9 are promised, 13.5 are let pass"


def test_a_lecture_without_times_is_named():
    assert times_complaints({}, 7.0, WEEKS, MOST) == ["week1 was not run", "week2 was not run"]


def test_the_course_promises_something_for_each_week_and_source():
    for facts in course.weeks().values():
        least = facts["least_validation_accuracy"]
        assert set(least) == {"sample", "real"} and all(0.5 < x < 1 for x in least.values())


@pytest.mark.parametrize(("seconds", "status"), [("10", 0), ("2", 1)])
def test_the_script_judges_what_is_in_build(tmp_path, seconds, status):
    (tmp_path / "tests").mkdir()
    (tmp_path / "build").mkdir()
    for name in ("tests/course_numbers.py", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    shutil.copytree(ROOT / "utils", tmp_path / "utils")
    entry = {"seconds": 60.0, "slowest_cell": "cell 3: fit()", "slowest_cell_seconds": 20.0}
    seen = {f"week{week}": entry for week in course.weeks()}
    (tmp_path / "build" / "lecture_times.json").write_text(json.dumps(seen))
    command = [sys.executable, str(tmp_path / "tests" / "course_numbers.py"), "times", seconds]
    done = subprocess.run([*command, seconds], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert ("as promised" in done.stdout) is not bool(status)
