// What is searched, filtered and sorted, and its form in the address bar.

import { SORTS, STATES } from "./model.js";

const VIEWS = ["cards", "table"];
const FREE = ["q", "platform", "version", "network", "group"];
export const PLAIN = Object.freeze({
  q: "", state: [], waiting: false, platform: "", version: "", network: "", group: "",
  sort: "name", down: false, view: "cards",
});

/** Read a query string; what it does not say, or says wrongly, is plain; `view` stands in. */
export function readQuery(search, view = PLAIN.view) {
  const given = new URLSearchParams(search);
  const query = { ...PLAIN };
  for (const name of FREE) query[name] = (given.get(name) ?? "").slice(0, 100);
  query.state = STATES.filter((state) => (given.get("state") ?? "").split(",").includes(state));
  query.waiting = given.get("update") === "waiting";
  const sort = given.get("sort") ?? "";
  query.down = sort.startsWith("-");
  query.sort = SORTS.find((one) => one === sort.replace("-", "")) ?? PLAIN.sort;
  query.view = [given.get("view"), view, PLAIN.view].find((one) => VIEWS.includes(one));
  return query;
}

/** Write a query string that holds only what differs from the plain list; keeps foreign names. */
export function writeQuery(query, search = "") {
  const out = new URLSearchParams(search);
  const set = (name, value) => (value ? out.set(name, value) : out.delete(name));
  for (const name of FREE) set(name, query[name].trim());
  set("state", query.state.join(","));
  set("update", query.waiting ? "waiting" : "");
  const plainSort = query.sort === PLAIN.sort && !query.down;
  set("sort", plainSort ? "" : (query.down ? "-" : "") + query.sort);
  set("view", query.view === PLAIN.view ? "" : query.view);
  const text = out.toString();
  return text ? `?${text}` : "";
}

/** How many filters are on, the search not counted. */
export const filterCount = (query) =>
  (query.state.length ? 1 : 0) + (query.waiting ? 1 : 0) +
  ["platform", "version", "network", "group"].filter((name) => query[name]).length;

export const isFiltered = (query) => query.q.trim() !== "" || filterCount(query) > 0;

/** The same view and order without any filter. */
export const cleared = (query) => ({ ...PLAIN, sort: query.sort, down: query.down, view: query.view });
