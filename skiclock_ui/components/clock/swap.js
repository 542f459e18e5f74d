// A broken clock and its spare: whose place this one took, and the form that replaces it.

import { computed, nextTick, ref } from "vue";
import { fill } from "skiclock/format.js";
import { Icon, Moment } from "skiclock/parts.js";

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, may: Object, lang: String },

  setup(props) {
    const { words, state } = props;
    const spare = ref("");
    const isAsking = ref(false);
    const busy = ref(false);
    const problem = ref("");
    const yes = ref(null);
    const label = computed(() => {
      const known = state.spares.find((one) => one.device_id === spare.value.trim());
      return known?.about ? `${known.device_id} (${known.about})` : spare.value.trim();
    });

    async function ask() {
      if (!spare.value.trim()) return;
      [problem.value, isAsking.value] = ["", true];
      await nextTick();
      yes.value?.focus();
    }
    async function replace() {
      busy.value = true;
      const answer = await fetch(`/api/devices/${state.device_id}/swap`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ spare: spare.value.trim() }),
      }).catch(() => null);
      const said = (await answer?.json().catch(() => null)) ?? { code: "no_answer" };
      if (answer?.ok) return location.assign(`/clocks/${said.replaced_by}`);
      [busy.value, isAsking.value] = [false, false];
      problem.value = (props.lang === "en" && said.error) || words.refusals[said.code] || words.failed;
    }
    return { words, state, spare, isAsking, busy, problem, yes, label, ask, replace, fill };
  },

  template: `
<section v-if="state.swaps.length || may.swap" class="panel clock-swap" aria-labelledby="clock-swap">
  <div class="panel-head"><h2 id="clock-swap">{{ words.title }}</h2></div>
  <ul v-if="state.swaps.length" class="clock-list">
    <li v-for="one in state.swaps" :key="one.at" data-swap><moment :at="one.at"/>
      <span class="clock-grow">{{ fill(one.took_over ? words.took_over : words.replaced, {other: one.other}) }} <span class="faint">{{ one.by }}</span></span>
      <span class="clock-row"><a v-if="one.known" :href="'/clocks/' + one.other">{{ one.took_over ? words.earlier : words.open }}</a>
        <a v-if="one.took_over" :href="'/updates?clock=' + one.other">{{ words.updates }}</a></span></li>
  </ul>
  <form v-if="may.swap" class="clock-swap-form" @submit.prevent="ask" novalidate>
    <p class="quiet">{{ words.about }}</p>
    <div class="clock-row">
      <div class="field clock-grow"><label for="clock-spare">{{ words.spare }}</label>
        <input id="clock-spare" class="input mono" v-model="spare" maxlength="16" autocomplete="off" spellcheck="false" list="clock-spares" :disabled="isAsking" :aria-invalid="!!problem" aria-describedby="clock-spare-help"></div>
      <button v-if="!isAsking" type="submit" class="button">{{ words.replace }}</button>
    </div>
    <datalist id="clock-spares"><option v-for="one in state.spares" :key="one.device_id" :value="one.device_id">{{ one.about }}</option></datalist>
    <p id="clock-spare-help" :class="problem ? 'field-error' : 'help'"><icon v-if="problem" name="warning"/>{{ problem || words.spare_hint }}</p>
    <div v-if="isAsking" class="clock-row" role="group" :aria-label="words.title">
      <span>{{ fill(words.sure, {spare: label, clock: state.name ?? state.device_id}) }}</span>
      <button ref="yes" type="button" class="button danger" :disabled="busy" @click="replace">{{ words.yes }}</button>
      <button type="button" class="button" :disabled="busy" @click="isAsking = false">{{ words.no }}</button>
    </div>
  </form>
</section>`,
};
