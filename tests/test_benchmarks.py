"""The benchmark scripts: do they change the seed, and notice a claim that fails?"""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def lecture_seeds():
    path = ROOT / "benchmarks" / "lecture_seeds.py"
    spec = importlib.util.spec_from_file_location("lecture_seeds", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lecture(folder, *sources):
    cells = [new_code_cell(source) for source in sources]
    cells[-2].metadata["tags"] = ["results"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "lecture.ipynb")
    return folder / "lecture.ipynb"


def results(value):
    return (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom utils import course\n"
        f"course.results(source='sample', train_accuracy={value}, validation_accuracy=0.5)"
    )


def test_seed_is_changed_and_a_failed_claim_is_recorded(lecture_seeds, tmp_path):
    path = lecture(tmp_path, "SEED = 1", results("SEED / 10"), "assert SEED < 4, 'too large'")
    good, bad = (lecture_seeds.run_with_seed(path, seed) for seed in (3, 5))
    assert (good["train_accuracy"], bad["train_accuracy"]) == (0.3, 0.5)
    assert good["claims_hold"] and not bad["claims_hold"] and "too large" in bad["failure"]


def test_a_lecture_without_a_seed_is_refused(lecture_seeds, tmp_path):
    path = lecture(tmp_path, "print('no seed')", results(0.9), "pass")
    with pytest.raises(ValueError, match="SEED"):
        lecture_seeds.run_with_seed(path, 3)


def test_summary_gives_mean_spread_and_range(lecture_seeds):
    rows = [{"seed": s, "accuracy": a} for s, a in enumerate((0.7, 0.8, 0.9))]
    found = lecture_seeds.summary(rows)
    assert set(found) == {"accuracy"}
    assert found["accuracy"] == {"mean": 0.8, "spread": 0.1, "least": 0.7, "greatest": 0.9}
