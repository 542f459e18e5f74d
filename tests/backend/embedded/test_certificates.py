"""The authority and the broker's certificate: who checks them, and when they are made anew."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from backend.embedded.certificates import ensure_certificates, subject_names
from backend.embedded.errors import BrokenAuthorityError

NOW = datetime(2026, 11, 24, tzinfo=UTC)
YEAR = timedelta(days=365)


def read(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def names_in(file: Path) -> set[str]:
    found = read(file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_first_call_makes_an_authority_for_20_years_and_a_certificate_for_two(
    tmp_path: Path,
) -> None:
    made = ensure_certificates(tmp_path, names=["clocks.example.org"], now=NOW)
    authority, server = read(made.ca_file), read(made.cert_file)
    assert authority.not_valid_after_utc - NOW >= 20 * YEAR
    assert made.expires_at == server.not_valid_after_utc == NOW + 2 * YEAR
    server.verify_directly_issued_by(authority)
    for certificate in (authority, server):
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"


def test_certificate_names_this_machine_and_what_it_was_told(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path, names=["clocks.example.org", "203.0.113.9"], now=NOW)
    wanted = {"localhost", "127.0.0.1", "::1", "clocks.example.org", "203.0.113.9"}
    assert wanted <= names_in(made.cert_file)


def test_keys_are_for_their_owner_and_no_temporary_file_stays(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"ca.pem": 0o644, "ca.key": 0o600, "server.pem": 0o644, "server.key": 0o600}


def test_nothing_is_made_anew_without_a_reason(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, names=["a.example"], now=NOW)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    later = NOW + 2 * YEAR - timedelta(days=61)
    assert ensure_certificates(tmp_path, names=["A.example."], now=later) == first
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("names", "later"),
    [
        (["a.example"], 2 * YEAR - timedelta(days=59)),
        (["b.example"], timedelta()),
        (["a.example", "b.example"], timedelta()),
    ],
    ids=["little time left", "another name", "one more name"],
)
def test_certificate_is_renewed_under_the_same_authority(
    tmp_path: Path, names: list[str], later: timedelta
) -> None:
    ensure_certificates(tmp_path, names=["a.example"], now=NOW)
    authority, server = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()
    renewed = ensure_certificates(tmp_path, names=names, now=NOW + later)
    assert renewed.ca_file.read_bytes() == authority
    assert renewed.cert_file.read_bytes() != server
    assert set(names) <= names_in(renewed.cert_file)
    assert renewed.expires_at == NOW + later + 2 * YEAR


@pytest.mark.parametrize("damaged", ["server.pem", "server.key"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_damaged_certificate_is_made_anew(
    tmp_path: Path, damaged: str, content: bytes | None
) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    (tmp_path / damaged).unlink() if content is None else (tmp_path / damaged).write_bytes(content)
    made = ensure_certificates(tmp_path, names=[], now=NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert_file, made.key_file)  # raises when they do not fit
    assert b"BEGIN CERTIFICATE" in made.cert_file.read_bytes()


def test_authority_that_lost_its_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(BrokenAuthorityError, match=r"ca\.key"):
        ensure_certificates(tmp_path, names=[], now=NOW)


def test_cut_while_the_authority_was_made_is_mended(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    (tmp_path / "ca.pem").unlink()  # the key is written first
    made = ensure_certificates(tmp_path, names=[], now=NOW)
    read(made.cert_file).verify_directly_issued_by(read(made.ca_file))


def test_expired_authority_is_reported(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    with pytest.raises(BrokenAuthorityError, match="expired"):
        ensure_certificates(tmp_path, names=[], now=NOW + 21 * YEAR)


def test_certificate_never_outlives_its_authority(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, names=[], now=NOW)
    made = ensure_certificates(tmp_path, names=[], now=NOW + 19 * YEAR)
    assert made.expires_at == read(made.ca_file).not_valid_after_utc


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("Clocks.Example.ORG.", "clocks.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
        ("0.0.0.0", None),
        ("fe80::1", None),
        ("", None),
        ("a..b", None),
        ("x" * 64, None),
    ],
)
def test_names_are_held_as_a_client_compares_them(name: str, held: str | None) -> None:
    assert [str(one.value) for one in subject_names([name])] == ([held] if held else [])
