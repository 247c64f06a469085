"""The sources about a mail domain: its MTA-STS record and policy (RFC 8461), and its TLS-RPT record (RFC 8460)."""

from typing import Any

from dns.rdatatype import RdataType

from exporter.published.dns_answer import DNSError
from exporter.published.documents import INVALID, fetch_policy
from exporter.published.facts import MTA_STS, MTASTS, TLS_RPT
from exporter.published.mta_sts import (
    Mode,
    Policy,
    PolicyError,
    read_record_untrusted,
    read_report_record_untrusted,
    read_texts_untrusted,
)
from exporter.published.question import Question
from exporter.published.refreshed import Kept, RefreshError
from exporter.published.source import Asking, Verdict, failure

_TRANSIENT = frozenset({"timeout", "unreachable", "server_failure"})  # reasons that one failure does not prove
_OWN_LIMITS = frozenset({"forbidden_address", "bad_url"})  # reasons that are our own policy, not the domain's fault
NO_RECORD = ""


def assess_mta_sts(asking: Asking) -> Verdict | None:
    """Return whether senders find the policy, and whether it fits this host."""
    question = asking.question
    domain = question.mail_domain
    if domain is None:
        return None
    record = asking.get((MTA_STS, asking.lookup, domain), lambda: _record(asking, domain))
    if record is None or record.value is None:
        unreachable = _announced(record)
        facts = {"mta_sts": MTASTS(domain, unreachable=unreachable)} if unreachable else {}
        return Verdict(MTA_STS, facts, failures=failure(MTA_STS, record))
    if record.value == NO_RECORD:
        return Verdict(MTA_STS)
    roots = asking.reach().roots
    key = (MTA_STS, asking.lookup, domain, record.value, roots.key if roots is not None else "", question.is_local)
    kept = asking.get(key, lambda: fetch_policy(asking.fetch, domain, roots, asking.lookup, loopback=question.is_local))
    unreachable = _unreachable(kept)
    policy: Policy | None = kept.value if kept is not None else None
    mismatch = _mismatch(question, policy) if policy is not None else ""
    found = MTASTS(domain, policy, mismatch, unreachable)
    return Verdict(MTA_STS, {"mta_sts": found}, bool(mismatch), failures=failure(MTA_STS, kept))


async def _record(asking: Asking, domain: str) -> tuple[str, float]:
    """Return the record's id, which changes with the policy."""
    try:
        answer = await asking.lookup.look_up(f"_mta-sts.{domain}", RdataType.TXT)
        identifier = read_record_untrusted(read_texts_untrusted(answer.records))
    except DNSError as error:
        raise RefreshError(error.reason, error.detail) from None
    except PolicyError as error:
        raise RefreshError(INVALID, str(error)) from None
    return identifier or NO_RECORD, answer.ttl


def _announced(record: Kept[Any] | None) -> str:
    """Return the sentence about a record that is there and that senders must ignore."""
    failed = record.failed if record is not None else None
    return failed.detail if failed is not None and failed.reason == INVALID else ""


def _unreachable(kept: Kept[Any] | None) -> str:
    """Return why senders find no policy; "" if they do, or if it may be our own network's fault."""
    failed = kept.failed if kept is not None else None
    if failed is None or failed.reason in _OWN_LIMITS or (failed.reason in _TRANSIENT and failed.count == 1):
        return ""
    return failed.detail


def _mismatch(question: Question, policy: Policy) -> str:
    """Return why a sender would not deliver to this host (RFC 8461 section 4.1 and 4.2); "" if it would."""
    if policy.mode is Mode.NONE:
        return ""
    if not policy.allows(question.name):
        return f"no mx line of the policy fits {question.name}: {', '.join(policy.mx)[:200]}"
    if question.name_match is False:
        return f"the certificate is not valid for {question.name}"
    if question.is_trusted is False:
        return "the certificate is not trusted"
    return ""


def assess_tls_reporting(asking: Asking) -> Verdict | None:
    """Return whether the domain has a usable TLS-RPT record."""
    domain = asking.question.mail_domain
    if domain is None:
        return None
    kept = asking.get((TLS_RPT, asking.lookup, domain), lambda: _reporting(asking, domain))
    if kept is None or kept.value is None:
        return Verdict(TLS_RPT, failures=failure(TLS_RPT, kept))
    return Verdict(TLS_RPT, {"tls_reporting": kept.value[0]})


async def _reporting(asking: Asking, domain: str) -> tuple[tuple[bool | None], float]:
    try:
        answer = await asking.lookup.look_up(f"_smtp._tls.{domain}", RdataType.TXT)
    except DNSError as error:
        raise RefreshError(error.reason, error.detail) from None
    return (read_report_record_untrusted(read_texts_untrusted(answer.records)),), answer.ttl
