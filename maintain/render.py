"""Render a sample set picture by picture: ``python -m maintain.render cats_vs_dogs --count 1050``.

Each picture depends on its recipe alone, so the work may stop at any time and goes on where it was;
existing files are left as they are. The PNG files land in ``build/render/<name>/``, from where
``maintain.pack`` makes the archive.
"""

import argparse
import functools
import importlib
import multiprocessing
import os
from pathlib import Path

from maintain import hand_recipes, pet_recipes

# For each set: the recipes of one number, the name of a recipe's file, the module of its scene.
SETS = {
    "cats_vs_dogs": (pet_recipes.recipes, pet_recipes.file_name, "maintain.pets"),
    "finger_counting": (hand_recipes.count_recipes, hand_recipes.file_name, "maintain.hands"),
    "rock_paper_scissors": (hand_recipes.game_recipes, hand_recipes.file_name, "maintain.hands"),
}


def render_number(name, number, out):
    """Render the pictures of one number except those that are there already.

    Each is written under another name first, so that a file is never half there.
    """
    # Imported here: only the workers may load Blender, which changes sys.path for their children.
    recipes, file_name, module = SETS[name]
    scene = importlib.import_module(module)
    from maintain import studio

    for spec in recipes(number):
        path = out / name / f"{file_name(spec)}.png"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial-{os.getpid()}.png")
        scene.build(spec)
        studio.shoot(partial, spec["width"], spec["height"], spec["seed"] % 100_000)
        partial.rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(SETS))
    parser.add_argument("--count", type=int, required=True, help="(training) pictures a class")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path("build/render"))
    args = parser.parse_args()
    # A fresh process every few pictures: Blender does not give all memory back.
    workers = multiprocessing.get_context("spawn").Pool(args.jobs, maxtasksperchild=40)
    one = functools.partial(render_number, args.name, out=args.out.resolve())
    with workers:
        for done, _ in enumerate(workers.imap_unordered(one, range(args.count)), start=1):
            print(f"PROGRESS {done} of {args.count}", flush=True)


if __name__ == "__main__":
    main()
