"""Which types a region records: so that it has none of a type can be told from that it does not record it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_IAM = frozenset(f"AWS::IAM::{kind}" for kind in ("Group", "Policy", "Role", "User"))
_HOME = {"AWS::CloudFront::Distribution": "us-east-1"}
"""Types of global services that only one region records, whatever the recorders of others say."""

Recorder = Mapping[str, Any]
"""The configuration of a recorder, as Config records it."""


def records(recorders: Iterable[Recorder], type_: str, region: str) -> bool:
    """Whether one of a region's recorders surely records a type.

    Source: the API reference of RecordingGroup
    (https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html).
    """
    if _HOME.get(type_, region) != region:
        return False
    return any(_records(recorder, type_) for recorder in recorders)


def _records(recorder: Recorder, type_: str) -> bool:
    group = recorder.get("RecordingGroup")
    if recorder.get("Recording") is not True or not isinstance(group, dict):
        return False
    strategy = _member(group, "RecordingStrategy", "UseOnly")
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        excluded = _member(group, "ExclusionByResourceTypes", "ResourceTypes")
        return isinstance(excluded, list) and type_ not in excluded
    if group.get("AllSupported") is True:
        return type_ not in _IAM or group.get("IncludeGlobalResourceTypes") is True
    named = group.get("ResourceTypes")
    return isinstance(named, list) and type_ in named


def _member(group: Mapping[str, Any], name: str, inner: str) -> Any:
    member = group.get(name)
    return member.get(inner) if isinstance(member, dict) else None
