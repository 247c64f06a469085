"""Trusted roots, loaded from PEM or DER files, directories, and where the system keeps its own.

A set of roots is read once, and again only when one of its files changes. No root is built in: a system without roots
is an error here, never an empty store that would make every certificate look untrusted.
"""

import binascii
import hashlib
import math
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from exporter.certificates.certificate import Certificate, read_certificate_untrusted
from exporter.certificates.distinguished_name import canonical
from exporter.certificates.mozilla_roots import FILE, read_facts
from exporter.certificates.pem import pem_blocks_untrusted
from exporter.certificates.verdict import TrustStore

# Where distributions keep their roots as one file; the environment's SSL_CERT_FILE and SSL_CERT_DIR go first.
SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, the BSDs, macOS
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
)
_PEM_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")
_CERTIFICATE_SUFFIXES = re.compile(r"\.(pem|crt|cer|der|\d+)\Z", re.IGNORECASE)
_MAX_FILE_SIZE = 16 * 1024 * 1024
_MAX_STORES = 64
MAX_AGE_SECONDS = 1.0  # looking at a file takes longer than judging a chain that is known

_lock = threading.Lock()
_checked: dict[tuple[object, ...], tuple[float, TrustStore | str]] = {}  # the store, or why there is none
_loaded: OrderedDict[tuple[object, ...], TrustStore] = OrderedDict()


class TrustError(Exception):
    """Roots that cannot be loaded; the message names the file or directory."""


def load_trust(
    ca_file: str | None = None,
    ca_directory: str | None = None,
    system_roots: bool | None = None,
    max_age: float = MAX_AGE_SECONDS,
) -> TrustStore:
    """Return the roots of a module. `system_roots` None: the system's, unless a file or directory is given.

    Raises TrustError. A store is loaded again when its files have changed, which is looked at every `max_age` seconds.
    """
    if system_roots is None:
        system_roots = ca_file is None and ca_directory is None
    environment = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if system_roots else ()
    settings = (ca_file, ca_directory, system_roots, *environment)
    checked, known = _checked.get(settings, (-math.inf, ""))
    if time.monotonic() - checked >= max_age:
        try:
            known = _current(ca_file, ca_directory, system_roots=system_roots)
        except TrustError as error:
            known = str(error)
        if len(_checked) >= _MAX_STORES:
            _checked.clear()
        _checked[settings] = (time.monotonic(), known)
    if isinstance(known, str):
        raise TrustError(known)
    return known


def _current(ca_file: str | None, ca_directory: str | None, *, system_roots: bool) -> TrustStore:
    """Return the store of these files as they are now, loaded only if one of them has changed."""
    files = [(path, False) for path in _own_files(ca_file, ca_directory)]
    files += [(path, True) for path in (_system_files() if system_roots else ())]
    key = tuple((str(path), is_system, *_stamp(path)) for path, is_system in files)
    with _lock:
        store = _loaded.get(key)
        if store is None:
            store = _loaded[key] = _load(files)
        _loaded.move_to_end(key)
        while len(_loaded) > _MAX_STORES:
            _loaded.popitem(last=False)
    return store


def _own_files(ca_file: str | None, ca_directory: str | None) -> Iterator[Path]:
    if ca_file is not None:
        yield Path(ca_file)
    if ca_directory is not None:
        yield from _directory(Path(ca_directory))


def _directory(directory: Path) -> list[Path]:
    try:
        found = sorted(p for p in directory.iterdir() if _CERTIFICATE_SUFFIXES.search(p.name) and p.is_file())
    except OSError as error:
        raise TrustError(f"{directory}: {error.strerror or error}") from None
    if not found:
        raise TrustError(f"{directory}: no certificate files (*.pem, *.crt, *.cer, *.der or hashed names) in it")
    return found


def _system_files() -> list[Path]:
    """Return the files of the system's roots: the environment's, else the first bundle that is there."""
    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or directory:
        listed = [Path(part) for part in (directory or "").split(os.pathsep) if part]
        return ([Path(file)] if file else []) + [path for part in listed for path in _directory(part)]
    for name in SYSTEM_FILES:
        if Path(name).is_file():
            return [Path(name)]
    raise TrustError("no system roots found: install the package ca-certificates, or set SSL_CERT_FILE or ca_file")


def _stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written or replaced."""
    try:
        status = path.stat()
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror or error}") from None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _load(files: Iterable[tuple[Path, bool]]) -> TrustStore:
    roots: dict[str, Certificate] = {}
    public: set[str] = set()
    read = cache(read_certificate_untrusted)  # a directory holds each of them once by name and once by hash
    for path, is_system in files:
        found = [read(der) for der in _certificates(path)]
        usable = {root.fingerprint_sha256: root for root in found if root.subject_der}
        if not usable:
            raise TrustError(f"{path}: no certificate in it")
        roots |= usable
        public.update(usable if is_system else ())
    return trust_store(roots.values(), public)


@cache
def mozilla_store() -> TrustStore:
    """Return the roots that Mozilla trusts, from the file of this package."""
    roots = [read_certificate_untrusted(der) for der in pem_blocks_untrusted(FILE.read_bytes(), *_PEM_LABELS)]
    store = trust_store(roots, (root.fingerprint_sha256 for root in roots))
    return replace(store, distrust_after=read_facts().distrust_after)


def trust_store(roots: Iterable[Certificate], public: Iterable[str] = ()) -> TrustStore:
    """Make a store of roots that are already read; `public` names the system's by their fingerprints."""
    kept, system = tuple(roots), frozenset(public)
    digest = hashlib.sha256(repr((sorted(root.fingerprint_sha256 for root in kept), sorted(system))).encode())
    by_name: dict[bytes, tuple[Certificate, ...]] = {}
    for root in kept:
        name = canonical(root.subject_der)
        by_name[name] = (*by_name.get(name, ()), root)
    return TrustStore(digest.hexdigest(), kept, by_name, system)


def _certificates(path: Path) -> list[bytes]:
    """Return the certificates of a file: every PEM block, or the whole file as DER."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_SIZE + 1)
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror or error}") from None
    if len(data) > _MAX_FILE_SIZE:
        raise TrustError(f"{path}: larger than 16 MiB")
    try:
        blocks = list(pem_blocks_untrusted(data, *_PEM_LABELS))
    except binascii.Error:
        raise TrustError(f"{path}: a certificate in it is not valid PEM (base64)") from None
    return blocks or ([data] if data.startswith(b"\x30") else [])
