"""How a check is carried out, whatever it is handed, and the guard before a network trains."""

import json
import sys
import threading
import time
from contextlib import suppress

import pytest

from utils import checks, progress
from utils.checks import _guard
from utils.checks._judging import Mistake, a_function, check, result_of
from utils.paths import ROOT


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    return file


@check(1, "Task 9 · Add", seconds=0.5)
def add(function):
    a_function(function, "add")
    if (found := result_of(function, 2, 3)) != 5:
        raise Mistake("other-sum", f"2 and 3 gave {found}.", "that sums are products.", "Adding.")
    return "2 and 3 gave 5."


def sentence(answer):
    with pytest.raises(checks.Stop) as caught:
        add(answer)
    return " ".join(str(caught.value).split())


def test_a_right_answer_prints_one_line_and_gives_nothing_to_show(capsys):
    assert add(lambda a, b: a + b) is None
    assert capsys.readouterr().out == "✔ Task 9 · Add: 2 and 3 gave 5.\n"


def test_a_mistake_says_what_was_seen_which_belief_leads_there_and_where_to_look():
    assert sentence(lambda a, b: a * b) == (
        "✘ Task 9 · Add: 2 and 3 gave 6. The belief that often leads here: that sums are products. "
        "Where to look: Adding."
    )


def test_a_notebook_shows_the_sentences_and_no_stack_trace():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown = []
    shell._showtraceback = lambda kind, error, lines: shown.extend(lines)
    shell.user_ns["add"] = add
    shell.run_cell("add(lambda a, b: a * b)")
    assert shown[0] == "✘ Task 9 · Add: 2 and 3 gave 6." and len(shown) == 3
    assert not any("Traceback" in line or "File" in line for line in shown)


def test_an_error_is_told_with_the_line_of_the_learners_code():
    def broken(a, b):
        return [a][b]  # line of the learner

    said = sentence(broken)
    assert "IndexError: list index out of range" in said
    assert "return [a][b] # line of the learner" in said


def test_what_the_check_cannot_use_is_not_called_an_error_of_the_learners_code():
    with pytest.raises(Mistake, match="could not be used") as caught:
        add()  # nothing was handed over
    assert caught.value.name == "unusable" and "TypeError" in str(caught.value)


def test_an_error_in_the_courses_files_is_not_told_as_a_line_of_the_learners_cell():
    # As a notebook finds them, with sys.path.insert(0, "..").
    place = str(ROOT / "week3_transfer_learning" / ".." / "utils" / "checks" / "week9.py")
    code = "@check(1, 'Task 9')\ndef refuse(answer):\n    raise ValueError('no pixels')"
    courses = {"check": check}
    exec(compile(code, place, "exec"), courses)
    with pytest.raises(Mistake, match="could not be used: ValueError: no pixels"):
        courses["refuse"](3)


def test_an_error_of_keras_is_told_without_colours_and_arrays():
    def broken(a, b):
        raise ValueError("\x1b[1mNo such shape.\x1b[0m\n\nArguments received by f():\n  [[0. 0.]]")

    said = sentence(broken)
    assert "ValueError: No such shape. (line" in said


def test_a_loop_ends_and_so_does_its_thread():
    def loops(a, b):
        while True:
            with suppress(Exception):
                time.sleep(0.01)

    before = threading.active_count()
    began = time.monotonic()
    assert "not finished after 0.5 seconds" in sentence(loops)
    assert time.monotonic() - began < 5
    assert threading.active_count() == before


def test_a_loop_that_catches_everything_does_not_hold_the_check():
    stop = threading.Event()

    def stubborn(a, b):
        while not stop.is_set():
            try:
                while not stop.is_set():
                    pass
            except BaseException:
                pass

    assert "not finished" in sentence(stubborn)
    stop.set()


def test_floods_are_cut_and_what_is_short_is_shown(capsys):
    def talks(a, b):
        print("here", a)
        return a + b

    def floods(a, b):
        for _ in range(5_000):
            print("x" * 80)
            print("y" * 80, file=sys.stderr)
        return a + b

    add(talks)
    assert "Your code printed:\n  here 2\n" in capsys.readouterr().out
    add(floods)
    shown = capsys.readouterr()
    assert len(shown.out) < 2000 and "characters more" in shown.out and shown.err == ""


def test_leaving_the_program_ends_the_answer_only():
    assert "SystemExit" in sentence(lambda a, b: sys.exit(3))


def test_open_parts_are_known_by_their_placeholder_alone():
    class Later: ...

    class HalfDone:
        def first(self):
            return 1

        def second(self): ...

    def nothing(a, b): ...

    for empty in (..., nothing, Later, lambda a, b: ...):
        assert "is still open" in sentence(empty)
    for done in (HalfDone, lambda a, b: 5.5, lambda a, b: "x", None):
        assert "still open" not in sentence(done)


# ---------------------------------------------------------------- progress


def test_tries_are_counted_and_what_is_done_stays_done(progress_file):
    for answer in (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b):
        with suppress(Mistake):
            add(answer)
    entry = progress.read()["week1"]["add"]
    assert (entry["tries"], entry["done"]) == (3, True)
    assert [file.name for file in progress_file.parent.glob("*.part")] == []


def test_an_open_part_is_no_try(progress_file):
    sentence(...)
    assert not progress_file.exists()


def test_a_damaged_file_is_kept_and_named(progress_file, capsys):
    for number, text in enumerate(['{"week1": {', '["a list"]', '{"week1": 3}'], 1):
        progress_file.write_text(text)
        with pytest.raises(ValueError, match="damaged"):
            progress.read()
        assert progress_file.read_text() == text
        add(lambda a, b: a + b)
        aside = progress_file.with_name(f"progress-damaged{number}.json")
        assert aside.read_text() == text and str(aside) in capsys.readouterr().out
        assert json.loads(progress_file.read_text())["week1"]["add"]["done"]


@pytest.mark.parametrize("fails", [OSError(28, "No space left on device"), PermissionError(13, "")])
def test_a_disk_that_cannot_be_written_to_keeps_no_check_from_answering(
    fails, progress_file, monkeypatch, capsys
):
    progress_file.write_text("{}")

    def refuse(*_, **__):
        raise fails

    monkeypatch.setattr("os.replace", refuse)
    add(lambda a, b: a + b)
    assert capsys.readouterr().out.startswith("✔")
    assert progress_file.read_text() == "{}" and not list(progress_file.parent.glob("*.part"))


def test_the_command_shows_week_by_week_what_is_done(capsys):
    from utils.__main__ import main

    progress.note(1, "split", done=True)
    assert main(["progress"]) == 0
    out = capsys.readouterr().out
    assert f"Week 1: 1 of {len(checks.tasks(1))} tasks done" in out
    assert f"✔ {checks.tasks(1)['split']} (1 try)" in out
    assert f"· {checks.tasks(1)['usable']}" in out


def test_the_command_names_a_damaged_file_and_leaves_it(progress_file, capsys):
    from utils.__main__ import main

    progress_file.write_text("{")
    assert main(["progress"]) == 1
    assert str(progress_file) in capsys.readouterr().err
    assert progress_file.read_text() == "{"


# ---------------------------------------------------------------- guard


def network_of(*layers):
    import keras

    return lambda: keras.Sequential([keras.Input((96, 96, 3)), *layers])


def test_multiplications_are_those_of_the_lecture():
    from keras import layers

    blocks = []
    for filters in (16, 32, 64, 64):
        blocks += [layers.Conv2D(filters, 3), layers.MaxPooling2D()]
    network = network_of(*blocks, layers.Flatten(), layers.Dense(128), layers.Dense(1))()
    maps = [(3, 16, 94), (16, 32, 45), (32, 64, 20), (64, 64, 8)]
    by_hand = sum(9 * i * f * m * m for i, f, m in maps) + 1024 * 128 + 128
    assert _guard.multiplications(network) == by_hand
    assert _guard.affordable(lambda: network) is network


def test_a_huge_network_is_refused_before_it_gets_memory():
    from keras import layers

    huge = network_of(layers.Flatten(), layers.Dense(10**9), layers.Dense(10**9))
    with pytest.raises(Mistake) as caught:  # 4 exabytes
        _guard.affordable(huge)
    assert caught.value.name == "too-large" and "27,648,000,000,000" in str(caught.value)


def test_a_slow_network_with_few_weights_is_refused_too():
    from keras import layers

    slow = network_of(*[layers.Conv2D(64, 3, padding="same") for _ in range(4)])
    with pytest.raises(Mistake) as caught:
        _guard.affordable(slow)
    assert caught.value.name == "too-large" and "multiplications" in str(caught.value)
