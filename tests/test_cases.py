"""The tables of tests/README.md and the tests that there are."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROW = re.compile(r"\| .+ \| `(\w+\.py)::(\w+)(\[.+\])?` \|")
WHOLE = ["test_bad_servers.py", "test_processes.py"]  # files of nothing but cases


def rows():
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    cases = [line for line in lines if line.startswith("| ") and line != "| case | test |"]
    found = [ROW.fullmatch(line) for line in cases]
    assert [line for line, match in zip(cases, found, strict=True) if not match] == []
    return [match.groups() for match in found]


def functions(file):
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_case_has_its_test(request):
    cases = rows()
    assert len(cases) == len(set(cases)) >= 100
    missing = [(file, name) for file, name, _ in cases if name not in functions(file)]
    assert missing == []
    # The parameters, of those files that this run has collected as a whole.
    if request.config.option.keyword or any("::" in word for word in request.config.args):
        return
    collected = {item.nodeid.removeprefix("tests/") for item in request.session.items}
    files = {test.partition("::")[0] for test in collected}
    cases = [(file, f"{file}::{name}{values or ''}") for file, name, values in cases]
    whole = {test.partition("[")[0] for test in collected}
    lost = [test for file, test in cases if file in files and test not in collected | whole]
    assert lost == []


def test_every_test_of_these_files_is_a_case():
    listed = {(file, name) for file, name, _ in rows()}
    tests = {(f, name) for f in WHOLE for name in functions(f) if name.startswith("test_")}
    tests -= {("test_bad_servers.py", "test_errors_of_the_download_library_are_connection_errors")}
    assert tests - listed == set()
