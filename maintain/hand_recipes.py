"""Recipes of hands for two sets: plain values, all there is to know of a picture.

Every class draws its hands, views, arms, sleeves, surroundings, framing and light from the same
distributions, so that none of these tells the classes apart (where fingers are counted, closed
hands may be smaller). Training and test pictures show different people in different places.
`maintain.hands` makes the scene of a recipe.
"""

import math
import random

FINGERS = ("index", "middle", "ring", "little")
# A gesture: the stretched fingers, and where the thumb is - "out", or resting on a curled finger
# or on the palm.
GESTURES = {
    "fist": ((), "middle"),
    "open hand": (FINGERS, "out"),
    "index and middle": (("index", "middle"), "ring"),
    "index": (("index",), "middle"),
    "thumb": ((), "out"),
    "thumb and index": (("index",), "out"),
    "index to ring": (("index", "middle", "ring"), "little"),
    "thumb to middle": (("index", "middle"), "out"),
    "index to little": (FINGERS, "palm"),
}
# How people show each class, with the share of each way.
GAME = {
    "rock": {"fist": 1.0},
    "paper": {"open hand": 1.0},
    "scissors": {"index and middle": 1.0},
}
COUNTS = {
    "0": {"fist": 1.0},
    "1": {"index": 0.7, "thumb": 0.3},
    "2": {"index and middle": 0.7, "thumb and index": 0.3},
    "3": {"index to ring": 0.6, "thumb to middle": 0.4},
    "4": {"index to little": 1.0},
    "5": {"open hand": 1.0},
}
PEOPLE = {"train": 24, "test": 8}
# Each part has its own places, so that a test picture is new in every respect.
PLACES = {
    "train": ("city", "forest", "interior", "night", "studio", "sunset"),
    "test": ("courtyard", "sunrise"),
}
TEST_EVERY = 5  # a test picture for every fifth training picture
SLEEVES = ("none", "none", "wristband", "long", "long", "rolled up")


def person(part, number):
    """One of the people of a part ("train" or "test"): what all their pictures share."""
    rng = random.Random(f"person/{part}/{number}")
    # Skin from very light to very dark in even steps, in random order.
    steps = list(range(PEOPLE[part]))
    random.Random(f"skin/{part}").shuffle(steps)
    return {
        "person": number,
        "skin": round((steps[number] + rng.random()) / PEOPLE[part], 3),
        "skin_warmth": round(rng.uniform(-1, 1), 2),
        "finger_length": round(rng.uniform(0.9, 1.1), 3),
        "thickness": round(rng.uniform(0.88, 1.14), 3),
        "palm_width": round(rng.uniform(0.93, 1.08), 3),
        "sleeve": rng.choice(SLEEVES),
        "sleeve_pattern": rng.choice(["noise", "wave", "checker", "brick"]),
        "nails": rng.choices(["plain", "painted"], [0.85, 0.15])[0],
    }


def view(rng, tilt, roll):
    """How the hand is held to the camera: side, turn, tilt and roll."""
    return {
        "hand": rng.choice(["left", "right"]),
        "facing": rng.choice(["palm", "back"]),
        "yaw_degrees": round(max(-40, min(40, rng.gauss(0, tilt))), 1),
        "pitch_degrees": round(max(-30, min(30, rng.gauss(0, 0.6 * tilt))), 1),
        "roll_degrees": round(rng.uniform(-roll, roll), 1),
        "wrist_bend_degrees": round(rng.gauss(0, 9), 1),
        "wrist_turn_degrees": round(rng.gauss(0, 7), 1),
    }


def game_recipe(kind, part, number):
    """Everything about one picture of rock, paper or scissors, as a flat dict of plain values."""
    rng = random.Random(f"hands/{part}/{kind}/{number}")
    size = rng.randrange(150, 201, 2)
    plain = rng.random() < 0.4
    return {
        "kind": kind,
        "part": part,
        "number": number,
        **person(part, number % PEOPLE[part]),
        "gesture": "".join(rng.choices(list(GAME[kind]), GAME[kind].values())),
        "width": size,
        "height": size,
        **view(rng, tilt=20, roll=100),
        "spread_degrees": round(rng.uniform(1, 9) if kind == "paper" else rng.uniform(9, 14), 1),
        "hand_fraction": round(rng.uniform(0.5, 0.78), 2),
        "off_centre_x": round(rng.uniform(-0.1, 0.1), 2),
        "off_centre_y": round(rng.uniform(-0.1, 0.1), 2),
        "surroundings": "plain" if plain else rng.choice(PLACES[part]),
        "surroundings_turn": round(rng.uniform(0, 2 * math.pi), 2),
        "backdrop": round(rng.uniform(0.1, 0.9), 2),
        "backdrop_colour": round(rng.random(), 2),
        **light(rng),
        "jpeg_quality": rng.randint(80, 92),
        "seed": rng.randrange(2**31),
    }


def count_recipe(kind, part, number):
    """Everything about one picture of 0 to 5 fingers; grey, and small enough for a CSV row."""
    rng = random.Random(f"fingers/{part}/{kind}/{number}")
    who = person(part, number % PEOPLE[part])
    # A dark hand on a light wall or the other way round: grey pixels have no other contrast.
    light_wall = who["skin"] > rng.uniform(0.3, 0.7)
    gesture = "".join(rng.choices(list(COUNTS[kind]), COUNTS[kind].values()))
    # With all fingers folded a hand is small and its arm wide beside it. Some such hands fill the
    # picture as the others do, some keep the others' scale: neither size nor arm tells them.
    least = 0.45 if gesture in ("fist", "thumb") else 0.72
    return {
        "kind": kind,
        "part": part,
        "number": number,
        **who,
        "gesture": gesture,
        "width": 84,
        "height": 84,
        **view(rng, tilt=14, roll=35),
        "spread_degrees": round(rng.uniform(10, 14), 1),
        "hand_fraction": round(rng.uniform(least, 0.88), 2),
        "off_centre_x": round(rng.uniform(-0.05, 0.05), 2),
        "off_centre_y": round(rng.uniform(-0.05, 0.05), 2),
        "surroundings": "plain",
        "surroundings_turn": 0.0,
        "backdrop": round(rng.uniform(0.85, 1.0) if light_wall else rng.uniform(0.0, 0.2), 2),
        "backdrop_colour": 0.0,
        **light(rng),
        "jpeg_quality": 90,
        "seed": rng.randrange(2**31),
    }


def light(rng):
    """The lamp and the brightness of the surroundings."""
    return {
        "brightness": round(rng.uniform(0.7, 1.3), 2),
        "lamp_azimuth_degrees": round(rng.uniform(-75, 75)),
        "lamp_elevation_degrees": round(rng.uniform(-10, 65)),
        "lamp_watts": round(rng.uniform(90, 280)),
        "lamp_warmth": round(rng.uniform(-0.25, 0.25), 2),
    }


def parted(recipe, kinds, number):
    """A training picture of each kind; for every fifth number a test picture of each kind too."""
    made = [recipe(kind, "train", number) for kind in kinds]
    if number % TEST_EVERY == 0:
        made += [recipe(kind, "test", number // TEST_EVERY) for kind in kinds]
    return made


def game_recipes(number):
    """The recipes of one number of rock_paper_scissors."""
    return parted(game_recipe, GAME, number)


def count_recipes(number):
    """The recipes of one number of finger_counting."""
    return parted(count_recipe, COUNTS, number)


def file_name(spec):
    """Where a picture stands, without its suffix; for the game the real archives' own layout."""
    name = f"{spec['person'] + 1:02d}-{spec['number']:03d}"
    if spec["kind"] in GAME:
        folder = {"train": "rps", "test": "rps-test-set"}[spec["part"]]
        return f"{folder}/{spec['kind']}/{spec['kind']}{name}"
    return f"{spec['part']}/{spec['kind']}/{name}"
