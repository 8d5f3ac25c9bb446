"""The questions that the lectures ask: their form, and how they are shown."""

import json
import random
import re

import nbformat
import pytest

from utils import course, questions

WEEKS = sorted(course.weeks())


@pytest.fixture
def shown(monkeypatch):
    """What `ask` displays, as HTML and JavaScript."""
    outputs = []
    monkeypatch.setattr("jupyterquiz.dynamic.display.display", outputs.append)
    return outputs


def asked(week):
    """Names of the questions that a lecture asks, in order, from its calls of `ask`."""
    lecture = course.find_lectures(chosen=[week])[week]
    cells = [cell for cell in nbformat.read(lecture, as_version=4).cells]
    calls = [
        (cell, call)
        for cell in cells
        if cell.cell_type == "code"
        for call in re.findall(r"^ask\((.+)\)$", cell.source, flags=re.M)
    ]
    assert all("aside" in cell.metadata.get("tags", []) for cell, _ in calls)
    assert {call.split(",")[0] for _, call in calls} == {str(week)}
    return [name for _, call in calls for name in re.findall(r'"([^"]+)"', call)]


@pytest.mark.parametrize("week", WEEKS)
def test_a_lecture_asks_each_of_its_four_to_six_questions_once(week):
    names = asked(week)
    assert 4 <= len(names) <= 6
    assert sorted(names) == sorted(questions.read_questions(week))


@pytest.mark.parametrize("week", WEEKS)
def test_every_answer_explains_and_every_wrong_one_names_a_belief(week):
    for name, question in questions.read_questions(week).items():
        assert question["type"] in ("multiple_choice", "many_choice", "numeric"), name
        answers = question["answers"]
        feedback = [answer["feedback"] for answer in answers]
        assert len(set(feedback)) == len(feedback) >= 3, name
        assert all(len(text.split()) >= 8 for text in feedback), name
        right = [answer for answer in answers if answer.get("correct")]
        if question["type"] != "many_choice":
            assert len(right) == 1, name
        assert 0 < len(right) < len(answers), name
        for answer in answers:
            is_open = answer.get("type") == "default"  # any other number
            assert answer.get("correct", False) or is_open or answer["belief"], name


@pytest.mark.parametrize("week", WEEKS)
def test_no_question_needs_the_network(week, shown):
    for name, question in questions.read_questions(week).items():
        # A formula would make jupyterquiz fetch MathJax; a picture or a link, something else.
        assert not re.search(r"\$|\\\(|<|https?:", json.dumps(question)), name


def test_asking_shows_the_question_and_leaves_chance_alone(shown):
    name = next(iter(questions.read_questions(1)))
    random.seed(3)
    before = random.getstate()
    questions.ask(1, name)
    assert random.getstate() == before
    page = "".join(output.data for output in shown)
    assert json.dumps(questions.read_questions(1)[name]["question"]) in page
    assert "#00507D" in page  # the course's colour, not the package's


def test_a_week_may_be_written_in_several_ways():
    for week in (1, 1.0, "1", "week1"):
        assert questions.read_questions(week) == questions.read_questions(1)
    for week in (True, [1], None, 1.5):
        with pytest.raises(ValueError, match="no week"):
            questions.read_questions(week)


def test_questions_are_named_one_by_one():
    name = next(iter(questions.read_questions(1)))
    for names in ((), ([name],), (1,), (None,)):
        with pytest.raises(ValueError, match="Week 1 asks"):
            questions.ask(1, *names)


def test_two_quizzes_have_two_places_on_the_page(shown):
    for name in list(questions.read_questions(1))[:2]:
        random.seed(3)  # as a lesson does before each training
        questions.ask(1, name)
    places = re.findall(r'<div id="(\w+)" data-shufflequestions', "".join(o.data for o in shown))
    assert len(places) == len(set(places)) == 2


@pytest.mark.parametrize(("week", "name"), [(1, "no such question"), (7, "sizes")])
def test_what_is_not_there_is_named(week, name):
    with pytest.raises(ValueError, match="Week 1 asks|no week 7"):
        questions.ask(week, name)


def test_white_text_on_the_colours_can_be_read():
    def luminance(colour):
        """Relative luminance, WCAG 2.2."""
        shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in questions.COLOURS.values():
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour
