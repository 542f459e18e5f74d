"""Owns which firmware there is, and how a new one becomes public."""

import asyncio
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit, objects
from backend.contract.flash_map import Part, offsets_of
from backend.contract.platforms import (
    ALIASES,
    ESP8266_CHIP_FAMILY,
    LINUX,
    PLATFORMS,
    Platform,
)
from backend.contract.statement import statement
from backend.contract.versions import VersionKey, version_key
from backend.errors import Refusal
from backend.flash_parts import check_parts
from backend.image import ImageInfo, inspect_image
from backend.models import Firmware, FirmwarePart
from backend.packed_image import is_packed, unpack
from backend.signatures import PublicKey, SignatureMissingError, check_signature
from backend.storage import Incoming, Storage

MAX_FILENAME = 200
NO_PARTS: Mapping[Part, bytes] = MappingProxyType({})


class UnknownPlatformError(Refusal):
    """The platform is none of ours, or an alias where its canonical name is needed."""

    code: ClassVar[str] = "unknown_platform"


class BadVersionError(Refusal):
    """The version has neither of the two forms."""

    code: ClassVar[str] = "bad_version"


class DowngradeError(Refusal):
    """The version is lower than the newest one of its platform."""

    code: ClassVar[str] = "downgrade"


class VersionExistsError(Refusal):
    """The version was published before."""

    code: ClassVar[str] = "version_exists"


class FactoryPartsMissingError(Refusal):
    """A blank chip would not start from what was published."""

    code: ClassVar[str] = "factory_parts_missing"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part for blank chips, by the SHA-256 under which it is stored."""

    part: Part
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FirmwareInfo:
    """One published image."""

    id: int
    platform: str
    version: str
    version_key: VersionKey
    filename: str
    size_bytes: int
    sha256: str
    uploaded_at: datetime
    uploaded_by: str
    signature: str | None = None
    """Base64; None: unsigned, which v2 clocks do not install."""
    parts: tuple[StoredPart, ...] = ()

    @property
    def files(self) -> list[str]:
        """Hashes of everything that is stored of it."""
        return [self.sha256, *(one.sha256 for one in self.parts)]

    @property
    def starts_blank_chip(self) -> bool:
        """Whether everything that a blank chip needs was published."""
        if self.platform == LINUX.name:
            return False
        have = {Part.APPLICATION, Part.FLASH_IMAGE, *(one.part for one in self.parts)}
        return set(offsets_of(PLATFORMS[self.platform])) <= have

    def check_starts_blank_chip(self) -> None:
        """Raise FactoryPartsMissingError where a blank chip would not start."""
        if self.platform == LINUX.name:
            raise FactoryPartsMissingError("A Linux program is not flashed over USB.")
        if not self.starts_blank_chip:
            family = PLATFORMS[self.platform].chip_family
            raise FactoryPartsMissingError(
                f"{self.platform} {self.version} was published without boot loader, partition "
                f"table and boot_app0; the application alone would not start a blank {family}. "
                "Publish the archive (.zip) that the build makes."
            )

    def of_part(self, part: Part) -> "FirmwareInfo":
        """Return this firmware with a part's file in place of the application's.

        Raises FactoryPartsMissingError.
        """
        if part in {Part.APPLICATION, Part.FLASH_IMAGE}:
            return self
        for one in self.parts:
            if one.part is part:
                return replace(
                    self,
                    filename=f"{self.platform}-{self.version}-{part}.bin",
                    size_bytes=one.size_bytes,
                    sha256=one.sha256,
                )
        raise FactoryPartsMissingError(f"{self.platform} {self.version} has no {part}.")

    def unpacked(self, image: bytes) -> "FirmwareInfo":
        """Return this firmware with its unpacked image in place of the packed one."""
        return replace(
            self,
            filename=self.filename.removesuffix(".gz"),
            size_bytes=len(image),
            sha256=hashlib.sha256(image).hexdigest(),
        )


class Catalogue:
    """Every published firmware, in memory: clocks ask for the newest all day."""

    def __init__(self, platforms: Mapping[str, Platform] = PLATFORMS) -> None:
        """`platforms`: what this server builds for."""
        self.platforms = platforms
        self.is_loaded = False
        self._by_platform: dict[str, list[FirmwareInfo]] = {}

    async def load(self, session: AsyncSession) -> None:
        """Read the whole catalogue."""
        rows = await session.scalars(select(Firmware).order_by(Firmware.version_key.desc()))
        catalogue: dict[str, list[FirmwareInfo]] = {}
        for row in rows:
            catalogue.setdefault(row.platform, []).append(_info(row))
        self._by_platform = catalogue
        self.is_loaded = True

    def newest(self, platform: str) -> FirmwareInfo | None:
        """Return what clocks of a platform should run."""
        versions = self._by_platform.get(platform)
        return versions[0] if versions else None

    def find(self, platform: str, version: str) -> FirmwareInfo | None:
        """Return one version of a platform, written in either way (2026.01.02.3, 2026.1.2.3)."""
        key = version_key(version)
        return next((one for one in self.versions(platform) if one.version_key == key), None)

    def published(self) -> list[tuple[str, str]]:
        """Return every platform and version, for who wants to see that something changed."""
        return [(one.platform, one.version) for all_ in self._by_platform.values() for one in all_]

    def versions(self, platform: str) -> list[FirmwareInfo]:
        """Return every version of a platform, newest first."""
        return self._by_platform.get(platform, [])

    def add(self, info: FirmwareInfo) -> None:
        """Take over what was committed."""
        others = [one for one in self.versions(info.platform) if one.id != info.id]
        self._by_platform[info.platform] = _newest_first([*others, info])

    def remove(self, info: FirmwareInfo) -> None:
        """Forget what was taken back."""
        others = [one for one in self.versions(info.platform) if one.id != info.id]
        self._by_platform[info.platform] = others


def check_target(
    platform: str, version: str, platforms: Mapping[str, Platform] = PLATFORMS
) -> tuple[Platform, VersionKey]:
    """Return what an upload is for; raises UnknownPlatformError or BadVersionError."""
    if platform in ALIASES:
        raise UnknownPlatformError(
            f"{platform} is an old name of {ALIASES[platform]}; upload it as {ALIASES[platform]}.",
            field="platform",
        )
    if platform not in platforms:
        raise UnknownPlatformError(
            f"There is no platform {platform[:40]!r}; expected one of {', '.join(platforms)}.",
            field="platform",
        )
    key = version_key(version)
    if key is None:
        raise BadVersionError(
            f"{version[:40]!r} is no version; expected YYYY.M.D.BUILD such as 2026.11.24.1, "
            "or vMAJOR.MINOR.PATCH.",
            field="version",
        )
    return platforms[platform], key


async def publish(
    session: AsyncSession,
    incoming: Incoming,
    *,
    platform: str,
    version: str,
    filename: str,
    actor: str,
    address: str | None,
    now: datetime,
    signature: str | None = None,
    parts: Mapping[Part, bytes] = NO_PARTS,
    public_keys: Sequence[PublicKey] = (),
    platforms: Mapping[str, Platform] = PLATFORMS,
    takes_older: bool = False,
) -> FirmwareInfo:
    """Make a received image public; the row is the outbox of the broadcast.

    Where there are public keys, one of them must have signed it. `parts`: what a blank chip
    needs besides. `takes_older`: one below the newest is no mistake.

    The one way for the API, the page and the command line. After the commit the caller
    adds the result to the Catalogue and hurries the announcer. Raises a Refusal: of the
    target (check_target), of the image (backend.image), of the parts (backend.flash_parts),
    of the signature (backend.signatures), VersionExistsError, DowngradeError.
    """
    target, key = check_target(platform, version, platforms)
    if public_keys and not signature:
        raise SignatureMissingError(
            "Firmware must be signed here; send the field signature, as `skiclock sign image` "
            "prints it.",
            field="signature",
        )
    await incoming.finish()
    await asyncio.to_thread(_inspect, incoming, target)
    check_parts(parts, target)
    if signature:
        text_signed = statement(platform, version, incoming.size_bytes, incoming.sha256)
        check_signature(signature, text_signed, public_keys)
    await _check_order(session, target, version, key, takes_older=takes_older)
    await incoming.keep()
    await objects.note_stored(session, incoming.sha256, incoming.size_bytes, now=now)
    row = Firmware(
        platform=platform,
        version=version,
        version_key=list(key),
        filename=clean_filename(filename) or f"{platform}-{version}.bin",
        size_bytes=incoming.size_bytes,
        sha256=incoming.sha256,
        uploaded_at=now,
        uploaded_by=actor,
        signature=signature or None,
        parts=[
            await _stored(session, incoming.storage, part, data, now)
            for part, data in parts.items()
        ],
    )
    session.add(row)
    _note_published(session, row, actor=actor, address=address, now=now)
    await session.flush()
    return _info(row)


async def _stored(
    session: AsyncSession, storage: Storage, part: Part, data: bytes, now: datetime
) -> FirmwarePart:
    sha256 = await storage.store(data)
    await objects.note_stored(session, sha256, len(data), now=now)
    return FirmwarePart(part=part, size_bytes=len(data), sha256=sha256)


def _note_published(
    session: AsyncSession, row: Firmware, *, actor: str, address: str | None, now: datetime
) -> None:
    audit.record(
        session,
        at=now,
        actor=actor,
        action="firmware.publish",
        object=f"{row.platform} {row.version}",
        address=address,
        after={
            "sha256": row.sha256,
            "size_bytes": row.size_bytes,
            "filename": row.filename,
            "signed": row.signature is not None,
            "parts": sorted(part.part for part in row.parts),
        },
    )


async def _check_order(
    session: AsyncSession, platform: Platform, version: str, key: VersionKey, *, takes_older: bool
) -> None:
    # Two uploads for one platform at once: the second waits until the first is decided.
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('firmware ' || :platform))"),
        {"platform": platform.name},
    )
    rows = await session.execute(
        select(Firmware.version, Firmware.version_key).where(Firmware.platform == platform.name)
    )
    published = {tuple(row.version_key): row.version for row in rows}
    if key in published:
        raise VersionExistsError(
            f"{platform.name} {published[key]} exists already; versions are never replaced.",
            field="version",
        )
    newest = max(published, default=None)
    if newest is not None and key < newest and not takes_older:
        raise DowngradeError(
            f"{version} is lower than {published[newest]}, the newest of {platform.name}; "
            "clocks would not install it.",
            field="version",
        )


def clean_filename(filename: str) -> str:
    """Return the last part of a path that a browser or CI sent, without what breaks a header."""
    name = PureWindowsPath(PurePosixPath(filename).name).name
    return "".join(one for one in name if one.isprintable() and one not in '"\\;')[-MAX_FILENAME:]


def _inspect(incoming: Incoming, platform: Platform) -> ImageInfo:
    with incoming.path.open("rb") as file:
        if platform.chip_family != ESP8266_CHIP_FAMILY or not is_packed(file.read(2)):
            return inspect_image(file, platform, size_bytes=incoming.size_bytes)
        file.seek(0)
        image = unpack(file.read(platform.slot_bytes), max_bytes=platform.slot_bytes)
        return inspect_image(io.BytesIO(image), platform, size_bytes=len(image))


def _newest_first(versions: Iterable[FirmwareInfo]) -> list[FirmwareInfo]:
    return sorted(versions, key=lambda one: one.version_key, reverse=True)


def _info(row: Firmware) -> FirmwareInfo:
    major, a, b, c, d = row.version_key
    return FirmwareInfo(
        id=row.id,
        platform=row.platform,
        version=row.version,
        version_key=(major, a, b, c, d),
        filename=row.filename,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        uploaded_at=row.uploaded_at,
        uploaded_by=row.uploaded_by,
        signature=row.signature,
        parts=tuple(StoredPart(Part(one.part), one.size_bytes, one.sha256) for one in row.parts),
    )
