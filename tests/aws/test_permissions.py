"""Which actions operations need, held to what AWS publishes: none of it written here.

- The list of all actions, and the ARNs that each may be limited to, as cfn-lint carries it.
- AWS's own managed policies for reading, as moto carries them.
- What botocore's documentation of an operation says that it needs.
"""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from botocore import xform_name
from hypothesis import given
from hypothesis import strategies as st
from moto.core.utils import get_service_model
from moto.iam.aws_managed_policies import aws_managed_policies_data
from typer.testing import CliRunner

from demarcate import assessing
from demarcate.base.errors import DemarcateError
from demarcate.cli import app
from demarcate.estate.sources.aws.calls import ORGANIZATION, calls_of
from demarcate.estate.sources.aws.dry_run import ASSUME
from demarcate.estate.sources.aws.operations import PREFIXES, describe
from demarcate.estate.sources.aws.permissions import (
    ALSO,
    API_GATEWAY,
    INSTEAD,
    Grant,
    grants_for,
    grants_of,
)
from demarcate.estate.tables import all_tables
from demarcate.report import policy
from tests.aws.conftest import Aws
from tests.conftest import models
from tests.each import each

CALLS = calls_of(dict.fromkeys(all_tables()))
OPERATIONS = sorted({call.operation for call in (*CALLS, *ORGANIZATION)} - {ASSUME.operation})


@cache
def all_grants() -> tuple[Grant, ...]:
    """What a role is granted for all tables: the models of all services are read for that."""
    return grants_of(CALLS)


@cache
def published() -> dict[str, Any]:
    """Every service's actions, and its kinds of resources with the forms of their ARNs."""
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def reading() -> tuple[str, ...]:
    """The actions, with AWS's own wildcards, that AWS's policies for readers and auditors allow."""
    managed = json.loads(aws_managed_policies_data)
    actions: list[str] = []
    for name in ("ReadOnlyAccess", "SecurityAudit", "AWSWAFReadOnlyAccess"):
        for statement in managed[name]["Document"]["Statement"]:
            assert statement["Effect"] == "Allow"
            told = statement["Action"]
            actions += [told] if isinstance(told, str) else told
    return tuple(action.lower() for action in actions)


BEYOND_READERS = {
    "glue:GetConnections": "it gives passwords where it is not told to hide them; no other action gives connections",
    **{
        f"controltower:{name}": "AWS's policies for readers name nothing of Control Tower"
        for name in ("GetLandingZone", "ListEnabledBaselines", "ListEnabledControls", "ListLandingZones")
    },
}
"""Actions that AWS's policies for readers withhold, with the reason. How they are asked is held below."""


@each("operation", OPERATIONS)
def test_every_operation_has_actions_that_exist_and_read(operation: str) -> None:
    grants = grants_for(operation)
    assert grants or operation == "sts.get_caller_identity"
    for grant in grants:
        name = grant.action.partition(":")[2].lower()
        assert name in published()[grant.service]["Actions"], f"{grant.action}: AWS has no such action"
        allowed = any(fnmatch.fnmatchcase(grant.action.lower(), action) for action in reading())
        withheld = grant.action in BEYOND_READERS
        assert allowed != withheld, f"{grant.action}: AWS lets its own readers have this: {allowed}"


def test_connections_are_read_without_their_passwords() -> None:
    calls = [call for call in CALLS if "glue:GetConnections" in {g.action for g in grants_for(call.operation)}]
    assert calls
    assert all(call.params.get("HidePassword") is True for call in calls)


NOT_OURS = {
    "s3express": "directory buckets, which ListBuckets does not list",
    "logs:GetDataProtectionPolicy": "account policies of another type",
    "logs:GetTransformer": "account policies of another type",
    "logs:DescribeIndexPolicies": "account policies of another type",
    "kms:PolicyName": "the key of a condition",
    "aws:ResourceTag": "the key of a condition",
    "ssm:UpdateServiceSetting": "for changing the setting",
    "iam:DeleteVirtualMFADevice": "the example of a message",
    "config:PutEvaluations": "for the function of a rule",
}
"""What botocore's documentation names beside what reading needs."""


@each("operation", OPERATIONS)
def test_what_botocores_documentation_says_is_needed_is_granted(operation: str) -> None:
    service = operation.split(".")[0]
    told = get_service_model(service).operation_model(describe(operation).name).documentation
    named = set(re.findall(r"\b([a-z][a-z0-9-]+:[A-Z]\w+)\b(?!:)", re.sub("<[^>]+>", " ", told)))
    named -= {name for name in named if name in NOT_OURS or name.partition(":")[0] in NOT_OURS}
    known = {name for name in named if name.partition(":")[0] in published()}
    assert known <= {grant.action for grant in grants_for(operation)} or operation == "sts.get_caller_identity"


def test_stacks_are_listed_without_a_name() -> None:
    shape = get_service_model("cloudformation").operation_model("DescribeStacks").input_shape
    assert (
        "requires <code>ListStacks</code> and <code>DescribeStacks</code>"
        in shape.members["StackName"].documentation
    )
    (call,) = [call for call in CALLS if call.operation == "cloudformation.describe_stacks"]
    assert "StackName" not in {*call.params, *call.inputs}


def test_account_policies_are_of_the_type_whose_action_is_granted() -> None:
    (call,) = [call for call in CALLS if call.operation == "logs.describe_account_policies"]
    assert call.params == {"policyType": "SUBSCRIPTION_FILTER_POLICY"}


@pytest.mark.parametrize("service", ["ec2", "lambda", "inspector2", "cloudfront"])
def test_operations_are_those_of_the_model_that_botocore_takes(service: str) -> None:
    """Also where there are several versions of it, or more of it in files beside."""
    model = models(None).load_service_model(service, "service-2")["operations"]
    paged = models(None).load_service_model(service, "paginators-1")["pagination"]
    told = {describe(f"{service}.{xform_name(name)}") for name in model}
    assert {operation.name: operation.paged for operation in told} == {name: name in paged for name in model}


def test_a_service_that_is_none_is_told() -> None:
    with pytest.raises(KeyError):
        describe("nosuchservice.describe_it")


def test_exceptions_are_for_operations_that_tables_use() -> None:
    assert {*INSTEAD, *ALSO, *API_GATEWAY} <= set(OPERATIONS)
    assert set(PREFIXES) <= {describe(operation).signing_name for operation in OPERATIONS}


def test_no_exception_says_what_the_rule_says() -> None:
    for operation, actions in INSTEAD.items():
        assert actions != (f"{describe(operation).signing_name}:{describe(operation).name}",)


def test_paths_of_api_gateway_are_those_of_its_resources() -> None:
    resources = published()["apigateway"]["Resources"]
    forms = {form for kind in resources.values() for form in kind["ARNFormats"]}
    for operation in API_GATEWAY:
        (grant,) = grants_for(operation)
        told = grant.resource.replace("arn:*", "arn:${Partition}").replace("apigateway:*", "apigateway:${Region}")
        assert any(re.fullmatch(re.escape(form).replace(r"\.\*", ".*"), told) for form in forms), told
        uri = (
            get_service_model(operation.split(".")[0]).operation_model(describe(operation).name).http["requestUri"]
        )
        assert re.sub(r"\{\w+\}", "*", uri).removeprefix("/v2") == API_GATEWAY[operation]


def test_keys_of_apis_cannot_be_read() -> None:
    told = json.dumps(policy.policy(all_grants()))
    assert "apikeys" not in told
    assert '"apigateway:GET"], "Resource": "*"' not in told


# --- policies ---------------------------------------------------------------------------------------------


def granted(document: policy.Document) -> list[Grant]:
    """What a policy document allows."""
    grants = []
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        where = statement["Resource"]
        resources = [where] if isinstance(where, str) else where
        grants += [Grant(action, resource) for action in statement["Action"] for resource in resources]
    return sorted(grants)


def test_a_policy_allows_the_grants_and_nothing_else() -> None:
    document = policy.policy(all_grants())
    assert granted(document) == [*all_grants()]
    assert [action for statement in document["Statement"] for action in statement["Action"]] == sorted(
        {grant.action for grant in all_grants()}
    )
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    assert json.loads(policy.policy_json(document)) == document


def test_the_size_is_that_of_the_text_without_white_space() -> None:
    document = policy.policy(all_grants())
    assert policy.size(document) == len(re.sub(r"\s", "", policy.policy_json(document)))


names = st.from_regex(r"[A-Z][a-z]{2,40}", fullmatch=True)
services = st.sampled_from(["ec2", "s3", "ssm-incidents", "apigateway", "es"])
resources = st.sampled_from(["*", "arn:*:ec2:*:*:volume/*", "arn:*:s3:::*"])


@given(st.lists(st.builds(lambda s, n, r: Grant(f"{s}:{n}", r), services, names, resources), max_size=400))
def test_split_policies_allow_the_same_and_each_is_small_enough(grants: list[Grant]) -> None:
    documents = policy.policies(grants)
    assert all(policy.size(document) <= policy.LIMIT for document in documents)
    assert sorted(grant for document in documents for grant in granted(document)) == sorted(set(grants))
    assert granted(policy.policy(grants)) == sorted(set(grants))
    assert documents == policy.policies(reversed(grants))


def test_cfn_lint_has_nothing_to_say_of_the_template() -> None:
    from cfnlint.api import lint  # which takes long to be imported

    assert lint(policy.template(all_grants()), regions=["us-east-1", "eu-west-1"]) == []


def test_the_template_is_a_stacksets() -> None:
    from cfnlint.decode import decode_str

    text = policy.template(all_grants())
    made, problems = decode_str(text)
    assert not problems
    assert not re.search(r"\b\d{12}\b", text), "an account's id"
    assert all("Default" in parameter for parameter in made["Parameters"].values())
    assert "CAPABILITY_NAMED_IAM" in text
    assert made["Resources"]["Role"]["Properties"]["RoleName"] == {"Ref": "RoleName"}
    assert policy.template(reversed(all_grants())) == text


# --- the command ------------------------------------------------------------------------------------------


def said(*arguments: str) -> str:
    """What `demarcate iam-policy` prints."""
    result = CliRunner().invoke(app, ["iam-policy", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


class Asked(Exception):
    """What was to be collected."""


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        (("--check", "s3-bucket-object-lock"), {"checks": ["s3-bucket-object-lock"]}),
        (("--by-tag", "team"), {"tags": ["team"]}),
    ],
)
def test_it_is_for_what_assess_reads(
    arguments: tuple[str, ...], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(_: Any, __: Any, *, selection: Any, **___: Any) -> Any:
        raise Asked(selection)

    monkeypatch.setattr(assessing, "collect_snapshot", collect)
    with pytest.raises(Asked) as asked:
        assessing.assess_sources(["aws"], **options)
    (selection,) = asked.value.args
    grants = grants_of(calls_of(selection))
    assert said(*arguments) == policy.policy_json(policy.policy(grants))
    assert said(*arguments, "--format", "cloudformation") == policy.template(grants)


def test_one_table_is_read_and_nothing_else() -> None:
    expected = [Grant("ec2:DescribeRegions"), Grant("ec2:DescribeVolumes")]
    assert granted(json.loads(said("--table", "aws_ebs_volume"))) == expected


def test_an_organization_takes_listing_its_accounts_and_assuming_the_role() -> None:
    own = granted(json.loads(said("--table", "aws_ebs_volume")))
    grants = granted(json.loads(said("--table", "aws_ebs_volume", "--org", "--role-name", "audit/Demarcate")))
    assert [grant for grant in grants if grant not in own] == [
        Grant("organizations:DescribeOrganizationalUnit"),
        Grant("organizations:ListAccounts"),
        Grant("organizations:ListParents"),
        Grant("organizations:ListTagsForResource"),
        Grant("sts:AssumeRole", "arn:*:iam::*:role/audit/Demarcate"),
    ]


def test_a_policy_that_is_too_large_says_so() -> None:
    result = CliRunner().invoke(app, ["iam-policy"])
    assert re.fullmatch(
        r"this policy has \S+ characters and a managed policy takes 6,144: "
        r"--format cloudformation makes \d policies of it\n",
        result.stderr,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--table", "aws_ebs_volum"], "did you mean aws_ebs_volume"),
        (["--check", "ebs-volume-encrypte"], "did you mean ebs-volume-encrypted"),
        (["--checks", "/nonexistent"], "nonexistent"),
        (["--role-name", "audit"], "--org"),
        (["--org", "--role-name", "a b"], "cannot be the name of a role"),
    ],
)
def test_bad_input(arguments: list[str], says: str) -> None:
    with pytest.raises(DemarcateError, match=says):
        CliRunner().invoke(app, ["iam-policy", *arguments], catch_exceptions=False)


# --- the role ---------------------------------------------------------------------------------------------

PRINCIPAL = "arn:aws:iam::999999999999:role/auditor"


@pytest.mark.parametrize(
    ("parameters", "principal", "condition"),
    [
        ({}, "123456789012", None),
        ({"TrustedPrincipal": PRINCIPAL}, PRINCIPAL, None),
        ({"ExternalId": "id-1"}, "123456789012", {"StringEquals": {"sts:ExternalId": "id-1"}}),
    ],
)
def test_the_stack_makes_the_role(aws: Aws, parameters: dict[str, str], principal: str, condition: Any) -> None:
    told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    aws.client("cloudformation").create_stack(
        StackName="reader",
        TemplateBody=policy.template(all_grants()),
        Parameters=[*told, {"ParameterKey": "RoleName", "ParameterValue": "reader"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    iam = aws.client("iam")
    (statement,) = iam.get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": principal}
    assert statement.get("Condition") == condition
    grants: list[Grant] = []
    for attached in iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        held = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        grants += granted(held["PolicyVersion"]["Document"])
    assert sorted(grants) == [*all_grants()]
