"""A short soak: scrapes with reloads, hang-ups and churn in between leave nothing behind. The long one is a script."""

from soak import soak

from exporter.net.resolve import RESOLVER_THREADS
from exporter.posture.refresh import SCANS_AT_ONCE

SCRAPES = 200
DESCRIPTORS = 60  # of the exporter itself, its listeners, and the connections of a moment
THREADS = RESOLVER_THREADS + 20
TASKS = 20 + SCANS_AT_ONCE  # a scan waits for its pace in a task of its own


def test_a_short_soak_leaves_nothing_behind():
    """No scrape fails; at the end no probe is in flight, and no descriptor of one is open."""
    report = soak(SCRAPES)
    assert report.failed == 0
    assert report.faults == []
    assert report.hung_up >= SCRAPES / 20
    assert report.reloads >= 3
    last = report.samples[-1]
    assert last.in_flight == 0
    assert last.descriptors <= DESCRIPTORS
    assert last.threads <= THREADS
    assert last.tasks <= TASKS
    assert max(last.caches.values()) < 1000
    assert "slope" in report.text()
