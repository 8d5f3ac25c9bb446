"""What must agree between files of the repository."""

import ast
import re
import sys
from pathlib import Path

import pytest

from utils import course

ROOT = Path(__file__).resolve().parent.parent
# Import name -> name of the package that brings it, where they differ.
PACKAGES = {"PIL": "pillow", "IPython": "ipython", "jupyter_client": "jupyter-client"}


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = (re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line) for line in lines)
    return {re.sub(r"[._]", "-", p[1].lower()): p[2] for p in pairs if p}


def test_the_readme_repeats_the_facts_of_the_weeks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for week, facts in course.weeks().items():
        notebook = f"{facts['folder']}/week{week}_lecture.ipynb"
        row = f"| **{week} · {facts['title']}** | {facts['learn']} | {facts['data']} | "
        assert f"{row}[notebook]({notebook}) |" in readme


def test_every_lecture_states_its_minutes():
    for week, path in course.find_lectures().items():
        text = path.read_text(encoding="utf-8")
        assert f"{course.weeks()[week]['minutes']} minutes to read and run" in text


def test_requirements_and_constraints_agree():
    required, constrained = pins("requirements.txt"), pins("constraints.txt")
    assert required
    assert {n: v for n, v in required.items() if constrained.get(n, v) != v} == {}
    assert len(constrained) > len(required)


def test_what_utils_imports_is_pinned():
    imported = set()
    for file in (ROOT / "utils").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    packages = {PACKAGES.get(name, name) for name in imported}
    known = pins("requirements.txt") | pins("constraints.txt")
    standard = set(sys.stdlib_module_names) | {"utils"}
    assert {name for name in packages - standard if name.lower() not in known} == set()


@pytest.mark.parametrize("lecture", course.find_lectures().values(), ids=lambda path: path.stem)
def test_a_lecture_gives_numbers_and_claims_that_are_compared(lecture):
    import nbformat

    cells = nbformat.read(lecture, as_version=4).cells
    tags = [set(cell.metadata.get("tags", [])) for cell in cells]
    assert sum("results" in found for found in tags) == 1
    assert [found for found in tags if "claims" in found] == [{"claims", "nbval-check-output"}]
    assert sum("nbval-check-output" in found for found in tags) >= 5
