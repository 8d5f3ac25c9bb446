"""Downloads from a server that misbehaves: what is said, what is kept, and that it ends well."""

import re

import pytest
import requests
from bad_server import (
    answer,
    bad_server,  # noqa: F401  (a fixture)
    cut_after,
    head,
    honest,
    in_chunks,
    page,
    raw,
    silence,
    squeezed,
    without_ranges,
)
from little_sets import ZIP, leftovers, real, sha256, write_mirror

from utils import downloads, registry
from utils.registry import Archive, Entry

N = len(ZIP)
LENGTH = f"Content-Length: {N}"
COUNTS = {"Cat": 4, "Puppy": 4}
RETRY = r"could not be downloaded \((?s:.*)\)\. Call fetch again later.*are kept.*COURSE_MIRROR"
SIGN_IN = "web page.*sign in.*call fetch again.*are kept"


@pytest.fixture
def server(bad_server, clean_environment, monkeypatch):  # noqa: F811
    bad_server.files["pets.zip"] = ZIP
    return bad_server


def register(monkeypatch, url, *, digest=True):
    archive = Archive(url, N, sha256(ZIP) if digest else None)
    entry = Entry((archive,), "Pets", None, ("Cat", "Puppy"), "free", "")
    monkeypatch.setitem(registry.DATASETS, "pets", entry)


@pytest.fixture
def registered(server, monkeypatch, request):
    if "silence" in request.node.name:
        monkeypatch.setattr(downloads, "PATIENCE", (5, 0.5))
    register(monkeypatch, f"{server.url}/pets.zip")


def downloaded(tmp_path):
    return {n.split("/")[1] for n in leftovers(tmp_path) if n.startswith("downloads/")}


def part_of(tmp_path):
    (part,) = (tmp_path / "data/downloads").glob("*.part")
    return part


# ---------------------------------------------------------------- refused, then done


def moved(place):
    return answer("302 Found", f"Location: {place}", "Content-Length: 0")


REFUSED = {
    "400": (answer("400 Bad", "Content-Length: 0"), "(400)"),
    "403": (answer("403 Forbidden", "Content-Length: 0"), "(403)"),
    "404": (answer("404 Not Found", "Content-Length: 0"), "(404)"),
    "407 of a proxy": (answer("407 Sign In", "Content-Length: 0"), "(407)"),
    "416 of the whole": (answer("416 No More", f"Content-Range: bytes */{N}"), "(416)"),
    "429 too many": (answer("429 Too Many", "Retry-After: 5"), "(429)"),
    "500": (answer("500 Oops", "Content-Length: 0"), "(500)"),
    "503 with a page": (page("503 Busy"), "(503)"),
    "511 with a page": (page("511 Sign In"), "(511)"),
    "redirection to nowhere": (moved("http://"), "connection"),
    "redirection to a file": (moved("file:///etc/passwd"), "connection"),
    "redirection to ftp": (moved("ftp://127.0.0.1/pets.zip"), "connection"),
    "redirection to no host": (moved(f"http://{'a' * 80}..example/"), "connection"),
    "redirection to half an address": (moved("http://[1/"), "connection"),
    "redirection to no port": (moved("http://127.0.0.1:99999999/"), "connection"),
    "redirection to no text": (moved("http://\xff\xfe/"), "connection"),
    "silence": (silence(), "connection"),
    "silence in the head": (silence(b"HTTP/1.1 200 OK\r\nContent-Le"), "connection"),
    "hanging up": (raw(b""), "connection"),
    "no HTTP": (raw(b"\x00\xff\x10 hello\r\n\r\n"), "connection"),
    "status 0": (answer("000 What", LENGTH, body=ZIP), "connection"),
    "endless line": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"), "connection"),
    "endless head": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 300 + b"\r\n"), "connection"),
    "endless continuation": (raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 500), "connection"),
    "two lengths": (answer("200 OK", LENGTH, "Content-Length: 5", body=ZIP), "connection"),
    "chunks that are none": (
        answer("200 OK", "Transfer-Encoding: chunked", body=b"zz\r\n" + ZIP),
        "connection",
    ),
    "compressed, it says": (answer("200 OK", "Content-Encoding: gzip", body=ZIP), "connection"),
    "cut within the first piece": (answer("200 OK", LENGTH, body=ZIP[:1000]), "connection"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refusal_is_told_and_the_next_call_succeeds(server, registered, tmp_path, fault):
    trick, words = REFUSED[fault]
    server.tricks = [trick] * (2 if "nowhere" in fault else 1)
    server.otherwise = raw(b"")
    with pytest.raises(ConnectionError, match=RETRY) as caught:
        real(tmp_path)
    assert words in str(caught.value)
    assert leftovers(tmp_path) == set()
    server.tricks, server.otherwise = [], honest
    assert real(tmp_path).counts == COUNTS
    assert downloaded(tmp_path) == {"pets.zip"}


def test_redirection_in_a_circle_ends(server, registered, tmp_path):
    server.otherwise = moved("/pets.zip")
    with pytest.raises(ConnectionError, match=RETRY):
        real(tmp_path)
    assert len(server.asked) < 50
    assert leftovers(tmp_path) == set()


PAGES = {
    "a page": page(),
    "a page as a part": page("206 Part"),
    "a page where a redirection should be": page("302 Found"),
    "nothing, 204": answer("204 None"),
    "nothing, 304": answer("304 Same"),
    "nothing, of length 0": answer("200 OK", "Content-Length: 0"),
    "a part from the middle": answer(
        "206 Part", f"Content-Range: bytes 5-{N - 1}/{N}", body=ZIP[5:]
    ),
}


@pytest.mark.parametrize("arrived", [0, 200_000])
@pytest.mark.parametrize("what", PAGES)
def test_what_is_no_archive_costs_nothing(server, registered, tmp_path, what, arrived):
    if arrived:
        interrupt(server, tmp_path)
    before = {f: f.read_bytes() for f in (tmp_path / "data").rglob("*.part")}
    server.otherwise = PAGES[what]
    with pytest.raises(ConnectionError, match=SIGN_IN):
        real(tmp_path)
    assert {f: f.read_bytes() for f in (tmp_path / "data").rglob("*.part")} == before
    server.otherwise = honest
    server.asked.clear()
    assert real(tmp_path).counts == COUNTS
    assert (server.asked[0][1] is not None) == bool(arrived)


# ---------------------------------------------------------------- odd, but done


ODD = {
    "in chunks": raw(head("200 OK", "Transfer-Encoding: chunked") + in_chunks(ZIP) + b"0\r\n\r\n"),
    "no length": answer("200 OK", body=ZIP),
    "the same length twice": answer("200 OK", LENGTH, LENGTH, body=ZIP),
    "the same length twice in a line": answer("200 OK", f"{LENGTH}, {N}", body=ZIP),
    "a negative length": answer("200 OK", "Content-Length: -5", body=ZIP),
    "a length in letters": answer("200 OK", "Content-Length: abc", body=ZIP),
    "a length in other digits": answer("200 OK", "Content-Length: \xb2", body=ZIP),
    "a length of 5,000 digits": answer("200 OK", f"Content-Length: {'9' * 5000}", body=ZIP),
    "compressed unasked": squeezed,
    "compressed, unknown": answer("200 OK", LENGTH, "Content-Encoding: br", body=ZIP),
    "a damaged cookie": answer("200 OK", LENGTH, "Set-Cookie: \xff=\x01; max-age=9e99", body=ZIP),
    "an unknown status": answer("299 Fine", LENGTH, body=ZIP),
    "continuation first": raw(b"HTTP/1.1 100 Go\r\n\r\n" + head("200 OK", LENGTH) + ZIP),
}


@pytest.mark.parametrize("answered", ODD)
def test_odd_answers_that_hold_the_archive(server, registered, tmp_path, answered):
    server.tricks = [ODD[answered]]
    assert real(tmp_path).counts == COUNTS
    assert len(server.asked) == 1
    assert downloaded(tmp_path) == {"pets.zip"}


# ---------------------------------------------------------------- cut


@pytest.mark.parametrize("tenth", range(10))
def test_cut_at_every_tenth_goes_on_there(server, registered, tmp_path, tenth):
    server.tricks, server.otherwise = [cut_after(N * tenth // 10)], raw(b"")
    with pytest.raises(ConnectionError, match=RETRY):
        real(tmp_path)
    server.otherwise = honest
    have = sum(part.stat().st_size for part in (tmp_path / "data").rglob("*.part"))
    assert N * tenth // 10 - 2**16 < have <= N * tenth // 10
    server.asked.clear()
    assert real(tmp_path).counts == COUNTS
    assert server.asked == [("pets.zip", f"bytes={have}-" if have else None)]


CUTS = {
    "in chunks": raw(head("200 OK", "Transfer-Encoding: chunked") + in_chunks(ZIP)[:150_000]),
    "by silence": silence(head("200 OK", LENGTH) + ZIP[:150_000]),
    "with a version of no text": raw(head("200 OK", LENGTH, 'ETag: "\xff"') + ZIP[:150_000]),
    "with a version of two lines": raw(head("200 OK", LENGTH, 'ETag: "a\tb"') + ZIP[:150_000]),
    "with a weak version": raw(head("200 OK", LENGTH, 'ETag: W/"1"') + ZIP[:150_000]),
    "compressed": lambda r: r.send(
        head("200 OK", "Content-Encoding: gzip", f"Content-Length: {N}") + ZIP[:150_000]
    ),
}


@pytest.mark.parametrize("how", CUTS)
def test_cut_and_finished_in_two_calls_at_most(server, registered, tmp_path, how):
    server.tricks = [CUTS[how]]
    try:
        assert real(tmp_path).counts == COUNTS
    except ConnectionError:
        assert real(tmp_path).counts == COUNTS
    assert len(server.asked) == 2
    assert downloaded(tmp_path) == {"pets.zip"}


def interrupt(server, tmp_path):
    """Leave a part of about 200 kB behind."""
    server.tricks = [cut_after(200_000), raw(b"")]
    with pytest.raises(ConnectionError):
        real(tmp_path)
    server.asked.clear()


def part(stated, body=None, *lines):
    """Answer with a part that calls itself `stated`; {0} in it is where it should begin."""

    def trick(request):
        data = request.data[request.start :] if body is None else body(request)
        text = stated.format(request.start)
        request.send(head("206 Part", f"Content-Range: {text}", *lines) + data)

    return trick


PARTS = {  # what is answered, and how many requests it takes in all
    "the right part": (honest, 1),
    "the whole": (without_ranges, 1),
    "another total": (part(f"bytes {{0}}-{N + 4}/{N + 5}"), 2),
    "an unknown total": (part(f"bytes {{0}}-{N - 1}/*"), 2),
    "another start": (part(f"bytes 5-{N - 1}/{N}"), 2),
    "a range in letters": (part("bytes x-y/z"), 2),
    "a range of 5,000 digits": (part(f"bytes {{0}}-9/{'9' * 5000}"), 2),
    "no range": (answer("206 Part", body=ZIP[200_000:]), 2),
    "several parts": (answer("206 Part", "Content-Type: multipart/byteranges", body=b"--x"), 2),
    "a compressed part": (part(f"bytes {{0}}-{N - 1}/{N}", None, "Content-Encoding: gzip"), 2),
    "416 without a range": (answer("416 No More", "Content-Length: 0"), 2),
    "416 of an unknown total": (answer("416 No More", "Content-Range: bytes */*"), 2),
    "a page": (part(f"bytes {{0}}-{N - 1}/{N}", lambda r: b"<html>"), 2),
}


@pytest.mark.parametrize("answered", PARTS)
def test_answers_to_going_on(server, registered, tmp_path, answered):
    interrupt(server, tmp_path)
    trick, requests_in_all = PARTS[answered]
    server.tricks = [trick]
    if answered == "a page":  # as many bytes as it likes: the digest tells
        server.tricks = [part(f"bytes {{0}}-{N - 1}/{N}", lambda r: b"<" * (N - r.start))]
        with pytest.raises(ValueError, match="not the archive it should be.*call fetch again"):
            real(tmp_path)
        assert leftovers(tmp_path) == set()
    assert real(tmp_path).counts == COUNTS
    assert len(server.asked) == requests_in_all
    assert downloaded(tmp_path) == {"pets.zip"}


@pytest.mark.parametrize("status", ["412 Failed", "500 Oops", "404 Gone"])
def test_refusal_to_go_on_keeps_the_part(server, registered, tmp_path, status):
    interrupt(server, tmp_path)
    before = part_of(tmp_path).read_bytes()
    server.otherwise = answer(status, "Content-Length: 0")
    with pytest.raises(ConnectionError, match=RETRY):
        real(tmp_path)
    assert part_of(tmp_path).read_bytes() == before
    server.otherwise = honest
    assert real(tmp_path).counts == COUNTS
    assert server.asked[-1] == ("pets.zip", f"bytes={len(before)}-")


def test_archive_changed_between_two_parts(server, monkeypatch, tmp_path):
    register(monkeypatch, f"{server.url}/pets.zip", digest=False)
    interrupt(server, tmp_path)
    changed = ZIP[:300_000] + bytes(100) + ZIP[300_100:]
    server.files["pets.zip"] = changed
    with pytest.raises(ValueError, match="cannot be unpacked"):
        real(tmp_path)
    assert (tmp_path / "data/downloads/pets.zip").read_bytes() == changed, "no mixture"


def test_line_that_is_cut_again_and_again(server, registered, tmp_path):
    server.otherwise = cut_after(100_000)
    assert real(tmp_path).counts == COUNTS
    assert 4 < len(server.asked) < 15


# ---------------------------------------------------------------- wrong


def test_wrong_length_is_refused_before_it_is_read(server, registered, tmp_path):
    server.otherwise = answer("200 OK", f"Content-Length: {N + 5}", body=ZIP + b"12345")
    with pytest.raises(ValueError, match=f"offers {N + 5:,} bytes instead of {N:,}.*fetch again"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("length", [LENGTH, "X: y"])
def test_wrong_content_is_told_and_not_kept(server, registered, tmp_path, length):
    server.tricks = [answer("200 OK", length, body=ZIP[:-1] + b"!")]
    with pytest.raises(ValueError, match="not the archive it should be.*call fetch again"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()
    assert real(tmp_path).counts == COUNTS


# ---------------------------------------------------------------- no way there


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/pets.zip", "http://no-such-host.invalid/pets.zip"],
    ids=["connection refused", "DNS failure"],
)
def test_no_way_there(server, monkeypatch, tmp_path, url):
    register(monkeypatch, url)
    with pytest.raises(ConnectionError, match=f"{RETRY}.*") as caught:
        real(tmp_path)
    assert "no connection" in str(caught.value)
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize(
    "proxy",
    ["http://127.0.0.1:9", "http://[1", "nonsense://x", "http://:x"],
    ids=["nobody there", "half an address", "of no known kind", "no host"],
)
def test_proxy_that_does_not_work(server, registered, monkeypatch, tmp_path, proxy):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    with pytest.raises(ConnectionError, match=RETRY) as caught:
        real(tmp_path)
    assert ":9" not in proxy or "HTTP_PROXY" in str(caught.value)
    assert leftovers(tmp_path) == set()


def test_proxy_that_works(server, monkeypatch, tmp_path):
    register(monkeypatch, "http://pets.invalid/pets.zip")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    server.files["http://pets.invalid/pets.zip"] = ZIP
    assert real(tmp_path).counts == COUNTS


# ---------------------------------------------------------------- a mirror's list


@pytest.fixture
def mirrored(server, registered, monkeypatch, tmp_path):
    folder = write_mirror(tmp_path / "mirror", {"pets.zip": ZIP})
    server.files = {f"m/{file.name}": file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setenv("COURSE_MIRROR", f"{server.url}/m")


LISTS = {
    "404": answer("404 Not Found"),
    "500": answer("500 Oops"),
    "a page": page(),
    "silence": silence(),
    "hanging up": raw(b""),
    "a circle": moved("/m/SHA256SUMS"),
    "a redirection to half an address": moved("http://[1/"),
    "nothing": answer("200 OK", "Content-Length: 0"),
    "cut": cut_after(30),
    "no compression": answer("200 OK", "Content-Encoding: gzip", body=b"hello"),
    "other digests": answer("200 OK", body=b"d41d8cd98f00b204e9800998ecf8427e  pets.zip\n"),
    "no end": lambda r: r.send(head("200 OK") + b"0" * 3_000_000),
}


@pytest.mark.parametrize("answered", LISTS)
def test_mirror_without_a_list_that_can_be_read(server, mirrored, tmp_path, answered):
    server.otherwise = LISTS[answered]
    with pytest.raises(FileNotFoundError, match="COURSE_MIRROR.*no SHA256SUMS.*unset"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()
    server.otherwise = honest
    assert real(tmp_path).counts == COUNTS


def test_mirror_that_lists_what_it_does_not_hold(server, mirrored, tmp_path):
    del server.files["m/pets.zip"]
    with pytest.raises(ConnectionError, match=re.escape("pets.zip could not be downloaded (404)")):
        real(tmp_path)
    assert leftovers(tmp_path) == set()


def test_mirror_that_holds_something_else(server, mirrored, tmp_path):
    server.files["m/pets.zip"] = ZIP[:-1] + b"!"
    with pytest.raises(ValueError, match="not the archive it should be"):
        real(tmp_path)
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize(
    "place",
    ["http://[1", "http://a b/", f"http://{'a' * 80}.x/"],
    ids=["half an address", "with a blank", "of an endless name"],
)
def test_mirror_that_is_no_address(registered, monkeypatch, tmp_path, place):
    monkeypatch.setenv("COURSE_MIRROR", place)
    with pytest.raises(FileNotFoundError, match="COURSE_MIRROR.*no SHA256SUMS"):
        real(tmp_path)


def test_errors_of_the_download_library_are_connection_errors():
    assert issubclass(requests.RequestException, OSError), "as the callers of `_get` assume"
