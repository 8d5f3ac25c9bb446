"""Run the lectures from top to bottom and collect what they found.

A lecture's cell tagged ``results`` ends with a call of :func:`results`; :func:`run` executes the
notebooks and gathers these numbers in ``build/results.json``.
"""

import asyncio
import contextlib
import html
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

JSON_TYPE = "application/json"

CELL_SECONDS = 3600  # a cell that takes longer hangs


# ---------------------------------------------------------------- the results cell


class Results(dict):
    """Numbers by name, shown as a table in a notebook and readable for programs."""

    def _rows(self):
        return [(name.replace("_", " "), _as_text(name, value)) for name, value in self.items()]

    def __repr__(self):
        width = max((len(name) for name, _ in self._rows()), default=0)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in self._rows())

    def _ipython_display_(self):
        from IPython.display import display

        cells = "".join(
            f'<tr><td style="text-align:left">{html.escape(name)}</td>'
            f'<td style="text-align:right">{html.escape(text)}</td></tr>'
            for name, text in self._rows()
        )
        display({"text/plain": repr(self), "text/html": f"<table>{cells}</table>"}, raw=True)
        # An output of its own: JupyterLab prefers JSON, as a tree, to a table in the same output.
        numbers = {JSON_TYPE: dict(self), "text/plain": "(the same as JSON)", "text/html": ""}
        display(numbers, raw=True, metadata={JSON_TYPE: {"expanded": False}})


def _as_text(name, value):
    """Write an accuracy in per cent, seconds with their unit, other numbers briefly."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if "accuracy" in name:
        return f"{100 * value:.1f} %"
    if name.endswith("seconds"):
        return f"{value:.0f} s"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def results(*, source, train_accuracy, validation_accuracy, **more):
    """Give the headline numbers of a lecture, as the last value of its cell tagged ``results``.

    Args:
        source: "sample" or "real", as ``fetch(...).source`` says.
        train_accuracy: accuracy on the training pictures, between 0 and 1.
        validation_accuracy: accuracy on the validation pictures, between 0 and 1.
        **more: further numbers or texts; names that hold "accuracy" are shown in per cent.

    Returns:
        Results, a dict that a notebook shows as a table.

    Raises:
        ValueError: an accuracy is not between 0 and 1.
    """
    numbers = {
        "source": source,
        "train_accuracy": train_accuracy,
        "validation_accuracy": validation_accuracy,
        **more,
    }
    for name, value in numbers.items():
        if hasattr(value, "item"):  # NumPy and TensorFlow numbers
            value = numbers[name] = value.item()
        if "accuracy" in name and not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}, but an accuracy lies between 0 and 1.")
    return Results(numbers)


def collect_results(notebook):
    """Return the numbers that the cell tagged ``results`` has put out, or {}."""
    for cell in notebook.cells:
        if "results" in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                if JSON_TYPE in output.get("data", {}):
                    return dict(output["data"][JSON_TYPE])
    return {}


# ---------------------------------------------------------------- running lectures


def find_lectures(root=ROOT, weeks=()):
    """Find the lecture notebooks in the order of the weeks.

    Args:
        root: folder of the course.
        weeks: week numbers, as integers or text; none for all.

    Returns:
        dict from week number to the notebook's path.

    Raises:
        ValueError: there is no such week.
    """
    found = {}
    for path in sorted(Path(root).glob("week*/week*_lecture.ipynb")):
        if match := re.fullmatch(r"week(\d+)_lecture", path.stem):
            found[int(match[1])] = path
    found = dict(sorted(found.items()))
    if not weeks:
        return found
    unknown = [str(week) for week in weeks if not str(week).isdigit() or int(week) not in found]
    if unknown:
        raise ValueError(
            f"There is no lecture for week {', '.join(unknown)}. "
            f"There are: {', '.join(map(str, found)) or 'none'}."
        )
    chosen = {int(week) for week in weeks}
    return {week: path for week, path in found.items() if week in chosen}


def _first_line(cell):
    """Return the first line of a cell that is neither empty nor a comment."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


class _Progress:
    """One line per lecture: updated in place on a terminal, else a line at each end."""

    def __init__(self, week, cells):
        self.week, self.cells = week, cells
        self.live = sys.stdout.isatty()
        if not self.live:
            print(f"week {week}: running {cells} cells", flush=True)

    def cell(self, number):
        if self.live:
            print(f"\rweek {self.week}: cell {number}/{self.cells}", end="\033[K", flush=True)

    def end(self, text):
        start, rest = ("\r", "\033[K") if self.live else ("", "")
        print(f"{start}week {self.week}: {text}{rest}", flush=True)


def _execute(notebook, folder, progress):
    """Execute a notebook object in place; return (error text or None, longest cell's seconds)."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    index, began, longest, interrupted = 0, time.monotonic(), 0.0, False

    def listen(**_):
        # nbclient's own handler of Ctrl-C stops the kernel, which then looks like a crash.
        task = asyncio.current_task()

        def interrupt():
            nonlocal interrupted
            interrupted = True
            task.cancel()

        # Windows has no such handlers and raises KeyboardInterrupt by itself.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)

    def start(cell, cell_index):
        nonlocal index, began
        index, began = cell_index, time.monotonic()
        progress.cell(cell_index + 1)

    def complete(cell, cell_index, execute_reply):
        nonlocal longest
        longest = max(longest, time.monotonic() - began)

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=CRITICAL"],  # errors of cells come as outputs
        on_notebook_start=listen,
        on_cell_start=start,
        on_cell_executed=complete,
    )
    error = None
    try:
        client.execute()
    except CellExecutionError as failure:
        lines = [line.strip() for line in str(failure.evalue).splitlines() if line.strip()]
        error = f"{failure.ename}: {lines[-1]}" if lines else failure.ename
    except CellTimeoutError:
        error = f"it ran for more than {CELL_SECONDS // 60} minutes"
    except DeadKernelError:
        error = "the Python process behind it died, perhaps for want of memory"
    except asyncio.CancelledError:
        error = "it was cancelled"
    if interrupted:
        raise KeyboardInterrupt
    if error is not None:
        error = f"cell {index + 1} ({_first_line(notebook.cells[index])!r}): {error}"
    return error, longest


def _write_html(notebook, path):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(embed_images=True).from_notebook_node(
        notebook, resources={"metadata": {"name": path.stem, "path": str(path.parent)}}
    )
    path.write_text(page, encoding="utf-8")


def _run_lecture(week, path, build, in_place):
    """Execute one lecture; return its entry of results.json."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    progress = _Progress(week, len(notebook.cells))
    before = time.monotonic()
    try:
        error, longest = _execute(notebook, path.parent, progress)
    except KeyboardInterrupt:
        progress.end("interrupted")
        raise
    entry = {
        "seconds": round(time.monotonic() - before, 1),
        "longest_cell_seconds": round(longest, 1),
        **collect_results(notebook),
    }
    if error:
        entry["error"] = error
    # Kept after an error too: what ran before it helps to understand it.
    nbformat.write(notebook, build / path.name)
    _write_html(notebook, build / f"{path.stem}.html")
    if in_place and not error and entry.get("source") != "real":
        nbformat.write(notebook, path)
    progress.end(f"failed in {path.name}, {error}" if error else f"{entry['seconds']:.0f} s")
    return entry


def _table(outcomes):
    """Write the outcomes as a table of text."""
    header = ("week", "source", "seconds", "longest cell", "training", "validation")
    rows = [header]
    for name, entry in outcomes.items():
        accuracies = [
            f"{100 * entry[key]:.1f} %" if key in entry else "–"
            for key in ("train_accuracy", "validation_accuracy")
        ]
        rows.append(
            (
                name.removeprefix("week"),
                entry.get("source", "–"),
                f"{entry['seconds']:.0f}",
                f"{entry['longest_cell_seconds']:.0f}",
                *(accuracies if "error" not in entry else ("failed", "")),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def run(weeks=(), *, root=ROOT, in_place=False):
    """Execute the lectures in order, each in its own folder.

    Writes the executed notebooks, their HTML pages and ``results.json`` to ``build/``. A lecture
    that fails does not keep the next ones from running.

    Args:
        weeks: week numbers; none for all.
        root: folder of the course.
        in_place: also replace the outputs in each committed lecture that ran without error. Only
            with the sample data, because real photos are not ours to publish.

    Returns:
        dict like {"week1": {"seconds": 61.2, "source": "sample", "train_accuracy": 0.99, ...}};
        a lecture that failed has an "error".

    Raises:
        ValueError: there is no such week, or in_place with real data.
    """
    root = Path(root)
    if in_place and os.environ.get("COURSE_DATA", "sample") != "sample":
        raise ValueError(
            "Committed notebooks show sample data only: unset COURSE_DATA and run it again."
        )
    lectures = find_lectures(root, weeks)
    if not lectures:
        raise ValueError(f"There are no lectures (week*/week*_lecture.ipynb) in {root}.")
    build = root / "build"
    build.mkdir(exist_ok=True)
    summary = build / "results.json"
    summary.unlink(missing_ok=True)  # never mistake the last run's numbers for this one's
    outcomes = {}
    try:
        for week, path in lectures.items():
            outcomes[f"week{week}"] = _run_lecture(week, path, build, in_place)
    finally:
        if outcomes:
            text = json.dumps(outcomes, indent=2, ensure_ascii=False)
            summary.write_text(text + "\n", encoding="utf-8")
            print(f"\n{_table(outcomes)}\n\nNotebooks, pages and results.json are in build/.")
    return outcomes
