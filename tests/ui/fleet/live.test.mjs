import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Live } from "../../../skiclock_ui/components/fleet/browser/live.js";
import { NOW, change, list, storeWith, values } from "./parts.mjs";

// The page's two ports: its socket, and fetch.
class Socket extends EventEmitter {
  connected = false;
  joins = [];
  answer = { epoch: "e1", seq: 0, now: NOW };
  timeout() { return { emitWithAck: async (event, message) => (this.joins.push([event, message]), this.answer) }; }
  connect() { this.connected = true; this.emit("connect"); }
}

let socket, store, live, asked, answers, seen;
const until = async (condition) => {
  for (let i = 0; i < 400 && !condition(); i++) await wait(5);
  assert.ok(condition(), String(condition));
};
const respond = (body, status = 200) => answers.shift()({
  ok: status === 200, status, redirected: false, headers: new Headers({ "X-Server-Time": String(NOW) }), json: async () => body,
});

beforeEach((t) => {
  socket = new Socket();
  globalThis.window = { clientId: "client-1" };
  [asked, answers, seen] = [[], [], { changed: 0, contact: [], failed: [] }];
  globalThis.fetch = (url) => (asked.push(url), new Promise((resolve) => answers.push(resolve)));
  store = storeWith();
  store.epoch = null;
  live = new Live({
    url: "/ui/fleet.json", store,
    changed: () => seen.changed++, contact: (isThere) => seen.contact.push(isThere), failed: (status) => seen.failed.push(status),
  });
  live.start();
});
const stopping = (body) => async () => { try { await body(); } finally { live.stop(); } };

async function begin(rows = [], seq = 0) {
  respond(list(seq, rows.map(values)));
  await until(() => seen.changed > 0);
  window.socket = socket;
  socket.answer = { epoch: "e1", seq, now: NOW };
  await until(() => socket.listenerCount("fleet") > 0);
  socket.connect();
  await until(() => seen.contact.length > 0);
}

test("the list is asked for before there is a socket, and the room joined as soon as there is", stopping(async () => {
  assert.deepEqual(asked, ["/ui/fleet.json"]);
  await begin([{ device_id: "1" }]);
  assert.deepEqual(socket.joins, [["fleet_join", { client_id: "client-1" }]]);
  assert.equal(store.rows.size, 1);
  assert.equal(asked.length, 1);
}));

test("changes in order are applied without asking", stopping(async () => {
  await begin();
  socket.emit("fleet", change(1, [values({ device_id: "1" })]));
  socket.emit("fleet", change(2, [values({ device_id: "2" })]));
  assert.equal(store.rows.size, 2);
  assert.equal(asked.length, 1);
}));

test("changes that come while the list is on its way are kept; those in it are not applied twice", stopping(async () => {
  window.socket = socket;
  await until(() => socket.listenerCount("fleet") > 0);
  socket.connect();
  for (const seq of [4, 5, 6]) socket.emit("fleet", change(seq, [values({ device_id: `${seq}` })]));
  respond(list(5, [values({ device_id: "5", rssi_dbm: -40 })]));
  await until(() => store.seq === 6);
  assert.deepEqual([...store.rows.keys()], ["5", "6"]);
  assert.equal(store.rows.get("5").rssi_dbm, -40);
  assert.equal(asked.length, 1);
}));

test("a gap is filled with what changed since, and the changes meanwhile follow", stopping(async () => {
  await begin();
  socket.emit("fleet", change(3, [values({ device_id: "3" })]));
  assert.equal(asked[1], "/ui/fleet.json?epoch=e1&since=0");
  socket.emit("fleet", change(4, [values({ device_id: "4" })]));
  respond(list(3, [1, 2, 3].map((id) => values({ device_id: `${id}` })), { since: 0 }));
  await until(() => store.seq === 4);
  assert.deepEqual([...store.rows.keys()], ["1", "2", "3", "4"]);
}));

test("an old or repeated change is ignored", stopping(async () => {
  await begin([], 5);
  socket.emit("fleet", change(5, [values({ device_id: "old" })]));
  socket.emit("fleet", change(2, [values({ device_id: "older" })]));
  assert.equal(store.rows.size, 0);
  assert.equal(asked.length, 1);
}));

test("a server that started anew gives the whole list", stopping(async () => {
  await begin([{ device_id: "1" }], 50);
  socket.emit("fleet", change(1, [], { epoch: "e2" }));
  respond(list(1, [values({ device_id: "2" })], { epoch: "e2" }));
  await until(() => store.epoch === "e2");
  assert.deepEqual([...store.rows.keys()], ["2"]);
}));

test("a reconnected page asks for what it missed", stopping(async () => {
  await begin();
  socket.connected = false;
  socket.emit("disconnect");
  assert.deepEqual(seen.contact, [true, false]);
  socket.answer = { epoch: "e1", seq: 7, now: NOW };
  socket.connect();
  await until(() => asked.length === 2);
  assert.equal(asked[1], "/ui/fleet.json?epoch=e1&since=0");
  assert.equal(seen.contact.at(-1), true);
}));

test("a list that cannot be had is asked for again; one that may not be had is not", stopping(async () => {
  respond({}, 503);
  await until(() => asked.length === 2);
  assert.deepEqual(seen.failed, [503]);
  respond({}, 403);
  await until(() => seen.failed.length === 2);
  await wait(500);
  assert.equal(asked.length, 2);
}));

test("a page that may not follow says so", stopping(async () => {
  respond(list(0, []));
  socket.answer = { error: "forbidden" };
  window.socket = socket;
  await until(() => socket.listenerCount("fleet") > 0);
  socket.connect();
  await until(() => seen.failed.length > 0);
  assert.deepEqual(seen.failed, [403]);
}));

test("the server's clock is followed, late messages do not turn it back", stopping(async () => {
  await begin();
  const ahead = Date.now() / 1000 + 100;
  live.setClock(ahead);
  assert.ok(Math.abs(live.now() - ahead) < 0.5);
  live.setClock(ahead - 1);
  assert.ok(Math.abs(live.now() - ahead) < 0.5);
  live.setClock(ahead - 50);
  assert.ok(Math.abs(live.now() - (ahead - 50)) < 0.5);
}));

test("silence is loss of contact", stopping(async () => {
  await begin();
  live.watch();
  assert.equal(seen.contact.at(-1), true);
  live.heardAt -= 20_000;
  live.watch();
  assert.equal(seen.contact.at(-1), false);
  assert.ok(live.now() - live.lastContact() > 19);
}));
