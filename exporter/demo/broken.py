"""The endpoints of the gallery that complete no handshake: closed, silent, resetting, or speaking something else."""

from dataclasses import replace

from exporter.demo import flights
from exporter.demo.scenario import Closed, Scenario, failed
from exporter.demo.scripts import Await, Drip, Finish, Hold, Pause, Reset, Send
from exporter.net.reason import Reason
from exporter.probe.result import Phase

NO_PQ = "no_post_quantum_key_exchange"
RAW_TLS12 = (NO_PQ, "no_extended_master_secret")
SMTP = (b"220 localhost ESMTP\r\n", b"250-localhost\r\n250 STARTTLS\r\n", b"220 2.0.0 go ahead\r\n")

BROKEN = (
    Scenario(
        "closed-port",
        "Nobody listens on the port.",
        Closed(),
        failed(Phase.CONNECT, Reason.REFUSED, reachable=False),
    ),
    Scenario(
        "no-address",
        "An IPv4 address where only IPv6 is wanted.",
        Closed(),
        failed(Phase.RESOLVE, Reason.NO_ADDRESS, reachable=False),
        host="127.0.0.1",
        module="demo-ip6",
    ),
    Scenario(
        "never-answers",
        "It accepts, reads, and says nothing.",
        (Hold(),),
        failed(Phase.HANDSHAKE, Reason.TIMEOUT),
    ),
    Scenario("accepts-and-closes", "It accepts and closes.", (Finish(),), failed(Phase.HANDSHAKE, Reason.CLOSED)),
    Scenario("resets", "It resets on the first byte.", (Await(), Reset()), failed(Phase.HANDSHAKE, Reason.RESET)),
    Scenario(
        "resets-in-handshake",
        "It resets in the middle of its certificates.",
        (Await(), Send(flights.oversized_certificate(3000)), Pause(0.2), Reset()),
        replace(failed(Phase.HANDSHAKE, Reason.RESET), version=1.2, posture_findings=RAW_TLS12),
    ),
    Scenario(
        "closes-in-handshake",
        "It closes in the middle of its certificates.",
        (Await(), Send(flights.oversized_certificate(3000)), Finish()),
        replace(failed(Phase.HANDSHAKE, Reason.CLOSED), version=1.2, posture_findings=RAW_TLS12),
    ),
    Scenario(
        "plain-http",
        "A web server without TLS.",
        (
            Await(),
            Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            Finish(),
        ),
        failed(Phase.HANDSHAKE, Reason.NOT_TLS),
    ),
    Scenario(
        "speaks-ssh",
        "An SSH server, which speaks first.",
        (Send(b"SSH-2.0-OpenSSH_9.9\r\n"), Hold()),
        failed(Phase.HANDSHAKE, Reason.NOT_TLS),
    ),
    Scenario(
        "garbage",
        "Bytes without a meaning.",
        (Await(), Send(bytes((7 * number + 131) % 256 for number in range(4096))), Hold()),
        failed(Phase.HANDSHAKE, Reason.NOT_TLS),
    ),
    Scenario(
        "drip",
        "A TLS record at one byte a second.",
        (Await(), Drip(flights.record(22, flights.server_hello()), 1.0), Hold()),
        failed(Phase.HANDSHAKE, Reason.TIMEOUT),
    ),
    Scenario(
        "fatal-alert",
        "It answers with the alert handshake_failure.",
        (Await(), Send(flights.alert(40)), Finish()),
        failed(Phase.HANDSHAKE, Reason.ALERT_HANDSHAKE_FAILURE),
    ),
    Scenario(
        "unrecognized-name",
        "It answers that it does not know the name.",
        (Await(), Send(flights.alert(112)), Finish()),
        failed(Phase.HANDSHAKE, Reason.ALERT_UNRECOGNIZED_NAME),
    ),
    Scenario(
        "huge-message",
        "A certificate message that claims 16 megabytes.",
        (Await(), Send(flights.oversized_certificate(0xFFFFFF)), Hold()),
        replace(failed(Phase.HANDSHAKE, Reason.TOO_MUCH_DATA), version=1.2, posture_findings=RAW_TLS12),
    ),
    Scenario(
        "smtp-without-starttls",
        "A mail server that does not offer STARTTLS.",
        (Send(SMTP[0]), Await(), Send(b"250 localhost\r\n"), Hold()),
        failed(Phase.STARTTLS, Reason.STARTTLS_UNSUPPORTED),
        module="demo-smtp",
    ),
)
