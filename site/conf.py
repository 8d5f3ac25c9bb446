"""How Sphinx makes the course site: lectures as they are committed, nothing is run.

`make site` calls it with the course's folder as the source, so that the lectures' links to each
other and to the records work on the site as they do in the repository.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from utils import course  # noqa: E402

SCRIPTS = Path(sys.prefix) / "web" / "node_modules"  # as the Makefile fetches them

project = "Convolutional Neural Networks in TensorFlow"
author = "the course's authors"
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_design",
]
root_doc = "site/index"
include_patterns = [
    "site/*.md",
    "week*/week*_lecture.ipynb",
    "data/README.md",
    "data/pretrained/README.md",
    "benchmarks/README.md",
    "instructor/*.md",
]
exclude_patterns = [".venv", ".git", "build", "data/[!Rp]*"]  # not even looked into

# ---------------------------------------------------------------- lectures

nb_execution_mode = "off"
nb_merge_streams = True
nb_output_stderr = "remove"
# A button without a kernel does nothing: widgets stay away, and with them the scripts they fetch.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_ipywidgets_js = {}
suppress_warnings = ["mystnb.unknown_mime_type"]  # a lecture's numbers, as data beside their table
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
mathjax_path = "tex-svg.js"  # one file that draws formulas without fonts
# It is there before the questions look for it: while a long page is read, they would not wait.
mathjax_options = {"defer": None}


def card(week, facts):
    """The card of a week on the first page, in Markdown."""
    lecture = f"/{facts['folder']}/week{week}_lecture"
    links = [f"{{doc}}`Lecture <{lecture}>`", f'<a href="../slides/week{week}.html">Slides</a>']
    if (exercise := ROOT / facts["folder"] / f"week{week}_exercise.ipynb").exists():
        links.append(f"{{download}}`Exercise </{exercise.relative_to(ROOT).as_posix()}>`")
    return f"""\
::::{{grid-item-card}} {week} · {facts["title"]}
:img-top: /site/pictures/week{week}.jpg
:img-alt: {facts["picture"]}

You will {facts["learn"]}.

:::{{card-footer}}
{" · ".join(links)}
:::
::::"""


cards = "\n\n".join(card(*item) for item in course.weeks(ROOT).items())
myst_substitutions = {"weeks": f":::::{{grid}} 1 1 2 2\n:gutter: 3\n\n{cards}\n\n:::::"}

# ---------------------------------------------------------------- utils

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as written, not what os.environ holds while the site is made
autodoc_typehints = "none"  # docstrings say what comes in and goes out, with shapes and units
default_role = "code"

# ---------------------------------------------------------------- pages

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static", str(SCRIPTS / "mathjax" / "es5" / "tex-svg.js")]
html_css_files = ["course.css"]
html_additional_pages = {"index": "first.html"}  # the first page lies in a folder of its own
templates_path = ["templates"]
html_show_search_summary = False  # browsers read no neighbouring files from file://
html_copy_source = True  # the button that downloads a lecture
# A plain field for the search, which works without scripts and has one name for everybody.
html_sidebars = {"**": ["navbar-logo.html", "search-field.html", "sbt-sidebar-nav.html"]}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navbar_start": [],
    "navbar_persistent": [],  # the search stands in the sidebar
}
