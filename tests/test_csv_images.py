"""`utils.csv_images`: pictures that come as numbers."""

import time

import numpy as np
import pytest
from little_sets import ZIP, grey, label_csv

from utils.csv_images import read_label_csv


def test_csv_pictures_come_back_pixel_by_pixel(tmp_path):
    file = tmp_path / "a.csv"
    for text in (label_csv(grey(5), [24, 0, 3, 8, 10]), label_csv(grey(1), [7])):
        file.write_text(text)
        images, labels = read_label_csv(str(file))
        assert (images.dtype, labels.dtype) == (np.uint8, np.int32)
        assert images.shape == (len(labels), 28, 28, 1)
        assert np.array_equal(images.reshape(-1, 784), grey(len(labels)))
        assert images[0, 1, 0, 0] == grey(len(labels))[0, 28]  # row by row
        assert len(set(labels)) == len(labels) and labels[0] in (24, 7)
        again = read_label_csv(write_as_windows_does(file))
        assert np.array_equal(again[0], images)


def write_as_windows_does(file):
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    return file


def edited(old, new):
    """The lines of a sound file of four pictures, with the first field `old` replaced."""
    return label_csv(np.full((4, 784), 17), [1, 2, 3, 4]).replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (label_csv([], []), "holds no pictures"),
        (edited("label", "Label"), "line 1 should be label,pixel1.*'Label,pixel1"),
        (edited("label,", ""), "line 1 should be"),
        (edited("pixel784\n", "pixel784,pixel785\n"), "line 1 should be"),
        ("1" + ",17" * 784 + "\n", "line 1 should be"),
        (edited("\n3,17", "\n3"), "line 4 has 784 values, but should have 785"),
        (edited("\n3,17", "\n3,17,17"), "line 4 has 786 values"),
        (edited("\n3,17", "\n\n3,17"), "line 4 is empty"),
        (edited("\n4,17,17", "\n4,17,256"), "line 5: pixel2 is '256'.*from 0 to 255"),
        (edited("\n4,17,17", "\n4,17,-1"), "line 5: pixel2 is '-1'"),
        (edited("\n4,17,17", "\n4,17,1.5"), "line 5: pixel2 is '1.5'"),
        (edited("\n4,17,17", "\n4,17,"), "line 5: pixel2 is ''"),
        (edited("\n4,", "\nfour,"), "line 5: label is 'four'"),
    ],
)
def test_csv_file_with_a_fault_names_the_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_label_csv(tmp_path / "a.csv")
    assert str(tmp_path / "a.csv") in str(caught.value)


def test_csv_file_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*a.csv"):
        read_label_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(ZIP)
    with pytest.raises(ValueError, match="not a text file"):
        read_label_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("<html>Sign in</html>")
    with pytest.raises(ValueError, match="'<html>Sign in</html>'"):
        read_label_csv(tmp_path / "a.csv")


def test_csv_file_has_to_be_named():
    for value in (None, ("train.csv", "test.csv"), object()):
        with pytest.raises(TypeError, match="one CSV file, such as dataset.tables"):
            read_label_csv(value)


def test_large_csv_file_is_read_in_seconds(tmp_path):
    (tmp_path / "a.csv").write_text(label_csv(np.tile(grey(500), (10, 1)), [1] * 5000))
    start = time.process_time()  # not disturbed by what else the machine does
    images, _ = read_label_csv(tmp_path / "a.csv")
    assert len(images) == 5000
    assert time.process_time() - start < 1  # 27,455 pictures in five times that
