"""Do two processes learn twice as fast as one? ``python benchmarks/scaling.py``.

Trains week 1's network on the sample in 1, 2 and 4 processes on this machine, and extracts week 3's
features, every process on a core of its own as long as there are enough: with all cores for one
process, nothing would be left to gain. Writes ``benchmarks/results/scale.json``, and what would
follow for more pictures and machines, under assumptions that stand there, too. Needs Linux and
requirements-scale.txt.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from lecture_seeds import statistic  # noqa: E402

from scale import processes, shards  # noqa: E402

# isort: split
from yardstick import yardstick  # noqa: E402

BATCH = 32
WARM = 2  # epochs that compile
PART = 16  # pictures in a part of the features, so that each process has several
PINNED = f"""
import os, runpy, sys
cores = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, {{cores[int(os.environ[{processes.RANK!r}]) % len(cores)]}})
if sys.argv[1] == "extract":
    import scale.extract
    scale.extract.PART = {PART}
runpy.run_module("scale", run_name="__main__", alter_sys=True)
"""


def together(number, *arguments):
    command = [sys.executable, "-c", PINNED, *map(str, arguments)]
    if processes.together(command, number, os.environ | {"KERAS_BACKEND": "jax"}):
        raise RuntimeError(f"{' '.join(command[2:])} failed in {number} processes.")


def trained(number, pictures, folder, epochs):
    """Train week 1's network; returns the lines of its log."""
    run = folder / f"week1-{number}"
    together(number, "train", "week1", "--run", run, "--pictures", pictures, "--epochs", epochs)
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def extracted(number, pictures, folder):
    """Extract week 3's features; pictures a second, each process's first part left out."""
    features = folder / f"features-{number}"
    together(number, "extract", "week3", "--features", features, "--pictures", pictures)
    times = sorted(file.stat().st_mtime for file in features.glob("train/0*.npy"))
    return (len(times) - number) * PART / (times[-1] - times[number - 1])


def few(pictures, folder, learnt, measured):
    """A folder with so many of the pictures of each class, by links."""
    for side, number in (("train", learnt), ("validation", measured)):
        for kind in (pictures / side).iterdir():
            (folder / side / kind.name).mkdir(parents=True)
            for file in sorted(kind.iterdir())[:number]:
                os.link(file, folder / side / kind.name / file.name)
    return folder


def measure(epochs, numbers, per_class):
    """Train and extract with each number of processes.

    Returns:
        (runs, summary): a dict for each number, and statistics over the epochs after the first
        ones; "pictures" are those that are learnt from, of an epoch with validation and
        checkpoint.
    """
    everything = shards.prepare().train.parent
    learnt = 2 * per_class
    runs, summary = [], {}
    with tempfile.TemporaryDirectory(dir=ROOT / "data") as folder:
        folder = Path(folder)
        pictures = few(everything, folder / "pictures", per_class, per_class // 4)
        some = few(everything, folder / "some", 96, 1)
        for number in numbers:
            log = trained(number, pictures, folder, epochs)
            rates = [learnt / epoch["seconds"] for epoch in log[WARM:]]
            costs = [1000 * number * epoch["processor_seconds"] / learnt for epoch in log[WARM:]]
            rate = extracted(number, some, folder)
            summary |= {
                f"pictures_a_second_{number}": statistic(rates),
                f"processor_milliseconds_a_picture_{number}": statistic(costs),
                f"features_a_second_{number}": statistic([rate]),
                f"validation_accuracy_{number}": statistic([log[-1]["val_accuracy"]]),
            }
            runs.append({"processes": number, "epochs": log, "features_a_second": round(rate, 2)})
            print(json.dumps({k: v["mean"] for k, v in summary.items() if k.endswith(str(number))}))
    for number in numbers[1:]:
        for what in ("pictures", "features"):
            one, many = (summary[f"{what}_a_second_{n}"]["mean"] for n in (numbers[0], number))
            summary[f"{what}_speedup_{number}"] = statistic([many / one])
        # What a step costs beyond its share of the arithmetic.
        one, many = (learnt / summary[f"pictures_a_second_{n}"]["mean"] for n in (1, number))
        extra = (many - one / min(number, os.cpu_count())) / -(-learnt // BATCH)
        summary[f"extra_milliseconds_a_step_{number}"] = statistic([1000 * extra])
    return runs, summary


# ---------------------------------------------------------------- on paper

PARAMETERS = 191_841  # of week 1's network
NETWORK = 1e9 / 8  # bytes a second between two machines: gigabit Ethernet
PRICE = 0.05  # US dollars for an hour of a core
EPOCHS = 15
CORES = 8  # of a machine, each as fast as one core here


def on_paper(summary, pictures, machines):
    """Hours and dollars for 15 epochs of week 1's network.

    Each machine has a batch of its own. A step takes its arithmetic and, on several machines, what
    a step of two processes took beyond that here, and one exchange of all gradients in a ring, not
    hidden behind the arithmetic: each machine sends 2 (n - 1) / n times the 4 bytes of every
    parameter.

    Args:
        summary: what `measure` found.
        pictures: number of pictures.
        machines: number of machines with `CORES` cores.

    Returns:
        dict with `hours`, `dollars`, and `waiting_share`, the part of the time that goes into the
        exchange.
    """
    arithmetic = BATCH / (summary["pictures_a_second_1"]["mean"] * CORES)
    exchange = 0.0
    if machines > 1:
        send = 2 * (machines - 1) / machines * 4 * PARAMETERS / NETWORK
        exchange = max(summary["extra_milliseconds_a_step_2"]["mean"], 0) / 1000 + send
    steps = EPOCHS * pictures / (BATCH * machines)
    hours = steps * (arithmetic + exchange) / 3600
    return {
        "pictures": pictures,
        "machines": machines,
        "hours": round(hours, 2),
        "dollars": round(hours * machines * CORES * PRICE, 2),
        "waiting_share": round(exchange / (arithmetic + exchange), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--per-class", type=int, default=600, help="pictures to learn from")
    parser.add_argument("--numbers", type=int, nargs="+", default=[1, 2, 4])
    args = parser.parse_args()
    if args.numbers[:2] != [1, 2]:
        parser.error("the numbers begin with 1 2: everything is compared with them")
    before = yardstick(steps=4, repeats=2)
    runs, summary = measure(args.epochs, args.numbers, args.per_class)
    paper = [
        on_paper(summary, pictures, machines)
        for pictures in (25_000, 1_000_000, 14_000_000)
        for machines in (1, 4, 16)
    ]
    summary |= {"yardstick_seconds": statistic([before])}
    record = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "jax")},
        "pictures_learnt_from": 2 * args.per_class,
        "runs": runs,
        "summary": summary,
        "on_paper": paper,
    }
    out = ROOT / "benchmarks" / "results" / "scale.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
