"""XMPP between client and server and between servers (RFC 6120 section 5). No stanza is ever sent.

The reader sees tags only, and only of the XML that RFC 6120 section 11.1 allows: a comment, a document type
or any other processing instruction ends the dialogue. Prefixes are not resolved: an element is known by its
local name.
"""

import html
import re
from dataclasses import dataclass

from exporter.wire.dialogue import Dialogue, DialogueError, Steps
from exporter.wire.starttls.farewell import last_word
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

_OPENING = (
    "<?xml version='1.0'?><stream:stream to='{host}'{client} version='1.0' xml:lang='en' "
    "xmlns='{namespace}' xmlns:stream='http://etherx.jabber.org/streams'>"
)
_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
_STARTTLS = b"<starttls xmlns='" + _TLS + b"'/>"
_MAX_TAG = 8 * 1024

_ATTRIBUTE = rb"""[^\s=<>/'"]+\s*=\s*(?:'[^'<]*'|"[^"<]*")"""
_TAG = re.compile(rb"<(/?)(?:[^\s<>/:'\"=]+:)?([^\s<>/:'\"=?!]+)((?:\s+" + _ATTRIBUTE + rb")*)\s*(/?)>\Z")
_DECLARATION = re.compile(rb"<\?xml\s[^<>]*\?>\Z")
_QUOTE = re.compile(rb"['\"]")
_VERSION = re.compile(rb"""\sversion\s*=\s*['"]1\.""")


@dataclass(frozen=True, slots=True)
class _Tag:
    """A start tag, an end tag, or both in one."""

    name: bytes
    attributes: bytes
    is_end: bool
    is_empty: bool
    said: bytes

    @property
    def ends(self) -> bool:
        return self.is_end or self.is_empty


def xmpp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an XMPP server for TLS as a client does."""
    del client_name  # section 4.7.1: a client's `from` is the account that it will log in to
    return _dialogue(_opening(host, "jabber:client"))


def xmpp_server(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an XMPP server for TLS as another server does."""
    return _dialogue(_opening(host, "jabber:server", client_name))


CLOSE_STREAM = last_word(b"</stream:stream>")  # section 4.4


def leave_xmpp(host: str, client_name: str = "") -> Steps[bytes]:
    """Begin the stream that follows TLS (section 5.4.3.3), and end it (section 4.4).

    Between servers nothing is said: Prosody logs a warning of a stream without a client certificate, and none of one
    that ends with TLS.
    """
    del client_name
    return (yield from last_word(_opening(host, "jabber:client") + b"</stream:stream>")("", ""))


def _opening(host: str, namespace: str, client_name: str = "") -> bytes:
    client = f" from='{html.escape(client_name)}'" if client_name else ""
    return _OPENING.format(host=html.escape(host), namespace=namespace, client=client).encode()


def _dialogue(opening: bytes) -> Steps[bytes]:
    server = Dialogue()
    yield from server.send(opening)
    header = yield from _tag(server)
    if header.name != b"stream" or header.is_end:
        raise unexpected(header.said, "an XMPP stream")
    if not _VERSION.search(header.attributes):  # section 4.7.5: no version, no stream features
        raise unsupported(header.said)
    offered = yield from _features(server)
    if b"starttls" not in offered:
        raise unsupported(b", ".join(offered) or b"no stream features")
    yield from server.send(_STARTTLS)
    answer = yield from _tag(server)
    if answer.name == b"failure":  # section 5.4.2.2
        raise refused(answer.said)
    if answer.name != b"proceed" or _TLS not in answer.attributes:
        raise (yield from _turned_down(server, answer))
    if not answer.is_empty:
        closing = yield from _tag(server)
        if closing.name != b"proceed" or not closing.is_end:
            raise unexpected(closing.said, "the end of <proceed>")
    return server.leftover()


def _features(server: Dialogue) -> Steps[list[bytes]]:
    """Return the names of the elements within <stream:features>."""
    tag = yield from _tag(server)
    if tag.name != b"features":
        raise (yield from _turned_down(server, tag))
    names: list[bytes] = []
    while not (tag.name == b"features" and tag.ends):
        tag = yield from _tag(server)
        if tag.name == b"starttls" and _TLS not in tag.attributes and not tag.is_end:
            raise unexpected(tag.said, "STARTTLS of XMPP")
        if not tag.is_end:
            names.append(tag.name)
    return names


def _turned_down(server: Dialogue, tag: _Tag) -> Steps[DialogueError]:
    """Return the error for what came instead; a stream error (section 4.9) is returned with its condition."""
    if tag.name == b"stream" and tag.is_end:
        return refused(tag.said)
    if tag.name != b"error":
        return unexpected(tag.said, "the expected XMPP element")
    condition = b"" if tag.ends else (yield from _tag(server)).said
    return refused(tag.said + condition)


def _tag(server: Dialogue) -> Steps[_Tag]:
    """Return the next tag. The XML declaration and text between tags are passed over."""
    while True:
        text = yield from _up_to_the_end(server)
        tag = b"".join(text.partition(b"<")[1:])
        match = _TAG.match(tag) if len(tag) <= _MAX_TAG else None
        if match:
            return _Tag(match[2], match[3], bool(match[1]), bool(match[4]), tag)
        if not _DECLARATION.match(tag):
            raise unexpected(text, "XMPP")


def _up_to_the_end(server: Dialogue) -> Steps[bytes]:
    """Return what arrives up to the `>` that ends a tag: not one in an attribute's value, where it is allowed."""
    text = yield from server.until_untrusted(b">")
    quote = _open_quote(text.partition(b"<")[2], b"")
    parts, length = [text], len(text)
    while quote and length < _MAX_TAG:
        text = yield from server.until_untrusted(b">")
        quote = _open_quote(text, quote)
        parts.append(text)
        length += len(text)
    return b"".join(parts)


def _open_quote(text: bytes, quote: bytes) -> bytes:
    """Return the quotation mark that is open behind a text, b"" for none; `quote` is open before it."""
    for mark in _QUOTE.findall(text):
        quote = b"" if mark == quote else quote or mark
    return quote
