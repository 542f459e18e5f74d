// How updates go: figures, pictures, and the log of what clocks install, live.

import { computed, nextTick, ref, shallowRef } from "vue";
import { VersionsBar, WeeksChart } from "skiclock/charts.js";
import { duration, fill, moment, number, percent, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, UpdateMark, isRunning, useNow, useTopic } from "skiclock/parts.js";

const STATES = ["", "running", "success", "failed"];
const MEANS = { running: isRunning, success: (state) => state === "success", failed: (state) => state === "failed" || state === "silent" };
const RETRY_MS = 3000;

export default {
  components: { Icon, Moment, UpdateMark, VersionsBar, WeeksChart },
  props: { words: Object, state: Object, may: Object },

  setup(props) {
    const { words } = props;
    const now = useNow();
    const figures = shallowRef(props.state.figures);
    const versions = shallowRef(props.state.versions);
    const statistics = computed(() => figures.value?.statistics);

    // -- the log: rows by session, newest first; what is new waits while somebody is at the list

    const filters = ref({ ...props.state.filters });
    const clockName = ref(props.state.clock_name);
    const rows = shallowRef(props.state.rows ?? []);
    const waiting = shallowRef([]);
    const more = ref(props.state.more);
    const phase = ref(props.state.rows === null ? "away" : "there");
    const held = ref(false);
    const list = ref(null);
    let asked = 0;

    const matches = (row) =>
      (!filters.value.clock || row.device_id === filters.value.clock) &&
      (!filters.value.state || MEANS[filters.value.state](row.state));

    function takeRows(changed) {
      const bySession = new Map(changed.map((row) => [row.session, row]));
      const merge = (row) => {
        const newer = bySession.get(row.session);
        bySession.delete(row.session);
        return newer ? { ...newer, id: row.id } : row;
      };
      rows.value = rows.value.map(merge);
      waiting.value = waiting.value.map(merge);
      // One that began before the last row shown belongs further down, where nobody has looked yet.
      const oldest = more.value ? rows.value.at(-1)?.started_at ?? 0 : 0;
      const fresh = [...bySession.values()].filter((row) => matches(row) && row.started_at >= oldest);
      waiting.value = [...fresh, ...waiting.value].sort((one, other) => other.started_at - one.started_at);
      if (!held.value) showWaiting();
    }
    function showWaiting() {
      if (!waiting.value.length) return;
      const all = [...waiting.value, ...rows.value].sort((one, other) => other.started_at - one.started_at);
      // Where older ones are left out anyway, the list keeps its length, so that nothing below it moves.
      rows.value = more.value ? all.slice(0, rows.value.length) : all;
      waiting.value = [];
    }
    function hold(is) {
      held.value = is;
      if (!is) showWaiting();
    }
    const onLeave = (event) => list.value.contains(event.relatedTarget) || hold(false);

    async function load({ older = false } = {}) {
      const request = ++asked;
      phase.value = "loading";
      const before_id = older ? Math.min(...rows.value.map((row) => row.id ?? Infinity)) : null;
      try {
        const found = await ask("updates.find", { ...filters.value, before_id: Number.isFinite(before_id) ? before_id : null });
        if (request !== asked) return;
        const known = new Set(older ? rows.value.map((row) => row.session) : []);
        rows.value = older ? [...rows.value, ...found.rows.filter((row) => !known.has(row.session))] : found.rows;
        if (!older) waiting.value = [];
        more.value = found.more;
        phase.value = "there";
      } catch {
        if (request !== asked) return;
        phase.value = "away";
        setTimeout(() => request === asked && load(), RETRY_MS);
      }
    }

    let first = true;
    useTopic("updates", (message) => {
      figures.value = message.figures ?? figures.value;
      versions.value = message.versions ?? versions.value;
      if (message.rows) takeRows(message.rows);
      else if (message.figures && message.versions && !first) load(); // joined again: what was missed?
      first = false;
    });

    function choose(change) {
      Object.assign(filters.value, change);
      const query = new URLSearchParams(Object.entries(filters.value).filter(([, value]) => value));
      history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
      load();
    }

    // -- choosing a clock by name or id

    const text = ref("");
    const found = shallowRef([]);
    const unknown = ref(false);
    const labelOf = ({ name, device_id }) => name ?? device_id;
    async function suggest() {
      unknown.value = false;
      const hit = found.value.find((one) => labelOf(one) === text.value || one.device_id === text.value);
      if (hit) return pick(hit);
      found.value = text.value.trim() ? await ask("updates.clocks", { text: text.value }).catch(() => []) : [];
    }
    async function enter() {
      const hits = await ask("updates.clocks", { text: text.value }).catch(() => []);
      const exact = hits.find((one) => [one.device_id, one.name].includes(text.value.trim()));
      if (exact ?? hits.length === 1) pick(exact ?? hits[0]);
      else unknown.value = hits.length === 0;
      found.value = hits;
    }
    function pick(clock) {
      clockName.value = clock.name;
      [text.value, found.value] = ["", []];
      choose({ clock: clock.device_id });
    }

    // -- words

    const reasonOf = (row) => {
      const silence = /^No news from the clock for (\d+) min\.$/.exec(row.error ?? "");
      return silence ? plural(words.silence, Number(silence[1])) : words.reasons[row.error] ?? row.error;
    };
    const stateText = (row) =>
      row.state === "downloading" || (row.state === "started" && row.progress) ? `${words.states.downloading} ${percent(row.progress)}` : words.states[row.state];
    const tookText = (row) => duration((row.ended_at ?? Math.max(now.value, row.started_at)) - row.started_at);
    const weekRows = computed(() => [...(figures.value?.weeks ?? [])].reverse());
    const rate = computed(() => {
      const { success_count: success, failed_count: failed, success_rate: value } = statistics.value;
      return success + failed ? percent(value) : "–";
    });
    const onNewest = computed(() => fill(words.on_newest, {
      share: percent(Math.round((100 * versions.value.on_newest) / Math.max(1, versions.value.clocks))),
    }));

    return {
      words, figures, statistics, versions, rows, waiting, more, phase, list, filters, clockName, STATES, hold, onLeave, showWaiting, load,
      choose, text, found, unknown, suggest, enter, labelOf, pick, reasonOf, stateText, tookText, weekRows, rate, onNewest, isRunning,
      duration, moment, number, percent, plural, fill, nextTick,
    };
  },

  template: `
<div class="updates">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div></div>

  <div v-if="statistics && statistics.total_updates === 0" class="empty">
    <h2>{{ words.empty }}</h2><p>{{ words.empty_hint }}</p>
    <a v-if="may.see_firmware" class="button primary" href="/firmware">{{ words.to_firmware }}</a>
  </div>

  <dl v-if="statistics && statistics.total_updates" class="figures" :aria-label="words.figures">
    <div class="figure"><dt>{{ words.success_rate }}</dt><dd>{{ rate }}</dd><dd class="note num">{{ plural(words.of_ended, statistics.success_count + statistics.failed_count) }}</dd></div>
    <div class="figure"><dt>{{ words.duration }}</dt><dd>{{ statistics.avg_duration_seconds === null ? '–' : duration(statistics.avg_duration_seconds) }}</dd><dd class="note">{{ words.of_success }}</dd></div>
    <div class="figure"><dt>{{ words.in_progress }}</dt><dd data-figure="in_progress">{{ number(statistics.in_progress_count) }}</dd></div>
    <div class="figure"><dt>{{ words.failed_24h }}</dt><dd :class="{'tone-bad': statistics.failed_devices_24h}">{{ number(statistics.failed_devices_24h) }}</dd></div>
    <div class="figure"><dt>{{ words.last_7_days }}</dt><dd>{{ number(statistics.recent_updates_7days) }}</dd><dd class="note num">{{ plural(words.of_all, statistics.total_updates) }}</dd></div>
  </dl>
  <p v-else-if="!statistics" class="notice warn"><icon name="warning"/><span>{{ words.database_away }}</span></p>

  <div class="updates-pictures">
    <section v-if="figures && statistics.total_updates" class="panel" aria-labelledby="weeks-title">
      <div class="panel-head"><h2 id="weeks-title">{{ words.weeks }}</h2>
        <div class="legend" aria-hidden="true"><span><i class="swatch is-success"></i>{{ words.success }}</span><span><i class="swatch is-failed"></i>{{ words.failed }}</span><span><i class="swatch is-running"></i>{{ words.running }}</span></div></div>
      <div class="panel-body">
        <weeks-chart :weeks="figures.weeks" :words="words"/>
        <details class="fold"><summary><icon name="chevron"/>{{ words.as_table }}</summary>
          <div class="table-box"><table class="table"><thead><tr><th>{{ words.week }}</th><th class="right">{{ words.success }}</th><th class="right">{{ words.failed }}</th><th class="right">{{ words.running }}</th><th class="right">{{ words.success_rate }}</th></tr></thead>
          <tbody><tr v-for="week in weekRows" :key="week.start"><th scope="row" class="num">{{ moment(week.start, 'date') }}</th><td class="right num">{{ number(week.success) }}</td><td class="right num">{{ number(week.failed) }}</td><td class="right num">{{ number(week.running) }}</td><td class="right num">{{ week.success + week.failed ? percent(100 * week.success / (week.success + week.failed)) : '–' }}</td></tr></tbody></table></div>
        </details>
      </div>
    </section>
    <section class="panel" aria-labelledby="versions-title">
      <div class="panel-head"><h2 id="versions-title">{{ words.versions }}</h2></div>
      <div class="panel-body">
        <template v-if="versions.clocks">
          <p class="quiet num versions-newest">{{ onNewest }}</p>
          <versions-bar :versions="versions" :words="words"/>
          <details class="fold"><summary><icon name="chevron"/>{{ words.as_table }}</summary>
            <div class="table-box"><table class="table"><thead><tr><th>{{ words.version }}</th><th class="right">{{ words.clocks_column }}</th><th class="right">{{ words.share }}</th></tr></thead>
            <tbody><tr v-for="[version, count] in versions.counts" :key="version"><th scope="row" :class="{mono: version}">{{ version || words.unknown_version }}</th><td class="right num">{{ number(count) }}</td><td class="right num">{{ percent(100 * count / versions.clocks) }}</td></tr></tbody></table></div>
          </details>
        </template>
        <p v-else class="quiet">{{ words.no_clocks }}</p>
      </div>
    </section>
  </div>

  <section v-if="!statistics || statistics.total_updates" class="panel log" aria-labelledby="log-title">
    <div class="panel-head">
      <div class="log-title"><h2 id="log-title">{{ words.log }}</h2>
        <button type="button" class="button small log-newer" :style="{visibility: waiting.length ? 'visible' : 'hidden'}" @click="showWaiting">{{ plural(words.newer, waiting.length) }}</button></div>
      <form class="log-clock" @submit.prevent="enter">
        <icon name="search"/>
        <input class="input" id="search-log" type="search" v-model="text" list="log-clocks" maxlength="64" autocomplete="off" spellcheck="false" :placeholder="words.find_clock" :aria-label="words.find_clock" @input="suggest">
        <datalist id="log-clocks"><option v-for="one in found" :key="one.device_id" :value="labelOf(one)">{{ one.device_id }}</option></datalist>
      </form>
      <div class="segments" role="group" :aria-label="words.state">
        <button v-for="state in STATES" :key="state" type="button" :aria-pressed="filters.state === state" @click="choose({state})">{{ state ? words[state] : words.all_states }}</button>
      </div>
    </div>
    <p v-if="filters.clock" class="log-only"><span class="chip">{{ fill(words.only_clock, {clock: clockName ?? filters.clock}) }}</span> <button type="button" class="button quiet small" @click="choose({clock: ''})"><icon name="close"/>{{ words.clear }}</button></p>
    <p v-if="unknown" class="log-only field-error" role="status"><icon name="warning"/>{{ words.unknown_clock }}</p>

    <table v-if="rows.length" class="table log-table" role="table" aria-labelledby="log-title" ref="list" :class="{'is-loading': phase === 'loading'}"
        @mouseenter="hold(true)" @mouseleave="hold(false)" @focusin="hold(true)" @focusout="onLeave">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.state }}</th><th role="columnheader">{{ words.clock }}</th><th role="columnheader">{{ words.from_to }}</th><th role="columnheader" class="right">{{ words.took }}</th><th role="columnheader" class="right">{{ words.when }}</th></tr></thead>
      <tbody role="rowgroup">
        <tr v-for="(row, i) in rows" :key="i" role="row" :data-session="row.session" :data-state="row.state">
          <td role="cell" class="log-state"><div class="log-line"><update-mark :state="row.state" :progress="row.progress"/><span class="num">{{ stateText(row) }}</span></div>
            <div v-if="isRunning(row.state)" class="progress"><i :style="{transform: 'scaleX(' + row.progress / 100 + ')'}"></i></div>
            <div v-else-if="row.error" class="log-error" :title="reasonOf(row)">{{ reasonOf(row) }}</div></td>
          <td role="cell" class="log-who"><a class="cut" :href="'/updates?clock=' + row.device_id" @click.prevent="pick(row)">{{ row.name ?? row.device_id }}</a><span class="mono faint cut">{{ row.name ? row.device_id : row.platform }}</span></td>
          <td role="cell" class="log-versions"><span class="mono faint">{{ row.old ?? '–' }}</span><icon name="arrow"/><span class="mono">{{ row.new }}</span></td>
          <td role="cell" class="right num log-took">{{ tookText(row) }}</td>
          <td role="cell" class="right log-when"><moment :at="row.started_at"/></td>
        </tr>
      </tbody>
    </table>
    <div v-else-if="phase === 'there'" class="empty"><h2>{{ words.nothing }}</h2><p>{{ words.nothing_hint }}</p></div>
    <ul v-else-if="phase === 'loading'" class="log-bones" :aria-label="words.loading"><li v-for="i in 6" :key="i"><i class="bone"></i></li></ul>
    <p v-if="phase === 'away' && statistics" class="notice warn log-away"><icon name="warning"/><span>{{ words.database_away }}</span></p>
    <div class="panel-foot" v-if="rows.length && more">
      <button type="button" class="button" :disabled="phase !== 'there'" @click="load({older: true})">{{ phase === 'loading' ? words.loading : words.more }}</button>
    </div>
  </section>
</div>`,
};
