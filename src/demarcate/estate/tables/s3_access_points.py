"""Amazon S3: access points, through which others reach buckets under policies of their own."""

from __future__ import annotations

from typing import Any

from demarcate.estate.schema.table import Arn, Bool, Call, Column, Each, From, Json, Table, Text, Time, attribute
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Kind, Unknown

_ACCESS_POINT = {"AccountId": "#account_id", "Name": "Name"}

_UNSAID = Unknown(Kind.UNSET, "what a block of public access leaves out is not known")


def _blocked(member: str) -> Any:
    """One switch of a template's block of public access."""
    return lambda block: block.get(member, _UNSAID)


def _blocks() -> tuple[Column, ...]:
    """What an access point blocks: all, where it was made without saying so, and for good.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html
    """
    return tuple(
        Bool(
            column,
            live=From(f"@made.PublicAccessBlockConfiguration.{member}", absent=False),
            cloudformation=From("PublicAccessBlockConfiguration", _blocked(member), absent=True),
        )
        for column, member in (
            ("block_public_acls", "BlockPublicAcls"),
            ("block_public_policy", "BlockPublicPolicy"),
            ("ignore_public_acls", "IgnorePublicAcls"),
            ("restrict_public_buckets", "RestrictPublicBuckets"),
        )
    )


ACCESS_POINT = Table(
    "aws_s3_access_point",
    "An access point of a general purpose S3 bucket.",
    service="s3",
    live=Each("s3control.list_access_points", "AccessPointList[]", inputs={"AccountId": "#account_id"}),
    details={
        "made": Call("s3control.get_access_point", inputs=_ACCESS_POINT),
        "policy": Call(
            "s3control.get_access_point_policy", inputs=_ACCESS_POINT, absent=("NoSuchAccessPointPolicy",)
        ),
    },
    cloudformation="AWS::S3::AccessPoint",
    columns=(
        Text("name", live="Name"),
        Arn(live="AccessPointArn", cloudformation=attribute("Arn")),
        Text("alias", live="Alias", cloudformation=attribute("Alias")),
        Text("bucket_name", live="Bucket"),
        Text("bucket_account_id", live="BucketAccountId", about="Whose the bucket is."),
        Text(
            "network_origin",
            live="NetworkOrigin",
            cloudformation=From("VpcConfiguration", lambda _: "VPC", absent="Internet"),
            about="Internet, or VPC: S3 takes one of a VPC for not public, whatever its policy says.",
        ),
        Text("vpc_id", live="VpcConfiguration.VpcId", absent=""),
        Time("creation_date", live="@made.CreationDate"),
        *_blocks(),
        Json(
            "policy",
            live=From("@policy.Policy", document, absent={}),
            cloudformation=From("Policy", document, absent={}),
        ),
    ),
)
