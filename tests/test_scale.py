"""Training on several machines: who reads what, and what is left when a process is killed."""

import gc
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from little_sets import benchmark
from one_step import one_step
from PIL import Image

from scale import __main__, checkpoints, cluster, extract, models, processes, shards, train
from utils import pipelines
from utils.paths import ROOT
from utils.pipelines import decode_files

# isort: split
import keras

WITHOUT_JAX = "several processes need JAX: pip install -c constraints.txt -r requirements-scale.txt"
needs_jax = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason=WITHOUT_JAX)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Cats that lack red, dogs that lack blue: 38 to learn from, 18 to measure with, 8 x 8."""
    folder, rng = tmp_path_factory.mktemp("scale") / "pictures", np.random.default_rng(0)
    for side, number in (("train", 19), ("validation", 9)):
        for label, name in enumerate(("Cat", "Dog")):
            (folder / side / name).mkdir(parents=True)
            for i in range(number):
                pixels = rng.integers(0, 256, (8, 8, 3)).astype(float)
                pixels[..., 2 * label] *= 0.7
                Image.fromarray(pixels.astype(np.uint8)).save(folder / side / name / f"{i}.png")
    return folder


# ---------------------------------------------------------------- who reads what


@pytest.mark.parametrize("number", [8, 38, 40])
def test_every_picture_is_dealt_once_and_read_once_an_epoch(number):
    piles = shards.deal(number, 8, seed=1)
    orders = [shards.shuffled(piles, 1, epoch) for epoch in range(3)]
    for order in (piles, *orders):
        assert sorted(order[order != shards.NOBODY]) == list(range(number))
        assert (order[:, :-1] != shards.NOBODY).all(), "only the last batch may have empty places"
    for pile, *later in zip(piles, *orders, strict=True):
        assert all(set(pile) == set(other) for other in later), "a process keeps its files"
    if number > 8:
        groups = [{frozenset(batch) for batch in order.T} for order in orders]
        assert not groups[0] & groups[1], "batches are put together anew, not only reordered"
    assert not np.array_equal(piles, shards.deal(number, 8, seed=2))


def content(dataset):
    """Per batch: list of (picture as bytes, label) of the places that count."""
    return [
        [
            (x.astype(np.uint8).tobytes(), int(label[0]))
            for x, label, weight in zip(*batch, strict=True)
            if weight
        ]
        for batch in dataset.as_numpy_iterator()
    ]


def parts(pictures, number, epoch, first=0):
    """What each of so many processes makes of an epoch."""
    files, labels = shards.listed(pictures / "train")

    def read(own):
        return decode_files([files[i] for i in own], (8, 8))[0]

    return [
        content(shards.own_batches(read, labels, 8, 1, rank, number)(epoch, first))
        for rank in range(number)
    ]


@pytest.mark.parametrize("number", [2, 4])
def test_any_number_of_processes_makes_the_same_batches(pictures, number):
    (whole,) = parts(pictures, 1, epoch=1)
    shares = parts(pictures, number, epoch=1)
    assert [sum(batch, []) for batch in zip(*shares, strict=True)] == whole
    read = [pixels for share in shares for batch in share for pixels, _ in batch]
    assert len(set(read)) == len(read) == 38
    files, labels = shards.listed(pictures / "train")
    pixels = decode_files(files, (8, 8))[0](np.arange(38)).numpy()
    truth = {one.tobytes(): label for one, label in zip(pixels, labels, strict=True)}
    assert dict(pair for batch in whole for pair in batch) == truth


def test_an_epoch_goes_on_where_it_was_and_measuring_keeps_its_order(pictures):
    (whole,), (rest,) = parts(pictures, 1, epoch=2), parts(pictures, 1, epoch=2, first=3)
    assert rest == whole[3:] and len(rest) == 2
    assert parts(pictures, 1, epoch=None) == parts(pictures, 1, epoch=None) != [whole]


def test_a_batch_size_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="7 pictures do not fill one batch of 8"):
        shards.deal(7, 8, seed=1)
    with pytest.raises(ValueError, match="A batch of 8 cannot be divided among 3 processes"):
        shards.own_rows(0, 3, 8)


@pytest.mark.parametrize(
    ("train_classes", "validation_classes", "told"),
    [
        ("Cat Cow Dog", "Cat Cow Dog", "not Cat, Cow, Dog in train and Cat, Cow, Dog in valid"),
        ("Cat Dog", "Dog cat", "not Cat, Dog in train and Dog, cat in validation"),
        ("Cat", "Cat", "the same two class folders"),
    ],
)
def test_both_sides_have_the_same_two_classes(tmp_path, train_classes, validation_classes, told):
    for side, names in (("train", train_classes), ("validation", validation_classes)):
        for name in names.split():
            (tmp_path / side / name).mkdir(parents=True)
            (tmp_path / side / name / "0.png").touch()
    with pytest.raises(ValueError, match=told):
        shards.sides(tmp_path)
    with pytest.raises(ValueError, match=told):
        extract.extract("week3", tmp_path / "features", tmp_path)


def test_other_names_or_classes_are_other_pictures(pictures):
    files, _ = shards.listed(pictures / "train")
    elsewhere = [file.replace(str(pictures), "D:\\elsewhere").replace("/", "\\") for file in files]
    assert shards.digest(elsewhere) == shards.digest(files)
    assert shards.digest(files[1:]) != shards.digest(files)
    assert shards.digest([files[0].replace("Cat", "Dog"), *files[1:]]) != shards.digest(files)


# ---------------------------------------------------------------- processes

KNOWN = {processes.ADDRESS: "host:1", processes.PROCESSES: "2", processes.RANK: "1"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({processes.RANK: ""}, "PROCESS_ID should be set, too"),
        ({processes.RANK: "2"}, "PROCESS_ID=2 should be a number from 0 to 1, because .*ES is 2"),
        ({processes.RANK: "-1"}, "PROCESS_ID=-1 should be a number from 0 to 1"),
        ({processes.PROCESSES: "two"}, "PROCESSES=two should be a number, 1 or more"),
        ({processes.PROCESSES: "0"}, "PROCESSES=0 should be a number, 1 or more"),
    ],
)
def test_variables_that_make_no_sense_are_named(change, told):
    assert processes.place(KNOWN) == (1, 2)
    with pytest.raises(ValueError, match=told):
        processes.place(KNOWN | change)


WORK = """
import os, sys, time
from pathlib import Path
rank = os.environ["KERAS_DISTRIBUTION_PROCESS_ID"]
Path(sys.argv[1], rank).write_text(os.environ["KERAS_DISTRIBUTION_NUM_PROCESSES"])
if len(sys.argv) > 2:
    while len(os.listdir(sys.argv[1])) < 3: time.sleep(0.01)
    sys.exit(3) if rank == "1" else time.sleep(60)
"""


def test_when_one_process_fails_the_others_are_ended(tmp_path):
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    assert processes.together(command, 3) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0", "1", "2"]
    start = time.monotonic()
    assert processes.together([*command, "fail"], 3) == 3
    assert time.monotonic() - start < 30


def test_without_jax_one_is_told_how_to_get_it(tmp_path):
    start = (
        "import runpy, sys; sys.modules['jax'] = None; runpy.run_module('scale', None, '__main__')"
    )
    command = [sys.executable, "-c", start, "train", "week1", "--run", str(tmp_path / "run")]
    without = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    for more in ([], ["--processes", "2"]):
        done = subprocess.run(
            [*command, *more], cwd=ROOT, env=without, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert done.stderr.startswith("RuntimeError: This needs JAX") and "Trace" not in done.stderr
        assert "make .venv/requirements-scale.stamp installs it" in done.stderr


@pytest.mark.parametrize("option", ["--processes", "--batch-size", "--save-every", "--epochs"])
def test_numbers_below_1_are_refused(option, capsys):
    parser = __main__.parser()
    given = ["train", "week1", "--run", "run", option]
    assert 7 in vars(parser.parse_args([*given, "7"])).values()
    for number in ("0", "-2", "two"):
        with pytest.raises(SystemExit):
            parser.parse_args([*given, number])
        assert (
            f"argument {option}: {number} should be a whole number, 1 or more"
            in capsys.readouterr().err
        )


def test_on_another_engine_one_is_told_how_to_choose_jax():
    with pytest.raises(ValueError, match="Keras runs on tensorflow.*KERAS_BACKEND=jax"):
        cluster.join()


# ---------------------------------------------------------------- networks


def test_a_name_that_the_lecture_does_not_define_is_named():
    with pytest.raises(ValueError, match="week 1 defines build_modell 0 times"):
        models.lecture_code(1, "build_modell")
    with pytest.raises(ValueError, match="no network 'week5'.*week1, week3, week3-tuned"):
        models.network("week5")


def test_a_head_is_wanted_where_training_begins_with_one_and_nowhere_else(tmp_path):
    with pytest.raises(ValueError, match="train week3 first, then give its last checkpoint as --h"):
        train.train("week3-tuned", tmp_path / "run")
    for name in ("week1", "week3"):
        with pytest.raises(ValueError, match=f"{name} begins without a head: leave out --head"):
            train.train(name, tmp_path / "run", head="head.keras")
    assert not list(tmp_path.iterdir())


def test_all_but_the_last_layer_compute_in_bfloat16():
    model = models.in_precision(models.network("week1").build(), "mixed_bfloat16")
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    exact = models.in_precision(keras.models.clone_model(model), "float32")
    exact.set_weights(model.get_weights())
    assert {variable.dtype for variable in model.variables} == {"float32"}
    hidden = pixels
    for layer in model.layers[:-1]:
        hidden = layer(hidden)
    answer = model(pixels)
    assert (hidden.dtype, answer.dtype) == ("bfloat16", "float32")
    difference = np.abs(answer - exact(pixels)).max()
    assert 0 < difference < 0.02


# ---------------------------------------------------------------- checkpoints


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    return models.compiled(model, 0.1)


@pytest.fixture
def one_process(monkeypatch):
    monkeypatch.setattr(cluster, "shared", lambda arrays: arrays)


def learn(model):
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def state(model):
    return [np.array(keras.ops.convert_to_numpy(one)) for one in checkpoints._written(model)]


def same(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def test_the_newest_checkpoint_brings_back_weights_and_optimizer(model, tmp_path, one_process):
    assert checkpoints.restore(tmp_path, model, rank=0) == (0, 0)
    for step in (1, 2, 3):
        learn(model)
        checkpoints.save(tmp_path, model, 9, step)
    assert list(checkpoints.found(tmp_path)) == [(9, 3), (9, 2)], "the last two are kept"
    before = state(model)
    learn(model)
    assert not same(before, state(model))
    assert checkpoints.restore(tmp_path, model, rank=0) == (9, 3)
    assert same(before, state(model))


def test_a_checkpoint_is_complete_or_not_there(model, tmp_path, one_process, monkeypatch, capsys):
    learn(model)
    checkpoints.save(tmp_path, model, 1, 0)
    good = state(model)

    def killed(file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(model, "save", killed)
        with pytest.raises(OSError, match="disk full"):
            checkpoints.save(tmp_path, model, 2, 0)
    assert list(checkpoints.found(tmp_path)) == [(1, 0)]
    learn(model)
    checkpoints.save(tmp_path, model, 2, 0)
    newest = tmp_path / "epoch-0002-step-0000000.keras"
    whole = newest.read_bytes()
    weights = whole.index(b"HDF")  # where they begin
    one_byte_off = whole[:weights] + bytes([whole[weights] ^ 1]) + whole[weights + 1 :]
    # The length of the extra data in front of the weights: reading goes on behind the file's end.
    length = whole.index(b"model.weights.h5") - 1
    too_long = whole[:length] + b"\xff" + whole[length + 1 :]
    for damaged in (b"damaged by the disk", whole[: len(whole) // 2], one_byte_off, too_long):
        newest.write_bytes(damaged)
        assert checkpoints.restore(tmp_path, model, rank=0) == (1, 0)
        assert same(good, state(model))
        assert "so the one before it counts" in capsys.readouterr().err
        learn(model)
    checkpoints.begin(tmp_path, {"seed": 1})
    assert not list(tmp_path.glob("unfinished*"))


def test_a_folder_with_another_run_is_left_alone(tmp_path):
    checkpoints.begin(tmp_path / "run", {"seed": 1, "batch_size": 8})
    checkpoints.begin(tmp_path / "run", {"seed": 1, "batch_size": 8})
    with pytest.raises(ValueError, match=r"\(seed: 1 there, 2 now\). Choose another folder"):
        checkpoints.begin(tmp_path / "run", {"seed": 2, "batch_size": 8})


def test_processes_compare_all_that_must_be_the_same(pictures, tmp_path, monkeypatch):
    class Compared(Exception):
        pass

    def agree(text, what):
        raise Compared(text)

    monkeypatch.setattr(cluster, "join", lambda: (0, 2))
    monkeypatch.setattr(cluster, "agree", agree)
    (tmp_path / "head").write_bytes(b"one")
    (tmp_path / "copy").write_bytes(b"one")
    (tmp_path / "other").write_bytes(b"another")
    fewer = tmp_path / "pictures"
    shutil.copytree(pictures, fewer)
    (fewer / "validation" / "Cat" / "0.png").unlink()

    def compared(**change):
        given = {"pictures": pictures, "head": tmp_path / "head", "precision": "float32"} | change
        with pytest.raises(Compared) as text:
            train.train("week3-tuned", tmp_path / "run", **given)
        return str(text.value)

    assert compared() == compared(head=tmp_path / "copy"), "each machine has a copy of its own"
    for change in (
        {"epochs": 3},
        {"save_every": 3},
        {"batch_size": 8},
        {"seed": 2},
        {"precision": "mixed_bfloat16"},
        {"head": tmp_path / "other"},
        {"pictures": fewer},
    ):
        assert compared(**change) != compared(), change


def test_decoded_pictures_stay_as_long_as_they_are_needed_and_no_longer(
    pictures, tmp_path, monkeypatch
):
    def there():
        return [path for path in tmp_path.glob("pictures-*") if path.is_dir()]

    def another_process():
        gc.collect()
        _, remove = pipelines._folder_for_this_process()  # it removes what nobody holds
        remove()

    on_disk, at_the_end = partial(decode_files, memory_budget=0), []
    monkeypatch.setattr(pipelines, "CACHE", tmp_path)
    monkeypatch.setattr(train, "decode_files", on_disk)
    monkeypatch.setattr(extract, "decode_files", on_disk)
    monkeypatch.setattr(train, "atexit", SimpleNamespace(register=at_the_end.append))
    files, _ = shards.listed(pictures / "train")
    pixels = decode_files(files, (8, 8))[0](np.arange(38)).numpy()

    network = models.Network((8, 8), 1e-3, None)
    take = train.reader(network, "little", None, "train", files)(np.array([3, 30]))
    another_process()
    assert np.array_equal(take(np.array([1, 0])), pixels[[30, 3]])
    for work in at_the_end:
        work()
    assert not there(), "removed when Python ends"

    class Frozen:
        def predict_on_batch(self, pixels):
            another_process()
            assert len(there()) == 1
            return pixels

    assert np.array_equal(extract._seen(files, (8, 8), Frozen()), pixels)
    assert not there(), "removed when the part is done"


def test_features_that_are_not_there_leave_no_folder(pictures, tmp_path):
    files, _ = shards.listed(pictures / "train")
    with pytest.raises(FileNotFoundError, match="1 of 1 parts are missing.*extract week3 --feat"):
        extract.reader(tmp_path / "mistyped", "train", "week3", files)
    assert not list(tmp_path.iterdir())


def test_two_trainings_do_not_write_to_one_folder(tmp_path):
    with (
        train.alone(tmp_path, 0),
        train.alone(tmp_path, 1),
        pytest.raises(RuntimeError, match="Another training writes"),
        train.alone(tmp_path, 0),
    ):
        pass


# ---------------------------------------------------------------- real processes


@pytest.fixture(scope="module")
def runs(pictures):
    """What tests/scale_ranks.py did: a folder, and its report in `report`."""
    out = pictures.parent / "runs"
    out.mkdir()
    command = [sys.executable, str(ROOT / "tests" / "scale_ranks.py"), str(out), str(pictures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return out, json.loads((out / "report.json").read_text()), done.stderr


def notes(run, key):
    """What each process of a run noted, in order."""
    files = sorted(run.glob("rank-*.jsonl"))
    lines = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    return [[note for note in found if key in note] for found in lines]


def final(run):
    return state(keras.models.load_model(run / "epoch-0003-step-0000000.keras"))


@needs_jax
@needs_fork
def test_each_picture_is_read_exactly_once_an_epoch(runs):
    out, report, _ = runs
    for name, number in (("one", 1), ("two", 2), ("four", 4)):
        assert report[name] == [0] * number
        for epoch in range(3):
            shares = [
                [note["read"] for note in found if note["epoch"] == epoch]
                for found in notes(out / name, "read")
            ]
            assert [len(share) for share in shares] == [1] * number
            numbers = [i for (batches,) in shares for batch in batches for i in batch]
            assert sorted(numbers) == list(range(38))


@needs_jax
@needs_fork
def test_two_and_four_processes_learn_what_one_does(runs):
    out, _, _ = runs
    one = final(out / "one")
    for name, number in (("two", 2), ("four", 4)):
        digests = [[note["digest"] for note in found] for found in notes(out / name, "digest")]
        assert len(digests) == number and all(found == digests[0] for found in digests)
        assert len(set(digests[0])) == 3, "the weights have changed with every epoch"
        for here, there in zip(one, final(out / name), strict=True):
            np.testing.assert_allclose(here, there, rtol=1e-3, atol=1e-5)


@needs_jax
@needs_fork
def test_killed_within_an_epoch_and_started_again_nothing_is_lost(runs):
    out, report, errors = runs
    assert report["killed"] == [1, -9], "the other process ended by itself, with an error"
    left = [name for name in report["left"] if name.startswith("epoch")]
    assert left == ["epoch-0001-step-0000000.keras", "epoch-0001-step-0000002.keras"]
    assert report["resumed"] == [0, 0]
    epochs = [[note["epoch"] for note in found] for found in notes(out / "killed", "read")]
    assert epochs == [[0, None, 1, 1, None, 2, None], [0, None, 1, 1, None, 2, None]]
    assert notes(out / "killed", "digest")[0] == notes(out / "two", "digest")[0]
    assert same(final(out / "killed"), final(out / "two")), "to the last bit"


@needs_jax
@needs_fork
def test_processes_that_were_started_differently_refuse(runs):
    _, report, errors = runs
    assert report["apart"] == [1, 1]
    assert "do not have the same settings and pictures. Start them all alike" in errors


@needs_jax
@needs_fork
def test_tensorflow_opens_what_jax_has_trained(runs, pictures):
    out, _, _ = runs
    model = keras.models.load_model(out / "four" / "epoch-0003-step-0000000.keras")
    files, labels = shards.listed(pictures / "validation")
    says = model.predict(np.float32(decode_files(files, (8, 8))[0](np.arange(18))), verbose=0)
    last = json.loads((out / "four" / "log.jsonl").read_text().splitlines()[-1])
    assert last["val_accuracy"] == pytest.approx(np.mean((says[:, 0] > 0.5) == labels))
    assert last["processes"] == 4


@needs_jax
@needs_fork
def test_features_that_a_killed_process_owed_are_computed_by_another(runs, pictures, monkeypatch):
    out, report, _ = runs
    assert report["extracting killed"] == [0, -9]
    first, later = [0, 2, 4, 6, 8], [0, 2, 4]
    done = [f"train/{part:06}.npy" for part in sorted([*first, 1])]
    assert report["extracted"] == done + [f"validation/{part:06}.npy" for part in later]
    assert report["extracting resumed"] == [0]
    assert json.loads((out / "features" / "counts-0.json").read_text()) == [15 - 9, 9]
    # Those of the pictures, in their order, for whichever pictures a process owns.
    monkeypatch.setattr(extract, "PART", 4)
    files, _ = shards.listed(pictures / "train")
    own, some = np.array([1, 2, 9, 37]), np.array([2, 3, 0])
    found = extract.reader(out / "features", "train", "little", files)(own)(some).numpy()
    pixels = decode_files(files, (8, 8))[0](own[some]).numpy().reshape(3, -1)
    np.testing.assert_array_equal(found, pixels[:, :4])
    with pytest.raises(ValueError, match="other settings .pictures:"):
        extract.reader(out / "features", "train", "little", files[1:])


@needs_jax
@needs_fork
def test_every_lectures_network_learns_alike_under_jax_and_tensorflow(runs):
    out, report, _ = runs
    assert report["one step"] == [0]
    under_jax, under_tensorflow = json.loads((out / "jax.json").read_text()), one_step()
    assert under_jax.keys() == under_tensorflow.keys() and len(under_jax) == 5
    for name, (before, after) in under_jax.items():
        assert before != after
        assert [before, after] == pytest.approx(under_tensorflow[name], rel=1e-4), name


@needs_jax
def test_the_command_trains_week_3s_head_in_two_processes(pictures, tmp_path):
    rng = np.random.default_rng(0)
    for side in ("train", "validation"):
        files, labels = shards.listed(pictures / side)
        checkpoints.begin(tmp_path / "features" / side, extract._settings("week3", files))
        rows = rng.normal(size=(len(files), 1280)) + labels[:, None]
        np.save(tmp_path / "features" / side / "000000.npy", rows.astype(np.float32))
    options = {"--run": "run", "--features": "features", "--batch-size": 8, "--epochs": 2}
    options |= {"--pictures": pictures, "--processes": 2}
    command = [sys.executable, "-m", "scale", "train", "week3"]
    for name, value in options.items():
        value = tmp_path / value if isinstance(value, str) else value
        command += [name, str(value)]
    quick = os.environ | {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # to compile
    done = subprocess.run(command, cwd=ROOT, env=quick, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("validation loss") == 2, "one process speaks"
    assert list(checkpoints.found(tmp_path / "run")) == [(2, 0), (1, 0)]


# ---------------------------------------------------------------- on paper


def test_what_more_pictures_would_take_follows_from_what_was_measured(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    tool = benchmark("scaling")
    record = json.loads((ROOT / "benchmarks" / "results" / "scale.json").read_text())
    again = [
        tool.on_paper(record["summary"], row["pictures"], row["machines"])
        for row in record["on_paper"]
    ]
    assert again == record["on_paper"]
    readme = (ROOT / "scale" / "README.md").read_text(encoding="utf-8")
    for row in again:
        hours, share = f"{row['hours']:,.1f}", f"{100 * row['waiting_share']:.0f} %"
        line = f"| {row['pictures']:,} | {row['machines']} | {hours} | {share} | "
        assert line + f"{row['dollars']:,.2f} |" in readme
    hours = {row["machines"]: row["hours"] for row in again if row["pictures"] == 14_000_000}
    assert hours[1] / 16 < hours[16] < hours[1]


def test_the_paper_counts_the_parameters_of_the_network(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    assert models.network("week1").build().count_params() == benchmark("scaling").PARAMETERS
