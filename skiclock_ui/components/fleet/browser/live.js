// The way to the server: the first list, the room's changes, and what was missed in between.

const RETRY_S = [0.3, 1, 2, 4, 8, 15];
const NO_ACCESS = new Set([401, 403]);
const BUFFERED = 500;
const SERVICE_RESTART = 1012; // the code with which a server that ends closes its sockets
const SILENCE_MS = 13000; // the server says something every 5 s

/**
 * Keeps `store` equal to the fleet on the server. Calls `changed()` when rows did,
 * `contact(isThere, isRestart)` when the socket came or went, `failed(status)` when the list
 * cannot be had (0: no answer).
 */
export class Live {
  constructor({ url, store, changed, contact, failed }) {
    Object.assign(this, { url, store, changed, contact, failed });
    this.offset_s = 0;
    this.heardAt = null; // performance.now() of the last message
    this.waiting = []; // changes that came while the list was on its way
    this.loading = null;
    this.again = false;
    this.tries = 0;
    this.closed = false;
    this.timers = new Set();
    this.listeners = [];
  }

  start() {
    this.load();
    this.whenSocket();
  }

  stop() {
    this.closed = true;
    this.loading?.abort();
    this.timers.forEach(clearTimeout);
    for (const [event, listener] of this.listeners) window.socket?.off(event, listener);
  }

  /** The server's time, in Unix seconds. */
  now() {
    return Date.now() / 1000 + this.offset_s;
  }

  later(callback, seconds) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) callback();
    }, seconds * 1000);
    this.timers.add(timer);
  }

  // The page makes its socket after its components are mounted.
  whenSocket() {
    if (!window.socket) return this.later(() => this.whenSocket(), 0.01);
    this.listen("fleet", (change) => this.take(change));
    this.listen("connect", () => this.join());
    this.listen("disconnect", (_reason, details) => this.contact(false, details?.context?.code === SERVICE_RESTART));
    if (window.socket.connected) this.join();
  }

  /** Listen for an event of the socket as soon as there is one. */
  whenListening(event, listener) {
    if (window.socket) this.listen(event, listener);
    else this.later(() => this.whenListening(event, listener), 0.01);
  }

  listen(event, listener) {
    window.socket.on(event, listener);
    this.listeners.push([event, listener]);
  }

  async join() {
    let answer;
    try {
      answer = await window.socket.timeout(5000).emitWithAck("fleet_join", { client_id: window.clientId });
    } catch {
      // No answer in time: still connected, then ask again; else the next connection does.
      if (window.socket.connected) this.later(() => this.join(), 1);
      return;
    }
    if (answer.error === "forbidden") return this.failed(403);
    if (answer.error) return this.later(() => this.join(), 0.3);
    this.setClock(answer.now);
    this.heard();
    if (!this.loading && this.isBehind(answer)) this.load();
    else if (this.loading) this.joined = answer;
  }

  heard() {
    this.heardAt = performance.now();
    this.contact(true);
  }

  /** Call once in a while: a connection can die without a word. */
  watch() {
    if (this.heardAt !== null && performance.now() - this.heardAt > SILENCE_MS) this.contact(false);
  }

  /** When the server was last heard, in its own Unix seconds. */
  lastContact() {
    return this.now() - (this.heardAt === null ? 0 : (performance.now() - this.heardAt) / 1000);
  }

  isBehind({ epoch, seq }) {
    return this.store.epoch !== epoch || this.store.seq < seq;
  }

  take(change) {
    this.setClock(change.now);
    this.heard();
    if (this.loading || this.store.epoch === null) {
      if (this.waiting.length >= BUFFERED) this.waiting.shift(); // the gap is found below
      this.waiting.push(change);
    } else if (change.epoch === this.store.epoch && change.seq === this.store.seq + 1) {
      this.store.merge(change);
      this.changed();
    } else if (change.epoch !== this.store.epoch || change.seq > this.store.seq) {
      this.load();
    }
  }

  /** Load the list, or after the first time what changed since; one at a time. */
  async load() {
    if (this.loading || this.closed) return;
    const abort = (this.loading = new AbortController());
    const { epoch, seq } = this.store;
    const query = epoch === null ? "" : `?epoch=${encodeURIComponent(epoch)}&since=${seq}`;
    let status = 0;
    try {
      const response = await fetch(this.url + query, { signal: abort.signal, credentials: "same-origin" });
      status = response.redirected ? 401 : response.status; // sent to the sign-in
      if (status !== 200) throw new Error(`the list answered ${status}`);
      const serverTime = Number(response.headers.get("X-Server-Time"));
      const list = await response.json();
      if (this.closed) return;
      if (serverTime) this.setClock(serverTime);
      this.store.load(list);
    } catch (error) {
      this.loading = null;
      if (!this.closed) this.retry(status, error);
      return;
    }
    this.loading = null;
    this.tries = 0;
    this.catchUp();
    this.changed();
  }

  /** Apply the changes that came meanwhile; ask again for any that are missing. */
  catchUp() {
    const [changes, joined] = [this.waiting, this.joined];
    this.waiting = [];
    this.joined = null;
    for (const change of changes) this.take(change);
    if (joined && !this.loading && this.isBehind(joined)) this.load();
  }

  retry(status, error) {
    console.warn("fleet:", error);
    this.failed(status);
    if (NO_ACCESS.has(status)) return;
    this.later(() => this.load(), RETRY_S[Math.min(this.tries++, RETRY_S.length - 1)]);
  }

  setClock(serverNow) {
    // The fastest message is the most exact: a later one only counts when it shows a real jump.
    const offset = serverNow - Date.now() / 1000;
    if (offset > this.offset_s || this.offset_s - offset > 2 || !this.timed) this.offset_s = offset;
    this.timed = true;
  }
}
