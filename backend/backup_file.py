"""The file of a backup: what lies in it in which order, written and read as a stream.

A tar of small members, so that nothing is ever whole in memory: `backup.json` says what is
in it, then come the secrets, files of the data folder, images by their SHA-256, and the
database as `pg_dump` wrote it, cut into pieces. `manifest.json` comes last, with the size and
the SHA-256 of each: a file without it is half a backup.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FORMAT = 1
ABOUT, MANIFEST, SECRETS = "backup.json", "manifest.json", "secrets.json"
FILES, IMAGES, DATABASE = "files/", "images/", "database/"
PIECE_BYTES = 4 * 1024 * 1024
LARGEST_MEMBER_BYTES = 512 * 1024 * 1024


class BackupError(Exception):
    """A backup cannot be made or restored; the text is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class About:
    """What is in a backup, in numbers and words that need no database to be read."""

    made_at: str
    product: str
    schema: str
    postgres: str
    counts: dict[str, int]
    settings: dict[str, str]
    """What the environment set when it was made, without secrets: a new place needs it too."""
    missing_images: list[str]
    """Images that the database knows and that could not be read."""


class BackupWriter:
    """Writes a backup beside its place and moves it there whole; readable by its owner only."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
        self._members: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._stream = os.fdopen(os.open(self._temporary, flags, 0o600), "wb")
        self._tar = tarfile.open(fileobj=self._stream, mode="w")
        return self

    def add(self, name: str, data: bytes | bytearray) -> None:
        """Add one member."""
        self._put(name, data)
        digest = hashlib.sha256(data).hexdigest()
        self._members.append({"name": name, "size_bytes": len(data), "sha256": digest})

    def finish(self) -> int:
        """Write the manifest, bring all of it to the disk, and return the file's size in bytes."""
        self._put(MANIFEST, json.dumps({"format": FORMAT, "members": self._members}).encode())
        self._tar.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._temporary.replace(self.file)
        return self.file.stat().st_size

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)

    def _put(self, name: str, data: bytes | bytearray) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))


def check_file(file: Path) -> About:
    """Read all of a backup once and return what is in it; raises BackupError where it is not."""
    seen: list[dict[str, Any]] = []
    about, manifest = None, None
    for name, data in members_of(file):
        if manifest is not None:
            raise BackupError(f"{file}: something follows the end of the backup.")
        if name == MANIFEST:
            manifest = _json_of(file, data)
            continue
        if name == ABOUT:
            about = _about_of(file, data)
        digest = hashlib.sha256(data).hexdigest()
        seen.append({"name": name, "size_bytes": len(data), "sha256": digest})
    if about is None or manifest is None:
        raise BackupError(f"{file} is not a whole backup: its end is missing. Take another copy.")
    damaged = _first_difference(manifest.get("members"), seen)
    if damaged:
        raise BackupError(f"{file} is damaged at {damaged}. Take another copy of it.")
    return about


def members_of(file: Path) -> Iterator[tuple[str, bytes]]:
    """Give the members of a backup in their order; raises BackupError."""
    try:
        with tarfile.open(file, mode="r|") as tar:
            for member in tar:
                if not member.isreg() or member.size > LARGEST_MEMBER_BYTES:
                    raise BackupError(f"{file} is no backup of ours: {member.name!r} is in it.")
                content = tar.extractfile(member)
                yield member.name, content.read() if content else b""
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file} is no backup, or not all of one: {error}.") from None


def _about_of(file: Path, data: bytes) -> About:
    words = _json_of(file, data)
    if words.get("format") != FORMAT:
        raise BackupError(
            f"{file} has the format {words.get('format')}, this version of skiclock reads"
            f" {FORMAT}. Restore it with the version that made it ({words.get('product')})."
        )
    try:
        return About(**{name: words[name] for name in About.__dataclass_fields__})
    except KeyError as error:
        raise BackupError(f"{file} is no backup of ours: {error} is missing in it.") from None


def _json_of(file: Path, data: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError):
        raise BackupError(f"{file} is damaged: what it says of itself is no JSON.") from None


def _first_difference(wanted: object, seen: list[dict[str, Any]]) -> str:
    """Return the name of the first member that is not as the manifest says; empty: all are."""
    members = wanted if isinstance(wanted, list) else []
    for said, found in zip(members, seen, strict=False):
        if said != found:
            return str(found["name"])
    return "" if len(members) == len(seen) else MANIFEST
