"""Every kind of picture on its three ways in: a download, a class folder, the photo button."""

import io
import re
import struct
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils import pictures
from utils.photos import ask_for_photo
from utils.pictures import defect, upright_pixels
from utils.pipelines import image_dataset, load_image

SIZE = (24, 32)
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)
COLOUR = Image.fromarray(PIXELS)
ALPHA = Image.fromarray(np.dstack([PIXELS, RNG.integers(0, 256, (48, 64), dtype=np.uint8)]))
PALETTE = COLOUR.quantize(64)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(colour_type, bits, channels):
    """A PNG of 64 x 48 pixels in a form that Pillow does not write."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = (b"\0" + RNG.bytes(64 * channels * bits // 8) for _ in range(48))
    head = struct.pack(">IIBBBBB", 64, 48, bits, colour_type, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")


def lying(kind, orientation, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = COLOUR.resize((8, 6)).resize((320, 240), Image.Resampling.BICUBIC)
    return saved(smooth, kind, exif=exif, **options)


READ = {  # wherever it comes in
    "colour.jpg": saved(COLOUR, "JPEG"),
    "grey.jpg": saved(COLOUR.convert("L"), "JPEG"),
    "cmyk.jpg": saved(COLOUR.convert("CMYK"), "JPEG"),
    "progressive.jpg": saved(COLOUR, "JPEG", progressive=True),
    "two-in-one.jpg": saved(COLOUR, "MPO", save_all=True, append_images=[COLOUR]),
    "one-pixel.png": saved(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"),
    "one-pixel.jpg": saved(Image.new("RGB", (1, 1), (9, 8, 7)), "JPEG"),
    "one-column.jpg": saved(Image.new("RGB", (1, 5000), (9, 8, 7)), "JPEG"),
    "alpha.png": saved(ALPHA, "PNG"),
    "grey-alpha.png": saved(ALPHA.convert("LA"), "PNG"),
    "palette.png": saved(PALETTE, "PNG"),
    "palette-alpha.png": saved(PALETTE, "PNG", transparency=3),
    "black-and-white.png": saved(COLOUR.convert("1"), "PNG"),
    "2-bit.png": png(0, 2, 1),
    "16-bit-grey.png": png(0, 16, 1),
    "16-bit-grey-alpha.png": png(4, 16, 2),
    "16-bit-colour.png": png(2, 16, 3),
    "moving.png": saved(COLOUR, "PNG", save_all=True, append_images=[COLOUR.rotate(180)]),
    "moving.gif": saved(PALETTE, "GIF", save_all=True, append_images=[PALETTE.rotate(180)]),
    "see-through.gif": saved(PALETTE, "GIF", transparency=2),
    "colour.bmp": saved(COLOUR, "BMP"),
    "png-inside.jpg": saved(COLOUR, "PNG"),
    **{f"lying-{n}.jpg": lying("JPEG", n, quality=95) for n in range(1, 9)},
    **{f"lying-{n}.png": lying("PNG", n) for n in (3, 6)},
}
PHOTO_ONLY = {  # by the button; set aside in a download
    "webp.jpg": (saved(COLOUR, "WEBP"), "WEBP picture: only JPEG"),
    "tiff.jpg": (saved(COLOUR, "TIFF"), "TIFF picture: only JPEG"),
    "icon.jpg": (saved(COLOUR, "ICO"), "ICO picture: only JPEG"),
    "palette.bmp": (saved(PALETTE, "BMP"), "BMP picture of a kind"),
}
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)
PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
NOWHERE = {
    "empty.jpg": (b"", "empty file"),
    "truncated.jpg": (saved(COLOUR, "JPEG")[:2000], "cut off in the middle"),
    "truncated.png": (saved(COLOUR, "PNG")[:2000], "cut off in the middle"),
    "start.jpg": (saved(COLOUR, "JPEG")[:20], "cut off or damaged at its start"),
    "text.jpg": (b"a cat", "not a picture"),
    "heic.jpg": (HEIC, "not a picture"),
    "drawing.jpg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    "document.jpg": (b"%PDF-1.4\n", "not a picture"),
    "program.jpg": (PROGRAM, "EPS picture: only JPEG"),
    "bomb.png": (saved(Image.new("1", (20_000, 20_000)), "PNG"), "(damaged|too large)"),
    "smaller-bomb.gif": (saved(Image.new("L", (8_000, 7_000)), "GIF"), "too large: 8000 x 7000"),
}


def class_folder(tmp_path, name, data):
    (tmp_path / "pets/cats").mkdir(parents=True, exist_ok=True)
    (tmp_path / "pets/cats" / name).write_bytes(data)
    return tmp_path / "pets"


def by_button(data):
    """What comes of a photo that is given to the button of the lectures: pixels or None."""
    seen = []
    box = ask_for_photo(lambda file: seen.append(load_image(file, SIZE)))
    file = {"name": "photo", "type": "image/jpeg", "size": len(data), "content": data}
    box.children[0].value = ({**file, "last_modified": datetime.now()},)
    return seen[0] if seen else None


@pytest.fixture(scope="module")
def in_training(tmp_path_factory):
    """All of `READ` as `image_dataset` reads them: pixels by name."""
    folder = tmp_path_factory.mktemp("training")
    for name, data in READ.items():
        class_folder(folder, name, data)
    dataset = image_dataset(folder / "pets", SIZE)
    pixels = np.concatenate([images for images, _ in dataset])
    return {Path(file).name: p for file, p in zip(dataset.file_paths, pixels, strict=True)}


@pytest.mark.parametrize("name", READ)
def test_read_alike_wherever_it_comes_in(in_training, name):
    assert defect(name, READ[name]) is None
    photo = by_button(READ[name])
    assert photo.shape == (*SIZE, 3)
    assert np.abs(in_training[name] - photo).max() <= 1
    if name.startswith("lying"):
        expected = upright_pixels(READ[name])
        assert expected.shape[:2] == ((240, 320) if int(name[6]) < 5 else (320, 240))


@pytest.mark.parametrize("name", PHOTO_ONLY)
def test_set_aside_but_read_as_a_photo(name):
    data, reason = PHOTO_ONLY[name]
    assert defect(name, data).startswith(reason)
    assert by_button(data).shape == (*SIZE, 3)


@pytest.mark.parametrize("name", NOWHERE)
def test_told_wherever_it_comes_in(tmp_path, capsys, name):
    data, reason = NOWHERE[name]
    assert re.match(reason, defect(name, data))
    with pytest.raises(ValueError, match=f"{name} cannot be read as a picture.*Move it out"):
        image_dataset(class_folder(tmp_path, name, data), SIZE)
    capsys.readouterr()
    assert by_button(data) is None
    shown = capsys.readouterr().out
    assert "This file " in shown and shown.count("\n") == 1
    assert "Try another photo" in shown or "Save a smaller copy" in shown


def test_photo_that_is_a_program_is_not_run(monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("it was run"))
    with pytest.raises(ValueError, match="no picture format that is known"):
        upright_pixels(PROGRAM)


def test_bombs_are_not_decoded(tmp_path, monkeypatch):
    for name in ("bomb.png", "smaller-bomb.gif"):
        monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
        with pytest.raises(ValueError, match="too large"):
            pictures.orientation(
                class_folder(tmp_path / name, name, NOWHERE[name][0]) / "cats" / name
            )


def test_photos_of_a_phone_lie_alike_in_training_and_by_the_button(tmp_path, capfd):
    """Sides that need different reductions: one taken for the other would lose the grain."""
    data = lying("JPEG", 6, quality=95)
    (tmp_path / "photo.jpg").write_bytes(data)
    assert pictures.orientation(tmp_path / "photo.jpg") == 6
    for size in ((140, 60), (60, 140)):
        folder = class_folder(tmp_path / str(size[0]), "photo.jpg", data)
        batch, _ = next(iter(image_dataset(folder, size)))
        assert np.abs(batch[0].numpy() - load_image(data, size)).max() <= 1
    assert "oneDNN" not in capfd.readouterr().err, "TensorFlow complains of bytes transposed"
