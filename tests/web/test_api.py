"""The API on the gallery: answers keep to the OpenAPI document, filters are those of the pages, CSV is safe to open."""

import csv
import io
import json

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from support.site import serving

from exporter.config.reader import load
from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS
from exporter.probe.result import Reason
from exporter.web.api_columns import TARGET_COLUMNS
from exporter.web.api_page import KINDS, as_csv

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one scrape serves every test


@pytest.fixture(scope="module")
def gallery():
    quick = [one for one in SCENARIOS if one.seen.failure is None or one.seen.failure.reason is not Reason.TIMEOUT]
    with Gallery(quick) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(gallery):
    """Serve the gallery's exporter, scraped once."""
    async with serving(load(str(gallery.config_file))) as served:
        assert (await served.get("/metrics"))[0] == 200
        yield served


async def document(site):
    status, headers, text = await site.get("/api/v1/openapi.json")
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "application/json")
    return json.loads(text)


async def rows(site, kind, query=""):
    status, headers, text = await site.get(f"/api/v1/{kind}{query}")
    assert status == 200, text
    assert headers["Content-Type"].partition(";")[0] == "application/json"
    return json.loads(text)[kind]


@pytest.mark.parametrize("kind", KINDS)
async def test_answers_keep_to_the_document(site, kind):
    described = await document(site)
    assert f"/api/v1/{kind}" in described["paths"]
    schema = described["components"]["schemas"][kind]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    answer = json.loads((await site.get(f"/api/v1/{kind}"))[2])
    assert not [error.message for error in validator.iter_errors(answer)]
    assert answer["schema_version"] == 1
    assert answer["count"] == len(answer[kind]) > 10


async def test_the_document_is_openapi(site):
    """Its parts and references; every parameter that is described is taken, and no other."""
    described = await document(site)
    assert described["openapi"] == "3.1.0"
    for kind in KINDS:
        operation = described["paths"][f"/api/v1/{kind}"]["get"]
        reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        assert reference == f"#/components/schemas/{kind}"
        for parameter in operation["parameters"]:
            assert (await site.get(f"/api/v1/{kind}?{parameter['name']}="))[0] == (
                400 if parameter["name"] == "format" else 200
            )
        assert (await site.get(f"/api/v1/{kind}?severty=high"))[0] == 400
    assert (await site.get("/api/v1/nothing"))[0] == 404


async def test_every_target_is_there_with_its_worst_truth(site, gallery):
    seen = {one["labels"]["scenario"]: one for one in await rows(site, "targets")}
    assert set(seen) == set(gallery.targets)
    assert seen["valid"]["state"] == "healthy"
    assert seen["expired"]["state"] == "expired"
    assert seen["closed-port"]["failure_reason"] == "refused"
    assert seen["closed-port"]["failure_fix"]
    assert seen["closed-port"]["protocol"] is None
    assert seen["wrong-name"]["name_match"] is False


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("label=scenario%3Dexpired", {"expired"}),
        ("q=expired+scenario%3Dexpired-root", set()),
        ("severity=critical&finding=certificate_expired", {"expired", "expired-intermediate"}),
        ("state=wrong_name", {"wrong-name"}),
        ("show=down&q=closed-port", {"closed-port"}),
        ("san=other.example.com&label=scenario", {"wrong-name"}),
    ],
)
async def test_filters(site, query, names):
    assert {one["labels"]["scenario"] for one in await rows(site, "targets", f"?{query}")} == names


async def test_a_certificate_is_found_by_issuer_fingerprint_serial_and_name(site):
    (target,) = await rows(site, "targets", "?label=scenario%3Dwrong-name")
    fingerprint, serial = target["fingerprint_sha256"], target["serial_number"]
    pasted = ":".join(fingerprint[index : index + 2] for index in range(0, 40, 2)).upper()
    for query in (f"fingerprint={pasted}", f"serial=00:{serial.upper()}", f"q={fingerprint}", "san=other.example.com"):
        (row,) = await rows(site, "certificates", f"?{query}")
        assert row["fingerprint_sha256"] == fingerprint
        assert row["targets"] == [target["target"]]
        assert [one["target"] for one in await rows(site, "targets", f"?{query}")] == row["targets"]
    issued = await rows(site, "certificates", "?issuer=intermediate&show=leaf")
    assert len(issued) > 5
    assert all("Intermediate" in one["issuer"] for one in issued)


async def test_each_certificate_is_there_once(site):
    found = await rows(site, "certificates")
    assert len({one["fingerprint_sha256"] for one in found}) == len(found)
    assert sum(one["target_count"] for one in found) > len(found)


async def test_findings_are_those_of_the_metrics(site):
    series = (await site.get("/metrics"))[2]
    seen = await rows(site, "findings")
    assert series.count("\ntls_finding{") == len(seen) > 20
    assert {one["severity"] for one in await rows(site, "findings", "?severity=high")} == {"high"}
    assert {one["finding"] for one in await rows(site, "findings", "?finding=robot")} <= {"robot"}
    for one in seen[:5]:
        assert (await site.get(f"/{one['runbook']}"))[0] == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_csv_has_the_same_rows(site, kind):
    status, headers, text = await site.get(f"/api/v1/{kind}?format=csv")
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == f'attachment; filename="{kind}.csv"'
    read = list(csv.DictReader(io.StringIO(text)))
    assert len(read) == len(await rows(site, kind))
    assert all(None not in row and None not in row.values() for row in read)
    if kind != "certificates":
        assert {row["label_scenario"] for row in read} >= {"expired", "wrong-name"}


async def test_a_cell_is_no_formula_and_no_control_character():
    row = {column.name: "" for column in TARGET_COLUMNS} | {"labels": {"a": "+1"}, "findings": ["x", "y"]}
    row |= {"subject": '=HYPERLINK("http://a")', "issuer": "\x1b[31m\u202e", "detail": "-1+1", "summary": "@a\nb"}
    (seen,) = csv.DictReader(io.StringIO(as_csv(TARGET_COLUMNS, [row])))
    assert seen["subject"] == '\'=HYPERLINK("http://a")'
    assert seen["issuer"] == r"\x1b[31m\u202e"
    assert (seen["detail"], seen["summary"]) == ("'-1+1", r"'@a\nb")
    assert (seen["findings"], seen["label_a"]) == ("x y", "'+1")


async def test_nothing_is_probed(site):
    before = (await site.get("/metrics/exporter"))[2].split("tls_exporter_probes_total{")[1:]
    for kind in KINDS:
        await site.get(f"/api/v1/{kind}")
        await site.get("/certificates")
    assert (await site.get("/metrics/exporter"))[2].split("tls_exporter_probes_total{")[1:][0] == before[0]
