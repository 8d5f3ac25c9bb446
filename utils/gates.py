"""The gates at the entrance: what a public function takes, decided once for the whole course.

A gate takes what a learner may write, accepts whatever has one meaning only, and returns it in one
form. It refuses the rest with a sentence that says what to write instead.
"""

import os
import re
from collections.abc import Mapping
from numbers import Integral, Real

from utils.pictures import upright_pixels


def whole_number(value, name, least=0):
    """Return `value` as an int of at least `least`; NumPy numbers and 32.0 count as whole.

    >>> whole_number(32.0, "batch_size", 1)
    32

    Raises:
        ValueError: it is something else; the message calls it `name`.
    """
    if getattr(value, "shape", None) == ():  # a single number of NumPy or TensorFlow
        value = value.numpy() if hasattr(value, "numpy") else value
        value = value.item() if hasattr(value, "item") else value
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or value != value or abs(value) == float("inf") or int(value) != value:
        raise ValueError(f"{name}={value!r} should be a whole number, {least} or more.")
    if value < least:
        raise ValueError(f"{name}={value} should be at least {least}.")
    return int(value)


def seed(value):
    """Return a seed as an int.

    Raises:
        ValueError: it is no whole number. None would mean another result with each call.
    """
    if value is None:
        raise ValueError(
            "seed=None would give another result each time. Give a whole number, such as seed=0."
        )
    return whole_number(value, "seed")


def fraction(value, name):
    """Return `value` as a float from 0 up to, not including, 1.

    Raises:
        ValueError: it is something else; the message calls it `name`.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < 1:
        raise ValueError(
            f"{name}={value!r} should be a fraction from 0 up to, not including, 1, such as 0.1."
        )
    return float(value)


def image_size(value):
    """Return (height, width) in pixels as two ints; one number means a square.

    >>> image_size(96)
    (96, 96)

    Raises:
        ValueError: it is no such pair, or a side is not from 1 to 4,096.
    """
    sides = (value, value) if isinstance(value, Integral) else value
    try:
        height, width = sides
        height, width = whole_number(height, "height", 1), whole_number(width, "width", 1)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"image_size={value!r} should be height and width in pixels, such as (96, 96)."
        ) from error
    if max(height, width) > 4096:
        raise ValueError(f"image_size={value!r} is too large: at most 4,096 pixels a side.")
    return height, width


def yes_or_no(value, name):
    """Return `value` as a bool.

    Raises:
        ValueError: it is something else, such as "False", which Python counts as true.
    """
    if type(value).__name__ not in ("bool", "bool_"):  # bool_: NumPy's
        raise ValueError(f"{name}={value!r:.60} should be True or False.")
    return bool(value)


def week(value, weeks=None):
    """Return the number of a week as an int; "1" and "week1" are week 1 as well.

    Raises:
        ValueError: it is no such number, or none of `weeks`, those that there are.
    """
    number = re.sub(r"^week\s*(?=\d+$)", "", value) if isinstance(value, str) else value
    number = int(number) if isinstance(number, str) and number.isdecimal() else number
    try:
        number = whole_number(number, "week", 1)
    except ValueError:
        number = None
    if number is None or weeks is not None and number not in weeks:
        among = ", ".join(map(str, weeks or (1, 2, "…")))
        raise ValueError(f"There is no week {value!s:.60}. There are: {among}.")
    return number


def numbers(values, name, ndim=1):
    """Return finite numbers as a float64 array of `ndim` dimensions.

    >>> numbers((1, 2), "margins")
    array([1., 2.])

    Raises:
        ValueError: they are something else; the message calls them `name`.
    """
    import numpy as np

    array = None
    try:
        # A tensor of bfloat16, or a list of single tensors, is an array of numbers only now.
        array = np.asarray(values)
        array = array.astype(np.float64) if array.dtype.kind != "U" else None
    except (TypeError, ValueError):
        pass
    if array is None or array.ndim != ndim or not np.all(np.isfinite(array)):
        shapes = ("one number", "a list of numbers", "rows and columns of numbers")
        form = shapes[ndim] if ndim < len(shapes) else f"an array of {ndim} dimensions"
        raise ValueError(f"{name}={values!r:.60} should be {form}, none of them NaN or infinite.")
    return array


def shares(values, name):
    """Return shares between 0 and 1, one or several, as a 1-D float64 array; NaN stays.

    >>> shares(0.5, "guess"), shares([], "runs")
    (array([0.5]), array([], dtype=float64))

    Raises:
        ValueError: they are something else, such as per cent; the message calls them `name`.
    """
    import numpy as np

    try:
        array = np.asarray(values).astype(np.float64).ravel()
    except (TypeError, ValueError):
        array = np.array([-1.0])
    if np.any(array < 0) or np.any(array > 1 + 1e-6) or isinstance(values, str):
        raise ValueError(
            f"{name} should be shares between 0 and 1, not {values!r:.60}; divide per cent by 100."
        )
    return array


def by_name(value, name, what):
    """Return a dict from names to something as a dict with at least one entry.

    Raises:
        TypeError: it is something else; the message says what each name stands for: `what`.
        ValueError: it is empty.
    """
    if not isinstance(value, Mapping):
        raise TypeError(
            f'{name} should be a dict from names to {what}, such as {{"first": …}}, not '
            f"{value!r:.60}."
        )
    if not value:
        raise ValueError(f"{name} is empty: give a name and its {what}.")
    return dict(value)


# ---------------------------------------------------------------- classes


def class_names(value):
    """Return the names of the classes as a list of str, in the order of the class numbers.

    >>> class_names(("Cat", "Dog"))
    ['Cat', 'Dog']

    Args:
        value: a list, tuple or 1-D array of str; or the class numbers 0, 1, 2 … themselves.

    Raises:
        TypeError: it is something else, such as a set or a dict: these have no sure order.
        ValueError: there are none, one stands twice, or numbers are not those of the classes.
    """
    names = value.numpy() if hasattr(value, "numpy") else value  # TensorFlow's
    names = names.tolist() if getattr(names, "ndim", None) == 1 else names
    if isinstance(names, (list, tuple, range)):
        names = [name.decode() if isinstance(name, bytes) else name for name in names]
    whole = isinstance(names, list) and all(
        isinstance(name, (str, Integral)) and not isinstance(name, bool) for name in names
    )
    if not whole:
        raise TypeError(
            f"class_names={value!r:.60} should be a list of names in the order of the class "
            'numbers, such as ["Cat", "Dog"].'
        )
    if any(not isinstance(name, str) and name != index for index, name in enumerate(names)):
        # With labels 1 and 2 the names [1, 2, 3] would stand for 0, 1 and 2.
        raise ValueError(
            f"class_names={names!r:.60} are numbers, but not 0, 1, 2 …, as classes are numbered. "
            "If they are names, write them as texts: [str(name) for name in names]."
        )
    names = [str(name) for name in names]
    if not names:
        raise ValueError("class_names is empty: each class needs a name.")
    if len(set(names)) < len(names):
        raise ValueError(f"class_names={names!r:.60} has a name twice: each class needs its own.")
    return names


def labels(values, names, name="labels"):
    """Return the classes of n pictures as an int array (n,).

    >>> labels(["Dog", "Cat"], ["Cat", "Dog"]), labels([[0, 1], [1, 0]], ["Cat", "Dog"])
    (array([1, 0]), array([1, 0]))

    Args:
        values: class numbers, shape (n,) or (n, 1), of any dtype as long as they are whole; names
            of classes; one-hot rows (n, classes); or, for two classes, False and True.
        names: the classes' names, as `class_names` returns them.
        name: what messages call the values.

    Raises:
        ValueError: they are something else, or a class is not among the names.
    """
    import numpy as np

    array = _array(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.shape[1] == len(names) and _is_one_hot(array):
        return array.argmax(axis=1)
    if array.ndim != 1:
        raise ValueError(
            f"{name} of shape {array.shape} should be one class per picture, or one-hot rows of "
            f"{len(names)}; np.concatenate joins a list of batches."
        )
    if array.dtype.kind == "U":
        unknown = sorted(set(array.tolist()) - set(names))
        if unknown:
            raise ValueError(f"{name} contain {unknown[0]!r}, but the classes are {names}.")
        return np.array([names.index(text) for text in array], dtype=int)
    if array.dtype.kind == "b" and len(names) != 2:
        raise ValueError(f"{name} are True and False, but there are {len(names)} classes.")
    if not np.all(np.isfinite(array)) or np.any(array != np.rint(array)):
        raise ValueError(f"{name} should be whole numbers, one class per picture.")
    if array.size and not 0 <= array.min() <= array.max() < len(names):
        raise ValueError(
            f"{len(names)} class names number the classes 0 to {len(names) - 1}, but among the "
            f"{name} there is a {array.max() if array.max() >= len(names) else array.min():g}."
        )
    return array.astype(int)


def probabilities(values, count):
    """Return the probabilities of `count` classes for n pictures as float64 (n, count).

    >>> probabilities([0.25, 0.5], 2)
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])

    Args:
        values: of each class, shape (n, count), rows adding up to 1; or, for two classes, those of
            class 1, shape (n,) or (n, 1).
        count: number of classes.

    Raises:
        ValueError: they are something else, such as logits, per cent, NaN or class numbers.
    """
    import numpy as np

    array = _array(values, "probabilities")
    classes = array.dtype.kind in "iu" and (array.ndim == 1 or array.shape[1:] == (1,))
    if array.dtype.kind not in "fiu":
        raise ValueError("probabilities should be numbers between 0 and 1.")
    array = array.astype(np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    columns = 2 if array.ndim == 1 else array.shape[-1]
    if array.ndim not in (1, 2) or columns != count:
        raise ValueError(
            f"There are {count} class names, but probabilities of shape {np.shape(values)}: "
            f"{count} classes need shape (n, {count}){' or (n,)' if count == 2 else ''}."
        )
    if np.isnan(array).any():
        raise ValueError("Some probabilities are NaN: the model, or a division by zero, gave none.")
    if array.size and not -1e-6 <= array.min() <= array.max() <= 1 + 1e-6:
        raise ValueError(
            f"Probabilities lie between 0 and 1, these run from {array.min():.4g} to "
            f"{array.max():.4g}. If the model ends without an activation, apply keras.ops.sigmoid "
            "or keras.ops.softmax to its predictions first; divide per cent by 100."
        )
    if classes and array.size:
        raise ValueError(
            "These are class numbers, which do not say how sure the model was, not probabilities. "
            "Give what model.predict returned."
        )
    if array.ndim == 1:
        return np.stack([1 - array, array], axis=1)
    sums = array.sum(axis=1)
    if np.any(np.abs(sums - 1) > 0.01):  # half precision is off by a few thousandths
        worst = sums[np.abs(sums - 1).argmax()]
        raise ValueError(
            f"The probabilities of a picture add up to 1, not to {worst:.4g}: end the model with a "
            "softmax."
        )
    return array


def graded(shares):
    """Check that probabilities (n, classes) say how sure the model was.

    Raises:
        ValueError: all of them are 0 or 1.
    """
    if len(shares) and ((shares == 0) | (shares == 1)).all():
        raise ValueError(
            "All of these probabilities are 0 or 1, which does not say how sure the model was. "
            "Give what model.predict returned, not the predicted classes."
        )


def predictions(values, names):
    """Return the predicted classes of n pictures as an int array (n,).

    >>> predictions([[0.2], [0.7]], ["Cat", "Dog"])
    array([0, 1])

    Args:
        values: what `labels` takes; or the model's answers: for each class, shape (n, classes),
            of which the largest counts, or, for two classes, probabilities of class 1, shape (n,)
            or (n, 1), of which those above 0.5 count.
        names: the classes' names, as `class_names` returns them.

    Raises:
        ValueError: they are something else, such as logits or per cent for class 1, or NaN.
    """
    import numpy as np

    array = _array(values, "predictions")
    if array.dtype.kind == "f":
        if array.ndim == 2 and array.shape[1] == len(names) > 1:
            if not np.all(np.isfinite(array)):
                raise ValueError("Some predictions are NaN or infinite.")
            if not np.all((array == 0) | (array == 1)):
                return array.argmax(axis=1)  # logits have their largest where probabilities do
        elif array.ndim == 2 or np.any(array != np.rint(array)):
            return probabilities(array, len(names)).argmax(axis=1)
    return labels(array, names, "predictions")


def titles(values, count):
    """Return the titles of `count` pictures as a list of str; None where there are none.

    >>> titles([0, 1], 2)
    ['0', '1']

    Raises:
        TypeError: they have no order, or are a single text for several pictures.
        ValueError: there are too many or too few.
    """
    if values is None:
        return None
    if isinstance(values, str) and count == 1:
        values = [values]
    if isinstance(values, (str, bytes, set, frozenset, dict)) or not hasattr(values, "__iter__"):
        raise TypeError(f"titles={values!r:.60} should be a list with one text per picture.")
    plain = [value.numpy() if hasattr(value, "numpy") else value for value in values]
    if any(getattr(value, "shape", ()) for value in plain):
        raise TypeError(
            "titles should be one text or number per picture, but some are arrays: of one-hot "
            "rows, take np.argmax(labels, axis=1)."
        )
    texts = [value.decode() if isinstance(value, bytes) else str(value) for value in plain]
    if len(texts) != count:
        raise ValueError(f"{count} pictures need {count} titles, but there are {len(texts)}.")
    return texts


def _array(values, name):
    """Return numbers or texts as an array with at least one dimension."""
    import numpy as np

    if hasattr(values, "element_spec"):
        raise TypeError(
            f"{name} should be an array, not a data set: for the labels of one, write "
            "np.concatenate([labels for _, labels in dataset])."
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:  # lists of unequal lengths
        raise ValueError(
            f"{name} should be one array with an entry per picture; np.concatenate joins a list "
            "of batches."
        ) from error
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16
        array = array.astype(np.float32)
    if array.dtype.kind == "S" or (array.dtype.kind == "O" and array.size):  # of TensorFlow
        texts = [text.decode() if isinstance(text, bytes) else text for text in array.flat]
        if all(isinstance(text, str) for text in texts):
            array = np.array(texts).reshape(array.shape)
    if array.ndim == 0 or array.dtype.kind not in "biufU":
        raise ValueError(f"{name}={values!r:.60} should be a list or an array, one per picture.")
    return array


def _is_one_hot(array):
    return array.dtype.kind in "biuf" and bool(
        ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
    )


# ---------------------------------------------------------------- pictures


def picture_list(images, name="images"):
    """Return pictures one by one, in a list, as they are: no file is opened.

    Args:
        images: one picture or a list of them: paths, PIL images, arrays or tensors of shape
            (height, width), (height, width, 1), (height, width, 3) or, with transparency,
            (height, width, 4); or a batch of such arrays.
        name: what messages call them.

    Returns:
        A list of paths, PIL images and NumPy arrays (height, width) or (height, width, 3 or 4).

    Raises:
        TypeError: they are something else, such as a `tf.data.Dataset`.
        ValueError: there are none, or arrays have another shape.
    """
    import numpy as np
    from PIL import Image

    if hasattr(images, "element_spec"):
        raise TypeError(
            f"{name} is a data set. Take one batch first: images, labels = next(iter(dataset))."
        )
    if isinstance(images, (set, frozenset, dict)):
        raise TypeError(
            f"{name} has no order. Give a list; a training data set brings its pictures in ever "
            "new orders, so read its files without training=True."
        )
    if isinstance(images, (str, os.PathLike, Image.Image)):
        return [images]
    if isinstance(images, (list, tuple)) and images and isinstance(images[0], (list, tuple)):
        images = _array(images, name)  # numbers in nested lists
    shape = getattr(images, "shape", None)
    if shape is not None:
        images = np.asarray(images)
        if len(shape) == 3 and shape[0] == 3 < min(shape[1:]) and shape[-1] not in (3, 4):
            raise ValueError(
                f"{name} of shape {tuple(shape)} may be three grey pictures, or one with its "
                f"channels first: write list({name}) for the former, np.moveaxis({name}, 0, -1) "
                "for the latter."
            )
        one = len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3, 4))
        images = [images] if one else images.tolist() if len(shape) == 1 else images
    try:
        items = list(images)
    except TypeError as error:
        raise TypeError(f"{name}={images!r:.60} should be a picture, or a list of some.") from error
    if not items:
        raise ValueError("There are no pictures to show: the list is empty.")
    ranks = [len(getattr(item, "shape", ())) for item in items]
    if len(items) == 2 and ranks in ([3, 1], [4, 1], [4, 2]):
        raise ValueError(
            f"{name} is a pair of images and labels. Give only the images: images, labels = batch."
        )
    return [_one_picture(item, name) for item in items]


def pictures(images, name="images"):
    """Return pictures as a list of uint8 arrays (height, width) or (height, width, 3) in 0–255.

    Whether arrays run from 0 to 1 or to 255 is decided by all of them together. Masks (False and
    True, or 0 and 1) become black and white, 16-bit values are divided by 257, and transparent
    pixels are laid on white. Files are read upright; see `utils.pictures.upright_pixels`.

    >>> import numpy as np
    >>> pictures(np.array([[0.0, 0.5, 1.0]]))
    [array([[  0, 127, 255]], dtype=uint8)]

    Args:
        images: what `picture_list` takes.
        name: what messages call them.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: they are something else, such as a `tf.data.Dataset`.
        ValueError: there are none, a file is damaged, or an array's shape or values are not a
            picture's.
    """
    import numpy as np

    items = picture_list(images, name)
    groups = {}  # arrays of one kind are in one range
    for index, item in enumerate(items):
        if isinstance(item, np.ndarray):
            kind = item.dtype if item.dtype.kind in "iu" else item.dtype.kind
            groups.setdefault(kind, []).append(index)
    for group in groups.values():
        shown = _in_bytes([items[index] for index in group], name)
        for index, array in zip(group, shown, strict=True):
            items[index] = array
    return [item if isinstance(item, np.ndarray) else upright_pixels(item) for item in items]


def _one_picture(item, name):
    """Return a path or a PIL image as it is, and an array with its channels last."""
    import numpy as np
    from PIL import Image

    if isinstance(item, (str, os.PathLike, Image.Image)):
        return item
    if isinstance(item, bytes):  # TensorFlow's texts
        return os.fsdecode(item)
    if not hasattr(item, "shape"):
        raise TypeError(f"{name} should be paths, PIL images or arrays, but there is {item!r:.60}.")
    array = np.asarray(item)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]  # a batch of one
    if array.ndim == 4:
        raise ValueError(f"{name} is a list of batches. Join them first: np.concatenate(images).")
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)) or 0 in array.shape:
        first = array.ndim == 3 and array.shape[0] in (1, 3)
        hint = " Move the channels last: np.moveaxis(picture, 0, -1)." if first else ""
        raise ValueError(
            f"A picture has shape (height, width) or (height, width, 3), not {array.shape}.{hint}"
        )
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} should hold numbers, not {array.dtype}.")
    return array


def _in_bytes(arrays, name):
    """Bring arrays of one kind to uint8, by the range that they have together."""
    import numpy as np

    low, high = np.min([a.min() for a in arrays]), np.max([a.max() for a in arrays])
    dtype = arrays[0].dtype
    if dtype.kind == "f":  # interpolation may overshoot a little
        from_0_to_1 = low >= -0.01 and high <= 1.01
        from_0_to_255 = low >= -2.55 and 10 <= high <= 257.55  # below 10 they would look black
    else:
        from_0_to_1 = low >= 0 and high <= 1  # a mask
        from_0_to_255 = low >= 0 and high <= 255
    if from_0_to_1:
        arrays = [array * np.float32(255) for array in arrays]
    elif dtype == np.uint16 and high > 255:
        arrays = [array // 257 for array in arrays]
    elif not from_0_to_255:
        finite = np.isfinite(low) and np.isfinite(high)
        what = f"run from {low:.4g} to {high:.4g}" if finite else "contain NaN or infinity"
        raise ValueError(
            f"The values of {name} {what}, not from 0 to 255 or from 0 to 1. Show pictures before "
            "they are preprocessed, or bring their values back to 0–255 first."
        )
    return [_on_white(np.clip(array, 0, 255).astype(np.uint8)) for array in arrays]


def _on_white(array):
    """Lay an array with transparency (height, width, 4) on white; return others as they are."""
    import numpy as np

    if array.shape[2:] != (4,):
        return array
    alpha = array[..., 3:] / 255
    return np.rint(array[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def raw_pixels(pixels, model):
    """Check that a network which does its own preprocessing gets pixels that had none.

    Args:
        pixels: array of pictures, of any shape.
        model: a Keras model.

    Raises:
        ValueError: the model begins with a layer that scales 0–255 down, or as a
            `utils.backbones.backbone` does, but the pixels are floats up to 1, negative, or above
            255.
    """
    if not pixels.size or pixels.dtype.kind not in "iuf":
        return
    low, high = pixels.min(), pixels.max()
    scaled = pixels.dtype.kind == "f" and 0 < high <= 1.01
    if (low < 0 or high > 257.55 or scaled) and _takes_raw_pixels(model):
        raise ValueError(
            f"The pixels lie between {low:.3g} and {high:.3g}, but {model.name} does its own "
            "preprocessing and takes raw pixels, 0–255: leave out what changes them before."
        )


def _takes_raw_pixels(model):
    import numpy as np

    for part in _operations(model):
        if part.name == "raw_pixels":
            return True
        if type(part).__name__ == "Rescaling":
            return bool(np.max(part.scale) < 0.1)
        if type(part).__name__ in ("Divide", "TrueDivide"):  # inputs / 255 of a functional model
            arguments = [a for node in part._inbound_nodes for a in node.arguments.args]
            return any(isinstance(a, Real) and a > 10 for a in arguments)
        if getattr(part, "weights", ()):  # what has been learnt comes after the preprocessing
            return False
    return False


def _operations(model):
    for part in getattr(model, "operations", model.layers):
        if hasattr(part, "layers"):
            yield from _operations(part)
        else:
            yield part
