"""Extract archives picture by picture, and set aside what is not a usable picture."""

import csv
import filecmp
import json
import os
import shutil
import stat
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from utils.downloads import BAR
from utils.paths import LITTER, need_space
from utils.pictures import defect, named_as_picture

# Bounds against zip bombs. The largest set here has 25,000 files and less than 1 GB.
MAX_FILES, MAX_BYTES, MAX_RATIO = 200_000, 4 * 2**30, 100
MAX_FILE = 64 * 2**20  # bytes of one file, which is read as a whole
LONGEST_NAME = 255  # bytes; no file system takes more
NOTES = {"record.json", "quarantine/report.csv"}  # written here
KEPT_BESIDE = ("metadata.csv", "LICENSE.txt")  # all else outside class folders is left out


@dataclass(frozen=True)
class Record:
    """What was noted about an extracted set."""

    counts: dict[str, int]  # usable pictures per class folder, or per CSV file
    set_aside: int


def read_record(entry, root):
    """Return the `Record` of the set in `root`, or None when there is no complete set.

    A class folder that has changed since (somebody added or removed pictures) is counted anew, and
    so is a CSV file.
    """
    try:
        noted = json.loads((root / "record.json").read_text(encoding="utf-8"))
        counts = {}
        for place in _places(entry):
            count, time = noted["folders"][place]
            same = (root / place).stat().st_mtime_ns == time
            counts[place] = int(count) if same else count_pictures(root / place)
        (root / "quarantine/report.csv").stat()
        record = Record(counts, int(noted["set_aside"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None  # nothing there, or not ours
    return record if all(count > 0 for count in counts.values()) else None


def fault(entry, root):
    """Say what an extracted set lacks; None when it is as it was extracted, by what it holds."""
    if (record := read_record(entry, root)) is None:
        return "is incomplete"
    noted = json.loads((root / "record.json").read_text(encoding="utf-8"))["folders"]
    for place, count in record.counts.items():
        if count != noted[place][0]:
            return f"has {count:,} pictures in {place}, and had {noted[place][0]:,}"
        files = (root / place).iterdir() if (root / place).is_dir() else [root / place]
        if not all(file.stat().st_size for file in files):
            return f"has an empty file in {place}"
    return None


def count_pictures(place):
    """Count the pictures in a class folder, or in a CSV file: its lines except the first."""
    if place.suffix == ".csv":
        if not place.exists():
            return 0
        with place.open("rb") as lines:
            return max(sum(1 for line in lines if line.strip()) - 1, 0)
    return sum(map(named_as_picture, os.listdir(place)))


def extract(archives, entry, root):
    """Extract into a temporary folder beside `root`; only a complete set gets its name.

    What stood in `root` goes away if it is the same; with files of anybody's own in it, it is
    moved aside, and a printed line says where to.

    Args:
        archives: verified `Archive`s whose `url` is a path.
        entry: what the registry knows of the set.
        root: the folder to make.

    Raises:
        ValueError: an archive is damaged, unsafe, or not the one it should be.
        OSError: the disk is full, or the folder cannot be written to.
    """
    folders = _class_folders(entry)
    partial = root.with_name(f"{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    if partial.exists():
        raise PermissionError(
            f"{partial}, left by an interrupted call, cannot be deleted. Delete it, or choose "
            "another data_dir."
        )
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
        noted = {"set_aside": len(rows), "folders": {}}
        for place in _places(entry):
            if not (count := count_pictures(partial / place)):
                raise ValueError(
                    f"{archives[0].url} has no readable pictures in {place}: it is not the "
                    "archive it should be. Replace it, or delete it to have it downloaded again."
                )
            noted["folders"][place] = (count, (partial / place).stat().st_mtime_ns)
        (partial / "record.json").write_text(json.dumps(noted), encoding="utf-8")
        _put_in_place(partial, root)
    except BaseException:  # Ctrl-C included
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _class_folders(entry):
    """Return {class folder: where inside quarantine/ its unusable files go}."""
    parts = {entry.directory: ""}
    if entry.held_out:
        parts[entry.held_out] = PurePosixPath(entry.held_out).name
    return {
        f"{part}/{class_name}": f"{aside}/{class_name}".lstrip("/")
        for part, aside in parts.items()
        for class_name in (() if entry.tables else entry.class_names)
    }


def _places(entry):
    """Where the pictures of a set are: its class folders, or its CSV files."""
    return (*_class_folders(entry), *entry.tables)


def _unpack(path, into, folders, kept, target):
    """Extract one archive; return the rows (file, reason, bytes) of what was set aside."""
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image
    from tqdm.auto import tqdm

    def store(member):
        info, place = member
        data = _read(archive, info)
        aside = folders.get(str(place.parent))
        reason = None if aside is None else defect(place.name, data)
        if reason is None:
            (target / place).write_bytes(data)
            return []
        (target / "quarantine" / aside / place.name).write_bytes(data)
        return [(f"{aside}/{place.name}", reason, len(data))]

    Image.init()  # finding Pillow's readers is not safe in several threads
    try:
        with _opened(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities that do no harm
            members = [
                (info, place)
                for info, place in _safe_members(archive, path.stat().st_size, into)
                if str(place.parent) in folders or str(place) in kept
            ]
            need_space(target, sum(info.file_size for info, _ in members))
            with ThreadPoolExecutor() as pool:
                found = tqdm(pool.map(store, members), "Extracting", len(members), **BAR)
                try:
                    return [row for rows in found for row in rows]
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path} cannot be unpacked: {error}. Nothing of it was kept. Delete the archive (and "
            "the .sha256 beside it, if there is one) and get it anew from where it comes from."
        ) from error


def _opened(path):
    try:
        return zipfile.ZipFile(path)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # a damaged directory of contents raises nearly anything
        raise zipfile.BadZipFile(error) from error


def _read(archive, info):
    try:
        with archive.open(info) as file:  # `read` alone would unpack what is more than stated
            return file.read(info.file_size + 1)
    except MemoryError:
        raise
    except Exception as error:  # each kind of compression has an error of its own
        raise zipfile.BadZipFile(f"{info.filename!r}: {error}") from error


def _safe_members(archive, size, into):
    """Return (info, place) of the files of a zip, after checking that none can do harm."""
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_FILES or total > min(MAX_BYTES, MAX_RATIO * size):
        raise zipfile.BadZipFile(f"{len(infos):,} files of {total:,} bytes in all are too much")
    members = {}
    for info in infos:
        name = info.filename.replace("\\", "/")  # as some Windows programs write it
        place = PurePosixPath(into) / name  # an absolute `name` replaces `into`
        if place.is_absolute() or ".." in place.parts or ":" in name:
            raise zipfile.BadZipFile(f"{info.filename!r} would be written outside its folder")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise zipfile.BadZipFile(f"{info.filename!r} is a link or a device, not a file")
        if len(place.name.encode(errors="replace")) > LONGEST_NAME:
            raise zipfile.BadZipFile(f"the name {info.filename[:40]!r}… is too long")
        if info.file_size > MAX_FILE:
            raise zipfile.BadZipFile(f"{info.filename!r} has {info.file_size:,} bytes: too much")
        if name.endswith("/"):
            continue
        same = unicodedata.normalize("NFC", str(place).casefold())  # on some disks
        if same in members:
            raise zipfile.BadZipFile(f"{info.filename!r} is in it twice")
        members[same] = info, place
    return members.values()


def _put_in_place(partial, root):
    """Rename `partial` to `root`, and keep what stood there if it has files of anybody's own."""
    if not os.path.lexists(root):
        partial.rename(root)
        return
    own = _files_of_ones_own(root, partial)
    number = 1
    while os.path.lexists(aside := root.with_name(f"{root.name}.old{number}")):
        number += 1
    root.rename(aside)
    try:
        partial.rename(root)
    except BaseException:
        aside.rename(root)
        raise
    if own:
        more = f" and {len(own) - 1} more" if len(own) > 1 else ""
        print(f"Made anew; what you had put there ({own[0]}{more}) is kept in {aside}.")
    else:
        shutil.rmtree(aside, ignore_errors=True)


def _files_of_ones_own(root, made):
    """List what stands in `root` and is not, byte for byte, in `made` as well: paths inside it.

    Empty files, and what file browsers leave behind, do not count.
    """
    if root.is_symlink() or not root.is_dir():
        return [root.name]
    own = []
    for folder, subfolders, files in os.walk(root):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        for file in (Path(folder, name) for name in (*files, *links)):
            inside = file.relative_to(root)
            if file.is_symlink():
                own.append(inside.as_posix())
            elif inside.as_posix() in NOTES or file.name in LITTER or not file.stat().st_size:
                continue
            elif not (made / inside).is_file() or not filecmp.cmp(file, made / inside, False):
                own.append(inside.as_posix())
    return sorted(own)
