"""TLS certificates: an authority of our own, and what the broker shows to clocks.

The authority lives for 20 years, because clocks are given it once. The broker's
certificate is renewed at a start, when little of its time is left or when the names
and addresses of this machine changed.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backend.embedded.errors import BrokenAuthorityError
from backend.embedded.files import write_whole

AUTHORITY_LIFETIME = timedelta(days=20 * 365 + 5)
SERVER_LIFETIME = timedelta(days=2 * 365)
RENEW_BEFORE = timedelta(days=60)
BACKDATED = timedelta(days=1)  # a clock's own time may be behind

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files are, and when the server's certificate ends (UTC)."""

    ca_file: Path
    cert_file: Path
    key_file: Path
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_certificates(folder: Path, *, names: Sequence[str], now: datetime) -> Certificates:
    """Return certificates that hold for this machine and `names`; make what is missing.

    `names` are host names or addresses besides the machine's own. Keys can be read by
    the owner only. Raises BrokenAuthorityError when there is an authority that cannot sign.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = _authority(folder, now)
    wanted = subject_names([*names, *machine_names()])
    server = _read_pair(folder, "server")
    reason = _why_renew(server, authority, wanted, now)
    if server is None or reason:
        server = _issue(authority, wanted, now)
        _write_pair(folder, "server", server)
        log.info("certificate_issued", reason=reason, names=[str(n.value) for n in wanted])
    return Certificates(
        ca_file=folder / "ca.pem",
        cert_file=folder / "server.pem",
        key_file=folder / "server.key",
        expires_at=server.certificate.not_valid_after_utc,
    )


def machine_names() -> list[str]:
    """Return what this machine can be called from the network: names and addresses."""
    host = socket.gethostname()
    addresses = [
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    ]
    return ["localhost", "127.0.0.1", "::1", host, f"{host.partition('.')[0]}.local", *addresses]


def subject_names(names: Iterable[str]) -> list[x509.GeneralName]:
    """Return `names` as a certificate holds them, each once, in a fixed order.

    A text that is neither an address nor a possible host name is left out.
    """
    found: dict[str, x509.GeneralName] = {}
    for name in names:
        general = _general_name(name.strip().strip("[]").rstrip(".").lower())
        if general is not None:
            found[str(general.value)] = general
    return [found[key] for key in sorted(found)]


def _general_name(name: str) -> x509.GeneralName | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return _dns_name(name)
    # A link-local address is nothing without its interface, which no certificate names.
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return None
    return x509.IPAddress(address)


def _dns_name(name: str) -> x509.DNSName | None:
    try:
        return x509.DNSName(name.encode("idna").decode()) if name else None
    except UnicodeError:
        return None


def _why_renew(
    server: _Pair | None, authority: _Pair, wanted: list[x509.GeneralName], now: datetime
) -> str:
    """Return why the server's certificate must be made anew; empty when it need not."""
    if server is None:
        return "none"
    certificate = server.certificate
    if not _signed_by(certificate, authority.certificate):
        return "authority"
    if (
        certificate.not_valid_after_utc - now < RENEW_BEFORE
        or certificate.not_valid_before_utc > now
    ):
        return "time"
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return "" if list(held) == wanted else "names"


def _authority(folder: Path, now: datetime) -> _Pair:
    pair = _read_pair(folder, "ca")
    if pair is not None:
        if pair.certificate.not_valid_after_utc <= now:
            raise BrokenAuthorityError(folder, "it has expired")
        return pair
    if (folder / "ca.pem").exists():
        # Clocks may trust it: another in its place would lock them out without a word.
        raise BrokenAuthorityError(folder, "ca.key is missing, unreadable or another's")
    pair = _make_authority(now)
    _write_pair(folder, "ca", pair)
    log.info("certificate_authority_made", folder=str(folder))
    return pair


def _make_authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Ski Clock Neo {socket.gethostname()}"[:64])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, now, now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _issue(authority: _Pair, names: list[x509.GeneralName], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    ends = min(now + SERVER_LIFETIME, issuer.not_valid_after_utc)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    certificate = (
        _builder(_name("Ski Clock Neo broker"), issuer.subject, key, now, ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(of_issuer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(ends)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _read_pair(folder: Path, stem: str) -> _Pair | None:
    """Return a certificate and its key; None when one is missing or they do not fit."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{stem}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{stem}.key").read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return _Pair(certificate, key) if key.public_key() == certificate.public_key() else None


def _write_pair(folder: Path, stem: str, pair: _Pair) -> None:
    """Write the key before its certificate: a cut in between leaves a pair that does not fit."""
    key = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_whole(folder / f"{stem}.key", key, mode=0o600)
    pem = pair.certificate.public_bytes(serialization.Encoding.PEM)
    write_whole(folder / f"{stem}.pem", pem, mode=0o644)


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True
