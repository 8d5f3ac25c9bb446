"""Little data sets, and a server for them that can cut, refuse and change what it serves."""

import contextlib
import errno
import functools
import hashlib
import importlib.util
import io
import os
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils import paths, registry
from utils.csv_images import COLUMNS
from utils.datasets import fetch
from utils.registry import Archive, Entry


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
        self.portal = False  # answers everything with a page to sign in on
        self.says_start = None  # what a Content-Range states, whatever is sent
        self.says_length = True
        self.endless = False  # goes on after the file, up to 300 MB
        self.no_more = False  # answers each Range with: there is nothing beyond
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """A client that has had enough is no error."""

    def downloads(self, name="pets.zip"):
        return [request for request in self.requests if request[0] == name]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, name = self.server, self.path.lstrip("/")
        data = b"<html>Sign in" if server.portal else server.files.get(name)
        if data is None:
            server.requests.append((name, None, 404))
            return self.send_error(404)
        time.sleep(server.delay)
        wanted, start, status = self.headers.get("Range"), 0, 200
        etag = f'"{sha256(data)[:12]}"'
        same = self.headers.get("If-Range", etag) == etag
        if wanted and server.ranges and same:
            start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
            if server.portal:
                start, status = 0, 200
            elif start >= len(data) or server.no_more:
                server.requests.append((name, wanted, 416))
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
        server.requests.append((name, wanted, status))
        self.send_response(status)
        if server.says_length:
            self.send_header("Content-Length", str(len(data) - start))
        if status == 206:
            stated = start if server.says_start is None else server.says_start
            self.send_header("Content-Range", f"bytes {stated}-{len(data) - 1}/{len(data)}")
        if server.etag:
            self.send_header("ETag", etag)
        self.end_headers()
        cut = server.cut_after.pop(0) if server.cut_after and name.endswith(".zip") else None
        body = data[start:] if cut is None else data[start : start + cut]
        server.sent += len(body)
        self.wfile.write(body)
        for _ in range(300 if server.endless else 0):
            self.wfile.write(bytes(2**20))
            server.sent += 2**20
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


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    for name in ("COURSE_DATA", "COURSE_DATA_DIR", "COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(paths, "SAMPLES", tmp_path / "samples")


@pytest.fixture
def read_only():
    """Return a context in which a folder is as on a share that can only be read."""

    @contextlib.contextmanager
    def read_only(folder):
        def guarded(function, writes):
            def guard(path, *arguments, **options):
                inside = isinstance(path, (str, os.PathLike)) and Path(path).is_relative_to(folder)
                if inside and writes(*arguments, **options):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fspath(path))
                return function(path, *arguments, **options)

            return guard

        def opens_to_write(mode="r", *_, **__):
            return (
                mode & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
                if isinstance(mode, int)
                else (set(mode) & set("wax+"))
            )

        folder.mkdir(exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(io, "open", guarded(io.open, opens_to_write))
            patch.setattr(os, "open", guarded(os.open, opens_to_write))
            for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
                patch.setattr(os, name, guarded(getattr(os, name), lambda *_, **__: True))
            yield

    return read_only


@pytest.fixture
def register(monkeypatch, server, clean_environment):
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
        monkeypatch.setitem(registry.DATASETS, "pets", entry)

    return register


@pytest.fixture
def sample(tmp_path, register):
    """Put a sample of "pets" where samples are shipped: these files, or these bytes."""

    def sample(files=None):
        register()
        files = pets() if files is None else files
        data = files if isinstance(files, bytes) else zip_of(files)
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


def label_csv(pixels, labels):
    """A file in Sign Language MNIST's format, as str."""
    lines = [",".join(map(str, (label, *row))) for label, row in zip(labels, pixels, strict=True)]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


@functools.cache
def grey(number):
    """Some pixels, uint8 (number, 784)."""
    return np.random.default_rng(0).integers(0, 256, (number, 784), dtype=np.uint8)


def benchmark(name):
    """Load a script of ``benchmarks`` as a module."""
    path = paths.ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
