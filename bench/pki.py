"""A root, an intermediate and a server certificate of one kind of key, as files that servers and clients read."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SERVER_NAME = "bench.example"
_DAYS = 90
_CA_USE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
_SERVER_USE = x509.KeyUsage(True, False, False, False, False, False, False, False, False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Paths: the trusted root, the server's chain (leaf and one intermediate), and its key."""

    root: Path
    chain: Path
    key: Path


def make_chain(kind: str, folder: Path) -> Chain:
    """Write a chain whose every key is of one kind: `ecdsa` (P-256) or `rsa` (2048)."""
    root_key, middle_key, key = _key(kind), _key(kind), _key(kind)
    root = _certificate("Bench Root", "Bench Root", root_key, root_key, ca=True)
    middle = _certificate("Bench Intermediate", "Bench Root", middle_key, root_key, ca=True)
    leaf = _certificate(SERVER_NAME, "Bench Intermediate", key, middle_key, ca=False)
    made = Chain(folder / f"{kind}-root.pem", folder / f"{kind}-chain.pem", folder / f"{kind}-key.pem")
    made.root.write_bytes(_pem(root))
    made.chain.write_bytes(_pem(leaf) + _pem(middle))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _key(kind: str) -> Key:
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else rsa.generate_private_key(65537, 2048)


def _certificate(name: str, issuer: str, key: Key, signer: Key, *, ca: bool) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_CA_USE if ca else _SERVER_USE, critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
