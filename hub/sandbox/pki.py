"""A throwaway certificate authority for the sandbox: server, client, stranger and expired certificates (X.509v3).

Never for anything but loopback. Times are an argument; TLS itself uses real time.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=30)
_BACKDATED = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Identity:
    """Where one certificate and its key lie."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """What a TLS test needs: the CA to pin, the server, and clients of every kind."""

    ca_file: Path
    server: Identity
    client: Identity
    unregistered: Identity
    """Signed by the right CA, but no account of that name exists."""
    stranger: Identity
    """Signed by another CA."""
    expired: Identity
    """Signed by the right CA, no longer valid."""
    stranger_ca_file: Path


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """A certificate authority that lives in memory only: its key is never written."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str, *, now: datetime) -> Authority:
        """A new self-signed authority, valid from well before `now` so that it can issue an expired certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        start, end = now - _BACKDATED - timedelta(days=1), now + _LIFETIME
        builder = _builder(subject, subject, key.public_key(), start, end, is_ca=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    def issue(
        self, folder: Path, stem: str, common_name: str, *, start: datetime, end: datetime, server: bool = False
    ) -> Identity:
        """A certificate with its key, written as `stem.pem` and `stem.key`, readable by the owner only."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name), self.certificate.subject, key.public_key(), start, end, is_ca=False)
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if server:
            builder = builder.add_extension(_loopback_names(), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return Identity(
            _write_certificate(folder / f"{stem}.pem", certificate), _write_key(folder / f"{stem}.key", key)
        )


def make_pki(folder: Path, *, now: datetime, account: str = "kvitt-sandbox") -> Pki:
    """Make everything anew in `folder` (owner only); `account` is the common name of the registered client."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority.create("Kvitt sandbox CA", now=now)
    other = Authority.create("Another CA", now=now)
    start, end = now - timedelta(hours=1), now + _LIFETIME
    long_ago = now - _BACKDATED
    return Pki(
        ca_file=_write_certificate(folder / "ca.pem", authority.certificate),
        server=authority.issue(folder, "server", "localhost", start=start, end=end, server=True),
        client=authority.issue(folder, "client", account, start=start, end=end),
        unregistered=authority.issue(folder, "unregistered", "nobody-we-know", start=start, end=end),
        stranger=other.issue(folder, "stranger", account, start=start, end=end),
        expired=authority.issue(folder, "expired", account, start=long_ago, end=long_ago + timedelta(days=30)),
        stranger_ca_file=_write_certificate(folder / "stranger-ca.pem", other.certificate),
    )


def existing_pki(folder: Path, *, now: datetime) -> Pki | None:
    """What an earlier `make_pki` left in `folder`, when it is complete and valid for another day."""
    names = ("server", "client", "unregistered", "stranger", "expired")
    ids = {name: Identity(folder / f"{name}.pem", folder / f"{name}.key") for name in names}
    cas = (folder / "ca.pem", folder / "stranger-ca.pem")
    files = [*cas, *(path for one in ids.values() for path in (one.certificate, one.key))]
    if not all(path.is_file() for path in files):
        return None
    ends = (x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc for path in (cas[0], files[2]))
    if min(ends) < now + timedelta(days=1):
        return None
    return Pki(ca_file=cas[0], stranger_ca_file=cas[1], **ids)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
    *,
    is_ca: bool,
) -> x509.CertificateBuilder:
    """What every certificate of ours has; `is_ca` decides what its key may be used for."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _loopback_names() -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def _write_certificate(path: Path, certificate: x509.Certificate) -> Path:
    return _write(path, certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    return _write(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _write(path: Path, data: bytes) -> Path:
    """Write a file that only its owner can read, from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    return path
