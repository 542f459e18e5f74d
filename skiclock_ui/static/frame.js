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

function showContact(lostAt, isRestart) {
  if (lostAt !== null) setTimeout(lookForSignOut, LOOK_MS);
  document.documentElement.toggleAttribute("data-stale", lostAt !== null);
  say("contact", lostAt === null ? null : fill(isRestart ? words.restarting : words.stale, { time: when(lostAt) }));
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

/** Show what ends soon to those who can do something about it; the page of clocks too. */
function showCertificates(all) {
  const wanted = new Map(all.map((one) => [`certificate-${one.holder}-${one.place}`, certificateText(one)]));
  for (const known of banners.querySelectorAll('[data-matter^="certificate-"]')) if (!wanted.has(known.dataset.matter)) known.remove();
  for (const [matter, text] of wanted) if (!isHidden(matter)) say(matter, text, { isLasting: true });
}

const HIDDEN_FOR_MS = 86_400_000;
const isHidden = (matter) => Date.now() - Number(localStorage.getItem(`hidden ${matter}`)) < HIDDEN_FOR_MS;

function hideButton(matter) {
  const button = document.createElement("button");
  Object.assign(button, { className: "button quiet square", type: "button", title: words.hide, innerHTML: data.close_icon });
  button.setAttribute("aria-label", words.hide);
  button.addEventListener("click", () => {
    localStorage.setItem(`hidden ${matter}`, Date.now());
    button.parentElement.remove();
  });
  return button;
}

function certificateText({ holder, place, ends_at, days_left }) {
  const texts = data.certificate_words;
  const [name, to_do] = texts.of[holder];
  const certificate = fill(name, { place });
  return fill(days_left < 0 ? texts.ended : texts.ends, { certificate, date: moment(ends_at, "date"), to_do });
}

/** Show one sentence about a matter, or take it away; one that lasts can be put aside for a day. */
function say(matter, text, { isLasting = false } = {}) {
  const known = banners.querySelector(`[data-matter="${CSS.escape(matter)}"]`);
  if (text === null || (data.speaks_itself && !isLasting)) return known?.remove();
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
  if (isLasting) banner.append(hideButton(matter));
  banners.append(banner);
}

showHealth(data.health);
follow("health", showHealth);
onContact(showContact);
if (data.certificates) {
  showCertificates(data.certificates);
  follow("certificates", showCertificates);
}
