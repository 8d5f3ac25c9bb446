"""Where things lie: the course's own folders, the mirror, and the folders that learners name."""

import errno
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
SAMPLES = DATA / "samples"
DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}  # or the quota
LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # left behind by file browsers


def source(value=None, environ=os.environ):
    """Return which pictures to use, "sample" or "real".

    >>> source(environ={}), source("real", environ={}), source(environ={"COURSE_DATA": "real"})
    ('sample', 'real', 'real')

    Args:
        value: "sample", "real", or None for what the environment says.
        environ: environment variables; COURSE_DATA counts, and "sample" where it is unset or empty.

    Raises:
        ValueError: it is neither of the two.
    """
    chosen = value or environ.get("COURSE_DATA") or "sample"
    if chosen not in ("sample", "real"):
        raise ValueError(
            f'The source is {chosen!r}, but must be "sample" or "real". Correct the argument, or '
            "the environment variable COURSE_DATA."
        )
    return chosen


def data(value=None, environ=os.environ):
    """Return the folder for downloads and extracted pictures.

    COURSE_DATA_DIR may name one that many share, and that can only be read where what is asked for
    is in it. A relative path there starts at the course's folder, wherever the notebook runs.

    >>> data(environ={}) == DATA, data(environ={"COURSE_DATA_DIR": "../share"}) == ROOT / "../share"
    (True, True)

    Args:
        value: a path, or None for what the environment says: COURSE_DATA_DIR, else `data/`.
        environ: environment variables.
    """
    if value:
        return folder(value, "data_dir")
    place = environ.get("COURSE_DATA_DIR", "").strip()
    return ROOT / _expanded(place) if place else DATA


def mirror(environ=os.environ):
    """Return where COURSE_MIRROR says that the original archives are.

    It may be a folder (`~` is your home folder; a relative path starts at the course's folder,
    wherever the notebook runs), a `file:` address, or an `http(s)://` address.

    >>> mirror({"COURSE_MIRROR": "https://mirror.example/course/"})
    'https://mirror.example/course'
    >>> mirror({"COURSE_MIRROR": "../mirror"}) == ROOT / "../mirror"
    True

    Returns:
        A `Path`, an address without a slash at its end (str), or None: unset or empty.

    Raises:
        ValueError: it is an address of another kind.
    """
    place = environ.get("COURSE_MIRROR", "").strip()
    if not place:
        return None
    if is_url(place):
        return place.rstrip("/")
    if place.lower().startswith("file:"):
        address = urlsplit(place)
        if address.netloc.lower() not in ("", "localhost"):
            raise ValueError(
                f"COURSE_MIRROR={place!r} names the computer {address.netloc!r}: a folder on this "
                "one has three slashes, as in file:///home/me/mirror."
            )
        place = url2pathname(address.path)
    elif re.match(r"[\w+.-]+://", place):
        raise ValueError(
            f"COURSE_MIRROR={place!r} should be a folder, or begin with file://, http:// or "
            "https://."
        )
    return ROOT / _expanded(place)


def progress(environ=os.environ):
    """Return the file that says which tasks of the exercises are done.

    It stays out of a shared COURSE_DATA_DIR: it belongs to one learner.

    >>> progress({}) == DATA / "progress.json"
    True
    >>> progress({"COURSE_PROGRESS": "build/me.json"}) == ROOT / "build/me.json"
    True

    Args:
        environ: environment variables; COURSE_PROGRESS may name another file.
    """
    place = environ.get("COURSE_PROGRESS", "").strip()
    return ROOT / _expanded(place) if place else DATA / "progress.json"


def is_url(place):
    """Say whether a str is the address of something on the web."""
    return re.match(r"https?://[^/]", place, re.IGNORECASE) is not None


def folder(value, name="directory"):
    """Return the path of a folder, which need not exist yet.

    >>> folder("photos") == Path("photos")
    True

    Args:
        value: a str or a path (`~` is your home folder), or a fetched `Dataset`, which stands for
            its `directory`.
        name: what the message calls the argument.

    Raises:
        TypeError: it is something else, such as a `Split`, which has three folders.
        ValueError: it is empty, or names the home folder of somebody unknown.
    """
    if all(hasattr(value, part) for part in ("train", "validation", "test")):
        raise TypeError(f"{name} is a Split, which has three folders: choose one, as split.train.")
    if getattr(value, "tables", None):
        raise TypeError(
            f"{name} is a data set of CSV files, not of class folders: read one of its `tables` "
            "with utils.csv_images.read_label_csv."
        )
    value = getattr(value, "directory", value)  # a fetched data set
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(
            f'{name} should be the path of a folder, such as "data/photos", not {value!r:.60}.'
        )
    if not str(value).strip():
        raise ValueError(f'{name} is empty; give the path of a folder, such as "data/photos".')
    return _expanded(value)


def _expanded(path):
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~somebody
        raise ValueError(f"{path} cannot be found: {error}. Write the whole path.") from error


@contextmanager
def writing(place, what, full, refused):
    """Say in a sentence what keeps `what` from being written to the folder `place`.

    Args:
        full: the sentence to add when the disk is full.
        refused: the sentence to add when the folder may not be written to, or cannot be there.

    Raises:
        OSError: the disk is full (ENOSPC).
        PermissionError: the folder is not to be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            text = f"No space for {what} in {place}: {error.strerror}. {full}"
            raise OSError(errno.ENOSPC, text) from error
        if error.errno in (None, errno.ENOENT):  # the former has its sentence
            raise
        where = f": {error.filename}" if error.filename else ""
        text = f"Cannot write {what} to {place} ({error.strerror}{where}). {refused}"
        raise PermissionError(text) from error


def need_space(place, needed):
    """Check that the disk of the folder `place` has `needed` bytes to spare.

    Raises:
        OSError: it has not (ENOSPC).
    """
    if (free := shutil.disk_usage(place).free) < needed:
        reason = f"{needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free"
        raise OSError(errno.ENOSPC, reason)
