"""A published version of a Lambda function: an alias is moved to it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.mechanism import Mechanism, NotFor, Rows, Target, Wish, step_of, target_of
from demarcate.patching.rollback import Proof, irreversible, possible, unknown

_FUNCTIONS: Final = "aws_lambda_function"

_VERSION: Final = re.compile(
    r"(?P<name>[A-Za-z0-9-_]{1,64}):(?P<version>[1-9][0-9]*)@(?P<alias>[A-Za-z0-9-_]{1,128})"
)


def _parts(value: str) -> re.Match[str]:
    told = _VERSION.fullmatch(value)
    if told is None:
        raise ValueError(
            f"{value!r} is no version for an alias; expected NAME:VERSION@ALIAS, such as orders:12@live"
        )
    return told


def _published(name: str, version: str) -> Read:
    return Read(
        operation=Operation(
            name="lambda.get_function_configuration", parameters={"FunctionName": name, "Qualifier": version}
        ),
        state="{Version: Version, Code: CodeSha256, Runtime: Runtime}",
        absent=("ResourceNotFoundException",),
    )


def _artefact(value: str) -> Read:
    told = _parts(value)
    return _published(told["name"], told["version"])


def _targets(rows: Rows, value: str) -> Iterator[Target]:
    name = _parts(value)["name"]
    for row in rows[_FUNCTIONS]:
        if row["name"] == name:
            yield target_of(row, name)


def _alias(value: str) -> Read:
    told = _parts(value)
    return Read(
        operation=Operation(
            name="lambda.get_alias", parameters={"FunctionName": told["name"], "Name": told["alias"]}
        ),
        state="{Version: FunctionVersion, Shared: RoutingConfig.AdditionalVersionWeights}",
        absent=("ResourceNotFoundException",),
    )


def _looks(target: Target, artefact: Artefact, reader: Reader) -> Mapping[str, Any]:
    told = _parts(artefact.value)
    now = reader.read(target.account, target.region, _alias(artefact.value))
    if now is None:
        raise NotFor(f"it has no alias {told['alias']}")
    if now["Version"] == told["version"]:
        raise NotFor("it has it already")
    earlier = None
    if now["Version"] != "$LATEST":
        earlier = reader.read(target.account, target.region, _published(told["name"], now["Version"]))
    return {**target.row, "alias_version": now["Version"], "shared": now["Shared"], "earlier": earlier}


def proof(row: Mapping[str, Any], _wish: Wish) -> Proof:
    """Whether an alias can be brought back to the version that it names now."""
    version = row["alias_version"]
    if version is None:
        return unknown("which version its alias names could not be read")
    if version == "$LATEST":
        return irreversible(
            "its alias names $LATEST, which is whatever was uploaded last", "publish a version first"
        )
    if row["shared"]:
        return irreversible("its alias is shared by two versions, which a move ends", "let that end first")
    if row["earlier"] is None:
        return irreversible(f"version {version}, which its alias names, is not there any more", "publish it again")
    return possible(f"its alias is moved back to version {version}")


def _steps(target: Target, row: Mapping[str, Any], artefact: Artefact, _wish: Wish, reader: Reader) -> list[Step]:
    told = _parts(artefact.value)

    def move(version: str) -> Operation:
        parameters = {"FunctionName": told["name"], "Name": told["alias"], "FunctionVersion": version}
        return Operation(name="lambda.update_alias", parameters=parameters)

    return [
        step_of(
            target,
            reader,
            do=move(told["version"]),
            reads=_alias(artefact.value),
            done=f"Version == {literal(told['version'])}",
            undo=Undo(operation=move(str(row["alias_version"]))),
            risk=("interrupts",),
        )
    ]


MECHANISM = Mechanism(
    kind="function",
    takes="NAME:VERSION@ALIAS",
    about="a published version of a Lambda function, to which an alias is moved",
    tables={_FUNCTIONS: ("name", "tags")},
    reads=frozenset(("lambda.get_function_configuration", "lambda.get_alias")),
    artefact=_artefact,
    targets=_targets,
    looks=_looks,
    proof=proof,
    steps=_steps,
)
