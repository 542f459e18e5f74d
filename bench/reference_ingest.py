"""The reference for ingest: a bare loop over aiomqtt, msgspec, COPY and upsert; nothing else.

Run as a process of its own. No validation beyond the types, no answers, no live state,
nobody who looks on, and what fails ends it.
"""

import sys
from datetime import UTC, datetime

import aiomqtt
import asyncpg
import msgspec
import uvloop


class Heartbeat(msgspec.Struct, gc=False):
    """What is decoded."""

    device_id: str
    board: str
    uptime: int
    free_heap: int
    version: str = ""
    rssi: int = 0
    ssid: str = ""
    ip: str = ""


_UPSERT = """
    INSERT INTO devices (device_id, board, version, uptime_s, rssi_dbm, free_heap_bytes, ssid,
        ip_address, first_seen, last_seen)
    SELECT *, $9::timestamptz, $9::timestamptz FROM unnest($1::text[], $2::text[], $3::text[],
        $4::bigint[], $5::smallint[], $6::bigint[], $7::text[], $8::text[])
    ON CONFLICT (device_id) DO UPDATE SET board = excluded.board, version = excluded.version,
        uptime_s = excluded.uptime_s, rssi_dbm = excluded.rssi_dbm,
        free_heap_bytes = excluded.free_heap_bytes, ssid = excluded.ssid,
        ip_address = excluded.ip_address, last_seen = excluded.last_seen
    RETURNING id, device_id
"""
_HISTORY = ("device", "received_at", "uptime_s", "rssi_dbm", "free_heap_bytes", "version")
_FIELDS = ("device_id", "board", "version", "uptime", "rssi", "free_heap", "ssid", "ip")


async def main(port: int, username: str, password: str, database_url: str) -> None:
    """Take and commit heartbeats until ended."""
    decode = msgspec.json.Decoder(Heartbeat).decode
    database = await asyncpg.connect(database_url)
    async with aiomqtt.Client("127.0.0.1", port, username=username, password=password) as client:
        await client.subscribe("skiclock/heartbeat", qos=1)
        arrivals = client._queue
        print("listening", flush=True)
        async for first in client.messages:
            messages = [first]
            while not arrivals.empty():
                messages.append(arrivals.get_nowait())
            now = datetime.now(UTC)
            beats = [decode(message.payload) for message in messages]
            newest = {beat.device_id: beat for beat in beats}.values()
            columns = [[getattr(beat, name) for beat in newest] for name in _FIELDS]
            async with database.transaction():
                ids = {row[1]: row[0] for row in await database.fetch(_UPSERT, *columns, now)}
                await database.copy_records_to_table(
                    "heartbeats",
                    columns=_HISTORY,
                    records=[
                        (ids[one.device_id], now, one.uptime, one.rssi, one.free_heap, one.version)
                        for one in beats
                    ],
                )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:5]))
