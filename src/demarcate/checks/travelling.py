"""Checks as bytes, for a process elsewhere that judges by them: compiled once, with their version and digest.

With them goes what all accounts share and that process may not have: the facts of the user's own file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.checks import facts
from demarcate.checks.catalog import compiler
from demarcate.checks.structs import Check
from demarcate.version import __version__

_DIGEST = hashlib.sha256().digest_size


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: checks to judge by, those that are only counted, and the user's own facts as they were written."""

    demarcate: str
    compiler: bytes
    checks: tuple[Check, ...]
    counted: tuple[Check, ...] = ()
    facts: str = ""


class _Sender(msgspec.Struct, frozen=True, kw_only=True):
    demarcate: str
    compiler: bytes


def encode_checks(checks: Iterable[Check], counted: Iterable[Check] = ()) -> bytes:
    """Checks to be decoded elsewhere, by the same version of Demarcate and of the libraries that it stands on.

    Raises DemarcateError where the user's own facts cannot be read.
    """
    sent = Sent(
        demarcate=__version__,
        compiler=compiler(),
        checks=tuple(checks),
        counted=tuple(counted),
        facts=facts.own_text(),
    )
    content = msgspec.msgpack.encode(sent)
    return hashlib.sha256(content).digest() + content


def decode_checks(data: bytes) -> tuple[Check, ...]:
    """The checks that were encoded. Raises DemarcateError as `decode_sent` does."""
    return decode_sent(data).checks


def decode_sent(data: bytes) -> Sent:
    """What was encoded. Its SQL is believed: take it from nobody but who started this process.

    Raises DemarcateError where it is not as it was encoded, or was encoded by another version.
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
        return msgspec.msgpack.decode(content, type=Sent)
    except msgspec.MsgspecError as error:
        raise DemarcateError(f"these are no checks: {error}") from error
