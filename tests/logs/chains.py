"""Trails with chains of digests, signed with a key of our own as CloudTrail signs with AWS's."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

ACCOUNT, REGION, TRAIL, BUCKET = "111122223333", "eu-west-1", "main", "example-trail"
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@cache
def key() -> Any:
    """The private key. It is made once: that takes long."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def public() -> bytes:
    """The public key, as ListPublicKeys gives it: PKCS#1 in DER."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der: bytes = key().public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return der


def fingerprint() -> str:
    return hashlib.md5(public(), usedforsecurity=False).hexdigest()


def write_keys(path: Path) -> Path:
    """A file as `aws cloudtrail list-public-keys` prints it."""
    listed = {"Value": base64.b64encode(public()).decode(), "Fingerprint": fingerprint()}
    path.write_text(json.dumps({"PublicKeyList": [listed]}))
    return path


def sign(text: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signature: bytes = key().sign(text, PKCS1v15(), SHA256())
    return signature.hex()


@dataclass
class Trail:
    """Objects of a bucket, by their keys, and the signatures in their metadata."""

    objects: dict[str, bytes] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """A copy of it."""
        for name, data in self.objects.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


def trail(
    hours: int,
    per_hour: int = 2,
    *,
    above: str = "",
    begin: datetime = BEGIN,
    backfill: bool = False,
    events: int = 1,
) -> Trail:
    """A trail with a digest an hour, each of which covers some files of events."""
    made = Trail()
    for _ in grow(made, hours, per_hour, above=above, begin=begin, backfill=backfill, events=events):
        pass
    return made


def grow(
    made: Trail,
    hours: int,
    per_hour: int,
    *,
    above: str = "",
    begin: datetime = BEGIN,
    backfill: bool = False,
    events: int = 1,
    account: str = ACCOUNT,
) -> Iterator[str]:
    """Add hours to a trail, each with the key of its digest. The chain begins anew."""
    before: tuple[str, str, str] | None = None
    root = f"{above}AWSLogs/{account}"
    for hour in range(hours):
        start, end = begin + timedelta(hours=hour), begin + timedelta(hours=hour + 1)
        files = []
        for number in range(per_hour):
            records = [
                {
                    "eventVersion": "1.11",
                    "eventTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                    "eventSource": "sts.amazonaws.com",
                    "eventName": "GetCallerIdentity",
                    "eventID": f"{hour:08d}-{number:04d}-{nth:04d}",
                    "recipientAccountId": account,
                }
                for nth in range(events)
            ]
            text = json.dumps({"Records": records}).encode()
            name = (
                f"{root}/CloudTrail/{REGION}/{start:%Y/%m/%d}/"
                f"{account}_CloudTrail_{REGION}_{start:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
            )
            made.objects[name] = gzip.compress(text, 1, mtime=0)
            made.logs.append(name)
            files.append(
                {
                    "s3Bucket": BUCKET,
                    "s3Object": name,
                    "hashValue": hashlib.sha256(text).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                    "oldestEventTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                }
            )
        ending = "_backfill" if backfill else ""
        name = (
            f"{root}/CloudTrail-Digest/{REGION}/{end:%Y/%m/%d}/"
            f"{account}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{end:%Y%m%dT%H%M%SZ}{ending}.json.gz"
        )
        digest = {
            "awsAccountId": account,
            "digestStartTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": BUCKET,
            "digestS3Object": name,
            "digestPublicKeyFingerprint": fingerprint(),
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": None,
            "oldestEventTime": None,
            "previousDigestS3Bucket": BUCKET if before else None,
            "previousDigestS3Object": before[0] if before else None,
            "previousDigestHashValue": before[1] if before else None,
            "previousDigestHashAlgorithm": "SHA-256" if before else None,
            "previousDigestSignature": before[2] if before else None,
            "logFiles": files,
        }
        text = json.dumps(digest).encode()
        hashed = hashlib.sha256(text).hexdigest()
        signature = sign(
            f"{digest['digestEndTime']}\n{BUCKET}/{name}\n{hashed}\n{before[2] if before else 'null'}".encode()
        )
        made.objects[name] = gzip.compress(text, 6, mtime=0)
        made.signatures[name] = signature
        made.digests.append(name)
        before = (name, hashed, signature)
        yield name
