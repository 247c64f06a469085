"""From probe results to assessments: trust, revocation, posture and host names of one target, all variants together.

It keeps what makes the next assessment cheap (verified chains, revocation answers, posture) and starts refreshes of
revocation and posture, which run next to the scrape that caused them. It probes nothing itself and writes no metrics.
"""

import asyncio
import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from exporter.at_rest.stored import Expected
from exporter.certificates.chain_cache import Chain, ChainAssessor
from exporter.certificates.names import matches_name
from exporter.certificates.transparency import total
from exporter.certificates.trust_store import TrustError, load_trust
from exporter.certificates.verdict import TrustStore
from exporter.config.model import Module, Transport
from exporter.findings.assessment import Assessment, assess, reassess
from exporter.findings.observation import Observation
from exporter.log import get_logger
from exporter.net.fetch import fetch
from exporter.posture.facts import Posture
from exporter.probe.prober import Prober
from exporter.probe.result import Result
from exporter.probe.runner import plain_route
from exporter.published.facts import Published
from exporter.revocation.status import STAPLE, Revocation
from exporter.scrape.log_lists import LogLists
from exporter.scrape.root_stores import RootStores
from exporter.scrape.series_limit import MAX_NEW_SERIES, SeriesLimit
from exporter.target import Target

if TYPE_CHECKING:
    from exporter.posture.refresh import PostureRefresher
    from exporter.revocation.checker import RevocationChecker
    from exporter.scrape.publication import Publications

log = get_logger("probe")
SLICE_SECONDS = 0.01  # of verifying, after which the event loop serves others
ROOTS_SECONDS = 10.0  # how long changed files of trusted roots may go unnoticed


class Assessor:
    """Assesses results. `clock` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.chains = ChainAssessor()
        self.stores = RootStores(self.chains)
        self.log_lists = LogLists()
        self.series = SeriesLimit()
        self._verifying = asyncio.Lock()
        self._spent = 0.0  # seconds of verifying since the event loop had its turn
        self._roots: dict[tuple[object, ...], tuple[float, TrustStore | None]] = {}

    # Imported and made at first use: a module without posture, revocation and `dns` needs none of them.

    @cached_property
    def revocations(self) -> "RevocationChecker":
        """The answers of responders and revocation lists."""
        from exporter.revocation.checker import RevocationChecker  # noqa: PLC0415

        return RevocationChecker(fetch, self.clock)

    @cached_property
    def postures(self) -> "PostureRefresher":
        """The postures, and the scans in flight."""
        from exporter.posture.refresh import PostureRefresher  # noqa: PLC0415

        return PostureRefresher()

    @cached_property
    def publications(self) -> "Publications":
        """What is published about endpoints: the DNS library alone takes 50 ms to load."""
        from exporter.scrape.publication import Publications  # noqa: PLC0415

        return Publications(self.clock)

    @property
    def published_count(self) -> int:
        """How many published facts are kept; looking does not load what keeps them."""
        return sum(map(len, self._made("publications")))

    @property
    def scan_paces(self) -> int:
        """How many addresses have a pace of posture scans."""
        return sum(len(postures.pace) for postures in self._made("postures"))

    def _made(self, *names: str) -> Iterator[Any]:
        """Yield those of them that have been used."""
        yield from (self.__dict__[name] for name in names if name in self.__dict__)

    def forget_roots(self) -> None:
        """Read the files of trusted roots again at the next assessment."""
        self._roots.clear()
        self.stores.forget()

    def forget(self, target: Target) -> None:
        """Drop what is kept of a target that is not probed any more."""
        self.series.forget(target)

    def shed(self) -> None:
        """Drop what can be computed or fetched again, under memory pressure."""
        self.chains.clear()
        for revocations in self._made("revocations"):
            revocations.shed()

    async def verify(self, target: Target, module: Module, results: Sequence[Result]) -> None:
        """Verify the chains that are new, so that `assess` finds them done: few milliseconds of them at a time.

        Each takes up to 40 ms, and the probes of many endpoints may end in the same moment: without a pause between
        them nothing else would be served, `/-/healthy` neither.
        """
        trust = self.trust(module) if any(result.chain for result in results) else None
        for result in results:
            if not result.chain or self.chains.knows(result.chain, trust, self.clock()):
                continue
            async with self._verifying:
                if self._spent >= SLICE_SECONDS:
                    await asyncio.sleep(0)
                    self._spent = 0.0
                began = time.perf_counter()
                self.chains.assess_chain(result.chain, trust, self.clock(), target)
                self._spent += time.perf_counter() - began

    def assess(
        self,
        prober: Prober,
        target: Target,
        module: Module,
        results: Sequence[Result],
        before: Sequence[Assessment] = (),
        *,
        timeout: float,
        expected: tuple[Expected, ...] = (),
    ) -> tuple[Assessment, ...]:
        """Assess the results of one target. `before` are its previous assessments by the same module, or ().

        `prober` and `timeout` (seconds for a connection) serve a posture scan, if one is due. `expected` is what
        files hold that the target must present.
        """
        previous: Sequence[Assessment | None] = before if len(before) == len(results) else [None] * len(results)
        trust = self.trust(module) if any(result.chain for result in results) else None
        observations = [
            self._observe(
                prober,
                target,
                module,
                result,
                trust,
                self._posture(prober, target, module, result, timeout),
                one.observation if one is not None else None,
            )
            for result, one in zip(results, previous, strict=True)
        ]
        if expected:
            observations = [replace(observation, expected=expected) for observation in observations]
        return tuple(
            assess(observation) if one is None else reassess(observation, one)
            for observation, one in zip(compared(observations), previous, strict=True)
        )

    def trust(self, module: Module) -> TrustStore | None:
        """Return a module's roots. Their files are checked every ROOTS_SECONDS: a directory of them costs 5 ms."""
        trust = module.trust
        key = (module.tls_config.ca_file, trust.ca_directory, trust.system_roots)
        checked_at, store = self._roots.get(key, (-math.inf, None))
        now = time.monotonic()
        if now - checked_at >= ROOTS_SECONDS:
            store = self._load_trust(module)
            self._roots[key] = (now, store)
        return store

    def _load_trust(self, module: Module) -> TrustStore | None:
        trust = module.trust
        try:
            return load_trust(module.tls_config.ca_file, trust.ca_directory, trust.system_roots)
        except TrustError as error:
            log.warning("cannot load the trusted roots, chains are not verified", module=module.name, error=str(error))
            return None

    def _observe(
        self,
        prober: Prober,
        target: Target,
        module: Module,
        result: Result,
        trust: TrustStore | None,
        posture: Posture | None,
        before: Observation | None,
    ) -> Observation:
        now = self.clock()
        if not result.chain:
            return Observation(target, module, result, now, posture=posture)
        chain = self.chains.assess_chain(result.chain, trust, now, target)
        revocations: tuple[Revocation, ...] = ()
        if result.staple is not None or module.revocation is not None:
            revocations = self.revocations.known(chain, result.staple, module, result.endpoint_address)
        in_staple = sum(one.sct_count for one in revocations if one.source == STAPLE)
        if before is not None and before.chain is chain and before.result.variant == result.variant:
            name_match = before.name_match
        else:
            name = reference_name(target, module, result)
            name_match = matches_name(chain.certificates[0], name) if name else None
        return Observation(
            target,
            module,
            result,
            now,
            certificates=chain.certificates,
            verdicts=chain.verdicts,
            chain=chain,
            name_match=name_match,
            sct_count=total(chain.certificates[0].sct_count, result.tls_scts, in_staple),
            revocations=revocations,
            posture=posture,
            published=self._published(prober, target, module, result, chain, name_match, trust),
            ct=self.log_lists.assess(module, chain, result, in_staple, before),
            stores=self.stores.verdicts(target, module, chain, now),
            root_distrusted=self.stores.is_root_distrusted(target, chain, now),
            series_excess=self._series_excess(target, result, chain, before),
        )

    def _published(
        self,
        prober: Prober,
        target: Target,
        module: Module,
        result: Result,
        chain: Chain,
        name_match: bool | None,
        trust: TrustStore | None,
    ) -> Published | None:
        """Return what is known of what is published about the endpoint; start what is due next to the scrape."""
        if module.dns is None and module.ari is None and not (target.mail_domain or module.mail_domain):
            return None
        name = reference_name(target, module, result)
        return self.publications.known(prober, target, module, result, chain, name, name_match, trust)

    def _series_excess(self, target: Target, result: Result, chain: Chain, before: Observation | None) -> str:
        """Return why the series that describe certificates are left out; "" while the target has not too many."""
        alt_svc = result.http.alt_svc if result.http is not None else ""
        if before is not None and before.chain is chain and not before.series_excess and not alt_svc:
            return ""
        shown: list[Hashable] = [
            (result.variant, position, one.fingerprint_sha256) for position, one in enumerate(chain.certificates)
        ]
        leaf = chain.certificates[0]
        shown += [(result.variant, leaf.dns_names, leaf.ip_addresses), (result.variant, alt_svc)]
        if self.series.admit(target, shown):
            return ""
        return f"more than {MAX_NEW_SERIES} new series within an hour, as the certificates change so often"

    def _posture(
        self, prober: Prober, target: Target, module: Module, result: Result, timeout: float
    ) -> Posture | None:
        """Return what is known of the posture; start a scan next to the scrape if one is due and possible."""
        settings = module.posture
        if settings is None or module.transport is not Transport.TCP:
            return None
        from exporter.posture.refresh import seldom_checks  # noqa: PLC0415 - see `postures`
        from exporter.posture.route import determine_route, scanned_route, shown_by  # noqa: PLC0415

        key = (target, module, result.variant)
        posture, is_due = self.postures.consult(key, settings.refresh)
        if is_due and result.reachable:
            route = scanned_route(result, replace(plain_route(target, module), variant=result.variant))
            determine = partial(
                determine_route,
                prober,
                route,
                self.postures.pace,
                seconds=timeout,
                settings=settings,
                shown=shown_by(result),
            )
            self.postures.renew(key, lambda skip: determine(skip=skip), settings.refresh, seldom_checks(settings))
        return posture

    async def settled(self) -> None:
        """Wait until no refresh is in flight."""
        for refreshes in self._made("postures", "revocations", "publications"):
            await refreshes.settled()

    def close(self) -> None:
        """Stop the refreshes in flight."""
        for refreshes in self._made("revocations", "postures", "publications"):
            refreshes.close()


def reference_name(target: Target, module: Module, result: Result) -> str:
    """Return the name that the certificate must be valid for: the variant's, the module's, or the host; or ""."""
    name = result.variant.server_name or module.tls_config.server_name or target.endpoint.host
    return name.partition("%")[0]


def compared(observations: list[Observation]) -> list[Observation]:
    """Note on each observation whether the addresses of one name present different certificates."""
    if len(observations) == 1:
        return observations
    leaves: dict[tuple[str | None, str | None], set[bytes]] = {}
    for one in observations:
        variant = one.result.variant
        if variant.address is not None and one.result.chain:
            leaves.setdefault((variant.server_name, variant.certificate_type), set()).add(one.result.chain[0])
    if not leaves:
        return observations
    return [
        replace(one, addresses_disagree=len(leaves[key]) > 1) if key in leaves else one
        for one in observations
        for key in [(one.result.variant.server_name, one.result.variant.certificate_type)]
    ]
