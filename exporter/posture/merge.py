"""The newest known state of every fact, after several scans. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from exporter.posture.checks import CHECK_OF_FACT
from exporter.posture.clients import CLIENTS
from exporter.posture.facts import Posture
from exporter.posture.scan import CIPHERS

Fact = TypeVar("Fact")


def merged(known: Posture | None, scanned: Posture, skipped: Collection[str] = ()) -> Posture:
    """Return the newest known state of every fact: what a scan skipped or did not determine stays as it was known."""
    if known is None:
        return scanned
    still_open = {*scanned.undetermined, *skipped}
    newest = replace(
        scanned,
        features=_kept(known.features, scanned.features, still_open),
        vulnerabilities=_kept(known.vulnerabilities, scanned.vulnerabilities, still_open),
        robot=known.robot if scanned.robot is None and CHECK_OF_FACT["robot"] in still_open else scanned.robot,
    )
    if CLIENTS in still_open:
        newest = replace(newest, clients={**known.clients, **scanned.clients})
    if scanned.complete:
        return newest
    dh_groups = (
        tuple(dict.fromkeys((*known.dh_groups, *scanned.dh_groups))) if CIPHERS in still_open else newest.dh_groups
    )
    return replace(
        newest,
        versions={**known.versions, **scanned.versions},
        cipher_classes={**known.cipher_classes, **scanned.cipher_classes},
        groups={**known.groups, **scanned.groups},
        suites={**known.suites, **scanned.suites},
        dh_groups=dh_groups,
        timestamp=known.timestamp,
    )


def _kept(known: Mapping[str, bool], scanned: Mapping[str, bool], still_open: Collection[str]) -> dict[str, bool]:
    """Return the scanned facts, and those known ones whose check found no answer."""
    return {**{fact: value for fact, value in known.items() if CHECK_OF_FACT[fact] in still_open}, **scanned}
