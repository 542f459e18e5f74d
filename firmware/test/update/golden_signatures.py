"""Writes test keys and signatures as CI makes them, for the tests of the updater.

Run by hand when the signed text has changed: `python firmware/test/update/golden_signatures.py`.
The keys are made of their names: they are public, and good for tests alone.
"""

import hashlib
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.contract.statement import statement

HEADER = Path(__file__).with_name("golden_signatures.h")

KEYS = ("current", "next", "stranger")

IMAGES = (
    ("linux", "2026.11.24.2", 2048),
    ("esp32", "2026.11.24.7", 1014016),
    ("esp01", "v1.2.3", 403456),
    ("d1mini", "2030.1.1.999999999", 1),
)
"""Platform, version and size of images that are not there: their hashes are made up too."""

TOP = """\
// Keys and signatures made with Python's cryptography; golden_signatures.py writes it.
#pragma once

#include <cstdint>

// Public: good for tests alone.
struct GoldenKey {
  const char* name;
  const char* secret_hex;
  const char* point_hex;
};
struct GoldenSignature {
  const char* platform;
  const char* version;
  std::uint32_t size_bytes;
  const char* sha256_hex;
  const char* signature_base64[3];  // one a key
};
// clang-format off
"""


def main() -> None:
    """Write the header."""
    keys = [_key(name) for name in KEYS]
    lines = ["inline constexpr GoldenKey kGoldenKeys[] = {"]
    for name, key in zip(KEYS, keys, strict=True):
        secret = f"{key.private_numbers().private_value:064x}"
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
        lines += [f'{{"{name}",', f'"{secret}",', f'"{point}"}},']
    lines += ["};", "inline constexpr GoldenSignature kGoldenSignatures[] = {"]
    for platform, version, size_bytes in IMAGES:
        sha256 = hashlib.sha256(f"{platform} {version}".encode()).hexdigest()
        text = statement(platform, version, size_bytes, sha256)
        signatures = ",\n".join(f'"{_sign(key, text)}"' for key in keys)
        lines.append(f'{{"{platform}", "{version}", {size_bytes}, "{sha256}", {{{signatures}}}}},')
    HEADER.write_text(TOP + "\n".join([*lines, "};", "// clang-format on", ""]))


def _key(name: str) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha256(f"ski clock test key: {name}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big"), ec.SECP256R1())


def _sign(key: ec.EllipticCurvePrivateKey, text: bytes) -> str:
    signature = key.sign(text, ec.ECDSA(SHA256(), deterministic_signing=True))
    return b64encode(signature).decode()


if __name__ == "__main__":
    main()
