"""Certificates on disk for the demo: one that was renewed and is not served, a locked key store, a file cut short."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from exporter.demo.pki import PKI, Credential, Leaf

RENEWED = "renewed-not-served"  # the scenario that the renewed certificate is for
FILES = ("renewed.pem", "locked.p12", "half-written.pem")


def write_files(folder: Path, pki: PKI) -> None:
    """Write the files."""
    folder.mkdir()
    issuer = pki.authority("intermediate")
    renewed = pki.leaf(Leaf(organization="Renewed", starts=-1, ends=89))
    (folder / "renewed.pem").write_bytes(renewed.pem + issuer.pem)
    (folder / "half-written.pem").write_bytes(renewed.pem[: len(renewed.pem) // 2])
    (folder / "locked.p12").write_bytes(_key_store(renewed))


def _key_store(credential: Credential) -> bytes:
    key: Any = credential.key  # of a kind that PKCS#12 takes
    locked = BestAvailableEncryption(b"nobody knows it")
    return pkcs12.serialize_key_and_certificates(b"web", key, credential.certificate, None, locked)
