"""Events as CloudTrail records them, from what matters of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Deploy"

IDENTITIES: dict[str, dict[str, Any]] = {
    "role": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:session",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/session",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": ROLE, "accountId": ACCOUNT, "userName": "Deploy"},
            "attributes": {"creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "false"},
        },
    },
    "user": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/ada",
        "accountId": ACCOUNT,
        "userName": "ada",
        "accessKeyId": "AKIAEXAMPLE",
    },
    "root": {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
    },
    "linked": {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForBackup/x",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {
                "arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
            }
        },
        "invokedBy": "backup.amazonaws.com",
    },
    "service": {"type": "AWSService", "invokedBy": "config.amazonaws.com"},
    "stranger": {"type": "AWSAccount", "principalId": "AIDAOTHER", "accountId": "444455556666"},
    "nobody": {"type": "WebIdentityUser", "userName": "x", "identityProvider": "accounts.google.com"},
}


def event(name: str, by: str = "role", **changed: Any) -> dict[str, Any]:
    """An event: `name` is its source and name, such as `ec2:RunInstances`."""
    source, _, called = name.partition(":")
    who = IDENTITIES[by] | changed.pop("who", {})
    return {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": "2026-11-20T10:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": called,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31",
        "requestParameters": None,
        "eventID": "",
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        **changed,
    }


def deliver(path: Path, events: list[Any]) -> Path:
    """A file as CloudTrail delivers it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"Records": events}).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
