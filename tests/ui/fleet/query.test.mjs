import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAIN, cleared, filterCount, isFiltered, readQuery, writeQuery } from "../../../skiclock_ui/components/fleet/browser/query.js";
import { columnsFor, scrollFor, sliceOf } from "../../../skiclock_ui/components/fleet/browser/slice.js";

test("a query comes back from the address as it went", () => {
  const query = {
    q: "mål & gång", state: ["degraded", "offline"], waiting: true, platform: "esp32", version: "2026.11.1.1",
    network: "A \"b\"#?", group: "Slalom", sort: "last_seen", down: true, view: "table",
  };
  assert.deepEqual(readQuery(writeQuery(query)), query);
});

test("the plain list has a plain address, and what is not ours stays in it", () => {
  assert.equal(writeQuery(PLAIN), "");
  assert.equal(writeQuery(PLAIN, "?theme=dark&q=old"), "?theme=dark");
});

test("nonsense in an address is as if it were not there", () => {
  assert.deepEqual(readQuery("?state=evil,offline&sort=__proto__&view=x&update=1"), { ...PLAIN, state: ["offline"] });
  assert.equal(readQuery(`?q=${"a".repeat(500)}`).q.length, 100);
});

test("the view that was used last stands in where the address names none", () => {
  assert.equal(readQuery("", "table").view, "table");
  assert.equal(readQuery("?view=cards", "table").view, "cards");
  assert.equal(readQuery("", "junk").view, "cards");
});

test("clearing keeps order and view", () => {
  const query = { ...PLAIN, q: "x", state: ["offline"], platform: "esp32", sort: "rssi", down: true, view: "table" };
  assert.equal(filterCount(query), 2);
  assert.ok(isFiltered(query));
  assert.deepEqual(cleared(query), { ...PLAIN, sort: "rssi", down: true, view: "table" });
  assert.ok(!isFiltered({ ...PLAIN, q: "  " }));
});

test("only what is on the screen and a little around it is rendered", () => {
  const slice = sliceOf({ top: -100_000, viewport: 800, count: 10_000, columns: 4, pitch: 200 });
  assert.deepEqual(slice, { first: 1992, last: 2024, offset: 99_600, rows: 2500 });
  assert.equal(sliceOf({ top: 0, viewport: 800, count: 3, columns: 4, pitch: 200 }).last, 3);
  const beyond = sliceOf({ top: -9e6, viewport: 800, count: 10, columns: 1, pitch: 200 });
  assert.equal(beyond.first, beyond.last);
});

test("columns fill the width, one at least", () => {
  assert.deepEqual([200, 344, 703, 704, 3840].map((width) => columnsFor(width, 344, 16)), [1, 1, 1, 2, 10]);
});

test("keyboard moves scroll no further than needed", () => {
  const at = (row) => scrollFor({ top: 100, row, pitch: 200, upper: 60, lower: 800 });
  assert.deepEqual([at(0), at(2), at(3)], [0, 0, 100]);
  assert.equal(scrollFor({ top: -500, row: 1, pitch: 200, upper: 60, lower: 800 }), -360);
});
