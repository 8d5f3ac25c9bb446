"""Make a sample archive of rendered pictures: ``python -m maintain.pack NAME --count 1050``.

Reads the PNG files of ``maintain.render``; writes ``data/samples/<name>.zip`` and its line in
``data/samples/SHA256SUMS``. The same pictures always give the same bytes.
"""

import argparse
import csv
import io
import random
import zipfile
from pathlib import Path

from PIL import Image

from maintain.render import SETS
from utils.csv_images import COLUMNS
from utils.hashes import read_list, sha256, write_list
from utils.paths import SAMPLES

MOMENT = (2026, 1, 1, 0, 0, 0)  # zip files record times; a fixed one keeps the bytes the same
LICENCE = """These pictures were rendered by computer for the course "Convolutional Neural Networks
in TensorFlow" and are dedicated to the public domain under CC0 1.0
(https://creativecommons.org/publicdomain/zero/1.0/). The surroundings come from Blender's own
environment maps, which are CC0 as well.
"""


def jpeg(picture, quality):
    """Encode a Pillow image; returns bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def mode_of(number):
    """A few pictures are grey-scale, and a few CMYK, as in archives from the real world."""
    return "CMYK" if number % 350 == 211 else "L" if number % 70 == 33 else "RGB"


def trimmed(picture, seed):
    """Cut up to a tenth off both dimensions, so that hardly two pictures have the same size."""
    rng = random.Random(seed)
    width, height = (round(side * rng.uniform(0.9, 1)) for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def rendered_pictures(name, count, folder):
    """Yield (path without suffix, recipe, RGB Pillow image) for each picture of the set."""
    recipes, file_name, _ = SETS[name]
    for number in range(count):
        for spec in recipes(number):
            path = file_name(spec)
            with Image.open(folder / f"{path}.png") as rendered:
                yield path, spec, rendered.convert("RGB")


def pet_files(pictures):
    """JPEG files of many sizes, with the real archive's defects.

    Returns (path in the archive to bytes, metadata rows), as the two functions below do.
    """
    files, rows = {}, []
    for path, spec, picture in pictures:
        mode, picture = mode_of(spec["number"]), trimmed(picture, spec["seed"])
        content = files[f"{path}.jpg"] = jpeg(picture.convert(mode), spec["jpeg_quality"])
        size = {"width": picture.width, "height": picture.height}
        rows.append({"file": f"{path}.jpg", **spec, **size, "mode": mode, "bytes": len(content)})
    return files | defects(files[rows[1]["file"]], len(rows) // 2), rows


def hand_files(pictures):
    """JPEG files as they were rendered."""
    files, rows = {}, []
    for path, spec, picture in pictures:
        content = files[f"{path}.jpg"] = jpeg(picture, spec["jpeg_quality"])
        rows.append({"file": f"{path}.jpg", **spec, "bytes": len(content)})
    return files, rows


def csv_files(pictures):
    """One CSV file a part, a picture a line, in Sign-Language-MNIST's own format.

    The metadata's ``row`` counts the pictures of a file from 0.
    """
    header = ",".join(COLUMNS)
    lines, rows = {}, []
    for _, spec, picture in pictures:
        grey = picture.convert("L").resize((28, 28), Image.Resampling.BOX)
        file = f"{spec['part']}.csv"
        table_lines = lines.setdefault(file, [header])
        size = {"width": grey.width, "height": grey.height}
        rows.append({"file": file, "row": len(table_lines) - 1, **spec, **size})
        table_lines.append(",".join([spec["kind"], *map(str, grey.tobytes())]))
    return {file: ("\n".join(table) + "\n").encode() for file, table in lines.items()}, rows


# What stands in each set's archive beside metadata.csv and LICENSE.txt.
CONTENTS = {
    "cats_vs_dogs": pet_files,
    "finger_counting": csv_files,
    "rock_paper_scissors": hand_files,
}


def defects(whole, count):
    """The real archive's defects: path in the archive to content. ``whole``: any JPEG's bytes."""
    page = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>\n"
    return {
        f"PetImages/Cat/{count}.jpg": b"",
        f"PetImages/Cat/{count + 1}.jpg": page,
        f"PetImages/Dog/{count}.jpg": whole[: len(whole) // 2],
        f"PetImages/Dog/{count + 1}.jpg": b"",
        "PetImages/Cat/Thumbs.db": bytes(512),
        "PetImages/Dog/Thumbs.db": bytes(512),
    }


def table(rows):
    """The metadata as CSV text, one row a picture."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_archive(path, files):
    """A zip of ``files`` (path in the archive to bytes), sorted and without times of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in sorted(files.items()):
            entry = zipfile.ZipInfo(inside, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def record_digest(archive):
    """Write or renew the archive's line in SHA256SUMS beside it."""
    sums = archive.parent / "SHA256SUMS"
    digests = (read_list(sums) if sums.exists() else {}) | {archive.name: sha256(archive)}
    write_list(sums, dict(sorted(digests.items(), key=lambda item: item[1])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(SETS))
    parser.add_argument("--count", type=int, required=True, help="(training) pictures a class")
    parser.add_argument("--rendered", type=Path, default=Path("build/render"))
    parser.add_argument("--out", type=Path, default=SAMPLES)
    args = parser.parse_args()
    pictures = rendered_pictures(args.name, args.count, args.rendered / args.name)
    files, rows = CONTENTS[args.name](pictures)
    files["metadata.csv"] = table(rows).encode()
    files["LICENSE.txt"] = LICENCE.encode()
    args.out.mkdir(parents=True, exist_ok=True)
    archive = args.out / f"{args.name}.zip"
    write_archive(archive, files)
    record_digest(archive)
    print(f"{archive}: {len(rows)} pictures, {archive.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
