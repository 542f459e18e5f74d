"""Requests per s against an address: wrk where it is, else a loop of our own."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bench.process import find_program, output_of


async def requests_per_s(
    url: str, *, seconds: float, connections: int = 16, headers: Mapping[str, str] | None = None
) -> tuple[float, str]:
    """Return the rate and what measured it. Raises RuntimeError on any answer but 2xx."""
    headers = headers or {}
    if (wrk := find_program("wrk")) is None:
        return await _by_hand(url, seconds, connections, headers), "python"
    options = [option for pair in headers.items() for option in ("-H", ": ".join(pair))]
    program = (wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", *options, url)
    said = await output_of(*program)
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None:
        raise RuntimeError(said)
    return float(found.group(1)), "wrk"


async def _by_hand(url: str, seconds: float, connections: int, headers: Mapping[str, str]) -> float:
    parts = urlsplit(url)
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    ends = asyncio.get_running_loop().time() + seconds
    host, port = parts.hostname or "", parts.port or 80
    counts = await asyncio.gather(*(_repeat(host, port, request, ends) for _ in range(connections)))
    return sum(counts) / seconds


async def _repeat(host: str, port: int, request: bytes, ends: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    count = 0
    while asyncio.get_running_loop().time() < ends:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(head.decode())
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if found is None:
            raise RuntimeError("no Content-Length")
        await reader.readexactly(int(found.group(1)))
        count += 1
    writer.close()
    return count
