// Keys of programs: made and shown once, rotated, revoked; and the switches of what is shared.

import { computed, nextTick, reactive, ref, shallowRef } from "vue";
import { fill, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, copy } from "skiclock/parts.js";

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, rules: Object, lang: String },

  setup(props) {
    const { words, rules } = props;
    const state = shallowRef(props.state);
    const notice = ref(null);
    const busy = ref(false);
    const form = ref(null);
    const made = ref(null); // the key that was just made: it is shown once
    const copied = ref(false);
    const opened = ref(null); // { what: "rotate" | "revoke" | "turn", id } that waits for a yes
    const days = ref(rules.overlap_days);
    const valid = computed(() => state.value.keys.filter((one) => one.state === "valid"));
    const past = computed(() => state.value.keys.filter((one) => one.state !== "valid"));
    const more = computed(() => state.value.sharing - state.value.clocks.length);

    const sentence = (error) => (props.lang === "en" && error.message) || words.problems[error.code] || words.failed;
    async function change(what, args, done = "") {
      busy.value = true;
      notice.value = null;
      let answer = null;
      try {
        answer = await ask(what, args);
        state.value = answer.state;
        opened.value = null;
        if (done) notice.value = { tone: "ok", text: done };
      } catch (error) {
        notice.value = { tone: "bad", text: sentence(error) };
      }
      busy.value = false;
      return answer;
    }
    async function show(answer, name) {
      if (!answer) return;
      [made.value, copied.value, form.value] = [{ key: answer.key, name, ends_at: answer.ends_at ?? null }, false, null];
      await nextTick();
      document.getElementById("key-made").focus();
    }
    async function open() {
      form.value = reactive({ name: "", scopes: new Set(), days: 365 });
      await nextTick();
      document.getElementById("key-name").focus();
    }
    async function add() {
      const { name, scopes, days: lifetime } = form.value;
      await show(await change("keys.add", { name, scopes: [...scopes], days: lifetime }), name.trim());
    }
    const rotate = async (one) => show(await change("keys.rotate", { id: one.id, days: days.value || 0 }), one.name);
    const revoke = (one) => change("keys.revoke", { id: one.id }, fill(words.revoked, { name: one.name }));
    function turn(one) {
      if (one.works && !is("turn", one.name)) return (opened.value = { what: "turn", id: one.name });
      const said = one.works ? words.turned_off : words.turned_on;
      return change("keys.turn", { name: one.name, on: !one.works }, fill(said, { name: words.shared[one.name] }));
    }
    const is = (what, id) => opened.value?.what === what && opened.value.id === id;
    function begin(what, id) {
      [opened.value, days.value] = [{ what, id }, rules.overlap_days];
    }
    function toggle(scope) {
      if (!form.value.scopes.delete(scope)) form.value.scopes.add(scope);
    }
    const sureOf = (one) => (one.name === "upload_key" ? words.turn_upload_sure : plural(words.turn_sure, state.value.sharing));
    async function copyKey() {
      copied.value = await copy(made.value.key);
    }
    return {
      words, rules, state, notice, busy, form, made, copied, opened, days, valid, past, more, open, add, rotate, revoke, turn, is, begin,
      toggle, sureOf, copyKey, fill, plural,
    };
  },

  template: `
<div class="people keys">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
    <button type="button" class="button primary" :aria-expanded="form !== null" @click="open"><icon name="add"/>{{ words.make }}</button></div>

  <div role="status"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>

  <section v-if="form" class="panel" aria-labelledby="key-form-title">
    <div class="panel-head"><h2 id="key-form-title">{{ words.make }}</h2></div>
    <form class="roles-form" @submit.prevent="add" @keydown.esc="form = null">
      <div class="keys-fields">
        <div class="field"><label for="key-name">{{ words.name }}</label><input class="input" id="key-name" v-model="form.name" required maxlength="64" autocomplete="off" :placeholder="words.name_hint"></div>
        <div class="field"><label for="key-days">{{ words.expires }}</label><span class="select-box"><select class="select" id="key-days" v-model="form.days"><option v-for="[value, text] in words.lifetimes" :key="value" :value="value">{{ text }}</option></select><icon name="chevron"/></span></div>
      </div>
      <div class="roles-sections"><fieldset><legend>{{ words.opens }}</legend>
        <label v-for="scope in state.scopes" :key="scope" class="roles-check"><input type="checkbox" :checked="form.scopes.has(scope)" :data-scope="scope" @change="toggle(scope)"><span>{{ words.scopes[scope] }}</span></label></fieldset></div>
      <div class="people-buttons"><button type="submit" class="button primary" :disabled="busy || form.scopes.size === 0">{{ words.make }}</button><button type="button" class="button" @click="form = null">{{ words.cancel }}</button></div>
    </form>
  </section>

  <section v-if="made" class="panel people-link" aria-labelledby="key-made-title">
    <div class="panel-head"><h2 id="key-made-title">{{ fill(words.made_title, {name: made.name}) }}</h2><button type="button" class="button quiet square small" :aria-label="words.close" @click="made = null"><icon name="close"/></button></div>
    <div class="panel-body"><div class="command"><code id="key-made" tabindex="-1">{{ made.key }}</code><button type="button" class="button small" @click="copyKey"><icon :name="copied ? 'check' : 'copy'"/>{{ copied ? words.copied : words.copy }}</button></div>
      <p class="help">{{ words.made_once }} <template v-if="made.ends_at">{{ fill(words.old_until, {time: new Date(made.ends_at * 1000).toLocaleString(lang)}) }}</template></p></div>
  </section>

  <section class="panel" aria-labelledby="keys-title">
    <h2 id="keys-title" class="unseen">{{ words.title }}</h2>
    <div v-if="valid.length === 0" class="keys-none"><p>{{ words.none }}</p><p class="help">{{ words.none_hint }}</p></div>
    <table v-else class="table rows keys-table" role="table" aria-labelledby="keys-title">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.key }}</th><th role="columnheader">{{ words.opens }}</th><th role="columnheader">{{ words.expires }}</th><th role="columnheader">{{ words.last_used }}</th><th role="columnheader"><span class="unseen">{{ words.rotate }}</span></th></tr></thead>
      <tbody role="rowgroup">
        <tr v-for="one in valid" :key="one.id" role="row" :data-key="one.prefix">
          <th role="rowheader" scope="row"><span class="people-email" dir="auto">{{ one.name }}</span><span class="help keys-prefix"><span class="mono">sck_{{ one.prefix }}_…</span> {{ fill(words.made_by, {name: one.created_by}) }}</span></th>
          <td role="cell" :data-label="words.opens"><span>{{ one.scopes.map((scope) => words.scopes[scope] ?? scope).join(", ") }}</span></td>
          <td role="cell" :data-label="words.expires"><moment v-if="one.until" :at="one.until" form="date"/><span v-else class="faint">{{ words.never }}</span></td>
          <td role="cell" :data-label="words.last_used"><moment v-if="one.last_used_at" :at="one.last_used_at"/><span v-else class="faint">{{ words.never }}</span></td>
          <td role="cell" class="people-actions"><div class="people-buttons" role="group" :aria-label="fill(words.actions, {name: one.name})">
            <form v-if="is('rotate', one.id)" class="keys-rotate" @submit.prevent="rotate(one)"><label :for="'key-days-' + one.id">{{ words.days }}</label><input :id="'key-days-' + one.id" class="input num" type="number" min="0" :max="rules.max_overlap_days" v-model.number="days"><span class="help">{{ plural(words.rotate_hint, days || 0) }}</span><button type="submit" class="button small primary" :disabled="busy">{{ words.rotate }}</button><button type="button" class="button small" @click="opened = null">{{ words.keep }}</button></form>
            <template v-else-if="is('revoke', one.id)"><span class="people-sure">{{ words.revoke_sure }}</span><button type="button" class="button small danger" :disabled="busy" @click="revoke(one)">{{ words.revoke }}</button><button type="button" class="button small" @click="opened = null">{{ words.keep }}</button></template>
            <template v-else><button type="button" class="button small" @click="begin('rotate', one.id)">{{ words.rotate }}</button><button type="button" class="button small" @click="begin('revoke', one.id)">{{ words.revoke }}</button></template></div></td>
        </tr>
      </tbody>
    </table>
    <details v-if="past.length" class="fold keys-past"><summary>{{ words.past }} <span class="num faint">{{ past.length }}</span> <icon name="chevron"/></summary>
      <ul><li v-for="one in past" :key="one.id"><span dir="auto">{{ one.name }}</span> <span class="mono faint">sck_{{ one.prefix }}_…</span> <span class="chip">{{ words.states[one.state] }}</span></li></ul></details>
  </section>

  <section class="panel" aria-labelledby="shared-title">
    <div class="panel-head"><h2 id="shared-title">{{ words.shared_title }}</h2></div>
    <p class="keys-about help">{{ words.shared_about }}</p>
    <ul class="keys-shared">
      <li v-for="one in state.shared" :key="one.name" :data-shared="one.name">
        <div class="keys-what"><strong>{{ words.shared[one.name] }}</strong><span class="help">{{ one.is_ours ? words.shared_hint[one.name] : words.not_ours }}</span></div>
        <div class="keys-state"><span class="chip" :class="one.is_set && one.works ? 'warn' : 'ok'">{{ !one.is_set ? words.is_unset : one.works ? words.works : words.is_off }}</span>
          <span v-if="!one.works && one.changed_at" class="help">{{ one.changed_by }} · <moment :at="one.changed_at"/></span>
          <span v-else-if="one.last_used_at" class="help">{{ words.last_used }}: <moment :at="one.last_used_at"/></span></div>
        <div v-if="one.is_set && one.is_ours" class="people-buttons"><span v-if="is('turn', one.name)" class="people-sure">{{ sureOf(one) }}</span>
          <button type="button" class="button small" :class="{danger: is('turn', one.name)}" :disabled="busy" @click="turn(one)">{{ one.works ? words.turn_off : words.turn_on }}</button>
          <button v-if="is('turn', one.name)" type="button" class="button small" @click="opened = null">{{ words.keep }}</button></div>
      </li>
    </ul>
    <p v-if="state.sharing === 0" class="keys-about keys-sharing"><icon name="check"/>{{ words.nobody_shares }}</p>
    <details v-else class="fold keys-past"><summary>{{ plural(words.sharing, state.sharing) }} <icon name="chevron"/></summary>
      <ul class="keys-clocks"><li v-for="clock in state.clocks" :key="clock.device_id"><a :href="'/clocks/' + clock.device_id" dir="auto">{{ clock.name ?? clock.device_id }}</a></li><li v-if="more > 0" class="faint">{{ fill(words.more_clocks, {n: more}) }}</li></ul></details>
  </section>
</div>`,
};
