"""Frameworks: what speaks of each requirement, and in which state it is."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.model import ModelError, load
from demarcate.model.frameworks import Framework, Requirement, framework, load_frameworks
from demarcate.posture.assessment import Assessment
from demarcate.posture.frameworks import along, checks_of, controls, links
from demarcate.posture.structs import RequirementPosture
from tests.checks.examples import shipped
from tests.example import assessed

MODEL = load()
FRAMEWORKS = load_frameworks()


@pytest.mark.parametrize("of", FRAMEWORKS.values(), ids=list(FRAMEWORKS))
def test_a_framework_names_what_there_is(of: Framework) -> None:
    of_each = links(of, shipped(), MODEL).values()
    assert {id_ for link in of_each for id_ in link.checks} <= set(shipped())
    assert {id_ for link in of_each for id_ in link.responsibilities} <= set(MODEL.responsibility)
    assert not [item.id for item in of.requirements if not item.title.strip() or item.title.endswith(".")]
    assert of.source.startswith("https://")
    assert checks_of(of, shipped(), MODEL), "no check speaks of it"


@pytest.mark.parametrize("of", FRAMEWORKS.values(), ids=list(FRAMEWORKS))
def test_a_requirement_that_is_attested_says_what_is_to_be(of: Framework) -> None:
    of_each = links(of, shipped(), MODEL)
    assert not [item.id for item in of.requirements if item.attested and not of_each[item.id].responsibilities]


PUBLISHED = read(Path(__file__).with_name("published.yaml"), list[dict[str, Any]])


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published["framework"])
def test_the_ids_are_those_that_the_publisher_lists(published: dict[str, Any]) -> None:
    listed = [
        *(f"{family}{number}" for family, of in published.get("families", {}).items() for number in every(of)),
        *(f"{whole}{part}" for whole, of in published.get("paragraphs", {}).items() for part in of.split()),
    ]
    of = framework(published["framework"])
    assert sorted(item.id for item in of.requirements) == sorted(listed), published["source"]


REFERENCE = Path(__file__).parents[3] / "shared" / "reference"

OF_NO_CATALOG = """
    APIGateway.5 Config.1 ECS.2 ELB.7 ES.5 ES.6 ES.7 ES.8 KMS.3 RDS.16 RDS.17 RDS.19 RDS.20 RDS.21 RDS.22 RDS.23
    Redshift.4 SQS.1
"""
"""Controls that AWS's user guide has, and its OSCAL catalog of controls has not."""


beside = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data is beside this clone")


def referred(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(newline="") as file:
        return list(csv.DictReader(file))


@beside
def test_controls_of_aws_are_in_its_catalog() -> None:
    catalog = {row["control"] for row in referred("security-hub-controls.csv")}
    ours = {item.id for item in framework("aws-fsbp").requirements}
    assert sorted(ours - catalog) == sorted(OF_NO_CATALOG.split())


@beside
def test_what_prowler_cites_of_pci_is_there() -> None:
    """It numbers its checks below each requirement. Those of appendix A3 are left out here."""
    rows = [row["requirement"] for row in referred("framework-map.csv") if row["framework"] == "PCI"]
    cited = {row.rpartition(".")[0] for row in rows if not row.startswith("A3.")}
    assert len(cited) > 100
    assert cited <= {item.id for item in framework("pci-dss-4.0.1").requirements}


def every(numbers: str) -> Iterator[str]:
    """The numbers of a row such as `1-3 4 4.2-4.3`: 1, 2, 3, 4, 4(2), 4(3), each as wide as it is written."""
    for part in numbers.split():
        first, _, last = part.partition("-")
        base, point, start = first.rpartition(".")
        for number in range(int(start), int((last or first).rpartition(".")[2]) + 1):
            yield f"{base}({number})" if point else f"{number:0{len(start)}}"


def required(**given: object) -> RequirementPosture:
    """How one requirement stands in the example estate, which was judged without evidence."""
    item = msgspec.convert({"id": "1", "title": "Something", **given}, Requirement)
    return along(framework_of(item), assessed()).requirements[0]


def framework_of(*items: Requirement) -> Framework:
    return Framework(id="f", name="F", version="1", publisher="P", source="https://p.example", requirements=items)


KEPT, OPEN = "cloudtrail-trail-encrypted", "s3-bucket-tls-required"
UNKNOWN, UNTOLD = "ec2-instance-requires-imdsv2", "account-security-contact"
NOTHING = "vpc-default-security-group-closed"
PEOPLE = "configuration-management.federate-sign-in"
CASES: Mapping[str, tuple[dict[str, object], str, str, str]] = {
    "what fails is a gap": ({"checks": [KEPT, OPEN]}, "gap", "customer", "fail"),
    "what passes is met": ({"checks": [KEPT]}, "met", "customer", "pass"),
    "what is unknown leaves it open": ({"checks": [KEPT, UNKNOWN]}, "unproven", "customer", "unknown"),
    "what was not judged leaves it open": ({"checks": [KEPT, UNTOLD]}, "unproven", "customer", "not judged"),
    "there is nothing that it is about": ({"checks": [NOTHING]}, "not-applicable", "customer", "no resource"),
    "people must say so": ({"responsibilities": [PEOPLE]}, "unproven", "customer", PEOPLE),
    "checks alone do not decide it": (
        {"checks": [KEPT], "responsibilities": [PEOPLE], "attested": True},
        "unproven",
        "customer",
        "needs evidence of people",
    ),
    "checks decide it beside a responsibility": (
        {"checks": [KEPT], "responsibilities": [PEOPLE]},
        "met",
        "customer",
        "pass",
    ),
    "AWS does it": ({"responsibilities": ["patch-management.patch-hypervisor"]}, "provided", "aws", ""),
    "both do": ({"checks": [KEPT], "responsibilities": ["patch-management.patch-hypervisor"]}, "met", "both", ""),
    "a control that nothing cites": ({"controls": ["PT-9"]}, "unproven", "nobody", "evidence of your own"),
    "a control that checks cite": ({"controls": ["SC-28"]}, "gap", "both", "fail"),
}


@pytest.mark.parametrize(("given", "state", "whose", "because"), CASES.values(), ids=list(CASES))
def test_a_requirement_is_in_the_state_of_what_speaks_of_it(
    given: dict[str, object], state: str, whose: str, because: str
) -> None:
    requirement = required(**given)
    assert (requirement.state, requirement.whose) == (state, whose), requirement.because
    assert any(because in reason for reason in requirement.because)


def test_a_check_that_was_not_selected_leaves_a_requirement_open() -> None:
    whole = assessed()
    checks = {id_: check for id_, check in whole.checks.items() if id_ != KEPT}
    results = [
        msgspec.structs.replace(owed, checks=tuple(result for result in owed.checks if result.check != KEPT))
        for owed in whole.posture.responsibilities
    ]
    posture = msgspec.structs.replace(whole.posture, responsibilities=tuple(results))
    part = Assessment(whole.model, whole.snapshot, checks, whole.judgement, posture)
    (requirement,) = along(framework_of(Requirement(id="1", title="T", checks=(KEPT,))), part).requirements
    assert requirement.state == "unproven"
    assert "not selected" in requirement.because[0]


def test_every_requirement_is_told_and_counted() -> None:
    for of in FRAMEWORKS.values():
        posture = along(of, assessed())
        assert [item.id for item in posture.requirements] == [item.id for item in of.requirements]
        assert sum(posture.states.values()) == len(of.requirements)


@pytest.mark.parametrize(
    ("asked", "check"),
    [
        ("EC2.3", "ebs-volume-encrypted"),
        ("ec2.3", "ebs-volume-encrypted"),
        ("SC-28", "ebs-volume-encrypted"),
        ("CIS 2.1.1", "s3-bucket-tls-required"),
        ("cis-aws-5.0 2.1.1", "s3-bucket-tls-required"),
        ("encrypted-volumes", "ebs-volume-encrypted"),
    ],
)
def test_a_control_of_others_leads_to_checks(asked: str, check: str) -> None:
    assert any(check in control.checks for control in controls(asked, shipped(), MODEL))


def test_a_control_is_explained_as_people_write_it() -> None:
    """With a space, quoted or not."""
    apart, quoted = (CliRunner().invoke(app, ["explain", *words]) for words in (["CIS", "2.1.1"], ["CIS 2.1.1"]))
    assert (apart.exit_code, apart.stdout) == (0, quoted.stdout)
    assert "s3-bucket-tls-required" in apart.stdout


@pytest.mark.parametrize("asked", ["", " ", "EC2.999", "PCI 2.1.1.99", "who patches"])
def test_what_is_no_control_leads_nowhere(asked: str) -> None:
    assert controls(asked, shipped(), MODEL) == []


def test_an_unknown_framework_is_refused_with_the_nearest() -> None:
    with pytest.raises(DemarcateError, match=r"did you mean cis-aws-5\.0\?"):
        framework("cis-aws-5")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: other\n", "missing required field"),
        ("id: g\nname: F\nversion: ''\npublisher: P\nsource: https://p.example\nrequirements: []\n", "its file"),
        (
            "id: f\nname: F\nversion: ''\npublisher: P\nsource: https://p.example\n"
            "requirements:\n  - {id: '1', title: a}\n  - {id: '1', title: b}\n",
            r"f.yaml:8: 1 is used twice",
        ),
    ],
)
def test_a_framework_that_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises((ModelError, DemarcateError), match=re.compile(said, re.I)):
        load_frameworks(tmp_path)


def test_the_verbs_tell_it(tmp_path: Path) -> None:
    source = tmp_path / "t.yaml"
    source.write_text("Resources:\n  V: {Type: 'AWS::EC2::Volume', Properties: {Encrypted: false}}\n")
    kept = str(tmp_path / "kept")
    arguments = ["assess", str(source), "--framework", "cis-aws-5.0", "--save", kept]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0
    assert "5.1.1 EBS volumes are encrypted in every Region" in told.output
    shown = CliRunner().invoke(app, ["frameworks", "show", "cis-aws-5.0", "--assessment", kept, "--format", "csv"])
    assert "cis-aws-5.0,5.1.1,EBS volumes are encrypted in every Region,customer,gap" in shown.output
    again = CliRunner().invoke(app, ["report", kept, "--framework", "cis-aws-3.0", "--format", "json"])
    assert [along["id"] for along in msgspec.json.decode(again.output)["frameworks"]] == ["cis-aws-3.0"]
    assert max(len(line) for line in told.output.splitlines()) <= 80
