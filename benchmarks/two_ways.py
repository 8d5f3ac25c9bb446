"""What `bench.py` measures, in a Python of its own: ``two_ways.py MEASURE WAY ARGUMENTS…``.

Each measure does the same in the course's way and in the recipe's (`recipe.py`) and returns seconds
on the clock, seconds of the processors ("processor") and megabytes, of which less is better, and of
trainings the accuracies. Prints them as JSON.
"""

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

BATCHES, TURN = 40, [0.9, 0.1, 3.0, -0.1, 0.9, 5.0]


def used(work):
    """Call `work()`; returns the seconds that it takes, and what it gives."""
    clock, cpu = time.perf_counter(), sum(os.times()[:4])  # user and system, children too
    found = work()
    taken = {"clock": time.perf_counter() - clock, "processor": sum(os.times()[:4]) - cpu}
    return taken, found


def importing(way):
    """What the first cell of a notebook imports."""
    course = ["utils.datasets", "utils.splits", "utils.pipelines", "utils.plots"]
    modules = course if way == "course" else ["tensorflow", "keras", "matplotlib.pyplot"]
    return used(lambda: [importlib.import_module(name) for name in modules])[0]


def reading(way, folder, budget=None):
    """A training set of 150 pixels: made and read once, read again, and the memory it takes."""
    from resource import RUSAGE_SELF, getrusage  # not on Windows

    import recipe

    from utils import pipelines

    unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss in a megabyte
    more = {} if budget is None else {"memory_budget": int(budget)}

    def epoch(data):
        return sum(len(labels) for _, labels in data)

    def first():
        if way == "course":
            data = pipelines.image_dataset(folder, recipe.SIZE, recipe.BATCH, training=True, **more)
        else:
            data = recipe.dataset(folder)
        return data, epoch(data)

    before = getrusage(RUSAGE_SELF).ru_maxrss
    cold, (data, number) = used(first)
    warm, again = used(lambda: epoch(data))
    assert number == again
    most = getrusage(RUSAGE_SELF).ru_maxrss
    return {
        **{f"first epoch, {name}": value for name, value in cold.items()},
        **{f"second epoch, {name}": value for name, value in warm.items()},
        "megabytes": (most - before) / unit,
    }


def augmenting(way, how):
    """Flip, turn, shift and zoom batches of 20 pictures of noise."""
    import keras
    import recipe
    import tensorflow as tf

    from utils import pipelines

    layers = keras.Sequential(recipe.augmentation())
    affine = pipelines.random_affine(rotation=0.11, translation=0.2, zoom=0.2)
    change = affine if way == "course" else lambda images, seed: layers(images, training=True)
    return _repeated(tf.function(change) if how == "compiled" else change)


def resampling(way):
    """Resample batches at places between the pixels, bilinearly, mirrored beyond the edges."""
    import keras
    import tensorflow as tf

    from utils import pipelines

    if way == "course":
        matrix = [[tf.fill([20], v) for v in row] for row in (TURN[:3], TURN[3:])]
        return _repeated(tf.function(lambda images, seed: pipelines._resample(images, matrix)))
    transform = tf.constant([[*TURN, 0.0, 0.0]] * 20)
    return _repeated(
        tf.function(
            lambda images, seed: keras.ops.image.affine_transform(
                images, transform, "bilinear", "reflect", data_format="channels_last"
            )
        )
    )


def _repeated(change):
    import recipe
    import tensorflow as tf

    shape = (recipe.BATCH, recipe.SIZE, recipe.SIZE, 3)
    images = tf.random.stateless_uniform(shape, (0, 0), 0.0, 255.0)
    seeds = [tf.constant([1, number]) for number in range(BATCHES)]
    change(images, seeds[0]).numpy()  # builds the graph
    return used(lambda: [change(images, seed).numpy() for seed in seeds])[0]


def splitting(way, folder):
    """Divide class folders into training, validation and test folders."""
    import recipe

    from utils import splits

    split = splits.split_directory if way == "course" else recipe.copy_one_by_one
    with tempfile.TemporaryDirectory(dir=Path(folder).parent) as place:
        return used(lambda: split(folder, Path(place, "split")))[0]


def lecture(way, week):
    """Run a lecture's cells, from the start of its kernel to its end."""
    from lecture_seeds import FEATURES, run_lecture

    from utils import course

    shutil.rmtree(FEATURES, ignore_errors=True)  # computed anew, whatever ran before
    return used(lambda: run_lecture(course.find_lectures()[int(week)], 1))[0]


def learning(way, week):
    """Train a week's network on photos; a number for the end of each epoch, from nothing on."""
    import keras
    import lectures_on_photos
    import recipe

    from utils import datasets

    name = "rock_paper_scissors" if week == "4" else "cats_vs_dogs_filtered"
    photos = datasets.fetch(name, source="real")
    start, taken = (time.perf_counter(), time.process_time()), []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: taken.append((time.perf_counter(), time.process_time()))
    )
    keras.utils.set_random_seed(1)
    weeks = lectures_on_photos if way == "course" else recipe
    make = getattr(weeks, f"week{week}")
    model, training, validation, epochs = make(photos.directory, photos.held_out)
    random_weights = (way, week) == ("recipe", "3")  # three epochs say what all of them take
    history = model.fit(
        training,
        validation_data=validation,
        epochs=3 if random_weights else epochs,
        callbacks=[note],
        verbose=0,
    ).history
    found = {}
    for name, before, ends in zip(
        ("clock", "processor"), start, zip(*taken, strict=True), strict=True
    ):
        ends = [end - before for end in ends]
        if random_weights:
            ends += [ends[2] + (ends[2] - ends[1]) * more for more in range(1, epochs - 2)]
        found[name] = ends
    return found if random_weights else found | {"accuracy": history["val_accuracy"]}


MEASURES = {
    f.__name__: f
    for f in (importing, reading, augmenting, resampling, splitting, lecture, learning)
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(MEASURES[name](*arguments)))
