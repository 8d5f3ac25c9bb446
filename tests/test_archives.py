"""`utils.archives` by way of `fetch`: what is extracted, what is kept, what is refused."""

import errno
import shutil
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from little_sets import ZIP, leftovers, pets, picture, real, sha256, zip_of

from utils import archives, paths
from utils.datasets import fetch, read_quarantine
from utils.registry import DATASETS

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_full_disk_is_seen_before_extraction(sample, tmp_path, monkeypatch):
    sample()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    with pytest.raises(OSError, match="No space for pets"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_interrupted_extraction_leaves_nothing_half_done(
    register, server, tmp_path, monkeypatch, error
):
    register()
    write = Path.write_bytes

    def fail(path, data):
        if path.name == "2.jpg":
            raise error
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail)
        with pytest.raises(type(error)):
            real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}
    assert not list((tmp_path / "data/extracted").iterdir())
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert len(server.downloads()) == 1


def test_killed_extraction_is_done_again(register, tmp_path):
    register()
    stale = tmp_path / f"data/extracted/pets-real-{sha256(ZIP)[:8]}.partial/Pets/Cat/old.jpg"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(picture())
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert not stale.exists()


# What stood there before


def spoil(dataset, how):
    """Make the set one that has to be extracted again."""
    root = dataset.directory.parent
    if how == "quarantine":
        shutil.rmtree(root / "quarantine")
    elif how == "record":
        (root / "record.json").unlink()
    else:
        (root / "record.json").write_text(how)


FOREIGN = ["{}", "[1]", "null", '{"folders": {"Pets/Cat": 3}}', '{"counts": {}, "folders": {}}']


@pytest.mark.parametrize("how", ["quarantine", "record", *FOREIGN])
def test_incomplete_set_is_extracted_again(register, tmp_path, capsys, how):
    register()
    dataset = real(tmp_path)
    spoil(dataset, how)
    (dataset.directory / "Cat/.DS_Store").write_bytes(b"left behind")
    assert real(tmp_path) == dataset
    assert "is kept" not in capsys.readouterr().out
    assert len(list((tmp_path / "data/extracted").iterdir())) == 1


@pytest.mark.parametrize("how", ["quarantine", "record", "{}"])
def test_files_of_ones_own_survive(register, tmp_path, capsys, how):
    register()
    dataset = real(tmp_path)
    mine, edited = dataset.directory / "Cat/mine.jpg", dataset.directory / "Puppy/0.jpg"
    mine.write_bytes(picture(99))
    edited.unlink()
    edited.write_bytes(picture(98))
    spoil(dataset, how)
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    (aside,) = (tmp_path / "data/extracted").glob("*.old1")
    assert (aside / "Pets/Cat/mine.jpg").read_bytes() == picture(99)
    assert (aside / "Pets/Puppy/0.jpg").read_bytes() == picture(98)
    out = capsys.readouterr().out
    assert "Pets/Cat/mine.jpg and 1 more" in out and str(aside) in out


def test_link_in_place_of_the_set_is_not_emptied(register, tmp_path):
    register()
    root = real(tmp_path).directory.parent
    elsewhere = tmp_path / "elsewhere"
    root.rename(elsewhere)
    (elsewhere / "record.json").unlink()
    root.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert sorted(elsewhere.rglob("*")) == before


# Hostile archives


def special(kind, content=b""):
    info = zipfile.ZipInfo("Pets/Cat/link.jpg")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return {info: content}


def patched(data, offsets, value, only=lambda old: True):
    """Change a field of all files' heads: at `offsets` in a local head, in the list of contents."""
    data = bytearray(data)
    for mark, offset in zip((b"PK\x03\x04", b"PK\x01\x02"), offsets, strict=True):
        start = -1
        while (start := data.find(mark, start + 1)) >= 0:
            (old,) = struct.unpack_from("<I", data, start + offset)
            if only(old):
                struct.pack_into("<I", data, start + offset, value(old))
    return bytes(data)


def renamed(old, new):
    """An archive in which a file's name was replaced by bytes of the same number."""
    return zip_of(pets() | {f"Pets/Cat/{old}": picture(50)}).replace(old.encode(), new)


HOSTILE = {
    "parent": zip_of(pets() | {"../evil.jpg": b"x"}),
    "deep parent": zip_of(pets() | {"Pets/Cat/../../../../evil.jpg": b"x"}),
    "absolute": zip_of(pets() | {"/evil.jpg": b"x"}),
    "drive": zip_of(pets() | {"C:/evil.jpg": b"x"}),
    "backslash": zip_of(pets() | {"Pets\\..\\..\\..\\evil.jpg": b"x"}),
    "share": zip_of(pets() | {"\\\\server\\evil.jpg": b"x"}),
    "link": zip_of(pets() | special(stat.S_IFLNK, "/etc/passwd")),
    "device": zip_of(pets() | special(stat.S_IFBLK)),
    "pipe": zip_of(pets() | special(stat.S_IFIFO)),
    "socket": zip_of(pets() | special(stat.S_IFSOCK)),
    "twice": zip_of(pets() | {"Pets/cat/0.JPG": b"x"}),
    "twice, by a dot": zip_of(pets() | {"Pets/./Cat/0.jpg": b"x"}),
    "twice, in other Unicode": zip_of(
        pets() | {"Pets/Cat/\u00e9.jpg": b"x", "Pets/Cat/e\u0301.jpg": b"y"}
    ),
    "bomb": zip_of(pets() | {"Pets/Cat/9.jpg": bytes(10**8)}, compression=zipfile.ZIP_DEFLATED),
    "no zip": b"PK but no zip",
    "empty file": b"",
    "truncated": ZIP[: len(ZIP) // 2],
    "truncated by a byte": ZIP[:-1],
    "encrypted": patched(ZIP, (6, 8), lambda old: old | 1),
    "names of no Unicode": renamed("\u00e9\u00e9.jpg", b"\xff\xfe\xff\xfe.jpg"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archive(sample, tmp_path, kind):
    sample(HOSTILE[kind])
    before = set(tmp_path.iterdir()) | {tmp_path / "data"}
    with pytest.raises(ValueError, match="cannot be unpacked.*Nothing of it was kept.*get it anew"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()
    assert set(tmp_path.iterdir()) == before


def test_hostile_archive_from_the_web(register, tmp_path):
    register(HOSTILE["parent"])
    before = set(tmp_path.iterdir()) | {tmp_path / "data"}
    with pytest.raises(ValueError, match="cannot be unpacked.*Nothing of it was kept"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}
    assert set(tmp_path.iterdir()) == before


def test_digest_of_an_archive_that_cannot_be_unpacked_is_not_trusted(register, tmp_path):
    register(HOSTILE["parent"], digest=False)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


@pytest.mark.parametrize("bound", ["MAX_FILES", "MAX_BYTES"])
def test_bounds(register, tmp_path, monkeypatch, bound):
    monkeypatch.setattr(archives, bound, 7)
    register()
    with pytest.raises(ValueError, match="too much"):
        real(tmp_path)


def test_one_large_file_is_refused(register, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE", max(len(data) for data in pets().values()) - 1)
    register()
    with pytest.raises(ValueError, match="cannot be unpacked.*bytes: too much"):
        real(tmp_path)


def test_file_that_is_larger_than_it_says_takes_no_memory(sample, tmp_path):
    size = 3 * 10**7
    data = zip_of(pets(1) | {"Pets/Cat/9.jpg": bytes(size)}, compression=zipfile.ZIP_DEFLATED)
    sample(patched(data, (22, 24), lambda _: 10, only=lambda old: old == size))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="cannot be unpacked.*CRC"):
            fetch("pets", data_dir=tmp_path / "data")
        assert tracemalloc.get_traced_memory()[1] < size / 2
    finally:
        tracemalloc.stop()
    assert leftovers(tmp_path) == set()


SET_ASIDE = {  # stray files beside the pictures, and how many of them are set aside
    "nested archives": ({"Pets/Cat/in.zip": ZIP, "Pets/Cat/in.jpg": ZIP}, 2),
    "a name with a line break": ({"Pets/Cat/a\nb.jpg": b"x"}, 1),
    "a name for a spreadsheet": ({'Pets/Cat/=cmd,"x.jpg': b"x"}, 1),
    "a name of a device": ({"Pets/Cat/con": b"x", "Pets/Cat/nul.": b"x"}, 2),
    "a folder that ends like a picture": ({"Pets/Cat/a.jpg/": b"", "Pets/Cat/a.jpg/b.jpg": b""}, 0),
    "a file and a folder of one name": ({"Pets/Cat/a.jpg": b"x", "Pets/Cat/a.jpg/b.jpg": b""}, 1),
    "a file that is named as a class": ({"Pets/Cat": b"x"}, 0),
    "files that are named as our notes": (
        {"record.json": b"{}", "quarantine/report.csv": b"x", "quarantine/Cat/0.jpg": b"x"},
        0,
    ),
    "a home folder": ({"~/a.jpg": b"x", "$HOME/a.jpg": b"x"}, 0),
    "no name": ({"": b"x"}, 0),
}


@pytest.mark.parametrize("what", SET_ASIDE)
def test_odd_contents_do_no_harm(sample, tmp_path, what):
    files, number = SET_ASIDE[what]
    sample(pets() | files)
    before = set(tmp_path.iterdir()) | {tmp_path / "data"}
    dataset = fetch("pets", data_dir=tmp_path / "data")
    assert dataset.counts == {"Cat": 4, "Puppy": 4}
    assert len(read_quarantine(dataset)) == number
    assert len(list((dataset.quarantine / "Cat").iterdir())) == number
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", [b"\xff\xfe\xe4\xf6.jpg", b"a\0aa.jpg"])
def test_names_in_another_encoding(sample, tmp_path, name):
    sample(renamed("aaaa.jpg", name))
    dataset = fetch("pets", data_dir=tmp_path / "data")
    assert dataset.counts["Cat"] + len(read_quarantine(dataset)) == 5


@pytest.mark.parametrize("around", [(b"x" * 1000, b""), (b"", b"x" * 1000)])
def test_bytes_around_an_archive(sample, tmp_path, around):
    sample(around[0] + ZIP + around[1])
    assert fetch("pets", data_dir=tmp_path / "data").counts == {"Cat": 4, "Puppy": 4}


@pytest.mark.parametrize("files", [{}, {"Pets/Cat": b"a file"}, {"Pets/Cat/": b""}])
def test_archive_of_nothing(sample, tmp_path, files):
    sample(files)
    with pytest.raises(ValueError, match="no readable pictures in Pets/Cat.*Replace it"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


def test_damaged_content_with_the_right_digest(register, tmp_path):
    at = ZIP.index(b"Pets/Puppy/3.jpg") + 5000
    register(ZIP[:at] + bytes([ZIP[at] ^ 1]) + ZIP[at + 1 :])
    with pytest.raises(ValueError, match="cannot be unpacked.*CRC"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


@pytest.mark.parametrize("kind", ["ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"])
def test_damage_is_named_whatever_the_compression(register, tmp_path, kind):
    data = bytearray(zip_of(pets(), compression=getattr(zipfile, kind)))
    at = data.index(b"Pets/Puppy/3.jpg") + 100
    data[at : at + 200] = bytes(200)
    register(bytes(data))
    with pytest.raises(ValueError, match="pets.zip cannot be unpacked.*Puppy/3.jpg"):
        real(tmp_path)


@pytest.mark.parametrize("at, damage", [(0, b"\xff" * 8), (8, b"\xff" * 4), (28, b"\xff\x7f")])
def test_damaged_list_of_contents(register, tmp_path, at, damage):
    data = bytearray(ZIP)
    start = data.index(b"PK\x01\x02") + at
    data[start : start + len(damage)] = damage
    register(bytes(data))
    with pytest.raises(ValueError, match="pets.zip cannot be unpacked"):
        real(tmp_path)


def test_name_that_no_disk_takes(register, tmp_path):
    register(zip_of(pets() | {f"Pets/Cat/{'a' * 300}.jpg": picture()}))
    with pytest.raises(ValueError, match="cannot be unpacked.*too long"):
        real(tmp_path)


def test_names_with_backslashes_are_folders(register, tmp_path):
    register(zip_of({name.replace("/", "\\"): data for name, data in pets().items()}))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}


def test_archive_of_something_else(register, tmp_path):
    register(zip_of(pets(top="Cars")))
    with pytest.raises(ValueError, match="no readable pictures in Pets/Cat"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


def test_a_set_of_tables_is_looked_at_too(tmp_path):
    shutil.copytree(paths.DATA / "samples", tmp_path / "samples")
    tables = fetch("finger_counting", source="sample", data_dir=tmp_path)
    entry = DATASETS["finger_counting"]
    assert archives.fault(entry, tables.directory) is None
    (tables.directory / "train.csv").write_bytes(b"")
    assert archives.fault(entry, tables.directory) == "is incomplete"
