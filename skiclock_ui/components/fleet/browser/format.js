// Numbers, lengths of time and moments as people read them, in the viewer's language and zone.

const THIN = "\u202f"; // narrow space that does not break
const DAY_S = 86400;
const JUST_NOW_S = 3;
const DATES = {
  day: { day: "numeric", month: "short" },
  date: { dateStyle: "medium" },
  dayTime: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  clock: { hour: "2-digit", minute: "2-digit" },
  exact: { dateStyle: "medium", timeStyle: "long" },
};

/** Put values into a sentence: fill("Updating to {version}", {version}). */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** The viewer's own variety of the page's language: dates of en-GB for a Briton. */
export function localeFor(lang, preferred) {
  return preferred.find((one) => one.split("-")[0] === lang) ?? lang;
}

export function makeFormat(locale, words) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  // Made when first used: each takes a millisecond or more.
  const made = new Map();
  const dates = (name) => made.get(name) ?? made.set(name, new Intl.DateTimeFormat(locale, DATES[name])).get(name);
  const unit = (value, name) => `${whole.format(value)}${THIN}${name}`;
  const at = (name, unix_s) => dates(name).format(new Date(unix_s * 1000));

  /** The largest units that are not zero, two at most: "3 d 4 h", "12 min", "45 s". */
  function duration(seconds, units = 2) {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return unit(s, words.unit_s);
    if (s < 3600) return unit(Math.floor(s / 60), words.unit_min);
    const [large, small] = s < DAY_S
      ? [unit(Math.floor(s / 3600), words.unit_h), [Math.floor((s % 3600) / 60), words.unit_min]]
      : [unit(Math.floor(s / DAY_S), words.unit_d), [Math.floor((s % DAY_S) / 3600), words.unit_h]];
    return units > 1 && small[0] > 0 ? `${large} ${unit(...small)}` : large;
  }

  return {
    number: (value) => whole.format(value),
    percent: (value) => unit(value, "%"),
    signal: (dbm) => `${whole.format(dbm).replace("-", "\u2212")}${THIN}dBm`,
    memory(bytes) {
      const kB = bytes / 1000;
      return `${(kB < 10 ? tenth : whole).format(kB)}${THIN}kB`;
    },

    duration,

    /** How long ago, up to a day; then the local date and time. */
    ago(unix_s, now) {
      const s = now - unix_s;
      if (s >= DAY_S) return at("dayTime", unix_s);
      return s < JUST_NOW_S ? words.just_now : fill(words.ago, { time: duration(s, 1) });
    },

    /** The date; this year's without the year. */
    date(unix_s, now) {
      const thisYear = new Date(unix_s * 1000).getFullYear() === new Date(now * 1000).getFullYear();
      return at(thisYear ? "day" : "date", unix_s);
    },
    clock: (unix_s) => at("clock", unix_s),
    exact: (unix_s) => at("exact", unix_s),
  };
}

/** Bars of five steps, 0 to 4, as phones draw them. */
export function signalBars(dbm) {
  return [-55, -67, -75, -85].filter((limit) => dbm >= limit).length;
}

/** Whether text is an IPv4 address or an IPv6 one that a link can carry. */
export function isAddress(text) {
  if (!text) return false;
  const parts = text.split(".");
  if (parts.length === 4) return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return /^[0-9a-f:]{2,39}$/i.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`);
}

export const linkTo = (address) => `http://${address.includes(":") ? `[${address}]` : address}`;
