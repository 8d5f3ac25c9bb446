"""This course beside the textbook recipe, on one machine: ``make bench``.

Both ways go through the same pictures, turn and turn about, each measurement in a fresh Python
(`two_ways.py`). What is repeated is told by the median, the least and the most, after a warm-up
that also brings the files into the system's memory; trainings and lectures run once. A yardstick
is measured beside each part. Everything goes to ``benchmarks/results/bench.json``, part by part,
so it can be interrupted; what is recorded is kept. Then the same as a table, ``bench.md``, and as a
figure of how cost grows, ``bench.png``.

Uses the real photos (COURSE_MIRROR applies), but for the lectures, which follow COURSE_DATA. The
trainings take hours: ``--parts`` chooses others.
"""

import argparse
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
from lecture_seeds import statistic, yardstick  # noqa: E402

from utils import datasets  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
WAYS = ("course", "recipe")
NUMBERS = (500, 1000, 2000, 5000, 10_000)  # pictures
REPEATS = 3
SMALL_BUDGET = 100_000_000  # bytes, less than 2,000 pictures of 150 pixels


def parts(folders, to_split):
    """List what is measured.

    Args:
        folders: {number: a function that gives a folder with so many pictures in two class
            folders}.
        to_split: a function that gives a folder with class folders whose files are divided.

    Returns:
        dict from the name of a part to (the measure's name and arguments, ways, repeats).
    """
    found = {
        "imports": (("importing",), WAYS, REPEATS),
        "augmentation, compiled": (("augmenting", "compiled"), WAYS, REPEATS),
        "augmentation, call by call": (("augmenting", "eager"), WAYS, REPEATS),
        "resampling": (("resampling",), WAYS, REPEATS),
    }
    for number, folder in folders.items():
        found[f"reading {number:,} pictures"] = ("reading", folder), WAYS, REPEATS
    most = folders[max(folders)]
    found["reading beyond the budget"] = ("reading", most, SMALL_BUDGET), WAYS[:1], 1
    found["splitting 25,000 files"] = ("splitting", to_split), WAYS, 3
    for week in (1, 2, 3, 4):
        found[f"lecture {week}"] = ("lecture", week), WAYS[:1], 1
    for week in (1, 3, 2, 4):  # the longest ones last
        found[f"learning, week {week}"] = ("learning", week), WAYS, 1
    return found


def measure(what, ways, repeats):
    """Measure in fresh Pythons, turn and turn about: {way: [numbers of a repeat, …]}.

    Raises:
        RuntimeError: a measurement failed.
    """
    runs = {way: [] for way in ways}
    for number in range(repeats + (repeats > 1)):
        for way in ways:
            name, *arguments = (str(one() if callable(one) else one) for one in what)
            script = [sys.executable, str(ROOT / "benchmarks" / "two_ways.py")]
            done = subprocess.run(
                [*script, name, way, *arguments], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{name}, {way}: {done.stderr[-2000:]}")
            if number or repeats == 1:  # the first of several warms up
                runs[way].append(json.loads(done.stdout.splitlines()[-1]))
    return runs


def machine():
    """Facts of this machine that decide about speed, in one line."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def write(record, file):
    """Write a record, whole or not at all."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)


def link_pictures(pictures, number, folder):
    """Make a folder of two class folders with so many pictures, if it is not there; return it.

    Args:
        pictures: two lists of files; one that has too few gives them again, under other names.
    """
    if folder.exists():
        return folder
    for name, files in zip("ab", pictures, strict=True):
        (folder / name).mkdir(parents=True)
        for place in range(number // 2):
            file = files[place % len(files)]
            (folder / name / f"{place:05}{file.suffix}").symlink_to(file.resolve())
    return folder


def write_files(number, folder):
    """Make a folder of two class folders with files of 5 to 40 kB, if not there; return it."""
    if folder.exists():
        return folder
    draw = random.Random(0)
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for place in range(number // 2):
            data = draw.randbytes(draw.randrange(5_000, 40_000))
            (folder / name / f"{place:05}.jpg").write_bytes(data)
    return folder


# ---------------------------------------------------------------- what it says


def values(part, way, quantity):
    """A quantity of each repeat; where it was noted for each epoch, of the last one."""
    found = [run[quantity] for run in part["ways"][way]]
    return [value[-1] if isinstance(value, list) else value for value in found]


def in_words(some, unit):
    """Median and, of several, the least and the most."""
    text = f"{statistics.median(some):,.4g} {unit}".strip()
    return text if len(some) == 1 else f"{text} ({min(some):,.4g}–{max(some):,.4g})"


def ratios(part, quantity):
    """Recipe / course, repeat by repeat: those measured side by side are divided."""
    pairs = zip(*(values(part, way, quantity) for way in ("recipe", "course")), strict=True)
    return [recipe / course for recipe, course in pairs]


def summary(record):
    """Statistics under names that texts can quote; see `record_numbers.py`.

    Returns:
        dict from, for instance, "imports_clock_course" and "imports_clock_ratio" to a statistic.
    """
    found = {}
    for name, part in record["parts"].items():
        for quantity in part["ways"]["course"][0]:
            if quantity == "accuracy":
                continue
            stem = "_".join(re.findall(r"\w+", f"{name} {quantity}".replace(",", "")))
            for way in part["ways"]:
                found[f"{stem}_{way}"] = statistic(values(part, way, quantity))
            if len(part["ways"]) == 2:
                found[f"{stem}_ratio"] = statistic(ratios(part, quantity))
    return found


def table(record):
    """The record as a Markdown table."""
    lines = [
        "| | course | recipe | recipe / course | yardstick |",
        "|---|---|---|---|---|",
    ]
    for name, part in record["parts"].items():
        quantities = [q for q in part["ways"]["course"][0] if q != "accuracy"]
        for quantity in quantities:
            unit = "MB" if quantity == "megabytes" else "s"
            words = [in_words(values(part, way, quantity), unit) for way in part["ways"]]
            words += [in_words(ratios(part, quantity), "")] if len(words) == 2 else ["", ""]
            lines.append(
                f"| {name}, {quantity} | {' | '.join(words)} | {part['yardstick']:.1f} s |"
            )
        if name.startswith("learning") and "accuracy" in part["ways"]["recipe"][0]:
            lines.append(f"| {name}, to the recipe's accuracy | {until(part)} |")
    return "\n".join(lines) + "\n"


def to_the_accuracy_of_the_recipe(part):
    """Find when the course's network is as accurate as the recipe's is at its end.

    Returns:
        dict with the recipe's last `accuracy`, and of `clock` and `processor` the seconds of the
        recipe, of the course until then, and their ratio; None if it never gets there.
    """
    recipe, course = (part["ways"][way][0] for way in ("recipe", "course"))
    goal = recipe["accuracy"][-1]
    epoch = next((n for n, accuracy in enumerate(course["accuracy"]) if accuracy >= goal), None)
    if epoch is None:
        return None
    found = {"accuracy": goal}
    for quantity in ("clock", "processor"):
        whole, until = recipe[quantity][-1], course[quantity][epoch]
        found[quantity] = {"recipe": whole, "course": until, "ratio": whole / until}
    return found


def until(part):
    """A row of the table: when the course's network is as accurate as the recipe's at its end."""
    found = to_the_accuracy_of_the_recipe(part)
    if found is None:
        return "never | | | "
    seconds = found["processor"]
    course, recipe = (f"{seconds[way]:,.4g} s of the processor" for way in WAYS)
    return f"{course} | {recipe}: {found['accuracy']:.1%} | {seconds['ratio']:,.4g} | "


def figure(record):
    """How seconds and memory grow with the number of pictures, on logarithmic axes."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from utils.plots._style import NETWORKS, course_style

    reading = {
        int(name.split()[1].replace(",", "")): part
        for name, part in record["parts"].items()
        if name.startswith("reading ") and name.endswith("pictures")
    }

    @course_style
    def draw():
        panels, (time, memory) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
        for way, colour, marker in zip(WAYS, NETWORKS[1::-1], "os", strict=True):
            for axis, quantity, line, label in (
                (time, "first epoch, clock", "-", f"{way}, first epoch"),
                (time, "second epoch, clock", "--", f"{way}, second epoch"),
                (memory, "megabytes", "-", way),
            ):
                medians = [statistics.median(values(p, way, quantity)) for p in reading.values()]
                axis.loglog(list(reading), medians, line, color=colour, marker=marker, label=label)
        time.set(xlabel="pictures", ylabel="seconds an epoch")
        memory.set(xlabel="pictures", ylabel="most memory, MB")
        for axis in (time, memory):
            axis.set(xticks=list(reading), xticklabels=[f"{number:,}" for number in reading])
            axis.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
            low, high = axis.get_ylim()
            axis.set_ylim(low, high * (high / low) ** 0.6)  # room for the legend
            axis.legend(loc="upper left", fontsize="small")
        return panels

    return draw()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=[""], help="beginnings of parts' names")
    parser.add_argument("--again", action="store_true", help="forget what is recorded of them")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    args = parser.parse_args()
    out = args.out / "bench.json"
    record = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"parts": {}}
    photos = datasets.fetch("cats_vs_dogs", source="real")
    pictures = [sorted((photos.directory / name).iterdir()) for name in photos.class_names]
    with tempfile.TemporaryDirectory(dir=ROOT / "data") as place:
        folders = {n: partial(link_pictures, pictures, n, Path(place, str(n))) for n in NUMBERS}
        to_split = partial(write_files, 25_000, Path(place, "files", "to-split"))
        for name, part in parts(folders, to_split).items():
            chosen = name.startswith(tuple(args.parts))
            if not chosen or (name in record["parts"] and not args.again):
                continue
            print(f"{name} …", flush=True)
            facts = {"machine": machine(), "yardstick": yardstick("own")}
            record["parts"][name] = facts | {"ways": measure(*part)}
            write(record, out)
    record["summary"] = summary(record)
    write(record, out)
    print(table(record))
    (args.out / "bench.md").write_text(table(record), encoding="utf-8")
    figure(record).savefig(args.out / "bench.png", dpi=100)


if __name__ == "__main__":
    main()
