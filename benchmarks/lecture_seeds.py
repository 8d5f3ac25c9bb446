"""Do a lecture's claims hold elsewhere? ``python benchmarks/lecture_seeds.py 1 --seeds 1 2 3 4 5``.

What a lecture claims must not hang on one lucky seed, nor on one processor: the same seed on a
machine that rounds otherwise trains another network. This executes a lecture's own cells with its
line ``SEED = …`` changed, under each of several roundings, and records the numbers and the claims
of every run in ``benchmarks/results/week<n>_<source>.json``, with each claim's mean and spread
beside its band. Runs that are recorded for the same code are kept, so it can be interrupted. The
environment decides about the data, as in the lecture: COURSE_DATA, COURSE_MIRROR.
"""

import argparse
import ast
import hashlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from utils import course, paths  # noqa: E402
from utils.features import FEATURES  # noqa: E402
from utils.results import collect  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"

# Each makes TensorFlow add up in another order or with other instructions, as another processor
# would. `distinct` finds those that do so on this machine; the first ones are preferred.
ROUNDINGS = {
    "own": {},
    "sse41": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "one-thread": {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_NUM_INTRAOP_THREADS": "1"},
    "sse41-eigen": {"TF_ENABLE_ONEDNN_OPTS": "0", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "avx": {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "AVX"},
}
ENOUGH = 3  # roundings that a record needs

TRAIN_A_LITTLE = """
import keras, numpy as np
keras.utils.set_random_seed(0)
layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(16, 3, activation="relu"),
          keras.layers.MaxPooling2D(), keras.layers.Conv2D(32, 3, activation="relu"),
          keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
model = keras.Sequential(layers)
model.compile("adam", loss="binary_crossentropy")
rng = np.random.default_rng(0)
pictures, labels = rng.random((256, 32, 32, 3), np.float32), rng.integers(0, 2, 256)
print(model.fit(pictures, labels, epochs=4, verbose=0).history["loss"][-1].hex())
"""


def distinct(names, enough):
    """Find roundings that train another network on this machine: not all do on every processor.

    Args:
        names: keys of `ROUNDINGS`, the preferred ones first.
        enough: how many to find.

    Returns:
        dict from name to the loss of a small network after four epochs, as hexadecimal text.

    Raises:
        ValueError: fewer than `enough` of them give a loss that no other gives to the last bit.
    """
    losses = {}
    for name in names:
        done = subprocess.run(
            [sys.executable, "-c", TRAIN_A_LITTLE],
            env=os.environ | ROUNDINGS[name],
            capture_output=True,
            text=True,
            check=True,
        )
        if (loss := done.stdout.strip()) not in losses.values():
            losses[name] = loss
        if len(losses) == enough:
            return losses
    raise ValueError(f"Of {', '.join(names)}, only {', '.join(losses)} round differently here.")


def yardstick(rounding):
    """Seconds of a yardstick (benchmarks/yardstick.py) under a rounding, measured now."""
    script = [sys.executable, str(ROOT / "benchmarks" / "yardstick.py")]
    environment = os.environ | ROUNDINGS[rounding]
    return float(subprocess.run(script, env=environment, capture_output=True, check=True).stdout)


def run_lecture(path, seed, rounding="own"):
    """Execute a lecture with another seed, under a rounding.

    Returns:
        dict with `seed`, `rounding`, `seconds` and what the lecture gives: its numbers by name,
        and `claims`.

    Raises:
        ValueError: the lecture has no line ``SEED = …``.
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    changed = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, n = re.subn(r"^SEED = \d+", f"SEED = {seed}", cell.source, flags=re.M)
            changed += n
    if changed != 1:
        raise ValueError(f"{path.name} should have one line 'SEED = …', and has {changed}.")
    start = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=3600,
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--log-level=CRITICAL"],  # errors of cells come as outputs
    )
    client.execute(env=os.environ | ROUNDINGS[rounding])
    seconds = round(time.perf_counter() - start, 1)
    numbers = {k: round(v, 4) if isinstance(v, float) else v for k, v in collect(notebook).items()}
    return {"seed": seed, "rounding": rounding, "seconds": seconds} | numbers


def code_digest(path):
    """Digest of what a lecture computes.

    Texts, outputs, comments and layout do not count, nor do magics, imports and the change into the
    lecture's folder, nor cells tagged `aside`, which change nothing for those after them.
    """
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    code = "\n".join(c.source for c in cells if "aside" not in c.metadata.get("tags", []))
    tree = ast.parse(re.sub(r"^(%|os\.chdir\().*$", "", code, flags=re.M))
    tree.body = [line for line in tree.body if not isinstance(line, (ast.Import, ast.ImportFrom))]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def statistic(values):
    """Mean, spread (standard deviation), least and greatest of some numbers."""
    return {
        "mean": round(statistics.mean(values), 4),
        "spread": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
        "least": round(min(values), 4),
        "greatest": round(max(values), 4),
    }


def summary(runs):
    """`statistic` of every number that all runs have."""
    names = [n for n, v in runs[0].items() if isinstance(v, float) and all(n in r for r in runs)]
    return {name: statistic([run[name] for run in runs]) for name in names}


def claims(runs):
    """For each claim: its band, what the runs saw, how often it held.

    `margin` is the distance of the mean from the nearer end of the band, in spreads: the claim is
    sturdy when that is 2 or more.
    """
    by_sentence = {}
    for run in runs:
        for claim in run["claims"]:
            by_sentence.setdefault(claim["sentence"], []).append(claim)
    found = {}
    for sentence, made in by_sentence.items():
        row = {"held": sum(claim["holds"] for claim in made), "runs": len(made)}
        low, high = made[0]["at_least"], made[0]["at_most"]
        if not isinstance(made[0]["seen"], bool):
            row |= {"at_least": low, "at_most": high} | statistic([c["seen"] for c in made])
            ends = [] if low is None else [row["mean"] - low]
            ends += [] if high is None else [high - row["mean"]]
            row["margin"] = round(min(ends) / row["spread"], 1) if row["spread"] else None
        found[sentence] = row
    return found


def table(found):
    """Write what `claims` found as lines of text."""
    lines = []
    for sentence, row in found.items():
        text = f"held {row['held']} of {row['runs']}"
        if "mean" in row:
            ends = [f"≥ {row['at_least']}"] if row["at_least"] is not None else []
            ends += [f"≤ {row['at_most']}"] if row["at_most"] is not None else []
            text += f"   {row['mean']:.4g} ± {row['spread']:.2g}   band {', '.join(ends)}"
            text += f"   {row['margin']} spreads inside" if row["margin"] is not None else ""
        lines.append(f"{text}   {sentence}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("week", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--roundings", nargs="+", choices=ROUNDINGS)
    args = parser.parse_args()
    path = course.find_lectures(ROOT, [args.week])[args.week]
    out = RESULTS / f"week{args.week}_{paths.source()}.json"
    record = {"lecture": path.name, "code": code_digest(path), "runs": []}
    if out.exists() and (old := json.loads(out.read_text()))["code"] == record["code"]:
        record["runs"] = old["runs"]
    record["machine"] = f"{os.cpu_count()} cores, {platform.machine()}"
    record["python"] = platform.python_version()
    wanted = args.roundings or ROUNDINGS
    record["roundings"] = distinct(wanted, enough=len(args.roundings or ()) or ENOUGH)
    done = {(run["seed"], run["rounding"]) for run in record["runs"]}
    for seed in args.seeds:
        for rounding in record["roundings"]:
            if (seed, rounding) in done:
                continue
            unit = yardstick(rounding)
            shutil.rmtree(FEATURES, ignore_errors=True)  # they, too, depend on the rounding
            run = run_lecture(path, seed, rounding)
            run["yardstick"] = unit
            run["yardsticks"] = round(run["seconds"] / unit, 1)
            record["runs"].append(run)
            print({name: value for name, value in run.items() if name != "claims"}, flush=True)
            record |= {"claims": claims(record["runs"]), "summary": summary(record["runs"])}
            part = out.with_suffix(".part")
            part.write_text(json.dumps(record, indent=1) + "\n")
            part.replace(out)
    print(table(claims(record["runs"])))


if __name__ == "__main__":
    main()
