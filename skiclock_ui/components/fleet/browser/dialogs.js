// The menu of one clock, and the dialogs that rename and remove it.

import { computed, inject, nextTick, ref, watch } from "vue";
import { fill, isAddress, linkTo } from "./format.js";
import { labelOf } from "./model.js";
import { Icon } from "./marks.js";

const EDGE_PX = 8;

/** One menu for all clocks. `open(row, button)` shows it at a button; emits `choose` and `closed`. */
export const FleetMenu = {
  components: { Icon },
  emits: ["choose", "closed"],
  setup(_, { emit, expose }) {
    const { words, may, stateNow } = inject("fleet");
    const element = ref(null);
    const row = ref(null);
    const link = computed(() =>
      row.value && stateNow(row.value) !== "offline" && isAddress(row.value.ip_address)
        ? linkTo(row.value.ip_address) : null);

    async function open(clock, button) {
      row.value = Object.freeze({ ...clock });
      await nextTick();
      element.value.showPopover();
      place(element.value, button.getBoundingClientRect());
      items()[0]?.focus();
    }
    const items = () => [...element.value.querySelectorAll("[role=menuitem]")];
    function move(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Tab") element.value.hidePopover();
      if (!step) return;
      event.preventDefault();
      const all = items();
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    }
    function choose(action) {
      element.value.hidePopover();
      emit("choose", action, row.value);
    }
    const toggled = (event) => event.newState === "closed" && emit("closed", row.value);
    const close = () => element.value?.hidePopover();
    expose({ open, close });
    return { words, may, element, row, link, move, choose, toggled, labelOf };
  },
  template: `
  <div ref="element" popover="auto" class="fleet-menu" role="menu" :aria-label="row ? labelOf(row) : ''"
      @keydown="move" @toggle="toggled">
    <button v-if="may.edit" type="button" role="menuitem" data-action="rename" @click="choose('rename')">
      <icon name="rename"/>{{ words.rename }}</button>
    <a v-if="link" role="menuitem" :href="link" target="_blank" rel="noreferrer noopener" @click="choose('open')">
      <icon name="open"/>{{ words.open }}</a>
    <button type="button" role="menuitem" data-action="copy" @click="choose('copy')"><icon name="copy"/>{{ words.copy_id }}</button>
    <button v-if="may.remove" type="button" role="menuitem" class="danger" data-action="remove" @click="choose('remove')">
      <icon name="remove"/>{{ words.remove }}</button>
  </div>`,
};

function place(menu, anchor) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(EDGE_PX, Math.min(anchor.right - width, innerWidth - width - EDGE_PX));
  const fitsBelow = anchor.bottom + height + EDGE_PX <= innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${Math.max(EDGE_PX, fitsBelow ? anchor.bottom + 4 : anchor.top - height - 4)}px`;
}

/**
 * A dialog about one clock: `kind` is "rename" or "remove". `ask(kind, row)` shows it;
 * emits `send` with the action and what to do; `done(error)` closes it or says why not.
 */
export const FleetDialog = {
  components: { Icon },
  props: ["groups"],
  emits: ["send", "closed"],
  setup(_, { emit, expose }) {
    const { words } = inject("fleet");
    const element = ref(null);
    const kind = ref("remove");
    const row = ref(null);
    const text = ref("");
    const group = ref("");
    const error = ref("");
    const busy = ref(false);
    const label = computed(() => (row.value ? labelOf(row.value) : ""));
    const typed = computed(() => text.value.trim());
    const isNamed = computed(() =>
      [label.value, row.value?.device_id].some((name) => name?.toLowerCase() === typed.value.toLowerCase()));
    const ready = computed(() => !busy.value && (kind.value === "rename" || isNamed.value));
    watch([text, group], () => (error.value = ""));

    async function ask(what, clock) {
      [kind.value, row.value, error.value, busy.value] = [what, Object.freeze({ ...clock }), "", false];
      [text.value, group.value] = what === "rename" ? [clock.name ?? "", clock.group ?? ""] : ["", ""];
      element.value.showModal();
      await nextTick();
      element.value.querySelector("input").select();
    }
    function send() {
      if (!ready.value) return;
      busy.value = true;
      emit("send", kind.value, { device_id: row.value.device_id, ...(kind.value === "rename" && { name: typed.value, group: group.value.trim() }) });
    }
    function done(problem) {
      busy.value = false;
      if (problem) error.value = problem;
      else element.value.close();
    }
    expose({ ask, done });
    const onBackdrop = (event) => event.target === element.value && element.value.close();
    return { words, element, kind, row, text, group, error, busy, label, ready, send, fill, emit, onBackdrop };
  },
  template: `
  <dialog ref="element" class="fleet-dialog" aria-labelledby="fleet-dialog-title" @close="emit('closed', row)" @click="onBackdrop">
    <form v-if="row" method="dialog" @submit.prevent="send" autocomplete="off">
      <h2 id="fleet-dialog-title">{{ fill(words[kind + '_title'], {name: label}) }}</h2>
      <p v-if="kind === 'remove'">{{ words.remove_meaning }}</p>
      <label class="fleet-field">
        <span v-if="kind === 'rename'">{{ words.name }}</span>
        <span v-else>{{ words.type_name }} <strong class="mono" dir="auto">{{ label }}</strong></span>
        <input v-model="text" type="text" maxlength="64" spellcheck="false" autocapitalize="off"
          :placeholder="kind === 'rename' ? row.device_id : ''" :aria-invalid="error ? true : null"/>
        <small v-if="kind === 'rename'">{{ words.rename_hint }}</small>
      </label>
      <label v-if="kind === 'rename'" class="fleet-field">
        <span>{{ words.group }}</span>
        <input v-model="group" type="text" maxlength="40" spellcheck="false" list="fleet-groups" :aria-invalid="error ? true : null"/>
        <datalist id="fleet-groups"><option v-for="[name] in groups" :key="name" :value="name"></option></datalist>
        <small>{{ words.group_hint }}</small>
      </label>
      <p v-if="error" class="fleet-error" role="alert"><icon name="warning"/>{{ error }}</p>
      <div class="fleet-dialog-actions">
        <button type="button" class="fleet-button" @click="element.close()">{{ words.cancel }}</button>
        <button type="submit" class="fleet-button" :class="kind === 'remove' ? 'danger' : 'primary'" :disabled="!ready">
          {{ kind === 'rename' ? words.save : words[kind] }}</button>
      </div>
    </form>
  </dialog>`,
};
