"""Twenty peers that show something new at each scrape, for a while; for 24 hours' worth of scrapes it is a script."""

from churn import PEERS, PRESENTED, WARM_UP, churn

from exporter.scrape.series_limit import MAX_NEW_SERIES

SCRAPES = 25
MAX_GROWTH = 64  # MiB


def test_the_others_stay_as_they_are_and_the_process_ends_when_it_is_asked_to():
    """What the script reports, after a few scrapes: the slope is its business, the bounds are this test's."""
    report = churn(SCRAPES)
    assert len(PRESENTED) == PEERS
    assert report.scrapes == SCRAPES < WARM_UP
    assert report.changed == set()
    assert len(report.series) <= PEERS * (MAX_NEW_SERIES + 101) + 3 * PEERS
    assert report.memory[-1][1] - report.memory[0][1] < MAX_GROWTH
    assert report.status == 0
    assert "slope" in report.text()
