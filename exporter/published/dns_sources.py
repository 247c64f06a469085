"""The sources that are records of the endpoint's own name: TLSA, CAA, HTTPS."""

from functools import partial
from typing import Any

from exporter.certificates.names import matches_name
from exporter.published import caa
from exporter.published.caa_lookup import look_up_caa
from exporter.published.dane import Presented, Support, TLSARecords, match
from exporter.published.dane_lookup import look_up_tlsa
from exporter.published.dns_answer import DNSError
from exporter.published.facts import CAA_SOURCE, HTTPS, TLSA
from exporter.published.https_lookup import check_https
from exporter.published.question import Question
from exporter.published.refreshed import RefreshError
from exporter.published.source import Asking, Verdict, failure

CHECK_SECONDS = 60.0  # at least, between two checks that connect to the endpoint


def assess_dane(asking: Asking) -> Verdict | None:
    """Compare the TLSA records with the chain."""
    question = asking.question
    if question.dns is None or not question.dns.tlsa:
        return None
    kept = asking.get(
        (TLSA, asking.lookup, question.name, question.port, question.transport, question.is_smtp, question.mail_domain),
        lambda: _records(asking),
    )
    if kept is None or kept.value is None:
        return Verdict(TLSA, failures=failure(TLSA, kept))
    dane = match(kept.value, _presented(question, asking.now), smtp=question.is_smtp)
    contradicts = dane is not None and (dane.valid is False or dane.support is not Support.SECURE)
    return Verdict(TLSA, {"dane": dane}, contradicts)


async def _records(asking: Asking) -> tuple[TLSARecords, float]:
    one = asking.question
    try:
        return await look_up_tlsa(
            asking.lookup, one.name, one.port, one.transport, smtp=one.is_smtp, mail_domain=one.mail_domain
        )
    except DNSError as error:
        raise RefreshError(error.reason, error.detail) from None


def _presented(question: Question, now: float) -> Presented:
    chain = question.chain
    return Presented(
        path=chain.path,
        pkix_path=chain.trusted_chain,
        pkix_trusted=question.is_trusted,
        name_match=question.name_match,
        has_name=lambda name: bool(matches_name(chain.certificates[0], name)),
        now=now,
    )


def assess_caa(asking: Asking) -> Verdict | None:
    """Compare the CAA records of the leaf's names with its issuer. A CA that is not in the table is not asked about."""
    question = asking.question
    if question.dns is None or not question.dns.caa:
        return None
    leaf = question.chain.certificates[0]
    organization, identifiers = caa.identifiers_of(leaf.issuer_der)
    names = caa.names_to_check(leaf, question.name, trusted=bool(question.is_trusted))
    if identifiers is None or not names:
        return None
    kept = [asking.get((CAA_SOURCE, asking.lookup, name), partial(_set, asking, name)) for name in names]
    sets = [one.value if one is not None else None for one in kept]
    verdict = caa.assess(names, sets, organization, identifiers)
    failures = next((found for one in kept if (found := failure(CAA_SOURCE, one))), ())
    return Verdict(CAA_SOURCE, {"caa": verdict}, verdict.permits is False, failures=failures)


async def _set(asking: Asking, name: str) -> tuple[caa.RelevantSet, float]:
    try:
        return await look_up_caa(asking.lookup, name)
    except DNSError as error:
        raise RefreshError(error.reason, error.detail) from None


def assess_https(asking: Asking) -> Verdict | None:
    """Take over what was found by following the HTTPS records: it is about the endpoint, whatever its chain."""
    question = asking.question
    if question.dns is None or not question.dns.https or not question.is_https:
        return None
    kept = asking.get((HTTPS, asking.lookup, question.key), lambda: _agreement(asking))
    if kept is None or kept.value is None:
        return Verdict(HTTPS, failures=failure(HTTPS, kept))
    return Verdict(HTTPS, {"https": kept.value[0]})


async def _agreement(asking: Asking) -> tuple[tuple[Any], float]:
    """Return the agreement in a tuple, since "no records" is a value as well."""
    one, reach = asking.question, asking.reach()
    try:
        found, ttl = await check_https(asking.lookup, one.name, one.port, one.alpn, reach.connect, reach.try_ech)
    except DNSError as error:
        raise RefreshError(error.reason, error.detail) from None
    return (found,), ttl if found is None else max(ttl, CHECK_SECONDS)
