// The browsers in which the viewer is signed in; any but this one can be signed out.

import { ref, shallowRef } from "vue";
import { ask } from "skiclock/live.js";
import { Icon } from "skiclock/parts.js";
import { SessionList } from "skiclock/sessions.js";

export default {
  components: { Icon, SessionList },
  props: { words: Object, state: Object },

  setup(props) {
    const { words } = props;
    const sessions = shallowRef(props.state.sessions);
    const busy = ref(false);
    const problem = ref("");
    async function end(one) {
      busy.value = true;
      try {
        sessions.value = await ask("sessions.end", { id: one?.id ?? null, current: props.state.current });
        problem.value = "";
      } catch (error) {
        problem.value = words.problems[error.code] ?? words.failed;
      }
      busy.value = false;
    }
    return { words, sessions, busy, problem, end };
  },

  template: `
<section class="panel" aria-labelledby="sessions-title">
  <div class="panel-head"><div><h2 id="sessions-title">{{ words.title }}</h2><p class="help">{{ words.about }}</p></div></div>
  <p v-if="problem" class="field-error sessions-none" role="alert"><icon name="warning"/>{{ problem }}</p>
  <session-list :words="words" :sessions="sessions" :busy="busy" own @end="end"/>
</section>`,
};
