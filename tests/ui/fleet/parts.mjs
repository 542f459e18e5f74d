// A store with the fields that the server names, and rows for it.

import { readFileSync } from "node:fs";
import { Store } from "../../../skiclock_ui/components/fleet/browser/model.js";

// The names come from feed.py itself: a field added there is a field here.
const source = readFileSync(new URL("../../../skiclock_ui/components/fleet/feed.py", import.meta.url), "utf8");
const tuple = (name) => [...new RegExp(`^${name} = \\(([^)]*)\\)`, "m").exec(source)[1].matchAll(/"(\w+)"/g)].map((one) => one[1]);
export const FIELDS = tuple("FIELDS");
export const UPDATE_FIELDS = tuple("UPDATE_FIELDS");
export const RULES = { offline_after_s: 900, silent_after_s: 150, weak_rssi_dbm: -85, low_heap_bytes: 10000 };
export const NOW = 1_795_500_000;

const USUAL = {
  device_id: "a1", name: null, board: "ESP32", platform: "esp32", version: "2026.11.1.1", uptime_s: 60,
  rssi_dbm: -61, free_heap_bytes: 180000, ssid: "Ski", ip_address: "10.0.0.2", first_seen: NOW - 86400,
  last_seen: NOW - 5, update: null, damaged: 0, gone: 0, heard: 1, group: null,
};
export const values = (fields = {}) => FIELDS.map((field) => ({ ...USUAL, ...fields })[field]);
export const update = (fields = {}) => UPDATE_FIELDS.map((field) => (
  { state: "downloading", progress_percent: 40, new_version: "2026.11.2.1", error: null, at: NOW, ...fields })[field]);

export const change = (seq, rows, more = {}) => ({ epoch: "e1", seq, now: NOW, rows, removed: [], ...more });
export const list = (seq, rows, more = {}) => ({ ...change(seq, rows), since: null, newest: {}, health: {}, ...more });

export function storeWith(rows = [], more = {}) {
  const store = new Store({ fields: FIELDS, updateFields: UPDATE_FIELDS, rules: RULES, locale: "sv" });
  store.load(list(0, rows.map(values), more));
  return store;
}
