"""The upload button: what a chosen photo leads to."""

import io
from datetime import datetime

import pytest
from PIL import Image

from utils.photos import ask_for_photo


def upload(box, content):
    file = {"name": "photo.png", "type": "image/png", "size": len(content), "content": content}
    box.children[0].value = ({**file, "last_modified": datetime.now()},)


def png(colour):
    stream = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(stream, "png")
    return stream.getvalue()


def test_each_photo_is_shown_to_the_function():
    seen = []
    box = ask_for_photo(lambda file: seen.append(Image.open(file).getpixel((0, 0))))
    upload(box, png((1, 2, 3)))
    upload(box, png((4, 5, 6)))
    assert seen == [(1, 2, 3), (4, 5, 6)]


def test_a_file_that_is_no_picture_gives_its_sentence_and_the_next_one_works(capsys):
    def show(file):
        content = file.read()
        if content == b"text":
            raise ValueError("This file cannot be read as a picture.")
        return len(content)

    box = ask_for_photo(show)
    upload(box, b"text")
    assert "cannot be read as a picture" in capsys.readouterr().out
    upload(box, b"four")
    assert "4" in capsys.readouterr().out


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="without brackets"):
        ask_for_photo("show_prediction")
