"""Hands: from a recipe (`maintain.hand_recipes`) to the scene.

One rig shows rock, paper and scissors as well as the numbers 0 to 5. One unit of length is a
decimetre. The rig is a left hand: fingers to +z, palm to -y, thumb to -x, the wrist at the origin.
Right hands are its mirror image.
"""

import math
import random

import bpy  # isort: skip  (bmesh and mathutils come with it)
import bmesh
import numpy as np
from mathutils import Euler, Matrix, Vector

from maintain import studio
from maintain.hand_recipes import FINGERS, GESTURES

# Where each finger's knuckle lies, the lengths of its three phalanges, its radius at the knuckle.
ANATOMY = {
    "index": ((-0.315, 0.00, 0.86), (0.42, 0.27, 0.24), 0.103),
    "middle": ((-0.105, 0.03, 0.89), (0.47, 0.31, 0.25), 0.105),
    "ring": ((0.105, 0.015, 0.84), (0.43, 0.29, 0.25), 0.099),
    "little": ((0.30, -0.03, 0.755), (0.34, 0.22, 0.22), 0.086),
}
THUMB_BASE = (-0.2, -0.07, 0.16)
THUMB_LENGTHS = (0.44, 0.35, 0.29)
THUMB_RADIUS = 0.112


class Bone:
    """A phalanx: from ``start`` to ``end``, thick ``radius``, its inner side facing ``palmar``."""

    def __init__(self, start, end, radius, palmar, chain):
        self.start, self.end, self.radius, self.chain = start, end, radius, chain
        along = (end - start).normalized()
        self.palmar = (palmar - along * palmar.dot(along)).normalized()
        self.along = along

    def at(self, fraction, palmar=0.0):
        """A point beside the bone: so far along it, so many radii towards its inner side."""
        return self.start.lerp(self.end, fraction) + self.palmar * (self.radius * palmar)


def finger_bones(name, spec, stretched, rng):
    """The three phalanges of a finger, by the angles of its joints.

    The last joint follows the middle one, as the tendon makes it; curled fingers point to the
    wrist's middle, because a knuckle's sideways turn does both: it spreads stretched fingers and
    gathers curled ones.
    """
    knuckle, lengths, radius = ANATOMY[name]
    spread = (FINGERS.index(name) - 1.3) * spec["spread_degrees"]
    if stretched:
        knuckle_bend, middle_bend = rng.gauss(6, 5), abs(rng.gauss(3, 4))
        spread += rng.gauss(0, 1)
    else:
        knuckle_bend, middle_bend = rng.gauss(84, 4), rng.gauss(107, 3)
        spread = (FINGERS.index(name) - 1.3) * 3.5
    turn = Matrix.Rotation(math.radians(spread), 3, "Y")
    point = Vector(knuckle)
    point.x *= spec["palm_width"]
    angle, bones = 0.0, []
    # Flesh gives way to the sides when a finger is bent.
    thick = radius * spec["thickness"] * (1.0 if stretched else 1.15)
    bends = (knuckle_bend, middle_bend, 0.6 * middle_bend)
    for bend, length, taper in zip(bends, lengths, (1.0, 0.93, 0.84), strict=True):
        angle += math.radians(bend)
        along = turn @ Vector((0, -math.sin(angle), math.cos(angle)))
        palmar = turn @ Vector((0, -math.cos(angle), -math.sin(angle)))
        end = point + along * length * spec["finger_length"]
        bones.append(Bone(point, end, thick * taper, palmar, name))
        point = end
    return bones


def elbow(start, goal, first, second, outward):
    """The middle joint of two bones that reach from ``start`` towards ``goal``."""
    line = goal - start
    reach = min(line.length, 0.98 * (first + second))
    line.normalize()
    # The law of cosines gives how far along the line the joint stands, and how far from it.
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    beside = math.sqrt(max(0.0, first**2 - along**2))
    out = (outward - line * outward.dot(line)).normalized()
    return start + line * along + out * beside


def thumb_bones(spec, place, fingers, rng):
    """The thumb's three bones: stretched out, or bent until its tip lies on ``place``."""
    base = Vector(THUMB_BASE)
    base.x *= spec["palm_width"]
    lengths = [x * (0.5 + 0.5 * spec["finger_length"]) for x in THUMB_LENGTHS]
    thick = THUMB_RADIUS * spec["thickness"]
    if place == "out":
        # From beside the palm (0) to far out (1).
        far = min(1.0, 0.25 + spec["spread_degrees"] / 10) + rng.gauss(0, 0.06)
        joints = [base]
        close_by = ((-0.38, -0.3, 0.85), (-0.12, -0.16, 1.0), (0.0, -0.08, 1.0))
        far_out = ((-0.66, -0.28, 0.66), (-0.72, -0.2, 0.64), (-0.62, -0.06, 0.78))
        for near, wide, length in zip(close_by, far_out, lengths, strict=True):
            joints.append(joints[-1] + Vector(near).lerp(Vector(wide), far).normalized() * length)
        palmar = Vector((0.45, -0.75, -0.1))
    else:
        tip, entry = rest(place, fingers, thick, rng)
        inward = (tip - entry).normalized()
        last = tip - inward * lengths[2]
        outward = Vector((-0.25, -1, 0) if place == "palm" else (-0.8, -0.5, 0.1))
        middle = elbow(base, last, *lengths[:2], outward)
        last = middle + (last - middle).normalized() * lengths[1]
        joints = [base, middle, last, last + (tip - last).normalized() * lengths[2]]
        palmar = Vector((0.25, 1, -0.2))
    radii = (thick * 1.25, thick, thick * 0.92)
    return [
        Bone(start, end, radius, palmar, "thumb")
        for start, end, radius in zip(joints, joints[1:], radii, strict=False)
    ]


def rest(place, fingers, thick, rng):
    """Where the thumb's tip rests, and from where its last bone comes."""
    if place == "palm":
        return Vector((0.1 + rng.gauss(0, 0.02), -0.23, 0.54)), Vector((-0.3, -0.4, 0.46))
    held = fingers[place][1]
    # On the outer side of the held finger's middle phalanx, coming from beside the index finger.
    tip = held.at(0.75) - held.palmar * (held.radius + 0.75 * thick)
    tip += Vector((0.04 + rng.gauss(0, 0.02), 0, rng.gauss(0, 0.02)))
    return tip, Vector((-0.45, tip.y + 0.1, tip.z - 0.06))


def skeleton(spec, rng):
    """The bones of the posed hand: a dict of chains (four fingers and the thumb)."""
    stretched, place = GESTURES[spec["gesture"]]
    chains = {name: finger_bones(name, spec, name in stretched, rng) for name in FINGERS}
    chains["thumb"] = thumb_bones(spec, place, chains, rng)
    return chains


def phalanx_lumps(bones):
    """The flesh of one chain: full at the joints, pads on the inner side, a rounded tip."""
    points, radii = [], []
    for bone in bones:
        points += [bone.start, bone.at(0.5)]
        radii += [bone.radius, 0.92 * bone.radius]
    last = bones[-1]
    points.append(last.end - last.along * last.radius * 0.75)
    radii.append(0.76 * last.radius)
    lumps = studio.limb(points, radii, spacing=0.45)
    for bone in bones:
        middle = 0.62 if bone is last else 0.5
        axes = Matrix((bone.along.cross(bone.palmar), bone.palmar, bone.along)).transposed()
        length = (bone.end - bone.start).length
        size = (0.85 * bone.radius, 0.7 * bone.radius, 0.36 * length)
        lumps.append(studio.placed(bone.at(middle, 0.35), size, axes))
    return lumps


def palm_lumps(spec, chains):
    """The palm from its metacarpals, the ball of the thumb, the edge below the little finger."""
    wide, thick = spec["palm_width"], spec["thickness"]
    lumps = []
    for name in FINGERS:
        knuckle = chains[name][0].start
        carpal = Vector((knuckle.x * 0.62, 0.0, 0.1))
        size = chains[name][0].radius
        lumps += studio.limb([carpal, knuckle], [0.145 * thick, 1.12 * size], spacing=0.5)
        # The pad below each finger closes the gaps between them up to the webs.
        pad = knuckle + Vector((0, -0.055, 0.0))
        lumps.append(studio.placed(pad, (1.12 * size, 0.95 * size, 0.15)))
    for left, right in zip(FINGERS, FINGERS[1:], strict=False):
        web = (chains[left][0].start + chains[right][0].start) / 2 + Vector((0, -0.02, 0.04))
        lumps.append(studio.placed(web, (0.09 * wide, 0.08 * thick, 0.1)))
        # Flesh between the metacarpals.
        carpal = Vector((web.x * 0.62, 0.0, 0.1))
        lumps += studio.limb([carpal, web.lerp(carpal, 0.12)], [0.145 * thick, 0.11 * thick], 0.5)
    thumb = chains["thumb"][0]
    lumps += studio.limb([thumb.start, thumb.end], [0.17 * thick, 0.115 * thick], spacing=0.4)
    index = chains["index"][0].start
    for part in (0.35, 0.6, 0.8):
        # The skin between thumb and index finger.
        middle = (thumb.at(part) + Vector((index.x, index.y, index.z * (0.3 + 0.55 * part)))) / 2
        lumps.append(studio.placed(middle, (0.13, 0.1 * thick, 0.13)))
    lumps.append(studio.placed((-0.16 * wide, -0.1, 0.34), (0.17, 0.13 * thick, 0.26)))
    lumps.append(studio.placed((0.24 * wide, -0.07, 0.36), (0.14, 0.14 * thick, 0.33)))
    lumps.append(studio.placed((0, 0.0, 0.45), (0.3 * wide, 0.14 * thick, 0.36)))
    return lumps


def arm_frame(spec):
    """The forearm's own frame: its z runs from the wrist to the elbow."""
    bend, turn = (math.radians(spec[f"wrist_{k}_degrees"]) for k in ("bend", "turn"))
    return Euler((math.pi + bend, turn, 0)).to_matrix()


def arm_size(spec, along):
    """Half the width and half the thickness of the forearm, so far from the wrist."""
    grow = min(1.0, along / 1.8)
    grow = grow * grow * (3 - 2 * grow)
    return (
        (0.265 + 0.17 * grow) * spec["palm_width"],
        (0.185 + 0.20 * grow) * spec["thickness"],
    )


def arm_lumps(spec, length):
    """The forearm as a row of ellipsoids."""
    frame = arm_frame(spec)
    return [
        studio.placed(frame @ Vector((0, 0, along)), (*arm_size(spec, along), 0.3), frame)
        for along in np.arange(0, length, 0.12)
    ]


def sleeve(spec, start, rng):
    """A tube of cloth over the forearm from ``start`` on, with a cuff and a few folds."""
    cloth = studio.two_tone(
        "cloth", colour(rng), colour(rng), spec["sleeve_pattern"], rng.uniform(1.5, 6)
    )
    frame = arm_frame(spec)
    mesh = bmesh.new()
    rings = []
    phase = rng.uniform(0, 6)
    loose = rng.uniform(1.14, 1.4)
    for row, along in enumerate([start + 0.04, start, start, *np.arange(start + 0.06, 6.0, 0.08)]):
        wide, thick = arm_size(spec, along)
        ring = []
        for corner in range(28):
            angle = 2 * math.pi * corner / 28
            fold = 0.025 * math.sin(7 * along + 2 * math.sin(angle + phase) + phase)
            swell = 1.02 if row < 2 else loose * (1.07 if row < 5 else 1) + (fold if row > 4 else 0)
            spot = Vector((wide * swell * math.cos(angle), thick * swell * math.sin(angle), along))
            ring.append(mesh.verts.new(frame @ spot))
        rings.append(ring)
    for one, two in zip(rings, rings[1:], strict=False):
        for k in range(28):
            mesh.faces.new((one[k - 1], one[k], two[k], two[k - 1]))
    return studio.add_mesh("sleeve", mesh, cloth)


def wristband(spec, rng):
    """A band around the wrist."""
    frame = arm_frame(spec)
    along = rng.uniform(0.3, 0.45)
    wide, thick = (1.03 * size for size in arm_size(spec, along))
    angles = np.linspace(0, 2 * math.pi, 33)
    ring = [frame @ Vector((wide * math.cos(a), thick * math.sin(a), along)) for a in angles]
    return studio.add_thread(
        "band", ring, rng.uniform(0.03, 0.07), studio.matte("band", colour(rng), 0.4)
    )


def colour(rng):
    """Some colour of cloth or wall, linear RGB."""
    grey, tint = rng.uniform(0.02, 0.6), rng.uniform(0.1, 0.9)
    return tuple(grey * (1 - tint) + tint * grey * rng.uniform(0.1, 1.9) for _ in range(3))


def skin_tone(melanin, warmth):
    """Skin from very light (0) to very dark (1), linear RGB; warmth -1 to 1 moves it to red."""
    light_skin, dark_skin = np.array((0.66, 0.42, 0.32)), np.array((0.065, 0.028, 0.017))
    tone = light_skin ** (1 - melanin) * dark_skin**melanin
    return tone * np.array((1 + 0.06 * warmth, 1, 1 - 0.12 * warmth))


def skin_colours(spec, chains, points):
    """One linear RGB colour a vertex, float (n, 3): a lighter palm, creases, reddish tips."""
    bones = [bone for chain in chains.values() for bone in chain]
    for name in FINGERS:
        # The metacarpals: what is nearest to them is the palm or the back of the hand.
        knuckle = chains[name][0].start
        wrist = Vector((knuckle.x * 0.62, 0, -0.2))
        bones.append(Bone(wrist, knuckle, 0.12, Vector((0, -1, 0)), "palm"))
    names = [bone.chain for bone in bones]
    starts = np.array([bone.start for bone in bones])
    ends = np.array([bone.end for bone in bones])
    radii = np.array([bone.radius for bone in bones])
    palmar = np.array([bone.palmar for bone in bones])
    lines = ends - starts
    lengths = np.linalg.norm(lines, axis=1)
    offset = points[:, None] - starts
    along = np.clip((offset * lines).sum(2) / lengths**2, 0, 1)
    offset -= along[..., None] * lines
    gap = np.linalg.norm(offset, axis=2) - radii
    nearest = gap.argmin(1)
    every = np.arange(len(points))
    side = (offset[every, nearest] * palmar[nearest]).sum(1) / radii[nearest]
    # The inner side is lighter on dark skin, and rosier on all.
    inner = np.clip(0.5 + 0.8 * side, 0, 1)[:, None]
    inner *= np.clip((points[:, 2:] + 0.2) / 0.3, 0, 1)
    outer_tone = skin_tone(spec["skin"], spec["skin_warmth"])
    inner_tone = skin_tone(0.62 * spec["skin"], 0.6 + 0.5 * spec["skin_warmth"])
    colours = outer_tone + (inner_tone - outer_tone) * inner
    # Where two fingers touch, the skin is in shadow.
    apart = np.full((len(points), len(chains)), np.inf)
    for k, name in enumerate(chains):
        own = [i for i, other in enumerate(names) if other == name]
        apart[:, k] = gap[:, own].min(1)
    apart.sort(axis=1)
    touching = np.clip(1 - (apart[:, 1] - apart[:, 0]) / 0.02, 0, 1) * (apart[:, 0] < 0.03)
    # Folds at the joints; redder tips and knuckles.
    to_joint = np.minimum(along, 1 - along)[every, nearest] * lengths[nearest]
    of_finger = np.array([name != "palm" for name in names])[nearest]
    fold = np.exp(-((to_joint / 0.016) ** 2)) * of_finger
    tips = [chain[-1] for chain in chains.values()]
    last = np.array([bone in tips for bone in bones])
    tip = np.where(last[nearest], along[every, nearest], 0) * (gap[every, nearest] < 0.05)
    fold *= ~(last[nearest] & (along[every, nearest] > 0.5))
    knuckle = np.exp(-((to_joint / 0.08) ** 2)) * (side < 0) * of_finger
    red = (0.12 * knuckle + 0.16 * tip**3)[:, None] * np.array((0.3, -1.0, -0.9))
    return colours * (1 + red) * (1 - 0.45 * touching - 0.3 * fold)[:, None]


def skin_material():
    """The painted skin: a little gloss, a fine relief."""
    material = studio.painted("skin", 0.5)
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Specular IOR Level"].default_value = 0.35
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 22
    relief = tree.nodes.new("ShaderNodeBump")
    relief.inputs["Strength"].default_value = 0.12
    relief.inputs["Distance"].default_value = 0.05
    tree.links.new(noise.outputs[0], relief.inputs["Height"])
    tree.links.new(relief.outputs["Normal"], shader.inputs["Normal"])
    return material


def nails(spec, chains, rng):
    """A nail on each finger's last bone."""
    tone = skin_tone(0.75 * spec["skin"], 1.0) * np.array((1.1, 0.95, 0.95)) + 0.02
    if spec["nails"] == "painted":
        tone = colour(rng)
    polish = studio.matte("nail", tuple(min(1, c) for c in tone), 0.25)
    made = []
    for bones in chains.values():
        bone = bones[-1]
        axes = Matrix((bone.along.cross(bone.palmar), bone.palmar, bone.along)).transposed()
        tilt = axes @ Euler((0.12, 0, 0)).to_matrix()
        size = (0.68 * bone.radius, 0.3 * bone.radius, 0.95 * bone.radius)
        made.append(
            studio.add_ball("nail", studio.placed(bone.at(0.68, -0.66), size, tilt), polish)
        )
    return made


def build(spec):
    """Make the scene that a recipe describes."""
    rng = random.Random(spec["seed"])
    scene = studio.empty_scene()
    chains = skeleton(spec, rng)
    flesh = palm_lumps(spec, chains) + arm_lumps(
        spec, 5.5 if spec["sleeve"] in ("none", "wristband") else 2.6
    )
    for bones in chains.values():
        flesh += phalanx_lumps(bones)
    skin = studio.fuse("hand", flesh, skin_material(), voxel=0.024, smoothing=4)
    points = studio.vertices(skin)
    studio.paint(skin, skin_colours(spec, chains, points))
    nails(spec, chains, rng)
    # A person's sleeves are always the same cloth.
    cloth_rng = random.Random(f"sleeve/{spec['part']}/{spec['person']}")
    if spec["sleeve"] == "wristband":
        wristband(spec, cloth_rng)
    elif spec["sleeve"] != "none":
        sleeve(
            spec,
            rng.uniform(0.15, 0.5) if spec["sleeve"] == "long" else rng.uniform(1.1, 1.7),
            cloth_rng,
        )
    held = bpy.data.objects.new("held", None)
    parts = list(scene.objects)
    scene.collection.objects.link(held)
    for thing in parts:
        thing.parent = held
    pose = pose_matrix(spec)
    held.matrix_world = pose
    hand = points[points[:, 2] > -0.1] @ np.array(pose.to_3x3()).T
    setting(spec, rng)
    frame(spec, hand, rng)


def pose_matrix(spec):
    """Turn the hand as the recipe says; mirror it for a right hand."""
    yaw = math.radians(spec["yaw_degrees"] + (180 if spec["facing"] == "back" else 0))
    mirror = Matrix.Diagonal((1 if spec["hand"] == "left" else -1, 1, 1, 1))
    return (
        Matrix.Rotation(math.radians(spec["roll_degrees"]), 4, "Y")
        @ Matrix.Rotation(math.radians(spec["pitch_degrees"]), 4, "X")
        @ Matrix.Rotation(yaw, 4, "Z")
        @ mirror
    )


def setting(spec, rng):
    """Surroundings or a plain wall, and the lamp."""
    if spec["surroundings"] == "plain":
        world = bpy.context.scene.world = bpy.data.worlds.new("room")
        world.use_nodes = True
        room = world.node_tree.nodes["Background"].inputs
        room["Color"].default_value = (0.9, 0.95, 1, 1)
        room["Strength"].default_value = 0.35 * spec["brightness"]
        hue = 2 * math.pi * spec["backdrop_colour"]
        tint = 0.45 * min(1, spec["backdrop_colour"] * 8)
        wall = [
            spec["backdrop"] ** 2 * (1 + tint * math.cos(hue + third))
            for third in (0, 2 * math.pi / 3, 4 * math.pi / 3)
        ]
        mesh = bmesh.new()
        stand = Matrix.Translation((0, 2.5, 0)) @ Matrix.Rotation(math.pi / 2, 4, "X")
        bmesh.ops.create_grid(mesh, size=16, matrix=stand)
        studio.add_mesh("wall", mesh, studio.matte("wall", [min(1, c) for c in wall], 0.9))
    else:
        studio.surround(spec["surroundings"], spec["surroundings_turn"], spec["brightness"])
    around, up = (math.radians(spec[f"lamp_{k}_degrees"]) for k in ("azimuth", "elevation"))
    warm = spec["lamp_warmth"]
    place = 5 * Vector(
        (math.sin(around) * math.cos(up), -math.cos(around) * math.cos(up), math.sin(up))
    )
    tint = (1, 1 - abs(warm) / 2, 1 - warm) if warm > 0 else (1 + warm, 1 + warm / 2, 1)
    studio.lamp(place, (0, 0, 0.5), spec["lamp_watts"], 2, tint)


def frame(spec, hand, rng):
    """Place the camera so that the hand, whatever it shows, takes the recipe's part of the picture.

    ``hand``: the posed hand's points without the arm, float (n, 3). What counts is the longer side
    of the box around them as the camera sees them: at one part, a fist is as big as an open hand.
    """
    lens = rng.uniform(45, 70)
    up = math.radians(rng.uniform(-12, 12))
    back = np.array((0, -math.cos(up), math.sin(up)))
    right, above = np.array((1, 0, 0)), np.array((0, math.sin(up), math.cos(up)))
    view_angle = 36 / lens  # the width of the picture at distance 1
    target, distance = hand.mean(0), 6.0
    wanted = spec["hand_fraction"] * view_angle
    for _ in range(5):
        seen = hand - (target + distance * back)
        depth = -(seen @ back)
        across, high = (seen @ right) / depth, (seen @ above) / depth
        box = max(np.ptp(across), np.ptp(high))
        middle = [(across.max() + across.min()) / 2, (high.max() + high.min()) / 2]
        shift = [
            m - view_angle * spec[f"off_centre_{k}"] for m, k in zip(middle, "xy", strict=True)
        ]
        target = target + distance * (shift[0] * right + shift[1] * above)
        distance *= box / wanted
    location = target + distance * back
    studio.camera(Vector(location), Vector(target), lens=lens)
