"""Week 1 as a learner goes through it: JupyterLab, all cells run, a quiz, a photo of one's own.

Needs what chromium.py says. The lecture is the real one, in a copy of the course; its networks
train for two epochs only, as `make test` runs the whole.
"""

import base64
import io
import json
import os
import time

import numpy as np
import pytest
from chromium import answer, browser, jupyterlab, photograph  # noqa: F401  (a fixture)
from PIL import Image
from short_course import short_course

from utils import course
from utils.paths import ROOT

FOLDER = course.weeks()[1]["folder"]
NOTEBOOK = f"{FOLDER}/week1_lecture.ipynb"


ERRORS = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type$='stderr']"
RUN_OR_FAILED = f"""() => document.querySelector("{ERRORS}")
  || [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
    .every((e) => /\\d/.test(e.innerText) || !e.innerText.trim())"""  # none if its code is folded


def write_settings(folder):
    """Draw all cells, not only those in sight, and ask for no news."""
    settings = {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false"},
    }
    for name, values in settings.items():
        path = folder / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab in a copy of the course."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("course")
    short_course(folder, [1])
    environment = {name: text for name, text in os.environ.items() if "COURSE_" not in name}
    environment |= {f"JUPYTER_{part}_DIR": str(home / part.lower()) for part in ("DATA", "CONFIG")}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    write_settings(home / "settings" / "@jupyterlab")
    with jupyterlab(folder, environment, home / "log") as address:
        yield address


@pytest.fixture(scope="module")
def lecture(lab, browser):  # noqa: F811
    """The page of the lecture, all of whose cells have run."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{lab}/lab/tree/{NOTEBOOK}?reset")
    begin(page)
    until = time.monotonic() + 480
    while not page.evaluate(RUN_OR_FAILED):
        photograph(page, "lab-running")
        assert time.monotonic() < until, page.locator(".jp-InputPrompt").all_inner_texts()
        page.wait_for_timeout(3000)
    yield page
    page.close()


def begin(page):
    """Run all cells, once the kernel is there."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=180_000)
    page.get_by_role("menuitem", name="Run", exact=True).first.click()
    page.locator("li[data-command='runmenu:run-all']").click()
    page.locator(".jp-InputPrompt").get_by_text("[*]").first.wait_for()


def cell(page, text):
    """The cell whose code holds a text, scrolled into view."""
    found = page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea", has_text=text))
    found.first.scroll_into_view_if_needed()
    return found.first


def picture(cell):
    """The last picture that a cell shows, as small float values (64, 64, 3) in 0–255."""
    address = cell.locator(".jp-OutputArea img").last.get_attribute("src")
    shown = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return np.asarray(shown.convert("RGB").resize((64, 64)), dtype=float)


def test_every_cell_has_run_without_an_error(lecture):
    prompts = lecture.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    numbers = [prompt.strip("[]: ") for prompt in prompts if prompt.strip()]
    assert len(numbers) > 35 and all(number.isdigit() for number in numbers)
    assert lecture.locator(ERRORS).all_inner_texts() == []


def test_the_learner_sees_the_plots(lecture):
    for text in ("plots.show_image_sizes", "plots.LiveCurves()", "plots.show_feature_maps"):
        shown = cell(lecture, text).locator(".jp-OutputArea img").last
        assert shown.evaluate("e => e.naturalWidth") > 300, text
    cell(lecture, "plots.LiveCurves()").locator(".jp-OutputArea img").scroll_into_view_if_needed()
    photograph(lecture, "lab-curves")
    assert "claims" in lecture.locator(".jp-CodeCell").last.inner_text()


def test_each_quiz_explains_an_answer(lecture):
    quizzes = lecture.locator(".Quiz")
    assert quizzes.count() >= 4
    for quiz in quizzes.all():
        assert len(answer(lecture, quiz, 0).split()) > 5
    photograph(lecture, "lab-quiz")


def upload(page, path):
    button = cell(page, "ask_for_photo(").locator("button.widget-upload, .jupyter-button").first
    with page.expect_file_chooser() as chooser:
        button.click()
    chooser.value.set_files(path)


def test_a_photo_of_the_learners_own_gets_its_verdict(lecture, tmp_path):
    known = cell(lecture, 'show_prediction("../data/photos/chelsea.jpg")')
    own = cell(lecture, "ask_for_photo(")
    note = tmp_path / "note.jpg"
    note.write_text("not a picture")
    upload(lecture, note)
    own.get_by_text("note", exact=False).or_(own.locator(".jp-OutputArea pre")).first.wait_for()
    told = own.locator(".jp-OutputArea pre").last.inner_text()
    assert "picture" in told

    upload(lecture, ROOT / "data" / "photos" / "chelsea.jpg")
    own.locator("img").last.wait_for()
    photograph(lecture, "lab-photo")
    # The same photo with its verdict, if not the same file: one digit makes it another.
    difference = float(np.abs(picture(own) - picture(known)).mean())
    assert difference < 5, "this is not what the lecture shows for the same photo"
