"""Cats and dogs: from a recipe (`maintain.pet_recipes`) to the scene."""

import math
import random

import bpy  # noqa: F401  isort: skip  (bmesh and mathutils come with it)
import bmesh
import numpy as np
from mathutils import Euler, Matrix, Vector

from maintain import studio
from maintain.pet_recipes import COATS, EYES, GROUNDS, NOSES


class Body:
    """Where everything is: head frame, lumps of the skin, ground height. The head's radius is 1."""

    def __init__(self, spec, rng):
        self.cat = spec["kind"] == "cat"
        # The camera stays at -y; the animal turns. The head as the recipe says, the trunk follows
        # it more or less.
        yaw = math.radians(spec["yaw_degrees"])
        pitch = rng.gauss(0, 0.12)
        tilt = math.radians(spec["head_tilt_degrees"])
        self.head = Matrix.Rotation(yaw, 4, "Z") @ Euler((pitch, tilt, 0)).to_matrix().to_4x4()
        turn = yaw + math.radians(spec["body_turn_degrees"]) * 0.6
        self.trunk = Matrix.Rotation(turn, 4, "Z")
        self.lumps = []
        self.ground = 0.0
        self.parts = {}


def to(frame, location):
    return frame @ Vector(location)


def ellipsoid(frame, location, radii, turn=(0, 0, 0)):
    """An ellipsoid given in a frame's own coordinates."""
    return frame @ studio.placed(location, radii, Euler(turn).to_matrix())


def head_lumps(spec, body):
    """Skull, cheeks and muzzle, in the head's frame (the nose points to -y)."""
    f, w, m = body.head, spec["skull_width"], spec["muzzle"]
    if body.cat:
        tip = -0.88 - 0.22 * m
        return [
            ellipsoid(f, (0, 0, 0), (w, 0.93, 0.9)),
            ellipsoid(f, (0.5, -0.35, -0.34), (0.46, 0.46, 0.36)),
            ellipsoid(f, (-0.5, -0.35, -0.34), (0.46, 0.46, 0.36)),
            ellipsoid(f, (0.19, tip, -0.33), (0.27, 0.24, 0.2)),
            ellipsoid(f, (-0.19, tip, -0.33), (0.27, 0.24, 0.2)),
            ellipsoid(f, (0, tip + 0.12, -0.2), (0.2, 0.3, 0.22)),
            ellipsoid(f, (0, tip + 0.14, -0.52), (0.22, 0.24, 0.17)),
        ], (0, tip - 0.2, -0.2)
    tip = -0.75 - 0.85 * m
    slim = 1.0 - 0.25 * m
    return [
        ellipsoid(f, (0, 0, 0), (w * 0.96, 0.95, 0.9)),
        ellipsoid(f, (0, -0.35, 0.4), (0.62, 0.45, 0.4)),
        *studio.limb([to(f, (0, -0.5, -0.25)), to(f, (0, tip, -0.3))], [0.52, 0.36 * slim]),
        ellipsoid(f, (0.2, tip + 0.25, -0.44), (0.28, 0.42, 0.25)),
        ellipsoid(f, (-0.2, tip + 0.25, -0.44), (0.28, 0.42, 0.25)),
        ellipsoid(f, (0, tip + 0.3, -0.62), (0.26, 0.5, 0.16)),
    ], (0, tip - 0.36 * slim, -0.2)


def trunk_lumps(spec, body, rng):
    """Neck, trunk, legs and tail for each pose; sets the height of the ground."""
    t, b, legs = body.trunk, spec["build"], spec["leg_length"]
    girth = b * (0.92 if body.cat else 1.0)
    paw = 0.27 * b
    limb, lumps = studio.limb, []

    def along(points, radii):
        lumps.extend(limb([to(t, p) for p in points], radii))

    def both(points, radii):
        for side in (-1, 1):
            along([(side * x, y, z) for x, y, z in points], radii)

    if spec["pose"] == "sitting":
        low = -2.9 - 0.75 * legs
        along([(0, 0.2, -0.6), (0, 0.5, -1.5)], [0.62, 0.85 * girth])
        along([(0, 0.5, -1.5), (0, 1.35, low + 1.0)], [0.85 * girth, 1.15 * girth])
        both([(0.42, 0.15, -1.9), (0.42, 0.0, low + 0.25)], [0.42 * b, 0.24 * b])
        both([(0.42, 0.0, low + 0.25), (0.44, -0.3, low + 0.2)], [0.26 * b, paw])
        both([(0.8, 1.3, low + 0.95), (0.9, 0.9, low + 0.7)], [0.8 * b, 0.7 * b])
        both([(0.95, 0.6, low + 0.25), (0.95, 0.15, low + 0.22)], [0.3 * b, paw])
        rump = (0, 2.2, low + 0.5)
    elif spec["pose"] == "standing":
        low = -1.9 - legs
        back = 3.2 if body.cat else 3.6
        along([(0, 0.2, -0.5), (0, 0.9, -1.35)], [0.62, 0.9 * girth])
        along([(0, 0.9, -1.35), (0, back, -1.3)], [0.95 * girth, 0.88 * girth])
        both([(0.48, 0.8, -1.7), (0.46, 0.7, low + 0.25)], [0.45 * b, 0.24 * b])
        both([(0.46, 0.7, low + 0.25), (0.46, 0.4, low + 0.2)], [0.26 * b, paw])
        both([(0.5, back, -1.5), (0.5, back - 0.3, -1.9 - legs * 0.4)], [0.7 * b, 0.4 * b])
        both(
            [(0.5, back - 0.3, -1.9 - legs * 0.4), (0.48, back + 0.2, low + 0.4)],
            [0.36 * b, 0.24 * b],
        )
        both([(0.48, back + 0.2, low + 0.3), (0.48, back - 0.15, low + 0.2)], [0.25 * b, paw])
        rump = (0, back + 0.8, -1.0)
    else:
        low = -2.0
        along([(0, 0.25, -0.5), (0, 0.9, -1.0)], [0.65, 0.88 * girth])
        along([(0, 0.9, -1.0), (0, 3.2, -1.1)], [0.92 * girth, 0.9 * girth])
        both([(0.55, 0.9, -1.5), (0.5, -0.1, low + 0.27)], [0.42 * b, 0.27 * b])
        both([(0.5, -0.1, low + 0.27), (0.5, -0.75, low + 0.24)], [0.26 * b, paw])
        both([(0.75, 3.0, -1.35), (0.95, 2.3, low + 0.4)], [0.72 * b, 0.4 * b])
        rump = (0, 4.0, -1.2)
    body.ground = low
    side = rng.choice([-1, 1])
    x, y, z = rump
    if spec["tail"] == "short":
        along([(x, y - 0.2, z), (x, y + 0.4, z + 0.5)], [0.26, 0.16])
    elif spec["tail"] == "curled" or spec["pose"] == "lying":
        floor = low + 0.25 if spec["pose"] != "standing" else z + 0.9
        along(
            [
                (x, y - 0.2, z),
                (x + side * 0.6, y + 0.4, (z + floor) / 2),
                (x + side * 1.4, y - 0.2, floor),
                (x + side * 1.7, y - 1.2, floor),
            ],
            [0.26, 0.24, 0.21, 0.15],
        )
    else:
        up = rng.uniform(0.4, 1.0)
        along(
            [
                (x, y - 0.2, z),
                (x + side * 0.4, y + 0.7, z + 0.7 * up),
                (x + side * 0.7, y + 0.8, z + 1.7 * up),
                (x + side * 0.5, y + 0.5, z + 2.5 * up),
            ],
            [0.26, 0.22, 0.19, 0.13],
        )
    return lumps


def ear_lumps(spec, body, rng):
    """Ears as chains of flat ellipsoids, and the places of the inner ears."""
    f, size, kind = body.head, spec["ear_size"], spec["ears"]
    lumps, inner = [], []
    for side in (-1, 1):
        lean = side * rng.uniform(0.2, 0.45)
        if kind in ("upright", "large", "small", "tipped"):
            tall = size * {"upright": 0.8, "large": 1.0, "small": 0.58, "tipped": 0.8}[kind]
            wide = size * (0.5 if body.cat else 0.37)
            for step in range(7):
                k = step / 6
                spot = (side * 0.56 + lean * k * tall, 0.08 - 0.04 * k, 0.58 + tall * k)
                r = wide * (1 - 0.86 * k)
                lumps.append(ellipsoid(f, spot, (r, 0.45 * r + 0.05, r + 0.05)))
            if kind == "tipped":
                top = Vector((side * 0.56 + lean * tall, 0.02, 0.58 + tall))
                lumps.extend(
                    studio.limb(
                        [to(f, top), to(f, top + Vector((side * 0.12, -0.34, -0.3)))], [0.13, 0.08]
                    )
                )
            inner.append(
                (
                    (side * 0.55 + lean * 0.42 * tall, -0.13, 0.6 + 0.4 * tall),
                    (0.52 * wide, 0.1, 0.42 * tall),
                    (0, lean, 0),
                )
            )
        elif kind == "folded":
            for step in range(5):
                k = step / 4
                spot = (side * (0.5 + 0.18 * k), -0.1 - 0.3 * k, 0.72 - 0.06 * k)
                r = 0.3 * size * (1 - 0.55 * k)
                lumps.append(ellipsoid(f, spot, (r, r, 0.16)))
        else:
            drop = size * (0.95 if kind == "floppy" else 1.5)
            out = rng.uniform(0.0, 0.22)
            for step in range(7):
                k = step / 6
                spot = (
                    side * (0.82 + 0.16 * math.sin(math.pi * k * 0.7) + out * k),
                    0.1 - 0.1 * k,
                    0.5 - drop * k,
                )
                r = 0.2 + 0.22 * math.sin(math.pi * (0.2 + 0.7 * k))
                lumps.append(ellipsoid(f, spot, (0.13, r * size, 0.3)))
    return lumps, inner


def field(points, rng, scale):
    """A smooth random function of position, about -1 to 1: a sum of eight waves."""
    total = np.zeros(len(points), np.float32)
    for _ in range(8):
        wave = np.array([rng.gauss(0, 1) for _ in range(3)], np.float32) * scale
        total += np.sin(points @ wave + rng.uniform(0, 2 * math.pi))
    return total / 2.8


def coat_colours(spec, body, points, rng):
    """The coat's pattern: one linear RGB colour a vertex, float (n, 3)."""
    one, two = (np.array(COATS[spec[k]]) for k in ("coat", "second_coat"))
    scale = 1 / spec["pattern_scale"]
    local = (points - np.array(body.head.translation)) @ np.array(body.head.to_3x3())
    noise = field(points, rng, 0.9 * scale)
    pattern = spec["pattern"]
    near_head = np.linalg.norm(local, axis=1) < 1.9
    if pattern == "striped":
        stripes = np.sin(
            7 * scale * (points[:, 0] * 0.35 + points[:, 1] * 0.6 + points[:, 2]) + 2.2 * noise
        )
        mix = 0.75 * (stripes > 0.25)
    elif pattern == "patched":
        mix = (noise > 0.25) * 1.0
    elif pattern == "spotted":
        mix = (field(points, rng, 3.2 * scale) > 0.95) * 1.0
    elif pattern == "tuxedo":
        face = near_head & (
            np.abs(local[:, 0]) < 0.16 - 0.3 * local[:, 1] - 0.4 * local[:, 2] - 0.45 + 0.12 * noise
        )
        chest = ~near_head & (points[:, 1] + 0.5 * points[:, 2] < -0.75 + 0.3 * noise)
        paws = points[:, 2] < body.ground + 0.6 + 0.15 * noise
        mix = (face | chest | paws) * 1.0
        two = np.array(COATS["white"] if spec["coat"] not in ("white", "cream") else COATS["black"])
    elif pattern == "pointed":
        mask = near_head & (local[:, 1] < -0.55 + 0.1 * noise)
        ears = near_head & (local[:, 2] > 0.82)
        paws = points[:, 2] < body.ground + 0.7
        mix = 0.9 * (mask | ears | paws)
    elif pattern == "saddled":
        mix = ((points[:, 2] > -1.1 + 0.3 * noise) & ~near_head) | (
            near_head & (local[:, 2] > 0.35 + 0.2 * noise)
        )
        mix = mix * 1.0
    else:
        mix = np.zeros(len(points))
    shade = 1 + 0.14 * field(points, rng, 1.6)[:, None] + 0.06 * field(points, rng, 7.0)[:, None]
    return (one + (two - one) * mix[:, None]) * shade


def face_hair(body, points):
    """Hair is short in the face, as on real pets: one factor a vertex, float (n,)."""
    local = (points - np.array(body.head.translation)) @ np.array(body.head.to_3x3())
    return np.where(
        np.linalg.norm(local, axis=1) < 2.2, np.clip(1.2 + 1.1 * local[:, 1], 0.35, 1), 1
    )


def face(spec, body, nose, inner, rng):
    """Eyes, nose, mouth, inner ears, whiskers and tongue."""
    f, kind = body.head, spec["kind"]
    dark = studio.matte("dark", (0.006, 0.005, 0.005), 0.15)
    pink = studio.matte(
        "pink", tuple(c * rng.uniform(0.6, 1.1) for c in (0.55, 0.26, 0.24)), 0.6, 0.1
    )
    iris = studio.matte("iris", EYES[kind][spec["eye_colour"]], 0.08)
    leather = studio.matte("nose", NOSES[kind][spec["nose_colour"]], 0.35)
    size = spec["eye_size"]
    for side in (-1, 1):
        if body.cat:
            r, spot = 0.2 * size, Vector((side * 0.39, -0.75, 0.1))
            pupil = (0.5 * r * spec["pupil"] + 0.015, 0.3 * r, 0.82 * r)
        else:
            r, spot = 0.155 * size, Vector((side * 0.36, -0.8, 0.16))
            pupil = (0.62 * r, 0.3 * r, 0.62 * r)
        outward = Vector((spot.x * 0.5, -1, 0.0)).normalized()
        studio.add_ball("eye", f @ studio.placed(spot, (r, r * 0.7, r * 0.95)), iris)
        studio.add_ball("pupil", f @ studio.placed(spot + outward * r * 0.55, pupil), dark)
        glint = spot + outward * r * 0.78 + Vector((0.3 * r, 0, 0.35 * r))
        studio.add_ball(
            "glint",
            f @ studio.placed(glint, (0.16 * r,) * 3),
            studio.matte("glint", (1, 1, 1), 0.1),
        )
    wide = 0.1 if body.cat else 0.23 - 0.03 * spec["muzzle"]
    studio.add_ball("nose", f @ studio.placed(nose, (wide, wide * 0.7, wide * 0.68)), leather)
    nx, ny, nz = nose
    for side in (-1, 1):
        mouth = [
            (0, ny + 0.06, nz - 0.08),
            (0, ny + 0.05, nz - 0.22),
            (side * 0.14, ny + 0.1, nz - 0.31),
            (side * 0.26, ny + 0.24, nz - 0.3),
        ]
        studio.add_thread("mouth", [to(f, p) for p in mouth], 0.018, dark)
        if spec["whiskers"]:
            long = 1.05 if body.cat else 0.4
            shade = rng.choice([(0.8, 0.79, 0.77), (0.8, 0.79, 0.77), (0.05, 0.05, 0.05)])
            hair = studio.matte("whisker", shade)
            for k in range(5):
                rise = (k - 2) * 0.11 + rng.gauss(0, 0.04)
                root = (side * 0.22, ny + 0.1, nz - 0.1 - 0.04 * k)
                tip = (
                    side * (0.22 + long),
                    ny + 0.2 + rng.gauss(0, 0.05),
                    nz - 0.15 + rise * 2 * long,
                )
                bend = (side * (0.22 + long * 0.55), ny + 0.08, nz - 0.08 + rise * 1.1 * long)
                studio.add_thread("whisker", [to(f, p) for p in (root, bend, tip)], 0.009, hair)
    for spot, radii, turn in inner:
        studio.add_ball("inner ear", ellipsoid(f, spot, radii, turn), pink)
    if spec["tongue"]:
        down = 0.12 if body.cat else 0.3
        studio.add_ball(
            "tongue",
            ellipsoid(
                f,
                (0, ny + 0.16, nz - 0.36 - down * 0.5),
                (0.1 if body.cat else 0.16, 0.06, down),
                (0.25, 0, 0),
            ),
            pink,
        )


def collar(body, rng):
    colour = [rng.random() ** 2 for _ in range(3)]
    ring = [
        (0.74 * math.cos(a), 0.36 + 0.74 * math.sin(a), -0.98 + 0.2 * math.sin(a))
        for a in np.linspace(0, 2 * math.pi, 33)
    ]
    studio.add_thread(
        "collar", [to(body.trunk, p) for p in ring], 0.1, studio.matte("collar", colour, 0.5)
    )


def setting(spec, body, rng):
    """Ground, things that lie about, surroundings and light."""
    studio.surround(spec["surroundings"], spec["surroundings_turn"], spec["brightness"])

    def colour():
        grey, tint = rng.uniform(0.03, 0.5), rng.uniform(0.2, 0.7)
        return tuple(grey * (1 - tint) + tint * grey * rng.uniform(0.1, 1.9) for _ in range(3))

    if GROUNDS[spec["ground"]]:
        pattern, scale, colours = GROUNDS[spec["ground"]]
        base = rng.choice(colours)
        contrast = rng.uniform(0.45, 0.85)
        second = tuple(c * contrast for c in base)
        mesh = bmesh.new()
        bmesh.ops.create_grid(mesh, size=14, matrix=Matrix.Translation((0, 6, body.ground)))
        studio.add_mesh(
            "ground",
            mesh,
            studio.two_tone("ground", base, second, pattern, scale * rng.uniform(0.6, 1.8)),
        )
    cloth = studio.two_tone(
        "cloth", colour(), colour(), rng.choice(["noise", "wave", "checker"]), rng.uniform(0.5, 3)
    )
    side = rng.choice([-1, 1])
    if spec["prop"] == "ball":
        studio.add_ball(
            "ball", studio.placed((side * 1.9, -0.3, body.ground + 0.6), (0.6,) * 3), cloth
        )
    elif spec["prop"] == "cushion":
        studio.add_ball(
            "cushion", studio.placed((side * 1.2, 2.6, body.ground + 1.2), (3.6, 1.3, 1.9)), cloth
        )
    elif spec["prop"] == "post":
        x = side * rng.uniform(1.0, 1.9)
        studio.add_thread(
            "post",
            [(x, -1.3, body.ground - 2), (x + rng.gauss(0, 0.4), -1.3, 4)],
            rng.uniform(0.06, 0.2),
            cloth,
        )
    a = math.radians(spec["lamp_azimuth_degrees"])
    warm = spec["lamp_warmth"]
    studio.lamp(
        (6 * math.sin(a), -6 * math.cos(a), rng.uniform(1, 6)),
        (0, 0, -0.5),
        spec["lamp_watts"],
        3,
        (1, 1 - abs(warm) / 2, 1 - warm if warm > 0 else 1),
    )


def build(spec):
    """Make the scene that a recipe describes."""
    rng = random.Random(spec["seed"])
    studio.empty_scene()
    body = Body(spec, rng)
    head, nose = head_lumps(spec, body)
    trunk = trunk_lumps(spec, body, rng)
    ears, inner = ear_lumps(spec, body, rng)
    fur = studio.painted("fur")
    far = spec["framing"] == "whole"
    skin = studio.fuse("skin", head + trunk, fur, voxel=0.07 if far else 0.055)
    flaps = studio.fuse("ears", ears, fur, voxel=0.045, smoothing=3)
    coat_seed = rng.randrange(2**31)
    for thing, strands in ((skin, 5000), (flaps, 900)):
        points = studio.vertices(thing)
        studio.paint(thing, coat_colours(spec, body, points, random.Random(coat_seed)))
        length = spec["fur_length"] * (1 if thing is skin else 0.6)
        studio.grow_fur(thing, length, strands, rng.randrange(2**31), face_hair(body, points))
    face(spec, body, nose, inner, rng)
    if spec["collar"]:
        collar(body, rng)
    setting(spec, body, rng)
    frame(spec, body)


def frame(spec, body):
    """Place the camera so that the head takes the recipe's fraction of the picture's height."""
    lens = 50.0
    aspect = spec["width"] / spec["height"]
    # Blender's 36 mm sensor spans the longer side.
    field_of_view = 36 / lens * (1 if aspect < 1 else 1 / aspect)
    shorter = min(1.0, aspect)
    distance = 2.0 / (spec["head_fraction"] * field_of_view * shorter)
    height = distance * field_of_view
    drop = {"face": 0.12, "bust": -0.6, "whole": 0.5 * body.ground + 0.4}[spec["framing"]]
    loose = {"face": 0.45, "bust": 0.8, "whole": 1.0}[spec["framing"]]
    middle = body.trunk @ Vector((0, 1.6, 0))
    sideways = middle.x * {"face": 0, "bust": 0.25, "whole": 0.85}[spec["framing"]]
    # Leave room for the muzzle on the side to which it points.
    sideways += (body.head @ Vector((0, -0.8, 0))).x * {"face": 0.6, "bust": 0.45, "whole": 0}[
        spec["framing"]
    ]
    target = Vector(
        (
            sideways + spec["off_centre_x"] * height * min(1, aspect) * loose,
            0,
            drop + spec["off_centre_y"] * height * loose,
        )
    )
    up = math.radians(spec["elevation_degrees"])
    location = target + distance * Vector((0, -math.cos(up), math.sin(up)))
    location.z = max(location.z, body.ground + 0.4)
    studio.camera(
        location,
        target,
        math.radians(spec["roll_degrees"]),
        lens,
        (location - Vector((0, -0.6, 0))).length,
        spec["blur"],
    )
