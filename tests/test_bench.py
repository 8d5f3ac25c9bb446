"""`make bench`: every part runs on a few pictures, and what it writes has the documented shape."""

import json
import sys

import pytest
from little_sets import benchmark

from utils.paths import ROOT


@pytest.fixture
def bench():
    return benchmark("bench")


def run(**values):
    return {name: {"median": value, "spread": 0.0} for name, value in values.items()}


RECORD = {
    "parts": {
        "imports": {"course": run(clock=2.0, processor=2.0), "recipe": run(clock=1, processor=3)},
        **{
            f"{measure}, {n} pictures": {
                "course": run(**{quantity: n / 100}),
                "recipe": run(**{quantity: n / 50}),
            }
            for measure, quantity in (("cold", "clock"), ("warm", "clock"), ("memory", "megabytes"))
            for n in (500, 10_000)
        },
    }
}


def test_median_and_spread_of_repeats(bench):
    runs = [{"clock": c, "pictures": 10} for c in (1.0, 2.0, 4.0)]
    found = bench.summary(runs)
    assert found["clock"] == {"median": 2.0, "spread": 1.5}
    assert found["pictures_per_second"]["median"] == 5.0
    assert bench.summary([{"megabytes": 7.0}]) == {"megabytes": {"median": 7.0, "spread": 0.0}}


def test_table_says_who_is_ahead(bench):
    lines = bench.table(RECORD).splitlines()
    assert lines[2] == "| imports | 2 ± 0 s | 1 ± 0 s | 0.50 |"
    assert lines[3] == "| imports | 2 ± 0 s, processor | 3 ± 0 s, processor | 1.50 |"
    assert "| memory, 10000 pictures | 100 ± 0 MB | 200 ± 0 MB | 2.00 |" in lines


def test_figure_is_drawn_on_logarithmic_axes(bench):
    left, right = bench.figure(RECORD).axes
    assert {left.get_xscale(), left.get_yscale(), right.get_yscale()} == {"log"}
    assert [list(line.get_xdata()) for line in right.lines] == [[500, 10_000]] * 2
    assert list(right.lines[0].get_ydata()) == [5, 100]
    assert len(left.lines) == 4


def test_the_recipe_copies_each_file_to_one_side(bench, tmp_path):
    folder = bench.files_to_split(14, tmp_path)
    (tmp_path / "split").mkdir()
    bench.copy_one_by_one(folder, tmp_path / "split")
    sides = [len(list((tmp_path / "split" / s).glob("*/*"))) for s in ("train", "validation")]
    assert sides == [8, 4] and len({f.name for f in (tmp_path / "split").glob("*/*/*")}) == 14


@pytest.mark.parametrize(
    "measure",
    ["cold FOLDER 32", "warm FOLDER 32", "memory FOLDER 32", "augmentation compiled 1"]
    + ["augmentation plain 1", "resampling 1", "split FOLDER 14", "imports"],
)
@pytest.mark.parametrize("way", ["course", "recipe"])
def test_every_part_measures(bench, tmp_path, measure, way):
    sample = next((ROOT / "data" / "photos").glob("*.jpg"))
    folder = bench.folder_of(14, [sample], tmp_path)
    if measure.startswith("split"):  # of which no two are alike
        folder = bench.files_to_split(14, tmp_path)
    name, *arguments = measure.replace("FOLDER", str(folder)).split()
    found = bench.MEASURES[name](way, *arguments)
    quantities = {"megabytes"} if name == "memory" else {"clock", "processor"}
    assert set(found) - {"pictures"} == quantities and min(found.values()) >= 0


def test_a_measure_runs_in_a_python_of_its_own(bench):
    found = bench.fresh("resampling", "course", 1)
    assert found["pictures"] == bench.BATCH and found["clock"] > 0
    with pytest.raises(RuntimeError, match="imports of course failed"):
        bench.fresh("imports", "course", "one argument too many")


def test_what_is_recorded_is_kept(bench, tmp_path, monkeypatch):
    (tmp_path / "bench.json").write_text(json.dumps(RECORD))
    monkeypatch.setattr(bench, "parts", lambda *_, **__: dict.fromkeys(RECORD["parts"]))
    monkeypatch.setattr(sys, "argv", ["bench.py", "--quick", "--out", str(tmp_path)])
    bench.main()
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found == RECORD, "nothing was measured"
    assert (tmp_path / "bench.md").read_text() == bench.table(RECORD)
    assert (tmp_path / "bench.png").stat().st_size < 200_000
