"""Formats that are somebody else's: each is held to its public schema, and says what it cannot carry."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import botocore.session
import pytest

from demarcate.estate.tables import all_tables
from demarcate.posture.assessment import Assessment
from demarcate.report import asff, sarif
from demarcate.report.out import Out
from demarcate.report.reports import FORMATS
from tests import processes
from tests.example import assessed
from tests.report import made
from tests.report.standards import STANDARDS

OURS = {"text", "html", "json", "csv", "parquet", "markdown"}

ESTATES: dict[str, Callable[[], Assessment]] = {
    "templates": assessed,
    "live": made.live,
    "passes": lambda: made.live().telling_passes(),
    "hostile": made.hostile,
    "waived": made.waived,
    "nothing": cache(made.assessment),
}


def written(format: str, assessment: Assessment) -> str:
    stream = io.StringIO()
    FORMATS[format].render(assessment, Out(stream))
    return stream.getvalue()


def left_out(format: str, assessment: Assessment) -> list[str]:
    return list(FORMATS[format].render(assessment, Out(io.StringIO())))


def test_each_format_of_others_has_a_standard() -> None:
    assert set(FORMATS) - OURS == set(STANDARDS)


FEW = {
    "oscal-component-definition": ["templates"],
    "oscal-ssp-aws": ["templates"],
    "oscal-ssp": ["templates", "hostile"],
}
"""What tells of no finding is the same of all estates, or of most."""

CASES = [(format, estate) for format in STANDARDS for estate in FEW.get(format, ESTATES)]


@pytest.mark.parametrize(("format", "estate"), CASES)
def test_what_is_written_is_as_the_standard_has_it(format: str, estate: str) -> None:
    assert STANDARDS[format](written(format, ESTATES[estate]())) == []


BROKEN = {
    "sarif": lambda text: text.replace('"startLine":', '"startLine":-'),
    "junit": lambda text: text.replace('failures="', 'fails="'),
    "gitlab-codequality": lambda text: text.replace('"info"', '"none"'),
    "gitlab-sast": lambda text: text.replace('"identifiers":', '"identities":'),
    "ocsf": lambda text: text.replace('"uid"', '"id"'),
    "oscal-assessment-results": lambda text: text.replace('"methods":["TEST"],', ""),
    "oscal-poam": lambda text: text.replace('"poam-items"', '"items"'),
    "oscal-component-definition": lambda text: text.replace('"control-id"', '"control"'),
    "oscal-ssp": lambda text: text.replace('"this-system"', '"this system"').replace('"uuid"', '"id"', 1),
    "oscal-ssp-aws": lambda text: text.replace('"provided":', '"gives":'),
    "asff": lambda text: text.replace('"AwsAccountId":', '"Account":'),
}


@pytest.mark.parametrize("format", STANDARDS)
def test_the_standard_sees_what_is_wrong(format: str) -> None:
    assert STANDARDS[format](BROKEN[format](written(format, made.with_files())))


# --- what is about files alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["sarif", "gitlab-codequality", "gitlab-sast"])
def test_what_has_no_file_is_counted_and_not_lost(format: str) -> None:
    assert left_out(format, made.live()) == [f"{format}: 4 findings without a file: they are about no template"]
    assert left_out(format, assessed()) == []
    assert left_out(format, made.live().telling_passes()) == [
        f"{format}: it does not list what passes",
        f"{format}: 4 findings without a file: they are about no template",
    ]
    if format != "gitlab-codequality":  # which has no place for it
        assert "4 findings without a file" in written(format, made.live())


def results(assessment: Assessment) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(written("sarif", assessment))["runs"][0]["results"]
    return listed


def test_a_result_of_sarif_stays_the_same_where_its_line_moves() -> None:
    before, after = (
        results(made.assessment(made.finding(1, file="t.yaml", line=line, account=None, region=None)))
        for line in (4, 40)
    )
    assert before[0]["partialFingerprints"] == after[0]["partialFingerprints"]
    assert after[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 40}


def test_sarif_tells_what_is_unknown_as_open() -> None:
    told = {result["kind"]: result["level"] for result in results(assessed())}
    assert told["open"] == "none"
    assert told["fail"] != "none"


def test_sarif_keeps_within_what_github_takes_and_keeps_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 40)
    kept = results(assessed())
    assert len(kept) == 40
    severities = Counter(result["properties"]["severity"] for result in kept)
    every = Counter(finding.severity for finding in assessed().findings() if finding.verdict == "fail")
    assert severities == {
        "critical": every["critical"],
        "high": every["high"],
        "medium": 40 - severities.total() + severities["medium"],
    }
    (sentence,) = left_out("sarif", assessed())
    assert f"{len(list(assessed().findings())) - 40} findings over 40" in sentence


def test_rules_of_sarif_are_those_of_its_results_with_a_score() -> None:
    run = json.loads(written("sarif", assessed()))["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {result["ruleId"] for result in run["results"]}
    assert all(0 < float(rule["properties"]["security-severity"]) <= 10 for rule in rules.values())
    assert all(len(rule["properties"]["tags"]) <= 20 for rule in rules.values())
    assert run["automationDetails"]["id"].startswith("demarcate/")
    assert run["automationDetails"]["id"].endswith("/estate/")


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/ü.yaml", "a%20b/%C3%BC.yaml"),
        ("./t.yaml", "t.yaml"),
        ("{here}/x/t.yaml", "x/t.yaml"),
        ("/elsewhere/t#1.yaml", "file:///elsewhere/t%231.yaml"),
    ],
)
def test_files_of_sarif(file: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (result,) = results(made.assessment(made.finding(1, file=file.format(here=tmp_path))))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


# --- OCSF and ASFF ------------------------------------------------------------------------------------------


def test_ocsf_tells_each_verdict() -> None:
    events = json.loads(written("ocsf", made.live().telling_passes()))
    told = {
        event["unmapped"]["verdict"]: (event["compliance"]["status_id"], event["status_id"]) for event in events
    }
    assert told == {"fail": (3, 1), "unknown": (2, 1), "pass": (1, 4)}
    first = next(event for event in events if event["resources"][0]["name"].endswith("1"))
    finding = next(iter(made.assessment(made.finding(1)).findings()))
    assert first["finding_info"]["uid"] == finding.id
    assert first["time"] == round(datetime.fromisoformat(assessed().posture.moment).timestamp() * 1000)
    assert first["unmapped"]["responsibility"] == "encryption.enable-at-rest"
    assert first["cloud"]["account"] == {"uid": made.ACCOUNT, "type_id": 10, "type": "AWS Account"}


def test_asff_leaves_templates_out_and_says_so() -> None:
    (sentence,) = left_out("asff", assessed())
    assert sentence == f"asff: {len(list(assessed().findings()))} findings of no account: they are about templates"
    assert json.loads(written("asff", assessed())) == {"Findings": []}


def test_asff_names_each_finding_and_its_resource() -> None:
    findings = json.loads(written("asff", made.live().telling_passes()))["Findings"]
    statuses = {finding["Compliance"]["Status"]: finding["Workflow"]["Status"] for finding in findings}
    assert statuses == {"FAILED": "NEW", "WARNING": "NEW", "PASSED": "RESOLVED"}
    assert {finding["Resources"][0]["Type"] for finding in findings} == {"AwsEc2Volume"}
    assert len({finding["Id"] for finding in findings}) == len(findings) == 5
    region = next(finding for finding in findings if finding["Region"] == "us-east-1")
    assert region["ProductArn"] == "arn:aws:securityhub:us-east-1:210987654321:product/210987654321/default"


def test_types_of_asff_are_those_of_security_hub_and_of_our_tables() -> None:
    model: Any = botocore.session.get_session().get_service_model("securityhub")
    assert set(asff.types().values()) <= set(model.shape_for("ResourceDetails").members)
    assert set(asff.types()) <= {type_ for table in all_tables().values() for type_ in table.types}


# --- waivers --------------------------------------------------------------------------------------------


WAIVED: dict[str, Callable[[str], Any]] = {
    "sarif": lambda text: [len(each.get("suppressions", ())) for each in json.loads(text)["runs"][0]["results"]],
    "junit": lambda text: [text.count("<skipped"), text.count("<failure")],
    "gitlab-codequality": lambda text: [each["severity"] for each in json.loads(text)],
    "gitlab-sast": lambda text: ["waived" in each["details"] for each in json.loads(text)["vulnerabilities"]],
    "ocsf": lambda text: [each["status"] for each in json.loads(text)],
    "asff": lambda text: [each["Workflow"]["Status"] for each in json.loads(text)["Findings"]],
    "oscal-assessment-results": lambda text: [
        "remarks" in each
        for each in pairs(json.loads(text), "observations")
        for each in each
        if "subjects" in each
    ],
    "markdown": lambda text: [text.startswith("### Demarcate: 1 finding"), "| 0 | 1 |" in text],
}
TOLD = {
    "sarif": [1, 0],
    "junit": [1, 1],
    "gitlab-codequality": ["info", "critical"],
    "gitlab-sast": [True, False],
    "ocsf": ["Suppressed", "New"],
    "asff": ["SUPPRESSED", "NEW"],
    "oscal-assessment-results": [True, False],
    "markdown": [True, True],
}


@pytest.mark.parametrize("format", WAIVED)
def test_what_is_waived_is_told_as_waived_and_is_not_gone(format: str) -> None:
    text = written(format, made.waived())
    assert WAIVED[format](text) == TOLD[format]
    if format != "markdown":  # which counts them
        assert "it is a test" in text


# --- OSCAL --------------------------------------------------------------------------------------------------


def oscal(format: str, assessment: Assessment) -> Any:
    (body,) = json.loads(written(format, assessment)).values()
    return body


def pairs(value: Any, name: str) -> Iterator[Any]:
    """All values of that name in a document."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from pairs(each, name)
    if isinstance(value, dict) and name in value:
        yield value[name]


def test_uuids_of_oscal_are_of_version_5_and_the_same_in_each_run() -> None:
    first, again = (oscal("oscal-assessment-results", made.live.__wrapped__()) for _ in range(2))
    assert list(pairs(first, "uuid")) == list(pairs(again, "uuid"))
    assert {UUID(each).version for each in pairs(first, "uuid")} == {5}
    poam = oscal("oscal-poam", made.live())
    observed = {each["uuid"] for each in first["results"][0]["observations"]}
    assert observed == {each["uuid"] for each in poam["observations"]}


def test_what_is_not_proven_is_not_satisfied_and_is_an_item_of_the_plan() -> None:
    posture = assessed().posture
    states = {each.id: each.state for each in posture.responsibilities}
    told = {"met": ("satisfied", "pass"), "gap": ("not-satisfied", "fail"), "unproven": ("not-satisfied", "other")}
    (result,) = oscal("oscal-assessment-results", assessed())["results"]
    seen: Counter[str] = Counter()
    for finding in result["findings"]:
        (id_,) = (prop["value"] for prop in finding["props"] if prop["name"] == "responsibility")
        status = finding["target"]["status"]
        assert (status["state"], status["reason"]) == told[states[id_]]
        seen[states[id_]] += 1
    assert set(seen) == set(told)
    assert len(result["observations"]) == len(list(assessed().findings()))
    items = oscal("oscal-poam", assessed())["poam-items"]
    assert len(items) == posture.summary.gaps + posture.summary.unproven


def test_both_plans_name_the_same_halves_by_the_same_uuids() -> None:
    ours, theirs = oscal("oscal-ssp", assessed()), oscal("oscal-ssp-aws", assessed())
    exported = {
        each["uuid"] for export in pairs(theirs, "export") for listed in export.values() for each in listed
    }
    inherited, satisfied = set(pairs(ours, "provided-uuid")), set(pairs(ours, "responsibility-uuid"))
    assert len(inherited) > 50
    assert len(satisfied) > 50
    assert inherited | satisfied <= exported
    assert set(pairs(theirs, "provided-uuid")) <= exported
    assert left_out("oscal-ssp", assessed()) == [
        "oscal-ssp: the authorization of AWS: there is no provider report on file (--evidence)"
    ]


def test_components_are_the_services_of_the_estate() -> None:
    titles = {each["title"] for each in oscal("oscal-component-definition", assessed())["components"]}
    assert {"Amazon S3", "AWS Lambda"} <= titles
    assert len(titles) < len(assessed().model.services)


def test_what_needs_no_item_has_one_that_says_so() -> None:
    met = [each for each in assessed().posture.responsibilities if each.state == "met"]
    items = oscal("oscal-poam", made.assessment(responsibilities=tuple(met)))["poam-items"]
    assert [item["title"] for item in items] == ["Nothing is open"]


TRESTLE = Path(__file__).parent.parent.parent / ".venv-trestle" / "bin" / "python"
"""What `.ci/trestle` makes: compliance-trestle asks for versions that our own environment does not have."""

READ_BACK = """
import json, sys
from importlib import import_module
from pathlib import Path

for name in sys.argv[1:]:
    path = Path(name)
    (kind,) = json.loads(path.read_text())
    file = {"plan-of-action-and-milestones": "poam", "system-security-plan": "ssp", "component-definition": "component"}
    module = import_module("trestle.oscal." + file.get(kind, kind.replace("-", "_")))
    model = getattr(module, kind.title().replace("-", ""))
    print(path.name, model.oscal_read(path) is not None)
"""


@pytest.mark.skipif(
    not TRESTLE.is_file(), reason="no compliance-trestle in .venv-trestle: .ci/trestle installs it"
)
def test_trestle_reads_it_back(tmp_path: Path) -> None:
    formats = [format for format in STANDARDS if format.startswith("oscal")]
    for format in formats:
        (tmp_path / f"{format}.json").write_text(written(format, assessed()))
    ran = processes.run(TRESTLE, "-c", READ_BACK, *(f"{format}.json" for format in formats), cwd=tmp_path)
    assert (ran.stdout.splitlines(), ran.returncode) == ([f"{format}.json True" for format in formats], 0), (
        ran.stderr
    )


# --- JUnit --------------------------------------------------------------------------------------------------


def cases(assessment: Assessment) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for suite in ElementTree.fromstring(written("junit", assessment)):
        listed = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(listed)
        for name, count in (("failure", "failures"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == sum(case.find(name) is not None for case in listed)
        outcomes.update(next((child.tag for child in case), "passed") for case in listed)
    return outcomes


def test_a_case_of_junit_fails_is_skipped_where_unknown_or_passes() -> None:
    assert cases(made.live()) == {"failure": 2, "skipped": 2, "passed": 1}
    assert cases(made.live().telling_passes()) == {"failure": 2, "skipped": 2, "passed": 1}
    assert cases(made.assessment(made.finding(1), passed=7)) == {"failure": 1, "passed": 1}
    assert "7 resources without a failure" in written("junit", made.assessment(passed=7))
    verdicts = Counter(finding.verdict for finding in assessed().findings())
    told = cases(assessed())
    assert (told["failure"], told["skipped"]) == (verdicts["fail"], verdicts["unknown"])


# --- Markdown -----------------------------------------------------------------------------------------------


def test_markdown_is_short_and_calls_nobody() -> None:
    many = made.assessment(
        *(made.finding(number, reason=f"@everyone | see https://x `{number}`") for number in range(50))
    )
    text = written("markdown", many)
    assert "50 findings" in text
    assert "… and 30 more." in text
    row = next(line for line in text.splitlines() if "@everyone" in line)
    assert ": `` @everyone \\| see https://x `" in row
    assert len(written("markdown", made.hostile())) < 65_536


# --- passes -------------------------------------------------------------------------------------------------


def test_what_passes_is_listed_where_it_is_asked_for_alone() -> None:
    asked = made.live().telling_passes()
    assert [finding.verdict for finding in asked.findings()].count("pass") == 1
    for format in ("csv", "json"):
        assert (
            "vol-00000000000000004" in written(format, made.live()),
            "vol-00000000000000004" in written(format, asked),
        ) == (False, True)
