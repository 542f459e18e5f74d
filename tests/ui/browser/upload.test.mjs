import assert from "node:assert/strict";
import { test } from "node:test";
import { nextVersion, readHead, readName } from "../../../skiclock_ui/static/upload.js";

for (const [name, platform, version] of [
  ["esp32c3-2026.11.24.1.bin", "esp32c3", "2026.11.24.1"],
  ["firmware_ESP32-S3_2026.1.2.30.bin", "esp32s3", "2026.1.2.30"],
  ["esp32.bin", "esp32", undefined],
  ["wemos-d1-mini-v1.2.3.bin", "d1mini", "v1.2.3"],
  ["esp-01_2026.11.24.1", "esp01", "2026.11.24.1"],
  ["esp8266-firmware.bin", "esp12f", undefined],
  ["firmware.bin", undefined, undefined],
  ["12026.11.24.1.bin", undefined, undefined],
]) test(`name ${name}`, () => assert.deepEqual(readName(name), { platform, version }));

const image = (bytes) => new Blob([new Uint8Array(bytes)]);
const head = (chip) => [0xe9, 2, 2, 0x20, 0, 0, 8, 0x40, 0xee, 0, 0, 0, chip, 0, 0, 0];

test("the chip stands in the image", async () => {
  assert.deepEqual(await readHead(image(head(0))), { isImage: true, platform: "esp32" });
  assert.deepEqual(await readHead(image(head(5))), { isImage: true, platform: "esp32c3" });
  assert.deepEqual(await readHead(image(head(9))), { isImage: true, platform: "esp32s3" });
  assert.deepEqual(await readHead(image(head(77))), { isImage: true, platform: undefined });
});

test("an ESP8266 image does not tell its board", async () => {
  const esp8266 = [0xe9, 1, 2, 0x40, 4, 0, 0x10, 0x40, 0, 0, 0x10, 0x40, 0, 0, 0, 0];
  assert.deepEqual(await readHead(image(esp8266)), { isImage: true, platform: undefined });
});

test("another file, an empty one too, is no image", async () => {
  assert.deepEqual(await readHead(image([0x25, 0x50, 0x44, 0x46])), { isImage: false });
  assert.deepEqual(await readHead(image([])), { isImage: false });
});

test("the next version is today's next build", () => {
  const now = new Date();
  const today = `${now.getFullYear()}.${now.getMonth() + 1}.${now.getDate()}`;
  assert.equal(nextVersion(`${today}.7`), `${today}.8`);
  assert.equal(nextVersion("2020.1.1.9"), `${today}.1`);
  assert.equal(nextVersion("v1.2.3"), `${today}.1`);
  assert.equal(nextVersion(undefined), `${today}.1`);
});
