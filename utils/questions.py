"""The questions that a lecture asks before its turning points.

They stand beside the lecture in ``week<n>_questions.json``, in the format of jupyterquiz, each with
a `name`; a wrong answer also carries the `belief` that leads to it.
"""

import json
import random

from utils import course, gates
from utils.paths import ROOT

# White text on each of them reads at a ratio of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
COLOURS = {
    "--jq-multiple-choice-bg": "#00507D",
    "--jq-many-choice-bg": "#00507D",
    "--jq-numeric-bg": "#00507D",
    "--jq-correct-color": "#00694C",
    "--jq-incorrect-color": "#A34700",
}


def read_questions(week):
    """Read the questions of a week.

    Args:
        week: number of the week.

    Returns:
        dict from each question's name to the question, as jupyterquiz takes it.

    Raises:
        ValueError: there is no such week.
    """
    weeks = course.weeks()
    week = gates.week(week, weeks)
    path = ROOT / weeks[week]["folder"] / f"week{week}_questions.json"
    questions = json.loads(path.read_text(encoding="utf-8"))
    return {question["name"]: question for question in questions}


def ask(week, *names):
    """Show questions of a lecture, to be answered with a click.

    Args:
        week: number of the week.
        *names: which of its questions.

    Raises:
        ValueError: there is no such week or question, or none is named.
    """
    from jupyterquiz import display_quiz

    questions = read_questions(week)
    unknown = [name for name in names if name not in list(questions)]  # see datasets
    if unknown or not names:
        told = ", but not " + ", ".join(map(str, unknown)) if unknown else ": name one, or several"
        raise ValueError(f"Week {week} asks {', '.join(questions)}{told}.")
    # jupyterquiz draws a name for its place on the page, which must differ from those of the other
    # quizzes there, however often the lesson sets its seed; what is trained later must not notice.
    state = random.getstate()
    random.seed(" ".join([str(week), *names]))
    try:
        display_quiz([questions[name] for name in names], colors=COLOURS, max_width=800)
    finally:
        random.setstate(state)
