"""Data sets: download, verify, extract, and set aside what is not a usable picture.

`fetch` is the one function that a lesson calls. By default it takes the small rendered sample that
is shipped with the course; with `source="real"` (or `COURSE_DATA=real`) the original archive, from
the internet or from a classroom mirror (`COURSE_MIRROR`). Both go through the same steps: locate
the archives, obtain and verify them, extract them picture by picture, report.
"""

import csv
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from utils import paths
from utils.archives import Record, count_pictures, extract, read_record
from utils.downloads import digest_note, mirror_list, obtain
from utils.hashes import read_list, write_list
from utils.registry import DATASETS, Archive

PATIENCE = 10  # seconds to wait in silence for another program that prepares the same set


@dataclass(frozen=True)
class Dataset:
    """A data set that is ready on disk."""

    name: str
    source: str  # "sample" or "real"
    directory: Path  # one folder per class; of a set that comes pre-split, its training part
    held_out: Path | None  # the pre-split validation or test part
    class_names: tuple[str, ...]  # sorted folder names; the index is the label
    counts: dict[str, int]  # usable pictures per class in `directory`, or per CSV file
    licence: str
    metadata: Path | None  # metadata.csv of a rendered sample
    quarantine: Path  # the files set aside, and report.csv (file,reason,bytes)
    tables: tuple[Path, ...]  # of a set in CSV files: for training, for testing


def fetch(name, source=None, data_dir=None):
    """Get a data set ready to use and print one line about it.

    The archive is verified by SHA-256 before anything is extracted, and every picture is decoded
    once: what TensorFlow cannot read goes to `quarantine/`, with the reasons in its `report.csv`.
    A download that was cut off goes on where it stopped. The second call finds everything in
    place; it needs no network, and no mirror.

    `cats_vs_dogs_filtered` has no published digest. Its size is checked, and the digest of the
    first download that could be extracted is noted beside it and holds from then on (trust on
    first use).

    `finger_counting` and `sign_language_mnist` come as CSV files, `tables`, which
    `utils.csv_images.read_label_csv` reads. Kaggle gives the latter to its members only: the
    error that says so names the page to get them from and the folder to put them into.

    Args:
        name: a key of `DATASETS`, for example "cats_vs_dogs".
        source: "sample" (shipped with the course) or "real" (the original archive, from
            COURSE_MIRROR where that is set: a folder, file: or http(s):// with a SHA256SUMS).
            Default: the environment variable COURSE_DATA, else "sample".
        data_dir: folder for downloads and extracted pictures, which need not be writable if all
            is there. Default: the environment variable COURSE_DATA_DIR, else the course's `data/`.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: unknown name or source; an archive with a wrong digest or unsafe content.
        FileNotFoundError: no such sample or original, the mirror does not hold the archive, or
            files that you have to get yourself are not there yet.
        ConnectionError: the download did not succeed; what has arrived is kept.
        OSError: the disk is full, or `data_dir` cannot be written to (PermissionError).
    """
    if name not in list(DATASETS):  # for a list, a dict raises a TypeError
        raise ValueError(f"There is no data set {name!r}. Choose one of: {', '.join(DATASETS)}.")
    entry, source = DATASETS[name], paths.source(source)
    mirror = paths.mirror() if source == "real" else None
    data_dir = paths.data(data_dir).resolve()
    downloads = data_dir / "downloads"
    if source == "real" and entry.tables:
        return _fetch_tables(name, mirror, downloads)

    archives, away = _locate(name, source, mirror, downloads)
    root = _root(name, source, archives, data_dir)
    if (record := read_record(entry, root)) is None:
        if away:
            raise away
        with _lock(name, data_dir):
            # Another process may have done it while we waited.
            archives, _ = _locate(name, source, mirror, downloads)
            root = _root(name, source, archives, data_dir)
            if (record := read_record(entry, root)) is None:
                archives = [obtain(archive, downloads) for archive in archives]
                root = _root(name, source, archives, data_dir)
                extract(archives, entry, root)
                _note_digests(name, source, mirror, archives, downloads)
                record = read_record(entry, root)
    return _report(name, source, mirror, away, root, record)


def _fetch_tables(name, mirror, downloads):
    """Find the CSV files that the learner, or a mirror, has got from their owner."""
    entry, folder, away = DATASETS[name], downloads / name, None
    if not entry.archives:
        raise FileNotFoundError(
            f"{name} was made for the course and has no original: "
            f'use fetch("{name}", source="sample").'
        )
    if mirror:
        with _lock(name, downloads.parent):
            archives, away = _locate(name, "real", mirror, downloads)
            if away and not all(Path(folder, archive.name).is_file() for archive in archives):
                raise away
            archives = [obtain(archive, folder) for archive in archives]
            _note_digests(name, "real", mirror, archives, downloads)
        folder = Path(archives[0].url).parent
    elif missing := [table for table in entry.tables if not (folder / table).is_file()]:
        with _lock(name, downloads.parent):
            folder.mkdir(exist_ok=True)  # so that the message names a folder that is there
        raise FileNotFoundError(
            f"{' and '.join(missing)} cannot be downloaded without a login at Kaggle. Log in, "
            f"download {entry.page}, unpack it and put {' and '.join(entry.tables)} into "
            f"{folder}. Then call fetch again. Without a login, use hands drawn for the course: "
            'fetch("finger_counting", source="sample").'
        )
    record = Record({table: count_pictures(folder / table) for table in entry.tables}, 0)
    return _report(name, "real", mirror, away, folder, record)


def read_metadata(dataset):
    """Return what the renderer knew about each picture of a sample: one dict of str per picture.

    Raises:
        TypeError: it is not what `fetch` returned.
        ValueError: the set has no metadata, because it was not rendered for the course.
    """
    _check_fetched(dataset)
    if dataset.metadata is None:
        raise ValueError(
            "Only the rendered samples have metadata: "
            f'use fetch("{dataset.name}", source="sample").'
        )
    return _read_csv(dataset.metadata)


def read_quarantine(dataset):
    """Return one dict of str per file set aside: file (inside quarantine/), reason, bytes."""
    _check_fetched(dataset)
    if dataset.tables:  # taken as they are
        return []
    return _read_csv(dataset.quarantine / "report.csv")


def _check_fetched(dataset):
    if not isinstance(dataset, Dataset):
        raise TypeError(f"Give what fetch(…) returned, a Dataset, not {dataset!r:.60}.")


def _read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Locate: which archives, from where, with which digests


def _locate(name, source, mirror, downloads):
    """Find the archives to take, with the digests that are known so far.

    Returns:
        The `Archive`s, and None; or, if a mirror cannot be read now but was used before, the
        archives as it held them then, and the error that says so.
    """
    archives = DATASETS[name].archives
    if source == "real" and not mirror:
        return [_with_noted_digest(archive, downloads) for archive in archives], None
    if source == "sample":
        original = f'Use the original: fetch("{name}", source="real").'
        advice = original if archives else "Get the newest version of the course."
        archives, base, owner = [Archive(f"{name}.zip", None, None)], paths.SAMPLES, "The course"
    else:
        base, owner = mirror, f"The mirror {mirror} (COURSE_MIRROR)"
        advice = "Correct the mirror, or unset COURSE_MIRROR to download from the original source."
    away = None
    try:
        sums = mirror_list(base)
    except (OSError, ValueError) as error:
        away = FileNotFoundError(f"{owner} has no SHA256SUMS that can be read. {advice} ({error})")
        away.__cause__ = error
        sums = _noted(_mirror_note(name, mirror, downloads)) if mirror else {}
    for archive in archives:
        if archive.name not in sums:
            raise away or FileNotFoundError(
                f"{owner} has no {archive.name} in its SHA256SUMS. {advice}"
            )
    return [
        replace(a, url=f"{base}/{a.name}", size=None, sha256=sums[a.name]) for a in archives
    ], away


def _with_noted_digest(archive, downloads):
    noted = _noted(digest_note(archive, downloads)).get(archive.name)
    return archive if archive.sha256 else replace(archive, sha256=noted)


def _mirror_note(name, mirror, downloads):
    """Where a mirror's digests of a set are noted, so that it is found without the mirror."""
    return downloads / f"{name}-{hashlib.sha256(str(mirror).encode()).hexdigest()[:8]}.sha256"


def _noted(note):
    """Read a note of digests; one that is missing, empty or damaged says nothing."""
    try:
        return read_list(note)
    except (OSError, ValueError):
        return {}


def _note_digests(name, source, mirror, archives, downloads):
    """Note the digests that are not published, once the archives have proved to be sound."""
    if mirror:
        digests = {archive.name: archive.sha256 for archive in archives}
        note = _mirror_note(name, mirror, downloads)
        if _noted(note) != digests:
            write_list(note, digests)
    elif source == "real":
        for archive, published in zip(archives, DATASETS[name].archives, strict=True):
            if published.sha256 is None:
                write_list(digest_note(archive, downloads), {archive.name: archive.sha256})


def _root(name, source, archives, data_dir):
    """Return the folder of the extracted set; one that never is while a digest is unknown."""
    digests = "-".join((archive.sha256 or "unknown")[:8] for archive in archives)
    return data_dir / "extracted" / f"{name}-{source}-{digests}"


@contextmanager
def _lock(name, data_dir):
    """Let one process at a time prepare a data set, and say clearly what the disk refuses."""
    from filelock import FileLock, Timeout

    lock = FileLock(data_dir / "downloads" / f"{name}.lock")
    with paths.writing(
        data_dir,
        name,
        full="Free some and call fetch again; what has been downloaded is kept.",
        refused=f'Choose another folder: COURSE_DATA_DIR, or fetch("{name}", data_dir="...").',
    ):
        (data_dir / "downloads").mkdir(parents=True, exist_ok=True)
        (data_dir / "extracted").mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            print(f"Another program is preparing {name} in {data_dir}; waiting until it is done.")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


# Report


def _report(name, source, mirror, away, root, record):
    """Print the one line and return the `Dataset`."""
    entry = DATASETS[name]

    def counts(part):
        if entry.tables:
            return {table: record.counts[table] for table in entry.tables}
        return {c: record.counts[f"{part}/{c}"] for c in entry.class_names}

    def in_words(part):
        of = "pictures in " if entry.tables else ""
        return " + ".join(f"{count:,} {of}{what}" for what, count in counts(part).items())

    pictures = in_words(entry.directory)
    if entry.held_out:
        pictures += f" (held out: {in_words(entry.held_out)})"
    if not entry.archives:
        other = "Made for the course, it has no original."
    elif source == "sample":
        megabytes = sum(archive.size for archive in entry.archives) / 1e6
        other = f'The original ({megabytes:,.0f} MB): fetch("{name}", source="real").'
    elif (paths.SAMPLES / f"{name}.zip").exists():
        other = f'The small sample: fetch("{name}", source="sample").'
    else:
        other = "It has no sample."
    origin = " from COURSE_MIRROR" if mirror else ""
    if away:
        origin += " (which cannot be read now; as it was fetched before)"
    print(f"{name}, {source}{origin}: {pictures}; {record.set_aside} set aside. {other}")

    licence, metadata = root / "LICENSE.txt", root / "metadata.csv"
    return Dataset(
        name=name,
        source=source,
        directory=root / entry.directory,
        held_out=root / entry.held_out if entry.held_out else None,
        class_names=entry.class_names,
        counts=counts(entry.directory),
        licence=_first_paragraph(licence) if licence.exists() else entry.licence,
        metadata=metadata if metadata.exists() else None,
        quarantine=root / "quarantine",
        tables=tuple(root / table for table in entry.tables),
    )


def _first_paragraph(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    return " ".join(text.split("\n\n")[0].split())
