import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf, troubleOf, versionKey } from "../../../skiclock_ui/components/fleet/browser/model.js";
import { PLAIN } from "../../../skiclock_ui/components/fleet/browser/query.js";
import { NOW, RULES, change, list, storeWith, update, values } from "./parts.mjs";

const stateWith = (fields) => stateOf(storeWith([fields]).rows.get("a1"), NOW, RULES);
const ids = (store, query = {}) => store.survey({ ...PLAIN, ...query }, NOW).shown.map((row) => row.device_id);

for (const [what, fields, state] of [
  ["heard just now", {}, "online"],
  ["silent for 150 s", { last_seen: NOW - 150 }, "online"],
  ["silent for longer", { last_seen: NOW - 151 }, "degraded"],
  ["a second before it counts as offline", { last_seen: NOW - 899 }, "degraded"],
  ["silent for 15 minutes", { last_seen: NOW - 900 }, "offline"],
  ["gone by its own word", { gone: 1 }, "offline"],
  ["gone to restart into an update", { gone: 1, update: update({ state: "installed" }) }, "updating"],
  ["signal at the limit", { rssi_dbm: -85 }, "online"],
  ["weak signal", { rssi_dbm: -86 }, "degraded"],
  ["memory at the limit", { free_heap_bytes: 10000 }, "online"],
  ["little memory", { free_heap_bytes: 9999 }, "degraded"],
  ["readings that it did not say", { rssi_dbm: null, free_heap_bytes: null }, "online"],
  ["damaged heartbeats", { damaged: 1 }, "degraded"],
  ["update offered by us and begun", { update: update({ state: "started" }) }, "updating"],
  ["update downloading while silent", { update: update(), last_seen: NOW - 800 }, "updating"],
  ["update installed", { update: update({ state: "installed" }) }, "updating"],
  ["update failed", { update: update({ state: "failed" }) }, "online"],
]) test(`state: ${what}`, () => assert.equal(stateWith(fields), state));

test("the most urgent trouble is told", () => {
  const row = storeWith([{ last_seen: NOW - 200, rssi_dbm: -90, free_heap_bytes: 5 }]).rows.get("a1");
  assert.equal(troubleOf(row, NOW, RULES), "silent");
});

test("versions sort by number, tagged ones first, others before all", () => {
  const sorted = ["2026.9.1.1", "v2.10.0", "junk", "2026.10.1.1", "v2.9.0", "2026.10.1.12", "2026.10.1.2"]
    .sort((one, other) => (versionKey(one) < versionKey(other) ? -1 : 1));
  assert.deepEqual(sorted, ["junk", "v2.9.0", "v2.10.0", "2026.9.1.1", "2026.10.1.1", "2026.10.1.2", "2026.10.1.12"]);
});

test("an update waits when a newer version is published for the board", () => {
  const rows = [
    { device_id: "a1", version: "2026.11.1.1" }, { device_id: "b2", version: "2026.11.2.1" },
    { device_id: "c3", version: "2026.12.1.1" }, { device_id: "d4", version: null },
    { device_id: "e5", platform: "d1mini" }, { device_id: "f6", platform: null },
  ];
  const store = storeWith(rows, { newest: { esp32: "2026.11.2.1" } });
  assert.deepEqual(ids(store, { waiting: true }), ["a1", "d4"]);
  store.merge(change(1, [], { newest: { esp32: "2027.1.1.1" } }));
  assert.deepEqual(ids(store, { waiting: true }), ["a1", "b2", "c3", "d4"]);
  assert.equal(store.survey(PLAIN, NOW).totals.waiting, 4);
});

test("names sort as people count, å and ä after z, clocks without a name last by id", () => {
  const store = storeWith([
    { device_id: "2", name: "Start 10" }, { device_id: "1", name: "start 2" }, { device_id: "3", name: "Ängen" },
    { device_id: "4", name: "Åsen" }, { device_id: "bb" }, { device_id: "8a" }, { device_id: "9", name: "Zorn" },
  ]);
  assert.deepEqual(ids(store), ["1", "2", "9", "4", "3", "8a", "bb"]);
  assert.deepEqual(ids(store, { down: true }), ["3", "4", "9", "2", "1", "8a", "bb"]);
});

test("readings that are not known come last in both directions", () => {
  const store = storeWith([{ device_id: "1", rssi_dbm: null }, { device_id: "2", rssi_dbm: -40 }, { device_id: "3", rssi_dbm: -80 }]);
  assert.deepEqual(ids(store, { sort: "rssi" }), ["3", "2", "1"]);
  assert.deepEqual(ids(store, { sort: "rssi", down: true }), ["2", "3", "1"]);
});

test("by state, the worst come first", () => {
  const store = storeWith([
    { device_id: "on" , name: "a" }, { device_id: "off", last_seen: NOW - 5000 },
    { device_id: "weak", rssi_dbm: -99 }, { device_id: "up", update: update() },
  ]);
  assert.deepEqual(ids(store, { sort: "state" }), ["off", "weak", "up", "on"]);
  assert.deepEqual(ids(store, { sort: "state", down: true }), ["on", "up", "weak", "off"]);
});

test("an order that a change upset is mended at the next survey, or kept when told to", () => {
  const store = storeWith([{ device_id: "1", rssi_dbm: -50 }, { device_id: "2", rssi_dbm: -60 }]);
  const query = { ...PLAIN, sort: "rssi" };
  assert.deepEqual(ids(store, query), ["2", "1"]);
  store.merge(change(1, [values({ device_id: "2", rssi_dbm: -40 })]));
  const kept = store.survey(query, NOW, { resort: false }).shown;
  assert.deepEqual(kept.map((row) => row.device_id), ["2", "1"]);
  assert.deepEqual(ids(store, query), ["1", "2"]);
});

test("every word of a search must be in some field, in any case", () => {
  const store = storeWith([
    { device_id: "1", name: "Målgång", ssid: "Stadion" }, { device_id: "2", name: "Start", ssid: "Stadion" },
    { device_id: "3", ip_address: "192.168.7.7" },
  ]);
  assert.deepEqual(ids(store, { q: "MÅL stadion" }), ["1"]);
  assert.deepEqual(ids(store, { q: "stadion" }), ["1", "2"]);
  assert.deepEqual(ids(store, { q: "168.7" }), ["3"]);
  store.merge(change(1, [values({ device_id: "3", ip_address: "10.9.9.9" })]));
  assert.deepEqual(ids(store, { q: "168.7" }), []);
});

test("filters add up, and totals count the whole fleet", () => {
  const store = storeWith([
    { device_id: "1", platform: "esp32", version: "v1.0.0", ssid: "A" }, { device_id: "2", platform: "esp32", ssid: "B" },
    { device_id: "3", platform: "esp01", ssid: "A", last_seen: 0 },
  ]);
  assert.deepEqual(ids(store, { platform: "esp32", network: "A" }), ["1"]);
  assert.deepEqual(ids(store, { state: ["offline", "updating"] }), ["3"]);
  assert.deepEqual(ids(store, { version: "v1.0.0" }), ["1"]);
  const { totals } = store.survey({ ...PLAIN, platform: "esp01" }, NOW);
  assert.deepEqual(totals, { online: 2, degraded: 0, offline: 1, updating: 0, waiting: 0, all: 3 });
});

test("what can be chosen: newest versions first, each with its count", () => {
  const store = storeWith([{ device_id: "1" }, { device_id: "2", version: "2026.11.10.1" }, { device_id: "3", ssid: null }]);
  assert.deepEqual(store.facets().version, [["2026.11.10.1", 1], ["2026.11.1.1", 2]]);
  assert.deepEqual(store.facets().network, [["Ski", 2]]);
});

test("a changed row stays the same object and tells that it changed", () => {
  const store = storeWith([{}]);
  const row = store.rows.get("a1");
  const { rev } = row;
  store.merge(change(1, [values({ rssi_dbm: -70 })]));
  assert.equal(store.rows.get("a1"), row);
  assert.equal(row.rssi_dbm, -70);
  assert.ok(row.rev > rev);
});

test("removed clocks leave, and a new list forgets what it does not hold", () => {
  const store = storeWith([{ device_id: "1" }, { device_id: "2" }]);
  store.merge(change(1, [], { removed: ["1", "never-there"] }));
  assert.deepEqual(ids(store), ["2"]);
  store.load(list(9, [values({ device_id: "3" })], { epoch: "e2" }));
  assert.deepEqual(ids(store), ["3"]);
  assert.equal(store.seq, 9);
});

test("ten thousand clocks are surveyed within a frame or two", () => {
  const rows = Array.from({ length: 10000 }, (_, i) => ({ device_id: i.toString(16), name: `Klocka ${i}` }));
  const store = storeWith(rows);
  store.survey(PLAIN, NOW);
  const began = performance.now();
  store.survey({ ...PLAIN, q: "klocka 99" }, NOW);
  assert.ok(performance.now() - began < 200);
});
