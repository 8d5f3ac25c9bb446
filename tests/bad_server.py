"""A web server that misbehaves on command, on this computer only.

It serves `files` as it should, ranges and versions included, but for the requests that `tricks`
stand for: each request takes the next trick from the list, None being an honest answer. A trick is
a function of the request, `Request`, that sends whatever it likes as bytes.
"""

import gzip
import hashlib
import socketserver
import threading
from dataclasses import dataclass

import pytest


@dataclass
class Request:
    """One request: `send` takes bytes, `data` is the file asked for, None if there is none.

    `wait` returns when the client has hung up.
    """

    send: object
    wait: object
    name: str
    headers: dict
    data: bytes | None

    @property
    def start(self):
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))


def head(status, *lines):
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *lines, "", ""]).encode(
        "latin-1"
    )


def version(data):
    return f'"{hashlib.sha256(data).hexdigest()[:12]}"'


def honest(request, cut=None, ranges=True, versions=True):
    """Answer as a good server does; with `cut`, stop after so many bytes of the body."""
    data = request.data
    if data is None:
        return request.send(head("404 Not Found"))
    etag = [f"ETag: {version(data)}"] if versions else []
    same = request.headers.get("if-range", version(data)) == version(data)
    start = request.start if ranges and same else 0
    length = f"Content-Length: {len(data) - start}"
    if start >= len(data) > 0:
        return request.send(head("416 No More", f"Content-Range: bytes */{len(data)}"))
    if start:
        stretch = f"Content-Range: bytes {start}-{len(data) - 1}/{len(data)}"
        request.send(head("206 Part", length, stretch, *etag))
    else:
        request.send(head("200 OK", length, *etag))
    request.send(data[start:] if cut is None else data[start:][:cut])


def cut_after(number, **options):
    return lambda request: honest(request, number, **options)


def without_ranges(request):
    honest(request, ranges=False)


def answer(status, *lines, body=b""):
    """Always the same answer, whatever is asked for."""
    return lambda request: request.send(head(status, *lines) + body)


def raw(data):
    return lambda request: request.send(data)


def silence(after=b""):
    """Send something, then nothing more until the client hangs up."""

    def trick(request):
        request.send(after)
        request.wait()

    return trick


def page(status="200 OK"):
    body = b"<!DOCTYPE html><html>Welcome to our network. Please sign in.</html>"
    return answer(status, f"Content-Length: {len(body)}", "Content-Type: text/html", body=body)


def squeezed(request):
    """Compress although nobody asked for it."""
    data = gzip.compress(request.data, 1, mtime=0)
    request.send(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(data)}") + data)


def in_chunks(data):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:70_000], data[70_000:]))


class BadServer(socketserver.ThreadingTCPServer):
    """`asked` lists the requests as (name, Range or None)."""

    daemon_threads = allow_reuse_address = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.tricks, self.asked = {}, [], []
        self.otherwise = honest  # once the tricks are used up
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A client that has had enough is no error."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        server, words = self.server, self.rfile.readline().split()
        headers = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            key, _, value = line.partition(":")
            headers[key.lower()] = value.strip()
        name = words[1].decode().lstrip("/").removeprefix(f"{server.url}/")  # by a proxy: all of it
        server.asked.append((name, headers.get("range")))
        trick = (server.tricks.pop(0) if server.tricks else None) or server.otherwise
        trick(Request(self.wfile.write, self.rfile.read, name, headers, server.files.get(name)))


@pytest.fixture
def bad_server():
    with BadServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
