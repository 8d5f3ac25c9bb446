"""The instructor guide agrees with the lectures: sections, minutes, questions, explorers."""

import re

import nbformat
import pytest
from little_sets import benchmark

from utils import course
from utils.paths import ROOT
from utils.questions import read_questions

WORDS_A_MINUTE, CODE_LINES_A_MINUTE = 150, 12  # as instructor/README.md says

pytestmark = pytest.mark.parametrize("week", course.weeks())


def page(week):
    return (ROOT / "instructor" / f"week{week}.md").read_text(encoding="utf-8")


def cells(week):
    return nbformat.read(course.find_lectures()[week], as_version=4).cells


def timetable(week):
    """Return the rows [section, talk, room, alone, run, what] below the heading "Timetable"."""
    lines = page(week).partition("## Timetable")[2].partition("\n## ")[0].splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if "|" in line]
    return rows[2:]


def sections(week):
    """Return [title, minutes to talk, minutes to read alone], from speaker's note to note."""
    found = []
    for cell in cells(week):
        if notes := cell.metadata.get("slideshow", {}).get("notes"):
            title = re.findall(r"^#+ (.*)", cell.source, re.MULTILINE)[-1]
            found.append(
                [title if found else "Opening", int(re.match(r"\((\d+) min", notes)[1]), 0]
            )
        if cell.cell_type == "markdown":
            words = re.sub(r"\]\([^)]*\)", "]", cell.source).split()
            found[-1][2] += len(words) / WORDS_A_MINUTE
        elif not cell.metadata.get("jupyter", {}).get("source_hidden"):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            found[-1][2] += len(lines) / CODE_LINES_A_MINUTE
    return found


def test_the_timetable_has_the_sections_and_minutes_of_the_lecture(week):
    *rows, total = timetable(week)
    expected = sections(week)
    assert [[row[0], int(row[1])] for row in rows] == [part[:2] for part in expected]
    for row, (title, _, alone) in zip(rows, expected, strict=True):
        assert abs(float(row[3]) - alone) <= 1, f"{title}: {alone:.1f} minutes alone"
    assert abs(float(total[3]) - sum(part[2] for part in expected)) <= 2


def test_the_hour_has_sixty_minutes(week):
    *rows, total = timetable(week)
    talk, room = (sum(int(row[column]) for row in rows) for column in (1, 2))
    assert [int(total[1]), int(total[2])] == [talk, room]
    assert talk + room == 60


def test_every_question_and_explorer_has_its_place(week):
    text = page(week)
    explorers = {
        name for cell in cells(week) for name in re.findall(r"^explore\.(\w+)\(", cell.source, re.M)
    }
    assert explorers
    missing = {*read_questions(week), *explorers} - set(
        re.findall(r"`(?:explore\.)?([\w-]+)`", text)
    )
    assert missing == set()


def test_measured_numbers_are_quoted_from_the_record(week):
    prose = benchmark("record_numbers").LINK.sub("", page(week))
    assert re.findall(r"\d[\d.,]*\s?(?:%|points?\b)", prose) == []
