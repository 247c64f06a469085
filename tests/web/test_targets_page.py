"""The status page without a browser: what it lists, how it is narrowed, and that looking at it probes nothing."""

import html
import re

import pytest
from support.site import configuration, serving

from exporter.findings.catalogue import SEVERITIES
from exporter.findings.state import State, Status
from exporter.scrape.history import Summary, TargetHistory
from exporter.target import Target, parse_endpoint
from exporter.web.expiry import validity
from exporter.web.target_list import ORDERS, PAGE_SIZE, SHOWN, ListQuery, listing, row

NOW = 1_800_000_000.0
DAY = 86400
CLOSED = "127.0.0.1:1"


def target(name, module="tls", **labels):
    return Target(name, parse_endpoint(name), module, tuple(labels.items()))


def past(days=60.0, *, of=80.0, failure="", protocol="TLSv1.3", counts=(0, 0, 0, 0), findings=(), at=NOW - 5):
    """Return the past of a target with a certificate that has `days` left `of` its lifetime; None: it has none."""
    ends = None if days is None else int(NOW + days * DAY)
    begins = None if ends is None else int(ends - of * DAY)
    summary = Summary(at, 0.01, failure, protocol, begins, ends, counts, findings, "ab" * 32, status(counts, failure))
    made = TargetHistory(summary)
    made.add(summary)
    return made


def status(counts, failure):
    if failure:
        return Status(State.DOWN, "critical", "Refused", failure)
    worst = next((name for name, count in zip(SEVERITIES, counts, strict=True) if count), None)
    return Status(
        {None: State.HEALTHY, "low": State.HEALTHY, "medium": State.WARNING}.get(worst, State.VULNERABLE), worst
    )


PASTS = {
    target("good.example:1"): past(),
    target("long.example:1", team="web"): past(300, of=365),
    target("soon.example:1"): past(10, of=47, counts=(0, 0, 1, 0), findings=("certificate_expiring_soon",)),
    target("imminent.example:1"): past(2, of=47, counts=(0, 1, 0, 0), findings=("certificate_expiry_imminent",)),
    target("expired.example:1"): past(-3, counts=(1, 0, 0, 0), findings=("certificate_expired",)),
    target("weak.example:1", "https"): past(counts=(0, 2, 0, 1), findings=("cipher_rc4", "weak_dh", "no_pq")),
    target("old.example:1"): past(protocol="TLSv1.0", counts=(0, 0, 1, 0), findings=("tls10_accepted",)),
    target("down.example:1"): past(None, failure="connect: refused", protocol=""),
}
TARGETS = (*PASTS, target("new.example:1"))


def names(**query):
    return [one.target.name.partition(".")[0] for one in listing(TARGETS, PASTS, {}, ListQuery(**query), NOW).rows]


def test_the_worst_comes_first():
    assert names() == ["down", "expired", "imminent", "weak", "soon", "old", "good", "long", "new"]


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        ("down", {"down"}),
        ("critical", {"expired"}),
        ("high", {"weak", "imminent"}),
        ("medium", {"old", "soon"}),
        ("low", {"weak"}),
        ("expiring", {"expired", "imminent", "soon"}),
        ("healthy", {"good", "long"}),
        ("unknown", {"new"}),
    ],
)
def test_choices(show, wanted):
    assert set(names(show=show)) == wanted
    counts = {name: count for name, _, count in listing(TARGETS, PASTS, {}, ListQuery(), NOW).shown}
    assert counts[show] == len(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("WEAK", {"weak"}),
        ("team=web", {"long"}),
        ("tlsv1.0", {"old"}),
        ("rc4", {"weak"}),
        ("refused", {"down"}),
        ("https", {"weak"}),
        (".example expired", {"expired"}),
        ("nothing like this", set()),
    ],
)
def test_every_word_must_be_found(text, wanted):
    assert set(names(text=text)) == wanted


def test_modules():
    assert names(module="https") == ["weak"]


@pytest.mark.parametrize("sort", ORDERS)
def test_every_order_and_its_reverse_have_all(sort):
    assert sorted(names(sort=sort)) == sorted(names(sort=sort, descending=True)) == sorted(names())


def test_orders():
    assert names(sort="expiry")[:3] == ["expired", "imminent", "soon"]
    assert names(sort="target") == sorted(names())
    assert names(sort="protocol")[0] == "old"
    assert names(sort="findings")[:3] == ["expired", "weak", "imminent"]


def test_pages():
    many = [target(f"{number:04}.example:1") for number in range(2 * PAGE_SIZE + 1)]
    first, last = (listing(many, {}, {}, ListQuery(sort="target", page=page), NOW) for page in (1, 9999))
    assert (first.pages, first.page, len(first.rows)) == (3, 1, PAGE_SIZE)
    assert (last.page, len(last.rows)) == (3, 1)
    assert [one.target.name for one in last.rows] == ["0200.example:1"]


@pytest.mark.parametrize(
    ("days", "of", "level"),
    [
        (60, 80, "good"),
        (29, 90, "good"),
        (21.1, 90, "good"),
        (20.9, 90, "soon"),
        (11, 47, "soon"),
        (13, 47, "good"),
        (4, 47, "imminent"),
        (5, 47, "soon"),
        (2, 6, "good"),
        (1, 6, "soon"),
        (0.5, 6, "imminent"),
        (40, 365, "good"),
        (20, 365, "soon"),
        (6.9, 365, "imminent"),
        (-1, 90, "expired"),
        (91, 90, "early"),
    ],
)
def test_what_is_left_is_judged_by_the_lifetime(days, of, level):
    ends = int(NOW + days * DAY)
    assert validity(int(ends - of * DAY), ends, NOW).level == level


def test_what_is_not_known_is_not_judged():
    assert validity(None, None, NOW).level == "unknown"
    assert validity(0, None, NOW).level == "unknown"
    assert validity(None, int(NOW + DAY), NOW).level == "imminent"
    assert row(target("a.example:1"), None, NOW).colour == "unknown"


async def test_looking_probes_nothing():
    async with serving(configuration(CLOSED)) as site:
        for path in ("/", "/?show=down", f"/target?target={CLOSED}&module=tls", "/sd", "/config"):
            assert (await site.get(path))[0] == 200
        assert not site.engine.last
        assert "not probed yet" in (await site.get("/"))[2]


async def test_after_a_scrape_the_page_shows_what_it_saw():
    async with serving(configuration((CLOSED, "tls", {"team": '<b>"web"</b>'}))) as site:
        await site.get("/metrics")
        _, headers, text = await site.get("/")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "connect: refused" in text
    assert "&lt;b&gt;&#34;web&#34;&lt;/b&gt;" in text
    assert "<b>&#34;web" not in text


async def test_the_page_forbids_itself_what_it_does_not_need():
    async with serving(configuration(CLOSED)) as site:
        for path in ("/", f"/target?target={CLOSED}"):
            _, headers, text = await site.get(path)
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy
            assert "*" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert not re.search(r"<script>|\sstyle=|\son\w+=|https?://", html.unescape(text))


async def test_files_of_the_page():
    async with serving(configuration(CLOSED)) as site:
        _, _, text = await site.get("/")
        paths = re.findall(r'(?:href|src)="(static/[^"]+)"', text)
        assert len(paths) == 3
        for path in paths:
            status, headers, _ = await site.get(f"/{path}")
            assert status == 200
            assert "immutable" in headers["Cache-Control"]
        assert (await site.get("/static/style.css"))[1]["Cache-Control"] == "no-cache"
        for name in ("nothing.css", "..%2f..%2fapp.py", "../status.py", "%2e%2e/status.py"):
            assert (await site.get(f"/static/{name}"))[0] == 404


@pytest.mark.parametrize(
    "query",
    [
        "sort=nonsense",
        "show=nonsense",
        "page=0",
        "page=-1",
        "page=9999999",
        "page=x",
        "order=x",
        "module=x",
        "q=%00%ff",
    ],
)
async def test_nonsense_counts_as_not_given(query):
    async with serving(configuration(CLOSED)) as site:
        assert (await site.get(f"/?{query}"))[0] == 200


async def test_all_links_stay_below_a_prefix():
    """The pages work behind a proxy that takes a prefix away as well as with --web.route-prefix."""
    async with serving(configuration(CLOSED), route_prefix="/tls", telemetry_path="/scrape") as site:
        _, _, text = await site.get("/")
        links = re.findall(r'(?:href|src|action)="([^"]*)"', text)
        assert not [link for link in links if link.startswith("/")]
        for link in links:
            if link != "#main":
                assert (await site.get(f"/{html.unescape(link)}"))[0] == 200, link


def test_every_choice_and_order_has_words():
    assert all(words for words, _ in ORDERS.values())
    assert all(SHOWN.values())


async def test_ten_thousand_targets_are_a_page_of_a_hundred():
    config = configuration(*(f"10.{n >> 8}.{n & 255}.1:1" for n in range(10_000)))
    async with serving(config) as site:
        _, _, text = await site.get("/?page=3")
    assert text.count("<tr class=") == PAGE_SIZE
    assert "Page 3 of 100" in text
    assert len(text) < 200_000
