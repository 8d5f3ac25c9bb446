"""Get archives: verify what is on disk, download what is not, go on where a download stopped.

A download grows under the name `*.part` and keeps that name until it has been verified, so that
an interruption at any moment costs nothing that had arrived.
"""

import os
import re
from dataclasses import replace
from itertools import chain
from pathlib import Path

from utils.hashes import LONGEST, parse_list, read_list, sha256
from utils.paths import is_url, need_space

BAR = {"unit_scale": True, "leave": False, "delay": 5}  # seconds before a progress bar shows
PATIENCE = (10, 30)  # seconds for a connection, and for an answer
CHANGED = (
    "Please call fetch again; if that happens twice, the archive has changed: tell the course's "
    "maintainers, or whoever keeps the mirror."
)


def mirror_list(mirror):
    """Return {file name: digest} from the SHA256SUMS of a mirror, a folder or an address.

    Raises:
        OSError: it cannot be read; what `requests` raises is an OSError, too.
        ValueError: what stands there is no such list.
    """
    if not is_url(str(mirror)):
        return read_list(mirror / "SHA256SUMS")
    url, data = f"{mirror}/SHA256SUMS", b""
    with _get(url) as response:
        response.raise_for_status()
        for chunk in response.iter_content(2**16):
            data += chunk
            if len(data) > LONGEST:  # `parse_list` refuses it
                break
    return parse_list(data, url)


def _get(url, **headers):
    """Ask for an address; whatever keeps it from answering is a `requests.RequestException`."""
    import requests

    try:
        return requests.get(url, headers=headers, stream=True, timeout=PATIENCE)
    except requests.RequestException:
        raise
    except (ValueError, OSError) as error:  # of a redirection to nonsense
        raise requests.ConnectionError(error) from error


def obtain(archive, downloads):
    """Return the archive with the path of its verified file as its `url`, and with its digest.

    Args:
        archive: an `Archive`; without a digest, only the size is checked.
        downloads: folder for what comes from the web. A file on disk is used where it is.

    Raises:
        FileNotFoundError: the file on disk is not there.
        ValueError: the file is not what it should be.
        ConnectionError: the download did not succeed; what has arrived is kept.
        OSError: the disk is full.
    """
    if not is_url(archive.url):  # a sample or a mirror's folder
        path = Path(archive.url)
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is missing, though SHA256SUMS lists it. Put it back (a sample: "
                "git checkout data/samples)."
            )
        if (digest := sha256(path)) != archive.sha256:
            raise ValueError(
                f"{path} is damaged: its SHA-256 is {digest}, expected {archive.sha256}. "
                "Replace it with a good copy."
            )
        return archive

    downloads.mkdir(parents=True, exist_ok=True)
    path = downloads / archive.name
    digest = sha256(path) if path.exists() else None
    if digest is None or archive.sha256 not in (None, digest):
        digest = _download(archive, path)
    elif archive.sha256 is None and _size(path) != archive.size:
        raise ValueError(
            f"{path} has {_size(path):,} bytes, expected {archive.size:,}. Delete it, then "
            "call fetch again."
        )
    return replace(archive, url=str(path), sha256=digest)


def _download(archive, path):
    """Download to `path` by way of a part, which gets that name once verified; return its digest.

    A part that is complete but was not verified, because Python was stopped, is verified now.
    """
    part = path.with_name(f"{path.name}.{(archive.sha256 or 'new')[:8]}.part")
    _complete(archive, part)
    digest = sha256(part)
    if archive.sha256 not in (None, digest):
        _discard(part)
        note = digest_note(archive, path.parent)
        trust = f" Or delete {note}, if you trust the new one." if note.exists() else ""
        raise ValueError(
            f"{archive.url} is not the archive it should be: its SHA-256 is {digest}, expected "
            f"{archive.sha256}. Nothing of it was kept. {CHANGED}{trust}"
        )
    os.replace(part, path)
    _discard(part)
    return digest


def digest_note(archive, downloads):
    """Where the digest of an archive is noted on first use, if it is not published."""
    return downloads / f"{archive.name}.sha256"


def _discard(part):
    part.unlink(missing_ok=True)
    _version(part).unlink(missing_ok=True)


def _version(part):
    """Return where the part's version is noted, as the server calls it (ETag or date)."""
    return part.with_suffix(".version")


def _complete(archive, part):
    """Download until the part is complete, as long as each attempt brings something new."""
    import requests

    most, resume = _size(part), True
    while True:
        cause = None
        try:
            if _transfer(archive, part, resume):
                return
        except _CannotResume:
            resume = False
            continue
        except requests.RequestException as error:
            cause = error
        if _size(part) <= most:
            answer = getattr(cause, "response", None)
            status = "no connection, or cut off" if answer is None else answer.status_code
            if isinstance(cause, requests.exceptions.ProxyError):
                status = "the proxy of this network, as HTTP_PROXY names it, does not connect"
            raise ConnectionError(
                f"{archive.url} could not be downloaded ({status}). Call fetch again later: the "
                f"{_size(part) / 1e6:.0f} MB that have arrived are kept. Without a network, use "
                'source="sample", or set COURSE_MIRROR to a folder that holds the archives.'
            ) from cause
        most, resume = _size(part), True  # cut off, but something had come: go on from there


class _CannotResume(Exception):
    """The server does not go on where the part ends: it has to be asked for the whole file."""


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _transfer(archive, part, resume):
    """Append to `part` what it lacks; return whether it is complete.

    What is there is replaced only by what begins as the archive should: a network that asks for a
    password answers every request with a web page.
    """
    url, size = archive.url, archive.size
    have = _size(part) if resume else 0
    if have and have == size:
        return True
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-"} | _if_range(archive, part)
    with _get(url, **headers) as response:
        stated = response.headers.get("Content-Range", "")
        if have and response.status_code == 416:  # there is nothing beyond what we have
            if stated.endswith(f"/{have}"):
                return True
            raise _CannotResume(f"{url} ends before byte {have:,}")
        response.raise_for_status()
        chunks = response.iter_content(2**16)
        squeezed = "Content-Encoding" in response.headers  # all the same; lengths are of that then
        if have and response.status_code == 206:
            stretch = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})", stated)
            total = stretch and int(stretch[2])
            fits = stretch and int(stretch[1]) == have and size in (None, total)
            if not fits or squeezed:
                raise _CannotResume(f"{url} gave {stated or 'an unknown part'} from byte {have:,}")
        else:  # from the start: a new version, or a server that cannot resume
            have, first = 0, next(chunks, b"")
            _check_start(archive, first, _size(part))
            stated = response.headers.get("Content-Length", "")
            total = int(stated) if re.fullmatch(r"\d{1,15}", stated) and not squeezed else size
            if size not in (None, total):
                raise ValueError(f"{url} offers {total:,} bytes instead of {size:,}. {CHANGED}")
            chunks = chain([first], chunks)
            part.unlink(missing_ok=True)  # before its version changes
            _note_version(part, response.headers)
        # The archives hold compressed pictures: extracted, they take about as much again.
        need_space(part.parent, 2 * (total or 0) - have)
        _append(part, chunks, total)
    if total and _size(part) > total:
        _discard(part)
        raise ValueError(f"{url} gave more bytes than the {total:,} it offered. {CHANGED}")
    return not total or _size(part) == total


def _check_start(archive, first, kept):
    is_zip = archive.name.lower().endswith(".zip")
    if not first.startswith(b"PK") if is_zip else first.lstrip().startswith(b"<"):
        raise ConnectionError(
            f"{archive.url} gave a web page, or something else that is not {archive.name}. Does "
            "this network ask you to sign in? Open any page in a browser, then call fetch again: "
            f"the {kept / 1e6:.0f} MB that have arrived are kept."
        )


def _note_version(part, headers):
    """Note which version of the file the part is of; empty where the server does not say."""
    tag = headers.get("ETag", "")
    if not tag.startswith('"'):  # If-Range does not take a weak tag
        tag = headers.get("Last-Modified", "")
    _version(part).write_text(tag, encoding="utf-8")


def _if_range(archive, part):
    """Return the header that lets a server resume only the version that the part is of."""
    note = _version(part)
    tag = note.read_text(encoding="utf-8", errors="replace") if note.exists() else ""
    if not tag and archive.sha256:  # should the versions differ, the digest tells
        return {}
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", tag):  # unknown, or damaged
        raise _CannotResume(f"{note} does not say which version the part is of")
    return {"If-Range": tag}


def _append(part, chunks, total):
    from tqdm.auto import tqdm

    have = _size(part)
    bar = tqdm(desc=part.name, total=total, initial=have, unit="B", **BAR)
    with bar, part.open("ab") as file:
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))
            have += len(chunk)
            if total and have > total:  # it may never end
                break
