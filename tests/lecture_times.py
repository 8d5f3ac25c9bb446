"""Pytest plugin: what each lecture costs as a test. Load it with ``-p tests.lecture_times``.

After a run over notebooks (nbval) it prints each lecture's seconds, its slowest cell and the
largest memory of its kernel, and writes them to ``build/lecture_times.json``, which
`course_numbers` compares with what the course promises.
"""

import contextlib
import json
import time
from pathlib import Path

import psutil
import pytest

from utils.course import first_line

STARTS = pytest.StashKey[dict]()  # by lecture, on the clock of time.perf_counter
TIMES = pytest.StashKey[dict]()


def pytest_configure(config):
    config.stash[STARTS], config.stash[TIMES] = {}, {}


def lecture_of(item):
    """Return "week1" for a cell of week1_lecture.ipynb, None for what is no notebook's."""
    return item.path.stem.removesuffix("_lecture") if item.path.suffix == ".ipynb" else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if lecture := lecture_of(item):  # before the kernel starts, which is part of the time
        item.config.stash[STARTS].setdefault(lecture, time.perf_counter())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    began = time.perf_counter()
    try:
        return (yield)
    finally:
        if lecture := lecture_of(item):
            note(item, lecture, time.perf_counter() - began)


def note(item, lecture, seconds):
    """Add a cell that took these seconds to its lecture's entry."""
    new = {"slowest_cell_seconds": -1.0, "memory_gb": 0.0}
    entry = item.config.stash[TIMES].setdefault(lecture, new)
    entry["seconds"] = round(time.perf_counter() - item.config.stash[STARTS][lecture], 1)
    if seconds > entry["slowest_cell_seconds"]:
        # Counted as `utils.course` counts: texts are cells, too.
        number = next(n for n, cell in enumerate(item.parent.nb.cells, 1) if cell is item.cell)
        entry["slowest_cell"] = f"cell {number}: {first_line(item.cell)}"
        entry["slowest_cell_seconds"] = round(seconds, 1)
    with contextlib.suppress(psutil.NoSuchProcess):  # the kernel died
        memory = peak_memory(item.parent.kernel.km.provisioner.pid)
        entry["memory_gb"] = max(entry["memory_gb"], round(memory / 1e9, 2))


def peak_memory(pid):
    """Return the most memory a process has had, in bytes; on macOS, what it has now."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if found:
            return int(found[0].split()[1]) * 1024
    memory = psutil.Process(pid).memory_info()
    return getattr(memory, "peak_wset", memory.rss)


def pytest_terminal_summary(terminalreporter, config):
    times = config.stash[TIMES]
    if not times:
        return
    file = config.rootpath / "build" / "lecture_times.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(times, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    terminalreporter.section("What the lectures cost")
    for lecture, entry in times.items():
        terminalreporter.line(
            f"{lecture}: {entry['seconds']:.0f} s, {entry['memory_gb']:.1f} GB; slowest is "
            f"{entry['slowest_cell']} ({entry['slowest_cell_seconds']:.0f} s)"
        )
