"""Week 1 with other numbers of pictures: ``python benchmarks/week1_experiments.py``.

The lecture trains its network on all of the sample's training pictures and on a quarter of them.
For its figure of accuracy against the number of pictures, this trains it on an eighth (150) and on
half (600) as well, over several seeds. Writes
``benchmarks/results/week1_experiments.json``; runs that are recorded already are kept.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import datasets, pipelines, splits  # noqa: E402

# isort: split
import keras  # noqa: E402
from lecture_seeds import statistic  # noqa: E402
from networks import convolutional  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "week1_experiments.json"
EPOCHS = {150: 40, 600: 20}  # pictures: enough epochs to learn them by heart


def run(seed, folder):
    """Train with each number of pictures; return a dict of the accuracies."""
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    split = splits.split_directory(pets.directory, folder, ratio=(4, 2, 1), seed=seed)
    validation = pipelines.image_dataset(split.validation, (96, 96))
    found = {"seed": seed}
    for pictures, epochs in EPOCHS.items():
        part = pipelines.image_dataset(
            split.train, (96, 96), training=True, seed=seed, limit_per_class=pictures // 2
        )
        keras.utils.set_random_seed(seed)
        model = convolutional(96)
        model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
        history = model.fit(part, epochs=epochs, verbose=0).history
        found[f"training_accuracy_{pictures}"] = round(history["accuracy"][-1], 4)
        accuracy = float(model.evaluate(validation, verbose=0)[1])
        found[f"validation_accuracy_{pictures}"] = round(accuracy, 4)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    args = parser.parse_args()
    runs = json.loads(OUT.read_text(encoding="utf-8"))["runs"] if OUT.exists() else []
    for seed in args.seeds:
        if seed in [run["seed"] for run in runs]:
            continue
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run(seed, Path(folder) / "split"))
        print(runs[-1], f"{time.process_time() - start:.0f} s of processor time", flush=True)
        names = [name for name in runs[0] if name != "seed"]
        summary = {name: statistic([run[name] for run in runs]) for name in names}
        text = json.dumps({"runs": runs, "summary": summary}, indent=1) + "\n"
        part = OUT.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(OUT)


if __name__ == "__main__":
    main()
