"""Who may read the data of a resource: who may ask the service for it, and may decrypt with the key that it is under.

The service decrypts in the name of whoever asks, so both are needed where the key is a customer's. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html,
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html,
https://docs.aws.amazon.com/efs/latest/ug/EFSKMS.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demarcate.access.asked import parts_of
from demarcate.access.callers import Reach
from demarcate.access.effective import Because, Effective
from demarcate.access.evaluating import Outcome
from demarcate.access.patterns import matching
from demarcate.access.values import every
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.snapshots.telling import Row, rows
from demarcate.estate.sources.plan import Selection
from demarcate.keys.access import Identities, uses_of_key
from demarcate.keys.listing import Key, Names, Place, keys_of
from demarcate.keys.reading import key_columns, of_access, text_of
from demarcate.permitted.asking import Policies, needed
from demarcate.permitted.outside import Outside
from demarcate.permitted.resources import OWNERS


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of data: the ARNs of what holds it, their table, the actions that read it (one is enough), and what it
    takes of the key.

    `how` is the column that says whether it is under a key, and `keyed` what that says then. `by` is who decrypts: the
    caller, the service by a grant that it has, or a role that is handed to it.
    """

    arns: str
    table: str
    actions: tuple[str, ...]
    how: str = ""
    keyed: str = ""
    operation: str = "Decrypt"
    by: str = "caller"
    via: str = ""
    default: bool = True
    """Whether it is under AWS's own key for the service where no key is named, rather than under none."""
    shared: str = ""
    """The column that says which accounts it is shared with; "all" is everybody."""


_RDS: Final = ("rds:StartExportTask",)

_KINDS: Final = (
    _Kind("arn:*:s3:::*", "aws_s3_bucket", ("s3:GetObject",), "sse_algorithm", "aws:kms*"),
    _Kind("arn:*:secretsmanager:*", "aws_secretsmanager_secret", ("secretsmanager:GetSecretValue",)),
    _Kind("arn:*:sqs:*", "aws_sqs_queue", ("sqs:ReceiveMessage",), default=False),
    _Kind(
        *("arn:*:dynamodb:*:table/*", "aws_dynamodb_table"),
        ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect"),
        *("sse_type", "KMS"),
    ),
    _Kind(
        "arn:*:ssm:*:parameter/*",
        "aws_ssm_parameter",
        ("ssm:GetParameter", "ssm:GetParameters"),
        "type",
        "SecureString",
    ),
    _Kind(
        *("arn:*:ec2:*:snapshot/*", "aws_ebs_snapshot", ("ebs:GetSnapshotBlock", "ec2:CreateVolume")),
        *("encrypted", "True"),
        via="ec2",
    ),
    _Kind(
        *("arn:*:rds:*:snapshot:*", "aws_rds_db_snapshot"),
        ("rds:RestoreDBInstanceFromDBSnapshot", "rds:CopyDBSnapshot", *_RDS),
        *("encrypted", "True", "CreateGrant"),
        shared="shared_with",
    ),
    _Kind(
        *("arn:*:rds:*:cluster-snapshot:*", "aws_rds_db_cluster_snapshot"),
        ("rds:RestoreDBClusterFromSnapshot", "rds:CopyDBClusterSnapshot", *_RDS),
        *("storage_encrypted", "True", "CreateGrant"),
        shared="shared_with",
    ),
    _Kind(
        *("arn:*:elasticfilesystem:*:file-system/*", "aws_efs_file_system", ("elasticfilesystem:ClientMount",)),
        *("encrypted", "True"),
        by="service",
    ),
    _Kind(
        *("arn:*:backup:*:recovery-point:*", "aws_backup_recovery_point", ("backup:StartRestoreJob",)),
        *("is_encrypted", "True"),
        by="role",
    ),
)
"""The kinds of data that are weighed."""

_DECLARED: Final = tuple(kind for kind in _KINDS if kind.table in OWNERS.values())
"""Those that may be named by their logical ids in a template or plan."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody, and both halves of reading the data: `asks` is None, and `decrypts` False, for what is not allowed.
    `decrypts` is True where that takes no permission.
    """

    principal: str
    asks: Effective | None
    decrypts: Effective | Unknown | bool

    @property
    def reads(self) -> bool | Unknown:
        """Whether the data can be read."""
        asks = self.asks.allowed if self.asks is not None else False
        return every((asks, self.decrypts.allowed if isinstance(self.decrypts, Effective) else self.decrypts))


@dataclass(frozen=True, slots=True)
class Under:
    """What data is under: the key, or why no permission for one is needed, or that it is not known. `within` says that
    nobody outside of the account can have it: AWS's own key for a service is for its account alone.
    """

    key: Key | None
    words: str
    unknown: Unknown | None = None
    within: bool = False


def of_data(resource: str) -> Selection:
    """What is read of a source for who may read data: by its ARN, or a declared one by its logical id.

    Raises DemarcateError for a resource that is not weighed so.
    """
    selection = dict(of_access()) | dict(needed(resource))
    for kind in (_of(resource),) if resource.startswith("arn:") else _DECLARED:
        held = selection.get(kind.table, frozenset())
        selection[kind.table] = None if held is None else held | frozenset(_columns(kind))
    return selection


def _columns(kind: _Kind) -> list[str]:
    return [
        "arn",
        key_columns()[kind.table][0],
        *filter(None, (kind.how, kind.shared)),
        *(["public"] if _public(kind) else []),
    ]


def _public(kind: _Kind) -> bool:
    return kind.table in ("aws_ebs_snapshot", "aws_rds_db_snapshot", "aws_rds_db_cluster_snapshot")


def _of(resource: str) -> _Kind:
    parts_of(resource)
    told = next((kind for kind in _KINDS if matching(kind.arns)(resource)), None)
    if told is None:
        raise DemarcateError(
            f"{resource!r}: who reads the data is told of ARNs like {', '.join(kind.arns for kind in _KINDS)}; "
            "for others ask `access who-can` and `keys who`"
        )
    return told


def readers(snapshot: Snapshot, resource: str) -> tuple[Under, list[Reader]]:
    """What the data of a resource is under, and who has a half of what reading it takes, or both.

    Raises DemarcateError where the snapshot has no such resource.
    """
    keys = keys_of(snapshot)
    with Policies(snapshot) as policies:
        kind, row = _named(policies, resource)
        asks, outside = _asking(policies, kind, resource, row)
        under = _under(row, kind, keys)
        decrypts: dict[str, Effective] = {}
        if under.key is not None and kind.by != "service":
            decrypts = _decrypting(policies, under.key, kind, resource, row)
    others: Effective | Unknown | bool = under.unknown or under.key is None or kind.by == "service"
    if kind.by == "role" and under.key is not None:
        others = Unknown(Kind.UNTOLD, "whether the role that is handed to AWS Backup may decrypt")
    listed = [Reader(who, asks.get(who), decrypts.get(who, others)) for who in dict.fromkeys((*asks, *decrypts))]
    for statement in outside:
        reached = statement.reached
        if reached.high.rank > Reach.OWN_ACCOUNT.rank:
            known = reached.low is reached.high
            outcome = Outcome.ALLOWED if known else Outcome.UNKNOWN
            because = Because("resource", outcome, statements=(statement.by,))
            whom = reached.low.value if known else f"{reached.low.value} to {reached.high.value}"
            theirs = decrypts.get(whom, _theirs(under, kind, others))
            listed.append(Reader(whom, Effective(True if known else reached.why, [because]), theirs))
    return under, [*listed, *_shared(kind, row, under, decrypts, others)]


def _theirs(under: Under, kind: _Kind, others: Effective | Unknown | bool) -> Effective | Unknown | bool:
    """Whether those outside of the account may decrypt."""
    if kind.by == "service":
        return True
    return _UNTOLD if under.key is not None else False if under.within else others


_UNTOLD: Final = Unknown(Kind.UNTOLD, "whether those outside may decrypt: `keys who` says whom the key lets in")


def _decrypting(policies: Policies, key: Key, kind: _Kind, resource: str, row: Row) -> dict[str, Effective]:
    """Who may decrypt with a key, through the service that holds the data.

    In which region a template will be deployed is not known, so that what hangs on the service's name there is not.
    """
    if not key.account:
        declared = {holder.shown for holder in policies.holders}
        may, _ = policies.who_can(f"kms:{kind.operation}", key.resource)
        return {each.principal: each.effective for each in may if each.principal in declared}
    via = f"{kind.via or resource.split(':')[2]}.{row['region']}.amazonaws.com"
    context = {"kms:viaservice": (via,)}
    told = uses_of_key(key, Identities(policies.snapshot), operations=(kind.operation,), context=context)
    return {use.principal: use.effective for use in told}


def _asking(
    policies: Policies, kind: _Kind, resource: str, row: Row
) -> tuple[dict[str, Effective], list[Outside]]:
    """Who may ask for it by one of the actions, and whom the resource's own policy lets in."""
    asks: dict[str, Effective] = {}
    outside: list[Outside] = []
    for action in kind.actions:
        may, others = policies.who_can(action, _as_authorized(resource), text_of(row["account_id"]))
        outside += [each for each in others if each.by not in [other.by for other in outside]]
        for each in may:
            if each.principal not in asks or asks[each.principal].allowed is not True:
                asks[each.principal] = each.effective
    if kind.table == "aws_efs_file_system" and policies.of(resource) is not None and not outside:
        owned = policies.of(resource)
        if owned is not None and owned.policy is None:
            because = Because(
                "resource", Outcome.ALLOWED, reason="it has no policy, so that no permission is asked for"
            )
            asks["whoever reaches a mount target"] = Effective(True, [because])
    return asks, outside


def _as_authorized(resource: str) -> str:
    """The ARN as policies have it: that of a snapshot of EC2 names no account."""
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[2] != "ec2":
        return resource
    parts[4] = ""
    return ":".join(parts)


def _shared(
    kind: _Kind, row: Row, under: Under, decrypts: Mapping[str, Effective], others: Effective | Unknown | bool
) -> Iterator[Reader]:
    """Whom it is shared with, beside the policies."""
    if not _public(kind):
        return
    public = row["public"]
    if public is not False:
        comes = Effective(
            True if public is True else public if isinstance(public, Unknown) else Unknown(Kind.UNTOLD, "public"),
            [Because("shared", Outcome.ALLOWED if public is True else Outcome.UNKNOWN, reason="with everybody")],
        )
        yield Reader("anyone", comes, False if under.key is not None or under.within else others)
    accounts = row[kind.shared] if kind.shared else Unknown(Kind.UNTOLD, "which accounts it is shared with")
    if not isinstance(accounts, list):
        why = (
            accounts if isinstance(accounts, Unknown) else Unknown(Kind.UNTOLD, "which accounts it is shared with")
        )
        comes = Effective(why, [Because("shared", Outcome.UNKNOWN, reason=why.reason)])
        yield Reader("whatever accounts it is shared with", comes, _theirs(under, kind, others))
        return
    for account in (text for text in accounts if text != "all"):
        comes = Effective(True, [Because("shared", Outcome.ALLOWED, reason=f"with {account}")])
        root = f"arn:aws:iam::{account}:root"
        theirs: Effective | Unknown | bool = decrypts.get(
            root, False if under.key is not None or under.within else others
        )
        named = [who for who in decrypts if f":{account}:" in who]
        yield Reader(account, comes, _SOME_OF_THEIRS if named and root not in decrypts else theirs)


_SOME_OF_THEIRS: Final = Unknown(
    Kind.UNTOLD, "the key lets some of that account's principals in, and not the account"
)


def _named(policies: Policies, resource: str) -> tuple[_Kind, Row]:
    """The kind and the row of what holds the data. Raises DemarcateError where the snapshot has no such resource."""
    if resource.startswith("arn:"):
        kind = _of(resource)
        owned = policies.of(resource) if kind in _DECLARED else None
        return kind, _row(policies.snapshot, kind, resource if owned is None else owned.shown)
    for kind in _DECLARED:
        for row in rows(policies.snapshot, kind.table, _columns(kind)):
            if row["resource"] == resource:
                return kind, row
    kinds = ", ".join(kind.table for kind in _DECLARED)
    raise DemarcateError(f"{resource}: what was read has no such resource in any of {kinds}")


def _row(snapshot: Snapshot, kind: _Kind, resource: str) -> Row:
    names = {resource, resource.partition("/")[0]} if kind.table == "aws_s3_bucket" else {resource}
    if kind.table == "aws_ebs_snapshot":
        names.add(resource.rpartition("/")[2])
    for row in rows(snapshot, kind.table, _columns(kind)):
        told = {row["resource"], text_of(row["arn"])}
        if kind.table == "aws_ebs_snapshot":
            told.add(text_of(row["arn"]).rpartition("/")[2])
        if not names.isdisjoint(told):
            return row
    raise DemarcateError(f"{resource}: what was read has no such resource")


def _under(row: Row, kind: _Kind, keys: list[Key]) -> Under:
    value = row[key_columns()[kind.table][0]]
    how: Any = row[kind.how] if kind.how else kind.keyed
    for each in (how, value):
        if isinstance(each, Unknown):
            return Under(None, f"not known: {each.reason}", each)
    called = text_of(value)
    keyed = not kind.how or matching(kind.keyed)(str(how))
    if not keyed or (not called and not kind.default):
        return Under(None, "no KMS key: reading takes no permission for one")
    if not called or called.rpartition("/")[0].endswith("alias/aws"):
        words = "AWS's key for this service: reading takes no permission for it within the account, and none is outside"
        return Under(None, words, within=True)
    place: Place = row["account_id"], row["region"], row["file"]
    key = Names(keys).of(called, place)
    if key is None:
        unknown = Unknown(Kind.NOT_COLLECTED, f"the key {called}, which is not in what was read")
        return Under(None, f"not known: {unknown.reason}", unknown)
    words = f"{key.resource}, by a grant of the service: reading takes no permission for it"
    return Under(key, words if kind.by == "service" else key.resource)
