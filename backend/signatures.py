"""Firmware signatures: keys on P-256, and what they sign (backend.contract.statement).

ECDSA P-256 over SHA-256 is what mbedTLS on the ESP32 and BearSSL on the ESP8266 both verify.
Public keys are written as the clocks have them compiled in: 130 hex digits.
"""

import base64
import binascii
from collections.abc import Iterable
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from backend.contract.statement import PUBLIC_KEY_DIGITS
from backend.errors import Refusal

PublicKey = ec.EllipticCurvePublicKey
PrivateKey = ec.EllipticCurvePrivateKey

MAX_SIGNATURE_BYTES = 72  # of the DER form of two 32-byte numbers
_ALGORITHM = ec.ECDSA(hashes.SHA256())


class BadKeyError(Refusal):
    """A key is none, or not one on P-256."""

    code: ClassVar[str] = "bad_key"


class SignatureMissingError(Refusal):
    """Firmware has no signature where one is needed."""

    code: ClassVar[str] = "signature_missing"


class BadSignatureError(Refusal):
    """A signature is none, or fits no key, image, platform or version."""

    code: ClassVar[str] = "bad_signature"


def new_key() -> PrivateKey:
    """Make a private key."""
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: PrivateKey) -> bytes:
    """Return a private key as PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def private_key_of(pem: bytes) -> PrivateKey:
    """Read a private key; raises BadKeyError, which never quotes it."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKeyError(
            "The signing key is no private key in PEM form without a password."
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadKeyError(
            "The signing key is not on the curve P-256; `skiclock sign key` makes one."
        )
    return key


def public_digits(key: PrivateKey) -> str:
    """Return the public key as clocks have it: 130 hex digits of the uncompressed point."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        .hex()
    )


def public_keys_of(text: str) -> tuple[PublicKey, ...]:
    """Read public keys, comma separated; raises BadKeyError for the first that is none."""
    return tuple(_public_key(digits.strip()) for digits in text.split(",") if digits.strip())


def sign(key: PrivateKey, text: bytes) -> str:
    """Return the signature of a statement: base64 of its DER form."""
    return base64.b64encode(key.sign(text, _ALGORITHM)).decode()


def check_signature(signature: str, text: bytes, keys: Iterable[PublicKey]) -> None:
    """Check a statement's signature against any of the keys; raises BadSignatureError.

    Without keys only its form is checked: the clocks have theirs.
    """
    der = _der(signature)
    keys = tuple(keys)
    if keys and not any(_fits(key, der, text) for key in keys):
        raise BadSignatureError(
            "The signature fits none of FIRMWARE_PUBLIC_KEYS: another key, image, platform or "
            "version was signed.",
            field="signature",
        )


def _der(signature: str) -> bytes:
    try:
        der = base64.b64decode(signature, validate=True)
        utils.decode_dss_signature(der)
    except (binascii.Error, ValueError):
        der = b""
    if not 0 < len(der) <= MAX_SIGNATURE_BYTES:
        raise BadSignatureError(
            "The signature is none; expected base64 of a DER signature, as `skiclock sign "
            "image` prints it.",
            field="signature",
        )
    return der


def _fits(key: PublicKey, der: bytes, text: bytes) -> bool:
    try:
        key.verify(der, text, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def _public_key(digits: str) -> PublicKey:
    try:
        point = bytes.fromhex(digits) if len(digits) == PUBLIC_KEY_DIGITS else b""
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise BadKeyError(
            f"{digits[:8]}... is no public key: {PUBLIC_KEY_DIGITS} hex digits of a point on "
            "P-256 are expected, as `skiclock sign key` prints them."
        ) from None
