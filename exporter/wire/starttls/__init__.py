"""STARTTLS dialogues as pure generators, one protocol a file, one table; `conversation` has their theory.

Nothing here does I/O or knows the time, and no dialogue logs in, names a user or asks for more than TLS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.wire.dialogue import DialogueError, DialogueReason, Steps
from exporter.wire.starttls.ftp import ftp
from exporter.wire.starttls.imap import imap
from exporter.wire.starttls.irc import irc
from exporter.wire.starttls.ldap import ldap
from exporter.wire.starttls.mysql import mysql
from exporter.wire.starttls.nntp import nntp
from exporter.wire.starttls.pop3 import pop3
from exporter.wire.starttls.postgres import postgres
from exporter.wire.starttls.sieve import sieve
from exporter.wire.starttls.smtp import lmtp, smtp
from exporter.wire.starttls.xmpp import xmpp, xmpp_server

__all__ = ["DIALOGUES", "Dialogue", "DialogueError", "DialogueReason", "Steps"]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A protocol that can go over to TLS. Called with the host that is asked for, it begins a dialogue.

    `port` is where it is spoken when the target names none; `reference` is the text that defines it.
    """

    name: str
    port: int
    reference: str
    begin: Callable[[str], Steps[bytes]]

    def __call__(self, host: str) -> Steps[bytes]:
        """Begin the dialogue."""
        return self.begin(host)


DIALOGUES: Mapping[str, Dialogue] = {
    dialogue.name: dialogue
    for dialogue in (
        Dialogue("smtp", 25, "RFC 3207", smtp),
        Dialogue("lmtp", 24, "RFC 2033, RFC 3207", lmtp),
        Dialogue("imap", 143, "RFC 9051 section 6.2.1", imap),
        Dialogue("pop3", 110, "RFC 2595 section 4", pop3),
        Dialogue("ftp", 21, "RFC 4217", ftp),
        Dialogue("ldap", 389, "RFC 4511 section 4.14", ldap),
        Dialogue("postgres", 5432, "PostgreSQL frontend/backend protocol, SSLRequest", postgres),
        Dialogue("mysql", 3306, "MySQL client/server protocol, Protocol::SSLRequest", mysql),
        Dialogue("xmpp", 5222, "RFC 6120 section 5", xmpp),
        Dialogue("xmpp-server", 5269, "RFC 6120 section 5", xmpp_server),
        Dialogue("sieve", 4190, "RFC 5804 section 2.2", sieve),
        Dialogue("nntp", 119, "RFC 4642", nntp),
        Dialogue("irc", 6667, "IRCv3 STARTTLS extension", irc),
    )
}
