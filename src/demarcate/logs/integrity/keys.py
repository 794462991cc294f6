"""The public keys with which CloudTrail signs, by their fingerprints: pinned in a file, or asked of AWS.

A file is what `aws cloudtrail list-public-keys` prints. Its form, and that a key is a PKCS#1 RSAPublicKey in DER, are
those of botocore's model of cloudtrail:ListPublicKeys and of the AWS CloudTrail User Guide, "Custom implementations
of CloudTrail log file integrity validation".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import read_bytes

LARGEST: Final = 10_000_000
"""Bytes that a file of keys may have: those of some ten thousand keys."""

SMALLEST: Final = 2048
"""Bits that a key has at least, as CloudTrail's have. A shorter one could be anybody's."""


class _Key(msgspec.Struct, rename="pascal"):
    value: str
    fingerprint: str


class _Answer(msgspec.Struct, rename="pascal"):
    public_key_list: list[_Key]


class Keys:
    """Keys by fingerprint."""

    def __init__(self) -> None:
        self._keys: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, fingerprint: str, der: bytes) -> None:
        """Add a key. Raises ValueError for what is none."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        try:
            key = load_der_public_key(der)
        except UnsupportedAlgorithm as error:
            raise ValueError("it is no RSA key") from error
        if not isinstance(key, RSAPublicKey):
            raise ValueError("it is no RSA key")
        if key.key_size < SMALLEST:
            raise ValueError(f"it has {key.key_size} bits; CloudTrail's have {SMALLEST} at least")
        self._keys[fingerprint] = key

    def knows(self, fingerprint: str) -> bool:
        """Whether there is a key of this fingerprint."""
        return fingerprint in self._keys

    def signed(self, fingerprint: str, signature: str, text: bytes) -> bool:
        """Whether a signature (hexadecimal) is that of a text: RSA PKCS#1 v1.5 with SHA-256."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self._keys[fingerprint].verify(binascii.unhexlify(signature), text, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):  # binascii's is one
            return False
        return True


def pinned(paths: Iterable[Path]) -> Keys:
    """The keys of some files. Raises DemarcateError for a file that is none, and for a key that is none."""
    keys = Keys()
    for path in paths:
        try:
            listed = from_json(read_bytes(path, LARGEST), _Answer).public_key_list
        except OSError as error:
            raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise DemarcateError(f"{path}: is not what aws cloudtrail list-public-keys prints: {error}") from error
        for key in listed:
            try:
                keys.add(key.fingerprint, base64.b64decode(key.value, validate=True))
            except ValueError as error:
                raise DemarcateError(f"{path}: the key {key.fingerprint[:64]!r}: {error}") from error
    if not len(keys):
        raise DemarcateError(
            "there is no key to verify with: keep what aws cloudtrail list-public-keys prints, and name it with --keys"
        )
    return keys
