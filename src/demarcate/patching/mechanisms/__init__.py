"""Mechanisms: what installs an artefact, one file a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from demarcate.patching.mechanisms import run_command
from demarcate.patching.mechanisms.mechanism import Mechanism

MECHANISMS: Final[Mapping[str, Mechanism]] = {mechanism.kind: mechanism for mechanism in (run_command.MECHANISM,)}
"""The mechanisms, by the kind of artefact that they install."""
