"""A chain as the target's page draws it: leaf on top, then who signed it, to the root or to where trust ends.

The trusted chain is drawn if there is one, else the path as it was sent; what was sent and is not part of it follows.
"""

from dataclasses import dataclass

from markupsafe import Markup

from exporter.at_rest.stored import StoredCertificate
from exporter.certificates.certificate import Certificate
from exporter.certificates.der import as_pem
from exporter.certificates.verdict import VerifyError
from exporter.findings.observation import Observation
from exporter.metrics.labels import clean
from exporter.policy import ExpiryThresholds
from exporter.web.expiry import Validity, validity

_SHOWN_NAMES = 12


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate of the drawing. `kind` is leaf, issuer, root or unrelated; `role` says it in words."""

    certificate: Certificate
    kind: str
    role: str
    validity: Validity
    errors: tuple[str, ...]
    names: tuple[str, ...]
    more_names: int
    pem: Markup


def links(observation: Observation, now: float) -> tuple[Link, ...]:
    """Return the chain of an observation, leaf first."""
    sent = observation.certificates
    if not sent:
        return ()
    trusted = next((verdict.chain for verdict in observation.verdicts if verdict.trusted and verdict.chain), ())
    path = trusted or (observation.chain.path if observation.chain is not None else sent[:1])
    drawn = {certificate.der for certificate in path}
    thresholds = observation.policy.expiry
    unrelated = [certificate for certificate in sent if certificate.der not in drawn]
    errors = _errors(observation)
    presented = {certificate.der for certificate in sent}
    last = len(path) - 1
    if observation.stored is not None:
        named = {one.der: one for one in observation.stored.certificates}
        return tuple(
            _link(one, *_stored_role(one, named.get(one.der)), now, thresholds, _at(errors, depth, last))
            for depth, one in enumerate(sent)
        )
    return (
        *(
            _link(one, *_role(one, depth, one.der in presented), now, thresholds, _at(errors, depth, last))
            for depth, one in enumerate(path)
        ),
        *(_link(one, "unrelated", "sent, but not needed for this chain", now, thresholds, ()) for one in unrelated),
    )


def _role(certificate: Certificate, depth: int, sent: bool) -> tuple[str, str]:
    if depth == 0:
        return "leaf", "leaf, self-signed" if certificate.is_self_signed else "leaf"
    kind = "root" if certificate.is_self_issued else "issuer"
    words = {"root": "root", "issuer": "intermediate"}[kind]
    return kind, f"{words}, sent" if sent else f"{words}, from the trusted roots"


def _stored_role(certificate: Certificate, stored: StoredCertificate | None) -> tuple[str, str]:
    """Return what a certificate at rest is, and what its key store or kubeconfig calls it."""
    kind = "leaf" if not certificate.is_ca else "root" if certificate.is_self_issued else "issuer"
    words = {"leaf": "leaf", "root": "root", "issuer": "intermediate"}[kind]
    name = (stored.alias or stored.user) if stored is not None else ""
    return kind, f"{words}, in the entry {name}" if name else words


def _errors(observation: Observation) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for verdict in observation.verdicts:
        for error in verdict.errors:
            found.setdefault(error.depth, []).append(_sentence(verdict.verifier, error))
    return found


def _sentence(verifier: str, error: VerifyError) -> str:
    return f"{verifier}: {error.message or error.name}"


def _at(errors: dict[int, list[str]], depth: int, last: int) -> tuple[str, ...]:
    """Return the errors at a depth; the last certificate drawn also shows the errors beyond it."""
    return tuple(text for at in sorted(errors) if at == depth or (at > last == depth) for text in errors[at])


def _link(
    certificate: Certificate, kind: str, role: str, now: float, thresholds: ExpiryThresholds, errors: tuple[str, ...]
) -> Link:
    names = (*certificate.dns_names, *certificate.ip_addresses) if kind == "leaf" else ()
    return Link(
        certificate=certificate,
        kind=kind,
        role=role,
        validity=validity(certificate.not_before, certificate.not_after, now, thresholds),
        errors=tuple(dict.fromkeys(errors)),
        names=tuple(clean(name, 80) for name in names[:_SHOWN_NAMES]),
        more_names=max(0, len(names) - _SHOWN_NAMES),
        pem=Markup(as_pem(certificate.der)),  # noqa: S704 - base64 between two fixed lines
    )
