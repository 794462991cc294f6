"""Re-encrypt a resource with a chosen key: what AWS is asked for, what a person does then, the cost, and the outage.

Of a bucket and a log group a setting is changed, which undoing sets back. Of snapshots and volumes of EBS
(`copying.py`) and of databases and clusters of RDS (`restoring.py`) a copy under the new key is made, and takes the
place of the old one, which stays until a person deletes it. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/update-sse-encryption.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.changes.making import Making
from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation
from demarcate.changes.values import literal
from demarcate.keys import copying, restoring
from demarcate.keys.changing import described
from demarcate.keys.reencryption import Reencryption, title

_BUCKET: Final = "s3.get_bucket_encryption"
_LOG_GROUPS: Final = "logs.describe_log_groups"

READS: Final = frozenset({_BUCKET, _LOG_GROUPS, *copying.READS, *restoring.READS})
"""What is asked of AWS beside what says which key it is."""

OWED: Final = "encryption.enable-at-rest"


def reencrypt(resource: str, key: str, account: str, region: str, reader: Reader) -> Reencryption:
    """What re-encrypting a resource, by its ARN, with a key takes.

    Raises DemarcateError for a resource that it is not known of, a key that cannot encrypt it, and what cannot be read.
    """
    parts = resource.split(":", 5)
    service, rest = (parts[2], parts[5]) if len(parts) == 6 else ("", "")
    kind = "" if service == "s3" else re.split("[/:]", rest, maxsplit=1)[0]
    name = rest.removeprefix(kind).lstrip("/:") if kind != "log-group" else rest.removeprefix("log-group:")
    way = _WAYS.get((service, kind))
    if way is None or not name or (service == "s3" and "/" in name):
        kinds = ", ".join(f"{service} {kind or 'bucket'}" for service, kind in _WAYS)
        raise DemarcateError(f"{resource}: what is re-encrypted is given by its ARN: {kinds}")
    plan = Making(reader, parts[4] or account, parts[3] or region, resource, OWED)
    chosen, told = described(key, plan.account, plan.region, reader, OWED)
    if told.get("KeySpec") != "SYMMETRIC_DEFAULT" or told.get("KeyState") != "Enabled":
        raise DemarcateError(f"{chosen.resource}: what encrypts data is a symmetric key that is enabled")
    if chosen.region != plan.region:
        raise DemarcateError(f"{chosen.resource} is of {chosen.region}, and {resource} of {plan.region}")
    return way(plan, name.removesuffix(":*"), chosen.resource)


# --- a setting --------------------------------------------------------------------------------------------


def _bucket(plan: Making, name: str, key: str) -> Reencryption:
    """The key for what is put into a bucket from now on. What is in it stays under its own."""
    state = "ServerSideEncryptionConfiguration"
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)
    reads, before = plan.read(_BUCKET, state, pages=False, absent=absent, Bucket=name)
    then = (
        f"aws s3control create-job, with an operation of the kind S3UpdateObjectEncryption and KMSKeyArn {key}, over "
        f"an inventory of {name}: it changes the key of what is there, and copies nothing",
        "copy in place what that cannot change: objects under SSE-C or DSSE-KMS, and all versions that are kept",
    )
    cost = "a request of S3 and of KMS for each object that is there; new ones share requests by the bucket's key"
    rules = (before or {}).get("Rules") or [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    if default.get("KMSMasterKeyID") == key:
        return Reencryption(None, then=then, cost=cost, outage="none")
    algorithm = default.get("SSEAlgorithm", "")
    wanted = {"SSEAlgorithm": algorithm if algorithm.startswith("aws:kms") else "aws:kms", "KMSMasterKeyID": key}
    rule = {**rules[0], "ApplyServerSideEncryptionByDefault": wanted, "BucketKeyEnabled": True}
    put = {"Bucket": name, "ServerSideEncryptionConfiguration": {"Rules": [rule, *rules[1:]]}}
    back = Operation(name="s3.delete_bucket_encryption", parameters={"Bucket": name})
    if before is not None:
        parameters = {"Bucket": name, "ServerSideEncryptionConfiguration": before}
        back = Operation(name="s3.put_bucket_encryption", parameters=parameters)
    plan.step(
        Operation(name="s3.put_bucket_encryption", parameters=put),
        reads,
        before,
        f"Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID == {literal(key)}",
        back,
        risk=("interrupts", "costs"),
    )
    outage = "none for whoever may use the new key; others can no longer write to it, or read what is written then"
    return Reencryption(plan.change(title(plan, key)), then=then, cost=cost, outage=outage)


def _log_group(plan: Making, name: str, key: str) -> Reencryption:
    """The key for what is logged from now on. What was logged stays under its own until it expires."""
    state = f"logGroups[?logGroupName == {literal(name)}] | [0].{{Name: logGroupName, Key: kmsKeyId}}"
    reads, before = plan.read(_LOG_GROUPS, state, logGroupNamePrefix=name)
    if before is None or before["Name"] is None:
        raise DemarcateError(f"{plan.resource}: there is no such log group")
    if before["Key"] == key:
        return Reencryption(None)
    of_group = {"logGroupName": name}
    back = Operation(name="logs.disassociate_kms_key", parameters=of_group)
    if before["Key"]:
        back = Operation(name="logs.associate_kms_key", parameters={**of_group, "kmsKeyId": before["Key"]})
    plan.step(
        Operation(name="logs.associate_kms_key", parameters={**of_group, "kmsKeyId": key}),
        reads,
        before,
        f"Key == {literal(key)}",
        back,
        risk=("interrupts", "costs"),
    )
    host = f"logs.{plan.region}.amazonaws.com"
    return Reencryption(
        plan.change(title(plan, key)),
        before=(f"the policy of {key} lets {host} use it: otherwise CloudWatch Logs refuses it",),
        then=("keep the old key, if there is one, until all that was logged under it has expired",),
        cost="requests of KMS; nothing is copied",
        outage="none",
    )


_WAYS: Final[Mapping[tuple[str, str], Callable[[Making, str, str], Reencryption]]] = {
    ("ec2", "volume"): copying.copy_volume,
    ("ec2", "snapshot"): copying.copy_snapshot,
    ("rds", "db"): restoring.restore_database,
    ("rds", "cluster"): restoring.restore_cluster,
    ("logs", "log-group"): _log_group,
    ("s3", ""): _bucket,
}
"""By the service and the kind of resource that an ARN names."""
