// The audit log: filters that stand in the address, entries newest first, what each changed.

import { computed, ref, shallowRef } from "vue";
import { ask } from "skiclock/live.js";
import { Icon, Moment } from "skiclock/parts.js";

const RETRY_MS = 3000;
const EMPTY = { actor: "", action: "", object: "", since: "", until: "" };
const DAY = /^\d{4}-\d\d-\d\d$/;

/** The start of a day here, or of the one after it, in Unix seconds; null for no day. */
function startOf(day, after = 0) {
  if (!DAY.test(day)) return null;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + after).getTime() / 1000;
}

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, csv: String },

  setup(props) {
    const { words } = props;
    const rows = shallowRef([]);
    const more = ref(false);
    const phase = ref("loading");
    const filters = ref({ ...EMPTY, ...Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => name in EMPTY)) });
    let asked = 0;

    const question = () => {
      const { actor, action, object, since, until } = filters.value;
      return { actor: actor.trim(), action, object: object.trim(), since: startOf(since), until: startOf(until, 1) };
    };
    async function load({ older = false } = {}) {
      const request = ++asked;
      phase.value = "loading";
      try {
        const found = await ask("audit.find", { ...question(), below: older ? rows.value.at(-1).key : null });
        if (request !== asked) return;
        rows.value = older ? [...rows.value, ...found.rows] : found.rows;
        more.value = found.more;
        phase.value = "there";
      } catch {
        if (request !== asked) return;
        phase.value = "away";
        setTimeout(() => request === asked && load({ older }), RETRY_MS);
      }
    }
    function choose(change = {}) {
      Object.assign(filters.value, change);
      const query = new URLSearchParams(Object.entries(filters.value).filter(([, value]) => value));
      history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
      load();
    }
    load();

    const isFiltered = computed(() => Object.values(filters.value).some(Boolean));
    const exported = computed(() => {
      const entries = Object.entries(question()).filter(([, value]) => value !== "" && value !== null)
        .map(([name, value]) => [name, typeof value === "number" ? new Date(value * 1000).toISOString() : value]);
      return entries.length ? `${props.csv}?${new URLSearchParams(entries)}` : props.csv;
    });

    const shown = (value) => {
      if (typeof value === "boolean") return value ? words.yes : words.no;
      if (value === null || value === undefined || value === "") return "–";
      if (Array.isArray(value)) return value.map(shown).join(", ") || "–";
      return typeof value === "object" ? JSON.stringify(value) : String(value);
    };
    /** What an entry changed, by name: [name, before, after], a side that says nothing undefined. */
    function changes({ before, after }) {
      const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
      return names
        .map((name) => [name, before ? shown(before[name]) : undefined, after ? shown(after[name]) : undefined])
        .filter(([, one, other]) => one !== other);
    }
    return { words, rows, more, phase, filters, choose, load, isFiltered, exported, changes, EMPTY };
  },

  template: `
<div class="audit">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
    <a class="button" :href="exported" download><icon name="download"/>{{ words.export }}</a></div>

  <section class="panel" aria-labelledby="audit-title">
    <h2 id="audit-title" class="unseen">{{ words.title }}</h2>
    <form class="audit-filters" role="search" :aria-label="words.filters" @submit.prevent="choose()" @change="choose()">
      <div class="field"><label for="audit-who">{{ words.who }}</label><input class="input" id="audit-who" v-model="filters.actor" list="audit-people" maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" :placeholder="words.who_hint">
        <datalist id="audit-people"><option v-for="one in state.people" :key="one" :value="one"></option></datalist></div>
      <div class="field"><label for="audit-what">{{ words.what }}</label><span class="select-box"><select class="select" id="audit-what" v-model="filters.action"><option value="">{{ words.anything }}</option><option v-for="(name, action) in words.actions" :key="action" :value="action">{{ name }}</option></select><icon name="chevron"/></span></div>
      <div class="field"><label for="audit-on">{{ words.on }}</label><input class="input" id="audit-on" v-model="filters.object" maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" :placeholder="words.on_hint"></div>
      <div class="field"><label for="audit-since">{{ words.since }}</label><input class="input num" id="audit-since" type="date" v-model="filters.since"></div>
      <div class="field"><label for="audit-until">{{ words.until }}</label><input class="input num" id="audit-until" type="date" v-model="filters.until"></div>
      <button type="button" class="button quiet" :style="{visibility: isFiltered ? 'visible' : 'hidden'}" @click="choose({...EMPTY})"><icon name="close"/>{{ words.clear }}</button>
    </form>

    <table v-if="rows.length" class="table rows audit-table" role="table" aria-labelledby="audit-title" :class="{'is-loading': phase === 'loading'}">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.when }}</th><th role="columnheader">{{ words.who }}</th><th role="columnheader">{{ words.what }}</th><th role="columnheader">{{ words.on }}</th><th role="columnheader">{{ words.change }}</th></tr></thead>
      <tbody role="rowgroup"><tr v-for="row in rows" :key="row.key[1]" role="row" :data-action="row.action">
        <td role="cell" :data-label="words.when"><moment :at="row.at" form="exact"/></td>
        <td role="cell" :data-label="words.who"><div><span dir="auto">{{ row.actor }}</span><span v-if="row.address" class="mono faint audit-address">{{ row.address }}</span></div></td>
        <td role="cell" :data-label="words.what"><span v-if="words.actions[row.action]">{{ words.actions[row.action] }}</span><code v-else>{{ row.action }}</code></td>
        <td role="cell" :data-label="words.on" class="audit-object" dir="auto">{{ row.object }}</td>
        <td role="cell" :data-label="words.change"><ul class="audit-changes"><li v-for="[name, before, after] in changes(row)" :key="name"><span class="faint">{{ name }}</span> <template v-if="before !== undefined"><del dir="auto">{{ before }}</del></template><icon v-if="before !== undefined && after !== undefined" name="arrow"/><ins v-if="after !== undefined" dir="auto">{{ after }}</ins></li></ul></td>
      </tr></tbody>
    </table>
    <div v-else-if="phase === 'there'" class="empty" role="status"><h2>{{ words.nothing }}</h2><p>{{ words.nothing_hint }}</p></div>
    <ul v-else-if="phase === 'loading'" class="audit-bones" :aria-label="words.loading"><li v-for="i in 8" :key="i"><i class="bone"></i></li></ul>
    <p v-if="phase === 'away'" class="notice warn audit-away" role="status"><icon name="warning"/><span>{{ words.database_away }}</span></p>
    <div v-if="rows.length && more" class="panel-foot"><button type="button" class="button" :disabled="phase !== 'there'" @click="load({older: true})">{{ phase === 'loading' ? words.loading : words.more }}</button></div>
  </section>
</div>`,
};
