"""Events of CloudTrail for measuring: sizes, members and nesting as AWS documents them, 1.26 kB on average."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ACCOUNT, REGION = "111122223333", "eu-west-1"
DAY = datetime(2026, 11, 1, tzinfo=UTC)
A_DAY = 86_400

_ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLEEXAMPLE123:i-0abcdef0123456789",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/application-role/i-0abcdef0123456789",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAEXAMPLEEXAMPLE123",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLEEXAMPLE123",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/application-role",
            "accountId": ACCOUNT,
        },
        "attributes": {"creationDate": "2026-11-01T06:12:44Z", "mfaAuthenticated": "false"},
    },
}
_USER = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLEEXAMPLE123",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAEXAMPLEEXAMPLE123",
    "userName": "alice",
}
_SERVICE = {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
_TLS = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"}
_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
    }
)

_KINDS: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        14,
        {
            "eventSource": "ec2.amazonaws.com",
            "eventName": "DescribeInstances",
            "readOnly": True,
            "userIdentity": _ROLE,
            "requestParameters": {
                "maxResults": 1000,
                "instancesSet": {},
                "filterSet": {
                    "items": [
                        {"name": "instance-state-name", "valueSet": {"items": [{"value": "running"}]}},
                        {"name": "tag:Name", "valueSet": {"items": [{"value": "web-*"}]}},
                    ]
                },
            },
            "responseElements": None,
        },
    ),
    (
        34,
        {
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole",
            "readOnly": True,
            "userIdentity": _SERVICE,
            "requestParameters": {
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/application-role",
                "roleSessionName": "i-0abcdef0123456789",
                "durationSeconds": 3600,
            },
            "responseElements": {
                "credentials": {
                    "accessKeyId": "ASIAEXAMPLEEXAMPLE123",
                    "sessionToken": "IQoJb3JpZ2luX2Vj" + "A" * 40,
                    "expiration": "Nov 1, 2026, 7:12:44 AM",
                },
                "assumedRoleUser": {
                    "assumedRoleId": "AROAEXAMPLEEXAMPLE123:i-0abcdef0123456789",
                    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/application-role/i-0abcdef0123456789",
                },
            },
            "resources": [
                {
                    "accountId": ACCOUNT,
                    "type": "AWS::IAM::Role",
                    "ARN": f"arn:aws:iam::{ACCOUNT}:role/application-role",
                }
            ],
            "sharedEventID": "ID",
        },
    ),
    (
        14,
        {
            "eventSource": "kms.amazonaws.com",
            "eventName": "Decrypt",
            "readOnly": True,
            "userIdentity": _ROLE,
            "requestParameters": {
                "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::example-data/2026/11/01/part-00017.parquet"},
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            },
            "responseElements": None,
            "resources": [
                {
                    "accountId": ACCOUNT,
                    "type": "AWS::KMS::Key",
                    "ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                }
            ],
        },
    ),
    (
        20,
        {
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetBucketAcl",
            "readOnly": True,
            "userIdentity": _USER,
            "requestParameters": {
                "bucketName": "example-logs",
                "Host": "example-logs.s3.eu-west-1.amazonaws.com",
                "acl": "",
            },
            "responseElements": None,
            "additionalEventData": {
                "SignatureVersion": "SigV4",
                "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
                "bytesTransferredIn": 0,
                "AuthenticationMethod": "AuthHeader",
                "x-amz-id-2": "EXAMPLEabcdefghijklmnopqrstuvwxyz0123456789=",
                "bytesTransferredOut": 550,
            },
        },
    ),
    (
        8,
        {
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "readOnly": False,
            "userIdentity": _ROLE,
            "requestParameters": {
                "instancesSet": {"items": [{"imageId": "ami-0123456789abcdef0", "minCount": 1, "maxCount": 1}]},
                "instanceType": "t3.micro",
                "blockDeviceMapping": {},
                "monitoring": {"enabled": False},
                "subnetId": "subnet-0123456789abcdef0",
                "disableApiTermination": False,
            },
            "errorCode": "Client.UnauthorizedOperation",
            "errorMessage": "You are not authorized to perform this operation. Encoded authorization failure "
            "message: " + "B" * 60,
            "responseElements": None,
        },
    ),
    (
        6,
        {
            "eventSource": "iam.amazonaws.com",
            "eventName": "PutRolePolicy",
            "readOnly": False,
            "userIdentity": _USER,
            "requestParameters": {"roleName": "app", "policyName": "inline", "policyDocument": _POLICY},
            "responseElements": None,
        },
    ),
    (
        4,
        {
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "eventType": "AwsConsoleSignIn",
            "readOnly": False,
            "userIdentity": _USER,
            "requestParameters": None,
            "responseElements": {"ConsoleLogin": "Success"},
            "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/", "MFAUsed": "No"},
        },
    ),
)
_AGENTS = (
    "aws-sdk-java/2.29.1 Linux/6.1.0 OpenJDK_64-Bit_Server_VM/21.0.4 Java/21.0.4 vendor/Amazon.com_Inc. io/sync "
    "http/Apache cfg/retry-mode/standard",
    "Boto3/1.43.0 md/Botocore#1.43.0 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.4 cfg/retry-mode#legacy",
    "ec2.amazonaws.com",
)


def _uuid(of: random.Random) -> str:
    text = f"{of.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _pieces() -> Iterator[list[str]]:
    """Each kind of event as text in pieces, between which stand the time, address, agent and three ids."""
    for _, kind in _KINDS:
        event = {
            "eventVersion": "1.11",
            "userIdentity": kind["userIdentity"],
            "eventTime": "\0",
            **{name: value for name, value in kind.items() if name in ("eventSource", "eventName")},
            "awsRegion": REGION,
            "sourceIPAddress": "\0",
            "userAgent": "\0",
            **{name: value for name, value in kind.items() if name not in ("userIdentity", "sharedEventID")},
            "requestID": "\0",
            "eventID": "\0",
            "eventType": kind.get("eventType", "AwsApiCall"),
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            **({"sharedEventID": "\0"} if "sharedEventID" in kind else {}),
            "eventCategory": "Management",
            "tlsDetails": _TLS,
        }
        yield json.dumps(event, separators=(",", ":")).split("\\u0000")


def events(count: int, seed: int = 1) -> Iterator[str]:
    """So many events in the order of time, spread over a day, as JSON texts. The same seed gives the same ones."""
    of = random.Random(seed)  # noqa: S311
    pieces, weights = list(_pieces()), [weight for weight, _ in _KINDS]
    for number, parts in enumerate(of.choices(pieces, weights, k=count)):
        moment = DAY + timedelta(seconds=number * A_DAY // count)
        values = [
            f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            f"10.{of.randrange(256)}.{of.randrange(256)}.{of.randrange(256)}",
            of.choice(_AGENTS),
            *(_uuid(of) for _ in range(3)),
        ]
        text = [parts[0]]
        for value, part in zip(values, parts[1:], strict=False):
            text += (value, part)
        yield "".join(text)


def write_events(folder: Path, count: int, per_file: int, seed: int = 1) -> int:
    """Files of so many events each, where a trail would put them. Returns the bytes of all events together."""
    place = folder / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / f"{DAY:%Y/%m/%d}"
    place.mkdir(parents=True)
    size, held = 0, list[str]()
    number = 0

    def write() -> None:
        moment = DAY + timedelta(seconds=number * per_file * A_DAY // count)
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{moment:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
        data = ('{"Records":[' + ",".join(held) + "]}").encode()
        (place / name).write_bytes(gzip.compress(data, 6, mtime=0))

    for text in events(count, seed):
        held.append(text)
        size += len(text)
        if len(held) == per_file:
            write()
            held, number = [], number + 1
    if held:
        write()
    return size
