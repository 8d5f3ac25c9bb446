"""A lecture's numbers and claims: shown to its reader, and readable for programs.

A lecture ends with two cells. `results` gives its headline numbers, `judge` compares what it claims
with what was seen. Both travel in the notebook's outputs, where `collect` finds them again.
"""

import html
import json
from dataclasses import asdict, dataclass
from math import isfinite
from numbers import Real

from utils import gates
from utils.paths import ROOT

JSON_TYPE = "application/json"
RECORDS = ROOT / "benchmarks" / "results"


# ---------------------------------------------------------------- numbers


class Results(dict):
    """Numbers by name, shown as a table in a notebook and readable for programs."""

    def _rows(self):
        return [(name.replace("_", " "), _as_text(name, value)) for name, value in self.items()]

    def __repr__(self):
        width = max((len(name) for name, _ in self._rows()), default=0)
        return "\n".join(f"{name:<{width}}  {text}" for name, text in self._rows())

    def _ipython_display_(self):
        from IPython.display import display

        cells = "".join(
            f'<tr><td style="text-align:left">{html.escape(name)}</td>'
            f'<td style="text-align:right">{html.escape(text)}</td></tr>'
            for name, text in self._rows()
        )
        display({"text/plain": repr(self), "text/html": f"<table>{cells}</table>"}, raw=True)
        # An output of its own: JupyterLab prefers JSON, as a tree, to a table in the same output.
        numbers = {JSON_TYPE: dict(self), "text/plain": "(the same as JSON)", "text/html": ""}
        display(numbers, raw=True, metadata={JSON_TYPE: {"expanded": False}})


def results(*, source, train_accuracy, validation_accuracy, **more):
    """Give the headline numbers of a lecture, as the last value of its cell tagged `results`.

    Args:
        source: "sample" or "real", as `fetch(...).source` says.
        train_accuracy: accuracy on the training pictures, between 0 and 1.
        validation_accuracy: accuracy on the validation pictures, between 0 and 1.
        **more: further numbers or texts; names that hold "accuracy" are shown in per cent.

    Returns:
        Results, a dict that a notebook shows as a table.

    Raises:
        ValueError: an accuracy is not between 0 and 1, something is neither number nor text, or
            there is no such source.

    >>> results(source="sample", train_accuracy=0.99, validation_accuracy=0.856, pictures=1200)
    source               sample
    train accuracy       99.0 %
    validation accuracy  85.6 %
    pictures             1,200
    """
    accuracies = {"train_accuracy": train_accuracy, "validation_accuracy": validation_accuracy}
    numbers = {"source": _source(source)}
    for name, value in (accuracies | more).items():
        numbers[name] = value = _plain(name, value)
        if "accuracy" in name and (isinstance(value, (bool, str)) or not 0 <= value <= 1):
            raise ValueError(f"{name} is {value}, but an accuracy lies between 0 and 1.")
    return Results(numbers)


def _source(value):
    if value not in ("sample", "real"):
        raise ValueError(f'source={value!r:.60} should be "sample" or "real".')
    return value


def _plain(name, value):
    """Turn a number of NumPy or TensorFlow into one of Python."""
    value = value.numpy() if hasattr(value, "numpy") else value
    value = value.item() if getattr(value, "size", None) == 1 else value
    if not isinstance(value, (bool, int, float, str)):
        kind = type(value).__name__
        raise ValueError(f"{name} should be one number or a text, not a value of type {kind}.")
    return value


def _as_text(name, value):
    """Write an accuracy in per cent, seconds with their unit, other numbers briefly."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if "accuracy" in name:
        return f"{100 * value:.1f} %"
    if name.endswith("seconds"):
        return f"{value:.0f} s"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


# ---------------------------------------------------------------- claims


@dataclass(frozen=True)
class Claim:
    """A sentence of the lesson, the number that was seen for it, and the band it should lie in."""

    sentence: str
    seen: float | bool
    at_least: float | None
    at_most: float | None

    @property
    def holds(self):
        """Whether the number lies in the band; one that is not a number (NaN) never does."""
        if isinstance(self.seen, bool):
            return self.seen
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= self.seen <= high


def claim(sentence, seen, *, at_least=None, at_most=None):
    """State something that the lesson claims, with the number that this run saw for it.

    Args:
        sentence: the claim in words; the record knows it by them.
        seen: a number; or True or False for what can only be so or not.
        at_least: smallest number for which the claim holds, or None.
        at_most: largest number for which it holds, or None.

    Returns:
        Claim.

    Raises:
        ValueError: a number without a band, True or False with one, or a band that is none.

    >>> claim("the two accuracies part", 0.14, at_least=0.07).holds
    True
    """
    seen = _plain(sentence, seen)
    bounded = at_least is not None or at_most is not None
    if isinstance(seen, str) or isinstance(seen, bool) == bounded:
        raise ValueError(f"{sentence!r} needs a number with a band, or True or False without one.")
    if not isinstance(sentence, str) or not sentence.strip():
        raise ValueError(f"A claim is a sentence, not {sentence!r:.60}.")
    ends = [end for end in (at_least, at_most) if end is not None]
    plain = all(isinstance(end, Real) and not isinstance(end, bool) for end in ends)
    if not plain or not all(map(isfinite, ends)) or ends != sorted(ends):
        raise ValueError(
            f"{sentence!r}: at_least={at_least!r:.40} and at_most={at_most!r:.40} should be "
            "numbers, the former not above the latter."
        )
    return Claim(sentence, seen, at_least, at_most)


class Verdict(tuple):
    """Lines about claims, shown as text; the claims themselves travel as the output's metadata."""

    def __new__(cls, lines, claims):
        verdict = super().__new__(cls, lines)
        verdict.claims = claims
        return verdict

    def __repr__(self):
        return "\n".join(self)

    def _repr_mimebundle_(self, **_):
        claims = [asdict(claim) | {"holds": claim.holds} for claim in self.claims]
        return {"text/plain": repr(self)}, {"claims": claims}


def judge(week, source, *claims):
    """Compare a lesson's claims with what was seen, as the last value of its cell tagged `claims`.

    A claim that does not hold stops nothing: one line names it, says what was seen here, and what
    the recorded runs saw (`benchmarks/results`).

    Args:
        week: number of the week.
        source: "sample" or "real"; each has a record of its own.
        *claims: as `claim` makes them.

    Returns:
        Verdict, lines of text.

    Raises:
        TypeError: there are no claims, or something else among them.
        ValueError: there is no such source, or the week is no number.
    """
    week, source = gates.week(week), _source(source)
    if not claims or not all(isinstance(one, Claim) for one in claims):
        raise TypeError(
            "Give claims one by one, judge(week, source, claim(…), claim(…)), not in a list."
        )
    failed = [claim for claim in claims if not claim.holds]
    if not failed:
        return Verdict([f"All {len(claims)} claims of this lesson hold on this machine."], claims)
    file = RECORDS / f"week{week}_{source}.json"
    record = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    lines = [f"{len(failed)} of {len(claims)} claims do not hold on this machine:"]
    for claim in failed:
        told = _on_record(record.get("claims", {}).get(claim.sentence))
        lines.append(f"- {in_words(asdict(claim))}; {told}.")
    return Verdict(lines, claims)


def in_words(claim):
    """Write a claim, given as a dict, with what was seen for it, in one line."""
    bounds = {"at least": claim["at_least"], "at most": claim["at_most"]}
    band = " and ".join(f"{word} {b:.4g}" for word, b in bounds.items() if b is not None)
    if not band:
        return f"{claim['sentence']}: not so here"
    return f"{claim['sentence']}: {claim['seen']:.4g} here, expected {band}"


def _on_record(record):
    """Say in a few words what the recorded runs saw for a claim; `record` may be None."""
    if record is None:
        return "no runs of it are recorded"
    held = f"held in {record['held']} of {record['runs']} recorded runs"
    return (
        held if "mean" not in record else f"{record['mean']:.4g} ± {record['spread']:.2g}, {held}"
    )


# ---------------------------------------------------------------- what other runs saw


def recorded(record, name):
    """Return what the recorded runs saw for a number.

    Args:
        record: name of a file in ``benchmarks/results``, such as "week2_sample".
        name: name of a number in its runs.

    Returns:
        float64 array (runs,), one value for each run that has this number; empty where nothing is
        recorded.

    Raises:
        TypeError: a name is no text.
    """
    if not isinstance(record, str) or not isinstance(name, str):
        raise TypeError(
            f'Give two names, such as "week2_sample", not {record!r:.40}, {name!r:.40}.'
        )
    import numpy as np

    file = RECORDS / f"{record}.json"
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.is_file() else []
    return np.array([run[name] for run in runs if name in run], dtype=float)


# ---------------------------------------------------------------- in a notebook's outputs


def collect(notebook):
    """Return what an executed notebook's outputs hold: its numbers by name, and `claims`.

    Args:
        notebook: as nbformat reads it.

    Returns:
        dict; `claims` is a list of dicts with `sentence`, `seen`, `at_least`, `at_most`, `holds`.
        Numbers and claims are left out where the notebook has not come so far.
    """
    found = {}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        for output in cell.get("outputs", []):
            if "results" in tags:
                found |= output.get("data", {}).get(JSON_TYPE, {})
            if "claims" in tags and "claims" in output.get("metadata", {}):
                found["claims"] = [_as_sent(claim) for claim in output["metadata"]["claims"]]
    return found


def _as_sent(claim):
    """Return a claim as it was before its way through JSON, which has no NaN: it comes as text."""
    seen = claim["seen"]
    return dict(claim) | {"seen": float(seen) if isinstance(seen, str) else seen}
