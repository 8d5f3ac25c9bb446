"""The picture studio that all sample sets share: shapes, materials, surroundings, light, camera.

Needs Blender's Python module (see ``maintain/requirements.txt``). Lengths are in units of a head's
(or a hand's) own size; the camera looks from -y towards +y, z is up.
"""

import math
from pathlib import Path

import bpy  # isort: skip  (bmesh and mathutils come with it)
import bmesh
import numpy as np
from mathutils import Matrix, Vector

from maintain.places import SURROUNDINGS

# Blender's own environment maps, published under CC0 (licence file beside them).
WORLDS = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"


def empty_scene():
    """Forget everything; return the new, empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def matte(name, colour, roughness=0.6, subsurface=0.0):
    """A plain material. ``colour``: linear RGB, 0-1."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Subsurface Weight"].default_value = subsurface
    return material


def two_tone(name, colour, second, pattern, scale, roughness=0.8):
    """A procedural surface of two linear RGB colours; ``pattern``: noise, wave, checker, brick."""
    material = matte(name, colour, roughness)
    tree = material.node_tree
    kind = {
        "noise": "ShaderNodeTexNoise",
        "wave": "ShaderNodeTexWave",
        "checker": "ShaderNodeTexChecker",
        "brick": "ShaderNodeTexBrick",
    }[pattern]
    texture = tree.nodes.new(kind)
    texture.inputs["Scale"].default_value = scale
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    mix.inputs["A"].default_value = (*colour, 1)
    mix.inputs["B"].default_value = (*second, 1)
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Object"], texture.inputs["Vector"])
    tree.links.new(texture.outputs["Fac"], mix.inputs["Factor"])
    shader = tree.nodes["Principled BSDF"]
    tree.links.new(mix.outputs["Result"], shader.inputs["Base Color"])
    return material


def painted(name, roughness=0.85):
    """A material that shows the vertex colours ``coat``."""
    material = matte(name, (1, 1, 1), roughness)
    tree = material.node_tree
    attribute = tree.nodes.new("ShaderNodeVertexColor")
    attribute.layer_name = "coat"
    shader = tree.nodes["Principled BSDF"]
    tree.links.new(attribute.outputs["Color"], shader.inputs["Base Color"])
    return material


def placed(location, radii, axes=None):
    """The matrix that makes a unit sphere an ellipsoid: centre, three radii, optional rotation."""
    turn = axes.to_4x4() if axes is not None else Matrix.Identity(4)
    return Matrix.Translation(location) @ turn @ Matrix.Diagonal((*radii, 1))


def limb(points, radii, spacing=0.35):
    """Balls along a polyline, with the radius running evenly from point to point: a leg, a tail."""
    balls = []
    for (a, b), (ra, rb) in zip(
        zip(points, points[1:], strict=False), zip(radii, radii[1:], strict=False), strict=True
    ):
        a, b = Vector(a), Vector(b)
        steps = max(1, math.ceil((b - a).length / (spacing * max(ra, rb))))
        for step in range(steps + 1):
            t = step / steps
            radius = ra + (rb - ra) * t
            balls.append(placed(a.lerp(b, t), (radius, radius, radius)))
    return balls


def add_mesh(name, mesh, material, smooth=True):
    """Put a bmesh into the scene as an object."""
    data = bpy.data.meshes.new(name)
    mesh.to_mesh(data)
    mesh.free()
    data.materials.append(material)
    if smooth:
        data.shade_smooth()
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_ball(name, matrix, material):
    """One ellipsoid."""
    mesh = bmesh.new()
    bmesh.ops.create_uvsphere(mesh, u_segments=24, v_segments=14, radius=1, matrix=matrix)
    return add_mesh(name, mesh, material)


def add_thread(name, points, radius, material):
    """A thin bent tube through ``points``: whiskers, a mouth line, a collar."""
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    curve.bevel_depth = radius
    spline = curve.splines.new("POLY")
    spline.points.add(len(points) - 1)
    for place, point in zip(spline.points, points, strict=True):
        place.co = (*point, 1)
    curve.materials.append(material)
    thing = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_balls(name, matrices, material):
    """Many ellipsoids as one object (a hundred times faster than one bmesh operation for each)."""
    ball = bmesh.new()
    bmesh.ops.create_icosphere(ball, subdivisions=2, radius=1)
    corners = np.array([vertex.co for vertex in ball.verts], np.float32)
    faces = np.array([[v.index for v in face.verts] for face in ball.faces], np.int32)
    ball.free()
    axes = np.array(matrices, np.float32)[:, None, :3]
    points = sum(corners[:, k, None] * axes[..., k] for k in range(3)) + axes[..., 3]
    faces = faces + len(corners) * np.arange(len(matrices), dtype=np.int32)[:, None, None]
    data = bpy.data.meshes.new(name)
    data.vertices.add(points.size // 3)
    data.vertices.foreach_set("co", points.ravel())
    data.loops.add(faces.size)
    data.loops.foreach_set("vertex_index", faces.ravel())
    data.polygons.add(faces.size // 3)
    data.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    data.update()
    data.materials.append(material)
    data.shade_smooth()
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def fuse(name, matrices, material, voxel=0.06, smoothing=8):
    """Melt ellipsoids into one skin: voxel remeshing, then smoothing. Returns the object."""
    lumps = add_balls(name, matrices, material)
    remesh = lumps.modifiers.new("remesh", "REMESH")
    remesh.mode = "VOXEL"
    remesh.voxel_size = voxel
    remesh.use_smooth_shade = True
    smooth = lumps.modifiers.new("smooth", "SMOOTH")
    smooth.factor = 0.7
    smooth.iterations = smoothing
    graph = bpy.context.evaluated_depsgraph_get()
    skin = bpy.data.meshes.new_from_object(lumps.evaluated_get(graph))
    lumps.modifiers.clear()
    lumps.data = skin
    skin.materials.clear()
    skin.materials.append(material)
    return lumps


def vertices(thing):
    """The object's vertex positions, float32 (n, 3)."""
    flat = np.empty(len(thing.data.vertices) * 3, np.float32)
    thing.data.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def paint(thing, colours):
    """Give each vertex its colour: float (n, 3), linear RGB 0-1, stored as ``coat``."""
    data = thing.data
    corners = np.empty(len(data.loops), np.int32)
    data.loops.foreach_get("vertex_index", corners)
    layer = data.color_attributes.new("coat", "BYTE_COLOR", "CORNER")
    rgba = np.ones((len(corners), 4), np.float32)
    rgba[:, :3] = np.clip(colours, 0, 1)[corners]
    layer.data.foreach_set("color", rgba.ravel())
    data.color_attributes.active_color = layer
    data.color_attributes.render_color_index = 0


def grow_fur(thing, length, strands, seed, shortened, curl=0.03, lie=0.04):
    """Hair particles over the whole skin.

    ``length`` in scene units; ``shortened``: the factor of each vertex, float (n,), 0-1.
    """
    group = thing.vertex_groups.new(name="length")
    for vertex, factor in enumerate(shortened):
        group.add([vertex], float(factor), "REPLACE")
    system = thing.modifiers.new("fur", "PARTICLE_SYSTEM").particle_system
    system.seed = seed
    system.vertex_group_length = "length"
    hair = system.settings
    hair.type = "HAIR"
    hair.count = strands
    hair.hair_length = length
    hair.hair_step = 3
    hair.display_step = hair.render_step = 2
    hair.use_advanced_hair = True
    hair.child_type = "SIMPLE"
    hair.rendered_child_count = 6
    hair.child_length = 1
    hair.child_radius = 0.12
    hair.roughness_2 = curl
    hair.root_radius = 0.6
    hair.tip_radius = 0.1
    hair.radius_scale = 0.017
    hair.object_align_factor = (0, 0.0, -lie)
    hair.brownian_factor = length * 0.15


def surround(world_name, turn, strength):
    """Put the scene into one of the environment maps, turned by ``turn`` radians."""
    scene = bpy.context.scene
    world = scene.world = bpy.data.worlds.new("surroundings")
    world.use_nodes = True
    # The automatic importance map costs two seconds a picture and gains nothing at this size.
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 128
    tree = world.node_tree
    image = tree.nodes.new("ShaderNodeTexEnvironment")
    image.image = bpy.data.images.load(str(WORLDS / f"{world_name}.exr"))
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Rotation"].default_value[2] = turn
    coordinates = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], image.inputs["Vector"])
    background = tree.nodes["Background"]
    tree.links.new(image.outputs["Color"], background.inputs["Color"])
    background.inputs["Strength"].default_value = strength * SURROUNDINGS[world_name]


def lamp(location, target, watts, size, colour):
    """A soft lamp at ``location`` that points to ``target``."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.energy, light.size, light.color = watts, size, colour
    thing = bpy.data.objects.new("lamp", light)
    thing.location = location
    thing.rotation_euler = aim(location, target)
    bpy.context.scene.collection.objects.link(thing)


def aim(location, target):
    """The rotation that points a camera or lamp from ``location`` to ``target``."""
    return (Vector(target) - Vector(location)).to_track_quat("-Z", "Y").to_euler()


def camera(location, target, roll=0.0, lens=50.0, focus=None, aperture=1.0):
    """The camera; ``focus`` is the distance in focus, ``lens`` the focal length in mm."""
    data = bpy.data.cameras.new("camera")
    data.lens = lens
    if focus is not None:
        data.dof.use_dof = True
        data.dof.focus_distance = focus
        data.dof.aperture_fstop = aperture
    thing = bpy.data.objects.new("camera", data)
    thing.location = location
    thing.rotation_euler = aim(location, target)
    thing.rotation_euler.rotate_axis("Z", roll)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.camera = thing


def shoot(path, width, height, seed, samples=8):
    """Render the scene to a PNG file with Cycles on the CPU, one thread, denoised."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode = "FIXED"
    scene.render.threads = 1
    scene.cycles.samples = samples
    scene.cycles.seed = seed
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 3
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
