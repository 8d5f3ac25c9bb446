"""Data sets: download, verify, extract, and set aside what is not a usable picture.

`fetch` is the one function a lesson calls. By default it takes the small rendered sample that is
shipped with the course; with ``source="real"`` (or ``COURSE_DATA=real``) the original archive,
from the internet or from a classroom mirror (``COURSE_MIRROR``). Both go through the same steps,
in the order in which this module reads: locate the archives, obtain and verify them, extract them
picture by picture, report.
"""

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import stat
import struct
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import url2pathname

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLES = DATA / "samples"
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})

# Bounds against zip bombs. The largest set here has 25,000 files and less than 1 GB.
MAX_FILES, MAX_BYTES, MAX_RATIO = 200_000, 4 * 2**30, 100
MAX_PIXELS = 50_000_000  # of one picture
KEPT_BESIDE = ("metadata.csv", "LICENSE.txt")  # all else outside class folders is left out
BAR = {"unit_scale": True, "leave": False, "delay": 5}  # seconds before a progress bar shows
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # the second is a full quota


@dataclass(frozen=True)
class Archive:
    """One zip file: where it is (URL or path), its size in bytes, its digest if published."""

    url: str
    size: int | None
    sha256: str | None
    into: str = ""  # folder to extract into, for archives that have none of their own

    @property
    def name(self):
        return self.url.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True)
class Entry:
    """What the registry knows about a data set; folders are relative to where it is extracted."""

    archives: tuple[Archive, ...]
    directory: str
    held_out: str | None
    class_names: tuple[str, ...]
    licence: str  # of the real data; a sample brings its own LICENSE.txt
    page: str
    tables: tuple[str, ...] = ()  # CSV files with a picture a line, instead of class folders


GOOGLE = "https://storage.googleapis.com"
# Sizes and digests as TensorFlow Datasets records them.
DATASETS = {
    "cats_vs_dogs": Entry(
        archives=(
            Archive(
                "https://download.microsoft.com/download/3/E/1/"
                "3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip",
                824_887_076,
                "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            ),
        ),
        directory="PetImages",
        held_out=None,
        class_names=("Cat", "Dog"),
        licence="CDLA-Permissive-2.0 (Microsoft)",
        page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
    ),
    "cats_vs_dogs_filtered": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/mledu-datasets/cats_and_dogs_filtered.zip",
                68_606_236,
                None,  # not published: `fetch` notes the digest on first use
            ),
        ),
        directory="cats_and_dogs_filtered/train",
        held_out="cats_and_dogs_filtered/validation",
        class_names=("cats", "dogs"),
        licence="not stated; a selection from Kaggle's Dogs vs. Cats",
        page="https://www.kaggle.com/c/dogs-vs-cats",
    ),
    "rock_paper_scissors": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/rps.zip",
                200_682_221,
                "c2403444395842ad04c53612bad54b574443eae17a0723117a2ff87b9d72194f",
            ),
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/rps-test-set.zip",
                29_516_758,
                "c27ab9fa43ce40b2e453de711365b477f4424586edf0388116674fd320f07503",
            ),
        ),
        directory="rps",
        held_out="rps-test-set",
        class_names=("paper", "rock", "scissors"),
        licence="CC BY 2.0 (Laurence Moroney)",
        page="https://laurencemoroney.com/datasets.html",
    ),
    "horses_or_humans": Entry(
        archives=(
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/horse-or-human.zip",
                149_574_867,
                "e2e6f70d3d549c5dd10a57165e55af253ee66ad750403f95c0fb76bb943633a9",
                into="horse-or-human",
            ),
            Archive(
                f"{GOOGLE}/download.tensorflow.org/data/validation-horse-or-human.zip",
                11_480_187,
                "ae5fff2f4f5554791f05358108e2e05d9801b191f1896ea101402f0e7f6c32c0",
                into="validation-horse-or-human",
            ),
        ),
        directory="horse-or-human",
        held_out="validation-horse-or-human",
        class_names=("horses", "humans"),
        licence="CC BY 2.0 (Laurence Moroney)",
        page="https://laurencemoroney.com/datasets.html",
    ),
    "finger_counting": Entry(
        archives=(),  # made for the course: there is only the sample
        directory="",
        held_out=None,
        class_names=("0", "1", "2", "3", "4", "5"),
        licence="CC0 1.0",
        page="",
        tables=("train.csv", "test.csv"),
    ),
    "sign_language_mnist": Entry(
        archives=(
            Archive("sign_mnist_train.csv", None, None),  # no URL: behind a login
            Archive("sign_mnist_test.csv", None, None),
        ),
        directory="",
        held_out=None,
        class_names=tuple("ABCDEFGHIJKLMNOPQRSTUVWXY"),  # of J there are no pictures
        licence="CC0 1.0 (tecperson, on Kaggle)",
        page="https://www.kaggle.com/datasets/datamunge/sign-language-mnist",
        tables=("sign_mnist_train.csv", "sign_mnist_test.csv"),
    ),
}


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
    A download that was cut off goes on where it stopped. The second call finds everything in place.

    `cats_vs_dogs_filtered` has no published digest. Its size is checked, and the digest of the
    first download is noted beside it and holds from then on (trust on first use).

    `finger_counting` and `sign_language_mnist` come as CSV files, `tables`, which
    `utils.csv_images.read_label_csv` reads. Kaggle hands out the latter to its members only: the
    error that says so names the page to get them from and the folder to put them into.

    Args:
        name: a key of `DATASETS`, for example "cats_vs_dogs".
        source: "sample" (shipped with the course) or "real" (the original archive, from
            COURSE_MIRROR where that is set: a folder, file:// or http(s):// with a SHA256SUMS).
            Default: the environment variable COURSE_DATA, else "sample".
        data_dir: folder for downloads and extracted pictures. Default: the course's `data/`.

    Returns:
        A `Dataset`.

    Raises:
        ValueError: unknown name or source; an archive with a wrong digest or unsafe content.
        FileNotFoundError: no such sample or original, the mirror does not hold the archive, or
            files that you have to get yourself are not there yet.
        ConnectionError: the download did not succeed; what has arrived is kept.
        OSError: the disk is full, or `data_dir` cannot be written to (PermissionError).
    """
    if name not in DATASETS:
        raise ValueError(f"There is no data set {name!r}. Choose one of: {', '.join(DATASETS)}.")
    source = source or os.environ.get("COURSE_DATA") or "sample"
    if source not in ("sample", "real"):
        raise ValueError(
            f'The source is {source!r}, but must be "sample" or "real". Correct the argument, or '
            "the environment variable COURSE_DATA."
        )
    data_dir = Path(data_dir or DATA).expanduser().resolve()
    downloads = data_dir / "downloads"
    if source == "real" and DATASETS[name].tables:
        return _fetch_tables(name, downloads)

    def look():
        archives = _locate(name, source, downloads)
        root = _root(name, source, archives, data_dir)
        return archives, root, _read_record(root) if root else None

    archives, root, record = look()
    if record is None:
        with _lock(name, data_dir):
            archives, root, record = look()  # another process may have done it while we waited
            if record is None:
                archives = [_obtain(archive, downloads) for archive in archives]
                root = _root(name, source, archives, data_dir)
                _extract(archives, DATASETS[name], root)
                record = _read_record(root)
    return _report(name, source, root, record)


def _fetch_tables(name, downloads):
    """Find the CSV files that the learner, or a mirror, has got from their owner."""
    entry, folder = DATASETS[name], downloads / name
    if not entry.archives:
        raise FileNotFoundError(
            f"{name} was made for the course and has no original: "
            f'use fetch("{name}", source="sample").'
        )
    if os.environ.get("COURSE_MIRROR"):
        with _lock(name, downloads.parent):
            archives = [_obtain(archive, folder) for archive in _locate(name, "real", folder)]
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
    counts = {table: _count(folder / table) for table in entry.tables}
    return _report(name, "real", folder, {"counts": counts, "set_aside": 0})


def read_metadata(dataset):
    """Return what the renderer knew about each picture of a sample: one dict of str per picture.

    Raises:
        ValueError: the set has no metadata, because it was not rendered for the course.
    """
    if dataset.metadata is None:
        raise ValueError(
            "Only the rendered samples have metadata: "
            f'use fetch("{dataset.name}", source="sample").'
        )
    return _read_csv(dataset.metadata)


def read_quarantine(dataset):
    """Return one dict of str per file set aside: file (inside quarantine/), reason, bytes."""
    if dataset.tables:  # taken as they are
        return []
    return _read_csv(dataset.quarantine / "report.csv")


def _read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Locate: which archives, from where, with which digests


def _locate(name, source, downloads):
    """Return the archives to take, with the digests that are known so far."""
    archives, mirror = DATASETS[name].archives, os.environ.get("COURSE_MIRROR")
    if source == "real" and not mirror:
        notes = {archive: _note(archive, downloads) for archive in archives}
        return [
            replace(archive, sha256=_read_sums(note)[archive.name]) if note.exists() else archive
            for archive, note in notes.items()
        ]
    if source == "sample":
        original = f'Use the original: fetch("{name}", source="real").'
        advice = original if archives else "Get the newest version of the course."
        archives, base, owner = [Archive(f"{name}.zip", None, None)], str(SAMPLES), "The course"
    else:
        base = url2pathname(urlsplit(mirror).path) if mirror.startswith("file:") else mirror
        base, owner = base.rstrip("/"), f"The mirror {mirror} (COURSE_MIRROR)"
        advice = "Correct the mirror, or unset COURSE_MIRROR to download from the original source."
    try:
        sums = _read_sums(f"{base}/SHA256SUMS")
    except OSError as error:  # what `requests` raises is one, too
        raise FileNotFoundError(f"{owner} has no SHA256SUMS that can be read. {advice}") from error
    for archive in archives:
        if archive.name not in sums:
            raise FileNotFoundError(f"{owner} has no {archive.name} in its SHA256SUMS. {advice}")
    return [replace(a, url=f"{base}/{a.name}", size=None, sha256=sums[a.name]) for a in archives]


def _read_sums(place):
    """Return {file name: digest} from a file or URL in the format of `sha256sum`."""
    if _is_url(place):
        import requests

        response = requests.get(place, timeout=30)
        response.raise_for_status()
        text = response.text
    else:
        text = Path(place).expanduser().read_text(encoding="utf-8")
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return {words[1].lstrip("*"): words[0].lower() for words in lines if len(words) == 2}


def _is_url(place):
    return str(place).startswith(("http://", "https://"))


def _note(archive, downloads):
    return downloads / f"{archive.name}.sha256"  # written on first use of an unpublished digest


def _root(name, source, archives, data_dir):
    """Return the folder of the extracted set; None while a digest is unknown."""
    if not all(archive.sha256 for archive in archives):
        return None
    digests = "-".join(archive.sha256[:8] for archive in archives)
    return data_dir / "extracted" / f"{name}-{source}-{digests}"


# Obtain and verify


def _obtain(archive, downloads):
    """Return the archive with the path and digest of its verified file."""
    if not _is_url(archive.url):  # a sample or a mirror's folder: used where it is
        path = Path(archive.url).expanduser()
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is missing, though SHA256SUMS lists it. Put it back (a sample: "
                "git checkout data/samples)."
            )
        if (digest := _sha256(path)) != archive.sha256:
            raise ValueError(
                f"{path} is damaged: its SHA-256 is {digest}, expected {archive.sha256}. "
                "Replace it by a good copy."
            )
        return replace(archive, url=str(path))

    import pooch

    pooch.get_logger().setLevel("WARNING")  # `fetch` prints one line, its own
    path, note = downloads / archive.name, _note(archive, downloads)
    part = downloads / f"{archive.name}.{(archive.sha256 or 'new')[:8]}.part"
    try:
        pooch.retrieve(
            archive.url,
            known_hash=archive.sha256,
            fname=archive.name,
            path=downloads,
            downloader=lambda url, output, _: _download(url, output, part, archive.size),
        )
    except ValueError as error:
        trust = f", or delete {note} if you trust the new one" if note.exists() else ""
        raise ValueError(
            f"{error} Nothing of it was kept: call fetch again. If that happens twice, the file "
            f"at {archive.url} has changed: tell the course's maintainers{trust}."
        ) from error
    if archive.sha256 is None:
        if _size(path) != archive.size:
            raise ValueError(
                f"{path} has {_size(path):,} bytes, expected {archive.size:,}. Delete it, then "
                "call fetch again."
            )
        archive = replace(archive, sha256=_sha256(path))
        note.write_text(f"{archive.sha256}  {archive.name}\n", encoding="utf-8")
    return replace(archive, url=str(path))


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(url, output, part, size):
    """Download `url` to `output` by way of the file `part`, which survives an interruption."""
    import requests

    complete = False
    while not complete:
        have = _size(part)
        try:
            complete = _transfer(url, part, size)
        except requests.RequestException as error:
            if _size(part) > have:
                continue  # the connection broke, but something had come: go on from there
            status = getattr(error.response, "status_code", "no connection")
            raise ConnectionError(
                f"{url} could not be downloaded ({status}). Call fetch again later: the "
                f"{_size(part) / 1e6:.0f} MB that have arrived are kept. Without a network, use "
                'source="sample", or set COURSE_MIRROR to a folder that holds the archives.'
            ) from error
    if size and (arrived := _size(part)) != size:
        part.unlink()
        raise ValueError(f"{url} gave {arrived:,} bytes instead of {size:,}.")
    os.replace(part, output)
    part.with_suffix(".version").unlink(missing_ok=True)


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _transfer(url, part, size):
    """Append to `part` what it lacks; return whether it is complete."""
    import requests
    from tqdm.auto import tqdm

    have, version = _size(part), part.with_suffix(".version")
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if _size(version):
            headers["If-Range"] = version.read_text(encoding="utf-8")
    with requests.get(url, headers=headers, stream=True, timeout=30) as response:
        if have and response.status_code == 416:  # there is nothing beyond what we have
            if response.headers.get("Content-Range", "").endswith(f"/{have}"):
                return True
            part.unlink()
            return False
        response.raise_for_status()
        resumed = response.status_code == 206  # else from the start: new version, or no Range
        have = have if resumed else 0
        total = have + int(response.headers.get("Content-Length", 0))
        if size and total not in (size, have):  # `have`: the server does not say
            part.unlink(missing_ok=True)
            version.unlink(missing_ok=True)
            raise ValueError(f"{url} offers {total:,} bytes instead of {size:,}.")
        if not resumed:
            part.unlink(missing_ok=True)  # before its version changes
            tag = response.headers.get("ETag", "")
            if not tag.startswith('"'):  # If-Range does not take a weak tag
                tag = response.headers.get("Last-Modified", "")
            version.write_text(tag, encoding="utf-8")
        # The archives hold compressed pictures: extracted, they take about as much again.
        _need_space(part.parent, 2 * total - have)
        bar = tqdm(desc=part.name, total=total or None, initial=have, unit="B", **BAR)
        with bar, part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(2**16):
                file.write(chunk)
                bar.update(len(chunk))
    return True


def _need_space(folder, needed):
    if (free := shutil.disk_usage(folder).free) < needed:
        reason = f"{needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free"
        raise OSError(errno.ENOSPC, reason)


@contextmanager
def _lock(name, data_dir):
    """Let one process at a time prepare a data set, and say clearly what the disk refuses."""
    from filelock import FileLock

    lock = FileLock(data_dir / "downloads" / f"{name}.lock")
    try:
        (data_dir / "downloads").mkdir(parents=True, exist_ok=True)
        (data_dir / "extracted").mkdir(exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise PermissionError(
            f"Cannot write to {data_dir} ({error.strerror}). Choose another folder: "
            f'fetch("{name}", data_dir="...").'
        ) from error
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise OSError(
            errno.ENOSPC,
            f"No space for {name} in {data_dir}: {error.strerror}. Free some and call fetch again; "
            "what has been downloaded is kept.",
        ) from error
    finally:
        lock.release()


# Extract, picture by picture


def _extract(archives, entry, root):
    """Extract into a temporary folder beside `root`; only a complete set gets its name."""
    parts = {entry.directory: ""}
    if entry.held_out:
        parts[entry.held_out] = PurePosixPath(entry.held_out).name
    # Class folder -> where inside quarantine/ its unusable files go.
    folders = {
        f"{part}/{class_name}": f"{aside}/{class_name}".lstrip("/")
        for part, aside in parts.items()
        for class_name in (() if entry.tables else entry.class_names)
    }
    partial = root.with_name(f"{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for folder, aside in folders.items():
            (partial / folder).mkdir(parents=True)
            (partial / "quarantine" / aside).mkdir(parents=True)
        (partial / "quarantine").mkdir(parents=True, exist_ok=True)
        kept, rows = {*KEPT_BESIDE, *entry.tables}, []
        for archive in archives:
            rows += _unpack(Path(archive.url), archive.into, folders, kept, partial)
        with (partial / "quarantine/report.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "reason", "bytes"), *sorted(rows)])
        record = {"set_aside": len(rows), "folders": {}}
        for place in (*folders, *entry.tables):
            if not (count := _count(partial / place)):
                raise ValueError(
                    f"{archives[0].url} has no readable pictures in {place}: it is not the "
                    "archive it should be. Replace it, or delete it to have it downloaded again."
                )
            record["folders"][place] = (count, (partial / place).stat().st_mtime_ns)
        (partial / "record.json").write_text(json.dumps(record), encoding="utf-8")
        shutil.rmtree(root, ignore_errors=True)
        partial.rename(root)
    except BaseException:  # Ctrl-C included
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _unpack(path, into, folders, kept, target):
    """Extract one archive; return the rows (file, reason, bytes) of what was set aside."""
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image
    from tqdm.auto import tqdm

    def store(member):
        info, place = member
        data = archive.read(info)
        aside = folders.get(str(place.parent))
        reason = None if aside is None else _defect(place.name, data)
        if reason is None:
            (target / place).write_bytes(data)
            return []
        (target / "quarantine" / aside / place.name).write_bytes(data)
        return [(f"{aside}/{place.name}", reason, len(data))]

    Image.init()  # finding Pillow's readers is not safe in several threads
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do no harm
            members = [
                (info, place)
                for info, place in _safe_members(archive, path.stat().st_size, into)
                if str(place.parent) in folders or str(place) in kept
            ]
            _need_space(target, sum(info.file_size for info, _ in members))
            with ThreadPoolExecutor() as pool:
                found = tqdm(pool.map(store, members), "Extracting", len(members), **BAR)
                try:
                    return [row for rows in found for row in rows]
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(
            f"{path} cannot be unpacked: {error}. Nothing of it was kept. Delete the archive (and "
            "the .sha256 beside it, if there is one) and get it anew from where it comes from."
        ) from error


def _safe_members(archive, size, into):
    """Return (info, place) of the files of a zip, after checking that none can do harm."""
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_FILES or total > min(MAX_BYTES, MAX_RATIO * size):
        raise zipfile.BadZipFile(f"{len(infos):,} files of {total:,} bytes in all are too much")
    members = {}
    for info in infos:
        name = info.filename.replace("\\", "/")  # as some Windows programs write it
        place = PurePosixPath(into) / name  # just `name` if that is absolute
        if place.is_absolute() or ".." in place.parts or ":" in name:
            raise zipfile.BadZipFile(f"{info.filename!r} would be written outside its folder")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise zipfile.BadZipFile(f"{info.filename!r} is a link, not a file")
        if name.endswith("/"):
            continue
        if str(place).casefold() in members:
            raise zipfile.BadZipFile(f"{info.filename!r} is in it twice")
        members[str(place).casefold()] = info, place
    return members.values()


def _defect(name, data):
    """Say what keeps TensorFlow from reading a picture; None when nothing does.

    Grey-scale and CMYK JPEGs pass. The rules come from a comparison with `tf.io.decode_image` and
    `tf.io.decode_jpeg` over some 8,000 damaged JPEG, PNG, BMP and GIF files.
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "empty file"
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind, (width, height) = image.format, image.size
            if kind not in ("JPEG", "MPO", "PNG", "BMP", "GIF"):
                return f"{kind} picture: only JPEG, PNG, BMP and GIF can be read"
            if width * height > MAX_PIXELS:
                return f"too large: {width} x {height} pixels"
            if kind == "JPEG":
                image.draft(image.mode, (1, 1))  # reads all the data, skips most of the arithmetic
            image.load()
        if kind == "PNG":  # Pillow shows those with wrong checksums, TensorFlow does not
            with Image.open(io.BytesIO(data)) as image:
                image.verify()
            if b"\0\0\0\0IEND\xaeB`\x82" not in data:
                return "cut off in the middle"
        elif kind == "GIF" and b"\0;" not in data[-1024:]:
            return "cut off in the middle"
        elif kind == "BMP":
            start, bits = struct.unpack_from("<10xI14xH", data)
            if image.mode not in ("L", "RGB") or bits not in (8, 24, 32):
                return "BMP picture of a kind that TensorFlow does not read"
            if start + (width * bits + 31) // 32 * 4 * height != len(data):
                return "damaged: its size does not fit its header"
    except UnidentifiedImageError:
        known = data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8"))
        return "cut off or damaged at its start" if known else "not a picture"
    except Exception as error:  # Pillow raises nearly anything on damaged data
        cut = "truncated" in str(error).lower()
        return "cut off in the middle" if cut else f"damaged: {error}"
    return None if named_as_picture(name) else "its name does not end like a picture's"


def named_as_picture(name):
    """Say whether a file counts as a picture: its suffix is known, and it is not hidden."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


def _count(place):
    """Count the pictures in a class folder, or in a CSV file: its lines except the first."""
    if place.suffix == ".csv":
        if not place.exists():
            return 0
        with place.open("rb") as lines:
            return max(sum(1 for line in lines if line.strip()) - 1, 0)
    return sum(map(named_as_picture, os.listdir(place)))


# Report


def _read_record(root):
    """Return what `_extract` noted, or None when there is no complete set in `root`.

    A class folder that has changed since (somebody removed pictures) is counted anew, and so is a
    CSV file.
    """
    try:
        record = json.loads((root / "record.json").read_text(encoding="utf-8"))
        record["counts"] = {
            folder: count if (root / folder).stat().st_mtime_ns == time else _count(root / folder)
            for folder, (count, time) in record["folders"].items()
        }
        (root / "quarantine/report.csv").stat()
    except (OSError, ValueError):
        return None
    return record if all(record["counts"].values()) else None


def _report(name, source, root, record):
    """Print the one line and return the `Dataset`."""
    entry = DATASETS[name]

    def counts(part):
        if entry.tables:
            return {table: record["counts"][table] for table in entry.tables}
        return {c: record["counts"][f"{part}/{c}"] for c in entry.class_names}

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
    elif (SAMPLES / f"{name}.zip").exists():
        other = f'The small sample: fetch("{name}", source="sample").'
    else:
        other = "It has no sample."
    mirror = " from COURSE_MIRROR" if source == "real" and os.environ.get("COURSE_MIRROR") else ""
    print(f"{name}, {source}{mirror}: {pictures}; {record['set_aside']} set aside. {other}")

    licence, metadata = root / "LICENSE.txt", root / "metadata.csv"
    return Dataset(
        name=name,
        source=source,
        directory=root / entry.directory,
        held_out=root / entry.held_out if entry.held_out else None,
        class_names=entry.class_names,
        counts=counts(entry.directory),
        licence=(
            " ".join(licence.read_text(encoding="utf-8").split("\n\n")[0].split())
            if licence.exists()
            else entry.licence
        ),
        metadata=metadata if metadata.exists() else None,
        quarantine=root / "quarantine",
        tables=tuple(root / table for table in entry.tables),
    )
