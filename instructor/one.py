"""Grade one submission with nbgrader, in a process that `instructor.grade` watches over.

``python one.py ROOT WEEK_FOLDER PIPE``: ROOT is a course of nbgrader with one learner, PIPE the
number of a file descriptor that takes the result as JSON. Without PIPE, nbgrader's record of the
assignment is made instead.
"""

import ast
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient.exceptions import DeadKernelError
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    Execute,
    LimitOutput,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade
from traitlets.config import Config

LEARNER = "learner"
MOST_OUTPUT = 10_000_000  # characters
PROBLEMS = []  # why the run was broken off, in sentences


class Broken(Exception):
    """The notebook's run ends here."""

    def __init__(self, sentence):
        super().__init__(sentence)
        PROBLEMS.append(sentence)


class WatchedExecute(Execute):
    """Run the cells; stop where one leaves the run, and give each graded cell fresh checks."""

    def preprocess(self, nb, resources=None, km=None):
        self.received = 0
        return super().preprocess(nb, resources, km)

    def preprocess_cell(self, cell, resources, index):
        source = cell.source
        if cell.cell_type == "code" and is_grade(cell):
            cell.source = f"{self.config.Fresh.code}\n{source}"
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError as error:
            raise Broken(f"Python ended while cell {index + 1} was running.") from error
        finally:
            cell.source = source
        if any(output.get("ename") == "SystemExit" for output in cell.get("outputs", [])):
            raise Broken(f"Cell {index + 1} left the program (sys.exit).")
        return cell, resources

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        texts = [content.get("text", ""), *content.get("data", {}).values()]
        self.received += sum(len(text) for text in texts if isinstance(text, str))
        if self.received > MOST_OUTPUT:
            raise Broken(f"Cell {cell_index + 1} went beyond {MOST_OUTPUT:,} characters of output.")
        return super().process_message(msg, cell, cell_index)


def fresh_checks(source):
    """Write code that loads the checks anew under the names by which a notebook imports them.

    A cell of the learner's may have put something else in their place.

    Args:
        source: path of the instructor's notebook.

    Returns:
        str, a line of Python; empty if the notebook uses no checks.
    """
    cells = [
        cell.source
        for cell in nbformat.read(source, as_version=4).cells
        if cell.cell_type == "code"
    ]
    lines = [line.strip() for text in cells for line in text.splitlines()]
    imports = [line for line in lines if line.startswith("from utils.checks import ")]
    if not imports:
        return ""
    for line in imports:
        ast.parse(line)
    forget = (
        "[__import__('sys').modules.pop(name) for name in list(__import__('sys').modules)"
        " if name.startswith('utils.checks')]"
    )
    return "; ".join([forget, *imports, ""])


def config(root, fresh):
    """nbgrader's settings for a course in a folder."""
    c = Config()
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db"
    c.NbGrader.logfile = ""
    c.Autograde.autograde_preprocessors = [
        WatchedExecute,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.Fresh.code = fresh
    # Time is limited from outside, for the whole notebook; a busy machine may be slow to answer.
    c.ExecutePreprocessor.timeout = None
    c.Execute.timeout = None
    c.WatchedExecute.timeout = None
    c.WatchedExecute.startup_timeout = 300
    c.WatchedExecute.iopub_timeout = 120
    c.LimitOutput.max_lines = 200
    c.HTMLExporter.sanitize_html = True  # scripts in a submission do not run in the feedback
    return c


def generate(root, week_folder):
    """Make nbgrader's record of an assignment from the instructor's notebook in ``source/``."""
    result = NbGraderAPI(config=config(root, "")).generate_assignment(week_folder)
    if not result["success"]:
        raise RuntimeError(f"nbgrader refuses the solution of {week_folder}:\n{result['log']}")


def grade(root, week_folder):
    """Run and grade the only submission.

    Returns:
        dict: `problem` (a sentence, or ""), `tasks` (name of a graded cell to [points, most]),
        `by_hand` (names of cells that a person must grade).
    """
    source = next((root / "source" / week_folder).glob("*.ipynb"))
    api = NbGraderAPI(config=config(root, fresh_checks(source)))
    result = api.autograde(week_folder, LEARNER)
    if not result["success"]:
        last = (result.get("error") or result["log"]).strip().splitlines()[-1]
        return {"problem": PROBLEMS[0] if PROBLEMS else f"nbgrader: {last}"}
    api.generate_feedback(week_folder, LEARNER)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        grades = gradebook.find_submission_notebook(source.stem, week_folder, LEARNER).grades
        return {
            "problem": "",
            "tasks": {g.name: [g.auto_score or 0, g.max_score] for g in grades},
            "by_hand": [g.name for g in grades if g.needs_manual_grade],
        }


if __name__ == "__main__":
    place, week = Path(sys.argv[1]), sys.argv[2]
    if len(sys.argv) == 3:
        generate(place, week)
    else:
        found = grade(place, week)
        with os.fdopen(int(sys.argv[3]), "w") as told:
            json.dump(found, told)
