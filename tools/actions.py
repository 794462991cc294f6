"""Writes `actions.json`, what CloudTrail's names of calls are to IAM: `python -m tools.actions FILE`.

The rule is `prefix:eventName`. For each operation that botocore has it is held to AWS's list of all actions, as
cfn-lint carries it. `sources` are the prefixes of all that may be an event's source, `methods` the actions of API
Gateway, which are HTTP's methods, and `unknown` the operations that no action is called after.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from botocore.loaders import create_loader

from demarcate.base.files import write_whole
from demarcate.guardrails.actions import written
from demarcate.report.safe import json_text

GATEWAY = "apigateway"


@cache
def published() -> dict[str, frozenset[str]]:
    """Every action of IAM in lower case, by prefix."""
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return {prefix: frozenset(told["Actions"]) for prefix, told in json.loads(text).items()}


def actions(services: Iterable[str]) -> dict[str, Any]:
    """What the file has of some of botocore's services."""
    sources: dict[str, set[str]] = {}
    methods: dict[str, set[str]] = {}
    unknown: dict[str, set[str]] = {}
    for service in services:
        model = create_loader().load_service_model(service, "service-2")
        meta = model["metadata"]
        signing = meta.get("signingName") or meta["endpointPrefix"]
        prefix = written().prefixes.get(signing, signing)
        names = {meta["endpointPrefix"], meta["endpointPrefix"].removeprefix("api."), signing}
        for name in names:
            sources.setdefault(name, set()).add(prefix)
        for operation, told in model["operations"].items():
            if prefix == GATEWAY:
                methods.setdefault(operation, set()).add(told["http"]["method"])
            elif operation.lower() not in published().get(prefix, ()):
                for name in names:
                    if operation not in written().actions.get(name, {}):
                        unknown.setdefault(name, set()).add(operation)
    return {
        "sources": {name: prefixes.pop() for name, prefixes in sorted(sources.items()) if len(prefixes) == 1},
        "methods": {name: said.pop() for name, said in sorted(methods.items()) if len(said) == 1},
        "unknown": {name: sorted(said) for name, said in sorted(unknown.items())},
    }


def text() -> str:
    """What the file holds."""
    told = actions(create_loader().list_available_services("service-2"))
    parts = [
        f'"{key}": {{\n' + ",\n".join(f"{json_text(name)}: {json_text(of)}" for name, of in part.items()) + "\n}"
        for key, part in told.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    write_whole(Path(sys.argv[1]), text().encode())
