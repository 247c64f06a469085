"""What is remembered of a target: bounded, and true."""

import sys

from exporter.config.model import Module
from exporter.probe.result import Phase
from exporter.scrape.history import CHANGES, RECENT, History, Summary, TargetHistory, changes
from exporter.scrape.report import timed_out_report
from exporter.target import Target, parse_endpoint


def digest(at=0.0, failure="", protocol="TLSv1.3", findings=(), leaf="aa"):
    return Summary(at, 0.5, failure, protocol, None, None, (0, 0, 0, 0), findings, leaf)


def texts(before, after):
    return [(change.text, change.better) for change in changes(before, after)]


def test_nothing_changed():
    assert texts(digest(), digest(at=9.0)) == []


def test_changes():
    down = digest(failure="connect: refused", protocol="", leaf="")
    assert texts(digest(), down) == [("fails: connect: refused", False)]
    assert texts(down, digest()) == [("answers again, after connect: refused", True)]
    assert texts(digest(leaf="aa"), digest(leaf="b" * 64)) == [("new certificate bbbbbbbbbbbbbbbb", None)]
    assert texts(digest(), digest(protocol="TLSv1.2")) == [("TLSv1.2 instead of TLSv1.3", False)]
    many = tuple("abcdef")
    assert texts(digest(), digest(findings=many)) == [("found a, b, c, d and 2 more", False)]
    assert texts(digest(findings=("a",)), digest()) == [("no longer a", True)]


def test_what_an_outage_hides_is_not_called_gone():
    """While a target is down nothing is known of its findings and certificate."""
    down = digest(failure="connect: refused", protocol="", leaf="", findings=())
    assert [text for text, _ in texts(digest(findings=("a",)), down)] == ["fails: connect: refused"]


def test_recent_probes_keep_their_order_and_outcome():
    past = TargetHistory(digest())
    for number in range(RECENT + 5):
        past.add(digest(at=float(number), failure="x: y" if number % 2 else ""))
    assert past.probes == RECENT + 5
    assert [at for at, _, _ in past.recent] == [float(number) for number in range(5, RECENT + 5)]
    assert [good for _, _, good in past.recent] == [number % 2 == 0 for number in range(5, RECENT + 5)]
    assert len(past.changes) == CHANGES


def test_a_failure_in_no_time_is_a_failure():
    past = TargetHistory(digest())
    past.add(Summary(0.0, 0.0, "connect: refused", "", None, None, (0, 0, 0, 0), (), ""))
    assert past.recent == [(0.0, 0.0, False)]


def test_it_stays_small():
    past = TargetHistory(digest())
    for number in range(10_000):
        past.add(digest(at=float(number), leaf=f"{number:064}"))
    size = sum(map(sys.getsizeof, (past, past._times, past._seconds, past.changes)))
    size += sum(sys.getsizeof(change) + sys.getsizeof(change.text) for change in past.changes)
    assert size < 4096


def test_a_past_that_can_be_seen_can_be_read(monkeypatch):
    """Pages are made on threads: they see a past at whatever moment it is there."""
    history, seen = History(), []
    target = Target("a.example:1", parse_endpoint("a.example:1"), "tls")
    add = TargetHistory.add

    def look_before_adding(past, digest):
        seen.extend(one.summary for one in history.histories.values())
        add(past, digest)

    monkeypatch.setattr(TargetHistory, "add", look_before_adding)
    for _ in range(2):
        history.record(timed_out_report(target, Module("tls"), Phase.CONNECT, 1.0, 100.0))
    assert [one.failure for one in seen] == ["connect: timeout"]


def test_what_is_forgotten_is_gone():
    history = History()
    target = Target("a.example:1", parse_endpoint("a.example:1"), "tls")
    history.record(timed_out_report(target, Module("tls"), Phase.CONNECT, 1.0, 100.0))
    assert history.histories[target].summary.failure == "connect: timeout"
    assert history.histories[target].first == 99.0
    history.forget(target)
    history.forget(target)
    assert len(history) == 0
