"""STARTTLS dialogues as pure generators, one protocol a file, one table; `wire.dialogue` explains how they work.

Nothing here does I/O or knows the time, and no dialogue logs in, names a user or asks for more than TLS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.wire.dialogue import DialogueError, DialogueReason, Steps
from exporter.wire.starttls.farewell import LOGOUT, QUIT, TAGGED_LOGOUT, UNBIND, Farewell, silent
from exporter.wire.starttls.ftp import ftp
from exporter.wire.starttls.imap import imap
from exporter.wire.starttls.irc import irc
from exporter.wire.starttls.ldap import ldap
from exporter.wire.starttls.mysql import leave_mysql, leave_mysql_in_plaintext, mysql
from exporter.wire.starttls.nats import nats
from exporter.wire.starttls.nntp import nntp
from exporter.wire.starttls.pop3 import pop3
from exporter.wire.starttls.postgres import postgres
from exporter.wire.starttls.rdp import rdp
from exporter.wire.starttls.sieve import sieve
from exporter.wire.starttls.smtp import lmtp, smtp
from exporter.wire.starttls.tds import tds
from exporter.wire.starttls.telnet import telnet
from exporter.wire.starttls.xmpp import CLOSE_STREAM, leave_xmpp, xmpp, xmpp_server

__all__ = ["PROTOCOLS", "DialogueError", "DialogueReason", "Protocol", "Steps"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol that can go over to TLS. Called with the host that is asked for, it begins a dialogue.

    `port` is where it is spoken when the target names none; `reference` is the text that defines it. `leave` begins
    the dialogue inside TLS that ends the session, `leave_in_plaintext` the same where TLS was turned down.
    `framed` says that the handshake travels inside packets of TDS.
    `forgives` is how many interrupted logins a server with default settings takes before it shuts an address out.
    """

    name: str
    port: int
    reference: str
    begin: Callable[[str, str], Steps[bytes]]
    leave: Farewell = silent
    leave_in_plaintext: Farewell = silent
    framed: bool = False
    forgives: int | None = None

    def __call__(self, host: str, client_name: str = "") -> Steps[bytes]:
        """Begin the dialogue. `client_name` is what EHLO and the like say; "" for a client without a name."""
        return self.begin(host, client_name)


PROTOCOLS: Mapping[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("smtp", 25, "RFC 3207", smtp, QUIT, QUIT),
        Protocol("lmtp", 24, "RFC 2033, RFC 3207", lmtp, QUIT, QUIT),
        Protocol("imap", 143, "RFC 9051 section 6.2.1", imap, TAGGED_LOGOUT, TAGGED_LOGOUT),
        Protocol("pop3", 110, "RFC 2595 section 4", pop3, QUIT, QUIT),
        Protocol("ftp", 21, "RFC 4217", ftp, QUIT, QUIT),
        Protocol("ldap", 389, "RFC 4511 section 4.14", ldap, UNBIND, UNBIND),
        Protocol("postgres", 5432, "PostgreSQL frontend/backend protocol, SSLRequest", postgres),
        Protocol(
            "mysql",
            3306,
            "MySQL client/server protocol, Protocol::SSLRequest",
            mysql,
            leave_mysql,
            leave_mysql_in_plaintext,
            forgives=100,
        ),
        Protocol("xmpp", 5222, "RFC 6120 section 5", xmpp, leave_xmpp, CLOSE_STREAM),
        Protocol("xmpp-server", 5269, "RFC 6120 section 5", xmpp_server, leave_in_plaintext=CLOSE_STREAM),
        Protocol("sieve", 4190, "RFC 5804 section 2.2", sieve, LOGOUT, LOGOUT),
        Protocol("nntp", 119, "RFC 4642", nntp, QUIT, QUIT),
        Protocol("irc", 6667, "IRCv3 STARTTLS extension", irc, QUIT, QUIT),
        Protocol("rdp", 3389, "[MS-RDPBCGR] section 1.3.1.1", rdp),
        Protocol("tds", 1433, "[MS-TDS] section 2.2.6.5", tds, framed=True),
        Protocol("nats", 4222, "NATS client protocol, INFO", nats),
        Protocol("telnet", 23, "draft-altman-telnet-starttls-02", telnet),
    )
}
