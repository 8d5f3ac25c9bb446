"""The static slides, stepped through one by one in a window of 1280 x 720.

Needs what chromium.py says, and the slides: `make slides`.
"""

import pytest
from chromium import answer, browser, photograph, watch  # noqa: F401  (a fixture)

from utils import course
from utils.paths import ROOT

SLIDES = {week: ROOT / "build" / "slides" / f"week{week}.html" for week in course.weeks()}
if not all(path.exists() for path in SLIDES.values()):
    pytest.skip("no slides: make slides", allow_module_level=True)

NOW = ".slides > section.present > section.present"  # the slide that is shown

# What a slide shows: how far down and to the right it goes, its smallest code, its dead pictures.
LOOK = """() => {
  const slide = Reveal.getCurrentSlide(), shown = [...slide.querySelectorAll("*")].filter(
    (e) => e.checkVisibility({visibilityProperty: true}) && !e.closest("aside, script, style")
      && !e.closest("mjx-assistive-mml, .jp-OutputArea-output div:has(+ iframe)"));
  const boxes = shown.map((e) => e.getBoundingClientRect()).filter((b) => b.width && b.height);
  return {
    text: slide.innerText.trim().slice(0, 60),
    empty: boxes.length == 0,
    bottom: Math.max(0, ...boxes.map((b) => b.bottom)),
    right: Math.max(0, ...boxes.map((b) => b.right)),
    code: Math.min(99, ...shown.filter((e) => e.matches("pre, p code, li code, td code"))
      .map((e) => parseFloat(getComputedStyle(e).fontSize))),
    pictures: shown.filter((e) => e.matches("img"))
      .map((e) => [e.alt.length > 30 && e.naturalWidth > 0, e.getBoundingClientRect().height]),
  };
}"""


@pytest.fixture
def slides(browser):  # noqa: F811
    """slides(week) opens them; what went wrong in them fails the test at its end."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints = watch(page)

    def open_week(week):
        page.goto(SLIDES[week].as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        return page

    yield open_week
    page.close()
    assert complaints == []


def every_slide(page):
    """Go to each slide in turn; yield what it shows."""
    while True:
        frames = page.locator(f"{NOW} iframe")
        for frame in frames.element_handles():
            frame.content_frame().wait_for_selector("#status:not(:empty)")
        shown = page.evaluate(LOOK)
        for _ in range(50):  # an explorer takes its height a moment after its first words
            if shown["bottom"] <= 720:
                break
            page.wait_for_timeout(200)
            shown = page.evaluate(LOOK)
        yield shown
        if page.evaluate("Reveal.isLastSlide()"):
            return
        page.evaluate("Reveal.next()")


def try_quizzes(page):
    """Answer the quizzes of a slide; return how many explained themselves."""
    quizzes = page.locator(f"{NOW} .Quiz").all()
    return sum(len(answer(page, quiz, 1).split()) > 5 for quiz in quizzes)


def try_explorers(page):
    """Move a slider of the explorers of a slide; return how many then told something else."""
    moved = 0
    for element in page.locator(f"{NOW} iframe").element_handles():
        frame = element.content_frame()
        before = frame.locator("body").inner_text()
        frame.locator("input[type=range]").first.focus()
        page.keyboard.press("End")
        page.wait_for_timeout(100)
        moved += frame.locator("body").inner_text() != before
    return moved


@pytest.mark.parametrize("week", SLIDES)
def test_nothing_lies_outside_a_slide_and_what_lives_on_a_page_lives_there(slides, week):
    page = slides(week)
    number = quizzes = explorers = 0
    for number, shown in enumerate(every_slide(page), start=1):
        where = f"slide {number}: {shown['text']}"
        assert not shown["empty"], where
        assert shown["bottom"] <= 720 and shown["right"] <= 1280, where
        assert shown["code"] >= 18, where
        assert all(sound and height > 120 for sound, height in shown["pictures"]), where
        if number % 6 == 3:
            photograph(page, f"slides-{week}-{number:02}")
        quizzes += try_quizzes(page)
        explorers += try_explorers(page)
        after = page.evaluate(LOOK)  # with the quiz's explanation
        assert after["bottom"] <= 720, where
    assert number > 40 and quizzes >= 4 and explorers >= 1


def test_what_the_speaker_says_is_not_on_the_slide(slides):
    page = slides(1)
    notes = page.locator("aside.notes").first
    assert "(2 min)" in notes.inner_text() or "(2 min)" in notes.text_content()
    assert not notes.is_visible()
