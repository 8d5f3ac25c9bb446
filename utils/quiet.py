"""Import TensorFlow without the messages it prints while starting up.

Import this module first, then TensorFlow as usual. The messages (about optional CPU
instructions, missing graphics cards and the like) come from C++ code that writes to file
descriptor 2 directly, before any log level is heeded; so that descriptor is diverted while
TensorFlow is imported and looks for devices. It does not set them up yet: `tf.config` can still
limit a graphics card's memory, for example, until the first operation. One Python warning is left
out as well, with which Keras complains of a default of its own. This is the only place that
silences anything.
"""

import os
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress

# `fit` has shuffle=True by default and, given a tf.data.Dataset, warns that it was passed.
warnings.filterwarnings("ignore", message="`shuffle=True` was passed, but will be ignored")

# Later on, information and warnings from C++ stay hidden and errors are shown.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def silenced_stderr():
    """Divert file descriptor 2 to a temporary file; if the block fails, show what was diverted.

    Works on the descriptor, not on `sys.stderr`, which in Jupyter is not a file. Where
    descriptor 2 is closed there is nothing to silence, and the block simply runs.
    """
    try:
        saved = os.dup(2)
    except OSError:
        yield
        return
    with suppress(AttributeError, OSError, ValueError):  # stderr may be missing or closed
        sys.stderr.flush()
    with tempfile.TemporaryFile() as diverted:
        try:
            os.dup2(diverted.fileno(), 2)
            yield
        except BaseException:
            os.dup2(saved, 2)
            diverted.seek(0)
            os.write(2, diverted.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


# An import that was interrupted leaves parts of TensorFlow behind, and the next one fails on them.
_left_behind = "tensorflow" not in sys.modules and any(
    n.startswith("tensorflow.") for n in sys.modules
)
try:
    with silenced_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()  # noisy as well, where it finds no driver for instance
except Exception as error:
    if not _left_behind:
        raise
    raise ImportError(
        "TensorFlow was interrupted while it was imported, and this Python cannot import it any "
        "more. Start anew: in a notebook, Kernel > Restart Kernel; then run the cells from the top."
    ) from error
