"""Writes the snapshot of one account for `make bench`: so many roles and buckets, with policies as accounts have them.

Each role has an inline policy like no other, and two of forty managed policies; one in ten has a boundary. Each bucket
has a policy of two statements. Control policies of three levels are above them.

    python bench/access.py FOLDER ROLES BUCKETS
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table

ACCOUNT, MANAGING = "111122223333", "999988887777"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*", **said} for said in statements],
    }


def row(resource: str, /, **columns: Any) -> dict[str, Any]:
    return {"resource": resource, "account_id": ACCOUNT, "region": "global", **columns}


def policy_arn(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/p{number}"


def managed(number: int) -> dict[str, Any]:
    """A managed policy: five statements of other services, and one of S3 in every fourth."""
    said: list[dict[str, Any]] = [
        {"Action": [f"{service}:Describe*", f"{service}:List*"]} for service in ("ec2", "rds", "ecs", "eks", "sqs")
    ]
    if number % 4 == 0:
        said.append({"Action": "s3:Get*", "Resource": f"arn:aws:s3:::bucket-{number}*"})
    return document(*said)


def role(number: int) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/r{number}"
    inline = document(
        {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::bucket-{number % 2_000}/*"},
        {"Action": "dynamodb:*", "Resource": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t{number}"},
        {"Effect": "Deny", "Action": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}},
    )
    return row(
        arn,
        arn=arn,
        name=f"r{number}",
        inline_policies=[{"PolicyName": f"own{number}", "PolicyDocument": inline}],
        attached_policy_arns=[policy_arn(number % 40), policy_arn((number + 7) % 40)],
        permissions_boundary_arn=policy_arn(0) if number % 10 == 0 else "",
        assume_role_policy=document({"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}),
    )


def bucket(number: int) -> dict[str, Any]:
    arn = f"arn:aws:s3:::bucket-{number}"
    roles = [f"arn:aws:iam::{ACCOUNT}:role/r{other}" for other in range(number, number + 3)]
    policy = document(
        {"Action": "s3:GetObject", "Principal": {"AWS": roles}, "Resource": f"{arn}/*"},
        {"Effect": "Deny", "Action": "s3:*", "Principal": "*", "Resource": [arn, f"{arn}/*"],
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    )  # fmt: skip
    told = row(arn, arn=arn, name=f"bucket-{number}", policy=policy, restrict_public_buckets=True)
    return told | {"object_ownership": "BucketOwnerEnforced"}


def control(place: str) -> dict[str, Any]:
    said = document(
        {"Action": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "*:role/admin"}}},
    )  # fmt: skip
    told = row(
        f"p-{place}", id=f"p-{place}", name=place, type="SERVICE_CONTROL_POLICY", content=said, target_ids=[place]
    )
    return told | {"account_id": MANAGING}


def tables(roles: int, buckets: int) -> dict[str, Iterable[dict[str, Any]]]:
    """The rows by table."""
    types = ["SERVICE_CONTROL_POLICY"]
    return {
        "aws_iam_role": map(role, range(roles)),
        "aws_iam_user": [],
        "aws_iam_group": [],
        "aws_iam_policy": (row(policy_arn(n), arn=policy_arn(n), policy=managed(n)) for n in range(40)),
        "aws_s3_bucket": map(bucket, range(buckets)),
        "aws_s3_account_settings": [row(ACCOUNT, restrict_public_buckets=True)],
        "aws_organizations_organization": [
            row("o-1", id="o-1", master_account_id=MANAGING, enabled_policy_types=types)
        ],
        "aws_organizations_account": [row(ACCOUNT, id=ACCOUNT, paths=[f"o-1/r-1/ou-1/{ACCOUNT}/"])],
        "aws_organizations_policy": map(control, ("r-1", "ou-1", ACCOUNT)),
    }


def write(folder: Path, roles: int, buckets: int) -> None:
    """Write it into a new folder."""
    with SnapshotWriter("live", "bench", out=folder, moment=datetime(2026, 1, 1, tzinfo=UTC)) as writer:
        for name, rows in tables(roles, buckets).items():
            of = table(name)
            account = MANAGING if name == "aws_organizations_policy" else ACCOUNT
            part = writer.part(of, [column.name for column in of.all_columns], account, "global")
            part.append(rows)
            part.seal()
        writer.finish()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
