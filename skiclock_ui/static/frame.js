// The frame of every page: the health of what the server stands on, lost contact, the way to the search.

import { fill, moment } from "./format.js";
import { follow, onContact } from "./live.js";
import "./menus.js";

const data = JSON.parse(document.getElementById("frame-data").textContent);
const banners = document.getElementById("banners");
const { words } = data;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  const search = document.getElementById("search");
  if (event.key !== "/" || typing || !search || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
});

/** Show the health of database and broker: {database: {ok, since}, broker: {ok, since}}. */
function showHealth(parts) {
  for (const [name, { ok, since }] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    part.dataset.ok = String(ok);
    part.title = fill(words[ok ? `${name}_up` : `${name}_away`], { time: moment(since, "dayTime") });
    part.querySelector(".part-name").textContent = ok ? part.title : words[name];
    say(name, ok ? null : fill(words[`${name}_down`], { time: when(since) }));
  }
}

const LOOK_MS = 3000;

function showContact(lostAt) {
  if (lostAt !== null) setTimeout(lookForSignOut, LOOK_MS);
  document.documentElement.toggleAttribute("data-stale", lostAt !== null);
  say("contact", lostAt === null ? null : fill(words.stale, { time: when(lostAt) }));
}

/** Whoever was signed out meanwhile waits in vain for the socket: the sign-in comes by reloading. */
async function lookForSignOut() {
  if (!document.documentElement.hasAttribute("data-stale")) return;
  const answer = await fetch("/ui/me", { cache: "no-store" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  else setTimeout(lookForSignOut, LOOK_MS);
}

/** The time of day; the date too where it was longer ago. */
const when = (unix_s) => moment(unix_s, Date.now() / 1000 - unix_s < 86_400 ? "clock" : "dayTime");

/** Show one sentence about a matter, or take it away. */
function say(matter, text) {
  const known = banners.querySelector(`[data-matter="${matter}"]`);
  if (text === null || data.speaks_itself) return known?.remove();
  if (known) {
    const place = known.querySelector("span");
    if (place.textContent !== text) place.textContent = text;
    return;
  }
  const banner = document.createElement("p");
  banner.className = "banner";
  banner.dataset.matter = matter;
  banner.innerHTML = data.warning_icon;
  banner.append(Object.assign(document.createElement("span"), { textContent: text }));
  banners.append(banner);
}

showHealth(data.health);
follow("health", showHealth);
onContact(showContact);
