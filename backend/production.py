"""The way to the production server: what it has published, its files, and what is sent to it.

Nothing that it says is believed: answers are decoded against their types, lengths are bounded,
and a file is handed on once it has the SHA-256 that was listed.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar

import httpx
import msgspec

from backend.contract import paths
from backend.contract.flash_map import Part
from backend.errors import Refusal

CONNECT_S, STALL_S = 5.0, 20.0
MAX_LIST_BYTES = 16 * 1024 * 1024
TRIES = 3

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(gt=0)]
Word = Annotated[str, msgspec.Meta(max_length=200)]


class ProductionAwayError(Refusal):
    """The production server did not answer, or not as one of ours does."""

    code: ClassVar[str] = "production_away"


class ProductionRefusedError(Refusal):
    """The production server answered, and would not."""

    code: ClassVar[str] = "production_refused"


class DamagedFileError(Refusal):
    """What came is not what was listed."""

    code: ClassVar[str] = "damaged_file"


class OfferedPart(msgspec.Struct, frozen=True):
    """A part for blank chips, as the list has it."""

    part: Part
    size: Size
    sha256: Hash


class Offered(msgspec.Struct, frozen=True):
    """A version that production has."""

    platform: Word
    version: Word
    size: Size
    sha256: Hash
    filename: Word = ""
    signature: Word | None = None
    parts: tuple[OfferedPart, ...] = ()


class _List(msgspec.Struct, frozen=True):
    firmware: tuple[Offered, ...]


class Production:
    """One production server. `key` opens its list and files, `upload_key` its upload."""

    def __init__(self, url: str, key: str, upload_key: str = "") -> None:
        self.url = url
        self.can_send = bool(url and upload_key)
        self._key = key
        self._upload_key = upload_key

    async def offered(self) -> tuple[Offered, ...]:
        """Return what is published there, newest first by platform."""
        async with self._client() as client, _asking(self.url):
            async with client.stream("GET", paths.FIRMWARE_LIST) as answer:
                body = await _read(answer, MAX_LIST_BYTES)
            _check(answer, body)
        try:
            return msgspec.json.decode(body, type=_List).firmware
        except msgspec.MsgspecError as error:
            raise ProductionAwayError(
                f"{self.url} does not answer as a Ski Clock server of this age does: {error}."
            ) from None

    async def fetch(
        self, offered: Offered, part: Part, file: Path, *, size_bytes: int, sha256: str
    ) -> None:
        """Bring a file, going on where a try before this one ended.

        Raises DamagedFileError, ProductionAwayError or ProductionRefusedError.
        """
        for left in range(TRIES - 1, -1, -1):
            try:
                await self._fetch_rest(offered, part, file, size_bytes, sha256)
                break
            except ProductionAwayError:
                if not left:
                    raise
        if await asyncio.to_thread(_hash_of, file) != sha256:
            await asyncio.to_thread(file.unlink)
            raise DamagedFileError(
                f"The {part} that {self.url} sent does not have the SHA-256 that it lists."
            )

    async def send(
        self, fields: Mapping[str, str], application: bytes, parts: Mapping[Part, bytes]
    ) -> bool:
        """Publish there; False where that version is there already."""
        files: dict[str, tuple[str, bytes]] = {"file": ("firmware.bin", application)}
        files |= {part.value: (f"{part}.bin", data) for part, data in parts.items()}
        async with self._client(self._upload_key) as client, _asking(self.url):
            answer = await client.post(paths.UPLOAD, data=dict(fields), files=files)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        _check(answer, answer.content)
        return True

    async def _fetch_rest(
        self, offered: Offered, part: Part, file: Path, size_bytes: int, sha256: str
    ) -> None:
        have_bytes = await asyncio.to_thread(_size_of, file)
        if have_bytes >= size_bytes:
            return
        query = {"version": offered.version}
        if part is not Part.APPLICATION:
            query["part"] = part
        headers = {}
        if have_bytes:
            headers = {"range": f"bytes={have_bytes}-", "if-range": f'"{sha256}"'}
        path = paths.FIRMWARE.format(platform=offered.platform)
        async with (
            self._client() as client,
            _asking(self.url),
            client.stream("GET", path, params=query, headers=headers) as answer,
        ):
            if answer.status_code not in {200, 206}:
                _check(answer, await _read(answer, MAX_LIST_BYTES))
            if answer.status_code == httpx.codes.OK:
                have_bytes = 0
            with file.open("ab" if have_bytes else "wb") as stream:
                async for piece in answer.aiter_raw():
                    have_bytes += len(piece)
                    if have_bytes > size_bytes:
                        break  # its hash will say what to think of it
                    await asyncio.to_thread(stream.write, piece)

    @asynccontextmanager
    async def _client(self, key: str = "") -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(
            base_url=self.url,
            headers={paths.API_KEY_HEADER: key or self._key, "accept-encoding": "identity"},
            timeout=httpx.Timeout(STALL_S, connect=CONNECT_S),
        ) as client:
            yield client


@asynccontextmanager
async def _asking(url: str) -> AsyncIterator[None]:
    """Give every failure on the way one name."""
    try:
        yield
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ProductionAwayError(f"{url} cannot be reached: {reason}.") from None


async def _read(answer: httpx.Response, max_bytes: int) -> bytes:
    body = b""
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > max_bytes:
            raise ProductionAwayError(f"{answer.url.host} sends more than any list has.")
    return body


def _check(answer: httpx.Response, body: bytes) -> None:
    """Raise what an answer says where it is no success."""
    if answer.is_success:
        return
    try:
        said = str(msgspec.json.decode(body, type=dict[str, object])["error"])[:300]
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError):
        said = f"It answered {answer.status_code}."
    if answer.is_server_error:
        raise ProductionAwayError(f"{answer.url.host}: {said}")
    raise ProductionRefusedError(f"{answer.url.host}: {said}")


def _size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _hash_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
