// What a clock is to be set to: a form that shows what it reports beside what is wanted.

import { computed, reactive, ref, shallowRef } from "vue";
import { fill, moment, number } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, useTopic } from "skiclock/parts.js";

const TONES = { none: "", pending: "busy", applied: "ok", refused: "bad" };
const SCREENS_MOST = 6;
const two = (value) => String(value).padStart(2, "0");

// How each control shows a setting's value, and what it makes of what people enter; null: none.
const CONTROLS = {
  text: { show: String, read: (text) => text.trim() },
  zone: { show: String, read: (text) => text.trim() },
  trust: { show: String, read: (text) => text },
  colour: { show: (value) => `#${value.replace("#", "")}`, read: (text) => text.replace("#", "") },
  number: { show: String, read: Number },
  level: { show: String, read: Number },
  tenths: { show: (value) => String(value / 10), read: (text) => Math.round(Number(text) * 10) },
  minute: {
    show: (value) => `${two(Math.floor(value / 60))}:${two(value % 60)}`,
    read: (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5)),
  },
  switch: { show: (value) => (value ? "1" : ""), read: (text) => text === "1" },
  hosts: { show: (value) => value.filter(Boolean).join(", "), read: (text) => text.split(",").map((one) => one.trim()).filter(Boolean) },
  screens: { show: (value) => value.filter(Boolean).join(" "), read: (text) => text.split(" ").filter(Boolean) },
};
const NEVER_NONE = new Set(["switch", "hosts"]);
const NEVER_EMPTY = new Set(["level", "colour", "switch"]); // they look set where nothing is

const shown = (field, value) => (value === undefined || value === null ? "" : CONTROLS[field.control].show(value));
const entered = (field, text) =>
  (text === "" && !NEVER_NONE.has(field.control) && field.key !== "name" && field.key !== "panels"
    ? null : CONTROLS[field.control].read(text));

export default {
  components: { Icon },
  props: { words: Object, state: Object, groups: Array, may: Object, lang: String },

  setup(props) {
    const { words } = props;
    const device_id = props.state.device_id;
    const fields = props.groups.flatMap((group) => group.fields);
    const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
    const state = shallowRef(props.state);
    const known = (field) => shown(field, state.value.wanted[field.key] ?? state.value.reported[field.key]);
    const values = reactive(Object.fromEntries(fields.map((field) => [field.key, known(field)])));
    const problems = ref({});
    const notice = ref(null);
    const busy = ref(false);
    const touched = computed(() => fields.filter((field) => values[field.key] !== known(field)));

    // What somebody is entering stays; everything else follows the clock.
    function take(fresh) {
      const mine = new Set(touched.value);
      state.value = fresh;
      for (const field of fields) if (!mine.has(field)) values[field.key] = known(field);
    }
    const refresh = () => ask("clock.settings", { device_id }).then(take, () => {});
    useTopic("clock", (changed) => changed.includes(device_id) && refresh());

    function undo() {
      for (const field of fields) values[field.key] = known(field);
      problems.value = {};
      notice.value = null;
    }

    async function save() {
      const changes = Object.fromEntries(touched.value.map((field) => [field.key, entered(field, values[field.key])]));
      busy.value = true;
      try {
        const answer = await ask("clock.set", { device_id, version: state.value.version, changes });
        problems.value = Object.fromEntries((answer.problems ?? []).map((key) => [key, true]));
        notice.value = answer.problems ? { tone: "bad", text: words.mend } : { tone: "ok", text: words.sent };
        if (answer.state) {
          state.value = answer.state;
          undo();
          notice.value = { tone: "ok", text: words.sent };
        }
      } catch (error) {
        const stale = error.code === "settings_changed_meanwhile";
        if (stale) await refresh();
        notice.value = { tone: "bad", text: stale ? words.changed_meanwhile : props.lang === "en" ? error.message : words.failed };
      } finally {
        busy.value = false;
      }
    }

    const screensOf = (key) => values[key].split(" ").filter(Boolean);
    function setScreen(key, place, name) {
      const list = screensOf(key);
      list[place] = name;
      values[key] = list.filter(Boolean).join(" ");
    }
    function human(field, value) {
      const text = shown(field, value);
      if (field.control === "switch") return value ? words.on : words.off;
      if (field.control === "trust") return words.trusts[value] ?? text;
      if (field.control === "screens") return value.map((one) => words.screens[one] ?? one).join(", ");
      return text;
    }
    /** What the clock has, where that is something else than what is wanted. */
    function differs(field) {
      const { wanted, reported } = state.value;
      const here = reported[field.key];
      if (here === undefined || wanted[field.key] === undefined) return "";
      return shown(field, here) === shown(field, wanted[field.key]) ? "" : fill(words.clock_has, { value: human(field, here) });
    }
    const isUnknown = ({ key, control }) => NEVER_EMPTY.has(control) && !touched.value.some((one) => one.key === key)
      && state.value.wanted[key] == null && state.value.reported[key] == null;
    const tone = computed(() => TONES[state.value.standing]);
    const because = computed(() => {
      const key = state.value.refused_field;
      return key ? fill(words.because, { field: words.fields[key] ?? key }) : "";
    });
    const unsaved = computed(() => fill(words.unsaved, { fields: touched.value.map((field) => words.fields[field.key]).join(", ") }));
    const problem = (field) => fill(words.problems[field.kind], { low: number(field.low), high: number(field.high), max: number(field.max) });
    return {
      words, state, values, problems, notice, busy, touched, zones, tone, because, unsaved, SCREENS_MOST,
      undo, save, screensOf, setScreen, differs, isUnknown, problem, fill, moment,
    };
  },

  template: `
<section class="panel clock-set" aria-labelledby="clock-set">
  <div class="panel-head"><h2 id="clock-set">{{ words.title }}</h2>
    <span v-if="state.takes_settings" class="chip" :class="tone" data-standing>{{ words.standings[state.standing] }}</span></div>
  <p v-if="!state.takes_settings" class="clock-none quiet">{{ words.first_generation }}</p>
  <form v-else class="clock-set-form" @submit.prevent="save" novalidate>
    <p class="quiet">{{ words.explained[state.standing] }} <span v-if="because" class="tone-bad">{{ because }}</span>
      <span v-if="state.changed_at" class="help">{{ fill(words.changed, {time: moment(state.changed_at, 'dayTime'), who: state.changed_by}) }}</span></p>
    <component :is="group.name === 'network' ? 'details' : 'div'" v-for="group in groups" :key="group.name" :class="group.name === 'network' ? 'fold' : 'clock-set-group'">
      <summary v-if="group.name === 'network'">{{ words.groups.network }} <icon name="chevron"/></summary>
      <fieldset :disabled="!may.set || busy">
        <legend :class="{unseen: group.name === 'network'}">{{ words.groups[group.name] }}</legend>
        <p v-if="group.name === 'network'" class="notice warn"><icon name="warning"/><span>{{ words.network_warning }}</span></p>
        <div class="clock-set-fields">
          <div v-for="field in group.fields" :key="field.key" class="field" :data-setting="field.key">
            <span v-if="field.control === 'screens'" class="label" :id="'set-' + field.key">{{ words.fields[field.key] }}</span>
            <label v-else :for="'set-' + field.key">{{ words.fields[field.key] }}</label>
            <span v-if="field.control === 'level'" class="clock-set-level"><input :id="'set-' + field.key" type="range" :min="field.low" :max="field.high" v-model="values[field.key]"><output class="num" :for="'set-' + field.key">{{ values[field.key] }}</output></span>
            <input v-else-if="field.control === 'minute'" :id="'set-' + field.key" class="input num" type="time" v-model="values[field.key]" :aria-invalid="problems[field.key]">
            <input v-else-if="field.control === 'colour'" :id="'set-' + field.key" class="clock-set-colour" type="color" v-model="values[field.key]">
            <input v-else-if="field.control === 'switch'" :id="'set-' + field.key" class="clock-set-switch" type="checkbox" :checked="values[field.key] === '1'" @change="values[field.key] = $event.target.checked ? '1' : ''">
            <span v-else-if="field.control === 'trust'" class="select-box"><select :id="'set-' + field.key" class="select" v-model="values[field.key]"><option v-for="(title, name) in words.trusts" :key="name" :value="name">{{ title }}</option></select><icon name="chevron"/></span>
            <span v-else-if="field.control === 'screens'" class="clock-set-screens" role="group" :aria-labelledby="'set-' + field.key">
              <span v-for="place in Math.min(SCREENS_MOST, screensOf(field.key).length + 1)" :key="place" class="select-box"><select class="select" :aria-label="words.fields[field.key] + ' ' + place" :value="screensOf(field.key)[place - 1] ?? ''" @change="setScreen(field.key, place - 1, $event.target.value)"><option value="">–</option><option v-for="(title, name) in words.screens" :key="name" :value="name">{{ title }}</option></select><icon name="chevron"/></span></span>
            <input v-else-if="field.control === 'number' || field.control === 'tenths'" :id="'set-' + field.key" class="input num" type="number" :min="field.low" :max="field.high" :step="field.control === 'tenths' ? 0.1 : 1" :value="values[field.key]" @input="values[field.key] = $event.target.value" :placeholder="words.own" :aria-invalid="problems[field.key]">
            <input v-else :id="'set-' + field.key" class="input" type="text" v-model="values[field.key]" autocomplete="off" spellcheck="false" :list="field.control === 'zone' ? 'set-zones' : null" :placeholder="words.own" :aria-invalid="problems[field.key]">
            <span v-if="problems[field.key]" class="field-error"><icon name="warning"/>{{ problem(field) }}</span>
            <span v-else-if="differs(field)" class="help" :class="{'tone-bad': state.refused_field === field.key}" dir="auto">{{ differs(field) }}</span>
            <span v-else-if="isUnknown(field)" class="help">{{ words.unset }}</span>
            <span v-else-if="words.hints[field.key]" class="help">{{ words.hints[field.key] }}</span>
          </div>
        </div>
      </fieldset>
    </component>
    <datalist id="set-zones"><option v-for="zone in zones" :key="zone" :value="zone"></option></datalist>
    <div role="status"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>
    <div v-if="may.set" class="clock-row">
      <button type="submit" class="button primary" :disabled="busy || !touched.length">{{ words.save }}</button>
      <template v-if="touched.length"><button type="button" class="button" @click="undo">{{ words.undo }}</button><span class="help">{{ unsaved }}</span></template>
    </div>
  </form>
</section>`,
};
