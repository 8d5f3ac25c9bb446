"""Numbers in the prose: quoted from the record, or fixed by arithmetic."""

import json
import re

import nbformat
import pytest
from little_sets import benchmark

from utils import course
from utils.paths import ROOT


@pytest.fixture(scope="module")
def tool():
    return benchmark("record_numbers")


@pytest.fixture
def records(tmp_path):
    accuracy = {"mean": 0.8571, "spread": 0.0092, "least": 0.845, "greatest": 0.8701}
    points = {"mean": -12.345, "spread": 0.06, "least": -13.0, "greatest": 1500.4}
    record = {
        "runs": [{}, {}, {}],
        "summary": {"test_accuracy": accuracy, "gap": points, "wrong_share": accuracy},
    }
    (tmp_path / "week1_sample.json").write_text(json.dumps(record))
    return tmp_path


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("test_accuracy", "85.7 ± 0.9 %"),
        ("wrong_share mean", "85.7 %"),
        ("test_accuracy range", "84.5 to 87.0 %"),
        ("gap", "-12.3 ± 0.1"),
        ("gap least", "-13.0"),
        ("gap greatest", "1,500"),
        ("runs", "3"),
    ],
)
def test_numbers_are_written_as_recorded(tool, records, title, text):
    before = f'so [?](../benchmarks/results/week1_sample.json "{title}") it is'
    after, wrong = tool.rewritten(before, records)
    assert (after, wrong) == (before.replace("[?]", f"[{text}]"), [])
    # As it stands in a notebook's file, where quotes are escaped and lines are a list.
    cell = json.dumps({"source": ["# [one]\n", before]}, ensure_ascii=False)
    after, _ = tool.rewritten(cell, records)
    assert after == cell.replace("[?]", f"[{text}]")


@pytest.mark.parametrize(
    "link",
    [
        '[1](../benchmarks/results/week1_sample.json "no_such_number")',
        '[1](../benchmarks/results/week1_sample.json "gap median")',
        '[1](../benchmarks/results/no_such_file.json "gap")',
    ],
)
def test_a_link_that_leads_to_nothing_is_named(tool, records, link):
    after, wrong = tool.rewritten(link, records)
    assert after == link and len(wrong) == 1


def test_texts_quote_the_record_as_it_is(tool):
    for path in tool.texts():
        text = path.read_text(encoding="utf-8")
        new, wrong = tool.rewritten(text, ROOT / "benchmarks" / "results")
        assert wrong == [], path.name
        assert [m[0] for m in tool.LINK.finditer(text)] == [
            m[0] for m in tool.LINK.finditer(new)
        ], f"{path.name}: run python benchmarks/record_numbers.py"


@pytest.mark.parametrize("lecture", course.find_lectures().values(), ids=lambda path: path.stem)
def test_a_measured_number_in_a_lecture_is_quoted_from_the_record(tool, lecture):
    """Per cents and points are links to the record, or their cell says that they are fixed."""
    for cell in nbformat.read(lecture, as_version=4).cells:
        if cell.cell_type == "markdown" and "fixed-numbers" not in cell.metadata.get("tags", []):
            prose = tool.LINK.sub("", cell.source)
            found = re.findall(r"\d[\d.,]*\s?(?:%|(?:percentage )?points?\b)", prose)
            assert found == [], f"{found} in: {cell.source[:80]}"
