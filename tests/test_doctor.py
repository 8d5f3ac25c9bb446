"""Behaviour of utils.doctor."""

import hashlib
import shutil
import signal
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from utils import doctor
from utils.doctor import NOTE, OK, PROBLEM


def levels(findings):
    return [finding.level for finding in findings]


def test_python_versions():
    assert levels(doctor._python((3, 11, 0))) == [OK]
    assert levels(doctor._python((3, 13, 2))) == [OK]
    for version in ((3, 10, 9), (3, 14, 0), (2, 7, 18)):
        (finding,) = doctor._python(version)
        assert finding.level == PROBLEM and "Python 3.11" in finding.remedy


def test_packages_missing_and_at_other_versions(tmp_path):
    requirements = tmp_path / "requirements.txt"
    version = metadata.version("numpy")
    requirements.write_text(f"# comment\nnumpy=={version}  # arrays\n")
    assert levels(doctor._packages(requirements)) == [OK]
    requirements.write_text("numpy==0.0.1\nno-such-package==2.0\n")
    missing, different = doctor._packages(requirements)
    assert missing.level == PROBLEM and "no-such-package 2.0" in missing.text
    assert different.level == NOTE and version in different.text and "0.0.1" in different.text
    assert sys.executable in missing.remedy
    assert levels(doctor._packages(tmp_path / "none.txt")) == [PROBLEM]


def python(code):
    return [sys.executable, "-c", code]


def test_tensorflow_that_works_crashes_or_fails():
    (works,) = doctor._tensorflow(python("print('works 2.21.0 0')"))
    assert works.level == OK and "2.21.0" in works.text
    (failed,) = doctor._tensorflow(python("import no_such_module"))
    assert failed.level == PROBLEM and "no_such_module" in failed.text
    (quiet,) = doctor._tensorflow(python("pass"))
    assert quiet.level == PROBLEM, "exit status 0 alone proves nothing"
    (slow,) = doctor._tensorflow(python("import time; time.sleep(30)"), seconds=0.2)
    assert slow.level == PROBLEM and "did not start" in slow.text


@pytest.mark.skipif(not hasattr(signal, "SIGILL"), reason="no such signal here")
def test_an_illegal_instruction_is_reported_not_suffered():
    code = f"import os; os.kill(os.getpid(), {int(signal.SIGILL)})"
    (crashed,) = doctor._tensorflow(python(code))
    assert crashed.level == PROBLEM and "crashed" in crashed.text and "AVX" in crashed.remedy


def test_disk_space(tmp_path, monkeypatch):
    for free, level in ((0.5, PROBLEM), (2, NOTE), (50, OK)):
        usage = SimpleNamespace(free=free * doctor.GIB)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, usage=usage: usage)
        assert next(f for f in doctor._machine(tmp_path) if f.subject == "disk").level == level


def test_data_folder_must_be_writable(tmp_path):
    assert levels(doctor._data_folder(tmp_path / "data")) == [OK]
    assert list((tmp_path / "data").iterdir()) == [], "nothing is left behind"
    (tmp_path / "file").write_text("in the way")
    assert levels(doctor._data_folder(tmp_path / "file")) == [PROBLEM]


def test_shipped_files_are_compared_with_their_digests(tmp_path):
    assert levels(doctor._shipped(tmp_path, "samples")) == [PROBLEM]
    (tmp_path / "good.zip").write_bytes(b"good")
    digest = hashlib.sha256(b"good").hexdigest()
    listing = tmp_path / "SHA256SUMS"
    listing.write_text(f"{digest}  good.zip\n")
    (finding,) = doctor._shipped(tmp_path, "samples")
    assert finding.level == OK and "1 file," in finding.text
    listing.write_text(f"{digest}  good.zip\n{digest} *lost.zip\n")
    (finding,) = doctor._shipped(tmp_path, "samples")
    assert finding.level == PROBLEM and "missing: lost.zip" in finding.text
    (tmp_path / "lost.zip").write_bytes(b"gooD")
    (finding,) = doctor._shipped(tmp_path, "samples")
    assert finding.level == PROBLEM and "damaged: lost.zip" in finding.text


def test_environment_variables(tmp_path):
    def look(**environ):
        return levels(doctor._environment(environ))

    assert look() == []
    assert look(COURSE_DATA="sample") == [OK]
    assert look(COURSE_DATA="Real") == [PROBLEM]
    assert look(COURSE_DATA="real") == [OK, NOTE]
    assert look(COURSE_MIRROR="https://mirror.example/course") == [OK]
    assert look(COURSE_MIRROR="ftp://mirror.example") == [PROBLEM]
    assert look(COURSE_MIRROR=str(tmp_path / "nowhere")) == [PROBLEM]
    assert look(COURSE_MIRROR=str(tmp_path)) == [PROBLEM]
    (tmp_path / "SHA256SUMS").touch()
    assert look(COURSE_MIRROR=str(tmp_path)) == [OK]
    assert look(COURSE_MIRROR=tmp_path.as_uri()) == [OK]


def test_the_kernel_must_run_this_python(tmp_path):
    for program in ("python", "python3", sys.executable):
        assert levels(doctor._kernel({"argv": [program, "-m", "ipykernel_launcher"]})) == [OK]
    other = tmp_path / "bin" / "python"
    other.parent.mkdir()
    other.symlink_to(sys.executable)
    (finding,) = doctor._kernel({"argv": [str(other)]})
    assert finding.level == PROBLEM and str(other) in finding.text
    assert levels(doctor._kernel({"argv": ["julia"]})) == [PROBLEM]


def test_report_prints_remedies_and_fails_only_on_problems(capsys):
    fine = [doctor.Finding(OK, "disk", "9 GB"), doctor.Finding(NOTE, "cores", "1", "Wait.")]
    assert doctor.report(fine) == 0
    assert "Ready" in capsys.readouterr().out
    assert doctor.report([*fine, doctor.Finding(PROBLEM, "Python", "2.7", "Install 3.11.")]) == 1
    out = capsys.readouterr().out
    assert "-> Install 3.11." in out and "1 problem to solve" in out


def test_check_covers_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_TRY_TENSORFLOW", "print('works', '2.21.0', 0)")
    (tmp_path / "requirements.txt").write_text("")
    findings = doctor.check(tmp_path, environ={"COURSE_DATA": "sample"})
    subjects = [finding.subject for finding in findings]
    assert subjects == [
        *("Python", "packages", "TensorFlow", "kernel", "disk", "memory", "cores"),
        *("data folder", "samples", "COURSE_DATA"),
    ]
