"""`utils.doctor`, seen through its report: what it finds, and what it says to do about it."""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from utils import doctor
from utils.datasets import fetch
from utils.doctor import NOTE, OK, PROBLEM
from utils.hashes import sha256, write_list
from utils.paths import ROOT

X86 = Path("/proc/cpuinfo").is_file() and platform.machine() == "x86_64"
FAILS = "raise ImportError('no such library')"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder in which all is well but TensorFlow, which fails at once."""
    root = tmp_path / "course"
    samples = root / "data/samples"
    samples.mkdir(parents=True)
    (root / "requirements.txt").write_text(f"numpy=={metadata.version('numpy')}  # arrays\n")
    (samples / "pets.zip").write_bytes(b"pets")
    write_list(samples / "SHA256SUMS", {"pets.zip": sha256(samples / "pets.zip")})
    replace_tensorflow(tmp_path, monkeypatch, FAILS)
    return root


def replace_tensorflow(tmp_path, monkeypatch, code):
    (tmp_path / "modules").mkdir(exist_ok=True)
    (tmp_path / "modules/tensorflow.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))


def look(root, subject, **environ):
    """The findings on one subject."""
    return [f for f in doctor.check(root, environ) if f.subject == subject]


def test_this_computer_is_looked_at_from_python_to_data(capsys):
    findings = doctor.check(ROOT, environ={"COURSE_DATA": "sample"})
    assert [finding.subject for finding in findings] == [
        *("Python", "packages", *["processor"] * X86, "TensorFlow", "GPU", "kernel", "port"),
        *("disk", "memory", "cores", "data folder", "samples", "weights", "data sets"),
        "COURSE_DATA",
    ]
    levels = {finding.subject: finding.level for finding in findings}
    for subject in ("Python", "TensorFlow", "samples", "weights"):
        assert levels[subject] == OK
    assert doctor.report(findings) == (PROBLEM in levels.values())


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), PROBLEM), ((3, 11, 0), OK), ((3, 13, 2), OK), ((3, 14, 0), PROBLEM)],
)
def test_python_versions(course, monkeypatch, version, level):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    (finding,) = look(course, "Python")
    assert finding.level == level
    assert level == OK or "Python 3.11" in finding.remedy


def test_packages_missing_and_at_other_versions(course):
    assert [finding.level for finding in look(course, "packages")] == [OK]
    requirements = course / "requirements.txt"
    requirements.write_text("# comment\nnumpy==0.0.1\nno-such-package==2.0\n")
    missing, different = look(course, "packages")
    assert missing.level == PROBLEM and "no-such-package 2.0" in missing.text
    version = metadata.version("numpy")
    assert different.level == NOTE and version in different.text and "0.0.1" in different.text
    assert sys.executable in missing.remedy
    requirements.unlink()
    assert [finding.level for finding in look(course, "packages")] == [PROBLEM]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (FAILS, "no such library"),
        ("raise SystemExit(0)", "no message"),  # exit status 0 alone proves nothing
        ("import time; time.sleep(30)", "did not start"),
    ],
)
def test_tensorflow_that_does_not_work(course, tmp_path, monkeypatch, code, text):
    monkeypatch.setattr(doctor, "PATIENCE", 1)
    replace_tensorflow(tmp_path, monkeypatch, code)
    (finding,) = look(course, "TensorFlow")
    assert finding.level == PROBLEM and text in finding.text


@pytest.mark.skipif(not hasattr(signal, "SIGILL"), reason="no such signal here")
def test_an_illegal_instruction_is_reported_not_suffered(course, tmp_path, monkeypatch):
    code = f"import os; os.kill(os.getpid(), {int(signal.SIGILL)})"
    replace_tensorflow(tmp_path, monkeypatch, code)
    (finding,) = look(course, "TensorFlow")
    assert finding.level == PROBLEM and "crashed" in finding.text and "AVX" in finding.remedy


@pytest.mark.parametrize(("free", "level"), [(0.5, PROBLEM), (2, NOTE), (50, OK)])
def test_disk_space(course, monkeypatch, free, level):
    usage = SimpleNamespace(free=free * doctor.GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert [finding.level for finding in look(course, "disk")] == [level]


def test_data_folder_must_be_writable(course):
    assert [finding.level for finding in look(course, "data folder")] == [OK]
    assert os.listdir(course / "data") == ["samples"], "nothing is left behind"
    shutil.rmtree(course / "data")
    (course / "data").write_text("in the way")
    assert [finding.level for finding in look(course, "data folder")] == [PROBLEM]


def test_shipped_files_are_compared_with_their_digests(course):
    (finding,) = look(course, "samples")
    assert finding.level == OK and "1 file," in finding.text
    samples = course / "data/samples"
    digest = sha256(samples / "pets.zip")
    write_list(samples / "SHA256SUMS", {"pets.zip": digest, "lost.zip": digest})
    (finding,) = look(course, "samples")
    assert finding.level == PROBLEM and "missing: lost.zip" in finding.text
    assert "git checkout" in finding.remedy
    (samples / "lost.zip").write_bytes(b"petS")
    (finding,) = look(course, "samples")
    assert finding.level == PROBLEM and "damaged: lost.zip" in finding.text
    for listing in (b"", b"no digest", "\ufeffé".encode("utf-16")):
        (samples / "SHA256SUMS").write_bytes(listing)
        assert [finding.level for finding in look(course, "samples")] == [PROBLEM]
    (samples / "SHA256SUMS").unlink()
    (finding,) = look(course, "samples")
    assert finding.level == PROBLEM and "missing" in finding.text


def test_environment_variables(course, tmp_path):
    def levels(**environ):
        found = [*look(course, "COURSE_DATA", **environ), *look(course, "COURSE_MIRROR", **environ)]
        return [finding.level for finding in found]

    assert levels() == levels(COURSE_DATA="", COURSE_MIRROR="") == []
    assert levels(COURSE_DATA="sample") == [OK]
    assert levels(COURSE_DATA="Real") == [PROBLEM]
    assert levels(COURSE_DATA="real") == [OK, NOTE]
    assert levels(COURSE_MIRROR="ftp://mirror.example") == [PROBLEM]
    folder = tmp_path / "mirror"
    assert levels(COURSE_MIRROR=str(folder)) == [PROBLEM]
    folder.mkdir()
    assert levels(COURSE_MIRROR=str(folder)) == [PROBLEM]
    (folder / "SHA256SUMS").touch()
    assert levels(COURSE_MIRROR=str(folder)) == [PROBLEM], "it lists nothing"
    write_list(folder / "SHA256SUMS", {"pets.zip": "0" * 64})
    assert levels(COURSE_MIRROR=str(folder)) == [PROBLEM], "it lists what it does not hold"
    (folder / "pets.zip").touch()
    for place in (str(folder), folder.as_uri(), f"file:{folder.as_posix()}"):
        assert levels(COURSE_MIRROR=place) == [OK]


def test_mirror_on_the_web_is_contacted(course, server):
    def finding():
        (found,) = look(course, "COURSE_MIRROR", COURSE_MIRROR=f"{server.url}/m")
        return found

    assert finding().level == PROBLEM and "404" in finding().text and "unset it" in finding().remedy
    server.files["m/SHA256SUMS"] = b"0" * 64 + b"  pets.zip\n"
    assert finding().level == OK and "answers and lists 1 file" in finding().text
    server.portal = True
    assert finding().level == PROBLEM and "line 1 is not a digest" in finding().text


def test_share_for_the_data(course, tmp_path, monkeypatch):
    def found():
        return [f.level for f in look(course, "COURSE_DATA_DIR", COURSE_DATA_DIR=str(share))]

    share = tmp_path / "share"
    assert look(course, "COURSE_DATA_DIR") == [] and found() == [NOTE]
    share.mkdir()
    assert found() == [OK]
    monkeypatch.setattr(os, "access", lambda *_: False)
    (finding,) = look(course, "COURSE_DATA_DIR", COURSE_DATA_DIR=str(share))
    assert finding.level == OK and "can be read" in finding.text


def test_extracted_sets_are_looked_at(course, sample, tmp_path):
    def finding(**environ):
        (found,) = look(course, "data sets", **environ)
        return found.level, found.text

    sample()
    assert finding() == (OK, "0 extracted, all as they were")
    cats = fetch("pets", data_dir=course / "data").directory / "Cat"
    (cats.parents[1].parent / "pets-sample-x.old1").mkdir()  # put aside; none of ours any more
    assert finding() == (OK, "1 extracted, all as they were")
    (cats / "0.jpg").unlink()
    assert finding() == (NOTE, "pets has 3 pictures in Pets/Cat, and had 4")
    (cats / "0.jpg").touch()
    assert finding() == (NOTE, "pets has an empty file in Pets/Cat")
    (cats.parents[1] / "record.json").unlink()
    assert finding() == (NOTE, "pets is incomplete")
    assert "delete" in look(course, "data sets")[0].remedy
    (course / "data").rename(tmp_path / "share")
    (course / "data").mkdir()
    assert finding(COURSE_DATA_DIR=str(tmp_path / "share")) == (NOTE, "pets is incomplete")


@pytest.mark.parametrize(
    ("flags", "level", "text"),
    [
        ("fpu sse4_2 avx avx2 fma", OK, "AVX, AVX2 and FMA"),
        ("fpu sse4_2 avx", NOTE, "not AVX2 and FMA"),
        ("fpu sse4_2", PROBLEM, "no AVX"),
    ],
)
def test_instructions_of_the_processor(tmp_path, monkeypatch, flags, level, text):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    (finding,) = doctor._processor(tmp_path / "cpuinfo")
    assert finding.level == level and text in finding.text
    assert list(doctor._processor(tmp_path / "nothing")) == []
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert list(doctor._processor(tmp_path / "cpuinfo")) == []


@pytest.mark.parametrize(
    ("gpus", "driver", "level", "text"),
    [("2", True, OK, "uses 2"), ("0", True, NOTE, "does not use"), ("0", False, OK, "needs none")],
)
def test_graphics_card(course, tmp_path, monkeypatch, gpus, driver, level, text):
    replace_tensorflow(tmp_path, monkeypatch, f"print('works 2.21 {gpus}'); raise SystemExit(0)")
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/nvidia-smi" if driver else None)
    (finding,) = look(course, "GPU")
    assert finding.level == level and text in finding.text


def test_port_of_jupyter():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (finding,) = doctor._port(port)
        assert finding.level == NOTE and "open the address that it prints" in finding.remedy
    (finding,) = doctor._port(port)
    assert finding.level == OK


def test_pace_tells_the_minutes_of_each_week(tmp_path, monkeypatch):
    (tmp_path / "benchmarks").mkdir()
    measure = tmp_path / "benchmarks/networks.py"
    measure.write_text("def seconds_of_a_step(): return 0.25")
    week = '[tool.course.weeks.{}]\nfolder = "w"\nminutes = 40\nsteps = {}\n'
    (tmp_path / "pyproject.toml").write_text(week.format(1, 480) + week.format(2, 7200))
    findings = doctor.pace(tmp_path)
    assert [(f.subject, f.level) for f in findings] == [("week 1", OK), ("week 2", NOTE)]
    assert [" ".join(f.text.split()[:3]) for f in findings] == [
        "about 2.0 minutes",
        "about 30.0 minutes",
    ]
    measure.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "PATIENCE", 1)
    (finding,) = doctor.pace(tmp_path)
    assert finding.level == NOTE and "could not be measured" in finding.text


@pytest.mark.parametrize(
    ("program", "level"),
    [("python", OK), ("python3", OK), (sys.executable, OK), ("other", PROBLEM), ("julia", PROBLEM)],
)
def test_the_kernel_must_run_this_python(course, tmp_path, monkeypatch, program, level):
    if program == "other":
        other = tmp_path / "bin/python"
        other.parent.mkdir()
        other.symlink_to(sys.executable)
        program = str(other)
    kernel = tmp_path / "jupyter/kernels/python3/kernel.json"
    kernel.parent.mkdir(parents=True)
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (finding,) = look(course, "kernel")
    assert finding.level == level
    assert level == OK or program in finding.text


def test_report_prints_remedies_and_fails_only_on_problems(capsys):
    fine = [doctor.Finding(OK, "disk", "9 GB"), doctor.Finding(NOTE, "cores", "1", "Wait.")]
    assert doctor.report(fine) == 0
    assert "Ready" in capsys.readouterr().out
    assert doctor.report([*fine, doctor.Finding(PROBLEM, "Python", "2.7", "Install 3.11.")]) == 1
    out = capsys.readouterr().out
    assert "-> Install 3.11." in out and "1 problem to solve" in out


def test_report_as_json(capsys):
    findings = [doctor.Finding(OK, "disk", "9 GB"), doctor.Finding(PROBLEM, "Python", "2.7", "Go.")]
    assert doctor.report(findings, as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == [
        {"level": "OK", "subject": "disk", "text": "9 GB", "remedy": ""},
        {"level": "problem", "subject": "Python", "text": "2.7", "remedy": "Go."},
    ]
    assert doctor.report(findings[:1], as_json=True) == 0


def test_a_clone_made_with_windows_line_endings_is_intact(tmp_path):
    """What git does with text files there must not reach digests, scripts or Makefiles."""

    def git(*words, cwd=tmp_path):
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *name, *words], cwd=cwd, check=True, capture_output=True)

    if not shutil.which("git"):
        pytest.skip("no git here")
    files = [*(ROOT / "data/pretrained").iterdir(), ROOT / "data/samples/SHA256SUMS"]
    files += [ROOT / name for name in (".gitattributes", ".ci/run", "Makefile", "utils/doctor.py")]
    for file in files:
        copy = tmp_path / "original" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    for folder in ("samples", "pretrained"):  # whatever is in them
        (tmp_path / "original/data" / folder / "notes.txt").write_bytes(b"one\ntwo\r\n")
    git("init", "original")
    git("add", ".", cwd=tmp_path / "original")
    git("commit", "-m", "all", cwd=tmp_path / "original")
    git("-c", "core.autocrlf=true", "clone", "original", "clone")
    for file in (f for f in (tmp_path / "original").rglob("*") if f.is_file()):
        if ".git" not in file.relative_to(tmp_path / "original").parts:
            copy = tmp_path / "clone" / file.relative_to(tmp_path / "original")
            assert copy.read_bytes() == file.read_bytes(), copy
    (weights,) = look(tmp_path / "clone", "weights")
    assert weights.level == OK
