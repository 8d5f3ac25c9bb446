"""Digests of files, and lists of them such as `sha256sum` writes: the one place for both."""

import hashlib
import os
import re
from pathlib import Path

LONGEST = 2**20  # bytes of a list; the longest here has a few hundred


def sha256(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    # Not `hashlib.file_digest`: the doctor runs on any Python 3.
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(2**18):
            digest.update(chunk)
    return digest.hexdigest()


def parse_list(data, place):
    r"""Read a list of digests, as `sha256sum *.zip > SHA256SUMS` makes it.

    Takes what a Windows shell makes of one as well: UTF-16, a byte-order mark, capital letters.

    >>> parse_list(b"\xef\xbb\xbf" + b"AB" * 32 + b" *pets.zip\r\n", "SHA256SUMS")["pets.zip"][:6]
    'ababab'

    Args:
        data: the content of the list, bytes.
        place: where it is from, for the message.

    Returns:
        A dict from file name to digest, 64 hexadecimal digits in lower case.

    Raises:
        ValueError: it is no such list; it is empty, too long, or of digests of another kind.
    """
    advice = "Make one with: sha256sum *.zip > SHA256SUMS"
    if len(data) > LONGEST:
        raise ValueError(f"{place} is no list of digests: it has over {LONGEST:,} bytes. {advice}")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    digests = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words = re.fullmatch(r"\s*([0-9A-Fa-f]+)\s+\*?(?:\./)?(.*\S)\s*", line)
        if not words:
            raise ValueError(
                f"{place}, line {number} is not a digest and a file name: {line[:40]!r}. {advice}"
            )
        digest, name = words[1].lower(), words[2]
        if len(digest) != 64:
            raise ValueError(
                f"{place}, line {number} has a digest of {len(digest)} digits instead of the 64 "
                f"of SHA-256. {advice}"
            )
        if digests.setdefault(name, digest) != digest:
            raise ValueError(f"{place} has two different digests of {name}. {advice}")
    if not digests:
        raise ValueError(f"{place} is empty. {advice}")
    return digests


def read_list(path):
    """Return {file name: digest} of a list on disk; see `parse_list`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no such list.
    """
    with open(path, "rb") as file:
        return parse_list(file.read(LONGEST + 1), path)


def write_list(path, digests):
    """Write {file name: digest} in the format of `sha256sum`: whole, or not at all."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    lines = [f"{digest}  {name}\n" for name, digest in digests.items()]
    partial.write_text("".join(lines), encoding="utf-8", newline="\n")
    os.replace(partial, path)
