"""The page of one target, and the probe by hand: who may start it, from where, how often."""

import html
import re
from urllib.parse import unquote

import pytest
from aiohttp import FormData, web
from support.site import configuration, serving

from exporter.config.reader import load
from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS
from exporter.web.pages import url
from exporter.web.target_page import PROBES_AT_ONCE
from exporter.web.templating import date, short_name, span, with_code

CLOSED = "127.0.0.1:1"
FORM = {"target": CLOSED, "module": "tls"}
QUICK = [one for one in SCENARIOS if one.name not in ("never-answers", "drip")]


@pytest.fixture(scope="module")
def gallery():
    with Gallery(QUICK) as running:
        yield running


async def test_every_scenario_has_a_page(gallery):
    """Whatever the endpoint does, its page is made, and holds nothing that a browser would run or a person misread."""
    async with serving(load(str(gallery.config_file))) as site:
        await site.get("/metrics")
        for scenario in gallery.scenarios:
            target = gallery.targets[scenario.name]
            status, _, text = await site.get("/target", params={"target": target, "module": scenario.module})
            assert status == 200, text
            assert "Timeline" in text
            assert text.count("<script") == 1
            assert all(line.isprintable() for line in text.split("\n"))


async def page_of(site, gallery, name):
    return (await site.get("/target", params={"target": gallery.targets[name]}))[2]


async def test_what_a_page_tells(gallery):
    async with serving(load(str(gallery.config_file))) as site:
        await site.get("/metrics")
        text = await page_of(site, gallery, "expired")
        assert "certificate_expired" in text
        assert "What it means" in text
        assert "not trusted" in text
        text = await page_of(site, gallery, "valid")
        assert "Nothing found" in text
        assert "root, from the trusted roots" in text
        assert "-----BEGIN CERTIFICATE-----\n" in text
        text = await page_of(site, gallery, "chain-out-of-order")
        assert "not trusted" not in text
        text = await page_of(site, gallery, "fatal-alert")
        assert "alert_handshake_failure" in text
        assert "Nothing found" not in text
        text = await page_of(site, gallery, "hostile-subject")
        assert "&lt;script" in text


async def test_changes_are_reported(gallery):
    async with serving(load(str(gallery.config_file))) as site:
        await site.get("/metrics")
        gallery.repair("self-signed")
        await site.get("/metrics")
        text = await page_of(site, gallery, "self-signed")
    assert "new certificate" in text
    assert "no longer certificate_self_signed" in text
    assert "The last 2 of 2 probes" in text


async def test_no_such_target():
    async with serving(configuration(CLOSED)) as site:
        for query in ("", "target=", "target=127.0.0.1:2", f"target={CLOSED}&module=https"):
            assert (await site.get(f"/target?{query}"))[0] == 404


async def test_a_target_that_only_probe_was_asked_for_has_a_page_but_no_button():
    async with serving(configuration(allow=["127.0.0.0/8:*"])) as site:
        await site.probe("127.0.0.1:2")
        status, _, text = await site.get("/target?target=127.0.0.1:2")
        assert status == 200
        assert "Probe now" not in text
        assert (await site.get("/target", method="POST", data={"target": "127.0.0.1:2"}))[0] == 404


async def test_a_probe_by_hand():
    async with serving(configuration(CLOSED)) as site:
        assert "Probe now" in (await site.get(f"/target?target={CLOSED}"))[2]
        status, headers, _ = await site.get("/target", method="POST", data=FORM, allow_redirects=False)
        assert (status, headers["Location"]) == (303, "target?target=127.0.0.1:1&module=tls")
        assert len(site.engine.last) == 1
        assert "connect" in (await site.get("/target", method="POST", data=FORM))[2]


async def test_by_get_nothing_is_probed():
    async with serving(configuration(CLOSED)) as site:
        await site.get("/target", params=FORM)
        assert not site.engine.last


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
async def test_another_site_cannot_start_a_probe(headers):
    for authenticates in (False, True):
        async with serving(configuration(CLOSED), authenticates=authenticates) as site:
            assert (await site.get("/target", method="POST", data=FORM, headers=headers))[0] == 403
            assert not site.engine.last


async def test_a_body_of_another_kind_is_not_read(monkeypatch):
    """Neither multipart, whose files would be written to disk, nor what only looks like a form."""

    async def refuse(_):
        raise AssertionError("the body was parsed")

    monkeypatch.setattr(web.BaseRequest, "post", refuse)
    async with serving(configuration(CLOSED)) as site:
        body = FormData(FORM)
        body.add_field("file", b"x" * 1000, filename="a")
        assert (await site.get("/target", method="POST", data=body))[0] == 404
        headers = {"Content-Type": "text/plain"}
        assert (await site.get("/target", method="POST", data=b"target=127.0.0.1:1", headers=headers))[0] == 404
        many = "&".join(f"a{number}=1" for number in range(1000)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await site.get("/target", method="POST", data=many, headers=headers))[0] == 404
        assert (await site.get("/target", method="POST", data=b"\xff", headers=headers))[0] == 404
        assert not site.engine.last


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
async def test_another_site_cannot_reload(method, headers):
    async with serving(configuration(CLOSED)) as site:
        assert (await site.get("/-/reload", method=method, headers=headers))[0] == 403
        assert (await site.get("/-/reload", method=method))[0] == 500, "this site has nothing to reload"


async def test_our_own_page_can():
    async with serving(configuration(CLOSED)) as site:
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": site.url}
        assert (await site.get("/target", method="POST", data=FORM, headers=headers))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:10054"},  # a name that was rebound to the loopback
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"X-Forwarded-For": "192.0.2.1"},  # a proxy on this machine speaks for somebody else
        {"Forwarded": "for=192.0.2.1"},
        {"X-Real-IP": "192.0.2.1"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_without_authentication_only_this_machine_may(headers):
    async with serving(configuration(CLOSED)) as site:
        assert (await site.get("/target", method="POST", data=FORM, headers=headers))[0] == 403
        assert "Probe now" not in (await site.get(f"/target?target={CLOSED}", headers=headers))[2]
        assert not site.engine.last
    async with serving(configuration(CLOSED), authenticates=True) as site:
        assert (await site.get("/target", method="POST", data=FORM, headers=headers))[0] == 200


async def test_the_name_of_the_external_url_is_ours():
    async with serving(configuration(CLOSED), external_url="http://tls.example/") as site:
        assert (await site.get("/target", method="POST", data=FORM, headers={"Host": "tls.example"}))[0] == 200


async def test_probes_by_hand_are_limited():
    async with serving(configuration(CLOSED)) as site:
        statuses = [
            (await site.get("/target", method="POST", data=FORM, allow_redirects=False))[0]
            for _ in range(PROBES_AT_ONCE + 1)
        ]
    assert statuses == [303] * PROBES_AT_ONCE + [429]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("CN=localhost", "localhost"),
        ("O=Example,CN=a\\,b", "a\\,b"),
        ("O=Example\\,CN=no", "O=Example\\,CN=no"),
        ("", "(empty subject)"),
        ("CN=" + "x" * 500, "x" * 197 + "..."),
    ],
)
def test_common_names(name, wanted):
    assert short_name(name) == wanted


def test_words():
    assert span(-3 * 86400) == "3 d"
    assert [span(one) for one in (0, 119, 600, 7200, 172800)] == ["0 s", "119 s", "10 min", "2 h", "2 d"]
    assert date(0) == "1970-01-01 00:00:00"
    assert date(None) == "unknown"
    assert date(10**17) == str(10**17)
    assert url("target", target="a b", module="", page=None) == "target?target=a+b"
    assert with_code("use `<b>` now") == "use <code>&lt;b&gt;</code> now"


async def test_each_team_has_its_own_page_of_one_endpoint():
    """The list leads to both, and a probe by hand comes back to the page that it came from."""
    two = configuration((CLOSED, "tls", {"team": "web"}), (CLOSED, "tls", {"team": "shop"}))
    async with serving(two) as site:
        text = (await site.get("/"))[2]
        links = re.findall(r'<a href="(target[^"]+)"', text)
        assert len(set(links)) == 2
        for link, team in zip(sorted(map(html.unescape, links)), ("shop", "web"), strict=True):
            page = (await site.get(f"/{link}"))[2]
            assert f'<span class="quiet">team=</span>{team}' in page
            fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
            status, headers, _ = await site.get(
                "/target", method="POST", allow_redirects=False, data={k: html.unescape(v) for k, v in fields.items()}
            )
            assert (status, unquote(headers["Location"])) == (303, unquote(link))
