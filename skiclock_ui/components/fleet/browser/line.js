// The one line on a card that says what matters now.

import { fill } from "./format.js";
import { hasFailed, isUpdating, troubleOf } from "./model.js";

const FAILURE_SHOWN_S = 7 * 86400;

/** The sentence and its tone: "", ok, busy, warn or bad. */
export function lineOf(row, state, now, { words, format, rules, newest }) {
  // The row may be a tick ahead of the state that was drawn from it.
  if (isUpdating(row)) return { text: runningText(row.update, words, format), tone: "busy" };
  if (!row.heard) return { text: words.line_claimed, tone: "busy" };
  if (state === "offline") return { text: silentText(row, now, words, format), tone: "bad" };
  const trouble = troubleOf(row, now, rules);
  if (trouble) return { text: troubleText(trouble, row, now, words, format), tone: "warn" };
  if (hasFailed(row) && row.waits && now - row.update.at < FAILURE_SHOWN_S) {
    const { new_version: version, error } = row.update;
    const text = fill(words.line_failed, { version });
    return { text: error ? `${text} ${error}` : text, tone: "warn" };
  }
  if (row.waits) return { text: fill(words.line_waits, { version: newest[row.platform] }), tone: "busy" };
  if (row.platform && newest[row.platform] === row.version) return { text: words.line_newest, tone: "" };
  if (row.platform && newest[row.platform]) return { text: words.line_ahead, tone: "" };
  return { text: row.platform ? words.line_no_firmware : words.line_no_platform, tone: "" };
}

function runningText({ state, progress_percent: progress, new_version: version }, words, format) {
  if (state === "installed") return fill(words.line_installed, { version });
  if (state === "started" && !progress) return fill(words.line_started, { version });
  return fill(words.line_downloading, { version, percent: format.percent(progress) });
}

function silentText(row, now, words, format) {
  const silent_s = now - row.last_seen;
  return silent_s < 86400
    ? fill(words.line_silent_for, { time: format.duration(silent_s) })
    : fill(words.line_silent_since, { time: format.ago(row.last_seen, now) });
}

function troubleText(trouble, row, now, words, format) {
  switch (trouble) {
    case "silent":
      return fill(words.line_silent_for, { time: format.duration(now - row.last_seen) });
    case "memory":
      return fill(words.line_memory, { memory: format.memory(row.free_heap_bytes) });
    case "signal":
      return fill(words.line_signal, { signal: format.signal(row.rssi_dbm) });
    default:
      return words.line_damaged;
  }
}
