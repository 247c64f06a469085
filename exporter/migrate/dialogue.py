"""Which STARTTLS protocol a `query_response` of blackbox_exporter speaks, recognised by what it sends and expects."""

import re
from typing import Any

from exporter.migrate.reading import flag, mapping, sequence, text

_SIGNS = (  # in this order: the first that is found decides
    ("postgres", r"\x00\x00\x00\x08\x04\xd2\x16/|AAAACATSFi8|\\x04\\xd2\\x16"),
    ("ldap", r"1\.3\.6\.1\.4\.1\.1466\.20037"),
    ("xmpp-server", r"jabber:server"),
    ("xmpp", r"<starttls|jabber:client|urn:ietf:params:xml:ns:xmpp"),
    ("lmtp", r"\bLHLO\b"),
    ("smtp", r"\bEHLO\b|\bHELO\b|ESMTP"),
    ("pop3", r"\bSTLS\b"),
    ("ftp", r"\bAUTH TLS\b|\bAUTH SSL\b"),
    ("sieve", r"IMPLEMENTATION|ManageSieve|\"SASL\""),
    ("imap", r"(?m)^(?:\.|[A-Za-z]*\d+) STARTTLS|\bIMAP4|\bCAPABILITY\b"),
    ("nntp", r"\bNNTP\b|\b382\b"),
    ("irc", r"\bCAP LS\b|\b670\b"),
)


def turns_to_tls(query_response: Any) -> bool:
    """Return whether the dialogue has a STARTTLS step."""
    return any(flag(mapping(step).get("starttls")) for step in sequence(query_response))


def protocol_of(query_response: Any) -> str | None:
    """Return tls-exporter's name of the protocol, None if it is not recognised."""
    words = [text(mapping(step).get(key)) for step in sequence(query_response) for key in ("expect", "send")]
    said = "\n".join(words)
    return next((name for name, sign in _SIGNS if re.search(sign, said, re.IGNORECASE)), None)
