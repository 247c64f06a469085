"""From what was seen to a `Result`, and to a line for the timeline."""

from exporter.net.resolve import Address
from exporter.probe.handshake import Handshake
from exporter.probe.result import HTTPFacts, Result
from exporter.probe.route import Route
from exporter.probe.trace import Trace


def outcome(
    route: Route,
    address: Address | None,
    started_at: float,
    trace: Trace,
    done: Handshake,
    http_facts: HTTPFacts | None,
    *,
    reachable: bool = True,
    injected: bool = False,
) -> Result:
    """Return the result of a probe that was connected to an address (None for a Unix socket)."""
    return Result(
        started_at=started_at,
        total_seconds=trace.elapsed,
        durations=trace.durations,
        reachable=reachable,
        failure=done.failure,
        variant=route.variant,
        address=address.ip if address else route.target.endpoint.unix_path,
        family=address.family if address else "unix",
        proxied=route.proxy is not None,
        server_name=route.server_name,
        session=done.session,
        chain=done.chain,
        chain_truncated=done.chain_truncated,
        staple=done.staple,
        tls_scts=done.tls_scts,
        client_certificate_requested=done.client_certificate_requested,
        starttls_injection=injected,
        http=http_facts,
        events=trace.events,
    )


def describe(done: Handshake) -> str:
    """Return how a handshake went, for the timeline."""
    if done.failure is not None:
        return done.failure.detail or done.failure.reason
    assert done.session is not None
    return f"{done.session.protocol} {done.session.cipher} {done.session.group}, {len(done.chain)} certificates"
