import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, isAddress, linkTo, localeFor, makeFormat, signalBars } from "../../../skiclock_ui/components/fleet/browser/format.js";
import { lineOf } from "../../../skiclock_ui/components/fleet/browser/line.js";
import { NOW, RULES, storeWith, update } from "./parts.mjs";
import { stateOf } from "../../../skiclock_ui/components/fleet/browser/model.js";

const words = {
  unit_d: "d", unit_h: "h", unit_min: "min", unit_s: "s", ago: "{time} ago", just_now: "just now",
  line_newest: "newest", line_ahead: "ahead", line_waits: "waits {version}", line_no_firmware: "no firmware",
  line_no_platform: "no platform", line_started: "begins {version}", line_downloading: "to {version}: {percent}",
  line_installed: "{version} installed", line_failed: "to {version} failed.", line_silent_for: "silent {time}",
  line_silent_since: "silent since {time}", line_memory: "memory {memory}", line_signal: "signal {signal}", line_damaged: "damaged",
  line_claimed: "claimed",
};
const format = makeFormat("en-GB", words);
const plain = (text) => text.replaceAll("\u202f", " ");

test("lengths of time have two units at most", () => {
  const said = [0, 45, 59.9, 60, 3599, 3600, 3660, 86399, 86400, 90000, -5].map((s) => plain(format.duration(s)));
  assert.deepEqual(said, ["0 s", "45 s", "59 s", "1 min", "59 min", "1 h", "1 h 1 min", "23 h 59 min", "1 d", "1 d 1 h", "0 s"]);
});

test("times are relative up to a day, then local date and time", () => {
  assert.equal(format.ago(NOW - 1, NOW), "just now");
  assert.equal(plain(format.ago(NOW - 130, NOW)), "2 min ago");
  assert.equal(plain(format.ago(NOW - 86399, NOW)), "23 h ago");
  assert.match(format.ago(NOW - 86400, NOW), /^\d{1,2} \w+,? \d\d:\d\d$/);
});

test("units follow a narrow space that does not break, and a minus is a minus", () => {
  assert.equal(format.signal(-61), "\u221261\u202fdBm");
  assert.equal(format.memory(181234), "181\u202fkB");
  assert.equal(format.memory(8234), "8.2\u202fkB");
});

test("numbers and dates follow the viewer's variety of the language", () => {
  assert.equal(localeFor("en", ["sv-SE", "en-AU", "en"]), "en-AU");
  assert.equal(localeFor("nb", ["en-GB"]), "nb");
  assert.equal(makeFormat("sv", words).memory(8234), "8,2\u202fkB");
});

test("signal bars grow with the signal", () => {
  assert.deepEqual([-95, -85, -80, -70, -60, -40].map(signalBars), [0, 1, 1, 2, 3, 4]);
});

for (const [text, good] of [
  ["192.168.1.23", true], ["0.0.0.0", true], ["256.1.1.1", false], ["1.2.3", false], ["01.2.3.4", false],
  ["fe80::1", true], ["javascript:alert(1)", false], ["a:b", false], ["1.2.3.4/x", false], ["", false], [null, false],
  ["10.0.0.1:80", false], ["::1]/x", false],
]) test(`address ${text}`, () => assert.equal(isAddress(text), good));

test("links are plain", () => {
  assert.equal(linkTo("10.0.0.1"), "http://10.0.0.1");
  assert.equal(linkTo("fe80::1"), "http://[fe80::1]");
});

test("values of a sentence are put in as they are", () => {
  assert.equal(fill("{a} and {b} {c}", { a: "{b}", b: "$&" }), "{b} and $& ");
});

const lineWith = (fields, newest = {}) => {
  const row = storeWith([fields], { newest }).rows.get("a1");
  const { text, tone } = lineOf(row, stateOf(row, NOW, RULES), NOW, { words, format, rules: RULES, newest });
  return [plain(text), tone];
};
const V = "2026.11.2.1";
for (const [what, line, fields, newest] of [
  ["newest version", ["newest", ""], { version: V }, { esp32: V }],
  ["ahead of what is published", ["ahead", ""], { version: "2027.1.1.1" }, { esp32: V }],
  ["update waits", [`waits ${V}`, "busy"], {}, { esp32: V }],
  ["nothing published", ["no firmware", ""], {}],
  ["unknown board", ["no platform", ""], { platform: null }],
  ["update begun", [`begins ${V}`, "busy"], { update: update({ state: "started", progress_percent: 0 }) }],
  ["update runs", [`to ${V}: 40 %`, "busy"], { update: update() }],
  ["update installed", [`${V} installed`, "busy"], { update: update({ state: "installed" }) }],
  ["update failed, still on the old version", [`to ${V} failed. No space`, "warn"], { update: update({ state: "failed", error: "No space" }) }, { esp32: V }],
  ["update failed long ago", [`waits ${V}`, "busy"], { update: update({ state: "silent", at: NOW - 8 * 86400 }) }, { esp32: V }],
  ["failed once, on the newest since", ["newest", ""], { version: V, update: update({ state: "failed" }) }, { esp32: V }],
  ["offline for hours", ["silent 3 h", "bad"], { last_seen: NOW - 3 * 3600 }, { esp32: V }],
  ["silent for minutes", ["silent 5 min", "warn"], { last_seen: NOW - 300 }],
  ["weak signal", ["signal \u221290 dBm", "warn"], { rssi_dbm: -90 }],
  ["little memory", ["memory 9 kB", "warn"], { free_heap_bytes: 9000 }],
  ["claimed and never heard", ["claimed", "busy"], { heard: 0, version: null }, { esp32: V }],
  ["damaged messages", ["damaged", "warn"], { damaged: 1 }],
]) test(`line: ${what}`, () => assert.deepEqual(lineWith(fields, newest), line));

test("line: offline for days says since when", () => {
  assert.match(lineWith({ last_seen: NOW - 3 * 86400 })[0], /^silent since \d/);
});
