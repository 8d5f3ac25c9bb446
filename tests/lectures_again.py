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
PATIENCE = 600  # seconds for a cell


def answer(client, message):
    """Wait for the answer to an execute request; return its content."""
    while True:
        reply = client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"]


def interrupt(manager, client, code, moment):
    """Start code, interrupt it after so many seconds; return how it ended, or None: it was done."""
    message = client.execute(code)
    try:
        client.get_shell_msg(timeout=moment)
        return None
    except queue.Empty:
        manager.interrupt_kernel()
        return answer(client, message).get("ename")


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
            ended = interrupt(manager, client, code, moments.choice(MOMENTS))
            assert ended in (None, "KeyboardInterrupt"), f"{ended} after an interrupt of:\n{code}"
            interrupted += ended is not None
            reply = answer(client, client.execute(code))
            if ended and code == cells[0] and reply["status"] != "ok":
                start_anew(manager, client)
                reply = answer(client, client.execute(code))
            assert reply["status"] == "ok", f"run again:\n{code}\n{reply.get('evalue')}"
        start_anew(manager, client)
        for code in cells[: len(cells) // 2]:
            reply = answer(client, client.execute(code))
            assert reply["status"] == "ok", f"after a restart:\n{code}\n{reply.get('evalue')}"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert interrupted >= 3
