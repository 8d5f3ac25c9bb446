"""Is our pipeline as fast as Keras' own? ``python benchmarks/pipeline_speed.py``.

Reads the training pictures of ``cats_vs_dogs_filtered`` (real photos; COURSE_MIRROR applies), turn
and turn about, with ``utils.pipelines.image_dataset`` and with
``keras.utils.image_dataset_from_directory(...).cache()``: seconds from nothing to the end of the
first epoch, and the bytes that the decoded pictures take. Writes
``benchmarks/results/pipeline_speed.json``.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import datasets, pipelines  # noqa: E402

# isort: split
import keras  # noqa: E402


def seconds_of_first_epoch(make):
    """Make a data set and go through it once; returns the seconds for both."""
    start = time.perf_counter()
    for _ in make():
        pass
    return time.perf_counter() - start


def compare(directory, size, rounds):
    """Median seconds of each way, their ratio pair by pair, and megabytes of cache."""
    ways = {
        "ours": lambda: pipelines.image_dataset(directory, (size, size)),
        "keras": lambda: keras.utils.image_dataset_from_directory(
            directory, image_size=(size, size), shuffle=False, verbose=False
        ).cache(),
    }
    for make in ways.values():  # the first time reads the disk and builds graphs
        seconds_of_first_epoch(make)
    rows = [
        {name: seconds_of_first_epoch(make) for name, make in ways.items()} for _ in range(rounds)
    ]
    values = len(pipelines.image_dataset(directory, (size, size)).file_paths) * size * size * 3
    return {
        "size": size,
        "rounds": rounds,
        "median_seconds": {n: round(statistics.median(r[n] for r in rows), 2) for n in ways},
        "median_ratio": round(statistics.median(r["ours"] / r["keras"] for r in rows), 2),
        "cache_megabytes": {"ours": round(values / 1e6), "keras": round(4 * values / 1e6)},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[96, 150])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    photos = datasets.fetch("cats_vs_dogs_filtered", source="real")
    record = {
        "pictures": photos.counts,
        "machine": f"{os.cpu_count()} cores",
        "runs": [compare(photos.directory, size, args.rounds) for size in args.sizes],
    }
    print(json.dumps(record, indent=1))
    out = ROOT / "benchmarks" / "results" / "pipeline_speed.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
