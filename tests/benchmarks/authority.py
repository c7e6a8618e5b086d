"""A certificate authority and what it has signed: some tools refuse a server that is its own authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from servers.certificates import Certificate

_HOST = "127.0.0.1"
_SIGNS = x509.KeyUsage(False, False, False, False, False, True, False, False, False)


@dataclass(frozen=True)
class Trusted:
    """A server's certificate, and the file of the authority that a client has to trust."""

    server: Certificate
    authority: Path


def make_trusted(folder: Path) -> Trusted:
    """A new authority and a certificate for 127.0.0.1, good for a day, written into the folder."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _signed("benchmark", ca_key, "benchmark", ca_key, [x509.BasicConstraints(True, 0), _SIGNS])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))])
    leaf = _signed(_HOST, key, "benchmark", ca_key, [x509.BasicConstraints(False, None), names])
    made = Trusted(Certificate(folder / "certificate.pem", folder / "key.pem"), folder / "authority.pem")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.server.file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    made.server.key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: Sequence[x509.ExtensionType],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectAlternativeName))
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
