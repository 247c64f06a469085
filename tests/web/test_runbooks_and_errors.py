"""Runbooks that the exporter serves itself, errors as pages, and the banner of a refused configuration."""

import re

import pytest
from support.site import configuration, serving

from exporter.findings.catalogue import CATALOGUE
from exporter.web.runbook_page import html_of, names

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_every_finding_has_its_runbook():
    assert set(CATALOGUE) <= names()


@pytest.mark.parametrize("name", sorted(names()))
def test_every_link_between_runbooks_leads_to_a_heading_or_page(name):
    text = html_of(name)
    assert "<h1" in text
    assert "<!--" not in text
    for page, _, heading in (link.partition("#") for link in re.findall(r'href="([^"]+)"', text)):
        if page.startswith("https://"):
            continue
        assert page in names() | {""}
        assert not heading or f'id="{heading}"' in html_of(page or name)


async def test_runbooks_are_pages_of_the_exporter():
    async with serving(configuration("127.0.0.1:1"), route_prefix="/tls") as site:
        status, headers, text = await site.get("/runbooks/certificate_expired")
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "<h1" in text
        assert 'href="../static/style.css' in text
        assert (await site.get("/runbooks/"))[0] == (await site.get("/runbooks/servers.md"))[0] == 200
        for name in ("nothing", "%2e%2e%2fpyproject", "..%2findex"):
            assert (await site.get(f"/runbooks/{name}"))[0] == 404, name


async def test_the_address_that_alerts_have_ends_in_a_slash():
    async with serving(configuration("127.0.0.1:1")) as site:
        status, headers, _ = await site.get("/runbooks/robot/", allow_redirects=False)
        assert (status, headers["Location"]) == (308, "../robot")
        assert (await site.get("/runbooks/robot/"))[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing/here", 404, "There is nothing at"),
        ("/target?target=nowhere", 404, "no such target"),
        ("/probe", 400, "the parameter target must be given"),
        ("/probe?target=<script>", 403, "&lt;script&gt;"),
        ("/metrics?module=nothing", 400, "unknown module"),
        ("/sd?shard=x", 400, "bad shard"),
    ],
)
async def test_a_browser_gets_an_error_as_a_page_with_a_way_back(path, status, words):
    async with serving(configuration("127.0.0.1:1")) as site:
        seen, headers, text = await site.get(path, headers=BROWSER)
        assert seen == status
        assert headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert words in text
        assert "All targets</a>" in text
        seen, headers, text = await site.get(path, headers={"Accept": "*/*"})
        assert (seen, headers["Content-Type"].partition(";")[0]) == (status, "text/plain")
        assert "<html" not in text


async def test_a_refusal_keeps_what_it_says_in_its_header():
    async with serving(configuration("127.0.0.1:1")) as site:
        status, headers, _ = await site.get("/-/reload", headers=BROWSER)
        assert (status, headers["Allow"]) == (405, "POST,PUT")


async def test_a_refused_configuration_is_reported_on_every_page():
    async with serving(configuration("127.0.0.1:1")) as site:
        assert "refused" not in (await site.get("/"))[2]
        site.site.refused = ("config.yaml:3:5: modules.x: unknown key <b>",)
        for path in ("/", "/runbooks/robot", "/target?target=127.0.0.1:1"):
            text = (await site.get(path, headers=BROWSER))[2]
            assert "The configuration on disk is refused." in text
            assert "config.yaml:3:5: modules.x: unknown key &lt;b&gt;" in text
