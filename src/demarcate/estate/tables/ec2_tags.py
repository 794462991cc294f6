"""Amazon EC2: what the tags that services set tell of an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.standins import StandIn
from demarcate.estate.schema.unknown import first_unknown


def tag(name: str) -> Callable[[Any], Any]:
    """The value of one tag of a list of them."""
    return lambda tags: next((tag["Value"] for tag in tags if tag["Key"] == name), ABSENT)


_NODE_OF: Final = "kubernetes.io/cluster/"


def eks_cluster(tags: Any) -> Any:
    """The cluster that tags say a machine is a node of. Nodes that are not of a managed group have but the key."""
    keys = {tag["Key"]: tag["Value"] for tag in tags}
    if "eks:cluster-name" in keys:
        return keys["eks:cluster-name"]
    texts = [key for key in keys if isinstance(key, str)]
    named = next((key.removeprefix(_NODE_OF) for key in texts if key.startswith(_NODE_OF)), None)
    if named is not None:
        return named
    open_ = next((key for key in keys if not isinstance(key, str)), None)
    return open_.unknown if isinstance(open_, StandIn) else first_unknown(open_) or ABSENT
