"""What is written to a blank chip: its parts with signed links, and ESP Web Tools' manifest."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from backend.access import Identity
from backend.claims import Claim
from backend.contract import paths
from backend.contract.flash_map import Part, offsets_of
from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS
from backend.firmware import FirmwareInfo
from backend.links import Links

PRODUCT = "Ski Clock Neo"


class FlashFile(TypedDict):
    """One file and where in flash it belongs (bytes)."""

    part: str
    offset: int
    url: str
    filename: str


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Which board is written, and where in flash its identity belongs (bytes)."""

    claim: Claim
    offset: int


def flash_files(
    info: FirmwareInfo,
    links: Links,
    identity: Identity,
    *,
    base_url: str,
    now: datetime,
    provisioning: Provisioning | None = None,
) -> list[FlashFile]:
    """Return what a blank chip needs, each with a link that works for an hour.

    Raises FactoryPartsMissingError where the chip would not start from what is published.
    """
    info.check_starts_blank_chip()

    def file(part: Part, offset: int, filename: str, claim: str = "") -> FlashFile:
        token = links.make(identity, info.platform, info.version, part, claim=claim, now=now)
        url = base_url + paths.USER_DOWNLOAD.format(token=token)
        return FlashFile(part=part.value, offset=offset, url=url, filename=filename)

    files = [
        file(part, offset, info.of_part(part).filename)
        for part, offset in offsets_of(PLATFORMS[info.platform]).items()
    ]
    if provisioning is not None:
        claim = provisioning.claim
        filename = f"{claim.device_id}-identity.bin"
        files.append(file(Part.IDENTITY, provisioning.offset, filename, claim.id))
    # From low to high: a boot loader may erase more than a part behind its beginning.
    return sorted(files, key=lambda one: one["offset"])


def manifest_of(info: FirmwareInfo, files: list[FlashFile]) -> dict[str, object]:
    """Return the manifest of one version: one build, for the platform's chip.

    A board that gets an identity is erased first: nothing stored before stands before it.
    """
    family = PLATFORMS[info.platform].chip_family
    parts = [{"path": one["url"], "offset": one["offset"]} for one in files]
    return {
        "name": PRODUCT,
        "version": info.version,
        "new_install_prompt_erase": all(one["part"] != Part.IDENTITY for one in files),
        # An ESP8266 takes longer to start and to look for networks.
        "new_install_improv_wait_time": 20 if family == ESP8266_CHIP_FAMILY else 10,
        "builds": [{"chipFamily": family, "parts": parts}],
    }
