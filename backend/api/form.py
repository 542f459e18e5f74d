"""Reads forms as they come: small fields into memory, a file straight to disk."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from backend.api.errors import BadRequestError, SlowUploadError
from backend.contract.flash_map import BLANK_CHIP_PARTS, Part
from backend.flash_parts import MAX_PART_BYTES
from backend.storage import Incoming

_T = TypeVar("_T")

MAX_FIELDS = 20
FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FIELD_BYTES = 4096
MAX_SMALL_FORM_BYTES = 16 * 1024
STALLED_AFTER_S = 30
_LINGER_BYTES = 16 * 1024 * 1024
_LINGER_S = 2.0


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What an upload's form holds beside its `file`."""

    fields: dict[str, str]
    parts: dict[Part, bytes]


def small_form(
    *,
    required: Sequence[str],
    properties: Mapping[str, Mapping[str, str]],
    example: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what OpenAPI says of a route that takes a form of small fields."""
    schema: dict[str, Any] = {
        "type": "object",
        "required": list(required),
        "properties": dict(properties),
    }
    if example is not None:
        schema["example"] = dict(example)
    return {"requestBody": {"content": {FORM_TYPE: {"schema": schema}}}}


async def read_upload(request: Request, incoming: Incoming) -> UploadForm:
    """Write the form's `file` to `incoming`, and return the rest.

    Fields may come in any order; those named after a part (`bootloader`, …) hold small files.
    Raises BadRequestError, SlowUploadError or UploadTooLargeError; ClientDisconnect where the
    sender is gone.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequestError("Send a multipart form with the fields file, version and platform.")
    parser = _Parser(options[b"boundary"])
    async for chunk in body_of(request):
        for data in parser.feed(chunk):
            await incoming.write(data)
    if not parser.is_complete:
        raise BadRequestError("The form is cut off: its last boundary is missing.")
    if not parser.has_file:
        raise BadRequestError("The form has no field file with the image.", field="file")
    incoming.filename = parser.filename
    return UploadForm(parser.fields, parser.small_files)


async def read_small_form(request: Request) -> dict[str, str]:
    """Return the fields of a form or JSON object of at most 16 KiB; raises BadRequestError."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    body = await _small_body(request)
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        parser = _Parser(options[b"boundary"])
        for _ in parser.feed(body):
            raise BadRequestError("This form takes no file.")
        return parser.fields
    if kind == b"application/json":
        return _json_fields(body)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadRequestError("The form cannot be read.") from None
    return dict(pairs)


async def read_json(request: Request, type_: type[_T]) -> _T:
    """Return a JSON object of at most 16 KiB as a struct; raises BadRequestError."""
    try:
        return msgspec.json.decode(await _small_body(request), type=type_)
    except msgspec.ValidationError as error:
        field = str(error).partition("$.")[2].rstrip("`").partition(".")[0] or None
        raise BadRequestError(f"The form does not fit: {error}.", field=field) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("Expected a JSON object.") from None


async def _small_body(request: Request) -> bytes:
    body = b""
    async for chunk in body_of(request):
        body += chunk
        if len(body) > MAX_SMALL_FORM_BYTES:
            raise BadRequestError("The form is larger than 16 KiB.")
    return body


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in pieces; raises SlowUploadError when nothing comes any more."""
    more = True
    while more:
        try:
            async with asyncio.timeout(STALLED_AFTER_S):
                message = await request.receive()
        except TimeoutError:
            raise SlowUploadError(f"Nothing came for {STALLED_AFTER_S} s.") from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def discard_body(request: Request) -> None:
    """Read what still comes, for a while: a sender reads our answer only when it has sent."""
    if "expect" in request.headers:
        return  # it waits for our word before it sends
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_S):
            while left > 0:
                message = await request.receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


class _Parser:
    """Collects the fields of a multipart form, and hands out the bytes of its file."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.small_files: dict[Part, bytes] = {}
        self.filename = ""
        self.has_file = False
        self.is_complete = False
        self._name = ""
        self._is_file = False
        self._text = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._file_data: list[bytes] = []
        self._parts = 0
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError:
            raise BadRequestError("The form's boundary is too long.") from None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a piece of the body; returns the bytes of the file in it."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise BadRequestError("The form is not well-formed.") from None
        data, self._file_data = self._file_data, []
        return data

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._add_header(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add_header(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_data,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._complete,
        }

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise BadRequestError(f"The form has more than {MAX_FIELDS} fields.")
        self._headers = {}
        self._text = bytearray()

    def _add_header(self, side: int, data: bytes) -> None:
        self._header[side].extend(data)

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _begin_data(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        self._is_file = self._name == "file"
        if self._is_file:
            if self.has_file:
                raise BadRequestError("The form has more than one file.", field="file")
            self.has_file = True
            self.filename = options.get(b"filename", b"").decode(errors="replace")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._file_data.append(data[start:end])
            return
        self._text += data[start:end]
        max_bytes = MAX_PART_BYTES if self._name in BLANK_CHIP_PARTS else MAX_FIELD_BYTES
        if len(self._text) > max_bytes:
            raise BadRequestError(
                f"The field is longer than {max_bytes} bytes.", field=self._name[:64]
            )

    def _end_part(self) -> None:
        if self._name in BLANK_CHIP_PARTS:
            self.small_files[Part(self._name)] = bytes(self._text)
        elif not self._is_file:
            self.fields[self._name] = self._text.decode(errors="replace")

    def _complete(self) -> None:
        self.is_complete = True


def _json_fields(body: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(body, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequestError("Expected a JSON object with texts.") from None
