"""Command line of the course: ``python -m utils doctor | fetch | split | course | progress``."""

import argparse
import sys


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m utils", description="Tools of the course, each also used by its notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="is this computer ready for the course?")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.add_argument("--quick", action="store_true", help="without measuring the pace")

    fetch = commands.add_parser("fetch", help="get a data set ready, check and unpack it")
    fetch.add_argument("name", metavar="NAME", help="for example cats_vs_dogs")
    fetch.add_argument(
        "--source", choices=("sample", "real"), help="default: COURSE_DATA, else sample"
    )

    split = commands.add_parser(
        "split", help="split a folder of class folders into training, validation and test pictures"
    )
    split.add_argument("source", metavar="SOURCE", help="folder with one folder per class")
    split.add_argument("target", metavar="TARGET", help="new folder to make")
    split.add_argument(
        "--ratio",
        nargs=3,
        type=float,
        default=(4, 2, 1),
        metavar=("TRAIN", "VALIDATION", "TEST"),
        help="parts for each (default: 4 2 1)",
    )
    split.add_argument("--per-class", type=int, metavar="N", help="take N pictures of each class")
    split.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")

    course = commands.add_parser("course", help="run the lectures from top to bottom")
    course.add_argument("weeks", nargs="*", metavar="WEEK", help="for example 1 3 (default: all)")
    course.add_argument(
        "--in-place",
        action="store_true",
        help="replace the outputs in the lectures themselves (sample data only)",
    )

    commands.add_parser("progress", help="which tasks of the exercises are done, week by week")
    return parser


def _doctor(arguments):
    from utils import doctor

    findings = doctor.check()
    works = (doctor.OK, "TensorFlow") in {(f.level, f.subject) for f in findings}
    if works and not arguments.quick:
        findings = [*findings, *doctor.pace()]
    return doctor.report(findings, arguments.json)


def _fetch(arguments):
    from utils.datasets import fetch

    print(fetch(arguments.name, arguments.source).directory)
    return 0


def _split(arguments):
    from utils.splits import split_directory

    ratio = tuple(int(part) if part == int(part) else part for part in arguments.ratio)
    split = split_directory(
        arguments.source,
        arguments.target,
        ratio=ratio,
        per_class=arguments.per_class,
        seed=arguments.seed,
    )
    for part, classes in split.counts.items():
        counts = ", ".join(f"{count:,} {name}" for name, count in classes.items())
        print(f"{part}: {counts}")
    print(split.manifest)
    return 0


def _course(arguments):
    from utils import course

    outcomes = course.run(arguments.weeks, in_place=arguments.in_place)
    return int(bool(course.complaints(outcomes)))


def _progress(arguments):
    from utils import checks, paths, progress

    tasks = {week: checks.tasks(week) for week in checks.MODULES}
    print(*progress.report(tasks, progress.read()), sep="\n")
    print(f"Kept in {paths.progress()}")
    return 0


COMMANDS = {
    "doctor": _doctor,
    "fetch": _fetch,
    "split": _split,
    "course": _course,
    "progress": _progress,
}


def main(argv=None):
    """Run one command; return its exit status: 0, 1 after an error, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        return COMMANDS[arguments.command](arguments)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except Exception as error:  # a learner is helped by its sentence, not by a traceback
        # str of a KeyError is the quoted key; its argument is the sentence.
        sentence = error.args[0] if isinstance(error, KeyError) and error.args else error
        text = " ".join(str(sentence).split()) or type(error).__name__
        print(f"Error: {text}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
