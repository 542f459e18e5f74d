// Sending an image: what its name and its first bytes tell, and how much has gone.

const NAMES = [
  // The longer names first: "esp32" stands in each of its relatives.
  ["esp32c3", /esp32[-_ ]?c3/i], ["esp32s3", /esp32[-_ ]?s3/i], ["esp32", /esp32/i],
  ["d1mini", /d1[-_ ]?mini|wemos/i], ["esp12f", /esp[-_ ]?12f|esp8266/i], ["esp01", /esp[-_ ]?01/i],
];
const CHIPS = { 0: "esp32", 5: "esp32c3", 9: "esp32s3" };
const MAGIC = 0xe9;
const ARCHIVE = 0x504b0304; // "PK": the .zip of a build, which holds platform and version itself
const ESP8266_ADDRESS = new Set([0x3ff, 0x401, 0x402]); // upper bits of where its code is loaded

const PACKED = 0x1f8b; // gzip, which an ESP8266 unpacks itself

/** The platform and version that a file's name holds, where it does. */
export function readName(name) {
  const version = /(?:^|[^\d])(\d{4}\.\d{1,2}\.\d{1,2}\.\d{1,9})(?!\d)/.exec(name)?.[1] ?? /v\d{1,9}\.\d{1,9}\.\d{1,9}/i.exec(name)?.[0].toLowerCase();
  return { platform: NAMES.find(([, pattern]) => pattern.test(name))?.[0], version };
}

/** Whether a file begins as an image or an archive does; the platform where its chip has only one. */
export async function readHead(file) {
  const head = new DataView(await file.slice(0, 16).arrayBuffer());
  if (head.byteLength >= 4 && head.getUint32(0) === ARCHIVE) return { isImage: false, isArchive: true };
  if (head.byteLength >= 2 && head.getUint16(0) === PACKED) return { isImage: true };
  if (head.byteLength < 16 || head.getUint8(0) !== MAGIC) return { isImage: false };
  const isEsp8266 = ESP8266_ADDRESS.has(head.getUint32(8, true) >>> 20);
  return { isImage: true, platform: isEsp8266 ? undefined : CHIPS[head.getUint16(12, true)] };
}

/** The version that would come next today. */
export function nextVersion(newest = "") {
  const now = new Date();
  const today = `${now.getFullYear()}.${now.getMonth() + 1}.${now.getDate()}`;
  const [year, month, day, build] = newest.split(".").map(Number);
  return `${today}.${`${year}.${month}.${day}` === today ? build + 1 : 1}`;
}

/** Send a form; `finished` resolves to {status, answer}, -1 when aborted, 0 when nothing came back. */
export function send(url, fields, onProgress) {
  const request = new XMLHttpRequest();
  const body = new FormData();
  for (const name of ["platform", "version", "file"]) if (fields[name]) body.append(name, fields[name]);
  const finished = new Promise((resolve) => {
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? (100 * loaded) / total : 0));
    request.upload.addEventListener("load", () => onProgress(100));
    request.addEventListener("load", () => resolve({ status: request.status, answer: asJson(request) }));
    request.addEventListener("error", () => resolve({ status: 0, answer: { code: "no_answer" } }));
    request.addEventListener("abort", () => resolve({ status: -1, answer: {} }));
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  });
  return { finished, abort: () => request.abort() };
}

function asJson(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return { code: "failed" }; // a proxy's page in place of an answer
  }
}
