"""Every reason has its texts, and what a peer began with says what to write."""

import re
from itertools import product

import pytest

from exporter.config.model import Module
from exporter.findings.failure import EXPLANATIONS, explain
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase
from exporter.target import parse_endpoint

TLS, MAIL = Module("tls"), Module("mail", starttls="smtp")


@pytest.mark.parametrize(("phase", "reason"), list(product(Phase, Reason)))
def test_texts_serve_an_operator(phase, reason):
    """Each text is there, made of whole sentences, short enough for a page at night, and plain text."""
    one = explain(Failure(phase, reason))
    assert not one.title.endswith(".")
    assert len(one.title) <= 60
    for text in (one.meaning, one.fix):
        assert text.endswith(".")
        assert "  " not in text
        assert text.isascii()
        assert text.isprintable()
        assert 40 <= len(text) <= 420
        assert text.count("`") % 2 == 0


def test_every_reason_but_rare_alerts_has_texts_of_its_own():
    missing = {reason for reason in Reason if reason not in EXPLANATIONS}
    assert all(reason.value.startswith("alert_") for reason in missing)
    assert len({one.title for one in EXPLANATIONS.values()}) == len(EXPLANATIONS)


@pytest.mark.parametrize(
    ("began", "title", "fix"),
    [
        ("220 mail.example.com ESMTP Postfix\\r\\n", "speaks SMTP", "starttls: smtp"),
        ("220-mail.example.com ESMTP Exim 4.97", "speaks SMTP", "starttls: smtp"),
        ("220 mx.example.com Microsoft ESMTP MAIL Service ready", "speaks SMTP", "starttls: smtp"),
        ("554 5.7.1 no access", "speaks SMTP", "starttls: smtp"),
        ("220 (vsFTPd 3.0.3)\\r\\n", "speaks FTP", "starttls: ftp"),
        ("220 ProFTPD Server (Debian)", "speaks FTP", "starttls: ftp"),
        ("220 mail.example.com LMTP ready", "speaks LMTP", "starttls: lmtp"),
        ("* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN", "speaks IMAP", "starttls: imap"),
        ("+OK Dovecot ready.\\r\\n", "speaks POP3", "starttls: pop3"),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\\r\\n", "speaks SSH", "remove the target"),
        ("HTTP/1.1 400 Bad Request\\r\\nServer: nginx", "speaks plain HTTP", "HTTPS port"),
        ('"IMPLEMENTATION" "Dovecot Pigeonhole"', "speaks ManageSieve", "starttls: sieve"),
        ("200 news.example.com InterNetNews NNRP server", "speaks NNTP", "starttls: nntp"),
        ("<?xml version='1.0'?><stream:stream", "speaks XMPP", "starttls: xmpp"),
        (":irc.example.com NOTICE * :*** Looking up", "speaks IRC", "starttls: irc"),
        ('INFO {"server_id":"NA', "speaks NATS", "starttls: nats"),
        ("-ERR unknown command", "speaks Redis", "Turn TLS on"),
        ("RFB 003.008\\n", "speaks VNC", "Turn TLS on"),
        ("Y\\x00\\x00\\x00\\n5.5.5-10.11.6-MariaDB", "speaks MySQL", "starttls: mysql"),
        ("J\\x00\\x00\\x00\\n8.0.36\\x00\\x08", "speaks MySQL", "starttls: mysql"),
    ],
)
def test_a_greeting_says_what_to_write(began, title, fix):
    failure = Failure(Phase.HANDSHAKE, Reason.NOT_TLS, f"the peer does not speak TLS here: it began with '{began}'")
    one = explain(failure, TLS, parse_endpoint("host.example:9999"))
    assert title in one.title
    assert fix in one.fix


def test_what_nobody_knows_is_only_not_tls():
    failure = Failure(Phase.HANDSHAKE, Reason.NOT_TLS, "the peer does not speak TLS here: it began with '\\x00\\x01'")
    assert explain(failure, TLS, parse_endpoint("host.example:9999")) == EXPLANATIONS[Reason.NOT_TLS]


@pytest.mark.parametrize(("port", "starttls"), [(25, "smtp"), (587, "smtp"), (143, "imap"), (5432, "postgres")])
@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.CLOSED, Reason.RESET])
def test_a_silent_peer_on_a_port_of_starttls_names_the_protocol(port, starttls, reason):
    one = explain(Failure(Phase.HANDSHAKE, reason), TLS, parse_endpoint(f"host.example:{port}"))
    assert f"starttls: {starttls}" in one.fix
    assert "starttls: " not in explain(Failure(Phase.HANDSHAKE, reason), MAIL, parse_endpoint("a.example:25")).fix


def test_implicit_tls_under_a_starttls_module_is_reported():
    one = explain(Failure(Phase.STARTTLS, Reason.TIMEOUT), MAIL, parse_endpoint("mail.example:465"))
    assert "TLS begins at once" in one.title
    assert "without `starttls: smtp`" in one.fix


def test_the_phase_changes_the_words():
    titles = {explain(Failure(phase, Reason.TIMEOUT)).title for phase in Phase}
    assert len(titles) >= 5


def test_no_text_repeats_what_a_peer_said():
    failure = Failure(Phase.HANDSHAKE, Reason.NOT_TLS, "it began with '220 <script>alert(1)</script> ESMTP'")
    one = explain(failure, TLS, parse_endpoint("host.example:25"))
    assert not re.search("script", f"{one.title}{one.meaning}{one.fix}")
