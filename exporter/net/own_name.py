"""The domain name of this machine, as far as known without a network query: sent in EHLO and similar commands."""

import re
import socket
from functools import cache

# RFC 5321 section 4.1.2: Domain = sub-domain *("." sub-domain), of which a name of the public DNS has two at least
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})+\Z")
_NOBODYS = (".localdomain", ".local", ".localhost", ".arpa")


@cache
def own_name() -> str:
    """Return the machine's domain name in lower case; "" if its host name is none.

    Only the host name is read: a resolver may be slow, and its answer about an address need not be true.
    """
    return as_domain(socket.gethostname())


def as_domain(name: str) -> str:
    """Return a host name in lower case if it is a domain name that others could know; else ""."""
    name = name.rstrip(".").lower()
    return name if _DOMAIN.match(name) and not name.endswith(_NOBODYS) else ""
