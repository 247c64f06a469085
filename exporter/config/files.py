"""Files that a configuration names: certificates, keys, passwords. Says in one sentence why one cannot be used."""

import glob
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from exporter.config.model import Secret

_LARGEST = 16 * 1024 * 1024  # a bundle of every public root has a quarter of a megabyte
_LARGEST_SECRET = 64 * 1024


class NamedFileError(Exception):
    """A file that cannot be used; the message is for the person who named it."""


class DoubtfulFileError(NamedFileError):
    """A file that may be of use, and probably is not."""


class MissingFileError(NamedFileError):
    """There is no such file."""


def read_named(path: str, largest: int = _LARGEST) -> bytes:
    """Return what is in a file, if it is a regular file of bearable size."""
    try:
        if not Path(path).exists():
            raise MissingFileError(f"there is no file {path}")
        if not Path(path).is_file():
            raise NamedFileError(f"{path} is not a regular file")
        with Path(path).open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise NamedFileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > largest:
        raise NamedFileError(f"{path} is larger than {largest} bytes")
    return data


def matching(pattern: str) -> list[str]:
    """Return the files that a pattern matches; a name without *, ? and [...] matches itself, there or not."""
    return sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 - whole patterns


def check_pem(path: str, wanted: str) -> None:
    """Check that a file holds a PEM block (RFC 7468) whose label ends as wanted."""
    data = read_named(path)
    if f"{wanted}-----".encode() in data:
        return
    found = "PRIVATE KEY" if b"PRIVATE KEY-----" in data else "CERTIFICATE" if b"CERTIFICATE-----" in data else ""
    hint = f": it holds a {found}" if found else ""
    raise NamedFileError(f"{path} holds no '-----BEGIN ... {wanted}-----' (PEM){hint}")


def check_key_pair(cert_file: str, key_file: str, password: Secret | None) -> None:
    """Check that a key can be opened, and that it is the key of the first certificate in the other file."""
    key = _private_key(key_file, read_named(key_file), password)
    try:
        certificates = x509.load_pem_x509_certificates(read_named(cert_file))
        public = [
            one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for one in certificates
        ]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DoubtfulFileError(f"the certificate in {cert_file} cannot be read: is it damaged?") from None
    own = _spki(key.public_key())
    if own == public[0]:
        return
    hint = f": it belongs to certificate {public.index(own) + 1} in it, which must come first" if own in public else ""
    raise NamedFileError(f"the key in {key_file} does not belong to the certificate in {cert_file}{hint}")


def _spki(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _private_key(path: str, data: bytes, password: Secret | None) -> Any:
    encrypted = b"ENCRYPTED" in data
    if encrypted and password is None:
        raise NamedFileError(f"the key in {path} is encrypted: write key_password_file, or key_password")
    if password is not None and not encrypted:
        raise DoubtfulFileError(f"the key in {path} is not encrypted: remove its password")
    try:
        return load_pem_private_key(data, password.reveal().encode() if password is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted:
            raise NamedFileError(f"the key in {path} cannot be opened with this password") from None
        raise DoubtfulFileError(f"the key in {path} cannot be read: is it damaged?") from None


def check_directory(path: str) -> None:
    """Check that a directory can be listed."""
    try:
        list(Path(path).iterdir())
    except (OSError, ValueError) as error:
        raise NamedFileError(f"cannot list {path}: {getattr(error, 'strerror', None) or error}") from None


def check_zone_records(path: str, *kinds: str) -> None:
    """Check that a file holds a DNS record of one of these types, in the form of a zone file."""
    words = set(read_named(path).split())
    if not any(kind.encode() in words for kind in kinds):
        raise NamedFileError(f"{path} holds no {' or '.join(kinds)} record")


def read_secret(path: str) -> Secret:
    """Return the password in a file, without the newline at its end."""
    data = read_named(path, _LARGEST_SECRET)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NamedFileError(f"{path} is not UTF-8") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise NamedFileError(f"{path} is empty")
    return Secret(text)
