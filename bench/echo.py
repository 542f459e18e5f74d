"""The reference for version answers: aiomqtt that says the same to everybody who asks."""

import sys

import aiomqtt
import uvloop

ANSWER = (
    b'{"latest_version":"2026.11.1.1","current_version":"2026.11.1.1",'
    b'"update_available":false,"platform":"esp32"}'
)
_ID_AT = len(b'{"device_id":"')


async def main(port: int, username: str, password: str) -> None:
    """Answer until ended."""
    async with aiomqtt.Client("127.0.0.1", port, username=username, password=password) as client:
        await client.subscribe("skiclock/version/request", qos=1)
        print("listening", flush=True)
        async for message in client.messages:
            device_id = message.payload[_ID_AT : message.payload.index(b'"', _ID_AT)].decode()
            await client.publish(f"skiclock/version/response/{device_id}", ANSWER, qos=1)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:4]))
