"""The bytes of one file to its entries, whatever its format: its first bytes say which it is, never its name."""

import re

from exporter.at_rest.formats.der_file import read_der_untrusted
from exporter.at_rest.formats.entry import MAX_FILE_BYTES, Contents, UnreadableError
from exporter.at_rest.formats.jks import JCEKS_MAGIC, JKS_MAGIC, read_jks_untrusted
from exporter.at_rest.formats.kubeconfig import looks_like_kubeconfig, read_kubeconfig_untrusted
from exporter.at_rest.formats.pem import BEGIN, read_pem_untrusted
from exporter.certificates.der import SEQUENCE
from exporter.net.reason import Reason

_BARE_BASE64 = re.compile(rb"\s*MI[A-Za-z0-9+/=\s]{100,}\Z")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_contents_untrusted(data: bytes, password: str | None = None) -> Contents:
    """Read every certificate of a file. Raises UnreadableError, and nothing else."""
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(Reason.TOO_LARGE, f"larger than {MAX_FILE_BYTES} bytes")
    if not data.strip():
        raise UnreadableError(Reason.EMPTY, "the file is empty")
    if data.startswith((JKS_MAGIC, JCEKS_MAGIC)):
        return read_jks_untrusted(data, password)
    if data[0] == SEQUENCE:
        return read_der_untrusted(data, password)
    if looks_like_kubeconfig(data):
        return read_kubeconfig_untrusted(data)
    if BEGIN in data:
        return read_pem_untrusted(data)
    raise _unknown(data)


def _unknown(data: bytes) -> UnreadableError:
    if data.startswith(_UTF16):
        return UnreadableError(Reason.MALFORMED, "text in UTF-16, which no server reads as PEM")
    if _BARE_BASE64.match(data):
        return UnreadableError(Reason.MALFORMED, "base64 without the lines that begin and end a PEM block")
    return UnreadableError(Reason.MALFORMED, "none of PEM, DER, PKCS#7, PKCS#12, JKS, JCEKS and kubeconfig")
