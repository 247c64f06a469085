"""A clock that jumps is noticed once for each jump; one that is corrected or wanders is not."""

from exporter.daemon.clock_jump import JUMP_SECONDS, ClockJumpDetector


def test_each_jump_is_reported_once():
    clock, steady = 1e9, 5.0
    engine = ClockJumpDetector(lambda: clock, lambda: steady)
    jumps = []
    for step in (0, 0.5, 86_400, 0, -86_400, 0, JUMP_SECONDS, JUMP_SECONDS - 1, 1 - JUMP_SECONDS, -JUMP_SECONDS):
        clock, steady = clock + 5 + step, steady + 5
        jumps.append(engine.jumped())
    assert jumps == [0, 0, 86_400, 0, -86_400, 0, JUMP_SECONDS, 0, 0, -JUMP_SECONDS]
