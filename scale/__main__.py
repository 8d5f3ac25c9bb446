"""``python -m scale train week1 --run build/scale/week1 --processes 2``; see scale/README.md."""

import argparse
import importlib.util
import os
import sys
import traceback

from scale import processes


def from_1(text):
    """A type for argparse: whole numbers from 1 on."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} should be a whole number, 1 or more")
    return int(text)


def parser():
    top = argparse.ArgumentParser(prog="python -m scale", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a network, or go on with it")
    extract = commands.add_parser("extract", help="compute what a frozen network sees")
    for command in (train, extract):
        command.add_argument("name", help="week1, week3 or week3-tuned")
        command.add_argument("--processes", type=from_1, help="start so many on this machine")
        command.add_argument(
            "--pictures", help="folder with train and validation, instead of the cats and dogs"
        )
        command.add_argument("--seed", type=int, default=1)
    extract.add_argument("--features", required=True, help="folder to fill")
    train.add_argument("--run", required=True, help="folder for checkpoints")
    train.add_argument("--features", help="folder that extract has filled")
    train.add_argument("--head", help="checkpoint of week3, for week3-tuned to begin with")
    train.add_argument("--epochs", type=from_1, default=15, help="in all")
    train.add_argument("--batch-size", type=from_1, default=32, help="of all processes together")
    train.add_argument("--save-every", type=from_1, default=200, help="steps between checkpoints")
    train.add_argument("--precision", choices=["float32", "mixed_bfloat16"])
    return top


def main(arguments):
    given = vars(parser().parse_args(arguments))
    command, number = given.pop("command"), given.pop("processes")
    if os.environ.get("KERAS_BACKEND") == "jax" and not importlib.util.find_spec("jax"):
        raise RuntimeError(
            "This needs JAX, and it is not there: make .venv/requirements-scale.stamp installs it, "
            "and so does pip install -c constraints.txt -r requirements-scale.txt."
        )
    if number and processes.RANK not in os.environ:
        return processes.together([sys.executable, "-m", "scale", *arguments], number)
    if command == "extract":
        from scale.extract import extract

        print("{} parts computed, {} were there".format(*extract(**given)))
    else:
        from scale.train import train

        train(**given)
    return 0


def run(work):
    """Do the work and end Python; when it fails, at once: the other processes wait for this one."""
    try:
        code = work()
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.exit(code)


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    run(lambda: main(sys.argv[1:]))
