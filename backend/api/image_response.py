"""Sends an image: its length always, one part or several when asked, nothing when unchanged."""

import secrets
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.api.byte_ranges import UnsatisfiableRangeError, matches_etag, parse_ranges
from backend.firmware import FirmwareInfo

_TYPE = b"application/octet-stream"
Headers = list[tuple[bytes, bytes]]


class ImageResponse(Response):
    """A response with one image, out of one `bytes` that all downloads share.

    Never chunked and never compressed: v1 clocks read neither.
    """

    def __init__(self, request: Request, info: FirmwareInfo, image: bytes, *, attach: bool) -> None:
        """`attach`: tell a browser to save it under its file name."""
        self._is_head = request.method == "HEAD"
        self._choice = _choose(request, info, image)
        self.status_code = self._choice.status
        self.background = None
        self.raw_headers = [
            *self._choice.headers,
            (b"etag", f'"{info.sha256}"'.encode()),
            (b"accept-ranges", b"bytes"),
            (b"last-modified", format_datetime(info.uploaded_at, usegmt=True).encode()),
            (b"cache-control", b"private, no-cache"),
        ]
        if self._choice.status != 304:
            size_bytes = sum(len(part) for part in self._choice.parts)
            self.raw_headers.append((b"content-length", str(size_bytes).encode()))
        if attach:
            self.raw_headers.append((b"content-disposition", _disposition(info.filename)))

    @property
    def begins(self) -> bool:
        """Whether this hands out the image from its first byte: a download, not a part of one."""
        return self._choice.begins and not self._is_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send(start | {"headers": self.raw_headers})
        parts = [] if self._is_head else self._choice.parts
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": parts[-1] if parts else b""})


@dataclass(frozen=True, slots=True)
class _Choice:
    """Status, the headers that go with it, and the body in pieces."""

    status: int
    headers: Headers
    parts: list[bytes]
    begins: bool = False


def _choose(request: Request, info: FirmwareInfo, image: bytes) -> _Choice:
    wanted = {
        name: value.decode("latin-1")
        for name, value in request.scope["headers"]
        if name in _CONDITIONS
    }
    whole = _Choice(200, [(b"content-type", _TYPE)], [image], begins=True)
    if not wanted:
        return whole
    etag = f'"{info.sha256}"'
    if matches_etag(wanted.get(b"if-none-match"), etag):
        return _Choice(304, [], [])
    if wanted.get(b"if-range", etag) != etag or request.method != "GET":
        return whole
    try:
        ranges = parse_ranges(wanted.get(b"range"), len(image))
    except UnsatisfiableRangeError:
        return _Choice(416, [(b"content-range", f"bytes */{len(image)}".encode())], [])
    if ranges is None:
        return whole
    return _one(*ranges[0], image) if len(ranges) == 1 else _several(ranges, image)


_CONDITIONS = frozenset({b"range", b"if-range", b"if-none-match"})


def _one(start: int, end: int, image: bytes) -> _Choice:
    headers = [(b"content-type", _TYPE), (b"content-range", _content_range(start, end, image))]
    return _Choice(206, headers, [image[start:end]], begins=start == 0)


def _several(ranges: list[tuple[int, int]], image: bytes) -> _Choice:
    boundary = secrets.token_hex(12).encode()
    parts: list[bytes] = []
    for start, end in ranges:
        parts.append(
            b"--%b\r\nContent-Type: %b\r\nContent-Range: %b\r\n\r\n"
            % (boundary, _TYPE, _content_range(start, end, image))
        )
        parts += [image[start:end], b"\r\n"]
    parts.append(b"--%b--\r\n" % boundary)
    headers = [(b"content-type", b"multipart/byteranges; boundary=" + boundary)]
    return _Choice(206, headers, parts, begins=any(start == 0 for start, _ in ranges))


def _content_range(start: int, end: int, image: bytes) -> bytes:
    return b"bytes %d-%d/%d" % (start, end - 1, len(image))


def _disposition(filename: str) -> bytes:
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}".encode()
