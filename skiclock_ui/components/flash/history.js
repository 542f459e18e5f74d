// What was written over USB: who, when, which board, how it went, and what the browser saw.

import { ref, shallowRef } from "vue";
import { duration, fill } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, useTopic } from "skiclock/parts.js";

const TONES = { running: "busy", done: "ok", failed: "bad" };

export default {
  components: { Icon, Moment },
  // `device`: of this clock alone; without it, of every board that one may flash.
  props: { words: Object, state: Array, device: String, lang: String },

  setup(props) {
    const { words, device } = props;
    const attempts = shallowRef(props.state);
    useTopic("flashed", () =>
      ask("flash.attempts", device ? { device_id: device } : {}).then((fresh) => (attempts.value = fresh), () => {}));

    const logs = ref({}); // by attempt, once asked for
    async function show(id, event) {
      if (!event.target.open || id in logs.value) return;
      try {
        const { log } = await ask("flash.log", { id });
        logs.value[id] = log || words.no_log;
      } catch (error) {
        logs.value[id] = props.lang === "en" ? error.message : words.failed;
      }
    }
    const tone = (state) => TONES[state] ?? "";
    return { words, attempts, logs, show, tone, duration, fill };
  },

  template: `
<section v-if="attempts.length || !device" class="panel flashed" aria-labelledby="flashed">
  <div class="panel-head"><h2 id="flashed">{{ device ? words.of_clock : words.recent }}</h2></div>
  <ul v-if="attempts.length" class="flashed-list">
    <li v-for="one in attempts" :key="one.id" :data-attempt="one.state">
      <moment class="quiet" :at="one.at"/>
      <div class="flashed-what">
        <p><a v-if="!device && one.state === 'done'" class="mono" :href="'/clocks/' + one.device_id">{{ one.device_id }}</a><span v-else-if="!device" class="mono">{{ one.device_id }}</span>
          {{ one.board }} <span class="mono">{{ one.version }}</span></p>
        <p class="help"><span dir="auto">{{ one.chip }}</span> <span class="mono">{{ one.mac }}</span> · {{ one.by }}</p>
        <p v-if="one.reason" class="help" :class="{'tone-bad': one.state === 'failed'}" dir="auto">{{ one.reason }}</p>
      </div>
      <p class="flashed-end"><span class="chip" :class="tone(one.state)">{{ words.states[one.state] }}</span> <span v-if="one.took_s !== null" class="help num">{{ fill(words.took, {time: duration(one.took_s)}) }}</span></p>
      <details v-if="one.took_s !== null" class="fold flashed-log" @toggle="show(one.id, $event)"><summary><icon name="chevron"/>{{ words.show_log }}</summary><pre tabindex="0" dir="ltr">{{ logs[one.id] }}</pre></details>
    </li>
  </ul>
  <p v-else class="flashed-none quiet">{{ words.none }}</p>
</section>`,
};
