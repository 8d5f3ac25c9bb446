"""What must agree between files of the repository."""

import ast
import json
import re
import subprocess
import sys
from importlib import metadata

import nbformat
import pytest
from packaging.specifiers import SpecifierSet

from utils import course
from utils.paths import ROOT

# Import name -> name of the package that brings it, where they differ.
PACKAGES = {"PIL": "pillow", "IPython": "ipython", "jupyter_client": "jupyter-client"}


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = (re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line) for line in lines)
    return {re.sub(r"[._]", "-", p[1].lower()): p[2] for p in pairs if p}


def readme_row(week, facts):
    folder = facts["folder"]
    links = {
        "lecture": f"{folder}/week{week}_lecture.ipynb",
        "exercise": f"{folder}/week{week}_exercise.ipynb",
        "slides": f"build/slides/week{week}.html",
        "page": f"build/site/{folder}/week{week}_lecture.html",
    }
    return (
        f"| ![{facts['picture']}](site/pictures/week{week}.jpg) | "
        f"**{week} · {facts['title']}**: {facts['learn']} | {facts['data']} | "
        + "<br>".join(f"[{name}]({link})" for name, link in links.items())
        + " |"
    )


def test_the_readme_repeats_the_facts_of_the_weeks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [readme_row(week, facts) for week, facts in course.weeks().items()]
    assert [line for line in readme.splitlines() if "[lecture](" in line] == rows
    pictures = [ROOT / "site" / "pictures" / f"week{week}.jpg" for week in course.weeks()]
    assert sum(picture.stat().st_size for picture in pictures) < 400_000


def test_every_lecture_states_its_minutes():
    for week, path in course.find_lectures().items():
        text = path.read_text(encoding="utf-8")
        assert f"{course.weeks()[week]['minutes']} minutes to read and run" in text


START = """
import json, os, sys
sys.path[0] = ""  # as a kernel has it
for first_cell, folder in json.load(sys.stdin):
    exec(first_cell)
    assert os.getcwd() == folder, f"{os.getcwd()} in place of {folder}"
    os.chdir(sys.argv[1])
"""


def test_lectures_run_in_their_folder_wherever_the_kernel_starts():
    """Some editors start it in the folder they have open, the repository's."""
    cells = []
    for path in course.find_lectures().values():
        first = next(c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")
        code = first.source.replace("%matplotlib inline", "", 1)
        cells.append((code.replace('sys.path.insert(0, "..")', ""), str(path.parent)))
    command = [sys.executable, "-c", START, str(ROOT)]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(cells), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_requirements_and_constraints_agree():
    required, constrained = pins("requirements.txt"), pins("constraints.txt")
    assert required
    assert {n: v for n, v in required.items() if constrained.get(n, v) != v} == {}
    assert len(constrained) > len(required)


@pytest.mark.parametrize("version", ["3.11.0", "3.13.0"])  # Debian 12 has 3.11.2
def test_every_pin_takes_the_oldest_and_the_newest_python(version):
    needs = {
        name: SpecifierSet(metadata.metadata(name).get("Requires-Python") or "")
        for name in pins("constraints.txt") | pins("requirements.txt")
        if list(metadata.distributions(name=name))  # some are for other systems only
    }
    assert len(needs) > 50
    assert [name for name, need in needs.items() if version not in need] == []


def imports(file):
    """Modules that a file imports, anywhere in it; `from a import b` counts as a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_what_utils_imports_is_pinned_by_name():
    files = (ROOT / "utils").rglob("*.py")
    imported = {name.split(".")[0] for file in files for name in imports(file)}
    packages = imported - set(sys.stdlib_module_names) - {"utils"}
    assert {PACKAGES.get(name, name) for name in packages} <= set(pins("requirements.txt"))


def test_a_module_imports_only_modules_before_it():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.search(r"order in which data flows: (.+?)\. A", text, re.DOTALL)[1]
    order = re.findall(r"`(\w+)`", listed)
    modules = {path.stem: path for path in (ROOT / "utils").glob("[!_]*.py")}
    packages = {path.parent.name: path for path in (ROOT / "utils").glob("*/__init__.py")}
    assert set(order) == set(modules | packages)
    for place, name in enumerate(order):
        folder = ROOT / "utils" / name
        files = folder.rglob("*.py") if name in packages else [modules[name]]
        used = {part for file in files for part in imports(file) if part.startswith("utils.")}
        assert {part.split(".")[1] for part in used} <= {*order[:place], name}, name


@pytest.mark.parametrize("lecture", course.find_lectures().values(), ids=lambda path: path.stem)
def test_a_lecture_gives_numbers_and_claims_that_are_compared(lecture):

    cells = nbformat.read(lecture, as_version=4).cells
    tags = [set(cell.metadata.get("tags", [])) for cell in cells]
    assert sum("results" in found for found in tags) == 1
    assert [found for found in tags if "claims" in found] == [{"claims", "nbval-check-output"}]
    assert sum("nbval-check-output" in found for found in tags) >= 5
