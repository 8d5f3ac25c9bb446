"""`utils.hashes`: digests of files, and lists of them."""

import hashlib
import subprocess

import pytest

from utils import hashes
from utils.hashes import parse_list, read_list, sha256, write_list

ONE, OTHER = "1" * 64, "ab" * 32


def test_digest_of_a_file(tmp_path):
    data = bytes(range(256)) * 5000  # more than is read at once
    (tmp_path / "a").write_bytes(data)
    assert sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_list_comes_back_and_sha256sum_takes_it(tmp_path):
    (tmp_path / "my pets.zip").write_bytes(b"pets")
    digests = {"my pets.zip": sha256(tmp_path / "my pets.zip")}
    write_list(tmp_path / "SHA256SUMS", digests)
    assert read_list(tmp_path / "SHA256SUMS") == digests
    assert {file.name for file in tmp_path.iterdir()} == {"my pets.zip", "SHA256SUMS"}
    try:
        command = ["sha256sum", "--check", "SHA256SUMS"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    except FileNotFoundError:
        pytest.skip("no sha256sum here")


def test_list_is_written_whole_or_not_at_all(tmp_path):
    write_list(tmp_path / "SHA256SUMS", {"a.zip": ONE})
    with pytest.raises(UnicodeEncodeError):
        write_list(tmp_path / "SHA256SUMS", {"b.zip": OTHER, "\udc80": ONE})
    assert read_list(tmp_path / "SHA256SUMS") == {"a.zip": ONE}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_forms_of_a_list(encoding, end):
    text = end.join([f"{ONE}  é.zip", f"{OTHER.upper()} *two words.zip", "", f"{ONE} ./c.zip", ""])
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    assert parse_list((mark + text).encode(encoding), "SHA256SUMS") == {
        "é.zip": ONE,
        "two words.zip": OTHER,
        "c.zip": ONE,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("<html>Sign in</html>", "line 1 is not a digest and a file name: '<html>Sign"),
        (f"{ONE}\n", "line 1 is not a digest"),
        (f"{ONE}  a.zip\n{'1' * 32}  b.zip\n", "line 2 has a digest of 32 digits"),
        (f"{'1' * 128}  a.zip", "line 1 has a digest of 128 digits"),
        (f"{ONE}  a.zip\n{OTHER}  a.zip\n", "two different digests of a.zip"),
        (f"{ONE}  a.zip\n" * (hashes.LONGEST // 60), "over 1,048,576 bytes"),
    ],
)
def test_what_is_no_list(text, message):
    with pytest.raises(ValueError, match=f"SHA256SUMS.*{message}.*sha256sum"):
        parse_list(text.encode(), "SHA256SUMS")


def test_endless_list_is_not_read_to_its_end():
    with pytest.raises(ValueError, match="over 1,048,576 bytes"):
        read_list("/dev/zero")
