"""Grading a class: whatever one submission does, the others get what they deserve."""

import csv
import shutil

import pytest

pytest.importorskip("nbgrader", reason="grading needs: pip install -r requirements-grading.txt")

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from instructor import grade as grading
from utils.paths import ROOT

CHECK = """
from utils.checks._judging import Mistake, check


@check(1, "Task 1 · Double", seconds=5)
def double(function):
    if function(4) == 16:
        raise Mistake("squares", "4 became 16.", "that doubling is squaring.", "Add it up.")
    if function(4) != 8:
        raise Mistake("wrong", f"4 became {function(4)}.")
    return "4 became 8."
"""
SETUP = 'import sys\n\nsys.path.insert(0, "..")\nfrom utils.checks import week1 as check'
RIGHT = "def double(x):\n    return 2 * x"
STUB = "def double(x):\n    ...  # your code here"


def solution_cell(name, source):
    mark = {"grade": False, "locked": False, "solution": True}
    return cell(name, source, mark)


def graded_cell(name, source, points):
    return cell(name, source, {"grade": True, "locked": True, "solution": False, "points": points})


def cell(name, source, mark):
    mark |= {"grade_id": name, "schema_version": 3, "task": False}
    return new_code_cell(source, metadata={"nbgrader": mark})


def solution():
    region = f"### BEGIN SOLUTION\n{RIGHT}\n### END SOLUTION"
    return new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        cells=[
            new_markdown_cell("Double."),
            new_code_cell(SETUP),
            solution_cell("double", region),
            graded_cell("check-double", "check.double(double)", 3),
            solution_cell("name", "### BEGIN SOLUTION\nname = 'Ada'\n### END SOLUTION"),
            graded_cell("check-name", "assert isinstance(name, str)", 1),
        ],
    )


def submission(double=RIGHT, name="name = 'Ada'", *, first="", change=None):
    """A learner's notebook: the answers, and a cell of their own before them."""
    notebook = solution()
    notebook.cells[2].source, notebook.cells[4].source = double, name
    if first:
        notebook.cells.insert(2, new_code_cell(first))
    if change:
        change(notebook)
    return nbformat.writes(notebook)


def without_tests(notebook):
    notebook.cells = [c for c in notebook.cells if not c.metadata.get("nbgrader", {}).get("grade")]


def with_easy_tests(notebook):
    for each in notebook.cells:
        if each.metadata.get("nbgrader", {}).get("grade"):
            each.source = "pass"


OVERWRITE = """
def double(*_):
    print("✔")

check.double = double
sys.modules["utils.checks.week1"].double = double
"""
OVERWRITE_FILE = """
import pathlib

pathlib.Path("../utils/checks/week1.py").write_text("def double(*_): pass")
"""
LEAVE_A_CHILD = """
import subprocess

child = subprocess.Popen(["sleep", "987654"], start_new_session=True)
"""
WRITE = "open('../../../elsewhere.txt', 'w').write('x')"
WRONG = "def double(x):\n    return x"

# What each hands in, and its points of 4.
CLASS = {
    "ada": (submission(), 4),
    "bob": (submission(double="def double(x):\n    return x * x"), 1),
    "cleo": (submission(double=STUB, name="name = 3"), 0),
    "deleted": (submission(change=without_tests), 0),
    "easy": (submission(WRONG, "name = 3", change=with_easy_tests), 0),
    "overwritten": (submission(WRONG, "name = 3", first=OVERWRITE), 0),
    "overwritten file": (submission(WRONG, first=OVERWRITE_FILE), 0),
    "exits": (submission(first="sys.exit(0)"), 0),
    "dies": (submission(first="import os; os._exit(0)"), 0),
    "endless": (submission(first="while True:\n    pass"), 0),
    "writes": (submission(first=WRITE), 0),
    "loud": (submission(first="for _ in range(100):\n    print('x' * 1_000_000)"), 0),
    "greedy": (submission(first="hoard = b'x' * 3_000_000_000"), 0),
    "broken": ("{not json", 0),
    "empty": ("", 0),
    "leaves a child": (submission(first=LEAVE_A_CHILD), 4),
    "zoé": (submission(), 4),
}
PROBLEMS = {
    "overwritten file": "changed a file of the course: utils/checks/week1.py",
    "exits": "sys.exit",
    "dies": "Python ended while cell 3 was running",
    "endless": "not finished after",
    "writes": "wrote outside its own folder: elsewhere.txt",
    "loud": "characters of output",
    "greedy": "GB of memory",
    "broken": "not a notebook",
    "empty": "not a notebook",
    "picture": "not a notebook",
}
LIMITS = grading.Limits(seconds=45, memory=1_500_000_000)


def make_course(folder):
    """A course of one exercise, with the real checks' machinery."""
    for name in ("paths.py", "progress.py", "__init__.py"):
        (folder / "utils" / "checks").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "utils" / name, folder / "utils")
    for name in ("__init__.py", "_judging.py"):
        shutil.copy(ROOT / "utils" / "checks" / name, folder / "utils" / "checks")
    (folder / "utils" / "checks" / "week1.py").write_text(CHECK)
    (folder / "pyproject.toml").write_text("")
    (folder / "week1_tiny").mkdir()
    nbformat.write(solution(), folder / "week1_tiny" / "week1_solution.ipynb")
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(Grade by learner, folder of results) of the class."""
    folder = tmp_path_factory.mktemp("class")
    course, handed_in = make_course(folder / "course"), folder / "submissions"
    handed_in.mkdir()
    for learner, (content, _) in CLASS.items():
        (handed_in / f"{learner}.ipynb").write_text(content, encoding="utf-8")
    (handed_in / "picture.png").write_bytes(b"\x89PNG")
    (handed_in / "eve").mkdir()  # a subfolder, with a copy that editors leave behind
    (handed_in / "eve" / "week1_exercise.ipynb").write_text(submission(), encoding="utf-8")
    (handed_in / "eve" / ".ipynb_checkpoints").mkdir()
    (handed_in / "eve" / ".ipynb_checkpoints" / "week1_exercise.ipynb").write_text("{}")
    out = folder / "out"
    grades = grading.grade_all(handed_in, out, limits=LIMITS, course=course)
    return {grade.submission.learner: grade for grade in grades}, out


def test_everybody_is_graded(graded):
    grades, _ = graded
    assert sorted(grades) == sorted([*CLASS, "picture", "eve"])
    assert {learner: grades[learner].points for learner in CLASS} == {
        learner: points for learner, (_, points) in CLASS.items()
    }
    assert grades["eve"].points == 4


def test_a_problem_is_said_in_a_sentence_and_only_where_there_is_one(graded):
    grades, _ = graded
    said = {learner: grade.problem for learner, grade in grades.items() if grade.problem}
    assert sorted(said) == sorted(PROBLEMS)
    assert [learner for learner in said if PROBLEMS[learner] not in said[learner]] == []


def test_there_is_one_row_and_one_page_for_each(graded):
    grades, out = graded
    with (out / "grades.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["learner"] for row in rows] == list(grades)
    bob = next(row for row in rows if row["learner"] == "bob")
    assert (bob["points"], bob["of"], bob["check-double"], bob["check-name"]) == (
        "1",
        "4",
        "0",
        "1",
    )
    pages = {row["learner"]: (out / row["feedback"]).read_text(encoding="utf-8") for row in rows}
    assert len(list((out / "feedback").iterdir())) == len(rows)
    assert "doubling is squaring" in pages["bob"]
    assert "not finished" in pages["endless"]
    assert [learner for learner, page in pages.items() if 'src="http' in page] == []


def test_the_report_counts_mistakes_and_beliefs(graded):
    _, out = graded
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "| 1 | double | squares |" in report
    assert "| 2 | double | wrong |" in report  # easy, overwritten
    assert "| 1 | Task 1 · Double | that doubling is squaring. |" in report
    assert "- endless: It was not finished" in report
    assert "- deleted: check-double, check-name" in report
    assert "read by a person" not in report


def test_no_process_is_left(graded):
    import psutil

    lines = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert [line for line in lines if "987654" in line or str(grading.ONE) in line] == []


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is empty"):
        grading.find_submissions(tmp_path)
    with pytest.raises(ValueError, match="no folder"):
        grading.find_submissions(tmp_path / "nowhere")


def test_results_are_never_written_over(tmp_path):
    with pytest.raises(ValueError, match="is there already"):
        grading.grade_all(tmp_path, tmp_path)


def test_names_become_distinct_files_and_harmless_cells():
    taken = set()
    names = [grading._file_name(name, taken) for name in ("a/b", "a b", "..", "A_B", "zoé")]
    assert names == ["a_b.html", "a_b_2.html", "learner.html", "A_B_3.html", "zoé.html"]
    assert grading._harmless("=1+1") == "'=1+1"
