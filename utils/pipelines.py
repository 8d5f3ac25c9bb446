"""Turn a folder of class folders into batches that `model.fit` can take.

The path of a picture: decode, resize, keep as bytes; then, epoch by epoch: shuffle, batch,
convert to float32, augment, prefetch.
"""

# First of all, so that TensorFlow starts without its messages.
from utils import quiet  # noqa: F401

# isort: split
import io
import os
import shutil
import tempfile
import weakref
from math import pi

import numpy as np
import tensorflow as tf

from utils.splits import pictures_by_class


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
    no smaller than `image_size`. The files are not needed afterwards.

    Each epoch of a training set brings the pictures in a new order, drawn picture by picture.
    Orders and augmentation depend on `seed` and the number of epochs begun since the data set
    was made, on nothing else: two data sets made alike give the same batches, epoch by epoch.

    Args:
        directory: folder with one folder per class; label 0 is the first class name in sorted
            order, and so on.
        image_size: height and width of the result, in pixels.
        batch_size: pictures in a batch; the last batch of an epoch may be smaller.
        training: True shuffles; False keeps the sorted order, the same in every epoch.
        augment: for training only, a function `(images, seed) -> images` on a float32 batch and
            an int64 seed of shape (2,), which is new for each batch; see `random_affine`.
        limit_per_class: take only so many pictures of each class, chosen by the seed; a smaller
            choice is always contained in a larger one. None takes all.
        seed: decides orders, augmentation and which pictures a limit leaves.
        memory_budget: bytes that the decoded pictures, number x height x width x 3, may take in
            memory (twice that for a moment, while they are read). Beyond it they are kept in a
            temporary folder instead, which goes away with the data set or when Python ends.

    Returns:
        A `tf.data.Dataset` of (images, labels): float32 (batch, height, width, 3) in 0–255 and
        int32 (batch,). `len()` gives the number of batches. It has the attributes `class_names`
        and `file_paths`, two lists of str; the latter is in sorted, unshuffled order.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if there are no pictures, one of them cannot be decoded (the message names
            it), or an argument makes no sense.
        OSError: if the decoded pictures fit neither in the budget nor on the disk.
    """
    if augment is not None and not training:
        raise ValueError(
            "augment is for training pictures only: validation and test pictures stay as they "
            "are, or their accuracy would mean nothing. Pass training=True, or leave augment out."
        )
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} should be at least 1.")
    classes = pictures_by_class(directory)
    if limit_per_class is not None:
        classes = {k: _limit(k, files, limit_per_class, seed) for k, files in classes.items()}
    files = [str(file) for files in classes.values() for file in files]
    if not files:
        raise ValueError(
            f"The class folders of {directory} ({', '.join(classes)}) hold no pictures. "
            "Put .jpg, .png, .bmp or .gif files into them."
        )
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), list(map(len, classes.values())))
    take, folder = _decode_all(files, image_size, memory_budget)
    # TensorFlow operations alone from here on: a Python function called by the threads that
    # prefetch could keep Python from ending.
    with tf.device("CPU"):
        epochs = tf.Variable(0, dtype=tf.int64)  # begun so far

    def begin_epoch(_):
        epoch = epochs.assign_add(1)
        for_order, for_batches = tf.unstack(tf.random.split((seed, epoch), 2))
        order = tf.range(len(files), dtype=tf.int64)
        if training:
            order = tf.random.experimental.stateless_shuffle(order, for_order)
        return order, for_batches

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
        .map(finish, num_parallel_calls=tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(-(-len(files) // batch_size)))
        .prefetch(tf.data.AUTOTUNE)
    )
    if folder:  # goes with the data set, or when Python ends
        weakref.finalize(dataset, shutil.rmtree, folder, ignore_errors=True)
    dataset.class_names = list(classes)
    dataset.file_paths = files
    return dataset


def random_affine(flip=True, rotation=0.1, translation=0.1, zoom=0.1, contrast=0.0):
    """Make an augmentation for `image_dataset`: flip, turn, shift and zoom in a single step.

    The factors mean what they mean in Keras' RandomFlip("horizontal"), RandomRotation,
    RandomTranslation, RandomZoom and RandomContrast, applied in this order. Those four
    geometric layers resample the picture four times; here their matrices are multiplied first
    and the picture is resampled once, which is faster and keeps it sharper. What comes in from
    outside the frame is the picture's own mirror image.

    Args:
        flip: True mirrors every other picture left to right.
        rotation: largest angle, as a fraction of a full turn, either way.
        translation: largest shift, as a fraction of height and of width, either way.
        zoom: largest change of scale, as a fraction, in or out; keeps the proportions.
        contrast: largest change of contrast, as a fraction; 0 leaves the pixel values alone.

    Returns:
        A function `(images, seed) -> images`: float32 (batch, height, width, 3) in 0–255, with
        a stateless seed of shape (2,). The same seed gives the same result.

    Raises:
        ValueError: if a factor is negative, or too large to make sense.
    """
    factors = {"rotation": rotation, "translation": translation, "zoom": zoom, "contrast": contrast}
    for name, factor in factors.items():
        if not 0 <= factor < 1:
            raise ValueError(
                f"{name}={factor} should be a fraction from 0 up to, not including, 1."
            )

    def augment(images, seed):
        number, height, width, _ = tf.unstack(tf.shape(images))
        draws = tf.random.stateless_uniform((6, number), seed, minval=-1.0, maxval=1.0)
        side, angle, down, right, scale, strength = tf.unstack(draws)

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

    Takes any format that Pillow knows. A phone stores a photo as the sensor saw it and notes
    which way is up: such a photo is turned upright first (`image_dataset` does not do that).

    Args:
        source: a path, the file's bytes, or an open binary file.
        image_size: height and width of the result, in pixels.

    Returns:
        float32 array (height, width, 3) in 0–255; `photo[None]` makes a batch of one.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a picture, or a damaged one.
    """
    from PIL import Image, ImageOps

    height, width = image_size
    stream = io.BytesIO(source) if isinstance(source, (bytes, bytearray, memoryview)) else source
    try:
        with Image.open(stream) as photo:
            lies_on_its_side = photo.getexif().get(0x0112, 1) >= 5  # the Orientation tag
            # The same reduced decoding as in `_decode`; other formats than JPEG ignore it.
            photo.draft("RGB", (height, width) if lies_on_its_side else (width, height))
            pixels = np.array(ImageOps.exif_transpose(photo).convert("RGB"))
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        name = f"{source}" if isinstance(source, (str, os.PathLike)) else "This file"
        raise ValueError(
            f"{name} cannot be read as a picture ({error}). Try another photo, or save this one "
            "as JPEG or PNG first."
        ) from error
    return _resize(pixels, image_size).numpy().astype(np.float32)


def _limit(name, files, limit, seed):
    if not 1 <= limit <= len(files):
        raise ValueError(
            f"limit_per_class={limit} should be between 1 and {len(files)}, the number of "
            f"pictures of class {name!r}."
        )
    chosen = np.random.default_rng(seed).permutation(len(files))[:limit]
    return [files[i] for i in sorted(chosen)]


def _decode_all(files, image_size, memory_budget):
    """Decode the files once and keep the bytes, in memory or in a temporary folder.

    Returns:
        A function from int64 indices to the uint8 pictures (number, height, width, 3), and the
        temporary folder that it needs, or None.
    """
    shape = (len(files), *image_size, 3)
    size = int(np.prod(shape, dtype=np.int64))
    if size <= memory_budget:
        with tf.device("CPU"):
            pixels = tf.concat(list(_decoded(files, image_size)), axis=0)
        return lambda chosen: tf.gather(pixels, chosen), None

    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > free:  # say so now rather than halfway
        raise OSError(
            f"The decoded pictures need {size / 2**30:.1f} GiB, more than memory_budget, and "
            f"{tempfile.gettempdir()} has {free / 2**30:.1f} GiB free. Use a smaller image_size."
        )
    folder = tempfile.mkdtemp(prefix="pictures-")
    try:
        pictures = (picture for some in _decoded(files, image_size) for picture in some.numpy())
        for number, picture in enumerate(pictures):
            with open(os.path.join(folder, str(number)), "wb") as stream:
                stream.write(picture)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise

    def read(number):
        return tf.io.read_file(tf.strings.join([folder, tf.strings.as_string(number)], os.sep))

    def take(chosen):
        pictures = tf.map_fn(read, chosen, fn_output_signature=tf.string)
        return tf.reshape(tf.io.decode_raw(pictures, tf.uint8), (-1, *shape[1:]))

    return take, folder


def _decoded(files, image_size):
    """Yield uint8 tensors (number, height, width, 3) of 32 pictures or, at the end, fewer."""
    options = tf.data.Options()
    options.threading.max_intra_op_parallelism = 1  # pictures side by side keep all cores busy
    decoded = (
        tf.data.Dataset.from_tensor_slices(files)
        .map(lambda file: _decode(file, image_size), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(32)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )
    done = 0
    try:
        for some in decoded:
            yield some
            done += len(some)
    except tf.errors.OpError:
        # The batch that failed is known; which file of it, and why, is worth a second look.
        for file in files[done : done + 32]:
            _check_decodes(file, image_size)
        raise


def _decode(file, image_size):
    data = tf.io.read_file(file)
    height, width = image_size

    def decode_jpeg():
        shape = tf.io.extract_jpeg_shape(data)
        fraction = tf.minimum(shape[0] // height, shape[1] // width)
        # libjpeg can leave out the fine frequencies while decoding, which is much faster. Its
        # accurate cosine transform is the one that Pillow uses, so `load_image` agrees.
        options = [
            lambda ratio=ratio: tf.io.decode_jpeg(
                data, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE"
            )
            for ratio in (1, 2, 4, 8)
        ]
        return tf.switch_case(sum(tf.cast(fraction >= r, tf.int32) for r in (2, 4, 8)), options)

    def decode_other():
        return tf.io.decode_image(data, channels=3, expand_animations=False)

    return _resize(tf.cond(tf.io.is_jpeg(data), decode_jpeg, decode_other), image_size)


def _check_decodes(file, image_size):
    try:
        _decode(file, image_size)
    except tf.errors.OpError as error:
        raise ValueError(
            f"{file} cannot be read as a picture. Move it out of its class folder, or get the "
            "data set with utils.datasets.fetch, which sets broken pictures aside."
        ) from error


def _resize(pixels, image_size):
    pixels = tf.ensure_shape(pixels, (None, None, 3))
    resized = tf.image.resize(pixels, image_size, method="bilinear")
    return tf.cast(resized + 0.5, tf.uint8)  # rounds; interpolation never leaves 0–255


def _affine_matrix(*, mirror, angle, down, right, scale, height, width):
    """Where the pixels come from: two rows of three entries, each with a value per picture.

    Measured from the middle of the picture, output (x, y) comes from F·R·(scale·(x, y) - shift)
    with the mirroring F and the rotation R: the last step of the augmentation is undone first.
    """
    middle_x, middle_y = tf.cast(width - 1, tf.float32) / 2, tf.cast(height - 1, tf.float32) / 2
    cos, sin = tf.cos(angle), tf.sin(angle)
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
    number, height, width, channels = tf.unstack(tf.shape(images))
    x, y = tf.meshgrid(tf.range(width, dtype=tf.float32), tf.range(height, dtype=tf.float32))
    (xx, xy, x0), (yx, yy, y0) = tf.nest.map_structure(lambda v: v[:, None, None], matrix)
    x, y = xx * x + xy * y + x0, yx * x + yy * y + y0
    left, top = tf.floor(x), tf.floor(y)

    def within(position, size):
        period = tf.cast(2 * size, tf.float32)
        position -= period * tf.floor(position / period)
        return tf.cast(tf.minimum(position, period - 1 - position), tf.int32)

    rows = tf.reshape(images, (-1, channels))
    first = (tf.range(number) * height)[:, None, None]

    def pixels(down, right):
        row = first + within(top + down, height)
        return tf.gather(rows, row * width + within(left + right, width))

    def between(one, other, fraction):
        return one + (other - one) * fraction[..., None]

    above, below = (between(pixels(down, 0), pixels(down, 1), x - left) for down in (0, 1))
    return between(above, below, y - top)
