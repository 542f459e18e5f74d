// What the flasher in the browser does to a clock on a serial line, with its own Improv library:
// node improv_browser.mjs LIBRARY PROGRAM [ARGUMENT ...]; prints what it learned as JSON.
import { spawn } from "node:child_process";
import { registerHooks } from "node:module";
import { Readable, Writable } from "node:stream";

// The library is written for bundlers, which look for its files without their endings.
registerHooks({
  resolve(name, context, next) {
    const isBare = name.startsWith("./") && !name.endsWith(".js");
    return next(isBare ? `${name}.js` : name, context);
  },
});

const [library, program, ...options] = process.argv.slice(2);
const { ImprovSerial } = await import(library);
const clock = spawn(program, options, { stdio: ["pipe", "pipe", "inherit"] });
const port = { readable: Readable.toWeb(clock.stdout), writable: Writable.toWeb(clock.stdin) };
const quiet = { log() {}, debug() {}, error: console.error };

const browser = new ImprovSerial(port, quiet);
const learned = { states: [], errors: [] };
browser.addEventListener("state-changed", ({ detail }) => learned.states.push(detail));
try {
  learned.info = await browser.initialize(60_000);
  learned.networks = await browser.scan(60_000);
  await browser.provision("Skistadion", "secret", 60_000);
  learned.url = browser.nextUrl;
  await browser.getHostname(60_000).catch((error) => learned.errors.push(error));
} finally {
  clock.kill();
}
console.log(JSON.stringify(learned));
process.exit(0);
