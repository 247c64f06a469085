"""Every STARTTLS dialogue against its transcript, against every split of it, and against any bytes at all."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.transcripts import FOLDER, Scene, all_scenes, unescape

from exporter.wire.dialogue import MAX_BYTES, MAX_QUOTED, printable_untrusted
from exporter.wire.starttls import PROTOCOLS, DialogueError, DialogueReason

SCENES = all_scenes()
HOST = "im.example.com"


def converse(protocol: str, arrivals: Iterable[bytes]) -> tuple[bytes, str, bytes]:
    """Return what the client said, how it ended (as a transcript writes it), and what came too early."""
    feed: Iterator[bytes] = iter(arrivals)
    said, dialogue = b"", PROTOCOLS[protocol](HOST)
    try:
        step = next(dialogue)
        while True:
            said += step
            step = dialogue.send(b"" if step else next(feed, b""))
    except StopIteration as go_ahead:
        return said, "TLS", go_ahead.value
    except DialogueError as error:
        return said, f"{error.reason}: {error.detail}", b""


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(set(cuts)), len(data)]
    return [part for start, end in pairwise(edges) if (part := data[start:end])]


def expected(scene: Scene) -> tuple[str, bytes]:
    outcome, _, early = scene.outcome.partition(", and too early: ")
    return outcome, unescape(early)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.protocol}: {scene.title}")
def test_transcript(scene):
    """The client says what the transcript says, each time after what it heard, and ends as it says."""
    outcome, early = expected(scene)
    dialogue, ended = PROTOCOLS[scene.protocol](HOST), ""
    said = step = b""
    turns = [*scene.turns, ("end", b"")]
    try:
        step = next(dialogue)
        for speaker, data in turns:
            while step:
                said += step
                step = dialogue.send(b"")
            if speaker == "C":
                assert said.startswith(data)
                said = said[len(data) :]
            elif speaker == "S":
                assert said == b"", "the client spoke out of turn"
                step = dialogue.send(data)
            else:
                pytest.fail(f"the dialogue goes on: {said + step!r}")
    except StopIteration as go_ahead:
        ended, leftover = "TLS", go_ahead.value
    except DialogueError as error:
        ended, leftover = f"{error.reason}: {error.detail}", b""
    assert (ended, leftover) == (outcome, early)
    assert converse(scene.protocol, [scene.hears])[0] == scene.says


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.protocol}: {scene.title}")
def test_byte_by_byte(scene):
    """One byte at a time gives the same; only what would be heard after the go-ahead is not heard then."""
    outcome, early = expected(scene)
    result = converse(scene.protocol, split(scene.hears, range(len(scene.hears))))
    assert result == (scene.says, outcome, b"")
    whole = converse(scene.protocol, [scene.hears])
    assert whole == (scene.says, outcome, early)


@settings(deadline=None)
@given(st.data())
def test_any_split_gives_the_same_result(data):
    scene = data.draw(st.sampled_from(SCENES))
    cuts = data.draw(st.lists(st.integers(0, len(scene.hears)), max_size=8))
    said, outcome, _ = converse(scene.protocol, split(scene.hears, cuts))
    assert (said, outcome) == (scene.says, expected(scene)[0])


def check_result(protocol: str, heard: bytes, cuts: list[int]) -> None:
    said, outcome, early = converse(protocol, split(heard, cuts))
    assert outcome.partition(":")[0] in {"TLS", *DialogueReason}
    assert outcome.isprintable()
    assert len(outcome) < MAX_QUOTED + 120
    assert early in heard
    assert (said, outcome) == converse(protocol, [heard])[:2]


@settings(deadline=None)
@given(st.sampled_from(sorted(PROTOCOLS)), st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_any_bytes_end_in_a_result(protocol, heard, cuts):
    check_result(protocol, heard, cuts)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_dialogue_ends_in_a_result(data):
    """Real dialogues with pieces dropped, doubled, replaced: deeper than random bytes come."""
    scene = data.draw(st.sampled_from(SCENES))
    heard = bytearray(scene.hears)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(heard)))
        end = data.draw(st.integers(start, min(len(heard), start + 12)))
        heard[start:end] = data.draw(st.one_of(st.binary(max_size=6), st.just(bytes(heard[start:end] * 2))))
    check_result(scene.protocol, bytes(heard), data.draw(st.lists(st.integers(0, len(heard)), max_size=4)))


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
@pytest.mark.parametrize("pattern", [b"220-\r\n", b"* x\r\n", b"+OK\r\n", b'"x"\r\n', b"NOTICE x\r\n", b"A", b"<a>"])
def test_a_server_that_never_stops_talking(protocol, pattern):
    """Whatever is said without end, the dialogue ends with what it says, or after MAX_BYTES of it."""
    heard = []

    def talk():
        while True:
            heard.append(pattern * 100)
            yield heard[-1]

    _, outcome, _ = converse(protocol, talk())
    assert outcome.startswith(("too_much_data: more than 65536 bytes before TLS", "starttls_"))
    assert sum(map(len, heard)) <= MAX_BYTES + 100 * len(pattern)


def test_the_limit_does_not_depend_on_the_split():
    greeting = b"* OK " + b"x" * MAX_BYTES + b"\r\n"
    whole, parts = converse("imap", [greeting]), converse("imap", split(greeting, range(0, len(greeting), 1000)))
    assert whole == parts == (b"", "too_much_data: more than 65536 bytes before TLS", b"")


def test_every_protocol_has_a_transcript_and_a_port():
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(PROTOCOLS)
    assert all(0 < dialogue.port < 65536 and dialogue.reference for dialogue in PROTOCOLS.values())


def test_what_a_server_says_cannot_leave_its_line():
    """Control characters, direction overrides and broken UTF-8 are escaped; the length is bounded."""
    assert printable_untrusted(b"a\r\nb\x1b[31m\xff\x00") == r"a\r\nb\x1b[31m\xff\x00"
    assert printable_untrusted("ü\u202e\u2028\x85".encode()) == r"ü\u202e\u2028\x85"
    long = printable_untrusted(b"\x00" * 10_000)
    assert len(long) == MAX_QUOTED
    assert long.endswith("…")


def test_a_hostile_name_cannot_leave_the_xml():
    said, _, _ = (next(PROTOCOLS["xmpp"]("a'/><x>")), "", b"")
    assert b"to='a&#x27;/&gt;&lt;x&gt;'" in said
