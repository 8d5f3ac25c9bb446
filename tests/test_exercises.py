"""The exercises: made from the solutions, and open at their first task."""

import ast
import os
import re

import nbformat
import pytest

from maintain import exercises
from utils import checks

SOLUTIONS = exercises.solutions()
each = pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


@each
def test_the_exercise_is_made_from_the_solution(solution):
    pytest.importorskip(
        "nbgrader", reason="nbgrader is missing: pip install -r requirements-grading.txt"
    )
    exercise = exercises.exercise_of(solution).read_text(encoding="utf-8")
    assert exercise == exercises.as_text(exercises.make(solution)), "run: make exercises"


@each
def test_both_are_committed_without_outputs(solution):
    for path in (solution, exercises.exercise_of(solution)):
        assert not [c.source for c in cells(path) if c.outputs or c.execution_count], path.name


@each
def test_what_the_learner_writes_has_a_check_with_points(solution):
    week = int(solution.name[4])
    found = [(c, c.metadata.get("nbgrader", {})) for c in cells(solution)]
    graded = {g["grade_id"]: (c, g["points"]) for c, g in found if g.get("grade")}
    assert list(graded) == [f"week{week}-{task}-check" for task in checks.tasks(week)]
    for name, (cell, points) in graded.items():
        assert re.search(rf"^check\.{name.split('-')[1]}\(", cell.source, re.M) and points >= 1
    written = [g["grade_id"] for _, g in found if g.get("solution")]
    assert len(written) == len(set(written))
    unchecked = [name for name in written if f"{name}-check" not in graded]
    assert all(name.startswith(f"week{week}-clinic-") for name in unchecked)
    assert all(("### BEGIN SOLUTION" in c.source) == bool(g.get("solution")) for c, g in found)


@each
def test_the_exercise_stands_on_its_own(solution):
    """Cells that are given use no name which only the solution defines."""
    given = cells(exercises.exercise_of(solution))
    known, missing = set(dir(__builtins__)) | set(__builtins__), []
    for cell in given:
        tree = ast.parse(re.sub(r"^%.*$", "", cell.source, flags=re.M))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        known |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                known.add(node.name)
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                known |= {(a.asname or a.name).split(".")[0] for a in node.names}
            if isinstance(node, ast.arg):
                known.add(node.arg)
            if isinstance(node, ast.ExceptHandler) and node.name:
                known.add(node.name)
        missing += [n.id for n in names if n.id not in known]
    assert missing == []


@each
def test_the_exercise_runs_to_its_first_task_and_stops_with_a_sentence(solution, tmp_path):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    exercise = exercises.exercise_of(solution)
    notebook = nbformat.read(exercise, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(exercise.parent)}}
    )
    with pytest.raises(CellExecutionError):
        client.execute(env=os.environ | {"COURSE_PROGRESS": str(tmp_path / "progress.json")})
    ran = [c for c in notebook.cells if c.cell_type == "code" and c.execution_count]
    (stop,) = [o for c in ran for o in c.outputs if o.output_type == "error"]
    grading = ran[-1].metadata["nbgrader"]
    assert grading["grade"] and ran[-1].outputs[-1] == stop
    first = next(c for c in cells(exercise) if c.metadata.get("nbgrader", {}).get("solution"))
    assert grading["grade_id"] == first.metadata["nbgrader"]["grade_id"] + "-check"
    assert stop.ename == "Unanswered"
    assert len(stop.traceback) <= 2 and "is still open" in stop.traceback[0]
    assert not [o for c in ran for o in c.outputs if o.get("name") == "stderr"]
