"""What is looked at on any page: accessibility by axe-core, and whether anything moved."""

import json
from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).parents[1] / "skiclock_ui" / "node_modules" / "axe-core" / "axe.min.js"

WATCH_SHIFTS = """() => {
    window.shifts = [];
    const note = one => window.shifts.push(one.sources.map(({node}) => node?.textContent));
    const watch = new PerformanceObserver(list => list.getEntries().forEach(note));
    watch.observe({type: "layout-shift"});
}"""


async def axe(page: Page) -> list[str]:
    """Return what axe-core finds wrong, a line for each element."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:160]} {json.dumps(node['any'][:1])[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]
