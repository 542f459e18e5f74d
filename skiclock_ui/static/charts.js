// Pictures of figures: axes that begin at zero, one palette, a table behind each.

import { computed, h, onBeforeUnmount, onMounted, ref } from "vue";
import { fill, moment, number, percent, plural } from "./format.js";

const HEIGHT = 208;
const TOP = 24;
const BOTTOM = 24;
const LEFT = 36;

/** The width of an element, as it changes. */
function useWidth(box) {
  const width = ref(0);
  const observer = new ResizeObserver(([entry]) => (width.value = Math.floor(entry.contentRect.width)));
  onMounted(() => observer.observe(box.value));
  onBeforeUnmount(() => observer.disconnect());
  return width;
}

/** Round steps for an axis from zero to at least `most`: four at most, never a part of one update. */
export function steps(most) {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough));
  const count = Math.max(1, Math.ceil(Math.max(most, 1) / step));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** Updates per week, stacked by how they ended. */
export const WeeksChart = {
  props: { weeks: Array, words: Object },
  setup(props) {
    const box = ref(null);
    const width = useWidth(box);
    const scale = computed(() => steps(Math.max(...props.weeks.map(total))));
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / scale.value.at(-1));
    const bars = computed(() => {
      const pitch = (width.value - LEFT) / props.weeks.length;
      const thick = Math.min(40, Math.max(6, pitch * 0.62));
      return props.weeks.map((week, i) => ({ week, x: LEFT + pitch * (i + 0.5), thick, pitch }));
    });
    const summary = (week) => fill(props.words.week_summary, {
      week: `${props.words.week} ${moment(week.start, "day")}`,
      success: number(week.success), failed: number(week.failed), running: number(week.running),
    });
    return () => h("div", { ref: box, class: "weeks" }, [
      h("svg", { class: "chart", width: width.value, height: HEIGHT, role: "img", "aria-label": props.words.weeks }, [
        hatch(),
        scale.value.map((value) => [
          h("line", { class: value === 0 ? "axis" : "grid", x1: LEFT, x2: width.value, y1: y(value) + 0.5, y2: y(value) + 0.5 }),
          h("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, number(value)),
        ]),
        width.value ? bars.value.map((bar, i) => column(bar, i, y, summary, props.weeks.length)) : null,
      ]),
    ]);
  },
};

const total = (week) => week.success + week.failed + week.running;
const PARTS = [["success", "var(--ok)"], ["failed", "url(#hatch)"], ["running", "var(--busy)"]];

function column({ week, x, thick, pitch }, i, y, summary, count) {
  let below = 0;
  const parts = PARTS.map(([name, fillWith]) => {
    const [from, to] = [y(below), y((below += week[name]))];
    if (from === to) return null;
    // One pixel between the parts, so that they are told apart without their colours.
    return h("rect", { x: x - thick / 2, y: to, width: thick, height: Math.max(1, from - to - (to < from - 3 ? 1 : 0)), rx: 1, fill: fillWith });
  });
  const ended = week.success + week.failed;
  const every = Math.ceil(52 / pitch);
  return h("g", null, [
    h("title", summary(week)),
    h("rect", { x: x - pitch / 2, y: TOP, width: pitch, height: HEIGHT - TOP - BOTTOM, fill: "transparent" }),
    parts,
    ended && pitch > 40 ? h("text", { x, y: y(total(week)) - 6, "text-anchor": "middle" }, percent(Math.round((100 * week.success) / ended))) : null,
    (count - 1 - i) % every === 0 ? h("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, moment(week.start, "day")) : null,
  ]);
}

const hatch = () => h("defs", null, [
  h("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [
    h("rect", { width: 5, height: 5, fill: "var(--bad)", opacity: 0.45 }),
    h("rect", { width: 2.5, height: 5, fill: "var(--bad)" }),
  ]),
]);

const NAMED = 5; // versions with a segment of their own

/** Shares of the fleet by version, newest first: the older, the fainter. */
export function shares({ counts, clocks }, words) {
  const known = counts.filter(([version]) => version !== "");
  const named = known.slice(0, known.length === NAMED + 1 ? NAMED + 1 : NAMED);
  const older = known.slice(named.length);
  const unknown = counts.find(([version]) => version === "")?.[1] ?? 0;
  const all = named.map(([version, count], i) => ({ label: version, isVersion: true, count, color: tint(1 - i / (NAMED + 1)) }));
  if (older.length) all.push({ label: plural(words.older, older.length), count: older.reduce((sum, [, count]) => sum + count, 0), color: tint(0.14) });
  if (unknown) all.push({ label: words.unknown_version, count: unknown, color: "var(--line-strong)" });
  return all.map((one) => ({ ...one, share: (100 * one.count) / Math.max(1, clocks) }));
}

const tint = (strength) => `color-mix(in oklab, var(--busy) ${Math.round(strength * 100)}%, var(--surface-2))`;

/** Versions across the fleet as one stacked bar. */
export const VersionsBar = {
  props: { versions: Object, words: Object },
  setup(props) {
    const parts = computed(() => shares(props.versions, props.words));
    return () => h("div", { class: "versions" }, [
      h("div", { class: "versions-bar", role: "img", "aria-label": props.words.versions },
        parts.value.map((one) => h("span", {
          style: { flexGrow: one.count, background: one.color }, title: `${one.label}: ${plural(props.words.clocks, one.count)}`,
        }))),
      h("ul", { class: "versions-legend" }, parts.value.map((one) => h("li", null, [
        h("span", { class: "swatch", style: { background: one.color } }),
        h("span", { class: ["versions-name", "cut", { mono: one.isVersion }], title: one.label }, one.label),
        h("span", { class: "num quiet" }, number(one.count)),
        h("span", { class: "num faint versions-share" }, percent(Math.round(one.share))),
      ]))),
    ]);
  },
};
