// Numbers, lengths of time and moments as people read them, in the viewer's language and zone.

const THIN = "\u202f"; // narrow space that does not break
const DAY_S = 86400;

/** Put values into a sentence: fill("Updating to {version}", {version}). */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** The viewer's own variety of the page's language: dates of en-GB for a Briton. */
export function localeFor(lang, preferred) {
  return preferred.find((one) => one.split("-")[0] === lang) ?? lang;
}

export function makeFormat(locale, words) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const dayTime = new Intl.DateTimeFormat(locale, {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  });
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });
  const unit = (value, name) => `${whole.format(value)}${THIN}${name}`;
  const at = (formatter, unix_s) => formatter.format(new Date(unix_s * 1000));

  return {
    number: (value) => whole.format(value),
    percent: (value) => unit(value, "%"),
    signal: (dbm) => `${whole.format(dbm).replace("-", "\u2212")}${THIN}dBm`,
    memory(bytes) {
      const kB = bytes / 1000;
      return `${(kB < 10 ? tenth : whole).format(kB)}${THIN}kB`;
    },

    /** The two largest units: "3 d 4 h", "12 min", "45 s". */
    duration(seconds) {
      const s = Math.max(0, Math.floor(seconds));
      const [d, h, min] = [Math.floor(s / DAY_S), Math.floor((s % DAY_S) / 3600), Math.floor((s % 3600) / 60)];
      if (d > 0) return `${unit(d, words.unit_d)}${h ? ` ${unit(h, words.unit_h)}` : ""}`;
      if (h > 0) return `${unit(h, words.unit_h)}${min ? ` ${unit(min, words.unit_min)}` : ""}`;
      return min > 0 ? unit(min, words.unit_min) : unit(s, words.unit_s);
    },

    /** How long ago, up to a day; then the local date and time. */
    ago(unix_s, now) {
      const s = Math.max(0, Math.floor(now - unix_s));
      if (s >= DAY_S) return at(dayTime, unix_s);
      if (s < 60) return relative.format(-s, "second");
      return s < 3600
        ? relative.format(-Math.floor(s / 60), "minute")
        : relative.format(-Math.floor(s / 3600), "hour");
    },

    /** The date; this year's without the year. */
    date(unix_s, now) {
      const thisYear = new Date(unix_s * 1000).getFullYear() === new Date(now * 1000).getFullYear();
      return at(thisYear ? day : date, unix_s);
    },
    clock: (unix_s) => at(clock, unix_s),
    exact: (unix_s) => at(full, unix_s),
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
