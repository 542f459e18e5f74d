"""From a heartbeat's publication to its text in the browser, with ten open pages."""

import asyncio
import json
import time

from playwright.async_api import Page

from bench import wire
from bench.browser import CARD, chromium, open_fleets
from bench.load import load_of, register, sending
from bench.product import Product, running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting, quantile

BAR_MS = 300
PAGES = 10
HEARTBEATS_PER_S = 170
_PROBE_EVERY_S = 0.13  # no part of the server's own intervals

# An observer and no loop over frames: that would make every page paint 60 times a second.
_WATCH = """
(card) => {
  window.probes = {};
  const look = () => {
    const text = document.querySelector(card)?.textContent ?? "";
    const probe = /probe-\\d+/.exec(text)?.[0];
    if (probe) window.probes[probe] ??= Date.now();
  };
  const what = {subtree: true, childList: true, characterData: true};
  new MutationObserver(look).observe(document.body, what);
}
"""


async def measure(sitting: Sitting) -> list[Row]:
    """Return the p95 over all probes and pages."""
    seconds = sitting.seconds(30, 8)
    async with running_product() as product, chromium() as browser:
        await register(product)
        pages = await open_fleets(browser, product, PAGES)
        probe = await pages[0].locator(CARD).first.get_attribute("data-device")
        assert probe is not None
        for page in pages:
            await page.evaluate(_WATCH, f'.fleet-card[data-device="{probe}"]')
        load = load_of(product, rate_per_s=HEARTBEATS_PER_S, seconds=seconds + 5)
        async with sending(load):
            sent_at = await _send_probes(product, probe, seconds)
            await asyncio.sleep(2)  # the last ones are on their way
        took_ms, missing = await _delays(pages, sent_at)
    name = f"heartbeat to DOM p95, 10,000 clocks, {PAGES} pages, {HEARTBEATS_PER_S}/s"
    text = f"p50 {quantile(took_ms, 0.5):.0f} ms"
    rows = [at_most(name, quantile(took_ms, 0.95), BAR_MS, "ms", text)]
    if missing:
        rows.append(for_information(f"  probes of {len(sent_at) * PAGES} not seen", missing, ""))
    return rows


async def _send_probes(product: Product, device_id: str, seconds: float) -> dict[str, float]:
    """Let one visible clock speak again and again, a new network name each time."""
    password = product.secrets["mqtt_password"]
    connection = wire.connect(product.mqtt_port, "probe", "skiclock", password)
    sent_at = {}
    for number in range(int(seconds / _PROBE_EVERY_S)):
        probe = f"probe-{number}"
        payload = json.dumps({"device_id": device_id, "ssid": probe}).encode()
        sent_at[probe] = 1000 * time.time()
        connection.sendall(wire.publish("skiclock/heartbeat", payload))
        await asyncio.sleep(_PROBE_EVERY_S)
    wire.disconnect(connection)
    return sent_at


async def _delays(pages: list[Page], sent_at: dict[str, float]) -> tuple[list[float], int]:
    """Return how many ms each probe took to each page; one that a newer overtook counts too.

    A page shows the newest of a clock: what it skipped was seen when its successor was.
    """
    took_ms, missing = [], 0
    names = list(sent_at)
    for page in pages:
        seen_at: dict[str, float] = await page.evaluate("() => window.probes")
        later = float("inf")
        for name in reversed(names):
            later = min(later, seen_at.get(name, float("inf")))
            if later == float("inf"):
                missing += 1
            else:
                took_ms.append(later - sent_at[name])
    return took_ms, missing
