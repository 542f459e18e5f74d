"""A serial port for the browser: Web Serial's interface over an emulated chip's TCP line.

Bytes go through Playwright's binding, not a socket of the page: the page's content security
policy stays as it is. The emulator knows neither the C3's nor the S3's magic register.

DTR and RTS do what the two transistors of a board do: RTS holds the chip in reset, DTR holds the
pin that chooses the boot loader. Let go without it, a chip that was written runs what was written.
"""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from esp32_mock_bootloader import mock_bootloader
from playwright.async_api import BrowserContext, Page

from e2e.written_flash import WrittenFlash
from tests.ports import free_ports

_MAGIC_REGISTER = 0x40001000
_MAGIC_VALUES = {"esp32c3": 0x1B31506F, "esp32s3": 0x09}
_READ_REG = 0x0A
_END, _ESCAPE = b"\xc0", b"\xdb"

Firmware = Callable[[WrittenFlash], Awaitable[asyncio.subprocess.Process]]
"""Starts what was written; the process's standard input and output are the serial line."""

SHIM = """
(() => {
  const toText = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const toBytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  let controller = null;
  window.serialHeard = (text) => controller?.enqueue(toBytes(text));
  window.serialGone = () => {
    controller?.error(new DOMException("The device has been lost.", "NetworkError"));
    controller = null;
  };
  const port = Object.assign(new EventTarget(), {
    async open() {
      await window.serialOpen();
      port.renew();
      port.writable = new WritableStream({ write: (chunk) => window.serialWrite(toText(chunk)) });
    },
    renew() {
      const start = (one) => (controller = one);
      port.readable = new ReadableStream({ start, cancel: port.renew });
    },
    async close() { controller = null; port.readable = port.writable = null; },
    setSignals: (signals) => window.serialSignals(signals),
    async getSignals() { return {}; },
    getInfo: () => ({ usbVendorId: 0x10c4, usbProductId: 0xea60 }),
    async forget() {},
  });
  const serial = Object.assign(new EventTarget(), {
    requestPort: async () => port,
    getPorts: async () => [port],
  });
  Object.defineProperty(navigator, "serial", { value: serial, configurable: true });
})();
"""


class Bridge:
    """One cable from a page to an emulated chip."""

    def __init__(self, kind: str, page: Page, port: int) -> None:
        self.written_bytes = 0
        self.flash = WrittenFlash()
        self.firmware: Firmware | None = None
        self.running: asyncio.subprocess.Process | None = None
        """What runs in the emulated chip's place since it was reset."""
        self.pull_after_bytes: int | None = None
        """Unplug once so many bytes were written."""
        self._kind = kind
        self._page = page
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._pump: asyncio.Task[None] | None = None
        self._held = b""
        self._is_in_reset = False
        self._wants_boot_loader = False

    async def open(self) -> None:
        """Plug in, or go on with the line that is open."""
        if self._writer is not None:
            return
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._pump = asyncio.create_task(self._carry(reader))

    async def write(self, text: str) -> None:
        """Carry bytes to the chip."""
        data = base64.b64decode(text)
        self.written_bytes += len(data)
        if self.pull_after_bytes is not None and self.written_bytes > self.pull_after_bytes:
            await self.close()
            await self._page.evaluate("window.serialGone()")
            return
        if self.running is not None:
            assert self.running.stdin is not None
            self.running.stdin.write(data)
            await self.running.stdin.drain()
            return
        if self._writer is None:
            return
        for frame in self._frames(data):
            self.flash.take(_unescaped(frame))
            answer = self._own_answer(frame)
            if answer is not None:
                await self._tell(answer)
            else:
                self._writer.write(frame)
        await self._writer.drain()

    async def signals(self, levels: dict[str, bool]) -> None:
        """Set DTR and RTS; what is not named stays."""
        self._wants_boot_loader = levels.get("dataTerminalReady", self._wants_boot_loader)
        was_in_reset = self._is_in_reset
        self._is_in_reset = levels.get("requestToSend", was_in_reset)
        if not was_in_reset or self._is_in_reset:
            return
        if self.running is None and not self._wants_boot_loader and self.flash.is_written:
            await self._run()

    async def _run(self) -> None:
        if self.firmware is None:
            return
        await self._hang_up()
        self.running = await self.firmware(self.flash)
        assert self.running.stdout is not None
        self._pump = asyncio.create_task(self._carry(self.running.stdout))

    async def close(self) -> None:
        """Unplug."""
        await self._hang_up()
        if self.running is not None:
            self.running.terminate()
            await self.running.wait()
            self.running = None

    async def _hang_up(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _carry(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            await self._tell(data)

    async def _tell(self, data: bytes) -> None:
        await self._page.evaluate(
            "text => window.serialHeard(text)", base64.b64encode(data).decode()
        )

    def _frames(self, data: bytes) -> list[bytes]:
        """Split what is written into whole SLIP frames; what is none goes as it is."""
        self._held += data
        frames = []
        while self._held:
            if not self._held.startswith(_END):
                cut = self._held.find(_END)
                cut = len(self._held) if cut < 0 else cut
            elif (end := self._held.find(_END, 1)) > 0:
                cut = end + 1
            else:
                break
            frames.append(self._held[:cut])
            self._held = self._held[cut:]
        return frames

    def _own_answer(self, frame: bytes) -> bytes | None:
        """Answer for the register by which ESP Web Tools tells chips apart."""
        if self._kind not in _MAGIC_VALUES:
            return None
        body = _unescaped(frame)
        if len(body) < 12 or body[1] != _READ_REG:
            return None
        if struct.unpack("<I", body[8:12])[0] != _MAGIC_REGISTER:
            return None
        answer = struct.pack("<BBHI4x", 1, _READ_REG, 4, _MAGIC_VALUES[self._kind])
        return (
            _END
            + answer.replace(_ESCAPE, _ESCAPE + b"\xdd").replace(_END, _ESCAPE + b"\xdc")
            + _END
        )


def _unescaped(frame: bytes) -> bytes:
    return frame.strip(_END).replace(_ESCAPE + b"\xdc", _END).replace(_ESCAPE + b"\xdd", _ESCAPE)


@asynccontextmanager
async def cable(context: BrowserContext, page: Page, kind: str) -> AsyncIterator[Bridge]:
    """Plug an emulated blank chip into a page that is still to be loaded."""
    port = free_ports(1)[0]
    mock = await asyncio.to_thread(mock_bootloader, kind, port=port)
    bridge = Bridge(kind, page, port)
    await page.expose_function("serialOpen", bridge.open)
    await page.expose_function("serialWrite", bridge.write)
    await page.expose_function("serialSignals", bridge.signals)
    await context.add_init_script(SHIM)
    try:
        yield bridge
    finally:
        await bridge.close()
        await asyncio.to_thread(mock.stop)
