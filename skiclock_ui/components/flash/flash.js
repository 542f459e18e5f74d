// From a blank board to a clock: choose the board, connect it, let ESP Web Tools write it.

import { computed, nextTick, onMounted, ref, shallowRef, watch } from "vue";
import { fill } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, copy, useTopic } from "skiclock/parts.js";

export default {
  components: { Icon },
  props: { words: Object, state: Object, lang: String },

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

    const host = ref(null); // where the element of ESP Web Tools stands
    async function arm() {
      await nextTick();
      if (!host.value || !board.value || hindrance) return;
      const button = document.createElement("esp-web-install-button");
      button.setAttribute("manifest", `/firmware/manifest/${board.value.name}/${version.value}.json`);
      const activate = document.createElement("button");
      activate.slot = "activate";
      activate.className = "button primary flash-go";
      activate.textContent = fill(words.flash, { board: board.value.board });
      button.append(activate);
      host.value.replaceChildren(button);
    }
    onMounted(() => import("skiclock/esp-web-tools/install-button.js").then(arm));
    watch([board, version], arm);

    // -- by hand

    const trouble = ref("");
    const copied = ref("");
    async function getLinks() {
      trouble.value = "";
      try {
        links.value = (await ask("flash.links", { platform: board.value.name, version: version.value })).files;
      } catch (error) {
        trouble.value = props.lang === "en" ? error.message : words.failed;
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

    return { words, boards, chosen, version, board, offered, hindrance, host, links, getLinks, trouble, command, copied, copyCommand, fill };
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
        <div class="field flash-version">
          <label for="flash-version">{{ words.version }}</label>
          <span class="select-box"><select class="select mono" id="flash-version" v-model="version">
            <option v-for="(one, i) in board.versions" :key="one" :value="one">{{ i ? one : fill(words.newest, {version: one}) }}</option>
          </select><icon name="chevron"/></span>
        </div>
        <template v-if="!hindrance">
          <div ref="host" class="flash-host"></div>
          <p class="help">{{ words.erases }} {{ words.then }}</p>
        </template>
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
