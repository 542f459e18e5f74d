"""Signatures: what they bind, and that nothing else fits."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from backend.contract.statement import statement
from backend.signatures import (
    BadKeyError,
    BadSignatureError,
    check_signature,
    new_key,
    pem_of,
    private_key_of,
    public_digits,
    public_keys_of,
    sign,
)

SHA256 = "ab" * 32
TEXT = statement("esp32", "2026.11.24.1", 1000, SHA256)


def test_what_is_signed_line_by_line() -> None:
    assert TEXT.decode().split("\n") == [
        "skiclock-firmware-1",
        "esp32",
        "2026.11.24.1",
        "1000",
        SHA256,
        "",
    ]


def test_signature_holds_for_the_current_and_for_the_next_key() -> None:
    current, next_ = new_key(), new_key()
    keys = public_keys_of(f"{public_digits(current)}, {public_digits(next_)},")
    assert len(keys) == 2
    for key in (current, next_):
        check_signature(sign(key, TEXT), TEXT, keys)


@pytest.mark.parametrize(
    "other",
    [
        statement("esp32c3", "2026.11.24.1", 1000, SHA256),
        statement("esp32", "2026.11.24.2", 1000, SHA256),
        statement("esp32", "2026.11.24.1", 1001, SHA256),
        statement("esp32", "2026.11.24.1", 1000, "ba" * 32),
    ],
)
def test_signature_binds_platform_version_size_and_bytes(other: bytes) -> None:
    key = new_key()
    with pytest.raises(BadSignatureError, match="another key, image, platform or version"):
        check_signature(sign(key, TEXT), other, public_keys_of(public_digits(key)))


def test_signature_by_another_key_is_refused() -> None:
    with pytest.raises(BadSignatureError):
        check_signature(sign(new_key(), TEXT), TEXT, public_keys_of(public_digits(new_key())))


@pytest.mark.parametrize(
    "signature", ["", "no base64!", base64.b64encode(b"no DER").decode(), "MA==", "A" * 4000]
)
def test_what_is_no_signature_is_refused_even_without_keys(signature: str) -> None:
    with pytest.raises(BadSignatureError):
        check_signature(signature, TEXT, ())


def test_well_formed_signature_is_taken_where_no_key_is_known() -> None:
    check_signature(sign(new_key(), TEXT), TEXT, ())


def test_private_key_survives_its_file() -> None:
    key = new_key()
    assert public_digits(private_key_of(pem_of(key))) == public_digits(key)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 2048)),
    ],
)
def test_other_keys_are_refused_and_not_quoted(text: bytes) -> None:
    with pytest.raises(BadKeyError) as caught:
        private_key_of(text)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("digits", ["04", "04" + "0" * 128, "x" * 130, "02" + "1" * 128])
def test_other_text_is_no_public_key(digits: str) -> None:
    with pytest.raises(BadKeyError):
        public_keys_of(digits)
