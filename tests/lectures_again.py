"""Lectures under a learner's hands: ``python -m pytest tests/lectures_again.py``.

Every cell of a lecture is interrupted a moment after it has started, wherever it then is, and run
again to its end; a cell that was quicker has simply run twice. At last the kernel is started anew
in the middle of the lecture, and the cells down to there are run once more. It takes minutes, so
`make test` leaves it out. Trainings take two epochs; what is asked is that no cell fails. Only the
imports may: packages that were interrupted half-way in can ask for a new start of the kernel.
"""

import queue
import random

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from short_course import short_course

MOMENTS = (0.02, 0.1, 0.3, 1.0)  # seconds until the interrupt
PATIENCE = 300  # seconds for a cell


def answer(client, message, code):
    """Wait for the answer to an execute request; return its content."""
    while True:
        try:
            reply = client.get_shell_msg(timeout=PATIENCE)
        except queue.Empty:
            pytest.fail(f"no answer within {PATIENCE} s:\n{code}")
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"]


def run(client, code):
    """Run code to its end; return None, or what went wrong."""
    # As a click would: a request sent at the very moment of an interrupt may be put off.
    reply = answer(client, client.execute(code, stop_on_error=False), code)
    return None if reply["status"] == "ok" else f"{reply.get('ename')}: {reply.get('evalue')}"


def interrupt(manager, client, code, moment):
    """Start code, interrupt it after so many seconds; return whether it was still running.

    How it ends is not waited for: at an unlucky moment the kernel never says.
    """
    client.execute(code, stop_on_error=False)
    try:
        client.get_shell_msg(timeout=moment)
        return False
    except queue.Empty:
        manager.interrupt_kernel()
        return True


def start_anew(manager, client):
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=PATIENCE)


@pytest.mark.parametrize("week", [1, 2, 3, 4])
def test_a_lecture_goes_on_after_interrupts_and_a_new_start(tmp_path, week):
    path = short_course(tmp_path, [week])[week]
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    manager, client = start_new_kernel(cwd=path.parent)
    moments, interrupted = random.Random(week), 0
    try:
        for code in cells:
            cut = interrupt(manager, client, code, moments.choice(MOMENTS))
            interrupted += cut
            failed = run(client, code)
            if cut and code == cells[0] and failed:
                start_anew(manager, client)
                failed = run(client, code)
            assert not failed, f"{failed}, run again:\n{code}"
        start_anew(manager, client)
        for code in cells[: len(cells) // 2]:
            failed = run(client, code)
            assert not failed, f"{failed}, after a new start:\n{code}"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert interrupted >= 3
