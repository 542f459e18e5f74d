// Icons and status marks, drawn here: 16 x 16, in the colour of the text around them.

import { h } from "vue";
import { signalBars } from "./format.js";

const PATHS = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6l3.4 3.4",
  filter: "M2 4h12M4.5 8h7M6.5 12h3",
  cards: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z",
  table: "M2 3.5h12M2 8h12M2 12.5h12",
  more: "M8 3.2v.1M8 8v.1M8 12.8v.1",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.2 3.2L13 5",
  newer: "M8 13V3.5M4 7.2l4-4 4 4",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  memory: "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  uptime: "M8 2v5.5M4.6 4.1a5.5 5.5 0 1 0 6.8 0",
  heard: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6",
  network: "M1.8 6.2a9 9 0 0 1 12.4 0M4.2 8.9a5.4 5.4 0 0 1 7.6 0M8 12.2v.1",
  open: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3l-5.5 5.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  rename: "M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z",
  remove: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9",
  warning: "M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.3v.1",
};

const svg = (attrs, children) =>
  h("svg", { viewBox: "0 0 16 16", width: 16, height: 16, fill: "none", ...attrs }, children);

const STROKE = {
  stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round", "stroke-linejoin": "round",
};

/** A drawing that only repeats what the text beside it says. */
export const Icon = ({ name }) =>
  svg({ class: "fleet-icon", "aria-hidden": "true", ...STROKE }, h("path", { d: PATHS[name] }));
Icon.props = ["name"];

/**
 * Filled: online. Half: degraded. Hollow: offline. A ring that fills: updating.
 * Without a label it is for the eye only.
 */
export const StatusMark = ({ state, label, progress }) => {
  const name = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg({ class: ["fleet-mark", `is-${state}`], ...name }, SHAPES[state](progress ?? 0));
};
StatusMark.props = ["state", "label", "progress"];

const circle = (attrs) => h("circle", { cx: 8, cy: 8, ...attrs });
const ring = (attrs) => circle({ r: 5.25, stroke: "currentColor", "stroke-width": 1.5, ...attrs });
const AROUND = 2 * Math.PI * 5;

const SHAPES = {
  online: () => [circle({ r: 6, fill: "currentColor" })],
  degraded: () => [ring(), h("path", { d: "M8 2.75a5.25 5.25 0 0 0 0 10.5z", fill: "currentColor" })],
  offline: () => [ring()],
  updating: (progress) => [
    circle({ r: 5, stroke: "currentColor", "stroke-width": 3, opacity: 0.28 }),
    circle({
      class: "fleet-mark-progress", r: 5, stroke: "currentColor", "stroke-width": 3,
      transform: "rotate(-90 8 8)",
      "stroke-dasharray": `${(AROUND * Math.max(progress, 4)) / 100} ${AROUND}`,
    }),
  ],
};

const bar = (i) => `M${1.5 + i * 3.5} ${10 - i * 2.6}h2.4V14h-2.4z`;
const BARS = [0, 1, 2, 3, 4].map((strong) => [
  [0, 1, 2, 3].slice(0, strong).map(bar).join(""), [0, 1, 2, 3].slice(strong).map(bar).join(""),
]);

/** Four bars, as many of them strong as the signal has. */
export const SignalBars = ({ dbm }) => {
  const [strong, weak] = BARS[dbm === null ? 0 : signalBars(dbm)];
  return svg({ class: "fleet-icon", "aria-hidden": "true", fill: "currentColor" },
    [h("path", { d: strong }), h("path", { d: weak, opacity: 0.28 })]);
};
SignalBars.props = ["dbm"];
