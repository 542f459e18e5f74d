"""A load generator: clocks that download at once, each over a slow network with small buffers.

Run as a process of its own: port, key, clocks, bytes per s of each.
"""

import asyncio
import json
import socket
import sys
import time

import uvloop

_BUFFER_BYTES = 8 * 1024
_WITHIN_S = 120


async def main(port: int, key: str, clocks: int, bytes_per_s: float) -> None:
    """Download, and say how many got a whole image and how long the last one took."""
    began = time.perf_counter()
    results = await asyncio.gather(
        *(_download(port, key, bytes_per_s) for _ in range(clocks)), return_exceptions=True
    )
    failures = [repr(one) for one in results if isinstance(one, BaseException)]
    print(
        json.dumps(
            {
                "complete": len(results) - len(failures),
                "seconds": time.perf_counter() - began,
                "failures": failures[:3],
            }
        )
    )


async def _download(port: int, key: str, bytes_per_s: float) -> None:
    async with asyncio.timeout(_WITHIN_S):
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        # A clock's whole receive window is small: what it has not read, the server keeps.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=_BUFFER_BYTES)
        writer.write(
            b"GET /api/firmware/esp32 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"User-Agent: SkiClockNeo-OTA\r\nX-API-Key: %s\r\n\r\n" % key.encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200") or b"chunked" in head:
            raise ValueError(head[:200])
        left = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        began, got = loop.time(), 0
        while left > got:
            chunk = await reader.read(_BUFFER_BYTES)
            if not chunk:
                raise EOFError(f"{got} of {left} bytes")
            got += len(chunk)
            await asyncio.sleep(max(0.0, began + got / bytes_per_s - loop.time()))
        writer.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
