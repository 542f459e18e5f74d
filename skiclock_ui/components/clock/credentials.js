// Whether a clock has credentials of its own: since when, by whom, and how to renew or revoke them.

import { computed, ref, shallowRef } from "vue";
import { number } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, useTopic } from "skiclock/parts.js";

const TONES = { shared: "", new: "busy", renewing: "busy", own: "ok", revoked: "bad" };

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, may: Object, lang: String },

  setup(props) {
    const { words } = props;
    const device_id = props.state.device_id;
    const state = shallowRef(props.state);
    const refresh = () => ask("clock.credentials", { device_id }).then((fresh) => (state.value = fresh), () => {});
    useTopic("clock", (changed) => changed.includes(device_id) && refresh());

    const notice = ref(null);
    const sure = ref(""); // what waits for a yes
    const busy = ref(false);
    async function act(what) {
      sure.value = "";
      busy.value = true;
      try {
        state.value = await ask(`clock.${what}`, { device_id });
        notice.value = { tone: "ok", text: what === "rotate" ? words.rotated : words.revoked_now };
      } catch (error) {
        notice.value = { tone: "bad", text: props.lang === "en" ? error.message : words.failed };
      } finally {
        busy.value = false;
      }
    }
    const can = computed(() => ({
      rotate: props.may.edit && state.value.standing === "own",
      revoke: props.may.edit && !["shared", "revoked"].includes(state.value.standing),
    }));
    return { words, state, notice, sure, busy, act, can, TONES, number };
  },

  template: `
<section class="panel clock-credentials" aria-labelledby="clock-credentials">
  <div class="panel-head"><h2 id="clock-credentials">{{ words.title }}</h2>
    <span class="chip" :class="TONES[state.standing]">{{ words.standings[state.standing] }}</span></div>
  <p class="clock-none quiet">{{ words.meanings[state.standing] }}</p>
  <dl v-if="state.generation" class="facts">
    <div><dt>{{ words.generation }}</dt><dd class="num">{{ number(state.generation) }}</dd></div>
    <div><dt>{{ words.claimed }}</dt><dd><span dir="auto">{{ state.claimed_by }}</span> <span class="faint"><moment :at="state.claimed_at"/></span></dd></div>
    <div v-if="state.revoked_at"><dt>{{ words.revoked }}</dt><dd><span dir="auto">{{ state.revoked_by }}</span> <span class="faint"><moment :at="state.revoked_at"/></span></dd></div>
    <div v-else-if="state.used_at"><dt>{{ words.used }}</dt><dd><moment :at="state.used_at"/></dd></div>
  </dl>
  <div v-if="can.rotate || can.revoke" class="clock-row clock-foot">
    <template v-if="!sure">
      <button v-if="can.rotate" type="button" class="button" :disabled="busy" @click="sure = 'rotate'">{{ words.rotate }}</button>
      <button v-if="can.revoke" type="button" class="button danger" :disabled="busy" @click="sure = 'revoke'">{{ words.revoke }}</button>
    </template>
    <span v-else class="clock-sure" role="group"><span>{{ sure === "rotate" ? words.rotate_sure : words.revoke_sure }}</span>
      <button type="button" class="button" :class="sure === 'revoke' ? 'danger' : 'primary'" @click="act(sure)">{{ words.yes }}</button><button type="button" class="button" @click="sure = ''">{{ words.no }}</button></span>
  </div>
  <div role="status"><p v-if="notice" class="notice clock-told" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>
</section>`,
};
