import functools
import gc
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from utils import pipelines, quiet
from utils.pipelines import image_dataset, load_image, random_affine

tf = quiet.tf
ROOT = Path(__file__).parents[1]


def picture(height, width, seed=0):
    """A smooth colourful picture with a little noise, like a photo."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (6, 6, 3)).astype(np.float32)
    smooth = tf.image.resize(coarse, (height, width), method="bicubic").numpy()
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Where pictures beyond the memory budget are kept: never the course's own folder."""
    monkeypatch.setattr(pipelines, "CACHE", tmp_path_factory.mktemp("data") / "cache")
    return pipelines.CACHE


@pytest.fixture
def folder(tmp_path):
    """11 cats and 9 dogs as 8 x 8 PNGs; the red of each pixel tells which picture it is."""
    for label, (name, number) in enumerate({"cat": 11, "dog": 9}.items()):
        for i in range(number):
            pixels = picture(8, 8, seed=100 * label + i)
            pixels[..., 0] = 100 * label + i
            save(tmp_path / name / f"{i:02}.png", pixels)
    return tmp_path


def contents(dataset):
    batches = list(dataset.as_numpy_iterator())
    return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])


def names(images):
    return images[:, 0, 0, 0].astype(int).tolist()


IN_ORDER = [*range(11), *range(100, 109)]


def test_exact_pixels_in_sorted_order(folder):
    dataset = image_dataset(folder, (8, 8), batch_size=6)
    images, labels = contents(dataset)
    assert images.dtype == np.float32 and labels.dtype == np.int32
    assert images.shape == (20, 8, 8, 3)
    assert dataset.class_names == ["cat", "dog"]
    assert [Path(f).parts[-2:] for f in dataset.file_paths] == [
        *(("cat", f"{i:02}.png") for i in range(11)),
        *(("dog", f"{i:02}.png") for i in range(9)),
    ]
    for image, file in zip(images, dataset.file_paths, strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(file), np.float32))
    assert labels.tolist() == [0] * 11 + [1] * 9
    assert images.max() > 200
    assert len(dataset) == 4 == len(list(dataset))
    assert dataset.element_spec[0].shape.as_list() == [None, 8, 8, 3]


def test_validation_is_the_same_in_every_epoch(folder):
    dataset = image_dataset(folder, (8, 8))
    first, second = contents(dataset)[0], contents(dataset)[0]
    np.testing.assert_array_equal(first, second)
    assert names(first) == IN_ORDER


def test_training_is_shuffled_anew_picture_by_picture(folder):
    dataset = image_dataset(folder, (8, 8), batch_size=5, training=True)
    epochs = [contents(dataset) for _ in range(3)]
    orders = [names(images) for images, _ in epochs]
    for (images, labels), order in zip(epochs, orders, strict=True):
        assert sorted(order) == IN_ORDER
        assert order != IN_ORDER
        assert labels.tolist() == [int(n >= 100) for n in names(images)]
    # not only the order of the batches changes, but which pictures share one
    members = [{frozenset(order[i : i + 5]) for i in range(0, 20, 5)} for order in orders]
    assert not members[0] & members[1] and not members[1] & members[2]


def test_a_text_does_not_shuffle(folder):
    for value in ("False", "yes", None, 1):
        with pytest.raises(ValueError, match="training=.* should be True or False"):
            image_dataset(folder, (8, 8), training=value)


def test_same_seed_same_batches_also_with_augmentation(folder):
    def epochs(seed, global_seed):
        tf.random.set_seed(global_seed)
        augment = random_affine(contrast=0.2)
        dataset = image_dataset(
            folder, (8, 8), batch_size=3, training=True, augment=augment, seed=seed
        )
        return [contents(dataset) for _ in range(3)]

    one, again, other = epochs(5, 0), epochs(5, 1), epochs(6, 0)
    for (images, labels), (images_again, labels_again) in zip(one, again, strict=True):
        np.testing.assert_array_equal(images, images_again)
        np.testing.assert_array_equal(labels, labels_again)
    assert np.abs(one[0][0] - other[0][0]).max() > 1


def test_augmentation_changes_pixels_and_differs_between_batches_and_epochs(folder):
    seeds = []

    def note(images, seed):
        assert images.dtype == tf.float32 and seed.dtype == tf.int64 and seed.shape == (2,)
        tf.numpy_function(lambda s: seeds.append(tuple(s)), [seed], [])
        return images + 1.0

    dataset = image_dataset(folder, (8, 8), batch_size=5, training=True, augment=note)
    assert contents(dataset)[0][..., 0].max() == 109
    contents(dataset)
    assert len(seeds) == 8 == len(set(seeds))

    def by_name(dataset):
        shifted = contents(dataset)[0]
        return shifted[np.argsort(shifted.mean(axis=(1, 2))[:, 0])]

    augmented = image_dataset(folder, (8, 8), training=True, augment=random_affine())
    plain = by_name(image_dataset(folder, (8, 8), training=True))
    first, second = by_name(augmented), by_name(augmented)
    assert np.abs(first - plain).mean() > 1
    assert np.abs(first - second).mean() > 1
    np.testing.assert_allclose(first[..., 0], plain[..., 0], atol=0.01)  # the same pictures


def test_augmenting_validation_pictures_is_refused(folder):
    with pytest.raises(ValueError, match="training=True"):
        image_dataset(folder, (8, 8), augment=random_affine())


def test_files_are_not_needed_afterwards(folder):
    dataset = image_dataset(folder, (8, 8), training=True)
    for file in dataset.file_paths:
        Path(file).unlink()
    assert sorted(names(contents(dataset)[0])) == IN_ORDER


def test_a_folder_that_takes_long_shows_its_progress(folder, capsys, monkeypatch):
    monkeypatch.setattr(pipelines, "BAR", {"delay": 0, "mininterval": 0})
    image_dataset(folder, (8, 8))
    assert capsys.readouterr().err == "", "nothing is shown of few pictures"
    monkeypatch.setattr(pipelines, "MANY", 10)
    image_dataset(folder, (8, 8))
    assert "Reading: 100%" in capsys.readouterr().err


def kept(cache):
    """The folders of decoded pictures, and their locks, that are there now."""
    return sorted(cache.glob("pictures-*"))


def test_cache_on_disk_beyond_the_budget(folder, cache):
    def both(budget, **options):
        dataset = image_dataset(folder, (8, 8), 6, memory_budget=budget, **options)
        return dataset, [contents(dataset) for _ in range(2)]

    size = 20 * 8 * 8 * 3
    for options in ({}, {"training": True, "augment": random_affine()}):
        in_memory, expected = both(size, **options)
        assert not kept(cache)
        on_disk, found = both(size - 1, **options)
        assert sum(f.stat().st_size for f in cache.glob("pictures-*/*")) == size
        for (images, labels), (images_, labels_) in zip(expected, found, strict=True):
            np.testing.assert_array_equal(images, images_)
            np.testing.assert_array_equal(labels, labels_)
        assert on_disk.element_spec == in_memory.element_spec
        derived = on_disk.take(1)
        del on_disk
        gc.collect()
        assert len(contents(derived)[0]) == 6  # still there while something uses it
        del derived
        gc.collect()
        assert not kept(cache)


def reader(folder, cache, *then):
    """A program that reads from pictures on disk, and what it does then."""
    lines = [
        "import pathlib",
        "from utils import pipelines",
        f"pipelines.CACHE = pathlib.Path({str(cache)!r})",
        f"ds = pipelines.image_dataset({str(folder)!r}, (8, 8), 2, training=True, memory_budget=0)",
        "batches = iter(ds); next(batches); print('read', flush=True)",
        *then,
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def test_cache_on_disk_goes_when_python_ends_and_ends_quietly(folder, cache):
    program = reader(folder, cache, "assert list(pipelines.CACHE.glob('pictures-*/0'))")
    ended = subprocess.run(program, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "read\n", "")
    assert not kept(cache)


def test_what_a_killed_process_leaves_goes_next_time(folder, cache):
    def start():
        program = reader(folder, cache, "input()")
        process = subprocess.Popen(
            program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "read\n"
        return process

    with start() as killed:
        left = kept(cache)
        assert any(path.is_dir() for path in left)
        killed.kill()
    with start() as alive:
        used = kept(cache)
        assert used and not set(used) & set(left)
        (cache / "pictures-without-a-lock").mkdir()
        dataset = image_dataset(folder, (8, 8), memory_budget=0)
        assert set(used) < set(kept(cache))
        assert not (cache / "pictures-without-a-lock").exists()
        del dataset
        gc.collect()
        assert kept(cache) == used
        alive.communicate("\n")
    assert alive.returncode == 0 and not kept(cache)


def test_a_full_disk_is_noticed_in_time(folder, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(20, 10, 10))
    with pytest.raises(OSError, match="smaller image_size"):
        image_dataset(folder, (8, 8), memory_budget=0)
    assert not kept(cache)


USES = """
import gc, os, sys
from pathlib import Path
from utils.pipelines import image_dataset

def resident_megabytes():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

for use in range(16):
    for batch in image_dataset(sys.argv[1], (512, 512), 8, training=True):
        pass
    gc.collect()
    print(resident_megabytes())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured on Linux")
def test_memory_is_given_back(tmp_path):
    """In a Python of its own: where much has happened before, there are gaps to be filled."""
    for i in range(20):
        save(tmp_path / "a" / f"{i:02}.png", picture(8, 8, seed=i))
    size = 20 * 512 * 512 * 3 / 2**20
    used = list(map(float, run(USES, tmp_path).stdout.split()))
    assert len(used) == 16
    assert min(used[-4:]) - used[3] < 6 * size  # of the twelve in between


def test_limit_per_class_is_seeded_and_nested(folder):
    def chosen(limit, seed=0):
        dataset = image_dataset(folder, (8, 8), limit_per_class=limit, seed=seed)
        images, labels = contents(dataset)
        assert labels.tolist() == [0] * limit + [1] * limit
        assert len(dataset.file_paths) == 2 * limit
        assert names(images) == sorted(names(images))
        return set(names(images))

    assert chosen(3) < chosen(6) < chosen(9)
    assert chosen(5) == chosen(5)
    assert chosen(5) != chosen(5, seed=1)
    with pytest.raises(ValueError, match="between 1 and 9.*'dog'"):
        image_dataset(folder, (8, 8), limit_per_class=10)


def test_every_kind_of_file_gives_three_channels(tmp_path):
    smooth = np.asarray(Image.fromarray(picture(6, 6)).resize((40, 32), Image.Resampling.BICUBIC))
    rgb = Image.fromarray(smooth)
    grey = np.asarray(rgb.convert("L"), np.float32)[..., None].repeat(3, axis=2)
    expected = {}
    for name, image, options, pixels, tolerance in [
        ("1.jpg", rgb, {"quality": 98, "subsampling": 0}, smooth, 3),
        ("2.jpeg", rgb.convert("L"), {"quality": 98}, grey, 3),
        ("3.JPG", rgb.convert("CMYK"), {"quality": 98}, smooth, 3),
        ("4.png", rgb, {}, smooth, 0),
        ("5.png", rgb.convert("L"), {}, grey, 0),
        ("6.png", rgb.convert("RGBA"), {}, smooth, 0),
        ("7.bmp", rgb, {}, smooth, 0),
        ("8.gif", rgb.quantize(256), {}, smooth, 12),
    ]:
        (tmp_path / "a").mkdir(exist_ok=True)
        image.save(tmp_path / "a" / name, **options)
        expected[name] = pixels, tolerance
    frames = [Image.new("RGB", (40, 32), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a" / "9.gif", save_all=True, append_images=frames[1:])
    expected["9.gif"] = np.asarray(frames[0]), 0
    dataset = image_dataset(tmp_path, (32, 40))
    images, _ = contents(dataset)
    assert images.shape == (9, 32, 40, 3)
    for image, file in zip(images, dataset.file_paths, strict=True):
        pixels, tolerance = expected[Path(file).name]
        assert np.abs(image - pixels).mean() <= tolerance, file
        alone = load_image(file, (32, 40))
        assert np.abs(image - alone).mean() <= 1, file


def test_resize_is_bilinear_and_rounds(tmp_path):
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 1], pixels[1, 0], pixels[1, 1] = 101, 51, 255
    save(tmp_path / "a" / "0.png", pixels)
    images, _ = contents(image_dataset(tmp_path, (4, 4)))
    expected = tf.image.resize(pixels, (4, 4)).numpy()
    assert (expected % 1 > 0.6).any() and (expected % 1 < 0.4).any()  # there is some to round
    np.testing.assert_allclose(images[0], expected, atol=0.5)
    assert np.abs(images - expected).mean() < 0.3
    assert np.array_equal(images, np.round(images))


@pytest.mark.parametrize("size", [(100, 100), (100, 130), (190, 300), (230, 499), (375, 500)])
def test_load_image_agrees_with_the_data_set(tmp_path, size):
    # 48 x 60 is met at full, half, quarter size
    for i in range(3):
        save(tmp_path / "a" / f"{i}.jpg", picture(*size, seed=i), quality=92)
    dataset = image_dataset(tmp_path, (48, 60))
    for image, file in zip(contents(dataset)[0], dataset.file_paths, strict=True):
        photo = load_image(file, (48, 60))
        assert photo.dtype == np.float32 and photo.shape == (48, 60, 3)
        assert np.abs(photo - image).mean() < 0.05


def test_reduced_decoding_is_used_and_faithful(tmp_path, monkeypatch):
    pixels = picture(384, 512)
    save(tmp_path / "a" / "0.jpg", pixels, quality=95)
    ratios = []
    decode = tf.io.decode_jpeg
    monkeypatch.setattr(
        tf.io, "decode_jpeg", lambda *a, **k: (ratios.append(k["ratio"]), decode(*a, **k))[1]
    )
    for side, ratio in [(385, 1), (200, 1), (192, 2), (96, 4), (48, 8), (20, 8)]:
        ratios.clear()
        image = pipelines._decode(str(tmp_path / "a" / "0.jpg"), 1, (side, side))
        assert ratios == [ratio]
        area = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX))
        assert np.abs(image.numpy().astype(float) - area).mean() < 4


def test_load_image_takes_paths_bytes_and_open_files(tmp_path):
    file = save(tmp_path / "photo.webp", picture(50, 40), lossless=True)
    expected = load_image(file, (50, 40))
    np.testing.assert_array_equal(expected, picture(50, 40))
    for source in (str(file), file.read_bytes(), io.BytesIO(file.read_bytes())):
        np.testing.assert_array_equal(load_image(source, (50, 40)), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_load_image_turns_phone_photos_upright(tmp_path, orientation):
    grain = np.random.default_rng(0).normal(0, 30, (300, 200, 1))
    upright = Image.fromarray(np.clip(picture(300, 200) + grain, 0, 255).astype(np.uint8))
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # stored turned to the left, shown turned to the right
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright.transpose(undo) if undo is not None else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.jpg", quality=98, subsampling=0, exif=exif)
    upright.save(tmp_path / "plain.jpg", quality=98, subsampling=0)
    # Height and width call for different reductions: one taken for the other loses the grain.
    for size in [(140, 60), (60, 140)]:
        photo, plain = (load_image(tmp_path / f"{name}.jpg", size) for name in ("photo", "plain"))
        assert np.abs(photo - plain).mean() < 2


def test_load_image_errors(tmp_path):
    (tmp_path / "notes.jpg").write_text("not a picture")
    with pytest.raises(ValueError, match="notes.jpg cannot be read as a picture"):
        load_image(tmp_path / "notes.jpg", (8, 8))
    with pytest.raises(ValueError, match="This file cannot be read"):
        load_image(b"", (8, 8))
    whole = save(tmp_path / "whole.jpg", picture(80, 80)).read_bytes()
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        load_image(whole[: len(whole) // 2], (8, 8))
    with pytest.raises(FileNotFoundError):
        load_image(tmp_path / "none.jpg", (8, 8))
    with pytest.raises(ValueError, match="image_size"):
        load_image(whole, (0, 0))
    for pixels in (np.zeros((8, 8, 3)), tf.zeros((8, 8, 3))):
        with pytest.raises(TypeError, match="an array of pixels already"):
            load_image(pixels, (8, 8))
    with pytest.raises(TypeError, match="path"):
        load_image(image_dataset, (8, 8))


def test_16_bit_grey_is_read_alike(tmp_path):
    values = np.linspace(0, 2**16 - 1, 64).astype(np.uint16).reshape(8, 8)
    save(tmp_path / "a" / "0.png", values)
    dataset = image_dataset(tmp_path, (8, 8))
    expected = np.repeat(values[..., None] // 256, 3, axis=2)
    np.testing.assert_array_equal(contents(dataset)[0][0], expected)
    np.testing.assert_array_equal(load_image(dataset.file_paths[0], (8, 8)), expected)


def test_a_bmp_that_tensorflow_reads_wrong_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    photo = Image.fromarray(picture(8, 8))
    photo.save(tmp_path / "a" / "0.bmp")
    photo.convert("L").save(tmp_path / "a" / "1.bmp")
    dataset = image_dataset(tmp_path, (8, 8))
    for pixels, file in zip(contents(dataset)[0], dataset.file_paths, strict=True):
        np.testing.assert_array_equal(pixels, load_image(file, (8, 8)))
    photo.quantize(16).save(tmp_path / "a" / "2.bmp")
    with pytest.raises(ValueError, match="2.bmp cannot be read as a picture.*Move it out"):
        image_dataset(tmp_path, (8, 8))


def test_a_phones_largest_photo_is_read(tmp_path):
    Image.new("RGB", (20_000, 10_000), (200, 100, 50)).save(tmp_path / "large.jpg", quality=90)
    photo = load_image(tmp_path / "large.jpg", (8, 8))
    assert np.abs(photo - (200, 100, 50)).max() <= 3


def test_a_broken_picture_is_named(tmp_path):
    for i in range(40):
        save(tmp_path / "a" / f"{i:02}.jpg", picture(16, 16, seed=i))
    whole = save(tmp_path / "whole.jpg", picture(80, 80)).read_bytes()
    for name, data in {
        "35.jpg": whole[: len(whole) // 2],
        "00.jpg": b"",
        "39.jpg": b"<html>not a picture</html>",
    }.items():
        file = tmp_path / "a" / name
        before = file.read_bytes()
        file.write_bytes(data)
        for budget in (2**30, 0):
            with pytest.raises(ValueError, match=rf"{name} cannot be read.*fetch"):
                image_dataset(tmp_path, (8, 8), memory_budget=budget)
        file.write_bytes(before)
    in_memory, on_disk = (image_dataset(tmp_path, (8, 8), memory_budget=b) for b in (2**30, 0))
    assert len(in_memory) == 2
    np.testing.assert_array_equal(contents(in_memory)[0], contents(on_disk)[0])


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        image_dataset(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no class folders"):
        image_dataset(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match="cat holds no pictures"):
        image_dataset(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"batch_size": None},
        {"image_size": (0, 0)},
        {"image_size": (96, 96, 3)},
        {"image_size": "96"},
        {"seed": None},
        {"seed": 0.5},
        {"limit_per_class": 0},
        {"limit_per_class": 0.5},
        {"memory_budget": "1 GB"},
    ],
)
def test_senseless_arguments_are_named(folder, options):
    (name,) = options
    with pytest.raises(ValueError, match=name):
        image_dataset(folder, **{"image_size": (8, 8), **options})


def test_arguments_with_one_meaning_are_taken(folder):
    expected = contents(image_dataset(folder, (8, 8), 5, limit_per_class=3, seed=4))
    same = image_dataset(str(folder), 8, np.int64(5), limit_per_class=3.0, seed=np.int32(4))
    np.testing.assert_array_equal(contents(same)[0], expected[0])
    np.testing.assert_array_equal(load_image(same.file_paths[0], 8), expected[0][0])


class Own:
    def augment(self, images, seed):
        return images + 1.0


@pytest.mark.parametrize(
    "augment, sentence",
    [
        (random_affine, r"write augment=random_affine\(\)"),
        (tf.keras.layers.RandomFlip("horizontal"), "A Keras layer"),
        (tf.keras.Sequential([tf.keras.layers.RandomFlip()]), "A Keras layer"),
        (tf.keras.layers.RandomFlip, r"\(images, seed\) -> images"),
        (lambda images: images, r"\(images, seed\) -> images"),
        (True, r"\(images, seed\) -> images, .* not True"),
    ],
)
def test_what_is_no_augmentation_is_refused(folder, augment, sentence):
    with pytest.raises(TypeError, match=sentence):
        image_dataset(folder, (8, 8), training=True, augment=augment)


@pytest.mark.parametrize(
    "augment",
    [
        Own().augment,
        tf.function(lambda images, seed: images + 1.0),
        functools.partial(lambda more, images, seed: images + more, 1.0),
    ],
)
def test_any_function_of_images_and_seed_augments(folder, augment):
    dataset = image_dataset(folder, (8, 8), training=True, augment=augment)
    assert sorted(names(contents(dataset)[0])) == [name + 1 for name in IN_ORDER]


def test_file_paths_of_a_training_set_have_no_order(folder):
    files = image_dataset(folder, (8, 8)).file_paths
    some = image_dataset(folder, (8, 8), training=True, limit_per_class=3).file_paths
    assert len(some) == 6 and [file in some for file in files].count(True) == 6
    with pytest.raises(TypeError):
        some[0]


# random_affine: the geometry is tested with the random numbers replaced by chosen ones.


@pytest.fixture
def draw(monkeypatch):
    """draw(flip=-1, angle=0.5) makes every random number of `random_affine` that fixed one."""

    def fix(flip=1, angle=0, down=0, right=0, scale=0, strength=0):
        row = np.array([flip, angle, down, right, scale, strength], np.float32)
        monkeypatch.setattr(
            pipelines, "_draw", lambda shape, seed: tf.repeat(row[:, None], shape[1], axis=1)
        )

    return fix


PHOTOS = np.stack([picture(30, 40, seed=i) for i in range(4)]).astype(np.float32)
SEED = np.array([1, 2])


def test_zero_factors_are_the_identity():
    augment = random_affine(flip=False, rotation=0, translation=0, zoom=0)
    np.testing.assert_array_equal(augment(PHOTOS, SEED), PHOTOS)


def test_pure_flip():
    augment = random_affine(rotation=0, translation=0, zoom=0)
    photos = np.concatenate([PHOTOS] * 25)
    flipped = augment(photos, SEED).numpy()
    mirrored = tf.image.flip_left_right(photos).numpy()
    is_same = (flipped == photos).all(axis=(1, 2, 3))
    is_mirrored = (flipped == mirrored).all(axis=(1, 2, 3))
    assert (is_same ^ is_mirrored).all()
    assert 30 < is_mirrored.sum() < 70


def test_pure_translation(draw):
    draw(down=1, right=-0.5)
    moved = random_affine(rotation=0, translation=0.2, zoom=0)(PHOTOS, SEED).numpy()
    expected = scipy.ndimage.shift(PHOTOS, (0, 6, -4, 0), order=1, mode="reflect")
    np.testing.assert_allclose(moved, expected, atol=0.01)
    np.testing.assert_array_equal(moved[:, 6:, :-4], PHOTOS[:, :-6, 4:])


@pytest.mark.parametrize("turn", [0.25, 0.1, -0.05])
def test_pure_rotation(draw, turn):
    draw(angle=np.sign(turn))
    turned = random_affine(rotation=abs(turn), translation=0, zoom=0)(PHOTOS, SEED).numpy()
    expected = scipy.ndimage.rotate(
        PHOTOS, turn * 360, axes=(1, 2), reshape=False, order=1, mode="reflect"
    )
    assert np.abs(turned - expected)[:, 3:-3, 3:-3].mean() < 0.5


def test_pure_zoom(draw):
    draw(scale=-1)
    zoomed = random_affine(rotation=0, translation=0, zoom=0.5)(PHOTOS, SEED).numpy()
    # twice as large about the middle: the middle half fills the frame
    middle = tf.image.resize(PHOTOS[:, 7:23, 10:30], (32, 40)).numpy()[:, 1:-1]
    np.testing.assert_allclose(zoomed[:, 2:-2, 2:-2], middle[:, 2:-2, 2:-2], atol=0.05)


def test_far_outside_the_frame_the_mirror_images_repeat(draw):
    draw(down=1, right=-1, scale=1)
    seen = random_affine(rotation=0, translation=0.9, zoom=0.9)(PHOTOS, SEED).numpy()
    height, width = PHOTOS.shape[1:3]
    # 1.9 times the frame about its middle, moved by 0.9 of it: up to 1.35 frames outside, where
    # the mirror image of the mirror image has begun
    moved = np.array([-0.9 * height, 0.9 * width])
    expected = [
        scipy.ndimage.affine_transform(
            photo,
            np.diag([1.9, 1.9, 1]),
            np.append((1 - 1.9) * (np.array([height, width]) - 1) / 2 + moved, 0),
            order=1,
            mode="reflect",
        )
        for photo in PHOTOS
    ]
    np.testing.assert_allclose(seen, expected, atol=0.05)


def test_steps_are_composed_as_by_the_keras_layers(draw, monkeypatch):
    keras = pytest.importorskip("keras")
    photos = scipy.ndimage.gaussian_filter(PHOTOS, (0, 2, 2, 0))
    draw(flip=-1, angle=0.6, down=-0.7, right=0.4, scale=-0.8)
    ours = random_affine(rotation=0.15, translation=0.2, zoom=0.3)(photos, SEED).numpy()
    monkeypatch.undo()

    def exactly(value):
        return value, value

    theirs = tf.image.flip_left_right(photos)
    for layer in [
        keras.layers.RandomRotation(exactly(0.6 * 0.15)),
        keras.layers.RandomTranslation(exactly(-0.7 * 0.2), exactly(0.4 * 0.2)),
        keras.layers.RandomZoom(exactly(-0.8 * 0.3)),
    ]:
        theirs = layer(theirs, training=True)
    # Theirs is resampled three times and mirrors in at the edges after each: look inside.
    difference = np.abs(ours - np.asarray(theirs))[:, 8:-8, 10:-10]
    assert difference.mean() < 2 and np.abs(ours - photos).mean() > 10


def test_factors_bound_what_is_drawn(monkeypatch):
    seen = {}
    original = pipelines._affine_matrix

    def spy(**values):
        seen.update({k: np.asarray(v) for k, v in values.items()})
        return original(**values)

    monkeypatch.setattr(pipelines, "_affine_matrix", spy)
    many = np.zeros((4000, 10, 20, 3), np.float32)
    random_affine(rotation=0.1, translation=0.2, zoom=0.3)(many, SEED)
    for name, middle, reach in [
        ("angle", 0, 0.2 * np.pi),
        ("down", 0, 2),
        ("right", 0, 4),
        ("scale", 1, 0.3),
    ]:
        drawn = seen[name] - middle
        assert 0.98 * reach < drawn.max() <= reach + 1e-5
        assert -reach - 1e-5 <= drawn.min() < -0.98 * reach
        assert abs(drawn.mean()) < 0.05 * reach
    table = np.corrcoef([seen[k] for k in ("mirror", "angle", "down", "right", "scale")])
    assert np.abs(table - np.eye(5)).max() < 0.07  # drawn independently of one another


def test_contrast(draw):
    draw(strength=-1)
    augment = random_affine(flip=False, rotation=0, translation=0, zoom=0, contrast=0.25)
    softer = augment(PHOTOS, SEED).numpy()
    mean = PHOTOS.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(softer, mean + 0.75 * (PHOTOS - mean), atol=0.01)
    draw(strength=1)
    strong = random_affine(contrast=0.9)(np.float32(255) * (PHOTOS > 128), SEED).numpy()
    assert strong.min() == 0 and strong.max() == 255


def test_augmentation_is_stateless():
    augment = random_affine(contrast=0.1)
    one, again, other = augment(PHOTOS, (1, 2)), augment(PHOTOS, (1, 2)), augment(PHOTOS, (1, 3))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).mean() > 1
    assert one.dtype == tf.float32 and one.shape == PHOTOS.shape
    same = augment(np.stack([PHOTOS[0]] * 4), SEED).numpy()
    assert np.abs(same[0] - same[1]).mean() > 1  # each picture its own transformation


@pytest.mark.parametrize("name", ["rotation", "translation", "zoom", "contrast"])
def test_senseless_factors(name):
    for factor in (-0.1, 1, 30, True, "a little", float("nan")):
        with pytest.raises(ValueError, match=f"{name}=.*fraction"):
            random_affine(**{name: factor})


@pytest.mark.parametrize("flip", ["vertical", "horizontal", None, 1])
def test_senseless_flip(flip):
    with pytest.raises(ValueError, match="flip=.*True or False"):
        random_affine(flip=flip)


def test_compiled_augmentation_draws_the_same():
    augment = random_affine(contrast=0.2)
    compiled = tf.function(augment, jit_compile=True)(tf.constant(PHOTOS), tf.constant(SEED))
    np.testing.assert_allclose(compiled, augment(PHOTOS, SEED), atol=0.1)


def test_draws_are_those_of_tensorflow():
    drawn = pipelines._draw((6, 1000), SEED)
    expected = tf.random.stateless_uniform((6, 1000), SEED, -1.0, 1.0)
    np.testing.assert_array_equal(drawn, expected)


def test_whole_pixels_are_augmented_like_floats():
    whole = PHOTOS.astype(np.uint8)
    augment = random_affine(contrast=0.2)
    np.testing.assert_array_equal(augment(whole, SEED), augment(whole.astype(np.float32), SEED))


def test_augmentation_refuses_what_is_no_batch_or_seed():
    augment = random_affine()
    with pytest.raises(ValueError, match="a batch of pictures"):
        augment(PHOTOS[0], SEED)
    for seed in (1, (1, 2, 3), (0.1, 0.2)):
        with pytest.raises(ValueError, match="two whole numbers"):
            augment(PHOTOS, seed)
    labelled = tf.data.Dataset.from_tensor_slices((PHOTOS, [0, 1, 0, 1])).batch(2)
    with pytest.raises(ValueError, match="labels would take its place"):
        labelled.map(augment)


# quiet


def run(program, *arguments, **options):
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


def test_tensorflow_starts_without_a_word_and_errors_still_show():
    program = (
        "from utils import quiet\n"
        "import os, sys\n"
        "import tensorflow as tf\n"
        "tf.random.normal((2, 2)) @ tf.ones((2, 2))\n"
        "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])\n"
        "os.write(2, b'shown'); sys.stderr.write(' too')"
    )
    ended = run(program, env={"PATH": ""})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "2\n", "shown too")


def test_silence_ends_when_the_block_fails(capfd):
    with pytest.raises(ImportError, match="no such"), quiet.silenced_stderr():
        os.write(2, b"the reason\n")
        raise ImportError("no such")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "the reason\nafterwards\n"
    with quiet.silenced_stderr():
        os.write(2, b"noise\n")
    os.write(2, b"again\n")
    assert capfd.readouterr().err == "again\n"


class Closed:
    def flush(self):
        raise ValueError("closed")


@pytest.mark.parametrize("stderr", [None, io.StringIO(), Closed()], ids=["none", "text", "closed"])
def test_silence_without_a_real_stderr(monkeypatch, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    with quiet.silenced_stderr():
        pass


def test_silence_with_descriptor_2_closed():
    program = "import os; os.close(2)\nfrom utils import quiet\nprint('fine')"
    assert run(program).stdout == "fine\n"


INTERRUPTED = """
import sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "tensorflow.python.ops.ragged.ragged_math_ops":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
try:
    from utils import quiet
except KeyboardInterrupt:
    print("interrupted")
from utils import quiet
"""


def test_an_import_that_was_interrupted_says_what_to_do():
    ended = run(INTERRUPTED)
    assert ended.stdout == "interrupted\n"
    assert "ImportError: TensorFlow was interrupted" in ended.stderr
    assert "Restart Kernel" in ended.stderr


def test_devices_can_still_be_set_up_after_the_imports():
    program = (
        "from utils import pipelines, backbones\n"
        "import tensorflow as tf\n"
        "tf.config.threading.set_intra_op_parallelism_threads(1)\n"
        "(cpu,) = tf.config.list_physical_devices('CPU')\n"
        "two = [tf.config.LogicalDeviceConfiguration()] * 2\n"
        "tf.config.set_logical_device_configuration(cpu, two)\n"
        "tf.random.normal((2, 2)) @ tf.ones((2, 2))\n"
        "print(len(tf.config.list_logical_devices('CPU')))"
    )
    ended = run(program, env={"PATH": ""})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "2\n", "")
