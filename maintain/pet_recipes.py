"""Recipes of cats and dogs: plain numbers, all there is to know of a picture.

Both species draw coat colours, surroundings, poses, framing and light from the same distributions,
so that none of these tells them apart; coat patterns only lean one way or the other, as in life.
What does is what tells real ones apart: muzzle, ears, eyes, nose, build and tail - and most of
these come in variants that overlap. `maintain.pets` makes the scene of a recipe.
"""

import math
import random

from maintain.places import SURROUNDINGS

# Coat colours in linear RGB: black, chocolate, red, sand, cream, white, grey, silver.
COATS = {
    "black": (0.018, 0.017, 0.018),
    "chocolate": (0.10, 0.05, 0.028),
    "red": (0.42, 0.16, 0.045),
    "sand": (0.50, 0.33, 0.17),
    "cream": (0.72, 0.58, 0.40),
    "white": (0.82, 0.79, 0.74),
    "grey": (0.17, 0.17, 0.18),
    "silver": (0.45, 0.45, 0.46),
}
# How often each pattern is drawn, for cats and for dogs.
PATTERNS = {
    "plain": (4, 5),
    "striped": (6, 1),
    "patched": (2, 3),
    "spotted": (1, 3),
    "tuxedo": (3, 3),
    "pointed": (3, 2),
    "saddled": (1, 3),
}
EYES = {
    "cat": [
        (0.45, 0.5, 0.08),
        (0.16, 0.4, 0.2),
        (0.6, 0.36, 0.04),
        (0.2, 0.36, 0.6),
        (0.5, 0.22, 0.05),
    ],
    "dog": [
        (0.10, 0.05, 0.02),
        (0.2, 0.1, 0.03),
        (0.05, 0.03, 0.02),
        (0.3, 0.17, 0.04),
        (0.15, 0.08, 0.03),
    ],
}
NOSES = {
    "cat": [(0.5, 0.2, 0.19), (0.28, 0.12, 0.1), (0.03, 0.025, 0.025)],
    "dog": [(0.012, 0.011, 0.012), (0.012, 0.011, 0.012), (0.14, 0.06, 0.045)],
}
# Ground: pattern, scale, and the linear RGB colours it comes in.
GROUNDS = {
    "none": None,
    "carpet": (
        "noise",
        4.0,
        [(0.30, 0.27, 0.23), (0.12, 0.13, 0.16), (0.25, 0.07, 0.06), (0.08, 0.14, 0.2)],
    ),
    "grass": ("noise", 7.0, [(0.06, 0.11, 0.02), (0.13, 0.15, 0.04), (0.17, 0.14, 0.06)]),
    "planks": ("wave", 0.6, [(0.28, 0.15, 0.07), (0.12, 0.06, 0.03), (0.4, 0.28, 0.16)]),
    "tiles": ("checker", 0.6, [(0.45, 0.42, 0.38), (0.2, 0.19, 0.19), (0.3, 0.13, 0.08)]),
    "paving": ("brick", 0.8, [(0.26, 0.24, 0.22), (0.28, 0.12, 0.08), (0.4, 0.36, 0.29)]),
}
# Width and height; what leans one way comes upright as well.
WIDE = [(320, 240), (256, 192), (240, 180), (220, 165), (240, 160), (200, 150), (200, 133)]
WIDE += [(176, 132), (160, 120)]
SIZES = [size for width, height in WIDE for size in ((width, height), (height, width))]
SIZES += [(224, 126), (180, 180), (160, 160), (128, 128)]


def recipe(kind, number, seed="pets"):
    """Everything about picture ``number`` of ``kind`` ("cat" or "dog"), as a flat dict."""
    rng = random.Random(f"{seed}/{kind}/{number}")
    cat = kind == "cat"
    width, height = rng.choice(SIZES)
    frontal = rng.random() < 0.55
    yaw = rng.gauss(0, 14) if frontal else rng.choice([-1, 1]) * rng.uniform(25, 78)
    first, second = rng.sample(sorted(COATS), 2)
    framing = rng.choices(["face", "bust", "whole"], [0.5, 0.42, 0.08])[0]
    ears = (
        rng.choices(["upright", "large", "small", "folded"], [0.6, 0.28, 0.09, 0.03])[0]
        if cat
        else rng.choices(["floppy", "upright", "tipped", "long"], [0.56, 0.12, 0.1, 0.22])[0]
    )
    return {
        "kind": kind,
        "number": number,
        "width": width,
        "height": height,
        "yaw_degrees": round(yaw, 1),
        "elevation_degrees": round(rng.triangular(-12, 42, 10), 1),
        "roll_degrees": round(rng.gauss(0, 7), 1),
        "head_tilt_degrees": round(rng.gauss(0, 9), 1),
        "framing": framing,
        "head_fraction": round(
            {
                "face": rng.uniform(0.54, 0.7),
                "bust": rng.uniform(0.42, 0.54),
                "whole": rng.uniform(0.3, 0.38),
            }[framing],
            2,
        ),
        "off_centre_x": round(rng.uniform(-0.16, 0.16), 2),
        "off_centre_y": round(rng.uniform(-0.12, 0.12), 2),
        "pose": rng.choices(["sitting", "standing", "lying"], [0.45, 0.3, 0.25])[0],
        "body_turn_degrees": round(rng.choice([-1, 1]) * rng.uniform(0, 75), 1),
        "coat": first,
        "second_coat": second,
        "pattern": rng.choices(list(PATTERNS), [both[not cat] for both in PATTERNS.values()])[0],
        "pattern_scale": round(rng.uniform(0.7, 1.5), 2),
        "fur_length": round(rng.triangular(0.04, 0.28, 0.09), 3),
        "ears": ears,
        "ear_size": round(rng.uniform(0.8, 1.25), 2),
        "muzzle": round(
            rng.uniform(0.0, 0.25)
            if cat
            else rng.choices([rng.uniform(0.35, 0.5), rng.uniform(0.6, 1.0)], [0.1, 0.9])[0],
            2,
        ),
        "skull_width": round(rng.uniform(0.93, 1.12), 2),
        "eye_size": round(rng.uniform(0.85, 1.2), 2),
        "eye_colour": rng.randrange(5),
        "nose_colour": rng.randrange(3),
        "pupil": round(rng.uniform(0.25, 0.7), 2) if cat else 1.0,
        "whiskers": rng.random() < (0.92 if cat else 0.15),
        "tongue": rng.random() < (0.02 if cat else 0.45),
        "build": round(rng.uniform(0.85, 1.2), 2),
        "leg_length": round(rng.uniform(1.2, 1.9) if cat else rng.uniform(1.1, 2.5), 2),
        "tail": rng.choice(["long", "long", "curled"])
        if cat
        else rng.choice(["long", "curled", "short"]),
        "collar": rng.random() < 0.35,
        "surroundings": rng.choice(sorted(SURROUNDINGS)),
        "surroundings_turn": round(rng.uniform(0, 2 * math.pi), 2),
        "brightness": round(rng.uniform(0.55, 1.35), 2),
        "ground": rng.choice(sorted(GROUNDS)),
        "lamp_azimuth_degrees": round(rng.uniform(-80, 80)),
        "lamp_warmth": round(rng.uniform(-0.25, 0.25), 2),
        "lamp_watts": round(rng.uniform(60, 700)),
        "blur": round(rng.uniform(1.5, 4.0), 2),
        "prop": rng.choices(["none", "ball", "cushion", "post"], [0.58, 0.14, 0.2, 0.08])[0],
        "jpeg_quality": rng.randint(74, 92),
        "seed": rng.randrange(2**31),
    }


def recipes(number):
    """The recipes of one number: a cat and a dog."""
    return [recipe(kind, number) for kind in ("cat", "dog")]


def file_name(spec):
    """Where a picture stands in the archive, without its suffix; the real archive's own layout."""
    return f"PetImages/{spec['kind'].capitalize()}/{spec['number']}"
