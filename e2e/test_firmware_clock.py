"""The clock's real software against the real server: it registers, is updated, and survives."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from e2e.conftest import Product, running_product, sign_in
from e2e.linux_clock import (
    BROKEN,
    DAMAGED,
    FOREIGN,
    GOOD,
    NEWER,
    RESUMED,
    Programs,
    https_before,
    running_clock,
)

# The first build takes a minute or two of a busy machine.
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("linux clock")]
SOON_MS = 30_000


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    with TemporaryDirectory(prefix="skiclock-clock-") as folder:
        yield Programs(Path(folder))


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def shop() -> AsyncIterator[Product]:
    """A product that takes clocks of the platform linux."""
    async with running_product(SKICLOCK_DEVELOPMENT="1") as product:
        yield product


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def https(shop: Product) -> AsyncIterator[str]:
    async with https_before(shop) as url:
        yield url


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    """The folder that is a clock's flash."""
    return tmp_path / "flash"


async def upload(shop: Product, image: Path, key_file: Path) -> None:
    code, output = await shop.run("upload", str(image), "--signing-key", str(key_file))
    assert code == 0, output
    assert "signed" in output


async def updates_of(page: Page, shop: Product, device_id: str) -> list[dict[str, object]]:
    answer = await page.request.get(f"{shop.url}/api/ota-logs?device_id={device_id}")
    assert answer.ok, await answer.text()
    return list((await answer.json())["logs"])


def card(page: Page, device_id: str):
    return page.locator(f'[data-device="{device_id}"]')


async def test_linux_clock_registers_and_is_live_on_the_dashboard(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(GOOD)
    async with running_clock(shop, https, program, "c10c41", flash, "--wall", "4+4") as clock:
        await clock.says(GOOD, ": online")
        await expect(card(page, "c10c41")).to_be_visible(timeout=SOON_MS)
        await expect(card(page, "c10c41")).to_have_attribute("data-state", "online")
        await expect(card(page, "c10c41")).to_contain_text(GOOD)
    assert clock.process.returncode == 0


async def test_signed_update_is_installed_over_https_and_confirmed(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(GOOD)
    async with running_clock(shop, https, program, "c10c42", flash) as clock:
        await clock.says(GOOD, ": online")
        await expect(card(page, "c10c42")).to_be_visible(timeout=SOON_MS)
        await upload(shop, programs.make(NEWER), programs.key_file)
        await clock.says(GOOD, "updating")
        await clock.says(NEWER, ": online")
        await expect(card(page, "c10c42")).to_contain_text(NEWER, timeout=SOON_MS)
        await eventually(page, shop, "c10c42", status="success", new_version=NEWER)
        assert "active b" in clock.boot_flags
        assert "b valid" in clock.boot_flags
        assert (flash / "slot_b").read_bytes() == (
            programs.folder / f"linux-{NEWER}.bin"
        ).read_bytes()


async def test_build_that_never_reaches_the_broker_is_rolled_back_and_shown_with_its_reason(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(NEWER)
    async with running_clock(shop, https, program, "c10c43", flash, "--trial", "8") as clock:
        await clock.says(NEWER, ": online")
        await upload(shop, programs.make(BROKEN, defect="kNoNetwork"), programs.key_file)
        await clock.says(BROKEN, "no Wi-Fi", "on trial")
        await eventually(page, shop, "c10c43", status="failed", new_version=BROKEN)
        failed = (await updates_of(page, shop, "c10c43"))[0]
        assert "no Wi-Fi" in str(failed["error_message"])
        await expect(card(page, "c10c43")).to_contain_text(NEWER, timeout=SOON_MS)
        assert "b invalid" in clock.boot_flags
        await page.goto(f"{shop.url}/updates")
        await expect(page.get_by_text("no Wi-Fi").first).to_be_visible(timeout=SOON_MS)
    # The clock asks after its restart; what it fell back from is not offered again so soon.
    began = datetime.now(UTC)
    async with running_clock(shop, https, program, "c10c43", flash, "--trial", "8") as clock:
        await clock.says(NEWER, ": online")
        await heard(page, shop, "c10c43", since=began)
        assert [one["status"] for one in await updates_of(page, shop, "c10c43")] == ["failed"]
        assert not any(line.split()[2].startswith(BROKEN) for line in clock.said)


async def test_image_signed_by_a_foreign_key_is_refused_before_it_is_downloaded(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(BROKEN)
    async with running_clock(shop, https, program, "c10c44", flash) as clock:
        await clock.says(BROKEN, ": online")
        await upload(shop, programs.make(FOREIGN), programs.foreign_key_file)
        await eventually(page, shop, "c10c44", status="failed", new_version=FOREIGN)
        failed = (await updates_of(page, shop, "c10c44"))[0]
        assert "sign" in str(failed["error_message"])
        assert "active a" in clock.boot_flags
        assert not (flash / "slot_b").exists()


async def test_power_cut_in_the_middle_of_an_update_costs_nothing_but_time(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(FOREIGN)
    async with running_clock(
        shop, https, program, "c10c45", flash, "--power-cut", "150000"
    ) as clock:
        await clock.says(FOREIGN, ": online")
        await upload(shop, programs.make(RESUMED), programs.key_file)
        # The same program again, without a word of the new one: the slot was only half written.
        await clock.says_again(FOREIGN, ": online")
        await clock.says(RESUMED, ": online")
        await eventually(page, shop, "c10c45", status="success", new_version=RESUMED)
        found = await updates_of(page, shop, "c10c45")
        assert [one["status"] for one in found] == ["success", "failed"]
        assert "restarted before the update was complete" in str(found[1]["error_message"])


async def test_image_that_is_stored_wrong_never_boots(
    page: Page, shop: Product, https: str, programs: Programs, flash: Path
) -> None:
    await sign_in(page, shop)
    program = programs.make(RESUMED)
    async with running_clock(shop, https, program, "c10c46", flash, "--corrupt", "4711") as clock:
        await clock.says(RESUMED, ": online")
        await upload(shop, programs.make(DAMAGED), programs.key_file)
        await eventually(page, shop, "c10c46", status="failed", new_version=DAMAGED)
        failed = (await updates_of(page, shop, "c10c46"))[0]
        assert "another hash" in str(failed["error_message"])
        assert "active a" in clock.boot_flags
        assert not any(line.split()[2].startswith(DAMAGED) for line in clock.said)


async def heard(page: Page, shop: Product, device_id: str, *, since: datetime) -> None:
    """Wait until the server heard a clock after a moment."""
    last = None
    for _ in range(300):
        devices = (await (await page.request.get(f"{shop.url}/api/devices")).json())["devices"]
        last = next(one["last_seen"] for one in devices if one["device_id"] == device_id)
        if datetime.fromisoformat(last) > since:
            return
        await page.wait_for_timeout(200)
    raise AssertionError(f"{device_id} was last heard at {last}")


async def eventually(
    page: Page, shop: Product, device_id: str, *, count: int = 1, **wanted: object
) -> None:
    """Wait until so many updates of a clock, the newest included, have these fields."""
    found: list[dict[str, object]] = []
    for _ in range(600):
        found = await updates_of(page, shop, device_id)
        fits = [all(one[name] == value for name, value in wanted.items()) for one in found]
        if fits and fits[0] and sum(fits) >= count:
            return
        await page.wait_for_timeout(200)
    raise AssertionError(f"{wanted} is not among {found}")
