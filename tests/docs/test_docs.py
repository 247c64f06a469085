"""The documentation: what is generated is not stale, what is written by hand is there, and the site builds strictly."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter.config.reader import load
from exporter.findings.catalogue import CATALOGUE
from exporter.metrics.vocabulary import VOCABULARY
from tests.mixin.test_rules import NAMES
from tests.support.programs import missing, run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNBOOKS = DOCS / "runbooks"
PAGES_WITH_CONFIGURATIONS = (
    "configuration.md",
    "quickstart.md",
    "acting-on-findings.md",
    "acme.md",
    "internal-ca.md",
    "kubernetes.md",
    "two-teams.md",
)


def check(folder: Path) -> str:
    """Run the check of a copy's generator; return what it prints, "" if nothing is stale."""
    command = [sys.executable, str(folder / "docs" / "generate.py"), "--check"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "PATH": ""}
    )
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "mixin", tmp_path / "mixin", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_nothing_is_stale():
    assert check(ROOT) == ""


def test_a_change_of_an_alert_is_noticed(copy):
    alerts = copy / "mixin" / "alerts.yaml"
    alerts.write_text(alerts.read_text().replace("for: 2m", "for: 3m", 1))
    assert "runbooks/TLSTargetUnreachable.md is stale" in check(copy)


def test_a_missing_runbook_is_noticed(copy):
    (copy / "docs" / "runbooks" / "robot.md").unlink()
    assert "runbooks/robot.md is missing" in check(copy)


def test_a_runbook_of_what_is_no_more_is_noticed(copy):
    page = copy / "docs" / "runbooks" / "gone.md"
    page.write_text("<!-- generated: finding gone -->\n<!-- end of generated part -->\n")
    assert "there is no 'finding gone' any more" in check(copy)


def test_a_configuration_key_without_words_is_noticed(copy):
    keys = copy / "docs" / "configuration_keys.py"
    keys.write_text(keys.read_text().replace('"global.concurrency"', '"global.concurency"'))
    text = check(copy)
    assert "says nothing of global.concurrency" in text


@pytest.mark.parametrize("name", [*CATALOGUE, *NAMES])
def test_each_runbook_has_a_heart(name):
    """Beyond the generated frame: how to look by hand, with a command or query, and how to mend it."""
    _, _, heart = (RUNBOOKS / f"{name}.md").read_text().partition("<!-- end of generated part -->")
    headings = re.findall(r"^## (.+)$", heart, re.MULTILINE)
    assert headings == (["Check by hand", "Fix"] if name in CATALOGUE else ["First look", "Fix"])
    for section in re.split(r"^## .+$", heart, flags=re.MULTILINE)[1:]:
        assert len(section.split()) >= 5


def test_runbooks_are_those_of_the_catalogues():
    pages = {path.stem for path in RUNBOOKS.glob("*.md")}
    assert pages == {*CATALOGUE, *NAMES, "index", "servers"}


def test_runbook_addresses_of_alerts_are_pages():
    for path in (ROOT / "mixin").glob("*.yaml"):
        for name in re.findall(r"runbook_url: .*/runbooks/(\w+)", path.read_text()):
            assert (RUNBOOKS / f"{name}.md").exists()


@pytest.mark.parametrize("name", PAGES_WITH_CONFIGURATIONS)
def test_configurations_shown_are_valid(name, tmp_path):
    """Each YAML block with our top-level keys is a configuration that loads, given the files that it names."""
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    known = {"global", "modules", "targets", "target_files", "files", "kubernetes", "probe_endpoint"}
    shown = [block for block in blocks if isinstance(read := yaml.safe_load(block), dict) and set(read) <= known]
    assert shown
    for number, block in enumerate(shown):
        for file in re.findall(r"\b(?:ca|cert|key)_file: ([\w.-]+)", block):
            kind = "PRIVATE KEY" if file.endswith(".key") else "CERTIFICATE"
            (tmp_path / file).write_text(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n")
        path = tmp_path / f"{number}.yaml"
        path.write_text(block)
        load(str(path), VOCABULARY)


def test_the_site_builds_strictly(tmp_path):
    try:
        import mkdocs  # noqa: F401
    except ImportError:
        missing("the package mkdocs is not installed")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    run(*command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"})
    assert (tmp_path / "runbooks" / "TLSTargetUnreachable" / "index.html").exists()


def test_pages_have_no_trailing_spaces_and_tabs():
    for path in DOCS.rglob("*.md"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            assert line == line.rstrip(), f"{path.name}:{number}"
            assert "\t" not in line, f"{path.name}:{number}"


def test_what_is_linked_to_is_there():
    """Of the pages outside the site, whose links mkdocs does not follow."""
    for page in (ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", ROOT / "mixin" / "README.md"):
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
        assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_navigation_names_no_page_twice():
    pages = re.findall(r"^ +- .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert pages
    assert len(pages) == len(set(pages))


def test_verify_errors_explained_are_those_of_the_verifier():
    from exporter.certificates import openssl_errors

    known = set(re.findall(r'"([a-z_]+)"', Path(openssl_errors.__file__).read_text()))
    for cell in re.findall(r"^\| (`.+?) \|", (RUNBOOKS / "TLSCertificateUntrusted.md").read_text(), re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", cell)) <= known


@pytest.mark.parametrize("name", ["TLSTargetUnreachable", "TLSHandshakeFailing"])
def test_reasons_explained_are_those_of_a_probe(name):
    from exporter.net.reason import Reason

    known = {reason.value for reason in Reason}
    for cell in re.findall(r"^\| (`.+?) \|", (RUNBOOKS / f"{name}.md").read_text(), re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", cell)) - {"handshake"} <= known


def test_the_threat_model_names_tests_that_exist():
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (DOCS / "security.md").read_text()))
    assert len(named) >= 15
    assert [name for name in named if not (ROOT / name).exists()] == []
