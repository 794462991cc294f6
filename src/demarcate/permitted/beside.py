"""What lets somebody into a bucket beside its policy: access control lists, and access points.

A grant of a list is taken as what it is, an Allow, from which the Denies of the bucket's policy and of resource control
policies are taken. Lists of objects are not read: where they count, whom they let in is not known. What comes through
an access point must be let in by its policy and by the bucket. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demarcate.access.conditions import Given
from demarcate.access.statements import Policy, PolicyKind
from demarcate.access.values import some
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.plan import Selection
from demarcate.permitted.resources import SETTINGS, Owned
from demarcate.permitted.rows import OWN, Reading, Row, is_text

BUCKETS: Final = "aws_s3_bucket"
POINTS: Final = "aws_s3_access_point"

_LISTS: Final = (
    "acl",
    "owner_id",
    "object_ownership",
    "ignore_public_acls",
    "acl_is_public",
    "acl_is_public_write",
)
_OF_POINT: Final = ("arn", "name", "bucket_name", "policy", "network_origin", "restrict_public_buckets")

SELECTION: Final[Selection] = {
    BUCKETS: frozenset(_LISTS),
    SETTINGS: frozenset(("ignore_public_acls",)),
    POINTS: frozenset(_OF_POINT),
}
"""What is read of a source for it, beside the policies of buckets."""

_OF_BUCKET: Final = {
    **dict.fromkeys(("s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"), "READ"),
    "s3:putobject": "WRITE",
    "s3:getbucketacl": "READ_ACP",
    "s3:putbucketacl": "WRITE_ACP",
}
_OF_OBJECTS: Final = frozenset(
    (
        *("s3:getobject", "s3:getobjectversion", "s3:getobjectacl", "s3:getobjectversionacl"),
        *("s3:putobjectacl", "s3:putobjectversionacl"),
    )
)
"""Which actions the lists of buckets, and those of objects, give. Source: "Mapping of ACL permissions and access policy
permissions" of the first page that is named above."""

_EVERYBODY: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
_SIGNED: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"

_NOT_READ: Final = Unknown(Kind.NOT_COLLECTED, "the access control lists of its objects, which are not read")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list grants, as the Allow that it is, or why it is not known; and whether it may be for everybody."""

    by: str
    statement: Mapping[str, Any] | None
    unknown: Unknown | None = None
    public: bool = True


class Beside:
    """What is beside the policies of a snapshot's buckets."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    # --- access control lists ---------------------------------------------------------------------------------

    def lists(self, owned: Owned, action: str) -> Iterator[Listed]:
        """What access control lists grant of an action on a bucket, or on what is in it."""
        action = action.lower()
        permission = _OF_BUCKET.get(action)
        if permission is None and action not in _OF_OBJECTS:
            return
        row = next((row for row in self._rows(BUCKETS, "arn", *_LISTS) if _is(row, owned)), None)
        if row is None or row["object_ownership"] == "BucketOwnerEnforced":
            return
        off = row["object_ownership"] if isinstance(row["object_ownership"], Unknown) else None
        ignored = self._ignored(row, owned.account)
        if permission is None:
            yield Listed(
                "the access control list of an object", None, off or _NOT_READ, public=ignored is not True
            )
            return
        for grant in _grants(row):
            told = _granted(grant, permission, row["owner_id"], action) if isinstance(grant, dict) else grant
            if told is None:
                continue
            unknown = told if isinstance(told, Unknown) else off
            public = isinstance(grant, dict) and "URI" in grant["Grantee"] and _uri(grant) != _LOG_DELIVERY
            if public and ignored is True:
                continue
            unknown = ignored if public and isinstance(ignored, Unknown) else unknown
            yield Listed("its access control list", None if isinstance(told, Unknown) else told, unknown)

    def _ignored(self, row: Row, account: str) -> bool | Unknown:
        """Whether S3 ignores what lists give everybody: for this bucket, or for all of the account."""
        settings = self._rows(SETTINGS, "ignore_public_acls")
        of_account = [each["ignore_public_acls"] for each in settings if each["account_id"] == account]
        told = [row["ignore_public_acls"], *of_account]
        if not of_account and account != OWN:
            told.append(Unknown(Kind.NOT_COLLECTED, f"whether {account} ignores public access control lists"))
        return some(
            each if isinstance(each, bool | Unknown) else Unknown(Kind.UNTOLD, "whether public lists are ignored")
            for each in told
        )

    def _rows(self, name: str, *columns: str) -> Iterator[Row]:
        if name in self._reading.snapshot.asked:
            yield from self._reading.rows(name, *columns)

    # --- access points ----------------------------------------------------------------------------------------

    def points(self) -> Iterator[tuple[Owned, str, str]]:
        """All access points with a policy, with the name of the bucket behind each, and where requests come from."""
        for row in self._rows(POINTS, *_OF_POINT):
            account = row["account_id"] if is_text(row["account_id"]) else OWN
            arn = row["arn"] if is_text(row["arn"]) else f"arn:aws:s3:x:{account}:accesspoint/{row['resource']}"
            closed = row["restrict_public_buckets"]
            if not isinstance(closed, bool | Unknown):
                closed = Unknown(Kind.UNTOLD, "what blocks public access")
            bucket = row["bucket_name"] if is_text(row["bucket_name"]) else ""
            origin = row["network_origin"] if is_text(row["network_origin"]) else ""
            owned = Owned(
                *(arn, row["policy"], PolicyKind.ACCESS_POINT, account, "s3", str(row["resource"]), closed)
            )
            yield owned, bucket, origin


def is_point(name: str) -> bool:
    """Whether an ARN is that of an access point, or of what is behind one."""
    return ":s3:" in name and ":accesspoint/" in name


def through(point: Owned, origin: str) -> dict[str, Given]:
    """What requests carry that come through an access point, as the bucket sees them."""
    carried: dict[str, Given] = {
        "s3:dataaccesspointarn": (point.arn,),
        "s3:dataaccesspointaccount": (point.account,),
    }
    return carried | ({"s3:accesspointnetworkorigin": (origin,)} if origin else {})


def at_point(point: Owned, resource: str) -> str:
    """What a bucket, or an object of it, is called at an access point.

    >>> at_point(Owned("arn:aws:s3:x:1:accesspoint/p", None, PolicyKind.ACCESS_POINT, "1", "s3"), "arn:aws:s3:::b/k")
    'arn:aws:s3:x:1:accesspoint/p/object/k'
    """
    _, slash, key = resource.partition("/")
    return f"{point.arn}/object/{key}" if slash else point.arn


def in_bucket(bucket: Owned, point: Owned, resource: str) -> str:
    """What is called so at an access point, as the bucket calls it."""
    inside = resource.removeprefix(point.arn).removeprefix("/object/")
    return f"{bucket.arn}/{inside}" if inside else bucket.arn


def delegates(policy: Policy | None) -> bool:
    """Whether a bucket's policy asks by which access point a request comes."""
    statements = policy.statements if policy is not None else ()
    return any(
        isinstance(test, Unknown) or test.key.startswith(("s3:dataaccesspoint", "s3:accesspointnetwork"))
        for said in statements
        for test in said.tests
    )


def _is(row: Row, owned: Owned) -> bool:
    return row["resource"] == owned.shown or (is_text(row["arn"]) and row["arn"] == owned.arn)


def _grants(row: Row) -> Iterator[Any]:
    """The grants of a bucket's list; what a template says of it where it says only for whom it is."""
    if isinstance(row["acl"], list):
        yield from row["acl"]
    elif is_text(row["account_id"]):
        yield row["acl"] if isinstance(row["acl"], Unknown) else Unknown(Kind.UNTOLD, "its access control list")
    else:
        for column, permission in (("acl_is_public", "READ"), ("acl_is_public_write", "WRITE")):
            if isinstance(row[column], Unknown):
                yield row[column]
            elif row[column]:
                yield {"Grantee": {"Type": "Group", "URI": _EVERYBODY}, "Permission": permission}


def _uri(grant: Mapping[str, Any]) -> str:
    return str(grant["Grantee"].get("URI", ""))


def _granted(
    grant: Mapping[str, Any], permission: str, owner: Any, action: str
) -> dict[str, Any] | Unknown | None:
    """A grant as the Allow that it is; None where it gives something else, or its owner what is the owner's."""
    if grant.get("Permission") not in (permission, "FULL_CONTROL"):
        return None
    said: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": "*"}
    uri, whom = _uri(grant), grant["Grantee"].get("ID")
    if uri == _EVERYBODY:
        return said | {"Principal": "*"}
    if uri == _SIGNED:
        return said | {"Principal": "*", "Condition": {"Null": {"aws:PrincipalAccount": "false"}}}
    if uri == _LOG_DELIVERY:
        return said | {"Principal": {"Service": "logging.s3.amazonaws.com"}}
    if whom is None or not is_text(owner):
        return Unknown(Kind.UNTOLD, "who is meant in its access control list")
    return None if whom == owner else said | {"Principal": {"CanonicalUser": whom}}
