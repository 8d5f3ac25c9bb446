"""This course beside the textbook recipe, in one run: ``make bench``.

Both ways go through the same pictures on the same machine, turn and turn about, each measurement in
a fresh Python: after a warm-up (which also brings the files into the system's cache), the median
and the spread (half the distance of the quartiles) of the repeats, on the clock and in processor
time, beside the yardstick. Writes ``benchmarks/results/bench.json`` after each part, so that it can
be interrupted (parts that are recorded are kept; ``--again`` forgets them), then the same as a
table, ``bench.md``, and a figure, ``bench.png``.

The textbook recipe is written here from its description: pictures of 150 pixels, cached as batches
of float32 by Keras' own pipeline, four augmentation layers one after another, files copied one by
one into the split (F. Chollet, "Deep Learning with Python", 2017, section 5.2). How accurate it
gets, and when, `textbook_recipe.py` measures.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RESULTS = ROOT / "benchmarks" / "results"
SIZE, BATCH = 150, 20  # the recipe's
FACTORS = {"rotation": 0.11, "translation": 0.2, "zoom": 0.2}
WAYS = ("course", "recipe")


def seconds(work):
    """Seconds on the clock and of the processors that `work()` takes, and what it returns."""
    start, cpu_start = time.perf_counter(), os.times()
    result = work()
    clock, cpu = time.perf_counter() - start, os.times()
    used = sum(cpu[:4]) - sum(cpu_start[:4])  # user and system, children too
    return {"clock": clock, "processor": used}, result


# ---------------------------------------------------------------- measured in a fresh Python


def dataset(way, folder, size=SIZE):
    """A training set as either way makes it."""
    from utils import pipelines

    if way == "course":
        return pipelines.image_dataset(folder, size, BATCH, training=True)
    import keras

    return keras.utils.image_dataset_from_directory(
        folder, image_size=(size, size), batch_size=BATCH, verbose=False
    ).cache()


def epoch(data):
    """Go through a data set once; returns the number of pictures."""
    return sum(len(labels) for _, labels in data)


def cold(way, folder, size):
    """From the call to the end of the first epoch."""
    import keras  # noqa: F401

    from utils import pipelines  # noqa: F401

    taken, number = seconds(lambda: epoch(dataset(way, folder, int(size))))
    return taken | {"pictures": number}


def warm(way, folder, size):
    """The second epoch."""
    data = dataset(way, folder, int(size))
    epoch(data)
    taken, number = seconds(lambda: epoch(data))
    return taken | {"pictures": number}


def memory(way, folder, size):
    """Most megabytes of memory that two epochs take beyond those of the libraries."""
    import keras  # noqa: F401

    from utils import pipelines  # noqa: F401

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = dataset(way, folder, int(size))
    number = [epoch(data), epoch(data)][0]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"megabytes": (most - before) / 1024, "pictures": number}


def noise():
    """A batch of float32 pictures."""
    import tensorflow as tf

    return tf.random.stateless_uniform((BATCH, SIZE, SIZE, 3), (0, 0), 0.0, 255.0)


def augmentation(way, compiled, batches):
    """Augment batches of noise."""
    import keras
    import tensorflow as tf

    from utils import pipelines

    images = noise()
    if way == "course":
        one = pipelines.random_affine(**FACTORS)
    else:
        layers = keras.Sequential(
            [
                keras.layers.RandomFlip("horizontal"),
                keras.layers.RandomRotation(FACTORS["rotation"]),
                keras.layers.RandomTranslation(FACTORS["translation"], FACTORS["translation"]),
                keras.layers.RandomZoom(FACTORS["zoom"]),
            ]
        )

        def one(images, seed):
            return layers(images, training=True)

    step = tf.function(one) if compiled == "compiled" else one
    step(images, tf.constant([0, 0]))

    def work():
        for number in range(int(batches)):
            step(images, tf.constant([1, number]))
        return int(batches) * BATCH

    taken, number = seconds(work)
    return taken | {"pictures": number}


def split(way, folder, number):
    """Divide class folders into training, validation and test folders."""
    from utils import splits

    with tempfile.TemporaryDirectory(dir=Path(folder).parent) as place:
        if way == "course":
            taken, _ = seconds(lambda: splits.split_directory(folder, Path(place, "split")))
        else:
            taken, _ = seconds(lambda: copy_one_by_one(folder, place))
    return taken | {"pictures": int(number)}


def copy_one_by_one(folder, place):
    """The recipe's way: shuffle the names of a class, copy each file to its side."""
    for name in sorted(os.listdir(folder)):
        files = sorted(os.listdir(os.path.join(folder, name)))
        random.Random(0).shuffle(files)
        ends = len(files) * 4 // 7, len(files) * 6 // 7
        for side, some in (
            ("train", files[: ends[0]]),
            ("validation", files[ends[0] : ends[1]]),
            ("test", files[ends[1] :]),
        ):
            os.makedirs(os.path.join(place, side, name))
            for file in some:
                shutil.copyfile(
                    os.path.join(folder, name, file), os.path.join(place, side, name, file)
                )


def imports(way):
    """Import what a notebook needs; the recipe's needs Keras alone."""
    if way == "course":
        work = "from utils import datasets, splits, pipelines, plots"
    else:
        work = "import keras, matplotlib.pyplot"
    taken, _ = seconds(lambda: exec(work))
    return taken


def resampling(way, batches):
    """Turn batches a little: the course's `_resample`, Keras' `affine_transform`; both bilinear."""
    import keras
    import tensorflow as tf

    from utils import pipelines

    images = noise()
    row = [0.9, 0.1, 3.0, -0.1, 0.9, 5.0]
    if way == "course":
        matrix = [[tf.fill((BATCH,), v) for v in row[:3]], [tf.fill((BATCH,), v) for v in row[3:]]]

        def one():
            return pipelines._resample(images, matrix)
    else:
        transform = tf.constant([row + [0.0, 0.0]] * BATCH)

        @tf.function
        def one():
            return keras.ops.image.affine_transform(
                images, transform, "bilinear", "reflect", data_format="channels_last"
            )

    one()

    def work():
        for _ in range(int(batches)):
            one()
        return int(batches) * BATCH

    taken, number = seconds(work)
    return taken | {"pictures": number}


MEASURES = {f.__name__: f for f in (cold, warm, memory, augmentation, split, imports, resampling)}


# ---------------------------------------------------------------- the run


def fresh(measure, way, *arguments):
    """Call a measure in a Python of its own; what it returns."""
    command = [sys.executable, __file__, "--measure", measure, way, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{measure} of {way} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(measure, *arguments, repeats):
    """Measure both ways, turn and turn about: {way: {quantity: {median, spread}}}."""
    runs = {way: [] for way in WAYS}
    for number in range(repeats + 1):
        for way in WAYS:
            run = fresh(measure, way, *arguments)
            if number or repeats == 1:  # the first one warms up
                runs[way].append(run)
    return {way: summary(some) for way, some in runs.items()}


def summary(runs):
    """Median and spread, half the distance of the quartiles, of each quantity of some runs."""
    if "pictures" in runs[0] and "clock" in runs[0]:
        runs = [run | {"pictures_per_second": run["pictures"] / run["clock"]} for run in runs]
    found = {}
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
        found[name] = {
            "median": round(statistics.median(values), 4),
            "spread": round((high - low) / 2, 4),
        }
    return found


def folder_of(number, pictures, place):
    """A folder of two classes with so many pictures in all, links to those given, again if few."""
    folder = Path(place, str(number))
    for i in range(number):
        source = pictures[i % len(pictures)]
        (folder / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (folder / "ab"[i % 2] / f"{i:06}{source.suffix}").symlink_to(source.resolve())
    return folder


def files_to_split(number, place):
    """Files of two classes as large as small photos."""
    draw = random.Random(0)
    folder = Path(place, "files")
    for i in range(number):
        (folder / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        data = draw.randbytes(draw.randrange(5_000, 40_000))
        (folder / "ab"[i % 2] / f"{i}.jpg").write_bytes(data)
    return folder


def parts(pictures, place, *, numbers, to_split, batches, repeats):
    """What is measured: {name: a function that measures it}."""
    found = {"imports": lambda: compare("imports", repeats=repeats)}
    for number in numbers:
        for measure in ("cold", "warm", "memory"):
            found[f"{measure}, {number} pictures"] = lambda m=measure, n=number: compare(
                m, folders(n), SIZE, repeats=repeats
            )

    def folders(number):
        folder = Path(place, str(number))
        return folder if folder.exists() else folder_of(number, pictures, place)

    for how in ("compiled", "not compiled"):
        found[f"augmentation, {how}"] = lambda how=how: compare(
            "augmentation", how, batches, repeats=repeats
        )
    found["resampling"] = lambda: compare("resampling", batches, repeats=repeats)
    found[f"split, {to_split} files"] = lambda: compare(
        "split", files_to_split(to_split, place), to_split, repeats=repeats
    )
    return found


def machine():
    """Facts of the machine that decide about speed."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 1),
    }


def table(record):
    """The record as a Markdown table: medians of clock and processor, and who is ahead."""
    lines = [
        "| | course | recipe | recipe / course |",
        "|---|---|---|---|",
    ]
    for name, ways in record["parts"].items():
        for quantity, unit in (("clock", "s"), ("processor", "s, processor"), ("megabytes", "MB")):
            if quantity not in ways["course"]:
                continue
            ours, theirs = (ways[way][quantity] for way in WAYS)
            cells = [f"{v['median']:,.4g} ± {v['spread']:.2g} {unit}" for v in (ours, theirs)]
            ratio = theirs["median"] / ours["median"] if ours["median"] else float("nan")
            lines.append(f"| {name} | {cells[0]} | {cells[1]} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def figure(record):
    """How cost grows with the number of pictures, on logarithmic axes."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from utils.plots._style import NETWORKS, course_style

    @course_style
    def draw():
        panels, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        for axis, quantities, label in (
            (axes[0], (("cold", "-", "clock"), ("warm", "--", "clock")), "seconds of an epoch"),
            (axes[1], (("memory", "-", "megabytes"),), "most memory, MB"),
        ):
            for measure, line, quantity in quantities:
                for way, colour in zip(WAYS, NETWORKS[1::-1], strict=True):
                    points = sorted(
                        (int(name.split()[1]), ways[way][quantity]["median"])
                        for name, ways in record["parts"].items()
                        if name.startswith(measure + ",")
                    )
                    text = f"{way}, {'first' if measure == 'cold' else 'second'} epoch"
                    axis.loglog(
                        *zip(*points, strict=True),
                        line,
                        marker="o" if way == "course" else "s",
                        color=colour,
                        label=way if measure == "memory" else text,
                    )
            axis.set(xlabel="pictures", ylabel=label)
            axis.legend()
        return panels

    return draw()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few pictures, once: does it run?")
    parser.add_argument("--again", action="store_true", help="forget what is recorded")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        name, *arguments = args.measure
        print(json.dumps(MEASURES[name](*arguments)))
        return
    from yardstick import yardstick

    from utils import datasets

    name, source = ("cats_vs_dogs", "sample") if args.quick else ("cats_vs_dogs", "real")
    photos = datasets.fetch(name, source=source)
    pictures = sorted(photos.directory.glob("*/*.jpg"))
    size = (
        {"numbers": (20, 40), "to_split": 60, "batches": 2, "repeats": 1}
        if args.quick
        else {
            "numbers": (500, 1000, 2000, 5000, 10_000),
            "to_split": 25_000,
            "batches": 50,
            "repeats": 3,
        }
    )
    out = args.out / "bench.json"
    record = {"machine": machine(), "pictures": source, "parts": {}}
    if out.exists() and not args.again:
        record["parts"] = json.loads(out.read_text(encoding="utf-8"))["parts"]
    record["yardstick"] = round(yardstick(*((1, 1) if args.quick else ())), 2)
    with tempfile.TemporaryDirectory(dir=ROOT / "data") as place:
        for name, measure in parts(pictures, place, **size).items():
            if name not in record["parts"]:
                record["parts"][name] = measure()
                print(name, json.dumps(record["parts"][name]), flush=True)
                unfinished = out.with_suffix(".part")
                unfinished.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
                unfinished.replace(out)
    (args.out / "bench.md").write_text(table(record), encoding="utf-8")
    figure(record).savefig(args.out / "bench.png", dpi=100)
    print(table(record))


if __name__ == "__main__":
    main()
