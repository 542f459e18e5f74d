"""The reference for version answers: aiomqtt that says the same to everybody who asks."""

import asyncio
import sys

import aiomqtt
import uvloop

from bench.asker import AT_ONCE

ANSWER = (
    b'{"latest_version":"2026.11.1.1","current_version":"2026.11.1.1",'
    b'"update_available":false,"platform":"esp32"}'
)
_ID_AT = len(b'{"device_id":"')


async def main(port: int, username: str, password: str) -> None:
    """Answer until ended."""
    async with aiomqtt.Client(
        "127.0.0.1", port, username=username, password=password, socket_options=AT_ONCE
    ) as client:
        await client.subscribe("skiclock/version/request", qos=1)
        print("listening", flush=True)
        arrivals = client._queue
        async for message in client.messages:
            asked = [message]
            while not arrivals.empty():
                asked.append(arrivals.get_nowait())
            await asyncio.gather(*(_answer(client, one.payload) for one in asked))


async def _answer(client: aiomqtt.Client, request: bytes) -> None:
    device_id = request[_ID_AT : request.index(b'"', _ID_AT)].decode()
    await client.publish(f"skiclock/version/response/{device_id}", ANSWER, qos=1)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:4]))
