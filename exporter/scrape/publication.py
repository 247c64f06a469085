"""How the engine asks what is published about an endpoint: the question, and the ways that refreshes take.

A refresh connects as the module's own probes do, within the same limits, but only to addresses that the address
policy allows: the owner of a name writes its records, and may be hostile.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import replace

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.chain_cache import Chain
from exporter.certificates.names import matches_name
from exporter.certificates.trust_store import TrustError, load_trust
from exporter.certificates.verdict import TrustStore
from exporter.config.model import Addresses, Module, Transport
from exporter.net.address_policy import may_be_fetched_from
from exporter.net.reason import NetworkError, Reason
from exporter.probe.connection import open_stream
from exporter.probe.ech import is_accepted, make_offer
from exporter.probe.prober import Prober
from exporter.probe.result import Phase, Result
from exporter.probe.runner import plain_route, probe
from exporter.published.checker import PublishedChecker
from exporter.published.facts import Published
from exporter.published.https_documents import fetch_document
from exporter.published.https_lookup import Connected, Connection, ECHOutcome
from exporter.published.question import Question
from exporter.published.source import Reach
from exporter.target import HTTPS_PORT, Endpoint, Target, is_ip_literal
from exporter.wire.records import WireError

CONNECTION_SECONDS = 10.0
_PROVES_NOTHING = frozenset(
    {Reason.TIMEOUT, Reason.UNREACHABLE, Reason.NO_ADDRESS, Reason.FORBIDDEN_ADDRESS, Reason.INTERNAL_ERROR}
)


class Publications:
    """What is published about each endpoint. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._checker = PublishedChecker(fetch_document, clock)

    def known(
        self,
        prober: Prober,
        target: Target,
        module: Module,
        result: Result,
        chain: Chain,
        name: str,
        name_match: bool | None,
        trust: TrustStore | None,
    ) -> Published | None:
        """Return what is known by now, and start what is due. Never waits."""
        if not name or is_ip_literal(name) or target.endpoint.unix_path is not None:
            return None
        question = _question(target, module, result, chain, name, name_match)
        return self._checker.known(question, lambda: _reach(prober, module, trust, name_match, question.is_local))

    async def settled(self) -> None:
        """Wait until nothing is in flight: for a single probe, which has no next scrape."""
        await self._checker.settled()

    def close(self) -> None:
        """Give up what is in flight."""
        self._checker.close()

    def __len__(self) -> int:
        return len(self._checker)


def _reach(prober: Prober, module: Module, trust: TrustStore | None, name_match: bool | None, is_local: bool) -> Reach:
    connector = _Connector(prober, module, name_match, is_local)
    return Reach(trust, _ari_roots(module, trust), connector.connect, connector.try_ech)


def _question(
    target: Target, module: Module, result: Result, chain: Chain, name: str, name_match: bool | None
) -> Question:
    port = plain_route(target, module).port
    return Question(
        key=(target, module, result.variant),
        name=name.lower(),
        port=port,
        chain=chain,
        name_match=name_match,
        transport="tcp" if module.transport is Transport.TCP else "udp",
        is_https=module.starttls is None and (target.endpoint.scheme == "https" or port == HTTPS_PORT),
        is_smtp=module.starttls in ("smtp", "lmtp"),
        alpn=result.session.alpn if result.session is not None else "",
        is_local=_is_loopback(result.endpoint_address),
        dns=module.dns,
        mail_domain=target.mail_domain or module.mail_domain,
        ari=module.ari,
    )


def _is_loopback(address: str | None) -> bool:
    ip = (address or "").partition("%")[0]
    return is_ip_literal(ip) and ipaddress.ip_address(ip).is_loopback


def _ari_roots(module: Module, trust: TrustStore | None) -> TrustStore | None:
    """Return the roots for ACME servers: those of `ari.ca_file`, else the module's."""
    if module.ari is None or module.ari.ca_file is None:
        return trust
    try:
        return load_trust(module.ari.ca_file)
    except TrustError:
        return trust


class _Connector:
    """Connects as a module's probes do, to addresses that published records name."""

    def __init__(self, prober: Prober, module: Module, name_match: bool | None, is_local: bool) -> None:
        self._prober = prober
        self._module = replace(
            module, addresses=Addresses.FIRST, server_names=(), certificate_types=(), http=None, posture=None,
            dns=None, mail_domain=None, ari=None, revocation=None,
        )  # fmt: skip
        self._name_match = name_match
        self._is_local = is_local

    async def connect(self, wanted: Connection) -> Connected:
        """Complete a handshake and hang up. An address that must not be connected to says nothing."""
        if not may_be_fetched_from(wanted.address, loopback=self._is_local):
            return Connected(None, detail="the address policy forbids the address")
        tls_config = replace(self._module.tls_config, server_name=wanted.server_name)
        module = replace(self._module, tls_config=tls_config, alpn=wanted.alpn)
        target = Target(f"{wanted.address} port {wanted.port}", Endpoint(wanted.address, wanted.port), module.name)
        deadline = asyncio.get_running_loop().time() + CONNECTION_SECONDS
        (result,) = await probe(self._prober, target, module, deadline, seconds=CONNECTION_SECONDS)
        return self._assessed(result, wanted)

    def _assessed(self, result: Result, wanted: Connection) -> Connected:
        failure = result.failure
        if failure is not None:
            proves_nothing = failure.reason in _PROVES_NOTHING or failure.phase in (Phase.RESOLVE, Phase.PROXY)
            works = None if proves_nothing else False
            return Connected(works, detail=f"{failure.phase}: {failure.reason}")
        if self._name_match and result.chain:
            leaf = read_certificate_untrusted(result.chain[0])
            if not matches_name(leaf, wanted.server_name):
                return Connected(works=False, detail=f"its certificate is not valid for {wanted.server_name}")
        return Connected(works=True, alpn=result.session.alpn if result.session is not None else "")

    async def try_ech(self, wanted: Connection, configs: bytes) -> ECHOutcome:
        """Offer a published configuration. One that cannot be read is none for clients, either."""
        try:
            made = make_offer(configs, wanted.server_name, wanted.alpn)
        except WireError as error:
            return ECHOutcome(accepted=False, detail=f"the published configuration cannot be read: {error}")
        if made is None:
            return ECHOutcome(None, "no published configuration has algorithms that are known here")
        if not may_be_fetched_from(wanted.address, loopback=self._is_local):
            return ECHOutcome(None, "the address policy forbids the address")
        target = Target(wanted.address, Endpoint(wanted.address, wanted.port), self._module.name)
        deadline = asyncio.get_running_loop().time() + CONNECTION_SECONDS
        try:
            stream = await open_stream(self._prober, plain_route(target, self._module), deadline)
        except NetworkError as error:
            return ECHOutcome(None, error.detail or error.reason)
        accepted, why = await is_accepted(stream, made)
        stream.close()
        return ECHOutcome(
            accepted, why or ("" if accepted else "the server does not accept the published configuration")
        )
