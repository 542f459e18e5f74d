"""Owns what only this server can read, wherever it is kept: encrypted, with its time."""

import base64
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """Encrypts for one purpose: what was sealed for another cannot be opened here."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        key = HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(
            secret_key.encode()
        )
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, content: dict[str, Any], *, now: datetime) -> str:
        """Return a text that holds `content`; safe in a cookie."""
        return self._fernet.encrypt_at_time(orjson.dumps(content), int(now.timestamp())).decode()

    def open(
        self, text: str, *, now: datetime, max_age: timedelta | None = None
    ) -> dict[str, Any] | None:
        """Return what was sealed; None where we did not seal it, or it is too old."""
        try:
            token = text.encode()
            if max_age is None:
                content = self._fernet.decrypt(token)
            else:
                content = self._fernet.decrypt_at_time(
                    token, int(max_age.total_seconds()), int(now.timestamp())
                )
        except (InvalidToken, UnicodeEncodeError):
            return None
        return dict(orjson.loads(content))
