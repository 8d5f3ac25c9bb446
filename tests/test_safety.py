"""What no code of the course does: run what it has read."""

import ast
import inspect

import pytest

from utils.paths import ROOT

PLACES = ["utils", "maintain", "instructor", "scale", "benchmarks", "tests"]
FILES = sorted(file for place in PLACES for file in (ROOT / place).rglob("*.py"))
NOTEBOOKS = sorted(ROOT.glob("week*/*.ipynb"))

FORBIDDEN = {  # by the end of their names
    **dict.fromkeys(["eval", "exec"], "runs text as code"),
    **dict.fromkeys(
        ["pickle.load", "pickle.loads", "pickle.Unpickler"], "runs what a file asks for"
    ),
    **dict.fromkeys(["joblib.load", "dill.load", "torch.load", "shelve.open"], "the same"),
    **dict.fromkeys(["yaml.load", "yaml.unsafe_load"], "makes whatever objects a file asks for"),
    **dict.fromkeys(["os.system", "os.popen", "subprocess.getoutput"], "a shell reads the names"),
    **dict.fromkeys(["tarfile.open", "shutil.unpack_archive"], "unbounded"),
    "enable_unsafe_deserialization": "lets a network's file bring code",
}
ARGUMENTS = {  # argument: the value that it must not have
    "safe_mode": False,
    "allow_pickle": True,
    "shell": True,
    "verify": False,
}


def faults(source):
    """List the calls in Python code that run, or could run, what was read."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        found += [f"{name}: {why}" for what, why in FORBIDDEN.items() if is_or_ends(name, what)]
        found += [
            f"{name}({word.arg}={ast.unparse(word.value)})"
            for word in node.keywords
            if word.arg in ARGUMENTS
            and not (
                isinstance(word.value, ast.Constant) and word.value.value != ARGUMENTS[word.arg]
            )
        ]
    return found


def is_or_ends(name, what):
    return name == what or ("." in what or "_" in what) and name.endswith(f".{what}")


def code_of(notebook):
    import nbformat

    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            yield "\n".join("pass" if line.startswith(("%", "!")) else line for line in lines)


KNOWN = {
    # lines of the course's own lectures, which define the networks
    "scale/models.py": ["exec: runs text as code"],
    # the layers that an explorer of the course offers for copying
    "tests/browser/test_explorers_in_pages.py": ["eval: runs text as code"],
    # checks of the course, one condition inverted, and cells as a learner would run them
    "tests/test_checks.py": ["exec: runs text as code"],
    "tests/test_judging.py": ["exec: runs text as code"],
    # a trap for the loader of patients
    "tests/test_clinic.py": ["np.savez(allow_pickle=True)"],
}


def test_no_code_runs_what_it_has_read():
    found = {f.relative_to(ROOT).as_posix(): faults(f.read_text(encoding="utf-8")) for f in FILES}
    assert {file: calls for file, calls in found.items() if calls} == KNOWN


def test_no_notebook_runs_what_it_has_read():
    cells = {f"{n.name}, cell {i}": c for n in NOTEBOOKS for i, c in enumerate(code_of(n))}
    assert {place: found for place, code in cells.items() if (found := faults(code))} == {}
    assert len(cells) > 50


@pytest.mark.parametrize(
    "code",
    [
        "eval(text)",
        "exec(text)",
        "pickle.load(file)",
        "pickle.Unpickler(file).load()",
        "np.load(file, allow_pickle=True)",
        "keras.models.load_model(file, safe_mode=False)",
        "keras.models.load_model(file, safe_mode=mode)",
        "keras.config.enable_unsafe_deserialization()",
        "subprocess.run(command, shell=True)",
        "requests.get(url, verify=False)",
        "shutil.unpack_archive(path)",
        "torch.load(file)",
    ],
)
def test_such_code_would_be_found(code):
    assert len(faults(code)) == 1


def test_what_is_allowed():
    allowed = (
        "np.load(f); model.eval(); keras.models.load_model(f, safe_mode=True); ast.literal_eval(t)"
    )
    assert faults(allowed) == []


def test_defaults_of_the_libraries_are_the_safe_ones(tmp_path):
    from utils import quiet  # noqa: F401, I001  (silences the next import)
    import keras
    import numpy as np

    assert inspect.signature(keras.models.load_model).parameters["safe_mode"].default is True
    assert inspect.signature(np.load).parameters["allow_pickle"].default is False
    model = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: x)])
    model.save(tmp_path / "attack.keras")
    with pytest.raises(ValueError, match="(?i)unsafe|lambda"):
        keras.models.load_model(tmp_path / "attack.keras")
