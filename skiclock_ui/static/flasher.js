// The board in the cable: which chip it is, and ESP Web Tools' window that writes it, watched.

const BAUD = 115200;
const LOG_CHARACTERS = 60_000;
const TELL_EVERY_PERCENT = 10;
const SIGNS = { "🎉": "✓", "⚠️": "!" }; // ours are no emoji

/** Let the person choose a port; null where none was chosen. */
export async function choosePort() {
  try {
    return await navigator.serial.requestPort();
  } catch (error) {
    if (error.name === "NotFoundError") return null;
    throw error;
  }
}

/** What is said while a board is read and written, with the time since the first line. */
export function makeLog() {
  const began = Date.now();
  const lines = [];
  const say = (text) => {
    const plain = String(text).trim();
    if (plain) lines.push(`${((Date.now() - began) / 1000).toFixed(1)} s  ${plain}`);
  };
  return { say, text: () => lines.join("\n").slice(-LOG_CHARACTERS) };
}

/**
 * Ask the chip who it is: {family, chip, mac}. The port is closed before and after; the chip
 * stays in its boot loader, which some boards only enter by hand.
 */
export async function readBoard(port, log) {
  const { ESPLoader, Transport } = await import("./esptool-js/bundle.js");
  const transport = new Transport(port);
  const terminal = { clean() {}, write: log.say, writeLine: log.say };
  const loader = new ESPLoader({ transport, baudrate: BAUD, terminal });
  try {
    await loader.detectChip();
    const family = loader.chip.CHIP_NAME;
    const chip = await loader.chip.getChipDescription(loader);
    const mac = await loader.chip.readMac(loader);
    log.say(`Chip is ${chip}, ${mac}`);
    return { family, chip, mac };
  } finally {
    await transport.disconnect();
  }
}

/**
 * Open ESP Web Tools' window on a board that was read. `told(state, message)` is called as an
 * attempt is "running", "done" or "failed"; "closed" is the last word.
 */
export async function openWindow(port, manifest, log, told) {
  await import("./esp-web-tools/install-dialog.js");
  await port.open({ baudRate: BAUD, bufferSize: 8192 });
  const dialog = document.createElement("ewt-install-dialog");
  Object.assign(dialog, {
    port,
    manifestPath: manifest,
    logger: loggerOf(log),
    // A board that runs our firmware already is written whole too: it becomes another clock.
    overrides: { checkSameFirmware: () => false },
  });
  watch(dialog, log, told);
  dialog.addEventListener("closed", () => {
    port.close().catch((error) => log.say(error.message)); // pulled, or closed by a failure
    told("closed", "");
  }, { once: true });
  document.body.append(dialog);
}

// Improv's packets come as `debug`: they hold the password of the Wi-Fi, and are kept nowhere.
function loggerOf(log) {
  const line = (...words) => log.say(words.map((one) => one?.message ?? one).join(" "));
  return { log: line, error: line, debug() {} };
}

// The window tells nobody how it goes on; but it is a Lit element, which is told what changed.
function watch(dialog, log, told) {
  const updated = dialog.updated;
  let state = "";
  let percent = -TELL_EVERY_PERCENT;
  let said = "";
  dialog.updated = function (changed) {
    updated.call(this, changed);
    const message = this.shadowRoot.querySelector("ewt-page-message");
    if (message && message.icon in SIGNS) message.icon = SIGNS[message.icon];
    const now = this._installState;
    if (!changed.has("_installState") || !now) return;
    const written = now.state === "writing" ? now.details.percentage : 0;
    if (now.message !== said && (now.state !== "writing" || written >= percent + TELL_EVERY_PERCENT)) {
      [said, percent] = [now.message, now.state === "writing" ? written : -TELL_EVERY_PERCENT];
      log.say(now.message);
    }
    const next = { finished: "done", error: "failed" }[now.state] ?? "running";
    if (next === state) return;
    state = next;
    told(state, now.message);
  };
}
