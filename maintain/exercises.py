"""Make the exercises from the solutions: ``python -m maintain.exercises`` (or ``make exercises``).

What stands between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` becomes ``...``; outputs go.
Everything else, the metadata for grading among it, stays. Needs requirements-grading.txt.
"""

import nbformat

from utils.paths import ROOT

STUB = "...  # your code here"


def solutions():
    """Return the solutions' paths, by week."""
    return sorted(ROOT.glob("week*/week*_solution.ipynb"))


def exercise_of(solution):
    """Return the path of the exercise that belongs to a solution."""
    return solution.with_name(solution.name.replace("_solution", "_exercise"))


def make(solution):
    """Make an exercise.

    Args:
        solution: path of a notebook.

    Returns:
        nbformat notebook.

    Raises:
        RuntimeError: a region is not closed, or its cell is no solution cell for nbgrader.
    """
    from nbconvert.preprocessors import ClearMetadataPreprocessor, ClearOutputPreprocessor
    from nbgrader.preprocessors import ClearSolutions

    notebook = nbformat.read(solution, as_version=4)
    # nbgrader and tags stay; what an editor or a run left behind goes.
    tidy = ClearMetadataPreprocessor(
        enabled=True,
        preserve_cell_metadata_mask={"nbgrader", "tags"},
        preserve_nb_metadata_mask={"kernelspec", ("language_info", "name")},
    )
    stubs = ClearSolutions(code_stub={"python": STUB}, text_stub="*Your answer here.*")
    for preprocessor in (stubs, ClearOutputPreprocessor(enabled=True), tidy):
        notebook, _ = preprocessor.preprocess(notebook, {})
    return notebook


def as_text(notebook):
    """Return what stands in the file of a notebook."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def main():
    """Write all exercises."""
    for solution in solutions():
        exercise_of(solution).write_text(as_text(make(solution)), encoding="utf-8")
        print(exercise_of(solution).relative_to(ROOT))


if __name__ == "__main__":
    main()
