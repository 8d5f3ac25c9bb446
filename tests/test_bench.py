"""`make bench`: both ways do the same work, and the table says what was measured."""

import json

import numpy as np
import pytest
from little_sets import benchmark
from PIL import Image

PHOTOS = {"a": 4, "b": 4}


@pytest.fixture
def bench():
    return benchmark("bench")


@pytest.fixture
def two_ways():
    return benchmark("two_ways")


@pytest.fixture
def folder(tmp_path):
    """Class folders with a few small photos."""
    for name, number in PHOTOS.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for n in range(number):
            pixels = np.random.default_rng(n).integers(0, 255, (40, 50, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{n}.jpg")
    return tmp_path / "photos"


def part(course, recipe):
    ways = {"course": course, "recipe": recipe}
    return {"yardstick": 12.0, "ways": {w: runs for w, runs in ways.items() if runs}}


def record():
    """A record of reading, in which the course's way takes half of everything."""
    quantities = "first epoch, clock", "second epoch, clock", "megabytes"
    parts = {
        f"reading {n:,} pictures": part(
            [dict.fromkeys(quantities, n)], [dict.fromkeys(quantities, 2 * n)]
        )
        for n in (500, 10_000)
    }
    parts["imports"] = part([{"clock": 2.0}, {"clock": 4.0}], [{"clock": 1.0}, {"clock": 3.0}])
    parts["lecture 1"] = part([{"clock": 60.0}], None)
    return {"parts": parts}


def test_the_table_gives_medians_least_and_most_and_divides_what_stood_side_by_side(bench):
    lines = bench.table(record()).splitlines()
    assert "| reading 500 pictures, megabytes | 500 MB | 1,000 MB | 2 | 12.0 s |" in lines
    (imports,) = (line for line in lines if "imports" in line)
    assert "3 s (2–4)" in imports and "2 s (1–3)" in imports
    assert "0.625 (0.5–0.75)" in imports, "1/2 and 3/4, not 1/4 and 3/2"
    (alone,) = (line for line in lines if "lecture 1" in line)
    assert "60 s" in alone and alone.count("|") == 6


def test_texts_can_quote_what_was_measured(bench):
    found = bench.summary(record())
    assert found["imports_clock_ratio"]["mean"] == 0.625
    assert found["reading_10000_pictures_first_epoch_clock_recipe"]["mean"] == 20_000
    assert "lecture_1_clock_course" in found and "lecture_1_clock_ratio" not in found


def test_time_to_an_accuracy(bench):
    def run(accuracy, step):
        seconds = [step * (n + 1) for n in range(len(accuracy))]
        return [{"clock": seconds, "processor": seconds, "accuracy": accuracy}]

    learnt = part(run([0.6, 0.74, 0.71], 2.0), run([0.7, 0.8, 0.72], 10.0))
    found = bench.to_the_accuracy_of_the_recipe(learnt)
    assert found["accuracy"] == 0.72, "its last one, not its best"
    assert found["clock"] == {"recipe": 30.0, "course": 4.0, "ratio": 7.5}
    never = part(run([0.6], 2.0), run([0.7], 10.0))
    assert bench.to_the_accuracy_of_the_recipe(never) is None

    rows = bench.table({"parts": {"learning, week 1": learnt, "learning, week 2": never}})
    (reached, missed) = (line for line in rows.splitlines() if "to the recipe's accuracy" in line)
    assert "4 s of the processor | 30 s of the processor: 72.0% | 7.5 |" in reached
    assert "never" in missed and missed.count("|") == reached.count("|") == rows.splitlines()[
        0
    ].count("|")


def test_the_figure_has_logarithmic_axes_and_both_ways(bench):
    time, memory = bench.figure(record()).axes
    assert {time.get_xscale(), time.get_yscale(), memory.get_yscale()} == {"log"}
    assert [list(line.get_xdata()) for line in memory.lines] == [[500, 10_000]] * 2
    assert [list(line.get_ydata()) for line in memory.lines] == [[500, 10_000], [1000, 20_000]]


def test_pictures_are_linked_in_two_classes_and_again_where_there_are_too_few(bench, folder):
    pictures = [sorted((folder / name).iterdir()) for name in PHOTOS]
    linked = bench.link_pictures(pictures, 10, folder.parent / "ten")
    assert {name: len(list((linked / name).iterdir())) for name in "ab"} == {"a": 5, "b": 5}
    assert (linked / "a" / "00004.jpg").resolve() == pictures[0][0]


def test_the_recipe_copies_each_file_to_one_part(bench, folder):
    benchmark("recipe").copy_one_by_one(folder, folder.parent / "split")
    split = sorted((folder.parent / "split").glob("*/*/*.jpg"))
    assert [len([f for f in split if part in f.parts]) for part in ("train", "test")] == [4, 2]
    assert len({(f.parent.name, f.name) for f in split}) == 8


@pytest.mark.parametrize("week, parameters", [(1, 9_494_561), (2, 3_453_121), (4, 3_473_475)])
def test_the_recipe_is_the_one_of_the_labs(folder, week, parameters):
    """Their summaries give 9.49, 3.45 and 3.47 million parameters."""
    classes = folder
    if week == 4:
        (folder / "c").mkdir()
        (folder / "a" / "0.jpg").rename(folder / "c" / "0.jpg")
    model, training, _, epochs = getattr(benchmark("recipe"), f"week{week}")(classes, classes)
    assert model.count_params() == parameters
    images, _ = next(iter(training))
    assert images.shape[1:] == (150, 150, 3) and epochs == {1: 15, 2: 80, 4: 25}[week]


@pytest.mark.parametrize("week", [1, 2, 4])
def test_the_courses_networks_learn_from_what_they_are_given(folder, week):
    make = getattr(benchmark("lectures_on_photos"), f"week{week}")
    model, training, validation, _ = make(folder, folder)
    history = model.fit(training, validation_data=validation, epochs=1, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()


@pytest.mark.parametrize("way", ["course", "recipe"])
@pytest.mark.parametrize(
    "measure", ["reading FOLDER", "augmenting compiled", "augmenting eager", "resampling"]
)
def test_both_ways_are_measured(two_ways, monkeypatch, folder, way, measure):
    monkeypatch.setattr(two_ways, "BATCHES", 1)
    name, *arguments = measure.replace("FOLDER", str(folder)).split()
    if name == "reading":
        pytest.importorskip("resource")  # not on Windows
    found = two_ways.MEASURES[name](way, *arguments)
    assert found and all(value >= 0 for value in found.values())


def test_both_ways_resample_to_the_same_pictures(two_ways, monkeypatch):
    made = []
    monkeypatch.setattr(two_ways, "_repeated", made.append)
    for way in ("course", "recipe"):
        two_ways.resampling(way)
    images = np.random.default_rng(0).uniform(0, 255, (20, 30, 40, 3)).astype("float32")
    course, recipe = (change(images, None).numpy() for change in made)
    np.testing.assert_allclose(course, recipe, atol=0.01)


def test_random_weights_are_trained_for_three_epochs_that_stand_for_all(two_ways, monkeypatch):
    import sys

    import keras

    from utils import datasets

    seen = []

    class Slow(keras.Sequential):
        def fit(self, *data, epochs, callbacks, **more):
            seen.append(epochs)
            for epoch in range(epochs):
                clock[0] += [5.0, 2.0, 3.0][epoch]
                callbacks[0].on_epoch_end(epoch, {})
            return keras.callbacks.History()

    clock = [0.0]
    monkeypatch.setattr(two_ways.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(two_ways.time, "process_time", lambda: clock[0])
    monkeypatch.setattr(
        datasets, "fetch", lambda *_, **__: type("Photos", (), {"directory": 0, "held_out": 0})
    )
    recipe = type(sys)("recipe")
    recipe.week3 = lambda *_: (Slow(), None, None, 6)
    monkeypatch.setitem(sys.modules, "recipe", recipe)
    monkeypatch.setitem(sys.modules, "lectures_on_photos", type(sys)("lectures_on_photos"))
    found = two_ways.learning("recipe", "3")
    assert seen == [3] and found["clock"] == [5.0, 7.0, 10.0, 13.0, 16.0, 19.0]
    assert "accuracy" not in found


def test_what_is_recorded_is_kept(bench, tmp_path, monkeypatch):
    (tmp_path / "bench.json").write_text(json.dumps(record()))
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "parts", lambda *_: dict.fromkeys(record()["parts"]))
    monkeypatch.setattr(bench.datasets, "fetch", lambda *_, **__: type("", (), {"class_names": ()}))
    monkeypatch.setattr("sys.argv", ["bench.py", "--out", str(tmp_path)])
    bench.main()
    assert json.loads((tmp_path / "bench.json").read_text())["parts"] == record()["parts"]
    assert (tmp_path / "bench.md").read_text(encoding="utf-8") == bench.table(record())
    assert (tmp_path / "bench.png").stat().st_size < 200_000
