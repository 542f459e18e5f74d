// What the server stands on, how ingest does, and what came in damaged; payloads as text only.

import { computed, shallowRef } from "vue";
import { bytes, decimal, duration, fill, moment, number, plural } from "skiclock/format.js";
import { Icon, Moment, useTopic } from "skiclock/parts.js";

const THIN = "\u202f";

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object },

  setup(props) {
    const { words } = props;
    const state = shallowRef(props.state);
    useTopic("diagnostics", (message) => (state.value = message));
    const parts = computed(() => ["broker", "database", "store"].map((name) => {
      const part = state.value.parts[name];
      const kind = name === "store" ? [words.bucket, words.folder] : [words.external, words.embedded];
      return { name, title: words[name], kind: kind[+part.embedded], ...part, to_do: words.to_do[`${name}_${part.embedded ? "embedded" : "external"}`] };
    }));
    const problemOf = (name) => words.problems[name] ?? { title: name, to_do: "" };
    const lag = computed(() => {
      const s = state.value.ingest.lag_s;
      return s < 1 ? `${number(s * 1000)}${THIN}ms` : `${decimal(s)}${THIN}s`;
    });
    const versions = computed(() => [
      [words.product, state.value.versions.product], ["PostgreSQL", state.value.versions.postgresql ?? words.unknown],
      ["Python", state.value.versions.python], ["NiceGUI", state.value.versions.nicegui],
    ]);
    return { words, state, parts, problemOf, lag, versions, bytes, decimal, duration, fill, moment, number, plural };
  },

  template: `
<div class="diagnostics">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div></div>

  <div class="diagnostics-parts">
    <section v-for="part in parts" :key="part.name" class="panel part-panel" :aria-labelledby="'part-' + part.name">
      <svg class="mark" :class="part.ok ? 'is-ok' : 'is-bad'" viewBox="0 0 16 16" aria-hidden="true"><circle v-if="part.ok" cx="8" cy="8" r="6" fill="currentColor"/><circle v-else cx="8" cy="8" r="5.25" stroke="currentColor" stroke-width="1.5"/></svg>
      <div>
        <h2 :id="'part-' + part.name">{{ part.title }} <span class="faint">{{ part.kind }}</span></h2>
        <p><span :class="part.ok ? '' : 'tone-bad'">{{ part.ok ? words.connected : words.away }}</span> <span class="quiet">{{ words.since }} <moment :at="part.since" form="dayTime"/></span></p>
        <p v-if="part.name === 'store'" class="quiet num"><span v-if="part.place" class="mono">{{ part.place }}<br></span>{{ part.embedded ? fill(words.near, {size: bytes(part.near_bytes)}) : fill(words.copies, {size: bytes(part.near_bytes), most: bytes(part.most_bytes)}) }}<template v-if="part.moved_at">, {{ words.moved }} <moment :at="part.moved_at"/></template></p>
        <p v-if="part.waiting" class="tone-warn num">{{ plural(words.waiting, part.waiting) }}</p>
        <p v-if="part.unreadable" class="tone-bad num">{{ plural(words.unreadable, part.unreadable) }}</p>
        <template v-if="!part.ok"><p v-if="part.detail" class="mono part-detail">{{ part.detail }}</p><p class="quiet">{{ part.to_do }}</p></template>
      </div>
    </section>
  </div>

  <section aria-labelledby="ingest-title">
    <h2 id="ingest-title" class="section-title">{{ words.ingest }}</h2>
    <dl class="figures">
      <div class="figure"><dt>{{ words.rate }}</dt><dd data-figure="rate">{{ state.ingest.rate === null ? '–' : decimal(state.ingest.rate) }}</dd></div>
      <div class="figure"><dt>{{ words.lag }}</dt><dd>{{ lag }}</dd></div>
      <div class="figure"><dt>{{ words.queue }}</dt><dd data-figure="queue">{{ number(state.ingest.depth) }}</dd></div>
      <div class="figure"><dt>{{ words.received }}</dt><dd>{{ number(state.ingest.received) }}</dd><dd class="note num">{{ plural(words.committed, state.ingest.committed) }}</dd></div>
      <div class="figure"><dt>{{ words.lost }}</dt><dd :class="{'tone-bad': state.ingest.dropped || state.ingest.refused}">{{ number(state.ingest.thinned) }}, {{ number(state.ingest.dropped) }}, {{ number(state.ingest.refused) }}</dd><dd class="note">{{ words.lost_hint }}</dd></div>
    </dl>
  </section>

  <section class="panel" aria-labelledby="bad-title">
    <div class="panel-head"><div><h2 id="bad-title">{{ words.bad }}</h2><p class="help">{{ words.bad_hint }}</p></div></div>
    <table v-if="state.problems.length" class="table rows problems" role="table" aria-labelledby="bad-title">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.problem }}</th><th role="columnheader">{{ words.kind }}</th><th role="columnheader" class="right">{{ words.count }}</th></tr></thead>
      <tbody role="rowgroup"><tr v-for="one in state.problems" :key="one.kind + one.problem" role="row">
        <th role="rowheader" scope="row"><span>{{ problemOf(one.problem).title }}</span><p class="problem-to-do">{{ problemOf(one.problem).to_do }}</p></th>
        <td role="cell" class="mono" :data-label="words.kind">{{ one.kind }}</td><td role="cell" class="right num" :data-label="words.count">{{ number(one.count) }}</td></tr></tbody>
    </table>
    <div v-else class="nothing-bad"><icon name="check"/><div><p>{{ words.none }}</p><p class="help">{{ words.none_hint }}</p></div></div>
  </section>

  <section v-if="state.samples.length" class="panel" aria-labelledby="samples-title">
    <div class="panel-head"><h2 id="samples-title">{{ words.samples }}</h2><span v-if="state.samples.length === 100" class="help num">{{ plural(words.newest_only, 100) }}</span></div>
    <table class="table rows samples" role="table" aria-labelledby="samples-title">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.clock }}</th><th role="columnheader">{{ words.problem }}</th><th role="columnheader">{{ words.payload }}</th><th role="columnheader" class="right">{{ words.last }}</th></tr></thead>
      <tbody role="rowgroup"><tr v-for="one in state.samples" :key="one.device_id + one.kind + one.problem" role="row">
        <th role="rowheader" scope="row"><a v-if="one.device_id" class="mono" :href="'/?q=' + encodeURIComponent(one.device_id)">{{ one.device_id }}</a><span v-else class="faint">{{ words.no_clock }}</span></th>
        <td role="cell">{{ problemOf(one.problem).title }}<br><span class="help"><span class="mono">{{ one.kind }}</span>, <span class="num">{{ plural(words.times, one.count) }}</span></span></td>
        <td role="cell"><code class="payload">{{ one.payload }}</code><span class="help num">{{ fill(words.bytes_in_all, {size: bytes(one.size_bytes)}) }}</span></td>
        <td role="cell" class="right sample-at"><moment :at="one.last_at"/></td></tr></tbody>
    </table>
  </section>

  <section v-if="state.certificates.length" class="panel" aria-labelledby="certificates-title">
    <div class="panel-head"><div><h2 id="certificates-title">{{ words.certificates }}</h2><p class="help">{{ words.certificates_hint }}</p></div></div>
    <dl class="facts">
      <div v-for="one in state.certificates" :key="one.holder + one.place"><dt>{{ words.holders[one.holder] }}</dt>
        <dd v-if="one.ends_at === null"><span class="tone-warn">{{ fill(words.unseen, {problem: one.problem}) }}</span><br><span class="help mono">{{ one.place }}</span></dd>
        <dd v-else><span :class="{'tone-bad': one.soon}">{{ fill(one.days_left < 0 ? words.ended_on : words.ends_on, {date: moment(one.ends_at, 'date')}) }}</span><template v-if="one.days_left >= 0">, <span class="num">{{ plural(words.days_left, one.days_left) }}</span></template><br><span class="help mono">{{ one.place }}</span></dd></div>
    </dl>
  </section>

  <section class="panel" aria-labelledby="versions-title">
    <div class="panel-head"><h2 id="versions-title">{{ words.versions }}</h2></div>
    <dl class="facts">
      <div v-for="[name, value] in versions" :key="name"><dt>{{ name }}</dt><dd class="mono">{{ value }}</dd></div>
      <div><dt>{{ words.running_since }}</dt><dd><moment :at="state.started_at" form="dayTime"/></dd></div>
      <div><dt>{{ words.clocks }}</dt><dd class="num">{{ number(state.clocks) }}</dd></div>
    </dl>
  </section>
</div>`,
};
