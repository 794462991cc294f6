"""What mends a check in a template, where its columns do not lead back to the properties that tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.changes.properties import properties
from demarcate.changes.templates import patch_of
from demarcate.estate.sources.cloudformation.amending import NoWay, ways
from demarcate.estate.sources.cloudformation.editing import REMOVED
from demarcate.estate.sources.cloudformation.forms import form_at, forms_of
from demarcate.estate.sources.interface import Options
from demarcate.estate.tables import table
from tests.changes.terraform_cases import CATALOG
from tests.changes.test_terraform import asked
from tests.checks.examples import shipped, written_checks

GIVEN = {
    "backup-vault-notifications": {},
    "sfn-state-machine-logged": {},
    "s3-bucket-access-logging": {"BucketName": "plain"},
    "s3-bucket-kms-key-chosen": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        }
    },
    "s3-bucket-versions-expire": {"VersioningConfiguration": {"Status": "Enabled"}},
    "sqs-queue-encrypted": {"SqsManagedSseEnabled": False},
}
"""The properties of resources that fail, where they are not made of the check's own example."""


def test_each_mend_of_data_makes_its_check_pass(tmp_path: Path) -> None:
    """All at once, each of a resource that fails."""
    examples = {written.id: written.examples for written in written_checks(CATALOG)}
    resources, only = {}, set()
    for name in properties():
        check = shipped()[name]
        of = table(check.table)
        written = examples[name]
        row = written.fails[0] if written is not None else {}
        values = GIVEN[name] if name in GIVEN else _made(of, row)
        logical_id = "".join(part.capitalize() for part in name.split("-"))
        resources[logical_id] = {"Type": of.types[0], "Properties": values}
        only.add((name, logical_id))
    path = tmp_path / "app.json"
    path.write_text(json.dumps({"Resources": resources}, indent=2))
    patch = patch_of([str(path)], Options(), sorted(properties()), only=only, asked=asked())
    assert {(finding.check, why) for finding, why in patch.left} == set()
    assert {finding.check for finding, _ in patch.edits} == properties().keys()
    (edited,) = patch.files
    added = json.loads(edited.after)["Resources"]
    assert added["VpcHasFlowLogFlowLog"]["Properties"]["ResourceId"] == {"Ref": "VpcHasFlowLog"}


def _made(of: Any, row: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in row.items():
        column = of.column(name)
        try:
            told = ways(of, column, value) if column is not None and value is not None else iter(())
            way = next((way for way in told if way.value is not REMOVED and "[" not in way.path), None)
        except NoWay:
            continue
        if way is not None:
            *above, last = way.path.split(".")
            inside = made
            for step in above:
                inside = inside.setdefault(step, {})
            inside[last] = way.value
    return made


def test_no_property_is_invented() -> None:
    for name, of in properties().items():
        type_ = of.by or table(shipped()[name].table).types[0]
        paths = [path for path in (*of.says, *filter(None, [of.into])) if path not in forms_of(type_)[""]]
        assert [path for path in paths if form_at(type_, path) is None] == [], name


TEMPLATE = """\
Resources:
  Logs:  # of everything
    Type: AWS::S3::Bucket
    Condition: Wanted

  Other:
    Type: AWS::S3::Bucket
Conditions: {Wanted: !Equals [a, a]}
"""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", ""),
        ("  LogsBucketPolicy: {Type: 'AWS::SNS::Topic'}\n", ""),
        (
            "  P:\n    Type: AWS::S3::BucketPolicy\n    Properties: {Bucket: !Ref Logs, PolicyDocument: {}}\n",
            "P says",
        ),
    ],
    ids=["none", "a name that is taken", "there"],
)
def test_a_resource_is_written_behind_its_own(tmp_path: Path, more: str, why: str) -> None:
    path = tmp_path / "app.yaml"
    text = TEMPLATE.replace("Conditions:", f"{more}Conditions:")
    path.write_text(text)
    patch = patch_of([str(path)], Options(), None, only={("s3-bucket-tls-required", "Logs")})
    if why:
        ((_, told),) = patch.left
        assert told.startswith(f"{why} it, or may, at {path}:8")
        return
    (edited,) = patch.files
    begin, end = text.split("    Condition: Wanted\n")
    head, tail = begin + "    Condition: Wanted\n", end
    assert edited.after.startswith(head) and edited.after.endswith(tail)
    name = "LogsBucketPolicy2" if more else "LogsBucketPolicy"
    assert edited.after[len(head) : -len(tail)].startswith(
        f"  {name}:\n    Type: AWS::S3::BucketPolicy\n    Condition: Wanted\n    Properties:\n      Bucket: "
    )
