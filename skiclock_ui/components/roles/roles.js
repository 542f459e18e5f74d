// Roles: what each allows, and the form in which one is made or changed.

import { computed, nextTick, reactive, ref, shallowRef } from "vue";
import { fill, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon } from "skiclock/parts.js";

export default {
  components: { Icon },
  props: { words: Object, state: Object, rules: Object, lang: String },

  setup(props) {
    const { words, rules } = props;
    const state = shallowRef(props.state);
    const notice = ref(null);
    const busy = ref(false);
    const sure = ref(null); // the id of the role that waits for a yes
    const form = ref(null);
    const another = ref("");
    const mine = computed(() => ({
      permissions: new Set(state.value.mine.permissions), platforms: new Set(state.value.mine.platforms),
    }));
    const ofAllClocks = new Set(rules.of_all_clocks);

    const sentence = (error) => (props.lang === "en" && error.message) || words.problems[error.code] || words.failed;
    async function change(what, args, done) {
      busy.value = true;
      [sure.value, notice.value] = [null, null];
      try {
        state.value = (await ask(what, args)).state;
        notice.value = { tone: "ok", text: done };
        form.value = null;
      } catch (error) {
        notice.value = { tone: "bad", text: sentence(error) };
      }
      busy.value = false;
    }

    /** Show the form, for a new role or for one that is there. */
    async function open(role) {
      another.value = "";
      form.value = reactive({
        id: role?.id ?? null, title: role?.title ?? "", name: role?.name ?? "",
        permissions: new Set(role?.permissions ?? ["clocks.see", "firmware.see"]),
        platforms: new Set(role?.platforms ?? []), some: Boolean(role?.groups), groups: new Set(role?.groups ?? []),
      });
      await nextTick();
      document.getElementById("role-name").focus();
    }
    function toggle(set, value) {
      if (!set.delete(value)) set.add(value);
    }
    /** What is of no use without another comes with it, and goes with it. */
    function togglePermission(value) {
      const { permissions } = form.value;
      toggle(permissions, value);
      if (permissions.has(value) && rules.needs[value]) permissions.add(rules.needs[value]);
      for (const [one, needed] of Object.entries(rules.needs)) if (!permissions.has(needed)) permissions.delete(one);
    }
    const closed = (value) => !mine.value.permissions.has(value) || (form.value.some && ofAllClocks.has(value));
    const groups = computed(() => [...new Set([...state.value.groups, ...(form.value?.groups ?? [])])].sort((a, b) => a.localeCompare(b)));
    function addGroup() {
      if (another.value.trim()) form.value.groups.add(another.value.trim());
      another.value = "";
    }
    function save() {
      addGroup();
      const { id, name, permissions, platforms, some } = form.value;
      const allowed = [...permissions].filter((one) => !some || !ofAllClocks.has(one));
      const args = { name, permissions: allowed, platforms: [...platforms], groups: some ? [...form.value.groups] : null };
      return change("roles.save", id === null ? args : { ...args, id }, fill(words.saved, { name: name.trim() }));
    }
    const remove = (role) => change("roles.remove", { id: role.id }, fill(words.removed, { name: role.title }));
    const boardsOf = (role) => {
      if (!role.permissions.includes("firmware.download")) return "";
      if (rules.boards.every(([name]) => role.platforms.includes(name))) return words.all_boards;
      return rules.boards.filter(([name]) => role.platforms.includes(name)).map(([, board]) => board).join(", ") || words.no_boards;
    };
    const allowed = (role) => rules.sections.flatMap(([, all]) => all).filter((one) => role.permissions.includes(one)).map((one) => words.rights[one]).join(", ");
    return {
      words, rules, state, notice, busy, sure, form, another, mine, groups, open, toggle, togglePermission, closed, addGroup, save, remove,
      boardsOf, allowed, fill, plural,
    };
  },

  template: `
<div class="people roles">
  <div class="page-head"><div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
    <button type="button" class="button primary" :aria-expanded="form !== null" @click="open(null)"><icon name="add"/>{{ words.make }}</button></div>

  <div role="status"><p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/><span>{{ notice.text }}</span></p></div>

  <section v-if="form" class="panel" aria-labelledby="role-form-title">
    <div class="panel-head"><h2 id="role-form-title">{{ form.id === null ? words.new_title : fill(words.edit_title, {name: form.title}) }}</h2></div>
    <form class="roles-form" @submit.prevent="save" @keydown.esc="form = null">
      <div class="field"><label for="role-name">{{ words.name }}</label><input class="input" id="role-name" v-model="form.name" required :maxlength="rules.max_name" autocomplete="off" spellcheck="false"></div>
      <div class="roles-sections">
        <fieldset v-for="[section, all] in rules.sections" :key="section"><legend>{{ words.sections[section] }}</legend>
          <label v-for="one in all" :key="one" class="roles-check" :class="{closed: closed(one)}"><input type="checkbox" :checked="form.permissions.has(one) && !(form.some && closed(one))" :disabled="closed(one)" :data-right="one" @change="togglePermission(one)"><span>{{ words.rights[one] }}</span></label>
        </fieldset>
        <fieldset><legend>{{ words.boards }}</legend>
          <label v-for="[name, board] in rules.boards" :key="name" class="roles-check" :class="{closed: !mine.platforms.has(name)}"><input type="checkbox" :checked="form.platforms.has(name)" :disabled="!mine.platforms.has(name)" @change="toggle(form.platforms, name)"><span>{{ board }}</span></label>
          <p class="help">{{ words.boards_hint }}</p>
        </fieldset>
        <fieldset><legend>{{ words.sees }}</legend>
          <label class="roles-check"><input type="radio" name="role-sees" :checked="!form.some" @change="form.some = false"><span>{{ words.sees_all }}</span></label>
          <label class="roles-check"><input type="radio" name="role-sees" :checked="form.some" @change="form.some = true"><span>{{ words.sees_some }}</span></label>
          <div v-if="form.some" class="roles-groups" role="group" :aria-label="words.groups">
            <label v-for="group in groups" :key="group" class="roles-check"><input type="checkbox" :checked="form.groups.has(group)" @change="toggle(form.groups, group)"><span dir="auto">{{ group }}</span></label>
            <div class="roles-another"><input class="input" v-model="another" maxlength="40" :aria-label="words.add_group" :placeholder="words.add_group" @keydown.enter.prevent="addGroup"><button type="button" class="button" @click="addGroup">{{ words.add }}</button></div>
            <p class="help">{{ words.some_hint }}</p>
          </div>
        </fieldset>
      </div>
      <div class="people-buttons"><button type="submit" class="button primary" :disabled="busy">{{ words.save }}</button><button type="button" class="button" @click="form = null">{{ words.cancel }}</button></div>
    </form>
  </section>

  <section class="panel" aria-labelledby="roles-title">
    <h2 id="roles-title" class="unseen">{{ words.title }}</h2>
    <table class="table rows roles-table" role="table" aria-labelledby="roles-title">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{{ words.role }}</th><th role="columnheader">{{ words.allows }}</th><th role="columnheader">{{ words.boards }}</th><th role="columnheader">{{ words.sees }}</th><th role="columnheader"><span class="unseen">{{ words.edit }}</span></th></tr></thead>
      <tbody role="rowgroup">
        <tr v-for="one in state.roles" :key="one.id" role="row" :data-role="one.name">
          <th role="rowheader" scope="row"><span class="people-email" dir="auto">{{ one.title }}</span><span class="help roles-count">{{ plural(words.people_count, one.people) }}</span></th>
          <td role="cell" :data-label="words.allows"><span class="roles-rights">{{ allowed(one) }}</span></td>
          <td role="cell" :data-label="words.boards"><span :class="{faint: !boardsOf(one)}">{{ boardsOf(one) || '–' }}</span></td>
          <td role="cell" :data-label="words.sees"><span v-if="one.groups === null">{{ words.sees_all }}</span><span v-else class="roles-chips"><span v-for="group in one.groups" :key="group" class="chip" dir="auto">{{ group }}</span></span></td>
          <td role="cell" class="people-actions"><div v-if="one.may_change" class="people-buttons">
            <template v-if="sure === one.id"><span class="people-sure">{{ words.sure }}</span><button type="button" class="button small danger" :disabled="busy" @click="remove(one)">{{ words.remove }}</button><button type="button" class="button small" @click="sure = null">{{ words.keep }}</button></template>
            <template v-else><button type="button" class="button small" :aria-label="fill(words.edit_of, {name: one.title})" @click="open(one)">{{ words.edit }}</button>
              <button v-if="one.people === 0" type="button" class="button small" :aria-label="fill(words.remove_of, {name: one.title})" @click="sure = one.id">{{ words.remove }}</button></template></div>
            <span v-else-if="one.fixed" class="faint">{{ words.fixed }}</span></td>
        </tr>
      </tbody>
    </table>
  </section>
</div>`,
};
