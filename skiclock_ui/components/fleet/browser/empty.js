// The page before the first clock: how one is connected, and how to try without one.

import { inject, ref } from "vue";
import { Icon } from "./marks.js";

const COMMAND = "skiclock simulate --devices 50";

export const FleetEmpty = {
  props: ["connect"],
  components: { Icon },
  setup() {
    const { words } = inject("fleet");
    const copied = ref(false);
    async function copy() {
      await navigator.clipboard?.writeText(COMMAND);
      copied.value = Boolean(navigator.clipboard);
      setTimeout(() => (copied.value = false), 2000);
    }
    return { words, copied, copy, COMMAND };
  },
  template: `
  <div class="fleet-empty">
    <h2>{{ words.empty }}</h2>
    <p>{{ words.empty_hint }}</p>
    <dl class="fleet-connect">
      <div><dt>{{ words.broker }}</dt><dd class="mono">{{ connect.address }}{{ connect.tls ? ' (TLS)' : '' }}</dd></div>
      <div><dt>{{ words.user_name }}</dt><dd class="mono">{{ connect.user }}</dd></div>
      <div><dt>{{ words.password }}</dt><dd>{{ words.password_hint }} <code class="mono">skiclock settings --show-secrets</code></dd></div>
    </dl>
    <p>{{ words.simulate_hint }}</p>
    <p class="fleet-command"><code class="mono">{{ COMMAND }}</code>
      <button type="button" class="fleet-button" @click="copy"><icon :name="copied ? 'check' : 'copy'"/>{{ copied ? words.copied_short : words.copy }}</button></p>
    <p class="fleet-waiting"><i class="fleet-pulse" aria-hidden="true"></i>{{ words.empty_waiting }}</p>
  </div>`,
};
