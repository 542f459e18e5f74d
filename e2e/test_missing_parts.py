"""Database and broker may be absent at the start, die, and come back: shown, never a crash."""

import re
from pathlib import Path

from playwright.async_api import Page, expect
from sqlalchemy.engine import make_url

from e2e.conftest import Product, running_product, sign_in
from tests.conftest import Postgres
from tests.ports import free_ports


async def test_database_that_dies_under_an_open_page_is_told_and_nothing_is_lost(
    page: Page,
) -> None:
    async with running_product() as product:
        await sign_in(page, product)
        async with product.clock("da7a") as clock:
            await clock.heartbeat()
            await expect(page.locator('[data-device="da7a"]')).to_be_visible()
            (postmaster,) = [one for one in product.children("postgres") if "-D" in one.cmdline()]
            since = (await product.part("database"))["since"]
            postmaster.kill()
            for number in range(20):
                await clock.heartbeat(uptime=1000 + number)
            await product.comes_back("database", since=since)
            await expect(
                page.locator('[data-device="da7a"] [data-field="uptime"]').first
            ).to_contain_text(re.compile("16|17"), timeout=15_000)


async def test_server_starts_without_database_and_broker_and_says_so(
    page: Page, tmp_path: Path
) -> None:
    database_port, broker_port = free_ports(2)
    product = Product(
        tmp_path,
        DATABASE_URL=f"postgresql://club:pw@127.0.0.1:{database_port}/club",
        MQTT_HOST="127.0.0.1",
        MQTT_PORT=str(broker_port),
        MQTT_TLS="false",
        MQTT_USERNAME="club",
        MQTT_PASSWORD="slalom-gate",
    )
    await product.start_process()
    try:
        health = (await product.answers("/healthz")).json()
        assert health["status"] == "degraded"
        assert not health["database"]["ok"]
        assert not health["broker"]["ok"]
        not_ready = (await product.answers("/readyz", 503)).json()
        assert set(not_ready["missing"]) >= {"database", "broker"}
        await page.goto(f"{product.url}/login")
        await page.get_by_label("E-mail").fill("admin@club.example")
        await page.get_by_label("Password", exact=True).fill("slalom-gate-42-amber")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("database")
    finally:
        await product.stop()
    assert "Traceback" not in product.log.read_text()


async def test_external_database_that_comes_later_is_taken_up(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = make_url(postgres.url("comes_later"))
    product = Product(tmp_path, DATABASE_URL=url.render_as_string(hide_password=False))
    await product.start_process()
    try:
        await product.answers("/readyz", 503)
        await postgres.run("CREATE DATABASE comes_later")
        await product.answers("/readyz")
        assert "admin@club.example" in (await product.run("user", "list"))[1]
    finally:
        await product.stop()
        await postgres.drop_database("comes_later")
