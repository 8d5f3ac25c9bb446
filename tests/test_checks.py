"""The checks of the exercises, tried with the answers that stand beside each solution.

Every wrong answer gets its own message, every right one passes, nothing that a learner may hand
over breaks a check, and a check with one of its conditions inverted is noticed.
"""

import ast
import inspect
import sys
import time
import types
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from io import StringIO
from pathlib import Path
from unittest import mock

import pytest

from utils import checks
from utils.checks import answers

# ---------------------------------------------------------------- checks with a switch


@dataclass
class Switch:
    """Every condition under which a check raises passes through here; one may be inverted.

    Attributes:
        inverted: the condition to be inverted, or None.
        met: dict by condition of (seconds since the check began, whether it never held).
    """

    inverted: tuple | None = None
    met: dict = field(default_factory=dict)
    began: float = 0

    def begin(self, inverted=None):
        self.inverted, self.met, self.began = inverted, {}, time.perf_counter()

    def decide(self, condition, held):
        when, never = self.met.get(condition, (time.perf_counter() - self.began, True))
        self.met[condition] = when, never and not held
        return not held if condition == self.inverted else held


SWITCH = Switch()
PLACES = {}  # by condition, (name of the module, number): the mistakes that are told under it


def switched(name):
    """Return a copy of a module of `utils.checks` in which conditions pass through the switch."""
    file = Path(checks.__file__).with_name(f"{name}.py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.If) and any(isinstance(part, ast.Raise) for part in node.body):
            told = {part.value for part in ast.walk(node) if is_text(part)}
            PLACES[name, number] = told
            key = ast.Constant((name, number))
            node.test = ast.Call(ast.Name("_decide", ast.Load()), [key, node.test], [])
    copy = types.ModuleType(f"utils.checks.{name}")
    copy.__file__ = str(file)
    copy._decide = SWITCH.decide
    exec(compile(ast.fix_missing_locations(tree), file, "exec"), vars(copy))
    return copy


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


# Each imports only those before it.
SHARED = ("_guard", "_inputs", "_learning", "_networks", "_hands", "_batches")
import_module("utils.checks._networks")  # what it loads stays loaded
with mock.patch.dict(sys.modules):
    for _name in SHARED:
        sys.modules[f"utils.checks.{_name}"] = switched(_name)
    MODULES = {week: switched(f"week{week}") for week in checks.MODULES}

ANSWERS = {week: answers.collect(week) for week in checks.MODULES}
LEAST_WRONG, LEAST_RIGHT = 5, 2  # for each task
GENERAL = {"no-function", "returns-nothing", "raised", "unusable", "too-slow"}  # of any check


@pytest.fixture(autouse=True)
def progress_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))


def given(check, answer):
    """List what the learner hands to a check; of several things the answer makes a tuple."""
    return list(answer()) if len(inspect.signature(check).parameters) > 1 else [answer]


def verdict(check, *handed):
    """Return None when an answer passes, else the name of its mistake, or "unanswered"."""
    try:
        check(*handed)
    except checks.Mistake as mistake:
        return mistake.name
    except checks.Unanswered:
        return "unanswered"
    return None


def cases(wanted):
    return [
        pytest.param(week, task, mistake, answer, id=f"week{week}-{task}-{answer.__name__}")
        for week, found in ANSWERS.items()
        for task, mistake, answer in found
        if wanted(mistake)
    ]


CHECKS = [
    pytest.param(week, task, id=f"week{week}-{task}")
    for week in MODULES
    for task in checks.tasks(week)
]


# ---------------------------------------------------------------- answers


@dataclass
class Outcome:
    """What came of an answer: its mistake, if any, what was printed, which conditions it met."""

    mistake: checks.Mistake | None
    printed: str
    met: dict


@cache
def outcome(week, task, answer):
    check = getattr(MODULES[week], task)
    handed, printed, mistake = given(check, answer), StringIO(), None
    SWITCH.begin()
    try:
        with redirect_stdout(printed):
            check(*handed)
    except checks.Mistake as told:
        mistake = told
    return Outcome(mistake, " ".join(printed.getvalue().split()), SWITCH.met)


@pytest.mark.parametrize("week, task, mistake, answer", cases(lambda mistake: mistake is None))
def test_a_right_answer_passes(week, task, mistake, answer):
    found = outcome(week, task, answer)
    assert found.mistake is None, str(found.mistake)
    assert f"✔ {checks.tasks(week)[task]}: " in found.printed


@pytest.mark.parametrize("week, task, mistake, answer", cases(lambda mistake: mistake is not None))
def test_a_wrong_answer_gets_its_own_message(week, task, mistake, answer):
    told = outcome(week, task, answer).mistake
    assert told is not None and told.name == mistake, str(told)
    assert told.seen and told.look
    assert told.belief or mistake in GENERAL


@pytest.mark.parametrize("week, task", CHECKS)
def test_a_task_has_enough_answers_and_each_wrong_one_a_mistake_of_its_own(week, task):
    mistakes = [mistake for named, mistake, _ in ANSWERS[week] if named == task]
    wrong = [mistake for mistake in mistakes if mistake is not None]
    assert mistakes.count(None) >= LEAST_RIGHT
    assert len(set(wrong)) >= LEAST_WRONG


def test_answers_belong_to_tasks_and_there_are_enough():
    for week, found in ANSWERS.items():
        assert {task for task, *_ in found} == set(checks.tasks(week))
    assert sum(mistake is not None for found in ANSWERS.values() for _, mistake, _ in found) >= 60


# ---------------------------------------------------------------- anything else


class Hostile:
    """Breaks whatever touches it."""

    def __getattr__(self, name):
        raise RuntimeError("hands off")

    def __repr__(self):
        raise RuntimeError("hands off")


def raises(*arguments):
    raise KeyError("x")


def loops(*arguments):
    while True:
        pass


def leaves(*arguments):
    raise SystemExit


ODD = [None, 3, "x", b"x", [], {}, object(), Hostile(), Hostile, int, print, raises, leaves]
ODD += [lambda *a: 3, lambda *a: "x", lambda *a: [], lambda *a: {}, lambda *a: Hostile(), lambda: 1]


def filled(check, thing):
    """The same thing, as often as a check takes something."""
    return [thing] * len(inspect.signature(check).parameters)


@pytest.mark.parametrize("week, task", CHECKS)
def test_nothing_breaks_a_check(week, task):
    check = getattr(MODULES[week], task)
    for odd in ODD:
        assert verdict(check, *filled(check, odd)) not in (None, "unanswered")
    assert verdict(check) == verdict(check, *[raises] * 9) == "unusable"


@pytest.mark.parametrize("week, task", CHECKS)
def test_an_answer_that_never_ends_is_stopped(week, task, monkeypatch):
    check = getattr(MODULES[week], task)
    if len(inspect.signature(check).parameters) > 1:
        pytest.skip("takes values, not a function to be called")
    monkeypatch.setattr(check, "seconds", 0.3)
    assert verdict(check, loops) == "too-slow"


@pytest.mark.parametrize("week, task", CHECKS)
def test_an_open_part_is_asked_for(week, task):
    def later(*arguments):
        """What is to be done."""
        ...

    check = getattr(MODULES[week], task)
    assert verdict(check, *filled(check, ...)) == "unanswered"
    assert verdict(check, *filled(check, later)) == "unanswered"


# ---------------------------------------------------------------- checks that are wrong


@pytest.mark.parametrize(
    "condition", [pytest.param(place, id=f"{place[0]}-{place[1]}") for place in PLACES]
)
def test_an_inverted_condition_is_noticed(condition):
    """Some answer then gets another message; only those that meet the condition can."""
    meet = []
    for week, found in ANSWERS.items():
        if condition[0] not in SHARED and condition[0] != f"week{week}":
            continue
        for task, mistake, answer in found:
            met = outcome(week, task, answer).met
            if condition in met:
                when, never_held = met[condition]
                # It is noticed soonest where it never held: the check then stops there.
                sure = never_held and mistake not in PLACES[condition]
                meet.append((not sure, when, week, task, mistake, answer))
    meet.sort(key=lambda case: case[:2])
    assert any(
        verdict_inverted(condition, week, task, answer) != mistake
        for *_, week, task, mistake, answer in meet
    )


def verdict_inverted(condition, week, task, answer):
    check = getattr(MODULES[week], task)
    handed = given(check, answer)
    SWITCH.begin(inverted=condition)
    try:
        return verdict(check, *handed)
    finally:
        SWITCH.begin()
