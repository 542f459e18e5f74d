// The way to the server from a page with a socket: topics to follow, questions to ask, contact lost and found.

const ANSWER_MS = 10_000;
const RETRY_MS = 500;
const RETRIES = 3;

const followers = new Map(); // topic -> whom to call with its messages
const SERVICE_RESTART = 1012; // the code with which a server that ends closes its sockets
const watchers = new Set(); // what to call when contact is lost or found
let lostAt = null;
let isRestart = false;
let ahead_s = 0;

/** The server's time, in Unix seconds. */
export const serverNow = () => Date.now() / 1000 + ahead_s;

/** Call `take(message)` with the topic's state now and whenever it changes. */
export function follow(topic, take) {
  if (!followers.has(topic)) followers.set(topic, new Set());
  followers.get(topic).add(take);
  whenSocket(() => window.socket.connected && join(topic, take));
  return () => followers.get(topic).delete(take);
}

function tell(topic, message) {
  for (const take of followers.get(topic) ?? []) take(message);
}

/** Ask the server; resolves to its answer, or throws an Error with `code` and a sentence. */
export async function ask(what, args = {}) {
  await new Promise(whenSocket); // a component may ask before the page has one
  let answer;
  for (let tries = 0; ; tries += 1) {
    try {
      answer = await window.socket.timeout(ANSWER_MS).emitWithAck("live_ask", { client_id: window.clientId, what, args });
    } catch {
      throw Object.assign(new Error("No answer from the server."), { code: "no_answer" });
    }
    // Nor is a page known at once: it says who it is when its socket has opened.
    if (answer.code !== "unknown_page" || tries === RETRIES) break;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  if (answer.error) throw Object.assign(new Error(answer.error), { code: answer.code });
  return answer.answer;
}

/**
 * Call `watch(lostAt, isRestart)` when contact changes: Unix seconds when it was lost, null when it
 * is there; and whether the server said that it ends.
 */
export function onContact(watch) {
  watchers.add(watch);
  if (lostAt !== null) watch(lostAt, isRestart);
}

// A page makes its socket after its components are mounted.
function whenSocket(callback) {
  if (window.socket) callback();
  else setTimeout(whenSocket, 20, callback);
}

whenSocket(() => {
  window.socket.on("connect", () => {
    setContact(null);
    for (const [topic, takers] of followers) if (takers.size) join(topic);
  });
  window.socket.on("disconnect", (_reason, details) => {
    isRestart = closedForRestart(details);
    setContact(serverNow());
  });
  window.socket.on("live", ({ topic, message, now }) => {
    setClock(now);
    tell(topic, message);
  });
});

// `take`: who alone is told the topic's state; all who follow it where nobody is named.
async function join(topic, take = (message) => tell(topic, message)) {
  let answer;
  try {
    answer = await window.socket.timeout(ANSWER_MS).emitWithAck("live_follow", { client_id: window.clientId, topic });
  } catch {
    if (window.socket.connected) setTimeout(join, RETRY_MS, topic, take); // else the next connection does
    return;
  }
  if (answer.code === "unknown_page" && window.socket.connected) setTimeout(join, RETRY_MS, topic, take);
  if (answer.error) return;
  setClock(answer.now);
  take(answer.message);
}

function setClock(server_s) {
  ahead_s = server_s - Date.now() / 1000;
}

function setContact(lost) {
  if ((lost === null) === (lostAt === null)) return;
  lostAt = lost;
  for (const watch of watchers) watch(lost, isRestart);
}

/** Whether a socket was closed by a server that ends in good order; `details` as socket.io has them. */
export const closedForRestart = (details) => details?.context?.code === SERVICE_RESTART;
