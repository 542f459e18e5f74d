// How this server follows production: how it stands, what came over, what was refused and why.

import { computed, ref, shallowRef } from "vue";
import { fill, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, copy, useTopic } from "skiclock/parts.js";

const SETTINGS = "PRODUCTION_API_URL=https://clocks.example.org\nPRODUCTION_API_KEY=sck_…\nPRODUCTION_UPLOAD_KEY=sck_…";

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object },

  setup(props) {
    const { words } = props;
    const state = shallowRef(props.state);
    const problem = ref("");
    const copied = ref(false);
    useTopic("sync", (message) => (state.value = message));
    async function look() {
      problem.value = "";
      try {
        await ask("sync.look", {});
        state.value = { ...state.value, looking: true };
      } catch (error) {
        problem.value = error.message || words.failed;
      }
    }
    async function copySettings() {
      copied.value = await copy(SETTINGS);
    }
    const last = computed(() => state.value.runs[0] ?? null);
    const toneOf = (run) => {
      if (run.problem) return { tone: "bad", text: words.away };
      if (run.taken.length) return { tone: "ok", text: words.news };
      return run.refused.length ? { tone: "warn", text: words.refusals } : { tone: "", text: words.ok };
    };
    const isEmpty = (run) => !run.problem && !run.unchanged && !run.taken.length && !run.refused.length;
    return { words, state, problem, copied, look, copySettings, last, toneOf, isEmpty, fill, plural, SETTINGS };
  },

  template: `
<div class="sync">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
    <button v-if="state.url" type="button" class="button primary" :disabled="state.looking" @click="look"><icon name="sync"/>{{ state.looking ? words.looking : words.look }}</button></div>
  <div role="status"><p v-if="problem" class="notice bad"><icon name="warning"/><span>{{ problem }}</span></p></div>

  <div v-if="!state.url" class="empty">
    <h2>{{ words.off }}</h2><p>{{ words.off_hint }}</p>
    <div class="command"><code>{{ SETTINGS }}</code><button type="button" class="button quiet square small" :title="words.copy" :aria-label="copied ? words.copied : words.copy" @click="copySettings"><icon :name="copied ? 'check' : 'copy'"/></button></div>
  </div>

  <template v-else>
    <dl class="figures sync-figures">
      <div class="figure"><dt>{{ words.follows }}</dt><dd class="mono sync-url">{{ state.url }}</dd><dd v-if="state.busy_with" class="note">{{ fill(words.fetching, {what: state.busy_with}) }}</dd></div>
      <div class="figure"><dt>{{ words.last }}</dt><dd><moment v-if="last" :at="last.ended_at"/><template v-else>{{ words.never }}</template></dd><dd v-if="last" class="note" :class="{'tone-bad': last.problem}">{{ toneOf(last).text }}</dd></div>
      <div class="figure"><dt>{{ words.next }}</dt><dd><moment v-if="state.next_at && !state.looking" :at="state.next_at" form="dayTime"/><template v-else>{{ words.looking }}</template></dd></div>
      <div class="figure"><dt>{{ words.promotes }}</dt><dd>{{ state.can_send ? words.yes : words.no }}</dd><dd class="note">{{ state.can_send ? words.promotes_hint : words.promotes_not }}</dd></div>
    </dl>

    <section class="panel" aria-labelledby="sync-history">
      <div class="panel-head"><h2 id="sync-history">{{ words.history }}</h2></div>
      <table v-if="state.runs.length" class="table rows sync-table" role="table" aria-labelledby="sync-history">
        <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.when }}</th><th role="columnheader">{{ words.result }}</th><th role="columnheader">{{ words.found }}</th></tr></thead>
        <tbody role="rowgroup"><tr v-for="run in state.runs" :key="run.id" role="row" :data-run="run.id">
          <th role="rowheader" scope="row"><moment :at="run.ended_at" form="dayTime"/><p v-if="run.looks > 1 || run.asked_by" class="help num"><template v-if="run.looks > 1">{{ plural(words.looks, run.looks) }}</template><span v-if="run.asked_by" class="sync-by">{{ fill(words.asked_by, {who: run.asked_by}) }}</span></p></th>
          <td role="cell" :data-label="words.result"><div><span class="chip" :class="toneOf(run).tone">{{ toneOf(run).text }}</span></div></td>
          <td role="cell" :data-label="words.found"><div class="sync-found">
            <p v-if="run.problem" class="tone-bad">{{ run.problem }}</p>
            <template v-if="run.taken.length"><p>{{ plural(words.taken, run.taken.length) }}</p><ul class="sync-list"><li v-for="one in run.taken" :key="one" class="mono">{{ one }}</li></ul></template>
            <template v-if="run.refused.length"><p class="tone-warn">{{ plural(words.refused, run.refused.length) }}</p><ul class="sync-list"><li v-for="[one, why] in run.refused" :key="one"><span class="mono">{{ one }}</span> <span class="help">{{ why }}</span></li></ul></template>
            <p v-if="run.unchanged" class="quiet num">{{ plural(words.unchanged, run.unchanged) }}</p>
            <p v-if="isEmpty(run)" class="quiet">{{ words.nothing }}</p></div></td>
        </tr></tbody>
      </table>
      <p v-else class="panel-body quiet">{{ words.waiting }}</p>
    </section>
  </template>
</div>`,
};
