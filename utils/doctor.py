"""Say whether this computer is ready for the course, and what to do when it is not.

Needs nothing but Python itself, so that it can also say what is missing.
"""

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from utils import paths
from utils.hashes import read_list, sha256

OK, NOTE, PROBLEM = "OK", "note", "problem"
GIB = 2**30
PATIENCE = 120  # seconds for TensorFlow to start
PORT = 8888  # where JupyterLab answers
TOO_OLD = (
    "TensorFlow needs a processor with AVX, from 2011 or later. Use another computer or a notebook "
    "service."
)


@dataclass(frozen=True)
class Finding:
    """One line of the report: level is "OK", "note" or "problem"."""

    level: str
    subject: str
    text: str
    remedy: str = ""


def _python():
    version = sys.version_info[:3]
    text = f"{'.'.join(map(str, version))} on {platform.system()} {platform.machine()}"
    if not (3, 11) <= version[:2] <= (3, 13):
        yield Finding(
            PROBLEM,
            "Python",
            f"{text}, but TensorFlow and the other packages need 3.11 to 3.13",
            "Install Python 3.11, delete the folder .venv, then: make course PYTHON=python3.11",
        )
    elif sys.maxsize < 2**32:
        yield Finding(PROBLEM, "Python", f"{text}, 32 bit", "Install a 64-bit Python 3.11.")
    else:
        yield Finding(OK, "Python", text)


def _pinned(requirements):
    """Return {package: version} of the lines ``package==version``."""
    pattern = re.compile(r"^([A-Za-z0-9._-]+)\s*==\s*([^\s;#]+)", re.MULTILINE)
    return dict(pattern.findall(requirements.read_text(encoding="utf-8")))


def _packages(requirements):
    if not requirements.is_file():
        yield Finding(PROBLEM, "packages", f"{requirements.name} is missing", "Clone anew.")
        return
    pinned = _pinned(requirements)
    missing, different = [], []
    for name, wanted in pinned.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(f"{name} {wanted}")
            continue
        if installed.split("+")[0] != wanted:  # builds for one's own GPU carry a suffix
            different.append(f"{name} {installed} (pinned: {wanted})")
    install = f'Run: "{sys.executable}" -m pip install -r {requirements.name}'
    if missing:
        yield Finding(PROBLEM, "packages", f"missing: {', '.join(missing)}", install)
    if different:
        text = f"other versions than the course was tried with: {', '.join(different)}"
        yield Finding(NOTE, "packages", text, install)
    if not missing and not different:
        yield Finding(OK, "packages", f"all {len(pinned)} at their pinned versions")


def _processor(cpuinfo=Path("/proc/cpuinfo")):
    """Which of the instructions that TensorFlow uses there are, where the system tells."""
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    lacking = [name.upper() for name in ("avx", "avx2", "fma") if name not in known]
    if "AVX" in lacking:
        yield Finding(PROBLEM, "processor", "has no AVX instructions", TOO_OLD)
    elif lacking:
        text = f"has AVX, but not {' and '.join(lacking)}"
        yield Finding(NOTE, "processor", text, "Everything runs, but takes longer.")
    else:
        yield Finding(OK, "processor", "has AVX, AVX2 and FMA")


# Prints one line at the end; a crash leaves no such line and a negative exit status.
_TRY_TENSORFLOW = """
import tensorflow as tf
total = float(tf.reduce_sum(tf.matmul(tf.ones((64, 64)), tf.ones((64, 64)))))
assert total == 64.0**3, total
picture = tf.nn.conv2d(tf.ones((1, 8, 8, 3)), tf.ones((3, 3, 3, 4)), 1, "VALID")
assert picture.shape == (1, 6, 6, 4)
print("works", tf.__version__, len(tf.config.list_physical_devices("GPU")))
"""


def _tensorflow():
    command = [sys.executable, "-c", _TRY_TENSORFLOW]
    try:
        # In a process of its own: a processor that lacks an instruction kills it outright.
        tried = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            PROBLEM,
            "TensorFlow",
            f"did not start within {PATIENCE} s",
            "Close other programs, then try again.",
        )
        return
    words = tried.stdout.split()[-3:]
    if tried.returncode == 0 and words and words[0] == "works":
        yield Finding(OK, "TensorFlow", f"{words[1]} computes")
        if words[2] != "0":
            yield Finding(OK, "GPU", f"TensorFlow uses {words[2]}")
        elif shutil.which("nvidia-smi"):
            remedy = "The course needs none. To use it, see tensorflow.org/install/pip."
            yield Finding(NOTE, "GPU", "there is one that TensorFlow does not use", remedy)
        else:
            yield Finding(OK, "GPU", "none, and the course needs none")
    elif tried.returncode < 0 or tried.returncode > 2**16:  # a signal; a Windows exception
        yield Finding(
            PROBLEM,
            "TensorFlow",
            f"crashed (exit status {tried.returncode}): this processor may be too old for it",
            TOO_OLD,
        )
    else:
        lines = tried.stderr.strip().splitlines()
        yield Finding(
            PROBLEM,
            "TensorFlow",
            f"does not work: {lines[-1] if lines else 'no message'}",
            f'Run: "{sys.executable}" -m pip install -r requirements.txt',
        )


def _machine(root):
    free = shutil.disk_usage(root).free / GIB
    if free < 1:
        remedy = "Free 1 GB; the real photos need another 3 GB."
        yield Finding(PROBLEM, "disk", f"{free:.1f} GB free", remedy)
    elif free < 4:
        remedy = "Enough for the samples; the real photos need 4 GB."
        yield Finding(NOTE, "disk", f"{free:.1f} GB free", remedy)
    else:
        yield Finding(OK, "disk", f"{free:.0f} GB free")

    try:
        import psutil

        memory = psutil.virtual_memory()
        text = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GB available"
        if memory.available < 2 * GIB:
            remedy = "The lectures need about 2 GB: close other programs and notebooks."
            yield Finding(NOTE, "memory", text, remedy)
        else:
            yield Finding(OK, "memory", text)
    except ImportError:
        yield Finding(NOTE, "memory", "not known while packages are missing")

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores == 1:
        remedy = "Everything runs, but takes twice the time that the lectures state."
        yield Finding(NOTE, "cores", "1", remedy)
    else:
        yield Finding(OK, "cores", f"{cores}")


def _port(port=PORT):
    with socket.socket() as probe:
        if os.name == "posix":  # elsewhere it would take one that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            remedy = "JupyterLab takes another one: open the address that it prints."
            yield Finding(NOTE, "port", f"{port} is in use, perhaps by another JupyterLab", remedy)
        else:
            yield Finding(OK, "port", f"{port} is free for JupyterLab")


_STEP = "import sys; sys.path.insert(0, {!r}); from benchmarks import networks; "
_STEP += "print('seconds', networks.seconds_of_a_step())"


def pace(root=paths.ROOT):
    """Measure how fast this computer is and say how long each lecture will run, a Finding each.

    Takes a few seconds: training steps of week 1's network. `pyproject.toml` says for each
    lecture how many such steps take as long (`steps`). The yardstick of the benchmarks would
    mislead here: its large dense layer asks for memory, where the lectures are bound by arithmetic.
    """
    from utils.course import weeks

    try:
        command = [sys.executable, "-c", _STEP.format(str(root))]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        seconds = float(tried.stdout.split("seconds ")[1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        text = "could not be measured: this computer is very slow, or busy"
        return [Finding(NOTE, "pace", text, "Close other programs, then try again.")]
    findings = []
    for week, facts in weeks(root).items():
        minutes = facts["steps"] * seconds / 60
        text = f"about {minutes:.1f} minutes to run, at the pace of now"
        slow = minutes > facts["minutes"] / 2
        remedy = "Close other programs, or use another computer." if slow else ""
        findings.append(Finding(NOTE if slow else OK, f"week {week}", text, remedy))
    return findings


def _extracted(folder):
    """Whether the data sets that were fetched are as they were extracted."""
    from utils.archives import fault
    from utils.registry import DATASETS

    sets = sorted(folder.glob("extracted/*-*-*")) if folder.is_dir() else []
    known = [
        (name, s) for s in sets for name in DATASETS if re.match(rf"{name}-[a-z]+-[^.]+$", s.name)
    ]
    faults = [
        (name, found, text) for name, found in known if (text := fault(DATASETS[name], found))
    ]
    for name, found, text in faults:
        remedy = f"Unless you changed it yourself, delete {found}: the next fetch makes it anew."
        yield Finding(NOTE, "data sets", f"{name} {text}", remedy)
    if not faults:
        yield Finding(OK, "data sets", f"{len(known)} extracted, all as they were")


def _data_folder(folder):
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        remedy = "Copy the course to a folder of your own."
        yield Finding(PROBLEM, "data folder", text, remedy)
    else:
        yield Finding(OK, "data folder", "can be written")


def _shipped(folder, subject):
    """Compare files with the digests in the folder's SHA256SUMS."""
    remedy = f'Restore it: git checkout -- "{folder.parent.name}/{folder.name}"'
    try:
        digests = read_list(folder / "SHA256SUMS")
    except OSError:
        yield Finding(PROBLEM, subject, f"{folder.name}/SHA256SUMS is missing", remedy)
        return
    except ValueError as error:
        yield Finding(PROBLEM, subject, str(error).split(". ")[0], remedy)
        return
    missing = [name for name in digests if not (folder / name).is_file()]
    damaged = [n for n in digests if n not in missing and sha256(folder / n) != digests[n]]
    if missing:
        yield Finding(PROBLEM, subject, f"missing: {', '.join(missing)}", remedy)
    if damaged:
        yield Finding(PROBLEM, subject, f"changed or damaged: {', '.join(damaged)}", remedy)
    if not missing and not damaged:
        yield Finding(OK, subject, f"{len(digests)} file{'s' * (len(digests) != 1)}, all intact")


def _environment(environ):
    try:
        source = paths.source(environ=environ)
        if environ.get("COURSE_DATA"):
            yield Finding(OK, "COURSE_DATA", source)
    except ValueError:
        source, remedy = None, "Set it to sample or real, or unset it."
        yield Finding(PROBLEM, "COURSE_DATA", f"is {environ['COURSE_DATA']!r}", remedy)

    if environ.get("COURSE_DATA_DIR", "").strip():
        share = paths.data(environ=environ)
        if share.is_dir():
            writable = "written" if os.access(share, os.W_OK) else "read: fetch finds what is in it"
            yield Finding(OK, "COURSE_DATA_DIR", f"{share} can be {writable}")
        else:
            remedy = "Correct it, or unset it; otherwise the first fetch makes that folder."
            yield Finding(NOTE, "COURSE_DATA_DIR", f"there is no folder {share}", remedy)

    try:
        mirror = paths.mirror(environ)
    except ValueError as error:
        yield Finding(PROBLEM, "COURSE_MIRROR", str(error), "Correct it, or unset it.")
        return
    if mirror is None:
        if source == "real":
            yield Finding(
                NOTE,
                "COURSE_MIRROR",
                "not set: photos come from their publishers",
                "The first download takes a while: 825 MB for Cats & Dogs.",
            )
    elif paths.is_url(str(mirror)):
        yield _reached(mirror)
    elif not mirror.is_dir():
        remedy = "Give the folder that holds the archives and their SHA256SUMS."
        yield Finding(PROBLEM, "COURSE_MIRROR", f"there is no folder {mirror}", remedy)
    else:
        yield _listed(mirror)


def _reached(mirror):
    """Whether a mirror on the web answers with a list of digests."""
    remedy = (
        "Is it switched on, and this computer in its network? Correct the address, or unset it."
    )
    try:
        from utils.downloads import mirror_list

        number = len(mirror_list(mirror))
    except ImportError:
        return Finding(NOTE, "COURSE_MIRROR", f"{mirror} cannot be tried: packages are missing")
    except (OSError, ValueError) as error:
        text = f"{mirror} has no SHA256SUMS that can be read ({str(error):.100})"
        return Finding(PROBLEM, "COURSE_MIRROR", text, remedy)
    return Finding(OK, "COURSE_MIRROR", f"{mirror} answers and lists {number} files")


def _listed(mirror):
    """Whether a mirror's folder has a list of digests that can be read."""
    remedy = f'Make one there: cd "{mirror}" && sha256sum *.zip > SHA256SUMS'
    try:
        names = read_list(mirror / "SHA256SUMS")
    except OSError:
        return Finding(PROBLEM, "COURSE_MIRROR", f"{mirror} holds no SHA256SUMS", remedy)
    except ValueError as error:
        return Finding(PROBLEM, "COURSE_MIRROR", str(error).split(". ")[0], remedy)
    if missing := [name for name in names if not (mirror / name).is_file()]:
        text = f"{mirror} lists what it does not hold: {', '.join(missing)}"
        return Finding(PROBLEM, "COURSE_MIRROR", text, f"Put it there. {remedy}")
    return Finding(OK, "COURSE_MIRROR", str(mirror))


def _same_python(program):
    """Whether a kernel's program is this Python: two environments with one base are two."""
    # Jupyter itself puts its own Python in the place of a bare name.
    if os.path.dirname(program) == "":
        return re.fullmatch(r"python(\d(\.\d+)?)?(\.exe)?", program) is not None
    here = os.path.realpath(os.path.dirname(sys.executable))
    return os.path.realpath(os.path.dirname(program)) == here


def _kernel():
    try:
        from jupyter_client.kernelspec import KernelSpecManager

        specification = KernelSpecManager().get_kernel_spec("python3").to_dict()
    except Exception as error:  # missing package, or a broken specification file
        remedy = f'Run: "{sys.executable}" -m pip install -r requirements.txt'
        yield Finding(PROBLEM, "kernel", f"no notebook kernel python3: {error}", remedy)
        return
    program = (specification.get("argv") or [""])[0]
    if _same_python(program):
        yield Finding(OK, "kernel", "notebooks run this same Python")
    else:
        yield Finding(
            PROBLEM,
            "kernel",
            f"notebooks would run {program}, not {sys.executable}",
            f'Run: "{sys.executable}" -m ipykernel install --sys-prefix, and start Jupyter by '
            "make lab",
        )


def check(root=paths.ROOT, environ=os.environ):
    """Look at everything the course needs.

    Args:
        root: folder of the course.
        environ: environment variables.

    Returns:
        list of Finding, in the order of the report.
    """
    root = Path(root)
    findings = [*_python(), *_packages(root / "requirements.txt")]
    findings += [*_processor(), *_tensorflow(), *_kernel(), *_port()]
    findings += [*_machine(root), *_data_folder(root / "data")]
    findings += _shipped(root / "data" / "samples", "samples")
    if (root / "data" / "pretrained" / "SHA256SUMS").is_file():
        findings += _shipped(root / "data" / "pretrained", "weights")
    shared = environ.get("COURSE_DATA_DIR", "").strip()
    findings += _extracted(paths.data(environ=environ) if shared else root / "data")
    return [*findings, *_environment(environ)]


def report(findings, as_json=False):
    """Print findings as a list, or as JSON; return the exit status, 1 when there is a problem."""
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
        return int(any(finding.level == PROBLEM for finding in findings))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f"{finding.level:>7}  {finding.subject:<{width}}  {finding.text}")
        if finding.remedy:
            print(f"{'':7}  {'':{width}}  -> {finding.remedy}")
    problems = sum(finding.level == PROBLEM for finding in findings)
    if problems:
        print(f"\n{problems} problem{'s' * (problems > 1)} to solve before the course.")
    else:
        print("\nReady for the course.")
    return int(problems > 0)
