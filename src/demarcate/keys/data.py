"""Who may read the data of a resource: who may ask the service for it, and may decrypt with the key that it is under.

The service decrypts in the name of whoever asks, so both are needed where the key is a customer's. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from demarcate.access.callers import Reach
from demarcate.access.effective import Because, Effective
from demarcate.access.evaluating import Outcome
from demarcate.access.values import every
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.sources.plan import Selection
from demarcate.keys.access import Identities, uses_of_key
from demarcate.keys.listing import Key, Names, Place, keys_of
from demarcate.keys.reading import Row, key_columns, of_access, rows, text_of
from demarcate.permitted.asking import Policies, needed

_READS: Final[Mapping[str, tuple[str, str, str]]] = {
    "s3": ("aws_s3_bucket", "s3:GetObject", "sse_algorithm"),
    "secretsmanager": ("aws_secretsmanager_secret", "secretsmanager:GetSecretValue", ""),
    "sqs": ("aws_sqs_queue", "sqs:ReceiveMessage", ""),
}
"""By the service of an ARN: the table, the action that reads, and the column that says how it is encrypted."""

_KMS: Final = "aws:kms"


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
    """What is read of a source for who may read data. Raises DemarcateError for a resource that is not weighed so."""
    name, _, how = _of(resource)
    columns = frozenset((*key_columns()[name], *([how] if how else [])))
    selection = dict(of_access()) | dict(needed(resource))
    return {**selection, name: None if selection.get(name, columns) is None else columns}


def _of(resource: str) -> tuple[str, str, str]:
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[2] not in _READS:
        raise DemarcateError(
            f"{resource!r}: who reads the data is told of ARNs of {', '.join(_READS)}; "
            "for others ask `access who-can` and `keys who`"
        )
    return _READS[parts[2]]


def readers(snapshot: Snapshot, resource: str) -> tuple[Under, list[Reader]]:
    """What the data of a resource is under, and who has a half of what reading it takes, or both.

    Raises DemarcateError where the snapshot has no such resource.
    """
    name, action, how = _of(resource)
    keys = keys_of(snapshot)
    asked = f"{resource}/*" if name == "aws_s3_bucket" and "/" not in resource else resource
    with Policies(snapshot) as policies:
        may, outside = policies.who_can(action, asked)
    row = _row(snapshot, name, how, resource)
    under = _under(row, name, how, keys)
    asks = {each.principal: each.effective for each in may}
    decrypts: dict[str, Effective] = {}
    if under.key is not None:
        via = f"{resource.split(':')[2]}.{row['region']}.amazonaws.com"
        context = {"kms:viaservice": (via,)}
        told = uses_of_key(under.key, Identities(snapshot), operations=("Decrypt",), context=context)
        decrypts = {use.principal: use.effective for use in told}
    others: Effective | Unknown | bool = under.unknown or under.key is None
    listed = [Reader(who, asks.get(who), decrypts.get(who, others)) for who in dict.fromkeys((*asks, *decrypts))]
    for statement in outside:
        reached = statement.reached
        if reached.high.rank > Reach.OWN_ACCOUNT.rank:
            known = reached.low is reached.high
            outcome = Outcome.ALLOWED if known else Outcome.UNKNOWN
            because = Because("resource", outcome, "the resource's policy", (statement.statement.name,))
            whom = reached.low.value if known else f"{reached.low.value} to {reached.high.value}"
            theirs = decrypts.get(whom, _UNTOLD if under.key is not None else False if under.within else others)
            listed.append(Reader(whom, Effective(True if known else reached.why, [because]), theirs))
    return under, listed


_UNTOLD: Final = Unknown(Kind.UNTOLD, "whether those outside may decrypt: `keys who` says whom the key lets in")


def _row(snapshot: Snapshot, name: str, how: str, resource: str) -> Row:
    names = {resource, resource.partition("/")[0]} if name == "aws_s3_bucket" else {resource}
    columns = ["arn", *key_columns()[name], *([how] if how else [])]
    for row in rows(snapshot, name, columns):
        if not names.isdisjoint((row["resource"], text_of(row["arn"]))):
            return row
    raise DemarcateError(f"{resource}: what was read has no such resource")


def _under(row: Row, name: str, how: str, keys: list[Key]) -> Under:
    column = key_columns()[name][0]
    value, algorithm = row[column], row[how] if how else _KMS
    for each in (algorithm, value):
        if isinstance(each, Unknown):
            return Under(None, f"not known: {each.reason}", each)
    if how and not str(algorithm or "").startswith(_KMS):
        return Under(None, "no KMS key: reading takes no permission for one")
    called = text_of(value)
    if not called and name == "aws_sqs_queue":
        return Under(None, "no KMS key: reading takes no permission for one")
    if not called or called.rpartition("/")[0].endswith("alias/aws"):
        words = "AWS's key for this service: reading takes no permission for it within the account, and none is outside"
        return Under(None, words, within=True)
    place: Place = row["account_id"], row["region"], row["file"]
    key = Names(keys).of(called, place)
    if key is None:
        unknown = Unknown(Kind.NOT_COLLECTED, f"the key {called}, which is not in what was read")
        return Under(None, f"not known: {unknown.reason}", unknown)
    return Under(key, key.resource)
