"""kubeconfig files: the certificate authorities of their clusters and the client certificates of their users.

Certificates stand in the file in base64, or in files that it names relative to itself.
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import base64
import binascii
import re
from typing import Any

from exporter.at_rest.formats.entry import Contents, Entry, EntryKind, Reference, UnreadableError, name_of
from exporter.at_rest.formats.pem import read_pem_untrusted
from exporter.config.yaml_document import DocumentError, plain, read_document
from exporter.net.reason import Reason

MAX_KUBECONFIG_BYTES = 1024 * 1024
_MAX_NAMED = 500  # clusters and users
_LOOKS = re.compile(rb"^[\"']?(?:apiVersion|kind|clusters|users|contexts|current-context)[\"']?[ \t]*:", re.MULTILINE)
_BEGIN = 64 * 1024


def looks_like_kubeconfig(data: bytes) -> bool:
    """Return whether a file may be a kubeconfig: YAML or JSON with one of its keys."""
    begin = data[:_BEGIN]
    return _LOOKS.search(begin) is not None or (begin.lstrip()[:1] == b"{" and b'"clusters"' in begin)


def read_kubeconfig_untrusted(data: bytes) -> Contents:
    """Read every certificate of a kubeconfig, and the names of files that hold others. Raises UnreadableError."""
    if len(data) > MAX_KUBECONFIG_BYTES:
        raise UnreadableError(Reason.TOO_LARGE, f"a kubeconfig of more than {MAX_KUBECONFIG_BYTES} bytes")
    document = _document(data)
    if document.get("kind", "Config") != "Config":
        raise UnreadableError(Reason.NO_CERTIFICATE, "YAML of another kind than a kubeconfig")
    entries: list[Entry] = []
    references: list[Reference] = []
    for section, inner, key, kind in (
        ("clusters", "cluster", "certificate-authority", EntryKind.TRUSTED),
        ("users", "user", "client-certificate", EntryKind.CLIENT),
    ):
        for name, settings in _named(document.get(section), inner):
            who = {"user": name} if kind is EntryKind.CLIENT else {"alias": name}
            inline, path = settings.get(f"{key}-data"), settings.get(key)
            if isinstance(inline, str) and inline:
                pem = _decoded(inline, f"{key}-data of {section}")
                entries += [Entry(one.certificates, kind, **who) for one in read_pem_untrusted(pem).entries]
            elif isinstance(path, str) and path:
                references.append(Reference(path, kind, **who))
    if not entries and not references:
        raise UnreadableError(Reason.NO_CERTIFICATE, "a kubeconfig without certificates")
    return Contents("kubeconfig", tuple(entries), tuple(references))


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = read_document("kubeconfig", data)
    except DocumentError:
        raise UnreadableError(Reason.MALFORMED, "a kubeconfig that is no YAML") from None
    if document.problems or document.root is None:
        raise UnreadableError(Reason.MALFORMED, "a kubeconfig that is no YAML")
    value = plain(document.root)
    if not isinstance(value, dict):
        raise UnreadableError(Reason.MALFORMED, "a kubeconfig that is no mapping")
    return value


def _named(section: Any, inner: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the named settings of `clusters` or `users`; what has another shape is left out."""
    if not isinstance(section, list):
        return []
    if len(section) > _MAX_NAMED:
        raise UnreadableError(Reason.TOO_LARGE, f"more than {_MAX_NAMED} clusters or users")
    return [
        (name_of(str(one.get("name") or "")), one[inner])
        for one in section
        if isinstance(one, dict) and isinstance(one.get(inner), dict)
    ]


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError(Reason.MALFORMED, f"{where}: not valid base64") from None
