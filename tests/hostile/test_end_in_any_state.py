"""SIGTERM ends the process whatever peers are doing to it: drained, with status 0, in the time that is meant for it."""

import contextlib
import json
import threading

import pytest
from churn import PRESENTED, Peer, scrape_at_the_end
from hostile.after_handshake import OK
from hostile.messages import anonymous_dh
from hostile.revocable import Endpoints, leaf_naming
from support.exporter_process import running_exporter

from exporter.demo import flights
from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scripts import Answer, Await, Drip, Hold, Send

BEGIN = b"-----BEGIN X509 CRL-----"
LIST = BEGIN * (15 * 1024 * 1024 // len(BEGIN))


def answers(body):
    """Answer a request with a document."""
    head = OK + b"Content-Length: %d\r\n\r\n" % len(body)
    return (Await(), Answer(lambda _: head + body), Hold())


PEERS = {
    "silent": (Hold(),),
    "dripping": (Await(), Drip(flights.record(22, flights.server_hello()) * 10_000, 0.05), Hold()),
    "a-long-prime": (Await(), Send(flights.record(22, b"".join(anonymous_dh(10_000)))), Hold()),
    "half-a-flight": (Await(), Send(flights.record(22, flights.server_hello())), Hold()),
}
LISTS = {
    "beginnings-of-pem": answers(LIST),
    "a-list-that-drips": (Await(), Drip(OK + b"Content-Length: 1000000\r\n\r\n" + bytes(1000), 0.05), Hold()),
    "a-silent-host": (Hold(),),
}


def ends(config_file):
    """Scrape, and let another scrape be in flight when the process is asked to stop; return its status."""
    with running_exporter(config_file=config_file) as exporter:
        exporter.scrape(timeout=2)
        scraping = threading.Thread(target=scrape_at_the_end, args=(exporter,))
        scraping.start()
        while not exporter.request("/metrics/exporter").text.count("tls_exporter_probes_in_flight"):
            pass
        status = exporter.stop()
        scraping.join()
        return status


@pytest.mark.parametrize("name", PEERS)
def test_while_peers_hold_a_scrape_up(tmp_path, name):
    scenarios = [Scenario(f"{name}-{number}", "Hostile.", PEERS[name], Seen()) for number in range(20)]
    with Gallery(scenarios) as gallery:
        config = tmp_path / "config.yaml"
        config.write_text(json.dumps({"targets": [{"targets": list(gallery.targets.values()), "module": "tls"}]}))
        assert ends(config) == 0


@pytest.mark.parametrize("name", LISTS)
def test_while_a_revocation_list_is_fetched_or_read(tmp_path, name):
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(Gallery([Scenario(name, "Hostile.", LISTS[name], Seen())])).ports[name]
        endpoints = Endpoints(stack, tmp_path)
        for number in range(3):
            endpoints.serve(f"{name}-{number}", leaf_naming(crl=f"127.0.0.1:{host}"), refresh="1s")
        assert ends(endpoints.write()) == 0


def test_while_chains_are_verified(tmp_path):
    peers = [Peer(present) for present in PRESENTED]
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"targets": [{"targets": [peer.target for peer in peers], "module": "tls"}]}))
    assert ends(config) == 0
    for peer in peers:
        peer.close()
