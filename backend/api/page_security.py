"""What every answer says to the browser about safety, and the nonce that lets our scripts run."""

import re
import secrets

from starlette.types import Message, Send

_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
_ON_PAGES: list[tuple[bytes, bytes]] = [
    _NO_STORE,
    (b"x-frame-options", b"DENY"),
    # Not "no-referrer": with it a form posts the origin `null`, which the guard refuses.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"serial=(self), camera=(), microphone=(), geolocation=()"),
]
# NiceGUI compiles its templates in the browser (unsafe-eval) and styles its elements
# inline; nothing is loaded from anywhere else.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class Answer:
    """One response on its way out: headers added, pages given their nonce, the rest untouched.

    A page is held back until it is whole; anything else goes out as it comes.
    """

    def __init__(self, send: Send, *, request_id: bytes, https: bool) -> None:
        self.status = 0
        self.size_bytes = 0
        self._send = send
        self._request_id = request_id
        self._https = https
        self._held: Message | None = None
        self._page = b""

    async def send(self, message: Message) -> None:
        """Pass a message on; an ASGI `send`."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] != "http.response.body":
            await self._send(message)
        elif self._held is None:
            self.size_bytes += len(message.get("body", b""))
            await self._send(message)
        else:
            self._page += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._held)

    async def _start(self, message: Message) -> None:
        self.status = message["status"]
        headers = [*message.get("headers", ()), _NO_SNIFFING, (b"x-request-id", self._request_id)]
        if self._https:
            headers.append(_HTTPS_ONLY)
        message["headers"] = headers
        kind = _value(headers, b"content-type")
        if kind.startswith(b"text/html"):
            self._held = message
            return
        if kind == b"application/json" and not _value(headers, b"cache-control"):
            headers.append(_NO_STORE)
        await self._send(message)

    async def _send_page(self, start: Message) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), self._page)
        replaced = {b"content-length", b"cache-control", b"content-security-policy"}
        headers = [(name, value) for name, value in start["headers"] if name not in replaced]
        headers += _ON_PAGES
        headers.append((b"content-security-policy", _POLICY.format(nonce=nonce).encode()))
        if self._page:  # the answer to HEAD has none
            headers.append((b"content-length", str(len(page)).encode()))
        start["headers"] = headers
        self.size_bytes = len(page)
        await self._send(start)
        await self._send({"type": "http.response.body", "body": page})


def _value(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    for one, value in headers:
        if one == name:
            return value
    return b""
