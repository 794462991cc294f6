"""Estates in short, as snapshots: roles, a bucket, and an organization around their account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from tests.checks.test_engine import snapshot

ACCOUNT, MANAGING = "111122223333", "999988887777"
PLACES = ("o-1", "r-1", "ou-1", ACCOUNT)
BUCKET = "arn:aws:s3:::data"
DENIED = Unknown(Kind.DENIED, "access denied")
Statements = list[dict[str, Any]]


class Estate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is in an estate. `scps` and `rcps` are the policies by where they are attached; others there allow all."""

    it: str = ""
    roles: dict[str, Statements] = {}
    boundaries: dict[str, Statements] = {}
    bucket: Statements = []
    closed: bool = False
    ownership: str = "BucketOwnerEnforced"
    acl: list[str] = []
    ignores: bool = False
    points: dict[str, Statements] = {}
    origin: str = "Internet"
    scps: dict[str, Statements] | str = {}
    rcps: dict[str, Statements] | str = {}
    s3: dict[str, Any] = {}
    manages: str = MANAGING


def arn(text: Any) -> Any:
    """A principal in short: role/app, root, another account, or as it is."""
    if isinstance(text, list):
        return [arn(each) for each in text]
    return f"arn:aws:iam::{ACCOUNT}:{text}" if text.startswith(("role/", "root")) else text


def document(statements: Statements, *, named: bool = False) -> dict[str, Any]:
    """Statements in short: `allow` or `deny` and the actions; AWS is whom they are for, on everything."""
    made = []
    for each in statements:
        said = {key: value for key, value in each.items() if key not in ("allow", "deny", "AWS")}
        effect = "Allow" if "allow" in each else "Deny"
        if "AWS" in each or named:
            whom = each.get("AWS", "*")
            said["Principal"] = "*" if whom == "*" else {"AWS": arn(whom)}
        if "NotResource" not in said:
            said.setdefault("Resource", "*")
        made.append({"Effect": effect, "Action": each.get("allow") or each["deny"], **said})
    return {"Version": "2012-10-17", "Statement": made}


def _row(resource: str, /, **columns: Any) -> dict[str, Any]:
    return {"resource": resource, "account_id": ACCOUNT, "region": "global", **columns}


def _grant(text: str) -> dict[str, Any]:
    """A grant of a list in short: whom, a colon, and what."""
    whom, _, permission = text.partition(":")
    group = f"http://acs.amazonaws.com/groups/global/{whom}"
    grantee = {"Type": "Group", "URI": group} if whom.endswith("Users") else {"Type": "CanonicalUser", "ID": whom}
    return {"Grantee": grantee, "Permission": permission}


def tables(estate: Estate) -> Mapping[str, Any]:
    """The rows of an estate."""
    roles = []
    for name, said in estate.roles.items():
        inline = [{"PolicyName": "p", "PolicyDocument": document(said)}] if said else []
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/{name}" if name in estate.boundaries else ""
        role = arn(f"role/{name}")
        roles.append(
            _row(role, arn=role, name=name, inline_policies=inline, attached_policy_arns=[])
            | {"permissions_boundary_arn": boundary, "assume_role_policy": document([])}
        )
    policies = [
        _row(name, arn=f"arn:aws:iam::{ACCOUNT}:policy/{name}", name=name, policy=document(said))
        for name, said in estate.boundaries.items()
    ]
    bucket = _row(
        BUCKET, arn=BUCKET, name="data", restrict_public_buckets=False, ignore_public_acls=estate.ignores
    )
    bucket |= {"object_ownership": estate.ownership, "owner_id": "own", "acl": [*map(_grant, estate.acl)]}
    points = [
        _row(name, arn=f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/{name}", name=name, bucket_name="data")
        | {"policy": document(said), "network_origin": estate.origin, "restrict_public_buckets": False}
        for name, said in estate.points.items()
    ]
    return {
        "aws_iam_role": roles,
        "aws_iam_user": [],
        "aws_iam_group": [],
        "aws_iam_policy": policies,
        "aws_s3_bucket": [bucket | {"policy": document(estate.bucket) if estate.bucket else None}],
        "aws_s3_account_settings": [
            _row(ACCOUNT, restrict_public_buckets=estate.closed, ignore_public_acls=False)
        ],
        "aws_s3_access_point": points,
        **_organization(estate),
    }


def _organization(estate: Estate) -> Mapping[str, Any]:
    if estate.scps == "none":
        return {
            "aws_organizations_organization": [],
            "aws_organizations_account": [],
            "aws_organizations_policy": [],
        }
    rows: list[dict[str, Any]] = []
    for type_, said in (("SERVICE_CONTROL_POLICY", estate.scps), ("RESOURCE_CONTROL_POLICY", estate.rcps)):
        for place in PLACES[1:]:
            own = said.get(place) if isinstance(said, dict) else None
            content: Any = document(
                [{"allow": "*"}, *(own or [])] if not own or "allow" not in own[0] else own,
                named=type_.startswith("RESOURCE"),
            )
            if said == "unread":
                content = DENIED
            rows.append(_managed(f"{type_}-{place}", type_, content, place))
    for place, content in estate.s3.items():
        told = content if isinstance(content, dict) else {"@@assign": content}
        block = {"s3_attributes": {"public_access_block_configuration": told}}
        rows.append(_managed(f"s3-{place}", "S3_POLICY", block, place))
    return {
        "aws_organizations_organization": [
            _row("o-1", id="o-1", master_account_id=estate.manages, enabled_policy_types=[
                "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "S3_POLICY",
            ])
        ],
        "aws_organizations_account": [_row(ACCOUNT, id=ACCOUNT, paths=["/".join(PLACES) + "/"])],
        "aws_organizations_policy": rows,
    }  # fmt: skip


def _managed(name: str, type_: str, content: Any, place: str) -> dict[str, Any]:
    row = _row(name, id=name, name=name, type=type_, content=content, target_ids=[place])
    return row | {"account_id": MANAGING}


def as_snapshot(estate: Estate) -> Snapshot:
    """An estate as what was collected of it."""
    return snapshot(tables(estate))
