"""What an exercise calls for feedback: one module a week.

    from utils.checks import week1 as check

    check.split(cut)

A check takes what the learner wrote, tries it on small made-up inputs, and prints one line with ✔.
Otherwise it stops the notebook with a few sentences and no stack trace: what was seen, which
belief usually leads there, and where to look. It never tells the solution.
"""

import ast
from pathlib import Path

from utils.checks._judging import Mistake, Stop, Unanswered, check  # noqa: F401

MODULES = {int(f.stem[4:]): f for f in sorted(Path(__file__).parent.glob("week[0-9].py"))}


def tasks(week):
    """List the tasks of a week in their order, without loading what their checks need.

    Args:
        week: number of the week, a key of `MODULES`.

    Returns:
        dict by name ("split") of titles ("Task 2 · Split").
    """
    found = {}
    for node in ast.parse(MODULES[week].read_text(encoding="utf-8")).body:
        for made_by in getattr(node, "decorator_list", []):
            if isinstance(made_by, ast.Call) and getattr(made_by.func, "id", "") == "check":
                found[node.name] = ast.literal_eval(made_by.args[1])
    return found
