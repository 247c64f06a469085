"""ACME renewal information (RFC 9773): how a certificate is named to its CA, and the window that it suggests. Pure."""

import base64
import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from exporter.certificates.certificate import Certificate

MAX_DIRECTORY_BYTES = 64 * 1024
MAX_INFO_BYTES = 16 * 1024
_MAX_URL = 1024


class ARIError(Exception):
    """A directory or an answer that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """When the CA wants the certificate to be renewed, in Unix seconds."""

    start: float
    end: float
    explanation_url: str = ""


def certificate_id(leaf: Certificate) -> str | None:
    """Return the identifier of a certificate (section 4.1); None if it has no authority key identifier."""
    if leaf.parsed is None:
        return None
    try:
        found = leaf.parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        serial = leaf.parsed.serial_number
    except (x509.ExtensionNotFound, ValueError):
        return None
    key_identifier = found.value.key_identifier
    if not key_identifier or serial <= 0:
        return None
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")  # as DER encodes it, with a zero before a high bit
    return f"{_base64url(key_identifier)}.{_base64url(number)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def read_directory_untrusted(data: bytes) -> str | None:
    """Return the renewalInfo URL of an ACME directory; None if the CA offers none. Raises ARIError."""
    url = _object_untrusted(data).get("renewalInfo")
    if url is None:
        return None
    if not isinstance(url, str) or len(url) > _MAX_URL or not _is_https(url):
        raise ARIError("the directory's renewalInfo is no https URL")
    return url.rstrip("/")


def read_window_untrusted(data: bytes) -> Window:
    """Return the window of a renewalInfo object (section 4.2). Raises ARIError."""
    document = _object_untrusted(data)
    window = document.get("suggestedWindow")
    if not isinstance(window, dict):
        raise ARIError("there is no suggestedWindow")
    start, end = _time_untrusted(window.get("start")), _time_untrusted(window.get("end"))
    if end <= start:
        raise ARIError("the suggested window ends before it begins")
    url = document.get("explanationURL")
    return Window(start, end, url if isinstance(url, str) and len(url) <= _MAX_URL and _is_https(url) else "")


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.isprintable()


def _object_untrusted(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise ARIError("the answer is no JSON") from None
    if not isinstance(document, dict):
        raise ARIError("the answer is no JSON object")
    return document


def _time_untrusted(text: object) -> float:
    """Read a time as RFC 3339 writes it."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
        seconds = moment.timestamp()
    except (ValueError, OverflowError):
        raise ARIError("a time of the window cannot be read") from None
    if moment.tzinfo is None or not math.isfinite(seconds):
        raise ARIError("a time of the window has no zone")
    return seconds
