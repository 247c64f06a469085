"""scapy's TLS automaton, which answers SSL 2.0. One client at a time."""

import logging
import sys

logging.getLogger("scapy").setLevel(logging.CRITICAL)
from scapy.layers.tls.automaton_srv import TLSServerAutomaton  # noqa: E402


def main(port: str, certificate: str, key: str) -> None:
    while True:
        automaton = TLSServerAutomaton(mycert=certificate, mykey=key, server="127.0.0.1", sport=int(port))
        try:
            automaton.run()
        except Exception as error:  # noqa: BLE001 - whatever a client does, the next one is served
            print(error, file=sys.stderr)
        finally:
            automaton.stop()


main(*sys.argv[1:])
