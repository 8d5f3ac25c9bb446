"""What site and slides need of the lectures: words for figures, slide types, notes; glossary."""

import importlib.util
import re

import nbformat
import pytest

from utils import course
from utils.paths import ROOT

LECTURES = {
    week: nbformat.read(path, as_version=4) for week, path in course.find_lectures().items()
}
WEEK = pytest.mark.parametrize("week", LECTURES)
# What a lecture prints in bold and does not define: signposts, lead-ins of paragraphs, tables.
SIGNPOSTS = re.compile(r"[:.?!]$|^(Try|Time|Next|Further|Think about it|You .+|What .+|The .+)$")
PHRASES = {
    "training", "validation", "test", "Up to there", "From there on", "Near the top",
    "Further down", "At the bottom", "inside the model", "in the pipeline", "lower", "upper",
    "Validation pictures stay as they are", "like ImageNet's photos", "unlike them",
    "People", "Busy places", "New busy places",
}  # fmt: skip


@WEEK
def test_every_figure_says_in_words_what_is_to_be_seen(week):
    texts = []
    for cell in LECTURES[week].cells:
        pictures = [out for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
        if pictures:
            assert len(pictures) == 1, f"{cell.id}: one text for several pictures"
            texts.append(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", ""))
            assert len(texts[-1].split()) >= 10, f"{cell.id} has no alternative text"
    assert len(set(texts)) == len(texts) > 9


@WEEK
def test_every_cell_has_a_slide_type(week):
    for cell in LECTURES[week].cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        assert kind in ("slide", "subslide", "fragment", "-", "skip"), cell.id


@WEEK
def test_the_speakers_minutes_add_up_to_the_lectures(week):
    notes = [cell.metadata.slideshow.get("notes") for cell in LECTURES[week].cells]
    minutes = [re.match(r"\((\d+) min\) \w", note) for note in notes if note]
    assert all(minutes)
    assert sum(int(match[1]) for match in minutes) == course.weeks()[week]["minutes"]


@WEEK
def test_the_glossary_holds_every_term_that_a_lecture_introduces(week):
    glossary = (ROOT / "site" / "glossary.md").read_text(encoding="utf-8").lower()
    terms = re.findall(r"^(\S.*)\n  \S", glossary, flags=re.MULTILINE)
    text = "\n".join(c.source for c in LECTURES[week].cells if c.cell_type == "markdown")
    bold = set(re.findall(r"\*\*(?=\S)([^*\n]+)\*\*", text)) - PHRASES
    introduced = {term for term in bold if not SIGNPOSTS.search(term)}
    known = {term for term in introduced if any(found(term, one) for one in terms)}
    assert introduced == known and len(introduced) > 3


def found(term, entry):
    """Say whether a word of a lecture, perhaps in another form, is an entry of the glossary."""
    return term.lower().removesuffix("s").removesuffix("e") in entry


@pytest.mark.parametrize("kind", ["text", "picture"])
def test_pictures_get_their_text_where_a_notebook_becomes_a_page(kind):
    data = {"image/png": "AAAA"} if kind == "picture" else {"text/plain": "AAAA"}
    output = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell("plot()", outputs=[output])
    cell.metadata["mystnb"] = {"image": {"alt": 'a "cat"'}}
    notebook = nbformat.v4.new_notebook(cells=[cell])
    course.describe_pictures(notebook)
    shown = notebook.cells[0].outputs[0].data
    if kind == "picture":
        assert shown == {
            "text/html": '<img alt="a &quot;cat&quot;" src="data:image/png;base64,AAAA">'
        }
    else:
        assert shown == data


# ---------------------------------------------------------------- how cells become slides


@pytest.fixture(scope="module")
def slides():
    path = ROOT / "site" / "slides.py"
    spec = importlib.util.spec_from_file_location("course_slides", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lecture_of(*cells):
    """A notebook of (source, slideshow) pairs; code begins with >."""
    made = []
    for source, slideshow in cells:
        new = nbformat.v4.new_code_cell if source[0] == ">" else nbformat.v4.new_markdown_cell
        made.append(new(source.removeprefix(">"), metadata={"slideshow": slideshow}))
    return nbformat.v4.new_notebook(cells=made)


def kinds(notebook):
    return [cell.metadata.slideshow.slide_type for cell in notebook.cells]


def test_what_does_not_fit_goes_on_below_and_no_word_is_lost(slides):
    text = "\n\n".join(f"word{i} " * 100 for i in range(8))
    made = slides.lay_out(lecture_of((text, {"slide_type": "slide"})))
    assert kinds(made) == ["slide"] + ["subslide"] * (len(made.cells) - 1)
    assert len(made.cells) > 1
    assert " ".join(cell.source for cell in made.cells).split() == text.split()


def test_skipped_cells_and_folded_answers_stay_away_and_notes_follow_their_cell(slides):
    answer = "What?\n\n<details><summary>Answer</summary>\n\nThis.\n</details>"
    made = slides.lay_out(
        lecture_of(
            (">import keras", {"slide_type": "skip"}),
            (answer, {"slide_type": "slide", "notes": "(1 min) Wait."}),
            ("[80 %](../results.json) right", {"slide_type": "-"}),
        )
    )
    assert [cell.source for cell in made.cells] == ["What?", "(1 min) Wait.", "80 % right"]
    assert kinds(made) == ["slide", "notes", "-"]


def test_code_and_what_it_printed_stay_together(slides):
    lecture = lecture_of(
        ("text " * 200, {"slide_type": "slide"}), (">a\n" * 8, {"slide_type": "-"})
    )
    printed = nbformat.v4.new_output("stream", text="line\n" * 8)
    lecture.cells[1].outputs = [printed]
    assert kinds(slides.lay_out(lecture)) == ["slide", "subslide", "-"]
    lecture.cells[1].metadata.slideshow["show"] = "output"
    assert [cell.source for cell in slides.lay_out(lecture).cells][1:] == [""]
