"""Compare what a whole run of the lectures gave with what the course promises. Not a unit test.

``python tests/course_numbers.py times 7.1 7.4``: what `make test` has written to
``build/lecture_times.json``, in yardsticks; the numbers are the seconds of a yardstick measured
before and after (without any, one is measured now).

``python tests/course_numbers.py real 1 3``: what `make course WEEKS="1 3"` has written to
``build/results.json``, run with the sample or with real photos (without weeks, all of them).

The promises stand in the table `[tool.course]` of ``pyproject.toml``.
"""

import json
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import course  # noqa: E402

# How many times the promised time a run may take before it counts as broken. The cores of rented
# machines are shared: the yardstick itself was seen to vary by half within minutes.
SLACK = {"lecture": 2.0, "cell": 2.0, "all": 1.6}


def results_complaints(results, source, weeks):
    """Compare the numbers of a run with what is promised for the weeks.

    Args:
        results: content of results.json.
        source: "sample" or "real", with which it should have run.
        weeks: the weeks that should be in it, as `course.weeks` gives them.

    Returns:
        list of sentences, empty when every promise is kept.
    """
    found = course.complaints(results)
    for week, facts in weeks.items():
        name, least = f"week{week}", facts["least_validation_accuracy"][source]
        entry = results.get(name)
        if entry is None:
            found.append(f"{name} was not run")
        elif "error" in entry:
            continue
        elif entry.get("source") != source:
            found.append(f"{name} ran with {entry.get('source')!r} data, not with {source!r}")
        elif not entry["validation_accuracy"] >= least:
            seen = entry["validation_accuracy"]
            found.append(f"{name}: validation accuracy {seen:.3f} is below {least}")
    return found


def times_complaints(times, yardstick, weeks, most):
    """Compare the times of a run with the sample with what is promised.

    Args:
        times: content of lecture_times.json.
        yardstick: seconds of a yardstick (benchmarks/yardstick.py) on the same machine.
        weeks: the weeks that should be in it, as `course.weeks` gives them.
        most: yardsticks by "lecture", "cell" and "all".

    Returns:
        list of sentences, empty when every promise is kept.
    """
    found = []

    def compare(what, kind, seconds):
        limit = SLACK[kind] * most[kind]
        if seconds / yardstick > limit:
            found.append(
                f"{what} took {seconds / yardstick:.1f} yardsticks; {most[kind]} are promised, "
                f"{limit:.1f} are let pass"
            )

    for name in (f"week{week}" for week in weeks):
        if name not in times:
            found.append(f"{name} was not run")
            continue
        compare(name, "lecture", times[name]["seconds"])
        cell = f"{name}, {times[name]['slowest_cell']}"
        compare(cell, "cell", times[name]["slowest_cell_seconds"])
    compare("The whole course", "all", sum(entry["seconds"] for entry in times.values()))
    return found


def measure_yardstick():
    """Return the seconds of a yardstick now."""
    command = [sys.executable, str(ROOT / "benchmarks" / "yardstick.py")]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main(what, *numbers):
    """Print what is not as promised; return the exit status, 1 when there is something."""
    weeks = course.weeks()
    name = "lecture_times.json" if what == "times" else "results.json"
    seen = json.loads((ROOT / "build" / name).read_text(encoding="utf-8"))
    if what == "times":
        unit = statistics.mean(map(float, numbers)) if numbers else measure_yardstick()
        table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        print(f"A yardstick is {unit:.1f} s.")
        for lecture, entry in seen.items():
            cell = entry["slowest_cell_seconds"] / unit
            print(f"{lecture}: {entry['seconds'] / unit:.1f} yardsticks, longest cell {cell:.1f}")
        found = times_complaints(seen, unit, weeks, table["tool"]["course"]["most"])
    else:
        chosen = {week: weeks[week] for week in map(int, numbers)} or weeks
        found = results_complaints(seen, what, chosen)
    print("\n".join(found) or f"{', '.join(seen)}: as promised.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
