"""Divide a folder of class folders into training, validation and test pictures.

The three parts never share a picture, each class is divided in the same proportions, and the same
seed gives the same division on every machine.
"""

import csv
import filecmp
import hashlib
import json
import math
import os
import random
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from numbers import Real
from pathlib import Path

from utils import gates, paths
from utils.hashes import sha256
from utils.pictures import named_as_picture

SIDES = ("train", "validation", "test")
COLUMNS = ["split", "class", "file", "bytes"]
MANIFEST = "manifest.csv"
SETTINGS = "split.json"  # marks a folder as made here and says from what


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
        directory: the folder, or a fetched `Dataset`; each folder in it is one class (hidden ones
            are passed over).

    Returns:
        A dict from class name to its list of picture paths, both in sorted order whatever the
        order in the file system. Files that are not pictures by their suffix are left out.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no class folders, or one of them holds no pictures: it would still
            take a label, and shift those of the classes after it.
        TypeError: if it is no folder, but a `Split` for example.
    """
    directory = paths.folder(directory)
    if not directory.is_dir():
        raise FileNotFoundError(
            f"There is no folder {directory}. Check the path, or fetch the data set first."
        )
    with os.scandir(directory) as entries:
        names = sorted(
            e.name for e in entries if not e.name.startswith(".") and _leads_to(e.is_dir)
        )
    if not names:
        raise ValueError(
            f"{directory} holds no class folders. Expected one folder per class, "
            f"such as {directory / 'cats'} and {directory / 'dogs'}."
        )
    classes = {name: _pictures(directory / name) for name in names}
    for name, files in classes.items():
        if not files:
            raise ValueError(
                f"The class folder {directory / name} holds no pictures. Add some, or remove it."
            )
        for text in (name, *(file.name for file in files)):
            if re.search("[\ud800-\udfff]", text):  # so Python writes bytes that are no Unicode
                raise ValueError(f"The name {ascii(text)} is no Unicode text: rename it first.")
    return classes


def split_directory(source, target, *, ratio=(4, 2, 1), per_class=None, seed=0):
    """Split a folder of class folders into training, validation and test folders.

    The pictures are hard links where the file system allows it (they take no space), copies
    otherwise; treat them as read-only. Pictures with identical content, even under two classes,
    always land on one side, training first: validation and test measure on pictures that the
    network has never seen. A second call with the same arguments and an unchanged source
    returns at once; anything else rebuilds the split from scratch.

    Args:
        source: folder with one folder per class, or a fetched `Dataset`.
        target: folder to make; gets `train`, `validation` and `test`, each with the class
            folders, and `manifest.csv` with the columns split, class, file, bytes.
        ratio: parts for training, validation and testing; one of the last two, or both, may
            be 0, which leaves that folder out. 1,750 pictures at (4, 2, 1) give 1,000, 500, 250.
            (0.7, 0.2, 0.1) means the same as (7, 2, 1).
        per_class: how many pictures to take of each class, chosen by the seed; None takes all.
            A smaller choice is always contained in a larger one.
        seed: decides which picture goes where, a whole number.

    Returns:
        A `Split` with the paths and `counts[side][class]`.

    Raises:
        FileNotFoundError: if the source is missing.
        FileExistsError: if the target exists and was not made here, or holds files of yours.
        ValueError: if a class is empty or too small, or an argument makes no sense.
        TypeError: if source or target is no folder.
        PermissionError: if the target cannot be written to.
        OSError: if the disk is full.
    """
    source, target = paths.folder(source, "source"), paths.folder(target, "target")
    parts, seed = _whole_parts(ratio), gates.seed(seed)
    if per_class is not None:
        per_class = gates.whole_number(per_class, "per_class", 1)
    _check_apart(source, target)
    classes = pictures_by_class(source)
    for name, files in classes.items():
        if per_class is not None and per_class > len(files):
            raise ValueError(
                f"per_class={per_class} is more than class {name!r} has: {len(files)} pictures. "
                f"Ask for at most {min(map(len, classes.values()))}."
            )
    states = {file: os.stat(file) for files in classes.values() for file in files}
    settings = {
        "made_by": "utils.splits",
        "source": str(source.resolve()),
        "ratio": parts,
        "per_class": per_class,
        "seed": str(seed),
        "contents": _fingerprint(states),
    }
    sizes = {name: per_class or len(files) for name, files in classes.items()}
    if split := _current(target, settings, sizes):
        return split

    from filelock import FileLock

    home = target.resolve()
    refused = "Choose another target, or free that file."
    with paths.writing(home.parent, "the split", "Free some and try again.", refused):
        home.parent.mkdir(parents=True, exist_ok=True)
        # Two notebooks may ask for the same split at the same moment: the second one waits.
        with FileLock(home.with_name(f".{home.name}.split-lock")):
            _restore(home)
            if split := _current(target, settings, sizes):
                return split
            _check_replaceable(target, source)
            chosen = {name: _choose(files, per_class, seed) for name, files in classes.items()}
            sides = _assign(chosen, states, parts)
            return _split(target, _build(home, sides, states, settings))


def _leads_to(is_kind):
    try:
        return is_kind()
    except OSError:  # a link that leads to itself
        return False


def _pictures(folder):
    with os.scandir(folder) as entries:
        names = (e.name for e in entries if named_as_picture(e.name) and _leads_to(e.is_file))
        return [folder / name for name in sorted(names)]


def _whole_parts(ratio):
    """Return the parts as the smallest whole numbers: (0.7, 0.2, 0.1) as [7, 2, 1].

    >>> _whole_parts((4, 2, 1)), _whole_parts((0.5, 0.25, 0.25))
    ([4, 2, 1], [2, 1, 1])
    """
    parts = list(ratio) if isinstance(ratio, (tuple, list)) else []
    numbers = all(
        isinstance(p, Real) and not isinstance(p, bool) and 0 <= p < math.inf for p in parts
    )
    if len(parts) != 3 or not numbers or parts[0] == 0:
        raise ValueError(
            f"ratio={ratio!r} should be three numbers, the parts for training, validation and "
            "testing, such as (4, 2, 1), or (2, 1, 0) for no test pictures."
        )
    exact = [Fraction(str(part)) for part in parts]  # what is written: 0.1 is a tenth
    scale = math.lcm(*(part.denominator for part in exact))
    whole = [int(part * scale) for part in exact]
    return [part // math.gcd(*whole) for part in whole]


def _check_apart(source, target):
    one, other = source.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise ValueError(
            f"The target {target} and the source {source} lie inside one another. "
            "Choose a target beside the source."
        )
    here = Path.cwd()
    if other == here or other in here.parents:
        raise ValueError(
            f"You are inside the target, {other}, which would be replaced. Choose another target, "
            "or start from another folder."
        )


def _class_of(file):
    """Name of a picture's class folder; of 25,000 pictures, `file.parent` would take a second."""
    return file.parts[-2]


def _fingerprint(states):
    """Digest of every picture's name, size and time of change: enough to notice a new source."""
    digest = hashlib.sha256()
    for file, state in states.items():
        inside = _class_of(file) + os.sep + file.name
        line = f"{inside}\0{state.st_size}\0{state.st_mtime_ns}\n"
        digest.update(os.fsencode(line))
    return digest.hexdigest()


def _choose(files, per_class, seed):
    """Shuffle the pictures of one class; the first `per_class` of them are taken."""
    files = list(files)
    # The name of the class goes into the seed, so a class is shuffled the same way whatever
    # other classes stand beside it.
    random.Random(f"{seed}/{_class_of(files[0])}").shuffle(files)
    return files[:per_class]


def _assign(chosen, states, ratio):
    """Give each picture its side: `sides[file] == "train"`."""
    groups = _duplicates([f for files in chosen.values() for f in files], states)
    room = {name: _quotas(len(files), ratio) for name, files in chosen.items()}
    sides = {}

    def place(files, side):
        for file in files:
            sides[file] = side
            room[_class_of(file)][side] -= 1

    for copies in groups:
        needed = Counter(_class_of(file) for file in copies)
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

    wanted = [side for side, part in zip(SIDES, ratio, strict=True) if part]
    for name, files in chosen.items():
        for side in wanted:
            if any(sides[file] == side for file in files):
                continue
            moved = _spare(name, groups, sides)
            if not moved:
                raise ValueError(
                    f"Class {name!r} has too few different pictures ({len(files)} in all) to "
                    f"give {side} any. Take more pictures, or a ratio without that part."
                )
            sides.update(dict.fromkeys(moved, side))
    return sides


def _spare(name, groups, sides):
    """Return the copies of one picture of this class that can be missed where they are, or [].

    Needed when copies took more than their share and left a side without any picture of a class.
    Pictures without copies go first, and those on the side that has most of the class.
    """
    copied = {file for copies in groups for file in copies}
    pictures = [[file] for file in sides if file not in copied] + groups
    different = Counter(  # pictures of a class on a side
        place for copies in pictures for place in {(_class_of(f), sides[f]) for f in copies}
    )
    can_go = [
        copies
        for copies in pictures
        if name in {_class_of(file) for file in copies}
        and all(different[_class_of(file), sides[file]] > 1 for file in copies)
    ]
    return min(can_go, key=lambda c: (len(c), -different[name, sides[c[0]]]), default=[])


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
            by_content[size, sha256(file)].append(file)
    return [copies for copies in by_content.values() if len(copies) > 1]


def _current(target, settings, sizes):
    """Return the `Split` in the target if it is what these settings describe, else None.

    Every picture has to be in place, and every class to have as many as `sizes` says.
    """
    try:
        if _settings(target) != settings:
            return None
        rows = _rows(target)
        found = {
            (side, name, file.name): os.stat(file).st_size
            for side in SIDES
            if (target / side).exists()
            for name, files in pictures_by_class(target / side).items()
            for file in files
        }
        # Once more, in case another program has just put another split there.
        if _settings(target) != settings:
            return None
    except (OSError, ValueError):
        return None
    complete = Counter(name for _, name, _ in rows) == sizes
    return _split(target, rows) if complete and found == rows else None


def _settings(target):
    return json.loads((target / SETTINGS).read_text(encoding="utf-8"))


def _check_replaceable(target, source):
    """Refuse to replace anything that `split_directory` did not put there itself."""
    if not target.exists():
        return
    advice = "Choose another target, or move it away yourself."
    if not target.is_dir():
        raise FileExistsError(f"The target {target} is a file. {advice}")
    if os.path.ismount(target):
        raise FileExistsError(f"The target {target} is a disk of its own. Choose a folder in it.")
    present = [file for file in _files(target) if file.name not in paths.LITTER]
    if not present:
        return
    try:
        made_here = _settings(target)["made_by"] == "utils.splits"
    except (OSError, ValueError, KeyError, TypeError):
        made_here = False
    if not made_here:
        raise FileExistsError(
            f"The target {target} already holds files that no split put there. {advice}"
        )
    try:
        rows = _rows(target)
    except (OSError, ValueError):  # a damaged manifest: the source alone says what is ours
        rows = {}
    made = (target / SETTINGS).stat().st_mtime_ns
    notes = {target / SETTINGS, target / MANIFEST}
    foreign = [f for f in present if f not in notes and not _is_ours(f, target, source, rows, made)]
    if foreign:
        raise FileExistsError(
            f"The split in {target} has to be rebuilt, but holds a file that is not part of it, or "
            f"was changed since: {min(foreign)}. Move that file away and try again."
        )


def _files(folder):
    """List all files below a folder, links among them, whatever they point to."""
    for place, subfolders, names in os.walk(folder):
        links = [name for name in subfolders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in (*names, *links))


def _is_ours(file, target, source, rows, made):
    """Say whether a file is a picture as it was put there: nothing is lost if it goes away."""
    inside = file.relative_to(target).parts
    if file.is_symlink() or len(inside) != 3 or inside[0] not in SIDES:
        return False
    state = file.stat()
    if rows.get(inside) == state.st_size and state.st_mtime_ns <= made:
        return True
    original = source / inside[1] / inside[2]
    return original.is_file() and filecmp.cmp(file, original, shallow=False)


def _restore(home):
    """Put the old split back, should Python have been stopped while a new one took its place."""
    old = _old(home)
    if old.exists() and not home.exists():
        old.rename(home)


def _old(home):
    return home.with_name(f".{home.name}.split-old")


def _build(home, sides, states, settings):
    """Make the split in a folder beside the target and rename it: never half a split.

    Returns:
        What is in it, as `_rows` reads it.
    """
    partial, old = home.with_name(f".{home.name}.split-partial"), _old(home)
    shutil.rmtree(partial, ignore_errors=True)  # what an interrupted call may have left
    shutil.rmtree(old, ignore_errors=True)
    try:
        rows = sorted(
            (SIDES.index(side), _class_of(file), file.name, file) for file, side in sides.items()
        )
        for i, name in sorted({(i, name) for i, name, _, _ in rows}):
            (partial / SIDES[i] / name).mkdir(parents=True)
        with open(partial / MANIFEST, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for i, class_name, name, file in rows:
                _link(file, os.path.join(partial, SIDES[i], class_name, name))
                writer.writerow([SIDES[i], class_name, name, states[file].st_size])
        (partial / SETTINGS).write_text(json.dumps(settings, indent=1), encoding="utf-8")
        if home.exists():
            home.rename(old)
        try:
            partial.rename(home)
        except BaseException:
            _restore(home)
            raise
        shutil.rmtree(old, ignore_errors=True)
        return {(SIDES[i], name, file.name): states[file].st_size for i, name, _, file in rows}
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _link(file, place):
    try:
        os.link(os.path.realpath(file) if os.path.islink(file) else file, place)
    except OSError:  # another disk, or a file system without hard links
        shutil.copy2(file, place)


def _rows(target):
    """Read the manifest: {(side, class, file): bytes}. Raises ValueError if a line is damaged."""
    try:
        with open(target / MANIFEST, newline="", encoding="utf-8") as stream:
            lines = list(csv.reader(stream))
    except csv.Error as error:
        raise ValueError(f"{target / MANIFEST} is damaged.") from error
    if lines[:1] != [COLUMNS] or any(len(line) != len(COLUMNS) for line in lines):
        raise ValueError(f"{target / MANIFEST} is damaged.")
    return {(side, name, file): int(size) for side, name, file, size in lines[1:]}


def _split(target, rows):
    found = Counter((side, name) for side, name, _ in rows)
    names = sorted({name for _, name, _ in rows})
    counts = {side: {name: found[side, name] for name in names} for side in SIDES}
    return Split(*(target / side for side in SIDES), target / MANIFEST, counts)
