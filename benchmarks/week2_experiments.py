"""What week 2 has no time for: ``python benchmarks/week2_experiments.py --seeds 1 2 3 4 5``.

All on the sample, with the lecture's network and budget, and for each seed a new split, new first
weights and new random numbers.

- *Remedies*: with and without augmentation, with and without dropout; accuracy on the training and
  the validation part.
- *Strength*: augmentation and dropout with the recipe's ranges multiplied by 0.5, 1, 2 and 4.
- *Shortcuts*: training sets in which an animal's surroundings, or its ears, give away its class;
  share of wrong answers on other pictures: usual ones follow the habit, unusual ones break it.

Writes ``benchmarks/results/week2_experiments.json`` after each; what is recorded already is kept.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import datasets, paths, pipelines, splits  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402
from filelock import FileLock  # noqa: E402
from lecture_seeds import statistic  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "week2_experiments.json"
SIZE, BATCH, EPOCHS, SHORTCUT_EPOCHS = (64, 64), 16, 40, 20
# Name: strength of the augmentation, rate of the dropout.
REMEDIES = {
    "both": (1, 0.3),
    "plain": (0, 0.0),
    "augmented": (1, 0.0),
    "dropout": (0, 0.3),
    "fourfold": (4, 0.3),
    "double": (2, 0.3),
    "half": (0.5, 0.3),
}
CAT_PLACES = {"interior", "night", "studio"}
CAT_EARS = {"upright", "large"}
# Name: column of the metadata, its values for cats, strength of the augmentation, and how many of
# the 300 training pictures a class break the habit.
SHORTCUTS = {
    "place_plain": ("surroundings", CAT_PLACES, 0, 0),
    "ears_plain": ("ears", CAT_EARS, 0, 0),
    "ears_augmented": ("ears", CAT_EARS, 1, 0),
}


def recipe(strength):
    """The lecture's augmentation with its ranges multiplied; None without any."""
    if not strength:
        return None
    return pipelines.random_affine(
        flip=True, rotation=0.05 * strength, translation=0.1 * strength, zoom=0.15 * strength
    )


def train(folder, seed, strength, dropout, epochs):
    """Train the lecture's network on a folder of class folders."""
    data = pipelines.image_dataset(
        folder, SIZE, BATCH, training=True, augment=recipe(strength), seed=seed
    )
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((*SIZE, 3)), keras.layers.Rescaling(1 / 127.5, -1)])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 3, activation="relu"))
        model.add(keras.layers.MaxPooling2D())
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(dropout, seed=seed))
    model.add(keras.layers.Dense(128, activation="relu"))
    model.add(keras.layers.Dropout(dropout, seed=seed))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    steps = keras.optimizers.schedules.PiecewiseConstantDecay(
        [epochs * len(data) * 3 // 4], [1e-3, 1e-4]
    )
    model.compile(
        keras.optimizers.Adam(steps),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=15,
    )
    model.fit(data, epochs=epochs, verbose=0)
    return model


def remedy(name, seed, pets):
    """Accuracies of a network with these remedies."""
    folder = ROOT / "data" / "splits" / f"cats_vs_dogs-half-{pets.source}-{seed}"
    split = splits.split_directory(pets.directory, folder, ratio=(2, 4, 1), seed=seed)
    model = train(split.train, seed, *REMEDIES[name], EPOCHS)
    parts = {"train_accuracy": split.train, "accuracy": split.validation}
    found = {
        f"{name}_{part}": model.evaluate(pipelines.image_dataset(where, SIZE), verbose=0)[1]
        for part, where in parts.items()
    }
    gap = 100 * (found[f"{name}_train_accuracy"] - found[f"{name}_accuracy"])
    return found | {f"{name}_gap_points": gap}


def shortcut(name, seed, pets):
    """Shares of wrong answers after training on pictures with a habit."""
    column, of_cats, strength, honest = SHORTCUTS[name]
    value = {
        pets.directory.parent / row["file"]: row[column] for row in datasets.read_metadata(pets)
    }
    shuffled = np.random.default_rng(seed).permutation([str(file) for file in sorted(value)])
    groups = {True: [], False: []}
    for file in map(Path, shuffled):
        usual = (value[file] in of_cats) == (file.parent.name == "Cat")
        groups[usual].append(file)
    chosen = []
    for kind in ("Cat", "Dog"):
        of_kind = {u: [f for f in files if f.parent.name == kind] for u, files in groups.items()}
        chosen += of_kind[True][: 300 - honest] + of_kind[False][:honest]
    with tempfile.TemporaryDirectory() as folder:
        for file in chosen:
            (Path(folder) / file.parent.name).mkdir(exist_ok=True)
            shutil.copy(file, Path(folder) / file.parent.name)
        model = train(folder, seed, strength, 0.0, SHORTCUT_EPOCHS)
    found = {}
    for usual, files in groups.items():
        exam = sorted(set(files) - set(chosen))
        pictures = np.stack([pipelines.load_image(file, SIZE) for file in exam])
        dog = model.predict(pictures, verbose=0)[:, 0] > 0.5
        wrong = dog != [file.parent.name == "Dog" for file in exam]
        found[f"{name}_{'usual' if usual else 'unusual'}_wrong_share"] = float(wrong.mean())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    seeds = parser.parse_args().seeds
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    parts = {"both": remedy, "plain": remedy} | dict.fromkeys(SHORTCUTS, shortcut)
    parts |= dict.fromkeys(REMEDIES, remedy)
    for seed in seeds:
        for name, part in parts.items():
            if any(key.startswith(f"{name}_") for key in note(seed, {})):
                continue
            start = time.process_time()
            found = {key: round(value, 4) for key, value in part(name, seed, pets).items()}
            note(seed, found)
            print(seed, found, f"{time.process_time() - start:.0f} s of processor time", flush=True)


def note(seed, found):
    """Add numbers to a seed's record and return it; several processes may do so at once."""
    with FileLock(paths.DATA / ".week2_experiments-lock"):
        record = {"machine": f"{os.cpu_count()} cores", "runs": []}
        if OUT.exists():
            record = json.loads(OUT.read_text(encoding="utf-8"))
        runs = {run["seed"]: run for run in record["runs"]}
        runs[seed] = {"seed": seed} | runs.get(seed, {}) | found
        if found:
            record["runs"] = [runs[number] for number in sorted(runs)]
            record["summary"] = summary(record["runs"])
            OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return runs[seed]


def summary(runs):
    """`statistic` of every number, over the runs that have it."""
    names = dict.fromkeys(name for run in runs for name in run if name != "seed")
    return {name: statistic([run[name] for run in runs if name in run]) for name in names}


if __name__ == "__main__":
    main()
