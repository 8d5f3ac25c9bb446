"""The course site, opened from files: what each page holds, and a walk through it.

Needs what chromium.py says, and the site: `make site`.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from chromium import answer, browser, photograph, watch  # noqa: F401  (a fixture)

from utils import course
from utils.paths import ROOT

SITE = ROOT / "build" / "site"
AXE = Path(sys.prefix) / "web" / "node_modules" / "axe-core" / "axe.min.js"
if not (SITE / "site" / "index.html").exists() or not AXE.exists():
    pytest.skip("no site: make site", allow_module_level=True)

LECTURES = [f"{facts['folder']}/week{week}_lecture.html" for week, facts in course.weeks().items()]
PAGES = [
    page.relative_to(SITE).as_posix()
    for page in sorted(SITE.rglob("*.html"))
    if page.relative_to(SITE).parts[0] not in ("slides", "_static", "_downloads")
    and page.name not in ("genindex.html", "py-modindex.html")
    and page != SITE / "index.html"  # leads on to the first page
]


# ---------------------------------------------------------------- links


class Links(HTMLParser):
    """What a page leads to and takes along, and the places in it that others can lead to."""

    def __init__(self, page):
        super().__init__()
        self.to, self.places = [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name"):
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.to.append(value)


def test_every_internal_link_leads_somewhere():
    found = {
        page.resolve(): Links(page)
        for page in SITE.rglob("*.html")
        if page.parent.name != "_static"
    }
    broken = []
    for page, links in found.items():
        for link in links.to:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            place = unquote(parts.fragment)
            missing = not target.is_file()
            if not missing and place and target in found:
                missing = place not in found[target].places
            if missing and not place.startswith("/"):  # reveal.js' own
                broken.append(f"{page.relative_to(SITE.resolve())} -> {link}")
    assert len(found) > 10 and broken == []


# ---------------------------------------------------------------- pages


def findings(page, **options):
    """What axe finds serious or critical, in words."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """options => axe.run(
            document, {iframes: false, preload: false, resultTypes: ["violations"], ...options})""",
        options,
    )
    return [
        f"{one['id']}: {node['html'][:150]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_no_network_and_everybody_can_read_it(browser, name):  # noqa: F811
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = watch(page)
    page.goto((SITE / name).as_uri())
    page.wait_for_load_state("load")
    shown = page.locator("main img:visible").evaluate_all("all => all.map(e => e.alt.trim())")
    assert all(len(alt) > 30 for alt in shown), "each picture says what is to be seen"
    assert findings(page) == []
    photograph(page, f"site-{name.replace('/', '-')}")

    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(  # the menus slide away
        "document.getAnimations().every(a => a.effect.getComputedTiming().endTime === Infinity)"
    )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    photograph(page, f"site-{name.replace('/', '-')}-390")

    if name in ("site/index.html", LECTURES[0]):  # the dark theme has one set of colours
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert findings(page, runOnly=["color-contrast"]) == []
        photograph(page, f"site-{name.replace('/', '-')}-390-dark")
    assert complaints == []
    page.close()


def test_formulas_are_drawn(browser):  # noqa: F811
    page = browser.new_page()
    page.goto((SITE / LECTURES[3]).as_uri())
    page.wait_for_selector("mjx-container svg", state="attached")
    assert page.locator("mjx-container svg").count() > 5
    assert page.locator("mjx-container [data-mjx-error]").count() == 0
    page.close()


# ---------------------------------------------------------------- a walk


def test_a_walk_from_the_first_page_to_a_term_and_back_to_a_lecture(browser):  # noqa: F811
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = watch(page)
    page.goto((SITE / "index.html").as_uri())
    page.wait_for_url("**/site/index.html")
    page.get_by_role("link", name="Lecture", exact=True).first.click()
    assert "Week 1" in page.title()

    quizzes = page.locator(".Quiz")
    told = {answer(page, quizzes.nth(0), choice) for choice in range(3)}
    assert len(told) == 3 and all(len(text.split()) > 5 for text in told)
    assert len(answer(page, quizzes.last, 0).split()) > 5

    frame = page.locator("iframe").first.element_handle().content_frame()
    frame.wait_for_selector("#status:not(:empty)")
    before = frame.evaluate("document.documentElement.dataset.at")
    frame.locator("#maps").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(100)
    assert frame.evaluate("document.documentElement.dataset.at") != before

    page.goto((SITE / "search.html").as_uri() + "?q=dropout")
    result = page.locator("#search-results li a").filter(has_text="Week 2").first
    result.click()
    assert "Week 2" in page.title()
    page.goto((SITE / "site" / "glossary.html").as_uri())
    page.locator("dd:below(#term-dropout)").first.get_by_role("link").first.click()
    assert page.url.endswith("week2_lecture.html#dropout")
    page.locator("h2", has_text="4 · Dropout").wait_for()
    assert complaints == []
    page.close()
