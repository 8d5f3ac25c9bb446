"""Write recorded numbers into the prose: ``python benchmarks/record_numbers.py``.

A number that a text quotes from the record is a link to it, and the link's title says which number
it is: ``[83.5 ± 1.2 %](../benchmarks/results/week1_sample.json "validation_accuracy")``. This
script puts the record's present value in the place of the link's text, in the lectures, the READMEs
and the instructor guide; a test fails where the two differ. After the name may stand a form:
`mean`, `least`, `greatest`, or `range` for the last two; without one it is mean ± spread. The name
`runs` is the number of runs. Names with "accuracy" and names that end in "share" lie between 0 and
1, and are written in per cent.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(
    r'\[([^\[\]]*)\]\(([^)\s]*benchmarks/results/|results/)(\w+)\.json (\\?)"([^"\\]+)\\?"\)'
)
FORMS = {
    "": "{mean} ± {spread}",
    "mean": "{mean}",
    "least": "{least}",
    "greatest": "{greatest}",
    "range": "{least} to {greatest}",
}


def written(record, title):
    """Write one recorded number as a text quotes it.

    >>> record = {"runs": [1, 2], "summary": {"test_accuracy": {"mean": 0.857, "spread": 0.0092}}}
    >>> written(record, "test_accuracy"), written(record, "runs")
    ('85.7 ± 0.9 %', '2')

    Args:
        record: content of a file in ``benchmarks/results``.
        title: name of a number, and perhaps a form.

    Raises:
        ValueError: the record has no such number, or there is no such form.
    """
    name, _, form = title.partition(" ")
    if name == "runs":
        return str(len(record["runs"]))
    if name not in record.get("summary", {}):
        raise ValueError(f"{name} is not recorded; there are {', '.join(record['summary'])}")
    if form not in FORMS:
        raise ValueError(f"{form!r} is no form; there are {', '.join(filter(None, FORMS))}")
    per_cent = "accuracy" in name or name.endswith("share")
    scale = 100 if per_cent else 1
    shown = {k: _shown(scale * value) for k, value in record["summary"][name].items()}
    return FORMS[form].format(**shown) + (" %" if per_cent else "")


def _shown(value):
    """One decimal; none from 1,000."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}"


def rewritten(text, folder):
    """Return a text with the present values of the record, and what is wrong with it.

    Args:
        text: content of a Markdown file, or of a notebook as it stands in its file.
        folder: folder with the records.

    Returns:
        (text, list of sentences about links that lead to nothing).
    """
    wrong = []

    def replace(match):
        old, before, file, escape, title = match.groups()
        path = Path(folder) / f"{file}.json"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            new = written(record, title)
        except (OSError, ValueError) as error:
            wrong.append(f"{file}, {title}: {error}")
            return match[0]
        return f'[{new}]({before}{file}.json {escape}"{title}{escape}")'

    return LINK.sub(replace, text), wrong


def texts(root=ROOT):
    """The files that quote recorded numbers."""
    notebooks = [*root.glob("week*/week*_*.ipynb")]
    guide = root.glob("instructor/*.md")
    return sorted({*notebooks, root / "README.md", *root.glob("*/README.md"), *guide})


def main():
    status = 0
    for path in texts():
        old = path.read_text(encoding="utf-8")
        new, wrong = rewritten(old, ROOT / "benchmarks" / "results")
        for sentence in wrong:
            print(f"{path.relative_to(ROOT)}: {sentence}")
            status = 1
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written anew")
    return status


if __name__ == "__main__":
    sys.exit(main())
