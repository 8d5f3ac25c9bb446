"""Run the lectures from top to bottom and collect what they found.

A week's facts (title, minutes, data, promised numbers) stand once, in the table `[tool.course]` of
`pyproject.toml`: `weeks` reads them. `run` executes the notebooks and gathers their numbers and
claims in `build/results.json`.
"""

import asyncio
import contextlib
import copy
import html
import json
import signal
import time
import tomllib
from pathlib import Path

from utils import gates
from utils.paths import ROOT, source
from utils.results import collect, in_words

CELL_SECONDS = 3600  # a cell that takes longer hangs


# ---------------------------------------------------------------- a week's facts


def weeks(root=ROOT):
    """Read what is to be known about each week.

    Args:
        root: folder of the course.

    Returns:
        dict from week number to a dict with `folder`, `title`, `learn`, `data`, `picture` (what
        the README's picture of it shows), `minutes`, `steps` (see `utils.doctor.pace`) and
        `least_validation_accuracy` (by source).
    """
    table = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))
    return {int(week): facts for week, facts in table["tool"]["course"]["weeks"].items()}


# ---------------------------------------------------------------- running lectures


def find_lectures(root=ROOT, chosen=()):
    """Find the lecture notebooks in the order of the weeks.

    Args:
        root: folder of the course.
        chosen: week numbers, as integers or text, or one of them; none for all.

    Returns:
        dict from week number to the notebook's path.

    Raises:
        ValueError: there is no such week, or its notebook is missing.
    """
    lectures = {
        week: Path(root, facts["folder"], f"week{week}_lecture.ipynb")
        for week, facts in weeks(root).items()
    }
    # A text would be taken letter by letter, "12" as weeks 1 and 2.
    chosen = [chosen] if isinstance(chosen, str) or not hasattr(chosen, "__iter__") else chosen
    numbers = [gates.week(week, lectures) for week in chosen]
    if numbers:
        lectures = {week: path for week, path in lectures.items() if week in numbers}
    for path in lectures.values():
        if not path.is_file():
            raise ValueError(f"{path} is missing. Get it again: git checkout -- {path.parent.name}")
    return lectures


def first_line(cell):
    """Return the first line of a cell that is neither empty nor a comment."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")


def _execute(notebook, folder, bar):
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
        bar.update(cell_index + 1 - bar.n)

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
        error = "its Python process died, most likely because the computer ran out of memory"
    except asyncio.CancelledError:
        error = "it was cancelled"
    if interrupted:
        raise KeyboardInterrupt
    if error is not None:
        error = f"cell {index + 1} ({first_line(notebook.cells[index])!r}): {error}"
    return error, longest


def describe_pictures(notebook):
    """Give a notebook's pictures their alternative text, for pages made by nbconvert.

    Args:
        notebook: a notebook object, changed in place: a PNG among the outputs of a cell becomes
            HTML that shows it with the text under ``mystnb.image.alt`` in the cell's metadata,
            where the site finds it, too. Pictures without such a text stay as they are.
    """
    for cell in notebook.cells:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        for output in cell.get("outputs", ()) if alt else ():
            if png := output.get("data", {}).pop("image/png", None):
                words = html.escape(alt)
                output.data["text/html"] = f'<img alt="{words}" src="data:image/png;base64,{png}">'


def _write_html(notebook, path):
    from nbconvert import HTMLExporter

    notebook = copy.deepcopy(notebook)  # the caller's is still to be written
    describe_pictures(notebook)
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(
        notebook, resources={"metadata": {"name": path.stem, "path": str(path.parent)}}
    )
    path.write_text(page, encoding="utf-8")


def _run_lecture(week, path, build, in_place):
    """Execute one lecture; return its entry of results.json."""
    import nbformat
    from tqdm import tqdm

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    print(f"week {week}: running {len(notebook.cells)} cells", flush=True)
    before = time.monotonic()
    try:  # the bar shows on a terminal only, and goes away at the end
        with tqdm(total=len(notebook.cells), unit="cell", leave=False, disable=None) as bar:
            error, longest = _execute(notebook, path.parent, bar)
    except KeyboardInterrupt:
        print(f"week {week}: interrupted", flush=True)
        raise
    entry = {
        "seconds": round(time.monotonic() - before, 1),
        "longest_cell_seconds": round(longest, 1),
        **collect(notebook),
    }
    if error:
        entry["error"] = error
    # Kept after an error too: what ran before it helps to understand it.
    nbformat.write(notebook, build / path.name)
    _write_html(notebook, build / f"{path.stem}.html")
    if in_place and not complaints({"": entry}) and entry.get("source") != "real":
        nbformat.write(notebook, path)
    told = f"failed in {path.name}, {error}" if error else f"{entry['seconds']:.0f} s"
    print(f"week {week}: {told}", flush=True)
    return entry


def complaints(outcomes):
    """List what went wrong in a run, a line each: lectures that failed, claims that do not hold.

    Args:
        outcomes: as `run` returns them.

    Returns:
        list of str, empty when all is well.
    """
    found = []
    for name, entry in outcomes.items():
        if "error" in entry:
            found.append(f"{name} failed: {entry['error']}")
        claims = entry.get("claims", ())
        found += [f"{name}: {in_words(claim)}" for claim in claims if not claim["holds"]]
    return found


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


def run(chosen=(), *, root=ROOT, in_place=False):
    """Execute the lectures in order, each in its own folder.

    Writes the executed notebooks, their HTML pages and `results.json` to `build/`. A lecture
    that fails does not keep the next ones from running, nor does a claim that does not hold.

    Args:
        chosen: week numbers; none for all.
        root: folder of the course.
        in_place: also replace the outputs in each committed lecture in which nothing failed. Only
            with the sample data, because real photos are not ours to publish.

    Returns:
        dict like {"week1": {"seconds": 61.2, "source": "sample", "train_accuracy": 0.99, ...}}; a
        lecture that failed has an "error"; "claims" are as `utils.results.collect` gives them.

    Raises:
        ValueError: there is no such week, or in_place with real data.
    """
    root = Path(root)
    if in_place and source() != "sample":
        raise ValueError(
            "Committed notebooks show sample data only: unset COURSE_DATA and run it again."
        )
    lectures = find_lectures(root, chosen)
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
            if found := complaints(outcomes):
                print("\nWhat did not hold on this machine:\n- " + "\n- ".join(found))
    return outcomes
