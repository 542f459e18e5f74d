import assert from "node:assert/strict";
import { test } from "node:test";

const format = { just_now: "nyss", ago: "{time} sedan", d: "d", h: "h", min: "min", s: "s" };
globalThis.document = {
  documentElement: { lang: "sv" },
  getElementById: () => ({ textContent: JSON.stringify({ format }) }),
};
Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-GB", "sv-FI"] } });
const { ago, bytes, duration, fill, percent, plural, viewersLocale } = await import("../../../skiclock_ui/static/format.js");
const plain = (text) => text.replaceAll(/[\u202f\u00a0]/g, " ");
const NOW = 1_795_000_000;

test("the viewer's own variety of the page's language is used", () => assert.equal(viewersLocale(), "sv-FI"));

test("lengths of time have two units at most", () => {
  assert.deepEqual([0, 45, 60, 125, 3600, 90061].map((s) => plain(duration(s))), ["0 s", "45 s", "1 min", "2 min 5 s", "1 h", "1 d 1 h"]);
});

test("times are relative up to a day, then local", () => {
  assert.equal(ago(NOW - 1, NOW), "nyss");
  assert.equal(plain(ago(NOW - 130, NOW)), "2 min sedan");
  assert.match(ago(NOW - 90000, NOW), /\d\d[:.]\d\d/);
});

test("sizes are counted in thousands, with one decimal while small", () => {
  assert.deepEqual([900, 9234, 411_000, 1_250_000].map((n) => plain(bytes(n))), ["900 B", "9,2 kB", "411 kB", "1,3 MB"]);
});

test("numbers choose their form and keep the language's signs", () => {
  assert.equal(plural(["{n} klocka", "{n} klockor"], 1), "1 klocka");
  assert.equal(plain(plural(["{n} klocka", "{n} klockor"], 1200)), "1 200 klockor");
  assert.equal(plain(percent(85.25)), "85,3 %");
});

test("values are put in as they are", () => assert.equal(fill("{a} {b} {c}", { a: "{b}", b: "$&" }), "{b} $& "));
