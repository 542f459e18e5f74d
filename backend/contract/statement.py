"""What a firmware signature is over: a text that binds an image to its platform and version.

Signing the text and not the bare image keeps whoever owns the broker from offering an old
image under a new version, or one platform's image to another.
"""

STATEMENT_TITLE = "skiclock-firmware-1"
"""First line; another form of the text gets another number."""

PUBLIC_KEY_DIGITS = 130
"""Hex digits of an uncompressed P-256 point, which begins with 04."""


def statement(platform: str, version: str, size_bytes: int, sha256: str) -> bytes:
    """Return what is signed (ECDSA P-256 over its SHA-256). `sha256`: lower-case hex."""
    return f"{STATEMENT_TITLE}\n{platform}\n{version}\n{size_bytes}\n{sha256}\n".encode()
