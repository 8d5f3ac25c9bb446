"""Behaviour of utils.results: a lecture's numbers and claims."""

import json
import math

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from utils import results as results_module
from utils.paths import ROOT
from utils.results import claim, collect, judge, recorded, results

PARTED = "the two accuracies part (points)"
RECORD = {"mean": 14.2, "spread": 0.51, "held": 14, "runs": 15}


@pytest.fixture
def records(tmp_path, monkeypatch):
    monkeypatch.setattr(results_module, "RECORDS", tmp_path)

    def record(week, source, claims):
        (tmp_path / f"week{week}_{source}.json").write_text(json.dumps({"claims": claims}))

    return record


# ---------------------------------------------------------------- numbers


def test_results_are_a_table_and_numbers(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    found = results(
        source="sample",
        train_accuracy=np.float32(0.5),
        validation_accuracy=0.756,
        pictures=2000,
        fit_seconds=12.4,
        best_run="<plain>",
    )
    found._ipython_display_()
    bundle, numbers = shown
    numbers = json.loads(json.dumps(numbers["application/json"]))
    assert numbers["train_accuracy"] == 0.5 and numbers["pictures"] == 2000
    for text in ("75.6 %", "50.0 %", "2,000", "12 s", "validation accuracy"):
        assert text in bundle["text/html"] and text in bundle["text/plain"]
    assert "&lt;plain&gt;" in bundle["text/html"]
    assert "application/json" not in bundle, "JupyterLab would show a tree, not the table"


def accuracies(**changed):
    return results(
        **{"source": "sample", "train_accuracy": 0.9, "validation_accuracy": 0.8, **changed}
    )


@pytest.mark.parametrize("wrong", [75.6, -0.1, float("nan"), "75 %"])
def test_results_refuse_an_accuracy_in_per_cent(wrong):
    with pytest.raises(ValueError, match="validation_accuracy is .* between 0 and 1"):
        accuracies(validation_accuracy=wrong)
    with pytest.raises(ValueError, match="test_accuracy is .* between 0 and 1"):
        accuracies(test_accuracy=wrong)


def test_results_take_numbers_of_tensorflow_and_numpy():
    tf = pytest.importorskip("tensorflow")

    found = accuracies(
        train_accuracy=tf.constant(0.5),
        validation_accuracy=tf.Variable([0.25]),
        pictures=np.int64(7),
        steps=np.array([3]),
    )
    kinds = {name: type(value) for name, value in found.items()}
    assert kinds == {
        "source": str,
        "train_accuracy": float,
        "validation_accuracy": float,
        "pictures": int,
        "steps": int,
    }
    assert list(found.values()) == ["sample", 0.5, 0.25, 7, 3]


def test_results_refuse_what_is_not_one_number():
    tf = pytest.importorskip("tensorflow")

    for wrong in (np.zeros(3), tf.zeros((2, 2)), [0.5], None):
        with pytest.raises(ValueError, match="gained should be one number or a text, not a value"):
            accuracies(gained=wrong)
        with pytest.raises(ValueError, match="train_accuracy should be one number"):
            accuracies(train_accuracy=wrong)


# ---------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("seen", "band", "holds"),
    [
        (7, {"at_least": 7}, True),
        (6.9, {"at_least": 7}, False),
        (7, {"at_most": 7}, True),
        (7.1, {"at_most": 7}, False),
        (8, {"at_least": 7, "at_most": 9}, True),
        (6, {"at_least": 7, "at_most": 9}, False),
        (10, {"at_least": 7, "at_most": 9}, False),
        (0, {"at_least": 0}, True),
        (-1, {"at_least": 0}, False),
        (float("nan"), {"at_least": 7}, False),
        (float("nan"), {"at_most": 7}, False),
        (np.float32(8), {"at_least": 7}, True),
        (True, {}, True),
        (np.bool_(False), {}, False),
    ],
)
def test_a_claim_holds_inside_its_band(records, seen, band, holds):
    made = claim(PARTED, seen, **band)
    assert made.holds is holds
    text = repr(judge(1, "sample", made))
    assert text.startswith("All 1 claims") is holds
    assert ("1 of 1 claims do not hold" in text) is not holds


@pytest.mark.parametrize(
    ("seen", "band"),
    [
        (0.5, {}),
        (True, {"at_least": 1}),
        (np.bool_(True), {"at_most": 1}),
        ("many", {"at_least": 1}),
    ],
)
def test_a_claim_is_a_number_with_a_band_or_true_or_false(seen, band):
    with pytest.raises(ValueError, match="needs a number with a band, or True or False without"):
        claim(PARTED, seen, **band)


@pytest.mark.parametrize(
    "band",
    [
        {"at_least": 0.9, "at_most": 0.1},
        {"at_least": "a"},
        {"at_least": [0.4]},
        {"at_most": float("nan")},
        {"at_least": True},
    ],
)
def test_a_band_is_two_numbers_in_order(band):
    with pytest.raises(ValueError, match="the former not above the latter"):
        claim(PARTED, 0.5, **band)
    for sentence in ("", None, 0.5):
        with pytest.raises(ValueError, match="A claim is a sentence"):
            claim(sentence, 0.5, at_least=0.4)


def test_a_claim_about_many_numbers_is_refused():
    with pytest.raises(ValueError, match="part.* should be one number"):
        claim(PARTED, np.zeros(2), at_least=1)


def test_a_failed_claim_is_told_with_what_was_seen_here_and_on_record(records):
    records(1, "sample", {PARTED: RECORD, "cats purr": {"held": 3, "runs": 3}})
    text = judge(
        1,
        "sample",
        claim(PARTED, 3.21, at_least=7, at_most=25),
        claim("the loss falls", 0.1, at_most=0.2),
        claim("cats purr", False),
        claim("dogs bark (%)", float("nan"), at_least=50),
    )
    first, parted, purr, bark = text
    assert repr(text).splitlines() == [first, parted, purr, bark]
    assert first == "3 of 4 claims do not hold on this machine:"
    assert parted == (
        f"- {PARTED}: 3.21 here, expected at least 7 and at most 25; "
        "14.2 ± 0.51, held in 14 of 15 recorded runs."
    )
    assert purr == "- cats purr: not so here; held in 3 of 3 recorded runs."
    assert bark == ("- dogs bark (%): nan here, expected at least 50; no runs of it are recorded.")


def test_each_week_and_source_has_a_record_of_its_own(records):
    records(1, "sample", {PARTED: RECORD})
    failed = claim(PARTED, 3, at_least=7)
    assert "14.2" in repr(judge(1, "sample", failed))
    for week, source in ((1, "real"), (2, "sample")):
        assert "no runs of it are recorded" in repr(judge(week, source, failed))


def test_what_cannot_be_judged_is_refused():
    failed = claim("cats purr", False)
    for claims in ((), ([failed],), (True,), (failed, "cats purr")):
        with pytest.raises(TypeError, match="one by one"):
            judge(1, "sample", *claims)
    for source in ("sampel", None, failed, 1):
        with pytest.raises(ValueError, match='"sample" or "real"'):
            judge(1, source, failed)
        with pytest.raises(ValueError, match='"sample" or "real"'):
            results(source=source, train_accuracy=0.9, validation_accuracy=0.8)
    for week in ("sample", None, 1.5):
        with pytest.raises(ValueError, match="no week"):
            judge(week, "sample", failed)
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        results(source="sample", train_accuracy=True, validation_accuracy=0.8)


def test_a_week_may_be_given_by_its_name(records):
    records(1, "sample", {PARTED: RECORD})
    assert "14.2" in repr(judge("week1", "sample", claim(PARTED, 3, at_least=7)))


def test_a_record_without_claims_says_nothing_of_them(records, tmp_path):
    (tmp_path / "week1_sample.json").write_text('{"runs": []}')
    assert "no runs of it are recorded" in repr(judge(1, "sample", claim("cats purr", False)))


# ---------------------------------------------------------------- in a notebook


def executed(*cells):
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom utils.results import *"
    start += "\nnan = float('nan')"
    made = [new_code_cell(start)]
    made += [new_code_cell(text, metadata={"tags": [tag]}) for text, tag in cells]
    notebook = new_notebook(cells=made)
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


def test_numbers_and_claims_travel_in_the_outputs_of_a_notebook():
    notebook = executed(
        ("results(source='sample', train_accuracy=0.9, validation_accuracy=0.8, n=3)", "results"),
        (
            "judge(9, 'sample', claim('a', 0.5, at_least=0.25), claim('b', nan, at_most=2), "
            "claim('c', False))",
            "claims",
        ),
    )
    found = collect(notebook)
    numbers = {"source": "sample", "train_accuracy": 0.9, "validation_accuracy": 0.8, "n": 3}
    a, b, c = found.pop("claims")
    assert found == numbers
    assert a == {"sentence": "a", "seen": 0.5, "at_least": 0.25, "at_most": None, "holds": True}
    assert math.isnan(b["seen"]) and not b["holds"] and b["at_most"] == 2
    assert c == {"sentence": "c", "seen": False, "at_least": None, "at_most": None, "holds": False}
    shown = notebook.cells[2].outputs[0].data["text/plain"]
    assert shown.startswith("2 of 3 claims") and "- b: nan here, expected at most 2" in shown


def test_a_notebook_without_numbers_and_claims_gives_none():
    assert collect(new_notebook(cells=[new_code_cell("1"), new_code_cell("2")])) == {}


def test_recorded_numbers_come_one_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(results_module, "RECORDS", tmp_path)
    runs = [{"seed": 1, "gap": 2}, {"seed": 2}, {"seed": 3, "gap": 0.5}]
    (tmp_path / "week9_sample.json").write_text(json.dumps({"runs": runs}))
    assert recorded("week9_sample", "gap").tolist() == [2.0, 0.5]
    assert recorded("week9_sample", "nothing").tolist() == []
    assert recorded("week8_sample", "gap").tolist() == []
