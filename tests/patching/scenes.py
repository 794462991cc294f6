"""Scenarios of patching, as data: what AWS answers, by operation, and how that changes with what it was told to do.

    - name: a node that never reboots
      is: all goes well             # it has that one's answers too, and its own come after them; so does `with`
      answers:
        ssm.list_command_invocations:
          - {answer: {CommandInvocations: []}}
          - since: ssm.send_command
            by: InstanceId
            looks: 2
            answer: {CommandInvocations: [{InstanceId: $by, Comment: "{Comment}", Status: Success}]}

Of the turns of an operation the last counts that holds: `of` are parameters that it is asked with; `since` is a call
that was made, of all those made with the value of `by` (a JMESPath into the parameters) the last; `looks` is how often
this was asked since. A text `$by` is that value, and one in braces a JMESPath into the call's parameters. `error` is
AWS's code.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
import yaml

from tests.aws.answers.answering import Answer, error
from tests.aws.answers.asking import Asked
from tests.aws.answers.server import Fault, of_data

FOLDER = Path(__file__).parent / "scenarios"


@cache
def scenes() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The turns of each scenario, by operation."""
    told: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for item in yaml.safe_load(path.read_text()):
            turns = {
                name: list(own)
                for other in (item.get("is", ""), item.get("with", ""))
                for name, own in told.get(other, {}).items()
            }
            for operation, own in item.get("answers", {}).items():
                turns[operation] = [*turns.get(operation, ()), *own]
            assert item["name"] not in told
            told[item["name"]] = turns
    return told


@dataclass
class Scene:
    """An AWS that goes by a scenario. `made` are all calls that it was asked to make, in order."""

    turns: dict[str, list[dict[str, Any]]]
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    answered: set[int] = field(default_factory=set)

    @property
    def faults(self) -> dict[str, Fault]:
        """What is answered in the place of moto."""
        return dict.fromkeys(self.turns, self._answer)

    def made(self, *operations: str) -> list[dict[str, Any]]:
        """The parameters of the calls of some operations, in order."""
        return [parameters for name, parameters in self.log if name in operations]

    def _answer(self, asked: Asked, _: Callable[[], Answer]) -> Answer:
        parameters = json.loads(json.dumps(asked.params(), default=str))
        with self.lock:
            self.log.append((asked.operation, parameters))
            for turn in reversed(self.turns[asked.operation]):
                call = self._since(turn, asked.operation, parameters)
                if call is not None and _within(turn.get("of", {}), parameters):
                    break
            else:
                return error(asked, 500, "NoTurn", f"{asked.operation} with {parameters}")
        if "error" in turn:
            return error(asked, 400, turn["error"], "as the scenario says")
        by = jmespath.search(turn.get("by", "@"), parameters)
        return of_data(asked, _filled(turn["answer"], by, call))

    def _since(self, turn: dict[str, Any], operation: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
        """The call that a turn is since; empty where it is since none, None where it was not made yet."""
        if "since" not in turn:
            return {}
        by = str(jmespath.search(turn.get("by", "''"), parameters) or "")
        looks, call = 0, None
        for name, told in self.log:
            if name == turn["since"] and by in json.dumps(told):
                looks, call = 0, told
            elif name == operation and by in json.dumps(told):
                looks += 1
        return call if call is not None and looks > turn.get("looks", 0) else None


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(_within(value, whole.get(key)) for key, value in part.items())
    return bool(part == whole)


def _filled(value: Any, by: Any, call: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, by, call) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, by, call) for inner in value]
    if not isinstance(value, str):
        return value
    if call and value.startswith("{") and value.endswith("}"):
        return jmespath.search(value[1:-1], call)
    return str(by) if value == "$by" else value
