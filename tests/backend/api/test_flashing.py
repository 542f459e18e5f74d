"""What a manifest names, written by real esptool to an emulated chip: every board verifies.

The chip is esp32-mock-bootloader's, which speaks the ROM's and the stub's protocol over TCP.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from esp32_mock_bootloader import mock_bootloader

from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS
from tests.backend.api.conftest import Site
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image
from tests.ports import free_ports

pytestmark = pytest.mark.timeout(300)

ESPTOOL_WITHIN_S = 200


@asynccontextmanager
async def chip(kind: str) -> AsyncIterator[str]:
    """Give the address of an emulated blank chip."""
    mock = await asyncio.to_thread(mock_bootloader, kind, port=free_ports(1)[0])
    try:
        yield mock.url()
    finally:
        await asyncio.to_thread(mock.stop)


async def esptool(*arguments: str | Path) -> tuple[int, str]:
    """Run esptool; returns its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "esptool",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(ESPTOOL_WITHIN_S):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


async def parts_of(
    person: httpx.AsyncClient, platform: str, folder: Path
) -> tuple[str, list[str | Path]]:
    """Download what is written to a claimed board; returns its chip family and esptool's list."""
    form = {"platform": platform, "version": "2026.11.24.1", "mac": "a0:b1:c2:d3:e4:f5"}
    claim = (await person.post("/api/clocks/claims", json=form)).json()
    manifest = (await person.get(claim["manifest"])).json()
    (build,) = manifest["builds"]
    listed: list[str | Path] = []
    for part in build["parts"]:
        answer = await person.get(part["path"])
        file = folder / f"{part['offset']:x}.bin"
        await asyncio.to_thread(file.write_bytes, answer.content)
        listed += [hex(part["offset"]), file]
    return build["chipFamily"], listed


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_manifest_is_written_and_verifies(
    site: Site, platform: str, tmp_path: Path
) -> None:
    is_esp8266 = PLATFORMS[platform].chip_family == ESP8266_CHIP_FAMILY
    await site.publish(platform, parts={} if is_esp8266 else factory_parts(platform))
    family, listed = await parts_of(await site.signed_in("technician"), platform, tmp_path)
    place = {"esp01": "0xf7000"}.get(platform, "0x300000" if is_esp8266 else "0x9000")
    assert place in listed

    kind = family.lower().replace("-", "")
    async with chip(kind) as url:
        common = ("--chip", kind, "--port", url, "--after", "no-reset")
        # "keep": what is compared is what was published, not what esptool makes of its header.
        options = ("--flash-size", "keep", "--flash-mode", "keep", "--flash-freq", "keep")
        code, said = await esptool(*common, "write-flash", *options, *listed)
        assert code == 0, said
        code, said = await esptool(*common, "verify-flash", *options, *listed)
        assert code == 0, said
    assert said.count("Verification successful") >= 1


async def test_another_chip_in_the_cable_is_noticed(site: Site, tmp_path: Path) -> None:
    await site.publish("esp32", parts=factory_parts("esp32"))
    _, listed = await parts_of(await site.signed_in("technician"), "esp32", tmp_path)
    async with chip("esp32c3") as url:
        code, said = await esptool("--chip", "esp32", "--port", url, "write-flash", *listed)
    assert code != 0
    assert "ESP32-C3" in said


async def test_verification_fails_for_what_was_not_written(site: Site, tmp_path: Path) -> None:
    await site.publish("esp01", image=esp_image("esp01"))
    _, listed = await parts_of(await site.signed_in("technician"), "esp01", tmp_path)
    async with chip("esp8266") as url:
        code, said = await esptool("--chip", "esp8266", "--port", url, "verify-flash", *listed)
    assert code != 0, said
