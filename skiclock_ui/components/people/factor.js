// One's own second factor: set up with a QR code, turned off with a code, and its recovery codes.

import { computed, nextTick, ref, shallowRef } from "vue";
import { plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, copy } from "skiclock/parts.js";

export default {
  components: { Icon },
  props: { words: Object, state: Object },

  setup(props) {
    const { words } = props;
    const state = shallowRef(props.state);
    const setup = shallowRef(null); // the picture and the key: shown until a code confirms them
    const asking = ref(""); // what a code is asked for: confirm, off or renew
    const codes = shallowRef(null); // recovery codes that were just made: shown once
    const code = ref("");
    const problem = ref("");
    const busy = ref(false);
    const copied = ref(false);
    const field = ref(null);
    const spaced = computed(() => setup.value?.secret.match(/.{1,4}/g).join(" "));

    async function question(what, args) {
      busy.value = true;
      problem.value = "";
      try {
        return await ask(`factor.${what}`, args);
      } catch (error) {
        problem.value = words.problems[error.code] ?? words.failed;
        return null;
      } finally {
        busy.value = false;
      }
    }
    async function askCode(what) {
      [asking.value, code.value, problem.value, codes.value] = [what, "", "", null];
      await nextTick();
      field.value?.focus();
    }
    async function begin() {
      setup.value = await question("begin", {});
      if (setup.value) await askCode("confirm");
    }
    async function send() {
      const answer = await question(asking.value, { code: code.value });
      if (!answer) return;
      [state.value, codes.value] = [answer.state, answer.codes ?? null];
      stop();
    }
    function stop() {
      [setup.value, asking.value, problem.value, copied.value] = [null, "", "", false];
    }
    async function copyCodes() {
      copied.value = await copy(codes.value.join("\n"));
    }
    const label = computed(() => ({ confirm: words.turn_on, off: words.turn_off, renew: words.renew })[asking.value]);
    return { words, state, setup, asking, codes, code, problem, busy, copied, field, spaced, label, begin, askCode, send, stop, copyCodes, plural };
  },

  template: `
<section class="panel factor" aria-labelledby="factor-title">
  <div class="panel-head"><div><h2 id="factor-title">{{ words.title }} <span class="chip" :class="{ok: state.on}">{{ state.on ? words.on : words.off }}</span></h2>
    <p class="help">{{ state.on ? plural(words.about_on, state.left) : words.about_off }}</p></div>
    <div v-if="!asking" class="people-buttons"><button v-if="!state.on" type="button" class="button" :disabled="busy" @click="begin">{{ words.set_up }}</button>
      <template v-else><button type="button" class="button" @click="askCode('renew')">{{ words.renew }}</button><button type="button" class="button" @click="askCode('off')">{{ words.turn_off }}</button></template></div></div>
  <p v-if="problem && !asking" class="field-error sessions-none" role="alert"><icon name="warning"/>{{ problem }}</p>
  <div v-if="asking" class="panel-body factor-body">
    <div v-if="setup" class="factor-setup"><img :src="setup.picture" :alt="words.qr" class="factor-qr"><div><p>{{ words.scan }}</p><p class="help">{{ words.by_hand }}</p><code class="factor-key" id="factor-key">{{ spaced }}</code></div></div>
    <form class="factor-form" @submit.prevent="send" @keydown.esc="stop">
      <div class="field"><label for="factor-code">{{ words.code }}</label><input ref="field" class="input mono" id="factor-code" v-model="code" required maxlength="40" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" :aria-invalid="!!problem" :aria-describedby="problem ? 'factor-problem' : 'factor-hint'">
        <p v-if="problem" id="factor-problem" class="field-error" role="alert"><icon name="warning"/>{{ problem }}</p><p v-else-if="!setup" id="factor-hint" class="help">{{ words.code_hint }}</p></div>
      <div class="people-buttons"><button type="submit" class="button primary" :disabled="busy">{{ label }}</button><button type="button" class="button" @click="stop">{{ words.cancel }}</button></div>
    </form>
  </div>
  <div v-if="codes" class="panel-body" role="status">
    <h3 class="factor-codes-title">{{ words.codes_title }}</h3><p class="help">{{ words.codes_hint }}</p>
    <ul class="factor-codes mono"><li v-for="one in codes" :key="one">{{ one }}</li></ul>
    <div class="people-buttons"><button type="button" class="button" @click="copyCodes"><icon :name="copied ? 'check' : 'copy'"/>{{ copied ? words.copied : words.copy }}</button><button type="button" class="button primary" @click="codes = null">{{ words.kept }}</button></div>
  </div>
</section>`,
};
