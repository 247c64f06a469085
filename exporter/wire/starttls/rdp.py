"""RDP ([MS-RDPBCGR] sections 1.3.1.1 and 2.2.1): the X.224 connection request that asks for TLS. No user is named.

TLS and CredSSP are asked for together: a server that insists on Network Level Authentication refuses a client that
offers TLS alone, and CredSSP begins with the same TLS handshake.
"""

import struct

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# RFC 1006 section 6, TPKT:  version 3 | reserved 0 | length 2 (of all)
_TPKT = struct.Struct("!BBH")
_TPKT_VERSION = 3
# RFC 905 section 13.3, X.224:  length of what follows | CR 0xE0 or CC 0xD0 | DST-REF 2 | SRC-REF 2 | class
_X224 = struct.Struct("!BBHHB")
_CONNECTION_REQUEST, _CONNECTION_CONFIRM = 0xE0, 0xD0
# [MS-RDPBCGR] section 2.2.1.1.1 and 2.2.1.2.1:  type | flags | length 2 (8) | protocols or failure code 4
_NEGOTIATION = struct.Struct("<BBHI")
_REQUEST, _RESPONSE, _FAILURE = 1, 2, 3
_SSL, _HYBRID = 1, 2
# section 2.2.1.2.2
_FAILURES = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
_WITHOUT_TLS = (2, 3)


def rdp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a Remote Desktop server for TLS."""
    del host, client_name
    server = Dialogue()
    negotiation = _NEGOTIATION.pack(_REQUEST, 0, _NEGOTIATION.size, _SSL | _HYBRID)
    request = _X224.pack(_X224.size - 1 + len(negotiation), _CONNECTION_REQUEST, 0, 0, 0) + negotiation
    yield from server.send(_TPKT.pack(_TPKT_VERSION, 0, _TPKT.size + len(request)) + request)
    _read_confirm_untrusted((yield from _packet(server)))
    return server.leftover()


def _packet(server: Dialogue) -> Steps[bytes]:
    """Return the content of the next TPKT packet."""
    head = yield from server.exactly_untrusted(_TPKT.size)
    version, _, length = _TPKT.unpack(head)
    if version != _TPKT_VERSION or length < _TPKT.size + _X224.size:
        raise unexpected(head, "an RDP packet")
    return (yield from server.exactly_untrusted(length - _TPKT.size))


def _read_confirm_untrusted(packet: bytes) -> None:
    """Read an X.224 Connection Confirm; return if it goes on with TLS, raise DialogueError otherwise."""
    _, code, *_ = _X224.unpack_from(packet)
    if code != _CONNECTION_CONFIRM:
        raise unexpected(packet, "an RDP connection confirm")
    if len(packet) == _X224.size:  # a server of before the negotiation, which has no other security than RDP's own
        raise unsupported(b"no negotiation of security")
    if len(packet) < _X224.size + _NEGOTIATION.size:
        raise unexpected(packet, "an RDP negotiation")
    kind, _, _, value = _NEGOTIATION.unpack_from(packet, _X224.size)
    if kind == _FAILURE:
        said = _FAILURES.get(value, f"failure code {value}").encode("ascii")
        raise unsupported(said) if value in _WITHOUT_TLS else refused(said)
    if kind != _RESPONSE:
        raise unexpected(packet, "an RDP negotiation")
    if not value & (_SSL | _HYBRID):
        raise unsupported(f"the server chose security protocol {value}".encode("ascii"))
