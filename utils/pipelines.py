"""Turn a folder of class folders into batches that `model.fit` can take.

The path of a picture: decode, resize, keep as bytes; then, epoch by epoch: shuffle, batch,
convert to float32, augment, prefetch.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import inspect
import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from math import pi
from pathlib import Path

import numpy as np
import tensorflow as tf
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from utils import gates
from utils.downloads import BAR
from utils.paths import DATA
from utils.pictures import defect, orientation, upright_pixels
from utils.splits import pictures_by_class

CACHE = DATA / "cache"  # decoded pictures that exceed the memory

MANY = 5000  # pictures; fewer need no progress bar, which would stand in the lectures' way

as_it_is = tf.autograph.experimental.do_not_convert


def image_dataset(
    directory,
    image_size=(96, 96),
    batch_size=32,
    *,
    training=False,
    augment=None,
    limit_per_class=None,
    seed=0,
    memory_budget=2**30,
):
    """Read a folder of class folders as batches of pictures and labels.

    Every picture is decoded once, here, in parallel: stretched to `image_size` by bilinear
    interpolation and kept as bytes, a quarter of the memory that float32 would take. Large
    JPEGs are decoded straight to a half, quarter or eighth of their size where that is still
    no smaller than `image_size`. A phone stores a photo as the sensor saw it and notes which way
    is up: such a photo is turned upright. The files are not needed afterwards.

    Each epoch of a training set brings the pictures in a new order, drawn picture by picture.
    Orders and augmentation depend on `seed` and the number of epochs begun since the data set
    was made, on nothing else: two data sets made alike give the same batches, epoch by epoch.

    Args:
        directory: folder with one folder per class; label 0 is the first class name in sorted
            order, and so on.
        image_size: height and width of the result, in pixels; one number means a square.
        batch_size: pictures in a batch; the last batch of an epoch may be smaller.
        training: True shuffles; False keeps the sorted order, the same in every epoch.
        augment: for training only, a function `(images, seed) -> images` on a float32 batch and
            an int64 seed of shape (2,), which is new for each batch; see `random_affine`.
        limit_per_class: take only so many pictures of each class, chosen by the seed; a smaller
            choice is always contained in a larger one. None takes all.
        seed: decides orders, augmentation and which pictures a limit leaves.
        memory_budget: bytes that the decoded pictures, number x height x width x 3, may take in
            memory (twice that for a moment, while they are read). Beyond it they are kept in a
            folder in `data/cache` instead, which goes away with the data set or when Python ends.

    Returns:
        A `tf.data.Dataset` of (images, labels): float32 (batch, height, width, 3) in 0–255 and
        int32 (batch,). `len()` gives the number of batches. It has the attributes `class_names`,
        a list of str, and `file_paths`: a list of str in the order of the pictures or, of a
        training set, whose pictures come in ever new orders, a frozenset.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if a class has no pictures, one of them cannot be decoded (the message names
            it), or an argument makes no sense.
        TypeError: if `directory` is no folder, or `augment` no function of images and a seed.
        OSError: if the decoded pictures fit neither in the budget nor on the disk.
    """
    image_size = gates.image_size(image_size)
    batch_size = gates.whole_number(batch_size, "batch_size", 1)
    memory_budget = gates.whole_number(memory_budget, "memory_budget")
    seed, training = gates.seed(seed), gates.yes_or_no(training, "training")
    if augment is not None and not training:
        raise ValueError(
            "augment is for training pictures only: validation and test pictures stay as they "
            "are, or their accuracy would mean nothing. Pass training=True, or leave augment out."
        )
    if augment is not None:
        _check_augment(augment)
    classes = pictures_by_class(directory)
    if limit_per_class is not None:
        classes = {k: _limit(k, files, limit_per_class, seed) for k, files in classes.items()}
    files = [str(file) for files in classes.values() for file in files]
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), list(map(len, classes.values())))
    take, give_back = decode_files(files, image_size, memory_budget)
    # TensorFlow operations alone from here on: a Python function called by the threads that
    # prefetch could keep Python from ending. AutoGraph would read them for a third of a second,
    # and find nothing to convert.
    with tf.device("CPU"):
        epochs = tf.Variable(0, dtype=tf.int64)  # begun so far

    @as_it_is
    def begin_epoch(_):
        epoch = epochs.assign_add(1)
        for_order, for_batches = tf.unstack(tf.random.split((seed, epoch), 2))
        order = tf.range(len(files), dtype=tf.int64)
        if training:
            order = tf.random.experimental.stateless_shuffle(order, for_order)
        return order, for_batches

    @as_it_is
    def divide(order, for_batches):
        batches = tf.data.Dataset.from_tensor_slices(order).batch(batch_size).enumerate()
        return batches.map(lambda step, chosen: (chosen, tf.random.fold_in(for_batches, step)))

    def finish(chosen, batch_seed):
        images = tf.cast(take(chosen), tf.float32)
        return (augment(images, batch_seed) if augment else images), tf.gather(labels, chosen)

    dataset = (
        tf.data.Dataset.from_tensors(0)
        .map(begin_epoch)
        .flat_map(divide)
        .map(finish if augment else as_it_is(finish), num_parallel_calls=tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(-(-len(files) // batch_size)))
        .prefetch(tf.data.AUTOTUNE)
    )
    weakref.finalize(dataset, give_back)  # at the latest when Python ends
    dataset.class_names = list(classes)
    dataset.file_paths = frozenset(files) if training else files
    return dataset


def decode_files(files, image_size, memory_budget=2**30):
    """Decode picture files once and keep their bytes, as `image_dataset` does with a folder.

    Args:
        files: a list of str, the pictures' paths.
        image_size: height and width of the result, in pixels; one number means a square.
        memory_budget: bytes that may be kept in memory; see `image_dataset`.

    Returns:
        A function from int64 places in the list (n,) to uint8 pictures (n, height, width, 3),
        which may stand in the `map` of a `tf.data.Dataset`; and a function to call when they are
        needed no longer. Keep the second until then: when it is forgotten, another process may
        remove the pictures.

    Raises:
        ValueError: one of them cannot be decoded (the message names it), or image_size makes no
            sense.
        OSError: they fit neither in the budget nor on the disk.
    """
    image_size = gates.image_size(image_size)
    for file in files:  # TensorFlow reads some BMPs wrong without a word
        if file.lower().endswith(".bmp") and (reason := defect(file, Path(file).read_bytes())):
            raise ValueError(_unreadable(file, reason))
    shape = (len(files), *image_size, 3)
    size = int(np.prod(shape, dtype=np.int64))
    if size <= memory_budget:
        with tf.device("CPU"):
            pixels = tf.concat(list(_decoded(files, image_size)), axis=0)
        return lambda chosen: tf.gather(pixels, chosen), lambda: None

    folder, remove = _folder_for_this_process()
    try:
        free = shutil.disk_usage(folder).free
        if size > free:  # say so now rather than halfway
            raise OSError(
                f"The decoded pictures need {size / 2**30:.1f} GiB, more than memory_budget, and "
                f"{CACHE} has {free / 2**30:.1f} GiB free. Use a smaller image_size."
            )
        pictures = (picture for some in _decoded(files, image_size) for picture in some.numpy())
        for number, picture in enumerate(pictures):
            (folder / str(number)).write_bytes(picture)
    except BaseException:
        remove()
        raise

    def read(number):
        name = tf.strings.as_string(number)
        return tf.io.read_file(tf.strings.join([str(folder), name], os.sep))

    def take(chosen):
        pictures = tf.map_fn(read, chosen, fn_output_signature=tf.string)
        return tf.reshape(tf.io.decode_raw(pictures, tf.uint8), (-1, *shape[1:]))

    return take, remove


def random_affine(flip=True, rotation=0.1, translation=0.1, zoom=0.1, contrast=0.0):
    """Make an augmentation for `image_dataset`: flip, turn, shift and zoom in a single step.

    The factors mean what they mean in Keras' RandomFlip("horizontal"), RandomRotation,
    RandomTranslation, RandomZoom and RandomContrast, applied in this order. Those four
    geometric layers resample the picture four times; here their matrices are multiplied first
    and the picture is resampled once, which is faster and keeps it sharper. What comes in from
    outside the frame is the picture's own mirror image.

    >>> augment = random_affine(rotation=0.05)
    >>> augment(np.zeros((2, 16, 24, 3), np.float32), seed=(1, 2)).shape.as_list()
    [2, 16, 24, 3]

    Args:
        flip: True mirrors every other picture left to right.
        rotation: largest angle, as a fraction of a full turn, either way.
        translation: largest shift, as a fraction of height and of width, either way.
        zoom: largest change of scale, as a fraction, in or out; keeps the proportions.
        contrast: largest change of contrast, as a fraction; 0 leaves the pixel values alone.
            What leaves 0–255 is cut off there.

    Returns:
        A function `(images, seed) -> images`: float32 (batch, height, width, 3) in 0–255, with
        a stateless seed of shape (2,). The same seed gives the same result.

    Raises:
        ValueError: if a factor is no fraction, or flip neither True nor False; by the function,
            if it gets no batch of pictures or no such seed.
    """
    if not isinstance(flip, (bool, np.bool_)):
        raise ValueError(
            f"flip={flip!r} should be True or False: random_affine mirrors left to right only."
        )
    rotation = gates.fraction(rotation, "rotation")
    translation = gates.fraction(translation, "translation")
    zoom = gates.fraction(zoom, "zoom")
    contrast = gates.fraction(contrast, "contrast")

    @tf.autograph.experimental.do_not_convert
    def augment(images, seed):
        images, seed = tf.cast(images, tf.float32), tf.convert_to_tensor(seed)
        if images.shape.rank != 4:
            raise ValueError(
                "Augmentation takes a batch of pictures: images[None] makes one of one."
            )
        if seed.shape != (2,) or not seed.dtype.is_integer:
            raise ValueError(
                "The seed of an augmentation is two whole numbers, such as (1, 2). In map, labels "
                "would take its place: let image_dataset(…, training=True, augment=…) call it."
            )
        number, height, width, _ = tf.unstack(tf.shape(images))
        side, angle, down, right, scale, strength = tf.unstack(_draw((6, number), seed))  # (n,)

        matrix = _affine_matrix(
            mirror=tf.where(side < 0, -1.0, 1.0) if flip else tf.ones_like(side),
            angle=angle * rotation * 2 * pi,
            down=down * translation * tf.cast(height, tf.float32),
            right=right * translation * tf.cast(width, tf.float32),
            scale=1 + scale * zoom,
            height=height,
            width=width,
        )
        images = _resample(images, matrix)
        if contrast:
            mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
            images = mean + (images - mean) * (1 + contrast * strength)[:, None, None, None]
            images = tf.clip_by_value(images, 0.0, 255.0)
        return images

    return augment


def load_image(source, image_size):
    """Read one photo just as `image_dataset` reads its pictures, ready for `model.predict`.

    A photo that lies on its side is turned upright, too. WebP, TIFF and other usual formats can
    be read as well.

    Args:
        source: a path, the file's bytes, an open binary file, or a PIL image.
        image_size: height and width of the result, in pixels; one number means a square.

    Returns:
        float32 array (height, width, 3) in 0–255; `photo[None]` makes a batch of one.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a picture, a damaged or a far too large one, or if image_size
            makes no sense.
        TypeError: if it is nothing that a picture can be read from.
    """
    image_size = gates.image_size(image_size)
    if isinstance(source, np.ndarray) or tf.is_tensor(source):
        raise TypeError(
            "This is an array of pixels already; load_image reads files. To resize an array, use "
            "tf.image.resize(pixels, image_size)."
        )
    pixels = upright_pixels(source, at_least=image_size)
    return _resize(pixels, image_size).numpy().astype(np.float32)


def _check_augment(augment):
    """Refuse what is no function (images, seed) -> images, before any picture is read."""
    if augment is random_affine:
        raise TypeError("random_affine makes the augmentation: write augment=random_affine().")
    if isinstance(augment, tf.keras.layers.Layer):
        raise TypeError(
            "A Keras layer draws from its own random numbers, not from a seed. Use "
            "augment=random_affine(…), or put the layer into the network, before the first "
            "convolution."
        )
    try:
        inspect.signature(augment).bind("images", "seed")
        fits = not inspect.isclass(augment)
    except TypeError:
        fits = False
    if not fits:
        raise TypeError(
            "augment should be a function (images, seed) -> images, such as random_affine() "
            f"makes, not {augment!r:.60}."
        )


def _limit(name, files, limit, seed):
    limit = gates.whole_number(limit, "limit_per_class", 1)
    if limit > len(files):
        raise ValueError(
            f"limit_per_class={limit} should be between 1 and {len(files)}, the number of "
            f"pictures of class {name!r}."
        )
    chosen = np.random.default_rng(seed).permutation(len(files))[:limit]
    return [files[i] for i in sorted(chosen)]


def _folder_for_this_process():
    """Make a folder in `CACHE`, and remove those that killed processes left behind.

    A folder belongs to a living process as long as the lock beside it is held: the system
    releases it when the process ends, however it ends.

    Returns:
        The folder, and a function that removes it.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "cache.lock"):  # one process at a time looks and makes
        for folder in {path.with_suffix("") for path in CACHE.glob("pictures-*")}:
            lock = FileLock(folder.with_suffix(".lock"))
            with suppress(Timeout):  # its process lives
                lock.acquire(blocking=False)
                _remove(folder, lock)
        folder = Path(tempfile.mkdtemp(prefix="pictures-", dir=CACHE))
        # Not bound to this thread: the data set may be forgotten in another one.
        lock = FileLock(folder.with_suffix(".lock"), thread_local=False)
        lock.acquire()
    return folder, lambda: _remove(folder, lock)


def _remove(folder, lock):
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    with suppress(OSError):  # another process may be looking at it
        os.unlink(lock.lock_file)


def _decoded(files, image_size):
    """Yield uint8 tensors (number, height, width, 3) of 32 pictures or, at the end, fewer."""
    turns = [_turn(file) for file in files]
    options = tf.data.Options()
    options.threading.max_intra_op_parallelism = 1  # pictures side by side keep all cores busy
    if set(turns) == {1}:  # most folders: a shorter way through the graph
        pictures = tf.data.Dataset.from_tensor_slices(files)
        decode = as_it_is(lambda file: _decode(file, 1, image_size))
    else:
        pictures = tf.data.Dataset.from_tensor_slices((files, turns))
        decode = as_it_is(lambda file, turn: _decode(file, turn, image_size))
    decoded = (
        pictures.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(32)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )
    done = 0
    try:
        few = len(files) < MANY
        with tqdm(desc="Reading", total=len(files), unit="picture", disable=few, **BAR) as bar:
            for some in decoded:
                yield some
                done += len(some)
                bar.update(len(some))
    except tf.errors.OpError:
        # The batch that failed is known; which file of it, and why, is worth a second look.
        for file in files[done : done + 32]:
            _check_decodes(file, image_size)
        raise


def _turn(file):
    try:
        return orientation(file)
    except ValueError as error:
        raise ValueError(_unreadable(file, error)) from error


def _decode(file, turn, image_size):
    """Decode one picture; `turn` is the number 1 where it need not be turned, or a tensor."""
    data = tf.io.read_file(file)
    upright = isinstance(turn, int)
    # One that lies on its side comes out of the file with height and width exchanged.
    size = image_size if upright else tf.where(turn >= 5, image_size[::-1], image_size)

    def decode_jpeg():
        fraction = tf.reduce_min(tf.io.extract_jpeg_shape(data)[:2] // size)
        # libjpeg can leave out the fine frequencies while decoding, which is much faster. Its
        # accurate cosine transform is the one that Pillow uses, so `load_image` agrees.
        options = [
            lambda ratio=ratio: tf.io.decode_jpeg(
                data, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE"
            )
            for ratio in (1, 2, 4, 8)
        ]
        return tf.switch_case(tf.reduce_sum(tf.cast(fraction >= (2, 4, 8), tf.int32)), options)

    def decode_other():
        return tf.io.decode_image(data, channels=3, expand_animations=False)

    pixels = _resize(tf.cond(tf.io.is_jpeg(data), decode_jpeg, decode_other), size)
    if not upright:
        pixels = tf.cond(turn > 1, lambda: _turned(pixels, turn), lambda: pixels)
    return tf.ensure_shape(pixels, (*image_size, 3))


def _turned(pixels, turn):
    """Turn uint8 (height, width, 3) upright, as `utils.pictures` does; `turn` is 1 to 8."""
    pixels = tf.cast(pixels, tf.float32)  # to transpose bytes, TensorFlow prints a complaint
    pixels = tf.cond(turn >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
    upside_down = tf.reduce_any(turn == [3, 4, 7, 8])
    mirrored = tf.reduce_any(turn == [2, 3, 6, 7])
    return tf.cast(tf.reverse(pixels, tf.boolean_mask([0, 1], [upside_down, mirrored])), tf.uint8)


def _check_decodes(file, image_size):
    try:
        _decode(file, 1, image_size)
    except tf.errors.OpError as error:
        raise ValueError(_unreadable(file, "damaged, or not a picture")) from error


def _unreadable(file, reason):
    return (
        f"{file} cannot be read as a picture ({reason}). Move it out of its class folder, or get "
        "the data set with utils.datasets.fetch, which sets broken pictures aside."
    )


def _resize(pixels, image_size):
    pixels = tf.ensure_shape(pixels, (None, None, 3))
    resized = tf.image.resize(pixels, image_size, method="bilinear")
    return tf.cast(resized + 0.5, tf.uint8)  # rounds; interpolation never leaves 0–255


def _draw(shape, seed):
    """Random numbers from -1 to 1, the same from a seed wherever and however this is compiled.

    That holds for random bits, but not for the fractions that `stateless_uniform` makes of them:
    so they are made here, as TensorFlow does it outside XLA, from the lowest 23 bits.
    """
    bits = tf.random.stateless_uniform(
        shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    one_to_two = tf.bitcast((bits & 0x7FFFFF) | 0x3F800000, tf.float32)
    return 2 * (one_to_two - 1) - 1


def _affine_matrix(*, mirror, angle, down, right, scale, height, width):
    """Where the pixels come from: two rows of three entries, each with a value per picture.

    Measured from the middle of the picture, output (x, y) comes from F·R·(scale·(x, y) - shift)
    with the mirroring F and the rotation R: the last step of the augmentation is undone first.
    """
    middle_x, middle_y = tf.cast(width - 1, tf.float32) / 2, tf.cast(height - 1, tf.float32) / 2
    cos, sin = tf.cos(angle), tf.sin(angle)  # (n,), as all that follows
    xx, xy, yx, yy = mirror * cos, -mirror * sin, sin, cos  # F·R
    x0 = middle_x - xx * (scale * middle_x + right) - xy * (scale * middle_y + down)
    y0 = middle_y - yx * (scale * middle_x + right) - yy * (scale * middle_y + down)
    return [scale * xx, scale * xy, x0], [scale * yx, scale * yy, y0]


@tf.function(jit_compile=tf.test.is_built_with_xla())
def _resample(images, matrix):
    """Take each output pixel (x, y) from where matrix·(x, y, 1) says, by bilinear interpolation.

    Beyond the frame the picture is continued by its mirror image. XLA makes one loop over the
    pixels of it, in a third of the time of TensorFlow's own ImageProjectiveTransform.
    """
    number, height, width, channels = tf.unstack(tf.shape(images))  # n, h, w, c
    x, y = tf.meshgrid(tf.range(width, dtype=tf.float32), tf.range(height, dtype=tf.float32))
    (xx, xy, x0), (yx, yy, y0) = tf.nest.map_structure(lambda v: v[:, None, None], matrix)
    x, y = xx * x + xy * y + x0, yx * x + yy * y + y0  # (n, 1, 1) with (h, w): (n, h, w)
    left, top = tf.floor(x), tf.floor(y)  # (n, h, w)

    def within(position, size):
        period = tf.cast(2 * size, tf.float32)
        position -= period * tf.floor(position / period)
        return tf.cast(tf.minimum(position, period - 1 - position), tf.int32)  # (n, h, w)

    rows = tf.reshape(images, (-1, channels))  # (n·h·w, c)
    first = (tf.range(number) * height)[:, None, None]  # (n, 1, 1): a picture's first row of h

    def pixels(down, right):
        row = first + within(top + down, height)  # (n, h, w)
        return tf.gather(rows, row * width + within(left + right, width))  # (n, h, w, c)

    def between(one, other, fraction):
        return one + (other - one) * fraction[..., None]  # (n, h, w, c)

    above, below = (between(pixels(down, 0), pixels(down, 1), x - left) for down in (0, 1))
    return between(above, below, y - top)  # (n, h, w, c)
