// The clocks in the browser: plain rows outside Vue, what state each is in, which to show.

const RUNNING = new Set(["started", "downloading", "installed"]);
const FAILED = new Set(["failed", "silent"]);
export const STATES = ["online", "degraded", "offline", "updating"];
const SEVERITY = { offline: 0, degraded: 1, updating: 2, online: 3 };
const VERSIONS_KEPT = 5000;

/** All rows, by device id, and the number of the last change that they hold. */
export class Store {
  constructor({ fields, updateFields, rules, locale }) {
    Object.assign(this, { fields, updateFields, rules });
    this.collator = new Intl.Collator(locale, { sensitivity: "base" });
    this.rows = new Map();
    this.newest = {};
    this.health = {};
    this.epoch = null;
    this.seq = -1;
    this.sorted = null;
  }

  /** Take the whole list, or (`since`) what changed after a number. */
  load(list) {
    if (list.since === null) {
      this.rows = new Map();
      this.sorted = null;
    }
    this.epoch = list.epoch;
    this.merge(list);
  }

  /** Take one change; tells which rows it touched. */
  merge(change) {
    this.seq = change.seq;
    if (change.health) this.health = change.health;
    for (const id of change.removed) if (this.rows.delete(id)) this.sorted = null;
    for (const values of change.rows) this.put(values);
    if (change.newest) {
      this.newest = change.newest;
      for (const row of this.rows.values()) row.waits = waits(row, this.newest);
    }
  }

  put(values) {
    let row = this.rows.get(values[0]);
    const known = row !== undefined;
    const key = known ? row.key : null;
    row = read(this.fields, this.updateFields, values, row ?? { rev: 0, state: "", key: null });
    row.waits = waits(row, this.newest);
    if (!known) {
      this.rows.set(row.device_id, row);
      this.sorted = null;
    } else if (this.sorted && (row.key = this.sorted.keyOf(row)) !== key) {
      this.sorted.stale = true;
    }
  }

  /** The state of every row at `now`, the totals, and the rows that match, in their order. */
  survey(query, now, { resort = true } = {}) {
    const totals = { online: 0, degraded: 0, offline: 0, updating: 0, waiting: 0, all: this.rows.size };
    for (const row of this.rows.values()) {
      row.state = stateOf(row, now, this.rules);
      totals[row.state]++;
      if (row.waits) totals.waiting++;
    }
    const matches = matcher(query);
    const shown = this.order(query, resort).filter(matches);
    return { totals, shown: query.sort === "state" ? byState(shown, query.down) : shown };
  }

  /** Every row in the order asked for; sorted again only when the order can have changed. */
  order(query, resort) {
    const sort = query.sort === "state" ? "name" : query.sort;
    const down = query.sort === "state" ? false : query.down;
    const kept = this.sorted;
    if (kept && kept.sort === sort && kept.down === down && (!kept.stale || !resort)) return kept.rows;
    const keyOf = KEYS[sort];
    const rows = [...this.rows.values()];
    for (const row of rows) row.key = keyOf(row);
    rows.sort(comparison(this.collator, down));
    this.sorted = { sort, down, rows, keyOf, stale: false };
    return rows;
  }

  /** How many clocks have each platform, version, network and group: what can be chosen. */
  facets() {
    const count = { platform: new Map(), version: new Map(), ssid: new Map(), group: new Map() };
    for (const row of this.rows.values()) {
      for (const field in count) {
        const value = row[field];
        if (value) count[field].set(value, (count[field].get(value) ?? 0) + 1);
      }
    }
    const newestFirst = ([one], [other]) => (versionKey(one) < versionKey(other) ? 1 : -1);
    const byName = ([one], [other]) => this.collator.compare(one, other);
    return {
      platform: [...count.platform].sort(byName),
      version: [...count.version].sort(newestFirst).slice(0, 200),
      group: [...count.group].sort(byName),
      network: [...count.ssid].sort((one, other) => other[1] - one[1]).slice(0, 200).sort(byName),
    };
  }
}

function read(fields, updateFields, values, row) {
  for (let i = 0; i < fields.length; i++) row[fields[i]] = values[i];
  if (row.update) row.update = Object.fromEntries(updateFields.map((field, i) => [field, row.update[i]]));
  row.rev++;
  row.text = "";
  return row;
}

export const labelOf = (row) => row.name ?? row.device_id;
export const isUpdating = (row) => row.update !== null && RUNNING.has(row.update.state);
export const hasFailed = (row) => row.update !== null && FAILED.has(row.update.state);

/** Online, degraded, offline or updating, as of `now` in the server's Unix seconds. */
export function stateOf(row, now, rules) {
  if (isUpdating(row)) return "updating";
  // A v2 clock says itself, or by its will, that it is gone; of a v1 clock only silence tells.
  if (row.gone || !row.heard || now - row.last_seen >= rules.offline_after_s) return "offline";
  return troubleOf(row, now, rules) ? "degraded" : "online";
}

/** What is wrong with a clock that still speaks: the first of these, or null. */
export function troubleOf(row, now, rules) {
  if (now - row.last_seen > rules.silent_after_s) return "silent";
  if (row.free_heap_bytes !== null && row.free_heap_bytes < rules.low_heap_bytes) return "memory";
  if (row.rssi_dbm !== null && row.rssi_dbm < rules.weak_rssi_dbm) return "signal";
  return row.damaged ? "damaged" : null;
}

const keyCache = new Map();

/** A string that sorts as versions do: `vMAJOR.MINOR.PATCH` before every dated one; "" for no version. */
export function versionKey(version) {
  if (!version) return "";
  let key = keyCache.get(version);
  if (key === undefined) {
    const dated = /^(\d{4})\.(\d{1,2})\.(\d{1,2})\.(\d{1,9})$/.exec(version);
    const tagged = dated ? null : /^v(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(version);
    const parts = (dated ?? tagged ?? []).slice(1).map((part) => part.padStart(9, "0"));
    key = parts.length ? (dated ? "1" : "0") + parts.join("") : "";
    if (keyCache.size >= VERSIONS_KEPT) keyCache.clear();
    keyCache.set(version, key);
  }
  return key;
}

/** Whether a clock runs an older version than the newest that is published for it. */
function waits(row, newest) {
  const latest = newest[row.platform];
  return latest !== undefined && versionKey(latest) > versionKey(row.version);
}

const KEYS = {
  name: (row) => sortable(row.name), // those without one last, by id
  board: (row) => sortable(row.board),
  version: (row) => versionKey(row.version) || null,
  rssi: (row) => row.rssi_dbm,
  heap: (row) => row.free_heap_bytes,
  uptime: (row) => row.uptime_s,
  last_seen: (row) => row.last_seen,
  first_seen: (row) => row.first_seen,
  network: (row) => sortable(row.ssid),
  ip: (row) => sortable(row.ip_address),
};
export const SORTS = ["name", "state", ...Object.keys(KEYS).slice(1)];
/** Sorts whose order changes with nearly every heartbeat. */
export const RESTLESS = new Set(["rssi", "heap", "uptime", "last_seen"]);

/** Numbers of one length, so that they sort as people count without the collator's slow way. */
const sortable = (text) => text?.replace(/\d+/g, (digits) => digits.padStart(12, "0")) ?? null;

/** By `key`; rows without one last in both directions; equal ones by device id. */
function comparison(collator, down) {
  const sign = down ? -1 : 1;
  return (one, other) => {
    const a = one.key;
    const b = other.key;
    if (a !== b) {
      if (a === null) return 1;
      if (b === null) return -1;
      const order = typeof a === "number" ? a - b : collator.compare(a, b);
      if (order !== 0) return sign * order;
    }
    return one.device_id < other.device_id ? -1 : 1;
  };
}

/** Worst first, each state in the order that the rows have. */
function byState(rows, down) {
  const buckets = [[], [], [], []];
  for (const row of rows) buckets[SEVERITY[row.state]].push(row);
  return (down ? buckets.reverse() : buckets).flat();
}

function matcher(query) {
  const terms = query.q.toLowerCase().split(/\s+/).filter(Boolean);
  const states = query.state.length ? new Set(query.state) : null;
  return (row) =>
    (states === null || states.has(row.state)) &&
    (!query.waiting || row.waits) &&
    (!query.platform || row.platform === query.platform) &&
    (!query.version || row.version === query.version) &&
    (!query.network || row.ssid === query.network) &&
    (!query.group || row.group === query.group) &&
    (terms.length === 0 || terms.every((term) => textOf(row).includes(term)));
}

function textOf(row) {
  if (row.text === "") {
    const parts = [row.name, row.device_id, row.board, row.platform, row.version, row.ssid, row.ip_address, row.group];
    row.text = parts.filter(Boolean).join("\n").toLowerCase();
  }
  return row.text;
}
