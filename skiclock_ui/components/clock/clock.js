// One clock, live: what its panels show, what it is told, what it tells.

import { computed, onMounted, ref, shallowRef, watch } from "vue";
import { bytes, duration, fill, moment, number } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, useTopic } from "skiclock/parts.js";

const THIN = "\u202f";
const PITCH = 8; // of a picture's dots, in CSS pixels before it is fitted to its place
const UNITS = {
  uptime_s: duration,
  rssi_dbm: (value) => `${number(value)}${THIN}dBm`,
  free_heap_bytes: bytes,
  min_free_heap_bytes: bytes,
  clock_error_ms: (value) => `${number(value)}${THIN}ms`,
  frame_ms: (value) => `${number(value)}${THIN}ms`,
};

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, may: Object, lang: String },

  setup(props) {
    const { words } = props;
    const state = shallowRef(props.state);
    const device_id = props.state.device_id;
    const refresh = () => ask("clock.state", { device_id }).then((fresh) => (state.value = fresh), () => {});
    useTopic("clock", (changed) => changed.includes(device_id) && refresh());

    const notice = ref(null);
    const sure = ref(""); // the command that waits for a yes
    const message = ref("");
    const seconds = ref(30);
    const level = ref(64);
    async function tell(command, args = {}) {
      sure.value = "";
      try {
        await ask("clock.tell", { device_id, command, arguments: args });
        notice.value = { tone: "ok", text: words.sent };
        await refresh();
      } catch (error) {
        notice.value = { tone: "bad", text: props.lang === "en" ? error.message : words.failed };
      }
    }

    const canvas = ref(null);
    const picture = computed(() => state.value.picture);
    function draw() {
      if (!canvas.value || !picture.value) return;
      const { width, height, palette, pixels } = picture.value;
      const inks = atob(pixels);
      canvas.value.width = width * PITCH;
      canvas.value.height = height * PITCH;
      const pen = canvas.value.getContext("2d");
      for (let i = 0; i < inks.length; i += 1) {
        const ink = inks.charCodeAt(i);
        pen.fillStyle = ink ? `#${palette[ink]}` : "#2b323b";
        pen.beginPath();
        pen.arc(((i % width) + 0.5) * PITCH, (Math.floor(i / width) + 0.5) * PITCH, ink ? 3.2 : 1.6, 0, 7);
        pen.fill();
      }
    }
    onMounted(draw);
    watch(picture, draw, { flush: "post" });

    const readings = computed(() => Object.entries(state.value.readings)
      .filter(([, value]) => value !== null).map(([name, value]) => [name, words.readings[name], UNITS[name](value)]));
    const facts = computed(() => Object.entries(state.value.says)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [words.facts[name], name === "flash_bytes" ? bytes(value) : value]));
    const settings = computed(() => Object.entries(state.value.settings));
    return {
      words, state, notice, sure, message, seconds, level, tell, canvas, picture, readings, facts, settings,
      fill, moment, duration,
    };
  },

  template: `
<div class="clock">
  <div class="page-head">
    <div>
      <p><a href="/"><icon name="clocks"/> {{ words.back }}</a></p>
      <h1 dir="auto" :class="{mono: !state.name}">{{ state.name ?? state.device_id }}</h1>
      <p><span class="chip" :class="state.online ? 'ok' : ''">{{ state.online ? words.online : words.offline }}</span>
        <span v-if="state.name" class="mono faint">{{ state.device_id }}</span> <span dir="auto">{{ state.board }}</span>
        <span class="mono" dir="auto">{{ state.version }}</span> <span v-if="state.heard" class="quiet">{{ words.heard }} <moment :at="state.last_seen"/></span></p>
    </div>
  </div>

  <div role="status"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>
  <p v-if="!state.takes_commands" class="notice"><icon name="info"/><span>{{ state.heard ? words.first_generation : words.unheard }}</span></p>

  <div v-if="state.takes_commands" class="clock-two">
    <section class="panel clock-part" aria-labelledby="clock-picture">
      <h2 id="clock-picture">{{ words.picture }}</h2>
      <div class="clock-wall"><canvas v-if="picture" ref="canvas" role="img" :aria-label="words.picture"></canvas><p v-else class="faint">{{ words.no_picture }}</p></div>
      <div class="clock-row">
        <button v-if="may.tell" type="button" class="button" @click="tell('snapshot')">{{ words.look }}</button>
        <span v-if="picture" class="help">{{ fill(words.taken, {time: moment(picture.at, 'dayTime')}) }}</span>
      </div>
    </section>

    <section v-if="may.tell" class="panel clock-part" aria-labelledby="clock-tell">
      <h2 id="clock-tell">{{ words.tell }}</h2>
      <form class="clock-row" @submit.prevent="tell('message', {text: message.trim(), seconds})">
        <div class="field clock-grow"><label for="clock-message">{{ words.message }}</label><input id="clock-message" class="input" v-model="message" maxlength="64" required autocomplete="off"></div>
        <div class="field clock-number"><label for="clock-seconds">{{ words.seconds }}</label><input id="clock-seconds" class="input num" type="number" min="1" max="86400" v-model.number="seconds" required></div>
        <button type="submit" class="button primary">{{ words.show }}</button>
      </form>
      <form class="clock-row" @submit.prevent="tell('brightness', {level, seconds: 3600})">
        <div class="field clock-grow"><label for="clock-level">{{ words.brightness }}</label><input id="clock-level" type="range" min="0" max="255" v-model.number="level"></div>
        <button type="submit" class="button">{{ words.set }}</button>
      </form>
      <div class="clock-row">
        <button type="button" class="button" :title="words.identify_hint" @click="tell('identify', {seconds: 15})">{{ words.identify }}</button>
        <button type="button" class="button" @click="tell('check')">{{ words.check }}</button>
        <template v-if="!sure"><button v-for="one in ['restart', 'rollback']" :key="one" type="button" class="button" @click="sure = one">{{ words[one] }}</button></template>
        <span v-else class="clock-sure" role="group"><span>{{ fill(words.sure, {what: words[sure]}) }}</span>
          <button type="button" class="button danger" @click="tell(sure)">{{ words.yes }}</button><button type="button" class="button" @click="sure = ''">{{ words.no }}</button></span>
      </div>
    </section>
  </div>

  <dl v-if="readings.length" class="figures"><div v-for="[name, title, value] in readings" :key="name" class="figure"><dt>{{ title }}</dt><dd class="num">{{ value }}</dd></div></dl>

  <template v-if="state.takes_commands">
    <section class="panel" aria-labelledby="clock-told">
      <div class="panel-head"><h2 id="clock-told">{{ words.told }}</h2></div>
      <ul v-if="state.commands.length" class="clock-list">
        <li v-for="one in state.commands" :key="one.id"><moment :at="one.at"/><span class="clock-grow">{{ words.commands[one.command] ?? one.command }}<template v-if="one.text">: <span dir="auto">“{{ one.text }}”</span></template> <span class="faint">{{ one.by }}</span></span>
          <span :class="{'tone-bad': one.state === 'failed' || one.state === 'refused', faint: one.state === 'expired'}">{{ words.states[one.state] }}<template v-if="one.detail"> <span class="help" dir="auto">{{ one.detail }}</span></template></span></li>
      </ul>
      <p v-else class="clock-none quiet">{{ words.nothing_told }}</p>
    </section>
    <section class="panel" aria-labelledby="clock-journal">
      <div class="panel-head"><h2 id="clock-journal">{{ words.journal }}</h2></div>
      <ul v-if="state.events.length" class="clock-list">
        <li v-for="one in state.events" :key="one.key"><moment v-if="one.at" :at="one.at"/><span v-else class="num">{{ fill(words.at_uptime, {time: duration(one.uptime_s)}) }}</span>
          <span class="clock-grow">{{ words.kinds[one.kind] ?? one.kind }}</span><span class="mono faint" dir="auto">{{ one.detail }}</span></li>
      </ul>
      <p v-else class="clock-none quiet">{{ words.no_journal }}</p>
    </section>
    <section class="panel" aria-labelledby="clock-made">
      <div class="panel-head"><h2 id="clock-made">{{ words.made_of }}</h2></div>
      <dl class="facts"><div v-for="[title, value] in facts" :key="title"><dt>{{ title }}</dt><dd class="mono" dir="auto">{{ value }}</dd></div></dl>
    </section>
    <section class="panel" aria-labelledby="clock-settings">
      <div class="panel-head"><h2 id="clock-settings">{{ words.settings }}</h2></div>
      <dl v-if="settings.length" class="facts"><div v-for="[name, value] in settings" :key="name"><dt class="mono">{{ name }}</dt><dd class="mono" dir="auto">{{ Array.isArray(value) ? value.join(', ') : value }}</dd></div></dl>
      <p v-else class="clock-none quiet">{{ words.no_settings }}</p>
    </section>
  </template>
</div>`,
};
