"""The guardrails, held to what AWS knows: actions, condition keys, limits, rules of Config, controls of Control Tower.

- The list of all actions is AWS's own, as cfn-lint carries it; that of Config's managed rules, as moto does.
- `cases/condition_keys.csv` has the condition keys of actions, and of the resources that these are aimed at, as the
  Service Authorization Reference told them on 2026-11-28
  (https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html).
- `cases/controls.txt` has the controls of Control Tower that its guide names
  (https://docs.aws.amazon.com/controltower/latest/controlreference/identifiers-for-legacy-controls.html), on that day.
"""

from __future__ import annotations

import csv
import fnmatch
import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from moto.core.utils import get_service_model

from demarcate.base.documents import DocumentError, convert
from demarcate.base.errors import DemarcateError
from demarcate.guardrails import conformance
from demarcate.guardrails.filling import Choices, policies, statements
from demarcate.guardrails.load import faults, limits, load_guardrails
from demarcate.guardrails.structs import TYPES, UNCOVERED, Guardrail
from demarcate.model import load
from tests.checks.examples import shipped

CASES = Path(__file__).parent / "cases"

SAID = Choices(
    {
        "regions": ("eu-central-1", "us-east-1"),
        "log-buckets": ("logs-*", "trail"),
        "organization": ("o-a1b2c3d4e5",),
    },
    ("arn:aws:iam::*:role/Platform", "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*"),
)
"""Values for all that has no default."""

GLOBAL = {
    *("aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:RequestedRegion"),
    *("aws:SecureTransport", "aws:SourceAccount", "aws:SourceOrgID"),
}
"""Of the keys that every service knows (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html),
those that are used."""

OF_ALL = {"*": {"ec2:RoleDelivery"}, "s3:*": {"s3:TlsVersion"}}
"""Keys of whole services, and of what an instance's role does."""

OPERATORS = re.compile(
    r"(ForAnyValue:)?(String(Not)?(Equals|Like)|Arn(Not)?Like|Bool|NumericLessThan)(IfExists)?|Null"
)

CONTROLS = set((CASES / "controls.txt").read_text().split())


@cache
def actions() -> dict[str, Any]:
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return {service: set(told["Actions"]) for service, told in json.loads(text).items()}


@cache
def keys() -> dict[str, set[str]]:
    with (CASES / "condition_keys.csv").open(newline="") as handle:
        return {row["action"]: set(row["keys"].split()) for row in csv.DictReader(handle)}


def control_policies() -> list[Guardrail]:
    return [guardrail for guardrail in load_guardrails().values() if guardrail.statements]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def test_there_are_many_over_all_areas() -> None:
    policies_of = [guardrail for guardrail in load_guardrails().values() if guardrail.kind in TYPES]
    assert len(policies_of) >= 25
    areas = {name.partition(".")[0] for guardrail in policies_of for name in guardrail.keeps}
    assert areas == {area.id for area in load().areas} - {"awareness-and-training"}


def test_what_they_keep_is_the_customers_and_is_told_by_checks() -> None:
    owed, checks = load().owed, shipped()
    for guardrail in load_guardrails().values():
        assert set(guardrail.keeps) <= set(owed), guardrail.id
        assert set(guardrail.checks) <= set(checks), guardrail.id
        assert {checks[name].responsibility for name in guardrail.checks} & set(guardrail.keeps), guardrail.id


def test_every_action_is_one_of_awss() -> None:
    for guardrail in control_policies():
        for statement in statements(guardrail, SAID):
            for action in listed(statement.get("Action", [])) + listed(statement.get("NotAction", [])):
                service, _, name = action.partition(":")
                known = action == "*" or fnmatch.filter(actions().get(service, ()), name.lower())
                assert known, f"{guardrail.id}: AWS has no action {action}"


def test_every_condition_key_is_one_of_its_actions() -> None:
    for guardrail in control_policies():
        for statement in statements(guardrail, SAID):
            for operator, tests in statement.get("Condition", {}).items():
                assert OPERATORS.fullmatch(operator), f"{guardrail.id}: {operator}"
                for key in tests:
                    for action in listed(statement.get("Action", "*")):
                        assert key in GLOBAL | OF_ALL.get(action, keys().get(action, set())), (
                            f"{guardrail.id}: {action} has no key {key}"
                        )


def test_control_policies_keep_to_awss_rules() -> None:
    for guardrail in control_policies():
        for statement in statements(guardrail, SAID):
            assert statement["Effect"] == "Deny"
            assert ("Principal" in statement) == (guardrail.kind == "rcp")
            assert re.fullmatch("[A-Za-z0-9]+", statement["Sid"])
        if guardrail.kind == "rcp":
            services = {
                action.partition(":")[0] for told in guardrail.statements for action in listed(told.action)
            }
            assert services <= {"s3", "sqs", "kms", "secretsmanager", "sts"}, "the first that AWS had these for"


def test_policies_are_as_few_as_fit() -> None:
    made = policies(load_guardrails().values(), SAID)
    assert {guardrail.id for policy in made for guardrail in policy.guardrails} == {
        guardrail.id for guardrail in load_guardrails().values() if guardrail.kind in TYPES
    }
    for kind in TYPES:
        mine = [policy for policy in made if policy.kind == kind]
        assert 1 <= len(mine) < limits()[kind].attached  # one place is for what AWS attaches itself
        for policy in mine:
            assert len(policy.text) <= limits()[kind].characters
            assert json.loads(policy.text)
    packed = [policy for policy in made if policy.kind == "scp"]
    assert len(packed) == -(-sum(len(policy.text) for policy in packed) // limits()["scp"].characters)


def test_a_policy_that_is_too_large_is_refused() -> None:
    many = Choices({"regions": tuple(f"eu-somewhere-{number}" for number in range(1000))})
    with pytest.raises(DemarcateError, match=r"regions-chosen: the policy has .* and AWS takes 10,240"):
        policies([load_guardrails()["regions-chosen"]], many)


def test_what_has_no_default_is_asked_for() -> None:
    with pytest.raises(
        DemarcateError, match=r"regions-chosen needs the regions that are used: say it with --set regions="
    ):
        policies([load_guardrails()["regions-chosen"]])


def test_parameters_and_exemptions_stand_in_the_policy() -> None:
    (kept,) = statements(load_guardrails()["log-buckets-kept"], SAID)
    assert kept["Resource"] == [
        *("arn:*:s3:::logs-*", "arn:*:s3:::trail", "arn:*:s3:::logs-*/*", "arn:*:s3:::trail/*"),
    ]
    assert kept["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": list(SAID.exempt)}}
    (root,) = statements(load_guardrails()["root-user-idle"], SAID)
    assert "ArnNotLike" not in root["Condition"]


def test_types_are_those_of_organizations() -> None:
    model = get_service_model("organizations")
    assert set(TYPES.values()) <= set(model.shape_for("PolicyType").metadata["enum"])
    assert set(UNCOVERED) - set(TYPES) == {"control-tower"}


def test_controls_have_identifiers_that_the_api_takes() -> None:
    pattern = get_service_model("controlcatalog").shape_for("ControlArn").metadata["pattern"]
    for guardrail in load_guardrails().values():
        if guardrail.control:
            assert guardrail.control in CONTROLS
            assert re.fullmatch(pattern, f"arn:aws:controltower:us-east-1::control/{guardrail.control}")


def written(**changed: Any) -> Guardrail:
    given = msgspec.to_builtins(load_guardrails()["trails-kept"]) | changed
    return msgspec.convert(given, Guardrail)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"statements": []}, "one of kind scp has statements"),
        ({"control": "AWS-GR_ENCRYPTED_VOLUMES"}, "one of kind scp has statements"),
        ({"kind": "s3"}, "one of kind s3 has content"),
        ({"statements": [{"Resource": "*"}]}, "either Action or NotAction"),
        ({"parameters": {"regions": {"about": "regions"}}}, "its parameters are"),
        ({"statements": [{"Action": "s3:*", "Resource": {"$each": ["arn:{x}"]}}]}, "its parameters are"),
    ],
)
def test_what_is_wrong_with_one_is_told(changed: dict[str, Any], fault: str) -> None:
    assert [told for told in faults(written(**changed)) if fault in told]


# --- rules of Config --------------------------------------------------------------------------------------


@cache
def managed() -> dict[str, Any]:
    """The managed rules of AWS Config by identifier."""
    told = json.loads(
        gzip.decompress(files("moto.config").joinpath("resources/aws_managed_rules.json.gz").read_bytes())
    )
    rules: dict[str, Any] = told["ManagedRules"]
    return rules


def rules() -> Iterator[tuple[str, conformance.Rule | str]]:
    names = {name for check in shipped().values() for name in check.refs.get("config-rule", ())}
    return ((name, conformance.rule_of(name)) for name in sorted(names))


def test_rules_of_checks_are_managed_rules_with_all_that_they_need() -> None:
    assert len(list(rules())) > 250
    for name, rule in rules():
        if isinstance(rule, str):
            continue
        told = managed().get(rule.identifier)
        assert told is not None, f"{name}: AWS Config has no rule {rule.identifier}"
        named = {parameter["Name"] for parameter in told.get("Parameters", ())}
        assert set(rule.parameters) <= named, f"{name}: its parameters are {sorted(named)}"
        needed = {
            parameter["Name"]
            for parameter in told.get("Parameters", ())
            if not parameter["Optional"] and "Default" not in parameter
        }
        assert needed <= set(rule.parameters), f"{name} asks for {sorted(needed)}"


def test_what_is_left_out_is_used_and_could_not_be_deployed() -> None:
    data = conformance._rules()
    used = dict(rules())
    assert set(data.rules) | set(data.left_out) <= set(used)


def test_every_rule_together_makes_packs_that_aws_takes() -> None:
    every = {name: rule for name, rule in rules() if isinstance(rule, conformance.Rule)}
    templates = list(conformance._templates(every))
    assert len(templates) >= 2
    names: list[str] = []
    for text in templates:
        assert len(text.encode()) <= get_service_model("config").shape_for("TemplateBody").metadata["max"]
        resources = json.loads(text)["Resources"]
        assert len(resources) <= conformance.MOST
        names += [resource["Properties"]["ConfigRuleName"] for resource in resources.values()]
    assert sorted(names) == sorted(every)


def test_a_pack_is_a_template() -> None:
    from cfnlint.api import lint  # which takes long to be imported

    some = {name: conformance.rule_of(name) for name in ("restricted-ssh", "restricted-rdp")}
    (text,) = conformance._templates({name: rule for name, rule in some.items() if not isinstance(rule, str)})
    assert not [match for match in lint(text, regions=["eu-central-1"]) if match.rule.severity == "error"]


def test_a_file_of_guardrails_is_read_with_its_lines() -> None:
    with pytest.raises(DocumentError, match=r"x\.yaml:2"):
        convert(yaml.compose("id: a\nkind: nonsense\n"), Guardrail, "x.yaml")
