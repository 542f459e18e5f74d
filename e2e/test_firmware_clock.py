"""The clock's real software against the real server: it registers, is updated, and survives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from e2e.conftest import Product, running_product, sign_in
from e2e.linux_clock import LinuxClock, Program, Programs, https_before, running_clock

# The first build takes a minute or two of a busy machine.
pytestmark = pytest.mark.timeout(900)
SOON_MS = 30_000


@dataclass
class Workshop:
    """A product, somebody signed in to it, and builds of the clock for it."""

    product: Product
    url: str
    page: Page
    programs: Programs
    flash: Path
    """The folder that is the clock's flash."""

    @asynccontextmanager
    async def clock(
        self, device_id: str, program: Program, *options: str
    ) -> AsyncIterator[LinuxClock]:
        """Run a clock that is online."""
        async with running_clock(
            self.product, self.url, program.path, device_id, self.flash, *options
        ) as clock:
            await clock.says(program.version, ": online")
            yield clock

    async def upload(self, program: Program, *, is_ours: bool = True) -> None:
        """Publish a build, signed by the key that clocks know or by another."""
        key = self.programs.key_file if is_ours else self.programs.foreign_key_file
        code, output = await self.product.run(
            "upload", str(program.path), "--signing-key", str(key)
        )
        assert code == 0, output
        assert "signed" in output

    def card(self, device_id: str) -> Locator:
        return self.page.locator(f'[data-device="{device_id}"]')

    async def updates_of(self, device_id: str) -> list[dict[str, object]]:
        """Return the updates of a clock, the newest first."""
        path = f"{self.product.url}/api/ota-logs?device_id={device_id}"
        answer = await self.page.request.get(path)
        assert answer.ok, await answer.text()
        return list((await answer.json())["logs"])

    async def update(self, device_id: str, status: str, program: Program) -> dict[str, object]:
        """Wait until the newest update of a clock came to an end; return it."""
        found: list[dict[str, object]] = []

        async def is_there() -> bool:
            found[:] = await self.updates_of(device_id)
            newest = found[0] if found else {}
            return (newest.get("status"), newest.get("new_version")) == (status, program.version)

        await within(120, is_there, lambda: f"not {status} with {program.version}: {found}")
        return found[0]

    async def heard(self, device_id: str, *, since: datetime) -> None:
        """Wait until the server heard a clock after a moment."""

        async def is_heard() -> bool:
            answer = await self.page.request.get(f"{self.product.url}/api/devices")
            devices = (await answer.json())["devices"]
            last = next(one["last_seen"] for one in devices if one["device_id"] == device_id)
            return datetime.fromisoformat(last) > since

        await within(60, is_heard, lambda: f"{device_id} was not heard since {since}")


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    with TemporaryDirectory(prefix="skiclock-clock-") as folder:
        yield Programs(Path(folder))


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def product() -> AsyncIterator[Product]:
    """A product that takes clocks of the platform linux."""
    async with running_product(SKICLOCK_DEVELOPMENT="1") as product:
        yield product


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def https(product: Product) -> AsyncIterator[str]:
    async with https_before(product) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    product: Product, https: str, page: Page, programs: Programs, tmp_path: Path
) -> Workshop:
    await sign_in(page, product)
    return Workshop(product, https, page, programs, tmp_path / "flash")


async def test_linux_clock_registers_and_is_live_on_the_dashboard(shop: Workshop) -> None:
    program = shop.programs.make()
    async with shop.clock("c10c41", program, "--wall", "4+4") as clock:
        card = shop.card("c10c41")
        await expect(card).to_be_visible(timeout=SOON_MS)
        await expect(card).to_have_attribute("data-state", "online")
        await expect(card).to_contain_text(program.version)
    assert clock.process.returncode == 0


async def test_signed_update_is_installed_over_https_and_confirmed(shop: Workshop) -> None:
    old = shop.programs.make()
    async with shop.clock("c10c42", old) as clock:
        await expect(shop.card("c10c42")).to_be_visible(timeout=SOON_MS)
        new = shop.programs.make()
        await shop.upload(new)
        await clock.says(old.version, "updating")
        await clock.says(new.version, ": online")
        await expect(shop.card("c10c42")).to_contain_text(new.version, timeout=SOON_MS)
        await shop.update("c10c42", "success", new)
        assert "active b" in clock.boot_flags
        assert "b valid" in clock.boot_flags
        assert (shop.flash / "slot_b").read_bytes() == new.path.read_bytes()


async def test_build_that_never_reaches_the_broker_is_rolled_back_and_shown_with_its_reason(
    shop: Workshop,
) -> None:
    old = shop.programs.make()
    async with shop.clock("c10c43", old, "--trial", "8") as clock:
        broken = shop.programs.make(defect="kNoNetwork")
        await shop.upload(broken)
        await clock.says(broken.version, "no Wi-Fi", "on trial")
        await shop.update("c10c43", "failed", broken)

        # A heartbeat of the old version may come before the clock's own last word.
        async def says_why() -> bool:
            newest = (await shop.updates_of("c10c43"))[0]
            return "no Wi-Fi" in str(newest["error_message"])

        await within(60, says_why, lambda: "the clock's reason never came")
        await expect(shop.card("c10c43")).to_contain_text(old.version, timeout=SOON_MS)
        assert "b invalid" in clock.boot_flags
        await shop.page.goto(f"{shop.product.url}/updates")
        await expect(shop.page.get_by_text("no Wi-Fi").first).to_be_visible(timeout=SOON_MS)
    # The clock asks after its restart; what it fell back from is not offered again so soon.
    began = datetime.now(UTC)
    async with shop.clock("c10c43", old, "--trial", "8") as clock:
        await shop.heard("c10c43", since=began)
        assert [one["status"] for one in await shop.updates_of("c10c43")] == ["failed"]
        assert not ran(clock, broken)


async def test_image_signed_by_a_foreign_key_is_refused_before_it_is_downloaded(
    shop: Workshop,
) -> None:
    async with shop.clock("c10c44", shop.programs.make()) as clock:
        foreign = shop.programs.make()
        await shop.upload(foreign, is_ours=False)
        failed = await shop.update("c10c44", "failed", foreign)
        assert "sign" in str(failed["error_message"])
        assert "active a" in clock.boot_flags
        assert not (shop.flash / "slot_b").exists()


async def test_power_cut_in_the_middle_of_an_update_costs_nothing_but_time(
    shop: Workshop,
) -> None:
    old = shop.programs.make()
    async with shop.clock("c10c45", old, "--power-cut", "150000") as clock:
        new = shop.programs.make()
        await shop.upload(new)
        # The same program again, without a word of the new one: the slot was only half written.
        await clock.says_again(old.version, ": online")
        await clock.says(new.version, ": online")
        await shop.update("c10c45", "success", new)
        found = await shop.updates_of("c10c45")
        assert [one["status"] for one in found] == ["success", "failed"]
        assert "restarted before the update was complete" in str(found[1]["error_message"])


async def test_image_that_is_stored_wrong_never_boots(shop: Workshop) -> None:
    async with shop.clock("c10c46", shop.programs.make(), "--corrupt", "4711") as clock:
        damaged = shop.programs.make()
        await shop.upload(damaged)
        failed = await shop.update("c10c46", "failed", damaged)
        assert "another hash" in str(failed["error_message"])
        assert "active a" in clock.boot_flags
        assert not ran(clock, damaged)


async def test_settings_sent_from_its_page_are_in_force_on_the_clock_by_its_own_word(
    shop: Workshop,
) -> None:
    async with shop.clock("c10c47", shop.programs.make()):
        await expect(shop.card("c10c47")).to_be_visible(timeout=SOON_MS)
        page = shop.page
        await page.goto(f"{shop.product.url}/clocks/c10c47")
        await page.get_by_label("Seconds of each").fill("9")
        await page.locator("#set-name").fill("Målgång")
        await page.get_by_role("button", name="Send to the clock").click()
        await expect(page.locator("[data-standing]")).to_have_text("Applied", timeout=SOON_MS)
        in_force = page.get_by_role("region", name="Settings in force")
        await expect(in_force).to_contain_text("Målgång", timeout=SOON_MS)
        reported = in_force.locator("div", has=page.get_by_text("screen_s", exact=True)).last
        await expect(reported).to_contain_text("9")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Målgång")


def ran(clock: LinuxClock, program: Program) -> bool:
    """Tell whether a clock said anything as this build."""
    return any(line.split()[2].rstrip(":") == program.version for line in clock.said)


async def within(
    seconds: float, is_so: Callable[[], Awaitable[bool]], what: Callable[[], str]
) -> None:
    """Ask until it is so; fail with `what()` where it does not become so in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await is_so():
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(what()) from None
