"""Compare build/results.json with what the lectures promise: ``python tests/course_numbers.py``.

Not a unit test: it judges the numbers of a whole run (``make course``), with the sample data or
with real photos. Every lecture that exists and has a row below must be in the run.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Least validation accuracy by source and week: a band below what was seen over seeds
# (benchmarks/README.md), because one run says little about the mean.
LEAST_VALIDATION_ACCURACY = {
    "sample": {"week2": 0.85, "week3": 0.96, "week4": 0.88},
    "real": {"week1": 0.69, "week3": 0.98, "week4": 0.95},
}

# A lecture with the sample data takes at most three minutes on two cores. A slower machine states
# by how much in COURSE_TIME_FACTOR; without it, this is allowed.
MOST_SECONDS = 180
TIME_FACTOR = 3.0


def complaints(results, source, *, time_factor=TIME_FACTOR):
    """Compare a run's results with the tables above.

    Args:
        results: content of results.json.
        source: "sample" or "real".
        time_factor: how many times longer than on two idle cores a lecture may take.

    Returns:
        list of sentences, empty when every promise is kept.
    """
    found = []
    for week, entry in results.items():
        if "error" in entry:
            found.append(f"{week} failed: {entry['error']}")
        elif entry.get("source") != source:
            found.append(f"{week} ran on {entry.get('source')!r} data, not on {source!r}")
        if source == "sample" and entry["seconds"] > MOST_SECONDS * time_factor:
            limit = MOST_SECONDS * time_factor
            found.append(f"{week} took {entry['seconds']:.0f} s, more than {limit:.0f} s")
    for week, least in LEAST_VALIDATION_ACCURACY[source].items():
        if week not in results:
            found.append(f"{week} is not among the results")
            continue
        accuracy = results[week].get("validation_accuracy", 0)
        if accuracy < least:
            found.append(f"{week}: validation accuracy {accuracy:.3f} is below {least}")
    if not results:
        found.append("no lecture was run")
    return found


if __name__ == "__main__":
    source = sys.argv[1]
    results = json.loads((ROOT / "build" / "results.json").read_text(encoding="utf-8"))
    factor = float(os.environ.get("COURSE_TIME_FACTOR", TIME_FACTOR))
    found = complaints(results, source, time_factor=factor)
    for sentence in found:
        print(sentence)
    if not found:
        print(f"{len(results)} lecture(s) with {source} data keep what they promise.")
    sys.exit(bool(found))
