"""`utils.downloads` by way of `fetch`, against a local server."""

import errno
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from little_sets import ZIP, leftovers, pets, real, sha256, zip_of

from utils import downloads, paths, registry

pytestmark = pytest.mark.usefixtures("clean_environment")


# Downloads


def test_cut_download_goes_on_by_itself(register, server, tmp_path):
    register()
    server.cut_after = [200_000, 100_000]
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    statuses = [status for _, _, status in server.downloads()]
    assert statuses == [200, 206, 206]
    assert server.sent < len(ZIP) + 2 * 2**16  # at most the last chunk of each comes twice
    assert leftovers(tmp_path) & {"downloads/pets.zip"}
    assert not [name for name in leftovers(tmp_path) if ".part" in name or ".version" in name]


def test_cut_download_goes_on_in_the_next_call(register, server, tmp_path):
    register()
    server.cut_after = [200_000, 0]
    with pytest.raises(ConnectionError, match="MB that have arrived are kept"):
        real(tmp_path)
    (part,) = (tmp_path / "data/downloads").glob("*.part")
    have = part.stat().st_size
    assert 200_000 - 2**16 <= have <= 200_000
    server.requests.clear()
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert server.downloads() == [("pets.zip", f"bytes={have}-", 206)]


def test_server_without_range_starts_over(register, server, tmp_path):
    register()
    server.ranges, server.cut_after = False, [200_000]
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [status for _, _, status in server.downloads()] == [200, 200]


def test_server_that_always_cuts_is_given_up(register, server, tmp_path):
    register()
    server.ranges, server.cut_after = False, [200_000] * 9
    with pytest.raises(ConnectionError, match="kept"):
        real(tmp_path)
    assert len(server.downloads()) < 4


def interrupted(register, server, tmp_path, **options):
    """Leave a part of 200 kB behind."""
    register(**options)
    server.cut_after = [200_000, 0]
    with pytest.raises(ConnectionError):
        real(tmp_path)
    server.requests.clear()


def test_changed_file_is_not_appended(register, server, tmp_path):
    interrupted(register, server, tmp_path, digest=False)
    changed = zip_of(pets(4, size=(250, 192)))
    changed += bytes(len(ZIP) - len(changed))  # of the same size; zip readers skip such an end
    server.files["pets.zip"] = changed
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [status for _, _, status in server.downloads()] == [200]  # If-Range did that
    assert (tmp_path / "data/downloads/pets.zip").read_bytes() == changed


def test_wrong_digest_after_resuming_discards_the_part(register, server, tmp_path):
    server.etag = False
    interrupted(register, server, tmp_path)
    server.files["pets.zip"] = ZIP[:-1] + b"!"
    with pytest.raises(ValueError, match="pets.zip.*expected.*call fetch again"):
        real(tmp_path)
    assert server.downloads()[0][2] == 206
    assert leftovers(tmp_path) == set()
    server.files["pets.zip"] = ZIP
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}


def test_other_size_is_refused_before_it_is_downloaded(register, server, tmp_path):
    register(served=ZIP + b"more")
    with pytest.raises(ValueError, match=f"{len(ZIP) + 4:,} bytes instead of {len(ZIP):,}"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("extra", [0, 1000])
def test_nothing_left_to_ask_for(register, server, tmp_path, extra):
    """A part that is complete is used (416); one that is longer is thrown away."""
    register(size=False)
    downloads = tmp_path / "data/downloads"
    downloads.mkdir(parents=True)
    (downloads / f"pets.zip.{sha256(ZIP)[:8]}.part").write_bytes(ZIP + bytes(extra))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    statuses = [status for _, _, status in server.downloads()]
    assert statuses == ([416, 200] if extra else [416])


def test_wrong_digest(register, server, tmp_path):
    bad = ZIP[:-1] + b"!"
    register(served=bad)
    with pytest.raises(ValueError) as caught:
        real(tmp_path)
    for words in ("pets.zip", sha256(ZIP), sha256(bad), "call fetch again"):
        assert words in str(caught.value)
    assert leftovers(tmp_path) == set()


def test_spoilt_archive_on_disk_is_downloaded_again(register, server, tmp_path):
    register()
    shutil.rmtree(real(tmp_path).directory.parent)
    (tmp_path / "data/downloads/pets.zip").write_bytes(b"spoilt")
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert len(server.downloads()) == 2


def test_unpublished_digest_is_noted_on_first_use(register, server, tmp_path):
    register(digest=False)
    first = real(tmp_path)
    assert first.directory.parent.name == f"pets-real-{sha256(ZIP)[:8]}"
    note = tmp_path / "data/downloads/pets.zip.sha256"
    assert note.read_text() == f"{sha256(ZIP)}  pets.zip\n"
    assert real(tmp_path) == first
    assert len(server.downloads()) == 1
    # Another file of the same size is not taken for it later.
    shutil.rmtree(first.directory.parent)
    (tmp_path / "data/downloads/pets.zip").unlink()
    server.files["pets.zip"] = ZIP[:-1] + b"!"
    with pytest.raises(ValueError, match=f"(?s){sha256(ZIP)}.*delete .*pets.zip.sha256"):
        real(tmp_path)


def test_unpublished_digest_checks_the_size(register, server, tmp_path):
    register(digest=False, served=ZIP[:-5])
    with pytest.raises(ValueError, match="instead of"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()
    (tmp_path / "data/downloads/pets.zip").write_bytes(ZIP[:-5])  # put there by hand
    with pytest.raises(ValueError, match="pets.zip has .* expected .*Delete it"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


def test_no_network_names_the_ways_out(register, server, tmp_path):
    register()
    archive = replace(registry.DATASETS["pets"].archives[0], url="http://127.0.0.1:9/pets.zip")
    entry = replace(registry.DATASETS["pets"], archives=(archive,))
    registry.DATASETS["pets"] = entry
    with pytest.raises(ConnectionError, match='no connection.*source="sample".*COURSE_MIRROR'):
        real(tmp_path)


def test_server_error_is_named(register, server, tmp_path):
    register()
    server.files.clear()
    with pytest.raises(ConnectionError, match="404"):
        real(tmp_path)


PROCESS = """
import sys
from utils.datasets import fetch
from utils.registry import DATASETS, Archive, Entry
url, size, digest, folder = sys.argv[1:]
archive = Archive(url, int(size), None if digest == "-" else digest)
DATASETS["pets"] = Entry((archive,), "Pets", None, ("Cat", "Puppy"), "", "")
dataset = fetch("pets", "real", folder)
print(dataset.counts, "inode", dataset.directory.stat().st_ino)
"""


@pytest.mark.parametrize("digest", [sha256(ZIP), "-"])
def test_two_processes_download_once(server, tmp_path, digest):
    server.files["pets.zip"], server.delay = ZIP, 0.5
    arguments = [f"{server.url}/pets.zip", str(len(ZIP)), digest, str(tmp_path / "data")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *arguments],
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs, errors = zip(*[process.communicate(timeout=60) for process in processes], strict=True)
    assert all("{'Cat': 4, 'Puppy': 4}" in out for out in outputs)
    assert len({out.split("inode")[1] for out in outputs}) == 1  # extracted once, too
    assert "pets.zip" not in "".join(errors)  # the download library keeps quiet
    assert len(server.downloads()) == 1


def test_stopped_while_it_is_verified_keeps_the_download(register, server, tmp_path, monkeypatch):
    register()

    def stop(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(downloads, "sha256", stop)
        with pytest.raises(KeyboardInterrupt):
            real(tmp_path)
    server.requests.clear()
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert server.requests == [], "every byte had arrived"
    files = {name for name in leftovers(tmp_path) if name.startswith("downloads/")}
    assert files == {"downloads/pets.zip"}


def test_page_to_sign_in_on_does_not_cost_what_has_arrived(register, server, tmp_path):
    interrupted(register, server, tmp_path)
    (part,) = (tmp_path / "data/downloads").glob("*.part")
    have = part.read_bytes()
    server.portal = True
    with pytest.raises(ConnectionError, match="web page.*sign in.*are kept"):
        real(tmp_path)
    assert part.read_bytes() == have
    server.portal = False
    server.requests.clear()
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert server.downloads() == [("pets.zip", f"bytes={len(have)}-", 206)]


def test_part_from_another_place_is_not_appended(register, server, tmp_path):
    interrupted(register, server, tmp_path)
    server.says_start = 0
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [status for _, _, status in server.downloads()] == [206, 200]


@pytest.mark.parametrize("note", [b"two\nlines", b"\xff\xfe\0", b" "])
def test_damaged_note_of_the_version_starts_over(register, server, tmp_path, note):
    interrupted(register, server, tmp_path)
    (version,) = (tmp_path / "data/downloads").glob("*.version")
    version.write_bytes(note)
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [wanted for _, wanted, _ in server.downloads()] == [None]


def test_without_version_or_digest_nothing_is_appended(register, server, tmp_path):
    server.etag = False
    interrupted(register, server, tmp_path, digest=False)
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [wanted for _, wanted, _ in server.downloads()] == [None]


def test_server_that_neither_resumes_nor_finishes_is_given_up(register, server, tmp_path):
    register()
    server.no_more, server.cut_after = True, [200_000, 100_000] * 20
    with pytest.raises(ConnectionError, match="kept"):
        real(tmp_path)
    assert len(server.downloads()) < 6


def test_length_that_is_not_stated(register, server, tmp_path):
    register()
    server.says_length, server.cut_after = False, [200_000]  # which looks like the end
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert [status for _, _, status in server.downloads()] == [200, 206]


def test_download_without_end_is_given_up(register, server, tmp_path):
    register()
    server.says_length, server.endless = False, True
    with pytest.raises(ValueError, match=f"more bytes than the {len(ZIP):,}"):
        real(tmp_path)
    assert server.sent < 100e6
    assert leftovers(tmp_path) == set()


# Disk


def test_full_disk_is_seen_before_the_download(register, server, tmp_path, monkeypatch):
    register()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * len(ZIP) - 1))
    with pytest.raises(OSError, match="No space for pets.*are free.*call fetch again") as caught:
        real(tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert server.downloads() and not list((tmp_path / "data/downloads").glob("*.zip"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * len(ZIP)))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}


def test_disk_that_fills_up_while_downloading_keeps_the_part(
    register, server, tmp_path, monkeypatch
):
    register()
    real_open, room = Path.open, 200_000

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            if self.file.tell() + len(data) > room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(data)

    def limited(path, mode="r", *rest, **options):
        file = real_open(path, mode, *rest, **options)
        return Full(file) if path.suffix == ".part" else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", limited)
        with pytest.raises(OSError, match="No space for pets.*is kept"):
            real(tmp_path)
    (part,) = (tmp_path / "data/downloads").glob("*.part")
    have = part.stat().st_size
    assert 0 < have <= room
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert server.downloads()[-1] == ("pets.zip", f"bytes={have}-", 206)
