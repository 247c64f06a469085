"""A chain for the table, with what each verifier has to say of it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.pki import (
    Issued,
    dns,
    leaf,
)

AIA = "1.3.6.1.5.5.7.1.1"
UNKNOWN = "1.3.6.1.4.1.55738.666.1"
PRECERTIFICATE_SIGNING = "1.3.6.1.4.1.11129.2.4.4"


@dataclass(frozen=True)
class Made:
    """A chain as it is served, leaf first, and the roots that are trusted."""

    chain: tuple[Issued, ...]
    roots: tuple[Issued, ...]


@dataclass(frozen=True)
class Case:
    """A chain and what is to be said of it.

    `webpki` names what some browser, Go or rustls refuses, `advice` what binds CAs alone.
    """

    name: str
    make: Callable[[], Made]
    webpki: tuple[str, ...]
    advice: tuple[str, ...]
    openssl: tuple[str, ...]
    host: str = "example.com"
    matches: bool = True
    is_unknown: bool = False  # OpenSSL cannot read what the RFCs allow
    is_unknown_to_browsers: bool = False


CASES: list[Case] = []


def case(
    webpki: str = "", openssl: str = "", host: str = "example.com", matches: bool = True, unknown: str = ""
) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Enter a chain into the table under its function's name; a tilde marks what is advice."""

    def enter(make: Callable[[], Made]) -> Callable[[], Made]:
        refused = tuple(name for name in webpki.split() if not name.startswith("~"))
        advice = tuple(name[1:] for name in webpki.split() if name.startswith("~"))
        CASES.append(
            Case(
                make.__name__,
                make,
                refused,
                advice,
                tuple(openssl.split()),
                host,
                matches,
                "openssl" in unknown,
                "webpki" in unknown,
            )
        )
        return make

    return enter


def direct(authority: Issued, **changes: object) -> Made:
    """Make a leaf that the root itself signed."""
    return Made((leaf(authority, **changes),), (authority,))


def through(middle: Issued, authority: Issued, **changes: object) -> Made:
    """Make a leaf that an intermediate signed."""
    return Made((leaf(middle, **changes), middle), (authority,))


def san(*names: str) -> dict[str, object]:
    return {"names": [dns(name) for name in names]}
