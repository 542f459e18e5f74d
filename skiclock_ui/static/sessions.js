// A list of the browsers in which somebody is signed in, as people and account pages show it.

import { computed } from "vue";
import { ago, fill, moment } from "./format.js";
import { Icon, useNow } from "./parts.js";

// The first that fits: every browser claims to be an older one too.
const BROWSERS = [[/Edg\w*\//, "Edge"], [/OPR\//, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/Firefox\/|FxiOS\//, "Firefox"], [/Chrom(e|ium)\/|CriOS\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS = [[/iPhone|iPad/, "iOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];
const nameIn = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

/** What a User-Agent calls itself, in words; a program keeps its own. */
export function browserName(words, agent) {
  const browser = nameIn(BROWSERS, agent ?? "");
  const system = nameIn(SYSTEMS, agent ?? "");
  if (browser && system) return fill(words.on, { browser, system });
  return browser ?? (agent?.split(/[\s(]/)[0] || words.unknown);
}

/** Emits `end` with a session, or with null for all (others). */
export const SessionList = {
  components: { Icon },
  props: { words: Object, sessions: Array, busy: Boolean, own: Boolean },
  emits: ["end"],
  setup(props) {
    const now = useNow();
    const seen = (at) => fill(props.words.seen, { time: ago(at, Math.max(now.value, at)) });
    const began = (at) => fill(props.words.began, { time: moment(at, "dayTime") });
    const others = computed(() => props.sessions.filter((one) => !one.is_this));
    return { seen, began, others, browserName, moment };
  },
  template: `
  <div>
    <ul v-if="sessions.length" class="sessions">
      <li v-for="one in sessions" :key="one.id" :data-session-id="one.id">
        <span class="sessions-what"><span :title="one.browser" dir="auto">{{ browserName(words, one.browser) }}</span> <span v-if="one.is_this" class="chip ok">{{ words.this_one }}</span>
          <span class="help"><span v-if="one.address" class="mono">{{ one.address }}</span> <span class="num" :title="moment(one.seen_at, 'exact')">{{ seen(one.seen_at) }}</span> <span class="num" :title="moment(one.began_at, 'exact')">{{ began(one.began_at) }}</span></span></span>
        <button v-if="!one.is_this" type="button" class="button small" :disabled="busy" :aria-label="words.end + ': ' + browserName(words, one.browser)" @click="$emit('end', one)">{{ words.end }}</button>
      </li>
    </ul>
    <p v-else class="quiet sessions-none">{{ words.none }}</p>
    <p v-if="others.length > 1" class="sessions-all"><button type="button" class="button small" :disabled="busy" @click="$emit('end', null)"><icon name="sign-out"/>{{ own ? words.end_others : words.end_all }}</button></p>
  </div>`,
};
