"""The course of one probe, when several run under one progress: the variants of a target."""

from exporter.probe.result import Phase
from exporter.probe.trace import Progress, Trace


def test_variants_under_one_progress_do_not_take_each_others_phases():
    """While one variant connects, another shakes hands: times and failures stay with their own phases."""
    now = 0.0
    progress = Progress()
    slow, fast = Trace(lambda: now, progress), Trace(lambda: now, progress)
    with slow.during(Phase.CONNECT):
        now = 1.0
        with fast.during(Phase.HANDSHAKE):
            now = 3.0
        fast.note("done")
        assert slow.phase is Phase.CONNECT
    assert slow.durations == ((Phase.CONNECT, 3.0),)
    assert fast.durations == ((Phase.HANDSHAKE, 2.0),)
    assert [event.phase for event in fast.events] == [Phase.HANDSHAKE]
    assert progress.phase is Phase.HANDSHAKE, "the progress names the phase that was started last"
