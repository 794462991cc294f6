"""Whether there is a way back: proven for each resource before anything is done to it.

A proof is a pure function of what was read of one resource. It says that there is a way back and which, that there is
none, with why and with what to do instead, or that it could not be told. Only the first lets a plan through by itself.
"""

from __future__ import annotations

from typing import Literal

import msgspec

WayBack = Literal["possible", "irreversible", "unknown"]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the way back. `why` is the way, or why there is none; `instead` what could be done."""

    verdict: WayBack
    why: str
    instead: str = ""


def possible(why: str) -> Proof:
    """There is a way back."""
    return Proof(verdict="possible", why=why)


def irreversible(why: str, instead: str) -> Proof:
    """There is none."""
    return Proof(verdict="irreversible", why=why, instead=instead)


def unknown(why: str) -> Proof:
    """It could not be told."""
    return Proof(verdict="unknown", why=why)
