"""How a check is carried out: it survives what it is handed, and answers in sentences.

A check is a function under `@check(week, title)`. It takes the learner's answer, returns in a few
words what speaks for it, and raises `Mistake` for what speaks against it.
"""

import functools
import inspect
import io
import linecache
import os
import re
import sys
import textwrap
import threading
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from ctypes import c_ulong, py_object, pythonapi
from dataclasses import dataclass, field

from utils import progress
from utils.paths import ROOT

WIDTH = 96
SHOWN = 500  # characters of what the learner's code prints
PATIENCE = 2  # seconds that code which was told to stop may take to do so


class Stop(Exception):
    """Ends the run of a notebook with a few sentences in place of a stack trace."""

    def _render_traceback_(self):  # IPython shows these lines
        return str(self).splitlines()


class Unanswered(Stop):
    """The learner has not written this part yet."""


class Mistake(Stop):
    """What speaks against an answer.

    Attributes:
        name: which mistake it is, a key that no other mistake of the same check has.
        seen: what the check saw, one or two sentences with the learner's own numbers.
        belief: what people who get there usually believe, as a clause after "that"; "" if none.
        look: where to look: a section of the lecture, a word to look up. Never the solution.
        title: of the task; set by `check`.
    """

    def __init__(self, name, seen, belief="", look=""):
        super().__init__(name)
        self.name, self.seen, self.belief, self.look, self.title = name, seen, belief, look, ""

    def __str__(self):
        parts = [f"✘ {self.title or self.name}: {self.seen}"]
        if self.belief:
            parts.append(f"The belief that often leads here: {self.belief}")
        if self.look:
            parts.append(f"Where to look: {self.look}")
        return "\n".join(textwrap.fill(part, WIDTH, subsequent_indent="  ") for part in parts)


def check(week, title, seconds=20):
    """Make a function a check of the task of its name; an exercise calls it with the answer.

    The check prints one line with ✔ and returns None (a notebook shows no value then), or raises
    `Mistake` or `Unanswered`, which a notebook shows as sentences; cells below do not run, and
    nbgrader gives no points. The answer runs in a thread of its own, so that a check ends after
    `seconds`, whatever the answer does, on every platform. Each try is noted by `utils.progress`.

    Args:
        week: number of the week.
        title: how the learner knows the task, such as "Task 2 · Split".
        seconds: the most that the answer may take. Give slow machines several times what it needs.
    """

    def make(function):
        task = function.__name__

        @functools.wraps(function)
        def judged(*answers):
            if any(is_unanswered(answer) for answer in answers):
                raise _open(title)
            outcome = _run(function, answers, judged.seconds)
            outcome.printed.show()
            error = _as_stop(outcome.error, judged.seconds)
            if isinstance(error, Unanswered):
                raise _open(title) from None
            progress.note(week, task, error is None, getattr(error, "name", None))
            if error is not None:
                error.title = title
                raise error from None
            print(textwrap.fill(f"✔ {title}: {outcome.value}", WIDTH, subsequent_indent="  "))

        judged.week, judged.task, judged.seconds = week, task, seconds
        return judged

    return make


# ---------------------------------------------------------------- what an answer may be


def is_unanswered(answer):
    """Say whether an answer is still the placeholder `...`, or a function or class of nothing else.

    >>> def later(x):
    ...     "Docstring."
    ...     ...
    >>> is_unanswered(...), is_unanswered(later), is_unanswered(len), is_unanswered(lambda: 5)
    (True, True, False, False)
    """
    if isinstance(answer, type):
        own = [value for name, value in vars(answer).items() if name not in _OF_EVERY_CLASS]
        return all(map(is_unanswered, own))
    if not inspect.isfunction(answer):
        return answer is ...
    code = answer.__code__
    constants = {None, answer.__doc__}
    return (
        code.co_code in _EMPTY and None in code.co_consts and constants.issuperset(code.co_consts)
    )


def _empty(a=None): ...


def _empty_with_text(a=None):
    """Text."""


_OF_EVERY_CLASS = set(vars(type("Empty", (), {"__doc__": None, "__qualname__": "Empty"})))
_OF_EVERY_CLASS |= {"__qualname__", "__firstlineno__", "__static_attributes__", "__annotations__"}
_EMPTY = {_empty.__code__.co_code, _empty_with_text.__code__.co_code}


def a_function(answer, name):
    """Check that an answer is a function, not what the function returns.

    Raises:
        Mistake: "no-function".
    """
    if not callable(answer):
        raise Mistake(
            "no-function",
            f"The check was given {_described(answer)}, but needs the function {name} itself.",
            "that a function is handed over by calling it.",
            f"Write the name alone, {name}, without brackets; the check calls it.",
        )


def result_of(function, *arguments):
    """Call the learner's function and return what it gives.

    Raises:
        Mistake: "returns-nothing", if that is None.
        Unanswered: if that is `...`.
    """
    result = function(*arguments)
    if result is None:
        raise Mistake(
            "returns-nothing",
            f"{getattr(function, '__name__', 'The function')} gave back None.",
            "that a value which is computed, or printed, is thereby given back.",
            "Does every way through the function end with return?",
        )
    if is_unanswered(result):
        raise Unanswered
    return result


def _described(value):
    with suppress(Exception):
        return f"{value!r:.60} (of type {type(value).__name__})"
    return f"something of type {type(value).__name__}"


# ---------------------------------------------------------------- run, with a limit


class _Printed(io.TextIOBase):
    """What the learner's code prints: the beginning is kept, the rest is counted."""

    def __init__(self):
        self.text, self.left_out = "", 0

    def write(self, text):
        room = SHOWN - len(self.text)
        self.text += text[:room]
        self.left_out += len(text[room:])
        return len(text)

    def show(self):
        if self.text.strip():
            more = f"\n… and {self.left_out:,} characters more" if self.left_out else ""
            print(f"Your code printed:\n{textwrap.indent(self.text.rstrip() + more, '  ')}")


@dataclass
class _Outcome:
    value: object = None
    error: BaseException | None = None
    printed: _Printed = field(default_factory=_Printed)


class _OutOfTime(BaseException):
    """Raised inside the learner's code; `except Exception` does not catch it."""


def _run(function, arguments, seconds):
    """Call a function in a thread of its own; what it raises or prints is part of the outcome."""
    outcome = _Outcome()

    def work():
        try:
            outcome.value = function(*arguments)
        except BaseException as error:  # SystemExit, too
            outcome.error = error

    worker = threading.Thread(target=work, daemon=True)
    with redirect_stdout(outcome.printed), redirect_stderr(outcome.printed):
        worker.start()
        try:
            worker.join(seconds)
        finally:  # also after a KeyboardInterrupt
            late = worker.is_alive()
            if late:
                _interrupt(worker)
    if late:  # the outcome of a thread that still runs may yet change
        return _Outcome(error=_OutOfTime(), printed=outcome.printed)
    return outcome


def _interrupt(worker):
    """Raise `_OutOfTime` in another thread, again and again, as code may catch it."""
    for _ in range(int(PATIENCE / 0.1)):
        if not worker.is_alive():
            return
        pythonapi.PyThreadState_SetAsyncExc(c_ulong(worker.ident), py_object(_OutOfTime))
        worker.join(0.1)


# ---------------------------------------------------------------- errors, in a sentence


def _open(title):
    return Unanswered(
        f"{title} is still open. Write it in the cell above, run that cell, then this one.\n"
        "Everything up to here works; the cells below wait for it."
    )


def _as_stop(error, seconds):
    """Turn whatever was raised into what the learner is told; None stays None."""
    if error is None or isinstance(error, Stop):
        return error
    if isinstance(error, _OutOfTime):
        return Mistake(
            "too-slow",
            f"It was not finished after {seconds:g} seconds, and was stopped.",
            look="Is there a loop that never ends? Try your function alone, on something small.",
        )
    what = type(error).__name__
    with suppress(Exception):  # even str() of an error can fail
        what += f": {_message(error) or 'no message'}"[:300]
    line = _learners_line(error)
    if line is None:  # the check could not use what it was given
        return Mistake(
            "unusable",
            f"What your code gave could not be used: {what}",
            look="Compare what it gives with what the task asks for: type, shape, order.",
        )
    return Mistake(
        "raised",
        f"Your code stopped with {what} ({line}).",
        look="Call your function by itself in a new cell to see the whole message.",
    )


def _message(error):
    """What an error says, without Keras's colours and the arrays that it lists after that."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return text.partition("Arguments received by")[0].strip()


def _learners_line(error):
    """Return the line of the learner's code in which an error arose, or None."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not file.startswith("<frozen") and not os.path.realpath(file).startswith(_NOT_LEARNERS):
            text = linecache.getline(file, number).strip()
            return f"line {number} of its cell, in {frame.f_code.co_name}: {text[:WIDTH] or '?'}"
    return None


# Real paths: a notebook's utils come as "week3_transfer_learning/../utils", .venv may be a link.
_NOT_LEARNERS = tuple(map(os.path.realpath, (ROOT / "utils", sys.prefix, sys.base_prefix)))
