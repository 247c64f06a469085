"""Names that anybody may invent: a few of each target are scanned, however many are asked for."""

from support.site import configuration, serving

from exporter.config.model import Module, PostureConfig
from exporter.web.scanned_names import FORGET_SECONDS, MAX_NAMES, MAX_TARGETS, ScannedNames

SCANNED = Module("scanned", posture=PostureConfig())
CLOSED = "127.0.0.1:1"


def names_scanned(names, *, target="a", count):
    return [names.limited(target, f"{n}.example", SCANNED).posture is not None for n in range(count)]


def test_the_first_names_of_a_target_are_scanned_and_stay_so():
    names = ScannedNames(lambda: 0.0)
    assert names_scanned(names, count=20) == [True] * MAX_NAMES + [False] * (20 - MAX_NAMES)
    assert names_scanned(names, count=20) == [True] * MAX_NAMES + [False] * (20 - MAX_NAMES)
    assert all(names_scanned(names, target="b", count=MAX_NAMES))


def test_a_name_that_nobody_asks_for_makes_room():
    now = [0.0]
    names = ScannedNames(lambda: now[0])
    names_scanned(names, count=MAX_NAMES)
    now[0] = FORGET_SECONDS
    assert names.limited("a", "new.example", SCANNED) is SCANNED


def test_a_module_that_looks_no_further_is_left_as_it_is():
    plain = Module("tls")
    names = ScannedNames()
    assert all(names.limited("a", str(n), plain) is plain for n in range(100))
    assert len(names) == 0


def test_targets_are_bounded():
    names = ScannedNames(lambda: 0.0)
    for number in range(MAX_TARGETS + 10):
        names.limited(number, "a.example", SCANNED)
    assert len(names) == MAX_TARGETS


async def test_invented_names_start_a_few_scans_only():
    """As many entries of posture as names are scanned; what is not looked at is absent."""
    config = configuration((CLOSED, "scanned"), modules=(SCANNED,))
    async with serving(config) as site:
        for number in range(3 * MAX_NAMES):
            await site.series(CLOSED, module="scanned", hostname=f"{number}.example")
        assert len(site.engine.assessor.postures) == MAX_NAMES
        await site.engine.assessor.postures.settled()
