"""Whether a server accepts an Encrypted Client Hello configuration: one connection, as far as the ServerHello."""

import secrets

from exporter.net.reason import NetworkError
from exporter.net.stream import Stream
from exporter.wire.ech import Offer, is_accepted_untrusted, offer, read_configs_untrusted
from exporter.wire.records import ALERT, HANDSHAKE, HandshakeReader, RecordReader, WireError

RANDOM_BYTES = 160


def make_offer(configs: bytes, server_name: str, alpn: tuple[str, ...]) -> Offer | None:
    """Return a hello for the first usable configuration of a list; None if none is. Raises WireError."""
    for config in read_configs_untrusted(configs):
        try:
            return offer(config, server_name, alpn, secrets.token_bytes(RANDOM_BYTES))
        except ValueError:  # a key of small order
            continue
    return None


async def is_accepted(stream: Stream, made: Offer) -> tuple[bool | None, str]:
    """Send a hello and read the answer; return the verdict, None if it stays open, and a sentence."""
    stream.write(made.record)
    records, messages = RecordReader(), HandshakeReader()
    try:
        while True:
            data = await stream.read()
            if not data:
                return None, "the server closed the connection"
            for one in records.feed_untrusted(data):
                if one.type == ALERT:
                    return None, "the server answered with an alert"
                if one.type != HANDSHAKE:
                    continue
                for message in messages.feed_untrusted(one.content):
                    accepted = is_accepted_untrusted(made, message)
                    return accepted, "" if accepted is not None else "the server asked for another hello"
    except WireError as error:
        return None, f"the server's answer cannot be read: {error}"
    except NetworkError as error:
        return None, error.detail or error.reason
