"""The checks of the exercises, tried with the answers that stand beside each solution.

Every wrong answer gets its own message, every right one passes, nothing that a learner may hand
over breaks a check, and a check with one of its conditions inverted is noticed.
"""

import ast
import inspect
import sys
import types
from importlib import import_module

import pytest

from utils import checks
from utils.checks import answers

MODULES = {week: import_module(f"utils.checks.week{week}") for week in checks.MODULES}
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


@pytest.mark.parametrize("week, task, mistake, answer", cases(lambda mistake: mistake is None))
def test_a_right_answer_passes(week, task, mistake, answer, capsys):
    check = getattr(MODULES[week], task)
    check(*given(check, answer))
    said = " ".join(capsys.readouterr().out.split())
    assert f"✔ {checks.tasks(week)[task]}: " in said


@pytest.mark.parametrize("week, task, mistake, answer", cases(lambda mistake: mistake is not None))
def test_a_wrong_answer_gets_its_own_message(week, task, mistake, answer):
    check = getattr(MODULES[week], task)
    with pytest.raises(checks.Mistake) as caught:
        check(*given(check, answer))
    assert caught.value.name == mistake, str(caught.value)
    assert caught.value.seen and caught.value.look
    assert caught.value.belief or mistake in GENERAL


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


def conditions(module):
    """List the numbers of the `if` statements under which a module raises, in walking order."""
    tree = ast.parse(inspect.getsource(module))
    return [number for number, node in enumerate(ast.walk(tree)) if decides(node)]


def decides(node):
    return isinstance(node, ast.If) and any(isinstance(part, ast.Raise) for part in node.body)


def inverted(module, chosen):
    """Invert one condition of a module.

    Returns:
        (a copy of the module, name of the function it stands in, names of the mistakes under it).
    """
    tree = ast.parse(inspect.getsource(module))
    node = list(ast.walk(tree))[chosen]
    told = {part.value for raised in node.body for part in ast.walk(raised) if is_text(part)}
    node.test = ast.UnaryOp(ast.Not(), node.test)
    around = [part for part in tree.body if node in ast.walk(part)]
    return remade(module, tree), getattr(around[0], "name", None), told


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def remade(module, tree):
    """Run the code of a module anew, with what it imports now."""
    copy = types.ModuleType(module.__name__)
    copy.__file__ = module.__file__
    exec(compile(ast.fix_missing_locations(tree), module.__file__, "exec"), vars(copy))
    return copy


def in_words(module):
    return module.__name__.rpartition(".")[2]


SHARED_NAMES = ("_guard", "_inputs", "_learning", "_networks")
SHARED = [import_module(f"utils.checks.{name}") for name in SHARED_NAMES]
INVERTED = [
    pytest.param(module, number, id=f"{in_words(module)}-{number}")
    for module in [*MODULES.values(), *SHARED]
    for number in conditions(module)
]


@pytest.mark.parametrize("module, number", INVERTED)
def test_an_inverted_condition_is_noticed(module, number, monkeypatch):
    wrong, place, told = inverted(module, number)
    if module in SHARED:
        monkeypatch.setitem(sys.modules, module.__name__, wrong)
        users = {w: m for w, m in MODULES.items() if in_words(module) in inspect.getsource(m)}
        altered = {w: remade(m, ast.parse(inspect.getsource(m))) for w, m in users.items()}
    else:
        altered = {week: wrong for week, own in MODULES.items() if own is module}
    cases = [(week, *case) for week in altered for case in ANSWERS[week]]
    # Those that most likely notice come first: an answer meant for it, then what it is part of.
    cases.sort(key=lambda case: (case[2] not in told, case[1] != place))
    checked = ((getattr(altered[week], task), mistake, a) for week, task, mistake, a in cases)
    assert any(verdict(check, *given(check, a)) != mistake for check, mistake, a in checked)
