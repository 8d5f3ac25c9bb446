"""Answers that the checks are tested with. They stand beside each solution, in `weekN_answers.py`.

    @right("split")
    def by_slices(files, seed): ...

    @wrong("split", "overlap")
    def test_pictures_taken_from_training(files, seed): ...

An answer is what the learner would write, a function or a class. Where a check takes several
things, the answer is a function without arguments that returns them. A wrong one names the mistake
it must be told; its own name and its docstring, if any, say what is wrong.
"""

import importlib.util
from pathlib import Path

from utils.paths import ROOT


def right(task):
    """Mark a right answer to a task."""
    return wrong(task, None)


def wrong(task, mistake):
    """Mark a wrong answer to a task, with the name of the `Mistake` that it must get."""

    def mark(answer):
        answer.answers = (task, mistake)
        return answer

    return mark


def collect(week):
    """Load the answers of a week.

    Returns:
        list of (task, mistake or None, answer), in their order; [] where there is no such file.
    """
    found = []
    for file in sorted(Path(ROOT).glob(f"week{week}_*/week{week}_answers.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += [(*a.answers, a) for a in vars(module).values() if hasattr(a, "answers")]
    return found
