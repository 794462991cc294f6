"""Checks as bytes, for a process elsewhere that judges by them: compiled once, with their version and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.checks.catalog import compiler
from demarcate.checks.structs import Check
from demarcate.version import __version__

_DIGEST = hashlib.sha256().digest_size


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    demarcate: str
    compiler: bytes
    checks: tuple[Check, ...]


class _Sender(msgspec.Struct, frozen=True, kw_only=True):
    demarcate: str
    compiler: bytes


def encode_checks(checks: Iterable[Check]) -> bytes:
    """Checks to be decoded elsewhere, by the same version of Demarcate and of the libraries that it stands on."""
    sent = _Sent(demarcate=__version__, compiler=compiler(), checks=tuple(checks))
    content = msgspec.msgpack.encode(sent)
    return hashlib.sha256(content).digest() + content


def decode_checks(data: bytes) -> tuple[Check, ...]:
    """The checks that were encoded. Their SQL is believed: take them from nobody but who started this process.

    Raises DemarcateError where they are not as they were encoded, or were encoded by another version.
    """
    content = data[_DIGEST:]
    if hashlib.sha256(content).digest() != data[:_DIGEST]:
        raise DemarcateError("the checks are not as they were encoded: send them again")
    try:
        sender = msgspec.msgpack.decode(content, type=_Sender)
        if (sender.demarcate, sender.compiler) != (__version__, compiler()):
            raise DemarcateError(
                f"the checks were encoded by demarcate {sender.demarcate}, or with other versions of its libraries; "
                f"this is {__version__}: install the same here and there"
            )
        return msgspec.msgpack.decode(content, type=_Sent).checks
    except msgspec.MsgspecError as error:
        raise DemarcateError(f"these are no checks: {error}") from error
