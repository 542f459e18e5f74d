// From a blank board to a clock: choose the board, connect it, say what it is to be, write it.

import { computed, nextTick, onMounted, reactive, ref, shallowRef, watch } from "vue";
import { choosePort, makeLog, openWindow, readBoard } from "skiclock/flasher.js";
import { fill } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, copy, useTopic } from "skiclock/parts.js";

const FIELDS = ["name", "group", "timezone"];

export default {
  components: { Icon },
  props: { words: Object, state: Object, groups: Array, lang: String },

  setup(props) {
    const { words } = props;
    const boards = shallowRef(props.state.boards);
    useTopic("flash", () => ask("flash.boards", {}).then((state) => (boards.value = state.boards)));

    const asked = new URLSearchParams(location.search);
    const chosen = ref(asked.get("board") ?? "");
    const version = ref(asked.get("version") ?? "");
    const board = computed(() => boards.value.find((one) => one.name === chosen.value && one.versions.length));
    const offered = computed(() => boards.value.some((one) => one.published));
    const links = ref(null); // for esptool, once asked for
    watch(board, () => {
      if (!board.value?.versions.includes(version.value)) version.value = board.value?.versions[0] ?? "";
      links.value = null;
    }, { immediate: true });

    // What the browser can do decides what is shown, never the server.
    const hindrance = !window.isSecureContext ? words.insecure : !("serial" in navigator) ? words.unsupported : "";

    // -- the clock that the board becomes

    const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
    const clock = reactive({ name: "", group: "", timezone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? "" });
    const errors = ref({});
    const notice = ref(null);
    const busy = ref(""); // what is being waited for
    const noticed = ref(null);
    const sentenceFor = ({ code, message }) => (props.lang === "en" && message) || words.refusals[code] || words.failed;
    async function say(tone, text, device_id = "") {
      notice.value = { tone, text, device_id };
      await nextTick();
      noticed.value?.scrollIntoView({ block: "nearest" });
    }

    async function claim(found) {
      const answer = await fetch("/api/clocks/claims", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          platform: board.value.name,
          version: version.value,
          mac: found.mac,
          chip: found.chip,
          name: clock.name,
          group: clock.group,
          timezone: clock.timezone,
        }),
      }).catch(() => null);
      const said = (await answer?.json().catch(() => null)) ?? {};
      if (answer?.status === 201) return said;
      throw Object.assign(new Error(said.error ?? ""), { code: said.code ?? "no_answer", field: said.field });
    }

    function refuse(error) {
      if (FIELDS.includes(error.field)) {
        errors.value = { [error.field]: sentenceFor(error) };
        nextTick(() => document.getElementById(`flash-${error.field}`)?.focus());
      } else {
        say("bad", sentenceFor(error));
      }
    }

    // -- writing it

    async function flash() {
      [errors.value, notice.value] = [{}, null];
      const log = makeLog();
      let port;
      try {
        port = await choosePort();
      } catch (error) {
        return say("bad", `${words.port_failed} ${error.message}`);
      }
      if (!port) return say("warn", words.no_port);
      busy.value = words.reading;
      let found;
      try {
        found = await readBoard(port, log);
      } catch (error) {
        busy.value = "";
        return say("bad", `${words.unread} ${error.message ?? error}`);
      }
      if (found.family !== board.value.family) {
        busy.value = "";
        return say("bad", fill(words.wrong_chip, { found: found.family, board: board.value.board, wanted: board.value.family }));
      }
      busy.value = words.claiming;
      try {
        const claimed = await claim(found);
        await openWindow(port, claimed.manifest, log, recorder(found, claimed, log));
      } catch (error) {
        refuse(error);
      } finally {
        busy.value = "";
      }
    }

    // What becomes of each attempt goes into the server's history; one window may make several.
    function recorder(found, claimed, log) {
      const what = { platform: board.value.name, version: version.value, chip: found.chip, mac: found.mac };
      let begun = null; // a promise of the attempt that runs
      const end = async (state, reason) => {
        const attempt = begun;
        begun = null;
        await ask("flash.finish", { ...(await attempt), state, reason, log: log.text() });
      };
      const unrecorded = (error) => say("warn", `${words.unrecorded} ${sentenceFor(error)}`);
      return (state, message) => {
        if (state === "running") {
          begun = ask("flash.begin", what);
          begun.catch(unrecorded);
        } else if (begun && state === "done") {
          end("done", "").catch(unrecorded);
          say("ok", fill(words.written, { device: claimed.device_id }), claimed.device_id);
        } else if (begun) {
          end(state === "failed" ? "failed" : "aborted", message).catch(unrecorded);
        }
      };
    }

    // -- by hand

    const trouble = ref("");
    const copied = ref("");
    async function getLinks() {
      trouble.value = "";
      try {
        links.value = (await ask("flash.links", { platform: board.value.name, version: version.value })).files;
      } catch (error) {
        trouble.value = sentenceFor(error);
      }
    }
    const command = computed(() =>
      `esptool --chip ${board.value.chip} write-flash ${(links.value ?? [])
        .map((one) => `0x${one.offset.toString(16)} ${one.filename}`).join(" ")}`);
    async function copyCommand() {
      if (!(await copy(command.value))) return;
      copied.value = command.value;
      setTimeout(() => (copied.value = ""), 2000);
    }

    return {
      words, boards, chosen, version, board, offered, hindrance, zones, clock, errors, notice, noticed, busy, flash,
      links, getLinks, trouble, command, copied, copyCommand, fill,
    };
  },

  template: `
<div class="flash">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div></div>

  <div v-if="!boards.length" class="empty"><p>{{ words.not_allowed }}</p></div>
  <div v-else-if="!offered" class="empty">
    <h2>{{ words.empty }}</h2><p>{{ words.empty_hint }}</p>
    <a class="button primary" href="/firmware">{{ words.to_firmware }}</a>
  </div>
  <template v-else>
    <p v-if="hindrance" class="notice warn" role="status"><icon name="warning"/><span>{{ hindrance }}</span></p>

    <section class="panel flash-step" aria-labelledby="flash-board">
      <h2 id="flash-board">{{ words.board }}</h2>
      <p class="help">{{ words.board_hint }}</p>
      <div class="flash-boards" role="radiogroup" aria-labelledby="flash-board">
        <label v-for="one in boards" :key="one.name" class="flash-board" :class="{'is-chosen': chosen === one.name, 'is-off': !one.versions.length}">
          <input class="unseen" type="radio" name="board" :value="one.name" v-model="chosen" :disabled="!one.versions.length" :aria-describedby="'flash-about-' + one.name">
          <icon name="firmware"/>
          <span class="flash-name">{{ one.board }}</span>
          <span class="flash-about help" :id="'flash-about-' + one.name"><span v-if="one.versions.length" class="mono">{{ one.versions[0] }}</span><template v-else>{{ one.published ? words.no_parts : words.none }}</template></span>
        </label>
      </div>
    </section>

    <section class="panel flash-step" aria-labelledby="flash-connect">
      <h2 id="flash-connect">{{ words.connect }}</h2>
      <ul class="flash-list">
        <li v-if="board">{{ words.hold[board.name] }}</li>
        <li>{{ words.cable }}</li><li>{{ words.panels }}</li><li>{{ words.driver }}</li>
      </ul>
    </section>

    <section class="panel flash-step" aria-labelledby="flash-write">
      <h2 id="flash-write">{{ words.write }}</h2>
      <p v-if="!board" class="quiet">{{ words.choose_first }}</p>
      <template v-else>
        <form v-if="!hindrance" class="flash-claim" @submit.prevent="flash" novalidate>
          <div class="flash-fields">
            <div class="field"><label for="flash-name">{{ words.name }}</label>
              <input id="flash-name" class="input" v-model="clock.name" maxlength="32" autocomplete="off" :aria-invalid="!!errors.name" aria-describedby="flash-name-help">
              <span id="flash-name-help" :class="errors.name ? 'field-error' : 'help'">{{ errors.name ?? words.name_hint }}</span></div>
            <div class="field"><label for="flash-group">{{ words.group }}</label>
              <input id="flash-group" class="input" v-model="clock.group" maxlength="40" autocomplete="off" list="flash-groups" :aria-invalid="!!errors.group" aria-describedby="flash-group-help">
              <span id="flash-group-help" :class="errors.group ? 'field-error' : 'help'">{{ errors.group ?? words.group_hint }}</span></div>
            <div class="field"><label for="flash-timezone">{{ words.timezone }}</label>
              <input id="flash-timezone" class="input" v-model="clock.timezone" maxlength="48" autocomplete="off" spellcheck="false" list="flash-zones" :aria-invalid="!!errors.timezone" :aria-describedby="errors.timezone ? 'flash-timezone-help' : null">
              <span v-if="errors.timezone" id="flash-timezone-help" class="field-error">{{ errors.timezone }}</span></div>
            <div class="field"><label for="flash-version">{{ words.version }}</label>
              <span class="select-box"><select class="select mono" id="flash-version" v-model="version">
                <option v-for="(one, i) in board.versions" :key="one" :value="one">{{ i ? one : fill(words.newest, {version: one}) }}</option>
              </select><icon name="chevron"/></span></div>
          </div>
          <datalist id="flash-zones"><option v-for="zone in zones" :key="zone" :value="zone"></option></datalist>
          <datalist id="flash-groups"><option v-for="one in groups" :key="one" :value="one"></option></datalist>
          <div class="flash-begin">
            <button type="submit" class="button primary flash-go" :disabled="!!busy">{{ busy || fill(words.flash, {board: board.board}) }}</button>
            <p class="help">{{ words.erases }} {{ words.then }}</p>
          </div>
        </form>
        <div role="status" ref="noticed"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }} <a v-if="notice.device_id" :href="'/clocks/' + notice.device_id">{{ words.to_clock }}</a></span></p></div>
        <details class="fold" :open="!!hindrance">
          <summary><icon name="chevron"/>{{ words.by_hand }}</summary>
          <p class="quiet">{{ words.by_hand_hint }}</p>
          <button v-if="!links" type="button" class="button" @click="getLinks">{{ words.get }}</button>
          <p v-if="trouble" class="field-error" role="alert"><icon name="warning"/><span>{{ trouble }}</span></p>
          <template v-if="links">
            <ul class="flash-files">
              <li v-for="one in links" :key="one.part"><a :href="one.url" :download="one.filename"><icon name="download"/>{{ words.files[one.part] }}</a> <span class="mono faint">0x{{ one.offset.toString(16) }}</span></li>
            </ul>
            <div class="command"><code>{{ command }}</code><button type="button" class="button quiet square small" :title="words.copy" :aria-label="words.copy" @click="copyCommand"><icon :name="copied ? 'check' : 'copy'"/></button></div>
          </template>
        </details>
      </template>
    </section>
  </template>
</div>`,
};
