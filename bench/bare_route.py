"""The reference for JSON routes: one Starlette route that encodes the same answer."""

import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANSWER = {
    "platform": "esp32",
    "latest_version": "2026.11.24.1",
    "version": "2026.11.24.1",
    "filename": "firmware.bin",
    "size": 1014016,
    "sha256": "6beed277a33ffdfee85e071d944198b62a7f4e22b001e16b431e97f0e5421685",
    "uploaded_at": "2026-11-24T12:00:00+00:00",
    "download_url": "/api/firmware/esp32",
}


async def answer(_: Request) -> Response:
    """Encode and answer."""
    return Response(orjson.dumps(ANSWER), media_type="application/json")


def main() -> None:
    """Serve until ended."""
    uvicorn.run(
        Starlette(routes=[Route("/", answer)]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_level="error",
    )


if __name__ == "__main__":
    main()
