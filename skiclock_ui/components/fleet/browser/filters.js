// What to search, filter and sort by: in a row on wide screens, in a sheet on phones.

import { computed, inject } from "vue";
import { SORTS } from "./model.js";
import { Icon } from "./marks.js";

/** The lists to choose from. Emits `pick` with the name and the value. */
export const FleetChoices = {
  props: ["query", "facets"],
  emits: ["pick"],
  components: { Icon },
  setup(props) {
    const { words, boards, format } = inject("fleet");
    // What is chosen can be chosen even where no clock has it any more.
    const options = (name, label = (value) => value) => computed(() => {
      const found = props.facets[name];
      const chosen = props.query[name];
      const all = !chosen || found.some(([value]) => value === chosen) ? found : [...found, [chosen, 0]];
      return all.map(([value, count]) => ({ value, text: `${label(value)} (${format.number(count)})` }));
    });
    const lists = {
      platform: options("platform", (value) => boards[value] ?? value),
      version: options("version"),
      network: options("network"),
      group: options("group"),
    };
    // Who has no groups need not choose among them.
    const shown = computed(() => {
      const { group, ...others } = lists;
      return Object.fromEntries(Object.entries(group.value.length ? lists : others).map(([name, list]) => [name, list.value]));
    });
    return { words, shown, sorts: SORTS };
  },
  template: `
  <label v-for="(list, name) in shown" :key="name" class="fleet-select" :class="{on: query[name]}">
    <span class="fleet-select-label">{{ words['filter_' + name] }}</span>
    <select :aria-label="words['filter_' + name]" :value="query[name]" :data-filter="name" @change="$emit('pick', name, $event.target.value)">
      <option value="">{{ words['all_' + name] }}</option>
      <option v-for="option in list" :key="option.value" :value="option.value">{{ option.text }}</option>
    </select><icon name="down"/>
  </label>
  <div class="fleet-sort">
    <label class="fleet-select">
      <span class="fleet-select-label">{{ words.sort_by }}</span>
      <select :aria-label="words.sort_by" :value="query.sort" data-filter="sort" @change="$emit('pick', 'sort', $event.target.value)">
        <option v-for="sort in sorts" :key="sort" :value="sort">{{ words['sort_' + sort] }}</option>
      </select><icon name="down"/>
    </label>
    <button type="button" class="fleet-button" :aria-label="query.down ? words.descending : words.ascending"
      :title="query.down ? words.descending : words.ascending" @click="$emit('pick', 'down', !query.down)">
      <icon :name="query.down ? 'down' : 'up'"/></button>
  </div>`,
};
