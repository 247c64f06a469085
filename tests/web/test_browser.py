"""The pages in a real browser, on the demo: what they show and do, in light and dark, wide and narrow, by keyboard.

No console message, no refused request and no serious fault of accessibility is accepted anywhere.
"""

import contextlib
import json
import re
import tempfile
from pathlib import Path

import pytest
from support.exporter_process import ROOT, running_exporter
from support.programs import missing, need

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:  # a platform without a wheel: the fixture says so
    expect = sync_playwright = None

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "docs" / "pictures"
MAX_PICTURE = 200_000
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def exporter():
    """Run the demo, scraped twice."""
    with running_exporter(command=("demo",)) as running:
        running.scrape()
        running.scrape()
        yield running


@pytest.fixture(scope="module")
def targets(exporter):
    """Return the address of each scenario's page."""
    groups = json.loads(exporter.request("/sd").body)
    return {
        group["labels"]["scenario"]: f"{exporter.url}/target?target={group['targets'][0]}"
        f"&module={group['labels']['__param_module']}"
        for group in groups
    }


@pytest.fixture(scope="module")
def browser():
    if sync_playwright is None:
        missing("the package playwright is not installed")
    program = need("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()


@pytest.fixture
def opened(browser, exporter):
    """Return what opens a page; at the end, nothing may have gone wrong in it."""
    wrong, contexts = [], []

    def open_page(address="/", **options):
        context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        page.on("response", lambda answer: wrong.append(f"{answer.status}: {answer.url}") if answer.status > 399 else 0)
        page.on(
            "request",
            lambda request: None if request.url.startswith(exporter.url) else wrong.append(f"elsewhere: {request.url}"),
        )
        page.goto(address if address.startswith("http") else exporter.url + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def names(page):
    return page.locator("table.targets tbody .tags").all_inner_texts()


def rows(page):
    return page.locator("table.targets tbody tr")


def faults(page):
    """Return the serious faults that axe finds, each with its element."""
    if not AXE.exists():
        missing("the npm package axe-core is not installed")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:150]} ({node['failureSummary'][:300]})"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def test_every_target_is_listed_the_worst_first(opened, targets):
    page = opened()
    assert rows(page).count() == len(targets)
    assert "Down" in rows(page).first.inner_text()
    assert rows(page).last.locator(".badge.good").count() == 1
    assert page.title() == "Targets · tls-exporter"


def test_typing_filters_without_loading(opened, targets):
    page = opened()
    page.evaluate("window.same = true")
    page.get_by_role("searchbox", name="Filter targets").press_sequentially("expired scenario")
    expect(rows(page)).to_have_count(sum("expired" in name for name in targets))
    assert all("expired" in text for text in names(page))
    assert "q=expired" in page.url
    assert page.evaluate("window.same") is True
    assert page.evaluate("document.activeElement.name") == "q"
    page.reload()
    assert page.get_by_role("searchbox").input_value() == "expired scenario"
    assert all("expired" in text for text in names(page))


def test_choices_and_heads_filter_and_sort_without_loading(opened):
    page = opened()
    page.evaluate("window.same = true")
    page.get_by_role("link", name=re.compile("^Critical")).click()
    expect(page.locator(".tab.critical")).to_have_attribute("aria-current", "true")
    assert rows(page).count() == page.locator("td .count.critical").count()
    assert page.locator(".tab[aria-current]").inner_text().startswith("Critical")
    page.get_by_role("link", name="Expires").click()
    page.wait_for_selector("th.expiry[aria-sort=ascending]")
    first = names(page)[0]
    assert "expired" in first
    page.get_by_role("link", name="Expires").click()
    page.wait_for_selector("th.expiry[aria-sort=descending]")
    assert names(page)[-1] == first
    assert page.evaluate("window.same") is True
    page.get_by_role("searchbox").fill("expired-intermediate")
    expect(rows(page)).to_have_count(1)
    assert "show=critical" in page.url
    assert "order=desc" in page.url


def test_the_module_is_chosen_from_a_list(opened):
    page = opened()
    page.get_by_label("Module").select_option("demo-smtp")
    expect(rows(page)).to_have_count(2)
    assert all("smtp" in text for text in names(page))


def test_without_scripts_the_same_works_by_loading(opened):
    page = opened(java_script_enabled=False)
    page.get_by_role("searchbox").fill("expired")
    page.get_by_role("button", name="Filter").click()
    assert all("expired" in text for text in names(page))
    page.get_by_role("link", name="Expires").click()
    assert page.locator("th.expiry[aria-sort=ascending]").count() == 1
    page.get_by_role("link", name=re.compile("^Critical")).click()
    assert rows(page).count() == 2
    page.locator("td.target a").first.click()
    assert page.get_by_role("heading", name="Findings").is_visible()


def test_by_keyboard(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    page.keyboard.type("wrong-name")
    expect(rows(page)).to_have_count(1)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('td.target') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/target?**")
    assert page.get_by_text("certificate_name_mismatch").is_visible()


def test_the_page_of_a_target(opened, targets):
    page = opened(targets["missing-intermediate"])
    for heading in ("Findings", "Certificate chain", "Session", "Timeline", "Last results"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert page.get_by_text("certificate_chain_incomplete").is_visible()
    assert page.locator(".chain .link").count() == 1
    assert page.locator(".recent rect.phase").count() == 2
    details = page.get_by_text("Serial number, fingerprints, PEM")
    details.click()
    assert page.locator("pre").inner_text().startswith("-----BEGIN CERTIFICATE-----\n")


def test_the_chain_of_a_good_target_ends_at_a_root(opened, targets):
    page = opened(targets["valid"])
    roles = page.locator(".chain .role").all_inner_texts()
    assert roles == ["leaf", "intermediate, sent", "root, from the trusted roots"]
    assert page.locator(".verdict.no").count() == 0


def test_a_hostile_subject_is_text(opened, targets):
    page = opened(targets["hostile-subject"])
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    subject = page.locator("dd", has_text="script").first
    assert "alert(1)" in subject.inner_text()
    assert page.locator("main script").count() == 0
    assert "\u202e" not in page.content()
    assert "\x1b" not in page.content()
    assert not dialogs


def test_a_probe_by_hand(opened, targets):
    page = opened(targets["valid"])
    before = page.locator(".recent rect.phase").count()
    page.get_by_role("button", name="Probe now").click()
    page.wait_for_load_state()
    assert page.locator(".recent rect.phase").count() == before + 1


def test_a_label_narrows_the_list_and_a_chip_widens_it_again(opened, targets):
    page = opened()
    page.evaluate("window.same = true")
    page.get_by_role("link", name="scenario=wrong-name").click()
    expect(rows(page)).to_have_count(1)
    assert "label=scenario%3Dwrong-name" in page.url
    page.get_by_role("searchbox").fill("wrong")
    expect(page).to_have_url(re.compile("q=wrong"))
    assert "label=scenario%3Dwrong-name" in page.url
    page.get_by_role("link", name="remove this filter").click()
    expect(page.locator(".chip")).to_have_count(0)
    page.get_by_role("searchbox").fill("")
    expect(rows(page)).to_have_count(len(targets))
    assert page.evaluate("window.same") is True


def test_targets_in_groups(opened, targets):
    page = opened()
    page.get_by_label("Group by").select_option("module")
    expect(page.locator("tr.group").first).to_be_visible()
    groups = page.locator("tr.group th").all_inner_texts()
    assert [group.split()[0] for group in groups] == sorted(group.split()[0] for group in groups)
    assert sum(int(group.split()[-1]) for group in groups) == len(targets)
    page.get_by_label("Group by").select_option("issuer")
    expect(page.locator("tr.group", has_text="Demo Intermediate CA")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_each_certificate_once_with_a_calendar(opened, scripts):
    page = opened("/certificates", java_script_enabled=scripts)
    weeks = page.locator(".week")
    assert 13 <= weeks.count() <= 14
    ends = sum(int(text) for text in page.locator(".week b").all_inner_texts() if text.strip())
    assert ends > 5
    page.locator(".week", has=page.locator("rect.many")).first.click()
    expect(page.locator(".week.chosen")).to_have_count(1)
    assert rows(page).count() == int(page.locator(".week.chosen b").inner_text())
    page.get_by_role("link", name="remove this filter").click()
    expect(page.locator(".week.chosen")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Expired")).click()
    expect(page.locator(".tab[aria-current]")).to_contain_text("Expired")
    assert rows(page).count() == page.locator("b.expired").count() > 1
    rows(page).first.locator("td.target a").click()
    expect(page).to_have_url(re.compile("fingerprint=[0-9a-f]{64}"))
    assert page.title() == "Targets · tls-exporter"
    assert rows(page).count() >= 1


def test_a_fingerprint_is_copied_and_a_chain_downloaded(opened, targets):
    page = opened(targets["valid"], permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Serial number, fingerprints, PEM").first.click()
    page.get_by_role("button", name="Copy the fingerprint").first.click()
    expect(page.get_by_role("button", name="Copied the fingerprint")).to_be_visible()
    assert re.fullmatch("[0-9a-f]{64}", page.evaluate("navigator.clipboard.readText()"))
    page.get_by_role("button", name="Copy the PEM").first.click()
    expect(page.get_by_role("button", name="Copied the PEM")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").count("-----BEGIN CERTIFICATE-----\n") == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as presented").click()
    chain = Path(download.value.path()).read_text()
    assert chain.count("-----BEGIN CERTIFICATE-----\n") == 2
    assert download.value.suggested_filename == "chain.pem"


def test_a_finding_leads_to_its_runbook_and_back(opened, targets):
    page = opened(targets["wrong-name"])
    page.get_by_role("link", name="Runbook", exact=True).click()
    assert page.get_by_role("heading", name="The certificate is for another name").is_visible()
    page.get_by_role("link", name="Runbooks").last.click()
    assert page.url.endswith("/runbooks/")


def test_without_scripts_no_button_promises_to_copy(opened, targets):
    page = opened(targets["valid"], java_script_enabled=False)
    page.get_by_text("Serial number, fingerprints, PEM").first.click()
    assert not page.get_by_role("button", name="Copy").first.is_visible()


def test_an_error_is_a_page_with_a_way_back(browser, exporter):
    page = browser.new_context().new_page()
    answer = page.goto(f"{exporter.url}/a/page/that/is/not/there")
    assert answer.status == 404
    assert faults(page) == []
    page.get_by_role("link", name="All targets").click()
    assert page.title() == "Targets · tls-exporter"
    page.context.close()


def test_looking_does_not_probe(browser, tmp_path):
    """On an exporter that nobody else scrapes; its own metrics tell how often it has probed."""
    config = tmp_path / "config.yaml"
    config.write_text('targets: [{targets: ["127.0.0.1:1"]}]')
    with running_exporter(config_file=config) as quiet:
        assert quiet.scrape().value("tls_exporter_probes_total", outcome="connect") == 1
        page = browser.new_context().new_page()
        for address in ("/", "/certificates", "/target?target=127.0.0.1:1", "/api/v1/targets", "/?group=issuer&q=a"):
            page.goto(quiet.url + address)
        page.context.close()
        assert quiet.scrape("/exporter").value("tls_exporter_probes_total", outcome="connect") == 1


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_light_and_dark(opened, targets):
    for address in ("/", targets["expired"]):
        light, dark = opened(address), opened(address, color_scheme="dark")
        assert background(light) != background(dark)
        assert sum(map(int, re.findall(r"\d+", background(dark))[:3])) < 120


@pytest.mark.parametrize(
    ("viewport", "scheme", "scenarios"),
    [
        (WIDE, "light", ("valid", "old-versions", "fatal-alert", "hostile-subject", "hsts-missing")),
        (WIDE, "dark", ("expired", "old-versions", "fatal-alert")),
        (NARROW, "light", ("expired", "fatal-alert")),
        (NARROW, "dark", ("valid",)),
    ],
    ids=["wide-light", "wide-dark", "narrow-light", "narrow-dark"],
)
def test_nothing_is_hard_to_use(opened, targets, viewport, scheme, scenarios):
    lists = ("/", "/?q=nothing-like-this", "/?group=issuer&severity=high", "/certificates", "/certificates?show=leaf")
    for address in (*lists, "/runbooks/", "/runbooks/certificate_expired", *(targets[name] for name in scenarios)):
        page = opened(address, color_scheme=scheme, viewport=viewport)
        for details in page.locator("summary").all():
            details.click()
        assert faults(page) == [], address


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_page_is_wider_than_the_screen(opened, targets, width):
    pages = ("/", "/certificates", "/?group=issuer&label=scenario", "/runbooks/", "/runbooks/servers")
    for address in (*pages, targets["hostile-subject"], targets["many-names"], targets["fatal-alert"]):
        page = opened(address, viewport={"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_pictures(opened, targets, exporter, request):
    """The pictures of the docs are of these pages; `--accept` takes them again."""
    accept = request.config.getoption("--accept")
    exporter.scrape()
    with contextlib.ExitStack() as stack:
        folder = PICTURES if accept else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        for name, address, scheme in (
            ("targets", "/?sort=expiry", "light"),
            ("targets-dark", "/?sort=expiry", "dark"),
            ("certificates", "/certificates", "light"),
            ("certificates-dark", "/certificates", "dark"),
            ("target", targets["wrong-name"], "light"),
            ("target-dark", targets["wrong-name"], "dark"),
        ):
            page = opened(address, color_scheme=scheme)
            page.screenshot(path=folder / f"{name}.png")
            assert (folder / f"{name}.png").stat().st_size < MAX_PICTURE
            assert (PICTURES / f"{name}.png").exists(), "take the pictures with --accept"
