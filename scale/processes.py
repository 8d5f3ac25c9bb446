"""The processes of one job: who is who, and how to start several on this machine.

Three environment variables say who a process is, under the names that Keras gives them; without
them it is the only one.
"""

import os
import socket
import subprocess
import time

ADDRESS = "KERAS_DISTRIBUTION_JOB_ADDRESSES"  # host:port of process 0
PROCESSES = "KERAS_DISTRIBUTION_NUM_PROCESSES"
RANK = "KERAS_DISTRIBUTION_PROCESS_ID"
GRACE = 5  # seconds to end in when asked to


def place(environ=os.environ):
    """Say which process this is.

    >>> place({})
    (0, 1)

    Args:
        environ: environment variables.

    Returns:
        (rank, processes): from 0, and how many there are.

    Raises:
        ValueError: one of the three variables is missing, or makes no sense.
    """
    given = {name: environ.get(name, "").strip() for name in (ADDRESS, PROCESSES, RANK)}
    if not any(given.values()):
        return 0, 1
    if missing := [name for name, value in given.items() if not value]:
        raise ValueError(
            f"{' and '.join(missing)} should be set, too: several processes find each other by "
            f"{ADDRESS}, host:port of process 0, {PROCESSES}, and {RANK}, from 0."
        )
    rank, processes = given[RANK], given[PROCESSES]
    if not (processes.isdecimal() and int(processes)):
        raise ValueError(f"{PROCESSES}={processes} should be a number, 1 or more.")
    if not (rank.isdecimal() and int(rank) < int(processes)):
        raise ValueError(
            f"{RANK}={rank} should be a number from 0 to {int(processes) - 1}, because "
            f"{PROCESSES} is {processes}."
        )
    return int(rank), int(processes)


def together(command, processes, environ=os.environ):
    """Run a command in several processes on this machine; when one fails, end the others.

    Args:
        command: list of str.
        processes: how many.
        environ: environment variables; the three above are added.

    Returns:
        int: 0 when all have ended well, else the code with which the first one failed; minus the
        signal's number where it was killed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    known = {**environ, ADDRESS: address, PROCESSES: str(processes)}
    running = [
        subprocess.Popen(command, env=known | {RANK: str(rank)}) for rank in range(processes)
    ]
    try:
        while True:
            codes = [process.poll() for process in running]
            for rank, code in enumerate(codes):
                if code:
                    print(
                        f"Process {rank} of {processes} failed ({code}): all are ended. The same "
                        "command goes on where they were."
                    )
                    return code
            if None not in codes:
                return 0
            time.sleep(0.1)
    finally:
        _end(running)


def _end(running):
    for process in running:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in running:
        try:
            process.wait(max(until - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
