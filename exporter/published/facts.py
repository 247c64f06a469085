"""What is known of everything that is published about one endpoint: frozen values, compared with what it presented."""

from dataclasses import dataclass

from exporter.published.ari import Window
from exporter.published.caa import CAA
from exporter.published.dane import DANE
from exporter.published.https_record import HTTPSAgreement
from exporter.published.mta_sts import Policy

TLSA, CAA_SOURCE, HTTPS, MTA_STS, TLS_RPT, ARI = "tlsa", "caa", "https", "mta_sts", "tls_rpt", "ari"
SOURCES = (TLSA, CAA_SOURCE, HTTPS, MTA_STS, TLS_RPT, ARI)


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """Why one source says nothing: a source and a reason of closed lists, and a sentence for people."""

    source: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class MTASTS:
    """MTA-STS of the mail domain that a host takes mail for.

    `policy` is None where there is none or it is not known. `mismatch` says why a sender that honours the policy would
    not deliver to this host, `unreachable` why senders find no policy although one is announced; "" if that is not so.
    """

    domain: str
    policy: Policy | None = None
    mismatch: str = ""
    unreachable: str = ""


@dataclass(frozen=True, slots=True)
class Renewal:
    """The CA's suggested renewal window of the leaf. `is_overdue`: it has ended, and this leaf is still served."""

    window: Window
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that is known; None where nothing is, or nothing was asked for."""

    dane: DANE | None = None
    caa: CAA | None = None
    https: HTTPSAgreement | None = None
    mta_sts: MTASTS | None = None
    tls_reporting: bool | None = None
    renewal: Renewal | None = None
    failures: tuple[SourceFailure, ...] = ()
