"""Divide a folder of class folders into training, validation and test pictures.

The three parts never share a picture, each class is divided in the same proportions, and the same
seed gives the same division on every machine.
"""

import csv
import hashlib
import json
import math
import os
import random
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice
from numbers import Integral, Real
from pathlib import Path

from utils.datasets import named_as_picture

SIDES = ("train", "validation", "test")
COLUMNS = ("split", "class", "file", "bytes")
SETTINGS = "split.json"  # marks a folder as made here and says from what
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # left behind by file browsers


@dataclass(frozen=True)
class Split:
    """Where the three parts of a split are, and how many pictures each class has in them."""

    train: Path
    validation: Path
    test: Path
    manifest: Path
    counts: dict[str, dict[str, int]]  # counts["train"]["Cat"]


def pictures_by_class(directory):
    """List the pictures of a folder that holds one folder per class.

    Args:
        directory: the folder; each folder in it is one class (hidden ones are passed over).

    Returns:
        A dict from class name to its list of picture paths, both in sorted order whatever the
        order in the file system. Files that are not pictures by their suffix are left out.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no class folders.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(
            f"There is no folder {directory}. Check the path, or fetch the data set first."
        )
    with os.scandir(directory) as entries:
        names = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    if not names:
        raise ValueError(
            f"{directory} holds no class folders. Expected one folder per class, "
            f"such as {directory / 'cats'} and {directory / 'dogs'}."
        )
    return {name: _pictures(directory / name) for name in names}


def split_directory(source, target, *, ratio=(4, 2, 1), per_class=None, seed=0):
    """Split a folder of class folders into training, validation and test folders.

    The pictures are hard links where the file system allows it (they take no space), copies
    otherwise; treat them as read-only. Pictures with identical content, even under two classes,
    always land on one side, training first: validation and test measure on pictures that the
    network has never seen. A second call with the same arguments and an unchanged source
    returns at once; anything else rebuilds the split from scratch.

    Args:
        source: folder with one folder per class.
        target: folder to make; gets `train`, `validation` and `test`, each with the class
            folders, and `manifest.csv` with the columns split, class, file, bytes.
        ratio: parts for training, validation and testing; one of the last two, or both, may
            be 0, which leaves that folder out. 1,750 pictures at (4, 2, 1) give 1,000, 500, 250.
        per_class: how many pictures to take of each class, chosen by the seed; None takes all.
            A smaller choice is always contained in a larger one.
        seed: decides which picture goes where.

    Returns:
        A `Split` with the paths and `counts[side][class]`.

    Raises:
        FileNotFoundError: if the source is missing.
        FileExistsError: if the target exists and was not made here, or holds files of yours.
        ValueError: if a class is empty or too small, or an argument makes no sense.
    """
    source, target = Path(source), Path(target)
    _check_arguments(ratio, per_class)
    _check_apart(source, target)
    classes = pictures_by_class(source)
    for name, files in classes.items():
        if not files:
            raise ValueError(
                f"The class folder {source / name} holds no pictures. Add some, or remove it."
            )
        if per_class is not None and per_class > len(files):
            raise ValueError(
                f"per_class={per_class} is more than class {name!r} has: {len(files)} pictures. "
                f"Ask for at most {min(map(len, classes.values()))}."
            )
    states = {file: file.stat() for files in classes.values() for file in files}
    settings = {
        "made_by": "utils.splits",
        "source": str(source.resolve()),
        "ratio": [float(part) for part in ratio],
        "per_class": per_class and int(per_class),
        "seed": str(seed),
        "contents": _fingerprint(source, states),
    }
    if _is_current(target, settings):
        return _read_split(target)

    from filelock import FileLock

    home = target.resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    # Two notebooks may ask for the same split at the same moment: the second one waits.
    with FileLock(home.with_name(f".{home.name}.split-lock")):
        if not _is_current(target, settings):
            _check_replaceable(target)
            chosen = {name: _choose(files, per_class, seed) for name, files in classes.items()}
            sides = _assign(chosen, states, ratio)
            _build(home, sides, states, settings)
    return _read_split(target)


def _pictures(folder):
    with os.scandir(folder) as entries:
        names = (e.name for e in entries if e.is_file() and named_as_picture(e.name))
        return [folder / name for name in sorted(names)]


def _check_arguments(ratio, per_class):
    parts = list(ratio) if isinstance(ratio, (tuple, list)) else []
    numbers = all(isinstance(p, Real) and 0 <= p < math.inf for p in parts)
    if len(parts) != 3 or not numbers or parts[0] == 0:
        raise ValueError(
            f"ratio={ratio!r} should be three numbers, the parts for training, validation and "
            "testing, such as (4, 2, 1), or (2, 1, 0) for no test pictures."
        )
    if per_class is not None and (not isinstance(per_class, Integral) or per_class < 1):
        raise ValueError(f"per_class={per_class!r} should be a whole number above 0, or None.")


def _check_apart(source, target):
    one, other = source.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise ValueError(
            f"The target {target} and the source {source} lie inside one another. "
            "Choose a target beside the source."
        )


def _fingerprint(source, states):
    """Digest of every picture's name, size and time of change: enough to notice a new source."""
    digest = hashlib.sha256()
    for file, state in states.items():
        line = f"{file.relative_to(source)}\0{state.st_size}\0{state.st_mtime_ns}\n"
        digest.update(os.fsencode(line))
    return digest.hexdigest()


def _choose(files, per_class, seed):
    """Shuffle the pictures of one class; the first `per_class` of them are taken."""
    files = list(files)
    # The name of the class goes into the seed, so a class is shuffled the same way whatever
    # other classes stand beside it.
    random.Random(f"{seed}/{files[0].parent.name}").shuffle(files)
    return files[:per_class]


def _assign(chosen, states, ratio):
    """Give each picture its side: `sides[file] == "train"`."""
    room = {name: _quotas(len(files), ratio) for name, files in chosen.items()}
    sides = {}

    def place(files, side):
        for file in files:
            sides[file] = side
            room[file.parent.name][side] -= 1

    for copies in _duplicates([f for files in chosen.values() for f in files], states):
        needed = Counter(file.parent.name for file in copies)
        fits = [s for s in SIDES if all(room[name][s] >= k for name, k in needed.items())]
        # Copies that fit nowhere stay together all the same, where most room is left.
        roomiest = max(SIDES, key=lambda side: sum(room[name][side] for name in needed))
        place(copies, fits[0] if fits else roomiest)
    for name, files in chosen.items():
        single = [file for file in files if file not in sides]
        left = _quotas(len(single), [max(room[name][side], 0) for side in SIDES])
        rest = iter(single)
        for side in SIDES:
            place(list(islice(rest, left[side])), side)

    filled = {(file.parent.name, side) for file, side in sides.items()}
    for name, files in chosen.items():
        for side, part in zip(SIDES, ratio, strict=True):
            if part and (name, side) not in filled:
                raise ValueError(
                    f"Class {name!r} has too few different pictures ({len(files)} in all) to "
                    f"give {side} any. Take more pictures, or a ratio without that part."
                )
    return sides


def _quotas(count, ratio):
    """Divide `count` in proportion, by largest remainder; no part above 0 goes away empty."""
    shares = [count * part / (sum(ratio) or 1) for part in ratio]
    quotas = [math.floor(share) for share in shares]
    by_remainder = sorted(range(3), key=lambda i: quotas[i] - shares[i])
    for i in by_remainder[: count - sum(quotas)]:
        quotas[i] += 1
    for i, part in enumerate(ratio):
        largest = quotas.index(max(quotas))
        if part and not quotas[i] and quotas[largest] > 1:
            quotas[i] += 1
            quotas[largest] -= 1
    return dict(zip(SIDES, quotas, strict=True))


def _duplicates(files, states):
    """Groups of files with identical content. Only files that share their size are read."""
    by_size = defaultdict(list)
    for file in files:
        by_size[states[file].st_size].append(file)
    by_content = defaultdict(list)
    for size, alike in by_size.items():
        for file in alike if len(alike) > 1 else ():
            with open(file, "rb") as stream:
                by_content[size, hashlib.file_digest(stream, "sha256").digest()].append(file)
    return [copies for copies in by_content.values() if len(copies) > 1]


def _is_current(target, settings):
    """True if the target is the split that these settings describe, with every file in place."""
    try:
        if json.loads((target / SETTINGS).read_text(encoding="utf-8")) != settings:
            return False
        expected = {(r["split"], r["class"], r["file"]): int(r["bytes"]) for r in _rows(target)}
        found = {
            (side, name, file.name): file.stat().st_size
            for side in sorted({side for side, _, _ in expected})
            for name, files in pictures_by_class(target / side).items()
            for file in files
        }
    except (OSError, ValueError, KeyError):
        return False
    return found == expected


def _check_replaceable(target):
    """Refuse to replace anything that `split_directory` did not put there itself."""
    if not target.exists():
        return
    advice = "Choose another target, or move it away yourself."
    if not target.is_dir():
        raise FileExistsError(f"The target {target} is a file. {advice}")
    present = {f for f in target.rglob("*") if not f.is_dir() and f.name not in LITTER}
    if not present:
        return
    try:
        made_here = json.loads((target / SETTINGS).read_text("utf-8"))["made_by"] == "utils.splits"
        ours = {target / r["split"] / r["class"] / r["file"] for r in _rows(target)}
    except (OSError, ValueError, KeyError, TypeError):
        made_here, ours = False, set()
    if not made_here:
        raise FileExistsError(
            f"The target {target} already holds files that no split put there. {advice}"
        )
    foreign = present - ours - {target / SETTINGS, target / "manifest.csv"}
    if foreign:
        raise FileExistsError(
            f"The split in {target} has to be rebuilt, but holds a file that is not part of it: "
            f"{min(foreign)}. Move that file away and try again."
        )


def _build(home, sides, states, settings):
    """Make the split in a folder beside the target and rename it: never half a split."""
    partial, old = (
        home.with_name(f".{home.name}.split-partial"),
        home.with_name(f".{home.name}.split-old"),
    )
    shutil.rmtree(partial, ignore_errors=True)  # what an interrupted call may have left
    shutil.rmtree(old, ignore_errors=True)
    try:
        rows = sorted(
            (SIDES.index(side), file.parent.name, file.name, file) for file, side in sides.items()
        )
        for folder in sorted({Path(SIDES[i], name) for i, name, _, _ in rows}):
            (partial / folder).mkdir(parents=True)
        with open(partial / "manifest.csv", "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for i, class_name, name, file in rows:
                _link(file, partial / SIDES[i] / class_name / name)
                writer.writerow([SIDES[i], class_name, name, states[file].st_size])
        (partial / SETTINGS).write_text(json.dumps(settings, indent=1), encoding="utf-8")
        if home.exists():
            home.rename(old)
        partial.rename(home)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _link(file, place):
    try:
        os.link(file.resolve() if file.is_symlink() else file, place)
    except OSError:  # another disk, or a file system without hard links
        shutil.copy2(file, place)


def _rows(target):
    with open(target / "manifest.csv", newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _read_split(target):
    rows = _rows(target)
    found = Counter((row["split"], row["class"]) for row in rows)
    names = sorted({row["class"] for row in rows})
    counts = {side: {name: found[side, name] for name in names} for side in SIDES}
    return Split(*(target / side for side in SIDES), target / "manifest.csv", counts)
