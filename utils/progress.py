"""What a learner has done so far, kept in a file on this machine: tasks and tries, no names."""

import json
import os
import tempfile
from pathlib import Path

from utils import paths


def read(file=None):
    """Read what has been done.

    Args:
        file: path of the JSON file; None for `paths.progress()`.

    Returns:
        dict by week ("week1"), of dicts by task, of {"tries": int, "done": bool}, and
        "mistakes", a dict from keys to counts, where there were some.

    Raises:
        ValueError: the file is damaged; the message says what to do.
    """
    file = Path(file or paths.progress())
    try:
        weeks = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:  # of JSON, or of UTF-8
        raise ValueError(_damaged(file, error)) from error
    if not (isinstance(weeks, dict) and all(_is_week(tasks) for tasks in weeks.values())):
        raise ValueError(_damaged(file, "it is JSON, but not of tasks"))
    return weeks


def note(week, task, done, mistake=None, file=None):
    """Count a try at a task; one that has been done stays done.

    Nothing is raised: a full or read-only disk must not keep a check from answering. A damaged file
    is set aside first, beside the new one.

    Args:
        week: number of the week.
        task: name of the task.
        done: whether this try was right.
        mistake: key of the mistake that was named, or None; each is counted.
        file: path of the JSON file; None for `paths.progress()`.
    """
    from filelock import FileLock, Timeout

    try:
        file = Path(file or paths.progress())
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=2):  # two notebooks may be open
            weeks = _read_or_set_aside(file)
            entry = weeks.setdefault(f"week{week}", {}).setdefault(task, {})
            entry["tries"] = entry.get("tries", 0) + 1
            entry["done"] = entry.get("done", False) or bool(done)
            if mistake:
                mistakes = entry.setdefault("mistakes", {})
                mistakes[mistake] = mistakes.get(mistake, 0) + 1
            _write(file, weeks)
    except (OSError, Timeout):  # noted next time
        pass


def report(tasks, weeks):
    """Say in lines, week by week, what is done.

    >>> done = {"week1": {"split": {"tries": 3, "done": True}}}
    >>> print(*report({1: {"split": "Task 1 · Split", "fit": "Task 2 · Fit"}}, done), sep="\\n")
    Week 1: 1 of 2 tasks done
      ✔ Task 1 · Split (3 tries)
      · Task 2 · Fit

    Args:
        tasks: dict by number of the week, of dicts by task, of titles.
        weeks: as `read` returns it.

    Returns:
        list of str.
    """
    lines = []
    for week, titles in tasks.items():
        noted = weeks.get(f"week{week}", {})
        entries = [(title, noted.get(task, {})) for task, title in titles.items()]
        count = sum(bool(entry.get("done")) for _, entry in entries)
        lines.append(f"Week {week}: {count} of {len(titles)} tasks done")
        for title, entry in entries:
            tries = entry.get("tries", 0)
            told = f" ({tries} {'try' if tries == 1 else 'tries'})" if tries else ""
            lines.append(f"  {'✔' if entry.get('done') else '·'} {title}{told}")
    return lines


def _is_week(tasks):
    return isinstance(tasks, dict) and all(
        isinstance(entry, dict) and isinstance(entry.get("tries", 0), int)
        for entry in tasks.values()
    )


def _damaged(file, why):
    return (
        f"{file} is damaged ({why}). It is left as it is; the next check sets it aside beside "
        "itself and begins a new one. To keep what it holds, repair it in an editor before that."
    )


def _read_or_set_aside(file):
    try:
        return read(file)
    except ValueError:
        number = 1
        while (aside := file.with_name(f"{file.stem}-damaged{number}{file.suffix}")).exists():
            number += 1
        file.rename(aside)
        print(f"{file.name} was damaged. It is kept as {aside}; a new one begins.")
        return {}


def _write(file, weeks):
    """Write beside the file, then put it in its place: whoever reads finds the old or the new."""
    handle, unfinished = tempfile.mkstemp(suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as part:
            json.dump(weeks, part, indent=2)
        os.replace(unfinished, file)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
