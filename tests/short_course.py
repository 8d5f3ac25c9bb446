"""A copy of the course whose lectures train for two epochs: for tests of the notebooks alone."""

import re
import shutil

import nbformat

from utils import course
from utils.paths import ROOT

# What says how long a lecture trains; every number of epochs becomes two.
EPOCHS = [
    (r"\bepochs=\d+", "epochs=2"),
    (r"\b(EPOCHS|SHORT) = \d+", r"\1 = 2"),
    (r"(FILTERS, EPOCHS, BATCH = .*\]), \d+,", r"\1, 2,"),
    (r"zip\(PER_CLASS, .*\)", "zip(PER_CLASS, [2] * 4, [1] * 4)"),
]


def short_course(folder, weeks):
    """Copy what these lectures need into a folder, so that nothing is written anywhere else.

    Returns:
        dict from week number to the path of the lecture, without outputs.
    """
    (folder / "data").mkdir()
    names = {week: course.weeks()[week]["folder"] for week in weeks}
    for name in ("utils", "benchmarks", *names.values()):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("samples", "photos", "pretrained"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    lectures = {week: folder / name / f"week{week}_lecture.ipynb" for week, name in names.items()}
    for path in lectures.values():
        lecture = nbformat.read(path, as_version=4)
        for cell in lecture.cells:
            for pattern, short in EPOCHS:
                cell.source = re.sub(pattern, short, cell.source)
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(lecture, path)
    return lectures
