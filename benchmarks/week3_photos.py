"""From drawings to photos: ``COURSE_MIRROR=… python benchmarks/week3_photos.py --seeds 1 2 3 4 5``.

The sample's pictures are drawn. What does a network that has seen drawings alone make of photos?
For each seed: the networks of weeks 1 and 2, and a head on the pretrained network's features (week
3), are trained on the training part of the sample, and examined on the 1,000 photos that
`cats_vs_dogs_filtered` holds out, on which nothing here is trained. Beside them a head trained on
as many photos of its training part. Writes ``benchmarks/results/week3_photos.json``; runs that are
recorded already are kept. Numbers only: the photos are not ours to show.
"""

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import backbones, datasets, pipelines, splits  # noqa: E402
from utils.features import extract_features  # noqa: E402

# isort: split
import keras  # noqa: E402
import numpy as np  # noqa: E402
from lecture_seeds import statistic  # noqa: E402
from networks import convolutional  # noqa: E402

OUT = ROOT / "benchmarks" / "results" / "week3_photos.json"
SIZE = (224, 224)


def examine(model, optimizer, data, epochs, held_out):
    """Train a network; return its accuracy on the pictures of each folder in `held_out`."""
    model.compile(optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(data, epochs=epochs, verbose=0)
    size = model.input_shape[1:3]
    return [
        float(model.evaluate(pipelines.image_dataset(folder, size), verbose=0)[1])
        for folder in held_out
    ]


def week1(drawings, photos, seed):
    """Week 1's network, trained as there: accuracies on validation drawings and on photos."""
    data = pipelines.image_dataset(drawings.train, (96, 96), training=True, seed=seed)
    held_out = drawings.validation, photos.held_out
    return examine(convolutional(96, 0.0), "adam", data, 15, held_out)


def week2(drawings, photos, seed):
    """Week 2's network, with augmentation and dropout on half of the drawings."""
    augment = pipelines.random_affine(flip=True, rotation=0.05, translation=0.1, zoom=0.15)
    data = pipelines.image_dataset(
        drawings.train,
        (64, 64),
        16,
        training=True,
        augment=augment,
        seed=seed,
        limit_per_class=300,
    )
    epochs = 40
    rate = keras.optimizers.schedules.PiecewiseConstantDecay(
        [epochs * len(data) * 3 // 4], [1e-3, 1e-4]
    )
    held_out = drawings.validation, photos.held_out
    return examine(convolutional(64, 0.3), keras.optimizers.Adam(rate), data, epochs, held_out)


def head(features, labels):
    """Week 3's head, trained on features."""
    model = keras.Sequential(
        [
            keras.Input(features.shape[1:]),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(features, labels, epochs=20, verbose=0)
    return model


def week3(drawings, photos, seed):
    """Heads on features: one trained on drawings, one on as many photos."""
    network = backbones.backbone(pooling="avg")
    photographed, held_out = (
        extract_features(pipelines.image_dataset(folder, SIZE), network)
        for folder in (photos.directory, photos.held_out)
    )
    # All drawings at once: their features are kept on disk, whatever the seed's split.
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    data = pipelines.image_dataset(pets.directory, SIZE)
    features, labels = extract_features(data, network)
    part_of = {}
    for part in ("train", "validation"):
        for file in getattr(drawings, part).glob("*/*"):
            part_of[file.parent.name, file.name] = part
    parts = np.array([part_of.get((Path(f).parent.name, Path(f).name)) for f in data.file_paths])
    drawn, validation = (
        (features[parts == part], labels[parts == part]) for part in ("train", "validation")
    )
    of_drawings = head(*drawn)
    features, labels = photographed
    draw = np.random.default_rng(seed)
    chosen = np.concatenate(
        [draw.permutation(np.flatnonzero(labels == k))[: (drawn[1] == k).sum()] for k in (0, 1)]
    )
    of_photos = head(features[chosen], labels[chosen])
    return {
        "head_drawings_accuracy": of_drawings.evaluate(*validation, verbose=0)[1],
        "head_photos_accuracy": of_drawings.evaluate(*held_out, verbose=0)[1],
        "head_trained_on_photos_accuracy": of_photos.evaluate(*held_out, verbose=0)[1],
    }


def run(photos, seed):
    """All networks with one seed: a dict of accuracies by name."""
    pets = datasets.fetch("cats_vs_dogs", source="sample")
    folder = ROOT / "data" / "splits" / f"cats_vs_dogs-{pets.source}-{seed}"
    drawings = splits.split_directory(pets.directory, folder, ratio=(4, 2, 1), seed=seed)
    found = {"seed": seed}
    for name, part in (("week1", week1), ("week2", week2)):
        keras.utils.set_random_seed(seed)
        on_drawings, on_photos = part(drawings, photos, seed)
        found[f"{name}_drawings_accuracy"] = on_drawings
        found[f"{name}_photos_accuracy"] = on_photos
    keras.utils.set_random_seed(seed)
    found |= week3(drawings, photos, seed)
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    seeds = parser.parse_args().seeds
    photos = datasets.fetch("cats_vs_dogs_filtered", source="real")
    record = {"machine": f"{os.cpu_count()} cores", "photos": 1000, "runs": []}
    if OUT.exists():
        record["runs"] = json.loads(OUT.read_text(encoding="utf-8"))["runs"]
    for seed in seeds:
        if seed in {one["seed"] for one in record["runs"]}:
            continue
        record["runs"].append(run(photos, seed))
        print(record["runs"][-1], flush=True)
        names = [name for name in record["runs"][0] if name != "seed"]
        record["summary"] = {n: statistic([one[n] for one in record["runs"]]) for n in names}
        OUT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
