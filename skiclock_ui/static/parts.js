// Small parts that the pages' components share: icons, marks of an update, times that tick.

import { h, onBeforeUnmount, onMounted, shallowRef } from "vue";
import { ago, moment } from "./format.js";
import { follow, serverNow } from "./live.js";

const ICONS = new URL("icons.svg", import.meta.url).pathname;

/** A drawing that only repeats what the text beside it says. */
export const Icon = ({ name }) =>
  h("svg", { class: "icon", "aria-hidden": "true" }, [h("use", { href: `${ICONS}#${name}` })]);
Icon.props = ["name"];

const RUNNING = new Set(["started", "downloading", "installed"]);
export const isRunning = (state) => RUNNING.has(state);

/** How an update stands: a ring that fills, a filled dot, a hollow one crossed, or a half one. */
export const UpdateMark = ({ state, progress }) =>
  h("svg", { class: ["mark", isRunning(state) ? "is-busy" : `is-${state}`], viewBox: "0 0 16 16", "aria-hidden": "true" },
    (SHAPES[state] ?? SHAPES.running)(progress ?? 0));
UpdateMark.props = ["state", "progress"];

const circle = (attrs) => h("circle", { cx: 8, cy: 8, ...attrs });
const line = (d, attrs) =>
  h("path", { d, stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round", ...attrs });
const AROUND = 2 * Math.PI * 5;
const SHAPES = {
  success: () => [circle({ r: 6.5, fill: "currentColor" }), line("m5 8.2 2.1 2.1L11 6", { stroke: "var(--surface)" })],
  failed: () => [circle({ r: 5.75, stroke: "currentColor", "stroke-width": 1.5 }), line("m6 6 4 4M10 6l-4 4")],
  silent: () => [
    circle({ r: 5.75, stroke: "currentColor", "stroke-width": 1.5 }),
    h("path", { d: "M8 2.25a5.75 5.75 0 0 0 0 11.5z", fill: "currentColor" }),
  ],
  running: (progress) => [
    circle({ r: 5, stroke: "currentColor", "stroke-width": 3, opacity: 0.28 }),
    circle({
      r: 5, stroke: "currentColor", "stroke-width": 3, transform: "rotate(-90 8 8)",
      "stroke-dasharray": `${(AROUND * Math.max(progress, 4)) / 100} ${AROUND}`,
    }),
  ],
};

// One clock for every time on the page; it stands still while nobody looks.
const now = shallowRef(serverNow());
setInterval(() => {
  if (!document.hidden && !document.documentElement.hasAttribute("data-stale")) now.value = serverNow();
}, 1000);

/** The server's time in Unix seconds, ticking. */
export const useNow = () => now;

/** A moment: how long ago (the default), or in a form of format.js. The tooltip is exact. */
export const Moment = ({ at, form }) =>
  h("time", { datetime: new Date(at * 1000).toISOString(), title: moment(at, "exact"), class: "num" },
    form ? moment(at, form) : ago(at, Math.max(now.value, at)));
Moment.props = ["at", "form"];

/** Follow a topic while the component is there. */
export function useTopic(topic, take) {
  let leave;
  onMounted(() => (leave = follow(topic, take)));
  onBeforeUnmount(() => leave());
}

/** Copy a text; resolves to whether that worked (it needs HTTPS). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
