"""Which IAM actions a change needs: its calls, what undoes them, and what is read before and after.

Where AWS names an action otherwise than the operation, it stands in the data below, as AWS's Service Authorization
Reference has it (https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from demarcate.changes.structs import Change
from demarcate.estate.sources.aws.permissions import Grant, grants_for

INSTEAD: Final[Mapping[str, tuple[str, ...]]] = {
    # Beside its own action: what AWS does in the caller's name.
    "backup.create_backup_selection": ("backup:CreateBackupSelection", "iam:PassRole"),
    "secretsmanager.rotate_secret": ("secretsmanager:RotateSecret", "lambda:InvokeFunction"),
    "s3.delete_bucket_ownership_controls": ("s3:PutBucketOwnershipControls",),
    "s3.put_bucket_encryption": ("s3:PutEncryptionConfiguration",),
    "s3.delete_bucket_encryption": ("s3:PutEncryptionConfiguration",),
    "s3.put_bucket_lifecycle_configuration": ("s3:PutLifecycleConfiguration",),
    "s3.delete_bucket_lifecycle": ("s3:PutLifecycleConfiguration",),
    "s3.put_bucket_notification_configuration": ("s3:PutBucketNotification",),
    "s3.put_public_access_block": ("s3:PutBucketPublicAccessBlock",),
    "s3.delete_public_access_block": ("s3:PutBucketPublicAccessBlock",),
    "s3control.put_public_access_block": ("s3:PutAccountPublicAccessBlock",),
    "s3control.delete_public_access_block": ("s3:PutAccountPublicAccessBlock",),
}
"""Operations whose actions have other names."""


def grants_of_change(change: Change) -> tuple[Grant, ...]:
    """The grants that applying and undoing a change needs, sorted."""
    names = {name for step in change.steps for name in (step.do.name, step.reads.operation.name)}
    names |= {step.undo.operation.name for step in change.steps if step.undo.operation is not None}
    return tuple(sorted({grant for name in names for grant in _grants(name)}))


def _grants(operation: str) -> Iterable[Grant]:
    return tuple(map(Grant, INSTEAD[operation])) if operation in INSTEAD else grants_for(operation)
