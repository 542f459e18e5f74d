// The live fleet: every clock as a card or a table row, of which only those in view are rendered.

import { computed, nextTick, onBeforeUnmount, onMounted, provide, reactive, ref, shallowRef, watch } from "vue";
import { FleetCard, FleetRow, FleetSkeleton } from "skiclock-fleet/clock.js";
import { FleetDialog, FleetMenu } from "skiclock-fleet/dialogs.js";
import { FleetChoices } from "skiclock-fleet/filters.js";
import { FleetEmpty } from "skiclock-fleet/empty.js";
import { fill, localeFor, makeFormat } from "skiclock-fleet/format.js";
import { Live } from "skiclock-fleet/live.js";
import { Icon, StatusMark } from "skiclock-fleet/marks.js";
import { RESTLESS, STATES, Store, stateOf } from "skiclock-fleet/model.js";
import { cleared, filterCount, isFiltered, readQuery, writeQuery } from "skiclock-fleet/query.js";
import { columnsFor, scrollFor, sliceOf } from "skiclock-fleet/slice.js";

// In px at the usual size of text; they grow with it.
const REM = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const CARD = { min: 344 * REM, height: 232 * REM, gap: 16 * REM };
const ROW = { height: 48 * REM };
const COLUMNS = [
  "name", "board", "version", "rssi", "heap", "uptime", "last_seen", "network", "ip", "first_seen",
];
const SURVEY_MS = 400; // states, totals and filter at most so often
const RESORT_MS = 3000; // an order that changes with every heartbeat at most so often
const FACETS_MS = 5000;
const ANNOUNCE_MS = 15000;
const ANSWER_MS = 10000;
const SLOW_MS = 200; // a list that comes sooner needs no picture of waiting
const VIEW_KEPT = "skiclock.fleet.view";

// NiceGUI's rule for browsers without modules, "#esm-fallback ~ *", makes the browser restyle
// every following sibling whenever an element is inserted. This browser has modules.
for (const style of document.querySelectorAll("style")) {
  if (style.textContent.includes("#esm-fallback ~")) style.remove();
}

export default {
  components: {
    FleetCard, FleetChoices, FleetDialog, FleetEmpty, FleetMenu, FleetRow, FleetSkeleton, Icon, StatusMark,
  },
  props: {
    listUrl: String, lang: String, words: Object, fields: Array, updateFields: Array,
    rules: Object, boards: Object, may: Object, connect: Object,
  },
  emits: ["rename", "remove"],

  setup(props, { emit }) {
    const { words, rules } = props;
    const locale = localeFor(props.lang, navigator.languages);
    const format = makeFormat(locale, words);
    const store = new Store({ fields: props.fields, updateFields: props.updateFields, rules, locale });

    // What is shown. The rows themselves stay outside Vue: `visible` is the slice on the screen.
    const query = reactive(readQuery(location.search, localStorage.getItem(VIEW_KEPT)));
    const now = ref(Date.now() / 1000);
    const newest = shallowRef({});
    const health = shallowRef({});
    const totals = shallowRef(null);
    const shown = shallowRef([]);
    const visible = shallowRef([]);
    const facets = shallowRef({ platform: [], version: [], network: [], group: [] });
    const grid = reactive({ columns: 1, offset: 0, height: 0 });
    const active = ref(null);
    const menuOf = ref(null);
    const staleSince = ref(null);
    const isRestart = ref(false);
    const refused = ref(0);
    const isSlow = ref(false);
    const flash = ref("");
    const announcement = ref("");

    const box = ref(null);
    const search = ref(null);
    const menu = ref(null);
    const dialog = ref(null);
    const sheet = ref(null);
    const pitch = () => (query.view === "cards" ? CARD.height + CARD.gap : ROW.height);
    const stateNow = (row) => stateOf(row, now.value, rules);
    provide("fleet", { words, format, rules, boards: props.boards, may: props.may, newest, now, stateNow });

    const live = new Live({
      url: props.listUrl,
      store,
      changed: () => refresh(),
      contact(isThere, restarts = isRestart.value) {
        isRestart.value = !isThere && restarts;
        if (isThere && staleSince.value !== null) {
          staleSince.value = null;
          refresh();
        } else if (!isThere) staleSince.value ??= live.lastContact();
      },
      failed(status) {
        if (status === 401) location.reload(); // signed out: the guard shows the sign-in
        refused.value = status;
      },
    });

    // -- from rows to the screen: at most one survey in SURVEY_MS and one paint a frame

    let frame = 0;
    let surveyTimer = 0;
    let surveyed = -Infinity;
    let sorted = -Infinity;
    let facetsAt = -Infinity;

    function refresh({ atOnce = false } = {}) {
      if (staleSince.value === null) now.value = live.now();
      const due = surveyed + SURVEY_MS - performance.now();
      if (atOnce || due <= 0) survey();
      else surveyTimer ||= setTimeout(survey, due);
      askPaint();
    }

    function survey() {
      clearTimeout(surveyTimer);
      surveyTimer = 0;
      if (store.epoch === null) return;
      const at = (surveyed = performance.now());
      const resort = menuOf.value === null && (!RESTLESS.has(query.sort) || at - sorted > RESORT_MS);
      if (resort) sorted = at;
      const found = store.survey(query, now.value, { resort });
      [newest.value, health.value, totals.value, shown.value] = [store.newest, store.health, found.totals, found.shown];
      if (at - facetsAt > FACETS_MS && document.activeElement?.tagName !== "SELECT") {
        facetsAt = at;
        setTimeout(() => (facets.value = store.facets())); // the clocks come first
      }
      refused.value = 0;
      askPaint();
    }

    function askPaint() {
      frame ||= requestAnimationFrame(paint);
    }

    function paint() {
      frame = 0;
      if (!box.value || totals.value === null) return;
      const count = shown.value.length;
      const columns = query.view === "cards" ? columnsFor(box.value.clientWidth, CARD.min, CARD.gap) : 1;
      const top = box.value.getBoundingClientRect().top;
      const slice = sliceOf({ top, viewport: innerHeight, count, columns, pitch: pitch() });
      Object.assign(grid, { columns, offset: slice.offset, height: slice.rows * pitch() });
      visible.value = shown.value.slice(slice.first, slice.last).map((row, i) => ({
        row, rev: row.rev, state: stateNow(row), position: slice.first + i + 1,
      })).filter(({ row }) => store.rows.has(row.device_id));
      if (!shown.value.some((row) => row.device_id === active.value)) {
        active.value = shown.value[0]?.device_id ?? null;
      }
    }

    // -- what people ask for

    let urlTimer = 0;
    watch(query, () => {
      sorted = -Infinity;
      refresh({ atOnce: true });
      localStorage.setItem(VIEW_KEPT, query.view);
      clearTimeout(urlTimer);
      urlTimer = setTimeout(() => {
        history.replaceState(history.state, "", location.pathname + writeQuery(query, location.search) + location.hash);
        announceMatches();
      }, 300);
    });
    const pick = (name, value) => (query[name] = value);
    const clear = () => Object.assign(query, cleared(query));
    const toggleState = (state) => (query.state = query.state.includes(state)
      ? query.state.filter((one) => one !== state) : [...query.state, state]);
    function sortBy(column) {
      query.down = query.sort === column ? !query.down : false;
      query.sort = column;
    }
    const readAddress = () => Object.assign(query, readQuery(location.search, query.view));

    const ACTIONS = {
      menu: (button, row) => openMenu(row, button),
      state: (button) => toggleState(button.dataset.value),
      waiting: () => (query.waiting = !query.waiting),
      all: clear,
      view: (button) => pick("view", button.dataset.value),
      sort: (button) => sortBy(button.dataset.value),
      sheet: () => sheet.value.showModal(),
      "close-sheet": () => sheet.value.close(),
    };
    function onClick(event) {
      const button = event.target.closest("[data-action]");
      const row = store.rows.get(event.target.closest("[data-device]")?.dataset.device);
      if (row) active.value = row.device_id;
      if (button) ACTIONS[button.dataset.action]?.(button, row);
    }

    function onKey(event) {
      const at = event.target.closest("[data-device]");
      if (!at) return;
      const index = shown.value.findIndex((row) => row.device_id === at.dataset.device);
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: grid.columns, ArrowUp: -grid.columns };
      const target = event.key === "Home" ? 0 : event.key === "End" ? shown.value.length - 1
        : event.key in steps ? index + steps[event.key] : null;
      if (target !== null && shown.value[target]) {
        event.preventDefault();
        focusClock(target);
      } else if (event.target === at && (event.key === "Enter" || event.key === "ContextMenu")) {
        event.preventDefault();
        openMenu(shown.value[index], at.querySelector("[data-action=menu]"));
      }
    }

    async function focusClock(index) {
      const { device_id: id } = shown.value[index];
      active.value = id;
      const head = box.value.querySelector("thead")?.offsetHeight ?? 0;
      window.scrollBy({
        top: scrollFor({
          top: box.value.getBoundingClientRect().top + head, row: Math.floor(index / grid.columns),
          pitch: pitch(), upper: edge("top") + head, lower: innerHeight - edge("bottom"),
        }),
      });
      paint();
      await nextTick();
      box.value.querySelector(`[data-device="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
    }
    // What lies over the list at the top and the bottom of the window, in px.
    const edge = (side) => parseFloat(getComputedStyle(box.value).getPropertyValue(`scroll-margin-${side}`)) || 0;

    function onGlobalKey(event) {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.value?.focus();
        search.value?.select();
      }
    }

    // -- one clock's menu and dialogs

    let lastMenu = { id: null, closedAt: 0 };
    function openMenu(row, button) {
      // The press that closed the menu must not open it again.
      if (lastMenu.id === row.device_id && performance.now() - lastMenu.closedAt < 300) return;
      menuOf.value = row.device_id;
      menu.value.open(row, button);
    }
    function menuClosed(row) {
      lastMenu = { id: row?.device_id, closedAt: performance.now() };
      menuOf.value = null;
    }
    function choose(action, row) {
      if (action === "copy") copy(row.device_id);
      else if (action !== "open") dialog.value.ask(action, row);
    }
    async function copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        say(fill(words.copied, { text }));
      } catch {
        say(fill(words.not_copied, { text })); // no clipboard without HTTPS
      }
    }
    let flashTimer = 0;
    function say(text) {
      flash.value = text;
      clearTimeout(flashTimer);
      flashTimer = setTimeout(() => (flash.value = ""), 4000);
    }
    async function focusBack(row) {
      await nextTick();
      const id = row && CSS.escape(row.device_id);
      (box.value?.querySelector(`[data-device="${id}"] [data-action=menu]`) ?? search.value)?.focus();
    }

    let asked = 0;
    let answerTimer = 0;
    function send(action, what) {
      emit(action, { ...what, request: ++asked });
      clearTimeout(answerTimer);
      answerTimer = setTimeout(() => dialog.value.done(words.no_answer), ANSWER_MS);
    }
    function answered({ request, error, message }) {
      if (request !== asked) return;
      clearTimeout(answerTimer);
      dialog.value.done(error);
      if (message) say(message);
    }

    // -- words for ears: not at every change

    let announced = { at: -Infinity, text: "" };
    function announceTotals() {
      if (!totals.value || performance.now() - announced.at < ANNOUNCE_MS) return;
      const text = STATES.map((state) => `${words[state]}: ${format.number(totals.value[state])}`).join(", ");
      if (text === announced.text) return;
      const first = announced.text === "";
      announced = { at: performance.now(), text };
      if (!first) announcement.value = text;
    }
    const matchText = computed(() => fill(words.showing, {
      shown: format.number(shown.value.length), all: format.number(totals.value?.all ?? 0),
    }));
    const announceMatches = () => (announcement.value = isFiltered(query) ? matchText.value : "");

    // -- life

    let ticker = 0;
    const observer = new ResizeObserver(askPaint);
    onMounted(() => {
      live.start();
      live.whenListening("fleet_answer", answered);
      ticker = setInterval(() => {
        live.watch();
        if (document.hidden || staleSince.value !== null) return;
        refresh();
        announceTotals();
      }, 1000);
      setTimeout(() => (isSlow.value = true), SLOW_MS);
      observer.observe(box.value);
      document.addEventListener("scroll", askPaint, { passive: true, capture: true });
      document.addEventListener("keydown", onGlobalKey);
      document.addEventListener("visibilitychange", askPaint);
      window.addEventListener("popstate", readAddress);
    });
    onBeforeUnmount(() => {
      live.stop();
      observer.disconnect();
      cancelAnimationFrame(frame);
      [ticker, surveyTimer, urlTimer, flashTimer, answerTimer].forEach(clearTimeout);
      document.removeEventListener("scroll", askPaint, { capture: true });
      document.removeEventListener("keydown", onGlobalKey);
      document.removeEventListener("visibilitychange", askPaint);
      window.removeEventListener("popstate", readAddress);
    });

    const phase = computed(() => {
      if (totals.value === null) return refused.value === 403 ? "refused" : "loading";
      if (totals.value.all === 0) return "empty";
      return shown.value.length === 0 ? "nothing" : "list";
    });
    const notices = computed(() => {
      const list = [];
      if (staleSince.value !== null) list.push(fill(isRestart.value ? words.restarting : words.stale, { time: format.clock(staleSince.value) }));
      else if (totals.value === null && refused.value !== 0 && refused.value !== 403) list.push(words.list_failed);
      for (const part of ["broker", "database"]) {
        const [isThere, since] = health.value[part] ?? [true, 0];
        if (!isThere) list.push(fill(words[`${part}_down`], { time: format.clock(since) }));
      }
      if (flash.value) list.push(flash.value);
      return list;
    });

    return {
      active, announcement, answered, box, choose, clear, dialog, facets, focusBack, format, grid, isSlow, menu, menuClosed,
      menuOf, notices, onClick, onKey, phase, pick, query, search, send, sheet, shown, staleSince, totals, visible, matchText,
      STATES, COLUMNS, CARD, ROW,
      filters: computed(() => filterCount(query)),
      isFiltered: computed(() => isFiltered(query)),
    };
  },

  template: `
<section class="fleet" :class="{'is-stale': staleSince !== null, 'is-empty': phase === 'empty'}" @click="onClick" @keydown="onKey"
    :style="{'--card-height': CARD.height + 'px', '--card-gap': CARD.gap + 'px', '--row-height': ROW.height + 'px'}">
  <h1 class="unseen">{{ words.clocks }}</h1>
  <div class="fleet-totals" role="group" :aria-label="words.totals">
    <button type="button" class="fleet-total" data-action="all" :aria-pressed="!isFiltered">
      <span class="fleet-total-number num">{{ totals ? format.number(totals.all) : '–' }}</span><span>{{ words.all }}</span></button>
    <button v-for="state in STATES" :key="state" type="button" class="fleet-total" data-action="state" :data-value="state"
      :aria-pressed="query.state.includes(state)">
      <status-mark :state="state" :progress="70"/>
      <span class="fleet-total-number num" :data-total="state">{{ totals ? format.number(totals[state]) : '–' }}</span><span>{{ words[state] }}</span></button>
    <button type="button" class="fleet-total" data-action="waiting" :aria-pressed="query.waiting">
      <span class="fleet-waits"><icon name="newer"/></span>
      <span class="fleet-total-number num" data-total="waiting">{{ totals ? format.number(totals.waiting) : '–' }}</span><span>{{ words.needs_update }}</span></button>
  </div>

  <div class="fleet-tools">
    <label class="fleet-search"><icon name="search"/><span class="unseen">{{ words.search }}</span>
      <input ref="search" v-model="query.q" type="search" :placeholder="words.search_hint" maxlength="100" spellcheck="false"
        autocomplete="off" enterkeyhint="search" @keydown.esc="query.q = ''; search.blur()"/><kbd aria-hidden="true">/</kbd></label>
    <div class="fleet-choices"><fleet-choices :query="query" :facets="facets" @pick="pick"/></div>
    <button type="button" class="fleet-button fleet-open-sheet" data-action="sheet" aria-haspopup="dialog" :class="{on: filters}">
      <icon name="filter"/><span class="unseen">{{ words.filters }}</span><span v-if="filters" class="num">{{ filters }}</span></button>
    <div class="fleet-views" role="group" :aria-label="words.view">
      <button v-for="view in ['cards', 'table']" :key="view" type="button" class="fleet-button" data-action="view" :data-value="view"
        :aria-pressed="query.view === view" :title="words[view]" :aria-label="words[view]"><icon :name="view"/></button>
    </div>
  </div>

  <div v-if="phase === 'list'" class="fleet-count"><span v-if="isFiltered">{{ matchText }}</span>
    <button v-if="isFiltered" type="button" class="fleet-link" @click="clear">{{ words.clear }}</button></div>

  <div ref="box" class="fleet-box" :aria-busy="phase === 'loading'">
    <div v-if="phase === 'loading'" role="status"><span class="unseen">{{ words.loading }}</span>
      <ul v-if="isSlow" class="fleet-grid fleet-loading" aria-hidden="true"><fleet-skeleton v-for="i in 12" :key="i"/></ul></div>
    <div v-else-if="phase === 'list' && query.view === 'cards'" class="fleet-space" :style="{height: grid.height - CARD.gap + 'px'}">
      <ul class="fleet-grid" role="list" :aria-label="words.clocks" :style="{transform: 'translateY(' + grid.offset + 'px)', gridTemplateColumns: 'repeat(' + grid.columns + ', minmax(0, 1fr))'}">
        <fleet-card v-for="one in visible" :key="one.row.device_id" v-bind="one" :size="shown.length"
          :active="one.row.device_id === active" :menu-open="one.row.device_id === menuOf"/></ul></div>
    <table v-else-if="phase === 'list'" class="fleet-table" :aria-label="words.clocks" :aria-rowcount="shown.length + 1">
      <thead><tr aria-rowindex="1">
        <th v-for="column in COLUMNS" :key="column" scope="col" :class="'col-' + column"
          :aria-sort="query.sort === column ? (query.down ? 'descending' : 'ascending') : null">
          <button type="button" data-action="sort" :data-value="column">{{ words['sort_' + column] }}
            <icon v-if="query.sort === column" :name="query.down ? 'down' : 'up'"/></button></th>
        <th class="col-menu" scope="col"><span class="unseen">{{ words.actions }}</span></th></tr></thead>
      <tbody>
        <tr v-if="grid.offset" aria-hidden="true" class="fleet-gap"><td :style="{height: grid.offset + 'px'}"></td></tr>
        <fleet-row v-for="one in visible" :key="one.row.device_id" v-bind="one" :size="shown.length"
          :active="one.row.device_id === active" :menu-open="one.row.device_id === menuOf"/>
        <tr aria-hidden="true" class="fleet-gap"><td :style="{height: Math.max(0, grid.height - grid.offset - visible.length * ROW.height) + 'px'}"></td></tr>
      </tbody></table>
    <fleet-empty v-else-if="phase === 'empty'" :connect="connect"/>
    <div v-else class="fleet-message">
      <template v-if="phase === 'nothing'"><icon name="search"/><h2>{{ words.nothing }}</h2><p>{{ words.nothing_hint }}</p>
        <button type="button" class="fleet-button primary" @click="clear">{{ words.clear }}</button></template>
      <template v-else><icon name="warning"/><h2>{{ words.refused }}</h2><p>{{ words.refused_hint }}</p></template>
    </div>
  </div>

  <div class="fleet-notices" role="status"><p v-for="text in notices" :key="text"><icon name="warning"/>{{ text }}</p></div>
  <p class="unseen" aria-live="polite">{{ announcement }}</p>

  <dialog ref="sheet" class="fleet-sheet" :aria-label="words.filters">
    <header><h2>{{ words.filters }}</h2>
      <button type="button" class="fleet-ghost" data-action="close-sheet" :aria-label="words.close"><icon name="close"/></button></header>
    <fleet-choices :query="query" :facets="facets" @pick="pick"/>
    <footer><button type="button" class="fleet-button" :disabled="!isFiltered" @click="clear">{{ words.clear }}</button>
      <button type="button" class="fleet-button primary" data-action="close-sheet">{{ matchText }}</button></footer>
  </dialog>
  <fleet-menu ref="menu" @choose="choose" @closed="menuClosed"/>
  <fleet-dialog ref="dialog" :groups="facets.group" @send="send" @closed="focusBack"/>
</section>`,
};
