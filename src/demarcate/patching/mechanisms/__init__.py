"""Mechanisms: what installs an artefact, one file a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from demarcate.patching.mechanisms import (
    blue_green,
    database_engine,
    ecs_deployment,
    instance_refresh,
    lambda_alias,
    node_group,
    node_image,
    platform,
    run_command,
)
from demarcate.patching.mechanisms.mechanism import Mechanism

MECHANISMS: Final[Mapping[str, Mechanism]] = {
    module.MECHANISM.kind: module.MECHANISM
    for module in (
        run_command,
        instance_refresh,
        ecs_deployment,
        node_group,
        node_image,
        database_engine,
        blue_green,
        platform,
        lambda_alias,
    )
}
"""The mechanisms, by the kind of artefact that they install."""
