// Every published version, platform by platform, live; publishing another one.

import { computed, nextTick, ref, shallowRef } from "vue";
import { bytes, fill, plural } from "skiclock/format.js";
import { ask } from "skiclock/live.js";
import { Icon, Moment, copy, useTopic } from "skiclock/parts.js";
import { readHead, readName, nextVersion, send } from "skiclock/upload.js";

const SHOWN = 5; // versions of a platform before "show all"

export default {
  components: { Icon, Moment },
  props: { words: Object, state: Object, may: Object, upload: Object },

  setup(props) {
    const { words, may } = props;
    const platforms = shallowRef(props.state.platforms);
    const fresh = ref(null); // "platform version" that was published while we looked
    useTopic("firmware", (state) => {
      const known = new Set(platforms.value.flatMap(keysOf));
      fresh.value = state.platforms.flatMap(keysOf).find((key) => !known.has(key)) ?? fresh.value;
      platforms.value = state.platforms;
    });
    const published = computed(() => platforms.value.filter((one) => one.versions.length > 0));
    const missing = computed(() => platforms.value.filter((one) => one.versions.length === 0));

    const open = ref(new Set());
    const shownOf = (one) => (open.value.has(one.name) ? one.versions : one.versions.slice(0, SHOWN));
    const toggle = (name) => (open.value = new Set(open.value).add(name));

    // -- downloading

    const notice = ref(null);
    async function download(platform, version) {
      try {
        location.assign((await ask("firmware.link", { platform, version })).url);
      } catch (error) {
        notice.value = { tone: "bad", text: sentenceFor(error) };
      }
    }
    // -- promoting

    const sure = ref(""); // "platform version" that waits for a yes
    const promoting = ref("");
    async function promote(platform, version) {
      [promoting.value, sure.value, notice.value] = [`${platform} ${version}`, "", null];
      try {
        await ask("firmware.promote", { platform, version });
        notice.value = { tone: "ok", text: fill(words.promoted, { platform: boardOf(platform), version }) };
      } catch (error) {
        notice.value = { tone: "bad", text: sentenceFor(error) };
      }
      promoting.value = "";
    }
    const sentenceFor = (error) =>
      (props.upload.lang === "en" && error.message) || words.refusals[error.code] || error.message;
    const copied = ref("");
    async function copyText(text) {
      if (!(await copy(text))) return;
      copied.value = text;
      setTimeout(() => (copied.value = ""), 2000);
    }

    // -- publishing

    const file = shallowRef(null);
    const form = ref({ platform: "", version: "" });
    const errors = ref({});
    const hint = ref("");
    const isArchive = ref(false);
    const progress = ref(null); // null, or per cent; 100 while the server checks
    const dragging = ref(0);
    const input = ref(null);
    const fields = { file: ref(null), platform: ref(null), version: ref(null) };
    let sending = null;

    async function choose(chosen) {
      if (!chosen || progress.value !== null) return;
      file.value = chosen;
      [errors.value, notice.value] = [{}, null];
      const head = await readHead(chosen);
      const name = readName(chosen.name);
      form.value = { platform: name.platform ?? head.platform ?? "", version: name.version ?? "" };
      isArchive.value = head.isArchive === true;
      if (isArchive.value) form.value = { platform: "", version: "" };
      hint.value = isArchive.value ? words.is_archive : head.isImage ? "" : words.no_image;
      await nextTick();
      (form.value.platform === "" ? fields.platform : fields.version).value?.focus();
    }
    const suggestion = computed(() =>
      nextVersion(platforms.value.find((one) => one.name === form.value.platform)?.versions[0]?.version));

    async function publish() {
      errors.value = {};
      if (!isArchive.value && !form.value.platform) errors.value.platform = { text: words.choose_platform };
      if (!isArchive.value && !form.value.version.trim()) errors.value.version = { text: fill(words.give_version, { example: suggestion.value }) };
      if (file.value.size > props.upload.max_bytes) {
        errors.value.file = { text: fill(words.too_large, { size: bytes(file.value.size), most: bytes(props.upload.max_bytes) }) };
      }
      if (Object.keys(errors.value).length) return focusError();
      progress.value = 0;
      sending = send(props.upload.url, { ...form.value, file: file.value }, (done) => (progress.value = done));
      const { status, answer } = await sending.finished;
      progress.value = null;
      if (status === 201) return published_(answer);
      if (status === 401) return location.reload(); // signed out: the guard shows the sign-in
      if (status !== -1) refuse(answer);
    }
    function published_(answer) {
      notice.value = { tone: "ok", text: fill(words.published, { platform: boardOf(answer.platform), version: answer.version }) };
      drop();
    }
    function refuse({ code, error, field }) {
      const text = words.refusals[code] ?? error ?? words.failed;
      const refusal = props.upload.lang === "en" ? { text: error ?? text } : { text, detail: error === text ? "" : error };
      if (field in fields) errors.value = { [field]: refusal };
      else notice.value = { tone: "bad", ...refusal };
      focusError();
    }
    async function focusError() {
      await nextTick();
      const first = ["file", "platform", "version"].find((name) => errors.value[name]);
      if (first) fields[first].value?.focus();
    }
    function drop() {
      sending?.abort();
      [file.value, errors.value, hint.value] = [null, {}, ""];
      if (input.value) input.value.value = "";
    }
    function onDrop(event) {
      dragging.value = 0;
      choose(event.dataTransfer.files[0]);
    }
    const boardOf = (name) => platforms.value.find((one) => one.name === name)?.board ?? name;

    return {
      words, may, published, missing, open, shownOf, toggle, SHOWN, fresh, download, notice, sure, promoting, promote, copied, copyText,
      file, form, errors, hint, isArchive, progress, dragging, input, choose, publish, drop, onDrop, suggestion,
      fileField: fields.file, platformField: fields.platform, versionField: fields.version,
      platforms, bytes, plural, fill,
    };
  },

  template: `
<div class="firmware" @dragenter.prevent="dragging++" @dragleave="dragging--" @dragover.prevent @drop.prevent="onDrop">
  <div class="page-head">
    <div><h1>{{ words.title }}</h1><p>{{ words.about }}</p></div>
  </div>

  <div role="status" class="firmware-notices">
    <p v-if="notice" class="notice" :class="notice.tone"><icon :name="notice.tone === 'ok' ? 'check' : 'warning'"/>
      <span>{{ notice.text }}<span v-if="notice.detail" class="help"><br>{{ notice.detail }}</span></span></p>
  </div>

  <form v-if="may.upload" class="panel publish" :class="{'is-over': dragging > 0}" novalidate @submit.prevent="publish">
    <input ref="input" id="firmware-file" class="unseen" type="file" accept=".bin,.zip,application/octet-stream,application/zip" tabindex="-1" aria-hidden="true" @change="choose(input.files[0])">
    <div v-if="!file" class="publish-drop">
      <icon name="upload"/>
      <div><h2>{{ words.publish_title }}</h2><p class="quiet">{{ words.drop_here }}</p></div>
      <button type="button" class="button primary" @click="input.click()">{{ words.choose_file }}</button>
    </div>
    <template v-else>
      <div class="publish-file" ref="fileField" tabindex="-1" :aria-describedby="errors.file ? 'error-file' : null">
        <icon name="firmware"/>
        <div class="publish-name"><div class="mono cut">{{ file.name }}</div><div class="help num">{{ bytes(file.size) }}</div></div>
        <button v-if="progress === null" type="button" class="button quiet small" @click="input.click()">{{ words.other_file }}</button>
      </div>
      <p v-if="errors.file" class="field-error" id="error-file"><icon name="warning"/><span>{{ errors.file.text }}<template v-if="errors.file.detail"><br>{{ errors.file.detail }}</template></span></p>
      <p v-else-if="hint" class="help">{{ hint }}</p>
      <div class="publish-fields">
        <div v-if="!isArchive" class="field">
          <label for="firmware-platform">{{ words.platform }}</label>
          <span class="select-box"><select ref="platformField" class="select" id="firmware-platform" v-model="form.platform" :disabled="progress !== null"
              :aria-invalid="errors.platform ? 'true' : null" :aria-describedby="errors.platform ? 'error-platform' : null">
            <option value="" disabled>{{ words.choose }}</option>
            <option v-for="one in platforms" :key="one.name" :value="one.name">{{ one.board }} ({{ one.name }})</option>
          </select><icon name="chevron"/></span>
          <p v-if="errors.platform" class="field-error" id="error-platform"><icon name="warning"/><span>{{ errors.platform.text }}</span></p>
        </div>
        <div v-if="!isArchive" class="field">
          <label for="firmware-version">{{ words.version }}</label>
          <input ref="versionField" class="input mono" id="firmware-version" v-model="form.version" :placeholder="suggestion" :disabled="progress !== null"
            maxlength="32" autocomplete="off" spellcheck="false" autocapitalize="none"
            :aria-invalid="errors.version ? 'true' : null" :aria-describedby="errors.version ? 'error-version' : null">
          <p v-if="errors.version" class="field-error" id="error-version"><icon name="warning"/><span>{{ errors.version.text }}<template v-if="errors.version.detail"><br>{{ errors.version.detail }}</template></span></p>
        </div>
        <div class="publish-actions">
          <button type="button" class="button" @click="drop">{{ words.cancel }}</button>
          <button type="submit" class="button primary" :disabled="progress !== null">{{ words.publish }}</button>
        </div>
      </div>
      <div v-if="progress !== null" class="publish-progress">
        <div class="progress" role="progressbar" :aria-label="words.sending" aria-valuemin="0" aria-valuemax="100" :aria-valuenow="Math.round(progress)"><i :style="{transform: 'scaleX(' + progress / 100 + ')'}"></i></div>
        <p class="help num">{{ progress < 100 ? fill(words.sent, {done: bytes(file.size * progress / 100), all: bytes(file.size)}) : words.checking }}</p>
      </div>
    </template>
  </form>

  <section v-for="one in published" :key="one.name" class="panel" :aria-labelledby="'platform-' + one.name">
    <div class="panel-head">
      <div class="firmware-name"><h2 :id="'platform-' + one.name">{{ one.board }}</h2><span class="mono faint">{{ one.name }}</span></div>
      <span class="quiet num">{{ plural(words.clocks, one.clocks) }}</span>
    </div>
    <table class="table rows firmware-table" role="table" :aria-labelledby="'platform-' + one.name">
      <thead role="rowgroup"><tr role="row">
        <th role="columnheader">{{ words.version }}</th><th role="columnheader" class="right">{{ words.running }}</th><th role="columnheader" class="right">{{ words.size }}</th>
        <th role="columnheader">SHA-256</th><th role="columnheader">{{ words.uploaded }}</th><th role="columnheader"><span class="unseen">{{ words.download }}</span></th>
      </tr></thead>
      <tbody role="rowgroup">
        <tr v-for="(row, i) in shownOf(one)" :key="row.version" role="row" :class="{glow: fresh === one.name + ' ' + row.version}">
          <th role="rowheader" scope="row"><span class="mono">{{ row.version }}</span> <span v-if="i === 0" class="chip ok"><icon name="check"/>{{ words.newest }}</span> <span v-if="row.waits" class="chip warn" :title="words.waits_hint"><icon name="info"/>{{ words.waits }}</span> <span v-if="row.there" class="chip">{{ words.there }}</span></th>
          <td role="cell" class="right num" :data-label="words.running"><span v-if="row.clocks">{{ plural(words.clocks, row.clocks) }}</span><span v-else class="faint">–</span></td>
          <td role="cell" class="right num" :data-label="words.size">{{ bytes(row.size_bytes) }}</td>
          <td role="cell" data-label="SHA-256"><button type="button" class="sha mono" :title="fill(words.copy_sha, {sha: row.sha256})" @click="copyText(row.sha256)"><span>{{ row.sha256.slice(0, 12) }}</span><icon :name="copied === row.sha256 ? 'check' : 'copy'"/><span class="unseen">{{ copied === row.sha256 ? words.copied : words.copy }}</span></button></td>
          <td role="cell" :data-label="words.uploaded"><span><moment :at="row.uploaded_at"/> <span class="faint by">{{ fill(words.by, {who: row.uploaded_by}) }}</span></span></td>
          <td role="cell" class="right firmware-get"><a v-if="row.starts_blank_chip && may.take.includes(one.name)" class="button small" :href="'/flash?board=' + one.name + '&version=' + row.version"><icon name="flash"/><span>{{ words.flash }}<span class="unseen"> {{ one.board }} {{ row.version }}</span></span></a> <button v-if="may.take.includes(one.name)" type="button" class="button small" @click="download(one.name, row.version)"><icon name="download"/><span>{{ words.download }}<span class="unseen"> {{ one.board }} {{ row.version }}</span></span></button>
            <div v-if="may.promote && !row.there" class="firmware-promote"><template v-if="sure === one.name + ' ' + row.version"><span class="help">{{ words.promote_sure }}</span><button type="button" class="button small danger" @click="promote(one.name, row.version)">{{ words.promote_now }}</button><button type="button" class="button small" @click="sure = ''">{{ words.keep }}</button></template>
              <button v-else type="button" class="button small" :disabled="promoting !== ''" @click="sure = one.name + ' ' + row.version"><icon name="arrow"/><span>{{ promoting === one.name + ' ' + row.version ? words.promoting : words.promote }}<span class="unseen"> {{ one.board }} {{ row.version }}</span></span></button></div></td>
        </tr>
      </tbody>
    </table>
    <div v-if="one.versions.length > SHOWN && !open.has(one.name) || one.others" class="panel-foot">
      <button v-if="one.versions.length > SHOWN && !open.has(one.name)" type="button" class="button quiet small" @click="toggle(one.name)">{{ plural(words.show_all, one.versions.length) }}</button>
      <span v-if="one.others" class="help num">{{ plural(words.others, one.others) }}</span>
    </div>
  </section>

  <section v-if="published.length && missing.length" class="panel" aria-labelledby="firmware-missing">
    <div class="panel-head"><h2 id="firmware-missing">{{ words.missing }}</h2></div>
    <ul class="firmware-missing">
      <li v-for="one in missing" :key="one.name"><span>{{ one.board }} <span class="mono faint">{{ one.name }}</span></span><span class="num" :class="one.clocks ? 'tone-warn' : 'faint'">{{ one.clocks ? plural(words.waiting, one.clocks) : plural(words.clocks, 0) }}</span></li>
    </ul>
  </section>

  <div v-if="!published.length" class="empty">
    <h2>{{ words.empty }}</h2><p>{{ words.empty_hint }}</p>
  </div>

  <details v-if="may.upload" class="fold firmware-ci" :open="!published.length">
    <summary><icon name="chevron"/>{{ words.from_ci }}</summary>
    <p class="quiet">{{ words.ci_hint }}</p>
    <div class="command"><code>{{ upload.command }}</code><button type="button" class="button quiet square small" :title="words.copy" :aria-label="words.copy" @click="copyText(upload.command)"><icon :name="copied === upload.command ? 'check' : 'copy'"/></button></div>
    <p class="quiet">{{ words.key_hint }}</p>
    <div class="command"><code>skiclock key add ci --scope upload</code><button type="button" class="button quiet square small" :title="words.copy" :aria-label="words.copy" @click="copyText('skiclock key add ci --scope upload')"><icon :name="copied.startsWith('skiclock') ? 'check' : 'copy'"/></button></div>
  </details>
</div>`,
};

const keysOf = (platform) => platform.versions.map(({ version }) => `${platform.name} ${version}`);
