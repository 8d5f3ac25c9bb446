"""`utils.datasets` against a local HTTP server that can cut, refuse and change what it serves."""

import errno
import functools
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils import datasets
from utils.csv_images import COLUMNS, read_label_csv
from utils.datasets import Archive, Entry, fetch, read_metadata, read_quarantine

ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def picture(seed=0, size=(64, 48), mode="RGB", kind="JPEG"):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(
        file, kind, **({"quality": 95} if kind == "JPEG" else {})
    )
    return file.getvalue()


def zip_of(files, *, compression=zipfile.ZIP_STORED):
    """Return the bytes of a zip; keys are names or ZipInfo."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name) if isinstance(name, str) else name  # no time of day in it
            archive.writestr(info, data, compression)
    return file.getvalue()


def pets(per_class=4, top="Pets", size=(256, 192)):
    """A small set of about 60 kB a picture."""
    return {
        f"{top}/{c}/{i}.jpg": picture(10 * i + len(c), size)
        for c in ("Cat", "Puppy")
        for i in range(per_class)
    }


ZIP = zip_of(pets())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `files`; what it has been asked for stands in `requests` as (name, Range, status)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.sent = {}, [], 0
        self.ranges, self.cut_after, self.etag, self.delay = True, [], True, 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def downloads(self, name="pets.zip"):
        return [request for request in self.requests if request[0] == name]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, name = self.server, self.path.lstrip("/")
        data = server.files.get(name)
        if data is None:
            server.requests.append((name, None, 404))
            return self.send_error(404)
        time.sleep(server.delay)
        wanted, start, status = self.headers.get("Range"), 0, 200
        etag = f'"{sha256(data)[:12]}"'
        same = self.headers.get("If-Range", etag) == etag
        if wanted and server.ranges and same:
            start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
            if start >= len(data):
                server.requests.append((name, wanted, 416))
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
        server.requests.append((name, wanted, status))
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) - start))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if server.etag:
            self.send_header("ETag", etag)
        self.end_headers()
        cut = server.cut_after.pop(0) if server.cut_after and name.endswith(".zip") else None
        body = data[start:] if cut is None else data[start : start + cut]
        server.sent += len(body)
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in ("COURSE_DATA", "COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(datasets, "SAMPLES", tmp_path / "samples")


@pytest.fixture
def register(monkeypatch, server):
    """Register the data set "pets" with this archive at the server's."""

    def register(data=ZIP, *, digest=True, served=None, size=True, **layout):
        server.files["pets.zip"] = data if served is None else served
        archive = Archive(
            f"{server.url}/pets.zip", len(data) if size else None, sha256(data) if digest else None
        )
        layout = {"directory": "Pets", "held_out": None, **layout}
        entry = Entry(
            archives=(archive,), class_names=("Cat", "Puppy"), licence="free", page="", **layout
        )
        monkeypatch.setitem(datasets.DATASETS, "pets", entry)

    return register


@pytest.fixture
def sample(tmp_path, register):
    """Put a sample of "pets" where samples are shipped."""

    def sample(files=None):
        register()
        data = zip_of(pets() if files is None else files)
        write_mirror(tmp_path / "samples", {"pets.zip": data})

    return sample


def write_mirror(folder, files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = "".join(f"{sha256(data)}  {name}\n" for name, data in files.items())
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def real(tmp_path):
    return fetch("pets", "real", tmp_path / "data")


def leftovers(tmp_path, *, beside=()):
    """What stands in the data folder apart from lock files."""
    files = (tmp_path / "data").rglob("*")
    names = {str(f.relative_to(tmp_path / "data")) for f in files if f.is_file()}
    return {n for n in names if not n.endswith(".lock") and n not in beside}


# What a learner gets


def test_sample_is_the_default(sample, tmp_path, server, capsys):
    sample(
        {
            **pets(),
            "metadata.csv": "file,yaw\nCat/0.jpg,30\n",
            "LICENSE.txt": "Free for\nall.\n\nMore.",
        }
    )
    dataset = fetch("pets", data_dir=tmp_path / "data")
    assert (dataset.name, dataset.source, dataset.licence) == ("pets", "sample", "Free for all.")
    assert dataset.class_names == ("Cat", "Puppy")
    assert dataset.counts == {"Cat": 4, "Puppy": 4}
    assert dataset.held_out is None
    assert (dataset.directory / "Puppy/3.jpg").read_bytes() == pets()["Pets/Puppy/3.jpg"]
    assert read_metadata(dataset) == [{"file": "Cat/0.jpg", "yaw": "30"}]
    assert read_quarantine(dataset) == []
    assert server.requests == []


def test_one_line_says_what_was_used_and_how_to_get_the_other(sample, tmp_path, capfd):
    sample({**pets(), "Pets/Cat/9.jpg": b""})
    for _ in range(2):
        fetch("pets", data_dir=tmp_path / "data")
        out, err = capfd.readouterr()
        assert out.count("\n") == 1 and err == ""
        for words in ("pets, sample", "4 Cat", "4 Puppy", "1 set aside", 'source="real"'):
            assert words in out
    real(tmp_path)
    out, err = capfd.readouterr()
    assert out.count("\n") == 1 and "pets, real:" in out and 'source="sample"' in out


def test_environment_chooses_the_source_and_the_argument_wins(sample, tmp_path, monkeypatch):
    sample()
    monkeypatch.setenv("COURSE_DATA", "real")
    assert fetch("pets", data_dir=tmp_path / "data").source == "real"
    assert fetch("pets", "sample", tmp_path / "data").source == "sample"
    monkeypatch.setenv("COURSE_DATA", "reel")
    with pytest.raises(ValueError, match="'reel'.*COURSE_DATA"):
        fetch("pets", data_dir=tmp_path / "data")


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'dogs_vs_cats'.*cats_vs_dogs, "):
        fetch("dogs_vs_cats")


def test_missing_samples_say_what_to_do(register, sample, tmp_path):
    register()
    with pytest.raises(FileNotFoundError, match='source="real"'):
        fetch("pets", data_dir=tmp_path / "data")  # no samples at all
    write_mirror(tmp_path / "samples", {"other.zip": b""})
    with pytest.raises(FileNotFoundError, match='no pets.zip.*source="real"'):
        fetch("pets", data_dir=tmp_path / "data")  # none of this set
    sample()
    (tmp_path / "samples/pets.zip").unlink()
    with pytest.raises(FileNotFoundError, match="git checkout data/samples"):
        fetch("pets", data_dir=tmp_path / "data")


def test_damaged_sample_is_refused(sample, tmp_path):
    sample()
    (tmp_path / "samples/pets.zip").write_bytes(ZIP[:-1] + b"!")
    with pytest.raises(ValueError, match=f"{sha256(ZIP[:-1] + b'!')}.*{sha256(ZIP)}"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


def test_metadata_only_of_samples(register, tmp_path):
    register()
    with pytest.raises(ValueError, match='source="sample"'):
        read_metadata(real(tmp_path))


def test_held_out_part_and_stray_files(register, tmp_path):
    files = {
        f"top/{part}/{name[5:]}": data
        for part in ("train", "test")
        for name, data in pets(2).items()
    }
    files |= {"top/train/vectorize.py": b"1", "readme[1].txt": b"2", "top/train/Cat/a/b.jpg": b"3"}
    files |= {"top/test/Cat/7.jpg": b""}
    register(zip_of(files), directory="top/train", held_out="top/test")
    dataset = real(tmp_path)
    assert dataset.held_out == dataset.directory.parent / "test"
    assert sorted(os.listdir(dataset.directory)) == ["Cat", "Puppy"]
    assert sorted(os.listdir(dataset.held_out / "Cat")) == ["0.jpg", "1.jpg"]
    assert [row["file"] for row in read_quarantine(dataset)] == ["test/Cat/7.jpg"]
    assert (dataset.quarantine / "test/Cat/7.jpg").exists()
    root = dataset.directory.parents[1]
    assert not [f for f in root.rglob("*") if f.name in ("vectorize.py", "readme[1].txt", "b.jpg")]


def test_archives_without_a_top_folder_of_their_own(register, tmp_path, monkeypatch):
    register(directory="a", held_out="b")
    data = zip_of({name[5:]: content for name, content in pets(2).items()})
    folder = write_mirror(tmp_path / "mirror", {"one.zip": data, "two.zip": data})
    archives = Archive("one.zip", 1, "", into="a"), Archive("two.zip", 1, "", into="b")
    entry = datasets.replace(datasets.DATASETS["pets"], archives=archives)
    monkeypatch.setitem(datasets.DATASETS, "pets", entry)
    monkeypatch.setenv("COURSE_MIRROR", str(folder))
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 2, "Puppy": 2}
    assert len(list(dataset.held_out.rglob("*.jpg"))) == 4


# Pictures


CMYK = picture(mode="CMYK")
BMP = picture(kind="BMP")
PNG = picture(kind="PNG")
SOUND = {
    "grey.jpg": picture(mode="L"),
    "cmyk.JPG": CMYK,
    "progressive.jpeg": picture(1),
    "a.png": PNG,
    "alpha.png": picture(mode="RGBA", kind="PNG"),
    "a.bmp": BMP,
    "a.gif": picture(kind="GIF"),
    "really a png.jpg": PNG,
}
UNSOUND = {
    "empty.jpg": (b"", "empty file"),
    "half.jpg": (picture()[: len(picture()) // 2], "cut off in the middle"),
    "nearly.jpg": (picture()[:-2], "cut off in the middle"),
    "start.jpg": (picture()[:20], "cut off or damaged at its start"),
    "half.png": (PNG[: len(PNG) // 2], "cut off in the middle"),
    "nearly.png": (PNG[:-4], "cut off in the middle"),
    "checksum.png": (PNG[:-13] + bytes([PNG[-13] ^ 1]) + PNG[-12:], "damaged"),
    "nearly.gif": (picture(kind="GIF")[:-2], "cut off in the middle"),
    "page.jpg": (b"<html>Not found</html>", "not a picture"),
    "Thumbs.db": (b"\xd0\xcf\x11\xe0" + bytes(500), "not a picture"),
    "a.tiff": (picture(kind="TIFF"), "TIFF picture: only JPEG, PNG, BMP and GIF can be read"),
    "webp.jpg": (picture(kind="WEBP"), "WEBP picture: only JPEG, PNG, BMP and GIF can be read"),
    "palette.bmp": (picture(mode="P", kind="BMP"), "BMP picture of a kind"),
    "long.bmp": (BMP + b"12", "damaged: its size"),
    "photo": (picture(), "its name does not end like a picture's"),
}


def test_quarantine(register, tmp_path):
    files = {f"Pets/Cat/{name}": data for name, data in SOUND.items()}
    files |= {f"Pets/Cat/{name}": data for name, (data, _) in UNSOUND.items()}
    register(zip_of(pets() | files))
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 4 + len(SOUND), "Puppy": 4}
    assert set(SOUND) <= set(os.listdir(dataset.directory / "Cat"))
    rows = {row["file"]: row for row in read_quarantine(dataset)}
    assert sorted(rows) == sorted(f"Cat/{name}" for name in UNSOUND)
    for name, (data, reason) in UNSOUND.items():
        row = rows[f"Cat/{name}"]
        assert row["reason"].startswith(reason), name
        assert row["bytes"] == str(len(data))
        assert (dataset.quarantine / row["file"]).read_bytes() == data
        assert not (dataset.directory / "Cat" / name).exists()


def test_tensorflow_reads_what_is_kept():
    from utils import quiet  # noqa: F401, I001  (silences the next import)
    import tensorflow as tf

    for name, data in SOUND.items():
        assert datasets._defect(name, data) is None
        image = tf.io.decode_image(data, channels=3, expand_animations=False)
        assert image.shape == (48, 64, 3), name


def test_far_too_large_picture(monkeypatch):
    monkeypatch.setattr(datasets, "MAX_PIXELS", 64 * 48 - 1)
    assert datasets._defect("a.jpg", picture()) == "too large: 64 x 48 pixels"


# The second call


def test_second_call_looks_at_no_picture_and_no_network(register, server, tmp_path, monkeypatch):
    register()
    first = real(tmp_path)

    def refuse(*_):
        raise AssertionError("the second call did the work again")

    for module, name in ((os, "listdir"), (os, "scandir"), (datasets, "_sha256")):
        monkeypatch.setattr(module, name, refuse)
    server.requests.clear()
    assert real(tmp_path) == first
    assert server.requests == []


def test_second_call_needs_no_archive(register, server, tmp_path):
    register()
    first = real(tmp_path)
    shutil.rmtree(tmp_path / "data/downloads")
    assert real(tmp_path) == first
    assert len(server.downloads()) == 1


def test_import_is_light():
    # Processor time, which does not depend on what else the machine is doing.
    code = (
        "import sys, time; t = time.process_time(); import utils.datasets; "
        "print(time.process_time() - t); print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, modules = run.stdout.splitlines()
    assert float(seconds) < 0.3
    assert not {"tensorflow", "numpy", "PIL", "pooch", "requests", "tqdm"} & set(modules.split())


def test_removed_pictures_are_counted_and_a_lost_folder_comes_back(register, server, tmp_path):
    register()
    dataset = real(tmp_path)
    (dataset.directory / "Cat/1.jpg").unlink()
    assert real(tmp_path).counts == {"Cat": 3, "Puppy": 4}
    for lost in (dataset.directory / "Cat", dataset.directory, dataset.directory.parent):
        shutil.rmtree(lost)
        assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    (dataset.directory.parent / "record.json").unlink()
    (dataset.directory / "Cat/1.jpg").unlink()
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}
    assert len(server.downloads()) == 1


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
    with pytest.raises(ValueError, match="(?s)pets.zip.*expected.*got.*call fetch again"):
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
    archive = datasets.replace(
        datasets.DATASETS["pets"].archives[0], url="http://127.0.0.1:9/pets.zip"
    )
    entry = datasets.replace(datasets.DATASETS["pets"], archives=(archive,))
    datasets.DATASETS["pets"] = entry
    with pytest.raises(ConnectionError, match='no connection.*source="sample".*COURSE_MIRROR'):
        real(tmp_path)


def test_server_error_is_named(register, server, tmp_path):
    register()
    server.files.clear()
    with pytest.raises(ConnectionError, match="404"):
        real(tmp_path)


PROCESS = """
import sys
from utils import datasets
from utils.datasets import Archive, Entry
url, size, digest, folder = sys.argv[1:]
archive = Archive(url, int(size), None if digest == "-" else digest)
datasets.DATASETS["pets"] = Entry((archive,), "Pets", None, ("Cat", "Puppy"), "", "")
dataset = datasets.fetch("pets", "real", folder)
print(dataset.counts, "inode", dataset.directory.stat().st_ino)
"""


@pytest.mark.parametrize("digest", [sha256(ZIP), "-"])
def test_two_processes_download_once(server, tmp_path, digest):
    server.files["pets.zip"], server.delay = ZIP, 0.5
    arguments = [f"{server.url}/pets.zip", str(len(ZIP)), digest, str(tmp_path / "data")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *arguments],
            cwd=ROOT,
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


# Mirrors


@pytest.mark.parametrize("kind", ["folder", "file", "http"])
def test_mirror(register, server, tmp_path, monkeypatch, kind):
    register()
    server.files.clear()
    data = zip_of(pets(3))  # not the published one: the mirror's own digest counts
    folder = write_mirror(tmp_path / "my mirror", {"pets.zip": data})
    server.files |= {f"m/{f.name}": f.read_bytes() for f in folder.iterdir()}
    places = {"folder": str(folder), "file": folder.as_uri(), "http": f"{server.url}/m/"}
    monkeypatch.setenv("COURSE_MIRROR", places[kind])
    dataset = real(tmp_path)
    assert dataset.counts == {"Cat": 3, "Puppy": 3}
    assert dataset.directory.parent.name == f"pets-real-{sha256(data)[:8]}"
    assert real(tmp_path) == dataset
    assert len(server.downloads("m/pets.zip")) == (kind == "http")
    assert (folder / "pets.zip").read_bytes() == data


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_mirror_that_lacks_something(register, server, tmp_path, monkeypatch, kind):
    register()
    server.files.clear()
    place = str(tmp_path / "mirror") if kind == "folder" else f"{server.url}/m"
    monkeypatch.setenv("COURSE_MIRROR", place)
    with pytest.raises(
        FileNotFoundError, match="COURSE_MIRROR.*no SHA256SUMS.*unset COURSE_MIRROR"
    ):
        real(tmp_path)
    write_mirror(tmp_path / "mirror", {"other.zip": b""})
    server.files["m/SHA256SUMS"] = (tmp_path / "mirror/SHA256SUMS").read_bytes()
    with pytest.raises(FileNotFoundError, match="no pets.zip in its SHA256SUMS"):
        real(tmp_path)


def test_new_archive_in_the_mirror_does_not_mix_with_the_old(register, tmp_path, monkeypatch):
    register()
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    write_mirror(tmp_path / "mirror", {"pets.zip": zip_of(pets(4))})
    old = real(tmp_path)
    write_mirror(tmp_path / "mirror", {"pets.zip": zip_of(pets(2))})
    new = real(tmp_path)
    assert new.counts == {"Cat": 2, "Puppy": 2}
    assert old.directory != new.directory and (old.directory / "Cat/3.jpg").exists()


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


def test_full_disk_is_seen_before_extraction(sample, tmp_path, monkeypatch):
    sample()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    with pytest.raises(OSError, match="No space for pets"):
        fetch("pets", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


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


def test_folder_that_cannot_be_written(register, tmp_path):
    register()
    (tmp_path / "data").write_text("a file, where the folder should be")
    with pytest.raises(PermissionError, match="Cannot write to .*data_dir="):
        real(tmp_path)


# Hostile archives


def link(target):
    info = zipfile.ZipInfo("Pets/Cat/link.jpg")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return {info: target}


HOSTILE = {
    "parent": zip_of(pets() | {"../evil.jpg": b"x"}),
    "deep parent": zip_of(pets() | {"Pets/Cat/../../../../evil.jpg": b"x"}),
    "absolute": zip_of(pets() | {"/evil.jpg": b"x"}),
    "drive": zip_of(pets() | {"C:/evil.jpg": b"x"}),
    "backslash": zip_of(pets() | {"Pets\\..\\..\\..\\evil.jpg": b"x"}),
    "share": zip_of(pets() | {"\\\\server\\evil.jpg": b"x"}),
    "link": zip_of(pets() | link("/etc/passwd")),
    "twice": zip_of(pets() | {"Pets/cat/0.JPG": b"x"}),
    "bomb": zip_of(pets() | {"Pets/Cat/9.jpg": bytes(10**8)}, compression=zipfile.ZIP_DEFLATED),
    "no zip": b"PK but no zip",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archive(register, tmp_path, kind):
    register(HOSTILE[kind])
    before = set(tmp_path.iterdir()) | {tmp_path / "data"}
    with pytest.raises(ValueError, match="cannot be unpacked.*Nothing of it was kept"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("bound", ["MAX_FILES", "MAX_BYTES"])
def test_bounds(register, tmp_path, monkeypatch, bound):
    monkeypatch.setattr(datasets, bound, 7)
    register()
    with pytest.raises(ValueError, match="too much"):
        real(tmp_path)


def test_damaged_content_with_the_right_digest(register, tmp_path):
    at = ZIP.index(b"Pets/Puppy/3.jpg") + 5000
    register(ZIP[:at] + bytes([ZIP[at] ^ 1]) + ZIP[at + 1 :])
    with pytest.raises(ValueError, match="cannot be unpacked.*CRC"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


def test_names_with_backslashes_are_folders(register, tmp_path):
    register(zip_of({name.replace("/", "\\"): data for name, data in pets().items()}))
    assert real(tmp_path).counts == {"Cat": 4, "Puppy": 4}


def test_archive_of_something_else(register, tmp_path):
    register(zip_of(pets(top="Cars")))
    with pytest.raises(ValueError, match="no readable pictures in Pets/Cat"):
        real(tmp_path)
    assert leftovers(tmp_path) == {"downloads/pets.zip"}


# The registry and the real archives


def test_registry_is_complete():
    for name, entry in datasets.DATASETS.items():
        assert entry.class_names == tuple(sorted(entry.class_names))
        assert entry.licence
        assert entry.page.startswith("https://") or not entry.archives, name
        for archive in entry.archives:
            if entry.tables:  # behind a login: no address, and one file for each table
                assert archive.url in entry.tables
                continue
            assert archive.url.startswith("https://") and archive.size > 10**7
            assert archive.sha256 is None or len(archive.sha256) == 64, name


def test_cats_vs_dogs_from_the_mirror(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    dataset = fetch("cats_vs_dogs", source="real", data_dir=tmp_path / "data")
    reasons = {row["file"]: row["reason"] for row in read_quarantine(dataset)}
    assert reasons["Cat/666.jpg"] == reasons["Dog/11702.jpg"] == "empty file"
    assert reasons["Cat/Thumbs.db"] == reasons["Dog/Thumbs.db"] == "not a picture"
    assert dataset.class_names == ("Cat", "Dog")
    for name, count in dataset.counts.items():
        assert 4_900 <= count == len(os.listdir(dataset.directory / name))
    start = time.process_time()
    assert fetch("cats_vs_dogs", source="real", data_dir=tmp_path / "data") == dataset
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    "name, counts, held_out",
    [
        ("cats_vs_dogs_filtered", {"cats": 1000, "dogs": 1000}, 1000),
        ("rock_paper_scissors", {"paper": 840, "rock": 840, "scissors": 840}, 372),
    ],
)
def test_pre_split_sets_from_the_mirror(mirror, tmp_path, monkeypatch, name, counts, held_out):
    monkeypatch.setenv("COURSE_MIRROR", mirror.as_uri())
    dataset = fetch(name, source="real", data_dir=tmp_path / "data")
    assert dataset.counts == counts
    assert sum(len(files) for _, _, files in os.walk(dataset.held_out)) == held_out


# Pictures in CSV files


def label_csv(pixels, labels):
    """A file in Sign Language MNIST's format, as str."""
    lines = [",".join(map(str, (label, *row))) for label, row in zip(labels, pixels, strict=True)]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


@functools.cache
def grey(number):
    """Some pixels, uint8 (number, 784)."""
    return np.random.default_rng(0).integers(0, 256, (number, 784), dtype=np.uint8)


@pytest.fixture
def tables(tmp_path):
    """Put a sample of finger_counting where samples are shipped; return its two files."""
    files = {"train.csv": label_csv(grey(6), range(6)), "test.csv": label_csv(grey(3), [5, 0, 2])}
    aside = {"metadata.csv": "file,row,kind\ntrain.csv,0,0\n", "LICENSE.txt": "Free."}
    data = zip_of({name: text.encode() for name, text in (files | aside | {"x.py": ""}).items()})
    write_mirror(tmp_path / "samples", {"finger_counting.zip": data})
    return files


def test_csv_sample_is_verified_and_extracted(tables, tmp_path, capsys):
    dataset = fetch("finger_counting", data_dir=tmp_path / "data")
    train, test = dataset.tables
    assert (train.read_text(), test.read_text()) == (tables["train.csv"], tables["test.csv"])
    assert dataset.counts == {"train.csv": 6, "test.csv": 3}
    assert dataset.class_names == ("0", "1", "2", "3", "4", "5")
    assert read_metadata(dataset) == [{"file": "train.csv", "row": "0", "kind": "0"}]
    assert read_quarantine(dataset) == []
    assert not (train.parent / "x.py").exists()
    out = capsys.readouterr().out
    assert "6 pictures in train.csv + 3 pictures in test.csv" in out and "no original" in out
    assert fetch("finger_counting", data_dir=tmp_path / "data") == dataset
    train.unlink()  # a lost file comes back
    assert fetch("finger_counting", data_dir=tmp_path / "data").tables[0].exists()
    train.write_text("")  # a changed one too, if nothing is left of it
    assert fetch("finger_counting", data_dir=tmp_path / "data").counts["train.csv"] == 6


def test_damaged_or_incomplete_csv_sample_is_refused(tables, tmp_path):
    file = tmp_path / "samples/finger_counting.zip"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ValueError, match="damaged"):
        fetch("finger_counting", data_dir=tmp_path / "data")
    data = zip_of({"train.csv": tables["train.csv"]})
    write_mirror(tmp_path / "samples", {"finger_counting.zip": data})
    with pytest.raises(ValueError, match="no readable pictures in test.csv"):
        fetch("finger_counting", data_dir=tmp_path / "data")
    assert leftovers(tmp_path) == set()


def test_set_that_was_made_for_the_course_has_no_original(tables, tmp_path):
    with pytest.raises(FileNotFoundError, match='no original.*source="sample"'):
        fetch("finger_counting", "real", tmp_path / "data")


def test_csv_files_that_the_learner_puts_in_place(tables, tmp_path):
    folder = tmp_path / "data/downloads/sign_language_mnist"
    names = ("sign_mnist_train.csv", "sign_mnist_test.csv")
    for missing in ("sign_mnist_train.csv and sign_mnist_test.csv cannot", "sign_mnist_test.csv c"):
        with pytest.raises(FileNotFoundError, match=missing) as caught:
            fetch("sign_language_mnist", "real", tmp_path / "data")
        for words in ("kaggle.com/datasets/datamunge", *names, f"into {folder}."):
            assert words in str(caught.value)
        (folder / names[0]).write_text(tables["train.csv"])
    (folder / names[1]).write_text(tables["test.csv"])
    dataset = fetch("sign_language_mnist", "real", tmp_path / "data")
    assert dataset.tables == tuple(folder / name for name in names)
    assert dataset.counts == dict(zip(names, (6, 3), strict=True))
    assert dataset.class_names[9:11] == ("J", "K") and len(dataset.class_names) == 25
    assert read_quarantine(dataset) == [] and dataset.metadata is None
    with pytest.raises(FileNotFoundError, match='source="real"'):
        fetch("sign_language_mnist", "sample", tmp_path / "data")


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_csv_files_from_a_mirror(tables, server, tmp_path, monkeypatch, kind):
    files = {f"sign_mnist_{part}.csv": tables[f"{part}.csv"].encode() for part in ("train", "test")}
    folder = write_mirror(tmp_path / "mirror", files)
    server.files |= {f"m/{f.name}": f.read_bytes() for f in folder.iterdir()}
    place = {"folder": str(folder), "http": f"{server.url}/m"}[kind]
    monkeypatch.setenv("COURSE_MIRROR", place)
    for _ in range(2):
        dataset = fetch("sign_language_mnist", "real", tmp_path / "data")
        assert [file.read_text() for file in dataset.tables] == list(tables.values())
    assert len(server.downloads("m/sign_mnist_train.csv")) == (kind == "http")
    spoilt = folder / "sign_mnist_test.csv"
    spoilt.write_bytes(b"spoilt")
    if kind == "folder":
        with pytest.raises(ValueError, match="damaged"):
            fetch("sign_language_mnist", "real", tmp_path / "data")


def test_csv_pictures_come_back_pixel_by_pixel(tmp_path):
    file = tmp_path / "a.csv"
    for text in (label_csv(grey(5), [24, 0, 3, 8, 10]), label_csv(grey(1), [7])):
        file.write_text(text)
        images, labels = read_label_csv(str(file))
        assert (images.dtype, labels.dtype) == (np.uint8, np.int32)
        assert images.shape == (len(labels), 28, 28, 1)
        assert np.array_equal(images.reshape(-1, 784), grey(len(labels)))
        assert images[0, 1, 0, 0] == grey(len(labels))[0, 28]  # row by row
        assert len(set(labels)) == len(labels) and labels[0] in (24, 7)
        again = read_label_csv(write_as_windows_does(file))
        assert np.array_equal(again[0], images)


def write_as_windows_does(file):
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    return file


def edited(old, new):
    """The lines of a sound file of four pictures, with the first field `old` replaced."""
    return label_csv(np.full((4, 784), 17), [1, 2, 3, 4]).replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (label_csv([], []), "holds no pictures"),
        (edited("label", "Label"), "line 1 should be label,pixel1.*'Label,pixel1"),
        (edited("label,", ""), "line 1 should be"),
        (edited("pixel784\n", "pixel784,pixel785\n"), "line 1 should be"),
        ("1" + ",17" * 784 + "\n", "line 1 should be"),
        (edited("\n3,17", "\n3"), "line 4 has 784 values, but should have 785"),
        (edited("\n3,17", "\n3,17,17"), "line 4 has 786 values"),
        (edited("\n3,17", "\n\n3,17"), "line 4 is empty"),
        (edited("\n4,17,17", "\n4,17,256"), "line 5: pixel2 is '256'.*from 0 to 255"),
        (edited("\n4,17,17", "\n4,17,-1"), "line 5: pixel2 is '-1'"),
        (edited("\n4,17,17", "\n4,17,1.5"), "line 5: pixel2 is '1.5'"),
        (edited("\n4,17,17", "\n4,17,"), "line 5: pixel2 is ''"),
        (edited("\n4,", "\nfour,"), "line 5: label is 'four'"),
    ],
)
def test_csv_file_with_a_fault_names_the_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_label_csv(tmp_path / "a.csv")
    assert str(tmp_path / "a.csv") in str(caught.value)


def test_csv_file_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*a.csv"):
        read_label_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(ZIP)
    with pytest.raises(ValueError, match="not a text file"):
        read_label_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("<html>Sign in</html>")
    with pytest.raises(ValueError, match="'<html>Sign in</html>'"):
        read_label_csv(tmp_path / "a.csv")


def test_large_csv_file_is_read_in_seconds(tmp_path):
    (tmp_path / "a.csv").write_text(label_csv(np.tile(grey(500), (10, 1)), [1] * 5000))
    start = time.process_time()  # not disturbed by what else the machine does
    images, _ = read_label_csv(tmp_path / "a.csv")
    assert len(images) == 5000
    assert time.process_time() - start < 1  # 27,455 pictures in five times that
