"""Write the lectures as slides: reveal.js pages that need no network, in build/slides.

    .venv/bin/python site/slides.py 1 3

The metadata of a cell say what becomes of it, under "slideshow": `slide_type` as in Jupyter
("slide", "subslide", "fragment", "-", "skip"); `show` ("code" or "output") where not both are
wanted; `notes`, what the speaker says. What does not fit goes on to the next slide below.
"""

import base64
import io
import re
import shutil
import sys
from math import ceil
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from PIL import Image
from traitlets.config import Config

SITE = Path(__file__).resolve().parent
sys.path.insert(0, str(SITE.parent))

from utils import course  # noqa: E402

BUILD = course.ROOT / "build" / "slides"
SCRIPTS = Path(sys.prefix) / "web" / "node_modules"  # as the Makefile fetches them

# The room on a slide of 1280 x 720 and what takes it, in pixels, as slides.css has it.
HEIGHT, WIDTH = 640, 1176
CODE_LINE = 23
LARGEST = 1.7  # times its size: how far a picture may grow
SMALLEST = 0.6  # of the height that it would take: how far it may shrink to share a slide


# ---------------------------------------------------------------- how much room a piece takes


def text_height(block):
    """Pixels that a block of Markdown takes, estimated from its characters."""
    if block.startswith("#"):
        return 64 * ceil(len(block) / 48)
    if block.startswith("```"):
        return CODE_LINE * block.count("\n") + 24
    if block.startswith("|"):
        return 44 * block.count("\n") + 30
    return 34 * ceil(len(block) / 80) + (8 if is_item(block) else 15)


def picture_height(output):
    """Pixels of an output's picture when it is as wide as a slide, or as `LARGEST` lets it grow."""
    with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as picture:
        return picture.height * min(LARGEST, WIDTH / picture.width)


def output_height(output):
    """Pixels that an output without a picture takes; a quiz or an explorer takes them all."""
    data = output.get("data", {})
    if "application/javascript" in data or "<iframe" in data.get("text/html", ""):
        return HEIGHT
    text = output.get("text") or data.get("text/plain", "")
    return CODE_LINE * sum(ceil(len(line) / 100) for line in text.splitlines()) + 12


# ---------------------------------------------------------------- from cells to pieces


def is_item(block):
    return bool(re.match(r"[-*] |\d\. ", block))


def blocks(markdown):
    """Cut Markdown into what stays whole: paragraphs, items of lists, code.

    What is not for a slide goes: answers folded away, the heading before the lecture's numbers,
    links to files of the course.
    """
    markdown = re.sub(
        r"<details>.*?</details>|^#+ For the record.*", "", markdown, flags=re.DOTALL | re.MULTILINE
    )
    markdown = re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", markdown)
    found = []
    for part in re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE):
        if part.startswith("```"):
            found.append(part)
        else:
            found += re.split(r"\n\s*\n|\n(?=[-*] |\d\. )", part)
    return [block.strip("\n") for block in found if block.strip()]


def join(blocks):
    """Put blocks of Markdown together again, items of one list without a gap."""
    text = blocks[0]
    for before, block in zip(blocks, blocks[1:], strict=False):
        text += ("\n" if is_item(before) and is_item(block) else "\n\n") + block
    return text


def text_pieces(cell, room):
    """Cut a Markdown cell into (cell, pixels), about equally high where one slide is too small."""
    waiting, height = [], 0
    parts = blocks(cell.source)
    whole = sum(map(text_height, parts))
    most = room if whole <= room else min(HEIGHT, 1.1 * whole / ceil(whole / HEIGHT))
    for block in parts:
        alone = [part for part in waiting if not part.startswith("#")]
        if alone and (height + text_height(block) > most or block.startswith("## ")):
            lead_in = [waiting.pop()] if is_item(block) and not is_item(waiting[-1]) else []
            yield nbformat.v4.new_markdown_cell(join(waiting)), height
            waiting, height = lead_in, sum(map(text_height, lead_in))
        waiting.append(block)
        height += text_height(block)
    if waiting:
        yield nbformat.v4.new_markdown_cell(join(waiting)), height


def code_pieces(cell):
    """Cut a code cell into (cell, pixels): the code, what was printed, each picture."""
    show = cell.metadata.slideshow.get("show")
    if show != "output":
        code = nbformat.v4.new_code_cell(cell.source)
        yield code, CODE_LINE * len(cell.source.splitlines()) + 30
    outputs = [out for out in cell.outputs if out.get("name") != "stderr" and show != "code"]
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    if texts := [out for out in outputs if out not in pictures]:
        shown = nbformat.v4.new_code_cell(outputs=texts, metadata={"tags": ["no-code"]})
        yield shown, min(HEIGHT, sum(map(output_height, texts)))
    for picture in pictures:
        metadata = {"tags": ["no-code"], "mystnb": cell.metadata.mystnb}
        shown = nbformat.v4.new_code_cell(outputs=[picture], metadata=metadata)
        yield shown, min(HEIGHT, picture_height(picture) + 10)


# ---------------------------------------------------------------- from pieces to slides


def least_height(cut):
    """Pixels that a piece needs at least: a picture can shrink, text cannot."""
    piece, height = cut
    return SMALLEST * height if "mystnb" in piece.metadata else height


def lay_out(lecture):
    """Turn a lecture into the notebook that becomes its slides.

    Args:
        lecture: a notebook object with `slideshow` in the metadata of every cell.

    Returns:
        A notebook object: the pieces of the cells, notes after them, each with a `slide_type`.
    """
    slides, used = [], 0
    for cell in lecture.cells:
        plan = cell.metadata.slideshow
        if plan.slide_type == "skip":
            continue
        room = HEIGHT if plan.slide_type in ("slide", "subslide") else HEIGHT - used
        markdown = cell.cell_type == "markdown"
        cut = list(text_pieces(cell, room) if markdown else code_pieces(cell))
        together = not markdown and room < sum(map(least_height, cut)) <= HEIGHT
        for number, (piece, height) in enumerate(cut):
            kind = plan.slide_type if number == 0 else "-"
            if number and piece.source.startswith("## "):
                kind = "slide"
            elif kind in ("-", "fragment") and used:
                needed = sum(map(least_height, cut if together else cut[number : number + 1]))
                if used + needed > HEIGHT and not (together and number):
                    kind = "subslide"
            used = 0 if kind in ("slide", "subslide") else used
            piece.metadata["slideshow"] = {"slide_type": kind}
            piece.metadata["room"] = min(height, HEIGHT - used)
            used += piece.metadata["room"]
            slides.append(piece)
        if "notes" in plan:
            notes = nbformat.v4.new_markdown_cell(plan.notes)
            notes.metadata["slideshow"] = {"slide_type": "notes"}
            slides.append(notes)
    return nbformat.v4.new_notebook(cells=slides, metadata=lecture.metadata)


def limit_pictures(slides):
    """Let every picture grow to the room that was left for it, and not beyond."""
    for cell in slides.cells:
        for output in cell.get("outputs", ()):
            if (html := output.get("data", {}).get("text/html", "")).startswith("<img "):
                style = f'<img style="height:{cell.metadata.room:.0f}px" '
                output.data["text/html"] = html.replace("<img ", style, 1)


def write(week, lecture):
    """Write the slides of a week; return the page's path."""
    slides = lay_out(nbformat.read(lecture, as_version=4))
    course.describe_pictures(slides)
    limit_pictures(slides)
    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(SITE / "templates")],
        reveal_url_prefix="assets/reveal",
        reveal_theme="white",
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config=Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {"no-code"}}),
    )
    title = f"Week {week} · {course.weeks()[week]['title']}"
    page, _ = exporter.from_notebook_node(slides, {"metadata": {"name": title}})
    path = BUILD / f"week{week}.html"
    path.write_text(page, encoding="utf-8")
    return path


if __name__ == "__main__":
    assets = BUILD / "assets"
    shutil.rmtree(assets, ignore_errors=True)
    for folder in ("dist", "plugin/notes"):
        shutil.copytree(SCRIPTS / "reveal.js" / folder, assets / "reveal" / folder)
    shutil.copy(SCRIPTS / "mathjax" / "es5" / "tex-svg.js", assets)
    for week, lecture in course.find_lectures(chosen=sys.argv[1:]).items():
        print(write(week, lecture).relative_to(course.ROOT))
