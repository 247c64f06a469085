"""What is published, as bytes: DNS messages and records, policies, renewal information, ECH configurations."""

import base64
import contextlib

import dns.flags
import dns.message
import dns.rrset
from dns.rdatatype import RdataType

from exporter.published.ari import ARIError, read_directory_untrusted, read_window_untrusted
from exporter.published.caa import RelevantSet, permits, read_caa_untrusted
from exporter.published.dane import is_usable, read_tlsa_untrusted, strongest
from exporter.published.dns_answer import DNSError
from exporter.published.dns_message import (
    Query,
    answers_untrusted,
    is_truncated_untrusted,
    make_name,
    read_response_untrusted,
)
from exporter.published.dns_wire import WireError as DNSWireError
from exporter.published.dns_wire import make_generic, read_message_untrusted
from exporter.published.https_record import mismatches, read_https_untrusted
from exporter.published.mta_sts import (
    PolicyError,
    read_policy_untrusted,
    read_record_untrusted,
    read_report_record_untrusted,
    read_texts_untrusted,
)
from exporter.wire.ech import is_accepted_untrusted, offer, read_configs_untrusted
from exporter.wire.records import Message, WireError
from tests.fuzz.target import FuzzTarget, parts, whole

CONFIG = base64.b64decode("AD7+DQA6BwAgACBx4P+nkw1aKl73BA8KFrCd8ZMwAmxDHV/Qg0Qi1LB2CAAEAAEAASALcHVibGljLnRlc3QAAA==")


def dns_response(data: bytes) -> None:
    """Any bytes are a response to a question, or the one error of each reader."""
    with contextlib.suppress(DNSWireError):
        read_message_untrusted(data)
    answers_untrusted(data, 0)
    is_truncated_untrusted(data)
    for kind in (RdataType.TLSA, RdataType.A, RdataType.HTTPS, RdataType.TXT):
        with contextlib.suppress(DNSError):
            said = read_response_untrusted(data, Query(make_name("host.test"), kind))
            if kind is RdataType.TXT:
                assert len(read_texts_untrusted(said.found or ())) == len(said.found or ())


def _dns_seeds() -> list[bytes]:
    made = []
    for kind, text in (("TLSA", "3 1 1 " + "ab" * 32), ("A", "192.0.2.1"), ("CNAME", "other.test."), ("TXT", '"v=x"')):
        query = dns.message.make_query("host.test", "TXT" if kind == "TXT" else "TLSA", want_dnssec=True)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AD
        answer.answer = [dns.rrset.from_text("host.test.", 60, "IN", kind, text)]
        answer.authority = [dns.rrset.from_text("test.", 60, "IN", "SOA", "a. b. 1 2 3 4 5")]
        made.append(answer.to_wire())
    return made


def dns_records(data: bytes) -> None:
    """Any record data is a record that can be judged, or is left out."""
    pieces = parts(data)
    usable = read_tlsa_untrusted(make_generic(RdataType.TLSA, piece) for piece in pieces)
    strongest([one for one in usable if is_usable(one, smtp=False)])
    properties = read_caa_untrusted(make_generic(RdataType.CAA, piece) for piece in pieces)
    for wildcard in (True, False):
        permits(RelevantSet("a.test", properties), frozenset({"ca.test"}), wildcard=wildcard)
    records = read_https_untrusted([make_generic(RdataType.HTTPS, piece) for piece in pieces], "a.test")
    assert all(text.isprintable() for text in mismatches(records, []))
    assert all(one.target.isprintable() for one in records.services)


def _record_seeds() -> list[bytes]:
    return [
        whole(b"\x03\x01\x01" + bytes(32)),
        whole(b"\x00\x05issueca.test; a=b"),
        whole(b"\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x03\x00\x02\x01\xbb\x00\x04\x00\x04\x7f\x00\x00\x01"),
    ]


def published_text(data: bytes) -> None:
    """Any bytes are a policy, a record or a window, or the one error of each."""
    text = data.decode("latin-1")
    with contextlib.suppress(PolicyError):
        read_policy_untrusted(data, "text/plain")
    for read in (read_record_untrusted, read_report_record_untrusted):
        with contextlib.suppress(PolicyError):
            read([text])
    for parse in (read_window_untrusted, read_directory_untrusted):
        with contextlib.suppress(ARIError):
            parse(data)


def _text_seeds() -> list[bytes]:
    return [
        b"version: STSv1\nmode: enforce\nmx: *.a.test\nmax_age: 60\n",
        b"v=STSv1; id=1;",
        b"v=TLSRPTv1; rua=mailto:a@b.test,https://c.test/",
        b'{"suggestedWindow": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}}',
        b'{"renewalInfo": "https://ca.test/ari"}',
    ]


def ech_configuration(data: bytes) -> None:
    """Any bytes are configurations that can be offered, or an error; so is any answer."""
    with contextlib.suppress(WireError):
        for config in read_configs_untrusted(data):
            with contextlib.suppress(ValueError):  # a key of small order
                offer(config, "hidden.test", ("h2",), bytes(range(160)))
    (config,) = read_configs_untrusted(CONFIG)
    made = offer(config, "hidden.test", ("h2",), bytes(range(160)))
    with contextlib.suppress(WireError):
        is_accepted_untrusted(made, Message(2, data))


def _ech_seeds() -> list[bytes]:
    return [CONFIG, b"\x03\x03" + bytes(32) + b"\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04"]


TARGETS = {
    "dns_response": FuzzTarget(dns_response, _dns_seeds),
    "dns_records": FuzzTarget(dns_records, _record_seeds),
    "published_text": FuzzTarget(published_text, _text_seeds),
    "ech_configuration": FuzzTarget(ech_configuration, _ech_seeds),
}
