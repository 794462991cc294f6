"""What CloudTrail recorded of the use of keys: by whom, for which operation, and for what that programs encrypt.

Of programs the encryption context tells: libraries of AWS put reserved keys into it. Where one of these was seen,
something is encrypted in the client; where none was, nothing is known, as a library need not use KMS. Sources:
https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html,
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html, and of each library below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demarcate.guardrails.calls import call_of, is_call

SOURCE: Final = "kms.amazonaws.com"

ESDK: Final = "the AWS Encryption SDK"
S3EC: Final = "the S3 Encryption Client"
DBESDK: Final = "the Database Encryption SDK for DynamoDB"
DDBEC: Final = "the DynamoDB Encryption Client"

CONTEXTS: Final[Mapping[str, str]] = {
    # https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/concepts.html
    "aws-crypto-table-name": DBESDK,
    "aws-crypto-partition-name": DBESDK,
    # https://github.com/aws/aws-dynamodb-encryption-java: DirectKmsMaterialsProvider
    "*aws-kms-table*": DDBEC,
    # https://github.com/awslabs/aws-encryption-sdk-specification: s3-encryption/materials/s3-kms-keyring.md
    "aws:x-amz-cek-alg": S3EC,
    # https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/concepts.html
    "aws-crypto-public-key": ESDK,
}
"""Keys of an encryption context that a library puts there, the most special first."""

METADATA: Final[Mapping[str, str]] = {"x-amz-key": S3EC, "x-amz-key-v2": S3EC, "x-amz-c": S3EC}
"""Keys of an object's own metadata by which the S3 Encryption Client knows what it encrypted, in its three formats.

https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/s3-encryption/data-format/content-metadata.md
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How often somebody called an operation with a key, and when last. `action` is that of IAM, in lower case."""

    key: str
    principal: str
    action: str
    times: int
    last: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A library that encrypts in the client: by whom it was used, with which key, when last, and what shows it."""

    library: str
    principal: str
    key: str
    last: str
    by: str


def used(events: Iterable[Mapping[str, Any]]) -> list[Recorded]:
    """The use of keys in events, by key, principal and action. A call that was refused is no use."""
    told: dict[tuple[str, str, str], tuple[int, str]] = {}
    for event in events:
        for key, action, principal, at in _uses(event):
            times, last = told.get((key, principal, action), (0, ""))
            told[key, principal, action] = times + 1, max(last, at)
    return [Recorded(*place, times, last) for place, (times, last) in sorted(told.items())]


def _uses(event: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if event.get("eventSource") != SOURCE or not is_call(event):
        return
    call = call_of(event)
    if call.refused:
        return
    for key in keys_in(event):
        for action in call.authorized.actions or (f"kms:{event['eventName']}".lower(),):
            if action.startswith("kms:"):
                yield key, action, call.principal, call.at


def keys_in(event: Mapping[str, Any]) -> list[str]:
    """The keys that an event names, by their ARNs."""
    listed = event.get("resources")
    arns = [item.get("ARN") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [arn for arn in dict.fromkeys(arns) if isinstance(arn, str) and ":key/" in arn]


def seen(events: Iterable[Mapping[str, Any]]) -> list[Seen]:
    """The libraries that events show to encrypt in the client."""
    told: dict[tuple[str, str, str, str], str] = {}
    for event in events:
        if event.get("eventSource") != SOURCE or not is_call(event):
            continue
        parameters = event.get("requestParameters")
        context = parameters.get("encryptionContext") if isinstance(parameters, dict) else None
        reserved = next((name for name in CONTEXTS if isinstance(context, dict) and name in context), None)
        if reserved is None:
            continue
        call = call_of(event)
        for key in keys_in(event) or [""]:
            place = (CONTEXTS[reserved], call.principal, key, reserved)
            told[place] = max(told.get(place, ""), call.at)
    return [
        Seen(library, principal, key, last, f"encryption context {reserved}")
        for (library, principal, key, reserved), last in sorted(told.items())
    ]


def of_metadata(metadata: Mapping[str, str]) -> str:
    """By which library an object was encrypted in the client, by its own metadata; empty where that shows none.

    >>> of_metadata({"x-amz-key-v2": "AQEDA"})
    'the S3 Encryption Client'
    """
    names = {name.lower().removeprefix("x-amz-meta-") for name in metadata}
    return next((library for name, library in METADATA.items() if name in names), "")
