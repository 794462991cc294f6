"""Answers that a test gives as data, by operation as tables write it: the answer, or an `error` with its `message`.

Data that botocore's model of the operation does not have is refused, so that no test stands on an AWS of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.aws.answers.answering import Answer, answer, error
from tests.aws.answers.asking import Asked


def scenario_answer(answers: Mapping[str, Any], asked: Asked, truth: Callable[[], Answer]) -> Answer:
    """The answer that is given for an operation; the true one where none is.

    A list has several, each with what it is given `to`: the parameters that it is the answer to.
    """
    data: Any = answers.get(asked.operation)
    if isinstance(data, list):
        params = asked.params()
        data = next((each["answer"] for each in data if each["to"].items() <= params.items()), {})
    if data is None:
        return truth()
    if "error" in data:
        return error(asked, data.get("status", 400), data["error"], data["message"])
    return answer(asked, typed(data, asked.model.output_shape))


def typed(value: Any, shape: Any) -> Any:
    """Data of YAML as boto3 gives it: moments are what a text cannot be."""
    if shape.type_name == "structure":
        given = {**value.get("<<", {}), **value}  # YAML's key for what one thing has of another
        return {name: typed(item, shape.members[name]) for name, item in given.items() if name != "<<"}
    if shape.type_name == "list":
        return [typed(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: typed(item, shape.value) for key, item in value.items()}
    if shape.type_name != "timestamp":
        return value
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
