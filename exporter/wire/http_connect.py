"""HTTP CONNECT (RFC 9110 section 9.3.6, in HTTP/1.1): a tunnel through a proxy. It reads no body and no redirect.

A dialogue as `wire.dialogue` defines it; what follows the proxy's answer comes from the peer behind it.
"""

import re
from base64 import b64encode

from exporter.wire.dialogue import (
    Dialogue,
    DialogueError,
    DialogueReason,
    Steps,
    printable_untrusted,
)

# RFC 9112 section 4: status-line = HTTP-version SP status-code SP [ reason-phrase ]; many leave the last SP out
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?\Z", re.DOTALL)
_PROXY_AUTHENTICATION_REQUIRED = 407


def http_connect(host: str, port: int, username: str | None = None, password: str = "") -> Steps[bytes]:
    """Ask an HTTP proxy for a tunnel. The name is resolved by the proxy."""
    proxy = Dialogue()
    yield from proxy.send(_request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", username, password))
    status = 0
    while status < 200:  # noqa: PLR2004 - RFC 9110 section 15.2: an interim answer (1xx) precedes the final one
        line = yield from proxy.line_untrusted()
        status = _status_untrusted(line)
        while (yield from proxy.line_untrusted()):  # a header section tells nothing about a tunnel
            pass
    if status >= 300:  # noqa: PLR2004 - section 9.3.6: any 2xx is a tunnel
        raise _refusal(status, line)
    return proxy.leftover()


def _request(authority: str, username: str | None, password: str) -> bytes:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: tls-exporter"]
    if username is not None:  # RFC 7617 section 2
        credentials = b64encode(f"{username}:{password}".encode()).decode("ascii")
        lines.append(f"Proxy-Authorization: Basic {credentials}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _status_untrusted(line: bytes) -> int:
    match = _STATUS_LINE.match(line)
    if not match:
        detail = f"not an answer of an HTTP proxy: {printable_untrusted(line)}"
        raise DialogueError(DialogueReason.PROXY_PROTOCOL_ERROR, detail)
    return int(match[1])


def _refusal(status: int, line: bytes) -> DialogueError:
    needs_user = status == _PROXY_AUTHENTICATION_REQUIRED
    reason = DialogueReason.PROXY_AUTHENTICATION_REQUIRED if needs_user else DialogueReason.PROXY_REFUSED
    return DialogueError(reason, f"the proxy said: {printable_untrusted(line)}")
