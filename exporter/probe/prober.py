"""What all probes share: the limits, the resolver, the TLS contexts, and what was learned of endpoints."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.resolve import Resolver
from exporter.probe.fast_path import FastPathEndpoints, Offers
from exporter.probe.leave import Departures
from exporter.probe.openssl_contexts import Contexts
from exporter.probe.redirect import RedirectVerdicts
from exporter.probe.remedies import SecondTries


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
    second_tries: SecondTries = field(default_factory=SecondTries)
    departures: Departures = field(default_factory=Departures)
    wall_clock: Callable[[], float] = time.time
    fast_path: bool = True
