// One clock as a card or as a table row: the same readings, told the same way.

import { computed, inject, ref, watch } from "vue";
import { isAddress, linkTo, fill } from "./format.js";
import { lineOf } from "./line.js";
import { isUpdating, labelOf } from "./model.js";
import { Icon, SignalBars, StatusMark } from "./marks.js";

const GLOW_MS = 500;
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const props = ["row", "rev", "state", "position", "size", "active", "menuOpen"];

/** What both forms show. Rows are plain, so everything read from one depends on its `rev`. */
function setup(props) {
  const { words, format, rules, newest, now, boards } = inject("fleet");
  const root = ref(null);
  const of = (read) => computed(() => (props.rev, read(props.row)));
  const known = (field, show) => of((row) => (row[field] === null ? null : show(row[field])));
  const line = computed(() =>
    (props.rev, lineOf(props.row, props.state, now.value, { words, format, rules, newest: newest.value })));

  const shown = {
    label: of(labelOf),
    board: of((row) => row.board ?? boards[row.platform] ?? words.board_unknown),
    lineText: computed(() => line.value.text),
    tone: computed(() => line.value.tone),
    progress: of((row) => (isUpdating(row) ? row.update.progress_percent : null)),
    signal: known("rssi_dbm", format.signal),
    memory: known("free_heap_bytes", format.memory),
    uptime: of((row) => (row.uptime_s === null ? null
      : format.duration(row.uptime_s + (props.state === "offline" ? 0 : now.value - row.last_seen)))),
    seen: of((row) => (row.heard ? format.ago(row.last_seen, now.value) : words.none)),
    seenExact: of((row) => (row.heard ? format.exact(row.last_seen) : words.line_claimed)),
    first: of((row) => format.date(row.first_seen, now.value)),
    firstExact: of((row) => format.exact(row.first_seen)),
    waitsFor: of((row) => (row.waits ? newest.value[row.platform] : null)),
    isNewest: of((row) => row.version !== null && newest.value[row.platform] === row.version),
    link: of((row) => (props.state !== "offline" && isAddress(row.ip_address) ? linkTo(row.ip_address) : null)),
    tab: computed(() => (props.active ? 0 : -1)),
  };
  useGlow(props, root, shown);
  return { ...shown, root, words, fill };
}

/** A reading that a heartbeat changed glows; one that only grew older does not. */
function useGlow(props, root, { signal, memory }) {
  const read = () => ({
    rssi: signal.value,
    free_heap: memory.value,
    uptime: props.row.uptime_s,
    version: props.row.version,
    last_seen: props.row.last_seen,
  });
  let before = read();
  watch(() => props.rev, () => {
    const after = read();
    const restarted = after.uptime < before.uptime;
    for (const field in after) {
      if (after[field] !== before[field] && (field !== "uptime" || restarted)) glow(root.value, field);
    }
    before = after;
  }, { flush: "post" });
}

function glow(root, field) {
  if (document.hidden || calm()) return;
  root?.querySelector(`[data-field="${field}"]`)?.animate(
    [{ background: "var(--fleet-glow)" }, { background: "transparent" }], { duration: GLOW_MS, easing: "ease-out" });
}

const components = { Icon, SignalBars, StatusMark };

const MENU_BUTTON = `
  <button class="fleet-ghost" type="button" data-action="menu" aria-haspopup="menu" :tabindex="tab"
      :aria-expanded="menuOpen" :aria-label="fill(words.actions_for, {name: label})"><icon name="more"/></button>`;

const VERSION = `
  <span class="mono" data-field="version" dir="auto">{{ row.version ?? words.version_unknown }}</span>
  <span v-if="waitsFor" class="fleet-waits" :title="fill(words.update_to, {version: waitsFor})">
    <icon name="newer"/><span class="unseen">{{ words.update_waits }}</span><span class="mono">{{ waitsFor }}</span></span>
  <span v-else-if="isNewest" class="fleet-newest" :title="words.line_newest">
    <icon name="check"/><span class="unseen">{{ words.line_newest }}</span></span>`;

const ADDRESS = `
  <a v-if="link" class="mono" :href="link" target="_blank" rel="noreferrer noopener" :tabindex="tab">{{ row.ip_address }}</a>
  <span v-else class="mono" dir="auto">{{ row.ip_address }}</span>`;

const ROOT = `ref="root" :data-device="row.device_id" :data-state="state" :tabindex="tab"`;

export const FleetCard = {
  props, setup, components,
  template: `
  <li class="fleet-card" role="listitem" ${ROOT} :aria-setsize="size" :aria-posinset="position"
      :aria-label="label + ', ' + words[state]">
    <div class="fleet-card-head">
      <status-mark :state="state" :label="words[state]" :progress="progress"/>
      <div class="fleet-names">
        <h2 class="fleet-name" :class="{mono: !row.name}" dir="auto" :title="label"><a :href="'/clocks/' + row.device_id" :tabindex="tab">{{ label }}</a></h2>
        <p class="fleet-sub"><template v-if="row.name"><span class="mono">{{ row.device_id }}</span> · </template>
          <span dir="auto">{{ board }}</span><template v-if="row.group"> · <span data-field="group" dir="auto">{{ row.group }}</span></template></p>
      </div>
      ${MENU_BUTTON}
    </div>
    <p class="fleet-line" data-field="line" :data-tone="tone" :title="lineText">{{ lineText }}</p>
    <div class="fleet-bar">
      <div v-if="progress !== null" role="progressbar" data-field="progress" :aria-label="words.progress"
        aria-valuemin="0" aria-valuemax="100" :aria-valuenow="progress" :style="{'--done': progress / 100}"></div>
    </div>
    <dl class="fleet-readings">
      <div><dt><signal-bars :dbm="row.rssi_dbm"/>{{ words.signal }}</dt>
        <dd><span class="num" data-field="rssi">{{ signal ?? words.none }}</span></dd></div>
      <div><dt><icon name="memory"/>{{ words.memory }}</dt>
        <dd><span class="num" data-field="free_heap">{{ memory ?? words.none }}</span></dd></div>
      <div><dt><icon name="uptime"/>{{ words.uptime }}</dt>
        <dd><span class="num" data-field="uptime">{{ uptime ?? words.none }}</span></dd></div>
      <div><dt><icon name="heard"/>{{ words.last_seen }}</dt>
        <dd><span class="num" data-field="last_seen" :title="seenExact">{{ seen }}</span></dd></div>
    </dl>
    <p class="fleet-version">${VERSION}</p>
    <p class="fleet-foot">
      <span class="fleet-network"><icon name="network"/><span class="fleet-cut" dir="auto" :title="row.ssid">{{ row.ssid ?? words.none }}</span>
        <template v-if="row.ip_address"><span aria-hidden="true">·</span>${ADDRESS}</template></span>
      <span class="fleet-first" :title="firstExact">{{ fill(words.since, {date: first}) }}</span>
    </p>
  </li>`,
};

export const FleetRow = {
  props, setup, components,
  template: `
  <tr class="fleet-row" ${ROOT} :aria-rowindex="position + 1">
    <th scope="row" class="col-name"><div class="fleet-cell">
      <status-mark :state="state" :label="words[state]" :progress="progress"/>
      <span class="fleet-names"><span class="fleet-name" :class="{mono: !row.name}" dir="auto" :title="label"><a :href="'/clocks/' + row.device_id" :tabindex="tab">{{ label }}</a></span>
        <span class="fleet-sub" :data-tone="tone" data-field="line" :title="lineText">{{ lineText }}</span></span></div></th>
    <td class="col-board"><span class="fleet-cut" dir="auto">{{ board }}</span></td>
    <td class="col-version"><div class="fleet-version">${VERSION}</div>
      <span v-if="progress !== null" class="unseen" data-field="progress" role="progressbar" :aria-label="words.progress"
        aria-valuemin="0" aria-valuemax="100" :aria-valuenow="progress"></span></td>
    <td class="col-rssi"><span class="fleet-cell"><signal-bars :dbm="row.rssi_dbm"/><span class="num" data-field="rssi">{{ signal ?? words.none }}</span></span></td>
    <td class="col-heap"><span class="num" data-field="free_heap">{{ memory ?? words.none }}</span></td>
    <td class="col-uptime"><span class="num" data-field="uptime">{{ uptime ?? words.none }}</span></td>
    <td class="col-last_seen"><span class="num" data-field="last_seen" :title="seenExact">{{ seen }}</span></td>
    <td class="col-network"><span class="fleet-cut" dir="auto" :title="row.ssid">{{ row.ssid ?? words.none }}</span></td>
    <td class="col-ip"><span class="fleet-cut">${ADDRESS}</span></td>
    <td class="col-first_seen"><span class="num" :title="firstExact">{{ first }}</span></td>
    <td class="col-menu">${MENU_BUTTON}</td>
  </tr>`,
};

export const FleetSkeleton = {
  template: `
  <li class="fleet-card fleet-skeleton" aria-hidden="true">
    <div class="fleet-card-head"><i class="bone bone-mark"></i>
      <div class="fleet-names"><i class="bone bone-name"></i><i class="bone bone-sub"></i></div></div>
    <i class="bone bone-line"></i><div class="fleet-bar"></div>
    <div class="fleet-readings"><i v-for="i in 4" :key="i" class="bone bone-reading"></i></div>
    <i class="bone bone-version"></i><i class="bone bone-foot"></i>
  </li>`,
};
