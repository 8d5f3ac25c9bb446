"""Programs that are killed, disks that fill up, and a class that fetches at once."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from bad_server import bad_server, head, honest, silence  # noqa: F401  (a fixture)
from little_sets import ZIP, leftovers, sha256, write_mirror

from utils import paths

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")

FETCH = """
import sys
from utils import paths
from utils.datasets import fetch
from utils.registry import DATASETS, Archive, Entry
{before}
url, size, digest, folder = sys.argv[1:]
DATASETS["pets"] = Entry((Archive(url, int(size), digest),), "Pets", None, ("Cat", "Puppy"), "", "")
try:
    print(fetch("pets", "real", folder).counts)
except Exception as error:
    print(type(error).__name__, error)
"""


def start(url, folder, before="", **environ):
    arguments = [url, str(len(ZIP)), sha256(ZIP), str(folder)]
    unset = ("COURSE_DATA", "COURSE_DATA_DIR", "COURSE_MIRROR")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.Popen(
        [sys.executable, "-c", FETCH.format(before=before), *arguments],
        cwd=paths.ROOT,
        env=kept | {"NO_PROXY": "127.0.0.1"} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(found, seconds=60):
    until = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)
    return result


def finish(process):
    out, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    return out


def test_killed_while_it_downloads(bad_server, tmp_path):  # noqa: F811
    bad_server.files["pets.zip"] = ZIP
    bad_server.tricks = [silence(head("200 OK", f"Content-Length: {len(ZIP)}") + ZIP[:300_000])]
    process = start(f"{bad_server.url}/pets.zip", tmp_path / "data")
    wait_for(lambda: any(p.stat().st_size for p in (tmp_path / "data").rglob("*.part")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert {Path(name).suffix for name in leftovers(tmp_path)} == {".part", ".version"}
    assert "'Cat': 4" in finish(start(f"{bad_server.url}/pets.zip", tmp_path / "data"))
    assert bad_server.asked[-1][1] is not None, "what had arrived is used"
    assert not [name for name in leftovers(tmp_path) if name.endswith((".part", ".version"))]


SLOWLY = """
import time
from utils import archives
defect = archives.defect
archives.defect = lambda name, data: time.sleep(60) if name == "2.jpg" else defect(name, data)
"""


def test_killed_while_it_extracts(bad_server, tmp_path):  # noqa: F811
    bad_server.files["pets.zip"] = ZIP
    process = start(f"{bad_server.url}/pets.zip", tmp_path / "data", SLOWLY)
    extracted = tmp_path / "data/extracted"
    wait_for(lambda: list(extracted.glob("*.partial/Pets/*/*.jpg")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [folder.suffix for folder in extracted.iterdir()] == [".partial"], "no set that is none"
    assert "'Cat': 4" in finish(start(f"{bad_server.url}/pets.zip", tmp_path / "data"))
    assert [folder.suffix for folder in extracted.iterdir()] == [""]
    assert len(bad_server.asked) == 1, "the archive was there"


def test_killed_while_another_waits(bad_server, tmp_path):  # noqa: F811
    bad_server.files["pets.zip"] = ZIP
    bad_server.tricks = [silence(head("200 OK", f"Content-Length: {len(ZIP)}") + ZIP[:300_000])]
    first = start(f"{bad_server.url}/pets.zip", tmp_path / "data")
    wait_for(lambda: bad_server.asked)
    second = start(f"{bad_server.url}/pets.zip", tmp_path / "data")
    wait_for(lambda: any(p.stat().st_size for p in (tmp_path / "data").rglob("*.part")))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert "'Cat': 4" in finish(second)


@pytest.fixture
def small_disk(tmp_path):
    """The data folder as a disk of 800 kB of its own; needs the right to mount one."""
    folder = tmp_path / "data"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


BLIND = "from utils import archives, downloads; nothing = lambda *_: None; archives.need_space = "
BLIND += "downloads.need_space = nothing"


@pytest.mark.parametrize("filled", [600_000, 150_000], ids=["downloading", "extracting"])
def test_disk_that_really_fills_up(bad_server, tmp_path, small_disk, filled):  # noqa: F811
    """Seen before it happens, or, where another program takes the space meanwhile, when it does."""
    bad_server.files["pets.zip"] = ZIP
    (small_disk / "another program").write_bytes(bytes(filled))
    for before in ("", BLIND):
        out = finish(start(f"{bad_server.url}/pets.zip", small_disk, before))
        assert "No space for pets" in out and "what has been downloaded is kept" in out
        assert not list(small_disk.glob("extracted/*"))
        assert filled == 150_000 or not (small_disk / "downloads/pets.zip").exists()
    (small_disk / "another program").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    bad_server.asked.clear()
    assert "'Cat': 4" in finish(start(f"{bad_server.url}/pets.zip", small_disk))
    assert [wanted is not None for _, wanted in bad_server.asked] == [True] * (filled == 600_000)


def crowded(url, tmp_path, learners, **environ):
    """Let so many programs fetch at once, each into a folder of its own; return their archives."""
    running = [start(url, tmp_path / f"learner{n}", **environ) for n in range(learners)]
    for process in running:
        assert "'Cat': 4" in finish(process)
    return [tmp_path / f"learner{n}/downloads/pets.zip" for n in range(learners)]


def test_class_on_a_line_that_is_cut(bad_server, tmp_path):  # noqa: F811
    folder = write_mirror(tmp_path / "mirror", {"pets.zip": ZIP})
    bad_server.files = {f"m/{file.name}": file.read_bytes() for file in folder.iterdir()}
    cuts, lock = iter(range(100_000, 400_000, 7_000)), threading.Lock()

    def slow_and_cut(request):
        with lock:
            cut = next(cuts, None)
        time.sleep(0.05)
        honest(request, cut if request.name.endswith(".zip") else None)

    bad_server.otherwise = slow_and_cut
    archives = crowded(
        "https://nowhere.invalid/pets.zip", tmp_path, 6, COURSE_MIRROR=f"{bad_server.url}/m"
    )
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in archives} == {sha256(ZIP)}
    assert len(bad_server.asked) > 12, "it was cut"


@pytest.mark.parametrize("learners", [8])
def test_programs_of_one_learner_download_once(bad_server, tmp_path, learners):  # noqa: F811
    bad_server.files["pets.zip"] = ZIP
    running = [start(f"{bad_server.url}/pets.zip", tmp_path / "data") for _ in range(learners)]
    assert all("'Cat': 4" in finish(process) for process in running)
    assert len(bad_server.asked) == 1
    assert [folder.suffix for folder in (tmp_path / "data/extracted").iterdir()] == [""]
