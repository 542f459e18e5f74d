// Everybody who may come in: invited by link, given a role, disabled, helped to a new password.

import { computed, nextTick, ref, shallowRef } from "vue";
import { fill, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, copy } from "skiclock/parts.js";
import { SessionList } from "skiclock/sessions.js";

export default {
  components: { Icon, Moment, SessionList },
  props: { words: Object, state: Object, lang: String },

  setup(props) {
    const { words } = props;
    const state = shallowRef(props.state);
    const notice = ref(null);
    const link = ref(null); // the one that was just made: it is shown once
    const copied = ref(false);
    const busy = ref(false);
    const sure = ref(null); // { what, id } that waits for a yes
    const opened = ref(null); // the person whose browsers are shown, and those
    const inviting = ref(false);
    const email = ref("");
    const role = ref(props.state.may_give.at(-1) ?? "");
    const mayGive = computed(() => new Set(state.value.may_give));

    const sentence = (error) => (props.lang === "en" && error.message) || words.problems[error.code] || words.failed;
    /** Ask for a change; the answer holds the page as it stands then. */
    async function change(what, args, done = "") {
      busy.value = true;
      [sure.value, notice.value] = [null, null];
      let answer = null;
      try {
        answer = await ask(what, args);
        state.value = answer.state;
        if (done) notice.value = { tone: "ok", text: done };
      } catch (error) {
        notice.value = { tone: "bad", text: sentence(error) };
        state.value = { ...state.value }; // a role that was chosen in vain is shown as it was
      }
      busy.value = false;
      return answer;
    }
    async function show(made, whose, kind) {
      if (!made) return;
      [link.value, copied.value] = [{ url: location.origin + made.path, email: whose, kind }, false];
      await nextTick();
      document.getElementById("people-link").focus();
    }
    async function invite() {
      const answer = await change("people.invite", { email: email.value, role: role.value });
      if (!answer) return;
      await show(answer, email.value.trim().toLowerCase(), "invite");
      [inviting.value, email.value] = [false, ""];
    }
    async function open() {
      inviting.value = true;
      await nextTick();
      document.getElementById("people-email").focus();
    }
    const newLink = async (one) => show(await change("people.link", { id: one.id }), one.email, one.has_joined ? "reset" : "invite");
    const setRole = (one, event) => change("people.role", { id: one.id, role: event.target.value }, fill(words.done.role, { email: one.email }));
    const act = (what, one) => change(`people.${what}`, { id: one.id }, fill(words.done[what], { email: one.email }));
    const askFirst = (what, one) => (sure.value = { what, id: one.id });
    async function copyLink() {
      copied.value = await copy(link.value.url);
    }
    async function toggle(one) {
      if (opened.value?.id === one.id) return (opened.value = null);
      opened.value = { id: one.id, sessions: null };
      return endSessions(one, undefined);
    }
    /** Look at somebody's browsers; a session or null ends one or all of them before. */
    async function endSessions(one, session) {
      const end = session === undefined ? {} : { end: session?.id ?? "all" };
      const answer = await change("people.sessions", { id: one.id, ...end });
      if (opened.value?.id === one.id) opened.value = answer ? { id: one.id, sessions: answer.sessions } : null;
    }
    const stateOf = (one) => {
      if (one.disabled) return { tone: "", text: words.disabled };
      if (one.has_joined) return { tone: "ok", text: words.active };
      return one.link_until ? { tone: "busy", text: words.invited } : { tone: "warn", text: words.invite_gone };
    };
    return {
      words, state, notice, link, copied, busy, sure, opened, inviting, email, role, mayGive, invite, open, newLink, setRole, act, askFirst,
      copyLink, toggle, endSessions, stateOf, fill, plural,
    };
  },

  template: `
<div class="people">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
    <button type="button" class="button primary" :aria-expanded="inviting" @click="open"><icon name="add"/>{{ words.invite }}</button></div>

  <div role="status"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>

  <section v-if="inviting" class="panel people-invite" aria-labelledby="invite-title">
    <h2 id="invite-title">{{ words.invite_title }}</h2><p class="help">{{ words.invite_hint }}</p>
    <form @submit.prevent="invite" @keydown.esc="inviting = false">
      <div class="field"><label for="people-email">{{ words.email }}</label><input class="input" id="people-email" v-model="email" type="email" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
      <div class="field"><label for="people-role">{{ words.role }}</label><span class="select-box"><select class="select" id="people-role" v-model="role" required><option v-for="one in state.roles" :key="one.name" :value="one.name" :disabled="!mayGive.has(one.name)">{{ one.title }}</option></select><icon name="chevron"/></span></div>
      <div class="people-buttons"><button type="submit" class="button primary" :disabled="busy">{{ words.make_link }}</button><button type="button" class="button" @click="inviting = false">{{ words.cancel }}</button></div>
    </form>
  </section>

  <section v-if="link" class="panel people-link" aria-labelledby="people-link-title">
    <div class="panel-head"><h2 id="people-link-title">{{ fill(words.link_for, {email: link.email}) }}</h2><button type="button" class="button quiet square small" :aria-label="words.cancel" @click="link = null"><icon name="close"/></button></div>
    <div class="panel-body"><div class="command"><code id="people-link" tabindex="-1">{{ link.url }}</code><button type="button" class="button small" @click="copyLink"><icon :name="copied ? 'check' : 'copy'"/>{{ copied ? words.copied : words.copy }}</button></div>
      <p class="help">{{ link.kind === 'invite' ? plural(words.link_once.invite, words.link_days) : plural(words.link_once.reset, words.link_hours) }}</p></div>
  </section>

  <section class="panel" aria-labelledby="people-title">
    <h2 id="people-title" class="unseen">{{ words.title }}</h2>
    <table class="table rows people-table" role="table" aria-labelledby="people-title">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.person }}</th><th role="columnheader">{{ words.role }}</th><th role="columnheader">{{ words.state }}</th><th role="columnheader">{{ words.last_sign_in }}</th><th role="columnheader"><span class="unseen">{{ words.browsers }}</span></th></tr></thead>
      <tbody v-for="one in state.people" :key="one.id" role="rowgroup" :data-person="one.email">
        <tr role="row">
          <th role="rowheader" scope="row"><span class="people-email" dir="auto">{{ one.email }}</span> <span v-if="one.id === state.you" class="chip">{{ words.you }}</span></th>
          <td role="cell" :data-label="words.role"><span v-if="one.may_change && one.id !== state.you" class="select-box"><select class="select" :value="one.role" :aria-label="words.role + ': ' + one.email" :disabled="busy" @change="setRole(one, $event)"><option v-for="role in state.roles" :key="role.name" :value="role.name" :disabled="!mayGive.has(role.name)">{{ role.title }}</option></select><icon name="chevron"/></span><span v-else>{{ one.role_title }}</span></td>
          <td role="cell" :data-label="words.state"><div><span class="chip" :class="stateOf(one).tone">{{ stateOf(one).text }}</span> <span v-if="one.has_factor" class="chip">{{ words.factor_on }}</span><span v-if="one.has_joined && one.link_until" class="help people-open">{{ words.reset_open }}</span></div></td>
          <td role="cell" :data-label="words.last_sign_in"><moment v-if="one.last_sign_in_at" :at="one.last_sign_in_at"/><span v-else class="faint">{{ words.never }}</span></td>
          <td role="cell" class="people-actions"><div v-if="one.may_change" class="people-buttons" role="group" :aria-label="fill(words.actions, {email: one.email})">
            <template v-if="sure?.id === one.id"><span class="people-sure">{{ fill(words.sure[sure.what], {email: one.email}) }}</span><button type="button" class="button small danger" :disabled="busy" @click="act(sure.what, one)">{{ words[sure.what] }}</button><button type="button" class="button small" @click="sure = null">{{ words.keep }}</button></template>
            <template v-else>
              <button v-if="one.has_joined && !one.disabled" type="button" class="button small" :aria-expanded="opened?.id === one.id" @click="toggle(one)">{{ words.browsers }} <span class="num faint">{{ one.sessions }}</span></button>
              <button v-if="!one.disabled" type="button" class="button small" :disabled="busy" @click="newLink(one)">{{ one.has_joined ? words.reset_link : words.new_link }}</button>
              <button v-if="one.has_factor && one.id !== state.you" type="button" class="button small" @click="askFirst('factor', one)">{{ words.factor }}</button>
              <button v-if="!one.has_joined" type="button" class="button small" @click="askFirst('withdraw', one)">{{ words.withdraw }}</button>
              <button v-else-if="one.disabled" type="button" class="button small" :disabled="busy" @click="act('enable', one)">{{ words.enable }}</button>
              <button v-else-if="one.id !== state.you" type="button" class="button small" @click="askFirst('disable', one)">{{ words.disable }}</button>
            </template></div></td>
        </tr>
        <tr v-if="opened?.id === one.id" role="row"><td role="cell" colspan="5" class="people-sessions"><session-list v-if="opened.sessions" :words="words.sessions" :sessions="opened.sessions" :busy="busy" @end="endSessions(one, $event)"/><p v-else class="quiet">{{ words.loading }}</p></td></tr>
      </tbody>
    </table>
  </section>
</div>`,
};
