"""What is published, for people and for JSON: rows of a label, a text and a mark, and plain fields. Pure."""

from collections.abc import Iterator
from typing import Any

from exporter.published.dane import DANE, Support
from exporter.published.facts import Published
from exporter.text import date, printable

Row = tuple[str, str, str]
"""What, its value, and how to colour it: "good", "bad" or ""."""

_SUPPORT = {
    Support.UNSIGNED: "not signed, so that no client may use them",
    Support.BOGUS: "their signatures do not hold",
    Support.ADDRESS_UNSIGNED: "not used, since the host's addresses are not signed",
}


def published_rows(published: Published | None) -> Iterator[Row]:
    """Yield a row for everything that is known, and for every source that gave nothing."""
    if published is None:
        return
    if published.dane is not None:
        yield from _dane(published.dane)
    if published.caa is not None and published.caa.permits is not None:
        word, mark = ("permits", "good") if published.caa.permits else ("forbids", "bad")
        yield "CAA", f"{word} {printable(published.caa.issuer, 80)}", mark
    if published.https is not None:
        yield (
            "HTTPS record",
            "; ".join(published.https.mismatches) or "kept",
            _mark(good=not published.https.mismatches),
        )
        if published.https.ech_accepted is not None:
            accepted = published.https.ech_accepted
            yield "ECH", "accepted" if accepted else published.https.ech_detail, _mark(good=accepted)
    if published.mta_sts is not None:
        sts = published.mta_sts
        policy = f"{sts.policy.mode}, max-age {sts.policy.max_age}" if sts.policy is not None else "not known"
        problem = sts.mismatch or sts.unreachable
        yield "MTA-STS", f"{sts.domain}: {problem or policy}", _mark(good=not problem)
    if published.tls_reporting is not None:
        usable = published.tls_reporting
        yield "TLS-RPT", "published" if usable else "its record cannot be used", _mark(good=usable)
    if published.renewal is not None:
        window = published.renewal.window
        yield "Renewal", f"{date(window.start)} to {date(window.end)} UTC", _mark(good=not published.renewal.is_overdue)
    for failure in published.failures:
        yield f"From {failure.source}", f"no answer: {failure.reason}", "bad"


def _dane(dane: DANE) -> Iterator[Row]:
    if dane.valid is None:
        yield "DANE", _SUPPORT.get(dane.support) or dane.problem or "not known", "bad"
        return
    yield "DANE", "holds" if dane.valid else "does not hold", _mark(good=dane.valid)
    for one in dane.matches:
        yield f"TLSA {one.record}", "matches" if one.matches else "does not match", "good" if one.matches else ""


def _mark(*, good: bool) -> str:
    return "good" if good else "bad"


def published_fields(published: Published | None) -> dict[str, Any] | None:
    """Return plain fields for JSON; None where nothing is asked for."""
    if published is None:
        return None
    dane, https, sts, renewal = published.dane, published.https, published.mta_sts, published.renewal
    return {
        "dane": None
        if dane is None
        else {
            "owner": dane.owner,
            "support": dane.support.value,
            "valid": dane.valid,
            "records": [
                {
                    "usage": one.record.usage,
                    "selector": one.record.selector,
                    "matching_type": one.record.matching_type,
                    "data": one.record.data.hex(),
                    "matches": one.matches,
                }
                for one in dane.matches
            ],
        },
        "caa_permits_issuer": published.caa.permits if published.caa is not None else None,
        "https_record": None if https is None else {"owner": https.records.owner, "mismatches": list(https.mismatches)},
        "ech_accepted": https.ech_accepted if https is not None else None,
        "mta_sts": None
        if sts is None
        else {
            "domain": sts.domain,
            "mode": sts.policy.mode.value if sts.policy is not None else None,
            "max_age": sts.policy.max_age if sts.policy is not None else None,
            "mx": list(sts.policy.mx) if sts.policy is not None else [],
        },
        "tls_reporting": published.tls_reporting,
        "renewal_window": None
        if renewal is None
        else {"start": renewal.window.start, "end": renewal.window.end, "overdue": renewal.is_overdue},
        "failures": [{"source": one.source, "reason": one.reason, "detail": one.detail} for one in published.failures],
    }
