"""Grade a folder of notebooks: ``python -m instructor.grade FOLDER`` (or ``make grade``).

Each submission is run by ``one.py`` in a process of its own, in a temporary copy of what it
needs, with limits of time, memory and output. See grading.md: **student code is not sandboxed**.
"""

import argparse
import csv
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil

ROOT = Path(__file__).resolve().parent.parent
ONE = Path(__file__).with_name("one.py")
NEEDED = ("utils", "data/samples", "data/pretrained", "data/photos", "benchmarks/results")
KEPT_BACK = ("_solution.ipynb", "_exercise.ipynb", "_lecture.ipynb", "_answers.py")
LARGEST = 20_000_000  # bytes of a submitted notebook
FROM_THE_NETWORK = re.compile(r"""<script[^>]*src=["']https?://[^>]*>\s*</script>""")
BELIEF = "The belief that often leads here:"


@dataclass(frozen=True)
class Assignment:
    """An exercise, in memory: no submission can change it for the next.

    Attributes:
        week_folder: name of its folder, which is nbgrader's name for it, too.
        notebook: the name of the notebook, without suffix.
        tasks: dict from the name of each graded cell to its points.
        course: dict from a path in the course's folder to bytes: what a submission gets a copy of.
        nbgrader: the same for nbgrader's own files.
    """

    week_folder: str
    notebook: str
    tasks: dict
    course: dict
    nbgrader: dict


@dataclass(frozen=True)
class Submission:
    """A learner's notebook, in memory."""

    learner: str
    file: str
    content: bytes


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    seconds: float = 900
    memory: int = 4_000_000_000  # bytes, all its processes together
    file: int = 500_000_000  # bytes of one file


@dataclass
class Grade:
    """What came out for a submission."""

    submission: Submission
    problem: str = ""
    tasks: dict = field(default_factory=dict)  # name: points
    by_hand: list = field(default_factory=list)  # names of cells that a person must grade
    deleted: list = field(default_factory=list)  # names of graded cells that were not handed in
    mistakes: list = field(default_factory=list)  # (task, key) of each mistake, once
    beliefs: dict = field(default_factory=dict)  # title of a task: sentence
    feedback: str = ""  # HTML
    seconds: float = 0.0

    @property
    def points(self):
        return sum(self.tasks.values())


# ---------------------------------------------------------------- what was handed in


def find_submissions(folder):
    """Read the notebooks of a folder: files named by learner, or one subfolder per learner.

    Returns:
        list of Submission, by learner. A subfolder may hold several weeks' notebooks: each is one.

    Raises:
        ValueError: there is no such folder, or nothing in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Give one: make grade SUBMISSIONS=folder")
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        files = [entry]
        if entry.is_dir():
            files = [file for file in sorted(entry.rglob("*")) if not _is_hidden(file, entry)]
            files = [file for file in files if file.is_file()]
            files = [file for file in files if file.suffix == ".ipynb"] or files[:1]
        learner = entry.name if entry.is_dir() else entry.stem
        found += [Submission(learner, str(f.relative_to(folder)), _read(f)) for f in files]
        if not files:
            found.append(Submission(learner, entry.name, b""))
    if not found:
        raise ValueError(f"{folder} is empty: put the notebooks there, named by learner.")
    return found


def _is_hidden(file, above):
    return any(part.startswith((".", "__")) for part in file.relative_to(above).parts)


def _read(file):
    """The bytes of a file; b"" of one that cannot be read, is a link or too large."""
    try:
        too_large = file.is_symlink() or file.stat().st_size > LARGEST
        return b"" if too_large else file.read_bytes()
    except OSError:
        return b""


def as_notebook(content):
    """Read a notebook.

    Raises:
        ValueError: it is none; the message says so.
    """
    try:
        notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        first = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise ValueError(f"This is not a notebook that can be read ({first}).") from error
    return notebook


def graded_cells(notebook):
    """Return the names of the graded cells of a notebook and their points, as a dict."""
    marks = [cell.metadata.get("nbgrader", {}) for cell in notebook.cells]
    return {m["grade_id"]: m.get("points", 0) for m in marks if m.get("grade") and "grade_id" in m}


# ---------------------------------------------------------------- the assignment


def solutions(course):
    """Return the paths of the solutions of a course, by name of the week's folder."""
    return {path.parent.name: path for path in sorted(course.glob("week*/week*_solution.ipynb"))}


def which_week(submissions, course):
    """Say which week's exercise most of the submissions are, by the names of their graded cells."""
    ids = {
        week: set(graded_cells(nbformat.read(path, as_version=4)))
        for week, path in solutions(course).items()
    }
    votes = Counter()
    for submission in submissions:
        with suppress(ValueError):
            cells = set(graded_cells(as_notebook(submission.content)))
            votes.update(week for week, known in ids.items() if cells & known)
    if not votes:
        raise ValueError(
            f"None of the notebooks is an exercise of {', '.join(ids) or 'this course'}. "
            "Give the week: make grade SUBMISSIONS=folder WEEK=1"
        )
    return votes.most_common(1)[0][0]


def choose(submissions, ids):
    """Keep one notebook a learner: the one that shares most graded cells with the assignment."""
    chosen = {}
    for submission in submissions:
        shared = -1
        with suppress(ValueError):
            shared = len(set(graded_cells(as_notebook(submission.content))) & set(ids))
        best = chosen.get(submission.learner)
        if best is None or shared > best[0]:
            chosen[submission.learner] = (shared, submission)
    return [submission for _, submission in chosen.values()]


def read_assignment(course, week_folder):
    """Read an exercise and all that its notebook needs.

    Returns:
        Assignment.

    Raises:
        ValueError: there is no such solution.
        RuntimeError: nbgrader refuses it; the message says why.
    """
    solution = solutions(course).get(week_folder)
    if solution is None:
        raise ValueError(
            f"There is no solution in {week_folder}, only in {list(solutions(course))}."
        )
    name = solution.stem.replace("_solution", "_exercise")
    beside = [
        f for f in solution.parent.rglob("*") if f.is_file() and not _is_hidden(f, solution.parent)
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source = root / "source" / week_folder
        for file in beside:
            if not file.name.endswith(KEPT_BACK):
                target = source / file.relative_to(solution.parent)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        source.mkdir(parents=True, exist_ok=True)
        shutil.copy(solution, source / f"{name}.ipynb")
        command = [sys.executable, ONE, root, week_folder]
        made = subprocess.run(command, env=_environment(root), capture_output=True, text=True)
        if made.returncode:
            raise RuntimeError(made.stderr.strip())
        nbgrader = _contents(root, [root / "source"])
        nbgrader["gradebook.db"] = (root / "gradebook.db").read_bytes()
    needed = [course / place for place in NEEDED]
    files = _contents(course, needed)
    files["pyproject.toml"] = (course / "pyproject.toml").read_bytes()
    return Assignment(
        week_folder, name, graded_cells(nbformat.read(solution, as_version=4)), files, nbgrader
    )


def _contents(above, folders):
    """The files of some folders: path from `above` to bytes."""
    files = [file for folder in folders for file in sorted(folder.rglob("*"))]
    return {
        file.relative_to(above).as_posix(): file.read_bytes()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


# ---------------------------------------------------------------- one submission


def grade(submission, assignment, limits=None):
    """Run and grade one submission; whatever it does, a Grade comes back.

    Returns:
        Grade: without points where its run was broken off, and `problem` says why.
    """
    began = time.perf_counter()
    result = Grade(submission)
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        try:
            handed_in = graded_cells(as_notebook(submission.content))
            found = _run(root, submission, assignment, limits or Limits())
            result.problem = found["problem"] or _elsewhere(root, assignment)
            if not result.problem:
                result.tasks = {name: points for name, (points, _) in found["tasks"].items()}
                result.deleted = [name for name in assignment.tasks if name not in handed_in]
                result.by_hand = [n for n in found["by_hand"] if n not in result.deleted]
                _read_answers(result, root, assignment)
        except ValueError as error:
            result.problem = str(error)
        except Exception as error:  # one submission must not end the grading of the others
            result.problem = f"Grading failed: {type(error).__name__}: {error}"
    if result.problem:
        result.tasks, result.by_hand = dict.fromkeys(assignment.tasks, 0), []
        result.feedback = _page(submission.learner, result.problem)
    result.seconds = time.perf_counter() - began
    return result


def _write(root, files):
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _course_copy(root):
    """Where the submission finds its copy of the course: one folder above its own."""
    return root / "autograded" / "learner"


def _run(root, submission, assignment, limits):
    """Run ``one.py``, watch it, and return what it found."""
    handed_in = f"submitted/learner/{assignment.week_folder}/{assignment.notebook}.ipynb"
    _write(root, assignment.nbgrader | {handed_in: submission.content})
    _write(_course_copy(root), assignment.course)
    token = uuid.uuid4().hex
    environment = _environment(root) | {"COURSE_GRADING": token}
    get, put = os.pipe()
    with (root / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, ONE, root, assignment.week_folder, str(put)],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(put,),
            start_new_session=True,
            preexec_fn=lambda: _limit_files(limits.file),
        )
    os.close(put)
    try:
        problem = _watch(process, limits)
    finally:
        _end(process, token)
        with os.fdopen(get, encoding="utf-8") as pipe:
            told = pipe.read()
    if problem:
        return {"problem": problem}
    if process.returncode or not told:
        lines = (root / "log.txt").read_text(errors="replace").strip().splitlines()
        return {"problem": f"Its run ended early. {lines[-1][:200] if lines else ''}".strip()}
    return json.loads(told)


def _environment(root):
    """The environment of a submission: nothing of the instructor's, and folders of its own."""
    for name in ("home", "tmp"):
        (root / name).mkdir(exist_ok=True)
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {
        "PATH": programs,  # nbgrader calls alembic by name
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_PROGRESS": str(root / "home" / "progress.json"),
    }


def _limit_files(most):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(process, limits):
    """Wait for the end; return why it was not waited for, or ""."""
    until = time.monotonic() + limits.seconds
    while process.poll() is None:
        if time.monotonic() > until:
            return f"It was not finished after {limits.seconds:g} seconds."
        if _memory(process.pid) > limits.memory:
            return f"It took more than {limits.memory / 1e9:g} GB of memory."
        time.sleep(0.2)
    return ""


def _memory(pid):
    total = 0
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        for each in [first, *first.children(recursive=True)]:
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _end(process, token):
    """End a submission's processes: its group, and those that carry its token elsewhere."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(3):  # one may be starting another
        for each in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if each.environ().get("COURSE_GRADING") == token:
                    each.kill()


def _elsewhere(root, assignment):
    """Say what a submission changed or wrote outside its own folder, or ""."""
    copy = _course_copy(root)
    for path, content in assignment.course.items():
        file = copy / path
        if not file.is_file() or file.read_bytes() != content:
            return f"It changed a file of the course: {path}."
    known = {path.split("/")[0] for path in assignment.course} | {assignment.week_folder, "build"}
    ours = {path.split("/")[0] for path in assignment.nbgrader}
    ours |= {"submitted", "autograded", "feedback", "home", "tmp", "log.txt", ".nbgrader.log"}
    for folder, allowed in ((copy, known), (root, ours), (root / "autograded", {"learner"})):
        if strange := sorted({entry.name for entry in folder.iterdir()} - allowed):
            return f"It wrote outside its own folder: {strange[0]}."
    added = set(_contents(copy, [copy / "utils"])) - set(assignment.course)
    return f"It wrote outside its own folder: {min(added)}." if added else ""


def _read_answers(result, root, assignment):
    """Read the feedback page, and which mistakes the checks have named."""
    page = root / "feedback" / "learner" / assignment.week_folder / f"{assignment.notebook}.html"
    result.feedback = FROM_THE_NETWORK.sub("", page.read_text(encoding="utf-8"))
    with suppress(OSError, ValueError, AttributeError):
        weeks = json.loads((root / "home" / "progress.json").read_text(encoding="utf-8"))
        for tasks in weeks.values():
            for task, entry in tasks.items():
                result.mistakes += [(task, str(key)) for key in entry.get("mistakes", {})]
    run = _course_copy(root) / assignment.week_folder / f"{assignment.notebook}.ipynb"
    for cell in nbformat.read(run, as_version=4).cells:
        for output in cell.get("outputs", []):
            if output.get("ename") == "Mistake":
                told = re.sub(r"\n  ", " ", output.get("evalue", "")).splitlines()
                title = told[0].removeprefix("✘ ").split(":")[0]
                beliefs = [line for line in told if line.startswith(BELIEF)]
                result.beliefs[title] = beliefs[0].removeprefix(BELIEF).strip() if beliefs else ""


def _page(learner, problem):
    return (
        "<!DOCTYPE html><html lang=en><meta charset=utf-8>"
        f"<title>{html.escape(learner)}</title><body style='font-family:sans-serif;margin:2em'>"
        f"<h1>{html.escape(learner)}</h1><p>No points: this notebook could not be graded.</p>"
        f"<p>{html.escape(problem)}</p></body></html>"
    )


# ---------------------------------------------------------------- the class


def write(grades, assignment, out):
    """Write grades.csv, feedback/<learner>.html and report.md into a new folder `out`.

    Returns:
        str: the report.
    """
    (out / "feedback").mkdir(parents=True)
    names = list(assignment.tasks)
    with (out / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            [
                "learner",
                "points",
                "of",
                *names,
                "by_hand",
                "deleted",
                "problem",
                "seconds",
                "file",
                "feedback",
            ]
        )
        pages = set()
        for result in grades:
            page = _file_name(result.submission.learner, pages)
            (out / "feedback" / page).write_text(result.feedback, encoding="utf-8")
            row = [
                result.submission.learner,
                f"{result.points:g}",
                f"{sum(assignment.tasks.values()):g}",
                *(f"{result.tasks.get(name, 0):g}" for name in names),
                " ".join(result.by_hand),
                " ".join(result.deleted),
                result.problem,
                f"{result.seconds:.1f}",
                result.submission.file,
                f"feedback/{page}",
            ]
            table.writerow([_harmless(cell) for cell in row])
    text = report(grades, assignment)
    (out / "report.md").write_text(text, encoding="utf-8")
    return text


def _file_name(learner, taken):
    """A file name that no other learner of this run has."""
    stem = re.sub(r"[^\w.-]+", "_", learner)[:80].strip(".") or "learner"
    name, number = f"{stem}.html", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}_{number}.html"
    taken.add(name.lower())
    return name


def _harmless(cell):
    """A spreadsheet would run a cell that begins so as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def report(grades, assignment):
    """Say how the class did, and which beliefs its mistakes come from, as Markdown."""
    graded = [result for result in grades if not result.problem]
    most = sum(assignment.tasks.values())
    lines = [f"# {assignment.week_folder}: {len(grades)} submissions", ""]
    if graded:
        mean = sum(result.points for result in graded) / len(graded)
        lines += [f"{len(graded)} could be graded: {mean:.1f} of {most:g} points on average.", ""]
    lines += ["| task | full points |", "|---|---|"]
    for name, points in assignment.tasks.items():
        full = sum(result.tasks.get(name, 0) >= points for result in graded)
        lines.append(f"| {name} | {full} of {len(graded)} |")
    counted = Counter(mistake for result in graded for mistake in result.mistakes)
    lines += ["", "## Mistakes of the class", ""]
    if counted:
        lines += ["| learners | task | mistake |", "|---|---|---|"]
        lines += [f"| {n} | {task} | {key} |" for (task, key), n in counted.most_common()]
    else:
        lines.append("The checks have named none.")
    believed = Counter(
        (title, belief) for result in graded for title, belief in result.beliefs.items() if belief
    )
    if believed:
        lines += ["", "## Beliefs behind them", "", "| learners | task | belief |", "|---|---|---|"]
        lines += [f"| {n} | {title} | {text} |" for (title, text), n in believed.most_common()]
    if failed := [result for result in grades if result.problem]:
        lines += ["", "## No points, because they could not be graded", ""]
        lines += [f"- {result.submission.learner}: {result.problem}" for result in failed]
    if deleted := [result for result in graded if result.deleted]:
        lines += ["", "## Graded cells that were deleted, and give no points", ""]
        lines += [f"- {r.submission.learner}: {', '.join(r.deleted)}" for r in deleted]
    if by_hand := [result for result in graded if result.by_hand]:
        lines += ["", "## To be read by a person", ""]
        lines += [f"- {r.submission.learner}: {', '.join(r.by_hand)}" for r in by_hand]
    return "\n".join(lines) + "\n"


def grade_all(folder, out, *, week=None, workers=2, limits=None, course=ROOT):
    """Grade all notebooks of a folder.

    Args:
        folder: of the submissions; see `find_submissions`.
        out: new folder to write to.
        week: number of the week, or None for that of most submissions.
        workers: how many are graded at the same time.
        limits: of each submission.
        course: the course's folder.

    Returns:
        list of Grade, by learner.

    Raises:
        ValueError: there is nothing to grade, or `out` is there already.
    """
    out = Path(out)
    if out.exists():
        raise ValueError(f"{out} is there already. Move it away, or give another by --out.")
    submissions = find_submissions(folder)
    if week is None:
        week_folder = which_week(submissions, course)
    else:
        week_folder = next(
            (f for f in solutions(course) if f.startswith(f"week{week}_")), f"week{week}"
        )
    assignment = read_assignment(course, week_folder)
    submissions = choose(submissions, assignment.tasks)
    with ThreadPoolExecutor(workers) as pool:
        grades = list(pool.map(lambda each: _told(grade(each, assignment, limits)), submissions))
    print(write(grades, assignment, out))
    return grades


def _told(result):
    outcome = result.problem or f"{result.points:g} points"
    print(f"{result.submission.learner}: {outcome} ({result.seconds:.0f} s)", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(
        description="Grade a folder of notebooks. Student code is not sandboxed: see grading.md."
    )
    parser.add_argument("folder", help="notebooks named by learner, or a subfolder per learner")
    parser.add_argument("--week", type=int, help="default: that of most notebooks")
    parser.add_argument("--out", type=Path, help="default: build/grading/<time>")
    parser.add_argument("--workers", type=int, default=2, help="at the same time (default: 2)")
    parser.add_argument("--minutes", type=float, default=15, help="for each (default: 15)")
    given = parser.parse_args()
    out = given.out or ROOT / "build" / "grading" / time.strftime("%Y-%m-%d_%H%M%S")
    limits = Limits(seconds=60 * given.minutes)
    try:
        grade_all(given.folder, out, week=given.week, workers=given.workers, limits=limits)
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"Written to {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
