// Numbers, lengths of time and moments as people read them, in the viewer's language and zone.

const THIN = "\u202f"; // narrow space that does not break
const DAY_S = 86400;
const JUST_NOW_S = 3;
const words = JSON.parse(document.getElementById("frame-data").textContent).format;

/** The viewer's own variety of the page's language: dates of en-GB for a Briton. */
export function viewersLocale() {
  const lang = document.documentElement.lang.split("-")[0] || "en";
  const asKnown = (tag) => tag.split("-")[0].replace(/^(no|nn)$/, "nb");
  return navigator.languages.find((tag) => asKnown(tag) === lang) ?? lang;
}

const locale = viewersLocale();
const formatter = (options) => new Intl.DateTimeFormat(locale, options);
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const plurals = new Intl.PluralRules(locale);
const moments = {
  clock: formatter({ hour: "2-digit", minute: "2-digit" }),
  seconds: formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  day: formatter({ day: "numeric", month: "short" }),
  date: formatter({ dateStyle: "medium" }),
  dayTime: formatter({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
  exact: formatter({ dateStyle: "medium", timeStyle: "long" }),
};

/** Put values into a sentence: fill("{n} clocks", {n: 3}). */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** The form for a number of a pair of texts: plural(["{n} clock", "{n} clocks"], 3). */
export const plural = ([one, many], n) => fill(plurals.select(n) === "one" ? one : many, { n: whole.format(n) });

export const number = (value) => whole.format(value);
export const decimal = (value) => tenth.format(value);
export const percent = (value) => `${tenth.format(value)}${THIN}%`;
export const unit = (value, name) => `${whole.format(value)}${THIN}${name}`;

/** "640 kB", "1.2 MB": powers of a thousand, as downloads are counted. */
export function bytes(value) {
  if (value < 1000) return unit(value, "B");
  const [scaled, name] = value < 1e6 ? [value / 1000, "kB"] : [value / 1e6, "MB"];
  return `${(scaled < 10 ? tenth : whole).format(scaled)}${THIN}${name}`;
}

/** The largest units: "3 d 4 h", "2 min 5 s", "45 s"; with `count` 1 only the first. */
export function duration(seconds, count = 2) {
  const s = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(s / DAY_S), "d"], [Math.floor((s % DAY_S) / 3600), "h"], [Math.floor((s % 3600) / 60), "min"], [s % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return unit(0, words.s);
  return parts.slice(first, first + count).filter(([value]) => value > 0).map(([value, name]) => unit(value, words[name])).join(" ");
}

/** How long ago, up to a day; then the local date and time. */
export function ago(unix_s, now_s) {
  const s = now_s - unix_s;
  if (s >= DAY_S) return moment(unix_s, "dayTime");
  return s < JUST_NOW_S ? words.just_now : fill(words.ago, { time: duration(s, 1) });
}

/** One moment: "clock", "seconds", "day", "date", "dayTime" or "exact". */
export const moment = (unix_s, form) => moments[form].format(new Date(unix_s * 1000));
