"""What all probes share: the limits, the resolver, the TLS contexts, and what was learned of endpoints."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.resolve import Resolver
from exporter.probe.fast_path import FastPathEndpoints, Offers
from exporter.probe.leave import Departures, Interruptions
from exporter.probe.openssl_contexts import Contexts
from exporter.probe.redirect import RedirectVerdicts
from exporter.probe.remedies import SecondTries

MAX_HTTP2_ENDPOINTS = 10_000


class BoundedSet:
    """What was seen last, up to MAX_HTTP2_ENDPOINTS."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def add(self, one: Hashable) -> None:
        """Remember one, and forget the oldest beyond the limit."""
        self._seen[one] = None
        if len(self._seen) > MAX_HTTP2_ENDPOINTS:
            self._seen.popitem(last=False)

    def __contains__(self, one: Hashable) -> bool:
        return one in self._seen

    def __len__(self) -> int:
        return len(self._seen)


@dataclass(slots=True)
class Prober:
    """What all probes share. It outlives a reload, apart from the limits; `fast_path` false leaves all to OpenSSL."""

    slots: KeyedLimiter
    turns: Limiter
    resolver: Resolver = field(default_factory=Resolver)
    contexts: Contexts = field(default_factory=Contexts)
    offers: Offers = field(default_factory=Offers)
    fast_path_endpoints: FastPathEndpoints = field(default_factory=FastPathEndpoints)
    redirects: RedirectVerdicts = field(default_factory=RedirectVerdicts)
    http2_endpoints: BoundedSet = field(default_factory=BoundedSet)  # that speak HTTP/2 and not HTTP/1.1
    second_tries: SecondTries = field(default_factory=SecondTries)
    departures: Departures = field(default_factory=Departures)
    interruptions: Interruptions = field(default_factory=Interruptions)
    wall_clock: Callable[[], float] = time.time
    fast_path: bool = True
